//! The records of a desk, and a seeded generator of them.

use std::collections::BTreeMap;

use proto::digest::Hasher;
use proto::ids::BaseId;
use proto::seed::Seed;
use serde::{Deserialize, Serialize};

/// Priorities, lowest first.
pub const PRIORITIES: [&str; 3] = ["low", "normal", "high"];
/// Teams that tickets are assigned to.
pub const TEAMS: [&str; 4] = ["accounts", "billing", "hardware", "network"];
/// Reasons for which a ticket is closed.
pub const REASONS: [&str; 3] = ["solved", "no longer needed", "opened by mistake"];
/// Statuses of a ticket.
pub const STATUSES: [&str; 2] = ["open", "closed"];

/// What tickets are about; a person has at most one ticket of a subject.
const SUBJECTS: [&str; 16] = [
    "jamming printer",
    "cracked laptop screen",
    "garbled video calls",
    "lost invoice",
    "broken badge reader",
    "dead headset",
    "expired licence",
    "frozen calendar",
    "noisy fan",
    "blocked mailbox",
    "flickering monitor",
    "silent desk phone",
    "stuck software update",
    "unreadable backup",
    "vanished shared folder",
    "sticky keyboard",
];
const FIRST: [&str; 20] = [
    "Amira", "Bruno", "Clara", "Dmitri", "Elif", "Femi", "Greta", "Hiro", "Ines", "Jonas", "Kavya",
    "Leon", "Mila", "Nadim", "Oona", "Pavel", "Quentin", "Rosa", "Soren", "Thandi",
];
const LAST: [&str; 18] = [
    "Adeyemi",
    "Bianchi",
    "Castellan",
    "Dvorak",
    "Eriksen",
    "Fontaine",
    "Gruber",
    "Haddad",
    "Ivanova",
    "Jansen",
    "Kowalski",
    "Lindqvist",
    "Moreau",
    "Nakamura",
    "Okafor",
    "Petrov",
    "Quispe",
    "Rahimi",
];

/// A person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// User id: `mila_okafor_1042`.
    pub id: String,
    /// First name.
    pub first: String,
    /// Last name.
    pub last: String,
    /// Email address.
    pub email: String,
}

/// A ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// Id: `T-1234`.
    pub id: String,
    /// User id of whose it is.
    pub owner: String,
    /// What it is about.
    pub subject: String,
    /// Place in [`TEAMS`].
    pub team: u8,
    /// Place in [`PRIORITIES`].
    pub priority: u8,
    /// Why it was closed, as a place in [`REASONS`]; none while it is open.
    pub closed: Option<u8>,
    /// How many messages the staff have written on it.
    pub replies: u8,
}

impl Ticket {
    /// Feeds every field to a digest, in a fixed order.
    pub(super) fn digest(&self, hasher: &mut Hasher) {
        hasher.text(&self.id).text(&self.owner).text(&self.subject);
        let closed = self.closed.map_or(0, |reason| u64::from(reason) + 1);
        for number in [
            u64::from(self.team),
            u64::from(self.priority),
            closed,
            u64::from(self.replies),
        ] {
            hasher.number(number);
        }
    }
}

/// A base world: the desk as it is in the beginning.
#[derive(Debug)]
pub struct Desk {
    /// Digest of everything in it.
    pub id: BaseId,
    /// People.
    pub people: Vec<Person>,
    /// Tickets.
    pub tickets: Vec<Ticket>,
    /// Places of the people, by id.
    pub by_person: BTreeMap<String, usize>,
    /// Places of the tickets, by id.
    pub by_id: BTreeMap<String, u32>,
    /// Places of a person's tickets, by the person's id.
    pub by_owner: BTreeMap<String, Vec<u32>>,
}

impl Desk {
    /// The desk of these people and tickets.
    pub fn new(people: Vec<Person>, tickets: Vec<Ticket>) -> Self {
        let mut hasher = Hasher::new("t2t.tickets.base", 1);
        hasher.number(people.len() as u64);
        for person in &people {
            hasher
                .text(&person.id)
                .text(&person.first)
                .text(&person.last)
                .text(&person.email);
        }
        hasher.number(tickets.len() as u64);
        tickets.iter().for_each(|ticket| ticket.digest(&mut hasher));
        let by_person = people
            .iter()
            .map(|person| person.id.clone())
            .zip(0..)
            .collect();
        let by_id = tickets
            .iter()
            .map(|ticket| ticket.id.clone())
            .zip(0..)
            .collect();
        let mut by_owner: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        for (ticket, place) in tickets.iter().zip(0..) {
            by_owner
                .entry(ticket.owner.clone())
                .or_default()
                .push(place);
        }
        Self {
            id: BaseId(hasher.finish()),
            people,
            tickets,
            by_person,
            by_id,
            by_owner,
        }
    }

    /// A desk with this many people, each with five to eight tickets, of which most are open.
    pub fn generate(people: usize, seed: Seed) -> Self {
        let people: Vec<Person> = (0..people).map(|place| person(place, seed)).collect();
        let mut tickets: Vec<Ticket> = Vec::new();
        for (place, person) in people.iter().enumerate() {
            let mut rng = seed.child("tickets", place as u64).rng();
            let mut subjects = SUBJECTS;
            rng.shuffle(&mut subjects);
            let count = 5 + rng.below(4);
            for (nth, subject) in subjects.into_iter().take(count).enumerate() {
                // Two closed ones at least, so that every person has what a rule forbids.
                let closed = nth < 2 || rng.chance(0.1);
                tickets.push(Ticket {
                    id: String::new(),
                    owner: person.id.clone(),
                    subject: subject.to_owned(),
                    team: rng.below(TEAMS.len()) as u8,
                    priority: rng.below(PRIORITIES.len()) as u8,
                    closed: closed.then(|| rng.below(REASONS.len()) as u8),
                    replies: 1 + rng.below(5) as u8,
                });
            }
        }
        // Neither the number of a ticket nor its place tells whose it is.
        let mut rng = seed.child("numbers", 0).rng();
        rng.shuffle(&mut tickets);
        for (place, ticket) in tickets.iter_mut().enumerate() {
            ticket.id = format!("T-{}", 1000 + place);
        }
        Self::new(people, tickets)
    }
}

fn person(place: usize, seed: Seed) -> Person {
    let mut rng = seed.child("person", place as u64).rng();
    let (first, last) = (FIRST[rng.below(FIRST.len())], LAST[rng.below(LAST.len())]);
    let number = 1000 + place;
    let (low, surname) = (first.to_lowercase(), last.to_lowercase());
    Person {
        id: format!("{low}_{surname}_{number}"),
        first: first.to_owned(),
        last: last.to_owned(),
        email: format!("{low}.{surname}{number}@example.com"),
    }
}
