//! The turn loop as a pure state machine: it says who is next, takes what they say, and carries out
//! tool calls. Drivers (scripted, or later a model behind a network) do the waiting.
//!
//! The user opens and the agent speaks last: a user's outcome is not a message.

use std::sync::Arc;

use proto::excerpt::excerpt;
use proto::record::{
    Actor, AgentFault, Effect, Ending, Message, Observation, PlannedCall, Task, ToolCall,
    UserOutcome, Verdict,
};

use super::facts::{AgentFacts, UserFacts, read_agent, read_user};
use super::hearing::Hearing;
use crate::domains::{Domain, RestoreError};
use crate::environment::Environment;
use crate::scoring::Scorer;

/// The id of a conversation's call with this number: nine letters and digits, since some models' templates take
/// nothing else.
pub fn call_id(number: usize) -> String {
    format!("call{number:05}")
}

/// Bounds of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Agent messages, tool calls included.
    pub agent_messages: usize,
    /// Tool calls of one message that are carried out; one that has as many is the last.
    pub calls_at_once: usize,
    /// Tool errors, in all.
    pub tool_errors: usize,
    /// Calls one after the other that are none: malformed arguments, or a tool that does not exist.
    pub faulty_calls: usize,
    /// Bytes that the agent writes, thoughts and their signatures included, and that its tools answer: no more of an
    /// episode can be told.
    pub written: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            agent_messages: 60,
            calls_at_once: 64,
            tool_errors: 10,
            faulty_calls: 3,
            written: 10 << 20,
        }
    }
}

/// Who is awaited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// The user.
    User,
    /// The agent.
    Agent,
    /// Nobody.
    Over(Ending),
}

/// A tool call as an agent put it.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempted {
    /// The call; without arguments where they are malformed.
    pub call: PlannedCall,
    /// The arguments as written, where they are no JSON object.
    pub malformed: Option<String>,
}

impl From<PlannedCall> for Attempted {
    fn from(call: PlannedCall) -> Self {
        Self {
            call,
            malformed: None,
        }
    }
}

impl From<&ToolCall> for Attempted {
    fn from(call: &ToolCall) -> Self {
        Self {
            call: PlannedCall {
                name: call.name.clone(),
                arguments: call.arguments.clone(),
            },
            malformed: call.malformed.clone(),
        }
    }
}

/// What an agent does in one message.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AgentTurn {
    /// What a model thought before it spoke.
    pub reasoning: String,
    /// What its server wants back beside it; see [`Message::Assistant`].
    pub signed: Option<String>,
    /// What it says.
    pub text: String,
    /// Tools it uses.
    pub calls: Vec<Attempted>,
}

impl AgentTurn {
    /// Words only.
    pub fn say(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }

    /// One tool call only.
    pub fn call(call: PlannedCall) -> Self {
        Self {
            calls: vec![call.into()],
            ..Self::default()
        }
    }

    /// How much it is to read, about.
    fn bytes(&self) -> usize {
        // A tool's answer names it, too.
        const NAMED: usize = 2;
        let call = |attempted: &Attempted| {
            let malformed = attempted.malformed.as_deref().map_or(0, str::len);
            let arguments = serde_json::to_vec(&attempted.call.arguments);
            NAMED * attempted.call.name.len() + malformed + arguments.map_or(0, |json| json.len())
        };
        let signed = self.signed.as_deref().map_or(0, str::len);
        let calls: usize = self.calls.iter().map(call).sum();
        self.reasoning.len() + signed + self.text.len() + calls
    }
}

/// What a user does in one turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserTurn {
    /// Says something.
    Say(String),
    /// Takes leave.
    End(UserOutcome),
}

/// One conversation under way.
#[derive(Debug)]
pub struct Conversation<'a> {
    domain: &'a dyn Domain,
    world: Box<dyn Environment>,
    messages: Vec<Message>,
    scorer: Scorer<'a>,
    limits: Limits,
    next: Next,
    agent_messages: usize,
    tool_errors: usize,
    calls: usize,
    written: usize,
    /// The last call's fault, and how many faulty ones there were in a row.
    faulty: Option<(AgentFault, usize)>,
    agent_facts: Arc<AgentFacts>,
    user_facts: UserFacts,
    hearing: Option<&'a Hearing>,
}

