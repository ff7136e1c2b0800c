//! The words that models are asked in: templates under `worker/prompts`, each of which a plan may replace
//! by its own file of the same name.
//!
//! What a template was is part of what came of it, so its digest goes into every row's provenance. Beside the system
//! prompt that it renders, a template sets what else its model is told: `begin`, with which the conversation begins,
//! and `again`, which answers a reply that can't be used, with the reason in place of `{complaint}`.

mod samples;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};
use proto::digest::{Digest, Hasher};
use proto::record::Message;
use serde_json::Value as Json;

macro_rules! built_in {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../prompts/", $name)))),*]
    };
}

/// The built-in templates by file name.
pub const BUILT_IN: [(&str, &str); 8] = built_in![
    "agent.md.j2",
    "agent_react.md.j2",
    "explorer.md.j2",
    "judge.md.j2",
    "user.md.j2",
    "user_tau2.md.j2",
    "validity.md.j2",
    "writer.md.j2",
];

/// System prompt of an agent that calls tools by its protocol's means.
pub const AGENT: &str = "agent.md.j2";
/// System prompt of an agent that calls tools in text.
pub const AGENT_REACT: &str = "agent_react.md.j2";
/// Either's: both are given the same, and their models begin with what a user says.
const AGENTS: [&str; 2] = [AGENT, AGENT_REACT];
/// System prompt of an explorer.
pub const EXPLORER: &str = "explorer.md.j2";
/// System prompt of a judge of conversations.
pub const JUDGE: &str = "judge.md.j2";
/// System prompt of a simulated user.
pub const USER: &str = "user.md.j2";
/// System prompt of a simulated user that speaks in free text.
pub const USER_TAU2: &str = "user_tau2.md.j2";
/// System prompt of a judge of tasks.
pub const VALIDITY: &str = "validity.md.j2";
/// System prompt of a writer of scripts.
pub const WRITER: &str = "writer.md.j2";

/// What a template sets that begins its model's conversation.
const BEGIN: &str = "begin";
/// And what answers a reply that can't be used.
const AGAIN: &str = "again";
/// What stands for the reason in it.
const COMPLAINT: &str = "{complaint}";

/// What every template may name.
const GLOBALS: [&str; 4] = ["range", "dict", "namespace", "debug"];

/// Why a prompt can't be made.
#[derive(Debug, thiserror::Error)]
pub enum PromptError {
    /// A file of the plan's replaces nothing.
    #[error("no prompt is called `{name}`; there are {}", names())]
    Unknown {
        /// The file's name.
        name: String,
    },
    /// A template names what its place does not give.
    #[error("prompt `{name}` names `{variable}`; it is given {given}")]
    Variable {
        /// The file's name.
        name: String,
        /// What it names.
        variable: String,
        /// What there is.
        given: String,
    },
    /// What a template sets beside its system prompt can't be sent.
    #[error("prompt `{name}` sets {fault}")]
    Set {
        /// The file's name.
        name: String,
        /// What is wrong with it.
        fault: String,
    },
    /// A template does not parse, or names what is not there.
    #[error("prompt `{name}`: {source}")]
    Template {
        /// The file's name.
        name: String,
        /// What is wrong with it.
        source: minijinja::Error,
    },
}

fn names() -> String {
    BUILT_IN.map(|(name, _)| name).join(", ")
}

/// What a model is told that is not said by anybody else.
#[derive(Debug, Clone)]
pub struct Prompt {
    /// Its system prompt.
    pub system: String,
    /// Digest of the template.
    pub digest: Digest,
    begin: String,
    again: String,
}

impl Prompt {
    /// What begins the conversation.
    pub fn begin(&self) -> Message {
        let text = self.begin.clone();
        Message::User { text }
    }

    /// What begins it, below something to read.
    pub fn begin_after(&self, shown: &str) -> Message {
        let text = format!("{shown}\n{}", self.begin);
        Message::User { text }
    }

    /// Checks what the plan's own template of this name sets.
    fn check(&self, name: &str) -> Result<(), PromptError> {
        let fault = if self.begin.trim().is_empty() && !AGENTS.contains(&name) {
            format!("`{BEGIN}` to nothing, and no conversation begins with an empty message")
        } else if !self.again.is_empty() && !self.again.contains(COMPLAINT) {
            format!(
                "`{AGAIN}` without `{COMPLAINT}`, so its model would not be told what was wrong"
            )
        } else {
            return Ok(());
        };
        let name = name.to_owned();
        Err(PromptError::Set { name, fault })
    }

    /// What answers a reply that can't be used for this reason.
    pub fn again(&self, complaint: &str) -> Message {
        let text = self.again.replace(COMPLAINT, complaint);
        Message::User { text }
    }
}

/// Templates, those of the plan before the built-in ones.
#[derive(Debug)]
pub struct Prompts {
    texts: BTreeMap<&'static str, Cow<'static, str>>,
}

