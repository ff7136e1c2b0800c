//! The whole pipeline, started as its users start it: what a run leaves behind, that it is the same
//! whatever happens on the way, and that verification finds a changed byte in any of its files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use proto::seed::Seed;
use tempfile::TempDir;

/// What is asked for, but for the folder and the workers.
#[derive(Clone, Copy)]
struct Ask {
    domain: &'static str,
    tasks: u32,
    seed: u64,
}

const DESK: Ask = Ask {
    domain: "tickets",
    tasks: 24,
    seed: 7,
};
const SHOP: Ask = Ask {
    domain: "retail",
    tasks: 60,
    seed: 7,
};

impl Ask {
    fn command(self, out: &Path, workers: u32) -> Command {
        let mut command = program();
        command
            .args(["run", "--domain", self.domain, "--out"])
            .arg(out);
        for (flag, value) in [
            ("--tasks", u64::from(self.tasks)),
            ("--seed", self.seed),
            ("--workers", u64::from(workers)),
        ] {
            command.arg(flag).arg(value.to_string());
        }
        command
    }

    /// Runs to the end, with every slot filled or (code 5) given up after its candidates.
    fn run(self, out: &Path, workers: u32) -> Output {
        let output = self.command(out, workers).output().unwrap();
        let code = output.status.code();
        assert!(
            code == Some(0) || code == Some(5),
            "exit {code:?}: {}",
            stderr(&output)
        );
        output
    }

    /// A finished run in a folder of its own.
    fn calm(self) -> (TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("run");
        self.run(&out, 2);
        (dir, out)
    }
}

pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_t2t-under-test"));
    command.stdin(Stdio::null());
    command
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Every file below a folder with its bytes, by its path there.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(inner) = folders.pop() {
        for entry in fs::read_dir(inner).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path
                    .strip_prefix(folder)
                    .unwrap()
                    .to_string_lossy()
                    .into_owned();
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    found
}

/// Compares two datasets byte for byte; names the files that differ instead of printing them.
pub(crate) fn same_dataset(one: &Path, other: &Path) {
    let (one, other) = (files(&one.join("dataset")), files(&other.join("dataset")));
    assert!(
        one.contains_key("manifest.json") && one.keys().eq(other.keys()),
        "{:?} against {:?}",
        one.keys(),
        other.keys()
    );
    let differing: Vec<&String> = one
        .iter()
        .filter(|(name, bytes)| other[*name] != **bytes)
        .map(|(name, _)| name)
        .collect();
    assert!(differing.is_empty(), "these differ: {differing:?}");
}

fn verify(out: &Path) -> Output {
    program().arg("verify").arg(out).output().unwrap()
}

/// Bytes in the ledger's files.
fn ledger_bytes(out: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(out.join("ledger")) else {
        return 0;
    };
    entries
        .filter_map(|entry| entry.ok()?.metadata().ok())
        .map(|file| file.len())
        .sum()
}

/// Waits until the ledger has grown past a size, then kills the process outright. Whether it was
/// still at work.
fn kill_at(mut child: Child, out: &Path, bytes: u64) -> bool {
    while ledger_bytes(out) < bytes {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        std::thread::sleep(Duration::from_micros(300));
    }
    let at_work = child.try_wait().unwrap().is_none();
    child.kill().unwrap();
    child.wait().unwrap();
    at_work
}

/// Five rounds of being killed somewhere in what is left of the ledger, then a run to the end.
fn survives_being_killed(ask: Ask) {
    let (_calm, whole) = ask.calm();
    let size = ledger_bytes(&whole);
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("run");
    let mut rng = Seed::root(ask.seed)
        .child("kill", u64::from(ask.tasks))
        .rng();
    let mut killed = 0;
    for round in 0..5_u64 {
        // Each round gets further than the last, to a random place in its fifth of the ledger.
        let at = size * (round * 100 + rng.below(100) as u64) / 500;
        let mut command = ask.command(&out, 2);
        let child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        killed += u32::from(kill_at(child, &out, at.max(1)));
        assert!(
            !out.join("seal.json").exists() || killed <= round as u32,
            "a killed run is not sealed"
        );
    }
    assert!(killed >= 3, "only {killed} of 5 rounds were killed at work");
    ask.run(&out, 2);
    same_dataset(&whole, &out);
    let verified = verify(&out);
    assert_eq!(verified.status.code(), Some(0), "{}", stderr(&verified));
}

