//! Chat completions, as `OpenAI` and most servers have them.

use proto::record::{Dialect, Endpoint, Message, Sampling, Structured, ToolCall, Usage};
use serde_json::{Value as Json, json};

use super::body::{self, Body};
use super::{Answer, Fault, Finish, Reply, Request, Schema, ToolChoice, calls, signed, unanswered};
use crate::dialogue::conversation::Attempted;

/// The bytes of a request.
pub fn body(endpoint: &Endpoint, request: &Request<'_>) -> Vec<u8> {
    let Endpoint {
        sampling, dialect, ..
    } = endpoint;
    let mut body = Body::default();
    body.set("model", endpoint.model.as_str());
    body.set("max_tokens", sampling.max_tokens);
    body.maybe("temperature", sampling.temperature);
    body.maybe("top_p", sampling.top_p);
    body.maybe("seed", request.seed);
    if !request.tools.is_empty() {
        body.set("tools", body::functions(request.tools));
        // By words alone: a server that does not know the object form takes it for `auto`.
        body.set("tool_choice", choice(request.choice));
    }
    let format = request.schema.and_then(|schema| format(dialect, schema));
    body.maybe("response_format", format);
    body.extend(&sampling.extra);
    if sampling.extra.contains_key(Sampling::NEWER_LIMIT) {
        body.drop("max_tokens");
    }
    body.omit(&dialect.omit);
    let system = (!request.system.is_empty()).then(|| system(request.system));
    let mut said: Vec<Json> = system.into_iter().collect();
    for spoken in request.messages {
        let mut written = message(spoken);
        if let Message::Assistant {
            signed: Some(kept), ..
        } = spoken
        {
            signed::give_back(&mut written, kept);
        }
        if let Some(thought) = reasoning(spoken).filter(|_| dialect.return_reasoning) {
            written["reasoning_content"] = thought.into();
        }
        match said.last_mut().filter(|last| goes_on(last, &written)) {
            Some(last) => last["content"] = joined(&last["content"], &written["content"]).into(),
            None => said.push(written),
        }
    }
    body.close(said)
}

/// What a server is told of the form of a reply.
fn format(dialect: &Dialect, schema: &Schema) -> Option<Json> {
    let inner = json!({
        "name": schema.name,
        "schema": schema.schema,
        "strict": true,
    });
    match dialect.structured {
        Structured::Schema => Some(json!({"type": "json_schema", "json_schema": inner})),
        Structured::Object => Some(json!({"type": "json_object"})),
        Structured::None => None,
    }
}

/// What a model thought before it said this.
fn reasoning(message: &Message) -> Option<&str> {
    match message {
        Message::Assistant { reasoning, .. } if !reasoning.is_empty() => Some(reasoning),
        _ => None,
    }
}

/// Whether the user speaks on: templates of some models insist that roles alternate.
fn goes_on(last: &Json, next: &Json) -> bool {
    last["role"] == "user" && next["role"] == "user"
}

fn joined(first: &Json, next: &Json) -> String {
    let text = |json: &Json| json.as_str().unwrap_or_default().to_owned();
    format!("{}\n\n{}", text(first), text(next))
}

/// How a choice is written.
pub(super) fn choice(choice: ToolChoice) -> &'static str {
    match choice {
        ToolChoice::Auto => "auto",
        ToolChoice::Required => "required",
        ToolChoice::None => "none",
    }
}

fn system(text: &str) -> Json {
    json!({"role": "system", "content": text})
}

/// A message. What a model thought is sent back only to those that want it: other servers drop it, or refuse it.
pub(super) fn message(message: &Message) -> Json {
    match message {
        Message::User { text } => json!({"role": "user", "content": text}),
        // Beside calls the text is empty and not null, which some templates print as a word.
        Message::Assistant { text, calls, .. } => {
            let mut said = json!({"role": "assistant", "content": text});
            if !calls.is_empty() {
                said["tool_calls"] = calls.iter().map(call).collect();
            }
            said
        }
        Message::Tool { call_id, text, .. } => {
            json!({"role": "tool", "tool_call_id": call_id, "content": text})
        }
    }
}

fn call(call: &ToolCall) -> Json {
    json!({
        "id": call.id,
        "type": "function",
        "function": {
            "name": calls::name(call),
            "arguments": calls::arguments(call).to_string(),
        },
    })
}

