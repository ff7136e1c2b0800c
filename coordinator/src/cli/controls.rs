//! `t2t controls`: every control and gold over all admitted tasks, with users the proofs never met.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use anyhow::anyhow;
use clap::Args;
use proto::record::{Scenario, Task};
use proto::seed::Seed;
use serde_json::json;
use worker::dialogue::hearing::Hearing;
use worker::domains::Domain;
use worker::participants::agents::controls::{Control, Family};
use worker::participants::agents::gold;
use worker::participants::{Agent, rehearse_with};

use super::End;
use super::open::open;
use super::progress::{Bar, print, say};
use crate::archive::{Archive, Filled};
use crate::home::Home;

/// Arguments of `t2t controls`.
#[derive(Debug, Args)]
#[command(after_help = "\
Every member of every family of controls must earn 0 on every task and twin, and gold must earn 1. The
bureaucrat may pass an infeasible task, but never its feasible twin as well. Exit code 4 if any of this
does not hold.")]
pub(super) struct Arguments {
    /// Folder of the run
    run: PathBuf,
    /// Stop after this many tasks
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Different users per task; none of them is one that the proof met
    #[arg(long, value_name = "K", default_value_t = 3)]
    user_seeds: u32,
    /// Threads; 0 for one a processor
    #[arg(long, value_name = "N", default_value_t = 0)]
    threads: usize,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Faults that are shown.
const SHOWN: usize = 20;

/// What came of one family.
#[derive(Debug, Clone, Copy, Default, serde::Serialize)]
struct Row {
    /// Conversations.
    runs: u64,
    /// Of them, those that earned 1.
    passes: u64,
    /// Of those, passes of one infeasible task whose twin was failed, which the bureaucrat may have.
    half_pairs: u64,
    /// Tasks and twins looked at.
    tasks: u64,
    /// Of them, those for which the family has no member.
    not_applicable: u64,
    /// Tasks of the scenario that the family is made for.
    own: u64,
    /// Of them, those for which it has no member.
    own_not_applicable: u64,
}

/// What came of some tasks.
#[derive(Debug, Default)]
struct Found {
    families: BTreeMap<Family, Row>,
    gold: Row,
    /// What should not be, the first in order of slots.
    faults: Vec<String>,
}

impl Found {
    fn merge(&mut self, other: Self) {
        for (family, row) in other.families {
            self.families.entry(family).or_default().add(row);
        }
        self.gold.add(other.gold);
        self.faults.extend(other.faults);
        self.faults.sort();
        self.faults.truncate(SHOWN);
    }

    fn holds(&self) -> bool {
        self.gold.passes == self.gold.runs
            && self
                .families
                .values()
                .all(|row| row.passes == row.half_pairs)
    }
}

impl Row {
    fn add(&mut self, other: Self) {
        self.runs += other.runs;
        self.passes += other.passes;
        self.half_pairs += other.half_pairs;
        self.tasks += other.tasks;
        self.not_applicable += other.not_applicable;
        self.own += other.own;
        self.own_not_applicable += other.own_not_applicable;
    }
}

pub(super) fn controls(arguments: &Arguments) -> anyhow::Result<End> {
    let archive = open(&Home(arguments.run.clone()))?;
    let slots: Vec<(u32, u16)> = archive
        .settled()
        .take(arguments.limit.unwrap_or(usize::MAX))
        .collect();
    let threads = match arguments.threads {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        given => given,
    };
    let found = all(&archive, &slots, arguments.user_seeds, threads)?;
    for fault in &found.faults {
        say(&format!("problem: {fault}"));
    }
    if arguments.json {
        let named = |(family, row): (&Family, &Row)| (family.name(), *row);
        let families: BTreeMap<&str, Row> = found.families.iter().map(named).collect();
        let found = json!({"user_seeds": arguments.user_seeds, "slots": slots.len(), "gold": found.gold, "families": families, "holds": found.holds()});
        print(&format!("{found:#}\n"));
    } else {
        print(&table(&found));
    }
    Ok(if found.holds() {
        End::Done
    } else {
        End::Broken
    })
}

/// Works through slots on several threads; memory does not grow with their number.
fn all(
    archive: &Archive,
    slots: &[(u32, u16)],
    users: u32,
    threads: usize,
) -> anyhow::Result<Found> {
    let next = AtomicUsize::new(0);
    let done = AtomicU64::new(0);
    let bar = Mutex::new(Bar::new("controls", slots.len() as u64));
    let work = || -> anyhow::Result<Found> {
        let mut found = Found::default();
        while let Some(&(slot, candidate)) = slots.get(next.fetch_add(1, Ordering::Relaxed)) {
            found.merge(one(archive, &archive.fill(slot, candidate)?, users)?);
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            if let Ok(mut bar) = bar.lock() {
                bar.set(done, "");
            }
        }
        Ok(found)
    };
    let mut found = Found::default();
    std::thread::scope(|scope| {
        let crew: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
        for worker in crew {
            found.merge(worker.join().map_err(|_| anyhow!("a thread panicked"))??);
        }
        anyhow::Ok(())
    })?;
    if let Ok(bar) = bar.into_inner() {
        bar.finish(done.into_inner(), "");
    }
    Ok(found)
}

/// One slot: its task, and its twin if it has one.
fn one(archive: &Archive, filled: &Filled, users: u32) -> anyhow::Result<Found> {
    let mut found = Found::default();
    // A branch of its own, so that no seed is one of a proof's or an episode's.
    let seed = Seed(archive.course.run.0).child("controls", u64::from(filled.slot));
    let hearing = &Hearing::default();
    for (branch, task) in std::iter::once(&filled.task)
        .chain(&filled.twin)
        .enumerate()
    {
        let trial = Trials {
            domain: &*archive.domain,
            task,
            seed: seed.child("task", branch as u64),
            users,
            hearing,
        };
        trial.gold(&mut found)?;
        for family in Family::ALL {
            // The task of a pair may be passed by a bureaucrat that fails the twin, which comes next
            // and has no such freedom.
            let half = family == Family::Bureaucrat && branch == 0 && filled.twin.is_some();
            trial.family(family, half, &mut found)?;
        }
    }
    Ok(found)
}

struct Trials<'a> {
    domain: &'a dyn Domain,
    task: &'a Task,
    seed: Seed,
    users: u32,
    hearing: &'a Hearing,
}

