//! Prompts of the user's own: a folder of texts, each in place of a built-in one of the same name.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use worker::roles::prompts::Prompts;

use super::refused;
use crate::plan::settings::{Known, Resolved, SettingsError, table};

/// Reads the folder that the plan names. Files whose names begin with a dot are passed over.
pub(in crate::plan::settings) fn read(
    resolved: &Resolved,
    known: &Known<'_>,
) -> Result<BTreeMap<String, String>, SettingsError> {
    let folder = resolved.plan.prompts.as_str();
    let mut texts = BTreeMap::new();
    if folder.is_empty() {
        return Ok(texts);
    }
    let refused = |problem: String, mend: String| {
        refused(resolved, "prompts", format!("`{folder}`"), problem, mend)
    };
    let unreadable = |error: std::io::Error| {
        let mend = "give the path of a folder from the current directory, or leave it empty";
        refused(format!("it cannot be read ({error})"), mend.to_owned())
    };
    for name in names(Path::new(folder)).map_err(unreadable)? {
        if !known.prompts.contains(&name.as_str()) {
            let mend = advice(&name, known.prompts);
            return Err(refused(
                format!("there is no built-in prompt `{name}`"),
                mend,
            ));
        }
        let text = fs::read_to_string(Path::new(folder).join(&name)).map_err(|error| {
            let mend = "make it a file of UTF-8 text".to_owned();
            refused(format!("`{name}` in it cannot be read ({error})"), mend)
        })?;
        texts.insert(name, text);
    }
    let pairs: Vec<_> = texts.clone().into_iter().collect();
    Prompts::check(&pairs).map_err(|error| {
        let mend = "mend the file; the built-in ones are in worker/prompts".to_owned();
        refused(error.to_string(), mend)
    })?;
    Ok(texts)
}

fn names(folder: &Path) -> std::io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn advice(name: &str, known: &[&str]) -> String {
    let names = known.iter().map(|&name| name.to_owned());
    match table::near(name, names) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "this version has none that may be replaced".to_owned(),
        None => format!("those that may be replaced are {}", known.join(", ")),
    }
}
