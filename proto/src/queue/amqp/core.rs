//! What the handles, consumers and deliveries of one connection share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use lapin::{BasicProperties, Channel};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::super::{Lane, Message, QueueError};
use super::declare::Layout;
use super::link::{ANSWER, Link, pause, pauses};
use super::observer::Observed;
use super::parcel::{self, HEADERS_MAX, Label};
use super::publish::{Fate, Publisher};
use super::settings::{AmqpSettings, SENT_FRAME, TAKEN_FRAME};
use super::unled::Unled;

/// Longest wait in place of a delay for which no queue can be made.
const UNLADDERED: std::time::Duration = std::time::Duration::from_secs(1);

/// What happened on a connection since it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AmqpCounts {
    /// Connections made again.
    pub reconnects: u64,
    /// Deliveries that were no longer ours when they were settled.
    pub lost: u64,
    /// Messages published again because the connection broke before their confirm.
    pub republished: u64,
    /// Messages that came back because their queue did not exist.
    pub returned: u64,
    /// Messages refused by a full queue, each time.
    pub refused: u64,
    /// Messages of others, moved to the dead lane.
    pub foreign: u64,
}

#[derive(Default)]
pub(super) struct Counters {
    pub(super) reconnects: Arc<AtomicU64>,
    lost: AtomicU64,
    republished: AtomicU64,
    returned: AtomicU64,
    refused: AtomicU64,
    foreign: AtomicU64,
}

impl Counters {
    pub(super) fn read(&self) -> AmqpCounts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        AmqpCounts {
            reconnects: read(&self.reconnects),
            lost: read(&self.lost),
            republished: read(&self.republished),
            returned: read(&self.returned),
            refused: read(&self.refused),
            foreign: read(&self.foreign),
        }
    }
}

