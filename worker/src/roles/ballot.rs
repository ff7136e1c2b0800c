//! A ballot: what a model that judges is asked, and how a vote of it is had.
//!
//! Tasks and conversations are voted on alike. Every vote is drawn by itself over the same request, and a
//! reply that can't be read is asked for again. What a vote that stays away means, each judge says itself.

use proto::digest::Digest;
use proto::record::Message;
use serde_json::Value as Json;

use super::prompts::{PromptError, Prompts};
use crate::chat::session::{Session, Stop};
use crate::chat::{Request, Schema, ToolChoice};

/// Replies to one vote that may be unfit before there is none.
const TRIES: u32 = 3;

/// What all votes on one thing are asked with.
#[derive(Debug)]
pub(super) struct Ballot {
    system: String,
    conversation: [Message; 1],
    schema: Schema,
    /// Digest of its template.
    pub(super) prompt: Digest,
}

impl Ballot {
    /// From a template over `context`; `shown` is what the model reads before it is told to judge, `form` what it
    /// fills in.
    pub(super) fn new(
        (prompts, template): (&Prompts, &'static str),
        context: &Json,
        shown: Option<&str>,
        form: Json,
    ) -> Result<Self, PromptError> {
        let prompt = prompts.prompt(template, context)?;
        Ok(Self {
            conversation: [match shown {
                Some(shown) => prompt.begin_after(shown),
                None => prompt.begin(),
            }],
            system: prompt.system,
            schema: Schema {
                name: "vote",
                schema: form,
            },
            prompt: prompt.digest,
        })
    }

    /// The vote of this number as `read` finds it in a reply, or why there is none.
    pub(super) async fn vote<T>(
        &self,
        session: &mut Session<'_>,
        number: u32,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Result<T, String>, Stop> {
        let request = Request {
            system: &self.system,
            messages: &self.conversation,
            tools: &[],
            choice: ToolChoice::None,
            schema: Some(&self.schema),
            seed: None,
        };
        let mut why = String::new();
        for attempt in 0..TRIES {
            // Counted through, since the seed of a draw is the session's and this number.
            let number = number * TRIES + attempt;
            let reply = match session.ask_within(&request, number).await? {
                Ok(reply) => reply,
                Err(why) => return Ok(Err(why)),
            };
            match read(&reply.text) {
                Ok(vote) => return Ok(Ok(vote)),
                Err(unfit) => why = unfit,
            }
        }
        Ok(Err(format!("no vote in {TRIES} replies, lastly: {why}")))
    }
}
