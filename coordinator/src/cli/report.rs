//! `t2t report`: report.html and report.md made again from the ledger.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;

use super::open::open;
use super::progress::{print, say};
use super::{End, eval};
use crate::archive::Archive;
use crate::home::Home;
use crate::ledger::DirLock;
use crate::seal::Broken;
use crate::{project, report as pages, seal};

/// The files this command makes.
const MADE: [&str; 3] = ["report.html", "report.md", "results.json"];

/// Arguments of `t2t report`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Folder of the run or evaluation
    run: PathBuf,
    /// Folder to write to, instead of the run's own
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) fn report(arguments: &Arguments) -> anyhow::Result<End> {
    let home = Home(arguments.run.clone());
    home.existing()?;
    let Some(out) = &arguments.out else {
        return in_place(&home);
    };
    let archive = open(&home)?;
    std::fs::create_dir_all(out).with_context(|| format!("failed to create {}", out.display()))?;
    let out = Home(out.clone());
    write(&archive, &out)?;
    print(&format!("{}\n", out.at("report.html").display()));
    Ok(End::Done)
}

fn write(archive: &Archive, to: &Home) -> anyhow::Result<()> {
    if archive.tasks().is_some() {
        eval::write(archive, to, None)?;
        return Ok(());
    }
    let model = project::tell::report(archive).context("failed to make the report")?;
    to.write("report.html", pages::html::render(&model)?.as_bytes())?;
    to.write("report.md", pages::markdown::render(&model)?.as_bytes())?;
    Ok(())
}

/// Writes into the run's folder and seals it again, unless something else there is not as it was.
fn in_place(home: &Home) -> anyhow::Result<End> {
    let _lock = DirLock::share(home.path())?;
    let sealed = seal::check(home.path())?;
    let foreign = |broken: &&Broken| !MADE.contains(&broken.file.as_str());
    if let Some(broken) = sealed.iter().flatten().find(foreign) {
        bail!(
            "{}: {} {}; a new seal would hide that. See `t2t verify {}`, or write elsewhere with --out",
            home.path().display(),
            broken.file,
            broken.what,
            home.path().display()
        );
    }
    let archive = open(home)?;
    write(&archive, home)?;
    if sealed.is_some() {
        home.write(seal::NAME, &seal::seal(home.path())?)?;
    } else {
        say("the run has not ended: the report shows what there is");
    }
    print(&format!("{}\n", home.at("report.html").display()));
    Ok(End::Done)
}
