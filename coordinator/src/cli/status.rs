//! `t2t status`: a fleet at a moment, or live on a terminal.

use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use clap::Args;
use worker::serve::Worker;
use worker::services::Services;

use super::End;
use super::progress::{print, say};
use super::reached::Reached;
use crate::status::{self, NamedRun, Status};

/// Arguments of `t2t status`.
#[derive(Debug, Args)]
#[command(after_help = "\
Rates are those of the last minute for runs, and since the last look for workers. What workers have in hand
is about right: runs and workers tell of themselves every few seconds.")]
pub(super) struct Arguments {
    /// Look again after so many seconds, until stopped; on a terminal in the same place, and there every 2 seconds
    /// if not given
    #[arg(long, value_name = "SECONDS")]
    every: Option<u64>,
    /// Look once, on a terminal too
    #[arg(long, conflicts_with = "every")]
    once: bool,
    /// Print JSON, one object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    services: Services,
}

pub(super) fn status(arguments: &Arguments) -> anyhow::Result<End> {
    let reached = Reached::new(&arguments.services, "t2t status")?;
    let fleet = &reached.fleet;
    let shown = std::io::stdout().is_terminal() && !arguments.json && !arguments.once;
    let every = arguments.every.or(shown.then_some(LIVE));
    let live = every.is_some() && shown;
    let mut before: Option<(Status, Instant)> = None;
    if live {
        print(CLEAR);
    }
    loop {
        let looked = reached.ask(status::look(&*fleet.queue, &fleet.store));
        let now = Instant::now();
        let status = match (looked, every) {
            (Ok(status), _) => status,
            (Err(error), None) => return Err(error),
            // An outage is what one wants to watch.
            (Err(error), Some(seconds)) => {
                say(&format!("the fleet can't be looked at just now: {error}"));
                std::thread::sleep(Duration::from_secs(seconds.max(1)));
                continue;
            }
        };
        if arguments.json {
            print(&format!("{}\n", serde_json::to_string(&status)?));
        } else {
            let since = before.as_ref().map(|(before, then)| (before, now - *then));
            let table = table(&status, since);
            print(&if live { in_place(&table) } else { table });
        }
        let Some(seconds) = every else {
            return Ok(End::Done);
        };
        if !live && !arguments.json {
            print("\n");
        }
        before = Some((status, now));
        std::thread::sleep(Duration::from_secs(seconds.max(1)));
    }
}

/// Seconds between two looks of somebody who watches.
const LIVE: u64 = 2;
/// Clears a terminal.
const CLEAR: &str = "\x1b[2J";

/// A text over the one that was there before: from the upper left corner, each line to its end, and
/// nothing below. Clearing first would flicker.
fn in_place(text: &str) -> String {
    format!("\x1b[H{}\x1b[J", text.replace('\n', "\x1b[K\n"))
}

