//! Chat completions in OpenAI's form. Requests are read strictly, since a real provider refuses what is
//! wrong in them.

use proto::digest::Digest;
use proto::record::{Map, Message, ToolCall};
use serde::Deserialize;
use serde_json::{Value, json};

use super::prompt::{Form, Prompt, Tool, tokens};
use super::reply::{Reply, Stop};
use super::signed;

#[derive(Deserialize)]
struct Body {
    model: String,
    messages: Vec<Said>,
    #[serde(default)]
    tools: Vec<Offer>,
    #[serde(default)]
    stream: bool,
    max_tokens: Option<u64>,
    max_completion_tokens: Option<u64>,
    response_format: Option<Value>,
}

#[derive(Deserialize)]
#[serde(tag = "role", rename_all = "lowercase")]
enum Said {
    #[serde(alias = "developer")]
    System {
        content: Text,
    },
    User {
        content: Text,
    },
    Assistant {
        content: Option<Text>,
        tool_calls: Option<Vec<Called>>,
        reasoning_content: Option<String>,
    },
    Tool {
        tool_call_id: String,
        content: Text,
    },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Text {
    Whole(String),
    Parts(Vec<Part>),
}

#[derive(Deserialize)]
struct Part {
    text: String,
}

#[derive(Deserialize)]
struct Called {
    id: String,
    function: Function,
    extra_content: Option<Value>,
}

#[derive(Deserialize)]
struct Function {
    name: String,
    arguments: String,
}

#[derive(Deserialize)]
struct Offer {
    function: Offered,
}

#[derive(Deserialize)]
struct Offered {
    name: String,
    parameters: Value,
}

impl Text {
    fn whole(self) -> String {
        match self {
            Self::Whole(text) => text,
            Self::Parts(parts) => parts.into_iter().map(|part| part.text).collect(),
        }
    }
}

/// Reads a request, or says what is wrong with it.
pub(super) fn read(bytes: &[u8]) -> Result<Prompt, String> {
    let body: Body = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    if body.stream {
        return Err("`stream`: answers come whole here; leave it out".to_owned());
    }
    let mut reader = Reader::default();
    for (place, said) in body.messages.into_iter().enumerate() {
        reader
            .take(said)
            .map_err(|error| format!("`messages[{place}]`: {error}"))?;
    }
    reader.settled()?;
    if reader.messages.is_empty() {
        return Err("`messages`: nobody has spoken".to_owned());
    }
    let tools = body.tools.into_iter().map(|offer| offer.function);
    let schema = body.response_format.as_ref();
    Ok(Prompt {
        form: Form::OpenAi,
        model: body.model,
        system: reader.system,
        tools: tools.map(offered).collect::<Result<_, _>>()?,
        messages: reader.messages,
        schema: schema
            .and_then(|format| format.pointer("/json_schema/schema"))
            .cloned(),
        max_tokens: body.max_completion_tokens.or(body.max_tokens),
        cached: true,
        digest: Digest::of(bytes),
    })
}

fn offered(tool: Offered) -> Result<Tool, String> {
    checked_tool(tool.name, tool.parameters)
}

/// A tool whose name and schema a provider takes.
pub(super) fn checked_tool(name: String, parameters: Value) -> Result<Tool, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if name.is_empty() || name.len() > 64 || !name.chars().all(plain) {
        return Err(format!(
            "`tools`: {name:?} is no name of a tool: 1 to 64 of a-z, A-Z, 0-9, _ and -"
        ));
    }
    if parameters.get("type").and_then(Value::as_str) != Some("object") {
        return Err(format!(
            "`tools`: the arguments of {name} are no schema of type `object`"
        ));
    }
    Ok(Tool { name, parameters })
}

/// What has been read of the messages, and the calls that wait for an answer, as (id, tool).
#[derive(Default)]
struct Reader {
    system: String,
    messages: Vec<Message>,
    open: Vec<(String, String)>,
}

