//! Rows as lines of JSON: the `OpenAI` form, and the two that restrict the order of messages.
//!
//! `LLaMA-Factory` skips a row that breaks its alternation with no more than a warning; here such a
//! row is refused with its reason, and the caller keeps the list.

use super::format::Format;
use super::json;
use super::row::{Role, Row, RowCall, RowMessage};

/// Appends `row` to `out` in `format`, or says why the format cannot express it; then `out` is as
/// it was.
pub(super) fn render(out: &mut Vec<u8>, row: &Row, format: Format) -> Result<(), String> {
    let start = out.len();
    let rendered = match format {
        Format::Openai => {
            openai(out, row);
            Ok(())
        }
        Format::Sharegpt => sharegpt(out, row),
        Format::Swift => swift(out, row),
        Format::Raw | Format::Trl => unreachable!("formats in Parquet have no lines"),
    };
    if rendered.is_err() {
        out.truncate(start);
    }
    rendered
}

fn openai(out: &mut Vec<u8>, row: &Row) {
    out.extend_from_slice(b"{\"messages\":");
    json::list(out, &row.messages, openai_message);
    json::key(out, "tools");
    out.extend_from_slice(row.tools.as_bytes());
    json::key(out, "parallel_tool_calls");
    out.extend_from_slice(b"false}");
}

fn openai_message(out: &mut Vec<u8>, message: &RowMessage) {
    out.push(b'{');
    json::text_field(out, "role", message.role.as_str());
    json::text_field(out, "content", &message.content);
    if !message.tool_calls.is_empty() {
        json::key(out, "tool_calls");
        json::list(out, &message.tool_calls, |out, call| {
            out.push(b'{');
            json::text_field(out, "id", &call.id);
            json::text_field(out, "type", "function");
            json::key(out, "function");
            out.push(b'{');
            json::text_field(out, "name", &call.name);
            json::text_field(out, "arguments", &call.arguments);
            out.extend_from_slice(b"}}");
        });
    }
    if let Some(id) = &message.tool_call_id {
        json::text_field(out, "tool_call_id", id);
    }
    out.push(b'}');
}

/// A call as `{"name":…,"arguments":{…}}`.
fn bare_call(call: &RowCall) -> Vec<u8> {
    let mut out = Vec::with_capacity(call.arguments.len() + call.name.len() + 32);
    out.push(b'{');
    json::text_field(&mut out, "name", &call.name);
    json::key(&mut out, "arguments");
    out.extend_from_slice(call.arguments.as_bytes());
    out.push(b'}');
    out
}

fn bare_call_text(call: &RowCall) -> String {
    String::from_utf8(bare_call(call)).expect("made of strings alone")
}

/// The leading system text, and what follows it.
fn without_system(row: &Row) -> (&str, &[RowMessage]) {
    match row.messages.split_first() {
        Some((first, rest)) if first.role == Role::System => (&first.content, rest),
        _ => ("", &row.messages),
    }
}

/// Whether the other side of the conversation than the agent speaks.
fn is_other_side(role: Role) -> bool {
    matches!(role, Role::User | Role::Tool)
}

fn sharegpt(out: &mut Vec<u8>, row: &Row) -> Result<(), String> {
    let (system, turns) = without_system(row);
    out.extend_from_slice(b"{\"conversations\":[");
    for (at, message) in turns.iter().enumerate() {
        check_place(message, at)?;
        let (from, value) = match message.role {
            Role::User => ("human", message.content.clone()),
            Role::Tool => ("observation", message.content.clone()),
            Role::System => return Err(format!("turn {at}: a system message after the first")),
            Role::Assistant => sharegpt_turn(message, at)?,
        };
        if at > 0 {
            out.push(b',');
        }
        out.push(b'{');
        json::text_field(out, "from", from);
        json::text_field(out, "value", &value);
        out.push(b'}');
    }
    check_end(turns)?;
    out.push(b']');
    json::text_field(out, "system", system);
    json::text_field(out, "tools", &row.tools);
    out.push(b'}');
    Ok(())
}

