//! The bytes of a request: fields in a fixed order, the messages last.

use proto::record::{self, ToolSpec};
use serde_json::{Map, Value as Json};

/// Fields that no plan may set, since conversations depend on them.
pub const RESERVED: [&str; 8] = [
    "messages",
    "model",
    "n",
    "seed",
    "stream",
    "system",
    "tool_choice",
    "tools",
];

/// A request's body under way.
#[derive(Debug, Default)]
pub(super) struct Body(Map<String, Json>);

impl Body {
    /// Adds a field.
    pub(super) fn set(&mut self, name: &str, value: impl Into<Json>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// Adds a field where there is a value.
    pub(super) fn maybe(&mut self, name: &str, value: Option<impl Into<Json>>) {
        if let Some(value) = value {
            self.set(name, value);
        }
    }

    /// Takes a field out.
    pub(super) fn drop(&mut self, name: &str) {
        // The plain removal would put the last field in its place.
        self.0.shift_remove(name);
    }

    /// Adds the plan's own fields: one of ours gives way, and of two objects the fields go together.
    pub(super) fn extend(&mut self, extra: &record::Map) {
        for (name, value) in extra {
            if RESERVED.contains(&name.as_str()) {
                continue;
            }
            match (self.0.get_mut(name), json(value)) {
                (Some(Json::Object(ours)), Json::Object(theirs)) => ours.extend(theirs),
                (_, value) => self.set(name, value),
            }
        }
    }

    /// Takes out what the endpoint's server refuses.
    pub(super) fn omit(&mut self, fields: &[String]) {
        fields.iter().for_each(|field| self.drop(field));
    }

    /// The bytes, with the messages as the last of the fields.
    pub(super) fn close(mut self, messages: Vec<Json>) -> Vec<u8> {
        self.set("messages", messages);
        serde_json::to_vec(&self.0).expect("JSON values are JSON")
    }
}

/// A record's value as JSON.
pub(super) fn json(value: &record::Value) -> Json {
    serde_json::to_value(value).expect("a value is plain data")
}

/// Tools in the function form.
pub(super) fn functions(tools: &[ToolSpec]) -> Vec<Json> {
    let function = |tool: &ToolSpec| {
        serde_json::json!({
            "type": "function",
            "function": {
                "name": tool.name,
                "description": tool.description,
                "parameters": json(&tool.parameters),
            },
        })
    };
    tools.iter().map(function).collect()
}
