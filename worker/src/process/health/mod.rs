//! A port on which a process says how it is: `/healthz`, `/readyz`, `/metrics`, and JSON pages that the
//! process adds.
//!
//! It has a thread of its own, so that it answers, and tells the truth, while every other thread is busy
//! or stuck.

mod listen;
mod state;

pub use listen::{Listen, ListenError};
pub use state::{Pulse, Readiness};

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};
use tokio::runtime::Builder;
use tokio_util::sync::CancellationToken;

use super::metrics::{MEDIA_TYPE, Metrics};

/// How long answers under way may take once the server is told to stop.
const FAREWELL: Duration = Duration::from_secs(2);

/// Makes the JSON of a page when somebody asks.
type Page = Arc<dyn Fn() -> Value + Send + Sync>;

/// What the port shows.
#[derive(Clone)]
pub struct Health {
    metrics: Metrics,
    pulse: Pulse,
    readiness: Readiness,
    pages: BTreeMap<&'static str, Page>,
}

impl Health {
    /// A process that lives while `pulse` beats and serves while `readiness` says so.
    pub fn new(metrics: Metrics, pulse: Pulse, readiness: Readiness) -> Self {
        Self {
            metrics,
            pulse,
            readiness,
            pages: BTreeMap::new(),
        }
    }

    /// Adds a page of JSON. `path` begins with a slash and is not one of the server's own.
    #[must_use]
    pub fn with_page(
        mut self,
        path: &'static str,
        page: impl Fn() -> Value + Send + Sync + 'static,
    ) -> Self {
        self.pages.insert(path, Arc::new(page));
        self
    }

    /// Begins to answer; nothing happens when `listen` is off.
    ///
    /// # Errors
    /// When the address can't be listened on: it is taken, not of this machine, or not allowed.
    pub fn serve(self, listen: &Listen) -> Result<Option<Server>, ListenError> {
        let Some(listener) = listen.bind()? else {
            return Ok(None);
        };
        Server::start(listener, self.router()).map(Some)
    }

    fn router(self) -> Router {
        let mut router = Router::new()
            .route("/healthz", get(healthz))
            .route("/readyz", get(readyz))
            .route("/metrics", get(metrics));
        for (path, page) in &self.pages {
            let page = Arc::clone(page);
            router = router.route(path, get(async move || as_json(StatusCode::OK, &page())));
        }
        router.with_state(self)
    }
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Health")
            .field("pulse", &self.pulse)
            .field("readiness", &self.readiness)
            .field("pages", &self.pages.keys())
            .finish_non_exhaustive()
    }
}

fn as_json(status: StatusCode, value: &Value) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (status, kind, format!("{value}\n")).into_response()
}

/// Whether the process lives. It says nothing of broker and store: starting again mends neither.
async fn healthz(State(health): State<Health>) -> Response {
    let silence = health.pulse.silence(Instant::now());
    let limit = health.pulse.limit();
    let alive = silence <= limit;
    let body = json!({
        "alive": alive,
        "silent_seconds": silence.as_secs_f64(),
        "limit_seconds": limit.as_secs_f64(),
    });
    as_json(status(alive), &body)
}

/// Whether the process can do its work now, and why not.
async fn readyz(State(health): State<Health>) -> Response {
    let reason = health.readiness.reason();
    let body = json!({ "ready": reason.is_none(), "reason": reason });
    as_json(status(body["ready"] == true), &body)
}

async fn metrics(State(health): State<Health>) -> Response {
    let kind = [(header::CONTENT_TYPE, MEDIA_TYPE)];
    (kind, health.metrics.text()).into_response()
}

fn status(good: bool) -> StatusCode {
    if good {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    }
}

/// The port while it is open. Dropping it closes it.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stop: CancellationToken,
    gone: mpsc::Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    fn start(listener: std::net::TcpListener, router: Router) -> Result<Self, ListenError> {
        let address = listener.local_addr().map_err(ListenError::Server)?;
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(ListenError::Server)?;
        let listener = {
            let _inside = runtime.enter();
            tokio::net::TcpListener::from_std(listener).map_err(ListenError::Server)?
        };
        let stop = CancellationToken::new();
        let (told, gone) = mpsc::channel();
        let until = stop.clone();
        let serve = async move {
            let served = axum::serve(listener, router)
                .with_graceful_shutdown(until.clone().cancelled_owned())
                .into_future();
            let late = async {
                until.cancelled().await;
                tokio::time::sleep(FAREWELL).await;
            };
            tokio::select! {
                ended = served => drop(ended),
                () = late => {}
            }
        };
        let thread = std::thread::Builder::new()
            .name("health".to_owned())
            .spawn(move || {
                runtime.block_on(serve);
                // The port is closed, and free for the next, once the runtime is gone.
                drop(runtime);
                drop(told);
            })
            .map_err(ListenError::Server)?;
        Ok(Self {
            address,
            stop,
            gone,
            thread: Some(thread),
        })
    }

    /// Where it listens; tells the port where any was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more requests, answers those under way, and closes the port.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.cancel();
        // Ends with a disconnection: nothing is ever sent. A page that hangs is not waited for.
        let ended = self.gone.recv_timeout(FAREWELL * 2);
        if ended == Err(mpsc::RecvTimeoutError::Disconnected)
            && let Some(thread) = self.thread.take()
        {
            drop(thread.join());
        }
    }
}
