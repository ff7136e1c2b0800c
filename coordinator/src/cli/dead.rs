//! `t2t dead`: jobs that were given up, in the dead lanes of a fleet and in the ledger of a run, and how
//! they are done after all.
//!
//! The two are different things. A dead letter is a message that lies on the broker; whether its run
//! still waits for it, it does not know. A failed job is an outcome in a ledger, which closed a slot.

use std::path::PathBuf;

use anyhow::ensure;
use clap::{Args, Subcommand};
use proto::ids::JobId;
use proto::job::Job;
use proto::outcome::{Notice, Outcome};
use proto::queue::{DeadLetter, Queue, QueueError, Wanted};
use proto::store::Board as _;
use proto::topology::{INSTANCE_HEADER, Instance, Lane, NOTICE_HEADER};
use proto::wire::{self, Kind, WireError};
use worker::services::{Fleet, Services};

use super::End;
use super::progress::{print, say};
use super::reached::Reached;
use crate::failed::{self, FailedJob, Which};
use crate::home::Home;
use crate::ledger::{DirLock, Ledger, Reader};
use crate::seal;
use crate::status::RUNS;

/// Dead letters looked at, of each lane.
pub(super) const LETTERS: usize = 10_000;

/// Arguments of `t2t dead`.
#[derive(Debug, Args)]
#[command(after_help = "\
With a broker: messages that no worker could read or finish. With --run DIR: jobs that the run's ledger
holds as failed. With both: the two of that run.

  t2t dead list --run out/first
  t2t dead requeue --run out/first       then the run's own command again, which asks for them anew

With --quarantined, conversations that the service behind a model broke are among them: once it is mended, they
are played after all, from where they broke.")]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the jobs that were given up, oldest first
    List(Where),
    /// Show one of them: headers, reason, and the job as far as it reads
    Show(One),
    /// Put messages back into their lane, and reopen failed jobs of a run
    Requeue(Several),
}

#[derive(Debug, Args)]
struct Where {
    /// Folder of a run or evaluation: its failed jobs, and of the dead letters only its own
    #[arg(long, value_name = "DIR")]
    run: Option<PathBuf>,
    /// Quarantined conversations, too: those that the service behind a model broke
    #[arg(long, requires = "run")]
    quarantined: bool,
    #[command(flatten)]
    services: Services,
}

#[derive(Debug, Args)]
struct One {
    /// Beginning of its id, as listed
    id: String,
    #[command(flatten)]
    place: Where,
}

#[derive(Debug, Args)]
struct Several {
    /// Beginnings of their ids, as listed; all of them if none is named
    ids: Vec<String>,
    #[command(flatten)]
    place: Where,
}

pub(super) fn dead(arguments: &Arguments) -> anyhow::Result<End> {
    match &arguments.command {
        Command::List(place) => list(place)?,
        Command::Show(one) => show(one)?,
        Command::Requeue(some) => requeue(some)?,
    }
    Ok(End::Done)
}

/// Whose dead letters are meant.
enum Whose {
    /// All that lie on the broker: no run is named.
    Everybodys,
    /// Those of a run, by its name there.
    Of(Instance),
    /// None: no broker is named beside the run, or the run was never over a fleet.
    Nobodys,
}

impl Where {
    fn home(&self) -> anyhow::Result<Option<Home>> {
        let home = self.run.clone().map(Home);
        if let Some(home) = &home {
            home.existing()?;
        }
        Ok(home)
    }

    /// Whose dead letters are meant.
    fn whose(&self) -> anyhow::Result<Whose> {
        let Some(home) = self.home()? else {
            return Ok(Whose::Everybodys);
        };
        if !self.services.named() {
            return Ok(Whose::Nobodys);
        }
        match home.named()? {
            Some(instance) => Ok(Whose::Of(instance)),
            None => {
                let here = home.path().display();
                say(&format!(
                    "no fleet knows the run in {here}, so no dead letter is its own"
                ));
                Ok(Whose::Nobodys)
            }
        }
    }

    fn reached(&self) -> anyhow::Result<Reached> {
        Reached::new(&self.services, "t2t dead")
    }

    fn letters(&self) -> anyhow::Result<Vec<(Lane, DeadLetter)>> {
        let instance = match self.whose()? {
            Whose::Nobodys => return Ok(Vec::new()),
            Whose::Everybodys => None,
            Whose::Of(instance) => Some(instance),
        };
        let reached = self.reached()?;
        reached.ask(letters(&reached.fleet, instance))
    }

    fn failed(&self) -> anyhow::Result<Vec<FailedJob>> {
        let Some(home) = self.home()? else {
            return Ok(Vec::new());
        };
        failed_in(&home, self.which())
    }

