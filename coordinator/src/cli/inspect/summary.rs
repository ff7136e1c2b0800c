//! A run in one screen.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use proto::record::Scenario;
use serde_json::json;

use crate::archive::Archive;
use crate::home::Home;
use crate::project::rows::{complete, world};
use crate::run::Slot;

/// Slots of a scenario by where they stand.
#[derive(Debug, Clone, Copy, Default, serde::Serialize)]
struct Standing {
    filled: u32,
    exhausted: u32,
    failed: u32,
    open: u32,
}

/// Episodes of an agent.
#[derive(Debug, Clone, Default, serde::Serialize)]
struct Played {
    episodes: u64,
    /// Those whose agent is answerable for the ending.
    scored: u64,
    passed: u64,
    endings: BTreeMap<String, u64>,
}

/// Where things are, and what they are.
const PLACES: [(&str, &str); 7] = [
    (
        "dataset/README.md",
        "the dataset's card; raw, trl and openai beside it",
    ),
    ("report.html", "the report, for a browser"),
    ("report.md", "the report, for a terminal"),
    ("results.json", "the figures, for programs"),
    ("ledger", "the truth: every outcome"),
    ("run.json", "which run this is, and its plan"),
    (
        "seal.json",
        "digests of all files; present once the run has ended",
    ),
];

pub(super) fn tell(archive: &Archive, home: &Home, json: bool) -> anyhow::Result<String> {
    let scenarios = standings(archive);
    let kinds = kinds(archive);
    let agents = agents(archive)?;
    let plan = &archive.course.plan;
    let places: Vec<(String, &str)> = PLACES
        .iter()
        .map(|(name, what)| (home.at(name).display().to_string(), *what))
        .filter(|(path, _)| std::path::Path::new(path).exists())
        .collect();
    if json {
        return Ok(super::pretty(&json!({
            "run": archive.course.run.to_string(), "domain": plan.domain, "world": world(plan), "seed": plan.seed,
            "complete": complete(archive), "evaluation": archive.tasks().is_some(), "slots": scenarios, "kinds": kinds,
            "agents": agents, "trials": plan.trials,
        })));
    }
    let what = if archive.tasks().is_some() {
        "evaluation on the tasks of "
    } else {
        ""
    };
    let mut out = format!(
        "{what}{}\n{}, {}, seed {}; {}\n\n",
        archive.course.run,
        plan.domain,
        world(plan),
        plan.seed,
        state(archive)
    );
    slots_table(&mut out, &scenarios, &kinds);
    agents_table(&mut out, &agents);
    for (path, what) in &places {
        line(&mut out, &format!("{path:<40} {what}"));
    }
    let filled = archive.settled().next().map_or(0, |(slot, _)| slot);
    line(&mut out, "");
    line(
        &mut out,
        &format!(
            "a task with its episodes: t2t inspect {} slot:{filled}",
            home.path().display()
        ),
    );
    line(
        &mut out,
        &format!(
            "why candidates fell out:  t2t inspect {} --rejected",
            home.path().display()
        ),
    );
    Ok(out)
}

fn state(archive: &Archive) -> String {
    let part = archive.course.plan.partition;
    if complete(archive) {
        "complete".to_owned()
    } else if archive.run.finished() {
        format!("part {part}, complete: `t2t merge` makes the run of it and the others")
    } else {
        "not complete: run the same command again to go on".to_owned()
    }
}

fn line(out: &mut String, text: &str) {
    writeln!(out, "{}", text.trim_end()).expect("writing to a string does not fail");
}

fn standings(archive: &Archive) -> BTreeMap<&'static str, Standing> {
    let mut scenarios: BTreeMap<&str, Standing> = BTreeMap::new();
    for (slot, standing) in archive.run.slots().iter().enumerate() {
        let row = scenarios
            .entry(archive.course.layout.scenario(slot as u32).label())
            .or_default();
        match standing {
            Slot::Settled(..) => row.filled += 1,
            Slot::Exhausted => row.exhausted += 1,
            Slot::Failed(_) => row.failed += 1,
            Slot::Waiting | Slot::Trying(_) => row.open += 1,
        }
    }
    scenarios
}

/// Filled slots by scenario and kind.
fn kinds(archive: &Archive) -> BTreeMap<String, u32> {
    let mut kinds = BTreeMap::new();
    for (slot, _) in archive.settled() {
        let cell = archive.course.layout.cell(slot, 0);
        *kinds
            .entry(format!("{}/{}", cell.scenario.label(), cell.kind))
            .or_default() += 1;
    }
    kinds
}

/// Episodes by agent, twins' included.
fn agents(archive: &Archive) -> anyhow::Result<BTreeMap<String, Played>> {
    let mut agents: BTreeMap<String, Played> = BTreeMap::new();
    for filled in archive.filled() {
        for played in archive.episodes(&filled?)? {
            let row = agents.entry(played.episode.agent.clone()).or_default();
            row.episodes += 1;
            row.scored += u64::from(played.episode.ending.scored());
            row.passed += u64::from(played.episode.verdict.reward > 0.5);
            *row.endings
                .entry(played.episode.ending.label())
                .or_default() += 1;
        }
    }
    Ok(agents)
}

fn slots_table(
    out: &mut String,
    scenarios: &BTreeMap<&str, Standing>,
    kinds: &BTreeMap<String, u32>,
) {
    line(
        out,
        &format!(
            "{:<14}{:>8}{:>11}{:>8}{:>8}   kinds",
            "slots", "filled", "given up", "failed", "open"
        ),
    );
    for scenario in Scenario::ALL {
        let Some(row) = scenarios.get(scenario.label()) else {
            continue;
        };
        let own = kinds.iter().filter_map(|(kind, count)| {
            Some((
                kind.strip_prefix(scenario.label())?.strip_prefix('/')?,
                count,
            ))
        });
        let own: Vec<String> = own.map(|(kind, count)| format!("{kind} {count}")).collect();
        let head = format!(
            "{:<14}{:>8}{:>11}{:>8}{:>8}   ",
            scenario.label(),
            row.filled,
            row.exhausted,
            row.failed,
            row.open
        );
        for (place, part) in wrapped(&own, 70).iter().enumerate() {
            let lead = if place == 0 {
                head.clone()
            } else {
                " ".repeat(head.len())
            };
            line(out, &format!("{lead}{part}"));
        }
    }
    line(out, "");
}

fn agents_table(out: &mut String, agents: &BTreeMap<String, Played>) {
    line(
        out,
        &format!(
            "{:<14}{:>8}{:>11}   endings",
            "agents", "episodes", "passed"
        ),
    );
    for (agent, row) in agents {
        let endings: Vec<String> = row
            .endings
            .iter()
            .map(|(ending, count)| format!("{ending} {count}"))
            .collect();
        let share = match row.scored {
            0 => "–".to_owned(),
            scored => format!("{:.1}", 100.0 * row.passed as f64 / scored as f64),
        };
        line(
            out,
            &format!(
                "{agent:<14}{:>8}{share:>9} %   {}",
                row.episodes,
                endings.join(", ")
            ),
        );
    }
    line(out, "");
}

/// Parts joined by commas, in lines no longer than `width` unless a part is.
fn wrapped(parts: &[String], width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for part in parts {
        let last = lines.last_mut().expect("there is a first line");
        if !last.is_empty() && last.len() + 2 + part.len() > width {
            last.push(',');
            lines.push(part.clone());
        } else {
            if !last.is_empty() {
                last.push_str(", ");
            }
            last.push_str(part);
        }
    }
    lines
}
