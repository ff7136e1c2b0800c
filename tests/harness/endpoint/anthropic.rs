//! Messages in Anthropic's form, read as strictly.

use proto::digest::Digest;
use proto::record::{Map, Message, ToolCall};
use serde::Deserialize;
use serde_json::{Value, json};

use super::openai::checked_tool;
use super::prompt::{Form, Prompt};
use super::reply::{Reply, Stop};
use super::signed;

#[derive(Deserialize)]
struct Body {
    model: String,
    max_tokens: u64,
    system: Option<Content>,
    messages: Vec<Said>,
    #[serde(default)]
    tools: Vec<Offer>,
    #[serde(default)]
    stream: bool,
    output_config: Option<Value>,
}

#[derive(Deserialize)]
struct Said {
    role: Role,
    content: Content,
}

#[derive(Deserialize, Clone, Copy, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Role {
    User,
    Assistant,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Whole(String),
    Blocks(Vec<Block>),
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Block {
    Text {
        text: String,
    },
    ToolUse {
        id: String,
        name: String,
        input: Map,
    },
    ToolResult {
        tool_use_id: String,
        content: Option<Content>,
        #[serde(default)]
        is_error: bool,
    },
    Thinking {
        thinking: String,
        signature: String,
    },
}

#[derive(Deserialize)]
struct Offer {
    name: String,
    input_schema: Value,
}

impl Content {
    fn blocks(self) -> Vec<Block> {
        match self {
            Self::Whole(text) => vec![Block::Text { text }],
            Self::Blocks(blocks) => blocks,
        }
    }

    fn text(self) -> Result<String, String> {
        let parts = self.blocks().into_iter().map(|block| match block {
            Block::Text { text } => Ok(text),
            _ => Err("only `text` blocks may stand here".to_owned()),
        });
        parts.collect()
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
            .map_err(|error| format!("messages.{place}: {error}"))?;
    }
    reader.settled()?;
    let tools = body.tools.into_iter();
    let format = body.output_config.as_ref();
    Ok(Prompt {
        form: Form::Anthropic,
        model: body.model,
        system: body.system.map_or(Ok(String::new()), Content::text)?,
        tools: tools
            .map(|tool| checked_tool(tool.name, tool.input_schema))
            .collect::<Result<_, _>>()?,
        messages: reader.messages,
        schema: format
            .and_then(|config| config.pointer("/format/schema"))
            .cloned(),
        max_tokens: Some(body.max_tokens),
        cached: bytes
            .windows(MARK.len())
            .any(|window| window == MARK.as_bytes()),
        digest: Digest::of(bytes),
    })
}

/// By this a client says what may be cached.
const MARK: &str = "\"cache_control\"";

/// What has been read of the messages, and the calls that wait for an answer, as (id, tool).
#[derive(Default)]
struct Reader {
    messages: Vec<Message>,
    open: Vec<(String, String)>,
}

impl Reader {
    fn take(&mut self, said: Said) -> Result<(), String> {
        match said.role {
            Role::User => self.user(said.content.blocks()),
            Role::Assistant => self.assistant(said.content.blocks()),
        }
    }

    fn user(&mut self, blocks: Vec<Block>) -> Result<(), String> {
        let mut words = String::new();
        for block in blocks {
            match block {
                Block::Text { text } => {
                    self.settled()?;
                    words.push_str(&not_blank(text)?);
                }
                Block::ToolResult {
                    tool_use_id,
                    content,
                    is_error,
                } => {
                    let place = self.open.iter().position(|(id, _)| *id == tool_use_id);
                    let place = place.ok_or_else(|| {
                        format!("`tool_result` for {tool_use_id:?}, which is not open")
                    })?;
                    self.messages.push(Message::Tool {
                        call_id: tool_use_id,
                        name: self.open.remove(place).1,
                        text: content.map_or(Ok(String::new()), Content::text)?,
                        error: is_error,
                    });
                }
                _ => return Err("a user has only `text` and `tool_result`".to_owned()),
            }
        }
        if !words.is_empty() {
            self.messages.push(Message::User { text: words });
        }
        Ok(())
    }

    fn assistant(&mut self, blocks: Vec<Block>) -> Result<(), String> {
        self.settled()?;
        if self.messages.is_empty() {
            return Err("the first message must be the user's".to_owned());
        }
        let (mut reasoning, mut text, mut calls) = (String::new(), String::new(), Vec::new());
        let mut signed = None;
        for block in blocks {
            match block {
                Block::Text { text: words } => text.push_str(&not_blank(words)?),
                Block::ToolUse { id, name, input } => {
                    self.open.push((id.clone(), name.clone()));
                    calls.push(ToolCall {
                        id,
                        name,
                        arguments: input,
                        malformed: None,
                    });
                }
                Block::Thinking {
                    thinking,
                    signature,
                } => {
                    signed = Some(signed::checked(&thinking, signature)?);
                    reasoning.push_str(&thinking);
                }
                Block::ToolResult { .. } => {
                    return Err("an assistant has no `tool_result`".to_owned());
                }
            }
        }
        self.messages.push(Message::Assistant {
            reasoning,
            signed,
            text,
            calls,
        });
        Ok(())
    }

    fn settled(&self) -> Result<(), String> {
        match self.open.first() {
            Some((id, _)) => Err(format!("`tool_use` {id:?} has no `tool_result` after it")),
            None => Ok(()),
        }
    }
}

fn not_blank(text: String) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("`text` blocks must have text".to_owned());
    }
    Ok(text)
}

/// Writes an answer.
pub(super) fn write(prompt: &Prompt, reply: &Reply) -> Value {
    let mut content = Vec::new();
    if let Some(reasoning) = &reply.reasoning {
        let signature = signed::signature(reasoning);
        content.push(json!({"type": "thinking", "thinking": reasoning, "signature": signature}));
    }
    if let Some(text) = reply.text.as_ref().filter(|text| !text.is_empty()) {
        content.push(json!({"type": "text", "text": text}));
    }
    content.extend(reply.calls.iter().map(|call| {
        // Arguments that are no JSON can stand in this form only as a text.
        let input = serde_json::from_str(&call.arguments).unwrap_or_else(|_| json!(call.arguments));
        let mut written = json!({"type": "tool_use", "name": call.name, "input": input});
        if let Some(id) = &call.id {
            written["id"] = json!(id);
        }
        written
    }));
    let stop = match reply.stop {
        Stop::End => "end_turn",
        Stop::Calls => "tool_use",
        Stop::Length => "max_tokens",
        Stop::Filter | Stop::Refusal => "refusal",
        Stop::Context => "model_context_window_exceeded",
    };
    let (input, before) = prompt.tokens();
    let (read, created) = match prompt.cached {
        true => (before, input - before),
        false => (0, 0),
    };
    json!({
        "id": format!("msg_{:016x}", prompt.digest.head()),
        "type": "message",
        "role": "assistant",
        "model": prompt.model,
        "content": content,
        "stop_reason": stop,
        "stop_sequence": null,
        "usage": {
            "input_tokens": input - read - created,
            "cache_creation_input_tokens": created,
            "cache_read_input_tokens": read,
            "output_tokens": reply.output(),
        },
    })
}

/// An error as Anthropic words it.
pub(super) fn error(status: u16, message: &str) -> Value {
    let kind = match status {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        504 => "timeout_error",
        529 => "overloaded_error",
        400..500 => "invalid_request_error",
        _ => "api_error",
    };
    json!({"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_0"})
}
