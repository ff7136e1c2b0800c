//! The layers above the defaults: file, environment, flags; each read into checked entries.

use config::{FileFormat, Map, Source as _, Value, ValueKind};
use serde_json::Value as Json;

use super::table::{self, Kind, Setting};
use super::typed::{typed, written, wrong};
use super::{Flags, PlanFile, SettingsError, Source};

/// One setting with a value of its type, and where it came from.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// Its key, a model's name in place of the star.
    pub(super) key: String,
    pub(super) value: Json,
    pub(super) source: Source,
}

/// Entries of one layer.
#[derive(Debug, Clone, Default)]
pub(super) struct Layer(pub(super) Vec<Entry>);

impl Layer {
    fn put(&mut self, key: &str, value: Json, source: &Source) {
        self.0.push(Entry {
            key: key.to_owned(),
            value,
            source: source.clone(),
        });
    }
}

/// The layer of a plan file, if there is one.
pub(super) fn of_file(file: Option<&PlanFile>) -> Result<Layer, SettingsError> {
    let Some(PlanFile { path, text }) = file else {
        return Ok(Layer::default());
    };
    let read = config::File::from_str(text, FileFormat::Toml).collect();
    let table = read.map_err(|error| SettingsError::NotToml {
        path: path.clone(),
        problem: match error {
            config::ConfigError::FileParse { cause, .. } => cause.to_string().trim_end().to_owned(),
            other => other.to_string(),
        },
    })?;
    let mut layer = Layer::default();
    walk("", table, &Source::File(path.clone()), &mut layer)?;
    Ok(layer)
}

fn walk(
    section: &str,
    table: Map<String, Value>,
    source: &Source,
    layer: &mut Layer,
) -> Result<(), SettingsError> {
    let mut fields: Vec<(String, Value)> = table.into_iter().collect();
    fields.sort_unstable_by(|left, right| left.0.cmp(&right.0));
    for (name, value) in fields {
        let key = if section.is_empty() {
            name.clone()
        } else {
            format!("{section}.{name}")
        };
        if section == "models" {
            named(&name, source)?;
        }
        if let Some(setting) = table::find(&key) {
            layer.put(&key, typed(setting, &key, value.kind, source)?, source);
            continue;
        }
        if table::section(&key).next().is_none() {
            return Err(unknown(&key, source));
        }
        match value.kind {
            ValueKind::Table(fields) => walk(&key, fields, source, layer)?,
            other => return Err(wrong(&key, source, written(&other), inner(&key))),
        }
    }
    Ok(())
}

/// The layer of the environment: those of `variables` whose name begins with `T2T_`.
pub(super) fn environment(
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<Layer, SettingsError> {
    let mut ours: Vec<(String, String)> = variables
        .into_iter()
        .filter(|(name, _)| name.starts_with(table::PREFIX))
        .filter(|(name, _)| {
            !table::OTHER_VARIABLES
                .iter()
                .any(|(other, _)| name.starts_with(other))
        })
        .collect();
    ours.sort_unstable();
    let mut layer = Layer::default();
    for (name, text) in ours {
        let key = name[table::PREFIX.len()..]
            .to_lowercase()
            .replace("__", ".");
        let source = Source::Environment(name);
        let Some(setting) = table::find(&key) else {
            if table::section(&key).next().is_some() {
                return Err(wrong(&key, &source, format!("`{text}`"), inner(&key)));
            }
            return Err(unknown(&key, &source));
        };
        if let Some((name, _)) = key
            .strip_prefix("models.")
            .and_then(|key| key.split_once('.'))
        {
            named(name, &source)?;
        }
        layer.put(&key, parsed(setting, &key, &text, &source)?, &source);
    }
    Ok(layer)
}

/// Refuses a model that can't be called so.
fn named(name: &str, source: &Source) -> Result<(), SettingsError> {
    if table::is_name(name) {
        return Ok(());
    }
    let key = format!("models.{name}");
    let value = format!("a model called `{name}`");
    Err(wrong(
        &key,
        source,
        value,
        format!("called by {}", table::NAME),
    ))
}

/// The layer of the flags.
pub(super) fn flags(flags: &Flags) -> Result<Layer, SettingsError> {
    let mut layer = Layer::default();
    let mut put = |key: &'static str, value: Option<ValueKind>| -> Result<(), SettingsError> {
        let Some(value) = value else { return Ok(()) };
        let setting = table::find(key).expect("the test of flags tries every one");
        let source = Source::Flag(setting.flag.to_owned());
        layer.put(key, typed(setting, key, value, &source)?, &source);
        Ok(())
    };
    put("domain", flags.domain.clone().map(ValueKind::from))?;
    put("tasks", flags.tasks.map(ValueKind::from))?;
    put("seed", flags.seed.map(ValueKind::from))?;
    put("workers", flags.workers.map(ValueKind::from))?;
    put("partition", flags.partition.clone().map(ValueKind::from))?;
    put("trials", flags.trials.map(ValueKind::from))?;
    put(
        "agents",
        (!flags.agents.is_empty()).then(|| flags.agents.clone().into()),
    )?;
    let file = flags
        .world_file
        .as_ref()
        .map(|path| path.to_string_lossy().into_owned());
    put("world.file", file.map(ValueKind::from))?;
    put("world.products", flags.products.map(ValueKind::from))?;
    put("world.people", flags.people.map(ValueKind::from))?;
    put("world.orders", flags.orders.map(ValueKind::from))?;
    if let Some(text) = &flags.mix {
        mix(text, &mut layer)?;
    }
    Ok(layer)
}

