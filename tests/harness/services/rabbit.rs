//! A private RabbitMQ node.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;

use super::certificates::Certificates;
use super::supervisor::{self, Process, Supervisor};
use super::{free_ports, http, installed, until};

/// Not the wrapper on the path: that one changes to the user of the system's own node.
const SERVER: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";
const CONTROL: &str = "/usr/lib/rabbitmq/bin/rabbitmqctl";
/// The command that makes a node write its tables of queues to disk.
pub const SYNC_TABLES: [&str; 2] = ["eval", "[ok = dets:sync(Table) || Table <- dets:all()]."];
const COOKIE: &str = "t2t-tests";
/// Where a node's output goes, in its folder.
const LOG: &str = "server.log";
const CONFIG: &str = "loopback_users = none
disk_free_limit.absolute = 1MB
vm_memory_high_watermark.relative = 0.8
log.console.level = warning
";

/// Whether nodes can be started here.
pub fn available() -> bool {
    installed(SERVER, "rabbitmq-server")
}

/// Where a node listens.
#[derive(Debug, Clone, Copy)]
struct Ports {
    amqp: u16,
    management: u16,
    distribution: u16,
    epmd: u16,
}

impl Ports {
    fn free() -> Self {
        let [amqp, management, distribution, epmd] = free_ports();
        Self {
            amqp,
            management,
            distribution,
            epmd,
        }
    }

    fn ready(self) -> bool {
        let asked = http::ask(self.management, "GET", "/api/whoami", "");
        asked.is_ok_and(|(status, _)| status == 200)
            && std::net::TcpStream::connect(("127.0.0.1", self.amqp)).is_ok()
    }
}

/// A node of one test's own.
#[derive(Debug)]
pub struct Node {
    ports: Ports,
    folder: PathBuf,
    server: Option<Process>,
    // Last, so that it finds the folder.
    _supervisor: Supervisor,
}

impl Node {
    /// Boots a node; none where RabbitMQ is not installed.
    pub fn start() -> Option<Self> {
        Self::start_with("")
    }

    /// Boots a node that listens for TLS as well; with that port.
    pub fn start_with_tls(certificates: &Certificates) -> Option<(Self, u16)> {
        let [port] = free_ports();
        let [authority, server, key] = [
            certificates.authority(),
            certificates.server(),
            certificates.key(),
        ]
        .map(|path| path.display().to_string());
        let node = Self::start_with(&format!(
            "listeners.ssl.1 = 127.0.0.1:{port}\nssl_options.cacertfile = {authority}\n\
             ssl_options.certfile = {server}\nssl_options.keyfile = {key}\n\
             ssl_options.verify = verify_none\nssl_options.fail_if_no_peer_cert = false\n"
        ))?;
        Some((node, port))
    }

    /// Boots a node with more lines in its `rabbitmq.conf`.
    pub fn start_with(more: &str) -> Option<Self> {
        if !available() {
            return None;
        }
        let folder = TempDir::with_prefix("t2t-rabbit-")
            .expect("a folder for the node")
            .keep();
        let supervisor = Supervisor::alone(&folder).expect("a shell starts");
        let ports = Ports::free();
        let server = boot(&folder, ports, more);
        Some(Self {
            ports,
            folder,
            server: Some(server),
            _supervisor: supervisor,
        })
    }

