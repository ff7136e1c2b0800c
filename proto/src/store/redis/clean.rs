//! What a run has left: its replies listed, or all of it removed.

use std::collections::BTreeSet;

use redis::cmd;

use super::RedisStore;
use super::line::Shard;
use crate::digest::Digest;
use crate::store::StoreError;
use crate::topology::Shelf;

/// Keys that the server looks at in one step, so that it answers others in between.
const STEP: usize = 1000;

impl RedisStore {
    /// Removes the replies and the budget of a run; gives how many there were. Walks over the
    /// whole database, beside other work. Snapshots and the throttle belong to no run; leases and notes
    /// end by themselves.
    ///
    /// # Errors
    /// Where a server stops to answer. What was removed by then stays so.
    pub async fn clean(&self, run: &str) -> Result<u64, StoreError> {
        let mut unlink = cmd("UNLINK");
        unlink.arg(self.budget_key(run));
        let mut removed = self.ask::<u64>(Shelf::Budgets, &unlink).await?;
        let pattern = self.key(Shelf::Replies, &[run, ""]) + "*";
        for place in self.link(Shelf::Replies).shards().await? {
            removed += self.clean_shard(&place, &pattern).await?;
        }
        Ok(removed)
    }

    /// Keys of the replies that a run has kept, each once, in order. Walks over the whole database, beside
    /// other work. Who lists while replies are kept may miss those.
    ///
    /// # Errors
    /// Where a server stops to answer.
    pub async fn reply_keys(&self, run: &str) -> Result<Vec<Digest>, StoreError> {
        let prefix = self.key(Shelf::Replies, &[run, ""]);
        let pattern = format!("{prefix}*");
        let mut found = BTreeSet::new();
        for place in self.link(Shelf::Replies).shards().await? {
            let mut cursor = 0;
            loop {
                let (next, keys) = self.step(Shelf::Replies, &place, &pattern, cursor).await?;
                let names = keys.iter().filter_map(|key| str::from_utf8(key).ok());
                let digests =
                    names.filter_map(|name| name.strip_prefix(&prefix)?.parse::<Digest>().ok());
                found.extend(digests);
                cursor = next;
                if cursor == 0 {
                    break;
                }
            }
        }
        Ok(found.into_iter().collect())
    }

    /// One step of a walk over a server's keys; the walk is over when it gives 0 to go on from.
    async fn step(
        &self,
        shelf: Shelf,
        place: &Shard,
        pattern: &str,
        cursor: u64,
    ) -> Result<(u64, Vec<Vec<u8>>), StoreError> {
        let mut scan = cmd("SCAN");
        scan.arg(cursor).arg("MATCH").arg(pattern);
        scan.arg("COUNT").arg(STEP);
        let scanning = self.link(shelf).ask_shard(place, scan).await;
        Ok(self.counted(shelf, scanning)?)
    }

    /// Removes the keys of one server.
    async fn clean_shard(&self, place: &Shard, pattern: &str) -> Result<u64, StoreError> {
        let shelf = Shelf::Replies;
        let (mut removed, mut cursor) = (0, 0_u64);
        loop {
            let (next, keys) = self.step(shelf, place, pattern, cursor).await?;
            if !keys.is_empty() {
                let mut unlink = cmd("UNLINK");
                unlink.arg(keys);
                removed += self.ask::<u64>(shelf, &unlink).await?;
            }
            cursor = next;
            if cursor == 0 {
                return Ok(removed);
            }
        }
    }
}
