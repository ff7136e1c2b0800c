//! A run in parts, each with a coordinator of its own, merged into what one coordinator makes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;

use super::shell::{Shell, files};

/// Files that must be the same, however the run was carried out.
fn made(shell: &Shell, run: &str) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut made = BTreeMap::new();
    for (path, bytes) in files(&shell.at(run)) {
        let name = path.strip_prefix(shell.at(run)).unwrap();
        let first = name.iter().next().unwrap().to_string_lossy();
        if ["dataset", "report.html", "report.md"].contains(&&*first) {
            made.insert(name.to_owned(), bytes);
        }
    }
    assert!(made.len() > 5, "{run} holds {:?}", made.keys());
    made
}

#[track_caller]
fn same(shell: &Shell, one: &str, other: &str) {
    let (ours, theirs) = (made(shell, one), made(shell, other));
    assert!(ours.keys().eq(theirs.keys()), "{one} against {other}");
    for (path, bytes) in &ours {
        assert!(theirs[path] == *bytes, "{} differs", path.display());
    }
}

/// Runs a line that ends with every slot closed.
#[track_caller]
fn ends(shell: &Shell, line: &str) -> String {
    let done = shell.does(line);
    assert!([0, 5].contains(&done.code), "{line}: {}", done.err);
    done.err
}

/// Runs a plan whole and in N parts, and holds what comes of both against each other.
fn in_parts(shell: &Shell, plan: &str, parts: u32) {
    let merged = format!("merged-{parts}");
    let mut names = Vec::new();
    for part in 1..=parts {
        let name = format!("part-{part}-{parts}");
        let said = ends(
            shell,
            &format!("run {plan} --partition {part}/{parts} --out {name}"),
        );
        let told = said.contains(&format!("this is part {part}/{parts}"));
        assert_eq!(told, parts > 1, "{said}");
        names.push(name);
    }
    // In whatever order they are named.
    names.reverse();
    ends(shell, &format!("merge {} --out {merged}", names.join(" ")));
    same(shell, "whole", &merged);
}

#[test]
fn any_number_of_parts_makes_what_one_coordinator_makes() {
    for (plan, numbers) in [
        (
            "--domain tickets --tasks 40 --seed 5",
            &[1, 2, 3, 7, 16][..],
        ),
        ("--domain retail --tasks 24 --seed 7", &[2, 5][..]),
    ] {
        let shell = Shell::new();
        ends(&shell, &format!("run {plan} --out whole"));
        for &parts in numbers {
            in_parts(&shell, plan, parts);
        }
    }
}

#[test]
fn what_was_merged_is_an_ordinary_run() {
    let shell = Shell::new();
    let plan = "--domain tickets --tasks 30 --seed 4";
    for part in [1, 2] {
        ends(
            &shell,
            &format!("run {plan} --partition {part}/2 --out part-{part}"),
        );
        let done = shell.does(&format!("verify part-{part}"));
        assert_eq!(done.code, 0, "{}{}", done.out, done.err);
        let told = shell.does(&format!("inspect part-{part}"));
        assert!(told.out.contains(&format!("part {part}/2, complete")));
    }
    let alone = shell.does("eval --tasks part-1 --agent gold --out x");
    assert!(
        alone.code == 1 && alone.err.contains("t2t merge"),
        "{}",
        alone.err
    );

    ends(&shell, "merge part-1 part-2 --out merged");
    for line in [
        "verify merged",
        "report merged",
        "verify merged",
        "inspect merged slot:3",
        "export merged --format raw --out exported",
        "eval --tasks merged --agent gold --out eval",
        "verify eval",
    ] {
        let done = shell.does(line);
        assert_eq!(done.code, 0, "{line}: {}{}", done.out, done.err);
    }
    // It grows like one, too.
    let more = "--domain tickets --tasks 44 --seed 4";
    ends(&shell, &format!("run {more} --out merged"));
    ends(&shell, &format!("run {more} --out whole"));
    same(&shell, "whole", "merged");
}

