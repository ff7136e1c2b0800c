//! What befalls a simulated fleet: a setting and a list of operations, drawn from a seed, written and
//! read as JSON.

use proto::seed::{Rng, Seed};
use serde::{Deserialize, Serialize};

/// Most operations of a drawn case.
const MOST: usize = 24;
/// Operations of a drawn case fall within so many milliseconds, mostly: about as long as a calm run.
const SPAN: i64 = 25_000;
/// Some fall later, when a run waits for what it lost.
const LATE: i64 = 300_000;

/// One simulation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What it showed when it was kept.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub about: String,
    /// What the jobs come to, and in which order things happen at one moment.
    pub(super) seed: u64,
    /// The fleet.
    pub(super) setting: Setting,
    /// What befalls it.
    pub(super) operations: Vec<Operation>,
    /// A planted fault of the fleet itself, in tests of the simulation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flaw: Option<Flaw>,
}

/// A fleet and its run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Setting {
    /// Slots of the plan.
    pub(super) tasks: u32,
    /// Workers.
    pub(super) workers: u8,
    /// Jobs at once, of a worker.
    pub(super) slots: u8,
    /// Jobs in flight.
    pub(super) window: u8,
    /// Most messages in a lane.
    pub(super) capacity: u16,
    /// Whether the lane of outcomes serves one coordinator at a time.
    pub(super) sole: bool,
    /// Whether a worker can make the world anew that the store forgot.
    pub(super) recipe: bool,
    /// Whether one job kills whoever does it.
    pub(super) poison: bool,
    /// Deliveries taken from behind the front, in hundredths.
    pub(super) reorder: u8,
    /// Messages delivered twice, in hundredths.
    pub(super) duplicate: u8,
    /// Settlements that are lost, in hundredths.
    pub(super) lose: u8,
}

impl Setting {
    /// A small fleet in fair weather.
    pub(super) const CALM: Self = Self {
        tasks: 4,
        workers: 1,
        slots: 1,
        window: 8,
        capacity: 4096,
        sole: true,
        recipe: true,
        poison: false,
        reorder: 0,
        duplicate: 0,
        lose: 0,
    };
}

/// Something that happens at a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Operation {
    /// Milliseconds since the beginning.
    pub(super) at: u64,
    /// What.
    pub(super) act: Act,
}

/// What happens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Act {
    /// A process dies, at the n-th crossing of a seam from now.
    Crash { who: Who, crossings: u32 },
    /// A process stops at the n-th crossing, and goes on after so many milliseconds.
    Freeze {
        who: Who,
        crossings: u32,
        millis: u64,
    },
    /// The broker takes a process for gone: what it has in hand goes to others.
    Sever { who: Who },
    /// A worker is told to stop, and ends in order.
    Drain { worker: u8 },
    /// The next publication of a process.
    Publish { who: Who, fate: Fate },
    /// The next settlement of a process.
    Settle { who: Who, fate: Fate },
    /// The next job of a worker, if that may end so.
    End { worker: u8, ending: Ending },
    /// A message that went through a lane is published once more.
    Copy { lane: u8, back: u8 },
    /// The broker forgets what waits in a lane.
    Wipe { lane: u8 },
    /// Another coordinator comes.
    Second { standby: bool },
    /// The store forgets everything.
    Flush,
    /// The next calls of the store fail.
    Unreachable { calls: u8 },
    /// The store gives nothing the next times it is asked, as for what does not verify.
    Miss { calls: u8 },
}

/// A process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Who {
    /// Of the coordinators that live, the n-th, counted round.
    Coordinator(u8),
    /// The n-th worker, counted round.
    Worker(u8),
}

/// What came of an operation, and what is said of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fate {
    /// Whether it happened.
    pub(super) happened: bool,
    /// What is said.
    pub(super) reported: Report,
}

impl Fate {
    /// As it should be.
    pub(super) const FAIR: Self = Self {
        happened: true,
        reported: Report::Done,
    };
}

/// What a process is told of its operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Report {
    /// That it was done.
    Done,
    /// That nobody knows.
    Unknown,
    /// That it was not done.
    Failed,
}

/// How a job ends that comes to no outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Ending {
    /// A service is down.
    Later,
    /// It failed and may be tried again.
    Again,
    /// The worker had it for long enough.
    HandBack,
    /// Its own process died.
    Crashed,
}

