//! Anthropic's Messages.
//!
//! A prompt is cached up to the places that are marked. One mark stands after tools and system prompt,
//! which all conversations share; a second, asked for on the request itself, is put by the server at the
//! end of what there is, so no message of a turn is written otherwise in the next one.
//!
//! What a model thought goes back to it as it came where its server signed it or wrote it in secret: a server
//! refuses a history of tool calls without the thoughts that led to them.

use proto::record::{Endpoint, Message, Structured, ToolCall, ToolSpec, Usage};
use serde_json::{Value as Json, json};

use super::body::{self, Body};
use super::{Answer, Fault, Finish, Reply, Request, ToolChoice, calls, signed, unanswered};

/// The bytes of a request. The protocol has no seed.
pub fn body(endpoint: &Endpoint, request: &Request<'_>) -> Vec<u8> {
    let sampling = &endpoint.sampling;
    let mut body = Body::default();
    body.set("model", endpoint.model.as_str());
    body.set("max_tokens", sampling.max_tokens);
    body.maybe("temperature", sampling.temperature);
    body.maybe("top_p", sampling.top_p);
    body.set("cache_control", cached());
    if !request.tools.is_empty() {
        body.set("tools", tools(request));
        body.set("tool_choice", json!({"type": choice(request.choice)}));
    }
    let structured = endpoint.dialect.structured == Structured::Schema;
    if let Some(schema) = request.schema.filter(|_| structured) {
        let format = json!({"type": "json_schema", "schema": schema.schema});
        body.set("output_config", json!({"format": format}));
    }
    body.extend(&sampling.extra);
    body.omit(&endpoint.dialect.omit);
    if !request.system.is_empty() {
        let block = json!({"type": "text", "text": request.system, "cache_control": cached()});
        body.set("system", vec![block]);
    }
    body.close(messages(request.messages))
}

fn cached() -> Json {
    json!({"type": "ephemeral"})
}

fn choice(choice: ToolChoice) -> &'static str {
    match choice {
        ToolChoice::Auto => "auto",
        ToolChoice::Required => "any",
        ToolChoice::None => "none",
    }
}

/// The tools. They come before the system prompt in what is cached, so they need a mark of their own only
/// where there is none.
fn tools(request: &Request<'_>) -> Vec<Json> {
    let tool = |tool: &ToolSpec| {
        json!({
            "name": tool.name,
            "description": tool.description,
            "input_schema": body::json(&tool.parameters),
        })
    };
    let mut tools: Vec<Json> = request.tools.iter().map(tool).collect();
    if let Some(last) = tools.last_mut().filter(|_| request.system.is_empty()) {
        last["cache_control"] = cached();
    }
    tools
}

/// The messages. What tools answered to one message is one message of the user.
fn messages(messages: &[Message]) -> Vec<Json> {
    let mut written: Vec<Json> = Vec::with_capacity(messages.len());
    let mut results = false;
    for message in messages {
        let is_result = matches!(message, Message::Tool { .. });
        let blocks = blocks(message);
        if blocks.is_empty() {
            continue;
        }
        match written
            .last_mut()
            .and_then(|last| last["content"].as_array_mut())
        {
            Some(open) if is_result && results => open.extend(blocks),
            _ => written.push(json!({"role": role(message), "content": blocks})),
        }
        results = is_result;
    }
    written
}

fn role(message: &Message) -> &'static str {
    match message {
        Message::Assistant { .. } => "assistant",
        Message::User { .. } | Message::Tool { .. } => "user",
    }
}

/// What is in a message. A text without a word in it is refused by the server, so it is left out, and a message
/// that has nothing else with it.
fn blocks(message: &Message) -> Vec<Json> {
    match message {
        Message::User { text } => words(text).into_iter().collect(),
        Message::Assistant {
            signed,
            text,
            calls,
            ..
        } => {
            let thoughts = signed.as_deref().map_or_else(Vec::new, signed::blocks);
            let calls = calls.iter().map(call);
            let rest = words(text).into_iter().chain(calls);
            thoughts.into_iter().chain(rest).collect()
        }
        Message::Tool {
            call_id,
            text,
            error,
            ..
        } => {
            let mut result =
                json!({"type": "tool_result", "tool_use_id": call_id, "content": text});
            if *error {
                result["is_error"] = Json::Bool(true);
            }
            vec![result]
        }
    }
}

fn words(text: &str) -> Option<Json> {
    let spoken = !text.trim().is_empty();
    spoken.then(|| json!({"type": "text", "text": text}))
}

fn call(call: &ToolCall) -> Json {
    json!({
        "type": "tool_use",
        "id": call.id,
        "name": calls::name(call),
        "input": calls::arguments(call),
    })
}

