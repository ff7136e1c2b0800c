//! What a text names: a write, orders, items, ways to pay, reasons, addresses.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use proto::record::{Map, Value};

use crate::domains::{MOST_NAMED, Mentions};

/// What a word of retail points to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Cancel,
    Return,
    Exchange,
    /// To change something; what, the objects tell.
    Change,
    /// To pay or send in another way; a change where such an object is named.
    Send,
    Address,
    /// The address of a person's account.
    Profile,
    Payment,
    Item,
    Pending,
    Paypal,
    GiftCard,
    CreditCard,
    NoNeed,
    Mistake,
    /// What follows is what is wanted: "for", "to", "with".
    Toward,
    /// What follows is a new item.
    New,
    /// What follows is what is given up: "from", "instead of".
    Away,
    /// No write although it looks like one: "return policy".
    Nothing,
}

const WORDS: &[(Word, &str)] = &[
    (
        Word::Cancel,
        "\
        cancel | cancelling | canceling | cancellation | cancelled | canceled | call off | \
        calling off",
    ),
    (
        Word::Return,
        "\
        return | returning | send back | sending back | give back | take back | returned | returns",
    ),
    (
        Word::Exchange,
        "\
        exchange | exchanging | exchanged | swap | swapping | trade in",
    ),
    (
        Word::Change,
        "\
        change | changing | changed | modify | modifying | modified | modification | update | \
        updating | updated | switch | switching | switched | replace | replacing | replaced | \
        edit | set | setting | adjust | move | moving | moved | moves",
    ),
    (
        Word::Send,
        "\
        ship order | send order | ship it | ship your order | send your order | redirect | \
        reroute | have order | shipped to | delivered to | charge order | pay for order | \
        put order | use",
    ),
    (
        Word::Address,
        "\
        address | shipping address | delivery address",
    ),
    (
        Word::Profile,
        "\
        default address | profile | account address | user address | address on file | \
        address on your account | address in your account | address of your account | \
        default shipping address | default address of account | address for your account | \
        account's address | your account's | default delivery address | account's default",
    ),
    (
        Word::Payment,
        "\
        payment method | payment | method of payment | paid with | pay with | pay for",
    ),
    (
        Word::Item,
        "\
        item | items | variant | version | option | options | color | size | material",
    ),
    (
        Word::Pending,
        "\
        pending",
    ),
    (
        Word::Paypal,
        "\
        paypal | pay pal",
    ),
    (
        Word::GiftCard,
        "\
        gift card | giftcard | gift-card",
    ),
    (
        Word::CreditCard,
        "\
        credit card | visa | card on file | your card | debit card | bank card | mastercard | \
        master card",
    ),
    (
        Word::NoNeed,
        "\
        no longer needed | no longer need | no longer needs | not needed anymore | \
        not needed any more | don't need | do not need | doesn't need | isn't needed | \
        is not needed | no longer require | no longer required | no longer want | \
        no longer wanted | don't want it anymore | not needed | not need | isn't needed any more | \
        no use for | no need for | no longer necessary | no longer useful | no longer of use",
    ),
    (
        Word::Mistake,
        "\
        by mistake | by accident | accidentally | accidental | mistakenly | in error | a mistake | \
        mistaken | unintentionally | unintentional | unintended | inadvertently | inadvertent | \
        didn't mean to | did not mean to | wasn't meant to | was not meant to",
    ),
    (
        Word::Toward,
        "\
        for | to | with | into | becomes | become | turns into | new | -> | => | onto",
    ),
    (
        Word::New,
        "\
        new item | new items | replacement | replacement item | new variant | new version | \
        new one",
    ),
    (
        Word::Away,
        "\
        from | instead of | rather than | originally | currently | original payment method | old | \
        previously | current",
    ),
    (
        Word::Nothing,
        "\
        return policy | return label | how to return | in return | return instructions | \
        returned to your | returned to you | return the refund | exchange policy | any changes | \
        other changes | no changes | further changes | in exchange | more changes | \
        additional changes | all set | return or exchange | set up | to set up | \
        change your mind | changed your mind | order update | used | email address",
    ),
];

