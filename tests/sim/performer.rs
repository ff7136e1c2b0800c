//! Who does the jobs of a simulated fleet: real in how it comes by a world, made up in what comes of it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use proto::ids::JobId;
use proto::job::Job;
use proto::outcome::{Outcome, StageResult};
use worker::executor::{ATTEMPTS, Attempt, CRASHES, Done, Perform};
use worker::worlds::{Worlds, WorldsError};

use super::case::{Ending, Flaw};
use super::made_up::{CHANGES, DEATH, outcome};
use super::process::Process;

/// Longest time that a job takes, milliseconds.
const LONGEST: u64 = 1500;
/// How long a service is down.
const DOWN: Duration = Duration::from_secs(3);

/// See the module documentation.
pub(super) struct MadeUp {
    pub(super) process: Arc<Process>,
    pub(super) worlds: Worlds,
    pub(super) poison: Option<JobId>,
    pub(super) flaw: Option<Flaw>,
}

#[async_trait]
impl Perform for MadeUp {
    async fn perform(&self, mut job: Job, attempt: &Attempt) -> Done {
        self.process.cross().await;
        let whole = async {
            self.worlds.domain(&job.world).await?;
            self.worlds.complete(&mut job).await
        };
        match whole.await {
            Ok(()) => {}
            Err(WorldsError::Missing { snapshot }) => return Done::Missing { snapshot },
            Err(error) => return failed(&job, error.to_string()),
        }
        if job
            .input
            .starts()
            .iter()
            .any(|start| start.delta != CHANGES)
        {
            return failed(&job, "it starts from another state".to_owned());
        }
        self.process.cross().await;
        if let Some(done) = self.foretold(attempt) {
            return done;
        }
        let long = Duration::from_millis(job.id.0.head() % LONGEST);
        tokio::select! {
            biased;
            () = attempt.hand_back.cancelled() => return Done::HandBack,
            () = tokio::time::sleep(long) => {}
        }
        self.process.cross().await;
        if self.poison == Some(job.id) {
            return self.killed(attempt).await;
        }
        let again = attempt.redeliveries > 0;
        match self.flaw {
            Some(Flaw::Rash) if again => failed(&job, "it came twice".to_owned()),
            Some(Flaw::Fickle) if again => Done::Outcome(Outcome {
                job: job.id,
                ..outcome(
                    JobId(proto::digest::Digest::of(&job.id.0.0)),
                    job.input.stage(),
                    job.cell.slot,
                )
            }),
            _ => Done::Outcome(outcome(job.id, job.input.stage(), job.cell.slot)),
        }
    }
}

impl MadeUp {
    /// An ending that the case foretells, unless it would rightly condemn a healthy job.
    fn foretold(&self, attempt: &Attempt) -> Option<Done> {
        match self.process.ending()? {
            Ending::Later => Some(Done::Later {
                after: DOWN,
                limited: false,
            }),
            Ending::Again if attempt.number < ATTEMPTS => Some(Done::Again {
                error: "it may pass".to_owned(),
            }),
            Ending::HandBack => Some(Done::HandBack),
            Ending::Crashed if attempt.crashes + 1 < CRASHES => Some(Done::Crashed {
                how: DEATH.to_owned(),
            }),
            Ending::Again | Ending::Crashed => None,
        }
    }

    /// What a job does to its process: to this one, or to one of its own where it is suspect.
    async fn killed(&self, attempt: &Attempt) -> Done {
        if !attempt.suspect() {
            self.process.die();
            std::future::pending::<()>().await;
        }
        Done::Crashed {
            how: DEATH.to_owned(),
        }
    }
}

fn failed(job: &Job, error: String) -> Done {
    let stage = job.input.stage();
    Done::Outcome(Outcome {
        job: job.id,
        result: StageResult::Failed { stage, error },
    })
}
