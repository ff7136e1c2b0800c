//! Structured replies: a JSON object of a known form, read from whatever a model wraps it in.

use std::borrow::Cow;

use proto::excerpt::excerpt;
use proto::record::Value;
use serde::de::DeserializeOwned;

/// The object in a reply's text, or what is wrong with it, in words that can be told to the model.
pub fn object<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let text = unfenced(text);
    let begin = text.find('{').ok_or("there is no JSON object in it")?;
    let mut values = serde_json::Deserializer::from_str(&text[begin..]).into_iter::<T>();
    let first = values.next().ok_or("there is no JSON object in it")?;
    first.map_err(|error| {
        let error = error.to_string();
        format!(
            "it is not of the form that was asked for: {}",
            brief(&error)
        )
    })
}

/// The beginning of what a model wrote, to be told to it, or to whoever reads why something failed.
pub fn brief(text: &str) -> Cow<'_, str> {
    excerpt(text, 300)
}

/// The JSON value at the beginning of a text; what stands behind it is talk.
pub fn first_value(text: &str) -> Option<Value> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    values.next()?.ok()
}

/// A text without the code fence around it.
pub fn unfenced(text: &str) -> &str {
    let text = text.trim();
    let Some(inside) = text.strip_prefix("```") else {
        return text;
    };
    let inside = inside.strip_prefix("json").unwrap_or(inside);
    inside.split("```").next().unwrap_or(inside).trim()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn an_object_is_found_in_what_is_around_it() {
        type Read = BTreeMap<String, i64>;
        let wanted: Read = [("a".to_owned(), 1)].into();
        for text in [
            r#"{"a":1}"#,
            "```json\n{\"a\": 1}\n```",
            "Sure! {\"a\": 1} I hope that helps.",
        ] {
            assert_eq!(object::<Read>(text).unwrap(), wanted, "{text}");
        }
        for text in ["", "none", "{\"a\": ", "{\"a\": \"one\"}"] {
            assert!(object::<Read>(text).is_err(), "{text}");
        }
        let long = format!("{{\"a\": \"{}\"}}", "é".repeat(1 << 20));
        let told = object::<Read>(&long).unwrap_err();
        assert!(told.chars().count() < 400, "{}", told.len());
    }
}