/// The reply in an answer.
///
/// # Errors
/// When there is none in it.
pub fn read(answer: &Answer) -> Result<Reply, Fault> {
    let json = match unanswered::json(answer) {
        // What the model said is as good as nothing.
        Err(_) if unanswered::unreadable(answer) => return Ok(Reply::default()),
        Err(fault) => {
            return unanswered::declined(answer)
                .map(Reply::declined)
                .ok_or(fault);
        }
        Ok(json) => json,
    };
    let choice = &json["choices"][0];
    let message = &choice["message"];
    let finish = match End::of(&choice["finish_reason"]) {
        End::Reply(finish) => finish,
        End::Full => return Err(Fault::Overflow("the reply does not fit into it".to_owned())),
        End::Broken => return Err(unanswered::no_reply(answer)),
    };
    // Of what a filter took away there may be no message left.
    let filtered = finish == Finish::Refused && message.is_null();
    let sound = filtered || message.is_object() && formed(message);
    if unanswered::says(&choice["error"]) || !sound {
        return Err(unanswered::no_reply(answer));
    }
    let Spoken {
        mut reasoning,
        mut text,
        refused,
    } = Spoken::of(message);
    let thought = ["reasoning_content", "reasoning"];
    let thought = thought.iter().find_map(|field| message[*field].as_str());
    reasoning.insert_str(0, thought.unwrap_or_default());
    if let Some((thought, rest)) = think_aloud(&text) {
        reasoning.push_str(thought);
        text = rest.to_owned();
    }
    let refusal = message["refusal"].as_str().unwrap_or_default();
    if text.is_empty() {
        text.push_str(refusal);
    }
    let finish = if refused || !refusal.is_empty() {
        Finish::Refused
    } else {
        finish
    };
    Ok(Reply {
        model: json["model"].as_str().unwrap_or_default().to_owned(),
        reasoning,
        signed: signed::of_message(message),
        text,
        calls: attempts(message),
        finish,
        usage: usage(&json["usage"]),
    })
}

/// Whether a message has the form that servers have agreed on. A model has no say in it.
fn formed(message: &Json) -> bool {
    let part = |part: &Json| match part["type"].as_str() {
        Some("text") | None => part.is_string() || part["text"].is_string(),
        Some(_) => true,
    };
    let spoken = match &message["content"] {
        Json::Array(parts) => parts.iter().all(part),
        content => content.is_null() || content.is_string(),
    };
    let calls = match &message["tool_calls"] {
        Json::Array(calls) => calls.iter().all(|call| function(call)["name"].is_string()),
        calls => calls.is_null(),
    };
    let former = &message["function_call"];
    spoken && calls && (former.is_null() || former["name"].is_string())
}

/// What a call calls; some servers leave its envelope out.
fn function(call: &Json) -> &Json {
    call.get("function").unwrap_or(call)
}

/// What is in a message's content: a text, or parts of several kinds.
#[derive(Default)]
struct Spoken {
    reasoning: String,
    text: String,
    refused: bool,
}

impl Spoken {
    fn of(message: &Json) -> Self {
        let mut spoken = Self::default();
        match &message["content"] {
            Json::String(text) => spoken.text.push_str(text),
            Json::Array(parts) => parts.iter().for_each(|part| spoken.add(part)),
            _ => {}
        }
        spoken
    }

    fn add(&mut self, part: &Json) {
        if let Some(text) = part.as_str().or_else(|| part["text"].as_str()) {
            self.text.push_str(text);
        } else if let Some(refusal) = part["refusal"].as_str() {
            self.text.push_str(refusal);
            self.refused = true;
        } else if let Some(thought) = part["thinking"].as_str() {
            self.reasoning.push_str(thought);
        } else if let Some(thoughts) = part["thinking"].as_array() {
            let texts = thoughts.iter().filter_map(|part| part["text"].as_str());
            self.reasoning.extend(texts);
        }
    }
}

/// What a text begins with between the marks of thought, and the rest. Without an end, all of it was
/// thought. Templates of some models write the first mark themselves, so it may not be in the reply.
fn think_aloud(text: &str) -> Option<(&str, &str)> {
    const ENDS: &str = "</think>";
    let (thought, rest) = match text.trim_start().strip_prefix("<think>") {
        Some(after) => after.split_once(ENDS).unwrap_or((after, "")),
        None => {
            let (thought, rest) = text.split_once(ENDS)?;
            (!thought.contains("<think>")).then_some((thought, rest))?
        }
    };
    Some((thought.trim(), rest.trim_start()))
}

