//! The board within one process.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use crate::store::{Board, Note, StoreError};

/// See the module documentation.
#[derive(Debug, Default)]
pub struct MemoryBoard(Mutex<Notes>);

/// Section and name to bytes and end.
type Notes = BTreeMap<(String, String), (Arc<[u8]>, Instant)>;

impl MemoryBoard {
    /// The notes that still hang.
    fn hanging(&self) -> MutexGuard<'_, Notes> {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        notes.retain(|_, (_, end)| *end > now);
        notes
    }
}

#[async_trait]
impl Board for MemoryBoard {
    async fn post(
        &self,
        section: &str,
        name: &str,
        bytes: &[u8],
        ttl: Duration,
    ) -> Result<(), StoreError> {
        let place = (section.to_owned(), name.to_owned());
        let end = Instant::now() + ttl;
        self.hanging().insert(place, (bytes.into(), end));
        Ok(())
    }

    async fn read(&self, section: &str, name: &str) -> Result<Option<Arc<[u8]>>, StoreError> {
        let place = (section.to_owned(), name.to_owned());
        Ok(self
            .hanging()
            .get(&place)
            .map(|(bytes, _)| Arc::clone(bytes)))
    }

    async fn list(&self, section: &str) -> Result<Vec<Note>, StoreError> {
        let notes = self.hanging();
        let of_section = notes.iter().filter(|((its, _), _)| its == section);
        let listed = of_section.map(|((_, name), (bytes, _))| Note {
            name: name.clone(),
            bytes: Arc::clone(bytes),
        });
        Ok(listed.collect())
    }

    async fn withdraw(&self, section: &str, name: &str) -> Result<(), StoreError> {
        self.hanging()
            .remove(&(section.to_owned(), name.to_owned()));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn conforms() {
        crate::store::conformance::board(async || Arc::<MemoryBoard>::default() as _).await;
    }
}
