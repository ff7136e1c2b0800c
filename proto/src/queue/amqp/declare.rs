//! Which queues a lane is made of, and making them.
//!
//! All are quorum queues, durable, bounded, and refuse what is beyond their bound:
//!
//! | queue | for | when a message leaves it unsettled |
//! |---|---|---|
//! | `t2t.v1.rollout` | what waits and is in hand | past the delivery limit to the dead queue |
//! | `t2t.v1.rollout.retry.5000` | what waits 5 s; made at first use | after its time back to the lane |
//! | `t2t.v1.rollout.dead` | what was rejected | stays |
//!
//! The broker moves messages between them at least once: it keeps its copy until the next queue has
//! confirmed.
//!
//! A broker that is killed while it makes a queue may be left with half of it, and from then on fail by itself
//! whenever that name is declared (`cluster_not_formed`). A rung of which this is so is passed over: the next
//! longer one does, or a shorter one several times.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lapin::options::{QueueDeclareOptions, QueueDeleteOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, Queue};

use super::super::{Lane, QueueError};
use super::settings::AmqpSettings;

/// Deliveries of a dead letter are never counted out: listing it is one. RabbitMQ 4 would take 20 for
/// want of a number, and 3.10 knows no word for "none".
const NEVER: u32 = 1_000_000_000;

pub(super) struct Layout {
    prefix: String,
    pub(super) capacity: usize,
    pub(super) dead_capacity: usize,
    delivery_limit: u32,
    rungs: Vec<Duration>,
    /// Queues that this connection has made or found as they should be.
    known: Mutex<HashSet<String>>,
    /// Queues that the broker fails to make.
    broken: Mutex<HashSet<String>>,
}

impl Layout {
    pub(super) fn new(settings: &AmqpSettings) -> Self {
        Self {
            prefix: settings.prefix.clone(),
            capacity: settings.capacity,
            dead_capacity: settings.dead_capacity,
            delivery_limit: settings.delivery_limit,
            rungs: settings.rungs.clone(),
            known: Mutex::default(),
            broken: Mutex::default(),
        }
    }

    pub(super) fn main(&self, lane: Lane) -> String {
        format!("{}{}", self.prefix, lane.queue())
    }

    pub(super) fn dead(&self, lane: Lane) -> String {
        format!("{}{}", self.prefix, lane.dead_queue())
    }

    fn rung(&self, lane: Lane, rung: Duration) -> String {
        format!("{}.retry.{}", self.main(lane), rung.as_millis())
    }

    /// Names of all rungs of a lane, whether they are made or not.
    pub(super) fn rungs(&self, lane: Lane) -> impl Iterator<Item = String> {
        self.rungs.iter().map(move |rung| self.rung(lane, *rung))
    }

    /// The rung for a delay, and what is left to wait after it. None if the broker can make none.
    pub(super) fn rung_for(
        &self,
        lane: Lane,
        after: Duration,
    ) -> Option<(Duration, Option<Duration>)> {
        let rungs = self.rungs.iter().copied();
        let mut rungs = rungs.filter(|rung| !self.is_broken(lane, *rung));
        let mut longest = rungs.next()?;
        for rung in rungs {
            if longest >= after {
                break;
            }
            longest = rung;
        }
        let left = after.saturating_sub(longest);
        Some((longest, Some(left).filter(|left| !left.is_zero())))
    }

    /// Whether the broker fails to make a rung.
    pub(super) fn is_broken(&self, lane: Lane, rung: Duration) -> bool {
        let broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        broken.contains(&self.rung(lane, rung))
    }

    /// Makes the queues of a lane, unless this connection knows them.
    pub(super) async fn ensure(&self, channel: &Channel, lane: Lane) -> Result<(), QueueError> {
        let (main, dead) = (self.main(lane), self.dead(lane));
        if !self.is_known(&dead) {
            self.declare(channel, &dead, self.dead_arguments()).await?;
        }
        if !self.is_known(&main) {
            self.declare(channel, &main, self.main_arguments(lane))
                .await?;
        }
        Ok(())
    }

    /// Makes a rung of a lane, unless known, and gives its name.
    pub(super) async fn ensure_rung(
        &self,
        channel: &Channel,
        lane: Lane,
        rung: Duration,
    ) -> Result<String, QueueError> {
        let name = self.rung(lane, rung);
        if !self.is_known(&name) {
            self.declare(channel, &name, self.rung_arguments(lane, rung))
                .await?;
        }
        Ok(name)
    }

