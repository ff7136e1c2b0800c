//! What a person can want of a desk: writes, questions, blocked wishes, and other wishes in their
//! place; and which calls fit what is said of one.

use proto::record::{
    Actor, Answer, Blocked, Change, Descriptor, Goal, PlannedCall, Question, Resolution, Slot,
    Source, Value, Visibility, Wish,
};
use proto::seed::Rng;

use super::desk::{PRIORITIES, TEAMS, Ticket};
use super::tools::choice;
use super::world::World;
use crate::domains::{Afforded, Want};
use crate::environment::Environment;

/// The writes.
const WRITES: [&str; 3] = ["close_ticket", "set_priority", "move_ticket"];
/// Slots that an opening can keep back.
pub(super) const HIDEABLE: [(&str, &str); 6] = [
    ("close_ticket", "ticket"),
    ("close_ticket", "reason"),
    ("set_priority", "ticket"),
    ("set_priority", "priority"),
    ("move_ticket", "ticket"),
    ("move_ticket", "team"),
];

/// How often a wish is drawn before there counts as none.
const TRIES: usize = 8;

/// The look-up of a ticket.
pub(super) fn look_up(ticket: &str) -> PlannedCall {
    PlannedCall::new("get_ticket", [("ticket_id", ticket)])
}

/// The look-up of the teams.
pub(super) fn list_teams() -> PlannedCall {
    PlannedCall::new::<Value>("list_teams", [])
}

fn write_call(tool: &str, ticket: &str, value: &str) -> Option<PlannedCall> {
    let (argument, _) = choice(tool)?;
    Some(PlannedCall::new(
        tool,
        [("ticket_id", ticket), (argument, value)],
    ))
}

/// Values by which `tool` would change the ticket, were it open.
fn values(tool: &str, ticket: &Ticket) -> Vec<&'static str> {
    let present = match tool {
        "set_priority" => PRIORITIES[usize::from(ticket.priority)],
        "move_ticket" => TEAMS[usize::from(ticket.team)],
        _ => "",
    };
    let all = choice(tool).map_or(&[][..], |(_, values)| values);
    all.iter()
        .copied()
        .filter(|&value| value != present)
        .collect()
}

fn says(predicate: &str, value: &str) -> Descriptor {
    Descriptor {
        predicate: predicate.to_owned(),
        arguments: vec![value.into()],
        visibility: Visibility::Opening,
    }
}

fn slot(name: &str, value: &str, source: Source, said: Descriptor) -> Slot {
    Slot {
        name: name.to_owned(),
        value: value.into(),
        source,
        says: vec![said],
    }
}

/// A ticket as its owner speaks of it: by number or by subject.
fn ticket_slot(ticket: &Ticket, by_number: bool) -> Slot {
    if by_number {
        return slot(
            "ticket",
            &ticket.id,
            Source::Known,
            says("ticket.id", &ticket.id),
        );
    }
    let source = Source::Read("get_user_details".to_owned());
    slot(
        "ticket",
        &ticket.id,
        source,
        says("ticket.subject", &ticket.subject),
    )
}

/// Look-ups that ground a ticket; its number comes from the profile unless the person says it.
fn reads(person: &str, ticket: &Slot) -> Vec<PlannedCall> {
    let profile = ticket.says.iter().all(|said| said.predicate != "ticket.id");
    let profile = profile.then(|| PlannedCall::new("get_user_details", [("user_id", person)]));
    profile
        .into_iter()
        .chain(ticket.value.as_str().map(look_up))
        .collect()
}

/// The wish to use `tool` on a ticket.
fn goal(person: &str, tool: &str, ticket: Slot, value: &str) -> Option<Goal> {
    let (argument, _) = choice(tool)?;
    let call = write_call(tool, ticket.value.as_str()?, value)?;
    let said = says(&format!("{argument}.is"), value);
    let reads = reads(person, &ticket);
    let slots = vec![ticket, slot(argument, value, Source::Known, said)];
    Some(Goal {
        wish: Wish::Write(call),
        slots,
        reads,
    })
}

/// A goal of the wanted form.
pub(super) fn afford(
    world: &World,
    person: &str,
    want: &Want<'_>,
    rng: &mut Rng,
) -> Option<Afforded> {
    let plain = |goal| Afforded {
        goal,
        start: None,
        twin: None,
    };
    match *want {
        Want::Write { tool, hide } => (0..TRIES)
            .find_map(|_| write(world, person, tool, hide, rng))
            .map(plain),
        Want::Question => question(world, person, rng).map(plain),
        Want::Blocked { rule } => blocked(world, person, rule, rng),
    }
}

fn write(
    world: &World,
    person: &str,
    tool: &str,
    hide: Option<&str>,
    rng: &mut Rng,
) -> Option<Goal> {
    let open: Vec<&Ticket> = world
        .of(person)
        .filter(|ticket| ticket.closed.is_none())
        .collect();
    let ticket = *rng.pick(&open)?;
    let value = *rng.pick(&values(tool, ticket))?;
    told(world, person, (tool, ticket, value), hide, rng)
}

