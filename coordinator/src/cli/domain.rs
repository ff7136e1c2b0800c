//! `t2t domain`: what a domain is, seen from outside.

use std::io::{BufWriter, stdin, stdout};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use worker::domains::retail::generate::statistics::WorldStatistics;
use worker::domains::retail::generate::statistics::compare;
use worker::domains::retail::replay;

use super::End;
use super::progress::print;
use crate::plan::{Plan, WorldPlan};
use crate::project::rows::tool_schemas;
use crate::world;

/// Arguments of `t2t domain`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Run call sequences from standard input, each on a fresh world
    ///
    /// One JSON object a line goes in, {"seq":…, "steps":[{"name","arguments","requestor"?}]}, and one
    /// line each comes out: {"seq":…, "results":[{"result","error"}], "db_diff":[…], "db_hash":…,
    /// "state_id":…}. Difference and hash are the benchmark's.
    Replay(ReplayArguments),
    /// Compare a generated world with a world file, statistic by statistic
    Compare(CompareArguments),
    /// Print the policy as an agent gets it
    Policy(Named),
    /// Print the tools as an agent gets them, in the `OpenAI` function form
    Tools(Named),
}

#[derive(Debug, Args)]
struct Named {
    /// The domain
    #[arg(long, value_name = "NAME", default_value = "retail")]
    domain: String,
}

#[derive(Debug, Args)]
struct ReplayArguments {
    #[command(flatten)]
    domain: Named,
    /// World file in the benchmark's form, instead of a generated world
    #[arg(long, value_name = "FILE")]
    world_file: Option<PathBuf>,
    /// Seed of the generated world
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

#[derive(Debug, Args)]
struct CompareArguments {
    #[command(flatten)]
    domain: Named,
    /// World file in the benchmark's form
    #[arg(long, value_name = "FILE")]
    world_file: PathBuf,
    /// Seeds of the generated worlds
    #[arg(long = "seed", value_name = "N", num_args = 1.., default_values_t = [1])]
    seeds: Vec<u64>,
}

pub(super) fn domain(arguments: &Arguments) -> anyhow::Result<End> {
    match &arguments.what {
        What::Replay(arguments) => replay_lines(arguments)?,
        What::Compare(arguments) => compare_worlds(arguments)?,
        What::Policy(named) => {
            let domain = world::domain(&Plan {
                domain: named.domain.clone(),
                ..Plan::default()
            })?;
            print(&format!("{}\n", domain.policy().trim_end()));
        }
        What::Tools(named) => {
            let domain = world::domain(&Plan {
                domain: named.domain.clone(),
                ..Plan::default()
            })?;
            print(&format!("{:#}\n", tool_schemas(&*domain)));
        }
    }
    Ok(End::Done)
}

/// Replay and comparison are about the benchmark's form of a world, which retail alone has.
fn only_retail(named: &Named, what: &str) -> anyhow::Result<()> {
    if named.domain != "retail" {
        bail!(
            "--domain {}: `t2t domain {what}` knows retail only",
            named.domain
        );
    }
    Ok(())
}

fn world_of(file: Option<&PathBuf>) -> WorldPlan {
    WorldPlan {
        file: file
            .map(|file| file.display().to_string())
            .unwrap_or_default(),
        ..WorldPlan::default()
    }
}

fn replay_lines(arguments: &ReplayArguments) -> anyhow::Result<()> {
    only_retail(&arguments.domain, "replay")?;
    let shop = world::shop(&world_of(arguments.world_file.as_ref()), arguments.seed)?;
    replay::replay(
        Arc::new(shop),
        stdin().lock(),
        BufWriter::new(stdout().lock()),
    )
    .context("standard input")
}

fn compare_worlds(arguments: &CompareArguments) -> anyhow::Result<()> {
    only_retail(&arguments.domain, "compare")?;
    let theirs = WorldStatistics::of_base(&world::shop(&world_of(Some(&arguments.world_file)), 0)?);
    for &seed in &arguments.seeds {
        let ours = WorldStatistics::of_base(&world::shop(&WorldPlan::default(), seed)?);
        print(&format!(
            "seed {seed} beside {}\n{}\n",
            arguments.world_file.display(),
            compare(&ours, &theirs)
        ));
    }
    Ok(())
}
