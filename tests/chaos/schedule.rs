//! What befalls a fleet and when, as data: a function of a seed and a length.
//!
//! When is said in terms of progress: in thousandths of the ledger that the calm run of the same plan comes
//! to. How long something lasts is said in milliseconds, since the heartbeats that it is to outlast are.

use std::fmt;

use proto::seed::{Rng, Seed};
use proto::topology::Lane;

/// Faults fall within so many thousandths, so that the last one finds the fleet at work.
const SPAN: usize = 850;
/// One in so many falls at the same moment as the one before.
const TOGETHER: usize = 3;
/// Workers of the fleet.
pub(super) const WORKERS: usize = 4;

/// A span of time, in milliseconds.
type Millis = u64;

/// One of the two services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// RabbitMQ.
    Broker,
    /// Redis.
    Cache,
}

/// Somebody of the fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whom {
    /// The n-th worker.
    Worker(usize),
    /// The coordinator that coordinates.
    Active,
    /// The coordinator that stands by.
    Standby,
}

/// What happens to a process of the fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Harm {
    /// It is killed, and another one comes after a while.
    Kill {
        /// Until there is another.
        away: Millis,
    },
    /// It is stopped for longer than its heartbeat, and goes on, as a ghost if it has a successor.
    Stop {
        /// For so long.
        millis: Millis,
    },
}

/// What happens to RabbitMQ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broker {
    /// It is killed, and boots again.
    Kill {
        /// Until it boots.
        away: Millis,
        /// Whether it has written down before which queues it has; otherwise it may lose them.
        noted: bool,
    },
    /// It is stopped and started in order.
    Stop {
        /// Until it is started.
        away: Millis,
    },
    /// Jobs that wait are published once more.
    Copy {
        /// In the lane of this stage.
        stage: usize,
        /// So many.
        jobs: usize,
    },
}

/// What happens to Redis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cache {
    /// It is killed with all it holds, and another one comes.
    Kill {
        /// Until there is another.
        away: Millis,
    },
    /// It forgets everything.
    Flush,
}

/// What happens on the way to a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Connections break.
    Cut {
        /// All of them, or every other one.
        all: bool,
    },
    /// Whatever is said comes late.
    Delay {
        /// By so much.
        by: Millis,
        /// For so long.
        millis: Millis,
    },
    /// Nothing is heard for longer than a heartbeat, and then everything.
    Silence {
        /// For so long.
        millis: Millis,
    },
}

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// To a process of the fleet.
    Member(Whom, Harm),
    /// To the broker.
    Broker(Broker),
    /// To the cache.
    Cache(Cache),
    /// On the way to a service.
    Way(Service, Way),
    /// The disk that the ledger is on is full.
    FullDisk {
        /// For so long.
        millis: Millis,
    },
}

impl Fault {
    /// What kind of a fault it is.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Member(Whom::Worker(_), Harm::Kill { .. }) => "worker killed",
            Self::Member(Whom::Worker(_), Harm::Stop { .. }) => "worker stopped",
            Self::Member(Whom::Active, Harm::Kill { .. }) => "coordinator killed",
            Self::Member(Whom::Active, Harm::Stop { .. }) => "coordinator stopped",
            Self::Member(Whom::Standby, Harm::Kill { .. }) => "standby killed",
            Self::Member(Whom::Standby, Harm::Stop { .. }) => "standby stopped",
            Self::Broker(Broker::Kill { .. }) => "broker killed",
            Self::Broker(Broker::Stop { .. }) => "broker stopped",
            Self::Broker(Broker::Copy { .. }) => "jobs copied",
            Self::Cache(Cache::Kill { .. }) => "cache killed",
            Self::Cache(Cache::Flush) => "cache flushed",
            Self::Way(_, Way::Cut { .. }) => "connections cut",
            Self::Way(_, Way::Delay { .. }) => "delay",
            Self::Way(_, Way::Silence { .. }) => "silence",
            Self::FullDisk { .. } => "disk full",
        }
    }
}

/// A fault and its moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blow {
    /// Thousandths of the calm run's ledger.
    pub at: u64,
    /// What happens then.
    pub fault: Fault,
}

impl fmt::Display for Blow {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:>4} ‰  {:?}", self.at, self.fault)
    }
}

/// How the faults of a schedule are made.
type Draw = fn(&mut Rng) -> Fault;

