//! Start states that jobs name instead of carrying them.
//!
//! A task is rolled out for every agent and trial, and each of these jobs starts from the same state. Where
//! its changes are large they lie in the snapshot store, once, under their digest, before any job names them;
//! workers keep them at hand. What the store does not have is a notice of the worker, and the job is sent again
//! with its start states in it.

use std::collections::HashMap;
use std::sync::Arc;

use proto::digest::Digest;
use proto::job::Job;
use proto::store::SnapshotStore;
use tokio::sync::OnceCell;

/// Digests that are remembered as put; beyond, they are put again.
const REMEMBERED: usize = 4096;

/// Where start states are put, and from what size on.
#[derive(Debug, Clone)]
pub struct Aside {
    /// Where they lie.
    pub store: Arc<dyn SnapshotStore>,
    /// Bytes of changes that a job still carries.
    pub above: usize,
}

/// Takes start states out of jobs.
#[derive(Debug)]
pub(super) struct Apart {
    aside: Aside,
    put: HashMap<Digest, Arc<OnceCell<()>>>,
}

/// Changes that have to be in the store before a job that names them is published.
#[derive(Debug)]
pub(super) struct Changes {
    store: Arc<dyn SnapshotStore>,
    bytes: Arc<[u8]>,
    put: Arc<OnceCell<()>>,
}

impl Apart {
    pub(super) fn new(aside: Aside) -> Self {
        Self {
            aside,
            put: HashMap::new(),
        }
    }

    /// Takes large changes out of a job.
    pub(super) fn take(&mut self, job: &mut Job) -> Vec<Changes> {
        let mut taken = Vec::new();
        for (place, start) in (0..).zip(job.input.starts()) {
            if start.delta.len() <= self.aside.above {
                continue;
            }
            let bytes: Arc<[u8]> = std::mem::take(&mut start.delta).into();
            let digest = Digest::of(&bytes);
            job.apart.push((place, digest));
            if self.put.len() >= REMEMBERED && !self.put.contains_key(&digest) {
                self.put.clear();
            }
            taken.push(Changes {
                store: Arc::clone(&self.aside.store),
                bytes,
                put: Arc::clone(self.put.entry(digest).or_default()),
            });
        }
        taken
    }

    /// The store does not have it: whoever names it next puts it there again.
    pub(super) fn forget(&mut self, digest: &Digest) {
        self.put.remove(digest);
    }
}

impl Changes {
    /// Puts them where workers look for them, unless that was done. A store that is down costs the worker a
    /// notice.
    pub(super) async fn put(self) {
        let putting = async {
            if let Err(error) = self.store.put(Arc::clone(&self.bytes)).await {
                tracing::warn!(%error, "the store does not take a start state; its jobs are sent it");
            }
        };
        self.put.get_or_init(|| putting).await;
    }
}
