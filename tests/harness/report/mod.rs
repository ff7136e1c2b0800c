//! A small made-up retail run for tests of the report: figures by the real statistics, and a handful
//! of hand-written conversations.

mod conversations;
mod story;

use coordinator::report::entries::Stratum;
use coordinator::report::model::{Fact, ReportModel, RunFacts, VarietyRow};
use coordinator::report::statistics::{
    Aggregate, EpisodeView, FunnelStage, Settings, TaskView, tau2_retail_lengths,
};
use coordinator::report::tally::Ceiling;
use proto::digest::Digest;
use proto::record::{Change, Check, Kind, Passed, Proof, Scenario, Trial, Trigger};
use proto::seed::{Rng, Seed};

pub use conversations::conversations;

const WRITES: [&str; 5] = [
    "cancel_pending_order",
    "exchange_delivered_order_items",
    "modify_pending_order_address",
    "modify_pending_order_items",
    "return_delivered_order_items",
];
const READS: [&str; 5] = [
    "find_user_id_by_name_zip",
    "get_order_details",
    "get_product_details",
    "get_user_details",
    "list_all_product_types",
];
const RULES: [&str; 4] = [
    "cancel.reason_accepted",
    "order.delivered_for_return",
    "order.pending_for_cancel",
    "payment.gift_card_covers",
];

/// Whether a retail tool changes the world.
pub fn writes(tool: &str) -> bool {
    WRITES.contains(&tool)
}

/// The made-up run with `tasks` tasks, four trials of three agents.
pub fn model(tasks: u32) -> ReportModel {
    let run = RunFacts {
        id: "run_4be1c09a77d2f3518a6e02cd".to_owned(),
        domain: "retail".to_owned(),
        world: "generated, 500 people, 1,000 orders".to_owned(),
        seed: "7".to_owned(),
        complete: true,
        plan: vec![
            Fact::new("users", "agenda"),
            Fact::new("writer", "template/1"),
            Fact::new("trials", "4"),
        ],
    };
    statistics(tasks).finish(run, conversations())
}

/// The statistics of the made-up run.
pub fn statistics(tasks: u32) -> Aggregate {
    let mut settings = Settings::new(Seed::root(7));
    settings.tools = WRITES
        .iter()
        .chain(&READS)
        .map(|name| (*name).to_owned())
        .collect();
    settings.rules = RULES.iter().map(|rule| (*rule).to_owned()).collect();
    settings.benchmark = Some(tau2_retail_lengths());
    settings.ceilings = vec![
        Ceiling {
            control: "stale".to_owned(),
            stratum: Stratum::Of(Scenario::General),
            share: 1.0,
        },
        Ceiling {
            control: "hasty".to_owned(),
            stratum: Stratum::Of(Scenario::Changing),
            share: 1.0,
        },
        Ceiling {
            control: "reckless".to_owned(),
            stratum: Stratum::Of(Scenario::Infeasible),
            share: 0.4,
        },
    ];
    settings.variety = vec![
        variety("distinct-2, n = 114", 0.41, 0.47),
        variety("self-BLEU, n = 114", 0.38, 0.29),
    ];
    let mut aggregate = Aggregate::new(settings);
    let mut rng = Seed::root(7).child("fixture", 0).rng();
    funnel(&mut aggregate, tasks);
    for index in 0..tasks {
        observe_slot(&mut aggregate, index, tasks + index, &mut rng);
    }
    aggregate
}

fn variety(name: &str, ours: f64, theirs: f64) -> VarietyRow {
    VarietyRow {
        name: name.to_owned(),
        ours,
        theirs: Some(theirs),
        beside: "τ²-bench retail, written by people".to_owned(),
    }
}

fn funnel(aggregate: &mut Aggregate, tasks: u32) {
    let tasks = u64::from(tasks);
    for (stage, percent) in FunnelStage::ALL.into_iter().zip([172, 158, 131, 104, 100]) {
        aggregate.observe_stage(stage, tasks * percent / 100);
    }
    let reasons = [
        ("explore", "-", "no_affordable_goal", 14),
        ("synthesize", "-", "single_binding", 16),
        ("synthesize", "-", "twin_not_feasible", 11),
        ("verify", "P6 sharp", "tampered_reaches_expected_state", 13),
        ("verify", "P8 real", "bindings_end_in_same_state", 9),
        ("verify", "P9 text", "hidden_slot_leaks", 5),
        ("settle", "-", "duplicate", 4),
    ];
    for (stage, check, reason, percent) in reasons {
        for _ in 0..tasks * percent / 100 {
            aggregate.observe_rejection(stage, check, reason);
        }
    }
}

/// One task of the slot's scenario, its twin where it has one, and their episodes.
fn observe_slot(aggregate: &mut Aggregate, index: u32, twin: u32, rng: &mut Rng) {
    let scenario = Scenario::ALL[index as usize % 4];
    let kind = match scenario {
        Scenario::General => Kind::Plain,
        Scenario::Ambiguous => Kind::Hidden(
            (*rng
                .pick(&["order", "items", "new_items", "payment"])
                .unwrap_or(&"order"))
            .to_owned(),
        ),
        Scenario::Changing => Kind::Changed(Change::ALL[rng.below(5)], Trigger::ALL[rng.below(3)]),
        Scenario::Infeasible => Kind::Blocked(RULES[1 + rng.below(3)].to_owned()),
    };
    let rules: Vec<&str> = match &kind {
        Kind::Blocked(rule) => vec![rule],
        _ => Vec::new(),
    };
    let write = scenario != Scenario::Infeasible && rng.chance(0.85);
    let mut tools = tools(rng, write);
    observe_task(
        aggregate,
        (index, None),
        scenario,
        &kind,
        write,
        &tools,
        &rules,
    );
    observe_episodes(aggregate, index, scenario, rng);
    if scenario == Scenario::Infeasible {
        tools.push(WRITES[0]);
        observe_task(
            aggregate,
            (twin, Some(index)),
            Scenario::General,
            &Kind::Twin,
            true,
            &tools,
            &[],
        );
        observe_episodes(aggregate, twin, Scenario::General, rng);
    }
}

