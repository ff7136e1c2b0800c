//! P9: the texts of a script say what the intent says, no fact missing, none invented, nothing hidden
//! told. Works on the texts alone, whoever wrote them.

mod scan;

use std::collections::BTreeSet;

use proto::record::{Descriptor, Goal, Slot, Task, Visibility};

use self::scan::Scanner;
use super::phrasing::{Fact, Phrasing};
use super::writer::changing as changed;
use crate::domains::Domain;
use crate::environment::Environment;

/// Checks every text of a task's script. The error names the text, what is wrong with it and the words.
pub fn check_texts(
    domain: &dyn Domain,
    world: &dyn Environment,
    task: &Task,
) -> Result<(), String> {
    let words = domain.phrasing();
    let person = &task.intent.person;
    let checker = Checker {
        domain,
        words,
        task,
        world: words.reach(domain, world, person),
        person: words.identity(domain, world, person),
    };
    checker.identity()?;
    checker.opening()?;
    let script = &task.script;
    let change = script.change.as_ref();
    for goal in script
        .goals
        .iter()
        .chain(change.into_iter().flat_map(|change| &change.goals))
    {
        let wanted = checker.goal(goal.goal)?;
        let expect = Expect {
            must: checker.open(&[wanted]),
            may: Vec::new(),
            never: checker.closed(&[wanted]),
        };
        checker.text(
            &format!("statement of goal {}", goal.goal),
            &goal.say,
            &expect,
        )?;
        for reveal in &goal.reveals {
            checker.reveal(goal.goal, &reveal.slot, &reveal.text)?;
        }
    }
    change.map_or(Ok(()), |change| checker.change(&change.text, change.at))
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
    let words = domain.phrasing();
    let person = &task.intent.person;
    let checker = Checker {
        domain,
        words,
        task,
        world: words.reach(domain, world, person),
        person: words.identity(domain, world, person),
    };
    let expect = checker.turn(moment)?;
    let heard = Scanner::new(moment.heard);
    checker.saying("what was said", said, &expect, Some(&heard))
}

/// What a text must state, may state and must not.
struct Expect {
    must: Vec<Fact>,
    may: Vec<Fact>,
    never: Vec<Fact>,
}

struct Checker<'a> {
    domain: &'a dyn Domain,
    words: &'a dyn Phrasing,
    task: &'a Task,
    world: Vec<Fact>,
    person: Vec<Fact>,
}

impl Checker<'_> {
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
    fn identity(&self) -> Result<(), String> {
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
            parts: vec![super::phrasing::Part::telling([text.to_owned()])],
        });
        let expect = Expect {
            must: must.collect(),
            may: self.person.clone(),
            never: Vec::new(),
        };
        self.text("identity", &self.task.script.identity, &expect)
    }

    fn opening(&self) -> Result<(), String> {
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
        let expect = Expect {
            must: self.open(stated),
            may,
            never,
        };
        self.text("opening", &self.task.script.opening, &expect)
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

    fn reveal(&self, place: usize, slot: &str, text: &str) -> Result<(), String> {
        let goal = self.goal(place)?;
        let what = format!("answer for {slot} of goal {place}");
        let asked = goal
            .slots
            .iter()
            .find(|own| own.name == slot)
            .ok_or_else(|| format!("{what}: the goal has no such slot"))?;
        let known = [Visibility::Opening, Visibility::OnRequest];
        let others = || goal.slots.iter().filter(|other| other.name != slot);
        let mut never = self.seen(others(), &[Visibility::OnRequest, Visibility::Never]);
        never.extend(self.seen([asked].into_iter(), &[Visibility::Never]));
        let must = self.seen([asked].into_iter(), &known);
        let may = self.open(&[goal]);
        self.text(&what, text, &Expect { must, may, never })
    }

    fn change(&self, text: &str, at: usize) -> Result<(), String> {
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
        let expect = Expect {
            must,
            may: self.open(&all),
            never: self.closed(&all),
        };
        self.text("change of mind", text, &expect)
    }

    /// Words that come with what kind of goals the person has.
    fn framing(&self) -> Vec<Fact> {
        let goals = &self.task.intent.goals;
        goals
            .iter()
            .flat_map(|goal| self.words.framing(goal))
            .collect()
    }

    fn text(&self, what: &str, text: &str, expect: &Expect) -> Result<(), String> {
        self.saying(what, text, expect, None)
    }

    /// As [`Self::text`]; what was `heard` from somebody else may be repeated.
    fn saying(
        &self,
        what: &str,
        text: &str,
        expect: &Expect,
        heard: Option<&Scanner>,
    ) -> Result<(), String> {
        let mut scanner = Scanner::new(text);
        for part in expect.must.iter().flat_map(|fact| &fact.parts) {
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
        for wording in excused {
            scanner.blank(wording);
        }
        let find = |facts: &[Fact]| {
            let parts = facts
                .iter()
                .flat_map(|fact| &fact.parts)
                .filter(|part| part.telling);
            parts
                .flat_map(|part| &part.wordings)
                .find(|wording| {
                    let repeated = heard.is_some_and(|heard| heard.holds(wording));
                    !repeated && scanner.holds(wording)
                })
                .cloned()
        };
        if let Some(word) = find(&expect.never) {
            return Err(format!(
                "{what} tells {word:?}, which is kept back: {text:?}"
            ));
        }
        match find(&self.world) {
            Some(word) => Err(format!(
                "{what} names {word:?}, which the intent does not hold there: {text:?}"
            )),
            None => Ok(()),
        }
    }
}
