//! What a model answers, before it is put into a wire form.

use proto::digest::Hasher;
use serde_json::Value;

use super::prompt::{Prompt, tokens};

/// Why a model stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// It was done.
    End,
    /// It waits for tools.
    Calls,
    /// It came to the most tokens of an answer.
    Length,
    /// A filter took the answer away.
    Filter,
    /// It refuses.
    Refusal,
    /// Its context is full.
    Context,
}

/// A tool call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Its id.
    pub id: Option<String>,
    /// Name of the tool.
    pub name: String,
    /// Arguments as text, which should be a JSON object.
    pub arguments: String,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// What is said.
    pub text: Option<String>,
    /// Tools to call.
    pub calls: Vec<Call>,
    /// What was thought before.
    pub reasoning: Option<String>,
    /// Tokens of thoughts that nobody is shown.
    pub unseen: u64,
    /// Why it stopped.
    pub stop: Stop,
}

impl Reply {
    /// Words only.
    pub fn say(text: impl Into<String>) -> Self {
        Self {
            text: Some(text.into()),
            calls: Vec::new(),
            reasoning: None,
            unseen: 0,
            stop: Stop::End,
        }
    }

    /// Tool calls only, as (name, arguments).
    pub fn call<'a>(calls: impl IntoIterator<Item = (&'a str, Value)>) -> Self {
        let calls = calls.into_iter().map(|(name, arguments)| Call {
            id: None,
            name: name.to_owned(),
            arguments: arguments.to_string(),
        });
        Self {
            text: None,
            calls: calls.collect(),
            reasoning: None,
            unseen: 0,
            stop: Stop::Calls,
        }
    }

    /// Gives every call an id of its own, the same whenever the same is asked.
    pub(super) fn number(&mut self, prompt: &Prompt) {
        for (place, call) in self.calls.iter_mut().enumerate() {
            let mut hasher = Hasher::new("tests.call", 1);
            let digest = hasher.digest(&prompt.digest).number(place as u64).finish();
            call.id = Some(format!("call_{:016x}", digest.head()));
        }
    }

    /// Tokens that are charged for.
    pub(super) fn output(&self) -> u64 {
        tokens(self.length()) + self.unseen
    }

    /// Length in bytes, for its tokens.
    pub(super) fn length(&self) -> u64 {
        let texts = [&self.text, &self.reasoning].into_iter().flatten();
        let calls = self
            .calls
            .iter()
            .map(|call| call.name.len() + call.arguments.len());
        (texts.map(String::len).sum::<usize>() + calls.sum::<usize>()) as u64
    }
}