impl Reader {
    fn take(&mut self, said: Said) -> Result<(), String> {
        if !matches!(said, Said::Tool { .. }) {
            self.settled()?;
        }
        match said {
            Said::System { content } => self.system.push_str(&content.whole()),
            Said::User { content } => self.messages.push(Message::User {
                text: content.whole(),
            }),
            Said::Assistant {
                content,
                tool_calls,
                reasoning_content,
            } => {
                let calls = tool_calls.unwrap_or_default();
                let signed = calls.first().map_or(Ok(None), signature)?;
                let calls: Vec<ToolCall> = calls.into_iter().map(made).collect();
                let text = content.map(Text::whole).unwrap_or_default();
                if text.is_empty() && calls.is_empty() {
                    return Err("neither `content` nor `tool_calls`".to_owned());
                }
                self.open = calls
                    .iter()
                    .map(|call| (call.id.clone(), call.name.clone()))
                    .collect();
                self.messages.push(Message::Assistant {
                    reasoning: reasoning_content.unwrap_or_default(),
                    signed,
                    text,
                    calls,
                });
            }
            Said::Tool {
                tool_call_id,
                content,
            } => {
                let place = self.open.iter().position(|(id, _)| *id == tool_call_id);
                let place = place.ok_or_else(|| format!("no call {tool_call_id:?} is open"))?;
                let text = content.whole();
                self.messages.push(Message::Tool {
                    call_id: tool_call_id,
                    name: self.open.remove(place).1,
                    error: text.starts_with("Error: "),
                    text,
                });
            }
        }
        Ok(())
    }

    fn settled(&self) -> Result<(), String> {
        match self.open.first() {
            Some((id, _)) => Err(format!("`messages`: the call {id:?} has no answer")),
            None => Ok(()),
        }
    }
}

/// The signature of the thoughts that led to a call, where it has one. Gemini puts it at the first.
fn signature(call: &Called) -> Result<Option<String>, String> {
    let signature = call.extra_content.as_ref();
    let signature = signature.and_then(|extra| extra.pointer(SIGNATURE)?.as_str());
    let signature = signature.map(|text| signed::checked(&call.function.name, text.to_owned()));
    signature.transpose()
}

/// A call as it was made; a provider takes arguments back as they were, even those that are no object.
fn made(call: Called) -> ToolCall {
    let Function { name, arguments } = call.function;
    let read: Option<Map> = serde_json::from_str(&arguments).ok();
    ToolCall {
        id: call.id,
        name,
        malformed: read.is_none().then_some(arguments),
        arguments: read.unwrap_or_default(),
    }
}

/// Where the signature of a call is, in what comes beside it.
const SIGNATURE: &str = "/google/thought_signature";

/// Writes an answer.
pub(super) fn write(prompt: &Prompt, reply: &Reply) -> Value {
    let calls = reply.calls.iter().map(|call| {
        let mut written = json!({
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments},
        });
        if let Some(id) = &call.id {
            written["id"] = json!(id);
        }
        written
    });
    let mut message = json!({"role": "assistant", "content": reply.text, "refusal": null});
    if reply.stop == Stop::Refusal {
        message["refusal"] = message["content"].take();
    }
    if !reply.calls.is_empty() {
        message["tool_calls"] = calls.collect();
    }
    if let Some(reasoning) = &reply.reasoning {
        message["reasoning_content"] = json!(reasoning);
        if let Some(first) = reply.calls.first() {
            let signature = signed::signature(&first.name);
            let extra = json!({"google": {"thought_signature": signature}});
            message["tool_calls"][0]["extra_content"] = extra;
        }
    }
    let finish = match reply.stop {
        Stop::End | Stop::Refusal => "stop",
        Stop::Calls => "tool_calls",
        Stop::Length | Stop::Context => "length",
        Stop::Filter => "content_filter",
    };
    let ((input, cached), output) = (prompt.tokens(), reply.output());
    let thought = reply.reasoning.as_ref().map_or(0, String::len);
    json!({
        "id": format!("chatcmpl-{:016x}", prompt.digest.head()),
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": prompt.model,
        "choices": [{"index": 0, "message": message, "logprobs": null, "finish_reason": finish}],
        "usage": {
            "prompt_tokens": input,
            "completion_tokens": output,
            "total_tokens": input + output,
            "prompt_tokens_details": {"cached_tokens": cached},
            "completion_tokens_details": {"reasoning_tokens": tokens(thought as u64) + reply.unseen},
        },
    })
}

/// An error as OpenAI words it.
pub(super) fn error(status: u16, message: &str) -> Value {
    let (kind, code) = match status {
        401 => ("invalid_request_error", json!("invalid_api_key")),
        404 => ("invalid_request_error", json!("model_not_found")),
        429 => ("requests", json!("rate_limit_exceeded")),
        400..500 => ("invalid_request_error", Value::Null),
        _ => ("server_error", Value::Null),
    };
    json!({"error": {"message": message, "type": kind, "param": null, "code": code}})
}
