//! Every name that a broker or a cache knows the project by, in one table.

use std::fmt;

/// Major version of the wire; part of every job queue's name, so that a worker never takes a job it
/// can't read.
pub const WIRE_MAJOR: u8 = 1;

/// What a queue carries. Jobs have one lane per stage, shared by runs; outcomes have one lane per
/// instance of a coordinator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// Jobs that explore a world.
    Explore,
    /// Jobs that make a task draft of a trajectory.
    Synthesize,
    /// Jobs that prove a draft.
    Verify,
    /// Jobs that make an episode.
    Rollout,
    /// Outcomes on their way to the coordinator.
    Outcomes,
}

impl Lane {
    /// All lanes, in the order of the pipeline.
    pub const ALL: [Self; 5] = [
        Self::Explore,
        Self::Synthesize,
        Self::Verify,
        Self::Rollout,
        Self::Outcomes,
    ];

    /// Short name, as in settings, metrics and queue names.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Explore => "explore",
            Self::Synthesize => "synthesize",
            Self::Verify => "verify",
            Self::Rollout => "rollout",
            Self::Outcomes => "outcomes",
        }
    }

    /// Place in [`Lane::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The lane called `name`.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lane| lane.name() == name)
    }

    /// Name of the queue on a broker; `instance` counts for outcomes only.
    pub fn queue(self, instance: &str) -> String {
        match self {
            Self::Outcomes => format!("t2t.v{WIRE_MAJOR}.{}.{instance}", self.name()),
            Self::Explore | Self::Synthesize | Self::Verify | Self::Rollout => {
                format!("t2t.v{WIRE_MAJOR}.{}", self.name())
            }
        }
    }

    /// Name of the queue that keeps what this lane's consumers rejected.
    pub fn dead_queue(self, instance: &str) -> String {
        format!("{}.dead", self.queue(instance))
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_places_agree() {
        for (index, lane) in Lane::ALL.into_iter().enumerate() {
            assert_eq!(lane.index(), index);
            assert_eq!(Lane::named(lane.name()), Some(lane));
        }
        assert_eq!(Lane::named("exploring"), None);
    }

    #[test]
    fn only_outcomes_belong_to_an_instance() {
        assert_eq!(Lane::Rollout.queue("a1"), "t2t.v1.rollout");
        assert_eq!(Lane::Outcomes.queue("a1"), "t2t.v1.outcomes.a1");
        assert_eq!(Lane::Outcomes.dead_queue("a1"), "t2t.v1.outcomes.a1.dead");
    }
}
