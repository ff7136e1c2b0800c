//! JSON values in a form that is canonical, hashable and fit for a binary encoding.
//!
//! `serde_json::Value` cannot be decoded from a format that does not describe itself; this type is
//! plain JSON in text formats and a tagged enum in binary ones. Integers and floats are told apart
//! (`2` and `2.0` differ), as the benchmark's arithmetic does. Neither form is read deeper than JSON
//! text is.

mod nested;

use std::collections::BTreeMap;
use std::fmt;

use serde::de::DeserializeSeed as _;
use serde::{Deserialize, Serialize};

use nested::{DEEPEST, Nested};

/// Named values, as the arguments of a tool call.
pub type Map = BTreeMap<String, Value>;

/// A JSON value.
#[derive(Clone, PartialEq)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number without fraction or exponent, within 64 bits.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// A text.
    Str(String),
    /// An array.
    List(Vec<Value>),
    /// An object; keys in byte order.
    Map(Map),
}

impl Value {
    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The items, if it is a list.
    pub fn as_list(&self) -> Option<&[Value]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// The fields, if it is an object.
    pub fn as_map(&self) -> Option<&Map> {
        match self {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    /// A list of texts.
    pub fn texts<T: Into<String>>(items: impl IntoIterator<Item = T>) -> Self {
        Self::List(
            items
                .into_iter()
                .map(|item| Self::Str(item.into()))
                .collect(),
        )
    }

    /// Parses JSON text.
    pub fn parse(json: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Str(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Str(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<serde_json::Value> for Value {
    fn from(json: serde_json::Value) -> Self {
        use serde_json::Value as Json;
        match json {
            Json::Null => Self::Null,
            Json::Bool(truth) => Self::Bool(truth),
            Json::Number(number) => match number.as_i64() {
                Some(int) => Self::Int(int),
                None => Self::Float(number.as_f64().unwrap_or(f64::NAN)),
            },
            Json::String(text) => Self::Str(text),
            Json::Array(items) => Self::List(items.into_iter().map(Self::from).collect()),
            Json::Object(map) => {
                Self::Map(map.into_iter().map(|(k, v)| (k, Self::from(v))).collect())
            }
        }
    }
}

/// Compact JSON.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for Value {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return match self {
                Self::Null => serializer.serialize_unit(),
                Self::Bool(truth) => serializer.serialize_bool(*truth),
                Self::Int(number) => serializer.serialize_i64(*number),
                Self::Float(number) => serializer.serialize_f64(*number),
                Self::Str(text) => serializer.serialize_str(text),
                Self::List(items) => items.serialize(serializer),
                Self::Map(map) => map.serialize(serializer),
            };
        }
        let name = "Value";
        match self {
            Self::Null => serializer.serialize_unit_variant(name, 0, "Null"),
            Self::Bool(truth) => serializer.serialize_newtype_variant(name, 1, "Bool", truth),
            Self::Int(number) => serializer.serialize_newtype_variant(name, 2, "Int", number),
            Self::Float(number) => serializer.serialize_newtype_variant(name, 3, "Float", number),
            Self::Str(text) => serializer.serialize_newtype_variant(name, 4, "Str", text),
            Self::List(items) => serializer.serialize_newtype_variant(name, 5, "List", items),
            Self::Map(map) => serializer.serialize_newtype_variant(name, 6, "Map", map),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return serde_json::Value::deserialize(deserializer).map(Self::from);
        }
        Nested(DEEPEST).deserialize(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_and_binary_agree() {
        let value = Value::parse(r#"{"a":[1,1.0,null,true,"x"],"b":{"c":-3}}"#).unwrap();
        let text = serde_json::to_string(&value).unwrap();
        assert_eq!(text, r#"{"a":[1,1.0,null,true,"x"],"b":{"c":-3}}"#);
        let bytes = crate::wire::encode_bare(&value).unwrap();
        let back: Value = crate::wire::decode_bare(&bytes).unwrap();
        assert_eq!(back, value);
    }

    #[test]
    fn nesting_is_read_as_deep_as_json_and_no_deeper() {
        let nested = |levels| (0..levels).fold(Value::Null, |value, _| Value::List(vec![value]));
        let read = |levels| {
            let bytes = crate::wire::encode_bare(&nested(levels)).unwrap();
            crate::wire::decode_bare::<Value>(&bytes)
        };
        assert_eq!(read(128).unwrap(), nested(128));
        let error = read(129).unwrap_err().to_string();
        assert!(error.contains("deeper than 128"), "{error}");
        // Two bytes a level: what no stack holds is refused at the same place.
        let hostile = [5, 1].repeat(1_000_000);
        assert!(crate::wire::decode_bare::<Value>(&hostile).is_err());
        let deep = nested(127).to_string();
        assert_eq!(Value::parse(&deep).unwrap(), nested(127));
    }
}
