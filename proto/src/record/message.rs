//! What is said and done in a conversation.

use serde::{Deserialize, Serialize};

use super::tool::ToolCall;

/// One entry of a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Message {
    /// The simulated user speaks.
    User {
        /// What is said.
        text: String,
    },
    /// The agent speaks, or uses tools, or both.
    Assistant {
        /// What the model thought before it spoke, where its server tells; no part of what is said.
        reasoning: String,
        /// What its server wants back beside this message, as JSON in the form of its protocol: thoughts that it
        /// signed, or wrote so that nobody else can read them. No part of what is said, nor of any row.
        signed: Option<String>,
        /// What is said; empty beside a lone tool call.
        text: String,
        /// Tools used, in order.
        calls: Vec<ToolCall>,
    },
    /// What a tool answered.
    Tool {
        /// Id of the call.
        call_id: String,
        /// Name of the tool.
        name: String,
        /// The observation.
        text: String,
        /// Whether the tool refused.
        error: bool,
    },
}
