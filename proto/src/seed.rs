//! Random choices: every generator is derived from a seed by a path of labels, never from the
//! machine, so a choice depends on what it is for and not on when it is made.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use serde::{Deserialize, Serialize};

use crate::digest::{Digest, Hasher};

/// A point in the tree of seeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seed(pub Digest);

impl Seed {
    /// The root of a tree, from the number a user gives.
    pub fn root(number: u64) -> Self {
        Self(Hasher::new("t2t.seed", 1).number(number).finish())
    }

    /// The branch named `label` with number `index`.
    pub fn child(&self, label: &str, index: u64) -> Self {
        let mut hasher = Hasher::new("t2t.seed.child", 1);
        Self(hasher.digest(&self.0).text(label).number(index).finish())
    }

    /// The generator at this point.
    pub fn rng(&self) -> Rng {
        Rng(ChaCha8Rng::from_seed(self.0.0))
    }
}

/// A portable random generator: `ChaCha8`, whose stream is fixed across platforms and releases, with
/// the few draws the project makes written out, since a library may change how it maps them.
#[derive(Debug, Clone)]
pub struct Rng(ChaCha8Rng);

impl Rng {
    /// 64 uniform bits.
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number below `bound`, which is at least 1. The bias is below `bound / 2^64`.
    pub fn below(&mut self, bound: usize) -> usize {
        assert!(bound > 0, "a draw from nothing");
        ((u128::from(self.bits()) * bound as u128) >> 64) as usize
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        assert!(low <= high, "an empty range {low}..={high}");
        low + self.below((high - low) as usize + 1) as i64
    }

    /// A number in 0.0 .. 1.0.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True with probability `p`.
    pub fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// One of `items`, none of nothing.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        (!items.is_empty()).then(|| &items[self.below(items.len())])
    }

    /// An index drawn in proportion to `weights`; none when they sum to nothing.
    pub fn weighted(&mut self, weights: &[u32]) -> Option<usize> {
        let total: u64 = weights.iter().map(|&weight| u64::from(weight)).sum();
        if total == 0 {
            return None;
        }
        let mut rest = self.below(total as usize) as u64;
        weights.iter().position(|&weight| {
            let here = rest < u64::from(weight);
            rest = rest.saturating_sub(u64::from(weight));
            here
        })
    }

    /// Puts `items` in random order (Fisher-Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for end in (1..items.len()).rev() {
            items.swap(end, self.below(end + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_frozen() {
        let mut rng = Seed::root(7).child("world", 3).rng();
        let draws: Vec<usize> = (0..6).map(|_| rng.below(1000)).collect();
        let mut again = Seed::root(7).child("world", 3).rng();
        assert_eq!(draws, (0..6).map(|_| again.below(1000)).collect::<Vec<_>>());
        assert_ne!(Seed::root(7).child("world", 4).rng().bits(), again.bits());
    }

    #[test]
    fn weights_are_kept() {
        let mut rng = Seed::root(1).rng();
        let mut counts = [0_u32; 3];
        for _ in 0..4000 {
            counts[rng.weighted(&[1, 0, 3]).unwrap()] += 1;
        }
        assert_eq!(counts[1], 0);
        assert!((850..1150).contains(&counts[0]), "{counts:?}");
        assert_eq!(rng.weighted(&[0, 0]), None);
    }
}
