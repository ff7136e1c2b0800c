//! Commands about a run on a fleet: it is stopped for good, and what it left there is removed.

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
use super::progress::say;
use crate::home::Home;
use crate::status::RUNS;

/// How long a cancellation stands: longer than a job of the run may lie in a queue.
const CANCELLED_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Arguments of `t2t cancel` and `t2t clean`.
#[derive(Debug, Args)]
pub(super) struct RunArguments {
    /// Folder of the run
    run: PathBuf,
    #[command(flatten)]
    services: Services,
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
