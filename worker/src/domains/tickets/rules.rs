//! The policy's sentences that a call can break, as checkers.

use proto::record::Effect;

use super::desk::Ticket;
use super::words;
use super::world::world_of;
use crate::rules::procedural::{beside_text, one_of_several, unconfirmed, unseen};
use crate::rules::{Enforced, Rule, Situation};

/// Every rule of the policy: those that forbid a wish first.
pub fn all() -> Vec<Rule> {
    vec![
        Rule::blocking(
            "open-tickets-only",
            "closed",
            Enforced::Tool,
            "Close a ticket, set its priority or move it to another team only while its status is \"open\".",
            |now| written(now).is_some_and(|ticket| ticket.closed.is_some()),
        ),
        Rule::blocking(
            "own-tickets-only",
            "not_owner",
            Enforced::PolicyOnly,
            "Act only on tickets that belong to the person you are serving; if a ticket is somebody else's, decline.",
            |now| {
                now.person
                    .zip(written(now))
                    .is_some_and(|(person, ticket)| ticket.owner != person)
            },
        ),
        Rule::procedural(
            "authenticate-first",
            "Before you look up or change anything for a person, find their user id by email.",
            |now| {
                now.person.is_none()
                    && !matches!(
                        now.call.name.as_str(),
                        "find_user_id_by_email" | "list_teams" | "transfer_to_human_agents"
                    )
            },
        ),
        Rule::procedural(
            "confirm-first",
            "Before every call that changes something, tell the person in full what you are about to do (which ticket, \
             and which reason, priority or team) and wait for an explicit yes to exactly that.",
            |now| unconfirmed(now, words::agrees),
        ),
        Rule::procedural(
            "look-before-write",
            "Before you change a ticket, look it up: its owner and its status decide what is allowed.",
            |now| unseen(now, "get_ticket", "ticket_id"),
        ),
        Rule::procedural(
            "one-call-at-a-time",
            "Make at most one tool call in a message.",
            one_of_several,
        ),
        Rule::procedural(
            "no-text-with-call",
            "A message that holds a tool call holds no text for the person, and a message to the person holds no tool call.",
            beside_text,
        ),
    ]
}

/// The ticket that a write would change.
fn written<'a>(now: &Situation<'a>) -> Option<&'a Ticket> {
    let id = now
        .call
        .text("ticket_id")
        .filter(|_| now.effect == Effect::Write)?;
    world_of(now.world).ticket(id)
}
