//! What a worker and the process it has started for one job say to each other.
//!
//! Frames over the child's standard input and output: a length of four bytes, little end first, and as
//! many bytes. A length is believed only within the bound of what is expected next.
//!
//! | from | frames |
//! |---|---|
//! | child | [`Answer::Begun`], once its services are there |
//! | parent | an [`Errand`], then the job in its envelope |
//! | parent | an empty frame: hand the job back at its next resting place |
//! | child | [`Answer::Sent`], as often as there is something to tell, and [`Answer::PutOff`] |
//! | child | another [`Answer`]; behind [`Answer::Outcome`] the outcome in its envelope |
//!
//! The end of the child's input is the end of its parent.

use std::io::{self, Read, Write};
use std::time::Duration;

use proto::digest::Digest;
use proto::operation::Sent;
use proto::queue::Headers;
use proto::record::Money;
use proto::topology::Instance;
use proto::wire::{self, Kind};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// Bytes of a length.
const LENGTH: usize = 4;
/// What an envelope may take beyond the cap of its kind: its head, and what compression adds to what
/// can't be compressed.
const ENVELOPE: usize = 1 << 20;
/// Letters of an error that are passed on.
const LETTERS: usize = 4000;

/// What the child must know beside the job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Errand {
    pub(super) number: u32,
    pub(super) crashes: u32,
    pub(super) redeliveries: u32,
    pub(super) instance: Instance,
    /// How long servers had put the job off.
    pub(super) put_off: Duration,
    /// The trace that goes on.
    pub(super) trace: Headers,
}

/// What the child says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Answer {
    /// It is ready for a job.
    Begun,
    /// Requests to models, for the operations of the run; the answer follows.
    Sent(Vec<Sent>),
    /// How long servers have put the job off by now; the answer follows.
    PutOff(Duration),
    /// The outcome follows.
    Outcome,
    /// As [`Done::Missing`](crate::executor::Done::Missing), and so on.
    Missing(Digest),
    Later {
        after: Duration,
        limited: bool,
    },
    Again(String),
    HandBack,
    Unwanted,
    Spent {
        spent: Money,
        wanted: Money,
    },
}

impl Answer {
    /// A failure that may pass, in no more words than a frame holds.
    pub(super) fn again(error: &str) -> Self {
        Self::Again(error.chars().take(LETTERS).collect())
    }
}

/// Most bytes of an envelope of this kind.
pub(super) fn bound(kind: Kind) -> usize {
    kind.cap() + ENVELOPE
}

fn length(head: [u8; LENGTH], bound: usize) -> io::Result<usize> {
    let length = u32::from_le_bytes(head) as usize;
    if length <= bound {
        return Ok(length);
    }
    let fault = format!("a frame of {length} bytes where at most {bound} are expected");
    Err(io::Error::new(io::ErrorKind::InvalidData, fault))
}

fn head(bytes: &[u8]) -> io::Result<[u8; LENGTH]> {
    let length = u32::try_from(bytes.len())
        .map_err(|_| io::Error::other(format!("a frame can't hold {} bytes", bytes.len())))?;
    Ok(length.to_le_bytes())
}

/// The child's half, which blocks.
pub(super) fn write(pipe: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    pipe.write_all(&head(bytes)?)?;
    pipe.write_all(bytes)?;
    pipe.flush()
}

/// The child's half, which blocks.
pub(super) fn read(pipe: &mut impl Read, bound: usize) -> io::Result<Vec<u8>> {
    let mut head = [0; LENGTH];
    pipe.read_exact(&mut head)?;
    let mut bytes = vec![0; length(head, bound)?];
    pipe.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// The parent's half.
pub(super) async fn send(pipe: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<()> {
    pipe.write_all(&head(bytes)?).await?;
    pipe.write_all(bytes).await?;
    pipe.flush().await
}

/// The parent's half.
pub(super) async fn receive(
    pipe: &mut (impl AsyncRead + Unpin),
    bound: usize,
) -> io::Result<Vec<u8>> {
    let mut head = [0; LENGTH];
    pipe.read_exact(&mut head).await?;
    let mut bytes = vec![0; length(head, bound)?];
    pipe.read_exact(&mut bytes).await?;
    Ok(bytes)
}

/// Bytes of what is said beside envelopes.
pub(super) fn packed<T: Serialize>(said: &T) -> io::Result<Vec<u8>> {
    wire::encode_plain(said).map_err(io::Error::other)
}

/// What such bytes say.
pub(super) fn unpacked<T: DeserializeOwned>(bytes: &[u8]) -> io::Result<T> {
    wire::decode_plain(bytes).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn both_halves_read_what_the_other_writes() {
        let mut pipe = Vec::new();
        send(&mut pipe, b"a job").await.unwrap();
        write(&mut pipe, b"").unwrap();
        let mut rest = &pipe[..];
        assert_eq!(read(&mut rest, 5).unwrap(), b"a job");
        assert_eq!(receive(&mut rest, 5).await.unwrap(), b"");
        assert!(rest.is_empty());
    }

    #[tokio::test]
    async fn a_length_over_the_bound_is_not_believed() {
        let mut pipe = Vec::new();
        write(&mut pipe, b"123456").unwrap();
        let said = read(&mut &pipe[..], 5).unwrap_err().to_string();
        assert!(said.contains('6') && said.contains('5'), "{said}");
        assert!(receive(&mut &pipe[..], 5).await.is_err());
        assert!(receive(&mut &pipe[..8], 6).await.is_err(), "cut short");
    }

    #[test]
    fn the_longest_error_fits_into_a_frame() {
        let error = "ä".repeat(100_000);
        let answer = Answer::again(&error);
        let bytes = packed(&answer).unwrap();
        assert_eq!(unpacked::<Answer>(&bytes).unwrap(), answer);
    }
}
