//! A language model as the simulated user.
//!
//! It speaks from the same script as the agenda user and answers in a form: what it says, what it reveals,
//! whether it changes its mind now, and, to leave, one of a closed list of outcomes with distractors among
//! them. The opening and the words of a change of mind are the script's own, since what a task is proven
//! for hangs on them.
//!
//! What it says is checked before the agent hears it: nothing kept back that was not asked for, nothing
//! made up, no yes to what it does not want nor a no to what it wants, no leaving before its time. A reply that fails is asked for again with the complaint; the third
//! failure is the user's fault, and its episode is quarantined. It is before its time to take leave with a wish
//! that was never spoken of, or with a change of mind that is due, to be satisfied while nothing was done (reported,
//! or made by a tool), answered or turned down, or to give up on an agent that has not led the user nowhere for
//! some turns in a row. A change of mind has its time as well: a user says it then, and neither sooner nor later.
//!
//! What a user takes leave with is observed, so it is held against what else tells of it, and an episode in
//! which they differ is quarantined: a reason that the agent's words, as the parser reads them, do not give, or a
//! transfer that neither they nor its tools do; and giving up on the one wish there is, or being satisfied with nothing, where the agent's
//! words refuse it for the right reason. The account says whether the agent had read the records that show it. Where all agree, a
//! refusal without those reads stays, and the verdict counts it against the agent.

mod heard;
pub mod tau2;

use std::collections::BTreeSet;

use proto::record::{
    Effect, Endpoint, GoalScript, Intent, Message, Part, Reveal, Role, Task, Trigger, UserOutcome,
    Wish,
};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::prompts::{Prompt, PromptError, Prompts, USER};
use super::structured::{self, brief};
use crate::chat::models::Models;
use crate::chat::session::{Place, Session, Stop, Subject};
use crate::chat::{Request, Schema, ToolChoice};
use crate::dialogue::conversation::{Conversation, UserTurn};
use crate::dialogue::facts::AgentFacts;
use crate::domains::Domain;
use crate::language::fidelity::{check_turn, unsaid};
use heard::{Heard, without};

/// Replies that may be unfit before that is the user's fault.
const TRIES: u32 = 3;
/// Turns in a row in which an agent leads nowhere before it may be given up.
const PATIENCE: usize = 3;
/// Beginning of an outcome that names a reason.
const REFUSED: &str = "refused: ";
/// What stays in the conversation.
const STAYS: &str = "no";

/// What a user is told before anything is said.
#[derive(Debug)]
pub struct Script {
    prompt: Prompt,
    schema: Schema,
}

impl Script {
    /// Over a task.
    ///
    /// # Errors
    /// When the plan's own prompt does not render.
    pub fn new(domain: &dyn Domain, task: &Task, prompts: &Prompts) -> Result<Self, PromptError> {
        let outcomes = outcomes(domain);
        let named = outcomes.iter();
        let named = named.map(|(name, meaning)| json!({"name": name, "meaning": meaning}));
        let mut context = context(task);
        context["outcomes"] = named.collect();
        Ok(Self {
            prompt: prompts.prompt(USER, &context)?,
            schema: Schema {
                name: "turn",
                schema: form(&outcomes),
            },
        })
    }
}

/// What a user's prompt is made from, whatever it answers in.
fn context(task: &Task) -> Json {
    let script = &task.script;
    let change = script.change.as_ref().map(|change| {
        json!({
            "moment": moment(change.trigger),
            "text": change.text,
            "goals": goals(&change.goals),
        })
    });
    json!({
        "identity": script.identity,
        "style": script.persona.style,
        "one_at_a_time": script.persona.one_at_a_time,
        "insistent": script.persona.insistent,
        "manner": script.persona.manner,
        "goals": goals(&script.goals),
        "change": change,
    })
}

fn goals(scripts: &[GoalScript]) -> Vec<Json> {
    let reveal =
        |reveal: &Reveal| json!({"slot": reveal.slot.replace('_', " "), "text": reveal.text});
    let goal = |script: &GoalScript| {
        let reveals: Vec<Json> = script.reveals.iter().map(reveal).collect();
        json!({"say": script.say, "reveals": reveals})
    };
    scripts.iter().map(goal).collect()
}

fn moment(trigger: Trigger) -> &'static str {
    match trigger {
        Trigger::BeforeProposal => "in your first answer to the agent, before it proposes anything",
        Trigger::AtConfirmation => "when the agent asks you to confirm what you wanted at first",
        Trigger::AfterWrite => "when the agent reports the first thing you wanted as done",
    }
}

