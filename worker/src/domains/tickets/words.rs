//! How agents speak of tickets: the lexicon, explanations, and what a text names.

use std::sync::LazyLock;

use proto::record::{PlannedCall, Value};

use super::desk::{PRIORITIES, REASONS, TEAMS};
use super::world::World;
use crate::dialogue::lexicon::{Lexicon, Table, Wording};
use crate::domains::{Agreement, Mentions};
use crate::language::grammar::Phrases;

/// Words for each write, in whose order none contains another.
const TOOL_WORDS: [(&str, &[&str]); 3] = [
    ("close_ticket", &["close", "closing", "closed"]),
    ("set_priority", &["priority"]),
    (
        "move_ticket",
        &["move", "moving", "moved", "reassign", "reassigned"],
    ),
];
/// Words by which each of [`REASONS`] is recognised.
pub(super) const REASON_WORDS: [&[&str]; 3] = [
    &["solved"],
    &["no longer need", "no longer needed"],
    &["by mistake"],
];

/// The vocabulary of the domain.
pub fn lexicon() -> &'static Lexicon {
    static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| {
        let reasons = vec![
            (
                "closed",
                vec![
                    "has already been closed",
                    "already been closed",
                    "closed already",
                    "is already closed",
                    "no longer open",
                    "is closed",
                ],
            ),
            (
                "not_owner",
                vec![
                    "belongs to somebody else",
                    "belongs to someone else",
                    "somebody else's",
                    "someone else's",
                    "not your ticket",
                    "not yours",
                ],
            ),
        ];
        let topics = vec![
            ("count_open", vec!["open"]),
            (
                "count_replies",
                vec!["repl*", "answer*", "wrote", "written", "staff"],
            ),
        ];
        Lexicon::new(slots(), reasons, topics, wording())
            .reporting(&["been closed", "been moved"], &["closed"])
    });
    &LEXICON
}

fn slots() -> Table {
    vec![
        (
            "ticket",
            vec![
                "which ticket",
                "what ticket",
                "which of your tickets",
                "ticket number",
                "ticket id",
            ],
        ),
        (
            "reason",
            vec![
                "why should",
                "why would you like",
                "what is the reason",
                "the reason",
                "which reason",
            ],
        ),
        (
            "priority",
            vec!["which priority", "what priority", "how urgent"],
        ),
        ("team", vec!["which team", "what team"]),
        (
            "identity",
            vec![
                "email",
                "email address",
                "who am i speaking with",
                "who you are",
            ],
        ),
    ]
}

fn asks() -> Vec<(&'static str, Phrases)> {
    phrases(&[
        (
            "ticket",
            &[
                "which ticket {is it about|do you mean}",
                "which of your tickets {is it|do you have in mind}",
            ],
        ),
        ("reason", &["why should it be closed", "what is the reason"]),
        (
            "priority",
            &[
                "which priority should it {have|get}",
                "what priority {would you like|do you want}",
            ],
        ),
        (
            "team",
            &[
                "which team should {have it|take it on}",
                "what team {would you like|do you have in mind}",
            ],
        ),
        (
            "identity",
            &[
                "what is {your email address|the email address of your account}",
                "which email address {do you use|are you registered with}",
            ],
        ),
    ])
}

fn wording() -> Wording {
    Wording {
        wishes: phrases(&[
            ("close_ticket", &["close ticket $ticket_id"]),
            (
                "set_priority",
                &["set the priority of ticket $ticket_id to $priority"],
            ),
            ("move_ticket", &["move ticket $ticket_id to the $team team"]),
        ]),
        asks: asks(),
        refusals: phrases(&[
            (
                "closed",
                &[
                    "it has already been closed",
                    "that one {is no longer open|is already closed}",
                ],
            ),
            (
                "not_owner",
                &[
                    "{it|that ticket} belongs to {somebody|someone} else",
                    "it is {somebody|someone} else's ticket",
                ],
            ),
        ]),
        answers: phrases(&[
            (
                "count_open",
                &[
                    "the number of your open tickets is $value",
                    "counting those that are open, I get to $value",
                ],
            ),
            (
                "count_replies",
                &[
                    "the number of replies from our staff on it is $value",
                    "our staff have written on it this often: $value",
                ],
            ),
        ]),
    }
}

