//! The job that kills every process that does it, as one would that overflows a stack or takes all memory.

use std::env;

use async_trait::async_trait;
use proto::job::Job;
use worker::executor::{Attempt, Done, Perform};

/// The variable that names the job.
pub(super) const VARIABLE: &str = "CHAOS_POISON";
/// What a process says before it dies of the job.
pub(super) const LAST_WORDS: &str = "dies of the poison job";

/// What does jobs, until one of them kills the process.
#[derive(Debug)]
pub struct Poisoned<P> {
    ordinary: P,
    job: String,
}

impl Poisoned<()> {
    /// The job that the environment names, if it does.
    pub fn named() -> Option<String> {
        env::var(VARIABLE).ok()
    }
}

impl<P> Poisoned<P> {
    /// Over what does all other jobs.
    pub fn new(ordinary: P, job: &str) -> Self {
        let job = job.to_owned();
        Self { ordinary, job }
    }
}

#[async_trait]
impl<P: Perform> Perform for Poisoned<P> {
    async fn perform(&self, job: Job, attempt: &Attempt) -> Done {
        if job.id.to_string() == self.job {
            eprintln!("{}: {LAST_WORDS}", std::process::id());
            std::process::abort();
        }
        self.ordinary.perform(job, attempt).await
    }
}
