//! A language model as the writer of scripts.
//!
//! The draft has its persona from the seed and its script from templates; the model adds how such a
//! person speaks and says the same in its own words, all texts in one structured reply. What it wrote is
//! held to the intent as the proof holds it (P9), for the twin as well, and a complaint goes back to it.
//! When its tries are used up the words of the templates stand, or the candidate is rejected, as the
//! plan says.

use proto::job::Stage;
use proto::outcome::{Reason, Rejection, StageResult};
use proto::record::{
    ChangeScript, Check, Endpoint, Exploration, GoalScript, Message, Part, Persona, Reveal, Role,
    Task, UserScript,
};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::prompts::{Prompt, Prompts, WRITER};
use super::structured;
use super::work::Work;
use crate::chat::session::{Session, Stop, Subject};
use crate::chat::{Request, Schema, ToolChoice};
use crate::domains::Domain;
use crate::executor::Done;
use crate::language::fidelity::{Demand, MANNER_LIMIT, check_texts, demands};
use crate::synthesize::{Draft, synthesize};

/// Makes a draft and has its script worded by the model.
pub async fn perform(work: &Work<'_>, walk: &Exploration, endpoint: &Endpoint) -> Done {
    let job = work.job;
    let seed = job.seed.child(Stage::Synthesize.label(), 0);
    let drafted = work.computing(|| {
        let draft = synthesize(work.domain, job.run, &job.cell, job.candidate, walk, seed)?;
        Ok(Sheet::new(work.domain, &draft.task, &job.cast.prompts).map(|sheet| (draft, sheet)))
    });
    let (draft, sheet) = match drafted.await {
        Ok(Ok(drafted)) => drafted,
        Ok(Err(error)) => return work.failed(error),
        Err(rejection) => return work.came_to(StageResult::Rejected(rejection)),
    };
    let subject = Subject {
        slot: job.cell.slot,
        candidate: job.candidate,
        agent: String::new(),
        trial: 0,
        twin: false,
    };
    let (models, place) = (work.models, work.place);
    let session = Session::new(
        models,
        place,
        &subject,
        Role::Writer,
        endpoint,
        sheet.prompt.digest,
    );
    let mut writer = Writer {
        work,
        session,
        sheet,
    };
    match writer.reword(&draft).await {
        Ok(worded) => work.came_to(settled(work, draft, worded, writer.session.into_part())),
        Err(stop) => work.stopped(stop).await,
    }
}

/// The draft with the words that it is left with.
fn settled(
    work: &Work<'_>,
    mut draft: Draft,
    worded: Result<UserScript, String>,
    part: Part,
) -> StageResult {
    let name = format!("model:{}", part.name);
    match worded {
        Ok(script) => {
            for task in tasks_mut(&mut draft) {
                task.script.clone_from(&script);
                task.writer.clone_from(&name);
            }
        }
        Err(complaint) if !work.job.cast.writing.fallback => {
            let detail = format!("{name}: {complaint}");
            let rejection = Rejection::new(Reason::Unproven(Check::Text), detail);
            return StageResult::Rejected(rejection.after(vec![part]));
        }
        Err(complaint) => tracing::debug!(%complaint, "a script is left in the words of templates"),
    }
    if let Some(twin) = &mut draft.twin {
        // It was asked once for both: the replies are counted where the task is.
        twin.parts.push(part.counted_elsewhere());
    }
    draft.task.parts.push(part);
    StageResult::Drafted {
        task: Box::new(draft.task),
        twin: draft.twin.map(Box::new),
    }
}

fn tasks_mut(draft: &mut Draft) -> impl Iterator<Item = &mut Task> {
    std::iter::once(&mut draft.task).chain(&mut draft.twin)
}

/// A model at a script.
struct Writer<'a> {
    work: &'a Work<'a>,
    session: Session<'a>,
    sheet: Sheet,
}

