//! Suspect jobs, each in a process of its own: what kills the process that does it must not kill those
//! that do other jobs, nor be laid at their door.
//!
//! From its third redelivery on a job is [suspect](Attempt::suspect): several workers ended while they
//! held it. Restarts of a fleet look the same, so nothing is held against it yet. A suspect job is done
//! by a child, the same program started once more for this one job. Only a child that dies after it has
//! the job, while its parent lives, is a crash of the job:
//!
//! | what happens | the job |
//! |---|---|
//! | the child answers | ends as the answer says |
//! | it dies, or says what makes no sense | [`Done::Crashed`] |
//! | it does not hand back when told to, within [`LINGER`] and its models' patience | the child is killed: `Crashed` |
//! | somebody ends it with a signal for stopping | [`Done::HandBack`]: not the job's doing |
//! | it can't be started, or not connect to the services | [`Done::Later`]: not the job's doing |
//! | the parent dies | the child ends with it, and the job is delivered again |
//!
//! A job that hangs is a crash and no hand-back, since handed back it would come again for ever; a
//! healthy one comes to a resting place in far less.
//!
//! The child gets what its parent has from the same place: command line and environment. It keeps
//! nothing for a second job, so that no job pays for another's.

mod child;
mod parent;
mod pipe;

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use async_trait::async_trait;
use proto::job::Job;
use tokio::process::Command;

use crate::executor::{Attempt, Done, Perform};
use crate::process::metrics::Metrics;
pub(crate) use child::attend;
use parent::{Child, End};
use pipe::Errand;

/// How long a child may go on after it was told to hand back, beside what its models may take for an
/// answer: longer than a turn of a conversation takes, and with the default time to hold a job and a model's default
/// patience still within the broker's consumer timeout, so that its crash is told before the broker strikes.
pub const LINGER: Duration = Duration::from_secs(4 * 60);
/// How long a child may take to be ready.
const READY: Duration = Duration::from_secs(60);
/// When a job comes again whose child could not begin.
const LATER: Duration = Duration::from_secs(30);

/// How a child is started.
#[derive(Debug, Clone)]
pub struct Program {
    /// The program.
    pub path: PathBuf,
    /// Its command line.
    pub arguments: Vec<OsString>,
}

impl Program {
    /// This program with its own command line and one more argument.
    ///
    /// # Errors
    /// When the system does not tell which program this is.
    pub fn again(argument: &str) -> std::io::Result<Self> {
        // Stays the same program when its file is replaced by a new release.
        let this = PathBuf::from("/proc/self/exe");
        let path = if this.exists() {
            this
        } else {
            std::env::current_exe()?
        };
        let mut arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
        arguments.push(argument.into());
        Ok(Self { path, arguments })
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        command
            .args(&self.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true);
        command
    }
}

/// Has suspect jobs done in processes of their own, and all others as ever. There are as many children
/// as jobs under way, and no more.
pub struct Supervised<P> {
    ordinary: P,
    program: Program,
    linger: Duration,
    metrics: Metrics,
}

impl<P> Supervised<P> {
    /// Over what does ordinary jobs in this process. What a child asked of models is counted into `metrics`.
    pub fn new(ordinary: P, program: Program, metrics: Metrics) -> Self {
        Self {
            ordinary,
            program,
            linger: LINGER,
            metrics,
        }
    }

    /// With another time to hand back.
    #[must_use]
    pub fn lingering(mut self, linger: Duration) -> Self {
        self.linger = linger;
        self
    }

    async fn apart(&self, job: &Job, attempt: &Attempt) -> Result<Done, End> {
        let starting = Child::start(self.program.command());
        let mut child = tokio::select! {
            biased;
            () = attempt.hand_back.cancelled() => return Ok(Done::HandBack),
            child = tokio::time::timeout(READY, starting) => match child {
                Ok(child) => child?,
                Err(_) => return Err(End::NeverBegan(format!("it was not ready within {READY:?}"))),
            },
        };
        child.give(&Errand::of(attempt), job).await?;
        tracing::info!(
            job = %job.id,
            process = child.id(),
            redeliveries = attempt.redeliveries,
            crashes = attempt.crashes,
            "a suspect job is under way in a process of its own"
        );
        // A reply that is on its way is paid for, and is waited for.
        let linger = self.linger + patience(job);
        let done = child.answer(linger, attempt).await;
        attempt.journal.each(|sent| self.metrics.work.asked(sent));
        done
    }
}

/// The longest that a model of the job may take for an answer.
fn patience(job: &Job) -> Duration {
    let models = job.cast.models.iter();
    let longest = models.map(|(_, endpoint)| endpoint.patience.total).max();
    Duration::from_millis(longest.unwrap_or_default())
}

impl<P> fmt::Debug for Supervised<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Supervised")
            .field("program", &self.program.path)
            .field("linger", &self.linger)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl<P: Perform> Perform for Supervised<P> {
    async fn perform(&self, job: Job, attempt: &Attempt) -> Done {
        if !attempt.suspect() {
            return self.ordinary.perform(job, attempt).await;
        }
        match self.apart(&job, attempt).await {
            Ok(done) => done,
            Err(End::Crashed(how)) => Done::Crashed { how },
            Err(End::OnPurpose(how)) => {
                tracing::warn!(job = %job.id, how, "the process of a job was stopped; the job goes back");
                Done::HandBack
            }
            Err(End::NeverBegan(why)) => {
                tracing::error!(job = %job.id, why, "no process for a suspect job; it comes again later");
                Done::Later {
                    after: LATER,
                    limited: false,
                }
            }
        }
    }
}

#[cfg(all(test, unix))]
mod tests;
