//! When an endpoint misbehaves: always, at the first tries of a request, or for a seeded share.

use std::str::FromStr;

use proto::digest::{Digest, Hasher};

use super::misbehaviour::{Misbehaviour, UnknownMisbehaviour};
use super::prompt::Prompt;

/// Which requests are met with a misbehaviour.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum When {
    /// All.
    Always,
    /// The first so many times that a request is made.
    First(u32),
    /// This share of requests; one that is made again is drawn again.
    Requests(f64),
    /// Every request of this share of conversations, told apart by instructions and opening.
    Conversations(f64),
}

/// A misbehaviour, and when.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fault {
    /// What happens.
    pub misbehaviour: Misbehaviour,
    /// When it does.
    pub when: When,
}

/// A text that is no fault.
#[derive(Debug, thiserror::Error)]
pub enum ParseFaultError {
    /// The name is nobody's.
    #[error(transparent)]
    Name(#[from] UnknownMisbehaviour),
    /// The time is none.
    #[error(
        "`{0}` is no time to misbehave: leave it out (always), or `first=N`, `requests=SHARE` or `conversations=SHARE`, with a share from 0 to 1"
    )]
    When(String),
    /// It can't depend on the request.
    #[error(
        "`connect-refused` can't wait for a request, which it never reads: leave `{0}` out, and change the faults while the endpoint runs"
    )]
    Unread(String),
}

impl FromStr for Fault {
    type Err = ParseFaultError;

    /// Reads `NAME` or `NAME:WHEN`, such as `http-429:first=2`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, when) = text.split_once(':').unwrap_or((text, "always"));
        let fault = Self {
            misbehaviour: name.parse()?,
            when: read(when).ok_or_else(|| ParseFaultError::When(when.to_owned()))?,
        };
        if fault.misbehaviour == Misbehaviour::ConnectRefused && fault.when != When::Always {
            return Err(ParseFaultError::Unread(when.to_owned()));
        }
        Ok(fault)
    }
}

fn read(when: &str) -> Option<When> {
    let share = |text: &str| {
        let share: f64 = text.parse().ok()?;
        (0.0..=1.0).contains(&share).then_some(share)
    };
    match when.split_once('=') {
        None if when == "always" => Some(When::Always),
        Some(("first", times)) => times.parse().ok().map(When::First),
        Some(("requests", text)) => share(text).map(When::Requests),
        Some(("conversations", text)) => share(text).map(When::Conversations),
        _ => None,
    }
}

impl Fault {
    /// This misbehaviour at every request.
    pub fn always(misbehaviour: Misbehaviour) -> Self {
        Self {
            misbehaviour,
            when: When::Always,
        }
    }

    /// Whether it happens to a request that was made `before` times already.
    pub(super) fn strikes(&self, seed: u64, prompt: &Prompt, before: u32) -> bool {
        match self.when {
            When::Always => true,
            When::First(times) => before < times,
            When::Requests(share) => {
                let mut hasher = self.hasher(seed);
                hasher.digest(&prompt.digest).number(u64::from(before));
                drawn(&hasher, share)
            }
            When::Conversations(_) => self.befalls(seed, &prompt.conversation()),
        }
    }

    /// Whether it is one of conversations, and this is among them.
    pub(super) fn befalls(&self, seed: u64, conversation: &Digest) -> bool {
        let When::Conversations(share) = self.when else {
            return false;
        };
        let mut hasher = self.hasher(seed);
        hasher.digest(conversation);
        drawn(&hasher, share)
    }

    fn hasher(&self, seed: u64) -> Hasher {
        let mut hasher = Hasher::new("tests.fault", 1);
        hasher.number(seed).text(self.misbehaviour.name());
        hasher
    }
}

fn drawn(hasher: &Hasher, share: f64) -> bool {
    (hasher.finish().head() as f64) < share * 2f64.powi(64)
}
