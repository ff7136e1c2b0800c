//! What this build has, for plans to be checked against.

use worker::domains::retail::generate::WorldSettings;
use worker::participants::agents::PlannedAgent;

use super::Known;
use crate::plan::WorldPlan;
use crate::world::DOMAINS;

impl Known<'static> {
    /// Domains, agents and sizes of this build.
    pub fn built_in() -> Self {
        Self {
            domains: &DOMAINS,
            agent: &agent,
            sizes: &sizes,
        }
    }
}

fn agent(name: &str) -> Result<(), String> {
    let parsed = PlannedAgent::parse(name);
    parsed.map(|_| ()).map_err(|error| error.to_string())
}

fn sizes(world: &WorldPlan) -> Result<(), String> {
    let [products, people, orders] =
        [world.products, world.people, world.orders].map(|n| n as usize);
    let settings = WorldSettings::new(products, people, orders);
    settings.map(|_| ()).map_err(|error| error.to_string())
}
