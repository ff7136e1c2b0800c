//! Commands about a run on a fleet: it is stopped for good, and what it left there is removed.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use proto::queue::{DeadLetter, Queue};
use proto::store::{Board as _, RedisStore, StoreError};
use proto::topology::{Instance, Lane};
use worker::serve::{CANCELLED, HEARD_WITHIN};
use worker::services::{Fleet, Services};

use super::End;
use super::dead::{LETTERS, of};
use super::progress::say;
use super::reached::Reached;
use crate::home::{Home, INSTANCE};
use crate::seal;
use crate::status::RUNS;

/// What is said of a run that was stopped for good, and of one that was cleaned away.
const STOPPED: &[u8] = b"cancelled";
const CLEANED: &[u8] = b"cleaned";
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
    let here = home.path().display();
    let Some(instance) = home.named()? else {
        bail!(
            "no fleet knows the run in {here}, so there is nothing to cancel: Ctrl-C stops a run in one process"
        );
    };
    if has_ended(&home) {
        // Said to the fleet, it would keep the run from growing.
        say(&format!(
            "the run in {here} has ended already: there is nothing to cancel"
        ));
        return Ok(End::Done);
    }
    let reached = Reached::new(&arguments.services, "t2t cancel")?;
    reached.ask(dropped(&reached.fleet, instance, STOPPED))?;
    say(&format!(
        "{instance} is cancelled: its coordinator stops within seconds and its jobs are dropped; what the ledger holds stays, and `t2t clean` removes the rest"
    ));
    Ok(End::Done)
}

fn has_ended(home: &Home) -> bool {
    home.at(seal::NAME).exists()
}

/// Tells the fleet that nobody wants the jobs of a run any more, and why.
async fn dropped(fleet: &Fleet, instance: Instance, why: &[u8]) -> anyhow::Result<()> {
    let name = instance.to_string();
    let told = fleet.store.post(CANCELLED, &name, why, CANCELLED_FOR);
    told.await.context("failed to tell the fleet")
}

/// Takes back that a run is cancelled, where that was said as it was cleaned away, or as it ended: now it goes on under
/// the name that its folder keeps. Who cancelled a run that has not ended meant it.
pub(super) async fn wanted_again(
    home: &Home,
    store: &RedisStore,
    instance: Instance,
) -> Result<(), StoreError> {
    let name = instance.to_string();
    let Some(why) = store.read(CANCELLED, &name).await? else {
        return Ok(());
    };
    if *why != *CLEANED && !has_ended(home) {
        return Ok(());
    }
    store.withdraw(CANCELLED, &name).await?;
    say(
        "the fleet was told to drop the run's jobs: that is taken back, which all workers know in a moment",
    );
    // Until then jobs of a run that goes on would be dropped.
    tokio::time::sleep(HEARD_WITHIN).await;
    Ok(())
}

/// Removes what a run has left on broker and cache. Jobs of its name may still lie in queues, and are dropped. A folder
/// whose run has not ended forgets the name, and a run that goes on later goes by another; one whose run has ended
/// stays as it is, and the name is good again when the run grows.
pub(super) fn clean(arguments: &RunArguments) -> anyhow::Result<End> {
    let home = Home(arguments.run.clone());
    home.existing()?;
    let Some(instance) = home.named()? else {
        let here = home.path().display();
        say(&format!(
            "no fleet knows the run in {here}, so there is nothing to remove"
        ));
        return Ok(End::Done);
    };
    let reached = Reached::new(&arguments.services, "t2t clean")?;
    let removed = reached.ask(removed(&reached.fleet, &home, instance))?;
    say(&format!(
        "{instance}: its lane of outcomes, {removed} are removed; what the folder holds of the run is as it was"
    ));
    Ok(End::Done)
}

/// Removes what an instance has left; says how much that was, beside its lane of outcomes.
async fn removed(fleet: &Fleet, home: &Home, instance: Instance) -> anyhow::Result<String> {
    let (name, lane) = (instance.to_string(), Lane::Outcomes(instance));
    ensure!(
        fleet.queue.consumers(lane).await? == 0,
        "a coordinator is still at this run: stop it first, or `t2t cancel` it"
    );
    // Of a run that has ended there may be copies yet, of jobs that were published more than once. One that has not
    // loses its name: a coordinator that begins just now must not go on under it.
    let why = if has_ended(home) { CLEANED } else { STOPPED };
    dropped(fleet, instance, why).await?;
    say("jobs of it that are left are dropped, which all workers know in a moment");
    // An outcome that comes later than the lane is gone would have it made anew.
    tokio::time::sleep(HEARD_WITHIN).await;
    fleet.queue.delete(lane).await?;
    let letters = buried(&*fleet.queue, instance).await?;
    fleet.store.withdraw(RUNS, &name).await?;
    let keys = fleet.store.clean(&name).await?;
    if !has_ended(home) {
        // Last, since who cleans again after a failure must know it.
        home.remove(INSTANCE)?;
    }
    Ok(format!("{letters} dead letters and {keys} keys"))
}

/// Removes the jobs of an instance from the dead lanes, where they would lie for ever; how many there were.
async fn buried(queue: &dyn Queue, instance: Instance) -> anyhow::Result<usize> {
    let mut buried = 0;
    for lane in Lane::JOBS {
        loop {
            let ours = |letter: &DeadLetter| of(lane, letter, Some(instance));
            let removed = queue.discard(lane, LETTERS, &ours).await?.len();
            buried += removed;
            if removed < LETTERS {
                break;
            }
        }
    }
    Ok(buried)
}
