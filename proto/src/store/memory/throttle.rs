//! The throttle within one process.

mod gauge;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use crate::record::Rates;
use crate::store::throttle::{
    COOLDOWN, CUT, GRACE, GROWTH, LEAST, LONGEST_PAUSE, POLL, RECHECK, counted,
};
use crate::store::{Admission, Ask, End, Permit, StoreError, Throttle};
use gauge::Gauge;

/// See the module documentation.
#[derive(Debug)]
pub struct MemoryThrottle {
    began: Instant,
    models: Mutex<HashMap<String, Model>>,
}

impl Default for MemoryThrottle {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            models: Mutex::default(),
        }
    }
}

impl MemoryThrottle {
    /// Does something to a model at this moment.
    fn with<T>(&self, name: &str, act: impl FnOnce(&mut Model, u64) -> T) -> T {
        let now = micros(self.began.elapsed());
        let mut models = self.models.lock().unwrap_or_else(PoisonError::into_inner);
        // Looked up first: this is done for every call, and a name is copied once.
        if let Some(model) = models.get_mut(name) {
            return act(model, now);
        }
        let model = models.entry(name.to_owned());
        act(model.or_insert_with(|| Model::new(now)), now)
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[async_trait]
impl Throttle for MemoryThrottle {
    async fn admit(&self, ask: Ask<'_>) -> Result<Admission, StoreError> {
        Ok(self.with(ask.model, |model, now| model.admit(ask, now)))
    }

    async fn end(&self, permit: &Permit, end: End) -> Result<bool, StoreError> {
        Ok(self.with(&permit.model, |model, now| model.end(permit, end, now)))
    }
}

/// All that is known of a model. Times are microseconds of one clock.
#[derive(Debug)]
struct Model {
    requests: Gauge,
    tokens: Gauge,
    /// Open permits by name: when they were granted and end.
    open: HashMap<String, (u64, u64)>,
    /// Whose turn it is, from when, and until when.
    next: Option<(String, u64, u64)>,
    paused: u64,
    cut: Option<Cut>,
}

/// The last cut of a model's rates.
#[derive(Debug, Clone, Copy)]
struct Cut {
    at: u64,
    /// What it left of them.
    share: f64,
    /// Permits that were open at the first cut since the rates were whole.
    open: u64,
}

impl Model {
    fn new(now: u64) -> Self {
        Self {
            requests: Gauge::new(now),
            tokens: Gauge::new(now),
            open: HashMap::new(),
            next: None,
            paused: 0,
            cut: None,
        }
    }

    /// How much of the plan's rates holds.
    fn share(&self, now: u64) -> f64 {
        let grown = |cut: Cut| cut.share + (now - cut.at) as f64 / 1e6 * GROWTH;
        self.cut.map_or(1.0, |cut| grown(cut).min(1.0))
    }

    /// Most permits that may be open, if there is a limit.
    fn places(&self, rates: Rates, share: f64) -> Option<u64> {
        let most = match (rates.concurrency, self.cut) {
            (0, Some(cut)) if share < 1.0 => cut.open,
            (0, _) => return None,
            (limit, _) => u64::from(limit),
        };
        Some(((most as f64 * share) as u64).max(1))
    }

    fn admit(&mut self, ask: Ask<'_>, now: u64) -> Admission {
        self.open.retain(|_, (_, end)| *end > now);
        let tokens = counted(ask.tokens, ask.rates);
        let permit = |granted| {
            Admission::Granted(Permit {
                model: ask.model.to_owned(),
                name: ask.name.to_owned(),
                granted,
                tokens,
                rates: ask.rates,
            })
        };
        if let Some((granted, _)) = self.open.get(ask.name) {
            return permit(*granted);
        }
        let wait = self.wait(ask, tokens, now);
        if wait > 0 {
            return Admission::Wait(Duration::from_micros(wait));
        }
        let (rates, share) = (ask.rates, self.share(now));
        let requests = u64::from(rates.requests_per_minute);
        self.requests.grant(now, requests, share, 1);
        let limit = rates.tokens_per_minute;
        self.tokens.grant(now, limit, share, tokens);
        let end = now.saturating_add(micros(ask.ttl));
        self.open.insert(ask.name.to_owned(), (now, end));
        self.next.take_if(|(name, ..)| name == ask.name);
        permit(now)
    }

    /// How long to wait before this can be granted: not at all if it can.
    fn wait(&mut self, ask: Ask<'_>, tokens: u64, now: u64) -> u64 {
        let poll = micros(POLL);
        if self.paused > now {
            return self.paused - now;
        }
        if let Some((name, from, until)) = &self.next
            && *until > now
            && name != ask.name
        {
            return from.saturating_sub(now).max(poll);
        }
        let share = self.share(now);
        let places = self.places(ask.rates, share);
        if places.is_some_and(|places| self.open.len() as u64 >= places) {
            return poll;
        }
        let requests = u64::from(ask.rates.requests_per_minute);
        let limit = ask.rates.tokens_per_minute;
        let pace = self.requests.pace(now, requests, share);
        let pace = pace.max(self.tokens.pace(now, limit, share));
        if pace > 0 {
            return pace.min(micros(RECHECK));
        }
        let room = self.requests.room(now, requests, 1);
        let room = room.max(self.tokens.room(now, limit, tokens));
        let room = room.min(micros(RECHECK));
        if room > 0 {
            let from = now + room;
            self.next = Some((ask.name.to_owned(), from, from + micros(GRACE)));
        }
        room
    }

    fn end(&mut self, permit: &Permit, end: End, now: u64) -> bool {
        self.open.retain(|_, (_, end)| *end > now);
        let open = self.open.len() as u64;
        if self.open.remove(&permit.name).is_none() {
            return false;
        }
        let (requests, tokens) = end.counts(permit.rates);
        let Permit { granted, rates, .. } = *permit;
        let per_minute = u64::from(rates.requests_per_minute);
        self.requests.mend(granted, per_minute, 1, requests);
        let limit = rates.tokens_per_minute;
        self.tokens.mend(granted, limit, permit.tokens, tokens);
        if let End::Refused { retry_after } = end {
            self.refused(open, retry_after, now);
        }
        true
    }

    fn refused(&mut self, open: u64, retry_after: Option<Duration>, now: u64) {
        let pause = retry_after.unwrap_or_default().min(LONGEST_PAUSE);
        self.paused = self.paused.max(now + micros(pause));
        let due = |cut: Cut| now >= cut.at + micros(COOLDOWN);
        if self.cut.is_none_or(due) {
            let held = self.share(now);
            // What is open while a cut holds is a share of the first already.
            let first = self.cut.filter(|_| held < 1.0);
            self.cut = Some(Cut {
                at: now,
                share: (held * CUT).max(LEAST),
                open: first.map_or(open, |cut| cut.open),
            });
        }
    }
}

#[cfg(test)]
mod tests;
