//! Every afforded write is sound, and what is said of it means the same to both queries.

use std::collections::{BTreeMap, BTreeSet};

use proto::record::{Goal, PlannedCall, Visibility, Wish};
use proto::seed::Seed;

use super::shop;
use crate::domains::Want;
use crate::domains::retail::afford::choice::FORMS;
use crate::domains::retail::afford::view::View;
use crate::domains::retail::afford::write::effect;
use crate::domains::retail::afford::{afford, bindings, bindings_by_force, query};
use crate::domains::retail::state::World;

fn set(calls: &[PlannedCall]) -> BTreeSet<String> {
    let show = |call: &PlannedCall| format!("{} {:?}", call.name, call.arguments);
    calls.iter().map(show).collect()
}

/// Goals of every tool and every hidden slot over the people of `world`.
pub(super) fn goals(world: &World) -> Vec<(String, Option<&'static str>, Goal)> {
    let mut found = Vec::new();
    for (at, user) in world.base.users.iter().enumerate() {
        for (tool, slots) in FORMS {
            let hides = std::iter::once(None).chain(slots.iter().map(|slot| Some(*slot)));
            for hide in hides {
                let label = format!("{tool}.{hide:?}");
                let mut rng = Seed::root(at as u64).child(&label, 0).rng();
                let want = Want::Write { tool, hide };
                if let Some(afforded) = afford(world, &[], &user.user_id, &want, &mut rng) {
                    found.push((user.user_id.to_string(), hide, afforded.goal));
                }
            }
        }
    }
    found
}

#[test]
fn every_write_is_pinned_accepted_and_changes_the_world() {
    let world = shop::world(120, 3);
    let mut counts: BTreeMap<(String, Option<&str>), usize> = BTreeMap::new();
    for (person, hide, goal) in goals(&world) {
        let view = View::new(&world, &person).unwrap();
        let Wish::Write(call) = &goal.wish else {
            panic!("{goal:?}")
        };
        *counts.entry((call.name.clone(), hide)).or_default() += 1;
        assert!(query::pinned(&view, &goal), "{goal:?}");
        assert!(effect(&world, call).is_some(), "{goal:?}");
        let hidden: Vec<_> = goal.slots.iter().filter(|slot| slot.hidden()).collect();
        assert_eq!(hidden.len(), usize::from(hide.is_some()), "{goal:?}");
        assert_eq!(hidden.first().map(|slot| &*slot.name), hide);
        for slot in &goal.slots {
            assert!(!slot.says.is_empty(), "{goal:?}");
            if call.name == "modify_pending_order_items" && slot.name == "items" {
                assert_eq!(slot.value.as_list().unwrap().len(), 1);
            }
        }
    }
    for (tool, slots) in FORMS {
        for hide in std::iter::once(None).chain(slots.iter().map(|slot| Some(*slot))) {
            let count = counts.get(&(tool.to_owned(), hide)).copied().unwrap_or(0);
            assert!(count > 1, "{tool} hiding {hide:?}: {counts:#?}");
        }
    }
}

#[test]
fn query_and_brute_force_bind_the_same_calls() {
    let world = shop::world(60, 5);
    let mut seen = 0;
    for (person, hide, mut goal) in goals(&world) {
        let by_query = bindings(&world, &person, &goal);
        assert_eq!(
            set(&by_query),
            set(&bindings_by_force(&world, &person, &goal)),
            "{goal:?}"
        );
        let ends: BTreeSet<String> = by_query
            .iter()
            .filter_map(|call| effect(&world, call))
            .map(|after| crate::environment::Environment::state_id(&after).to_string())
            .collect();
        match hide {
            None => assert_eq!(by_query.len(), 1, "{goal:?}"),
            Some(_) => assert!((2..=12).contains(&ends.len()), "{goal:?}"),
        }
        for slot in &mut goal.slots {
            for said in &mut slot.says {
                said.visibility = Visibility::Opening;
            }
        }
        let call = goal.wish.call().unwrap().clone();
        assert_eq!(bindings_by_force(&world, &person, &goal), [call]);
        seen += 1;
    }
    assert!(seen > 300, "{seen}");
}
