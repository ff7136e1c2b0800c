//! Ids without a register: the i-th id of a kind is the i-th number of a shuffled id space.
//!
//! Drawing ids and refusing those taken needs a set of all of them and slows down as the space
//! fills. A keyed permutation needs neither: different places give different ids up to the very
//! last one, and any id can be computed by itself.

use proto::seed::Seed;

const ROUNDS: usize = 4;

/// A permutation of the numbers below a bound, chosen by a seed: a Feistel network over the next
/// power of four, walked along its cycle until it lands below the bound.
#[derive(Debug, Clone)]
pub(super) struct Permutation {
    bound: u64,
    half: u32,
    keys: [u64; ROUNDS],
}

impl Permutation {
    /// The permutation named `label` of the numbers below `bound`, which is 1 to 2^62.
    pub(super) fn new(seed: &Seed, label: &str, bound: u64) -> Self {
        assert!(
            (1..=1 << 62).contains(&bound),
            "a permutation of {bound} numbers"
        );
        let bits = (u64::BITS - (bound - 1).leading_zeros()).max(2);
        let mut rng = seed.child(label, bound).rng();
        Self {
            bound,
            half: bits.div_ceil(2),
            keys: std::array::from_fn(|_| rng.bits()),
        }
    }

    /// The number at `place`, which is below the bound.
    pub(super) fn at(&self, place: u64) -> u64 {
        assert!(
            place < self.bound,
            "place {place} of {} numbers",
            self.bound
        );
        let mut number = self.round_trip(place);
        while number >= self.bound {
            number = self.round_trip(number);
        }
        number
    }

    fn round_trip(&self, number: u64) -> u64 {
        let mask = (1 << self.half) - 1;
        let (mut left, mut right) = (number >> self.half, number & mask);
        for key in self.keys {
            (left, right) = (right, left ^ (mix(right ^ key) & mask));
        }
        (left << self.half) | right
    }
}

/// A bijection of 64-bit words in which every input bit moves every output bit (the finisher of
/// splitmix64).
fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_comes_once_for_every_bound() {
        for bound in [1_u64, 2, 3, 4, 5, 16, 17, 1000, 1024, 1025] {
            let shuffled = Permutation::new(&Seed::root(3), "ids", bound);
            let mut numbers: Vec<u64> = (0..bound).map(|place| shuffled.at(place)).collect();
            numbers.sort_unstable();
            assert_eq!(numbers, (0..bound).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_order_depends_on_seed_and_label() {
        let order = |seed: u64, label: &str| {
            let shuffled = Permutation::new(&Seed::root(seed), label, 9_000_000);
            (0..50).map(|place| shuffled.at(place)).collect::<Vec<_>>()
        };
        assert_eq!(order(1, "a"), order(1, "a"));
        assert_ne!(order(1, "a"), order(2, "a"));
        assert_ne!(order(1, "a"), order(1, "b"));
        let mean = order(1, "a").iter().sum::<u64>() / 50;
        assert!((3_000_000..6_000_000).contains(&mean), "{mean}");
    }
}
