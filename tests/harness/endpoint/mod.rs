//! A model endpoint over real HTTP that answers by rule, and misbehaves where it is told to: what a chat
//! client is tried against. It has the wire forms of OpenAI and of Anthropic, reads requests as strictly
//! as they do, keeps nothing from one request to the next, and counts what it was asked.
//!
//! Reading order: `misbehaviour` (the table), `faults` (when), `prompt` and `reply` (what is asked and
//! answered) with their forms in `openai` and `anthropic`, `brain`, `roles` and `explorer` (the answers), `performance` (what a
//! misbehaviour sends), `http`, `ledger` (the counts), `serve` (the loop).
//!
//! Beside the models there are `GET /v1/models`, `GET /stats`, `GET /log` (the last requests with their
//! bodies) and `PUT /faults` (faults as on the command line, with spaces between; none to behave again).

mod anthropic;
mod brain;
mod explorer;
mod faults;
mod http;
mod ledger;
mod misbehaviour;
mod openai;
mod performance;
mod prompt;
mod reply;
mod roles;
mod serve;
mod signed;

use std::io::Result;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::sync::oneshot;

pub use brain::{Brain, ParseBrainError};
pub use explorer::NEEDLESS;
pub use faults::{Fault, ParseFaultError, When};
pub use ledger::{Entry, Stats};
pub use misbehaviour::{Expected, Misbehaviour, UnknownMisbehaviour};
pub use prompt::{Form, Prompt, Tool};
pub use reply::{Call, Reply, Stop};
pub use roles::{MANNER, REWORDED};
use serve::{Door, Server, serve};

/// How an endpoint is.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it listens; port 0 for any that is free.
    pub listen: SocketAddr,
    /// What answers.
    pub brain: Brain,
    /// How long an answer takes.
    pub latency: Duration,
    /// How it misbehaves; the first fault that applies to a request is the one that happens.
    pub faults: Vec<Fault>,
    /// What draws the shares of faults.
    pub seed: u64,
    /// The key to give, if one is asked for.
    pub key: Option<String>,
    /// The model it says it has; a request may name any.
    pub model: String,
    /// Whether it thinks before it answers. It signs the thoughts that lead to tool calls, and wants them back.
    pub reasoning: bool,
    /// Tokens that it thinks for each answer, shows nobody and charges for: no limit of a reply bounds them.
    pub unseen: u64,
    /// What `Retry-After` says.
    pub retry_after: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            brain: Brain::HeldOut,
            latency: Duration::ZERO,
            faults: Vec::new(),
            seed: 0,
            key: None,
            model: "held-out".to_owned(),
            reasoning: false,
            unseen: 0,
            retry_after: Duration::from_secs(1),
        }
    }
}

/// An endpoint, until it is dropped.
#[derive(Debug)]
pub struct Endpoint {
    address: SocketAddr,
    server: Arc<Server>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Endpoint {
    /// Begins to serve.
    ///
    /// # Errors
    /// When its port can't be had.
    pub fn start(settings: Settings) -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let listen = settings.listen;
        let server = Arc::new(Server::new(settings));
        let door = {
            // Entered and not blocked on, so that an async test may start one, too.
            let _within = runtime.enter();
            Door::at(listen, &server)?
        };
        let address = door.address()?;
        let (stop, stopped) = oneshot::channel();
        let shared = Arc::clone(&server);
        let thread = std::thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    end = serve(shared, door) => end.expect("the port is still its own"),
                    _ = stopped => {}
                }
            });
        });
        Ok(Self {
            address,
            server,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What a client is given as the base of its URLs.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Misbehaves in these ways from now on; its port is opened or shut a moment later.
    pub fn set_faults(&self, faults: Vec<Fault>) {
        self.server.set_faults(faults);
    }

    /// Takes so long for an answer from now on.
    pub fn set_latency(&self, latency: Duration) {
        self.server.set_latency(latency);
    }

    /// What befalls every request of the conversation with these instructions and opening, if anything does.
    pub fn fate(&self, instructions: &str, opening: &str) -> Option<Misbehaviour> {
        self.server
            .fate(&prompt::conversation(instructions, opening))
    }

    /// Its counts.
    pub fn stats(&self) -> Stats {
        self.server.ledger.stats()
    }

    /// The last requests, oldest first.
    pub fn log(&self) -> Vec<Entry> {
        self.server.ledger.log()
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}
