//! Every misbehaviour shows on the wire, when it is meant to.

use std::collections::BTreeSet;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};

use harness::endpoint::{Brain, Endpoint, Fault, Form, Misbehaviour, Settings};
use serde_json::{Value, json};

use super::{ask, endpoint, hello, json_of, looks, path};

const FORMS: [Form; 2] = [Form::OpenAi, Form::Anthropic];

/// What comes back on a connection that stays open: all bytes until the endpoint has no more, or what
/// ended it.
fn raw(address: SocketAddr, form: Form, wait: bool) -> Result<Vec<u8>, ErrorKind> {
    let mut stream = TcpStream::connect(address).map_err(|error| error.kind())?;
    let body = hello(form, "Where?").to_string();
    let head = format!(
        "POST {} HTTP/1.1\r\nanthropic-version: 1\r\ncontent-length: {}\r\n\r\n",
        path(form),
        body.len()
    );
    let mut read = Vec::new();
    stream.write_all((head + &body).as_bytes()).unwrap();
    if !wait {
        // Whoever is silent stays so until the client leaves.
        stream.shutdown(Shutdown::Write).unwrap();
    }
    match stream.read_to_end(&mut read) {
        Ok(_) => Ok(read),
        Err(error) => Err(error.kind()),
    }
}

#[test]
fn names_are_told_apart_and_read_back() {
    let names: BTreeSet<&str> = Misbehaviour::ALL.iter().map(|what| what.name()).collect();
    assert_eq!(names.len(), Misbehaviour::ALL.len());
    assert!(names.len() >= 30, "{} ways", names.len());
    for what in Misbehaviour::ALL {
        assert_eq!(what.name().parse::<Misbehaviour>().unwrap(), *what);
    }
    for wrong in [
        "http-418",
        "silence:first=x",
        "silence:requests=2",
        "connect-refused:first=1",
    ] {
        assert!(wrong.parse::<Fault>().is_err(), "{wrong}");
    }
}

#[test]
fn every_misbehaviour_shows() {
    for form in FORMS {
        let endpoint = endpoint(looks(), &[]);
        let good = raw(endpoint.address(), form, false);
        assert!(good.is_ok());
        // The port that is shut has a test of its own.
        let met =
            |what: &&Misbehaviour| **what != Misbehaviour::ConnectRefused && what.speaks(form);
        for what in Misbehaviour::ALL.iter().filter(met) {
            endpoint.set_faults(vec![Fault::always(*what)]);
            let wait = matches!(what, Misbehaviour::Reset);
            let got = raw(endpoint.address(), form, wait);
            assert_ne!(got, good, "{what} in {form:?}");
        }
    }
}

#[test]
fn what_a_form_does_not_have_is_said_so() {
    let endpoint = endpoint(looks(), &[Fault::always(Misbehaviour::OverflowVllm)]);
    let answer = ask(
        endpoint.address(),
        Form::Anthropic,
        &hello(Form::Anthropic, "a"),
    )
    .unwrap();
    assert_eq!(answer.status, 501);
}

#[test]
fn who_refuses_connections_takes_them_again() {
    let endpoint = endpoint(Brain::Echo, &[Fault::always(Misbehaviour::ConnectRefused)]);
    let address = endpoint.address();
    let refused = || {
        TcpStream::connect(address)
            .map(drop)
            .map_err(|error| error.kind())
    };
    assert_eq!(refused(), Err(ErrorKind::ConnectionRefused));
    endpoint.set_faults(Vec::new());
    while refused().is_err() {
        std::thread::yield_now();
    }
    let mut open = TcpStream::connect(address).unwrap();
    endpoint.set_faults(vec![Fault::always(Misbehaviour::ConnectRefused)]);
    // The open connection ends, too; what ends it first is up to the system.
    let mut nothing = Vec::new();
    assert!(!matches!(open.read_to_end(&mut nothing), Ok(1..)));
    while refused().is_ok() {
        std::thread::yield_now();
    }
}

#[test]
fn bytes_go_wrong_where_they_should() {
    let endpoint = endpoint(looks(), &[]);
    let met = |what, wait| {
        endpoint.set_faults(vec![Fault::always(what)]);
        raw(endpoint.address(), Form::OpenAi, wait)
    };
    let body = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let length = head.split("content-length: ").nth(1).unwrap();
        let length = length.lines().next().unwrap();
        (length.parse::<usize>().unwrap(), body.len())
    };
    assert_eq!(met(Misbehaviour::CutBeforeHeaders, true), Ok(Vec::new()));
    assert_eq!(met(Misbehaviour::Silence, false), Ok(Vec::new()));
    assert_eq!(
        met(Misbehaviour::Reset, true),
        Err(ErrorKind::ConnectionReset)
    );
    let (promised, came) = body(&met(Misbehaviour::HeadersThenSilence, false).unwrap());
    assert!(promised > 0 && came == 0);
    let (promised, came) = body(&met(Misbehaviour::CutMidBody, true).unwrap());
    assert!(promised > came && came > 0);
    let (promised, came) = body(&met(Misbehaviour::ContentLengthLong, true).unwrap());
    assert_eq!(promised, came + 64);
    let (promised, came) = body(&met(Misbehaviour::ContentLengthShort, false).unwrap());
    assert!(promised < came);
    let (_, came) = body(&met(Misbehaviour::Runaway, false).unwrap());
    assert!(came > 10 << 20);
    let spoilt = met(Misbehaviour::InvalidUtf8, false).unwrap();
    assert!(String::from_utf8(spoilt).is_err());
}

