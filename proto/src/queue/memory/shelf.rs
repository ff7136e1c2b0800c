//! What a lane holds: the deque, the delayed and the dead, and the room that bounds them.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::Instant;

use super::super::{DeadLetter, Lane, Message, QueueError, UNDELIVERABLE, Wanted};
use super::{Counts, Faults, MemorySettings};
use crate::seed::Rng;

/// How far from the front a reordering may reach, messages.
const REORDER_REACH: usize = 64;

#[derive(Debug)]
pub(super) struct LaneShelf {
    pub(super) lane: Lane,
    capacity: usize,
    dead_capacity: usize,
    delivery_limit: u32,
    faults: Option<Faults>,
    shelf: Mutex<Shelf>,
    pub(super) room: Semaphore,
    pub(super) arrived: Notify,
}

#[derive(Debug)]
struct Shelf {
    ready: VecDeque<Item>,
    delayed: BinaryHeap<Reverse<Delayed>>,
    delays: u64,
    dead: VecDeque<DeadLetter>,
    unsettled: usize,
    listeners: Vec<Weak<Listener>>,
    rng: Option<Rng>,
}

/// A subscription: it counts while it is held and its connection is open.
#[derive(Debug)]
pub(super) struct Listener {
    closed: watch::Receiver<bool>,
}

#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) message: Arc<Message>,
    pub(super) redeliveries: u32,
    /// Whether it stands for a permit of `room`; the second copy of a duplicate does not.
    pub(super) counted: bool,
}

#[derive(Debug)]
struct Delayed {
    due: Instant,
    turn: u64,
    item: Item,
}

impl PartialEq for Delayed {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Delayed {}

impl PartialOrd for Delayed {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Delayed {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.due, self.turn).cmp(&(other.due, other.turn))
    }
}

/// What a look at the shelf found.
pub(super) enum Found {
    Item(Item),
    Nothing { next_due: Option<Instant> },
}

impl LaneShelf {
    pub(super) fn new(lane: Lane, settings: &MemorySettings) -> Self {
        let faults = settings.faults;
        let rng = faults.map(|faults| faults.seed.child(&lane.queue(), 0).rng());
        Self {
            lane,
            capacity: settings.capacity,
            dead_capacity: settings.dead_capacity,
            delivery_limit: settings.delivery_limit,
            faults,
            shelf: Mutex::new(Shelf {
                ready: VecDeque::new(),
                delayed: BinaryHeap::new(),
                delays: 0,
                dead: VecDeque::new(),
                unsettled: 0,
                listeners: Vec::new(),
                rng,
            }),
            room: Semaphore::new(settings.capacity.clamp(1, Semaphore::MAX_PERMITS)),
            arrived: Notify::new(),
        }
    }

