//! Simulates a fleet under drawn faults, seed after seed; makes small what breaks, and keeps it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use clap::Parser;
use harness::sim::{Case, Tally, run, shrink};

/// Simulate coordinators and workers under faults; with files, simulate the cases in them
#[derive(Debug, Parser)]
struct Arguments {
    /// Files that hold a case each
    files: Vec<PathBuf>,
    /// How many seeds
    #[arg(long, value_name = "N", default_value_t = 1000)]
    seeds: u64,
    /// The first seed
    #[arg(long, value_name = "S", default_value_t = 0)]
    from: u64,
    /// Simulations at once
    #[arg(long, value_name = "N", default_value_t = 2)]
    threads: usize,
    /// Where a broken case is written
    #[arg(long, value_name = "DIR", default_value = "target/sim")]
    keep: PathBuf,
    /// Print the case of the first seed, and end
    #[arg(long)]
    show: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.show {
        println!("{}", text(&Case::drawn(arguments.from)));
        return ExitCode::SUCCESS;
    }
    let held = if arguments.files.is_empty() {
        seeds(&arguments)
    } else {
        arguments.files.iter().filter(|path| !holds(path)).count() == 0
    };
    ExitCode::from(u8::from(!held))
}

/// Simulates the case of a file.
fn holds(path: &Path) -> bool {
    let case = std::fs::read_to_string(path).expect("the file reads");
    let case: Case = serde_json::from_str(&case).expect("the file holds a case");
    let held = run(&case);
    match &held {
        Ok(tally) => println!("{}: holds: {tally:?}", path.display()),
        Err(breach) => println!("{}: {breach}", path.display()),
    }
    held.is_ok()
}

fn seeds(arguments: &Arguments) -> bool {
    let (next, broken) = (AtomicU64::new(0), AtomicU64::new(0));
    let total = Mutex::new(Tally::default());
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..arguments.threads.max(1) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= arguments.seeds {
                        return;
                    }
                    match run(&Case::drawn(arguments.from + number)) {
                        Ok(tally) => total.lock().expect("no panic").add(&tally),
                        Err(breach) => {
                            broken.fetch_add(1, Ordering::Relaxed);
                            println!("seed {}: {breach}", arguments.from + number);
                            keep(arguments, arguments.from + number);
                        }
                    }
                }
            });
        }
    });
    let (broken, total) = (broken.into_inner(), total.into_inner().expect("no panic"));
    println!(
        "{} seeds from {}: {} held, {broken} broken; {} operations, {} deaths, {} drained, {} coordinators, {} fenced, {} refused, {} records, {} crossings, {:.1} days simulated in {:.1} s",
        arguments.seeds,
        arguments.from,
        arguments.seeds - broken,
        total.operations,
        total.deaths,
        total.drained,
        total.coordinators,
        total.fenced,
        total.refused,
        total.records,
        total.crossings,
        total.millis as f64 / 86_400_000.0,
        began.elapsed().as_secs_f64()
    );
    broken == 0
}

/// Writes the small form of a broken case.
fn keep(arguments: &Arguments, seed: u64) {
    let mut small = shrink(&Case::drawn(seed), &|case| run(case).is_err());
    if let Err(breach) = run(&small) {
        small.about = breach.to_string();
    }
    std::fs::create_dir_all(&arguments.keep).expect("the folder can be made");
    let path = arguments.keep.join(format!("seed-{seed}.json"));
    std::fs::write(&path, text(&small)).expect("the case can be written");
    println!("{}\nkept as {}", text(&small), path.display());
}

fn text(case: &Case) -> String {
    serde_json::to_string_pretty(case).expect("a case is plain data")
}
