//! The broker of a simulated fleet: the queue in memory, with what it does not model: whose turn it is
//! where a lane serves one at a time, connections that are taken for gone, and old messages that come
//! up again.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use proto::queue::{Delivery, Lane, MemoryQueue, Message, Queue};
use tokio::sync::Notify;

/// Messages of a lane that may come up again.
const REMEMBERED: usize = 64;

/// A delivery that a process believes to have in hand; nothing once the broker took it back.
pub(super) type Slip = Arc<Held>;

type Held = Mutex<Option<Delivery>>;

#[derive(Debug, Default)]
struct State {
    /// Who listens on a lane, in the order in which they came.
    listeners: BTreeMap<Lane, Vec<u64>>,
    passed: BTreeMap<Lane, VecDeque<Message>>,
}

/// See the module documentation.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) queue: MemoryQueue,
    /// Whether lanes of outcomes serve one at a time.
    sole: bool,
    state: Mutex<State>,
    turned: Notify,
}

impl Exchange {
    pub(super) fn new(queue: MemoryQueue, sole: bool) -> Arc<Self> {
        Arc::new(Self {
            queue,
            sole,
            state: Mutex::default(),
            turned: Notify::new(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers a message that was published.
    pub(super) fn remember(&self, lane: Lane, message: &Message) {
        let mut state = self.lock();
        let passed = state.passed.entry(lane).or_default();
        passed.push_front(message.clone());
        passed.truncate(REMEMBERED);
    }

    /// A message that went through a lane, the latest first.
    pub(super) fn passed(&self, lane: Lane, back: usize) -> Option<Message> {
        let state = self.lock();
        let passed = state.passed.get(&lane)?;
        passed.get(back % passed.len().max(1)).cloned()
    }

    /// Publishes a message once more, if there is room at once.
    pub(super) async fn copy(&self, lane: Lane, back: usize) {
        if let Some(message) = self.passed(lane, back)
            && self.queue.counts(lane).ready < self.queue.settings().capacity
        {
            let publishing = self.queue.publish(lane, message);
            let soon = std::time::Duration::from_millis(1);
            // A full lane takes no copy.
            let _ = tokio::time::timeout(soon, publishing).await;
        }
    }

    /// Adds a listener, unless it is there.
    pub(super) fn join(&self, lane: Lane, process: u64) {
        let mut state = self.lock();
        let listeners = state.listeners.entry(lane).or_default();
        if !listeners.contains(&process) {
            listeners.push(process);
        }
    }

    /// Removes a listener from a lane, or from all.
    pub(super) fn part(&self, lane: Option<Lane>, process: u64) {
        let mut state = self.lock();
        for (of, listeners) in &mut state.listeners {
            if lane.is_none_or(|lane| lane == *of) {
                listeners.retain(|other| *other != process);
            }
        }
        drop(state);
        self.turned.notify_waiters();
    }

    /// How many listen.
    pub(super) fn listeners(&self, lane: Lane) -> usize {
        self.lock().listeners.get(&lane).map_or(0, Vec::len)
    }

    /// Waits until a lane serves this listener, or no longer does.
    pub(super) async fn turn(&self, lane: Lane, process: u64, served: bool) {
        loop {
            let mut turned = std::pin::pin!(self.turned.notified());
            turned.as_mut().enable();
            if self.serves(lane, process) == served {
                return;
            }
            turned.await;
        }
    }

    fn serves(&self, lane: Lane, process: u64) -> bool {
        if !self.sole || !matches!(lane, Lane::Outcomes(_)) {
            return true;
        }
        self.lock()
            .listeners
            .get(&lane)
            .is_some_and(|all| all.first() == Some(&process))
    }
}

/// What the broker knows a process by: its number, and what it has in hand.
#[derive(Debug, Clone)]
pub(super) struct Hands {
    process: u64,
    exchange: Arc<Exchange>,
    slips: Arc<Mutex<Vec<Weak<Held>>>>,
}

impl Hands {
    pub(super) fn new(process: u64, exchange: &Arc<Exchange>) -> Self {
        Self {
            process,
            exchange: Arc::clone(exchange),
            slips: Arc::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Weak<Held>>> {
        self.slips.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands a delivery over.
    pub(super) fn give(&self, delivery: Delivery) -> Slip {
        let slip: Slip = Arc::new(Mutex::new(Some(delivery)));
        let mut slips = self.lock();
        slips.retain(|slip| slip.strong_count() > 0);
        slips.push(Arc::downgrade(&slip));
        slip
    }

    /// Takes everything back: the process is taken for gone. It may come again.
    pub(super) fn sever(&self) {
        let slips = std::mem::take(&mut *self.lock());
        self.exchange.part(None, self.process);
        for slip in slips.iter().filter_map(Weak::upgrade) {
            drop(take(&slip));
        }
    }

    /// The process is gone.
    pub(super) fn leave(&self) {
        self.sever();
    }
}

/// Takes the delivery off a slip.
pub(super) fn take(slip: &Slip) -> Option<Delivery> {
    slip.lock().unwrap_or_else(PoisonError::into_inner).take()
}
