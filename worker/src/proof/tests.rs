//! Every check by itself: it holds for tasks as they are made, and catches the defect it is there for.

mod scenarios;

use std::sync::Arc;

use proto::digest::Digest;
use proto::ids::RunId;
use proto::job::{Cell, Wanted};
use proto::record::{
    Actor, Change, Effect, Kind, PlannedCall, Scenario, Step, Task, Trajectory, Trigger, Visibility,
};
use proto::seed::Seed;

use super::{
    Context, Finding, grounded, lawful, null, real, replay, scenario, sharp, solvable, text,
};
use crate::dialogue::hearing::Hearing;
use crate::domains::Domain;
use crate::domains::tickets::Tickets;
use crate::domains::tickets::desk::Desk;
use crate::rules::{Enforced, Rule, Situation, Sort};
use crate::workload;

fn desk() -> Tickets {
    Tickets::new(Arc::new(Desk::generate(200, Seed::root(3))))
}

/// Admitted tasks of a scenario and kinds, each with its seed; twins are left out.
fn admitted(
    domain: &dyn Domain,
    scenario: Scenario,
    forms: Vec<(Kind, Vec<Wanted>)>,
) -> Vec<(Task, Seed)> {
    let cells = forms
        .into_iter()
        .enumerate()
        .map(|(slot, (kind, wants))| Cell {
            slot: slot as u32,
            stratum: 0,
            strata: 1,
            scenario,
            kind,
            wants,
        });
    let drafts = workload::drafts(domain, RunId(Digest::of(b"proof")), cells, 20);
    let proven = drafts.iter().filter_map(|draft| {
        let proven = workload::prove(domain, draft)?;
        let mut task = proven.task;
        task.proof = None;
        Some((task, draft.seed))
    });
    proven.collect()
}

fn writes(domain: &dyn Domain) -> Vec<String> {
    let tools = domain.tools().iter();
    tools
        .filter(|tool| tool.effect == Effect::Write)
        .map(|tool| tool.name.clone())
        .collect()
}

/// Plain tasks of one write and of two.
fn general(domain: &dyn Domain, rounds: usize) -> Vec<(Task, Seed)> {
    let tools = writes(domain);
    let form = |place: usize| {
        let mut wants = vec![Wanted::Write(tools[place % tools.len()].clone())];
        wants.extend(vec![Wanted::AnyWrite; place % 2]);
        (Kind::Plain, wants)
    };
    let tasks = admitted(domain, Scenario::General, (0..rounds).map(form).collect());
    assert!(tasks.len() * 2 > rounds, "only {} of {rounds}", tasks.len());
    tasks
}

fn ambiguous(domain: &dyn Domain) -> Vec<(Task, Seed)> {
    let form = |&(tool, slot): &(&str, &str)| {
        (
            Kind::Hidden(slot.to_owned()),
            vec![Wanted::Write(tool.to_owned())],
        )
    };
    let forms = domain.hideable().iter().map(form).collect();
    let tasks = admitted(domain, Scenario::Ambiguous, forms);
    assert!(!tasks.is_empty());
    tasks
}

fn infeasible(domain: &dyn Domain) -> Vec<(Task, Seed)> {
    let rules = domain.rules().iter();
    let form = |rule: &str| {
        (
            Kind::Blocked(rule.to_owned()),
            vec![Wanted::Blocked(rule.to_owned())],
        )
    };
    let forms = rules
        .filter(|rule| rule.sort == Sort::GoalBlocking && !domain.wish_only(rule.id))
        .map(|rule| form(rule.id))
        .collect();
    let tasks = admitted(domain, Scenario::Infeasible, forms);
    assert!(!tasks.is_empty());
    tasks
}

