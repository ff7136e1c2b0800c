//! The folder of a run, `--out`: what lies where, and which run it belongs to.
//!
//! ```text
//! run.json      which run this is, and its plan
//! world.json    the world file the run was started with, if it was
//! ledger/       the truth (append-only)
//! dataset/      projection: shards, manifest, card
//! report.html   projection
//! report.md     projection
//! results.json  projection of an evaluation, for programs; an evaluation has no dataset
//! replies       what models answered: the recording of a run in one process
//! spending      what they cost, where that is counted
//! recording     where that is kept instead, if `--record` said so
//! seal.json     every file above with its digest; present when a run has ended
//! operations.jsonl  each request to a model with what it took, if there were any
//! instance      the name that this folder's coordinator has on a broker, if it ever used one
//! lock          held while a process works here
//! ```

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use proto::digest::Digest;
use proto::topology::{Instance, ParseInstanceError};
use serde::{Deserialize, Serialize};

use crate::plan::Plan;
use crate::plan::identity::Identity;
use crate::seal;

/// Name of the kept world file.
const WORLD: &str = "world.json";

/// Name of the file with what models cost.
pub const SPENDING: &str = "spending";

/// Name of the file with what deliveries took.
pub const OPERATIONS: &str = "operations.jsonl";

/// Name of the file with the instance.
pub const INSTANCE: &str = "instance";

/// Name of the file with what models answered.
pub const REPLIES: &str = "replies";

/// End of the names of files that are being written. They begin with a dot and are no part of a run; one is left
/// where a process was killed over it.
pub const PARTIAL: &str = ".partial";

/// Name of the file that says where that is kept instead.
const RECORDING: &str = "recording";

/// What `run.json` holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunFile {
    /// What the run id is a digest of.
    pub identity: Identity,
    /// The plan as last given; its sizes may have grown.
    pub plan: Plan,
    /// For an evaluation: the run whose tasks are used.
    pub tasks_of: Option<TasksOf>,
}

/// Where the tasks of an evaluation are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TasksOf {
    /// Folder of their run, as it was given: from the working folder, unless it is absolute.
    pub path: String,
    /// Digest of the tasks that fill the plan's slots.
    pub digest: Digest,
}

impl RunFile {
    /// What keeps the two from living in one folder.
    fn differences(&self, there: &Self) -> Vec<String> {
        let mut differences = self.identity.differences(&there.identity);
        differences.extend(self.plan.models_differing(&there.plan));
        if self.tasks_of.is_some() {
            differences.extend(self.plan.talk_differing(&there.plan));
        }
        let what = |run: &Self| match &run.tasks_of {
            Some(_) => "an evaluation",
            None => "a run",
        };
        if what(there) != what(self) {
            differences.push(format!(
                "what it is: {} there, {} here",
                what(there),
                what(self)
            ));
        }
        let (part, other) = (self.plan.partition, there.plan.partition);
        if part != other {
            differences.push(format!("partition: {other} there, {part} here"));
        }
        differences
    }
}

/// The folder of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home(pub PathBuf);

/// Why a folder can't be used as it is.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// A file can't be read or written.
    #[error("failed to {what} {}: {source}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// `run.json` does not read.
    #[error("{} is not the description of a run: {source}; point --out at a run's folder or at a new one", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: serde_json::Error,
    },
    /// The file that names the folder's instance holds something else.
    #[error("{}: {error}; put back what it held, or remove the file to start over with a new name", path.display())]
    Instance {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: ParseInstanceError,
    },
    /// There is no run.
    #[error("{} holds no run; start one with `t2t run --out {}`", path.display(), path.display())]
    Absent {
        /// The folder.
        path: PathBuf,
    },
    /// Another run lives there.
    #[error("{} holds another run or part, which differs in\n  {}\ngive another --out, or the same settings", path.display(), differences.join("\n  "))]
    Other {
        /// The folder.
        path: PathBuf,
        /// Where it differs.
        differences: Vec<String>,
    },
}

impl Home {
    /// A file of the folder.
    pub fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Which run lives here, if one does.
    pub fn read(&self) -> Result<Option<RunFile>, HomeError> {
        let path = self.at("run.json");
        match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map(Some)
                .map_err(|source| HomeError::Unreadable { path, source }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(HomeError::Io {
                what: "read",
                path,
                source,
            }),
        }
    }

