//! Worlds from outside: changes over a base, as they travel with a task, and whole world files.

use std::sync::Arc;

use proto::digest::Digest;
use proto::record::{Actor, PlannedCall, Task};
use proto::seed::Seed;
use serde_json::Value as Json;
use worker::domains::Domain;
use worker::domains::retail::Retail;
use worker::domains::retail::benchmark::Benchmark;
use worker::domains::retail::load::text_of_world;
use worker::environment::Environment;

use super::Target;
use super::corpus::{DESK, Made, OF_DESK, OF_SHOP, SHOP, shop};

/// People whose whole reach is read in a world from outside.
const PEOPLE: usize = 2;

pub(super) const TARGETS: &[Target] = &[
    Target {
        name: "delta-tickets",
        about: "a delta of a desk restores to a world that works and travels on, or is an error",
        run: |bytes| delta(&**DESK, &sealed(bytes)),
        seeds: || deltas(&**DESK, &OF_DESK).into_iter().map(opened).collect(),
        words: &[],
        cases: 1500,
    },
    Target {
        name: "delta-retail",
        about: "a delta of a shop, likewise",
        run: |bytes| delta(&**SHOP, bytes),
        seeds: || deltas(&**SHOP, &OF_SHOP),
        words: &[],
        cases: 800,
    },
    Target {
        name: "world-file",
        about: "a world file loads to a shop that works and is written and loaded the same, or is an error",
        run: world_file,
        seeds: world_files,
        words: &[
            "null",
            "true",
            "-1",
            "0.1",
            "1e308",
            "1e999",
            "NaN",
            "\"nan\"",
            "\"inf\"",
            "\"-0\"",
            "\"\"",
            "[]",
            "{}",
            "[",
            "{\"a\":",
            "\"\\u0000\"",
            "\"\\ud800\"",
            "\"gift_card\"",
            "\"paypal\"",
            "\"pending\"",
            "\"#W0000000\"",
            "99999999999999999999",
        ],
        cases: 500,
    },
];

/// Starts of tasks and the states along their golden trajectories.
fn deltas(domain: &dyn Domain, made: &Made) -> Vec<Vec<u8>> {
    made.tasks().flat_map(|task| along(domain, task)).collect()
}

fn along(domain: &dyn Domain, task: &Task) -> Vec<Vec<u8>> {
    let mut world = domain
        .restore(&task.golden.start.delta)
        .expect("a task's start restores");
    let mut deltas = vec![world.delta()];
    for step in &task.golden.steps {
        world.call(Actor::Assistant, &step.call.name, &step.call.arguments);
        deltas.push(world.delta());
    }
    deltas.dedup();
    deltas
}

/// A desk's delta lies in an envelope: its payload, packed anew to be damaged behind a right checksum.
fn opened(delta: Vec<u8>) -> Vec<u8> {
    let Some(payload) = delta.get(HEADER..) else {
        return delta;
    };
    if delta[FLAGS] & 1 == 0 {
        return payload.to_vec();
    }
    delta
}

/// Where an envelope's flags stand.
const FLAGS: usize = 7;
/// Bytes of an envelope before its payload, and those that its checksum covers.
const HEADER: usize = 20;
const COVERED: usize = 12;

/// The bytes in an envelope of a delta, unless they are one.
fn sealed(bytes: &[u8]) -> Vec<u8> {
    if bytes.starts_with(b"t2tw") {
        return bytes.to_vec();
    }
    let mut envelope = b"t2tw".to_vec();
    envelope.extend_from_slice(&proto::wire::VERSION.to_le_bytes());
    envelope.extend_from_slice(&[proto::wire::Kind::Delta as u8, 0]);
    envelope.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    let check = Digest::of(&[&envelope[..COVERED], bytes].concat());
    envelope.extend_from_slice(&check.0[..HEADER - COVERED]);
    envelope.extend_from_slice(bytes);
    envelope
}

fn delta(domain: &dyn Domain, bytes: &[u8]) {
    let world = match domain.restore(bytes) {
        Ok(world) => world,
        Err(error) => return assert!(!error.reason.is_empty()),
    };
    let once = world.delta();
    let back = domain
        .restore(&once)
        .expect("what a world says of itself restores");
    assert_eq!(back.state_id(), world.state_id());
    assert_eq!(back.delta(), once);
    assert!(domain.changes(&*world, &*back).is_empty());
    works(domain, &*world, Digest::of(bytes).head());
}

/// Everything in reach of a few people can be read and written without a panic.
fn works(domain: &dyn Domain, world: &dyn Environment, draw: u64) {
    for nth in 0..PEOPLE.min(domain.people()) {
        let person = domain.person((draw as usize).wrapping_add(nth) % domain.people());
        let mut rng = Seed::root(draw).child("person", nth as u64).rng();
        let reach = domain.reach(world, &person);
        let extra = domain.extra(world, &person, &mut rng);
        let introduction = domain.introduce(world, &person, &mut rng).call;
        let mut branch = world.fork();
        for PlannedCall { name, arguments } in reach.iter().chain(&extra).chain([&introduction]) {
            let seen = branch.call(Actor::Assistant, name, arguments);
            assert!(
                !seen.text.is_empty() || !seen.error,
                "{name} refuses without a word"
            );
        }
        if let Some(extra) = &extra {
            domain.tampered(world, &person, extra);
            domain.explain(world, extra);
        }
    }
}

/// A shop of a few records in the benchmark's form, and parts of it.
fn world_files() -> Vec<Vec<u8>> {
    let text = |base| Benchmark::new(Arc::new(base)).text().to_owned();
    let whole: Json = serde_json::from_str(&text(shop(2, 2, 4))).expect("it writes JSON");
    let mut parts = vec![whole.to_string(), text(shop(1, 1, 0))];
    for section in ["orders", "users", "products"] {
        let mut part = whole.clone();
        part[section] = Json::Object(serde_json::Map::new());
        parts.push(part.to_string());
    }
    parts.into_iter().map(String::into_bytes).collect()
}

fn world_file(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let base = match text_of_world(&text) {
        Ok(base) => Arc::new(base),
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let written = Benchmark::new(Arc::clone(&base)).text().to_owned();
    let again = text_of_world(&written)
        .unwrap_or_else(|error| panic!("what was written does not load: {error}"));
    // What is written has its keys in order, so only from then on nothing changes any more.
    let rewritten = Benchmark::new(Arc::new(again)).text().to_owned();
    assert_eq!(rewritten, written);
    let domain = Retail::new(base);
    works(&domain, &*domain.start(), Digest::of(bytes).head());
}
