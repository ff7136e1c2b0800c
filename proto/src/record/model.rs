//! Language models: what they cost, how fast they may be asked, what they used.

use serde::{Deserialize, Serialize};

/// Prices in nano-dollars (10⁻⁹ $) a token: a dollar for a million tokens is 1,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Prices {
    /// Of input that was not cached.
    pub input: u64,
    /// Of input that was.
    pub cached: u64,
    /// Of output.
    pub output: u64,
}

/// How fast the whole fleet may ask a model; 0 is without limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Rates {
    /// Requests begun in a minute.
    pub requests_per_minute: u32,
    /// Tokens in a minute, input and output.
    pub tokens_per_minute: u64,
    /// Requests at once.
    pub concurrency: u32,
}

/// Tokens as a server counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Of requests, cached ones included.
    pub input: u64,
    /// Of requests, from the server's cache.
    pub cached: u64,
    /// Of replies, reasoning included.
    pub output: u64,
}

impl std::ops::AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.input += other.input;
        self.cached += other.cached;
        self.output += other.output;
    }
}

impl Usage {
    /// What it costs, in nano-dollars.
    pub fn cost(self, prices: Prices) -> u64 {
        let cached = self.cached.min(self.input);
        let input = (self.input - cached).saturating_mul(prices.input);
        input
            .saturating_add(cached.saturating_mul(prices.cached))
            .saturating_add(self.output.saturating_mul(prices.output))
    }
}
