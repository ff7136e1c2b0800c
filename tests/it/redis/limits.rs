//! Several processes' worth of connections against one limit and one budget.

use std::sync::Arc;
use std::time::Duration;

use harness::services::redis::Server;
use proto::record::{Money, Rates};
use proto::store::throttle::COOLDOWN;
use proto::store::{
    Admission, Ask, Balance, Budgets as _, Call, Claim, Cost, End, Entry, Leases as _, Meter,
    Permit, RedisStore, Reservation, Throttle as _,
};
use tokio::task::JoinSet;

use super::{LONG, ask, connect, keys, raw};

const MINUTE: u64 = 60_000_000;
const WORKERS: u64 = 4;
/// Callers of each worker.
const CALLERS: u64 = 8;

fn claim<'a>(model: &'a str, call: &'a str, amount: Money, limit: Money) -> Claim<'a> {
    Claim {
        run: "run",
        call,
        model,
        amount,
        limit,
        ttl: LONG,
    }
}

fn call<'a>(name: &'a str, rates: Rates, tokens: u64) -> Ask<'a> {
    Ask {
        model: "model",
        name,
        rates,
        tokens,
        ttl: LONG,
    }
}

/// One caller's calls, one after the other, until the server's clock has gone on for so long since its
/// first.
async fn hammer(store: RedisStore, caller: String, rates: Rates, span: u64) -> Vec<Permit> {
    let mut permits: Vec<Permit> = Vec::new();
    loop {
        let number = permits.len() as u64;
        let tokens = 200 + number * 37 % 400;
        let name = format!("{caller}.{number}");
        match store.admit(call(&name, rates, tokens)).await.unwrap() {
            Admission::Wait(wait) => tokio::time::sleep(wait).await,
            Admission::Granted(permit) => {
                let over = permits
                    .first()
                    .is_some_and(|first| permit.granted >= first.granted + span);
                let end = End::Settled { tokens };
                assert!(store.end(&permit, end).await.unwrap(), "it was open");
                permits.push(permit);
                if over {
                    return permits;
                }
            }
        }
    }
}

