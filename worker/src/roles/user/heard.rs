//! What a simulated user has heard of the agent, and what follows from it: what it may tell, whether it is time
//! to change its mind, and for how long the agent has led it nowhere.
//!
//! When the mind changes is the script's to say, since the agent is held to the wishes of before and after. It
//! is **due** where the script's moment has come beyond doubt: the goal that it waits for is proposed, or a
//! tool has carried it out and the agent's words leave that at rest. Then a user says nothing else. It is **open**
//! where the agenda user would change its mind by the agent's words alone, or where they may say what the parser
//! does not read; then a user may, since a change that is kept from it is as unfair to an agent as one too early.

use std::collections::BTreeSet;

use proto::record::{ChangeScript, Message, PlannedCall, Task, Trigger, UserOutcome, Wish};

use crate::dialogue::conversation::{Attempted, Conversation};
use crate::dialogue::facts::{AgentFacts, read_agent, read_user};
use crate::domains::Domain;
use crate::language::fidelity::Moment;
use crate::participants::agenda::progress::Progress;

/// Whether it is time to change the mind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Time {
    /// Not yet.
    Early,
    /// It may be said.
    Open,
    /// Nothing else may be said.
    Due,
}

/// What a user has heard of the agent.
#[derive(Debug)]
pub(super) struct Heard<'a> {
    domain: &'a dyn Domain,
    task: &'a Task,
    progress: Progress<'a>,
    time: Time,
    /// Slots that the agent has asked for.
    asked: BTreeSet<String>,
    /// Everything the agent has said.
    said: String,
    /// What each of its messages did.
    acts: Vec<AgentFacts>,
    /// Calls that its tools have carried out, none twice.
    done: Vec<PlannedCall>,
    /// Turns of the agent in a row that led nowhere.
    astray: usize,
    /// What its last message does, where that proposes something.
    proposed: Option<AgentFacts>,
}

impl<'a> Heard<'a> {
    /// Nothing yet.
    pub(super) fn new(domain: &'a dyn Domain, task: &'a Task) -> Self {
        Self {
            domain,
            task,
            // Which of its goals a model has spoken of is read nowhere: it may have spoken of each.
            progress: Progress::new(domain, task, task.script.goals.len()),
            time: Time::Early,
            asked: BTreeSet::new(),
            said: String::new(),
            acts: Vec::new(),
            done: Vec::new(),
            astray: 0,
            proposed: None,
        }
    }

    /// Takes in what the agent said and did since the user spoke; the facts of each message, in order. Whether
    /// the user hears what is said beside calls depends on its protocol.
    pub(super) fn take_in(
        &mut self,
        conversation: &Conversation<'_>,
        beside_calls: bool,
    ) -> Vec<AgentFacts> {
        let heard = since(self.domain, conversation, beside_calls);
        let mut leads = false;
        let mut moved = false;
        for call in carried_out(conversation.messages()) {
            moved |= self.progress.carried_out(&call);
            if !self.done.contains(&call) {
                self.done.push(call);
                leads = true;
            }
        }
        for (text, facts) in &heard {
            moved |= self.progress.take_note(text, facts);
            if let Some(place) = self.progress.refused(text, facts) {
                self.progress.refuse(place);
            }
            leads |= self.is_new(facts);
            self.asked.extend(facts.asks.iter().cloned());
            self.said.push_str(text);
            self.said.push('\n');
            self.acts.push(facts.clone());
        }
        self.astray = if leads || moved { 0 } else { self.astray + 1 };
        // What was due and could wait, since the user had to answer a no, may still be said.
        let before = self.time.min(Time::Open);
        self.time = self.time(&heard, moved).max(before);
        let last = heard.last().map(|(_, facts)| facts);
        self.proposed = last.filter(|facts| facts.proposal.is_some()).cloned();
        heard.into_iter().map(|(_, facts)| facts).collect()
    }

    /// Whether a message does something that no message before it did: one that only repeats itself leads
    /// nowhere, and so does one that does nothing the parser knows.
    fn is_new(&self, facts: &AgentFacts) -> bool {
        let before = || self.acts.iter();
        let asks = facts.asks.iter().any(|slot| !self.asked.contains(slot));
        let proposes =
            facts.proposal.is_some() && before().all(|act| act.proposal != facts.proposal);
        let refuses = facts.refusal.is_some() && before().all(|act| act.refusal != facts.refusal);
        let hands_over = facts.transfer && before().all(|act| !act.transfer);
        // What is said to be done once more was to be seen among the calls.
        let reports = facts.report && before().all(|act| !act.report);
        asks || proposes || refuses || hands_over || reports
    }

    /// Whether it is time after what was heard last, by which some goal `moved` or none.
    fn time(&self, heard: &[(&str, AgentFacts)], moved: bool) -> Time {
        let Some(change) = self.progress.change() else {
            return Time::Early;
        };
        let Some((_, last)) = heard.last() else {
            return Time::Early;
        };
        let at_rest = self.at_rest(change.at, last);
        let due = match change.trigger {
            Trigger::BeforeProposal => true,
            Trigger::AtConfirmation => at_rest || self.progress.proposes(change.at, last),
            Trigger::AfterWrite => at_rest,
        };
        let pushes_back = self.task.script.persona.insistent && last.refusal.is_some();
        let open = self.progress.change_due(last)
            || heard
                .iter()
                .any(|(text, facts)| self.may_be_meant(change, text, facts, moved));
        if due && !pushes_back {
            Time::Due
        } else if due || open {
            Time::Open
        } else {
            Time::Early
        }
    }

