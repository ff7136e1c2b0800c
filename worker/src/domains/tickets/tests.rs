//! The desk by itself: its words are understood, its queries agree with brute force, its rules bite,
//! its states travel.

use std::sync::Arc;

use proptest::prelude::*;
use proto::record::{Actor, Change, Effect, Goal, PlannedCall, Wish};
use proto::seed::{Rng, Seed};
use proto::wire::{self, Kind};

use super::desk::Desk;
use super::world::{World, world_of};
use super::{POLICY, Tickets};
use crate::dialogue::facts::read_agent;
use crate::domains::{Agreement, Domain, Want};
use crate::environment::Environment;
use crate::language::agent::{Act, speak};
use crate::rules::{Situation, Sort};

const TOOLS: [&str; 3] = ["close_ticket", "set_priority", "move_ticket"];

fn desk() -> Tickets {
    Tickets::new(Arc::new(Desk::generate(40, Seed::root(3))))
}

fn rng(place: u64) -> Rng {
    Seed::root(11).child("test", place).rng()
}

/// Goals of every tool and hideable slot, of several people.
fn goals(domain: &Tickets) -> Vec<(String, Goal)> {
    let world = domain.start();
    let hidden = domain
        .hideable()
        .iter()
        .map(|&(tool, slot)| (tool, Some(slot)));
    let forms: Vec<(&str, Option<&str>)> = TOOLS
        .map(|tool| (tool, None))
        .into_iter()
        .chain(hidden)
        .collect();
    let mut goals = Vec::new();
    for place in 0..domain.people() {
        let person = domain.person(place);
        for (nth, &(tool, hide)) in forms.iter().enumerate() {
            let mut rng = rng((place * 100 + nth) as u64);
            let found = domain.afford(&*world, &person, &Want::Write { tool, hide }, &mut rng);
            goals.extend(found.map(|found| (person.clone(), found.goal)));
        }
    }
    assert!(goals.len() > 300, "{}", goals.len());
    goals
}

#[test]
fn policy_holds_every_rule() {
    for rule in desk().rules() {
        assert!(
            POLICY.contains(rule.sentence),
            "{} is not in the policy as it stands",
            rule.id
        );
    }
}

#[test]
fn queries_agree_with_brute_force_and_fit_the_goal() {
    let domain = desk();
    let world = domain.start();
    for (person, goal) in goals(&domain) {
        let sorted = |mut calls: Vec<PlannedCall>| {
            calls.sort_by_key(|call| format!("{call:?}"));
            calls
        };
        let found = sorted(domain.bindings(&*world, &person, &goal));
        assert!(found.contains(goal.wish.call().unwrap()));
        assert_eq!(
            found,
            sorted(domain.bindings_by_force(&*world, &person, &goal))
        );
        assert_eq!(
            goal.slots.iter().any(proto::record::Slot::hidden),
            found.len() > 1,
            "{goal:?}"
        );
    }
}

