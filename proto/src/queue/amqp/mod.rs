//! The queue over RabbitMQ (AMQP 0-9-1): the contract of [`Queue`] on quorum queues.
//!
//! An [`AmqpQueue`] stands for two connections, since the broker stops reading from one that publishes
//! when it runs out of memory or disk, and acknowledgements must still go through: one publishes, one
//! consumes and looks. Both are made again whenever they break, with growing pauses; channels, queues
//! and consumers follow. What a caller sees of that:
//!
//! - [`publish`](Queue::publish) returns when the broker has confirmed. It waits out a lost connection,
//!   a queue that is gone (it is made again) and a full one. A connection that breaks before the
//!   confirm leads to a second publication, so a message may arrive twice (Q1), never not at all. It
//!   fails for good only when the message is too large, a queue exists with other settings, or this
//!   connection is closed.
//! - [`Consumer::next`] goes on after a lost connection, a closed channel and a cancelled consumer.
//! - A delivery whose channel is gone settles as [`QueueError::Lost`]: someone else has it or will.
//!   [`AmqpQueue::counts`] tells how often.
//! - [`connect`](AmqpQueue::connect) itself tries once, so that a wrong password is told at once.
//!
//! `retry` publishes a copy to a queue whose messages expire into the lane (see [`AmqpSettings::rungs`])
//! and `reject` one to the dead queue; each is confirmed before the original is acknowledged. A message
//! that is not ours (no digest as its message id, a header that is no text, a body over the limit) goes
//! to the dead lane with a reason that says so.
//!
//! `publish` needs a few milliseconds for its confirm, and many may be under way at once: speed comes
//! from calling it concurrently. A consumer holds up to its `prefetch` whether or not it is asked for
//! the next delivery, unlike in memory: a program of many slots should have one consumer per lane and
//! hand deliveries to its slots.
//!
//! Nobody should delete the queues of a lane that is listened to: RabbitMQ 3.10 cancels the consumer,
//! which then comes back, but when the queue is made again at once it moves the consumer over in
//! silence and delivers to it nothing more, until its program starts again.
//!
//! A broker writes down within minutes which quorum queues it has. One without peers that is killed
//! sooner comes back with queues that nobody leads and that answer nothing. A queue that gives no answer
//! for half a minute or so is watched. If it goes on so and shows neither message nor consumer in any of
//! many looks (see [`AmqpSettings::unled_after`]) it is deleted and made again; what it held is gone, and
//! comes again as everything does that a broker loses. The queue of a dead lane is left alone, since
//! nothing brings its letters back: one that nobody leads is for an operator to delete.
//!
//! # The broker
//!
//! RabbitMQ 3.10 or later; the user needs configure, write and read on `PREFIX` + `t2t.*`. A delivery that is
//! held for longer than the broker's `consumer_timeout` (half an hour unless `rabbitmq.conf` says otherwise) is
//! taken away with all others of its channel, which shows as [`QueueError::Lost`] and a repeat. Workers hand
//! back before it. The time counts from the hand-over, so a prefetch should be no larger than what is soon begun.
//!
//! RabbitMQ 4 differs, and the queues are declared so that it makes no difference here: its delivery
//! limit is 20 by default, so ours is always given; transient queues are refused, and ours are
//! durable; a message may have 16 MiB, which is our default limit. From 4.3 the consumer timeout
//! cancels the consumer instead of closing its channel, which the consumer survives alike, and a
//! delivery that is dropped (`basic.nack`) no longer counts against the delivery limit, while a lost
//! connection still does.

pub mod bare;

mod acks;
mod consume;
mod core;
mod dead;
mod declare;
mod link;
mod observer;
mod parcel;
mod publish;
mod settings;
mod unled;

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;

use async_trait::async_trait;

use super::{Consumer, DeadLetter, Lane, Message, Queue, QueueError, Wanted};
use consume::AmqpConsumer;
use core::Core;
use dead::Fate;
use declare::look;
use link::answered;

pub use core::AmqpCounts;
pub use observer::Observer;
pub use settings::AmqpSettings;

/// A connection to RabbitMQ; see the module documentation.
pub struct AmqpQueue {
    core: Arc<Core>,
    place: String,
}

impl AmqpQueue {
    /// Connects, or says at once why not.
    ///
    /// # Errors
    /// [`QueueError::Refused`] for settings that make no sense and a user or vhost that the broker
    /// doesn't know, [`QueueError::Unreachable`] when nobody answers.
    pub async fn connect(settings: &AmqpSettings) -> Result<Self, QueueError> {
        Ok(Self {
            core: Arc::new(Core::connect(settings).await?),
            place: settings.place(),
        })
    }

