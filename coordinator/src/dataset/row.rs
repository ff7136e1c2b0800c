//! The canonical row: one conversation with the facts by which it is selected.
//!
//! Everything nested that differs from row to row (arguments, tool schemas, metadata) is JSON text,
//! because that is the one form which every version of every loader reads the same way.

use std::sync::Arc;

use proto::excerpt::excerpt;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::error::DatasetError;

/// Which part of the dataset a row belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// For training.
    Train,
    /// For choosing between models while training.
    Validation,
    /// For the final figure only.
    Test,
}

impl Split {
    /// Every split, in the order in which files and tables list them.
    pub const ALL: [Self; 3] = [Self::Train, Self::Validation, Self::Test];

    /// The name in paths and cards.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The policy and what else the agent is told beforehand.
    System,
    /// The simulated user.
    User,
    /// The agent.
    Assistant,
    /// The world, answering a call.
    Tool,
}

impl Role {
    /// The name that trainers know.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
        }
    }
}

/// One wish of the agent to use a tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowCall {
    /// Unique within the conversation.
    pub id: String,
    /// Name of the tool.
    pub name: String,
    /// A JSON object as canonical text.
    pub arguments: String,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowMessage {
    /// Who speaks.
    pub role: Role,
    /// The text; empty where there is none, never absent.
    pub content: String,
    /// Calls of an assistant message, in order; empty for most messages.
    pub tool_calls: Vec<RowCall>,
    /// Of a tool message: the call it answers.
    pub tool_call_id: Option<String>,
    /// Of a tool message: the tool that answered.
    pub name: Option<String>,
}

impl RowMessage {
    /// A message of text alone.
    pub fn text(role: Role, content: impl Into<String>) -> Self {
        Self {
            role,
            content: content.into(),
            tool_calls: Vec::new(),
            tool_call_id: None,
            name: None,
        }
    }
}

/// One conversation: the canonical store from which every format is made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Unique within the dataset.
    pub id: String,
    /// The task that the agent was given.
    pub task_id: String,
    /// The trajectory that the task was made from.
    pub trajectory_id: String,
    /// Which part of the dataset the row is in.
    pub split: Split,
    /// Name of the domain.
    pub domain: String,
    /// `general`, `ambiguous`, `changing` or `infeasible`.
    pub scenario: String,
    /// The kind within the scenario.
    pub kind: String,
    /// Which agent spoke.
    pub agent: String,
    /// Index of the trial, from 0.
    pub trial: u32,
    /// Product of the verdict's components, 0 to 1.
    pub reward: f64,
    /// Which simulated user spoke.
    pub user: String,
    /// The conversation.
    pub messages: Vec<RowMessage>,
    /// A JSON list of function schemas; one allocation for all rows of a domain.
    pub tools: Arc<str>,
    /// A JSON object with whatever else is known of the row, as canonical text.
    pub metadata: String,
}

impl Row {
    /// Bytes of text in the row: the measure by which row groups and shards are cut, a function of
    /// content alone.
    pub fn text_bytes(&self) -> usize {
        let calls = |m: &RowMessage| -> usize {
            m.tool_calls
                .iter()
                .map(|c| c.id.len() + c.name.len() + c.arguments.len())
                .sum()
        };
        let messages: usize = self
            .messages
            .iter()
            .map(|m| m.content.len() + calls(m))
            .sum();
        messages + self.tools.len() + self.metadata.len()
    }

    /// Checks what every format relies on; `tools` is checked by the writer, once per allocation.
    ///
    /// # Errors
    /// [`DatasetError::Row`] naming the row, the place in it and what is wrong there.
    pub fn check(&self) -> Result<(), DatasetError> {
        let wrong = |reason: String| DatasetError::Row {
            id: self.id.clone(),
            reason,
        };
        if self.messages.is_empty() {
            return Err(wrong("has no messages".to_owned()));
        }
        if !self.reward.is_finite() {
            return Err(wrong(format!("reward {} is not a number", self.reward)));
        }
        is_json(&self.metadata, '{').map_err(|e| wrong(format!("metadata: {e}")))?;
        for (at, message) in self.messages.iter().enumerate() {
            message
                .check()
                .map_err(|e| wrong(format!("message {at}: {e}")))?;
        }
        Ok(())
    }
}

