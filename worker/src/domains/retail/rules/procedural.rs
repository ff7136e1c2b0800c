//! Rules on how to act.

use proto::record::{Actor, Effect};

use super::super::afford::world_of;
use super::super::speech;
use crate::environment::Environment;
use crate::rules::procedural::{beside_text, one_of_several, unconfirmed, unseen};
use crate::rules::{Rule, Situation};

pub(super) fn rules() -> Vec<Rule> {
    vec![
        Rule::procedural(
            "authenticate-first",
            "Before you look up or change anything for a customer, establish who they are: find \
             their user id by email, or by first name, last name and zip code, even if they tell \
             you a user id.",
            |now| now.person.is_none() && personal(now),
        ),
        Rule::procedural(
            "one-person",
            "Serve one customer per conversation, for as many wishes as they have; look up or \
             change no other customer's profile.",
            another_person,
        ),
        Rule::procedural(
            "confirm-first",
            "Before every call that changes something, tell the customer in full what you are \
             about to do (which order, which items, which payment method, which address or \
             reason) and wait for an explicit yes to exactly that.",
            |now| unconfirmed(now, speech::agrees),
        ),
        Rule::procedural(
            "one-call-at-a-time",
            "Make at most one tool call in a message.",
            one_of_several,
        ),
        Rule::procedural(
            "no-text-with-call",
            "A message that holds a tool call holds no text for the customer, and a message to \
             the customer holds no tool call.",
            beside_text,
        ),
        Rule::procedural(
            "look-before-write",
            "Before you change an order, look it up: its owner, its status and its items decide \
             what is allowed.",
            |now| unseen(now, "get_order_details", "order_id"),
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
