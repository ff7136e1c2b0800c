//! Episodes over the wire: the held-out agent behind an endpoint is the one without.

use std::sync::Arc;

use coordinator::plan::Plan;
use coordinator::plan::cells::Layout;
use coordinator::world;
use harness::endpoint::{Brain, Endpoint, Form};
use proto::digest::Digest;
use proto::ids::RunId;
use proto::record::{Message, PlannedCall, Task};
use proto::seed::Seed;
use serde_json::{Value, json};
use worker::dialogue::conversation::{AgentTurn, Conversation};
use worker::domains::Domain;
use worker::participants::agents::heldout::HeldOut;
use worker::participants::{Agent, rehearse};
use worker::workload;

use super::{ask, endpoint, json_of};

/// As much of a client as a good endpoint needs.
struct Client<'a> {
    endpoint: &'a Endpoint,
    form: Form,
    policy: &'a str,
    tools: Value,
}

impl<'a> Client<'a> {
    fn new(endpoint: &'a Endpoint, form: Form, domain: &'a dyn Domain) -> Self {
        let tools = domain.tools().iter().map(|tool| match form {
            Form::OpenAi => json!({"type": "function", "function": {
                "name": tool.name, "description": tool.description, "parameters": tool.parameters,
            }}),
            Form::Anthropic => json!({
                "name": tool.name, "description": tool.description, "input_schema": tool.parameters,
            }),
        });
        Self {
            endpoint,
            form,
            policy: domain.policy(),
            tools: tools.collect(),
        }
    }

    fn body(&self, messages: &[Message]) -> Value {
        let said = messages.iter();
        match self.form {
            Form::OpenAi => {
                let policy = json!({"role": "system", "content": self.policy});
                let messages: Value = std::iter::once(policy).chain(said.map(openai)).collect();
                json!({"model": "m", "messages": messages, "tools": self.tools})
            }
            Form::Anthropic => {
                let messages: Value = said.map(anthropic).collect();
                json!({
                    "model": "m", "max_tokens": 4000, "system": self.policy,
                    "messages": messages, "tools": self.tools,
                })
            }
        }
    }
}

fn openai(message: &Message) -> Value {
    match message {
        Message::User { text } => json!({"role": "user", "content": text}),
        Message::Assistant { text, calls, .. } if calls.is_empty() => {
            json!({"role": "assistant", "content": text})
        }
        Message::Assistant { calls, .. } => {
            let calls = calls.iter().map(|call| {
                let arguments = serde_json::to_string(&call.arguments).unwrap();
                json!({"id": call.id, "type": "function", "function": {
                    "name": call.name, "arguments": arguments,
                }})
            });
            json!({"role": "assistant", "content": null, "tool_calls": calls.collect::<Value>()})
        }
        Message::Tool { call_id, text, .. } => {
            json!({"role": "tool", "tool_call_id": call_id, "content": text})
        }
    }
}

fn anthropic(message: &Message) -> Value {
    match message {
        Message::User { text } => json!({"role": "user", "content": text}),
        Message::Assistant { text, calls, .. } if calls.is_empty() => {
            json!({"role": "assistant", "content": [{"type": "text", "text": text}]})
        }
        Message::Assistant { calls, .. } => {
            let calls = calls.iter().map(|call| {
                json!({"type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments})
            });
            json!({"role": "assistant", "content": calls.collect::<Value>()})
        }
        Message::Tool {
            call_id,
            text,
            error,
            ..
        } => json!({"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": call_id, "content": text, "is_error": error},
        ]}),
    }
}

