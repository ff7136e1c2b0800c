//! What a simulated run came to, held against what it must come to.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use coordinator::archive::{Archive, Held};
use coordinator::dispatch::Course;
use coordinator::ledger::{LedgerError, Reader};
use proto::digest::Digest;
use proto::ids::JobId;
use proto::outcome::{Notice, Outcome, StageResult};
use proto::wire::{self, Kind};

use super::case::{Act, Case, Ending};
use super::made_up::{DOMAIN, due};

/// A promise that was broken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Breach {
    /// The run does not end.
    #[error("the run does not end")]
    Endless,
    /// A process ended in a way it may not.
    #[error("{0}")]
    Fell(String),
    /// A panic.
    #[error("a panic: {0}")]
    Panicked(String),
    /// A message is in a dead lane.
    #[error("given up: {0}")]
    Buried(String),
    /// The ledger does not read.
    #[error("the ledger does not read: {0}")]
    Unreadable(String),
    /// A job without a record.
    #[error("lost: {0}")]
    Lost(JobId),
    /// A job with two records.
    #[error("doubled: {0}")]
    Doubled(JobId),
    /// A record of no job.
    #[error("invented: {0}")]
    Invented(JobId),
    /// A healthy job that is said to have failed.
    #[error("condemned: {0}: {1}")]
    Condemned(JobId, String),
    /// A job that came to something else.
    #[error("another outcome: {0}")]
    Altered(JobId),
    /// Slots that stand elsewhere.
    #[error("the run stands elsewhere: {0}")]
    Elsewhere(String),
}

impl From<LedgerError> for Breach {
    fn from(error: LedgerError) -> Self {
        Self::Unreadable(error.to_string())
    }
}

/// Holds the ledger in `dir` against what is due; gives how many records it has.
pub(super) fn check(
    case: &Case,
    course: &Course,
    poison: Option<JobId>,
    dir: &Path,
) -> Result<u64, Breach> {
    let due = due(course, poison);
    let (reader, index, report) = Reader::open(dir)?;
    let mut invented = None;
    let mut bodies = BTreeMap::new();
    for record in reader.iter() {
        let record = record?;
        let job = record.entry.job;
        if bodies.insert(job, record.body).is_some() {
            return Err(Breach::Doubled(job));
        }
    }
    // What came to something else first: the rest may follow from it.
    for (job, body) in &bodies {
        match due.bodies.get(job) {
            Some(digest) if *digest != Digest::of(body) => return Err(altered(*job, body)),
            Some(_) => {}
            None if told_of_crash(case, poison, body) => {}
            None => invented = invented.or(Some(*job)),
        }
    }
    if let Some(job) = invented {
        return Err(Breach::Invented(job));
    }
    if let Some(job) = due.bodies.keys().find(|job| !bodies.contains_key(*job)) {
        return Err(Breach::Lost(*job));
    }
    let archive = Archive::new(course.clone(), Arc::clone(&DOMAIN), Held { reader, index });
    let standing = |run: &coordinator::run::Run| {
        let mut duplicates = run.duplicates().to_vec();
        duplicates.sort_unstable();
        format!("{:?} {duplicates:?} {:?}", run.slots(), run.progress())
    };
    let (ours, calm) = (standing(&archive.run), standing(&due.run));
    if ours != calm {
        return Err(Breach::Elsewhere(format!("{ours}, not {calm}")));
    }
    Ok(report.records)
}

/// Whether a record tells of a process that died, in a case where one may.
fn told_of_crash(case: &Case, poison: Option<JobId>, body: &[u8]) -> bool {
    let foretold = case.operations.iter().any(|operation| {
        let ending = Ending::Crashed;
        matches!(operation.act, Act::End { ending: told, .. } if told == ending)
    });
    let notice: Result<Notice, _> = wire::decode(Kind::Notice, body);
    (foretold || poison.is_some()) && matches!(notice, Ok(Notice::Crashed { .. }))
}

fn altered(job: JobId, body: &[u8]) -> Breach {
    match wire::decode::<Outcome>(Kind::Outcome, body) {
        Ok(Outcome {
            result: StageResult::Failed { error, .. },
            ..
        }) => Breach::Condemned(job, error),
        _ => Breach::Altered(job),
    }
}
