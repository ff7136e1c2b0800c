//! M1 to M7 of [`Budgets`].

use std::sync::Arc;

use tokio::task::JoinSet;

use crate::record::Money;
use crate::store::budgets::MOST;
use crate::store::{Balance, Budgets, Reservation, StoreError};

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
}

async fn reserve(store: &dyn Budgets, call: &str, amount: u64, limit: u64) -> Reservation {
    let reserved = store
        .reserve("run", call, Money(amount), Money(limit))
        .await;
    reserved.expect("M1: reserve")
}

async fn settle(store: &dyn Budgets, call: &str, cost: u64) -> bool {
    let settled = store.settle("run", call, Money(cost)).await;
    settled.expect("M2: settle")
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

fn short(spent: u64, reserved: u64) -> Reservation {
    Reservation::Short(stands(spent, reserved))
}

async fn m1_within_the_limit(store: &dyn Budgets) {
    restart(store, 0).await;
    let granted = Reservation::Granted;
    assert_eq!(reserve(store, "a", 60, 100).await, granted, "M1: all free");
    let too_much = reserve(store, "b", 41, 100).await;
    assert_eq!(too_much, short(0, 60), "M1: 41 are not left");
    assert_eq!(reserve(store, "b", 40, 100).await, granted, "M1: 40 are");
    let none = reserve(store, "c", 1, 100).await;
    assert_eq!(none, short(0, 100), "M1: nothing is left");
    assert_eq!(
        reserve(store, "d", 0, 100).await,
        granted,
        "M1: but nothing"
    );
    let more = reserve(store, "c", 1, 101).await;
    assert_eq!(more, granted, "M6: the limit was raised");
    assert_eq!(balance(store).await, Some(stands(0, 101)), "M3: all stand");
}

async fn m1_racers_share_one_budget(store: Arc<dyn Budgets>) {
    restart(&*store, 0).await;
    let mut racers = JoinSet::new();
    for racer in 0..40 {
        let store = Arc::clone(&store);
        racers.spawn(async move {
            let call = format!("call {racer}");
            let granted = reserve(&*store, &call, 7, 100).await == Reservation::Granted;
            // Every third one dies before it settles.
            if granted && racer % 3 > 0 {
                assert!(settle(&*store, &call, 7).await, "M2: it was reserved");
            }
            granted
        });
    }
    let granted = racers
        .join_all()
        .await
        .into_iter()
        .filter(|&granted| granted);
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
    assert_eq!(reserve(store, "b", 50, 100).await, short(0, 90), "M1: full");
    settle(store, "a", 10).await;
    let granted = reserve(store, "b", 50, 100).await;
    assert_eq!(granted, Reservation::Granted, "M2: 90 are free again");
    settle(store, "b", 70).await;
    let stood = balance(store).await;
    assert_eq!(stood, Some(stands(80, 0)), "M2: what it cost, even if more");
}

async fn m4_a_repeat_counts_once(store: &dyn Budgets) {
    restart(store, 0).await;
    for _ in 0..2 {
        let granted = reserve(store, "a", 60, 100).await;
        assert_eq!(granted, Reservation::Granted, "M4: granted, and again");
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
    assert_eq!(too_much, short(30, 0), "M5: the floor counts as spent");
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
    let settled = store.settle("other", "a", Money(1)).await;
    assert!(!settled.expect("M2: settle"), "M6: calls, too");
    let other = store.balance("other").await;
    assert_eq!(other.expect("M5: balance"), Some(stands(5, 0)), "M6: apart");
}

async fn m7_large_sums(store: &dyn Budgets) {
    restart(store, 0).await;
    let all_but_one = MOST.0 - 1;
    reserve(store, "a", all_but_one, MOST.0).await;
    let short_by_one = reserve(store, "b", 2, MOST.0).await;
    assert_eq!(short_by_one, short(0, all_but_one), "M7: to the last digit");
    let granted = reserve(store, "b", 1, MOST.0).await;
    assert_eq!(granted, Reservation::Granted, "M7: exactly");
    let over = store.reserve("run", "c", Money(0), Money(MOST.0 + 1)).await;
    assert!(matches!(over, Err(StoreError::Refused(_))), "M7: {over:?}");
    let over = store.restart("run", Money(u64::MAX)).await;
    assert!(matches!(over, Err(StoreError::Refused(_))), "M7: {over:?}");
}
