//! What the tests of roles share: an endpoint in the process, a job, and its delivery.

use std::fmt;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use proto::digest::Digest;
use proto::ids::{JobId, RunId};
use proto::job::{Cell, Job, StageInput, Wanted};
use proto::record::{
    CallForm, Cast, Dialect, Effect, Endpoint, Kind, Map, Patience, Prices, Protocol, Rates, Role,
    Sampling, Scenario, WorldRef, WorldSource,
};
use proto::seed::Seed;
use proto::store::{MemoryReplies, Shared};
use serde_json::{Value as Json, json};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::work::Work;
use crate::chat::given_up::LastAsked;
use crate::chat::journal::Journal;
use crate::chat::models::{Models, Wire};
use crate::chat::put_off::PutOff;
use crate::chat::session::Place;
use crate::chat::{Answer, Fault};
use crate::domains::Domain;
use crate::domains::tickets::Tickets;
use crate::domains::tickets::desk::Desk;
use crate::executor::Done;
use crate::process::metrics::{Metrics, Part as Process};
use crate::rules::Sort;

/// The message that an endpoint answers with, by how often it was asked before and by the request.
type Says = dyn Fn(usize, &Json) -> Result<Json, Fault> + Send + Sync;

/// An endpoint that answers by a function, and remembers what it was asked.
pub(super) struct Sayer {
    says: Box<Says>,
    asked: Mutex<Vec<Vec<u8>>>,
}

impl Sayer {
    pub(super) fn new(
        says: impl Fn(usize, &Json) -> Result<String, Fault> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Self::answering(move |place, request| {
            let text = says(place, request)?;
            Ok(json!({"role": "assistant", "content": text}))
        })
    }

    /// One that answers with whole messages.
    pub(super) fn answering(
        says: impl Fn(usize, &Json) -> Result<Json, Fault> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            says: Box::new(says),
            asked: Mutex::default(),
        })
    }

    /// Every request, in order.
    pub(super) fn asked(&self) -> Vec<Json> {
        let read = |body: &Vec<u8>| serde_json::from_slice(body).expect("a request is JSON");
        self.bodies().iter().map(read).collect()
    }

    /// Every request as its bytes, in order.
    pub(super) fn bodies(&self) -> Vec<Vec<u8>> {
        self.asked.lock().expect("nobody panics with it").clone()
    }
}

impl fmt::Debug for Sayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sayer").finish_non_exhaustive()
    }
}

#[async_trait]
impl Wire for Sayer {
    async fn send(&self, _: &Endpoint, body: &Bytes) -> Result<Answer, Fault> {
        let request: Json = serde_json::from_slice(body).expect("a request is JSON");
        let place = {
            let mut asked = self.asked.lock().expect("nobody panics with it");
            asked.push(body.to_vec());
            asked.len() - 1
        };
        let message = (self.says)(place, &request)?;
        Ok(answer(&completion(&message)))
    }
}

/// Each request adds messages to the one before and changes no byte of it, so that a provider's cache holds it.
pub(super) fn each_begins_with_the_one_before(bodies: &[Vec<u8>]) {
    for pair in bodies.windows(2) {
        let open = pair[0].strip_suffix(b"]}").expect("the messages come last");
        let next = String::from_utf8_lossy(&pair[1]);
        assert!(pair[1].starts_with(open), "{next}");
    }
}

/// A body with this message, which is `cut` where it says so.
pub(super) fn completion(message: &Json) -> String {
    let usage = json!({"prompt_tokens": 10, "completion_tokens": 2});
    let cut = !message["cut"].is_null();
    let finish = if cut { "length" } else { "stop" };
    let choice = json!({"message": message, "finish_reason": finish});
    json!({"model": "echo-1", "choices": [choice], "usage": usage}).to_string()
}

pub(super) fn answer(body: &str) -> Answer {
    Answer {
        status: 200,
        body: body.as_bytes().into(),
    }
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint {
        name: "echo".to_owned(),
        protocol: Protocol::OpenAi,
        url: "http://nowhere".to_owned(),
        command: Vec::new(),
        model: "echo".to_owned(),
        key: String::new(),
        sampling: Sampling {
            temperature: None,
            top_p: None,
            max_tokens: 100,
            seeded: true,
            extra: Map::new(),
        },
        form: CallForm::Native,
        dialect: Dialect::default(),
        prices: Prices::default(),
        rates: Rates::default(),
        patience: Patience::default(),
    }
}

pub(super) fn desk() -> Tickets {
    Tickets::new(Arc::new(Desk::generate(40, Seed::root(3))))
}

/// Asks for one write.
pub(super) fn plain(domain: &dyn Domain) -> Cell {
    let mut tools = domain.tools().iter();
    let tool = tools.find(|tool| tool.effect == Effect::Write);
    let tool = tool.expect("a desk has writes").name.clone();
    cell(Scenario::General, Kind::Plain, Wanted::Write(tool))
}

/// Asks for a wish that a rule forbids, by a fact in the world.
pub(super) fn infeasible(domain: &dyn Domain) -> Cell {
    let mut rules = domain.rules().iter();
    let rule = rules.find(|rule| rule.sort == Sort::GoalBlocking && !domain.wish_only(rule.id));
    let rule = rule.expect("a desk has such rules").id.to_owned();
    cell(
        Scenario::Infeasible,
        Kind::Blocked(rule.clone()),
        Wanted::Blocked(rule),
    )
}

pub(super) fn cell(scenario: Scenario, kind: Kind, want: Wanted) -> Cell {
    Cell {
        slot: 0,
        stratum: 0,
        strata: 1,
        scenario,
        kind,
        wants: vec![want],
    }
}

pub(super) fn run() -> RunId {
    RunId(Digest::of(b"roles"))
}

/// A job in which a model has this role.
pub(super) fn job(domain: &dyn Domain, cell: Cell, input: StageInput, role: Role) -> Job {
    Job {
        id: JobId(Digest::of(b"job")),
        run: run(),
        world: WorldRef {
            domain: domain.name().to_owned(),
            base: domain.base(),
            source: WorldSource::AtHand,
        },
        cell,
        candidate: 0,
        seed: Seed::root(1),
        input,
        apart: Vec::new(),
        cast: Cast {
            models: vec![(role, endpoint())],
            ..Cast::default()
        },
    }
}

/// One delivery of a job to a worker that never saw it before.
pub(super) async fn deliver(
    wire: Arc<dyn Wire>,
    replies: Arc<MemoryReplies>,
    (domain, job): (&dyn Domain, &Job),
    attempt: u32,
    hand_back: CancellationToken,
) -> Done {
    let shared = Shared {
        replies,
        ..Shared::in_memory(1 << 20)
    };
    let models = Models::new(wire, &shared, "worker", Metrics::new(Process::Worker));
    let place = Place {
        journal: Journal::default(),
        put_off: PutOff::default(),
        last_asked: LastAsked::default(),
        run: "run".to_owned(),
        budget: job.cast.budget,
        hand_back,
    };
    let work = Work {
        models: &models,
        processors: &Semaphore::new(1),
        domain,
        job,
        place: &place,
        attempt,
    };
    super::perform(&work).await
}

/// The first delivery of a job, with nothing kept.
pub(super) async fn first(wire: Arc<dyn Wire>, domain: &dyn Domain, job: &Job) -> Done {
    let replies = Arc::new(MemoryReplies::new(1 << 24));
    deliver(wire, replies, (domain, job), 1, CancellationToken::new()).await
}
