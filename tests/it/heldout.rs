//! The held-out agent, which knows only policy and tools, over the tasks of a run.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use coordinator::archive::{Archive, Held};
use coordinator::dispatch::Course;
use coordinator::home::Home;
use coordinator::ledger::Reader;
use coordinator::plan::cells::Layout;
use coordinator::world;
use proto::record::{Ending, Episode, Message, Task};
use worker::stages::play;

fn archive(folder: &Path) -> Archive {
    let file = Home(folder.to_owned()).existing().unwrap();
    let domain = world::domain(&file.plan).unwrap();
    let (reader, index, _) = Reader::open(folder).unwrap();
    let layout = Layout::new(&file.plan, &domain);
    let course = Course::new(file.identity.run(), file.plan, layout);
    Archive::new(course, domain, Held { reader, index })
}

/// Every task and twin with its conversation.
fn rolled(archive: &Archive, limit: usize) -> Vec<(Task, bool, Episode)> {
    let mut all = Vec::new();
    for filled in archive.filled().take(limit) {
        let filled = filled.unwrap();
        for (task, twin) in [(Some(filled.task), false), (filled.twin, true)] {
            if let Some(task) = task {
                let episode = play(&*archive.domain, &task, "heldout", 0).unwrap();
                all.push((task, twin, episode));
            }
        }
    }
    all
}

fn spoken(episode: &Episode) -> String {
    let mut out = String::new();
    for message in &episode.messages {
        let _ = match message {
            Message::User { text } => writeln!(out, "USER: {text}"),
            Message::Assistant { text, calls, .. } if calls.is_empty() => {
                writeln!(out, "AGENT: {text}")
            }
            Message::Assistant { calls, .. } => calls.iter().try_for_each(|call| {
                writeln!(
                    out,
                    "  CALL {} {}",
                    call.name,
                    serde_json::to_string(&call.arguments).unwrap()
                )
            }),
            Message::Tool { text, error, .. } => {
                writeln!(
                    out,
                    "  {} {}",
                    if *error { "ERROR" } else { "GOT" },
                    text.chars().take(900).collect::<String>()
                )
            }
        };
    }
    out
}

#[test]
fn it_carries_fifty_conversations_to_the_users_own_end() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let asked = ["--tasks", "55", "--seed", "3", "--workers", "2", "--out"];
    let output = crate::pipeline::program()
        .arg("run")
        .args(asked)
        .arg(&out)
        .output()
        .unwrap();
    assert!(matches!(output.status.code(), Some(0 | 5)), "{output:?}");
    let all = rolled(&archive(&out), 50);
    assert!(all.len() >= 40, "{} tasks", all.len());
    for (task, _, episode) in &all {
        let ended = matches!(episode.ending, Ending::User(_));
        assert!(ended, "{}: {}", task.id, episode.ending.label());
    }
    let won = all
        .iter()
        .filter(|(_, _, episode)| episode.verdict.reward >= 1.0)
        .count();
    assert!(won * 4 > all.len(), "{won} of {}", all.len());
}

/// Prints what it earns over the run in `T2T_HELDOUT_RUN`, by scenario and kind, and its conversations
/// to `T2T_HELDOUT_TALK`.
#[test]
#[ignore = "a study over an existing run, named by T2T_HELDOUT_RUN"]
fn study() {
    let folder = std::env::var("T2T_HELDOUT_RUN").unwrap();
    let archive = archive(Path::new(&folder));
    let mut talk = String::new();
    let mut tally: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for (task, twin, episode) in rolled(&archive, usize::MAX) {
        let won = episode.verdict.reward >= 1.0;
        let scenario = if twin { "twin" } else { task.scenario.label() };
        for label in [
            scenario.to_owned(),
            format!("{scenario} {}", task.kind),
            "all".to_owned(),
        ] {
            let entry = tally.entry(label).or_default();
            entry.0 += usize::from(won);
            entry.1 += 1;
        }
        let missed: Vec<&str> = episode
            .verdict
            .components
            .iter()
            .filter(|(_, met)| !met)
            .map(|(component, _)| component.label())
            .collect();
        let _ = writeln!(
            talk,
            "=== {} {scenario} {} reward {} ending {} missed {missed:?} violations {:?}\n{}",
            task.id,
            task.kind,
            episode.verdict.reward,
            episode.ending.label(),
            episode.verdict.violations,
            spoken(&episode)
        );
    }
    for (label, (won, of)) in &tally {
        eprintln!("{won:4} of {of:4}  {label}");
    }
    std::fs::write(std::env::var("T2T_HELDOUT_TALK").unwrap(), talk).unwrap();
}
