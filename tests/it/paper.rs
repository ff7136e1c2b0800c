//! The plan of the paper's setting, with stand-ins for its models: the very file, whose URLs, rates and size
//! are said elsewhere.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use coordinator::plan::Plan;
use coordinator::plan::cells::Layout;
use coordinator::plan::settings::{Flags, Known, PlanFile, resolve};
use coordinator::world;
use harness::endpoint::{Brain, Endpoint, Settings};

use crate::pipeline::program;

/// The agent whose stand-in helps nobody.
const HELPLESS: &str = "gpt_small";
/// Enough for several tasks of each scenario.
const TASKS: u32 = 11;

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../deploy/plans/paper.toml")
}

fn plan() -> Plan {
    let file = PlanFile::read(&path()).unwrap();
    let resolved = resolve(Some(&file), [], &Flags::default(), &Known::built_in());
    resolved.unwrap().plan
}

fn scenarios(plan: &Plan, slots: u32) -> BTreeMap<&'static str, u32> {
    let layout = Layout::new(plan, &world::domain(plan).unwrap());
    let mut counts = BTreeMap::new();
    for slot in 0..slots {
        *counts.entry(layout.scenario(slot).label()).or_default() += 1;
    }
    counts
}

#[test]
fn the_shares_of_a_mix_that_sum_to_the_tasks_are_counts() {
    let plan = plan();
    let (agents, trials) = (plan.agents.len(), plan.trials);
    assert_eq!((plan.tasks, agents, trials), (1099, 7, 3));
    let wanted = [("ambiguous", 473), ("changing", 279), ("infeasible", 347)];
    assert_eq!(scenarios(&plan, plan.tasks), wanted.into());
    for (slots, counts) in (1..=10).map(|tenth| (tenth * 109, scenarios(&plan, tenth * 109))) {
        for (scenario, share) in wanted {
            let exact = f64::from(slots) * f64::from(share) / 1099.0;
            let off = (f64::from(counts[scenario]) - exact).abs();
            assert!(off <= 1.0, "{scenario} in {slots} slots: {counts:?}");
        }
    }
}

/// A row of the report's table of successes: agent, scenario, and pass^1 to pass^3 in percent.
type Row = (String, String, Vec<f64>);

fn cells(line: &str) -> Vec<&str> {
    line.trim_matches('|').split('|').map(str::trim).collect()
}

fn rows(report: &str) -> Vec<Row> {
    let lines = report.lines().filter(|line| line.starts_with("| model:"));
    let row = |line: &str| {
        let cells = cells(line);
        let passes = cells[4..].iter().take_while(|cell| cell.contains('–'));
        let means = passes.filter_map(|cell| cell.split(' ').next()?.parse().ok());
        (
            cells[0].replace('\\', ""),
            cells[1].to_owned(),
            means.collect(),
        )
    };
    lines
        .filter(|line| line.matches('|').count() > 9)
        .map(row)
        .collect()
}

/// Stand-ins for all models of the plan.
struct StandIns {
    able: Endpoint,
    helpless: Endpoint,
}

impl StandIns {
    fn start() -> Self {
        let start = |brain| {
            let settings = Settings {
                brain,
                ..Settings::default()
            };
            Endpoint::start(settings).unwrap()
        };
        let sorry = "I am sorry, I can't help you with that.";
        Self {
            able: start(Brain::Roles),
            helpless: start(Brain::Fixed(sorry.to_owned())),
        }
    }

    /// Runs the plan into `out` of this folder; gives its report.
    fn run(&self, folder: &Path, flags: &str) -> String {
        let mut command = program();
        command.current_dir(folder);
        for (name, model) in &plan().models {
            let variable = |key: &str| format!("T2T_MODELS__{}__{key}", name.to_uppercase());
            let endpoint = if name == HELPLESS {
                &self.helpless
            } else {
                &self.able
            };
            command.env(variable("URL"), endpoint.base_url());
            command.env(variable("REQUESTS_PER_MINUTE"), "0");
            command.env(&model.key, "sk-of-a-stand-in");
        }
        let line = format!("run {flags} --out out");
        command.args(line.split(' ')).arg(path());
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        let asked = self.able.stats();
        assert_eq!(asked.refused, 0, "{asked:?}");
        fs::read_to_string(folder.join("out/report.md")).unwrap()
    }
}

#[test]
fn the_paper_s_setting_runs_with_stand_ins_and_reports_pass_k_by_model_and_scenario() {
    run_and_report(TASKS);
}

#[test]
#[ignore = "all 1,099 tasks by seven agents three times: minutes of an endpoint's work"]
fn the_whole_paper_s_setting_runs_with_stand_ins() {
    run_and_report(plan().tasks);
}

#[test]
fn all_tasks_of_the_paper_s_setting_are_found_worded_and_judged() {
    let folder = tempfile::tempdir().unwrap();
    let flags = format!("--tasks {} --agent gold --trials 1", plan().tasks);
    let report = StandIns::start().run(folder.path(), &flags);
    let mut found: BTreeMap<&str, u32> = BTreeMap::new();
    for line in report.lines() {
        // By what tasks need, of which each needs one.
        if let ["gold", scenario, "write" | "no write", tasks, ..] = cells(line)[..] {
            *found.entry(scenario).or_default() += tasks.replace(',', "").parse::<u32>().unwrap();
        }
    }
    let [all, twins] = ["all", "twin"].map(|other| found.remove(other));
    assert_eq!(all, Some(plan().tasks), "{report}");
    assert!(twins.is_some_and(|twins| twins > 0), "{report}");
    assert_eq!(found, scenarios(&plan(), plan().tasks), "{report}");
}

fn run_and_report(tasks: u32) {
    let (stand_ins, plan) = (StandIns::start(), plan());
    let folder = tempfile::tempdir().unwrap();
    let report = stand_ins.run(folder.path(), &format!("--tasks {tasks}"));
    assert!(stand_ins.helpless.stats().requests > 0);
    let rows = rows(&report);
    let find = |agent: &str, scenario: &str| {
        let mut all = rows
            .iter()
            .filter(|row| row.0 == agent && row.1 == scenario);
        let row = all.next();
        &row.unwrap_or_else(|| panic!("no {agent} in {scenario}\n{report}"))
            .2
    };
    for agent in &plan.agents {
        for scenario in ["ambiguous", "changing", "infeasible"] {
            let passes = find(agent, scenario);
            assert_eq!(
                passes.len(),
                3,
                "{agent} in {scenario}: {passes:?}\n{report}"
            );
            assert!(passes.is_sorted_by(|one, next| one >= next), "{passes:?}");
            let helps = *agent != format!("model:{HELPLESS}");
            assert!(
                if helps {
                    passes[0] > 50.0
                } else {
                    passes[0] == 0.0
                },
                "{agent} in {scenario}: {passes:?}"
            );
        }
    }
    assert!(find("model:qwen", "infeasible")[0] + find("model:qwen", "changing")[0] > 0.0);
    let dataset = folder.path().join("out/dataset/manifest.json");
    assert!(dataset.exists());
}
