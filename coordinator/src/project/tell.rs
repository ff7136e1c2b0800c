//! The report of an archive.

use std::collections::BTreeMap;

use proto::job::Stage;
use proto::outcome::{Reason, StageResult};
use proto::record::{Actor, Effect, Episode, Message, Role, Scenario, Task};
use proto::seed::Seed;

use super::judged::Judgements;
use super::models::Parts;
use super::rows::{complete, world};
use super::{ProjectError, writes};
use crate::archive::{Archive, Filled, Played};
use crate::report::entries::Stratum;
use crate::report::model::{Fact, ReportModel, RunFacts, Sample, StateChange};
use crate::report::samples::{Choice, sample};
use crate::report::statistics::{
    Aggregate, EpisodeView, FunnelStage, Settings, TaskView, tau2_retail_lengths,
};
use crate::report::tally::Ceiling;
use crate::run::{Result as Came, Slot};
use worker::rules::Sort;

/// Sample conversations per scenario, agent and outcome.
const SAMPLES: usize = 2;

/// Makes the report of an archive.
pub fn report(archive: &Archive) -> Result<ReportModel, ProjectError> {
    let mut telling = Telling::new(archive);
    telling.funnel()?;
    for filled in archive.filled() {
        telling.observe(&filled?)?;
    }
    telling.finish()
}

struct Telling<'a> {
    archive: &'a Archive,
    aggregate: Aggregate,
    choice: Choice<(u32, u16, usize)>,
    models: Parts,
    /// What models had to do with candidates that fill no slot.
    in_no_task: Parts,
    judged: Judgements,
    tasks: u32,
}

impl<'a> Telling<'a> {
    fn new(archive: &'a Archive) -> Self {
        let mut settings = Settings::new(Seed(archive.course.run.0).child("report", 0));
        settings.tools = archive
            .domain
            .tools()
            .iter()
            .map(|tool| tool.name.clone())
            .collect();
        let blocking = archive
            .domain
            .rules()
            .iter()
            .filter(|rule| rule.sort == Sort::GoalBlocking);
        settings.rules = blocking.map(|rule| rule.id.to_owned()).collect();
        settings.ceilings = ceilings();
        settings.benchmark = (archive.course.plan.domain == "retail").then(tau2_retail_lengths);
        Self {
            archive,
            aggregate: Aggregate::new(settings),
            choice: Choice::new(SAMPLES),
            models: Parts::default(),
            in_no_task: Parts::default(),
            judged: Judgements::default(),
            tasks: 0,
        }
    }

    /// Counts candidates by how far they came, and why they were turned down.
    fn funnel(&mut self) -> Result<(), ProjectError> {
        let archive = self.archive;
        let models = archive.tasks().is_none() && !archive.course.plan.models_in_use().is_empty();
        for (slot, standing) in self.archive.run.slots().iter().enumerate() {
            let slot = slot as u32;
            let mut last = None;
            for candidate in 0..self.archive.tried(slot) {
                last = self.candidate(slot, candidate).or(last);
            }
            let mut fills = None;
            match standing {
                Slot::Settled(candidate, _) => {
                    fills = Some(*candidate);
                    self.aggregate.observe_stage(FunnelStage::Settled, 1);
                }
                Slot::Exhausted => self
                    .aggregate
                    .observe_exhausted(&last.map_or_else(String::new, Reason::label)),
                _ => {}
            }
            if models {
                self.in_no_task(slot, fills)?;
            }
        }
        for _ in self.archive.run.duplicates() {
            self.aggregate
                .observe_rejection("settle", "-", &Reason::Duplicate.label());
        }
        Ok(())
    }

