//! Chat models behind one seam: a [`Request`] goes to an endpoint, a [`Reply`] or a [`Fault`] comes back.
//!
//! The seam has two halves. A codec turns a request into the bytes that go out and the bytes that came
//! back into a reply; both are pure, so that a kept answer reads the same for ever. What is kept is
//! therefore the [`Answer`] as it came, never what was made of it.
//!
//! In the bytes of a request the messages come last, and whatever stands before them is the same in
//! every turn of a conversation: what turn *n* sent, without the brackets that close it, is a prefix of
//! what turn *n + 1* sends, so a server's prompt cache holds. The exception is an explorer that calls from a
//! list: its schema changes from turn to turn, which costs nothing where a schema only guides what is written, as in
//! vLLM and llama.cpp, and the cached prefix where a server puts it into the prompt.

pub mod anthropic;
mod body;
pub mod breaker;
mod calls;
pub mod client;
pub mod fault;
pub mod given_up;
pub mod http;
pub mod journal;
pub mod key;
pub mod models;
pub mod openai;
mod program;
pub mod put_off;
pub mod replay;
mod retry_after;
pub mod service;
pub mod session;
mod settlement;
mod signed;
mod standstill;
#[cfg(test)]
mod tests;
mod unanswered;

use std::sync::Arc;

use bytes::Bytes;
use proto::record::{Endpoint, Message, Protocol, ToolSpec, Usage};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::dialogue::conversation::Attempted;
pub use body::RESERVED;
pub use client::Client;
pub use fault::Fault;

/// What a model is asked. The roles of messages are the model's own view: what it said before is the
/// assistant's, be it an agent or a simulated user.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Who it is, and what it has to keep to.
    pub system: &'a str,
    /// What was said so far. Some servers insist that the user begins.
    pub messages: &'a [Message],
    /// Tools it is told of.
    pub tools: &'a [ToolSpec],
    /// Whether it has to use one.
    pub choice: ToolChoice,
    /// The form that the text of its reply must have.
    pub schema: Option<&'a Schema>,
    /// Seed of its draws, where the endpoint is to have one; the same in every turn of a conversation. Not
    /// all servers take one that does not fit into 31 bits.
    pub seed: Option<u64>,
}

/// Whether a model has to use a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ToolChoice {
    /// As it sees fit.
    #[default]
    Auto,
    /// It must use one.
    Required,
    /// It must not.
    None,
}

/// The form of a structured reply.
#[derive(Debug, Clone, PartialEq)]
pub struct Schema {
    /// What it is called.
    pub name: &'static str,
    /// A JSON Schema of an object. Servers that hold a model to it have its fields written in their order
    /// here.
    pub schema: Json,
}

/// What a model said.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reply {
    /// The model as its server reports it; empty where it does not.
    pub model: String,
    /// What it thought before it spoke, where its server tells.
    pub reasoning: String,
    /// What its server wants back beside it in every later turn; see [`Message::Assistant`].
    pub signed: Option<String>,
    /// What it says.
    pub text: String,
    /// Tools it uses.
    pub calls: Vec<Attempted>,
    /// Why it stopped.
    pub finish: Finish,
    /// Tokens as the server counts them.
    pub usage: Usage,
}

impl Reply {
    /// The no of a filter that stands before a model, in its words.
    fn declined(text: String) -> Self {
        Self {
            text,
            finish: Finish::Refused,
            ..Self::default()
        }
    }

    /// Whether there is nothing in it to go on with: empty, or cut at its token limit. Worth another try.
    pub fn is_void(&self) -> bool {
        self.finish == Finish::Length
            || (self.finish == Finish::Complete
                && self.text.trim().is_empty()
                && self.calls.is_empty())
    }
}

/// Why a reply ends where it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Finish {
    /// It was done, or uses a tool.
    #[default]
    Complete,
    /// It was cut at its token limit.
    Length,
    /// It, or a filter before it, declined on grounds of content.
    Refused,
}

/// What an endpoint answered, as it came: what is kept, so that it is never asked for again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// HTTP status; 200 for a program.
    pub status: u16,
    /// The body.
    pub body: Arc<[u8]>,
}

/// The bytes of a request, in the endpoint's protocol.
pub fn body(endpoint: &Endpoint, request: &Request<'_>) -> Bytes {
    let body = match endpoint.protocol {
        Protocol::OpenAi => openai::body(endpoint, request),
        Protocol::Anthropic => anthropic::body(endpoint, request),
        Protocol::Service | Protocol::Program => service::body(endpoint, request),
    };
    // They are held as long as the answer takes, and what a vector has in reserve with them.
    body.into_boxed_slice().into()
}

/// The reply in an endpoint's answer to a request. Tokens that such a request can't have taken are none.
///
/// # Errors
/// When there is none in it.
pub fn reply_to(endpoint: &Endpoint, request: &[u8], answer: &Answer) -> Result<Reply, Fault> {
    let mut reply = read(endpoint.protocol, answer)?;
    if !settlement::plausible(reply.usage, endpoint, request) {
        reply.usage = Usage::default();
    }
    Ok(reply)
}

/// The reply in an answer of this protocol, with tokens as the server counts them.
///
/// # Errors
/// When there is none in it.
pub fn read(protocol: Protocol, answer: &Answer) -> Result<Reply, Fault> {
    let mut reply = match protocol {
        Protocol::OpenAi => openai::read(answer),
        Protocol::Anthropic => anthropic::read(answer),
        Protocol::Service | Protocol::Program => service::read(answer),
    }?;
    reply.usage = reply.usage.bounded();
    Ok(reply)
}
