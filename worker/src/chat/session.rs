//! What a job asks of models, each thing once: a reply that is kept is never asked for again.
//!
//! A reply is looked up before every call, under a key that says for what it was asked: role, slot,
//! candidate, agent, trial, turn, regeneration and the bytes of the request. So no two trials share one,
//! and a job that is done again, here or elsewhere, hears what it heard before: the kept replies are the
//! checkpoint of an episode, from which its conversation and its world are made again without a model.
//! What comes back from an endpoint is kept before it is used, and whoever loses a race uses the winner's.

use std::time::Duration;

use bytes::Bytes;
use proto::digest::{Digest, Hasher};
use proto::excerpt::excerpt;
use proto::record::{Endpoint, Money, Part, Role, Usage};
use proto::store::StoreError;
use proto::wire::{self, Kind};
use tokio_util::sync::CancellationToken;

use super::given_up::LastAsked;
use super::journal::{Journal, Moment};
use super::models::Models;
use super::put_off::PutOff;
use super::replay::{Enquiry, Exchange, Occasion};
use super::{Answer, Fault, Reply, Request, body, reply_to};

/// Tries to keep a reply that was paid for, before it is given up.
const KEEP_TRIES: u32 = 6;
/// Wait before the second of them; each further one waits twice as long.
const KEEP_PAUSE: Duration = Duration::from_millis(250);
/// Most characters of the name that a server gives its model, and most names that are noted.
const NAME: usize = 200;
const NAMES: usize = 16;

/// Why a job that asks models can't go on.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    /// A request has no reply, whatever was tried.
    #[error("{endpoint}: {fault}")]
    Fault {
        /// Name of the endpoint in the plan.
        endpoint: String,
        /// The last try's.
        fault: Fault,
    },
    /// The endpoint answers nobody just now.
    #[error("{endpoint} has given no reply for {} s", down.as_secs())]
    Down {
        /// Name of the endpoint in the plan.
        endpoint: String,
        /// For how long.
        down: Duration,
        /// When to try again.
        after: Duration,
        /// Whether its plan's patience is at its end.
        given_up: bool,
    },
    /// The model may not be asked soon: others ask it as fast as it may be, or its server wants a wait.
    #[error("{endpoint} may not be asked faster")]
    Busy {
        /// Name of the endpoint in the plan.
        endpoint: String,
        /// When to try again.
        after: Duration,
    },
    /// The endpoint asks this job to come again later, or says nothing to it, for longer in all than its plan has
    /// patience.
    #[error("{endpoint} leaves the job without a reply for {} s in all: {fault}", waited.as_secs())]
    PutOff {
        /// Name of the endpoint in the plan.
        endpoint: String,
        /// For how long, this time included.
        waited: Duration,
        /// What it said last.
        fault: Fault,
    },
    /// The store of replies can't be reached: who does not know what is kept may not ask.
    #[error("failed to reach the kept replies: {0}")]
    Store(#[from] StoreError),
    /// The run's budget has too little left for the call.
    #[error("the run has spent {spent}, and its budget does not cover another {wanted}")]
    Spent {
        /// What calls that ended have cost.
        spent: Money,
        /// The most that this one can cost.
        wanted: Money,
    },
    /// The recording has no such reply, and a replay asks nobody.
    #[error("the recording has no reply of {}", .0.occasion)]
    Unrecorded(Box<Enquiry>),
    /// This worker is to hand the job back.
    #[error("to be handed back")]
    HandBack,
}

/// For what a reply is asked, beside its role and turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Slot of the plan.
    pub slot: u32,
    /// Candidate of the slot.
    pub candidate: u16,
    /// Agent under test; empty before there is one.
    pub agent: String,
    /// Its trial.
    pub trial: u32,
    /// Whether it is over the twin.
    pub twin: bool,
}

