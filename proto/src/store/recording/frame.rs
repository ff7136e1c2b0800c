//! The bytes of a recording, little end first:
//!
//! ```text
//! header   magic 8 │ version 4 │ length of the run's name 4 │ name … │ check 16
//! record   key 32 │ length of the envelope 4 │ check of the envelope 16 │ check 16 ║ envelope of wire
//! ```
//!
//! A check is the first 16 bytes of BLAKE3 over what precedes it in its header or record head.

use std::collections::HashMap;
use std::io::{self, Read};

use crate::digest::Digest;

/// Version of the format.
const VERSION: u32 = 1;
const MAGIC: [u8; 8] = *b"t2treply";
const CHECK: usize = 16;
const FIXED: usize = 16;
const COVERED: usize = 52;
const HEAD: usize = COVERED + CHECK;
/// Longest name of a run, bytes.
const NAME_CAP: usize = 4096;

/// First bytes of a digest.
pub(super) type Check = [u8; CHECK];

/// Where an envelope lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) offset: u64,
    pub(super) length: u32,
    pub(super) check: Check,
}

/// What a file holds.
#[derive(Debug)]
pub(super) struct Scanned {
    pub(super) index: HashMap<Digest, Place>,
    /// End of the last sound record; 0 if there is no header.
    pub(super) end: u64,
    /// End of the file.
    pub(super) length: u64,
    /// What is behind the last sound record, if anything.
    pub(super) tail: Tail,
}

/// What may stand behind the last sound record. A writer cuts either off, since it was never used; a
/// reader of a copy must tell what is only short from what was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tail {
    /// Nothing.
    None,
    /// The beginning of a record or of the header.
    Cut,
    /// Bytes that are no beginning of anything.
    Damaged,
}

pub(super) fn check(bytes: &[u8]) -> Check {
    Digest::of(bytes).short()
}

/// The header of a file for `run`.
pub(super) fn header(run: &str) -> Vec<u8> {
    let mut header = MAGIC.to_vec();
    header.extend_from_slice(&VERSION.to_le_bytes());
    let length = u32::try_from(run.len()).unwrap_or(u32::MAX);
    header.extend_from_slice(&length.to_le_bytes());
    header.extend_from_slice(run.as_bytes());
    let check = check(&header);
    header.extend_from_slice(&check);
    header
}

/// Appends a record to `buffer`, which will lie at `start`; gives the place of its envelope.
pub(super) fn put(buffer: &mut Vec<u8>, start: u64, key: &Digest, envelope: &[u8]) -> Place {
    let at = buffer.len();
    let length = u32::try_from(envelope.len()).expect("an envelope is below 4 GiB");
    let of_envelope = check(envelope);
    buffer.extend_from_slice(&key.0);
    buffer.extend_from_slice(&length.to_le_bytes());
    buffer.extend_from_slice(&of_envelope);
    let of_head = check(&buffer[at..]);
    buffer.extend_from_slice(&of_head);
    let offset = start + buffer.len() as u64;
    buffer.extend_from_slice(envelope);
    Place {
        offset,
        length,
        check: of_envelope,
    }
}

/// A sound head: key, length and check of its envelope.
fn head(bytes: &[u8; HEAD]) -> Option<(Digest, u32, Check)> {
    let (covered, of_head) = bytes.split_at(COVERED);
    if check(covered) != of_head {
        return None;
    }
    let key = Digest(*covered.first_chunk()?);
    let length = u32::from_le_bytes(*covered[32..].first_chunk()?);
    Some((key, length, *covered[36..].first_chunk()?))
}

/// Reads up to `wanted` bytes: fewer only at the end.
fn read_up_to(file: &mut impl Read, wanted: usize, into: &mut Vec<u8>) -> io::Result<usize> {
    into.clear();
    file.by_ref().take(wanted as u64).read_to_end(into)
}

