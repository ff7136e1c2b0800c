//! The seams over Redis 7 (or another server that speaks its protocol and knows `SET NX GET`, as
//! Valkey does).
//!
//! A flushed, evicted, corrupted or absent server costs time and never gives a wrong value: whatever is
//! read is checked (`sealed`), what does not hold is absent and removed, what is too large is not
//! unpacked. While there is no connection every call fails at once (`link`). Every call is one round
//! trip, but for the repair of an unsound value.
//!
//! Two databases, by [`Shelf::lasting`]: snapshots may lie where keys are evicted; replies,
//! leases, the board, budgets and the throttle want one that does not evict.

mod board;
mod budgets;
mod clean;
mod leases;
mod line;
mod link;
mod replies;
mod scripts;
mod sealed;
mod settings;
mod snapshots;
mod tally;
mod throttle;

use std::sync::Arc;
use std::time::Duration;

use redis::{Cmd, FromRedisValue, ScriptInvocation};

use super::{Shared, StoreError};
use crate::digest::Digest;
use crate::topology::Shelf;
use crate::wire::Kind;
use link::{Failure, Link};
use tally::Tally;

pub use settings::{Endpoint, RedisSettings};
pub use tally::{Figures, ShelfFigures};

/// All seams over one or two servers. Clones share connections and figures.
#[derive(Debug, Clone)]
pub struct RedisStore(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: RedisSettings,
    worlds: Link,
    lasting: Link,
    tally: Tally,
}

impl RedisStore {
    /// Connects once; later breaks are mended in the background.
    ///
    /// # Errors
    /// [`StoreError::Refused`] for settings that can't work, [`StoreError::Unreachable`] where a later
    /// attempt may succeed.
    pub async fn connect(settings: RedisSettings) -> Result<Self, StoreError> {
        settings.check()?;
        let worlds = Link::connect(&settings.worlds, &settings).await?;
        let lasting = match &settings.lasting {
            Some(other) if *other != settings.worlds => Link::connect(other, &settings).await?,
            _ => worlds.clone(),
        };
        Ok(Self(Arc::new(Inner {
            settings,
            worlds,
            lasting,
            tally: Tally::default(),
        })))
    }

    /// Itself as every seam.
    pub fn shared(&self) -> Shared {
        let this = Arc::new(self.clone());
        Shared {
            snapshots: this.clone(),
            replies: this.clone(),
            leases: this.clone(),
            board: this.clone(),
            throttle: this.clone(),
            budgets: this,
        }
    }

    /// Whether both servers answer just now.
    ///
    /// # Errors
    /// Why one does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        for link in [&self.0.worlds, &self.0.lasting] {
            link.ask::<()>(&redis::cmd("PING")).await?;
        }
        Ok(())
    }

    /// Whether there is a connection to both servers, as far as is known without asking them.
    pub fn connected(&self) -> bool {
        self.0.worlds.connected() && self.0.lasting.connected()
    }

    /// What has been counted since the start.
    pub fn figures(&self) -> Figures {
        let links = [&self.0.worlds, &self.0.lasting];
        let both = if self.0.settings.lasting.is_some() {
            2
        } else {
            1
        };
        let reconnects = links.iter().take(both).map(|link| link.reconnects()).sum();
        self.0.tally.figures(reconnects)
    }

    fn link(&self, shelf: Shelf) -> &Link {
        if shelf.lasting() {
            &self.0.lasting
        } else {
            &self.0.worlds
        }
    }

    fn key(&self, shelf: Shelf, parts: &[&str]) -> String {
        shelf.key(&self.0.settings.prefix, parts)
    }

    async fn ask<T: FromRedisValue>(&self, shelf: Shelf, command: &Cmd) -> Result<T, Failure> {
        let answer = self.link(shelf).ask(command).await;
        self.counted(shelf, answer)
    }

    async fn run<T: FromRedisValue>(
        &self,
        shelf: Shelf,
        script: &ScriptInvocation<'_>,
    ) -> Result<T, Failure> {
        let answer = self.link(shelf).run(script).await;
        self.counted(shelf, answer)
    }

    fn counted<T>(&self, shelf: Shelf, answer: Result<T, Failure>) -> Result<T, Failure> {
        self.0.tally.called(shelf);
        if let Err(Failure::Store(_)) = &answer {
            self.0.tally.failed(shelf);
        }
        answer
    }

    /// Packs a value for this key within the limit of the settings.
    async fn pack(&self, kind: Kind, key: &str, bytes: Arc<[u8]>) -> Result<Vec<u8>, StoreError> {
        let limit = self.0.settings.value_limit;
        sealed::pack(kind, sealed::owner(key), bytes, limit).await
    }

    /// Unpacks what lies under a key; none if it is not sound. The cap of its kind holds before anything
    /// is unpacked. Not the limit of the settings: another worker's may be higher, and to take its
    /// reply for unsound would be to replace it.
    async fn unpack(&self, kind: Kind, key: &str, found: &Arc<[u8]>) -> Option<Arc<[u8]>> {
        sealed::unpack(kind, sealed::owner(key), Arc::clone(found)).await
    }

    /// Counts and removes what is not sound, unless another has replaced it meanwhile.
    async fn discard(&self, shelf: Shelf, key: &str, found: &[u8]) -> Result<(), StoreError> {
        self.0.tally.corrupt(shelf);
        let mut script = scripts::DISCARD.key(key);
        self.run::<()>(shelf, script.arg(found)).await?;
        Ok(())
    }
}

/// Milliseconds for the server, at least one.
fn millis(ttl: Duration) -> u64 {
    u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX).max(1)
}

/// A time to live, a tenth shorter or longer, as the key has it: values stored at once don't all end
/// at once.
fn spread(ttl: Duration, key: &str) -> u64 {
    let draw = Digest::of(key.as_bytes()).head() % 2001;
    let ttl = u128::from(millis(ttl)) * (9000 + u128::from(draw)) / 10_000;
    u64::try_from(ttl).unwrap_or(u64::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_to_live_are_spread_by_a_tenth() {
        let hour = Duration::from_secs(3600);
        let drawn: Vec<u64> = (0..1000)
            .map(|key| spread(hour, &format!("key {key}")))
            .collect();
        let (least, most) = (drawn.iter().min().unwrap(), drawn.iter().max().unwrap());
        assert!((3_240_000..3_250_000).contains(least), "{least}");
        assert!((3_950_000..=3_960_000).contains(most), "{most}");
        assert_eq!(spread(hour, "key 1"), drawn[1], "drawn from the key");
        assert_eq!(spread(Duration::ZERO, "key"), 1);
    }
}
