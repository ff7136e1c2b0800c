//! What a free explorer is to look for: a person, and writes that the person could want.
//!
//! A theme steers exploration to what a dataset should cover, and is a function of the job alone. Steering by
//! what other jobs have found would make a result depend on which came first. So coverage comes from where
//! the plan has it already: cells take turns by slot, company is drawn evenly from the writes that the
//! person affords, and of several things that would do the explorer is to take the first in an order that is
//! drawn for this candidate, since models left to themselves take whatever is listed first.
//!
//! Whether the person affords the theme is found out by drawing goals for it as the symbolic explorer does,
//! so nobody pays for a search that can't succeed. Of these goals the theme tells no more than the tool. Those
//! that no write of an explorer leads to stay as they were drawn: questions, and wishes that a rule forbids
//! with the fact prepared for them.

use std::collections::BTreeSet;

use proto::job::{Cell, Wanted};
use proto::outcome::Rejection;
use proto::record::{Effect, Exploration, Goal, Introduction, Kind, PlannedCall, ToolSpec, Value};
use proto::seed::Seed;

use super::{Ground, drawn};
use crate::domains::{Domain, RestoreError};
use crate::environment::Environment;

/// What is to be looked for, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct Theme {
    ground: Ground,
    places: Vec<Place>,
    leads: Vec<PlannedCall>,
}

/// One of the goals that the cell wants.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Place {
    /// It is there already.
    Given(Box<Goal>),
    /// A write is to be found for it.
    Open(Sought),
}

/// A write to be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sought {
    /// The tool; the one to try first where others do as well.
    pub tool: String,
    /// Whether any other write does as well.
    pub any: bool,
    /// The slot that the customer will leave open.
    pub hide: Option<String>,
}

impl Theme {
    /// The theme of a job.
    ///
    /// # Errors
    /// When none of the people drawn affords it.
    pub fn of(domain: &dyn Domain, cell: &Cell, seed: Seed) -> Result<Self, Rejection> {
        let (ground, _) = drawn(domain, cell, seed)?;
        let place = |(place, (want, goal)): (usize, (&Wanted, &Goal))| {
            let sought = |any: bool| {
                let tool = goal.wish.call().map(|call| call.name.clone());
                Place::Open(Sought {
                    tool: tool.unwrap_or_default(),
                    any,
                    hide: match &cell.kind {
                        Kind::Hidden(slot) if place == 0 => Some(slot.clone()),
                        _ => None,
                    },
                })
            };
            match want {
                Wanted::Question | Wanted::Blocked(_) => Place::Given(Box::new(goal.clone())),
                Wanted::Write(_) => sought(false),
                Wanted::AnyWrite => sought(true),
            }
        };
        let pairs = cell.wants.iter().zip(&ground.goals).enumerate();
        let mut theme = Self {
            places: pairs.map(place).collect(),
            leads: Vec::new(),
            ground,
        };
        let world = domain.restore(&theme.ground.start.delta);
        if let Ok(world) = world {
            theme.leads = theme.order(domain, &*world, seed.child("leads", 0));
        }
        Ok(theme)
    }

    /// Look-ups of what the sought writes can be about, in the order in which to prefer it.
    fn order(&self, domain: &dyn Domain, world: &dyn Environment, seed: Seed) -> Vec<PlannedCall> {
        let tools: Vec<&str> = self.sought().map(|sought| sought.tool.as_str()).collect();
        let wanted = domain.tools().iter();
        let wanted = wanted.filter(|tool| tools.contains(&tool.name.as_str()));
        let properties = wanted.filter_map(|tool| tool.parameters.as_map()?.get("properties"));
        let arguments: BTreeSet<&String> = properties
            .filter_map(Value::as_map)
            .flat_map(|properties| properties.keys())
            .collect();
        let about = |read: &PlannedCall| {
            let mut given = read.arguments.iter();
            let own = |value: &Value| value.as_str() == Some(&self.ground.person);
            !read.arguments.is_empty()
                && given.all(|(name, value)| arguments.contains(name) && !own(value))
        };
        let mut leads = domain.reach(world, &self.ground.person);
        leads.retain(about);
        seed.rng().shuffle(&mut leads);
        leads
    }

    /// The writes to be found.
    pub fn sought(&self) -> impl Iterator<Item = &Sought> {
        self.places.iter().filter_map(|place| match place {
            Place::Given(_) => None,
            Place::Open(sought) => Some(sought),
        })
    }

    /// Whether a call of this tool can be of use: a look-up, or a write that may be among those to be found.
    pub fn seeks(&self, tool: &ToolSpec) -> bool {
        match tool.effect {
            Effect::Read => true,
            Effect::Write => self
                .sought()
                .any(|sought| sought.any || sought.tool == tool.name),
            Effect::Generic => false,
        }
    }

    /// A place for each goal that the cell wants.
    pub(super) fn places(&self) -> &[Place] {
        &self.places
    }

    /// Look-ups of what the writes can be about, the preferred first.
    pub fn leads(&self) -> &[PlannedCall] {
        &self.leads
    }

    /// Id of the person.
    pub fn person(&self) -> &str {
        &self.ground.person
    }

    /// How the person is authenticated.
    pub fn introduction(&self) -> &Introduction {
        &self.ground.introduction
    }

    /// The world where exploration starts.
    ///
    /// # Errors
    /// When the domain can't restore what it encoded.
    pub fn world(&self, domain: &dyn Domain) -> Result<Box<dyn Environment>, RestoreError> {
        domain.restore(&self.ground.start.delta)
    }

    /// The walk over these goals; an error says why there is none.
    pub fn walk(&self, domain: &dyn Domain, goals: Vec<Goal>) -> Result<Exploration, String> {
        self.ground.walk(domain, goals)
    }

    /// The walk of a theme in which nothing is to be found.
    pub fn given(&self, domain: &dyn Domain) -> Option<Result<Exploration, String>> {
        let goal = |place: &Place| match place {
            Place::Given(goal) => Some(Goal::clone(goal)),
            Place::Open(_) => None,
        };
        let goals: Option<Vec<Goal>> = self.places.iter().map(goal).collect();
        goals.map(|goals| self.walk(domain, goals))
    }
}
