//! What is kept of every task and of every agent's trials at it: fixed-size entries, whatever the
//! length of a conversation.

use proto::record::{Kind, Scenario};

/// How many trials of one task and agent can be told apart: one bit each.
pub const MAX_TRIALS: u32 = u64::BITS;

/// A row of the tables: a scenario, with the twins in one of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stratum {
    /// Tasks of a scenario, twins left out.
    Of(Scenario),
    /// Feasible twins of infeasible tasks.
    Twin,
}

impl Stratum {
    /// All of them, in the order of reports.
    pub const ALL: [Self; 5] = [
        Self::Of(Scenario::General),
        Self::Of(Scenario::Ambiguous),
        Self::Of(Scenario::Changing),
        Self::Of(Scenario::Infeasible),
        Self::Twin,
    ];

    /// Where a task of this scenario and kind belongs.
    pub fn of(scenario: Scenario, kind: &Kind) -> Self {
        match kind {
            Kind::Twin => Self::Twin,
            Kind::Plain | Kind::Hidden(_) | Kind::Changed(..) | Kind::Blocked(_) => {
                Self::Of(scenario)
            }
        }
    }

    /// As written in reports.
    pub fn label(self) -> &'static str {
        match self {
            Self::Of(scenario) => scenario.label(),
            Self::Twin => "twin",
        }
    }
}

/// What is kept of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskEntry {
    /// Its row.
    pub stratum: Stratum,
    /// Whether it needs a write.
    pub write: bool,
    /// Index of its twin, once that is known.
    pub twin: Option<u32>,
}

/// What is kept of one agent's trials at a task: a bit a trial.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Entry {
    /// The agent is answerable for the ending.
    pub scored: u64,
    /// Scored, and the reward is 1.
    pub passed: u64,
    /// Scored, and it would be 1 if a lucky guess counted.
    pub lenient: u64,
    /// Left out of every score.
    pub quarantined: u64,
}

impl Entry {
    /// Trials with an episode.
    pub fn seen(&self) -> u64 {
        self.scored | self.quarantined
    }

    /// The trials by themselves.
    pub fn alone(&self) -> Trials {
        Trials {
            scored: self.scored,
            passed: self.passed,
            lenient: self.lenient,
            unknown: self.quarantined,
            possible: self.quarantined,
        }
    }

    /// The trials of an infeasible task, each with the same trial of its twin. A trial succeeds when
    /// both conversations do, has a score when both have, and cannot succeed any more when either
    /// failed.
    pub fn with_twin(&self, twin: &Self) -> Trials {
        let scored = self.scored & twin.scored;
        let unknown = (self.seen() | twin.seen()) & !scored;
        let failed = (self.scored & !self.passed) | (twin.scored & !twin.passed);
        Trials {
            scored,
            passed: self.passed & twin.passed,
            lenient: self.lenient & twin.lenient,
            unknown,
            possible: unknown & !failed,
        }
    }
}

/// Trials as a table counts them: a bit each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Trials {
    /// With a score.
    pub scored: u64,
    /// Of them, successes.
    pub passed: u64,
    /// Of them, successes when a lucky guess counts.
    pub lenient: u64,
    /// Without a score.
    pub unknown: u64,
    /// Of these, those that might have been successes.
    pub possible: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_infeasible_success_needs_its_twin() {
        // Trials 0 to 3: both pass, only the task, only the twin, neither; 4 and 5: one conversation
        // is quarantined beside a pass or a failure; 6: the twin is missing.
        let task = Entry {
            scored: 0b110_1111,
            passed: 0b101_0011 & 0b110_1111,
            lenient: 0b100_0011,
            quarantined: 0b001_0000,
        };
        let twin = Entry {
            scored: 0b011_1111 & !0b010_0000,
            passed: 0b001_0101,
            lenient: 0b001_0101,
            quarantined: 0b010_0000,
        };
        let pair = task.with_twin(&twin);
        assert_eq!(pair.scored, 0b000_1111);
        assert_eq!(pair.passed, 0b000_0001);
        assert_eq!(pair.unknown, 0b111_0000);
        assert_eq!(
            pair.possible, 0b101_0000,
            "trial 5 failed the task, so it cannot pass"
        );
        assert_eq!(task.alone().possible, task.quarantined);
    }

    #[test]
    fn entries_stay_small() {
        assert!(size_of::<Entry>() <= 32);
        assert!(size_of::<TaskEntry>() <= 12);
    }

    #[test]
    fn a_twin_has_its_own_row() {
        assert_eq!(Stratum::of(Scenario::General, &Kind::Twin), Stratum::Twin);
        let blocked = Kind::Blocked("r".to_owned());
        assert_eq!(
            Stratum::of(Scenario::Infeasible, &blocked).label(),
            "infeasible"
        );
    }
}