#[test]
fn what_agents_say_is_understood_as_meant() {
    let domain = desk();
    let world = domain.start();
    for (nth, (person, goal)) in goals(&domain).iter().enumerate() {
        let call = goal.wish.call().unwrap();
        let mut rng = rng(nth as u64);
        let mut read = |act: Act<'_>| {
            let text = speak(&domain, &*world, &act, &mut rng);
            (read_agent(&domain, &text), text)
        };
        let (facts, text) = read(Act::Propose(call));
        let proposal = facts.proposal.expect(&text);
        assert_eq!(domain.agrees(&proposal, call), Agreement::Same, "{text}");
        assert!(facts.asks.is_empty() && facts.refusal.is_none(), "{text}");
        let (facts, text) = read(Act::Report(call));
        assert!(facts.report, "{text}");
        assert!(
            facts.proposal.is_none() && facts.refusal.is_none(),
            "{text}"
        );
        assert_eq!(
            domain.agrees(&domain.mentions(&text), call),
            Agreement::Same,
            "{text}"
        );
        for slot in &goal.slots {
            let named: Vec<String> = domain
                .tampered(&*world, person, call)
                .iter()
                .filter_map(|other| domain.candidate(&*world, other, &slot.name))
                .collect();
            for offers in [vec![], vec![(slot.name.clone(), named)]] {
                let (facts, text) = read(Act::Ask {
                    goal,
                    slots: &[&slot.name],
                    offers: &offers,
                });
                assert!(
                    facts.asks == [slot.name.clone()] && facts.proposal.is_none(),
                    "{text}: {facts:?}"
                );
            }
        }
        for reason in ["closed", "not_owner"] {
            for insist in [false, true] {
                let (facts, text) = read(Act::Refuse {
                    reason,
                    insist,
                    subject: Some(call),
                });
                assert_eq!(facts.refusal, Some(vec![reason.to_owned()]), "{text}");
                assert!(!facts.report && facts.proposal.is_none(), "{text}");
            }
        }
        let (facts, text) = read(Act::AskIdentity);
        assert_eq!(facts.asks, ["identity"], "{text}");
    }
}

#[test]
fn blocked_wishes_break_their_rule_alone_and_their_twins_none() {
    let domain = desk();
    let world = domain.start();
    let blocking: Vec<_> = domain
        .rules()
        .iter()
        .filter(|rule| rule.sort == Sort::GoalBlocking)
        .collect();
    for place in 0..domain.people() {
        let person = domain.person(place);
        for wanted in &blocking {
            let found = domain
                .afford(
                    &*world,
                    &person,
                    &Want::Blocked { rule: wanted.id },
                    &mut rng(place as u64),
                )
                .unwrap();
            let call = found.goal.wish.call().unwrap();
            let broken = |world: &dyn Environment| -> Vec<&str> {
                let situation = Situation {
                    world,
                    call,
                    effect: Effect::Write,
                    person: Some(&person),
                    earlier: &[],
                    calls_in_message: 1,
                    text_beside: false,
                    exchange: None,
                };
                blocking
                    .iter()
                    .filter(|rule| (rule.breaks)(&situation))
                    .map(|rule| rule.id)
                    .collect()
            };
            let mut twin = found.twin.unwrap();
            assert_eq!(broken(&*world), [wanted.id]);
            assert!(broken(&*twin).is_empty());
            assert_eq!(
                domain.changes(&*world, &*twin).len(),
                if wanted.id == "own-tickets-only" {
                    1
                } else {
                    2
                }
            );
            assert!(
                !twin
                    .call(Actor::Assistant, &call.name, &call.arguments)
                    .error
            );
        }
    }
}

#[test]
fn other_wishes_can_be_carried_out() {
    let domain = desk();
    let world = domain.start();
    for (nth, (person, goal)) in goals(&domain).iter().enumerate() {
        for change in [Change::Slot, Change::Action, Change::Target] {
            let Some(other) = domain.vary(&*world, person, goal, change, &mut rng(nth as u64))
            else {
                continue;
            };
            let Wish::Write(call) = &other.wish else {
                panic!("{other:?}")
            };
            assert!(Some(call) != goal.wish.call());
            assert!(
                !world
                    .fork()
                    .call(Actor::Assistant, &call.name, &call.arguments)
                    .error
            );
            assert_eq!(
                change == Change::Target,
                domain.target(call) != domain.target(goal.wish.call().unwrap())
            );
        }
    }
}

#[test]
fn the_base_is_frozen() {
    let domain = desk();
    let ids = [
        domain.base().to_string(),
        domain.start().state_id().to_string(),
    ];
    assert_eq!(
        ids,
        [
            "base_9c2d5da79238eeeabe489cbd",
            "state_3b0ca302a98b61400ee3dc70"
        ]
    );
}

