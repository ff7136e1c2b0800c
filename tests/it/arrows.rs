//! The shape of the repository: who may depend on whom, what may be named where, how long a file may be.
//!
//! Every check is a row of a table with the mend in its message. A file that a check cannot hold yet
//! stands in [`EXEMPT`] with the reason; one that no longer needs its exemption fails the check, too,
//! so the list only shrinks.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Crates with the workspace crates that each may depend on.
const ARROWS: [(&str, &[&str]); 4] = [
    ("proto", &[]),
    ("worker", &["proto"]),
    ("coordinator", &["proto", "worker"]),
    ("tests", &["proto", "worker", "coordinator"]),
];

/// Names that say nothing about what a module holds.
const EMPTY_NAMES: [&str; 8] = [
    "util", "utils", "common", "helper", "helpers", "misc", "manager", "managers",
];

/// Modules that are functions of their input: worlds, rules, words, scores, proofs, and the state
/// machine of a run.
const PURE: [&str; 14] = [
    "worker/src/dialogue/",
    "worker/src/domains/",
    "worker/src/environment/",
    "worker/src/explore",
    "worker/src/language/",
    "worker/src/participants/",
    "worker/src/proof/",
    "worker/src/rules.rs",
    "worker/src/rules/",
    "worker/src/scoring/",
    "worker/src/synthesize/",
    "coordinator/src/run.rs",
    "coordinator/src/run/",
    "coordinator/src/plan/cells.rs",
];

/// What a pure module may not name: files, network, clock, process, threads, executors.
const IMPURE: [&str; 12] = [
    "fs",
    "net",
    "env",
    "time",
    "process",
    "thread",
    "tokio",
    "File",
    "Instant",
    "SystemTime",
    "tokio_util",
    "tracing",
];

/// Most lines of code in a file, without blank lines, comments and the tests at its end.
const LONGEST: usize = 500;

/// Text that belongs to one machine or one network; written in pieces, since this file is read, too.
const LOCAL: [(&str, &str); 9] = [
    (concat!("/wo", "rk/"), "a path of one machine"),
    (concat!("/ro", "ot/"), "a path of one machine"),
    (concat!("/ho", "me/"), "a path of one machine"),
    (concat!("/Us", "ers/"), "a path of one machine"),
    (concat!("index.", "crates.io"), "a registry's host"),
    (concat!("static.", "crates.io"), "a registry's host"),
    (concat!("pypi.", "org"), "a registry's host"),
    (concat!("pythonhosted", ".org"), "a registry's host"),
    (concat!("deb.", "debian.org"), "a registry's host"),
];

/// Files that a check cannot hold yet: check, file, why.
const EXEMPT: &[(&str, &str, &str)] = &[];

/// A tracked text file.
struct Text {
    /// From the root of the repository, with `/`.
    path: String,
    text: String,
}

/// What a check finds wrong in a file.
type Finds = fn(&Text) -> Vec<String>;

/// Checks of single files: name, what it finds, how to mend it.
const CHECKS: [(&str, Finds, &str); 5] = [
    (
        "bincode",
        bincode,
        "encode and decode through proto::wire, the one file that knows the format",
    ),
    ("names", names, "name the module after what it holds"),
    ("long", long, "split it by subject"),
    (
        "local",
        local,
        "say it without the place: a relative path, an environment variable, a package's name",
    ),
    (
        "pure",
        pure,
        "take what is read as an argument, and do the reading where the function is called",
    ),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Files that git tracks, or all but the build's where there is no git.
fn paths() -> Vec<String> {
    let tracked = Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(root())
        .output();
    if let Some(output) = tracked
        .ok()
        .filter(|output| output.status.success() && !output.stdout.is_empty())
    {
        let listed = String::from_utf8(output.stdout).expect("paths of the repository are UTF-8");
        return listed.split_terminator('\0').map(str::to_owned).collect();
    }
    let mut found = Vec::new();
    walk(&root(), "", &mut found);
    found
}

fn walk(folder: &Path, prefix: &str, found: &mut Vec<String>) {
    const NOT_OURS: [&str; 6] = [
        ".git",
        "target",
        "out",
        ".venv",
        "__pycache__",
        "node_modules",
    ];
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry
            .file_name()
            .into_string()
            .expect("paths of the repository are UTF-8");
        if NOT_OURS.contains(&name.as_str()) {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            walk(&entry.path(), &format!("{prefix}{name}/"), found);
        } else {
            found.push(format!("{prefix}{name}"));
        }
    }
}

