//! What each slot asks for: a pure function of its index, the plan's mix and the domain's tables.
//!
//! Scenarios follow each other in a fixed weighted round, so any prefix of the slots holds the mix.
//! Within a scenario the cells of its table take turns, and within a cell the number of goals grows
//! with how often the cell has come up, since the simple wishes of a world run out first. A cell that
//! nobody of the slot's stratum affords is passed over for the next: what the base world lacks is part
//! of the plan too.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use proto::digest::Hasher;
use proto::job::{Cell, Wanted};
use proto::record::{Change, Effect, Kind, Scenario, Trigger};
use proto::seed::Seed;
use worker::domains::{self, Domain};
use worker::explore::explore;
use worker::rules::Sort;
use worker::synthesize::adapt::adapt;

use super::{Mix, Plan};

/// Numbers of goals that take turns while a cell is young.
const GOALS: [usize; 20] = [1, 2, 1, 1, 1, 3, 1, 2, 1, 1, 1, 2, 1, 1, 1, 2, 1, 1, 1, 4];
/// From this many occurrences of a cell on, a task has at least two goals; from the second, three.
const GROWTH: [u32; 2] = [60, 6_000];

/// Candidates that a slot spends on a cell before it goes on to the next.
const PATIENCE: u16 = 20;
/// How often a stratum is explored for a cell before the cell is passed over.
const PROBES: u64 = 6;

/// The tables of a domain that slots are laid out over.
#[derive(Debug, Clone)]
pub struct Layout {
    round: Vec<Scenario>,
    strata: u32,
    tools: Vec<String>,
    hidden: Vec<(String, String)>,
    changes: Vec<(Change, Trigger, String)>,
    /// Goal-blocking rules, and whether each blocks on the wish alone.
    blocked: Vec<(String, bool)>,
    probe: Arc<Probe>,
}

impl Layout {
    /// Lays a plan out over a domain.
    pub fn new(plan: &Plan, domain: &Arc<dyn Domain>) -> Self {
        let writes = domain
            .tools()
            .iter()
            .filter(|tool| tool.effect == Effect::Write);
        let tools: Vec<String> = writes.map(|tool| tool.name.clone()).collect();
        let hidden = domain
            .hideable()
            .iter()
            .map(|&(tool, slot)| (tool.to_owned(), slot.to_owned()))
            .collect();
        let blocking = domain
            .rules()
            .iter()
            .filter(|rule| rule.sort == Sort::GoalBlocking);
        Self {
            round: round(plan.mix),
            strata: plan.strata,
            changes: changes(&**domain, &tools),
            tools,
            hidden,
            blocked: blocking
                .map(|rule| (rule.id.to_owned(), domain.wish_only(rule.id)))
                .collect(),
            probe: Arc::new(Probe {
                domain: Arc::clone(domain),
                known: Mutex::default(),
            }),
        }
    }

    /// The cell that a candidate of a slot is made for. Most slots are filled from their own cell; one
    /// whose stratum holds too few different wishes of it goes on to the next cell of its scenario.
    pub fn cell(&self, slot: u32, candidate: u16) -> Cell {
        let (scenario, nth) = self.scenario_and_place(slot);
        let stratum = stratum(slot, self.strata);
        let form = |(kind, wants): Form| Cell {
            slot,
            stratum,
            strata: self.strata,
            scenario,
            kind,
            wants,
        };
        let mut forms = self.forms(scenario, nth).map(form);
        let own = forms.next().expect("a domain has tools, rules and slots");
        let passed_over = usize::from(candidate / PATIENCE);
        let afforded = std::iter::once(own.clone())
            .chain(forms)
            .filter(|cell| self.probe.affords(cell));
        afforded.into_iter().nth(passed_over).unwrap_or(own)
    }

