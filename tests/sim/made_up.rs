//! What jobs come to, made up: a function of the job alone, and so is what a run must come to.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use coordinator::archive::new_run;
use coordinator::dispatch::Course;
use coordinator::plan::cells::Layout;
use coordinator::plan::{Plan, WorldPlan};
use coordinator::run::{Ask, Result as Came, Run};
use coordinator::world;
use proto::digest::{Digest, Hasher};
use proto::ids::{EpisodeId, IntentId, JobId, RunId, StateId, TaskId};
use proto::job::Stage;
use proto::outcome::{Outcome, Reason, Rejection, StageResult};
use proto::record::{
    Ending, Episode, Expected, Exploration, Intent, Introduction, Kind, Persona, PlannedCall,
    Recipe, Scenario, Snapshot, Task, Trajectory, UserOutcome, UserScript, Verdict,
};
use proto::wire;
use worker::domains::Domain;
use worker::executor::CRASHES;

/// How a process dies of its job.
pub(super) const DEATH: &str = "killed by a signal";
/// What every task's start differs in from the base world: it lies in the snapshot store.
pub(super) const CHANGES: &[u8] = b"what differs";
/// Different intents in a stratum, about: few, so that duplicates are common.
const INTENTS: u64 = 5;
/// Candidates of a slot.
const CANDIDATES: u16 = 4;

/// The smallest plan that has every part.
static PLAN: LazyLock<Plan> = LazyLock::new(|| Plan {
    domain: "tickets".to_owned(),
    seed: 5,
    strata: 2,
    max_candidates: CANDIDATES,
    agents: vec!["gold".to_owned()],
    trials: 2,
    world: WorldPlan {
        people: 12,
        ..WorldPlan::default()
    },
    ..Plan::default()
});

/// The world that every simulated run is over.
pub(super) static DOMAIN: LazyLock<Arc<dyn Domain>> =
    LazyLock::new(|| world::domain(&PLAN).expect("a desk can be generated"));

static LAYOUT: LazyLock<Layout> = LazyLock::new(|| Layout::new(&PLAN, &DOMAIN));

/// How the world is made.
pub(super) fn recipe() -> Recipe {
    world::recipe(&PLAN.world, PLAN.seed)
}

/// A run of so many slots, whose jobs come to what the seed says.
pub(super) fn course(seed: u64, tasks: u32) -> Course {
    let run = Hasher::new("t2t.simulation", 1).number(seed).finish();
    let plan = Plan {
        tasks,
        ..PLAN.clone()
    };
    Course::new(RunId(run), plan, LAYOUT.clone())
}

/// Which job kills whoever does it, if it is ever asked for.
pub(super) fn poison(course: &Course) -> JobId {
    let draw = course.run.0.head();
    let stage = Stage::ALL[(draw % 3) as usize];
    course.job(&Ask {
        stage,
        slot: (draw / 3 % u64::from(course.plan.tasks)) as u32,
        candidate: 0,
        rollout: None,
    })
}

/// What a job comes to.
pub(super) fn outcome(job: JobId, stage: Stage, slot: u32) -> Outcome {
    let draw = Hasher::new("t2t.made-up", 1).digest(&job.0).finish().head();
    let result = match (draw % 20, stage) {
        (0, _) => StageResult::Failed {
            stage,
            error: "made up to fail".to_owned(),
        },
        (1..=3, Stage::Explore | Stage::Synthesize | Stage::Verify) => {
            StageResult::Rejected(Rejection::new(Reason::NotAfforded, format!("{job}")))
        }
        (_, Stage::Explore) => StageResult::Explored(Box::new(exploration(job))),
        (_, Stage::Synthesize) => StageResult::Drafted {
            task: Box::new(task(job, slot, draw)),
            twin: twin(job, slot, draw),
        },
        (_, Stage::Verify) => StageResult::Admitted {
            task: Box::new(task(job, slot, draw)),
            twin: twin(job, slot, draw),
        },
        (_, Stage::Rollout) => StageResult::Played(Box::new(episode(job))),
    };
    Outcome { job, result }
}

/// What a job that kills whoever does it comes to.
pub(super) fn condemned(job: JobId, stage: Stage) -> Outcome {
    let error = format!("poison: its own process died {CRASHES} times, lastly: {DEATH}");
    Outcome {
        job,
        result: StageResult::Failed { stage, error },
    }
}

