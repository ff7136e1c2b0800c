//! Changes of mind: a wish becomes another, or is withdrawn.

use super::acts::{Act, Clause, clauses};
use super::matching;
use super::phrases::{CHANGE_ITEMS_BOTH, NEGATED_DONT, NEGATED_DONT_NEED};
use super::text::{Word, any, has, order_ids, turns, words};
use super::wish::{Standing, Wish};
use super::{HeldOut, Pending};

/// Letting something be.
pub(super) const GIVE_UP: &[&str] = &[
    "never mind",
    "nevermind",
    "forget it",
    "forget about",
    "forget that",
    "leave it",
    "leave that",
    "drop that",
    "drop it",
    "don't bother",
    "skip that",
    "skip it",
    "keep it as it is",
    "no need",
];

impl HeldOut {
    /// A wish changes, or is withdrawn.
    pub(super) fn amend(&mut self, place: usize, text: &str) {
        let said = words(text);
        let act = self.wishes[place].act;
        let parts = clauses(text);
        let (gone, kept): (Vec<Clause>, Vec<Clause>) = parts
            .into_iter()
            .partition(|clause| clause.act.is_some_and(|_| negated(&words(&clause.text))));
        let other = kept.iter().find_map(|clause| {
            clause
                .act
                .filter(|other| *other != act && !(*other == Act::Modify && act.swaps()))
        });
        let extra = kept
            .iter()
            .any(|clause| clause.more && clause.act.is_some())
            && !turns(&said);
        if extra {
            self.begin(kept);
            self.pending = Pending::Nothing;
            return;
        }
        match other {
            Some(Act::Question) => {
                self.begin(kept);
                self.pending = Pending::Nothing;
            }
            Some(other) if self.elsewhere(place, other, text) => {
                self.begin(kept);
                self.pending = Pending::Nothing;
            }
            Some(other) => self.become_other(place, other, text),
            None if any(&said, GIVE_UP)
                || !gone.is_empty() && kept.iter().all(|clause| clause.act.is_none()) =>
            {
                self.wishes[place].standing = Standing::Closed;
                self.notes
                    .push("All right, I leave that as it is.".to_owned());
                self.pending = Pending::Nothing;
            }
            None => self.adjust(place, text),
        }
    }

    /// Whether another act concerns another order, or is of another kind, so that both are wanted.
    fn elsewhere(&self, place: usize, act: Act, text: &str) -> bool {
        let wish = &self.wishes[place];
        let ids = order_ids(&words(text));
        act.takes_order() != wish.act.takes_order()
            || !ids.is_empty()
                && wish
                    .order
                    .as_ref()
                    .is_some_and(|order| !ids.contains(order))
    }

    /// Another act on the same matter.
    fn become_other(&mut self, place: usize, act: Act, text: &str) {
        let before = self.wishes[place].clone();
        let mut wish = Wish::new(act, text);
        let named = matching::orders(text, &self.records.own(), &self.records).1;
        if !named && act.takes_order() {
            wish.order.clone_from(&before.order);
        }
        if act.takes_items() && before.act.takes_items() && wish.order == before.order {
            let order = wish.order.as_ref().and_then(|id| self.records.order(id));
            if let Some(order) = order
                && matching::items(text, order) == matching::Meant::default()
            {
                wish.items = before.items;
                wish.items_read = true;
                wish.items
                    .iter_mut()
                    .for_each(|swap| swap.wants.push(text.to_owned()));
            }
        }
        self.wishes[place] = wish;
        self.pending = Pending::Nothing;
    }

    /// Other values for the same act.
    fn adjust(&mut self, place: usize, text: &str) {
        let said = words(text);
        let own = self.records.own();
        let ids = order_ids(&said);
        let (fit, told) = matching::orders(text, &own, &self.records);
        let about_order = any(&said, &["order", "orders"]) && told;
        let wish = &mut self.wishes[place];
        let elsewhere = matches!(wish.act, Act::Address | Act::Profile) && wish.order.is_some();
        let moved = match (&wish.order, fit.as_slice()) {
            _ if !ids.is_empty() => ids.first() != wish.order.as_ref(),
            (Some(order), [one]) if about_order => one.order_id != *order,
            (Some(order), fit) if about_order => !fit.iter().any(|one| one.order_id == *order),
            _ => false,
        };
        if moved && !elsewhere {
            wish.reset_order();
            wish.texts.clear();
            wish.hear(text);
            return;
        }
        let order = wish.order.as_ref().and_then(|id| self.records.order(id));
        if wish.act.takes_items()
            && let Some(order) = order
        {
            change_items(wish, order, text, &said);
        }
        if !matching::payments(text, &self.records).is_empty() || matching::original_payment(&said)
        {
            wish.payment = None;
        }
        wish.hear(text);
    }
}

/// Takes in what a text changes about the items of a wish.
fn change_items(wish: &mut Wish, order: &super::records::Order, text: &str, said: &[Word]) {
    let names = order.items.iter().map(|item| item.name.as_str());
    let by_name = !matching::products(said, names).is_empty();
    let whole = any(said, CHANGE_ITEMS_BOTH);
    if by_name || whole {
        let mut fresh = Wish::new(wish.act, text);
        fresh.read_items(order);
        let adds = any(
            said,
            &["also", "as well", "too", "add", "in addition", "both"],
        );
        let known = fresh
            .items
            .iter()
            .all(|swap| wish.items.iter().any(|known| known.place == swap.place));
        if adds || known && wish.act.swaps() {
            for swap in fresh.items {
                for wants in swap.wants {
                    wish.add(swap.place, &wants);
                }
            }
            wish.items.iter_mut().for_each(|swap| swap.new = None);
        } else if !fresh.items.is_empty() || !fresh.open.is_empty() {
            let old = std::mem::replace(&mut wish.items, fresh.items);
            wish.open = fresh.open;
            for swap in &mut wish.items {
                if let Some(known) = old.iter().find(|known| known.place == swap.place) {
                    swap.wants.splice(0..0, known.wants.iter().cloned());
                }
            }
        }
        return;
    }
    if wish.act.swaps() {
        for swap in &mut wish.items {
            swap.wants.push(text.to_owned());
            swap.new = None;
        }
    } else {
        let meant = matching::items(text, order);
        if meant.items.len() == 1 && order.items.len() > 1 && !has(said, "refund") {
            wish.items.clear();
            wish.add(meant.items[0], "");
        }
    }
}

/// Whether a clause withdraws what it names.
fn negated(said: &[Word]) -> bool {
    !any(
        said,
        &["has to be", "should be", "make the address", "rather than"],
    ) && any(said, NEGATED_DONT)
        && !any(said, NEGATED_DONT_NEED)
}
