//! What a model's settings must be to each other; and that no secret stands in them.

use proto::record::{Protocol, Sampling, Value};

use super::refused;
use crate::plan::models::ModelPlan;
use crate::plan::settings::{Resolved, SettingsError};

/// Fields of a request's body that this program writes itself, or that have a server write, and charge for, several
/// replies.
const WRITTEN: [&str; 13] = [
    "model",
    "messages",
    "system",
    "tools",
    "tool_choice",
    "response_format",
    "stream",
    "n",
    "best_of",
    "temperature",
    "top_p",
    "max_tokens",
    "seed",
];

/// Fields without which nothing is asked.
const KEPT: [&str; 4] = ["model", "messages", "system", "tools"];

const NO_SECRETS: &str = "secrets never stand in a plan";

/// Refuses models that can't be asked.
pub(super) fn models(resolved: &Resolved) -> Result<(), SettingsError> {
    resolved.plan.models.iter().try_for_each(|(name, plan)| {
        let model = Model {
            resolved,
            name,
            plan,
        };
        model.key()?;
        model.place()?;
        model.model()?;
        model.sampling()?;
        model.patience()
    })
}

/// One model with where its settings came from.
struct Model<'a> {
    resolved: &'a Resolved,
    name: &'a str,
    plan: &'a ModelPlan,
}

impl Model<'_> {
    fn refused(
        &self,
        setting: &str,
        value: impl ToString,
        problem: impl Into<String>,
        mend: impl Into<String>,
    ) -> SettingsError {
        let key = format!("models.{}.{setting}", self.name);
        refused(self.resolved, &key, value, problem, mend)
    }

    /// What may be a key is never repeated in an error.
    fn key(&self) -> Result<(), SettingsError> {
        let key = &self.plan.key;
        let mend = "give the name of the environment variable of the workers that holds it, such as SMALL_API_KEY";
        if !key.is_empty() && (!is_variable(key) || looks_secret(key)) {
            let value = format!("something of {} characters", key.chars().count());
            let problem = format!("it may be the key itself, and {NO_SECRETS}");
            return Err(self.refused("key", value, problem, mend));
        }
        if key.starts_with("T2T_") {
            let problem = "variables that begin with T2T_ are this program's own";
            return Err(self.refused("key", format!("`{key}`"), problem, mend));
        }
        Ok(())
    }

    fn place(&self) -> Result<(), SettingsError> {
        let ModelPlan {
            protocol,
            url,
            command,
            ..
        } = self.plan;
        let label = protocol.label();
        if *protocol == Protocol::Program {
            if command.is_empty() {
                let mend = "give the program and its arguments, as [\"python\", \"agent.py\"]";
                let problem = "there is no program to start";
                return Err(self.refused("command", "empty", problem, mend));
            }
            if !url.is_empty() {
                let problem = "a program is started, not called over HTTP";
                let mend = "leave the URL out, or set another `protocol`";
                return Err(self.refused("url", "given", problem, mend));
            }
            return Ok(());
        }
        if !command.is_empty() {
            let problem = format!("the protocol is {label}, which starts no program");
            let mend = "leave the command out, or set `protocol` to program";
            return Err(self.refused("command", "given", problem, mend));
        }
        self.url()
    }

    fn url(&self) -> Result<(), SettingsError> {
        let url = self.plan.url.as_str();
        let rest = url
            .strip_prefix("http://")
            .or_else(|| url.strip_prefix("https://"));
        let Some(rest) = rest.filter(|rest| !rest.is_empty() && !rest.starts_with('/')) else {
            let value = if url.is_empty() {
                "empty"
            } else {
                "no URL of HTTP"
            };
            let problem = "the model has no place to be asked at";
            let mend = "give its base URL, such as `http://127.0.0.1:8000/v1`";
            return Err(self.refused("url", value, problem, mend));
        };
        let host = rest.split('/').next().unwrap_or_default();
        if host.contains('@') {
            let problem = format!("user and password are in it, and {NO_SECRETS}");
            let mend = "leave them out; `key` names the variable that holds a key";
            return Err(self.refused("url", "a URL with `@`", problem, mend));
        }
        if rest.contains(['?', '#']) || rest.contains(char::is_whitespace) {
            let problem = "paths are added to its end";
            let mend = "give the URL without query, fragment and spaces";
            return Err(self.refused("url", "more than a base URL", problem, mend));
        }
        Ok(())
    }

    fn model(&self) -> Result<(), SettingsError> {
        let named = matches!(self.plan.protocol, Protocol::OpenAi | Protocol::Anthropic);
        if named && self.plan.model.is_empty() {
            let problem = "the server would not know which model is meant";
            let mend = "give the model's name as the server calls it";
            return Err(self.refused("model", "empty", problem, mend));
        }
        Ok(())
    }

    fn sampling(&self) -> Result<(), SettingsError> {
        if let Some(temperature) = self.plan.temperature
            && self.plan.protocol == Protocol::Anthropic
            && temperature > 1.0
        {
            let problem = "Anthropic's Messages go up to 1";
            return Err(self.refused("temperature", temperature, problem, "lower it"));
        }
        let mut omitted = self.plan.omit.iter();
        if let Some(kept) = omitted.find(|field| KEPT.contains(&field.as_str())) {
            let problem = "no request is one without it";
            return Err(self.refused("omit", format!("`{kept}`"), problem, "take it out"));
        }
        self.limited()?;
        let mut fields = self.plan.extra.keys();
        let Some(taken) = fields.find(|field| WRITTEN.contains(&field.as_str())) else {
            return Ok(());
        };
        let problem = format!("`{taken}` is written by this program");
        let mend = "take it out; what may be chosen has a setting of its own";
        Err(self.refused("extra", "a table", problem, mend))
    }

    /// A reservation of money and tokens rests on the most that a reply may have, so each request says it.
    fn limited(&self) -> Result<(), SettingsError> {
        let newer = Sampling::NEWER_LIMIT;
        let other_form = self.plan.protocol != Protocol::OpenAi;
        if let Some(limit) = self.plan.extra.get(newer) {
            let whole = matches!(limit, Value::Int(limit) if *limit > 0);
            if !whole {
                let problem = format!("`{newer}` is no whole number above 0");
                let mend = format!("write it as in `{newer} = 4096`");
                return Err(self.refused("extra", "a table", problem, mend));
            }
        }
        let unlimited = |field: &&String| match field.as_str() {
            "max_tokens" => other_form || !self.plan.extra.contains_key(newer),
            field => field == newer,
        };
        let Some(field) = self.plan.omit.iter().find(unlimited) else {
            return Ok(());
        };
        let problem = "without it a reply could be of any length, and cost any sum";
        let mend = match field == newer || other_form {
            true => "take it out",
            false => "take it out, or set `max_completion_tokens` in `extra` instead",
        };
        Err(self.refused("omit", format!("`{field}`"), problem, mend))
    }

    fn patience(&self) -> Result<(), SettingsError> {
        let (first, total) = (self.plan.first_byte_seconds, self.plan.total_seconds);
        if first <= total {
            return Ok(());
        }
        let problem = format!("more than `total_seconds`, which is {total}");
        let mend = format!("set it to {total} or less, or raise `total_seconds`");
        Err(self.refused("first_byte_seconds", first, problem, mend))
    }
}

/// Whether a variable may be called so, in the customary capitals.
fn is_variable(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    text.bytes().all(allowed) && !text.starts_with(|first: char| first.is_ascii_digit())
}

/// Whether a text in capitals is more likely a key than the name of one.
fn looks_secret(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    text.len() > 64 || (!text.contains('_') && text.len() >= 16 && digits > 0)
}
