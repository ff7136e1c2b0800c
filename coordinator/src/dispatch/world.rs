//! The base world that jobs are over, and how workers are helped to it.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use proto::digest::Digest;
use proto::error::ErrorKind;
use proto::ids::JobId;
use proto::record::{Recipe, WorldRef, WorldSource};
use proto::store::{SnapshotStore, StoreError};
use proto::wire::Kind;
use tokio::task::JoinSet;
use tokio::time::Instant;
use worker::domains::Domain;
use worker::worlds;

use super::DispatchError;

/// Least time between two offers of a world: workers that miss it say so all at once.
const AGAIN: Duration = Duration::from_secs(10);

/// How long jobs wait for a store that is full.
const PATIENCE: Duration = Duration::from_secs(10 * 60);
/// How long they wait for one that does not keep the world, while no worker does anything: longer than a worker holds
/// a job, after which it would say what it did.
const SILENCE: Duration = Duration::from_secs(30 * 60);
/// How often the store has to take the world, at least, before it is said to forget it.
const OFFERS: u32 = 20;

/// The base world of a run, as its jobs name it.
#[derive(Clone)]
pub struct RunWorld {
    reference: WorldRef,
    /// Encoded, for workers that can't come by it; empty where every worker has it at hand.
    bytes: Arc<[u8]>,
}

impl fmt::Debug for RunWorld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RunWorld")
            .field(&self.reference.base)
            .finish()
    }
}

impl RunWorld {
    /// A world that every worker has.
    pub fn at_hand(domain: &dyn Domain) -> Self {
        Self {
            reference: reference(domain, WorldSource::AtHand),
            bytes: Arc::default(),
        }
    }

    /// A world for workers elsewhere, with the recipe of a generated one.
    ///
    /// # Errors
    /// When the world is over the cap of a snapshot.
    pub fn encoded(domain: &dyn Domain, recipe: Option<Recipe>) -> Result<Self, DispatchError> {
        let bytes: Arc<[u8]> = worlds::snapshot(domain)
            .map_err(DispatchError::World)?
            .into();
        let snapshot = Digest::of(&bytes);
        Ok(Self {
            reference: reference(domain, WorldSource::Stored { snapshot, recipe }),
            bytes,
        })
    }

    /// Puts it where workers look first; gives why that failed. A store that is down costs them time, no more.
    pub async fn offer(&self, store: &dyn SnapshotStore) -> Option<StoreError> {
        let put = store.put(Arc::clone(&self.bytes)).await;
        put.err().inspect(|error| {
            tracing::warn!(%error, "the store does not take the base world; workers make it anew, are sent it, or wait for it");
        })
    }

    /// As jobs name it.
    pub fn reference(&self) -> WorldRef {
        self.reference.clone()
    }

    /// Whether no job can carry it.
    pub(super) fn outgrows_a_job(&self) -> bool {
        self.bytes.len() > Kind::Job.cap()
    }

    /// Whether this is the digest of its encoded form.
    pub(super) fn is(&self, digest: &Digest) -> bool {
        matches!(&self.reference.source, WorldSource::Stored { snapshot, .. } if snapshot == digest)
    }

    /// As a job names it whose worker had no other way to it.
    pub(super) fn inline(&self) -> WorldRef {
        WorldRef {
            source: WorldSource::Inline(self.bytes.to_vec()),
            ..self.reference.clone()
        }
    }
}

/// Why workers can't be given a world that is too large to come with a job.
#[derive(Debug, thiserror::Error)]
pub enum Untaken {
    /// The store does not take it.
    #[error(
        "the cache does not take it: {0}; let the cache take values as large, or make the world smaller"
    )]
    Refused(#[source] StoreError),
    /// The store took it, and workers don't find it there.
    #[error(
        "the cache took it {offers} times within {} s, and workers still ask for it, while none did anything: the cache forgets it at once (`maxmemory`), or these workers are of another release or have another cache",
        waited.as_secs()
    )]
    Forgotten {
        /// How often it was taken.
        offers: u32,
        /// Since when no worker did anything.
        waited: Duration,
    },
}