/// Speaker and text of an agent's turn.
fn sharegpt_turn(message: &RowMessage, at: usize) -> Result<(&'static str, String), String> {
    match &message.tool_calls[..] {
        [] => Ok(("gpt", message.content.clone())),
        _ if !message.content.is_empty() => Err(format!(
            "turn {at}: text beside a tool call, which the format would lose"
        )),
        [call] => Ok(("function_call", bare_call_text(call))),
        calls => {
            // Their results would be observations in a row, which the alternation forbids.
            Err(format!(
                "turn {at}: {} tool calls at once, whose results cannot alternate",
                calls.len()
            ))
        }
    }
}

/// The other side speaks at even places (from 0), the agent at odd ones.
fn check_place(message: &RowMessage, at: usize) -> Result<(), String> {
    if is_other_side(message.role) == at.is_multiple_of(2) {
        return Ok(());
    }
    let expected = if at.is_multiple_of(2) {
        "a user or tool message"
    } else {
        "an assistant message"
    };
    Err(format!(
        "turn {at}: expected {expected}, found one of role `{}`",
        message.role.as_str()
    ))
}

fn check_end(turns: &[RowMessage]) -> Result<(), String> {
    match turns.last() {
        Some(last) if last.role == Role::Assistant => Ok(()),
        Some(last) => Err(format!(
            "ends on a message of role `{}` instead of the assistant's",
            last.role.as_str()
        )),
        None => Err("has no turns beside the system message".to_owned()),
    }
}

fn swift(out: &mut Vec<u8>, row: &Row) -> Result<(), String> {
    let mut before = Role::Assistant;
    let (system, turns) = without_system(row);
    out.push(b'{');
    json::text_field(out, "tools", &row.tools);
    json::key(out, "messages");
    out.push(b'[');
    let mut wrote = false;
    if !system.is_empty() {
        swift_message(out, &mut wrote, "system", system);
    }
    for (at, message) in turns.iter().enumerate() {
        check_swift_turn(before, message, at)?;
        before = message.role;
        match message.role {
            Role::User => swift_message(out, &mut wrote, "user", &message.content),
            Role::Tool => swift_message(out, &mut wrote, "tool_response", &message.content),
            Role::Assistant | Role::System => {
                if !message.content.is_empty() || message.tool_calls.is_empty() {
                    swift_message(out, &mut wrote, "assistant", &message.content);
                }
                for call in &message.tool_calls {
                    swift_message(out, &mut wrote, "tool_call", &bare_call_text(call));
                }
            }
        }
    }
    check_end(turns)?;
    out.extend_from_slice(b"]}");
    Ok(())
}

/// Two agent turns in a row would be read as one, two of the user likewise; only results of
/// parallel calls may follow each other.
fn check_swift_turn(before: Role, message: &RowMessage, at: usize) -> Result<(), String> {
    let role = message.role;
    let lawful = match role {
        Role::System => return Err(format!("turn {at}: a system message after the first")),
        Role::User => before == Role::Assistant,
        Role::Tool => matches!(before, Role::Assistant | Role::Tool) && at > 0,
        Role::Assistant => is_other_side(before),
    };
    if lawful {
        return Ok(());
    }
    Err(format!(
        "turn {at}: role `{}` may not follow role `{}`",
        role.as_str(),
        before.as_str()
    ))
}

fn swift_message(out: &mut Vec<u8>, wrote: &mut bool, role: &str, content: &str) {
    if *wrote {
        out.push(b',');
    }
    *wrote = true;
    out.push(b'{');
    json::text_field(out, "role", role);
    json::text_field(out, "content", content);
    out.push(b'}');
}

#[cfg(test)]
mod tests {
    use super::super::row::tests::sample;
    use super::*;
    use serde_json::{Value, json};

    fn rendered(row: &Row, format: Format) -> Result<Value, String> {
        let mut out = Vec::new();
        render(&mut out, row, format)?;
        Ok(serde_json::from_slice(&out).unwrap())
    }

