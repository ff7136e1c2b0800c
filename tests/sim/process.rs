//! A simulated process: it lives, stands still, or is dead, and counts the seams it crosses.
//!
//! Whatever a process does to the world outside it does at a seam, and each seam is crossed twice:
//! before the deed, and after it, before the process learns of it. So a death or a pause can come
//! between any two of its deeds, and nothing is done by a process that is dead or stands still.

use std::collections::VecDeque;
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker, ready};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::case::{Ending, Fate};
use super::exchange::Hands;

/// How long the broker waits for a sign of life.
pub(super) const HEARTBEAT: Duration = Duration::from_secs(10);

/// How a process stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Lives,
    Still(Instant),
    Dead,
}

/// What is to befall a process at a crossing.
#[derive(Debug, Clone, Copy)]
enum Blow {
    Crash,
    Freeze(Duration),
}

#[derive(Debug, Default)]
struct State {
    crossings: u64,
    blows: Vec<(u64, Blow)>,
    thaw: Option<Instant>,
    dead: bool,
    publishes: VecDeque<Fate>,
    settles: VecDeque<Fate>,
    endings: VecDeque<Ending>,
    waker: Option<Waker>,
}

/// A process; see the module documentation.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) number: u64,
    pub(super) hands: Hands,
    state: Mutex<State>,
}

impl Process {
    pub(super) fn new(number: u64, hands: Hands) -> Arc<Self> {
        Arc::new(Self {
            number,
            hands,
            state: Mutex::default(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn standing(&self) -> Standing {
        let state = self.lock();
        match state.thaw {
            _ if state.dead => Standing::Dead,
            Some(thaw) if thaw > Instant::now() => Standing::Still(thaw),
            _ => Standing::Lives,
        }
    }

    /// Dies at the n-th crossing from now.
    pub(super) fn crash_after(&self, crossings: u32) {
        self.after(crossings, Blow::Crash);
    }

    /// Stands still from the n-th crossing on.
    pub(super) fn freeze_after(&self, crossings: u32, how_long: Duration) {
        self.after(crossings, Blow::Freeze(how_long));
    }

    fn after(&self, crossings: u32, blow: Blow) {
        let mut state = self.lock();
        let at = state.crossings + u64::from(crossings);
        state.blows.push((at, blow));
    }

    /// Dies.
    pub(super) fn die(&self) {
        let mut state = self.lock();
        state.dead = true;
        if let Some(waker) = state.waker.take() {
            waker.wake();
        }
    }

    pub(super) fn foretell_publish(&self, fate: Fate) {
        self.lock().publishes.push_back(fate);
    }

    pub(super) fn foretell_settle(&self, fate: Fate) {
        self.lock().settles.push_back(fate);
    }

    pub(super) fn foretell_ending(&self, ending: Ending) {
        self.lock().endings.push_back(ending);
    }

    pub(super) fn publish_fate(&self) -> Fate {
        self.lock().publishes.pop_front().unwrap_or(Fate::FAIR)
    }

    pub(super) fn settle_fate(&self) -> Fate {
        self.lock().settles.pop_front().unwrap_or(Fate::FAIR)
    }

    pub(super) fn ending(&self) -> Option<Ending> {
        self.lock().endings.pop_front()
    }

    /// Crosses a seam: comes back once the process lives and does not stand still, or never.
    pub(super) async fn cross(&self) {
        self.count();
        loop {
            match self.standing() {
                Standing::Lives => return,
                Standing::Still(thaw) => sleep_until(thaw).await,
                Standing::Dead => pending().await,
            }
        }
    }

    /// Counts a crossing, and lets fall what is to fall there.
    pub(super) fn count(&self) {
        let mut state = self.lock();
        let now = state.crossings;
        state.crossings += 1;
        let Some(place) = state.blows.iter().position(|(at, _)| *at <= now) else {
            return;
        };
        match state.blows.remove(place).1 {
            Blow::Crash => {
                drop(state);
                self.die();
            }
            Blow::Freeze(how_long) => {
                state.thaw = Some(Instant::now() + how_long);
                if let Some(waker) = state.waker.take() {
                    waker.wake();
                }
                drop(state);
                if how_long > HEARTBEAT {
                    let hands = self.hands.clone();
                    tokio::spawn(async move {
                        tokio::time::sleep(HEARTBEAT).await;
                        hands.sever();
                    });
                }
            }
        }
    }

    /// How often it crossed a seam.
    pub(super) fn crossings(&self) -> u64 {
        self.lock().crossings
    }

    fn watch(&self, waker: &Waker) {
        self.lock().waker = Some(waker.clone());
    }
}

/// What a process does, as long as it lives; nothing when it died. While it stands still it is not
/// polled; dead, it is dropped where it stands.
pub(super) async fn lifetime<T>(process: &Process, work: impl Future<Output = T>) -> Option<T> {
    let mut work = Box::pin(work);
    let mut pause = pin!(sleep_until(Instant::now()));
    let lived = poll_fn(|context| {
        loop {
            process.watch(context.waker());
            match process.standing() {
                Standing::Dead => return Poll::Ready(None),
                Standing::Still(thaw) => {
                    pause.as_mut().reset(thaw);
                    ready!(pause.as_mut().poll(context));
                }
                Standing::Lives => {
                    let polled = work.as_mut().poll(context);
                    match (process.standing(), polled) {
                        (Standing::Lives, Poll::Pending) => return Poll::Pending,
                        // What it returned on its last breath, nobody hears.
                        (Standing::Lives | Standing::Still(_), Poll::Ready(done)) => {
                            return Poll::Ready(Some(done));
                        }
                        (Standing::Dead | Standing::Still(_), _) => {}
                    }
                }
            }
        }
    })
    .await;
    drop(work);
    process.hands.leave();
    lived
}
