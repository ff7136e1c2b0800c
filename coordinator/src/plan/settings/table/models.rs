//! The settings of a model; `*` stands for its name.

use proto::record::{CallForm, Protocol, Structured};

use super::{Kind, Setting, setting};

/// How a model is spoken to, as plans write it.
const PROTOCOLS: [&str; 4] = [
    Protocol::OpenAi.label(),
    Protocol::Anthropic.label(),
    Protocol::Service.label(),
    Protocol::Program.label(),
];

/// How a model is told of tools, as plans write it.
const FORMS: [&str; 3] = [
    CallForm::Native.label(),
    CallForm::React.label(),
    CallForm::Json.label(),
];

/// How a server is asked to hold a reply to a schema, as plans write it.
const STRUCTURED: [&str; 3] = [
    Structured::Schema.label(),
    Structured::Object.label(),
    Structured::None.label(),
];

/// Longest that anything may be waited for.
const DAY: u64 = 24 * 60 * 60;

/// Every setting of a model.
pub const MODELS: [Setting; 25] = [
    setting(
        "models.*.protocol",
        Kind::Choice(&PROTOCOLS),
        "",
        "How it is spoken to: chat completions as OpenAI and most servers have them, Anthropic's Messages, or an agent of your own behind HTTP (`service`) or as a program.",
    ),
    setting(
        "models.*.url",
        Kind::Text,
        "",
        "Base URL, such as `http://127.0.0.1:8000/v1`; empty for a program.",
    ),
    setting(
        "models.*.command",
        Kind::Texts,
        "",
        "Program and arguments, when the protocol is `program`.",
    ),
    setting(
        "models.*.model",
        Kind::Text,
        "",
        "Model as the server calls it.",
    ),
    setting(
        "models.*.key",
        Kind::Text,
        "",
        "Name of the environment variable of the workers that holds the key; empty for none. The key itself never stands in a plan.",
    ),
    setting(
        "models.*.temperature",
        Kind::Number(0.0, 2.0),
        "",
        "Temperature; empty for the server's own.",
    ),
    setting(
        "models.*.top_p",
        Kind::Number(0.0, 1.0),
        "",
        "Nucleus of the draws; empty for the server's own.",
    ),
    setting(
        "models.*.max_tokens",
        Kind::Whole(1, 1_000_000),
        "",
        "Most tokens of one reply, reasoning included. Many servers refuse a request whose conversation and this together are more than the model's context, so of a small context it should be a small part.",
    ),
    setting(
        "models.*.seeded",
        Kind::Truth,
        "",
        "Whether a seed goes with each request, where the protocol has a place for one.",
    ),
    setting(
        "models.*.extra",
        Kind::Table,
        "",
        "Further fields of the request's body, passed on as JSON; in the environment a JSON object.",
    ),
    setting(
        "models.*.form",
        Kind::Choice(&FORMS),
        "",
        "How it is told of tools: by the protocol's own means, or as text (`react`) for models that know no function calling. An explorer may also be held to a schema that lists its calls (`json`).",
    ),
    setting(
        "models.*.structured",
        Kind::Choice(&STRUCTURED),
        "",
        "How its server is asked to hold a reply to a schema: by the schema, as any JSON object, or not at all, for servers that refuse the field. Replies are checked all the same.",
    ),
    setting(
        "models.*.return_reasoning",
        Kind::Truth,
        "",
        "Whether what it thought goes back to it with the conversation, in `reasoning_content`. Some servers of chat completions insist on it after tools were used, others refuse it.",
    ),
    setting(
        "models.*.omit",
        Kind::Texts,
        "",
        "Fields that are left out of a request's body, for servers that refuse them, such as `cache_control` or `tool_choice`. What bounds a reply is not left out: a server of chat completions that refuses `max_tokens` takes `max_completion_tokens` in `extra`.",
    ),
    setting(
        "models.*.price_input",
        Kind::Price,
        "",
        "Dollars for a million tokens of input; empty when unknown.",
    ),
    setting(
        "models.*.price_cached",
        Kind::Price,
        "",
        "Dollars for a million tokens of input from the server's cache; empty when they cost as much as others.",
    ),
    setting(
        "models.*.price_written",
        Kind::Price,
        "",
        "Dollars for a million tokens of input that the server writes into its cache; empty with the protocol anthropic when they cost a quarter more than others, elsewhere when they cost as much.",
    ),
    setting(
        "models.*.price_output",
        Kind::Price,
        "",
        "Dollars for a million tokens of output; empty when unknown.",
    ),
    setting(
        "models.*.requests_per_minute",
        Kind::Whole(0, 1_000_000),
        "",
        "Requests that all workers together begin in a minute, at most; 0 is without limit.",
    ),
    setting(
        "models.*.tokens_per_minute",
        Kind::Whole(0, 1_000_000_000_000),
        "",
        "Tokens of all workers together in a minute, at most; 0 is without limit.",
    ),
    setting(
        "models.*.concurrency",
        Kind::Whole(0, 1_000_000),
        "",
        "Requests of all workers together at once, at most; 0 is without limit.",
    ),
    setting(
        "models.*.connect_seconds",
        Kind::Whole(1, DAY),
        "",
        "How long a connection is waited for.",
    ),
    setting(
        "models.*.first_byte_seconds",
        Kind::Whole(1, DAY),
        "",
        "How long the first byte of an answer is waited for.",
    ),
    setting(
        "models.*.total_seconds",
        Kind::Whole(1, DAY),
        "",
        "How long a whole answer is waited for.",
    ),
    setting(
        "models.*.down_seconds",
        Kind::Whole(1, DAY),
        "",
        "An endpoint that has answered nothing for so long is given up, and its episodes are quarantined; likewise a conversation that it has asked to come again later, or met with silence, for so long in all, and at once one that it asks to wait for longer.",
    ),
];
