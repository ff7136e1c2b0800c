//! Keys of endpoints: from the environment variable that a plan names, or a file named by another.

use std::fmt;
use std::fs;
use std::sync::Arc;

use super::Fault;

/// Shortest key that is looked for where it must not stand: shorter ones are words such as `none`.
const SECRET: usize = 8;

/// What stands in place of a key.
const HIDDEN: &str = "***";

/// Looks up a variable of the environment.
pub type Environment = dyn Fn(&str) -> Option<String> + Send + Sync;

/// A key, which nothing prints.
pub(super) struct Key(String);

impl Key {
    /// The key that the variable `name` holds, or the file that `name` with `_FILE` at its end names.
    /// It is read anew each time, since mounted secrets are exchanged while a process runs.
    pub(super) fn find(name: &str, environment: &Environment) -> Result<Option<Self>, Fault> {
        if name.is_empty() {
            return Ok(None);
        }
        let found = match (environment(name), environment(&format!("{name}_FILE"))) {
            (Some(key), _) => key,
            (None, Some(path)) => fs::read_to_string(&path).map_err(|error| {
                Fault::Unready(format!(
                    "{name}_FILE names {path}, which can't be read: {error}"
                ))
            })?,
            (None, None) => String::new(),
        };
        match found.trim() {
            "" => Err(Fault::Unready(format!(
                "this worker has no key for the endpoint; set {name}, or {name}_FILE to the path of a file that holds it"
            ))),
            key => Ok(Some(Self(key.to_owned()))),
        }
    }

    /// The key, for whoever sends it.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }

    /// A body without the key, which some servers repeat, mostly when they refuse it.
    pub(super) fn hidden_in(&self, body: Arc<[u8]>) -> Arc<[u8]> {
        let key = self.0.as_bytes();
        let next = |rest: &[u8]| rest.windows(key.len()).position(|part| part == key);
        if key.len() < SECRET || next(&body).is_none() {
            return body;
        }
        let mut out = Vec::with_capacity(body.len());
        let mut rest = &body[..];
        while let Some(at) = next(rest) {
            out.extend_from_slice(&rest[..at]);
            out.extend_from_slice(HIDDEN.as_bytes());
            rest = &rest[at + key.len()..];
        }
        out.extend_from_slice(rest);
        out.into()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({HIDDEN})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(name: &str, variables: &[(&str, &str)]) -> Result<Option<Key>, Fault> {
        let variables: Vec<(String, String)> = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Key::find(name, &move |asked: &str| {
            let mut found = variables.iter().filter(|(name, _)| name == asked);
            found.next().map(|(_, value)| value.clone())
        })
    }

    #[test]
    fn a_key_is_in_a_variable_or_in_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        fs::write(&path, "from-a-file\n").unwrap();
        let path = path.to_str().unwrap();
        for (variables, wanted) in [
            (vec![("KEY", "from-a-variable")], "from-a-variable"),
            (vec![("KEY_FILE", path)], "from-a-file"),
            (
                vec![("KEY_FILE", path), ("KEY", " from-a-variable\n")],
                "from-a-variable",
            ),
        ] {
            let key = find("KEY", &variables).unwrap().unwrap();
            assert_eq!(key.expose(), wanted);
            assert_eq!(format!("{key:?}"), "Key(***)");
        }
        assert!(find("", &[("", "word")]).unwrap().is_none());
    }

    #[test]
    fn a_key_that_is_not_there_is_named() {
        for (variables, said) in [
            (vec![], "set KEY, or KEY_FILE"),
            (vec![("KEY", " ")], "set KEY, or KEY_FILE"),
            (
                vec![("KEY_FILE", "nowhere/key")],
                "KEY_FILE names nowhere/key",
            ),
        ] {
            let fault = find("KEY", &variables).unwrap_err();
            assert!(fault.to_string().contains(said), "{fault}");
            assert!(!fault.passing());
        }
    }

    #[test]
    fn a_body_shows_no_key() {
        let hidden = |key: &str, body: &str| {
            let body = Key(key.to_owned()).hidden_in(body.as_bytes().into());
            String::from_utf8(body.to_vec()).unwrap()
        };
        let key = "sk-1234567890";
        assert_eq!(
            hidden(key, "no sk-1234567890! sk-1234567890"),
            "no ***! ***"
        );
        assert_eq!(hidden(key, "sk-123456789"), "sk-123456789");
        assert_eq!(hidden("none", "none of it"), "none of it");
    }
}
