//! Several Redis servers that work together: a cluster of three masters, and a master with a replica under
//! a sentinel.

use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use super::redis::{Server, ask, ping};
use super::supervisor::{self, Process, Supervisor};
use super::{free_ports, installed, until};

const CLIENT: &str = "/usr/bin/redis-cli";
/// The server in its other mode; Debian's `redis-sentinel` is a link to it.
const SENTINEL: &str = "/usr/bin/redis-server";
/// What the sentinel calls its servers.
pub const MASTER: &str = "main";

/// A cluster of three masters.
#[derive(Debug)]
pub struct Cluster {
    nodes: [Server; 3],
}

/// A node of a cluster, and where the others speak to it.
fn node() -> Option<(Server, String)> {
    let [bus] = free_ports();
    let bus = bus.to_string();
    let server = Server::start(&["--cluster-enabled", "yes", "--cluster-port", &bus])?;
    let address = format!("127.0.0.1:{}@{bus}", server.port());
    Some((server, address))
}

impl Cluster {
    /// Starts one; none where Redis is not installed.
    pub fn start() -> Option<Self> {
        if !installed(CLIENT, "redis-tools") {
            return None;
        }
        let nodes = [node()?, node()?, node()?];
        let mut command = Command::new(CLIENT);
        command.args(["--cluster", "create"]);
        command.args(nodes.iter().map(|(_, address)| address));
        command.args(["--cluster-replicas", "0", "--cluster-yes"]);
        let output = command.output().expect("redis-cli starts");
        assert!(output.status.success(), "{output:?}");
        let nodes = nodes.map(|(server, _)| server);
        for node in &nodes {
            until("the cluster", &node.folder().join("server.log"), || {
                ask(node.port(), "CLUSTER INFO").contains("cluster_state:ok")
            });
        }
        Some(Self { nodes })
    }

    /// What a client connects to.
    pub fn url(&self) -> String {
        let hosts = self
            .nodes
            .iter()
            .map(|node| format!("127.0.0.1:{}", node.port()));
        format!("redis+cluster://{}/", hosts.collect::<Vec<_>>().join(","))
    }

    /// Keys on each of its servers.
    pub fn keys(&self) -> [usize; 3] {
        self.nodes.each_ref().map(|node| {
            let answer = ask(node.port(), "DBSIZE");
            let number = answer.lines().next().map(|line| line.trim_matches(':'));
            number
                .and_then(|number| number.parse().ok())
                .expect("a number")
        })
    }
}

/// A master, its replica and a sentinel that knows them.
#[derive(Debug)]
pub struct Watched {
    master: Server,
    replica: Server,
    port: u16,
    _sentinel: Process,
    // Last, so that it finds the folder.
    _supervisor: Supervisor,
}

impl Watched {
    /// Starts them; none where Redis is not installed.
    pub fn start() -> Option<Self> {
        if !installed(SENTINEL, "redis-server") {
            return None;
        }
        let master = Server::start(&[])?;
        let of = format!("127.0.0.1 {}", master.port());
        let replica = Server::start(&["--replicaof", &of])?;
        let folder: PathBuf = TempDir::with_prefix("t2t-sentinel-")
            .expect("a folder for the sentinel")
            .keep();
        let supervisor = Supervisor::alone(&folder).expect("a shell starts");
        let [port] = free_ports();
        let watched = master.port();
        let settings = format!(
            "port {port}\nbind 127.0.0.1\nsentinel monitor {MASTER} 127.0.0.1 {watched} 1\n\
             sentinel down-after-milliseconds {MASTER} 500\nsentinel failover-timeout {MASTER} 3000\n"
        );
        let file = folder.join("sentinel.conf");
        std::fs::write(&file, settings).expect("a configuration");
        let mut command = Command::new(SENTINEL);
        command.arg(&file).arg("--sentinel");
        let sentinel = supervisor::start(&folder, "sentinel", &mut command);
        let sentinel = sentinel.expect("the sentinel starts");
        let log = folder.join("sentinel.log");
        until("the sentinel", &log, || {
            ping(port) && ask(port, "INFO sentinel").contains("slaves=1")
        });
        until("the replica", &replica.folder().join("server.log"), || {
            ask(replica.port(), "INFO replication").contains("master_link_status:up")
        });
        Some(Self {
            master,
            replica,
            port,
            _sentinel: sentinel,
            _supervisor: supervisor,
        })
    }

    /// What a client connects to.
    pub fn url(&self) -> String {
        format!("redis+sentinel://127.0.0.1:{}/{MASTER}", self.port)
    }

    /// Kills the master, and waits until the replica takes its place.
    pub fn fail_over(&mut self) {
        self.master.kill();
        let log = self.replica.folder().join("server.log");
        until("the new master", &log, || {
            ask(self.replica.port(), "INFO replication").contains("role:master")
        });
    }
}
