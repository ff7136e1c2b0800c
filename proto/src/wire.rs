//! The binary form of everything that crosses a wire or lies in the ledger. The only file that names
//! the encoding library.
//!
//! A value travels in an envelope, little end first:
//!
//! | bytes | what |
//! |---|---|
//! | 4 | magic `t2tw` |
//! | 2 | format version |
//! | 1 | [`Kind`] |
//! | 1 | flags; bit 0: the payload is a zstd frame |
//! | 4 | length of the encoded value before compression |
//! | 8 | first bytes of BLAKE3 over the twelve bytes above and the payload |
//! | … | payload |
//!
//! [`decode`] believes nothing before the checksum holds, and allocates nothing before the length is
//! within the cap of its kind. Not a seal against forgery: who can write to the queue can make a
//! checksum too.

use std::cell::RefCell;

use bincode::config::{Configuration, Limit, LittleEndian, NoLimit, Varint, standard};
use serde::Serialize;
use serde::de::DeserializeOwned;
use zstd::bulk::{Compressor, Decompressor};

/// Version of the envelope and of the records in it. The names of queues and the keys of stores hold
/// it, see [`crate::topology`].
pub const VERSION: u16 = 1;

const MAGIC: [u8; 4] = *b"t2tw";
const COVERED: usize = 12;
const HEADER: usize = COVERED + 8;
const COMPRESSED: u8 = 1;
/// Below this a frame header costs more than compression gains.
const COMPRESS_FROM: usize = 192;
const LEVEL: i32 = 1;
/// A scratch buffer larger than this is given back after use.
const SCRATCH_KEPT: usize = 1 << 20;

const SMALL: usize = 4 << 20;
const MEDIUM: usize = 32 << 20;
const LARGE: usize = 256 << 20;
/// Cap of [`encode_plain`] and [`decode_plain`], bytes.
pub const PLAIN_CAP: usize = 64 << 10;

/// What an envelope holds. The bytes 5, 6, 7, 8 and 10 stood for other kinds once and are never given
/// again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// A queue item.
    Job = 1,
    /// The one result of a job.
    Outcome = 2,
    /// Changes of a world over its base.
    Delta = 3,
    /// A world, whole.
    Snapshot = 4,
    /// A model's reply, kept.
    Reply = 9,
    /// What a worker tells of a job beside its outcome.
    Notice = 11,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 6] = [
        Self::Job,
        Self::Outcome,
        Self::Delta,
        Self::Snapshot,
        Self::Reply,
        Self::Notice,
    ];

    /// Most bytes a value of this kind may take before compression.
    pub const fn cap(self) -> usize {
        match self {
            Self::Job | Self::Reply | Self::Notice => SMALL,
            Self::Outcome | Self::Delta => MEDIUM,
            Self::Snapshot => LARGE,
        }
    }

    /// The kind with this byte.
    pub fn of(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == byte)
    }
}

/// Why bytes are not the value that was asked for.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The bytes do not begin like an envelope, or end within its header.
    #[error("not an envelope: {0} bytes that do not begin with `t2tw` and a whole header")]
    NotAnEnvelope(usize),
    /// Written by another release. The bytes are sound as far as known: keep them for a reader that
    /// knows the version.
    #[error(
        "unknown wire version {version} (flags {flags:#04x}), this program reads version {VERSION}: use the release that wrote it"
    )]
    UnknownVersion {
        /// Version in the envelope.
        version: u16,
        /// Flags in the envelope.
        flags: u8,
    },
    /// A sound envelope of something else.
    #[error("the envelope holds kind {found}, expected {expected:?}")]
    OtherKind {
        /// Kind byte in the envelope.
        found: u8,
        /// Kind asked for.
        expected: Kind,
    },
    /// Larger than the cap of its kind.
    #[error("{kind:?} of {bytes} bytes is over its cap of {cap}")]
    TooLarge {
        /// Kind of the value.
        kind: Kind,
        /// Its length before compression.
        bytes: usize,
        /// The cap.
        cap: usize,
    },
    /// Checksum, compression or encoding is wrong.
    #[error("corrupt envelope: {0}")]
    Corrupt(String),
    /// Bytes are left after the value.
    #[error("{0} bytes are left after the value")]
    Trailing(usize),
    /// The value has a form that the encoding can't carry.
    #[error("can't encode: {0}")]
    Unencodable(String),
}

/// Buffers and contexts that are costly to make, one set per thread.
struct Bench {
    compressor: Compressor<'static>,
    decompressor: Decompressor<'static>,
    plain: Vec<u8>,
}

impl Bench {
    fn new() -> Self {
        Self {
            compressor: Compressor::new(LEVEL)
                .expect("level 1 exists and memory for a context is there"),
            decompressor: Decompressor::new().expect("memory for a context is there"),
            plain: Vec::new(),
        }
    }

