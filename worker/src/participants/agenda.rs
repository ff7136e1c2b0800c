//! The agenda user: speaks from its script by rules, offline and deterministically.
//!
//! It keeps a list of goals, says yes to a proposal that agrees with one of them and no to any other,
//! answers what it is asked, changes its mind where the script says so, and leaves when everything is
//! settled, when it is handed over, or when its patience runs out. It never says a hidden slot unasked.
//! A refusal of something it has no open wish for is a misunderstanding to it: it states its wish again.

use proto::record::{
    ChangeScript, Goal, GoalScript, Message, Slot, Task, Trigger, UserOutcome, Wish,
};
use proto::seed::{Rng, Seed};

use super::User;
use crate::dialogue::conversation::{Conversation, UserTurn};
use crate::dialogue::facts::{AgentFacts, told};
use crate::domains::{Agreement, Domain};
use crate::language::small_talk::{Reply, small_talk};

/// How often in a row the user puts up with a message that leads nowhere.
const PATIENCE: u32 = 3;

/// Where a goal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
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

/// A simulated user that follows its task's script.
#[derive(Debug)]
pub struct Agenda<'a> {
    domain: &'a dyn Domain,
    task: &'a Task,
    rng: Rng,
    goals: Vec<(&'a GoalScript, Standing)>,
    change: Option<&'a ChangeScript>,
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
        let standing = |place: usize| {
            if place < stated {
                Standing::Open
            } else {
                Standing::Unsaid
            }
        };
        Self {
            domain,
            task,
            rng: seed.rng(),
            goals: script
                .goals
                .iter()
                .enumerate()
                .map(|(place, goal)| (goal, standing(place)))
                .collect(),
            change: script.change.as_ref(),
            pushed_back: false,
            opened: false,
            answered: Vec::new(),
            patience: PATIENCE,
        }
    }

    /// Notes what the agent's message settles; true if anything moved.
    fn take_note(&mut self, text: &str, facts: &AgentFacts) -> bool {
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

    /// Whether a text names the very call of a goal.
    fn speaks_of(&self, goal: usize, text: &str) -> bool {
        let Some(call) = self.task.intent.goals[goal].wish.call() else {
            return false;
        };
        self.domain.agrees(&self.domain.mentions(text), call) == Agreement::Same
    }

    /// The goal a refusal is taken to be about: the open one whose target it names, else the one agreed
    /// on, else the first open one.
    fn refused_place(&self, text: &str) -> Option<usize> {
        let open = |standing| matches!(standing, Standing::Agreed | Standing::Open);
        let mentions = self.domain.mentions(text);
        let named = |&(script, standing): &(&GoalScript, Standing)| {
            let target = self.task.intent.goals[script.goal].slots.first();
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
        let target = |goal: usize| self.task.intent.goals[goal].slots.first();
        let named = |slot: &Slot| mentions.of(&slot.name).contains(&slot.value);
        let mut names = (0..self.task.intent.goals.len()).filter_map(target);
        let names_one = names.any(|slot| !mentions.of(&slot.name).is_empty());
        let mut goals = self.goals.iter().filter(|&&(_, standing)| open(standing));
        names_one && !goals.any(|(script, _)| target(script.goal).is_some_and(named))
    }

    /// Whether the change of mind is due after this message.
    fn change_due(&self, facts: &AgentFacts) -> bool {
        let Some(change) = self.change else {
            return false;
        };
        let at_done = self
            .goals
            .iter()
            .any(|&(goal, standing)| goal.goal == change.at && standing == Standing::Done);
        match change.trigger {
            Trigger::BeforeProposal => true,
            // An agent that never proposes has reported by now, or is about to be left.
            Trigger::AtConfirmation => {
                at_done || self.all_settled() || self.proposes(change.at, facts)
            }
            Trigger::AfterWrite => at_done || self.all_settled(),
        }
    }

    fn proposes(&self, goal: usize, facts: &AgentFacts) -> bool {
        let call = self.task.intent.goals[goal].wish.call();
        let proposal = facts.proposal.as_ref();
        proposal
            .zip(call)
            .is_some_and(|(proposal, call)| self.domain.agrees(proposal, call) == Agreement::Same)
    }

    fn all_settled(&self) -> bool {
        self.goals
            .iter()
            .all(|(_, standing)| matches!(standing, Standing::Done | Standing::Refused))
    }

    /// Takes up the goals in force after the change; what is settled stays settled.
    fn change_mind(&mut self, change: &'a ChangeScript) {
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

    fn reply(&mut self, reply: Reply<'_>) -> String {
        small_talk(reply, &self.task.script.persona.style, &mut self.rng)
    }

    /// The answer to a question for a slot: that of the open goal which the agent's words are most about,
    /// else of the first. Which target is meant can't be told by the targets offered.
    fn reveal(&self, slot: &str, text: &str) -> Option<&'a str> {
        let text = text.to_ascii_lowercase();
        let mut best: Option<(usize, &'a str)> = None;
        for &(script, standing) in &self.goals {
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
        let agreed = (0..self.goals.len()).find(|&place| {
            let (script, standing) = self.goals[place];
            !matches!(standing, Standing::Done | Standing::Refused)
                && self.proposes(script.goal, facts)
        });
        let Some(place) = agreed else {
            self.patience = self.patience.saturating_sub(u32::from(self.all_settled()));
            return match self.mistaken(facts) {
                Some(script) => self.reply(Reply::NotThat(&script.say)),
                None => self.reply(Reply::No),
            };
        };
        if let Some(first) = self.before(self.goals[place].0.goal) {
            self.patience = self.patience.saturating_sub(1);
            self.goals[first].1 = Standing::Open;
            let script = self.goals[first].0;
            return self.reply(Reply::NotYet(&script.say));
        }
        self.goals[place].1 = Standing::Agreed;
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
        let found = self.goals.iter().find(mistaken);
        found.map(|&(script, _)| script)
    }

    /// The goal that must be done before `goal`: a change of mind about `goal` comes only after it.
    fn before(&self, goal: usize) -> Option<usize> {
        let change = self.change.filter(|change| {
            let stays = change.goals.iter().any(|script| script.goal == goal);
            change.trigger == Trigger::AfterWrite && change.at != goal && !stays
        })?;
        self.goals.iter().position(|&(script, standing)| {
            script.goal == change.at && matches!(standing, Standing::Open | Standing::Unsaid)
        })
    }

    /// States the next goal, first or again.
    fn restate(&mut self) -> String {
        let unsaid = self
            .goals
            .iter()
            .position(|&(_, standing)| standing == Standing::Unsaid);
        let open = self
            .goals
            .iter()
            .position(|&(_, standing)| standing == Standing::Open);
        match open.or(unsaid) {
            Some(place) => {
                self.goals[place].1 = Standing::Open;
                let say = &self.goals[place].0.say;
                self.reply(Reply::Restate(say))
            }
            None => self.reply(Reply::Nudge),
        }
    }

    fn leave(&self) -> UserTurn {
        let refused = self
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
        let mut moved = self.take_note(text, facts);
        // What is reported beside a refusal names its own target, not that of the refusal.
        let refused = facts.refusal.is_some() && (facts.report || !self.misdirected(text));
        if refused && let Some(place) = self.refused_place(text) {
            if self.task.script.persona.insistent && !self.pushed_back {
                self.pushed_back = true;
                return UserTurn::Say(self.reply(Reply::PushBack));
            }
            self.goals[place].1 = Standing::Refused;
            moved = true;
        }
        if let Some(change) = self.change.filter(|_| self.change_due(facts)) {
            let identity = facts.asks.iter().any(|slot| slot == "identity");
            self.change_mind(change);
            let before = if identity {
                format!("{} ", self.task.script.identity)
            } else {
                String::new()
            };
            return UserTurn::Say(format!("{before}{}", change.text));
        }
        // A proposal is answered even when nothing is open: silence could be taken for a yes.
        if self.all_settled() && facts.proposal.is_none() {
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
