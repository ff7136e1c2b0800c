//! Scripted agents by name: gold, noisy, and the controls that no admitted task lets pass.
//!
//! | name | what it does |
//! |---|---|
//! | `gold` | solves the task as its golden trajectory does |
//! | `noisy:P` | gold that errs at each decision with probability P |
//! | `null` | says one neutral sentence, calls nothing |
//! | `refuser:R` | declines for reason R, reads nothing |
//! | `transferrer` | hands over to a human at once |
//! | `asker` | asks for every slot, never writes |
//! | `parrot` | reads everything, tells everything |
//! | `bureaucrat:R`, `bureaucrat:transfer` | reads everything, then declines for R, or hands over |
//! | `hasty:write:N`, `hasty:propose:N` | grounds the hidden slot by itself, as the N-th candidate first |
//! | `stale` | serves the intent held at the start |
//! | `reckless` | carries the blocked wish out |
//! | `heldout` | an honest agent written from the policy and the tools alone; does not know the task |
//! | `dropped:N`, `added`, `tampered:N:M` | gold with a write left out, one added, one argument changed |

pub mod controls;
pub mod heldout;
pub mod noisy;
pub mod plan;
pub mod scripted;

use proto::record::Task;
use proto::seed::Seed;

use super::Agent;
use crate::domains::Domain;
use plan::{Bend, Move, course};
use scripted::Scripted;

/// Gold's course over a task.
pub fn golden_course(domain: &dyn Domain, task: &Task, bend: Bend) -> Vec<Move> {
    course(domain, task, bend)
}

/// The agent that solves the task.
pub fn gold<'a>(domain: &'a dyn Domain, task: &'a Task, seed: Seed) -> Scripted<'a> {
    Scripted::new(
        domain,
        task,
        golden_course(domain, task, Bend::default()),
        seed,
    )
}

/// An agent that may be given in a plan.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PlannedAgent {
    /// Solves the task.
    Gold,
    /// Errs at each decision with this probability.
    Noisy(f64),
    /// Knows only the policy and the tools.
    HeldOut,
    /// A control by the name of its family.
    Control(controls::Family),
}

/// A name that is no agent's.
#[derive(Debug, thiserror::Error)]
#[error("no agent is called `{name}`; there are gold, noisy:P (0 <= P <= 1), heldout, {}", controls::Family::NAMES.join(", "))]
pub struct UnknownAgent {
    /// The name given.
    pub name: String,
}

impl PlannedAgent {
    /// Reads a name such as `noisy:0.2`.
    pub fn parse(name: &str) -> Result<Self, UnknownAgent> {
        let unknown = || UnknownAgent {
            name: name.to_owned(),
        };
        if name == "gold" {
            return Ok(Self::Gold);
        }
        if name == "heldout" {
            return Ok(Self::HeldOut);
        }
        if let Some(p) = name.strip_prefix("noisy:") {
            let p: f64 = p.parse().map_err(|_| unknown())?;
            return (0.0..=1.0)
                .contains(&p)
                .then_some(Self::Noisy(p))
                .ok_or_else(unknown);
        }
        controls::Family::parse(name)
            .map(Self::Control)
            .ok_or_else(unknown)
    }

    /// The agent, ready to talk.
    pub fn build<'a>(
        &self,
        domain: &'a dyn Domain,
        task: &'a Task,
        seed: Seed,
    ) -> Box<dyn Agent + 'a> {
        match self {
            Self::Gold => Box::new(gold(domain, task, seed)),
            Self::Noisy(p) => Box::new(noisy::noisy(domain, task, *p, seed)),
            Self::HeldOut => Box::new(heldout::HeldOut::new()),
            Self::Control(family) => family.any(domain, task, seed),
        }
    }
}
