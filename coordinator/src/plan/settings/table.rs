//! The one table of settings: key, type, range, flag and meaning.
//!
//! Reading, error messages, `t2t plan show` and the reference in `deploy/CONFIG.md` all come from
//! it. A test holds it against the fields of [`Plan`](crate::plan::Plan). A key with a `*` in it is that
//! of every model: the star stands for a name of the plan's own.

mod fixed;
mod models;
mod variables;

use std::fmt;

pub use fixed::FIXED;
pub use models::MODELS;
pub use variables::{OTHER_VARIABLES, PREFIX};

/// What a setting's value may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// A string.
    Text,
    /// A list of strings; comma-separated in the environment.
    Texts,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A whole number, both ends included.
    Whole(u64, u64),
    /// Any number, both ends included; empty for none.
    Number(f64, f64),
    /// Dollars for a million tokens; empty for none.
    Price,
    /// Dollars; empty for none.
    Dollars,
    /// `true` or `false`.
    Truth,
    /// A part of the whole.
    Part,
    /// Whatever JSON can say in an object, but for `null`.
    Table,
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dollars = "dollars as a decimal number with at most";
        match *self {
            Self::Text => out.write_str("a string"),
            Self::Texts => out.write_str("a list of strings"),
            Self::Choice(words) => write!(out, "one of {}", words.join(", ")),
            Self::Whole(0, u64::MAX) => out.write_str("a whole number below 2^64"),
            Self::Whole(least, most) => write!(out, "a whole number from {least} to {most}"),
            Self::Number(least, most) => write!(out, "a number from {least} to {most}, or empty"),
            Self::Price => write!(out, "{dollars} 3 places, or empty"),
            Self::Dollars => write!(out, "{dollars} 9 places, or empty"),
            Self::Truth => out.write_str("true or false"),
            Self::Part => out.write_str("a part such as `2/3`: I/N with I from 1 to N"),
            Self::Table => out.write_str("a table without null in it"),
        }
    }
}

/// One setting of a plan.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Path of the key, dotted: `world.orders`; with `*` for the name of a model.
    pub key: &'static str,
    /// What its value may be.
    pub kind: Kind,
    /// Name of the flag that sets it, without dashes; empty if there is none.
    pub flag: &'static str,
    /// What it means, as one Markdown sentence or two.
    pub meaning: &'static str,
}

const fn setting(
    key: &'static str,
    kind: Kind,
    flag: &'static str,
    meaning: &'static str,
) -> Setting {
    Setting {
        key,
        kind,
        flag,
        meaning,
    }
}

impl Setting {
    /// Name of the variable that sets it: `T2T_WORLD__ORDERS`, `T2T_MODELS__NAME__URL`.
    pub fn variable(&self) -> String {
        variable(&self.of("NAME"))
    }

    /// Its key for the model with this name; its only key, if it is not a model's.
    pub fn of(&self, model: &str) -> String {
        self.key.replace('*', model)
    }

    /// Section and name within it; the section is empty at the top.
    pub fn parts(&self) -> (&'static str, &'static str) {
        self.key.rsplit_once('.').unwrap_or(("", self.key))
    }

    /// Whether this is its key.
    fn has(&self, key: &str) -> bool {
        self.lies_in(key) && self.key.split('.').count() == key.split('.').count()
    }

    /// Whether its key is this or begins so.
    fn lies_in(&self, key: &str) -> bool {
        let mut parts = self.key.split('.');
        key.split('.').all(|given| {
            parts
                .next()
                .is_some_and(|part| part == "*" || part == given)
        })
    }
}

/// Name of the variable that sets what has this key.
pub fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "__").to_uppercase())
}

/// Every setting, those of models last.
pub fn all() -> impl Iterator<Item = &'static Setting> {
    FIXED.iter().chain(&MODELS)
}

/// The setting with this key.
pub fn find(key: &str) -> Option<&'static Setting> {
    all().find(|setting| setting.has(key))
}

/// The settings in a section, and in those within it; none when there is no such section.
pub fn section(key: &str) -> impl Iterator<Item = &'static Setting> {
    all().filter(move |setting| setting.lies_in(key) && !setting.has(key))
}

