//! What a store or a disk may hold for longer than a release lasts: base worlds, what has changed
//! in them, and ledgers.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use coordinator::dispatch::{came, rollout_of};
use coordinator::ledger::{self, Entry, Ledger, Reader, Record, Summary};
use coordinator::run::Result as Came;
use proto::digest::Digest;
use proto::ids::JobId;
use proto::job::Stage;
use proto::outcome::Reason;
use proto::record::{Actor, Effect, Recipe};
use proto::seed::Seed;
use serde_json::{Value as Json, json};
use worker::domains::retail::delta;
use worker::domains::{Domain, Want};
use worker::environment::Environment;
use worker::worlds::{self, DOMAINS};

use super::{Files, bytes};

/// Small worlds, in which people still find something to change with every tool.
const RECIPE: Recipe = Recipe {
    seed: 5,
    products: 5,
    people: 4,
    orders: 24,
};

/// How a job ended, as the ledger numbers it.
const MADE: u8 = 1;
const MADE_WITH_TWIN: u8 = 2;
const REJECTED: u8 = 3;
const FAILED: u8 = 4;

/// Base worlds, and what is different in them after some writes.
pub(super) fn worlds() -> Files {
    let mut files = Files::new();
    for name in DOMAINS {
        let domain = worlds::generated(name, RECIPE).expect("sizes of a small world");
        let base = worlds::snapshot(&*domain).expect("a small world is within its cap");
        files.insert(format!("snapshot-{name}"), base);
        let delta = match name {
            // It has a version of its own.
            "retail" => format!("delta-retail-{}", delta::VERSION),
            _ => format!("delta-{name}"),
        };
        files.insert(delta, changed(&*domain).delta());
    }
    files
}

/// The world after one write by each tool that somebody in it can use.
fn changed(domain: &dyn Domain) -> Box<dyn Environment> {
    let (mut world, mut rng) = (domain.start(), Seed::root(1).rng());
    let writes = domain
        .tools()
        .iter()
        .filter(|tool| tool.effect == Effect::Write);
    for tool in writes {
        let want = Want::Write {
            tool: &tool.name,
            hide: None,
        };
        let mut people = (0..domain.people()).map(|place| domain.person(place));
        let afforded = people.find_map(|person| domain.afford(&*world, &person, &want, &mut rng));
        let call = afforded
            .as_ref()
            .and_then(|afforded| afforded.goal.wish.call());
        if let Some(call) = call {
            let seen = world.call(Actor::Assistant, &call.name, &call.arguments);
            assert!(!seen.error, "{}: {}", call.name, seen.text);
        }
    }
    world
}

/// The base world of a domain among the files of a folder.
pub(super) fn base(folder: &Path, domain: &str) -> Result<Arc<dyn Domain>, String> {
    let bytes = bytes(folder, &format!("snapshot-{domain}"))?;
    worlds::restored(domain, &bytes).map_err(|error| error.to_string())
}

/// What a base world is called and who lives in it. Its id is a digest of all that it holds.
pub(super) fn of_base(domain: &dyn Domain) -> Json {
    let people = (0..domain.people()).map(|place| domain.person(place));
    json!({
        "base": domain.base().to_string(),
        "state": domain.start().state_id().to_string(),
        "people": people.collect::<Vec<_>>(),
    })
}

/// What the changed world is called, and how it differs from its base.
pub(super) fn of_delta(domain: &dyn Domain, delta: &[u8]) -> Result<Json, String> {
    let world = domain.restore(delta).map_err(|error| error.to_string())?;
    let changes = domain.changes(&*domain.start(), &*world);
    let told = changes.iter().map(|change| {
        let [before, after] =
            [&change.before, &change.after].map(|value| value.as_deref().unwrap_or("nothing"));
        format!("{} {}: {before} to {after}", change.entity, change.field)
    });
    Ok(json!({
        "base": domain.base().to_string(),
        "state": world.state_id().to_string(),
        "changes": told.collect::<Vec<_>>(),
    }))
}

