//! What a client makes of servers that misbehave: real ones, on real sockets.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::super::tests::endpoint as plain;
use super::*;

const REPLY: &str = r#"{"choices":[{"message":{"content":"Hello."}}]}"#;

/// What a server does with the n-th request that it reads.
type Script = fn(usize) -> Deed;

enum Deed {
    /// Sends this, and waits for the next request.
    Say(Vec<u8>),
    /// Sends this, and closes.
    SayAndClose(Vec<u8>),
    /// Sends this, and nothing more.
    SayAndHang(&'static [u8]),
}

/// A server that goes by a script, over all its connections.
struct Server {
    url: String,
    requests: Arc<AtomicUsize>,
    connections: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
    heard: tokio::sync::mpsc::UnboundedReceiver<String>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let (requests, connections) = <(Arc<AtomicUsize>, Arc<AtomicUsize>)>::default();
        let (tell, heard) = tokio::sync::mpsc::unbounded_channel();
        let (counted, opened) = (requests.clone(), connections.clone());
        let task = tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                opened.fetch_add(1, Ordering::SeqCst);
                let (counted, tell) = (counted.clone(), tell.clone());
                tokio::spawn(async move {
                    while let Some(request) = heard_by(&mut stream).await {
                        tell.send(request).ok();
                        match script(counted.fetch_add(1, Ordering::SeqCst)) {
                            Deed::Say(bytes) => stream.write_all(&bytes).await.unwrap(),
                            Deed::SayAndClose(bytes) => {
                                return stream.write_all(&bytes).await.unwrap();
                            }
                            Deed::SayAndHang(bytes) => {
                                stream.write_all(bytes).await.unwrap();
                                std::future::pending().await
                            }
                        }
                    }
                });
            }
        });
        Self {
            url,
            requests,
            connections,
            task,
            heard,
        }
    }

    fn endpoint(&self, protocol: Protocol) -> Endpoint {
        Endpoint {
            url: self.url.clone(),
            ..plain(protocol)
        }
    }

    fn counts(&self) -> (usize, usize) {
        let count = |counter: &AtomicUsize| counter.load(Ordering::SeqCst);
        (count(&self.requests), count(&self.connections))
    }
}

/// One request, or nothing when the other side is gone.
async fn heard_by(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.split("content-length: ").nth(1).unwrap();
            let length: usize = length.lines().next().unwrap().parse().unwrap();
            if body.len() >= length {
                return Some(String::from_utf8(bytes).unwrap());
            }
        }
        if stream.read_buf(&mut bytes).await.unwrap_or_default() == 0 {
            return None;
        }
    }
}

fn page(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n{body}").into_bytes()
}

fn fine() -> Deed {
    Deed::Say(page("200 OK", "", REPLY))
}

fn http() -> Http {
    Http::new(Box::new(|name| match name {
        "KEY" => Some("sk-not-to-be-seen".to_owned()),
        "ODD" => Some("one\ntwo".to_owned()),
        _ => None,
    }))
}

/// What comes of one request.
async fn asked(script: Script) -> (Result<Answer, Fault>, (usize, usize)) {
    let server = Server::start(script).await;
    let mut endpoint = server.endpoint(Protocol::OpenAi);
    endpoint.patience.first_byte = 300;
    endpoint.patience.total = 600;
    let answered = http().post(&endpoint, &Bytes::from_static(b"{}")).await;
    (answered.map(|(answer, _)| answer), server.counts())
}

#[tokio::test]
async fn requests_share_a_connection_and_go_where_the_protocol_says() {
    let mut server = Server::start(|_| fine()).await;
    let http = http();
    for (protocol, path, key) in [
        (
            Protocol::OpenAi,
            "/v1/chat/completions",
            "authorization: bearer sk-",
        ),
        (Protocol::Anthropic, "/v1/messages", "x-api-key: sk-"),
        (Protocol::Service, "/v1", "authorization: bearer sk-"),
    ] {
        let endpoint = Endpoint {
            key: "KEY".to_owned(),
            ..server.endpoint(protocol)
        };
        let (answer, wait) = http
            .post(&endpoint, &Bytes::from_static(b"{\"n\":1}"))
            .await
            .unwrap();
        assert_eq!((answer.status, wait), (200, None));
        assert_eq!(&*answer.body, REPLY.as_bytes());
        let heard = server.heard.recv().await.unwrap();
        assert!(
            heard.starts_with(&format!("POST {path} HTTP/1.1\r\n")),
            "{heard}"
        );
        assert!(heard.ends_with("\r\n\r\n{\"n\":1}"), "{heard}");
        let heard = heard.to_lowercase();
        assert!(heard.contains(key), "{heard}");
        assert!(heard.contains("accept-encoding: identity\r\n"), "{heard}");
        assert!(
            heard.contains("content-type: application/json\r\n"),
            "{heard}"
        );
        let version = heard.contains("anthropic-version: 2023-06-01\r\n");
        assert_eq!(version, protocol == Protocol::Anthropic, "{heard}");
    }
    assert_eq!(server.counts(), (3, 1));
}

