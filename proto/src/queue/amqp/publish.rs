//! Publishing with confirms, many under way at once.
//!
//! A confirm does not say by itself whether the message reached a queue: an unroutable one is
//! returned first and confirmed then, and the client library hands a returned message to whichever
//! confirm is resolved next. So confirms are judged in batches: a message counts as stored only when
//! no confirm of its batch or an earlier one brought it back.

use std::collections::HashSet;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;
use futures_util::stream::{FuturesUnordered, StreamExt};
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::{BasicProperties, Channel, Confirmation, PublisherConfirm};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::{Instant, timeout};

use super::super::QueueError;
use super::link::{ANSWER, Link};

/// Requests that wait for the channel; more wait where they are made.
const WAITING: usize = 1024;
/// Requests that are sent at once. The library tells of each when it is in the socket; those it has at
/// once go there together.
const AT_ONCE: usize = 128;
/// Longest wait for a confirm: a quorum queue without a leader gives none.
const CONFIRM: Duration = Duration::from_secs(30);

/// What came of one publication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// The queue answers for it.
    Stored,
    /// The queue is full, or could not take it now.
    Refused,
    /// There is no such queue.
    Unroutable,
    /// The channel went away before the answer.
    Unknown,
    /// The channel stands, and no answer came for long.
    Unanswered,
}

/// The publishing side of a connection: one channel with confirms, replaced when it dies.
pub(super) struct Publisher {
    link: Link,
    line: Mutex<Option<Arc<Line>>>,
}

impl Publisher {
    pub(super) fn new(link: Link) -> Self {
        Self {
            link,
            line: Mutex::new(None),
        }
    }

    /// A channel for declarations.
    pub(super) async fn channel(&self) -> Result<Channel, QueueError> {
        self.link.channel().await
    }

    /// Whether somebody waits in vain for its connection.
    pub(super) fn in_vain(&self) -> bool {
        self.link.in_vain()
    }

    /// Publishes once to a queue, and tells what came of it and how long that took.
    ///
    /// # Errors
    /// When the connection is closed and gone.
    pub(super) async fn once(
        &self,
        queue: String,
        properties: BasicProperties,
        body: Arc<[u8]>,
    ) -> Result<(Fate, Duration), QueueError> {
        let line = self.line().await?;
        let sent = Instant::now();
        let mut publishing = pin!(line.publish(queue, properties, body));
        loop {
            match timeout(CONFIRM, &mut publishing).await {
                Ok(fate) => return Ok((fate, sent.elapsed())),
                // A broker short of memory or disk says so, and answers when it has some.
                Err(_) if self.link.blocked().await => {}
                Err(_) => return Ok((Fate::Unanswered, sent.elapsed())),
            }
        }
    }

    async fn line(&self) -> Result<Arc<Line>, QueueError> {
        let mut slot = self.line.lock().await;
        if let Some(line) = slot.as_ref()
            && line.channel.status().connected()
        {
            return Ok(Arc::clone(line));
        }
        *slot = None;
        loop {
            let channel = self.link.channel().await?;
            let selecting = channel.confirm_select(ConfirmSelectOptions::default());
            match timeout(ANSWER, selecting).await {
                Ok(Ok(())) => {
                    let line = Arc::new(Line::new(channel));
                    *slot = Some(Arc::clone(&line));
                    return Ok(line);
                }
                Ok(Err(error)) => tracing::debug!(%error, "a new channel broke"),
                Err(_) => tracing::debug!("a new channel gives no answer"),
            }
        }
    }
}

/// One channel with confirms, served by a task of its own.
struct Line {
    channel: Channel,
    requests: mpsc::Sender<Request>,
}

struct Request {
    queue: String,
    properties: BasicProperties,
    body: Arc<[u8]>,
    fate: oneshot::Sender<Fate>,
}

impl Line {
    fn new(channel: Channel) -> Self {
        let (requests, arriving) = mpsc::channel(WAITING);
        tokio::spawn(serve(channel.clone(), arriving));
        Self { channel, requests }
    }