/// Whether in any stretch of time as long as it takes for so many to be due, no more were granted. What
/// may come at once is a hundredth of a minute's, and the last one.
fn hold(limit: u64, grants: &[(u64, u64)]) {
    let at_once = limit as f64 / 100.0;
    for (from, (began, _)) in grants.iter().enumerate() {
        let mut sum = 0;
        for (at, amount) in &grants[from..] {
            let due = (at - began) as f64 / MINUTE as f64 * limit as f64;
            assert!(
                sum as f64 <= due + at_once + 1.0,
                "{sum} before the next in {} microseconds, {due} were due",
                at - began
            );
            sum += amount;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn workers_share_the_rates_of_a_model() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let rates = Rates {
        requests_per_minute: 3_000,
        tokens_per_minute: 1_000_000,
        concurrency: 20,
    };
    let mut callers = JoinSet::new();
    for worker in 0..WORKERS {
        let store = connect(&server).await;
        for caller in 0..CALLERS {
            let name = format!("{worker}.{caller}");
            callers.spawn(hammer(store.clone(), name, rates, MINUTE / 12));
        }
    }
    let mut permits: Vec<Permit> = callers.join_all().await.into_iter().flatten().collect();
    permits.sort_by_key(|permit| permit.granted);
    let of = |amount: fn(&Permit) -> u64| -> Vec<(u64, u64)> {
        let each = permits
            .iter()
            .map(|permit| (permit.granted, amount(permit)));
        each.collect()
    };
    let span = permits.last().unwrap().granted - permits[0].granted;
    let requests = of(|_| 1);
    let tokens = of(|permit| permit.tokens);
    hold(rates.requests_per_minute.into(), &requests);
    hold(rates.tokens_per_minute, &tokens);
    let share = |grants: &[(u64, u64)], limit: u64| {
        let sum: u64 = grants.iter().map(|(_, amount)| amount).sum();
        sum as f64 * MINUTE as f64 / span as f64 / limit as f64
    };
    println!(
        "{WORKERS} workers, {} calls in {:?}: {:.4} of the requests, {:.4} of the tokens a minute",
        permits.len(),
        Duration::from_micros(span),
        share(&requests, rates.requests_per_minute.into()),
        share(&tokens, rates.tokens_per_minute),
    );
}

/// A minute of the same, with what the workers used of it: at most a fiftieth over, or under.
/// `cargo test -p tests --test it redis::limits::a_minute -- --ignored --nocapture`.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "takes more than a minute"]
async fn a_minute_holds_its_limit_within_a_fiftieth() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let rates = Rates {
        requests_per_minute: 600,
        ..Rates::default()
    };
    let mut callers = JoinSet::new();
    for worker in 0..WORKERS {
        let store = connect(&server).await;
        let span = MINUTE + MINUTE / 12;
        callers.spawn(hammer(store, worker.to_string(), rates, span));
    }
    let permits: Vec<Permit> = callers.join_all().await.into_iter().flatten().collect();
    let mut moments: Vec<u64> = permits.iter().map(|permit| permit.granted).collect();
    moments.sort_unstable();
    let whole = moments.last().unwrap() - MINUTE;
    let minutes = moments.iter().filter(|from| **from <= whole).map(|from| {
        let within = |at: &&u64| (*from..from + MINUTE).contains(at);
        moments.iter().filter(within).count()
    });
    let counts: Vec<usize> = minutes.collect();
    let (least, most) = (counts.iter().min().unwrap(), counts.iter().max().unwrap());
    println!("{WORKERS} workers at 600 requests a minute: {least} to {most} in any minute");
    assert!(*most <= 612 && *least >= 588, "{least} to {most}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn racers_never_overrun_a_budget() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let limit = Money(10_000);
    let first = connect(&server).await;
    first.restart("run", Money(993)).await.unwrap();
    // What each model charges beyond what a request shows, and has shown.
    let models = [("fair", Money::ZERO), ("dear", Money(7))];
    for (model, beyond) in models {
        let reserved = first.reserve(claim(model, model, Money(1), limit)).await;
        assert_eq!(reserved.unwrap(), Reservation::Granted(Money(1)));
        let (paid, beyond) = (beyond, Some(beyond));
        let cost = Cost { paid, beyond };
        assert!(first.settle("run", model, cost).await.unwrap());
    }
    let mut racers = JoinSet::new();
    for racer in 0..WORKERS * CALLERS {
        let store = connect(&server).await;
        racers.spawn(async move {
            let (mut paid, mut left) = (Money::ZERO, Money::ZERO);
            for number in 0..50 {
                let call = format!("{racer}.{number}");
                let (model, beyond) = models[number as usize % 2];
                let amount = Money(20 + number);
                match store
                    .reserve(claim(model, &call, amount, limit))
                    .await
                    .unwrap()
                {
                    Reservation::Granted(reserved) => assert_eq!(reserved, amount + beyond),
                    Reservation::Short { .. } => continue,
                    other => panic!("{other:?}"),
                }
                // Some die with their call, which was paid; of the others most cost less.
                if number % 7 == 0 {
                    left += amount + beyond;
                } else {
                    let cost = Cost {
                        paid: Money(amount.0 * (number % 3) / 2) + beyond,
                        beyond: Some(beyond),
                    };
                    assert!(store.settle("run", &call, cost).await.unwrap());
                    paid += cost.paid;
                }
            }
            (paid, left)
        });
    }
    let mut stands = Balance {
        spent: Money(1_000),
        ..Balance::default()
    };
    for (paid, left) in racers.join_all().await {
        stands.spent += paid;
        stands.reserved += left;
    }
    let balance = first.balance("run").await.unwrap().unwrap();
    assert_eq!(balance, stands, "nothing is lost or counted twice");
    assert!(stands.spent + stands.reserved <= limit, "{stands:?}");
}

#[tokio::test]
async fn a_flush_stops_spending_until_the_run_is_restarted() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let store = connect(&server).await;
    let meter = Meter::new(&store.shared(), "worker");
    let call = Call {
        model: "model".to_owned(),
        rates: Rates {
            concurrency: 1,
            ..Rates::default()
        },
        tokens: 100,
        ttl: LONG,
        run: "run".to_owned(),
        cost: Money(60),
        budget: Some(Money(100)),
    };
    let enter = async || meter.enter(&call, Duration::ZERO).await.unwrap();
    assert_eq!(enter().await, Entry::Unknown, "nobody has restarted it");
    store.restart("run", Money::ZERO).await.unwrap();
    let Entry::Granted(pass) = enter().await else {
        panic!("the permit was given back");
    };
    let cost = Cost::foreseen(Money(50));
    meter.settle(&pass, 100, cost).await.unwrap();
    let stands = Balance {
        spent: Money(50),
        reserved: Money::ZERO,
    };
    let (balance, wanted) = (stands, Money(60));
    assert_eq!(enter().await, Entry::Spent { balance, wanted });

    server.flush();
    ask::<()>(&server, &[b"SCRIPT", b"FLUSH"]).await;
    assert_eq!(enter().await, Entry::Unknown, "it is not spent anew");
    store.restart("run", Money(40)).await.unwrap();
    let Entry::Granted(pass) = enter().await else {
        panic!("60 are left");
    };
    meter.release(&pass).await.unwrap();
    assert_eq!(store.clean("run").await.unwrap(), 1, "its budget");
    assert_eq!(enter().await, Entry::Unknown);
}

#[tokio::test]
async fn a_clock_that_was_set_back_stops_nobody() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let store = connect(&server).await;
    let rates = Rates {
        requests_per_minute: 1,
        ..Rates::default()
    };
    let first = store.admit(call("a", rates, 0)).await.unwrap();
    let Admission::Granted(permit) = first else {
        panic!("{first:?}");
    };
    let second = store.admit(call("b", rates, 0)).await.unwrap();
    assert!(matches!(second, Admission::Wait(_)), "{second:?}");
    let state = keys(&server, "*:state").await;
    let ahead = (permit.granted + 2 * MINUTE).to_string();
    let set: [&[u8]; 4] = [b"HSET", state[0].as_bytes(), b"at", ahead.as_bytes()];
    ask::<()>(&server, &set).await;
    let second = store.admit(call("b", rates, 0)).await.unwrap();
    assert!(matches!(second, Admission::Granted(_)), "{second:?}");
}

