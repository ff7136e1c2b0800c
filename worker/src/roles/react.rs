//! Tool calls in text, for models without function calling: thought, action and its input, then the
//! observation as the next message (Yao et al. 2022, arXiv 2210.03629).
//!
//! What a model wrote is read leniently, since such models are weak: markers in any case, in bold or as
//! headings, a final answer, input over several lines or in a code fence, an answer without its marker. What is read and written again is in
//! the one form that the prompt shows, so that a conversation's prefix stays the same from turn to turn.

use std::ops::Range;

use proto::record::{Message, PlannedCall, Value};

use super::structured::{first_value, unfenced};
use crate::chat::{Finish, Reply};
use crate::dialogue::conversation::Attempted;

const THOUGHT: &str = "Thought:";
const ACTION: &str = "Action:";
const INPUT: &str = "Action Input:";
const ANSWER: &str = "Answer:";
/// The answer's marker as others have it.
const FINAL: &str = "Final Answer:";
const OBSERVATION: &str = "Observation:";
/// Parts what a server keeps apart as thoughts from the thought in the text, in a message's reasoning.
const APART: &str = "\nThought: ";

/// What was thought before a message, for a reader.
pub fn thoughts(reasoning: &str) -> &str {
    reasoning.strip_suffix(APART).unwrap_or(reasoning)
}

/// A conversation as such a model sees it.
pub fn written(messages: &[Message]) -> Vec<Message> {
    messages.iter().flat_map(told).collect()
}

fn told(message: &Message) -> Vec<Message> {
    match message {
        Message::User { .. } => vec![message.clone()],
        Message::Tool { text, .. } => vec![Message::User {
            text: format!("{OBSERVATION} {text}"),
        }],
        Message::Assistant {
            reasoning,
            text,
            calls,
            ..
        } => {
            let mut lines = Vec::new();
            let (apart, thought) = reasoning.rsplit_once(APART).unwrap_or(("", reasoning));
            if !thought.is_empty() {
                lines.push(format!("{THOUGHT} {thought}"));
            }
            for call in calls {
                lines.push(format!("{ACTION} {}", call.name));
                let arguments = call.malformed.clone();
                let arguments = arguments.unwrap_or_else(|| {
                    serde_json::to_string(&call.arguments).expect("arguments are plain data")
                });
                lines.push(format!("{INPUT} {arguments}"));
            }
            if !text.is_empty() {
                lines.push(format!("{ANSWER} {text}"));
            }
            vec![Message::Assistant {
                reasoning: apart.to_owned(),
                signed: None,
                text: lines.join("\n"),
                calls: Vec::new(),
            }]
        }
    }
}

/// What the text of a reply means: an action or an answer, with the thought before it.
pub fn read(reply: Reply) -> Reply {
    // A model that goes on to imagine the observation has said nothing of its own after it.
    let imagined = find(&reply.text, OBSERVATION);
    let own = match &imagined {
        Some(mark) => &reply.text[..mark.start],
        None => &reply.text[..],
    };
    let answers = [ANSWER, FINAL].into_iter();
    let answer = answers
        .filter_map(|marker| find(own, marker))
        .min_by_key(|mark| mark.start);
    let (idle, action) = match (find(own, ACTION), &answer) {
        (Some(mark), Some(answer))
            if mark.end <= answer.start && is_idle(&own[mark.end..answer.start]) =>
        {
            (Some(mark.start), None)
        }
        (action, _) => (None, action),
    };
    let (begin, text, calls) = match (action, answer) {
        (Some(action), answer) if answer.as_ref().is_none_or(|it| action.start < it.start) => {
            let end = answer.map_or(own.len(), |answer| answer.start);
            (
                action.start,
                String::new(),
                vec![attempted(&own[action.end..end])],
            )
        }
        (_, Some(answer)) => {
            // What it would do beside is not said.
            let rest = &own[answer.end..];
            let acts = find(rest, ACTION).filter(|_| find(rest, INPUT).is_some());
            let next = acts.into_iter().chain(find(rest, THOUGHT));
            let end = next.map(|mark| mark.start).min().unwrap_or(rest.len());
            let begin = idle.unwrap_or(answer.start).min(answer.start);
            (begin, rest[..end].trim().to_owned(), Vec::new())
        }
        // All of it is said, but for a thought's marker.
        (_, None) => (0, without_marker(own, THOUGHT).to_owned(), Vec::new()),
    };
    let thought = without_marker(&own[..begin], THOUGHT).replace(APART, "\n");
    // What its server keeps apart goes back only where the plan says so; the text's own thought always.
    let reasoning = if reply.reasoning.is_empty() {
        thought
    } else {
        format!("{}{APART}{thought}", reply.reasoning)
    };
    // Where it was cut amid what it imagined, its own words are whole.
    let finish = match reply.finish {
        Finish::Length if imagined.is_some() && !calls.is_empty() => Finish::Complete,
        finish => finish,
    };
    Reply {
        reasoning,
        text,
        calls,
        finish,
        ..reply
    }
}

