//! P2: every golden argument is known to the user's script or was observed before; nothing needs
//! guessing. Free text, such as the summary of a transfer, is exempt: it belongs to tools that are
//! neither read nor write. That nothing is used before it is known is seen on gold's own conversations
//! (P4).

use proto::record::{Check, Effect, Goal, Task, Visibility};

use super::{Context, Finding, plain};
use crate::dialogue::grounding::{first_unknown, observed};

pub(super) fn check(context: &Context<'_>) -> Finding {
    let script = spoken(context.task);
    let mut answers: Vec<&str> = Vec::new();
    for step in &context.task.golden.steps {
        if context.domain.effect(&step.call.name) != Some(Effect::Generic) {
            for (name, value) in &step.call.arguments {
                let known = |text: &str| {
                    said(context.task, text) || script.contains(text) || observed(&answers, text)
                };
                if let Some(text) = first_unknown(value, &known) {
                    return Err(format!(
                        "`{text}`, argument {name} of {}, is neither said nor observed before",
                        step.call.name
                    ));
                }
            }
        }
        answers.push(&step.observation.text);
    }
    Ok(plain(Check::Grounded))
}

/// Everything the user may say, in one text.
fn spoken(task: &Task) -> String {
    let script = &task.script;
    let mut text = format!("{}\n{}", script.identity, script.opening);
    let change = script.change.as_ref();
    for goal in script
        .goals
        .iter()
        .chain(change.iter().flat_map(|change| &change.goals))
    {
        text.push('\n');
        text.push_str(&goal.say);
        for reveal in &goal.reveals {
            text.push('\n');
            text.push_str(&reveal.text);
        }
    }
    if let Some(change) = change {
        text.push('\n');
        text.push_str(&change.text);
    }
    text
}

/// Whether the user holds a value as such, though it may say it in other words.
fn said(task: &Task, text: &str) -> bool {
    let holds = |goal: &Goal| {
        let says = goal.slots.iter().flat_map(|slot| &slot.says);
        says.filter(|said| said.visibility != Visibility::Never)
            .any(|said| {
                said.arguments
                    .iter()
                    .any(|argument| argument.as_str() == Some(text))
            })
    };
    task.intent.goals.iter().any(holds)
}
