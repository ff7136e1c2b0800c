//! T1 to T9 of [`Throttle`], as far as they show without waiting for minutes: what they say of minutes
//! is tried in memory, where the clock can be moved, and by the moments that a store gives its permits.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::{LONG, SHORT, eventually};
use crate::record::Rates;
use crate::store::throttle::LONGEST_PAUSE;
use crate::store::{Admission, Ask, End, Permit, Throttle};

/// Runs every case.
pub async fn throttle<F: AsyncFn() -> Arc<dyn Throttle>>(fresh: F) {
    t1_requests_of_a_minute(fresh().await).await;
    t1_tokens_of_a_minute(&*fresh().await).await;
    t3_places(&*fresh().await).await;
    t3_a_permit_ends_by_itself(&*fresh().await).await;
    t4_ended_once(&*fresh().await).await;
    t4_what_never_went_out_does_not_count(&*fresh().await).await;
    t5_a_refusal_halves(&*fresh().await).await;
    t5_without_a_limit(&*fresh().await).await;
    t6_all_are_left_waiting(&*fresh().await).await;
    t7_a_repeat_counts_once(&*fresh().await).await;
    t8_the_next_is_waited_for(&*fresh().await).await;
    t9_models_are_apart(&*fresh().await).await;
}

const NONE: Rates = Rates {
    requests_per_minute: 0,
    tokens_per_minute: 0,
    concurrency: 0,
};

fn places(concurrency: u32) -> Rates {
    Rates {
        concurrency,
        ..NONE
    }
}

fn tokens(tokens_per_minute: u64) -> Rates {
    Rates {
        tokens_per_minute,
        ..NONE
    }
}

async fn admit(store: &dyn Throttle, name: &str, rates: Rates, tokens: u64) -> Admission {
    let ask = Ask {
        model: "model",
        name,
        rates,
        tokens,
        ttl: LONG,
    };
    store.admit(ask).await.expect("T1: admit")
}

async fn granted(store: &dyn Throttle, name: &str, rates: Rates, tokens: u64) -> Permit {
    match admit(store, name, rates, tokens).await {
        Admission::Granted(permit) => permit,
        Admission::Wait(wait) => panic!("T1: {name} has to wait for {wait:?}"),
    }
}

async fn waits(store: &dyn Throttle, name: &str, rates: Rates, tokens: u64, clause: &str) {
    let admission = admit(store, name, rates, tokens).await;
    let waits = matches!(admission, Admission::Wait(wait) if wait > Duration::ZERO);
    assert!(waits, "{clause}: {admission:?}");
}

async fn end(store: &dyn Throttle, permit: &Permit, end: End) -> bool {
    store.end(permit, end).await.expect("T4: end")
}

const SETTLED: End = End::Settled { tokens: 0 };

async fn t1_requests_of_a_minute(store: Arc<dyn Throttle>) {
    let rates = Rates {
        requests_per_minute: 1,
        ..NONE
    };
    let mut racers = JoinSet::new();
    for racer in 0..20 {
        let store = Arc::clone(&store);
        racers.spawn(async move {
            let admission = admit(&*store, &format!("call {racer}"), rates, 0).await;
            matches!(admission, Admission::Granted(_))
        });
    }
    let granted = racers
        .join_all()
        .await
        .into_iter()
        .filter(|&granted| granted);
    assert_eq!(granted.count(), 1, "T1: one a minute");
}

async fn t1_tokens_of_a_minute(store: &dyn Throttle) {
    let rates = tokens(1_000);
    let first = granted(store, "a", rates, 600).await;
    assert_eq!(first.tokens, 600, "T1: what it asked for");
    waits(store, "b", rates, 1, "T1: 600 tokens take their time").await;
    assert!(end(store, &first, SETTLED).await, "T4: it was open");
    let second = granted(store, "b", rates, 5_000).await;
    assert_eq!(second.tokens, 1_000, "T1: at most a minute's");
    let all = End::Settled { tokens: 5_000 };
    assert!(end(store, &second, all).await, "T4: it was open");
    waits(store, "c", rates, 1, "T1: settled for what it used").await;
}

async fn t3_places(store: &dyn Throttle) {
    let rates = places(2);
    let first = granted(store, "a", rates, 0).await;
    let second = granted(store, "b", rates, 0).await;
    for permit in [first, second] {
        waits(store, "c", rates, 0, "T3: both places are taken").await;
        assert!(end(store, &permit, SETTLED).await, "T4: it was open");
        let third = granted(store, "c", rates, 0).await;
        assert!(third.granted >= permit.granted, "T3: one after the other");
        assert!(end(store, &third, SETTLED).await, "T4: it was open");
        let _again = granted(store, &permit.name, rates, 0).await;
    }
}

async fn t3_a_permit_ends_by_itself(store: &dyn Throttle) {
    let ask = Ask {
        model: "model",
        name: "killed",
        rates: places(1),
        tokens: 0,
        ttl: SHORT,
    };
    let admission = store.admit(ask).await.expect("T3: admit");
    let Admission::Granted(killed) = admission else {
        panic!("T3: {admission:?}");
    };
    eventually("T3: its place comes back", async || {
        let next = admit(store, "next", places(1), 0).await;
        matches!(next, Admission::Granted(_))
    })
    .await;
    assert!(!end(store, &killed, SETTLED).await, "T4: it has ended");
    waits(store, "third", places(1), 0, "T4: and ends nobody else's").await;
}

