//! pass^k: how likely an agent is to succeed in all of k trials of a task.

use std::collections::BTreeMap;

use proto::seed::Seed;

use super::entries::Trials;
use super::model::PassAt;
use super::resample::{Class, averages, intervals};

/// Unbiased estimate of pass^k from `passed` successes in `trials`: C(passed, k) / C(trials, k).
/// None when there are fewer than k trials.
pub fn ratio(trials: u32, passed: u32, k: u32) -> Option<f64> {
    if trials < k {
        return None;
    }
    Some(
        (0..k)
            .map(|taken| f64::from(passed.saturating_sub(taken)) / f64::from(trials - taken))
            .product(),
    )
}

/// Tasks by how many trials they had and how many of these passed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally(BTreeMap<(u32, u32), u64>);

impl Tally {
    /// Adds a task with `trials`, `passed` of them successful; one without trials counts for nothing.
    pub fn add(&mut self, trials: u32, passed: u32) {
        if trials > 0 {
            *self.0.entry((trials, passed)).or_default() += 1;
        }
    }

    /// How many trials a task had at most.
    pub fn most(&self) -> u32 {
        self.0.keys().map(|(trials, _)| *trials).max().unwrap_or(0)
    }

    /// Tasks with at least `k` trials.
    pub fn tasks(&self, k: u32) -> u64 {
        let enough = self.0.iter().filter(|((trials, _), _)| *trials >= k);
        enough.map(|(_, count)| count).sum()
    }

    /// pass^k for k = 1 to `most`, none where no task has that many trials.
    pub fn means(&self, most: u32) -> Vec<Option<f64>> {
        averages(&self.classes(most), most as usize)
    }

    /// The classes, the largest first, which makes resampling cheap.
    fn classes(&self, most: u32) -> Vec<Class> {
        let mut classes: Vec<Class> = self
            .0
            .iter()
            .map(|(&(trials, passed), &count)| Class {
                count,
                values: (1..=most).map(|k| ratio(trials, passed, k)).collect(),
            })
            .collect();
        classes.sort_by_key(|class| std::cmp::Reverse(class.count));
        classes
    }
}

/// What is known of the trials of a group of tasks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Group {
    /// Tasks with a trial.
    pub tasks: u64,
    /// Trials, with or without a score.
    pub trials: u64,
    /// Trials without a score.
    pub unknown: u64,
    /// Scored trials only.
    scored: Tally,
    /// All trials, those without a score failed.
    worst: Tally,
    /// All trials, those without a score passed, where that is possible.
    best: Tally,
    /// Scored trials, a lucky guess passed.
    lenient: Tally,
}

impl Group {
    /// Adds the trials of one task.
    pub fn add(&mut self, trials: &Trials) {
        let (scored, unknown) = (trials.scored.count_ones(), trials.unknown.count_ones());
        let passed = trials.passed.count_ones();
        if scored + unknown == 0 {
            return;
        }
        self.tasks += 1;
        self.trials += u64::from(scored + unknown);
        self.unknown += u64::from(unknown);
        self.scored.add(scored, passed);
        self.worst.add(scored + unknown, passed);
        self.best
            .add(scored + unknown, passed + trials.possible.count_ones());
        self.lenient.add(scored, trials.lenient.count_ones());
    }

    /// pass^k for every k up to the most trials that a task has, with intervals and bounds.
    pub fn pass(&self, seed: &Seed, resamples: usize) -> Vec<PassAt> {
        let most = self.scored.most();
        let classes = self.scored.classes(most);
        let figures = most as usize;
        let means = averages(&classes, figures);
        let ranges = intervals(&classes, figures, seed, resamples);
        let (worst, best) = (self.worst.means(most), self.best.means(most));
        (1..=most)
            .zip(means.into_iter().zip(ranges))
            .zip(worst.into_iter().zip(best))
            .filter_map(|((k, (mean, range)), (worst, best))| {
                let (low, high) = range?;
                Some(PassAt {
                    k,
                    tasks: self.scored.tasks(k),
                    mean: mean?,
                    low,
                    high,
                    lower_bound: worst?,
                    upper_bound: best?,
                })
            })
            .collect()
    }

    /// pass^1 of the scored trials when a lucky guess counts.
    pub fn lenient(&self) -> Option<f64> {
        self.lenient.means(1)[0]
    }

    /// pass^1 of the scored trials.
    pub fn first(&self) -> Option<f64> {
        self.scored.means(1)[0]
    }
}

/// Differences between two agents, task by task, on the trials that both were scored on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Paired(BTreeMap<(u32, u32, u32), u64>);

impl Paired {
    /// Adds one task as both agents met it.
    pub fn add(&mut self, one: &Trials, other: &Trials) {
        let common = one.scored & other.scored;
        let key = (
            common.count_ones(),
            (one.passed & common).count_ones(),
            (other.passed & common).count_ones(),
        );
        if key.0 > 0 {
            *self.0.entry(key).or_default() += 1;
        }
    }

    /// The most trials that a task has in common.
    pub fn most(&self) -> u32 {
        self.0.keys().map(|key| key.0).max().unwrap_or(0)
    }

