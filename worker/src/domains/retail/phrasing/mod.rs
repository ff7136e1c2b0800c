//! The words of the retail domain: how its goals and descriptors are said and found again.

mod facts;
mod goals;
mod items;
mod parts;
mod questions;
mod requests;
mod stories;

use proto::record::{Descriptor, Goal, Slot, Wish};
use proto::seed::Rng;

use self::parts::View;
use crate::domains::Domain;
use crate::environment::Environment;
use crate::language::phrasing::{Fact, Phrasing, Spoken, Tone};
use crate::language::surface::{list, say};

/// The words of the retail domain.
#[derive(Debug, Clone, Copy)]
pub struct RetailPhrasing;

impl Phrasing for RetailPhrasing {
    fn place(&self) -> &'static str {
        "shop"
    }

    fn matter(&self) -> &'static str {
        "something I bought"
    }

    fn goal(&self, goal: &Goal, tone: Tone, rng: &mut Rng) -> Spoken {
        if let Wish::Question(question) = &goal.wish {
            let (core, direct) = questions::ask(goal, question, rng);
            return Spoken {
                core,
                question: true,
                whole: Some(direct),
                ..Spoken::default()
            };
        }
        let why = stories::why(goal, tone, rng);
        if let Some(key) = requested(goal) {
            let core = requests::core(goal, &key, rng);
            return Spoken {
                core,
                why,
                ..Spoken::default()
            };
        }
        let write = goals::write(goal, rng);
        Spoken {
            core: write.core,
            question: false,
            whole: write.whole,
            why,
            extras: write.extras,
        }
    }

    fn answer(&self, goal: &Goal, slot: &Slot, tone: Tone, rng: &mut Rng) -> Option<String> {
        let said = parts::spoken(slot, View::Known);
        let first = *said.first()?;
        let (tables, words): (&[&str], String) = match slot.name.as_str() {
            "order" => (
                &[
                    "it's $x",
                    "that's $x",
                    "I mean $x",
                    "$x",
                    "I'm talking about $x",
                    "the one I mean is $x",
                ],
                parts::order(goal, View::Known, rng),
            ),
            "items" => (
                &[
                    "it's about $x",
                    "I mean $x",
                    "$x",
                    "I'm talking about $x",
                    "that'd be $x",
                ],
                items_known(goal, first, rng),
            ),
            "new_items" => (
                &[
                    "I want $x",
                    "I'd like $x",
                    "$x",
                    "what I'm after is $x",
                    "make that $x",
                ],
                targets_known(goal, rng),
            ),
            "payment" => (
                &[
                    "use $x",
                    "$x",
                    "I'd like to use $x",
                    "let's use $x",
                    "$x would be best",
                ],
                parts::payment(goal, View::Known, rng)?,
            ),
            "address" => (
                &[
                    "the address is $x",
                    "it should be $x",
                    "$x",
                    "I want it to be $x",
                    "please use $x",
                ],
                parts::address(goal, View::Known, rng)?,
            ),
            "reason" => (
                &["$x", "well, $x", "the reason is that $x", "because $x"],
                stories::stated(&said, rng)?,
            ),
            _ => (&["it's $x", "$x", "I mean $x"], plainly(goal, &said, rng)),
        };
        Some(if tone == Tone::Terse {
            words
        } else {
            say(rng, tables, &[("x", &words)])
        })
    }

    fn amend(&self, old: &Goal, new: &Goal, changed: &[&Slot], rng: &mut Rng) -> Option<String> {
        let [slot] = changed else { return None };
        let open = |goal: &Goal, rng: &mut Rng| match slot.name.as_str() {
            "payment" => parts::payment(goal, View::Opening, rng),
            "address" => parts::address(goal, View::Opening, rng),
            "new_items" => one_target(goal, rng),
            "items" if items_alone(goal) => Some(list(&parts::items(
                &parts::items_said(goal, View::Opening),
                rng,
            ))),
            _ => None,
        };
        if slot.name == "reason" {
            return stories::stated(&parts::spoken(slot, View::Opening), rng).map(|why| {
                say(
                    rng,
                    &[
                        "the reason I gave was wrong: $x",
                        "please put down a different reason than the one I gave: $x",
                        "that's not the real reason, the truth is that $x",
                        "drop the reason I gave, it's that $x",
                    ],
                    &[("x", &why)],
                )
            });
        }
        let (from, to) = (open(old, rng), open(new, rng)?);
        let from = from
            .filter(|from| *from != to)
            .unwrap_or_else(|| "what I said before".to_owned());
        let slots = [("x", to.as_str()), ("y", from.as_str())];
        let tables: &[&str] = match slot.name.as_str() {
            "payment" => &[
                "I'd rather use $x instead of $y",
                "use $x, not $y",
                "let's use $x rather than $y",
                "I don't want to use $y any more, use $x instead",
            ],
            "address" => &[
                "make the address $x rather than $y",
                "it should be $x instead of $y",
                "not $y, I want $x as the address",
                "forget $y, the address has to be $x",
            ],
            "new_items" => &[
                "I'd rather have $x instead of $y",
                "make that $x, not $y",
                "forget $y, I'd prefer $x",
                "I don't want $y any more, I want $x instead",
            ],
            _ => &[
                "make it $x instead of $y",
                "not $y, I mean $x",
                "leave $y out of it, it's $x that I want this done for",
                "I want that for $x rather than for $y",
            ],
        };
        Some(say(rng, tables, &slots))
    }

    fn fact(&self, said: &Descriptor) -> Option<Fact> {
        facts::fact(said)
    }

    fn framing(&self, goal: &Goal) -> Vec<Fact> {
        match &goal.wish {
            Wish::Question(question) if question.topic == "saving" => vec![facts::cheapest()],
            _ => Vec::new(),
        }
    }

    fn reach(&self, domain: &dyn Domain, world: &dyn Environment, person: &str) -> Vec<Fact> {
        facts::reach(domain, world, person)
    }

    fn identity(&self, domain: &dyn Domain, world: &dyn Environment, person: &str) -> Vec<Fact> {
        facts::identity(domain, world, person)
    }
}

