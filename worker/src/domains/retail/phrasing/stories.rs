//! Why people want things: reasons that a tool asks for, said in many ways that stay recognisable,
//! and stories beside wishes that name nothing of the world (no product, number, date, option, place).
//!
//! Every line is a clause that can follow "because". Pronouns are `$it`, `$they`, with the verbs `$is`,
//! `$was`, `$does`, `$has`.

use proto::record::{Goal, Visibility};
use proto::seed::Rng;

use super::parts::{self, View};
use crate::language::phrasing::Tone;
use crate::language::surface::say;

/// Wordings by which "no longer needed" is recognised.
pub(super) const UNNEEDED: [&str; 9] = [
    "no longer need",
    "no longer needed",
    "don't need",
    "do not need",
    "won't need",
    "isn't needed",
    "not needed",
    "don't actually need",
    "don't really need",
];

/// Wordings by which "ordered by mistake" is recognised.
pub(super) const MISTAKE: [&str; 9] = [
    "by mistake",
    "a mistake",
    "my mistake",
    "by accident",
    "an accident",
    "accidentally",
    "mistakenly",
    "in error",
    "didn't mean to order",
];

const NO_NEED: &[&str] = &[
    "I no longer need it",
    "I don't need it any more",
    "my plans changed and I don't need any of it now",
    "I {found|discovered} I already own something similar, so I don't really need it",
    "my {roommate|sister|brother|neighbor|mother} is lending me theirs and I no longer need to buy it",
    "it's no longer needed",
    "we're {moving|downsizing} and simply won't need it",
    "the {project|event|trip} I bought it for fell through, so it's no longer needed",
    "somebody gave me the very same as a gift, so I don't need another",
    "I've sorted the problem out differently and don't need it now",
    "on reflection I don't actually need it",
    "I looked at my budget and honestly I don't need it",
    "my old one got repaired and I no longer need a replacement",
    "things have changed at home and we don't need it",
    "the person I was buying it for says they don't need it",
    "I got carried away shopping, and I don't really need it",
    "my circumstances are different now and it's not needed",
    "by the time it gets here I won't need it any longer",
    "I borrowed what I was missing, so it isn't needed any more",
    "work is providing this stuff after all and I no longer need my own",
    "we cleaned out the garage and found what we were after, so we don't need it",
    "I thought it over and I no longer need what's in there",
    "it was for a hobby I've since given up, so it's no longer needed",
    "my wife says we don't need it, and she's usually correct",
    "the kids lost interest and don't need it now",
    "I won't need it where I'm going",
    "whatever I had in mind for it isn't happening, and I don't need it",
    "a friend talked me out of it; I do not need it",
    "I slept on it and came to the conclusion that I don't really need it",
    "my situation is different these days and I no longer need it",
];

const BY_MISTAKE: &[&str] = &[
    "I ordered it by mistake",
    "I placed it by accident",
    "it was ordered by mistake",
    "that order was a mistake",
    "I was only browsing and accidentally pressed the button",
    "my {toddler|kid|nephew|cat} got hold of my phone and it was ordered by accident",
    "I meant to save it for later and mistakenly checked out",
    "it was an accident, I had the wrong things in my cart",
    "I hit buy twice by mistake",
    "I was comparing things and ordered this by mistake",
    "my finger slipped and it went through by accident",
    "I honestly didn't mean to order it",
    "I clicked through checkout by mistake",
    "I must have accidentally confirmed an old cart",
    "I was half asleep and ordered by mistake",
    "it got placed in error",
    "the page froze, I kept tapping, and I ended up ordering by mistake",
    "I thought I was on the wish list page, so this was a mistake",
    "I wasn't paying attention and bought it by mistake",
    "my husband and I both thought we should order, so this one is a mistake",
    "I was showing a friend how the site works and accidentally bought it",
    "the whole thing was my mistake",
    "autofill did its thing and I submitted it by accident",
    "I picked the wrong stuff altogether, it was ordered in error",
    "I only wanted to see the shipping cost and mistakenly paid",
];

