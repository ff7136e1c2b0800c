//! The template writer: user scripts rendered from intents. Sentences are put together from what the
//! domain says of a goal and from generic frames, by persona; every choice derives from the seed.

pub(crate) mod changing;
mod frames;

use proto::record::{
    Change, ChangeScript, Goal, GoalScript, Intent, Persona, Reveal, Trigger, UserScript,
};
use proto::seed::{Rng, Seed};

use self::frames::Speaker;
use super::phrasing::Tone;
use super::surface::tidy;
use crate::domains::{Domain, Introduction};
use crate::environment::Environment;

/// Name of this writer in tasks.
pub const WRITER: &str = "template/1";

/// What a script is written for.
#[derive(Debug, Clone)]
pub struct ScriptPlan<'a> {
    /// What the person wants.
    pub intent: &'a Intent,
    /// What the person can say of themselves.
    pub introduction: &'a Introduction,
    /// How the person behaves.
    pub persona: Persona,
    /// What changes, when, and the goal whose proposal or report it waits for (a place in the
    /// intent's goals).
    pub change: Option<(Change, Trigger, usize)>,
}

/// A way to behave, drawn with sensible odds.
pub fn persona(seed: Seed) -> Persona {
    let mut rng = seed.child("persona", 0).rng();
    let tone = rng
        .weighted(&[34, 20, 14, 18, 14])
        .map_or(Tone::Plain, |at| Tone::ALL[at]);
    Persona {
        style: tone.label().to_owned(),
        introduces: rng.chance(0.45),
        one_at_a_time: rng.chance(0.35),
        insistent: rng.chance(if tone == Tone::Annoyed { 0.8 } else { 0.3 }),
        manner: String::new(),
    }
}

/// Every text of a user script. A person who takes back a goal has stated it before, so that one at a
/// time gives way there.
pub fn write_script(
    domain: &dyn Domain,
    _world: &dyn Environment,
    plan: &ScriptPlan<'_>,
    seed: Seed,
) -> UserScript {
    let words = domain.phrasing();
    let mut persona = plan.persona.clone();
    if plan
        .change
        .is_some_and(|(change, _, _)| change == Change::Withdrawal)
    {
        persona.one_at_a_time = false;
    }
    let intent = plan.intent;
    let speaker = Speaker {
        words,
        tone: Tone::of(&persona.style),
    };
    let rng = |label: &str| seed.child(label, 0).rng();
    let identity = speaker.identity(plan.introduction, &mut rng("identity"));
    let first = goals(intent, &intent.first);
    let stated = if persona.one_at_a_time {
        &first[..first.len().min(1)]
    } else {
        &first[..]
    };
    let given = persona.introduces.then_some(plan.introduction);
    let opening = speaker.opening(
        stated,
        given,
        first.len() > stated.len(),
        &mut rng("opening"),
    );
    let scripts = |places: &[usize], label: &str| {
        let each = places.iter();
        each.map(|&place| {
            let mut rng = seed.child(label, place as u64).rng();
            script(&speaker, intent, place, &mut rng)
        })
        .collect::<Vec<_>>()
    };
    let change = plan.change.map(|(change, trigger, at)| ChangeScript {
        trigger,
        at,
        text: changing::text(&speaker, intent, change, trigger, at, &mut rng("change")),
        goals: scripts(&intent.last, "changed"),
    });
    UserScript {
        identity,
        persona,
        opening,
        goals: scripts(&intent.first, "goal"),
        change,
    }
}

fn goals<'i>(intent: &'i Intent, places: &[usize]) -> Vec<&'i Goal> {
    places
        .iter()
        .filter_map(|&place| intent.goals.get(place))
        .collect()
}

/// One goal as stated on its own, with an answer for every slot.
fn script(speaker: &Speaker<'_>, intent: &Intent, place: usize, rng: &mut Rng) -> GoalScript {
    let goal = &intent.goals[place];
    let say = tidy(&speaker.statement(goal, rng));
    let reveals = goal.slots.iter().filter_map(|slot| {
        let text = speaker.words.answer(goal, slot, speaker.tone, rng)?;
        Some(Reveal {
            slot: slot.name.clone(),
            text: tidy(&text),
        })
    });
    GoalScript {
        goal: place,
        say,
        reveals: reveals.collect(),
    }
}