    /// What a slot may ask for, best first: the cell whose turn it is, with less and less company,
    /// then the cells after it.
    fn forms(&self, scenario: Scenario, nth: u32) -> Box<dyn Iterator<Item = Form> + '_> {
        match scenario {
            Scenario::General => {
                Box::new(in_turn(&self.tools, nth, |tool, turn| general(tool, turn)))
            }
            Scenario::Ambiguous => Box::new(in_turn(&self.hidden, nth, ambiguous)),
            Scenario::Changing => Box::new(in_turn(&self.changes, nth, changing)),
            Scenario::Infeasible => Box::new(in_turn(&self.blocked, nth, infeasible)),
        }
    }

    /// Scenario of a slot.
    pub fn scenario(&self, slot: u32) -> Scenario {
        self.scenario_and_place(slot).0
    }

    /// Scenario of a slot, and how many slots before it have the same.
    fn scenario_and_place(&self, slot: u32) -> (Scenario, u32) {
        let period = self.round.len() as u32;
        let place = (slot % period) as usize;
        let scenario = self.round[place];
        let count =
            |part: &[Scenario]| part.iter().filter(|&&other| other == scenario).count() as u32;
        (
            scenario,
            slot / period * count(&self.round) + count(&self.round[..place]),
        )
    }
}

/// A kind and the goals it is asked with.
type Form = (Kind, Vec<Wanted>);

/// The forms of a table's entries, from the entry whose turn it is at the `nth` time.
fn in_turn<'t, T>(
    table: &'t [T],
    nth: u32,
    forms: fn(&T, u32) -> Vec<Form>,
) -> impl Iterator<Item = Form> + 't {
    let (first, turn) = split(nth, table.len());
    (0..table.len()).flat_map(move |step| forms(&table[(first + step) % table.len()], turn))
}

fn general(tool: &str, turn: u32) -> Vec<Form> {
    // A question by itself now and then, and beside writes more often.
    if turn % 12 == 7 {
        return vec![(Kind::Plain, vec![Wanted::Question])];
    }
    let asked = |mut wants: Vec<Wanted>| {
        if turn % 5 == 3 {
            wants.insert(0, Wanted::Question);
        }
        (Kind::Plain, wants)
    };
    (1..=goals(turn))
        .rev()
        .map(|goals| asked(with_company(tool, goals)))
        .collect()
}

fn ambiguous((tool, slot): &(String, String), turn: u32) -> Vec<Form> {
    let most = goals(turn).min(3);
    (1..=most)
        .rev()
        .map(|goals| (Kind::Hidden(slot.clone()), with_company(tool, goals)))
        .collect()
}

fn changing((change, trigger, tool): &(Change, Trigger, String), turn: u32) -> Vec<Form> {
    let least = match (change, trigger) {
        (Change::Addition | Change::Withdrawal, _) | (_, Trigger::AfterWrite) => 2,
        _ => 1,
    };
    let form = |goals: usize| {
        let mut wants = with_company(tool, goals);
        if *trigger == Trigger::AfterWrite && *change != Change::Addition {
            // The tool of the cell is the one that changes, after another goal is done.
            wants.swap(0, 1);
        } else if *change != Change::Addition {
            wants.reverse();
        }
        (Kind::Changed(*change, *trigger), wants)
    };
    (least..=goals(turn).clamp(least, 3))
        .rev()
        .map(form)
        .collect()
}

fn infeasible((rule, wish_only): &(String, bool), turn: u32) -> Vec<Form> {
    // Company also where the wish alone would leave nothing to show.
    let least = usize::from(*wish_only);
    let form = |company: usize| {
        let mut wants = vec![Wanted::Blocked(rule.clone())];
        wants.extend(vec![Wanted::AnyWrite; company]);
        if turn % 2 == 1 {
            wants.rotate_left(1);
        }
        (Kind::Blocked(rule.clone()), wants)
    };
    (least..=(goals(turn) - 1).clamp(least, 2))
        .rev()
        .map(form)
        .collect()
}

/// A write with this tool, and other writes beside it.
fn with_company(tool: &str, goals: usize) -> Vec<Wanted> {
    let mut wants = vec![Wanted::Write(tool.to_owned())];
    wants.extend(vec![Wanted::AnyWrite; goals - 1]);
    wants
}

