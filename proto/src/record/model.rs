//! Language models: who speaks in a role, under which settings and at what price, and what is known of
//! it afterwards.
//!
//! An [`Endpoint`] travels with every job that asks it something, so that a worker needs nothing but its
//! keys. What changes what a model answers is in [`Endpoint::settings`], which goes into ids; where it
//! is served, how fast it may be asked and what it costs does not.

use serde::{Deserialize, Serialize};

use super::money::Money;
use super::value::{Map, Value};
use crate::digest::{Digest, Hasher};

/// What a model does in the making of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Explores a domain with its tools.
    Explorer,
    /// Words a task's script.
    Writer,
    /// Judges whether a task is natural and consistent.
    Validity,
    /// Simulates the user.
    User,
    /// Is the agent under test.
    Agent,
    /// Judges what exact matching can't decide.
    Judge,
}

impl Role {
    /// All of them, in the order of a candidate's life.
    pub const ALL: [Self; 6] = [
        Self::Explorer,
        Self::Writer,
        Self::Validity,
        Self::User,
        Self::Agent,
        Self::Judge,
    ];

    /// As written in keys, rows and metrics.
    pub fn label(self) -> &'static str {
        match self {
            Self::Explorer => "explorer",
            Self::Writer => "writer",
            Self::Validity => "validity",
            Self::User => "user",
            Self::Agent => "agent",
            Self::Judge => "judge",
        }
    }
}

/// How an endpoint is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// Chat completions, as `OpenAI` and most servers have them.
    OpenAi,
    /// Anthropic's Messages.
    Anthropic,
    /// An agent of one's own behind HTTP: given conversation and tools, it answers with a message.
    Service,
    /// The same as a program of one's own, over its standard input and output.
    Program,
}

impl Protocol {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::OpenAi, Self::Anthropic, Self::Service, Self::Program];

    /// As written in plans, rows and metrics.
    pub const fn label(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
            Self::Service => "service",
            Self::Program => "program",
        }
    }
}

/// How a model is told of tools and says which it uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CallForm {
    /// By the protocol's own means.
    Native,
    /// Thought, action and input as text (Yao et al. 2022, arXiv 2210.03629), for models that know no
    /// function calling.
    React,
    /// One call a message, as a JSON object of a schema that lists what may be called: for models too small
    /// for text of their own.
    Json,
}

impl CallForm {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Native, Self::React, Self::Json];

    /// As written in plans and rows.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::React => "react",
            Self::Json => "json",
        }
    }
}

/// How a model that simulates the user answers, and how it takes leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UserProtocol {
    /// In a form: what it says, what it reveals, and of a closed list how it leaves.
    #[default]
    Form,
    /// In free text with words that stop the conversation, as the users of τ²-bench do.
    Tau2,
}

impl UserProtocol {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Form, Self::Tau2];

    /// As written in plans.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Form => "form",
            Self::Tau2 => "tau2",
        }
    }

    /// What it adds to a user's name in ids, rows and reports.
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Form => "",
            Self::Tau2 => "/tau2",
        }
    }
}

/// How a model draws its words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sampling {
    /// The server's own when none.
    pub temperature: Option<f64>,
    /// The server's own when none.
    pub top_p: Option<f64>,
    /// Most tokens of one reply.
    pub max_tokens: u32,
    /// Whether a seed goes with each request: one a conversation, derived from its job.
    pub seeded: bool,
    /// Further fields of the request's body, as the endpoint names them.
    pub extra: Map,
}

impl Sampling {
    /// The field that some servers want in place of `max_tokens`.
    pub const NEWER_LIMIT: &'static str = "max_completion_tokens";

    /// The most tokens that a reply may have, by whichever field says more.
    pub fn most_output(&self) -> u64 {
        let newer = match self.extra.get(Self::NEWER_LIMIT) {
            Some(Value::Int(limit)) => u64::try_from(*limit).unwrap_or_default(),
            _ => 0,
        };
        newer.max(u64::from(self.max_tokens))
    }
}

