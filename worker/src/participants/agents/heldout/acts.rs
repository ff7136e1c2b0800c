//! What a customer wants done, clause by clause.

use super::phrases::{
    ACTS_GET_THE_SAME, ADDRESS_OF_DEFAULT_ADDRESS, ADDRESS_OF_ORDER, CHANGED_PAYMENT,
    CHANGED_SHIP_TO, CLAUSES_ALSO, IS_QUESTION_HOW_LONG, IS_QUESTION_TELL_ME, PAID_DIFFERENCE,
    POLITE_IS_THERE_A_WAY, SENTENCE_ASKS_HOW_MANY, SHIPPED_WANT, SHIPPED_WAS_DELIVERED,
    STANDING_IN_INSTEAD_OF,
};
use super::text::{Word, any, has, order_ids, sentences, spans, words};
use super::verbs::{ASKS, CANCEL, CHANGE, EXCHANGE, HUMAN, RETURN};

/// What can be wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// Cancel an order.
    Cancel,
    /// Send items back for a refund.
    Return,
    /// Exchange items of a delivered order.
    Exchange,
    /// Change items of a pending order.
    Modify,
    /// Pay an order another way.
    Payment,
    /// Send an order elsewhere.
    Address,
    /// A new default address.
    Profile,
    /// Know something.
    Question,
    /// Something that no tool does.
    Human,
}

impl Act {
    /// Whether its new items are variants of its old ones.
    pub(super) fn swaps(self) -> bool {
        matches!(self, Self::Exchange | Self::Modify)
    }

    /// Whether it names items of an order.
    pub(super) fn takes_items(self) -> bool {
        matches!(self, Self::Exchange | Self::Modify | Self::Return)
    }

    /// Whether it is about one order.
    pub(super) fn takes_order(self) -> bool {
        !matches!(self, Self::Profile | Self::Question | Self::Human)
    }
}

/// A piece of a message and what it wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Clause {
    /// Its words.
    pub(super) text: String,
    /// What it wants; none where it only tells more.
    pub(super) act: Option<Act>,
    /// Whether it says that this comes on top of what was wanted before.
    pub(super) more: bool,
}

/// Parts a message into clauses.
pub(super) fn clauses(text: &str) -> Vec<Clause> {
    let mut found = Vec::new();
    for sentence in sentences(text) {
        let said = words(&sentence);
        let mut from = 0;
        let mut last: Option<Act> = None;
        let mut pieces: Vec<(usize, usize, Option<Act>)> = Vec::new();
        for (place, act) in acts(&said, &sentence) {
            if last.is_none_or(|before| before == act && !divided(&said, from, place, &sentence)) {
                last = last.or(Some(act));
                continue;
            }
            let cut = joint(&said, from, place);
            pieces.push((from, cut, last));
            from = cut;
            last = Some(act);
        }
        pieces.push((from, said.len(), last));
        for (from, to, act) in pieces.into_iter().filter(|piece| piece.0 < piece.1) {
            let start = if from == 0 { 0 } else { said[from].at };
            let end = if to == said.len() {
                sentence.len()
            } else {
                said[to].at
            };
            let text = sentence[start..end].trim().to_owned();
            let more = any(&words(&text), CLAUSES_ALSO);
            found.push(Clause { text, act, more });
        }
    }
    found
}

/// Whether between two mentions of the same act a second order begins.
fn divided(said: &[Word], from: usize, place: usize, _sentence: &str) -> bool {
    let before = order_ids(&said[from..place]);
    let after = order_ids(&said[place..]);
    !before.is_empty() && after.iter().any(|id| !before.contains(id))
}

/// Where a new clause starts before its verb: at the nearest "and", "then" or the like.
fn joint(said: &[Word], from: usize, place: usize) -> usize {
    let near = (from + 1..place).rev().take(7);
    let mut cut = place;
    for at in near {
        if matches!(
            said[at].text.as_str(),
            "and" | "then" | "also" | "plus" | "but"
        ) {
            cut = at;
            break;
        }
    }
    cut
}

