//! The agenda user: speaks from its script by rules, offline and deterministically.
//!
//! It keeps a list of goals, says yes to a proposal that agrees with one of them and no to any other,
//! answers what it is asked, changes its mind where the script says so, and leaves when everything is
//! settled, when it is handed over, or when its patience runs out. It never says a hidden slot unasked.
//! A refusal of something it has no open wish for is a misunderstanding to it: it states its wish again.

pub mod progress;

use proto::record::{Goal, GoalScript, Message, Task, Trigger, UserOutcome};
use proto::seed::{Rng, Seed};

use super::User;
use crate::dialogue::conversation::{Conversation, UserTurn};
use crate::dialogue::facts::AgentFacts;
use crate::domains::Domain;
use crate::language::small_talk::{Reply, small_talk};
use progress::{Progress, Standing};

/// How often in a row the user puts up with a message that leads nowhere.
const PATIENCE: u32 = 3;

/// A simulated user that follows its task's script.
#[derive(Debug)]
pub struct Agenda<'a> {
    task: &'a Task,
    rng: Rng,
    progress: Progress<'a>,
    pushed_back: bool,
    opened: bool,
    /// Slots answered so far: asking again wears patience down.
    answered: Vec<String>,
    patience: u32,
}

impl<'a> Agenda<'a> {
    /// A user for `task`; the seed varies its wording.
    pub fn new(domain: &'a dyn Domain, task: &'a Task, seed: Seed) -> Self {
        let script = &task.script;
        let stated = if script.persona.one_at_a_time {
            1
        } else {
            script.goals.len()
        };
        Self {
            task,
            rng: seed.rng(),
            progress: Progress::new(domain, task, stated),
            pushed_back: false,
            opened: false,
            answered: Vec::new(),
            patience: PATIENCE,
        }
    }

    fn reply(&mut self, reply: Reply<'_>) -> String {
        small_talk(reply, &self.task.script.persona.style, &mut self.rng)
    }

    /// The answer to a question for a slot: that of the open goal which the agent's words are most about,
    /// else of the first. Which target is meant can't be told by the targets offered.
    fn reveal(&self, slot: &str, text: &str) -> Option<&'a str> {
        let text = text.to_ascii_lowercase();
        let mut best: Option<(usize, &'a str)> = None;
        for &(script, standing) in &self.progress.goals {
            if !matches!(standing, Standing::Open | Standing::Agreed) {
                continue;
            }
            let Some(reveal) = script.reveals.iter().find(|reveal| reveal.slot == slot) else {
                continue;
            };
            let goal = &self.task.intent.goals[script.goal];
            let told = goal.slots.first().is_none_or(|target| target.name != slot);
            let about = if told { named(goal, &text) } else { 0 };
            if best.is_none_or(|(most, _)| about > most) {
                best = Some((about, &reveal.text));
            }
        }
        best.map(|(_, text)| text)
    }

    /// What the agent asked for, as far as this user can tell.
    fn answers(&mut self, text: &str, facts: &AgentFacts) -> Vec<String> {
        let mut said = Vec::new();
        for slot in &facts.asks {
            if slot == "identity" {
                said.push(self.task.script.identity.clone());
                continue;
            }
            if let Some(reveal) = self.reveal(slot, text) {
                said.push(reveal.to_owned());
            }
        }
        said.dedup();
        if said.is_empty() && !facts.asks.is_empty() {
            said.push(self.reply(Reply::DontKnow));
        }
        said
    }

    /// A yes to a proposal that agrees with a goal, a no to any other. What the change of mind is about
    /// has to wait for the write after which it comes.
    fn answer_proposal(&mut self, facts: &AgentFacts) -> String {
        let agreed = (0..self.progress.goals.len()).find(|&place| {
            let (script, standing) = self.progress.goals[place];
            !matches!(standing, Standing::Done | Standing::Refused)
                && self.progress.proposes(script.goal, facts)
        });
        let Some(place) = agreed else {
            let settled = self.progress.all_settled();
            self.patience = self.patience.saturating_sub(u32::from(settled));
            return match self.mistaken(facts) {
                Some(script) => self.reply(Reply::NotThat(&script.say)),
                None => self.reply(Reply::No),
            };
        };
        if let Some(first) = self.before(self.progress.goals[place].0.goal) {
            self.patience = self.patience.saturating_sub(1);
            self.progress.goals[first].1 = Standing::Open;
            let script = self.progress.goals[first].0;
            return self.reply(Reply::NotYet(&script.say));
        }
        self.progress.goals[place].1 = Standing::Agreed;
        self.reply(Reply::Yes)
    }

