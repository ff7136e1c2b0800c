//! Whatever an agent does, this user says nothing of a hidden slot before it is asked for it.

use std::sync::Arc;

use proto::digest::Digest;
use proto::ids::RunId;
use proto::job::{Cell, Wanted};
use proto::record::{Goal, Kind, Message, Scenario, Slot, Task, Value};
use proto::seed::{Rng, Seed};

use crate::dialogue::conversation::{AgentTurn, Conversation};
use crate::dialogue::facts::read_agent;
use crate::domains::Domain;
use crate::domains::retail::sample::shop;
use crate::domains::tickets::Tickets;
use crate::domains::tickets::desk::Desk;
use crate::language::agent::{Act, speak};
use crate::participants::{Agent, rehearse};
use crate::workload;

/// Tasks of which each keeps a slot back, every slot that the domain can hide.
fn hiding(domain: &dyn Domain) -> Vec<Task> {
    let cells = domain
        .hideable()
        .iter()
        .enumerate()
        .map(|(place, &(tool, slot))| Cell {
            slot: place as u32,
            stratum: 0,
            strata: 1,
            scenario: Scenario::Ambiguous,
            kind: Kind::Hidden(slot.to_owned()),
            wants: vec![Wanted::Write(tool.to_owned())],
        });
    let drafts = workload::drafts(domain, RunId(Digest::of(b"agenda")), cells, 10);
    assert!(drafts.len() * 2 > domain.hideable().len());
    drafts
        .into_iter()
        .map(|proposed| proposed.draft.task)
        .collect()
}

/// An agent without a plan: looks up, proposes, reports, refuses, asks and babbles as it is drawn.
struct Erratic<'a> {
    domain: &'a dyn Domain,
    task: &'a Task,
    rng: Rng,
}

impl Erratic<'_> {
    fn words(&mut self, conversation: &Conversation<'_>) -> String {
        let goals = &self.task.intent.goals;
        let goal = &goals[self.rng.below(goals.len())];
        let world = conversation.world();
        let calls = self.domain.bindings(world, &self.task.intent.person, goal);
        let guess = self.rng.pick(&calls).or(goal.wish.call()).cloned();
        let Some(guess) = guess else {
            return "Hello.".to_owned();
        };
        let slots = &self.domain.lexicon().slots;
        let slot = slots[self.rng.below(slots.len())].0;
        let reasons = &self.domain.lexicon().reasons;
        let reason = reasons[self.rng.below(reasons.len())].0;
        let act = match self.rng.below(11) {
            0 | 1 => Act::Propose(&guess),
            2 => Act::Report(&guess),
            3 => Act::Refuse {
                reason,
                insist: self.rng.chance(0.5),
                subject: None,
            },
            4 => Act::AskIdentity,
            5 | 6 => Act::Ask {
                goal,
                slots: &[slot],
                offers: &[],
            },
            7 => Act::AnythingElse,
            8 => Act::LookUp,
            9 => Act::Acknowledge,
            _ => return "Which ... or, but; 42?! \u{1f600}".to_owned(),
        };
        speak(self.domain, world, &act, &mut self.rng)
    }
}

impl Agent for Erratic<'_> {
    fn turn(&mut self, conversation: &Conversation<'_>) -> AgentTurn {
        if self.rng.chance(0.2) {
            let reach = self
                .domain
                .reach(conversation.world(), &self.task.intent.person);
            if let Some(call) = self.rng.pick(&reach) {
                return AgentTurn::call(call.clone());
            }
        }
        AgentTurn::say(self.words(conversation))
    }
}

/// The texts that give a slot away: what the user would answer, and the value as it is.
fn secrets(task: &Task, place: usize, goal: &Goal, slot: &Slot) -> Vec<String> {
    let scripts = task.script.goals.iter().filter(|said| said.goal == place);
    let reveals = scripts.flat_map(|said| &said.reveals);
    let mut secrets: Vec<String> = reveals
        .filter(|reveal| reveal.slot == slot.name)
        .map(|reveal| reveal.text.clone())
        .collect();
    assert!(
        !secrets.is_empty(),
        "{} of {goal:?} has no answer",
        slot.name
    );
    match &slot.value {
        Value::Str(text) => secrets.push(text.clone()),
        Value::List(items) => {
            secrets.extend(items.iter().filter_map(Value::as_str).map(str::to_owned));
        }
        _ => {}
    }
    secrets
}

/// Whether a text holds these words, not as parts of others.
fn says(text: &str, words: &str) -> bool {
    text.match_indices(words).any(|(at, found)| {
        let before = text[..at].chars().next_back();
        let after = text[at + found.len()..].chars().next();
        ![before, after]
            .into_iter()
            .flatten()
            .any(char::is_alphanumeric)
    })
}

/// Places of user messages that say a secret of a slot that nobody has asked for; and whether the slot
/// was asked for in the end.
fn leaks(
    domain: &dyn Domain,
    messages: &[Message],
    slot: &str,
    secrets: &[String],
) -> (Vec<usize>, bool) {
    let mut asked = false;
    let mut leaks = Vec::new();
    for (place, message) in messages.iter().enumerate() {
        match message {
            Message::Assistant { text, .. } => {
                asked |= read_agent(domain, text)
                    .asks
                    .iter()
                    .any(|name| name == slot);
            }
            Message::User { text } if !asked => {
                if secrets.iter().any(|secret| says(text, secret)) {
                    leaks.push(place);
                }
            }
            Message::User { .. } | Message::Tool { .. } => {}
        }
    }
    (leaks, asked)
}

fn nothing_leaks(domain: &dyn Domain) {
    let (mut watched, mut told) = (0, 0);
    for (number, task) in hiding(domain).iter().enumerate() {
        for draw in 0..12 {
            let seed = Seed::root(17).child("talk", number as u64 * 100 + draw);
            let mut agent = Erratic {
                domain,
                task,
                rng: seed.child("agent", 0).rng(),
            };
            let finished =
                rehearse(domain, task, &mut agent, seed.child("user", 0), false).unwrap();
            let goals = task.intent.goals.iter().enumerate();
            for (place, goal) in goals {
                for slot in goal.slots.iter().filter(|slot| slot.hidden()) {
                    let secrets = secrets(task, place, goal, slot);
                    let (leaks, asked) = leaks(domain, &finished.messages, &slot.name, &secrets);
                    assert!(
                        leaks.is_empty(),
                        "{leaks:?} give {secrets:?} away: {:#?}",
                        finished.messages
                    );
                    watched += usize::from(finished.messages.len() > 4);
                    told += usize::from(asked);
                }
            }
        }
    }
    // The property would hold of nothing if nobody spoke, or if every slot were asked for at once.
    assert!(
        watched > 30 && told > 5 && told < watched,
        "{watched} conversations, asked in {told}"
    );
}

#[test]
fn nothing_hidden_is_said_unasked_at_the_desk() {
    nothing_leaks(&Tickets::new(Arc::new(Desk::generate(60, Seed::root(3)))));
}

#[test]
fn nothing_hidden_is_said_unasked_in_the_shop() {
    nothing_leaks(&shop());
}
