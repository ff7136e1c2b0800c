//! Listing dead letters, bringing them back, and removing them.
//!
//! A queue shows a message only by delivering it. So letters are taken without being acknowledged,
//! looked at, and given back in one go, which puts them back in their order.

use lapin::Channel;
use lapin::message::BasicGetMessage;
use lapin::options::{BasicAckOptions, BasicGetOptions, BasicNackOptions};

use super::super::{DeadLetter, Lane, QueueError, Wanted};
use super::core::Core;
use super::declare::is_missing;
use super::link::answered;
use super::parcel;

/// The first letters of a lane that are wanted; all stay.
pub(super) async fn list(
    core: &Core,
    lane: Lane,
    limit: usize,
    wanted: &Wanted<'_>,
) -> Result<Vec<DeadLetter>, QueueError> {
    let channel = core.consuming().await?;
    let (mut letters, mut last) = (Vec::new(), None);
    while letters.len() < limit {
        let Some(got) = get(core, &channel, lane).await? else {
            break;
        };
        let (letter, acker) = read(got);
        last = Some(acker);
        if wanted(&letter) {
            letters.push(letter);
        }
    }
    give_back(&channel, last).await?;
    Ok(letters)
}

/// What becomes of a wanted letter.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fate {
    /// It is published to its lane again, and removed once it has arrived.
    Revived,
    /// It is removed.
    Discarded,
}

/// Takes wanted letters off their dead lane, one by one.
pub(super) async fn take(
    core: &Core,
    lane: Lane,
    limit: usize,
    wanted: &Wanted<'_>,
    fate: Fate,
) -> Result<Vec<DeadLetter>, QueueError> {
    let channel = core.consuming().await?;
    let (mut taken, mut last) = (Vec::new(), None);
    while taken.len() < limit {
        let Some(got) = get(core, &channel, lane).await? else {
            break;
        };
        let (letter, acker) = read(got);
        if !wanted(&letter) {
            last = Some(acker);
            continue;
        }
        if matches!(fate, Fate::Revived) {
            // A failure leaves the letter on the channel, whose end gives it back.
            core.fits(lane, &letter.message)?;
            tokio::select! {
                published = core.publish(lane, &letter.message) => published?,
                () = core.closing() => return Err(QueueError::Closed(lane)),
            }
        }
        remove(core, lane, acker).await?;
        taken.push(letter);
    }
    give_back(&channel, last).await?;
    Ok(taken)
}

/// Takes a letter off its dead lane for good.
async fn remove(core: &Core, lane: Lane, acker: lapin::Acker) -> Result<(), QueueError> {
    match answered(acker.ack(BasicAckOptions::default())).await {
        Ok(true) => Ok(()),
        Ok(false) | Err(_) => Err(core.lost(lane)),
    }
}

async fn get(
    core: &Core,
    channel: &Channel,
    lane: Lane,
) -> Result<Option<BasicGetMessage>, QueueError> {
    let queue = core.layout.dead(lane);
    let getting = channel.basic_get(queue.as_str().into(), BasicGetOptions::default());
    answered(async {
        match getting.await {
            Err(error) if is_missing(&error) => Ok(None),
            got => got,
        }
    })
    .await
}

fn read(got: BasicGetMessage) -> (DeadLetter, lapin::Acker) {
    let raw = got.delivery;
    let letter = parcel::unpack_dead(&raw.properties, &raw.data);
    (letter, raw.acker)
}

/// Gives back everything that this channel took, up to the `last`, and waits until that is done.
async fn give_back(channel: &Channel, last: Option<lapin::Acker>) -> Result<(), QueueError> {
    let all = BasicNackOptions {
        multiple: true,
        requeue: true,
    };
    if let Some(last) = last {
        answered(last.nack(all)).await?;
    }
    if !channel.status().connected() {
        // It ended when it asked for a queue that is not there.
        return Ok(());
    }
    answered(channel.close(200, "done".into())).await
}