    async fn publish(&self, queue: String, properties: BasicProperties, body: Arc<[u8]>) -> Fate {
        let (fate, answer) = oneshot::channel();
        let request = Request {
            queue,
            properties,
            body,
            fate,
        };
        if self.requests.send(request).await.is_err() {
            return Fate::Unknown;
        }
        answer.await.unwrap_or(Fate::Unknown)
    }
}

type Answered = (
    u64,
    oneshot::Sender<Fate>,
    Result<Confirmation, lapin::Error>,
);
type Waiting = FuturesUnordered<Pin<Box<dyn Future<Output = Answered> + Send>>>;

/// Sends what is asked and takes the confirms in batches, until nobody asks any more or the channel
/// dies. It does one thing at a time, so every confirm under way is in its hands when it judges.
async fn serve(channel: Channel, mut arriving: mpsc::Receiver<Request>) {
    let mut waiting = Waiting::new();
    let mut returned = HashSet::new();
    let mut requests = Vec::with_capacity(AT_ONCE);
    let mut number = 0;
    loop {
        tokio::select! {
            asked = arriving.recv_many(&mut requests, AT_ONCE) => {
                let numbers = number + 1..;
                number += asked as u64;
                let numbered = numbers.zip(&requests);
                let sent = join_all(numbered.map(|(number, request)| send(&channel, number, request)));
                let sent = sent.await;
                let all = asked > 0 && sent.iter().all(Option::is_some);
                for (request, sent) in requests.drain(..).zip(sent) {
                    if let Some((number, confirm)) = sent {
                        waiting.push(Box::pin(async move { (number, request.fate, confirm.await) }));
                    }
                }
                if !all {
                    break;
                }
            }
            Some(first) = waiting.next() => {
                settle(&channel, first, &mut waiting, &mut returned);
            }
        }
    }
    // No more requests: those that wait for a confirm are not kept from it.
    while let Some(first) = waiting.next().await {
        settle(&channel, first, &mut waiting, &mut returned);
    }
}

async fn send(
    channel: &Channel,
    number: u64,
    request: &Request,
) -> Option<(u64, PublisherConfirm)> {
    let options = BasicPublishOptions {
        mandatory: true,
        ..BasicPublishOptions::default()
    };
    let properties = request
        .properties
        .clone()
        .with_correlation_id(number.to_string().as_str().into());
    let queue = request.queue.as_str().into();
    let sent = channel
        .basic_publish("".into(), queue, options, &request.body, properties)
        .await;
    let sent = sent.inspect_err(|error| tracing::debug!(%error, "publication broke"));
    Some((number, sent.ok()?))
}

/// Settles everything that has been answered.
fn settle(channel: &Channel, first: Answered, waiting: &mut Waiting, returned: &mut HashSet<u64>) {
    let mut batch = vec![first];
    // One frame of the broker may answer many, and is worked off under a lock that this call takes
    // too: afterwards all of them are there, with every message that came back.
    drop(channel.wait_for_confirms().now_or_never());
    while let Some(Some(answered)) = waiting.next().now_or_never() {
        batch.push(answered);
    }
    for (_, _, answer) in &mut batch {
        if let Some(number) = answer.as_mut().ok().and_then(number_brought) {
            returned.insert(number);
        }
    }
    for (number, fate, answer) in batch {
        let judged = match answer {
            _ if returned.remove(&number) => Fate::Unroutable,
            Ok(Confirmation::Ack(_)) => Fate::Stored,
            Ok(Confirmation::Nack(_)) => Fate::Refused,
            Ok(Confirmation::NotRequested) | Err(_) => Fate::Unknown,
        };
        // Nobody waits for it any more when publishing was given up.
        let _ = fate.send(judged);
    }
}

/// The number of the message that a confirm brought back, which may be another's.
fn number_brought(confirmation: &mut Confirmation) -> Option<u64> {
    let (Confirmation::Ack(Some(message)) | Confirmation::Nack(Some(message))) = confirmation
    else {
        return None;
    };
    let number = message.properties.correlation_id().as_ref()?;
    number.as_str().parse().ok()
}