fn turn(form: Form, answer: &Value) -> AgentTurn {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let call = |name: &Value, arguments: &str| {
        let call = PlannedCall {
            name: text(name),
            arguments: serde_json::from_str(arguments).unwrap(),
        };
        call.into()
    };
    match form {
        Form::OpenAi => {
            let message = &answer["choices"][0]["message"];
            let calls = message["tool_calls"].as_array().into_iter().flatten();
            let calls = calls.map(|made| {
                let function = &made["function"];
                call(&function["name"], &text(&function["arguments"]))
            });
            AgentTurn {
                text: text(&message["content"]),
                calls: calls.collect(),
                ..AgentTurn::default()
            }
        }
        Form::Anthropic => {
            let blocks = answer["content"].as_array().unwrap();
            let of = |kind: &'static str| blocks.iter().filter(move |block| block["type"] == kind);
            AgentTurn {
                text: of("text").map(|block| text(&block["text"])).collect(),
                calls: of("tool_use")
                    .map(|block| call(&block["name"], &block["input"].to_string()))
                    .collect(),
                ..AgentTurn::default()
            }
        }
    }
}

impl Agent for Client<'_> {
    fn turn(&mut self, conversation: &Conversation<'_>) -> AgentTurn {
        let body = self.body(conversation.messages());
        let answer = ask(self.endpoint.address(), self.form, &body).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.body);
        turn(self.form, &json_of(&answer))
    }
}

fn tasks(domain: &Arc<dyn Domain>, plan: &Plan, slots: u32) -> Vec<Task> {
    let layout = Layout::new(plan, domain);
    let run = RunId(Digest::of(b"endpoint"));
    let cells = (0..slots).map(|slot| layout.cell(slot, 0));
    let drafts = workload::drafts(&**domain, run, cells, 10);
    let each = drafts.into_iter();
    each.flat_map(|made| std::iter::once(made.draft.task).chain(made.draft.twin))
        .collect()
}

#[test]
fn the_held_out_agent_is_the_same_over_the_wire() {
    let plan = Plan::default();
    let domain: Arc<dyn Domain> = world::domain(&plan).unwrap();
    let tasks = tasks(&domain, &plan, 16);
    let endpoint = endpoint(Brain::HeldOut, &[]);
    let (mut won, mut turns) = (0, 0);
    for task in &tasks {
        let user = Seed::root(4);
        let direct = rehearse(&*domain, task, &mut HeldOut::new(), user, true).unwrap();
        for form in [Form::OpenAi, Form::Anthropic] {
            let mut client = Client::new(&endpoint, form, &*domain);
            let over = rehearse(&*domain, task, &mut client, user, true).unwrap();
            assert_eq!(over, direct, "{form:?} on {}", task.id);
        }
        won += usize::from(direct.verdict.reward >= 1.0);
        let spoken = direct.messages.iter();
        turns += spoken
            .filter(|message| matches!(message, Message::Assistant { .. }))
            .count();
    }
    assert!(won * 2 > tasks.len(), "{won} of {}", tasks.len());
    let stats = endpoint.stats();
    assert_eq!(stats.answered, 2 * turns as u64);
    assert_eq!(stats.refused, 0);
}

#[test]
fn without_policy_or_tools_nobody_is_served() {
    let plan = Plan::default();
    let domain: Arc<dyn Domain> = world::domain(&plan).unwrap();
    let endpoint = endpoint(Brain::HeldOut, &[]);
    let client = Client::new(&endpoint, Form::OpenAi, &*domain);
    let opening = Message::User {
        text: "Hello, I am at ann.lee@example.com and want to cancel an order.".to_owned(),
    };
    let said = |client: &Client<'_>| {
        let body = client.body(std::slice::from_ref(&opening));
        turn(
            Form::OpenAi,
            &json_of(&ask(endpoint.address(), Form::OpenAi, &body).unwrap()),
        )
    };
    assert_eq!(said(&client).calls.len(), 1);
    let bare = Client {
        tools: json!([]),
        ..Client::new(&endpoint, Form::OpenAi, &*domain)
    };
    assert!(said(&bare).text.contains("no tool"));
    let lawless = Client {
        policy: "",
        ..Client::new(&endpoint, Form::OpenAi, &*domain)
    };
    assert!(said(&lawless).text.contains("no policy"));
}
