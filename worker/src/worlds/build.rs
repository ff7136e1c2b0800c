//! Making a base world: from a recipe, or from its encoded form.

use std::sync::Arc;

use proto::ids::BaseId;
use proto::record::Recipe;
use proto::seed::Seed;
use proto::wire::{self, Kind, WireError};

use crate::domains::Domain;
use crate::domains::retail::Retail;
use crate::domains::retail::generate::{Parts, WorldSettings, generate};
use crate::domains::retail::state::Base;
use crate::domains::tickets::Tickets;
use crate::domains::tickets::desk::{Desk, Person, Ticket};

/// Names of the domains.
pub const DOMAINS: [&str; 2] = ["retail", "tickets"];

/// Why there is no such world.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// No such domain.
    #[error("no domain is called `{name}`; there are {}", DOMAINS.join(" and "))]
    UnknownDomain {
        /// The name given.
        name: String,
    },
    /// Sizes that no world has.
    #[error("[world]: {0}")]
    Settings(String),
    /// Records that make no world.
    #[error("failed to build the world: {0}")]
    Records(String),
    /// Bytes that are no snapshot of a world.
    #[error("failed to read the snapshot of a world: {0}")]
    Snapshot(#[from] WireError),
    /// A job of a run that this process does not carry.
    #[error("the job is over {0}, which was to be at hand in this process")]
    NotAtHand(BaseId),
}

/// A world made from its recipe.
pub fn generated(domain: &str, recipe: Recipe) -> Result<Arc<dyn Domain>, BuildError> {
    match domain {
        "retail" => Ok(Arc::new(Retail::new(Arc::new(shop(recipe)?)))),
        "tickets" => Ok(Arc::new(Tickets::new(Arc::new(desk(recipe))))),
        other => Err(unknown(other)),
    }
}

/// The shop of a recipe.
pub fn shop(recipe: Recipe) -> Result<Base, BuildError> {
    let settings = WorldSettings::new(
        recipe.products as usize,
        recipe.people as usize,
        recipe.orders as usize,
    );
    let settings = settings.map_err(|error| BuildError::Settings(error.to_string()))?;
    let Parts {
        products,
        users,
        orders,
    } = generate(&settings, world_seed(recipe));
    Base::build(products, users, orders).map_err(|error| BuildError::Records(error.to_string()))
}

/// The desk of a recipe, of which only the number of people counts.
pub fn desk(recipe: Recipe) -> Desk {
    Desk::generate(recipe.people as usize, world_seed(recipe))
}

fn world_seed(recipe: Recipe) -> Seed {
    Seed::root(recipe.seed).child("world", 0)
}

/// The encoded form of a domain's base world, for a store or a job.
pub fn snapshot(domain: &dyn Domain) -> Result<Vec<u8>, WireError> {
    domain.encode_base()
}

/// The domain over an encoded base world.
pub fn restored(domain: &str, bytes: &[u8]) -> Result<Arc<dyn Domain>, BuildError> {
    match domain {
        "retail" => {
            let (products, users, orders) = wire::decode(Kind::Snapshot, bytes)?;
            let base = Base::build(products, users, orders)
                .map_err(|error| BuildError::Records(error.to_string()))?;
            Ok(Arc::new(Retail::new(Arc::new(base))))
        }
        "tickets" => {
            let (people, tickets): (Vec<Person>, Vec<Ticket>) =
                wire::decode(Kind::Snapshot, bytes)?;
            Ok(Arc::new(Tickets::new(Arc::new(Desk::new(people, tickets)))))
        }
        other => Err(unknown(other)),
    }
}

fn unknown(name: &str) -> BuildError {
    BuildError::UnknownDomain {
        name: name.to_owned(),
    }
}
