//! Dialogue facts, derived from text by one closed parser, the same for every agent.
//!
//! A message is cut into clauses; each clause is a question or not and holds markers, slot phrases
//! and reasons. What the message does follows from rules over those, in this order: it **asks** for a
//! slot where a question or request names the slot openly, or offers at least two values of it; it
//! **proposes** where it asks a yes and names a write with at least one value; it **refuses** where a
//! clause that is no question says no, and is no mere warning beside a proposal. Clauses longer than
//! any sentence, or that look like pasted JSON, are data and do nothing.

use std::borrow::Cow;

use proto::record::Value;

use crate::domains::{Domain, MOST_NAMED, Mentions};

use super::markers::Marker;
use super::refusal;
use super::scan::{Class, Hit};
use super::sentences::{self, Clause, LONGEST};

pub use super::consent::read_user;
pub use super::told::told;

/// What an agent's message does.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AgentFacts {
    /// Slots asked for: by an open question, or by offering at least two candidates. `identity` when
    /// the agent asks who is there.
    pub asks: Vec<String>,
    /// The write it asks a yes for.
    pub proposal: Option<Mentions>,
    /// It declines: the classes of reasons it names (none, one or several).
    pub refusal: Option<Vec<String>>,
    /// It hands over to a human.
    pub transfer: bool,
    /// It reports something as done.
    pub report: bool,
}

/// What a user's message does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UserFacts {
    /// A yes or a no to what was proposed.
    pub consent: Option<bool>,
}

/// Most values of one slot that count as an offer; more is a listing.
const MOST_OFFERED: usize = 12;
/// Most clauses of a listing that a "which one" refers to: a handful for each value offered.
const LONGEST_LISTING: usize = 60;

/// Reads an agent's message, in time linear in its length.
pub fn read_agent(domain: &dyn Domain, text: &str) -> AgentFacts {
    let message = Message::read(domain, text);
    let mut facts = AgentFacts::default();
    let mut asking = vec![false; message.clauses.len()];
    for (place, asks) in asking.iter_mut().enumerate() {
        *asks = message.asks(place, &mut facts.asks);
    }
    facts.proposal = message.proposal(&asking);
    facts.refusal = message.refusal(facts.proposal.is_some(), !facts.asks.is_empty());
    facts.transfer = message.any(Message::transfers);
    facts.report = message.any(Message::reports);
    facts
}

/// A message under analysis.
pub(super) struct Message<'a> {
    pub(super) domain: &'a dyn Domain,
    pub(super) text: Cow<'a, str>,
    pub(super) clauses: Vec<Part>,
    pub(super) hits: Vec<Hit>,
}

/// A clause with its share of the hits.
#[derive(Clone, Copy)]
pub(super) struct Part {
    pub(super) clause: Clause,
    pub(super) first: usize,
    pub(super) last: usize,
    pub(super) data: bool,
}

impl<'a> Message<'a> {
    pub(super) fn read(domain: &'a dyn Domain, text: &'a str) -> Self {
        let text = sentences::plain(text);
        let mut hits = domain.lexicon().scanner().hits(&text);
        hits.retain(|hit| !refusal::baffled(&text, hit));
        let mut next = 0;
        let mut line = (0, false);
        let clauses = sentences::clauses(&text)
            .into_iter()
            .map(|clause| {
                while hits.get(next).is_some_and(|hit| hit.end <= clause.start) {
                    next += 1;
                }
                let first = next;
                while hits.get(next).is_some_and(|hit| hit.end <= clause.end) {
                    next += 1;
                }
                if clause.start >= line.0 {
                    let rest = &text[clause.start..];
                    let end = rest.find('\n').unwrap_or(rest.len());
                    line = (clause.start + end, rest[..end].contains("\":"));
                }
                Part {
                    clause,
                    first,
                    last: next,
                    data: line.1 || clause.end - clause.start > LONGEST,
                }
            })
            .collect();
        let mut message = Self {
            domain,
            text,
            clauses,
            hits,
        };
        message.part_questions();
        message
    }

    pub(super) fn hits(&self, part: &Part) -> &[Hit] {
        &self.hits[part.first..part.last]
    }

    pub(super) fn marker(&self, part: &Part, marker: Marker) -> Option<&Hit> {
        let class = Class::Marker(marker);
        self.hits(part).iter().find(|hit| hit.class == class)
    }

    pub(super) fn has(&self, part: &Part, marker: Marker) -> bool {
        self.marker(part, marker).is_some()
    }

    fn any(&self, test: fn(&Self, &Part) -> bool) -> bool {
        self.clauses
            .iter()
            .any(|part| !part.data && !part.clause.question && test(self, part))
    }