impl Prompts {
    /// The built-in templates, some replaced by the plan's.
    ///
    /// # Errors
    /// When a file replaces nothing, or does not parse.
    pub fn new(own: &[(String, String)]) -> Result<Self, PromptError> {
        let mut texts: BTreeMap<&'static str, Cow<'static, str>> = BUILT_IN
            .iter()
            .map(|&(name, text)| (name, text.into()))
            .collect();
        for (name, text) in own {
            let known = BUILT_IN.iter().find(|(built_in, _)| built_in == name);
            let Some(&(known, _)) = known else {
                return Err(PromptError::Unknown { name: name.clone() });
            };
            variables(name, text)?;
            texts.insert(known, text.clone().into());
        }
        Ok(Self { texts })
    }

    /// Checks a plan's own templates before anybody is asked: whether each can be made from what its place
    /// gives.
    ///
    /// # Errors
    /// As [`Self::new`], and when a file names what nothing gives.
    pub fn check(own: &[(String, String)]) -> Result<(), PromptError> {
        let prompts = Self::new(own)?;
        for (name, text) in own {
            let mut given = BTreeSet::new();
            for (built_in, text) in BUILT_IN {
                if built_in == name || AGENTS.contains(&built_in) && AGENTS.contains(&name.as_str())
                {
                    given.extend(variables(built_in, text)?);
                }
            }
            let named = variables(name, text)?;
            let set = |variable: &str| text.contains(&format!("set {variable}"));
            let known = |variable: &&String| GLOBALS.contains(&variable.as_str()) || set(variable);
            if let Some(variable) = named.difference(&given).find(|variable| !known(variable)) {
                let given: Vec<&str> = given.iter().map(String::as_str).collect();
                return Err(PromptError::Variable {
                    name: name.clone(),
                    variable: variable.clone(),
                    given: given.join(", "),
                });
            }
        }
        // Fields of what is named show when they are missed.
        for name in BUILT_IN.map(|(name, _)| name) {
            if own.iter().any(|(own, _)| own == name) {
                for sample in samples::of(name) {
                    prompts.made(name, &sample)?.check(name)?;
                }
            }
        }
        Ok(())
    }

    /// The prompt of this name over `context`.
    ///
    /// # Errors
    /// When the template names what is not in the context.
    pub fn prompt(&self, name: &'static str, context: &Json) -> Result<Prompt, PromptError> {
        #[cfg(test)]
        samples::assert_whole(name, context);
        self.made(name, context)
    }

    fn made(&self, name: &'static str, context: &Json) -> Result<Prompt, PromptError> {
        let (system, begin, again) = rendered(name, &self.texts[name], context)?;
        let mut built_in = (None, None);
        // A plan's own template may set neither.
        if let Cow::Owned(_) = self.texts[name]
            && (begin.is_none() || again.is_none())
        {
            let found = BUILT_IN.iter().find(|(built_in, _)| *built_in == name);
            let (_, text) = found.expect("every template has its built-in one");
            let (_, begin, again) = rendered(name, text, context)?;
            built_in = (begin, again);
        }
        Ok(Prompt {
            system,
            digest: self.digest(name),
            begin: begin.or(built_in.0).unwrap_or_default(),
            again: again.or(built_in.1).unwrap_or_default(),
        })
    }

    /// Digest of a template.
    fn digest(&self, name: &'static str) -> Digest {
        let mut hasher = Hasher::new("t2t.prompt", 1);
        hasher.text(name).text(&self.texts[name]);
        hasher.finish()
    }
}

/// A system prompt, and what its template sets beside it.
fn rendered(
    name: &str,
    text: &str,
    context: &Json,
) -> Result<(String, Option<String>, Option<String>), PromptError> {
    let environment = environment();
    let template = environment.template_from_named_str(name, text);
    let captured = template.and_then(|template| template.render_captured(Serde(context)));
    let captured = captured.map_err(|source| PromptError::Template {
        name: name.to_owned(),
        source,
    })?;
    let set = |variable| {
        let value = captured.state().lookup(variable);
        value.map(|value| value.to_string())
    };
    let (begin, again) = (set(BEGIN), set(AGAIN));
    Ok((captured.into_output(), begin, again))
}

