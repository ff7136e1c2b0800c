//! The least of a client: one request on a connection of its own.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// The media type of its body.
    pub kind: String,
    /// The body.
    pub body: String,
}

/// Asks for a path.
///
/// # Errors
/// When nobody listens, or what comes back is no answer.
pub fn get(address: SocketAddr, path: &str) -> std::io::Result<Answer> {
    send(address, &format!("GET {path} HTTP/1.1"), &[], "")
}

/// Sends JSON to a path, with further headers.
///
/// # Errors
/// When nobody listens, or what comes back is no answer.
pub fn post(
    address: SocketAddr,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> std::io::Result<Answer> {
    send(address, &format!("POST {path} HTTP/1.1"), headers, body)
}

fn send(
    address: SocketAddr,
    line: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> std::io::Result<Answer> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut request = format!("{line}\r\nHost: {address}\r\nConnection: close\r\n");
    for (name, value) in headers {
        request += &format!("{name}: {value}\r\n");
    }
    if !body.is_empty() {
        let length = body.len();
        request += &format!("Content-Type: application/json\r\nContent-Length: {length}\r\n");
    }
    stream.write_all((request + "\r\n" + body).as_bytes())?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let answer = parse(&text);
    answer.ok_or_else(|| std::io::Error::other(format!("not an answer: {text:?}")))
}

/// Reads an answer whose body is as long as it says or ends with the connection.
fn parse(text: &str) -> Option<Answer> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let kind = lines
        .filter_map(|line| line.split_once(": "))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-type"))
        .map(|(_, kind)| kind.to_owned());
    Some(Answer {
        status,
        kind: kind.unwrap_or_default(),
        body: body.to_owned(),
    })
}
