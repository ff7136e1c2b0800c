//! `manifest.json`: what a dataset folder holds, checkable to the last bit.
//!
//! The manifest is JSON with one file per line and ends with `"digest": "<64 hexadecimal digits>"`
//! and the closing brace. The digest is the BLAKE3 of the manifest's own bytes with those 64 digits
//! taken out, so no byte of it can change unseen; it also serves as the identity of the dataset.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::path::{Component, Path};

use proto::digest::Digest;
use serde::{Deserialize, Serialize};

use super::row::Split;

/// Name of the manifest within the folder.
pub const MANIFEST: &str = "manifest.json";

/// Version of the layout of the folder and of its rows.
pub const FORMAT_VERSION: u32 = 1;

/// What follows the digits of the digest, up to the end of the file.
const TAIL: &str = "\"\n}\n";

/// One file of the dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Path within the folder, parts joined by `/`.
    pub path: String,
    /// Length.
    pub bytes: u64,
    /// BLAKE3 of the content.
    pub blake3: Digest,
    /// Rows in it; 0 for the card.
    pub rows: u64,
}

/// What a dataset folder holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`FORMAT_VERSION`] of the writer.
    pub format_version: u32,
    /// The run whose rows these are.
    pub run: String,
    /// Whether the run had ended; if not, more rows may come.
    pub complete: bool,
    /// Rows, each counted once whatever the number of formats.
    pub rows: u64,
    /// Rows by split.
    pub splits: BTreeMap<Split, u64>,
    /// Rows by config and split; fewer than in `splits` where a format cannot express a row.
    pub configs: BTreeMap<String, BTreeMap<Split, u64>>,
    /// Every file of the folder but the manifest, by path.
    pub files: Vec<FileEntry>,
    /// See the module.
    pub digest: Digest,
}

impl Manifest {
    /// Puts the files in order, sets the digest and gives the bytes of `manifest.json`.
    pub(super) fn seal(&mut self) -> Vec<u8> {
        self.files.sort_by(|a, b| a.path.cmp(&b.path));
        let mut bytes = self.head();
        let mut hasher = blake3::Hasher::new();
        hasher.update(&bytes);
        hasher.update(TAIL.as_bytes());
        self.digest = Digest(*hasher.finalize().as_bytes());
        bytes.extend_from_slice(self.digest.to_string().as_bytes());
        bytes.extend_from_slice(TAIL.as_bytes());
        bytes
    }

    /// Everything up to the digits of the digest.
    fn head(&self) -> Vec<u8> {
        let mut text = format!(
            "{{\n\"format_version\": {},\n\"run\": {},\n\"complete\": {},\n\"rows\": {},\n\"splits\": {},\n\"configs\": {},\n\"files\": [",
            self.format_version,
            json(&self.run),
            self.complete,
            self.rows,
            json(&self.splits),
            json(&self.configs),
        );
        for (at, file) in self.files.iter().enumerate() {
            text.push_str(if at > 0 { ",\n  " } else { "\n  " });
            text.push_str(&json(file));
        }
        text.push_str("\n],\n\"digest\": \"");
        text.into_bytes()
    }
}

/// What [`verify`] found in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The manifest.
    pub manifest: Manifest,
    /// Bytes read and compared.
    pub bytes: u64,
}

/// One thing wrong with a dataset folder.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// There is no manifest, or it cannot be read.
    #[error("{MANIFEST}: {0}; write the dataset again from its run")]
    Unreadable(String),
    /// The manifest was changed after it was written.
    #[error("{MANIFEST}: its digest does not fit its content; it was changed after it was written")]
    ManifestChanged,
    /// A listed file is not there.
    #[error("{path}: listed in the manifest but not readable ({reason})")]
    Missing {
        /// The file.
        path: String,
        /// What the system said.
        reason: String,
    },
    /// A file has another length than listed.
    #[error("{path}: {found} bytes, listed as {listed}")]
    Length {
        /// The file.
        path: String,
        /// Bytes on the disk.
        found: u64,
        /// Bytes in the manifest.
        listed: u64,
    },
    /// A file has another content than listed.
    #[error("{path}: its BLAKE3 is {found}, listed as {listed}")]
    Content {
        /// The file.
        path: String,
        /// Digest of what is on the disk.
        found: Digest,
        /// Digest in the manifest.
        listed: Digest,
    },
    /// A path that leads out of the folder, or not to a file.
    #[error(
        "{path}: listed in the manifest, but no plain file below its folder; write the dataset again"
    )]
    Outside {
        /// The path.
        path: String,
    },
    /// A file that the manifest does not know.
    #[error("{path}: not listed in the manifest; remove it or write the dataset again")]
    Unlisted {
        /// The file.
        path: String,
    },
}

