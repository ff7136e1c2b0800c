//! What models leave in a row, what keeps an episode out, and that offline rows know nothing of it.

use proto::digest::Digest;
use proto::ids::RunId;
use proto::job::{Cell, Wanted};
use proto::record::{CallForm, Episode, Kind, Map, Protocol, Sampling, Scenario, Usage};
use proto::seed::Seed;
use worker::domains::Domain as _;
use worker::domains::tickets::{Tickets, desk::Desk};
use worker::stages::play;
use worker::workload::drafts;

use super::*;
use crate::ledger::Position;

fn tickets() -> Tickets {
    Tickets::new(Arc::new(Desk::generate(40, Seed::root(3))))
}

/// A filled slot, and gold's episode over it.
fn played() -> (Filled, Played) {
    let domain = tickets();
    let cell = Cell {
        slot: 0,
        stratum: 0,
        strata: 1,
        scenario: Scenario::General,
        kind: Kind::Plain,
        wants: vec![Wanted::Write("set_priority".to_owned())],
    };
    let drafted = drafts(&domain, RunId(Digest::of(b"rows")), [cell], 20);
    let task = drafted.into_iter().next().unwrap().draft.task;
    let episode = play(&domain, &task, "gold", 0).unwrap();
    let filled = Filled {
        slot: 0,
        candidate: 0,
        task,
        twin: None,
    };
    (filled, over(episode))
}

fn over(episode: Episode) -> Played {
    Played {
        episode,
        over_twin: false,
        position: Position {
            epoch: 1,
            offset: 0,
        },
    }
}

/// The same episode, as if a model had thought and acted in it.
fn by_a_model(played: &Played) -> Played {
    let mut episode = played.episode.clone();
    episode.agent = "model:small".to_owned();
    episode.parts = vec![Part {
        role: Role::Agent,
        name: "small".to_owned(),
        protocol: Protocol::OpenAi,
        models: vec!["small-2".to_owned()],
        sampling: Sampling {
            temperature: Some(0.5),
            top_p: None,
            max_tokens: 10,
            seeded: true,
            extra: Map::new(),
        },
        form: CallForm::Native,
        prompts: Digest::of(b"prompts"),
        seed: Some(u64::MAX),
        replies: 3,
        usage: Usage {
            input: 5,
            cached: 4,
            written: 0,
            output: 2,
        },
    }];
    for message in &mut episode.messages {
        if let Message::Assistant { reasoning, .. } = message {
            "I think.".clone_into(reasoning);
        }
    }
    over(episode)
}

fn rows(plan: &Plan) -> Rows<'_> {
    Rows {
        plan,
        policy: "Be kind.".to_owned(),
        tools: "[]".into(),
        known: {
            let tools = tickets();
            tools.tools().iter().map(|tool| tool.name.clone()).collect()
        },
        run: "run_0".to_owned(),
        shares: Shares::new(0, 0).unwrap(),
        tasks: 1,
        failed: 0,
        unlawful: 0,
        malformed: 0,
        quarantined: 0,
    }
}

fn metadata(plan: &Plan, filled: &Filled, played: &Played) -> Json {
    let row = rows(plan).row(filled, played).unwrap();
    serde_json::from_str(&row.metadata).unwrap()
}

#[test]
fn models_and_what_they_thought_are_in_the_metadata_where_there_were_any() {
    let (filled, gold) = played();
    let mut plan = Plan::default();
    plan.dataset.keep_reasoning = true;
    let offline = metadata(&plan, &filled, &gold);
    assert!(offline.get("parts").is_none() && offline.get("reasoning").is_none());
    assert_eq!(offline["agent_is_scripted"], true);
    let model = by_a_model(&gold);
    let told = metadata(&plan, &filled, &model);
    assert_eq!(told["agent_is_scripted"], false);
    let part = &told["parts"][0];
    for (field, wanted) in [
        ("role", json!("agent")),
        ("name", json!("small")),
        ("protocol", json!("openai")),
        ("models", json!(["small-2"])),
        ("form", json!("native")),
        ("seed", json!(u64::MAX)),
        ("replies", json!(3)),
        (
            "usage",
            json!({"input": 5, "cached": 4, "written": 0, "output": 2}),
        ),
    ] {
        assert_eq!(part[field], wanted, "{field}");
    }
    assert_eq!(part["sampling"]["temperature"], 0.5);
    let spoken = model.episode.messages.iter();
    let spoken = spoken.filter(|message| matches!(message, Message::Assistant { .. }));
    let thoughts = told["reasoning"].as_array().unwrap();
    assert_eq!(thoughts.len(), spoken.count());
    assert!(thoughts.iter().all(|thought| thought == "I think."));
    plan.dataset.keep_reasoning = false;
    let silent = metadata(&plan, &filled, &model);
    assert!(silent.get("reasoning").is_none());
    let without = |told: &Json| {
        let mut told = told.clone();
        told.as_object_mut().unwrap().remove("reasoning");
        told
    };
    assert_eq!(silent, without(&told));
}

/// The first calls of a conversation.
fn first_calls(said: &mut [Message]) -> &mut [proto::record::ToolCall] {
    let calls = said.iter_mut().find_map(|message| match message {
        Message::Assistant { calls, .. } if !calls.is_empty() => Some(calls),
        _ => None,
    });
    calls.unwrap()
}

#[test]
fn an_episode_with_a_malformed_call_is_no_row() {
    let (filled, gold) = played();
    let plan = Plan::default();
    let mut rows = rows(&plan);
    assert!(rows.row(&filled, &gold).is_some());
    let mut model = by_a_model(&gold);
    first_calls(&mut model.episode.messages)[0].malformed = Some("{".to_owned());
    assert!(rows.row(&filled, &model).is_none());
    assert_eq!((rows.malformed, rows.unlawful, rows.failed), (1, 0, 0));
    let calls = first_calls(&mut model.episode.messages);
    (calls[0].malformed, calls[0].name) = (None, "functions.get_order".to_owned());
    assert!(rows.row(&filled, &model).is_none());
    assert_eq!((rows.malformed, rows.unlawful, rows.failed), (2, 0, 0));
}

#[test]
fn a_model_is_the_explorer_of_what_it_had_a_part_in() {
    let (mut filled, gold) = played();
    let plan = Plan {
        explorer: "model:small".to_owned(),
        ..Plan::default()
    };
    let by_whom = |filled: &Filled| metadata(&plan, filled, &gold)["explorer"].clone();
    assert_eq!(by_whom(&filled), EXPLORER);
    filled.task.parts = by_a_model(&gold).episode.parts;
    filled.task.parts[0].role = Role::Explorer;
    assert_eq!(by_whom(&filled), "model:small");
}
