//! Products with their variants and prices.

use std::sync::Arc;

use proto::seed::{Rng, Seed};

use super::catalogue::{self, Axis, LINES, ProductType};
use super::dollars;
use super::permutation::Permutation;
use crate::domains::retail::state::{Options, Product, Variant};

/// Numbers of variants from [`FEWEST_VARIANTS`] up, with how many of the benchmark's products have
/// so many.
const VARIANT_COUNTS: [u32; catalogue::MOST_VARIANTS + 1 - FEWEST_VARIANTS] =
    [5, 3, 1, 7, 3, 3, 1, 5, 4, 3, 1, 4, 2, 4, 2, 2];

/// The smallest number of variants of a product.
const FEWEST_VARIANTS: usize = 5;

/// Share of variants that can be bought now.
const AVAILABLE: f64 = 0.64;

/// Every product keeps this many available variants, so that there is something to choose.
const LEAST_AVAILABLE: usize = 2;

/// Ten digits, the first not a zero.
const TEN_DIGITS: u64 = 9_000_000_000;

/// Prices vary by these parts of ten thousand of the product's level: all graded axes together, a
/// value of a plain axis, the same where no axis is graded, a variant for no reason, and the level
/// itself from world to world (all but the first to either side).
const GRADED_SPREAD: i64 = 1500;
const PLAIN_SPREAD: i64 = 120;
const PLAIN_SPREAD_ALONE: i64 = 300;
const VARIANT_SPREAD: i64 = 90;
const LEVEL_SPREAD: i64 = 500;
const UNIT: i64 = 10_000;

/// The shelf of a world: `count` distinct products over the whole range of prices.
pub(super) fn generate(count: usize, seed: Seed) -> Vec<Product> {
    let seed = seed.child("products", 0);
    let product_ids = Permutation::new(&seed, "product ids", TEN_DIGITS);
    let item_ids = Permutation::new(&seed, "item ids", TEN_DIGITS);
    let mut rng = seed.rng();
    let chosen = choose(count, &mut rng);
    let counts = variant_counts(count, &mut rng);
    chosen
        .into_iter()
        .zip(counts)
        .enumerate()
        .map(|(place, ((line, kind), variants))| {
            let mut rng = seed.child("product", place as u64).rng();
            let first_item = (place * catalogue::MOST_VARIANTS) as u64;
            let ids = (0..variants as u64).map(|i| ten_digits(&item_ids, first_item + i));
            let name = format!("{line} {}", kind.name);
            let level = i64::from(kind.dollars) * i64::from(line_percent(line));
            Product {
                name: name.trim_start().into(),
                product_id: ten_digits(&product_ids, place as u64),
                variants: variants_of(kind, level, ids.collect(), &mut rng),
            }
        })
        .collect()
}

fn ten_digits(ids: &Permutation, place: u64) -> Arc<str> {
    (ids.at(place) + 1_000_000_000).to_string().into()
}

fn line_percent(line: &str) -> u32 {
    LINES
        .iter()
        .find(|(name, _)| *name == line)
        .map_or(100, |&(_, percent)| percent)
}

/// Product lines and types in random order: whole lines as far as `count` goes, and of the last one
/// one type out of each of equally long stretches of the price range, so that a small shop has
/// cheap and dear things like a large one.
fn choose(count: usize, rng: &mut Rng) -> Vec<(&'static str, &'static ProductType)> {
    let types = catalogue::types();
    let mut chosen = Vec::with_capacity(count);
    for (line, _) in LINES {
        let wanted = (count - chosen.len()).min(types.len());
        for stretch in 0..wanted {
            let (low, high) = (
                stretch * types.len() / wanted,
                (stretch + 1) * types.len() / wanted,
            );
            chosen.push((line, types[low + rng.below(high - low)]));
        }
    }
    rng.shuffle(&mut chosen);
    chosen
}