    /// Adds the slots that the clause at `place` asks for; whether there are any.
    fn asks(&self, place: usize, asks: &mut Vec<String>) -> bool {
        let part = &self.clauses[place];
        let request = self.has(part, Marker::Request) || self.requested_list(place);
        if part.data || !(part.clause.question || request) {
            return false;
        }
        let mut found = Vec::new();
        let wh = self.wh(part);
        let bare = part.clause.question
            && !self.has(part, Marker::Confirm)
            && !begins_with_auxiliary(part.clause.of(&self.text));
        let mut explicit = false;
        let mut last: Option<Hit> = None;
        for hit in self.hits(part) {
            let Class::Slot(slot) = hit.class else {
                continue;
            };
            let part_of = last.filter(|last| last.class != hit.class && !self.apart(last, hit));
            last = Some(Hit {
                class: part_of.map_or(hit.class, |last| last.class),
                ..*hit
            });
            if part_of.is_some() {
                continue;
            }
            explicit |= wh == Some(hit.start);
            let asked = wh.is_some_and(|start| start <= hit.start);
            if asked || ((request || bare) && !self.filled(part, hit)) {
                let name = self.domain.lexicon().slots[slot as usize].0;
                note(&mut found, name);
            }
        }
        if found.is_empty() || (!explicit && self.has(part, Marker::WhichOne)) {
            let mut offered = Vec::new();
            self.offers(place, &mut offered);
            if !offered.is_empty() {
                // "Which one do you want instead" says on which side of a pair the offers are.
                let paired = &self.domain.lexicon().paired;
                let side = |slot: &'static str| {
                    let pair = paired.iter().find(|pair| pair.0 == slot);
                    pair.map_or(slot, |pair| {
                        if found.contains(&pair.1) {
                            pair.1
                        } else {
                            slot
                        }
                    })
                };
                found = offered.into_iter().map(side).collect();
            }
        }
        for name in &found {
            if !asks.iter().any(|known| known == name) {
                asks.push((*name).to_owned());
            }
        }
        !found.is_empty()
    }

    /// Whether two slot phrases are listed beside each other, rather than one being part of the other
    /// as in "the order number for the item you want".
    fn apart(&self, first: &Hit, second: &Hit) -> bool {
        let between = self.text.get(first.end..second.start).unwrap_or("");
        [
            ",",
            ";",
            ":",
            "/",
            "&",
            "+",
            " and ",
            " or ",
            " as well as ",
            " plus ",
        ]
        .iter()
        .any(|mark| between.contains(mark))
    }

    /// Whether the clause is a line of a list that a request introduces: "Please tell me:".
    fn requested_list(&self, place: usize) -> bool {
        let line = |part: &Part| {
            let body = part.clause.of(&self.text);
            let rest = body.trim_start_matches(|c: char| c.is_ascii_digit());
            body.starts_with(['-', '+'])
                || (rest.len() < body.len() && rest.starts_with(['.', ')']))
        };
        let near = &self.clauses[place.saturating_sub(MOST_OFFERED)..place];
        let before = near.iter().rfind(|part| !line(part));
        line(&self.clauses[place])
            && before.is_some_and(|head| {
                head.clause.of(&self.text).ends_with(':') && self.has(head, Marker::Request)
            })
    }

    /// Where the first word that opens a question stands in a clause.
    fn wh(&self, part: &Part) -> Option<usize> {
        let class = Class::Marker(Marker::Wh);
        let opens = |hit: &&Hit| hit.class == class && self.opens(part, hit);
        self.hits(part).iter().find(opens).map(|hit| hit.start)
    }

    /// Whether a wh-word asks, rather than joins a relative clause as in "which was delivered".
    fn opens(&self, part: &Part, hit: &Hit) -> bool {
        let before = &self.text[part.clause.start..hit.start];
        let leading = before.trim_end_matches([' ', ',', ':', '-', '"', '(']);
        let which = self.text[hit.start..hit.end].eq_ignore_ascii_case("which");
        let anew = !which && before.trim_end().ends_with([',', ':', ';', '-']);
        if leading.len() <= 12 || leading.ends_with(" and") || anew {
            return true;
        }
        let requested = self.marker(part, Marker::Request);
        if requested.is_some_and(|request| request.start < hit.start) {
            return true;
        }
        let next = self.text[hit.end..].trim_start();
        let next = next.split(|c: char| !c.is_ascii_alphabetic()).next();
        const RELATIVE: [&str; 20] = [
            "was", "is", "are", "were", "has", "have", "had", "will", "can", "cannot", "means",
            "contains", "includes", "costs", "you", "i", "we", "comes", "goes", "it",
        ];
        !next.is_some_and(|word| RELATIVE.iter().any(|it| it.eq_ignore_ascii_case(word)))
    }

    /// Whether a value follows a slot phrase, as in "order number #W1234567".
    fn filled(&self, part: &Part, hit: &Hit) -> bool {
        let rest = self.text[hit.end..part.clause.end].trim_start_matches([' ', ':', '(', '"']);
        let rest = rest.strip_prefix("is ").unwrap_or(rest);
        rest.starts_with(|c: char| c == '#' || c == '$' || c.is_ascii_digit())
    }

    /// Slots of which the clause, or the list before a "which one", offers at least two values.
    fn offers(&self, place: usize, found: &mut Vec<&'static str>) {
        let part = &self.clauses[place];
        if self.has(part, Marker::WhichOne) {
            let from = self.list_start(place);
            let mentions = self.domain.mentions(&self.text[from..part.clause.end]);
            for (slot, values) in &mentions.slots {
                if (2..=MOST_OFFERED).contains(&values.len()) {
                    self.note_slot(slot, found);
                }
            }
            return;
        }
        let class = Class::Marker(Marker::Or);
        for or in self.hits(part).iter().filter(|hit| hit.class == class) {
            let before = &self.text[part.clause.start..or.start];
            let after = &self.text[or.end..part.clause.end];
            let (left, right) = (self.domain.mentions(before), self.domain.mentions(after));
            for (slot, values) in &right.slots {
                if let Some(slot) = offered(&self.domain.lexicon().paired, &left, slot, values) {
                    self.note_slot(slot, found);
                }
            }
        }
    }

    fn note_slot(&self, slot: &str, found: &mut Vec<&'static str>) {
        let slots = &self.domain.lexicon().slots;
        let near = |(there, wanted): &(&str, &str)| {
            [there, wanted].contains(&&slot)
                && found.iter().any(|name| [there, wanted].contains(&name))
        };
        if self.domain.lexicon().paired.iter().any(near) {
            return;
        }
        if let Some((name, _)) = slots.iter().find(|(name, _)| *name == slot) {
            note(found, name);
        }
    }

    /// Where the listing that a "which one" at `place` refers to begins: after the last data or
    /// question before it, and not too far back.
    fn list_start(&self, place: usize) -> usize {
        let far = place.saturating_sub(LONGEST_LISTING);
        let stop = self.clauses[far..place]
            .iter()
            .rposition(|part| part.data || part.clause.question);
        self.clauses[stop.map_or(far, |at| far + at + 1)]
            .clause
            .start
    }

    /// The write that the message asks a yes for.
    fn proposal(&self, asking: &[bool]) -> Option<Mentions> {
        let confirms = |&place: &usize| !asking[place] && self.confirms(&self.clauses[place]);
        let place = (0..self.clauses.len()).rev().find(confirms)?;
        let own = self.clause_mentions(&self.clauses[place]);
        let mut found = own;
        let spoken: Vec<Mentions> = self
            .clauses
            .iter()
            .enumerate()
            .filter(|(at, part)| *at != place && !asking[*at] && self.tells(part))
            .map(|(_, part)| self.clause_mentions(part))
            .collect();
        if found.tool.is_none() {
            found.tool = spoken.iter().find_map(|mentions| mentions.tool.clone());
        }
        if found.tool.is_none() {
            // The verb may stand in one clause and what is changed in another.
            let told = |part: &&Part| !part.data && self.tells(part);
            let bodies = self.clauses.iter().filter(told);
            let whole: Vec<&str> = bodies.map(|part| part.clause.of(&self.text)).collect();
            found.tool = self.domain.mentions(&whole.join("\n")).tool;
        }
        found.tool.as_ref()?;
        let same = |mentions: &&Mentions| mentions.tool == found.tool;
        let near = spoken.iter().filter(same).fold(Mentions::default(), join);
        let far = spoken.iter().fold(Mentions::default(), join);
        complete(&mut found, near);
        complete(&mut found, far);
        (!found.slots.is_empty()).then_some(found)
    }

    fn clause_mentions(&self, part: &Part) -> Mentions {
        self.domain.mentions(part.clause.of(&self.text))
    }

    /// Whether a clause asks a yes.
    fn confirms(&self, part: &Part) -> bool {
        if part.data {
            return false;
        }
        self.has(part, Marker::Firm)
            || (part.clause.question && self.has(part, Marker::Confirm) && self.wh(part).is_none())
    }

    /// Whether a clause may say what is proposed.
    fn tells(&self, part: &Part) -> bool {
        !part.data
            && !self.has(part, Marker::Decline)
            && !self.has(part, Marker::Warning)
            && (part.clause.question || !self.reports(part))
    }

    fn transfers(&self, part: &Part) -> bool {
        let Some(hit) = self.marker(part, Marker::Transfer) else {
            return false;
        };
        let before = self.text[part.clause.start..hit.start].to_ascii_lowercase();
        let after = self.text[hit.end..part.clause.end].to_ascii_lowercase();
        const OFFERED: [&str; 9] = [
            " can",
            " could",
            " may",
            " might",
            "n't",
            " not",
            "n't have to",
            " without",
            " instead of",
        ];
        let before = before.trim_end();
        let declined = self.hits(part).iter().any(|other| {
            other.class == Class::Marker(Marker::Decline)
                && other.end <= hit.start
                && hit.start - other.end <= 5
        });
        let offered = OFFERED.iter().any(|word| before.ends_with(word));
        !declined
            && !offered
            && !after.contains("if you")
            && !before.starts_with("if ")
            && !before.contains(" would")
            && !before.contains("like me to")
    }

    /// Whether a clause says that something has been done.
    pub(super) fn reports(&self, part: &Part) -> bool {
        let body = part.clause.of(&self.text);
        let opening = body
            .get(..4)
            .is_some_and(|word| word.eq_ignore_ascii_case("done"));
        if opening && !self.has(part, Marker::Decline) {
            return true;
        }
        let passive = self.marker(part, Marker::Report).copied();
        let Some(hit) = passive.or_else(|| self.did(part)) else {
            return false;
        };
        let condition = self.marker(part, Marker::Condition);
        !self.has(part, Marker::Decline)
            && condition.is_none_or(|condition| condition.start >= hit.start)
    }

    /// "I have" with a verb of doing behind it, and nothing but adverbs between.
    pub(super) fn did(&self, part: &Part) -> Option<Hit> {
        const BETWEEN: [&str; 14] = [
            "now",
            "just",
            "also",
            "gone",
            "ahead",
            "and",
            "successfully",
            "then",
            "both",
            "fully",
            "gladly",
            "have",
            "accordingly",
            "all",
        ];
        let of = |marker: Marker| {
            let class = Class::Marker(marker);
            self.hits(part).iter().filter(move |hit| hit.class == class)
        };
        let close = |perfect: &Hit, done: &Hit| {
            perfect.end < done.start
                && done.start - perfect.end < 40
                && self.text[perfect.end..done.start]
                    .split_ascii_whitespace()
                    .all(|word| BETWEEN.iter().any(|it| it.eq_ignore_ascii_case(word)))
        };
        of(Marker::Perfect)
            .find(|perfect| of(Marker::Done).any(|done| close(perfect, done)))
            .copied()
    }
}

