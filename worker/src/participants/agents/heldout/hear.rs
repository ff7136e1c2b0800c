//! What a message changes: new wishes and answers.

use super::acts::{Act, Clause, clauses};
use super::amend::GIVE_UP;
use super::matching;
use super::phrases::{FRESH_NO_THANKS, INHERIT_SAME_ORDER, POLITE_THANK, VARIANT_TOLD_CHEAPER};
use super::steps::Slot;
use super::text::{Reply, Word, any, has, order_ids, reply, turns, words};
use super::wish::{Reason, Standing, Wish, segments};
use super::{HeldOut, Pending};

/// Pressing on after a refusal.
const PUSHES: &[&str] = &[
    "check again",
    "check once more",
    "disappointing",
    "nothing you can do",
    "nothing to be done",
    "something you can do",
    "are you serious",
    "ridiculous",
    "an exception",
    "are you sure",
    "no way around",
    "look again",
    "just this once",
    "really not possible",
    "not acceptable",
];

/// Taking something back.
const RETRACTS: &[&str] = &[
    "shouldn't have asked",
    "should not have asked",
    "don't want to",
    "do not want to",
    "no longer want to",
    "wish i hadn't",
    "forget about",
    "don't actually want",
];

/// Saying something again.
const REPEATS: &[&str] = &[
    "again",
    "second time",
    "once more",
    "repeat",
    "from the top",
    "what i asked for",
    "already told",
    "already said",
    "try again",
    "say it again",
    "i wasn't clear",
    "i was unclear",
    "explain myself",
    "back up a little",
    "start over",
    "as i said",
    "like i said",
];

/// Wishes of one person that are kept apart.
const MOST_WISHES: usize = 24;

impl HeldOut {
    /// Takes in a message of a customer who is known.
    pub(super) fn interpret(&mut self, text: &str) {
        let said = words(text);
        if !self.refusal.is_empty()
            && any(&said, PUSHES)
            && clauses(text)
                .iter()
                .all(|clause| matches!(clause.act, None | Some(Act::Question)))
        {
            self.notes.push(format!(
                "I understand, but there is no way around it. {}",
                self.refusal
            ));
            return;
        }
        if any(&said, REPEATS) && clauses(text).iter().any(|clause| clause.act.is_some()) {
            if let Pending::Slot(place, Slot::Free) | Pending::Confirm(place, _) = self.pending {
                self.wishes[place].standing = Standing::Closed;
                self.begin(clauses(text));
                self.pending = Pending::Nothing;
                return;
            }
            if matches!(
                self.pending,
                Pending::Leave | Pending::More | Pending::Nothing
            ) {
                self.begin(clauses(text));
                return;
            }
        }
        match self.pending.clone() {
            Pending::Confirm(place, call) => match reply(text) {
                Reply::Yes => {
                    self.agreed = Some((place, call));
                    self.pending = Pending::Nothing;
                    let act = self.wishes[place].act;
                    let extra: Vec<Clause> = clauses(text)
                        .into_iter()
                        .filter(|clause| {
                            clause.act.is_some_and(|other| other != act || clause.more)
                        })
                        .collect();
                    self.begin(extra);
                }
                Reply::No | Reply::Other => self.amend(place, text),
            },
            Pending::Slot(place, slot) => self.reply_to(place, &slot, text),
            Pending::Leave if reply(text) == Reply::Yes => {}
            Pending::Leave => {
                self.fresh(text);
                self.lost = false;
            }
            Pending::Nothing | Pending::Identity | Pending::More => self.fresh(text),
        }
    }

    /// A message that answers nothing in particular.
    fn fresh(&mut self, text: &str) {
        let clauses = clauses(text);
        let wanted = clauses.iter().any(|clause| clause.act.is_some());
        let said = words(text);
        let open = self
            .wishes
            .iter()
            .rposition(|wish| wish.standing == Standing::Open);
        if let Some(open) = open
            && turns(&said)
        {
            self.amend(open, text);
        } else if wanted {
            self.begin(clauses);
        } else if turns(&said) && !self.wishes.is_empty() && !any(&said, FRESH_NO_THANKS) {
            let last = self.wishes.len() - 1;
            self.again(last, text);
        } else {
            self.lost = !polite(&said);
        }
    }

    /// A change of mind about a wish that is closed: the same wish once more, as changed.
    fn again(&mut self, last: usize, text: &str) {
        let mut wish = self.wishes[last].clone();
        if !wish.act.takes_order() && wish.act != Act::Profile {
            return;
        }
        wish.standing = Standing::Open;
        self.wishes.push(wish);
        let place = self.wishes.len() - 1;
        self.amend(place, text);
    }

