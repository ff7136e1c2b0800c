//! What an endpoint answers when it behaves.

use std::path::Path;

use proto::record::PlannedCall;
use serde::Deserialize;
use serde_json::Value;
use worker::participants::agents::heldout::HeldOut;

use super::prompt::{Prompt, tokens};
use super::reply::{Reply, Stop};
use super::{explorer, roles};

/// What answers. Each is a function of the request alone.
#[derive(Debug, Clone)]
pub enum Brain {
    /// The held-out agent, which serves customers of a shop well. Without a policy, or without the tool
    /// that it would use, it says so in place of serving.
    HeldOut,
    /// As held-out, and also a writer of scripts and a judge of tasks and conversations where the schema asks
    /// for one, an explorer where the prompt has a theme, and a customer of the desk where the instructions
    /// are those of one that stops with a word.
    Roles,
    /// The same text every time.
    Fixed(String),
    /// The user's last words.
    Echo,
    /// One answer for each turn, the last one for all turns after it.
    Script(Vec<Reply>),
    /// Whatever a test wants.
    Custom(fn(&Prompt) -> Reply),
}

/// A text that names no brain.
#[derive(Debug, thiserror::Error)]
pub enum ParseBrainError {
    /// The name is nobody's.
    #[error("`{0}` is no brain: `heldout`, `roles`, `echo`, `fixed:TEXT` or `script:FILE`")]
    Name(String),
    /// The script can't be had.
    #[error("the script {file} can't be read: {why}")]
    Script {
        /// Its path.
        file: String,
        /// What is wrong.
        why: String,
    },
}

impl Brain {
    /// Reads a name such as `fixed:Hello` or `script:answers.json`.
    ///
    /// # Errors
    /// When there is no such brain, or its script can't be read.
    pub fn parse(text: &str) -> Result<Self, ParseBrainError> {
        match text.split_once(':') {
            None if text == "heldout" => Ok(Self::HeldOut),
            None if text == "roles" => Ok(Self::Roles),
            None if text == "echo" => Ok(Self::Echo),
            Some(("fixed", words)) => Ok(Self::Fixed(words.to_owned())),
            Some(("script", file)) => {
                script(Path::new(file))
                    .map(Self::Script)
                    .map_err(|why| ParseBrainError::Script {
                        file: file.to_owned(),
                        why,
                    })
            }
            _ => Err(ParseBrainError::Name(text.to_owned())),
        }
    }

    /// Answers, within the most tokens that were asked for.
    pub(super) fn answer(&self, prompt: &Prompt) -> Reply {
        let mut reply = match self {
            Self::HeldOut => serve(prompt),
            Self::Roles => roles::answer(prompt)
                .or_else(|| explorer::answer(prompt))
                .unwrap_or_else(|| serve(prompt)),
            Self::Fixed(text) => Reply::say(text),
            Self::Echo => Reply::say(prompt.last_words()),
            Self::Script(replies) => replies
                .get(prompt.turn())
                .or(replies.last())
                .expect("a script has an answer")
                .clone(),
            Self::Custom(answer) => answer(prompt),
        };
        reply.number(prompt);
        if let Some(most) = prompt.max_tokens
            && tokens(reply.length()) > most
        {
            cut(&mut reply, most);
        }
        reply
    }
}

fn serve(prompt: &Prompt) -> Reply {
    if prompt.system.is_empty() {
        return Reply::say("I was given no policy to go by.");
    }
    let turn = HeldOut::after(&prompt.messages);
    let calls: Vec<PlannedCall> = turn.calls.into_iter().map(|made| made.call).collect();
    let missing = calls
        .iter()
        .find(|call| prompt.tools.iter().all(|tool| tool.name != call.name));
    match missing {
        Some(call) => Reply::say(format!("I was given no tool called {}.", call.name)),
        None if calls.is_empty() => Reply::say(turn.text),
        None => Reply::call(calls.iter().map(written)),
    }
}

fn written(call: &PlannedCall) -> (&str, Value) {
    let arguments = serde_json::to_value(&call.arguments);
    (&call.name, arguments.expect("arguments are JSON"))
}

fn cut(reply: &mut Reply, most: u64) {
    reply.calls.clear();
    reply.stop = Stop::Length;
    if let Some(text) = &mut reply.text {
        let most = (most * 4) as usize;
        let end = text.char_indices().map(|(at, _)| at);
        let end = end.take_while(|at| *at <= most).last();
        text.truncate(end.unwrap_or_default());
    }
}

/// An answer in a script: a text, or what is said and called.
#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Text(String),
    Whole {
        text: Option<String>,
        reasoning: Option<String>,
        #[serde(default)]
        calls: Vec<Called>,
    },
}

#[derive(Deserialize)]
struct Called {
    name: String,
    arguments: Value,
}

fn script(file: &Path) -> Result<Vec<Reply>, String> {
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
    let lines: Vec<Line> = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    if lines.is_empty() {
        return Err("it has no answer".to_owned());
    }
    Ok(lines.into_iter().map(reply).collect())
}

fn reply(line: Line) -> Reply {
    match line {
        Line::Text(text) => Reply::say(text),
        Line::Whole {
            text,
            reasoning,
            calls,
        } => {
            let calls = calls
                .iter()
                .map(|call| (call.name.as_str(), call.arguments.clone()));
            let mut reply = Reply::call(calls);
            if reply.calls.is_empty() {
                reply.stop = Stop::End;
            }
            Reply {
                text,
                reasoning,
                ..reply
            }
        }
    }
}
