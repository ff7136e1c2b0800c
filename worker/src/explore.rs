//! Exploring: a walk of one person through a world, over goals that the world affords.
//!
//! The symbolic explorer draws the goals. It looks up what an honest agent would need, tries each write on
//! a branch of the world and keeps the branch that succeeds. A walk is a function of cell and seed: people
//! are drawn from the cell's stratum until one affords the cell.
//!
//! A model explores freely ([`crate::roles::explorer`]). What it is to look for is a [`theme`], what it does
//! leaves a [`trail`], and what is left of the trail becomes goals; the walk over goals is the same for both.

pub mod theme;
pub mod trail;

use proto::ids::StateId;
use proto::job::{Cell, Wanted};
use proto::outcome::{Reason, Rejection};
use proto::record::{
    Actor, Effect, Exploration, Goal, Introduction, Kind, PlannedCall, Resolution, Snapshot, Step,
    Trajectory, Wish,
};
use proto::seed::{Rng, Seed};

use crate::domains::{Afforded, Domain, Want};
use crate::environment::Environment;

/// How many people are tried for one candidate, at most.
const PEOPLE: usize = 128;
/// How often a goal is drawn anew when it gets in the way of another.
const DRAWS: u64 = 6;

/// Walks over goals that are drawn.
pub fn explore(domain: &dyn Domain, cell: &Cell, seed: Seed) -> Result<Exploration, Rejection> {
    drawn(domain, cell, seed).map(|(_, walk)| walk)
}

/// The first person drawn who affords the cell: what they start from with a goal for each that the cell
/// wants, in its order, and the walk over these.
fn drawn(domain: &dyn Domain, cell: &Cell, seed: Seed) -> Result<(Ground, Exploration), Rejection> {
    let people = stratum_size(domain.people(), cell);
    if people == 0 {
        let detail = format!(
            "stratum {} of {} has no people; lower `strata`",
            cell.stratum, cell.strata
        );
        return Err(Rejection::new(Reason::NotAfforded, detail));
    }
    let mut why = String::new();
    let drawn = draw_people(people, seed.child("person", 0));
    for (attempt, &nth) in drawn.iter().enumerate() {
        let person = domain.person(cell.stratum as usize + nth * cell.strata as usize);
        let seed = seed.child("walk", attempt as u64);
        let walked = Ground::draw(domain, cell, person, seed).and_then(|ground| {
            let walk = ground.walk(domain, ground.goals.clone())?;
            Ok((ground, walk))
        });
        match walked {
            Ok(walked) => return Ok(walked),
            Err(reason) => why = reason,
        }
    }
    let detail = format!(
        "none of {} people drawn affords {}; the last: {why}",
        drawn.len(),
        wish_list(cell)
    );
    Err(Rejection::new(Reason::NotAfforded, detail))
}

/// Different people of a stratum in random order: all of a small one, some of a large one.
fn draw_people(people: usize, seed: Seed) -> Vec<usize> {
    let mut rng = seed.rng();
    if people <= 4 * PEOPLE {
        let mut all: Vec<usize> = (0..people).collect();
        rng.shuffle(&mut all);
        all.truncate(PEOPLE);
        return all;
    }
    (0..PEOPLE).map(|_| rng.below(people)).collect()
}

/// People whose place is congruent to the stratum.
fn stratum_size(people: usize, cell: &Cell) -> usize {
    let (stratum, strata) = (cell.stratum as usize, cell.strata.max(1) as usize);
    (people + strata - 1).saturating_sub(stratum) / strata
}

fn wish_list(cell: &Cell) -> String {
    let name = |want: &Wanted| match want {
        Wanted::Write(tool) => tool.clone(),
        Wanted::AnyWrite => "another write".to_owned(),
        Wanted::Question => "a question".to_owned(),
        Wanted::Blocked(rule) => format!("a wish blocked by {rule}"),
    };
    format!(
        "{} ({})",
        cell.wants.iter().map(name).collect::<Vec<_>>().join(", "),
        cell.kind
    )
}

/// What a person starts from, and the goals drawn for them.
#[derive(Debug, Clone, PartialEq)]
pub struct Ground {
    /// Id of the person.
    person: String,
    /// How they are authenticated.
    introduction: Introduction,
    /// Where the walk begins; a blocked wish may have a fact prepared in it.
    start: Snapshot,
    /// For a blocked wish with a fact in the world: the world in which it is allowed.
    twin: Option<Snapshot>,
    /// A goal for each that the cell wants, in its order.
    goals: Vec<Goal>,
}

impl Ground {
    /// Draws a goal for each that the cell wants.
    fn draw(domain: &dyn Domain, cell: &Cell, person: String, seed: Seed) -> Result<Self, String> {
        let mut rng = seed.child("introduction", 0).rng();
        let world = domain.start();
        let introduction = domain.introduce(&*world, &person, &mut rng);
        let mut draw = Draw {
            domain,
            person: &person,
            start: snapshot(domain, &*world),
            world,
            twin: None,
        };
        // A blocked wish may need a prepared fact in the world, so it is looked for first.
        // Company comes last, as it fits in with whatever is there.
        let mut order: Vec<usize> = (0..cell.wants.len()).collect();
        order.sort_by_key(|&place| match cell.wants[place] {
            Wanted::Blocked(_) => 0,
            Wanted::Write(_) | Wanted::Question => 1,
            Wanted::AnyWrite => 2,
        });
        let mut found: Vec<Option<Goal>> = vec![None; cell.wants.len()];
        for place in order {
            let others: Vec<&Goal> = found.iter().flatten().collect();
            let goal = draw.find(cell, place, &others, seed.child("goal", place as u64))?;
            found[place] = Some(goal);
        }
        let Draw { start, twin, .. } = draw;
        Ok(Self {
            introduction,
            start,
            twin,
            goals: found.into_iter().flatten().collect(),
            person,
        })
    }