fn any_number_of_workers(ask: Ask) {
    let dir = tempfile::tempdir().unwrap();
    let (one, eight) = (dir.path().join("one"), dir.path().join("eight"));
    ask.run(&one, 1);
    ask.run(&eight, 8);
    same_dataset(&one, &eight);
    let report = |out: &Path| fs::read_to_string(out.join("report.md")).unwrap();
    assert_eq!(report(&one), report(&eight));
}

#[test]
fn a_run_over_the_desk_leaves_dataset_report_and_seal() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("run");
    let output = DESK.run(&out, 2);
    assert_eq!(
        output.status.code(),
        Some(0),
        "a slot stayed unfilled: {}",
        stderr(&output)
    );
    for file in [
        "run.json",
        "report.html",
        "report.md",
        "seal.json",
        "dataset/manifest.json",
        "dataset/README.md",
    ] {
        assert!(fs::metadata(out.join(file)).unwrap().len() > 0, "{file}");
    }
    let report = fs::read_to_string(out.join("report.md")).unwrap();
    for scenario in ["general", "ambiguous", "changing", "infeasible"] {
        assert!(report.contains(scenario), "{scenario}");
    }
}

#[test]
fn the_desk_is_the_same_for_any_number_of_workers() {
    any_number_of_workers(DESK);
}

#[test]
fn the_shop_is_the_same_for_any_number_of_workers() {
    any_number_of_workers(SHOP);
}

#[test]
fn a_killed_run_over_the_desk_goes_on_to_the_same_bytes() {
    survives_being_killed(DESK);
}

#[test]
fn a_killed_run_over_the_shop_goes_on_to_the_same_bytes() {
    survives_being_killed(SHOP);
}

#[test]
fn one_flipped_byte_in_any_file_is_found_and_named() {
    let (_dir, out) = DESK.calm();
    let untouched = verify(&out);
    assert_eq!(untouched.status.code(), Some(0), "{}", stderr(&untouched));
    let kept = files(&out);
    for ending in [
        ".log",
        ".parquet",
        ".jsonl",
        "report.html",
        "report.md",
        "run.json",
        "manifest.json",
        "README.md",
        "seal.json",
    ] {
        assert!(
            kept.keys().any(|name| name.ends_with(ending)),
            "no file ends in {ending}"
        );
    }
    let mut rng = Seed::root(1).child("flip", 0).rng();
    for (name, bytes) in kept.iter().filter(|(_, bytes)| !bytes.is_empty()) {
        let mut flipped = bytes.clone();
        flipped[rng.below(bytes.len())] ^= 1 << rng.below(8);
        fs::write(out.join(name), flipped).unwrap();
        let output = verify(&out);
        assert_eq!(output.status.code(), Some(4), "{name}: {}", stderr(&output));
        assert!(
            stderr(&output).contains(name.as_str()),
            "{name} is not named: {}",
            stderr(&output)
        );
        fs::write(out.join(name), bytes).unwrap();
    }
    assert_eq!(verify(&out).status.code(), Some(0));
}

#[test]
fn a_grown_run_equals_a_fresh_one() {
    let (_dir, fresh) = DESK.calm();
    let dir = tempfile::tempdir().unwrap();
    let grown = dir.path().join("run");
    Ask { tasks: 12, ..DESK }.run(&grown, 2);
    DESK.run(&grown, 2);
    same_dataset(&fresh, &grown);
}

#[test]
fn another_seed_in_the_same_folder_is_refused_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("run");
    let ask = Ask { tasks: 4, ..DESK };
    ask.run(&out, 2);
    let before = files(&out);
    let output = Ask { seed: 8, ..ask }.command(&out, 2).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert!(said.contains("seed: 7 there, 8 here"), "{said}");
    assert!(files(&out) == before, "the folder was changed");
}