/// How a server is asked to hold a reply to a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Structured {
    /// By the schema.
    #[default]
    Schema,
    /// As some JSON object or other: what is in it, the prompt says.
    Object,
    /// Not at all.
    None,
}

impl Structured {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Schema, Self::Object, Self::None];

    /// As written in plans.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Schema => "schema",
            Self::Object => "object",
            Self::None => "none",
        }
    }
}

/// In what a server wants requests otherwise than most.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Dialect {
    /// How it is asked to hold a reply to a schema.
    pub structured: Structured,
    /// Whether what the model thought goes back to it with the conversation.
    pub return_reasoning: bool,
    /// Fields that are left out of a request's body.
    pub omit: Vec<String>,
}

/// Prices in nano-dollars (10⁻⁹ $) a token: a dollar for a million tokens is 1,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Prices {
    /// Of input that neither came from the server's cache nor went into it.
    pub input: u64,
    /// Of input from the server's cache.
    pub cached: u64,
    /// Of input that the server writes into its cache.
    pub written: u64,
    /// Of output.
    pub output: u64,
}

/// How fast the whole fleet may ask a model; 0 is without limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Rates {
    /// Requests begun in a minute.
    pub requests_per_minute: u32,
    /// Tokens in a minute, input and output.
    pub tokens_per_minute: u64,
    /// Requests at once.
    pub concurrency: u32,
}

/// How long an endpoint is waited for, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patience {
    /// For a connection.
    pub connect: u64,
    /// From the request sent to the first byte of the answer.
    pub first_byte: u64,
    /// For the whole answer.
    pub total: u64,
    /// An endpoint that has answered nothing for so long is given up: its episodes are quarantined. So is one
    /// conversation that it has put off for so long.
    pub down: u64,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: 10_000,
            first_byte: 300_000,
            total: 600_000,
            down: 600_000,
        }
    }
}

/// A model where it is served, as a plan names it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Its name in the plan.
    pub name: String,
    /// How it is spoken to.
    pub protocol: Protocol,
    /// Base URL, such as `http://127.0.0.1:8000/v1`; empty for a program.
    pub url: String,
    /// Program and arguments; empty for all but a program.
    pub command: Vec<String>,
    /// Model as the server calls it.
    pub model: String,
    /// Environment variable of the worker that holds the key; empty for none.
    pub key: String,
    /// How it draws its words.
    pub sampling: Sampling,
    /// How it is told of tools.
    pub form: CallForm,
    /// In what its server wants requests otherwise than most.
    pub dialect: Dialect,
    /// What it costs.
    pub prices: Prices,
    /// How fast it may be asked.
    pub rates: Rates,
    /// How long it is waited for.
    pub patience: Patience,
}

impl Endpoint {
    /// Digest of what changes its answers: not its name, place, price or pace.
    pub fn settings(&self) -> Digest {
        let mut hasher = Hasher::new("t2t.model", 1);
        hasher.text(self.protocol.label()).text(&self.model);
        hasher.number(self.command.len() as u64);
        for word in &self.command {
            hasher.text(word);
        }
        let sampling = serde_json::to_string(&self.sampling).expect("sampling is plain data");
        hasher.text(&sampling).text(self.form.label());
        if self.dialect != Dialect::default() {
            let dialect = serde_json::to_string(&self.dialect).expect("a dialect is plain data");
            hasher.text(&dialect);
        }
        hasher.finish()
    }
}

/// Who plays which role in a job, and in what words they are asked.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Cast {
    /// Models by role; a role that is not there is played offline.
    pub models: Vec<(Role, Endpoint)>,
    /// Prompts of the user's own by file name, instead of the built-in ones.
    pub prompts: Vec<(String, String)>,
    /// How a model words scripts; of use to its stage alone.
    pub writing: Writing,
    /// Judgements on a task or a conversation, of which most count; of use to stages with a judge alone.
    pub votes: u32,
    /// What the run's models may cost together, all jobs counted; none if it is not counted. It decides
    /// whether a model is asked, never what it answers.
    pub budget: Option<Money>,
    /// How a model answers that simulates the user; of use to rollouts with such a one alone.
    pub user_protocol: UserProtocol,
}

