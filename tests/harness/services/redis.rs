//! A private Redis server: boots in milliseconds, so every test has its own.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::certificates::Certificates;
use super::supervisor::{self, Process, Supervisor};
use super::{free_ports, installed, until};

const SERVER: &str = "/usr/bin/redis-server";

/// A server that keeps nothing on disk.
#[derive(Debug)]
pub struct Server {
    port: u16,
    folder: PathBuf,
    arguments: Vec<String>,
    process: Option<Process>,
    // Last, so that it finds the folder.
    _supervisor: Supervisor,
}

impl Server {
    /// Starts a server with more arguments, as `--maxmemory 10mb`; none where Redis is not installed.
    pub fn start(arguments: &[&str]) -> Option<Self> {
        if !installed(SERVER, "redis-server") {
            return None;
        }
        let folder = TempDir::with_prefix("t2t-redis-")
            .expect("a folder for the server")
            .keep();
        let supervisor = Supervisor::alone(&folder).expect("a shell starts");
        let [port] = free_ports();
        let mut server = Self {
            port,
            folder,
            arguments: arguments.iter().map(|&text| text.to_owned()).collect(),
            process: None,
            _supervisor: supervisor,
        };
        server.restart();
        Some(server)
    }

    /// Starts a server that listens for TLS as well; with what a client of that connects to.
    pub fn start_with_tls(certificates: &Certificates) -> Option<(Self, String)> {
        let [port] = free_ports();
        let text = |path: PathBuf| path.display().to_string();
        let server = Self::start(&[
            "--tls-port",
            &port.to_string(),
            "--tls-cert-file",
            &text(certificates.server()),
            "--tls-key-file",
            &text(certificates.key()),
            "--tls-ca-cert-file",
            &text(certificates.authority()),
            "--tls-auth-clients",
            "no",
        ])?;
        Some((server, format!("rediss://127.0.0.1:{port}/")))
    }

    /// Where its files are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether it answers.
    pub fn answers(port: u16) -> bool {
        ping(port)
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What a client connects to.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// Changes a setting, as `requirepass`, of the server that runs.
    pub fn set(&self, name: &str, value: &str) {
        let answer = ask(self.port, &format!("CONFIG SET {name} {value}"));
        assert!(answer.starts_with("+OK"), "{answer}");
    }

    /// Kills the server; what it held is gone.
    pub fn kill(&mut self) {
        self.process.take().expect("the server runs").kill();
    }

    /// Forgets everything.
    pub fn flush(&self) {
        let mut stream =
            TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).expect("the server listens");
        let mut answer = [0; 3];
        stream.write_all(b"FLUSHALL\r\n").expect("it reads");
        stream.read_exact(&mut answer).expect("it answers");
        assert_eq!(&answer, b"+OK");
    }

    /// Starts a killed server again, empty.
    pub fn restart(&mut self) {
        assert!(self.process.is_none(), "the server was killed before");
        let mut command = Command::new(SERVER);
        command
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no", "--dir"])
            .arg(&self.folder)
            .args(&self.arguments);
        let started = supervisor::start(&self.folder, "server", &mut command);
        self.process = Some(started.expect("the server starts"));
        let port = self.port;
        until("redis", &self.folder.join("server.log"), || ping(port));
    }
}

/// What a server on this machine answers to a line.
pub(super) fn ask(port: u16, line: &str) -> String {
    let answer = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).and_then(|mut stream| {
        write!(stream, "{line}\r\n")?;
        // A sentinel knows no QUIT; either closes when it is told that nothing more comes.
        stream.shutdown(Shutdown::Write)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    });
    answer.unwrap_or_default()
}

pub(super) fn ping(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else {
        return false;
    };
    let mut answer = [0; 5];
    stream.write_all(b"PING\r\n").is_ok()
        && stream.read_exact(&mut answer).is_ok()
        && answer == *b"+PONG"
}
