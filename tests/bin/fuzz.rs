//! Fuzzes the readers of outside bytes for as long as one likes.
//!
//! The cases run in a child process, which notes the number of each before it runs it; so a panic, an
//! overflown stack, an abort or a loop without end all leave the case behind, and it is written to a
//! file.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, ExitStatus};
use std::time::{Duration, Instant};

use clap::Parser;
use harness::fuzz::{Target, case, seeds, targets};
use tempfile::TempDir;

/// A case that takes longer than this is taken for a loop without end.
const STUCK: Duration = Duration::from_secs(20);
/// How often the parent looks.
const GLANCE: Duration = Duration::from_millis(50);
/// No case has begun: seeds are being made.
const PREPARING: u64 = u64::MAX;

/// Fuzz a reader of outside bytes; without a target, list them
#[derive(Debug, Parser)]
struct Arguments {
    /// A target, or `all`
    target: Option<String>,
    /// Files to read instead of drawn cases
    files: Vec<PathBuf>,
    /// How long to go on with each target
    #[arg(long, value_name = "N", default_value_t = 30)]
    seconds: u64,
    /// Root of the draws
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Number of the first case
    #[arg(long, value_name = "I", default_value_t = 0)]
    from: u64,
    /// Where a case that breaks a target is written
    #[arg(long, value_name = "DIR", default_value = "target/fuzz")]
    keep: PathBuf,
    /// For the child alone: the file that holds the number of the case under way
    #[arg(long, hide = true)]
    note: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let Some(name) = &arguments.target else {
        targets().for_each(|target| println!("{:<20} {}", target.name, target.about));
        return ExitCode::SUCCESS;
    };
    let chosen: Vec<&Target> = targets()
        .filter(|target| name == "all" || name == target.name)
        .collect();
    if chosen.is_empty() {
        eprintln!("no target is called `{name}`; run without arguments for the list");
        return ExitCode::from(2);
    }
    match (&arguments.note, arguments.files.is_empty()) {
        (Some(note), _) => child(chosen[0], &arguments, note),
        (None, false) => from_files(chosen[0], &arguments.files),
        (None, true) => {
            let sound = chosen
                .iter()
                .filter(|target| watched(target, &arguments))
                .count();
            ExitCode::from(u8::from(sound < chosen.len()))
        }
    }
}

/// Runs a target over the contents of files, in this process.
fn from_files(target: &Target, files: &[PathBuf]) -> ExitCode {
    for path in files {
        match std::fs::read(path) {
            Ok(bytes) => (target.run)(&bytes),
            Err(error) => {
                eprintln!("cannot read {}: {error}", path.display());
                return ExitCode::from(2);
            }
        }
        println!("{}: fine", path.display());
    }
    ExitCode::SUCCESS
}

/// Runs cases until the time is over.
fn child(target: &Target, arguments: &Arguments, note: &Path) -> ExitCode {
    let note = File::create(note).expect("the parent made the folder");
    let write = |number: u64| {
        note.write_all_at(&number.to_le_bytes(), 0)
            .expect("eight bytes fit")
    };
    write(PREPARING);
    let inputs = seeds(target).len();
    let start = Instant::now();
    let limit = Duration::from_secs(arguments.seconds);
    let mut number = arguments.from;
    let mut longest = (Duration::ZERO, 0);
    while start.elapsed() < limit {
        write(number);
        let bytes = case(target, arguments.seed, number);
        let before = Instant::now();
        (target.run)(&bytes);
        longest = longest.max((before.elapsed(), number));
        number += 1;
    }
    let done = number - arguments.from;
    println!(
        "{:<20} {done} executions, {:.0}/s, {inputs} real inputs; slowest {:.1} ms (case {})",
        target.name,
        done as f64 / start.elapsed().as_secs_f64(),
        longest.0.as_secs_f64() * 1e3,
        longest.1
    );
    ExitCode::SUCCESS
}

/// Runs a target in a child; keeps the case on which it breaks. Whether it held.
fn watched(target: &Target, arguments: &Arguments) -> bool {
    let folder = TempDir::new().expect("a folder for the child's note");
    let note = folder.path().join("case");
    let mut child = Command::new(std::env::current_exe().expect("this program runs"))
        .arg(target.name)
        .args([
            "--seconds",
            &arguments.seconds.to_string(),
            "--seed",
            &arguments.seed.to_string(),
        ])
        .args(["--from", &arguments.from.to_string(), "--note"])
        .arg(&note)
        .spawn()
        .expect("this program starts again");
    let Some(why) = fate(&mut child, &note) else {
        return true;
    };
    let number = noted(&note);
    if number == PREPARING {
        eprintln!("{}: {why} before the first case", target.name);
        return false;
    }
    let path = keep(&arguments.keep, target, arguments.seed, number);
    eprintln!(
        "{}: {why} on case {number} of seed {}, kept as {}\n  again: cargo run -p tests --bin fuzz -- {} {}",
        target.name,
        arguments.seed,
        path.display(),
        target.name,
        path.display()
    );
    false
}

/// Waits for the child; what went wrong, if something did.
fn fate(child: &mut Child, note: &Path) -> Option<String> {
    let (mut last, mut since) = (PREPARING, Instant::now());
    loop {
        if let Some(status) = child.try_wait().expect("it is our child") {
            return failure(status);
        }
        std::thread::sleep(GLANCE);
        let number = noted(note);
        if number != last {
            (last, since) = (number, Instant::now());
        } else if number != PREPARING && since.elapsed() > STUCK {
            child.kill().expect("it is our child");
            child.wait().expect("it is our child");
            return Some(format!("no end within {} s", STUCK.as_secs()));
        }
    }
}

fn failure(status: ExitStatus) -> Option<String> {
    (!status.success()).then(|| format!("broken ({status})"))
}

/// The number of the case that the child is at.
fn noted(note: &Path) -> u64 {
    let bytes = std::fs::read(note)
        .ok()
        .and_then(|bytes| bytes.try_into().ok());
    bytes.map_or(PREPARING, u64::from_le_bytes)
}

fn keep(folder: &Path, target: &Target, seed: u64, number: u64) -> PathBuf {
    let folder = folder.join(target.name);
    std::fs::create_dir_all(&folder).expect("the folder for kept cases can be made");
    let path = folder.join(format!("seed-{seed}-case-{number}"));
    std::fs::write(&path, case(target, seed, number)).expect("a case can be written");
    path
}
