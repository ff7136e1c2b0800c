//! Whether a message says no, and why.
//!
//! Reasons are of three kinds. A **rule** is named by a phrase of the lexicon. A **need** is a status
//! that a clause denies or demands: "not delivered", "only while it is pending". A **fact** is a status
//! as it stands: "is processed". Which reason a fact gives depends on the write declined, and it gives
//! one only where nothing else does: "it is processed, not delivered" names one reason, not two.

use super::facts::{Message, Part};
use super::markers::Marker;
use super::scan::{Class, Hit};

/// Words that may stand between a no and what is not understood: "can't quite tell".
const BETWEEN: [&str; 14] = [
    "to",
    "quite",
    "really",
    "fully",
    "entirely",
    "seem",
    "yet",
    "properly",
    "clearly",
    "completely",
    "even",
    "be",
    "currently",
    "exactly",
];

/// What one fails to do who has not understood or found something.
const KNOWING: [&str; 25] = [
    "understand",
    "follow",
    "grasp",
    "comprehend",
    "figure",
    "determine",
    "identify",
    "recognise",
    "recognize",
    "locate",
    "see",
    "catch",
    "read",
    "recall",
    "remember",
    "decipher",
    "discern",
    "sure",
    "certain",
    "distinguish",
    "guess",
    "pinpoint",
    "verify",
    "match",
    "hear",
];

/// The same where a certain word follows.
const KNOWING_WITH: [(&str, &[&str]); 4] = [
    ("make", &["out", "sense"]),
    ("work", &["out"]),
    (
        "tell",
        &[
            "which", "what", "whether", "if", "from", "who", "where", "how",
        ],
    ),
    (
        "find",
        &[
            "the", "that", "your", "an", "it", "this", "one", "which", "out", "any",
        ],
    ),
];

/// Most words between a no and what it is about.
const NEAR: usize = 4;

/// Whether a no only says that something was not understood or found: "I couldn't quite make out …".
pub(super) fn baffled(text: &str, hit: &Hit) -> bool {
    if hit.class != Class::Marker(Marker::Decline) {
        return false;
    }
    let is = |word: &str, list: &[&str]| list.iter().any(|it| it.eq_ignore_ascii_case(word));
    let mut words = text[hit.end..]
        .split(|c: char| !c.is_ascii_alphabetic() && c != '\'')
        .filter(|word| !word.is_empty())
        .take(NEAR + 2);
    let Some(verb) = words.by_ref().take(NEAR).find(|word| !is(word, &BETWEEN)) else {
        return false;
    };
    let next = words.next().unwrap_or("");
    is(verb, &KNOWING)
        || KNOWING_WITH
            .iter()
            .any(|(known, then)| is(verb, &[known]) && is(next, then))
}

