//! How a process stops: the first request drains it, the second ends it at once.
//!
//! | | what happens | exit code |
//! |---|---|---|
//! | nothing | runs until done | 0, or the command's own |
//! | SIGTERM or SIGINT | [`Shutdown::draining`]: takes no more work, finishes what is in hand | the command's own |
//! | [`Grace::finish`] is over | [`Shutdown::handing_back`]: gives back what can be continued elsewhere | the command's own |
//! | [`Grace::give_back`] is over, too | [`Shutdown::at_once`]: lets go of the rest | the command's own |
//! | a second signal | all of these, and the process exits at once | 130 |
//!
//! A request may come from anywhere ([`Shutdown::request`]), so tests need no signals, and time is
//! tokio's, so they need not wait.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::runtime::Builder;
use tokio_util::sync::CancellationToken;

/// Exit codes that the binaries share; `--help` of each lists its own as well.
pub mod exit {
    /// Done.
    pub const DONE: u8 = 0;
    /// Failed; the message says what, where and how to mend it.
    pub const FAILED: u8 = 1;
    /// Wrong usage or settings.
    pub const USAGE: u8 = 2;
    /// Stopped softly; the same command goes on from there.
    pub const STOPPED: u8 = 3;
    /// Ended by a second signal; redelivery and the ledger cover what was in hand.
    pub const AT_ONCE: u8 = 130;
}

/// How far a process is on its way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Works.
    Running,
    /// Takes no more work and finishes what it has.
    Draining,
    /// Gives back what it has not finished.
    HandingBack,
    /// Ends without waiting for anything.
    AtOnce,
}

/// How long a process that drains may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grace {
    /// To finish what is in hand.
    pub finish: Duration,
    /// From then on, to give back what is left.
    pub give_back: Duration,
}

/// Tells every part of a process that it is to stop. Clones are the same handle.
#[derive(Clone)]
pub struct Shutdown(Arc<Inner>);

struct Inner {
    grace: Option<Grace>,
    asked: AtomicBool,
    drain: CancellationToken,
    hand_back: CancellationToken,
    now: CancellationToken,
}

impl Shutdown {
    /// A process that runs. Without a grace, what is in hand is finished however long it takes.
    pub fn new(grace: Option<Grace>) -> Self {
        Self(Arc::new(Inner {
            grace,
            asked: AtomicBool::new(false),
            drain: CancellationToken::new(),
            hand_back: CancellationToken::new(),
            now: CancellationToken::new(),
        }))
    }

    /// Asks to stop: the first time to drain, from then on to end at once. Returns what the process
    /// does now.
    pub fn request(&self) -> Phase {
        let again = self.0.asked.swap(true, Ordering::AcqRel);
        self.0.drain.cancel();
        if again {
            self.0.hand_back.cancel();
            self.0.now.cancel();
        }
        self.phase()
    }

    /// Where the process is.
    pub fn phase(&self) -> Phase {
        if self.0.now.is_cancelled() {
            Phase::AtOnce
        } else if self.0.hand_back.is_cancelled() {
            Phase::HandingBack
        } else if self.0.drain.is_cancelled() {
            Phase::Draining
        } else {
            Phase::Running
        }
    }

    /// Cancelled when no more work is to be taken.
    pub fn draining(&self) -> &CancellationToken {
        &self.0.drain
    }

    /// Cancelled when what can be continued elsewhere is to be given back.
    pub fn handing_back(&self) -> &CancellationToken {
        &self.0.hand_back
    }

    /// Cancelled when what is still in hand is to be let go of.
    pub fn at_once(&self) -> &CancellationToken {
        &self.0.now
    }

    /// Goes on to the next phase when the time for one is over, and returns when there is none left.
    /// [`listen`](Self::listen) runs it; spawn it where there are no signals.
    pub async fn watch_grace(&self) {
        self.0.drain.cancelled().await;
        let Some(grace) = self.0.grace else {
            return self.0.now.cancelled().await;
        };
        for (time, next) in [
            (grace.finish, &self.0.hand_back),
            (grace.give_back, &self.0.now),
        ] {
            tokio::select! {
                () = self.0.now.cancelled() => {}
                () = tokio::time::sleep(time) => next.cancel(),
            }
        }
    }