/// What the name of a model may be.
pub const NAME: &str =
    "at most 40 small letters, digits, `-` and `_`, the first a letter, with no `__`";

/// Whether a model may be called so: its name stands in keys, in variables and in rows.
pub fn is_name(text: &str) -> bool {
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    text.len() <= 40
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(allowed)
        && !text.contains("__")
}

/// The known key that was most likely meant, if one is near.
pub fn nearest(key: &str) -> Option<String> {
    let of_model = key.strip_prefix("models.");
    if let Some((model, name)) = of_model.and_then(|rest| rest.split_once('.')) {
        let names = MODELS.iter().map(|setting| setting.parts().1.to_owned());
        return near(name, names).map(|name| format!("models.{model}.{name}"));
    }
    let keys = FIXED.iter().map(|setting| setting.key.to_owned());
    let sections = all().map(|setting| match setting.parts().0 {
        "models.*" => "models".to_owned(),
        section => section.to_owned(),
    });
    closest(key, keys.chain(sections), distance)
}

/// What of the `known` was most likely meant, if anything is near.
pub fn near(text: &str, known: impl IntoIterator<Item = String>) -> Option<String> {
    closest(text, known, strsim::damerau_levenshtein)
}

fn closest(
    text: &str,
    known: impl IntoIterator<Item = String>,
    distance: fn(&str, &str) -> usize,
) -> Option<String> {
    let known = known.into_iter().filter(|known| !known.is_empty());
    let scored = known.map(|known| (distance(text, &known), known));
    let (distance, nearest) = scored.min_by_key(|&(distance, _)| distance)?;
    (distance <= (text.len() / 3).max(1)).then_some(nearest)
}

/// Edits between two keys; one in the wrong section is a single edit away.
fn distance(key: &str, known: &str) -> usize {
    let key = key.to_lowercase().replace('-', "_");
    let whole = strsim::damerau_levenshtein(&key, known);
    let name = |key: &str| key.rsplit('.').next().unwrap_or_default().to_owned();
    whole.min(1 + strsim::damerau_levenshtein(&name(&key), &name(known)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_find_the_key_that_was_meant() {
        for (slip, wanted) in [
            ("task", Some("tasks")),
            ("agent", Some("agents")),
            ("orders", Some("world.orders")),
            ("world.order", Some("world.orders")),
            ("world.poeple", Some("world.people")),
            ("max-candidates", Some("max_candidates")),
            ("dataset.licence", Some("dataset.license")),
            ("datasets", Some("dataset")),
            ("dataset.mix", Some("mix")),
            ("model", Some("models")),
            ("models.small.ulr", Some("models.small.url")),
            ("models.small.topp", Some("models.small.top_p")),
            ("models.tasks.max_token", Some("models.tasks.max_tokens")),
            ("models.small.colour", None),
            ("temperature", None),
            ("x", None),
        ] {
            assert_eq!(nearest(slip).as_deref(), wanted, "{slip}");
        }
    }

    #[test]
    fn a_star_stands_for_one_name() {
        assert_eq!(find("models.small.url").unwrap().key, "models.*.url");
        for key in [
            "models.url",
            "models.a.b.url",
            "models.small",
            "models",
            "world",
        ] {
            assert!(find(key).is_none(), "{key}");
        }
        assert_eq!(section("models").count(), MODELS.len());
        assert_eq!(section("models.small").count(), MODELS.len());
        assert_eq!(section("models.small.url").count(), 0);
        for name in ["small", "gpt-5_mini", "a1"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "Small", "1a", "a.b", "a__b", "a b", &"a".repeat(41)] {
            assert!(!is_name(name), "{name}");
        }
    }

    #[test]
    fn variables_are_the_keys_in_capitals() {
        for (key, variable) in [
            ("world.orders", "T2T_WORLD__ORDERS"),
            ("max_candidates", "T2T_MAX_CANDIDATES"),
            ("models.small.top_p", "T2T_MODELS__NAME__TOP_P"),
        ] {
            assert_eq!(find(key).unwrap().variable(), variable);
        }
        for setting in all() {
            for (prefix, _) in OTHER_VARIABLES {
                assert!(
                    !setting.variable().starts_with(prefix),
                    "{} is hidden",
                    setting.key
                );
            }
        }
    }
}
