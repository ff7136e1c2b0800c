//! A fleet of real processes over a real broker and cache: whatever happens to any of them, a run comes
//! to the bytes of the calm run in one process.

mod calm;
mod ended;
mod evaluation;
mod models;
mod outside;
mod service;
mod standby;
mod storm;
mod suspect;
mod timeout;

use std::num::NonZeroUsize;

use harness::fleet::{Fleet, Programs};
use harness::services::rabbit::{self, Vhost};
use harness::services::redis::Server;
use serde_json::Value as Json;

/// A plan whose every slot is filled, and no other setting of which matters here.
const PLAN: &str = "--domain tickets --tasks 60 --seed 3";

/// Exit code of a run that was cancelled.
const CANCELLED_RUN: i32 = 8;

pub(crate) const PROGRAMS: Programs = Programs {
    t2t: env!("CARGO_BIN_EXE_t2t-under-test"),
    worker: env!("CARGO_BIN_EXE_t2t-worker-under-test"),
};

/// Services of a test's own, and a fleet without members over them.
struct Site {
    // First, so that it ends before what it works with.
    fleet: Fleet,
    vhost: Vhost,
    cache: Server,
}

impl Site {
    /// None where a service is not installed.
    fn open() -> Option<Self> {
        let (vhost, cache) = (rabbit::shared()?, Server::start(&[])?);
        Some(Self::over(vhost, cache))
    }

    fn over(vhost: Vhost, cache: Server) -> Self {
        let fleet = Fleet::new(PROGRAMS, vhost.url(), cache.url());
        Self {
            fleet,
            vhost,
            cache,
        }
    }

    /// The options that name the services, for what the fleet does not start.
    fn over_these(&self) -> String {
        format!("--broker {} --cache {}", self.vhost.url(), self.cache.url())
    }

    /// Names of all queues that the broker has.
    fn queues(&self) -> Vec<String> {
        let (status, body) = self.vhost.manage("GET", "queues", "", "");
        assert_eq!(status, 200, "{body}");
        let all: Vec<Json> = serde_json::from_str(&body).expect("queues as JSON");
        let name = |queue: &Json| queue["name"].as_str().unwrap_or_default().to_owned();
        all.iter().map(name).collect()
    }

    /// Holds a run of the fleet against an embedded one of the same plan.
    #[track_caller]
    fn as_embedded(&self, run: &str, plan: &str) {
        self.fleet
            .alone(&format!("run {plan} --workers 2 --out embedded"));
        let dataset = |run: &str| self.fleet.files(&format!("{run}/dataset"));
        let (ours, calm) = (dataset(run), dataset("embedded"));
        let names = |files: &[(std::path::PathBuf, Vec<u8>)]| {
            let names = files.iter().map(|(name, _)| name.clone());
            names.collect::<Vec<_>>()
        };
        assert!(!calm.is_empty());
        assert_eq!(names(&ours), names(&calm));
        for (ours, calm) in ours.iter().zip(&calm) {
            assert!(ours.1 == calm.1, "{} differs", calm.0.display());
        }
        self.fleet.alone(&format!("verify {run}"));
    }
}

fn slots(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).unwrap()
}
