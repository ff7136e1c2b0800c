//! What a model that judges found in the conversations of a run, beside what the scorer found.

use std::collections::BTreeMap;

use proto::record::{Component, Judged, Verdict};

use crate::report::model::JudgedRow;

/// What statements without a component beside them are about.
const FACTS: &str = "facts told";

/// Judgements added up, by the component beside them.
#[derive(Debug, Default)]
pub(super) struct Judgements(BTreeMap<Option<Component>, Sum>);

#[derive(Debug, Default)]
struct Sum {
    episodes: u64,
    holds: u64,
    met: u64,
    agree: u64,
}

impl Judgements {
    /// Counts an episode; several statements beside one component hold together or not at all.
    pub(super) fn add(&mut self, verdict: &Verdict) {
        let mut found: BTreeMap<Option<Component>, bool> = BTreeMap::new();
        for judged in &verdict.judged {
            let holds = found.entry(judged.beside).or_insert(true);
            *holds &= Judged::holds(judged);
        }
        for (beside, holds) in found {
            let scored = verdict.components.iter();
            let mut scored = scored.filter(|(component, _)| Some(*component) == beside);
            let met = scored.next().is_some_and(|(_, met)| *met);
            let sum = self.0.entry(beside).or_default();
            sum.episodes += 1;
            sum.holds += u64::from(holds);
            sum.met += u64::from(met);
            sum.agree += u64::from(met == holds);
        }
    }

    /// A row for each component, and one for what nothing else decides.
    pub(super) fn rows(self) -> Vec<JudgedRow> {
        let row = |(beside, sum): (Option<Component>, Sum)| JudgedRow {
            about: beside.map_or(FACTS, Component::label).to_owned(),
            episodes: sum.episodes,
            holds: sum.holds,
            met: beside.map(|_| sum.met),
            agree: beside.map(|_| sum.agree),
        };
        self.0.into_iter().map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(told: bool, judged: &[(Option<Component>, bool)]) -> Verdict {
        let judged = judged.iter().map(|&(beside, holds)| Judged {
            beside,
            statement: String::new(),
            votes: vec![holds],
        });
        Verdict {
            reward: 1.0,
            lenient: 1.0,
            components: vec![(Component::State, true), (Component::Told, told)],
            violations: Vec::new(),
            judged: Vec::new(),
        }
        .judged(judged.collect())
    }

    #[test]
    fn a_row_says_how_often_the_judge_and_the_scorer_agree() {
        let told = Some(Component::Told);
        let mut judgements = Judgements::default();
        judgements.add(&verdict(true, &[(told, true), (told, false), (None, true)]));
        judgements.add(&verdict(false, &[(told, false), (None, false)]));
        judgements.add(&verdict(false, &[(told, true), (None, true)]));
        let rows = judgements.rows();
        let row = |place: usize| {
            let row = &rows[place];
            (
                row.about.as_str(),
                row.episodes,
                row.holds,
                row.met,
                row.agree,
            )
        };
        assert_eq!(row(0), (FACTS, 3, 2, None, None));
        assert_eq!(row(1), ("told", 3, 1, Some(1), Some(1)));
    }
}
