//! `t2t inspect`: a run, a task, an episode, a job, or what was rejected and why.

mod find;
mod operations;
mod rejected;
mod requests;
mod show;
mod summary;

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use proto::outcome::StageResult;
use serde_json::json;

use super::End;
use super::open::open;
use super::progress::print;
use crate::archive::Archive;
use crate::home::Home;
use find::Found;

/// Arguments of `t2t inspect`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  t2t inspect out/first                        what is there
  t2t inspect out/first slot:3                 the task of a slot, its twin, and its episodes
  t2t inspect out/first task_1f2e              a task, by the beginning of its id
  t2t inspect out/first episode_77ab           a conversation
  t2t inspect out/first job_09cd --json        a record of the ledger, as data
  t2t inspect out/first episode_77ab --requests   what its models were asked, and what they answered
  t2t inspect out/first --operations           how long models took, and how often they failed
  t2t inspect out/first --rejected             why candidates fell out
  t2t inspect out/first --rejected --slot 12   every rejected candidate of a slot, in detail")]
pub(super) struct Arguments {
    /// Folder of the run or evaluation
    run: PathBuf,
    /// slot:N, or the beginning of the id of a task, an episode or a job
    #[arg(conflicts_with = "rejected")]
    id: Option<String>,
    /// Rejected candidates by reason
    #[arg(long)]
    rejected: bool,
    /// With --rejected: each candidate of this slot
    #[arg(long, value_name = "N", requires = "rejected")]
    slot: Option<u32>,
    /// Every request to a model and its answer, as they were sent: of a slot, a task, an episode, a job, or
    /// of the whole run
    #[arg(long, conflicts_with = "rejected")]
    requests: bool,
    /// How often models were asked and how long they took, attempts that failed included: of a slot, a task, an
    /// episode, a job, or of the whole run
    #[arg(long, conflicts_with_all = ["rejected", "requests"])]
    operations: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    from: requests::From,
}

pub(super) fn inspect(arguments: &Arguments) -> anyhow::Result<End> {
    let home = Home(arguments.run.clone());
    let archive = open(&home)?;
    let found = || {
        let id = arguments.id.as_deref();
        id.map(|id| find::find(&archive, id)).transpose()
    };
    if arguments.operations {
        let found = found()?;
        print(&operations::tell(
            &archive,
            found.as_ref(),
            &home,
            arguments.json,
        )?);
        return Ok(End::Done);
    }
    if arguments.requests {
        let found = found()?;
        requests::tell(&archive, found, &home, &arguments.from, arguments.json)?;
        return Ok(End::Done);
    }
    let text = match (&arguments.id, arguments.rejected) {
        (Some(id), _) => one(&archive, id, arguments.json)?,
        (None, true) => rejected::tell(&archive, arguments.slot, arguments.json)?,
        (None, false) => summary::tell(&archive, &home, arguments.json)?,
    };
    print(&text);
    Ok(End::Done)
}

fn one(archive: &Archive, id: &str, json: bool) -> anyhow::Result<String> {
    Ok(match find::find(archive, id)? {
        Found::Slot(slot, candidate) => {
            let filled = archive.fill(slot, candidate)?;
            let episodes = archive.episodes(&filled)?;
            if json {
                let episodes: Vec<_> = episodes.iter().map(|played| &played.episode).collect();
                pretty(
                    &json!({"slot": slot, "candidate": candidate, "task": filled.task, "twin": filled.twin, "episodes": episodes}),
                )
            } else {
                show::slot(&filled, &episodes)
            }
        }
        Found::Task {
            slot,
            candidate,
            twin,
        } => {
            let filled = archive.fill(slot, candidate)?;
            let task = if twin {
                filled.twin.as_ref().context("the twin is gone")?
            } else {
                &filled.task
            };
            if json { pretty(task) } else { show::task(task) }
        }
        Found::Job(ask) => {
            let id = archive.course.job(&ask);
            let result = archive.content(&ask)?.with_context(|| {
                format!("the ledger has no record of {id} yet; the run has not come to it")
            })?;
            match (&result, json) {
                (StageResult::Played(episode), true) => pretty(episode),
                (_, true) => pretty(&result),
                (_, false) => show::result(&ask, id, &result),
            }
        }
    })
}

fn pretty<T: serde::Serialize>(value: &T) -> String {
    let mut text = serde_json::to_string_pretty(value).expect("records are plain data");
    text.push('\n');
    text
}
