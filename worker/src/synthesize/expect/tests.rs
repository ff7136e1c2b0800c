//! The expected states against brute force: every order of the writes that keeps those on one target
//! in their order, and every order of the pairs in a list.

use std::collections::BTreeSet;
use std::sync::Arc;

use proto::digest::Digest;
use proto::ids::{RunId, StateId};
use proto::job::{Cell, Wanted};
use proto::record::{Actor, Change, Effect, Kind, PlannedCall, Scenario, Task, Trigger, Value};
use proto::seed::Seed;

use crate::domains::Domain;
use crate::domains::retail::sample::shop;
use crate::domains::tickets::Tickets;
use crate::domains::tickets::desk::Desk;
use crate::workload;

fn writing(domain: &dyn Domain) -> Vec<String> {
    let tools = domain.tools().iter();
    tools
        .filter(|tool| tool.effect == Effect::Write)
        .map(|tool| tool.name.clone())
        .collect()
}

/// Drafts of one to four writes; some in which a goal is done twice over, after a change of mind.
fn drafts(domain: &dyn Domain) -> Vec<Task> {
    let tools = writing(domain);
    let form = |place: usize| {
        let mut wants = vec![Wanted::Write(tools[place % tools.len()].clone())];
        wants.extend(vec![Wanted::AnyWrite; place / tools.len() % 4]);
        match place % 5 {
            4 if wants.len() > 1 => (
                Scenario::Changing,
                Kind::Changed(Change::Slot, Trigger::AfterWrite),
                wants,
            ),
            _ => (Scenario::General, Kind::Plain, wants),
        }
    };
    let cells =
        (0..12 * tools.len())
            .map(form)
            .enumerate()
            .map(|(slot, (scenario, kind, wants))| Cell {
                slot: slot as u32,
                stratum: 0,
                strata: 1,
                scenario,
                kind,
                wants,
            });
    let drafts = workload::drafts(domain, RunId(Digest::of(b"expect")), cells, 6);
    drafts
        .into_iter()
        .map(|proposed| proposed.draft.task)
        .collect()
}

/// The golden writes, in order.
fn writes(domain: &dyn Domain, task: &Task) -> Vec<PlannedCall> {
    let tools = writing(domain);
    let steps = task.golden.steps.iter();
    steps
        .filter(|step| tools.contains(&step.call.name))
        .map(|step| step.call.clone())
        .collect()
}

/// All orders of the places below `count`.
fn orders(count: usize) -> Vec<Vec<usize>> {
    let Some(last) = count.checked_sub(1) else {
        return vec![Vec::new()];
    };
    let shorter = orders(last);
    let insert = |order: &Vec<usize>, at: usize| {
        let mut longer = order.clone();
        longer.insert(at, last);
        longer
    };
    shorter
        .iter()
        .flat_map(|order| (0..=last).map(move |at| insert(order, at)))
        .collect()
}

/// State after the calls; none if one fails.
fn end<'c>(
    domain: &dyn Domain,
    task: &Task,
    calls: impl IntoIterator<Item = &'c PlannedCall>,
) -> Option<StateId> {
    let mut world = domain.restore(&task.golden.start.delta).unwrap();
    for call in calls {
        if world
            .call(Actor::Assistant, &call.name, &call.arguments)
            .error
        {
            return None;
        }
    }
    Some(world.state_id())
}

/// Ends of all legitimate orders of the writes.
fn ends(domain: &dyn Domain, task: &Task, writes: &[PlannedCall]) -> BTreeSet<StateId> {
    let keeps = |order: &Vec<usize>| {
        let swapped = |(later, &second): (usize, &usize)| {
            order[..later].iter().any(|&first| {
                first > second && domain.target(&writes[first]) == domain.target(&writes[second])
            })
        };
        !order.iter().enumerate().any(swapped)
    };
    orders(writes.len())
        .iter()
        .filter(|order| keeps(order))
        .filter_map(|order| end(domain, task, order.iter().map(|&place| &writes[place])))
        .collect()
}

/// The call with its lists in every other order, those of equal length alike: what stands in pairs
/// stays in pairs.
fn relisted(call: &PlannedCall) -> Vec<PlannedCall> {
    let lists = call.arguments.values().filter_map(Value::as_list);
    let Some(length) = lists
        .map(<[Value]>::len)
        .max()
        .filter(|&length| (2..5).contains(&length))
    else {
        return Vec::new();
    };
    let reorder = |order: &Vec<usize>| {
        let mut other = call.clone();
        for value in other.arguments.values_mut() {
            if let Value::List(items) = value
                && items.len() == length
            {
                *items = order.iter().map(|&place| items[place].clone()).collect();
            }
        }
        other
    };
    orders(length).iter().map(reorder).collect()
}

fn every_legitimate_order_is_expected(domain: &dyn Domain) -> (usize, usize) {
    let (mut several, mut lists) = (0, 0);
    for task in drafts(domain) {
        let writes = writes(domain, &task);
        assert!(
            writes.len() < 6,
            "{} writes are too many to permute",
            writes.len()
        );
        let expected: BTreeSet<StateId> = task.expected.states.iter().copied().collect();
        assert_eq!(expected, ends(domain, &task, &writes), "{writes:#?}");
        several += usize::from(writes.len() > 1);
        for place in 0..writes.len() {
            for other in relisted(&writes[place]) {
                let mut calls = writes.clone();
                calls[place] = other;
                let end = end(domain, &task, &calls).expect("the order of a list refuses nothing");
                assert!(expected.contains(&end), "{:#?}", calls[place]);
                lists += 1;
            }
        }
    }
    (several, lists)
}

#[test]
fn every_legitimate_order_is_expected_at_the_desk() {
    let (several, _) = every_legitimate_order_is_expected(&Tickets::new(Arc::new(Desk::generate(
        60,
        Seed::root(3),
    ))));
    assert!(several > 10, "{several}");
}

#[test]
fn every_legitimate_order_is_expected_in_the_shop() {
    let (several, lists) = every_legitimate_order_is_expected(&shop());
    assert!(
        several > 20 && lists > 4,
        "{several} with several writes, {lists} lists"
    );
}
