//! Settings from every layer, and the files that must agree with the table.

mod evaluation;
mod faults;
mod models;
mod roles;

use std::path::{Path, PathBuf};

use clap::{Args as _, FromArgMatches as _};
use proptest::prelude::*;

use super::*;
use crate::plan::money::Decimal;
use crate::plan::{DatasetPlan, Mix};

fn agent(name: &str) -> Result<(), String> {
    let known = name == "gold"
        || name
            .strip_prefix("noisy:")
            .is_some_and(|p| p.parse::<f64>().is_ok());
    known
        .then_some(())
        .ok_or_else(|| format!("no agent is called `{name}`"))
}

fn sizes(world: &WorldPlan) -> Result<(), String> {
    let most = u64::from(world.people) * 50;
    let fits = u64::from(world.orders) <= most;
    fits.then_some(())
        .ok_or_else(|| format!("more than {most} orders"))
}

const KNOWN: Known<'_> = Known {
    domains: &["retail", "tickets"],
    agent: &agent,
    prompts: &["agent.md.j2", "user.md.j2"],
    sizes: &sizes,
};

fn file(text: &str) -> PlanFile {
    PlanFile {
        path: "some/plan.toml".into(),
        text: text.to_owned(),
    }
}

fn variables(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn from_file(text: &str) -> Result<Resolved, SettingsError> {
    resolve(Some(&file(text)), [], &Flags::default(), &KNOWN)
}

fn from_environment(pairs: &[(&str, &str)]) -> Result<Resolved, SettingsError> {
    resolve(None, variables(pairs), &Flags::default(), &KNOWN)
}

/// Flags as clap reads them from a command line.
fn from_line(line: &str) -> Flags {
    let command = Flags::augment_args(clap::Command::new("t2t"));
    let matches = command
        .try_get_matches_from(format!("t2t {line}").split_whitespace())
        .unwrap();
    Flags::from_arg_matches(&matches).unwrap()
}

fn from_flags(line: &str) -> Result<Resolved, SettingsError> {
    resolve(None, [], &from_line(line), &KNOWN)
}

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

#[test]
fn nothing_given_is_the_default_plan() {
    let resolved = resolve(None, [], &Flags::default(), &KNOWN).unwrap();
    assert_eq!(resolved.plan, Plan::default());
    assert!(
        resolved
            .sources
            .values()
            .all(|source| *source == Source::Default)
    );
    assert_eq!(resolved.sources.len(), table::FIXED.len());
}

#[test]
fn each_layer_wins_over_those_below_it() {
    let text =
        "tasks = 10\nseed = 2\ntrials = 3\nworkers = 4\n[world]\norders = 70\n[mix]\ngeneral = 9\n";
    let environment = [
        ("T2T_SEED", "20"),
        ("T2T_TRIALS", " 30 "),
        ("T2T_WORLD__ORDERS", "700"),
    ];
    let flags = from_line("--trials 31 --mix ambiguous=2,infeasible=1");
    let resolved = resolve(Some(&file(text)), variables(&environment), &flags, &KNOWN).unwrap();
    let expected = Plan {
        tasks: 10,
        seed: 20,
        trials: 31,
        workers: 4,
        world: WorldPlan {
            orders: 700,
            ..WorldPlan::default()
        },
        mix: Mix {
            general: 0,
            ambiguous: 2,
            changing: 0,
            infeasible: 1,
        },
        ..Plan::default()
    };
    assert_eq!(resolved.plan, expected);
    let plan_file = Source::File("some/plan.toml".into());
    for (key, source) in [
        ("tasks", plan_file.clone()),
        ("workers", plan_file),
        ("seed", Source::Environment("T2T_SEED".to_owned())),
        (
            "world.orders",
            Source::Environment("T2T_WORLD__ORDERS".to_owned()),
        ),
        ("trials", Source::Flag("trials".to_owned())),
        ("mix.general", Source::Flag("mix".to_owned())),
        ("world.people", Source::Default),
    ] {
        assert_eq!(resolved.source(key), source, "{key}");
    }
}

#[test]
fn every_flag_sets_its_setting() {
    let world = tempfile::NamedTempFile::new().unwrap();
    let path = world.path().to_str().unwrap();
    let line = format!(
        "--domain tickets --tasks 5 --seed 6 --workers 7 --partition 2/3 --trials 8 --agent gold --agent noisy:0.1 \
         --world-file {path} --people 90 --orders 91 --products 92 --mix general=2,ambiguous=3"
    );
    let resolved = from_flags(&line).unwrap();
    let expected = Plan {
        domain: "tickets".to_owned(),
        tasks: 5,
        seed: 6,
        workers: 7,
        partition: "2/3".parse().unwrap(),
        trials: 8,
        agents: vec!["gold".to_owned(), "noisy:0.1".to_owned()],
        world: WorldPlan {
            file: path.to_owned(),
            products: 92,
            people: 90,
            orders: 91,
        },
        mix: Mix {
            general: 2,
            ambiguous: 3,
            changing: 0,
            infeasible: 0,
        },
        ..Plan::default()
    };
    assert_eq!(resolved.plan, expected);
    for setting in table::FIXED {
        let source = match setting.flag {
            "" => Source::Default,
            flag => Source::Flag(flag.to_owned()),
        };
        assert_eq!(resolved.source(setting.key), source, "{}", setting.key);
    }
}

#[test]
fn the_environment_sets_every_setting() {
    let world = tempfile::NamedTempFile::new().unwrap();
    let path = world.path().to_str().unwrap();
    let value = |setting: &table::Setting| match setting.kind {
        table::Kind::Texts => "gold, noisy:0.5",
        table::Kind::Dollars => "3",
        table::Kind::Truth => "false",
        table::Kind::Whole(..) => "3",
        table::Kind::Part => "2/3",
        // The one that goes with a user who is no model.
        table::Kind::Choice(_) => "form",
        other @ (table::Kind::Number(..) | table::Kind::Price | table::Kind::Table) => {
            panic!("{other} is of models alone")
        }
        table::Kind::Text => match setting.key {
            "world.file" => path,
            "domain" => "tickets",
            "explorer" => "symbolic",
            "writer" => "template",
            "user" => "agenda",
            "validity" | "judge" | "prompts" => "",
            _ => "cc-by-4.0",
        },
    };
    let pairs: Vec<(String, String)> = table::FIXED
        .iter()
        .map(|setting| (setting.variable(), value(setting).to_owned()))
        .collect();
    let resolved = resolve(None, pairs, &Flags::default(), &KNOWN).unwrap();
    let expected = Plan {
        domain: "tickets".to_owned(),
        seed: 3,
        tasks: 3,
        world: WorldPlan {
            file: path.to_owned(),
            products: 3,
            people: 3,
            orders: 3,
        },
        mix: Mix {
            general: 3,
            ambiguous: 3,
            changing: 3,
            infeasible: 3,
        },
        strata: 3,
        max_candidates: 3,
        agents: vec!["gold".to_owned(), "noisy:0.5".to_owned()],
        trials: 3,
        writer_attempts: 3,
        writer_fallback: false,
        votes: 3,
        budget_dollars: Some(Decimal(3_000_000_000)),
        dataset: DatasetPlan {
            validation_permille: 3,
            test_permille: 3,
            license: "cc-by-4.0".to_owned(),
            lawful_only: false,
            keep_reasoning: false,
        },
        workers: 3,
        partition: "2/3".parse().unwrap(),
        ..Plan::default()
    };
    assert_eq!(resolved.plan, expected);
    assert!(
        resolved
            .sources
            .values()
            .all(|source| matches!(source, Source::Environment(_)))
    );
}

#[test]
fn variables_that_are_not_settings_are_left_alone() {
    let others: Vec<(String, String)> = table::OTHER_VARIABLES
        .iter()
        .map(|(prefix, _)| (format!("{prefix}X"), "1".to_owned()))
        .chain(variables(&[
            ("HOME", "/"),
            ("t2t_tasks", "9"),
            ("XT2T_TASKS", "9"),
        ]))
        .collect();
    let resolved = resolve(None, others, &Flags::default(), &KNOWN).unwrap();
    assert_eq!(resolved.plan, Plan::default());
}

#[test]
fn show_prints_every_setting_in_columns() {
    let resolved = resolve(
        Some(&file("tasks = 1000")),
        variables(&[("T2T_SEED", "18446744073709551615")]),
        &from_line("--agent gold"),
        &KNOWN,
    )
    .unwrap();
    let shown = show(&resolved);
    assert_eq!(shown.lines().count(), table::FIXED.len());
    for line in [
        "domain                       \"retail\"                default",
        "seed                         \"18446744073709551615\"  environment T2T_SEED",
        "tasks                        1000                    file some/plan.toml",
        "agents                       [\"gold\"]                flag --agent",
        "dataset.validation_permille  50                      default",
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line}\n{shown}");
    }
}

