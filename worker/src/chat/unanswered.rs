//! Answers that hold no reply: what they say instead, and whether it is that the context is full.

use proto::excerpt::excerpt;
use serde_json::Value as Json;

use super::{Answer, Fault};

/// Most characters of a body that a fault shows.
const SHOWN: usize = 300;

/// Most bytes of a body that are looked at for them.
const LOOKED_AT: usize = 4 << 10;

/// Names of the error that a conversation no longer fits.
const NAMES: [&str; 3] = [
    "context_length_exceeded",
    "exceed_context_size_error",
    "model_context_window_exceeded",
];

/// What servers without such a name say then, in lower case.
const PHRASES: [&str; 18] = [
    "context length",
    "context window",
    "context size",
    "context limit",
    "maximum allowed length",
    "maximum model length",
    "maximum prompt length",
    "model max length",
    "model token limit",
    "exceeds max length",
    "max_model_len",
    "prompt is too long",
    "prompt too long",
    "input is too long",
    "`inputs` tokens",
    "token count exceeds the maximum",
    "exceeds the maximum number of tokens",
    "reduce the length of the messages",
];

/// What `llama.cpp` and Ollama say, with status 500, of a model whose output is neither words nor a call.
const UNREADABLE: [&str; 2] = [
    "The model produced output that does not match",
    "error parsing tool call",
];

/// What Groq calls the same, with status 400.
const VOID: [&str; 2] = ["tool_use_failed", "json_validate_failed"];

/// Names of the error that a filter found the conversation, or the reply to it, unfit.
const FILTERS: [&str; 6] = [
    "content_filter",
    "content_policy_violation",
    "invalid_prompt",
    "ResponsibleAIPolicyViolation",
    "data_inspection_failed",
    "DataInspectionFailed",
];

/// What servers without such a name say then, in lower case: Anthropic and DeepSeek.
const FILTERED: [&str; 2] = ["content filtering policy", "content exists risk"];

/// The body as JSON, of an answer that may hold a reply.
pub(super) fn json(answer: &Answer) -> Result<Json, Fault> {
    if answer.status >= 400 {
        return Err(fault(answer));
    }
    let json: Json = serde_json::from_slice(&answer.body).map_err(|_| no_reply(answer))?;
    let fine = (200..300).contains(&answer.status) && !says(&json["error"]);
    if fine { Ok(json) } else { Err(fault(answer)) }
}

/// Whether an error says anything; some servers write an empty one beside each reply.
pub(super) fn says(error: &Json) -> bool {
    match error {
        Json::Null => false,
        Json::Bool(there) => *there,
        Json::Number(code) => code.as_f64() != Some(0.0),
        Json::String(text) => !text.is_empty(),
        Json::Array(list) => !list.is_empty(),
        Json::Object(fields) => !fields.is_empty(),
    }
}

/// Why there is no reply in an answer that holds an error.
pub(super) fn fault(answer: &Answer) -> Fault {
    let said = Said::by(answer);
    let Answer { status, .. } = *answer;
    if said.overflow(status) {
        return Fault::Overflow(said.text);
    }
    let text = said.text;
    match status {
        400.. => Fault::Status {
            status,
            text,
            retry_after: None,
        },
        _ => Fault::NoReply { status, text },
    }
}

/// Whether a server says of its model that what it wrote is neither words nor a call: the server is well.
pub(super) fn unreadable(answer: &Answer) -> bool {
    if answer.status < 400 {
        return false;
    }
    let said = Said::by(answer);
    let named = said.names.iter().any(|name| VOID.contains(&name.as_str()));
    let worded = || UNREADABLE.iter().any(|words| said.text.starts_with(words));
    named || answer.status == 500 && worded()
}

/// What a filter says, in an error that is its own: the content was declined, and no service is at fault.
pub(super) fn declined(answer: &Answer) -> Option<String> {
    let said = matches!(answer.status, 400 | 403).then(|| Said::by(answer))?;
    // Any other 403 is that of a key.
    let found = said.flagged || answer.status == 400 && said.filtered();
    found.then_some(said.text)
}

/// The fault of an answer that is not of the form of a reply.
pub(super) fn no_reply(answer: &Answer) -> Fault {
    Fault::NoReply {
        status: answer.status,
        text: beginning(&answer.body),
    }
}

/// What an error says.
struct Said {
    /// Its name, or names.
    names: Vec<String>,
    /// In words.
    text: String,
    /// Whether the words are those of an error, and not the beginning of some page.
    of_an_error: bool,
    /// Whether a gateway's own filter says what it found.
    flagged: bool,
}

