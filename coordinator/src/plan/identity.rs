//! The run id: digest of what changes the result of a given job. How many slots, agents and trials
//! there are only says which jobs exist, so they are not in it, and may grow.

use std::collections::BTreeSet;

use proto::digest::Hasher;
use proto::ids::{BaseId, RunId};
use proto::record::{Role, prompts_digest};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use worker::synthesize::WRITER;

use super::cast::TEMPLATE;
use super::models::model_in;
use super::{Mix, Plan};

/// The explorer without a model, in the version that it has.
pub const EXPLORER: &str = "symbolic/1";
/// The user without a model, in the version that it has.
pub const USER: &str = "agenda/1";

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
    /// Who judges tasks; nobody when empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub validity: String,
    /// Who judges conversations; nobody when empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub judge: String,
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
            explorer: player(plan, Role::Explorer, EXPLORER, ""),
            writer: player(plan, Role::Writer, WRITER, &wording(plan)),
            user: player(plan, Role::User, USER, plan.user_protocol.suffix()),
            validity: player(plan, Role::Validity, "", &format!("/{}", plan.votes)),
            judge: player(plan, Role::Judge, "", &format!("/{}", plan.votes)),
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

/// Who plays a role: the offline player by name and version, or a model by the digests of its settings
/// and of the prompts, and by `how` it is used.
fn player(plan: &Plan, role: Role, offline: &str, how: &str) -> String {
    match model_in(plan.player(role)).and_then(|name| plan.endpoint(name)) {
        None => offline.to_owned(),
        Some(model) => {
            let prompts = prompts_digest(&plan.prompt_texts);
            format!("model/{}/{prompts}{how}", model.settings())
        }
    }
}

/// How a model is used that words scripts.
fn wording(plan: &Plan) -> String {
    let otherwise = if plan.writer_fallback {
        TEMPLATE
    } else {
        "rejected"
    };
    format!("/{}/{otherwise}", plan.writer_attempts)
}

/// Settings in which two records of settings differ, as `name: theirs there, ours here`.
pub fn differences<T: Serialize>(ours: &T, theirs: &T) -> Vec<String> {
    let fields = |settings: &T| match serde_json::to_value(settings) {
        Ok(Value::Object(map)) => map,
        _ => serde_json::Map::new(),
    };
    let (ours, theirs) = (fields(ours), fields(theirs));
    let names: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
    let of = |settings: &serde_json::Map<String, Value>, name: &String| match settings.get(name) {
        None => "nothing".to_owned(),
        Some(value) => value.to_string(),
    };
    names
        .into_iter()
        .filter(|name| ours.get(*name) != theirs.get(*name))
        .map(|name| {
            let (here, there) = (of(&ours, name), of(&theirs, name));
            format!("{name}: {there} there, {here} here")
        })
        .collect()
}
