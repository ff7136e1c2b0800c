//! Requests over HTTP: one at a time, answered whole or not at all.
//!
//! Servers close connections that are idle, often after 5 s, and one that is closed while a request is on
//! its way to it looks like a server that died. So connections are kept for less, and after a request that was
//! cut off before any byte of an answer none of those that are kept is used again: what is sent next, this
//! request or another, has a new one.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use proto::record::{Endpoint, Protocol};
use reqwest::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName,
    HeaderValue,
};
use reqwest::{Response, Url};
use tokio::time::{Instant, timeout};

use super::key::{Environment, Key};
use super::retry_after::retry_after;
use super::{Answer, Fault};
use crate::process::secret::redacted;
use crate::process::tls;

/// Most bytes of an answer: what can be kept as a reply, with room for its envelope.
pub const CAP: usize = (4 << 20) - 1024;

/// How long the rest of an error is waited for.
const ERROR_WAIT: Duration = Duration::from_secs(5);

/// Encodings that nobody asked for, under which no JSON can be read.
const ENCODINGS: [&str; 7] = [
    "gzip",
    "x-gzip",
    "deflate",
    "br",
    "zstd",
    "compress",
    "x-compress",
];

/// How long a connection is kept that nobody uses.
const IDLE: Duration = Duration::from_secs(4);

/// The version of Anthropic's protocol that is spoken.
const ANTHROPIC_VERSION: (HeaderName, HeaderValue) = (
    HeaderName::from_static("anthropic-version"),
    HeaderValue::from_static("2023-06-01"),
);

/// Where Anthropic's protocol has its key.
const ANTHROPIC_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// Sends requests and takes in answers. Its requests share connections.
pub struct Http {
    clients: Mutex<BTreeMap<Kind, reqwest::Client>>,
    environment: Box<Environment>,
}

/// What requests have to have in common to share connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    /// Whether there is TLS.
    secure: bool,
    /// How long a connection is waited for, in milliseconds.
    connect: u64,
}

/// A request that is ready to go.
struct Call<'a> {
    endpoint: &'a Endpoint,
    url: Url,
    headers: HeaderMap,
    body: &'a Bytes,
}

impl Http {
    /// One that finds its keys in this environment.
    pub fn new(environment: Box<Environment>) -> Self {
        Self {
            clients: Mutex::default(),
            environment,
        }
    }

    /// Whether the key is there that a variable of this name, or a file named by another, holds.
    ///
    /// # Errors
    /// When it is not.
    pub(super) fn has_key(&self, name: &str) -> Result<(), Fault> {
        Key::find(name, &*self.environment).map(drop)
    }

    /// Sends a body to an endpoint. What comes back may be an error; a wait goes with it that the server
    /// asks for.
    ///
    /// # Errors
    /// When no whole answer comes back.
    pub(super) async fn post(
        &self,
        endpoint: &Endpoint,
        body: &Bytes,
    ) -> Result<(Answer, Option<Duration>), Fault> {
        let key = Key::find(&endpoint.key, &*self.environment)?;
        let call = Call {
            endpoint,
            url: url(endpoint)?,
            headers: headers(endpoint, key.as_ref())?,
            body,
        };
        let waited = Duration::from_millis(endpoint.patience.total);
        let what = "whole answer";
        let whole = timeout(waited, self.exchange(&call)).await;
        let (mut answer, wait) = whole.map_err(|_| Fault::Timeout { what, waited })??;
        // Whatever its status: an answer is kept, shown and written into rows.
        if let Some(key) = key {
            answer.body = key.hidden_in(answer.body);
        }
        Ok((answer, wait))
    }

    async fn exchange(&self, call: &Call<'_>) -> Result<(Answer, Option<Duration>), Fault> {
        let began = Instant::now();
        let response = self.send(call).await?;
        let wait = retry_after(response.headers(), today());
        if response.status().as_u16() < 400 {
            return Ok((received(response).await?, wait));
        }
        let whole = Duration::from_millis(call.endpoint.patience.total);
        // Before the time for all of it is over.
        let left = whole.saturating_sub(began.elapsed()) / 2;
        Ok((refusal(response, left.min(ERROR_WAIT)).await, wait))
    }

    /// Sends it and waits for the first of the answer; the wait for a connection is a part of that.
    async fn send(&self, call: &Call<'_>) -> Result<Response, Fault> {
        let patience = call.endpoint.patience;
        let kind = Kind {
            secure: call.url.scheme() == "https",
            connect: patience.connect,
        };
        let client = self.client(kind)?;
        let request = client
            .post(call.url.clone())
            .headers(call.headers.clone())
            .body(call.body.clone());
        let waited = Duration::from_millis(patience.first_byte);
        let what = "first byte";
        let begun = timeout(waited, request.send()).await;
        let begun = begun.map_err(|_| Fault::Timeout { what, waited })?;
        begun.map_err(|error| {
            let fault = unsent(error, patience.connect);
            if matches!(fault, Fault::Cut(_)) {
                self.clients().remove(&kind);
            }
            fault
        })
    }

    fn clients(&self) -> MutexGuard<'_, BTreeMap<Kind, reqwest::Client>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn client(&self, kind: Kind) -> Result<reqwest::Client, Fault> {
        let mut clients = self.clients();
        if let Some(client) = clients.get(&kind) {
            return Ok(client.clone());
        }
        let client = built(kind).map_err(|error| Fault::Unready(chain(&error)))?;
        Ok(clients.entry(kind).or_insert(client).clone())
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http").finish_non_exhaustive()
    }
}

