//! The one table of settings: key, type, range, flag and meaning.
//!
//! Reading, error messages, `t2t plan show` and the reference in `deploy/CONFIG.md` all come from
//! it. A test holds it against the fields of [`Plan`](crate::plan::Plan).

use std::fmt;

/// What a setting's value may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A string.
    Text,
    /// A list of strings; comma-separated in the environment.
    Texts,
    /// A whole number, both ends included.
    Whole(u64, u64),
    /// `true` or `false`.
    Truth,
    /// A part of the whole.
    Part,
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Text => out.write_str("a string"),
            Self::Texts => out.write_str("a list of strings"),
            Self::Whole(0, u64::MAX) => out.write_str("a whole number below 2^64"),
            Self::Whole(least, most) => write!(out, "a whole number from {least} to {most}"),
            Self::Truth => out.write_str("true or false"),
            Self::Part => out.write_str("a part such as `2/3`: I/N with I from 1 to N"),
        }
    }
}

/// One setting of a plan.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Path of the key, dotted: `world.orders`.
    pub key: &'static str,
    /// What its value may be.
    pub kind: Kind,
    /// Name of the flag that sets it, without dashes; empty if there is none.
    pub flag: &'static str,
    /// What it means, as one Markdown sentence or two.
    pub meaning: &'static str,
}

/// First part of the name of every variable that sets something.
pub const PREFIX: &str = "T2T_";

/// Beginnings of `T2T_` variables that are not settings, and whose they are.
pub const OTHER_VARIABLES: [(&str, &str); 19] = [
    (
        "T2T_REQUIRE_",
        "tests: what must be present, so that nothing is skipped",
    ),
    ("T2T_VENV", "tests: where the Python environments are"),
    ("T2T_TAU2", "tests: where the benchmark's data is"),
    (
        "T2T_BLESS",
        "tests: rewrite files that are generated from the code",
    ),
    (
        "T2T_LOG",
        "what is logged: a level, or TARGET=LEVEL, separated by commas",
    ),
    (
        "T2T_BROKER",
        "fleet: RabbitMQ's URL, user and password, as `t2t run --help` says",
    ),
    ("T2T_CACHE", "fleet: likewise for Redis"),
    (
        "T2T_LASTING",
        "fleet: likewise for a Redis that does not evict",
    ),
    (
        "T2T_PREFIX",
        "fleet: beginning of every queue's and key's name",
    ),
    (
        "T2T_CA_FILE",
        "fleet: certificates of the authorities to trust",
    ),
    ("T2T_LISTEN", "where health and metrics are answered"),
    ("T2T_OUT", "`t2t serve --out`"),
    (
        "T2T_WINDOW",
        "`--window`: jobs in flight of a run over a fleet",
    ),
    ("T2T_STAGES", "`t2t-worker --stages`"),
    ("T2T_CONCURRENCY", "`t2t-worker --concurrency`"),
    ("T2T_PREFETCH", "`t2t-worker --prefetch`"),
    ("T2T_GRACE", "`t2t-worker --grace`"),
    (
        "T2T_SERVICE_",
        "set by Kubernetes beside a service named `t2t`",
    ),
    ("T2T_PORT", "set by Kubernetes beside a service named `t2t`"),
];

const fn setting(
    key: &'static str,
    kind: Kind,
    flag: &'static str,
    meaning: &'static str,
) -> Setting {
    Setting {
        key,
        kind,
        flag,
        meaning,
    }
}