#[test]
fn parts_grow_and_go_on_where_they_were_killed() {
    let shell = Shell::new();
    let (small, large) = (
        "--domain tickets --tasks 30 --seed 6",
        "--domain tickets --tasks 48 --trials 3 --seed 6",
    );
    for part in [1, 2, 3] {
        ends(
            &shell,
            &format!("run {small} --partition {part}/3 --out part-{part}"),
        );
    }
    ends(&shell, "merge part-1 part-2 part-3 --out merged");
    let first = ends(&shell, &format!("run {large} --partition 1/3 --out part-1"));
    assert!(first.contains("of 48, part 1/3"), "{first}");
    let refused = shell.does("merge part-1 part-2 part-3 --out merged");
    assert_eq!(refused.code, 1);
    for part in [
        "tasks: 48 there, 30 here",
        "trials: 3 there, 2 here",
        "part-2",
    ] {
        assert!(refused.err.contains(part), "{}", refused.err);
    }
    let mut killed = shell
        .command(&format!("run {large} --partition 2/3 --out part-2"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while !shell.at("part-2/ledger/epoch-000002.log").exists() {
        assert!(killed.try_wait().unwrap().is_none(), "it was over too soon");
        std::thread::yield_now();
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    for part in [2, 3] {
        ends(
            &shell,
            &format!("run {large} --partition {part}/3 --out part-{part}"),
        );
    }
    let said = ends(&shell, "merge part-1 part-2 part-3 --out merged");
    assert!(!said.contains(": 0 records"), "{said}");
    ends(&shell, &format!("run {large} --out whole"));
    same(&shell, "whole", "merged");
    let again = ends(&shell, "merge part-3 part-2 part-1 --out merged");
    assert!(again.contains(": 0 records"), "{again}");
    same(&shell, "whole", "merged");
}

#[test]
fn parts_that_do_not_go_together_are_refused() {
    let shell = Shell::new();
    let plan = "--domain tickets --tasks 20 --seed 2";
    for (part, out) in [("1/2", "one"), ("2/2", "two"), ("2/4", "quarter")] {
        ends(
            &shell,
            &format!("run {plan} --partition {part} --out {out}"),
        );
    }
    let other = "--domain tickets --tasks 20 --seed 3";
    ends(&shell, &format!("run {other} --partition 2/2 --out other"));
    for (line, words) in [
        (
            "merge one other --out x",
            &["seed", "2 there", "3 here", "one", "other"][..],
        ),
        (
            "merge one --out x",
            &["no part holds strata 1, 3, 5", "--incomplete"],
        ),
        (
            "merge one two one --out x",
            &["both hold strata 0, 2", "give each part once"],
        ),
        (
            "merge two quarter one --out x",
            &["two (2/2) and quarter (2/4)", "strata 1, 5, 9"],
        ),
        ("merge one nowhere --out x", &["nowhere", "no run"]),
        (
            "merge one two --out one",
            &["one", "partition: 1/2 there, 1/1 here"],
        ),
        (
            "run --domain tickets --tasks 20 --seed 2 --out one",
            &["partition", "1/2 there", "1/1 here"],
        ),
        (
            "run --domain tickets --partition 3/2 --out x",
            &["partition", "3/2", "I from 1 to N"],
        ),
        (
            "run --domain tickets --partition 1/17 --out x",
            &["1/17", "strata", "16"],
        ),
    ] {
        let done = shell.does(line);
        assert_eq!(done.code, 1, "{line}: {}{}", done.out, done.err);
        for word in words {
            assert!(
                done.err.contains(word),
                "{line}: no `{word}` in {}",
                done.err
            );
        }
        assert!(!shell.at("x/dataset").exists(), "{line}");
    }
    // Asked for, what there is is merged, and marked; the rest completes it.
    let part = shell.does("merge one --out x --incomplete");
    assert!(
        part.code == 3 && part.err.contains("incomplete"),
        "{}",
        part.err
    );
    let manifest = std::fs::read_to_string(shell.at("x/dataset/manifest.json")).unwrap();
    assert!(manifest.contains("\"complete\": false"));
    assert!(!shell.at("x/seal.json").exists());
    ends(&shell, "merge two one --out x");
    ends(&shell, &format!("run {plan} --out whole"));
    same(&shell, "whole", "x");
}
