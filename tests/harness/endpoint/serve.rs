//! The endpoint's only loop: connections, requests on each of them, and their answers.

use std::io::{ErrorKind, Result};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use proto::digest::{Digest, Hasher};
use proto::record::AgentFault;
use serde_json::json;
use tokio::io::{AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::faults::Fault;
use super::http::{self, Request, Response, Stream, gone};
use super::ledger::Ledger;
use super::misbehaviour::{Expected, Misbehaviour};
use super::performance::{Step, behave, misbehave};
use super::prompt::{Form, Prompt};
use super::{Settings, anthropic, openai, signed};

/// Connections that wait to be accepted.
const BACKLOG: u32 = 4096;

/// Between two bytes of a drip.
const DRIP: Duration = Duration::from_millis(200);

/// What all connections share.
#[derive(Debug)]
pub(super) struct Server {
    settings: Settings,
    faults: watch::Sender<Vec<Fault>>,
    latency: watch::Sender<Duration>,
    pub(super) ledger: Ledger,
}

/// Whether a connection takes another request.
#[derive(PartialEq)]
enum Then {
    Next,
    Close,
}

impl Server {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            faults: watch::Sender::new(settings.faults.clone()),
            latency: watch::Sender::new(settings.latency),
            settings,
            ledger: Ledger::default(),
        }
    }

    /// What befalls every request of a conversation.
    pub(super) fn fate(&self, conversation: &Digest) -> Option<Misbehaviour> {
        let (faults, seed) = (self.faults.borrow(), self.settings.seed);
        let mut all = faults.iter();
        let befallen = all.find(|fault| fault.befalls(seed, conversation));
        befallen.map(|fault| fault.misbehaviour)
    }

    /// Misbehaves in these ways from now on.
    pub(super) fn set_faults(&self, faults: Vec<Fault>) {
        self.faults.send_replace(faults);
    }

    /// Takes so long for an answer from now on.
    pub(super) fn set_latency(&self, latency: Duration) {
        self.latency.send_replace(latency);
    }

    fn key_fits(&self, request: &Request) -> bool {
        let Some(key) = &self.settings.key else {
            return true;
        };
        let bearer = request
            .header("authorization")
            .and_then(|value| value.strip_prefix("Bearer "));
        [bearer, request.header("x-api-key")].contains(&Some(key))
    }
}

fn refusing(faults: &[Fault]) -> bool {
    let mut all = faults.iter();
    all.any(|fault| fault.misbehaviour == Misbehaviour::ConnectRefused)
}

/// The port.
#[derive(Debug)]
pub(super) enum Door {
    /// Listened at.
    Open(TcpListener),
    /// Taken, but not listened at: who connects is refused.
    Shut(TcpSocket),
}

impl Door {
    /// Takes a port as the server's faults want it.
    pub(super) fn at(address: SocketAddr, server: &Server) -> Result<Self> {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        if refusing(&server.faults.borrow()) {
            return Ok(Self::Shut(socket));
        }
        socket.listen(BACKLOG).map(Self::Open)
    }

    pub(super) fn address(&self) -> Result<SocketAddr> {
        match self {
            Self::Open(listener) => listener.local_addr(),
            Self::Shut(socket) => socket.local_addr(),
        }
    }
}

/// Serves for ever.
pub(super) async fn serve(server: Arc<Server>, mut door: Door) -> Result<()> {
    let address = door.address()?;
    let mut faults = server.faults.subscribe();
    loop {
        match door {
            Door::Open(listener) => accept(&server, listener, &mut faults).await,
            Door::Shut(_held) => drop(faults.wait_for(|faults| !refusing(faults)).await),
        }
        door = Door::at(address, &server)?;
    }
}

/// Accepts connections until they are to be refused; those that are open end then.
async fn accept(
    server: &Arc<Server>,
    listener: TcpListener,
    faults: &mut watch::Receiver<Vec<Fault>>,
) {
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    server.ledger.connected();
                    open.spawn(connection(Arc::clone(server), stream));
                }
                // No file left for it: some connection has to end first.
                Err(_) => drop(open.join_next().await),
            },
            Some(_) = open.join_next(), if !open.is_empty() => {}
            _ = faults.wait_for(|faults| refusing(faults)) => return,
        }
    }
}

async fn connection(server: Arc<Server>, stream: TcpStream) {
    let mut stream = BufReader::new(stream);
    // An error here is a client that has left.
    drop(stream.get_ref().set_nodelay(true));
    while let Ok(Then::Next) = exchange(&server, &mut stream).await {}
}

/// One request and its answer.
async fn exchange(server: &Server, stream: &mut Stream) -> Result<Then> {
    let request = match http::read(stream).await {
        Ok(Some(request)) => request,
        Ok(None) => return Ok(Then::Close),
        Err(error) if error.kind() == ErrorKind::InvalidData => {
            let response = Response::new(400, "text/plain", error.to_string());
            stream.write_all(&response.bytes()).await?;
            return Ok(Then::Close);
        }
        Err(error) => return Err(error),
    };
    let then = match (request.method.as_str(), Form::of(&request.path)) {
        ("POST", Some(form)) => model(server, &request, form, stream).await?,
        _ => {
            stream.write_all(&desk(server, &request).bytes()).await?;
            Then::Next
        }
    };
    let last = request.header("connection") == Some("close");
    Ok(if last { Then::Close } else { then })
}

