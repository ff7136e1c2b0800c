//! Content digests: BLAKE3 over a canonical, tagged, length-prefixed encoding.
//!
//! A [`Hasher`] starts with a domain tag and a version, and prefixes every field with its length, so
//! two different sequences of fields never feed the hash function the same bytes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A 256-bit BLAKE3 digest, printed as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// Digest of plain bytes, as `b3sum` prints it.
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// The first 16 bytes, enough to identify an outcome within a run.
    pub fn short(&self) -> [u8; 16] {
        let mut head = [0; 16];
        head.copy_from_slice(&self.0[..16]);
        head
    }

    /// The first eight bytes as a number, for seeds.
    pub fn head(&self) -> u64 {
        let mut head = [0; 8];
        head.copy_from_slice(&self.0[..8]);
        u64::from_le_bytes(head)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// A text that is not 64 hexadecimal digits.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a digest: expected 64 hexadecimal digits")]
pub struct ParseDigestError(String);

impl FromStr for Digest {
    type Err = ParseDigestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || ParseDigestError(text.to_owned());
        if text.len() != 64 || !text.is_ascii() {
            return Err(wrong());
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| wrong())?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| wrong())?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            self.0.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = String::deserialize(deserializer)?;
            text.parse().map_err(serde::de::Error::custom)
        } else {
            Ok(Self(<[u8; 32]>::deserialize(deserializer)?))
        }
    }
}

/// Bytes that are gathered before they are hashed: BLAKE3 is several times as fast over many chunks of
/// 1,024 bytes at once as over a few bytes at a time.
const GATHERED: usize = 16 << 10;

/// Incremental canonical hashing; see the module documentation.
#[derive(Debug, Clone)]
pub struct Hasher {
    /// What is hashed already, once there is more than is gathered.
    hashed: Option<Box<blake3::Hasher>>,
    gathered: Vec<u8>,
}

impl Hasher {
    /// Starts a digest of the kind `tag` in its `version`.
    pub fn new(tag: &str, version: u32) -> Self {
        let mut hasher = Self {
            hashed: None,
            gathered: Vec::with_capacity(256),
        };
        hasher.text(tag);
        hasher.number(u64::from(version));
        hasher
    }

    /// Adds a byte string, prefixed with its length.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.number(bytes.len() as u64).add(bytes)
    }

    /// Adds a text, prefixed with its length in bytes.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.bytes(text.as_bytes())
    }

    /// Adds a number in eight bytes, little end first.
    pub fn number(&mut self, number: u64) -> &mut Self {
        self.add(&number.to_le_bytes())
    }

    /// Adds another digest.
    pub fn digest(&mut self, digest: &Digest) -> &mut Self {
        self.add(&digest.0)
    }

    fn add(&mut self, bytes: &[u8]) -> &mut Self {
        self.gathered.extend_from_slice(bytes);
        if self.gathered.len() >= GATHERED {
            let hashed = self.hashed.get_or_insert_default();
            hashed.update(&self.gathered);
            self.gathered.clear();
        }
        self
    }

    /// The digest of everything added so far.
    pub fn finish(&self) -> Digest {
        let Some(hashed) = &self.hashed else {
            return Digest::of(&self.gathered);
        };
        let mut whole = hashed.clone();
        whole.update(&self.gathered);
        Digest(*whole.finalize().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_cannot_slide_into_each_other() {
        let one = Hasher::new("test", 1).text("ab").text("c").finish();
        let other = Hasher::new("test", 1).text("a").text("bc").finish();
        assert_ne!(one, other);
    }

    #[test]
    fn how_bytes_are_gathered_does_not_show() {
        for length in [0, 1, GATHERED - 40, GATHERED, 3 * GATHERED + 7] {
            let bytes: Vec<u8> = (0..length).map(|place| place as u8).collect();
            let mut whole = Vec::new();
            let (tag, lengths) = (b"test", [4_u64, 1, length as u64]);
            whole.extend(lengths[0].to_le_bytes());
            whole.extend(tag);
            whole.extend(lengths[1].to_le_bytes());
            whole.extend(lengths[2].to_le_bytes());
            whole.extend(&bytes);
            let digest = Hasher::new("test", 1).bytes(&bytes).finish();
            assert_eq!(digest, Digest::of(&whole), "{length} bytes");
        }
    }

    #[test]
    fn prints_and_parses() {
        let digest = Digest::of(b"t2t");
        assert_eq!(digest.to_string().parse::<Digest>().unwrap(), digest);
        let error = "12".parse::<Digest>().unwrap_err().to_string();
        assert!(error.contains("`12`"), "{error}");
    }
}
