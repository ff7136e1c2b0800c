//! A language model as the explorer: it uses the domain's tools over many turns, from one person and a theme.
//!
//! What it is to look for is a [theme](crate::explore::theme), a function of its job. What it does leaves a
//! [trail](crate::explore::trail), where calls are held to the policy and what leads nowhere is pruned. What
//! is handed on has the form that the symbolic explorer gives, and goes the same way from there: goals are
//! the domain's, found for the writes that the model came to. It ends as soon as all that the theme seeks is
//! found, or at its limits; then the candidate is rejected with an account, and the next one has another
//! theme of the same cell.
//!
//! A theme may seek no write at all: a lone question, or a lone wish that a rule forbids. Then the model has
//! nothing to find, is not asked and has no part in the task.

use std::borrow::Cow;

use proto::outcome::{Reason, Rejection, StageResult};
use proto::record::{
    CallForm, Endpoint, Exploration, Message, PlannedCall, Role, ToolCall, ToolSpec,
};
use serde_json::{Value as Json, json};

use super::agent::{described, own_tools};
use super::listed::{self, Seen};
use super::prompts::{EXPLORER, Prompt, PromptError, Prompts};
use super::react;
use super::work::Work;
use crate::chat::session::{Session, Stop, Subject};
use crate::chat::{Finish, Reply, Request, ToolChoice};
use crate::dialogue::conversation::{Attempted, Limits, call_id, malformed};
use crate::domains::Domain;
use crate::executor::Done;
use crate::explore::theme::Theme;
use crate::explore::trail::{Trail, in_words};

/// Replies that it has, at most.
const TURNS: u32 = 40;
/// Calls that it makes, at most.
const CALLS: usize = 60;
/// Calls that may come to an error, in all.
const ERRORS: usize = 12;
/// Replies without a call, one after the other, that end it.
const IDLE: u32 = 3;
/// Replies to one request that may be empty or cut before it is given up: the first, and two regenerations.
const TRIES: u32 = 3;
/// Leads that it is told of, at most.
const LEADS: usize = 6;

/// Has the model explore.
pub async fn perform(work: &Work<'_>, endpoint: &Endpoint) -> Done {
    let job = work.job;
    let prompts = match Prompts::new(&job.cast.prompts) {
        Ok(prompts) => prompts,
        Err(error) => return work.failed(error),
    };
    let seed = job.seed.child("explore", 0);
    let theme = work.computing(|| Theme::of(work.domain, &job.cell, seed));
    let theme = match theme.await {
        Ok(theme) => theme,
        Err(rejection) => return work.came_to(StageResult::Rejected(rejection)),
    };
    if let Some(walk) = theme.given(work.domain) {
        return match walk {
            Ok(walk) => work.came_to(StageResult::Explored(Box::new(walk))),
            Err(error) => work.failed(error),
        };
    }
    let trail = match Trail::new(work.domain, &theme, seed.child("trail", 0)) {
        Ok(trail) => trail,
        Err(error) => return work.failed(error),
    };
    let briefing = match Briefing::new(work.domain, endpoint.form, &theme, &prompts) {
        Ok(briefing) => briefing,
        Err(error) => return work.failed(error),
    };
    let subject = Subject {
        slot: job.cell.slot,
        candidate: job.candidate,
        agent: String::new(),
        trial: 0,
        twin: false,
    };
    let (models, place, digest) = (work.models, work.place, briefing.prompt.digest);
    let session = Session::new(models, place, &subject, Role::Explorer, endpoint, digest);
    let mut explorer = Explorer {
        work,
        session,
        trail,
        seen: told_of(&theme),
        messages: vec![briefing.prompt.begin()],
        briefing,
        calls: 0,
        errors: 0,
    };
    match explorer.explore().await {
        Ok(Ok(mut walk)) => {
            walk.parts.push(explorer.session.into_part());
            work.came_to(StageResult::Explored(Box::new(walk)))
        }
        Ok(Err(end)) => {
            let account = explorer.trail.account();
            let detail = format!("model:{} found {account}; {end}", endpoint.name);
            let parts = vec![explorer.session.into_part()];
            let rejection = Rejection::new(Reason::Unexplored, detail).after(parts);
            work.came_to(StageResult::Rejected(rejection))
        }
        Err(stop) => work.stopped(stop).await,
    }
}

/// What the model is told before anything is done.
struct Briefing<'d> {
    prompt: Prompt,
    tools: Cow<'d, [ToolSpec]>,
    /// Those that are described in the text.
    in_text: Cow<'d, [ToolSpec]>,
}

impl<'d> Briefing<'d> {
    fn new(
        domain: &'d dyn Domain,
        form: CallForm,
        theme: &Theme,
        prompts: &Prompts,
    ) -> Result<Self, PromptError> {
        let tools = own_tools(domain);
        let (tools, in_text) = match form {
            CallForm::Native => (tools, Cow::default()),
            CallForm::React => (Cow::default(), tools),
            CallForm::Json => {
                let useful = tools.iter().filter(|tool| theme.seeks(tool));
                (Cow::default(), useful.cloned().collect())
            }
        };
        let facts = theme.introduction().facts.iter();
        let facts = facts.map(|(name, value)| json!({"name": name, "value": value}));
        let context = json!({
            "form": form.label(),
            "policy": domain.policy(),
            "tools": described(&in_text),
            "facts": facts.collect::<Vec<Json>>(),
            "wishes": theme.sought().map(in_words).collect::<Vec<String>>(),
            "leads": theme.leads().iter().take(LEADS).map(lead).collect::<Vec<String>>(),
        });
        let prompt = prompts.prompt(EXPLORER, &context)?;
        Ok(Self {
            prompt,
            tools,
            in_text,
        })
    }
}

