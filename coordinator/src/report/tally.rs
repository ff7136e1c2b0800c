//! Plain counts behind a report: lengths, coverage, and what the proofs ran.

use std::collections::BTreeMap;

use proto::record::{Change, Check, Kind, Proof, Scenario, Trigger};

use super::entries::{Stratum, TaskEntry};
use super::model::{ControlRow, Count, Coverage, Distribution, Grid, GridRow, NotApplicableRow};

/// Counts by name, without an allocation for a name that was met before.
#[derive(Debug, Clone, Default)]
pub struct Names<T>(BTreeMap<String, T>);

impl<T: Default> Names<T> {
    /// The value of `name`.
    pub fn entry(&mut self, name: &str) -> &mut T {
        if !self.0.contains_key(name) {
            self.0.insert(name.to_owned(), T::default());
        }
        self.0.get_mut(name).expect("it was put there just now")
    }

    /// Names with their values, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}

/// The most frequent first, equals by name.
pub fn by_frequency(counts: &Names<u64>) -> Vec<Count> {
    let mut rows: Vec<Count> = counts
        .iter()
        .map(|(name, &count)| Count {
            name: name.to_owned(),
            count,
        })
        .collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.count));
    rows
}

/// How often each small number was met.
#[derive(Debug, Clone, Default)]
pub struct Histogram(BTreeMap<u32, u64>);

impl Histogram {
    /// Counts one value.
    pub fn add(&mut self, value: u32) {
        *self.0.entry(value).or_default() += 1;
    }

    /// A histogram of ready bins.
    pub fn of(bins: impl IntoIterator<Item = (u32, u64)>) -> Self {
        Self(bins.into_iter().collect())
    }

    /// With its mean, median and greatest value.
    pub fn distribution(&self, name: impl Into<String>) -> Distribution {
        let count: u64 = self.0.values().sum();
        let sum: u64 = self
            .0
            .iter()
            .map(|(&value, times)| u64::from(value) * times)
            .sum();
        let middle = if count == 0 {
            0.0
        } else {
            f64::from(self.ranked((count - 1) / 2) + self.ranked(count / 2)) / 2.0
        };
        Distribution {
            name: name.into(),
            count,
            mean: if count == 0 {
                0.0
            } else {
                sum as f64 / count as f64
            },
            median: middle,
            max: self.0.keys().next_back().copied().unwrap_or(0),
            bins: self
                .0
                .iter()
                .map(|(&value, &times)| (value, times))
                .collect(),
        }
    }

    /// The value at a place of the sorted values, 0 past the end.
    fn ranked(&self, place: u64) -> u32 {
        let mut below = 0;
        let found = self.0.iter().find(|(_, times)| {
            below += **times;
            below > place
        });
        found.map_or(0, |(&value, _)| value)
    }
}

/// What the tasks cover.
#[derive(Debug, Clone, Default)]
pub struct CoverageTally {
    tools: Names<[u64; 4]>,
    tool_tasks: Names<u64>,
    rules: Names<u64>,
    hidden: Names<u64>,
    changes: BTreeMap<(Change, Trigger), u64>,
}

impl CoverageTally {
    /// Counts a task (no twin) with the tools of its golden trajectory and the rules that block it.
    pub fn add(&mut self, scenario: Scenario, kind: &Kind, tools: &[&str], rules: &[&str]) {
        for tool in distinct(tools) {
            self.tools.entry(tool)[scenario as usize] += 1;
            *self.tool_tasks.entry(tool) += 1;
        }
        for rule in distinct(rules) {
            *self.rules.entry(rule) += 1;
        }
        match kind {
            Kind::Plain | Kind::Twin | Kind::Blocked(_) => {}
            Kind::Hidden(slot) => *self.hidden.entry(slot) += 1,
            Kind::Changed(change, trigger) => {
                *self.changes.entry((*change, *trigger)).or_default() += 1;
            }
        }
    }

    /// Makes sure that a tool or rule shows even when no task covers it.
    pub fn expect(&mut self, tools: &[String], rules: &[String]) {
        for tool in tools {
            self.tools.entry(tool);
            self.tool_tasks.entry(tool);
        }
        for rule in rules {
            self.rules.entry(rule);
        }
    }

    /// As tables.
    pub fn finish(&self) -> Coverage {
        let tools = self.tools.iter().zip(self.tool_tasks.iter());
        Coverage {
            tools: Grid {
                columns: Scenario::ALL.map(|s| s.label().to_owned()).to_vec(),
                rows: tools
                    .map(|((name, counts), (_, &total))| GridRow {
                        name: name.to_owned(),
                        counts: counts.to_vec(),
                        total,
                    })
                    .collect(),
            },
            rules: by_frequency(&self.rules),
            hidden: by_frequency(&self.hidden),
            changes: self.change_grid(),
        }
    }