/// Whether what stands behind the marker of an action is that there is none.
fn is_idle(body: &str) -> bool {
    let name = attempted(body).call.name.to_ascii_lowercase();
    let name = name.trim_matches(['.', '(', ')']);
    ["", "none", "n/a", "no action", "null"].contains(&name)
}

/// The call in what stands behind the marker of an action.
fn attempted(body: &str) -> Attempted {
    let (name, input) = match find(body, INPUT) {
        Some(mark) => (&body[..mark.start], &body[mark.end..]),
        None => body.split_once('\n').unwrap_or((body, "")),
    };
    let name = name.trim().trim_matches(['`', '"', '*']).to_owned();
    let input = unfenced(input);
    let (arguments, malformed) = match first_value(input) {
        Some(Value::Map(arguments)) => (arguments, None),
        None if input.is_empty() => Default::default(),
        _ => (Default::default(), Some(input.to_owned())),
    };
    Attempted {
        call: PlannedCall { name, arguments },
        malformed,
    }
}

/// Where a marker stands, in any case, at the beginning of a line; with what makes it bold or a heading.
fn find(text: &str, marker: &str) -> Option<Range<usize>> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let begins = line.trim_start();
        let plain = begins.trim_start_matches('#').trim_start();
        let bold = plain.trim_start_matches('*');
        // A star and a space are an item of a list.
        let bare = if bold.starts_with(' ') { plain } else { bold };
        let found = bare.get(..marker.len());
        if found.is_some_and(|found| found.eq_ignore_ascii_case(marker)) {
            let start = at + line.len() - begins.len();
            let behind = &bare[marker.len()..];
            let bold = behind.len() - behind.trim_start_matches('*').len();
            return Some(start..at + line.len() - behind.len() + bold);
        }
        at += line.len();
    }
    None
}

