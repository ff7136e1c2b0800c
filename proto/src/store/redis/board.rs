//! B1 to B4 over Redis. A section is one hash, so listing it costs what it holds, however many keys
//! the database has.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use redis::cmd;

use super::{RedisStore, millis, scripts};
use crate::store::{Board, Note, StoreError};
use crate::topology::Shelf;

const SHELF: Shelf = Shelf::Board;

#[async_trait]
impl Board for RedisStore {
    async fn post(
        &self,
        section: &str,
        name: &str,
        bytes: &[u8],
        ttl: Duration,
    ) -> Result<(), StoreError> {
        let limit = self.0.settings.value_limit;
        if bytes.len() > limit {
            return Err(StoreError::TooLarge {
                bytes: bytes.len(),
                limit,
            });
        }
        let mut post = scripts::POST.key(self.key(SHELF, &[section]));
        post.arg(name).arg(bytes).arg(millis(ttl));
        self.run::<()>(SHELF, &post).await?;
        Ok(())
    }

    async fn read(&self, section: &str, name: &str) -> Result<Option<Arc<[u8]>>, StoreError> {
        let mut read = scripts::READ.key(self.key(SHELF, &[section]));
        read.arg(name);
        let found: Option<Vec<u8>> = self.run(SHELF, &read).await?;
        Ok(found.map(Arc::from))
    }

    async fn list(&self, section: &str) -> Result<Vec<Note>, StoreError> {
        let list = scripts::LIST.key(self.key(SHELF, &[section]));
        let found: Vec<(Vec<u8>, Vec<u8>)> = self.run(SHELF, &list).await?;
        // Whoever posts a name that is no text is not one of us.
        let named = found.into_iter().filter_map(|(name, bytes)| {
            let name = String::from_utf8(name).ok()?;
            let bytes = bytes.into();
            Some(Note { name, bytes })
        });
        let mut notes: Vec<Note> = named.collect();
        notes.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(notes)
    }

    async fn withdraw(&self, section: &str, name: &str) -> Result<(), StoreError> {
        let mut delete = cmd("HDEL");
        delete.arg(self.key(SHELF, &[section])).arg(name);
        self.ask::<()>(SHELF, &delete).await?;
        Ok(())
    }
}