/// The layer of the agents of an evaluation.
pub(super) fn agents(agents: Vec<String>) -> Result<Layer, SettingsError> {
    let agents = Flags {
        agents,
        ..Flags::default()
    };
    flags(&agents)
}

/// Reads `general=2,ambiguous=1`; a scenario that is not named gets no share.
fn mix(text: &str, layer: &mut Layer) -> Result<(), SettingsError> {
    let source = Source::Flag("mix".to_owned());
    let refused = |expected: &str| wrong("mix", &source, format!("`{text}`"), expected.to_owned());
    let mut named: Vec<(String, &str)> = Vec::new();
    for part in text.split(',') {
        let form = "scenarios with their shares, as in `general=2,ambiguous=1`";
        let (name, share) = part.split_once('=').ok_or_else(|| refused(form))?;
        let key = format!("mix.{}", name.trim());
        if table::find(&key).is_none() {
            return Err(unknown(&key, &source));
        }
        if named.iter().any(|(known, _)| *known == key) {
            return Err(refused(&format!("without `{}` twice", name.trim())));
        }
        named.push((key, share.trim()));
    }
    for setting in table::section("mix") {
        let share = named
            .iter()
            .find(|(key, _)| key == setting.key)
            .map_or("0", |found| found.1);
        layer.put(
            setting.key,
            parsed(setting, setting.key, share, &source)?,
            &source,
        );
    }
    Ok(())
}

/// The value that a text stands for, in the environment or in a part of a flag.
fn parsed(
    setting: &Setting,
    key: &str,
    text: &str,
    source: &Source,
) -> Result<Json, SettingsError> {
    let given = text.trim();
    let value = match setting.kind {
        Kind::Text | Kind::Part => ValueKind::from(text),
        Kind::Choice(_) | Kind::Price | Kind::Dollars => ValueKind::from(given),
        Kind::Number(..) => given
            .parse::<f64>()
            .map_or_else(|_| given.into(), ValueKind::Float),
        Kind::Table => {
            serde_json::from_str::<Value>(given).map_or_else(|_| text.into(), |value| value.kind)
        }
        Kind::Whole(..) => given
            .parse::<u64>()
            .map_or_else(|_| text.into(), ValueKind::U64),
        Kind::Truth => given
            .parse::<bool>()
            .map_or_else(|_| text.into(), ValueKind::Boolean),
        Kind::Texts if given.is_empty() => ValueKind::Array(Vec::new()),
        Kind::Texts => {
            let items: Vec<String> = given
                .split(',')
                .map(|item| item.trim().to_owned())
                .collect();
            items.into()
        }
    };
    typed(setting, key, value, source)
}

fn unknown(key: &str, source: &Source) -> SettingsError {
    let in_environment = matches!(source, Source::Environment(_));
    let advice = match table::nearest(key) {
        Some(near) if in_environment => {
            format!("did you mean {}?", table::variable(&near))
        }
        Some(near) => format!("did you mean `{near}`?"),
        None => "`t2t plan show` lists every setting".to_owned(),
    };
    SettingsError::Unknown {
        key: key.to_owned(),
        place: source.clone(),
        advice,
    }
}

/// What to write where a section's name stood alone.
fn inner(section: &str) -> String {
    if section == "models" {
        return "a section of models: give each a table of its own, such as [models.small]"
            .to_owned();
    }
    let names: Vec<&str> = table::section(section)
        .map(|setting| setting.parts().1)
        .collect();
    format!("a section: set {} in it", names.join(", "))
}
