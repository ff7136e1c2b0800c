//! The model endpoint that chat clients are tried against is what it says: good where it behaves, wrong
//! on the wire in every way of its table, and right about what it was asked.

mod served;
mod wrong;

use std::net::SocketAddr;

use harness::endpoint::{Brain, Endpoint, Fault, Form, Reply, Settings};
use harness::http::{self, Answer};
use serde_json::{Value, json};

/// An endpoint that answers so and misbehaves so.
fn endpoint(brain: Brain, faults: &[Fault]) -> Endpoint {
    let faults = faults.to_vec();
    Endpoint::start(Settings {
        brain,
        faults,
        ..Settings::default()
    })
    .unwrap()
}

fn path(form: Form) -> &'static str {
    match form {
        Form::OpenAi => "/v1/chat/completions",
        Form::Anthropic => "/v1/messages",
    }
}

fn ask(address: SocketAddr, form: Form, body: &Value) -> std::io::Result<Answer> {
    let version = [("anthropic-version", "2023-06-01")];
    http::post(address, path(form), &version, &body.to_string())
}

/// A request with one tool, in either form.
fn hello(form: Form, text: &str) -> Value {
    let schema = json!({"type": "object", "properties": {"place": {"type": "string"}}});
    let messages = json!([{"role": "user", "content": text}]);
    match form {
        Form::OpenAi => json!({
            "model": "m",
            "messages": messages,
            "tools": [{"type": "function", "function": {"name": "look", "parameters": schema}}],
        }),
        Form::Anthropic => json!({
            "model": "m",
            "max_tokens": 500,
            "messages": messages,
            "tools": [{"name": "look", "input_schema": schema}],
        }),
    }
}

/// An answer with a call.
fn looks() -> Brain {
    Brain::Script(vec![Reply::call([("look", json!({"place": "here"}))])])
}

fn json_of(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap()
}

/// Requests that a provider would refuse, and a part of the reason.
fn refused() -> Vec<((Form, Value), &'static str)> {
    let call = json!({"role": "assistant", "content": null, "tool_calls": [
        {"id": "a", "type": "function", "function": {"name": "look", "arguments": "{}"}},
    ]});
    let use_block = json!({"role": "assistant", "content": [
        {"type": "tool_use", "id": "a", "name": "look", "input": {}},
    ]});
    let with = |form, key: &str, value: Value| {
        let mut body = hello(form, "Hello");
        body[key] = value;
        (form, body)
    };
    let user = json!({"role": "user", "content": "Hello"});
    vec![
        (
            with(Form::OpenAi, "messages", json!([user, call, user])),
            "has no answer",
        ),
        (
            with(
                Form::OpenAi,
                "messages",
                json!([user, {"role": "tool", "tool_call_id": "a", "content": ""}]),
            ),
            "no call \"a\" is open",
        ),
        (
            with(
                Form::OpenAi,
                "messages",
                json!([user, {"role": "assistant", "content": null}]),
            ),
            "neither",
        ),
        (
            with(
                Form::OpenAi,
                "tools",
                json!([{"function": {"name": "no no", "parameters": {"type": "object"}}}]),
            ),
            "no name of a tool",
        ),
        (with(Form::OpenAi, "stream", json!(true)), "`stream`"),
        (with(Form::OpenAi, "model", Value::Null), "invalid type"),
        (
            with(Form::Anthropic, "max_tokens", Value::Null),
            "invalid type",
        ),
        (
            with(Form::Anthropic, "messages", json!([user, use_block, user])),
            "no `tool_result`",
        ),
        (
            with(Form::Anthropic, "messages", json!([use_block])),
            "must be the user's",
        ),
        (
            with(
                Form::Anthropic,
                "messages",
                json!([{"role": "user", "content": " "}]),
            ),
            "must have text",
        ),
    ]
}

