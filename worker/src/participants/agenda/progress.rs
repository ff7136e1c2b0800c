//! How far a conversation has come with what a script wants: where each of its goals stands by the agent's
//! words, and whether its change of mind is due.

use proto::record::{
    ChangeScript, Effect, Goal, GoalScript, PlannedCall, Slot, Task, Trigger, Wish,
};

use crate::dialogue::facts::{AgentFacts, told};
use crate::domains::{Agreement, Domain};

/// Where a goal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Not yet spoken of.
    Unsaid,
    /// Spoken of, not settled.
    Open,
    /// The user has said yes and awaits the report.
    Agreed,
    /// Done or answered.
    Done,
    /// Refused.
    Refused,
}

/// Where the goals of a script stand.
#[derive(Debug)]
pub struct Progress<'a> {
    domain: &'a dyn Domain,
    task: &'a Task,
    /// The goals in force.
    pub(super) goals: Vec<(&'a GoalScript, Standing)>,
    /// The change of mind, until it is spoken.
    pub(super) change: Option<&'a ChangeScript>,
}

impl<'a> Progress<'a> {
    /// At the start of `task`, with as many of its goals `stated`.
    pub fn new(domain: &'a dyn Domain, task: &'a Task, stated: usize) -> Self {
        let standing = |place: usize| {
            if place < stated {
                Standing::Open
            } else {
                Standing::Unsaid
            }
        };
        let goals = task.script.goals.iter().enumerate();
        Self {
            domain,
            task,
            goals: goals.map(|(place, goal)| (goal, standing(place))).collect(),
            change: task.script.change.as_ref(),
        }
    }

