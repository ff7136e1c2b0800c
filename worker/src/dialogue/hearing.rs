//! What was read of a text once, for conversations that repeat each other's words.
//!
//! A proof runs some forty conversations over one task, and most of what is said in one was said in
//! another. Reading is a function of domain and text, so remembering it changes no result.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::facts::{AgentFacts, UserFacts, read_agent, read_user};
use crate::domains::Domain;

/// Longer texts, in bytes, are read each time: recitals that nobody repeats.
const LONGEST: usize = 2048;

/// Facts by text, of one domain; kept for as long as one proof takes.
#[derive(Debug, Default)]
pub struct Hearing {
    agent: Mutex<HashMap<String, Arc<AgentFacts>>>,
    user: Mutex<HashMap<String, UserFacts>>,
}

impl Hearing {
    /// As [`read_agent`].
    pub fn agent(&self, domain: &dyn Domain, text: &str) -> Arc<AgentFacts> {
        remember(&self.agent, text, || Arc::new(read_agent(domain, text)))
    }

    /// As [`read_user`].
    pub fn user(&self, text: &str) -> UserFacts {
        remember(&self.user, text, || read_user(text))
    }
}

fn remember<T: Clone>(
    known: &Mutex<HashMap<String, T>>,
    text: &str,
    read: impl FnOnce() -> T,
) -> T {
    if text.len() > LONGEST {
        return read();
    }
    // A reader that panicked has put nothing half-made into the map.
    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(facts) = known.get(text) {
        return facts.clone();
    }
    let facts = read();
    known.insert(text.to_owned(), facts.clone());
    facts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_once_unless_it_is_long() {
        let known = Mutex::default();
        let mut read = 0;
        for text in ["yes", "no", "yes", "yes"] {
            let facts = remember(&known, text, || {
                read += 1;
                text.len()
            });
            assert_eq!(facts, text.len());
        }
        assert_eq!(read, 2);
        let long = "x".repeat(LONGEST + 1);
        assert_eq!(remember(&known, &long, || 5), 5);
        assert_eq!(remember(&known, &long, || 6), 6);
    }

    #[test]
    fn what_is_remembered_is_what_was_read() {
        let hearing = Hearing::default();
        for text in ["Yes, go ahead.", "No, not that.", "Yes, go ahead.", ""] {
            assert_eq!(hearing.user(text), read_user(text));
        }
    }
}
