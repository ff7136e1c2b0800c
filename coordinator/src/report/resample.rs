//! Bootstrap by classes: tasks with the same counts are interchangeable, so a resample of a hundred
//! thousand tasks is one multinomial draw over a handful of classes.
//!
//! Draws are exact and use integers only, so the same seed gives the same interval everywhere.

use proto::seed::{Rng, Seed};

/// Tasks that are alike in everything that is averaged.
#[derive(Debug, Clone, PartialEq)]
pub struct Class {
    /// How many tasks; at least 1.
    pub count: u64,
    /// Their value in each figure; none where they do not take part in it.
    pub values: Vec<Option<f64>>,
}

/// The mean of every figure over the classes, each drawn `counts[i]` times. None where no task takes
/// part.
fn means(classes: &[Class], counts: impl Fn(usize) -> u64, figures: usize) -> Vec<Option<f64>> {
    (0..figures)
        .map(|figure| {
            let (mut sum, mut weight) = (0.0, 0);
            for (place, class) in classes.iter().enumerate() {
                if let Some(value) = class.values[figure] {
                    sum += counts(place) as f64 * value;
                    weight += counts(place);
                }
            }
            (weight > 0).then(|| sum / weight as f64)
        })
        .collect()
}

/// The mean of every figure over all tasks, none where no task takes part.
pub fn averages(classes: &[Class], figures: usize) -> Vec<Option<f64>> {
    means(classes, |place| classes[place].count, figures)
}

/// The 95 % percentile interval of every figure's mean over `resamples` resamples of all tasks with
/// replacement. A figure in which no task takes part has none.
pub fn intervals(
    classes: &[Class],
    figures: usize,
    seed: &Seed,
    resamples: usize,
) -> Vec<Option<(f64, f64)>> {
    let mut rng = seed.rng();
    let mut seen: Vec<Vec<f64>> = vec![Vec::with_capacity(resamples); figures];
    let mut counts = vec![0; classes.len()];
    for _ in 0..resamples {
        multinomial(classes, &mut counts, &mut rng);
        let drawn = means(classes, |place| counts[place], figures);
        for (all, mean) in seen.iter_mut().zip(drawn) {
            all.extend(mean);
        }
    }
    seen.into_iter().map(percentiles).collect()
}

/// The values that leave 2.5 % on either side.
fn percentiles(mut values: Vec<f64>) -> Option<(f64, f64)> {
    values.sort_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    let cut = values.len() / 40;
    Some((values[cut.min(last)], values[last - cut.min(last)]))
}

/// Draws as many tasks as there are, with replacement, and counts them by class.
fn multinomial(classes: &[Class], counts: &mut [u64], rng: &mut Rng) {
    let mut population: u64 = classes.iter().map(|class| class.count).sum();
    let mut draws = population;
    for (class, count) in classes.iter().zip(counts) {
        *count = binomial(draws, class.count, population, rng);
        draws -= *count;
        population -= class.count;
    }
}

/// How many of `draws` independent trials succeed, each with probability `part / whole`.
///
/// Every trial compares a uniform number with the probability, binary digit by digit. A random bit
/// settles half of the open trials, so all of them take about two bits each, counted 64 at a time.
fn binomial(draws: u64, part: u64, whole: u64, rng: &mut Rng) -> u64 {
    if part == whole {
        return draws;
    }
    let (mut open, mut rest, mut successes) = (draws, part, 0);
    while open > 0 && rest > 0 {
        rest *= 2;
        let low = heads(open, rng);
        if rest >= whole {
            rest -= whole;
            successes += low;
            open -= low;
        } else {
            open = low;
        }
    }
    successes
}

/// How many of `tosses` fair coins show heads.
fn heads(tosses: u64, rng: &mut Rng) -> u64 {
    let whole: u64 = (0..tosses / 64)
        .map(|_| u64::from(rng.bits().count_ones()))
        .sum();
    let left = tosses % 64;
    if left == 0 {
        return whole;
    }
    whole + u64::from((rng.bits() >> (64 - left)).count_ones())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binomial_has_the_right_mean_and_spread() {
        let mut rng = Seed::root(3).rng();
        for (draws, part, whole) in [(1, 1, 3), (7, 2, 5), (100, 1, 1000), (1000, 999, 1000)] {
            let rounds = 20_000;
            let values: Vec<f64> = (0..rounds)
                .map(|_| binomial(draws, part, whole, &mut rng) as f64)
                .collect();
            let p = part as f64 / whole as f64;
            let (mean, spread) = (draws as f64 * p, draws as f64 * p * (1.0 - p));
            let got = values.iter().sum::<f64>() / f64::from(rounds);
            let variance =
                values.iter().map(|v| (v - got).powi(2)).sum::<f64>() / f64::from(rounds);
            let allowed = 5.0 * (spread / f64::from(rounds)).sqrt();
            assert!(
                (got - mean).abs() < allowed,
                "{draws} {part}/{whole}: {got}"
            );
            assert!((variance / spread - 1.0).abs() < 0.1, "{variance} {spread}");
        }
        assert_eq!(binomial(9, 4, 4, &mut rng), 9);
        assert_eq!(binomial(9, 0, 4, &mut rng), 0);
    }

    #[test]
    fn a_resample_draws_every_task_of_its_size() {
        let class = |count| Class {
            count,
            values: vec![],
        };
        let classes = [class(70), class(1), class(29)];
        let mut rng = Seed::root(5).rng();
        let mut counts = [0; 3];
        let mut sums = [0; 3];
        for _ in 0..2000 {
            multinomial(&classes, &mut counts, &mut rng);
            assert_eq!(counts.iter().sum::<u64>(), 100);
            sums.iter_mut()
                .zip(counts)
                .for_each(|(sum, count)| *sum += count);
        }
        for (sum, class) in sums.iter().zip(&classes) {
            let mean = *sum as f64 / 2000.0;
            assert!(
                (mean - class.count as f64).abs() < 0.6,
                "{mean} {}",
                class.count
            );
        }
    }

    #[test]
    fn the_interval_is_that_of_the_normal_approximation() {
        let class = |count, value| Class {
            count,
            values: vec![Some(value), None],
        };
        let classes = [class(600, 1.0), class(400, 0.0)];
        let seed = Seed::root(7).child("bootstrap", 0);
        let found = intervals(&classes, 2, &seed, 1000);
        assert_eq!(
            found,
            intervals(&classes, 2, &seed, 1000),
            "same seed, same interval"
        );
        let (low, high) = found[0].unwrap();
        let half = 1.96 * (0.6_f64 * 0.4 / 1000.0).sqrt();
        assert!((low - (0.6 - half)).abs() < 0.006, "{low}");
        assert!((high - (0.6 + half)).abs() < 0.006, "{high}");
        assert_eq!(found[1], None);
        assert_eq!(averages(&classes, 2), [Some(0.6), None]);
    }
}