/// Acts in the order of their mention.
fn acts(said: &[Word], sentence: &str) -> Vec<(usize, Act)> {
    let mut found: Vec<(usize, Act)> = Vec::new();
    let mut add = |phrases: &[&str], act: Act| {
        found.extend(
            phrases
                .iter()
                .flat_map(|phrase| spans(said, phrase))
                .map(|(at, _)| (at, act)),
        );
    };
    add(CANCEL, Act::Cancel);
    add(RETURN, Act::Return);
    add(EXCHANGE, Act::Exchange);
    found.retain(|(at, _)| !described(said, *at));
    for (at, _) in split_back(said) {
        found.push((at, Act::Return));
    }
    let changes: Vec<usize> = CHANGE
        .iter()
        .flat_map(|verb| spans(said, verb))
        .map(|(at, _)| at)
        .collect();
    for at in changes {
        let end = found
            .iter()
            .map(|(place, _)| *place)
            .filter(|place| *place > at)
            .min()
            .unwrap_or(said.len());
        if let Some(act) = changed(said, at, end, sentence) {
            found.push((at, act));
        }
    }
    if found.is_empty() {
        found.extend(without_verb(said, sentence));
    }
    let renewed = any(said, ACTS_GET_THE_SAME);
    if renewed && !any(said, &["get a refund", "get a full refund"]) {
        found
            .iter_mut()
            .filter(|(_, act)| *act == Act::Return)
            .for_each(|(_, act)| *act = Act::Modify);
    }
    let human = HUMAN
        .iter()
        .flat_map(|phrase| spans(said, phrase))
        .map(|(at, _)| at)
        .min();
    if let Some(at) = human.filter(|_| found.iter().all(|(_, act)| matches!(act, Act::Modify))) {
        let mine =
            has(said, "my email is") || has(said, "email address is") || sentence.contains('@');
        if !mine || has(said, "new email") {
            found.clear();
            found.push((at, Act::Human));
        }
    }
    let asks = ASKS
        .iter()
        .flat_map(|phrase| spans(said, phrase))
        .map(|(at, _)| at)
        .min();
    if let Some(at) = asks.filter(|at| is_question(said, *at, sentence) && !polite(said, &found)) {
        found.retain(|(place, _)| {
            *place < at && !matches!(said[*place].text.as_str(), "make" | "use" | "put")
        });
        found.push((at, Act::Question));
    }
    found.sort_by_key(|(at, _)| *at);
    found
}

/// What a sentence wants that has no verb of its own for it.
fn without_verb(said: &[Word], sentence: &str) -> Vec<(usize, Act)> {
    let mut found: Vec<(usize, Act)> = Vec::new();
    if found.is_empty()
        && has(said, "refund")
        && !has(said, "difference")
        && !any(said, &["charge or refund", "costs or saves"])
        && !sentence.ends_with('?')
    {
        found.extend(
            spans(said, "refund")
                .first()
                .map(|(at, _)| (*at, Act::Return)),
        );
    }
    if found.is_empty() && !sentence_asks(said) {
        found.extend(standing_in(said));
        found.extend(new_default(said));
    }
    if found.is_empty()
        && super::address::parse(sentence).address1.is_some()
        && !any(said, &["zip", "it should be", "please use", "address is"])
    {
        let order = any(said, &["order"]) || !order_ids(said).is_empty();
        found.push((0, if order { Act::Address } else { Act::Profile }));
    }
    if found.is_empty() {
        found.extend(shipped(said));
        found.extend(paid(said));
    }
    found
}

fn sentence_asks(said: &[Word]) -> bool {
    any(said, SENTENCE_ASKS_HOW_MANY)
}

/// "Get the cheapest instead of the lamp": no verb of change, but one thing in another's place.
fn standing_in(said: &[Word]) -> Option<(usize, Act)> {
    let wants = [
        "get", "have", "send me", "give me", "take", "like", "rather", "prefer",
    ];
    let at = wants
        .iter()
        .flat_map(|verb| spans(said, verb))
        .map(|(at, _)| at)
        .min()?;
    let place = any(said, STANDING_IN_INSTEAD_OF);
    let other = any(said, &["address", "card", "paypal", "payment", "pay"])
        && !any(said, &["difference", "one", "version", "model", "variant"]);
    (place && !other).then_some((at, Act::Modify))
}