/// Where the replies of a job are kept, and how long it may go on.
#[derive(Debug, Clone)]
pub struct Place {
    /// Name of its run among the kept replies.
    pub run: String,
    /// What its models may cost together, if that is counted.
    pub budget: Option<Money>,
    /// Cancelled when the job should be handed back.
    pub hand_back: CancellationToken,
    /// Where what is sent is noted.
    pub journal: Journal,
    /// How long servers have put the job off.
    pub put_off: PutOff,
    /// The request that was asked last without a reply.
    pub last_asked: LastAsked,
}

/// One model in one role of one job.
#[derive(Debug)]
pub struct Session<'a> {
    models: &'a Models,
    place: &'a Place,
    subject: &'a Subject,
    endpoint: &'a Endpoint,
    turn: u32,
    part: Part,
}

impl<'a> Session<'a> {
    /// A model that has not been asked yet.
    pub fn new(
        models: &'a Models,
        place: &'a Place,
        subject: &'a Subject,
        role: Role,
        endpoint: &'a Endpoint,
        prompts: Digest,
    ) -> Self {
        let part = Part {
            role,
            name: endpoint.name.clone(),
            protocol: endpoint.protocol,
            models: Vec::new(),
            sampling: endpoint.sampling.clone(),
            form: endpoint.form,
            prompts,
            seed: endpoint.sampling.seeded.then(|| seed(role, subject)),
            replies: 0,
            usage: Usage::default(),
        };
        Self {
            models,
            place,
            subject,
            endpoint,
            turn: 0,
            part,
        }
    }

    /// The endpoint.
    pub fn endpoint(&self) -> &'a Endpoint {
        self.endpoint
    }

    /// What it had to do with the job so far.
    pub fn into_part(self) -> Part {
        self.part
    }

    /// One turn's reply; the request's seed is the session's to set. `regeneration` counts replies to the
    /// same request that could not be used.
    ///
    /// # Errors
    /// When there is none for now, or none at all.
    pub async fn ask(&mut self, request: &Request<'_>, regeneration: u32) -> Result<Reply, Stop> {
        let seed = self.part.seed.map(|seed| seed + u64::from(regeneration));
        let request = Request { seed, ..*request };
        let body = body(self.endpoint, &request);
        let key = self.key(regeneration, &body);
        let answer = match self.kept(&key).await? {
            Some(answer) => answer,
            None => {
                self.place.last_asked.set(key);
                self.may_ask(regeneration, &body)?;
                self.fetch(&key, &body, regeneration).await?
            }
        };
        if let Some(replay) = self.models.replay() {
            replay.hear(|| Exchange {
                enquiry: self.enquiry(regeneration, body.clone()),
                answer: answer.clone(),
            });
        }
        let reply = reply_to(self.endpoint, &body, &answer).map_err(|fault| Stop::Fault {
            endpoint: self.endpoint.name.clone(),
            fault,
        })?;
        self.note(&reply);
        Ok(reply)
    }

    /// The same, where a context that is full is an answer, too: why there is no reply.
    ///
    /// # Errors
    /// When there is none for now, or none for another reason.
    pub async fn ask_within(
        &mut self,
        request: &Request<'_>,
        regeneration: u32,
    ) -> Result<Result<Reply, String>, Stop> {
        match self.ask(request, regeneration).await {
            Err(Stop::Fault {
                fault: Fault::Overflow(why),
                ..
            }) => Ok(Err(why)),
            reply => reply.map(Ok),
        }
    }

    /// A replay asks nobody.
    fn may_ask(&self, regeneration: u32, body: &Bytes) -> Result<(), Stop> {
        if self.models.replay().is_none() {
            return Ok(());
        }
        let enquiry = self.enquiry(regeneration, body.clone());
        Err(Stop::Unrecorded(Box::new(enquiry)))
    }

    fn enquiry(&self, regeneration: u32, request: Bytes) -> Enquiry {
        Enquiry {
            occasion: self.occasion(regeneration),
            asked: self.endpoint.clone(),
            request,
        }
    }

    fn occasion(&self, regeneration: u32) -> Occasion {
        Occasion {
            role: self.part.role,
            endpoint: self.endpoint.name.clone(),
            subject: self.subject.clone(),
            turn: self.turn,
            regeneration,
        }
    }

    /// The next thing that is asked is asked in another turn.
    pub fn next_turn(&mut self) {
        self.turn += 1;
        self.part.replies += 1;
    }

    fn note(&mut self, reply: &Reply) {
        self.part.usage += reply.usage;
        reported(&mut self.part.models, &reply.model);
    }

    fn key(&self, regeneration: u32, body: &[u8]) -> Digest {
        let mut hasher = subject_hasher("t2t.reply", self.part.role, self.subject);
        hasher
            .number(u64::from(self.turn))
            .number(u64::from(regeneration))
            .bytes(body);
        hasher.finish()
    }

    async fn kept(&self, key: &Digest) -> Result<Option<Answer>, Stop> {
        let bytes = self.models.replies().get(&self.place.run, key).await?;
        let answer = bytes.and_then(|bytes| wire::decode(Kind::Reply, &bytes).ok());
        if answer.is_some() {
            self.models.reused();
        }
        Ok(answer)
    }

    /// Asks the endpoint, and keeps what it answers.
    async fn fetch(&self, key: &Digest, body: &Bytes, regeneration: u32) -> Result<Answer, Stop> {
        let moment = Moment {
            role: self.part.role,
            turn: self.turn,
            regeneration,
        };
        let asking = self.models.call(self.endpoint, body, self.place, moment);
        let answer = asking.await?;
        let bytes = wire::encode(Kind::Reply, &answer).map_err(|error| Stop::Fault {
            endpoint: self.endpoint.name.clone(),
            fault: Fault::NoReply {
                status: answer.status,
                text: error.to_string(),
            },
        })?;
        let kept = self.keep(key, bytes.into()).await?;
        Ok(wire::decode(Kind::Reply, &kept).unwrap_or(answer))
    }

    async fn keep(
        &self,
        key: &Digest,
        bytes: std::sync::Arc<[u8]>,
    ) -> Result<std::sync::Arc<[u8]>, Stop> {
        let mut pause = KEEP_PAUSE;
        let mut tries = 1;
        loop {
            let replies = self.models.replies();
            match replies.keep(&self.place.run, key, bytes.clone()).await {
                Ok(kept) => return Ok(kept.bytes),
                Err(error) if tries == KEEP_TRIES => return Err(error.into()),
                Err(error) => tracing::warn!(%error, "a reply that was paid for is not kept yet"),
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
            tries += 1;
        }
    }
}

