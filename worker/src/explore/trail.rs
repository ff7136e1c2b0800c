//! What a free explorer has done, and what of it is kept.
//!
//! It calls tools on a fork of the world. A call that the policy forbids is never carried out, one that a
//! tool refuses leaves nothing behind; both are told to the explorer and pruned. A write that succeeds stays
//! in the explorer's world, so that it can go on from there, and the domain is asked what wish it stands for,
//! told at the start. What stands for none, is not on the theme, or gets in the way of another wish is a
//! detour; what a later write undoes is erased with everything between, as loops of a walk are. As soon as
//! there is a wish for each that the theme seeks, their own walk is trodden from the start, without detours:
//! look-ups that ground a wish, then its write. So what is handed on never saw what was pruned.

use std::collections::BTreeMap;

use proto::ids::StateId;
use proto::record::{Actor, Effect, Exploration, Goal, Observation, PlannedCall};
use proto::seed::Seed;

use super::theme::{Place, Sought, Theme};
use crate::domains::{Domain, RestoreError};
use crate::environment::Environment;
use crate::rules::{Rule, Situation};

/// How often a wish is put into other words, until the look-ups made already are enough to ground it.
const WORDINGS: u64 = 8;

/// Why a call is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pruned {
    /// It is no call: its arguments are not what arguments must be.
    Malformed,
    /// The tool said no.
    Refused,
    /// A rule of the policy forbids it.
    Unlawful(&'static str),
    /// A write that changed nothing.
    Idle,
    /// The state before it came back later.
    Undone,
    /// The theme asks for no such write.
    OffTheme,
    /// The person could not ask for it so that it is clear what is meant, or left open as the theme has it.
    Unsayable,
    /// It touches what another wish touches.
    Entangled,
}

impl Pruned {
    /// As told.
    fn label(self) -> String {
        match self {
            Self::Malformed => "malformed".to_owned(),
            Self::Refused => "refused by the tool".to_owned(),
            Self::Unlawful(rule) => format!("against {rule}"),
            Self::Idle => "without effect".to_owned(),
            Self::Undone => "undone later".to_owned(),
            Self::OffTheme => "off the theme".to_owned(),
            Self::Unsayable => "no wish that can be told".to_owned(),
            Self::Entangled => "in the way of another wish".to_owned(),
        }
    }
}

/// A lawful write that succeeded.
#[derive(Debug)]
struct Write {
    call: PlannedCall,
    /// State before it.
    before: StateId,
    /// Wishes that it stands for, by what they leave open.
    wishes: Vec<(Option<String>, Goal)>,
}

impl Write {
    fn wish(&self, sought: &Sought) -> Option<&Goal> {
        let found = self.wishes.iter().find(|(hide, _)| *hide == sought.hide);
        found
            .map(|(_, goal)| goal)
            .filter(|_| fits(sought, &self.call))
    }
}

fn fits(sought: &Sought, call: &PlannedCall) -> bool {
    sought.any || sought.tool == call.name
}

/// A free exploration under way.
#[derive(Debug)]
pub struct Trail<'a> {
    domain: &'a dyn Domain,
    theme: &'a Theme,
    start: Box<dyn Environment>,
    world: Box<dyn Environment>,
    /// Who was authenticated last.
    person: Option<String>,
    /// Calls that succeeded.
    earlier: Vec<PlannedCall>,
    writes: Vec<Write>,
    calls: u64,
    pruned: BTreeMap<Pruned, usize>,
    found: Option<Exploration>,
    seed: Seed,
}

impl<'a> Trail<'a> {
    /// Before the first call.
    ///
    /// # Errors
    /// When the domain can't restore the theme's start.
    pub fn new(domain: &'a dyn Domain, theme: &'a Theme, seed: Seed) -> Result<Self, RestoreError> {
        let start = theme.world(domain)?;
        Ok(Self {
            domain,
            theme,
            world: start.fork(),
            start,
            person: None,
            earlier: Vec::new(),
            writes: Vec::new(),
            calls: 0,
            pruned: BTreeMap::new(),
            found: None,
            seed,
        })
    }

    /// What was found, once that is all the theme seeks.
    pub fn found(&mut self) -> Option<Exploration> {
        self.found.take()
    }

    /// Notes a call that is none.
    pub fn malformed(&mut self) {
        self.calls += 1;
        self.prune(Pruned::Malformed);
    }

