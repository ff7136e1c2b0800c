//! What the ledger keeps of an outcome beside its content, and what that says to the run.

use proto::digest::Hasher;
use proto::ids::JobId;
use proto::job::Stage;
use proto::outcome::{Notice, Reason, StageResult};

use crate::ledger::{Entry, Summary};
use crate::run::{Ask, Result as Came};

const MADE: u8 = 1;
const MADE_WITH_TWIN: u8 = 2;
const REJECTED: u8 = 3;
const FAILED: u8 = 4;
/// Something that happened to a job and is not its outcome.
const EVENT: u8 = 5;

/// The entry of an outcome.
pub(super) fn of(ask: &Ask, job: JobId, result: &StageResult) -> Entry {
    let (code, reason, intent) = match result {
        StageResult::Explored(_) | StageResult::Played(_) => (MADE, 0, [0; 16]),
        StageResult::Drafted { twin, .. } => (code_with(twin.is_some()), 0, [0; 16]),
        StageResult::Admitted { task, twin } => {
            (code_with(twin.is_some()), 0, task.intent_id.0.short())
        }
        StageResult::Rejected(rejection) => (REJECTED, rejection.reason.code(), [0; 16]),
        StageResult::Failed { .. } => (FAILED, 0, [0; 16]),
    };
    Entry {
        job,
        stage: ask.stage as u8,
        slot: ask.slot,
        candidate: ask.candidate,
        param: param(ask),
        code,
        reason,
        intent,
    }
}

/// The entry of an event, under an id of its own: each is kept once, however often it is told.
pub(super) fn of_event(ask: &Ask, job: JobId, notice: &Notice) -> Option<Entry> {
    let Notice::Crashed { times, .. } = notice else {
        return None;
    };
    let mut hasher = Hasher::new("t2t.event.crashed", 1);
    let id = hasher.digest(&job.0).number(u64::from(*times)).finish();
    Some(Entry {
        job: JobId(id),
        stage: ask.stage as u8,
        slot: ask.slot,
        candidate: ask.candidate,
        param: param(ask),
        code: EVENT,
        reason: 0,
        intent: [0; 16],
    })
}

fn code_with(twin: bool) -> u8 {
    if twin { MADE_WITH_TWIN } else { MADE }
}

/// Agent, trial and twin of a rollout, for readers of the raw ledger.
fn param(ask: &Ask) -> [u8; 16] {
    let mut param = [0; 16];
    if let Some((agent, trial, twin)) = ask.rollout {
        param[..2].copy_from_slice(&agent.to_le_bytes());
        param[2..6].copy_from_slice(&trial.to_le_bytes());
        param[6] = u8::from(twin);
    }
    param
}

/// What a rollout's entry says of it: place of the agent in the plan of the time, trial, and twin.
pub fn rollout_of(entry: &Entry) -> Option<(u16, u32, bool)> {
    let [a, b, c, d, e, f, twin, ..] = entry.param;
    let rollout = (
        u16::from_le_bytes([a, b]),
        u32::from_le_bytes([c, d, e, f]),
        twin != 0,
    );
    (entry.stage == Stage::Rollout as u8).then_some(rollout)
}

/// What an entry says to the run.
pub(super) fn came_of(entry: &Entry) -> Came {
    result(entry.code, entry.reason, entry.intent)
}

/// Whether an outcome with this code holds what its stage is there to make.
pub fn made(code: u8) -> bool {
    matches!(code, MADE | MADE_WITH_TWIN)
}

/// Whether an outcome with this code is a failure, which can be taken back.
pub fn failed(code: u8) -> bool {
    code == FAILED
}

/// What the ledger says of a job.
pub fn came(summary: &Summary) -> Came {
    result(summary.code, summary.reason, summary.intent)
}

fn result(code: u8, reason: u16, intent: [u8; 16]) -> Came {
    match (code, Reason::from_code(reason)) {
        (MADE, _) => Came::Made {
            intent,
            twin: false,
        },
        (MADE_WITH_TWIN, _) => Came::Made { intent, twin: true },
        (REJECTED, Some(reason)) => Came::Rejected(reason),
        _ => Came::Failed,
    }
}