    fn which(&self) -> Which {
        match self.quarantined {
            true => Which::Quarantined,
            false => Which::Failed,
        }
    }
}

fn list(place: &Where) -> anyhow::Result<()> {
    for failed in place.failed()? {
        print(&format!("{failed}\n"));
    }
    for (lane, letter) in place.letters()? {
        print(&format!("{}\n", in_a_line(lane, &letter)));
    }
    Ok(())
}

fn show(one: &One) -> anyhow::Result<()> {
    let named = |job: &JobId| begins(job, &one.id);
    let mut failed = one.place.failed()?;
    failed.retain(|failed| named(&failed.job));
    let mut letters = one.place.letters()?;
    letters.retain(|(_, letter)| named(&id(letter)));
    ensure!(
        !failed.is_empty() || !letters.is_empty(),
        "no dead job has an id that begins with `{}`; `t2t dead list` names them",
        one.id
    );
    for failed in failed {
        print(&format!("{failed}\n"));
    }
    for (lane, letter) in letters {
        print(&whole(lane, &letter));
    }
    Ok(())
}

fn requeue(some: &Several) -> anyhow::Result<()> {
    let wanted = |job: &JobId| {
        some.ids.is_empty() || some.ids.iter().any(|beginning| begins(job, beginning))
    };
    let place = &some.place;
    let (reached, instance) = match place.whose()? {
        Whose::Nobodys => (None, None),
        Whose::Everybodys => (Some(place.reached()?), None),
        Whose::Of(instance) => (Some(place.reached()?), Some(instance)),
    };
    if let Some(home) = place.home()? {
        if let (Some(reached), Some(instance)) = (&reached, instance) {
            let lane = Lane::Outcomes(instance);
            let busy = reached.ask(reached.fleet.queue.consumers(lane))? > 0;
            ensure!(
                !busy,
                "a coordinator is at {}: stop it first, then requeue, then start it again",
                home.path().display()
            );
        }
        reopen(&home, place.which(), &wanted)?;
    }
    if let Some(reached) = &reached {
        let fleet = &reached.fleet;
        let moved = reached.ask(async {
            let mut moved = 0;
            for lane in lanes(fleet, instance).await? {
                let ours = |letter: &DeadLetter| of(lane, letter, instance) && wanted(&id(letter));
                moved += fleet.queue.revive(lane, LETTERS, &ours).await?.len();
            }
            anyhow::Ok(moved)
        })?;
        say(&format!("{moved} messages are back in their lanes"));
    }
    Ok(())
}

fn failed_in(home: &Home, which: Which) -> anyhow::Result<Vec<FailedJob>> {
    let (reader, index, _) = Reader::open(home.path())?;
    let failed = failed::list(&reader, &index, which).collect::<Result<_, _>>()?;
    Ok(failed)
}

/// Takes back the outcomes of failed jobs. The folder is no longer that of a run that has ended.
fn reopen(home: &Home, which: Which, wanted: &dyn Fn(&JobId) -> bool) -> anyhow::Result<()> {
    let _lock = DirLock::acquire(home.path())?;
    let failed = failed_in(home, which)?.into_iter();
    let jobs: Vec<JobId> = failed.map(|failed| failed.job).filter(wanted).collect();
    let any = !jobs.is_empty();
    let mut reopened = 0;
    if any {
        home.remove(seal::NAME)?;
        let mut ledger = Ledger::open(home.path())?;
        reopened = failed::reopen(&mut ledger, &jobs)?;
    }
    say(&format!(
        "{reopened} failed jobs of {} are reopened{}",
        home.path().display(),
        if any {
            "; its own command asks for them again"
        } else {
            ": it has none of those"
        }
    ));
    Ok(())
}

/// Lanes whose dead letters are meant: those of jobs, and of answers to this instance, or to all that the
/// board knows.
async fn lanes(fleet: &Fleet, instance: Option<Instance>) -> anyhow::Result<Vec<Lane>> {
    let instances = match instance {
        Some(instance) => vec![instance],
        None => {
            let notes = fleet.store.list(RUNS).await?;
            let names = notes.into_iter().map(|note| note.name);
            names.filter_map(|name| name.parse().ok()).collect()
        }
    };
    let answers = instances.into_iter().map(Lane::Outcomes);
    Ok(Lane::JOBS.into_iter().chain(answers).collect())
}

