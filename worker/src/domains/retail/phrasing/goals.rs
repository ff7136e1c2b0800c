//! What follows "I'd like to", by tool, and what must be said beside it.

use proto::record::{Descriptor, Goal};
use proto::seed::Rng;

use super::parts::{self, View};
use crate::language::surface::{list, say};

/// The core of a write, the clauses beside it, and a way to state it whole.
pub(super) struct Write {
    /// What follows "I'd like to".
    pub core: String,
    /// Clauses that must be said too.
    pub extras: Vec<String>,
    /// Another way to say `core`, as a sentence.
    pub whole: Option<String>,
}

/// A goal of a tool, as first stated.
pub(super) fn write(goal: &Goal, rng: &mut Rng) -> Write {
    match parts::tool(goal) {
        "cancel_pending_order" => cancel(goal, rng),
        "modify_pending_order_address" => order_address(goal, rng),
        "modify_pending_order_payment" => order_payment(goal, rng),
        "modify_user_address" => own_address(goal, rng),
        "return_delivered_order_items" => give_back(goal, rng),
        tool => replace(goal, tool == "exchange_delivered_order_items", rng),
    }
}

fn cancel(goal: &Goal, rng: &mut Rng) -> Write {
    let order = parts::order(goal, View::Opening, rng);
    let slots = [("o", order.as_str())];
    let core = say(
        rng,
        &[
            "cancel $o",
            "cancel $o",
            "call off $o",
            "get $o cancelled",
            "have $o cancelled",
            "stop $o before it ships",
            "get out of $o",
            "drop $o",
            "undo $o",
            "put a stop to $o",
            "cancel everything in $o",
            "back out of $o",
        ],
        &slots,
    );
    let whole = say(
        rng,
        &[
            "$o has to be cancelled",
            "{please|kindly} don't ship $o, cancel it instead",
            "can $o still be cancelled",
            "is there still time to cancel $o",
            "I'm calling about $o: {please cancel it|it has to be cancelled|I want it cancelled}",
            "about $o... I want that cancelled",
            "what do I have to do to cancel $o",
            "there's {a thing I placed|something I bought} that has to go: please cancel $o",
        ],
        &slots,
    );
    Write {
        core,
        extras: Vec::new(),
        whole: Some(whole),
    }
}

fn order_address(goal: &Goal, rng: &mut Rng) -> Write {
    let order = parts::order(goal, View::Opening, rng);
    let Some(address) = parts::address(goal, View::Opening, rng) else {
        let slots = [("o", order.as_str())];
        let core = say(
            rng,
            &[
                "change the {shipping|delivery} address {of|for|on} $o",
                "have $o sent {somewhere else|to a different address}",
                "correct the address on $o",
                "redirect $o",
                "change where $o gets delivered",
                "get $o shipped to another address",
                "fix the delivery address of $o",
            ],
            &slots,
        );
        let whole = say(
            rng,
            &[
                "$o is going to the wrong {place|address}",
                "the delivery address on $o has to change",
                "can $o still be sent to another address",
                "I put the wrong address on $o",
                "the address on $o isn't where I want it delivered",
            ],
            &slots,
        );
        return Write {
            core,
            extras: Vec::new(),
            whole: Some(whole),
        };
    };
    let slots = [("o", order.as_str()), ("a", address.as_str())];
    let core = say(
        rng,
        &[
            "change the {shipping|delivery} address {of|for|on} $o to $a",
            "have $o {sent|shipped|delivered} to $a[ instead]",
            "redirect $o to $a",
            "get $o shipped to $a",
            "switch the address {on|for} $o to $a",
            "make sure $o goes to $a",
            "update $o so it ships to $a",
            "send $o to $a instead",
        ],
        &slots,
    );
    let whole = say(
        rng,
        &[
            "$o should be {going|delivered} to $a",
            "could $o go to $a instead",
            "{please|kindly} send $o to $a",
            "the address on $o should be $a",
            "is it too late to send $o to $a",
            "$o is headed to the wrong place, it should go to $a",
            "the right address for $o is $a",
        ],
        &slots,
    );
    Write {
        core,
        extras: Vec::new(),
        whole: Some(whole),
    }
}

