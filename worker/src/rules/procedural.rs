//! What rules on how to act look at, whatever the domain: a domain brings its ids, its sentences, the
//! names of its tools, and how what is said stands to a call.

use proto::record::{Effect, PlannedCall};

use super::Situation;
use crate::domains::{Agreement, Mentions};

/// Whether a call is made together with others.
pub fn one_of_several(now: &Situation<'_>) -> bool {
    now.calls_in_message > 1
}

/// Whether a call stands beside words for the person.
pub fn beside_text(now: &Situation<'_>) -> bool {
    now.text_beside
}

/// Whether a write is made without an explicit yes to exactly it. A bare trajectory has no words to
/// judge by.
pub fn unconfirmed(now: &Situation<'_>, agrees: fn(&Mentions, &PlannedCall) -> Agreement) -> bool {
    let (Effect::Write, Some((agent, user))) = (now.effect, now.exchange) else {
        return false;
    };
    let proposed = agent
        .proposal
        .as_ref()
        .is_some_and(|proposal| agrees(proposal, now.call) == Agreement::Same);
    !proposed || user.consent != Some(true)
}

/// Whether a write changes what the argument `key` names before `look_up` has shown it.
pub fn unseen(now: &Situation<'_>, look_up: &str, key: &str) -> bool {
    let Some(named) = now.call.text(key) else {
        return false;
    };
    let shows = |call: &PlannedCall| call.name == look_up && call.text(key) == Some(named);
    now.effect == Effect::Write && !now.earlier.iter().any(shows)
}
