//! Streaming statistics of a run: tasks and episodes go by one at a time, and only fixed-size entries
//! of them stay.

use std::collections::BTreeMap;

use proto::seed::Seed;

use super::entries::{Entry, MAX_TRIALS, Stratum, TaskEntry};
use super::model::{Distribution, ReportModel, RunFacts, Sample, VarietyRow};
use super::tally::{Ceiling, CoverageTally, Histogram, Names, ProofTally};
pub use super::views::{EpisodeView, FunnelStage, StatisticsError, TaskView};

/// What the statistics need to know beforehand.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Seed of the bootstrap.
    pub seed: Seed,
    /// Resamples of the bootstrap; 1,000 is usual.
    pub resamples: usize,
    /// Tools to show even when no task covers them.
    pub tools: Vec<String>,
    /// Goal-blocking rules to show even when no task covers them.
    pub rules: Vec<String>,
    /// How often a control may mean nothing.
    pub ceilings: Vec<Ceiling>,
    /// Lengths of golden trajectories to compare with.
    pub benchmark: Option<Distribution>,
    /// Figures on the variety of language.
    pub variety: Vec<VarietyRow>,
}

impl Settings {
    /// 1,000 resamples, nothing to compare with.
    pub fn new(seed: Seed) -> Self {
        Self {
            seed,
            resamples: 1000,
            tools: Vec::new(),
            rules: Vec::new(),
            ceilings: Vec::new(),
            benchmark: None,
            variety: Vec::new(),
        }
    }
}

/// Calls of the golden actions of the 114 base tasks of τ²-bench's retail domain.
pub fn tau2_retail_lengths() -> Distribution {
    let bins = [
        (0, 2),
        (1, 20),
        (2, 15),
        (3, 9),
        (4, 8),
        (5, 18),
        (6, 16),
        (7, 8),
        (8, 2),
        (9, 1),
        (10, 4),
        (11, 2),
        (12, 5),
        (13, 4),
    ];
    Histogram::of(bins).distribution("τ²-bench retail")
}

/// What is kept of one agent.
#[derive(Debug, Clone, Default)]
pub(super) struct AgentTally {
    pub(super) entries: Vec<Entry>,
    pub(super) episodes: u64,
    pub(super) scored: u64,
    pub(super) violations: Names<(u64, u64)>,
    pub(super) endings: Names<u64>,
    pub(super) turns: Histogram,
    pub(super) calls: Histogram,
}

/// Statistics in the making.
#[derive(Debug, Clone)]
pub struct Aggregate {
    pub(super) settings: Settings,
    pub(super) tasks: Vec<Option<TaskEntry>>,
    /// Pairs whose infeasible task has not gone by yet.
    pub(super) pairs: Vec<(u32, u32)>,
    pub(super) agents: Names<AgentTally>,
    pub(super) coverage: CoverageTally,
    pub(super) proofs: ProofTally,
    pub(super) golden: Histogram,
    pub(super) stages: [u64; 5],
    pub(super) rejections: BTreeMap<(String, String, String), u64>,
    pub(super) exhausted: Names<u64>,
}

impl AgentTally {
    /// Counts an episode, apart from its trial's bits.
    fn count(&mut self, episode: &EpisodeView<'_>) {
        self.episodes += 1;
        *self.endings.entry(episode.ending) += 1;
        self.turns.add(episode.turns);
        self.calls.add(episode.calls);
        if !episode.scored {
            return;
        }
        self.scored += 1;
        for (place, rule) in episode.violations.iter().enumerate() {
            let (episodes, breaches) = self.violations.entry(rule);
            *breaches += 1;
            *episodes += u64::from(!episode.violations[..place].contains(rule));
        }
    }
}

impl Aggregate {
    /// Nothing counted yet.
    pub fn new(settings: Settings) -> Self {
        let mut coverage = CoverageTally::default();
        coverage.expect(&settings.tools, &settings.rules);
        Self {
            settings,
            tasks: Vec::new(),
            pairs: Vec::new(),
            agents: Names::default(),
            coverage,
            proofs: ProofTally::default(),
            golden: Histogram::default(),
            stages: [0; 5],
            rejections: BTreeMap::new(),
            exhausted: Names::default(),
        }
    }

    /// Counts `count` candidates that reached a stage.
    pub fn observe_stage(&mut self, stage: FunnelStage, count: u64) {
        self.stages[stage as usize] += count;
    }

