//! A desk as an environment: identity, copies, what has changed.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

use proto::digest::Hasher;
use proto::ids::{BaseId, StateId};
use proto::record::{Actor, Map, Observation, Value};
use proto::wire::{self, Kind};
use serde::{Deserialize, Serialize};

use super::desk::{Desk, PRIORITIES, Person, REASONS, STATUSES, TEAMS, Ticket};
use super::tools;
use crate::domains::FieldChange;
use crate::environment::Environment;

/// A desk and the tickets that differ from it.
#[derive(Debug, Clone)]
pub struct World {
    pub(super) desk: Arc<Desk>,
    changed: BTreeMap<u32, Ticket>,
}

/// What a delta holds: the base and the tickets that differ, by place.
#[derive(Debug, Serialize, Deserialize)]
struct Delta {
    base: BaseId,
    tickets: Vec<(u32, Ticket)>,
}

/// The world behind an environment of this domain.
///
/// # Panics
/// When the environment belongs to another domain.
pub fn world_of(environment: &dyn Environment) -> &World {
    environment
        .as_any()
        .downcast_ref()
        .expect("an environment of the tickets domain")
}

impl World {
    /// The desk as it is.
    pub fn new(desk: Arc<Desk>) -> Self {
        Self {
            desk,
            changed: BTreeMap::new(),
        }
    }

    /// The world that `delta` was made of.
    ///
    /// # Errors
    /// What is wrong with the bytes.
    pub fn restore(desk: Arc<Desk>, delta: &[u8]) -> Result<Self, String> {
        let delta: Delta = wire::decode(Kind::Delta, delta).map_err(|error| error.to_string())?;
        if delta.base != desk.id {
            return Err(format!(
                "it belongs to {}, not to {}: restore it over its own base",
                delta.base, desk.id
            ));
        }
        let fits = |(place, ticket): &(u32, Ticket)| {
            desk.by_id.get(&ticket.id) == Some(place) && sound(ticket)
        };
        match delta.tickets.iter().find(|held| !fits(held)) {
            Some((place, ticket)) => Err(format!(
                "it puts ticket {} at place {place}, where the base has no such ticket",
                ticket.id
            )),
            None => {
                let mut world = Self::new(desk);
                // What equals the base is no change, so that equal states have equal ids.
                for (_, ticket) in delta.tickets {
                    world.put(ticket);
                }
                Ok(world)
            }
        }
    }

    /// A person by id.
    pub fn person(&self, id: &str) -> Option<&Person> {
        self.desk
            .by_person
            .get(id)
            .map(|&place| &self.desk.people[place])
    }

    /// A ticket by id.
    pub fn ticket(&self, id: &str) -> Option<&Ticket> {
        self.desk.by_id.get(id).map(|&place| self.at(place))
    }

    /// Every ticket.
    pub fn all(&self) -> impl Iterator<Item = &Ticket> {
        (0..self.desk.tickets.len() as u32).map(|place| self.at(place))
    }

    /// A person's tickets.
    pub fn of<'a>(&'a self, person: &'a str) -> impl Iterator<Item = &'a Ticket> {
        let own = self
            .desk
            .by_owner
            .get(person)
            .map_or(&[][..], Vec::as_slice);
        let come = self.changed.keys().filter(|place| !own.contains(place));
        own.iter()
            .chain(come)
            .map(|&place| self.at(place))
            .filter(move |ticket| ticket.owner == person)
    }

    fn at(&self, place: u32) -> &Ticket {
        self.changed
            .get(&place)
            .unwrap_or_else(|| &self.desk.tickets[place as usize])
    }

    /// Puts a ticket in the place of the one with its id; what equals the base is no change.
    pub(super) fn put(&mut self, ticket: Ticket) {
        let place = self.desk.by_id[&ticket.id];
        if self.desk.tickets[place as usize] == ticket {
            self.changed.remove(&place);
        } else {
            self.changed.insert(place, ticket);
        }
    }

    /// The same world with one ticket changed.
    pub(super) fn with(&self, id: &str, change: impl FnOnce(&mut Ticket)) -> Option<Self> {
        let mut ticket = self.ticket(id)?.clone();
        change(&mut ticket);
        let mut world = self.clone();
        world.put(ticket);
        Some(world)
    }
}

fn sound(ticket: &Ticket) -> bool {
    let reason = ticket
        .closed
        .is_none_or(|reason| usize::from(reason) < REASONS.len());
    usize::from(ticket.team) < TEAMS.len()
        && usize::from(ticket.priority) < PRIORITIES.len()
        && reason
}

impl Environment for World {
    fn call(&mut self, actor: Actor, name: &str, arguments: &Map) -> Observation {
        match tools::call(self, actor, name, arguments) {
            Ok(text) => Observation { text, error: false },
            Err(text) => Observation {
                text: format!("Error: {text}"),
                error: true,
            },
        }
    }

    fn state_id(&self) -> StateId {
        let mut hasher = Hasher::new("t2t.tickets.state", 1);
        hasher
            .digest(&self.desk.id.0)
            .number(self.changed.len() as u64);
        self.changed
            .values()
            .for_each(|ticket| ticket.digest(&mut hasher));
        StateId(hasher.finish())
    }

    fn fork(&self) -> Box<dyn Environment> {
        Box::new(self.clone())
    }

    fn delta(&self) -> Vec<u8> {
        let tickets = self
            .changed
            .iter()
            .map(|(place, ticket)| (*place, ticket.clone()));
        let delta = Delta {
            base: self.desk.id,
            tickets: tickets.collect(),
        };
        wire::encode(Kind::Delta, &delta).expect("a few changed tickets are within any cap")
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// A ticket as its tool shows it.
pub(super) fn shown(ticket: &Ticket) -> Vec<(&'static str, Value)> {
    let messages = (0..ticket.replies).flat_map(|_| ["customer", "staff"]);
    vec![
        ("ticket_id", ticket.id.as_str().into()),
        ("user_id", ticket.owner.as_str().into()),
        ("subject", ticket.subject.as_str().into()),
        ("team", TEAMS[usize::from(ticket.team)].into()),
        ("priority", PRIORITIES[usize::from(ticket.priority)].into()),
        (
            "status",
            STATUSES[usize::from(ticket.closed.is_some())].into(),
        ),
        (
            "closed_because",
            ticket
                .closed
                .map_or(Value::Null, |reason| REASONS[usize::from(reason)].into()),
        ),
        ("messages_by", Value::texts(messages)),
    ]
}

/// Fields in which two worlds over one desk differ.
pub(super) fn changes(before: &World, after: &World) -> Vec<FieldChange> {
    let mut places: Vec<u32> = before
        .changed
        .keys()
        .chain(after.changed.keys())
        .copied()
        .collect();
    places.sort_unstable();
    places.dedup();
    let mut changes = Vec::new();
    for place in places {
        let (old, new) = (before.at(place), after.at(place));
        for ((field, was), (_, is)) in shown(old)
            .into_iter()
            .zip(shown(new))
            .filter(|(was, is)| was != is)
        {
            changes.push(FieldChange {
                entity: format!("tickets/{}", new.id),
                field: field.to_owned(),
                before: Some(was.to_string()),
                after: Some(is.to_string()),
            });
        }
    }
    changes
}
