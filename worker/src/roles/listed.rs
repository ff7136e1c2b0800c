//! Tool calls as structured replies, for models too small for anything freer: a JSON object with a tool and
//! its arguments, by a schema of the moment.
//!
//! An argument that names a record (its name ends in `_id` or `_ids`) may only be what was seen so far, so a
//! server that holds its model to the schema gets no id that is made up. A tool whose ids were not seen is
//! not offered, nor is a look-up that was made, nor a call about one record that failed, until something has gone well
//! that may have changed that: a small model would go on with it for ever. Ids are found in JSON by the names of fields: `item_id` holds
//! one, and so do the members of `orders` and the keys of `payment_methods`.
//!
//! The schema changes from turn to turn; the conversation before it does not.

use std::collections::BTreeMap;

use proto::record::{Effect, Map, Message, PlannedCall, ToolCall, ToolSpec, Value};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::structured;
use crate::chat::{Reply, Schema};
use crate::dialogue::conversation::Attempted;

/// Ids of one name that are offered, at most; the latest.
const OFFERED: usize = 64;

/// What may stand for an argument, by its name: what was told or seen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen(BTreeMap<String, Vec<String>>);

impl Seen {
    /// Takes a value for an argument of this name.
    pub fn note(&mut self, name: &str, value: &str) {
        let known = self.0.entry(name.to_owned()).or_default();
        if known.iter().all(|known| known != value) {
            known.push(value.to_owned());
        }
    }

    /// Takes the ids in what a tool answered.
    pub fn read(&mut self, text: &str) {
        if let Some(value) = structured::first_value(text) {
            self.harvest("", &value);
        }
    }

    fn harvest(&mut self, name: &str, value: &Value) {
        let member = name.strip_suffix('s').map(|one| match one {
            one if one.ends_with("_id") => one.to_owned(),
            one => format!("{one}_id"),
        });
        match value {
            Value::Str(text) if name.ends_with("_id") => self.note(name, text),
            Value::List(items) => {
                for item in items {
                    match (item.as_str(), &member) {
                        (Some(id), Some(member)) => self.note(member, id),
                        _ => self.harvest("", item),
                    }
                }
            }
            Value::Map(fields) => {
                for (key, value) in fields {
                    if let (Some(member), Value::Map(_)) = (&member, value) {
                        self.note(member, key);
                    }
                    self.harvest(key, value);
                }
            }
            _ => {}
        }
    }

    /// What may stand for this argument; of `new_item_ids` also what is known as `item_id`.
    fn of(&self, argument: &str) -> &[String] {
        let mut name = match argument.strip_suffix("_ids") {
            Some(_) => &argument[..argument.len() - 1],
            None => argument,
        };
        loop {
            if let Some(known) = self.0.get(name) {
                return known;
            }
            match name.split_once('_') {
                Some((_, rest)) if rest.contains('_') => name = rest,
                _ => return &[],
            }
        }
    }
}

fn names_a_record(argument: &str) -> bool {
    is_one_record(argument) || argument.ends_with("_ids")
}

fn is_one_record(argument: &str) -> bool {
    argument.ends_with("_id")
}

/// The form of the next reply; nothing when there is nothing left to call.
pub fn schema(tools: &[ToolSpec], seen: &Seen, messages: &[Message]) -> Option<Schema> {
    let done = done_with(tools, messages);
    let forms: Vec<Json> = tools
        .iter()
        .filter(|tool| tool.effect != Effect::Generic)
        .filter_map(|tool| form(tool, seen, &done))
        .collect();
    if forms.is_empty() {
        return None;
    }
    let schema = json!({
        "type": "object",
        "properties": {"call": {"anyOf": forms}},
        "required": ["call"],
        "additionalProperties": false,
    });
    Some(Schema {
        name: "step",
        schema,
    })
}

