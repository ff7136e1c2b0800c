//! What a store counts, for metrics.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::topology::Shelf;

#[derive(Debug, Default)]
struct OfShelf {
    calls: AtomicU64,
    hits: AtomicU64,
    misses: AtomicU64,
    corrupt: AtomicU64,
    failures: AtomicU64,
}

/// Counters by shelf.
#[derive(Debug, Default)]
pub(super) struct Tally([OfShelf; Shelf::ALL.len()]);

/// What was counted on one shelf.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ShelfFigures {
    /// Commands sent to the server, each a round trip.
    pub calls: u64,
    /// Values found and sound.
    pub hits: u64,
    /// Values not found; unsound ones among them.
    pub misses: u64,
    /// Values found unsound.
    pub corrupt: u64,
    /// Calls that the server did not answer as asked.
    pub failures: u64,
}

/// What was counted since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    shelves: [ShelfFigures; Shelf::ALL.len()],
    /// Broken connections that were made again.
    pub reconnects: u64,
}

impl Figures {
    /// Those of one shelf.
    pub fn of(&self, shelf: Shelf) -> ShelfFigures {
        self.shelves[shelf.index()]
    }
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

impl Tally {
    pub(super) fn called(&self, shelf: Shelf) {
        count(&self.0[shelf.index()].calls);
    }

    pub(super) fn looked_up(&self, shelf: Shelf, found: bool) {
        let of = &self.0[shelf.index()];
        count(if found { &of.hits } else { &of.misses });
    }

    pub(super) fn corrupt(&self, shelf: Shelf) {
        count(&self.0[shelf.index()].corrupt);
    }

    pub(super) fn failed(&self, shelf: Shelf) {
        count(&self.0[shelf.index()].failures);
    }

    pub(super) fn figures(&self, reconnects: u64) -> Figures {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let shelves = self.0.each_ref().map(|of| ShelfFigures {
            calls: read(&of.calls),
            hits: read(&of.hits),
            misses: read(&of.misses),
            corrupt: read(&of.corrupt),
            failures: read(&of.failures),
        });
        Figures {
            shelves,
            reconnects,
        }
    }
}