    /// Makes each SIGTERM and SIGINT a [`request`](Self::request) from now on, and exits the process at
    /// the second. `notice` is told what each led to. It runs in a thread of its own, so that a signal
    /// is heard whatever the rest of the process is busy with.
    ///
    /// # Errors
    /// When the system gives no signal handler or thread.
    pub fn listen(&self, notice: impl Fn(Phase) + Send + 'static) -> std::io::Result<()> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let mut signals = {
            let _inside = runtime.enter();
            Signals::new()?
        };
        let shutdown = self.clone();
        let ears = async move {
            loop {
                signals.next().await;
                let phase = shutdown.request();
                notice(phase);
                if phase == Phase::AtOnce {
                    std::process::exit(i32::from(exit::AT_ONCE));
                }
            }
        };
        let shutdown = self.clone();
        std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || {
                runtime.block_on(async { tokio::join!(ears, shutdown.watch_grace()) })
            })?;
        Ok(())
    }
}

/// Has the signals that ask a process to stop do nothing from now on. For a process that its parent
/// stops: a service manager or a terminal sends them to both.
///
/// # Errors
/// When the system gives no signal handler. Called outside of a runtime it panics.
pub fn leave_signals_to_the_parent() -> std::io::Result<()> {
    // A handler stays when nobody listens to it any more.
    Signals::new().map(drop)
}

impl fmt::Debug for Shutdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shutdown")
            .field("phase", &self.phase())
            .field("grace", &self.0.grace)
            .finish()
    }
}

/// The signals that ask a process to stop; those that come while nobody waits are kept.
#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// The signals that ask a process to stop.
#[cfg(windows)]
struct Signals(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    async fn next(&mut self) {
        drop(self.0.recv().await);
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    const GRACE: Grace = Grace {
        finish: Duration::from_secs(600),
        give_back: Duration::from_secs(20),
    };

    #[tokio::test(start_paused = true)]
    async fn the_first_request_goes_through_the_phases_in_their_time() {
        let shutdown = Shutdown::new(Some(GRACE));
        let watch = tokio::spawn({
            let shutdown = shutdown.clone();
            async move { shutdown.watch_grace().await }
        });
        assert_eq!(shutdown.phase(), Phase::Running);
        let began = Instant::now();
        assert_eq!(shutdown.request(), Phase::Draining);
        assert!(shutdown.draining().is_cancelled());
        shutdown.handing_back().cancelled().await;
        assert_eq!(began.elapsed(), GRACE.finish);
        assert_eq!(shutdown.phase(), Phase::HandingBack);
        shutdown.at_once().cancelled().await;
        assert_eq!(began.elapsed(), GRACE.finish + GRACE.give_back);
        assert_eq!(shutdown.phase(), Phase::AtOnce);
        watch.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn the_second_request_does_not_wait() {
        let shutdown = Shutdown::new(Some(GRACE));
        let began = Instant::now();
        let handle = shutdown.clone();
        let loops = tokio::spawn(async move {
            handle.draining().cancelled().await;
            handle.handing_back().cancelled().await;
            handle.at_once().cancelled().await;
        });
        assert_eq!(shutdown.request(), Phase::Draining);
        assert_eq!(shutdown.request(), Phase::AtOnce);
        assert_eq!(shutdown.request(), Phase::AtOnce);
        tokio::join!(shutdown.watch_grace(), async { loops.await.unwrap() });
        assert_eq!(began.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_grace_it_drains_as_long_as_it_takes() {
        let shutdown = Shutdown::new(None);
        shutdown.request();
        let wait = tokio::time::timeout(GRACE.finish * 100, shutdown.watch_grace());
        assert!(wait.await.is_err(), "ended by itself");
        assert_eq!(shutdown.phase(), Phase::Draining);
    }

    #[test]
    fn of_many_requests_at_once_one_drains() {
        let shutdown = Shutdown::new(None);
        let barrier = std::sync::Barrier::new(4);
        let ask = || {
            barrier.wait();
            shutdown.request()
        };
        let phases: Vec<Phase> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        assert_eq!(shutdown.phase(), Phase::AtOnce);
        assert!(
            phases
                .iter()
                .filter(|phase| **phase == Phase::AtOnce)
                .count()
                >= 3
        );
    }
}