const RETURNS: &[&str] = &[
    "$they just $does not work for me",
    "$they $is nothing like what I pictured",
    "my partner went and bought the same thing",
    "$they {doesn't|didn't} live up to what I was hoping for",
    "I never even opened the package",
    "I had second thoughts once the box arrived",
    "I've hardly touched $it",
    "the quality disappointed me",
    "$they came with some damage",
    "I'm trying to spend less",
    "it was meant as a gift and it turns out they already own that",
    "$they $was not to my taste after all",
    "I tried $it out for a bit and regret the purchase",
    "there is no room for $it at my place",
    "my mother-in-law beat me to it",
    "I {couldn't|can't} get used to $it",
    "I saw better reviews for something else",
    "something rattles inside",
    "$they looked nicer in the pictures",
    "I'd rather have the money back for rent",
    "I simply don't like $it",
    "my dog is terrified of $it",
    "the packaging was torn and I don't trust what's inside",
    "I bought on impulse",
    "my allergies flare up around $it",
    "they've been sitting in the hallway ever since the delivery",
    "I can't figure out how to use $it",
    "we are moving abroad and must travel with less",
    "my daughter hates $it",
    "$they smelled odd straight out of the box",
    "I was hoping for something sturdier",
    "nobody in the house ever uses $it",
];

const SWAPS: &[&str] = &[
    "I got distracted at checkout and chose badly",
    "I changed my mind about which one I like",
    "my spouse would prefer that",
    "that would suit us better",
    "I've since read a few reviews",
    "I didn't look closely enough when I was shopping",
    "what I picked doesn't go with the rest of my things",
    "I asked around and everyone recommends that instead",
    "it would match what I already own",
    "that's what I thought I was getting in the first place",
    "the present is for somebody picky",
    "it would be more practical for what I do every day",
    "I wasn't sure when I bought and now I am",
    "my coworker has that and I'm jealous",
    "I misread the description",
    "what I chose isn't going to work for my situation",
    "my teenager has strong opinions about these things",
    "I tried a friend's and liked that far better",
    "I couldn't decide and guessed wrong",
    "it doesn't suit the place where I'd use it",
    "I was in a hurry when I bought it",
    "we measured and thought about it again",
    "somebody at the store around the corner talked sense into me",
    "it's for my grandfather and he knows what he likes",
    "I realised too late what I'd selected",
];

const MOVES: &[&str] = &[
    "I've just moved",
    "I won't be around to pick it up where it's going now",
    "I moved and forgot to tell you",
    "parcels keep getting stolen where I used to live",
    "I'm staying with family for a while",
    "I completely forgot to update my details",
    "my lease ended",
    "we're between homes at the moment",
    "my building's mail room is hopeless",
    "I'd like it somewhere a person can sign for it",
    "my college semester is over and I'm back with my parents",
    "autofill put in an old address",
    "I got a new job and had to relocate",
    "the house was sold",
    "my landlord is renovating and nobody can get in",
    "I split up with my partner and moved out",
    "that's where I'll be for the foreseeable future",
    "I typed it in a rush",
    "I'll be travelling and someone else has to accept the parcel",
    "the doorman at that place keeps losing things",
];

const PAYMENTS: &[&str] = &[
    "I picked the wrong thing at checkout",
    "my accountant wants it kept apart",
    "I'd rather keep that other account free for groceries",
    "I'm trying to keep better track of my spending",
    "I wasn't paying attention when I paid",
    "my spouse pointed out that we share that account",
    "I'm saving the other one for emergencies",
    "the site filled in the wrong one by itself",
    "I get better rewards that way",
    "I'm about to close the other account",
    "I've been having trouble with my bank",
    "I meant to choose that at checkout",
    "I don't want it to show up on a shared statement",
    "that's simply more convenient for me",
    "my budget for that account is used up",
    "it was a birthday thing and I'd like to pay for it separately",
];