impl Message<'_> {
    /// Parts a question that opens with a no: "I can't do that, would you like …?" says no first.
    pub(super) fn part_questions(&mut self) {
        if !self.clauses.iter().any(|part| self.joint(part).is_some()) {
            return;
        }
        let mut parts = Vec::with_capacity(self.clauses.len() + 1);
        for part in &self.clauses {
            match self.joint(part) {
                Some(at) => parts.extend(self.cut(part, at)),
                None => parts.push(*part),
            }
        }
        self.clauses = parts;
    }

    /// Where the question proper begins in a question that says no before.
    fn joint(&self, part: &Part) -> Option<usize> {
        if !part.clause.question || part.data {
            return None;
        }
        let no = self.marker(part, Marker::Decline)?.end;
        let opens = |hit: &&Hit| {
            let kind = [Marker::Confirm, Marker::Request, Marker::Wh];
            hit.start > no
                && kind
                    .iter()
                    .any(|marker| hit.class == Class::Marker(*marker))
        };
        let marks = |opener: &Hit| {
            let between = &self.text[no..opener.start];
            let ends = [",", ";", " -", ":"];
            let last = ends
                .iter()
                .filter_map(|mark| between.rfind(mark).map(|at| at + mark.len()));
            last.max().map(|at| no + at)
        };
        self.hits(part).iter().filter(opens).find_map(marks)
    }

    /// The two clauses on either side of `at`.
    fn cut(&self, part: &Part, at: usize) -> [Part; 2] {
        let inside = &self.hits[part.first..part.last];
        let middle = part.first + inside.partition_point(|hit| hit.end <= at);
        let (mut head, mut tail) = (*part, *part);
        head.clause.end = at;
        head.clause.question = false;
        head.last = middle;
        let rest = &self.text[at..part.clause.end];
        tail.clause.start = at + (rest.len() - rest.trim_start().len());
        tail.first = middle;
        [head, tail]
    }

    /// The reasons for which the message declines something; none where it declines nothing.
    pub(super) fn refusal(&self, proposes: bool, asks: bool) -> Option<Vec<String>> {
        let declines = |part: &&Part| self.declines(part, proposes, asks);
        let declining: Vec<&Part> = self.clauses.iter().filter(declines).collect();
        if declining.is_empty() {
            return None;
        }
        let mut reasons = Vec::new();
        // What the agent says it has done, with how money went, is no reason; nor is what it asks.
        let gives = |part: &&Part| !part.data && !part.clause.question && self.did(part).is_none();
        for part in self.clauses.iter().filter(gives) {
            for name in self.rules(part).chain(self.needs(part)) {
                if !reasons.iter().any(|known| known == name) {
                    reasons.push(name.to_owned());
                }
            }
        }
        if reasons.is_empty() {
            let parts: Vec<&Part> = self.clauses.iter().filter(gives).collect();
            let fact = self.fact(&declining, &parts);
            reasons.extend(fact.map(str::to_owned));
        }
        Some(reasons)
    }

    /// Whether a clause says no.
    fn declines(&self, part: &Part, proposes: bool, asks: bool) -> bool {
        if part.data || part.clause.question {
            return false;
        }
        if self.has(part, Marker::Decline) {
            return !(proposes && self.warns(part));
        }
        let facts = |hit: &Hit| matches!(hit.class, Class::Fact(_));
        let given = || {
            self.rules(part).next().is_some()
                || self.needs(part).next().is_some()
                || self.hits(part).iter().any(facts)
        };
        !proposes && self.has(part, Marker::Soft) && !(asks && self.policy(part)) && given()
    }

    /// Whether a no beside a proposal only warns of what will not be possible after it.
    fn warns(&self, part: &Part) -> bool {
        const LATER: [&str; 8] = [
            "once ",
            "after",
            "later",
            "again",
            "further",
            "anymore",
            "any more",
            "any longer",
        ];
        const AFTERWARDS: [&str; 5] = ["once ", "after", "when ", "if ", "as soon as"];
        let body = part.clause.of(&self.text).to_ascii_lowercase();
        let holds = |words: &[&str]| words.iter().any(|word| body.contains(word));
        let fact = self
            .hits(part)
            .iter()
            .any(|hit| matches!(hit.class, Class::Fact(_)));
        holds(&LATER) && (!fact || holds(&AFTERWARDS))
    }

    /// Whether a clause with a soft no only states a rule, without regret: "I can only cancel …".
    fn policy(&self, part: &Part) -> bool {
        let regrets = self.hits(part).iter().any(|hit| {
            let word = &self.text[hit.start..hit.end];
            hit.class == Class::Marker(Marker::Soft) && !word.to_ascii_lowercase().contains("only")
        });
        !regrets
    }

    /// Reasons that a clause names as a rule.
    fn rules(&self, part: &Part) -> impl Iterator<Item = &'static str> {
        self.hits(part).iter().filter_map(|hit| match hit.class {
            Class::Reason(place) => Some(self.domain.lexicon().reasons[place as usize].0),
            _ => None,
        })
    }

    /// Reasons of statuses that a clause denies or demands. What denies or demands reaches as far as
    /// the next status, mark or "and".
    fn needs(&self, part: &Part) -> impl Iterator<Item = &'static str> {
        let mut from: Option<usize> = None;
        self.hits(part)
            .iter()
            .filter_map(move |hit| match hit.class {
                Class::Marker(Marker::Restrict) => {
                    from = Some(hit.end);
                    None
                }
                Class::Status(place) => {
                    let start = from.take()?;
                    let between = self.text.get(start..hit.start)?;
                    let closed = [
                        ",",
                        ";",
                        " - ",
                        "(",
                        ")",
                        " and ",
                        " but ",
                        " because ",
                        " since ",
                    ];
                    let open = !closed.iter().any(|mark| between.contains(mark));
                    open.then(|| self.domain.lexicon().statuses[place as usize].0)
                }
                _ => None,
            })
    }

    /// The reason that facts in `parts` give against the write that `declining` speaks of; the first of
    /// the lexicon where it speaks of none.
    fn fact(&self, declining: &[&Part], parts: &[&Part]) -> Option<&'static str> {
        let facts = &self.domain.lexicon().facts;
        let hits = parts.iter().flat_map(|part| self.hits(part));
        let mut given: Vec<u8> = hits
            .filter_map(|hit| match hit.class {
                Class::Fact(place) => Some(place),
                _ => None,
            })
            .collect();
        if given.is_empty() {
            return None;
        }
        given.sort_unstable();
        let tool = self.write_of(declining).or_else(|| self.write_of(parts));
        let bars = |place: &&u8| {
            tool.as_deref()
                .is_none_or(|tool| facts[**place as usize].bars.contains(&tool))
        };
        given
            .iter()
            .find(bars)
            .map(|place| facts[*place as usize].reason)
    }

    fn write_of(&self, parts: &[&Part]) -> Option<String> {
        let texts: Vec<&str> = parts
            .iter()
            .map(|part| part.clause.of(&self.text))
            .collect();
        self.domain.mentions(&texts.join("\n")).tool
    }
}