    /// Where its files are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The warnings and errors that it has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join(LOG)).unwrap_or_default()
    }

    /// The ports it listens on, that of its port mapper included.
    pub fn ports(&self) -> [u16; 4] {
        let ports = self.ports;
        [ports.amqp, ports.management, ports.distribution, ports.epmd]
    }

    /// A new virtual host.
    pub fn vhost(&self) -> Vhost {
        Vhost::make(self.ports, None)
    }

    /// Kills the node as a crash would: at once, in the middle of whatever it does.
    pub fn kill(&mut self) {
        self.server.take().expect("the node runs").kill();
    }

    /// Makes the node write its tables of queues to disk. It does so by itself within minutes; a queue
    /// younger than that comes back from a kill of its only node without a leader, and empty.
    pub fn sync_tables(&self) {
        self.control(&SYNC_TABLES);
    }

    /// Boots a killed node again, with what it has on disk.
    pub fn restart(&mut self) {
        self.begin_restart();
        ready(&self.folder, self.ports);
    }

    /// The same without waiting until it answers.
    pub fn begin_restart(&mut self) {
        assert!(self.server.is_none(), "the node was killed before");
        self.server = Some(run(&self.folder, self.ports));
    }

    /// Whether it answers.
    pub fn answers(&self) -> bool {
        self.ports.ready()
    }

    /// Stops the broker on the node: connections end, queues are closed.
    pub fn stop_app(&self) {
        self.control(&["stop_app"]);
    }

    /// Starts the broker on the node again.
    pub fn start_app(&self) {
        self.control(&["start_app"]);
        ready(&self.folder, self.ports);
    }

    /// Runs a command of `rabbitmqctl` on the node.
    pub fn control(&self, arguments: &[&str]) -> Output {
        let output = self.controlling(arguments).output();
        let output = output.expect("rabbitmqctl starts");
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        output
    }

    /// Begins to run such a command.
    pub fn begin_control(&self, arguments: &[&str]) -> Child {
        let mut command = self.controlling(arguments);
        let command = command.stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().expect("rabbitmqctl starts")
    }

    fn controlling(&self, arguments: &[&str]) -> Command {
        let mut command = command(CONTROL, &self.folder, self.ports);
        command
            .args(["--erlang-cookie", COOKIE, "-n", &name(self.ports)])
            .args(arguments);
        command
    }
}

/// A virtual host, deleted when dropped.
#[derive(Debug)]
pub struct Vhost {
    ports: Ports,
    name: String,
    /// Keeps a shared node alive.
    _user: Option<File>,
}

impl Vhost {
    fn make(ports: Ports, user: Option<File>) -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("t2t-{}-{number}", std::process::id());
        let path = format!("/api/vhosts/{name}");
        let (status, body) = http::ask(ports.management, "PUT", &path, "").expect("it answers");
        assert!(status < 300, "{status}: {body}");
        Self {
            ports,
            name,
            _user: user,
        }
    }

    /// What a client connects to.
    pub fn url(&self) -> String {
        self.url_by(self.ports.amqp)
    }

    /// What a client connects to that comes by another port of this machine.
    pub fn url_by(&self, port: u16) -> String {
        format!("amqp://guest:guest@127.0.0.1:{port}/{}", self.name)
    }

    /// Ends every connection to this virtual host, as an operator would; gives how many there were.
    pub fn end_connections(&self) -> usize {
        let (status, names) = self.manage("GET", "vhosts", "/connections?columns=name", "");
        assert_eq!(status, 200, "{names}");
        let names: Vec<serde_json::Value> = serde_json::from_str(&names).expect("JSON");
        for name in &names {
            let name = name["name"]
                .as_str()
                .expect("a name")
                .replace(' ', "%20")
                .replace('>', "%3E");
            let path = format!("/api/connections/{name}");
            let ended = http::ask(self.ports.management, "DELETE", &path, "");
            // It may have ended by itself meanwhile.
            let ended = ended.is_ok_and(|(status, _)| [204, 404].contains(&status));
            assert!(ended, "{path}");
        }
        names.len()
    }

    /// What a client of TLS connects to, with user and password left to its settings.
    pub fn tls_url(&self, port: u16) -> String {
        format!("amqps://127.0.0.1:{port}/{}", self.name)
    }

    /// Asks the management interface; `path` begins after the name of this virtual host, as in
    /// `queues` + `/VHOST` + `path`.
    pub fn manage(&self, method: &str, kind: &str, path: &str, body: &str) -> (u16, String) {
        let path = format!("/api/{kind}/{}{path}", self.name);
        http::ask(self.ports.management, method, &path, body).expect("it answers")
    }
}

impl Drop for Vhost {
    fn drop(&mut self) {
        // The node may be dead; its folder goes anyway.
        let path = format!("/api/vhosts/{}", self.name);
        let _ = http::ask(self.ports.management, "DELETE", &path, "");
    }
}

