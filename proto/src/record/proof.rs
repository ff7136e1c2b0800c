//! Why a task was admitted: per check and control its seed, verdict and conversation digest. The
//! conversations themselves are not kept; `verify` runs them again.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// The checks of a proof, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// P1: golden replays without error into an expected state.
    Replay,
    /// P2: every golden argument is known or was observed.
    Grounded,
    /// P3: golden breaks no rule.
    Lawful,
    /// P4: the gold agent earns 1 on several user seeds.
    Solvable,
    /// P5: agents that do nothing useful earn 0.
    Null,
    /// P6: golden with a write dropped, added or tampered with earns 0.
    Sharp,
    /// P7: agents that miss the scenario earn 0.
    Scenario,
    /// P8: the ambiguity, change or infeasibility exists in the world.
    Real,
    /// P9: the texts say what the intent says, no more and no less.
    Text,
    /// P10: most votes of a language model take the task for natural and consistent. Only in plans that
    /// ask for it.
    Validity,
}

impl Check {
    /// All of them, in order.
    pub const ALL: [Self; 10] = [
        Self::Replay,
        Self::Grounded,
        Self::Lawful,
        Self::Solvable,
        Self::Null,
        Self::Sharp,
        Self::Scenario,
        Self::Real,
        Self::Text,
        Self::Validity,
    ];

    /// Number and word, as in reports.
    pub fn label(self) -> &'static str {
        match self {
            Self::Replay => "P1 replay",
            Self::Grounded => "P2 grounded",
            Self::Lawful => "P3 lawful",
            Self::Solvable => "P4 solvable",
            Self::Null => "P5 null",
            Self::Sharp => "P6 sharp",
            Self::Scenario => "P7 scenario",
            Self::Real => "P8 real",
            Self::Text => "P9 text",
            Self::Validity => "P10 validity",
        }
    }
}

/// One run of a scripted agent within a proof, or one vote of a judge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// The scripted agent, such as `refuser:not_pending`; the judge, such as `model:small`.
    pub agent: String,
    /// Number of the user's seed; of the vote.
    pub seed: u32,
    /// What it earned: 0 or 1. A vote for the task is 1.
    pub reward: u8,
    /// Digest of the conversation; of what was said with the vote.
    pub conversation: Digest,
}

/// One check that holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Passed {
    /// Which.
    pub check: Check,
    /// Scripted runs or votes it rests on; empty for checks that run nobody.
    pub trials: Vec<Trial>,
    /// Controls that mean nothing for this task.
    pub not_applicable: Vec<String>,
}

/// Every check, held.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Proof {
    /// In order.
    pub checks: Vec<Passed>,
}
