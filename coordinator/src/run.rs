//! A run as a pure state machine: outcomes in, jobs out.
//!
//! Each slot goes through its candidates one after the other; a candidate goes through explore,
//! synthesize and verify. An admitted candidate waits until every lower slot of its stratum is
//! closed, and then settles, unless a settled lower slot of the stratum holds the same intent. So the
//! order in which outcomes arrive never matters. Settling starts the rollouts.
//!
//! Nothing here does IO. What is kept per slot has a fixed size: its state, and the intent digest once
//! it is settled; whatever is larger belongs to slots in the window.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;

use proto::job::Stage;
use proto::outcome::Reason;

use crate::plan::partition::Partition;

/// Slots begun and not closed, for each job of the window: those that wait for a lower one of their stratum
/// have no job in flight.
const OPEN: usize = 4;

/// One job, by what it is a function of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ask {
    /// The stage.
    pub stage: Stage,
    /// The slot.
    pub slot: u32,
    /// The candidate.
    pub candidate: u16,
    /// For a rollout: place of the agent in the plan, trial, and whether it is over the twin.
    pub rollout: Option<(u16, u32, bool)>,
}

/// With what a slot is filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filling {
    /// The slot.
    pub slot: u32,
    /// The candidate that fills it.
    pub candidate: u16,
    /// Whether its task has a twin.
    pub twin: bool,
}

/// The rollouts of a filled slot, in the order that they are asked for.
pub fn rollouts(filling: Filling, agents: u16, trials: u32) -> Vec<Ask> {
    let Filling {
        slot,
        candidate,
        twin,
    } = filling;
    let twins = if twin { &[false, true][..] } else { &[false] };
    let each = (0..agents).flat_map(|agent| (0..trials).map(move |trial| (agent, trial)));
    let each = each.flat_map(|(agent, trial)| twins.iter().map(move |&twin| (agent, trial, twin)));
    let ask = |rollout| Ask {
        stage: Stage::Rollout,
        slot,
        candidate,
        rollout: Some(rollout),
    };
    each.map(ask).collect()
}

/// What is known of an outcome without its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Result {
    /// The stage made what it was to make. For an admitted task: its intent and whether it has a twin.
    Made {
        /// First half of the intent digest; zeros for stages before verify.
        intent: [u8; 16],
        /// Whether there is a twin.
        twin: bool,
    },
    /// The candidate is turned down.
    Rejected(Reason),
    /// The job failed; its slot is closed.
    Failed,
}

/// Where a slot stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// Not begun, or another part's.
    Waiting,
    /// A candidate is under way, or admitted and waiting to settle.
    Trying(u16),
    /// Filled by this candidate, with or without a twin.
    Settled(u16, bool),
    /// Every candidate was turned down.
    Exhausted,
    /// A job of this candidate failed.
    Failed(u16),
}

/// Sizes of a run.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    /// Slots.
    pub slots: u32,
    /// Agents.
    pub agents: u16,
    /// Trials per task and agent.
    pub trials: u32,
    /// Candidates per slot.
    pub candidates: u16,
    /// Jobs in flight.
    pub window: usize,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Slots filled.
    pub settled: u32,
    /// Slots given up.
    pub exhausted: u32,
    /// Slots closed by a failed job.
    pub failed: u32,
    /// Rollouts with an outcome.
    pub rollouts: u64,
    /// Rollouts that the filled slots ask for.
    pub due: u64,
    /// Jobs with an outcome.
    pub jobs: u64,
    /// Jobs asked for and not answered, by stage.
    pub in_flight: [u32; 4],
    /// Candidates turned down.
    pub rejected: u64,
}

impl Progress {
    /// Slots that are closed, one way or another.
    pub fn closed(self) -> u32 {
        self.settled + self.exhausted + self.failed
    }
}

/// A candidate waiting in its stratum.
#[derive(Debug, Clone, Copy)]
struct Admitted {
    candidate: u16,
    intent: [u8; 16],
    twin: bool,
}

