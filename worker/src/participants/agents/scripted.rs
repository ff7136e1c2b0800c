//! Follows a course, adapting it to what the user answers: repeats a proposal that was not agreed to,
//! skips what a leave-taking user no longer wants.

use proto::record::{Message, PlannedCall, Task};
use proto::seed::{Rng, Seed};

use super::plan::{Move, Speech};
use crate::dialogue::conversation::{AgentTurn, Conversation};
use crate::dialogue::grounding::words_known;
use crate::domains::Domain;
use crate::language::agent::{Act, speak};
use crate::participants::Agent;

/// How often a proposal is repeated when the answer is no yes.
const REPEATS: u32 = 1;

/// An agent that follows a course.
#[derive(Debug)]
pub struct Scripted<'a> {
    domain: &'a dyn Domain,
    task: &'a Task,
    course: Vec<Move>,
    at: usize,
    repeats: u32,
    /// Whether a yes is waited for before a write.
    patient: bool,
    /// Words used when the course is over: one fixed sentence, or an offer of further help.
    afterwards: Option<String>,
    alternatives: Vec<PlannedCall>,
    rng: Rng,
}

impl<'a> Scripted<'a> {
    /// An agent that follows `course`; the seed varies its wording.
    pub fn new(domain: &'a dyn Domain, task: &'a Task, course: Vec<Move>, seed: Seed) -> Self {
        Self {
            domain,
            task,
            course,
            at: 0,
            repeats: 0,
            patient: true,
            afterwards: None,
            alternatives: Vec::new(),
            rng: seed.rng(),
        }
    }

    /// Writes whether or not the user has said yes.
    #[must_use]
    pub fn impatient(mut self) -> Self {
        self.patient = false;
        self
    }

    /// Says this whenever the course is over.
    #[must_use]
    pub fn afterwards(mut self, text: &str) -> Self {
        self.afterwards = Some(text.to_owned());
        self
    }

    /// Offers these calls in turn, last first, in place of one that the user does not agree to.
    #[must_use]
    pub fn alternatives(mut self, calls: Vec<PlannedCall>) -> Self {
        self.alternatives = calls;
        self
    }

    /// Goes back to the proposal when the next move is a write that the user has not agreed to.
    fn reconsider(&mut self, conversation: &Conversation<'_>) {
        let user_spoke = matches!(conversation.messages().last(), Some(Message::User { .. }));
        let Some(Move::Call(next)) = self.course.get(self.at).cloned() else {
            return;
        };
        let agreed = conversation.user_facts().consent == Some(true);
        if !self.patient || !user_spoke || agreed || !self.just_proposed(&next) {
            return;
        }
        if let Some(other) = self.alternatives.pop() {
            substitute(&mut self.course, &next, &other);
        } else if self.repeats < REPEATS {
            self.repeats += 1;
        } else {
            return;
        }
        self.at -= 1;
        // What was reported once is not reported again.
        if let Move::Say(said) = &mut self.course[self.at] {
            said.retain(|speech| !matches!(speech, Speech::Report(_)));
        }
    }

    fn just_proposed(&self, call: &PlannedCall) -> bool {
        let before = self.at.checked_sub(1).map(|before| &self.course[before]);
        matches!(before, Some(Move::Say(said)) if matches!(said.last(), Some(Speech::Propose(proposed)) if proposed == call))
    }

    fn words(&mut self, conversation: &Conversation<'_>, said: &[Speech]) -> String {
        let mut text = String::new();
        for speech in said {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(&self.sentence(conversation, speech));
        }
        text
    }

    fn sentence(&mut self, conversation: &Conversation<'_>, speech: &Speech) -> String {
        let world = conversation.world();
        let goals = &self.task.intent.goals;
        let (slots, offers): (Vec<&str>, Vec<(String, Vec<String>)>);
        let act = match speech {
            Speech::AskIdentity => Act::AskIdentity,
            Speech::Ask(goal) => {
                let goal = &goals[*goal];
                slots = goal
                    .slots
                    .iter()
                    .filter(|slot| slot.hidden())
                    .map(|slot| slot.name.as_str())
                    .collect();
                offers = candidates(self.domain, conversation, self.task, goal, &slots);
                Act::Ask {
                    goal,
                    slots: &slots,
                    offers: &offers,
                }
            }
            Speech::AskFor { goal, slot } => {
                slots = vec![slot.as_str()];
                Act::Ask {
                    goal: &goals[*goal],
                    slots: &slots,
                    offers: &[],
                }
            }
            Speech::Propose(call) => Act::Propose(call),
            Speech::Report(call) => Act::Report(call),
            Speech::Refuse {
                goal,
                reason,
                again,
            } => Act::Refuse {
                reason,
                insist: *again,
                subject: goals[*goal].wish.call(),
            },
            Speech::Transfer => Act::Transfer,
            Speech::Tell(question) => Act::Tell(question),
            Speech::AnythingElse => Act::AnythingElse,
        };
        speak(self.domain, world, &act, &mut self.rng)
    }
}

/// What a good agent offers to choose from: the distinct values that the opening leaves open, if it has
/// seen them all; an open question otherwise.
fn candidates(
    domain: &dyn Domain,
    conversation: &Conversation<'_>,
    task: &Task,
    goal: &proto::record::Goal,
    slots: &[&str],
) -> Vec<(String, Vec<String>)> {
    let world = conversation.world();
    let bindings = domain.bindings(world, &task.intent.person, goal);
    let named = |slot: &str| {
        let mut values: Vec<String> = Vec::new();
        for call in &bindings {
            if let Some(value) = domain.candidate(world, call, slot)
                && !values.contains(&value)
            {
                values.push(value);
            }
        }
        (slot.to_owned(), values)
    };
    slots
        .iter()
        .map(|slot| named(slot))
        .filter(|(_, values)| values.len() > 1)
        .filter(|(_, values)| {
            values
                .iter()
                .all(|value| words_known(value, conversation.messages()))
        })
        .collect()
}

impl Agent for Scripted<'_> {
    fn turn(&mut self, conversation: &Conversation<'_>) -> AgentTurn {
        self.reconsider(conversation);
        let next = self.course.get(self.at).cloned();
        self.at += usize::from(next.is_some());
        match next {
            Some(Move::Call(call)) => AgentTurn::call(call),
            Some(Move::Say(said)) => {
                self.repeats = if matches!(said.last(), Some(Speech::Propose(_))) {
                    self.repeats
                } else {
                    0
                };
                AgentTurn::say(self.words(conversation, &said))
            }
            None => match &self.afterwards {
                Some(text) => AgentTurn::say(text.clone()),
                None => AgentTurn::say(speak(
                    self.domain,
                    conversation.world(),
                    &Act::AnythingElse,
                    &mut self.rng,
                )),
            },
        }
    }
}

/// Puts `new` in the place of `old` wherever a course proposes, makes or reports it.
pub fn substitute(course: &mut [Move], old: &PlannedCall, new: &PlannedCall) {
    let swap = |call: &mut PlannedCall| {
        if call == old {
            *call = new.clone();
        }
    };
    for step in course {
        match step {
            Move::Call(call) => swap(call),
            Move::Say(said) => {
                for speech in said {
                    if let Speech::Propose(call) | Speech::Report(call) = speech {
                        swap(call);
                    }
                }
            }
        }
    }
}
