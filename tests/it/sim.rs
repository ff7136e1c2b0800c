//! Simulated fleets: drawn faults within some seconds, kept cases that once broke something, and faults
//! planted into the fleet, which must be found.
//!
//! `cargo run --release -p tests --bin sim -- --seeds 10000` does more of the same.

use std::fs;
use std::path::Path;

use harness::sim::{Breach, Case, Flaw, Tally, run, shrink};

/// Seeds of the suite.
const SEEDS: u64 = 400;
/// Seeds among which one must bring a planted fault to light.
const SEARCHED: u64 = 60;

fn simulated(case: &Case) -> Tally {
    run(case).unwrap_or_else(|breach| panic!("{breach}: {}", text(case)))
}

fn text(case: &Case) -> String {
    serde_json::to_string(case).unwrap()
}

#[test]
fn whatever_befalls_a_fleet_nothing_is_lost_doubled_or_invented() {
    let mut total = Tally::default();
    for seed in 0..SEEDS {
        total.add(&simulated(&Case::drawn(seed)));
    }
    // The faults fell where they hurt.
    let Tally {
        deaths,
        drained,
        coordinators,
        fenced,
        refused,
        ..
    } = total;
    assert!(coordinators > SEEDS, "{total:?}");
    for count in [deaths, drained, fenced, refused] {
        assert!(count > SEEDS / 20, "{total:?}");
    }
}

#[test]
fn a_case_takes_its_course_again() {
    for seed in 0..40 {
        let case = Case::drawn(seed);
        assert_eq!(simulated(&case), simulated(&case), "seed {seed}");
    }
}

#[test]
fn what_once_broke_something_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/sim");
    let mut kept = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let case: Case = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        assert!(!case.about.is_empty(), "{}", path.display());
        run(&case).unwrap_or_else(|breach| panic!("{}: {breach}", path.display()));
        kept += 1;
    }
    assert!(kept > 0);
}

/// The small case that brings a fault to light, and what it breaks.
fn found(flaw: Flaw) -> (Case, Breach) {
    let mut cases = (0..SEARCHED).map(|seed| Case::drawn(seed).with(flaw));
    let broken = cases.find(|case| run(case).is_err());
    let broken = broken.unwrap_or_else(|| panic!("{flaw:?} breaks nothing"));
    let small = shrink(&broken, &|case| run(case).is_err());
    let breach = run(&small).unwrap_err();
    (small, breach)
}

#[test]
fn planted_faults_are_found_and_made_small() {
    let (case, breach) = found(Flaw::Impatient);
    assert_eq!(breach, Breach::Endless, "{}", text(&case));
    assert!(case.length() <= 2, "{}", text(&case));
    let (case, breach) = found(Flaw::Fickle);
    assert!(
        matches!(
            breach,
            Breach::Altered(_) | Breach::Invented(_) | Breach::Lost(_)
        ),
        "{breach}"
    );
    assert!(case.length() <= 3, "{}", text(&case));
    let (case, breach) = found(Flaw::Rash);
    assert!(matches!(breach, Breach::Condemned(..)), "{breach}");
    assert!(case.length() <= 3, "{}", text(&case));
}
