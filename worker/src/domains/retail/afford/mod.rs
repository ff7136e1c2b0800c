//! What a shop affords a person: goals, what is said of them, and the queries that test both.
//!
//! Reading order: [`view`] (the person's reach), [`said`] (descriptors), [`choice`] (a write's
//! parts), [`query`] and [`force`] (descriptors run on the world, twice), [`speak`] (how parts are
//! said), [`reads`] (what grounds them), [`write`] and [`hidden`] (goals),
//! [`wished`] (the goal of a call).

mod blocked;
mod choice;
mod edit;
mod force;
mod held;
mod hidden;
mod person;
mod query;
mod question;
mod reads;
mod said;
mod speak;
mod tamper;
mod vary;
mod view;
mod wished;
mod write;

use proto::record::{Change, Goal, PlannedCall};
use proto::seed::Rng;

use super::state::World;
use crate::domains::{Afforded, Want};
use crate::rules::Rule;

pub(super) use person::{introduce, reach};
pub(super) use tamper::{extra, tampered};
pub(super) use vary::cell;
pub(crate) use view::world_of;

use view::View;

/// See [`crate::domains::Domain::afford`].
pub(super) fn afford(
    world: &World,
    rules: &[Rule],
    person: &str,
    want: &Want<'_>,
    rng: &mut Rng,
) -> Option<Afforded> {
    let view = View::new(world, person)?;
    let goal = match *want {
        Want::Write { tool, hide: None } => write::afford(&view, tool, rng)?,
        Want::Write {
            tool,
            hide: Some(slot),
        } => hidden::afford(&view, tool, slot, rng)?,
        Want::Question => question::afford(&view, rng)?,
        Want::Blocked { rule } => return blocked::afford(&view, rules, rule, rng),
    };
    Some(Afforded {
        goal,
        start: None,
        twin: None,
    })
}

/// See [`crate::domains::Domain::goal_of`].
pub(super) fn goal_of(
    world: &World,
    person: &str,
    call: &PlannedCall,
    hide: Option<&str>,
    rng: &mut Rng,
) -> Option<Goal> {
    wished::goal_of(&View::new(world, person)?, call, hide, rng)
}

/// See [`crate::domains::Domain::vary`].
pub(super) fn vary(
    world: &World,
    person: &str,
    goal: &Goal,
    change: Change,
    rng: &mut Rng,
) -> Option<Goal> {
    vary::vary(&View::new(world, person)?, goal, change, rng)
}

/// See [`crate::domains::Domain::bindings`].
pub(super) fn bindings(world: &World, person: &str, goal: &Goal) -> Vec<PlannedCall> {
    let (Some(view), Some(call)) = (View::new(world, person), goal.wish.call()) else {
        return Vec::new();
    };
    query::bind(&view, &call.name, &goal.slots, query::opening)
}

/// See [`crate::domains::Domain::bindings_by_force`].
pub(super) fn bindings_by_force(world: &World, person: &str, goal: &Goal) -> Vec<PlannedCall> {
    force::bind(world, person, goal)
}

#[cfg(test)]
mod tests;

/// A seeded shop for tests of the domain.
#[cfg(test)]
pub(super) fn test_shop(people: usize, seed: u64) -> std::sync::Arc<super::state::Base> {
    tests::shop::base(people, seed)
}
