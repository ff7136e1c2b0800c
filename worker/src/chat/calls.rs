//! Tool calls as models write them, and as they are shown to them again.
//!
//! What a model wrote need not be a call at all: arguments that are no object, a name that no tool could
//! have. It is told so, and the conversation goes on; but servers read the calls of a history, too, and
//! many answer every further turn with an error if one of them is malformed. That would be the server's
//! fault where it is the model's, so a history shows such a call with what every server takes: no
//! arguments, and a name of letters. The answer to it tells what was wrong.

use std::borrow::Cow;

use proto::record::{Map, PlannedCall, ToolCall, Value};
use serde_json::Value as Json;

use crate::dialogue::conversation::Attempted;

/// Longest name that every server takes.
const NAME: usize = 64;

/// A call of these arguments, as a text that should be an object or as an object. None at all, or an
/// empty text, is a call without arguments.
pub(super) fn attempted(name: &str, arguments: &Json) -> Attempted {
    let read = match arguments {
        Json::Null => Ok(Map::new()),
        Json::String(text) if text.trim().is_empty() => Ok(Map::new()),
        Json::String(text) => match Value::parse(text) {
            Ok(Value::Map(map)) => Ok(map),
            _ => Err(text.clone()),
        },
        other => match Value::from(other.clone()) {
            Value::Map(map) => Ok(map),
            _ => Err(other.to_string()),
        },
    };
    let (arguments, malformed) = match read {
        Ok(arguments) => (arguments, None),
        Err(written) => (Map::new(), Some(written)),
    };
    Attempted {
        call: PlannedCall {
            name: name.to_owned(),
            arguments,
        },
        malformed,
    }
}

/// The name of a call in a history.
pub(super) fn name(call: &ToolCall) -> Cow<'_, str> {
    let allowed = |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-');
    let name = &call.name;
    if !name.is_empty() && name.len() <= NAME && name.chars().all(allowed) {
        return Cow::Borrowed(name);
    }
    if name.is_empty() {
        return Cow::Borrowed("unnamed");
    }
    let plain = |char| if allowed(char) { char } else { '_' };
    Cow::Owned(name.chars().map(plain).take(NAME).collect())
}

/// The arguments of a call in a history.
pub(super) fn arguments(call: &ToolCall) -> Json {
    serde_json::to_value(&call.arguments).expect("a value is plain data")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn arguments_are_an_object_in_whatever_form() {
        for (written, wanted, malformed) in [
            (json!(null), json!({}), None),
            (json!(""), json!({}), None),
            (json!(" \n"), json!({}), None),
            (json!("{}"), json!({}), None),
            (json!({"id": 1}), json!({"id": 1}), None),
            (json!("{\"id\": 2.0}"), json!({"id": 2.0}), None),
            (json!("{\"id\": "), json!({}), Some("{\"id\": ")),
            (json!("null"), json!({}), Some("null")),
            (json!("[1]"), json!({}), Some("[1]")),
            (json!("\"{}\""), json!({}), Some("\"{}\"")),
            (json!("{\"n\":1e999}"), json!({}), Some("{\"n\":1e999}")),
            (json!([1, "x"]), json!({}), Some("[1,\"x\"]")),
            (json!(7), json!({}), Some("7")),
        ] {
            let read = attempted("look", &written);
            assert_eq!(read.call.name, "look");
            assert_eq!(
                serde_json::to_value(&read.call.arguments).unwrap(),
                wanted,
                "{written}"
            );
            assert_eq!(read.malformed.as_deref(), malformed, "{written}");
        }
    }

    #[test]
    fn a_history_names_tools_as_servers_take_it() {
        for (said, shown) in [
            ("get_order", "get_order"),
            ("get-order2", "get-order2"),
            ("orders.get", "orders_get"),
            ("", "unnamed"),
            ("hole é", "hole__"),
            (&"x".repeat(70), &"x".repeat(64)),
        ] {
            let call = ToolCall {
                id: "call_1".to_owned(),
                name: said.to_owned(),
                arguments: Map::new(),
                malformed: None,
            };
            assert_eq!(name(&call), shown);
        }
    }
}
