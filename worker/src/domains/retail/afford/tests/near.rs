//! Tampered calls, extra writes, introductions and reach.

use proto::record::{Actor, Wish};
use proto::seed::Seed;

use super::shop;
use crate::domains::retail::afford::choice::FORMS;
use crate::domains::retail::afford::view::View;
use crate::domains::retail::afford::write::{self, effect};
use crate::domains::retail::afford::{extra, introduce, reach, tampered};
use crate::domains::retail::rules;
use crate::environment::Environment;

#[test]
fn tampered_calls_differ_in_one_argument_and_are_accepted() {
    let world = shop::world(60, 23);
    let mut seen = 0;
    for (at, user) in world.base.users.iter().enumerate() {
        let view = View::new(&world, &user.user_id).unwrap();
        for (tool, _) in FORMS {
            let mut rng = Seed::root(at as u64).child(tool, 3).rng();
            let Some(goal) = write::afford(&view, tool, &mut rng) else {
                continue;
            };
            let Wish::Write(call) = &goal.wish else {
                panic!("{goal:?}")
            };
            for other in tampered(&world, &user.user_id, call) {
                let pairs = call.arguments.iter().zip(&other.arguments);
                assert_eq!(pairs.filter(|(one, two)| one != two).count(), 1);
                assert_eq!(call.arguments.len(), other.arguments.len());
                assert!(effect(&world, &other).is_some());
                seen += 1;
            }
        }
    }
    assert!(seen > 200, "{seen}");
}

#[test]
fn an_extra_write_is_lawful_and_changes_the_world() {
    let world = shop::world(60, 29);
    let all = rules::all();
    for (at, user) in world.base.users.iter().enumerate() {
        let mut rng = Seed::root(at as u64).rng();
        let call = extra(&world, &user.user_id, &mut rng).unwrap();
        assert!(effect(&world, &call).is_some());
        assert_eq!(
            rules::blocking(&all, &world, &user.user_id, &call).count(),
            0
        );
    }
}

#[test]
fn introductions_find_the_very_person_and_reach_is_readable() {
    let world = shop::world(60, 31);
    let mut ways = std::collections::BTreeSet::new();
    for (at, user) in world.base.users.iter().enumerate() {
        let mut rng = Seed::root(at as u64).rng();
        let found = introduce(&world, &user.user_id, &mut rng);
        let mut fork = world.clone();
        let seen = fork.call(Actor::Assistant, &found.call.name, &found.call.arguments);
        assert_eq!(seen.text, *user.user_id);
        assert_eq!(found.facts.len(), found.call.arguments.len());
        ways.insert(found.call.name);
        for read in reach(&world, &user.user_id) {
            let seen = fork.call(Actor::Assistant, &read.name, &read.arguments);
            assert!(!seen.error, "{read:?}: {}", seen.text);
        }
    }
    assert_eq!(ways.len(), 2);
}
