//! M1 to M9 of [`Budgets`].

use std::sync::Arc;

use tokio::task::JoinSet;

use super::{LONG, SHORT, eventually};
use crate::record::Money;
use crate::store::budgets::MOST;
use crate::store::{Balance, Budgets, Claim, Cost, Reservation, StoreError};

/// Runs every case.
pub async fn budgets<F: AsyncFn() -> Arc<dyn Budgets>>(fresh: F) {
    m1_within_the_limit(&*fresh().await).await;
    m1_racers_share_one_budget(fresh().await).await;
    m2_settled_once(&*fresh().await).await;
    m2_less_spent_leaves_more(&*fresh().await).await;
    m4_a_repeat_counts_once(&*fresh().await).await;
    m5_restarting(&*fresh().await).await;
    m6_runs_are_apart(&*fresh().await).await;
    m7_large_sums(&*fresh().await).await;
    m8_what_is_charged_beyond_is_reserved_for(&*fresh().await).await;
    m8_each_model_has_its_own(&*fresh().await).await;
    m9_the_first_is_waited_for(&*fresh().await).await;
    m9_the_first_may_show_nothing(&*fresh().await).await;
    m9_the_first_may_be_killed(&*fresh().await).await;
    m9_racers_have_one_first(fresh().await).await;
}

/// A call of a model, which nothing else is known of.
fn claim<'a>(model: &'a str, call: &'a str, amount: u64, limit: u64) -> Claim<'a> {
    Claim {
        run: "run",
        call,
        model,
        amount: Money(amount),
        limit: Money(limit),
        ttl: LONG,
    }
}

async fn claimed(store: &dyn Budgets, claim: Claim<'_>) -> Reservation {
    store.reserve(claim).await.expect("M1: reserve")
}

/// A call of a model of its own.
async fn reserve(store: &dyn Budgets, call: &str, amount: u64, limit: u64) -> Reservation {
    claimed(store, claim(call, call, amount, limit)).await
}

async fn settle(store: &dyn Budgets, call: &str, cost: u64) -> bool {
    settled(store, call, Cost::foreseen(Money(cost))).await
}

async fn settled(store: &dyn Budgets, call: &str, cost: Cost) -> bool {
    store.settle("run", call, cost).await.expect("M2: settle")
}

/// Ends a call that cost so much beyond what its request showed.
async fn surprise(store: &dyn Budgets, call: &str, paid: u64, beyond: u64) {
    let cost = Cost {
        paid: Money(paid),
        beyond: Some(Money(beyond)),
    };
    assert!(settled(store, call, cost).await, "M2: it was reserved");
}

async fn restart(store: &dyn Budgets, floor: u64) -> Balance {
    let restarted = store.restart("run", Money(floor)).await;
    restarted.expect("M5: restart")
}

async fn balance(store: &dyn Budgets) -> Option<Balance> {
    store.balance("run").await.expect("M5: balance")
}

fn stands(spent: u64, reserved: u64) -> Balance {
    Balance {
        spent: Money(spent),
        reserved: Money(reserved),
    }
}

fn granted(reserved: u64) -> Reservation {
    Reservation::Granted(Money(reserved))
}

fn short(spent: u64, reserved: u64, wanted: u64) -> Reservation {
    Reservation::Short {
        balance: stands(spent, reserved),
        wanted: Money(wanted),
    }
}

/// What comes of forty who do the same at once.
async fn racing<T, R>(store: &Arc<dyn Budgets>, race: impl Fn(Arc<dyn Budgets>, u32) -> R) -> Vec<T>
where
    T: Send + 'static,
    R: Future<Output = T> + Send + 'static,
{
    let mut racers = JoinSet::new();
    for racer in 0..40 {
        racers.spawn(race(Arc::clone(store), racer));
    }
    racers.join_all().await
}

async fn m1_within_the_limit(store: &dyn Budgets) {
    restart(store, 0).await;
    let all_free = reserve(store, "a", 60, 100).await;
    assert_eq!(all_free, granted(60), "M1: all free");
    let too_much = reserve(store, "b", 41, 100).await;
    assert_eq!(too_much, short(0, 60, 41), "M1: 41 are not left");
    let rest = reserve(store, "b", 40, 100).await;
    assert_eq!(rest, granted(40), "M1: 40 are");
    let none = reserve(store, "c", 1, 100).await;
    assert_eq!(none, short(0, 100, 1), "M1: nothing is left");
    let nothing = reserve(store, "d", 0, 100).await;
    assert_eq!(nothing, granted(0), "M1: but nothing");
    let more = reserve(store, "c", 1, 101).await;
    assert_eq!(more, granted(1), "M6: the limit was raised");
    assert_eq!(balance(store).await, Some(stands(0, 101)), "M3: all stand");
    assert!(
        settle(store, "d", 2).await,
        "M2: nothing was reserved for it"
    );
    assert_eq!(balance(store).await, Some(stands(2, 101)), "M2: it cost 2");
}

