//! A value as it was given, made one of its setting's kind, or refused in its author's words.

use std::fmt::Display;

use config::ValueKind;
use proto::excerpt::excerpt;
use serde_json::{Number, Value as Json};

use super::table::{Kind, Setting};
use super::{SettingsError, Source};
use crate::plan::money::{Dollars, Price};
use crate::plan::partition::Partition;

/// The value as its setting wants it, or what is wrong with it.
pub(super) fn typed(
    setting: &Setting,
    key: &str,
    value: ValueKind,
    source: &Source,
) -> Result<Json, SettingsError> {
    let refused = written(&value);
    let typed = match (setting.kind, value) {
        (Kind::Text, ValueKind::String(text)) => Some(Json::from(text)),
        (Kind::Choice(words), ValueKind::String(text)) => {
            words.contains(&text.as_str()).then(|| Json::from(text))
        }
        (Kind::Truth, ValueKind::Boolean(truth)) => Some(Json::from(truth)),
        (Kind::Part, ValueKind::String(text)) => {
            text.parse::<Partition>().is_ok().then(|| Json::from(text))
        }
        (Kind::Whole(least, most), value) => whole(&value, most)
            .filter(|number| (least..=most).contains(number))
            .map(Json::from),
        (Kind::Number(least, most), value) => number(&value, least, most),
        (Kind::Price, value) => dollars(&value, |text| text.parse::<Price>().is_ok()),
        (Kind::Dollars, value) => dollars(&value, |text| text.parse::<Dollars>().is_ok()),
        (Kind::Texts, ValueKind::Array(items)) => return texts(setting, key, items, source),
        (Kind::Table, value @ ValueKind::Table(_)) => json(value),
        _ => None,
    };
    typed.ok_or_else(|| wrong(key, source, refused, setting.kind.to_string()))
}

fn whole(value: &ValueKind, most: u64) -> Option<u64> {
    match value {
        ValueKind::I64(number) => u64::try_from(*number).ok(),
        ValueKind::U64(number) => Some(*number),
        // TOML's numbers end below the largest seed
        ValueKind::String(text) if most == u64::MAX => text.parse().ok(),
        _ => None,
    }
}

fn number(value: &ValueKind, least: f64, most: f64) -> Option<Json> {
    let number = match value {
        ValueKind::String(text) if text.is_empty() => return Some(Json::Null),
        ValueKind::Float(number) => *number,
        ValueKind::I64(number) => *number as f64,
        _ => return None,
    };
    let fits = (least..=most).contains(&number);
    fits.then(|| Json::from(number))
}

/// Decimal text, kept as text: a number is the shortest that stands for it.
fn dollars(value: &ValueKind, exact: impl Fn(&str) -> bool) -> Option<Json> {
    let text = match value {
        ValueKind::String(text) if text.is_empty() => return Some(Json::Null),
        ValueKind::String(text) => text.clone(),
        ValueKind::I64(number) => number.to_string(),
        ValueKind::Float(number) => number.to_string(),
        _ => return None,
    };
    exact(&text).then(|| Json::from(text))
}

fn texts(
    setting: &Setting,
    key: &str,
    items: Vec<config::Value>,
    source: &Source,
) -> Result<Json, SettingsError> {
    let text = |item: config::Value| match item.kind {
        ValueKind::String(text) => Ok(Json::from(text)),
        other => {
            let value = format!("a list with {} in it", written(&other));
            Err(wrong(key, source, value, setting.kind.to_string()))
        }
    };
    items.into_iter().map(text).collect()
}

/// The same as JSON, if all of it can be said in TOML and in JSON.
fn json(value: ValueKind) -> Option<Json> {
    match value {
        ValueKind::Nil | ValueKind::I128(_) | ValueKind::U128(_) => None,
        ValueKind::Boolean(truth) => Some(truth.into()),
        ValueKind::I64(number) => Some(number.into()),
        ValueKind::U64(number) => i64::try_from(number).ok().map(Json::from),
        ValueKind::Float(number) => Number::from_f64(number).map(Json::Number),
        ValueKind::String(text) => Some(text.into()),
        ValueKind::Array(items) => items.into_iter().map(|item| json(item.kind)).collect(),
        ValueKind::Table(fields) => fields
            .into_iter()
            .map(|(name, field)| Some((name, json(field.kind)?)))
            .collect::<Option<serde_json::Map<String, Json>>>()
            .map(Json::Object),
    }
}

/// That a value is not what may stand there.
pub(super) fn wrong(key: &str, source: &Source, value: String, expected: String) -> SettingsError {
    SettingsError::WrongValue {
        key: key.to_owned(),
        place: source.clone(),
        value,
        expected,
    }
}

/// A value as its author wrote it, shortened.
pub(super) fn written(value: &ValueKind) -> String {
    fn code(value: impl Display) -> String {
        format!("`{value}`")
    }
    match value {
        ValueKind::Nil => "nothing".to_owned(),
        ValueKind::Table(_) => "a table".to_owned(),
        ValueKind::Array(items) => format!("a list of {}", items.len()),
        ValueKind::String(text) => format!("the string \"{}\"", excerpt(text, 60)),
        ValueKind::Boolean(truth) => code(truth),
        ValueKind::Float(number) => code(number),
        ValueKind::I64(number) => code(number),
        ValueKind::U64(number) => code(number),
        ValueKind::I128(number) => code(number),
        ValueKind::U128(number) => code(number),
    }
}