/// Tools that a message uses, in the present form or the one before it.
fn attempts(message: &Json) -> Vec<Attempted> {
    let functions: Vec<&Json> = match (&message["tool_calls"], &message["function_call"]) {
        (Json::Array(calls), _) if !calls.is_empty() => calls.iter().map(function).collect(),
        (_, function @ Json::Object(_)) => vec![function],
        _ => Vec::new(),
    };
    let attempted = |function: &&Json| {
        let name = function["name"].as_str().unwrap_or_default();
        calls::attempted(name, &function["arguments"])
    };
    functions.iter().map(attempted).collect()
}

/// What a reason to stop says.
enum End {
    /// There is a reply, which ends so.
    Reply(Finish),
    /// The model's context is full.
    Full,
    /// The server broke off.
    Broken,
}

impl End {
    /// In the words of many servers; SGLang writes an object where it broke off.
    fn of(reason: &Json) -> Self {
        let word = reason.as_str().or_else(|| reason["type"].as_str());
        match word.unwrap_or_default().to_lowercase().as_str() {
            "length" | "max_tokens" => Self::Reply(Finish::Length),
            "content_filter" | "refusal" | "safety" | "sensitive" => Self::Reply(Finish::Refused),
            "model_length" | "model_context_window_exceeded" => Self::Full,
            "error"
            | "server_error"
            | "network_error"
            | "insufficient_system_resource"
            | "abort"
            | "cancelled"
            | "canceled"
            | "timeout" => Self::Broken,
            _ => Self::Reply(Finish::Complete),
        }
    }
}

/// Nothing where it does not say what was read: then nobody knows what a request came to.
fn usage(usage: &Json) -> Usage {
    let Some(input) = usage["prompt_tokens"].as_u64() else {
        return Usage::default();
    };
    let cached = [
        &usage["prompt_tokens_details"]["cached_tokens"],
        &usage["prompt_cache_hit_tokens"],
    ];
    let written = [
        &usage["prompt_tokens_details"]["cache_write_tokens"],
        &usage["prompt_tokens_details"]["cache_creation_tokens"],
        &usage["cache_creation_input_tokens"],
    ];
    let of = |field: &str| usage[field].as_u64().unwrap_or_default();
    let first = |fields: &[&Json]| fields.iter().find_map(|field| field.as_u64());
    // Some servers leave what was thought out of the completion, and charge for it: only the sum has it.
    let rest = of("total_tokens").saturating_sub(input);
    Usage {
        input,
        cached: first(&cached).unwrap_or_default(),
        written: first(&written).unwrap_or_default(),
        output: of("completion_tokens").max(rest),
    }
}

#[cfg(test)]
mod tests {
    use proto::record::{Protocol, Value};

    use super::super::Schema;
    use super::super::tests::{conversation, endpoint, request, tool};
    use super::*;

    fn sent(endpoint: &Endpoint, request: &Request<'_>) -> Json {
        serde_json::from_slice(&body(endpoint, request)).unwrap()
    }

    fn reply(body: &Json) -> Reply {
        let body = body.to_string().into_bytes().into();
        read(&Answer { status: 200, body }).unwrap()
    }

    /// The reply whose message is this.
    fn of_message(message: &Json) -> Reply {
        reply(&json!({"choices": [{"message": message, "finish_reason": "stop"}]}))
    }

