//! What both printed forms need beside the model: the same figures, arranged as they are shown, and
//! the ways of writing a number.

use std::collections::BTreeSet;

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior};
use serde::Serialize;

use super::model::{DifferenceRow, PassRow, ReportModel, Slice};

/// The model with its figures arranged for printing.
#[derive(Debug, Serialize)]
pub(super) struct Page<'a> {
    /// Everything as it is.
    model: &'a ReportModel,
    /// Agents by scenarios, all tasks of each.
    overview: Overview<'a>,
    /// The whole pass^k table, agent by agent.
    agents: Vec<AgentTable<'a>>,
    /// Greatest k of any figure.
    most: u32,
    /// Lengths of golden trajectories beside the benchmark's.
    lengths: Vec<LengthBar>,
    /// The top of their chart: a whole number of steps above the greatest share.
    tallest: f64,
    /// Shares at which the chart has a line.
    ticks: Vec<f64>,
    /// Scenarios of the samples.
    sample_scenarios: Vec<&'a str>,
    /// Agents of the samples.
    sample_agents: Vec<&'a str>,
    /// Whether any figure is unreliable.
    unreliable: bool,
    /// Differences at k = 1 and at the greatest k.
    differences: Vec<&'a DifferenceRow>,
}

/// Agents by scenarios.
#[derive(Debug, Serialize)]
struct Overview<'a> {
    scenarios: Vec<&'static str>,
    rows: Vec<OverviewRow<'a>>,
}

/// One agent in every scenario; none where it met no task.
#[derive(Debug, Serialize)]
struct OverviewRow<'a> {
    agent: &'a str,
    cells: Vec<Option<&'a PassRow>>,
}

/// The pass^k table of one agent.
#[derive(Debug, Serialize)]
struct AgentTable<'a> {
    agent: &'a str,
    headline: Option<&'a PassRow>,
    most: u32,
    scenarios: Vec<ScenarioRows<'a>>,
}

/// One scenario: all of its tasks, then those that need a write and those that need none, where there
/// are both.
#[derive(Debug, Serialize)]
struct ScenarioRows<'a> {
    scenario: &'a str,
    /// Which slice all of its tasks are of, when they are of one.
    only: Option<&'static str>,
    rows: Vec<SliceRow<'a>>,
}

/// A row with the name of its slice.
#[derive(Debug, Serialize)]
struct SliceRow<'a> {
    label: &'static str,
    row: &'a PassRow,
}

/// Share of tasks of one length.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct LengthBar {
    value: u32,
    ours: f64,
    theirs: f64,
}

const SCENARIOS: [&str; 6] = [
    "all",
    "general",
    "ambiguous",
    "changing",
    "infeasible",
    "twin",
];

impl<'a> Page<'a> {
    /// Arranges a model.
    pub(super) fn of(model: &'a ReportModel) -> Self {
        let names: BTreeSet<&str> = model.pass.iter().map(|row| row.agent.as_str()).collect();
        let agents: Vec<AgentTable<'_>> =
            names.iter().map(|name| agent_table(model, name)).collect();
        let lengths = length_bars(model);
        let ticks = ticks(&lengths);
        let samples = || model.samples.iter();
        let scenarios: BTreeSet<&str> = samples().map(|s| s.scenario.as_str()).collect();
        let sample_agents: BTreeSet<&str> = samples().map(|s| s.agent.as_str()).collect();
        Self {
            overview: overview(model, &names),
            most: agents.iter().map(|agent| agent.most).max().unwrap_or(0),
            agents,
            tallest: ticks.last().copied().unwrap_or(1.0),
            ticks,
            lengths,
            sample_scenarios: SCENARIOS
                .into_iter()
                .filter(|s| scenarios.contains(s))
                .collect(),
            sample_agents: sample_agents.into_iter().collect(),
            unreliable: model.pass.iter().any(|row| row.unreliable),
            differences: model.differences.iter().collect(),
            model,
        }
    }
}

fn overview<'a>(model: &'a ReportModel, names: &BTreeSet<&'a str>) -> Overview<'a> {
    let all = |row: &&PassRow| row.slice == Slice::All;
    let met = |scenario: &&str| model.pass.iter().any(|row| row.scenario == *scenario);
    let scenarios: Vec<&'static str> = SCENARIOS.into_iter().filter(met).collect();
    let rows = names.iter().map(|&agent| OverviewRow {
        agent,
        cells: scenarios
            .iter()
            .map(|scenario| {
                let mut rows = model.pass.iter().filter(all);
                rows.find(|row| row.agent == agent && row.scenario == *scenario)
            })
            .collect(),
    });
    let rows = rows.collect();
    Overview { scenarios, rows }
}

