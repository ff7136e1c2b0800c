//! Taking messages from a lane, over as many connections as it takes.
//!
//! Each subscription has a task, the pump: it keeps a consumer at the broker and lays what arrives on a
//! tray, from which [`AmqpConsumer::next`] takes. When the channel dies or the broker cancels the
//! consumer (the queue was deleted, the consumer timeout struck), the tray is cleared, since its
//! deliveries are no longer ours, and the consumer is made again.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt;
use lapin::Channel;
use lapin::message::Delivery as Raw;
use lapin::options::{BasicCancelOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::FieldTable;
use tokio::sync::{Notify, oneshot};
use tokio::time::{sleep, timeout};

use super::super::{Consumer, Delivery, Lane, Message, QueueError, Settle, Settlement};
use super::acks::Acks;
use super::core::Core;
use super::link::{pause, pauses};
use super::parcel::{self, Label, Parcel};

/// Longest wait for the broker's answer to a cancellation.
const LEAVE: Duration = Duration::from_secs(5);
/// Longest wait for a consumer: a quorum queue without a leader never answers.
const BEGIN: Duration = Duration::from_secs(20);
/// Waits in vain after which a queue is suspected to be one that nobody leads.
const VAIN: u32 = 2;
/// Pause before a foreign message that could not be buried is given back.
const UNBURIED: Duration = Duration::from_secs(1);

/// What arrived and was not taken yet.
#[derive(Default)]
struct Tray {
    deliveries: Mutex<VecDeque<Delivery>>,
    failed: Mutex<Option<QueueError>>,
    changed: Notify,
}

impl Tray {
    fn lock(&self) -> MutexGuard<'_, VecDeque<Delivery>> {
        self.deliveries
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn lay(&self, delivery: Delivery) {
        self.lock().push_back(delivery);
        self.changed.notify_one();
    }

    /// Gives back what nobody took.
    fn clear(&self) {
        let dropped = std::mem::take(&mut *self.lock());
        drop(dropped);
    }

    fn fail(&self, error: QueueError) {
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        self.changed.notify_one();
    }

    fn failed(&self) -> Option<QueueError> {
        self.failed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

/// A subscription; see the module documentation.
pub(super) struct AmqpConsumer {
    core: Arc<Core>,
    tray: Arc<Tray>,
    /// Dropped with the consumer, which tells the pump to leave.
    _here: oneshot::Sender<()>,
}

impl AmqpConsumer {
    /// Subscribes, and comes back when the broker counts this consumer.
    pub(super) async fn subscribe(
        core: Arc<Core>,
        lane: Lane,
        prefetch: NonZeroUsize,
    ) -> Result<Self, QueueError> {
        let tray = Arc::new(Tray::default());
        let (here, gone) = oneshot::channel();
        let (begun, ready) = oneshot::channel();
        let pump = Pump {
            core: Arc::clone(&core),
            lane,
            prefetch: u16::try_from(prefetch.get()).unwrap_or(u16::MAX),
            tray: Arc::clone(&tray),
            gone,
            begun: Some(begun),
        };
        core.keep(tokio::spawn(pump.run()));
        match ready.await {
            Ok(result) => result?,
            Err(_) => return Err(QueueError::Closed(lane)),
        }
        Ok(Self {
            core,
            tray,
            _here: here,
        })
    }
}

#[async_trait]
impl Consumer for AmqpConsumer {
    async fn next(&mut self) -> Result<Option<Delivery>, QueueError> {
        loop {
            if self.core.is_closed() {
                self.tray.clear();
                return Ok(None);
            }
            if let Some(delivery) = self.tray.lock().pop_front() {
                return Ok(Some(delivery));
            }
            if let Some(error) = self.tray.failed() {
                return Err(error);
            }
            tokio::select! {
                () = self.tray.changed.notified() => {}
                () = self.core.closing() => {}
            }
        }
    }

    fn ahead(&self) -> Option<Duration> {
        self.tray.lock().front().map(Delivery::held)
    }
}

struct Pump {
    core: Arc<Core>,
    lane: Lane,
    prefetch: u16,
    tray: Arc<Tray>,
    gone: oneshot::Receiver<()>,
    begun: Option<oneshot::Sender<Result<(), QueueError>>>,
}

/// Why a pump stopped attending to one consumer at the broker.
enum End {
    /// Its owner left or the connection was closed.
    Left,
    /// The channel or the consumer is gone.
    Broken(String),
    /// There is no answer to the wish for a consumer.
    Unanswered,
    /// It can't be made again.
    Failed(QueueError),
}

impl Pump {
    async fn run(mut self) {
        let mut pauses = pauses();
        let mut vain = 0;
        loop {
            let (end, attended) = self.attend().await;
            self.tray.clear();
            vain = if matches!(end, End::Unanswered) {
                vain + 1
            } else {
                0
            };
            match end {
                End::Left => return,
                End::Failed(error) => {
                    match self.begun.take() {
                        Some(begun) => drop(begun.send(Err(error))),
                        None => self.tray.fail(error),
                    }
                    return;
                }
                End::Broken(why) => {
                    tracing::warn!(lane = %self.lane, why, "the consumer is gone and is made again");
                    if attended {
                        pauses = self::pauses();
                    }
                    pause(&mut pauses).await;
                }
                End::Unanswered => {
                    let queue = self.core.layout.main(self.lane);
                    tracing::warn!(queue, "the broker gives no answer for it");
                    if vain >= VAIN {
                        vain = 0;
                        self.core.unled.suspect(self.lane, &queue);
                    }
                    pause(&mut pauses).await;
                }
            }
        }
    }

    /// Keeps one consumer as long as it lives; tells also whether there was one.
    async fn attend(&mut self) -> (End, bool) {
        let begun = tokio::select! {
            biased;
            () = leaving(&self.core, &mut self.gone) => return (End::Left, false),
            begun = begin(&self.core, self.lane, self.prefetch) => begun,
        };
        let (channel, mut consumer) = match begun {
            Ok(begun) => begun,
            Err(end) => return (end, false),
        };
        if let Some(begun) = self.begun.take() {
            let _ = begun.send(Ok(()));
        }
        let queue = self.core.layout.main(self.lane);
        self.core.unled.acquit(&queue);
        let acks = Arc::new(Acks::new(channel.clone()));
        loop {
            tokio::select! {
                biased;
                () = leaving(&self.core, &mut self.gone) => {
                    self.leave(&channel, &acks, consumer).await;
                    return (End::Left, true);
                }
                arrived = consumer.next() => match arrived {
                    Some(Ok(raw)) => {
                        self.core.unled.acquit(&queue);
                        self.take(raw, &acks);
                    }
                    Some(Err(error)) => return (End::Broken(error.to_string()), true),
                    None => return (End::Broken("cancelled by the broker".to_owned()), true),
                },
            }
        }
    }

    fn take(&self, raw: Raw, acks: &Arc<Acks>) {
        let Raw {
            delivery_tag: tag,
            properties,
            data,
            ..
        } = raw;
        let hold = Hold::of(tag, Arc::clone(acks));
        let max_body = self.core.max_body;
        match parcel::unpack(&properties, &data, max_body) {
            Ok(Parcel {
                message,
                wait: Some(wait),
                ..
            }) => {
                let (core, lane) = (Arc::clone(&self.core), self.lane);
                tokio::spawn(async move {
                    if core.delay(lane, &message, wait).await.is_ok() {
                        drop(hold.ack(&core, lane).await);
                    }
                });
            }
            Ok(Parcel {
                message,
                redeliveries,
                wait: None,
            }) => {
                let token = Token {
                    core: Arc::clone(&self.core),
                    lane: self.lane,
                    hold: Some(hold),
                };
                let message = Arc::new(message);
                let delivery = Delivery::new(message, self.lane, redeliveries, Box::new(token));
                self.tray.lay(delivery);
            }
            Err(reason) => {
                let (core, lane) = (Arc::clone(&self.core), self.lane);
                tokio::spawn(async move {
                    tracing::warn!(%lane, reason, "a message goes to the dead lane");
                    let copy = parcel::pack_foreign(&properties, &reason);
                    match core.bury(lane, copy, data.into()).await {
                        Ok(()) => {
                            core.foreign(lane);
                            drop(hold.ack(&core, lane).await);
                        }
                        Err(error) => {
                            tracing::warn!(%lane, %error, "it is given back");
                            sleep(UNBURIED).await;
                        }
                    }
                });
            }
        }
    }

    /// Cancels the consumer and gives back what had arrived.
    async fn leave(&self, channel: &Channel, acks: &Acks, mut consumer: lapin::Consumer) {
        self.tray.clear();
        let left = async {
            channel
                .basic_cancel(consumer.tag(), BasicCancelOptions::default())
                .await?;
            // Ends with the cancellation, behind the last delivery.
            while let Some(Ok(raw)) = consumer.next().await {
                acks.give_back(raw.delivery_tag);
            }
            Ok::<(), lapin::Error>(())
        };
        if !matches!(timeout(LEAVE, left).await, Ok(Ok(()))) {
            tracing::debug!(lane = %self.lane, "the consumer left without an answer");
        }
    }
}

/// Makes a consumer, within a time.
async fn begin(core: &Core, lane: Lane, prefetch: u16) -> Result<(Channel, lapin::Consumer), End> {
    let channel = core.consuming().await.map_err(|_| End::Left)?;
    let making = make(core, channel, lane, prefetch);
    timeout(BEGIN, making).await.unwrap_or(Err(End::Unanswered))
}

/// Makes a consumer, and its queues if they are gone.
async fn make(
    core: &Core,
    channel: Channel,
    lane: Lane,
    prefetch: u16,
) -> Result<(Channel, lapin::Consumer), End> {
    let broken = |error: lapin::Error| End::Broken(error.to_string());
    // What another connection deleted must be made again, so nothing is taken as known.
    core.layout.forget(lane);
    match core.layout.ensure(&channel, lane).await {
        Ok(()) => {}
        Err(QueueError::Unreachable(why)) => return Err(End::Broken(why)),
        Err(error) => return Err(End::Failed(error)),
    }
    channel
        .basic_qos(prefetch, BasicQosOptions::default())
        .await
        .map_err(broken)?;
    let consumer = channel
        .basic_consume(
            core.layout.main(lane).as_str().into(),
            "".into(),
            BasicConsumeOptions::default(),
            FieldTable::default(),
        )
        .await
        .map_err(|error| match error.kind() {
            // The broker would say the same again.
            lapin::ErrorKind::ProtocolError(said) if [403, 406].contains(&said.get_id()) => {
                End::Failed(QueueError::Refused(said.get_message().to_string()))
            }
            _ => broken(error),
        })?;
    Ok((channel, consumer))
}

/// Waits until the owner of a consumer drops it or the connection is closed.
async fn leaving(core: &Core, gone: &mut oneshot::Receiver<()>) {
    tokio::select! {
        _ = gone => {}
        () = core.closing() => {}
    }
}

/// A delivery at the broker; dropped unsettled it is given back.
struct Hold {
    tag: u64,
    acks: Arc<Acks>,
    settled: bool,
}

impl Hold {
    fn of(tag: u64, acks: Arc<Acks>) -> Self {
        acks.opened(tag);
        Self {
            tag,
            acks,
            settled: false,
        }
    }

    async fn ack(mut self, core: &Core, lane: Lane) -> Result<(), QueueError> {
        self.settled = true;
        if self.acks.ack(self.tag).await {
            Ok(())
        } else {
            Err(core.lost(lane))
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if !self.settled {
            self.acks.give_back(self.tag);
        }
    }
}

struct Token {
    core: Arc<Core>,
    lane: Lane,
    /// None once settled or lost.
    hold: Option<Hold>,
}

#[async_trait]
impl Settle for Token {
    async fn settle(&mut self, message: &Arc<Message>, how: Settlement) -> Result<(), QueueError> {
        let (core, lane) = (&self.core, self.lane);
        // No copy is made of what someone else has by now.
        let Some(hold) = self.hold.take_if(|hold| hold.acks.usable()) else {
            return Err(if self.hold.take().is_some() {
                core.lost(lane)
            } else {
                QueueError::Lost(lane)
            });
        };
        let replaced = match how {
            Settlement::Ack => Ok(()),
            Settlement::Retry { after } => core.delay(lane, message, after).await,
            Settlement::Reject { reason } => {
                let label = Label {
                    reason: Some(reason),
                    wait: None,
                };
                let copy = parcel::pack(message, &label);
                core.bury(lane, copy, Arc::clone(&message.body)).await
            }
        };
        match replaced {
            Ok(()) => hold.ack(core, lane).await,
            Err(error) => {
                self.hold = Some(hold);
                Err(error)
            }
        }
    }
}
