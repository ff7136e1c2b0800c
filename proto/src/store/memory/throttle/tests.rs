//! The contract, and what it says of minutes: under drawn loads, over a clock that jumps from one moment
//! at which something happens to the next.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::seed::{Rng, Seed};
use crate::store::throttle::MINUTE;

const SECOND: u64 = 1_000_000;

#[tokio::test(start_paused = true)]
async fn conforms() {
    crate::store::conformance::throttle(async || Arc::<MemoryThrottle>::default() as _).await;
}

/// How a fleet uses a model.
#[derive(Debug, Clone)]
struct Load {
    rates: Rates,
    /// Callers, each with one call after the other.
    callers: u64,
    /// Most tokens that a call asks for.
    most: u64,
    /// What it uses of them, in hundredths.
    used: (u64, u64),
    /// Microseconds that a call takes.
    takes: (u64, u64),
    /// How late a caller comes back from a wait, at most, in microseconds.
    late: u64,
    /// Of so many calls one is of a worker that dies, and one never goes out; 0 for none.
    odd: u64,
    seconds: u64,
}

/// A call that was granted.
#[derive(Debug, Clone, Copy, Default)]
struct Grant {
    at: u64,
    requests: u64,
    /// What it used, or all it asked for if nobody ever said.
    tokens: u64,
}

#[derive(Debug)]
enum Next {
    Ask(u64),
    End(usize, Permit, End),
}

/// A load as it runs.
struct Play<'a> {
    load: &'a Load,
    random: Rng,
    model: Model,
    /// What is to happen, by moment and in the order it was planned.
    agenda: BTreeMap<(u64, u64), Next>,
    planned: u64,
    /// What each caller waits for: the call's name and tokens.
    asks: BTreeMap<u64, (String, u64)>,
    calls: u64,
    grants: Vec<Grant>,
}

/// Lets the load run; gives what was granted, in order. No concurrency beyond the limit, ever.
fn play(load: &Load, seed: u64) -> Vec<Grant> {
    let mut play = Play {
        load,
        random: Seed::root(seed).rng(),
        model: Model::new(0),
        agenda: BTreeMap::new(),
        planned: 0,
        asks: BTreeMap::new(),
        calls: 0,
        grants: Vec::new(),
    };
    for caller in 0..load.callers {
        play.plan(0, Next::Ask(caller));
    }
    let over = load.seconds * SECOND;
    while let Some(((now, _), next)) = play.agenda.pop_first().filter(|((now, _), _)| *now < over) {
        match next {
            Next::Ask(caller) => play.ask(caller, now),
            Next::End(place, permit, end) => {
                let grant = &mut play.grants[place];
                (grant.requests, grant.tokens) = end.counts(load.rates);
                assert!(play.model.end(&permit, end, now), "T4: it was open");
            }
        }
        let places = u64::from(load.rates.concurrency);
        let open = play.model.open.len() as u64;
        assert!(places == 0 || open <= places, "T3: {open} of {places}");
    }
    play.grants
}

impl Play<'_> {
    fn plan(&mut self, at: u64, next: Next) {
        self.planned += 1;
        self.agenda.insert((at, self.planned), next);
    }

    fn draw(&mut self, (low, high): (u64, u64)) -> u64 {
        low + self.random.bits() % (high - low + 1)
    }

    fn ask(&mut self, caller: u64, now: u64) {
        if !self.asks.contains_key(&caller) {
            self.calls += 1;
            let call = (self.calls.to_string(), self.draw((1, self.load.most)));
            self.asks.insert(caller, call);
        }
        let (name, tokens) = &self.asks[&caller];
        let ask = Ask {
            model: "model",
            name,
            rates: self.load.rates,
            tokens: *tokens,
            ttl: Duration::from_micros(self.load.takes.1 + SECOND),
        };
        match self.model.admit(ask, now) {
            Admission::Granted(permit) => {
                self.asks.remove(&caller);
                let takes = self.draw(self.load.takes);
                self.plan(now + takes, Next::Ask(caller));
                self.granted(permit, now + takes);
            }
            Admission::Wait(wait) => {
                let late = self.draw((0, self.load.late));
                self.plan(now + micros(wait) + late, Next::Ask(caller));
            }
        }
    }

    /// What becomes of a call, by the moment when it is over.
    fn granted(&mut self, permit: Permit, over: u64) {
        self.grants.push(Grant {
            at: permit.granted,
            requests: 1,
            tokens: permit.tokens,
        });
        let fate = match self.load.odd {
            0 => 2,
            odd => self.draw((0, odd)),
        };
        let end = match fate {
            // Its worker is killed.
            0 => return,
            1 => End::Released,
            _ => End::Settled {
                tokens: permit.tokens * self.draw(self.load.used) / 100,
            },
        };
        self.plan(over, Next::End(self.grants.len() - 1, permit, end));
    }
}