/// The slot of `left` that another value on the right is an alternative to.
fn offered<'a>(
    paired: &[(&'static str, &'static str)],
    left: &Mentions,
    slot: &'a str,
    values: &[Value],
) -> Option<&'a str> {
    let other = |slot: &str| {
        let known = left.of(slot);
        !known.is_empty() && values.iter().any(|value| !known.contains(value))
    };
    let wanted = paired.iter().filter(|(there, _)| *there == slot);
    if let Some((_, wanted)) = wanted.into_iter().find(|(_, wanted)| other(wanted)) {
        return Some(wanted);
    }
    other(slot).then_some(slot)
}

fn note(names: &mut Vec<&'static str>, name: &'static str) {
    if !names.contains(&name) {
        names.push(name);
    }
}

fn begins_with_auxiliary(clause: &str) -> bool {
    const AUXILIARY: [&str; 22] = [
        "is", "are", "was", "were", "do", "does", "did", "will", "would", "has", "have", "should",
        "shall", "can", "could", "am", "may", "isn't", "doesn't", "aren't", "so", "then",
    ];
    let word = clause
        .split(|c: char| !c.is_ascii_alphabetic() && c != '\'')
        .find(|w| !w.is_empty());
    word.is_some_and(|word| AUXILIARY.iter().any(|it| it.eq_ignore_ascii_case(word)))
}

/// All values of both.
fn join(mut sum: Mentions, more: &Mentions) -> Mentions {
    for (slot, values) in &more.slots {
        for value in values {
            match sum.slots.iter_mut().find(|(name, _)| name == slot) {
                Some((_, known)) if known.len() >= MOST_NAMED || known.contains(value) => {}
                Some((_, known)) => known.push(value.clone()),
                None => sum.slots.push((slot.clone(), vec![value.clone()])),
            }
        }
    }
    sum
}

/// Adds the slots that are not there yet.
fn complete(found: &mut Mentions, more: Mentions) {
    for (slot, values) in more.slots {
        if found.of(&slot).is_empty() {
            found.slots.push((slot, values));
        }
    }
}
