//! The seam that carries jobs and outcomes. At least once, bounded, settled by value.
//!
//! The contract, cited by number in tests and comments:
//!
//! - **Q1** A published message is delivered at least once. Order is not promised.
//! - **Q2** A [`Delivery`] is settled by value: [`ack`](Delivery::ack), [`retry`](Delivery::retry) or
//!   [`reject`](Delivery::reject). When that fails the delivery comes back in [`Unsettled`].
//! - **Q3** A delivery that is dropped unsettled is delivered again, with a higher
//!   [`redeliveries`](Delivery::redeliveries); past the delivery limit it goes to the dead lane.
//! - **Q4** A lane is bounded: [`Queue::publish`] waits for room.
//! - **Q5** A rejected message goes to the dead lane with its reason. [`Queue::dead`] lists chosen ones,
//!   however many others lie before them, and leaves all of them there; those that it came by may lie behind the
//!   others afterwards.
//! - **Q6** [`Queue::close`] stops deliveries of this connection and loses none: what is in hand can
//!   still be settled, everything else is left for other connections.
//! - **Q7** [`Queue::consumers`] tells how many listen on a lane, over all connections. Where a lane
//!   serves one at a time (outcomes), it may count that one only.
//! - **Q8** [`Queue::revive`] moves chosen messages of the dead lane back to their lane, without their
//!   reason and as new ones; a crash amid it repeats a message and loses none.
//! - **Q9** [`Queue::delete`] leaves a lane as if it had never been used, its dead lane too. Whoever
//!   listened then has to subscribe again.
//! - **Q10** [`Queue::ready`], [`Queue::delayed`] and [`Queue::buried`] tell what waits, over all connections: for a
//!   consumer, for its time after a retry, and for somebody who looks. What somebody has in hand is in none.
//! - **Q11** [`Queue::discard`] removes chosen messages of the dead lane for good, and leaves the others where they are.
//!
//! [`memory`] is the executable specification, [`amqp`] is RabbitMQ, and [`conformance`] runs on both.

pub mod amqp;
pub mod conformance;
pub mod memory;

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use crate::digest::Digest;
use crate::error::ErrorKind;
pub use crate::topology::Lane;

pub use amqp::{AmqpQueue, AmqpSettings};
pub use memory::{MemoryQueue, MemorySettings};

/// Reason in the dead lane of a message that was redelivered too often.
pub const UNDELIVERABLE: &str = "undeliverable";

/// Named texts that travel with a message (trace context, attempt); on a broker its headers.
pub type Headers = BTreeMap<String, String>;

/// What is handed over. Cloning copies neither id nor body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Identity for deduplication, normally of the job; the same for a repeat.
    pub id: Digest,
    /// Named texts beside the body.
    pub headers: Headers,
    /// An envelope of [`crate::wire`]; the queue doesn't look into it.
    pub body: Arc<[u8]>,
}

impl Message {
    /// A message without headers.
    pub fn new(id: Digest, body: impl Into<Arc<[u8]>>) -> Self {
        Self {
            id,
            headers: Headers::new(),
            body: body.into(),
        }
    }

    /// The same with one more header.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.insert(name.to_owned(), value.into());
        self
    }
}

/// How a delivery ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// Done with: what replaces the message is durable.
    Ack,
    /// Again, not before `after`. Counts as a new message: `redeliveries` starts at 0.
    Retry {
        /// Least time until it is delivered again.
        after: Duration,
    },
    /// Never again: to the dead lane.
    Reject {
        /// Why, for whoever lists the dead lane.
        reason: String,
    },
}

/// The backend's half of a [`Delivery`]. Dropping it unsettled must lead to redelivery (Q3), also
/// when the drop comes in the middle of [`settle`](Settle::settle).
#[async_trait]
pub trait Settle: Send + Sync {
    /// Ends the delivery. `message` is the delivery's own, with headers changed by its holder.
    async fn settle(&mut self, message: &Arc<Message>, how: Settlement) -> Result<(), QueueError>;
}

/// One hand-over of a message.
#[must_use = "a delivery that is dropped unsettled is delivered again"]
pub struct Delivery {
    message: Arc<Message>,
    lane: Lane,
    redeliveries: u32,
    handed_over: Instant,
    token: Box<dyn Settle>,
}

impl Delivery {
    /// Made by a backend.
    pub fn new(
        message: Arc<Message>,
        lane: Lane,
        redeliveries: u32,
        token: Box<dyn Settle>,
    ) -> Self {
        Self {
            message,
            lane,
            redeliveries,
            handed_over: Instant::now(),
            token,
        }
    }

