//! What a domain gives so that its wishes can be spoken: how a goal and each part of it is said, and
//! how the same is found again in a text. The sentences around it are the writer's.

use std::fmt::Debug;

use proto::record::{Descriptor, Goal, Slot};
use proto::seed::Rng;

use crate::domains::Domain;
use crate::environment::Environment;

/// How a person talks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Ordinary.
    Plain,
    /// Tells stories.
    Chatty,
    /// As few words as will do.
    Terse,
    /// Courteous.
    Polite,
    /// Out of patience.
    Annoyed,
}

impl Tone {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Plain,
        Self::Chatty,
        Self::Terse,
        Self::Polite,
        Self::Annoyed,
    ];

    /// As written in personas.
    pub fn label(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Chatty => "chatty",
            Self::Terse => "terse",
            Self::Polite => "polite",
            Self::Annoyed => "annoyed",
        }
    }

    /// The tone of a persona's style; an unknown style is plain.
    pub fn of(style: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|tone| tone.label() == style)
            .unwrap_or(Self::Plain)
    }
}

/// A goal in words, in parts that the writer's frames put together. Clauses are without capital and
/// full stop.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Spoken {
    /// What is wanted. A wish: what follows "I'd like to". A question: what follows "can you tell me".
    pub core: String,
    /// Whether it is a question.
    pub question: bool,
    /// Whole sentences that say the same as `core`, if the domain has one: "my address has changed, it is
    /// now …". A question's direct form.
    pub whole: Option<String>,
    /// A reason or story: a clause that can follow "because".
    pub why: Option<String>,
    /// Further clauses that must be said: "the refund should go to my PayPal".
    pub extras: Vec<String>,
}

/// A fact that a text may state: it does when each of its parts is there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fact {
    /// All of these.
    pub parts: Vec<Part>,
}

/// Part of a fact: there in any one of its wordings, found without case (but for very short ones, such
/// as the size "S" and the state "OR") and at word boundaries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Any one of these.
    pub wordings: Vec<String>,
    /// Whether finding it shows that just this was meant. Words like "yes" or "last" show nothing.
    pub telling: bool,
}

impl Part {
    /// A part that nothing else would be worded as.
    pub fn telling(wordings: impl IntoIterator<Item = String>) -> Self {
        Self {
            wordings: wordings.into_iter().collect(),
            telling: true,
        }
    }

    /// A part that must be said, but whose words may stand for something else.
    pub fn faint(wordings: impl IntoIterator<Item = String>) -> Self {
        Self {
            wordings: wordings.into_iter().collect(),
            telling: false,
        }
    }
}

/// What a domain gives.
pub trait Phrasing: Debug + Sync {
    /// The place that a person turns to, as in "love the $place by the way".
    fn place(&self) -> &'static str;

    /// What a person writes about, in general, as in "I'm writing about $matter".
    fn matter(&self) -> &'static str;

    /// A goal as first stated: only what has `Visibility::Opening`.
    fn goal(&self, goal: &Goal, tone: Tone, rng: &mut Rng) -> Spoken;

    /// The answer to a question for a slot: all the user knows of it. Nothing when that is nothing.
    fn answer(&self, goal: &Goal, slot: &Slot, tone: Tone, rng: &mut Rng) -> Option<String>;

    /// The new wish where only parts of a goal change, beside what is dropped: "use my PayPal instead
    /// of the gift card". Says every slot of `changed` with what has `Visibility::Opening`. Nothing
    /// where the goal is better stated anew.
    fn amend(&self, old: &Goal, new: &Goal, changed: &[&Slot], rng: &mut Rng) -> Option<String>;

    /// How a descriptor is recognised in a text; nothing for descriptors that say nothing ("one of them").
    fn fact(&self, said: &Descriptor) -> Option<Fact>;

    /// Words that a goal brings along by its kind, whatever its slots say: "cheapest" in a question for
    /// what could be saved.
    fn framing(&self, goal: &Goal) -> Vec<Fact>;

    /// Facts of the person's reach that a text must not state unless the intent holds them.
    fn reach(&self, domain: &dyn Domain, world: &dyn Environment, person: &str) -> Vec<Fact>;

    /// What the person can say of themselves: names, email, zip.
    fn identity(&self, domain: &dyn Domain, world: &dyn Environment, person: &str) -> Vec<Fact>;
}
