//! A queue that does as the one within and counts each message.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use proto::error::ErrorKind;
use proto::queue::{
    Consumer, DeadLetter, Delivery, Lane, Message, Queue, QueueError, Settle, Settlement, Wanted,
};
use tokio::time::Instant;

use crate::process::metrics::Metrics;
use crate::process::metrics::label::Failure;
use crate::process::metrics::table::Transport;

/// The queue `inner`, counted into these metrics.
pub fn queue(inner: Arc<dyn Queue>, metrics: &Metrics) -> Arc<dyn Queue> {
    let transport = Arc::new(metrics.transport.clone());
    Arc::new(Metered { inner, transport })
}

#[derive(Debug)]
struct Metered {
    inner: Arc<dyn Queue>,
    transport: Arc<Transport>,
}

#[async_trait]
impl Queue for Metered {
    async fn publish(&self, lane: Lane, message: Message) -> Result<(), QueueError> {
        let asked = Instant::now();
        let published = self.inner.publish(lane, message).await;
        match &published {
            Ok(()) => self.transport.publish.record((lane,), asked.elapsed()),
            Err(error) => {
                let failures = &self.transport.publish_failures;
                failures.of((lane, failure(error))).inc();
            }
        }
        published
    }

    async fn subscribe(
        &self,
        lane: Lane,
        prefetch: NonZeroUsize,
    ) -> Result<Box<dyn Consumer>, QueueError> {
        let inner = self.inner.subscribe(lane, prefetch).await?;
        let transport = Arc::clone(&self.transport);
        Ok(Box::new(Taking { inner, transport }))
    }

    async fn ready(&self, lane: Lane) -> Result<u64, QueueError> {
        self.inner.ready(lane).await
    }

    async fn delayed(&self, lane: Lane) -> Result<u64, QueueError> {
        self.inner.delayed(lane).await
    }

    async fn buried(&self, lane: Lane) -> Result<u64, QueueError> {
        self.inner.buried(lane).await
    }

    async fn dead(
        &self,
        lane: Lane,
        limit: usize,
        wanted: &Wanted<'_>,
    ) -> Result<Vec<DeadLetter>, QueueError> {
        self.inner.dead(lane, limit, wanted).await
    }

    async fn revive(
        &self,
        lane: Lane,
        limit: usize,
        wanted: &Wanted<'_>,
    ) -> Result<Vec<DeadLetter>, QueueError> {
        self.inner.revive(lane, limit, wanted).await
    }

    async fn discard(
        &self,
        lane: Lane,
        limit: usize,
        wanted: &Wanted<'_>,
    ) -> Result<Vec<DeadLetter>, QueueError> {
        self.inner.discard(lane, limit, wanted).await
    }

    async fn consumers(&self, lane: Lane) -> Result<u32, QueueError> {
        self.inner.consumers(lane).await
    }

    async fn delete(&self, lane: Lane) -> Result<(), QueueError> {
        self.inner.delete(lane).await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}

fn failure(error: &QueueError) -> Failure {
    match error.kind() {
        ErrorKind::Transient => Failure::Transient,
        ErrorKind::Permanent => Failure::Permanent,
        ErrorKind::Indeterminate => Failure::Indeterminate,
    }
}

struct Taking {
    inner: Box<dyn Consumer>,
    transport: Arc<Transport>,
}

#[async_trait]
impl Consumer for Taking {
    async fn next(&mut self) -> Result<Option<Delivery>, QueueError> {
        let Some(inner) = self.inner.next().await? else {
            return Ok(None);
        };
        self.transport.deliveries.of((inner.lane(),)).inc();
        if inner.redeliveries() > 0 {
            self.transport.redeliveries.of((inner.lane(),)).inc();
        }
        Ok(Some(wrap(inner, Arc::clone(&self.transport))))
    }

    fn ahead(&self) -> Option<Duration> {
        self.inner.ahead()
    }
}

/// A delivery whose settlement is counted.
pub(super) fn wrap(inner: Delivery, transport: Arc<Transport>) -> Delivery {
    Delivery::around(inner, |inner| {
        Box::new(Settling {
            lane: inner.lane(),
            inner: Some(inner),
            transport,
        })
    })
}

struct Settling {
    /// None once settled.
    inner: Option<Delivery>,
    lane: Lane,
    transport: Arc<Transport>,
}

#[async_trait]
impl Settle for Settling {
    async fn settle(&mut self, message: &Arc<Message>, how: Settlement) -> Result<(), QueueError> {
        let Some(mut inner) = self.inner.take() else {
            return Err(QueueError::Lost(self.lane));
        };
        if !Arc::ptr_eq(message, inner.message()) {
            inner.headers_mut().clone_from(&message.headers);
        }
        let rejected = matches!(how, Settlement::Reject { .. });
        match inner.settle(how).await {
            Ok(()) => {
                if rejected {
                    self.transport.dead.of((self.lane,)).inc();
                }
                Ok(())
            }
            Err(unsettled) => {
                if matches!(unsettled.error, QueueError::Lost(_)) {
                    self.transport.acks_lost.of((self.lane,)).inc();
                }
                self.inner = Some(unsettled.delivery);
                Err(unsettled.error)
            }
        }
    }
}
