//! What servers charge beyond what a request shows: thoughts that the limit of a reply does not bound, a prompt that
//! they add to.
//!
//! Nobody can know it before a server has charged it once. From then on a run reserves for it, so what can overrun
//! its budget are the calls in flight when that happens, and a charge beyond all before it. Each process learns for
//! itself. A count out of all proportion, which only an agent of one's own can have, is charged and not learned.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use proto::record::{Endpoint, Usage};

use super::settlement::in_proportion;

/// Tokens beyond those that a request shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Surcharge {
    /// Read, beyond one for each byte of a request.
    pub(super) input: u64,
    /// Written, beyond the limit of a reply.
    pub(super) output: u64,
}

/// By model where it is served, the most that it charged so far.
#[derive(Debug, Default)]
pub(super) struct Surcharges(Mutex<HashMap<String, Surcharge>>);

impl Surcharges {
    /// What to reserve for beside what is seen.
    pub(super) fn of(&self, place: &str) -> Surcharge {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get(place).copied().unwrap_or_default()
    }

    /// A request of this many bytes took so many tokens.
    pub(super) fn learn(&self, place: &str, endpoint: &Endpoint, bytes: usize, usage: Usage) {
        let input = usage.input.saturating_sub(bytes as u64);
        let output = usage.output.saturating_sub(endpoint.sampling.most_output());
        if input == 0 && output == 0 || !in_proportion(usage, endpoint, bytes) {
            return;
        }
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let most = seen.entry(place.to_owned()).or_default();
        most.input = most.input.max(input);
        most.output = most.output.max(output);
    }
}
