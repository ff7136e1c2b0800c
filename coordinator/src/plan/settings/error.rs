//! What can be wrong with settings: always the value, the place and the mend.

use std::path::PathBuf;

use super::Source;

/// Settings that make no plan.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The plan file cannot be read.
    #[error(
        "cannot read the plan file {}: {problem}; give the path of a TOML file, or leave it out \
         to take the defaults",
        path.display()
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        problem: std::io::Error,
    },
    /// The plan file is not TOML.
    #[error("{} is not a TOML file: {problem}", path.display())]
    NotToml {
        /// The file.
        path: PathBuf,
        /// What the parser says, with line and column.
        problem: String,
    },
    /// A key that no setting has.
    #[error("unknown setting `{key}` {}: {advice}", place.phrase())]
    Unknown {
        /// The key, dotted.
        key: String,
        /// Where it stands.
        place: Source,
        /// What may have been meant.
        advice: String,
    },
    /// A value of another type or outside its range.
    #[error("`{key}` {} is {value}, but must be {expected}", place.phrase())]
    WrongValue {
        /// The key, dotted.
        key: String,
        /// Where it stands.
        place: Source,
        /// The value, as it was written.
        value: String,
        /// What may stand there.
        expected: String,
    },
    /// Values that are fine alone but do not go together, or name what is not there.
    #[error("`{key}` {} is {value}: {problem}; {mend}", place.phrase())]
    Refused {
        /// The key, dotted.
        key: Box<str>,
        /// Where it stands.
        place: Source,
        /// The value.
        value: String,
        /// What is wrong with it.
        problem: String,
        /// How to mend it.
        mend: String,
    },
    /// The layers make no plan; the table of settings and the plan's fields differ.
    #[error("the settings make no plan: {0}; this is a mistake in the program, please report it")]
    Merge(#[from] serde_json::Error),
}