    /// Made by a queue around another: the same hand-over, settled through what `token` makes of it.
    pub fn around(inner: Self, token: impl FnOnce(Self) -> Box<dyn Settle>) -> Self {
        let message = Arc::clone(&inner.message);
        let (lane, redeliveries) = (inner.lane, inner.redeliveries);
        let handed_over = inner.handed_over;
        Self {
            message,
            lane,
            redeliveries,
            handed_over,
            token: token(inner),
        }
    }

    /// For how long it has been in hand, the wait for somebody to take it included: what a broker counts, too.
    pub fn held(&self) -> Duration {
        self.handed_over.elapsed()
    }

    /// What was handed over.
    pub fn message(&self) -> &Arc<Message> {
        &self.message
    }

    /// The body of the message.
    pub fn body(&self) -> &[u8] {
        &self.message.body
    }

    /// The headers, to be changed before a [`retry`](Self::retry) (the attempt, for one).
    pub fn headers_mut(&mut self) -> &mut Headers {
        &mut Arc::make_mut(&mut self.message).headers
    }

    /// The lane it came by.
    pub fn lane(&self) -> Lane {
        self.lane
    }

    /// How many hand-overs of this message ended unsettled before, as far as the backend knows: a
    /// hint, since a message that was published twice looks new.
    pub fn redeliveries(&self) -> u32 {
        self.redeliveries
    }

    /// Ends the delivery for good. Call it when what replaces the message is durable.
    ///
    /// # Errors
    /// [`Unsettled`], with the delivery.
    pub async fn ack(self) -> Result<(), Box<Unsettled>> {
        self.settle(Settlement::Ack).await
    }

    /// Gives the message back, with the headers as they are now, to be delivered after a while.
    ///
    /// # Errors
    /// [`Unsettled`], with the delivery.
    pub async fn retry(self, after: Duration) -> Result<(), Box<Unsettled>> {
        self.settle(Settlement::Retry { after }).await
    }

    /// Moves the message to the dead lane.
    ///
    /// # Errors
    /// [`Unsettled`], with the delivery.
    pub async fn reject(self, reason: impl Into<String>) -> Result<(), Box<Unsettled>> {
        self.settle(Settlement::Reject {
            reason: reason.into(),
        })
        .await
    }

    /// Ends the delivery one way or another.
    ///
    /// # Errors
    /// [`Unsettled`], with the delivery.
    pub async fn settle(mut self, how: Settlement) -> Result<(), Box<Unsettled>> {
        match self.token.settle(&self.message, how).await {
            Ok(()) => Ok(()),
            Err(error) => Err(Box::new(Unsettled {
                error,
                delivery: self,
            })),
        }
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("id", &self.message.id)
            .field("lane", &self.lane)
            .field("redeliveries", &self.redeliveries)
            .finish_non_exhaustive()
    }
}

/// A settlement that failed, with the delivery it was meant for.
#[derive(Debug, thiserror::Error)]
#[error("delivery of {} not settled: {error}", delivery.message.id)]
pub struct Unsettled {
    /// Why.
    #[source]
    pub error: QueueError,
    /// The delivery, to try again or to drop.
    pub delivery: Delivery,
}

/// Chooses dead letters.
pub type Wanted<'a> = dyn Fn(&DeadLetter) -> bool + Send + Sync + 'a;

/// A message in the dead lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// What was rejected.
    pub message: Arc<Message>,
    /// Why; [`UNDELIVERABLE`] when the queue itself gave up.
    pub reason: String,
}

/// Why a queue did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// This connection was closed by its owner.
    #[error("the {0} lane is closed on this connection: nothing was done")]
    Closed(Lane),
    /// There is no room and waiting is no use here (the dead lane).
    #[error(
        "the {lane} lane has no room beyond {capacity} messages: empty it or raise its capacity"
    )]
    Full {
        /// The lane, or the one whose dead lane it is.
        lane: Lane,
        /// Its bound.
        capacity: usize,
    },
    /// The backend no longer counts this delivery as ours: the message is or will be delivered to
    /// someone.
    #[error("the delivery on the {0} lane was lost before it was settled: it is delivered again")]
    Lost(Lane),
    /// A body that the backend does not carry.
    #[error("a message of {bytes} bytes is over the {lane} lane's limit of {limit}")]
    TooLarge {
        /// The lane.
        lane: Lane,
        /// Length of the body.
        bytes: usize,
        /// Its limit.
        limit: usize,
    },
    /// A queue is there already, made with other settings.
    #[error(
        "the queue {queue} exists with {argument} {found}, and {wanted} is asked for: use the same \
         queue settings in every program of the fleet, or, once it is drained, delete the queue \
         (rabbitmqctl delete_queue {queue})"
    )]
    Differs {
        /// The queue.
        queue: String,
        /// What differs.
        argument: String,
        /// As these settings want it.
        wanted: String,
        /// As it is.
        found: String,
    },
    /// The settings make no sense, or the backend refuses them.
    #[error("{0}")]
    Refused(String),
    /// The backend can't be reached, and nothing was done.
    #[error("the queue can't be reached: {0}")]
    Unreachable(String),
    /// The connection broke before the answer came.
    #[error("no answer from the queue, the request may have been carried out: {0}")]
    Unknown(String),
}