/// A reason or story for a goal: always the reason that a slot says in the opening, else a story now
/// and then.
pub(super) fn why(goal: &Goal, tone: Tone, rng: &mut Rng) -> Option<String> {
    if let Some(reason) = parts::slot_of(goal, "reason") {
        return stated(&parts::spoken(reason, View::Opening), rng);
    }
    let told = match tone {
        Tone::Plain => 0.55,
        Tone::Chatty => 0.9,
        Tone::Polite => 0.6,
        Tone::Annoyed => 0.6,
        Tone::Terse => 0.15,
    };
    if !rng.chance(told) {
        return None;
    }
    let bank = match parts::tool(goal) {
        "return_delivered_order_items" => RETURNS,
        "exchange_delivered_order_items" | "modify_pending_order_items" => SWAPS,
        "modify_pending_order_address" | "modify_user_address" => MOVES,
        "modify_pending_order_payment" => PAYMENTS,
        _ => return None,
    };
    Some(told_story(bank, goal, rng))
}

fn told_story(bank: &[&str], goal: &Goal, rng: &mut Rng) -> String {
    let said = parts::items_said(goal, View::Opening);
    let slots = parts::pronouns(&said);
    say(rng, bank, &slots)
}

/// The reason that descriptors give, as a clause.
pub(super) fn stated(said: &[&proto::record::Descriptor], rng: &mut Rng) -> Option<String> {
    let first = said.first()?;
    debug_assert!(
        first.visibility != Visibility::Never,
        "a reason nobody knows is not said"
    );
    let text = parts::argument(first, 0);
    Some(match text.as_str() {
        "no longer needed" => say(rng, NO_NEED, &[]),
        "ordered by mistake" => say(rng, BY_MISTAKE, &[]),
        _ => free(&text, rng),
    })
}

/// A reason given in the intent's own words, made a clause.
fn free(text: &str, rng: &mut Rng) -> String {
    let first = text.split(' ').next().unwrap_or_default();
    let verbs = [
        "found", "got", "want", "wanted", "changed", "bought", "need", "needed", "have", "had",
        "saw", "prefer", "lost", "moved", "decided", "am", "was",
    ];
    if verbs.contains(&first) {
        return say(
            rng,
            &[
                "I $t",
                "I actually $t",
                "it's that I $t",
                "the thing is, I $t",
                "I {just|simply} $t",
            ],
            &[("t", text)],
        );
    }
    let pronoun = [
        "i", "my", "it", "the", "it's", "i'm", "i've", "we", "they", "there", "someone",
    ];
    if pronoun.contains(&first.to_lowercase().as_str()) {
        return text.to_owned();
    }
    say(
        rng,
        &[
            "my reason is: $t",
            "the reason is simple: $t",
            "it comes down to this: $t",
            "the reason I'd give is \"$t\"",
            "it's a case of \"$t\"",
        ],
        &[("t", text)],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::grammar::Phrase;
    use proto::seed::Seed;

    #[test]
    fn required_reasons_stay_recognisable_and_apart() {
        let mut rng = Seed::root(1).rng();
        let banks = [
            (NO_NEED, &UNNEEDED, &MISTAKE),
            (BY_MISTAKE, &MISTAKE, &UNNEEDED),
        ];
        for (bank, own, other) in banks {
            for template in bank {
                for _ in 0..8 {
                    let text = Phrase::parse(template).unwrap().render(&mut rng, &[]);
                    assert!(own.iter().any(|word| text.contains(word)), "{text}");
                    assert!(!other.iter().any(|word| text.contains(word)), "{text}");
                }
            }
        }
    }

    #[test]
    fn stories_hint_at_no_required_reason() {
        for bank in [RETURNS, SWAPS, MOVES, PAYMENTS] {
            for text in bank {
                let hints = UNNEEDED.iter().chain(&MISTAKE);
                assert!(!hints.into_iter().any(|word| text.contains(word)), "{text}");
            }
        }
    }
}
