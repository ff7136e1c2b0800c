//! From a walk to a task under a controlled intent adaptation.
//!
//! [`adapt`] makes the intent (what is held first, what at the end), [`golden`] the trajectory that
//! solves it, [`expect`] what makes an episode right; the writer then puts it in words. What the world
//! does not give is rejected with its reason, never bent.

pub mod adapt;
pub mod expect;
pub mod golden;

use proto::digest::Hasher;
use proto::ids::{IntentId, RunId, TaskId};
use proto::job::Cell;
use proto::outcome::{Reason, Rejection};
use proto::record::{
    Exploration, Intent, Kind, Part, Persona, Scenario, Snapshot, Task, Trigger, Wish,
};
use proto::seed::Seed;

use crate::domains::Domain;
use crate::language::writer::{ScriptPlan, persona, write_script};
use adapt::Adapted;

/// Who words the scripts: name and version of the template writer.
pub const WRITER: &str = "template/1";

/// A task without its proof, and its feasible twin.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// The task.
    pub task: Task,
    /// The twin of an infeasible task whose rule has a fact in the world.
    pub twin: Option<Task>,
}

/// Makes a draft.
pub fn synthesize(
    domain: &dyn Domain,
    run: RunId,
    cell: &Cell,
    candidate: u16,
    exploration: &Exploration,
    seed: Seed,
) -> Result<Draft, Rejection> {
    let adapted = adapt::adapt(domain, cell, exploration, seed.child("adapt", 0))?;
    let id = task_id(run, cell.slot, candidate);
    let persona = choose_persona(cell, &adapted, seed.child("persona", 0));
    let maker = Maker {
        domain,
        cell,
        exploration,
        persona,
        seed,
    };
    let task = maker.make(
        id,
        adapted.clone(),
        &exploration.walk.start,
        cell.kind.clone(),
    )?;
    let twin = match (&exploration.twin, cell.scenario) {
        (Some(start), Scenario::Infeasible) => {
            let mut twin = maker.make(twin_id(id), allowed(adapted), start, Kind::Twin)?;
            twin.scenario = Scenario::General;
            twin.twin_of = Some(id);
            // The same words open both: only the world tells them apart.
            twin.script.clone_from(&task.script);
            twin.parts = task.parts.iter().map(Part::counted_elsewhere).collect();
            Some(twin)
        }
        _ => None,
    };
    Ok(Draft { task, twin })
}

/// Id of the task that a candidate makes.
pub fn task_id(run: RunId, slot: u32, candidate: u16) -> TaskId {
    let mut hasher = Hasher::new("t2t.task", 1);
    TaskId(
        hasher
            .digest(&run.0)
            .number(u64::from(slot))
            .number(u64::from(candidate))
            .finish(),
    )
}

/// Id of a task's twin.
pub fn twin_id(task: TaskId) -> TaskId {
    TaskId(
        Hasher::new("t2t.task", 1)
            .digest(&task.0)
            .text("twin")
            .finish(),
    )
}

/// The intent with every blocked wish as a plain write.
fn allowed(mut adapted: Adapted) -> Adapted {
    for goal in &mut adapted.intent.goals {
        if let Wish::Blocked(blocked) = &goal.wish
            && let Some(call) = blocked.call.clone()
        {
            goal.wish = Wish::Write(call);
        }
    }
    adapted
}

/// A persona that leaves room for the scenario.
fn choose_persona(cell: &Cell, adapted: &Adapted, seed: Seed) -> Persona {
    let mut persona = persona(seed);
    persona.insistent &= cell.scenario == Scenario::Infeasible;
    persona.one_at_a_time &= adapted.change.is_none();
    // The turn in which the agent learns who is there is when an early change is spoken.
    persona.introduces &= !matches!(adapted.change, Some((_, Trigger::BeforeProposal, _)));
    persona
}

/// Builds the task and its twin alike.
struct Maker<'a> {
    domain: &'a dyn Domain,
    cell: &'a Cell,
    exploration: &'a Exploration,
    persona: Persona,
    seed: Seed,
}

impl Maker<'_> {
    fn make(
        &self,
        id: TaskId,
        adapted: Adapted,
        start: &Snapshot,
        kind: Kind,
    ) -> Result<Task, Rejection> {
        let world = self
            .domain
            .restore(&start.delta)
            .map_err(|error| Rejection::new(Reason::Entangled, error.to_string()))?;
        let golden = golden::golden(self.domain, start, &self.exploration.introduction, &adapted)?;
        let expected = expect::expect(self.domain, start, &adapted)?;
        let plan = ScriptPlan {
            intent: &adapted.intent,
            introduction: &self.exploration.introduction,
            persona: self.persona.clone(),
            change: adapted.change,
        };
        let script = write_script(self.domain, &*world, &plan, self.seed.child("script", 0));
        let intent_id = intent_id(start, self.cell, &kind, &adapted.intent);
        Ok(Task {
            id,
            domain: self.domain.name().to_owned(),
            slot: self.cell.slot,
            scenario: self.cell.scenario,
            kind,
            intent_id,
            intent: adapted.intent,
            script,
            golden,
            expected,
            twin_of: None,
            writer: WRITER.to_owned(),
            proof: None,
            parts: self.exploration.parts.clone(),
        })
    }
}

/// Digest of start state, scenario, kind and resolved goals: equal for tasks that ask the same.
fn intent_id(start: &Snapshot, cell: &Cell, kind: &Kind, intent: &Intent) -> IntentId {
    let mut hasher = Hasher::new("t2t.intent", 1);
    hasher
        .digest(&start.state.0)
        .text(cell.scenario.label())
        .text(&kind.to_string())
        .text(&intent.person);
    for held in [&intent.first, &intent.last] {
        hasher.number(held.len() as u64);
        for &goal in held {
            let wish =
                serde_json::to_string(&intent.goals[goal].wish).expect("records are plain data");
            hasher.text(&wish);
        }
    }
    IntentId(hasher.finish())
}
