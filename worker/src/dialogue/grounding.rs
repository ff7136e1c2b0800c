//! Where a value can be known from: said before, or observed before.

use proto::record::{Message, PlannedCall, Value};

/// The first text in a value that is not known; numbers, truths and empty texts need no ground.
pub fn first_unknown<'v>(value: &'v Value, known: &dyn Fn(&str) -> bool) -> Option<&'v str> {
    match value {
        Value::Str(text) => (!text.is_empty() && !known(text)).then_some(text),
        Value::List(items) => items.iter().find_map(|item| first_unknown(item, known)),
        Value::Map(map) => map.values().find_map(|item| first_unknown(item, known)),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) => None,
    }
}

/// Whether an observation is the value or holds it as a JSON string.
pub fn observed(observations: &[&str], text: &str) -> bool {
    let quoted = Value::from(text).to_string();
    observations
        .iter()
        .any(|observation| *observation == text || observation.contains(&quoted))
}

/// The first call of a conversation with an identifier (a text with a digit in it) that nobody has
/// said and no tool has answered before, as argument and tool. Words without digits, such as a
/// reason, may be said in other words.
pub fn first_guess(messages: &[Message]) -> Option<(String, String)> {
    let (mut said, mut answers): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    for message in messages {
        match message {
            Message::User { text } => said.push(text),
            Message::Tool { text, .. } => answers.push(text),
            Message::Assistant { calls, .. } => {
                let known = |text: &str| {
                    !text.chars().any(|c| c.is_ascii_digit())
                        || said.iter().any(|said| said.contains(text))
                        || observed(&answers, text)
                };
                for call in calls {
                    let guess = call
                        .arguments
                        .values()
                        .find_map(|value| first_unknown(value, &known));
                    if let Some(guess) = guess {
                        return Some((guess.to_owned(), call.name.clone()));
                    }
                }
            }
        }
    }
    None
}

/// Whether every argument of a call is in what was heard or observed.
pub fn grounded(call: &PlannedCall, heard: &str, observations: &[&str]) -> bool {
    let known = |text: &str| heard.contains(text) || observed(observations, text);
    call.arguments
        .values()
        .all(|value| first_unknown(value, &known).is_none())
}

/// Whether every name and identifier in an agent's words (words with a capital or a digit) was heard
/// or observed before, whatever the case.
pub fn words_known(words: &str, messages: &[Message]) -> bool {
    let heard = |word: &str| {
        messages.iter().any(|message| match message {
            Message::User { text } | Message::Tool { text, .. } => holds(text, word),
            Message::Assistant { .. } => false,
        })
    };
    words
        .split(|c: char| !(c.is_alphanumeric() || c == '#' || c == '_' || c == '-'))
        .filter(|word| word.chars().any(|c| c.is_uppercase() || c.is_ascii_digit()))
        .all(heard)
}

fn holds(text: &str, word: &str) -> bool {
    text.contains(word) || text.to_lowercase().contains(&word.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::record::ToolCall;

    fn reads(id: &str) -> Message {
        let call = PlannedCall::new("get_order_details", [("order_id", id)]);
        let call = ToolCall {
            id: "call_1".to_owned(),
            name: call.name,
            arguments: call.arguments,
            malformed: None,
        };
        Message::Assistant {
            reasoning: String::new(),
            signed: None,
            text: String::new(),
            calls: vec![call],
        }
    }

    #[test]
    fn an_identifier_nobody_gave_is_a_guess() {
        let user = Message::User {
            text: "Cancel one of my orders.".to_owned(),
        };
        let guess = first_guess(&[user.clone(), reads("#W1")]);
        assert_eq!(
            guess,
            Some(("#W1".to_owned(), "get_order_details".to_owned()))
        );
        let told = Message::User {
            text: "It is #W1.".to_owned(),
        };
        assert_eq!(first_guess(&[user.clone(), told, reads("#W1")]), None);
        let tool = Message::Tool {
            call_id: "call_0".to_owned(),
            name: "get_user_details".to_owned(),
            text: r##"{"orders": ["#W1"]}"##.to_owned(),
            error: false,
        };
        assert_eq!(first_guess(&[user, tool.clone(), reads("#W1")]), None);
        assert!(words_known("#W1", std::slice::from_ref(&tool)));
        assert!(!words_known("#W1 (Desk Lamp)", &[tool]));
    }
}
