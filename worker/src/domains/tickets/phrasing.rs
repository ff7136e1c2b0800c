//! How people speak of their tickets, and how the same is found again in a text.

use proto::record::{Descriptor, Goal, Slot, Value, Visibility, Wish};
use proto::seed::Rng;

use super::desk::REASONS;
use super::words::REASON_WORDS;
use super::world::world_of;
use crate::domains::Domain;
use crate::environment::Environment;
use crate::language::phrasing::{Fact, Part, Phrasing, Spoken, Tone};
use crate::language::surface::say;

/// How a person gives each of [`REASONS`].
const REASONS_SAID: [&[&str]; 3] = [
    &[
        "the {problem|issue|matter} {is|has been} solved",
        "it {is|has been} solved {by now|already}",
    ],
    &[
        "{it is|it's} no longer needed",
        "I no longer need {it|any help there}",
    ],
    &["I opened it by mistake", "it was {opened|made} by mistake"],
];

/// The words of the people who have tickets.
#[derive(Debug, Clone, Copy)]
pub struct DeskPhrasing;

/// What is said of a slot, if any of it is said yet.
fn said<'g>(goal: &'g Goal, slot: &str, all: bool) -> Option<&'g Descriptor> {
    let found = goal.slots.iter().find(|own| own.name == slot)?;
    found.says.iter().find(|said| {
        said.visibility == Visibility::Opening || all && said.visibility == Visibility::OnRequest
    })
}

fn text(said: &Descriptor) -> &str {
    said.arguments
        .first()
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn ticket(goal: &Goal, all: bool, rng: &mut Rng) -> String {
    let Some(said) = said(goal, "ticket", all) else {
        return say(rng, &["one of my tickets", "a ticket of mine"], &[]);
    };
    let tables: &[&str] = match said.predicate.as_str() {
        "ticket.id" => &["ticket $x", "ticket number $x", "the ticket $x"],
        _ => &[
            "{my|the} ticket about the $x",
            "the ticket for the $x",
            "the ticket that's about the $x",
        ],
    };
    say(rng, tables, &[("x", text(said))])
}

fn why(said: &Descriptor, rng: &mut Rng) -> Option<String> {
    let place = REASONS.iter().position(|reason| *reason == text(said))?;
    Some(say(rng, REASONS_SAID[place], &[]))
}

/// How a write is asked for, and the value it is to have where that is said.
fn asked<'g>(goal: &'g Goal, wish: &Wish) -> (&'static [&'static str], &'g str) {
    let open = |slot: &str| said(goal, slot, false).map(text);
    match (
        wish.call().map_or("", |call| call.name.as_str()),
        open("priority"),
        open("team"),
    ) {
        ("set_priority", Some(value), _) => (
            &[
                "have the priority of $t set to $x",
                "give $t $x priority",
                "set $t to $x priority",
            ],
            value,
        ),
        ("set_priority", None, _) => (
            &[
                "have the priority of $t changed",
                "change the priority of $t",
            ],
            "",
        ),
        ("move_ticket", _, Some(value)) => (
            &[
                "have $t moved to the $x team",
                "move $t to the $x team",
                "hand $t to the $x team",
            ],
            value,
        ),
        ("move_ticket", _, None) => (
            &[
                "have $t moved to another team",
                "move $t to a different team",
            ],
            "",
        ),
        _ => (&["close $t", "have $t closed"], ""),
    }
}

impl Phrasing for DeskPhrasing {
    fn place(&self) -> &'static str {
        "support desk"
    }

    fn matter(&self) -> &'static str {
        "something I reported"
    }

    fn goal(&self, goal: &Goal, _tone: Tone, rng: &mut Rng) -> Spoken {
        let t = ticket(goal, false, rng);
        let (tables, value): (&[&str], &str) = match &goal.wish {
            Wish::Question(question) if question.topic == "count_open" => {
                let core = say(
                    rng,
                    &[
                        "how many of my tickets are {still |}open",
                        "how many open tickets I have",
                    ],
                    &[],
                );
                return Spoken {
                    core,
                    question: true,
                    ..Spoken::default()
                };
            }
            Wish::Question(_) => {
                let tables = [
                    "how {often|many times} your staff {have answered|wrote} on $t",
                    "how many answers from your staff there are on $t",
                ];
                return Spoken {
                    core: say(rng, &tables, &[("t", &t)]),
                    question: true,
                    ..Spoken::default()
                };
            }
            wish => asked(goal, wish),
        };
        let core = say(rng, tables, &[("t", &t), ("x", value)]);
        let why = said(goal, "reason", false).and_then(|said| why(said, rng));
        Spoken {
            core,
            why,
            ..Spoken::default()
        }
    }

    fn answer(&self, goal: &Goal, slot: &Slot, _tone: Tone, rng: &mut Rng) -> Option<String> {
        let said = said(goal, &slot.name, true)?;
        let (tables, words): (&[&str], String) = match slot.name.as_str() {
            "ticket" => (&["it's $x", "I mean $x", "$x"], ticket(goal, true, rng)),
            "reason" => (&["$x", "well, $x", "because $x"], why(said, rng)?),
            "team" => (
                &[
                    "the $x team",
                    "the $x team, please",
                    "it should go to the $x team",
                ],
                text(said).to_owned(),
            ),
            _ => (
                &["$x", "make it $x", "it should be $x"],
                text(said).to_owned(),
            ),
        };
        Some(say(rng, tables, &[("x", &words)]))
    }

    fn amend(
        &self,
        _old: &Goal,
        _new: &Goal,
        _changed: &[&Slot],
        _rng: &mut Rng,
    ) -> Option<String> {
        None
    }

    fn fact(&self, said: &Descriptor) -> Option<Fact> {
        let value = text(said);
        let part = match said.predicate.as_str() {
            "status.is" => Part::faint([value.to_owned()]),
            "reason.is" => {
                let place = REASONS.iter().position(|reason| *reason == value)?;
                Part::telling(REASON_WORDS[place].iter().map(|&words| words.to_owned()))
            }
            _ => Part::telling([value.to_owned()]),
        };
        Some(Fact { parts: vec![part] })
    }

    fn framing(&self, _goal: &Goal) -> Vec<Fact> {
        Vec::new()
    }

    fn reach(&self, _domain: &dyn Domain, world: &dyn Environment, person: &str) -> Vec<Fact> {
        let texts = world_of(world)
            .of(person)
            .flat_map(|ticket| [ticket.id.clone(), ticket.subject.clone()]);
        texts
            .map(|text| Fact {
                parts: vec![Part::telling([text])],
            })
            .collect()
    }

    fn identity(&self, _domain: &dyn Domain, world: &dyn Environment, person: &str) -> Vec<Fact> {
        let person = world_of(world).person(person).into_iter();
        let texts = person.flat_map(|person| {
            [
                person.first.clone(),
                person.last.clone(),
                person.email.clone(),
            ]
        });
        texts
            .map(|text| Fact {
                parts: vec![Part::telling([text])],
            })
            .collect()
    }
}