impl<'a> Conversation<'a> {
    /// Starts over the task's snapshot; the user is next. `thorough` also checks every rule at every
    /// call, which controls have no use for.
    pub fn new(
        domain: &'a dyn Domain,
        task: &'a Task,
        limits: Limits,
        thorough: bool,
    ) -> Result<Self, RestoreError> {
        Ok(Self {
            domain,
            world: domain.restore(&task.golden.start.delta)?,
            messages: Vec::with_capacity(24),
            scorer: Scorer::new(domain, task, thorough),
            limits,
            next: Next::User,
            agent_messages: 0,
            tool_errors: 0,
            calls: 0,
            written: 0,
            faulty: None,
            agent_facts: Arc::default(),
            user_facts: UserFacts::default(),
            hearing: None,
        })
    }

    /// Remembers what it reads of texts, and uses what was read before.
    #[must_use]
    pub fn hearing(mut self, hearing: Option<&'a Hearing>) -> Self {
        self.hearing = hearing;
        self
    }

    /// Who is awaited.
    pub fn next(&self) -> &Next {
        &self.next
    }

    /// What was said and done so far.
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// The world as it stands.
    pub fn world(&self) -> &dyn Environment {
        &*self.world
    }

    /// Facts of the agent's last words.
    pub fn agent_facts(&self) -> &AgentFacts {
        &self.agent_facts
    }

    /// The reason for which the agent has refused, if it is the right one; and whether it had read the
    /// records that show it.
    pub fn refused(&self) -> Option<(&'a str, bool)> {
        self.scorer.refused()
    }

    /// Facts of the user's last words.
    pub fn user_facts(&self) -> UserFacts {
        self.user_facts
    }

    /// Takes the user's turn.
    pub fn user(&mut self, turn: UserTurn) {
        assert_eq!(self.next, Next::User, "the user is not awaited");
        match turn {
            UserTurn::Say(text) => {
                self.user_facts = self
                    .hearing
                    .map_or_else(|| read_user(&text), |hearing| hearing.user(&text));
                self.scorer.user_said(&text, self.user_facts);
                self.messages.push(Message::User { text });
                self.next = Next::Agent;
                // Two that talk at cross purposes would never come to an end.
                self.check_limits();
            }
            UserTurn::End(outcome) => self.next = Next::Over(Ending::User(outcome)),
        }
    }

