//! A collector of traces that keeps what it is sent: OTLP over HTTP, as a real one takes it.

use std::collections::BTreeMap;
use std::future::IntoFuture as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use tokio::runtime::Builder;
use tokio::sync::oneshot;

/// A span as it arrived. Ids are in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// `service.name` of the process.
    pub service: String,
    /// Name of the span.
    pub name: String,
    /// Its kind, as OTLP numbers them: 1 internal, 2 server, 3 client, 4 producer, 5 consumer.
    pub kind: i32,
    /// Id of the trace.
    pub trace: String,
    /// Id of the span.
    pub id: String,
    /// Id of the parent; empty for a root.
    pub parent: String,
    /// Traces and spans that it links to.
    pub links: Vec<(String, String)>,
    /// Its attributes, each value as text.
    pub attributes: BTreeMap<String, String>,
    /// What went wrong, if it is marked as failed.
    pub error: Option<String>,
}

type Spans = Arc<Mutex<Vec<Seen>>>;

/// The collector, on a port of its own, until it is dropped.
#[derive(Debug)]
pub struct Collector {
    endpoint: String,
    spans: Spans,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Collector {
    /// Begins to listen.
    ///
    /// # Panics
    /// When the machine gives no port.
    pub fn start() -> Self {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
            .expect("a free port");
        let address = listener.local_addr().expect("the address of a bound port");
        let spans = Spans::default();
        let router = Router::new()
            .route("/v1/traces", post(take))
            .with_state(Arc::clone(&spans));
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    served = axum::serve(listener, router).into_future() => served.expect("it serves"),
                    _ = stopped => {}
                }
            });
        });
        Self {
            endpoint: format!("http://{address}"),
            spans,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// Its address, as a setting.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// What came in so far.
    pub fn spans(&self) -> Vec<Seen> {
        let spans = self.spans.lock().unwrap_or_else(PoisonError::into_inner);
        spans.clone()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

async fn take(State(spans): State<Spans>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let kind = headers.get("content-type").map(|kind| kind.as_bytes());
    if kind != Some(b"application/x-protobuf") {
        return StatusCode::UNSUPPORTED_MEDIA_TYPE;
    }
    let Ok(request) = ExportTraceServiceRequest::decode(body) else {
        return StatusCode::BAD_REQUEST;
    };
    let mut kept = spans.lock().unwrap_or_else(PoisonError::into_inner);
    for process in request.resource_spans {
        let resource = process.resource.unwrap_or_default();
        let service = attributes(resource.attributes)
            .remove("service.name")
            .unwrap_or_default();
        let found = process
            .scope_spans
            .into_iter()
            .flat_map(|scope| scope.spans);
        kept.extend(found.map(|span| seen(&service, span)));
    }
    StatusCode::OK
}

fn seen(service: &str, span: Span) -> Seen {
    const FAILED: i32 = 2;
    Seen {
        service: service.to_owned(),
        name: span.name,
        kind: span.kind,
        trace: hex(&span.trace_id),
        id: hex(&span.span_id),
        parent: hex(&span.parent_span_id),
        links: span
            .links
            .iter()
            .map(|link| (hex(&link.trace_id), hex(&link.span_id)))
            .collect(),
        attributes: attributes(span.attributes),
        error: span
            .status
            .filter(|status| status.code == FAILED)
            .map(|status| status.message),
    }
}

fn attributes(pairs: Vec<KeyValue>) -> BTreeMap<String, String> {
    pairs
        .into_iter()
        .map(|pair| (pair.key, pair.value.map(text).unwrap_or_default()))
        .collect()
}

fn text(value: AnyValue) -> String {
    match value.value {
        Some(any_value::Value::StringValue(text)) => text,
        Some(any_value::Value::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
