//! From statistics to the tables of the report.

use super::entries::{Entry, Stratum, TaskEntry, Trials};
use super::model::{
    ControlRow, Counts, DifferenceRow, EndingRow, EpisodeLengths, Funnel, Lengths, PassRow,
    RejectionRow, ReportModel, RunFacts, Sample, Slice, ViolationRow,
};
use super::pass::{Group, Paired};
use super::statistics::{AgentTally, Aggregate};
use super::tally::by_frequency;
use super::views::FunnelStage;

/// Above this share of trials without a score a figure is unreliable.
const UNRELIABLE_SHARE: f64 = 0.02;

/// The rows of the pass^k table: the headline, then every stratum.
const ROWS: [Option<Stratum>; 6] = {
    let [a, b, c, d, e] = Stratum::ALL;
    [None, Some(a), Some(b), Some(c), Some(d), Some(e)]
};

/// As written in reports.
fn row_label(row: Option<Stratum>) -> &'static str {
    row.map_or("all", Stratum::label)
}

/// Whether a task belongs to a row; the headline leaves the twins out.
fn belongs(task: TaskEntry, row: Option<Stratum>) -> bool {
    match row {
        None => task.stratum != Stratum::Twin,
        Some(stratum) => task.stratum == stratum,
    }
}

impl Slice {
    /// Whether a task belongs to the slice.
    fn holds(self, task: TaskEntry) -> bool {
        match self {
            Self::All => true,
            Self::Write => task.write,
            Self::NoWrite => !task.write,
        }
    }
}

impl AgentTally {
    /// The agent's trials at a task, an infeasible one with its twin.
    fn trials(&self, place: usize, task: TaskEntry) -> Trials {
        let entry = self.entry(place);
        if task.stratum != Stratum::Of(proto::record::Scenario::Infeasible) {
            return entry.alone();
        }
        match task.twin {
            Some(twin) => entry.with_twin(&self.entry(twin as usize)),
            // A rule that blocks on the wish alone has no twin; its feasible part shows the work.
            None => entry.alone(),
        }
    }

    fn entry(&self, place: usize) -> Entry {
        self.entries.get(place).copied().unwrap_or_default()
    }
}

impl Aggregate {
    /// Every table of the report.
    pub(super) fn project(&self, run: RunFacts, samples: Vec<Sample>) -> ReportModel {
        let controls = self.proofs.controls(&self.tasks);
        ReportModel {
            run,
            counts: self.counts(&controls),
            funnel: self.funnel(),
            controls,
            not_applicable: self.proofs.not_applicable(&self.settings.ceilings),
            pass: self.pass_rows(),
            differences: self.difference_rows(),
            violations: self.violation_rows(),
            endings: self.ending_rows(),
            models: Vec::new(),
            cost: None,
            judged: Vec::new(),
            coverage: self.coverage.finish(),
            lengths: self.lengths(),
            variety: self.settings.variety.clone(),
            samples,
        }
    }

    /// Tasks and twins with their indices.
    fn entries(&self) -> impl Iterator<Item = (usize, TaskEntry)> {
        let tasks = self.tasks.iter().enumerate();
        tasks.filter_map(|(place, task)| task.map(|task| (place, task)))
    }

    fn counts(&self, controls: &[ControlRow]) -> Counts {
        let mut counts = Counts::default();
        for (_, task) in self.entries() {
            match (task.stratum, task.write) {
                (Stratum::Twin, _) => counts.twins += 1,
                (Stratum::Of(_), true) => counts.write_tasks += 1,
                (Stratum::Of(_), false) => counts.no_write_tasks += 1,
            }
        }
        counts.tasks = counts.write_tasks + counts.no_write_tasks;
        for (_, agent) in self.agents.iter() {
            counts.episodes += agent.episodes;
            counts.scored += agent.scored;
        }
        counts.quarantined = counts.episodes - counts.scored;
        for row in controls {
            if row.must_pass {
                counts.gold_runs += row.runs;
                counts.gold_passes += row.passes;
            } else {
                counts.control_runs += row.runs;
                counts.control_passes += row.passes - row.excused;
            }
        }
        counts
    }

    fn funnel(&self) -> Funnel {
        let stages = FunnelStage::ALL
            .into_iter()
            .map(|stage| super::model::Count {
                name: stage.label().to_owned(),
                count: self.stages[stage as usize],
            });
        let mut rejections: Vec<RejectionRow> = self
            .rejections
            .iter()
            .map(|((stage, check, reason), &count)| RejectionRow {
                stage: stage.clone(),
                check: check.clone(),
                reason: reason.clone(),
                count,
            })
            .collect();
        rejections.sort_by_key(|row| std::cmp::Reverse(row.count));
        Funnel {
            stages: stages.collect(),
            rejections,
            exhausted: by_frequency(&self.exhausted),
        }
    }