/// How many variants each product has: the wanted shares as exactly as whole products allow.
fn variant_counts(count: usize, rng: &mut Rng) -> Vec<usize> {
    let total = u64::from(VARIANT_COUNTS.iter().sum::<u32>());
    let offset = rng.unit();
    let mut counts: Vec<usize> = (0..count)
        .map(|place| {
            let mut rest = ((place as f64 + offset) / count as f64 * total as f64) as u64;
            let reached = VARIANT_COUNTS.iter().position(|&weight| {
                let here = rest < u64::from(weight);
                rest = rest.saturating_sub(u64::from(weight));
                here
            });
            FEWEST_VARIANTS + reached.unwrap_or(VARIANT_COUNTS.len() - 1)
        })
        .collect();
    rng.shuffle(&mut counts);
    counts
}

/// One variant for each of the ids, no two with the same options or the same price. `level` is the
/// usual price in cents.
fn variants_of(kind: &ProductType, level: i64, ids: Vec<Arc<str>>, rng: &mut Rng) -> Vec<Variant> {
    let level = level * (UNIT + rng.between(-LEVEL_SPREAD, LEVEL_SPREAD)) / UNIT;
    let axes = PricedAxis::all(kind, rng);
    let mut combinations: Vec<usize> = (0..kind.combinations()).collect();
    rng.shuffle(&mut combinations);
    let mut taken: Vec<i64> = Vec::with_capacity(ids.len());
    let mut variants: Vec<Variant> = ids
        .into_iter()
        .zip(combinations)
        .map(|(item_id, combination)| {
            let (options, effect) = decode(&axes, combination);
            let effect = effect + rng.between(-VARIANT_SPREAD, VARIANT_SPREAD);
            let mut price = level * (UNIT + effect) / UNIT;
            while taken.contains(&price) {
                price += 1;
            }
            taken.push(price);
            Variant {
                item_id,
                options,
                available: rng.chance(AVAILABLE),
                price: dollars(price),
            }
        })
        .collect();
    let available = variants.iter().filter(|variant| variant.available).count();
    let missing = LEAST_AVAILABLE.saturating_sub(available);
    for variant in variants
        .iter_mut()
        .filter(|variant| !variant.available)
        .take(missing)
    {
        variant.available = true;
    }
    variants
}

/// An axis with the texts that all variants share, and what each value adds to the price in parts
/// of ten thousand.
struct PricedAxis {
    name: Arc<str>,
    values: Vec<(Arc<str>, i64)>,
}

impl PricedAxis {
    fn all(kind: &ProductType, rng: &mut Rng) -> Vec<Self> {
        let graded = kind.axes.iter().filter(|axis| axis.graded).count() as i64;
        kind.axes
            .iter()
            .map(|axis| Self::new(axis, graded, rng))
            .collect()
    }

    fn new(axis: &Axis, graded: i64, rng: &mut Rng) -> Self {
        let last = axis.values.len() as i64 - 1;
        let mut effect = |place: i64| {
            if axis.graded {
                let spread = GRADED_SPREAD / graded;
                spread * place / last - spread / 2
            } else {
                let spread = if graded == 0 {
                    PLAIN_SPREAD_ALONE
                } else {
                    PLAIN_SPREAD
                };
                rng.between(-spread, spread)
            }
        };
        let values = axis.values.iter().zip(0..);
        Self {
            name: axis.name.into(),
            values: values
                .map(|(&value, place)| (value.into(), effect(place)))
                .collect(),
        }
    }
}

/// The options that a number stands for, one digit per axis, and the sum of their effects.
fn decode(axes: &[PricedAxis], mut number: usize) -> (Options, i64) {
    let mut sum = 0;
    let options = axes.iter().map(|axis| {
        let (value, effect) = &axis.values[number % axis.values.len()];
        number /= axis.values.len();
        sum += effect;
        (axis.name.clone(), value.clone())
    });
    (options.collect(), sum)
}
