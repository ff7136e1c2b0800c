//! What was ever written is read for ever: one file for each kind of message, world and ledger, and
//! each version of the wire, with what it says as JSON beside it. Those of the present version are
//! written by `T2T_BLESS=1 cargo nextest run -p tests golden_wire`; those of earlier ones are never
//! written again. A form with a version of its own has it in the names of its files, so that those
//! of its earlier versions stay, too.
//!
//! A recording of replies lies in `tests/fixtures/recorded`, where `small_model` replays it; the
//! lines of a spending file are frozen beside their code.

mod stored;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use harness::fuzz::corpus::OF_DESK;
use proto::digest::Digest;
use proto::job::{Job, Stage};
use proto::operation::{Operation, Sent, Trial};
use proto::outcome::{Notice, Outcome, Reason, Rejection, StageResult};
use proto::record::{
    CallForm, Cast, Component, Dialect, Endpoint, Judged, Map, Money, Part, Patience, Prices,
    Protocol, Rates, Role, Sampling, Structured, Usage, UserProtocol, Writing,
};
use proto::wire::{self, Kind, VERSION};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use worker::chat::Answer;

/// Files by name, without their ending.
type Files = BTreeMap<String, Vec<u8>>;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/wire")
}

/// The JSON of an envelope's content.
fn told<T: Serialize + DeserializeOwned>(kind: Kind, bytes: &[u8]) -> Result<Json, String> {
    let value: T = wire::decode(kind, bytes).map_err(|error| error.to_string())?;
    serde_json::to_value(value).map_err(|error| error.to_string())
}

/// The bytes of a file.
fn bytes(folder: &Path, name: &str) -> Result<Vec<u8>, String> {
    let path = folder.join(format!("{name}.bin"));
    fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))
}

/// The JSON of a file, by the kind that its name begins with.
fn read(folder: &Path, name: &str) -> Result<Json, String> {
    let bytes = bytes(folder, name)?;
    let mut parts = name.split('-');
    let (kind, domain) = (parts.next().unwrap_or(name), parts.next().unwrap_or(""));
    match kind {
        "job" => told::<Job>(Kind::Job, &bytes),
        "outcome" => told::<Outcome>(Kind::Outcome, &bytes),
        "notice" => told::<Notice>(Kind::Notice, &bytes),
        "reply" => told::<Answer>(Kind::Reply, &bytes),
        "snapshot" => Ok(stored::of_base(&*stored::base(folder, domain)?)),
        "delta" => stored::of_delta(&*stored::base(folder, domain)?, &bytes),
        "ledger" => stored::of_ledger(folder, name),
        _ => Err(format!("no kind is called `{kind}`")),
    }
}

/// Models in two roles, with everything that can be said of one.
fn cast() -> Cast {
    let small = Endpoint {
        name: "small".to_owned(),
        protocol: Protocol::Anthropic,
        url: "https://host/v1".to_owned(),
        command: vec!["agent".to_owned()],
        model: "m-1".to_owned(),
        key: "A_KEY".to_owned(),
        sampling: Sampling {
            temperature: Some(0.5),
            top_p: Some(0.9),
            max_tokens: 512,
            seeded: true,
            extra: Map::from([("top_k".to_owned(), 20.into())]),
        },
        form: CallForm::React,
        dialect: Dialect {
            structured: Structured::Object,
            return_reasoning: true,
            omit: vec!["cache_control".to_owned()],
        },
        prices: Prices {
            input: 3_000,
            cached: 300,
            written: 3_750,
            output: 15_000,
        },
        rates: Rates {
            requests_per_minute: 600,
            tokens_per_minute: 90_000,
            concurrency: 8,
        },
        patience: Patience::default(),
    };
    Cast {
        models: vec![(Role::Agent, small.clone()), (Role::Judge, small)],
        prompts: vec![("judge.md.j2".to_owned(), "Judge.".to_owned())],
        writing: Writing {
            attempts: 4,
            fallback: true,
        },
        votes: 3,
        budget: Some(Money(5_000_000_000)),
        user_protocol: UserProtocol::Tau2,
    }
}

/// What a delivery took, with everything that can be said of one.
fn took(job: &Job) -> Operation {
    Operation {
        rollout: Some(Trial {
            agent: "model:small".to_owned(),
            trial: 1,
            twin: true,
        }),
        attempt: 2,
        redeliveries: 1,
        began: 1_700_000_000_000,
        millis: 2_500,
        ended: "answered".to_owned(),
        requests: vec![Sent {
            role: Role::Agent,
            model: "small".to_owned(),
            turn: 3,
            regeneration: 1,
            attempt: 2,
            after: 1_200,
            waited: 40,
            millis: 900,
            came: "ok".to_owned(),
            usage: Usage {
                input: 900,
                output: 60,
                ..Usage::default()
            },
            cost: Money(7_500_000),
        }],
        ..Operation::of(job, "host-7")
    }
}

/// A candidate that a model's votes turned down.
fn rejected(played: &Outcome) -> Outcome {
    let rejection = Rejection::new(Reason::Unjudged, "no vote in 3 replies");
    Outcome {
        job: played.job,
        result: StageResult::Rejected(rejection.after(vec![part(Role::Validity)])),
    }
}

/// What a model had to do with a record.
fn part(role: Role) -> Part {
    let (_, endpoint) = &cast().models[1];
    Part {
        role,
        name: endpoint.name.clone(),
        protocol: endpoint.protocol,
        models: vec!["m-1-2026".to_owned()],
        sampling: endpoint.sampling.clone(),
        form: endpoint.form,
        prompts: Digest::of(b"prompt"),
        seed: Some(7),
        replies: 3,
        usage: Usage {
            input: 900,
            cached: 500,
            written: 100,
            output: 60,
        },
    }
}