impl QueueError {
    /// What the caller should do.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Full { .. } | Self::Unreachable(_) => ErrorKind::Transient,
            Self::Closed(_)
            | Self::Lost(_)
            | Self::TooLarge { .. }
            | Self::Differs { .. }
            | Self::Refused(_) => ErrorKind::Permanent,
            Self::Unknown(_) => ErrorKind::Indeterminate,
        }
    }
}

/// A connection to a queue. Methods take `&self`, so many publishers may wait at once: a networked
/// backend reaches its speed only with many confirms under way.
#[async_trait]
pub trait Queue: Send + Sync + fmt::Debug {
    /// Hands a message over and returns when the backend answers for it; waits for room (Q4).
    /// Dropping the future leaves open whether it happened.
    async fn publish(&self, lane: Lane, message: Message) -> Result<(), QueueError>;

    /// Begins to take messages, at most `prefetch` of them unsettled at a time.
    async fn subscribe(
        &self,
        lane: Lane,
        prefetch: NonZeroUsize,
    ) -> Result<Box<dyn Consumer>, QueueError>;

    /// Messages that wait to be delivered on a lane, about (Q10).
    async fn ready(&self, lane: Lane) -> Result<u64, QueueError>;

    /// Messages that wait for their time after a retry, about (Q10).
    async fn delayed(&self, lane: Lane) -> Result<u64, QueueError>;

    /// Messages in a lane's dead lane, about (Q10).
    async fn buried(&self, lane: Lane) -> Result<u64, QueueError>;

    /// The dead letters of a lane that are `wanted`, oldest first and at most `limit`; they stay there, and
    /// of the others none is kept (Q5). It may have to look at every letter that there is.
    async fn dead(
        &self,
        lane: Lane,
        limit: usize,
        wanted: &Wanted<'_>,
    ) -> Result<Vec<DeadLetter>, QueueError>;

    /// Moves the dead letters that are `wanted` back to their lane, oldest first and at most `limit`;
    /// gives those that were moved (Q8). Waits for room on the lane, as [`publish`](Self::publish)
    /// does.
    async fn revive(
        &self,
        lane: Lane,
        limit: usize,
        wanted: &Wanted<'_>,
    ) -> Result<Vec<DeadLetter>, QueueError>;

    /// Removes the dead letters that are `wanted`, oldest first and at most `limit`; gives those that were
    /// removed (Q11).
    async fn discard(
        &self,
        lane: Lane,
        limit: usize,
        wanted: &Wanted<'_>,
    ) -> Result<Vec<DeadLetter>, QueueError>;

    /// How many consumers listen on a lane now, over all connections (Q7).
    async fn consumers(&self, lane: Lane) -> Result<u32, QueueError>;

    /// Removes a lane with all it holds: waiting, delayed and dead (Q9). Meant for the lane of an
    /// instance that is no more; what is still in hand may be delivered again.
    async fn delete(&self, lane: Lane) -> Result<(), QueueError>;

    /// Ends this connection (Q6): consumers run dry, publishing fails, deliveries in hand can still
    /// be settled. Closing twice is closing once.
    async fn close(&self);
}

/// The taking end of a lane. Dropping it ends the subscription; deliveries in hand outlive it.
#[async_trait]
pub trait Consumer: Send {
    /// The next delivery, waiting for one; `None` once the connection is closed. Dropping the future
    /// loses nothing, so it may stand in a `select!`.
    async fn next(&mut self) -> Result<Option<Delivery>, QueueError>;

    /// For how long the oldest delivery that this consumer holds ahead of [`next`](Self::next) has been
    /// in hand; `None` while it holds none, as always with a backend that hands over on demand.
    fn ahead(&self) -> Option<Duration>;
}
