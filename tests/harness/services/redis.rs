//! A private Redis server: boots in milliseconds, so every test has its own.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

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

fn ping(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else {
        return false;
    };
    let mut answer = [0; 5];
    stream.write_all(b"PING\r\n").is_ok()
        && stream.read_exact(&mut answer).is_ok()
        && answer == *b"+PONG"
}
