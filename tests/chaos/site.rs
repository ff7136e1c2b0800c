//! What there is: services, the ways to them, a small disk, the calm run, and a fleet.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use super::broker::Broker;
use super::disk::Disk;
use super::proxy::Proxy;
use super::schedule::Service;
use super::{Case, HEARTBEAT};
use crate::fleet::{Fleet, Programs};
use crate::services::rabbit::{Node, Vhost};
use crate::services::redis::Server;

/// What even and odd seeds make tasks of.
const DOMAINS: [&str; 2] = ["tickets", "retail"];
/// The folder of the calm run.
pub(super) const CALM: &str = "calm";
/// The small disk, and the run's folder on it.
const DISK: &str = "disk";
pub(super) const OUT: &str = "disk/out";
/// The disk has so many times what the calm run takes, and never less than this.
const ROOM: u64 = 6;
const LEAST_ROOM: u64 = 64 << 20;
/// Jobs that a task comes to, about, from its exploration to its last episode.
const JOBS_OF_A_TASK: u32 = 8;

/// Everything that can be hit.
pub(super) struct Site {
    // First, so that it ends before what it works with.
    pub(super) fleet: Fleet,
    pub(super) disk: Disk,
    pub(super) broker_way: Proxy,
    pub(super) cache_way: Proxy,
    pub(super) vhost: Vhost,
    pub(super) broker: Broker,
    pub(super) cache: Server,
    /// Arguments of the plan.
    pub(super) plan: String,
    /// How long the calm run took.
    pub(super) calm: Duration,
    /// Bytes of its ledger.
    pub(super) whole: u64,
}

impl Site {
    /// Starts the services and has the calm run done; none where a service is not installed.
    pub(super) fn open(case: &Case, programs: Programs) -> Option<Self> {
        let (node, cache) = (Node::start()?, Server::start(&[])?);
        let vhost = node.vhost();
        let [amqp, ..] = node.ports();
        let (broker_way, cache_way) = (Proxy::to(amqp), Proxy::to(cache.port()));
        let broker_url = vhost.url_by(broker_way.port());
        let fleet = Fleet::new(
            programs,
            format!("{broker_url}?heartbeat={HEARTBEAT}"),
            format!("redis://127.0.0.1:{}/", cache_way.port()),
        );
        let tasks = case.jobs.div_ceil(JOBS_OF_A_TASK);
        let domain = DOMAINS[(case.seed % 2) as usize];
        let plan = format!("--domain {domain} --tasks {tasks} --seed {}", case.seed);
        let began = Instant::now();
        fleet.alone_to(&[0, 5], &format!("run {plan} --workers 2 --out {CALM}"));
        let calm = began.elapsed();
        let taken: u64 = fleet
            .files(CALM)
            .iter()
            .map(|(_, it)| it.len() as u64)
            .sum();
        let room = (ROOM * taken).max(LEAST_ROOM);
        Some(Self {
            disk: Disk::mount(&fleet, DISK, room),
            broker_way,
            cache_way,
            vhost,
            broker: Broker::new(node),
            cache,
            plan,
            calm,
            whole: ledger_bytes(&fleet.at(CALM)),
            fleet,
        })
    }

    pub(super) fn way(&self, service: Service) -> &Proxy {
        match service {
            Service::Broker => &self.broker_way,
            Service::Cache => &self.cache_way,
        }
    }

    /// Thousandths of the calm run's ledger that the run has by now.
    pub(super) fn progress(&self) -> u64 {
        1000 * self.ledger_bytes() / self.whole
    }

    /// Bytes of the run's ledger.
    pub(super) fn ledger_bytes(&self) -> u64 {
        ledger_bytes(&self.fleet.at(OUT))
    }

    /// Copies everything that the fleet has written to where it can be looked at.
    pub(super) fn keep(&self, place: &Path) {
        let _ = fs::remove_dir_all(place);
        fs::create_dir_all(place).expect("a folder to keep the fleet in");
        let mut copying = Command::new("cp");
        copying.arg("-r").arg(self.fleet.at(".")).arg(place);
        assert!(copying.status().is_ok_and(|status| status.success()));
    }
}

fn ledger_bytes(run: &Path) -> u64 {
    let Ok(files) = fs::read_dir(run.join("ledger")) else {
        return 0;
    };
    let sizes = files.filter_map(|file| Some(file.ok()?.metadata().ok()?.len()));
    sizes.sum()
}
