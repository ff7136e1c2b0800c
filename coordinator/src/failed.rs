//! Failed jobs of a run: what its ledger says of them, and how they are reopened.
//!
//! A failed job closes its slot, or leaves a hole among the episodes. Reopening takes its outcome back, so
//! that the run asks for the job again when it next goes on.

use std::fmt;

use proto::ids::JobId;
use proto::job::Stage;
use proto::outcome::{Outcome, StageResult};
use proto::wire::{self, Kind};

use crate::archive::ArchiveError;
use crate::dispatch::{failed, rollout_of};
use crate::ledger::{Index, Ledger, LedgerError, Position, Reader, Record};

/// A job that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedJob {
    /// The job.
    pub job: JobId,
    /// Its stage.
    pub stage: Stage,
    /// Its slot.
    pub slot: u32,
    /// Its candidate.
    pub candidate: u16,
    /// For a rollout: its trial, and whether it is over the twin.
    pub trial: Option<(u32, bool)>,
    /// Why it failed.
    pub error: String,
}

impl FailedJob {
    fn of(record: &Record) -> Result<Self, ArchiveError> {
        let (entry, job) = (&record.entry, record.entry.job);
        let outcome: Outcome = wire::decode(Kind::Outcome, &record.body)
            .map_err(|source| ArchiveError::Wire { job, source })?;
        let StageResult::Failed { stage, error } = outcome.result else {
            return Err(ArchiveError::Mixed(job));
        };
        Ok(Self {
            job,
            stage,
            slot: entry.slot,
            candidate: entry.candidate,
            trial: rollout_of(entry).map(|(_, trial, twin)| (trial, twin)),
            error,
        })
    }
}

impl fmt::Display for FailedJob {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = self.stage.label();
        write!(out, "{}  {stage:<11}slot {}", self.job, self.slot)?;
        write!(out, ", candidate {}", self.candidate)?;
        if let Some((trial, twin)) = self.trial {
            let over = if twin { " over the twin" } else { "" };
            write!(out, ", trial {trial}{over}")?;
        }
        write!(out, ": {}", self.error)
    }
}

/// The failed jobs of a ledger, in its order.
pub fn list<'a>(
    reader: &'a Reader,
    index: &'a Index,
) -> impl Iterator<Item = Result<FailedJob, ArchiveError>> + 'a {
    places(index).map(|position| FailedJob::of(&reader.read(position)?))
}

/// Takes back the outcomes of the failed jobs that are `wanted`; gives how many those were. Durable when
/// it comes back.
///
/// # Errors
/// The ledger's; none or all of them may have been taken back.
pub fn reopen(ledger: &mut Ledger, wanted: &dyn Fn(&JobId) -> bool) -> Result<u64, LedgerError> {
    let places: Vec<Position> = places(ledger.index()).collect();
    let mut reopened = 0;
    for position in places {
        let job = ledger.read(position)?.entry.job;
        if wanted(&job) && ledger.annul(&job)? {
            reopened += 1;
        }
    }
    ledger.commit()?;
    Ok(reopened)
}

fn places(index: &Index) -> impl Iterator<Item = Position> + '_ {
    let failures = index.iter().filter(|(summary, _)| failed(summary.code));
    failures.map(|(_, position)| position)
}