/// What a look-up is about: its arguments.
fn lead(read: &PlannedCall) -> String {
    let values = read.arguments.iter();
    let values: Vec<String> = values
        .map(|(name, value)| {
            let value = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            format!("{name} {value}")
        })
        .collect();
    values.join(", ")
}

/// Values that the briefing tells.
fn told_of(theme: &Theme) -> Seen {
    let mut seen = Seen::default();
    let leads = theme.leads().iter().take(LEADS);
    for call in std::iter::once(&theme.introduction().call).chain(leads) {
        for (name, value) in &call.arguments {
            if let Some(value) = value.as_str() {
                seen.note(name, value);
            }
        }
    }
    seen
}

/// A model at its exploration.
struct Explorer<'a> {
    work: &'a Work<'a>,
    session: Session<'a>,
    briefing: Briefing<'a>,
    trail: Trail<'a>,
    seen: Seen,
    messages: Vec<Message>,
    calls: usize,
    errors: usize,
}

impl Explorer<'_> {
    /// What it finds, or how it ends without.
    async fn explore(&mut self) -> Result<Result<Exploration, String>, Stop> {
        let mut idle = 0;
        for _ in 0..TURNS {
            let reply = match self.reply().await? {
                Ok(reply) => reply,
                Err(end) => return Ok(Err(end)),
            };
            self.session.next_turn();
            idle = if reply.calls.is_empty() { idle + 1 } else { 0 };
            if let Some(walk) = self.heed(reply).await {
                return Ok(Ok(walk));
            }
            if idle == IDLE {
                return Ok(Err(format!("it used no tool in {IDLE} replies")));
            }
            if self.errors >= ERRORS {
                return Ok(Err(format!("{ERRORS} of its calls came to an error")));
            }
            if self.calls >= CALLS {
                return Ok(Err(format!("{CALLS} calls are the limit")));
            }
        }
        Ok(Err(format!("{TURNS} replies are the limit")))
    }

    /// Its next reply, or why there is none that can be used.
    async fn reply(&mut self) -> Result<Result<Reply, String>, Stop> {
        let form = self.session.endpoint().form;
        let written = match form {
            CallForm::Native => Cow::Borrowed(&self.messages),
            CallForm::React => Cow::Owned(react::written(&self.messages)),
            CallForm::Json => Cow::Owned(listed::written(&self.messages)),
        };
        let schema = match form {
            CallForm::Native | CallForm::React => None,
            CallForm::Json => {
                let tools = &self.briefing.in_text;
                match listed::schema(tools, &self.seen, &self.messages) {
                    None => return Ok(Err("nothing is left to call".to_owned())),
                    schema => schema,
                }
            }
        };
        let request = Request {
            system: &self.briefing.prompt.system,
            messages: &written,
            tools: &self.briefing.tools,
            choice: ToolChoice::Auto,
            schema: schema.as_ref(),
            seed: None,
        };
        for regeneration in 0..TRIES {
            let reply = match self.session.ask_within(&request, regeneration).await? {
                Ok(reply) => reply,
                Err(why) => return Ok(Err(why)),
            };
            if reply.finish == Finish::Refused {
                return Ok(Err("it declines".to_owned()));
            }
            let reply = match form {
                CallForm::Native => reply,
                CallForm::React => react::read(reply),
                CallForm::Json => listed::read(reply),
            };
            if !reply.is_void() {
                return Ok(Ok(reply));
            }
        }
        Ok(Err(format!("{TRIES} replies were empty or cut short")))
    }

    /// Carries out what a reply asks for; what is found by it.
    async fn heed(&mut self, reply: Reply) -> Option<Exploration> {
        let calls: Vec<ToolCall> = reply
            .calls
            .into_iter()
            .take(Limits::default().calls_at_once)
            .map(|attempted| self.numbered(attempted))
            .collect();
        self.messages.push(Message::Assistant {
            reasoning: reply.reasoning,
            signed: reply.signed,
            text: reply.text,
            calls: calls.clone(),
        });
        if calls.is_empty() {
            let missing = self.trail.missing();
            self.messages.push(self.briefing.prompt.again(&missing));
        }
        for call in &calls {
            let found = self.carry_out(call).await;
            if found.is_some() {
                return found;
            }
        }
        None
    }

    fn numbered(&mut self, Attempted { call, malformed }: Attempted) -> ToolCall {
        self.calls += 1;
        ToolCall {
            id: call_id(self.calls),
            name: call.name,
            arguments: call.arguments,
            malformed,
        }
    }

    /// Takes ids in that a call has shown.
    fn note(&mut self, call: &ToolCall, answer: &str) {
        self.seen.read(answer);
        let domain = self.work.domain;
        if let Some(person) = domain.identified(&Attempted::from(call).call, answer) {
            // By what name tools know a person, the first look-up of one tells.
            let reads = domain.reach(&*domain.start(), &person);
            let named = reads.iter().flat_map(|read| &read.arguments);
            for (name, _) in named.filter(|(_, value)| value.as_str() == Some(&person)) {
                self.seen.note(name, &person);
            }
        }
    }

    async fn carry_out(&mut self, call: &ToolCall) -> Option<Exploration> {
        let trail = &mut self.trail;
        let (text, error) = if let Some(written) = &call.malformed {
            trail.malformed();
            (malformed(call, written), true)
        } else {
            let call = Attempted::from(call).call;
            let observation = self.work.computing(|| trail.call(call)).await;
            (observation.text, observation.error)
        };
        self.errors += usize::from(error);
        if !error {
            self.note(call, &text);
        }
        self.messages.push(Message::Tool {
            call_id: call.id.clone(),
            name: call.name.clone(),
            text,
            error,
        });
        self.trail.found()
    }
}

#[cfg(test)]
mod tests;
