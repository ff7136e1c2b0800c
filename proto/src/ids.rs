//! Identities. Every id is derived from content, so doing a thing twice names it the same.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Digest);

        impl $name {
            /// What a printed id of this kind begins with.
            pub const PREFIX: &'static str = $prefix;
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}_", $prefix)?;
                self.0.0[..12].iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{self}")
            }
        }
    };
}

id!(
    /// A plan with a seed: the digest of everything that changes the result of a given job.
    RunId, "run"
);
id!(
    /// One queue item: digest of run, stage, slot, candidate and parameters.
    JobId, "job"
);
id!(
    /// The problem given to an agent.
    TaskId, "task"
);
id!(
    /// One conversation of an agent with a simulated user over a task.
    EpisodeId, "episode"
);
id!(
    /// Content of a world: base id plus normalised changes.
    StateId, "state"
);
id!(
    /// A base world, generated or loaded.
    BaseId, "base"
);
id!(
    /// What a user wants, normalised: start state, scenario, kind and resolved goals.
    IntentId, "intent"
);