    /// The open goal whose target is proposed for another write than the one wished for.
    fn mistaken(&self, facts: &AgentFacts) -> Option<&'a GoalScript> {
        let proposal = facts.proposal.as_ref()?;
        let mistaken = |&&(script, standing): &&(&'a GoalScript, Standing)| {
            let goal = &self.task.intent.goals[script.goal];
            let other = goal.wish.call().map(|call| call.name.as_str()) != proposal.tool.as_deref();
            let target = goal.slots.first();
            standing == Standing::Open
                && other
                && target.is_some_and(|slot| proposal.of(&slot.name).contains(&slot.value))
        };
        let found = self.progress.goals.iter().find(mistaken);
        found.map(|&(script, _)| script)
    }

    /// The goal that must be done before `goal`: a change of mind about `goal` comes only after it.
    fn before(&self, goal: usize) -> Option<usize> {
        let change = self.progress.change.filter(|change| {
            let stays = change.goals.iter().any(|script| script.goal == goal);
            change.trigger == Trigger::AfterWrite && change.at != goal && !stays
        })?;
        self.progress.goals.iter().position(|&(script, standing)| {
            script.goal == change.at && matches!(standing, Standing::Open | Standing::Unsaid)
        })
    }

    /// States the next goal, first or again.
    fn restate(&mut self) -> String {
        let unsaid = self
            .progress
            .goals
            .iter()
            .position(|&(_, standing)| standing == Standing::Unsaid);
        let open = self
            .progress
            .goals
            .iter()
            .position(|&(_, standing)| standing == Standing::Open);
        match open.or(unsaid) {
            Some(place) => {
                self.progress.goals[place].1 = Standing::Open;
                let say = &self.progress.goals[place].0.say;
                self.reply(Reply::Restate(say))
            }
            None => self.reply(Reply::Nudge),
        }
    }

    fn leave(&self) -> UserTurn {
        let refused = self
            .progress
            .goals
            .iter()
            .any(|&(_, standing)| standing == Standing::Refused);
        UserTurn::End(if refused {
            UserOutcome::Refused
        } else {
            UserOutcome::Satisfied
        })
    }

    fn respond(&mut self, text: &str, facts: &AgentFacts) -> UserTurn {
        if facts.transfer {
            return UserTurn::End(UserOutcome::Transferred);
        }
        let mut moved = self.progress.take_note(text, facts);
        if let Some(place) = self.progress.refused(text, facts) {
            if self.task.script.persona.insistent && !self.pushed_back {
                self.pushed_back = true;
                return UserTurn::Say(self.reply(Reply::PushBack));
            }
            self.progress.refuse(place);
            moved = true;
        }
        let due = self.progress.change_due(facts);
        if let Some(change) = self.progress.change.filter(|_| due) {
            let identity = facts.asks.iter().any(|slot| slot == "identity");
            self.progress.change_mind(change);
            let before = if identity {
                format!("{} ", self.task.script.identity)
            } else {
                String::new()
            };
            return UserTurn::Say(format!("{before}{}", change.text));
        }
        // A proposal is answered even when nothing is open: silence could be taken for a yes.
        if self.progress.all_settled() && facts.proposal.is_none() {
            return self.leave();
        }
        let mut said = self.answers(text, facts);
        if facts.proposal.is_some() {
            said.insert(0, self.answer_proposal(facts));
        }
        if !said.is_empty() {
            let again = facts.asks.iter().any(|slot| self.answered.contains(slot));
            self.answered.extend(facts.asks.iter().cloned());
            self.patience = self.patience.saturating_sub(u32::from(again));
            return self.say_or_give_up(|_| said.join(" "));
        }
        if moved {
            self.patience = PATIENCE;
        } else {
            self.patience = self.patience.saturating_sub(1);
        }
        self.say_or_give_up(Self::restate)
    }

    fn say_or_give_up(&mut self, words: impl FnOnce(&mut Self) -> String) -> UserTurn {
        if self.patience == 0 {
            UserTurn::End(UserOutcome::GaveUp)
        } else {
            UserTurn::Say(words(self))
        }
    }
}

/// How many of a goal's things the text names: values and what they are called by.
fn named(goal: &Goal, text: &str) -> usize {
    let values = goal.slots.iter().map(|slot| &slot.value);
    let called = goal.slots.iter().flat_map(|slot| &slot.says);
    let words = values.chain(called.flat_map(|said| &said.arguments));
    let mut known: Vec<String> = words
        .filter_map(|value| value.as_str())
        .filter(|word| word.len() > 3)
        .map(str::to_ascii_lowercase)
        .collect();
    known.sort_unstable();
    known.dedup();
    known
        .iter()
        .filter(|word| text.contains(word.as_str()))
        .count()
}

impl User for Agenda<'_> {
    fn turn(&mut self, conversation: &Conversation<'_>) -> UserTurn {
        if !self.opened {
            self.opened = true;
            return UserTurn::Say(self.task.script.opening.clone());
        }
        let text = match conversation.messages().last() {
            Some(Message::Assistant { text, .. }) => text.as_str(),
            _ => "",
        };
        self.respond(text, conversation.agent_facts())
    }
}

#[cfg(test)]
mod tests;
