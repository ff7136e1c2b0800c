//! The tickets domain: a small support desk. People have tickets that are closed, given another
//! priority, or moved to another team.
//!
//! It is the second domain of the tests: small, yet with every seam used, so that what is generic
//! stays generic. Reading order: [`desk`] (records and their generator), [`world`] (tools, state ids,
//! deltas), [`rules`], `wishes` (goals that a world affords), [`words`] and
//! [`phrasing`] (how agents and people speak of them).

pub mod desk;
pub mod phrasing;
pub mod rules;
mod tools;
mod wishes;
pub mod words;
pub mod world;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use proto::ids::BaseId;
use proto::record::{Change, Goal, PlannedCall, ToolSpec, Trigger};
use proto::seed::Rng;
use proto::wire::{self, Kind, WireError};

use self::desk::Desk;
use self::world::{World, world_of};
use super::{
    Afforded, Agreement, Cell, Domain, FieldChange, Introduction, Mentions, RestoreError, Want,
};
use crate::dialogue::lexicon::Lexicon;
use crate::environment::Environment;
use crate::language::phrasing::Phrasing;
use crate::rules::Rule;

/// The policy an agent is given.
pub const POLICY: &str = include_str!("policy.md");

/// The tickets domain over one desk.
#[derive(Debug)]
pub struct Tickets {
    desk: Arc<Desk>,
    tools: Vec<ToolSpec>,
    rules: Vec<Rule>,
}

impl Tickets {
    /// The domain over a desk.
    pub fn new(desk: Arc<Desk>) -> Self {
        Self {
            desk,
            tools: tools::specs(),
            rules: rules::all(),
        }
    }

    /// The same desk under other rules.
    #[cfg(test)]
    pub(crate) fn ruled_by(mut self, rules: Vec<Rule>) -> Self {
        self.rules = rules;
        self
    }
}

impl Domain for Tickets {
    fn name(&self) -> &'static str {
        "tickets"
    }

    fn base(&self) -> BaseId {
        self.desk.id
    }

    fn encode_base(&self) -> Result<Vec<u8>, WireError> {
        wire::encode(Kind::Snapshot, &(&self.desk.people, &self.desk.tickets))
    }

    fn policy(&self) -> &str {
        POLICY
    }

    fn tools(&self) -> &[ToolSpec] {
        &self.tools
    }

    fn rules(&self) -> &[Rule] {
        &self.rules
    }

    fn lexicon(&self) -> &Lexicon {
        words::lexicon()
    }

    fn phrasing(&self) -> &dyn Phrasing {
        &phrasing::DeskPhrasing
    }

    fn hideable(&self) -> &[(&'static str, &'static str)] {
        &wishes::HIDEABLE
    }

    fn wish_only(&self, _rule: &str) -> bool {
        false
    }

    fn start(&self) -> Box<dyn Environment> {
        Box::new(World::new(Arc::clone(&self.desk)))
    }

    fn restore(&self, delta: &[u8]) -> Result<Box<dyn Environment>, RestoreError> {
        match World::restore(Arc::clone(&self.desk), delta) {
            Ok(world) => Ok(Box::new(world)),
            Err(reason) => Err(RestoreError {
                domain: "tickets",
                reason,
            }),
        }
    }

    fn people(&self) -> usize {
        self.desk.people.len()
    }

    fn person(&self, place: usize) -> String {
        self.desk.people[place].id.clone()
    }

    fn reach(&self, world: &dyn Environment, person: &str) -> Vec<PlannedCall> {
        let mut reads = vec![PlannedCall::new("get_user_details", [("user_id", person)])];
        reads.extend(
            world_of(world)
                .of(person)
                .map(|ticket| wishes::look_up(&ticket.id)),
        );
        reads.push(wishes::list_teams());
        reads
    }

    fn introduce(&self, world: &dyn Environment, person: &str, _rng: &mut Rng) -> Introduction {
        let found = world_of(world)
            .person(person)
            .expect("people come from this desk");
        let call = PlannedCall::new("find_user_id_by_email", [("email", found.email.as_str())]);
        let facts = [
            ("first_name", &found.first),
            ("last_name", &found.last),
            ("email", &found.email),
        ];
        Introduction {
            call,
            facts: facts
                .map(|(name, value)| (name.to_owned(), value.clone()))
                .into(),
        }
    }

    fn afford(
        &self,
        world: &dyn Environment,
        person: &str,
        want: &Want<'_>,
        rng: &mut Rng,
    ) -> Option<Afforded> {
        wishes::afford(world_of(world), person, want, rng)
    }

    fn goal_of(
        &self,
        world: &dyn Environment,
        person: &str,
        call: &PlannedCall,
        hide: Option<&str>,
        rng: &mut Rng,
    ) -> Option<Goal> {
        wishes::goal_of(world_of(world), person, call, hide, rng)
    }

    fn vary(
        &self,
        world: &dyn Environment,
        person: &str,
        goal: &Goal,
        change: Change,
        rng: &mut Rng,
    ) -> Option<Goal> {
        wishes::vary(world_of(world), person, goal, change, rng)
    }

    /// Closing is final; a priority and a team can be given again.
    fn change_cell(&self, tool: &str, change: Change, trigger: Trigger) -> Cell {
        match (change, trigger) {
            (Change::Slot | Change::Action, Trigger::AfterWrite) if tool == "close_ticket" => {
                Cell::Mixture
            }
            (Change::Target | Change::Withdrawal, Trigger::AfterWrite) => Cell::Mixture,
            _ => Cell::Possible,
        }
    }

    fn bindings(&self, world: &dyn Environment, person: &str, goal: &Goal) -> Vec<PlannedCall> {
        wishes::bindings(world_of(world), person, goal)
    }

    fn bindings_by_force(
        &self,
        world: &dyn Environment,
        person: &str,
        goal: &Goal,
    ) -> Vec<PlannedCall> {
        wishes::bindings_by_force(world_of(world), person, goal)
    }

    fn tampered(
        &self,
        world: &dyn Environment,
        person: &str,
        call: &PlannedCall,
    ) -> Vec<PlannedCall> {
        wishes::tampered(world_of(world), person, call)
    }

    fn extra(&self, world: &dyn Environment, person: &str, rng: &mut Rng) -> Option<PlannedCall> {
        wishes::extra(world_of(world), person, rng)
    }

    fn target<'c>(&self, call: &'c PlannedCall) -> Option<&'c str> {
        call.text("ticket_id")
    }

    fn explain(&self, world: &dyn Environment, call: &PlannedCall) -> String {
        words::explain(world_of(world), call)
    }

    fn changes(&self, before: &dyn Environment, after: &dyn Environment) -> Vec<FieldChange> {
        world::changes(world_of(before), world_of(after))
    }

    fn candidate(&self, world: &dyn Environment, call: &PlannedCall, slot: &str) -> Option<String> {
        let id = call.text("ticket_id")?;
        match slot {
            "ticket" => Some(format!("{id} ({})", world_of(world).ticket(id)?.subject)),
            other => call.text(other).map(str::to_owned),
        }
    }

    fn mentions(&self, text: &str) -> Mentions {
        words::mentions(text)
    }

    fn agrees(&self, mentions: &Mentions, call: &PlannedCall) -> Agreement {
        words::agrees(mentions, call)
    }
}
