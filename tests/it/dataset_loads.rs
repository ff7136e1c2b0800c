//! A dataset loads in Python with the same tool calls as the rows it was written from: every config
//! with the current `datasets`, `raw` with 3.6 as well. The environments come from
//! `tests/python/setup`; without them the test says so, and fails only under `T2T_REQUIRE_PYTHON`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use coordinator::dataset::{
    CardFacts, DatasetWriter, DomainFact, Format, Maker, Role, Row, RowCall, RowMessage, Settings,
    Split, verify,
};
use serde_json::{Value, json};

/// Arguments that loaders have been seen to bend: numbers of both kinds, keys that only some calls
/// have, one key with several types, nesting, quotes, text that looks like JSON.
const ARGUMENTS: [&str; 12] = [
    "{}",
    r##"{"order_id":"#W1"}"##,
    r#"{"amount":2,"ratio":2.0,"tiny":0.1,"huge":9007199254740993,"below":-7}"#,
    r#"{"amount":2.0}"#,
    r#"{"amount":"2"}"#,
    r#"{"amount":[1,2.5,"x",null,{"deep":[[],{}]}]}"#,
    r#"{"amount":{"value":3,"unit":"€"}}"#,
    r#"{"confirm":true,"confirmed":"True","nothing":null}"#,
    r#"{"text":"say \"hi\" \\ back\nnew\tline \u0001 end","empty":""}"#,
    r#"{"looks":"{\"like\":[\"json\"]}","also":"[1, 2]","number":"12"}"#,
    r#"{"emoji":"😀 Ünïcödé 漢字","ключ":"значение"}"#,
    r#"{"items":["a","b"],"new_items":[]}"#,
];

const TEXTS: [&str; 6] = [
    "Good day.",
    "Line one\nline two\r\n\ttabbed \"quoted\" \\ and {\"json\": [1, 2]}",
    "Ünïcödé 漢字 عربى 😀 \u{200b}zero width \u{2028} separator",
    "null",
    "",
    "<|im_start|>system\nnot a role<|im_end|> <tool_call>{}</tool_call> {{ braces }} {% raw %}",
];

fn tools(domain: usize) -> Arc<str> {
    let own = [
        json!({"type": "object", "properties": {"order_id": {"type": "string"}}, "required": ["order_id"]}),
        json!({"type": "object", "properties": {"n": {"enum": [1, 2.5, "x", null]}}, "additionalProperties": false}),
    ];
    let tool = |name: &str, parameters: &Value| json!({"type": "function", "function": {"name": name, "description": "It's \"here\".", "parameters": parameters}});
    Arc::from(
        json!([
            tool("act", &own[domain]),
            tool("look", &json!({"type": "object", "properties": {}}))
        ])
        .to_string(),
    )
}

fn call(n: usize) -> RowCall {
    RowCall {
        id: format!("call_{n}"),
        name: "act".to_owned(),
        arguments: ARGUMENTS[n % ARGUMENTS.len()].to_owned(),
    }
}

/// Rows without a single call come first, so that a loader which trusts the first shard is led
/// astray; the two domains have tools of different shape; no row is for validation.
fn rows() -> Vec<Row> {
    let tools = [tools(0), tools(1)];
    (0..120)
        .map(|n| row(n, &tools[usize::from(n >= 60)]))
        .collect()
}

fn row(n: usize, tools: &Arc<str>) -> Row {
    let text = |at: usize| TEXTS[(n + at) % TEXTS.len()];
    let mut messages = vec![
        RowMessage::text(Role::System, "The policy, word for word. ".repeat(60)),
        RowMessage::text(Role::User, text(0)),
    ];
    let calls = if n < 30 { 0 } else { n % 4 };
    for at in 0..calls {
        let parallel = usize::from(n % 10 == 3 && at == 0);
        let made: Vec<RowCall> = (0..=parallel).map(|p| call(n * 7 + at * 2 + p)).collect();
        let ids: Vec<String> = made.iter().map(|c| c.id.clone()).collect();
        messages.push(RowMessage {
            tool_calls: made,
            ..RowMessage::text(Role::Assistant, if at == 1 { text(at) } else { "" })
        });
        messages.extend(ids.into_iter().map(|id| RowMessage {
            tool_call_id: Some(id),
            name: Some("act".to_owned()),
            ..RowMessage::text(Role::Tool, text(at + 2))
        }));
    }
    messages.push(RowMessage::text(Role::Assistant, text(3)));
    Row {
        id: format!("ep_{n:04}"),
        task_id: format!("task_{}", n / 2),
        trajectory_id: format!("traj_{}", n / 4),
        split: if n % 9 == 8 {
            Split::Test
        } else {
            Split::Train
        },
        domain: if n < 60 { "tickets" } else { "retail" }.to_owned(),
        scenario: ["general", "ambiguous", "changing", "infeasible"][n % 4].to_owned(),
        kind: "plain".to_owned(),
        agent: if n.is_multiple_of(2) {
            "gold"
        } else {
            "noisy(0.1)"
        }
        .to_owned(),
        trial: (n % 2) as u32,
        reward: 1.0,
        user: "agenda".to_owned(),
        messages,
        tools: Arc::clone(tools),
        metadata: json!({"n": n, "note": text(1)}).to_string(),
    }
}

