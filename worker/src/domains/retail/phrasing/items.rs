//! Wishes about items of an order: to give them back, to exchange them, to have others instead.

use proto::record::{Descriptor, Goal, Wish};
use proto::seed::Rng;

use super::goals::Write;
use super::parts::{self, View};
use crate::language::surface::{list, say};

/// Items and order as one phrase: "the desk lamp from my latest order", "everything in order #W1".
pub(super) fn from_order(goal: &Goal, view: View, rng: &mut Rng) -> String {
    let orders = parts::of(goal, "order", view);
    let items = parts::items_said(goal, view);
    let names = |name: &str| items.iter().any(|item| item.name == name);
    let said_by_item = matches!(orders.as_slice(), [only] if only.predicate == "order.has_product" && names(&parts::argument(only, 0)));
    let hidden = parts::slot_of(goal, "order").is_none() || orders.is_empty();
    let order = parts::order(goal, view, rng);
    let slots = |things: &str| [("t", things.to_owned()), ("o", order.clone())];
    let render = |rng: &mut Rng, tables: &[&str], things: &str| {
        let [(t, things), (o, order)] = slots(things);
        say(rng, tables, &[(t, &things), (o, &order)])
    };
    if !items.is_empty() {
        let things = list(&parts::items(&items, rng));
        if said_by_item || (hidden && rng.chance(0.6)) {
            return render(
                rng,
                &["$t", "$t", "$t I {bought|ordered}", "$t I got from you"],
                &things,
            );
        }
        return render(
            rng,
            &[
                "$t from $o",
                "$t in $o",
                "$t from $o",
                "$t that came with $o",
                "$t out of $o",
                "$t {I got|I bought} in $o",
            ],
            &things,
        );
    }
    unnamed(&parts::of(goal, "items", view), &order, rng)
}

/// Items that are not named one by one, with their order: "everything in order #W1".
fn unnamed(said: &[&Descriptor], order: &str, rng: &mut Rng) -> String {
    let render = |rng: &mut Rng, tables: &[&str], things: &str| {
        say(rng, tables, &[("t", things), ("o", order)])
    };
    match said.first() {
        Some(first) if first.predicate == "items.all" => render(
            rng,
            &[
                "everything in $o",
                "everything from $o",
                "all of $o",
                "{the whole|the entire} contents of $o",
                "all the things in $o",
                "every item in $o",
                "the whole of $o",
            ],
            "",
        ),
        Some(first) if first.predicate == "items.count" => {
            let number = spelled(&parts::argument(first, 0));
            render(
                rng,
                &[
                    "$t of the {items|things|products} {in|from} $o",
                    "$t of the {items|things} I got in $o",
                    "$t of the {items|products} that came with $o",
                ],
                &number,
            )
        }
        _ => render(
            rng,
            &[
                "something from $o",
                "something in $o",
                "part of $o",
                "something I got in $o",
                "part of what I got in $o",
            ],
            "",
        ),
    }
}

/// Small numbers in words.
fn spelled(number: &str) -> String {
    let words = ["no", "one", "two", "three", "four", "five", "six"];
    let place = number.parse::<usize>().ok();
    place
        .and_then(|at| words.get(at))
        .map_or_else(|| number.to_owned(), |&word| word.to_owned())
}

/// A return of delivered items.
pub(super) fn give_back(goal: &Goal, rng: &mut Rng) -> Write {
    let things = from_order(goal, View::Opening, rng);
    let slots = [("t", things.as_str())];
    let core = say(
        rng,
        &[
            "return $t",
            "return $t",
            "send back $t",
            "give back $t",
            "send $t back[ to you]",
            "return $t for a refund",
            "get a refund for $t",
            "get my money back for $t",
            "arrange a return for $t",
            "start a return for $t",
            "hand back $t",
        ],
        &slots,
    );
    let whole = say(
        rng,
        &[
            "I'm afraid I have to return $t",
            "how do I {return|send back} $t",
            "$t just didn't work out, I want a refund",
            "I have to send $t back",
            "I'm not keeping $t",
            "I've decided against keeping $t, so it's a return",
            "is it possible to return $t",
            "$t: I want to return that",
            "what do you need from me to return $t",
        ],
        &slots,
    );
    Write {
        core,
        extras: refund(goal, rng),
        whole: Some(whole),
    }
}

