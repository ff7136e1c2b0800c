//! Replacing a dataset folder as a whole.
//!
//! Files are made below a folder of the writer's own, `.partial.NAME/`, so that two who write at once are not
//! in each other's way. On success the old manifest goes first, then the old files, then the new files move in,
//! and the new manifest moves last. A crash leaves either the old dataset with a stray `.partial.NAME/`, or a
//! folder without a manifest; both are told from a finished dataset, and making it again clears them. Nothing is
//! touched by a writer behind a [fence](super::Settings::fence).

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use proto::topology::Instance;

use super::error::DatasetError;
use super::format::Format;
use super::manifest::MANIFEST;
use super::row::Split;

/// How the names of folders begin in which files are made.
const PARTIAL: &str = ".partial";

/// Name of the card.
pub(super) const CARD: &str = "README.md";

/// Prefix of the files that list refused rows, one for each format that refused any.
const REFUSED: &str = "refused-";

/// Path, within the folder, of the list of rows that `format` could not express.
pub(super) fn refused_path(format: Format) -> String {
    format!("{REFUSED}{format}.jsonl")
}

/// A dataset folder that is being made.
#[derive(Debug)]
pub(super) struct Staging {
    dir: PathBuf,
    partial: PathBuf,
}

impl Staging {
    /// Claims `dir`, which is new, empty, a dataset, or what an interrupted writer left.
    /// What others have left goes, unless `fence` says that it may be a successor's.
    pub(super) fn open(dir: &Path, fence: Option<&Path>) -> Result<Self, DatasetError> {
        fs::create_dir_all(dir).map_err(DatasetError::io("create", dir))?;
        let ours = dir.join(MANIFEST).exists() || !begun(dir)?.is_empty();
        if !ours
            && fs::read_dir(dir)
                .map_err(DatasetError::io("list", dir))?
                .next()
                .is_some()
        {
            return Err(DatasetError::Occupied {
                path: dir.to_owned(),
            });
        }
        if !taken_over(fence)? {
            for left in begun(dir)? {
                remove_dir(&left)?;
            }
        }
        let mut name = Instance([0; 8]);
        getrandom::fill(&mut name.0)
            .map_err(|error| DatasetError::io("draw a name in", dir)(io::Error::other(error)))?;
        let partial = dir.join(format!("{PARTIAL}.{name}"));
        fs::create_dir(&partial).map_err(DatasetError::io("create", &partial))?;
        Ok(Self {
            dir: dir.to_owned(),
            partial,
        })
    }

    /// Where a file is made that will end up as `path` within the folder.
    pub(super) fn place(&self, path: &str) -> Result<PathBuf, DatasetError> {
        let place = self.partial.join(path);
        if !self.partial.is_dir() {
            let gone = io::Error::other("another writer has removed it");
            return Err(DatasetError::io("write into", &self.partial)(gone));
        }
        if let Some(parent) = place.parent() {
            fs::create_dir_all(parent).map_err(DatasetError::io("create", parent))?;
        }
        Ok(place)
    }

    /// Moves the files in, from where they were made to their path within the folder; the manifest
    /// is the last of them. Behind a fence nothing is touched.
    pub(super) fn publish(
        self,
        moves: &[(PathBuf, String)],
        fence: Option<&Path>,
    ) -> Result<(), DatasetError> {
        for (from, _) in moves {
            from.metadata().map_err(DatasetError::io("find", from))?;
        }
        if let (Some(path), true) = (fence, taken_over(fence)?) {
            return Err(DatasetError::Fenced {
                path: path.to_owned(),
            });
        }
        remove_file(&self.dir.join(MANIFEST))?;
        sync_dir(&self.dir)?;
        self.clear()?;
        let mut folders = Vec::new();
        for (from, path) in moves.iter().filter(|(_, path)| path != MANIFEST) {
            let to = self.dir.join(path);
            let parent = to.parent().unwrap_or(&self.dir);
            fs::create_dir_all(parent).map_err(DatasetError::io("create", parent))?;
            fs::rename(from, &to).map_err(DatasetError::io("move a file to", &to))?;
            if !folders.iter().any(|folder| folder == parent) {
                folders.push(parent.to_owned());
            }
        }
        for folder in &folders {
            sync_dir(folder)?;
        }
        for (from, path) in moves.iter().filter(|(_, path)| path == MANIFEST) {
            let to = self.dir.join(path);
            fs::rename(from, &to).map_err(DatasetError::io("move a file to", &to))?;
        }
        remove_dir(&self.partial)?;
        sync_dir(&self.dir)
    }

    /// Removes the files of an earlier dataset, and only such: what a person has put beside them
    /// stays, and `verify` names it.
    fn clear(&self) -> Result<(), DatasetError> {
        remove_file(&self.dir.join(CARD))?;
        for format in Format::ALL {
            remove_file(&self.dir.join(refused_path(format)))?;
            let folder = self.dir.join(format.as_str());
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(DatasetError::io("list", &folder)(error)),
            };
            for entry in entries {
                let entry = entry.map_err(DatasetError::io("list", &folder))?;
                if is_shard(&entry.file_name().to_string_lossy()) || entry.file_name() == CARD {
                    remove_file(&entry.path())?;
                }
            }
            match fs::remove_dir(&folder) {
                // Something else is in it, and stays.
                Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => {}
                removed => removed.map_err(DatasetError::io("remove", &folder))?,
            }
        }
        Ok(())
    }
}

