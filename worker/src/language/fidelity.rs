//! P9: the texts of a script say what the intent says, no fact missing, none invented, nothing hidden
//! told; a persona's manner says none of it. Works on the texts alone, whoever wrote them.

mod manner;
mod scan;

use std::collections::BTreeSet;

use proto::record::{Descriptor, Goal, GoalScript, Slot, Task, Visibility};

use self::scan::{Scanner, Spelling};
use super::phrasing::{Fact, Part, Phrasing};
use super::writer::changing as changed;
use crate::domains::Domain;
use crate::environment::Environment;

/// Most characters of a persona's manner.
pub const MANNER_LIMIT: usize = 240;

/// Most characters of what a customer says at a time: a model that does not come to an end would fill the context
/// of whoever it talks to, and the other would be blamed.
pub const TEXT_LIMIT: usize = 4_000;

/// Checks every text of a task's script. The error names the text, what is wrong with it and the words.
pub fn check_texts(
    domain: &dyn Domain,
    world: &dyn Environment,
    task: &Task,
) -> Result<(), String> {
    let checker = Checker::new(domain, world, task);
    checker.manner()?;
    for (what, text, expect) in checker.texts()? {
        checker.saying(&what, text, &expect, None)?;
    }
    Ok(())
}

/// What a text of a script is held to, in words: what it must say, each in the wording that it has now,
/// and what it must not tell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Demand {
    /// Said in it, each word for word.
    pub must: Vec<String>,
    /// Kept back in it.
    pub never: Vec<String>,
}

/// What the texts of a script are held to that says what its intent says: of the identity, the opening,
/// every goal's statement followed by its answers, and the change of mind followed by its goals'.
pub fn demands(
    domain: &dyn Domain,
    world: &dyn Environment,
    task: &Task,
) -> Result<Vec<Demand>, String> {
    let checker = Checker::new(domain, world, task);
    let texts = checker.texts()?;
    Ok(texts
        .iter()
        .map(|(_, text, expect)| expect.demand(text))
        .collect())
}

/// How far a conversation is, as its user sees it.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'a> {
    /// Slots that the agent has asked for.
    pub asked: &'a BTreeSet<String>,
    /// Whether the change of mind was spoken.
    pub changed: bool,
    /// Everything the agent has said.
    pub heard: &'a str,
}

/// Checks what a user says that does not speak from fixed texts: nothing kept back that was not asked
/// for, and nothing of the person's world that neither the script holds nor the agent has named.
pub fn check_turn(
    domain: &dyn Domain,
    world: &dyn Environment,
    task: &Task,
    said: &str,
    moment: &Moment<'_>,
) -> Result<(), String> {
    let checker = Checker::new(domain, world, task);
    let expect = checker.turn(moment)?;
    let heard = Scanner::new(moment.heard);
    checker.saying("what was said", said, &expect, Some(&heard))
}

/// Of the wishes that hold in the end the first of which a user has said nothing, in the script's words. Those that
/// come with a change of mind count once it is spoken.
pub fn unsaid<'t>(
    domain: &dyn Domain,
    world: &dyn Environment,
    task: &'t Task,
    said: &str,
    changed: bool,
) -> Result<Option<&'t str>, String> {
    let checker = Checker::new(domain, world, task);
    let scanner = Scanner::new(said);
    let script = &task.script;
    let change = script.change.iter().filter(|_| changed);
    let change = change.flat_map(|change| &change.goals);
    for script in script.goals.iter().chain(change) {
        if !task.intent.last.contains(&script.goal) {
            continue;
        }
        let facts = checker.open(&[checker.goal(script.goal)?]);
        let mut wordings = parts(&facts).flat_map(|part| &part.wordings).peekable();
        if wordings.peek().is_some() && !wordings.any(|wording| scanner.holds(wording)) {
            return Ok(Some(&script.say));
        }
    }
    Ok(None)
}

/// What a text must state, may state and must not.
struct Expect {
    must: Vec<Fact>,
    may: Vec<Fact>,
    never: Vec<Fact>,
}