    /// The walk over goals, in order: for each the look-ups that were not made before, then the write on a
    /// branch.
    fn walk(&self, domain: &dyn Domain, mut goals: Vec<Goal>) -> Result<Exploration, String> {
        // Who is handed over is gone: what can be done is done first.
        goals.sort_by_key(|goal| matches!(&goal.wish, Wish::Blocked(blocked) if blocked.resolution == Resolution::Transfer));
        let world = domain.restore(&self.start.delta);
        let mut walk = Walk {
            world: world.map_err(|error| error.to_string())?,
            steps: Vec::new(),
        };
        walk.step(self.introduction.call.clone(), None)?;
        for (place, goal) in goals.iter().enumerate() {
            for read in &goal.reads {
                if walk.steps.iter().all(|step| step.call != *read) {
                    walk.step(read.clone(), Some(place))?;
                }
            }
            if let Wish::Write(call) = &goal.wish {
                walk.step(call.clone(), Some(place))?;
            }
        }
        Ok(Exploration {
            person: self.person.clone(),
            introduction: self.introduction.clone(),
            goals,
            walk: Trajectory {
                start: self.start.clone(),
                steps: walk.steps,
            },
            twin: self.twin.clone(),
            parts: Vec::new(),
        })
    }
}

/// Goals being drawn for a person.
struct Draw<'a> {
    domain: &'a dyn Domain,
    person: &'a str,
    world: Box<dyn Environment>,
    start: Snapshot,
    twin: Option<Snapshot>,
}

impl Draw<'_> {
    /// Draws a goal that the start affords and that leaves the others alone.
    fn find(
        &mut self,
        cell: &Cell,
        place: usize,
        others: &[&Goal],
        seed: Seed,
    ) -> Result<Goal, String> {
        for draw in 0..DRAWS {
            let mut rng: Rng = seed.child("draw", draw).rng();
            let Some(afforded) = self.afford(cell, place, others, &mut rng) else {
                return Err(format!("{} has nothing for goal {place}", self.person));
            };
            if others
                .iter()
                .any(|other| self.domain.entangled(other, &afforded.goal))
            {
                continue;
            }
            if let Some(prepared) = afforded.start {
                self.world = prepared;
                self.start = snapshot(self.domain, &*self.world);
            }
            self.twin = self
                .twin
                .take()
                .or_else(|| afforded.twin.map(|twin| snapshot(self.domain, &*twin)));
            return Ok(afforded.goal);
        }
        Err(format!(
            "{}: goal {place} always touches what another goal touches",
            self.person
        ))
    }

    /// One draw of what the cell wants at a place.
    fn afford(
        &self,
        cell: &Cell,
        place: usize,
        others: &[&Goal],
        rng: &mut Rng,
    ) -> Option<Afforded> {
        let hide = match &cell.kind {
            Kind::Hidden(slot) if place == 0 => Some(slot.as_str()),
            _ => None,
        };
        let draw = |want: &Want<'_>, rng: &mut Rng| {
            self.domain.afford(&*self.world, self.person, want, rng)
        };
        match &cell.wants[place] {
            Wanted::Write(tool) => draw(&Want::Write { tool, hide }, rng),
            Wanted::Question => draw(&Want::Question, rng),
            Wanted::Blocked(rule) => draw(&Want::Blocked { rule }, rng),
            Wanted::AnyWrite => {
                let taken = |tool: &str| {
                    others
                        .iter()
                        .any(|goal| goal.wish.call().is_some_and(|call| call.name == tool))
                };
                let writes = self
                    .domain
                    .tools()
                    .iter()
                    .filter(|tool| tool.effect == Effect::Write && !taken(&tool.name));
                let mut tools: Vec<&str> = writes.map(|tool| tool.name.as_str()).collect();
                rng.shuffle(&mut tools);
                tools
                    .into_iter()
                    .find_map(|tool| draw(&Want::Write { tool, hide: None }, rng))
            }
        }
    }
}

/// A walk under way.
struct Walk {
    world: Box<dyn Environment>,
    steps: Vec<Step>,
}

impl Walk {
    fn step(&mut self, call: PlannedCall, goal: Option<usize>) -> Result<(), String> {
        let mut branch = self.world.fork();
        let observation = branch.call(Actor::Assistant, &call.name, &call.arguments);
        if observation.error {
            return Err(format!("{} failed: {}", call.name, observation.text));
        }
        self.world = branch;
        self.steps.push(Step {
            call,
            observation,
            state: self.world.state_id(),
            goal,
        });
        Ok(())
    }
}

/// A world as a snapshot.
pub fn snapshot(domain: &dyn Domain, world: &dyn Environment) -> Snapshot {
    let state: StateId = world.state_id();
    Snapshot {
        base: domain.base(),
        delta: world.delta(),
        state,
    }
}