/// The closed list: names and what they mean. Every reason of the domain is on it, so the right one has
/// its distractors.
fn outcomes(domain: &dyn Domain) -> Vec<(String, String)> {
    let plain = [
        ("satisfied", "everything you want was done or answered"),
        ("transferred", "the agent handed you over to a human"),
        ("gave_up", "the agent led you nowhere"),
    ];
    let plain = plain.map(|(name, meaning)| (name.to_owned(), meaning.to_owned()));
    let reasons: BTreeSet<&str> = domain.rules().iter().map(|rule| rule.reason).collect();
    let reasons = reasons.into_iter().filter(|reason| !reason.is_empty());
    let refused = reasons.map(|reason| {
        let meaning = format!(
            "the agent turned you down because: {}",
            reason.replace('_', " ")
        );
        (format!("{REFUSED}{reason}"), meaning)
    });
    plain.into_iter().chain(refused).collect()
}

/// The form of a turn, as JSON Schema.
fn form(outcomes: &[(String, String)]) -> Json {
    let names = outcomes.iter().map(|(name, _)| name.as_str());
    let leave: Vec<&str> = std::iter::once(STAYS).chain(names).collect();
    json!({
        "type": "object",
        "properties": {
            "say": {"type": "string"},
            "reveals": {"type": "array", "items": {"type": "string"}},
            "change_mind": {"type": "boolean"},
            "leave": {"type": "string", "enum": leave},
        },
        "required": ["say", "reveals", "change_mind", "leave"],
        "additionalProperties": false,
    })
}

/// One turn, as the model fills the form in. What it says it reveals helps it to think; what it does reveal
/// is read from its words.
#[derive(Debug, Deserialize)]
struct Said {
    say: String,
    #[serde(default)]
    change_mind: bool,
    leave: String,
}

/// A model as the simulated user.
#[derive(Debug)]
pub struct ModelUser<'a> {
    session: Session<'a>,
    script: &'a Script,
    domain: &'a dyn Domain,
    task: &'a Task,
    opened: bool,
    heard: Heard<'a>,
    /// Reasons that the agent has given for a refusal.
    reasons: BTreeSet<String>,
    transferred: bool,
    /// Whether the agent has reported something as done.
    reported: bool,
    /// Whether the agent has said something that neither asks nor proposes.
    answered: bool,
}

/// What a user's turn came to.
#[derive(Debug)]
pub enum Turn {
    /// It spoke or took leave.
    Took(UserTurn),
    /// It can't be used, for this reason.
    Fault(String),
}

impl<'a> ModelUser<'a> {
    /// A user that has not spoken.
    pub fn new(
        session: (&'a Models, &'a Place, &'a Subject, &'a Endpoint),
        script: &'a Script,
        domain: &'a dyn Domain,
        task: &'a Task,
    ) -> Self {
        let (models, place, subject, endpoint) = session;
        let digest = script.prompt.digest;
        let session = Session::new(models, place, subject, Role::User, endpoint, digest);
        Self {
            session,
            script,
            domain,
            task,
            opened: false,
            heard: Heard::new(domain, task),
            reasons: BTreeSet::new(),
            transferred: false,
            reported: false,
            answered: false,
        }
    }

    /// What it had to do with the episode.
    pub fn into_part(self) -> Part {
        self.session.into_part()
    }

