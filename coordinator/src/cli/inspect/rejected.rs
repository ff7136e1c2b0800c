//! Candidates that fell out: how many for which reason, or each of one slot with what was found.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::ensure;
use proto::job::Stage;
use proto::outcome::{Reason, StageResult};
use serde_json::json;

use crate::archive::Archive;
use crate::run::{Ask, Result as Came};

/// The stages that a candidate goes through.
const STAGES: [Stage; 3] = [Stage::Explore, Stage::Synthesize, Stage::Verify];

pub(super) fn tell(archive: &Archive, slot: Option<u32>, json: bool) -> anyhow::Result<String> {
    match slot {
        Some(slot) => of_slot(archive, slot, json),
        None => Ok(tally(archive, json)),
    }
}

/// By scenario, stage and reason.
fn tally(archive: &Archive, json: bool) -> String {
    let mut counts: BTreeMap<(&str, String, &str), (u64, u32)> = BTreeMap::new();
    for slot in 0..archive.run.slots().len() as u32 {
        let scenario = archive.course.layout.scenario(slot).label();
        for candidate in 0..archive.tried(slot) {
            if let Some((stage, reason)) = fell_out(archive, slot, candidate) {
                counts
                    .entry((stage, reason, scenario))
                    .or_insert((0, slot))
                    .0 += 1;
            }
        }
    }
    for &(slot, _) in archive.run.duplicates() {
        let scenario = archive.course.layout.scenario(slot).label();
        counts
            .entry(("settle", Reason::Duplicate.label(), scenario))
            .or_insert((0, slot))
            .0 += 1;
    }
    let mut rows: Vec<_> = counts.into_iter().collect();
    rows.sort_by_key(|(_, (count, _))| std::cmp::Reverse(*count));
    if json {
        let row = |((stage, reason, scenario), (count, slot)): &(
            (&str, String, &str),
            (u64, u32),
        )| {
            json!({"stage": stage, "reason": reason, "scenario": scenario, "count": count, "first_slot": slot})
        };
        return super::pretty(&rows.iter().map(row).collect::<Vec<_>>());
    }
    let mut out = format!(
        "{:>9}  {:<12}{:<24}{:<14}{}\n",
        "rejected", "stage", "reason", "scenario", "first in"
    );
    for ((stage, reason, scenario), (count, slot)) in &rows {
        writeln!(
            out,
            "{count:>9}  {stage:<12}{reason:<24}{scenario:<14}slot {slot}"
        )
        .expect("writing to a string does not fail");
    }
    out.push_str("what was found: t2t inspect RUN --rejected --slot N\n");
    out
}

/// Where and why a candidate fell out, if it did before settling.
fn fell_out(archive: &Archive, slot: u32, candidate: u16) -> Option<(&'static str, String)> {
    for stage in STAGES {
        match archive.came(stage, slot, candidate)? {
            Came::Made { .. } => {}
            Came::Rejected(reason) => return Some((stage.label(), reason.label())),
            Came::Failed => return Some((stage.label(), "job failed".to_owned())),
        }
    }
    None
}

/// Each candidate of a slot.
fn of_slot(archive: &Archive, slot: u32, json: bool) -> anyhow::Result<String> {
    let slots = archive.run.slots();
    ensure!(
        (slot as usize) < slots.len(),
        "--slot {slot}: the plan has slots 0 to {}",
        slots.len().saturating_sub(1)
    );
    let cell = archive.course.layout.cell(slot, 0);
    let mut rows = Vec::new();
    for candidate in 0..archive.tried(slot) {
        rows.push((candidate, detail(archive, slot, candidate)?));
    }
    if json {
        let row = |(candidate, (stage, reason, detail)): &(u16, Detail)| json!({"candidate": candidate, "stage": stage, "reason": reason, "detail": detail});
        return Ok(super::pretty(&rows.iter().map(row).collect::<Vec<_>>()));
    }
    let wants: Vec<String> = cell.wants.iter().map(|want| format!("{want:?}")).collect();
    let mut out = format!(
        "slot {slot}: {}, {}, wanted: {}\n",
        cell.scenario.label(),
        cell.kind,
        wants.join(", ")
    );
    for (candidate, (stage, reason, detail)) in &rows {
        let place = if stage.is_empty() {
            String::new()
        } else {
            format!(" at {stage}")
        };
        let detail = if detail.is_empty() {
            String::new()
        } else {
            format!(": {detail}")
        };
        writeln!(out, "  candidate {candidate:>2}  {reason}{place}{detail}")
            .expect("writing to a string does not fail");
    }
    Ok(out)
}

/// Stage, reason and what was found.
type Detail = (String, String, String);

fn detail(archive: &Archive, slot: u32, candidate: u16) -> anyhow::Result<Detail> {
    if archive.run.duplicates().contains(&(slot, candidate)) {
        let found = "an earlier slot of the stratum holds the same intent".to_owned();
        return Ok(("settle".to_owned(), Reason::Duplicate.label(), found));
    }
    for stage in STAGES {
        let told = |reason: String, found: String| (stage.label().to_owned(), reason, found);
        match archive.content(&Ask {
            stage,
            slot,
            candidate,
            rollout: None,
        })? {
            None => return Ok(told("not done yet".to_owned(), String::new())),
            Some(StageResult::Rejected(rejection)) => {
                return Ok(told(rejection.reason.label(), rejection.detail));
            }
            Some(StageResult::Failed { error, .. }) => {
                return Ok(told("job failed".to_owned(), error));
            }
            Some(StageResult::Admitted { task, .. }) => {
                return Ok((String::new(), "admitted".to_owned(), task.id.to_string()));
            }
            Some(
                StageResult::Explored(_) | StageResult::Drafted { .. } | StageResult::Played(_),
            ) => {}
        }
    }
    Ok((String::new(), "unknown".to_owned(), String::new()))
}
