//! `t2t variety`: how varied the language of a run is, after the world's own values are masked, beside
//! what people wrote for the benchmark.

use std::collections::BinaryHeap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use proto::digest::Digest;
use proto::record::Message;
use worker::domains::retail::load;
use worker::domains::retail::state::Base;
use worker::language::variety::{Masker, VarietyTable};

use super::End;
use super::open::open;
use super::progress::{print, say};
use crate::archive::Archive;
use crate::home::Home;
use crate::world;

/// Arguments of `t2t variety`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Folder of the run
    run: PathBuf,
    /// τ²-bench's data to compare with, as tau2:DIR; otherwise the folder that the environment variable
    /// T2T_TAU2_DATA names, or ../shared/tau2
    #[arg(long, value_name = "tau2:DIR")]
    against: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Texts of a kind that are measured at most.
const TEXTS: usize = 1000;
/// Number of retail tasks of the benchmark, whose texts people wrote.
const HUMAN: usize = 114;
/// Least share of the humans' distinct bigrams, at the same number of texts.
const LEAST_SHARE: f64 = 0.8;
/// Least distinct openings per 1,000.
const LEAST_DISTINCT: f64 = 900.0;

pub(super) fn variety(arguments: &Arguments) -> anyhow::Result<End> {
    let archive = open(&Home(arguments.run.clone()))?;
    let plan = &archive.course.plan;
    if plan.domain != "retail" {
        bail!(
            "the run is of domain {}; values can be masked for retail only",
            plan.domain
        );
    }
    let masker = masker(&world::shop(&plan.world, plan.seed)?);
    let texts = gather(&archive)?;
    let mut table = VarietyTable::default();
    let (openings, user, agent) = (
        texts.openings.sorted(),
        texts.user.sorted(),
        texts.agent.sorted(),
    );
    table.measure("openings", &masker, openings.iter().map(String::as_str));
    table.measure(
        &format!("openings, n={HUMAN}"),
        &masker,
        openings.iter().take(HUMAN).map(String::as_str),
    );
    table.measure("user turns", &masker, user.iter().map(String::as_str));
    table.measure("agent turns", &masker, agent.iter().map(String::as_str));
    let human = human(arguments.against.as_deref())?;
    if let Some((masker, texts)) = &human {
        table.measure(
            "τ² reason_for_call",
            masker,
            texts.iter().map(String::as_str),
        );
    }
    print(&if arguments.json {
        json(&table)
    } else {
        format!("{}{}", table.render(), verdict(&table))
    });
    Ok(End::Done)
}

/// Texts in a fixed random sample: those whose key has the smallest digest. Memory is bounded.
#[derive(Debug, Default)]
struct Sample(BinaryHeap<(Digest, String)>);

impl Sample {
    fn offer(&mut self, key: &str, text: &str) {
        let digest = Digest::of(key.as_bytes());
        let full = self.0.len() >= TEXTS;
        if full && self.0.peek().is_some_and(|(largest, _)| *largest <= digest) {
            return;
        }
        if full {
            self.0.pop();
        }
        self.0.push((digest, text.to_owned()));
    }

    fn sorted(self) -> Vec<String> {
        self.0
            .into_sorted_vec()
            .into_iter()
            .map(|(_, text)| text)
            .collect()
    }
}

#[derive(Debug, Default)]
struct Texts {
    openings: Sample,
    user: Sample,
    agent: Sample,
}

/// Openings of all tasks; turns of the episodes of each first trial, openings and twins left out.
fn gather(archive: &Archive) -> anyhow::Result<Texts> {
    let mut texts = Texts::default();
    for filled in archive.filled() {
        let filled = filled?;
        texts
            .openings
            .offer(&filled.task.id.to_string(), &filled.task.script.opening);
        for played in archive.episodes(&filled)? {
            if played.over_twin || played.episode.trial > 0 {
                continue;
            }
            for (place, message) in played.episode.messages.iter().enumerate().skip(1) {
                let key = format!("{} {place}", played.episode.id);
                match message {
                    Message::User { text } => texts.user.offer(&key, text),
                    Message::Assistant { text, .. } if !text.is_empty() => {
                        texts.agent.offer(&key, text)
                    }
                    _ => {}
                }
            }
        }
    }
    Ok(texts)
}

