//! The contract, and what it says of minutes: under drawn loads, over a clock that jumps from one moment
//! at which something happens to the next.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
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

/// Lets the load run; gives what was granted, in order. No concurrency beyond the limit, ever.
fn play(load: &Load, seed: u64) -> Vec<Grant> {
    let mut random = crate::seed::Seed::root(seed).rng();
    let mut draw = |(low, high): (u64, u64)| low + random.bits() % (high - low + 1);
    let mut model = Model::new(0);
    let mut agenda: BTreeMap<(u64, u64), Next> = BTreeMap::new();
    let mut number = 0;
    let mut asks: BTreeMap<u64, (String, u64)> = BTreeMap::new();
    let mut grants: Vec<Grant> = Vec::new();
    for caller in 0..load.callers {
        agenda.insert((0, caller), Next::Ask(caller));
    }
    let mut serial = load.callers;
    let mut plan = |agenda: &mut BTreeMap<_, _>, at: u64, next: Next| {
        serial += 1;
        agenda.insert((at, serial), next);
    };
    while let Some(((now, _), next)) = agenda.pop_first() {
        if now >= load.seconds * SECOND {
            break;
        }
        match next {
            Next::End(place, permit, end) => {
                let (requests, tokens) = end.counts(load.rates);
                grants[place].requests = requests;
                grants[place].tokens = tokens;
                assert!(model.end(&permit, end, now));
            }
            Next::Ask(caller) => {
                let (name, tokens) = asks.entry(caller).or_insert_with(|| {
                    number += 1;
                    (format!("call {number}"), draw((1, load.most)))
                });
                let takes = draw(load.takes);
                let ask = Ask {
                    model: "model",
                    name,
                    rates: load.rates,
                    tokens: *tokens,
                    ttl: Duration::from_micros(load.takes.1 + SECOND),
                };
                match model.admit(ask, now) {
                    Admission::Wait(wait) => {
                        let again = now + micros(wait) + draw((0, load.late));
                        plan(&mut agenda, again, Next::Ask(caller));
                    }
                    Admission::Granted(permit) => {
                        asks.remove(&caller);
                        let tokens = permit.tokens;
                        let used = tokens * draw(load.used) / 100;
                        grants.push(Grant {
                            at: now,
                            requests: 1,
                            tokens,
                        });
                        let fate = if load.odd == 0 {
                            2
                        } else {
                            draw((0, load.odd))
                        };
                        let end = match fate {
                            0 => None,
                            1 => Some(End::Released),
                            _ => Some(End::Settled { tokens: used }),
                        };
                        if let Some(end) = end {
                            let end = Next::End(grants.len() - 1, permit, end);
                            plan(&mut agenda, now + takes, end);
                        }
                        plan(&mut agenda, now + takes, Next::Ask(caller));
                    }
                }
                let places = u64::from(load.rates.concurrency);
                assert!(places == 0 || model.open.len() as u64 <= places, "T3");
            }
        }
    }
    grants
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
