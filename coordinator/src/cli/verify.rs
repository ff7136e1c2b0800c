//! `t2t verify`: a run held against itself, offline.

use std::path::PathBuf;
use std::sync::Mutex;

use clap::Args;

use super::End;
use super::open::open_with;
use super::progress::{Bar, print, say};
use crate::home::Home;
use crate::{dataset, seal};

/// Arguments of `t2t verify`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Folder of the run or evaluation
    run: PathBuf,
    /// Where the run with an evaluation's tasks is now, if it has moved
    #[arg(long, value_name = "DIR")]
    tasks: Option<PathBuf>,
}

pub(super) fn verify(arguments: &Arguments) -> anyhow::Result<End> {
    let home = Home(arguments.run.clone());
    if !home.at("run.json").exists() && !home.at(seal::NAME).exists() {
        home.existing()?;
    }
    let mut problems: Vec<String> = Vec::new();
    match seal::check(home.path())? {
        Some(broken) => problems.extend(broken.into_iter().map(|broken| format!("{}: {}", broken.file, broken.what))),
        None => problems.push("seal.json: is missing; the run has not ended, or was stopped: run the same command again".to_owned()),
    }
    if !problems.is_empty() {
        return Ok(tell(&problems));
    }
    let archive = open_with(&home, arguments.tasks.as_deref())?;
    if archive.tasks().is_none()
        && let Err(found) = dataset::verify(&home.at("dataset"))
    {
        problems.extend(found.iter().map(ToString::to_string));
    }
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let bar = Mutex::new(Bar::new("verify", archive.settled().count() as u64));
    let watch = |done| {
        if let Ok(mut bar) = bar.lock() {
            bar.set(done, "");
        }
    };
    let findings = crate::verify::verify(&archive, threads, &watch)?;
    if let Ok(bar) = bar.into_inner() {
        bar.finish(archive.settled().count() as u64, "");
    }
    problems.extend(findings.problems);
    print(&format!(
        "{} proofs repeated, {} episodes scored again\n",
        findings.proofs, findings.episodes
    ));
    Ok(tell(&problems))
}

fn tell(problems: &[String]) -> End {
    for problem in problems {
        say(&format!("problem: {problem}"));
    }
    if problems.is_empty() {
        print("everything holds\n");
        return End::Done;
    }
    print(&format!("{} problems\n", problems.len()));
    End::Broken
}