/// "My default address is now …".
fn new_default(said: &[Word]) -> Option<(usize, Act)> {
    let at = [
        "default address",
        "profile address",
        "account address",
        "main address",
        "address on my profile",
        "address on my account",
        "address in my profile",
    ]
    .iter()
    .flat_map(|phrase| spans(said, phrase))
    .map(|(at, _)| at)
    .min()?;
    let order = any(said, &["ship", "send", "deliver", "sent", "go"])
        && has(said, "order")
        && !any(said, &["from now on", "should be", "address is"]);
    Some((at, if order { Act::Address } else { Act::Profile }))
}

/// "Send it back", "give them back".
fn split_back(said: &[Word]) -> Vec<(usize, usize)> {
    let backs = spans(said, "back");
    let verbs = |at: usize| {
        (at.saturating_sub(14)..at).rev().find(|place| {
            matches!(
                said[*place].text.as_str(),
                "send" | "give" | "sending" | "take" | "bring"
            )
        })
    };
    backs
        .into_iter()
        .filter_map(|(at, _)| verbs(at).map(|verb| (verb, at)))
        .filter(|(verb, at)| at - verb > 1)
        .collect()
}

/// Whether a verb only describes ("the cancelled order", "was returned", "return policy").
fn described(said: &[Word], at: usize) -> bool {
    let next = said.get(at + 1).map_or("", |word| word.text.as_str());
    let before = at
        .checked_sub(1)
        .map_or("", |before| said[before].text.as_str());
    let state = matches!(
        said[at].text.as_str(),
        "cancelled" | "exchanged" | "returned"
    );
    state
        && (matches!(next, "order" | "orders" | "one")
            || matches!(
                before,
                "was" | "were" | "is" | "already" | "the" | "are" | "been"
            ))
        || next == "policy"
        || next == "requested"
        || (said[at].text == "return" && matches!(before, "in"))
}

/// What a verb of change is about.
fn changed(said: &[Word], at: usize, end: usize, sentence: &str) -> Option<Act> {
    // "My address changed to …": of a participle, what it is about stands before it.
    let past = matches!(
        said[at].text.as_str(),
        "changed" | "swapped" | "switched" | "replaced" | "modified" | "updated"
    );
    let from = if past { at.saturating_sub(6) } else { at };
    let near = &said[from..end.min(at + 30)];
    let weak = matches!(
        said[at].text.as_str(),
        "use" | "make" | "set" | "put" | "fix" | "correct" | "move"
    );
    if at > 0
        && matches!(
            said[at - 1].text.as_str(),
            "the" | "a" | "price" | "can't" | "cannot"
        )
        && !weak
        && said[at].text != "update"
    {
        return None;
    }
    if any(near, &["my mind", "of mind", "of plan"]) {
        let another = any(said, &["get", "another", "different", "instead"])
            && any(near, &["mind about", "mind on"]);
        return another.then_some(Act::Modify);
    }
    if past && !any(said, &["have", "get", "be", "see", "want"]) {
        return None;
    }
    if matches!(said[at].text.as_str(), "redirect" | "reroute") {
        return Some(Act::Address);
    }
    if any(near, &["email"]) && !any(near, &["order"]) {
        return Some(Act::Human);
    }
    let place = spans(near, "address")
        .iter()
        .any(|(place, _)| !city_before(near, *place, sentence));
    if place || any(near, CHANGED_SHIP_TO) {
        return Some(address_of(said));
    }
    let pays = any(near, CHANGED_PAYMENT);
    let about_difference = any(near, &["difference", "refund"]);
    if any(near, &["payment method", "method of payment", "payment"]) && !about_difference && !weak
    {
        return Some(Act::Payment);
    }
    if weak {
        return None;
    }
    if pays
        && !about_difference
        && any(near, &["order"])
        && !any(near, &["item", "for the", "for a", "color", "size"])
    {
        return Some(Act::Payment);
    }
    Some(Act::Modify)
}

/// "The Denver address": an address that only tells which order.
fn city_before(near: &[Word], place: usize, sentence: &str) -> bool {
    place
        .checked_sub(1)
        .is_some_and(|at| sentence[near[at].at..].starts_with(char::is_uppercase))
}

