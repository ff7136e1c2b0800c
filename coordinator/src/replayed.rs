//! What models were asked in the jobs of a run, and what they answered.
//!
//! A recording, as a fleet's store, holds answers alone, under digests of what was asked. So each job is done
//! again over what is kept, as a replay: the same code makes every request again, byte for byte, since an
//! answer is found under the digest of its request or not at all. Nothing is asked, and nothing is written.

use std::sync::Arc;

use proto::ids::JobId;
use proto::job::{Job, Stage, StageInput};
use proto::outcome::StageResult;
use proto::record::{WorldRef, WorldSource};
use proto::store::{ReplyStore, Shared};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use worker::chat::given_up::LastAsked;
use worker::chat::journal::Journal;
use worker::chat::models::Models;
use worker::chat::put_off::PutOff;
use worker::chat::replay::{Enquiry, Exchange, Replay};
use worker::chat::session::Place;
use worker::executor::{ATTEMPTS, Done};
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

/// What was asked in a job.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    /// The job.
    pub job: JobId,
    /// What it was asked for.
    pub ask: Ask,
    /// Requests and answers, in order.
    pub exchanges: Vec<Exchange>,
    /// The request after which there is no more, since no reply to it is kept. So it is where a request got
    /// no answer in the first place.
    pub missing: Option<Enquiry>,
    /// It comes to something else than the ledger holds, though no reply is missing: these are not the replies
    /// of this folder, or another release made it.
    pub otherwise: bool,
}

impl Heard {
    /// What is to be said where it comes to something [else](Self::otherwise).
    pub fn said_otherwise(&self) -> String {
        format!(
            "over the replies that are kept {} comes to something else than what the ledger holds: they are not those of this folder, or another release made it",
            self.job
        )
    }
}

/// A run with the replies that are kept of it.
#[derive(Debug)]
pub struct Replayed<'a> {
    archive: &'a Archive,
    replies: Arc<dyn ReplyStore>,
    under: String,
    processors: Semaphore,
}

impl<'a> Replayed<'a> {
    /// Over these replies, which are kept under this name: the run's in a recording, the instance's in the
    /// store of a fleet.
    pub fn new(archive: &'a Archive, replies: Arc<dyn ReplyStore>, under: String) -> Self {
        Self {
            archive,
            replies,
            under,
            processors: Semaphore::new(1),
        }
    }

    /// What was asked for an ask. Nothing where the run has not come to it, or where no model takes part.
    ///
    /// # Errors
    /// Where the ledger can't be read.
    pub async fn heard(&self, ask: &Ask) -> Result<Option<Heard>, ArchiveError> {
        let Some(result) = self.archive.content(ask)? else {
            return Ok(None);
        };
        let Some(job) = self.job(ask)? else {
            return Ok(None);
        };
        let replay = Arc::new(Replay::listening());
        let done = self.again(&job, &replay).await;
        let missing = replay.missing().cloned();
        // What has failed (a crash, a queue that gave it up) may well come to something when it is done again.
        let same = matches!(result, StageResult::Failed { .. })
            || matches!(&done, Done::Outcome(outcome) if outcome.result == result);
        let otherwise = missing.is_none() && !same;
        Ok(Some(Heard {
            job: job.id,
            ask: *ask,
            exchanges: replay.take(),
            missing,
            otherwise,
        }))
    }

    /// The job of an ask, if a model takes part in it.
    fn job(&self, ask: &Ask) -> Result<Option<Job>, ArchiveError> {
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

    fn input(&self, ask: &Ask) -> Result<Option<StageInput>, ArchiveError> {
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
            replies: Arc::clone(&self.replies),
            ..Shared::in_memory(STORE)
        };
        let metrics = Metrics::new(Part::Embedded);
        let models = Models::replaying(&shared, Arc::clone(replay), NAME, metrics);
        let place = Place {
            put_off: PutOff::default(),
            last_asked: LastAsked::default(),
            journal: Journal::default(),
            run: self.under.clone(),
            budget: None,
            hand_back: CancellationToken::new(),
        };
        let work = Work {
            models: &models,
            processors: &self.processors,
            domain: &*self.archive.domain,
            job,
            place: &place,
            attempt: ATTEMPTS,
        };
        roles::perform(&work).await
    }
}