#[test]
fn a_request_that_a_provider_would_refuse_is_refused_with_the_reason() {
    let endpoint = endpoint(Brain::Echo, &[]);
    let wrong = refused();
    for ((form, body), reason) in &wrong {
        let answer = ask(endpoint.address(), *form, body).unwrap();
        assert_eq!(answer.status, 400, "{body}");
        let message = json_of(&answer)["error"]["message"].clone();
        assert!(message.as_str().unwrap().contains(reason), "{message}");
    }
    let body = hello(Form::Anthropic, "Hello").to_string();
    let unversioned = http::post(endpoint.address(), "/v1/messages", &[], &body).unwrap();
    assert_eq!(unversioned.status, 400);
    let stats = endpoint.stats();
    assert_eq!(stats.refused, wrong.len() as u64 + 1);
    assert_eq!(stats.answered, 0);
}

#[test]
fn a_key_is_asked_for_in_the_header_of_each_form() {
    let endpoint = Endpoint::start(Settings {
        brain: Brain::Fixed("Yes.".to_owned()),
        key: Some("sesame".to_owned()),
        ..Settings::default()
    })
    .unwrap();
    let asked = |headers: &[(&str, &str)]| {
        let body = hello(Form::OpenAi, "Open").to_string();
        let path = path(Form::OpenAi);
        let answer = http::post(endpoint.address(), path, headers, &body);
        answer.unwrap().status
    };
    assert_eq!(asked(&[]), 401);
    assert_eq!(asked(&[("Authorization", "Bearer barley")]), 401);
    assert_eq!(asked(&[("Authorization", "Bearer sesame")]), 200);
    assert_eq!(asked(&[("x-api-key", "sesame")]), 200);
    let models = http::get(endpoint.address(), "/v1/models").unwrap();
    assert_eq!(models.status, 401);
}

#[test]
fn answers_come_in_the_form_that_was_asked_for() {
    let endpoint = Endpoint::start(Settings {
        brain: looks(),
        reasoning: true,
        ..Settings::default()
    })
    .unwrap();
    let openai =
        json_of(&ask(endpoint.address(), Form::OpenAi, &hello(Form::OpenAi, "a")).unwrap());
    let choice = &openai["choices"][0];
    assert_eq!(choice["finish_reason"], "tool_calls");
    assert_eq!(choice["message"]["content"], Value::Null);
    assert!(choice["message"]["reasoning_content"].is_string());
    let call = &choice["message"]["tool_calls"][0]["function"];
    assert_eq!(call["arguments"], "{\"place\":\"here\"}");
    let usage = &openai["usage"];
    assert!(usage["prompt_tokens"].as_u64() > Some(0));
    assert_eq!(usage["prompt_tokens_details"]["cached_tokens"], 0);

    let body = hello(Form::Anthropic, "a");
    let message = json_of(&ask(endpoint.address(), Form::Anthropic, &body).unwrap());
    assert_eq!(message["stop_reason"], "tool_use");
    assert_eq!(message["content"][0]["type"], "thinking");
    assert_eq!(message["content"][1]["input"], json!({"place": "here"}));
    assert_eq!(message["usage"]["cache_creation_input_tokens"], 0);
}

#[test]
fn who_thinks_wants_its_signed_thoughts_back() {
    let endpoint = Endpoint::start(Settings {
        brain: looks(),
        reasoning: true,
        ..Settings::default()
    })
    .unwrap();
    let user = json!({"role": "user", "content": "Hello"});
    let refused = |form, said: Value, wanted: &str| {
        let mut body = hello(form, "Hello");
        body["messages"] = said;
        let answer = ask(endpoint.address(), form, &body).unwrap();
        assert_eq!(answer.status, 400);
        assert!(answer.body.contains(wanted), "{}", answer.body);
    };
    let call =
        json!({"id": "a", "type": "function", "function": {"name": "look", "arguments": "{}"}});
    let answered = json!({"role": "tool", "tool_call_id": "a", "content": "Nothing."});
    let used = json!({"type": "tool_use", "id": "a", "name": "look", "input": {}});
    let result = json!({"role": "user", "content": [
        {"type": "tool_result", "tool_use_id": "a", "content": "Nothing."},
    ]});
    let openai =
        |call| json!([user, {"role": "assistant", "content": "", "tool_calls": [call]}, answered]);
    let anthropic = |blocks| json!([user, {"role": "assistant", "content": blocks}, result]);
    refused(Form::OpenAi, openai(call.clone()), "no signed thought");
    refused(
        Form::Anthropic,
        anthropic(json!([used])),
        "no signed thought",
    );
    let mut forged = call;
    forged["extra_content"] = json!({"google": {"thought_signature": "AAAA"}});
    refused(Form::OpenAi, openai(forged), "is not of this thought");
    let thought = json!({"type": "thinking", "thinking": "Hm.", "signature": "AAAA"});
    refused(
        Form::Anthropic,
        anthropic(json!([thought, used])),
        "is not of this thought",
    );
}

