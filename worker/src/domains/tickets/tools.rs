//! The tools: what an agent is told of them, and what they do.

use proto::record::{Actor, Effect, Map, ToolSpec, Value};

use super::desk::{PRIORITIES, REASONS, TEAMS, Ticket};
use super::world::{World, shown};

/// A tool: name, what it does to the world, its description, and its arguments (all texts) with the
/// values they may take, if those are few.
struct Tool(
    &'static str,
    Effect,
    &'static str,
    &'static [(&'static str, &'static [&'static str])],
);

const TOOLS: [Tool; 8] = [
    Tool(
        "find_user_id_by_email",
        Effect::Read,
        "Looks up a person by email address and answers with the user id.",
        &[("email", &[])],
    ),
    Tool(
        "get_user_details",
        Effect::Read,
        "Answers with a person's name, email address and the ids of their tickets.",
        &[("user_id", &[])],
    ),
    Tool(
        "get_ticket",
        Effect::Read,
        "Answers with a ticket: owner, subject, team, priority, status and who wrote on it.",
        &[("ticket_id", &[])],
    ),
    Tool(
        "list_teams",
        Effect::Read,
        "Lists the teams that tickets can be moved to.",
        &[],
    ),
    Tool(
        "close_ticket",
        Effect::Write,
        "Closes an open ticket for good. Get a clear yes first. Answers with the ticket.",
        &[("ticket_id", &[]), ("reason", &REASONS)],
    ),
    Tool(
        "set_priority",
        Effect::Write,
        "Gives an open ticket another priority. Get a clear yes first. Answers with the ticket.",
        &[("ticket_id", &[]), ("priority", &PRIORITIES)],
    ),
    Tool(
        "move_ticket",
        Effect::Write,
        "Assigns an open ticket to another team. Get a clear yes first. Answers with the ticket.",
        &[("ticket_id", &[]), ("team", &TEAMS)],
    ),
    Tool(
        "transfer_to_human_agents",
        Effect::Generic,
        "Hands the person over to a human, with a summary of the matter.",
        &[("summary", &[])],
    ),
];

/// The tools as an agent is told of them.
pub(super) fn specs() -> Vec<ToolSpec> {
    TOOLS.iter().map(spec).collect()
}

fn spec(&Tool(name, effect, description, arguments): &Tool) -> ToolSpec {
    let property = |(name, values): &(&str, &[&str])| {
        let mut schema = Map::from([("type".to_owned(), "string".into())]);
        if !values.is_empty() {
            schema.insert("enum".to_owned(), Value::texts(values.iter().copied()));
        }
        ((*name).to_owned(), Value::Map(schema))
    };
    let parameters = Map::from([
        ("type".to_owned(), "object".into()),
        (
            "properties".to_owned(),
            Value::Map(arguments.iter().map(property).collect()),
        ),
        (
            "required".to_owned(),
            Value::texts(arguments.iter().map(|(name, _)| *name)),
        ),
    ]);
    ToolSpec {
        name: name.to_owned(),
        description: description.to_owned(),
        parameters: Value::Map(parameters),
        effect,
        actor: Actor::Assistant,
    }
}

/// The argument beside the ticket that a write takes, which is also the name of its slot, and the
/// values that it may have.
pub(super) fn choice(write: &str) -> Option<(&'static str, &'static [&'static str])> {
    let found = TOOLS
        .iter()
        .find(|tool| tool.0 == write && tool.1 == Effect::Write)?;
    found.3.get(1).copied()
}

/// Uses a tool; the error says why it refuses.
pub(super) fn call(
    world: &mut World,
    actor: Actor,
    name: &str,
    arguments: &Map,
) -> Result<String, String> {
    let found = TOOLS
        .iter()
        .find(|tool| tool.0 == name && actor == Actor::Assistant);
    let Tool(name, _, _, wanted) = found.ok_or_else(|| format!("there is no tool `{name}`"))?;
    if let Some(unknown) = arguments
        .keys()
        .find(|given| wanted.iter().all(|(name, _)| name != given))
    {
        return Err(format!("{name} takes no argument `{unknown}`"));
    }
    let mut texts = Vec::with_capacity(wanted.len());
    for (argument, _) in *wanted {
        let text = arguments.get(*argument).and_then(Value::as_str);
        texts.push(text.ok_or_else(|| format!("{name} needs a text as `{argument}`"))?);
    }
    match *name {
        "list_teams" => Ok(Value::texts(TEAMS).to_string()),
        "transfer_to_human_agents" => Ok("Transferred.".to_owned()),
        "find_user_id_by_email" => {
            let found = world
                .desk
                .people
                .iter()
                .find(|person| person.email.eq_ignore_ascii_case(texts[0]));
            found
                .map(|person| person.id.clone())
                .ok_or_else(|| "no such person".to_owned())
        }
        "get_user_details" => details(world, texts[0]),
        "get_ticket" => world
            .ticket(texts[0])
            .map(json)
            .ok_or_else(|| "no such ticket".to_owned()),
        write => change(world, write, texts[0], texts[1]),
    }
}

fn details(world: &World, person: &str) -> Result<String, String> {
    let found = world
        .person(person)
        .ok_or_else(|| "no such person".to_owned())?;
    let name = Map::from([
        ("first_name".to_owned(), found.first.as_str().into()),
        ("last_name".to_owned(), found.last.as_str().into()),
    ]);
    let ids = Value::texts(world.of(person).map(|ticket| ticket.id.as_str()));
    let fields = [
        ("user_id", found.id.as_str().into()),
        ("name", Value::Map(name)),
        ("email", found.email.as_str().into()),
        ("tickets", ids),
    ];
    Ok(Value::Map(fields.map(|(key, value)| (key.to_owned(), value)).into()).to_string())
}

fn json(ticket: &Ticket) -> String {
    Value::Map(
        shown(ticket)
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect(),
    )
    .to_string()
}

/// Carries out a write, if it is allowed and changes anything.
fn change(world: &mut World, write: &str, id: &str, value: &str) -> Result<String, String> {
    let mut ticket = world
        .ticket(id)
        .cloned()
        .ok_or_else(|| "no such ticket".to_owned())?;
    if ticket.closed.is_some() {
        return Err("the ticket is closed".to_owned());
    }
    let (argument, values) = choice(write).ok_or_else(|| format!("{write} is no write"))?;
    let place = values
        .iter()
        .position(|&known| known == value)
        .ok_or_else(|| format!("there is no {argument} `{value}`"))? as u8;
    match write {
        "close_ticket" => ticket.closed = Some(place),
        "set_priority" if ticket.priority != place => ticket.priority = place,
        "move_ticket" if ticket.team != place => ticket.team = place,
        _ => return Err(format!("the {argument} is `{value}` already")),
    }
    let text = json(&ticket);
    world.put(ticket);
    Ok(text)
}