impl Writer<'_> {
    /// The script in the model's words, or what was wrong with its last try.
    async fn reword(&mut self, draft: &Draft) -> Result<Result<UserScript, String>, Stop> {
        let mut messages = vec![self.sheet.prompt.begin()];
        let mut complaint = String::new();
        for attempt in 0..self.work.job.cast.writing.attempts.max(1) {
            let request = Request {
                system: &self.sheet.prompt.system,
                messages: &messages,
                tools: &[],
                choice: ToolChoice::None,
                schema: Some(&self.sheet.schema),
                seed: None,
            };
            let reply = match self.session.ask_within(&request, attempt).await? {
                Ok(reply) => reply,
                Err(why) => return Ok(Err(why)),
            };
            let domain = self.work.domain;
            let fit = self.work.computing(|| fit(domain, draft, &reply.text));
            match fit.await {
                Ok(script) => {
                    self.session.next_turn();
                    return Ok(Ok(script));
                }
                Err(why) => complaint = why,
            }
            // Of an empty reply there is nothing to show.
            if !reply.text.trim().is_empty() {
                messages.push(Message::Assistant {
                    reasoning: String::new(),
                    signed: None,
                    text: reply.text,
                    calls: Vec::new(),
                });
                messages.push(self.sheet.prompt.again(&complaint));
            }
        }
        Ok(Err(complaint))
    }
}

/// The script that a reply stands for, or what is wrong with it.
fn fit(domain: &dyn Domain, draft: &Draft, text: &str) -> Result<UserScript, String> {
    let wording: Wording = structured::object(text)?;
    let script = wording.script(&draft.task.script)?;
    for task in std::iter::once(&draft.task).chain(&draft.twin) {
        let task = Task {
            script: script.clone(),
            ..task.clone()
        };
        let world = domain.restore(&task.golden.start.delta);
        let world = world.map_err(|error| error.to_string())?;
        check_texts(domain, &*world, &task)?;
    }
    Ok(script)
}

/// What the model is given.
struct Sheet {
    prompt: Prompt,
    schema: Schema,
}

impl Sheet {
    fn new(domain: &dyn Domain, task: &Task, own: &[(String, String)]) -> Result<Self, String> {
        let told = |error: &dyn std::fmt::Display| error.to_string();
        let prompts = Prompts::new(own).map_err(|error| told(&error))?;
        let world = domain.restore(&task.golden.start.delta);
        let world = world.map_err(|error| told(&error))?;
        let mut texts = Texts(demands(domain, &*world, task)?.into_iter());
        let script = &task.script;
        let (identity, opening) = (texts.text(&script.identity), texts.text(&script.opening));
        let goals = texts.goals(&script.goals);
        let change = script.change.as_ref().map(|change| {
            json!({"change": texts.text(&change.text), "goals": texts.goals(&change.goals)})
        });
        let context = json!({
            "style": script.persona.style,
            "introduces": script.persona.introduces,
            "one_at_a_time": script.persona.one_at_a_time,
            "insistent": script.persona.insistent,
            "longest": MANNER_LIMIT,
            "identity": identity,
            "opening": opening,
            "goals": goals,
            "change": change,
        });
        let prompt = prompts.prompt(WRITER, &context);
        Ok(Self {
            prompt: prompt.map_err(|error| told(&error))?,
            schema: Schema {
                name: "texts",
                schema: form(script.change.is_some()),
            },
        })
    }
}

/// What texts are held to, as far as they are not yet written down.
struct Texts(std::vec::IntoIter<Demand>);

impl Texts {
    /// The next text, with what it is held to.
    fn text(&mut self, text: &str) -> Json {
        let Demand { must, never } = self.0.next().unwrap_or_default();
        json!({"text": text, "must": must, "never": never})
    }