/// One run under way.
#[derive(Debug)]
pub struct Run {
    sizes: Sizes,
    stratum_of: fn(u32, u32) -> u32,
    strata: u32,
    part: Partition,
    /// The only slots that are begun, in order, if not all are.
    sample: Option<Arc<[u32]>>,
    slots: Vec<Slot>,
    next: u32,
    /// Slots begun and not closed, in order, by stratum.
    lines: Vec<VecDeque<u32>>,
    admitted: BTreeMap<u32, Admitted>,
    intents: Vec<HashSet<[u8; 16]>>,
    asks: VecDeque<Ask>,
    in_flight: usize,
    /// Duplicates found when settling, in order of settling.
    duplicates: Vec<(u32, u16)>,
    progress: Progress,
    /// Jobs that were asked for and will not be answered.
    given_up: u64,
    draining: bool,
}

impl Run {
    /// A run that has not begun.
    pub fn new(sizes: Sizes, strata: u32, stratum_of: fn(u32, u32) -> u32) -> Self {
        Self {
            sizes,
            stratum_of,
            strata,
            part: Partition::WHOLE,
            sample: None,
            slots: vec![Slot::Waiting; sizes.slots as usize],
            next: 0,
            lines: vec![VecDeque::new(); strata as usize],
            admitted: BTreeMap::new(),
            intents: vec![HashSet::new(); strata as usize],
            asks: VecDeque::new(),
            in_flight: 0,
            duplicates: Vec::new(),
            progress: Progress::default(),
            given_up: 0,
            draining: false,
        }
    }

    /// The same run, of which only the slots of a part are begun. The others stay as they are.
    #[must_use]
    pub fn only(self, part: Partition) -> Self {
        Self { part, ..self }
    }

    /// The same run, of which only these slots are begun, given in order. The others stay as they are.
    #[must_use]
    pub fn sampling(self, sample: Arc<[u32]>) -> Self {
        Self {
            sample: Some(sample),
            ..self
        }
    }

    /// The next job to do, if the window has room. Each is asked for once.
    pub fn ask(&mut self) -> Option<Ask> {
        // Work begun goes before new slots, and rollouts may not crowd the window out.
        if self.in_flight >= self.sizes.window || self.draining {
            return None;
        }
        while self.asks.is_empty()
            && self.next < self.sizes.slots
            && self.open_slots() < OPEN.saturating_mul(self.sizes.window)
        {
            self.begin();
        }
        let ask = self.asks.pop_front()?;
        self.in_flight += 1;
        self.progress.in_flight[ask.stage as usize] += 1;
        Some(ask)
    }

    /// Asks for nothing more; what is in flight still comes in.
    pub fn drain(&mut self) {
        self.draining = true;
    }

    /// Asks for nothing more, and waits no longer for a job that was asked for: it is done when the run is
    /// taken up again.
    pub fn give_up(&mut self, ask: Ask) {
        self.in_flight -= 1;
        self.progress.in_flight[ask.stage as usize] -= 1;
        self.given_up += 1;
        self.drain();
    }

    fn open_slots(&self) -> usize {
        self.lines.iter().map(VecDeque::len).sum()
    }

    fn begin(&mut self) {
        let slot = self.next;
        self.next += 1;
        let stratum = (self.stratum_of)(slot, self.strata);
        let sample = self.sample.as_deref();
        if !self.part.has(stratum) || sample.is_some_and(|it| it.binary_search(&slot).is_err()) {
            return;
        }
        self.lines[stratum as usize].push_back(slot);
        self.slots[slot as usize] = Slot::Trying(0);
        self.push(Stage::Explore, slot, 0);
    }

    fn push(&mut self, stage: Stage, slot: u32, candidate: u16) {
        self.asks.push_back(Ask {
            stage,
            slot,
            candidate,
            rollout: None,
        });
    }