    /// Whether a goal was seen to be done or answered, and the agent's message speaks of nothing else.
    fn at_rest(&self, goal: usize, last: &AgentFacts) -> bool {
        let seen = match &self.task.intent.goals[goal].wish {
            Wish::Question(_) => self.progress.is_done(goal),
            wish => wish.call().is_some_and(|call| self.done.contains(call)),
        };
        let nothing_else =
            last.asks.is_empty() && last.proposal.is_none() && last.refusal.is_none();
        seen && (last.report || nothing_else)
    }

    /// Whether a message may be meant as the moment for the change: it reports what can't be told to be another
    /// goal's write, or may ask to confirm the goal.
    fn may_be_meant(
        &self,
        change: &ChangeScript,
        text: &str,
        facts: &AgentFacts,
        moved: bool,
    ) -> bool {
        let claims = facts.report && !moved && !self.progress.speaks_of_another(change.at, text);
        match change.trigger {
            Trigger::BeforeProposal => true,
            Trigger::AtConfirmation => claims || self.progress.broaches(change.at, text, facts),
            Trigger::AfterWrite => claims,
        }
    }

    /// The change of mind, unless it was spoken.
    pub(super) fn change(&self) -> Option<&'a ChangeScript> {
        self.progress.change()
    }

    /// Refuses a turn that changes the mind before its time, or says something else when it is due.
    pub(super) fn check_time(&self, changes: bool) -> Result<(), String> {
        match self.time {
            Time::Early if changes => Err("it is not time to change your mind yet".to_owned()),
            Time::Due if !changes => Err("now is the time to change your mind".to_owned()),
            _ => Ok(()),
        }
    }

    /// Refuses a yes to what the user does not want, and a no to what it wants: the agent would be scored for
    /// another wish than the script's. Before a change of mind there may be reasons for a no that are not read.
    pub(super) fn check_answer(&self, text: &str) -> Result<(), String> {
        let Some(facts) = &self.proposed else {
            return Ok(());
        };
        match (read_user(text).consent, self.progress.wants(facts)) {
            (Some(true), Some(false)) => {
                Err("you agree to something that is not what you want".to_owned())
            }
            (Some(false), Some(true)) if self.change().is_none() => {
                Err("you say no to what you want".to_owned())
            }
            _ => Ok(()),
        }
    }

    /// Whether a tool has handed the user over.
    pub(super) fn handed_over(&self) -> bool {
        let transfer = self.domain.transfer("");
        transfer.is_some_and(|transfer| self.done.iter().any(|call| call.name == transfer.name))
    }

    /// Refuses to leave so with a change of mind to come. Satisfied is nobody without it; who is turned down, or
    /// is led nowhere, may never come to it.
    pub(super) fn check_changed(&self, outcome: UserOutcome) -> Result<(), String> {
        let missing = self.change().is_some()
            && match outcome {
                UserOutcome::Satisfied => true,
                UserOutcome::Refused | UserOutcome::GaveUp => self.time > Time::Early,
                UserOutcome::Transferred => false,
            };
        if missing {
            return Err("you have not changed your mind yet".to_owned());
        }
        Ok(())
    }

    /// Turns of the agent in a row that led nowhere.
    pub(super) fn astray(&self) -> usize {
        self.astray
    }

    /// Takes note of what the user says itself: its mind is changed by the script's words for it.
    pub(super) fn spoke(&mut self, text: &str) {
        if let Some(change) = self.change().filter(|change| text.contains(&change.text)) {
            self.progress.change_mind(change);
            self.time = Time::Early;
        }
    }

    /// How far the conversation is with a turn that changes the mind, or does not.
    pub(super) fn moment(&self, changes: bool) -> Moment<'_> {
        let spoken = self.task.script.change.is_some() && self.change().is_none();
        Moment {
            asked: &self.asked,
            changed: changes || spoken,
            heard: &self.said,
        }
    }
}

/// What the agent said since the user spoke, and the facts of it, in order.
fn since<'c>(
    domain: &dyn Domain,
    conversation: &'c Conversation<'_>,
    beside_calls: bool,
) -> Vec<(&'c str, AgentFacts)> {
    let messages = conversation.messages().iter().rev();
    let since = messages.take_while(|message| !matches!(message, Message::User { .. }));
    let texts = since.filter_map(|message| match message {
        Message::Assistant { text, calls, .. } if !text.is_empty() => {
            (beside_calls || calls.is_empty()).then_some(text.as_str())
        }
        _ => None,
    });
    let read = |(back, text): (usize, &'c str)| {
        let facts = match back {
            0 => conversation.agent_facts().clone(),
            _ => read_agent(domain, text),
        };
        (text, facts)
    };
    let mut heard: Vec<(&str, AgentFacts)> = texts.enumerate().map(read).collect();
    heard.reverse();
    heard
}

/// The calls that tools have carried out since the user spoke, in order.
fn carried_out(messages: &[Message]) -> Vec<PlannedCall> {
    let spoke = messages
        .iter()
        .rposition(|message| matches!(message, Message::User { .. }));
    let since = &messages[spoke.map_or(0, |place| place + 1)..];
    let succeeded = |id: &str| {
        let answers = |message: &Message| matches!(message, Message::Tool { call_id, error: false, .. } if call_id == id);
        since.iter().any(answers)
    };
    let calls = since.iter().filter_map(|message| match message {
        Message::Assistant { calls, .. } => Some(calls),
        _ => None,
    });
    let calls = calls.flatten().filter(|call| succeeded(&call.id));
    calls.map(|call| Attempted::from(call).call).collect()
}

/// A text without these words in it.
pub(super) fn without(text: &str, words: &str) -> String {
    let rest = text.split(words).map(str::trim);
    let rest: Vec<&str> = rest.filter(|rest| !rest.is_empty()).collect();
    rest.join(" ")
}
