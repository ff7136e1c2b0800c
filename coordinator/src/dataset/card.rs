//! `README.md`, the dataset card: front matter that loaders read, prose that people read.
//!
//! Measured with `datasets` 3.6 and 5.2, and the reasons for what the front matter says:
//! - All configs of a card must be the same kind of file: the first one decides how all are read.
//! - One `dtype: json` anywhere in a card makes 3.6 refuse every config of it. Hence `trl` states no
//!   features here: its Parquet files carry the logical type JSON themselves.
//! - JSON lines need the features: without them the first shard alone decides the types.

use std::collections::BTreeMap;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, Value, context};
use proto::digest::Digest;
use serde::Serialize;

use super::error::DatasetError;
use super::format::{Container, Format};
use super::manifest::Manifest;
use super::row::Split;
use super::settings::Output;
use super::staging::CARD;
use super::tally::Tally;

/// What the card says that the rows do not.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CardFacts {
    /// Title.
    pub pretty_name: String,
    /// Licence of the rows, as an SPDX identifier in lower case.
    pub license: String,
    /// Version of the program that made the rows.
    pub generator: String,
    /// Seed of the plan.
    pub seed: u64,
    /// Whether the run had ended.
    pub complete: bool,
    /// Tasks admitted with a proof.
    pub tasks: u64,
    /// Candidates rejected on the way.
    pub rejected: u64,
    /// Episodes left out because the agent failed them.
    pub failed_episodes: u64,
    /// Episodes left out because something other than the agent failed.
    pub quarantined_episodes: u64,
    /// The domains of the rows.
    pub domains: Vec<DomainFact>,
    /// Who did which language job.
    pub makers: Vec<Maker>,
    /// Further limits, a sentence each.
    pub limits: Vec<String>,
}

impl Default for CardFacts {
    fn default() -> Self {
        Self {
            pretty_name: "Verified tool-use conversations".to_owned(),
            license: "apache-2.0".to_owned(),
            generator: env!("CARGO_PKG_VERSION").to_owned(),
            seed: 0,
            complete: true,
            tasks: 0,
            rejected: 0,
            failed_episodes: 0,
            quarantined_episodes: 0,
            domains: Vec::new(),
            makers: Vec::new(),
            limits: Vec::new(),
        }
    }
}

/// A domain, for the card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DomainFact {
    /// Its name.
    pub name: String,
    /// Number of tools.
    pub tools: u64,
    /// Where its world comes from, as "generated, 500 people, 1,000 orders".
    pub world: String,
}

/// Who did one of the language jobs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Maker {
    /// The job: explorer, writer, user, agent…
    pub role: String,
    /// Name of the program or model.
    pub name: String,
    /// Whether it is a program of rules and not a language model.
    pub scripted: bool,
}

/// A config as the template sees it.
#[derive(Debug, Serialize)]
struct ConfigView {
    name: &'static str,
    default: bool,
    splits: Vec<SplitView>,
    features: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct SplitView {
    name: &'static str,
    rows: u64,
    path: String,
}

/// Renders every card of the dataset: paths within the folder, and texts.
pub(super) fn render(
    facts: &CardFacts,
    tally: &Tally,
    outputs: &[Output],
    manifest: &Manifest,
    refused: &BTreeMap<Format, u64>,
    content: &Digest,
) -> Result<Vec<(String, String)>, DatasetError> {
    // Loaders cache what they read under the folder's name and its front matter: naming the content
    // there keeps one run's rows from being served for another's.
    let content = format!("Content {}", &content.to_string()[..16]);
    let mut environment = Environment::new();
    environment.set_syntax(
        SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build()?,
    );
    environment.add_filter("thousands", thousands);
    environment.add_filter("quoted", |text: String| Value::from(quoted(&text)));
    environment.add_template("card", include_str!("card.md.jinja"))?;
    let template = environment.get_template("card")?;
    let counts = counts(tally);
    let mut cards = Vec::new();
    for (path, container, chosen) in plan(outputs) {
        let configs: Vec<ConfigView> = chosen
            .iter()
            .map(|&f| view(f, container, &chosen, manifest, &path))
            .collect();
        let nested = nested(outputs, &path, container);
        let refused: BTreeMap<&str, u64> = refused.iter().map(|(f, n)| (f.as_str(), *n)).collect();
        let text = template.render(context! {
            facts => shown(facts), configs => shown(&configs),
            content => content.as_str(), nested => shown(&nested), refused => shown(&refused),
            counts => counts.clone(), run => manifest.run.as_str(), root => path == CARD,
            size => size_category(manifest.rows), version => manifest.format_version,
        })?;
        cards.push((path, text));
    }
    Ok(cards)
}

/// Which cards there are: path, kind of file, formats. The card of the whole folder speaks of the
/// Parquet files if there are any, and each folder of JSON lines beside them has its own.
fn plan(outputs: &[Output]) -> Vec<(String, Container, Vec<Format>)> {
    let of = |container| -> Vec<Format> {
        outputs
            .iter()
            .filter(|o| o.1 == container)
            .map(|o| o.0)
            .collect()
    };
    let (parquet, lines) = (of(Container::Parquet), of(Container::JsonLines));
    if parquet.is_empty() {
        return vec![(CARD.to_owned(), Container::JsonLines, lines)];
    }
    let nested = lines
        .into_iter()
        .map(|f| (format!("{f}/{CARD}"), Container::JsonLines, vec![f]));
    std::iter::once((CARD.to_owned(), Container::Parquet, parquet))
        .chain(nested)
        .collect()
}

/// Formats of the folder of which the card at `path` does not speak, as they have their own.
fn nested(outputs: &[Output], path: &str, container: Container) -> Vec<&'static str> {
    let other = |output: &&Output| path == CARD && output.1 != container;
    outputs
        .iter()
        .filter(other)
        .map(|(format, _)| format.as_str())
        .collect()
}

