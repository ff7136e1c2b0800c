//! Runs whose jobs nobody wants any more, as the board says; asked for at most once in a while.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use proto::store::Board;
use proto::topology::Instance;
use tokio::time::Instant;

/// Section of the board with the instances that are cancelled.
pub const CANCELLED: &str = "cancelled";
/// How long an answer of the board is good for.
const GOOD_FOR: Duration = Duration::from_secs(5);
/// Within so long every worker that reaches the board has heard of a cancellation.
pub const HEARD_WITHIN: Duration = Duration::from_secs(GOOD_FOR.as_secs() + 1);
/// Instances remembered.
const REMEMBERED: usize = 1024;

/// Knows which runs are cancelled, a few seconds late.
#[derive(Debug)]
pub struct Cancelled {
    board: Arc<dyn Board>,
    known: Mutex<HashMap<Instance, (Instant, bool)>>,
}

impl Cancelled {
    /// As this board says.
    pub fn new(board: Arc<dyn Board>) -> Self {
        Self {
            board,
            known: Mutex::default(),
        }
    }

    /// Whether the jobs of an instance are to be dropped. A board that does not answer cancels nothing.
    pub async fn is(&self, instance: Instance) -> bool {
        let now = Instant::now();
        let known = {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.get(&instance).copied()
        };
        if let Some((asked, cancelled)) = known
            && now.duration_since(asked) < GOOD_FOR
        {
            return cancelled;
        }
        let read = self.board.read(CANCELLED, &instance.to_string()).await;
        let cancelled = matches!(read, Ok(Some(_)));
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(instance, (now, cancelled));
        cancelled
    }
}

#[cfg(test)]
mod tests {
    use proto::store::MemoryBoard;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_cancellation_is_seen_once_the_last_answer_is_old() {
        let board = Arc::new(MemoryBoard::default());
        let cancelled = Cancelled::new(Arc::clone(&board) as Arc<dyn Board>);
        let (one, other) = (Instance([1; 8]), Instance([2; 8]));
        assert!(!cancelled.is(one).await);
        let ttl = Duration::from_secs(3600);
        board
            .post(CANCELLED, &one.to_string(), b"", ttl)
            .await
            .expect("calm");
        assert!(!cancelled.is(one).await, "the answer is still good");
        tokio::time::advance(GOOD_FOR).await;
        assert!(cancelled.is(one).await);
        assert!(!cancelled.is(other).await);
    }
}