    /// Counts a candidate that `stage` rejected: the check that failed (`-` for none) and the code of
    /// the reason.
    pub fn observe_rejection(&mut self, stage: &str, check: &str, reason: &str) {
        let key = (stage.to_owned(), check.to_owned(), reason.to_owned());
        *self.rejections.entry(key).or_default() += 1;
    }

    /// Counts a slot that no candidate filled, with the reason of its last rejection.
    pub fn observe_exhausted(&mut self, reason: &str) {
        *self.exhausted.entry(reason) += 1;
    }

    /// Counts a task or a twin that fills its slot.
    pub fn observe_task(&mut self, task: &TaskView<'_>) {
        let place = task.index as usize;
        if self.tasks.len() <= place {
            self.tasks.resize(place + 1, None);
        }
        let stratum = Stratum::of(task.scenario, task.kind);
        self.tasks[place] = Some(TaskEntry {
            stratum,
            write: task.write,
            twin: task.twin_of,
        });
        self.pairs.extend(task.twin_of.map(|of| (of, task.index)));
        if stratum != Stratum::Twin {
            self.golden
                .add(u32::try_from(task.tools.len()).unwrap_or(u32::MAX));
            self.coverage
                .add(task.scenario, task.kind, &task.tools, &task.rules);
        }
        if let Some(proof) = task.proof {
            self.proofs.add(task.index, stratum, proof);
        }
    }

    /// Counts an episode. Its task must have gone by before.
    pub fn observe_episode(&mut self, episode: &EpisodeView<'_>) -> Result<(), StatisticsError> {
        let (task, trial) = (episode.task, episode.trial);
        let agent = || episode.agent.to_owned();
        if self.tasks.get(task as usize).is_none_or(Option::is_none) {
            return Err(StatisticsError::UnknownTask {
                agent: agent(),
                task,
            });
        }
        if trial >= MAX_TRIALS {
            return Err(StatisticsError::TrialOutOfRange {
                agent: agent(),
                task,
                trial,
            });
        }
        let tally = self.agents.entry(episode.agent);
        if tally.entries.len() <= task as usize {
            tally.entries.resize(task as usize + 1, Entry::default());
        }
        let entry = &mut tally.entries[task as usize];
        let bit = 1_u64 << trial;
        if entry.seen() & bit != 0 {
            return Err(StatisticsError::Repeated {
                agent: agent(),
                task,
                trial,
            });
        }
        if episode.scored {
            entry.scored |= bit;
            entry.passed |= if episode.reward >= 1.0 { bit } else { 0 };
            entry.lenient |= if episode.lenient >= 1.0 { bit } else { 0 };
        } else {
            entry.quarantined |= bit;
        }
        tally.count(episode);
        Ok(())
    }