    /// The change of mind, unless it was spoken.
    pub fn change(&self) -> Option<&'a ChangeScript> {
        self.change
    }

    /// Notes what the agent's message settles; true if anything moved.
    pub fn take_note(&mut self, text: &str, facts: &AgentFacts) -> bool {
        let mut moved = false;
        for place in 0..self.goals.len() {
            let (script, standing) = self.goals[place];
            let settled = match (&self.task.intent.goals[script.goal].wish, standing) {
                (_, Standing::Done | Standing::Refused) => false,
                (Wish::Question(question), _) => told(self.domain, text, question),
                (_, Standing::Agreed) => {
                    facts.report
                        || facts.refusal.is_none()
                            && facts.proposal.is_none()
                            && facts.asks.is_empty()
                }
                _ => facts.report && facts.proposal.is_none() && self.speaks_of(script.goal, text),
            };
            if settled {
                self.goals[place].1 = Standing::Done;
                moved = true;
            }
        }
        moved
    }

    /// Notes that a tool has carried a call out; true if anything moved.
    pub fn carried_out(&mut self, call: &PlannedCall) -> bool {
        let mut moved = false;
        for (script, standing) in &mut self.goals {
            let wished = self.task.intent.goals[script.goal].wish.call() == Some(call);
            if wished && *standing != Standing::Done {
                *standing = Standing::Done;
                moved = true;
            }
        }
        moved
    }

    /// Notes that the goal at `place` is refused.
    pub fn refuse(&mut self, place: usize) {
        self.goals[place].1 = Standing::Refused;
    }

    /// Whether a goal was done or answered.
    pub fn is_done(&self, goal: usize) -> bool {
        let done = |&(script, standing): &(&GoalScript, Standing)| {
            script.goal == goal && standing == Standing::Done
        };
        self.goals.iter().any(done)
    }

    /// Whether a text names the very call of a goal.
    fn speaks_of(&self, goal: usize, text: &str) -> bool {
        let Some(call) = self.task.intent.goals[goal].wish.call() else {
            return false;
        };
        self.domain.agrees(&self.domain.mentions(text), call) == Agreement::Same
    }

    /// Whether a text names the very call of another goal in force.
    pub fn speaks_of_another(&self, goal: usize, text: &str) -> bool {
        let mut others = self.goals.iter().map(|(script, _)| script.goal);
        others.any(|other| other != goal && self.speaks_of(other, text))
    }

    /// The place of the goal that a message refuses, if it refuses one.
    pub fn refused(&self, text: &str, facts: &AgentFacts) -> Option<usize> {
        // What is reported beside a refusal names its own target, not that of the refusal.
        let refused = facts.refusal.is_some() && (facts.report || !self.misdirected(text));
        if refused {
            self.refused_place(text)
        } else {
            None
        }
    }

    /// The goal a refusal is taken to be about: the open one whose target it names, else the one agreed
    /// on, else the first open one.
    fn refused_place(&self, text: &str) -> Option<usize> {
        let open = |standing| matches!(standing, Standing::Agreed | Standing::Open);
        let mentions = self.domain.mentions(text);
        let named = |&(script, standing): &(&GoalScript, Standing)| {
            let target = self.target(script.goal);
            open(standing)
                && target.is_some_and(|slot| mentions.of(&slot.name) == [slot.value.clone()])
        };
        let at = |wanted| {
            self.goals
                .iter()
                .position(|&(_, standing)| standing == wanted)
        };
        let named = self.goals.iter().position(named);
        named
            .or_else(|| at(Standing::Agreed))
            .or_else(|| at(Standing::Open))
    }

    /// Whether a refusal is about something that this user has no open wish for: it names a target, and
    /// none of theirs.
    fn misdirected(&self, text: &str) -> bool {
        let mentions = self.domain.mentions(text);
        let open = |standing| !matches!(standing, Standing::Done | Standing::Refused);
        let named = |slot: &Slot| mentions.of(&slot.name).contains(&slot.value);
        let mut names = (0..self.task.intent.goals.len()).filter_map(|goal| self.target(goal));
        let names_one = names.any(|slot| !mentions.of(&slot.name).is_empty());
        let mut goals = self.goals.iter().filter(|&&(_, standing)| open(standing));
        names_one && !goals.any(|(script, _)| self.target(script.goal).is_some_and(named))
    }

    /// The slot that narrows the others of a goal.
    fn target(&self, goal: usize) -> Option<&'a Slot> {
        self.task.intent.goals[goal].slots.first()
    }

    /// Whether the change of mind is due after this message.
    pub fn change_due(&self, facts: &AgentFacts) -> bool {
        let Some(change) = self.change else {
            return false;
        };
        let at_done = self.is_done(change.at);
        match change.trigger {
            Trigger::BeforeProposal => true,
            // An agent that never proposes has reported by now, or is about to be left.
            Trigger::AtConfirmation => {
                at_done || self.all_settled() || self.proposes(change.at, facts)
            }
            Trigger::AfterWrite => at_done || self.all_settled(),
        }
    }

    /// Whether a message proposes a goal's call.
    pub fn proposes(&self, goal: usize, facts: &AgentFacts) -> bool {
        let call = self.task.intent.goals[goal].wish.call();
        let proposal = facts.proposal.as_ref();
        proposal
            .zip(call)
            .is_some_and(|(proposal, call)| self.domain.agrees(proposal, call) == Agreement::Same)
    }

    /// Whether what a message proposes is what the user wants: yes, where it names an open goal's call with every
    /// value that the goal has; no, where it names that write with another value, or another write of another
    /// target. Nothing where that can't be told, as of a proposal that leaves something out or is about several things.
    pub fn wants(&self, facts: &AgentFacts) -> Option<bool> {
        let proposal = facts.proposal.as_ref()?;
        let open = |standing| !matches!(standing, Standing::Done | Standing::Refused);
        let goals = self.goals.iter().map(|&(script, standing)| {
            let goal = &self.task.intent.goals[script.goal];
            let how = goal.wish.call();
            let how = how.map(|call| self.domain.agrees(proposal, call));
            (goal, open(standing), how)
        });
        let goals: Vec<(&Goal, bool, Option<Agreement>)> = goals.collect();
        let named = |slot: &Slot| proposal.of(&slot.name);
        let mut same = goals
            .iter()
            .filter(|(.., how)| *how == Some(Agreement::Same));
        if same.clone().next().is_some() {
            let whole = |goal: &Goal| goal.slots.iter().all(|slot| !named(slot).is_empty());
            return same
                .any(|(goal, open, _)| *open && whole(goal))
                .then_some(true);
        }
        let targets = || goals.iter().filter_map(|(goal, ..)| goal.slots.first());
        if targets().any(|slot| named(slot).len() > 1 && named(slot).contains(&slot.value)) {
            return None;
        }
        let differs = goals
            .iter()
            .any(|(_, open, how)| *open && *how == Some(Agreement::Differs));
        let write = proposal.tool.as_deref();
        let write = write.filter(|name| self.domain.effect(name) == Some(Effect::Write));
        let mut calls = goals.iter().filter_map(|(goal, ..)| goal.wish.call());
        let other = write.is_some_and(|name| calls.all(|call| call.name != name));
        let elsewhere = targets().any(|slot| !named(slot).is_empty())
            && !targets().any(|slot| named(slot).contains(&slot.value));
        (differs || other && elsewhere).then_some(false)
    }

    /// Whether a message may be meant to have a goal confirmed, though the parser does not read it so: it asks
    /// for no slot, or proposes, and names the goal's write or a target that is no other goal's.
    pub fn broaches(&self, goal: usize, text: &str, facts: &AgentFacts) -> bool {
        let asks = facts.proposal.is_some() || facts.asks.is_empty() && text.contains('?');
        let mentions = self.domain.mentions(text);
        let call = self.task.intent.goals[goal].wish.call();
        let names_it =
            call.is_some_and(|call| self.domain.agrees(&mentions, call) != Agreement::Unrelated);
        let own = self.target(goal).filter(|own| {
            let same = |other: &Slot| other.name == own.name && other.value == own.value;
            let mut others = self.goals.iter().map(|(script, _)| script.goal);
            !others.any(|other| other != goal && self.target(other).is_some_and(same))
        });
        let targets = own.is_some_and(|own| mentions.of(&own.name).contains(&own.value));
        asks && (names_it || targets)
    }

    /// Whether every goal in force came to something.
    pub fn all_settled(&self) -> bool {
        self.goals
            .iter()
            .all(|(_, standing)| matches!(standing, Standing::Done | Standing::Refused))
    }

    /// Takes up the goals in force after the change; what is settled stays settled.
    pub fn change_mind(&mut self, change: &'a ChangeScript) {
        self.change = None;
        let before = std::mem::take(&mut self.goals);
        let standing = |goal: usize| {
            let known = before.iter().find(|(script, _)| script.goal == goal);
            known.map_or(Standing::Open, |&(_, standing)| match standing {
                Standing::Agreed | Standing::Unsaid => Standing::Open,
                settled => settled,
            })
        };
        self.goals = change
            .goals
            .iter()
            .map(|script| (script, standing(script.goal)))
            .collect();
    }
}