proptest! {
    #[test]
    fn any_course_of_writes_travels_and_equal_states_have_equal_ids(picks in prop::collection::vec((0_usize..3, 0_usize..12, 0_usize..4), 0..12)) {
        let domain = desk();
        let mut world = domain.start();
        let ids: Vec<String> = world_of(&*world).all().take(12).map(|ticket| ticket.id.clone()).collect();
        for (tool, ticket, value) in picks {
            let (argument, values) = super::tools::choice(TOOLS[tool]).unwrap();
            let call = PlannedCall::new(TOOLS[tool], [("ticket_id", ids[ticket].as_str()), (argument, values[value % values.len()])]);
            let before = (world.state_id(), world.delta());
            let refused = world.call(Actor::Assistant, &call.name, &call.arguments).error;
            prop_assert_eq!(refused, before == (world.state_id(), world.delta()));
            let back = domain.restore(&world.delta()).unwrap();
            prop_assert_eq!((back.state_id(), back.delta()), (world.state_id(), world.delta()));
            prop_assert_eq!(domain.changes(&*back, &*world), vec![]);
        }
    }
}

#[test]
fn a_change_taken_back_is_no_change() {
    let domain = desk();
    let start = World::new(Arc::clone(&domain.desk));
    let ticket = start
        .all()
        .find(|ticket| ticket.closed.is_none())
        .unwrap()
        .clone();
    let changed = start
        .with(&ticket.id, |ticket| {
            ticket.priority = (ticket.priority + 1) % 3
        })
        .unwrap();
    assert_ne!(changed.state_id(), start.state_id());
    let back = changed
        .with(&ticket.id, |changed| changed.priority = ticket.priority)
        .unwrap();
    assert_eq!(
        (back.state_id(), back.delta()),
        (start.state_id(), start.delta())
    );
}

#[test]
fn a_delta_that_repeats_the_base_changes_nothing() {
    let domain = desk();
    let start = domain.start();
    let ticket = domain.desk.tickets[4].clone();
    let delta = wire::encode(Kind::Delta, &(domain.base(), vec![(4_u32, ticket)])).unwrap();
    let world = domain.restore(&delta).unwrap();
    assert_eq!(
        (world.state_id(), world.delta()),
        (start.state_id(), start.delta())
    );
}

#[test]
fn strange_deltas_are_refused() {
    let domain = desk();
    let other = Tickets::new(Arc::new(Desk::generate(5, Seed::root(4))));
    assert!(domain.restore(&[]).is_err());
    let error = domain
        .restore(&other.start().delta())
        .unwrap_err()
        .to_string();
    assert!(error.contains("over its own base"), "{error}");
}

#[test]
fn a_write_leads_back_to_its_goal_and_what_is_none_nowhere() {
    let domain = desk();
    let world = domain.start();
    for (nth, (person, drawn)) in goals(&domain).into_iter().enumerate() {
        let call = drawn.wish.call().unwrap();
        let hide = drawn.slots.iter().find(|slot| slot.hidden());
        let hide = hide.map(|slot| slot.name.as_str());
        let mut rng = rng(nth as u64);
        let goal = domain.goal_of(&*world, &person, call, hide, &mut rng);
        let goal = goal.expect("what can be drawn can be told");
        assert_eq!(goal.wish, drawn.wish);
        let hidden: Vec<bool> = goal.slots.iter().map(|slot| slot.hidden()).collect();
        let as_drawn: Vec<bool> = drawn.slots.iter().map(|slot| slot.hidden()).collect();
        assert_eq!(hidden, as_drawn);
        let other = domain.person(
            (0..domain.people())
                .position(|at| domain.person(at) != person)
                .unwrap(),
        );
        assert_eq!(domain.goal_of(&*world, &other, call, None, &mut rng), None);
        let mut odd = call.clone();
        let (argument, _) = odd.arguments.iter().next_back().unwrap();
        let argument = argument.clone();
        odd.arguments.insert(argument, "none".into());
        assert_eq!(domain.goal_of(&*world, &person, &odd, None, &mut rng), None);
    }
}