fn refund(goal: &Goal, rng: &mut Rng) -> Vec<String> {
    let Some(payment) = parts::payment(goal, View::Opening, rng) else {
        return Vec::new();
    };
    vec![say(
        rng,
        &[
            "{please |}put the refund on $p",
            "the refund should go to $p",
            "I want the money back on $p",
            "I'd like the refund on $p",
            "{please |}send the money to $p",
            "refund it to $p{, please|}",
            "for the refund, use $p",
            "the money can go to $p",
            "I'd prefer to be refunded to $p",
            "have the refund go to $p",
        ],
        &[("p", &payment)],
    )]
}

fn difference(goal: &Goal, rng: &mut Rng) -> Vec<String> {
    let Some(payment) = parts::payment(goal, View::Opening, rng) else {
        return Vec::new();
    };
    vec![say(
        rng,
        &[
            "{please |}settle any price difference with $p",
            "any difference in price can go on $p",
            "use $p for the difference",
            "if there's a difference in price, put it on $p",
            "for whatever it costs or saves, use $p",
            "whatever the difference is, charge or refund it to $p",
            "I want to use $p for the price difference",
            "$p is what I want to use for the difference",
            "the price difference should be handled through $p",
        ],
        &[("p", &payment)],
    )]
}

/// Ways to say an exchange, as what one wants to do.
const EXCHANGES: [&str; 10] = [
    "exchange $t for $n",
    "exchange $t for $n",
    "swap $t for $n",
    "trade $t for $n",
    "trade in $t for $n",
    "get $n in exchange for $t",
    "send back $t and get $n instead",
    "replace $t with $n",
    "swap out $t for $n",
    "arrange an exchange of $t for $n",
];

/// Ways to say a change of a pending order's items, as what one wants to do.
const CHANGES: [&str; 9] = [
    "change $t to $n",
    "swap $t for $n",
    "switch $t to $n",
    "modify $t to be $n",
    "replace $t with $n before it ships",
    "have $t changed to $n",
    "get $n instead of $t",
    "change my mind about $t and get $n",
    "edit $t so that I get $n",
];

/// Ways to say an exchange as a sentence of its own.
const WHOLE_EXCHANGES: [&str; 7] = [
    "can $t be exchanged for $n",
    "about $t: I'd rather have $n",
    "I'd be happier with $n than with $t, so I want an exchange",
    "I have $t here and want to exchange that for $n",
    "is it possible to exchange $t for $n",
    "would you let me exchange $t for $n",
    "I got $t, but it should have been $n, so let's exchange",
];

/// Ways to say a change of a pending order's items as a sentence of its own.
const WHOLE_CHANGES: [&str; 6] = [
    "can you still change $t to $n",
    "about $t: I'd rather get $n",
    "is it too late to switch $t to $n",
    "I should have picked $n rather than $t, please change that",
    "instead of $t, please send me $n",
    "I meant to get $n, not $t, so please change it",
];

/// Ways to say an exchange where the order's status would let a careless reader take it for a change of
/// the order: each names the exchange.
const FIRM_EXCHANGES: [&str; 5] = [
    "exchange $t for $n",
    "make an exchange of $t for $n",
    "arrange an exchange of $t for $n",
    "get $n in exchange for $t",
    "have $t exchanged for $n",
];

/// The same for a change of a pending order: each says that the order is to be changed before it ships.
const FIRM_CHANGES: [&str; 5] = [
    "change $t to $n before it ships",
    "modify $t to be $n before it ships",
    "replace $t with $n before it ships",
    "have $t changed to $n before it ships",
    "edit $t before it ships so that I get $n",
];

