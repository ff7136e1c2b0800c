//! The intent adaptation: which goals are held first, which at the end, and when the change between
//! them is spoken.

use proto::job::Cell;
use proto::outcome::{Reason, Rejection};
use proto::record::{Actor, Change, Exploration, Goal, Intent, Kind, Trigger};
use proto::seed::Seed;

use crate::domains::{self, Domain};

/// How often a varied goal is drawn anew.
const DRAWS: u64 = 8;

/// An intent and the change in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Adapted {
    /// What is wanted.
    pub intent: Intent,
    /// What changes, when, and the goal the trigger waits for.
    pub change: Option<(Change, Trigger, usize)>,
}

/// Adapts the goals of a walk to the cell's kind.
pub fn adapt(
    domain: &dyn Domain,
    cell: &Cell,
    exploration: &Exploration,
    seed: Seed,
) -> Result<Adapted, Rejection> {
    let goals = exploration.goals.clone();
    let all: Vec<usize> = (0..goals.len()).collect();
    let Kind::Changed(change, trigger) = cell.kind else {
        let intent = Intent {
            person: exploration.person.clone(),
            goals,
            first: all.clone(),
            last: all,
        };
        return Ok(Adapted {
            intent,
            change: None,
        });
    };
    let mut changing = Changing {
        domain,
        exploration,
        goals,
        change,
        trigger,
        seed,
    };
    let (first, last, at) = changing.plan(&all)?;
    let intent = Intent {
        person: exploration.person.clone(),
        goals: changing.goals,
        first,
        last,
    };
    Ok(Adapted {
        intent,
        change: Some((change, trigger, at)),
    })
}

/// Goals held first, goals held last, and the goal the trigger waits for.
type Plan = (Vec<usize>, Vec<usize>, usize);

struct Changing<'a> {
    domain: &'a dyn Domain,
    exploration: &'a Exploration,
    goals: Vec<Goal>,
    change: Change,
    trigger: Trigger,
    seed: Seed,
}

impl Changing<'_> {
    fn plan(&mut self, all: &[usize]) -> Result<Plan, Rejection> {
        match self.change {
            Change::Addition => self.addition(all),
            Change::Withdrawal => self.withdrawal(all),
            Change::Slot | Change::Action | Change::Target => self.variation(all),
        }
    }

    /// The last goal comes only with the change.
    fn addition(&self, all: &[usize]) -> Result<Plan, Rejection> {
        let Some((_, first)) = all.split_last().filter(|(_, first)| !first.is_empty()) else {
            return Err(refused("an addition needs two goals"));
        };
        let at = *first.last().expect("checked above");
        Ok((first.to_vec(), all.to_vec(), at))
    }

    /// One goal is dropped; another remains, so that something is left to do.
    fn withdrawal(&self, all: &[usize]) -> Result<Plan, Rejection> {
        if all.len() < 2 {
            return Err(refused("a withdrawal needs two goals"));
        }
        // After a write it is the next goal that is taken back, since what is done is done.
        let (at, dropped) = match self.trigger {
            Trigger::AfterWrite => (all[0], all[1]),
            Trigger::BeforeProposal | Trigger::AtConfirmation => {
                (all[all.len() - 1], all[all.len() - 1])
            }
        };
        let last = all
            .iter()
            .copied()
            .filter(|&goal| goal != dropped)
            .collect();
        Ok((all.to_vec(), last, at))
    }

    /// A goal is replaced by another. After a write that is the same goal where the tool can be used
    /// again, else the next one.
    fn variation(&mut self, all: &[usize]) -> Result<Plan, Rejection> {
        let at = if self.trigger == Trigger::AfterWrite {
            all[0]
        } else {
            all[all.len() - 1]
        };
        let again = self.goals[at].wish.call().is_some_and(|call| {
            self.domain
                .change_cell(&call.name, self.change, self.trigger)
                == domains::Cell::Possible
        });
        let replaced = match (self.trigger, all.get(1)) {
            (Trigger::AfterWrite, Some(&next)) if !again => next,
            (Trigger::AfterWrite, None) if !again => {
                return Err(refused(
                    "the first write is final and there is no other goal",
                ));
            }
            _ => at,
        };
        let varied = self.vary(replaced, at)?;
        self.goals.push(varied);
        let new = self.goals.len() - 1;
        let last = if self.trigger == Trigger::AfterWrite && replaced == at {
            // What was done stays done; the new wish comes on top.
            all.iter()
                .copied()
                .take(1)
                .chain([new])
                .chain(all.iter().copied().skip(1))
                .collect()
        } else {
            all.iter()
                .map(|&goal| if goal == replaced { new } else { goal })
                .collect()
        };
        Ok((all.to_vec(), last, at))
    }

    /// Another goal in place of `replaced`, executable when the change is spoken.
    fn vary(&self, replaced: usize, at: usize) -> Result<Goal, Rejection> {
        let start = &self.exploration.walk.start.delta;
        let mut world = self
            .domain
            .restore(start)
            .map_err(|error| refused(&error.to_string()))?;
        if self.trigger == Trigger::AfterWrite
            && let Some(call) = self.goals[at].wish.call()
        {
            world.call(Actor::Assistant, &call.name, &call.arguments);
        }
        let goal = &self.goals[replaced];
        for draw in 0..DRAWS {
            let mut rng = self.seed.child("vary", draw).rng();
            let varied = self.domain.vary(
                &*world,
                &self.exploration.person,
                goal,
                self.change,
                &mut rng,
            );
            let Some(varied) = varied else { continue };
            let mut others =
                (0..self.goals.len()).filter(|&other| other != replaced && other != at);
            if varied.wish != goal.wish
                && !others.any(|other| self.domain.entangled(&self.goals[other], &varied))
            {
                return Ok(varied);
            }
        }
        Err(refused(&format!(
            "the world gives no other {} for {}",
            self.change.label(),
            goal.wish.call().map_or("a question", |call| &call.name)
        )))
    }
}

fn refused(detail: &str) -> Rejection {
    Rejection::new(Reason::NoChange, detail)
}
