use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use proto::job::{Job, StageInput};
use proto::outcome::Outcome;
use proto::record::Message;
use proto::store::MemoryReplies;
use serde_json::{Value as Json, json};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::chat::models::Wire;
use crate::chat::{Answer, Fault};
use crate::domains::tickets::Tickets;
use crate::executor::ATTEMPTS;
use crate::roles::testing::{answer, completion, deliver, desk, job, plain, run};
use crate::stages::play;
use crate::workload;

/// An endpoint that says what gold said at the same place, and counts.
#[derive(Debug)]
struct Echo {
    lines: Vec<Message>,
    asked: AtomicUsize,
    /// Answers instead, by how often it was asked before.
    instead: Mutex<Vec<(usize, Result<String, Fault>)>>,
}

impl Echo {
    fn of(episode: &Episode) -> Self {
        let lines = episode.messages.iter();
        let own = |message: &&Message| matches!(message, Message::Assistant { .. });
        Self {
            lines: lines.filter(own).cloned().collect(),
            asked: AtomicUsize::new(0),
            instead: Mutex::default(),
        }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    fn line(&self, request: &Json) -> Json {
        let said = request["messages"].as_array().expect("messages").iter();
        let place = said
            .filter(|message| message["role"] == "assistant")
            .count();
        let Some(Message::Assistant { text, calls, .. }) = self.lines.get(place) else {
            return json!({"role": "assistant", "content": "Is there anything else?"});
        };
        let calls = calls.iter().map(|call| {
            let arguments = serde_json::to_string(&call.arguments).expect("plain data");
            json!({"id": "x", "type": "function", "function": {"name": call.name, "arguments": arguments}})
        });
        json!({"role": "assistant", "content": text, "tool_calls": calls.collect::<Vec<_>>()})
    }
}

#[async_trait]
impl Wire for Echo {
    async fn send(&self, _: &Endpoint, body: &Bytes) -> Result<Answer, Fault> {
        let place = self.asked.fetch_add(1, Ordering::Relaxed);
        let mut instead = self.instead.lock().expect("nobody panics with it");
        if let Some(at) = instead.iter().position(|(when, _)| *when == place) {
            return instead.remove(at).1.map(|body| answer(&body));
        }
        let request: Json = serde_json::from_slice(body).expect("a request is JSON");
        Ok(answer(&completion(&self.line(&request))))
    }
}

/// A job over a task of the tickets domain, an endpoint that can do it, and a worker's models.
struct Bench {
    domain: Tickets,
    job: Job,
    echo: Arc<Echo>,
    replies: Arc<MemoryReplies>,
}

impl Bench {
    fn new() -> Self {
        let domain = desk();
        let cell = plain(&domain);
        let mut drafts = workload::drafts(&domain, run(), [cell.clone()], 10);
        let task = drafts.remove(0).draft.task;
        let gold = play(&domain, &task, "gold", 0).expect("gold can play");
        let input = StageInput::Rollout {
            task: Box::new(task),
            agent: "model:echo".to_owned(),
            trial: 0,
        };
        let job = job(&domain, cell, input, Role::Agent);
        Self {
            domain,
            job,
            echo: Arc::new(Echo::of(&gold)),
            replies: Arc::new(MemoryReplies::new(1 << 24)),
        }
    }

    fn instead(&self, when: usize, what: Result<String, Fault>) {
        self.echo.instead.lock().unwrap().push((when, what));
    }

    /// One delivery to a worker that never saw the job before.
    async fn deliver(&self, number: u32, hand_back: CancellationToken) -> Done {
        let (wire, replies) = (self.echo.clone(), self.replies.clone());
        deliver(wire, replies, (&self.domain, &self.job), number, hand_back).await
    }

