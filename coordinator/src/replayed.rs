//! What models were asked in the jobs of a run, and what they answered.
//!
//! A recording holds answers alone, under digests of what was asked. So each job is done again over the
//! recording, as a replay: the same code makes every request again, byte for byte, since an answer is
//! found under the digest of its request or not at all. Nothing is asked, and nothing is written.

use std::sync::Arc;

use proto::ids::JobId;
use proto::job::{Job, Stage, StageInput};
use proto::record::{WorldRef, WorldSource};
use proto::store::{ReplyStore, Shared};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use worker::chat::journal::Journal;
use worker::chat::models::Models;
use worker::chat::replay::{Exchange, Occasion, Replay};
use worker::chat::session::Place;
use worker::executor::Done;
use worker::process::metrics::{Metrics, Part};
use worker::roles;
use worker::roles::work::Work;

use crate::archive::{Archive, ArchiveError};
use crate::dispatch::jobs;
use crate::run::Ask;

/// Bytes of each store in memory beside the recording; they hold next to nothing.
const STORE: usize = 1 << 16;
/// Who does the jobs again.
const NAME: &str = "replayed";

/// Why a job can't be done again.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The run's.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// It does not come to what is in the ledger.
    #[error(
        "over this recording {0} comes to something else than what the ledger holds: it is not the recording of this folder, or another release made it"
    )]
    Otherwise(JobId),
}

/// What was asked in a job.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    /// The job.
    pub job: JobId,
    /// What it was asked for.
    pub ask: Ask,
    /// Requests and answers, in order.
    pub exchanges: Vec<Exchange>,
    /// The reply after which there is no more: the recording does not hold it. So it is where a request
    /// got no answer in the first place.
    pub missing: Option<Occasion>,
}

/// A run with its recording.
#[derive(Debug)]
pub struct Replayed<'a> {
    archive: &'a Archive,
    recording: Arc<dyn ReplyStore>,
    processors: Semaphore,
}

impl<'a> Replayed<'a> {
    /// Over the recording of this run.
    pub fn new(archive: &'a Archive, recording: Arc<dyn ReplyStore>) -> Self {
        Self {
            archive,
            recording,
            processors: Semaphore::new(1),
        }
    }

    /// What was asked for an ask. Nothing where the run has not come to it, or where no model takes part.
    ///
    /// # Errors
    /// Where the ledger can't be read, or the job comes to something else.
    pub async fn heard(&self, ask: &Ask) -> Result<Option<Heard>, ReplayError> {
        let Some(result) = self.archive.content(ask)? else {
            return Ok(None);
        };
        let Some(job) = self.job(ask)? else {
            return Ok(None);
        };
        let replay = Arc::new(Replay::listening());
        let done = self.again(&job, &replay).await;
        let missing = replay.missing().cloned();
        let same = matches!(&done, Done::Outcome(outcome) if outcome.result == result);
        if missing.is_none() && !same {
            return Err(ReplayError::Otherwise(job.id));
        }
        Ok(Some(Heard {
            job: job.id,
            ask: *ask,
            exchanges: replay.take(),
            missing,
        }))
    }

    /// The job of an ask, if a model takes part in it.
    fn job(&self, ask: &Ask) -> Result<Option<Job>, ReplayError> {
        let course = &self.archive.course;
        let agent = ask.rollout.map(|(agent, ..)| agent);
        if course.casts.cast(ask.stage, agent).models.is_empty() {
            return Ok(None);
        }
        let world = WorldRef {
            domain: self.archive.domain.name().to_owned(),
            base: self.archive.domain.base(),
            source: WorldSource::AtHand,
        };
        let input = self.input(ask)?;
        Ok(input.map(|input| jobs::job(course, ask, world, input)))
    }

    fn input(&self, ask: &Ask) -> Result<Option<StageInput>, ReplayError> {
        let Some(stage) = jobs::before(ask.stage) else {
            return Ok(Some(StageInput::Explore));
        };
        let before = Ask {
            stage,
            rollout: None,
            ..*ask
        };
        let Some(made) = self.archive.content(&before)? else {
            return Ok(None);
        };
        Ok(match ask.stage {
            Stage::Rollout => jobs::rolled_out(&self.archive.course, ask, &made),
            _ => jobs::worked_on(made),
        })
    }

    async fn again(&self, job: &Job, replay: &Arc<Replay>) -> Done {
        let shared = Shared {
            replies: Arc::clone(&self.recording),
            ..Shared::in_memory(STORE)
        };
        let metrics = Metrics::new(Part::Embedded);
        let models = Models::replaying(&shared, Arc::clone(replay), NAME, metrics);
        let place = Place {
            journal: Journal::default(),
            run: job.run.to_string(),
            budget: None,
            hand_back: CancellationToken::new(),
        };
        let work = Work {
            models: &models,
            processors: &self.processors,
            domain: &*self.archive.domain,
            job,
            place: &place,
            last: true,
        };
        roles::perform(&work).await
    }
}
