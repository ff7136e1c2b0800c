//! The queue within one process: bounded, and as harsh as a broker when told to be.
//!
//! A [`MemoryQueue`] is a connection; [`MemoryQueue::connect`] makes another one to the same lanes.
//! Each lane is a deque under a mutex that is never held across an await; room is a semaphore whose
//! permits are taken by `publish` and given back when a message is acknowledged or dead, so a lane
//! never holds more than its capacity, whatever is redelivered or delayed.
//!
//! With [`Faults`] it reorders, duplicates and loses acknowledgements, drawn from a seed.

mod shelf;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit, watch};
use tokio::time::{Instant, sleep_until};

use super::{
    Consumer, DeadLetter, Delivery, Lane, Message, Queue, QueueError, Settle, Settlement, Wanted,
};
use crate::seed::Seed;
use shelf::{Found, Item, LaneShelf, Listener};

/// Bounds and faults of a [`MemoryQueue`].
#[derive(Debug, Clone, PartialEq)]
pub struct MemorySettings {
    /// Most messages a lane holds: waiting, delayed and unsettled together.
    pub capacity: usize,
    /// Most messages a dead lane keeps; a rejection beyond it fails.
    pub dead_capacity: usize,
    /// A message that was redelivered this often goes to the dead lane instead of once more.
    pub delivery_limit: u32,
    /// Misbehaviour for tests; none by default.
    pub faults: Option<Faults>,
}

impl Default for MemorySettings {
    fn default() -> Self {
        Self {
            capacity: 4096,
            dead_capacity: 65_536,
            delivery_limit: 100,
            faults: None,
        }
    }
}

/// What goes wrong, as probabilities per event.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Faults {
    /// Where the draws come from.
    pub seed: Seed,
    /// A delivery is taken from behind the front.
    pub reorder: f64,
    /// A message is delivered twice.
    pub duplicate: f64,
    /// A settlement fails with [`QueueError::Lost`] and the message is delivered again.
    pub lose: f64,
}

/// A connection to lanes in memory; see the module documentation.
#[derive(Debug)]
pub struct MemoryQueue {
    broker: Arc<Broker>,
    closed: Arc<watch::Sender<bool>>,
}

/// What a lane holds at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Waiting to be delivered.
    pub ready: usize,
    /// Waiting for their time.
    pub delayed: usize,
    /// Delivered and not settled.
    pub unsettled: usize,
    /// In the dead lane.
    pub dead: usize,
}

#[derive(Debug)]
struct Broker {
    settings: MemorySettings,
    /// Made at first use, as on a broker; an instance more costs a few hundred bytes.
    lanes: Mutex<BTreeMap<Lane, Arc<LaneShelf>>>,
}

impl MemoryQueue {
    /// A connection to new, empty lanes.
    pub fn new(settings: MemorySettings) -> Self {
        let lanes = Mutex::default();
        Self::of(Arc::new(Broker { settings, lanes }))
    }

    /// Another connection to the same lanes.
    #[must_use]
    pub fn connect(&self) -> Self {
        Self::of(Arc::clone(&self.broker))
    }

    /// The bounds in force.
    pub fn settings(&self) -> &MemorySettings {
        &self.broker.settings
    }

    /// What a lane holds now.
    pub fn counts(&self, lane: Lane) -> Counts {
        self.lane(lane).counts()
    }

    fn of(broker: Arc<Broker>) -> Self {
        Self {
            broker,
            closed: Arc::new(watch::Sender::new(false)),
        }
    }

    fn lane(&self, lane: Lane) -> Arc<LaneShelf> {
        let mut lanes = self
            .broker
            .lanes
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let settings = &self.broker.settings;
        let place = lanes
            .entry(lane)
            .or_insert_with(|| Arc::new(LaneShelf::new(lane, settings)));
        Arc::clone(place)
    }

    fn open(&self, lane: Lane) -> Result<Arc<LaneShelf>, QueueError> {
        if *self.closed.borrow() {
            return Err(QueueError::Closed(lane));
        }
        Ok(self.lane(lane))
    }

    /// Waits for room on a lane, or for the end of the connection.
    async fn room<'a>(&self, place: &'a LaneShelf) -> Result<SemaphorePermit<'a>, QueueError> {
        if let Ok(permit) = place.room.try_acquire() {
            return Ok(permit);
        }
        let mut closed = self.closed.subscribe();
        let over = || QueueError::Closed(place.lane);
        tokio::select! {
            biased;
            permit = place.room.acquire() => permit.map_err(|_| over()),
            _ = closed.wait_for(|closed| *closed) => Err(over()),
        }
    }
}

impl Default for MemoryQueue {
    fn default() -> Self {
        Self::new(MemorySettings::default())
    }
}

#[async_trait]
impl Queue for MemoryQueue {
    async fn publish(&self, lane: Lane, message: Message) -> Result<(), QueueError> {
        let place = self.open(lane)?;
        let permit = self.room(&place).await?;
        permit.forget();
        place.push(Item {
            message: Arc::new(message),
            redeliveries: 0,
            counted: true,
        });
        Ok(())
    }

