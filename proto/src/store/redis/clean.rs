//! Removing what a run has left.

use redis::cmd;

use super::RedisStore;
use super::line::Shard;
use crate::store::StoreError;
use crate::topology::Shelf;

/// Keys that the server looks at in one step, so that it answers others in between.
const STEP: usize = 1000;

impl RedisStore {
    /// Removes the replies, checkpoints and budget of a run; gives how many there were. Walks over the
    /// whole database, beside other work. Snapshots and the throttle belong to no run; leases and notes
    /// end by themselves.
    ///
    /// # Errors
    /// Where a server stops to answer. What was removed by then stays so.
    pub async fn clean(&self, run: &str) -> Result<u64, StoreError> {
        let mut unlink = cmd("UNLINK");
        unlink.arg(self.budget_key(run));
        let mut removed = self.ask::<u64>(Shelf::Budgets, &unlink).await?;
        for shelf in [Shelf::Replies, Shelf::Checkpoints] {
            let pattern = self.key(shelf, &[run, ""]) + "*";
            for place in self.link(shelf).shards().await? {
                removed += self.clean_shard(shelf, &place, &pattern).await?;
            }
        }
        Ok(removed)
    }

    /// The same on one server.
    async fn clean_shard(
        &self,
        shelf: Shelf,
        place: &Shard,
        pattern: &str,
    ) -> Result<u64, StoreError> {
        let (mut removed, mut cursor) = (0, 0_u64);
        loop {
            let mut scan = cmd("SCAN");
            scan.arg(cursor).arg("MATCH").arg(pattern);
            scan.arg("COUNT").arg(STEP);
            let scanning = self.link(shelf).ask_shard(place, scan).await;
            let (next, keys): (u64, Vec<Vec<u8>>) = self.counted(shelf, scanning)?;
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
