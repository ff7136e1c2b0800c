//! What one delivery of a job took, for the operations of its run.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use proto::job::Job;
use proto::operation::Operation;
use tokio::time::Instant;

use super::{Attempt, Done};
use crate::chat::journal::millis;

/// A delivery under way.
pub(super) struct Report(Operation);

impl Report {
    pub(super) fn begun(job: &Job, worker: &str, attempt: &Attempt) -> Self {
        Self(Operation {
            attempt: attempt.number,
            redeliveries: attempt.redeliveries,
            began: millis(since_1970()),
            ..Operation::of(job, worker)
        })
    }

    /// What is to be told of it; nothing where no request was sent, or nobody listens any more.
    pub(super) fn ended(self, done: &Done, attempt: &Attempt) -> Option<Operation> {
        let requests = attempt.journal.take();
        let told = !requests.is_empty() && !matches!(done, Done::Unwanted);
        told.then(|| Operation {
            millis: attempt.journal.after(Instant::now()),
            ended: how(done).to_owned(),
            requests,
            ..self.0
        })
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "operations are told beside results, and no result depends on them"
)]
fn since_1970() -> Duration {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap_or_default()
}

fn how(done: &Done) -> &'static str {
    match done {
        Done::Outcome(_) => "answered",
        Done::Missing { .. } => "misses a world",
        Done::Later { limited: true, .. } => "waits for a limit",
        Done::Later { .. } => "waits for a service",
        Done::Again { .. } => "failed for now",
        Done::HandBack => "handed back",
        Done::Crashed { .. } => "its process died",
        Done::Unwanted => "cancelled",
        Done::Spent { .. } => "out of money",
    }
}
