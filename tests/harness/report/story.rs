//! The parts that a hand-written conversation is put together from.

use std::collections::BTreeMap;

use coordinator::report::model::{Sample, StateChange};
use coordinator::report::samples;
use proto::digest::Digest;
use proto::ids::{BaseId, EpisodeId, IntentId, StateId, TaskId};
use proto::record::{
    Component, Descriptor, Ending, Episode, Expected, Goal, GoalScript, Intent, Kind, Message,
    Observation, Persona, PlannedCall, Reveal, Scenario, Slot, Snapshot, Source, Step, Task,
    ToolCall, Trajectory, UserScript, Value, Verdict, Visibility, Wish,
};

use super::{proof, writes};

/// A conversation in short.
pub(super) struct Story {
    pub(super) scenario: Scenario,
    pub(super) kind: Kind,
    pub(super) agent: &'static str,
    pub(super) ending: Ending,
    pub(super) components: Vec<(Component, bool)>,
    pub(super) violations: Vec<String>,
    pub(super) goals: Vec<Goal>,
    pub(super) script: UserScript,
    pub(super) golden: Vec<PlannedCall>,
    pub(super) messages: Vec<Message>,
    pub(super) changes: BTreeMap<String, Vec<StateChange>>,
}

impl Story {
    pub(super) fn sample(self) -> Sample {
        let name = format!("{} {} {:?}", self.scenario.label(), self.agent, self.ending);
        let digest = Digest::of(name.as_bytes());
        let reward = f64::from(u8::from(self.components.iter().all(|part| part.1)));
        let lenient = self
            .components
            .iter()
            .all(|part| part.1 || part.0 == Component::Clarification);
        let all: Vec<usize> = (0..self.goals.len()).collect();
        let changed = self.script.change.is_some();
        let step = |call: PlannedCall| Step {
            state: StateId(Digest::of(call.name.as_bytes())),
            call,
            observation: Observation {
                text: String::new(),
                error: false,
            },
            goal: Some(0),
        };
        let task = Task {
            id: TaskId(Digest::of(name.as_bytes())),
            domain: "retail".to_owned(),
            slot: 17,
            scenario: self.scenario,
            kind: self.kind,
            intent_id: IntentId(digest),
            intent: Intent {
                person: "ines_moreau_4821".to_owned(),
                first: all[..1].to_vec(),
                last: if changed { all[1..].to_vec() } else { all },
                goals: self.goals,
            },
            script: self.script,
            golden: Trajectory {
                start: Snapshot {
                    base: BaseId(digest),
                    delta: vec![],
                    state: StateId(digest),
                },
                steps: self.golden.into_iter().map(step).collect(),
            },
            expected: nothing_expected(),
            twin_of: None,
            writer: "template/1".to_owned(),
            proof: Some(proof(self.scenario, true)),
            parts: Vec::new(),
        };
        let episode = Episode {
            id: EpisodeId(digest),
            task: task.id,
            agent: self.agent.to_owned(),
            user: "agenda".to_owned(),
            trial: 0,
            messages: self.messages,
            ending: self.ending,
            state: StateId(digest),
            verdict: Verdict {
                reward,
                lenient: f64::from(u8::from(lenient)),
                components: self.components,
                violations: self.violations,
                judged: Vec::new(),
            },
            parts: Vec::new(),
        };
        samples::sample(&task, &episode, &self.changes, writes)
    }
}

fn nothing_expected() -> Expected {
    Expected {
        states: vec![],
        required: vec![],
        forbidden: vec![],
        told: vec![],
        resolutions: vec![],
        asked: vec![],
    }
}

pub(super) fn user(text: &str) -> Message {
    Message::User {
        text: text.to_owned(),
    }
}

pub(super) fn agent(text: &str) -> Message {
    Message::Assistant {
        reasoning: String::new(),
        signed: None,
        text: text.to_owned(),
        calls: vec![],
    }
}

/// A tool call with its answer.
pub(super) fn call(id: &str, name: &str, arguments: &str, result: &str) -> [Message; 2] {
    let Ok(Value::Map(arguments)) = Value::parse(arguments) else {
        panic!("the fixture's arguments of {name} are an object");
    };
    let call = ToolCall {
        id: id.to_owned(),
        name: name.to_owned(),
        arguments,
        malformed: None,
    };
    let error = result.starts_with("Error");
    [
        Message::Assistant {
            reasoning: String::new(),
            signed: None,
            text: String::new(),
            calls: vec![call],
        },
        Message::Tool {
            call_id: id.to_owned(),
            name: name.to_owned(),
            text: result.to_owned(),
            error,
        },
    ]
}

