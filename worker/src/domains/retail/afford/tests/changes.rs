//! Changes of mind: the table, and goals that differ as they should.

use proto::record::{Change, Goal, Trigger, Value, Wish};
use proto::seed::Seed;

use super::shop;
use crate::domains::Cell;
use crate::domains::retail::afford::choice::FORMS;
use crate::domains::retail::afford::view::View;
use crate::domains::retail::afford::write::{self, effect, sound};
use crate::domains::retail::afford::{cell, vary};

const ONE_SHOT: &str = "pp-pp-pp-pp-ppp";
const PAYMENT: &str = "pp-ppppp-pp-ppp";
const ORDER_ADDRESS: &str = "pppppppp-pp-ppp";
const PROFILE_ADDRESS: &str = "ppp......pp-ppp";

/// Changes in order (slot, action, target, withdrawal, addition), three triggers each: `p` possible,
/// `-` mixture, `.` impossible.
#[test]
fn the_change_table_is_as_documented() {
    for (tool, _) in FORMS {
        let wanted = match tool {
            "modify_user_address" => PROFILE_ADDRESS,
            "modify_pending_order_payment" => PAYMENT,
            "modify_pending_order_address" => ORDER_ADDRESS,
            _ => ONE_SHOT,
        };
        let mut found = String::new();
        for change in Change::ALL {
            for trigger in Trigger::ALL {
                found.push(match cell(tool, change, trigger) {
                    Cell::Possible => 'p',
                    Cell::Mixture => '-',
                    Cell::Impossible => '.',
                });
            }
        }
        assert_eq!(found, wanted, "{tool}");
    }
}

fn value<'g>(goal: &'g Goal, slot: &str) -> Option<&'g Value> {
    let found = goal.slots.iter().find(|own| own.name == slot);
    found.map(|slot| &slot.value)
}

#[test]
fn a_changed_goal_differs_as_the_change_says() {
    let world = shop::world(120, 17);
    let mut seen = [0_usize; 3];
    for (at, user) in world.base.users.iter().enumerate() {
        let view = View::new(&world, &user.user_id).unwrap();
        for (tool, _) in FORMS {
            let mut rng = Seed::root(at as u64).child(tool, 1).rng();
            let Some(goal) = write::afford(&view, tool, &mut rng) else {
                continue;
            };
            for (n, change) in [Change::Slot, Change::Action, Change::Target]
                .into_iter()
                .enumerate()
            {
                let Some(next) = vary(&world, &user.user_id, &goal, change, &mut rng) else {
                    continue;
                };
                assert_ne!(
                    cell(tool, change, Trigger::BeforeProposal),
                    Cell::Impossible
                );
                assert!(sound(&view, &next));
                let other = &next.wish.call().unwrap().name;
                let same_order = value(&goal, "order") == value(&next, "order");
                match change {
                    Change::Slot => assert!(same_order && other == tool),
                    Change::Action => assert!(same_order && other != tool),
                    _ => assert!(!same_order && other == tool),
                }
                seen[n] += 1;
            }
        }
    }
    assert!(seen.iter().all(|&count| count > 50), "{seen:?}");
}

#[test]
fn after_a_write_only_possible_cells_vary() {
    let world = shop::world(120, 19);
    let mut varied = 0;
    for (at, user) in world.base.users.iter().enumerate() {
        for (tool, _) in FORMS {
            let mut rng = Seed::root(at as u64).child(tool, 2).rng();
            let view = View::new(&world, &user.user_id).unwrap();
            let Some(goal) = write::afford(&view, tool, &mut rng) else {
                continue;
            };
            let Wish::Write(call) = &goal.wish else {
                panic!("{goal:?}")
            };
            let after = effect(&world, call).unwrap();
            for change in [Change::Slot, Change::Action] {
                let next = vary(&after, &user.user_id, &goal, change, &mut rng);
                match cell(tool, change, Trigger::AfterWrite) {
                    Cell::Possible => varied += usize::from(next.is_some()),
                    _ => assert_eq!(next, None, "{tool} {change:?}"),
                }
            }
        }
    }
    assert!(varied > 50, "{varied}");
}
