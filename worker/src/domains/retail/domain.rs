//! The retail domain as the rest of the program sees it.

use std::sync::Arc;

use proto::ids::BaseId;
use proto::record::{Change, Goal, PlannedCall, ToolSpec, Trigger};
use proto::seed::Rng;
use proto::wire::{self, Kind, WireError};

use super::afford::{self, world_of};
use super::phrasing::RetailPhrasing;
use super::state::{Base, World};
use super::{candidates, changes, rules, specs, speech};
use crate::dialogue::lexicon::Lexicon;
use crate::domains::{
    Afforded, Agreement, Cell, Domain, FieldChange, Introduction, Mentions, RestoreError, Want,
};
use crate::environment::Environment;
use crate::language::phrasing::Phrasing;
use crate::rules::Rule;

/// The policy an agent is given.
pub const POLICY: &str = include_str!("policy.md");

/// The retail domain over one shop.
#[derive(Debug)]
pub struct Retail {
    base: Arc<Base>,
    tools: Vec<ToolSpec>,
    rules: Vec<Rule>,
}

impl Retail {
    /// The domain over a shop.
    pub fn new(base: Arc<Base>) -> Self {
        Self {
            base,
            tools: specs::tools(),
            rules: rules::all(),
        }
    }
}

impl Domain for Retail {
    fn name(&self) -> &'static str {
        "retail"
    }

    fn base(&self) -> BaseId {
        self.base.id
    }

    fn encode_base(&self) -> Result<Vec<u8>, WireError> {
        let base = &self.base;
        wire::encode(Kind::Snapshot, &(&base.products, &base.users, &base.orders))
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
        speech::lexicon()
    }

    fn phrasing(&self) -> &dyn Phrasing {
        &RetailPhrasing
    }

    fn hideable(&self) -> &[(&'static str, &'static str)] {
        &candidates::HIDEABLE
    }

    fn wish_only(&self, rule: &str) -> bool {
        matches!(rule, "cancel-reasons" | "out-of-scope")
    }

    fn start(&self) -> Box<dyn Environment> {
        Box::new(World::new(Arc::clone(&self.base)))
    }

    fn restore(&self, delta: &[u8]) -> Result<Box<dyn Environment>, RestoreError> {
        match World::restore(Arc::clone(&self.base), delta) {
            Ok(world) => Ok(Box::new(world)),
            Err(reason) => Err(RestoreError {
                domain: "retail",
                reason: reason.to_string(),
            }),
        }
    }

    fn people(&self) -> usize {
        self.base.users.len()
    }

    fn person(&self, place: usize) -> String {
        self.base.users[place].user_id.to_string()
    }

    fn reach(&self, world: &dyn Environment, person: &str) -> Vec<PlannedCall> {
        afford::reach(world_of(world), person)
    }

    fn introduce(&self, world: &dyn Environment, person: &str, rng: &mut Rng) -> Introduction {
        afford::introduce(world_of(world), person, rng)
    }

    fn afford(
        &self,
        world: &dyn Environment,
        person: &str,
        want: &Want<'_>,
        rng: &mut Rng,
    ) -> Option<Afforded> {
        afford::afford(world_of(world), &self.rules, person, want, rng)
    }

    fn goal_of(
        &self,
        world: &dyn Environment,
        person: &str,
        call: &PlannedCall,
        hide: Option<&str>,
        rng: &mut Rng,
    ) -> Option<Goal> {
        afford::goal_of(world_of(world), person, call, hide, rng)
    }

    fn vary(
        &self,
        world: &dyn Environment,
        person: &str,
        goal: &Goal,
        change: Change,
        rng: &mut Rng,
    ) -> Option<Goal> {
        afford::vary(world_of(world), person, goal, change, rng)
    }

    fn change_cell(&self, tool: &str, change: Change, trigger: Trigger) -> Cell {
        afford::cell(tool, change, trigger)
    }

    fn bindings(&self, world: &dyn Environment, person: &str, goal: &Goal) -> Vec<PlannedCall> {
        afford::bindings(world_of(world), person, goal)
    }

    fn bindings_by_force(
        &self,
        world: &dyn Environment,
        person: &str,
        goal: &Goal,
    ) -> Vec<PlannedCall> {
        afford::bindings_by_force(world_of(world), person, goal)
    }

    fn tampered(
        &self,
        world: &dyn Environment,
        person: &str,
        call: &PlannedCall,
    ) -> Vec<PlannedCall> {
        afford::tampered(world_of(world), person, call)
    }

    fn extra(&self, world: &dyn Environment, person: &str, rng: &mut Rng) -> Option<PlannedCall> {
        afford::extra(world_of(world), person, rng)
    }

    fn target<'c>(&self, call: &'c PlannedCall) -> Option<&'c str> {
        call.text("order_id").or_else(|| call.text("user_id"))
    }

    /// Beside the target, an address that both would write: one goal may speak of the other's.
    fn entangled(&self, one: &Goal, other: &Goal) -> bool {
        let target = |goal: &Goal| {
            let slot = goal.slots.first();
            slot.map(|slot| (slot.name.clone(), slot.value.clone()))
        };
        let addresses = |goal: &Goal| goal.slots.iter().any(|slot| slot.name == "address");
        let both_write = one.wish.call().is_some() && other.wish.call().is_some();
        target(one) == target(other) || both_write && addresses(one) && addresses(other)
    }

    fn explain(&self, world: &dyn Environment, call: &PlannedCall) -> String {
        speech::explain(world_of(world), call)
    }

    fn presumes(&self, goal: &Goal, read: &PlannedCall) -> bool {
        // Which product to look up follows from which item of which order is meant.
        let hidden = |slot: &proto::record::Slot| {
            slot.hidden() && (slot.name == "order" || slot.name == "items")
        };
        read.name == "get_product_details" && goal.slots.iter().any(hidden)
    }

    fn changes(&self, before: &dyn Environment, after: &dyn Environment) -> Vec<FieldChange> {
        changes::changes(world_of(before), world_of(after))
    }

    fn candidate(&self, world: &dyn Environment, call: &PlannedCall, slot: &str) -> Option<String> {
        candidates::candidate(world_of(world), call, slot)
    }

    fn mentions(&self, text: &str) -> Mentions {
        speech::mentions(text)
    }

    fn agrees(&self, mentions: &Mentions, call: &PlannedCall) -> Agreement {
        speech::agrees(mentions, call)
    }
}