    #[test]
    fn a_filter_s_error_is_the_model_s_no_and_odd_shapes_are_no_reply() {
        let of = |status, body: &str| {
            let body = body.as_bytes().into();
            read(&Answer { status, body })
        };
        let filtered = r#"{"error":{"code":"content_filter","message":"The prompt was filtered"}}"#;
        let declined = of(400, filtered).unwrap();
        assert_eq!(declined.finish, Finish::Refused);
        assert_eq!(declined.text, "The prompt was filtered");
        assert!(matches!(of(503, filtered), Err(Fault::Status { .. })));
        for odd in [
            r#"{"content":7}"#,
            r#"{"content":{"text":"Hi."}}"#,
            r#"{"content":null,"tool_calls":{"name":"get_order"}}"#,
        ] {
            let body = format!(r#"{{"choices":[{{"message":{odd}}}]}}"#);
            assert!(
                matches!(of(200, &body), Err(Fault::NoReply { .. })),
                "{odd}"
            );
        }
    }

    #[test]
    fn a_request_is_as_servers_want_it() {
        let tools = [tool("get_order")];
        let messages = conversation();
        let body = body(&endpoint(Protocol::OpenAi), &request(&messages, &tools));
        let wanted = concat!(
            r#"{"model":"m-1","max_tokens":256,"temperature":0.0,"seed":7,"tools":[{"type":"function","#,
            r#""function":{"name":"get_order","description":"Looks an order up.","parameters":"#,
            r#"{"properties":{"id":{"type":"string"}},"required":["id"],"type":"object"}}}],"#,
            r#""tool_choice":"auto","messages":[{"role":"system","content":"Be brief."},"#,
            r#"{"role":"user","content":"Where is \"W1\"?"},{"role":"assistant","content":"","tool_calls":["#,
            r#"{"id":"call_1","type":"function","function":{"name":"get_order","arguments":"{\"id\":\"W1\"}"}},"#,
            r#"{"id":"call_2","type":"function","function":{"name":"get_order","arguments":"{}"}}]},"#,
            r#"{"role":"tool","tool_call_id":"call_1","content":"{\"status\":\"paid\"}"},"#,
            r#"{"role":"tool","tool_call_id":"call_2","content":"Error: no JSON object"}]}"#,
        );
        assert_eq!(String::from_utf8(body).unwrap(), wanted);
    }

    #[test]
    fn a_server_is_asked_in_its_dialect() {
        let mut endpoint = endpoint(Protocol::OpenAi);
        let schema = Schema {
            name: "verdict",
            schema: json!({"type": "object"}),
        };
        let user = |text: &str| Message::User {
            text: text.to_owned(),
        };
        let thoughtful = Message::Assistant {
            reasoning: "Hm.".to_owned(),
            signed: None,
            text: "Hello.".to_owned(),
            calls: Vec::new(),
        };
        let messages = [user("Hi."), thoughtful, user("So?"), user("Well?")];
        let request = Request {
            schema: Some(&schema),
            ..request(&messages, &[])
        };
        let plain = sent(&endpoint, &request);
        assert_eq!(plain["messages"][2].get("reasoning_content"), None);
        // The system prompt comes first.
        assert_eq!(plain["messages"][3]["content"], "So?\n\nWell?");
        assert_eq!(plain["messages"].as_array().unwrap().len(), 4);
        endpoint.dialect = Dialect {
            structured: Structured::Object,
            return_reasoning: true,
            omit: vec!["temperature".to_owned(), "nothing".to_owned()],
        };
        let other = sent(&endpoint, &request);
        assert_eq!(other["messages"][2]["reasoning_content"], "Hm.");
        assert_eq!(other["response_format"], json!({"type": "json_object"}));
        assert_eq!(other.get("temperature"), None);
        endpoint.dialect.structured = Structured::None;
        assert_eq!(sent(&endpoint, &request).get("response_format"), None);
    }

    #[test]
    fn choices_schemas_and_fields_of_the_plan_are_sent() {
        let mut endpoint = endpoint(Protocol::OpenAi);
        endpoint.sampling.extra = [
            ("max_completion_tokens".to_owned(), Value::Int(99)),
            ("top_k".to_owned(), Value::Int(20)),
        ]
        .into();
        let schema = Schema {
            name: "verdict",
            schema: json!({"type": "object"}),
        };
        let tools = [tool("get_order")];
        for (choice, written) in [
            (ToolChoice::Auto, "auto"),
            (ToolChoice::Required, "required"),
            (ToolChoice::None, "none"),
        ] {
            let request = Request {
                choice,
                schema: Some(&schema),
                ..request(&[], &tools)
            };
            let sent = sent(&endpoint, &request);
            assert_eq!(sent["tool_choice"], written);
            assert_eq!(sent["max_completion_tokens"], 99);
            assert_eq!(sent["top_k"], 20);
            assert!(sent.get("max_tokens").is_none());
            let inner = &sent["response_format"]["json_schema"];
            assert_eq!(inner["name"], "verdict");
            assert_eq!(inner["schema"], json!({"type": "object"}));
        }
        let without = sent(&endpoint, &request(&[], &[]));
        assert!(without.get("tools").is_none() && without.get("tool_choice").is_none());
    }

    #[test]
    fn a_reply_is_read_with_all_that_is_in_it() {
        let read = reply(&json!({
            "id": "x", "object": "chat.completion", "created": 1, "model": "m-1-large",
            "choices": [{"index": 0, "logprobs": null, "finish_reason": "tool_calls", "message": {
                "role": "assistant", "content": null, "reasoning_content": "Hm.",
                "tool_calls": [
                    {"type": "function", "function": {"name": "get_order", "arguments": "{\"id\":\"W1\"}"}, "id": "k3"},
                    {"function": {"name": "get_order", "arguments": {"id": 2}}},
                    {"function": {"name": "list_orders", "arguments": ""}},
                    {"function": {"name": "get_order", "arguments": "{id: 1}"}},
                    {"name": "flat", "arguments": "{}"},
                    {"function": {"name": ""}},
                ],
            }}],
            "usage": {"prompt_tokens": 900, "completion_tokens": 20, "total_tokens": 920,
                "prompt_tokens_details": {"cached_tokens": 512, "audio_tokens": 0}},
            "timings": {"cache_n": 512},
        }));
        let thought = json!({"prompt_tokens": 900, "completion_tokens": 20, "total_tokens": 1_400,
            "prompt_tokens_details": {"cached_tokens": 100, "cache_write_tokens": 300}});
        let counted = Usage {
            input: 900,
            cached: 100,
            written: 300,
            output: 500,
        };
        assert_eq!(usage(&thought), counted);
        assert_eq!(read.model, "m-1-large");
        assert_eq!(read.reasoning, "Hm.");
        assert_eq!(read.finish, Finish::Complete);
        let usage = Usage {
            input: 900,
            cached: 512,
            written: 0,
            output: 20,
        };
        assert_eq!(read.usage, usage);
        let calls = read.calls.iter().map(|attempted| {
            let arguments = serde_json::to_string(&attempted.call.arguments).unwrap();
            let malformed = attempted.malformed.as_deref();
            (attempted.call.name.as_str(), arguments, malformed)
        });
        let wanted = [
            ("get_order", r#"{"id":"W1"}"#, None),
            ("get_order", r#"{"id":2}"#, None),
            ("list_orders", "{}", None),
            ("get_order", "{}", Some("{id: 1}")),
            ("flat", "{}", None),
            ("", "{}", None),
        ];
        let wanted = wanted.map(|(name, arguments, bad)| (name, arguments.to_owned(), bad));
        assert_eq!(calls.collect::<Vec<_>>(), wanted);
        assert!(!read.is_void());
    }

    #[test]
    fn texts_and_thoughts_come_in_many_forms() {
        let parts = json!([
            {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]},
            {"type": "text", "text": "One "}, {"type": "text", "text": "two."},
            {"type": "image_url", "image_url": {"url": "data:"}},
        ]);
        for (message, reasoning, text) in [
            (json!({"content": "Hello."}), "", "Hello."),
            (json!({"content": null}), "", ""),
            (json!({}), "", ""),
            (json!({"content": parts}), "Hm.", "One two."),
            (json!({"content": "a", "reasoning": "b"}), "b", "a"),
            (
                json!({"content": "a", "reasoning_content": null, "reasoning": "b"}),
                "b",
                "a",
            ),
            (
                json!({"content": "\n<think>\nHm.\n</think>\n\nYes."}),
                "Hm.",
                "Yes.",
            ),
            (json!({"content": "<think>Hm"}), "Hm", ""),
            (json!({"content": "Hm.\n</think>\n\nYes."}), "Hm.", "Yes."),
            (
                json!({"content": "So <think>x</think> y"}),
                "",
                "So <think>x</think> y",
            ),
        ] {
            let read = of_message(&message);
            assert_eq!(
                (&*read.reasoning, &*read.text),
                (reasoning, text),
                "{message}"
            );
        }
    }

    #[test]
    fn why_it_stopped_is_known() {
        for (reason, wanted) in [
            (json!("stop"), Finish::Complete),
            (json!("tool_calls"), Finish::Complete),
            (json!(null), Finish::Complete),
            (json!("eos"), Finish::Complete),
            (json!("length"), Finish::Length),
            (json!("content_filter"), Finish::Refused),
            (json!("SAFETY"), Finish::Refused),
            (json!("MAX_TOKENS"), Finish::Length),
            (json!({"type": "stop", "matched": 2}), Finish::Complete),
        ] {
            let choice = json!({"message": {"content": "x"}, "finish_reason": reason});
            assert_eq!(reply(&json!({"choices": [choice]})).finish, wanted);
        }
        let filtered = json!({"choices": [{"finish_reason": "content_filter"}]});
        assert_eq!(reply(&filtered).finish, Finish::Refused);
        let full =
            json!({"choices": [{"message": {"content": "x"}, "finish_reason": "model_length"}]});
        let body = full.to_string().into_bytes().into();
        let fault = read(&Answer { status: 200, body }).unwrap_err();
        assert!(matches!(fault, Fault::Overflow(_)), "{fault}");
        for message in [
            json!({"content": null, "refusal": "I can't."}),
            json!({"content": [{"type": "refusal", "refusal": "I can't."}]}),
        ] {
            let read = of_message(&message);
            assert_eq!(read.finish, Finish::Refused);
            assert_eq!(read.text, "I can't.");
        }
    }

    #[test]
    fn what_a_server_cannot_read_of_its_model_is_an_empty_reply() {
        for (status, said) in [
            (
                500,
                r#"{"error":{"code":500,"message":"The model produced output that does not match the expected peg-native format","type":"server_error"}}"#,
            ),
            (
                500,
                r#"{"error":{"message":"error parsing tool call: raw='{\"a\": ', err=unexpected end of JSON input","type":"api_error"}}"#,
            ),
            (
                400,
                r#"{"error":{"message":"Failed to call a function.","type":"invalid_request_error","code":"tool_use_failed","failed_generation":"<function=x>"}}"#,
            ),
        ] {
            let body = said.as_bytes().into();
            let read = read(&Answer { status, body }).expect(said);
            assert!(read.is_void(), "{said}");
        }
    }

    #[test]
    fn an_error_that_says_nothing_is_none() {
        for error in ["null", "false", "0", "\"\"", "[]", "{}"] {
            let body = format!(
                r#"{{"choices":[{{"message":{{"content":"Hi."}},"error":{error}}}],"error":{error}}}"#
            );
            let body = body.as_bytes().into();
            assert_eq!(
                read(&Answer { status: 200, body }).unwrap().text,
                "Hi.",
                "{error}"
            );
        }
    }

    #[test]
    fn what_holds_no_reply_is_a_passing_fault() {
        for body in [
            "",
            "null",
            "[]",
            "\"text\"",
            "<html>",
            r#"{"choices":[]}"#,
            r#"{"choices":[{}]}"#,
            r#"{"choices":[{"message":null}]}"#,
            r#"{"choices":[{"message":{"content":"x"},"finish_reason":"error"}]}"#,
            r#"{"choices":[{"message":{"content":"x"},"finish_reason":"abort"}]}"#,
            r#"{"choices":[{"message":{"content":""},"finish_reason":{"type":"abort","message":"shut down"}}]}"#,
            r#"{"choices":[{"message":{"content":"x"},"finish_reason":"insufficient_system_resource"}]}"#,
            r#"{"choices":[{"message":{"content":"x"},"finish_reason":"timeout"}]}"#,
            r#"{"choices":[{"message":{"content":"x"},"finish_reason":"cancelled"}]}"#,
            r#"{"choices":[{"message":{"content":[7]}}]}"#,
            r#"{"choices":[{"message":{"content":[{}]}}]}"#,
            r#"{"choices":[{"message":{"content":[{"type":"text","text":null}]}}]}"#,
            r#"{"choices":[{"message":{"content":null,"function_call":{}}}]}"#,
            r#"{"choices":[{"message":{"content":null,"tool_calls":[null]}}]}"#,
            r#"{"choices":[{"message":{"content":null,"tool_calls":[{"type":"function","function":null}]}}]}"#,
            r#"{"choices":[{"message":{"content":null,"tool_calls":[{"function":{"arguments":"{}"}}]}}]}"#,
            r#"{"choices":[{"message":{"content":"x"},"error":{"code":502}}]}"#,
            r#"{"choices":[{"message":{"content":"x"}}],"error":{"message":"late"}}"#,
            r#"{"choices":[{"message":{"content":"x"}}]"#,
            r#"{"choices":[{"message":{"content":"\ud800"}}]}"#,
        ] {
            let body = body.as_bytes().into();
            let fault = read(&Answer { status: 200, body }).unwrap_err();
            assert!(
                matches!(fault, Fault::NoReply { status: 200, .. }),
                "{fault}"
            );
            assert!(fault.passing());
        }
        let body = b"{\"choices\":[{\"message\":{\"content\":\"\xff\"}}]}"
            .as_slice()
            .into();
        let fault = read(&Answer { status: 200, body }).unwrap_err();
        assert!(fault.to_string().contains('\u{fffd}'), "{fault}");
    }
}