/// Digest of what the ledger must hold, by job, and where the run must stand.
#[derive(Debug)]
pub(super) struct Due {
    pub(super) bodies: BTreeMap<JobId, Digest>,
    pub(super) run: Run,
}

/// What a run must come to, found without queue, worker or ledger.
pub(super) fn due(course: &Course, poison: Option<JobId>) -> Due {
    let mut run = new_run(course, usize::MAX);
    let mut bodies = BTreeMap::new();
    while let Some(ask) = run.ask() {
        let job = course.job(&ask);
        let outcome = if poison == Some(job) {
            condemned(job, ask.stage)
        } else {
            outcome(job, ask.stage, ask.slot)
        };
        let body = wire::encode(wire::Kind::Outcome, &outcome).expect("it is small");
        bodies.insert(job, Digest::of(&body));
        run.outcome(ask, came(&outcome.result));
    }
    Due { bodies, run }
}

fn came(result: &StageResult) -> Came {
    match result {
        StageResult::Explored(_) | StageResult::Played(_) => Came::Made {
            intent: [0; 16],
            twin: false,
        },
        StageResult::Drafted { twin, .. } => Came::Made {
            intent: [0; 16],
            twin: twin.is_some(),
        },
        StageResult::Admitted { task, twin } => Came::Made {
            intent: task.intent_id.0.short(),
            twin: twin.is_some(),
        },
        StageResult::Rejected(rejection) => Came::Rejected(rejection.reason),
        StageResult::Failed { .. } => Came::Failed,
    }
}

fn start() -> Snapshot {
    Snapshot {
        base: DOMAIN.base(),
        delta: CHANGES.to_vec(),
        state: StateId(Digest::of(b"start")),
    }
}

fn walk() -> Trajectory {
    Trajectory {
        start: start(),
        steps: Vec::new(),
    }
}

fn exploration(job: JobId) -> Exploration {
    Exploration {
        person: job.to_string(),
        introduction: Introduction {
            call: PlannedCall::new("find", [("name", "somebody")]),
            facts: Vec::new(),
        },
        goals: Vec::new(),
        walk: walk(),
        twin: None,
        parts: Vec::new(),
    }
}

fn task(job: JobId, slot: u32, draw: u64) -> Task {
    let intent = Digest::of(&(draw / 20 % INTENTS).to_le_bytes());
    Task {
        id: TaskId(job.0),
        domain: PLAN.domain.clone(),
        slot,
        scenario: Scenario::General,
        kind: Kind::Plain,
        intent_id: IntentId(intent),
        intent: Intent {
            person: job.to_string(),
            goals: Vec::new(),
            first: Vec::new(),
            last: Vec::new(),
        },
        script: UserScript {
            identity: String::new(),
            persona: Persona {
                style: "plain".to_owned(),
                introduces: true,
                one_at_a_time: false,
                insistent: false,
                manner: String::new(),
            },
            opening: "hello".to_owned(),
            goals: Vec::new(),
            change: None,
        },
        golden: walk(),
        expected: Expected {
            states: Vec::new(),
            required: Vec::new(),
            forbidden: Vec::new(),
            told: Vec::new(),
            resolutions: Vec::new(),
            asked: Vec::new(),
        },
        twin_of: None,
        writer: "made-up/1".to_owned(),
        proof: None,
        parts: Vec::new(),
    }
}

fn twin(job: JobId, slot: u32, draw: u64) -> Option<Box<Task>> {
    draw.is_multiple_of(3).then(|| {
        let mut twin = task(job, slot, draw);
        twin.twin_of = Some(twin.id);
        Box::new(twin)
    })
}

fn episode(job: JobId) -> Episode {
    Episode {
        id: EpisodeId(job.0),
        task: TaskId(job.0),
        agent: "gold".to_owned(),
        user: "agenda".to_owned(),
        trial: 0,
        messages: Vec::new(),
        ending: Ending::User(UserOutcome::Satisfied),
        state: StateId(Digest::of(b"end")),
        verdict: Verdict {
            reward: 1.0,
            lenient: 1.0,
            components: Vec::new(),
            violations: Vec::new(),
            judged: Vec::new(),
        },
        parts: Vec::new(),
    }
}
