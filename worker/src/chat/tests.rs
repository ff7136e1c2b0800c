//! What holds in every protocol, and what its tests are made of.

use proptest::prelude::*;
use proto::record::{
    Actor, CallForm, Dialect, Effect, Map, Patience, Prices, Rates, Sampling, ToolCall, Value,
};

use super::*;

/// An endpoint of this protocol, nowhere in particular.
pub(super) fn endpoint(protocol: Protocol) -> Endpoint {
    Endpoint {
        name: "small".to_owned(),
        protocol,
        url: "http://127.0.0.1:9/v1".to_owned(),
        command: Vec::new(),
        model: "m-1".to_owned(),
        key: String::new(),
        sampling: Sampling {
            temperature: Some(0.0),
            top_p: None,
            max_tokens: 256,
            seeded: true,
            extra: Map::new(),
        },
        form: CallForm::Native,
        dialect: Dialect::default(),
        prices: Prices::default(),
        rates: Rates::default(),
        patience: Patience::default(),
    }
}

/// A tool.
pub(super) fn tool(name: &str) -> ToolSpec {
    ToolSpec {
        name: name.to_owned(),
        description: "Looks an order up.".to_owned(),
        parameters: Value::parse(
            r#"{"type":"object","properties":{"id":{"type":"string"}},"required":["id"]}"#,
        )
        .unwrap(),
        effect: Effect::Read,
        actor: Actor::Assistant,
    }
}

/// A request with these messages.
pub(super) fn request<'a>(messages: &'a [Message], tools: &'a [ToolSpec]) -> Request<'a> {
    Request {
        system: "Be brief.",
        messages,
        tools,
        choice: ToolChoice::Auto,
        schema: None,
        seed: Some(7),
    }
}

/// A call of `get_order` with an id, or one that is malformed.
pub(super) fn call(number: usize, malformed: Option<&str>) -> ToolCall {
    let id = ("id".to_owned(), Value::from("W1"));
    ToolCall {
        id: format!("call_{number}"),
        name: "get_order".to_owned(),
        arguments: malformed.is_none().then_some(id).into_iter().collect(),
        malformed: malformed.map(str::to_owned),
    }
}

/// What a tool answers to this call.
pub(super) fn answered(call: &ToolCall, text: &str, error: bool) -> Message {
    Message::Tool {
        call_id: call.id.clone(),
        name: call.name.clone(),
        text: text.to_owned(),
        error,
    }
}

/// A short conversation: a wish, two calls at once, what came of them.
pub(super) fn conversation() -> Vec<Message> {
    let calls = vec![call(1, None), call(2, Some("{\"id\": "))];
    let [first, second] = [
        answered(&calls[0], "{\"status\":\"paid\"}", false),
        answered(&calls[1], "Error: no JSON object", true),
    ];
    vec![
        Message::User {
            text: "Where is \"W1\"?".to_owned(),
        },
        Message::Assistant {
            reasoning: "I need the order.".to_owned(),
            signed: None,
            text: String::new(),
            calls,
        },
        first,
        second,
    ]
}

fn text() -> impl Strategy<Value = String> {
    "\\PC{1,20}|[\\]}\"\\\\\u{0}-\u{1f}]{0,6}x"
}

/// What a user says, what the agent says beside its calls, what comes of them and whether they were
/// malformed, and what the agent says in the end.
type Exchange = (String, String, Vec<(String, bool)>, String);

fn exchange() -> impl Strategy<Value = Exchange> {
    let calls = prop::collection::vec((text(), any::<bool>()), 0..3);
    (text(), text(), calls, text())
}

/// Messages of exchanges, and after which of them the model is asked.
fn spoken(exchanges: Vec<Exchange>) -> (Vec<Message>, Vec<usize>) {
    let (mut messages, mut asked) = (Vec::new(), Vec::new());
    for (said, beside, results, last) in exchanges {
        messages.push(Message::User { text: said });
        asked.push(messages.len());
        if !results.is_empty() {
            let numbered = results.iter().enumerate();
            let calls = numbered.map(|(at, (text, bad))| call(at, bad.then_some(text)));
            let calls: Vec<ToolCall> = calls.collect();
            let answers = calls.iter().zip(&results);
            let answers: Vec<Message> = answers
                .map(|(call, (text, bad))| answered(call, text, *bad))
                .collect();
            messages.push(Message::Assistant {
                reasoning: beside.clone(),
                signed: None,
                text: beside,
                calls,
            });
            messages.extend(answers);
            asked.push(messages.len());
        }
        messages.push(Message::Assistant {
            reasoning: String::new(),
            signed: None,
            text: last,
            calls: Vec::new(),
        });
    }
    (messages, asked)
}

proptest! {
    #[test]
    fn what_a_turn_sends_begins_what_the_next_sends(
        exchanges in prop::collection::vec(exchange(), 1..4),
        toolless in any::<bool>(),
    ) {
        let tools = if toolless { vec![] } else { vec![tool("get_order"), tool("list_orders")] };
        let (messages, asked) = spoken(exchanges);
        for protocol in Protocol::ALL {
            let endpoint = endpoint(protocol);
            let sent = asked.iter().map(|upto| body(&endpoint, &request(&messages[..*upto], &tools)));
            let sent: Vec<Bytes> = sent.collect();
            for (turn, next) in sent.iter().zip(&sent[1..]) {
                let open = turn.strip_suffix(b"]}").expect("messages are the last of the fields");
                prop_assert!(next.starts_with(open), "{}", String::from_utf8_lossy(next));
                prop_assert_eq!(next[open.len()], b',');
            }
            for body in sent {
                let read: Result<serde_json::Value, _> = serde_json::from_slice(&body);
                prop_assert!(read.is_ok(), "{}", String::from_utf8_lossy(&body));
            }
        }
    }
}

#[test]
fn a_plan_can_add_fields_but_not_break_conversations() {
    for protocol in Protocol::ALL {
        let mut changed = endpoint(protocol);
        let extra = r#"{"messages":[],"stream":true,"n":2,"tools":[],"model":"other","system":"x","seed":1,"tool_choice":"none"}"#;
        changed.sampling.extra = Value::parse(extra).unwrap().as_map().unwrap().clone();
        let tools = [tool("get_order")];
        let messages = conversation();
        let request = request(&messages, &tools);
        assert_eq!(
            body(&changed, &request),
            body(&endpoint(protocol), &request)
        );
    }
}