fn texts() -> Vec<Text> {
    let mut paths = paths();
    paths.sort();
    let read = |path: String| {
        // a file that is deleted but not yet committed is no finding; nor are bytes that are no text
        let text = String::from_utf8(fs::read(root().join(&path)).ok()?).ok()?;
        Some(Text { path, text })
    };
    paths.into_iter().filter_map(read).collect()
}

/// Lines of code with their numbers: no blank lines, no comments, no tests at the end.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let end = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    let lines = text[..end]
        .lines()
        .enumerate()
        .map(|(at, line)| (at + 1, line.split(" // ").next().unwrap_or_default().trim()));
    lines.filter(|(_, line)| !line.is_empty() && !line.starts_with("//"))
}

/// Whether the line names `word` as a path's segment or a type, not within another word.
fn says(line: &str, word: &str) -> bool {
    let part = |char: char| char.is_alphanumeric() || char == '_';
    line.match_indices(word).any(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + word.len()..]);
        let alone = !before.ends_with(part) && !after.starts_with(part);
        let path =
            before.ends_with("std::") || before.contains("use std::{") || after.starts_with("::");
        let kind = word.starts_with(char::is_uppercase);
        alone && (path || kind) && !after.starts_with('!')
    })
}

fn is_test(path: &str) -> bool {
    path.starts_with("tests/") || path.contains("/tests/") || path.ends_with("/tests.rs")
}

fn bincode(file: &Text) -> Vec<String> {
    let word = concat!("bin", "code");
    if !file.path.ends_with(".rs")
        || file.path == "proto/src/wire.rs"
        || file.path == "tests/it/arrows.rs"
    {
        return Vec::new();
    }
    let lines = file
        .text
        .lines()
        .enumerate()
        .filter(|(_, line)| line.contains(&format!("{word}::")));
    lines
        .map(|(at, line)| format!("{}: {}", at + 1, line.trim()))
        .collect()
}

fn names(file: &Text) -> Vec<String> {
    let Some(path) = file.path.strip_suffix(".rs") else {
        return Vec::new();
    };
    let mut found: Vec<String> = path
        .split('/')
        .filter(|part| EMPTY_NAMES.contains(part))
        .map(|part| format!("`{part}` in its path"))
        .collect();
    for (at, line) in code(&file.text) {
        let declared = line
            .split_once("mod ")
            .map(|(_, name)| name.trim_end_matches([';', '{', ' ']));
        if let Some(name) = declared.filter(|name| EMPTY_NAMES.contains(name)) {
            found.push(format!("{at}: module `{name}`"));
        }
    }
    found
}

fn long(file: &Text) -> Vec<String> {
    let lines = if file.path.ends_with(".rs") {
        code(&file.text).count()
    } else {
        0
    };
    let found = (lines > LONGEST).then(|| format!("{lines} lines of code, more than {LONGEST}"));
    found.into_iter().collect()
}

fn local(file: &Text) -> Vec<String> {
    if file.path == "Cargo.lock" {
        return Vec::new();
    }
    let lines = file.text.lines().enumerate();
    let found = lines.flat_map(|(at, line)| {
        let here = LOCAL.iter().filter(move |(word, _)| line.contains(word));
        here.map(move |(word, what)| format!("{}: {what} (`{word}`)", at + 1))
    });
    found.collect()
}

fn pure(file: &Text) -> Vec<String> {
    if !PURE.iter().any(|place| file.path.starts_with(place))
        || !file.path.ends_with(".rs")
        || is_test(&file.path)
    {
        return Vec::new();
    }
    let found = code(&file.text).flat_map(|(at, line)| {
        let words = IMPURE.iter().filter(move |word| says(line, word));
        words.map(move |word| format!("{at}: `{word}` in `{line}`"))
    });
    found.collect()
}

/// Holds one check against every file.
fn hold(name: &str) {
    let (_, finds, mend) = CHECKS
        .iter()
        .find(|check| check.0 == name)
        .expect("a check of the table");
    let exempt: BTreeSet<&str> = EXEMPT
        .iter()
        .filter(|exemption| exemption.0 == name)
        .map(|exemption| exemption.1)
        .collect();
    let mut faults = Vec::new();
    let mut needed = BTreeSet::new();
    for file in texts() {
        let found = finds(&file);
        if let (false, Some(path)) = (found.is_empty(), exempt.get(file.path.as_str())) {
            needed.insert(*path);
            continue;
        }
        faults.extend(
            found
                .iter()
                .map(|found| format!("  {}: {found}", file.path)),
        );
    }
    let idle = exempt.difference(&needed);
    faults.extend(
        idle.map(|path| format!("  {path}: is exempt but need not be; take it out of EXEMPT")),
    );
    assert!(faults.is_empty(), "{name}: {mend}\n{}", faults.join("\n"));
}

