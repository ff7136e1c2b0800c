//! The program in a folder of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use serde_json::Value as Json;
use tempfile::TempDir;

/// The program in a folder of its own.
pub(super) struct Shell {
    folder: TempDir,
}

/// What a command did.
pub(super) struct Done {
    pub(super) code: i32,
    pub(super) out: String,
    pub(super) err: String,
}

impl From<Output> for Done {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self {
            code: output.status.code().unwrap_or(-1),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }
}

impl Shell {
    pub(super) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// A folder with a copy of one small finished run, made once for all tests, under `run`.
    pub(super) fn with_run() -> Self {
        static MADE: OnceLock<TempDir> = OnceLock::new();
        let made = MADE.get_or_init(|| {
            let shell = Self::new();
            let done = shell.does("run --tasks 16 --seed 7 --out run");
            assert!([0, 5].contains(&done.code), "{}", done.err);
            shell.folder
        });
        let shell = Self::new();
        copy(&made.path().join("run"), &shell.at("run"));
        shell
    }

    pub(super) fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub(super) fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_t2t-under-test"));
        command
            .args(line.split_whitespace())
            .current_dir(self.folder.path())
            .env_remove("T2T_TAU2_DATA");
        command
    }

    pub(super) fn does(&self, line: &str) -> Done {
        self.command(line).output().unwrap().into()
    }

    /// Runs a command that must end with `code`; its standard output.
    #[track_caller]
    pub(super) fn ends(&self, code: i32, line: &str) -> String {
        let done = self.does(line);
        assert_eq!(done.code, code, "t2t {line}\n{}\n{}", done.out, done.err);
        done.out
    }

    pub(super) fn json(&self, line: &str) -> Json {
        serde_json::from_str(&self.ends(0, line)).unwrap()
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Every file below a folder with its bytes, but the lock.
pub(super) fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().unwrap() != "lock" {
                all.push((path.clone(), std::fs::read(&path).unwrap()));
            }
        }
    }
    all.sort();
    all
}