/// Whether there is such a fence. An error of looking leaves it open, so it is passed on.
fn taken_over(fence: Option<&Path>) -> Result<bool, DatasetError> {
    fence.map_or(Ok(false), |fence| {
        fence
            .try_exists()
            .map_err(DatasetError::io("look for", fence))
    })
}

impl Drop for Staging {
    /// Nothing is left of a dataset that did not come about, so that a full disk has room again.
    fn drop(&mut self) {
        fs::remove_dir_all(&self.partial).ok();
    }
}

/// Whether a folder of this name is one in which files are or were made.
pub(crate) fn is_partial(name: &str) -> bool {
    let rest = name.strip_prefix(PARTIAL);
    rest.is_some_and(|rest| {
        let drawn = rest.strip_prefix('.');
        rest.is_empty() || drawn.is_some_and(|name| name.parse::<Instance>().is_ok())
    })
}

/// Folders of a dataset's folder in which files are or were made.
fn begun(dir: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    let mut begun = Vec::new();
    for entry in fs::read_dir(dir).map_err(DatasetError::io("list", dir))? {
        let entry = entry.map_err(DatasetError::io("list", dir))?;
        if entry.path().is_dir() && is_partial(&entry.file_name().to_string_lossy()) {
            begun.push(entry.path());
        }
    }
    Ok(begun)
}

/// Whether a name is that of a shard of ours: `<split>-<digits>-of-<digits>.<extension>`.
fn is_shard(name: &str) -> bool {
    let digits = |text: &str| text.len() >= 5 && text.bytes().all(|b| b.is_ascii_digit());
    Split::ALL
        .into_iter()
        .filter_map(|split| name.strip_prefix(split.as_str())?.strip_prefix('-'))
        .any(|rest| {
            let stem = rest
                .strip_suffix(".parquet")
                .or_else(|| rest.strip_suffix(".jsonl"));
            stem.and_then(|stem| stem.split_once("-of-"))
                .is_some_and(|(at, of)| digits(at) && digits(of))
        })
}

fn remove_file(path: &Path) -> Result<(), DatasetError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(DatasetError::io("remove", path)(error))
        }
        _ => Ok(()),
    }
}

fn remove_dir(path: &Path) -> Result<(), DatasetError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(DatasetError::io("remove", path)(error))
        }
        _ => Ok(()),
    }
}

/// Makes renames within a folder durable.
fn sync_dir(path: &Path) -> Result<(), DatasetError> {
    File::open(path)
        .and_then(|dir| dir.sync_all())
        .map_err(DatasetError::io("sync", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_told_from_other_files() {
        assert!(is_shard("train-00000-of-00012.parquet"));
        assert!(is_shard("validation-00003-of-00012.jsonl"));
        for other in [
            "train.parquet",
            "train-0-of-1.parquet",
            "notes-00000-of-00001.jsonl",
            "train-00000-of-00001.csv",
        ] {
            assert!(!is_shard(other), "{other}");
        }
    }

    #[test]
    fn who_was_taken_over_touches_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let (data, fence) = (dir.path().join("data"), dir.path().join("epoch-2"));
        let ghost = Staging::open(&data, Some(&fence)).unwrap();
        let place = ghost.place(MANIFEST).unwrap();
        fs::write(&place, "of the ghost").unwrap();
        fs::write(&fence, "").unwrap();
        let successor = Staging::open(&data, None).unwrap();
        let theirs = successor.place(MANIFEST).unwrap();
        fs::write(&theirs, "of the successor").unwrap();
        let moved = successor.publish(&[(theirs, MANIFEST.to_owned())], None);
        moved.unwrap();
        // What it had begun is gone; that it had it all would change nothing, either.
        assert!(ghost.place("a").is_err());
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(&place, "of the ghost").unwrap();
        let moves = [(place, MANIFEST.to_owned())];
        let error = ghost.publish(&moves, Some(&fence)).unwrap_err();
        assert!(matches!(error, DatasetError::Fenced { .. }), "{error}");
        let left: Vec<_> = fs::read_dir(&data).unwrap().collect();
        assert_eq!(left.len(), 1, "{left:?}");
        let manifest = fs::read_to_string(data.join(MANIFEST)).unwrap();
        assert_eq!(manifest, "of the successor");
    }

    #[test]
    fn a_folder_in_which_files_are_made_is_told_from_others() {
        assert!(is_partial(".partial") && is_partial(".partial.0123456789abcdef"));
        for other in [".partial-notes", ".partial.txt", "partial", ".partial.0123"] {
            assert!(!is_partial(other), "{other}");
        }
    }

    #[test]
    fn a_folder_of_something_else_is_refused_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("thesis.tex"), "years").unwrap();
        let error = Staging::open(dir.path(), None).unwrap_err();
        assert!(matches!(error, DatasetError::Occupied { .. }), "{error}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