    /// Counts one candidate; the reason if it was turned down.
    fn candidate(&mut self, slot: u32, candidate: u16) -> Option<Reason> {
        self.aggregate.observe_stage(FunnelStage::Candidate, 1);
        let reached = [
            (Stage::Explore, FunnelStage::Explored),
            (Stage::Synthesize, FunnelStage::Drafted),
            (Stage::Verify, FunnelStage::Admitted),
        ];
        for (stage, made) in reached {
            match self.archive.came(stage, slot, candidate)? {
                Came::Made { .. } => self.aggregate.observe_stage(made, 1),
                Came::Rejected(reason) => {
                    let check = match reason {
                        Reason::Unproven(check) => check.label(),
                        _ => "-",
                    };
                    self.aggregate
                        .observe_rejection(stage.label(), check, &reason.label());
                    return Some(reason);
                }
                Came::Failed => {
                    self.aggregate
                        .observe_rejection(stage.label(), "-", "job failed");
                    return None;
                }
            }
        }
        None
    }

    /// Adds what models had to do with the candidates of a slot that do not fill it, however far they came.
    fn in_no_task(&mut self, slot: u32, fills: Option<u16>) -> Result<(), ProjectError> {
        let mut asks = self.archive.asks(slot);
        asks.retain(|ask| Some(ask.candidate) != fills && ask.stage != Stage::Rollout);
        for one in asks.chunk_by(|ask, next| ask.candidate == next.candidate) {
            let mut parts = Vec::new();
            for ask in one {
                match self.archive.content(ask)? {
                    Some(StageResult::Explored(walk)) => parts = walk.parts,
                    // With those of the stages before.
                    Some(
                        StageResult::Drafted { task, twin } | StageResult::Admitted { task, twin },
                    ) => {
                        parts = task.parts;
                        parts.extend(twin.into_iter().flat_map(|twin| twin.parts));
                    }
                    Some(StageResult::Rejected(rejection)) => parts.extend(rejection.parts),
                    _ => {}
                }
            }
            self.in_no_task.add(&parts);
        }
        Ok(())
    }

    fn observe(&mut self, filled: &Filled) -> Result<(), ProjectError> {
        let writes = writes(self.archive);
        let index = self.tasks;
        self.tasks += 1;
        self.aggregate
            .observe_task(&TaskView::of(index, None, &filled.task, &writes));
        self.models.add(&filled.task.parts);
        let twin_index = self.tasks;
        if let Some(twin) = &filled.twin {
            self.models.add(&twin.parts);
            self.tasks += 1;
            self.aggregate
                .observe_task(&TaskView::of(twin_index, Some(index), twin, &writes));
        }
        for (place, played) in self.archive.episodes(filled)?.iter().enumerate() {
            let task = if played.over_twin { twin_index } else { index };
            self.count(task, &played.episode)?;
            self.models.add(&played.episode.parts);
            self.judged.add(&played.episode.verdict);
            let scenario = if played.over_twin {
                Scenario::General
            } else {
                filled.task.scenario
            };
            self.choice.offer(
                scenario,
                &played.episode,
                (filled.slot, filled.candidate, place),
            );
        }
        Ok(())
    }

    fn count(&mut self, task: u32, episode: &Episode) -> Result<(), ProjectError> {
        let calls = episode.messages.iter().map(|message| match message {
            Message::Assistant { calls, .. } => calls.len() as u32,
            _ => 0,
        });
        let turns = episode.messages.iter().filter(|message| match message {
            Message::Assistant { text, .. } => !text.is_empty(),
            Message::User { .. } => true,
            Message::Tool { .. } => false,
        });
        self.aggregate.observe_episode(&EpisodeView {
            task,
            agent: &episode.agent,
            trial: episode.trial,
            scored: episode.ending.scored(),
            reward: episode.verdict.reward,
            lenient: episode.verdict.lenient,
            violations: &episode.verdict.violations,
            turns: turns.count() as u32,
            calls: calls.sum(),
            ending: &episode.ending.label(),
        })?;
        Ok(())
    }

