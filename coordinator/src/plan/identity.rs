//! The run id: digest of what changes the result of a given job. How many slots, agents and trials
//! there are only says which jobs exist, so they are not in it, and may grow.

use proto::digest::Hasher;
use proto::ids::{BaseId, RunId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Mix, Plan};

/// Version of everything a job's result depends on; raised when the same plan would come out otherwise.
pub const FORMAT: u32 = 1;

/// What the run id is a digest of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// Version of the stages.
    pub format: u32,
    /// Name of the domain.
    pub domain: String,
    /// The base world.
    pub base: BaseId,
    /// Root of every random choice.
    pub seed: u64,
    /// Shares of the scenarios.
    pub mix: Mix,
    /// Number of strata.
    pub strata: u32,
    /// Candidates per slot.
    pub max_candidates: u16,
    /// Who explores.
    pub explorer: String,
    /// Who words the scripts.
    pub writer: String,
    /// Which simulated user.
    pub user: String,
}

impl Identity {
    /// The identity of a plan over a base world.
    pub fn of(plan: &Plan, base: BaseId) -> Self {
        Self {
            format: FORMAT,
            domain: plan.domain.clone(),
            base,
            seed: plan.seed,
            mix: plan.mix,
            strata: plan.strata,
            max_candidates: plan.max_candidates,
            explorer: "symbolic/1".to_owned(),
            writer: worker::synthesize::WRITER.to_owned(),
            user: "agenda/1".to_owned(),
        }
    }

    /// Its digest.
    pub fn run(&self) -> RunId {
        let canonical = serde_json::to_string(self).expect("an identity is plain data");
        RunId(Hasher::new("t2t.run", 1).text(&canonical).finish())
    }

    /// Settings in which two identities differ.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        differences(self, other)
    }
}

/// Settings in which two records of settings differ, as `name: theirs there, ours here`.
pub fn differences<T: Serialize>(ours: &T, theirs: &T) -> Vec<String> {
    let fields = |settings: &T| match serde_json::to_value(settings) {
        Ok(Value::Object(map)) => map,
        _ => serde_json::Map::new(),
    };
    let (ours, theirs) = (fields(ours), fields(theirs));
    let differing = ours
        .iter()
        .filter(|(name, value)| theirs.get(*name) != Some(value));
    differing
        .map(|(name, value)| {
            let other = theirs.get(name).unwrap_or(&Value::Null);
            format!("{name}: {other} there, {value} here")
        })
        .collect()
}
