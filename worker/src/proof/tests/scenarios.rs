//! P7 with tasks for which a control of the scenario is right, and golden trajectories of the shop,
//! of which no step can be spared.

use proto::ids::StateId;
use proto::record::{Change, Trigger, Wish};

use super::*;
use crate::domains::retail::sample::shop;
use crate::participants::agents::controls::Family;

fn changing(domain: &dyn Domain) -> Vec<(Task, Seed)> {
    let changes = Change::ALL.into_iter().flat_map(|change| {
        Trigger::ALL
            .into_iter()
            .map(move |trigger| (change, trigger))
    });
    let tools = writes(domain);
    let form = |(place, (change, trigger)): (usize, (Change, Trigger))| {
        let tool = tools[place % tools.len()].clone();
        (
            Kind::Changed(change, trigger),
            vec![Wanted::Write(tool), Wanted::AnyWrite],
        )
    };
    let forms = changes.enumerate().map(form).collect();
    let tasks = admitted(domain, Scenario::Changing, forms);
    assert!(tasks.len() > 4, "only {}", tasks.len());
    tasks
}

/// Where the first control of a family leaves the world.
fn end_of(domain: &dyn Domain, task: &Task, seed: Seed, family: Family) -> StateId {
    let hearing = Hearing::default();
    let context = Context {
        domain,
        task,
        paired: task.scenario == Scenario::Infeasible,
        seed: seed.child("proof", 0),
        hearing: &hearing,
    };
    let seed = context.seed.child(family.name(), 0);
    let mut control = family.members(domain, task, seed).swap_remove(0);
    context.run(&mut control.agent, 0, false).unwrap().state
}

/// The task with the end that a control of the family reaches among the right ones, and nothing
/// forbidden or to be resolved any more.
fn serving(domain: &dyn Domain, task: &Task, seed: Seed, family: Family) -> Task {
    let mut broken = task.clone();
    let expected = &mut broken.expected;
    expected.states.push(end_of(domain, task, seed, family));
    expected.forbidden.clear();
    expected.required.clear();
    expected.resolutions.clear();
    expected.told.clear();
    broken
}

/// Whether the scenario check holds for each task, and is broken by `family` in each broken one.
fn named(domain: &dyn Domain, tasks: &[(Task, Seed)], family: Family) {
    for (task, seed) in tasks {
        run(domain, task, *seed, scenario::check).unwrap();
        let broken = serving(domain, task, *seed, family);
        let found = run(domain, &broken, *seed, scenario::check);
        let found = found.expect_err("the planted defect goes unnoticed");
        assert_eq!(
            found,
            format!("{} earns 1", family.name()),
            "{:?}",
            task.kind
        );
    }
}

#[test]
fn scenario_catches_a_change_that_need_not_be_heard() {
    let domain = desk();
    named(&domain, &changing(&domain), Family::Stale);
}

#[test]
fn scenario_catches_a_forbidden_wish_that_may_be_granted() {
    let domain = desk();
    let mut tasks = infeasible(&domain);
    tasks.retain(|(task, _)| {
        let callable =
            |wish: &Wish| matches!(wish, Wish::Blocked(blocked) if blocked.call.is_some());
        task.intent.goals.iter().any(|goal| callable(&goal.wish))
    });
    assert!(!tasks.is_empty());
    named(&domain, &tasks, Family::Reckless);
}

/// Drafts of the shop that write: of every tool, with company and without, and of each scenario that
/// keeps something back or changes it.
fn drafts(domain: &dyn Domain) -> Vec<(Task, Seed)> {
    let mut forms: Vec<(Scenario, Kind, Vec<Wanted>)> = Vec::new();
    for tool in writes(domain) {
        for company in 0..4 {
            let mut wants = vec![Wanted::Write(tool.clone())];
            wants.extend(vec![Wanted::AnyWrite; company % 3]);
            forms.push((Scenario::General, Kind::Plain, wants));
        }
        // At the confirmation golden also looks up what is only proposed.
        for trigger in [Trigger::BeforeProposal, Trigger::AfterWrite] {
            for change in Change::ALL {
                let wants = vec![Wanted::Write(tool.clone()), Wanted::AnyWrite];
                forms.push((Scenario::Changing, Kind::Changed(change, trigger), wants));
            }
        }
    }
    for &(tool, slot) in domain.hideable() {
        let wants = vec![Wanted::Write(tool.to_owned())];
        forms.push((Scenario::Ambiguous, Kind::Hidden(slot.to_owned()), wants));
    }
    let cells = forms
        .into_iter()
        .enumerate()
        .map(|(slot, (scenario, kind, wants))| Cell {
            slot: slot as u32,
            stratum: 0,
            strata: 1,
            scenario,
            kind,
            wants,
        });
    let drafts = workload::drafts(domain, RunId(Digest::of(b"golden")), cells, 8);
    drafts
        .into_iter()
        .map(|proposed| (proposed.draft.task, proposed.seed))
        .collect()
}

/// Beside writes and the look-ups that ground their arguments, golden in the shop makes the look-ups by
/// which one sees what is meant: orders that are not it, the person's ways to pay.
#[test]
fn nothing_but_look_ups_can_be_spared_in_the_shop() {
    let domain = shop();
    let tasks = drafts(&domain);
    assert!(tasks.len() > 40, "only {}", tasks.len());
    for (task, place) in spared(&domain, &tasks) {
        let step = &task.golden.steps[place];
        let goal = step.goal.map(|goal| &task.intent.goals[goal]);
        let meant = goal.is_some_and(|goal| goal.reads.contains(&step.call));
        assert!(meant, "{:?} of {:?}", step.call, task.intent);
    }
}
