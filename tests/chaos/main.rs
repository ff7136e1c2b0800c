//! Chaos, seed after seed, with a line for each.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use harness::chaos::{ALL_KINDS, Case, drawn, run};
use harness::fleet::Programs;

/// Let faults come over real fleets, and hold what they make against calm runs
#[derive(Debug, Parser)]
struct Arguments {
    /// The first seed
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// How many seeds
    #[arg(long, value_name = "K", default_value_t = 1)]
    seeds: u64,
    /// Jobs of a plan, about
    #[arg(long, value_name = "J", default_value_t = 1000)]
    jobs: u32,
    /// Faults of a schedule
    #[arg(long, value_name = "S", default_value_t = ALL_KINDS)]
    length: usize,
    /// Where the fleet's files are kept when a promise is broken
    #[arg(long, value_name = "DIR", default_value = "target/chaos")]
    keep: PathBuf,
    /// Print the schedule of each seed, and do nothing
    #[arg(long)]
    show: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let seeds = arguments.seed..arguments.seed + arguments.seeds;
    if arguments.show {
        for seed in seeds {
            println!("seed {seed}");
            for blow in drawn(seed, arguments.length) {
                println!("  {blow}");
            }
        }
        return ExitCode::SUCCESS;
    }
    let Some(programs) = Programs::beside() else {
        eprintln!("the programs of the fleet are missing: cargo build -p tests --bins");
        return ExitCode::from(2);
    };
    let mut broken = 0;
    for seed in seeds.clone() {
        let case = Case {
            seed,
            jobs: arguments.jobs,
            length: arguments.length,
            keep: Some(arguments.keep.join(format!("seed-{seed}"))),
        };
        match run(&case, programs) {
            None => return ExitCode::from(2),
            Some(Ok(report)) => println!("seed {seed}: held: {report}"),
            Some(Err(breach)) => {
                broken += 1;
                println!("seed {seed}: BROKEN: {breach}");
            }
        }
    }
    let count = seeds.count();
    println!("{} of {count} seeds held", count - broken);
    ExitCode::from(u8::from(broken > 0))
}