/// The most that any minute holds of something. A fullest one ends with a grant.
fn fullest(grants: &[Grant], of: fn(&Grant) -> u64) -> u64 {
    let (mut from, mut sum, mut most) = (0, 0, 0);
    for grant in grants {
        sum += of(grant);
        while grants[from].at + MINUTE < grant.at {
            sum -= of(&grants[from]);
            from += 1;
        }
        most = most.max(sum);
    }
    most
}

fn total(grants: &[Grant], of: fn(&Grant) -> u64) -> u64 {
    grants.iter().map(of).sum()
}

const REQUESTS: fn(&Grant) -> u64 = |grant| grant.requests;
const TOKENS: fn(&Grant) -> u64 = |grant| grant.tokens;

fn any_load() -> impl Strategy<Value = Load> {
    let rates = (
        0_u32..300,
        prop_oneof![Just(0), 1_000_u64..100_000],
        0_u32..40,
    );
    let calls = (1_u64..20, 1_u64..20_000, 0_u64..=100, 0_u64..=100);
    let times = (SECOND / 5..2 * SECOND, 0..20 * SECOND, 0..2 * SECOND);
    (rates, calls, times, 0_u64..20).prop_map(|(rates, calls, times, odd)| Load {
        rates: Rates {
            requests_per_minute: rates.0,
            tokens_per_minute: rates.1,
            concurrency: rates.2,
        },
        callers: calls.0,
        most: calls.1,
        used: (calls.2.min(calls.3), calls.2.max(calls.3)),
        takes: (times.0, times.0 + times.1),
        late: times.2,
        odd,
        seconds: 200,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn no_minute_holds_more_than_the_limit_and_a_fiftieth(mut load in any_load(), seed: u64) {
        // Without any rate there is nothing to see, and no end of grants.
        if load.rates.requests_per_minute == 0 {
            load.rates.tokens_per_minute = load.rates.tokens_per_minute.max(1_000);
        }
        let grants = play(&load, seed);
        let (requests, tokens) = (u64::from(load.rates.requests_per_minute), load.rates.tokens_per_minute);
        for (limit, most) in [(requests, fullest(&grants, REQUESTS)), (tokens, fullest(&grants, TOKENS))] {
            prop_assert!(limit == 0 || most * 100 <= limit * 102, "T1: {most} of {limit}");
        }
    }

    #[test]
    fn requests_under_load_use_what_they_may(limit in 1_u32..2_000, callers in 1_u64..12, late in 0_u64..2_000, seed: u64) {
        let rates = Rates { requests_per_minute: limit, ..Rates::default() };
        let load = Load { rates, callers, most: 1, used: (0, 100), takes: (1_000, 2_000), late, odd: 0, seconds: 180 };
        let granted = total(&play(&load, seed), REQUESTS);
        prop_assert!(granted * 100 >= u64::from(limit) * 3 * 98, "T2: {granted} in three minutes");
    }

    #[test]
    fn tokens_under_load_use_what_they_may(limit in 10_000_u64..10_000_000, callers in 1_u64..12, late in 0_u64..2_000, seed: u64) {
        let rates = Rates { tokens_per_minute: limit, ..Rates::default() };
        let load = Load { rates, callers, most: limit / 100, used: (100, 100), takes: (1_000, 2_000), late, odd: 0, seconds: 180 };
        let granted = total(&play(&load, seed), TOKENS);
        prop_assert!(granted * 100 >= limit * 3 * 98, "T2: {granted} in three minutes");
    }

    #[test]
    fn what_calls_did_not_use_is_used_by_others(used in 20_u64..=100, seed: u64) {
        let rates = Rates { tokens_per_minute: 1_000_000, ..Rates::default() };
        let load = Load {
            rates, callers: 12, most: 8_000, used: (used, used), takes: (SECOND / 10, SECOND / 5), late: 2_000, odd: 0, seconds: 300,
        };
        let grants = play(&load, seed);
        let (after, limit) = (60 * SECOND, 1_000_000);
        let late: Vec<Grant> = grants.into_iter().filter(|grant| grant.at >= after).collect();
        let granted = total(&late, TOKENS);
        prop_assert!(granted * 100 >= limit * 4 * 98, "T4: {granted} in four minutes");
    }
}

const REFUSED: End = End::Refused { retry_after: None };

/// A permit under these rates, for a call of no tokens.
fn ask(model: &mut Model, name: &str, rates: Rates, now: u64) -> Admission {
    let ask = Ask {
        model: "model",
        name,
        rates,
        tokens: 0,
        ttl: Duration::from_secs(600),
    };
    model.admit(ask, now)
}

#[test]
fn refusals_in_a_row_cut_what_was_open_at_the_first() {
    let mut model = Model::new(0);
    let mut open = Vec::new();
    let mut fill = |model: &mut Model, now: u64| {
        for number in 0..200 {
            let name = format!("{number} at {now}");
            if let Admission::Granted(permit) = ask(model, &name, Rates::default(), now) {
                open.push(permit);
            }
        }
        open.len()
    };
    assert_eq!(fill(&mut model, 0), 200);
    let refuse = |model: &mut Model, now: u64| {
        let permit = Permit {
            model: "model".to_owned(),
            name: format!("0 at {now}"),
            granted: now,
            tokens: 0,
            rates: Rates::default(),
        };
        assert!(model.end(&permit, REFUSED, now));
    };
    refuse(&mut model, 0);
    let places = |model: &Model, now| model.places(Rates::default(), model.share(now));
    assert_eq!(places(&model, 0), Some(100));
    model.open.clear();
    let later = micros(COOLDOWN);
    fill(&mut model, later);
    assert_eq!(model.open.len(), 108, "a part has grown back");
    refuse(&mut model, later);
    assert_eq!(
        places(&model, later),
        Some(54),
        "half of that, and of 200 a share"
    );
    let whole = later + (1.0 / GROWTH) as u64 * SECOND;
    assert_eq!(places(&model, whole), None, "T5: all of it comes back");
}

#[test]
fn a_large_call_is_not_starved_by_small_ones() {
    let rates = Rates {
        tokens_per_minute: 10_000,
        ..Rates::default()
    };
    let mut model = Model::new(0);
    let of = |name: &'static str, tokens| Ask {
        model: "model",
        name,
        rates,
        tokens,
        ttl: Duration::from_secs(1),
    };
    let (mut asked, mut small) = (0, 0);
    for now in (0..300 * SECOND).step_by(10_000) {
        if now >= 60 * SECOND && now >= asked {
            match model.admit(of("large", 8_000), now) {
                Admission::Granted(_) => {
                    assert!(small > 50, "{small} small ones before");
                    assert!(now < 125 * SECOND, "after {now} microseconds");
                    return;
                }
                Admission::Wait(wait) => asked = now + micros(wait),
            }
        }
        small += usize::from(matches!(
            model.admit(of("small", 100), now),
            Admission::Granted(_)
        ));
    }
    panic!("never granted beside {small} small ones");
}

proptest! {
    #[test]
    fn refusals_halve_and_time_gives_back(gaps in prop::collection::vec(1_u64..40 * SECOND, 1..60)) {
        let rates = Rates { concurrency: 1_000, ..Rates::default() };
        let mut model = Model::new(0);
        let mut now = 0;
        let mut last_cut = None;
        for (number, gap) in gaps.into_iter().enumerate() {
            now += gap;
            let before = model.share(now);
            prop_assert!((LEAST..=1.0).contains(&before), "T5: {before}");
            let Admission::Granted(permit) = ask(&mut model, &number.to_string(), rates, now) else {
                return Err(TestCaseError::fail("T5: a place is always left"));
            };
            prop_assert!(model.end(&permit, REFUSED, now));
            let due = last_cut.is_none_or(|cut| now - cut >= micros(COOLDOWN));
            let wanted = if due { (before * CUT).max(LEAST) } else { before };
            prop_assert_eq!(model.share(now), wanted, "T5: cut once in a while");
            last_cut = if due { Some(now) } else { last_cut };
            let later = model.share(now + SECOND);
            prop_assert!((later - (wanted + GROWTH).min(1.0)).abs() < 1e-9, "T5: grows evenly");
        }
        let whole = now + (1.0 / GROWTH) as u64 * SECOND;
        prop_assert_eq!(model.share(whole), 1.0, "T5: all of it comes back");
    }

    #[test]
    fn a_cut_rate_is_kept_to(limit in 60_u32..3_000, seed in 1_u64..1_000) {
        let rates = Rates { requests_per_minute: limit, ..Rates::default() };
        let mut model = Model::new(0);
        let Admission::Granted(first) = ask(&mut model, "first", rates, seed) else {
            return Err(TestCaseError::fail("nothing was granted before"));
        };
        prop_assert!(model.end(&first, REFUSED, seed));
        let (mut now, mut granted) = (seed, 0_u32);
        // Half at first, three quarters after half a minute.
        while now < seed + 30 * SECOND {
            match ask(&mut model, &granted.to_string(), rates, now) {
                Admission::Granted(permit) => {
                    granted += 1;
                    model.end(&permit, End::Settled { tokens: 0 }, now);
                }
                Admission::Wait(wait) => now += micros(wait),
            }
        }
        let due = f64::from(limit) * 0.5 * 0.625;
        let granted = f64::from(granted);
        prop_assert!(granted <= due * 1.1 + 2.0, "T5: {granted} of {due}");
        prop_assert!(granted >= due * 0.9 - 2.0, "T5: {granted} of {due}");
    }
}
