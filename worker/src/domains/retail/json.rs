//! JSON as Python reads it: whole numbers of any length, the last of equal keys counts, `NaN` and
//! `Infinity` are numbers.
//!
//! Arguments in comparisons with the benchmark are read with it, because what Python prints of them
//! is part of some error texts. A half of a surrogate pair becomes U+FFFD.

use std::collections::HashMap;

use super::object::Object;

/// A JSON value, as Python tells them apart.
#[derive(Debug, Clone, PartialEq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A whole number of 64 bits.
    Int(i64),
    /// A longer whole number: its digits.
    Long(String),
    /// Any other number.
    Float(f64),
    /// A text.
    Str(String),
    /// An array.
    List(Vec<Json>),
    /// An object; keys in order of their first appearance.
    Dict(Vec<(String, Json)>),
}

/// Text that is not JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not JSON at byte {at}: {wanted} expected")]
pub struct JsonError {
    /// Byte offset.
    pub at: usize,
    /// What would have been right.
    pub wanted: &'static str,
}

/// Deepest nesting that is read.
const DEEPEST: usize = 500;

impl Json {
    /// Reads one value that fills the text.
    pub fn parse(text: &str) -> Result<Self, JsonError> {
        let mut reader = Reader {
            text,
            at: 0,
            depth: 0,
        };
        let value = reader.value()?;
        reader.skip_spaces();
        if reader.at == text.len() {
            Ok(value)
        } else {
            reader.fail("the end")
        }
    }

    /// A field of an object.
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Dict(entries) => entries
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value),
            _ => None,
        }
    }
}

