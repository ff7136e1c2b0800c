//! The floor under the queue: a job out and its outcome back, with the client library alone.
//!
//! It does what any program over two such lanes must do, and nothing else: the same queues, every message
//! persistent, every publication confirmed, every delivery acknowledged, a job only after the confirm of its
//! outcome. There is no meaning in its bodies, nothing is kept, and whatever breaks ends it. `t2t bench
//! fleet` holds the whole path of a job against it.

use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use lapin::message::Delivery;
use lapin::options::{
    BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions,
    ConfirmSelectOptions,
};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Confirmation, Consumer, PublisherConfirm};
use tokio::sync::watch;
use tokio::time::Instant;

use super::super::{Lane, QueueError};
use super::declare::Layout;
use super::link::Link;
use super::parcel::PERSISTENT;
use super::settings::{AmqpSettings, SENT_FRAME, TAKEN_FRAME};
use crate::topology::Instance;

const JOBS: Lane = Lane::Rollout;
const OUTCOMES: Lane = Lane::Outcomes(Instance::EMBEDDED);

/// What goes through the loop.
#[derive(Debug, Clone)]
pub struct Load {
    /// Bytes of a job and of its outcome, taken in turn.
    pub sizes: Vec<(usize, usize)>,
    /// Jobs in all.
    pub jobs: usize,
    /// Jobs that are out at once.
    pub window: usize,
    /// Jobs that are answered at once.
    pub slots: usize,
    /// Jobs, and outcomes, that the broker hands over before they are acknowledged.
    pub prefetch: (u16, u16),
}

/// Sends that many jobs there and back, over two lanes that it makes and deletes; the time from the first
/// job until the last outcome is acknowledged.
///
/// # Errors
/// Whatever the broker or the connection does not do at once.
pub async fn two_hops(settings: &AmqpSettings, load: &Load) -> Result<Duration, QueueError> {
    let layout = Layout::new(settings);
    let mut asking = Side::open(settings, &layout, OUTCOMES, JOBS, load.prefetch.1).await?;
    let mut answering = Side::open(settings, &layout, JOBS, OUTCOMES, load.prefetch.0).await?;
    let channel = asking.links[0].channel().await?;
    let theirs = load.clone();
    let began = Instant::now();
    let answered = tokio::spawn(async move {
        answer(&mut answering, &theirs).await?;
        answering.leave().await
    });
    ask(&mut asking, load).await?;
    let took = began.elapsed();
    let panicked = |error: tokio::task::JoinError| QueueError::Unknown(error.to_string());
    answered.await.map_err(panicked)??;
    asking.leave().await?;
    for lane in [JOBS, OUTCOMES] {
        layout.delete(&channel, lane).await.map_err(broken)?;
    }
    Ok(took)
}

/// One end of the loop: what it hears, and where it publishes to.
struct Side {
    inbox: Consumer,
    taking: Channel,
    out: Channel,
    to: String,
    /// As many connections as the queue has; they end with this.
    links: [Link; 2],
}

impl Side {
    async fn open(
        settings: &AmqpSettings,
        layout: &Layout,
        from: Lane,
        to: Lane,
        prefetch: u16,
    ) -> Result<Self, QueueError> {
        let link = async |frame_max| {
            let (_, open) = watch::channel(false);
            Link::connect(settings, "bare", frame_max, open, <_>::default()).await
        };
        let links = [link(SENT_FRAME).await?, link(TAKEN_FRAME).await?];
        let (out, taking) = (links[0].channel().await?, links[1].channel().await?);
        for lane in [from, to] {
            layout.ensure(&taking, lane).await?;
        }
        let confirmed = ConfirmSelectOptions::default();
        out.confirm_select(confirmed).await.map_err(broken)?;
        let qos = BasicQosOptions::default();
        taking.basic_qos(prefetch, qos).await.map_err(broken)?;
        let inbox = taking
            .basic_consume(
                layout.main(from).as_str().into(),
                "".into(),
                BasicConsumeOptions::default(),
                FieldTable::default(),
            )
            .await
            .map_err(broken)?;
        Ok(Self {
            inbox,
            taking,
            out,
            to: layout.main(to),
            links,
        })
    }

    /// Before it is dropped: the library would cancel the consumer of a connection that ends.
    async fn leave(&self) -> Result<(), QueueError> {
        let cancelled = self
            .taking
            .basic_cancel(self.inbox.tag(), BasicCancelOptions::default());
        cancelled.await.map_err(broken)
    }

    async fn publish(&self, body: &[u8]) -> Result<PublisherConfirm, QueueError> {
        let properties = BasicProperties::default().with_delivery_mode(PERSISTENT);
        let options = BasicPublishOptions::default();
        let to = self.to.as_str().into();
        let sent = self
            .out
            .basic_publish("".into(), to, options, body, properties);
        sent.await.map_err(broken)
    }
}

/// Keeps a window of jobs out until all have come back.
async fn ask(side: &mut Side, load: &Load) -> Result<(), QueueError> {
    let bytes = |job: usize| load.sizes[job % load.sizes.len()].0;
    let body = longest(load.sizes.iter().map(|sizes| sizes.0));
    let (mut sent, mut back) = (0, 0);
    let mut confirms = FuturesUnordered::new();
    while back < load.jobs || !confirms.is_empty() {
        while sent < load.jobs && sent - back < load.window {
            confirms.push(side.publish(&body[..bytes(sent)]).await?);
            sent += 1;
        }
        tokio::select! {
            Some(confirm) = confirms.next() => stored(confirm)?,
            outcome = side.inbox.next(), if back < load.jobs => {
                acknowledged(&taken(outcome)?).await?;
                back += 1;
            }
        }
    }
    Ok(())
}

/// Answers every job, some at once.
async fn answer(side: &mut Side, load: &Load) -> Result<(), QueueError> {
    let bytes = |job: usize| load.sizes[job % load.sizes.len()].1;
    let body = longest(load.sizes.iter().map(|sizes| sizes.1));
    let (mut begun, mut done) = (0, 0);
    let mut in_hand = FuturesUnordered::new();
    while done < load.jobs {
        tokio::select! {
            Some(answered) = in_hand.next() => {
                let () = answered?;
                done += 1;
            }
            job = side.inbox.next(), if in_hand.len() < load.slots => {
                let job = taken(job)?;
                let confirm = side.publish(&body[..bytes(begun)]).await?;
                begun += 1;
                in_hand.push(async move {
                    stored(confirm.await)?;
                    acknowledged(&job).await
                });
            }
        }
    }
    Ok(())
}

fn longest(bytes: impl Iterator<Item = usize>) -> Vec<u8> {
    vec![0x5a; bytes.max().unwrap_or(0)]
}

fn taken(arrived: Option<Result<Delivery, lapin::Error>>) -> Result<Delivery, QueueError> {
    let ended = || QueueError::Unknown("the broker cancelled a consumer".to_owned());
    arrived.ok_or_else(ended)?.map_err(broken)
}

fn stored(confirm: Result<Confirmation, lapin::Error>) -> Result<(), QueueError> {
    match confirm.map_err(broken)? {
        Confirmation::Ack(_) => Ok(()),
        Confirmation::Nack(_) | Confirmation::NotRequested => Err(QueueError::Unknown(
            "the broker did not store a message".to_owned(),
        )),
    }
}

async fn acknowledged(delivery: &Delivery) -> Result<(), QueueError> {
    let options = BasicAckOptions::default();
    delivery.ack(options).await.map_err(broken)?;
    Ok(())
}

fn broken(error: lapin::Error) -> QueueError {
    QueueError::Unreachable(error.to_string())
}