    /// What happened on this connection so far, for metrics.
    pub fn counts(&self) -> AmqpCounts {
        self.core.counters.read()
    }

    /// Tells an observer what happens from now on; only the first one hears.
    pub fn observe(&self, observer: Arc<dyn Observer>) {
        self.core.observed.by(observer);
    }

    /// Whether messages come and go, as far as is known without asking the broker.
    pub fn connected(&self) -> bool {
        self.core.connected()
    }

    fn open(&self, lane: Lane) -> Result<(), QueueError> {
        if self.core.is_closed() {
            return Err(QueueError::Closed(lane));
        }
        Ok(())
    }

    /// Carries something out unless or until this connection is closed.
    async fn while_open<T>(
        &self,
        lane: Lane,
        work: impl Future<Output = Result<T, QueueError>>,
    ) -> Result<T, QueueError> {
        self.open(lane)?;
        tokio::select! {
            done = work => done,
            () = self.core.closing() => Err(QueueError::Closed(lane)),
        }
    }

    async fn look(&self, lane: Lane) -> Result<Option<lapin::Queue>, QueueError> {
        self.look_at(lane, &self.core.layout.main(lane)).await
    }

    /// One queue of a lane, if there is such.
    async fn look_at(&self, lane: Lane, queue: &str) -> Result<Option<lapin::Queue>, QueueError> {
        let looking = async {
            let channel = self.core.consuming().await?;
            answered(look(&channel, queue)).await
        };
        self.while_open(lane, looking).await
    }
}

impl fmt::Debug for AmqpQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AmqpQueue")
            .field("broker", &self.place)
            .field("counts", &self.counts())
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Queue for AmqpQueue {
    async fn publish(&self, lane: Lane, message: Message) -> Result<(), QueueError> {
        self.core.fits(lane, &message)?;
        self.while_open(lane, self.core.publish(lane, &message))
            .await
    }

    async fn subscribe(
        &self,
        lane: Lane,
        prefetch: NonZeroUsize,
    ) -> Result<Box<dyn Consumer>, QueueError> {
        self.open(lane)?;
        let consumer = AmqpConsumer::subscribe(Arc::clone(&self.core), lane, prefetch).await?;
        Ok(Box::new(consumer))
    }

    async fn ready(&self, lane: Lane) -> Result<u64, QueueError> {
        let queue = self.look(lane).await?;
        Ok(queue.map_or(0, |queue| u64::from(queue.message_count())))
    }

    async fn delayed(&self, lane: Lane) -> Result<u64, QueueError> {
        let mut delayed = 0;
        for rung in self.core.layout.rungs(lane) {
            let queue = self.look_at(lane, &rung).await?;
            delayed += queue.map_or(0, |queue| u64::from(queue.message_count()));
        }
        Ok(delayed)
    }

    async fn buried(&self, lane: Lane) -> Result<u64, QueueError> {
        let dead = self.core.layout.dead(lane);
        let queue = self.look_at(lane, &dead).await?;
        Ok(queue.map_or(0, |queue| u64::from(queue.message_count())))
    }

    async fn dead(
        &self,
        lane: Lane,
        limit: usize,
        wanted: &Wanted<'_>,
    ) -> Result<Vec<DeadLetter>, QueueError> {
        self.while_open(lane, dead::list(&self.core, lane, limit, wanted))
            .await
    }

    async fn revive(
        &self,
        lane: Lane,
        limit: usize,
        wanted: &Wanted<'_>,
    ) -> Result<Vec<DeadLetter>, QueueError> {
        self.open(lane)?;
        dead::take(&self.core, lane, limit, wanted, Fate::Revived).await
    }

    async fn discard(
        &self,
        lane: Lane,
        limit: usize,
        wanted: &Wanted<'_>,
    ) -> Result<Vec<DeadLetter>, QueueError> {
        self.while_open(
            lane,
            dead::take(&self.core, lane, limit, wanted, Fate::Discarded),
        )
        .await
    }

    async fn consumers(&self, lane: Lane) -> Result<u32, QueueError> {
        Ok(self
            .look(lane)
            .await?
            .map_or(0, |queue| queue.consumer_count()))
    }

    async fn delete(&self, lane: Lane) -> Result<(), QueueError> {
        let deleting = async {
            let channel = self.core.consuming().await?;
            answered(self.core.layout.delete(&channel, lane)).await
        };
        self.while_open(lane, deleting).await
    }

    async fn close(&self) {
        self.core.close().await;
    }
}