/// The goal whose write is `call`.
pub(super) fn goal_of(
    world: &World,
    person: &str,
    call: &PlannedCall,
    hide: Option<&str>,
    rng: &mut Rng,
) -> Option<Goal> {
    let (argument, _) = choice(&call.name)?;
    let ticket = world.ticket(call.text("ticket_id")?)?;
    let mut values = values(&call.name, ticket).into_iter();
    let value = values.find(|value| call.text(argument) == Some(value))?;
    let hideable = hide.is_none_or(|slot| HIDEABLE.contains(&(&call.name, slot)));
    let own = ticket.owner == person && ticket.closed.is_none();
    let found = (own && hideable).then_some((call.name.as_str(), ticket, value))?;
    told(world, person, found, hide, rng)
}

/// The wish for a write, with the slot `hide` kept back; nothing if that leaves no choice.
fn told(
    world: &World,
    person: &str,
    (tool, ticket, value): (&str, &Ticket, &str),
    hide: Option<&str>,
    rng: &mut Rng,
) -> Option<Goal> {
    let mut goal = goal(person, tool, ticket_slot(ticket, rng.chance(0.4)), value)?;
    for slot in goal
        .slots
        .iter_mut()
        .filter(|slot| Some(slot.name.as_str()) == hide)
    {
        slot.says
            .iter_mut()
            .for_each(|said| said.visibility = Visibility::OnRequest);
    }
    // What is kept back must leave the agent a choice.
    let choices = || {
        bindings(world, person, &goal)
            .into_iter()
            .filter(|call| succeeds(world, call))
            .count()
    };
    (hide.is_none() || choices() > 1).then_some(goal)
}

/// How many tickets are open, or how often the staff have written on one.
fn question(world: &World, person: &str, rng: &mut Rng) -> Option<Goal> {
    let own: Vec<&Ticket> = world.of(person).collect();
    let (topic, count, slot, reads) = if rng.chance(0.5) {
        let open = own.iter().filter(|ticket| ticket.closed.is_none()).count();
        let profile = PlannedCall::new("get_user_details", [("user_id", person)]);
        let all = [profile]
            .into_iter()
            .chain(own.iter().map(|ticket| look_up(&ticket.id)))
            .collect();
        (
            "count_open",
            open as u32,
            slot("status", "open", Source::Known, says("status.is", "open")),
            all,
        )
    } else {
        let ticket = *rng.pick(&own)?;
        let slot = ticket_slot(ticket, rng.chance(0.4));
        let reads = reads(person, &slot);
        ("count_replies", u32::from(ticket.replies), slot, reads)
    };
    let question = Question {
        topic: topic.to_owned(),
        answer: Answer::Count(count),
    };
    (count > 0).then(|| Goal {
        wish: Wish::Question(question),
        slots: vec![slot],
        reads,
    })
}

/// A wish that the rule forbids, and the desk on which it would be allowed.
fn blocked(world: &World, person: &str, rule: &str, rng: &mut Rng) -> Option<Afforded> {
    let closed = rule == "open-tickets-only";
    // In the twin the ticket is the person's, and must not share its subject with another of theirs.
    let foreign = |ticket: &&Ticket| {
        ticket.owner != person
            && ticket.closed.is_none()
            && world.of(person).all(|own| own.subject != ticket.subject)
    };
    let found: Vec<&Ticket> = if closed {
        world
            .of(person)
            .filter(|ticket| ticket.closed.is_some())
            .collect()
    } else {
        world.all().filter(foreign).collect()
    };
    let ticket = *rng.pick(&found)?;
    let twin = world.with(&ticket.id, |ticket| match closed {
        true => ticket.closed = None,
        false => person.clone_into(&mut ticket.owner),
    })?;
    let tool = *rng.pick(&WRITES)?;
    let value = *rng.pick(&values(tool, ticket))?;
    let mut goal = goal(
        person,
        tool,
        ticket_slot(ticket, !closed || rng.chance(0.4)),
        value,
    )?;
    goal.wish = Wish::Blocked(Blocked {
        call: goal.wish.call().cloned(),
        rule: rule.to_owned(),
        resolution: Resolution::Refuse,
        evidence: vec![vec![look_up(&ticket.id)]],
    });
    Some(Afforded {
        goal,
        start: None,
        twin: Some(Box::new(twin)),
    })
}

/// Whether a call succeeds.
fn succeeds(world: &World, call: &PlannedCall) -> bool {
    !world
        .clone()
        .call(Actor::Assistant, &call.name, &call.arguments)
        .error
}