impl Trials<'_> {
    /// Whether an agent earns 1 with this user.
    fn passes(&self, agent: &mut dyn Agent, user: u32) -> anyhow::Result<bool> {
        let user = self.seed.child("user", u64::from(user));
        Ok(
            rehearse_with(self.domain, self.task, agent, user, false, self.hearing)?
                .verdict
                .reward
                > 0.5,
        )
    }

    fn gold(&self, found: &mut Found) -> anyhow::Result<()> {
        found.gold.tasks += 1;
        for user in 0..self.users {
            let mut agent = gold(
                self.domain,
                self.task,
                self.seed.child("gold", u64::from(user)),
            );
            let passed = self.passes(&mut agent, user)?;
            found.gold.runs += 1;
            found.gold.passes += u64::from(passed);
            if !passed {
                found.faults.push(self.fault("gold", user, "earns 0"));
            }
        }
        Ok(())
    }

    fn family(&self, family: Family, half: bool, found: &mut Found) -> anyhow::Result<()> {
        let own = own_scenario(family).is_some_and(|scenario| scenario == self.task.scenario);
        let row = found.families.entry(family).or_default();
        row.tasks += 1;
        row.own += u64::from(own);
        for user in 0..self.users {
            let members = family.members(
                self.domain,
                self.task,
                self.seed.child(family.name(), u64::from(user)),
            );
            if members.is_empty() {
                row.not_applicable += 1;
                row.own_not_applicable += u64::from(own);
                return Ok(());
            }
            for Control { name, mut agent } in members {
                let passed = self.passes(&mut agent, user)?;
                row.runs += 1;
                row.passes += u64::from(passed);
                row.half_pairs += u64::from(passed && half);
                if passed && !half {
                    found.faults.push(self.fault(&name, user, "earns 1"));
                }
            }
        }
        Ok(())
    }

    fn fault(&self, agent: &str, user: u32, what: &str) -> String {
        format!(
            "slot {:>6}, {} ({}, {}): {agent} {what} with user {user}",
            self.task.slot,
            self.task.id,
            self.task.scenario.label(),
            self.task.kind
        )
    }
}

/// The scenario that a family is made for.
fn own_scenario(family: Family) -> Option<Scenario> {
    match family {
        Family::Hasty => Some(Scenario::Ambiguous),
        Family::Stale => Some(Scenario::Changing),
        Family::Reckless => Some(Scenario::Infeasible),
        _ => None,
    }
}

fn table(found: &Found) -> String {
    let mut out = format!(
        "{:<14}{:>12}{:>10}{:>14}{:>16}{:>24}\n",
        "", "runs", "passes", "of half pairs", "not applicable", "n/a in own scenario"
    );
    let share = |part: u64, whole: u64| {
        if whole == 0 {
            0.0
        } else {
            100.0 * part as f64 / whole as f64
        }
    };
    for family in Family::ALL {
        let row = found.families.get(&family).copied().unwrap_or_default();
        let half = if family == Family::Bureaucrat {
            row.half_pairs.to_string()
        } else {
            "-".to_owned()
        };
        let away = format!(
            "{} ({:.1} %)",
            row.not_applicable,
            share(row.not_applicable, row.tasks)
        );
        let own = match own_scenario(family) {
            Some(scenario) => format!(
                "{} {}: {:.1} %",
                row.own,
                scenario.label(),
                share(row.own_not_applicable, row.own)
            ),
            None => "-".to_owned(),
        };
        writeln!(
            out,
            "{:<14}{:>12}{:>10}{half:>14}{away:>16}{own:>24}",
            family.name(),
            row.runs,
            row.passes
        )
        .expect("writing to a string does not fail");
    }
    writeln!(
        out,
        "{:<14}{:>12}{:>10}   (of {} tasks and twins; must pass every time)",
        "gold", found.gold.runs, found.gold.passes, found.gold.tasks
    )
    .expect("writing to a string does not fail");
    out.push_str(if found.holds() {
        "everything holds\n"
    } else {
        "it does not hold\n"
    });
    out
}