/// Each card is dealt once before any is dealt again, so that no kind is forgotten.
const DECK: [Draw; 19] = [
    |rng| Fault::Member(worker(rng), kill(rng)),
    |rng| Fault::Member(worker(rng), kill(rng)),
    |rng| Fault::Member(worker(rng), stop(rng)),
    |rng| Fault::Member(Whom::Active, kill(rng)),
    |rng| Fault::Member(Whom::Active, kill(rng)),
    |rng| Fault::Member(Whom::Active, stop(rng)),
    |rng| Fault::Member(Whom::Standby, kill(rng)),
    |rng| Fault::Member(Whom::Standby, stop(rng)),
    |rng| Fault::Broker(kill_broker(rng)),
    |rng| Fault::Broker(Broker::Stop { away: away(rng) }),
    |rng| Fault::Broker(copy(rng)),
    |rng| Fault::Broker(copy(rng)),
    |rng| Fault::Cache(Cache::Kill { away: away(rng) }),
    |_| Fault::Cache(Cache::Flush),
    |rng| Fault::Way(Service::Broker, cut(rng)),
    |rng| Fault::Way(Service::Cache, cut(rng)),
    |rng| Fault::Way(service(rng), delay(rng)),
    |rng| Fault::Way(service(rng), silence(rng)),
    full_disk,
];

/// How many faults there are of which each kind has one.
pub const ALL_KINDS: usize = DECK.len();

/// The faults of a seed, in order.
pub fn drawn(seed: u64, length: usize) -> Vec<Blow> {
    let rng = &mut Seed::root(seed).child("chaos", 0).rng();
    let mut faults = Vec::with_capacity(length);
    while faults.len() < length {
        let mut deck = DECK;
        rng.shuffle(&mut deck);
        let left = length - faults.len();
        faults.extend(deck.iter().take(left).map(|draw| draw(rng)));
    }
    let mut moments: Vec<usize> = faults.iter().map(|_| rng.below(SPAN)).collect();
    moments.sort_unstable();
    for next in 1..moments.len() {
        if rng.below(TOGETHER) == 0 {
            moments[next] = moments[next - 1];
        }
    }
    let blow = |(at, fault)| Blow {
        at: at as u64,
        fault,
    };
    moments.into_iter().zip(faults).map(blow).collect()
}

fn millis(rng: &mut Rng, least: i64, most: i64) -> Millis {
    rng.between(least, most).unsigned_abs()
}

fn away(rng: &mut Rng) -> Millis {
    millis(rng, 0, 2000)
}

/// Longer than the broker waits for a sign of life.
fn long(rng: &mut Rng) -> Millis {
    let heartbeats = 1000 * super::HEARTBEAT as i64;
    millis(rng, 3 * heartbeats, 4 * heartbeats)
}

fn service(rng: &mut Rng) -> Service {
    if rng.chance(0.7) {
        Service::Broker
    } else {
        Service::Cache
    }
}

fn worker(rng: &mut Rng) -> Whom {
    Whom::Worker(rng.below(WORKERS))
}

fn kill(rng: &mut Rng) -> Harm {
    Harm::Kill { away: away(rng) }
}

fn stop(rng: &mut Rng) -> Harm {
    Harm::Stop { millis: long(rng) }
}

fn kill_broker(rng: &mut Rng) -> Broker {
    Broker::Kill {
        away: away(rng),
        noted: rng.chance(0.7),
    }
}

fn copy(rng: &mut Rng) -> Broker {
    Broker::Copy {
        stage: rng.below(Lane::JOBS.len()),
        jobs: 1 + rng.below(8),
    }
}

fn cut(rng: &mut Rng) -> Way {
    Way::Cut {
        all: rng.chance(0.5),
    }
}

fn delay(rng: &mut Rng) -> Way {
    Way::Delay {
        by: millis(rng, 5, 50),
        millis: millis(rng, 1000, 4000),
    }
}

fn silence(rng: &mut Rng) -> Way {
    Way::Silence { millis: long(rng) }
}

fn full_disk(rng: &mut Rng) -> Fault {
    Fault::FullDisk {
        millis: millis(rng, 500, 3000),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_schedule_is_a_function_of_its_seed_and_of_every_kind() {
        let kinds = |blows: &[Blow]| {
            let kinds = blows.iter().map(|blow| blow.fault.kind());
            kinds.collect::<BTreeSet<_>>()
        };
        let all = kinds(&drawn(0, 10 * ALL_KINDS));
        for seed in 0..50 {
            let blows = drawn(seed, ALL_KINDS);
            assert_eq!(blows, drawn(seed, ALL_KINDS));
            assert_ne!(blows, drawn(seed + 1, ALL_KINDS));
            assert_eq!(kinds(&blows), all);
            assert!(blows.is_sorted_by_key(|blow| blow.at));
        }
    }
}
