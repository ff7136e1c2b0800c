//! The seal of a finished run: every file of its folder with length and BLAKE3, and the seal's own
//! digest. With it, one flipped byte anywhere is found and named. Only `operations.jsonl` is no part of it.
//!
//! What a link points to can change without the folder changing, and may lie outside it. So a link is
//! never followed: no folder with one is sealed, and one that came later is named.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use proto::digest::Digest;
use serde::{Deserialize, Serialize};

use crate::dataset::is_partial;
use crate::home::{INSTANCE, OPERATIONS, PARTIAL};
use crate::ledger::LOCK;

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

/// What lies in a folder, by path with `/`.
#[derive(Debug, Default)]
struct Survey {
    files: BTreeMap<String, Sealed>,
    /// What is neither a file nor a folder, with what it is.
    strange: BTreeMap<String, &'static str>,
}

/// Seals a folder; gives the bytes of `seal.json`.
pub fn seal(dir: &Path) -> io::Result<Vec<u8>> {
    let Survey { files, strange } = survey(dir)?;
    if let Some((name, what)) = strange.first_key_value() {
        let path = dir.join(name);
        return Err(io::Error::other(format!(
            "{} {what}, which a seal can't vouch for; put a plain file or folder in its place",
            path.display()
        )));
    }
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
    let broken_seal = |what: &str| {
        Ok(Some(vec![Broken {
            file: NAME.to_owned(),
            what: what.to_owned(),
        }]))
    };
    let path = dir.join(NAME);
    match fs::symlink_metadata(&path) {
        Ok(found) if found.is_file() => {}
        Ok(found) => return broken_seal(strangeness(found.file_type()).unwrap_or("is a folder")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    }
    let bytes = fs::read(path)?;
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

fn compare(sealed: &BTreeMap<String, Sealed>, found: &Survey) -> Vec<Broken> {
    let mut broken = Vec::new();
    let mut note = |file: &String, what: &str| {
        broken.push(Broken {
            file: file.clone(),
            what: what.to_owned(),
        })
    };
    for (file, what) in &found.strange {
        note(file, what);
    }
    for (file, was) in sealed {
        match found.files.get(file) {
            None if found.strange.contains_key(file) => {}
            None => note(file, "is missing"),
            Some(is) if is != was => note(file, "was changed since the run ended"),
            Some(_) => {}
        }
    }
    // A run over a fleet takes no lock; who looks at its folder afterwards may. One in one process has no name on a
    // fleet; a coordinator that was about to grow it there has given it one.
    let later = |file: &str| file == LOCK || file == INSTANCE;
    let unsealed = |file: &&String| !sealed.contains_key(*file) && !later(file);
    for file in found.files.keys().filter(unsealed) {
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

/// Everything below `dir` but the seal, and what it took: a coordinator that was taken over may still add to that.
fn survey(dir: &Path) -> io::Result<Survey> {
    let mut survey = Survey::default();
    let mut folders: Vec<PathBuf> = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let (path, kind) = (entry.path(), entry.file_type()?);
            let name = name_in(dir, &path)?;
            if let Some(what) = strangeness(kind) {
                survey.strange.insert(name, what);
            } else if kind.is_dir() {
                // A dataset that its writer did not live to finish, or another is still at.
                if !is_partial(&entry.file_name().to_string_lossy()) {
                    folders.push(path);
                }
            } else if name != NAME && name != OPERATIONS && !unfinished(&name) {
                survey.files.insert(name, digest_file(&path)?);
            }
        }
    }
    Ok(survey)
}

/// Whether a file is one that its process did not live to finish, or another is still at; nobody reads it.
fn unfinished(name: &str) -> bool {
    name.starts_with('.') && name.ends_with(PARTIAL)
}

/// What is wrong with an entry that is neither a file nor a folder.
fn strangeness(kind: fs::FileType) -> Option<&'static str> {
    if kind.is_symlink() {
        Some("is a symbolic link")
    } else if kind.is_file() || kind.is_dir() {
        None
    } else {
        Some("is neither a file nor a folder")
    }
}

/// Path of a file from the folder, with `/`.
fn name_in(dir: &Path, path: &Path) -> io::Result<String> {
    let below = path.strip_prefix(dir).map_err(io::Error::other)?;
    let parts = below
        .components()
        .map(|part| part.as_os_str().to_string_lossy());
    Ok(parts.collect::<Vec<_>>().join("/"))
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
    use crate::ledger::DirLock;

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
    fn what_a_killed_process_left_unfinished_is_no_part_of_a_run() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a"), b"1").unwrap();
        fs::write(dir.path().join(".run.json.0011.partial"), b"{").unwrap();
        fs::write(dir.path().join(NAME), seal(dir.path()).unwrap()).unwrap();
        fs::remove_file(dir.path().join(".run.json.0011.partial")).unwrap();
        fs::write(dir.path().join(".report.md.2233.partial"), b"#").unwrap();
        assert_eq!(check(dir.path()).unwrap(), Some(vec![]));
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

    /// A sealed folder of two files, beside something outside it.
    #[cfg(unix)]
    fn sealed() -> (tempfile::TempDir, tempfile::TempDir) {
        let (dir, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::create_dir(dir.path().join("ledger")).unwrap();
        for name in ["ledger/a", "b"] {
            fs::write(dir.path().join(name), name).unwrap();
        }
        fs::write(dir.path().join(NAME), seal(dir.path()).unwrap()).unwrap();
        fs::write(outside.path().join("a"), "ledger/a").unwrap();
        (dir, outside)
    }

    #[cfg(unix)]
    #[test]
    fn links_are_named_and_never_followed() {
        use std::os::unix::fs::symlink;
        let link = "is a symbolic link";
        let gone = "is missing";
        type Plant = fn(&Path, &Path) -> io::Result<()>;
        // Wherever a link leads, the bytes behind it are those that were sealed.
        let plants: [(Plant, &[(&str, &str)]); 5] = [
            (|dir, out| symlink(out, dir.join("more")), &[("more", link)]),
            (
                |dir, _| symlink("/nowhere/at/all", dir.join("b2")),
                &[("b2", link)],
            ),
            (
                |dir, out| {
                    fs::remove_file(dir.join("ledger/a"))?;
                    symlink(out.join("a"), dir.join("ledger/a"))
                },
                &[("ledger/a", link)],
            ),
            (
                |dir, out| {
                    fs::remove_dir_all(dir.join("ledger"))?;
                    symlink(out, dir.join("ledger"))
                },
                &[("ledger", link), ("ledger/a", gone)],
            ),
            (
                |dir, out| {
                    fs::rename(dir.join(NAME), out.join(NAME))?;
                    symlink(out.join(NAME), dir.join(NAME))
                },
                &[(NAME, link)],
            ),
        ];
        for (plant, wanted) in plants {
            let (dir, outside) = sealed();
            assert_eq!(check(dir.path()).unwrap(), Some(vec![]));
            plant(dir.path(), outside.path()).unwrap();
            let broken = check(dir.path()).unwrap().unwrap();
            let found: Vec<(&str, &str)> = broken
                .iter()
                .map(|broken| (broken.file.as_str(), broken.what.as_str()))
                .collect();
            assert_eq!(found, wanted);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_with_a_link_is_not_sealed() {
        let (dir, outside) = sealed();
        std::os::unix::fs::symlink(outside.path(), dir.path().join("more")).unwrap();
        let why = seal(dir.path()).unwrap_err().to_string();
        assert!(why.contains("more is a symbolic link"), "{why}");
        // The folder may itself be reached by a link.
        fs::remove_file(dir.path().join("more")).unwrap();
        std::os::unix::fs::symlink(dir.path(), outside.path().join("latest")).unwrap();
        assert_eq!(check(&outside.path().join("latest")).unwrap(), Some(vec![]));
    }

    #[test]
    fn who_takes_the_lock_later_breaks_no_seal() {
        let (dir, _outside) = sealed();
        drop(DirLock::acquire(dir.path()).unwrap());
        assert_eq!(check(dir.path()).unwrap(), Some(vec![]));
    }

    #[test]
    fn a_name_on_a_fleet_breaks_a_seal_only_where_it_is_sealed_and_changed() {
        let (dir, _outside) = sealed();
        fs::write(dir.path().join(INSTANCE), "00000000000000aa\n").unwrap();
        assert_eq!(check(dir.path()).unwrap(), Some(vec![]));
        fs::write(dir.path().join(NAME), seal(dir.path()).unwrap()).unwrap();
        fs::write(dir.path().join(INSTANCE), "00000000000000ab\n").unwrap();
        let broken = check(dir.path()).unwrap().unwrap();
        assert_eq!(broken.len(), 1);
        assert_eq!(broken[0].file, INSTANCE);
    }

    #[cfg(unix)]
    #[test]
    fn what_is_neither_file_nor_folder_is_named() {
        let (dir, _outside) = sealed();
        let _socket = std::os::unix::net::UnixListener::bind(dir.path().join("s")).unwrap();
        let broken = check(dir.path()).unwrap().unwrap();
        assert_eq!(broken.len(), 1);
        assert_eq!(broken[0].what, "is neither a file nor a folder");
    }
}