fn any_plan() -> impl Strategy<Value = Plan> {
    let world = (1..1000u32, 5000..9_000_000u32, 0..9_000_000u32);
    let mix = (
        1..1_000_000u32,
        0..1_000_000u32,
        0..1_000_000u32,
        0..1_000_000u32,
    );
    let noise = proptest::collection::btree_set(0..1000u32, 1..5);
    let dataset = (0..=500u16, 0..=500u16, "[a-z0-9.+-]{1,20}", any::<bool>());
    let counts = (
        any::<u64>(),
        1..=10_000_000u32,
        1..=4096u32,
        1..=u16::MAX,
        1..=64u32,
        0..=1024u32,
        (any::<u32>(), any::<u32>()),
        (any::<bool>(), 0..8_u32, proptest::option::of(any::<u64>())),
    );
    let models = proptest::collection::btree_map("[a-z][a-z0-9-]{0,8}", models::any_model(), 0..3);
    (world, mix, noise, dataset, counts, models).prop_map(
        |(world, mix, noise, dataset, counts, models)| Plan {
            domain: "tickets".to_owned(),
            seed: counts.0,
            tasks: counts.1,
            world: WorldPlan {
                file: String::new(),
                products: world.0,
                people: world.1,
                orders: world.2.min(world.1),
            },
            mix: Mix {
                general: mix.0,
                ambiguous: mix.1,
                changing: mix.2,
                infeasible: mix.3,
            },
            strata: counts.2,
            max_candidates: counts.3,
            agents: noise.iter().map(|p| format!("noisy:0.{p:03}")).collect(),
            trials: counts.4,
            writer_fallback: counts.7.0,
            writer_attempts: counts.7.1 + 1,
            votes: counts.7.1 * 2 + 1,
            budget_dollars: counts.7.2.map(Decimal),
            dataset: DatasetPlan {
                validation_permille: dataset.0,
                test_permille: dataset.1,
                license: dataset.2,
                lawful_only: dataset.3,
                keep_reasoning: !dataset.3,
            },
            models,
            workers: counts.5,
            partition: {
                let of = 1 + counts.6.0 % counts.2;
                format!("{}/{of}", 1 + counts.6.1 % of).parse().unwrap()
            },
            ..Plan::default()
        },
    )
}