fn built(kind: Kind) -> reqwest::Result<reqwest::Client> {
    tls::use_ring();
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("t2t/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(Duration::from_millis(kind.connect))
        .pool_idle_timeout(IDLE)
        .redirect(reqwest::redirect::Policy::none());
    // The system's certificates are read where they are needed; an image may have none.
    if !kind.secure {
        builder = builder.tls_certs_only([]);
    }
    builder.build()
}

/// Where requests of this endpoint go.
fn url(endpoint: &Endpoint) -> Result<Url, Fault> {
    let unready = |why: &str| {
        let shown = redacted(&endpoint.url);
        Fault::Unready(format!(
            "`{shown}`, the URL of endpoint {}, {why}; write such as http://HOST:8000/v1",
            endpoint.name
        ))
    };
    let mut url =
        Url::parse(&endpoint.url).map_err(|error| unready(&format!("is none ({error})")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(unready("is not one of HTTP"));
    }
    let versioned = url.path().trim_end_matches('/').ends_with("/v1");
    let path: &[&str] = match endpoint.protocol {
        Protocol::OpenAi => &["chat", "completions"],
        Protocol::Anthropic if versioned => &["messages"],
        Protocol::Anthropic => &["v1", "messages"],
        Protocol::Service => &[],
        Protocol::Program => return Err(unready("is a program's")),
    };
    if !path.is_empty() {
        let mut segments = url
            .path_segments_mut()
            .map_err(|()| unready("has no path"))?;
        segments.pop_if_empty().extend(path);
    }
    Ok(url)
}

fn headers(endpoint: &Endpoint, key: Option<&Key>) -> Result<HeaderMap, Fault> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    let anthropic = endpoint.protocol == Protocol::Anthropic;
    if anthropic {
        headers.extend([ANTHROPIC_VERSION]);
    }
    if let Some(key) = key {
        let (name, value) = if anthropic {
            (ANTHROPIC_KEY, key.expose().to_owned())
        } else {
            (AUTHORIZATION, format!("Bearer {}", key.expose()))
        };
        let mut value = HeaderValue::try_from(value).map_err(|_| {
            let name = &endpoint.key;
            Fault::Unready(format!(
                "the key in {name} has characters that no header may have"
            ))
        })?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(headers)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a date to come again at is one of the server's own day"
)]
fn today() -> SystemTime {
    SystemTime::now()
}

/// Takes in the rest of an answer.
async fn received(mut response: Response) -> Result<Answer, Fault> {
    let status = response.status().as_u16();
    if let Some(text) = encoded(&response) {
        return Err(Fault::NoReply { status, text });
    }
    if response
        .content_length()
        .is_some_and(|length| length > CAP as u64)
    {
        return Err(Fault::TooLarge(CAP));
    }
    let mut body = Vec::new();
    let cut = |error: reqwest::Error| Fault::Cut(chain(&error.without_url()));
    while let Some(chunk) = response.chunk().await.map_err(cut)? {
        if body.len() + chunk.len() > CAP {
            return Err(Fault::TooLarge(CAP));
        }
        body.extend_from_slice(&chunk);
    }
    let body = body.into();
    Ok(Answer { status, body })
}

/// Says so if a body is encoded though nobody asked for that.
fn encoded(response: &Response) -> Option<String> {
    let encoding = response.headers().get(CONTENT_ENCODING)?;
    let named = encoding.to_str().unwrap_or_default().to_lowercase();
    let mut parts = named.split(',').map(str::trim);
    let unread = parts.any(|part| ENCODINGS.contains(&part));
    unread.then(|| format!("it is encoded as {encoding:?}, which nobody asked for"))
}

/// What comes of an error within this time: its status says the most, however its body ends.
async fn refusal(mut response: Response, wait: Duration) -> Answer {
    let status = response.status().as_u16();
    if let Some(text) = encoded(&response) {
        let body = text.into_bytes().into();
        return Answer { status, body };
    }
    let mut body = Vec::new();
    let reading = async {
        while let Ok(Some(chunk)) = response.chunk().await {
            body.extend_from_slice(&chunk[..chunk.len().min(CAP - body.len())]);
            if body.len() == CAP {
                break;
            }
        }
    };
    // What came until then is there.
    let _ = timeout(wait, reading).await;
    let body = body.into();
    Answer { status, body }
}

/// Why a request got no answer at all.
fn unsent(error: reqwest::Error, connect: u64) -> Fault {
    let error = error.without_url();
    if error.is_connect() && error.is_timeout() {
        return Fault::Timeout {
            what: "connection",
            waited: Duration::from_millis(connect),
        };
    }
    let text = chain(&error);
    if error.is_connect() {
        Fault::Connect(text)
    } else if error.is_builder() {
        Fault::Unready(text)
    } else {
        Fault::Cut(text)
    }
}

/// An error with what is behind it. Addresses in it hide their credentials: a proxy's has some.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut behind = error.source();
    while let Some(error) = behind {
        let said = error.to_string();
        if !text.ends_with(&said) {
            text = format!("{text}: {said}");
        }
        behind = error.source();
    }
    redacted(&text)
}

#[cfg(test)]
mod tests;