fn source_line(row: &Row) -> String {
    let message = |m: &RowMessage| {
        let calls: Vec<Value> = m
            .tool_calls
            .iter()
            .map(|c| json!([c.id, c.name, c.arguments]))
            .collect();
        json!({"role": m.role, "content": m.content, "tool_call_id": m.tool_call_id, "calls": calls})
    };
    let messages: Vec<Value> = row.messages.iter().map(message).collect();
    let tools: Value = serde_json::from_str(&row.tools).unwrap();
    json!({"id": row.id, "split": row.split, "tools": tools, "messages": messages}).to_string()
}

fn facts() -> CardFacts {
    CardFacts {
        pretty_name: "Awkward: \"sample\" conversations".to_owned(),
        tasks: 60,
        domains: vec![DomainFact {
            name: "retail".to_owned(),
            tools: 2,
            world: "generated, 500 people".to_owned(),
        }],
        makers: vec![Maker {
            role: "agent".to_owned(),
            name: "gold".to_owned(),
            scripted: true,
        }],
        ..CardFacts::default()
    }
}

fn write(dir: &Path, settings: Settings, rows: &[Row]) {
    let mut writer = DatasetWriter::create(dir, settings).unwrap();
    rows.iter().for_each(|row| writer.push(row).unwrap());
    writer.finish(&facts()).unwrap();
    verify(dir).unwrap();
}

/// Interpreter of an environment named by a variable, or made by `tests/python/setup`.
fn python(variable: &str, version: &str) -> Option<PathBuf> {
    let made = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../target/venvs")
        .join(format!("datasets-{version}"));
    let venv = std::env::var_os(variable).map_or(made, PathBuf::from);
    let python = venv.join("bin/python");
    if python.exists() {
        return Some(python);
    }
    let missing = format!(
        "{} is missing; run tests/python/setup, or set {variable}",
        python.display()
    );
    assert!(
        std::env::var_os("T2T_REQUIRE_PYTHON").is_none(),
        "{missing}"
    );
    eprintln!("NOT TESTED with datasets {version}: {missing}");
    None
}

/// Runs the conformance script and gives what it printed.
fn load(python: &Path, dataset: &Path, source: &Path, configs: &[&str]) -> Result<String, String> {
    let home = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/load_dataset.py");
    let output = Command::new(python)
        .arg(script)
        .args([dataset, source])
        .args(configs)
        .env("HF_HOME", home.path())
        .env("HF_HUB_OFFLINE", "1")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    if output.status.success() {
        Ok(out.into_owned())
    } else {
        Err(format!("{out}\n{err}"))
    }
}

struct Written {
    dir: tempfile::TempDir,
    dataset: PathBuf,
    source: PathBuf,
}

fn written() -> Written {
    let dir = tempfile::tempdir().unwrap();
    let (dataset, source) = (dir.path().join("dataset"), dir.path().join("source.jsonl"));
    let rows = rows();
    write(
        &dataset,
        Settings {
            shard_rows: 10,
            group_bytes: 8_000,
            ..Settings::dataset("run_sample")
        },
        &rows,
    );
    fs::write(
        &source,
        rows.iter()
            .map(|row| source_line(row) + "\n")
            .collect::<String>(),
    )
    .unwrap();
    Written {
        dir,
        dataset,
        source,
    }
}

#[test]
fn every_config_loads_with_current_datasets() {
    let Some(python) = python("T2T_VENV_CURRENT", "5.2.0") else {
        return;
    };
    let written = written();
    let printed =
        load(&python, &written.dataset, &written.source, &[]).unwrap_or_else(|e| panic!("{e}"));
    println!("{printed}");
    for expected in [
        "config raw",
        "config trl",
        "config openai",
        "default config",
        "folder openai",
    ] {
        assert!(
            printed.contains(expected),
            "{expected} was not loaded: {printed}"
        );
    }
}

#[test]
fn raw_loads_with_old_datasets() {
    let Some(python) = python("T2T_VENV_36", "3.6.0") else {
        return;
    };
    let written = written();
    let printed = load(&python, &written.dataset, &written.source, &["raw"])
        .unwrap_or_else(|e| panic!("{e}"));
    println!("{printed}");
    assert!(
        printed.contains("datasets 3.6.0: config raw: 120 rows"),
        "{printed}"
    );
}

#[test]
fn each_export_loads_alone() {
    let Some(python) = python("T2T_VENV_CURRENT", "5.2.0") else {
        return;
    };
    let written = written();
    for format in Format::ALL {
        let dir = written.dir.path().join(format.as_str());
        write(
            &dir,
            Settings {
                shard_rows: 10,
                ..Settings::export("run_sample", format)
            },
            &rows(),
        );
        let printed = load(&python, &dir, &written.source, &[format.as_str()])
            .unwrap_or_else(|e| panic!("{e}"));
        println!("{printed}");
    }
}

#[test]
fn a_changed_call_is_noticed() {
    let Some(python) = python("T2T_VENV_CURRENT", "5.2.0") else {
        return;
    };
    let written = written();
    let source = fs::read_to_string(&written.source).unwrap();
    let changed = source.replacen(r#"\"amount\":2.0}"#, r#"\"amount\":2}"#, 1);
    assert_ne!(source, changed);
    fs::write(&written.source, changed).unwrap();
    let error = load(&python, &written.dataset, &written.source, &["trl"]).unwrap_err();
    assert!(
        error.contains("arguments.amount: 2.0 where 2 was written"),
        "{error}"
    );
}
