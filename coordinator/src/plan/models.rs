//! `[models.NAME]`: a language model that a plan may put in a role, as plain data.

use proto::record::{
    CallForm, Dialect, Endpoint, Map, Patience, Prices, Protocol, Rates, Sampling, Structured,
};
use serde::{Deserialize, Serialize};

use super::Plan;
use super::money::Price;

/// Beginning of what stands for a model wherever a plan names who plays a role.
const PREFIX: &str = "model:";

/// Name of the model that a text such as `model:small` stands for.
pub fn model_in(text: &str) -> Option<&str> {
    text.strip_prefix(PREFIX)
}

/// A model as a plan describes it. What is not given is as [`Default`] says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ModelPlan {
    /// How it is spoken to.
    pub protocol: Protocol,
    /// Base URL; empty for a program.
    pub url: String,
    /// Program and arguments; empty for all but a program.
    pub command: Vec<String>,
    /// Model as the server calls it.
    pub model: String,
    /// Environment variable of the workers that holds the key; empty for none.
    pub key: String,
    /// The server's own when none.
    pub temperature: Option<f64>,
    /// The server's own when none.
    pub top_p: Option<f64>,
    /// Most tokens of one reply.
    pub max_tokens: u32,
    /// Whether a seed goes with each request, where the protocol has a place for one.
    pub seeded: bool,
    /// Further fields of the request's body.
    pub extra: Map,
    /// How it is told of tools.
    pub form: CallForm,
    /// How its server is asked to hold a reply to a schema.
    pub structured: Structured,
    /// Whether what it thought goes back to it.
    pub return_reasoning: bool,
    /// Fields that are left out of a request's body.
    pub omit: Vec<String>,
    /// Price of input; unknown when none.
    pub price_input: Option<Price>,
    /// Price of input from the server's cache; that of other input when none.
    pub price_cached: Option<Price>,
    /// Price of input that the server writes into its cache; when none, a quarter more than that of other
    /// input with Anthropic, which asks for it, and else the same.
    pub price_written: Option<Price>,
    /// Price of output; unknown when none.
    pub price_output: Option<Price>,
    /// Requests begun in a minute; 0 is without limit.
    pub requests_per_minute: u32,
    /// Tokens in a minute; 0 is without limit.
    pub tokens_per_minute: u64,
    /// Requests at once; 0 is without limit.
    pub concurrency: u32,
    /// How long a connection is waited for.
    pub connect_seconds: u32,
    /// How long the first byte of an answer is waited for.
    pub first_byte_seconds: u32,
    /// How long a whole answer is waited for.
    pub total_seconds: u32,
    /// An endpoint that has answered nothing for so long is given up, and one that has put a job off for so long in
    /// all is by that job.
    pub down_seconds: u32,
}

impl Default for ModelPlan {
    fn default() -> Self {
        let patience = Patience::default();
        let seconds = |milliseconds: u64| (milliseconds / 1000) as u32;
        Self {
            protocol: Protocol::OpenAi,
            url: String::new(),
            command: Vec::new(),
            model: String::new(),
            key: String::new(),
            temperature: None,
            top_p: None,
            max_tokens: 4096,
            seeded: true,
            extra: Map::new(),
            form: CallForm::Native,
            structured: Structured::Schema,
            return_reasoning: false,
            omit: Vec::new(),
            price_input: None,
            price_cached: None,
            price_written: None,
            price_output: None,
            requests_per_minute: 0,
            tokens_per_minute: 0,
            concurrency: 0,
            connect_seconds: seconds(patience.connect),
            first_byte_seconds: seconds(patience.first_byte),
            total_seconds: seconds(patience.total),
            down_seconds: seconds(patience.down),
        }
    }
}

impl ModelPlan {
    /// The model as jobs carry it.
    pub fn endpoint(&self, name: &str) -> Endpoint {
        Endpoint {
            name: name.to_owned(),
            protocol: self.protocol,
            url: self.url.clone(),
            command: self.command.clone(),
            model: self.model.clone(),
            key: self.key.clone(),
            sampling: self.sampling(),
            form: self.form,
            dialect: Dialect {
                structured: self.structured,
                return_reasoning: self.return_reasoning,
                omit: self.omit.clone(),
            },
            prices: self.prices(),
            rates: Rates {
                requests_per_minute: self.requests_per_minute,
                tokens_per_minute: self.tokens_per_minute,
                concurrency: self.concurrency,
            },
            patience: Patience {
                connect: u64::from(self.connect_seconds) * 1000,
                first_byte: u64::from(self.first_byte_seconds) * 1000,
                total: u64::from(self.total_seconds) * 1000,
                down: u64::from(self.down_seconds) * 1000,
            },
        }
    }

    fn sampling(&self) -> Sampling {
        // What no request says is in no row either.
        let sent = |field: &str| !self.omit.iter().any(|omitted| omitted == field);
        Sampling {
            temperature: self.temperature.filter(|_| sent("temperature")),
            top_p: self.top_p.filter(|_| sent("top_p")),
            max_tokens: self.max_tokens,
            // Anthropic's Messages have no place for a seed.
            seeded: self.seeded && sent("seed") && self.protocol != Protocol::Anthropic,
            extra: self.extra.clone(),
        }
    }

    fn prices(&self) -> Prices {
        let nano = |price: Option<Price>| price.map_or(0, |price| price.0);
        let input = nano(self.price_input);
        let written = match self.protocol {
            Protocol::Anthropic => input.saturating_mul(5).div_ceil(4),
            _ => input,
        };
        Prices {
            input,
            cached: self.price_cached.map_or(input, |price| price.0),
            written: self.price_written.map_or(written, |price| price.0),
            output: nano(self.price_output),
        }
    }

    /// What changes its answers, everything else as by default.
    pub fn answers(&self) -> Self {
        Self {
            protocol: self.protocol,
            command: self.command.clone(),
            model: self.model.clone(),
            temperature: self.temperature,
            top_p: self.top_p,
            max_tokens: self.max_tokens,
            seeded: self.seeded,
            extra: self.extra.clone(),
            form: self.form,
            structured: self.structured,
            return_reasoning: self.return_reasoning,
            omit: self.omit.clone(),
            ..Self::default()
        }
    }
}

impl Plan {
    /// The model with this name.
    pub fn endpoint(&self, name: &str) -> Option<Endpoint> {
        self.models.get(name).map(|model| model.endpoint(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_request_says_is_in_no_row() {
        let plan = |omit: &[&str]| ModelPlan {
            temperature: Some(0.7),
            top_p: Some(0.9),
            omit: omit.iter().map(|&field| field.to_owned()).collect(),
            ..ModelPlan::default()
        };
        let said = |omit: &[&str]| {
            let Sampling {
                temperature,
                top_p,
                seeded,
                ..
            } = plan(omit).endpoint("small").sampling;
            (temperature, top_p, seeded)
        };
        assert_eq!(said(&[]), (Some(0.7), Some(0.9), true));
        assert_eq!(said(&["seed", "temperature"]), (None, Some(0.9), false));
        assert_eq!(said(&["top_p"]), (Some(0.7), None, true));
    }
}
