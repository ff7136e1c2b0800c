//! Two worlds side by side.

use std::collections::BTreeMap;
use std::fmt;

use super::statistics::{Distribution, WorldStatistics};

/// One statistic of two worlds.
#[derive(Debug, Clone, PartialEq)]
pub enum Row {
    /// Something counted by kind.
    Distribution {
        /// What is counted.
        name: &'static str,
        /// Label of every cell that either world has, with its share in ours and in theirs.
        cells: Vec<(String, f64, f64)>,
        /// Total variation distance, 0 (equal) to 1 (nothing in common).
        distance: f64,
    },
    /// Something that is one number.
    Scalar {
        /// What is measured.
        name: &'static str,
        /// Value in our world.
        ours: f64,
        /// Value in theirs.
        theirs: f64,
        /// Ours divided by theirs; 1 where both are 0.
        ratio: f64,
    },
}

/// All statistics of two worlds; printed, it is a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Distributions, then scalars.
    pub rows: Vec<Row>,
}

/// Sets two worlds side by side.
pub fn compare(ours: &WorldStatistics, theirs: &WorldStatistics) -> Comparison {
    let pairs = ours.distributions.iter().zip(&theirs.distributions);
    let distributions = pairs.map(|((name, ours), (_, theirs))| distribution(name, ours, theirs));
    let pairs = ours.scalars.iter().zip(&theirs.scalars);
    let scalars = pairs.map(|(&(name, ours), &(_, theirs))| {
        #[expect(clippy::float_cmp, reason = "only two exact zeros have no ratio")]
        let ratio = if ours == theirs { 1.0 } else { ours / theirs };
        Row::Scalar {
            name,
            ours,
            theirs,
            ratio,
        }
    });
    Comparison {
        rows: distributions.chain(scalars).collect(),
    }
}

fn distribution(name: &'static str, ours: &Distribution, theirs: &Distribution) -> Row {
    let mut cells: BTreeMap<(usize, &str), (f64, f64)> = BTreeMap::new();
    for (rank, label, share) in ours.shares() {
        cells.entry((rank, label)).or_default().0 = share;
    }
    for (rank, label, share) in theirs.shares() {
        cells.entry((rank, label)).or_default().1 = share;
    }
    let differences: f64 = cells
        .values()
        .map(|(ours, theirs)| (ours - theirs).abs())
        .sum();
    let cells = cells.into_iter();
    Row::Distribution {
        name,
        cells: cells
            .map(|((_, label), (a, b))| (label.to_owned(), a, b))
            .collect(),
        distance: differences / 2.0,
    }
}

impl Comparison {
    /// The total variation distance of the distribution with this name.
    pub fn distance(&self, wanted: &str) -> Option<f64> {
        self.rows.iter().find_map(|row| match row {
            Row::Distribution { name, distance, .. } if *name == wanted => Some(*distance),
            _ => None,
        })
    }

    /// Ours over theirs of the number with this name.
    pub fn ratio(&self, wanted: &str) -> Option<f64> {
        self.rows.iter().find_map(|row| match row {
            Row::Scalar { name, ratio, .. } if *name == wanted => Some(*ratio),
            _ => None,
        })
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<54}{:>12}{:>12}{:>12}",
            "", "ours", "theirs", "distance"
        )?;
        for row in &self.rows {
            match row {
                Row::Distribution {
                    name,
                    cells,
                    distance,
                } => {
                    writeln!(
                        f,
                        "{name:<54}{:>12}{:>12}{:>12}",
                        "",
                        "",
                        format!("TV {distance:.3}")
                    )?;
                    for (label, ours, theirs) in cells {
                        let (ours, theirs) = (100.0 * ours, 100.0 * theirs);
                        writeln!(f, "  {label:<52}{ours:>10.1} %{theirs:>10.1} %")?;
                    }
                }
                Row::Scalar {
                    name,
                    ours,
                    theirs,
                    ratio,
                } => {
                    let digits = usize::from(ours.fract() != 0.0 || theirs.fract() != 0.0) * 3;
                    writeln!(
                        f,
                        "{name:<54}{ours:>12.digits$}{theirs:>12.digits$}{:>12}",
                        format!("x {ratio:.2}")
                    )?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domains::retail::generate::{WorldSettings, generate};
    use proto::seed::Seed;

    fn statistics(people: usize, orders: usize) -> WorldStatistics {
        let settings = WorldSettings::new(20, people, orders).unwrap();
        let parts = generate(&settings, Seed::root(1));
        WorldStatistics::of(
            parts.products.iter(),
            parts.users.iter(),
            parts.orders.iter(),
        )
    }

    #[test]
    fn a_world_is_at_no_distance_from_itself() {
        let world = statistics(50, 100);
        for row in compare(&world, &world).rows {
            match row {
                Row::Distribution { distance, name, .. } => assert!(distance < 1e-12, "{name}"),
                Row::Scalar { ratio, name, .. } => assert!((ratio - 1.0).abs() < 1e-12, "{name}"),
            }
        }
    }

    #[test]
    fn differences_are_found_and_printed() {
        let comparison = compare(&statistics(50, 0), &statistics(50, 400));
        assert!(comparison.distance("orders per person").unwrap() > 0.9);
        assert_eq!(comparison.ratio("orders"), Some(0.0));
        assert_eq!(comparison.distance("no such row"), None);
        let text = comparison.to_string();
        let wanted =
            |line: &str| line.starts_with("mean orders per person") && line.ends_with("x 0.00");
        assert!(text.lines().any(wanted), "{text}");
    }
}