#[tokio::test]
async fn refusals_in_a_row_cut_what_was_open_at_the_first() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let store = connect(&server).await;
    let settled = End::Settled { tokens: 0 };
    let granted = async |name: String| match store.admit(call(&name, Rates::default(), 0)).await {
        Ok(Admission::Granted(permit)) => Some(permit),
        _ => None,
    };
    let refuse = async |permit: &Permit| {
        let refused = End::Refused { retry_after: None };
        assert!(store.end(permit, refused).await.unwrap());
    };
    let mut open = Vec::new();
    for number in 0..40 {
        open.extend(granted(format!("call {number}")).await);
    }
    assert_eq!(open.len(), 40);
    // Half of these may be open, and once they are it is refused again, some time after.
    refuse(&open.pop().unwrap()).await;
    for permit in open.drain(19..) {
        assert!(store.end(&permit, settled).await.unwrap());
    }
    let state = keys(&server, "*:state").await;
    let cut: [&[u8]; 3] = [b"HGET", state[0].as_bytes(), b"cut.at"];
    let at: f64 = ask::<String>(&server, &cut).await.parse().unwrap();
    let before = format!("{:.0}", at - COOLDOWN.as_micros() as f64);
    let set: [&[u8]; 4] = [b"HSET", state[0].as_bytes(), b"cut.at", before.as_bytes()];
    ask::<()>(&server, &set).await;
    refuse(&open.pop().unwrap()).await;
    for permit in open {
        assert!(store.end(&permit, settled).await.unwrap());
    }
    let mut places = 0;
    while granted(format!("late {places}")).await.is_some() {
        places += 1;
    }
    // Half of what had grown back of the first half of 40.
    assert!((10..=12).contains(&places), "{places} places");
}

#[tokio::test]
async fn limits_are_one_round_trip_and_their_keys_end() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let store = connect(&server).await;
    store.restart("run", Money::ZERO).await.unwrap();
    let lease = store.take("work", "one", LONG).await.unwrap();
    assert!(lease.is_some());
    // Once, so that the server knows the scripts.
    let rates = Rates {
        requests_per_minute: 0,
        tokens_per_minute: 100_000,
        concurrency: 10,
    };
    let both = async |name: &str| {
        let Admission::Granted(permit) = store.admit(call(name, rates, 100)).await.unwrap() else {
            panic!("there is room for a few");
        };
        let granted = store.reserve(claim(name, name, Money(5), Money(100))).await;
        assert_eq!(granted.unwrap(), Reservation::Granted(Money(5)));
        let cost = Cost::foreseen(Money(4));
        assert!(store.settle("run", name, cost).await.unwrap());
        let refused = End::Refused { retry_after: None };
        assert!(store.end(&permit, refused).await.unwrap());
    };
    both("first").await;
    let mut beside = raw(&server).await;
    let before = scripts(&mut beside).await;
    both("second").await;
    let after = scripts(&mut beside).await;
    assert_eq!(after - before, 4, "a script each");
    let _open = store.admit(call("third", rates, 100)).await.unwrap();
    let all = keys(&server, "*").await;
    assert_eq!(all.len(), 4, "{all:?}");
    for key in all {
        let left: i64 = ask(&server, &[b"TTL", key.as_bytes()]).await;
        assert!(left > 0, "{key} never ends");
    }
}

/// Scripts that the server has been asked for, by its own count.
async fn scripts(connection: &mut redis::aio::MultiplexedConnection) -> u64 {
    let info: String = redis::cmd("INFO")
        .arg("commandstats")
        .query_async(connection)
        .await
        .unwrap();
    let counts = info.lines().filter_map(|line| {
        let rest = line.strip_prefix("cmdstat_evalsha:calls=")?;
        rest.split(',').next()?.parse::<u64>().ok()
    });
    counts.sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_call_of_a_process_comes_to_its_turn() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let store = connect(&server).await;
    let meter = Arc::new(Meter::new(&store.shared(), "worker"));
    let call = Call {
        model: "model".to_owned(),
        rates: Rates {
            concurrency: 2,
            ..Rates::default()
        },
        tokens: 1,
        ttl: LONG,
        run: "run".to_owned(),
        cost: Money::ZERO,
        budget: None,
    };
    let mut under_way = JoinSet::new();
    for _ in 0..40 {
        let (meter, call) = (Arc::clone(&meter), call.clone());
        under_way.spawn(async move {
            let Entry::Granted(pass) = meter.enter(&call, LONG).await.unwrap() else {
                panic!("it may wait for as long as it takes");
            };
            meter.settle(&pass, 1, Cost::NOTHING).await.unwrap();
        });
    }
    under_way.join_all().await;
    let asked = meter.enter(&call, Duration::ZERO).await.unwrap();
    assert!(matches!(asked, Entry::Granted(_)), "all places are free");
}
