//! Real values, made when they are needed: jobs and outcomes of every stage, of both domains.

use std::sync::{Arc, LazyLock};

use proto::digest::Digest;
use proto::ids::RunId;
use proto::job::{Cell, Job, Stage, StageInput, Wanted, candidate_seed, job_id};
use proto::outcome::{Outcome, StageResult};
use proto::record::{
    Cast, Change, Effect, Episode, Kind, Message, Scenario, Task, Trigger, WorldRef, WorldSource,
};
use proto::seed::Seed;
use worker::domains::Domain;
use worker::domains::retail::Retail;
use worker::domains::retail::generate::{Parts, WorldSettings, generate};
use worker::domains::retail::state::Base;
use worker::domains::tickets::Tickets;
use worker::domains::tickets::desk::Desk;
use worker::rules::Sort;
use worker::stages::perform;

/// A shop large enough for every kind of wish.
pub static SHOP: LazyLock<Arc<dyn Domain>> =
    LazyLock::new(|| Arc::new(Retail::new(Arc::new(shop(20, 60, 150)))));

/// A desk.
pub static DESK: LazyLock<Arc<dyn Domain>> =
    LazyLock::new(|| Arc::new(Tickets::new(Arc::new(Desk::generate(30, Seed::root(3))))));

/// Everything that was made over the shop.
pub static OF_SHOP: LazyLock<Made> = LazyLock::new(|| Made::over(&**SHOP));

/// Everything that was made over the desk.
pub static OF_DESK: LazyLock<Made> = LazyLock::new(|| Made::over(&**DESK));

/// The generated shop of these sizes.
pub fn shop(products: usize, people: usize, orders: usize) -> Base {
    let settings = WorldSettings::new(products, people, orders).expect("sizes of a small shop");
    let Parts {
        products,
        users,
        orders,
    } = generate(&settings, Seed::root(5).child("world", 0));
    Base::build(products, users, orders).expect("what is generated fits together")
}

/// Jobs with their outcomes, one chain of stages for each kind of cell that the world affords.
#[derive(Debug, Default)]
pub struct Made {
    /// What was asked.
    pub jobs: Vec<Job>,
    /// What came of it.
    pub outcomes: Vec<Outcome>,
}

impl Made {
    fn over(domain: &dyn Domain) -> Self {
        let mut made = Self::default();
        for (slot, (scenario, kind, wants)) in forms(domain).into_iter().enumerate() {
            let cell = Cell {
                slot: slot as u32,
                stratum: 0,
                strata: 1,
                scenario,
                kind,
                wants,
            };
            made.chain(domain, &cell);
        }
        made
    }

    /// Takes the cell through the stages, by the first candidate that gets to the end.
    fn chain(&mut self, domain: &dyn Domain, cell: &Cell) {
        for candidate in 0..12 {
            let mut input = Some(StageInput::Explore);
            while let Some(next) = input {
                let stage = next.stage();
                let result = self.step(domain, cell, candidate, next);
                input = following(result);
                if stage == Stage::Rollout {
                    return;
                }
            }
        }
    }

    fn step(
        &mut self,
        domain: &dyn Domain,
        cell: &Cell,
        candidate: u16,
        input: StageInput,
    ) -> StageResult {
        let run = RunId(Digest::of(b"fuzz"));
        let job = Job {
            id: job_id(run, input.stage(), cell.slot, candidate, None),
            run,
            world: WorldRef {
                domain: domain.name().to_owned(),
                base: domain.base(),
                source: WorldSource::AtHand,
            },
            cell: cell.clone(),
            candidate,
            seed: candidate_seed(run, cell.slot, candidate),
            input,
            cast: Cast::default(),
            apart: Vec::new(),
        };
        let outcome = perform(domain, job.clone());
        self.jobs.push(job);
        self.outcomes.push(outcome.clone());
        outcome.result
    }

    /// Admitted tasks and their twins.
    pub fn tasks(&self) -> impl Iterator<Item = &Task> {
        self.outcomes
            .iter()
            .flat_map(|outcome| match &outcome.result {
                StageResult::Admitted { task, twin } => {
                    std::iter::once(&**task).chain(twin.as_deref()).collect()
                }
                _ => Vec::new(),
            })
    }

    /// Episodes.
    pub fn episodes(&self) -> impl Iterator<Item = &Episode> {
        self.outcomes
            .iter()
            .filter_map(|outcome| match &outcome.result {
                StageResult::Played(episode) => Some(&**episode),
                _ => None,
            })
    }

    /// What agents, if `agent`, or users said in the episodes.
    pub fn said(&self, agent: bool) -> Vec<Vec<u8>> {
        let of = |message: &Message| match message {
            Message::Assistant { text, .. } if agent && !text.is_empty() => {
                Some(text.clone().into_bytes())
            }
            Message::User { text } if !agent => Some(text.clone().into_bytes()),
            _ => None,
        };
        self.episodes()
            .flat_map(|episode| &episode.messages)
            .filter_map(of)
            .collect()
    }
}

/// What the next stage works on.
fn following(result: StageResult) -> Option<StageInput> {
    match result {
        StageResult::Explored(walk) => Some(StageInput::Synthesize(walk)),
        StageResult::Drafted { task, twin } => Some(StageInput::Verify { task, twin }),
        StageResult::Admitted { task, .. } => Some(StageInput::Rollout {
            task,
            agent: "noisy:0.3".to_owned(),
            trial: 0,
        }),
        StageResult::Played(_) | StageResult::Rejected(_) | StageResult::Failed { .. } => None,
    }
}

/// Cells of every scenario that the domain's tables allow.
fn forms(domain: &dyn Domain) -> Vec<(Scenario, Kind, Vec<Wanted>)> {
    let tools = domain
        .tools()
        .iter()
        .filter(|tool| tool.effect == Effect::Write);
    let write = |tool: &str| Wanted::Write(tool.to_owned());
    let mut forms: Vec<_> = tools
        .map(|tool| {
            (
                Scenario::General,
                Kind::Plain,
                vec![write(&tool.name), Wanted::AnyWrite],
            )
        })
        .collect();
    forms.push((Scenario::General, Kind::Plain, vec![Wanted::Question]));
    let hidden = domain.hideable().iter().step_by(2);
    forms.extend(hidden.map(|&(tool, slot)| {
        (
            Scenario::Ambiguous,
            Kind::Hidden(slot.to_owned()),
            vec![write(tool)],
        )
    }));
    let first = domain.hideable()[0].0;
    let changes = [
        (Change::Slot, Trigger::BeforeProposal),
        (Change::Withdrawal, Trigger::AtConfirmation),
        (Change::Addition, Trigger::AfterWrite),
    ];
    forms.extend(changes.map(|(change, trigger)| {
        (
            Scenario::Changing,
            Kind::Changed(change, trigger),
            vec![write(first), Wanted::AnyWrite],
        )
    }));
    let blocking = domain
        .rules()
        .iter()
        .filter(|rule| rule.sort == Sort::GoalBlocking);
    forms.extend(blocking.step_by(2).map(|rule| {
        (
            Scenario::Infeasible,
            Kind::Blocked(rule.id.to_owned()),
            vec![Wanted::Blocked(rule.id.to_owned()), Wanted::AnyWrite],
        )
    }));
    forms
}