/// Masks the values of a shop.
fn masker(base: &Base) -> Masker {
    let mut values: Vec<(&'static str, String)> = Vec::new();
    for product in &base.products {
        values.push(("PRODUCT", product.name.to_string()));
        for (axis, value) in product.variants.iter().flat_map(|variant| &variant.options) {
            values.push(("AXIS", axis.to_string()));
            values.push(("OPTION", value.to_string()));
        }
    }
    let addresses = base
        .users
        .iter()
        .map(|user| &user.address)
        .chain(base.orders.iter().map(|order| &order.address));
    for address in addresses {
        values.push(("STREET", address.address1.to_string()));
        values.push(("STREET", address.address2.to_string()));
        values.push(("CITY", address.city.to_string()));
        values.push(("STATE", address.state.to_string()));
    }
    for user in &base.users {
        values.push(("NAME", user.first_name.to_string()));
        values.push(("NAME", user.last_name.to_string()));
    }
    // Two letters in lower case are words as often as states ("in", "or", "me").
    values.retain(|(mark, value)| *mark != "STATE" || value.len() > 2);
    Masker::new(values)
}

/// What people wrote for the benchmark's tasks, with a masker over its own world; none where the data
/// are not there and were not asked for.
fn human(against: Option<&str>) -> anyhow::Result<Option<(Masker, Vec<String>)>> {
    let named = against.map(|against| {
        against
            .strip_prefix("tau2:")
            .with_context(|| format!("--against {against}: write tau2:DIR"))
    });
    let folder = match named.transpose()? {
        Some(folder) => PathBuf::from(folder),
        None => {
            let folder = std::env::var_os("T2T_TAU2_DATA")
                .map_or_else(|| PathBuf::from("../shared/tau2"), PathBuf::from);
            if !folder.join("retail/tasks.json").is_file() {
                say(&format!(
                    "{} holds no retail/tasks.json, so nothing is compared with what people wrote; name τ²-bench's data with --against tau2:DIR",
                    folder.display()
                ));
                return Ok(None);
            }
            folder
        }
    };
    let texts = reasons(&folder.join("retail/tasks.json"))?;
    let base = load::text_of_world(&std::fs::read_to_string(folder.join("retail/db.json"))?)?;
    Ok(Some((masker(&base), texts)))
}

fn reasons(path: &Path) -> anyhow::Result<Vec<String>> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("failed to read {}", path.display()))?;
    let tasks: serde_json::Value =
        serde_json::from_str(&text).with_context(|| path.display().to_string())?;
    let tasks = tasks
        .as_array()
        .with_context(|| format!("{} is no list of tasks", path.display()))?;
    let reason = |task: &serde_json::Value| {
        task["user_scenario"]["instructions"]["reason_for_call"]
            .as_str()
            .map(str::to_owned)
    };
    let texts: Vec<String> = tasks.iter().filter_map(reason).collect();
    ensure!(
        !texts.is_empty(),
        "{} holds no reason_for_call",
        path.display()
    );
    Ok(texts)
}

/// The two floors, held against the table.
fn verdict(table: &VarietyTable) -> String {
    let row = |name: &str| table.rows.iter().find(|row| row.name.starts_with(name));
    let mut out = String::new();
    let mark = |holds: bool| if holds { "holds" } else { "DOES NOT HOLD" };
    if let Some(all) = row("openings") {
        let distinct = all.distinct_per_1000;
        writeln!(
            out,
            "distinct masked openings per 1,000: {distinct:.0}, floor {LEAST_DISTINCT:.0}: {}",
            mark(distinct >= LEAST_DISTINCT)
        )
        .expect("writing to a string does not fail");
    }
    if let (Some(ours), Some(human)) = (row("openings, n="), row("τ²")) {
        let share = ours.distinct_2 / human.distinct_2;
        let what = format!(
            "distinct-2 of {} openings by that of {} texts by people",
            ours.texts, human.texts
        );
        writeln!(
            out,
            "{what}: {:.0} %, floor {:.0} %: {}",
            100.0 * share,
            100.0 * LEAST_SHARE,
            mark(share >= LEAST_SHARE)
        )
        .expect("writing to a string does not fail");
    }
    out
}

fn json(table: &VarietyTable) -> String {
    let row = |row: &worker::language::variety::VarietyRow| {
        serde_json::json!({
            "texts": row.name, "count": row.texts, "words": row.words, "distinct_2": row.distinct_2,
            "self_bleu": row.self_bleu, "distinct_per_1000": row.distinct_per_1000,
        })
    };
    let rows: Vec<serde_json::Value> = table.rows.iter().map(row).collect();
    format!("{:#}\n", serde_json::Value::Array(rows))
}
