//! `t2t merge`: the run that its parts come to together.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

use super::End;
use super::progress::say;
use super::run::conclude;
use crate::home::{Home, OPERATIONS};
use crate::ledger::{DirLock, Ledger};
use crate::merge::Parts;
use crate::operations::gather;
use crate::seal;

/// Arguments of `t2t merge`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example, with one coordinator for each part, on one machine or many:
  t2t run --tasks 100000 --partition 1/2 --out out/one
  t2t run --tasks 100000 --partition 2/2 --out out/two
  t2t merge out/one out/two --out out/whole

The new folder is that of an ordinary run: it has a ledger of its own, and its dataset has the bytes that
one coordinator would have made. When the parts have grown, the same command takes over what is new.")]
pub(super) struct Arguments {
    /// Folders of the parts
    #[arg(value_name = "PART", required = true)]
    parts: Vec<PathBuf>,
    /// Folder of the run that they make
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Merge what there is, if parts are missing or not finished; dataset and report are marked incomplete
    #[arg(long)]
    incomplete: bool,
}

pub(super) fn merge(arguments: &Arguments) -> anyhow::Result<End> {
    let homes: Vec<Home> = arguments.parts.iter().cloned().map(Home).collect();
    let parts = Parts::open(&homes, arguments.incomplete)?;
    let home = Home(arguments.out.clone());
    home.create()?;
    let _lock = DirLock::acquire(home.path())?;
    home.settle(&parts.file)?;
    let first = parts.first();
    home.keep_world(&first.with_kept_world(parts.file.plan.clone()))?;
    home.remove(seal::NAME)?;
    let mut ledger = Ledger::open(home.path())?;
    let taken = parts.append_to(&mut ledger)?;
    say(&format!(
        "{}: {taken} records of {} parts in {}",
        parts.file.identity.run(),
        homes.len(),
        home.path().display()
    ));
    let operations: Vec<_> = homes.iter().map(|home| home.at(OPERATIONS)).collect();
    gather(&operations, &home.at(OPERATIONS)).context("failed to put the operations together")?;
    let (course, domain) = (parts.course(), parts.domain);
    conclude(course, domain, ledger, &home, || {
        say("incomplete; merge again when the parts are finished");
        End::Stopped
    })
}
