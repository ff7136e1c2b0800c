//! Jobs that a fleet has lost: a broker came back empty, or somebody deleted its queues.
//!
//! A job that is asked for waits in its lane, waits for its time after a retry, or is in some worker's hand;
//! an outcome of it waits to be heard. When nothing has stirred for a while the fleet is looked at. If none of
//! this is so, twice in a row with nothing heard between, nobody will ever answer: the jobs are published
//! again, but for those that lie in a dead lane: the queue itself gave them up, or no worker could read them. The board tells who has work in hand, since a broker does
//! not tell over AMQP what is unacknowledged.
//!
//! A wrong guess is harmless, since the derived id absorbs a second answer: a worker that was paused for
//! longer than its note lives is one. Where other runs keep the fleet busy no look finds it empty, and
//! [`Options::patience`](super::Options::patience) does.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use proto::job::Stage;
use proto::queue::{Queue, QueueError};
use proto::store::Board;
use proto::topology::Lane;
use tokio::task::JoinSet;
use tokio::time::Instant;
use worker::serve::{BEAT, all_idle};

use super::undeliverable::{Dead, Publisher};

/// How long nothing stirs before the fleet is looked at, and the pause between two looks: each finds another
/// note of every worker that lives.
pub const CALM: Duration = Duration::from_secs(3 * BEAT.as_secs());
/// Looks in a row that must find nothing.
const LOOKS: u32 = 2;

/// Looks at a fleet in which nothing stirs.
#[derive(Debug)]
pub(super) struct Reconciler {
    fleet: Fleet,
    /// Without it nothing is known of who is at work, and nothing is looked at.
    board: Option<Arc<dyn Board>>,
    /// When something was published or heard, or the fleet was looked at.
    last: Instant,
    /// Looks in a row that found nothing.
    empty: u32,
    under_way: JoinSet<Option<Dead>>,
}

#[derive(Debug, Clone)]
struct Fleet {
    queue: Arc<dyn Queue>,
    us: Publisher,
}

impl Reconciler {
    pub(super) fn new(queue: Arc<dyn Queue>, us: Publisher, board: Option<Arc<dyn Board>>) -> Self {
        Self {
            fleet: Fleet { queue, us },
            board,
            last: Instant::now(),
            empty: 0,
            under_way: JoinSet::new(),
        }
    }

    /// Something was published or heard: what was found before says nothing any more.
    pub(super) fn stirred(&mut self) {
        self.last = Instant::now();
        self.empty = 0;
        if !self.under_way.is_empty() {
            self.under_way = JoinSet::new();
        }
    }

    /// Begins to look, if it is time: into the lanes of the stages of open jobs.
    pub(super) fn look(&mut self, now: Instant, open: impl Iterator<Item = Stage>) {
        let Some(board) = &self.board else { return };
        if now.duration_since(self.last) < CALM || !self.under_way.is_empty() {
            return;
        }
        let lanes: BTreeSet<Lane> = open.map(Lane::of).collect();
        if lanes.is_empty() {
            return;
        }
        self.last = now;
        let (fleet, board) = (self.fleet.clone(), Arc::clone(board));
        self.under_way
            .spawn(async move { fleet.nothing_but_the_dead(lanes, &*board).await });
    }

    /// Comes back when a fleet has lost every job that it was asked for, but for those in dead lanes.
    /// Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> Dead {
        loop {
            match self.under_way.join_next().await {
                Some(Ok(None)) => self.empty = 0,
                Some(Ok(Some(dead))) => {
                    self.empty += 1;
                    if self.empty == LOOKS {
                        self.empty = 0;
                        return dead;
                    }
                }
                Some(Err(failed)) => std::panic::resume_unwind(failed.into_panic()),
                None => std::future::pending().await,
            }
        }
    }
}

impl Fleet {
    /// What lies in dead lanes, if there is nothing else of ours; nothing where that is so or not known.
    async fn nothing_but_the_dead(&self, lanes: BTreeSet<Lane>, board: &dyn Board) -> Option<Dead> {
        let idle = all_idle(board)
            .await
            .inspect_err(|error| tracing::debug!(%error, "the board does not tell who is at work"));
        if !idle.unwrap_or(false) {
            return None;
        }
        let outcomes = Lane::Outcomes(self.us.instance);
        for lane in lanes.iter().copied().chain([outcomes]) {
            if !self.is_empty(lane).await {
                return None;
            }
        }
        let mut all = Dead::default();
        for lane in lanes {
            let dead = Dead::of(&*self.queue, lane, self.us).await;
            all.given_up.extend(dead.given_up);
            all.put_aside.extend(dead.put_aside);
        }
        Some(all)
    }

    async fn is_empty(&self, lane: Lane) -> bool {
        self.waiting(lane)
            .await
            .inspect_err(
                |error| tracing::debug!(%error, %lane, "the broker does not tell what waits"),
            )
            .is_ok_and(|waiting| waiting == 0)
    }

    async fn waiting(&self, lane: Lane) -> Result<u64, QueueError> {
        // In the order in which messages go, so that none slips past.
        Ok(self.queue.delayed(lane).await? + self.queue.ready(lane).await?)
    }
}