#[test]
fn what_the_last_request_had_is_cached() {
    let endpoint = endpoint(Brain::Echo, &[]);
    let cached = |form, body: &Value| {
        let answer = json_of(&ask(endpoint.address(), form, body).unwrap());
        let usage = &answer["usage"];
        let pointer = match form {
            Form::OpenAi => "/prompt_tokens_details/cached_tokens",
            Form::Anthropic => "/cache_read_input_tokens",
        };
        let new = [
            &usage["input_tokens"],
            &usage["cache_creation_input_tokens"],
        ];
        let new = new.into_iter().filter_map(Value::as_u64).sum::<u64>();
        (
            usage.pointer(pointer).and_then(Value::as_u64).unwrap(),
            usage["prompt_tokens"].as_u64().unwrap_or(new),
        )
    };
    for form in [Form::OpenAi, Form::Anthropic] {
        let mut body = hello(
            form,
            "A text of some length, so that there is something to keep.",
        );
        if form == Form::Anthropic {
            body["tools"][0]["cache_control"] = json!({"type": "ephemeral"});
        }
        let (none, first) = cached(form, &body);
        assert_eq!(none, 0);
        let messages = body["messages"].as_array_mut().unwrap();
        messages.push(json!({"role": "assistant", "content": "So?"}));
        messages.push(json!({"role": "user", "content": "So."}));
        let (kept, _) = cached(form, &body);
        assert_eq!(kept, first, "{form:?}");
    }
}

#[test]
fn an_answer_is_cut_at_the_most_tokens() {
    let endpoint = endpoint(Brain::Fixed("Long ago, ä Ä ä Ä ä Ä.".to_owned()), &[]);
    let mut body = hello(Form::OpenAi, "Tell me");
    body["max_completion_tokens"] = json!(3);
    let answer = json_of(&ask(endpoint.address(), Form::OpenAi, &body).unwrap());
    let choice = &answer["choices"][0];
    assert_eq!(choice["finish_reason"], "length");
    assert_eq!(choice["message"]["content"], "Long ago, ä");
    assert_eq!(answer["usage"]["completion_tokens"], 3);
}

#[test]
fn it_counts_what_it_answered_and_is_asked_again() {
    let endpoint = endpoint(Brain::Echo, &["http-500:first=1".parse().unwrap()]);
    let body = hello(Form::OpenAi, "Once").to_string();
    let asked = |key: &str| {
        let headers = [("Idempotency-Key", key)];
        let path = path(Form::OpenAi);
        http::post(endpoint.address(), path, &headers, &body)
            .unwrap()
            .status
    };
    assert_eq!([asked("a"), asked("a")], [500, 200]);
    assert_eq!(
        endpoint.stats().asked_again,
        0,
        "it was not answered before"
    );
    assert_eq!([asked("b"), asked("b"), asked("b")], [500, 200, 200]);
    let text = http::get(endpoint.address(), "/stats").unwrap().body;
    let stats: harness::endpoint::Stats = serde_json::from_str(&text).unwrap();
    assert_eq!(stats, endpoint.stats());
    assert_eq!((stats.requests, stats.distinct, stats.answered), (5, 2, 3));
    assert_eq!(
        (stats.asked_again, stats.in_flight, stats.most_in_flight),
        (1, 0, 1)
    );
    assert_eq!(stats.misbehaved["http-500"], 2);
    let log = endpoint.log();
    let before: Vec<u32> = log.iter().map(|entry| entry.before).collect();
    assert_eq!(before, [0, 1, 0, 1, 2]);
    assert!(log.iter().all(|entry| entry.body == body));
}