    #[test]
    fn openai_has_text_arguments_and_no_empty_fields() {
        let value = rendered(&sample("a"), Format::Openai).unwrap();
        let call = &value["messages"][2]["tool_calls"][0];
        assert_eq!(
            call["function"]["arguments"],
            json!(r#"{"n":2,"ticket":"T1","x":2.0}"#)
        );
        assert_eq!(value["messages"][2]["content"], json!(""));
        assert_eq!(
            value["messages"][3],
            json!({"role":"tool","content":"{\"ok\":true}","tool_call_id":"call_0"})
        );
        assert_eq!(
            value["messages"][4],
            json!({"role":"assistant","content":"Done."})
        );
        assert_eq!(value["tools"][0]["function"]["name"], json!("close"));
        assert_eq!(value["parallel_tool_calls"], json!(false));
    }

    #[test]
    fn sharegpt_alternates() {
        let value = rendered(&sample("a"), Format::Sharegpt).unwrap();
        let speakers: Vec<_> = value["conversations"]
            .as_array()
            .unwrap()
            .iter()
            .map(|t| t["from"].clone())
            .collect();
        assert_eq!(speakers, ["human", "function_call", "observation", "gpt"]);
        let call: Value =
            serde_json::from_str(value["conversations"][1]["value"].as_str().unwrap()).unwrap();
        assert_eq!(
            call,
            json!({"name":"close","arguments":{"n":2,"ticket":"T1","x":2.0}})
        );
        assert_eq!(value["system"], json!("Be kind."));
        assert!(value["tools"].is_string());
    }

    #[test]
    fn swift_splits_text_from_calls() {
        let mut row = sample("a");
        row.messages[2].content = "One moment.".to_owned();
        let value = rendered(&row, Format::Swift).unwrap();
        let roles: Vec<_> = value["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|t| t["role"].clone())
            .collect();
        assert_eq!(
            roles,
            [
                "system",
                "user",
                "assistant",
                "tool_call",
                "tool_response",
                "assistant"
            ]
        );
    }

    #[test]
    fn what_a_format_cannot_express_is_refused_with_its_place() {
        type Plant = fn(&mut Row);
        let cases: [(Plant, Option<&str>, Option<&str>); 7] = [
            (
                |r| r.messages[2].content = "Wait.".to_owned(),
                Some("turn 1: text beside"),
                None,
            ),
            (
                |r| {
                    let call = r.messages[2].tool_calls[0].clone();
                    r.messages[2].tool_calls.push(call);
                },
                Some("turn 1: 2 tool calls"),
                None,
            ),
            (
                |r| drop(r.messages.pop()),
                Some("ends on a message of role `tool`"),
                Some("ends on"),
            ),
            (
                |r| drop(r.messages.remove(1)),
                Some("turn 0: expected a user"),
                Some("turn 0: role `assistant`"),
            ),
            (
                |r| r.messages.insert(2, RowMessage::text(Role::User, "x")),
                Some("turn 1: expected an assistant"),
                Some("turn 1: role `user`"),
            ),
            (
                |r| r.messages.truncate(1),
                Some("has no turns"),
                Some("has no turns"),
            ),
            (
                |r| r.messages.insert(2, RowMessage::text(Role::System, "x")),
                Some("turn 1"),
                Some("turn 1: a system message"),
            ),
        ];
        for (plant, sharegpt, swift) in cases {
            let mut row = sample("a");
            plant(&mut row);
            for (format, expected) in [(Format::Sharegpt, sharegpt), (Format::Swift, swift)] {
                let mut out = b"before".to_vec();
                match (render(&mut out, &row, format), expected) {
                    (Ok(()), None) => assert!(out.len() > 6),
                    (Err(reason), Some(expected)) => {
                        assert!(reason.contains(expected), "{format}: {reason}");
                        assert_eq!(out, b"before");
                    }
                    (got, _) => panic!("{format}: expected {expected:?}, got {got:?}"),
                }
            }
        }
    }
}
