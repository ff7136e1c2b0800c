//! Damages real inputs: flips, cuts, splices, lies about lengths, repeats, words of the format.

use proto::seed::Rng;

/// Bytes at the edges of what readers tell apart: bounds of signed and unsigned numbers, and the
/// markers of the wire's variable-length numbers.
const EDGES: [u8; 13] = [0, 1, 2, 31, 32, 127, 128, 250, 251, 252, 253, 254, 255];
/// Most repeats of one piece.
const REPEATS: usize = 600;
/// Most repeats now and then, to overflow what goes down a level for each.
const MANY_REPEATS: usize = 20_000;
/// Longest piece that is repeated, moved or inserted.
const PIECE: usize = 48;

/// One of `seeds` after a few strokes of damage; now and then untouched.
pub(super) fn damaged(rng: &mut Rng, seeds: &[Vec<u8>], words: &[&str]) -> Vec<u8> {
    let mut bytes = rng.pick(seeds).cloned().unwrap_or_default();
    for _ in 0..strokes(rng) {
        stroke(rng, &mut bytes, seeds, words);
    }
    bytes
}

/// Mostly one to three, seldom many, one time in twenty none.
fn strokes(rng: &mut Rng) -> usize {
    match rng.below(20) {
        0 => 0,
        1..=8 => 1,
        9..=16 => 1 + rng.below(3),
        _ => 1 + rng.below(16),
    }
}

fn stroke(rng: &mut Rng, bytes: &mut Vec<u8>, seeds: &[Vec<u8>], words: &[&str]) {
    match rng.below(if words.is_empty() { 10 } else { 14 }) {
        0 => flip(rng, bytes),
        1 => edge(rng, bytes),
        2 => length_lie(rng, bytes),
        3 => bytes.truncate(rng.below(bytes.len() + 1)),
        4 => remove(rng, bytes),
        5 => splice(rng, bytes, seeds),
        6 => repeat(rng, bytes),
        7 => move_piece(rng, bytes),
        8 => insert_noise(rng, bytes),
        9 => nudge(rng, bytes),
        _ => word(rng, bytes, words),
    }
}

/// A place in `bytes`, or nothing if there is none.
fn place(rng: &mut Rng, bytes: &[u8]) -> Option<usize> {
    (!bytes.is_empty()).then(|| rng.below(bytes.len()))
}

/// A short range, possibly empty.
fn range(rng: &mut Rng, bytes: &[u8]) -> std::ops::Range<usize> {
    let start = rng.below(bytes.len() + 1);
    let most = (bytes.len() - start).min(PIECE);
    start..start + rng.below(most + 1)
}

fn flip(rng: &mut Rng, bytes: &mut [u8]) {
    if let Some(place) = place(rng, bytes) {
        bytes[place] ^= 1 << rng.below(8);
    }
}

fn edge(rng: &mut Rng, bytes: &mut [u8]) {
    if let Some(place) = place(rng, bytes) {
        bytes[place] = EDGES[rng.below(EDGES.len())];
    }
}

/// A little more or less than what stands there: the next digit, variant or length.
fn nudge(rng: &mut Rng, bytes: &mut [u8]) {
    if let Some(place) = place(rng, bytes) {
        bytes[place] = bytes[place].wrapping_add([1, 255, 2, 254][rng.below(4)]);
    }
}

/// Two to eight bytes that say a number: tiny, huge, or near the length of the whole.
fn length_lie(rng: &mut Rng, bytes: &mut [u8]) {
    let width = [2, 4, 8][rng.below(3)];
    if bytes.len() < width {
        return;
    }
    let length = bytes.len() as u64;
    let lies = [
        0,
        1,
        length,
        length + 1,
        length - 1,
        u64::MAX,
        u64::MAX >> 1,
        1 << 31,
        1 << 20,
        1 << 62,
    ];
    let lie = lies[rng.below(lies.len())].to_le_bytes();
    let start = rng.below(bytes.len() - width + 1);
    bytes[start..start + width].copy_from_slice(&lie[..width]);
}

fn remove(rng: &mut Rng, bytes: &mut Vec<u8>) {
    let range = range(rng, bytes);
    bytes.drain(range);
}

/// The head of this input and the tail of another.
fn splice(rng: &mut Rng, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
    let Some(other) = rng.pick(seeds) else { return };
    let cut = rng.below(bytes.len() + 1);
    let from = if rng.chance(0.5) {
        cut.min(other.len())
    } else {
        rng.below(other.len() + 1)
    };
    bytes.truncate(cut);
    bytes.extend_from_slice(&other[from..]);
}

/// A piece again and again: long lists, deep nesting.
fn repeat(rng: &mut Rng, bytes: &mut Vec<u8>) {
    let range = range(rng, bytes);
    let piece = bytes[range.clone()].to_vec();
    let times = if rng.chance(0.2) {
        rng.below(REPEATS)
    } else {
        rng.below(4)
    };
    let again: Vec<u8> = piece
        .iter()
        .copied()
        .cycle()
        .take(piece.len() * times)
        .collect();
    bytes.splice(range.end..range.end, again);
}

fn move_piece(rng: &mut Rng, bytes: &mut Vec<u8>) {
    let from = range(rng, bytes);
    let piece: Vec<u8> = bytes.drain(from).collect();
    let to = rng.below(bytes.len() + 1);
    bytes.splice(to..to, piece);
}

fn insert_noise(rng: &mut Rng, bytes: &mut Vec<u8>) {
    let noise: Vec<u8> = (0..1 + rng.below(8)).map(|_| rng.bits() as u8).collect();
    let at = rng.below(bytes.len() + 1);
    bytes.splice(at..at, noise);
}

/// A word of the format, over what stands there or in between, once or often.
fn word(rng: &mut Rng, bytes: &mut Vec<u8>, words: &[&str]) {
    let Some(word) = rng.pick(words) else { return };
    let times = match rng.below(100) {
        0 => 1 + rng.below(MANY_REPEATS),
        1..=9 => 1 + rng.below(REPEATS),
        _ => 1,
    };
    let at = rng.below(bytes.len() + 1);
    let end = if rng.chance(0.5) {
        at
    } else {
        (at + word.len()).min(bytes.len())
    };
    bytes.splice(at..end, word.repeat(times).into_bytes());
}
