//! The way back from a call to its goal.

use std::collections::BTreeMap;

use proto::record::{PlannedCall, Value, Visibility};
use proto::seed::Seed;

use super::{shop, writes};
use crate::domains::retail::afford::hidden::ambiguous;
use crate::domains::retail::afford::view::View;
use crate::domains::retail::afford::{bindings, bindings_by_force, goal_of, query};

#[test]
fn a_call_that_is_drawn_leads_back_to_a_goal_that_means_it() {
    let world = shop::world(120, 3);
    let mut counts: BTreeMap<(String, Option<&str>), [usize; 2]> = BTreeMap::new();
    for (nth, (person, hide, drawn)) in writes::goals(&world).into_iter().enumerate() {
        let call = drawn.wish.call().unwrap();
        let mut rng = Seed::root(nth as u64).rng();
        let goal = goal_of(&world, &person, call, hide, &mut rng);
        let [all, found] = counts.entry((call.name.clone(), hide)).or_default();
        *all += 1;
        let Some(goal) = goal else { continue };
        *found += 1;
        assert_eq!(goal.wish.call(), Some(call));
        let view = View::new(&world, &person).unwrap();
        assert!(query::pinned(&view, &goal), "{goal:?}");
        assert_eq!(
            bindings(&world, &person, &goal).len(),
            bindings_by_force(&world, &person, &goal).len(),
            "{goal:?}"
        );
        let names = |goal: &proto::record::Goal| {
            let names = goal
                .slots
                .iter()
                .map(|slot| (slot.name.clone(), slot.value.clone()));
            names.collect::<Vec<_>>()
        };
        assert_eq!(names(&goal), names(&drawn));
        let hidden: Vec<&str> = goal
            .slots
            .iter()
            .filter(|slot| {
                slot.says
                    .iter()
                    .any(|said| said.visibility == Visibility::OnRequest)
            })
            .map(|slot| &*slot.name)
            .collect();
        assert_eq!(hidden, Vec::from_iter(hide));
        assert!(hide.is_none() || ambiguous(&view, &goal), "{goal:?}");
    }
    for (form, [all, found]) in &counts {
        // With a slot kept back, not everything that can be said of the others leaves more than one reading.
        let enough = if form.1.is_none() { *all } else { all * 7 / 10 };
        assert!(*found >= enough, "{form:?}: {found} of {all}");
    }
    assert!(counts.len() > 15, "{counts:?}");
}

#[test]
fn a_call_that_policy_or_person_would_not_have_leads_nowhere() {
    let world = shop::world(60, 5);
    let mut rng = Seed::root(1).rng();
    let mut goal = |person: &str, call: &PlannedCall| goal_of(&world, person, call, None, &mut rng);
    let mut tried = 0;
    for (person, hide, drawn) in writes::goals(&world) {
        let call = drawn.wish.call().unwrap();
        if hide.is_some() || goal(&person, call).is_none() {
            continue;
        }
        tried += 1;
        let other = world
            .base
            .users
            .iter()
            .find(|user| *user.user_id != *person);
        assert_eq!(goal(&other.unwrap().user_id, call), None, "{call:?}");
        let mut vain = vec![PlannedCall::new(
            "get_user_details",
            [("user_id", &*person)],
        )];
        for (key, value) in &call.arguments {
            let mut without = call.clone();
            without.arguments.remove(key);
            let mut nonsense = call.clone();
            let twice = match value {
                Value::List(ids) => Value::List([ids.as_slice(), ids].concat()),
                _ => 7.into(),
            };
            nonsense.arguments.insert(key.clone(), twice);
            vain.extend([without, nonsense]);
        }
        for call in &vain {
            // The address of a person names no other argument that could be missing.
            let whole =
                call.name == "modify_user_address" && !call.arguments.contains_key("user_id");
            assert!(whole || goal(&person, call).is_none(), "{call:?}");
        }
    }
    assert!(tried > 100, "{tried}");
}