struct Table {
    automaton: AhoCorasick,
    words: Vec<Word>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let pairs = WORDS
        .iter()
        .flat_map(|(word, phrases)| phrases.split(" | ").map(move |phrase| (*word, phrase)));
    let (words, phrases): (Vec<Word>, Vec<&str>) = pairs.unzip();
    let automaton = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::LeftmostLongest)
        .kind(Some(AhoCorasickKind::DFA))
        .build(phrases)
        .expect("a hundred short phrases fit any automaton");
    Table { automaton, words }
});

/// A word or value at its place.
#[derive(Debug, Clone, Copy)]
enum Found<'a> {
    Word(Word),
    Order(&'a str),
    Item(&'a str),
    Method(&'a str),
    /// Last digits of a card.
    Ending(&'a str),
    User(&'a str),
    /// A bracket opens or closes.
    Open,
    Close,
    /// A five-digit number behind two capitals; where it begins.
    Zip(usize),
}

/// What a text names. `order` (ids), `items` and `new_items` (ids before and behind "for", "to" or
/// "with"), `payment` (ids; where there is none, "paypal", "gift_card", "credit_card" or the last four
/// digits of a card), `reason` (the tool's two), `address` (a map of its parts), `user` (id).
pub fn mentions(text: &str) -> Mentions {
    let found = scan(text);
    let tool = tool(&found);
    let mut out = Mentions {
        tool: tool.map(str::to_owned),
        slots: Vec::new(),
    };
    orders_and_items(&found, tool, &mut out);
    payments(&found, &mut out);
    reasons(&found, &mut out);
    for found in &found {
        if let Found::Zip(at) = found
            && let Some(address) = address(text, *at)
        {
            put(&mut out, "address", Value::Map(address));
        }
        if let Found::User(id) = found {
            put(&mut out, "user", Value::from(*id));
        }
    }
    out
}

fn put(out: &mut Mentions, slot: &str, value: Value) {
    match out.slots.iter_mut().find(|(name, _)| name == slot) {
        Some((_, known)) if known.len() >= MOST_NAMED || known.contains(&value) => {}
        Some((_, known)) => known.push(value),
        None => out.slots.push((slot.to_owned(), vec![value])),
    }
}

/// Words and values in the order of their places.
fn scan(text: &str) -> Vec<Found<'_>> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(16);
    let mut words = TABLE.automaton.find_iter(text).filter(|hit| {
        let before =
            hit.start() == 0 || !part_of_word(bytes[hit.start() - 1]) || bytes[hit.start()] == b'-';
        let after = hit.end() == bytes.len() || !part_of_word(bytes[hit.end()]);
        before && after
    });
    let mut hit = words.next();
    let mut at = 0;
    while at < bytes.len() {
        while let Some(word) = hit.filter(|hit| hit.start() <= at) {
            out.push(Found::Word(TABLE.words[word.pattern().as_usize()]));
            hit = words.next();
        }
        if !bytes[at].is_ascii_alphanumeric() {
            match bytes[at] {
                b'(' => out.push(Found::Open),
                b')' => out.push(Found::Close),
                _ => {}
            }
            at += 1;
            continue;
        }
        let end = at
            + bytes[at..]
                .iter()
                .take_while(|byte| part_of_word(**byte))
                .count();
        out.extend(value(text, at, end));
        while let Some(word) = hit.filter(|hit| hit.start() < end) {
            out.push(Found::Word(TABLE.words[word.pattern().as_usize()]));
            hit = words.next();
        }
        at = end;
    }
    out
}

fn part_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The value that the token at `start..end` is.
fn value(text: &str, start: usize, end: usize) -> Option<Found<'_>> {
    let token = &text[start..end];
    let bytes = token.as_bytes();
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    match bytes[0] {
        b'W' | b'w' if bytes.len() == 8 && digits(&token[1..]) => Some(Found::Order(&token[1..])),
        b'0'..=b'9' if bytes.len() == 10 && digits(token) => {
            let before = text[..start].trim_end_matches([' ', '#', ':', '(']);
            let product = before.len() >= 7 && before.is_char_boundary(before.len() - 7) && {
                let tail = before[before.len() - 7..].to_ascii_lowercase();
                tail == "product" || tail.ends_with("duct id")
            };
            (!product).then_some(Found::Item(token))
        }
        b'0'..=b'9' if bytes.len() == 5 && digits(token) => {
            let state = text[..start].trim_end_matches([' ', ',', ':']).as_bytes();
            let capitals =
                state.len() >= 2 && state[state.len() - 2..].iter().all(u8::is_ascii_uppercase);
            (capitals && !text[..start].ends_with('$')).then_some(Found::Zip(start))
        }
        b'0'..=b'9' if bytes.len() == 4 && digits(token) => {
            let before = text[..start].trim_end();
            let ending = ["ending in", "ending with", "ends in", "ending"]
                .iter()
                .any(|lead| {
                    before.len() >= lead.len()
                        && before.is_char_boundary(before.len() - lead.len())
                        && before[before.len() - lead.len()..].eq_ignore_ascii_case(lead)
                });
            ending.then_some(Found::Ending(token))
        }
        _ if bytes.contains(&b'_') => underscored(token),
        _ => None,
    }
}

/// A payment method's id or a user's.
fn underscored(token: &str) -> Option<Found<'_>> {
    let (stem, number) = token.rsplit_once('_')?;
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    match stem {
        "credit_card" | "gift_card" | "paypal" => Some(Found::Method(token)),
        _ if stem.contains('_') => Some(Found::User(token)),
        _ => None,
    }
}

/// The write spoken of: the first verb decides, and for changes what is changed.
fn tool(found: &[Found<'_>]) -> Option<&'static str> {
    let has = |word: Word| {
        found
            .iter()
            .any(|it| matches!(it, Found::Word(w) if *w == word))
    };
    let verb = found.iter().find_map(|it| match it {
        Found::Word(word @ (Word::Cancel | Word::Return | Word::Exchange | Word::Change)) => {
            Some(*word)
        }
        _ => None,
    });
    let order = found.iter().any(|it| matches!(it, Found::Order(_)));
    let item = found.iter().any(|it| matches!(it, Found::Item(_)));
    let zip = found.iter().any(|it| matches!(it, Found::Zip(_)));
    let change = || {
        if has(Word::Profile) {
            Some("modify_user_address")
        } else if has(Word::Address) || zip {
            Some("modify_pending_order_address")
        } else if item {
            Some("modify_pending_order_items")
        } else if has(Word::Payment) {
            Some("modify_pending_order_payment")
        } else if has(Word::Item) {
            Some("modify_pending_order_items")
        } else {
            None
        }
    };
    match verb {
        Some(Word::Cancel) => Some("cancel_pending_order"),
        Some(Word::Return) => Some("return_delivered_order_items"),
        Some(Word::Exchange) if has(Word::Pending) => Some("modify_pending_order_items"),
        Some(Word::Exchange) => Some("exchange_delivered_order_items"),
        Some(Word::Change) => change(),
        _ if has(Word::Send) && zip => change(),
        _ if has(Word::Send) && order && has(Word::Payment) => Some("modify_pending_order_payment"),
        _ => None,
    }
}

fn orders_and_items(found: &[Found<'_>], tool: Option<&str>, out: &mut Mentions) {
    let pairs = tool.is_none_or(|tool| {
        matches!(
            tool,
            "modify_pending_order_items" | "exchange_delivered_order_items"
        )
    });
    let (mut toward, mut outside, mut new) = (false, false, false);
    let mut groups: Vec<Vec<&str>> = vec![Vec::new()];
    for it in found {
        match it {
            Found::Order(number) => put(out, "order", Value::from(format!("#W{number}"))),
            Found::Word(Word::Toward) => toward = true,
            Found::Word(Word::New) => (toward, new) = (true, true),
            Found::Word(Word::Away) => toward = false,
            Found::Open => outside = toward,
            Found::Close => toward = outside && toward,
            Found::Item(id) => {
                let known = groups.iter().any(|group| !group.is_empty());
                if toward && pairs && (known || new) {
                    groups.push(Vec::new());
                }
                groups.last_mut().expect("there is a first group").push(id);
                (toward, outside, new) = (false, false, false);
            }
            _ => {}
        }
    }
    sides(&groups, out);
}

/// Old and new items of groups that "for" stands between: "a and b for c and d" has two groups, "a for
/// b and c for d" three, whose middle one begins with as many new items as there are old before it.
fn sides(groups: &[Vec<&str>], out: &mut Mentions) {
    let mut due = 0;
    for (place, group) in groups.iter().enumerate() {
        let last = place + 1 == groups.len();
        let new = match place {
            0 => 0,
            _ if last => group.len(),
            _ => due.min(group.len()),
        };
        for (at, id) in group.iter().enumerate() {
            let slot = if at < new { "new_items" } else { "items" };
            put(out, slot, Value::from(*id));
        }
        due = group.len() - new;
    }
}

fn payments(found: &[Found<'_>], out: &mut Mentions) {
    let mut sources: Vec<Value> = Vec::new();
    let mut ids = false;
    let mut away = false;
    for it in found {
        let value = match it {
            Found::Word(Word::Away) => {
                away = true;
                continue;
            }
            Found::Word(Word::Toward) | Found::Order(_) | Found::Item(_) => {
                away = false;
                continue;
            }
            Found::Method(id) => {
                ids |= !away;
                *id
            }
            Found::Ending(digits) => digits,
            Found::Word(Word::Paypal) => "paypal",
            Found::Word(Word::GiftCard) => "gift_card",
            Found::Word(Word::CreditCard) => "credit_card",
            _ => continue,
        };
        let value = Value::from(value);
        if !away && sources.len() < MOST_NAMED && !sources.contains(&value) {
            sources.push(value);
        }
    }
    let id = |value: &Value| {
        value
            .as_str()
            .is_some_and(|text| underscored(text).is_some())
    };
    let ending = |value: &Value| {
        let four = |text: &str| text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
        value.as_str().is_some_and(four)
    };
    let endings = sources.iter().any(ending);
    sources.retain(|value| {
        let card = value.as_str() == Some("credit_card");
        (!ids || id(value)) && !(endings && card)
    });
    sources
        .into_iter()
        .for_each(|value| put(out, "payment", value));
}

fn reasons(found: &[Found<'_>], out: &mut Mentions) {
    for it in found {
        match it {
            Found::Word(Word::NoNeed) => put(out, "reason", Value::from("no longer needed")),
            Found::Word(Word::Mistake) => put(out, "reason", Value::from("ordered by mistake")),
            _ => {}
        }
    }
}

/// The address whose zip begins at `zip`: street, perhaps a unit, city, two capitals, zip, country.
fn address(text: &str, zip: usize) -> Option<Map> {
    let window = (zip.saturating_sub(160)..=zip).find(|&at| text.is_char_boundary(at))?;
    let near = &text[window..zip];
    let from = near.rfind(['\n', ':', '"', '(']).map_or(0, |at| at + 1);
    let before = near[from..].trim_end_matches([' ', ',']);
    // The capitals may stand before the mark, as in "NY: 10001", or too far back.
    let (head, state) = before.split_at_checked(before.len().checked_sub(2)?)?;
    let parts: Vec<&str> = head
        .trim_end_matches([' ', ','])
        .split(',')
        .map(str::trim)
        .collect();
    let (city, rest) = parts.split_last()?;
    let (street, unit) = match rest {
        [] => return None,
        [.., street, unit]
            if starts_with_number(street).is_some()
                && starts_with_number(unit).is_none_or(|at| at > 0) =>
        {
            (*street, *unit)
        }
        [.., street] => (*street, ""),
    };
    let street = &street[starts_with_number(street)?..];
    let after = &text[zip + 5..];
    let country = ["USA", "United States", "US"]
        .into_iter()
        .find(|name| after.trim_start_matches([',', ' ']).starts_with(name));
    let mut out = Map::new();
    for (key, value) in [
        ("address1", street),
        ("address2", unit),
        ("city", *city),
        ("state", state),
        ("zip", &text[zip..zip + 5]),
    ] {
        out.insert(key.to_owned(), Value::from(value));
    }
    if country.is_some() {
        out.insert("country".to_owned(), Value::from("USA"));
    }
    Some(out)
}

/// Where the last number before a word begins: that of "12 Oak Street" in "to 12 Oak Street".
fn starts_with_number(part: &str) -> Option<usize> {
    let bytes = part.as_bytes();
    let start = |at: &usize| bytes[*at].is_ascii_digit() && (*at == 0 || bytes[*at - 1] == b' ');
    let at = (0..bytes.len()).find(start)?;
    let digits = bytes[at..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let next = bytes.get(at + digits + 1);
    (bytes.get(at + digits) == Some(&b' ') && next.is_some_and(u8::is_ascii_alphabetic))
        .then_some(at)
}