/// Everything but models' answers.
fn desk(server: &Server, request: &Request) -> Response {
    let to_json = |value| Response::json(200, &value);
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/stats") => to_json(json!(server.ledger.stats())),
        ("GET", "/log") => to_json(json!(server.ledger.log())),
        ("PUT", "/faults") => match read_faults(&request.body) {
            Ok(faults) => {
                server.set_faults(faults);
                Response::new(204, "text/plain", "")
            }
            Err(why) => Response::new(400, "text/plain", why),
        },
        ("GET", "/v1/models") if server.key_fits(request) => to_json(json!({
            "object": "list",
            "data": [{"id": server.settings.model, "object": "model", "created": 0, "owned_by": "tests"}],
        })),
        ("GET", "/v1/models") => Form::OpenAi.error(401, "The key is not known."),
        (method, path) => Response::new(404, "text/plain", format!("nothing at {method} {path}\n")),
    }
}

/// Faults in a text, with white space between them.
fn read_faults(text: &[u8]) -> std::result::Result<Vec<Fault>, String> {
    let text = str::from_utf8(text).map_err(|error| error.to_string())?;
    let faults = text.split_whitespace().map(str::parse);
    faults
        .collect::<std::result::Result<_, _>>()
        .map_err(|error: super::ParseFaultError| error.to_string())
}

/// Answers as a model, after the time that it takes.
async fn model(
    server: &Server,
    request: &Request,
    form: Form,
    stream: &mut Stream,
) -> Result<Then> {
    let open = server.ledger.open(identity(request));
    let latency = *server.latency.borrow();
    if !latency.is_zero() {
        tokio::select! {
            () = sleep(latency) => {}
            () = gone(stream) => return Ok(Then::Close),
        }
    }
    let prompt = match checked(server, request, form) {
        Ok(prompt) => prompt,
        Err((status, why)) => {
            open.refused(&why);
            stream.write_all(&form.error(status, &why).bytes()).await?;
            return Ok(Then::Next);
        }
    };
    let struck = struck(server, &prompt, open.before);
    open.met(&request.path, &request.body, struck.map(Misbehaviour::name));
    let (steps, kept) = steps(server, &prompt, struck);
    let then = perform(stream, steps).await?;
    if let Some(output) = kept {
        open.answered(prompt.tokens().0, output);
    }
    Ok(then)
}

fn identity(request: &Request) -> Digest {
    let mut hasher = Hasher::new("tests.request", 1);
    hasher
        .bytes(&request.body)
        .text(request.header("idempotency-key").unwrap_or_default())
        .finish()
}

fn checked(
    server: &Server,
    request: &Request,
    form: Form,
) -> std::result::Result<Prompt, (u16, String)> {
    if !server.key_fits(request) {
        return Err((401, "The key is not known.".to_owned()));
    }
    let wrong = |why| (400, why);
    if form == Form::Anthropic && request.header("anthropic-version").is_none() {
        return Err(wrong("anthropic-version: header is required".to_owned()));
    }
    let prompt = match form {
        Form::OpenAi => openai::read(&request.body),
        Form::Anthropic => anthropic::read(&request.body),
    };
    let prompt = prompt.map_err(wrong)?;
    if server.settings.reasoning {
        signed::complete(&prompt.messages).map_err(wrong)?;
    }
    Ok(prompt)
}

/// The misbehaviour that a request meets.
fn struck(server: &Server, prompt: &Prompt, before: u32) -> Option<Misbehaviour> {
    let faults = server.faults.borrow();
    let seed = server.settings.seed;
    let found = faults
        .iter()
        .find(|fault| fault.strikes(seed, prompt, before));
    found.map(|fault| fault.misbehaviour)
}

/// What is done; with the tokens of the answer, if it is one that a client keeps.
fn steps(
    server: &Server,
    prompt: &Prompt,
    struck: Option<Misbehaviour>,
) -> (Vec<Step>, Option<u64>) {
    let mut reply = server.settings.brain.answer(prompt);
    if server.settings.reasoning {
        reply
            .reasoning
            .get_or_insert_with(|| "What does the other side need from me now?".to_owned());
    }
    reply.unseen = server.settings.unseen;
    let output = reply.output();
    match struck {
        None => (
            vec![Step::Send(behave(prompt, &reply).bytes())],
            Some(output),
        ),
        Some(what) => {
            // An empty one is asked for again, with another seed where there are seeds.
            let kept = match what.expected() {
                Expected::Harmless | Expected::Scored => true,
                Expected::Agent(fault) => fault != AgentFault::EmptyReply,
                Expected::Infrastructure => false,
            };
            (
                misbehave(what, prompt, reply, server.settings.retry_after),
                kept.then_some(output),
            )
        }
    }
}

async fn perform(stream: &mut Stream, steps: Vec<Step>) -> Result<Then> {
    for step in steps {
        match step {
            Step::Send(bytes) => stream.write_all(&bytes).await?,
            Step::Drip(bytes) => drip(stream, &bytes).await?,
            Step::Silence => {
                gone(stream).await;
                return Ok(Then::Close);
            }
            Step::Close => return Ok(Then::Close),
            Step::Reset => {
                stream.get_ref().set_zero_linger()?;
                return Ok(Then::Close);
            }
        }
    }
    Ok(Then::Next)
}

async fn drip(stream: &mut Stream, bytes: &[u8]) -> Result<()> {
    for byte in bytes {
        stream.write_all(&[*byte]).await?;
        tokio::select! {
            () = sleep(DRIP) => {}
            () = gone(stream) => return Err(ErrorKind::BrokenPipe.into()),
        }
    }
    Ok(())
}