/// The two epochs of a ledger: a job for each way to end, of which one is taken back by the second
/// writer and done again.
pub(super) fn ledger() -> Files {
    let dir = tempfile::tempdir().expect("a folder for it");
    let made = [(MADE, 0), (MADE_WITH_TWIN, 0), (FAILED, 0)];
    let rejected = Reason::all()
        .into_iter()
        .map(|reason| (REJECTED, reason.code()));
    let ends = made.into_iter().chain(rejected).zip(0..);
    let entries: Vec<Entry> = ends.map(|(end, slot)| entry(slot, end)).collect();
    let mut first = Ledger::open(dir.path()).expect("nobody else writes it");
    for entry in &entries {
        let body = format!("outcome of slot {}", entry.slot);
        first.append(entry, body.as_bytes()).expect("it is sound");
    }
    first.commit().expect("the disk has room");
    let mut second = Ledger::open(dir.path()).expect("nobody else writes it");
    let failed = entries[2];
    assert!(second.annul(&failed.job).expect("it is sound"));
    let again = Entry {
        code: MADE,
        ..failed
    };
    second.append(&again, b"again").expect("it is sound");
    second.commit().expect("the disk has room");
    let file = |epoch| {
        let bytes = fs::read(epoch_path(dir.path(), epoch)).expect("the file reads");
        (format!("ledger-{}-epoch-{epoch}", ledger::VERSION), bytes)
    };
    (1..=2).map(file).collect()
}

fn entry(slot: u32, (code, reason): (u8, u16)) -> Entry {
    let stage = Stage::ALL[slot as usize % Stage::ALL.len()];
    let mut param = [0; 16];
    if stage == Stage::Rollout {
        // The second agent's fourth trial of a twin.
        [param[0], param[2], param[6]] = [1, 3, 1];
    }
    Entry {
        job: JobId(Digest::of(&slot.to_le_bytes())),
        stage: stage as u8,
        slot,
        candidate: 5,
        param,
        code,
        reason,
        intent: [9; 16],
    }
}

/// What a ledger says whose last epoch is the file of this name.
pub(super) fn of_ledger(folder: &Path, name: &str) -> Result<Json, String> {
    let (of, last) = name.rsplit_once('-').unwrap_or((name, ""));
    let last = last.parse::<u32>();
    let last = last.map_err(|error| format!("{name}: {error}"))?;
    let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
    fs::create_dir(dir.path().join("ledger")).map_err(|error| error.to_string())?;
    for epoch in 1..=last {
        let bytes = bytes(folder, &format!("{of}-{epoch}"))?;
        fs::write(epoch_path(dir.path(), epoch), bytes).map_err(|error| error.to_string())?;
    }
    let (reader, index, _) = Reader::open(dir.path()).map_err(|error| error.to_string())?;
    let records: Result<Vec<String>, _> = reader.iter().map(|it| it.map(of_record)).collect();
    let standing = index.iter().map(|(summary, _)| of_summary(&summary));
    Ok(json!({
        "records": records.map_err(|error| error.to_string())?,
        "standing": standing.collect::<Vec<_>>(),
    }))
}

fn epoch_path(dir: &Path, epoch: u32) -> PathBuf {
    dir.join(format!("ledger/epoch-{epoch:06}.log"))
}

fn of_record(record: Record) -> String {
    let rollout = rollout_of(&record.entry).map_or_else(String::new, |(agent, trial, twin)| {
        format!(", agent {agent} trial {trial} twin {twin}")
    });
    let Entry {
        job,
        stage,
        slot,
        candidate,
        param,
        code,
        reason,
        intent,
    } = record.entry;
    let [param, intent] = [param, intent].map(u128::from_be_bytes);
    let annuls = if record.annuls { ", taken back" } else { "" };
    let body = String::from_utf8_lossy(&record.body);
    format!(
        "{} {job}: slot {slot}, candidate {candidate}, stage {stage}{rollout}, param {param:032x}, \
         intent {intent:032x}, code {code}, reason {reason}{annuls}: `{body}`",
        record.sequence
    )
}

fn of_summary(summary: &Summary) -> String {
    let came = match came(summary) {
        Came::Made { twin, .. } => format!("made, twin {twin}"),
        Came::Rejected(reason) => format!("rejected, {}", reason.label()),
        Came::Failed => "failed".to_owned(),
    };
    format!("slot {}: {came}", summary.slot)
}