/// Offers a world once more to a store that has forgotten it, or workers would be sent it with every job. A world
/// that no job can carry comes to them in no other way, and their jobs wait here until the store has it.
///
/// They wait for a store that is away as long as that takes, as everybody does, for one that is full for [`PATIENCE`].
/// For one that forgets the world as soon as it took it they wait for [`SILENCE`] of all workers: one that can't
/// reach the store misses the world, too, while others have it.
#[derive(Debug)]
pub(super) struct Offering {
    /// None where no worker looks into one.
    store: Option<Arc<dyn SnapshotStore>>,
    last: Option<Instant>,
    under_way: JoinSet<Option<StoreError>>,
    /// What came of the last offer; nothing while it is under way, or once a worker did not find what it left.
    taken: Option<Result<(), StoreError>>,
    waiting: BTreeSet<JobId>,
    /// Since when the store has been full, if it was so at the last offer.
    full: Option<Instant>,
    /// Since when jobs have waited again and again, and no worker did anything.
    since: Option<Instant>,
    /// How often the store has taken the world since then.
    offers: u32,
}

impl Offering {
    pub(super) fn to(store: Option<Arc<dyn SnapshotStore>>) -> Self {
        Self {
            store,
            last: None,
            under_way: JoinSet::new(),
            taken: None,
            waiting: BTreeSet::new(),
            full: None,
            since: None,
            offers: 0,
        }
    }

    /// Begins to offer it, unless that was done a moment ago or is under way.
    pub(super) fn again(&mut self, world: &RunWorld) {
        let recently = self.last.is_some_and(|last| last.elapsed() < AGAIN);
        let Some(store) = self.store.clone() else {
            return;
        };
        if recently || !self.under_way.is_empty() {
            return;
        }
        (self.last, self.taken) = (Some(Instant::now()), None);
        let world = world.clone();
        self.under_way
            .spawn(async move { world.offer(&*store).await });
    }

    /// Has a job wait until the store has the world, and not only had it; false where there is none to wait for.
    pub(super) fn wait(&mut self, job: JobId) -> bool {
        if self.store.is_none() {
            return false;
        }
        self.waiting.insert(job);
        self.since.get_or_insert_with(Instant::now);
        self.taken.take_if(|taken| taken.is_ok());
        true
    }

    /// Whether a job waits here.
    pub(super) fn holds(&self, job: &JobId) -> bool {
        self.waiting.contains(job)
    }

    /// A job was done, by a worker that has the world.
    pub(super) fn done(&mut self, job: JobId) {
        self.waiting.remove(&job);
        self.somebody_works();
    }

    /// A worker has the world, and is at some job.
    pub(super) fn somebody_works(&mut self) {
        (self.since, self.offers) = (None, 0);
    }

    /// Whether waiting for a store that said this has no more point.
    fn has_ended(&self, error: &StoreError) -> bool {
        match error {
            StoreError::Full(_) => self.full.is_some_and(|since| since.elapsed() >= PATIENCE),
            error => error.kind() == ErrorKind::Permanent,
        }
    }

    /// Jobs that have waited for what the store has now. What it did not take it is offered again.
    ///
    /// # Errors
    /// When jobs wait for what the store will never take, does not take for long, or forgets for as long.
    pub(super) fn arrived(&mut self, world: &RunWorld) -> Result<BTreeSet<JobId>, Untaken> {
        while let Some(offered) = self.under_way.try_join_next() {
            let refused =
                offered.unwrap_or_else(|died| std::panic::resume_unwind(died.into_panic()));
            self.offers += u32::from(refused.is_none());
            self.full = match refused {
                Some(StoreError::Full(_)) => self.full.or_else(|| Some(Instant::now())),
                _ => None,
            };
            self.taken = Some(refused.map_or(Ok(()), Err));
        }
        if self.waiting.is_empty() {
            return Ok(BTreeSet::new());
        }
        let waited = self.since.get_or_insert_with(Instant::now).elapsed();
        match self.taken.take() {
            Some(Ok(())) if waited >= SILENCE && self.offers >= OFFERS => Err(Untaken::Forgotten {
                offers: self.offers,
                waited,
            }),
            Some(Ok(())) => {
                self.taken = Some(Ok(()));
                Ok(std::mem::take(&mut self.waiting))
            }
            Some(Err(error)) if self.has_ended(&error) => Err(Untaken::Refused(error)),
            refused => {
                self.taken = refused;
                self.again(world);
                Ok(BTreeSet::new())
            }
        }
    }
}

