//! A job in which a model plays a part, and what becomes of it when the model gives no reply.

use std::time::Duration;

use proto::job::Job;
use proto::outcome::{Outcome, StageResult};
use tokio::sync::Semaphore;

use crate::blocking::in_place;
use crate::chat::models::Models;
use crate::chat::replay::Enquiry;
use crate::chat::session::{Place, Stop};
use crate::domains::Domain;
use crate::executor::{ATTEMPTS, Done};

/// Wait of a job that could not reach the kept replies.
const STORE_PAUSE: Duration = Duration::from_secs(5);

/// Wait of a job whose reply no recording holds: whoever replays has ended by then.
const REPLAY_PAUSE: Duration = Duration::from_secs(60 * 60);

/// A job, and what a worker has to do it with.
#[derive(Debug, Clone, Copy)]
pub struct Work<'a> {
    /// The models.
    pub models: &'a Models,
    /// Turns to compute.
    pub processors: &'a Semaphore,
    /// The domain.
    pub domain: &'a dyn Domain,
    /// The job.
    pub job: &'a Job,
    /// Where its replies are kept.
    pub place: &'a Place,
    /// Which attempt at it this is, from 1.
    pub attempt: u32,
}

/// A service is not there now.
fn later(after: Duration) -> Done {
    Done::Later {
        after,
        limited: false,
    }
}

impl Work<'_> {
    /// Computes, when a processor is free.
    pub async fn computing<T>(&self, work: impl FnOnce() -> T) -> T {
        let processor = self.processors.acquire().await;
        let made = in_place(work);
        drop(processor);
        made
    }

    /// What the job came to.
    pub fn came_to(&self, result: StageResult) -> Done {
        Done::Outcome(Outcome {
            job: self.job.id,
            result,
        })
    }

    /// The job failed, by a fault of the software or the plan.
    pub fn failed(&self, error: impl std::fmt::Display) -> Done {
        let stage = self.job.input.stage();
        Done::Outcome(Outcome::failed(self.job.id, stage, error.to_string()))
    }

    /// What a stop comes to in a stage that makes nothing without its model.
    pub async fn stopped(&self, stop: Stop) -> Done {
        match self.settled(stop).await {
            Ok(why) => self.failed(why),
            Err(done) => done,
        }
    }

    /// What a stop comes to: why nothing comes of it any more, once waiting has no more point, or a job
    /// that is not done now.
    pub async fn settled(&self, stop: Stop) -> Result<String, Done> {
        let why = match stop {
            Stop::Unrecorded(enquiry) => return self.unrecorded(*enquiry).await,
            Stop::HandBack => return Err(Done::HandBack),
            Stop::Spent { spent, wanted } => return Err(Done::Spent { spent, wanted }),
            Stop::Store(_) => return Err(later(STORE_PAUSE)),
            Stop::Busy { after, .. } => {
                return Err(Done::Later {
                    after,
                    limited: true,
                });
            }
            Stop::PutOff { .. } | Stop::Down { given_up: true, .. } => stop.to_string(),
            Stop::Down { after, .. } => return Err(later(after)),
            Stop::Fault { ref fault, .. } if self.attempt >= fault.attempts(ATTEMPTS) => {
                stop.to_string()
            }
            Stop::Fault { .. } => {
                return Err(Done::Again {
                    error: stop.to_string(),
                });
            }
        };
        if let Some(request) = self.place.last_asked.get() {
            let models = self.models;
            models.give_up(&self.place.run, &request, &why).await;
        }
        Ok(why)
    }

    /// What a missing reply comes to in a replay: what it came to then, if that is known.
    async fn unrecorded(&self, enquiry: Enquiry) -> Result<String, Done> {
        let Place {
            run, last_asked, ..
        } = self.place;
        let kept = match last_asked.get() {
            Some(request) => self.models.gave_up(run, &request).await,
            None => Ok(None),
        };
        let replay = self.models.replay().expect("only a replay has recordings");
        match kept {
            Ok(Some(why)) => {
                replay.unanswered(enquiry);
                Ok(why)
            }
            Ok(None) => {
                replay.miss(enquiry);
                Err(later(REPLAY_PAUSE))
            }
            Err(_) => Err(later(STORE_PAUSE)),
        }
    }
}