    /// Takes the agent's turn and carries out its calls.
    pub fn agent(&mut self, mut turn: AgentTurn) {
        assert_eq!(self.next, Next::Agent, "the agent is not awaited");
        if turn.text.is_empty() && turn.calls.is_empty() {
            self.next = Next::Over(Ending::Agent(AgentFault::EmptyReply));
            return;
        }
        // What is left of it is what is scored again.
        turn.calls.truncate(self.limits.calls_at_once);
        self.written += turn.bytes();
        let AgentTurn {
            reasoning,
            signed,
            text,
            calls: attempted,
        } = turn;
        let calls: Vec<ToolCall> = attempted
            .into_iter()
            .map(|attempted| self.numbered(attempted))
            .collect();
        if !text.is_empty() {
            self.agent_facts = match self.hearing {
                Some(hearing) => hearing.agent(self.domain, &text),
                None => Arc::new(read_agent(self.domain, &text)),
            };
            self.scorer.agent_said(&text, &self.agent_facts);
        }
        let beside = !text.is_empty();
        self.messages.push(Message::Assistant {
            reasoning,
            signed,
            text,
            calls: calls.clone(),
        });
        self.agent_messages += 1;
        let several = calls.len();
        for call in &calls {
            if self.written <= self.limits.written {
                self.carry_out(call, several, beside);
            }
        }
        self.next = if several > 0 { Next::Agent } else { Next::User };
        if several >= self.limits.calls_at_once {
            self.next = Next::Over(Ending::Agent(AgentFault::TurnLimit));
        }
        self.check_limits();
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

    fn carry_out(&mut self, call: &ToolCall, several: usize, beside: bool) {
        if let Some(written) = &call.malformed {
            self.fault(AgentFault::MalformedArguments);
            let text = malformed(call, written);
            return self.answer(call, Observation { text, error: true });
        }
        let known = self.domain.tools().iter();
        if !known.map(|tool| &tool.name).any(|name| *name == call.name) {
            self.fault(AgentFault::UnknownTool);
        } else {
            self.faulty = None;
        }
        let planned = Attempted::from(call).call;
        let effect = self.domain.effect(&call.name).unwrap_or(Effect::Generic);
        self.scorer
            .about_to_call(&*self.world, &planned, effect, several, beside);
        let observation = self
            .world
            .call(Actor::Assistant, &call.name, &call.arguments);
        self.scorer.called(planned, effect, &observation);
        self.answer(call, observation);
    }

    fn fault(&mut self, fault: AgentFault) {
        let before = self.faulty.map_or(0, |(_, times)| times);
        self.faulty = Some((fault, before + 1));
    }

    fn answer(&mut self, call: &ToolCall, observation: Observation) {
        self.written += observation.text.len();
        self.tool_errors += usize::from(observation.error);
        self.messages.push(Message::Tool {
            call_id: call.id.clone(),
            name: call.name.clone(),
            text: observation.text,
            error: observation.error,
        });
    }

    fn check_limits(&mut self) {
        if let Some((fault, times)) = self.faulty
            && times >= self.limits.faulty_calls
        {
            self.next = Next::Over(Ending::Agent(fault));
        } else if self.tool_errors >= self.limits.tool_errors {
            self.next = Next::Over(Ending::Agent(AgentFault::ToolErrorLimit));
        } else if self.written > self.limits.written {
            self.next = Next::Over(Ending::Agent(AgentFault::ContextOverflow));
        } else if self.agent_messages >= self.limits.agent_messages && self.next == Next::Agent {
            self.next = Next::Over(Ending::Agent(AgentFault::TurnLimit));
        }
    }

    /// Ends it from outside, as a service that fails does.
    pub fn end(&mut self, ending: Ending) {
        self.next = Next::Over(ending);
    }

    /// What was said, how it ended, and what it earned.
    pub fn finish(self) -> (Vec<Message>, Ending, proto::ids::StateId, Verdict) {
        let Next::Over(ending) = self.next else {
            panic!("finish() before the conversation is over");
        };
        let state = self.world.state_id();
        let verdict = self.scorer.verdict(state, &ending);
        (self.messages, ending, state, verdict)
    }
}

/// What an agent reads that wrote arguments which are none.
pub fn malformed(call: &ToolCall, written: &str) -> String {
    let (name, shown) = (&call.name, excerpt(written, 200));
    format!("Error: the arguments of {name} are not a JSON object: {shown}")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proto::digest::Digest;
    use proto::ids::RunId;
    use proto::job::{Cell, Wanted};
    use proto::record::{Kind, Scenario};
    use proto::seed::Seed;

    use super::*;
    use crate::domains::tickets::Tickets;
    use crate::domains::tickets::desk::Desk;
    use crate::workload;

    fn task(domain: &Tickets) -> Task {
        let tool = domain
            .tools()
            .iter()
            .find(|tool| tool.effect == Effect::Write)
            .expect("a desk has writes");
        let cell = Cell {
            slot: 0,
            stratum: 0,
            strata: 1,
            scenario: Scenario::General,
            kind: Kind::Plain,
            wants: vec![Wanted::Write(tool.name.clone())],
        };
        let mut drafts = workload::drafts(domain, RunId(Digest::of(b"limits")), [cell], 10);
        drafts.remove(0).draft.task
    }

    /// Lets two talk who never use a tool, until it is over or far past the limit; turns, and the end.
    fn talk(limits: Limits, leaves_after: Option<usize>) -> (usize, Ending) {
        let domain = Tickets::new(Arc::new(Desk::generate(40, Seed::root(3))));
        let task = task(&domain);
        let mut conversation = Conversation::new(&domain, &task, limits, true).unwrap();
        let mut spoken = 0;
        loop {
            match conversation.next() {
                Next::User if leaves_after == Some(conversation.messages().len()) => {
                    conversation.user(UserTurn::End(UserOutcome::GaveUp));
                }
                Next::User => conversation.user(UserTurn::Say("What about lunch?".to_owned())),
                Next::Agent => conversation.agent(AgentTurn::say("The sky is blue today.")),
                Next::Over(_) => break,
            }
            spoken += 1;
            assert!(spoken < 1_000, "nobody stops them");
        }
        let (messages, ending, _, verdict) = conversation.finish();
        assert_eq!(verdict.reward, 0.0);
        (messages.len(), ending)
    }

    /// An agent that only ever sends these calls, one a message; how that ends, and what it read.
    fn faulty(calls: &[(&str, Option<&str>)]) -> (Next, Vec<String>) {
        let domain = Tickets::new(Arc::new(Desk::generate(40, Seed::root(3))));
        let task = task(&domain);
        let mut conversation = Conversation::new(&domain, &task, Limits::default(), true).unwrap();
        conversation.user(UserTurn::Say("Hello?".to_owned()));
        for (name, malformed) in calls {
            let attempted = Attempted {
                call: PlannedCall::new(name, [("ticket_id", "#0")]),
                malformed: malformed.map(str::to_owned),
            };
            conversation.agent(AgentTurn {
                calls: vec![attempted],
                ..AgentTurn::default()
            });
        }
        let read = conversation.messages().iter();
        let read = read.filter_map(|message| match message {
            Message::Tool { text, error, .. } => error.then(|| text.clone()),
            _ => None,
        });
        (conversation.next().clone(), read.collect())
    }

    #[test]
    fn a_call_that_is_none_is_answered_and_the_third_in_a_row_ends_it() {
        let (bad, none) = (("get_ticket", Some("{\"ticket_id\": ")), ("fly", None));
        let (next, read) = faulty(&[bad, none]);
        assert_eq!(next, Next::Agent);
        assert!(read[0].contains("get_ticket") && read[0].contains("{\"ticket_id\": "));
        let over = |fault| Next::Over(Ending::Agent(fault));
        let ended = faulty(&[bad, none, bad]).0;
        assert_eq!(ended, over(AgentFault::MalformedArguments));
        assert_eq!(faulty(&[bad, bad, none]).0, over(AgentFault::UnknownTool));
        // One that is a call, though it fails, breaks the row.
        let (next, read) = faulty(&[bad, bad, ("get_ticket", None), bad, none]);
        assert_eq!((next, read.len()), (Next::Agent, 5));
    }

    #[test]
    fn a_message_of_calls_without_end_is_the_last() {
        let domain = Tickets::new(Arc::new(Desk::generate(40, Seed::root(3))));
        let task = task(&domain);
        let read = &task.golden.steps[0].call;
        let after = |count| {
            let limits = Limits::default();
            let mut conversation = Conversation::new(&domain, &task, limits, true).unwrap();
            conversation.user(UserTurn::Say("Hello?".to_owned()));
            conversation.agent(AgentTurn {
                calls: vec![read.clone().into(); count],
                ..AgentTurn::default()
            });
            (conversation.next().clone(), conversation.messages().len())
        };
        let most = Limits::default().calls_at_once;
        assert_eq!(after(most - 1), (Next::Agent, 2 + most - 1));
        let over = Next::Over(Ending::Agent(AgentFault::TurnLimit));
        assert_eq!(after(most), (over.clone(), 2 + most));
        // What is kept of it ends it again when it is scored again.
        assert_eq!(after(50_000), (over, 2 + most));
    }

    #[test]
    fn who_writes_more_than_a_context_holds_has_outgrown_his() {
        let domain = Tickets::new(Arc::new(Desk::generate(40, Seed::root(3))));
        let task = task(&domain);
        let limits = Limits {
            written: 1_000,
            ..Limits::default()
        };
        let after = |turn: AgentTurn| {
            let mut conversation = Conversation::new(&domain, &task, limits, true).unwrap();
            conversation.user(UserTurn::Say("Hello?".to_owned()));
            conversation.agent(turn);
            conversation.next().clone()
        };
        let say = |length| AgentTurn::say("x".repeat(length));
        let thinks = |length| AgentTurn {
            reasoning: "x".repeat(length),
            ..say(10)
        };
        let calls = |length: usize| {
            let text = "x".repeat(length);
            AgentTurn::call(PlannedCall::new("get_ticket", [("ticket_id", &text[..])]))
        };
        let over = Next::Over(Ending::Agent(AgentFault::ContextOverflow));
        assert_eq!(after(say(1_000)), Next::User);
        for turn in [say(1_001), thinks(991), calls(1_000)] {
            assert_eq!(after(turn), over);
        }
        assert_eq!(after(calls(900)), Next::Agent);
    }

    #[test]
    fn two_at_cross_purposes_come_to_the_turn_limit() {
        let limits = Limits {
            agent_messages: 5,
            ..Limits::default()
        };
        let over = Ending::Agent(AgentFault::TurnLimit);
        // The user has answered the agent's fifth message, and no sixth is taken.
        assert_eq!(talk(limits, None), (11, over.clone()));
        assert_eq!(talk(Limits::default(), None), (121, over));
        // Whose last message is the fifth may still be left.
        let left = Ending::User(UserOutcome::GaveUp);
        assert_eq!(talk(limits, Some(10)), (10, left));
    }
}
