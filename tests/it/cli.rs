//! The command line as a person meets it: what it refuses and how, what it prints, and that one
//! command's folder is another's input.

mod parts;
mod refused;
mod shell;

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value as Json;

use refused::REFUSED;
use shell::{Done, Shell, files};

#[test]
fn what_is_wrong_is_said_with_the_place_and_the_mend() {
    let shell = Shell::with_run();
    std::fs::create_dir(shell.at("mine")).unwrap();
    std::fs::write(shell.at("mine/letter.txt"), "dear").unwrap();
    let before = files(&shell.at("run"));
    for (line, code, words) in REFUSED {
        let done = shell.does(line);
        assert_eq!(done.code, *code, "t2t {line}\n{}", done.err);
        assert_eq!(done.out, "", "t2t {line}: an error is no data");
        for word in *words {
            assert!(
                done.err.contains(word),
                "t2t {line}: no `{word}` in\n{}",
                done.err
            );
        }
    }
    assert!(
        files(&shell.at("run")) == before,
        "what was refused changed the run"
    );
    assert_eq!(std::fs::read(shell.at("mine/letter.txt")).unwrap(), b"dear");
}

#[cfg(target_os = "linux")]
#[test]
fn what_does_not_get_out_is_no_success() {
    let shell = Shell::new();
    // A disk that is full.
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
    let mut command = shell.command("plan show --tasks 8");
    let done = command.stdout(full.unwrap()).output().unwrap();
    let said = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(1), "{said}");
    assert!(said.contains("standard output"), "{said}");
}

#[cfg(unix)]
#[test]
fn a_link_within_a_run_is_named_and_not_followed() {
    let shell = Shell::with_run();
    let outside = shell.at("elsewhere.html");
    std::fs::rename(shell.at("run/report.html"), &outside).unwrap();
    std::os::unix::fs::symlink(&outside, shell.at("run/report.html")).unwrap();
    let done = shell.does("verify run");
    assert_eq!(done.code, 4, "{}", done.err);
    assert!(
        done.err.contains("report.html: is a symbolic link"),
        "{}",
        done.err
    );
}

#[test]
fn splits_that_do_not_add_up_are_refused_in_a_run_file() {
    let shell = Shell::with_run();
    let path = shell.at("run/run.json");
    let mut file: Json = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    file["plan"]["dataset"]["test_permille"] = 1001.into();
    std::fs::write(&path, file.to_string()).unwrap();
    let done = shell.does("export run --format openai --out data");
    assert_eq!(done.code, 1, "{}", done.err);
    assert!(done.err.contains("exceed 1000"), "{}", done.err);
}

#[test]
fn variables_of_logs_and_traces_are_checked_before_anything_is_done() {
    let shell = Shell::new();
    let collector = "OTEL_EXPORTER_OTLP_ENDPOINT";
    for (name, value, words) in [
        ("T2T_LOG", "worker=loud", ["`worker=loud`", "T2T_LOG"]),
        (collector, "collector:4317", ["without a host", collector]),
        (
            collector,
            "http://me:word@c",
            ["me:***@c", "OTEL_EXPORTER_OTLP_HEADERS"],
        ),
    ] {
        let mut command = shell.command("run --tasks 1 --out run");
        let done: Done = command.env(name, value).output().unwrap().into();
        assert_eq!(done.code, 2, "{}", done.err);
        assert!(
            words.iter().all(|word| done.err.contains(word)),
            "{}",
            done.err
        );
        assert!(!shell.at("run").exists(), "{name}={value}");
    }
}

#[test]
fn a_password_in_a_url_that_does_not_read_is_printed_by_neither_program() {
    let shell = Shell::new();
    let worker = env!("CARGO_BIN_EXE_t2t-worker-under-test");
    let broker = "amqp://ann:s3cret/9@host/v";
    let cache = "redis://:s3cret/9@host/0";
    for (variable, flag, url) in [
        ("T2T_BROKER", "--broker", broker),
        ("T2T_CACHE", "--cache", cache),
        ("T2T_LASTING", "--lasting", cache),
    ] {
        let mut by_variable = [shell.command("status"), Command::new(worker)];
        for command in &mut by_variable {
            command.env(variable, url);
        }
        let mut by_flag = [shell.command("status"), Command::new(worker)];
        for command in &mut by_flag {
            command.args([flag, url]);
        }
        for mut command in by_variable.into_iter().chain(by_flag) {
            let done: Done = command.output().unwrap().into();
            assert_eq!(done.code, 2, "{command:?}\n{}", done.err);
            assert!(!done.err.contains("s3cret"), "{}", done.err);
            for word in [flag, "percent-encoded"] {
                assert!(done.err.contains(word), "no `{word}` in\n{}", done.err);
            }
        }
    }
}

