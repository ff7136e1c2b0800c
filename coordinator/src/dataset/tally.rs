//! Counts of rows for card and manifest, gathered as rows pass.

use std::collections::{BTreeMap, BTreeSet};

use super::row::{Row, Split};

/// Counts by what a reader of the card asks for. Its size grows with the number of scenarios and
/// agents, not of rows.
#[derive(Debug, Default)]
pub(super) struct Tally {
    cells: BTreeMap<(String, String), [u64; 3]>,
    kinds: BTreeMap<(String, String), u64>,
    domains: BTreeSet<String>,
    users: BTreeSet<String>,
    splits: [u64; 3],
    calls: u64,
    messages: u64,
    rewarded: u64,
}

impl Tally {
    pub(super) fn add(&mut self, row: &Row) {
        let split = row.split as usize;
        self.splits[split] += 1;
        cell(&mut self.cells, &row.scenario, &row.agent)[split] += 1;
        *cell(&mut self.kinds, &row.scenario, &row.kind) += 1;
        for (set, name) in [
            (&mut self.domains, &row.domain),
            (&mut self.users, &row.user),
        ] {
            if !set.contains(name) {
                set.insert(name.clone());
            }
        }
        self.messages += row.messages.len() as u64;
        self.calls += row
            .messages
            .iter()
            .map(|m| m.tool_calls.len() as u64)
            .sum::<u64>();
        self.rewarded += u64::from(row.reward >= 1.0);
    }

    /// Rows in all.
    pub(super) fn rows(&self) -> u64 {
        self.splits.iter().sum()
    }

    /// Rows of one split.
    pub(super) fn of(&self, split: Split) -> u64 {
        self.splits[split as usize]
    }

    /// Rows by scenario and agent; per cell train, validation, test.
    pub(super) fn cells(&self) -> &BTreeMap<(String, String), [u64; 3]> {
        &self.cells
    }

    /// Rows by scenario and kind.
    pub(super) fn kinds(&self) -> &BTreeMap<(String, String), u64> {
        &self.kinds
    }

    pub(super) fn domains(&self) -> &BTreeSet<String> {
        &self.domains
    }

    pub(super) fn users(&self) -> &BTreeSet<String> {
        &self.users
    }

    /// Messages, tool calls and rows of reward 1.
    pub(super) fn totals(&self) -> (u64, u64, u64) {
        (self.messages, self.calls, self.rewarded)
    }
}

fn cell<'a, V: Default>(map: &'a mut BTreeMap<(String, String), V>, a: &str, b: &str) -> &'a mut V {
    map.entry((a.to_owned(), b.to_owned())).or_default()
}

#[cfg(test)]
mod tests {
    use super::super::row::tests::sample;
    use super::*;

    #[test]
    fn counts_by_split_scenario_and_agent() {
        let mut tally = Tally::default();
        tally.add(&sample("a"));
        tally.add(&Row {
            split: Split::Test,
            reward: 0.0,
            ..sample("b")
        });
        assert_eq!(tally.rows(), 2);
        assert_eq!(tally.of(Split::Validation), 0);
        assert_eq!(
            tally.cells()[&("general".to_owned(), "gold".to_owned())],
            [1, 0, 1]
        );
        assert_eq!(tally.totals(), (10, 2, 1));
    }
}