    fn change_grid(&self) -> Grid {
        let at = |change, trigger| self.changes.get(&(change, trigger)).copied().unwrap_or(0);
        Grid {
            columns: Trigger::ALL.map(|t| t.label().to_owned()).to_vec(),
            rows: Change::ALL
                .into_iter()
                .map(|change| {
                    let counts = Trigger::ALL.map(|trigger| at(change, trigger)).to_vec();
                    GridRow {
                        name: change.label().to_owned(),
                        total: counts.iter().sum(),
                        counts,
                    }
                })
                .collect(),
        }
    }
}

/// The names without repeats, by name.
fn distinct<'a>(names: &[&'a str]) -> Vec<&'a str> {
    let mut names = names.to_vec();
    names.sort_unstable();
    names.dedup();
    names
}

/// Scripted agents that may pass one task of a pair so long as they fail the other.
const PAIR_CONTROLS: [&str; 1] = ["bureaucrat"];

/// The name of a scripted agent without its parameters.
fn base_name(agent: &str) -> &str {
    agent.split_once(':').map_or(agent, |(base, _)| base)
}

/// Runs and passes of one agent within one check.
#[derive(Debug, Clone, Copy, Default)]
struct Runs {
    runs: u64,
    passes: u64,
}

/// What the proofs ran, over all tasks and twins.
#[derive(Debug, Clone, Default)]
pub struct ProofTally {
    runs: BTreeMap<Check, Names<Runs>>,
    not_applicable: Names<[u64; 5]>,
    tasks: [u64; 5],
    /// Passes of controls, sorted out with the twins at the end: task, check, agent and user seed.
    passed: Vec<(u32, Check, u16, u32)>,
    agents: Names<Option<u16>>,
    bases: Vec<String>,
}

impl ProofTally {
    /// Counts the proof of a task or twin.
    pub fn add(&mut self, task: u32, stratum: Stratum, proof: &Proof) {
        let column = column(stratum);
        self.tasks[column] += 1;
        // Votes on a task are no runs of controls.
        let checks = proof.checks.iter();
        for held in checks.filter(|held| held.check != Check::Validity) {
            for trial in &held.trials {
                let runs = self.runs.entry(held.check).or_default();
                let runs = runs.entry(base_name(&trial.agent));
                runs.runs += 1;
                runs.passes += u64::from(trial.reward > 0);
                if trial.reward > 0 && held.check != Check::Solvable {
                    let agent = self.agent(&trial.agent);
                    self.passed.push((task, held.check, agent, trial.seed));
                }
            }
            for control in &held.not_applicable {
                self.not_applicable.entry(control)[column] += 1;
            }
        }
    }

    /// The number of a scripted agent, parameters included.
    fn agent(&mut self, name: &str) -> u16 {
        let number = self.agents.entry(name);
        *number.get_or_insert_with(|| {
            self.bases.push(base_name(name).to_owned());
            u16::try_from(self.bases.len() - 1).expect("far fewer scripted agents than 65,536")
        })
    }

    /// One row for every check and agent, in the order of the checks.
    pub fn controls(&self, tasks: &[Option<TaskEntry>]) -> Vec<ControlRow> {
        let excused = self.excused(tasks);
        let mut rows = Vec::new();
        for (check, agents) in &self.runs {
            for (agent, runs) in agents.iter() {
                let must_pass = *check == Check::Solvable;
                let excused = excused.get(&(*check, agent)).copied().unwrap_or(0);
                rows.push(ControlRow {
                    check: check.label().to_owned(),
                    agent: agent.to_owned(),
                    runs: runs.runs,
                    passes: runs.passes,
                    must_pass,
                    excused,
                    holds: runs.passes == if must_pass { runs.runs } else { excused },
                });
            }
        }
        rows
    }

    /// Passes at one task of a pair whose other task the same agent failed.
    fn excused(&self, tasks: &[Option<TaskEntry>]) -> BTreeMap<(Check, &str), u64> {
        let mut passed = self.passed.clone();
        passed.sort_unstable();
        let mut excused = BTreeMap::new();
        for &(task, check, agent, seed) in &passed {
            let base = self.bases[usize::from(agent)].as_str();
            let entry = tasks.get(task as usize).copied().flatten();
            let Some(other) = entry.and_then(|entry| entry.twin) else {
                continue;
            };
            let too = passed.binary_search(&(other, check, agent, seed)).is_ok();
            if PAIR_CONTROLS.contains(&base) && !too {
                *excused.entry((check, base)).or_default() += 1;
            }
        }
        excused
    }

