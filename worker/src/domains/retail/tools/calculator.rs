//! The calculator's own checks, before anything is evaluated.

use super::super::calculate;
use super::super::object::Object;
use super::super::python::{push_float, round_cents};
use super::super::refusal::Refusal;

const ALLOWED: &str = "0123456789+-*/(). ";

pub(super) fn calculate(expression: &Object<'_>) -> Result<String, Refusal> {
    let Object::Str(text) = expression else {
        return Err(no_text(expression));
    };
    if !text.chars().all(|letter| ALLOWED.contains(letter)) {
        return Err(invalid());
    }
    let mut out = String::new();
    push_float(
        &mut out,
        round_cents(calculate::evaluate(text).map_err(Refusal::python)?),
    );
    Ok(out)
}

fn invalid() -> Refusal {
    "Invalid characters in expression".into()
}

/// The check goes through whatever can be iterated; each text in it passes if it is found, as a
/// whole, in the row of allowed letters. What passes can then not be evaluated.
fn no_text(expression: &Object<'_>) -> Refusal {
    let elements = match expression.elements() {
        Ok(elements) => elements,
        Err(refusal) => return refusal,
    };
    for element in elements.iter() {
        match element {
            Object::Str(text) if ALLOWED.contains(text) => {}
            Object::Str(_) => return invalid(),
            _ => {
                return Refusal::python(format!(
                    "'in <string>' requires string as left operand, not {}",
                    element.type_name()
                ));
            }
        }
    }
    Refusal::python("eval() arg 1 must be a string, bytes or code object")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::record::Value;

    #[test]
    fn checks_like_the_benchmark() {
        let cases = [
            (r#""1 + 1""#, Ok("2.0")),
            (r#""2x""#, Err("Invalid characters in expression")),
            (r#""1\n""#, Err("Invalid characters in expression")),
            ("3", Err("'int' object is not iterable")),
            (r#"["12", "x"]"#, Err("Invalid characters in expression")),
            (
                r#"["12"]"#,
                Err("eval() arg 1 must be a string, bytes or code object"),
            ),
            (r#"["21"]"#, Err("Invalid characters in expression")),
            (
                r#"[1]"#,
                Err("'in <string>' requires string as left operand, not int"),
            ),
            (
                "{}",
                Err("eval() arg 1 must be a string, bytes or code object"),
            ),
        ];
        for (json, wanted) in cases {
            let value = Value::parse(json).unwrap();
            let found = calculate(&Object::from(&value)).map_err(|refusal| refusal.0.into_owned());
            assert_eq!(found.as_deref().map_err(String::as_str), wanted, "{json}");
        }
    }
}