/// Columns: names, and how wide each is. The first stands on the left, the others on the right.
type Columns<'a> = &'a [(&'a str, usize)];

/// Writes rows under their columns; nothing but a word where there are none.
fn rows(out: &mut String, columns: Columns<'_>, rows: &[Vec<String>]) {
    let mut line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut text = String::new();
        for (place, (cell, (_, width))) in cells.zip(columns).enumerate() {
            let written = if place == 0 {
                write!(text, "{cell:<width$}")
            } else {
                write!(text, "{cell:>width$}")
            };
            written.expect("writing to a string does not fail");
        }
        out.push_str(text.trim_end());
        out.push('\n');
    };
    line(&mut columns.iter().map(|(name, _)| *name));
    for row in rows {
        line(&mut row.iter().map(String::as_str));
    }
    if rows.is_empty() {
        line(&mut std::iter::once("none"));
    }
}

/// A fleet in words: all of it in a line, then runs, workers, lanes. With an earlier look, and how long
/// ago that was, workers have a rate.
fn table(status: &Status, before: Option<(&Status, Duration)>) -> String {
    let mut out = sum(status);
    out.push_str("\n\n");
    runs(&mut out, &status.runs);
    out.push('\n');
    workers(&mut out, &status.workers, before);
    out.push('\n');
    lanes(&mut out, status);
    out
}

fn sum(status: &Status) -> String {
    let count = |value: fn(&Worker) -> u64| status.workers.iter().map(value).sum::<u64>();
    let paces = status.runs.iter().map(|run| run.note.jobs_per_second);
    // The sum of no numbers is -0.
    let pace = paces.fold(0.0, |sum, pace| sum + pace);
    let dead: u64 = status.lanes.iter().map(|lane| lane.dead).sum();
    format!(
        "{} workers, {} of {} slots busy, {pace:.1} jobs/s, {} retried, {} failed, {dead} dead",
        status.workers.len(),
        count(|worker| worker.busy),
        count(|worker| worker.slots),
        count(|worker| worker.retried),
        count(|worker| worker.failed),
    )
}

fn runs(out: &mut String, runs: &[NamedRun]) {
    let mut columns = vec![
        ("run", 18),
        ("domain", 10),
        ("slots", 16),
        ("rejected", 10),
        ("failed", 8),
        ("episodes", 16),
        ("jobs/s", 9),
        ("episodes/s", 12),
        ("left", 9),
    ];
    // Only where a model is paid.
    let paid = runs.iter().any(|run| run.note.spent_cents.is_some());
    if paid {
        columns.push(("spent", 10));
    }
    let row = |run: &NamedRun| {
        let note = &run.note;
        let closed = note.settled + note.exhausted + note.failed;
        let mut row = vec![
            run.instance.clone(),
            note.domain.clone(),
            format!("{closed}/{}", note.tasks),
            note.rejected.to_string(),
            note.failed.to_string(),
            format!("{}/{}", note.rollouts, note.due),
            format!("{:.1}", note.jobs_per_second),
            format!("{:.1}", note.episodes_per_second),
            note.seconds_left.map_or_else(unknown, clock),
        ];
        if paid {
            let spent = note.spent_cents.map_or_else(unknown, money);
            row.push(spent);
        }
        row
    };
    rows(out, &columns, &runs.iter().map(row).collect::<Vec<_>>());
}

fn workers(out: &mut String, workers: &[Worker], before: Option<(&Status, Duration)>) {
    let columns = [
        ("worker", 30),
        ("busy", 12),
        ("done", 10),
        ("jobs/s", 9),
        ("retried", 9),
        ("failed", 8),
        ("stages", 40),
    ];
    let rate = |worker: &Worker| {
        let (before, since) = before?;
        let known = before
            .workers
            .iter()
            .find(|known| known.name == worker.name)?;
        let done = worker.done.saturating_sub(known.done) as f64;
        Some(format!("{:.1}", done / since.as_secs_f64()))
    };
    let row = |worker: &Worker| {
        vec![
            worker.name.clone(),
            format!("{}/{}", worker.busy, worker.slots),
            worker.done.to_string(),
            rate(worker).unwrap_or_else(unknown),
            worker.retried.to_string(),
            worker.failed.to_string(),
            match worker.draining {
                true => "none, draining".to_owned(),
                false => worker.stages.join(","),
            },
        ]
    };
    rows(out, &columns, &workers.iter().map(row).collect::<Vec<_>>());
}

fn lanes(out: &mut String, status: &Status) {
    let columns = [
        ("lane", 30),
        ("waiting", 12),
        ("delayed", 10),
        ("in hand", 10),
        ("consumers", 11),
        ("dead", 7),
    ];
    let row = |lane: &status::LaneDepth| {
        vec![
            lane.lane.clone(),
            lane.ready.to_string(),
            lane.delayed.to_string(),
            lane.in_hand.map_or_else(unknown, |count| count.to_string()),
            lane.consumers.to_string(),
            lane.dead.to_string(),
        ]
    };
    rows(
        out,
        &columns,
        &status.lanes.iter().map(row).collect::<Vec<_>>(),
    );
}

/// What stands where nothing is known.
fn unknown() -> String {
    "-".to_owned()
}

/// Seconds as a person reads them: 45s, 12m 05s, 3h 20m, 2d 04h.
fn clock(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m {:02}s", seconds % 60),
        (0, _, _) => format!("{hours}h {:02}m", minutes % 60),
        _ => format!("{days}d {:02}h", hours % 24),
    }
}

