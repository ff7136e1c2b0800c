//! One hand-over of a job, as far as the one who does it must know.

use std::time::Duration;

use proto::queue::Delivery;
use proto::topology::{ATTEMPT_HEADER, CRASHES_HEADER, Instance, PUT_OFF_HEADER};
use tokio_util::sync::CancellationToken;

use crate::chat::journal::{Journal, millis};
use crate::chat::put_off::PutOff;

/// Attempts of a job before it fails for good.
pub const ATTEMPTS: u32 = 5;
/// Deaths of a job's own process before the job is poison.
pub const CRASHES: u32 = 3;
/// Redeliveries from which on a job is done in a process of its own.
const SUSPECT: u32 = 3;
/// Waits before the second attempt and those after it, in seconds. A queue delays by its rungs, and a wait
/// between two of them takes the longer one: these are rungs that are there by default. A job that fails for
/// good is known to in about three minutes, in which a fleet that is upgraded gets its first new workers.
const BACKOFFS: [u64; ATTEMPTS as usize - 1] = [5, 30, 30, 120];

/// One hand-over of a job.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// Which attempt it is, from 1.
    pub number: u32,
    /// Processes that died of it.
    pub crashes: u32,
    /// How many hand-overs ended unsettled before, as far as the queue knows.
    pub redeliveries: u32,
    /// Who asks.
    pub instance: Instance,
    /// Cancelled when the job should be handed back at its next resting place.
    pub hand_back: CancellationToken,
    /// Where what is sent to models is noted.
    pub journal: Journal,
    /// How long servers of models have put the job off.
    pub put_off: PutOff,
}

impl Attempt {
    pub(super) fn of(delivery: &Delivery, hand_back: CancellationToken) -> Self {
        let headers = &delivery.message().headers;
        let number = |name: &str| headers.get(name).and_then(|text| text.parse().ok());
        let put_off = headers
            .get(PUT_OFF_HEADER)
            .and_then(|text| text.parse().ok());
        let instance = headers.get(proto::topology::INSTANCE_HEADER);
        Self {
            number: number(ATTEMPT_HEADER).unwrap_or(1),
            crashes: number(CRASHES_HEADER).unwrap_or(0),
            redeliveries: delivery.redeliveries(),
            instance: instance
                .and_then(|text| text.parse().ok())
                .unwrap_or(Instance::EMBEDDED),
            hand_back,
            journal: Journal::default(),
            put_off: PutOff::after(Duration::from_millis(put_off.unwrap_or_default())),
        }
    }

    /// Writes what a next hand-over has to know of this one.
    pub(super) fn leave(&self, delivery: &mut Delivery) {
        let put_off = self.put_off.so_far();
        if !put_off.is_zero() {
            let put_off = millis(put_off).to_string();
            delivery
                .headers_mut()
                .insert(PUT_OFF_HEADER.to_owned(), put_off);
        } else if delivery.message().headers.contains_key(PUT_OFF_HEADER) {
            delivery.headers_mut().remove(PUT_OFF_HEADER);
        }
    }

    /// Whether it may be the job that brings its workers down.
    pub fn suspect(&self) -> bool {
        self.crashes > 0 || self.redeliveries >= SUSPECT
    }
}

/// How long to wait before what has failed so often is tried again.
pub(super) fn backoff(failed: u32) -> Duration {
    let place = (failed.max(1) - 1) as usize;
    Duration::from_secs(BACKOFFS[place.min(BACKOFFS.len() - 1)])
}

#[cfg(test)]
mod tests {
    use proto::queue::AmqpSettings;

    use super::*;

    #[test]
    fn a_queue_has_each_backoff_as_a_rung() {
        let rungs = AmqpSettings::new("amqp://broker").rungs;
        let waits: Vec<Duration> = (1..ATTEMPTS).map(backoff).collect();
        assert!(waits.iter().all(|wait| rungs.contains(wait)), "{waits:?}");
        assert!(waits.is_sorted(), "{waits:?}");
        assert_eq!(backoff(0), waits[0]);
        assert_eq!(backoff(u32::MAX), *waits.last().unwrap());
    }
}
