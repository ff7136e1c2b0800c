//! `t2t export`: a run's conversations in one format.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use clap::Args;

use super::End;
use super::open::open;
use super::progress::{print, say};
use crate::dataset::{Format, Settings, Written};
use crate::home::Home;
use crate::project;

/// Arguments of `t2t export`.
#[derive(Debug, Args)]
#[command(after_help = "\
Formats:
  openai    JSON lines, arguments as text: the fine-tuning form of the OpenAI API
  trl       Parquet, arguments and tools as objects: TRL and datasets from 4.7 on
  sharegpt  JSON lines, strictly alternating: LLaMA-Factory
  swift     JSON lines with roles tool_call and tool_response: ms-swift
  raw       Parquet, arguments and tools as text: loads with anything

Example: t2t export out/first --format sharegpt --out out/sharegpt")]
pub(super) struct Arguments {
    /// Folder of the run or evaluation
    run: PathBuf,
    /// openai, trl, sharegpt, swift or raw
    #[arg(long, value_name = "FORMAT")]
    format: Format,
    /// Folder to write; an earlier export there is replaced, anything else is left alone
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub(super) fn export(arguments: &Arguments) -> anyhow::Result<End> {
    let home = Home(arguments.run.clone());
    home.existing()?;
    ensure!(
        !inside(&arguments.out, &arguments.run)?,
        "--out {} lies in the run's own folder, whose files are sealed; name a folder beside it",
        arguments.out.display()
    );
    let archive = open(&home)?;
    let settings = Settings::export(archive.course.run.to_string(), arguments.format);
    let written = project::dataset(&archive, &arguments.out, settings)?;
    print(&summary(&written, arguments.format));
    for (format, count) in &written.refused {
        let list = arguments.out.join(format!("refused-{format}.jsonl"));
        say(&format!(
            "{count} rows can't be said in {format}; each is listed with its reason in {}",
            list.display()
        ));
    }
    if !written.manifest.complete {
        say("the run is not complete; neither is this");
    }
    Ok(End::Done)
}

fn summary(written: &Written, format: Format) -> String {
    let refused = written.refused.get(&format).copied().unwrap_or(0);
    let mut out = format!("{} rows as {format}\n", written.manifest.rows - refused);
    for (split, rows) in &written.manifest.splits {
        writeln!(out, "  {:<12}{rows:>10}", split.as_str())
            .expect("writing to a string does not fail");
    }
    out
}

/// Whether `path` would lie in `folder`, which exists.
fn inside(path: &Path, folder: &Path) -> anyhow::Result<bool> {
    let folder = folder
        .canonicalize()
        .with_context(|| folder.display().to_string())?;
    let path = std::path::absolute(path)?;
    // What does not exist yet lies where its nearest existing ancestor lies.
    let nearest = path
        .ancestors()
        .find_map(|ancestor| ancestor.canonicalize().ok());
    Ok(nearest.is_some_and(|nearest| nearest.starts_with(&folder)))
}
