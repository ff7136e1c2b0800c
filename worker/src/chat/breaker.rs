//! Circuit breakers: an endpoint that is down is left alone, and asked now and then whether it is up again.
//!
//! ```text
//!          faults in a row                     the pause is over
//! closed ───────────────────► open ◄────────────────────────────► probing (one request)
//!   ▲                                a fault: a longer pause          │
//!   └──────────────────────────── any answer ──────────────────────────┘
//! ```
//!
//! Whoever would give the endpoint up for good asks it once more, whatever the phase: it may be up again.
//!
//! What counts are faults that may pass, of whatever conversations, and refusals of the worker's key, in a row; an
//! answer of any other kind, an error that is the request's own fault included, shows that somebody is there.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use proto::record::{Endpoint, Protocol};

use super::Fault;

/// Faults in a row that open it.
const FAULTS: u32 = 5;

/// The pause after them.
const FIRST: Duration = Duration::from_secs(1);

/// The longest pause. A queue has a rung for it: of a longer one, it would make two minutes.
const LONGEST: Duration = Duration::from_secs(30);

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

    /// A ticket whatever is known of the endpoint, for who would else give it up unasked.
    pub fn insist(&self) -> Ticket<'_> {
        Ticket {
            breaker: self,
            probe: None,
        }
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
    /// Tells what came of the request. Returns whether the endpoint is left alone from now on, and was not before.
    pub fn settle(self, now: Instant, fault: Option<&Fault>) -> bool {
        let mut state = self.breaker.state();
        let was_open = state.opened.is_some();
        match fault {
            // Nobody was asked.
            Some(Fault::Unready(_)) => {}
            Some(fault) if fault.passing() || fault.of_the_key() => {
                state.failed(now, self.probe, fault.retry_after());
            }
            Some(_) | None => state.heard(),
        }
        state.opened.is_some() && !was_open
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut() -> Fault {
        Fault::Cut("by the test".to_owned())
    }

    fn busy(seconds: u64) -> Fault {
        Fault::Status {
            status: 429,
            text: String::new(),
            retry_after: Some(Duration::from_secs(seconds)),
        }
    }

    /// One that has just opened.
    fn opened(now: Instant) -> Breaker {
        let breaker = Breaker::default();
        for _ in 0..FAULTS {
            assert_eq!(breaker.down(now), None);
            breaker.admit(now).unwrap().settle(now, Some(&cut()));
        }
        breaker
    }

    #[test]
    fn one_probe_goes_out_when_the_pause_is_over() {
        let start = Instant::now();
        let breaker = opened(start);
        assert_eq!(breaker.admit(start).unwrap_err(), FIRST);
        let mut now = start;
        for doubled in [2, 4, 8, 16, 30] {
            now += breaker.admit(now).unwrap_err();
            let probe = breaker.admit(now).unwrap();
            assert!(breaker.admit(now).is_err());
            probe.settle(now, Some(&cut()));
            assert_eq!(breaker.admit(now).unwrap_err(), FIRST * doubled);
            assert_eq!(breaker.down(now), Some(now - start));
        }
        now += LONGEST;
        breaker.admit(now).unwrap().settle(now, None);
        assert_eq!(breaker.down(now), None);
        assert!(breaker.admit(now).is_ok() && breaker.admit(now).is_ok());
    }

    #[test]
    fn a_key_that_is_refused_opens_it_and_a_request_that_is_does_not() {
        let now = Instant::now();
        let refused = |status| Fault::Status {
            status,
            text: String::new(),
            retry_after: None,
        };
        for (status, opens) in [
            (401, true),
            (402, true),
            (403, true),
            (400, false),
            (404, false),
        ] {
            let breaker = Breaker::default();
            let told = |_| {
                let ticket = breaker.admit(now).unwrap();
                ticket.settle(now, Some(&refused(status)))
            };
            let opened: Vec<bool> = (0..FAULTS).map(told).collect();
            assert!(opened[..4].iter().all(|opened| !opened), "{status}");
            assert_eq!((opened[4], breaker.admit(now).is_err()), (opens, opens));
        }
    }

    #[test]
    fn a_probe_that_nothing_comes_of_is_given_back() {
        let start = Instant::now();
        let breaker = opened(start);
        let now = start + FIRST;
        drop(breaker.admit(now).unwrap());
        let unready = Fault::Unready("no key".to_owned());
        breaker.admit(now).unwrap().settle(now, Some(&unready));
        assert!(breaker.admit(now).is_ok());
    }

    #[test]
    fn a_server_that_asks_for_a_longer_pause_gets_it() {
        let start = Instant::now();
        for (asked, pause) in [(0, FIRST), (7, Duration::from_secs(7)), (900, LONGEST)] {
            let breaker = Breaker::default();
            for _ in 0..FAULTS {
                breaker
                    .admit(start)
                    .unwrap()
                    .settle(start, Some(&busy(asked)));
            }
            assert_eq!(breaker.admit(start).unwrap_err(), pause);
        }
    }

    #[test]
    fn late_news_of_earlier_requests_only_ever_helps() {
        let start = Instant::now();
        let breaker = Breaker::default();
        let early: Vec<Ticket<'_>> = (0..3).map(|_| breaker.admit(start).unwrap()).collect();
        for _ in 0..FAULTS {
            breaker.admit(start).unwrap().settle(start, Some(&cut()));
        }
        let probed = start + FIRST;
        let probe = breaker.admit(probed).unwrap();
        let mut early = early.into_iter();
        early.next().unwrap().settle(probed, Some(&cut()));
        assert!(breaker.admit(probed).is_err());
        // The request's own fault, and somebody who says so.
        let overflow = Fault::Overflow("too long".to_owned());
        early.next().unwrap().settle(probed, Some(&overflow));
        assert!(breaker.admit(probed).is_ok());
        // The probe is one fault like any other now.
        probe.settle(probed, Some(&cut()));
        assert_eq!(breaker.down(probed), None);
    }

    #[test]
    fn endpoints_of_one_place_share_a_breaker() {
        let base = super::super::tests::endpoint(Protocol::OpenAi);
        let breakers = Breakers::default();
        let named = Endpoint {
            name: "other".to_owned(),
            ..base.clone()
        };
        let moved = Endpoint {
            url: "http://other/v1".to_owned(),
            ..base.clone()
        };
        assert!(Arc::ptr_eq(&breakers.of(&base), &breakers.of(&named)));
        assert!(!Arc::ptr_eq(&breakers.of(&base), &breakers.of(&moved)));
    }

    #[derive(Debug, Clone)]
    enum Step {
        Pass(u64),
        Admit,
        Settle(usize, Option<Fault>),
        Drop(usize),
    }

    fn step() -> impl Strategy<Value = Step> {
        let overflow = Fault::Overflow(String::new());
        let fault = prop::sample::select(vec![
            None,
            Some(cut()),
            Some(cut()),
            Some(cut()),
            Some(busy(3)),
            Some(overflow),
        ]);
        prop_oneof![
            1 => (0..90_000_u64).prop_map(Step::Pass),
            4 => Just(Step::Admit),
            4 => (any::<usize>(), fault).prop_map(|(at, fault)| Step::Settle(at, fault)),
            1 => any::<usize>().prop_map(Step::Drop),
        ]
    }

    proptest! {
        #[test]
        fn it_keeps_what_it_promises(steps in prop::collection::vec(step(), 1..120)) {
            let breaker = Breaker::default();
            let mut now = Instant::now();
            let (mut out, mut in_a_row) = (Vec::new(), 0);
            for step in steps {
                let was_down = breaker.down(now);
                match step {
                    Step::Pass(milliseconds) => now += Duration::from_millis(milliseconds),
                    Step::Admit => match breaker.admit(now) {
                        Ok(ticket) => {
                            prop_assert_eq!(ticket.probe.is_some(), was_down.is_some());
                            out.push(ticket);
                        }
                        Err(wait) => {
                            prop_assert!(was_down.is_some());
                            prop_assert!(Duration::ZERO < wait && wait <= LONGEST, "{:?}", wait);
                            let mut state = breaker.state().clone();
                            if matches!(state.phase, Phase::Open(_)) {
                                prop_assert!(state.admit(now + wait).is_ok());
                            }
                        }
                    },
                    Step::Settle(at, fault) if !out.is_empty() => {
                        let place = at % out.len();
                        out.swap_remove(place).settle(now, fault.as_ref());
                        let failed = fault.is_some_and(|fault| fault.passing());
                        in_a_row = if failed { in_a_row + 1 } else { 0 };
                        if in_a_row == 0 {
                            prop_assert_eq!(breaker.down(now), None);
                        }
                        if was_down.is_none() {
                            prop_assert_eq!(breaker.down(now).is_some(), in_a_row >= FAULTS);
                        }
                    }
                    Step::Drop(at) if !out.is_empty() => {
                        let place = at % out.len();
                        drop(out.swap_remove(place));
                        prop_assert_eq!(breaker.down(now), was_down);
                    }
                    Step::Settle(..) | Step::Drop(_) => {}
                }
                // Of the probes that are out, one is the last; a later one means that it was answered.
                let probing = matches!(breaker.state().phase, Phase::Probing(..));
                let last = breaker.state().probes;
                let out = out.iter().filter(|ticket: &&Ticket<'_>| ticket.probe == Some(last)).count();
                prop_assert!(out <= 1);
                prop_assert!(!probing || out == 1);
            }
        }
    }
}