    fn finish(self) -> Result<ReportModel, ProjectError> {
        let Self {
            archive,
            aggregate,
            choice,
            models,
            in_no_task,
            judged,
            ..
        } = self;
        let plan = &archive.course.plan;
        let cost = models.cost(plan).into_iter().chain(in_no_task.cost(plan));
        let cost = cost.reduce(|one, other| one + other);
        let mut rows = models.rows(plan, "");
        rows.extend(in_no_task.rows(plan, ", in no task"));
        let mut samples = Vec::new();
        for (slot, candidate, place) in choice.finish() {
            let filled = archive.fill(slot, candidate)?;
            if let Some(played) = archive.episodes(&filled)?.into_iter().nth(place) {
                samples.push(tell(archive, &filled, &played)?);
            }
        }
        Ok(ReportModel {
            cost: cost.map(|cost| cost.to_string()),
            models: rows,
            judged: judged.rows(),
            ..aggregate.finish(facts(archive), samples)
        })
    }
}

/// How often a control may mean nothing in the scenario it is made for: never, but for wishes that no
/// tool could carry out, which leave *reckless* nothing to do.
fn ceilings() -> Vec<Ceiling> {
    let own = |control: &str, scenario, share| Ceiling {
        control: control.to_owned(),
        stratum: Stratum::Of(scenario),
        share,
    };
    vec![
        own("hasty", Scenario::Ambiguous, 0.0),
        own("stale", Scenario::Changing, 0.0),
        own("reckless", Scenario::Infeasible, 0.15),
    ]
}

/// A conversation for the reader.
fn tell(archive: &Archive, filled: &Filled, played: &Played) -> Result<Sample, ProjectError> {
    let task = match &filled.twin {
        Some(twin) if played.over_twin => twin,
        _ => &filled.task,
    };
    let changes = state_changes(archive, task, &played.episode)?;
    Ok(sample(task, &played.episode, &changes, writes(archive)))
}

/// What each write of an episode changed, by call id.
fn state_changes(
    archive: &Archive,
    task: &Task,
    episode: &Episode,
) -> Result<BTreeMap<String, Vec<StateChange>>, ProjectError> {
    let mut world = archive.domain.restore(&task.golden.start.delta)?;
    let mut changes = BTreeMap::new();
    let calls = episode.messages.iter().filter_map(|message| match message {
        Message::Assistant { calls, .. } => Some(calls),
        _ => None,
    });
    for call in calls.flatten() {
        let before = world.fork();
        world.call(Actor::Assistant, &call.name, &call.arguments);
        let found = archive.domain.changes(&*before, &*world);
        let told = found.into_iter().map(|change| StateChange {
            entity: change.entity,
            field: change.field,
            before: change.before,
            after: change.after,
        });
        changes.insert(call.id.clone(), told.collect());
    }
    Ok(changes)
}

fn facts(archive: &Archive) -> RunFacts {
    let plan = &archive.course.plan;
    let mix = plan.mix;
    RunFacts {
        id: archive.course.run.to_string(),
        domain: plan.domain.clone(),
        world: world(plan),
        seed: plan.seed.to_string(),
        complete: complete(archive),
        plan: vec![
            Fact::new("tasks", plan.tasks.to_string()),
            Fact::new("agents", plan.agents.join(", ")),
            Fact::new("trials", plan.trials.to_string()),
            Fact::new("user", plan.talker(Role::User)),
            Fact::new("judge", plan.talker(Role::Judge)),
            Fact::new(
                "mix",
                format!(
                    "general {}, ambiguous {}, changing {}, infeasible {}",
                    mix.general, mix.ambiguous, mix.changing, mix.infeasible
                ),
            ),
            Fact::new(
                "write tools",
                archive
                    .domain
                    .tools()
                    .iter()
                    .filter(|tool| tool.effect == Effect::Write)
                    .count()
                    .to_string(),
            ),
            Fact::new("policy rules", archive.domain.rules().len().to_string()),
        ],
    }
}