impl<'a> From<&'a Json> for Object<'a> {
    fn from(json: &'a Json) -> Self {
        match json {
            Json::Null => Self::None,
            Json::Bool(truth) => Self::Bool(*truth),
            Json::Int(number) => Self::Int(*number),
            Json::Long(digits) => Self::Long(digits),
            Json::Float(number) => Self::Float(*number),
            Json::Str(text) => Self::Str(text),
            Json::List(items) => Self::List(items.iter().map(Self::from).collect()),
            Json::Dict(entries) => Self::Dict(
                entries
                    .iter()
                    .map(|(key, value)| (key.as_str(), value.into()))
                    .collect(),
            ),
        }
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    fn fail<T>(&self, wanted: &'static str) -> Result<T, JsonError> {
        Err(JsonError {
            at: self.at,
            wanted,
        })
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_spaces(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn take(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        if found {
            self.at += text.len();
        }
        found
    }

    fn value(&mut self) -> Result<Json, JsonError> {
        self.skip_spaces();
        self.depth += 1;
        if self.depth > DEEPEST {
            return self.fail("less nesting");
        }
        let words = [
            ("null", Json::Null),
            ("true", Json::Bool(true)),
            ("false", Json::Bool(false)),
            ("NaN", Json::Float(f64::NAN)),
            ("Infinity", Json::Float(f64::INFINITY)),
            ("-Infinity", Json::Float(f64::NEG_INFINITY)),
        ];
        let value = match self.peek() {
            Some(b'"') => self.string().map(Json::Str),
            Some(b'[') => self.list(),
            Some(b'{') => self.dict(),
            _ => match words.into_iter().find(|(word, _)| self.take(word)) {
                Some((_, value)) => Ok(value),
                None => self.number(),
            },
        };
        self.depth -= 1;
        value
    }

    fn list(&mut self) -> Result<Json, JsonError> {
        self.at += 1;
        let mut items = Vec::new();
        self.skip_spaces();
        if self.take("]") {
            return Ok(Json::List(items));
        }
        loop {
            items.push(self.value()?);
            self.skip_spaces();
            if self.take("]") {
                return Ok(Json::List(items));
            }
            if !self.take(",") {
                return self.fail("`,` or `]`");
            }
        }
    }

    fn dict(&mut self) -> Result<Json, JsonError> {
        self.at += 1;
        let mut entries: Vec<(String, Json)> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        self.skip_spaces();
        if self.take("}") {
            return Ok(Json::Dict(entries));
        }
        loop {
            self.skip_spaces();
            let key = self.string()?;
            self.skip_spaces();
            if !self.take(":") {
                return self.fail("`:`");
            }
            let value = self.value()?;
            match places.get(&key) {
                Some(&place) => entries[place].1 = value,
                None => {
                    places.insert(key.clone(), entries.len());
                    entries.push((key, value));
                }
            }
            self.skip_spaces();
            if self.take("}") {
                return Ok(Json::Dict(entries));
            }
            if !self.take(",") {
                return self.fail("`,` or `}`");
            }
        }
    }

    fn string(&mut self) -> Result<String, JsonError> {
        if !self.take("\"") {
            return self.fail("`\"`");
        }
        let mut out = String::new();
        loop {
            let plain = self.rest().find(['"', '\\']).unwrap_or(self.rest().len());
            out.push_str(&self.rest()[..plain]);
            self.at += plain;
            if self.take("\"") {
                return Ok(out);
            }
            if !self.take("\\") {
                return self.fail("the end of a text");
            }
            self.escape(&mut out)?;
        }
    }

    fn escape(&mut self, out: &mut String) -> Result<(), JsonError> {
        let letter = match self.peek() {
            Some(letter @ (b'"' | b'\\' | b'/')) => char::from(letter),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                return self.unicode(out);
            }
            _ => return self.fail("an escape"),
        };
        self.at += 1;
        out.push(letter);
        Ok(())
    }

    fn unicode(&mut self, out: &mut String) -> Result<(), JsonError> {
        let mut units = vec![self.unit()?];
        if (0xd800..0xdc00).contains(&units[0]) && self.rest().starts_with("\\u") {
            let back = self.at;
            self.at += 2;
            let low = self.unit()?;
            if (0xdc00..0xe000).contains(&low) {
                units.push(low);
            } else {
                self.at = back;
            }
        }
        out.extend(
            char::decode_utf16(units).map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER)),
        );
        Ok(())
    }

    fn unit(&mut self) -> Result<u16, JsonError> {
        let digits = self
            .rest()
            .get(..4)
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match digits.and_then(|digits| u16::from_str_radix(digits, 16).ok()) {
            Some(unit) => {
                self.at += 4;
                Ok(unit)
            }
            None => self.fail("four hexadecimal digits"),
        }
    }

    fn number(&mut self) -> Result<Json, JsonError> {
        let start = self.at;
        self.take("-");
        let digits = self.digits();
        if digits == 0 || (digits > 1 && self.text.as_bytes()[self.at - digits] == b'0') {
            self.at = start;
            return self.fail("a value");
        }
        let mut float = false;
        if self.take(".") {
            float = true;
            if self.digits() == 0 {
                return self.fail("a digit");
            }
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            float = true;
            self.at += 1;
            if !self.take("+") {
                self.take("-");
            }
            if self.digits() == 0 {
                return self.fail("a digit");
            }
        }
        let text = &self.text[start..self.at];
        if float {
            return text
                .parse()
                .map_or_else(|_| self.fail("a number"), |number| Ok(Json::Float(number)));
        }
        Ok(text
            .parse()
            .map_or_else(|_| Json::Long(text.to_owned()), Json::Int))
    }

    fn digits(&mut self) -> usize {
        let count = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        self.at += count;
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repr(text: &str) -> String {
        let json = Json::parse(text).unwrap();
        let mut out = String::new();
        Object::from(&json).push_repr(&mut out);
        out
    }

    #[test]
    fn reads_like_python() {
        let cases = [
            (" [1, 2.50 ,-0,1e400] ", "[1, 2.5, 0, inf]"),
            (
                "123456789012345678901234567890",
                "123456789012345678901234567890",
            ),
            (r#"{"b":1,"a":2,"b":3}"#, "{'b': 3, 'a': 2}"),
            (r#""\u00e9\ud83d\ude00\n\"\/""#, "'é😀\\n\"/'"),
            (
                "[NaN, Infinity, -Infinity, null, true, {}]",
                "[nan, inf, -inf, None, True, {}]",
            ),
        ];
        for (json, wanted) in cases {
            assert_eq!(repr(json), wanted, "{json}");
        }
    }

    #[test]
    fn says_where_it_fails() {
        for (text, at) in [
            ("", 0),
            ("[1,]", 3),
            ("{\"a\" 1}", 5),
            ("01", 0),
            ("1 2", 2),
            ("\"ab", 3),
            ("tru", 0),
        ] {
            assert_eq!(Json::parse(text).unwrap_err().at, at, "{text}");
        }
        assert!(Json::parse(&"[".repeat(100_000)).is_err());
    }
}
