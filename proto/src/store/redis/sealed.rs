//! How a value lies in Redis: an envelope of [`wire`] around its owner and its bytes. The envelope says
//! whether the bytes are sound, the owner whether they are the ones that were asked for.

use std::sync::Arc;

use crate::digest::Hasher;
use crate::store::StoreError;
use crate::wire::{self, Kind};

/// From this size, packing and unpacking go to a thread that may block.
const HEAVY: usize = 64 << 10;
const OWNER: usize = 16;

/// Who a value belongs to.
pub(super) type Owner = [u8; OWNER];

/// The owner of what lies under this key.
pub(super) fn owner(key: &str) -> Owner {
    Hasher::new("t2t.store.owner", 1).text(key).finish().short()
}

/// Packs a value.
///
/// # Errors
/// [`StoreError::TooLarge`] over `limit` or the cap of the kind.
pub(super) async fn pack(
    kind: Kind,
    owner: Owner,
    bytes: Arc<[u8]>,
    limit: usize,
) -> Result<Vec<u8>, StoreError> {
    let limit = limit.min(kind.cap() - OWNER);
    if bytes.len() > limit {
        return Err(StoreError::TooLarge {
            bytes: bytes.len(),
            limit,
        });
    }
    aside(bytes.len(), move || {
        let mut plain = Vec::with_capacity(OWNER + bytes.len());
        plain.extend_from_slice(&owner);
        plain.extend_from_slice(&bytes);
        wire::encode_bytes(kind, &plain).map_err(|error| StoreError::Refused(error.to_string()))
    })
    .await
}

/// Unpacks a value; none if it is not sound or not this owner's.
pub(super) async fn unpack(kind: Kind, owner: Owner, packed: Arc<[u8]>) -> Option<Arc<[u8]>> {
    aside(packed.len(), move || {
        let plain = wire::decode_bytes(kind, &packed).ok()?;
        let (whose, bytes) = plain.split_first_chunk::<OWNER>()?;
        (*whose == owner).then(|| Arc::from(bytes))
    })
    .await
}

/// Runs work on `bytes` bytes where it blocks nobody.
pub(super) async fn aside<T: Send + 'static>(
    bytes: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    if bytes < HEAVY {
        return work();
    }
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_owner_s_sound_bytes_come_back() {
        for size in [0, 40, 5000, 2 * HEAVY] {
            let bytes: Arc<[u8]> = (0..size).map(|place| (place % 7) as u8).collect();
            let mine = owner("mine");
            let packed = pack(Kind::Reply, mine, Arc::clone(&bytes), 1 << 20).await;
            let packed = packed.unwrap();
            let back = unpack(Kind::Reply, mine, packed.clone().into()).await;
            assert_eq!(back, Some(bytes), "{size}");
            let other = unpack(Kind::Reply, owner("other"), packed.clone().into()).await;
            assert_eq!(other, None, "of another owner");
            for at in (0..packed.len()).step_by(packed.len() / 20) {
                let mut flipped = packed.clone();
                flipped[at] ^= 1;
                let back = unpack(Kind::Reply, mine, flipped.into()).await;
                assert_eq!(back, None, "{size} bytes, flipped at {at}");
            }
        }
    }

    #[tokio::test]
    async fn too_large_is_refused_before_it_is_packed() {
        let bytes: Arc<[u8]> = vec![0; 101].into();
        let error = pack(Kind::Reply, owner("mine"), bytes, 100)
            .await
            .unwrap_err();
        let said = error.to_string();
        assert!(said.contains("101") && said.contains("100"), "{said}");
    }
}