/// A virtual host of its own on the node that this test run shares; none where RabbitMQ is not
/// installed.
pub fn shared() -> Option<Vhost> {
    if !available() {
        return None;
    }
    let home = std::env::temp_dir().join(format!("t2t-rabbit-shared-{}", user()));
    fs::create_dir_all(&home).expect("a folder for the shared node");
    // One process at a time looks whether there is a node and starts it.
    let turn = File::create(home.join("turn")).expect("a lock file");
    turn.lock().expect("a lock");
    let users = home.join("users");
    let user = File::options()
        .append(true)
        .create(true)
        .open(&users)
        .expect("a lock file");
    // Waits while an earlier node is being ended.
    user.lock_shared().expect("a lock");
    let folder = home.join("node");
    let ports = standing(&folder).unwrap_or_else(|| {
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder for the node");
        supervisor::shared(&folder, &users).expect("a shell starts");
        let ports = Ports::free();
        boot(&folder, ports, "");
        let note = format!(
            "{} {} {} {}",
            ports.amqp, ports.management, ports.distribution, ports.epmd
        );
        fs::write(folder.join("ports"), note).expect("a note of the ports");
        ports
    });
    Some(Vhost::make(ports, Some(user)))
}

/// The ports of the shared node, if it runs.
fn standing(folder: &Path) -> Option<Ports> {
    let note = fs::read_to_string(folder.join("ports")).ok()?;
    let numbers: Vec<u16> = note
        .split(' ')
        .filter_map(|port| port.parse().ok())
        .collect();
    let &[amqp, management, distribution, epmd] = numbers.as_slice() else {
        return None;
    };
    let ports = Ports {
        amqp,
        management,
        distribution,
        epmd,
    };
    ports.ready().then_some(ports)
}

fn user() -> String {
    std::env::var("USER").unwrap_or_else(|_| "tests".to_owned())
}

fn name(ports: Ports) -> String {
    format!("t2t-{}@localhost", ports.amqp)
}

/// Starts port mapper and node, and waits until it answers.
fn boot(folder: &Path, ports: Ports, more: &str) -> Process {
    let config = config(ports) + more;
    fs::write(folder.join("rabbit.conf"), config).expect("a configuration");
    let plugins = "[rabbitmq_management].";
    fs::write(folder.join("plugins"), plugins).expect("a list of plugins");
    // A port mapper of its own, known to the supervisor; the node would start one that outlives it.
    let mut epmd = Command::new("epmd");
    epmd.args(["-port", &ports.epmd.to_string(), "-address", "127.0.0.1"]);
    supervisor::start(folder, "epmd", &mut epmd).expect("epmd starts");
    let server = run(folder, ports);
    ready(folder, ports);
    server
}

fn config(ports: Ports) -> String {
    format!(
        "{CONFIG}management.tcp.port = {}\nmanagement.tcp.ip = 127.0.0.1\n",
        ports.management
    )
}

fn run(folder: &Path, ports: Ports) -> Process {
    let mut server = command(SERVER, folder, ports);
    supervisor::start(folder, "server", &mut server).expect("the node starts")
}

fn ready(folder: &Path, ports: Ports) {
    until("the node", &folder.join(LOG), || ports.ready());
}

/// A command with everything that makes a node private.
fn command(program: &str, folder: &Path, ports: Ports) -> Command {
    let mut command = Command::new(program);
    let file = |name: &str| folder.join(name);
    command
        // Where the crash dumps of a killed node go.
        .current_dir(folder)
        .env("HOME", folder)
        .env("RABBITMQ_NODENAME", name(ports))
        .env("RABBITMQ_NODE_PORT", ports.amqp.to_string())
        .env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1")
        .env("RABBITMQ_DIST_PORT", ports.distribution.to_string())
        .env("ERL_EPMD_PORT", ports.epmd.to_string())
        .env("ERL_EPMD_ADDRESS", "127.0.0.1")
        .env("RABBITMQ_MNESIA_BASE", file("mnesia"))
        .env("RABBITMQ_LOG_BASE", file("log"))
        .env("RABBITMQ_LOGS", "-")
        .env("RABBITMQ_PID_FILE", file("pid"))
        .env("RABBITMQ_ENABLED_PLUGINS_FILE", file("plugins"))
        .env("RABBITMQ_CONFIG_FILE", file("rabbit.conf"))
        .env("RABBITMQ_ADVANCED_CONFIG_FILE", file("advanced.config"))
        .env("RABBITMQ_CONF_ENV_FILE", file("env.conf"))
        .env("RABBITMQ_GENERATED_CONFIG_DIR", file("generated"))
        .env(
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
            format!("-setcookie {COOKIE} -kernel inet_dist_use_interface {{127,0,0,1}} +sbwt none"),
        );
    command
}