fn agent_table<'a>(model: &'a ReportModel, agent: &'a str) -> AgentTable<'a> {
    let rows: Vec<&PassRow> = model.pass.iter().filter(|row| row.agent == agent).collect();
    let scenarios = SCENARIOS.into_iter().filter_map(|scenario| {
        let here: Vec<&PassRow> = rows
            .iter()
            .copied()
            .filter(|row| row.scenario == scenario)
            .collect();
        scenario_rows(here)
    });
    AgentTable {
        agent,
        headline: rows
            .iter()
            .copied()
            .find(|row| row.scenario == "all" && row.slice == Slice::All),
        most: rows
            .iter()
            .flat_map(|row| row.pass.last())
            .map(|at| at.k)
            .max()
            .unwrap_or(0),
        scenarios: scenarios.collect(),
    }
}

/// The rows of one scenario; a slice that holds all of its tasks is named, not repeated.
fn scenario_rows(rows: Vec<&PassRow>) -> Option<ScenarioRows<'_>> {
    let all = rows.iter().find(|row| row.slice == Slice::All)?;
    let same = |row: &&&PassRow| row.slice != Slice::All && row.tasks == all.tasks;
    let only = rows.iter().find(same).map(|row| row.slice.label());
    let shown = rows
        .iter()
        .filter(|row| row.slice == Slice::All || only.is_none());
    Some(ScenarioRows {
        scenario: &all.scenario,
        only,
        rows: shown
            .map(|&row| SliceRow {
                label: row.slice.label(),
                row,
            })
            .collect(),
    })
}

/// Every length from 0 to the greatest, with the share of tasks that have it.
fn length_bars(model: &ReportModel) -> Vec<LengthBar> {
    let ours = &model.lengths.golden;
    let theirs = model.lengths.benchmark.as_ref();
    let last = ours.max.max(theirs.map_or(0, |d| d.max));
    let share = |bins: &[(u32, u64)], count: u64, value: u32| {
        let times = bins
            .iter()
            .find(|bin| bin.0 == value)
            .map_or(0, |bin| bin.1);
        if count == 0 {
            0.0
        } else {
            times as f64 / count as f64
        }
    };
    (0..=last)
        .map(|value| LengthBar {
            value,
            ours: share(&ours.bins, ours.count, value),
            theirs: theirs.map_or(0.0, |d| share(&d.bins, d.count, value)),
        })
        .collect()
}

/// Lines of the chart, from one step to the first that no share exceeds.
fn ticks(bars: &[LengthBar]) -> Vec<f64> {
    let greatest = bars
        .iter()
        .fold(0.0, |top: f64, bar| top.max(bar.ours).max(bar.theirs));
    let step = [5_u32, 10, 25]
        .into_iter()
        .find(|step| greatest * 100.0 <= f64::from(step * 5));
    let step = step.unwrap_or(25);
    let steps = (greatest * 100.0 / f64::from(step)).ceil().max(1.0) as u32;
    (1..=steps)
        .map(|place| f64::from(place * step) / 100.0)
        .collect()
}

/// Prepares a template environment: lines of tags leave no trace, a name that the model does not have
/// is an error, and numbers are written for people.
pub(super) fn set_up(environment: &mut Environment<'_>) {
    let mut syntax = SyntaxConfig::builder();
    syntax.trim_blocks(true).lstrip_blocks(true);
    environment.set_syntax(syntax.build().expect("it changes no delimiter"));
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.add_filter("percent", percent);
    environment.add_filter("points", |value: f64| format!("{:+.1}", value * 100.0));
    environment.add_filter("fixed", |value: f64| format!("{value:.1}"));
    environment.add_filter("thousands", thousands);
    environment.add_filter("share", share);
    environment.add_filter("words", |text: String| text.replace(['_', '.'], " "));
}

/// A share from 0 to 1 as percent with one decimal, rounded so that only a whole 1 prints as 100.
fn percent(value: f64) -> String {
    let shown = (value * 1000.0).round() / 10.0;
    let honest = if value < 1.0 { shown.min(99.9) } else { shown };
    let honest = if value > 0.0 { honest.max(0.1) } else { honest };
    if honest >= 100.0 {
        "100".to_owned()
    } else {
        format!("{honest:.1}")
    }
}

/// Digits in groups of three.
fn thousands(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `part` of `whole` in percent with two decimals, for the length of a bar; 0 of nothing.
fn share(part: f64, whole: f64) -> Result<String, Error> {
    if !part.is_finite() || !whole.is_finite() {
        return Err(Error::new(
            ErrorKind::InvalidOperation,
            "a bar of an infinite length",
        ));
    }
    let share = if whole > 0.0 { part / whole } else { 0.0 };
    Ok(format!("{:.2}", (share * 100.0).clamp(0.0, 100.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        let cases = [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_234_567, "1,234,567"),
        ];
        for (value, text) in cases {
            assert_eq!(thousands(value), text);
        }
        let cases = [
            (0.0, "0.0"),
            (1.0, "100"),
            (0.9999, "99.9"),
            (0.0001, "0.1"),
            (0.8421, "84.2"),
        ];
        for (value, text) in cases {
            assert_eq!(percent(value), text);
        }
        assert_eq!(share(1.0, 3.0).unwrap(), "33.33");
        assert_eq!(share(1.0, 0.0).unwrap(), "0.00");
        assert!(share(f64::NAN, 1.0).is_err());
    }
}
