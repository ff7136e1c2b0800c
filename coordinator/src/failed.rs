//! Failed jobs of a run: what its ledger says of them, and how they are reopened.
//!
//! A failed job closes its slot, or leaves a hole among the episodes. Reopening takes its outcome back, so
//! that the run asks for the job again when it next goes on. The same is done, where it is asked for, with
//! conversations that the service behind a model broke: that may be mended by then.

use std::fmt;

use proto::ids::JobId;
use proto::job::Stage;
use proto::outcome::{Outcome, StageResult};
use proto::record::Ending;
use proto::wire::{self, Kind};

use crate::archive::ArchiveError;
use crate::dispatch::{failed, made, rollout_of};
use crate::ledger::{Index, Ledger, LedgerError, Position, Reader, Record, Summary};

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

/// Which jobs are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Those that failed.
    Failed,
    /// These, and conversations that are quarantined for a fault of the infrastructure.
    Quarantined,
}

impl FailedJob {
    /// None for a conversation that is not quarantined so.
    fn of(record: &Record) -> Result<Option<Self>, ArchiveError> {
        let (entry, job) = (&record.entry, record.entry.job);
        let outcome: Outcome = wire::decode(Kind::Outcome, &record.body)
            .map_err(|source| ArchiveError::Wire { job, source })?;
        let (stage, error) = match outcome.result {
            StageResult::Failed { stage, error } => (stage, error),
            StageResult::Played(episode) => match episode.ending {
                Ending::Infrastructure(why) => (Stage::Rollout, format!("quarantined: {why}")),
                _ => return Ok(None),
            },
            _ => return Err(ArchiveError::Mixed(job)),
        };
        Ok(Some(Self {
            job,
            stage,
            slot: entry.slot,
            candidate: entry.candidate,
            trial: rollout_of(entry).map(|(_, trial, twin)| (trial, twin)),
            error,
        }))
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

/// The jobs of a ledger that are meant, in its order.
pub fn list<'a>(
    reader: &'a Reader,
    index: &'a Index,
    which: Which,
) -> impl Iterator<Item = Result<FailedJob, ArchiveError>> + 'a {
    let read = |position| FailedJob::of(&reader.read(position)?);
    places(index, which).filter_map(move |position| read(position).transpose())
}

/// Takes back the outcomes of those jobs; gives how many there were. Durable when it comes back.
///
/// # Errors
/// The ledger's; none or all of them may have been taken back.
pub fn reopen(ledger: &mut Ledger, jobs: &[JobId]) -> Result<u64, LedgerError> {
    let mut reopened = 0;
    for job in jobs {
        reopened += u64::from(ledger.annul(job)?);
    }
    ledger.commit()?;
    Ok(reopened)
}

/// Where they stand, and perhaps other conversations.
fn places(index: &Index, which: Which) -> impl Iterator<Item = Position> + '_ {
    let meant = move |summary: &Summary| {
        let rollout = summary.stage == Stage::Rollout as u8 && made(summary.code);
        failed(summary.code) || rollout && which == Which::Quarantined
    };
    let meant = index.iter().filter(move |(summary, _)| meant(summary));
    meant.map(|(_, position)| position)
}
