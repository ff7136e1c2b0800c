//! Commands about a run on a fleet: it is stopped for good, and what it left there is removed.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use proto::queue::Queue as _;
use proto::store::Board as _;
use proto::topology::{Instance, Lane};
use tokio::runtime::Runtime;
use worker::process::tls;
use worker::serve::{CANCELLED, HEARD_WITHIN};
use worker::services::{Fleet, Services};

use super::End;
use super::progress::say;
use crate::home::{Home, INSTANCE};
use crate::seal;
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
    runtime.block_on(dropped(&fleet, instance))?;
    say(&format!(
        "{instance} is cancelled: its coordinator stops within seconds and its jobs are dropped; what the ledger holds stays, and `t2t clean` removes the rest"
    ));
    Ok(End::Done)
}

/// Tells the fleet that nobody wants the jobs of a run any more.
async fn dropped(fleet: &Fleet, instance: Instance) -> anyhow::Result<()> {
    let (name, text) = (instance.to_string(), b"cancelled");
    let told = fleet.store.post(CANCELLED, &name, text, CANCELLED_FOR);
    told.await.context("failed to tell the fleet")
}

/// Removes what a run has left on broker and cache. A folder whose run has not ended forgets the name that it
/// had there: jobs of that name may still lie in queues and are dropped, and a run that goes on later goes by
/// another.
pub(super) fn clean(arguments: &RunArguments) -> anyhow::Result<End> {
    let home = Home(arguments.run.clone());
    home.existing()?;
    let instance = home.instance()?;
    let (runtime, fleet) = connect(&arguments.services, "t2t clean")?;
    let name = instance.to_string();
    let lane = Lane::Outcomes(instance);
    let ended = home.at(seal::NAME).exists();
    let removed = runtime.block_on(async {
        anyhow::ensure!(
            fleet.queue.consumers(lane).await? == 0,
            "a coordinator is still at this run: stop it first, or `t2t cancel` it"
        );
        if !ended {
            dropped(&fleet, instance).await?;
            say("the run has not ended: its jobs are dropped, which all workers know in a moment");
            // An outcome that comes later than the lane is gone would have it made anew.
            tokio::time::sleep(HEARD_WITHIN).await;
        }
        fleet.queue.delete(lane).await?;
        fleet.store.withdraw(RUNS, &name).await?;
        let removed = fleet.store.clean(&name).await?;
        if !ended {
            // Last, since who cleans again after a failure must know it.
            home.remove(INSTANCE)?;
        }
        anyhow::Ok(removed)
    })?;
    say(&format!(
        "{instance}: its lane of outcomes and {removed} keys are removed; what the folder holds of the run is as it was"
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