fn address_of(said: &[Word]) -> Act {
    let place = spans(said, "address")
        .first()
        .map_or(said.len(), |span| span.0);
    let cut = said[..place]
        .iter()
        .enumerate()
        .rev()
        .find(|(_, word)| word.text == "to")
        .map_or(place, |(at, _)| at);
    let head = &said[..cut.max(1).min(said.len())];
    let all_about_profile = any(said, ADDRESS_OF_DEFAULT_ADDRESS);
    let order = any(said, ADDRESS_OF_ORDER) || !order_ids(said).is_empty();
    if any(head, ADDRESS_OF_DEFAULT_ADDRESS) || (all_about_profile && !order) {
        return Act::Profile;
    }
    if order { Act::Address } else { Act::Profile }
}

/// "Ship it to my new address", without a verb of change.
fn shipped(said: &[Word]) -> Option<(usize, Act)> {
    let verbs = [
        "ship",
        "send",
        "deliver",
        "shipped",
        "sent",
        "redirect",
        "reroute",
        "go to",
        "mailed",
        "delivered",
    ];
    let at = verbs
        .iter()
        .flat_map(|verb| spans(said, verb))
        .map(|(at, _)| at)
        .min()?;
    let wants = any(said, SHIPPED_WANT);
    let past = any(said, SHIPPED_WAS_DELIVERED);
    (wants && !past && any(said, &["to", "address"]) && any(said, &["address", "order", "it"]))
        .then_some((at, Act::Address))
}

/// "I'd like to pay for order … with PayPal", without a verb of change.
fn paid(said: &[Word]) -> Option<(usize, Act)> {
    let methods = [
        "paypal",
        "gift card",
        "card",
        "visa",
        "mastercard",
        "payment method",
        "another method",
    ];
    let at = methods
        .iter()
        .flat_map(|verb| spans(said, verb))
        .map(|(at, _)| at)
        .min()?;
    let ordered = any(said, &["order"]) || !order_ids(said).is_empty();
    let about_refund = any(said, PAID_DIFFERENCE);
    (ordered && !about_refund).then_some((at, Act::Payment))
}

fn is_question(said: &[Word], at: usize, sentence: &str) -> bool {
    let told = any(said, IS_QUESTION_TELL_ME);
    if any(said, IS_QUESTION_HOW_LONG) {
        return false;
    }
    let which_clause = said[at].text == "which" && at > 0 && !sentence.ends_with('?');
    let quantity = any(said, &["how many", "how much"]);
    let asked = sentence.ends_with('?');
    (asked || told || quantity) && (told || !which_clause) && (asked || said[at].text != "when")
}

/// "Could you let me know once …" after a wish, or "is there a way to cancel": a wish all the same.
fn polite(said: &[Word], found: &[(usize, Act)]) -> bool {
    !found.is_empty() && any(said, POLITE_IS_THERE_A_WAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wants(text: &str) -> Vec<Option<Act>> {
        clauses(text).into_iter().map(|clause| clause.act).collect()
    }

    #[test]
    fn wishes_are_told_apart() {
        for (text, act) in [
            (
                "I'd like to cancel order #W1234567 because I no longer need it",
                Act::Cancel,
            ),
            ("Please send the desk lamp back", Act::Return),
            (
                "I want to exchange the lamp for the black one",
                Act::Exchange,
            ),
            ("Can you swap the lamp for a cheaper one?", Act::Modify),
            (
                "Please change the payment method of order #W1234567 to PayPal",
                Act::Payment,
            ),
            ("Could you switch my order to my Visa card?", Act::Payment),
            (
                "Please change the shipping address of order #W1234567 to my default address",
                Act::Address,
            ),
            ("I moved, please update my default address", Act::Profile),
            ("How many of my orders are pending?", Act::Question),
            ("Can you tell me how much I paid in total?", Act::Question),
            ("I have a coupon code I want applied", Act::Human),
        ] {
            assert_eq!(wants(text), [Some(act)], "{text}");
        }
    }

    #[test]
    fn several_wishes_in_one_sentence_are_parted() {
        assert_eq!(
            wants("I want to return the lamp and exchange the shoes for size 9."),
            [Some(Act::Return), Some(Act::Exchange)]
        );
        assert_eq!(
            wants("Please cancel #W1234567 and also change the address of #W7654321. Thanks!"),
            [Some(Act::Cancel), Some(Act::Address), None]
        );
    }
}