fn money(cents: u64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::{LaneDepth, RunNote};

    fn fleet(done: u64, spent_cents: Option<u64>) -> Status {
        let note = RunNote {
            run: "run_12".to_owned(),
            domain: "retail".to_owned(),
            tasks: 1000,
            settled: 240,
            exhausted: 9,
            failed: 1,
            rejected: 77,
            rollouts: 900,
            due: 960,
            in_flight: [1, 0, 3, 60],
            jobs_per_second: 12.34,
            episodes_per_second: 8.0,
            seconds_left: Some(3725),
            spent_cents,
        };
        let worker = Worker {
            name: "host-7".to_owned(),
            version: "1".to_owned(),
            stages: vec!["rollout".to_owned(), "verify".to_owned()],
            slots: 16,
            busy: 12,
            done,
            retried: 3,
            failed: 1,
            draining: false,
        };
        let lane = LaneDepth {
            lane: "rollout".to_owned(),
            ready: 48,
            delayed: 5,
            in_hand: Some(12),
            consumers: 1,
            dead: 2,
        };
        let instance = "0123456789abcdef".to_owned();
        Status {
            runs: vec![NamedRun { instance, note }],
            workers: vec![worker],
            lanes: vec![lane],
        }
    }

    fn words(line: &str) -> Vec<&str> {
        line.split_whitespace().collect()
    }

    #[test]
    fn a_fleet_is_a_line_and_three_tables() {
        let (before, now) = (fleet(100, None), fleet(130, None));
        let table = table(&now, Some((&before, Duration::from_secs(10))));
        let lines: Vec<Vec<&str>> = table.lines().map(words).collect();
        assert_eq!(
            table.lines().next().unwrap(),
            "1 workers, 12 of 16 slots busy, 12.3 jobs/s, 3 retried, 1 failed, 2 dead"
        );
        for row in [
            &[
                "0123456789abcdef",
                "retail",
                "250/1000",
                "77",
                "1",
                "900/960",
                "12.3",
                "8.0",
                "1h",
                "02m",
            ][..],
            &["host-7", "12/16", "130", "3.0", "3", "1", "rollout,verify"],
            &["rollout", "48", "5", "12", "1", "2"],
        ] {
            assert!(lines.iter().any(|line| line == row), "{row:?}\n{table}");
        }
        assert!(!table.contains("spent"), "{table}");
        let mut stopped = now;
        stopped.workers[0].draining = true;
        let table = super::table(&stopped, None);
        assert!(table.contains("none, draining"), "{table}");
    }

    #[test]
    fn money_is_shown_where_there_is_some_and_rates_where_they_are_known() {
        let table = table(&fleet(100, Some(12_305)), None);
        assert!(
            table.contains("spent") && table.contains("123.05"),
            "{table}"
        );
        let worker = table.lines().find(|line| line.starts_with("host-7"));
        assert_eq!(words(worker.unwrap())[3], "-");
        let empty = Status {
            runs: vec![],
            workers: vec![],
            lanes: vec![],
        };
        let nobody = super::table(&empty, None);
        assert_eq!(nobody.matches("none").count(), 3);
        assert!(nobody.contains(" 0.0 jobs/s"), "{nobody}");
    }

    #[test]
    fn times_are_for_people() {
        let found = [45, 725, 12_000, 187_000].map(clock);
        assert_eq!(found, ["45s", "12m 05s", "3h 20m", "2d 03h"]);
    }

    #[test]
    fn a_live_table_covers_the_one_before() {
        assert_eq!(in_place("a\nb\n"), "\x1b[Ha\x1b[K\nb\x1b[K\n\x1b[J");
    }
}