impl Expect {
    /// In words, for a text that meets it.
    fn demand(&self, text: &str) -> Demand {
        let scanner = Scanner::new(text);
        let said = |part: &Part| {
            let held = part.wordings.iter().find(|wording| scanner.holds(wording));
            held.or(part.wordings.first()).cloned()
        };
        let must: BTreeSet<String> = parts(&self.must).filter_map(said).collect();
        let kept = parts(&self.never).filter(|part| part.telling);
        let first = kept.filter_map(|part| part.wordings.first().cloned());
        let never: BTreeSet<String> = first.filter(|word| !must.contains(word)).collect();
        Demand {
            must: must.into_iter().collect(),
            never: never.into_iter().collect(),
        }
    }
}

fn parts(facts: &[Fact]) -> impl Iterator<Item = &Part> {
    facts.iter().flat_map(|fact| &fact.parts)
}

/// Of facts that a text must not tell the first wording that it does; what was `heard` may be repeated.
fn excess<'f>(
    facts: &'f [Fact],
    scanner: &Scanner,
    spelling: Spelling,
    heard: Option<&Scanner>,
) -> Option<&'f str> {
    let telling = parts(facts).filter(|part| part.telling);
    let mut wordings = telling.flat_map(|part| part.wordings.iter().map(move |word| (part, word)));
    let found = wordings.find(|(part, wording)| {
        let repeated = || heard.is_some_and(|heard| named(heard, part, wording));
        scanner.holds_as(wording, spelling) && !repeated()
    });
    found.map(|(_, wording)| wording.as_str())
}

/// Whether a text names a wording of a part, be it in another spelling: "gift card" for "giftcard".
fn named(heard: &Scanner, part: &Part, wording: &str) -> bool {
    let letters = |words: &str| words.replace(|c: char| !c.is_alphanumeric(), "");
    let mut wordings = part.wordings.iter();
    wordings
        .any(|other| letters(other) == letters(wording) && heard.holds_as(other, Spelling::Near))
}

/// A text of a script: what it is, as it is, and what it is held to.
type Text<'a> = (String, &'a str, Expect);

struct Checker<'a> {
    domain: &'a dyn Domain,
    words: &'a dyn Phrasing,
    task: &'a Task,
    world: Vec<Fact>,
    person: Vec<Fact>,
}

impl<'a> Checker<'a> {
    fn new(domain: &'a dyn Domain, world: &dyn Environment, task: &'a Task) -> Self {
        let words = domain.phrasing();
        let person = &task.intent.person;
        Self {
            domain,
            words,
            task,
            world: words.reach(domain, world, person),
            person: words.identity(domain, world, person),
        }
    }