    /// Takes the outcome of a job that was asked for.
    pub fn outcome(&mut self, ask: Ask, result: Result) {
        self.in_flight -= 1;
        self.progress.in_flight[ask.stage as usize] -= 1;
        self.progress.jobs += 1;
        if ask.stage == Stage::Rollout {
            self.progress.rollouts += 1;
            return;
        }
        match result {
            Result::Made { intent, twin } => match ask.stage {
                Stage::Explore => self.push(Stage::Synthesize, ask.slot, ask.candidate),
                Stage::Synthesize => self.push(Stage::Verify, ask.slot, ask.candidate),
                Stage::Verify => {
                    self.admitted.insert(
                        ask.slot,
                        Admitted {
                            candidate: ask.candidate,
                            intent,
                            twin,
                        },
                    );
                }
                Stage::Rollout => {}
            },
            Result::Rejected(_) => self.turn_down(ask.slot, ask.candidate),
            Result::Failed => {
                self.slots[ask.slot as usize] = Slot::Failed(ask.candidate);
                self.progress.failed += 1;
            }
        }
        self.settle(ask.slot);
    }

    /// Goes on to the next candidate, or gives the slot up.
    fn turn_down(&mut self, slot: u32, candidate: u16) {
        self.progress.rejected += 1;
        let next = candidate + 1;
        if next < self.sizes.candidates {
            self.slots[slot as usize] = Slot::Trying(next);
            self.push(Stage::Explore, slot, next);
        } else {
            self.slots[slot as usize] = Slot::Exhausted;
            self.progress.exhausted += 1;
        }
    }

    /// Settles what can be settled in the slot's stratum, in index order.
    fn settle(&mut self, slot: u32) {
        let stratum = (self.stratum_of)(slot, self.strata) as usize;
        while let Some(&front) = self.lines[stratum].front() {
            match self.slots[front as usize] {
                Slot::Trying(_) => {
                    let Some(admitted) = self.admitted.remove(&front) else {
                        return;
                    };
                    if self.intents[stratum].insert(admitted.intent) {
                        self.fill(front, admitted);
                    } else {
                        self.duplicates.push((front, admitted.candidate));
                        self.turn_down(front, admitted.candidate);
                        if self.slots[front as usize] != Slot::Exhausted {
                            return;
                        }
                    }
                }
                Slot::Exhausted | Slot::Failed(_) | Slot::Settled(..) | Slot::Waiting => {}
            }
            self.lines[stratum].pop_front();
        }
    }

    fn fill(&mut self, slot: u32, admitted: Admitted) {
        self.slots[slot as usize] = Slot::Settled(admitted.candidate, admitted.twin);
        self.progress.settled += 1;
        let filling = Filling {
            slot,
            candidate: admitted.candidate,
            twin: admitted.twin,
        };
        let rollouts = rollouts(filling, self.sizes.agents, self.sizes.trials);
        self.progress.due += rollouts.len() as u64;
        self.asks.extend(rollouts);
    }

    /// Whether every slot (of the part, if it is only a part) is closed and every rollout has its
    /// outcome.
    pub fn finished(&self) -> bool {
        let begun = self.next == self.sizes.slots && self.open_slots() == 0;
        begun && self.asks.is_empty() && self.in_flight == 0 && self.given_up == 0
    }

    /// Whether nothing is in flight.
    pub fn idle(&self) -> bool {
        self.in_flight == 0
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        self.progress
    }