/// The seed of a role's draws in a job: within 31 bits, since some servers take no more.
fn seed(role: Role, subject: &Subject) -> u64 {
    let digest = subject_hasher("t2t.model.seed", role, subject).finish();
    digest.head() & 0x7fff_ff00
}

fn subject_hasher(domain: &'static str, role: Role, subject: &Subject) -> Hasher {
    let mut hasher = Hasher::new(domain, 1);
    hasher
        .text(role.label())
        .number(u64::from(subject.slot))
        .number(u64::from(subject.candidate))
        .text(&subject.agent)
        .number(u64::from(subject.trial))
        .number(u64::from(subject.twin));
    hasher
}

/// Notes what a server calls its model, once each: some write a new name, or a long one, beside every reply.
fn reported(names: &mut Vec<String>, name: &str) {
    let name = excerpt(name, NAME);
    let new = !name.is_empty() && !names.iter().any(|known| *known == name);
    if new && names.len() < NAMES {
        names.push(name.into_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_names_its_model_only_so_often_and_so_long() {
        let mut names = Vec::new();
        for name in ["", "one", "one", &"é".repeat(1 << 20)] {
            reported(&mut names, name);
        }
        assert_eq!(names, ["one".to_owned(), format!("{}…", "é".repeat(NAME))]);
        for number in 0..1_000 {
            reported(&mut names, &number.to_string());
        }
        assert_eq!(names.len(), NAMES);
    }
}
