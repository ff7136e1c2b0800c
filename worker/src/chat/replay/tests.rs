use std::sync::Arc;

use proto::digest::Digest;
use proto::record::{Message, Protocol};
use proto::store::Shared;
use tokio_util::sync::CancellationToken;

use super::super::journal::Journal;
use super::super::models::Models;
use super::super::put_off::PutOff;
use super::super::session::{Place, Session, Stop};
use super::super::tests::{endpoint, request};
use super::super::{Reply, Request};
use super::*;
use crate::chat::given_up::LastAsked;
use crate::process::metrics::{Metrics, Part};

/// Says the length of what it is asked.
#[derive(Debug)]
struct Lengths;

#[async_trait]
impl Wire for Lengths {
    async fn send(&self, _: &Endpoint, body: &Bytes) -> Result<Answer, Fault> {
        let text = format!(r#"{{"text":"{}"}}"#, body.len());
        let body = text.into_bytes().into();
        Ok(Answer { status: 200, body })
    }
}

fn subject() -> Subject {
    Subject {
        slot: 3,
        candidate: 1,
        agent: "model:small".to_owned(),
        trial: 2,
        twin: true,
    }
}

/// What is answered to each of these texts, in a turn of its own.
async fn answers(models: &Models, texts: &[&str]) -> Result<Vec<Reply>, Stop> {
    let place = Place {
        journal: Journal::default(),
        put_off: PutOff::default(),
        last_asked: LastAsked::default(),
        budget: None,
        run: "run".to_owned(),
        hand_back: CancellationToken::new(),
    };
    let (subject, endpoint) = (subject(), endpoint(Protocol::Service));
    let prompts = Digest::of(b"prompts");
    let mut session = Session::new(models, &place, &subject, Role::Agent, &endpoint, prompts);
    let mut replies = Vec::new();
    for text in texts {
        let said = [Message::User {
            text: (*text).to_owned(),
        }];
        let request: Request<'_> = request(&said, &[]);
        replies.push(session.ask(&request, 0).await?);
        session.next_turn();
    }
    Ok(replies)
}

#[tokio::test]
async fn a_replay_hears_what_was_said_and_asks_nobody_for_what_was_not() {
    let shared = Shared::in_memory(1 << 20);
    let metrics = || Metrics::new(Part::Worker);
    let live = Models::new(Arc::new(Lengths), &shared, "live", metrics());
    let said = answers(&live, &["Hello.", "Hello again."]).await.unwrap();

    let replay = Arc::new(Replay::listening());
    let models = Models::replaying(&shared, Arc::clone(&replay), "replay", metrics());
    let heard = answers(&models, &["Hello.", "Hello again."]).await.unwrap();
    assert_eq!(heard, said);
    let exchanges = replay.take();
    let turns: Vec<u32> = exchanges
        .iter()
        .map(|it| it.enquiry.occasion.turn)
        .collect();
    assert_eq!(turns, [0, 1]);
    for (exchange, reply) in exchanges.iter().zip(&said) {
        assert_eq!(exchange.enquiry.request.len().to_string(), reply.text);
    }
    assert!(replay.take().is_empty() && replay.missing().is_none());

    for (texts, turn) in [(vec!["Hello.", "Bye."], 1), (vec!["Bye."], 0)] {
        let replay = Arc::new(Replay::default());
        let models = Models::replaying(&shared, Arc::clone(&replay), "replay", metrics());
        let stop = answers(&models, &texts).await.unwrap_err();
        let told = format!(
            "the recording has no reply of agent model:small for slot 3, candidate 1, \
             agent model:small, trial 2, over the twin, turn {turn}, regeneration 0"
        );
        assert_eq!(stop.to_string(), told);
        let Stop::Unrecorded(missed) = stop else {
            panic!("{stop}");
        };
        assert_eq!(missed.occasion.turn, turn);
        let unsaid = texts.last().expect("something is asked");
        let request = String::from_utf8_lossy(&missed.request);
        assert!(request.contains(unsaid), "{request}");
        assert!(replay.take().is_empty(), "it does not listen");
    }
}
