//! What a server signs, and wants back.
//!
//! Some models' thoughts come signed, or so that nobody but their server can read them, and some servers refuse a
//! history of tool calls that lacks them (Anthropic's thinking to a budget, Gemini 3 over chat completions), or have
//! their model think it all again. So they are kept beside the message they came with, as JSON, and go back with it
//! in every later turn. What is not signed does not: it is the plan's to say whether a model reads its own thoughts.
//!
//! Anthropic signs blocks of a message. Over chat completions there is no one place: Gemini's `extra_content` is at
//! each call, as is a gateway's `provider_specific_fields` (LiteLLM), and `reasoning_details` (OpenRouter) or
//! `thinking_blocks` (LiteLLM) are at the message.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

/// Fields of a message, and of a call in it, that may be signed.
const OF_MESSAGE: [&str; 3] = ["extra_content", "reasoning_details", "thinking_blocks"];
const OF_CALL: [&str; 2] = ["extra_content", "provider_specific_fields"];
/// What a signature is called, or what only a server can read.
const SIGNATURES: [&str; 3] = ["signature", "thought_signature", "data"];
/// Blocks of Anthropic's that hold thoughts.
const THOUGHTS: [&str; 2] = ["thinking", "redacted_thinking"];

/// What is kept of a message of chat completions.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Kept {
    message: Map<String, Json>,
    /// Of each call, in their order.
    calls: Vec<Map<String, Json>>,
}

/// What is signed in a message of chat completions.
pub(super) fn of_message(message: &Json) -> Option<String> {
    let calls = message["tool_calls"].as_array().into_iter().flatten();
    let kept = Kept {
        message: fields(message, &OF_MESSAGE),
        calls: calls.map(|call| fields(call, &OF_CALL)).collect(),
    };
    let any = !kept.message.is_empty() || kept.calls.iter().any(|call| !call.is_empty());
    any.then(|| serde_json::to_string(&kept).expect("JSON is written as JSON"))
}

/// Puts what was kept of a message back into it.
pub(super) fn give_back(message: &mut Json, kept: &str) {
    // Of another protocol, if it does not read: nothing that this server signed.
    let Kept {
        message: own,
        calls,
    } = serde_json::from_str(kept).unwrap_or_default();
    put(message, own);
    let written = message.get_mut("tool_calls").and_then(Json::as_array_mut);
    for (call, kept) in written.into_iter().flatten().zip(calls) {
        put(call, kept);
    }
}

/// The blocks of an Anthropic message that hold signed thoughts.
pub(super) fn of_blocks(content: &Json) -> Option<String> {
    let blocks = content.as_array()?.iter();
    let thought = |block: &&Json| {
        let kind = block["type"].as_str().unwrap_or_default();
        THOUGHTS.contains(&kind) && carries(block)
    };
    let kept: Vec<&Json> = blocks.filter(thought).collect();
    (!kept.is_empty()).then(|| serde_json::to_string(&kept).expect("JSON is written as JSON"))
}

/// The blocks that were kept.
pub(super) fn blocks(kept: &str) -> Vec<Json> {
    serde_json::from_str(kept).unwrap_or_default()
}

fn fields(json: &Json, names: &[&str]) -> Map<String, Json> {
    let signed = names.iter().filter_map(|name| {
        let value = json.get(*name).filter(|value| carries(value))?;
        Some(((*name).to_owned(), value.clone()))
    });
    signed.collect()
}

fn put(json: &mut Json, fields: Map<String, Json>) {
    if let Some(object) = json.as_object_mut() {
        object.extend(fields);
    }
}

/// Whether there is a signature anywhere in it.
fn carries(json: &Json) -> bool {
    let signs = |(name, value): (&String, &Json)| {
        let signed = value.as_str().is_some_and(|text| !text.is_empty());
        signed && SIGNATURES.contains(&name.as_str()) || carries(value)
    };
    match json {
        Json::Array(items) => items.iter().any(carries),
        Json::Object(fields) => fields.iter().any(signs),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_server_signed_comes_back_where_it_was() {
        let google = json!({"google": {"thought_signature": "c2lnbg=="}});
        let details = json!([
            {"type": "reasoning.text", "text": "Hm.", "index": 0},
            {"type": "reasoning.encrypted", "data": "eyJ4", "index": 1},
        ]);
        let said = json!({
            "role": "assistant", "content": "", "reasoning_details": details,
            "tool_calls": [
                {"id": "theirs", "function": {"name": "a", "arguments": "{}"}, "extra_content": google},
                {"id": "theirs-2", "function": {"name": "b", "arguments": "{}"}},
            ],
        });
        let kept = of_message(&said).unwrap();
        let mut ours = json!({
            "role": "assistant", "content": "",
            "tool_calls": [{"id": "ours"}, {"id": "ours-2"}],
        });
        give_back(&mut ours, &kept);
        assert_eq!(
            ours,
            json!({
                "role": "assistant", "content": "", "reasoning_details": details,
                "tool_calls": [{"id": "ours", "extra_content": google}, {"id": "ours-2"}],
            })
        );
    }

    #[test]
    fn what_is_not_signed_is_not_kept() {
        for said in [
            json!({"content": "Hi."}),
            json!({"reasoning_details": [{"type": "reasoning.text", "text": "Hm.", "signature": null}]}),
            json!({"extra_content": {"google": {"thought_signature": ""}}}),
            json!({"tool_calls": [{"extra_content": null}, {"provider_specific_fields": {"index": 1}}, 7]}),
            json!({"tool_calls": "a"}),
            json!(null),
        ] {
            assert_eq!(of_message(&said), None, "{said}");
        }
        for content in [
            json!("Hi."),
            json!([{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "Hi.", "signature": "x"}]),
        ] {
            assert_eq!(of_blocks(&content), None, "{content}");
        }
    }

    #[test]
    fn what_another_protocol_signed_is_left_out() {
        let blocks_of = of_blocks(&json!([{"type": "redacted_thinking", "data": "x"}])).unwrap();
        let mut ours = json!({"role": "assistant"});
        give_back(&mut ours, &blocks_of);
        assert_eq!(ours, json!({"role": "assistant"}));
        let message = of_message(&json!({"thinking_blocks": [{"signature": "x"}]})).unwrap();
        assert!(blocks(&message).is_empty());
    }
}
