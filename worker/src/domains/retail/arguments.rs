//! Arguments bound to parameters as Python binds keywords: by name, all required, no others.

use super::object::Object;
use super::refusal::Refusal;

/// No tool of this domain has more parameters.
pub const MOST: usize = 7;

/// Names that the benchmark's own dispatch takes; an argument so named fails before any tool.
const TAKEN: [&str; 3] = ["requestor", "self", "tool_name"];

/// Fails where an argument bears a name of the dispatch itself.
pub fn refuse_taken<'a>(
    arguments: impl Iterator<Item = (&'a str, Object<'a>)>,
) -> Result<(), Refusal> {
    for (name, _) in arguments {
        if TAKEN.contains(&name) {
            return Err(taken(name));
        }
    }
    Ok(())
}

fn taken(name: &str) -> Refusal {
    Refusal::python(format!(
        "Environment.make_tool_call() got multiple values for argument '{name}'"
    ))
}

/// The arguments in the order of `parameters`; the rest of the array is `None`.
pub fn bind<'a>(
    tool: &str,
    parameters: &[&str],
    arguments: impl Iterator<Item = (&'a str, Object<'a>)> + Clone,
) -> Result<[Object<'a>; MOST], Refusal> {
    let mut bound = [const { Object::None }; MOST];
    let mut given = [false; MOST];
    for (name, value) in arguments.clone() {
        let Some(place) = parameters.iter().position(|parameter| *parameter == name) else {
            refuse_taken(arguments)?;
            return Err(Refusal::python(format!(
                "RetailTools.{tool}() got an unexpected keyword argument '{name}'"
            )));
        };
        bound[place] = value;
        given[place] = true;
    }
    let missing: Vec<&str> = parameters
        .iter()
        .zip(given)
        .filter(|(_, given)| !given)
        .map(|(parameter, _)| *parameter)
        .collect();
    if missing.is_empty() {
        Ok(bound)
    } else {
        Err(lacks(tool, &missing))
    }
}

fn lacks(tool: &str, missing: &[&str]) -> Refusal {
    let quoted: Vec<String> = missing.iter().map(|name| format!("'{name}'")).collect();
    let names = match quoted.as_slice() {
        [one] => one.clone(),
        [one, other] => format!("{one} and {other}"),
        [head @ .., last] => format!("{}, and {last}", head.join(", ")),
        [] => String::new(),
    };
    let plural = if missing.len() == 1 { "" } else { "s" };
    Refusal::python(format!(
        "RetailTools.{tool}() missing {} required positional argument{plural}: {names}",
        missing.len()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(arguments: &[(&'static str, Object<'static>)]) -> String {
        bind("tool", &["a", "b", "c"], arguments.iter().cloned())
            .unwrap_err()
            .0
            .into_owned()
    }

    #[test]
    fn binds_by_name() {
        let given = [("b", Object::Int(2)), ("a", Object::Int(1))];
        let bound = bind("tool", &["a", "b"], given.into_iter()).unwrap();
        assert_eq!(bound[..3], [Object::Int(1), Object::Int(2), Object::None]);
    }

    #[test]
    fn says_what_is_missing_or_too_much() {
        let one = Object::Int(1);
        assert_eq!(
            error(&[]),
            "RetailTools.tool() missing 3 required positional arguments: 'a', 'b', and 'c'"
        );
        assert_eq!(
            error(&[("b", one.clone())]),
            "RetailTools.tool() missing 2 required positional arguments: 'a' and 'c'"
        );
        assert_eq!(
            error(&[("a", one.clone()), ("c", one.clone())]),
            "RetailTools.tool() missing 1 required positional argument: 'b'"
        );
        assert_eq!(
            error(&[("z", one.clone())]),
            "RetailTools.tool() got an unexpected keyword argument 'z'"
        );
        assert!(error(&[("x", one.clone()), ("self", one)]).contains("multiple values"));
    }
}