fn phrases(table: &[(&'static str, &[&str])]) -> Vec<(&'static str, Phrases)> {
    let parsed = |templates| Phrases::parse(templates).expect("templates are parsed by a test");
    table
        .iter()
        .map(|(name, templates)| (*name, parsed(templates)))
        .collect()
}

/// A write in full, by number and in words.
pub(super) fn explain(world: &World, call: &PlannedCall) -> String {
    let id = call.text("ticket_id").unwrap_or_default();
    let subject = world
        .ticket(id)
        .map(|ticket| format!(" about the {}", ticket.subject))
        .unwrap_or_default();
    let value = |name| call.text(name).unwrap_or_default();
    match call.name.as_str() {
        "close_ticket" => format!(
            "close ticket {id}{subject} with the note \"{}\"",
            value("reason")
        ),
        "set_priority" => format!(
            "set the priority of ticket {id}{subject} to {}",
            value("priority")
        ),
        "move_ticket" => format!("move ticket {id}{subject} to the {} team", value("team")),
        other => format!("use {}", other.replace('_', " ")),
    }
}

/// Where `words` stand in `text`, both in lower case, at word boundaries.
fn find(text: &str, words: &str) -> Option<usize> {
    let inner = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let bounded = |at: &usize| {
        !inner(text[..*at].chars().next_back()) && !inner(text[at + words.len()..].chars().next())
    };
    text.match_indices(words).map(|(at, _)| at).find(bounded)
}

/// What a text names: a write, tickets by number, reasons, priorities, teams.
pub fn mentions(text: &str) -> Mentions {
    let text = text.to_ascii_lowercase();
    let first = |words: &[&str]| words.iter().filter_map(|word| find(&text, word)).min();
    let tool = TOOL_WORDS
        .iter()
        .filter_map(|(tool, words)| Some((first(words)?, *tool)))
        .min();
    let mut tickets: Vec<Value> = Vec::new();
    for (at, _) in text.match_indices("t-") {
        let digits: String = text[at + 2..]
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        let id = Value::from(format!("T-{digits}"));
        let whole = text[..at]
            .chars()
            .next_back()
            .is_none_or(|c| !c.is_alphanumeric());
        if digits.len() >= 4 && whole && !tickets.contains(&id) {
            tickets.push(id);
        }
    }
    let named = |values: &[&str], words: &dyn Fn(usize) -> Option<usize>| {
        let mut found: Vec<(usize, &str)> = (0..values.len())
            .filter_map(|nth| Some((words(nth)?, values[nth])))
            .collect();
        found.sort_unstable();
        found
            .into_iter()
            .map(|(_, value)| value.into())
            .collect::<Vec<Value>>()
    };
    let slots = [
        ("ticket", tickets),
        ("reason", named(&REASONS, &|nth| first(REASON_WORDS[nth]))),
        (
            "priority",
            named(&PRIORITIES, &|nth| find(&text, PRIORITIES[nth])),
        ),
        ("team", named(&TEAMS, &|nth| find(&text, TEAMS[nth]))),
    ];
    let slots = slots.into_iter().filter(|(_, values)| !values.is_empty());
    Mentions {
        tool: tool.map(|(_, tool)| tool.to_owned()),
        slots: slots
            .map(|(name, values)| (name.to_owned(), values))
            .collect(),
    }
}

/// `Same` when the text names the same write and ticket and nothing that contradicts the call.
pub fn agrees(mentions: &Mentions, call: &PlannedCall) -> Agreement {
    if mentions.tool.as_deref() != Some(call.name.as_str()) {
        return Agreement::Unrelated;
    }
    let pairs = [
        ("ticket", "ticket_id"),
        ("reason", "reason"),
        ("priority", "priority"),
        ("team", "team"),
    ];
    let contradicts = |(slot, argument): (&str, &str)| {
        let expected = call.text(argument);
        expected.is_some()
            && mentions
                .of(slot)
                .iter()
                .any(|value| value.as_str() != expected)
    };
    match (
        pairs.into_iter().any(contradicts),
        mentions.of("ticket").is_empty(),
    ) {
        (true, _) => Agreement::Differs,
        (false, true) => Agreement::Unrelated,
        (false, false) => Agreement::Same,
    }
}
