//! How a change of mind is said: what is dropped and what is wanted from now on. Never with a word that
//! could be taken for a yes.

use proto::record::{Change, Goal, Intent, Slot, Trigger, Wish};
use proto::seed::Rng;

use super::frames::Speaker;
use crate::language::surface::{say, tidy};

const EARLY: &[&str] = &[
    "actually, {hold on|wait}",
    "sorry, wait a moment",
    "hang on, I've just changed my mind",
    "before you do anything",
    "actually, scratch that",
    "hmm, on second thought",
    "wait, let me rethink that",
    "sorry, I spoke too soon",
    "one moment, I want something different",
    "actually, forget what I just said",
];
const ASKED: &[&str] = &[
    "hmm, wait, {now that I see it written out|before you do that}, I've changed my mind",
    "hold on, don't do that yet",
    "wait, actually I've thought better of it",
    "stop, I have changed my mind",
    "actually, not like that, I've had another idea",
    "hold off on that",
    "before you submit anything, I've reconsidered",
    "sorry, I know you were about to do it, but I've changed my mind",
    "hmm, hearing it said like that, I'd rather not",
    "wait, please don't do that one",
];
const DONE: &[&str] = &[
    "oh, hmm, I know you've just done that, but I've changed my mind",
    "thanks for that, but something has come up",
    "oh dear, now that it's done I see it differently",
    "sorry to be a pain, I've changed my mind after all",
    "ah, I've just thought of something",
    "hmm, now I'm having second thoughts",
    "thank you. Actually, I've been thinking",
    "I appreciate it, but things are different now",
];
const MORE: &[&str] = &[
    "actually, there's {one more thing|something else}",
    "oh, and while you're at it, something I forgot",
    "wait, I just remembered something else",
    "before I forget, I have another request",
    "hold on, there is something I left out",
    "one more thing has come to mind",
    "ah, something else I want done as well",
    "I've just thought of another thing",
];

/// The text of a change of mind.
pub(super) fn text(
    speaker: &Speaker<'_>,
    intent: &Intent,
    change: Change,
    trigger: Trigger,
    at: usize,
    rng: &mut Rng,
) -> String {
    let missing = |from: &[usize], among: &[usize]| -> Vec<usize> {
        from.iter()
            .copied()
            .filter(|place| !among.contains(place))
            .collect()
    };
    let dropped = missing(&intent.first, &intent.last);
    let wanted = missing(&intent.last, &intent.first);
    let marker = match (change, trigger) {
        (Change::Addition, _) => say(rng, MORE, &[]),
        (_, Trigger::BeforeProposal) => say(rng, EARLY, &[]),
        (_, Trigger::AtConfirmation) => say(rng, ASKED, &[]),
        (_, Trigger::AfterWrite) => say(rng, DONE, &[]),
    };
    let old = dropped
        .first()
        .copied()
        .or_else(|| (change != Change::Addition).then_some(at));
    let old = old.and_then(|place| intent.goals.get(place));
    let mut sentences = vec![marker];
    for (nth, &place) in wanted.iter().enumerate() {
        let new = &intent.goals[place];
        match old.filter(|_| nth == 0) {
            Some(old) => sentences.push(instead(speaker, old, new, trigger, rng)),
            None => sentences.push(speaker.statement(new, rng)),
        }
    }
    if wanted.is_empty() {
        for goal in dropped.iter().filter_map(|&place| intent.goals.get(place)) {
            sentences.push(drop_goal(speaker, goal, rng));
        }
    }
    tidy(&joined(&sentences, rng))
}

/// The marker and what follows, as one sentence or two.
fn joined(sentences: &[String], rng: &mut Rng) -> String {
    let mut out = String::new();
    for (at, sentence) in sentences.iter().enumerate() {
        let link = match at {
            0 => "",
            1 => rng.pick(&[". ", ": ", ". "]).copied().unwrap_or(". "),
            _ => ". ",
        };
        out.push_str(link);
        out.push_str(sentence);
    }
    out
}

/// The new wish, and that it takes the place of the old.
fn instead(
    speaker: &Speaker<'_>,
    old: &Goal,
    new: &Goal,
    trigger: Trigger,
    rng: &mut Rng,
) -> String {
    let changed = changed_slots(old, new);
    if same_tool(old, new)
        && rng.chance(0.8)
        && let Some(amended) = speaker.words.amend(old, new, &changed, rng)
    {
        return amended;
    }
    let dropped = speaker.words.goal(old, speaker.tone, rng).core;
    let question = old_is_question(old);
    let statement = speaker.statement(new, rng);
    let tables: &[&str] = match (question, trigger) {
        (true, _) => &[
            "never mind about $d. $n",
            "leave aside what I asked, $d. $n",
            "I don't care about $d any more. $n",
        ],
        (false, Trigger::AfterWrite) => &[
            "I don't want to $d after all. $n",
            "rather than $d, here's what I want now: $n",
            "I shouldn't have asked to $d. $n",
            "$n. That's instead of what I asked before, which was to $d",
        ],
        (false, _) => &[
            "I don't want to $d any more. $n",
            "rather than $d, here's what I want: $n",
            "let's not $d. $n",
            "forget that I asked to $d. $n",
            "I'd rather not $d. $n",
            "instead of having you $d, I want something else: $n",
            "$n. And that's instead of what I said, so please don't $d",
        ],
    };
    say(rng, tables, &[("d", &dropped), ("n", &statement)])
}

fn drop_goal(speaker: &Speaker<'_>, goal: &Goal, rng: &mut Rng) -> String {
    let spoken = speaker.words.goal(goal, speaker.tone, rng);
    let tables: &[&str] = if spoken.question {
        &[
            "never mind about $d",
            "leave aside what I asked, $d",
            "you can skip my question, $d",
        ]
    } else {
        &[
            "I don't want to $d after all",
            "please don't $d[, leave that as it is]",
            "forget that I asked to $d",
            "let's not $d, I'm keeping things as they are",
            "leave out the part where I asked to $d",
            "I've decided not to $d",
            "drop my request to $d",
        ]
    };
    say(rng, tables, &[("d", &spoken.core)])
}

fn old_is_question(goal: &Goal) -> bool {
    matches!(goal.wish, Wish::Question(_))
}

/// Whether both goals are served by one tool.
pub(crate) fn same_tool(old: &Goal, new: &Goal) -> bool {
    let name = |goal: &Goal| goal.wish.call().map(|call| call.name.clone());
    name(old).is_some() && name(old) == name(new)
}

/// Slots of `new` that `old` has not or has otherwise.
pub(crate) fn changed_slots<'g>(old: &Goal, new: &'g Goal) -> Vec<&'g Slot> {
    let same = |slot: &Slot| {
        let before = old.slots.iter().find(|before| before.name == slot.name);
        before.is_some_and(|before| before.value == slot.value && before.says == slot.says)
    };
    new.slots.iter().filter(|slot| !same(slot)).collect()
}
