//! Requests that a job was given up over, kept beside the replies.
//!
//! A replay hears what was said when its recording was made, up to where a service gave none. There the job
//! came to nothing more, and for which reason no reply can tell. So it is kept, under the digest of the request that
//! stayed without a reply, and only a replay that misses the reply to that request looks for it: whoever asks models asks
//! again. A job that is given up once more there, after it was reopened, has a further reason, and the last one counts.

use std::sync::{Arc, Mutex, PoisonError};

use proto::digest::{Digest, Hasher};
use proto::store::StoreError;
use proto::wire::{self, Kind};

use super::Answer;
use super::models::Models;

/// No answer has it.
const STATUS: u16 = 0;
/// Reasons that are kept of one request; who gives up more often is not believed to be replayed.
const MOST: u64 = 64;

/// The request that a job asked last: where it is given up, the one without a reply.
#[derive(Debug, Clone, Default)]
pub struct LastAsked(Arc<Mutex<Option<Digest>>>);

impl LastAsked {
    pub(super) fn set(&self, request: Digest) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(request);
    }

    /// The digest that its reply would be kept under.
    pub(crate) fn get(&self) -> Option<Digest> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Models {
    /// Keeps why a job is given up over a request. Where the store can't take it now, only a replay will miss it.
    pub(crate) async fn give_up(&self, run: &str, request: &Digest, why: &str) {
        if self.replay().is_some() {
            return;
        }
        if let Err(error) = self.keep_reason(run, request, why).await {
            tracing::warn!(%error, "why a job is given up is not kept: a replay will miss it");
        }
    }

    async fn keep_reason(&self, run: &str, request: &Digest, why: &str) -> Result<(), StoreError> {
        let (status, body) = (STATUS, why.as_bytes().into());
        let Ok(bytes) = wire::encode(Kind::Reply, &Answer { status, body }) else {
            return Ok(());
        };
        for time in 0..MOST {
            let key = key(request, time);
            if self.replies().get(run, &key).await?.is_none() {
                self.replies().keep(run, &key, bytes.into()).await?;
                break;
            }
        }
        Ok(())
    }

    /// Why a job was given up over a request, if one was.
    ///
    /// # Errors
    /// When the store can't be reached.
    pub(crate) async fn gave_up(
        &self,
        run: &str,
        request: &Digest,
    ) -> Result<Option<String>, StoreError> {
        let mut last = None;
        for time in 0..MOST {
            let bytes = self.replies().get(run, &key(request, time)).await?;
            let kept = bytes.and_then(|bytes| wire::decode::<Answer>(Kind::Reply, &bytes).ok());
            let Some(kept) = kept else { break };
            last = Some(String::from_utf8_lossy(&kept.body).into_owned());
        }
        Ok(last)
    }
}

fn key(request: &Digest, time: u64) -> Digest {
    let mut hasher = Hasher::new("t2t.reply.given-up", 1);
    hasher.digest(request).number(time);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proto::store::Shared;

    use super::super::replay::{Nowhere, Replay};
    use super::*;
    use crate::process::metrics::{Metrics, Part};

    #[tokio::test]
    async fn the_last_reason_counts_and_for_its_request_alone() {
        let shared = Shared::in_memory(1 << 20);
        let metrics = || Metrics::new(Part::Worker);
        let models = Models::new(Arc::new(Nowhere), &shared, "one", metrics());
        let (one, other) = (Digest::of(b"one"), Digest::of(b"other"));
        models.give_up("run", &one, "status 503").await;
        models.give_up("run", &one, "status 401").await;
        let replaying = Models::replaying(&shared, Arc::new(Replay::default()), "two", metrics());
        replaying
            .give_up("run", &other, "a replay gives nothing up")
            .await;
        for (run, request, why) in [
            ("run", one, Some("status 401")),
            ("run", other, None),
            ("another", one, None),
        ] {
            let found = replaying.gave_up(run, &request).await.unwrap();
            assert_eq!(found.as_deref(), why);
        }
    }
}
