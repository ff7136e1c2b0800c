//! Models that answer from a recording alone: nobody is asked, and no key is needed.
//!
//! Jobs done so come to what they came to when the recording was made, since a request is a function of
//! what was heard before it. So a replay can also tell what was asked: it makes every request again, and a
//! reply is found under the digest of its bytes or not at all.
//!
//! Where a service gave no reply then, the recording says why (`given_up`), and the job comes to the same. Any
//! other reply that the recording does not hold is nobody's fault that a job could be blamed for: the job is
//! left undone, and whoever replays learns of it from [`Replay::missed`].

use std::fmt;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use proto::record::{Endpoint, Role};
use tokio::sync::SetOnce;

use super::models::Wire;
use super::session::Subject;
use super::{Answer, Fault};

/// One reply that is asked for: for whom, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occasion {
    /// What the model does.
    pub role: Role,
    /// Its name in the plan.
    pub endpoint: String,
    /// For what it is asked.
    pub subject: Subject,
    /// Replies of this job that it has given before, and that were used.
    pub turn: u32,
    /// Replies to the same request that could not be used.
    pub regeneration: u32,
}

impl fmt::Display for Occasion {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Subject {
            slot,
            candidate,
            agent,
            trial,
            twin,
        } = &self.subject;
        let (role, endpoint) = (self.role.label(), &self.endpoint);
        write!(
            out,
            "{role} model:{endpoint} for slot {slot}, candidate {candidate}"
        )?;
        if !agent.is_empty() {
            write!(out, ", agent {agent}, trial {trial}")?;
        }
        if *twin {
            out.write_str(", over the twin")?;
        }
        write!(
            out,
            ", turn {}, regeneration {}",
            self.turn, self.regeneration
        )
    }
}

/// One request as it is sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Enquiry {
    /// For whom, and when.
    pub occasion: Occasion,
    /// Who is asked.
    pub asked: Endpoint,
    /// The bytes of the request.
    pub request: Bytes,
}

/// One request, and its answer as it came.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchange {
    /// The request.
    pub enquiry: Enquiry,
    /// The answer.
    pub answer: Answer,
}

/// A replay under way.
#[derive(Debug, Default)]
pub struct Replay {
    missed: SetOnce<Enquiry>,
    /// What was heard, where somebody wants to know.
    heard: Option<Mutex<Vec<Exchange>>>,
}

impl Replay {
    /// One that also remembers every request and answer.
    pub fn listening() -> Self {
        Self {
            heard: Some(Mutex::default()),
            ..Self::default()
        }
    }

    /// Waits until a reply is missing; gives the first request without one.
    pub async fn missed(&self) -> &Enquiry {
        self.missed.wait().await
    }

    /// The first request without a reply so far.
    pub fn missing(&self) -> Option<&Enquiry> {
        self.missed.get()
    }

    /// What was heard since this was last asked, in order.
    pub fn take(&self) -> Vec<Exchange> {
        let Some(heard) = &self.heard else {
            return Vec::new();
        };
        std::mem::take(&mut *heard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Notes that the recording has no reply.
    pub(crate) fn miss(&self, enquiry: Enquiry) {
        // The first one is told; the others are no news.
        drop(self.missed.set(enquiry));
    }

    /// Notes that there was no reply when the recording was made, either: that is news to a listener alone.
    pub(crate) fn unanswered(&self, enquiry: Enquiry) {
        if self.heard.is_some() {
            self.miss(enquiry);
        }
    }

    /// Notes what was heard.
    pub(super) fn hear(&self, exchange: impl FnOnce() -> Exchange) {
        if let Some(heard) = &self.heard {
            let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
            heard.push(exchange());
        }
    }
}

/// A wire that leads nowhere.
#[derive(Debug)]
pub(super) struct Nowhere;

#[async_trait]
impl Wire for Nowhere {
    async fn send(&self, _: &Endpoint, _: &Bytes) -> Result<Answer, Fault> {
        Err(Fault::Unready("a replay asks nobody".to_owned()))
    }
}

#[cfg(test)]
mod tests;
