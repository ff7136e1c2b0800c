//! The wire: envelopes as they come, envelopes whose checksum was put right again, and bare values.

use proto::digest::Digest;
use proto::job::Job;
use proto::outcome::Outcome;
use proto::record::Value;
use proto::wire::{self, Kind};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Target;
use super::corpus::{OF_DESK, OF_SHOP};

/// First bytes of an envelope, which its checksum covers together with the payload.
const COVERED: usize = 12;
/// A header, checksum included.
const HEADER: usize = 20;

pub(super) const TARGETS: &[Target] = &[
    Target {
        name: "envelope",
        about: "a damaged envelope is an error; one that opens is found out by any one flip",
        run: envelope,
        seeds: envelopes,
        words: &["t2tw"],
        cases: 3000,
    },
    Target {
        name: "envelope-mended",
        about: "nothing behind a right checksum panics: flags, lengths, compression, encoding",
        run: envelope_mended,
        seeds: envelopes,
        words: &[],
        cases: 3000,
    },
    Target {
        name: "job",
        about: "the payload of a job decodes to what encodes and decodes to the same, or is an error",
        run: |bytes| payload::<Job>(Kind::Job, bytes),
        seeds: || jobs().map(bare).collect(),
        words: &[],
        cases: 2000,
    },
    Target {
        name: "outcome",
        about: "the payload of an outcome, likewise",
        run: |bytes| payload::<Outcome>(Kind::Outcome, bytes),
        seeds: || outcomes().map(bare).collect(),
        words: &[],
        cases: 2000,
    },
    Target {
        name: "value",
        about: "a bare value of any nesting decodes and encodes to the same, or is an error",
        run: value,
        seeds: values,
        words: &["\x05\x01", "\x06\x01\x01a", "\x05\u{2}"],
        cases: 3000,
    },
];

fn jobs() -> impl Iterator<Item = &'static Job> {
    OF_DESK.jobs.iter().chain(&OF_SHOP.jobs)
}

fn outcomes() -> impl Iterator<Item = &'static Outcome> {
    OF_DESK.outcomes.iter().chain(&OF_SHOP.outcomes)
}

fn bare<T: Serialize>(value: &T) -> Vec<u8> {
    wire::encode_bare(value).expect("a record encodes")
}

fn envelopes() -> Vec<Vec<u8>> {
    let jobs = jobs().map(|job| wire::encode(Kind::Job, job));
    let outcomes = outcomes().map(|outcome| wire::encode(Kind::Outcome, outcome));
    jobs.chain(outcomes)
        .map(|bytes| bytes.expect("a record encodes"))
        .collect()
}

/// Argument maps, parameters of tools, and slots: values as they occur.
fn values() -> Vec<Vec<u8>> {
    let tasks = OF_DESK.tasks().chain(OF_SHOP.tasks());
    let arguments = tasks
        .flat_map(|task| &task.golden.steps)
        .map(|step| Value::Map(step.call.arguments.clone()));
    let schemas = super::corpus::SHOP
        .tools()
        .iter()
        .map(|tool| tool.parameters.clone());
    arguments.chain(schemas).map(|value| bare(&value)).collect()
}

fn envelope(bytes: &[u8]) {
    let job = opened::<Job>(Kind::Job, bytes);
    let outcome = opened::<Outcome>(Kind::Outcome, bytes);
    assert!(!(job && outcome), "one envelope is of two kinds");
    if job || outcome {
        let mut flipped = bytes.to_vec();
        let draw = Digest::of(bytes).head();
        let place = draw as usize % bytes.len();
        flipped[place] ^= 1 << (draw >> 61);
        let kind = if job { Kind::Job } else { Kind::Outcome };
        assert!(
            !opened::<Job>(Kind::Job, &flipped) && !opened::<Outcome>(Kind::Outcome, &flipped),
            "{kind:?}: a flip of byte {place} goes unseen"
        );
    }
}

fn envelope_mended(bytes: &[u8]) {
    let mut bytes = bytes.to_vec();
    if bytes.len() < HEADER {
        return;
    }
    mend(&mut bytes);
    opened::<Job>(Kind::Job, &bytes);
    opened::<Outcome>(Kind::Outcome, &bytes);
}

/// Puts the checksum of an envelope right.
fn mend(envelope: &mut [u8]) {
    let covered = [&envelope[..COVERED], &envelope[HEADER..]].concat();
    envelope[COVERED..HEADER].copy_from_slice(&Digest::of(&covered).0[..HEADER - COVERED]);
}

/// Whether the bytes are an envelope of this kind; if so, the value must come back as it was.
fn opened<T: Serialize + DeserializeOwned>(kind: Kind, bytes: &[u8]) -> bool {
    match wire::decode::<T>(kind, bytes) {
        Ok(value) => {
            comes_back(kind, &value);
            true
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            false
        }
    }
}

/// Bytes are compared, since NaN is no equal of itself.
fn comes_back<T: Serialize + DeserializeOwned>(kind: Kind, value: &T) {
    let once = wire::encode(kind, value).expect("what was decoded encodes");
    let back: T = wire::decode(kind, &once).expect("what was encoded decodes");
    assert_eq!(wire::encode(kind, &back).expect("it encoded before"), once);
}

/// Reads `bytes` as the payload of a sound envelope.
fn payload<T: Serialize + DeserializeOwned>(kind: Kind, bytes: &[u8]) {
    let length = u32::try_from(bytes.len()).expect("a case is short");
    let mut envelope = b"t2tw".to_vec();
    envelope.extend_from_slice(&wire::VERSION.to_le_bytes());
    envelope.extend_from_slice(&[kind as u8, 0]);
    envelope.extend_from_slice(&length.to_le_bytes());
    envelope.extend_from_slice(&[0; HEADER - COVERED]);
    envelope.extend_from_slice(bytes);
    mend(&mut envelope);
    opened::<T>(kind, &envelope);
}

fn value(bytes: &[u8]) {
    if let Ok(value) = wire::decode_plain::<Value>(bytes) {
        let once = wire::encode_plain(&value).expect("what was decoded encodes");
        let back: Value = wire::decode_plain(&once).expect("what was encoded decodes");
        assert_eq!(bare(&back), once);
    }
    let Ok(value) = wire::decode_bare::<Value>(bytes) else {
        return;
    };
    let once = bare(&value);
    let back: Value = wire::decode_bare(&once).expect("what was encoded decodes");
    assert_eq!(bare(&back), once);
    let text = value.to_string();
    // Text has neither NaN nor infinity: from the first reading on, nothing changes any more.
    if let Ok(read) = Value::parse(&text) {
        let again = Value::parse(&read.to_string()).expect("what was printed reads");
        assert_eq!(bare(&again), bare(&read), "{text}");
    }
}