proptest! {
    #[test]
    fn a_shown_plan_file_reads_back_equal(plan in any_plan()) {
        let text = toml(&plan);
        let resolved = from_file(&text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        prop_assert_eq!(resolved.plan, plan);
    }
}

#[test]
fn any_path_survives_the_plan_file() {
    let folder = tempfile::tempdir().unwrap();
    for name in [
        "plain.json",
        "a \"b\" \\ c.json",
        "tab\t#.json",
        "new\nline.json",
        "grün.json",
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, "{}").unwrap();
        let file = path.to_str().unwrap().to_owned();
        let plan = Plan {
            world: WorldPlan {
                file,
                ..WorldPlan::default()
            },
            ..Plan::default()
        };
        assert_eq!(from_file(&toml(&plan)).unwrap().plan, plan, "{name}");
    }
}

#[test]
fn the_table_has_every_field_of_a_plan_and_no_other() {
    fn keys(path: &str, value: &serde_json::Value, out: &mut Vec<String>) {
        match value {
            serde_json::Value::Object(fields) => {
                for (name, value) in fields {
                    keys(&format!("{path}.{name}"), value, out);
                }
            }
            _ => out.push(path[1..].to_owned()),
        }
    }
    let mut plan = Plan::default();
    plan.models.insert("*".to_owned(), ModelPlan::default());
    let mut fields = Vec::new();
    keys("", &serde_json::to_value(plan).unwrap(), &mut fields);
    // A table of the user's own is one setting.
    fields.push("models.*.extra".to_owned());
    let mut known: Vec<String> = table::all().map(|setting| setting.key.to_owned()).collect();
    let top = known.iter().take_while(|key| !key.contains('.')).count();
    assert!(
        known[top..].iter().all(|key| key.contains('.')),
        "settings without a section come first"
    );
    fields.sort();
    known.sort();
    assert_eq!(known, fields);
}

