//! The seal of a finished run: every file of its folder with length and BLAKE3, and the seal's own
//! digest. With it, one flipped byte anywhere is found and named.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use proto::digest::Digest;
use serde::{Deserialize, Serialize};

/// Name of the seal's file.
pub const NAME: &str = "seal.json";
/// Version of its form.
const VERSION: u32 = 1;

/// What `seal.json` holds. The digest comes last and covers what is before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Seal {
    version: u32,
    files: BTreeMap<String, Sealed>,
    digest: Digest,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    bytes: u64,
    blake3: Digest,
}

/// Something wrong with a sealed folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The file, relative to the folder.
    pub file: String,
    /// What is wrong with it.
    pub what: String,
}

/// Seals a folder; gives the bytes of `seal.json`.
pub fn seal(dir: &Path) -> io::Result<Vec<u8>> {
    let files = survey(dir)?;
    let digest = digest_of(&files);
    let seal = Seal {
        version: VERSION,
        files,
        digest,
    };
    let mut text = serde_json::to_string_pretty(&seal).map_err(io::Error::other)?;
    text.push('\n');
    Ok(text.into_bytes())
}

/// Compares a folder with its seal. Nothing when there is no seal: the run has not ended.
pub fn check(dir: &Path) -> io::Result<Option<Vec<Broken>>> {
    let bytes = match fs::read(dir.join(NAME)) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let broken_seal = |what: &str| {
        Ok(Some(vec![Broken {
            file: NAME.to_owned(),
            what: what.to_owned(),
        }]))
    };
    let Ok(seal) = serde_json::from_slice::<Seal>(&bytes) else {
        return broken_seal("is not a seal");
    };
    let mut canonical = serde_json::to_string_pretty(&seal).map_err(io::Error::other)?;
    canonical.push('\n');
    if canonical.as_bytes() != bytes
        || digest_of(&seal.files) != seal.digest
        || seal.version != VERSION
    {
        return broken_seal("was changed since it was made");
    }
    Ok(Some(compare(&seal.files, &survey(dir)?)))
}

fn compare(sealed: &BTreeMap<String, Sealed>, found: &BTreeMap<String, Sealed>) -> Vec<Broken> {
    let mut broken = Vec::new();
    let mut note = |file: &String, what: &str| {
        broken.push(Broken {
            file: file.clone(),
            what: what.to_owned(),
        })
    };
    for (file, was) in sealed {
        match found.get(file) {
            None => note(file, "is missing"),
            Some(is) if is != was => note(file, "was changed since the run ended"),
            Some(_) => {}
        }
    }
    for file in found.keys().filter(|file| !sealed.contains_key(*file)) {
        note(file, "does not belong here");
    }
    broken
}

fn digest_of(files: &BTreeMap<String, Sealed>) -> Digest {
    Digest::of(
        serde_json::to_string(files)
            .expect("a seal is plain data")
            .as_bytes(),
    )
}

/// Every file below `dir` but the seal, by path with `/`.
fn survey(dir: &Path) -> io::Result<BTreeMap<String, Sealed>> {
    let mut files = BTreeMap::new();
    let mut folders: Vec<PathBuf> = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let parts = path
                .strip_prefix(dir)
                .map_err(io::Error::other)?
                .components();
            let name = parts
                .map(|part| part.as_os_str().to_string_lossy())
                .collect::<Vec<_>>()
                .join("/");
            if name != NAME {
                files.insert(name, digest_file(&path)?);
            }
        }
    }
    Ok(files)
}

/// Length and digest in one pass, whatever the size.
fn digest_file(path: &Path) -> io::Result<Sealed> {
    let mut file = fs::File::open(path)?;
    let mut hasher = blake3::Hasher::new();
    let bytes = io::copy(&mut file, &mut hasher)?;
    Ok(Sealed {
        bytes,
        blake3: Digest(*hasher.finalize().as_bytes()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flipped_byte_is_found_and_named() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("ledger")).unwrap();
        fs::write(dir.path().join("ledger/a"), b"abc").unwrap();
        fs::write(dir.path().join("b"), b"xy").unwrap();
        fs::write(dir.path().join(NAME), seal(dir.path()).unwrap()).unwrap();
        assert_eq!(check(dir.path()).unwrap(), Some(vec![]));
        for file in ["ledger/a", "b", NAME] {
            let path = dir.path().join(file);
            let whole = fs::read(&path).unwrap();
            for place in 0..whole.len() {
                let mut flipped = whole.clone();
                flipped[place] ^= 1;
                fs::write(&path, &flipped).unwrap();
                let broken = check(dir.path()).unwrap().unwrap();
                assert_eq!(broken.len(), 1, "{file} at {place}");
                assert_eq!(broken[0].file, file);
            }
            fs::write(&path, &whole).unwrap();
        }
    }

    #[test]
    fn strangers_and_gaps_are_named() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a"), b"1").unwrap();
        fs::write(dir.path().join(NAME), seal(dir.path()).unwrap()).unwrap();
        fs::write(dir.path().join("c"), b"2").unwrap();
        fs::remove_file(dir.path().join("a")).unwrap();
        let broken = check(dir.path()).unwrap().unwrap();
        let files: Vec<&str> = broken.iter().map(|broken| broken.file.as_str()).collect();
        assert_eq!(files, ["a", "c"]);
    }
}
