//! R1 to R4 over Redis. An unsound value is replaced by compare-and-set, so that racers who find one
//! still end with one value.

use std::sync::Arc;

use async_trait::async_trait;
use redis::cmd;

use super::link::Failure;
use super::{RedisStore, scripts, spread};
use crate::digest::Digest;
use crate::store::{Kept, ReplyStore, StoreError};
use crate::topology::Shelf;
use crate::wire::Kind;

const SHELF: Shelf = Shelf::Replies;
/// Rounds of finding an unsound value that another has just put there, before giving up.
const REPAIRS: usize = 3;

/// What lies under a key, if anything. Of another type counts as unsound bytes: none at all.
fn found(answer: Result<Option<Vec<u8>>, Failure>) -> Result<Option<Arc<[u8]>>, StoreError> {
    match answer {
        Ok(found) => Ok(found.map(Arc::from)),
        Err(Failure::WrongType) => Ok(Some(Arc::default())),
        Err(Failure::Store(error)) => Err(error),
    }
}

#[async_trait]
impl ReplyStore for RedisStore {
    async fn get(&self, run: &str, key: &Digest) -> Result<Option<Arc<[u8]>>, StoreError> {
        let key = self.key(SHELF, &[run, &key.to_string()]);
        let mut get = cmd("GET");
        get.arg(&key);
        let there = found(self.ask(SHELF, &get).await)?;
        let mut sound = None;
        if let Some(there) = &there {
            sound = self.unpack(Kind::Reply, &key, there).await;
            if sound.is_none() {
                self.discard(SHELF, &key, there).await?;
            }
        }
        self.0.tally.looked_up(SHELF, sound.is_some());
        Ok(sound)
    }

    async fn keep(&self, run: &str, key: &Digest, bytes: Arc<[u8]>) -> Result<Kept, StoreError> {
        let key = self.key(SHELF, &[run, &key.to_string()]);
        let packed = self.pack(Kind::Reply, &key, Arc::clone(&bytes)).await?;
        let ttl = spread(self.0.settings.reply_ttl, &key);
        let mut set = cmd("SET");
        set.arg(&key).arg(&packed).arg("NX").arg("GET");
        set.arg("PX").arg(ttl);
        let mut there = found(self.ask(SHELF, &set).await)?;
        for _ in 0..REPAIRS {
            let Some(unsound) = there else {
                return Ok(Kept { bytes, first: true });
            };
            if let Some(bytes) = self.unpack(Kind::Reply, &key, &unsound).await {
                let first = false;
                return Ok(Kept { bytes, first });
            }
            self.0.tally.corrupt(SHELF);
            let mut replace = scripts::REPLACE.key(&key);
            replace.arg(&*unsound).arg(&packed).arg(ttl);
            there = found(self.run(SHELF, &replace).await)?;
        }
        Err(StoreError::Refused(format!(
            "something else writes to {key}: use a prefix or a database of one's own"
        )))
    }
}