/// The reply in an answer.
///
/// # Errors
/// When there is none in it, or it ends where the context does.
pub fn read(answer: &Answer) -> Result<Reply, Fault> {
    let json = match unanswered::json(answer) {
        Ok(json) => json,
        Err(fault) => {
            return unanswered::declined(answer)
                .map(Reply::declined)
                .ok_or(fault);
        }
    };
    let finish = match json["stop_reason"].as_str() {
        Some("model_context_window_exceeded") => {
            return Err(Fault::Overflow("the reply does not fit into it".to_owned()));
        }
        Some("max_tokens") => Finish::Length,
        Some("refusal") => Finish::Refused,
        _ => Finish::Complete,
    };
    let mut reply = Reply {
        model: json["model"].as_str().unwrap_or_default().to_owned(),
        finish,
        usage: usage(&json["usage"]),
        ..Reply::default()
    };
    match &json["content"] {
        Json::String(text) => reply.text.push_str(text),
        Json::Array(blocks) if blocks.iter().all(formed) => {
            blocks.iter().for_each(|block| add(&mut reply, block));
        }
        _ => return Err(unanswered::no_reply(answer)),
    }
    reply.signed = signed::of_blocks(&json["content"]);
    Ok(reply)
}

/// Whether a block has the form of its kind, as far as that is known. A model has no say in it.
fn formed(block: &Json) -> bool {
    match block["type"].as_str() {
        Some("text") => block["text"].is_string(),
        Some("tool_use") => block["name"].is_string(),
        kind => kind.is_some(),
    }
}

fn add(reply: &mut Reply, block: &Json) {
    let text = |field: &str| block[field].as_str().unwrap_or_default();
    match text("type") {
        "text" => reply.text.push_str(text("text")),
        "thinking" => reply.reasoning.push_str(text("thinking")),
        "tool_use" => {
            let attempted = calls::attempted(text("name"), &block["input"]);
            reply.calls.push(attempted);
        }
        _ => {}
    }
}

/// What was written to the cache and what was read from it are counted apart from the rest. Nothing where it does
/// not say what was read: then nobody knows what a request came to.
fn usage(usage: &Json) -> Usage {
    let Some(input) = usage["input_tokens"].as_u64() else {
        return Usage::default();
    };
    let tokens = |field: &str| usage[field].as_u64().unwrap_or_default();
    let cached = tokens("cache_read_input_tokens");
    let written = tokens("cache_creation_input_tokens");
    Usage {
        input: input.saturating_add(written).saturating_add(cached),
        cached,
        written,
        output: tokens("output_tokens"),
    }
}

#[cfg(test)]
mod tests {
    use proto::record::{Protocol, Value};

    use super::super::Schema;
    use super::super::tests::{conversation, endpoint, request, tool};
    use super::*;

    #[test]
    fn a_request_is_as_the_server_wants_it() {
        let tools = [tool("get_order")];
        let messages = conversation();
        let body = body(&endpoint(Protocol::Anthropic), &request(&messages, &tools));
        let wanted = concat!(
            r#"{"model":"m-1","max_tokens":256,"temperature":0.0,"cache_control":{"type":"ephemeral"},"#,
            r#""tools":[{"name":"get_order","description":"Looks an order up.","input_schema":"#,
            r#"{"properties":{"id":{"type":"string"}},"required":["id"],"type":"object"}}],"#,
            r#""tool_choice":{"type":"auto"},"#,
            r#""system":[{"type":"text","text":"Be brief.","cache_control":{"type":"ephemeral"}}],"#,
            r#""messages":[{"role":"user","content":[{"type":"text","text":"Where is \"W1\"?"}]},"#,
            r#"{"role":"assistant","content":["#,
            r#"{"type":"tool_use","id":"call_1","name":"get_order","input":{"id":"W1"}},"#,
            r#"{"type":"tool_use","id":"call_2","name":"get_order","input":{}}]},"#,
            r#"{"role":"user","content":["#,
            r#"{"type":"tool_result","tool_use_id":"call_1","content":"{\"status\":\"paid\"}"},"#,
            r#"{"type":"tool_result","tool_use_id":"call_2","content":"Error: no JSON object","is_error":true}]}]}"#,
        );
        assert_eq!(String::from_utf8(body).unwrap(), wanted);
    }

