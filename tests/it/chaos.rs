//! Chaos with real processes: every kind of fault comes over a fleet within a thousand jobs, and nothing of
//! it shows.
//!
//! `cargo run -p tests --bin chaos -- --seeds 20 --jobs 5000` does more of the same.

use std::collections::BTreeSet;

use harness::chaos::{ALL_KINDS, Case, drawn, run};

use crate::fleet::PROGRAMS;

/// A seed whose broker writes its queues down before it is killed, so that nobody has to wait until what it
/// lost is asked for again.
const SEED: u64 = 40;

#[test]
fn a_fleet_under_every_kind_of_fault_makes_what_one_process_makes() {
    let case = Case {
        seed: SEED,
        jobs: 1000,
        length: ALL_KINDS,
        keep: None,
    };
    let Some(held) = run(&case, PROGRAMS) else {
        return;
    };
    let report = held.unwrap_or_else(|breach| panic!("{breach}"));
    let dealt: BTreeSet<&str> = report.dealt.keys().copied().collect();
    let blows = drawn(case.seed, case.length);
    let mut kinds: BTreeSet<&str> = blows.iter().map(|blow| blow.fault.kind()).collect();
    if !report.bounded {
        kinds.remove("disk full");
    }
    assert_eq!(dealt, kinds, "{report}");
    assert!(report.poisoned > 0, "{report}");
}
