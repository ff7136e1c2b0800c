//! A plan: N slots and what fills them, as plain data.
//!
//! [`settings`] reads it from defaults, a file, the environment and flags; [`cells`] says what each
//! slot asks for; [`partition`] splits it among coordinators; [`models`] and [`cast`] say which
//! language models play which roles; [`identity`] derives the run id from what changes the result of a
//! given job.

pub mod cast;
pub mod cells;
pub mod identity;
pub mod models;
pub mod money;
pub mod partition;
pub mod settings;

use std::collections::BTreeMap;

use proto::record::UserProtocol;
use serde::{Deserialize, Serialize};

use models::ModelPlan;
use money::Dollars;
use partition::Partition;

/// Everything a run is a function of, and how it is carried out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Plan {
    /// Name of the domain: `retail`.
    pub domain: String,
    /// Root of every random choice.
    pub seed: u64,
    /// Number of slots: tasks wanted.
    pub tasks: u32,
    /// The base world.
    pub world: WorldPlan,
    /// Shares of the scenarios, in any unit.
    pub mix: Mix,
    /// Number of strata that slots and people are split into.
    pub strata: u32,
    /// A slot is given up after this many rejected candidates.
    pub max_candidates: u16,
    /// Agents that are rolled out on every task: `gold`, `noisy:0.2`, …
    pub agents: Vec<String>,
    /// Trials per task and agent.
    pub trials: u32,
    /// Who explores: `symbolic`, or `model:NAME` as in every role below.
    pub explorer: String,
    /// Who words the scripts: `template`.
    pub writer: String,
    /// Tries of a model that words a script, before it is given up.
    pub writer_attempts: u32,
    /// Whether a script that a model can't word is worded by templates, rather than rejected.
    pub writer_fallback: bool,
    /// Who judges whether a task is natural and consistent; empty for nobody.
    pub validity: String,
    /// Judgements on a task, and on a conversation, of which most count.
    pub votes: u32,
    /// Who simulates the user: `agenda`.
    pub user: String,
    /// How a model answers that simulates the user.
    pub user_protocol: UserProtocol,
    /// Who judges in conversations what exact matching can't decide; empty for nobody.
    pub judge: String,
    /// Folder of prompts of the user's own; empty for the built-in ones.
    pub prompts: String,
    /// The prompts that were found there, by file name: kept, so that the folder may change or go.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub prompt_texts: BTreeMap<String, String>,
    /// What models may cost together; without limit if none.
    pub budget_dollars: Option<Dollars>,
    /// What goes into the dataset.
    pub dataset: DatasetPlan,
    /// The language models that may play a role, by name.
    pub models: BTreeMap<String, ModelPlan>,
    /// How the work is carried out; no influence on results.
    pub workers: u32,
    /// Which of the slots this coordinator sees to; no influence on what becomes of one.
    pub partition: Partition,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            domain: "retail".to_owned(),
            seed: 1,
            tasks: 100,
            world: WorldPlan::default(),
            mix: Mix::default(),
            strata: 16,
            max_candidates: 60,
            agents: vec!["gold".to_owned(), "noisy:0.2".to_owned()],
            trials: 2,
            explorer: cast::SYMBOLIC.to_owned(),
            writer: cast::TEMPLATE.to_owned(),
            writer_attempts: 3,
            writer_fallback: true,
            validity: String::new(),
            votes: 3,
            user: cast::AGENDA.to_owned(),
            user_protocol: UserProtocol::Form,
            judge: String::new(),
            prompts: String::new(),
            prompt_texts: BTreeMap::new(),
            budget_dollars: None,
            dataset: DatasetPlan::default(),
            models: BTreeMap::new(),
            workers: 0,
            partition: Partition::WHOLE,
        }
    }
}

impl Plan {
    /// How many slots this coordinator sees to.
    pub fn own_slots(&self) -> u32 {
        if self.partition.is_whole() {
            return self.tasks;
        }
        let own = |slot: &u32| self.partition.has(cells::stratum(*slot, self.strata));
        let count = (0..self.tasks).filter(own).count();
        u32::try_from(count).expect("no more than there are slots")
    }
}

/// The base world: generated from the plan's seed, or read from a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WorldPlan {
    /// A file in the benchmark's form (`db.json`); empty to generate.
    pub file: String,
    /// Product types, when generated.
    pub products: u32,
    /// People, when generated.
    pub people: u32,
    /// Orders, when generated.
    pub orders: u32,
}

impl Default for WorldPlan {
    fn default() -> Self {
        Self {
            file: String::new(),
            products: 50,
            people: 500,
            orders: 1000,
        }
    }
}

/// Shares of the scenarios, in any unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mix {
    /// Nothing special.
    pub general: u32,
    /// The opening fits several outcomes.
    pub ambiguous: u32,
    /// The user changes their mind.
    pub changing: u32,
    /// A rule forbids the wish.
    pub infeasible: u32,
}

impl Default for Mix {
    fn default() -> Self {
        Self {
            general: 1,
            ambiguous: 1,
            changing: 1,
            infeasible: 1,
        }
    }
}

/// What goes into the dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DatasetPlan {
    /// Thousandths of the people whose tasks go to validation.
    pub validation_permille: u16,
    /// Thousandths of the people whose tasks go to the test split.
    pub test_permille: u16,
    /// Licence of the rows, as an SPDX identifier in lower case.
    pub license: String,
    /// Whether episodes that broke a procedural rule stay out.
    pub lawful_only: bool,
    /// Whether what models thought before they spoke goes into the rows.
    pub keep_reasoning: bool,
}

impl Default for DatasetPlan {
    fn default() -> Self {
        Self {
            validation_permille: 50,
            test_permille: 50,
            license: "apache-2.0".to_owned(),
            lawful_only: true,
            keep_reasoning: false,
        }
    }
}