/// How a model words scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Writing {
    /// Tries, before it is given up.
    pub attempts: u32,
    /// Whether the words of templates stand then; else the candidate is rejected.
    pub fallback: bool,
}

impl Cast {
    /// The model in this role.
    pub fn model(&self, role: Role) -> Option<&Endpoint> {
        let found = self.models.iter().find(|(played, _)| *played == role);
        found.map(|(_, endpoint)| endpoint)
    }

    /// What stands for an agent in the ids of its jobs and episodes. Its name alone as long as nobody in
    /// the conversation is a model; else the name with the settings of every model there is, so that with
    /// others it is other work.
    pub fn identity(&self, agent: &str) -> String {
        let mut identity = agent.to_owned();
        for (role, endpoint) in &self.models {
            let settings = endpoint.settings();
            identity += &match role {
                Role::Agent => format!("@{settings}"),
                Role::User => {
                    let how = self.user_protocol.suffix();
                    format!(" user:{}{how}@{settings}", endpoint.name)
                }
                _ => {
                    let votes = self.votes;
                    format!(" {}:{}/{votes}@{settings}", role.label(), endpoint.name)
                }
            };
        }
        if !self.prompts.is_empty() {
            identity += &format!(
                " prompts@{}",
                prompts_digest(self.prompts.iter().map(|(name, text)| (name, text)))
            );
        }
        identity
    }
}

/// Digest of prompts of the user's own, by file name.
pub fn prompts_digest<'a>(prompts: impl IntoIterator<Item = (&'a String, &'a String)>) -> Digest {
    let mut hasher = Hasher::new("t2t.prompts", 1);
    for (name, text) in prompts {
        hasher.text(name).text(text);
    }
    hasher.finish()
}

/// Tokens as a server counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Of requests, those from the server's cache and into it included.
    pub input: u64,
    /// Of requests, from the server's cache.
    pub cached: u64,
    /// Of requests, written into the server's cache, where that is told.
    pub written: u64,
    /// Of replies, reasoning included.
    pub output: u64,
}

impl Usage {
    /// More tokens than any request or run of them has. What a server says beyond is no count.
    pub const MOST: u64 = u32::MAX as u64;

    /// The same with no count over [`Self::MOST`].
    #[must_use]
    pub fn bounded(self) -> Self {
        Self {
            input: self.input.min(Self::MOST),
            cached: self.cached.min(Self::MOST),
            written: self.written.min(Self::MOST),
            output: self.output.min(Self::MOST),
        }
    }
}

impl std::ops::AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.input = self.input.saturating_add(other.input);
        self.cached = self.cached.saturating_add(other.cached);
        self.written = self.written.saturating_add(other.written);
        self.output = self.output.saturating_add(other.output);
    }
}

impl Usage {
    /// What it costs, in nano-dollars.
    pub fn cost(self, prices: Prices) -> u64 {
        let cached = self.cached.min(self.input);
        let written = self.written.min(self.input - cached);
        let parts = [
            (self.input - cached - written, prices.input),
            (cached, prices.cached),
            (written, prices.written),
            (self.output, prices.output),
        ];
        let costs = parts.map(|(tokens, price)| tokens.saturating_mul(price));
        costs.into_iter().fold(0, u64::saturating_add)
    }
}

/// What a model had to do with a record: a fact of the replies that were kept, never of attempts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// What it did.
    pub role: Role,
    /// Its name in the plan.
    pub name: String,
    /// How it was spoken to.
    pub protocol: Protocol,
    /// Models as the server reported them, in order, each once.
    pub models: Vec<String>,
    /// How it drew its words.
    pub sampling: Sampling,
    /// How it was told of tools.
    pub form: CallForm,
    /// Digest of the prompt templates it was asked with.
    pub prompts: Digest,
    /// Seed that went with its requests.
    pub seed: Option<u64>,
    /// Replies that were used.
    pub replies: u32,
    /// Tokens of all its replies, regenerated ones included.
    pub usage: Usage,
}

