//! No bytes from outside make a reader panic, hang or contradict itself: kept inputs first, then some
//! hundred cases a target, drawn from a fixed seed.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use harness::fuzz::corpus::{DESK, SHOP};
use harness::fuzz::{case, kept, stretched, target, targets};
use worker::dialogue::facts::{read_agent, read_user};

/// Root of the draws of the suite.
const SEED: u64 = 1;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/fuzz")
}

/// Names the input under way when a target panics.
struct Naming(String);

impl Drop for Naming {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("the input was {}", self.0);
        }
    }
}

fn hold(name: &str) {
    let target = target(name).unwrap();
    for (path, bytes) in kept(&folder(), target).unwrap() {
        let _naming = Naming(path.display().to_string());
        (target.run)(&bytes);
    }
    for number in 0..target.cases {
        let _naming = Naming(format!("case {number} of seed {SEED} of target {name}"));
        (target.run)(&case(target, SEED, number));
    }
}

macro_rules! hold {
    ($($test:ident: $name:literal),* $(,)?) => {
        const HELD: &[&str] = &[$($name),*];
        $(#[test] fn $test() { hold($name); })*
    };
}

hold! {
    envelopes: "envelope",
    mended_envelopes: "envelope-mended",
    jobs: "job",
    outcomes: "outcome",
    values: "value",
    ledgers: "ledger",
    mended_ledgers: "ledger-mended",
    deltas_of_tickets: "delta-tickets",
    deltas_of_retail: "delta-retail",
    world_files: "world-file",
    plans: "plan",
    manifests: "manifest",
    mended_manifests: "manifest-mended",
    replays: "replay",
    agent_names: "agent-name",
    calculators: "calculator",
    agents_in_retail: "agent-text-retail",
    agents_in_tickets: "agent-text-tickets",
    users: "user-text",
    replies_of_openai: "reply-openai",
    replies_of_anthropic: "reply-anthropic",
    replies_of_services: "reply-service",
}

#[test]
fn every_target_is_held_and_every_kept_input_has_one() {
    let names: BTreeSet<&str> = targets().map(|target| target.name).collect();
    assert_eq!(names, HELD.iter().copied().collect());
    for entry in fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name();
        assert!(
            names.contains(name.to_str().unwrap()),
            "no target is called {name:?}"
        );
    }
}

#[test]
fn cases_can_be_had_again() {
    let target = target("agent-name").unwrap();
    let draw = |seed| {
        (0..50)
            .map(|number| case(target, seed, number))
            .collect::<Vec<_>>()
    };
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2));
}

/// Texts of 200 kB that would take hours if any step went over the whole for each of its parts. The
/// bound is far above what a slow machine needs for the rest.
#[test]
fn long_texts_are_read_in_proportion() {
    const LENGTH: usize = 200_000;
    let (done, all) = mpsc::channel();
    thread::spawn(move || {
        for text in stretched(LENGTH) {
            for domain in [&**SHOP, &**DESK] {
                read_agent(domain, &text);
                domain.mentions(&text);
            }
            read_user(&text);
            done.send(text.chars().take(40).collect::<String>())
                .unwrap();
        }
    });
    let mut last = "nothing".to_owned();
    for _ in 0..stretched(LENGTH).count() {
        last = all
            .recv_timeout(Duration::from_secs(60))
            .unwrap_or_else(|_| panic!("the text after \"{last}\" takes no end"));
    }
}