#[tokio::test]
async fn after_a_connection_that_was_closed_while_idle_comes_a_new_one() {
    // The second request finds its connection closed, without a byte; the third is a new connection's.
    let server = Server::start(|number| match number {
        1 => Deed::SayAndClose(Vec::new()),
        _ => fine(),
    })
    .await;
    let http = http();
    let endpoint = server.endpoint(Protocol::OpenAi);
    let body = Bytes::from_static(b"{}");
    for cut in [false, true, false] {
        let answered = http.post(&endpoint, &body).await;
        match answered {
            Ok((answer, _)) => assert_eq!((answer.status, cut), (200, false)),
            Err(fault) => assert!(cut && matches!(fault, Fault::Cut(_)), "{fault:?}"),
        }
    }
    // Each was sent once: who asks again has to have leave for it.
    assert_eq!(server.counts(), (3, 2));
}

#[tokio::test]
async fn an_answer_is_whole_or_none() {
    const HALF: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{\"cho";
    const CHUNK: &[u8] = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"cho\r\n";
    let half: Script = |_| Deed::SayAndClose(HALF.to_vec());
    let chunk: Script = |_| Deed::SayAndClose(CHUNK.to_vec());
    for script in [half, chunk] {
        let (answered, counts) = asked(script).await;
        assert!(matches!(answered, Err(Fault::Cut(_))), "{answered:?}");
        // Once an answer has begun, the request was at work.
        assert_eq!(counts, (1, 1));
    }
    let (answered, _) = asked(|_| Deed::SayAndClose(b"SSH-2.0-open\r\n\r\n".to_vec())).await;
    assert!(matches!(answered, Err(Fault::Cut(_))), "{answered:?}");
}

#[tokio::test]
async fn the_status_of_an_error_is_known_however_its_body_ends() {
    const HALF: &[u8] = b"HTTP/1.1 503 Busy\r\ncontent-length: 99\r\nretry-after: 7\r\n\r\n{\"err";
    let cut: Script = |_| Deed::SayAndClose(HALF.to_vec());
    let stalled: Script = |_| Deed::SayAndHang(HALF);
    let long: Script = |_| Deed::Say(page("503 Busy", "retry-after: 7\r\n", &"x".repeat(CAP + 1)));
    let encoded: Script = |_| {
        let headers = "retry-after: 7\r\ncontent-encoding: GZip\r\n";
        Deed::SayAndClose(page("503 Busy", headers, "\u{1f}x"))
    };
    for script in [cut, stalled, long, encoded] {
        let server = Server::start(script).await;
        let mut endpoint = server.endpoint(Protocol::OpenAi);
        endpoint.patience.total = 600;
        let (answer, wait) = http()
            .post(&endpoint, &Bytes::from_static(b"{}"))
            .await
            .unwrap();
        assert_eq!(answer.status, 503);
        assert_eq!(wait, Some(Duration::from_secs(7)));
        assert!(answer.body.len() <= CAP, "{}", answer.body.len());
    }
}

#[tokio::test]
async fn waiting_has_an_end() {
    let (answered, _) = asked(|_| Deed::SayAndHang(b"")).await;
    let said = answered.unwrap_err().to_string();
    assert_eq!(said, "no first byte within 300 ms");
    let (answered, _) =
        asked(|_| Deed::SayAndHang(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{")).await;
    let said = answered.unwrap_err().to_string();
    assert_eq!(said, "no whole answer within 600 ms");
}

#[tokio::test]
async fn nobody_there_is_a_failure_to_connect() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let endpoint = Endpoint {
        url,
        ..plain(Protocol::OpenAi)
    };
    let fault = http()
        .post(&endpoint, &Bytes::from_static(b"{}"))
        .await
        .unwrap_err();
    assert!(
        matches!(&fault, Fault::Connect(why) if why.contains("refused")),
        "{fault:?}"
    );
}

#[tokio::test]
async fn more_than_a_reply_can_be_is_not_taken_in() {
    let announced: Script = |_| {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", CAP + 1);
        Deed::Say(head.into_bytes())
    };
    let chunked: Script = |_| {
        let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        let chunk = format!("{:x}\r\n{}\r\n", CAP / 2 + 1, "x".repeat(CAP / 2 + 1));
        Deed::Say([&head[..], chunk.as_bytes(), chunk.as_bytes()].concat())
    };
    for script in [announced, chunked] {
        let (answered, _) = asked(script).await;
        assert_eq!(answered, Err(Fault::TooLarge(CAP)));
    }
}

#[tokio::test]
async fn what_was_not_asked_for_is_not_followed() {
    let (answered, counts) =
        asked(|_| Deed::Say(page("307 Temporary Redirect", "location: /other\r\n", ""))).await;
    assert_eq!(answered.unwrap().status, 307);
    assert_eq!(counts, (1, 1));
    let (answered, _) =
        asked(|_| Deed::Say(page("200 OK", "content-encoding: gzip\r\n", "\u{1f}x"))).await;
    let said = answered.unwrap_err().to_string();
    assert!(said.contains("encoded as \"gzip\""), "{said}");
    let (answered, _) =
        asked(|_| Deed::Say(page("200 OK", "content-encoding: utf-8\r\n", REPLY))).await;
    assert_eq!(answered.unwrap().status, 200);
}

#[tokio::test]
async fn a_server_may_ask_to_be_left_alone() {
    let server = Server::start(|_| {
        Deed::Say(page(
            "429 Too Many Requests",
            "retry-after: 3\r\n",
            "slow down",
        ))
    })
    .await;
    let endpoint = server.endpoint(Protocol::OpenAi);
    let (answer, wait) = http()
        .post(&endpoint, &Bytes::from_static(b"{}"))
        .await
        .unwrap();
    assert_eq!((answer.status, wait), (429, Some(Duration::from_secs(3))));
}

const ECHOES: [(&str, &str); 4] = [
    (
        "401 Unauthorized",
        r#"{"error":{"message":"no such key: KEY"}}"#,
    ),
    ("200 OK", r#"{"error":{"message":"no such key: KEY"}}"#),
    ("200 OK", "<p>Authorization: Bearer KEY</p>"),
    (
        "200 OK",
        r#"{"choices":[{"message":{"content":"KEY and KEY"}}]}"#,
    ),
];

#[tokio::test]
async fn an_answer_that_repeats_the_key_does_not_show_it() {
    let server = Server::start(|number| {
        let (status, body) = ECHOES[number];
        let body = body.replace("KEY", "sk-not-to-be-seen");
        Deed::Say(page(status, "", &body))
    })
    .await;
    let mut endpoint = server.endpoint(Protocol::OpenAi);
    endpoint.key = "KEY".to_owned();
    let http = http();
    for (_, body) in ECHOES {
        let (answer, _) = http
            .post(&endpoint, &Bytes::from_static(b"{}"))
            .await
            .unwrap();
        let shown = String::from_utf8(answer.body.to_vec()).unwrap();
        assert_eq!(shown, body.replace("KEY", "***"));
    }
    assert!(!format!("{http:?}").contains("sk-"));
}

#[tokio::test]
async fn what_this_worker_lacks_is_named() {
    for (url, key, said) in [
        ("http://h/v1", "NONE", "set NONE, or NONE_FILE"),
        ("http://h/v1", "ODD", "the key in ODD has characters"),
        ("h:8000", "", "is not one of HTTP"),
        ("", "", "is none"),
        (
            "ftp://u:pass@h/",
            "",
            "`ftp://***@h/`, the URL of endpoint small,",
        ),
    ] {
        let endpoint = Endpoint {
            url: url.to_owned(),
            key: key.to_owned(),
            ..plain(Protocol::OpenAi)
        };
        let fault = http()
            .post(&endpoint, &Bytes::from_static(b"{}"))
            .await
            .unwrap_err();
        assert!(matches!(fault, Fault::Unready(_)), "{fault:?}");
        assert!(fault.to_string().contains(said), "{fault}");
    }
}

#[test]
fn urls_end_in_the_protocols_path() {
    for (protocol, base, wanted) in [
        (
            Protocol::OpenAi,
            "http://h/v1/",
            "http://h/v1/chat/completions",
        ),
        (
            Protocol::OpenAi,
            "http://h/o/d?api-version=1",
            "http://h/o/d/chat/completions?api-version=1",
        ),
        (Protocol::Anthropic, "https://h", "https://h/v1/messages"),
        (
            Protocol::Anthropic,
            "https://h/v1/",
            "https://h/v1/messages",
        ),
        (
            Protocol::Service,
            "http://h/agent?x=1",
            "http://h/agent?x=1",
        ),
    ] {
        let endpoint = Endpoint {
            url: base.to_owned(),
            ..plain(protocol)
        };
        assert_eq!(url(&endpoint).unwrap().as_str(), wanted);
    }
}

#[tokio::test]
async fn a_port_that_takes_no_connection_is_given_up_in_time() {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket
        .bind((std::net::Ipv4Addr::LOCALHOST, 0).into())
        .unwrap();
    let full = socket.listen(1).unwrap();
    let address = full.local_addr().unwrap();
    // Nobody accepts: once as many wait as may, further ones are not answered.
    let mut waiting = Vec::new();
    while let Ok(Ok(one)) = timeout(Duration::from_millis(300), TcpStream::connect(address)).await {
        waiting.push(one);
        assert!(waiting.len() < 100, "a full port takes more and more");
    }
    let mut endpoint = plain(Protocol::OpenAi);
    endpoint.url = format!("http://{address}/v1");
    endpoint.patience.connect = 200;
    let fault = http()
        .post(&endpoint, &Bytes::from_static(b"{}"))
        .await
        .unwrap_err();
    let waited = Duration::from_millis(200);
    let given_up = matches!(&fault, Fault::Timeout { what: "connection", waited: longest } if *longest == waited);
    assert!(given_up, "{fault:?}");
}