    /// Every text of the script, in order.
    fn texts(&self) -> Result<Vec<Text<'a>>, String> {
        let script = &self.task.script;
        let mut texts = vec![
            (
                "identity".to_owned(),
                script.identity.as_str(),
                self.identity(),
            ),
            (
                "opening".to_owned(),
                script.opening.as_str(),
                self.opening()?,
            ),
        ];
        self.goals(&script.goals, &mut texts)?;
        if let Some(change) = &script.change {
            let expect = self.change(change.at)?;
            texts.push(("change of mind".to_owned(), &change.text, expect));
            self.goals(&change.goals, &mut texts)?;
        }
        Ok(texts)
    }

    /// The texts of goals.
    fn goals(&self, scripts: &'a [GoalScript], texts: &mut Vec<Text<'a>>) -> Result<(), String> {
        for script in scripts {
            let goal = self.goal(script.goal)?;
            let what = format!("statement of goal {}", script.goal);
            let expect = Expect {
                must: self.open(&[goal]),
                may: Vec::new(),
                never: self.closed(&[goal]),
            };
            texts.push((what, &script.say, expect));
            for reveal in &script.reveals {
                let what = format!("answer for {} of goal {}", reveal.slot, script.goal);
                let expect = self
                    .reveal(goal, &reveal.slot)
                    .ok_or_else(|| format!("{what}: the goal has no such slot"))?;
                texts.push((what, &reveal.text, expect));
            }
        }
        Ok(())
    }

    fn goal(&self, place: usize) -> Result<&Goal, String> {
        self.task.intent.goals.get(place).ok_or_else(|| {
            format!("the script speaks of goal {place}, which the intent does not hold")
        })
    }

    fn facts<'d>(&self, said: impl Iterator<Item = &'d Descriptor>) -> Vec<Fact> {
        said.filter_map(|said| self.words.fact(said)).collect()
    }

    fn seen<'d>(&self, slots: impl Iterator<Item = &'d Slot>, wanted: &[Visibility]) -> Vec<Fact> {
        self.facts(
            slots
                .flat_map(|slot| &slot.says)
                .filter(|said| wanted.contains(&said.visibility)),
        )
    }

    /// What the openings of goals hold.
    fn open(&self, goals: &[&Goal]) -> Vec<Fact> {
        self.seen(
            goals.iter().flat_map(|goal| &goal.slots),
            &[Visibility::Opening],
        )
    }

    /// What they keep back.
    fn closed(&self, goals: &[&Goal]) -> Vec<Fact> {
        self.seen(
            goals.iter().flat_map(|goal| &goal.slots),
            &[Visibility::OnRequest, Visibility::Never],
        )
    }

    fn places(&self, places: &[usize]) -> Result<Vec<&Goal>, String> {
        places.iter().map(|&place| self.goal(place)).collect()
    }

    /// The way of authentication, from the golden's first look-up of the person.
    fn identity(&self) -> Expect {
        let steps = &self.task.golden.steps;
        let find = steps.iter().find(|step| {
            step.goal.is_none()
                && self
                    .domain
                    .identified(&step.call, &step.observation.text)
                    .is_some()
        });
        let arguments = find.map(|step| {
            step.call
                .arguments
                .values()
                .filter_map(|value| value.as_str())
        });
        let must = arguments.into_iter().flatten().map(|text| Fact {
            parts: vec![Part::telling([text.to_owned()])],
        });
        Expect {
            must: must.collect(),
            may: self.person.clone(),
            never: Vec::new(),
        }
    }

    fn opening(&self) -> Result<Expect, String> {
        let intent = &self.task.intent;
        let first = self.places(&intent.first)?;
        let later: Vec<usize> = intent
            .last
            .iter()
            .copied()
            .filter(|place| !intent.first.contains(place))
            .collect();
        let later = self.places(&later)?;
        let stated = if self.task.script.persona.one_at_a_time {
            &first[..first.len().min(1)]
        } else {
            &first[..]
        };
        let mut never = self.closed(&first);
        never.extend(self.closed(&later));
        never.extend(self.open(&later));
        let mut may = self.open(&first);
        may.extend(self.person.clone());
        Ok(Expect {
            must: self.open(stated),
            may,
            never,
        })
    }

    fn turn(&self, moment: &Moment<'_>) -> Result<Expect, String> {
        let intent = &self.task.intent;
        let mut spoken = self.places(&intent.first)?;
        let mut later = self.places(&intent.last)?;
        later.retain(|goal| !spoken.contains(goal));
        if moment.changed {
            spoken.append(&mut later);
        }
        let slots = || spoken.iter().flat_map(|goal| &goal.slots);
        let asked = slots().filter(|slot| moment.asked.contains(&slot.name));
        let unasked = slots().filter(|slot| !moment.asked.contains(&slot.name));
        let mut may = self.open(&spoken);
        may.extend(self.seen(asked, &[Visibility::OnRequest]));
        may.extend(self.person.clone());
        let mut never = self.seen(unasked, &[Visibility::OnRequest]);
        never.extend(self.seen(slots(), &[Visibility::Never]));
        never.extend(self.open(&later));
        never.extend(self.closed(&later));
        Ok(Expect {
            must: Vec::new(),
            may,
            never,
        })
    }

    /// The answer for a slot of a goal; nothing when the goal has none of that name.
    fn reveal(&self, goal: &Goal, slot: &str) -> Option<Expect> {
        let asked = goal.slots.iter().find(|own| own.name == slot)?;
        let known = [Visibility::Opening, Visibility::OnRequest];
        let others = || goal.slots.iter().filter(|other| other.name != slot);
        let mut never = self.seen(others(), &[Visibility::OnRequest, Visibility::Never]);
        never.extend(self.seen([asked].into_iter(), &[Visibility::Never]));
        let must = self.seen([asked].into_iter(), &known);
        let may = self.open(&[goal]);
        Some(Expect { must, may, never })
    }

    fn change(&self, at: usize) -> Result<Expect, String> {
        let intent = &self.task.intent;
        let missing = |from: &[usize], among: &[usize]| -> Vec<usize> {
            from.iter()
                .copied()
                .filter(|place| !among.contains(place))
                .collect()
        };
        let dropped = self.places(&missing(&intent.first, &intent.last))?;
        let wanted = self.places(&missing(&intent.last, &intent.first))?;
        let old = dropped.first().copied().or_else(|| intent.goals.get(at));
        let mut must = Vec::new();
        for (nth, new) in wanted.iter().enumerate() {
            match old.filter(|old| nth == 0 && changed::same_tool(old, new)) {
                Some(old) => must.extend(self.seen(
                    changed::changed_slots(old, new).into_iter(),
                    &[Visibility::Opening],
                )),
                None => must.extend(self.open(&[new])),
            }
        }
        if wanted.is_empty() {
            // The slot that narrows the others says which goal is meant.
            let leading = dropped.iter().filter_map(|goal| goal.slots.first());
            must.extend(self.seen(leading, &[Visibility::Opening]));
        }
        let all: Vec<&Goal> = intent.goals.iter().collect();
        Ok(Expect {
            must,
            may: self.open(&all),
            never: self.closed(&all),
        })
    }

    /// Words that come with what kind of goals the person has.
    fn framing(&self) -> Vec<Fact> {
        let goals = &self.task.intent.goals;
        goals
            .iter()
            .flat_map(|goal| self.words.framing(goal))
            .collect()
    }

    /// Holds a text to what is expected: what it must say stands there to the letter, for agents that read
    /// no other spelling, and what it must not is found in near ones, too. What was `heard` from somebody
    /// else may be repeated.
    fn saying(
        &self,
        what: &str,
        text: &str,
        expect: &Expect,
        heard: Option<&Scanner>,
    ) -> Result<(), String> {
        let length = text.chars().count();
        if length > TEXT_LIMIT {
            return Err(format!(
                "{what} has {length} characters, and a customer says {TEXT_LIMIT} at most: say it in fewer words"
            ));
        }
        let mut scanner = Scanner::new(text);
        for part in parts(&expect.must) {
            if !part.wordings.iter().any(|wording| scanner.holds(wording)) {
                return Err(format!(
                    "{what} does not say {:?}: {text:?}",
                    part.wordings[0]
                ));
            }
        }
        let framing = self.framing();
        let excused = expect
            .must
            .iter()
            .chain(&expect.may)
            .chain(&framing)
            .flat_map(|fact| &fact.parts);
        let excused: BTreeSet<&str> = excused
            .flat_map(|part| &part.wordings)
            .map(String::as_str)
            .collect();
        let mut excused: Vec<&str> = excused.into_iter().collect();
        excused.sort_by_key(|wording| std::cmp::Reverse(wording.len()));
        // Near spellings come last: to blank what is excused in them may take the beginning of what is
        // not ("high", "high-back").
        for spelling in [Spelling::Exact, Spelling::Near] {
            for wording in &excused {
                scanner.blank(wording, spelling);
            }
            if let Some(word) = excess(&expect.never, &scanner, spelling, heard) {
                return Err(format!(
                    "{what} tells {word:?}, which is kept back: {text:?}"
                ));
            }
            if let Some(word) = excess(&self.world, &scanner, spelling, heard) {
                return Err(format!(
                    "{what} names {word:?}, which the intent does not hold there: {text:?}"
                ));
            }
        }
        Ok(())
    }
}