    fn tidy(&mut self) {
        self.plain.clear();
        if self.plain.capacity() > SCRATCH_KEPT {
            self.plain = Vec::new();
        }
    }
}

thread_local! {
    static BENCH: RefCell<Bench> = RefCell::new(Bench::new());
}

/// Puts a value into an envelope.
///
/// # Errors
/// [`WireError::TooLarge`] over the cap of its kind, [`WireError::Unencodable`] for a form such as a
/// sequence of unknown length.
pub fn encode<T: Serialize>(kind: Kind, value: &T) -> Result<Vec<u8>, WireError> {
    // Taken out of its cell, so that a `Serialize` that encodes in turn finds a fresh buffer.
    let mut plain = BENCH.with_borrow_mut(|bench| std::mem::take(&mut bench.plain));
    plain.clear();
    let written = bincode::serde::encode_into_std_write(value, &mut plain, standard());
    let envelope = match written {
        Err(error) => Err(WireError::Unencodable(error.to_string())),
        Ok(_) => BENCH.with_borrow_mut(|bench| seal(kind, &plain, &mut bench.compressor)),
    };
    BENCH.with_borrow_mut(|bench| {
        bench.plain = plain;
        bench.tidy();
    });
    envelope
}

fn seal(kind: Kind, plain: &[u8], compressor: &mut Compressor<'_>) -> Result<Vec<u8>, WireError> {
    let (bytes, cap) = (plain.len(), kind.cap());
    if bytes > cap {
        return Err(WireError::TooLarge { kind, bytes, cap });
    }
    let compress = bytes >= COMPRESS_FROM;
    let room = if compress {
        zstd::zstd_safe::compress_bound(bytes)
    } else {
        bytes
    };
    let mut envelope = Vec::with_capacity(HEADER + room);
    envelope.extend_from_slice(&MAGIC);
    envelope.extend_from_slice(&VERSION.to_le_bytes());
    envelope.push(kind as u8);
    envelope.push(if compress { COMPRESSED } else { 0 });
    let length = u32::try_from(bytes).expect("caps are below 4 GiB");
    envelope.extend_from_slice(&length.to_le_bytes());
    envelope.extend_from_slice(&[0; HEADER - COVERED]);
    if compress {
        let mut tail = std::io::Cursor::new(&mut envelope);
        tail.set_position(HEADER as u64);
        compressor
            .compress_to_buffer(plain, &mut tail)
            .map_err(|error| WireError::Unencodable(error.to_string()))?;
        // The room for the worst case would otherwise stay with every message in a queue.
        envelope.shrink_to_fit();
    } else {
        envelope.extend_from_slice(plain);
    }
    let check = checksum(&envelope);
    envelope[COVERED..HEADER].copy_from_slice(&check);
    Ok(envelope)
}

fn checksum(envelope: &[u8]) -> [u8; HEADER - COVERED] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&envelope[..COVERED]);
    hasher.update(&envelope[HEADER..]);
    let mut check = [0; HEADER - COVERED];
    check.copy_from_slice(&hasher.finalize().as_bytes()[..HEADER - COVERED]);
    check
}

/// Takes a value out of its envelope.
///
/// # Errors
/// One variant of [`WireError`] for each thing that can be wrong; never a panic.
pub fn decode<T: DeserializeOwned>(kind: Kind, bytes: &[u8]) -> Result<T, WireError> {
    let (compressed, length) = open(kind, bytes)?;
    let payload = &bytes[HEADER..];
    if !compressed {
        return read(kind, stored_whole(payload, length)?);
    }
    let mut plain = BENCH.with_borrow_mut(|bench| std::mem::take(&mut bench.plain));
    plain.clear();
    plain.reserve(length);
    let result =
        BENCH.with_borrow_mut(|bench| unpack(&mut bench.decompressor, payload, &mut plain, length));
    let value = result.and_then(|()| read(kind, &plain));
    BENCH.with_borrow_mut(|bench| {
        bench.plain = plain;
        bench.tidy();
    });
    value
}

/// A payload that is not compressed, if it is as long as announced.
fn stored_whole(payload: &[u8], length: usize) -> Result<&[u8], WireError> {
    if payload.len() == length {
        Ok(payload)
    } else {
        Err(WireError::Corrupt(format!(
            "{} bytes where {length} were announced",
            payload.len()
        )))
    }
}

/// Checks an envelope up to its payload; gives whether it is compressed and the length of the value.
fn open(kind: Kind, bytes: &[u8]) -> Result<(bool, usize), WireError> {
    if bytes.len() < HEADER || bytes[..4] != MAGIC {
        return Err(WireError::NotAnEnvelope(bytes.len()));
    }
    let version = u16::from_le_bytes([bytes[4], bytes[5]]);
    let flags = bytes[7];
    if version != VERSION {
        return Err(WireError::UnknownVersion { version, flags });
    }
    if checksum(bytes) != bytes[COVERED..HEADER] {
        return Err(WireError::Corrupt("checksum does not hold".to_owned()));
    }
    if flags & !COMPRESSED != 0 {
        return Err(WireError::UnknownVersion { version, flags });
    }
    if bytes[6] != kind as u8 {
        return Err(WireError::OtherKind {
            found: bytes[6],
            expected: kind,
        });
    }
    let length = u32::from_le_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]) as usize;
    let cap = kind.cap();
    if length > cap {
        return Err(WireError::TooLarge {
            kind,
            bytes: length,
            cap,
        });
    }
    Ok((flags & COMPRESSED != 0, length))
}

