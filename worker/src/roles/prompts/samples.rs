//! A context for each template, with everything in it that its place may give: a template of one's own that can't be made from it
//! is refused before anybody is asked.

use proto::record::CallForm;
use serde_json::{Value as Json, json};

use super::{AGENT, AGENT_REACT, EXPLORER, JUDGE, USER, USER_TAU2, VALIDITY, WRITER};

/// The field that may be there without a value.
const MAY_LACK: &str = "change";

/// What a template of this name may be given: all there can be, in each of its forms, and as little.
pub(super) fn of(name: &str) -> Vec<Json> {
    let full = full(name);
    let mut all = vec![full.clone(), least(full.clone())];
    if name == EXPLORER {
        for form in CallForm::ALL {
            let mut other = full.clone();
            other["form"] = form.label().into();
            all.push(other);
        }
    }
    all
}

/// Without what may be missing, and with nothing in any list within another.
fn least(mut sample: Json) -> Json {
    fn empty(value: &mut Json, within: bool) {
        match value {
            Json::Array(values) if within => values.clear(),
            Json::Array(values) => values.iter_mut().for_each(|value| empty(value, true)),
            Json::Object(fields) => {
                for (name, value) in fields {
                    match name.as_str() {
                        MAY_LACK => *value = Json::Null,
                        "leads" | "tools" | "calls" => *value = json!([]),
                        _ => empty(value, within),
                    }
                }
            }
            _ => {}
        }
    }
    empty(&mut sample, false);
    sample
}

fn full(name: &str) -> Json {
    let tools = json!([{"name": "close_ticket", "description": "Closes it.", "parameters": "{}"}]);
    match name {
        AGENT | AGENT_REACT => json!({"policy": "Be kind.", "tools": tools}),
        EXPLORER => json!({
            "form": "native",
            "policy": "Be kind.",
            "tools": tools,
            "facts": [{"name": "email", "value": "ann@example.com"}],
            "wishes": ["close a ticket"],
            "leads": ["ticket_id T-1000"],
        }),
        JUDGE => json!({"policy": "Be kind.", "statements": ["The agent was kind."]}),
        USER | USER_TAU2 => json!({
            "identity": "I am Ann.",
            "style": "plain",
            "one_at_a_time": false,
            "insistent": true,
            "manner": "They are brief.",
            "goals": goals(json!("Close my ticket.")),
            "change": {
                "moment": "when asked to confirm",
                "text": "Wait.",
                "goals": goals(json!("Move my ticket.")),
            },
            "outcomes": [{"name": "satisfied", "meaning": "all was done"}],
        }),
        VALIDITY => json!({
            "scenario": "changing",
            "policy": "Be kind.",
            "goals": [{
                "wish": "close a ticket",
                "held": "until the change of mind",
                "slots": [{"name": "reason", "value": "solved", "told": "said with the wish"}],
            }],
            "script": {
                "identity": "I am Ann.",
                "persona": {
                    "style": "plain",
                    "introduces": true,
                    "one_at_a_time": false,
                    "insistent": true,
                    "manner": "They are brief.",
                },
                "opening": "Close my ticket.",
                "goals": scripted(),
                "change": {"at": 0, "trigger": "at_confirmation", "text": "Wait.", "goals": scripted()},
            },
            "calls": ["close_ticket {}"],
        }),
        WRITER => json!({
            "style": "plain",
            "introduces": true,
            "one_at_a_time": false,
            "insistent": true,
            "longest": 200,
            "identity": held(),
            "opening": held(),
            "goals": goals(held()),
            "change": {"change": held(), "goals": goals(held())},
        }),
        other => unreachable!("{other} is no template"),
    }
}

/// One goal, whose texts are like this.
fn goals(text: Json) -> Json {
    json!([{"say": text, "reveals": [{"slot": "reason", "text": text}]}])
}

/// One goal of a script.
fn scripted() -> Json {
    let mut goals = goals(json!("Close my ticket."));
    goals[0]["goal"] = 0.into();
    goals
}

/// A text, with what it is held to.
fn held() -> Json {
    json!({"text": "Close my ticket.", "must": ["ticket"], "never": ["solved"]})
}

/// That a context gives nothing but what its sample has.
#[cfg(test)]
pub(super) fn assert_whole(name: &str, context: &Json) {
    fn within(sample: &Json, context: &Json) -> Result<(), String> {
        match (sample, context) {
            (Json::Object(sample), Json::Object(fields)) => {
                fields.iter().try_for_each(|(name, value)| {
                    let sample = sample.get(name).ok_or(name.clone())?;
                    if name == MAY_LACK && value.is_null() {
                        return Ok(());
                    }
                    within(sample, value).map_err(|place| format!("{name}.{place}"))
                })
            }
            (Json::Array(sample), Json::Array(values)) => values
                .iter()
                .try_for_each(|value| within(&sample[0], value)),
            (sample, value) => {
                let same = std::mem::discriminant(sample) == std::mem::discriminant(value);
                same.then_some(()).ok_or_else(|| value.to_string())
            }
        }
    }
    if let Err(place) = within(&full(name), context) {
        panic!("the sample of {name} lacks {place}");
    }
}