/// Checks every file of the folder `dir` against its manifest, and the manifest against itself.
///
/// # Errors
/// Every problem found, each naming its file.
pub fn verify(dir: &Path) -> Result<Verified, Vec<Problem>> {
    let manifest = read(dir).map_err(|problem| vec![problem])?;
    let mut problems = Vec::new();
    let mut bytes = 0;
    for file in &manifest.files {
        match check(dir, file) {
            Ok(()) => bytes += file.bytes,
            Err(problem) => problems.push(problem),
        }
    }
    let listed: BTreeSet<&str> = manifest
        .files
        .iter()
        .map(|file| file.path.as_str())
        .collect();
    match listing(dir) {
        Ok(found) => problems.extend(
            found
                .into_iter()
                .filter(|path| path != MANIFEST && !listed.contains(path.as_str()))
                .map(|path| Problem::Unlisted { path }),
        ),
        Err(error) => problems.push(Problem::Unreadable(error.to_string())),
    }
    if problems.is_empty() {
        Ok(Verified { manifest, bytes })
    } else {
        Err(problems)
    }
}

/// Reads the manifest of a folder and checks its own digest.
///
/// # Errors
/// [`Problem::Unreadable`] or [`Problem::ManifestChanged`].
pub fn read(dir: &Path) -> Result<Manifest, Problem> {
    parse(&fs::read(dir.join(MANIFEST)).map_err(|e| Problem::Unreadable(e.to_string()))?)
}

/// Reads the bytes of a manifest, once they fit the digest in them.
fn parse(bytes: &[u8]) -> Result<Manifest, Problem> {
    let digits_at = bytes
        .len()
        .checked_sub(TAIL.len() + 64)
        .ok_or(Problem::ManifestChanged)?;
    let (head, rest) = bytes.split_at(digits_at);
    let (digits, tail) = rest.split_at(64);
    let mut hasher = blake3::Hasher::new();
    hasher.update(head);
    hasher.update(tail);
    let digest = Digest(*hasher.finalize().as_bytes());
    if tail != TAIL.as_bytes() || digits != digest.to_string().as_bytes() {
        return Err(Problem::ManifestChanged);
    }
    serde_json::from_slice(bytes).map_err(|e| Problem::Unreadable(e.to_string()))
}

fn check(dir: &Path, file: &FileEntry) -> Result<(), Problem> {
    let missing = |e: io::Error| Problem::Missing {
        path: file.path.clone(),
        reason: e.to_string(),
    };
    let outside = || Problem::Outside {
        path: file.path.clone(),
    };
    if !below(Path::new(&file.path)) {
        return Err(outside());
    }
    let path = dir.join(&file.path);
    // A device or a pipe could be read for ever.
    if !fs::symlink_metadata(&path).map_err(missing)?.is_file() {
        return Err(outside());
    }
    let mut opened = File::open(path).map_err(missing)?;
    let found = opened.metadata().map_err(missing)?.len();
    if found != file.bytes {
        return Err(Problem::Length {
            path: file.path.clone(),
            found,
            listed: file.bytes,
        });
    }
    let mut hasher = blake3::Hasher::new();
    io::copy(&mut opened, &mut hasher).map_err(missing)?;
    let found = Digest(*hasher.finalize().as_bytes());
    if found != file.blake3 {
        return Err(Problem::Content {
            path: file.path.clone(),
            found,
            listed: file.blake3,
        });
    }
    Ok(())
}

