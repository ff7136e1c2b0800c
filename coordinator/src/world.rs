//! The domain of a plan over its base world: generated from the seed, or read from a file.

use std::sync::Arc;

use proto::record::Recipe;
use worker::domains::Domain;
use worker::domains::retail::Retail;
use worker::domains::retail::load::text_of_world;
use worker::domains::retail::state::Base;
use worker::worlds::{self, BuildError};

pub use worker::worlds::DOMAINS;

use crate::plan::{Plan, WorldPlan};

/// Why a world can't be had.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// It can't be generated.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// A file that holds no world.
    #[error("failed to load the world file: {0}")]
    File(String),
}

/// The domain of a plan.
pub fn domain(plan: &Plan) -> Result<Arc<dyn Domain>, WorldError> {
    if plan.world.file.is_empty() {
        return Ok(worlds::generated(
            &plan.domain,
            recipe(&plan.world, plan.seed),
        )?);
    }
    match plan.domain.as_str() {
        "retail" => Ok(Arc::new(Retail::new(Arc::new(loaded(&plan.world.file)?)))),
        other => Err(WorldError::File(format!(
            "{}: a world of {other} is generated, never loaded; leave the file out",
            plan.world.file
        ))),
    }
}

/// How a plan's world is generated, if it is not loaded.
pub fn recipe(world: &WorldPlan, seed: u64) -> Recipe {
    Recipe {
        seed,
        products: world.products,
        people: world.people,
        orders: world.orders,
    }
}

/// The shop of a plan's world.
pub fn shop(world: &WorldPlan, seed: u64) -> Result<Base, WorldError> {
    if world.file.is_empty() {
        Ok(worlds::shop(recipe(world, seed))?)
    } else {
        loaded(&world.file)
    }
}

fn loaded(place: &str) -> Result<Base, WorldError> {
    let text = std::fs::read_to_string(place).map_err(|error| {
        WorldError::File(format!("cannot read the world file `{place}`: {error}"))
    })?;
    text_of_world(&text).map_err(|error| WorldError::File(error.to_string()))
}