async fn t4_ended_once(store: &dyn Throttle) {
    let rates = Rates {
        concurrency: 2,
        ..tokens(1_000)
    };
    let permit = granted(store, "a", rates, 500).await;
    assert!(end(store, &permit, End::Settled { tokens: 500 }).await);
    for late in [SETTLED, End::Released, refusal(Some(LONG))] {
        assert!(!end(store, &permit, late).await, "T4: {late:?}");
    }
    waits(store, "b", rates, 1, "T4: its 500 tokens still count").await;
}

async fn t4_what_never_went_out_does_not_count(store: &dyn Throttle) {
    let rates = Rates {
        requests_per_minute: 1,
        ..tokens(100)
    };
    for name in ["a", "b", "c"] {
        let permit = granted(store, name, rates, 100).await;
        assert!(end(store, &permit, End::Released).await, "T4: it was open");
    }
}

fn refusal(retry_after: Option<Duration>) -> End {
    End::Refused { retry_after }
}

async fn t5_a_refusal_halves(store: &dyn Throttle) {
    let rates = places(4);
    let mut open = Vec::new();
    for name in ["a", "b", "c", "d"] {
        open.push(granted(store, name, rates, 0).await);
    }
    // Two of them at once are one sign.
    for permit in open.drain(..2) {
        assert!(end(store, &permit, refusal(None)).await, "T5: it was open");
    }
    waits(store, "e", rates, 0, "T5: two of four places are left").await;
    assert!(end(store, &open[0], SETTLED).await, "T5: it was open");
    let _one = granted(store, "e", rates, 0).await;
    waits(store, "f", rates, 0, "T5: two of four places are left").await;
}

async fn t5_without_a_limit(store: &dyn Throttle) {
    let mut open = Vec::new();
    for number in 0..8 {
        open.push(granted(store, &format!("call {number}"), NONE, 0).await);
    }
    let refused = open.pop().expect("eight are open");
    assert!(end(store, &refused, refusal(None)).await, "T5: it was open");
    for _ in 0..3 {
        waits(store, "late", NONE, 0, "T5: half of eight may be open").await;
        let permit = open.pop().expect("some are open");
        assert!(end(store, &permit, SETTLED).await, "T5: it was open");
    }
    waits(store, "late", NONE, 0, "T5: four are").await;
    assert!(end(store, &open[0], SETTLED).await, "T5: it was open");
    let _fourth = granted(store, "late", NONE, 0).await;
}

async fn t6_all_are_left_waiting(store: &dyn Throttle) {
    let [one, other] = [
        granted(store, "a", NONE, 0).await,
        granted(store, "b", NONE, 0).await,
    ];
    assert!(end(store, &one, refusal(Some(LONG))).await, "T6: open");
    let wait = async || match admit(store, "c", places(7), 0).await {
        Admission::Wait(wait) => wait,
        granted @ Admission::Granted(_) => panic!("T6: {granted:?}"),
    };
    let first = wait().await;
    assert!(first > LONG / 2 && first <= LONG, "T6: {first:?}");
    assert!(end(store, &other, refusal(Some(100 * LONGEST_PAUSE))).await);
    let longer = wait().await;
    assert!(longer > LONG && longer <= LONGEST_PAUSE, "T6: {longer:?}");
}

async fn t7_a_repeat_counts_once(store: &dyn Throttle) {
    let rates = Rates {
        requests_per_minute: 1,
        concurrency: 2,
        ..tokens(100)
    };
    let first = granted(store, "a", rates, 100).await;
    let again = granted(store, "a", rates, 100).await;
    assert_eq!(first, again, "T7: the same permit");
    assert!(end(store, &again, End::Released).await, "T7: it was open");
    assert!(!end(store, &first, End::Released).await, "T7: both ended");
    let _next = granted(store, "b", rates, 100).await;
}

async fn t8_the_next_is_waited_for(store: &dyn Throttle) {
    let _before = granted(store, "before", NONE, 990).await;
    let large = "T8: the minute has no room for a large one";
    waits(store, "large", tokens(1_000), 500, large).await;
    let small = "T8: for a small one it has, but the large one is next";
    waits(store, "small", tokens(1_000), 10, small).await;
    waits(store, "large", tokens(1_000), 500, large).await;
    eventually("T8: a turn that nobody takes is over", async || {
        let small = admit(store, "small", tokens(1_000), 10).await;
        matches!(small, Admission::Granted(_))
    })
    .await;
}

async fn t9_models_are_apart(store: &dyn Throttle) {
    for model in ["one", "another", "a:b", "a{b}"] {
        let ask = Ask {
            model,
            name: "call",
            rates: places(1),
            tokens: 0,
            ttl: LONG,
        };
        let admission = store.admit(ask).await.expect("T9: admit");
        let Admission::Granted(permit) = admission else {
            panic!("T9: {model}: {admission:?}");
        };
        assert_eq!(permit.model, model, "T9: of this model");
    }
    for call in 0..100 {
        let _unlimited = granted(store, &format!("call {call}"), NONE, u64::MAX >> 20).await;
    }
}