/// Another goal in place of one: another value, another write, or another ticket.
pub(super) fn vary(
    world: &World,
    person: &str,
    old: &Goal,
    change: Change,
    rng: &mut Rng,
) -> Option<Goal> {
    let Wish::Write(call) = &old.wish else {
        return None;
    };
    let (ticket, present) = (old.slots.first()?, old.slots.get(1)?.value.as_str()?);
    let (tool, ticket) = match change {
        Change::Slot => (call.name.as_str(), ticket.clone()),
        Change::Action => {
            let others: Vec<&str> = WRITES
                .into_iter()
                .filter(|other| *other != call.name)
                .collect();
            (*rng.pick(&others)?, ticket.clone())
        }
        Change::Target => {
            let other = |found: &&Ticket| {
                found.closed.is_none() && ticket.value.as_str() != Some(&found.id)
            };
            let others: Vec<&Ticket> = world.of(person).filter(other).collect();
            (
                call.name.as_str(),
                ticket_slot(rng.pick(&others)?, rng.chance(0.4)),
            )
        }
        Change::Withdrawal | Change::Addition => return None,
    };
    let record = world.ticket(ticket.value.as_str()?)?;
    let mut open = values(tool, record);
    match change {
        Change::Slot => open.retain(|&value| value != present),
        Change::Target if open.contains(&present) => open.retain(|&value| value == present),
        _ => {}
    }
    let new = goal(person, tool, ticket, rng.pick(&open)?)?;
    new.wish
        .call()
        .is_some_and(|call| succeeds(world, call))
        .then_some(new)
}

/// Whether a ticket and a value fit a descriptor.
fn fits(said: &Descriptor, ticket: &Ticket, value: &str) -> bool {
    let wanted = said
        .arguments
        .first()
        .and_then(Value::as_str)
        .unwrap_or_default();
    match said.predicate.as_str() {
        "ticket.id" => ticket.id == wanted,
        "ticket.subject" => ticket.subject == wanted,
        _ => value == wanted,
    }
}

fn opening(goal: &Goal) -> Vec<&Descriptor> {
    let all = goal.slots.iter().flat_map(|slot| &slot.says);
    all.filter(|said| said.visibility == Visibility::Opening)
        .collect()
}

/// The number of a ticket that a goal's opening gives.
fn number<'g>(said: &[&'g Descriptor]) -> Option<&'g str> {
    let numbered = said.iter().find(|said| said.predicate == "ticket.id");
    numbered.and_then(|said| said.arguments.first()?.as_str())
}

fn calls<'t>(tickets: impl Iterator<Item = &'t Ticket>, goal: &Goal) -> Vec<PlannedCall> {
    let Some(tool) = goal.wish.call().map(|call| call.name.as_str()) else {
        return Vec::new();
    };
    let said = opening(goal);
    let all = choice(tool).map_or(&[][..], |(_, values)| values);
    let fit = |ticket: &'t Ticket| {
        let fitting = all
            .iter()
            .filter(|value| said.iter().all(|said| fits(said, ticket, value)));
        fitting
            .filter_map(|value| write_call(tool, &ticket.id, value))
            .collect::<Vec<_>>()
    };
    tickets.flat_map(fit).collect()
}

/// Every call that fits what the opening says.
pub(super) fn bindings(world: &World, person: &str, goal: &Goal) -> Vec<PlannedCall> {
    match number(&opening(goal)) {
        Some(number) => calls(world.ticket(number).into_iter(), goal),
        None => calls(world.of(person), goal),
    }
}

/// The same by trying every ticket of the desk.
pub(super) fn bindings_by_force(world: &World, person: &str, goal: &Goal) -> Vec<PlannedCall> {
    let numbered = number(&opening(goal)).is_some();
    calls(
        world
            .all()
            .filter(|ticket| numbered || ticket.owner == person),
        goal,
    )
}

/// The call with another value, or on another ticket of the person, as far as it succeeds.
pub(super) fn tampered(world: &World, person: &str, call: &PlannedCall) -> Vec<PlannedCall> {
    let parts = choice(&call.name).and_then(|(argument, values)| {
        Some((call.text("ticket_id")?, call.text(argument)?, values))
    });
    let Some((ticket, value, values)) = parts else {
        return Vec::new();
    };
    let other_values = values
        .iter()
        .filter_map(|other| write_call(&call.name, ticket, other));
    let other_tickets = world
        .of(person)
        .filter_map(|other| write_call(&call.name, &other.id, value));
    other_values
        .chain(other_tickets)
        .filter(|other| other != call && succeeds(world, other))
        .collect()
}

/// Another priority for one of the person's open tickets.
pub(super) fn extra(world: &World, person: &str, rng: &mut Rng) -> Option<PlannedCall> {
    let open: Vec<&Ticket> = world
        .of(person)
        .filter(|ticket| ticket.closed.is_none())
        .collect();
    let ticket = *rng.pick(&open)?;
    write_call(
        "set_priority",
        &ticket.id,
        rng.pick(&values("set_priority", ticket))?,
    )
}
