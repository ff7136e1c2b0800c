//! Real programs, that answer, fail, end and hang.

use std::path::Path;

use proto::record::{Message, Protocol};

use super::super::tests::{conversation, endpoint, request, tool};
use super::super::{Reply, body, read};
use super::*;

/// A shell's loop over requests; `id` is the request's.
const LOOP: &str = "while read -r line; do id=${line#*:}; id=${id%%,*}; ";

fn shell(script: &str) -> Endpoint {
    Endpoint {
        command: ["sh", "-c", script].map(str::to_owned).to_vec(),
        ..endpoint(Protocol::Program)
    }
}

/// One whose every answer is this, with the number of the process that gives it as its model.
fn answering(text: &str) -> Endpoint {
    shell(&format!(
        r#"{LOOP} echo "{{\"id\":$id,\"text\":\"{text}\",\"model\":\"$$\"}}"; done"#
    ))
}

async fn asked(programs: &Programs, endpoint: &Endpoint) -> Result<Reply, Fault> {
    let body = body(endpoint, &request(&conversation(), &[tool("get_order")]));
    let answer = programs.ask(endpoint, &body).await?;
    read(Protocol::Program, &answer)
}

#[tokio::test]
async fn one_process_answers_all() {
    let programs = Programs::default();
    let endpoint = answering("hello");
    let all = futures_util::future::join_all((0..20).map(|_| asked(&programs, &endpoint))).await;
    let all: Result<Vec<Reply>, Fault> = all.into_iter().collect();
    let all = all.unwrap();
    assert!(all.iter().all(|reply| reply.text == "hello"));
    assert!(all.iter().all(|reply| reply.model == all[0].model));
}

#[tokio::test]
async fn answers_find_their_conversations_in_any_order() {
    // Two are taken in, and answered the last first.
    let script = format!(
        r#"{LOOP} if [ $((id % 2)) = 0 ]; then
        echo "{{\"id\":$id,\"text\":\"$id\"}}"; echo "{{\"id\":$((id - 1)),\"text\":\"$((id - 1))\"}}"; fi; done"#
    );
    let programs = Programs::default();
    let endpoint = shell(&script);
    let all = futures_util::future::join_all((0..4).map(|_| asked(&programs, &endpoint))).await;
    let texts: Vec<String> = all.into_iter().map(|reply| reply.unwrap().text).collect();
    assert_eq!(texts, ["1", "2", "3", "4"]);
}

#[tokio::test]
async fn one_that_ends_is_started_again() {
    let programs = Programs::default();
    let once = shell(
        r#"read -r line; echo "noise"; echo "{\"id\":1,\"text\":\"$$\"}"; read -r line; exit 3"#,
    );
    let first = asked(&programs, &once).await.unwrap().text;
    let fault = asked(&programs, &once).await.unwrap_err();
    assert_eq!(
        fault,
        Fault::Cut("the program ended: exit status: 3".to_owned())
    );
    assert!(fault.passing());
    let second = asked(&programs, &once).await.unwrap().text;
    assert_ne!(first, second);
}

#[tokio::test]
async fn one_that_hangs_is_killed() {
    let programs = Programs::default();
    // It hangs until there is a mark.
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("mark");
    let script = format!(
        r#"[ -e {} ] || exec sleep 1000; {LOOP} echo "{{\"id\":$id,\"text\":\"up\"}}"; done"#,
        mark.display()
    );
    let mut endpoint = shell(&script);
    endpoint.patience.total = 300;
    let fault = asked(&programs, &endpoint).await.unwrap_err();
    assert_eq!(fault.to_string(), "no whole answer within 300 ms");
    std::fs::write(&mark, "").unwrap();
    endpoint.patience.total = 60_000;
    let answered = async {
        loop {
            // One asked before the other is killed is cut off with it.
            match asked(&programs, &endpoint).await {
                Err(Fault::Cut(_)) => {}
                other => return other.unwrap().text,
            }
        }
    };
    assert_eq!(answered.await, "up");
}

#[tokio::test]
async fn a_line_without_end_is_not_taken_in() {
    let programs = Programs::default();
    let endpoint = shell("read -r line; cat /dev/zero");
    let fault = asked(&programs, &endpoint).await.unwrap_err();
    assert!(fault.to_string().contains("a line of more than"), "{fault}");
}

#[tokio::test]
async fn what_can_not_be_started_is_named() {
    for (command, said) in [
        (vec![], "it is empty"),
        (
            vec!["no-such-program-here".to_owned()],
            "`no-such-program-here`, the command of endpoint small",
        ),
    ] {
        let endpoint = Endpoint {
            command,
            ..endpoint(Protocol::Program)
        };
        let fault = asked(&Programs::default(), &endpoint).await.unwrap_err();
        assert!(fault.to_string().contains(said), "{fault}");
        assert!(matches!(fault, Fault::Unready(_)), "{fault:?}");
    }
}

#[tokio::test]
async fn an_error_of_its_own_is_nobodys_reply() {
    let script = format!(r#"{LOOP} echo "{{\"id\":$id,\"error\":\"no model\"}}"; done"#);
    let fault = asked(&Programs::default(), &shell(&script))
        .await
        .unwrap_err();
    assert_eq!(fault.to_string(), "status 200 without a reply: no model");
}

#[tokio::test]
async fn the_example_agent_speaks_and_uses_tools() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../deploy/agents/echo_agent.py"
    );
    assert!(Path::new(path).exists(), "{path}");
    let endpoint = Endpoint {
        command: vec!["python3".to_owned(), path.to_owned()],
        ..endpoint(Protocol::Program)
    };
    let programs = Programs::default();
    let tools = [tool("get_order")];
    let ask = async |messages: &[Message]| {
        let body = body(&endpoint, &request(messages, &tools));
        read(Protocol::Program, &programs.ask(&endpoint, &body).await?)
    };
    let user = |text: &str| {
        let text = text.to_owned();
        vec![Message::User { text }]
    };
    match ask(&user("Hello?")).await {
        Err(Fault::Unready(why)) if std::env::var_os("T2T_REQUIRE_PYTHON").is_none() => {
            eprintln!("not tried: {why}");
            return;
        }
        said => assert_eq!(said.unwrap().text, "You said: Hello?"),
    }
    let used = ask(&user("use get_order id=W1")).await.unwrap();
    assert_eq!(used.calls[0].call.name, "get_order");
    assert_eq!(used.calls[0].call.text("id"), Some("W1"));
    let told = ask(&conversation()).await.unwrap();
    assert_eq!(told.text, "The tool says: Error: no JSON object");
    let fault = ask(&[]).await.unwrap_err();
    assert!(matches!(fault, Fault::NoReply { .. }), "{fault}");
}
