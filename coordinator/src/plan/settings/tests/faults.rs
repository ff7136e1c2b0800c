//! What is refused, and that the error names value, place and mend.

use std::path::Path;

use super::super::PlanFile;
use super::{from_environment, from_file, from_flags};

/// Texts of plan files, and a part of what is said about each.
const FILES: &[(&str, &str)] = &[
    (
        "task = 5",
        "unknown setting `task` in some/plan.toml: did you mean `tasks`?",
    ),
    (
        "orders = 5",
        "unknown setting `orders` in some/plan.toml: did you mean `world.orders`?",
    ),
    (
        "[wurld]\norders = 5",
        "unknown setting `wurld` in some/plan.toml: did you mean `world`?",
    ),
    (
        "[dataset]\nlicence = \"mit\"",
        "did you mean `dataset.license`?",
    ),
    (
        "temperature = 1",
        "unknown setting `temperature` in some/plan.toml: `t2t plan show` lists",
    ),
    (
        "tasks = \"many\"",
        "`tasks` in some/plan.toml is the string \"many\", but must be a whole number from 1 to 10000000",
    ),
    (
        "tasks = 0",
        "`tasks` in some/plan.toml is `0`, but must be a whole number from 1",
    ),
    ("tasks = -5", "is `-5`, but must be"),
    ("tasks = 1.5", "is `1.5`, but must be"),
    ("tasks = true", "is `true`, but must be"),
    ("tasks = \"5\"", "is the string \"5\", but must be"),
    ("tasks = 10000001", "from 1 to 10000000"),
    ("trials = 65", "from 1 to 64"),
    ("strata = 4097", "from 1 to 4096"),
    (
        "seed = -1",
        "`seed` in some/plan.toml is `-1`, but must be a whole number below 2^64",
    ),
    (
        "domain = 5",
        "`domain` in some/plan.toml is `5`, but must be a string",
    ),
    (
        "agents = \"gold\"",
        "is the string \"gold\", but must be a list of strings",
    ),
    (
        "agents = [\"gold\", 5]",
        "is a list with `5` in it, but must be a list of strings",
    ),
    (
        "world = 5",
        "`world` in some/plan.toml is `5`, but must be a section: set file, products, people",
    ),
    (
        "[tasks]\nn = 5",
        "`tasks` in some/plan.toml is a table, but must be",
    ),
    (
        "[dataset]\nlawful_only = \"yes\"",
        "but must be true or false",
    ),
    (
        "tasks = 5\ntasks = 6",
        "some/plan.toml is not a TOML file: TOML parse error at line 2",
    ),
    (
        "tasks = ",
        "some/plan.toml is not a TOML file: TOML parse error at line 1",
    ),
];

#[test]
fn faults_of_a_file_name_key_file_value_and_mend() {
    for (text, wanted) in FILES {
        let error = from_file(text).unwrap_err().to_string();
        assert!(error.contains(wanted), "{text}\n{error}");
    }
}

#[test]
fn faults_of_variables_and_flags_name_them() {
    for (name, value, wanted) in [
        (
            "T2T_TASK",
            "5",
            "unknown setting `task` in the environment (T2T_TASK): did you mean T2T_TASKS?",
        ),
        ("T2T_ORDERS", "5", "did you mean T2T_WORLD__ORDERS?"),
        ("T2T_WORLD_ORDERS", "5", "did you mean T2T_WORLD__ORDERS?"),
        (
            "T2T_TASKS",
            "5k",
            "`tasks` in the environment (T2T_TASKS) is the string \"5k\", but must be",
        ),
        ("T2T_TASKS", "", "is the string \"\", but must be"),
        (
            "T2T_MIX",
            "general=1",
            "must be a section: set general, ambiguous, changing, infeasible in it",
        ),
        ("T2T_AGENTS", "gold,,noisy:0.1", "no agent is called ``"),
        ("T2T_AGENTS", "", "no agent would talk"),
        (
            "T2T_DATASET__LAWFUL_ONLY",
            "1",
            "is the string \"1\", but must be true or false",
        ),
    ] {
        let error = from_environment(&[(name, value)]).unwrap_err().to_string();
        assert!(error.contains(wanted), "{name}={value}\n{error}");
    }
    for (line, wanted) in [
        (
            "--tasks 0",
            "`tasks` on the command line (--tasks) is `0`, but must be",
        ),
        (
            "--mix general",
            "`mix` on the command line (--mix) is `general`, but must be scenarios with",
        ),
        (
            "--mix generel=1",
            "unknown setting `mix.generel` on the command line (--mix): did you mean `mix.general`?",
        ),
        ("--mix general=1,general=2", "without `general` twice"),
        (
            "--mix general=x",
            "`mix.general` on the command line (--mix) is the string \"x\"",
        ),
        ("--mix general=0", "give at least one scenario"),
        (
            "--agent silver",
            "no agent is called `silver`; correct the name",
        ),
    ] {
        let error = from_flags(line).unwrap_err().to_string();
        assert!(error.contains(wanted), "{line}\n{error}");
    }
}

#[test]
fn values_that_do_not_go_together_are_refused_with_a_mend() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().to_str().unwrap();
    for (text, wanted) in [
        (
            "domain = \"retial\"",
            "is `retial`: there is no such domain; take one of retail, tickets",
        ),
        (
            "agents = [\"gold\", \"gold\"]",
            "`gold` is there twice; name it once and raise `trials`",
        ),
        (
            "strata = 600",
            "`strata` in some/plan.toml is 600: more parts than `world.people`, which is 500 (default)",
        ),
        (
            "[world]\npeople = 10\norders = 1000\n",
            "`strata` (a default) is 16: more parts than",
        ),
        (
            "strata = 2\n[world]\npeople = 2\norders = 101\n",
            "is 101: more than 100 orders; change the sizes",
        ),
        (
            "[mix]\ngeneral = 0\nambiguous = 0\nchanging = 0\ninfeasible = 0\n",
            "`mix.general` in some/plan.toml is 0",
        ),
        (
            "[dataset]\nvalidation_permille = 951\n",
            "with `dataset.test_permille` = 50 (default) it comes to more than 1000; lower it to 950",
        ),
        (
            "[dataset]\nlicense = \"Apache 2\"",
            "`Apache 2`: not an SPDX identifier",
        ),
        (
            "[world]\nfile = \"no/such/db.json\"",
            "`no/such/db.json`: it cannot be read (No such file",
        ),
        (
            &format!("[world]\nfile = \"{folder}\""),
            "it is not a file; give the path",
        ),
    ] {
        let error = from_file(text).unwrap_err().to_string();
        assert!(error.contains(wanted), "{text}\n{error}");
    }
    assert!(from_file("[dataset]\nvalidation_permille = 950\n").is_ok());
    let missing = PlanFile::read(Path::new("no/such/plan.toml"))
        .unwrap_err()
        .to_string();
    assert!(
        missing.starts_with("cannot read the plan file no/such/plan.toml: No such file"),
        "{missing}"
    );
}