    /// Forgets a lane's queues, so that they are made again.
    pub(super) fn forget(&self, lane: Lane) {
        let main = self.main(lane);
        self.known().retain(|name| {
            !name.starts_with(&main) || name[main.len()..].starts_with(char::is_alphanumeric)
        });
    }

    /// Whether every queue of a lane is known to be there.
    pub(super) fn knows(&self, lane: Lane) -> bool {
        let known = self.known();
        known.contains(&self.main(lane)) && known.contains(&self.dead(lane))
    }

    pub(super) fn knows_rung(&self, lane: Lane, rung: Duration) -> Option<String> {
        Some(self.rung(lane, rung)).filter(|name| self.is_known(name))
    }

    /// Deletes every queue of a lane.
    pub(super) async fn delete(&self, channel: &Channel, lane: Lane) -> Result<(), lapin::Error> {
        // The lane first, so that nothing runs out of a rung into the dead queue.
        for name in [self.main(lane)]
            .into_iter()
            .chain(self.rungs(lane))
            .chain([self.dead(lane)])
        {
            channel
                .queue_delete(name.as_str().into(), QueueDeleteOptions::default())
                .await?;
        }
        self.forget(lane);
        Ok(())
    }

    fn main_arguments(&self, lane: Lane) -> FieldTable {
        let mut table = bounded(self.capacity);
        table.insert("x-delivery-limit".into(), number(self.delivery_limit));
        leads_to(&mut table, &self.dead(lane));
        if matches!(lane, Lane::Outcomes(_)) {
            table.insert("x-single-active-consumer".into(), AMQPValue::Boolean(true));
        }
        table
    }

    fn dead_arguments(&self) -> FieldTable {
        let mut table = bounded(self.dead_capacity);
        table.insert("x-delivery-limit".into(), number(NEVER));
        table
    }

    fn rung_arguments(&self, lane: Lane, rung: Duration) -> FieldTable {
        let mut table = bounded(self.capacity);
        let time = u32::try_from(rung.as_millis()).unwrap_or(u32::MAX);
        table.insert("x-message-ttl".into(), number(time));
        leads_to(&mut table, &self.main(lane));
        table
    }

    async fn declare(
        &self,
        channel: &Channel,
        name: &str,
        arguments: FieldTable,
    ) -> Result<(), QueueError> {
        let options = QueueDeclareOptions {
            durable: true,
            ..QueueDeclareOptions::default()
        };
        channel
            .queue_declare(name.into(), options, arguments)
            .await
            .map_err(|error| {
                if is_the_brokers_own(&error) {
                    let mut broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
                    broken.insert(name.to_owned());
                }
                undeclared(name, &error)
            })?;
        self.known().insert(name.to_owned());
        Ok(())
    }

