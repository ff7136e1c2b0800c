//! Publications under way: many at a time, since each waits for the broker's confirmation.

use std::sync::Arc;
use std::time::Duration;

use proto::error::ErrorKind;
use proto::ids::JobId;
use proto::queue::{Message, Queue, QueueError};
use proto::topology::Lane;
use tokio::task::JoinSet;
use tracing::{Instrument as _, Span};

use super::apart::Changes;

/// Wait before a publication is tried again that the queue did not take.
const AGAIN: Duration = Duration::from_secs(1);

/// A job that was not published and never will be.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) job: JobId,
    pub(super) error: QueueError,
}

/// Publications under way.
#[derive(Debug)]
pub(super) struct Publishing {
    queue: Arc<dyn Queue>,
    under_way: JoinSet<Result<(), Refused>>,
}

impl Publishing {
    pub(super) fn new(queue: Arc<dyn Queue>) -> Self {
        Self {
            queue,
            under_way: JoinSet::new(),
        }
    }

    /// Begins to publish, once what the job names is where workers look for it.
    pub(super) fn begin(
        &mut self,
        lane: Lane,
        message: Message,
        changes: Vec<Changes>,
        span: Span,
    ) {
        let queue = Arc::clone(&self.queue);
        let publishing = async move {
            for changes in changes {
                changes.put().await;
            }
            publish(queue, lane, message).await
        };
        self.under_way.spawn(publishing.instrument(span));
    }

    /// Whether nothing is under way.
    pub(super) fn is_idle(&self) -> bool {
        self.under_way.is_empty()
    }

    /// The next refusal. Dropping the future loses none.
    pub(super) async fn next(&mut self) -> Refused {
        loop {
            match self.under_way.join_next().await {
                Some(Ok(Err(refused))) => return refused,
                Some(Ok(Ok(()))) => {}
                Some(Err(failed)) => std::panic::resume_unwind(failed.into_panic()),
                None => std::future::pending().await,
            }
        }
    }
}

async fn publish(queue: Arc<dyn Queue>, lane: Lane, message: Message) -> Result<(), Refused> {
    loop {
        let Err(error) = queue.publish(lane, message.clone()).await else {
            return Ok(());
        };
        if error.kind() == ErrorKind::Permanent {
            let job = JobId(message.id);
            return Err(Refused { job, error });
        }
        // It may have been published: a second copy is harmless.
        tracing::warn!(%error, "a job was not published, trying again");
        tokio::time::sleep(AGAIN).await;
    }
}