pub(super) fn change(
    entity: &str,
    field: &str,
    before: Option<&str>,
    after: Option<&str>,
) -> StateChange {
    StateChange {
        entity: entity.to_owned(),
        field: field.to_owned(),
        before: before.map(str::to_owned),
        after: after.map(str::to_owned),
    }
}

pub(super) fn goal(wish: Wish, slots: &[(&str, &str, Visibility)]) -> Goal {
    let slot = |&(name, value, visibility): &(&str, &str, Visibility)| Slot {
        name: name.to_owned(),
        value: Value::from(value),
        source: if name == "order" {
            Source::Read("get_user_details".to_owned())
        } else {
            Source::Known
        },
        says: vec![Descriptor {
            predicate: format!("{name}.is"),
            arguments: vec![],
            visibility,
        }],
    };
    Goal {
        wish,
        slots: slots.iter().map(slot).collect(),
        reads: vec![],
    }
}

pub(super) fn script(opening: &str, say: &str, reveals: &[(&str, &str)]) -> UserScript {
    UserScript {
        identity: "Ines Moreau, zip code 80203.".to_owned(),
        persona: Persona {
            style: "plain".to_owned(),
            introduces: false,
            one_at_a_time: true,
            insistent: false,
            manner: String::new(),
        },
        opening: opening.to_owned(),
        goals: vec![goal_script(0, say, reveals)],
        change: None,
    }
}

pub(super) fn goal_script(goal: usize, say: &str, reveals: &[(&str, &str)]) -> GoalScript {
    let reveal = |&(slot, text): &(&str, &str)| Reveal {
        slot: slot.to_owned(),
        text: text.to_owned(),
    };
    GoalScript {
        goal,
        say: say.to_owned(),
        reveals: reveals.iter().map(reveal).collect(),
    }
}

pub(super) const PERSON: &str = r##"{"name":{"first_name":"Ines","last_name":"Moreau"},"address":{"address1":"418 Laurel Row","city":"Denver","state":"CO","zip":"80203"},"orders":["#W5510284","#W7092216"],"payment_methods":{"gift_card_3301187":{"source":"gift_card","balance":52.4},"credit_card_9026641":{"source":"credit_card","brand":"visa","last_four":"2207"}}}"##;
pub(super) const ORDER: &str = r##"{"order_id":"#W5510284","user_id":"ines_moreau_4821","status":"pending","items":[{"name":"Desk Lamp","item_id":"6120098431","price":86.25,"options":{"color":"brass","dimmable":"yes"}}],"payment_history":[{"transaction_type":"payment","amount":86.25,"payment_method_id":"gift_card_3301187"}]}"##;

pub(super) fn authenticated() -> Vec<Message> {
    let mut messages = vec![
        agent("Hello! May I have your name and zip code so that I can find your account?"),
        user("Ines Moreau, zip code 80203."),
    ];
    messages.extend(call(
        "c1",
        "find_user_id_by_name_zip",
        r#"{"first_name":"Ines","last_name":"Moreau","zip":"80203"}"#,
        "ines_moreau_4821",
    ));
    messages.extend(call(
        "c2",
        "get_user_details",
        r#"{"user_id":"ines_moreau_4821"}"#,
        PERSON,
    ));
    messages.extend(call(
        "c3",
        "get_order_details",
        r##"{"order_id":"#W5510284"}"##,
        ORDER,
    ));
    messages
}

pub(super) fn golden(last: Option<PlannedCall>) -> Vec<PlannedCall> {
    let mut calls = vec![
        PlannedCall::new(
            "find_user_id_by_name_zip",
            [
                ("first_name", "Ines"),
                ("last_name", "Moreau"),
                ("zip", "80203"),
            ],
        ),
        PlannedCall::new("get_user_details", [("user_id", "ines_moreau_4821")]),
        PlannedCall::new("get_order_details", [("order_id", "#W5510284")]),
    ];
    calls.extend(last);
    calls
}

pub(super) fn cancel() -> PlannedCall {
    PlannedCall::new(
        "cancel_pending_order",
        [("order_id", "#W5510284"), ("reason", "no longer needed")],
    )
}

pub(super) fn cancel_changes() -> BTreeMap<String, Vec<StateChange>> {
    let order = "orders/#W5510284";
    let list = vec![
        change(order, "status", Some("pending"), Some("cancelled")),
        change(order, "cancel_reason", None, Some("no longer needed")),
        change(
            order,
            "payment_history[1]",
            None,
            Some("refund 86.25 to gift_card_3301187"),
        ),
        change(
            "users/ines_moreau_4821",
            "payment_methods.gift_card_3301187.balance",
            Some("52.4"),
            Some("138.65"),
        ),
    ];
    BTreeMap::from([("c4".to_owned(), list)])
}
