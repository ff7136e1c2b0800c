//! One wish of a customer, as far as it is understood.

use super::acts::Act;
use super::address::{Parts, parse};
use super::matching::{self, products};
use super::records::{Order, Records};
use super::text::{Word, any, has, order_ids, spans, words};

/// How a wish stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// To be done.
    Open,
    /// Done, declined, answered or withdrawn.
    Closed,
}

/// An item wanted back or replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Swap {
    /// Its place in the order.
    pub(super) place: usize,
    /// What was said of its replacement, the newest last.
    pub(super) wants: Vec<String>,
    /// The replacement's item id.
    pub(super) new: Option<String>,
}

/// A wish.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    /// What is to be done.
    pub(super) act: Act,
    /// Everything said about it, the newest last.
    pub(super) texts: Vec<String>,
    /// What was said about its order.
    pub(super) order_texts: Vec<String>,
    /// The order.
    pub(super) order: Option<String>,
    /// Its items.
    pub(super) items: Vec<Swap>,
    /// Items of which some are meant, with what was said of a replacement.
    pub(super) open: Vec<(Vec<usize>, String)>,
    /// Whether its items have been read from what was said.
    pub(super) items_read: bool,
    /// The method of payment.
    pub(super) payment: Option<String>,
    /// Parts of a new address.
    pub(super) parts: Parts,
    /// Why an order is cancelled.
    pub(super) reason: Option<Reason>,
    /// How it stands.
    pub(super) standing: Standing,
}

/// Why an order is cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// No longer needed.
    NotNeeded,
    /// Ordered by mistake.
    Mistake,
    /// Any other, which is not accepted.
    Other,
}

impl Wish {
    /// A wish from the words that begin it.
    pub(super) fn new(act: Act, text: &str) -> Self {
        let mut wish = Self {
            act,
            texts: Vec::new(),
            order_texts: Vec::new(),
            order: None,
            items: Vec::new(),
            open: Vec::new(),
            items_read: false,
            payment: None,
            parts: Parts::default(),
            reason: None,
            standing: Standing::Open,
        };
        wish.hear(text);
        wish
    }

    /// Takes in more of what was said about it.
    pub(super) fn hear(&mut self, text: &str) {
        self.texts.push(text.to_owned());
        self.order_texts.push(self.about_order(text));
        if let Some(reason) = reason(text) {
            self.reason = Some(reason);
        }
        if matches!(self.act, Act::Address | Act::Profile) {
            self.parts.update(parse(text));
        }
    }

    /// The part of a text that can describe the order: an address to send it to can't.
    fn about_order(&self, text: &str) -> String {
        if self.act != Act::Address {
            return text.to_owned();
        }
        let street = parse(text).address1.and_then(|street| text.find(&street));
        street.map_or_else(|| text.to_owned(), |at| text[..at].to_owned())
    }

    /// Reads the items meant, once the order is known.
    pub(super) fn read_items(&mut self, order: &Order) {
        if self.items_read {
            return;
        }
        self.items_read = true;
        let names: Vec<&str> = order.items.iter().map(|item| item.name.as_str()).collect();
        for text in self.texts.clone() {
            let text = matching::without_order(&text, &names);
            for (source, target) in segments(&text, order, self.act) {
                let meant = matching::items(&source, order);
                if meant.items.len() == order.items.len()
                    && order.items.len() == 1
                    && !self.items.is_empty()
                {
                    self.items[0].wants.push(target);
                    continue;
                }
                for place in meant.items {
                    self.add(place, &target);
                }
                self.open
                    .extend(meant.open.into_iter().map(|open| (open, target.clone())));
            }
        }
        let items = self.items.clone();
        self.open.retain(|(open, _)| {
            !open
                .iter()
                .any(|place| items.iter().any(|swap| swap.place == *place))
        });
        self.open.dedup_by(|one, other| one.0 == other.0);
    }

    /// Adds an item, or what its replacement should be.
    pub(super) fn add(&mut self, place: usize, wants: &str) {
        let known = self.items.iter_mut().find(|swap| swap.place == place);
        if let Some(swap) = known {
            swap.wants.push(wants.to_owned());
        } else {
            self.items.push(Swap {
                place,
                wants: vec![wants.to_owned()],
                new: None,
            });
        }
    }

    /// Forgets which order, and all that hangs on it.
    pub(super) fn reset_order(&mut self) {
        self.order = None;
        self.order_texts.clear();
        self.reset_items();
    }

