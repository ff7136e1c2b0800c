//! Commands about a fleet: what it does just now, and runs that are stopped for good.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use proto::queue::Queue as _;
use proto::store::Board as _;
use proto::topology::Lane;
use tokio::runtime::Runtime;
use worker::process::tls;
use worker::serve::CANCELLED;
use worker::services::{Fleet, Services};

use super::End;
use super::progress::{print, say};
use crate::home::Home;
use crate::status::{self, RUNS, Status};

/// How long a cancellation stands: longer than a job of the run may lie in a queue.
const CANCELLED_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Arguments of `t2t status`.
#[derive(Debug, Args)]
pub(super) struct StatusArguments {
    /// Print it again after so many seconds, until stopped
    #[arg(long, value_name = "SECONDS")]
    every: Option<u64>,
    /// Print JSON, one object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    services: Services,
}

/// Arguments of `t2t cancel` and `t2t clean`.
#[derive(Debug, Args)]
pub(super) struct RunArguments {
    /// Folder of the run
    run: PathBuf,
    #[command(flatten)]
    services: Services,
}

pub(super) fn status(arguments: &StatusArguments) -> anyhow::Result<End> {
    let (runtime, fleet) = connect(&arguments.services, "t2t status")?;
    loop {
        let status = runtime.block_on(status::look(&fleet.queue, &fleet.store))?;
        if arguments.json {
            print(&format!("{}\n", serde_json::to_string(&status)?));
        } else {
            print(&table(&status));
        }
        let Some(seconds) = arguments.every else {
            return Ok(End::Done);
        };
        std::thread::sleep(Duration::from_secs(seconds.max(1)));
    }
}

/// A fleet in words: runs, workers, lanes.
fn table(status: &Status) -> String {
    let mut out = String::new();
    let mut line =
        |text: String| writeln!(out, "{text}").expect("writing to a string does not fail");
    line(format!(
        "{:<18}{:<30}{:>8}{:>10}{:>10}{:>8}{:>10}",
        "run", "id", "tasks", "settled", "rejected", "failed", "episodes"
    ));
    for run in &status.runs {
        let note = &run.note;
        line(format!(
            "{:<18}{:<30}{:>8}{:>10}{:>10}{:>8}{:>10}",
            run.instance,
            note.run,
            note.tasks,
            note.settled,
            note.rejected,
            note.failed,
            note.rollouts
        ));
    }
    line(format!(
        "\n{:<30}{:>8}{:>8}{:>10}  stages",
        "worker", "slots", "busy", "done"
    ));
    for worker in &status.workers {
        line(format!(
            "{:<30}{:>8}{:>8}{:>10}  {}",
            worker.name,
            worker.slots,
            worker.busy,
            worker.done,
            worker.stages.join(", ")
        ));
    }
    line(format!(
        "\n{:<30}{:>8}{:>11}{:>6}",
        "lane", "waiting", "consumers", "dead"
    ));
    for lane in &status.lanes {
        line(format!(
            "{:<30}{:>8}{:>11}{:>6}",
            lane.lane, lane.ready, lane.consumers, lane.dead
        ));
    }
    out
}

/// Stops a run for good: its coordinator ends, and workers drop its jobs.
pub(super) fn cancel(arguments: &RunArguments) -> anyhow::Result<End> {
    let home = Home(arguments.run.clone());
    home.existing()?;
    let instance = home.instance()?;
    let (runtime, fleet) = connect(&arguments.services, "t2t cancel")?;
    let name = instance.to_string();
    runtime
        .block_on(
            fleet
                .store
                .post(CANCELLED, &name, b"cancelled", CANCELLED_FOR),
        )
        .context("failed to tell the fleet")?;
    say(&format!(
        "{instance} is cancelled: its coordinator stops within seconds and its jobs are dropped; what the ledger holds stays, and `t2t clean` removes the rest"
    ));
    Ok(End::Done)
}

/// Removes what a run has left on broker and cache. The folder is not touched.
pub(super) fn clean(arguments: &RunArguments) -> anyhow::Result<End> {
    let home = Home(arguments.run.clone());
    home.existing()?;
    let instance = home.instance()?;
    let (runtime, fleet) = connect(&arguments.services, "t2t clean")?;
    let name = instance.to_string();
    let lane = Lane::Outcomes(instance);
    let removed = runtime.block_on(async {
        anyhow::ensure!(
            fleet.queue.consumers(lane).await? == 0,
            "a coordinator is still at this run: stop it first, or `t2t cancel` it"
        );
        fleet.queue.delete(lane).await?;
        fleet.store.withdraw(RUNS, &name).await?;
        anyhow::Ok(fleet.store.clean(&name).await?)
    })?;
    say(&format!(
        "{instance}: its lane of outcomes and {removed} keys are removed; the folder is as it was"
    ));
    Ok(End::Done)
}

pub(super) fn connect(services: &Services, name: &str) -> anyhow::Result<(Runtime, Fleet)> {
    tls::use_ring();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let fleet = runtime.block_on(services.connect(name))?;
    Ok((runtime, fleet))
}