#[test]
fn one_file_knows_the_wire_format() {
    hold("bincode");
}

#[test]
fn modules_are_named_after_what_they_hold() {
    hold("names");
}

#[test]
fn files_are_short_enough_to_read() {
    hold("long");
}

#[test]
fn nothing_belongs_to_one_machine() {
    hold("local");
}

#[test]
fn pure_modules_touch_nothing_outside() {
    hold("pure");
}

/// Names of the dependencies in a manifest, of every kind.
fn dependencies(manifest: &str) -> Vec<&str> {
    let mut inside = false;
    let mut found = Vec::new();
    for line in manifest.lines().map(str::trim) {
        if let Some(table) = line.strip_prefix('[') {
            let table = table.trim_end_matches(']');
            let (kind, name) = table.rsplit_once("dependencies").unwrap_or(("-", table));
            inside = kind != "-" && name.is_empty();
            found.extend(name.strip_prefix('.').filter(|_| kind != "-"));
        } else if inside && !line.is_empty() && !line.starts_with('#') {
            found.extend(line.split(['.', '=', ' ']).next());
        }
    }
    found
}

#[test]
fn crates_depend_on_each_other_in_one_direction() {
    let workspace = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let members = workspace
        .lines()
        .find(|line| line.starts_with("members"))
        .unwrap();
    let listed: Vec<&str> = members.split('"').skip(1).step_by(2).collect();
    assert_eq!(
        listed,
        ARROWS.map(|arrow| arrow.0),
        "a new crate needs its row in ARROWS"
    );
    for (name, allowed) in ARROWS {
        let manifest = fs::read_to_string(root().join(name).join("Cargo.toml")).unwrap();
        for dependency in dependencies(&manifest) {
            let ours = ARROWS.iter().any(|arrow| arrow.0 == dependency);
            assert!(
                !ours || allowed.contains(&dependency),
                "{name}/Cargo.toml: {name} may not depend on {dependency}; arrows run proto <- worker <- coordinator <- tests"
            );
        }
    }
}

#[test]
fn the_checks_find_what_they_look_for() {
    let finds = |name: &str, path: &str, text: &str| {
        let (_, finds, _) = CHECKS.iter().find(|check| check.0 == name).unwrap();
        finds(&Text {
            path: path.to_owned(),
            text: text.to_owned(),
        })
        .len()
    };
    let world = "worker/src/environment/mod.rs";
    for (name, path, text, wanted) in [
        ("bincode", "worker/src/a.rs", "use bincode::config;", 1),
        ("bincode", "proto/src/wire.rs", "use bincode::config;", 0),
        ("names", "worker/src/utils.rs", "", 1),
        ("names", "worker/src/common/mod.rs", "", 1),
        (
            "names",
            "worker/src/a.rs",
            "pub mod misc {\n}\n// mod misc;",
            1,
        ),
        ("names", "worker/src/commons.rs", "mod miscellany;", 0),
        ("long", "worker/src/a.rs", &"x;\n".repeat(501), 1),
        ("long", "worker/src/a.rs", &"x;\n\n// y\n".repeat(500), 0),
        (
            "long",
            "worker/src/a.rs",
            &format!("#[cfg(test)]\nmod tests {{\n{}", "x;\n".repeat(501)),
            0,
        ),
        ("local", "README.md", LOCAL[0].0, 1),
        ("pure", world, "use std::fs;", 1),
        ("pure", world, "use std::{collections::BTreeMap, fs};", 1),
        ("pure", world, "let now = std::time::Instant::now();", 2),
        ("pure", world, "tokio::spawn(x);", 1),
        ("pure", world, "let file = fs::read(path);", 1),
        ("pure", world, "let time = offset.time; // fs::read", 0),
        ("pure", world, "concat!(env!(\"X\"))", 0),
        ("pure", "worker/src/environment/tests.rs", "use std::fs;", 0),
        ("pure", "worker/src/executor.rs", "tokio::spawn(x);", 0),
    ] {
        assert_eq!(finds(name, path, text), wanted, "{name} on {path}: {text}");
    }
    let manifest = "[dependencies]\na.workspace = true\nb = \"1\"\n[dev-dependencies.c]\nversion = \"1\"\n[lints]\nd = 1\n[target.'cfg(unix)'.build-dependencies]\ne = { path = \"e\" }\n";
    assert_eq!(dependencies(manifest), ["a", "b", "c", "e"]);
}