    /// Forgets which items.
    pub(super) fn reset_items(&mut self) {
        self.items.clear();
        self.open.clear();
        self.items_read = false;
    }
}

/// Parts what was said into (of which item, what instead) for each product named.
pub(super) fn segments(text: &str, order: &Order, act: Act) -> Vec<(String, String)> {
    if !act.swaps() {
        return vec![(text.to_owned(), String::new())];
    }
    let said = words(text);
    let mentioned = products(&said, order.items.iter().map(|item| item.name.as_str()));
    let mut starts: Vec<usize> = Vec::new();
    let mut last = "";
    for (turn, (name, from, _)) in mentioned.iter().enumerate() {
        let after_target = turn > 0 && separator(&said[mentioned[turn - 1].2..*from]).is_some();
        if starts.is_empty() {
            starts.push(0);
        } else if *name != last || !after_target && turn > 0 && joined(&said, *from).is_some() {
            starts.push(joined(&said, *from).unwrap_or(*from));
        }
        last = name;
    }
    if starts.is_empty() {
        starts.push(0);
    }
    let ends = starts[1..].iter().copied().chain([said.len()]);
    let pieces = starts
        .iter()
        .copied()
        .zip(ends)
        .filter(|(from, to)| from < to);
    pieces
        .map(|(from, to)| halves(text, &said[from..to], &mentioned))
        .collect()
}

/// The joint before a mention, if near.
fn joined(said: &[Word], at: usize) -> Option<usize> {
    let near = at.saturating_sub(7)..at;
    near.rev()
        .find(|place| matches!(said[*place].text.as_str(), "and" | "also" | "plus" | "then"))
}

/// Splits a segment into the item meant and what is wanted in its place.
fn halves(text: &str, said: &[Word], mentioned: &[(&str, usize, usize)]) -> (String, String) {
    let slice = |from: usize, to: usize| {
        if from >= to {
            String::new()
        } else {
            text[said[from].at..said[to - 1].end].to_owned()
        }
    };
    let end = said.len();
    if let Some((from, to)) = spans(said, "instead of").first().copied() {
        return (slice(to, end), slice(0, from));
    }
    let offset = said.first().map_or(0, |word| word.at);
    let names = words(text);
    let first = mentioned
        .iter()
        .map(|(_, _, to)| names[to - 1].end)
        .find(|at| *at > offset);
    let after = first.map_or(0, |at| {
        said.iter().position(|word| word.at >= at).unwrap_or(end)
    });
    match separator(&said[after..]) {
        Some(at) => (slice(0, after + at), slice(after + at, end)),
        None if mentioned.is_empty() && !any(said, &["item", "all", "both", "everything"]) => {
            (String::new(), slice(0, end))
        }
        None => (slice(0, end), slice(after, end)),
    }
}

/// Where the talk of the new item begins: "for", "to", "into", "with".
fn separator(said: &[Word]) -> Option<usize> {
    let fits = |at: &usize| {
        let next = &said[(at + 1).min(said.len())..(at + 4).min(said.len())];
        let order = any(next, &["order", "orders"]) || !order_ids(next).is_empty();
        matches!(
            said[*at].text.as_str(),
            "for" | "to" | "into" | "with" | "by"
        ) && !order
            && !next.is_empty()
    };
    (0..said.len()).find(fits)
}

/// Said of an order made by mistake.
const MISTAKE: [&str; 12] = [
    "mistake",
    "accident",
    "accidentally",
    "in error",
    "didn't mean",
    "did not mean",
    "by error",
    "mistakenly",
    "wrong button",
    "unintentionally",
    "never meant",
    "not mean",
];

/// Said of what is no longer needed.
const NEEDLESS: [&str; 30] = [
    "won't need",
    "need it any longer",
    "needed any longer",
    "will not need",
    "not going to need",
    "need it any more",
    "no longer need",
    "no longer needed",
    "don't need",
    "do not need",
    "not needed",
    "not need",
    "no longer want",
    "no longer wanted",
    "no need for",
    "no use for",
    "don't want",
    "do not want",
    "need it anymore",
    "needed anymore",
    "no longer require",
    "stopped needing",
    "without it",
    "no longer necessary",
    "isn't needed",
    "aren't needed",
    "need them anymore",
    "no longer useful",
    "don't really need",
    "never needed",
];

