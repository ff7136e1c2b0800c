//! Agents of one's own: the form of what they are asked and of what they answer, over HTTP or as a
//! program's lines.
//!
//! A request is one JSON object, a conversation up to where the agent is to speak:
//!
//! ```json
//! {
//!   "version": 1,
//!   "model": "the endpoint's `model`",
//!   "seed": 7,
//!   "tools": [{"type": "function", "function": {"name": "…", "description": "…", "parameters": {}}}],
//!   "choice": "auto",
//!   "schema": {"type": "object"},
//!   "system": "…",
//!   "messages": [
//!     {"role": "user", "content": "…"},
//!     {"role": "assistant", "content": "", "tool_calls": [
//!       {"id": "call00001", "type": "function", "function": {"name": "…", "arguments": "{…}"}}]},
//!     {"role": "tool", "tool_call_id": "call00001", "content": "…"}
//!   ]
//! }
//! ```
//!
//! Tools and messages are in the form of chat completions, so they can be handed on to a model as they
//! are. `choice` is `auto`, `required` (a tool must be used) or `none`; it is there with tools. `schema`
//! is there when the text has to be JSON of that schema, `seed` when the plan wants one. A plan's
//! `extra` fields stand beside them, and new fields may come: ignore what you don't know.
//!
//! The answer is one JSON object, too:
//!
//! ```json
//! {"text": "…", "calls": [{"name": "…", "arguments": {}}], "reasoning": "…"}
//! ```
//!
//! `text` is what the agent says, `calls` the tools it uses; either may be left out, not both. Optional
//! are `reasoning`, `model` (a name for the records), `finish` (`length` when the text was cut,
//! `refused` when it declines on grounds of content) and `usage`
//! (`{"input": 900, "cached": 512, "output": 20}`, in tokens). An agent that could not do its work, for
//! reasons that are not its own, answers `{"error": "why"}`, or over HTTP with a status of 400 or more;
//! it is asked again, and nothing is held against it.
//!
//! It keeps no memory of its own between requests, or keys it by the conversation that it is given: a
//! request may come twice, and conversations come in any order, several at once.
//!
//! **Over HTTP** the request is posted to the endpoint's URL as it is.
//!
//! **As a program** it is started once for a worker. Requests come as lines on its standard input, each
//! with an `id` as well; it answers each with one line on its standard output that has the same `id`, in
//! whatever order. What it writes to its standard error goes to the worker's log. It ends when its input
//! does. `deploy/agents/echo_agent.py` is one.

use proto::record::{Endpoint, Usage};
use serde_json::Value as Json;

use super::body::{self, Body};
use super::{Answer, Fault, Finish, Reply, Request, calls, openai, unanswered};

/// The version of the form.
const VERSION: u32 = 1;

/// The bytes of a request: an object on one line.
pub fn body(endpoint: &Endpoint, request: &Request<'_>) -> Vec<u8> {
    let mut body = Body::default();
    body.set("version", VERSION);
    body.set("model", endpoint.model.as_str());
    body.maybe("seed", request.seed);
    if !request.tools.is_empty() {
        body.set("tools", body::functions(request.tools));
        body.set("choice", openai::choice(request.choice));
    }
    body.maybe("schema", request.schema.map(|it| it.schema.clone()));
    body.extend(&endpoint.sampling.extra);
    body.set("system", request.system);
    body.close(request.messages.iter().map(openai::message).collect())
}

/// The reply in an answer.
///
/// # Errors
/// When there is none in it.
pub fn read(answer: &Answer) -> Result<Reply, Fault> {
    let json = unanswered::json(answer)?;
    let (text, used) = (&json["text"], &json["calls"]);
    if !text.is_string() && !used.is_array() {
        return Err(unanswered::no_reply(answer));
    }
    let words = |field: &str| json[field].as_str().unwrap_or_default().to_owned();
    let attempted = |call: &Json| {
        let name = call["name"].as_str().unwrap_or_default();
        calls::attempted(name, &call["arguments"])
    };
    Ok(Reply {
        model: words("model"),
        reasoning: words("reasoning"),
        signed: None,
        text: words("text"),
        calls: used
            .as_array()
            .into_iter()
            .flatten()
            .map(attempted)
            .collect(),
        finish: match json["finish"].as_str() {
            Some("length") => Finish::Length,
            Some("refused") => Finish::Refused,
            _ => Finish::Complete,
        },
        usage: usage(&json["usage"]),
    })
}