/// Runs one check over a task.
fn run(
    domain: &dyn Domain,
    task: &Task,
    seed: Seed,
    check: fn(&Context<'_>) -> Finding,
) -> Finding {
    check(&Context {
        domain,
        task,
        paired: task.scenario == Scenario::Infeasible,
        seed: seed.child("proof", 0),
        hearing: &Hearing::default(),
    })
}

/// Plants a defect in every task: the check holds before, and fails after.
fn catches(
    domain: &dyn Domain,
    tasks: &[(Task, Seed)],
    check: fn(&Context<'_>) -> Finding,
    plant: fn(&mut Task),
) {
    assert!(!tasks.is_empty());
    for (task, seed) in tasks {
        run(domain, task, *seed, check).unwrap();
        let mut broken = task.clone();
        plant(&mut broken);
        assert!(&broken != task, "nothing was planted");
        let found = run(domain, &broken, *seed, check);
        assert!(found.is_err(), "goes unnoticed in {:?}", broken.intent);
    }
}

/// Place of the last golden step that serves the goals by writing.
fn last_write(task: &Task) -> usize {
    let wishes = || task.intent.goals.iter().filter_map(|goal| goal.wish.call());
    let steps = task.golden.steps.iter();
    steps
        .enumerate()
        .filter(|(_, step)| wishes().any(|wish| *wish == step.call))
        .map(|(place, _)| place)
        .next_back()
        .expect("a plain task writes")
}

#[test]
fn replay_catches_a_lost_step_and_lost_ends() {
    let domain = desk();
    let tasks = general(&domain, 12);
    catches(&domain, &tasks, replay::check, |task| {
        task.golden.steps.remove(last_write(task));
    });
    catches(&domain, &tasks, replay::check, |task| {
        task.expected.states.clear()
    });
    catches(&domain, &tasks, replay::check, |task| {
        task.golden.steps[0].observation.text.push('x');
    });
}

#[test]
fn grounded_catches_a_guess() {
    let domain = desk();
    catches(&domain, &general(&domain, 12), grounded::check, |task| {
        let place = last_write(task);
        let arguments = &mut task.golden.steps[place].call.arguments;
        let first = arguments
            .values_mut()
            .next()
            .expect("a write has arguments");
        *first = "Q-000000".into();
    });
}

#[test]
fn lawful_catches_a_write_for_nobody_known() {
    let domain = desk();
    catches(&domain, &general(&domain, 12), lawful::check, |task| {
        task.golden.steps.remove(0);
    });
}

#[test]
fn solvable_catches_an_end_that_gold_does_not_reach() {
    let domain = desk();
    let tasks = general(&domain, 6);
    catches(&domain, &tasks, solvable::check, |task| {
        task.expected.states = vec![task.golden.start.state];
    });
    catches(&domain, &tasks, solvable::check, |task| {
        let call = task.golden.steps[last_write(task)].call.clone();
        task.expected.forbidden.push(proto::record::Forbidden {
            call,
            after_change: false,
        });
    });
}

#[test]
fn null_catches_a_refusal_that_is_enough() {
    let domain = desk();
    catches(&domain, &infeasible(&domain), null::check, |task| {
        for resolution in &mut task.expected.resolutions {
            resolution.evidence.clear();
        }
    });
}

#[test]
fn sharp_catches_a_write_that_does_not_matter() {
    let domain = desk();
    let mut tasks = general(&domain, 12);
    tasks.retain(|(task, _)| task.intent.goals.len() > 1);
    catches(&domain, &tasks, sharp::check, |task| {
        let before = task.golden.steps[last_write(task) - 1].state;
        task.expected.states.push(before);
        task.expected.required.clear();
    });
}

#[test]
fn scenario_catches_a_question_that_nobody_need_ask() {
    let domain = desk();
    catches(&domain, &ambiguous(&domain), scenario::check, |task| {
        task.expected.asked.clear()
    });
    catches(&domain, &general(&domain, 6), scenario::check, |task| {
        task.scenario = Scenario::Ambiguous;
    });
}

/// Makes everything hidden part of the opening.
fn unhide(task: &mut Task) {
    let slots = task
        .intent
        .goals
        .iter_mut()
        .flat_map(|goal| &mut goal.slots);
    for said in slots.flat_map(|slot| &mut slot.says) {
        said.visibility = Visibility::Opening;
    }
}

#[test]
fn real_catches_scenarios_that_are_none() {
    let domain = desk();
    catches(&domain, &ambiguous(&domain), real::check, unhide);
    catches(&domain, &infeasible(&domain), real::check, |task| {
        task.expected.resolutions.clear()
    });
    let general = general(&domain, 6);
    for plant in [
        |task: &mut Task| task.scenario = Scenario::Ambiguous,
        |task: &mut Task| task.scenario = Scenario::Changing,
        |task: &mut Task| task.scenario = Scenario::Infeasible,
        |task: &mut Task| task.intent.goals[0].slots.clear(),
    ] {
        catches(&domain, &general, real::check, plant);
    }
}

/// Tasks whose first write is followed by another wish, which only the change brings up; beside it,
/// a wish that stays.
fn changed_after_a_write(domain: &dyn Domain) -> Vec<(Task, Seed)> {
    let form = |tool: &str, change| {
        (
            Kind::Changed(change, Trigger::AfterWrite),
            vec![Wanted::Write(tool.to_owned()), Wanted::AnyWrite],
        )
    };
    let forms = (0..24).map(|place| {
        let change = [Change::Slot, Change::Action][place % 2];
        form(["set_priority", "move_ticket"][place / 2 % 2], change)
    });
    let tasks = admitted(domain, Scenario::Changing, forms.collect());
    assert!(tasks.len() > 12, "only {}", tasks.len());
    tasks
}

/// Goals that the change brings up.
fn later(task: &Task) -> Vec<usize> {
    let intent = &task.intent;
    let last = intent.last.iter().copied();
    last.filter(|goal| !intent.first.contains(goal)).collect()
}

#[test]
fn real_catches_a_later_wish_that_fits_nothing() {
    let domain = desk();
    let tasks = changed_after_a_write(&domain);
    catches(&domain, &tasks, real::check, |task| {
        for goal in later(task) {
            for said in &mut task.intent.goals[goal].slots[0].says {
                said.arguments = vec!["T-nowhere".into()];
            }
        }
    });
    catches(&domain, &tasks, real::check, |task| {
        for goal in later(task) {
            for slot in &mut task.intent.goals[goal].slots {
                slot.says.clear();
            }
        }
    });
}

#[test]
fn real_asks_for_a_later_wish_in_the_world_as_it_is_then() {
    let domain = desk();
    let start = domain.start();
    let impossible_first = |task: &Task| {
        later(task).into_iter().any(|goal| {
            let call = task.intent.goals[goal].wish.call().unwrap();
            let mut world = start.fork();
            world
                .call(Actor::Assistant, &call.name, &call.arguments)
                .error
        })
    };
    // A priority that is taken back: at the start it is the present one, which no write gives again.
    let mut tasks = changed_after_a_write(&domain);
    tasks.retain(|(task, _)| impossible_first(task));
    assert!(!tasks.is_empty());
    for (task, seed) in &tasks {
        run(&domain, task, *seed, real::check).unwrap();
    }
}

/// A rule that is broken by what was done before the call, whatever the world.
fn by_course(id: &'static str, breaks: fn(&Situation<'_>) -> bool) -> Rule {
    Rule::blocking(id, "by_course", Enforced::PolicyOnly, "", breaks)
}

fn has_written(now: &Situation<'_>) -> bool {
    let mut earlier = now.earlier.iter();
    earlier.any(|call| ["close_ticket", "set_priority", "move_ticket"].contains(&&*call.name))
}

#[test]
fn real_judges_a_blocked_wish_by_what_comes_before_it() {
    let domain = desk();
    let form = (
        Kind::Blocked("open-tickets-only".to_owned()),
        vec![
            Wanted::Blocked("open-tickets-only".to_owned()),
            Wanted::AnyWrite,
        ],
    );
    let tasks = admitted(&domain, Scenario::Infeasible, vec![form; 8]);
    assert!(!tasks.is_empty());
    // What is done later does not block it now.
    let mut rules = domain.rules().to_vec();
    rules.push(by_course("nothing-after-a-write", has_written));
    let strict = desk().ruled_by(rules);
    // What is done earlier may lift a block.
    let lifted = by_course("open-tickets-only", |now| !has_written(now));
    let lenient = desk().ruled_by(vec![lifted]);
    for (task, seed) in &tasks {
        run(&strict, task, *seed, real::check).unwrap();
        let why = run(&lenient, task, *seed, real::check).unwrap_err();
        assert!(why.contains("no longer blocked"), "{why}");
    }
}

#[test]
fn text_catches_a_leak_and_a_gap() {
    let domain = desk();
    let hidden = ambiguous(&domain);
    catches(&domain, &hidden, text::check, |task| {
        let reveals = task.script.goals.iter().flat_map(|goal| &goal.reveals);
        let told: Vec<&str> = reveals.map(|reveal| reveal.text.as_str()).collect();
        task.script.opening = format!("{} {}", task.script.opening, told.join(" "));
    });
    catches(&domain, &hidden, text::check, |task| {
        let reveals = task.script.goals.iter().flat_map(|goal| &goal.reveals);
        let told: Vec<&str> = reveals.map(|reveal| reveal.text.as_str()).collect();
        task.script.persona.manner = format!("They often say: {}", told.join(" "));
    });
    catches(&domain, &hidden, text::check, unhide);
    catches(&domain, &general(&domain, 6), text::check, |task| {
        "Hello there.".clone_into(&mut task.script.opening);
        for goal in &mut task.script.goals {
            "Please help me.".clone_into(&mut goal.say);
        }
    });
}

/// The trajectory of these calls from the same start, goals as before; nothing if a call fails.
fn replayed(domain: &dyn Domain, golden: &Trajectory, without: usize) -> Option<Trajectory> {
    let mut world = domain.restore(&golden.start.delta).unwrap();
    let mut steps = Vec::new();
    for (place, step) in golden.steps.iter().enumerate() {
        if place == without {
            continue;
        }
        let PlannedCall { name, arguments } = &step.call;
        let observation = world.call(Actor::Assistant, name, arguments);
        if observation.error {
            return None;
        }
        steps.push(Step {
            observation,
            state: world.state_id(),
            ..step.clone()
        });
    }
    Some(Trajectory {
        start: golden.start.clone(),
        steps,
    })
}

/// Golden steps without which the end, the grounding and the rules are as before, and that the change
/// of mind does not wait for.
fn spared<'t>(domain: &dyn Domain, tasks: &'t [(Task, Seed)]) -> Vec<(&'t Task, usize)> {
    let mut spared = Vec::new();
    for (task, seed) in tasks {
        for place in 0..task.golden.steps.len() {
            if task
                .expected
                .required
                .contains(&task.golden.steps[place].call)
            {
                continue;
            }
            let Some(golden) = replayed(domain, &task.golden, place) else {
                continue;
            };
            let shorter = Task {
                golden,
                ..task.clone()
            };
            let holds = [replay::check, grounded::check, lawful::check]
                .into_iter()
                .all(|check| run(domain, &shorter, *seed, check).is_ok());
            if holds {
                spared.push((task, place));
            }
        }
    }
    spared
}

