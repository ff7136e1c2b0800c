//! What is heard is durable before it is acknowledged. A ledger that can't be written, as on a full disk, is tried
//! again until it can: nothing is lost meanwhile, since what is not acknowledged comes again.

use std::time::Duration;

use futures_util::future::join_all;
use proto::ids::JobId;
use proto::queue::Delivery;
use tokio::time::Instant;
use worker::blocking::in_place;

use super::{Dispatch, DispatchError, TICK};
use crate::ledger::{Entry, LedgerError};

/// Pause before an answer that could not be put aside is given back.
const UNBURIED: Duration = Duration::from_secs(1);

impl Dispatch<'_> {
    /// Appends a record to the ledger, unless its job has one.
    pub(super) async fn append(&mut self, entry: &Entry, body: &[u8]) -> Result<(), DispatchError> {
        loop {
            match self.content.ledger.append(entry, body) {
                Ok(_) => return Ok(()),
                Err(error) => self.again(error).await?,
            }
        }
    }

    /// Commits what was appended, and acknowledges it.
    pub(super) async fn settle(&mut self) -> Result<(), DispatchError> {
        for (delivery, reason) in self.unreadable.drain(..) {
            tracing::error!(job = %JobId(delivery.message().id), reason, "put aside; its job stays open");
            if let Err(unsettled) = delivery.reject(reason).await {
                tracing::warn!(error = %unsettled, "it can't be put aside, and comes again");
                // At once it would come as fast as a full dead lane refuses it.
                tokio::spawn(async move {
                    tokio::time::sleep(UNBURIED).await;
                    drop(unsettled);
                });
            }
        }
        if self.appended.is_empty() {
            return Ok(());
        }
        self.commit().await?;
        self.oldest = None;
        // Together, since a broker takes many in one frame. A lost one brings the outcome again, and the
        // ledger knows it by then.
        drop(join_all(self.appended.drain(..).map(Delivery::ack)).await);
        Ok(())
    }

    /// Makes what was appended durable.
    pub(super) async fn commit(&mut self) -> Result<(), DispatchError> {
        loop {
            let began = Instant::now();
            let committed = in_place(|| self.content.ledger.commit());
            let course = &self.options.metrics.course;
            course.commit_lag.of(()).set(self.lag());
            course.commit.record((), began.elapsed());
            match committed {
                Ok(()) => return Ok(()),
                Err(error) => {
                    if matches!(error, LedgerError::Fenced { .. }) {
                        course.fenced.of(()).inc();
                    }
                    self.again(error).await?;
                }
            }
        }
    }

    /// Waits until the ledger is tried again; gives the error back where no other try may help, or where the run
    /// is to stop: whoever goes on hears everything again that was not acknowledged.
    async fn again(&self, error: LedgerError) -> Result<(), DispatchError> {
        if !matches!(error, LedgerError::Io { .. }) || !self.options.persistent {
            return Err(error.into());
        }
        tracing::error!(%error, "the ledger can't be written; nothing is lost, trying again");
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(error.into()),
            () = tokio::time::sleep(TICK) => Ok(()),
        }
    }
}
