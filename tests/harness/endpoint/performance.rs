//! A misbehaviour as it is performed on a connection: what is sent, and how it ends.
//!
//! Tried in this order: the way of the bytes (`transport`), the status (`status`), the body (`body`); what
//! is left is the model's own doing (`model`).

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::http::Response;
use super::misbehaviour::Misbehaviour as M;
use super::prompt::{Form, Prompt};
use super::reply::{Call, Reply, Stop};
use super::{anthropic, openai};

/// One thing done on a connection. When all are done, it takes the next request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Sends bytes at once.
    Send(Vec<u8>),
    /// Sends them one at a time.
    Drip(Vec<u8>),
    /// Does nothing until the client leaves.
    Silence,
    /// Ends the connection.
    Close,
    /// Ends it with a reset.
    Reset,
}

/// Longer than a job waits in its slot.
const LATER: Duration = Duration::from_secs(25);

/// Answers as it should be.
pub(super) fn behave(prompt: &Prompt, reply: &Reply) -> Response {
    let body = match prompt.form {
        Form::OpenAi => openai::write(prompt, reply),
        Form::Anthropic => anthropic::write(prompt, reply),
    };
    Response::json(200, &body)
}

/// Answers wrongly where `reply` would be right. `wait` is what `Retry-After` says.
pub(super) fn misbehave(what: M, prompt: &Prompt, reply: Reply, wait: Duration) -> Vec<Step> {
    if !what.speaks(prompt.form) {
        let text = format!("{what} is nothing that this wire form has");
        return vec![Step::Send(prompt.form.error(501, &text).bytes())];
    }
    let good = behave(prompt, &reply);
    if let Some(steps) = transport(what, &good) {
        return steps;
    }
    let response = status(what, prompt, wait)
        .or_else(|| body(what, prompt, &good))
        .or_else(|| written(what, &good))
        .unwrap_or_else(|| behave(prompt, &model(what, prompt, reply)));
    vec![Step::Send(response.bytes())]
}

fn transport(what: M, good: &Response) -> Option<Vec<Step>> {
    let (length, half) = (good.body.len(), good.body.len() / 2);
    let whole = |head: Vec<u8>| Step::Send([head, good.body.clone()].concat());
    Some(match what {
        M::ConnectRefused | M::Silence => vec![Step::Silence],
        M::HeadersThenSilence => vec![Step::Send(good.head_of(length)), Step::Silence],
        M::Drip => {
            let mut body = good.body.clone();
            body.resize(1 << 20, b' ');
            vec![Step::Send(good.head_of(body.len())), Step::Drip(body)]
        }
        M::CutBeforeHeaders => vec![Step::Close],
        M::Reset => vec![Step::Reset],
        M::CutMidBody => {
            let mut bytes = good.bytes();
            bytes.truncate(bytes.len() - half);
            vec![Step::Send(bytes), Step::Close]
        }
        M::ContentLengthLong => vec![whole(good.head_of(length + 64)), Step::Close],
        M::ContentLengthShort => vec![whole(good.head_of(half))],
        M::ChunkedCut => vec![chunked(good, "0"), Step::Close],
        M::ChunkedGarbage => vec![chunked(good, "many\r\n")],
        M::Http503Stalled => {
            let busy = Response::new(503, "application/json", "");
            let begun = [busy.head_of(512), b"{\"error\": {".to_vec()].concat();
            vec![Step::Send(begun), Step::Silence]
        }
        M::NotHttp => vec![
            Step::Send(b"220 mail ready, say HELO\r\n".to_vec()),
            Step::Close,
        ],
        _ => return None,
    })
}

/// The body as one chunk, and then `end` in place of the last chunk.
fn chunked(good: &Response, end: &str) -> Step {
    let mut bytes = good.head("transfer-encoding: chunked");
    bytes.extend_from_slice(format!("{:x}\r\n", good.body.len()).as_bytes());
    bytes.extend_from_slice(&good.body);
    bytes.extend_from_slice(format!("\r\n{end}").as_bytes());
    Step::Send(bytes)
}

