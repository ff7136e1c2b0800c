//! The policy's sentences that a call can break, as checkers.

use proto::record::Effect;

use super::desk::Ticket;
use super::words;
use super::world::world_of;
use crate::domains::Agreement;
use crate::rules::{Enforced, Rule, Situation, Sort};

/// Every rule of the policy: those that forbid a wish first.
pub fn all() -> Vec<Rule> {
    vec![
        blocking(
            "open-tickets-only",
            "closed",
            Enforced::Tool,
            "Close a ticket, set its priority or move it to another team only while its status is \"open\".",
            |now| written(now).is_some_and(|ticket| ticket.closed.is_some()),
        ),
        blocking(
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
        procedural(
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
        procedural(
            "confirm-first",
            "Before every call that changes something, tell the person in full what you are about to do (which ticket, \
             and which reason, priority or team) and wait for an explicit yes to exactly that.",
            unconfirmed,
        ),
        procedural(
            "look-before-write",
            "Before you change a ticket, look it up: its owner and its status decide what is allowed.",
            |now| {
                let same = |id| {
                    now.earlier
                        .iter()
                        .any(|call| call.name == "get_ticket" && call.text("ticket_id") == Some(id))
                };
                now.effect == Effect::Write
                    && now.call.text("ticket_id").is_some_and(|id| !same(id))
            },
        ),
        procedural(
            "one-call-at-a-time",
            "Make at most one tool call in a message.",
            |now| now.calls_in_message > 1,
        ),
        procedural(
            "no-text-with-call",
            "A message that holds a tool call holds no text for the person, and a message to the person holds no tool call.",
            |now| now.text_beside,
        ),
    ]
}

fn blocking(
    id: &'static str,
    reason: &'static str,
    enforced: Enforced,
    sentence: &'static str,
    breaks: fn(&Situation<'_>) -> bool,
) -> Rule {
    Rule {
        id,
        sentence,
        enforced,
        sort: Sort::GoalBlocking,
        reason,
        breaks,
    }
}

fn procedural(
    id: &'static str,
    sentence: &'static str,
    breaks: fn(&Situation<'_>) -> bool,
) -> Rule {
    Rule {
        id,
        sentence,
        enforced: Enforced::PolicyOnly,
        sort: Sort::Procedural,
        reason: "",
        breaks,
    }
}

/// The ticket that a write would change.
fn written<'a>(now: &Situation<'a>) -> Option<&'a Ticket> {
    let id = now
        .call
        .text("ticket_id")
        .filter(|_| now.effect == Effect::Write)?;
    world_of(now.world).ticket(id)
}

fn unconfirmed(now: &Situation<'_>) -> bool {
    let (Effect::Write, Some((agent, user))) = (now.effect, now.exchange) else {
        return false;
    };
    let proposed = agent
        .proposal
        .as_ref()
        .is_some_and(|proposal| words::agrees(proposal, now.call) == Agreement::Same);
    !proposed || user.consent != Some(true)
}