    async fn episode(&self) -> Episode {
        match self.deliver(1, CancellationToken::new()).await {
            Done::Outcome(Outcome {
                result: StageResult::Played(episode),
                ..
            }) => *episode,
            other => panic!("no episode: {other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_model_that_does_what_gold_does_earns_what_gold_earns() {
    let bench = Bench::new();
    let episode = bench.episode().await;
    assert_eq!(episode.verdict.reward, 1.0, "{episode:#?}");
    let part = &episode.parts[0];
    assert_eq!(
        (part.role, part.models.as_slice()),
        (Role::Agent, &["echo-1".to_owned()][..])
    );
    assert_eq!(part.replies as usize, bench.echo.asked());
    assert_eq!(part.usage.input, 10 * u64::from(part.replies));
}

#[tokio::test(start_paused = true)]
async fn what_was_answered_is_never_asked_again() {
    let calm = Bench::new();
    let whole = calm.episode().await;
    let calls = calm.echo.asked();
    let bench = Bench::new();
    // Each delivery gets one answer further before its endpoint is gone.
    for delivery in 0..calls {
        let gone = Err(Fault::TooLarge(7));
        bench.instead(2 * delivery + 1, gone);
    }
    for _ in 0..calls {
        let done = bench.deliver(1, CancellationToken::new()).await;
        assert!(matches!(done, Done::Outcome(_)), "{done:?}");
    }
    // Nothing is asked of anybody once the job is to be handed back.
    let asked = bench.echo.asked();
    let hand_back = CancellationToken::new();
    hand_back.cancel();
    let fresh = Bench::new();
    let done = fresh.deliver(1, hand_back.clone()).await;
    assert!(matches!(done, Done::HandBack), "{done:?}");
    assert_eq!(fresh.echo.asked(), 0);
    // Every answer was asked for once, whatever came between.
    assert_eq!(
        asked,
        2 * calls - 1,
        "one gone after each answer but the last"
    );
    assert_eq!(bench.episode().await, whole);
    assert_eq!(bench.echo.asked(), asked, "all of it was kept");
}

#[tokio::test(start_paused = true)]
async fn a_fault_that_passes_leaves_no_trace_and_one_that_stays_is_quarantined() {
    let calm = Bench::new().episode().await;
    let bench = Bench::new();
    let cut = || Err(Fault::Cut("reset".to_owned()));
    bench.instead(1, cut());
    bench.instead(2, cut());
    assert_eq!(bench.episode().await, calm);

    let broken = || {
        let bench = Bench::new();
        for call in 0..100 {
            bench.instead(call, cut());
        }
        bench
    };
    let done = broken().deliver(1, CancellationToken::new()).await;
    assert!(
        matches!(done, Done::Again { .. } | Done::Later { .. }),
        "{done:?}"
    );
    let done = broken().deliver(ATTEMPTS, CancellationToken::new()).await;
    let Done::Outcome(Outcome {
        result: StageResult::Played(episode),
        ..
    }) = done
    else {
        panic!("{done:?}");
    };
    assert!(
        matches!(episode.ending, Ending::Infrastructure(_)),
        "{:?}",
        episode.ending
    );
    assert!(!episode.ending.scored());
}

#[tokio::test(start_paused = true)]
async fn an_empty_reply_is_asked_for_thrice_and_then_the_agents_fault() {
    let empty = || {
        let choice =
            json!({"message": {"role": "assistant", "content": ""}, "finish_reason": "stop"});
        Ok(json!({"model": "echo-1", "choices": [choice]}).to_string())
    };
    let calm = Bench::new().episode().await;
    let bench = Bench::new();
    bench.instead(0, empty());
    bench.instead(1, empty());
    assert_eq!(bench.episode().await.messages, calm.messages);
    let bench = Bench::new();
    for call in 0..3 {
        bench.instead(call, empty());
    }
    let episode = bench.episode().await;
    let fault = proto::record::AgentFault::EmptyReply;
    assert_eq!(episode.ending, Ending::Agent(fault));
    assert_eq!(bench.echo.asked(), 3);
}