/// Calls that there is no point in making again: look-ups that were answered, and calls that failed and would again.
fn done_with<'a>(tools: &[ToolSpec], messages: &'a [Message]) -> Vec<(&'a ToolCall, Made)> {
    let made = |call: &ToolCall| {
        let failed = messages.iter().any(|message| {
            matches!(message, Message::Tool { call_id, error: true, .. } if *call_id == call.id)
        });
        if failed { Made::InVain } else { Made::Well }
    };
    let reads = |call: &ToolCall| {
        let mut tools = tools.iter();
        tools.any(|tool| tool.name == call.name && tool.effect == Effect::Read)
    };
    let made: Vec<(&ToolCall, Made)> = messages
        .iter()
        .flat_map(calls)
        .map(|call| (call, made(call)))
        .collect();
    let done = made.iter().enumerate();
    done.filter(|(place, (call, went))| match went {
        Made::Well => reads(call),
        Made::InVain => !may_go_well(call, *place, &made),
    })
    .map(|(_, done)| *done)
    .collect()
}

/// Whether something has gone well since a call failed that may have been what it wanted: over the same record, or
/// with a tool that had not gone well before, such as one that authenticates.
fn may_go_well(call: &ToolCall, place: usize, made: &[(&ToolCall, Made)]) -> bool {
    let later = made.iter().enumerate().skip(place);
    let mut well = later.filter(|(_, (_, went))| *went == Made::Well);
    well.any(|(at, (other, _))| share_a_record(call, other) || is_first(at, made))
}

/// Whether the tool of a call had not gone well before.
fn is_first(at: usize, made: &[(&ToolCall, Made)]) -> bool {
    let (call, _) = made[at];
    let mut before = made[..at].iter();
    !before.any(|(other, went)| *went == Made::Well && other.name == call.name)
}

fn share_a_record(one: &ToolCall, other: &ToolCall) -> bool {
    records(one).any(|record| records(other).any(|other| record == other))
}

/// What the arguments of a call name.
fn records(call: &ToolCall) -> impl Iterator<Item = &Value> {
    let arguments = call.arguments.iter();
    let records = arguments.filter(|(name, _)| names_a_record(name));
    records.map(|(_, value)| value)
}

/// How a call went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Made {
    Well,
    InVain,
}

fn calls(message: &Message) -> &[ToolCall] {
    match message {
        Message::Assistant { calls, .. } => calls,
        Message::User { .. } | Message::Tool { .. } => &[],
    }
}

/// The form of a call of this tool, if there is one to make.
fn form(tool: &ToolSpec, seen: &Seen, done: &[(&ToolCall, Made)]) -> Option<Json> {
    let properties = tool.parameters.as_map()?.get("properties")?.as_map()?;
    let of_tool = || done.iter().filter(|(call, _)| call.name == tool.name);
    let mut arguments = serde_json::Map::new();
    for (name, property) in properties {
        let known = seen.of(name);
        // Of several arguments a schema can't say which go together. What failed over the one record that a call
        // is about is not tried over it again, whatever else is said of it.
        let alone = properties.len() == 1;
        let record = is_one_record(name)
            && properties.keys().filter(|name| is_one_record(name)).count() == 1;
        let again = |value: &&String| {
            of_tool().any(|(call, made)| {
                (alone || record && *made == Made::InVain)
                    && call.arguments.get(name).and_then(Value::as_str) == Some(value)
            })
        };
        let open: Vec<&String> = known.iter().filter(|value| !again(value)).collect();
        if open.is_empty() && (names_a_record(name) || !known.is_empty()) {
            return None;
        }
        let latest = &open[open.len().saturating_sub(OFFERED)..];
        arguments.insert(name.clone(), narrowed(property, latest));
    }
    let once = properties.is_empty() && of_tool().next().is_some();
    (!once).then(|| {
        let names: Vec<&String> = properties.keys().collect();
        let arguments = json!({
            "type": "object",
            "properties": arguments,
            "required": names,
            "additionalProperties": false,
        });
        json!({
            "type": "object",
            "properties": {"tool": {"type": "string", "enum": [tool.name]}, "arguments": arguments},
            "required": ["tool", "arguments"],
            "additionalProperties": false,
        })
    })
}

