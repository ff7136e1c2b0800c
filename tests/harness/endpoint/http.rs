//! As much of HTTP/1.1 as an endpoint needs: requests are read, answers are bytes, so that an answer can
//! be as wrong as it is wanted.

use std::fmt::Write as _;
use std::io::{Error, ErrorKind, Result};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

/// A connection.
pub(super) type Stream = BufReader<TcpStream>;

/// Longest line of a head, and most lines.
const LINE: u64 = 16 << 10;
const LINES: usize = 100;

/// Longest body.
const BODY: usize = 64 << 20;

/// A request.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Request {
    /// A header by its name in lower case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// Reads a request; nothing if the client has left between two.
///
/// # Errors
/// `InvalidData` for what is no request that this server takes, and errors of the connection.
pub(super) async fn read(stream: &mut Stream) -> Result<Option<Request>> {
    let Some(first) = line(stream).await? else {
        return Ok(None);
    };
    let mut words = first.split(' ');
    let (Some(method), Some(path), Some("HTTP/1.1" | "HTTP/1.0"), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(invalid(format!("not a request line: {first:?}")));
    };
    let mut request = Request {
        method: method.to_owned(),
        path: path.to_owned(),
        headers: headers(stream).await?,
        body: Vec::new(),
    };
    if request.header("transfer-encoding").is_some() {
        return Err(invalid("give a body's content-length".to_owned()));
    }
    let length: usize = match request.header("content-length") {
        Some(length) => length
            .parse()
            .map_err(|_| invalid(format!("no content-length: {length:?}")))?,
        None => 0,
    };
    if length > BODY {
        return Err(invalid(format!("a body of {length} bytes is over {BODY}")));
    }
    if request.header("expect").is_some() {
        stream.write_all(b"HTTP/1.1 100 \r\n\r\n").await?;
    }
    request.body.resize(length, 0);
    stream.read_exact(&mut request.body).await?;
    Ok(Some(request))
}

async fn headers(stream: &mut Stream) -> Result<Vec<(String, String)>> {
    let mut headers = Vec::new();
    while headers.len() < LINES {
        let text = line(stream).await?.ok_or(ErrorKind::UnexpectedEof)?;
        if text.is_empty() {
            return Ok(headers);
        }
        let (name, value) = text
            .split_once(':')
            .ok_or_else(|| invalid(format!("not a header: {text:?}")))?;
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    Err(invalid(format!("more than {LINES} headers")))
}

async fn line(stream: &mut Stream) -> Result<Option<String>> {
    let mut bytes = Vec::new();
    let read = stream.take(LINE).read_until(b'\n', &mut bytes).await?;
    if read == 0 {
        return Ok(None);
    }
    let text = bytes
        .strip_suffix(b"\n")
        .ok_or_else(|| invalid(format!("a line without end in {LINE} bytes")))?;
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    let text = str::from_utf8(text).map_err(|_| invalid("a head that is not UTF-8".to_owned()))?;
    Ok(Some(text.to_owned()))
}

fn invalid(text: String) -> Error {
    Error::new(ErrorKind::InvalidData, text)
}

/// Waits until the client leaves; one that sends another request before its answer is waited for as well.
pub(super) async fn gone(stream: &mut Stream) {
    if matches!(stream.fill_buf().await, Ok(bytes) if !bytes.is_empty()) {
        std::future::pending::<()>().await;
    }
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
}

impl Response {
    /// An answer with a body of this media type.
    pub(super) fn new(status: u16, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: vec![("content-type", kind.to_owned())],
            body: body.into(),
        }
    }

    /// An answer in JSON.
    pub(super) fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::new(status, "application/json", body.to_string())
    }

    /// With one more header.
    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Its head, saying `framing` of how the body ends.
    pub(super) fn head(&self, framing: &str) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} \r\n", self.status);
        for (name, value) in &self.headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        let _ = write!(head, "{framing}\r\n\r\n");
        head.into_bytes()
    }

    /// Its head, with a content-length that may be another than the body's.
    pub(super) fn head_of(&self, length: usize) -> Vec<u8> {
        self.head(&format!("content-length: {length}"))
    }

    /// All of it as it should be.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.head_of(self.body.len());
        bytes.extend_from_slice(&self.body);
        bytes
    }
}