fn status(what: M, prompt: &Prompt, wait: Duration) -> Option<Response> {
    let error = |status, message| prompt.form.error(status, message);
    let busy = || error(429, "Too many requests.");
    let seconds = wait.as_secs().to_string();
    Some(match what {
        M::Http400 => error(400, "The request is not understood."),
        M::Http401 => error(401, "The key is not known."),
        M::Http403 => error(403, "The key may not use this model."),
        M::Http404 => error(404, "There is no such model."),
        M::Http408 => error(408, "The request did not arrive in time."),
        M::Http409 => error(409, "Another request is in the way."),
        M::Http413 => Response::new(413, "text/plain", ""),
        M::Http422 => error(422, "The request can't be processed."),
        M::Http429 => busy(),
        M::Http429Seconds => busy().with("retry-after", seconds),
        M::Http429Later => busy().with("retry-after", LATER.as_secs().to_string()),
        M::Http429Date => busy().with("retry-after", date(wait)),
        M::Http500 => error(500, "Something went wrong inside."),
        M::Http502Html => Response::new(502, "text/html", page("Bad gateway")),
        M::Http503Seconds => error(503, "The model is being loaded.").with("retry-after", seconds),
        M::Http504 => error(504, "No answer from behind in time."),
        M::Http529 => error(529, "Overloaded."),
        M::Unparsable500 => error(
            500,
            "The model produced output that does not match the expected peg-native format",
        ),
        M::RedirectLoop => {
            let path = match prompt.form {
                Form::OpenAi => "/v1/chat/completions",
                Form::Anthropic => "/v1/messages",
            };
            Response::new(307, "text/plain", "").with("location", path)
        }
        M::Filter400 => filtered(prompt),
        M::Overflow => overflow(prompt),
        M::OverflowLlamaCpp => llama_cpp(prompt),
        M::OverflowVllm => vllm(prompt),
        _ => return None,
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "a date for a client to wait for is one of its own day"
)]
fn date(wait: Duration) -> String {
    httpdate::fmt_http_date(SystemTime::now() + wait)
}

fn page(title: &str) -> String {
    format!(
        "<!doctype html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"
    )
}

/// Tokens of the prompt, which are too many, and how many fit.
fn sizes(prompt: &Prompt) -> (u64, u64) {
    let (size, _) = prompt.tokens();
    (size, size - size.min(1))
}

fn filtered(prompt: &Prompt) -> Response {
    let body = match prompt.form {
        Form::OpenAi => json!({"error": {
            "message": "The response was filtered due to the prompt triggering a content policy.",
            "type": null, "param": "prompt", "code": "content_filter", "status": 400,
            "innererror": {"code": "ResponsibleAIPolicyViolation"},
        }}),
        Form::Anthropic => anthropic::error(400, "Output blocked by content filtering policy"),
    };
    Response::json(400, &body)
}

fn overflow(prompt: &Prompt) -> Response {
    let (size, most) = sizes(prompt);
    let body = match prompt.form {
        Form::OpenAi => json!({"error": {
            "message": format!("This model's maximum context length is {most} tokens. However, your messages resulted in {size} tokens."),
            "type": "invalid_request_error", "param": "messages", "code": "context_length_exceeded",
        }}),
        Form::Anthropic => anthropic::error(
            400,
            &format!("prompt is too long: {size} tokens > {most} maximum"),
        ),
    };
    Response::json(400, &body)
}

fn llama_cpp(prompt: &Prompt) -> Response {
    let (size, most) = sizes(prompt);
    let body = json!({"error": {
        "code": 400, "type": "exceed_context_size_error", "n_prompt_tokens": size, "n_ctx": most,
        "message": format!("request ({size} tokens) exceeds the available context size ({most} tokens), try increasing it"),
    }});
    Response::json(400, &body)
}

fn vllm(prompt: &Prompt) -> Response {
    let (size, most) = sizes(prompt);
    let body = json!({"error": {
        "message": format!("This model's maximum context length is {most} tokens. However, you requested {size} tokens."),
        "type": "BadRequestError", "param": null, "code": 400,
    }});
    Response::json(400, &body)
}

/// A body that is no answer.
fn body(what: M, prompt: &Prompt, good: &Response) -> Option<Response> {
    let json = |body: Vec<u8>| Response::new(200, "application/json", body);
    Some(match what {
        M::HtmlPage => Response::new(200, "text/html", page("Sign in")),
        M::ErrorBody => Response {
            status: 200,
            ..prompt.form.error(500, "Something went wrong inside.")
        },
        M::EmptyBody => json(Vec::new()),
        M::TruncatedJson => json(good.body[..good.body.len() / 2].to_vec()),
        M::InvalidUtf8 => json(spoilt(prompt)),
        M::GzipGarbage => {
            let garbage = (0..512_u32).map(|at| (at * 167 + 13) as u8);
            json(garbage.collect()).with("content-encoding", "gzip")
        }
        M::DeepJson => json(deep().into_bytes()),
        _ => return None,
    })
}

/// An answer with a text that is not UTF-8.
fn spoilt(prompt: &Prompt) -> Vec<u8> {
    const MARK: &str = "MARK";
    let mut bytes = behave(prompt, &Reply::say(format!("The caf{MARK} is open."))).body;
    let at = bytes
        .windows(MARK.len())
        .rposition(|window| window == MARK.as_bytes())
        .expect("the mark was written");
    // The letter as Latin-1 has it.
    bytes.splice(at..at + MARK.len(), [0xe9]);
    bytes
}

fn deep() -> String {
    const DEEP: usize = 100_000;
    "[".repeat(DEEP) + &"]".repeat(DEEP)
}

/// The good answer, written otherwise.
fn written(what: M, good: &Response) -> Option<Response> {
    let mut body: Value = serde_json::from_slice(&good.body).expect("what is good is JSON");
    match what {
        M::NoChoices => match body.get_mut("choices") {
            Some(choices) => *choices = json!([]),
            None => drop(take(&mut body, "content")),
        },
        M::OddParts => match body.pointer_mut("/choices/0/message") {
            Some(message) => message["content"] = json!([7]),
            None => body["content"] = json!([null]),
        },
        M::NullCall => body["choices"][0]["message"]["tool_calls"] = json!([null]),
        M::Aborted => body["choices"][0]["finish_reason"] = json!("abort"),
        M::NoUsage => drop(take(&mut body, "usage")),
        M::AbsurdUsage => {
            for (_, count) in body["usage"].as_object_mut().into_iter().flatten() {
                *count = match count.as_u64() {
                    Some(even) if even % 2 == 0 => json!(-7),
                    _ => json!(u64::MAX),
                };
            }
        }
        M::ExtraFields => {
            body["weather"] = json!({"sky": ["grey", null, 1.5e300], "wind": -3});
            if let Some(message) = body.pointer_mut("/choices/0/message") {
                message["mood"] = json!("calm");
                message["annotations"] = json!([]);
                message["audio"] = Value::Null;
            }
            body["usage"]["carbon"] = json!({"grams": 0.2});
        }
        M::ObjectArguments => {
            for call in calls(&mut body) {
                let text = call["function"]["arguments"].as_str().unwrap_or_default();
                call["function"]["arguments"] = serde_json::from_str(text).unwrap_or_default();
            }
        }
        M::StopWithCalls => body["choices"][0]["finish_reason"] = json!("stop"),
        M::EmptyTextWithCalls => {
            let message = &mut body["choices"][0]["message"];
            if message["content"].is_null() {
                message["content"] = json!("");
            }
        }
        _ => return None,
    }
    Some(Response::json(200, &body))
}

fn take(body: &mut Value, key: &str) -> Option<Value> {
    body.as_object_mut()?.shift_remove(key)
}

fn calls(body: &mut Value) -> impl Iterator<Item = &mut Value> {
    let calls = body.pointer_mut("/choices/0/message/tool_calls");
    calls.and_then(Value::as_array_mut).into_iter().flatten()
}

/// What the model does wrong, on the way to what it should have answered.
fn model(what: M, prompt: &Prompt, mut reply: Reply) -> Reply {
    let stopped = |text: Option<&str>, stop| Reply {
        stop,
        ..Reply {
            text: text.map(str::to_owned),
            ..Reply::say("")
        }
    };
    match what {
        M::EmptyText => return stopped(None, Stop::End),
        M::Length => return stopped(Some("First, let me go through all of"), Stop::Length),
        M::ContentFilter => return stopped(Some(""), Stop::Filter),
        M::Refusal => return stopped(Some("I can't help with that."), Stop::Refusal),
        M::OverflowStop => return stopped(Some("What I can still"), Stop::Context),
        M::Runaway => return Reply::say("and so on ".repeat(1 << 20)),
        M::NoId => reply.calls.iter_mut().for_each(|call| call.id = None),
        M::SameId => {
            for call in &mut reply.calls {
                call.id = Some("call_0".to_owned());
            }
        }
        _ => {
            let first = reply.calls.drain(..).next();
            let call = first.unwrap_or_else(|| any_call(prompt));
            reply.calls = called(what, call);
            reply.stop = Stop::Calls;
            reply.text = (what == M::CallBesideText).then(|| "One moment, please.".to_owned());
        }
    }
    reply
}

/// A call for an answer that would have been text.
fn any_call(prompt: &Prompt) -> Call {
    Call {
        id: Some("call_1".to_owned()),
        name: prompt
            .tools
            .first()
            .map_or("look_around", |tool| &tool.name)
            .to_owned(),
        arguments: "{}".to_owned(),
    }
}

/// The calls that are made in place of one.
fn called(what: M, call: Call) -> Vec<Call> {
    let argued = |arguments: String| Call {
        arguments,
        ..call.clone()
    };
    match what {
        M::BrokenArguments => vec![argued("{\"order_id\": \"#W".to_owned())],
        M::ListArguments => vec![argued("[\"#W0000000\"]".to_owned())],
        M::DeepArguments => vec![argued(format!("{{\"order_id\": {}}}", deep()))],
        M::StrangeTool => vec![Call {
            name: "fetch_the_moon".to_owned(),
            ..call
        }],
        M::FortyCalls => (0..40)
            .map(|place| Call {
                id: Some(format!("call_{place}")),
                ..call.clone()
            })
            .collect(),
        M::TwinIds => vec![call.clone(), call],
        _ => vec![call],
    }
}
