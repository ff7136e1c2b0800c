//! C1 to C4 over Redis. A value is the turn in ten digits, which the script reads, and a sealed value
//! that holds the turn again.

use async_trait::async_trait;
use redis::cmd;

use super::link::Failure;
use super::{RedisStore, scripts, spread};
use crate::ids::JobId;
use crate::store::{Checkpoint, Checkpoints, StoreError};
use crate::topology::Shelf;
use crate::wire::Kind;

const SHELF: Shelf = Shelf::Checkpoints;
const TURN: usize = 4;
const DIGITS: usize = 10;

impl RedisStore {
    fn checkpoint_key(&self, run: &str, job: &JobId) -> String {
        self.key(SHELF, &[run, &job.0.to_string()])
    }

    async fn checkpoint(&self, key: &str, found: &[u8]) -> Option<Checkpoint> {
        let (digits, packed) = found.split_at_checked(DIGITS)?;
        let bytes = self.unpack(Kind::Checkpoint, key, &packed.into()).await?;
        let (turn, bytes) = bytes.split_first_chunk::<TURN>()?;
        let turn = u32::from_le_bytes(*turn);
        (format!("{turn:010}").as_bytes() == digits).then(|| Checkpoint {
            turn,
            bytes: bytes.into(),
        })
    }
}

#[async_trait]
impl Checkpoints for RedisStore {
    async fn save(
        &self,
        run: &str,
        job: &JobId,
        checkpoint: Checkpoint,
    ) -> Result<bool, StoreError> {
        let key = self.checkpoint_key(run, job);
        let turn = checkpoint.turn;
        let plain = [&turn.to_le_bytes(), &*checkpoint.bytes].concat();
        let packed = self.pack(Kind::Checkpoint, &key, plain.into()).await?;
        let value = [format!("{turn:010}").as_bytes(), &packed].concat();
        let ttl = spread(self.0.settings.checkpoint_ttl, &key);
        let mut save = scripts::SAVE.key(&key);
        save.arg(turn).arg(value).arg(ttl);
        Ok(self.run(SHELF, &save).await?)
    }

    async fn load(&self, run: &str, job: &JobId) -> Result<Option<Checkpoint>, StoreError> {
        let key = self.checkpoint_key(run, job);
        let mut get = cmd("GET");
        get.arg(&key);
        let found = match self.ask::<Option<Vec<u8>>>(SHELF, &get).await {
            Ok(found) => found,
            Err(Failure::WrongType) => Some(Vec::new()),
            Err(Failure::Store(error)) => return Err(error),
        };
        let mut sound = None;
        if let Some(found) = &found {
            sound = self.checkpoint(&key, found).await;
            if sound.is_none() {
                self.discard(SHELF, &key, found).await?;
            }
        }
        self.0.tally.looked_up(SHELF, sound.is_some());
        Ok(sound)
    }

    async fn remove(&self, run: &str, job: &JobId) -> Result<(), StoreError> {
        let mut unlink = cmd("UNLINK");
        unlink.arg(self.checkpoint_key(run, job));
        self.ask::<()>(SHELF, &unlink).await?;
        Ok(())
    }
}