/// A fault that is planted into the fleet, to see that the simulation finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flaw {
    /// Nobody asks again for what is not answered.
    Impatient,
    /// A job that comes again comes to something else.
    Fickle,
    /// A job is condemned the second time it comes.
    Rash,
}

impl Case {
    /// How many operations it has.
    pub fn length(&self) -> usize {
        self.operations.len()
    }

    /// The same, with a fault planted into the fleet.
    #[must_use]
    pub fn with(self, flaw: Flaw) -> Self {
        Self {
            flaw: Some(flaw),
            ..self
        }
    }

    /// The case of a seed.
    pub fn drawn(seed: u64) -> Self {
        let rng = &mut Seed::root(seed).child("simulation", 0).rng();
        let setting = setting(rng);
        let count = rng.below(MOST + 1);
        let mut operations: Vec<Operation> = (0..count)
            .map(|_| Operation {
                at: moment(rng),
                act: act(rng),
            })
            .collect();
        operations.sort_by_key(|operation| operation.at);
        Self {
            about: String::new(),
            seed,
            setting,
            operations,
            flaw: None,
        }
    }
}

fn setting(rng: &mut Rng) -> Setting {
    let percent = |rng: &mut Rng, most: usize| {
        if rng.chance(0.5) {
            0
        } else {
            rng.below(most + 1) as u8
        }
    };
    Setting {
        tasks: 3 + rng.below(6) as u32,
        workers: 1 + rng.below(3) as u8,
        slots: 1 + rng.below(4) as u8,
        window: 2 + rng.below(15) as u8,
        capacity: if rng.chance(0.3) {
            1 + rng.below(6) as u16
        } else {
            4096
        },
        sole: rng.chance(0.7),
        recipe: rng.chance(0.7),
        poison: rng.chance(0.2),
        reorder: percent(rng, 60),
        duplicate: percent(rng, 30),
        lose: percent(rng, 25),
    }
}

fn moment(rng: &mut Rng) -> u64 {
    let latest = if rng.chance(0.15) { LATE } else { SPAN };
    rng.between(0, latest) as u64
}

fn who(rng: &mut Rng) -> Who {
    if rng.chance(0.5) {
        Who::Coordinator(rng.below(3) as u8)
    } else {
        Who::Worker(rng.below(3) as u8)
    }
}

fn fate(rng: &mut Rng) -> Fate {
    let reports = [Report::Done, Report::Unknown, Report::Failed];
    Fate {
        happened: rng.chance(0.5),
        reported: reports[rng.below(reports.len())],
    }
}

fn act(rng: &mut Rng) -> Act {
    let worker = rng.below(3) as u8;
    let lane = rng.below(5) as u8;
    match rng.weighted(&[5, 5, 3, 2, 5, 5, 4, 4, 1, 2, 1, 1, 1]) {
        Some(0) => Act::Crash {
            who: who(rng),
            crossings: rng.below(60) as u32,
        },
        Some(1) => Act::Freeze {
            who: who(rng),
            crossings: rng.below(60) as u32,
            millis: rng.between(100, 40_000) as u64,
        },
        Some(2) => Act::Sever { who: who(rng) },
        Some(3) => Act::Drain { worker },
        Some(4) => Act::Publish {
            who: who(rng),
            fate: fate(rng),
        },
        Some(5) => Act::Settle {
            who: who(rng),
            fate: fate(rng),
        },
        Some(6) => Act::End {
            worker,
            ending: ending(rng),
        },
        Some(7) => Act::Copy {
            lane,
            back: rng.below(40) as u8,
        },
        Some(8) => Act::Wipe { lane },
        Some(9) => Act::Second {
            standby: rng.chance(0.8),
        },
        Some(10) => Act::Flush,
        Some(11) => Act::Unreachable {
            calls: 1 + rng.below(4) as u8,
        },
        _ => Act::Miss {
            calls: 1 + rng.below(4) as u8,
        },
    }
}

fn ending(rng: &mut Rng) -> Ending {
    let endings = [
        Ending::Later,
        Ending::Again,
        Ending::HandBack,
        Ending::Crashed,
    ];
    endings[rng.below(endings.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_a_function_of_its_seed_and_reads_back() {
        for seed in 0..200 {
            let case = Case::drawn(seed);
            assert_eq!(case, Case::drawn(seed));
            let text = serde_json::to_string(&case).unwrap();
            assert_eq!(serde_json::from_str::<Case>(&text).unwrap(), case);
        }
        assert_ne!(Case::drawn(1).operations, Case::drawn(2).operations);
    }
}