async fn m1_racers_share_one_budget(store: Arc<dyn Budgets>) {
    restart(&*store, 0).await;
    let came = racing(&store, |store, racer| async move {
        let call = format!("call {racer}");
        let granted = reserve(&*store, &call, 7, 100).await == granted(7);
        // Every third one dies before it settles.
        if granted && racer % 3 > 0 {
            assert!(settle(&*store, &call, 7).await, "M2: it was reserved");
        }
        granted
    });
    let granted = came.await.into_iter().filter(|&granted| granted);
    assert_eq!(granted.count(), 100 / 7, "M1: as many as there is room for");
    let balance = balance(&*store).await.expect("M5: it is known");
    let sum = balance.spent + balance.reserved;
    assert_eq!(sum, Money(100 / 7 * 7), "M3: what is granted stays");
}

async fn m2_settled_once(store: &dyn Budgets) {
    restart(store, 0).await;
    assert!(!settle(store, "a", 5).await, "M2: never reserved");
    reserve(store, "a", 60, 100).await;
    assert!(settle(store, "a", 50).await, "M2: it was reserved");
    assert!(!settle(store, "a", 50).await, "M2: once");
    assert_eq!(
        balance(store).await,
        Some(stands(50, 0)),
        "M2: counted once"
    );
}

async fn m2_less_spent_leaves_more(store: &dyn Budgets) {
    restart(store, 0).await;
    reserve(store, "a", 90, 100).await;
    let full = reserve(store, "b", 50, 100).await;
    assert_eq!(full, short(0, 90, 50), "M1: full");
    settle(store, "a", 10).await;
    let free = reserve(store, "b", 50, 100).await;
    assert_eq!(free, granted(50), "M2: 90 are free again");
    settle(store, "b", 70).await;
    let stood = balance(store).await;
    assert_eq!(stood, Some(stands(80, 0)), "M2: what it cost, even if more");
}

async fn m4_a_repeat_counts_once(store: &dyn Budgets) {
    restart(store, 0).await;
    for _ in 0..2 {
        let again = reserve(store, "a", 60, 100).await;
        assert_eq!(again, granted(60), "M4: granted, and again");
    }
    assert_eq!(balance(store).await, Some(stands(0, 60)), "M4: once");
}

async fn m5_restarting(store: &dyn Budgets) {
    assert_eq!(balance(store).await, None, "M5: nobody made it known");
    let unknown = reserve(store, "a", 0, 100).await;
    assert_eq!(unknown, Reservation::Unknown, "M5: nothing, not even 0");
    assert!(!settle(store, "a", 5).await, "M5: nothing to settle");
    assert_eq!(balance(store).await, None, "M5: settling is no restart");
    assert_eq!(restart(store, 30).await, stands(30, 0), "M5: known");
    let too_much = reserve(store, "a", 71, 100).await;
    assert_eq!(too_much, short(30, 0, 71), "M5: the floor counts as spent");
    reserve(store, "a", 70, 100).await;
    for floor in [0, 30, 29] {
        let stood = restart(store, floor).await;
        assert_eq!(stood, stands(30, 70), "M5: {floor} changes nothing");
    }
    assert_eq!(restart(store, 40).await, stands(40, 70), "M5: raised");
}

async fn m6_runs_are_apart(store: &dyn Budgets) {
    restart(store, 0).await;
    let other = store.restart("other", Money(5)).await;
    assert_eq!(other.expect("M5: restart"), stands(5, 0), "M6: its own");
    reserve(store, "a", 60, 100).await;
    let settled = store.settle("other", "a", Cost::NOTHING).await;
    assert!(!settled.expect("M2: settle"), "M6: calls, too");
    let other = store.balance("other").await;
    assert_eq!(other.expect("M5: balance"), Some(stands(5, 0)), "M6: apart");
}

async fn m7_large_sums(store: &dyn Budgets) {
    restart(store, 0).await;
    let all_but_one = MOST.0 - 1;
    reserve(store, "a", all_but_one, MOST.0).await;
    let short_by_one = reserve(store, "b", 2, MOST.0).await;
    let to_the_last_digit = short(0, all_but_one, 2);
    assert_eq!(short_by_one, to_the_last_digit, "M7: to the last digit");
    let last = reserve(store, "b", 1, MOST.0).await;
    assert_eq!(last, granted(1), "M7: exactly");
    let over = store.reserve(claim("c", "c", 0, MOST.0 + 1)).await;
    assert!(matches!(over, Err(StoreError::Refused(_))), "M7: {over:?}");
    let over = store.restart("run", Money(u64::MAX)).await;
    assert!(matches!(over, Err(StoreError::Refused(_))), "M7: {over:?}");
}

