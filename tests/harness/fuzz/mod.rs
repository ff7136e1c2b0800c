//! Fuzzing of everything that reads bytes from outside: one list of targets, each a plain function of
//! bytes that panics when an invariant of its reader does not hold.
//!
//! A case is a function of target, seed and number ([`case`]), so nothing has to be kept to have it
//! again. The suite drives some hundred cases a target and all kept inputs (`it/fuzz.rs`); the program
//! `fuzz` goes on for as long as one likes, in a process of its own, so that an overflown stack or a
//! loop without end is found as well.
//!
//! The driver is our own since coverage-guided engines need a nightly compiler, and what property-test
//! libraries draw from scratch never gets past a checksum: here cases descend from real values
//! ([`corpus`]) and are damaged with knowledge of the formats (`mutate`, and the `mended` targets,
//! which put the checksums right again).

pub mod corpus;
mod files;
mod ledger;
mod mutate;
mod replies;
mod texts;
mod wire;
mod worlds;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex};

use proto::seed::Seed;

pub use texts::stretched;

/// Longest case, bytes.
const LONGEST: usize = 48 << 10;

/// A reader of outside bytes under test.
#[derive(Clone, Copy)]
pub struct Target {
    /// Its name, and that of its folder of kept inputs.
    pub name: &'static str,
    /// What it holds to.
    pub about: &'static str,
    /// Reads the bytes; panics when an invariant does not hold.
    pub run: fn(&[u8]),
    /// Real inputs that cases descend from.
    seeds: fn() -> Vec<Vec<u8>>,
    /// Pieces that mean something to the reader.
    words: &'static [&'static str],
    /// Cases in the suite.
    pub cases: u64,
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Target")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// All targets.
pub fn targets() -> impl Iterator<Item = &'static Target> {
    let groups: [&'static [Target]; 6] = [
        wire::TARGETS,
        ledger::TARGETS,
        worlds::TARGETS,
        files::TARGETS,
        texts::TARGETS,
        replies::TARGETS,
    ];
    groups.into_iter().flatten()
}

/// The target called `name`.
pub fn target(name: &str) -> Option<&'static Target> {
    targets().find(|target| target.name == name)
}

/// Seeds of the targets that were asked for so far: some take a second to make.
static SEEDS: LazyLock<Mutex<BTreeMap<&str, Seeds>>> = LazyLock::new(Mutex::default);

/// Real inputs, kept for as long as the program runs.
type Seeds = &'static [Vec<u8>];

/// The real inputs of a target.
pub fn seeds(target: &Target) -> &'static [Vec<u8>] {
    let known = SEEDS
        .lock()
        .expect("making seeds does not panic")
        .get(target.name)
        .copied();
    known.unwrap_or_else(|| {
        let made: &'static [Vec<u8>] = Vec::leak((target.seeds)());
        assert!(!made.is_empty(), "{} has no real inputs", target.name);
        SEEDS
            .lock()
            .expect("making seeds does not panic")
            .insert(target.name, made);
        made
    })
}

/// The case with this number: a real input, damaged.
pub fn case(target: &Target, seed: u64, number: u64) -> Vec<u8> {
    let mut rng = Seed::root(seed).child(target.name, number).rng();
    let mut bytes = mutate::damaged(&mut rng, seeds(target), target.words);
    bytes.truncate(LONGEST);
    bytes
}

/// Kept inputs of a target, with their paths, in order; `folder` holds one folder a target.
///
/// # Errors
/// When a file cannot be read.
pub fn kept(folder: &Path, target: &Target) -> std::io::Result<Vec<(PathBuf, Vec<u8>)>> {
    let folder = folder.join(target.name);
    let mut found = Vec::new();
    if !folder.is_dir() {
        return Ok(found);
    }
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        found.push((path.clone(), std::fs::read(path)?));
    }
    found.sort();
    Ok(found)
}
