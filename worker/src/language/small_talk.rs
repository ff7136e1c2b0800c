//! What a simulated user says on the way, beside what its script holds. Only a yes reads as consent and
//! only a no as a refusal of what is proposed; nothing here names anything of the world.

use proto::seed::Rng;

use super::phrasing::Tone;
use super::surface::{say, tidy};

/// What is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply<'a> {
    /// Consent to what is proposed.
    Yes,
    /// What is proposed is wrong; not why.
    No,
    /// Nothing else is wanted.
    NoThanks,
    /// The person does not take the refusal at first.
    PushBack,
    /// The agent said nothing that asks for an answer; it should go on.
    Nudge,
    /// The wish again, in the script's words.
    Restate(&'a str),
    /// What is proposed is wrong; the wish again, in the script's words.
    NotThat(&'a str),
    /// What is proposed has to wait for another wish, which is stated again.
    NotYet(&'a str),
    /// Asked for something the person does not know.
    DontKnow,
}

/// What a person of this style says.
pub fn small_talk(reply: Reply<'_>, style: &str, rng: &mut Rng) -> String {
    let tone = Tone::of(style);
    let text = match reply {
        Reply::Yes => say(rng, yes(tone), &[]),
        Reply::No => say(rng, no(tone), &[]),
        Reply::NoThanks => say(rng, no_thanks(tone), &[]),
        Reply::PushBack => say(rng, push_back(tone), &[]),
        Reply::Nudge => say(rng, nudge(tone), &[]),
        Reply::DontKnow => say(rng, dont_know(tone), &[]),
        Reply::NotThat(text) => {
            let no = tidy(&say(rng, no(tone), &[]));
            return format!("{no} {text}");
        }
        Reply::NotYet(text) => {
            let no = tidy(&say(rng, not_yet(tone), &[]));
            return format!("{no} {text}");
        }
        Reply::Restate(text) => {
            let lead = say(rng, restate(tone), &[]);
            return format!(
                "{}{}{text}",
                tidy(&lead).trim_end_matches('.'),
                if lead.is_empty() { "" } else { ". " }
            )
            .trim_start_matches(['.', ' '])
            .to_owned();
        }
    };
    tidy(&text)
}

fn yes(tone: Tone) -> &'static [&'static str] {
    match tone {
        Tone::Plain => &[
            "yes, {please|go ahead|that's correct|do it}",
            "yes, that {is correct|looks good}",
            "yes",
        ],
        Tone::Chatty => &[
            "yes, that's exactly what I had in mind[, thank you so much]",
            "yes, perfect, {please go ahead|do it}",
            "yes, that's it, you've got it",
        ],
        Tone::Terse => &["yes", "yes. Do it", "yes, go ahead"],
        Tone::Polite => &[
            "yes, please go ahead[, and thank you]",
            "yes, that is correct, thank you",
            "yes, please, that would be lovely",
        ],
        Tone::Annoyed => &[
            "yes, {just do it|go ahead already|please get on with it}",
            "yes. Finally",
            "yes, that's what I've been saying",
        ],
    }
}

fn no(tone: Tone) -> &'static [&'static str] {
    match tone {
        Tone::Plain => &[
            "no, that's not {it|what I want|what I asked for}",
            "no, that isn't {quite it|what I meant}",
            "no, please don't do that",
        ],
        Tone::Chatty => &[
            "no, hmm, that's not what I had in mind, sorry",
            "no, sorry, I think we've got our wires crossed",
            "no, oh dear, that isn't what I meant at all",
        ],
        Tone::Terse => &["no", "no, not that", "no, wrong"],
        Tone::Polite => &[
            "no, I'm afraid that's not what I meant",
            "no, I'm sorry, that isn't quite it",
            "no, thank you, but that is not what I am after",
        ],
        Tone::Annoyed => &[
            "no, that's wrong",
            "no! That's not what I said",
            "no, are you even reading what I write? Not that",
        ],
    }
}

fn not_yet(tone: Tone) -> &'static [&'static str] {
    match tone {
        Tone::Plain => &[
            "no, not yet, the other thing {comes first|first}, please",
            "no, let's {do|settle} the other one first",
        ],
        Tone::Chatty => &[
            "no, hang on a bit with that one, the other thing comes first",
            "no, not yet, sorry, let's sort out the first one first",
        ],
        Tone::Terse => &["no, the other one first", "no, not yet. First things first"],
        Tone::Polite => &[
            "no, not yet, if you don't mind, I would like the other request settled first",
            "no, thank you, kindly see to the other one first",
        ],
        Tone::Annoyed => &[
            "no, not yet. The other one first, as I told you",
            "no, one thing after the other, and the other one comes first",
        ],
    }
}

fn no_thanks(tone: Tone) -> &'static [&'static str] {
    match tone {
        Tone::Plain => &[
            "that's all, thanks",
            "that was everything, thank you",
            "nothing else from me, thanks",
        ],
        Tone::Chatty => &[
            "that's everything, you've been a great help",
            "I think that's the lot, thanks a bunch and have a lovely day",
            "nothing else from me, take care",
        ],
        Tone::Terse => &["that's all", "nothing else", "all done"],
        Tone::Polite => &[
            "that is all, thank you very much for your help",
            "that will be everything, many thanks",
            "nothing further, thank you kindly",
        ],
        Tone::Annoyed => &[
            "that's all",
            "nothing else, I've spent enough time on this",
            "that's everything, thanks I guess",
        ],
    }
}

