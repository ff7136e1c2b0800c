//! The closed vocabulary by which one parser reads every agent, scripted or model, and the words in
//! which scripted agents speak of a domain's matters.

use std::sync::OnceLock;

use crate::language::grammar::Phrases;

use super::scan::Scanner;

/// Names, each with its phrases.
pub type Table = Vec<(&'static str, Vec<&'static str>)>;

/// A status as it stands, which speaks against some writes only: that an order is delivered bars its
/// cancellation, never its return.
#[derive(Debug, Clone)]
pub struct Fact {
    /// The class of reasons it gives.
    pub reason: &'static str,
    /// The writes it bars.
    pub bars: Vec<&'static str>,
    /// Phrases that state it: "is processed".
    pub phrases: Vec<&'static str>,
}

/// Words of one domain. All phrases are lower case and match whole words; one that ends in `*`
/// matches words that begin so. A phrase that lies within a longer one of the same table does not
/// count there: "not been delivered" is not "been delivered".
#[derive(Debug, Clone, Default)]
pub struct Lexicon {
    /// Questions that ask for a slot: "which order", "order number". `identity` is a slot too.
    pub slots: Table,
    /// Phrases that give a class of reasons: `not_pending`: "already been delivered", "no longer pending".
    pub reasons: Table,
    /// Statuses that give a reason against some writes. Where no write is named, the first counts.
    pub facts: Vec<Fact>,
    /// Classes of reasons, each with the status whose want is the reason: `not_pending`: "pending".
    pub statuses: Table,
    /// Nouns of measures: a number before one is no count of what is asked for ("6 slots").
    pub units: Vec<&'static str>,
    /// Words that a sentence answering a question of a topic holds.
    pub topics: Table,
    /// Phrases that report a write of this domain as done, beside those of every domain: "been closed".
    pub reports: Vec<&'static str>,
    /// Participles of this domain's writes, beside those of every domain: "closed" in "I've now closed".
    pub done: Vec<&'static str>,
    /// Pairs of slots whose values look alike: what is there, and what is wanted in its place. Offered
    /// together, they count as an offer of the latter.
    pub paired: Vec<(&'static str, &'static str)>,
    /// How a scripted agent puts things.
    pub wording: Wording,
    scanner: OnceLock<Scanner>,
}

impl Lexicon {
    /// A vocabulary; the tables must not change once it has been used.
    pub fn new(slots: Table, reasons: Table, topics: Table, wording: Wording) -> Self {
        Self {
            slots,
            reasons,
            topics,
            facts: Vec::new(),
            statuses: Vec::new(),
            units: Vec::new(),
            reports: Vec::new(),
            done: Vec::new(),
            paired: Vec::new(),
            wording,
            scanner: OnceLock::new(),
        }
    }

    /// The same, with phrases and participles that report a write as done.
    #[must_use]
    pub fn reporting(mut self, reports: &[&'static str], done: &[&'static str]) -> Self {
        self.reports = reports.to_vec();
        self.done = done.to_vec();
        self
    }

    /// The same, with statuses: those that must hold, and those that stand in the way.
    #[must_use]
    pub fn needing(mut self, statuses: Table, facts: Vec<Fact>) -> Self {
        self.statuses = statuses;
        self.facts = facts;
        self
    }

    /// The same, with nouns of measures.
    #[must_use]
    pub fn measuring(mut self, units: &[&'static str]) -> Self {
        self.units = units.to_vec();
        self
    }

    /// The same, with pairs of slots whose values look alike.
    #[must_use]
    pub fn pairing(mut self, paired: &[(&'static str, &'static str)]) -> Self {
        self.paired = paired.to_vec();
        self
    }

    /// The compiled phrases, built at first use.
    pub(crate) fn scanner(&self) -> &Scanner {
        self.scanner.get_or_init(|| Scanner::new(self))
    }
}

/// How a scripted agent speaks of a domain's matters. Every template must be understood by the
/// parser as what it is for; a test of the domain renders them all.
#[derive(Debug, Clone, Default)]
pub struct Wording {
    /// A write by tool, as what is to be done: "cancel order $order_id". Slots are the call's
    /// arguments; lists are joined.
    pub wishes: Vec<(&'static str, Phrases)>,
    /// An open question by slot, without its question mark: "which order is it about".
    pub asks: Vec<(&'static str, Phrases)>,
    /// Why something is declined, by class of reasons: "it has already been delivered".
    pub refusals: Vec<(&'static str, Phrases)>,
    /// A sentence that gives an answer, by topic: "the total comes to $value".
    pub answers: Vec<(&'static str, Phrases)>,
}

/// The phrases under `name`, if there are any.
pub fn words<'a>(table: &'a [(&'static str, Phrases)], name: &str) -> Option<&'a Phrases> {
    table
        .iter()
        .find(|(key, _)| *key == name)
        .map(|(_, phrases)| phrases)
}