    /// New wishes.
    pub(super) fn begin(&mut self, clauses: Vec<Clause>) {
        let mut lead = String::new();
        let mut mine: Option<usize> = None;
        for Clause { text, act, more } in clauses {
            if act.is_some() && any(&words(&text), RETRACTS) {
                let same =
                    |wish: &&mut Wish| wish.standing == Standing::Open && Some(wish.act) == act;
                self.wishes
                    .iter_mut()
                    .filter(same)
                    .for_each(|wish| wish.standing = Standing::Closed);
                continue;
            }
            let Some(act) = act else {
                match mine {
                    Some(place) => self.wishes[place].hear(&text),
                    None => lead = format!("{lead} {text}"),
                }
                continue;
            };
            if let Some(place) = mine
                && self.belongs(place, act, more, &text)
            {
                self.wishes[place].hear(&text);
                continue;
            }
            let lead = std::mem::take(&mut lead);
            let mut wish = Wish::new(act, format!("{lead} {text}").trim());
            self.inherit(&mut wish);
            mine = Some(self.place_for(wish, more));
        }
    }

    /// Adds a wish; one that says an open wish again takes its place.
    fn place_for(&mut self, mut wish: Wish, more: bool) -> usize {
        let ids = |wish: &Wish| {
            order_ids(&words(&wish.texts.join(" ")))
                .into_iter()
                .next()
                .or_else(|| wish.order.clone())
        };
        let mine = ids(&wish);
        let known = self.wishes.iter().position(|other| {
            let same = other.act == wish.act || other.act.swaps() && wish.act.swaps();
            let apart = ids(other)
                .zip(mine.clone())
                .is_some_and(|(one, two)| one != two);
            other.standing == Standing::Open && same && !apart && !more && wish.act != Act::Question
        });
        if let Some(place) = known {
            if wish.order.is_none()
                && mine.is_none()
                && !matching::orders(&wish.texts.join(" "), &self.records.own(), &self.records).1
            {
                wish.order.clone_from(&self.wishes[place].order);
            }
            self.wishes[place] = wish;
            return place;
        }
        // Said before in the same words, or more than anybody wants: nothing new to remember.
        let again = |other: &Wish| other.act == wish.act && other.texts == wish.texts;
        let open = |other: &Wish| other.standing == Standing::Open;
        let same = self
            .wishes
            .iter()
            .position(|other| open(other) && again(other));
        if let Some(place) = same.or((self.wishes.len() >= MOST_WISHES).then_some(MOST_WISHES - 1))
        {
            return place;
        }
        self.wishes.push(wish);
        self.wishes.len() - 1
    }

    /// Whether a clause only goes on about the wish before it.
    fn belongs(&self, place: usize, act: Act, more: bool, text: &str) -> bool {
        let wish = &self.wishes[place];
        let other_order = order_ids(&words(text))
            .iter()
            .any(|id| !order_ids(&words(&wish.texts.join(" "))).contains(id));
        let same = wish.act == act || act == Act::Modify && wish.act.swaps();
        let own = self.records.own();
        let identified = |text: &str| matching::orders(text, &own, &self.records);
        let (mine, told) = identified(&wish.texts.join(" "));
        let (theirs, other_told) = identified(text);
        let apart = told
            && other_told
            && has(&words(text), "order")
            && !theirs
                .iter()
                .any(|one| mine.iter().any(|two| one.order_id == two.order_id));
        same && !apart && !(more && other_order) && wish.act != Act::Question
    }

    /// "It", "that order", "the same order": the order spoken of before.
    fn inherit(&self, wish: &mut Wish) {
        let text = wish.texts.join(" ");
        let said = words(&text);
        if !wish.act.takes_order() || !order_ids(&said).is_empty() {
            return;
        }
        let named = matching::orders(&text, &self.records.own(), &self.records).1;
        let back = any(&said, INHERIT_SAME_ORDER);
        if !named && back {
            wish.order = self.wishes.iter().rev().find_map(|wish| wish.order.clone());
        }
    }

    /// An answer to a question about a wish.
    fn reply_to(&mut self, place: usize, slot: &Slot, text: &str) {
        let said = words(text);
        let act = self.wishes[place].act;
        let parts = clauses(text);
        let others = parts.iter().any(|clause| {
            clause
                .act
                .is_some_and(|other| other != act && !(other == Act::Modify && act.swaps()))
        });
        if others && turns(&said) || any(&said, GIVE_UP) || *slot == Slot::Free {
            self.amend(place, text);
            return;
        }
        if others {
            let mut extra = parts;
            extra.retain(|clause| {
                clause
                    .act
                    .is_some_and(|other| other != act && other != Act::Modify)
            });
            if extra.iter().any(|clause| clause.more)
                || extra
                    .iter()
                    .all(|clause| matches!(clause.act, Some(Act::Question | Act::Human)))
            {
                self.begin(extra);
            }
        }
        match slot {
            Slot::Order(ids) => self.order_told(place, ids, text),
            Slot::Items(open) => self.items_told(place, open, text),
            Slot::Variant(turn, ids) => self.variant_told(place, *turn, ids, text),
            Slot::Payment(ids) => {
                if let Some(at) = matching::ordinal(&said, ids.len()) {
                    self.wishes[place].payment = Some(ids[at].clone());
                }
                self.wishes[place].hear(text);
            }
            Slot::Reason => {
                self.wishes[place].hear(text);
                let unsure = any(&said, &["don't know", "not sure"]);
                if self.wishes[place].reason.is_none() && !unsure {
                    self.wishes[place].reason = Some(Reason::Other);
                }
            }
            Slot::Address | Slot::Free => self.wishes[place].hear(text),
        }
    }