fn push_back(tone: Tone) -> &'static [&'static str] {
    match tone {
        Tone::Plain => &[
            "are you {certain|absolutely certain}? Can't you make an exception[ for me]?",
            "is there really {nothing you can do|no way around it}?",
            "that's disappointing. Could you check once more?",
        ],
        Tone::Chatty => &[
            "oh, that's a shame! Are you certain there's no way around it? I've been a customer for ages",
            "hmm, really? I was so hoping you could bend the rules just a little",
            "aw, come on, isn't there some trick you could try?",
        ],
        Tone::Terse => &[
            "really? Not even as an exception?",
            "can't you try anyway?",
            "why not? Please check again",
        ],
        Tone::Polite => &[
            "I understand, but might you be able to make an exception?",
            "I see. Would it be possible to look into it once more, please?",
            "I don't mean to be difficult, but is there truly nothing to be done?",
        ],
        Tone::Annoyed => &[
            "that's ridiculous. Check again",
            "are you serious? There must be something you can do",
            "I don't accept that. Try again",
        ],
    }
}

fn nudge(tone: Tone) -> &'static [&'static str] {
    match tone {
        Tone::Plain => &[
            "{could|can} you help me with that?",
            "what {happens next|do you need from me}?",
            "please continue",
        ],
        Tone::Chatty => &[
            "I'm still here! What's next?",
            "so, where does that leave us?",
            "take your time, but do let me know what's next",
        ],
        Tone::Terse => &["and?", "next?", "so?"],
        Tone::Polite => &[
            "would you kindly continue?",
            "may I ask how we proceed from here?",
            "please let me know what you need from me",
        ],
        Tone::Annoyed => &[
            "and now? I'm waiting",
            "can we get on with it?",
            "hello? What's the holdup?",
        ],
    }
}

fn restate(tone: Tone) -> &'static [&'static str] {
    match tone {
        Tone::Plain => &[
            "let me say it again",
            "as I said",
            "",
            "what I asked for is this",
        ],
        Tone::Chatty => &[
            "maybe I didn't explain myself well, let me try again",
            "let me back up a little",
            "so, from the top",
        ],
        Tone::Terse => &["", "again", "as said"],
        Tone::Polite => &[
            "allow me to repeat my request",
            "perhaps I was unclear",
            "I'm sorry if I wasn't clear",
        ],
        Tone::Annoyed => &[
            "I'll say it once more",
            "for the second time",
            "I already told you",
        ],
    }
}

fn dont_know(tone: Tone) -> &'static [&'static str] {
    match tone {
        Tone::Plain => &[
            "I don't know that, sorry",
            "I'm not certain about that",
            "I don't have that at hand, can you look it up?",
        ],
        Tone::Chatty => &[
            "oh goodness, I honestly couldn't tell you, can you look it up on your end?",
            "hmm, that I can't remember for the life of me",
            "you've got me there, I really couldn't say",
        ],
        Tone::Terse => &["I don't know", "I can't say", "can't tell you that"],
        Tone::Polite => &[
            "I'm afraid I don't know that, I'm sorry",
            "I apologise, I don't have that information",
            "forgive me, I couldn't say; might you look it up?",
        ],
        Tone::Annoyed => &[
            "how should I know? Look it up",
            "I couldn't tell you, isn't that in your system?",
            "I don't know, that's your department",
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialogue::facts::read_user;
    use proto::seed::Seed;

    #[test]
    fn every_reply_is_a_clean_sentence() {
        let mut rng = Seed::root(3).rng();
        let replies = [
            Reply::Yes,
            Reply::No,
            Reply::NoThanks,
            Reply::PushBack,
            Reply::Nudge,
            Reply::DontKnow,
            Reply::Restate("I want my lamp."),
            Reply::NotThat("I want my lamp."),
            Reply::NotYet("I want my lamp."),
        ];
        for tone in Tone::ALL {
            for reply in replies {
                for _ in 0..40 {
                    let text = small_talk(reply, tone.label(), &mut rng);
                    assert!(text.starts_with(char::is_uppercase), "{text:?}");
                    assert!(text.ends_with(['.', '?', '!']), "{text:?}");
                    assert!(
                        !text.contains("  ") && !text.contains(['$', '{', '[']),
                        "{text:?}"
                    );
                    let lower = text.to_lowercase();
                    let word = |word: &str| lower.starts_with(word);
                    assert_eq!(word("yes"), reply == Reply::Yes, "{text}");
                    let refuses = matches!(reply, Reply::No | Reply::NotThat(_) | Reply::NotYet(_));
                    assert_eq!(word("no,") || word("no.") || word("no!"), refuses, "{text}");
                    assert!(
                        !refuses || read_user(&text).consent == Some(false),
                        "{text}"
                    );
                }
            }
        }
    }
}
