//! What passes between a process and the services of its fleet, counted into its metrics.
//!
//! [`queue`] wraps a queue and counts each message; what a connection or a store counts by itself is
//! read from it before a scrape.

mod wrapped;

use std::sync::Arc;
use std::time::Duration;

use prometheus::IntCounter;
use proto::queue::amqp::Observer;
use proto::queue::{AmqpQueue, Lane, Queue};
use proto::store::RedisStore;
use proto::topology::Shelf;

use crate::process::metrics::Metrics;
use crate::process::metrics::label::{Found, Layer, Peer};
use crate::process::metrics::table::Transport;
pub use wrapped::queue;

/// A broker's queue that counts into these metrics.
pub fn broker(broker: Arc<AmqpQueue>, metrics: &Metrics) -> Arc<dyn Queue> {
    broker.observe(Arc::new(Confirms(metrics.transport.clone())));
    let (transport, watched) = (metrics.transport.clone(), Arc::clone(&broker));
    metrics.before_scrape(move || {
        let peer = (Peer::Broker,);
        catch_up(transport.reconnects.of(peer), watched.counts().reconnects);
        transport.connected.of(peer).set(watched.connected().into());
    });
    queue(broker, metrics)
}

/// Counts what a store counts into these metrics.
pub fn store(store: &RedisStore, metrics: &Metrics) {
    let (store, transport) = (store.clone(), metrics.transport.clone());
    let snapshots = metrics.work.snapshots.clone();
    metrics.before_scrape(move || {
        let (peer, figures) = ((Peer::Store,), store.figures());
        catch_up(transport.reconnects.of(peer), figures.reconnects);
        transport.connected.of(peer).set(store.connected().into());
        let of = figures.of(Shelf::Snapshots);
        for (found, count) in [
            (Found::Hit, of.hits),
            (Found::Miss, of.misses.saturating_sub(of.corrupt)),
            (Found::Damaged, of.corrupt),
        ] {
            catch_up(snapshots.of((Layer::Store, found)), count);
        }
    });
}

/// Brings a counter up to a count that only grows.
fn catch_up(counter: &IntCounter, count: u64) {
    counter.inc_by(count.saturating_sub(counter.get()));
}

struct Confirms(Transport);

impl Observer for Confirms {
    fn confirmed(&self, lane: Lane, took: Duration) {
        self.0.confirm.record((lane,), took);
    }

    fn buried(&self, lane: Lane) {
        self.0.dead.of((lane,)).inc();
    }
}

#[cfg(test)]
mod tests;
