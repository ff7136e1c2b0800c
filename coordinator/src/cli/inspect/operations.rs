//! What a run took: how often models were asked, how long they took and what came of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anyhow::Context as _;
use proto::job::Stage;
use proto::operation::Sent;
use proto::record::Money;

use super::find::Found;
use super::pretty;
use crate::archive::Archive;
use crate::home::{Home, OPERATIONS};
use crate::operations::{Line, each};

/// Tells what deliveries took: those that are meant one by one, those of a whole run together.
pub(super) fn tell(
    archive: &Archive,
    found: Option<&Found>,
    home: &Home,
    json: bool,
) -> anyhow::Result<String> {
    let path = home.at(OPERATIONS);
    let mut lines = Vec::new();
    let unread = each(&path, |line| {
        if found.is_none_or(|found| is_meant(archive, found, &line)) {
            lines.push(line);
        }
        Ok(())
    })
    .with_context(|| format!("failed to read {}", path.display()))?;
    if unread > 0 {
        tracing::warn!(unread, path = %path.display(), "lines that were cut short are passed over");
    }
    let order = |one: &Line, other: &Line| {
        let [one, other] = [one, other].map(|line| (line.operation.began, &line.job));
        one.cmp(&other)
    };
    lines.sort_by(order);
    // Where two coordinators wrote the same.
    lines.dedup();
    Ok(match (json, found) {
        (true, _) => pretty(&lines),
        (false, _) if lines.is_empty() => "no request is written down\n".to_owned(),
        (false, Some(_)) => one_by_one(&lines),
        (false, None) => together(&lines),
    })
}

fn is_meant(archive: &Archive, found: &Found, line: &Line) -> bool {
    let it = &line.operation;
    match found {
        Found::Slot(slot, _) => it.slot == *slot,
        Found::Task {
            slot, candidate, ..
        } => (it.slot, it.candidate, it.rollout.is_none()) == (*slot, *candidate, true),
        Found::Job(ask) => line.job == archive.course.job(ask).to_string(),
    }
}

fn one_by_one(lines: &[Line]) -> String {
    let mut out = String::new();
    for Line { job, operation: it } in lines {
        let what = it.rollout.as_ref().map_or(String::new(), |rollout| {
            let twin = if rollout.twin { " over the twin" } else { "" };
            format!(" of {}, trial {}{twin}", rollout.agent, rollout.trial)
        });
        writeln!(
            out,
            "{job}: {}{what} in slot {}, attempt {} by {}: {} after {} ms",
            it.stage.label(),
            it.slot,
            it.attempt,
            it.worker,
            it.ended,
            it.millis
        )
        .expect("a text grows");
        for sent in &it.requests {
            writeln!(
                out,
                "  {:>8} ms  {} {} turn {}.{} attempt {}: {} in {} ms, {} ms in line",
                sent.after,
                sent.role.label(),
                sent.model,
                sent.turn,
                sent.regeneration,
                sent.attempt,
                sent.came,
                sent.millis,
                sent.waited
            )
            .expect("a text grows");
        }
    }
    out
}

fn together(lines: &[Line]) -> String {
    let jobs: BTreeSet<_> = lines.iter().map(|line| &line.job).collect();
    let mut out = format!(
        "{} deliveries of {} jobs, {}\n",
        lines.len(),
        jobs.len(),
        cost(lines.iter())
    );
    for stage in Stage::ALL {
        let of_stage = || lines.iter().filter(|line| line.operation.stage == stage);
        let count = of_stage().count();
        if count > 0 {
            let (label, paid) = (stage.label(), cost(of_stage()));
            writeln!(out, "  {label:<12} {count:>9} {paid:>14}").expect("a text grows");
        }
    }
    out + "\n" + &by_model(lines)
}

fn cost<'a>(lines: impl Iterator<Item = &'a Line>) -> Money {
    lines.map(|line| line.operation.cost()).sum()
}

/// How requests went, by model and role.
fn by_model(lines: &[Line]) -> String {
    let mut by: BTreeMap<(&str, &str), Vec<&Sent>> = BTreeMap::new();
    for sent in lines.iter().flat_map(|line| &line.operation.requests) {
        let requests = by.entry((&sent.model, sent.role.label()));
        requests.or_default().push(sent);
    }
    let mut out = format!(
        "{:<20} {:<10} {:>9} {:>7} {:>8} {:>8} {:>8} {:>10} {:>12}\n",
        "model", "role", "requests", "failed", "p50 ms", "p95 ms", "most ms", "in line ms", "cost"
    );
    for ((model, role), requests) in by {
        let mut took: Vec<u64> = requests.iter().map(|sent| sent.millis).collect();
        took.sort_unstable();
        let failed = requests.iter().filter(|sent| sent.came != "ok").count();
        let waited: u64 = requests.iter().map(|sent| sent.waited).sum();
        let cost: Money = requests.iter().map(|sent| sent.cost).sum();
        writeln!(
            out,
            "{model:<20} {role:<10} {:>9} {failed:>7} {:>8} {:>8} {:>8} {waited:>10} {cost:>12}",
            requests.len(),
            quantile(&took, 50),
            quantile(&took, 95),
            quantile(&took, 100),
        )
        .expect("a text grows");
    }
    out
}

/// The least of some ascending values that so many hundredths do not exceed.
fn quantile(values: &[u64], hundredths: usize) -> u64 {
    let rank = (values.len() * hundredths).div_ceil(100);
    values[rank.max(1) - 1]
}

#[cfg(test)]
mod tests {
    use super::quantile;

    #[test]
    fn a_quantile_is_one_of_the_values() {
        let values: Vec<u64> = (1..=20).collect();
        let found = [1, 50, 95, 100].map(|hundredths| quantile(&values, hundredths));
        assert_eq!(found, [1, 10, 19, 20]);
        assert_eq!(quantile(&[7], 50), 7);
    }
}
