//! Agents that are programs: one process for each command, for all conversations of a worker.
//!
//! It is started when it is first asked something, and again when it has ended. Requests carry an `id`,
//! since several are under way at once; the form of both sides is [`service`](super::service)'s. One that
//! has said nothing for as long as a request waits at most is killed, so that the next finds a new one.

mod pipes;

use std::collections::BTreeMap;
use std::io;
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use proto::record::Endpoint;
use serde_json::Value as Json;
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout};
use tracing::warn;

use super::{Answer, Fault};

/// How long a program whose output has ended may take to end itself.
const FAREWELL: Duration = Duration::from_secs(1);

/// Variables of the environment that are the worker's own, passwords among them.
const OURS: &str = "T2T_";

/// The programs of a process, by their commands. Dropped, it kills them.
#[derive(Debug, Default)]
pub(super) struct Programs {
    running: Mutex<BTreeMap<Vec<String>, mpsc::UnboundedSender<Order>>>,
}

/// What a program's keeper is told.
#[derive(Debug)]
enum Order {
    /// Ask it this.
    Ask {
        body: Bytes,
        reply: oneshot::Sender<Result<Vec<u8>, Fault>>,
    },
    /// Somebody has waited since then, and in vain.
    Overdue(Instant),
}

impl Programs {
    /// Sends a body to an endpoint's program.
    ///
    /// # Errors
    /// When it can't be started, ends, or does not answer in time.
    pub(super) async fn ask(&self, endpoint: &Endpoint, body: &Bytes) -> Result<Answer, Fault> {
        let program = self.running(endpoint)?;
        let began = Instant::now();
        let (reply, answered) = oneshot::channel();
        let body = body.clone();
        let ended = || Fault::Cut("the program ended".to_owned());
        program
            .send(Order::Ask { body, reply })
            .map_err(|_| ended())?;
        let waited = Duration::from_millis(endpoint.patience.total);
        let what = "whole answer";
        let Ok(heard) = timeout(waited, answered).await else {
            // It may have ended by now, which is as well.
            program.send(Order::Overdue(began)).ok();
            return Err(Fault::Timeout { what, waited });
        };
        let body = heard.map_err(|_| ended())??.into();
        Ok(Answer { status: 200, body })
    }

    /// The program that runs, or a new one.
    fn running(&self, endpoint: &Endpoint) -> Result<mpsc::UnboundedSender<Order>, Fault> {
        let command = &endpoint.command;
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(program) = running.get(command).filter(|it| !it.is_closed()) {
            return Ok(program.clone());
        }
        let child = started(command).map_err(|error| unstarted(endpoint, &error))?;
        let (orders, taken) = mpsc::unbounded_channel();
        tokio::spawn(Keeper::new(&endpoint.name, child).keep(taken));
        running.insert(command.clone(), orders.clone());
        Ok(orders)
    }
}

fn started(command: &[String]) -> io::Result<Child> {
    let Some((program, arguments)) = command.split_first() else {
        return Err(io::Error::new(io::ErrorKind::NotFound, "it is empty"));
    };
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with(OURS) {
            command.env_remove(name);
        }
    }
    command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        // In a group of its own, it does not get the signal by which a terminal ends the worker, who
        // may still need it for what is under way.
        .process_group(0)
        .spawn()
}

fn unstarted(endpoint: &Endpoint, error: &io::Error) -> Fault {
    let name = &endpoint.name;
    let command = endpoint.command.join(" ");
    let text = format!("`{command}`, the command of endpoint {name}, can't be started: {error}");
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => Fault::Unready(text),
        _ => Fault::Connect(text),
    }
}

/// Who keeps a program: hands requests on to it and its answers back.
struct Keeper {
    name: String,
    child: Child,
    to: mpsc::UnboundedSender<Vec<u8>>,
    from: mpsc::Receiver<io::Result<Vec<u8>>>,
    waiting: BTreeMap<u64, oneshot::Sender<Result<Vec<u8>, Fault>>>,
    asked: u64,
    /// When it last said something.
    heard: Instant,
}

impl Keeper {
    fn new(name: &str, mut child: Child) -> Self {
        let asked_for = "all pipes were asked for";
        let stderr = child.stderr.take().expect(asked_for);
        tokio::spawn(pipes::log(name.to_owned(), stderr));
        Self {
            name: name.to_owned(),
            to: pipes::write(child.stdin.take().expect(asked_for)),
            from: pipes::read(child.stdout.take().expect(asked_for)),
            child,
            waiting: BTreeMap::new(),
            asked: 0,
            heard: Instant::now(),
        }
    }

    /// Goes on until the program ends or nobody can ask it any more.
    async fn keep(mut self, mut orders: mpsc::UnboundedReceiver<Order>) {
        let why = loop {
            tokio::select! {
                line = self.from.recv() => match line {
                    Some(Ok(line)) => self.hear(line),
                    Some(Err(error)) => break format!("the program was killed: {error}"),
                    None => break self.ended().await,
                },
                order = orders.recv() => match order {
                    Some(Order::Ask { body, reply }) => self.ask(&body, reply),
                    Some(Order::Overdue(since)) if self.heard < since => {
                        break "the program was killed, since it answered nobody".to_owned();
                    }
                    Some(Order::Overdue(_)) => {}
                    None => return,
                },
            }
        };
        warn!(endpoint = self.name, waiting = self.waiting.len(), "{why}");
        // From here on a new one is started; only then are those told who may ask again at once.
        orders.close();
        let mut unheard: Vec<_> = self.waiting.into_values().collect();
        while let Ok(order) = orders.try_recv() {
            if let Order::Ask { reply, .. } = order {
                unheard.push(reply);
            }
        }
        for reply in unheard {
            reply.send(Err(Fault::Cut(why.clone()))).ok();
        }
    }

    fn ask(&mut self, body: &[u8], reply: oneshot::Sender<Result<Vec<u8>, Fault>>) {
        self.waiting.retain(|_, reply| !reply.is_closed());
        self.asked += 1;
        let fields = body.strip_prefix(b"{").expect("a body is a JSON object");
        let mut line = format!("{{\"id\":{},", self.asked).into_bytes();
        line.extend_from_slice(fields);
        line.push(b'\n');
        self.waiting.insert(self.asked, reply);
        // Where its input is closed, the end of its output is about to be seen.
        self.to.send(line).ok();
    }

    /// Hands an answer to whoever waits for it. What nobody waits for any more is dropped.
    fn hear(&mut self, line: Vec<u8>) {
        self.heard = Instant::now();
        let said: Option<Json> = serde_json::from_slice(&line).ok();
        match said.and_then(|said| said["id"].as_u64()) {
            Some(id) => {
                if let Some(reply) = self.waiting.remove(&id) {
                    reply.send(Ok(line)).ok();
                }
            }
            None => {
                let line = String::from_utf8_lossy(&line);
                warn!(
                    endpoint = self.name,
                    "no answer, on the output of a program: {line:.200}"
                );
            }
        }
    }

    /// How it ended, once its output has.
    async fn ended(&mut self) -> String {
        match timeout(FAREWELL, self.child.wait()).await {
            Ok(Ok(status)) => format!("the program ended: {status}"),
            Ok(Err(error)) => format!("the program ended: {error}"),
            Err(_) => "the program closed its output, and was killed".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
