use proto::store::Shared;

use super::*;

const RECIPE: Recipe = Recipe {
    seed: 5,
    products: 12,
    people: 20,
    orders: 40,
};

fn stored(domain: &dyn Domain, recipe: Option<Recipe>) -> WorldRef {
    let bytes = snapshot(domain).expect("a small world fits");
    WorldRef {
        domain: domain.name().to_owned(),
        base: domain.base(),
        source: WorldSource::Stored {
            snapshot: Digest::of(&bytes),
            recipe,
        },
    }
}

fn store() -> Shared {
    Shared::in_memory(1 << 24)
}

fn worlds(store: &Shared) -> Worlds {
    let (snapshots, leases) = (Arc::clone(&store.snapshots), Arc::clone(&store.leases));
    Worlds::new(2, Builds::new(snapshots, leases, "this process"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_domain_comes_back_from_its_snapshot() {
    for name in DOMAINS {
        let domain = generated(name, RECIPE).expect("a small world");
        let keeper = store();
        let bytes = snapshot(&*domain).expect("fits");
        keeper.snapshots.put(bytes.into()).await.expect("room");
        let worlds = worlds(&keeper);
        let back = worlds.domain(&stored(&*domain, None)).await.expect("there");
        assert_eq!(back.base(), domain.base());
        assert_eq!(back.start().state_id(), domain.start().state_id());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_store_forgot_is_made_anew_and_put_back_or_said_to_be_missing() {
    let domain = generated("retail", RECIPE).expect("a small world");
    let keeper = store();
    let worlds = worlds(&keeper);
    let from_a_file = stored(&*domain, None);
    let WorldSource::Stored { snapshot, .. } = from_a_file.source else {
        unreachable!("made so above")
    };
    assert!(matches!(
        worlds.domain(&from_a_file).await,
        Err(WorldsError::Missing { snapshot: missing }) if missing == snapshot
    ));
    let generated = stored(&*domain, Some(RECIPE));
    let made = worlds.domain(&generated).await.expect("made anew");
    assert_eq!(made.base(), domain.base());
    assert!(
        keeper
            .snapshots
            .get(&snapshot)
            .await
            .expect("answers")
            .is_some()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_world_than_the_jobs_is_refused() {
    let domain = generated("retail", RECIPE).expect("a small world");
    let worlds = worlds(&store());
    let other = Recipe { seed: 6, ..RECIPE };
    let mixed = WorldRef {
        source: WorldSource::Stored {
            snapshot: Digest::of(b"nothing"),
            recipe: Some(other),
        },
        ..stored(&*domain, None)
    };
    // Another release may make the recipe's world, so the job may come with it.
    assert!(matches!(
        worlds.domain(&mixed).await,
        Err(WorldsError::Missing { snapshot }) if snapshot == Digest::of(b"nothing")
    ));
    let other = generated("retail", other).expect("a small world");
    let sent = WorldRef {
        source: WorldSource::Inline(snapshot(&*other).expect("it is small")),
        ..mixed
    };
    assert!(matches!(
        worlds.domain(&sent).await,
        Err(WorldsError::Other { wanted, .. }) if wanted == domain.base()
    ));
}

#[tokio::test]
async fn the_least_recently_used_goes_first() {
    let worlds = worlds(&store());
    let base = |number: u8| BaseId(Digest::of(&[number]));
    let entries = [1, 2].map(|number| worlds.entry(base(number)));
    let again = worlds.entry(base(1));
    assert!(Arc::ptr_eq(&entries[0], &again));
    worlds.entry(base(3));
    assert!(Arc::ptr_eq(&entries[0], &worlds.entry(base(1))));
    assert!(!Arc::ptr_eq(&entries[1], &worlds.entry(base(2))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_a_world_was_found_is_counted() {
    use crate::process::metrics::{Metrics, Part};

    let domain = generated("retail", RECIPE).expect("a small world");
    let world = stored(&*domain, Some(RECIPE));
    let (keeper, metrics) = (store(), Metrics::new(Part::Worker));
    for _ in 0..2 {
        let worlds = worlds(&keeper).counting(metrics.work.snapshots.clone());
        for _ in 0..3 {
            worlds.domain(&world).await.expect("made or found");
        }
    }
    let counted = |layer, found| metrics.work.snapshots.of((layer, found)).get();
    assert_eq!(counted(Layer::Process, Found::Hit), 4);
    assert_eq!(counted(Layer::Process, Found::Miss), 2);
    assert_eq!(
        counted(Layer::Build, Found::Hit),
        1,
        "the second finds it in the store"
    );
    assert_eq!(counted(Layer::Build, Found::Miss), 0);
}