    /// Makes a call; what comes back is for the explorer, with a note on what it is good for.
    pub fn call(&mut self, call: PlannedCall) -> Observation {
        self.calls += 1;
        if let Some(rule) = self.broken(&call) {
            self.prune(Pruned::Unlawful(rule.id));
            let text = format!("Error: the policy forbids this. {}", rule.sentence);
            return Observation { text, error: true };
        }
        let mut branch = self.world.fork();
        let observation = branch.call(Actor::Assistant, &call.name, &call.arguments);
        if observation.error {
            self.prune(Pruned::Refused);
            return observation;
        }
        let before = std::mem::replace(&mut self.world, branch).state_id();
        let identified = self.domain.identified(&call, &observation.text);
        self.person = identified.or(self.person.take());
        self.earlier.push(call.clone());
        if self.domain.effect(&call.name) != Some(Effect::Write) {
            return observation;
        }
        let note = self.wrote(call, before);
        Observation {
            text: format!("{}\n[{note}]", observation.text),
            error: false,
        }
    }

    /// The rule that the call would break.
    fn broken(&self, call: &PlannedCall) -> Option<&'a Rule> {
        let situation = Situation {
            world: &*self.world,
            call,
            effect: self.domain.effect(&call.name).unwrap_or(Effect::Generic),
            person: self.person.as_deref(),
            earlier: &self.earlier,
            calls_in_message: 1,
            text_beside: false,
            exchange: None,
        };
        let mut rules = self.domain.rules().iter();
        rules.find(|rule| (rule.breaks)(&situation))
    }

    /// Takes a write in that succeeded; what the explorer is told of it.
    fn wrote(&mut self, call: PlannedCall, before: StateId) -> String {
        let after = self.world.state_id();
        let pruned = if after == before {
            Some(Pruned::Idle)
        } else if let Some(at) = self.writes.iter().position(|write| write.before == after) {
            let undone = self.writes.drain(at..).count();
            *self.pruned.entry(Pruned::Undone).or_default() += undone;
            Some(Pruned::Undone)
        } else {
            self.keep(call, before)
        };
        if let Some(pruned) = pruned {
            self.prune(pruned);
        }
        let said = match pruned {
            None => "This is kept.".to_owned(),
            Some(pruned) => format!("This is not kept: {}.", pruned.label()),
        };
        match self.settle() {
            Ok(()) => said,
            Err(why) => format!("{said} {why}"),
        }
    }

    /// Notes a write with the wishes that it stands for; why it is left out, as things are.
    fn keep(&mut self, call: PlannedCall, before: StateId) -> Option<Pruned> {
        let fitting: Vec<&Sought> = self.theme.sought().filter(|s| fits(s, &call)).collect();
        if fitting.is_empty() {
            self.writes.push(Write {
                call,
                before,
                wishes: Vec::new(),
            });
            return Some(Pruned::OffTheme);
        }
        let mut wishes: Vec<(Option<String>, Goal)> = Vec::new();
        for sought in fitting {
            if wishes.iter().all(|(hide, _)| *hide != sought.hide)
                && let Some(goal) = self.wish(&call, sought.hide.as_deref())
            {
                wishes.push((sought.hide.clone(), goal));
            }
        }
        let unsayable = wishes.is_empty();
        self.writes.push(Write {
            call,
            before,
            wishes,
        });
        let last = self.writes.len() - 1;
        let chosen = self.choose().contains(&Some(Chosen::Write(last)));
        match (unsayable, chosen) {
            (true, _) => Some(Pruned::Unsayable),
            (false, true) => None,
            (false, false) => Some(Pruned::Entangled),
        }
    }

    /// The wish that a write stands for, told at the start; if possible in words that the look-ups made so
    /// far are enough for.
    fn wish(&self, call: &PlannedCall, hide: Option<&str>) -> Option<Goal> {
        let seed = self.seed.child("wish", self.calls);
        let mut best: Option<(usize, Goal)> = None;
        for wording in 0..WORDINGS {
            let mut rng = seed.child("wording", wording).rng();
            let person = self.theme.person();
            let goal = self
                .domain
                .goal_of(&*self.start, person, call, hide, &mut rng);
            let Some(goal) = goal else { continue };
            let unseen = |read: &&PlannedCall| !self.earlier.contains(read);
            let missing = goal.reads.iter().filter(unseen).count();
            if best.as_ref().is_none_or(|(least, _)| missing < *least) {
                best = Some((missing, goal));
            }
            if missing == 0 {
                break;
            }
        }
        best.map(|(_, goal)| goal)
    }

    /// A wish for each place of the theme, as far as there is one: the place's tool first, then company; of
    /// several writes the last, since it is what the explorer came to.
    fn choose(&self) -> Vec<Option<Chosen>> {
        let places = self.theme.places();
        let given = |place: &Place| match place {
            Place::Given(_) => Some(Chosen::Given),
            Place::Open(_) => None,
        };
        let mut chosen: Vec<Option<Chosen>> = places.iter().map(given).collect();
        for company in [false, true] {
            for (at, place) in places.iter().enumerate() {
                let Place::Open(sought) = place else { continue };
                if sought.any == company {
                    chosen[at] = self.candidate(sought, &self.goals(&chosen));
                }
            }
        }
        chosen
    }

    /// The last write that stands for what is sought and leaves the others alone.
    fn candidate(&self, sought: &Sought, others: &[&Goal]) -> Option<Chosen> {
        let free = |goal: &Goal| {
            let same_tool = |other: &&Goal| {
                let (one, other) = (goal.wish.call(), other.wish.call());
                one.zip(other)
                    .is_some_and(|(one, other)| one.name == other.name)
            };
            let mut others = others.iter();
            !others
                .any(|other| self.domain.entangled(other, goal) || sought.any && same_tool(other))
        };
        let found = self
            .writes
            .iter()
            .rposition(|write| write.wish(sought).is_some_and(free));
        found.map(Chosen::Write)
    }

    /// Goals of the places that have one, in order.
    fn goals(&self, chosen: &[Option<Chosen>]) -> Vec<&Goal> {
        let mut goals: Vec<&Goal> = Vec::new();
        for (place, chosen) in self.theme.places().iter().zip(chosen) {
            match (place, chosen) {
                (Place::Given(goal), _) => goals.push(goal),
                (Place::Open(sought), Some(Chosen::Write(at))) => {
                    goals.extend(self.writes[*at].wish(sought));
                }
                (Place::Open(_), _) => {}
            }
        }
        goals
    }

    /// Hands on what was found, if it is all; else what is still missing.
    fn settle(&mut self) -> Result<(), String> {
        let chosen = self.choose();
        if chosen.iter().any(Option::is_none) {
            return Err(self.missing());
        }
        let goals = self.goals(&chosen).into_iter().cloned().collect();
        let walk = self.theme.walk(self.domain, goals);
        self.found = Some(walk.map_err(|why| format!("The wishes do not go together: {why}"))?);
        Ok(())
    }

    /// What the explorer is told of what it still has to find.
    pub fn missing(&self) -> String {
        let chosen = self.choose();
        let open = self.theme.places().iter().zip(&chosen);
        let open = open.filter_map(|(place, chosen)| match (place, chosen) {
            (Place::Open(sought), None) => Some(in_words(sought)),
            _ => None,
        });
        let open: Vec<String> = open.collect();
        format!("Still to be found: {}.", open.join("; "))
    }

    fn prune(&mut self, why: Pruned) {
        *self.pruned.entry(why).or_default() += 1;
    }

    /// What came of it in a line: how much was found, and what was left out for which reason.
    pub fn account(&self) -> String {
        let chosen = self.choose();
        let found = |chosen: &&Option<Chosen>| matches!(chosen, Some(Chosen::Write(_)));
        let found = chosen.iter().filter(found).count();
        let sought = self.theme.sought().count();
        let mut told = format!("{found} of {sought} wishes in {} calls", self.calls);
        for (why, times) in &self.pruned {
            told += &format!("; {times} {}", why.label());
        }
        told
    }
}

/// What stands at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Chosen {
    /// The theme's own goal.
    Given,
    /// A write, by its place among the writes.
    Write(usize),
}

/// What is sought, for the explorer.
pub fn in_words(sought: &Sought) -> String {
    let Sought { tool, any, hide } = sought;
    let mut words = if *any {
        format!("one more write with another tool, best `{tool}`")
    } else {
        format!("a `{tool}`")
    };
    if let Some(slot) = hide {
        let slot = slot.replace('_', " ");
        words += &format!(", with which the customer can leave the {slot} open");
    }
    words
}

#[cfg(test)]
mod tests;