impl Said {
    fn by(answer: &Answer) -> Self {
        let mut json: Json = serde_json::from_slice(&answer.body).unwrap_or_default();
        // Gemini wraps its error in a list.
        if let Some(only) = json.get_mut(0) {
            json = only.take();
        }
        let error = &json["error"];
        // A gateway's own words say nothing: those of the server behind it are in here.
        let behind = error["metadata"]["raw"].as_str();
        let flagged = error["metadata"]["flagged_input"].is_string();
        let names = [
            &error["code"],
            &error["type"],
            &error["status"],
            &error["innererror"]["code"],
            &json["type"],
            error,
        ];
        let texts = [
            &error["message"],
            error,
            &json["message"],
            &json["detail"],
            &json["detail"]["message"],
        ];
        let text = behind.or_else(|| texts.into_iter().find_map(Json::as_str));
        let names = names.into_iter().filter_map(Json::as_str);
        Self {
            names: names.map(str::to_owned).collect(),
            of_an_error: text.is_some(),
            flagged,
            text: match text {
                Some(text) => shown(text),
                None => beginning(&answer.body),
            },
        }
    }

    /// Whether it is that a filter found what was said unfit.
    fn filtered(&self) -> bool {
        let mut names = self.names.iter();
        let text = self.text.to_lowercase();
        let worded = FILTERED.iter().any(|words| text.contains(words));
        names.any(|name| FILTERS.contains(&name.as_str())) || self.of_an_error && worded
    }

    /// Whether it is that the conversation no longer fits into the model's context.
    fn overflow(&self, status: u16) -> bool {
        // A quota of tokens is spent where others have asked before, however short this conversation is.
        let quota = self.names.iter().any(|name| name.contains("rate_limit"));
        // A request that could not be served for another reason may speak of contexts, too: of memory for one.
        if quota || !matches!(status, 200..=299 | 400 | 413 | 422 | 500) {
            return false;
        }
        let named = self.names.iter().any(|name| NAMES.contains(&name.as_str()));
        // In words, a server that fails speaks of the context that all its conversations share.
        let text = self.text.to_lowercase();
        named || status != 500 && PHRASES.iter().any(|phrase| text.contains(phrase))
    }
}

/// The beginning of a body.
fn beginning(body: &[u8]) -> String {
    if body.is_empty() {
        return "an empty body".to_owned();
    }
    shown(&String::from_utf8_lossy(&body[..body.len().min(LOOKED_AT)]))
}

