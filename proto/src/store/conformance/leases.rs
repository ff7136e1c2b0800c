//! L1 to L5 of [`Leases`].

use std::sync::Arc;

use tokio::task::JoinSet;

use super::{LONG, SHORT, eventually};
use crate::store::{Lease, Leases};

/// Runs every case.
pub async fn leases<F: AsyncFn() -> Arc<dyn Leases>>(fresh: F) {
    l1_one_holder(fresh().await).await;
    l2_ends_by_itself(&*fresh().await).await;
    l3_renewing(&*fresh().await).await;
    l4_releasing(&*fresh().await).await;
}

async fn take(store: &dyn Leases, name: &str, holder: &str) -> Option<Lease> {
    store.take(name, holder, LONG).await.expect("L1: take")
}

async fn l1_one_holder(store: Arc<dyn Leases>) {
    let mut racers = JoinSet::new();
    for racer in 0..20 {
        let store = Arc::clone(&store);
        racers.spawn(async move { take(&*store, "work", &format!("holder {racer}")).await });
    }
    let taken = racers.join_all().await;
    let winners: Vec<&Lease> = taken.iter().flatten().collect();
    assert_eq!(winners.len(), 1, "L1: one of the racers has it");
    let holder = winners[0].holder.clone();
    let again = take(&*store, "work", &holder).await;
    assert_eq!(again, None, "L1: not even its holder takes it twice");
    let other = take(&*store, "other work", &holder).await;
    assert!(other.is_some(), "L1: names are apart");
}

/// A lease of `name` that has ended, and the one that another took after it.
async fn succession(store: &dyn Leases, name: &str) -> (Lease, Lease) {
    let stale = store.take(name, "old", SHORT).await.expect("L2: take");
    let stale = stale.expect("L2: nobody had it");
    let mut next = None;
    eventually("L2: it ends by itself", async || {
        next = take(store, name, "new").await;
        next.is_some()
    })
    .await;
    (stale, next.expect("it was taken at last"))
}

async fn l2_ends_by_itself(store: &dyn Leases) {
    let (stale, next) = succession(store, "work").await;
    assert!(next.token > stale.token, "L5: tokens ascend");
}

async fn l3_renewing(store: &dyn Leases) {
    let (stale, next) = succession(store, "work").await;
    let renewed = store.renew(&stale, LONG).await.expect("L3: renew");
    assert!(!renewed, "L3: it has ended");
    let renewed = store.renew(&next, SHORT).await.expect("L3: renew");
    assert!(renewed, "L3: it still runs");
    eventually(
        "L3: a renewed lease runs for what was asked last",
        async || take(store, "work", "third").await.is_some(),
    )
    .await;
    let renewed = store.renew(&next, LONG).await.expect("L3: renew");
    assert!(!renewed, "L3: a third has it now");
}

async fn l4_releasing(store: &dyn Leases) {
    let (stale, next) = succession(store, "work").await;
    let released = store.release(&stale).await.expect("L4: release");
    assert!(!released, "L4: it had ended");
    let taken = take(store, "work", "third").await;
    assert_eq!(taken, None, "L4: a stale lease ends nobody else's");
    let released = store.release(&next).await.expect("L4: release");
    assert!(released, "L4: it ran");
    let third = take(store, "work", "third").await.expect("L4: it is free");
    assert!(third.token > next.token, "L5: tokens ascend");
    let released = store.release(&next).await.expect("L4: release");
    assert!(!released, "L4: released once");
}