fn unpack(
    unzip: &mut Decompressor<'_>,
    payload: &[u8],
    plain: &mut Vec<u8>,
    length: usize,
) -> Result<(), WireError> {
    // The buffer may have more room than announced, so the length is compared afterwards too.
    let found = unzip
        .decompress_to_buffer(payload, plain)
        .map_err(|error| WireError::Corrupt(error.to_string()))?;
    if found == length {
        Ok(())
    } else {
        Err(WireError::Corrupt(format!(
            "{found} bytes where {length} were announced"
        )))
    }
}

/// Decodes under a limit that keeps a lying length inside the value from allocating more than its cap.
fn read<T: DeserializeOwned>(kind: Kind, plain: &[u8]) -> Result<T, WireError> {
    match kind.cap() {
        SMALL => read_within(plain, standard().with_limit::<SMALL>()),
        MEDIUM => read_within(plain, standard().with_limit::<MEDIUM>()),
        _ => read_within(plain, standard().with_limit::<LARGE>()),
    }
}

fn read_within<T: DeserializeOwned, const N: usize>(
    plain: &[u8],
    config: Configuration<LittleEndian, Varint, Limit<N>>,
) -> Result<T, WireError> {
    let (value, used) = bincode::serde::decode_from_slice(plain, config)
        .map_err(|error| WireError::Corrupt(error.to_string()))?;
    match plain.len() - used {
        0 => Ok(value),
        left => Err(WireError::Trailing(left)),
    }
}

/// Puts bytes into an envelope as they are, without encoding them.
///
/// # Errors
/// [`WireError::TooLarge`] over the cap of the kind.
pub fn encode_bytes(kind: Kind, plain: &[u8]) -> Result<Vec<u8>, WireError> {
    BENCH.with_borrow_mut(|bench| seal(kind, plain, &mut bench.compressor))
}

/// Takes the bytes out that [`encode_bytes`] put in.
///
/// # Errors
/// As [`decode`].
pub fn decode_bytes(kind: Kind, envelope: &[u8]) -> Result<Vec<u8>, WireError> {
    let (compressed, length) = open(kind, envelope)?;
    let payload = &envelope[HEADER..];
    if !compressed {
        return stored_whole(payload, length).map(<[u8]>::to_vec);
    }
    let mut plain = Vec::with_capacity(length);
    BENCH.with_borrow_mut(|bench| unpack(&mut bench.decompressor, payload, &mut plain, length))?;
    Ok(plain)
}

/// Encodes a small value bare: no envelope, no checksum, no compression. For headers whose frame
/// carries its own.
///
/// # Errors
/// [`WireError::Unencodable`], also for more than [`PLAIN_CAP`] bytes.
pub fn encode_plain<T: Serialize>(value: &T) -> Result<Vec<u8>, WireError> {
    let config: Configuration<LittleEndian, Varint, NoLimit> = standard();
    let bytes = bincode::serde::encode_to_vec(value, config)
        .map_err(|error| WireError::Unencodable(error.to_string()))?;
    if bytes.len() > PLAIN_CAP {
        return Err(WireError::Unencodable(format!(
            "{} bytes, over the cap of {PLAIN_CAP}",
            bytes.len()
        )));
    }
    Ok(bytes)
}

/// Decodes what [`encode_plain`] made; the bytes must hold the value and no more.
///
/// # Errors
/// [`WireError::Corrupt`] or [`WireError::Trailing`].
pub fn decode_plain<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, WireError> {
    read_within(bytes, standard().with_limit::<PLAIN_CAP>())
}

/// Encodes a value bare, as [`encode_plain`], but of any size. For content that an envelope or an
/// outcome carries, whose cap holds it.
///
/// # Errors
/// [`WireError::Unencodable`].
pub fn encode_bare<T: Serialize>(value: &T) -> Result<Vec<u8>, WireError> {
    bincode::serde::encode_to_vec(value, standard())
        .map_err(|error| WireError::Unencodable(error.to_string()))
}

/// Decodes what [`encode_bare`] made; the bytes must hold the value and no more, and nothing larger
/// than an envelope of the largest kind is read.
///
/// # Errors
/// [`WireError::Corrupt`] or [`WireError::Trailing`].
pub fn decode_bare<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, WireError> {
    read_within(bytes, standard().with_limit::<LARGE>())
}

#[cfg(test)]
mod tests;