    fn pass_rows(&self) -> Vec<PassRow> {
        let mut rows = Vec::new();
        for (name, agent) in self.agents.iter() {
            for row in ROWS {
                for slice in Slice::ALL {
                    rows.extend(self.pass_row(name, agent, row, slice));
                }
            }
        }
        rows
    }

    fn pass_row(
        &self,
        name: &str,
        agent: &AgentTally,
        row: Option<Stratum>,
        slice: Slice,
    ) -> Option<PassRow> {
        let (mut group, mut alone) = (Group::default(), Group::default());
        for (place, task) in self.entries() {
            if belongs(task, row) && slice.holds(task) {
                group.add(&agent.trials(place, task));
                alone.add(&agent.entry(place).alone());
            }
        }
        if group.tasks == 0 {
            return None;
        }
        let label = format!("pass/{name}/{}/{}", row_label(row), slice.label());
        let infeasible = Some(Stratum::Of(proto::record::Scenario::Infeasible));
        Some(PassRow {
            agent: name.to_owned(),
            scenario: row_label(row).to_owned(),
            slice,
            tasks: group.tasks,
            trials: group.trials,
            quarantined: group.unknown,
            unreliable: group.unknown as f64 > UNRELIABLE_SHARE * group.trials as f64,
            pass: group.pass(
                &self.settings.seed.child(&label, 0),
                self.settings.resamples,
            ),
            lenient: group.lenient(),
            unpaired: if row == infeasible {
                alone.first()
            } else {
                None
            },
        })
    }

    fn difference_rows(&self) -> Vec<DifferenceRow> {
        let agents: Vec<(&str, &AgentTally)> = self.agents.iter().collect();
        let mut rows = Vec::new();
        for (place, one) in agents.iter().enumerate() {
            for other in &agents[place + 1..] {
                for row in ROWS {
                    rows.extend(self.differences_between(*one, *other, row));
                }
            }
        }
        rows
    }

    /// The differences at k = 1 and at the most trials in common.
    fn differences_between(
        &self,
        one: (&str, &AgentTally),
        other: (&str, &AgentTally),
        row: Option<Stratum>,
    ) -> Vec<DifferenceRow> {
        let mut paired = Paired::default();
        for (place, task) in self.entries() {
            if belongs(task, row) {
                paired.add(&one.1.trials(place, task), &other.1.trials(place, task));
            }
        }
        let mut ks = vec![1, paired.most()];
        ks.dedup();
        let label = format!("difference/{}/{}/{}", one.0, other.0, row_label(row));
        let seed = self.settings.seed.child(&label, 0);
        ks.into_iter()
            .filter_map(|k| {
                let found = paired.difference(k, &seed, self.settings.resamples)?;
                Some(DifferenceRow {
                    agent: one.0.to_owned(),
                    against: other.0.to_owned(),
                    scenario: row_label(row).to_owned(),
                    k,
                    tasks: found.tasks,
                    mean: found.mean,
                    low: found.low,
                    high: found.high,
                })
            })
            .collect()
    }

    fn violation_rows(&self) -> Vec<ViolationRow> {
        let rows = self.agents.iter().flat_map(|(name, agent)| {
            agent
                .violations
                .iter()
                .map(move |(rule, &(episodes, breaches))| ViolationRow {
                    agent: name.to_owned(),
                    rule: rule.to_owned(),
                    episodes,
                    breaches,
                    of: agent.scored,
                })
        });
        rows.collect()
    }

    fn ending_rows(&self) -> Vec<EndingRow> {
        let rows = self.agents.iter().flat_map(|(name, agent)| {
            agent.endings.iter().map(move |(ending, &count)| EndingRow {
                agent: name.to_owned(),
                ending: ending.to_owned(),
                count,
                of: agent.episodes,
            })
        });
        rows.collect()
    }

    fn lengths(&self) -> Lengths {
        let episodes = self.agents.iter().map(|(name, agent)| EpisodeLengths {
            agent: name.to_owned(),
            turns: agent.turns.distribution("turns"),
            calls: agent.calls.distribution("tool calls"),
        });
        Lengths {
            golden: self.golden.distribution("this run"),
            benchmark: self.settings.benchmark.clone(),
            episodes: episodes.collect(),
        }
    }
}
