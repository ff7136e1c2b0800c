//! Changes of start states, at hand while they are used.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use proto::digest::Digest;

/// Bytes kept, in all; a single one that is larger is kept alone.
const ROOM: usize = 16 << 20;

/// Most recently used last.
#[derive(Debug, Default)]
pub(super) struct Deltas(Mutex<VecDeque<(Digest, Arc<[u8]>)>>);

impl Deltas {
    pub(super) fn get(&self, digest: &Digest) -> Option<Arc<[u8]>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = kept.iter().position(|(known, _)| known == digest)?;
        let entry = kept.remove(place)?;
        let bytes = Arc::clone(&entry.1);
        kept.push_back(entry);
        Some(bytes)
    }

    pub(super) fn put(&self, digest: Digest, bytes: Arc<[u8]>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(known, _)| *known != digest);
        kept.push_back((digest, bytes));
        let mut held: usize = kept.iter().map(|(_, bytes)| bytes.len()).sum();
        while held > ROOM && kept.len() > 1 {
            held -= kept.pop_front().map_or(0, |(_, bytes)| bytes.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_last_stays() {
        let deltas = Deltas::default();
        let bytes = |byte: u8| Arc::<[u8]>::from(vec![byte; ROOM / 2]);
        let name = |byte: u8| Digest::of(&[byte]);
        for byte in [1, 2] {
            deltas.put(name(byte), bytes(byte));
        }
        assert!(deltas.get(&name(1)).is_some());
        deltas.put(name(3), bytes(3));
        assert!(deltas.get(&name(2)).is_none());
        assert_eq!(deltas.get(&name(1)), Some(bytes(1)));
        let large: Arc<[u8]> = vec![4; 2 * ROOM].into();
        deltas.put(name(4), Arc::clone(&large));
        assert!(deltas.get(&name(3)).is_none());
        assert_eq!(deltas.get(&name(4)), Some(large));
    }
}
