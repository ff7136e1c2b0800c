//! What an endpoint was asked, counted and remembered.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use proto::digest::Digest;
use serde::{Deserialize, Serialize};

/// Most bytes of bodies that are remembered.
const REMEMBERED: usize = 8 << 20;

/// Counts since the start. A request is known by its body, and its `Idempotency-Key` where it has one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    /// Connections accepted.
    pub connections: u64,
    /// Requests to a model.
    pub requests: u64,
    /// Of these, how many different ones.
    pub distinct: u64,
    /// Those that are being answered.
    pub in_flight: u64,
    /// The most that were at a time.
    pub most_in_flight: u64,
    /// Requests that were given an answer fit to be kept, in full.
    pub answered: u64,
    /// Tokens of these requests, as their answers said.
    pub input_tokens: u64,
    /// Tokens of these answers.
    pub output_tokens: u64,
    /// Requests that had been given such an answer before.
    pub asked_again: u64,
    /// Requests that are wrong in themselves.
    pub refused: u64,
    /// What was wrong with the last of them.
    pub last_refusal: Option<String>,
    /// How often each misbehaviour happened.
    pub misbehaved: BTreeMap<String, u64>,
}

/// A request that is remembered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Where it went.
    pub path: String,
    /// What it is known by.
    pub request: Digest,
    /// How often it had been made before.
    pub before: u32,
    /// What happened in place of an answer.
    pub misbehaved: Option<String>,
    /// Its body.
    pub body: String,
}

#[derive(Debug, Default)]
struct Books {
    stats: Stats,
    /// Of each request: how often it was made, and whether it was answered.
    known: HashMap<Digest, (u32, bool)>,
    log: VecDeque<Entry>,
    logged: usize,
}

/// The books of an endpoint.
#[derive(Debug, Default)]
pub(super) struct Ledger(Mutex<Books>);

/// A request that is being answered, until this is dropped.
#[derive(Debug)]
pub(super) struct Open<'a> {
    ledger: &'a Ledger,
    request: Digest,
    /// How often it was made before.
    pub(super) before: u32,
}

impl Ledger {
    fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a connection.
    pub(super) fn connected(&self) {
        self.books().stats.connections += 1;
    }

    /// Counts a request that is to be answered.
    pub(super) fn open(&self, request: Digest) -> Open<'_> {
        let mut books = self.books();
        let known = books.known.entry(request).or_default();
        let (before, answered) = *known;
        known.0 += 1;
        let stats = &mut books.stats;
        stats.requests += 1;
        stats.distinct += u64::from(before == 0);
        stats.asked_again += u64::from(answered);
        stats.in_flight += 1;
        stats.most_in_flight = stats.most_in_flight.max(stats.in_flight);
        Open {
            ledger: self,
            request,
            before,
        }
    }

    /// The counts so far.
    pub(super) fn stats(&self) -> Stats {
        self.books().stats.clone()
    }

    /// The last requests, oldest first.
    pub(super) fn log(&self) -> Vec<Entry> {
        self.books().log.iter().cloned().collect()
    }
}

impl Open<'_> {
    /// It is wrong in itself.
    pub(super) fn refused(&self, why: &str) {
        let mut books = self.ledger.books();
        books.stats.refused += 1;
        books.stats.last_refusal = Some(why.to_owned());
    }

    /// It is met with this misbehaviour, or none; remembers it.
    pub(super) fn met(&self, path: &str, body: &[u8], misbehaved: Option<&str>) {
        let mut books = self.ledger.books();
        if let Some(name) = misbehaved {
            *books.stats.misbehaved.entry(name.to_owned()).or_default() += 1;
        }
        let body = String::from_utf8_lossy(body).into_owned();
        books.logged += body.len();
        books.log.push_back(Entry {
            path: path.to_owned(),
            request: self.request,
            before: self.before,
            misbehaved: misbehaved.map(str::to_owned),
            body,
        });
        while books.logged > REMEMBERED {
            let oldest = books.log.pop_front().map_or(0, |entry| entry.body.len());
            books.logged -= oldest;
        }
    }

    /// It was given an answer fit to be kept, in full, and was told that both had so many tokens.
    pub(super) fn answered(&self, input_tokens: u64, output_tokens: u64) {
        let mut books = self.ledger.books();
        books.stats.answered += 1;
        books.stats.input_tokens += input_tokens;
        books.stats.output_tokens += output_tokens;
        books.known.entry(self.request).or_default().1 = true;
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.ledger.books().stats.in_flight -= 1;
    }
}
