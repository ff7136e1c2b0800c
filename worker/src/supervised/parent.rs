//! The parent's side: one child, from its start to its answer or its end.

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use proto::job::Job;
use proto::wire::{self, Kind};
use tokio::process::{ChildStdin, ChildStdout, Command};
use tokio::time::{Instant, sleep, timeout};

use super::pipe::{self, Answer, Errand};
use crate::executor::{Attempt, Done};
use crate::process::telemetry::propagation;

/// How long a child whose pipes are closed may take to end.
const FAREWELL: Duration = Duration::from_secs(5);

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum End {
    /// It died of the job.
    Crashed(String),
    /// Somebody told it to stop.
    OnPurpose(String),
    /// It died before it had the job.
    NeverBegan(String),
}

impl Errand {
    pub(super) fn of(attempt: &Attempt) -> Self {
        let mut trace = proto::queue::Headers::new();
        propagation::inject(&tracing::Span::current(), &mut trace);
        Self {
            number: attempt.number,
            crashes: attempt.crashes,
            redeliveries: attempt.redeliveries,
            instance: attempt.instance,
            put_off: attempt.put_off.so_far(),
            trace,
        }
    }
}

/// A child. Dropped, it is killed.
pub(super) struct Child {
    process: tokio::process::Child,
    stdin: ChildStdin,
    stdout: ChildStdout,
}

impl Child {
    /// Starts one and waits until it is ready.
    pub(super) async fn start(mut command: Command) -> Result<Self, End> {
        let never = |error: io::Error| End::NeverBegan(error.to_string());
        let mut process = command.spawn().map_err(never)?;
        let pipes = process.stdin.take().zip(process.stdout.take());
        let (stdin, stdout) = pipes.expect("both were asked for");
        let mut child = Self {
            process,
            stdin,
            stdout,
        };
        match child.hear().await {
            Ok(Answer::Begun) => Ok(child),
            Ok(other) => Err(End::NeverBegan(format!("it began with {other:?}"))),
            Err(error) => Err(End::NeverBegan(child.ended(&error).await.0)),
        }
    }

    /// Its number.
    pub(super) fn id(&self) -> Option<u32> {
        self.process.id()
    }

    /// Gives it the job. A child that dies before it has the whole of it can't have died of it.
    pub(super) async fn give(&mut self, errand: &Errand, job: &Job) -> Result<(), End> {
        let given = async {
            pipe::send(&mut self.stdin, &pipe::packed(errand)?).await?;
            let job = wire::encode(Kind::Job, job).map_err(io::Error::other)?;
            pipe::send(&mut self.stdin, &job).await
        };
        match given.await {
            Ok(()) => Ok(()),
            Err(error) => Err(End::NeverBegan(self.ended(&error).await.0)),
        }
    }

    /// Waits for its answer. Once it is to hand back it has `linger` left.
    pub(super) async fn answer(mut self, linger: Duration, attempt: &Attempt) -> Result<Done, End> {
        let heard = {
            let Self { stdin, stdout, .. } = &mut self;
            let told = async {
                attempt.hand_back.cancelled().await;
                // Fails when it has just ended, which its other pipe tells.
                drop(pipe::send(stdin, b"").await);
                sleep(linger).await;
            };
            tokio::select! {
                biased;
                heard = done(stdout, attempt) => Some(heard),
                () = told => None,
            }
        };
        match heard {
            Some(Ok(done)) => {
                self.leave();
                Ok(done)
            }
            Some(Err(error)) => {
                let (how, on_purpose) = self.ended(&error).await;
                Err(if on_purpose {
                    End::OnPurpose(how)
                } else {
                    End::Crashed(how)
                })
            }
            None => Err(End::Crashed(format!(
                "it was told to hand back and did not within {linger:?}, so it was killed"
            ))),
        }
    }

    async fn hear(&mut self) -> io::Result<Answer> {
        pipe::unpacked(&pipe::receive(&mut self.stdout, wire::PLAIN_CAP).await?)
    }

    /// Lets one that has answered end by itself: it may have spans to send.
    fn leave(self) {
        let Self {
            mut process, stdin, ..
        } = self;
        drop(stdin);
        tokio::spawn(async move { timeout(FAREWELL, process.wait()).await });
    }

    /// How one that says nothing more ended, and whether somebody wanted it to.
    async fn ended(&mut self, error: &io::Error) -> (String, bool) {
        match timeout(FAREWELL, self.process.wait()).await {
            Ok(Ok(status)) => (format!("it ended with {status}"), on_purpose(status)),
            Ok(Err(error)) => (format!("its end can't be seen: {error}"), false),
            // Dropped, it is killed.
            Err(_) => (format!("its answer can't be read: {error}"), false),
        }
    }
}

/// What its answer comes to; what it sent to models, and how long it was put off, is noted.
async fn done(stdout: &mut ChildStdout, attempt: &Attempt) -> io::Result<Done> {
    let Attempt {
        journal, put_off, ..
    } = attempt;
    // It counts from when it was given the job.
    let given = journal.after(Instant::now());
    loop {
        return Ok(
            match pipe::unpacked(&pipe::receive(stdout, wire::PLAIN_CAP).await?)? {
                Answer::Sent(mut sent) => {
                    sent.iter_mut().for_each(|sent| sent.after += given);
                    journal.note(sent);
                    continue;
                }
                Answer::PutOff(counted) => {
                    put_off.set(counted);
                    continue;
                }
                Answer::Begun => return Err(io::Error::other("it began twice")),
                Answer::Outcome => {
                    let envelope = pipe::receive(stdout, pipe::bound(Kind::Outcome)).await?;
                    let outcome =
                        wire::decode(Kind::Outcome, &envelope).map_err(io::Error::other)?;
                    Done::Outcome(outcome)
                }
                Answer::Missing(snapshot) => Done::Missing { snapshot },
                Answer::Later { after, limited } => Done::Later { after, limited },
                Answer::Again(error) => Done::Again { error },
                Answer::HandBack => Done::HandBack,
                Answer::Unwanted => Done::Unwanted,
                Answer::Spent { spent, wanted } => Done::Spent { spent, wanted },
            },
        );
    }
}

/// Whether a process was ended as operators and systems end processes, from outside.
#[cfg(unix)]
fn on_purpose(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt as _;
    const HANGUP: i32 = 1;
    const INTERRUPT: i32 = 2;
    const TERMINATE: i32 = 15;
    matches!(status.signal(), Some(HANGUP | INTERRUPT | TERMINATE))
}

/// Elsewhere the two look alike.
#[cfg(not(unix))]
fn on_purpose(_: ExitStatus) -> bool {
    false
}
