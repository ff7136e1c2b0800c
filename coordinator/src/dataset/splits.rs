//! Which split a task is on: a pure function of its group.
//!
//! A group is whatever must not be torn apart: the trajectory a task came from, or the person it is
//! about. All rollouts of a task, its twin, and every other task of the group land on one side.

use proto::digest::Hasher;

use super::row::Split;

/// How much of the groups goes where, in thousandths; the rest is for training.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shares {
    /// Thousandths for validation.
    pub validation: u16,
    /// Thousandths for test.
    pub test: u16,
}

impl Default for Shares {
    /// 90 % train, 5 % validation, 5 % test.
    fn default() -> Self {
        Self {
            validation: 50,
            test: 50,
        }
    }
}

/// Shares that add up to more than everything.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("validation {validation} ‰ and test {test} ‰ exceed 1000 ‰; lower one of them")]
pub struct SharesError {
    validation: u16,
    test: u16,
}

impl Shares {
    /// Shares in thousandths.
    ///
    /// # Errors
    /// [`SharesError`] when they add up to more than 1000.
    pub fn new(validation: u16, test: u16) -> Result<Self, SharesError> {
        if u32::from(validation) + u32::from(test) > 1000 {
            return Err(SharesError { validation, test });
        }
        Ok(Self { validation, test })
    }

    /// The split of everything that belongs to `group`.
    pub fn split(self, group: &str) -> Split {
        let place = Hasher::new("t2t split", 1).text(group).finish().head() % 1000;
        let (validation, test) = (u64::from(self.validation), u64::from(self.test));
        if place < test {
            Split::Test
        } else if place < test + validation {
            Split::Validation
        } else {
            Split::Train
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_hold_over_many_groups() {
        let counted = |split| {
            (0..20_000)
                .filter(|n| Shares::default().split(&n.to_string()) == split)
                .count()
        };
        assert!((900..1100).contains(&counted(Split::Validation)));
        assert!((900..1100).contains(&counted(Split::Test)));
    }

    #[test]
    fn frozen() {
        // A change here moves tasks between splits of datasets already published.
        let drawn = ["a", "b", "c", "d", "traj_1", "traj_2", "traj_3", "traj_5"]
            .map(|group| Shares::new(333, 333).unwrap().split(group));
        use Split::{Test, Train, Validation};
        assert_eq!(
            drawn,
            [Train, Test, Test, Train, Train, Train, Test, Validation]
        );
    }

    #[test]
    fn all_or_nothing() {
        assert_eq!(Shares::new(0, 0).unwrap().split("x"), Split::Train);
        assert_eq!(Shares::new(0, 1000).unwrap().split("x"), Split::Test);
        assert!(
            Shares::new(600, 401)
                .unwrap_err()
                .to_string()
                .contains("600")
        );
    }

    #[test]
    fn growing_the_test_share_only_moves_groups_into_it() {
        for n in 0..2000 {
            let group = n.to_string();
            if Shares::new(50, 50).unwrap().split(&group) == Split::Test {
                assert_eq!(Shares::new(50, 100).unwrap().split(&group), Split::Test);
            }
        }
    }
}
