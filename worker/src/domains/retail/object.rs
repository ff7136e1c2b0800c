//! An argument as Python sees it: what a tool may do with a value of a type it did not expect.

use std::borrow::Cow;
use std::fmt::Write;

use proto::record::Value;

use super::python;
use super::refusal::Refusal;

/// A JSON value as a Python object, borrowed from the call.
#[derive(Debug, Clone, PartialEq)]
pub enum Object<'a> {
    /// `None`
    None,
    /// `True` or `False`
    Bool(bool),
    /// A whole number of 64 bits.
    Int(i64),
    /// A longer whole number, by its decimal digits.
    Long(&'a str),
    /// A float.
    Float(f64),
    /// A text.
    Str(&'a str),
    /// A list.
    List(Vec<Object<'a>>),
    /// A dict in its order of insertion.
    Dict(Vec<(&'a str, Object<'a>)>),
}

impl<'a> From<&'a Value> for Object<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::None,
            Value::Bool(truth) => Self::Bool(*truth),
            Value::Int(number) => Self::Int(*number),
            Value::Float(number) => Self::Float(*number),
            Value::Str(text) => Self::Str(text),
            Value::List(items) => Self::List(items.iter().map(Self::from).collect()),
            Value::Map(map) => Self::Dict(
                map.iter()
                    .map(|(key, value)| (key.as_str(), Self::from(value)))
                    .collect(),
            ),
        }
    }
}

impl<'a> Object<'a> {
    /// Name of its Python type.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::None => "NoneType",
            Self::Bool(_) => "bool",
            Self::Int(_) | Self::Long(_) => "int",
            Self::Float(_) => "float",
            Self::Str(_) => "str",
            Self::List(_) => "list",
            Self::Dict(_) => "dict",
        }
    }

    /// As a key among texts: `Some` text, `None` for what can be a key but is no text.
    pub fn key(&self) -> Result<Option<&'a str>, Refusal> {
        match self {
            Self::Str(text) => Ok(Some(text)),
            Self::List(_) | Self::Dict(_) => Err(Refusal::python(format!(
                "unhashable type: '{}'",
                self.type_name()
            ))),
            _ => Ok(None),
        }
    }

    /// What iterating over it yields: the items of a list, the letters of a text, the keys of a dict.
    pub fn elements(&self) -> Result<Cow<'_, [Object<'a>]>, Refusal> {
        match self {
            Self::List(items) => Ok(Cow::Borrowed(items)),
            Self::Str(text) => Ok(text
                .char_indices()
                .map(|(at, letter)| Self::Str(&text[at..at + letter.len_utf8()]))
                .collect()),
            Self::Dict(entries) => Ok(entries.iter().map(|(key, _)| Self::Str(key)).collect()),
            _ => Err(Refusal::python(format!(
                "'{}' object is not iterable",
                self.type_name()
            ))),
        }
    }

    /// Like [`Self::elements`], for a use that asks for the length first.
    pub fn sized_elements(&self) -> Result<Cow<'_, [Object<'a>]>, Refusal> {
        self.elements().map_err(|_| {
            Refusal::python(format!(
                "object of type '{}' has no len()",
                self.type_name()
            ))
        })
    }

    /// Its text in lower case, as the method `lower` gives it.
    pub fn lower(&self) -> Result<String, Refusal> {
        match self {
            Self::Str(text) => Ok(text.to_lowercase()),
            _ => Err(Refusal::python(format!(
                "'{}' object has no attribute 'lower'",
                self.type_name()
            ))),
        }
    }

    /// Appends `str(self)`.
    pub fn push_text(&self, out: &mut String) {
        match self {
            Self::Str(text) => out.push_str(text),
            _ => self.push_repr(out),
        }
    }

    /// Appends `repr(self)`.
    pub fn push_repr(&self, out: &mut String) {
        match self {
            Self::None => out.push_str("None"),
            Self::Bool(true) => out.push_str("True"),
            Self::Bool(false) => out.push_str("False"),
            Self::Int(number) => write!(out, "{number}").expect("a String takes every write"),
            Self::Long(digits) => out.push_str(digits),
            Self::Float(number) => python::push_float(out, *number),
            Self::Str(text) => push_quoted(out, text),
            Self::List(items) => {
                out.push('[');
                for (place, item) in items.iter().enumerate() {
                    out.push_str(if place == 0 { "" } else { ", " });
                    item.push_repr(out);
                }
                out.push(']');
            }
            Self::Dict(entries) => {
                out.push('{');
                for (place, (key, value)) in entries.iter().enumerate() {
                    out.push_str(if place == 0 { "" } else { ", " });
                    push_quoted(out, key);
                    out.push_str(": ");
                    value.push_repr(out);
                }
                out.push('}');
            }
        }
    }
}

/// Python's `repr` of a text.
fn push_quoted(out: &mut String, text: &str) {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    out.push(quote);
    for letter in text.chars() {
        match letter {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ if letter == quote => out.extend(['\\', quote]),
            ' '..='~' => out.push(letter),
            _ if letter.is_control() || letter.is_whitespace() || is_invisible(letter) => {
                let code = u32::from(letter);
                match code {
                    0..=0xff => write!(out, "\\x{code:02x}"),
                    0x100..=0xffff => write!(out, "\\u{code:04x}"),
                    _ => write!(out, "\\U{code:08x}"),
                }
                .expect("a String takes every write");
            }
            _ => out.push(letter),
        }
    }
    out.push(quote);
}

/// Format characters, private use and noncharacters, which Python escapes.
fn is_invisible(letter: char) -> bool {
    matches!(letter,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{e000}'..='\u{f8ff}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}'
        | '\u{e0000}'..='\u{10ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_like_python() {
        let cases = [
            ("null", "None"),
            ("true", "True"),
            ("3", "3"),
            ("3.0", "3.0"),
            ("\"it's\"", "it's"),
            (
                r#"["it's", "a\"b'", 1, [null]]"#,
                r#"["it's", 'a"b\'', 1, [None]]"#,
            ),
            (r#"{"b":[1.5],"a":false}"#, "{'a': False, 'b': [1.5]}"),
            (r#"["é\u0001\n\u00a0"]"#, "['é\\x01\\n\\xa0']"),
        ];
        for (json, text) in cases {
            let value = Value::parse(json).unwrap();
            let mut out = String::new();
            Object::from(&value).push_text(&mut out);
            assert_eq!(out, text);
        }
    }
}