    async fn subscribe(
        &self,
        lane: Lane,
        prefetch: NonZeroUsize,
    ) -> Result<Box<dyn Consumer>, QueueError> {
        let place = self.open(lane)?;
        let hands = Arc::new(Semaphore::new(prefetch.get()));
        let closed = self.closed.subscribe();
        Ok(Box::new(MemoryConsumer {
            _listener: place.listen(closed.clone()),
            place,
            hands,
            closed,
            _connection: Arc::clone(&self.closed),
        }))
    }

    async fn ready(&self, lane: Lane) -> Result<u64, QueueError> {
        Ok(self.open(lane)?.counts().ready as u64)
    }

    async fn delayed(&self, lane: Lane) -> Result<u64, QueueError> {
        Ok(self.open(lane)?.counts().delayed as u64)
    }

    async fn buried(&self, lane: Lane) -> Result<u64, QueueError> {
        Ok(self.open(lane)?.counts().dead as u64)
    }

    async fn dead(
        &self,
        lane: Lane,
        limit: usize,
        wanted: &Wanted<'_>,
    ) -> Result<Vec<DeadLetter>, QueueError> {
        Ok(self.open(lane)?.dead(limit, wanted))
    }

    async fn revive(
        &self,
        lane: Lane,
        limit: usize,
        wanted: &Wanted<'_>,
    ) -> Result<Vec<DeadLetter>, QueueError> {
        let place = self.open(lane)?;
        let mut revived = Vec::new();
        for letter in place.dead(usize::MAX, wanted) {
            if revived.len() == limit {
                break;
            }
            let permit = self.room(&place).await?;
            if place.revive(&letter) {
                permit.forget();
                revived.push(letter);
            }
        }
        Ok(revived)
    }

    async fn discard(
        &self,
        lane: Lane,
        limit: usize,
        wanted: &Wanted<'_>,
    ) -> Result<Vec<DeadLetter>, QueueError> {
        Ok(self.open(lane)?.discard(limit, wanted))
    }

    async fn consumers(&self, lane: Lane) -> Result<u32, QueueError> {
        Ok(self.open(lane)?.listeners())
    }

    async fn delete(&self, lane: Lane) -> Result<(), QueueError> {
        self.open(lane)?.clear();
        Ok(())
    }

    async fn close(&self) {
        self.closed.send_replace(true);
    }
}

struct MemoryConsumer {
    place: Arc<LaneShelf>,
    hands: Arc<Semaphore>,
    closed: watch::Receiver<bool>,
    _listener: Arc<Listener>,
    /// A consumer keeps its connection: dropping the handle is not closing.
    _connection: Arc<watch::Sender<bool>>,
}

#[async_trait]
impl Consumer for MemoryConsumer {
    async fn next(&mut self) -> Result<Option<Delivery>, QueueError> {
        if *self.closed.borrow() {
            return Ok(None);
        }
        let (place, hands, closed) = (&self.place, &self.hands, &mut self.closed);
        tokio::select! {
            biased;
            delivery = take_next(place, hands) => Ok(Some(delivery)),
            _ = closed.wait_for(|closed| *closed) => Ok(None),
        }
    }

    fn ahead(&self) -> Option<Duration> {
        None
    }
}

/// Waits for a free hand, then for a message. Holds no message across an await, so it may be dropped.
async fn take_next(place: &Arc<LaneShelf>, hands: &Arc<Semaphore>) -> Delivery {
    let hand = Arc::clone(hands)
        .acquire_owned()
        .await
        .expect("the semaphore is never closed");
    loop {
        // Registered before looking, so that an arrival in between is not missed.
        let mut arrival = pin!(place.arrived.notified());
        arrival.as_mut().enable();
        match place.take() {
            Found::Item(item) => {
                let (message, redeliveries) = (Arc::clone(&item.message), item.redeliveries);
                let token = Token {
                    place: Arc::clone(place),
                    item: Some(item),
                    _hand: hand,
                };
                return Delivery::new(message, place.lane, redeliveries, Box::new(token));
            }
            Found::Nothing { next_due: None } => arrival.await,
            Found::Nothing {
                next_due: Some(due),
            } => tokio::select! {
                biased;
                () = arrival => {}
                () = sleep_until(due) => {}
            },
        }
    }
}

struct Token {
    place: Arc<LaneShelf>,
    /// None once settled.
    item: Option<Item>,
    _hand: OwnedSemaphorePermit,
}

#[async_trait]
impl Settle for Token {
    async fn settle(&mut self, message: &Arc<Message>, how: Settlement) -> Result<(), QueueError> {
        let lost = QueueError::Lost(self.place.lane);
        let Some(item) = self.item.take() else {
            return Err(lost);
        };
        if self.place.loses() {
            self.place.redeliver(item);
            return Err(lost);
        }
        match how {
            Settlement::Ack => self.place.finish(item.counted),
            Settlement::Reject { reason } => {
                if let Err(error) = self.place.bury(message, reason, item.counted) {
                    self.item = Some(item);
                    return Err(error);
                }
            }
            Settlement::Retry { after } => {
                let item = Item {
                    message: Arc::clone(message),
                    redeliveries: 0,
                    counted: item.counted,
                };
                self.place.delay(item, Instant::now() + after);
            }
        }
        Ok(())
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        if let Some(item) = self.item.take() {
            self.place.redeliver(item);
        }
    }
}
