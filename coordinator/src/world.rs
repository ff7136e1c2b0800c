//! The domain of a plan over its base world: generated from the seed, or read from a file.

use std::sync::Arc;

use proto::seed::Seed;
use worker::domains::Domain;
use worker::domains::retail::Retail;
use worker::domains::retail::generate::{Parts, WorldSettings, generate};
use worker::domains::retail::state::Base;
use worker::domains::tickets::Tickets;
use worker::domains::tickets::desk::Desk;

use crate::plan::{Plan, WorldPlan};

/// Names of the domains.
pub const DOMAINS: [&str; 2] = ["retail", "tickets"];

/// Why a world can't be had.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// No such domain.
    #[error("no domain is called `{name}`; there are {}", DOMAINS.join(" and "))]
    UnknownDomain {
        /// The name given.
        name: String,
    },
    /// Sizes that no world has.
    #[error("[world]: {0}")]
    Settings(String),
    /// A file that holds no world.
    #[error("failed to load the world file: {0}")]
    File(String),
    /// Parts that do not fit together.
    #[error("failed to build the world: {0}")]
    Build(String),
}

/// The domain of a plan.
pub fn domain(plan: &Plan) -> Result<Arc<dyn Domain>, WorldError> {
    match plan.domain.as_str() {
        "retail" => Ok(Arc::new(Retail::new(Arc::new(shop(
            &plan.world,
            plan.seed,
        )?)))),
        "tickets" => Ok(Arc::new(Tickets::new(Arc::new(desk(
            &plan.world,
            plan.seed,
        )?)))),
        other => Err(WorldError::UnknownDomain {
            name: other.to_owned(),
        }),
    }
}

/// The desk of a plan's world, of which only the number of people counts.
pub fn desk(world: &WorldPlan, seed: u64) -> Result<Desk, WorldError> {
    if !world.file.is_empty() {
        return Err(WorldError::File(format!(
            "{}: a desk is generated, never loaded; leave the file out",
            world.file
        )));
    }
    Ok(Desk::generate(
        world.people as usize,
        Seed::root(seed).child("world", 0),
    ))
}

/// The shop of a plan's world.
pub fn shop(world: &WorldPlan, seed: u64) -> Result<Base, WorldError> {
    if !world.file.is_empty() {
        let place = &world.file;
        let text = std::fs::read_to_string(place).map_err(|error| {
            WorldError::File(format!("cannot read the world file `{place}`: {error}"))
        })?;
        return worker::domains::retail::load::text_of_world(&text)
            .map_err(|error| WorldError::File(error.to_string()));
    }
    let settings = WorldSettings::new(
        world.products as usize,
        world.people as usize,
        world.orders as usize,
    );
    let settings = settings.map_err(|error| WorldError::Settings(error.to_string()))?;
    let Parts {
        products,
        users,
        orders,
    } = generate(&settings, Seed::root(seed).child("world", 0));
    Base::build(products, users, orders).map_err(|error| WorldError::Build(error.to_string()))
}