#[test]
fn who_looks_for_a_run_in_a_fleet_leaves_the_run_of_one_process_as_it_was() {
    let shell = Shell::with_run();
    let before = files(&shell.at("run"));
    // Nobody is asked: a run that no fleet knows has left nothing there.
    let nowhere = "--broker amqp://there --cache redis://there";
    for line in ["dead list --run run", "dead requeue --run run", "clean run"] {
        let done = shell.does(&format!("{line} {nowhere}"));
        assert_eq!(done.code, 0, "t2t {line}\n{}", done.err);
        assert!(done.err.contains("no fleet"), "t2t {line}\n{}", done.err);
    }
    assert!(files(&shell.at("run")) == before, "the folder was changed");
    shell.ends(0, "verify run");
}

#[test]
fn every_help_reads() {
    let shell = Shell::new();
    let commands = [
        "",
        "run",
        "eval",
        "verify",
        "export",
        "report",
        "inspect",
        "controls",
        "variety",
        "domain",
        "bench",
        "domain replay",
        "domain compare",
        "domain policy",
        "domain tools",
    ];
    for command in commands {
        let help = shell.ends(0, &format!("{command} --help"));
        assert!(help.contains("Usage: t2t"), "{command}: {help}");
    }
    assert!(shell.ends(0, "--help").contains("Exit codes"));
}

#[test]
fn a_run_is_looked_at_from_all_sides() {
    let shell = Shell::with_run();
    let told = shell.ends(0, "inspect run");
    for part in [
        "retail",
        "seed 7",
        "complete",
        "gold",
        "infeasible",
        "run/report.html",
        "slot:",
    ] {
        assert!(told.contains(part), "no `{part}` in\n{told}");
    }
    let summary = shell.json("inspect run --json");
    let filled: u64 = ["general", "ambiguous", "changing", "infeasible"]
        .iter()
        .filter_map(|scenario| summary["slots"][*scenario]["filled"].as_u64())
        .sum();
    assert!(filled >= 8, "{summary}");
    let slots = (0..16)
        .find(|slot| shell.does(&format!("inspect run slot:{slot}")).code == 0)
        .unwrap();
    let slot = shell.json(&format!("inspect run slot:{slots} --json"));
    let (task, episode) = (
        slot["task"]["id"].as_str().unwrap(),
        slot["episodes"][0]["id"].as_str().unwrap(),
    );
    // Ids print shortened, in JSON in full; both are derived from the same digest.
    let (task, episode) = (
        format!("task_{}", &task[..16]),
        format!("episode_{}", &episode[..16]),
    );
    let told = shell.ends(0, &format!("inspect run {task}"));
    for part in [
        "Intent of",
        "Script",
        "opening:",
        "Golden",
        "Expected",
        "Proof",
        "P9 text",
    ] {
        assert!(told.contains(part), "no `{part}` in\n{told}");
    }
    assert_eq!(
        shell.json(&format!("inspect run {task} --json"))["slot"],
        slots
    );
    let told = shell.ends(0, &format!("inspect run {episode}"));
    assert!(
        told.contains("user:  ") && told.contains("agent: ") && told.contains("reward "),
        "{told}"
    );
    assert_eq!(
        shell.json(&format!("inspect run {episode} --json"))["agent"],
        "gold"
    );
}

#[test]
fn a_candidate_turned_down_is_found_under_its_slot() {
    let shell = Shell::with_run();
    let rejected = shell.json("inspect run --rejected --json");
    if let Some(row) = rejected.as_array().unwrap().first() {
        let slot = &row["first_slot"];
        let each = shell.json(&format!("inspect run --rejected --slot {slot} --json"));
        let reasons: Vec<&Json> = each
            .as_array()
            .unwrap()
            .iter()
            .map(|row| &row["reason"])
            .collect();
        assert!(
            reasons.contains(&&row["reason"]),
            "{row} is not among {reasons:?}"
        );
    }
}

