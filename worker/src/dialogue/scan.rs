//! One pass over a text that finds every phrase of a lexicon and every general marker.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::lexicon::{Lexicon, Table};
use super::markers::{MARKERS, Marker};

/// What a phrase stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// Place in `Lexicon::slots`.
    Slot(u8),
    /// Place in `Lexicon::reasons`.
    Reason(u8),
    /// Place in `Lexicon::facts`.
    Fact(u8),
    /// Place in `Lexicon::statuses`.
    Status(u8),
    /// Place in `Lexicon::topics`.
    Topic(u8),
    /// A general marker.
    Marker(Marker),
}

impl Class {
    /// Whether a hit of this class that lies within a hit of class `outer` does not count.
    fn yields_to(self, outer: Self) -> bool {
        match (self, outer) {
            (Self::Slot(_), Self::Slot(_))
            | (Self::Reason(_), Self::Reason(_))
            | (Self::Marker(Marker::Report), Self::Reason(_) | Self::Fact(_)) => true,
            (Self::Marker(inner), Self::Marker(outer)) => inner.yields_to(outer),
            _ => false,
        }
    }
}

/// A phrase found: byte range and what it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hit {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) class: Class,
}

/// Compiled phrases of a lexicon.
#[derive(Debug, Clone)]
pub(crate) struct Scanner {
    automaton: AhoCorasick,
    /// By pattern: the class, and whether the phrase may end within a word.
    patterns: Vec<(Class, bool)>,
}

impl Scanner {
    /// Compiles the lexicon's phrases and the general markers.
    pub(crate) fn new(lexicon: &Lexicon) -> Self {
        let mut phrases: Vec<&str> = Vec::new();
        let mut patterns = Vec::new();
        let mut add = |phrase: &'static str, class: Class| {
            let stem = phrase.strip_suffix('*');
            phrases.push(stem.unwrap_or(phrase));
            patterns.push((class, stem.is_some()));
        };
        let mut table = |table: &Table, class: fn(u8) -> Class| {
            for (place, (_, phrases)) in table.iter().enumerate() {
                let place = u8::try_from(place).expect("a lexicon has fewer than 256 names");
                phrases.iter().for_each(|phrase| add(phrase, class(place)));
            }
        };
        table(&lexicon.slots, Class::Slot);
        table(&lexicon.reasons, Class::Reason);
        table(&lexicon.topics, Class::Topic);
        table(&lexicon.statuses, Class::Status);
        for (place, fact) in lexicon.facts.iter().enumerate() {
            let place = u8::try_from(place).expect("a lexicon has fewer than 256 facts");
            let phrases = fact.phrases.iter();
            phrases.for_each(|phrase| add(phrase, Class::Fact(place)));
        }
        for (marker, words) in MARKERS {
            words
                .split(" | ")
                .for_each(|phrase| add(phrase, Class::Marker(*marker)));
        }
        for (marker, words) in [
            (Marker::Report, &lexicon.reports),
            (Marker::Done, &lexicon.done),
        ] {
            words
                .iter()
                .for_each(|phrase| add(phrase, Class::Marker(marker)));
        }
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::DFA))
            .build(phrases)
            .expect("a few hundred short phrases fit any automaton");
        Self {
            automaton,
            patterns,
        }
    }

    /// Every phrase in `text` that stands as whole words and does not yield to one around it,
    /// ordered by end.
    pub(crate) fn hits(&self, text: &str) -> Vec<Hit> {
        let bytes = text.as_bytes();
        let mut hits: Vec<Hit> = Vec::with_capacity(16);
        for found in self.automaton.find_overlapping_iter(text) {
            let (class, open) = self.patterns[found.pattern().as_usize()];
            let (start, end) = (found.start(), found.end());
            let whole = (start == 0 || !word(bytes[start - 1]) || !word(bytes[start]))
                && (open || end == bytes.len() || !word(bytes[end]) || !word(bytes[end - 1]));
            if whole {
                let hit = Hit { start, end, class };
                settle(&mut hits, hit);
            }
        }
        hits
    }
}

/// Adds a hit unless an earlier one contains it, and drops earlier ones that it contains. Ends come
/// in ascending order, so only the last few can overlap it.
fn settle(hits: &mut Vec<Hit>, hit: Hit) {
    let covered = hits.iter().rev().take_while(|old| old.end > hit.start);
    for old in covered {
        if old.end == hit.end && old.start <= hit.start && hit.class.yields_to(old.class) {
            return;
        }
    }
    let first = hits
        .iter()
        .rposition(|old| old.end <= hit.start)
        .map_or(0, |place| place + 1);
    let mut place = first;
    while place < hits.len() {
        let old = hits[place];
        if old.start >= hit.start && old.class.yields_to(hit.class) {
            hits.remove(place);
        } else {
            place += 1;
        }
    }
    hits.push(hit);
}

fn word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}
