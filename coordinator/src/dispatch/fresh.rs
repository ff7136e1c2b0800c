//! Results that the next stage of their candidate works on, at hand so that the ledger need not be
//! read. Bounded: what is pushed out is read back when it is wanted.

use std::collections::{HashMap, VecDeque};

use proto::outcome::StageResult;

/// Slot and candidate.
pub(super) type Candidate = (u32, u16);

#[derive(Debug)]
pub(super) struct Fresh {
    results: HashMap<Candidate, StageResult>,
    /// In order of arrival; what was taken since stays in it until its turn.
    order: VecDeque<Candidate>,
    capacity: usize,
}

impl Fresh {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            results: HashMap::new(),
            order: VecDeque::new(),
            capacity,
        }
    }

    pub(super) fn put(&mut self, candidate: Candidate, result: StageResult) {
        if self.results.insert(candidate, result).is_none() {
            self.order.push_back(candidate);
        }
        while self.order.len() > self.capacity {
            if let Some(oldest) = self.order.pop_front() {
                self.results.remove(&oldest);
            }
        }
    }

    pub(super) fn take(&mut self, candidate: Candidate) -> Option<StageResult> {
        self.results.remove(&candidate)
    }
}

#[cfg(test)]
mod tests {
    use proto::job::Stage;

    use super::*;

    fn result(number: u32) -> StageResult {
        StageResult::Failed {
            stage: Stage::Explore,
            error: number.to_string(),
        }
    }

    #[test]
    fn holds_the_last_ones_and_gives_each_once() {
        let mut fresh = Fresh::new(3);
        for number in 0..5 {
            fresh.put((number, 0), result(number));
        }
        assert_eq!(fresh.take((1, 0)), None);
        assert_eq!(fresh.take((2, 0)), Some(result(2)));
        assert_eq!(fresh.take((2, 0)), None);
        fresh.put((4, 0), result(9));
        assert_eq!(fresh.take((4, 0)), Some(result(9)));
    }

    #[test]
    fn never_outgrows_its_capacity() {
        let mut fresh = Fresh::new(4);
        for round in 0..100 {
            fresh.put((round % 7, 0), result(round));
            if round % 3 == 0 {
                fresh.take((round % 7, 0));
            }
            assert!(fresh.results.len() <= 4 && fresh.order.len() <= 4);
        }
    }
}