#[test]
fn a_report_made_again_is_the_same_and_keeps_the_seal() {
    let shell = Shell::with_run();
    let before = files(&shell.at("run"));
    shell.ends(0, "report run");
    assert!(files(&shell.at("run")) == before);
    shell.ends(0, "report run --out elsewhere");
    for name in ["report.html", "report.md"] {
        let (ours, theirs) = (shell.at("elsewhere").join(name), shell.at("run").join(name));
        assert_eq!(std::fs::read(ours).unwrap(), std::fs::read(theirs).unwrap());
    }
    // A report that was lost is made again, and the seal holds.
    std::fs::remove_file(shell.at("run/report.md")).unwrap();
    shell.ends(4, "verify run");
    shell.ends(0, "report run");
    shell.ends(0, "verify run");
    // Anything else that is wrong is not sealed over.
    let card = shell.at("run/dataset/README.md");
    let mut bytes = std::fs::read(&card).unwrap();
    bytes[0] ^= 1;
    std::fs::write(&card, bytes).unwrap();
    let done = shell.does("report run");
    assert!(
        done.code == 1 && done.err.contains("dataset/README.md"),
        "{}",
        done.err
    );
    let done = shell.does("verify run");
    assert!(
        done.code == 4 && done.err.contains("dataset/README.md"),
        "{}",
        done.err
    );
}

#[test]
fn every_format_is_exported_and_an_export_replaces_its_own() {
    let shell = Shell::with_run();
    for format in ["openai", "trl", "sharegpt", "swift", "raw"] {
        let line = format!("export run --format {format} --out out/{format}");
        let told = shell.ends(0, &line);
        assert!(told.contains(&format!("rows as {format}")), "{told}");
        let first = files(&shell.at("out").join(format));
        assert!(!first.is_empty());
        assert_eq!(shell.ends(0, &line), told);
        assert!(
            files(&shell.at("out").join(format)) == first,
            "{format} comes out differently the second time"
        );
    }
}

#[test]
fn an_evaluation_grows_and_is_verified_from_its_run() {
    let shell = Shell::with_run();
    let table = shell.ends(0, "eval --tasks run --agent gold --trials 1 --out eval");
    assert!(
        table.contains("pass^1") && table.contains("gold"),
        "{table}"
    );
    let small = results(&shell);
    let first = ledger(&shell);
    shell.ends(0, "verify eval");
    shell.ends(
        0,
        "eval --tasks run --agent gold noisy:0.3 --trials 2 --out eval",
    );
    let grown = results(&shell);
    let episodes = |results: &Json| results["counts"]["episodes"].as_u64().unwrap();
    assert_eq!(episodes(&grown), 4 * episodes(&small));
    // What was there stays as it was, and what is new is only what was missing.
    let now = ledger(&shell);
    assert!(
        first.iter().all(|old| now.contains(old)),
        "the first evaluation's ledger was changed"
    );
    let bytes =
        |ledger: &[(PathBuf, Vec<u8>)]| ledger.iter().map(|(_, bytes)| bytes.len()).sum::<usize>();
    let (before, after) = (bytes(&first), bytes(&now));
    assert!(
        after < 6 * before,
        "{after} bytes after {before}: the old work was done again"
    );
    assert!(shell.ends(0, "verify eval").contains("everything holds"));
    // The same at once gives the same.
    let at_once = shell.does("eval --tasks run --agent gold noisy:0.3 --trials 2 --out other");
    assert_eq!(at_once.code, 0);
    assert_eq!(
        std::fs::read(shell.at("other/results.json")).unwrap(),
        std::fs::read(shell.at("eval/results.json")).unwrap()
    );
    // The run with the tasks may move, and may not be another.
    std::fs::rename(shell.at("run"), shell.at("moved")).unwrap();
    let done = shell.does("verify eval");
    assert!(
        done.code == 1 && done.err.contains("--tasks"),
        "{}",
        done.err
    );
    shell.ends(0, "verify eval --tasks moved");
    let done = shell.does("run --tasks 4 --seed 8 --out strange");
    assert!([0, 5].contains(&done.code), "{}", done.err);
    let done = shell.does("verify eval --tasks strange");
    assert!(
        done.code == 1 && done.err.contains("does not hold the tasks"),
        "{}",
        done.err
    );
    let done = shell.does("eval --tasks eval --agent gold --out third");
    assert!(
        done.code == 1 && done.err.contains("no tasks of its own"),
        "{}",
        done.err
    );
}