/// Reads a whole file.
///
/// # Errors
/// What is wrong, with its offset, where it is more than a torn end.
pub(super) fn scan(mut file: impl Read, run: &str) -> Result<Scanned, String> {
    let broken = |error: io::Error| format!("can't read: {error}");
    let wanted = header(run);
    let mut bytes = Vec::new();
    let read = read_up_to(&mut file, FIXED, &mut bytes).map_err(broken)?;
    let begins = read == FIXED && bytes[..8] == MAGIC;
    if begins && bytes[8..12] != VERSION.to_le_bytes() {
        return Err(format!(
            "format {:?}, this program reads {VERSION}: use the release that wrote it",
            &bytes[8..12]
        ));
    }
    let name = if begins {
        u32::from_le_bytes([bytes[12], bytes[13], bytes[14], bytes[15]]) as usize
    } else {
        0
    };
    let mut rest = Vec::new();
    read_up_to(&mut file, name.min(NAME_CAP) + CHECK, &mut rest).map_err(broken)?;
    bytes.extend_from_slice(&rest);
    if bytes == wanted {
        return records(file, wanted.len() as u64).map_err(|fault| fault.into_text());
    }
    let length = bytes.len() as u64;
    if wanted.starts_with(&bytes) && bytes.len() < wanted.len() {
        let index = HashMap::new();
        return Ok(Scanned {
            index,
            end: 0,
            length,
            tail: Tail::Cut,
        });
    }
    if !begins {
        return Err("not a recording: move it away".to_owned());
    }
    let of = String::from_utf8_lossy(&rest[..name.min(rest.len())]).into_owned();
    Err(format!(
        "it is of run `{of}`, not `{run}`: use that run's folder"
    ))
}

/// Why reading stopped.
enum Stop {
    Io(io::Error),
    Damaged { at: u64, sound_behind: u64 },
}

impl Stop {
    fn into_text(self) -> String {
        match self {
            Self::Io(error) => format!("can't read: {error}"),
            Self::Damaged { at, sound_behind } => format!(
                "damaged at byte {at}, with a sound record behind it at byte {sound_behind}: restore the file, or move it away to ask the models again"
            ),
        }
    }
}

fn records(mut file: impl Read, start: u64) -> Result<Scanned, Stop> {
    let mut index = HashMap::new();
    let (mut end, mut bytes) = (start, Vec::new());
    loop {
        let read = read_up_to(&mut file, HEAD, &mut bytes).map_err(Stop::Io)?;
        let found = bytes.first_chunk::<HEAD>().and_then(head);
        let Some((key, length, check_of)) = found else {
            let mut tail = std::mem::take(&mut bytes);
            file.read_to_end(&mut tail).map_err(Stop::Io)?;
            let kind = match read {
                0 => Tail::None,
                HEAD => Tail::Damaged,
                _ => Tail::Cut,
            };
            return torn(index, end, (&tail, kind), usize::from(read > 0));
        };
        let mut envelope = Vec::new();
        read_up_to(&mut file, length as usize, &mut envelope).map_err(Stop::Io)?;
        let whole = envelope.len() == length as usize;
        if !whole || check(&envelope) != check_of {
            bytes.extend_from_slice(&envelope);
            let behind = bytes.len();
            file.read_to_end(&mut bytes).map_err(Stop::Io)?;
            let kind = if whole { Tail::Damaged } else { Tail::Cut };
            return torn(index, end, (&bytes, kind), behind.min(bytes.len()));
        }
        let place = Place {
            offset: end + HEAD as u64,
            length,
            check: check_of,
        };
        // The first of a key is the one that was used.
        index.entry(key).or_insert(place);
        end += (HEAD + envelope.len()) as u64;
    }
}

/// What is from `end` on is no record: a torn end, unless a sound head follows from `from` on.
fn torn(
    index: HashMap<Digest, Place>,
    end: u64,
    (tail, kind): (&[u8], Tail),
    from: usize,
) -> Result<Scanned, Stop> {
    let sound = tail[from..]
        .windows(HEAD)
        .position(|window| window.first_chunk::<HEAD>().and_then(head).is_some());
    if let Some(place) = sound {
        return Err(Stop::Damaged {
            at: end,
            sound_behind: end + (from + place) as u64,
        });
    }
    Ok(Scanned {
        index,
        end,
        length: end + tail.len() as u64,
        tail: kind,
    })
}
