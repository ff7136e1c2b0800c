//! What a model is asked, whatever wire form it came in.

use proto::digest::{Digest, Hasher};
use proto::record::Message;
use serde_json::Value;

use super::http::Response;
use super::{anthropic, openai};

/// A wire form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Chat completions as OpenAI has them.
    OpenAi,
    /// Messages as Anthropic has them.
    Anthropic,
}

impl Form {
    /// The form that a path asks for.
    pub(super) fn of(path: &str) -> Option<Self> {
        match path {
            "/v1/chat/completions" => Some(Self::OpenAi),
            "/v1/messages" => Some(Self::Anthropic),
            _ => None,
        }
    }

    /// An error as this form words it.
    pub(super) fn error(self, status: u16, message: &str) -> Response {
        let body = match self {
            Self::OpenAi => openai::error(status, message),
            Self::Anthropic => anthropic::error(status, message),
        };
        Response::json(status, &body)
    }
}

/// A tool that the model may call.
#[derive(Debug, Clone, PartialEq)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// Schema of its arguments.
    pub parameters: Value,
}

/// A request to a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Prompt {
    /// The form it came in.
    pub form: Form,
    /// Name of the model.
    pub model: String,
    /// Instructions, as the policy.
    pub system: String,
    /// Tools on offer.
    pub tools: Vec<Tool>,
    /// What was said and done.
    pub messages: Vec<Message>,
    /// Schema that the answer must fit, if there is one.
    pub schema: Option<Value>,
    /// Most tokens of the answer.
    pub max_tokens: Option<u64>,
    /// Whether the client marks what the provider may cache.
    pub cached: bool,
    /// Digest of the request's body.
    pub digest: Digest,
}

/// What tells conversations apart.
pub(super) fn conversation(instructions: &str, opening: &str) -> Digest {
    let mut hasher = Hasher::new("tests.conversation", 1);
    hasher.text(instructions).text(opening);
    hasher.finish()
}

impl Prompt {
    /// How many times the model has spoken.
    pub fn turn(&self) -> usize {
        let spoken = |message: &&Message| matches!(message, Message::Assistant { .. });
        self.messages.iter().filter(spoken).count()
    }

    /// What the user said last.
    pub fn last_words(&self) -> &str {
        let mut back = self.messages.iter().rev();
        back.find_map(|message| match message {
            Message::User { text } => Some(text.as_str()),
            _ => None,
        })
        .unwrap_or_default()
    }

    /// What is the same in every request of a conversation: instructions and opening.
    pub fn conversation(&self) -> Digest {
        match self.messages.first() {
            Some(Message::User { text }) => conversation(&self.system, text),
            _ => conversation(&self.system, ""),
        }
    }

    /// Tokens of the request, and how many of them the last request of this conversation had already.
    pub(super) fn tokens(&self) -> (u64, u64) {
        let tools: usize = self
            .tools
            .iter()
            .map(|tool| tool.name.len() + tool.parameters.to_string().len())
            .sum();
        let start = (self.system.len() + tools) as u64;
        let (mut sum, mut before) = (start, 0);
        for message in &self.messages {
            if matches!(message, Message::Assistant { .. }) {
                before = sum;
            }
            sum += length(message) as u64;
        }
        (tokens(sum), tokens(before))
    }
}

/// Tokens of so many bytes: as many as English text has, roughly.
pub(super) fn tokens(bytes: u64) -> u64 {
    bytes.div_ceil(4)
}

fn length(message: &Message) -> usize {
    match message {
        Message::User { text } | Message::Tool { text, .. } => text.len(),
        Message::Assistant { text, calls, .. } => {
            let calls = calls.iter().map(|call| {
                let arguments = serde_json::to_string(&call.arguments).unwrap_or_default();
                call.name.len() + call.malformed.as_ref().unwrap_or(&arguments).len()
            });
            text.len() + calls.sum::<usize>()
        }
    }
}