fn results(shell: &Shell) -> Json {
    serde_json::from_slice(&std::fs::read(shell.at("eval/results.json")).unwrap()).unwrap()
}

fn ledger(shell: &Shell) -> Vec<(PathBuf, Vec<u8>)> {
    files(&shell.at("eval/ledger"))
}

#[test]
fn controls_are_counted_by_family() {
    let shell = Shell::with_run();
    let done = shell.does("controls run --user-seeds 1 --json");
    let found: Json = serde_json::from_str(&done.out).unwrap();
    assert_eq!(done.code, if found["holds"] == true { 0 } else { 4 });
    for family in ["null", "refuser", "transferrer", "asker", "parrot"] {
        assert!(
            found["families"][family]["runs"].as_u64().unwrap() > 0,
            "{family}: {found}"
        );
        assert_eq!(found["families"][family]["passes"], 0, "{family}");
    }
    let one = shell.does("controls run --user-seeds 1 --limit 1 --json");
    let one: Json = serde_json::from_str(&one.out).unwrap();
    assert_eq!(one["slots"], 1);
}

#[test]
fn variety_says_when_there_is_nothing_to_compare_with() {
    let shell = Shell::with_run();
    let done = shell.does("variety run");
    assert_eq!(done.code, 0);
    assert!(
        done.out.contains("distinct masked openings") && done.err.contains("--against"),
        "{}{}",
        done.out,
        done.err
    );
}

#[test]
fn a_domain_answers_from_lines() {
    use std::io::Write as _;
    let shell = Shell::new();
    let mut child = shell
        .command("domain replay")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = "{\"seq\": 1, \"steps\": [{\"name\": \"calculate\", \"arguments\": {\"expression\": \"2 + 2\"}}]}\n\n{\"seq\": \"b\", \"steps\": [{\"name\": \"nothing\", \"arguments\": {}}]}\nnonsense\n";
    child
        .stdin
        .take()
        .unwrap()
        .write_all(lines.as_bytes())
        .unwrap();
    let done: Done = child.wait_with_output().unwrap().into();
    let out: Vec<Json> = done
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(out[0]["results"][0]["result"], "4.0");
    assert_eq!(
        (&out[1]["seq"], &out[1]["results"][0]["error"]),
        (&"b".into(), &true.into())
    );
    assert!(
        done.code == 1 && done.err.contains("line 4"),
        "{}",
        done.err
    );
    let tools = shell.json("domain tools");
    assert_eq!(tools.as_array().unwrap().len(), 16);
    assert!(shell.ends(0, "domain policy").len() > 1000);
}

/// The first signal stops softly and the same command goes on; the bytes are those of one go.
#[cfg(unix)]
#[test]
fn a_signal_stops_softly_and_the_same_command_goes_on() {
    let shell = Shell::new();
    let line = "run --tasks 120 --seed 5 --workers 1 --out run";
    let child = shell
        .command(line)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Signalled once there is something to stop: when the first outcomes are on disk.
    let begun = || {
        shell.at("run/ledger").is_dir()
            && files(&shell.at("run/ledger"))
                .iter()
                .any(|(_, bytes)| bytes.len() > 4096)
    };
    while !begun() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let told = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(told.success());
    let done: Done = child.wait_with_output().unwrap().into();
    assert_eq!(done.code, 3, "{}", done.err);
    assert!(done.err.contains("same command"), "{}", done.err);
    assert!(!shell.at("run/seal.json").exists());
    let ends = shell.does(line).code;
    assert!([0, 5].contains(&ends));
    shell.ends(ends, "run --tasks 120 --seed 5 --workers 1 --out whole");
    let dataset = |name: &str| -> Vec<Vec<u8>> {
        files(&shell.at(name).join("dataset"))
            .into_iter()
            .map(|(_, bytes)| bytes)
            .collect()
    };
    assert!(dataset("run") == dataset("whole"));
}