/// What a template names that its context has to give.
fn variables(name: &str, text: &str) -> Result<BTreeSet<String>, PromptError> {
    let environment = environment();
    let template = environment.template_from_named_str(name, text);
    let template = template.map_err(|source| PromptError::Template {
        name: name.to_owned(),
        source,
    })?;
    Ok(template.undeclared_variables(false).into_iter().collect())
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_plans_own_prompt_replaces_the_built_in_one_and_its_digest() {
        let policy = json!({"policy": "Be kind."});
        let built_in = Prompts::new(&[]).unwrap();
        let system = |prompts: &Prompts| prompts.prompt(AGENT, &policy).unwrap().system;
        assert_eq!(system(&built_in), "Be kind.");
        let own = [(AGENT.to_owned(), "Policy:\n{{ policy }}".to_owned())];
        let own = Prompts::new(&own).unwrap();
        assert_eq!(system(&own), "Policy:\nBe kind.");
        assert_ne!(own.digest(AGENT), built_in.digest(AGENT));
        assert_eq!(own.digest(AGENT_REACT), built_in.digest(AGENT_REACT));
    }

    #[test]
    fn what_is_wrong_with_a_prompt_is_told_with_its_name() {
        let refused = |name: &str, text: &str| {
            let own = [(name.to_owned(), text.to_owned())];
            Prompts::check(&own).unwrap_err().to_string()
        };
        assert!(refused("agnet.md.j2", "").contains("agent.md.j2"));
        let wanted = "prompt `agent.md.j2`: syntax error";
        assert!(refused(AGENT, "{{ policy").starts_with(wanted));
        let wanted = "prompt `agent.md.j2` names `poilcy`; it is given policy, tools";
        assert_eq!(refused(AGENT, "{{ poilcy }}"), wanted);
        for (name, text) in [
            (WRITER, "{% for goal in goals %}{{ goal.sayy }}{% endfor %}"),
            (USER, "{{ change.text }}"),
            (
                USER_TAU2,
                "{% for goal in goals %}{{ goal.reveals[0].text }}{% endfor %}",
            ),
            (
                EXPLORER,
                "{% if form == 'react' %}{{ leads.first.text }}{% endif %}",
            ),
        ] {
            let told = refused(name, text);
            let wanted = format!("prompt `{name}`: undefined value");
            assert!(told.starts_with(&wanted), "{told}");
        }
        // Every built-in one may stand for itself.
        let own = BUILT_IN.map(|(name, text)| (name.to_owned(), text.to_owned()));
        Prompts::check(&own).unwrap();
        let free = "{% set tone = policy %}{% for n in range(2) %}{{ n }}{{ tone }}{% endfor %}{{ tools }}";
        Prompts::check(&[(AGENT.to_owned(), free.to_owned())]).unwrap();
        let own = Prompts::new(&own).unwrap();
        let error = own.prompt(AGENT, &json!({})).unwrap_err();
        assert!(error.to_string().contains(AGENT), "{error}");
    }

    #[test]
    fn what_begins_and_what_complains_is_the_templates_too() {
        let sample = &samples::of(WRITER)[0];
        let told = |text: &str| {
            let own = [(WRITER.to_owned(), text.to_owned())];
            let prompt = Prompts::new(&own).unwrap().prompt(WRITER, sample).unwrap();
            let text = |message| match message {
                Message::User { text } => text,
                other => panic!("{other:?}"),
            };
            (
                prompt.system.clone(),
                text(prompt.begin()),
                text(prompt.again("too long")),
            )
        };
        let own = "{%- set begin = \"Los.\" -%}{%- set again = \"Nein: {complaint}\" -%}Schreib.";
        let all = ["Schreib.", "Los.", "Nein: too long"].map(str::to_owned);
        assert_eq!(told(own), all.into());
        // Of what it leaves out, the built-in one's.
        let (system, begin, again) = told("Schreib.");
        assert_eq!(
            (system.as_str(), begin.as_str()),
            ("Schreib.", "[Write the texts.]")
        );
        assert!(again.contains("too long"), "{again}");
        for (own, wrong) in [
            (
                "{%- set again = \"Nein.\" -%}",
                "`again` without `{complaint}`",
            ),
            ("{%- set begin = \" \" -%}", "`begin` to nothing"),
        ] {
            let own = [(WRITER.to_owned(), own.to_owned())];
            let refused = Prompts::check(&own).unwrap_err().to_string();
            assert!(refused.contains(wrong), "{refused}");
        }
    }

    #[test]
    fn every_built_in_template_says_how_its_conversation_begins() {
        let prompts = Prompts::new(&[]).unwrap();
        for (name, begins, complains) in [
            (AGENT, "", ""),
            (AGENT_REACT, "", ""),
            (
                EXPLORER,
                "[Explore.]",
                "[Words alone do nothing here; use a tool. so]",
            ),
            (JUDGE, "[Judge the statements.]", ""),
            (
                USER,
                "[The chat is open. You speak first.]",
                "[This can't be sent: so. Give your turn again.]",
            ),
            (
                USER_TAU2,
                "Hello, you are through to support. What is it about?",
                "[This can't be sent: so. Give your message again.]",
            ),
            (VALIDITY, "[Judge the task.]", ""),
            (
                WRITER,
                "[Write the texts.]",
                "[This can't be used: so. Give all texts again.]",
            ),
        ] {
            let prompt = prompts.made(name, &samples::of(name)[0]).unwrap();
            let user = |text: &str| Message::User {
                text: text.to_owned(),
            };
            assert_eq!(prompt.begin(), user(begins), "{name}");
            assert_eq!(prompt.again("so"), user(complains), "{name}");
            let below = format!("To read.\n{begins}");
            assert_eq!(prompt.begin_after("To read."), user(&below), "{name}");
        }
    }
}