fn view(
    format: Format,
    container: Container,
    all: &[Format],
    manifest: &Manifest,
    path: &str,
) -> ConfigView {
    let empty = BTreeMap::new();
    let rows = manifest.configs.get(format.as_str()).unwrap_or(&empty);
    let folder = if path == CARD {
        format!("{format}/")
    } else {
        String::new()
    };
    let split = |split: Split| SplitView {
        name: split.as_str(),
        rows: rows.get(&split).copied().unwrap_or(0),
        path: format!("{folder}{}-*.{}", split.as_str(), container.extension()),
    };
    // `trl` by default: a version too old for it says so, where `raw` would train on wrong text.
    let default = if all.contains(&Format::Trl) {
        format == Format::Trl
    } else {
        all.first() == Some(&format)
    };
    ConfigView {
        name: format.as_str(),
        default,
        splits: Split::ALL
            .map(split)
            .into_iter()
            .filter(|s| s.rows > 0)
            .collect(),
        features: features(format, container),
    }
}

/// The features of a config as YAML, indented for `dataset_info`.
fn features(format: Format, container: Container) -> Option<&'static str> {
    match (format, container) {
        (Format::Raw, _) => Some(include_str!("features/raw.yaml")),
        (Format::Openai, Container::JsonLines) => Some(include_str!("features/openai.yaml")),
        (Format::Sharegpt, _) => Some(include_str!("features/sharegpt.yaml")),
        (Format::Swift, _) => Some(include_str!("features/swift.yaml")),
        (Format::Trl, _) | (Format::Openai, Container::Parquet) => None,
    }
}

/// Counts of the rows, for the tables.
fn counts(tally: &Tally) -> Value {
    let cells: Vec<Value> = tally
        .cells()
        .iter()
        .map(|((scenario, agent), n)| {
            context! { scenario, agent, train => n[0], validation => n[1], test => n[2], all => n.iter().sum::<u64>() }
        })
        .collect();
    let kinds: Vec<Value> = tally
        .kinds()
        .iter()
        .map(|((scenario, kind), rows)| context! { scenario, kind, rows })
        .collect();
    let (messages, calls, rewarded) = tally.totals();
    context! {
        cells, kinds, messages, calls, rewarded,
        rows => tally.rows(), domains => shown(tally.domains()),
        users => shown(tally.users()),
        train => tally.of(Split::Train), validation => tally.of(Split::Validation), test => tally.of(Split::Test),
    }
}

/// Any plain data for the template.
fn shown(data: impl Serialize) -> Value {
    Value::from(Serde(data))
}

/// The hub's name for a number of rows.
fn size_category(rows: u64) -> &'static str {
    match rows {
        0..1_000 => "n<1K",
        1_000..10_000 => "1K<n<10K",
        10_000..100_000 => "10K<n<100K",
        100_000..1_000_000 => "100K<n<1M",
        1_000_000..10_000_000 => "1M<n<10M",
        _ => "10M<n<100M",
    }
}

/// A number with a comma between thousands.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A text as YAML takes it whatever is in it: JSON strings are YAML strings.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a text always serializes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(1_234_567), "1,234,567");
        assert_eq!(size_category(1000), "1K<n<10K");
    }
}
