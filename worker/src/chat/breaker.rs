//! Circuit breakers: an endpoint that is down is left alone, and asked now and then whether it is up again.
//!
//! ```text
//!          faults in a row                     the pause is over
//! closed ───────────────────► open ◄────────────────────────────► probing (one request)
//!   ▲                                a fault: a longer pause          │
//!   └──────────────────────────── any answer ──────────────────────────┘
//! ```
//!
//! What counts are faults that may pass, of whatever conversations, in a row; an answer of any kind, an
//! error that is the request's own fault included, shows that somebody is there.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use proto::record::{Endpoint, Protocol};

use super::Fault;

/// Faults in a row that open it.
const FAULTS: u32 = 5;

/// The pause after them.
const FIRST: Duration = Duration::from_secs(1);

/// The longest pause.
const LONGEST: Duration = Duration::from_secs(60);

/// The breakers of a process, one for each model where it is served.
#[derive(Debug, Default)]
pub struct Breakers(Mutex<BTreeMap<Place, Arc<Breaker>>>);

/// How and where a model is had.
type Place = (Protocol, String, Vec<String>, String);

impl Breakers {
    /// The breaker of this endpoint.
    pub fn of(&self, endpoint: &Endpoint) -> Arc<Breaker> {
        let place = (
            endpoint.protocol,
            endpoint.url.clone(),
            endpoint.command.clone(),
            endpoint.model.clone(),
        );
        let mut breakers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        breakers.entry(place).or_default().clone()
    }
}

/// The breaker of one endpoint.
#[derive(Debug, Default)]
pub struct Breaker(Mutex<State>);

impl Breaker {
    /// A ticket for one request; or how long to wait before asking for one again.
    pub fn admit(&self, now: Instant) -> Result<Ticket<'_>, Duration> {
        let probe = self.state().admit(now)?;
        let breaker = self;
        Ok(Ticket { breaker, probe })
    }

    /// How long the endpoint has been down; nothing while it is up.
    pub fn down(&self, now: Instant) -> Option<Duration> {
        let opened = self.state().opened?;
        Some(now.saturating_duration_since(opened))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Leave for one request. Dropped, it says nothing of the endpoint.
#[derive(Debug)]
pub struct Ticket<'a> {
    breaker: &'a Breaker,
    probe: Option<u64>,
}

impl Ticket<'_> {
    /// Tells what came of the request.
    pub fn settle(self, now: Instant, fault: Option<&Fault>) {
        let mut state = self.breaker.state();
        match fault {
            // Nobody was asked.
            Some(Fault::Unready(_)) => {}
            Some(fault) if fault.passing() => state.failed(now, self.probe, fault.retry_after()),
            Some(_) | None => state.heard(),
        }
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        if let Some(probe) = self.probe {
            self.breaker.state().given_back(probe);
        }
    }
}

/// What is known of an endpoint.
#[derive(Debug, Clone, PartialEq)]
struct State {
    phase: Phase,
    /// Faults in a row, while it is closed.
    faults: u32,
    /// The last pause, or the one to come.
    pause: Duration,
    /// When it opened, unless it is closed.
    opened: Option<Instant>,
    /// Probes so far.
    probes: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Everybody may ask.
    Closed,
    /// Nobody may, until then.
    Open(Instant),
    /// One may, with the probe of this number; the pause before it was over at that time.
    Probing(u64, Instant),
}

impl Default for State {
    fn default() -> Self {
        Self {
            phase: Phase::Closed,
            faults: 0,
            pause: FIRST,
            opened: None,
            probes: 0,
        }
    }
}

impl State {
    /// The number of a probe for whoever gets one, or how long to wait.
    fn admit(&mut self, now: Instant) -> Result<Option<u64>, Duration> {
        match self.phase {
            Phase::Closed => Ok(None),
            Phase::Open(until) if now < until => Err(until - now),
            Phase::Open(until) => {
                self.probes += 1;
                self.phase = Phase::Probing(self.probes, until);
                Ok(Some(self.probes))
            }
            Phase::Probing(..) => Err(self.pause),
        }
    }

    fn heard(&mut self) {
        *self = Self {
            probes: self.probes,
            ..Self::default()
        };
    }

    /// A fault; one of a request from before it opened changes nothing.
    fn failed(&mut self, now: Instant, probe: Option<u64>, asked: Option<Duration>) {
        match self.phase {
            Phase::Closed => {
                self.faults += 1;
                if self.faults >= FAULTS {
                    self.opened = Some(now);
                    self.open(now, asked);
                }
            }
            Phase::Probing(number, _) if probe == Some(number) => {
                self.pause *= 2;
                self.open(now, asked);
            }
            Phase::Open(_) | Phase::Probing(..) => {}
        }
    }

    /// Begins a pause, a longer one where the server asks for it.
    fn open(&mut self, now: Instant, asked: Option<Duration>) {
        self.pause = self.pause.max(asked.unwrap_or_default()).min(LONGEST);
        self.phase = Phase::Open(now + self.pause);
    }

    /// A probe of which nothing came. The next may have one at once.
    fn given_back(&mut self, probe: u64) {
        if let Phase::Probing(number, until) = self.phase
            && number == probe
        {
            self.phase = Phase::Open(until);
        }
    }
}
