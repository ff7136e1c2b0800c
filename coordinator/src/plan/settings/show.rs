//! Settings as text: with their sources, as a plan file, and the reference of all of them.

use serde_json::Value;

use super::Resolved;
use super::table::{self, FIXED, MODELS, Setting};
use crate::plan::Plan;
use crate::plan::models::ModelPlan;

/// Every setting, its value and where it came from, in aligned columns.
pub fn show(resolved: &Resolved) -> String {
    let lines = lines(&resolved.plan);
    let width = |text: fn(&Line) -> &str| {
        let widths = lines.iter().map(|line| text(line).chars().count());
        widths.max().unwrap_or_default()
    };
    let (keys, values) = (width(|line| &line.key), width(|line| &line.value));
    let mut out = String::new();
    for Line { key, value, .. } in &lines {
        let source = resolved.source(key);
        out.push_str(&format!("{key:keys$}  {value:values$}  {source}\n"));
    }
    out
}

/// The plan as a commented TOML file that reads back equal.
pub fn toml(plan: &Plan) -> String {
    let mut out = String::new();
    let mut current = "";
    let lines = lines(plan);
    for Line {
        key,
        setting,
        value,
    } in &lines
    {
        let (section, name) = key.rsplit_once('.').unwrap_or(("", key));
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
    let mut plan = Plan::default();
    plan.models.insert("NAME".to_owned(), ModelPlan::default());
    let (models, fixed): (Vec<_>, Vec<_>) = lines(&plan)
        .into_iter()
        .partition(|line| line.setting.key.contains('*'));
    let mut out = String::from(HEAD);
    out.extend(fixed.iter().map(Line::row));
    out.push_str(OF_MODELS);
    out.extend(models.iter().map(Line::row));
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
the environment, a flag. `t2t plan show` prints every value with its source, `t2t plan show --toml`
a complete plan file. A key that is not in this table is refused wherever it stands.

- In the environment, two underscores stand for the dot, and lists are separated by commas:
  `T2T_WORLD__ORDERS=5000`, `T2T_AGENTS=gold,noisy:0.2`.
- A setting of a model has the model's name where this page says `NAME`: small letters, digits, `-` and
  `_`. In the environment it stands in capitals: `T2T_MODELS__SMALL__URL=http://10.0.0.1:8000/v1`.
- `--agent` may be given several times; together they replace the list.
- `--mix general=2,ambiguous=1` sets all four shares: a scenario that is not named gets none.

| key | type | default | flag | variable | meaning |
|---|---|---|---|---|---|
";

const OF_MODELS: &str = "
A plan may describe language models, each in a table `[models.NAME]`:

| key | type | default | flag | variable | meaning |
|---|---|---|---|---|---|
";

const OTHERS: &str = "
Variables that begin with `T2T_` but set nothing in a plan:

| variable | meaning |
|---|---|
";

/// A setting of a plan with its value as TOML writes it.
struct Line {
    /// Its key, a model's name in place of the star.
    key: String,
    setting: &'static Setting,
    value: String,
}

impl Line {
    /// As a row of the reference.
    fn row(&self) -> String {
        let Setting {
            kind,
            flag,
            meaning,
            ..
        } = self.setting;
        let flag = if flag.is_empty() {
            String::new()
        } else {
            format!("`--{flag}`")
        };
        let (key, value, variable) = (&self.key, &self.value, self.setting.variable());
        format!("| `{key}` | {kind} | `{value}` | {flag} | `{variable}` | {meaning} |\n")
    }
}

/// The settings of a plan in the order of the table, then those of each of its models.
fn lines(plan: &Plan) -> Vec<Line> {
    let fixed = FIXED
        .iter()
        .map(|setting| (setting.key.to_owned(), setting));
    let models = plan.models.keys().flat_map(|name| {
        MODELS
            .iter()
            .map(move |setting| (setting.of(name), setting))
    });
    let json = serde_json::to_value(plan).expect("a plan is plain data");
    let line = |(key, setting): (String, &'static Setting)| {
        let value = json
            .pointer(&format!("/{}", key.replace('.', "/")))
            .expect("the test of the table finds every key");
        let value = written(value);
        Line {
            key,
            setting,
            value,
        }
    };
    fixed.chain(models).map(line).collect()
}

fn written(value: &Value) -> String {
    match value {
        Value::Null => quoted(""),
        Value::String(text) => quoted(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(written).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(fields) => {
            let field =
                |(name, value): (&String, &Value)| format!("{} = {}", quoted(name), written(value));
            let fields: Vec<String> = fields.iter().map(field).collect();
            format!("{{{}}}", fields.join(", "))
        }
        Value::Number(number) if number.as_i64().is_none() && number.is_u64() => {
            quoted(&number.to_string())
        }
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
