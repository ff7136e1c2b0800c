//! What it costs a worker to go on with a world that another one changed.

use std::sync::Arc;

use harness::services::redis::Server;
use proto::record::{Recipe, WorldRef, WorldSource};
use proto::seed::Seed;
use proto::store::{Builds, SnapshotStore};
use proto::topology::Shelf;
use worker::domains::Domain;
use worker::domains::retail::state::World;
use worker::domains::retail::{Retail, workload};
use worker::environment::Environment as _;
use worker::worlds::{Worlds, shop, snapshot};

use super::{calls, connect, raw};

/// The shop of a plan that says nothing of its size.
const RECIPE: Recipe = Recipe {
    seed: 7,
    products: 50,
    people: 500,
    orders: 1000,
};
/// Writes of an episode that is far on.
const WRITES: usize = 10;
/// `t2t bench restore` tells how much work that is.
#[tokio::test]
async fn a_changed_world_is_one_round_trip_away() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let store = connect(&server).await;
    let base = Arc::new(shop(RECIPE).unwrap());
    let mut changed = World::new(Arc::clone(&base));
    workload::run(
        &mut changed,
        &workload::writes(&base, Seed::root(1), WRITES),
    );
    let delta = changed.delta();
    let digest = store.put(delta.into()).await.unwrap();
    let domain = Retail::new(base);
    let world = WorldRef {
        domain: "retail".to_owned(),
        base: domain.base(),
        source: WorldSource::Stored {
            snapshot: store.put(snapshot(&domain).unwrap().into()).await.unwrap(),
            recipe: None,
        },
    };
    let shared = store.shared();
    let worlds = Worlds::new(1, Builds::new(shared.snapshots, shared.leases, "this"));
    let restored = async || {
        let domain = worlds.domain(&world).await.unwrap();
        let delta = SnapshotStore::get(&store, &digest).await.unwrap();
        domain.restore(&delta.unwrap()).unwrap().state_id()
    };
    assert_eq!(restored().await, changed.state_id());
    let mut beside = raw(&server).await;
    let counted = || store.figures().of(Shelf::Snapshots).calls;
    let (before, by_itself) = (calls(&mut beside).await, counted());
    restored().await;
    let after = calls(&mut beside).await;
    assert_eq!(counted() - by_itself, 1, "as the store itself counts");
    assert_eq!(
        after - before - 1,
        1,
        "one round trip, and the question itself"
    );
}
