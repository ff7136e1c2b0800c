//! Reading a user's yes and no.

use super::facts::UserFacts;
use super::sentences;

/// Openings that agree.
const YES: &str = "\
    yes | yep | yeah | yup | yea | sure | ok | okay | correct | right | confirmed | confirm | \
    i confirm | absolutely | of course | definitely | certainly | please do | go ahead | \
    go for it | do it | proceed | please proceed | please go ahead | sounds good | \
    that sounds good | that works | that's right | that is right | that's correct | \
    that is correct | that's fine | that is fine | that's it | that's the one | looks good | \
    that looks good | looks right | looks correct | perfect | great | fine | all good | i agree | \
    agreed | i'm happy with that | happy with that | works for me | good to go | let's do it | \
    let's do that | let's go ahead | exactly | indeed | by all means | y | affirmative | i do | \
    you got it | good | no problem | please cancel it | that's all correct";

/// Openings that refuse.
const NO: &str = "\
    no | nope | nah | not that | not this | not the | not quite | don't | do not | please don't | \
    please do not | that's not | that is not | that isn't | that's wrong | that is wrong | \
    this is wrong | wrong | incorrect | stop | i don't want | i do not want | i didn't | \
    it's not | it isn't | n | negative | i'd rather not | i would rather not | absolutely not | \
    definitely not | certainly not | of course not";

/// Words of someone who is thinking again, or who asks before answering.
const TURN: &str = "\
    actually | wait | hold on | hang on | on second thought | on reflection | changed my mind | \
    change my mind | scratch that | instead | one moment | come to think | let me think | \
    not sure | i don't know | i do not know | don't remember | do not remember | never mind | \
    nevermind | forget that | forget about | before you do | rather than";

/// What may stand before a yes or no.
const FILLER: &str = "\
    oh | hmm | um | uh | well | ah | alright | all right | hi | thanks | thank you | so | and | \
    then | please | hello | great | perfect | good | right | ok | okay";

/// Reads a user's message. A change of mind, a condition ("yes, but …") or a mixture of yes and no is
/// neither.
pub fn read_user(text: &str) -> UserFacts {
    let head: String = text.chars().take(1200).collect();
    let plain = sentences::plain(&head).to_ascii_lowercase();
    UserFacts {
        consent: consent(&plain),
    }
}

fn consent(plain: &str) -> Option<bool> {
    let (mut yes, mut no) = (false, false);
    let turns = TURN.split(" | ").any(|turn| holds(plain, turn));
    for clause in sentences::clauses(plain) {
        match answer(clause.of(plain)) {
            Some(true) => yes = true,
            Some(false) => no = true,
            None => {}
        }
        let body = clause.of(plain);
        if yes && (body.contains(", but ") || body.contains(" but ") || body.starts_with("but ")) {
            return None;
        }
    }
    match (yes, no) {
        (true, false) if !turns => Some(true),
        (false, true) if !turns || starts(plain.trim_start(), "no") => Some(false),
        _ => None,
    }
}

/// The answer that a clause opens with, fillers skipped; "go ahead" and "please do" count inside too.
fn answer(clause: &str) -> Option<bool> {
    let mut rest = bare(clause);
    loop {
        if NO.split(" | ").any(|no| starts(rest, no)) && !starts(rest, "no problem") {
            return Some(false);
        }
        if let Some(yes) = YES.split(" | ").find(|yes| starts(rest, yes)) {
            let after = bare(&rest[yes.len()..]);
            let against =
                NO.split(" | ").any(|no| starts(after, no)) && !starts(after, "no problem");
            return Some(!against || starts(rest, "yes"));
        }
        let Some(filler) = FILLER.split(" | ").find(|filler| starts(rest, filler)) else {
            break;
        };
        rest = bare(&rest[filler.len()..]);
    }
    let asks = clause.ends_with('?');
    let inside = [
        "go ahead",
        "please do",
        "i confirm",
        "you can proceed",
        "please proceed",
    ];
    (!asks
        && inside.iter().any(|yes| holds(clause, yes))
        && !clause.contains("n't ")
        && !clause.contains("not "))
    .then_some(true)
}

fn bare(text: &str) -> &str {
    text.trim_start_matches(|c: char| !c.is_alphanumeric())
}

/// Whether `text` begins with the words `phrase`.
fn starts(text: &str, phrase: &str) -> bool {
    text.strip_prefix(phrase)
        .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '\''))
}

/// Whether `text` holds the words `phrase`.
fn holds(text: &str, phrase: &str) -> bool {
    text.match_indices(phrase).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        !before.is_some_and(char::is_alphanumeric) && starts(&text[at..], phrase)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yes_no_and_neither() {
        let yes = [
            "Yes please",
            "yes",
            "Yes, that's right.",
            "Sure, go ahead!",
            "Go ahead, thanks.",
            "OK, do it.",
            "Correct, please proceed with the cancellation.",
            "Yep",
            "That sounds good, thank you.",
            "Great, yes.",
            "No problem, go ahead.",
            "Please do.",
            "Thanks. Yes, please go ahead with that.",
            "I confirm.",
            "Absolutely \u{2013} go for it",
            "Oh yes, that's the one",
            "Perfect, please go ahead.",
            "yes, nothing else",
        ];
        let no = [
            "No",
            "No, not that one.",
            "no, not that",
            "Nope, wrong order.",
            "That's not right.",
            "No thanks, leave it as it is.",
            "Please don't.",
            "That's not the one I meant.",
            "Hmm, no.",
            "Not that one, please.",
            "No, I want the other one instead.",
        ];
        let neither = [
            "Actually, wait. I'd like to return the lamp.",
            "Hold on, instead of that, exchange it.",
            "Yes, but use my gift card",
            "I changed my mind, cancel it.",
            "It's the black one.",
            "I'm not sure.",
            "I don't know the order number.",
            "On second thought, return both.",
            "My email is no.one@example.com",
            "",
            "What would it cost?",
            "Wait, can you use PayPal instead?",
            "I no longer need it.",
            "Is it okay to ship it?",
        ];
        for (texts, expected) in [
            (&yes[..], Some(true)),
            (&no[..], Some(false)),
            (&neither[..], None),
        ] {
            for text in texts {
                assert_eq!(read_user(text).consent, expected, "{text}");
            }
        }
    }
}