fn order_payment(goal: &Goal, rng: &mut Rng) -> Write {
    let order = parts::order(goal, View::Opening, rng);
    let Some(payment) = parts::payment(goal, View::Opening, rng) else {
        let slots = [("o", order.as_str())];
        let core = say(
            rng,
            &[
                "change {the payment method|how I pay|the way I'm paying} for $o",
                "pay for $o {another way|with something else|differently}",
                "use a different payment method {on|for} $o",
                "switch the payment method {on|of} $o",
                "move the charge for $o to another payment method",
            ],
            &slots,
        );
        let whole = say(
            rng,
            &[
                "$o is being charged to the wrong payment method",
                "I picked the wrong payment method for $o",
                "can I still change how I pay for $o",
                "the payment method on $o has to change",
            ],
            &slots,
        );
        return Write {
            core,
            extras: Vec::new(),
            whole: Some(whole),
        };
    };
    let slots = [("o", order.as_str()), ("p", payment.as_str())];
    let core = say(
        rng,
        &[
            "pay for $o with $p[ instead]",
            "switch the payment {on|for} $o to $p",
            "have $o charged to $p",
            "change the payment method {for|on|of} $o to $p",
            "use $p for $o",
            "move the charge for $o over to $p",
            "put $o on $p",
            "settle $o with $p instead",
        ],
        &slots,
    );
    let whole = say(
        rng,
        &[
            "$o should be {charged to|paid with} $p",
            "can I pay for $o with $p instead",
            "$o went on the wrong payment method, I meant to use $p",
            "I'd rather $o came out of $p",
            "please charge $o to $p",
        ],
        &slots,
    );
    Write {
        core,
        extras: Vec::new(),
        whole: Some(whole),
    }
}

fn own_address(goal: &Goal, rng: &mut Rng) -> Write {
    let Some(address) = parts::address(goal, View::Opening, rng) else {
        let core = say(
            rng,
            &[
                "{update|change} {my default address|the address on my account}",
                "fix the address in my profile",
                "get my account to show another address",
                "change the address you have on file for me",
                "correct my default address",
            ],
            &[],
        );
        let whole = say(
            rng,
            &[
                "the address on my account is out of date",
                "my account still has an old address",
                "the default address in my profile has to change",
                "the address you have for me is wrong",
            ],
            &[],
        );
        return Write {
            core,
            extras: Vec::new(),
            whole: Some(whole),
        };
    };
    let slots = [("a", address.as_str())];
    let core = say(
        rng,
        &[
            "{update|change} {my default address|the address on my account} to $a",
            "set $a as my default address",
            "make $a the default address {on|in} my {account|profile}",
            "have my profile address changed to $a",
            "save $a as my address",
            "get my account address updated to $a",
        ],
        &slots,
    );
    let whole = say(
        rng,
        &[
            "the address in my profile should be $a",
            "my default address should now be $a",
            "my account has an old address, the new one is $a",
            "from now on my default address is $a",
        ],
        &slots,
    );
    Write {
        core,
        extras: Vec::new(),
        whole: Some(whole),
    }
}

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

fn give_back(goal: &Goal, rng: &mut Rng) -> Write {
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

/// Modified or exchanged items: each with what it is to become.
fn replace(goal: &Goal, exchange: bool, rng: &mut Rng) -> Write {
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
    let (verbs, wholes) = if exchange {
        (&EXCHANGES[..], &WHOLE_EXCHANGES[..])
    } else {
        (&CHANGES[..], &WHOLE_CHANGES[..])
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
pub(super) fn pairs(goal: &Goal, items: &[parts::Item], exchange: bool, rng: &mut Rng) -> String {
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
    let tables: &[&str] = if exchange {
        &[
            "exchange some things from $o: $m",
            "exchange $m, all from $o",
            "swap $m (they came in $o)",
            "make an exchange in $o, namely $m",
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