    fn goals(&mut self, scripts: &[GoalScript]) -> Vec<Json> {
        let goal = |script: &GoalScript| {
            let say = self.text(&script.say);
            let reveals = script.reveals.iter();
            let reveals =
                reveals.map(|reveal| json!({"slot": reveal.slot, "text": self.text(&reveal.text)}));
            let reveals: Vec<Json> = reveals.collect();
            json!({"say": say, "reveals": reveals})
        };
        scripts.iter().map(goal).collect()
    }
}

/// The form of a reply, as JSON Schema.
fn form(changing: bool) -> Json {
    let object = |fields: &[(&str, Json)]| {
        let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
        let fields = fields.iter();
        let fields: serde_json::Map<String, Json> = fields
            .map(|(name, form)| ((*name).to_owned(), form.clone()))
            .collect();
        json!({
            "type": "object",
            "properties": fields,
            "required": names,
            "additionalProperties": false,
        })
    };
    let text = || json!({"type": "string"});
    let list = |of: Json| json!({"type": "array", "items": of});
    let reveals = list(object(&[("slot", text()), ("text", text())]));
    let goals = list(object(&[("say", text()), ("reveals", reveals)]));
    // In the order in which models fill it in: the texts follow from the manner.
    let mut fields = vec![
        ("manner", text()),
        ("identity", text()),
        ("opening", text()),
        ("goals", goals.clone()),
    ];
    if changing {
        fields.push(("change", object(&[("text", text()), ("goals", goals)])));
    }
    object(&fields)
}

/// The texts as the model gives them.
#[derive(Debug, Deserialize)]
struct Wording {
    manner: String,
    identity: String,
    opening: String,
    goals: Vec<GoalWording>,
    change: Option<ChangeWording>,
}

#[derive(Debug, Deserialize)]
struct GoalWording {
    say: String,
    reveals: Vec<Reveal>,
}

#[derive(Debug, Deserialize)]
struct ChangeWording {
    text: String,
    goals: Vec<GoalWording>,
}

impl Wording {
    /// The script of the templates in these words.
    fn script(self, script: &UserScript) -> Result<UserScript, String> {
        let change = match (&script.change, self.change) {
            (None, _) => None,
            (Some(_), None) => return Err("\"change\" is missing".to_owned()),
            (Some(change), Some(worded)) => Some(ChangeScript {
                trigger: change.trigger,
                at: change.at,
                text: said("\"text\" of \"change\"", &worded.text)?,
                goals: goals(&change.goals, worded.goals)?,
            }),
        };
        Ok(UserScript {
            identity: said("\"identity\"", &self.identity)?,
            persona: Persona {
                manner: said("\"manner\"", &self.manner)?,
                ..script.persona.clone()
            },
            opening: said("\"opening\"", &self.opening)?,
            goals: goals(&script.goals, self.goals)?,
            change,
        })
    }
}

fn goals(scripts: &[GoalScript], worded: Vec<GoalWording>) -> Result<Vec<GoalScript>, String> {
    if scripts.len() != worded.len() {
        let (asked, given) = (scripts.len(), worded.len());
        return Err(format!("\"goals\" has {given} of {asked} goals"));
    }
    let goal = |(script, worded): (&GoalScript, GoalWording)| {
        let reveals = script.reveals.iter().map(|reveal| {
            let slot = &reveal.slot;
            let found = worded.reveals.iter().find(|worded| worded.slot == *slot);
            let found = found.ok_or_else(|| format!("a goal has no answer for \"{slot}\""))?;
            Ok(Reveal {
                slot: slot.clone(),
                text: said("an answer", &found.text)?,
            })
        });
        Ok(GoalScript {
            goal: script.goal,
            say: said("\"say\" of a goal", &worded.say)?,
            reveals: reveals.collect::<Result<_, String>>()?,
        })
    };
    scripts.iter().zip(worded).map(goal).collect()
}

/// A text without the space around it; there has to be something in it.
fn said(what: &str, text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err(format!("{what} says nothing")),
        text => Ok(text.to_owned()),
    }
}

#[cfg(test)]
mod tests;
