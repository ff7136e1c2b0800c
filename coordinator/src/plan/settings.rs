//! Where a plan's values come from: defaults < file < environment < flags.
//!
//! Everything outside is handed to [`resolve`], so that reading settings is a pure function; only
//! `main` looks at the process. Two exceptions: a named world file must open, and a named folder of
//! prompts is read, or the plan is refused.

mod check;
mod error;
mod evaluation;
mod known;
mod layers;
mod show;
pub mod table;
#[cfg(test)]
mod tests;
mod typed;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

pub use error::SettingsError;
pub use evaluation::evaluation;
pub use show::{reference, show, toml};

use super::models::ModelPlan;
use super::{Plan, WorldPlan};

/// Settings given on the command line.
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
pub struct Flags {
    /// Name of the domain
    #[arg(long, value_name = "NAME")]
    pub domain: Option<String>,
    /// Number of tasks wanted
    #[arg(long, value_name = "N")]
    pub tasks: Option<u32>,
    /// Root of every random choice
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Workers in this process; 0 for one per core
    #[arg(long, value_name = "N")]
    pub workers: Option<u32>,
    /// Part of the plan for this coordinator, such as 2/3: the second of three, each with its own --out
    #[arg(long, value_name = "I/N")]
    pub partition: Option<String>,
    /// Conversations per task and agent
    #[arg(long, value_name = "N")]
    pub trials: Option<u32>,
    /// An agent to roll out, such as gold, noisy:0.2 or model:NAME; may be repeated
    #[arg(long = "agent", value_name = "NAME")]
    pub agents: Vec<String>,
    /// A database in the benchmark's form, instead of a generated world
    #[arg(long, value_name = "FILE")]
    pub world_file: Option<PathBuf>,
    /// People of the generated world
    #[arg(long, value_name = "N")]
    pub people: Option<u32>,
    /// Orders of the generated world
    #[arg(long, value_name = "N")]
    pub orders: Option<u32>,
    /// Product types of the generated world
    #[arg(long, value_name = "N")]
    pub products: Option<u32>,
    /// Shares of the scenarios, such as general=2,ambiguous=1; one not named gets none
    #[arg(long, value_name = "SHARES")]
    pub mix: Option<String>,
}

/// Where a value came from.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// Nobody gave one.
    #[default]
    Default,
    /// This plan file.
    File(PathBuf),
    /// This environment variable.
    Environment(String),
    /// This flag, without its dashes.
    Flag(String),
}

impl fmt::Display for Source {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => out.write_str("default"),
            Self::File(path) => write!(out, "file {}", path.display()),
            Self::Environment(name) => write!(out, "environment {name}"),
            Self::Flag(name) => write!(out, "flag --{name}"),
        }
    }
}

impl Source {
    /// The place as a phrase within a sentence.
    fn phrase(&self) -> String {
        match self {
            Self::Default => "(a default)".to_owned(),
            Self::File(path) => format!("in {}", path.display()),
            Self::Environment(name) => format!("in the environment ({name})"),
            Self::Flag(name) => format!("on the command line (--{name})"),
        }
    }
}

/// A plan file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanFile {
    /// Its path, as it was given.
    pub path: PathBuf,
    /// Its content.
    pub text: String,
}

impl PlanFile {
    /// Reads the file at this path.
    ///
    /// # Errors
    /// When it cannot be read, or is not UTF-8.
    pub fn read(path: &Path) -> Result<Self, SettingsError> {
        let unreadable = |problem| SettingsError::Unreadable {
            path: path.to_owned(),
            problem,
        };
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        Ok(Self {
            path: path.to_owned(),
            text,
        })
    }
}

/// What exists beside the settings, to check them against.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    /// Names of the domains.
    pub domains: &'a [&'a str],
    /// Refuses an agent's name that means nothing, with the reason.
    pub agent: &'a dyn Fn(&str) -> Result<(), String>,
    /// File names of the prompts that may be replaced.
    pub prompts: &'a [&'a str],
    /// Refuses sizes that no generated world can have, with the reason.
    pub sizes: &'a dyn Fn(&WorldPlan) -> Result<(), String>,
}

impl fmt::Debug for Known<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Known")
            .field("domains", &self.domains)
            .field("prompts", &self.prompts)
            .finish_non_exhaustive()
    }
}

/// A plan that was checked, and where its values came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved {
    /// The plan.
    pub plan: Plan,
    /// Source of every setting, by its dotted key.
    pub sources: BTreeMap<String, Source>,
}

impl Resolved {
    /// Where the setting with this key came from.
    pub fn source(&self, key: &str) -> Source {
        self.sources.get(key).cloned().unwrap_or_default()
    }
}

/// Merges defaults, file, environment and flags into a plan, and checks it.
///
/// `environment` may be the whole environment: only names that begin with `T2T_` count.
///
/// # Errors
/// At the first unknown key, value of a wrong type or out of range, or contradiction; the error
/// names value and place, and says how to mend it.
pub fn resolve(
    file: Option<&PlanFile>,
    environment: impl IntoIterator<Item = (String, String)>,
    flags: &Flags,
    known: &Known<'_>,
) -> Result<Resolved, SettingsError> {
    let layers = [
        layers::of_file(file)?,
        layers::environment(environment)?,
        layers::flags(flags)?,
    ];
    let mut resolved = merged(layers)?;
    check::check(&mut resolved, known)?;
    Ok(resolved)
}

/// Lays the layers over the defaults; a model has its own as soon as anything is said of it.
fn merged(layers: impl IntoIterator<Item = layers::Layer>) -> Result<Resolved, SettingsError> {
    let mut plan = serde_json::to_value(Plan::default())?;
    let model = serde_json::to_value(ModelPlan::default())?;
    let mut sources: BTreeMap<String, Source> = BTreeMap::new();
    let fixed = table::FIXED.iter().map(|setting| setting.key.to_owned());
    sources.extend(fixed.map(|key| (key, Source::Default)));
    for layers::Entry { key, value, source } in layers.into_iter().flat_map(|layer| layer.0) {
        if let ["models", name, _] = key.split('.').collect::<Vec<_>>()[..]
            && plan["models"].get(name).is_none()
        {
            plan["models"][name] = model.clone();
            let settings = table::MODELS.iter().map(|setting| setting.of(name));
            sources.extend(settings.map(|key| (key, Source::Default)));
        }
        *place(&mut plan, &key) = value;
        sources.insert(key, source);
    }
    let plan = serde_json::from_value(plan)?;
    Ok(Resolved { plan, sources })
}

/// Where the value of a setting stands in a plan as JSON.
fn place<'a>(plan: &'a mut Json, key: &str) -> &'a mut Json {
    key.split('.').fold(plan, |within, name| &mut within[name])
}