#[test]
fn the_committed_reference_is_the_tables() {
    let path = root("deploy/CONFIG.md");
    if std::env::var_os("T2T_BLESS").is_some() {
        std::fs::write(&path, reference()).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == reference(),
        "deploy/CONFIG.md is out of date; `T2T_BLESS=1 cargo test -p coordinator settings` writes it again"
    );
}

#[test]
fn every_example_plan_is_a_plan() {
    let mut files: Vec<PathBuf> = std::fs::read_dir(root("deploy/plans"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .collect();
    files.sort();
    let mut plans = BTreeMap::new();
    for path in files {
        let resolved = resolve(
            Some(&PlanFile::read(&path).unwrap()),
            [],
            &Flags::default(),
            &Known::built_in(),
        );
        let plan = resolved
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
            .plan;
        plans.insert(path.file_stem().unwrap().to_str().unwrap().to_owned(), plan);
    }
    let names: Vec<&str> = plans.keys().map(String::as_str).collect();
    assert_eq!(names, ["evaluation", "first", "hard", "large", "paper"]);
    assert_eq!((plans["first"].tasks, plans["first"].seed), (1000, 7));
    assert_eq!(plans["large"].tasks, 100_000);
    assert_eq!(
        (plans["large"].world.people, plans["large"].world.orders),
        (5000, 10_000)
    );
    assert_eq!(
        plans["hard"].mix,
        Mix {
            general: 0,
            ambiguous: 2,
            changing: 2,
            infeasible: 1
        }
    );
    let paper = &plans["paper"].mix;
    let sum = paper.general + paper.ambiguous + paper.changing + paper.infeasible;
    assert_eq!(sum, plans["paper"].tasks, "so that shares are counts");
    assert!(plans["evaluation"].trials >= 8 && plans["evaluation"].agents.len() > 3);
}

#[test]
fn a_plan_is_checked_against_this_build() {
    let known = Known::built_in();
    let of = |text: &str| resolve(Some(&file(text)), [], &Flags::default(), &known);
    assert_eq!(of("").unwrap().plan, Plan::default());
    for (text, wanted) in [
        ("agents = [\"noisy:1.5\"]", "no agent is called `noisy:1.5`"),
        (
            "domain = \"shop\"",
            "there is no such domain; take one of retail",
        ),
        (
            "[world]\norders = 30000\n",
            "`world.orders` in some/plan.toml is 30000: ",
        ),
    ] {
        let error = of(text).unwrap_err().to_string();
        assert!(error.contains(wanted), "{text}\n{error}");
    }
}
