//! A persona's manner is how somebody speaks. It has nothing to say of the case, and is held to
//! that: a user that is given it must know what the script says, and no more.

use proto::record::Value;

use super::scan::Scanner;
use super::{Checker, MANNER_LIMIT};
use crate::language::phrasing::{Fact, Part};

impl Checker<'_> {
    /// Holds the manner to its form and to telling nothing; templates give none.
    pub(super) fn manner(&self) -> Result<(), String> {
        let manner = self.task.script.persona.manner.as_str();
        if manner.is_empty() {
            return Ok(());
        }
        if let Some(wrong) = misshapen(manner) {
            return Err(format!("the manner {wrong}: {manner:?}"));
        }
        match self.told(&Scanner::new(manner)) {
            Some(word) => Err(format!(
                "the manner names {word:?}, and no fact of the case belongs there: {manner:?}"
            )),
            None => Ok(()),
        }
    }

    /// What a text tells of the slots, the person or the person's world.
    fn told(&self, scanner: &Scanner) -> Option<String> {
        let slots = || self.task.intent.goals.iter().flat_map(|goal| &goal.slots);
        let mut facts = self.facts(slots().flat_map(|slot| &slot.says));
        facts.extend(self.framing());
        let reach = self.person.iter().chain(&self.world);
        let mut all = facts.iter().chain(reach);
        let word = all.find_map(|fact| stated(scanner, fact));
        word.map(str::to_owned)
            .or_else(|| slots().find_map(|slot| valued(scanner, &slot.value)))
    }
}

/// What is wrong with a manner whatever the case is.
fn misshapen(manner: &str) -> Option<String> {
    let characters = manner.chars().count();
    if manner.trim().is_empty() {
        Some("says nothing".to_owned())
    } else if manner.contains(char::is_control) {
        Some("is more than one paragraph".to_owned())
    } else if manner.contains(char::is_numeric) {
        Some("holds a number".to_owned())
    } else if characters > MANNER_LIMIT {
        Some(format!(
            "has {characters} characters, and {MANNER_LIMIT} are the most"
        ))
    } else {
        None
    }
}

/// A wording in which a text states a fact: of a telling part, or of the first where all are there.
fn stated<'f>(scanner: &Scanner, fact: &'f Fact) -> Option<&'f str> {
    let held = |part: &'f Part| {
        let mut wordings = part.wordings.iter();
        let found = wordings.find(|wording| scanner.holds(wording));
        found.map(String::as_str)
    };
    let mut telling = fact.parts.iter().filter(|part| part.telling);
    telling.find_map(held).or_else(|| {
        let all: Option<Vec<&str>> = fact.parts.iter().map(held).collect();
        all?.first().copied()
    })
}

/// A text within a value that another text holds.
fn valued(scanner: &Scanner, value: &Value) -> Option<String> {
    match value {
        Value::Str(text) => scanner.holds(text).then(|| text.clone()),
        Value::List(items) => items.iter().find_map(|item| valued(scanner, item)),
        Value::Map(fields) => fields.values().find_map(|field| valued(scanner, field)),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) => None,
    }
}