fn usage(usage: &Json) -> Usage {
    let tokens = |field: &str| usage[field].as_u64().unwrap_or_default();
    // As of a model: who does not say what was read says nothing.
    let Some(input) = usage["input"].as_u64() else {
        return Usage::default();
    };
    Usage {
        input,
        cached: tokens("cached"),
        written: 0,
        output: tokens("output"),
    }
}

#[cfg(test)]
mod tests {
    use proto::record::Protocol;

    use serde_json::json;

    use super::super::Schema;
    use super::super::tests::{conversation, endpoint, request, tool};
    use super::*;

    #[test]
    fn a_request_is_one_line_of_the_form_described() {
        let schema = Schema {
            name: "verdict",
            schema: json!({"type": "object"}),
        };
        let tools = [tool("get_order")];
        let messages = conversation();
        let request = Request {
            schema: Some(&schema),
            ..request(&messages[..1], &tools)
        };
        let body = body(&endpoint(Protocol::Service), &request);
        let wanted = concat!(
            r#"{"version":1,"model":"m-1","seed":7,"tools":[{"type":"function","#,
            r#""function":{"name":"get_order","description":"Looks an order up.","parameters":"#,
            r#"{"properties":{"id":{"type":"string"}},"required":["id"],"type":"object"}}}],"#,
            r#""choice":"auto","schema":{"type":"object"},"system":"Be brief.","#,
            r#""messages":[{"role":"user","content":"Where is \"W1\"?"}]}"#,
        );
        assert_eq!(String::from_utf8(body).unwrap(), wanted);
    }

    fn said(status: u16, body: &str) -> Result<Reply, Fault> {
        let body = body.as_bytes().into();
        read(&Answer { status, body })
    }

    #[test]
    fn text_and_calls_are_read_and_either_will_do() {
        let full = r#"{"id":1,"text":"Hi.","calls":[{"name":"get_order","arguments":{"id":"W1"}}],
            "reasoning":"Hm.","model":"mine","finish":"refused","usage":{"input":9,"cached":4,"output":2}}"#;
        let read = said(200, full).unwrap();
        assert_eq!(
            (&*read.text, &*read.reasoning, &*read.model),
            ("Hi.", "Hm.", "mine")
        );
        assert_eq!(read.calls[0].call.text("id"), Some("W1"));
        assert_eq!(read.finish, Finish::Refused);
        let usage = Usage {
            input: 9,
            cached: 4,
            written: 0,
            output: 2,
        };
        assert_eq!(read.usage, usage);
        let text = said(200, r#"{"text":"Hi.","calls":null}"#).unwrap();
        assert!(text.calls.is_empty() && !text.is_void());
        let calls = said(200, r#"{"calls":[{"name":"x","arguments":"{"}]}"#).unwrap();
        assert_eq!(calls.calls[0].malformed.as_deref(), Some("{"));
        assert!(said(200, r#"{"text":""}"#).unwrap().is_void());
    }

    #[test]
    fn an_error_is_no_reply() {
        for (status, body, passing) in [
            (200, "{}", true),
            (200, r#"{"message":"Hi."}"#, true),
            (200, r#"{"error":"no model"}"#, true),
            (200, r#"{"text":"Hi.","error":"no model"}"#, true),
            (500, "Traceback", true),
            (400, r#"{"error":"no such tool form"}"#, false),
        ] {
            let fault = said(status, body).unwrap_err();
            assert_eq!(fault.passing(), passing, "{fault}");
        }
        let full = said(200, r#"{"error":"context_length_exceeded"}"#).unwrap_err();
        assert!(matches!(full, Fault::Overflow(_)), "{full}");
    }
}