    /// Its next turn.
    ///
    /// # Errors
    /// When it can't be asked now, or gives no reply.
    pub async fn turn(&mut self, conversation: &Conversation<'_>) -> Result<Turn, Stop> {
        if !self.opened {
            self.opened = true;
            let opening = self.task.script.opening.clone();
            return Ok(Turn::Took(UserTurn::Say(opening)));
        }
        self.hear(conversation);
        let mut messages = mirrored(self.script.prompt.begin(), conversation.messages());
        let mut complaint = String::new();
        for regeneration in 0..TRIES {
            let request = Request {
                system: &self.script.prompt.system,
                messages: &messages,
                tools: &[],
                choice: ToolChoice::None,
                schema: Some(&self.script.schema),
                seed: None,
            };
            let reply = match self.session.ask_within(&request, regeneration).await? {
                Ok(reply) => reply,
                Err(why) => return Ok(Turn::Fault(why)),
            };
            match self.fit(conversation, &reply.text) {
                Ok(turn) => {
                    self.session.next_turn();
                    return Ok(self.cross_checked(conversation, turn));
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
            }
            messages.push(self.script.prompt.again(&complaint));
        }
        Ok(Turn::Fault(format!(
            "{TRIES} unfit replies, lastly: {complaint}"
        )))
    }

    /// Takes in what the agent said since.
    fn hear(&mut self, conversation: &Conversation<'_>) {
        let all = self.heard.take_in(conversation, true);
        // What is said beside calls is no answer yet.
        let answer = |facts: &AgentFacts| facts.asks.is_empty() && facts.proposal.is_none();
        self.answered |= all.last().is_some_and(answer);
        for facts in all {
            self.reasons.extend(facts.refusal.into_iter().flatten());
            self.transferred |= facts.transfer;
            self.reported |= facts.report;
        }
        self.transferred |= self.heard.handed_over();
    }

    /// The turn that a reply stands for, or what is wrong with it.
    fn fit(&self, conversation: &Conversation<'_>, text: &str) -> Result<(Said, UserTurn), String> {
        let said: Said = structured::object(text)?;
        if said.leave != STAYS {
            let outcome = self.outcome(&said.leave)?;
            self.in_time(conversation, outcome)?;
            return Ok((said, UserTurn::End(outcome)));
        }
        let change = self.heard.change();
        // The agent is scored by the script's words for it, whether or not the form says what they do.
        let change = change.filter(|change| said.change_mind || said.say.contains(&change.text));
        if said.say.trim().is_empty() && change.is_none() {
            return Err("it says nothing and does not leave".to_owned());
        }
        self.heard.check_time(change.is_some())?;
        let beside = match change {
            Some(change) => without(&said.say, &change.text),
            None => said.say.trim().to_owned(),
        };
        if change.is_none() {
            self.heard.check_answer(&beside)?;
        }
        let moment = self.heard.moment(change.is_some());
        check_turn(
            self.domain,
            conversation.world(),
            self.task,
            &beside,
            &moment,
        )?;
        let words = match change {
            Some(change) => format!("{beside} {}", change.text),
            None => beside,
        };
        let turn = UserTurn::Say(words.trim().to_owned());
        Ok((said, turn))
    }

    fn outcome(&self, leave: &str) -> Result<UserOutcome, String> {
        let outcome = match leave {
            "satisfied" => UserOutcome::Satisfied,
            "transferred" => UserOutcome::Transferred,
            "gave_up" => UserOutcome::GaveUp,
            refused if self.is_reason(refused) => UserOutcome::Refused,
            other => return Err(format!("\"leave\" has no value \"{}\"", brief(other))),
        };
        Ok(outcome)
    }

    /// Whether it leaves as refused, for a reason that there is.
    fn is_reason(&self, leave: &str) -> bool {
        leave.strip_prefix(REFUSED).is_some_and(|reason| {
            let rules = self.domain.rules().iter();
            let mut known = rules.map(|rule| rule.reason);
            known.any(|known| !known.is_empty() && known == reason)
        })
    }

    /// Refuses to leave before it can be over: an agent must not be scored for a customer who did not stay, or
    /// did not say what it wants. What the agent claims is left to the verdict.
    fn in_time(&self, conversation: &Conversation<'_>, outcome: UserOutcome) -> Result<(), String> {
        self.heard.check_changed(outcome)?;
        let done = self.seen_done(conversation);
        let refused = match outcome {
            UserOutcome::Satisfied
                if self.wanted(|wish| matches!(wish, Wish::Write(_))) > 0 && !done =>
            {
                "nothing of what you want has been done yet"
            }
            UserOutcome::Satisfied if !self.told_of_the_rest(done) => {
                "what you want has been neither done, answered nor turned down yet"
            }
            // Where it was turned down rightly, giving up is no matter of time.
            UserOutcome::GaveUp
                if self.heard.astray() < PATIENCE && self.turned_down(conversation).is_none() =>
            {
                "it is too early to give up on the agent"
            }
            UserOutcome::Satisfied | UserOutcome::Refused => return self.all_said(conversation),
            _ => return Ok(()),
        };
        Err(refused.to_owned())
    }

    /// Refuses to leave where a wish was never spoken of.
    fn all_said(&self, conversation: &Conversation<'_>) -> Result<(), String> {
        let mut said = String::new();
        for message in conversation.messages() {
            if let Message::User { text } = message {
                said.push_str(text);
                said.push('\n');
            }
        }
        let (world, changed) = (conversation.world(), self.heard.change().is_none());
        match unsaid(self.domain, world, self.task, &said, changed)? {
            Some(wish) => Err(format!(
                "you have not said everything that you want yet: {wish}"
            )),
            None => Ok(()),
        }
    }

    /// How many of the wishes that hold in the end are of a kind.
    fn wanted(&self, kind: impl Fn(&Wish) -> bool) -> usize {
        let Intent { goals, last, .. } = &self.task.intent;
        let wanted = last.iter().filter_map(|&place| goals.get(place));
        wanted.filter(|goal| kind(&goal.wish)).count()
    }

    /// Whether the agent has said that something is done, or did it without a word that the parser knows.
    fn seen_done(&self, conversation: &Conversation<'_>) -> bool {
        let write = |name: &str| self.domain.effect(name) == Some(Effect::Write);
        let mut messages = conversation.messages().iter();
        self.reported
            || messages.any(
                |message| matches!(message, Message::Tool { name, error: false, .. } if write(name)),
            )
    }

    /// Whether the agent has answered, where there is a question, and has turned down, handed over or done what
    /// it may not.
    fn told_of_the_rest(&self, done: bool) -> bool {
        let asks = self.wanted(|wish| matches!(wish, Wish::Question(_))) > 0;
        let forbidden = self.wanted(|wish| matches!(wish, Wish::Blocked(_))) > 0;
        let ended = !self.reasons.is_empty() || self.transferred || done;
        (!asks || self.answered) && (!forbidden || ended)
    }

    /// The turn, unless what the user says came of it is not what the agent said and has read. It is not
    /// asked for again: an outcome that a user is talked into is no observation.
    fn cross_checked(
        &mut self,
        conversation: &Conversation<'_>,
        (said, turn): (Said, UserTurn),
    ) -> Turn {
        match &turn {
            UserTurn::Say(text) => {
                self.heard.spoke(text);
                Turn::Took(turn)
            }
            UserTurn::End(UserOutcome::Refused) => {
                let reason = said.leave.trim_start_matches(REFUSED);
                if self.reasons.contains(reason) {
                    return Turn::Took(turn);
                }
                let heard: Vec<&str> = self.reasons.iter().map(String::as_str).collect();
                Turn::Fault(format!(
                    "left as refused for {reason}, and the agent's words give {}",
                    if heard.is_empty() {
                        "no reason".to_owned()
                    } else {
                        heard.join(", ")
                    }
                ))
            }
            UserTurn::End(UserOutcome::Transferred) if !self.transferred => {
                Turn::Fault("left as transferred, and the agent has handed nobody over".to_owned())
            }
            UserTurn::End(UserOutcome::GaveUp | UserOutcome::Satisfied) => {
                match self.turned_down(conversation) {
                    Some((reason, on_evidence)) => Turn::Fault(format!(
                        "left as {}, and the agent has refused for {reason}, {} the records that show it",
                        said.leave,
                        if on_evidence {
                            "having read"
                        } else {
                            "without reading"
                        }
                    )),
                    None => Turn::Took(turn),
                }
            }
            UserTurn::End(_) => Turn::Took(turn),
        }
    }

    /// The right reason for which the one thing that the user wants was refused, and whether the agent had read
    /// the records that show it.
    fn turned_down<'c>(&self, conversation: &Conversation<'c>) -> Option<(&'c str, bool)> {
        let blocked = self.wanted(|wish| matches!(wish, Wish::Blocked(_)));
        let forbidden = blocked == 1 && self.wanted(|_| true) == 1;
        let refused = conversation.refused()?;
        (forbidden && !self.seen_done(conversation)).then_some(refused)
    }
}

/// A conversation from the user's side: its own words are the assistant's, in the form it answers in, and
/// the agent's the user's. What the agent does with tools is not seen.
fn mirrored(begin: Message, messages: &[Message]) -> Vec<Message> {
    let mirror = |message: &Message| match message {
        Message::User { text } => Some(Message::Assistant {
            reasoning: String::new(),
            signed: None,
            text: json!({"say": text, "leave": STAYS}).to_string(),
            calls: Vec::new(),
        }),
        Message::Assistant { text, .. } if !text.is_empty() => {
            Some(Message::User { text: text.clone() })
        }
        _ => None,
    };
    std::iter::once(begin)
        .chain(messages.iter().filter_map(mirror))
        .collect()
}

#[cfg(test)]
mod tests;
