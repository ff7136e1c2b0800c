//! What model endpoints answer, which may be anything at all.

use proto::record::Protocol;
use worker::chat::{Answer, Fault, read};

use super::Target;

/// Pieces that replies and errors are made of.
const PIECES: &[&str] = &[
    "\"choices\":[",
    "\"message\":{",
    "\"content\":",
    "\"tool_calls\":[",
    "\"function\":{",
    "\"arguments\":",
    "\"{\\\"id\\\":1}\"",
    "\"finish_reason\":\"length\"",
    "\"stop_reason\":\"refusal\"",
    "\"type\":\"tool_use\",",
    "\"type\":\"thinking\",",
    "\"input\":",
    "\"usage\":{",
    "\"prompt_tokens\":18446744073709551615",
    "\"input_tokens\":-1",
    "\"error\":{",
    "\"code\":\"context_length_exceeded\"",
    "\"text\":",
    "\"calls\":[",
    "<think>",
    "</think>",
    "null",
    "[[[[[[[[",
    "\\ud800",
    "1e999",
    "<html>",
];

pub(super) const TARGETS: &[Target] = &[
    Target {
        name: "reply-openai",
        about: "any body is a reply or a fault, the same twice, and a fault shows one short line of it",
        run: |bytes| reply(Protocol::OpenAi, bytes),
        seeds: || {
            seeds(&[
                r#"{"id":"1","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"<think>Hm.</think>Hi.","tool_calls":[{"id":"a","type":"function","function":{"name":"get_order","arguments":"{\"id\":\"1\"}"}}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":9,"completion_tokens":3,"prompt_tokens_details":{"cached_tokens":4}}}"#,
                r#"{"choices":[{"message":{"content":[{"type":"text","text":"Hi."},{"type":"refusal","refusal":"No."}],"refusal":"No.","function_call":{"name":"f","arguments":{}}},"finish_reason":"content_filter"}]}"#,
            ])
        },
        words: PIECES,
        cases: 2000,
    },
    Target {
        name: "reply-anthropic",
        about: "likewise",
        run: |bytes| reply(Protocol::Anthropic, bytes),
        seeds: || {
            seeds(&[
                r#"{"type":"message","model":"m","content":[{"type":"thinking","thinking":"Hm.","signature":"s"},{"type":"text","text":"Hi."},{"type":"tool_use","id":"a","name":"get_order","input":{"id":"1"}}],"stop_reason":"tool_use","usage":{"input_tokens":9,"cache_read_input_tokens":4,"cache_creation_input_tokens":1,"output_tokens":3}}"#,
            ])
        },
        words: PIECES,
        cases: 2000,
    },
    Target {
        name: "reply-service",
        about: "likewise",
        run: |bytes| reply(Protocol::Service, bytes),
        seeds: || {
            seeds(&[
                r#"{"id":1,"text":"Hi.","calls":[{"name":"get_order","arguments":{"id":"1"}}],"reasoning":"Hm.","finish":"refused","usage":{"input":9,"cached":4,"output":3}}"#,
            ])
        },
        words: PIECES,
        cases: 1000,
    },
];

fn seeds(replies: &[&str]) -> Vec<Vec<u8>> {
    let errors = [
        r#"{"error":{"message":"This model's maximum context length is 2048 tokens.","type":"invalid_request_error","code":"context_length_exceeded"}}"#,
        r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
        "<html><body>502 Bad Gateway</body></html>",
    ];
    let all = replies.iter().chain(&errors);
    all.map(|text| text.as_bytes().to_vec()).collect()
}

fn reply(protocol: Protocol, bytes: &[u8]) {
    for status in [200, 302, 400, 413, 503] {
        let body = bytes.into();
        let answer = Answer { status, body };
        let read_first = read(protocol, &answer);
        assert_eq!(
            read_first,
            read(protocol, &answer),
            "read twice, understood otherwise"
        );
        match read_first {
            Ok(reply) => {
                assert!(status == 200 || reply.is_void(), "a reply in an error");
                for call in &reply.calls {
                    let both = call.malformed.is_some() && !call.call.arguments.is_empty();
                    assert!(!both, "{call:?}");
                }
            }
            Err(
                Fault::Status { text, .. } | Fault::NoReply { text, .. } | Fault::Overflow(text),
            ) => {
                assert!(text.chars().count() <= 301, "{text}");
                assert!(!text.contains(char::is_control), "{text:?}");
            }
            Err(other) => panic!("no fault of an answer: {other:?}"),
        }
    }
}