/// Remembers what each stratum affords, found by exploring it with fixed seeds.
#[derive(Debug)]
struct Probe {
    domain: Arc<dyn Domain>,
    known: Mutex<HashMap<(u32, String), bool>>,
}

impl Probe {
    /// Whether somebody of the cell's stratum affords it.
    fn affords(&self, cell: &Cell) -> bool {
        let key = (cell.stratum, format!("{} {:?}", cell.kind, cell.wants));
        let mut known = self.known.lock().expect("a probe does not panic");
        if let Some(&answer) = known.get(&key) {
            return answer;
        }
        let seed = Seed::root(0).child(&key.1, u64::from(cell.stratum));
        let answer = (0..PROBES).any(|draw| {
            let seed = seed.child("probe", draw);
            let walk = explore(&*self.domain, cell, seed);
            walk.is_ok_and(|walk| adapt(&*self.domain, cell, &walk, seed).is_ok())
        });
        known.insert(key, answer);
        answer
    }
}

/// Which of `cells` comes at the `nth` time, and how often it has come before.
fn split(nth: u32, cells: usize) -> (usize, u32) {
    let cells = cells.max(1) as u32;
    ((nth % cells) as usize, nth / cells)
}

/// Number of goals at a cell's `turn`-th occurrence.
fn goals(turn: u32) -> usize {
    let least = 1 + GROWTH.iter().filter(|&&from| turn >= from).count();
    GOALS[turn as usize % GOALS.len()].max(least)
}

/// The stratum of a slot: spread by a digest, so that it goes with no cell.
pub fn stratum(slot: u32, strata: u32) -> u32 {
    let digest = Hasher::new("t2t.stratum", 1)
        .number(u64::from(slot))
        .finish();
    (digest.head() % u64::from(strata.max(1))) as u32
}

/// Scenarios in a round that holds each as often as its share says (smooth weighted round robin).
fn round(mix: Mix) -> Vec<Scenario> {
    let shares = [mix.general, mix.ambiguous, mix.changing, mix.infeasible];
    let divisor = shares.iter().copied().fold(0, gcd).max(1);
    let shares = shares.map(|share| i64::from(share / divisor));
    let total: i64 = shares.iter().sum();
    let mut credit = [0_i64; 4];
    (0..total.max(1))
        .map(|_| {
            credit
                .iter_mut()
                .zip(&shares)
                .for_each(|(credit, share)| *credit += share);
            let best = (0..4).rev().max_by_key(|&place| credit[place]).unwrap_or(0);
            credit[best] -= total;
            Scenario::ALL[best]
        })
        .collect()
}

fn gcd(one: u32, other: u32) -> u32 {
    if other == 0 {
        one
    } else {
        gcd(other, one % other)
    }
}

/// Every (change, trigger, tool) that can be carried out, tools in turn within each cell of the table.
fn changes(domain: &dyn Domain, tools: &[String]) -> Vec<(Change, Trigger, String)> {
    let mut cells = Vec::new();
    for tool in tools {
        for change in Change::ALL {
            for trigger in Trigger::ALL {
                // After a write it is the next goal that changes, as long as its tool allows a change
                // before it is proposed.
                let asked = match trigger {
                    Trigger::AfterWrite => Trigger::BeforeProposal,
                    other => other,
                };
                if domain.change_cell(tool, change, asked) == domains::Cell::Possible {
                    cells.push((change, trigger, tool.clone()));
                }
            }
        }
    }
    // Neighbouring slots differ in change and trigger as well as in tool.
    let stride = (1..cells.len().max(2))
        .rev()
        .find(|&stride| gcd(stride as u32, cells.len() as u32) == 1 && stride * 3 < cells.len() * 2)
        .unwrap_or(1);
    (0..cells.len())
        .map(|place| cells[place * stride % cells.len()].clone())
        .collect()
}
