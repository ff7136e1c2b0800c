//! Answers in the forms that roles other than the agent's ask for: the words of a script, a vote.

use serde_json::{Value, json};

use super::prompt::Prompt;
use super::reply::Reply;

/// What the writer puts before every text, which else it leaves as it is.
pub const REWORDED: &str = "Well then.";

/// The answer to a prompt with a schema; nothing where the form is nobody's.
pub(super) fn answer(prompt: &Prompt) -> Option<Reply> {
    let fields = prompt.schema.as_ref()?.get("properties")?;
    let answer = if fields.get("opening").is_some() {
        texts(&prompt.system)
    } else if fields.get("verdict").is_some() {
        json!({"reason": "It reads well.", "verdict": "valid"})
    } else {
        return None;
    };
    Some(Reply::say(answer.to_string()))
}

/// The texts that a writer is shown, in the writer's form.
fn texts(system: &str) -> Value {
    let mut texts = json!({"identity": "", "opening": "", "goals": []});
    // Where the next line belongs: below a heading, or among the goals of one.
    let (mut heading, mut changed) = ("", false);
    for line in system.lines() {
        if let Some(title) = line.strip_prefix("# \"") {
            heading = title.split('"').next().unwrap_or_default();
            changed = heading == "change";
            if changed {
                texts["change"] = json!({"text": "", "goals": []});
            }
        } else if let Some(text) = line.strip_prefix("\"text\": ") {
            texts["change"]["text"] = reworded(text);
        } else if let Some((_, text)) = line.split_once(". \"say\": ") {
            goals(&mut texts, changed).push(json!({"say": reworded(text), "reveals": []}));
        } else if let Some(reveal) = line.strip_prefix("   \"reveals\", slot \"") {
            let (slot, text) = reveal.split_once("\": ").unwrap_or_default();
            if let Some(goal) = goals(&mut texts, changed).last_mut() {
                let reveal = json!({"slot": slot, "text": reworded(text)});
                goal["reveals"].as_array_mut().expect("a list").push(reveal);
            }
        } else if ["identity", "opening"].contains(&heading) && texts[heading] == "" {
            texts[heading] = reworded(line);
        }
    }
    texts
}

fn goals(texts: &mut Value, changed: bool) -> &mut Vec<Value> {
    let within = if changed { &mut texts["change"] } else { texts };
    within["goals"].as_array_mut().expect("a list")
}

fn reworded(text: &str) -> Value {
    format!("{REWORDED} {text}").into()
}