fn reference(domain: &dyn Domain, source: WorldSource) -> WorldRef {
    WorldRef {
        domain: domain.name().to_owned(),
        base: domain.base(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;
    use tokio::time::sleep;

    use super::*;
    use crate::{plan::Plan, world};

    const FIRST: JobId = JobId(Digest([1; 32]));
    const SECOND: JobId = JobId(Digest([2; 32]));

    /// A store that says what it is told to say, and counts what is put into it.
    #[derive(Debug, Default)]
    struct Says {
        refuses: Mutex<Option<StoreError>>,
        puts: Mutex<u32>,
    }

    #[async_trait]
    impl SnapshotStore for Says {
        async fn put(&self, bytes: Arc<[u8]>) -> Result<Digest, StoreError> {
            *self.puts.lock().unwrap() += 1;
            let refuses = self.refuses.lock().unwrap().clone();
            refuses.map_or_else(|| Ok(Digest::of(&bytes)), Err)
        }

        async fn get(&self, _: &Digest) -> Result<Option<Arc<[u8]>>, StoreError> {
            unreachable!("a coordinator only puts")
        }
    }

    fn full() -> StoreError {
        StoreError::Full("no room".to_owned())
    }

    fn store(refuses: Option<StoreError>) -> (Arc<Says>, Offering, RunWorld) {
        let store = Arc::new(Says {
            refuses: Mutex::new(refuses),
            ..Says::default()
        });
        let domain = world::domain(&Plan::default()).unwrap();
        let offering = Offering::to(Some(Arc::clone(&store) as _));
        (store, offering, RunWorld::encoded(&*domain, None).unwrap())
    }

    /// Asks each second whether the store has the world: until it has, or never will have.
    async fn until_settled(
        offering: &mut Offering,
        world: &RunWorld,
    ) -> Result<BTreeSet<JobId>, Untaken> {
        loop {
            sleep(Duration::from_secs(1)).await;
            let arrived = offering.arrived(world)?;
            if !arrived.is_empty() {
                return Ok(arrived);
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn jobs_wait_together_until_a_full_store_has_room() {
        let (store, mut offering, world) = store(Some(full()));
        assert!(offering.wait(FIRST) && offering.wait(SECOND) && offering.wait(FIRST));
        let began = Instant::now();
        let room = PATIENCE - Duration::from_secs(30);
        let emptied = async {
            sleep(room).await;
            *store.refuses.lock().unwrap() = None;
        };
        let ((), arrived) = tokio::join!(emptied, until_settled(&mut offering, &world));
        assert_eq!(arrived.unwrap(), BTreeSet::from([FIRST, SECOND]));
        let (took, puts) = (began.elapsed(), *store.puts.lock().unwrap());
        assert!((room..room + 2 * AGAIN).contains(&took), "{took:?}");
        let most = took.as_secs() / AGAIN.as_secs() + 1;
        assert!(u64::from(puts) <= most, "{puts} offers in {took:?}");
        assert!(offering.arrived(&world).unwrap().is_empty(), "nobody waits");
        assert!(!offering.holds(&FIRST));
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_stays_full_has_an_end_and_one_that_refuses_at_once() {
        let never = || StoreError::Refused("no".to_owned());
        for (error, patience) in [(full(), PATIENCE), (never(), Duration::ZERO)] {
            let (_, mut offering, world) = store(Some(error.clone()));
            offering.wait(FIRST);
            let began = Instant::now();
            let ended = until_settled(&mut offering, &world).await;
            assert!(
                matches!(&ended, Err(Untaken::Refused(said)) if *said == error),
                "{ended:?}"
            );
            let took = began.elapsed();
            assert!((patience..patience + 2 * AGAIN).contains(&took), "{took:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_is_full_from_when_it_says_so() {
        let (store, mut offering, world) = store(Some(StoreError::Unreachable("away".to_owned())));
        offering.wait(FIRST);
        let began = Instant::now();
        let back = async {
            sleep(2 * PATIENCE).await;
            *store.refuses.lock().unwrap() = Some(full());
        };
        let ((), ended) = tokio::join!(back, until_settled(&mut offering, &world));
        assert!(matches!(ended, Err(Untaken::Refused(_))), "{ended:?}");
        let took = began.elapsed();
        assert!(
            (3 * PATIENCE..3 * PATIENCE + 2 * AGAIN).contains(&took),
            "{took:?}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_is_away_is_waited_for_as_long_as_that_takes() {
        let (store, mut offering, world) = store(Some(StoreError::Unreachable("away".to_owned())));
        offering.wait(FIRST);
        let back = async {
            sleep(5 * PATIENCE).await;
            *store.refuses.lock().unwrap() = None;
        };
        let ((), arrived) = tokio::join!(back, until_settled(&mut offering, &world));
        assert_eq!(arrived.unwrap(), BTreeSet::from([FIRST]));
    }

    /// A worker that never finds the world takes one job again and again; each time, this happens before the next.
    async fn missed(
        mut between: impl FnMut(&mut Offering),
    ) -> (Result<BTreeSet<JobId>, Untaken>, Duration, u32) {
        let (store, mut offering, world) = store(None);
        let began = Instant::now();
        loop {
            offering.again(&world);
            offering.wait(FIRST);
            let arrived = until_settled(&mut offering, &world).await;
            let took = began.elapsed();
            if arrived.is_err() || took > 3 * SILENCE {
                return (arrived, took, *store.puts.lock().unwrap());
            }
            between(&mut offering);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_forgets_the_world_at_once_has_an_end_if_nobody_has_it() {
        let (ended, took, puts) = missed(|_| {}).await;
        assert!(
            matches!(ended, Err(Untaken::Forgotten { offers, .. }) if offers == puts),
            "{ended:?} after {puts} offers"
        );
        assert!((SILENCE..SILENCE + 2 * AGAIN).contains(&took), "{took:?}");
        // A job that missed it is given to a worker only after another offer.
        let every = took / (puts - 1);
        assert!(
            (AGAIN..2 * AGAIN).contains(&every),
            "{puts} offers in {took:?}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn one_worker_that_never_finds_it_ends_nothing_while_others_work() {
        for works in [
            |it: &mut Offering| it.done(SECOND),
            Offering::somebody_works,
        ] {
            let mut jobs = 0;
            let (arrived, took, _) = missed(|offering| {
                jobs += 1;
                if jobs % 150 == 0 {
                    works(offering);
                }
            })
            .await;
            assert_eq!(arrived.unwrap(), BTreeSet::from([FIRST]));
            assert!(took > 3 * SILENCE);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_done_elsewhere_does_not_wait() {
        let (_, mut offering, world) = store(Some(full()));
        offering.wait(FIRST);
        offering.wait(SECOND);
        assert!(offering.holds(&FIRST) && offering.holds(&SECOND));
        for done in [FIRST, SECOND] {
            offering.done(done);
            assert!(!offering.holds(&done));
        }
        sleep(2 * SILENCE).await;
        assert!(offering.arrived(&world).unwrap().is_empty(), "nobody waits");
    }

    #[test]
    fn where_no_store_is_looked_into_nobody_waits() {
        assert!(!Offering::to(None).wait(FIRST));
    }
}