async fn m8_what_is_charged_beyond_is_reserved_for(store: &dyn Budgets) {
    restart(store, 0).await;
    let call = async |call, amount| claimed(store, claim("model", call, amount, 200)).await;
    assert_eq!(call("a", 10).await, granted(10), "M8: nothing is known");
    surprise(store, "a", 25, 15).await;
    assert_eq!(call("b", 10).await, granted(25), "M8: 15 beyond");
    assert_eq!(call("b", 10).await, granted(25), "M4: granted, and again");
    let too_much = call("c", 136).await;
    assert_eq!(too_much, short(25, 25, 151), "M8: 15 beyond are not left");
    assert_eq!(call("c", 135).await, granted(150), "M8: exactly");
    settle(store, "b", 12).await;
    settle(store, "c", 1).await;
    assert_eq!(call("d", 10).await, granted(25), "M8: the most of all");
    // Of what was foreseen much was left.
    surprise(store, "d", 32, 30).await;
    assert_eq!(call("e", 10).await, granted(40), "M8: 30 beyond");
}

async fn m8_each_model_has_its_own(store: &dyn Budgets) {
    restart(store, 0).await;
    let call = async |model, call| claimed(store, claim(model, call, 10, 200)).await;
    call("http://one/v1 a", "a").await;
    surprise(store, "a", 25, 15).await;
    let other = call("http://one/v1 b", "b").await;
    assert_eq!(other, granted(10), "M8: another model");
    store.restart("other", Money(0)).await.expect("M5: restart");
    let other = Claim {
        run: "other",
        ..claim("http://one/v1 a", "c", 10, 200)
    };
    let other = claimed(store, other).await;
    assert_eq!(other, granted(10), "M6: another run");
    let same = call("http://one/v1 a", "d").await;
    assert_eq!(same, granted(25), "M8: the same");
}

async fn m9_the_first_is_waited_for(store: &dyn Budgets) {
    restart(store, 0).await;
    let call = async |model, call| claimed(store, claim(model, call, 10, 200)).await;
    assert_eq!(call("model", "a").await, granted(10), "M9: the first");
    assert_eq!(call("model", "a").await, granted(10), "M4: and again");
    let second = call("model", "b").await;
    assert_eq!(second, Reservation::Behind, "M9: the first is under way");
    let hasty = Claim {
        ttl: SHORT,
        ..claim("model", "b", 10, 200)
    };
    let second = claimed(store, hasty).await;
    assert_eq!(second, Reservation::Behind, "M9: for the first one's time");
    assert_eq!(
        balance(store).await,
        Some(stands(0, 10)),
        "M9: nothing more"
    );
    assert_eq!(call("other", "c").await, granted(10), "M9: another model");
    settle(store, "a", 1).await;
    for name in ["b", "d"] {
        let known = call("model", name).await;
        assert_eq!(known, granted(10), "M9: it is known what it charges");
    }
}

async fn m9_the_first_may_show_nothing(store: &dyn Budgets) {
    restart(store, 0).await;
    let call = async |call| claimed(store, claim("model", call, 10, 200)).await;
    let unknown = Cost {
        paid: Money(10),
        beyond: None,
    };
    for (first, second, cost) in [("a", "b", Cost::NOTHING), ("b", "c", unknown)] {
        assert_eq!(call(first).await, granted(10), "M9: the first");
        assert_eq!(call(second).await, Reservation::Behind, "M9: one at a time");
        assert!(settled(store, first, cost).await, "M2: it was reserved");
    }
    assert_eq!(call("c").await, granted(10), "M9: nothing is known yet");
}

async fn m9_the_first_may_be_killed(store: &dyn Budgets) {
    restart(store, 0).await;
    let killed = Claim {
        ttl: SHORT,
        ..claim("model", "a", 10, 200)
    };
    assert_eq!(claimed(store, killed).await, granted(10), "M9: the first");
    let call = async |call| claimed(store, claim("model", call, 10, 200)).await;
    eventually("M9: its time is over", async || {
        call("b").await == granted(10)
    })
    .await;
    assert_eq!(call("c").await, Reservation::Behind, "M9: there is another");
    // It was only slow, and nothing came of it.
    settled(store, "a", Cost::NOTHING).await;
    assert_eq!(call("c").await, Reservation::Behind, "M9: still that one");
}

async fn m9_racers_have_one_first(store: Arc<dyn Budgets>) {
    restart(&*store, 0).await;
    let came = racing(&store, |store, racer| async move {
        let call = format!("call {racer}");
        claimed(&*store, claim("model", &call, 1, 100)).await
    });
    let came = came.await;
    let firsts = came.iter().filter(|&&came| came == granted(1)).count();
    let behind = |came: &&Reservation| **came == Reservation::Behind;
    assert_eq!(
        (firsts, came.iter().filter(behind).count()),
        (1, 39),
        "M9: one of them"
    );
}