/// The key of a wish that no tool serves.
fn requested(goal: &Goal) -> Option<String> {
    let mut all = goal.slots.iter().flat_map(|slot| &slot.says);
    all.find(|said| said.predicate == "request.is")
        .map(|said| parts::argument(said, 0))
}

/// Whether the items are all named, so that they can be said without their order.
fn items_alone(goal: &Goal) -> bool {
    !parts::items_said(goal, View::Opening).is_empty()
}

/// The target of a goal with a single one.
fn one_target(goal: &Goal, rng: &mut Rng) -> Option<String> {
    match parts::targets(goal, View::Opening).as_slice() {
        [(_, said)] if parts::items_said(goal, View::Opening).len() <= 1 => {
            Some(parts::target(said, rng))
        }
        _ => None,
    }
}

fn items_known(goal: &Goal, first: &Descriptor, rng: &mut Rng) -> String {
    let items = parts::items_said(goal, View::Known);
    match first.predicate.as_str() {
        "items.all" => say(
            rng,
            &[
                "everything in the order",
                "all of it, every item",
                "the whole order",
                "everything in there",
            ],
            &[],
        ),
        _ if items.is_empty() => say(rng, &["one of them", "some of it"], &[]),
        _ => list(&parts::items(&items, rng)),
    }
}

/// The wanted versions; of several, each with its item, if that is no secret.
fn targets_known(goal: &Goal, rng: &mut Rng) -> String {
    let targets = parts::targets(goal, View::Known);
    let items = parts::items_said(goal, View::Opening);
    let mut said = Vec::new();
    for (index, descriptors) in &targets {
        let becomes = parts::target(descriptors, rng);
        match items.get(*index).filter(|_| targets.len() > 1) {
            Some(item) => said.push(format!("for {}, {becomes}", parts::item(item, rng))),
            None => said.push(becomes),
        }
    }
    if said.len() > 1 {
        said.join("; ")
    } else {
        list(&said)
    }
}

/// What descriptors say where there is no better way: questions' parts.
fn plainly(goal: &Goal, said: &[&Descriptor], rng: &mut Rng) -> String {
    let mut words = Vec::new();
    for d in said {
        words.push(match d.predicate.as_str() {
            "option.is" => format!(
                "the one {}",
                parts::with_option(&parts::argument(d, 0), &parts::argument(d, 1), rng)
            ),
            "product.is" => format!(
                "the {}",
                crate::language::surface::lowered(&parts::argument(d, 0))
            ),
            "status.is" => format!("the ones that are {}", parts::argument(d, 0)),
            "request.is" => requests::core(goal, &parts::argument(d, 0), rng),
            _ => parts::argument(d, 0),
        });
    }
    list(&words)
}