fn one_more(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// Where a message goes.
#[derive(Debug, Clone, Copy)]
enum Goal {
    Main,
    Dead,
    Rung(std::time::Duration),
}

pub(super) struct Core {
    pub(super) layout: Arc<Layout>,
    pub(super) counters: Counters,
    pub(super) observed: Observed,
    pub(super) max_body: usize,
    pub(super) unled: Arc<Unled>,
    publisher: Publisher,
    consuming: Arc<Link>,
    closed: watch::Sender<bool>,
    pumps: Mutex<Vec<JoinHandle<()>>>,
}

impl Core {
    pub(super) async fn connect(settings: &AmqpSettings) -> Result<Self, QueueError> {
        let closed = watch::Sender::new(false);
        let counters = Counters::default();
        let link = async |purpose, frame_max| {
            let reconnects = Arc::clone(&counters.reconnects);
            Link::connect(settings, purpose, frame_max, closed.subscribe(), reconnects).await
        };
        // The broker stops reading from a connection that publishes when it runs out of memory or
        // disk; acknowledgements must go through then.
        let publisher = Publisher::new(link("publishing", SENT_FRAME).await?);
        let consuming = Arc::new(link("consuming", TAKEN_FRAME).await?);
        let layout = Arc::new(Layout::new(settings));
        let unled = Unled::new(
            Arc::clone(&consuming),
            Arc::clone(&layout),
            settings.unled_after,
            closed.subscribe(),
        );
        Ok(Self {
            layout,
            counters,
            observed: Observed::default(),
            max_body: settings.max_body,
            unled: Arc::new(unled),
            publisher,
            consuming,
            closed,
            pumps: Mutex::default(),
        })
    }

    /// A channel of the consuming connection.
    pub(super) async fn consuming(&self) -> Result<Channel, QueueError> {
        self.consuming.channel().await
    }

    /// The connection by which messages are published is made again when there is one, and is not missed until then.
    pub(super) fn connected(&self) -> bool {
        self.consuming.connected() && !self.publisher.in_vain()
    }

    /// Counts a message of others that went to the dead lane.
    pub(super) fn foreign(&self, lane: Lane) {
        one_more(&self.counters.foreign);
        self.observed.buried(lane);
    }

    pub(super) fn is_closed(&self) -> bool {
        *self.closed.borrow()
    }

    /// Waits until this connection is closed.
    pub(super) async fn closing(&self) {
        let mut closed = self.closed.subscribe();
        // The sender is this very object.
        let _ = closed.wait_for(|closed| *closed).await;
    }

    /// Keeps a pump, so that closing waits for it.
    pub(super) fn keep(&self, pump: JoinHandle<()>) {
        let mut pumps = self.pumps.lock().unwrap_or_else(PoisonError::into_inner);
        pumps.retain(|pump| !pump.is_finished());
        pumps.push(pump);
    }

    /// Closes, and waits until every consumer has given back what nobody took.
    pub(super) async fn close(&self) {
        self.closed.send_replace(true);
        let pumps = std::mem::take(&mut *self.pumps.lock().unwrap_or_else(PoisonError::into_inner));
        for pump in pumps {
            if let Err(panic) = pump.await {
                tracing::error!(%panic, "a consumer's task panicked");
            }
        }
    }

    /// Counts a delivery that was no longer ours.
    pub(super) fn lost(&self, lane: Lane) -> QueueError {
        one_more(&self.counters.lost);
        QueueError::Lost(lane)
    }

    /// Checks that a message can travel.
    pub(super) fn fits(&self, lane: Lane, message: &Message) -> Result<(), QueueError> {
        let too_large = |bytes, limit| Err(QueueError::TooLarge { lane, bytes, limit });
        if message.body.len() > self.max_body {
            return too_large(message.body.len(), self.max_body);
        }
        let headers = parcel::headers_size(&message.headers);
        if headers > HEADERS_MAX || !parcel::nameable(&message.headers) {
            return too_large(headers, HEADERS_MAX);
        }
        Ok(())
    }

    /// Publishes to a lane, waiting for room and for the broker as long as it takes.
    pub(super) async fn publish(&self, lane: Lane, message: &Message) -> Result<(), QueueError> {
        let properties = parcel::pack(message, &Label::default());
        self.send(lane, Goal::Main, properties, &message.body).await
    }

    /// Publishes to a lane, to arrive after a while.
    pub(super) async fn delay(
        &self,
        lane: Lane,
        message: &Message,
        after: std::time::Duration,
    ) -> Result<(), QueueError> {
        self.fits(lane, message)?;
        while !after.is_zero() {
            let Some((rung, wait)) = self.layout.rung_for(lane, after) else {
                // Without a place to wait in it waits here, so that it does not turn in a circle.
                sleep(UNLADDERED.min(after)).await;
                break;
            };
            let properties = parcel::pack(message, &Label { reason: None, wait });
            let sent = self.send(lane, Goal::Rung(rung), properties, &message.body);
            match sent.await {
                Err(error) if self.layout.is_broken(lane, rung) => {
                    tracing::warn!(%lane, ?rung, %error, "another delay is taken");
                }
                sent => return sent,
            }
        }
        self.publish(lane, message).await
    }

    /// Publishes to a dead lane, if that has room.
    pub(super) async fn bury(
        &self,
        lane: Lane,
        properties: BasicProperties,
        body: Arc<[u8]>,
    ) -> Result<(), QueueError> {
        self.send(lane, Goal::Dead, properties, &body).await
    }

    async fn send(
        &self,
        lane: Lane,
        goal: Goal,
        properties: BasicProperties,
        body: &Arc<[u8]>,
    ) -> Result<(), QueueError> {
        let mut pauses = pauses();
        loop {
            let queue = self.queue(lane, goal).await?;
            let (fate, took) = self
                .publisher
                .once(queue.clone(), properties.clone(), Arc::clone(body))
                .await?;
            if fate != Fate::Unknown {
                self.observed.confirmed(lane, took);
            }
            if matches!(fate, Fate::Stored | Fate::Refused) {
                self.unled.acquit(&queue);
            }
            match (fate, goal) {
                (Fate::Stored, _) => return Ok(()),
                (Fate::Refused, Goal::Dead) => {
                    return Err(QueueError::Full {
                        lane,
                        capacity: self.layout.dead_capacity,
                    });
                }
                (Fate::Refused, Goal::Main | Goal::Rung(_)) => {
                    one_more(&self.counters.refused);
                    pause(&mut pauses).await;
                }
                (Fate::Unroutable, _) => {
                    one_more(&self.counters.returned);
                    self.layout.forget(lane);
                }
                (Fate::Unknown, _) => {
                    one_more(&self.counters.republished);
                    pause(&mut pauses).await;
                }
                (Fate::Unanswered, Goal::Dead) => {
                    one_more(&self.counters.republished);
                    // Its letters come from nowhere else, so it is never deleted.
                    tracing::warn!(queue, "the broker gives no answer for it");
                }
                (Fate::Unanswered, Goal::Main | Goal::Rung(_)) => {
                    one_more(&self.counters.republished);
                    self.unled.suspect(lane, &queue);
                }
            }
        }
    }

    /// The queue of a goal, made if it is not known to be there.
    async fn queue(&self, lane: Lane, goal: Goal) -> Result<String, QueueError> {
        let layout = &self.layout;
        let mut pauses = pauses();
        loop {
            let rung = match goal {
                Goal::Rung(rung) => layout.knows_rung(lane, rung),
                Goal::Main => Some(layout.main(lane)),
                Goal::Dead => Some(layout.dead(lane)),
            };
            if let Some(name) = rung.filter(|_| layout.knows(lane)) {
                return Ok(name);
            }
            let channel = self.publisher.channel().await?;
            let made = async {
                layout.ensure(&channel, lane).await?;
                if let Goal::Rung(rung) = goal {
                    layout.ensure_rung(&channel, lane, rung).await?;
                }
                Ok(())
            };
            match timeout(ANSWER, made).await {
                Ok(Ok(())) => {}
                Ok(Err(QueueError::Unreachable(why))) => {
                    if let Goal::Rung(rung) = goal
                        && layout.is_broken(lane, rung)
                    {
                        return Err(QueueError::Unreachable(why));
                    }
                    tracing::warn!(%lane, why, "declaring broke");
                    pause(&mut pauses).await;
                }
                Ok(Err(error)) => return Err(error),
                Err(_) => tracing::debug!(%lane, "declaring was not answered"),
            }
        }
    }
}