    /// The report's figures, with the run's facts and the conversations to show.
    pub fn finish(mut self, run: RunFacts, samples: Vec<Sample>) -> ReportModel {
        for (task, twin) in std::mem::take(&mut self.pairs) {
            if let Some(Some(entry)) = self.tasks.get_mut(task as usize) {
                entry.twin = Some(twin);
            }
        }
        self.project(run, samples)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::model::{PassRow, Slice};
    use proto::record::{Kind, Scenario};

    fn task<'a>(index: u32, twin_of: Option<u32>, kind: &'a Kind) -> TaskView<'a> {
        let scenario = match kind {
            Kind::Blocked(_) => Scenario::Infeasible,
            _ => Scenario::General,
        };
        TaskView {
            index,
            twin_of,
            scenario,
            kind,
            write: twin_of.is_some(),
            tools: vec!["get_order_details"],
            rules: vec![],
            proof: None,
        }
    }

    fn episode(task: u32, agent: &str, trial: u32, reward: f64) -> EpisodeView<'_> {
        EpisodeView {
            task,
            agent,
            trial,
            scored: true,
            reward,
            lenient: reward,
            violations: &[],
            turns: 4,
            calls: 2,
            ending: "user.satisfied",
        }
    }

    fn finish(aggregate: Aggregate) -> ReportModel {
        aggregate.finish(RunFacts::default(), Vec::new())
    }

    fn row<'a>(model: &'a ReportModel, agent: &str, scenario: &str) -> &'a PassRow {
        let mut rows = model.pass.iter();
        let wanted = |row: &&PassRow| {
            row.agent == agent && row.scenario == scenario && row.slice == Slice::All
        };
        rows.find(wanted).unwrap()
    }

    #[test]
    fn refusing_everything_earns_nothing() {
        let (blocked, twin) = (Kind::Blocked("r".to_owned()), Kind::Twin);
        let mut aggregate = Aggregate::new(Settings::new(Seed::root(1)));
        // The twin goes by first: arrival order must not matter.
        aggregate.observe_task(&task(1, Some(0), &twin));
        aggregate.observe_task(&task(0, None, &blocked));
        for trial in 0..4 {
            for (agent, at_task, at_twin) in [("refuser", 1.0, 0.0), ("able", 1.0, 1.0)] {
                aggregate
                    .observe_episode(&episode(1, agent, trial, at_twin))
                    .unwrap();
                aggregate
                    .observe_episode(&episode(0, agent, trial, at_task))
                    .unwrap();
            }
        }
        let model = finish(aggregate);
        assert_eq!((model.counts.tasks, model.counts.twins), (1, 1));
        let refuser = row(&model, "refuser", "infeasible");
        assert_eq!((refuser.pass[0].mean, refuser.unpaired), (0.0, Some(1.0)));
        assert_eq!(row(&model, "refuser", "all").pass[0].mean, 0.0);
        assert_eq!(row(&model, "refuser", "twin").pass[0].mean, 0.0);
        assert_eq!(row(&model, "able", "infeasible").pass[3].mean, 1.0);
        let ahead = model
            .differences
            .iter()
            .find(|d| d.scenario == "all" && d.k == 4)
            .unwrap();
        assert_eq!((ahead.agent.as_str(), ahead.mean), ("able", 1.0));
    }

    #[test]
    fn above_two_percent_without_a_score_is_unreliable() {
        let kind = Kind::Plain;
        for (quarantined, unreliable) in [(2, false), (3, true)] {
            let mut aggregate = Aggregate::new(Settings::new(Seed::root(1)));
            for index in 0..100 {
                aggregate.observe_task(&task(index, None, &kind));
                let mut one = episode(index, "a", 0, 1.0);
                one.scored = index >= quarantined;
                aggregate.observe_episode(&one).unwrap();
            }
            let model = finish(aggregate);
            let all = row(&model, "a", "all");
            assert_eq!(
                (all.quarantined, all.unreliable),
                (u64::from(quarantined), unreliable)
            );
            let lower = 1.0 - f64::from(quarantined) / 100.0;
            assert!((all.pass[0].lower_bound - lower).abs() < 1e-12);
            assert_eq!((all.pass[0].mean, all.pass[0].upper_bound), (1.0, 1.0));
        }
    }

    #[test]
    fn arrival_order_does_not_matter() {
        let kind = Kind::Plain;
        let reward = |task: u32, trial: u32| f64::from((task * 7 + trial * 3) % 5 / 2 % 2);
        let fill = |agents: [&str; 2], places: &mut dyn Iterator<Item = u32>| {
            let mut aggregate = Aggregate::new(Settings::new(Seed::root(1)));
            for place in places {
                aggregate.observe_task(&task(place, None, &kind));
                for (agent, trial) in [(agents[0], 0), (agents[1], 0), (agents[0], 1)] {
                    let one = episode(place, agent, trial, reward(place, trial));
                    aggregate.observe_episode(&one).unwrap();
                }
                let last = episode(place, agents[1], 1, reward(place, 1));
                aggregate.observe_episode(&last).unwrap();
                aggregate.observe_rejection("verify", "P1 replay", &format!("r{}", place % 3));
            }
            finish(aggregate)
        };
        assert_eq!(
            fill(["a", "b"], &mut (0..50)),
            fill(["b", "a"], &mut (0..50).rev())
        );
    }

    #[test]
    fn what_cannot_be_counted_is_refused() {
        let kind = Kind::Plain;
        let mut aggregate = Aggregate::new(Settings::new(Seed::root(1)));
        aggregate.observe_task(&task(3, None, &kind));
        aggregate.observe_episode(&episode(3, "a", 0, 1.0)).unwrap();
        let cases = [
            (2, 0, "is unknown"),
            (3, 64, "limit of 64"),
            (3, 0, "counted before"),
        ];
        for (task, trial, says) in cases {
            let error = aggregate
                .observe_episode(&episode(task, "a", trial, 1.0))
                .unwrap_err();
            assert!(error.to_string().contains(says), "{error}");
        }
    }

    #[test]
    fn the_benchmark_has_its_known_figures() {
        let lengths = tau2_retail_lengths();
        assert_eq!((lengths.count, lengths.median, lengths.max), (114, 5.0, 13));
        assert!((lengths.mean - 4.8246).abs() < 1e-4);
    }
}
