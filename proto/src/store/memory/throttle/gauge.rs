//! One rate of a model: how much was granted, how much may be. Times are microseconds of one clock.

use std::collections::VecDeque;

use crate::store::throttle::{MINUTE, OVER, SAVED, TICK, TICKS};

/// Below this a level is as good as nothing: what rounding leaves of a wait that was long enough.
const TRIFLE: f64 = 1e-6;

/// Two bounds on what is granted. The level paces: it fills at the rate, a grant takes its amount out,
/// below zero if need be, and nothing is granted while it is below zero. The minute is a count of what
/// was granted in the last 120 ticks and this one, and so of any minute that ends now; it holds where
/// large grants, or amounts given back, would bring too much together.
#[derive(Debug)]
pub(super) struct Gauge {
    level: f64,
    filled: u64,
    /// Tick and what was granted in it, oldest first.
    minute: VecDeque<(u64, u64)>,
}

impl Gauge {
    pub(super) fn new(now: u64) -> Self {
        Self {
            level: 0.0,
            filled: now,
            minute: VecDeque::new(),
        }
    }

    /// What was granted in the minute that ends now.
    fn sum(&self, now: u64) -> u64 {
        let recent = |&&(tick, _): &&(u64, u64)| tick + TICKS >= now / TICK;
        self.minute.iter().filter(recent).map(|(_, n)| n).sum()
    }

    fn level(&self, now: u64, limit: u64, share: f64) -> f64 {
        let limit = limit as f64;
        let filled = (now - self.filled) as f64 / MINUTE as f64 * limit * share;
        // What others, who may be faster, took out beyond a minute's worth is forgiven.
        (self.level + filled).clamp(-limit, limit * SAVED)
    }

    /// How long until the level is not below zero.
    pub(super) fn pace(&self, now: u64, limit: u64, share: f64) -> u64 {
        let level = self.level(now, limit, share);
        if limit == 0 || level >= -TRIFLE {
            return 0;
        }
        (-level / (limit as f64 * share) * MINUTE as f64).ceil() as u64
    }

    /// How long until the minute has room for an amount, which is at most the limit.
    pub(super) fn room(&self, now: u64, limit: u64, amount: u64) -> u64 {
        let most = limit + limit / OVER;
        let mut sum = self.sum(now);
        if limit == 0 || sum + amount <= most {
            return 0;
        }
        for (tick, granted) in &self.minute {
            let gone = (tick + TICKS + 1) * TICK;
            if gone > now {
                sum -= granted;
            }
            if sum + amount <= most {
                return gone - now;
            }
        }
        0
    }

    pub(super) fn grant(&mut self, now: u64, limit: u64, share: f64, amount: u64) {
        if limit > 0 {
            self.level = self.level(now, limit, share) - amount as f64;
            self.filled = now;
        }
        let tick = now / TICK;
        self.minute.retain(|(past, _)| past + TICKS >= tick);
        match self.minute.back_mut() {
            Some((last, granted)) if *last == tick => *granted += amount,
            _ => self.minute.push_back((tick, amount)),
        }
    }

    /// A grant of then turns out to count otherwise.
    pub(super) fn mend(&mut self, then: u64, limit: u64, counted: u64, counts: u64) {
        if limit > 0 {
            let back = counted as f64 - counts as f64;
            self.level = (self.level + back).min(limit as f64 * SAVED);
        }
        let tick = then / TICK;
        if let Some((_, granted)) = self.minute.iter_mut().find(|(past, _)| *past == tick) {
            *granted = (*granted + counts).saturating_sub(counted);
        }
    }
}