/// Whether a path leads from its folder downwards only.
fn below(path: &Path) -> bool {
    let mut parts = path.components();
    parts.all(|part| matches!(part, Component::Normal(_))) && path.components().next().is_some()
}

/// Every file below `dir`, parts joined by `/`, in order.
fn listing(dir: &Path) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut open = vec![(dir.to_owned(), String::new())];
    while let Some((folder, prefix)) = open.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.file_type()?.is_dir() {
                open.push((entry.path(), format!("{path}/")));
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// JSON text of plain data.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("plain data with text keys always serializes")
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;
    use std::path::PathBuf;

    use super::super::row::tests::sample;
    use super::super::{CardFacts, DatasetWriter, Settings};
    use super::*;

    fn written() -> (tempfile::TempDir, Manifest) {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = DatasetWriter::create(dir.path(), Settings::dataset("run_1")).unwrap();
        for id in ["a", "b"] {
            writer.push(&sample(id)).unwrap();
        }
        let manifest = writer.finish(&CardFacts::default()).unwrap().manifest;
        (dir, manifest)
    }

    fn flip(path: PathBuf, at: usize) {
        let mut bytes = fs::read(&path).unwrap();
        bytes[at] ^= 1;
        fs::write(path, bytes).unwrap();
    }

    #[test]
    fn a_whole_dataset_verifies() {
        let (dir, manifest) = written();
        let verified = verify(dir.path()).unwrap();
        assert_eq!(verified.manifest, manifest);
        assert_eq!(manifest.rows, 2);
        assert_eq!(manifest.configs["trl"][&Split::Train], 2);
    }

    #[test]
    fn any_flipped_byte_of_any_file_is_named() {
        let (dir, manifest) = written();
        for file in &manifest.files {
            for at in [0, file.bytes as usize / 2, file.bytes as usize - 1] {
                flip(dir.path().join(&file.path), at);
                let problems = verify(dir.path()).unwrap_err();
                assert_eq!(problems.len(), 1);
                assert!(
                    problems[0].to_string().starts_with(&file.path),
                    "{}",
                    problems[0]
                );
                flip(dir.path().join(&file.path), at);
            }
        }
        assert!(verify(dir.path()).is_ok());
    }

    #[test]
    fn any_flipped_byte_of_the_manifest_is_found() {
        let (dir, _) = written();
        let path = dir.path().join(MANIFEST);
        let bytes = fs::read(&path).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert_eq!(
                parse(&changed).unwrap_err(),
                Problem::ManifestChanged,
                "byte {at}"
            );
        }
        fs::write(&path, "{}").unwrap();
        assert_eq!(read(dir.path()).unwrap_err(), Problem::ManifestChanged);
    }

    #[test]
    fn a_path_that_leads_elsewhere_is_refused_unread() {
        let (dir, manifest) = written();
        for path in ["../README.md", "/dev/zero", "raw/../../x", "raw", ""] {
            let mut forged = manifest.clone();
            forged.files[0].path = path.to_owned();
            fs::write(dir.path().join(MANIFEST), forged.seal()).unwrap();
            let outside = Problem::Outside {
                path: path.to_owned(),
            };
            assert!(verify(dir.path()).unwrap_err().contains(&outside), "{path}");
        }
    }

    #[test]
    fn stray_missing_and_cut_files_are_named() {
        let (dir, manifest) = written();
        fs::write(dir.path().join("raw/notes.txt"), "x").unwrap();
        fs::remove_file(dir.path().join("README.md")).unwrap();
        let cut = &manifest.files.last().unwrap().path;
        OpenOptions::new()
            .write(true)
            .open(dir.path().join(cut))
            .unwrap()
            .set_len(3)
            .unwrap();
        let problems = verify(dir.path()).unwrap_err();
        let named: Vec<String> = problems.iter().map(Problem::to_string).collect();
        assert_eq!(problems.len(), 3, "{named:?}");
        assert!(named[0].starts_with("README.md: listed"), "{named:?}");
        assert!(
            named[1].starts_with(cut.as_str()) && named[1].contains("3 bytes"),
            "{named:?}"
        );
        assert!(
            named[2].starts_with("raw/notes.txt: not listed"),
            "{named:?}"
        );
    }
}