impl RowMessage {
    fn check(&self) -> Result<(), String> {
        if self.role != Role::Assistant && !self.tool_calls.is_empty() {
            return Err(format!(
                "tool calls of role `{}`: only an assistant calls tools",
                self.role.as_str()
            ));
        }
        if (self.role == Role::Tool) != self.tool_call_id.is_some() {
            return Err("tool_call_id belongs to tool messages, and to all of them".to_owned());
        }
        for call in &self.tool_calls {
            is_json(&call.arguments, '{')
                .map_err(|e| format!("arguments of call `{}`: {e}", call.id))?;
        }
        Ok(())
    }
}

/// Whether `text` is one JSON value that opens with `open` (an object or a list). White space before
/// it is refused: such text is not canonical.
pub(super) fn is_json(text: &str, open: char) -> Result<(), String> {
    if !text.starts_with(open) {
        return Err(format!(
            "expected JSON text opening with `{open}`, found {:?}",
            excerpt(text, 40)
        ));
    }
    serde_json::from_str::<IgnoredAny>(text)
        .map(drop)
        .map_err(|e| format!("{e} in {:?}", excerpt(text, 40)))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A small whole conversation with one call.
    pub(crate) fn sample(id: &str) -> Row {
        Row {
            id: id.to_owned(),
            task_id: format!("task_{id}"),
            trajectory_id: format!("traj_{id}"),
            split: Split::Train,
            domain: "tickets".to_owned(),
            scenario: "general".to_owned(),
            kind: "plain".to_owned(),
            agent: "gold".to_owned(),
            trial: 0,
            reward: 1.0,
            user: "agenda".to_owned(),
            messages: vec![
                RowMessage::text(Role::System, "Be kind."),
                RowMessage::text(Role::User, "Close \"T1\"\n¡ya! \u{1F600}"),
                RowMessage {
                    tool_calls: vec![RowCall {
                        id: "call_0".to_owned(),
                        name: "close".to_owned(),
                        arguments: r#"{"n":2,"ticket":"T1","x":2.0}"#.to_owned(),
                    }],
                    ..RowMessage::text(Role::Assistant, "")
                },
                RowMessage {
                    tool_call_id: Some("call_0".to_owned()),
                    name: Some("close".to_owned()),
                    ..RowMessage::text(Role::Tool, r#"{"ok":true}"#)
                },
                RowMessage::text(Role::Assistant, "Done."),
            ],
            tools: Arc::from(
                r#"[{"type":"function","function":{"name":"close","parameters":{"type":"object"}}}]"#,
            ),
            metadata: "{}".to_owned(),
        }
    }

    #[test]
    fn a_sound_row_passes_and_each_defect_is_named() {
        assert!(sample("a").check().is_ok());
        type Plant = fn(&mut Row);
        let defects: [(&str, Plant); 6] = [
            ("no messages", |r| r.messages.clear()),
            ("reward", |r| r.reward = f64::NAN),
            ("metadata", |r| r.metadata = "[]".to_owned()),
            ("message 2: arguments of call `call_0`", |r| {
                r.messages[2].tool_calls[0].arguments = "{".to_owned()
            }),
            ("message 3: tool_call_id", |r| {
                r.messages[3].tool_call_id = None
            }),
            ("message 1: tool calls of role `user`", |r| {
                r.messages[1].tool_calls = r.messages[2].tool_calls.clone();
            }),
        ];
        for (expected, plant) in defects {
            let mut row = sample("a");
            plant(&mut row);
            let error = row.check().unwrap_err().to_string();
            assert!(error.contains(expected) && error.contains("`a`"), "{error}");
        }
    }
}