/// As one line of no more characters than one reads.
fn shown(text: &str) -> String {
    let mut words = text
        .split(|char: char| char.is_whitespace() || char.is_control())
        .filter(|word| !word.is_empty());
    let mut line = words.next().unwrap_or_default().to_owned();
    for word in words {
        line.push(' ');
        line.push_str(word);
    }
    excerpt(&line, SHOWN).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, body: &str) -> Fault {
        let body = body.as_bytes().into();
        json(&Answer { status, body }).unwrap_err()
    }

    #[test]
    fn a_full_context_is_known_in_all_its_forms() {
        for (status, body) in [
            (
                400,
                r#"{"error":{"message":"too much","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}"#,
            ),
            (
                400,
                r#"{"error":{"code":400,"message":"request (2100 tokens) exceeds the available context size (1024 tokens), try increasing it","type":"exceed_context_size_error","n_prompt_tokens":2100,"n_ctx":1024}}"#,
            ),
            (
                400,
                r#"{"object":"error","message":"This model's maximum context length is 2048 tokens. However, you requested 2500 tokens in the messages.","type":"BadRequestError","param":null,"code":400}"#,
            ),
            (
                400,
                r#"{"error":{"message":"The decoder prompt (length 5000) is longer than the maximum model length of 2048.","type":"BadRequestError","code":400}}"#,
            ),
            (
                400,
                r#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 208310 tokens > 200000 maximum"}}"#,
            ),
            (
                400,
                r#"{"type":"error","error":{"type":"invalid_request_error","message":"input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000"}}"#,
            ),
            (
                400,
                r#"{"object":"error","message":"Input length (9000 tokens) exceeds the maximum allowed length (8186 tokens). Use a shorter input.","type":"BadRequestError","param":null,"code":400}"#,
            ),
            (
                422,
                r#"{"error":"Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 4000 `inputs` tokens and 200 `max_new_tokens`","error_type":"validation"}"#,
            ),
            (
                200,
                r#"{"error":{"message":"maximum context length is 8192 tokens","code":400}}"#,
            ),
            (
                400,
                r#"{"error":{"message":"Provider returned error","code":400,"metadata":{"raw":"{\"error\":\"This model's maximum prompt length is 131072\"}","provider_name":"xAI"}}}"#,
            ),
            (
                400,
                r#"[{"error":{"code":400,"message":"The input token count exceeds the maximum number of tokens allowed","status":"INVALID_ARGUMENT"}}]"#,
            ),
        ] {
            assert!(matches!(of(status, body), Fault::Overflow(_)), "{body}");
        }
    }

    #[test]
    fn other_errors_are_no_full_context() {
        for (status, body, text) in [
            (
                429,
                r#"{"error":{"message":"Rate limit reached: reduce the length of the messages","code":"rate_limit_exceeded"}}"#,
                "Rate limit reached",
            ),
            (
                413,
                r#"{"error":{"message":"Request too large on tokens per minute (TPM)","code":"rate_limit_exceeded"}}"#,
                "Request too large",
            ),
            (401, r#"{"error":{"message":"no such key"}}"#, "no such key"),
            (400, r#"{"detail":"bad tools"}"#, "bad tools"),
            (503, "", "an empty body"),
            // A proxy's own limit is on bytes, and none of the model's; Anthropic has such a one, too.
            (413, "", "an empty body"),
            (
                413,
                r#"{"type":"error","error":{"type":"request_too_large","message":"Request exceeds the maximum size"}}"#,
                "Request exceeds",
            ),
            (
                503,
                r#"{"error":{"message":"no memory is left for this context size"}}"#,
                "no memory is left",
            ),
            (
                500,
                r#"{"error":{"code":500,"message":"Context size has been exceeded.","type":"server_error"}}"#,
                "Context size has been",
            ),
            (
                413,
                "<html><head><title>413 Request Entity Too Large</title>",
                "<html><head>",
            ),
            (
                502,
                "<html>\n\t<h1>Bad   Gateway</h1>\u{0}",
                "<html> <h1>Bad Gateway</h1>",
            ),
        ] {
            match of(status, body) {
                Fault::Status {
                    status: found,
                    text: said,
                    ..
                } => {
                    assert_eq!(found, status);
                    assert!(said.starts_with(text), "{said}");
                }
                other => panic!("{body}: {other}"),
            }
        }
    }

    #[test]
    fn what_a_filter_takes_away_is_declined() {
        let of = |status, body: &str| {
            let body = body.as_bytes().into();
            declined(&Answer { status, body })
        };
        for (status, body) in [
            (
                400,
                r#"{"error":{"message":"The response was filtered","code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation"}}}"#,
            ),
            (
                400,
                r#"{"error":{"message":"Invalid prompt: flagged","type":"invalid_request_error","code":"invalid_prompt"}}"#,
            ),
            (
                400,
                r#"{"type":"error","error":{"type":"invalid_request_error","message":"Output blocked by content filtering policy"}}"#,
            ),
            (
                400,
                r#"{"error":{"message":"Content Exists Risk","type":"invalid_request_error","param":null,"code":"invalid_request_error"}}"#,
            ),
            (
                400,
                r#"{"error":{"code":"data_inspection_failed","message":"Input data may contain inappropriate content.","type":"data_inspection_failed"}}"#,
            ),
            (
                403,
                r#"{"error":{"code":403,"message":"m-1 requires moderation, and the input was flagged","metadata":{"reasons":["violence"],"flagged_input":"I will"}}}"#,
            ),
        ] {
            assert!(of(status, body).is_some(), "{body}");
        }
        let limited = r#"{"error":{"message":"slow down","code":"content_filter"}}"#;
        for (status, body) in [
            (
                400,
                r#"{"error":{"message":"bad tools","code":"invalid_request_error"}}"#,
            ),
            (403, limited),
            (
                403,
                r#"{"error":{"message":"no access","code":403,"metadata":{}}}"#,
            ),
            (429, limited),
            (503, limited),
            (200, limited),
            (400, "<p>Blocked by our content filtering policy"),
        ] {
            assert_eq!(of(status, body), None, "{body}");
        }
    }

    #[test]
    fn what_is_no_reply_is_shown_by_its_beginning() {
        let deep = "[".repeat(100_000);
        for (status, body, text) in [
            (200, "", "an empty body"),
            (200, "<!doctype html><p>Hello", "<!doctype html><p>Hello"),
            (200, r#"{"choices":[{"mess"#, r#"{"choices":[{"mess"#),
            (200, r#"{"error":"overloaded"}"#, "overloaded"),
            (302, "{}", "{}"),
            (204, "", "an empty body"),
            (200, &deep, &format!("{}…", &deep[..SHOWN])),
        ] {
            let wanted = Fault::NoReply {
                status,
                text: text.to_owned(),
            };
            assert_eq!(of(status, body), wanted);
        }
    }
}
