//! Rules on how to act.

use proto::record::{Actor, Effect};

use super::super::afford::world_of;
use super::super::speech;
use crate::domains::Agreement;
use crate::environment::Environment;
use crate::rules::{Enforced, Rule, Situation, Sort};

fn rule(id: &'static str, sentence: &'static str, breaks: fn(&Situation<'_>) -> bool) -> Rule {
    Rule {
        id,
        sentence,
        enforced: Enforced::PolicyOnly,
        sort: Sort::Procedural,
        reason: "",
        breaks,
    }
}

pub(super) fn rules() -> Vec<Rule> {
    vec![
        rule(
            "authenticate-first",
            "Before you look up or change anything for a customer, establish who they are: find \
             their user id by email, or by first name, last name and zip code, even if they tell \
             you a user id.",
            |now| now.person.is_none() && personal(now),
        ),
        rule(
            "one-person",
            "Serve one customer per conversation, for as many wishes as they have; look up or \
             change no other customer's profile.",
            another_person,
        ),
        rule(
            "confirm-first",
            "Before every call that changes something, tell the customer in full what you are \
             about to do (which order, which items, which payment method, which address or \
             reason) and wait for an explicit yes to exactly that.",
            unconfirmed,
        ),
        rule(
            "one-call-at-a-time",
            "Make at most one tool call in a message.",
            |now| now.calls_in_message > 1,
        ),
        rule(
            "no-text-with-call",
            "A message that holds a tool call holds no text for the customer, and a message to \
             the customer holds no tool call.",
            |now| now.text_beside,
        ),
        rule(
            "look-before-write",
            "Before you change an order, look it up: its owner, its status and its items decide \
             what is allowed.",
            unseen,
        ),
    ]
}

/// Whether a call looks up or changes what belongs to a person. The catalogue is nobody's.
fn personal(now: &Situation<'_>) -> bool {
    now.effect == Effect::Write
        || matches!(
            now.call.name.as_str(),
            "get_user_details" | "get_order_details"
        )
}

fn another_person(now: &Situation<'_>) -> bool {
    let Some(person) = now.person else {
        return false;
    };
    match now.call.name.as_str() {
        "get_user_details" | "modify_user_address" => {
            now.call.text("user_id").is_some_and(|id| id != person)
        }
        "find_user_id_by_email" | "find_user_id_by_name_zip" => {
            let mut world = world_of(now.world).clone();
            let found = world.call(Actor::Assistant, &now.call.name, &now.call.arguments);
            !found.error && found.text != person
        }
        _ => false,
    }
}

fn unconfirmed(now: &Situation<'_>) -> bool {
    let (Effect::Write, Some((agent, user))) = (now.effect, now.exchange) else {
        return false;
    };
    let proposed = agent
        .proposal
        .as_ref()
        .is_some_and(|proposal| speech::agrees(proposal, now.call) == Agreement::Same);
    !proposed || user.consent != Some(true)
}

fn unseen(now: &Situation<'_>) -> bool {
    let Some(order) = now.call.text("order_id") else {
        return false;
    };
    now.effect == Effect::Write
        && !now
            .earlier
            .iter()
            .any(|call| call.name == "get_order_details" && call.text("order_id") == Some(order))
}
