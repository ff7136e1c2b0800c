//! Signatures of thoughts: an endpoint that thinks signs what led to tool calls, and refuses a history of calls
//! without, or with what it did not sign.

use proto::digest::Digest;
use proto::record::Message;

/// The signature of what was thought.
pub(super) fn signature(thought: &str) -> String {
    format!("{:016x}", Digest::of(thought.as_bytes()).head())
}

/// A signature that came back with what was thought.
pub(super) fn checked(thought: &str, came: String) -> Result<String, String> {
    if came == signature(thought) {
        return Ok(came);
    }
    Err(format!("the signature {came:?} is not of this thought"))
}

/// Whether all tool calls came back with their signatures.
pub(super) fn complete(messages: &[Message]) -> Result<(), String> {
    let bare = messages.iter().position(|message| {
        matches!(message, Message::Assistant { signed: None, calls, .. } if !calls.is_empty())
    });
    match bare {
        Some(place) => Err(format!("message {place} has calls and no signed thought")),
        None => Ok(()),
    }
}