    #[test]
    fn choices_schemas_and_fields_of_the_plan_are_sent() {
        let mut endpoint = endpoint(Protocol::Anthropic);
        let extra = r#"{"output_config":{"effort":"low"},"cache_control":{"ttl":"1h"}}"#;
        endpoint.sampling.extra = Value::parse(extra).unwrap().as_map().unwrap().clone();
        let schema = Schema {
            name: "verdict",
            schema: json!({"type": "object"}),
        };
        let tools = [tool("a"), tool("b")];
        for (choice, written) in [
            (ToolChoice::Auto, "auto"),
            (ToolChoice::Required, "any"),
            (ToolChoice::None, "none"),
        ] {
            let request = Request {
                system: "",
                choice,
                schema: Some(&schema),
                ..request(&[], &tools)
            };
            let sent: Json = serde_json::from_slice(&body(&endpoint, &request)).unwrap();
            assert_eq!(sent["tool_choice"], json!({"type": written}));
            let format = json!({"type": "json_schema", "schema": {"type": "object"}});
            assert_eq!(
                sent["output_config"],
                json!({"format": format, "effort": "low"})
            );
            assert_eq!(
                sent["cache_control"],
                json!({"type": "ephemeral", "ttl": "1h"})
            );
            // No system prompt to put the mark on.
            assert!(sent["tools"][0]["cache_control"].is_null());
            assert_eq!(sent["tools"][1]["cache_control"], cached());
            assert!(sent.get("system").is_none());
        }
    }

    fn answer(body: &Json) -> Answer {
        let body = body.to_string().into_bytes().into();
        Answer { status: 200, body }
    }

    #[test]
    fn a_reply_is_read_with_all_that_is_in_it() {
        let read = read(&answer(&json!({
            "id": "msg_1", "type": "message", "role": "assistant", "model": "m-1-large",
            "content": [
                {"type": "thinking", "thinking": "Hm.", "signature": "EqQB"},
                {"type": "redacted_thinking", "data": "x"},
                {"type": "text", "text": "Let me "}, {"type": "text", "text": "look."},
                {"type": "tool_use", "id": "toolu_1", "name": "get_order", "input": {"id": "W1"}},
                {"type": "tool_use", "id": "toolu_2", "name": "get_order", "input": ["W1"]},
                {"type": "tool_use", "id": "toolu_3", "name": "list_orders"},
                {"type": "tomorrows_block"},
            ],
            "stop_reason": "tool_use", "stop_sequence": null,
            "usage": {"input_tokens": 50, "cache_creation_input_tokens": 30,
                "cache_read_input_tokens": 1000, "output_tokens": 12, "service_tier": "standard"},
        })))
        .unwrap();
        assert_eq!(read.model, "m-1-large");
        assert_eq!(read.reasoning, "Hm.");
        assert_eq!(read.text, "Let me look.");
        let calls = read.calls.iter();
        let calls = calls.map(|one| (one.call.name.as_str(), one.malformed.as_deref()));
        let wanted = [
            ("get_order", None),
            ("get_order", Some("[\"W1\"]")),
            ("list_orders", None),
        ];
        assert_eq!(calls.collect::<Vec<_>>(), wanted);
        assert_eq!(read.calls[0].call.text("id"), Some("W1"));
        let usage = Usage {
            input: 1080,
            cached: 1000,
            written: 30,
            output: 12,
        };
        assert_eq!(read.usage, usage);
    }

    #[test]
    fn why_it_stopped_is_known() {
        let stopped = |reason: &str| {
            let content = json!([{"type": "text", "text": "x"}]);
            read(&answer(&json!({"content": content, "stop_reason": reason})))
        };
        for (reason, wanted) in [
            ("end_turn", Finish::Complete),
            ("tool_use", Finish::Complete),
            ("stop_sequence", Finish::Complete),
            ("max_tokens", Finish::Length),
            ("refusal", Finish::Refused),
        ] {
            assert_eq!(stopped(reason).unwrap().finish, wanted);
        }
        let fault = stopped("model_context_window_exceeded").unwrap_err();
        assert!(matches!(fault, Fault::Overflow(_)), "{fault}");
        let silent = read(&answer(&json!({"content": [], "stop_reason": "end_turn"})));
        assert!(silent.unwrap().is_void());
    }

    #[test]
    fn what_holds_no_reply_is_a_fault() {
        for (status, body, passing) in [
            (200, "{}", true),
            (200, r#"{"content":null}"#, true),
            (200, r#"{"content":["Hi."]}"#, true),
            (200, r#"{"content":[null]}"#, true),
            (200, r#"{"content":[{"text":"Hi."}]}"#, true),
            (200, r#"{"content":[{"type":"text","text":null}]}"#, true),
            (
                200,
                r#"{"content":[{"type":"tool_use","id":"t","input":{}}]}"#,
                true,
            ),
            (
                200,
                r#"{"type":"error","error":{"type":"api_error"}}"#,
                true,
            ),
            (
                529,
                r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
                true,
            ),
            (
                400,
                r#"{"type":"error","error":{"type":"invalid_request_error","message":"no"}}"#,
                false,
            ),
        ] {
            let body = body.as_bytes().into();
            let fault = read(&Answer { status, body }).unwrap_err();
            assert_eq!(fault.passing(), passing, "{fault}");
        }
    }
}
