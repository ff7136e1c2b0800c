//! Every name that a broker or a cache knows the project by, in one table.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::job::Stage;
use crate::wire;

/// Header of a job that names the [`Instance`] its outcome goes to.
pub const INSTANCE_HEADER: &str = "t2t-instance";

/// Header of a job: in which epoch of its coordinator's ledger it was published, so that a dead letter
/// tells whether that coordinator still waits for it.
pub const EPOCH_HEADER: &str = "t2t-epoch";

/// Header of a job: which attempt it is, from 1; absent on the first.
pub const ATTEMPT_HEADER: &str = "t2t-attempt";

/// Header of a job: how many processes died of it; absent for none.
pub const CRASHES_HEADER: &str = "t2t-crashes";

/// Header of a job: milliseconds for which servers of models have put it off since one last answered it; absent
/// for none.
pub const PUT_OFF_HEADER: &str = "t2t-put-off";

/// Header of what a worker tells beside an outcome: the name of the notice.
pub const NOTICE_HEADER: &str = "t2t-notice";

/// Header of a message on a lane of outcomes that only asks who listens there.
pub const PROBE_HEADER: &str = "t2t-probe";

/// Names one instance of a coordinator: drawn once for an output folder and kept there. It is an
/// address and says nothing about results.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instance(pub [u8; 8]);

impl Instance {
    /// The one instance of a coordinator that shares its queue with nobody.
    pub const EMBEDDED: Self = Self([0; 8]);
}

impl fmt::Display for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", u64::from_be_bytes(self.0))
    }
}

impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// A text that names no instance.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not an instance: expected 16 hexadecimal digits in lower case")]
pub struct ParseInstanceError(String);

impl FromStr for Instance {
    type Err = ParseInstanceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u64::from_str_radix(text, 16)
            .ok()
            .map(|number| Self(number.to_be_bytes()))
            // One spelling only: the text is a part of queue names.
            .filter(|instance| instance.to_string() == text)
            .ok_or_else(|| ParseInstanceError(text.to_owned()))
    }
}

impl Serialize for Instance {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            self.0.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Instance {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = String::deserialize(deserializer)?;
            text.parse().map_err(serde::de::Error::custom)
        } else {
            Ok(Self(<[u8; 8]>::deserialize(deserializer)?))
        }
    }
}

/// The address of a queue. Jobs have one lane per stage, shared by runs; outcomes have one lane per
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
    /// Outcomes on their way to this coordinator.
    Outcomes(Instance),
}

impl Lane {
    /// The lanes of jobs, in the order of the pipeline.
    pub const JOBS: [Self; 4] = [Self::Explore, Self::Synthesize, Self::Verify, Self::Rollout];

    /// The lane of a stage's jobs.
    pub const fn of(stage: Stage) -> Self {
        match stage {
            Stage::Explore => Self::Explore,
            Stage::Synthesize => Self::Synthesize,
            Stage::Verify => Self::Verify,
            Stage::Rollout => Self::Rollout,
        }
    }

    /// The stage whose jobs it carries; none of outcomes.
    pub const fn stage(self) -> Option<Stage> {
        match self {
            Self::Explore => Some(Stage::Explore),
            Self::Synthesize => Some(Stage::Synthesize),
            Self::Verify => Some(Stage::Verify),
            Self::Rollout => Some(Stage::Rollout),
            Self::Outcomes(_) => None,
        }
    }

    /// What it carries, as in settings and metrics: a handful of names, however many instances there
    /// are.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Explore => "explore",
            Self::Synthesize => "synthesize",
            Self::Verify => "verify",
            Self::Rollout => "rollout",
            Self::Outcomes(_) => "outcomes",
        }
    }

    /// The lane that prints as `text`: `rollout`, `outcomes.0123456789abcdef`.
    pub fn named(text: &str) -> Option<Self> {
        match text.strip_prefix("outcomes.") {
            Some(instance) => instance.parse().ok().map(Self::Outcomes),
            None => Self::JOBS.into_iter().find(|lane| lane.name() == text),
        }
    }

    /// Name of the queue on a broker. `v1` in it is the version of [`wire`], so that nobody takes a
    /// message that it can't read.
    pub fn queue(self) -> String {
        format!("t2t.v{}.{self}", wire::VERSION)
    }

    /// Name of the queue that keeps what this lane's consumers rejected.
    pub fn dead_queue(self) -> String {
        format!("{}.dead", self.queue())
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Outcomes(instance) => write!(f, "outcomes.{instance}"),
            Self::Explore | Self::Synthesize | Self::Verify | Self::Rollout => {
                f.write_str(self.name())
            }
        }
    }
}

/// What a shared store keeps, each under keys of its own:
///
/// | shelf | key | default time to live | database |
/// |---|---|---|---|
/// | snapshots | `PREFIX:v1:snap:DIGEST` | 7 days, renewed by use | worlds |
/// | replies | `PREFIX:v1:reply:RUN:KEY` | 30 days | lasting |
/// | leases | `PREFIX:v1:lease:NAME` | the caller's | lasting |
/// | board | `PREFIX:v1:board:SECTION` | the caller's | lasting |
/// | throttle | `PREFIX:v1:rate:{MODEL}:state`, `…:open` | 5 minutes, renewed by use | lasting |
/// | budgets | `PREFIX:v1:budget:RUN` | 30 days, renewed by use | lasting |
///
/// `v1` is the version of [`wire`], so releases that can't read each other's bytes never meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Shelf {
    /// Immutable bytes under their digest.
    Snapshots,
    /// What models answered.
    Replies,
    /// Who is at what.
    Leases,
    /// Short-lived facts.
    Board,
    /// How fast models are asked.
    Throttle,
    /// What runs have spent.
    Budgets,
}

