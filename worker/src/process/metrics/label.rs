//! The labels of the metrics and their values.

use proto::job::Stage;
use proto::topology::{Instance, Lane};

use super::family::{Label, label};

label! {
    /// How a worker's dealings with a job ended.
    Ended = "outcome" {
        /// Its outcome was published.
        Answered = "answered",
        /// It was given back, to be tried again later.
        Retried = "retried",
        /// It went to the dead lane.
        Dead = "dead",
        /// It was given back untouched or unfinished, because the worker stops.
        Returned = "returned",
    }
}

label! {
    /// What an outcome holds.
    Came = "result" {
        /// The stage made what it is there to make.
        Made = "made",
        /// The stage found that nothing can be made of its input.
        Rejected = "rejected",
        /// Something went wrong.
        Failed = "failed",
    }
}

label! {
    /// What a slot of a worker is doing.
    Slot = "state" {
        /// Works on a job.
        Busy = "busy",
        /// Waits for one.
        Free = "free",
    }
}

label! {
    /// Who a connection is to.
    Peer = "peer" {
        /// The broker.
        Broker = "broker",
        /// The store of snapshots and replies.
        Store = "store",
    }
}

label! {
    /// What a failed publication means to its caller.
    Failure = "kind" {
        /// Nothing happened; later it may.
        Transient = "transient",
        /// Nothing happened, and nothing will.
        Permanent = "permanent",
        /// It may have happened.
        Indeterminate = "indeterminate",
    }
}

label! {
    /// Why a job is tried again.
    Class = "class" {
        /// A service that the job needs was out of reach; costs no attempt.
        Infrastructure = "infrastructure",
        /// A limit of a service; costs no attempt.
        RateLimited = "rate_limited",
        /// Anything else that may pass.
        Transient = "transient",
    }
}

label! {
    /// Where a snapshot was looked for.
    Layer = "layer" {
        /// In the process.
        Process = "process",
        /// In the shared store.
        Store = "store",
        /// Nowhere: it was built again.
        Build = "build",
    }
}

label! {
    /// What looking for a snapshot gave.
    Found = "result" {
        /// It was there.
        Hit = "hit",
        /// It was not.
        Miss = "miss",
        /// What was there did not match its digest.
        Damaged = "damaged",
    }
}

label! {
    /// How a request to a model ended.
    Code = "code" {
        /// With a reply.
        Ok = "ok",
        /// The endpoint asked to slow down.
        RateLimited = "rate_limited",
        /// Any other refusal of the request.
        Refused = "refused",
        /// The endpoint failed.
        ServerError = "server_error",
        /// No reply in time.
        Timeout = "timeout",
        /// No connection, or one that broke.
        Connection = "connection",
        /// A reply that cannot be read.
        Malformed = "malformed",
    }
}

label! {
    /// Which tokens.
    Tokens = "direction" {
        /// Of the request.
        Input = "input",
        /// Of the request, served from the endpoint's cache.
        CachedInput = "cached_input",
        /// Of the reply.
        Output = "output",
    }
}

label! {
    /// What became of a model's reply.
    Reply = "result" {
        /// Stored for whoever asks again.
        Kept = "kept",
        /// Found in the store instead of being asked for.
        Reused = "reused",
        /// Thrown away: another one was stored first.
        Raced = "raced",
    }
}

label! {
    /// How far the slots of a plan are.
    Planned = "state" {
        /// Not closed yet.
        Open = "open",
        /// Filled.
        Settled = "settled",
        /// Out of candidates.
        Exhausted = "exhausted",
        /// A job of it failed.
        Failed = "failed",
    }
}

label! {
    /// The running program.
    Build = "version" {
        /// Its version.
        This = env!("CARGO_PKG_VERSION"),
    }
}

impl Label for Stage {
    const NAME: &'static str = "stage";
    const ALL: &'static [Self] = &[Self::Explore, Self::Synthesize, Self::Verify, Self::Rollout];

    fn text(self) -> &'static str {
        match self {
            Self::Explore => "explore",
            Self::Synthesize => "synthesize",
            Self::Verify => "verify",
            Self::Rollout => "rollout",
        }
    }

    fn place(self) -> usize {
        match self {
            Self::Explore => 0,
            Self::Synthesize => 1,
            Self::Verify => 2,
            Self::Rollout => 3,
        }
    }
}

/// Lanes of outcomes count as one, whosever they are.
impl Label for Lane {
    const NAME: &'static str = "lane";
    const ALL: &'static [Self] = &[
        Self::Explore,
        Self::Synthesize,
        Self::Verify,
        Self::Rollout,
        Self::Outcomes(Instance::EMBEDDED),
    ];

    fn text(self) -> &'static str {
        self.name()
    }

    fn place(self) -> usize {
        match self {
            Self::Explore => 0,
            Self::Synthesize => 1,
            Self::Verify => 2,
            Self::Rollout => 3,
            Self::Outcomes(_) => 4,
        }
    }
}
