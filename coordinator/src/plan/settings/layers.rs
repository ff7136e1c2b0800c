//! The layers above the defaults: file, environment, flags; each read into checked entries.

use std::fmt::Display;
use std::path::Path;

use config::{FileFormat, Map, Source as _, Value, ValueKind};

use super::table::{self, Kind, Setting};
use super::{Flags, SettingsError, Source};
use crate::plan::partition::Partition;

/// One setting with a value of its type, and where it came from.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) setting: &'static Setting,
    pub(super) value: ValueKind,
    pub(super) source: Source,
}

/// Entries of one layer, as a source that `config` merges.
#[derive(Debug, Clone, Default)]
pub(super) struct Layer(pub(super) Vec<Entry>);

impl config::Source for Layer {
    fn clone_into_box(&self) -> Box<dyn config::Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, config::ConfigError> {
        let pair = |entry: &Entry| {
            let origin = entry.source.to_string();
            (
                entry.setting.key.to_owned(),
                Value::new(Some(&origin), entry.value.clone()),
            )
        };
        Ok(self.0.iter().map(pair).collect())
    }
}

/// The layer of a plan file with this text.
pub(super) fn file(path: &Path, text: &str) -> Result<Layer, SettingsError> {
    let read = config::File::from_str(text, FileFormat::Toml).collect();
    let table = read.map_err(|error| SettingsError::NotToml {
        path: path.to_owned(),
        problem: match error {
            config::ConfigError::FileParse { cause, .. } => cause.to_string().trim_end().to_owned(),
            other => other.to_string(),
        },
    })?;
    let mut layer = Layer::default();
    walk("", table, &Source::File(path.to_owned()), &mut layer)?;
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
            name
        } else {
            format!("{section}.{name}")
        };
        if let Some(setting) = table::find(&key) {
            let value = typed(setting, value.kind, source)?;
            layer.0.push(Entry {
                setting,
                value,
                source: source.clone(),
            });
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
        let value = parsed(setting, &text, &source)?;
        layer.0.push(Entry {
            setting,
            value,
            source,
        });
    }
    Ok(layer)
}

/// The layer of the flags.
pub(super) fn flags(flags: &Flags) -> Result<Layer, SettingsError> {
    let mut layer = Layer::default();
    let mut put = |key: &'static str, value: Option<ValueKind>| -> Result<(), SettingsError> {
        let Some(value) = value else { return Ok(()) };
        let setting = table::find(key).expect("the test of flags tries every one");
        let source = Source::Flag(setting.flag.to_owned());
        let value = typed(setting, value, &source)?;
        layer.0.push(Entry {
            setting,
            value,
            source,
        });
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
        let value = parsed(setting, share, &source)?;
        layer.0.push(Entry {
            setting,
            value,
            source: source.clone(),
        });
    }
    Ok(())
}

/// The value as its setting wants it, or what is wrong with it.
fn typed(setting: &Setting, value: ValueKind, source: &Source) -> Result<ValueKind, SettingsError> {
    let refused = |value: &ValueKind| {
        wrong(
            setting.key,
            source,
            written(value),
            setting.kind.to_string(),
        )
    };
    match (setting.kind, value) {
        (Kind::Text, value @ ValueKind::String(_))
        | (Kind::Truth, value @ ValueKind::Boolean(_)) => Ok(value),
        (Kind::Part, ValueKind::String(text)) if text.parse::<Partition>().is_ok() => {
            Ok(ValueKind::String(text))
        }
        (Kind::Whole(least, most), value) => {
            let number = match &value {
                ValueKind::I64(number) => u64::try_from(*number).ok(),
                ValueKind::U64(number) => Some(*number),
                // TOML's numbers end below the largest seed
                ValueKind::String(text) if most == u64::MAX => text.parse().ok(),
                _ => None,
            };
            let number = number.filter(|number| (least..=most).contains(number));
            number.map(ValueKind::U64).ok_or_else(|| refused(&value))
        }
        (Kind::Texts, ValueKind::Array(items)) => {
            match items
                .iter()
                .find(|item| !matches!(item.kind, ValueKind::String(_)))
            {
                None => Ok(ValueKind::Array(items)),
                Some(item) => {
                    let value = format!("a list with {} in it", written(&item.kind));
                    Err(wrong(setting.key, source, value, setting.kind.to_string()))
                }
            }
        }
        (_, value) => Err(refused(&value)),
    }
}

/// The value that a text stands for, in the environment or in a part of a flag.
fn parsed(setting: &Setting, text: &str, source: &Source) -> Result<ValueKind, SettingsError> {
    let given = text.trim();
    let value = match setting.kind {
        Kind::Text | Kind::Part => ValueKind::from(text),
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
    typed(setting, value, source)
}

fn unknown(key: &str, source: &Source) -> SettingsError {
    let in_environment = matches!(source, Source::Environment(_));
    let advice = match table::nearest(key) {
        Some(near) if in_environment => {
            let name = format!(
                "{}{}",
                table::PREFIX,
                near.replace('.', "__").to_uppercase()
            );
            format!("did you mean {name}?")
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

fn wrong(key: &str, source: &Source, value: String, expected: String) -> SettingsError {
    SettingsError::WrongValue {
        key: key.to_owned(),
        place: source.clone(),
        value,
        expected,
    }
}

/// What to write where a section's name stood alone.
fn inner(section: &str) -> String {
    let names: Vec<&str> = table::section(section)
        .map(|setting| setting.parts().1)
        .collect();
    format!("a section: set {} in it", names.join(", "))
}

/// A value as its author wrote it, shortened.
fn written(value: &ValueKind) -> String {
    fn code(value: impl Display) -> String {
        format!("`{value}`")
    }
    match value {
        ValueKind::Nil => "nothing".to_owned(),
        ValueKind::Table(_) => "a table".to_owned(),
        ValueKind::Array(items) => format!("a list of {}", items.len()),
        ValueKind::String(text) if text.chars().count() > 60 => {
            let start: String = text.chars().take(60).collect();
            format!("the string \"{start}…\"")
        }
        ValueKind::String(text) => format!("the string \"{text}\""),
        ValueKind::Boolean(truth) => code(truth),
        ValueKind::Float(number) => code(number),
        ValueKind::I64(number) => code(number),
        ValueKind::U64(number) => code(number),
        ValueKind::I128(number) => code(number),
        ValueKind::U128(number) => code(number),
    }
}