    /// Tasks with at least `k` trials in common, mean difference of pass^k and its interval.
    pub fn difference(&self, k: u32, seed: &Seed, resamples: usize) -> Option<Difference> {
        let mut classes: Vec<Class> = self
            .0
            .iter()
            .filter_map(|(&(trials, one, other), &count)| {
                let value = ratio(trials, one, k)? - ratio(trials, other, k)?;
                Some(Class {
                    count,
                    values: vec![Some(value)],
                })
            })
            .collect();
        classes.sort_by_key(|class| std::cmp::Reverse(class.count));
        let (low, high) = intervals(&classes, 1, seed, resamples).pop()??;
        Some(Difference {
            tasks: classes.iter().map(|class| class.count).sum(),
            mean: averages(&classes, 1).pop()??,
            low,
            high,
        })
    }
}

/// A mean difference with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// Tasks it is over.
    pub tasks: u64,
    /// The mean, from -1 to 1.
    pub mean: f64,
    /// Lower end of the 95 % interval.
    pub low: f64,
    /// Upper end of it.
    pub high: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Share of the k-subsets of `trials` that hold successes only, the first `passed` being those.
    fn enumerated(trials: u32, passed: u32, k: u32) -> Option<f64> {
        let (mut all, mut good) = (0_u32, 0_u32);
        for subset in 0_u32..1 << trials {
            if subset.count_ones() == k {
                all += 1;
                good += u32::from(subset >> passed == 0);
            }
        }
        (all > 0).then(|| f64::from(good) / f64::from(all))
    }

    #[test]
    fn ratio_equals_enumeration() {
        for trials in 0..=8 {
            for passed in 0..=trials {
                for k in 1..=9 {
                    let (found, wanted) = (ratio(trials, passed, k), enumerated(trials, passed, k));
                    match (found, wanted) {
                        (Some(found), Some(wanted)) => {
                            assert!((found - wanted).abs() < 1e-12, "{trials} {passed} {k}");
                        }
                        (found, wanted) => assert_eq!(found, wanted, "{trials} {passed} {k}"),
                    }
                }
            }
        }
    }

    fn trials(scored: u64, passed: u64) -> Trials {
        Trials {
            scored,
            passed,
            lenient: passed,
            unknown: 0,
            possible: 0,
        }
    }

    #[test]
    fn a_group_averages_over_tasks() {
        let mut group = Group::default();
        group.add(&trials(0b1111, 0b1111));
        group.add(&trials(0b1111, 0b0011));
        group.add(&trials(0b0011, 0b0001));
        group.add(&trials(0, 0));
        let pass = group.pass(&Seed::root(1), 1000);
        assert_eq!((group.tasks, group.trials, pass.len()), (3, 10, 4));
        assert!((pass[0].mean - (1.0 + 0.5 + 0.5) / 3.0).abs() < 1e-12);
        assert!((pass[1].mean - (1.0 + 1.0 / 6.0) / 3.0).abs() < 1e-12);
        assert_eq!((pass[3].tasks, pass[3].mean), (2, 0.5));
        assert!(
            pass.iter()
                .all(|at| at.low <= at.mean && at.mean <= at.high)
        );
    }

    #[test]
    fn bounds_enclose_what_has_no_score() {
        let mut group = Group::default();
        let half = Trials {
            unknown: 0b0100,
            possible: 0b0100,
            ..trials(0b0011, 0b0011)
        };
        group.add(&half);
        group.add(&trials(0b0111, 0b0001));
        let pass = group.pass(&Seed::root(1), 200);
        assert!((pass[0].mean - (1.0 + 1.0 / 3.0) / 2.0).abs() < 1e-12);
        assert!((pass[0].lower_bound - 0.5).abs() < 1e-12);
        assert!((pass[0].upper_bound - (1.0 + 1.0 / 3.0) / 2.0).abs() < 1e-12);
        assert_eq!(group.unknown, 1);
    }

    #[test]
    fn differences_are_over_common_trials() {
        let mut paired = Paired::default();
        for _ in 0..30 {
            paired.add(&trials(0b1111, 0b1111), &trials(0b0011, 0b0001));
            paired.add(&trials(0b0001, 0b0001), &trials(0b1000, 0b1000));
        }
        assert_eq!(paired.most(), 2);
        let one = paired.difference(1, &Seed::root(1), 500).unwrap();
        assert_eq!(
            (one.tasks, one.mean, one.low, one.high),
            (30, 0.5, 0.5, 0.5)
        );
        let both = paired.difference(2, &Seed::root(1), 500).unwrap();
        assert_eq!(both.mean, 1.0);
        assert_eq!(paired.difference(3, &Seed::root(1), 500), None);
    }

    #[test]
    fn an_even_difference_has_an_interval_around_nought() {
        let mut paired = Paired::default();
        for _ in 0..100 {
            paired.add(&trials(1, 1), &trials(1, 0));
            paired.add(&trials(1, 0), &trials(1, 1));
        }
        let found = paired.difference(1, &Seed::root(9), 1000).unwrap();
        assert_eq!(found.mean, 0.0);
        assert!((-0.17..-0.11).contains(&found.low), "{found:?}");
        assert!((0.11..0.17).contains(&found.high), "{found:?}");
    }
}