#[test]
fn what_the_model_does_wrong_is_well_written() {
    let endpoint = endpoint(looks(), &[]);
    let met = |what, form| {
        endpoint.set_faults(vec![Fault::always(what)]);
        json_of(&ask(endpoint.address(), form, &hello(form, "Where?")).unwrap())
    };
    let openai = |what| met(what, Form::OpenAi)["choices"][0].clone();
    let calls = |what| {
        openai(what)["message"]["tool_calls"]
            .as_array()
            .unwrap()
            .clone()
    };
    assert_eq!(
        openai(Misbehaviour::EmptyText)["message"]["content"],
        Value::Null
    );
    assert_eq!(openai(Misbehaviour::Length)["finish_reason"], "length");
    assert!(openai(Misbehaviour::Refusal)["message"]["refusal"].is_string());
    assert_eq!(openai(Misbehaviour::StopWithCalls)["finish_reason"], "stop");
    assert_eq!(calls(Misbehaviour::FortyCalls).len(), 40);
    assert_eq!(calls(Misbehaviour::NoId)[0].get("id"), None);
    assert!(calls(Misbehaviour::ObjectArguments)[0]["function"]["arguments"].is_object());
    let twins = calls(Misbehaviour::TwinIds);
    assert_eq!(twins[0]["id"], twins[1]["id"]);
    let broken = calls(Misbehaviour::BrokenArguments)[0]["function"]["arguments"].clone();
    assert!(serde_json::from_str::<Value>(broken.as_str().unwrap()).is_err());
    let error = met(Misbehaviour::OverflowLlamaCpp, Form::OpenAi)["error"].clone();
    assert!(error["n_prompt_tokens"].as_u64() > error["n_ctx"].as_u64());

    let anthropic = |what| met(what, Form::Anthropic);
    assert_eq!(anthropic(Misbehaviour::EmptyText)["content"], json!([]));
    assert_eq!(anthropic(Misbehaviour::Refusal)["stop_reason"], "refusal");
    assert_eq!(
        anthropic(Misbehaviour::ListArguments)["content"][0]["input"],
        json!(["#W0000000"])
    );
    assert_eq!(
        anthropic(Misbehaviour::Http529)["error"]["type"],
        "overloaded_error"
    );
    assert_eq!(anthropic(Misbehaviour::NoChoices).get("content"), None);
}

#[test]
fn shares_are_drawn_by_seed_for_requests_and_for_conversations() {
    let failed = |fault: &str, seed: u64| -> Vec<bool> {
        let endpoint = Endpoint::start(Settings {
            brain: Brain::Echo,
            faults: vec![fault.parse().unwrap()],
            seed,
            ..Settings::default()
        })
        .unwrap();
        let asked = (0..40).flat_map(|opening| [(opening, false), (opening, true)]);
        asked
            .map(|(opening, later)| {
                let mut body = hello(Form::OpenAi, &format!("Number {opening}"));
                if later {
                    let messages = body["messages"].as_array_mut().unwrap();
                    messages.push(json!({"role": "assistant", "content": "Yes?"}));
                    messages.push(json!({"role": "user", "content": "Go on."}));
                }
                ask(endpoint.address(), Form::OpenAi, &body).unwrap().status == 500
            })
            .collect()
    };
    for fault in ["http-500:requests=0.5", "http-500:conversations=0.5"] {
        let (one, again, other) = (failed(fault, 1), failed(fault, 1), failed(fault, 2));
        assert_eq!(one, again);
        assert_ne!(one, other);
        let whole = one.chunks(2).all(|turns| turns[0] == turns[1]);
        assert_eq!(whole, fault.contains("conversations"), "{fault}");
        assert!(one.contains(&true) && one.contains(&false));
    }
}

#[test]
fn a_thousand_wait_at_a_time() {
    const MANY: usize = 1_000;
    let endpoint = endpoint(Brain::Echo, &[Fault::always(Misbehaviour::Silence)]);
    let body = hello(Form::OpenAi, "Wait").to_string();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let open: Vec<TcpStream> = (0..MANY)
        .map(|_| {
            let mut stream = TcpStream::connect(endpoint.address()).unwrap();
            stream.write_all((head.clone() + &body).as_bytes()).unwrap();
            stream
        })
        .collect();
    while endpoint.stats().in_flight < MANY as u64 {
        std::thread::yield_now();
    }
    drop(open);
    while endpoint.stats().in_flight > 0 {
        std::thread::yield_now();
    }
    assert_eq!(endpoint.stats().most_in_flight, MANY as u64);
}

#[test]
fn the_process_says_where_it_is_and_changes_its_faults() {
    use std::io::{BufRead as _, BufReader};
    use std::process::{Command, Stdio};
    let mut child = Command::new(env!("CARGO_BIN_EXE_endpoint"))
        .args(["--brain", "fixed:Good day.", "--latency", "1"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let address = line.trim().strip_prefix("http://").unwrap();
    let address: SocketAddr = address.strip_suffix("/v1").unwrap().parse().unwrap();
    let status = || {
        let answer = ask(address, Form::OpenAi, &hello(Form::OpenAi, "a"));
        answer.unwrap().status
    };
    let put = |faults: &str| {
        let mut stream = TcpStream::connect(address).unwrap();
        let head = "PUT /faults HTTP/1.1\r\nconnection: close\r\ncontent-length: ";
        let request = format!("{head}{}\r\n\r\n{faults}", faults.len());
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let refused = put("http-999");
    let (taken, broken) = (put("http-500 silence"), status());
    let (calm, mended) = (put(""), status());
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(refused.contains("`http-999`"), "{refused}");
    assert!(taken.starts_with("HTTP/1.1 204") && calm.starts_with("HTTP/1.1 204"));
    assert_eq!((broken, mended), (500, 200));
}
