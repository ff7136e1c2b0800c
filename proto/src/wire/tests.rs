//! Round trips, damage, hostile lengths, and the frozen envelope.

use proptest::prelude::*;

use super::*;
use crate::record::{Map, Value};

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        (-1e9..1e9_f64).prop_map(Value::Float),
        ".{0,40}".prop_map(Value::Str),
    ];
    leaf.prop_recursive(4, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::List),
            prop::collection::btree_map("[a-z_]{1,12}", inner, 0..6).prop_map(Value::Map),
        ]
    })
}

/// A conversation of about ten kilobytes, with as much repetition as talk has.
fn episode() -> Value {
    let mut rng = crate::seed::Seed::root(3).rng();
    let words: Vec<String> = (0..300)
        .map(|_| {
            (0..rng.between(2, 9))
                .map(|_| char::from(b'a' + rng.below(26) as u8))
                .collect()
        })
        .collect();
    let mut turn = |index: i64| {
        let text: Vec<&str> = (0..26)
            .filter_map(|_| rng.pick(&words))
            .map(String::as_str)
            .collect();
        let mut turn = Map::new();
        turn.insert(
            "role".into(),
            Value::from(if index % 2 == 0 { "user" } else { "assistant" }),
        );
        turn.insert("index".into(), Value::Int(index));
        turn.insert("text".into(), Value::from(text.join(" ")));
        turn.insert("cost".into(), Value::Float(index as f64 * 0.25));
        Value::Map(turn)
    };
    Value::List((0..46).map(&mut turn).collect())
}

#[test]
fn kinds_are_told_apart() {
    let bytes = encode(Kind::Job, &7_u32).unwrap();
    let error = decode::<u32>(Kind::Outcome, &bytes).unwrap_err();
    assert!(
        matches!(
            error,
            WireError::OtherKind {
                found: 1,
                expected: Kind::Outcome
            }
        ),
        "{error}"
    );
    for kind in Kind::ALL {
        assert_eq!(Kind::of(kind as u8), Some(kind));
    }
    for gone in [5, 6, 7, 8, 10] {
        assert_eq!(Kind::of(gone), None, "{gone} stood for another kind once");
    }
}

#[test]
fn a_later_version_is_not_corruption() {
    let mut bytes = encode(Kind::Job, &7_u32).unwrap();
    bytes[4] = 2;
    let error = decode::<u32>(Kind::Job, &bytes).unwrap_err();
    assert!(
        matches!(error, WireError::UnknownVersion { version: 2, .. }),
        "{error}"
    );
}

#[test]
fn the_envelope_is_frozen() {
    let bytes = encode(Kind::Job, &(7_u32, "seven")).unwrap();
    assert_eq!(&bytes[..12], b"t2tw\x01\x00\x01\x00\x07\x00\x00\x00");
    assert_eq!(&bytes[20..], b"\x07\x05seven");
}

#[test]
fn caps_hold_on_both_ends() {
    let error = encode(Kind::Job, &"x".repeat(SMALL)).unwrap_err();
    assert!(
        matches!(
            error,
            WireError::TooLarge {
                kind: Kind::Job,
                ..
            }
        ),
        "{error}"
    );
    let mut bytes = encode(Kind::Outcome, &"x".repeat(SMALL)).unwrap();
    bytes[6] = Kind::Job as u8;
    let check = checksum(&bytes);
    bytes[COVERED..HEADER].copy_from_slice(&check);
    let error = decode::<String>(Kind::Job, &bytes).unwrap_err();
    assert!(matches!(error, WireError::TooLarge { .. }), "{error}");
}

#[test]
fn a_lying_length_inside_allocates_nothing() {
    // A text that claims 2^62 bytes.
    let error = decode_plain::<String>(&[253, 0, 0, 0, 0, 0, 0, 0, 64]).unwrap_err();
    assert!(matches!(error, WireError::Corrupt(_)), "{error}");
}

#[test]
fn nothing_may_follow() {
    let mut bytes = encode_plain(&(1_u8, 2_u8)).unwrap();
    assert_eq!(decode_plain::<(u8, u8)>(&bytes).unwrap(), (1, 2));
    bytes.push(0);
    assert!(matches!(
        decode_plain::<(u8, u8)>(&bytes),
        Err(WireError::Trailing(1))
    ));
    let bytes = encode(Kind::Job, &(1_u8, 2_u8)).unwrap();
    assert!(matches!(
        decode::<u8>(Kind::Job, &bytes),
        Err(WireError::Trailing(1))
    ));
}

#[test]
fn every_flip_of_a_large_envelope_is_found() {
    let bytes = encode(Kind::Outcome, &episode()).unwrap();
    assert_eq!(bytes[7], COMPRESSED);
    assert!(bytes.len() < 6000, "{}", bytes.len());
    for place in 0..bytes.len() {
        let mut bad = bytes.clone();
        bad[place] ^= 0x10;
        assert!(
            decode::<Value>(Kind::Outcome, &bad).is_err(),
            "flip at {place}"
        );
        assert!(
            decode::<Value>(Kind::Outcome, &bytes[..place]).is_err(),
            "cut at {place}"
        );
    }
}

/// Prints µs per call: `cargo test -p proto --release wire_speed -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn wire_speed() {
    let value = episode();
    let rounds = 5000_u32;
    let bytes = encode(Kind::Outcome, &value).unwrap();
    let start = std::time::Instant::now();
    for _ in 0..rounds {
        std::hint::black_box(encode(Kind::Outcome, &value).unwrap());
    }
    let encoding = start.elapsed() / rounds;
    let start = std::time::Instant::now();
    for _ in 0..rounds {
        std::hint::black_box(decode::<Value>(Kind::Outcome, &bytes).unwrap());
    }
    let decoding = start.elapsed() / rounds;
    let json = value.to_string().len();
    println!(
        "{json} B of JSON, {} B in the envelope: encode {encoding:?}, decode {decoding:?}",
        bytes.len()
    );
}

proptest! {
    #[test]
    fn round_trip(value in value(), kind in 0..Kind::ALL.len()) {
        let kind = Kind::ALL[kind];
        let bytes = encode(kind, &value).unwrap();
        prop_assert_eq!(&bytes, &encode(kind, &value).unwrap());
        prop_assert_eq!(decode::<Value>(kind, &bytes).unwrap(), value);
    }

    #[test]
    fn a_flip_or_a_cut_is_an_error(value in value(), place: prop::sample::Index, mask in 1..=255_u8) {
        let bytes = encode(Kind::Outcome, &value).unwrap();
        let place = place.index(bytes.len());
        let mut bad = bytes.clone();
        bad[place] ^= mask;
        prop_assert!(decode::<Value>(Kind::Outcome, &bad).is_err());
        prop_assert!(decode::<Value>(Kind::Outcome, &bytes[..place]).is_err());
    }

    #[test]
    fn any_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(decode::<Value>(Kind::Outcome, &bytes).is_err());
        let _ = decode_plain::<Value>(&bytes);
        // Behind a right checksum too.
        let mut sealed = seal(Kind::Outcome, &bytes, &mut Compressor::new(LEVEL).unwrap()).unwrap();
        let _ = decode::<Value>(Kind::Outcome, &sealed);
        sealed[7] ^= COMPRESSED;
        let check = checksum(&sealed);
        sealed[COVERED..HEADER].copy_from_slice(&check);
        prop_assert!(decode::<Value>(Kind::Outcome, &sealed).is_err() || bytes.len() >= COMPRESS_FROM);
    }
}
