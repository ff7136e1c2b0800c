//! Sequences of calls from lines of JSON, each on a fresh world: for authors and for conformance.

use std::io::{self, BufRead, Write};
use std::sync::Arc;

use proto::record::{Actor, Observation};
use serde::Serialize;

use super::arguments;
use super::benchmark::{Benchmark, Difference};
use super::json::{Json, JsonError};
use super::object::Object;
use super::refusal::Refusal;
use super::state::{Base, World};
use crate::environment::Environment;

/// Why a replay stopped.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// Input cannot be read or output not be written.
    #[error("line {line}: {source}")]
    Io {
        /// Line of the input, from 1.
        line: usize,
        /// Why.
        source: io::Error,
    },
    /// A line is not JSON.
    #[error("line {line} is {source}")]
    Json {
        /// Line of the input, from 1.
        line: usize,
        /// Where in it, and why.
        source: JsonError,
    },
    /// A line is not a sequence of calls.
    #[error(
        "line {line}: {what}; a line is {{\"seq\": 1, \"steps\": [{{\"name\": \"tool\", \"arguments\": {{}}}}]}}"
    )]
    Shape {
        /// Line of the input, from 1.
        line: usize,
        /// What is wrong.
        what: String,
    },
}

#[derive(Serialize)]
struct Seen {
    result: String,
    error: bool,
}

#[derive(Serialize)]
struct Line {
    seq: serde_json::Value,
    results: Vec<Seen>,
    db_diff: Vec<Difference>,
    db_hash: String,
    state_id: String,
}

/// Reads `{"seq":…, "steps":[{"name","arguments","requestor"?}]}` a line, and writes a line for each:
/// `{"seq":…, "results":[{"result","error"}], "db_diff":[…], "db_hash":…, "state_id":…}`.
pub fn replay(
    base: Arc<Base>,
    input: impl BufRead,
    mut output: impl Write,
) -> Result<(), ReplayError> {
    let benchmark = Benchmark::new(base.clone());
    for (line, text) in (1..).zip(input.lines()) {
        let text = text.map_err(|source| ReplayError::Io { line, source })?;
        if text.trim().is_empty() {
            continue;
        }
        let json = Json::parse(&text).map_err(|source| ReplayError::Json { line, source })?;
        let done =
            sequence(&base, &benchmark, &json).map_err(|what| ReplayError::Shape { line, what })?;
        serde_json::to_writer(&mut output, &done)
            .map_err(io::Error::from)
            .and_then(|()| output.write_all(b"\n"))
            .map_err(|source| ReplayError::Io { line, source })?;
    }
    output
        .flush()
        .map_err(|source| ReplayError::Io { line: 0, source })
}

fn sequence(base: &Arc<Base>, benchmark: &Benchmark, json: &Json) -> Result<Line, String> {
    let Some(Json::List(steps)) = json.get("steps") else {
        return Err("`steps` is not a list".to_owned());
    };
    let mut world = World::new(base.clone());
    let mut results = Vec::with_capacity(steps.len());
    for (index, step) in steps.iter().enumerate() {
        let Observation { text, error } =
            call(&mut world, step).map_err(|what| format!("steps.{index}: {what}"))?;
        results.push(Seen {
            result: text,
            error,
        });
    }
    Ok(Line {
        seq: json.get("seq").map_or(serde_json::Value::Null, plain),
        results,
        db_diff: benchmark.db_diff(&world),
        db_hash: benchmark.db_hash(&world),
        state_id: world.state_id().to_string(),
    })
}

fn call(world: &mut World, step: &Json) -> Result<Observation, &'static str> {
    let Some(Json::Str(name)) = step.get("name") else {
        return Err("`name` is not a text");
    };
    let Some(Json::Dict(entries)) = step.get("arguments") else {
        return Err("`arguments` is not an object");
    };
    let given = entries
        .iter()
        .map(|(name, value)| (name.as_str(), Object::from(value)));
    let actor = match step.get("requestor") {
        None => Actor::Assistant,
        Some(Json::Str(requestor)) if requestor == "assistant" => Actor::Assistant,
        Some(Json::Str(requestor)) if requestor == "user" => Actor::User,
        Some(Json::Str(requestor)) => {
            let Refusal(text) = arguments::refuse_taken(given)
                .err()
                .unwrap_or_else(|| format!("Invalid requestor: {requestor}").into());
            return Ok(Observation {
                text: format!("Error: {text}"),
                error: true,
            });
        }
        Some(_) => return Err("`requestor` is not a text"),
    };
    Ok(world.call_with(actor, name, given))
}

/// The value as other programs read it.
fn plain(json: &Json) -> serde_json::Value {
    match json {
        Json::Null => serde_json::Value::Null,
        Json::Bool(truth) => (*truth).into(),
        Json::Int(number) => (*number).into(),
        Json::Long(digits) => digits.as_str().into(),
        Json::Float(number) => (*number).into(),
        Json::Str(text) => text.as_str().into(),
        Json::List(items) => items.iter().map(plain).collect(),
        Json::Dict(entries) => entries
            .iter()
            .map(|(key, value)| (key.clone(), plain(value)))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domains::retail::sample;

    fn run(input: &str) -> Result<String, String> {
        let mut output = Vec::new();
        replay(Arc::new(sample::base()), input.as_bytes(), &mut output)
            .map_err(|error| error.to_string())?;
        Ok(String::from_utf8(output).unwrap())
    }

    #[test]
    fn each_line_starts_fresh() {
        let cancel = r##"{"seq":"s","steps":[{"name":"cancel_pending_order","arguments":{"order_id":"#W3","reason":"ordered by mistake"}}]}"##;
        let output = run(&format!("{cancel}\n\n{cancel}\n")).unwrap();
        let lines: Vec<&str> = output.lines().collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0], lines[1]);
        let line: serde_json::Value = serde_json::from_str(lines[0]).unwrap();
        assert_eq!(line["results"][0]["error"], false);
        let paths: Vec<String> = line["db_diff"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["path"].to_string())
            .collect();
        assert_eq!(
            paths,
            [
                r##"["orders","#W3","cancel_reason"]"##,
                r##"["orders","#W3","payment_history",1]"##,
                r##"["orders","#W3","status"]"##
            ]
        );
    }

    #[test]
    fn requestors_are_told_apart() {
        let output = run(
            r##"{"steps":[{"name":"x","arguments":{}},{"name":"x","arguments":{},"requestor":"user"},{"name":"x","arguments":{},"requestor":"me"}]}"##,
        )
        .unwrap();
        for wanted in [
            "Error: Tool 'x' not found.",
            "Error: User tools not available",
            "Error: Invalid requestor: me",
        ] {
            assert!(output.contains(wanted), "{output}");
        }
    }

    #[test]
    fn names_the_line_that_is_wrong() {
        let fine = r#"{"seq":1,"steps":[]}"#;
        let cases = [
            ("{", "line 2 is not JSON at byte 1"),
            ("[]", "line 2: `steps` is not a list"),
            (
                r#"{"steps":[{"name":1}]}"#,
                "line 2: steps.0: `name` is not a text",
            ),
            (
                r#"{"steps":[{"name":"x"}]}"#,
                "line 2: steps.0: `arguments` is not an object",
            ),
        ];
        for (bad, wanted) in cases {
            let error = run(&format!("{fine}\n{bad}\n")).unwrap_err();
            assert!(error.starts_with(wanted), "{error}");
        }
    }
}
