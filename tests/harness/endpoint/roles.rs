//! Answers in the forms that roles other than the agent's ask for: the words of a script, votes, what a
//! customer says that stops with a word.

use std::sync::Arc;

use proto::record::Message;
use proto::seed::Seed;
use serde_json::{Value, json};
use worker::dialogue::facts::read_agent;
use worker::domains::tickets::Tickets;
use worker::domains::tickets::desk::Desk;

use super::prompt::Prompt;
use super::reply::Reply;

/// What the writer puts before every text, which else it leaves as it is.
pub const REWORDED: &str = "Well then.";
/// How customers speak, by the writer.
pub const MANNER: &str = "They write the way they talk.";

/// Word by which a customer stops, and by which its instructions are known.
const STOP: &str = "###STOP###";
/// A customer has been led nowhere when it has said so much.
const PATIENCE: usize = 16;

/// The answer to a prompt with a schema, or with a customer's instructions; nothing where the form is
/// nobody's.
pub(super) fn answer(prompt: &Prompt) -> Option<Reply> {
    if prompt.system.contains(STOP) {
        return Some(Reply::say(customer(prompt)));
    }
    let fields = prompt.schema.as_ref()?.get("properties")?;
    let answer = if fields.get("opening").is_some() {
        texts(&prompt.system)
    } else if fields.get("verdict").is_some() {
        json!({"reason": "It reads well.", "verdict": "valid"})
    } else if fields.get("holds_1").is_some() {
        let names = fields.as_object()?.keys();
        let held = names.map(|name| match name.starts_with("holds_") {
            true => (name.clone(), json!(true)),
            false => (name.clone(), json!("It is said.")),
        });
        held.collect()
    } else {
        return None;
    };
    Some(Reply::say(answer.to_string()))
}

/// What the customer of a desk says next, by its instructions and what the agent said.
fn customer(prompt: &Prompt) -> String {
    let desk = Tickets::new(Arc::new(Desk::generate(1, Seed::root(1))));
    let heard = prompt.messages.iter().filter_map(|message| match message {
        Message::User { text } => Some(read_agent(&desk, text)),
        _ => None,
    });
    let heard: Vec<_> = heard.collect();
    let last = heard.last().expect("the agent has spoken");
    let done = heard
        .iter()
        .filter(|facts| facts.report || facts.refusal.is_some());
    let done = done.count();
    let goals: Vec<&str> = prompt.system.lines().filter_map(goal).collect();
    let asked = |slot: &String| match slot.as_str() {
        "identity" => below(&prompt.system, "# Your part").map(str::to_owned),
        slot => {
            let mark = format!("only when asked for the {}: ", slot.replace('_', " "));
            let mut lines = prompt.system.lines();
            lines.find_map(|line| Some(line.split_once(&mark)?.1.to_owned()))
        }
    };
    if last.transfer {
        "###TRANSFER###".to_owned()
    } else if let Some(answer) = last.asks.iter().find_map(asked) {
        answer
    } else if last.proposal.is_some() {
        "Yes, please go ahead.".to_owned()
    } else if done >= goals.len() {
        format!("Thank you. {STOP}")
    } else if prompt.turn() > PATIENCE {
        "###OUT-OF-SCOPE###".to_owned()
    } else {
        goals[done].to_owned()
    }
}

/// A wish, if a line of the instructions states one.
fn goal(line: &str) -> Option<&str> {
    let (number, wish) = line.split_once(". ")?;
    number.parse::<u32>().is_ok().then_some(wish)
}

fn below<'a>(text: &'a str, heading: &str) -> Option<&'a str> {
    text.lines().skip_while(|line| *line != heading).nth(1)
}

/// The texts that a writer is shown, in the writer's form.
fn texts(system: &str) -> Value {
    let mut texts = json!({"manner": MANNER, "identity": "", "opening": "", "goals": []});
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