    /// Where every slot stands.
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// Admitted candidates turned down as duplicates, in order of settling.
    pub fn duplicates(&self) -> &[(u32, u16)] {
        &self.duplicates
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proto::digest::Hasher;

    const STRATA: u32 = 3;

    fn stratum(slot: u32, strata: u32) -> u32 {
        slot * 7 % strata
    }

    fn sizes(window: usize) -> Sizes {
        Sizes {
            slots: 40,
            agents: 2,
            trials: 2,
            candidates: 4,
            window,
        }
    }

    /// A made-up world: what comes of a job is a function of the job alone.
    fn result(ask: &Ask) -> Result {
        let mut hasher = Hasher::new("test.outcome", 1);
        hasher
            .number(ask.stage as u64)
            .number(u64::from(ask.slot))
            .number(u64::from(ask.candidate));
        let draw = hasher.finish().head();
        match draw % 10 {
            0 if ask.stage != Stage::Rollout => Result::Rejected(Reason::NotAfforded),
            1 if ask.stage == Stage::Verify && draw.is_multiple_of(3) => Result::Failed,
            // Few intents, so that duplicates are common.
            _ => Result::Made {
                intent: [(draw / 16 % 9) as u8; 16],
                twin: draw.is_multiple_of(2),
            },
        }
    }

    /// Runs to the end, taking outcomes in the order that `choices` says.
    fn finish(window: usize, choices: &[u8]) -> (Vec<Slot>, Vec<Ask>) {
        let mut run = Run::new(sizes(window), STRATA, stratum);
        let mut flying: Vec<Ask> = Vec::new();
        let mut rollouts: Vec<Ask> = Vec::new();
        let mut turn = 0;
        while !run.finished() {
            while let Some(ask) = run.ask() {
                assert!(!flying.contains(&ask), "asked twice: {ask:?}");
                flying.push(ask);
            }
            assert!(flying.len() <= window);
            assert!(!flying.is_empty(), "nothing to do and not finished");
            let pick = usize::from(choices[turn % choices.len()]) % flying.len();
            turn += 1;
            let ask = flying.swap_remove(pick);
            if ask.stage == Stage::Rollout {
                rollouts.push(ask);
            }
            run.outcome(ask, result(&ask));
        }
        rollouts.sort();
        (run.slots().to_vec(), rollouts)
    }

    proptest! {
        #[test]
        fn the_order_of_arrival_never_matters(window in 1_usize..30, choices in prop::collection::vec(any::<u8>(), 1..60)) {
            let calm = finish(8, &[0]);
            prop_assert_eq!(finish(window, &choices), calm);
        }
    }

    #[test]
    fn who_waits_for_a_lower_slot_takes_no_room_in_the_window() {
        const WINDOW: usize = 4;
        let mut run = Run::new(sizes(WINDOW), 1, |_, _| 0);
        let slow = run.ask().unwrap();
        let mut admitted: u8 = 0;
        loop {
            // The window is full as long as more slots may be open.
            let mut flying = Vec::new();
            while let Some(ask) = run.ask() {
                flying.push(ask);
            }
            if flying.is_empty() {
                break;
            }
            let room = OPEN * WINDOW - 1 - usize::from(admitted);
            assert_eq!(flying.len(), room.min(WINDOW - 1));
            for ask in flying {
                admitted += u8::from(ask.stage == Stage::Verify);
                let intent = [admitted; 16];
                run.outcome(
                    ask,
                    Result::Made {
                        intent,
                        twin: false,
                    },
                );
            }
        }
        assert_eq!(usize::from(admitted), OPEN * WINDOW - 1);
        assert_eq!(run.progress().settled, 0, "all wait for slot {}", slow.slot);
        assert_eq!(run.progress().in_flight, [1, 0, 0, 0]);
        run.outcome(slow, Result::Failed);
        assert_eq!(run.progress().settled as usize, OPEN * WINDOW - 1);
    }

    #[test]
    fn every_slot_is_closed_and_no_intent_settles_twice_in_a_stratum() {
        let (slots, rollouts) = finish(8, &[0]);
        let mut seen = HashSet::new();
        for (slot, standing) in slots.iter().enumerate() {
            match *standing {
                Slot::Settled(candidate, twin) => {
                    let ask = Ask {
                        stage: Stage::Verify,
                        slot: slot as u32,
                        candidate,
                        rollout: None,
                    };
                    let Result::Made { intent, .. } = result(&ask) else {
                        panic!("settled without admission")
                    };
                    assert!(seen.insert((stratum(slot as u32, STRATA), intent)));
                    let here = rollouts
                        .iter()
                        .filter(|ask| ask.slot == slot as u32)
                        .count();
                    assert_eq!(here, if twin { 8 } else { 4 });
                }
                Slot::Exhausted | Slot::Failed(_) => {}
                other => panic!("slot {slot} is left {other:?}"),
            }
        }
    }
}