    fn is_known(&self, name: &str) -> bool {
        self.known().contains(name)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a queue holds and who listens, if there is one.
pub(super) async fn look(channel: &Channel, name: &str) -> Result<Option<Queue>, lapin::Error> {
    let options = QueueDeclareOptions {
        passive: true,
        ..QueueDeclareOptions::default()
    };
    let found = channel
        .queue_declare(name.into(), options, FieldTable::default())
        .await;
    match found {
        Ok(queue) => Ok(Some(queue)),
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether the broker said that a queue does not exist.
pub(super) fn is_missing(error: &lapin::Error) -> bool {
    matches!(error.kind(), lapin::ErrorKind::ProtocolError(said) if said.get_id() == 404)
}

/// Whether the broker failed by itself.
fn is_the_brokers_own(error: &lapin::Error) -> bool {
    matches!(error.kind(), lapin::ErrorKind::ProtocolError(said) if said.get_id() == 541)
}

fn number(value: u32) -> AMQPValue {
    AMQPValue::LongLongInt(i64::from(value))
}

fn word(text: &str) -> AMQPValue {
    AMQPValue::LongString(text.into())
}

fn bounded(capacity: usize) -> FieldTable {
    let capacity = u32::try_from(capacity).unwrap_or(u32::MAX);
    let mut table = FieldTable::default();
    table.insert("x-queue-type".into(), word("quorum"));
    table.insert("x-max-length".into(), number(capacity));
    table.insert("x-overflow".into(), word("reject-publish"));
    table
}

/// Where the broker moves messages, keeping its copy until they have arrived.
fn leads_to(table: &mut FieldTable, queue: &str) {
    table.insert("x-dead-letter-exchange".into(), word(""));
    table.insert("x-dead-letter-routing-key".into(), word(queue));
    table.insert("x-dead-letter-strategy".into(), word("at-least-once"));
}

/// What a failed declaration means.
fn undeclared(queue: &str, error: &lapin::Error) -> QueueError {
    let lapin::ErrorKind::ProtocolError(said) = error.kind() else {
        return QueueError::Unreachable(error.to_string());
    };
    let text = said.get_message().as_str();
    match said.get_id() {
        406 => difference(queue, text),
        403 => QueueError::Refused(format!(
            "the queue {queue} may not be declared: {text}: grant the user configure, write and \
             read on it"
        )),
        _ => QueueError::Unreachable(format!("{queue}: {text}")),
    }
}

/// Reads the broker's words about a queue that exists with other arguments: `inequivalent arg
/// 'x-max-length' for queue 'q' in vhost '/': received the value '8' of type 'long' but current is the
/// value '4' of type 'long'`, where either side may be `none`.
fn difference(queue: &str, text: &str) -> QueueError {
    let quoted = |text: &str| text.split('\'').nth(1).map(str::to_owned);
    let parts = text
        .split_once(" arg ")
        .zip(text.split_once("received "))
        .and_then(|((_, argument), (_, values))| {
            let (wanted, found) = values.split_once(" but current is ")?;
            let value = |side: &str| quoted(side).unwrap_or_else(|| "none".to_owned());
            Some((quoted(argument)?, value(wanted), value(found)))
        });
    match parts {
        Some((argument, wanted, found)) => QueueError::Differs {
            queue: queue.to_owned(),
            argument,
            wanted,
            found,
        },
        None => QueueError::Refused(format!(
            "the queue {queue} exists with other arguments: {text}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topology::Instance;

    fn layout() -> Layout {
        Layout::new(&AmqpSettings::new("amqp://host"))
    }

    #[test]
    fn a_delay_takes_the_next_longer_rung() {
        let second = Duration::from_secs(1);
        let layout = layout();
        let rung = |after| layout.rung_for(Lane::Rollout, after);
        assert_eq!(rung(second / 2), Some((second, None)));
        assert_eq!(rung(second), Some((second, None)));
        assert_eq!(rung(second * 2), Some((second * 5, None)));
        let rest = Some(second * 400);
        assert_eq!(rung(second * 1000), Some((second * 600, rest)));
    }

    #[test]
    fn a_rung_that_the_broker_fails_to_make_is_passed_over() {
        let second = Duration::from_secs(1);
        let layout = layout();
        let breaks = |rung: Duration| {
            let name = layout.rung(Lane::Rollout, rung);
            layout.broken.lock().unwrap().insert(name);
        };
        let rung = |after| layout.rung_for(Lane::Rollout, after);
        breaks(second * 5);
        assert_eq!(rung(second * 5), Some((second * 30, None)));
        assert_eq!(rung(second), Some((second, None)));
        assert_eq!(
            layout.rung_for(Lane::Verify, second * 5),
            Some((second * 5, None))
        );
        breaks(second * 600);
        let rest = Some(second * 480);
        assert_eq!(rung(second * 600), Some((second * 120, rest)));
        for left in [1, 30, 120] {
            breaks(second * left);
        }
        assert_eq!(rung(second), None);
    }

    #[test]
    fn a_lane_is_forgotten_with_its_rungs_and_no_other() {
        let layout = layout();
        let lane = Lane::Outcomes(Instance([1; 8]));
        for name in [
            layout.main(lane),
            layout.dead(lane),
            layout.rung(lane, Duration::from_secs(1)),
            layout.main(Lane::Rollout),
        ] {
            layout.known().insert(name);
        }
        layout.forget(lane);
        assert_eq!(
            layout.known().iter().collect::<Vec<_>>(),
            [&layout.main(Lane::Rollout)]
        );
    }

    #[test]
    fn the_brokers_words_on_other_arguments_are_read() {
        let text = "PRECONDITION_FAILED - inequivalent arg 'x-max-length' for queue 'q' in vhost \
                    '/': received the value '8' of type 'long' but current is the value '4' of \
                    type 'long'";
        let error = difference("q", text).to_string();
        for part in ["q ", "x-max-length", "4", "8", "delete"] {
            assert!(error.contains(part), "no `{part}` in: {error}");
        }
        let text = "PRECONDITION_FAILED - inequivalent arg 'x-delivery-limit' for queue 'q' in \
                    vhost '/': received none but current is the value '4' of type 'long'";
        assert!(matches!(
            difference("q", text),
            QueueError::Differs { wanted, found, .. } if wanted == "none" && found == "4"
        ));
        let odd = difference("q", "PRECONDITION_FAILED - something else").to_string();
        assert!(odd.contains("something else"), "{odd}");
    }
}
