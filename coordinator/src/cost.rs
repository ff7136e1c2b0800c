//! What a plan will cost, from what a few of its slots have cost.
//!
//! The slots of a pilot are drawn from all over the plan, since later ones have more goals. Tasks are the
//! unit: what is asked within one depends on the others of it, so intervals come from a bootstrap over
//! slots. For few of them a bootstrap is known to be narrow, so its interval is widened as Student's is
//! against the normal one, and by what the slots that are left will scatter themselves. What no slot of the
//! pilot shows, no interval of it knows: where few tasks are much dearer than the others, 8 slots are too few.

use std::collections::{BTreeMap, BTreeSet};

use proto::record::{Money, Prices, Role, Usage};
use proto::seed::Seed;
use serde::Serialize;

use crate::report::resample::{Class, intervals};

/// Resamples of an interval.
const RESAMPLES: usize = 2000;
/// Half of a 95 % interval, in standard deviations.
const NORMAL: f64 = 1.96;

/// What a model in a role was asked and answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spent {
    /// Replies, those that could not be used among them.
    pub calls: u64,
    /// Tokens of all of them.
    pub usage: Usage,
}

/// What a slot has cost: all of its candidates and rollouts, by role and name of the model.
pub type Bill = BTreeMap<(Role, String), Spent>;

/// A figure of the whole plan.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Figure {
    /// What the pilot came to.
    pub pilot: f64,
    /// What the plan will come to.
    pub plan: f64,
    /// Lower end of the 95 % interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// What is counted of a model in a role, or of all.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Figures {
    /// Replies.
    pub calls: Figure,
    /// Tokens of requests.
    pub input: Figure,
    /// Those of them that came from the server's cache.
    pub cached: Figure,
    /// Tokens of replies.
    pub output: Figure,
    /// Dollars; none where there is no price.
    pub dollars: Option<Figure>,
}

/// A model in a role.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// What it does.
    pub role: &'static str,
    /// Its name in the plan.
    pub model: String,
    /// What it will come to.
    #[serde(flatten)]
    pub figures: Figures,
}

/// What a plan will come to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Estimate {
    /// Slots of the pilot.
    pub pilot: u32,
    /// Slots of the plan.
    pub slots: u32,
    /// By role and model.
    pub lines: Vec<Line>,
    /// Of all together; dollars of those that have a price.
    pub total: Figures,
    /// Models without a price.
    pub unpriced: Vec<String>,
}

/// The slots of a pilot: one drawn from each of so many stretches of the plan, which are about equally
/// long.
pub fn drawn(own: &[u32], pilot: u32, seed: u64) -> Vec<u32> {
    let pilot = (pilot as usize).min(own.len());
    let seed = Seed::root(seed).child("pilot", pilot as u64);
    let one = |stretch: usize| {
        let begin = stretch * own.len() / pilot;
        let end = (stretch + 1) * own.len() / pilot;
        let mut rng = seed.child("stretch", stretch as u64).rng();
        own[begin + rng.below(end - begin)]
    };
    (0..pilot).map(one).collect()
}

/// What `slots` slots come to, of which these are the bills of some.
pub fn estimate(
    bills: &[Bill],
    slots: u32,
    prices: &dyn Fn(&str) -> Option<Prices>,
    seed: u64,
) -> Estimate {
    let mut players: Vec<&(Role, String)> = bills.iter().flat_map(Bill::keys).collect();
    players.sort();
    players.dedup();
    let priced: Vec<Option<Prices>> = players.iter().map(|(_, name)| prices(name)).collect();
    let row = |bill: &Bill| {
        let each = players.iter().zip(&priced);
        let mut parts: Vec<[f64; 5]> = each
            .map(|(player, prices)| counts(bill.get(*player), *prices))
            .collect();
        let total = parts.iter().fold([0.0; 5], |sum, part| {
            std::array::from_fn(|place| sum[place] + part[place])
        });
        parts.push(total);
        parts.concat()
    };
    let rows: Vec<Vec<f64>> = bills.iter().map(row).collect();
    let figures = figures(&rows, 5 * (players.len() + 1), slots, seed);
    let of = |place: usize, priced: bool| {
        let five = &figures[5 * place..];
        Figures {
            calls: five[0],
            input: five[1],
            cached: five[2],
            output: five[3],
            dollars: priced.then(|| five[4]),
        }
    };
    let line = |(place, (player, prices)): (usize, (&&(Role, String), &Option<Prices>))| Line {
        role: player.0.label(),
        model: player.1.clone(),
        figures: of(place, prices.is_some()),
    };
    let without = players
        .iter()
        .zip(&priced)
        .filter(|(_, prices)| prices.is_none());
    // A model may play several roles.
    let unpriced: BTreeSet<String> = without.map(|(player, _)| player.1.clone()).collect();
    Estimate {
        pilot: bills.len() as u32,
        slots,
        lines: players.iter().zip(&priced).enumerate().map(line).collect(),
        total: of(players.len(), priced.iter().any(Option::is_some)),
        unpriced: unpriced.into_iter().collect(),
    }
}

/// Calls, input, cached input, output and dollars.
fn counts(spent: Option<&Spent>, prices: Option<Prices>) -> [f64; 5] {
    let Some(Spent { calls, usage }) = spent.copied() else {
        return [0.0; 5];
    };
    let money = prices.map_or(Money::ZERO, |prices| Money::cost(usage, prices));
    let whole = [calls, usage.input, usage.cached, usage.output];
    let [calls, input, cached, output] = whole.map(|count| count as f64);
    [calls, input, cached, output, money.dollars()]
}

fn figures(rows: &[Vec<f64>], width: usize, slots: u32, seed: u64) -> Vec<Figure> {
    let classes: Vec<Class> = rows
        .iter()
        .map(|row| Class {
            count: 1,
            values: row.iter().copied().map(Some).collect(),
        })
        .collect();
    let seed = Seed::root(seed).child("cost", 0);
    let found = intervals(&classes, width, &seed, RESAMPLES);
    let (drawn, left) = (rows.len(), f64::from(slots) - rows.len() as f64);
    let wider = widening(drawn, left);
    let figure = |place: usize| {
        let pilot: f64 = rows.iter().map(|row| row[place]).sum();
        let mean = pilot / drawn.max(1) as f64;
        let (low, high) = found[place].unwrap_or((mean, mean));
        let plan = pilot + left * mean;
        Figure {
            pilot,
            plan,
            low: (plan - left * wider * (mean - low)).max(pilot),
            high: plan + left * wider * (high - mean),
        }
    };
    (0..width).map(figure).collect()
}

/// By how much the interval of a bootstrap over `drawn` slots is widened, with so many `left`.
fn widening(drawn: usize, left: f64) -> f64 {
    if drawn < 2 || left <= 0.0 {
        return 1.0;
    }
    let drawn = drawn as f64;
    let small = (drawn / (drawn - 1.0)).sqrt();
    let own = (1.0 + drawn / left).sqrt();
    student(drawn - 1.0) / NORMAL * small * own
}

/// Half of a 95 % interval in standard deviations that were estimated with so many degrees of freedom, by
/// the first terms of its expansion around the normal one: right to a hundredth from 3 on.
fn student(freedom: f64) -> f64 {
    let z = NORMAL;
    let first = (z.powi(3) + z) / 4.0;
    let second = (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / 96.0;
    let third = (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z) / 384.0;
    z + first / freedom + second / freedom.powi(2) + third / freedom.powi(3)
}

#[cfg(test)]
mod tests;