/// The schema of an argument that may only be one of these, or a list of them; as it was if there are none.
fn narrowed(property: &Value, known: &[&String]) -> Json {
    let property = serde_json::to_value(property).expect("a schema is plain data");
    if known.is_empty() {
        return property;
    }
    let one = json!({"type": "string", "enum": known});
    match property["type"].as_str() {
        Some("array") => json!({"type": "array", "items": one, "minItems": 1}),
        _ => one,
    }
}

/// A step, as the model fills the form in.
#[derive(Debug, Deserialize)]
struct Step {
    call: Call,
}

#[derive(Debug, Deserialize)]
struct Call {
    tool: String,
    arguments: Map,
}

/// The call that a reply stands for; none, if it is none.
pub fn read(reply: Reply) -> Reply {
    let calls = match structured::object::<Step>(&reply.text) {
        Ok(Step { call }) => vec![Attempted::from(PlannedCall {
            name: call.tool,
            arguments: call.arguments,
        })],
        Err(_) => Vec::new(),
    };
    let text = if calls.is_empty() {
        reply.text
    } else {
        String::new()
    };
    Reply {
        text,
        calls,
        ..reply
    }
}

/// A conversation as such a model sees it.
pub fn written(messages: &[Message]) -> Vec<Message> {
    messages.iter().map(told).collect()
}