async fn letters(
    fleet: &Fleet,
    instance: Option<Instance>,
) -> anyhow::Result<Vec<(Lane, DeadLetter)>> {
    let mut all = Vec::new();
    for lane in lanes(fleet, instance).await? {
        let ours = |letter: &DeadLetter| of(lane, letter, instance);
        let (dead, more) = first(&*fleet.queue, lane, LETTERS, &ours).await?;
        if more {
            say(&format!(
                "note: only {LETTERS} of the dead letters of {} are looked at; there are more",
                lane.name()
            ));
        }
        all.extend(dead.into_iter().map(|letter| (lane, letter)));
    }
    Ok(all)
}

/// The first letters of a dead lane that are wanted, and whether there are more.
async fn first(
    queue: &dyn Queue,
    lane: Lane,
    limit: usize,
    wanted: &Wanted<'_>,
) -> Result<(Vec<DeadLetter>, bool), QueueError> {
    let mut letters = queue.dead(lane, limit + 1, wanted).await?;
    let more = letters.len() > limit;
    letters.truncate(limit);
    Ok((letters, more))
}

/// The job that a letter is of.
fn id(letter: &DeadLetter) -> JobId {
    JobId(letter.message.id)
}

/// Whether a job's id begins so, as it is listed or in the digits that a broker shows.
fn begins(job: &JobId, beginning: &str) -> bool {
    job.to_string().starts_with(beginning) || job.0.to_string().starts_with(beginning)
}

/// Whose a letter is: the instance that asked, or that it was an answer to.
fn whose(lane: Lane, letter: &DeadLetter) -> Option<String> {
    match lane {
        Lane::Outcomes(instance) => Some(instance.to_string()),
        _ => letter.message.headers.get(INSTANCE_HEADER).cloned(),
    }
}

/// Whether a letter is of this instance, if one is meant.
pub(super) fn of(lane: Lane, letter: &DeadLetter, instance: Option<Instance>) -> bool {
    instance.is_none_or(|instance| whose(lane, letter) == Some(instance.to_string()))
}

fn in_a_line(lane: Lane, letter: &DeadLetter) -> String {
    let whose = whose(lane, letter);
    format!(
        "{}  {:<11}{:<18}{}",
        id(letter),
        lane.name(),
        whose.as_deref().unwrap_or("?"),
        letter.reason
    )
}

fn whole(lane: Lane, letter: &DeadLetter) -> String {
    let mut out = format!("{}\n", in_a_line(lane, letter));
    for (name, value) in &letter.message.headers {
        out.push_str(&format!("  {name}: {value}\n"));
    }
    out.push_str(&match lane {
        Lane::Outcomes(_) => answered(letter),
        _ => asked(letter),
    });
    out
}

/// What a job asks for, as far as it reads.
fn asked(letter: &DeadLetter) -> String {
    match wire::decode::<Job>(Kind::Job, &letter.message.body) {
        Ok(job) => format!(
            "  slot {}, candidate {}, {} of {}\n",
            job.cell.slot,
            job.candidate,
            job.input.stage().label(),
            job.run
        ),
        Err(error) => unreadable(&error),
    }
}

/// What an answer is, as far as it reads.
fn answered(letter: &DeadLetter) -> String {
    let body = &letter.message.body;
    if let Some(notice) = letter.message.headers.get(NOTICE_HEADER) {
        return match wire::decode::<Notice>(Kind::Notice, body) {
            Ok(_) => format!("  a notice: {notice}\n"),
            Err(error) => unreadable(&error),
        };
    }
    match wire::decode::<Outcome>(Kind::Outcome, body) {
        Ok(outcome) => format!("  an outcome of {}\n", outcome.job),
        Err(error) => unreadable(&error),
    }
}

fn unreadable(error: &WireError) -> String {
    format!("  not readable here: {error}\n")
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use proto::digest::Digest;
    use proto::queue::{MemoryQueue, MemorySettings, Message};

    use super::*;

    #[tokio::test]
    async fn a_lane_with_more_than_is_looked_at_says_so() {
        let queue = MemoryQueue::new(MemorySettings::default());
        let lane = Lane::Verify;
        let mut jobs = queue.subscribe(lane, NonZeroUsize::MIN).await.unwrap();
        for number in 0..3 {
            let message = Message::new(Digest::of(&[number]), b"?".to_vec());
            queue.publish(lane, message).await.unwrap();
            let delivery = jobs.next().await.unwrap().unwrap();
            delivery.reject("for the test").await.unwrap();
        }
        for (limit, looked_at, more) in [(2, 2, true), (3, 3, false), (4, 3, false)] {
            let found = first(&queue, lane, limit, &|_| true).await.unwrap();
            assert_eq!((found.0.len(), found.1), (looked_at, more), "{limit}");
        }
    }
}