    /// The run that lives here.
    pub fn existing(&self) -> Result<RunFile, HomeError> {
        self.read()?.ok_or_else(|| HomeError::Absent {
            path: self.0.clone(),
        })
    }

    /// Name of this folder's coordinator on a broker, if it has one: a run in one process has none. For who only
    /// looks.
    pub fn named(&self) -> Result<Option<Instance>, HomeError> {
        let path = self.at(INSTANCE);
        match fs::read_to_string(&path) {
            Ok(text) => match text.trim_end().parse() {
                Ok(instance) => Ok(Some(instance)),
                Err(error) => Err(HomeError::Instance { path, error }),
            },
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(HomeError::Io {
                what: "read",
                path,
                source,
            }),
        }
    }

    /// The same for who is about to coordinate: drawn and written down when it is first asked for. Two who ask at
    /// once get the same.
    pub fn instance(&self) -> Result<Instance, HomeError> {
        if let Some(instance) = self.named()? {
            return Ok(instance);
        }
        let path = self.at(INSTANCE);
        let io = |what| {
            let path = path.clone();
            move |source| HomeError::Io { what, path, source }
        };
        let drawn = drawn(&path)?;
        let partial = self.at(&format!(".{INSTANCE}.{drawn}{PARTIAL}"));
        fs::write(&partial, format!("{drawn}\n")).map_err(io("write"))?;
        // Whoever is first gives the name, whole; a link never replaces one.
        match fs::hard_link(&partial, &path) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                return Err(io("create")(error));
            }
            _ => fs::remove_file(&partial).map_err(io("remove"))?,
        }
        let named = self.named()?;
        named.ok_or_else(|| io("read")(std::io::ErrorKind::NotFound.into()))
    }

    /// Where `--record` has put what models answer, if it did.
    pub fn recording(&self) -> Result<Option<PathBuf>, HomeError> {
        let path = self.at(RECORDING);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(PathBuf::from(text.trim_end_matches('\n')))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(HomeError::Io {
                what: "read",
                path,
                source,
            }),
        }
    }

    /// Remembers where what models answer is put.
    pub fn keep_recording(&self, place: &Path) -> Result<(), HomeError> {
        self.write(RECORDING, format!("{}\n", place.display()).as_bytes())
    }

    /// Makes the folder, if it is not there.
    pub fn create(&self) -> Result<(), HomeError> {
        fs::create_dir_all(&self.0).map_err(|source| HomeError::Io {
            what: "create",
            path: self.0.clone(),
            source,
        })
    }

    /// Keeps a copy of the plan's world file, so that the run can be read back wherever it goes.
    pub fn keep_world(&self, plan: &Plan) -> Result<(), HomeError> {
        if plan.world.file.is_empty() || self.at(WORLD).exists() {
            return Ok(());
        }
        let path = PathBuf::from(&plan.world.file);
        let bytes = fs::read(&path).map_err(|source| HomeError::Io {
            what: "read",
            path,
            source,
        })?;
        self.write(WORLD, &bytes)
    }

    /// The plan with its world file as kept here, where there is one.
    pub fn with_kept_world(&self, mut plan: Plan) -> Plan {
        if self.at(WORLD).exists() {
            plan.world.file = self.at(WORLD).display().to_string();
        }
        plan
    }

    /// Makes the folder if it is missing, and checks that no other run lives in it.
    pub fn fits(&self, run: &RunFile) -> Result<(), HomeError> {
        self.create()?;
        if let Some(there) = self.read()? {
            let differences = run.differences(&there);
            if !differences.is_empty() {
                let path = self.0.clone();
                return Err(HomeError::Other { path, differences });
            }
        }
        Ok(())
    }

    /// Moves in to work here. Only who has the folder to itself may: what it says of a run is what a reader
    /// goes by, and from now on the run has not ended.
    pub fn move_in(&self, run: &RunFile) -> Result<(), HomeError> {
        self.fits(run)?;
        // First: with the seal of another size this run would be taken for one that has ended.
        self.remove(seal::NAME)?;
        self.settle(run)?;
        if run.tasks_of.is_none() {
            self.keep_world(&run.plan)?;
        }
        Ok(())
    }

    /// Says which run lives here, if no other one does.
    pub fn settle(&self, run: &RunFile) -> Result<(), HomeError> {
        self.fits(run)?;
        let mut text = serde_json::to_string_pretty(run).expect("a plan is plain data");
        text.push('\n');
        self.write("run.json", text.as_bytes())
    }

    /// Writes a file whole or not at all. Several may write one at once, such as a coordinator and its
    /// standby: each writes beside it under a name of its own, and the last stands.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), HomeError> {
        let path = self.at(name);
        let partial = self.at(&format!(".{name}.{}{PARTIAL}", drawn(&path)?));
        let written = fs::File::create(&partial).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&partial, &path)
        });
        written.map_err(|source| {
            // A full disk must not keep half a file.
            fs::remove_file(&partial).ok();
            HomeError::Io {
                what: "write",
                path,
                source,
            }
        })
    }

    /// Removes a file that may be absent.
    pub fn remove(&self, name: &str) -> Result<(), HomeError> {
        match fs::remove_file(self.at(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(HomeError::Io {
                what: "remove",
                path: self.at(name),
                source: error,
            }),
            _ => Ok(()),
        }
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

/// A name that nobody else draws, for what is to become the file at this path.
fn drawn(path: &Path) -> Result<Instance, HomeError> {
    let mut drawn = Instance([0; 8]);
    getrandom::fill(&mut drawn.0).map_err(|error| HomeError::Io {
        what: "draw a name for",
        path: path.to_owned(),
        source: std::io::Error::other(error),
    })?;
    Ok(drawn)
}

#[cfg(test)]
mod tests {
    use proto::ids::BaseId;

    use super::*;
    use crate::plan::models::ModelPlan;

    /// A run, or an evaluation over tasks, with one model as an agent.
    fn file(model: ModelPlan, user: &str, evaluates: bool) -> RunFile {
        let plan = Plan {
            agents: vec!["model:small".to_owned()],
            models: [("small".to_owned(), model)].into(),
            user: user.to_owned(),
            ..Plan::default()
        };
        let digest = Digest::of(b"tasks");
        RunFile {
            identity: Identity::of(&Plan::default(), BaseId(digest)),
            plan,
            tasks_of: evaluates.then(|| TasksOf {
                path: "run".to_owned(),
                digest,
            }),
        }
    }

    #[test]
    fn one_name_with_other_settings_is_refused_and_elsewhere_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home(dir.path().to_owned());
        let model = ModelPlan::default();
        home.settle(&file(model.clone(), "agenda", true)).unwrap();
        let moved = ModelPlan {
            url: "http://elsewhere/v1".to_owned(),
            ..model.clone()
        };
        home.settle(&file(moved.clone(), "agenda", true)).unwrap();
        assert_eq!(home.existing().unwrap().plan.models["small"], moved);
        let warmer = ModelPlan {
            temperature: Some(0.7),
            ..model.clone()
        };
        for (other, wanted) in [
            (
                file(warmer, "agenda", true),
                "models.small.temperature: null there, 0.7 here",
            ),
            (
                file(model.clone(), "model:small", true),
                "user: agenda there, model:small here",
            ),
            (
                file(model, "agenda", false),
                "what it is: an evaluation there, a run here",
            ),
        ] {
            let error = home.settle(&other).unwrap_err().to_string();
            assert!(error.contains(wanted), "{error}");
        }
    }

    #[test]
    fn a_name_is_drawn_once_and_only_for_who_needs_one() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home(dir.path().to_owned());
        assert_eq!(home.named().unwrap(), None);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        let drawn = home.instance().unwrap();
        assert_eq!(home.instance().unwrap(), drawn);
        assert_eq!(home.named().unwrap(), Some(drawn));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        fs::write(home.at(INSTANCE), "me\n").unwrap();
        for error in [home.named().unwrap_err(), home.instance().unwrap_err()] {
            assert!(error.to_string().contains("put back"), "{error}");
        }
    }

    #[test]
    fn two_who_write_one_file_at_once_are_not_in_each_others_way() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home(dir.path().to_owned());
        let texts = ["one".repeat(5_000), "other".repeat(5_000)];
        std::thread::scope(|scope| {
            for text in &texts {
                scope.spawn(|| {
                    for _ in 0..50 {
                        home.write("run.json", text.as_bytes()).unwrap();
                    }
                });
            }
        });
        let found = fs::read_to_string(home.at("run.json")).unwrap();
        assert!(texts.contains(&found), "{} bytes", found.len());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_can_not_be_written_leaves_what_was_there() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home(dir.path().to_owned());
        fs::create_dir(home.at("seal.json")).unwrap();
        let error = home.write("seal.json", b"{}").unwrap_err().to_string();
        assert!(
            error.contains("write") && error.contains("seal.json"),
            "{error}"
        );
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
