//! Settings as text: with their sources, as a plan file, and the reference of all of them.

use serde_json::Value;

use super::Resolved;
use super::table::{self, SETTINGS, Setting};
use crate::plan::Plan;

/// Every setting, its value and where it came from, in aligned columns.
pub fn show(resolved: &Resolved) -> String {
    let values = values(&resolved.plan);
    let width = |texts: &mut dyn Iterator<Item = &str>| {
        texts
            .map(|text| text.chars().count())
            .max()
            .unwrap_or_default()
    };
    let keys = width(&mut SETTINGS.iter().map(|setting| setting.key));
    let most = width(&mut values.iter().map(String::as_str));
    let mut out = String::new();
    for (setting, value) in SETTINGS.iter().zip(&values) {
        let source = resolved.source(setting.key);
        out.push_str(&format!("{:keys$}  {value:most$}  {source}\n", setting.key));
    }
    out
}

/// The plan as a commented TOML file that reads back equal.
pub fn toml(plan: &Plan) -> String {
    let mut out = String::new();
    let mut current = "";
    for (setting, value) in SETTINGS.iter().zip(values(plan)) {
        let (section, name) = setting.parts();
        if section != current {
            out.push_str(&format!("\n[{section}]\n"));
            current = section;
        }
        out.push_str(&format!("# {}\n{name} = {value}\n", setting.meaning));
    }
    out
}

/// Every setting with type, default, flag, variable and meaning, as Markdown.
pub fn reference() -> String {
    let mut out = String::from(HEAD);
    for (setting, value) in SETTINGS.iter().zip(values(&Plan::default())) {
        let flag = if setting.flag.is_empty() {
            String::new()
        } else {
            format!("`--{}`", setting.flag)
        };
        let Setting {
            key, kind, meaning, ..
        } = setting;
        let variable = setting.variable();
        out.push_str(&format!(
            "| `{key}` | {kind} | `{value}` | {flag} | `{variable}` | {meaning} |\n"
        ));
    }
    out.push_str(OTHERS);
    for (prefix, meaning) in table::OTHER_VARIABLES {
        out.push_str(&format!("| `{prefix}…` | {meaning} |\n"));
    }
    out
}

const HEAD: &str = "\
# Settings of a plan

This page is generated from the program's own table; `T2T_BLESS=1 cargo test -p coordinator settings`
writes it again.

A value comes from the last of these that gives one: the default, the plan file (`t2t run PLAN.toml`),
the environment, a flag. `t2t plan show` prints every value with its source, `t2t plan show --format toml`
a complete plan file. A key that is not in this table is refused wherever it stands.

- In the environment, two underscores stand for the dot, and lists are separated by commas:
  `T2T_WORLD__ORDERS=5000`, `T2T_AGENTS=gold,noisy:0.2`.
- `--agent` may be given several times; together they replace the list.
- `--mix general=2,ambiguous=1` sets all four shares: a scenario that is not named gets none.

| key | type | default | flag | variable | meaning |
|---|---|---|---|---|---|
";

const OTHERS: &str = "
Variables that begin with `T2T_` but set nothing in a plan:

| variable | meaning |
|---|---|
";

/// Values of a plan as TOML writes them, in the order of the table.
fn values(plan: &Plan) -> Vec<String> {
    let plan = serde_json::to_value(plan).expect("a plan is plain data");
    let value = |setting: &Setting| {
        let pointer = format!("/{}", setting.key.replace('.', "/"));
        let value = plan
            .pointer(&pointer)
            .expect("the test of the table finds every key");
        written(value)
    };
    SETTINGS.iter().map(value).collect()
}

fn written(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(written).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Number(number) if number.as_i64().is_none() => quoted(&number.to_string()),
        other => other.to_string(),
    }
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            control if control.is_control() => out.push_str(&format!("\\u{:04X}", control as u32)),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}
