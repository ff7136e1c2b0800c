//! Every blocked wish breaks its rule and no other, and its twin allows the very same call.

use std::collections::BTreeMap;

use proto::record::{Actor, Resolution, Wish};
use proto::seed::Seed;

use super::shop;
use crate::domains::Want;
use crate::domains::retail::afford::view::world_of;
use crate::domains::retail::afford::write::effect;
use crate::domains::retail::afford::{afford, reach};
use crate::domains::retail::rules;
use crate::environment::Environment;
use crate::rules::{Enforced, Sort};

#[test]
fn a_blocked_wish_breaks_exactly_its_rule_and_its_twin_none() {
    let world = shop::world(150, 11);
    let all = rules::all();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for rule in all.iter().filter(|rule| rule.sort == Sort::GoalBlocking) {
        for (at, user) in world.base.users.iter().enumerate() {
            let person = &*user.user_id;
            let mut rng = Seed::root(at as u64).child(rule.id, 0).rng();
            let want = Want::Blocked { rule: rule.id };
            let Some(found) = afford(&world, &all, person, &want, &mut rng) else {
                continue;
            };
            *counts.entry(rule.id).or_default() += 1;
            let Wish::Blocked(blocked) = &found.goal.wish else {
                panic!("{found:?}")
            };
            assert_eq!(blocked.rule, rule.id);
            let start = found.start.as_deref().unwrap_or(&world as &dyn Environment);
            for alternatives in &blocked.evidence {
                for read in alternatives {
                    let seen = start
                        .fork()
                        .call(Actor::Assistant, &read.name, &read.arguments);
                    assert!(!seen.error, "{read:?}");
                }
                let read_anyway = alternatives
                    .iter()
                    .any(|read| found.goal.reads.contains(read));
                assert!(read_anyway, "{rule:?} {:#?}", found.goal);
            }
            let Some(call) = &blocked.call else {
                assert_eq!(blocked.resolution, Resolution::Transfer);
                continue;
            };
            assert_eq!(blocked.resolution, Resolution::Refuse);
            let broken: Vec<_> = rules::blocking(&all, start, person, call).collect();
            assert_eq!(broken, [rule.id], "{call:?}");
            let tried = effect(world_of(start), call);
            match rule.enforced {
                Enforced::Tool => assert!(tried.is_none(), "{call:?}"),
                Enforced::PolicyOnly if rule.id == "own-orders-only" => assert!(tried.is_some()),
                Enforced::PolicyOnly => {}
            }
            if rule.id == "cancel-reasons" {
                assert!(found.twin.is_none() && blocked.evidence.is_empty());
                continue;
            }
            let twin = world_of(found.twin.as_deref().unwrap());
            assert!(effect(twin, call).is_some(), "{call:?}");
            assert_ne!(twin.state_id(), start.state_id());
            assert_eq!(rules::blocking(&all, twin, person, call).count(), 0);
            for read in &found.goal.reads {
                let (mut one, mut two) = (start.fork(), twin.fork());
                assert!(
                    !one.call(Actor::Assistant, &read.name, &read.arguments)
                        .error
                );
                assert!(
                    !two.call(Actor::Assistant, &read.name, &read.arguments)
                        .error
                );
            }
            assert!(!reach(twin, person).is_empty());
        }
    }
    for rule in all.iter().filter(|rule| rule.sort == Sort::GoalBlocking) {
        let count = counts.get(rule.id).copied().unwrap_or(0);
        assert!(count > 5, "{}: {counts:#?}", rule.id);
    }
}
