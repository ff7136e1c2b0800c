//! A small language model behind a real server: SmolLM2-135M-Instruct on llama.cpp, over one thread.
//!
//! It understands little and calls no tool, which makes it good for one thing: whatever a real model does
//! wrong comes over real HTTP, from a server that nobody here wrote. Server and weights are Python packages
//! that `tests/python/setup` installs. The weights take memory and the server a core, so tests that need
//! one share it.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::supervisor::{self, Process, Supervisor};
use super::{free_ports, required, until};
use crate::http;

/// Tokens of prompt and reply together that the server has room for: enough for the instructions of every
/// role, and so little that a conversation which leads nowhere ends soon.
pub const CONTEXT: u32 = 2048;

/// A server that runs until this is dropped, or its process ends in any other way.
#[derive(Debug)]
pub struct Model {
    port: u16,
    _process: Process,
    // Ends the server.
    _supervisor: Supervisor,
}

impl Model {
    /// Starts a server and waits until it answers; none where its packages are not installed.
    pub fn start() -> Option<Self> {
        Self::with_room(CONTEXT)
    }

    /// The same with room for so many tokens.
    pub fn with_room(context: u32) -> Option<Self> {
        let python = environment().join("bin/python");
        let missing = format!(
            "there is no {}; run tests/python/setup, or set T2T_VENV_MODEL",
            python.display()
        );
        if !required(python.is_file(), &missing) {
            return None;
        }
        let folder = TempDir::with_prefix("t2t-model-")
            .expect("a folder for the server")
            .keep();
        let supervisor = Supervisor::alone(&folder).expect("a shell starts");
        let [port] = free_ports();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/serve_model.py");
        let mut command = Command::new(python);
        command
            .arg(script)
            .args([port.to_string(), context.to_string()])
            .env("PYTHONDONTWRITEBYTECODE", "1");
        let process = supervisor::start(&folder, "server", &mut command);
        until("the model", &folder.join("server.log"), || healthy(port));
        Some(Self {
            port,
            _process: process.expect("the server starts"),
            _supervisor: supervisor,
        })
    }

    /// What a plan's `url` is.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/v1", self.port)
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }
}

fn environment() -> PathBuf {
    let made = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/venvs/model");
    std::env::var_os("T2T_VENV_MODEL").map_or(made, PathBuf::from)
}

fn healthy(port: u16) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    http::get(address, "/health").is_ok_and(|answer| answer.status == 200)
}
