//! What slots ask for: the same however large a run grows, in the shares that were asked for from the
//! first slot on, with every write tool in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use coordinator::plan::cells::{Layout, stratum};
use coordinator::plan::{Mix, Plan, WorldPlan};
use coordinator::world;
use proptest::prelude::*;
use proto::job::Wanted;
use proto::record::{Effect, Scenario};
use worker::domains::Domain;

fn plan(domain: &str) -> Plan {
    Plan {
        domain: domain.to_owned(),
        strata: 4,
        world: WorldPlan {
            people: 120,
            orders: 300,
            ..WorldPlan::default()
        },
        ..Plan::default()
    }
}

fn share(mix: Mix, scenario: Scenario) -> u32 {
    match scenario {
        Scenario::General => mix.general,
        Scenario::Ambiguous => mix.ambiguous,
        Scenario::Changing => mix.changing,
        Scenario::Infeasible => mix.infeasible,
    }
}

/// Slots with a write by each tool among their own wants.
fn writes(layout: &Layout, domain: &dyn Domain, slots: u32) -> BTreeMap<String, u32> {
    let tools = domain
        .tools()
        .iter()
        .filter(|tool| tool.effect == Effect::Write);
    let mut counts: BTreeMap<String, u32> = tools.map(|tool| (tool.name.clone(), 0)).collect();
    for slot in 0..slots {
        for want in layout.cell(slot, 0).wants {
            if let Wanted::Write(tool) = want {
                *counts.get_mut(&tool).unwrap() += 1;
            }
        }
    }
    counts
}

#[test]
fn a_run_that_grows_asks_the_same_of_its_first_slots() {
    for name in world::DOMAINS {
        let small = Plan {
            tasks: 10,
            trials: 1,
            agents: vec!["gold".to_owned()],
            ..plan(name)
        };
        let large = Plan {
            tasks: 100_000,
            trials: 8,
            workers: 9,
            ..plan(name)
        };
        let domain = world::domain(&small).unwrap();
        let (one, other) = (Layout::new(&small, &domain), Layout::new(&large, &domain));
        // Asked in another order, since a layout remembers what it has probed.
        let later: Vec<_> = (0..40).rev().map(|slot| other.cell(slot, 0)).collect();
        for slot in 0..40 {
            assert_eq!(one.cell(slot, 0), later[39 - slot as usize]);
            for candidate in [1, 19, 20, 59] {
                let cell = one.cell(slot, candidate);
                assert_eq!(cell, other.cell(slot, candidate));
                assert_eq!(
                    (cell.slot, cell.stratum),
                    (slot, stratum(slot, small.strata))
                );
            }
        }
    }
}

#[test]
fn every_write_tool_has_its_share_of_a_thousand_slots() {
    for name in world::DOMAINS {
        let plan = plan(name);
        let domain: Arc<dyn Domain> = world::domain(&plan).unwrap();
        let counts = writes(&Layout::new(&plan, &domain), &*domain, 1000);
        assert!(
            counts.values().all(|&count| count >= 50),
            "{name}: {counts:?}"
        );
    }
}

#[test]
fn strata_are_frozen_and_even() {
    let first: Vec<u32> = (0..16).map(|slot| stratum(slot, 16)).collect();
    assert_eq!(
        first, FROZEN,
        "slots of every run there is would change sides"
    );
    for strata in [1, 2, 7, 16, 64] {
        let mut counts = vec![0_u32; strata as usize];
        (0..strata * 400).for_each(|slot| counts[stratum(slot, strata) as usize] += 1);
        assert!(
            counts.iter().all(|&count| (300..500).contains(&count)),
            "{strata}: {counts:?}"
        );
    }
}

/// Strata of the first slots among sixteen.
const FROZEN: [u32; 16] = [10, 13, 15, 10, 0, 9, 2, 6, 8, 0, 15, 11, 7, 7, 13, 8];

proptest! {
    #[test]
    fn any_prefix_holds_the_mix(general in 0_u32..12, ambiguous in 0_u32..12, changing in 0_u32..12, infeasible in 0_u32..12, scale in 1_u32..9) {
        prop_assume!(general + ambiguous + changing + infeasible > 0);
        let mix = Mix { general: general * scale, ambiguous: ambiguous * scale, changing: changing * scale, infeasible: infeasible * scale };
        let plan = Plan { mix, ..plan("tickets") };
        let layout = Layout::new(&plan, &world::domain(&plan).unwrap());
        let total: u32 = Scenario::ALL.map(|scenario| share(mix, scenario)).iter().sum();
        let mut counts = [0_u32; 4];
        for slot in 0..200 {
            counts[layout.scenario(slot) as usize] += 1;
            for scenario in Scenario::ALL {
                let due = f64::from((slot + 1) * share(mix, scenario)) / f64::from(total);
                let off = f64::from(counts[scenario as usize]) - due;
                prop_assert!(off.abs() < 1.5, "{scenario:?} is {off} off after {} slots", slot + 1);
            }
        }
    }
}