    /// The shelf; every change under the lock is a single step, so a panic elsewhere leaves it whole.
    fn lock(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is here now.
    pub(super) fn counts(&self) -> Counts {
        let shelf = self.lock();
        Counts {
            ready: shelf.ready.len(),
            delayed: shelf.delayed.len(),
            unsettled: shelf.unsettled,
            dead: shelf.dead.len(),
        }
    }

    /// The oldest dead letters that are wanted.
    pub(super) fn dead(&self, limit: usize, wanted: &Wanted<'_>) -> Vec<DeadLetter> {
        let shelf = self.lock();
        let chosen = shelf.dead.iter().filter(|letter| wanted(letter));
        chosen.take(limit).cloned().collect()
    }

    /// Moves a dead letter back to what waits, room having been taken for it; false if
    /// it is no longer there.
    pub(super) fn revive(&self, letter: &DeadLetter) -> bool {
        let mut shelf = self.lock();
        let same = |dead: &DeadLetter| Arc::ptr_eq(&dead.message, &letter.message);
        let Some(place) = shelf.dead.iter().position(same) else {
            return false;
        };
        shelf.dead.remove(place);
        shelf.ready.push_back(Item {
            message: Arc::clone(&letter.message),
            redeliveries: 0,
            counted: true,
        });
        drop(shelf);
        self.arrived.notify_one();
        true
    }

    /// Removes dead letters that are wanted, the oldest first.
    pub(super) fn discard(&self, limit: usize, wanted: &Wanted<'_>) -> Vec<DeadLetter> {
        let mut removed = Vec::new();
        self.lock().dead.retain(|letter| {
            let goes = removed.len() < limit && wanted(letter);
            if goes {
                removed.push(letter.clone());
            }
            !goes
        });
        removed
    }

    /// Forgets everything that is not in hand.
    pub(super) fn clear(&self) {
        let mut shelf = self.lock();
        let ready = std::mem::take(&mut shelf.ready);
        let delayed = std::mem::take(&mut shelf.delayed);
        shelf.dead.clear();
        drop(shelf);
        let delayed = delayed.into_iter().map(|Reverse(delayed)| delayed.item);
        for item in ready.into_iter().chain(delayed) {
            self.release(item.counted);
        }
    }

    /// Adds a subscription of the connection that tells its end by `closed`.
    pub(super) fn listen(&self, closed: watch::Receiver<bool>) -> Arc<Listener> {
        let listener = Arc::new(Listener { closed });
        let mut shelf = self.lock();
        shelf.listeners.retain(|other| other.strong_count() > 0);
        shelf.listeners.push(Arc::downgrade(&listener));
        listener
    }

    /// How many subscriptions there are now.
    pub(super) fn listeners(&self) -> u32 {
        let mut shelf = self.lock();
        shelf.listeners.retain(|listener| {
            listener
                .upgrade()
                .is_some_and(|listener| !*listener.closed.borrow())
        });
        u32::try_from(shelf.listeners.len()).unwrap_or(u32::MAX)
    }

    /// Adds a message for which room was taken.
    pub(super) fn push(&self, item: Item) {
        self.lock().ready.push_back(item);
        self.arrived.notify_one();
    }

    /// A delivery ended for good.
    pub(super) fn finish(&self, counted: bool) {
        self.lock().unsettled -= 1;
        self.release(counted);
    }

    /// Puts a message back in front, as a broker does, or into the dead lane past the limit.
    pub(super) fn redeliver(&self, mut item: Item) {
        item.redeliveries += 1;
        let mut shelf = self.lock();
        shelf.unsettled -= 1;
        if item.redeliveries > self.delivery_limit && shelf.dead.len() < self.dead_capacity {
            shelf.dead.push_back(DeadLetter {
                message: item.message,
                reason: UNDELIVERABLE.to_owned(),
            });
            drop(shelf);
            self.release(item.counted);
        } else {
            shelf.ready.push_front(item);
            drop(shelf);
            self.arrived.notify_one();
        }
    }

    fn release(&self, counted: bool) {
        if counted {
            self.room.add_permits(1);
        }
    }

    /// Puts a message back for later.
    pub(super) fn delay(&self, item: Item, due: Instant) {
        let mut shelf = self.lock();
        shelf.unsettled -= 1;
        shelf.delays += 1;
        let turn = shelf.delays;
        shelf.delayed.push(Reverse(Delayed { due, turn, item }));
        drop(shelf);
        // All of them, since each sleeps until the earliest time it knew of.
        self.arrived.notify_waiters();
    }

    /// Moves a message to the dead lane, if that has room.
    pub(super) fn bury(
        &self,
        message: &Arc<Message>,
        reason: String,
        counted: bool,
    ) -> Result<(), QueueError> {
        let mut shelf = self.lock();
        if shelf.dead.len() >= self.dead_capacity {
            return Err(QueueError::Full {
                lane: self.lane,
                capacity: self.dead_capacity,
            });
        }
        shelf.dead.push_back(DeadLetter {
            message: Arc::clone(message),
            reason,
        });
        shelf.unsettled -= 1;
        drop(shelf);
        self.release(counted);
        Ok(())
    }

    /// Takes a message, or says when to look again.
    pub(super) fn take(&self) -> Found {
        let mut shelf = self.lock();
        if !shelf.delayed.is_empty() {
            shelf.release_due(Instant::now());
        }
        let Some(item) = shelf.pop(self.faults.as_ref(), self.capacity) else {
            let next_due = shelf.delayed.peek().map(|Reverse(delayed)| delayed.due);
            return Found::Nothing { next_due };
        };
        shelf.unsettled += 1;
        let more = !shelf.ready.is_empty();
        drop(shelf);
        if more {
            // Passes the wake-up on: several messages may have come due or been copied at once.
            self.arrived.notify_one();
        }
        Found::Item(item)
    }

    /// Draws whether a settlement is lost.
    pub(super) fn loses(&self) -> bool {
        let Some(faults) = &self.faults else {
            return false;
        };
        self.lock()
            .rng
            .as_mut()
            .is_some_and(|rng| rng.chance(faults.lose))
    }
}

impl Shelf {
    fn release_due(&mut self, now: Instant) {
        while let Some(Reverse(first)) = self.delayed.peek() {
            if first.due > now {
                break;
            }
            if let Some(Reverse(first)) = self.delayed.pop() {
                self.ready.push_back(first.item);
            }
        }
    }

    fn pop(&mut self, faults: Option<&Faults>, capacity: usize) -> Option<Item> {
        let (Some(faults), Some(rng)) = (faults, self.rng.as_mut()) else {
            return self.ready.pop_front();
        };
        let reach = self.ready.len().min(REORDER_REACH);
        let place = if reach > 1 && rng.chance(faults.reorder) {
            rng.below(reach)
        } else {
            0
        };
        let item = self.ready.swap_remove_front(place)?;
        // A copy has no room of its own and is not copied again, so copies are bounded by capacity.
        if item.counted && self.ready.len() < 2 * capacity && rng.chance(faults.duplicate) {
            self.ready.push_back(Item {
                counted: false,
                ..item.clone()
            });
        }
        Some(item)
    }
}