impl Part {
    /// The same part in another record, where its replies count for nothing: they are counted here.
    pub fn counted_elsewhere(&self) -> Self {
        Self {
            replies: 0,
            usage: Usage::default(),
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint() -> Endpoint {
        Endpoint {
            name: "small".to_owned(),
            protocol: Protocol::OpenAi,
            url: "http://127.0.0.1:8000/v1".to_owned(),
            command: Vec::new(),
            model: "m".to_owned(),
            key: String::new(),
            sampling: Sampling {
                temperature: Some(0.0),
                top_p: None,
                max_tokens: 512,
                seeded: true,
                extra: Map::new(),
            },
            form: CallForm::Native,
            dialect: Dialect::default(),
            prices: Prices::default(),
            rates: Rates::default(),
            patience: Patience::default(),
        }
    }

    #[test]
    fn settings_are_what_changes_answers() {
        let base = endpoint();
        let moved = Endpoint {
            name: "other".to_owned(),
            url: "http://10.0.0.1/v1".to_owned(),
            key: "KEY".to_owned(),
            prices: Prices {
                input: 1,
                ..Prices::default()
            },
            ..base.clone()
        };
        assert_eq!(moved.settings(), base.settings());
        let changed = [
            Endpoint {
                model: "n".to_owned(),
                ..base.clone()
            },
            Endpoint {
                form: CallForm::React,
                ..base.clone()
            },
            Endpoint {
                sampling: Sampling {
                    temperature: None,
                    ..base.sampling.clone()
                },
                ..base.clone()
            },
            Endpoint {
                protocol: Protocol::Anthropic,
                ..base.clone()
            },
            Endpoint {
                dialect: Dialect {
                    return_reasoning: true,
                    ..Dialect::default()
                },
                ..base.clone()
            },
        ];
        for other in changed {
            assert_ne!(other.settings(), base.settings(), "{other:?}");
        }
    }

    #[test]
    fn an_identity_is_the_name_with_the_settings_of_every_model() {
        let endpoint = endpoint();
        let settings = endpoint.settings();
        let with = |models: &[Role], prompts: &[(&str, &str)]| Cast {
            models: models
                .iter()
                .map(|role| (*role, endpoint.clone()))
                .collect(),
            prompts: prompts
                .iter()
                .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
                .collect(),
            ..Cast::default()
        };
        assert_eq!(Cast::default().identity("noisy:0.2"), "noisy:0.2");
        let agent = with(&[Role::Agent], &[]);
        assert_eq!(
            agent.identity("model:small"),
            format!("model:small@{settings}")
        );
        let user = with(&[Role::User], &[]);
        assert_eq!(user.identity("gold"), format!("gold user:small@{settings}"));
        let other = Cast {
            user_protocol: UserProtocol::Tau2,
            ..user
        };
        let identity = format!("gold user:small/tau2@{settings}");
        assert_eq!(other.identity("gold"), identity);
        let prompted = with(&[Role::Agent], &[("agent.md", "Be kind.")]);
        let digest = prompts_digest(prompted.prompts.iter().map(|(name, text)| (name, text)));
        let identity = format!("model:small@{settings} prompts@{digest}");
        assert_eq!(prompted.identity("model:small"), identity);
        let other = with(&[Role::Agent], &[("agent.md", "Be brief.")]);
        assert_ne!(other.identity("model:small"), identity);
    }

    #[test]
    fn input_from_the_cache_and_into_it_has_prices_of_its_own() {
        let usage = Usage {
            input: 1_000,
            cached: 400,
            written: 200,
            output: 10,
        };
        let prices = Prices {
            input: 1_000,
            cached: 100,
            written: 1_250,
            output: 2_000,
        };
        assert_eq!(usage.cost(prices), 400_000 + 40_000 + 250_000 + 20_000);
        let more_cached_than_sent = Usage {
            cached: 5_000,
            ..usage
        };
        assert_eq!(more_cached_than_sent.cost(prices), 100_000 + 20_000);
    }
}