fn told(message: &Message) -> Message {
    match message {
        Message::User { .. } => message.clone(),
        Message::Tool { text, .. } => Message::User { text: text.clone() },
        Message::Assistant { text, calls, .. } => {
            let step = calls.first().map(|call| {
                json!({"call": {"tool": call.name, "arguments": call.arguments}}).to_string()
            });
            Message::Assistant {
                reasoning: String::new(),
                signed: None,
                text: step.unwrap_or_else(|| text.clone()),
                calls: Vec::new(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domains::Domain;
    use crate::roles::testing::desk;

    fn offered(schema: &Schema, tool: &str) -> Option<Json> {
        let forms = schema.schema["properties"]["call"]["anyOf"]
            .as_array()
            .unwrap();
        let mut found = forms
            .iter()
            .filter(|form| form["properties"]["tool"]["enum"][0] == tool);
        let found = found.next()?;
        Some(found["properties"]["arguments"]["properties"].clone())
    }

    #[test]
    fn ids_are_what_was_seen_and_no_look_up_is_offered_twice() {
        let domain = desk();
        let mut seen = Seen::default();
        seen.note("email", "a@b.c");
        let first = schema(domain.tools(), &seen, &[]).unwrap();
        assert_eq!(
            offered(&first, "find_user_id_by_email").unwrap()["email"]["enum"],
            json!(["a@b.c"])
        );
        for hidden in [
            "get_user_details",
            "get_ticket",
            "close_ticket",
            "transfer_to_human_agents",
        ] {
            assert_eq!(offered(&first, hidden), None, "{hidden}");
        }
        seen.read(r#"{"tickets": ["T1", "T2"], "name": {"first_name": "A"}}"#);
        let call = ToolCall {
            id: "call_1".to_owned(),
            name: "get_ticket".to_owned(),
            arguments: Map::from([("ticket_id".to_owned(), "T1".into())]),
            malformed: None,
        };
        let messages = [Message::Assistant {
            reasoning: String::new(),
            signed: None,
            text: String::new(),
            calls: vec![call],
        }];
        let next = schema(domain.tools(), &seen, &messages).unwrap();
        let tickets = |tool: &str| offered(&next, tool).unwrap()["ticket_id"]["enum"].clone();
        assert_eq!(tickets("get_ticket"), json!(["T2"]));
        assert_eq!(tickets("close_ticket"), json!(["T1", "T2"]));
        let reasons = &offered(&next, "close_ticket").unwrap()["reason"]["enum"];
        assert_eq!(reasons.as_array().unwrap().len(), 3);
    }

    /// A call and what came of it.
    fn made(number: u32, name: &str, (key, value): (&str, &str), error: bool) -> [Message; 2] {
        let id = format!("call_{number}");
        let call = ToolCall {
            id: id.clone(),
            name: name.to_owned(),
            arguments: Map::from([
                (key.to_owned(), value.into()),
                ("reason".to_owned(), "solved".into()),
            ]),
            malformed: None,
        };
        let asked = Message::Assistant {
            reasoning: String::new(),
            signed: None,
            text: String::new(),
            calls: vec![call],
        };
        let answered = Message::Tool {
            call_id: id,
            name: name.to_owned(),
            text: String::new(),
            error,
        };
        [asked, answered]
    }

    #[test]
    fn what_failed_is_not_offered_again_until_something_went_well_that_may_matter() {
        let domain = desk();
        let mut seen = Seen::default();
        seen.read(r#"{"tickets": ["T1", "T2"]}"#);
        let open = |tool: &str, messages: &[Message]| {
            let schema = schema(domain.tools(), &seen, messages).unwrap();
            offered(&schema, tool).map(|arguments| arguments["ticket_id"]["enum"].clone())
        };
        let (close, get) = ("close_ticket", "get_ticket");
        let (one, two) = (("ticket_id", "T1"), ("ticket_id", "T2"));
        let mut messages = made(1, close, one, true).to_vec();
        messages.extend(made(2, get, two, true));
        assert_eq!(open(close, &messages), Some(json!(["T2"])));
        assert_eq!(open(get, &messages), Some(json!(["T1"])));
        messages.extend(made(3, close, two, true));
        assert_eq!(open(close, &messages), None);
        // The first look at a ticket may be what all were waiting for, the next one is only over its own.
        messages.extend(made(4, get, one, false));
        assert_eq!(open(close, &messages), Some(json!(["T1", "T2"])));
        for (number, ticket) in [(5, one), (6, two)] {
            messages.extend(made(number, close, ticket, true));
        }
        messages.extend(made(7, get, two, false));
        assert_eq!(open(close, &messages), Some(json!(["T2"])));
        assert_eq!(open(get, &messages), None);
    }

    #[test]
    fn ids_are_found_by_the_names_of_fields() {
        let mut seen = Seen::default();
        seen.read(
            r##"{"orders": ["#W1"], "payment_methods": {"gift_card_1": {"id": "gift_card_1"}},
                "items": [{"item_id": "17", "name": "Cup"}]}  [a note]"##,
        );
        assert_eq!(seen.of("order_id"), ["#W1"]);
        assert_eq!(seen.of("payment_method_id"), ["gift_card_1"]);
        for argument in ["item_ids", "new_item_ids", "item_id"] {
            assert_eq!(seen.of(argument), ["17"], "{argument}");
        }
        assert!(seen.of("user_id").is_empty() && seen.of("name").is_empty());
    }

    #[test]
    fn what_is_read_is_written_again_as_it_was() {
        let text = r#"{"call":{"arguments":{"ticket_id":"T1"},"tool":"get_ticket"}}"#;
        let reply = read(Reply {
            text: text.to_owned(),
            ..Reply::default()
        });
        let Attempted { call, malformed } = reply.calls[0].clone();
        let message = Message::Assistant {
            reasoning: String::new(),
            signed: None,
            text: reply.text,
            calls: vec![ToolCall {
                id: "call_1".to_owned(),
                name: call.name,
                arguments: call.arguments,
                malformed,
            }],
        };
        let [Message::Assistant { text: again, .. }] = &written(&[message])[..] else {
            panic!("one message");
        };
        let parsed = |text: &str| serde_json::from_str::<Json>(text).unwrap();
        assert_eq!(parsed(again), parsed(text));
        let words = read(Reply {
            text: "Let me see.".to_owned(),
            ..Reply::default()
        });
        assert!(words.calls.is_empty() && words.text == "Let me see.");
    }
}
