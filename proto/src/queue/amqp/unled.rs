//! Queues that nobody leads, told from those whose leader is slow.
//!
//! A kill leaves such queues: those that a broker without peers has not written down yet. They never mend
//! by themselves, so they are deleted, and made again by whoever needs them. The broker says of one that it
//! holds no message and has no consumer. But it says the same of any queue whose leader does not answer it
//! within a moment (a quarter of a second), on a stalled disk for one, and of any that is without a majority
//! just now, whatever they hold. So a single answer proves nothing, and evidence is gathered over a while: a
//! leader that is slow answers one of many looks in time. A look that shows a message or a consumer ends the
//! suspicion, and so does one that fails, a confirm, a delivery, or a consumer that begins.
//!
//! If a majority that was away for longer brings messages back after all, they are gone: that costs time, as
//! every message of a lane that is lost. Letters of a dead lane come from nowhere else, so its queue is never
//! suspected.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lapin::options::QueueDeleteOptions;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use super::super::Lane;
use super::declare::{Layout, look};
use super::link::{Link, answered};

/// Looks that show nothing, at least, before a queue is deleted.
const LOOKS: u32 = 10;
/// Longest wait for a look.
const LOOK: Duration = Duration::from_secs(20);
/// Longest wait for the end of a queue.
const DROPPING: Duration = Duration::from_secs(20);

/// Watches queues that give no answer.
pub(super) struct Unled {
    consuming: Arc<Link>,
    layout: Arc<Layout>,
    /// How long evidence is gathered.
    after: Duration,
    closed: watch::Receiver<bool>,
    suspicions: Mutex<Suspicions>,
}

impl Unled {
    pub(super) fn new(
        consuming: Arc<Link>,
        layout: Arc<Layout>,
        after: Duration,
        closed: watch::Receiver<bool>,
    ) -> Self {
        Self {
            consuming,
            layout,
            after,
            closed,
            suspicions: Mutex::default(),
        }
    }

    /// A queue gave no answer for long. It is watched from now on, and deleted if nothing speaks for it;
    /// whoever waits for it goes on trying meanwhile.
    pub(super) fn suspect(self: &Arc<Self>, lane: Lane, queue: &str) {
        let raised = self.lock().raise(queue);
        let Some(number) = raised else {
            return;
        };
        let (this, queue) = (Arc::clone(self), queue.to_owned());
        tokio::spawn(async move {
            let mut closed = this.closed.clone();
            tokio::select! {
                () = this.inquire(lane, &queue, number) => {}
                // Also when the connection was dropped.
                _ = closed.wait_for(|closed| *closed) => {}
            }
        });
    }

    /// A queue gave an answer that only one with a leader gives.
    pub(super) fn acquit(&self, queue: &str) {
        self.lock().open.remove(queue);
    }

    async fn inquire(&self, lane: Lane, queue: &str, number: u64) {
        let unled = shows_nothing(self.after, move || self.look(queue, number)).await;
        let stood = self.lock().end(queue, number);
        if unled && stood {
            self.delete(lane, queue).await;
        }
    }

    /// Whether a queue that is still under suspicion shows neither message nor consumer.
    async fn look(&self, queue: &str, number: u64) -> bool {
        let stands = self.lock().stands(queue, number);
        if !stands {
            return false;
        }
        let looking = async {
            let channel = self.consuming.channel().await.ok()?;
            look(&channel, queue).await.ok()?
        };
        match timeout(LOOK, looking).await {
            Ok(Some(found)) => found.message_count() == 0 && found.consumer_count() == 0,
            // It is not there, or the broker does not say.
            Ok(None) | Err(_) => false,
        }
    }

    async fn delete(&self, lane: Lane, queue: &str) {
        tracing::warn!(queue, "nobody leads it: it is deleted and made again");
        let deleting = async {
            let channel = self.consuming.channel().await?;
            let options = QueueDeleteOptions::default();
            answered(channel.queue_delete(queue.into(), options)).await
        };
        let deleted = timeout(DROPPING, deleting).await;
        self.layout.forget(lane);
        match deleted {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::warn!(queue, %error, "it was not deleted"),
            Err(_) => tracing::warn!(queue, "the broker does not say whether it was deleted"),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Suspicions> {
        self.suspicions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Queues under suspicion.
#[derive(Debug, Default)]
struct Suspicions {
    /// Each with the number of its suspicion, so that one raised anew is not taken for the one before.
    open: HashMap<String, u64>,
    raised: u64,
}

impl Suspicions {
    /// Raises one of a queue, unless there is one; gives its number.
    fn raise(&mut self, queue: &str) -> Option<u64> {
        if self.open.contains_key(queue) {
            return None;
        }
        self.raised += 1;
        self.open.insert(queue.to_owned(), self.raised);
        Some(self.raised)
    }

    /// Whether nothing has ended a suspicion.
    fn stands(&self, queue: &str, number: u64) -> bool {
        self.open.get(queue) == Some(&number)
    }

    /// Ends a suspicion; tells whether it stood.
    fn end(&mut self, queue: &str, number: u64) -> bool {
        let stood = self.stands(queue, number);
        if stood {
            self.open.remove(queue);
        }
        stood
    }
}

/// Whether none of many looks, spread over a while, shows anything; the first one that does is the last.
async fn shows_nothing<L: Future<Output = bool>>(
    after: Duration,
    mut look: impl FnMut() -> L,
) -> bool {
    let began = Instant::now();
    let mut looks = 0;
    loop {
        if !look().await {
            return false;
        }
        looks += 1;
        if looks >= LOOKS && began.elapsed() >= after {
            return true;
        }
        sleep(after / LOOKS).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AFTER: Duration = Duration::from_secs(60);

    /// What comes of looks of which only one shows something, how many there were, and how long that took.
    async fn looks(shows: Option<u32>) -> (bool, u32, Duration) {
        let (began, mut count) = (Instant::now(), 0);
        let unled = shows_nothing(AFTER, || {
            count += 1;
            std::future::ready(Some(count) != shows)
        })
        .await;
        (unled, count, began.elapsed())
    }

    async fn slow() -> bool {
        sleep(AFTER).await;
        true
    }

    #[tokio::test(start_paused = true)]
    async fn only_many_looks_over_a_while_prove_that_nobody_leads_a_queue() {
        let (unled, count, took) = looks(None).await;
        assert!(unled && count >= LOOKS && took >= AFTER, "{count} {took:?}");
        for shows in [1, 2, LOOKS] {
            let (unled, count, took) = looks(Some(shows)).await;
            assert!(!unled && took < AFTER, "{took:?}");
            assert_eq!(count, shows, "nothing is looked at any more");
        }
        let mut count = 0;
        let unled = shows_nothing(AFTER, || {
            count += 1;
            slow()
        })
        .await;
        assert!(unled && count == LOOKS, "slow looks are no fewer: {count}");
    }

    #[test]
    fn a_suspicion_that_ended_is_not_the_one_that_was_raised_after_it() {
        let mut suspicions = Suspicions::default();
        let first = suspicions.raise("q").unwrap();
        assert_eq!(suspicions.raise("q"), None, "one is enough");
        let other = suspicions.raise("r").unwrap();
        suspicions.open.remove("q");
        assert!(!suspicions.stands("q", first));
        let second = suspicions.raise("q").unwrap();
        assert!(!suspicions.stands("q", first) && suspicions.stands("q", second));
        assert!(!suspicions.end("q", first), "it had ended before");
        assert!(suspicions.end("q", second) && !suspicions.stands("q", second));
        assert!(suspicions.stands("r", other));
    }
}