fn tools(rng: &mut Rng, write: bool) -> Vec<&'static str> {
    let mut tools = vec![READS[0]];
    for _ in 0..rng.below(6) + rng.below(3) {
        tools.push(READS[1 + rng.below(3)]);
    }
    for _ in 0..if write { 1 + rng.below(2) } else { 0 } {
        tools.push(WRITES[rng.below(5)]);
    }
    tools
}

fn observe_task(
    aggregate: &mut Aggregate,
    (index, twin_of): (u32, Option<u32>),
    scenario: Scenario,
    kind: &Kind,
    write: bool,
    tools: &[&str],
    rules: &[&str],
) {
    aggregate.observe_task(&TaskView {
        index,
        twin_of,
        scenario,
        kind,
        write,
        tools: tools.to_vec(),
        rules: rules.to_vec(),
        proof: Some(&proof(scenario, twin_of.is_none())),
    });
}

fn observe_episodes(aggregate: &mut Aggregate, task: u32, scenario: Scenario, rng: &mut Rng) {
    let hard = match scenario {
        Scenario::General => 0.0,
        Scenario::Ambiguous => 0.12,
        Scenario::Changing => 0.08,
        Scenario::Infeasible => 0.15,
    };
    for (agent, skill) in [("gold", 1.0), ("noisy:0.1", 0.9), ("noisy:0.3", 0.68)] {
        let luck = rng.unit() * 0.3 - 0.15;
        for trial in 0..4 {
            let passes = skill >= 1.0 || rng.chance(skill - hard + luck);
            let scored = skill >= 1.0 || !rng.chance(if skill < 0.7 { 0.025 } else { 0.004 });
            let broke = skill < 1.0 && rng.chance(0.11);
            let violations = if broke {
                vec!["confirm.before_write".to_owned()]
            } else {
                Vec::new()
            };
            let ending = match (scored, passes) {
                (false, _) => "infrastructure",
                (true, true) if scenario == Scenario::Infeasible => "user.refused",
                (true, true) => "user.satisfied",
                (true, false) if rng.chance(0.2) => "agent.turn_limit",
                (true, false) => "user.gaveup",
            };
            let seen = EpisodeView {
                task,
                agent,
                trial,
                scored,
                reward: f64::from(u8::from(passes)),
                lenient: f64::from(u8::from(passes || (hard > 0.1 && rng.chance(0.2)))),
                violations: &violations,
                turns: 6 + rng.below(9) as u32,
                calls: 3 + rng.below(7) as u32,
                ending,
            };
            aggregate.observe_episode(&seen).expect("tasks go by first");
        }
    }
}

/// A proof as the checks leave it; the bureaucrat passes infeasible tasks, not their twins.
fn proof(scenario: Scenario, passes_bureaucrat: bool) -> Proof {
    let trial = |agent: &str, seed, reward| Trial {
        agent: agent.to_owned(),
        seed,
        reward,
        conversation: Digest::of(format!("{agent} {seed}").as_bytes()),
    };
    let held = |check, trials, without: &[&str]| Passed {
        check,
        trials,
        not_applicable: without.iter().map(|name| (*name).to_owned()).collect(),
    };
    let blocked = u8::from(scenario == Scenario::Infeasible && passes_bureaucrat);
    let null = [
        "null",
        "refuser:not_pending",
        "refuser:not_delivered",
        "transferrer",
        "asker",
        "parrot",
    ];
    let mut null: Vec<Trial> = null.iter().map(|agent| trial(agent, 0, 0)).collect();
    null.push(trial("bureaucrat:not_delivered", 0, blocked));
    let sharp = [
        "dropped:0",
        "added:cancel_pending_order",
        "tampered:payment_method_id",
    ];
    let (missed, without): (&str, &[&str]) = match scenario {
        Scenario::General => ("", &["hasty", "stale", "reckless"]),
        Scenario::Ambiguous => ("hasty", &["stale", "reckless"]),
        Scenario::Changing => ("stale", &["hasty", "reckless"]),
        Scenario::Infeasible => ("reckless", &["hasty", "stale"]),
    };
    let missed = if missed.is_empty() {
        vec![]
    } else {
        vec![trial(missed, 0, 0)]
    };
    Proof {
        checks: vec![
            held(Check::Replay, vec![], &[]),
            held(Check::Grounded, vec![], &[]),
            held(Check::Lawful, vec![], &[]),
            held(
                Check::Solvable,
                (0..3).map(|seed| trial("gold", seed, 1)).collect(),
                &[],
            ),
            held(Check::Null, null, &[]),
            held(
                Check::Sharp,
                sharp.iter().map(|agent| trial(agent, 0, 0)).collect(),
                &[],
            ),
            held(Check::Scenario, missed, without),
            held(Check::Real, vec![], &[]),
            held(Check::Text, vec![], &[]),
        ],
    }
}