    /// One row for every control that means nothing somewhere, by control, then scenario.
    pub fn not_applicable(&self, ceilings: &[Ceiling]) -> Vec<NotApplicableRow> {
        let mut rows = Vec::new();
        for (control, counts) in self.not_applicable.iter() {
            for stratum in Stratum::ALL {
                let (count, tasks) = (counts[column(stratum)], self.tasks[column(stratum)]);
                if count == 0 {
                    continue;
                }
                let ceiling = ceilings
                    .iter()
                    .find(|ceiling| ceiling.control == control && ceiling.stratum == stratum)
                    .map(|ceiling| ceiling.share);
                rows.push(NotApplicableRow {
                    control: control.to_owned(),
                    scenario: stratum.label().to_owned(),
                    count,
                    tasks,
                    ceiling,
                    within: ceiling.is_none_or(|share| count as f64 <= share * tasks as f64),
                });
            }
        }
        rows
    }
}

/// The greatest share of a scenario's tasks for which a control may mean nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Ceiling {
    /// The control, as proofs name it.
    pub control: String,
    /// Where.
    pub stratum: Stratum,
    /// The share, from 0 to 1.
    pub share: f64,
}

/// Place of a stratum among all.
fn column(stratum: Stratum) -> usize {
    match stratum {
        Stratum::Of(scenario) => scenario as usize,
        Stratum::Twin => Scenario::ALL.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::digest::Digest;
    use proto::record::{Passed, Trial};

    #[test]
    fn a_distribution_knows_its_middle() {
        let cases: [(&[u32], f64, f64, u32); 4] = [
            (&[], 0.0, 0.0, 0),
            (&[4], 4.0, 4.0, 4),
            (&[1, 2, 9], 4.0, 2.0, 9),
            (&[1, 2, 4, 5], 3.0, 3.0, 5),
        ];
        for (values, mean, median, max) in cases {
            let mut histogram = Histogram::default();
            values.iter().for_each(|&value| histogram.add(value));
            let found = histogram.distribution("n");
            assert_eq!(
                (found.mean, found.median, found.max),
                (mean, median, max),
                "{values:?}"
            );
        }
    }

    fn proof(agent: &str, check: Check, reward: u8) -> Proof {
        let trial = Trial {
            agent: agent.into(),
            seed: 1,
            reward,
            conversation: Digest([0; 32]),
        };
        let not_applicable = vec!["stale".to_owned()];
        Proof {
            checks: vec![Passed {
                check,
                trials: vec![trial],
                not_applicable,
            }],
        }
    }

    #[test]
    fn only_a_pair_excuses_only_the_bureaucrat() {
        let entry = |stratum, twin| {
            Some(TaskEntry {
                stratum,
                write: false,
                twin,
            })
        };
        let blocked = Stratum::Of(Scenario::Infeasible);
        let tasks = [
            entry(blocked, Some(1)),
            entry(Stratum::Twin, Some(0)),
            entry(blocked, Some(3)),
            entry(Stratum::Twin, Some(2)),
        ];
        // The bureaucrat passes the first task alone, and both of the second pair.
        let mut tally = ProofTally::default();
        for (task, reward) in [(0, 1), (1, 0), (2, 1), (3, 1)] {
            let stratum = tasks[task as usize].unwrap().stratum;
            tally.add(
                task,
                stratum,
                &proof("bureaucrat:late", Check::Null, reward),
            );
            tally.add(task, stratum, &proof("hasty", Check::Scenario, reward));
        }
        let rows = tally.controls(&tasks);
        let find = |agent: &str| rows.iter().find(|row| row.agent == agent).unwrap();
        let bureaucrat = find("bureaucrat");
        assert_eq!(
            (bureaucrat.runs, bureaucrat.passes, bureaucrat.excused),
            (4, 3, 1)
        );
        assert_eq!((find("hasty").passes, find("hasty").excused), (3, 0));
        assert!(!bureaucrat.holds && !find("hasty").holds);
    }

    #[test]
    fn a_ceiling_is_a_share_of_the_scenario() {
        let mut tally = ProofTally::default();
        let stratum = Stratum::Of(Scenario::Changing);
        for task in 0..4 {
            tally.add(task, stratum, &proof("null", Check::Null, 0));
        }
        let ceiling = |share| Ceiling {
            control: "stale".to_owned(),
            stratum,
            share,
        };
        assert!(tally.not_applicable(&[ceiling(1.0)])[0].within);
        assert!(!tally.not_applicable(&[ceiling(0.9)])[0].within);
        assert_eq!(tally.not_applicable(&[])[0].ceiling, None);
    }
}