fn without_marker<'a>(text: &'a str, marker: &str) -> &'a str {
    let text = text.trim();
    match find(text, marker) {
        Some(mark) if mark.start == 0 => text[mark.end..].trim(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proto::record::ToolCall;

    use super::*;

    #[test]
    fn marks_in_bold_final_answers_and_what_is_said_beside_are_known() {
        for (text, thought, said) in [
            (
                "Thought: Done.\nFinal Answer: It is sent.",
                "Done.",
                "It is sent.",
            ),
            (
                "**Thought:** Done.\n**Answer:** It is sent.",
                "Done.",
                "It is sent.",
            ),
            (
                "### Answer: Yes.\nAction: pay\nAction Input: {}",
                "",
                "Yes.",
            ),
            ("Answer: Yes.\nThought: And now?", "", "Yes."),
            (
                "Thought: Greet.\nAction: None\nAction Input: None\nAnswer: Hello!",
                "Greet.",
                "Hello!",
            ),
            (
                "Answer: I will:\n* Action: refund\n* Answer: you",
                "",
                "I will:\n* Action: refund\n* Answer: you",
            ),
        ] {
            let read = reads(text);
            assert_eq!(
                (read.reasoning.as_str(), read.text.as_str()),
                (thought, said),
                "{text}"
            );
            assert!(read.calls.is_empty(), "{text}");
        }
        let cut = |text: &str| {
            let text = text.to_owned();
            let finish = Finish::Length;
            let reply = Reply {
                text,
                finish,
                ..Reply::default()
            };
            read(reply).is_void()
        };
        let action = "Action: get_order\nAction Input: {}\n";
        assert!(cut(action));
        assert!(!cut(&format!("{action}Observation: paid\nThought: So it")));
        assert!(cut("Answer: It\nObservation: paid"));
        let read = reads("**Action:** get_order\n**Action Input:** {\"id\": \"W1\"}");
        assert_eq!(read.calls[0].call.name, "get_order");
        assert_eq!(read.calls[0].call.text("id"), Some("W1"));
        assert!(reads("Answer:").is_void());
    }

    fn reads(text: &str) -> Reply {
        read(Reply {
            text: text.to_owned(),
            ..Reply::default()
        })
    }

    fn call(name: &str, arguments: &str) -> Attempted {
        let Ok(Value::Map(arguments)) = Value::parse(arguments) else {
            panic!("{arguments} is an object");
        };
        let name = name.to_owned();
        PlannedCall { name, arguments }.into()
    }

    #[test]
    fn a_call_is_one_wherever_its_name_stands_and_a_thought_that_goes_on_is_its_own() {
        let read = reads("Action:\ncancel\nAction Input: {}\nAnswer: Cancelled.");
        assert_eq!(read.calls, [call("cancel", "{}")]);
        let read = reads("Thought: a\nThought: b\nAnswer: Hi.");
        let message = Message::Assistant {
            reasoning: read.reasoning,
            signed: None,
            text: read.text,
            calls: Vec::new(),
        };
        let [
            Message::Assistant {
                reasoning, text, ..
            },
        ] = &written(&[message])[..]
        else {
            panic!("an agent's message stays one");
        };
        assert_eq!(
            (reasoning.as_str(), text.as_str()),
            ("", "Thought: a\nb\nAnswer: Hi.")
        );
    }

    #[test]
    fn actions_and_answers_are_read_however_they_are_written() {
        let find = call("get_order", r##"{"id":"#W1"}"##);
        for text in [
            "Thought: look it up\nAction: get_order\nAction Input: {\"id\":\"#W1\"}",
            "look it up\naction: `get_order`\naction input:\n```json\n{\"id\": \"#W1\"}\n```",
            "Thought: look it up\nAction: get_order\n{\"id\": \"#W1\"}",
            "Thought: look it up\nAction: get_order\nAction Input: {\"id\":\"#W1\"} and then\nObservation: found\nAnswer: Done!",
        ] {
            let reply = reads(text);
            assert_eq!(reply.calls, std::slice::from_ref(&find), "{text}");
            assert_eq!(
                (&*reply.reasoning, &*reply.text),
                ("look it up", ""),
                "{text}"
            );
        }
        let reply = reads("Thought: greet\nAnswer: Hello!\nHow can I help?");
        assert_eq!(reply.reasoning, "greet");
        assert_eq!(reply.text, "Hello!\nHow can I help?");
        assert_eq!(reads("Just a word.").text, "Just a word.");
        assert_eq!(
            reads("Action: list\nAction Input:").calls,
            [call("list", "{}")]
        );
    }

    #[test]
    fn input_that_is_no_object_is_malformed_as_it_was_written() {
        for input in ["{\"id\": ", "[1]", "W1"] {
            let reply = reads(&format!("Action: get_order\nAction Input: {input}"));
            assert_eq!(reply.calls[0].malformed.as_deref(), Some(input.trim()));
        }
    }

    #[test]
    fn what_a_server_keeps_apart_is_not_told_again_as_the_text_s_own_thought() {
        for (said, thought) in [
            ("Thought: look\nAnswer: Hi.", "Thought: look\n"),
            ("Answer: Hi.", ""),
        ] {
            let read = read(Reply {
                reasoning: "Long\nand winding.".to_owned(),
                text: said.to_owned(),
                ..Reply::default()
            });
            let messages = [Message::Assistant {
                reasoning: read.reasoning,
                signed: None,
                text: read.text,
                calls: Vec::new(),
            }];
            let Message::Assistant {
                reasoning, text, ..
            } = written(&messages).remove(0)
            else {
                panic!("an agent's message stays one");
            };
            assert_eq!(reasoning, "Long\nand winding.");
            assert_eq!(text, format!("{thought}Answer: Hi."));
        }
    }

    #[test]
    fn what_was_read_is_written_in_the_form_of_the_prompt() {
        let messages = [
            Message::Assistant {
                reasoning: "look".to_owned(),
                signed: None,
                text: String::new(),
                calls: vec![ToolCall {
                    id: "call_1".to_owned(),
                    name: "get".to_owned(),
                    arguments: Default::default(),
                    malformed: None,
                }],
            },
            Message::Tool {
                call_id: "call_1".to_owned(),
                name: "get".to_owned(),
                text: "{}".to_owned(),
                error: false,
            },
        ];
        let written = written(&messages);
        let Message::Assistant { text, .. } = &written[0] else {
            panic!("an agent's message stays one");
        };
        assert_eq!(text, "Thought: look\nAction: get\nAction Input: {}");
        assert_eq!(
            written[1],
            Message::User {
                text: "Observation: {}".to_owned()
            }
        );
    }

    proptest! {
        #[test]
        fn any_text_reads(text in ".{0,200}") {
            reads(&text);
            reads(&format!("Action: {text}"));
        }
    }
}