/// The same as a sentence of its own.
const WHOLE_FIRM_EXCHANGES: [&str; 4] = [
    "can $t be exchanged for $n",
    "I have $t here and want to exchange that for $n",
    "is it possible to exchange $t for $n",
    "would you let me exchange $t for $n",
];

/// The same as a sentence of its own.
const WHOLE_FIRM_CHANGES: [&str; 3] = [
    "can you still change $t to $n before it ships",
    "is it too late to switch $t to $n before it ships",
    "I should have picked $n rather than $t, please change that before it ships",
];

/// Modified or exchanged items: each with what it is to become.
pub(super) fn replace(goal: &Goal, exchange: bool, rng: &mut Rng) -> Write {
    let items = parts::items_said(goal, View::Opening);
    let targets = parts::targets(goal, View::Opening);
    let extras = difference(goal, rng);
    if items.len() > 1 && targets.len() > 1 {
        return Write {
            core: pairs(goal, &items, exchange, rng),
            extras,
            whole: None,
        };
    }
    let things = from_order(goal, View::Opening, rng);
    let becomes = match targets.as_slice() {
        [] => parts::target(&[], rng),
        several => {
            let each: Vec<String> = several
                .iter()
                .map(|(_, said)| parts::target(said, rng))
                .collect();
            if let [first, rest @ ..] = each.as_slice()
                && rest.iter().all(|other| other == first)
            {
                first.clone()
            } else {
                list(&each)
            }
        }
    };
    let slots = [("t", things.as_str()), ("n", becomes.as_str())];
    // A blocked wish is for what the order's status forbids; the other tool would lawfully serve it.
    let firm = matches!(goal.wish, Wish::Blocked(_));
    let (verbs, wholes) = match (exchange, firm) {
        (true, false) => (&EXCHANGES[..], &WHOLE_EXCHANGES[..]),
        (true, true) => (&FIRM_EXCHANGES[..], &WHOLE_FIRM_EXCHANGES[..]),
        (false, false) => (&CHANGES[..], &WHOLE_CHANGES[..]),
        (false, true) => (&FIRM_CHANGES[..], &WHOLE_FIRM_CHANGES[..]),
    };
    let core = say(rng, verbs, &slots);
    let whole = say(rng, wholes, &slots);
    Write {
        core,
        extras,
        whole: Some(whole),
    }
}

/// Each item with its own target, the order named once.
fn pairs(goal: &Goal, items: &[parts::Item], exchange: bool, rng: &mut Rng) -> String {
    let targets = parts::targets(goal, View::Opening);
    let order = parts::order(goal, View::Opening, rng);
    let things = parts::items(items, rng);
    let link = if exchange { "for" } else { "to" };
    let mut said = Vec::new();
    let mut rest = Vec::new();
    for (at, thing) in things.iter().enumerate() {
        match targets.iter().find(|(index, _)| *index == at) {
            Some((_, descriptors)) => {
                let becomes = parts::target(descriptors, rng);
                said.push(format!("{thing} {link} {becomes}"));
            }
            None => rest.push(thing.clone()),
        }
    }
    said.extend(
        rest.iter()
            .map(|thing| format!("{thing} {link} a different version")),
    );
    let joined = list(&said).replace(" and the", ", and the");
    let slots = [("m", joined.as_str()), ("o", order.as_str())];
    let firm = matches!(goal.wish, Wish::Blocked(_));
    let tables: &[&str] = if exchange && firm {
        &[
            "exchange some things from $o: $m",
            "exchange $m, all from $o",
            "make an exchange in $o, namely $m",
        ]
    } else if exchange {
        &[
            "exchange some things from $o: $m",
            "exchange $m, all from $o",
            "swap $m (they came in $o)",
            "make an exchange in $o, namely $m",
        ]
    } else if firm {
        &[
            "change some things in $o before it ships: $m",
            "change $m, all in $o before it ships",
            "modify the items in $o before it ships as follows: $m",
        ]
    } else {
        &[
            "change some things in $o: $m",
            "change $m, all in $o",
            "switch $m in $o",
            "modify the items in $o as follows: $m",
        ]
    };
    say(rng, tables, &slots)
}