#[test]
fn no_golden_step_can_be_spared() {
    let domain = desk();
    let tasks = general(&domain, 50);
    let spared = spared(&domain, &tasks);
    let calls = spared
        .iter()
        .map(|(task, place)| &task.golden.steps[*place].call);
    assert!(spared.is_empty(), "{:#?}", calls.collect::<Vec<_>>());
}

#[test]
fn a_stored_proof_is_repeated_and_a_changed_one_is_not() {
    let domain = desk();
    let seed = Seed::root(1);
    let (task, _) = general(&domain, 4).swap_remove(0);
    let (task, _) = super::admit(&domain, task, None, seed).unwrap();
    super::again(&domain, &task, false, seed).unwrap();
    let mut changed = task.clone();
    let trials = changed.proof.as_mut().unwrap().checks.iter_mut();
    let trial = trials.flat_map(|check| &mut check.trials).next().unwrap();
    trial.conversation = Digest::of(b"another");
    assert!(super::again(&domain, &changed, false, seed).is_err());
    assert!(super::again(&domain, &task, false, Seed::root(2)).is_err());
    for (manner, holds) in [
        ("They write the way they talk.", true),
        ("They write 9 words a line.", false),
    ] {
        let mut mannered = task.clone();
        mannered.script.persona.manner = manner.to_owned();
        let found = super::again(&domain, &mannered, false, seed);
        assert_eq!(found.is_ok(), holds, "{manner}: {found:?}");
    }
}
