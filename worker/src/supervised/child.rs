//! The child's side: one job from standard input, one answer on standard output.
//!
//! A thread of its own listens to the parent, so that the end of the parent is the end of the child
//! whatever the job is doing: nobody would be there for its answer, and the job goes to somebody else.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use proto::job::{Job, Stage};
use proto::outcome::{Outcome, StageResult};
use proto::wire::{self, Kind};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::pipe::{self, Answer, Errand};
use crate::chat::journal::Journal;
use crate::chat::put_off::PutOff;
use crate::executor::{Attempt, Done, Perform, unless_it_panics};
use crate::process::lifecycle::exit;
use crate::process::telemetry::spans;

/// Requests that are told of in one frame.
const TOGETHER: usize = 64;

/// Does the one job that the parent gives.
///
/// # Errors
/// When the parent does not speak as expected, or no longer listens.
pub(crate) async fn attend(performer: &dyn Perform) -> io::Result<()> {
    let (given, job) = oneshot::channel();
    let ear = Ear {
        hand_back: CancellationToken::new(),
        answered: Arc::default(),
    };
    let (hand_back, answered) = (ear.hand_back.clone(), Arc::clone(&ear.answered));
    std::thread::Builder::new()
        .name("parent".to_owned())
        .spawn(move || ear.listen(given))?;
    say(&Answer::Begun)?;
    let (errand, job) = job.await.map_err(io::Error::other)??;
    let stage = job.input.stage();
    let attempt = Attempt {
        number: errand.number,
        crashes: errand.crashes,
        redeliveries: errand.redeliveries,
        instance: errand.instance,
        hand_back,
        journal: Journal::default(),
        put_off: PutOff::after(errand.put_off),
    };
    let span = spans::supervised(&errand.trace);
    let done = unless_it_panics(performer, job, &attempt)
        .instrument(span)
        .await;
    answered.store(true, Ordering::Release);
    for sent in attempt.journal.take().chunks(TOGETHER) {
        // What does not fit into a frame is not told; the answer is what counts.
        if let Ok(frame) = pipe::packed(&Answer::Sent(sent.to_vec())) {
            pipe::write(&mut io::stdout().lock(), &frame)?;
        }
    }
    say(&Answer::PutOff(attempt.put_off.so_far()))?;
    answer(stage, done)
}

/// What hears the parent.
struct Ear {
    hand_back: CancellationToken,
    /// The parent may go: it has what it waited for.
    answered: Arc<AtomicBool>,
}

impl Ear {
    fn listen(self, given: oneshot::Sender<io::Result<(Errand, Job)>>) {
        let mut parent = io::stdin().lock();
        // Whoever waited for the job is gone only with the whole process.
        drop(given.send(errand(&mut parent)));
        while pipe::read(&mut parent, 0).is_ok() {
            self.hand_back.cancel();
        }
        if !self.answered.load(Ordering::Acquire) {
            std::process::exit(i32::from(exit::AT_ONCE));
        }
    }
}

fn errand(parent: &mut impl io::Read) -> io::Result<(Errand, Job)> {
    let errand = pipe::unpacked(&pipe::read(parent, wire::PLAIN_CAP)?)?;
    let job = pipe::read(parent, pipe::bound(Kind::Job))?;
    let job = wire::decode(Kind::Job, &job).map_err(io::Error::other)?;
    Ok((errand, job))
}

fn say(answer: &Answer) -> io::Result<()> {
    pipe::write(&mut io::stdout().lock(), &pipe::packed(answer)?)
}

fn answer(stage: Stage, done: Done) -> io::Result<()> {
    match done {
        Done::Outcome(outcome) => {
            let envelope = wire::encode(Kind::Outcome, &outcome)
                .or_else(|error| {
                    let error = error.to_string();
                    let result = StageResult::Failed { stage, error };
                    let job = outcome.job;
                    wire::encode(Kind::Outcome, &Outcome { job, result })
                })
                .map_err(io::Error::other)?;
            say(&Answer::Outcome)?;
            pipe::write(&mut io::stdout().lock(), &envelope)
        }
        Done::Missing { snapshot } => say(&Answer::Missing(snapshot)),
        Done::Later { after, limited } => say(&Answer::Later { after, limited }),
        Done::Again { error } => say(&Answer::again(&error)),
        // It has no child of its own whose death it could tell of.
        Done::Crashed { how } => say(&Answer::again(&how)),
        Done::HandBack => say(&Answer::HandBack),
        Done::Unwanted => say(&Answer::Unwanted),
        Done::Spent { spent, wanted } => say(&Answer::Spent { spent, wanted }),
    }
}