/// The same episode with votes of a model, and with what it had to do with it.
fn judged(played: &Outcome) -> Outcome {
    let mut outcome = played.clone();
    let StageResult::Played(episode) = &mut outcome.result else {
        unreachable!("it was played")
    };
    let votes = vec![true, false, true];
    let statement = |beside| Judged {
        beside,
        statement: "It is so.".to_owned(),
        votes: votes.clone(),
    };
    let judged = [Some(Component::Told), None].map(statement);
    episode.verdict = episode.verdict.clone().judged(judged.to_vec());
    episode.parts.push(part(Role::Judge));
    outcome
}

/// All of the present version.
fn present() -> Files {
    let mut files = messages();
    files.append(&mut stored::worlds());
    files.append(&mut stored::ledger());
    files
}

/// Messages, one of each stage and form.
fn messages() -> Files {
    let mut messages = Files::new();
    for job in &OF_DESK.jobs {
        let name = format!("job-{}", job.input.stage().label());
        let bytes = wire::encode(Kind::Job, job).expect("a job is within its cap");
        messages.entry(name).or_insert(bytes);
    }
    for outcome in &OF_DESK.outcomes {
        let form = format!("{:?}", outcome.result);
        let form = form.split(|c: char| !c.is_alphanumeric()).next();
        let name = format!("outcome-{}", form.unwrap_or_default().to_lowercase());
        let bytes = wire::encode(Kind::Outcome, outcome).expect("an outcome is within its cap");
        messages.entry(name).or_insert(bytes);
    }
    let played = |outcome: &&Outcome| matches!(outcome.result, StageResult::Played(_));
    let played = OF_DESK
        .outcomes
        .iter()
        .find(played)
        .expect("one was played");
    let modelled = Job {
        cast: cast(),
        apart: vec![(0, Digest::of(b"changes"))],
        ..OF_DESK.jobs[0].clone()
    };
    let bytes = wire::encode(Kind::Job, &modelled).expect("a job is within its cap");
    messages.insert("job-modelled".to_owned(), bytes);
    for (name, outcome) in [
        ("outcome-judged", judged(played)),
        (
            "outcome-failed",
            Outcome::failed(played.job, Stage::Rollout, "no world"),
        ),
        ("outcome-rejected", rejected(played)),
    ] {
        let bytes = wire::encode(Kind::Outcome, &outcome).expect("an outcome is within its cap");
        messages.insert(name.to_owned(), bytes);
    }
    let snapshot = Digest::of(b"world");
    let crashed = Notice::Crashed {
        times: 2,
        how: "signal 9".to_owned(),
    };
    let spent = Notice::Spent {
        spent: Money(4_999_000_000),
        wanted: Money(2_000_000),
    };
    for (name, notice) in [
        ("notice-missing", Notice::Missing { snapshot }),
        ("notice-crashed", crashed),
        ("notice-spent", spent),
        ("notice-took", Notice::Took(Box::new(took(&modelled)))),
    ] {
        let bytes = wire::encode(Kind::Notice, &notice).expect("a notice is small");
        messages.insert(name.to_owned(), bytes);
    }
    let answer = Answer {
        status: 200,
        body: br#"{"choices":[{"message":{"content":"Hello"}}]}"#.as_slice().into(),
    };
    let bytes = wire::encode(Kind::Reply, &answer).expect("an answer is small");
    messages.insert("reply".to_owned(), bytes);
    messages
}

fn bless(folder: &Path, files: &Files) {
    fs::create_dir_all(folder).expect("a folder for the files");
    for (name, bytes) in files {
        fs::write(folder.join(format!("{name}.bin")), bytes).expect("the file is written");
    }
    // Only now: a delta is read over its base, an epoch after those before it.
    for name in files.keys() {
        let json = read(folder, name).expect("what was written reads");
        let json = serde_json::to_string_pretty(&json).expect("JSON is plain data") + "\n";
        fs::write(folder.join(format!("{name}.json")), json).expect("the file is written");
    }
}

#[test]
fn every_version_that_ever_was_still_reads() {
    let present = present();
    if std::env::var_os("T2T_BLESS").is_some() {
        bless(&folder().join(format!("v{VERSION}")), &present);
    }
    for version in 1..=VERSION {
        let folder = folder().join(format!("v{version}"));
        let files = fs::read_dir(&folder).expect("each version has its files");
        let mut names: Vec<String> = files
            .map(|file| {
                file.expect("an entry")
                    .file_name()
                    .into_string()
                    .expect("a name")
            })
            .filter_map(|name| name.strip_suffix(".bin").map(str::to_owned))
            .collect();
        names.sort();
        for name in &names {
            let json = fs::read(folder.join(format!("{name}.json"))).expect("the file reads");
            let wanted: Json = serde_json::from_slice(&json).expect("the file is JSON");
            let found = read(&folder, name);
            assert_eq!(
                found,
                Ok(wanted),
                "{name} of version {version}: what changes its form needs another version of the \
                 wire, or of its own"
            );
        }
        if version == VERSION {
            let mut missing: Vec<&String> = present.keys().collect();
            missing.retain(|name| !names.contains(name));
            assert!(
                missing.is_empty(),
                "{missing:?} have no file: T2T_BLESS=1 writes it"
            );
        }
    }
}
