//! Acknowledgements of one channel, many in a frame.
//!
//! An acknowledgement costs the broker about as much as a delivery, however little it says, and AMQP can
//! settle in one frame all that was delivered up to a tag. So whoever acknowledges hands the tag to a task,
//! which takes what has gathered while it sent the last ones. It says "up to here" only where nothing below
//! is open: what somebody still works on stays theirs.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;
use lapin::Channel;
use lapin::options::{BasicAckOptions, BasicNackOptions};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

/// How often one that waits for the socket looks whether its channel is still there.
const GLANCE: Duration = Duration::from_secs(1);
/// Tags taken at once.
const AT_ONCE: usize = 4096;
/// Longest wait until the socket has taken them. Beyond it they count as lost, which costs a repeat at most.
const SENDING: Duration = Duration::from_secs(30);

/// Deliveries of one channel that are not settled. It keeps the channel open, so that they outlive their
/// consumer.
pub(super) struct Acks {
    channel: Channel,
    open: Open,
    requests: mpsc::UnboundedSender<Request>,
}

/// Tags that were handed over and about which the broker was told nothing.
type Open = Arc<Mutex<BTreeSet<u64>>>;

struct Request {
    tag: u64,
    sent: oneshot::Sender<()>,
}

impl Acks {
    pub(super) fn new(channel: Channel) -> Self {
        let (requests, arriving) = mpsc::unbounded_channel();
        let open = Open::default();
        tokio::spawn(serve(channel.clone(), Arc::clone(&open), arriving));
        Self {
            channel,
            open,
            requests,
        }
    }

    /// Notes a delivery. They must be noted in the order in which they came.
    pub(super) fn opened(&self, tag: u64) {
        lock(&self.open).insert(tag);
    }

    /// Whether the deliveries are still ours.
    pub(super) fn usable(&self) -> bool {
        self.channel.status().connected()
    }

    /// Acknowledges a delivery; whether the broker was told.
    pub(super) async fn ack(&self, tag: u64) -> bool {
        let (sent, mut told) = oneshot::channel();
        if self.requests.send(Request { tag, sent }).is_err() {
            return false;
        }
        loop {
            match timeout(GLANCE, &mut told).await {
                Ok(told) => return told.is_ok(),
                // What is said to a channel at the moment of its end may never be answered.
                Err(_) if !self.usable() => return false,
                Err(_) => {}
            }
        }
    }

    /// Sends the broker word that a delivery is given back; it needs no executor for that.
    pub(super) fn give_back(&self, tag: u64) {
        let options = BasicNackOptions {
            multiple: false,
            requeue: true,
        };
        drop(self.channel.basic_nack(tag, options).now_or_never());
        // Only now: an acknowledgement up to a later tag must follow in the channel, not go before.
        lock(&self.open).remove(&tag);
    }
}

fn lock(open: &Open) -> MutexGuard<'_, BTreeSet<u64>> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Acknowledges until nobody holds a delivery any more. Who asked about one that was not acknowledged sees
/// its request dropped.
async fn serve(channel: Channel, open: Open, mut arriving: mpsc::UnboundedReceiver<Request>) {
    let mut requests = Vec::new();
    while arriving.recv_many(&mut requests, AT_ONCE).await > 0 {
        let tags = requests.iter().map(|request| request.tag).collect();
        let frames = frames(tags, &mut lock(&open));
        let sending = frames
            .into_iter()
            .map(|(tag, multiple)| channel.basic_ack(tag, BasicAckOptions { multiple }));
        let sent = timeout(SENDING, join_all(sending)).await;
        let sent = sent.is_ok_and(|sent| sent.iter().all(Result::is_ok));
        for request in requests.drain(..) {
            if sent {
                // Nobody waits for it any more when settling was given up.
                let _ = request.sent.send(());
            }
        }
    }
}

/// What says that these tags are acknowledged and no other: each with whether it stands for all below.
fn frames(mut tags: Vec<u64>, open: &mut BTreeSet<u64>) -> Vec<(u64, bool)> {
    tags.sort_unstable();
    for tag in &tags {
        open.remove(tag);
    }
    let below = match open.first() {
        Some(first) => tags.partition_point(|tag| tag < first),
        None => tags.len(),
    };
    let multiple = below.checked_sub(1).map(|last| (tags[last], below > 1));
    let alone = tags[below..].iter().map(|tag| (*tag, false));
    multiple.into_iter().chain(alone).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(tags: &[u64], open: &[u64]) -> Vec<(u64, bool)> {
        frames(tags.to_vec(), &mut open.iter().copied().collect())
    }

    #[test]
    fn all_that_is_open_goes_in_one() {
        assert_eq!(said(&[3, 1, 2], &[1, 2, 3]), [(3, true)]);
        assert_eq!(said(&[7], &[7]), [(7, false)]);
        assert_eq!(said(&[], &[1]), []);
    }

    #[test]
    fn nothing_is_said_of_what_is_still_open() {
        assert_eq!(
            said(&[6, 2, 4, 1], &[1, 2, 3, 4, 5, 6]),
            [(2, true), (4, false), (6, false)]
        );
        assert_eq!(said(&[2, 3], &[1, 2, 3, 4]), [(2, false), (3, false)]);
    }

    /// A broker that takes what it is told: whatever is acknowledged in whatever order, in whatever
    /// batches, exactly that is settled.
    #[test]
    fn exactly_what_is_acknowledged_is_settled() {
        let mut open: BTreeSet<u64> = (1..=40).collect();
        let mut broker = open.clone();
        let mut meant = open.clone();
        // Steps that meet every tag, in an order of their own.
        let tags: Vec<u64> = (1..=40).map(|step| step * 17 % 41).collect();
        for batch in tags.chunks(7) {
            for (tag, multiple) in frames(batch.to_vec(), &mut open) {
                if multiple {
                    broker.retain(|other| *other > tag);
                } else {
                    assert!(broker.remove(&tag), "{tag} is acknowledged twice");
                }
            }
            meant.retain(|tag| !batch.contains(tag));
            assert_eq!(broker, meant);
        }
    }
}