/// Every setting, those outside any section first.
pub const SETTINGS: [Setting; 21] = [
    setting(
        "domain",
        Kind::Text,
        "domain",
        "Name of the domain that tasks are made for.",
    ),
    setting(
        "seed",
        Kind::Whole(0, u64::MAX),
        "seed",
        "Root of every random choice. From 2^63 on it is written in quotes, since numbers in TOML end there.",
    ),
    setting(
        "tasks",
        Kind::Whole(1, 10_000_000),
        "tasks",
        "Number of slots: tasks wanted. Raising it in the same `--out` does only the new work.",
    ),
    setting(
        "strata",
        Kind::Whole(1, 4096),
        "",
        "Parts that slots and people are split into; a slot draws only people of its own part. At most the number of people.",
    ),
    setting(
        "max_candidates",
        Kind::Whole(1, 65_535),
        "",
        "A slot is given up, and reported as exhausted, after this many rejected candidates.",
    ),
    setting(
        "agents",
        Kind::Texts,
        "agent",
        "Agents that are rolled out on every task: `gold`, `noisy:0.2`, … Each at most once.",
    ),
    setting(
        "trials",
        Kind::Whole(1, 64),
        "trials",
        "Conversations per task and agent.",
    ),
    setting(
        "workers",
        Kind::Whole(0, 1024),
        "workers",
        "Workers in this process; 0 for one per processor core. Results do not depend on it.",
    ),
    setting(
        "partition",
        Kind::Part,
        "partition",
        "Part of the plan that this coordinator sees to, `I/N`, counted from 1: of the strata every N-th, from the I-th on. Each part has an `--out` of its own; `t2t merge` makes the run of them. At most as many parts as strata.",
    ),
    setting(
        "world.file",
        Kind::Text,
        "world-file",
        "A database in the benchmark's form (`db.json`), seen from the current directory; empty to generate one. With a file the sizes below count for nothing.",
    ),
    setting(
        "world.products",
        Kind::Whole(1, 1_000_000),
        "products",
        "Product types of a generated world.",
    ),
    setting(
        "world.people",
        Kind::Whole(1, 9_000_000),
        "people",
        "People of a generated world.",
    ),
    setting(
        "world.orders",
        Kind::Whole(0, 9_000_000),
        "orders",
        "Orders of a generated world.",
    ),
    setting(
        "mix.general",
        Kind::Whole(0, 1_000_000),
        "mix",
        "Share of tasks with nothing special about them, in any unit: shares count relative to their sum.",
    ),
    setting(
        "mix.ambiguous",
        Kind::Whole(0, 1_000_000),
        "mix",
        "Share of tasks whose opening fits several outcomes.",
    ),
    setting(
        "mix.changing",
        Kind::Whole(0, 1_000_000),
        "mix",
        "Share of tasks whose user changes their mind.",
    ),
    setting(
        "mix.infeasible",
        Kind::Whole(0, 1_000_000),
        "mix",
        "Share of tasks whose wish a rule forbids.",
    ),
    setting(
        "dataset.validation_permille",
        Kind::Whole(0, 1000),
        "",
        "Thousandths of the people whose tasks go to the validation split.",
    ),
    setting(
        "dataset.test_permille",
        Kind::Whole(0, 1000),
        "",
        "Thousandths of the people whose tasks go to the test split; what is left goes to train.",
    ),
    setting(
        "dataset.license",
        Kind::Text,
        "",
        "Licence of the rows, as an SPDX identifier in lower case.",
    ),
    setting(
        "dataset.lawful_only",
        Kind::Truth,
        "",
        "Whether episodes that broke a procedural rule stay out of the training rows.",
    ),
];

impl Setting {
    /// Name of the variable that sets it: `T2T_WORLD__ORDERS`.
    pub fn variable(&self) -> String {
        format!("{PREFIX}{}", self.key.replace('.', "__").to_uppercase())
    }

    /// Section and name within it; the section is empty at the top.
    pub fn parts(&self) -> (&'static str, &'static str) {
        self.key.split_once('.').unwrap_or(("", self.key))
    }
}

/// The setting with this key.
pub fn find(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}

/// Keys of the settings in a section; none when there is no such section.
pub fn section(name: &str) -> impl Iterator<Item = &'static Setting> {
    SETTINGS
        .iter()
        .filter(move |setting| setting.parts().0 == name)
}

/// The known key that was most likely meant, if one is near.
pub fn nearest(key: &str) -> Option<&'static str> {
    let known = SETTINGS.iter().flat_map(|setting| {
        let (section, _) = setting.parts();
        [setting.key, section]
    });
    let scored = known
        .filter(|known| !known.is_empty())
        .map(|known| (distance(key, known), known));
    let (distance, nearest) = scored.min_by_key(|&(distance, _)| distance)?;
    (distance <= (key.len() / 3).max(1)).then_some(nearest)
}

/// Edits between two keys; one in the wrong section is a single edit away.
fn distance(key: &str, known: &str) -> usize {
    let key = key.to_lowercase().replace('-', "_");
    let whole = strsim::damerau_levenshtein(&key, known);
    let name = |key: &str| key.rsplit('.').next().unwrap_or_default().to_owned();
    whole.min(1 + strsim::damerau_levenshtein(&name(&key), &name(known)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_find_the_key_that_was_meant() {
        for (slip, wanted) in [
            ("task", Some("tasks")),
            ("agent", Some("agents")),
            ("orders", Some("world.orders")),
            ("world.order", Some("world.orders")),
            ("world.poeple", Some("world.people")),
            ("max-candidates", Some("max_candidates")),
            ("dataset.licence", Some("dataset.license")),
            ("datasets", Some("dataset")),
            ("dataset.mix", Some("mix")),
            ("temperature", None),
            ("x", None),
        ] {
            assert_eq!(nearest(slip), wanted, "{slip}");
        }
    }

    #[test]
    fn variables_are_the_keys_in_capitals() {
        assert_eq!(
            find("world.orders").unwrap().variable(),
            "T2T_WORLD__ORDERS"
        );
        assert_eq!(
            find("max_candidates").unwrap().variable(),
            "T2T_MAX_CANDIDATES"
        );
        for setting in SETTINGS {
            for (prefix, _) in OTHER_VARIABLES {
                assert!(
                    !setting.variable().starts_with(prefix),
                    "{} is hidden",
                    setting.key
                );
            }
        }
    }
}
