//! How a good scripted agent speaks: politely, briefly, and so that the parser of dialogue facts finds
//! in every message exactly the act that was meant.

use std::sync::LazyLock;

use proto::record::{Goal, PlannedCall, Question, Value};
use proto::seed::Rng;

use crate::dialogue::lexicon::words;
use crate::domains::Domain;
use crate::environment::Environment;

use super::grammar::Phrases;

/// What an agent does with a message.
#[derive(Debug, Clone, Copy)]
pub enum Act<'a> {
    /// Asks who is there.
    AskIdentity,
    /// Asks for slots of a goal, offering candidates where there are some.
    Ask {
        /// The goal they are needed for.
        goal: &'a Goal,
        /// Slots of the lexicon; at least one.
        slots: &'a [&'a str],
        /// Candidates by slot, as text.
        offers: &'a [(String, Vec<String>)],
    },
    /// Spells a write out and asks for an explicit yes.
    Propose(&'a PlannedCall),
    /// Says that a write has been done.
    Report(&'a PlannedCall),
    /// Declines for one reason.
    Refuse {
        /// Class of reasons, of the lexicon.
        reason: &'a str,
        /// Whether it is said again after the user pushed back.
        insist: bool,
        /// What is declined.
        subject: Option<&'a PlannedCall>,
    },
    /// Hands over to a human.
    Transfer,
    /// Answers a question.
    Tell(&'a Question),
    /// Takes note.
    Acknowledge,
    /// Asks whether there is more to do.
    AnythingElse,
    /// Says what is about to be looked at.
    LookUp,
    /// Greets and asks what to do.
    Greet,
    /// Takes leave.
    Farewell,
}

/// Said after a hand-over, always the same.
pub const TRANSFERRED: &str =
    "I am transferring you to a human agent now. Please stay with us for a moment.";

/// Says the act in words. `world` is the world as it is when the words are spoken: for a report, the
/// one before the write explains it best, the one after works as well.
pub fn speak(domain: &dyn Domain, world: &dyn Environment, act: &Act<'_>, rng: &mut Rng) -> String {
    match act {
        Act::AskIdentity => ask_identity(domain, rng),
        Act::Ask {
            goal,
            slots,
            offers,
        } => ask(domain, goal, slots, offers, rng),
        Act::Propose(call) => propose(&domain.explain(world, call), rng),
        Act::Report(call) => report(domain, &domain.explain(world, call), call, rng),
        Act::Refuse {
            reason,
            insist,
            subject,
        } => refuse(domain, reason, *insist, *subject, rng),
        Act::Transfer => TRANSFERRED.to_owned(),
        Act::Tell(question) => tell(domain, question, rng),
        Act::Acknowledge => ACKNOWLEDGE.render(rng, &[]),
        Act::AnythingElse => ANYTHING_ELSE.render(rng, &[]),
        Act::LookUp => LOOK_UP.render(rng, &[]),
        Act::Greet => GREET.render(rng, &[]),
        Act::Farewell => FAREWELL.render(rng, &[]),
    }
}

macro_rules! phrases {
    ($($(#[$doc:meta])* $name:ident = [$($template:expr),+ $(,)?];)+) => {
        $($(#[$doc])* static $name: LazyLock<Phrases> = LazyLock::new(|| {
            Phrases::parse(&[$($template),+]).expect("templates are parsed by a test")
        });)+

        #[cfg(test)]
        fn every_table() -> Vec<(&'static str, &'static Phrases)> {
            vec![$((stringify!($name), &*$name)),+]
        }
    };
}

phrases! {
    ASK_IDENTITY = [
        "{Happy to help|Glad to help|I can help with that|Sure, I'll help you with that|Of course}{.|!} {First|To begin|Before we start|To get started}, $ask?",
        "{Thanks for reaching out|Hello and welcome|Thank you for getting in touch}{.|!} {So that I can find your account|To pull up your account|Before I look anything up}, $ask?",
        "{I'd be glad to sort this out|Let me look into that|I'll gladly take care of this}. {For security|To verify it's you|To find you in our system}, $ask?",
        "{Absolutely|Certainly|Sure thing}. $Ask?{| That way I can find your account.| I'll look you up with that.}",
    ];
    ASK = [
        "$Ask?",
        "{Thanks|Thank you|Got it|Understood|I see|All right|Okay}. $Ask?",
        "{To get this right|So I get this right|Just so I don't guess|To avoid a mix-up|Before I go on|One thing first}, $ask?",
        "{Thanks for that|I understand|That helps}. {One more thing|A quick question|Just a detail}: $ask?",
        "{I've had a look|I looked through your account|I checked what we have}. $Ask?",
        "{I can help with that|I'm happy to do that|That can be arranged|No problem}; {just tell me|I only wonder|first}: $ask?",
    ];
    AND_ASK = [
        "{And|Also,|And then,} $ask?",
        "{Besides that|In addition|Also}, $ask?",
        "$Ask?",
    ];
    OFFER = [
        "{These|The following} {come into question|would fit|fit what you describe}: $list.",
        "{I can see|I see|I find} {these|the following}: $list.",
        "{It could be one of these|The choices are|What I have here is}: $list.",
    ];
    PROPOSE = [
        "{Here is what I have|This is what I'd do|To summarize|To recap|Just to be sure}: I'll $what. {Shall I go ahead|May I proceed|Do you confirm this|Is that right} (yes/no)?",
        "I {can|would now|will now|am ready to} $what. {Do you confirm|Shall I proceed|May I go ahead|Would you like me to proceed|Is that okay}{| with that}?{| Please answer with yes or no.| A yes is all I need.}",
        "{All right|Okay|Very well|Thanks|Good}, {so I'm going to|so I will|I'd now} $what. {Please confirm with yes|Please reply \"yes\"|Please say yes}{ and I'll do it| if that is right| so that I can go on|}.",
        "{Before I do anything|For your confirmation|Let me repeat it}: you want me to $what. {Is that correct|Is this correct|Have I got that right|Shall I do that}?",
        "{I've checked the details|Everything checks out|That can be done}. {Would you like me to|Do you want me to|Shall I} $what? {Yes or no will do.|Please confirm with yes.|Just say yes and I'll do it.}",
    ];
    REPORT = [
        "{Done|All done|That's done}{:|!} {I have|I've} now {$done}.",
        "{I've|I have} {gone ahead and |}{$done}.{| You will see it in your account shortly.| That is all set.| It's taken care of.}",
        "{Thank you|Thanks}{| for confirming| for the confirmation}. {I've|I have} {now |}{$done}.",
        "{Good news|Great}: I have $done{| as you wished| as agreed| just as you asked}.",
    ];
    REFUSE = [
        "{I'm sorry|I am sorry|I apologize|My apologies}, but {I can't|I cannot|I'm not able to|I am unable to} $what: $why.",
        "{Unfortunately|Regrettably|I'm afraid}{,|} {I can't|I cannot|I'm unable to|I am not able to} $what {because|as|since} $why.",
        "{Thanks for your patience|I looked into it|I checked this for you|I've had a look at this}. {Unfortunately|I'm sorry, but|Sadly,} {I cannot|I can't|I'm not able to} $what; $why.",
        "{It's not possible|It is not possible|It isn't possible} for me to $what{, because| since|, as} $why. {I'm sorry about that.|I wish I had better news.|I do apologize.|Sorry about this.}",
        "{I'd love to help|I understand what you're after|I see what you need}, but {I have to decline|I must decline} here: $why.",
    ];
    INSIST = [
        "{I understand that this is disappointing|I understand your frustration|I hear you|I know this isn't what you hoped for}, but {I still can't|I still cannot|I'm still not able to} $what: $why.",
        "{I'm sorry to repeat it|I'm sorry to be firm here|I really am sorry}, but {I can't|I cannot|I'm unable to} $what, {because|since|as} $why.",
        "{As I said|As mentioned}, $why, {so I can't|so I cannot|so I'm unable to} $what. {I'm sorry.|I apologize.|I know that's not what you want to hear.}",
        "{There's nothing I can change about that|My answer has to stay the same}, {I'm sorry|I'm afraid}: $why, and {so I cannot|that's why I can't} $what.",
    ];
    TELL = [
        "$Answer.",
        "{I've worked it out|I checked|I had a look|I've added it up for you|Here you go}: $answer.",
        "{From what I can see|According to our records|Going by your account|By my reckoning}, $answer.",
        "{Sure|Certainly|Gladly|Of course}{:|!} $Answer.",
    ];
    ACKNOWLEDGE = [
        "{Understood|Got it|All right|Okay|Noted|Sure}{.|!}{| Thank you.| Thanks for telling me.| Thanks for letting me know.}{| I've made a note of it.| I'll keep that in mind.}",
        "{No problem|No worries|Of course|That's fine}{,|.} {we'll leave that then|I'll leave it as it is|nothing will be touched}.",
        "{Thanks|Thank you} for {telling me|letting me know|the update|clearing that up}{.|!}{| Understood.| Noted.}",
    ];
    ANYTHING_ELSE = [
        "{Is there|Can I help with|Do you need} anything else{| today| I can do for you}?",
        "{What else|Anything else} {can I do for you|I can help with|I may help you with}{| today}?",
        "{Anything more|Something else} on your mind{| today}?",
    ];
    LOOK_UP = [
        "{One moment|Just a moment|Give me a second|A moment}, {please|while I check}{.|; I'm having a look.}",
        "{Let me|I'll} {have a look|check that|look into it}{| for you}{.|, one moment.}",
    ];
    GREET = [
        "{Hello|Hi|Welcome|Good day}{!|, and welcome!} {How can I help you today|What can I do for you|How may I help}?",
    ];
    FAREWELL = [
        "{You're welcome|My pleasure|Glad I could help|Happy to help}{.|!} {Have a nice day|Take care|All the best|Enjoy your day}{.|!}",
    ];
}

fn ask_identity(domain: &dyn Domain, rng: &mut Rng) -> String {
    let asks = words(&domain.lexicon().wording.asks, "identity");
    let ask = asks.map_or_else(|| "who are you".to_owned(), |asks| asks.render(rng, &[]));
    ASK_IDENTITY.render(rng, &[("ask", &ask)])
}

fn ask(
    domain: &dyn Domain,
    _goal: &Goal,
    slots: &[&str],
    offers: &[(String, Vec<String>)],
    rng: &mut Rng,
) -> String {
    let mut out = String::new();
    for (place, slot) in slots.iter().enumerate() {
        let ask = words(&domain.lexicon().wording.asks, slot).map_or_else(
            || format!("which {} should it be", slot.replace('_', " ")),
            |asks| asks.render(rng, &[]),
        );
        let table = if place == 0 { &ASK } else { &AND_ASK };
        if place > 0 {
            out.push(' ');
        }
        out.push_str(&table.render(rng, &[("ask", &ask)]));
        let offered = offers.iter().find(|(name, _)| name == slot);
        if let Some((_, candidates)) = offered.filter(|(_, c)| c.len() >= 2) {
            out.push(' ');
            let list = listing(candidates);
            out.push_str(&OFFER.render(rng, &[("list", &list)]));
        }
    }
    out
}

/// "a, b or c".
fn listing(candidates: &[String]) -> String {
    match candidates {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

fn propose(what: &str, rng: &mut Rng) -> String {
    PROPOSE.render(rng, &[("what", what)])
}

fn report(domain: &dyn Domain, what: &str, call: &PlannedCall, rng: &mut Rng) -> String {
    let short = wish(domain, call, rng);
    let done = past(if rng.chance(0.5) { what } else { &short });
    REPORT.render(rng, &[("done", &done)])
}

fn refuse(
    domain: &dyn Domain,
    reason: &str,
    insist: bool,
    subject: Option<&PlannedCall>,
    rng: &mut Rng,
) -> String {
    let why = words(&domain.lexicon().wording.refusals, reason)
        .map_or_else(|| reason.replace('_', " "), |why| why.render(rng, &[]));
    let what = subject.map_or_else(|| "do that".to_owned(), |call| wish(domain, call, rng));
    let table = if insist { &INSIST } else { &REFUSE };
    table.render(rng, &[("what", &what), ("why", &why)])
}

/// A write in short, as what is to be done.
fn wish(domain: &dyn Domain, call: &PlannedCall, rng: &mut Rng) -> String {
    let Some(wishes) = words(&domain.lexicon().wording.wishes, &call.name) else {
        return call.name.replace('_', " ");
    };
    let values: Vec<(&str, String)> = call
        .arguments
        .iter()
        .map(|(name, value)| (name.as_str(), spelled(value)))
        .collect();
    let slots: Vec<(&str, &str)> = values.iter().map(|(n, v)| (*n, v.as_str())).collect();
    wishes.render(rng, &slots)
}

fn spelled(value: &Value) -> String {
    match value {
        Value::Str(text) => text.clone(),
        Value::List(items) => listing(&items.iter().map(spelled).collect::<Vec<_>>()),
        other => other.to_string(),
    }
}

fn tell(domain: &dyn Domain, question: &Question, rng: &mut Rng) -> String {
    let value = question.answer.to_string();
    let answer = words(&domain.lexicon().wording.answers, &question.topic).map_or_else(
        || format!("the answer is {value}"),
        |answers| answers.render(rng, &[("value", &value)]),
    );
    TELL.render(rng, &[("answer", &answer)])
}

/// What was to be done, as done: "cancel order …" becomes "cancelled order …".
fn past(what: &str) -> String {
    let (verb, rest) = what.split_once(' ').unwrap_or((what, ""));
    const IRREGULAR: [(&str, &str); 10] = [
        ("send", "sent"),
        ("set", "set"),
        ("make", "made"),
        ("take", "taken"),
        ("put", "put"),
        ("give", "given"),
        ("pay", "paid"),
        ("cancel", "cancelled"),
        ("modify", "modified"),
        ("swap", "swapped"),
    ];
    let known = IRREGULAR.iter().find(|(base, _)| *base == verb);
    let done = match known {
        Some((_, done)) => (*done).to_owned(),
        None if verb.ends_with('e') => format!("{verb}d"),
        None => format!("{verb}ed"),
    };
    if rest.is_empty() {
        done
    } else {
        format!("{done} {rest}")
    }
}

#[cfg(test)]
mod tests;