impl Shelf {
    /// All shelves.
    pub const ALL: [Self; 6] = [
        Self::Snapshots,
        Self::Replies,
        Self::Leases,
        Self::Board,
        Self::Throttle,
        Self::Budgets,
    ];

    /// Short name, as in keys and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Snapshots => "snap",
            Self::Replies => "reply",
            Self::Leases => "lease",
            Self::Board => "board",
            Self::Throttle => "rate",
            Self::Budgets => "budget",
        }
    }

    /// Place in [`Shelf::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Whether it belongs into the database that does not evict.
    pub const fn lasting(self) -> bool {
        !matches!(self, Self::Snapshots)
    }

    /// How long a value lives unless the settings or the caller say otherwise.
    pub const fn default_ttl(self) -> Duration {
        const DAY: u64 = 24 * 60 * 60;
        match self {
            Self::Snapshots => Duration::from_secs(7 * DAY),
            Self::Replies | Self::Budgets => Duration::from_secs(30 * DAY),
            Self::Throttle => Duration::from_secs(5 * 60),
            Self::Leases | Self::Board => Duration::from_secs(30),
        }
    }

    /// The key of what `parts` name on this shelf. No two lists of parts give the same key.
    pub fn key(self, prefix: &str, parts: &[&str]) -> String {
        let mut key = format!("{prefix}:v{}:{}", wire::VERSION, self.name());
        for part in parts {
            key.push(':');
            push_plain(&mut key, part);
        }
        key
    }

    /// The keys of what `part` names, one for each of `names`. They lie on one server of a cluster, which
    /// goes by what stands in braces, so a script may touch them together.
    pub fn keys<const N: usize>(self, prefix: &str, part: &str, names: [&str; N]) -> [String; N] {
        names.map(|name| {
            let mut key = self.key(prefix, &[]) + ":{";
            push_plain(&mut key, part);
            key + "}:" + name
        })
    }
}

/// Appends a text with only letters, digits and `-._`, which mean nothing in a key or in a pattern of
/// keys; all else as `%` and two hexadecimal digits a byte.
fn push_plain(key: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._".contains(&byte) {
            key.push(char::from(byte));
        } else {
            key.push_str(&format!("%{byte:02x}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INSTANCE: Instance = Instance([0, 0x1f, 2, 3, 4, 5, 6, 0xfe]);

    #[test]
    fn keys_are_plain_and_apart() {
        let key = |parts: &[&str]| Shelf::Replies.key("t2t", parts);
        assert_eq!(key(&["a1", "ff"]), "t2t:v1:reply:a1:ff");
        assert_eq!(key(&["*:?", "ü"]), "t2t:v1:reply:%2a%3a%3f:%c3%bc");
        assert_ne!(key(&["a", "b"]), key(&["a:b"]));
        assert_ne!(key(&["%3a"]), key(&[":"]));
        let [one, other] = Shelf::Throttle.keys("t2t", "a{b}", ["one", "other"]);
        assert_eq!(one, "t2t:v1:rate:{a%7bb%7d}:one");
        assert_eq!(other, "t2t:v1:rate:{a%7bb%7d}:other");
        for (index, shelf) in Shelf::ALL.into_iter().enumerate() {
            assert_eq!(shelf.index(), index);
        }
    }

    #[test]
    fn lanes_print_and_parse() {
        for lane in Lane::JOBS.into_iter().chain([Lane::Outcomes(INSTANCE)]) {
            assert_eq!(Lane::named(&lane.to_string()), Some(lane));
        }
        for odd in ["exploring", "outcomes", "outcomes.", "outcomes.1f"] {
            assert_eq!(Lane::named(odd), None, "{odd}");
        }
    }

    #[test]
    fn each_stage_has_its_lane_and_outcomes_have_no_stage() {
        for (stage, lane) in Stage::ALL.into_iter().zip(Lane::JOBS) {
            assert_eq!(Lane::of(stage), lane);
            assert_eq!(lane.stage(), Some(stage));
            assert_eq!(lane.name(), stage.label());
        }
        assert_eq!(Lane::Outcomes(INSTANCE).stage(), None);
    }

    #[test]
    fn only_outcomes_belong_to_an_instance() {
        assert_eq!(Lane::Rollout.queue(), "t2t.v1.rollout");
        let outcomes = Lane::Outcomes(INSTANCE);
        assert_eq!(outcomes.queue(), "t2t.v1.outcomes.001f0203040506fe");
        assert_eq!(
            outcomes.dead_queue(),
            "t2t.v1.outcomes.001f0203040506fe.dead"
        );
    }

    #[test]
    fn an_instance_has_one_spelling() {
        let text = INSTANCE.to_string();
        assert_eq!(text.parse::<Instance>().unwrap(), INSTANCE);
        let json = serde_json::to_string(&INSTANCE).unwrap();
        assert_eq!(json, format!("\"{text}\""));
        assert_eq!(serde_json::from_str::<Instance>(&json).unwrap(), INSTANCE);
        for odd in ["", "1f", "001F0203040506FE", "+01f0203040506fe", "äöüäöüää"] {
            let error = odd.parse::<Instance>().unwrap_err().to_string();
            assert!(error.contains(&format!("`{odd}`")), "{error}");
        }
    }
}
