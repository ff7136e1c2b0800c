//! A process's connection to the exchange: the seam that the real coordinator and the real workers use,
//! where what happens and what is reported may differ.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use proto::queue::{
    Consumer, DeadLetter, Delivery, Lane, Message, Queue, QueueError, Settle, Settlement, Wanted,
};

use super::case::{Fate, Report};
use super::exchange::{Exchange, Slip, take};
use super::process::Process;

/// See the module documentation.
#[derive(Debug)]
pub(super) struct Link {
    process: Arc<Process>,
    exchange: Arc<Exchange>,
}

impl Link {
    pub(super) fn new(process: &Arc<Process>, exchange: &Arc<Exchange>) -> Self {
        Self {
            process: Arc::clone(process),
            exchange: Arc::clone(exchange),
        }
    }
}

fn told(report: Report, lane: Lane) -> Result<(), QueueError> {
    match report {
        Report::Done => Ok(()),
        Report::Unknown => Err(QueueError::Unknown(format!("{lane}: no confirm came"))),
        Report::Failed => Err(QueueError::Unreachable(format!("{lane}: no connection"))),
    }
}

#[async_trait]
impl Queue for Link {
    async fn publish(&self, lane: Lane, message: Message) -> Result<(), QueueError> {
        self.process.cross().await;
        let Fate { happened, reported } = self.process.publish_fate();
        if happened {
            self.exchange.remember(lane, &message);
            self.exchange.queue.publish(lane, message).await?;
        }
        self.process.cross().await;
        told(reported, lane)
    }

    async fn subscribe(
        &self,
        lane: Lane,
        prefetch: NonZeroUsize,
    ) -> Result<Box<dyn Consumer>, QueueError> {
        self.process.cross().await;
        let inner = self.exchange.queue.subscribe(lane, prefetch).await?;
        self.exchange.join(lane, self.process.number);
        Ok(Box::new(Ear {
            inner,
            lane,
            process: Arc::clone(&self.process),
            exchange: Arc::clone(&self.exchange),
        }))
    }

    async fn ready(&self, lane: Lane) -> Result<u64, QueueError> {
        self.process.cross().await;
        self.exchange.queue.ready(lane).await
    }

    async fn delayed(&self, lane: Lane) -> Result<u64, QueueError> {
        self.process.cross().await;
        self.exchange.queue.delayed(lane).await
    }

    async fn buried(&self, lane: Lane) -> Result<u64, QueueError> {
        self.process.cross().await;
        self.exchange.queue.buried(lane).await
    }

    async fn dead(
        &self,
        lane: Lane,
        limit: usize,
        wanted: &Wanted<'_>,
    ) -> Result<Vec<DeadLetter>, QueueError> {
        self.process.cross().await;
        self.exchange.queue.dead(lane, limit, wanted).await
    }

    async fn revive(
        &self,
        lane: Lane,
        limit: usize,
        wanted: &Wanted<'_>,
    ) -> Result<Vec<DeadLetter>, QueueError> {
        self.process.cross().await;
        self.exchange.queue.revive(lane, limit, wanted).await
    }

    async fn discard(
        &self,
        lane: Lane,
        limit: usize,
        wanted: &Wanted<'_>,
    ) -> Result<Vec<DeadLetter>, QueueError> {
        self.process.cross().await;
        self.exchange.queue.discard(lane, limit, wanted).await
    }

    async fn consumers(&self, lane: Lane) -> Result<u32, QueueError> {
        self.process.cross().await;
        Ok(u32::try_from(self.exchange.listeners(lane)).unwrap_or(u32::MAX))
    }

    async fn delete(&self, lane: Lane) -> Result<(), QueueError> {
        self.process.cross().await;
        self.exchange.queue.delete(lane).await
    }

    async fn close(&self) {}
}

struct Ear {
    inner: Box<dyn Consumer>,
    lane: Lane,
    process: Arc<Process>,
    exchange: Arc<Exchange>,
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.exchange.part(Some(self.lane), self.process.number);
    }
}

#[async_trait]
impl Consumer for Ear {
    async fn next(&mut self) -> Result<Option<Delivery>, QueueError> {
        let (lane, process) = (self.lane, self.process.number);
        let delivery = loop {
            // Taken for gone meanwhile, it comes again, behind the others.
            self.exchange.join(lane, process);
            self.exchange.turn(lane, process, true).await;
            tokio::select! {
                biased;
                () = self.exchange.turn(lane, process, false) => {}
                delivery = self.inner.next() => break delivery?,
            }
        };
        let Some(delivery) = delivery else {
            return Ok(None);
        };
        // Nothing is awaited from here on: the future may be dropped at any await.
        self.process.count();
        let lane = delivery.lane();
        Ok(Some(Delivery::around(delivery, |delivery| {
            Box::new(Token {
                slip: self.process.hands.give(delivery),
                lane,
                process: Arc::clone(&self.process),
                exchange: Arc::clone(&self.exchange),
            })
        })))
    }

    fn ahead(&self) -> Option<Duration> {
        self.inner.ahead()
    }
}

struct Token {
    slip: Slip,
    lane: Lane,
    process: Arc<Process>,
    exchange: Arc<Exchange>,
}

impl Token {
    /// Settles, or fails to: then the message comes again, and what was to come later comes as well.
    async fn carry_out(
        &self,
        mut delivery: Delivery,
        message: &Arc<Message>,
        how: Settlement,
        happened: bool,
    ) -> Result<(), QueueError> {
        if happened {
            delivery.headers_mut().clone_from(&message.headers);
            return delivery.settle(how).await.map_err(|error| error.error);
        }
        if matches!(how, Settlement::Retry { .. }) {
            let copy = Message::clone(message);
            // As a broker would refuse it: a full lane takes no copy.
            let soon = std::time::Duration::from_millis(1);
            let _ = tokio::time::timeout(soon, self.exchange.queue.publish(self.lane, copy)).await;
        }
        drop(delivery);
        Ok(())
    }
}

#[async_trait]
impl Settle for Token {
    async fn settle(&mut self, message: &Arc<Message>, how: Settlement) -> Result<(), QueueError> {
        self.process.cross().await;
        let Some(delivery) = take(&self.slip) else {
            return Err(QueueError::Lost(self.lane));
        };
        let Fate { happened, reported } = self.process.settle_fate();
        let done = self.carry_out(delivery, message, how, happened).await;
        self.process.cross().await;
        match reported {
            Report::Done => done,
            Report::Unknown | Report::Failed => Err(QueueError::Lost(self.lane)),
        }
    }
}