/// The reason for a cancellation that a text gives.
pub(super) fn reason(text: &str) -> Option<Reason> {
    let said = words(text);
    if any(&said, &MISTAKE) {
        return Some(Reason::Mistake);
    }
    if any(&said, &NEEDLESS) {
        return Some(Reason::NotNeeded);
    }
    let other = [
        "cheaper elsewhere",
        "better price",
        "better deal",
        "found it",
        "found them",
        "too long",
        "too expensive",
        "too slow",
        "late",
        "changed my mind",
        "another shop",
        "another store",
        "can't afford",
        "different reason",
        "delayed",
        "lower price",
        "cheaper somewhere",
        "somewhere else",
        "price",
    ];
    let because = any(&said, &["because", "since", "reason is", "reason"]);
    (any(&said, &other) && (because || !has(&said, "changed my mind"))).then_some(Reason::Other)
}

/// An own order of the customer's whose address a text borrows ("the same address as my other order").
pub(super) fn borrowed<'a>(text: &str, wish: &Wish, records: &'a Records) -> Option<&'a Order> {
    let said = words(text);
    if !has(&said, "address") && !any(&said, &["same place", "same as", "wherever"]) {
        return None;
    }
    let ids = order_ids(&said);
    if let Some(id) = ids.iter().rev().find(|id| Some(*id) != wish.order.as_ref()) {
        return records.order(id);
    }
    let from = [
        "same",
        "as my",
        "as the",
        "wherever",
        "address of",
        "address on",
        "address for",
        "address as",
        "to the",
        "is the",
    ];
    let at = from
        .iter()
        .flat_map(|phrase| spans(&said, phrase))
        .map(|span| span.0)
        .min()?;
    let own = records.own();
    let others: Vec<&Order> = own
        .into_iter()
        .filter(|order| Some(&order.order_id) != wish.order.as_ref())
        .collect();
    let (fit, told) = matching::orders(&text[said[at].at..], &others, records);
    let one = fit
        .first()
        .filter(|first| fit.iter().all(|order| order.address == first.address))?;
    (any(
        &said,
        &["order", "i used", "shipped", "sent", "went", "delivered"],
    ) && told)
        .then_some(*one)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::participants::agents::heldout::records::{Address, Item, Payment};

    fn order(names: &[&str]) -> Order {
        let item = |(at, name): (usize, &&str)| Item {
            name: (*name).to_owned(),
            product_id: at.to_string(),
            item_id: format!("100000000{at}"),
            price: 10.0,
            options: [("color".to_owned(), ["black", "red"][at % 2].to_owned())].into(),
        };
        Order {
            order_id: "#W1234567".to_owned(),
            user_id: "ann".to_owned(),
            address: Address::default(),
            items: names.iter().enumerate().map(item).collect(),
            status: "delivered".to_owned(),
            payment_history: vec![Payment {
                amount: 10.0,
                payment_method_id: "paypal_1".to_owned(),
            }],
            fulfillments: Vec::new(),
        }
    }

    fn read(act: Act, text: &str, names: &[&str]) -> Wish {
        let mut wish = Wish::new(act, text);
        wish.read_items(&order(names));
        wish
    }

    #[test]
    fn each_item_gets_its_own_replacement() {
        let wish = read(
            Act::Exchange,
            "exchange the desk lamp for a white one and the shoes for the cheapest",
            &["Desk Lamp", "Shoes", "Mug"],
        );
        assert_eq!(
            wish.items.iter().map(|swap| swap.place).collect::<Vec<_>>(),
            [0, 1]
        );
        assert!(wish.items[0].wants[0].contains("white"));
        assert!(!wish.items[0].wants[0].contains("cheapest"));
        assert!(wish.items[1].wants[0].contains("cheapest"));
    }

    #[test]
    fn an_open_item_stays_open() {
        let wish = read(
            Act::Return,
            "I want to return the lamp",
            &["Lamp", "Lamp", "Mug"],
        );
        assert_eq!(wish.open, [(vec![0, 1], String::new())]);
        let wish = read(
            Act::Return,
            "I want to return the red lamp",
            &["Lamp", "Lamp", "Mug"],
        );
        assert_eq!(wish.items.len(), 1);
        assert_eq!(wish.items[0].place, 1);
    }

    #[test]
    fn reasons_are_read() {
        assert_eq!(reason("I ordered it by mistake"), Some(Reason::Mistake));
        assert_eq!(reason("I don't need it any more"), Some(Reason::NotNeeded));
        assert_eq!(
            reason("because I found a better price"),
            Some(Reason::Other)
        );
        assert_eq!(reason("please cancel it"), None);
    }
}
