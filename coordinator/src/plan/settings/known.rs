//! What this build has, for plans to be checked against.

use worker::domains::retail::generate::WorldSettings;
use worker::participants::agents::PlannedAgent;
use worker::roles::prompts::BUILT_IN;

use super::Known;
use crate::plan::WorldPlan;
use crate::world::DOMAINS;

/// Prompts of this build that may be replaced.
const PROMPTS: [&str; BUILT_IN.len()] = {
    let mut names = [""; BUILT_IN.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = BUILT_IN[at].0;
        at += 1;
    }
    names
};

impl Known<'static> {
    /// Domains, agents, prompts and sizes of this build.
    pub fn built_in() -> Self {
        Self {
            domains: &DOMAINS,
            agent: &agent,
            prompts: &PROMPTS,
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
