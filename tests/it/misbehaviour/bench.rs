//! A real task, an agent behind a real endpoint, and a worker's way to it.

use std::sync::{Arc, LazyLock};

use harness::endpoint::{Brain, Endpoint, Fault, Form, Settings};
use proto::digest::Digest;
use proto::ids::{JobId, RunId};
use proto::job::{Cell, Job, StageInput, Wanted};
use proto::outcome::{Outcome, StageResult};
use proto::record::{
    self, CallForm, Cast, Effect, Episode, Kind, Patience, Prices, Protocol, Rates, Recipe, Role,
    Sampling, Scenario, Task, WorldRef, WorldSource,
};
use proto::seed::Seed;
use proto::store::{MemoryReplies, Shared};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use worker::chat::Client;
use worker::chat::given_up::LastAsked;
use worker::chat::journal::Journal;
use worker::chat::models::Models;
use worker::chat::put_off::PutOff;
use worker::chat::session::Place;
use worker::domains::Domain;
use worker::executor::Done;
use worker::process::metrics::{Metrics, Part};
use worker::roles::work::Work;
use worker::stages::play;
use worker::{roles, workload, worlds};

/// Longer than anything that is answered takes, and all that silence costs.
const PATIENCE: Patience = Patience {
    connect: 2_000,
    first_byte: 1_000,
    total: 2_000,
    down: 60_000,
};

/// More than the few turns of the task need, each put off a few times.
const DELIVERIES: usize = 200;

/// The world and the task that all are tried over.
struct Ground {
    domain: Arc<dyn Domain>,
    task: Task,
}

static GROUND: LazyLock<Ground> = LazyLock::new(|| {
    let recipe = Recipe {
        seed: 5,
        products: 12,
        people: 40,
        orders: 90,
    };
    let domain = worlds::generated("retail", recipe).expect("a small shop");
    let task = task(&*domain);
    Ground { domain, task }
});

/// The task, among some with a write, that the held-out agent does in the fewest words.
fn task(domain: &dyn Domain) -> Task {
    let writes = domain.tools().iter();
    let writes = writes.filter(|tool| tool.effect == Effect::Write);
    let cells = writes.zip(0..).map(|(tool, slot)| Cell {
        slot,
        stratum: 0,
        strata: 1,
        scenario: Scenario::General,
        kind: Kind::Plain,
        wants: vec![Wanted::Write(tool.name.clone())],
    });
    let drafts = workload::drafts(domain, run(), cells, 10).into_iter();
    let done = drafts.filter_map(|proposed| {
        let task = proposed.draft.task;
        let episode = play(domain, &task, "heldout", 0).expect("it is this domain's");
        (episode.verdict.reward == 1.0).then_some((episode.messages.len(), task))
    });
    let shortest = done.min_by_key(|(length, _)| *length);
    shortest.expect("the held-out agent can do one").1
}

fn run() -> RunId {
    RunId(Digest::of(b"misbehaviour"))
}

/// An endpoint, and what is kept of its answers.
pub(super) struct Bench {
    pub(super) endpoint: Endpoint,
    form: Form,
    replies: Arc<MemoryReplies>,
    put_off: PutOff,
}

impl Bench {
    /// Over an endpoint that is asked in this form, and misbehaves so.
    pub(super) fn new(form: Form, faults: Vec<Fault>) -> Self {
        let endpoint = Endpoint::start(Settings {
            brain: Brain::HeldOut,
            faults,
            ..Settings::default()
        });
        Self {
            endpoint: endpoint.expect("an endpoint starts"),
            form,
            replies: Arc::new(MemoryReplies::new(1 << 24)),
            put_off: PutOff::default(),
        }
    }

    /// One delivery of the job to a worker that never saw it before.
    pub(super) async fn deliver(&self, number: u32) -> Done {
        let shared = Shared {
            replies: self.replies.clone(),
            ..Shared::in_memory(1 << 20)
        };
        let client = Arc::new(Client::default());
        let models = Models::new(client, &shared, "worker", Metrics::new(Part::Worker));
        let place = Place {
            journal: Journal::default(),
            put_off: self.put_off.clone(),
            last_asked: LastAsked::default(),
            run: "run".to_owned(),
            budget: None,
            hand_back: CancellationToken::new(),
        };
        let work = Work {
            models: &models,
            processors: &Semaphore::new(1),
            domain: &*GROUND.domain,
            job: &self.job(),
            place: &place,
            attempt: number,
        };
        roles::perform(&work).await
    }

    /// The episode of a delivery that must come to one. What the server puts off is delivered again at once: the wait
    /// is the queue's.
    pub(super) async fn episode(&self, number: u32) -> Episode {
        for _ in 0..DELIVERIES {
            match played(self.deliver(number).await) {
                Ok(episode) => return episode,
                Err(Done::Later { limited: true, .. }) => {}
                Err(done) => panic!("no episode: {done:?}"),
            }
        }
        panic!("no episode in {DELIVERIES} deliveries")
    }

    fn job(&self) -> Job {
        let Ground { domain, task } = &*GROUND;
        Job {
            id: JobId(Digest::of(b"job")),
            run: run(),
            world: WorldRef {
                domain: domain.name().to_owned(),
                base: domain.base(),
                source: WorldSource::AtHand,
            },
            cell: Cell {
                slot: 0,
                stratum: 0,
                strata: 1,
                scenario: task.scenario,
                kind: Kind::Plain,
                wants: Vec::new(),
            },
            candidate: 0,
            seed: Seed::root(1),
            input: StageInput::Rollout {
                task: Box::new(task.clone()),
                agent: "model:small".to_owned(),
                trial: 0,
            },
            apart: Vec::new(),
            cast: Cast {
                models: vec![(Role::Agent, self.model())],
                ..Cast::default()
            },
        }
    }

    fn model(&self) -> record::Endpoint {
        record::Endpoint {
            name: "small".to_owned(),
            protocol: match self.form {
                Form::OpenAi => Protocol::OpenAi,
                Form::Anthropic => Protocol::Anthropic,
            },
            url: self.endpoint.base_url(),
            command: Vec::new(),
            model: "held-out".to_owned(),
            key: String::new(),
            sampling: Sampling {
                temperature: None,
                top_p: None,
                max_tokens: 1_000,
                seeded: false,
                extra: record::Map::new(),
            },
            form: CallForm::Native,
            dialect: record::Dialect::default(),
            prices: Prices::default(),
            rates: Rates::default(),
            patience: PATIENCE,
        }
    }
}

/// The episode that a delivery came to.
pub(super) fn played(done: Done) -> Result<Episode, Done> {
    match done {
        Done::Outcome(Outcome {
            result: StageResult::Played(episode),
            ..
        }) => Ok(*episode),
        done => Err(done),
    }
}