    fn order_told(&mut self, place: usize, ids: &[String], text: &str) {
        let said = words(text);
        if let Some(id) = order_ids(&said).into_iter().next() {
            self.wishes[place].order = Some(id);
        } else {
            let own = self.records.own();
            let among: Vec<_> = own
                .iter()
                .copied()
                .filter(|order| ids.is_empty() || ids.contains(&order.order_id))
                .collect();
            let (fit, told) = matching::orders(text, &among, &self.records);
            let (anywhere, told_anywhere) = matching::orders(text, &own, &self.records);
            let chosen = match (fit.as_slice(), anywhere.as_slice()) {
                ([one], _) if told => Some(one.order_id.clone()),
                (_, [one]) if told_anywhere => Some(one.order_id.clone()),
                _ => matching::ordinal(&said, ids.len()).map(|at| ids[at].clone()),
            };
            self.wishes[place].order = chosen;
        }
        self.wishes[place].hear(text);
    }

    fn items_told(&mut self, place: usize, open: &[usize], text: &str) {
        let wish = &mut self.wishes[place];
        let Some(order) = wish.order.as_ref().and_then(|id| self.records.order(id)) else {
            return;
        };
        let group = wish.open.iter().position(|(places, _)| places == open);
        let target = group.map_or_else(|| wish.texts.join(" . "), |at| wish.open[at].1.clone());
        let mut found = Vec::new();
        for (source, wants) in segments(text, order, wish.act) {
            let source = if source.is_empty() { &wants } else { &source };
            let mut view = order.clone();
            if !open.is_empty() {
                view.items = open.iter().map(|at| order.items[*at].clone()).collect();
            }
            let meant = matching::items(source, &view);
            if open.is_empty() {
                let narrowed = meant
                    .open
                    .iter()
                    .map(|group| (group.clone(), wants.clone()));
                wish.open.extend(narrowed);
            }
            found.extend(
                meant
                    .items
                    .into_iter()
                    .map(|at| (if open.is_empty() { at } else { open[at] }, wants.clone())),
            );
        }
        if found.is_empty()
            && let Some(at) = matching::ordinal(&words(text), open.len())
        {
            found.push((open[at], String::new()));
        }
        if !found.is_empty() {
            for (at, wants) in found {
                wish.add(at, &target);
                wish.add(at, &wants);
            }
            if let Some(group) = group {
                wish.open.remove(group);
            }
        }
        wish.texts.push(text.to_owned());
    }

    fn variant_told(&mut self, place: usize, turn: usize, ids: &[String], text: &str) {
        let said = words(text);
        let wish = &mut self.wishes[place];
        let order = wish.order.as_ref().and_then(|id| self.records.order(id));
        let old = order
            .zip(wish.items.get(turn))
            .map(|(order, swap)| &order.items[swap.place]);
        if let Some(product) = old.and_then(|old| self.records.product(&old.product_id)) {
            let mut offered: Vec<_> = ids
                .iter()
                .filter_map(|id| product.variants.get(id))
                .collect();
            let named =
                super::options::named(&said, offered.iter().map(|variant| &variant.options));
            offered.retain(|variant| {
                named
                    .iter()
                    .all(|(key, value)| variant.options.get(key) == Some(value))
            });
            offered.sort_by(|one, other| one.price.total_cmp(&other.price));
            let chosen = if any(&said, VARIANT_TOLD_CHEAPER) {
                offered.first()
            } else if any(
                &said,
                &["pricier", "more expensive", "most expensive", "dearer"],
            ) {
                offered.last()
            } else if offered.len() == 1 {
                offered.first()
            } else {
                None
            };
            wish.items[turn].new = chosen.map(|variant| variant.item_id.clone());
            if named.is_empty()
                && chosen.is_none()
                && let Some(at) = matching::ordinal(&said, ids.len())
            {
                wish.items[turn].new = Some(ids[at].clone());
            }
        }
        let names: Vec<String> = order
            .map(|order| order.items.iter().map(|item| item.name.clone()).collect())
            .unwrap_or_default();
        let mut told = false;
        for (source, target) in order
            .map(|order| segments(text, order, wish.act))
            .unwrap_or_default()
        {
            let source = words(&source);
            let named = matching::products(&source, names.iter().map(String::as_str));
            for swap in wish
                .items
                .iter_mut()
                .filter(|swap| named.iter().any(|(name, _, _)| *name == names[swap.place]))
            {
                swap.wants.push(target.clone());
                told = true;
            }
        }
        if !told {
            wish.items[turn].wants.push(text.to_owned());
        }
        wish.texts.push(text.to_owned());
    }
}

/// Whether a message only thanks, greets or takes leave.
fn polite(said: &[Word]) -> bool {
    said.len() < 4 || any(said, POLITE_THANK)
}
