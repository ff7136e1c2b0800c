//! The controls: agents that no admitted task lets pass. Each family yields every member that means
//! something for a task.

use proto::record::{Effect, Message, PlannedCall, Scenario, Slot, Task, Wish};
use proto::seed::Seed;

use super::golden_course;
use super::plan::{Bend, Move, Speech};
use super::scripted::{Scripted, substitute};
use crate::dialogue::conversation::{AgentTurn, Conversation};
use crate::domains::Domain;
use crate::language::agent::{Act, speak};
use crate::participants::Agent;

/// What `null` says, whatever it hears.
pub const NEUTRAL: &str = "Thank you for reaching out to us today.";

/// A family of controls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// Says one neutral sentence, calls nothing.
    Null,
    /// Declines for one canned reason, reads nothing.
    Refuser,
    /// Hands over to a human at once.
    Transferrer,
    /// Asks for every slot, never writes.
    Asker,
    /// Reads everything, tells everything.
    Parrot,
    /// Reads everything, then declines for one fixed reason, or hands over.
    Bureaucrat,
    /// Grounds the hidden slot by itself.
    Hasty,
    /// Serves the intent held at the start.
    Stale,
    /// Carries the blocked wish out.
    Reckless,
    /// Gold with a write left out, added or changed.
    Tampered,
}

/// One control over one task.
#[derive(Debug)]
pub struct Control<'a> {
    /// Its full name, such as `refuser:not_pending`.
    pub name: String,
    /// Ready to talk.
    pub agent: ControlAgent<'a>,
}

/// The ways controls act.
#[derive(Debug)]
pub enum ControlAgent<'a> {
    /// Follows a bent course.
    Scripted(Box<Scripted<'a>>),
    /// Reads, then recites.
    Parrot(Parrot),
}

impl Agent for ControlAgent<'_> {
    fn turn(&mut self, conversation: &Conversation<'_>) -> AgentTurn {
        match self {
            Self::Scripted(agent) => agent.turn(conversation),
            Self::Parrot(agent) => agent.turn(conversation),
        }
    }
}

impl Family {
    /// Names, in the order of reports.
    pub const NAMES: [&'static str; 10] = [
        "null",
        "refuser",
        "transferrer",
        "asker",
        "parrot",
        "bureaucrat",
        "hasty",
        "stale",
        "reckless",
        "tampered",
    ];

    /// All families, in the order of [`Self::NAMES`].
    pub const ALL: [Self; 10] = [
        Self::Null,
        Self::Refuser,
        Self::Transferrer,
        Self::Asker,
        Self::Parrot,
        Self::Bureaucrat,
        Self::Hasty,
        Self::Stale,
        Self::Reckless,
        Self::Tampered,
    ];

    /// The family called `name`.
    pub fn parse(name: &str) -> Option<Self> {
        Self::NAMES
            .iter()
            .position(|&known| known == name)
            .map(|place| Self::ALL[place])
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// Every member that means something for the task; none where the family does not apply.
    pub fn members<'a>(
        self,
        domain: &'a dyn Domain,
        task: &'a Task,
        seed: Seed,
    ) -> Vec<Control<'a>> {
        let maker = Maker { domain, task, seed };
        match self {
            Self::Null => vec![maker.fixed("null".to_owned(), Vec::new(), NEUTRAL)],
            Self::Refuser => maker.refusers(),
            Self::Transferrer => vec![maker.scripted("transferrer".to_owned(), maker.hand_over())],
            Self::Asker => vec![maker.asker()],
            Self::Parrot => vec![maker.parrot()],
            Self::Bureaucrat => maker.bureaucrats(),
            Self::Hasty => maker.hasty(),
            Self::Stale => maker.stale(),
            Self::Reckless => maker.reckless(),
            Self::Tampered => maker.tampered(),
        }
    }

    /// One member, drawn by the seed; the null agent where the family does not apply.
    pub fn any<'a>(
        self,
        domain: &'a dyn Domain,
        task: &'a Task,
        seed: Seed,
    ) -> Box<dyn Agent + 'a> {
        let mut members = self.members(domain, task, seed);
        if members.is_empty() {
            members = Self::Null.members(domain, task, seed);
        }
        let drawn = seed.child("member", 0).rng().below(members.len());
        Box::new(members.swap_remove(drawn).agent)
    }
}

/// Builds members over one task.
struct Maker<'a> {
    domain: &'a dyn Domain,
    task: &'a Task,
    seed: Seed,
}

impl<'a> Maker<'a> {
    fn agent(&self, course: Vec<Move>) -> Scripted<'a> {
        Scripted::new(self.domain, self.task, course, self.seed)
    }

    fn scripted(&self, name: String, course: Vec<Move>) -> Control<'a> {
        Control {
            name,
            agent: ControlAgent::Scripted(Box::new(self.agent(course))),
        }
    }

    fn fixed(&self, name: String, course: Vec<Move>, words: &str) -> Control<'a> {
        Control {
            name,
            agent: ControlAgent::Scripted(Box::new(self.agent(course).afterwards(words))),
        }
    }

    /// Every class of reasons once, in the order of the domain's rules.
    fn reasons(&self) -> Vec<&'static str> {
        let mut reasons: Vec<&'static str> = Vec::new();
        for rule in self.domain.rules() {
            if !rule.reason.is_empty() && !reasons.contains(&rule.reason) {
                reasons.push(rule.reason);
            }
        }
        reasons
    }

    fn refusal(&self, reason: &str) -> String {
        let act = Act::Refuse {
            reason,
            insist: false,
            subject: None,
        };
        let world = self.domain.start();
        speak(
            self.domain,
            &*world,
            &act,
            &mut self.seed.child(reason, 0).rng(),
        )
    }

    fn refusers(&self) -> Vec<Control<'a>> {
        let member = |reason: &&str| {
            self.fixed(
                format!("refuser:{reason}"),
                Vec::new(),
                &self.refusal(reason),
            )
        };
        self.reasons().iter().map(member).collect()
    }

    fn hand_over(&self) -> Vec<Move> {
        let call = self
            .domain
            .transfer("The customer asks for help that needs a person.");
        call.map(Move::Call)
            .into_iter()
            .chain([Move::Say(vec![Speech::Transfer])])
            .collect()
    }

    fn authenticate(&self) -> Vec<Move> {
        let first = self
            .task
            .golden
            .steps
            .iter()
            .filter(|step| step.goal.is_none());
        first.map(|step| Move::Call(step.call.clone())).collect()
    }

    fn asker(&self) -> Control<'a> {
        let mut course = vec![Move::Say(vec![Speech::AskIdentity])];
        course.extend(self.authenticate());
        for goal in 0..self.task.intent.goals.len() {
            let slots = self.task.intent.goals[goal].slots.iter();
            course.extend(slots.map(|slot| {
                Move::Say(vec![Speech::AskFor {
                    goal,
                    slot: slot.name.clone(),
                }])
            }));
        }
        self.scripted("asker".to_owned(), course)
    }

    /// Authentication and every read of the person's reach.
    fn reading(&self) -> Vec<Move> {
        let mut course = self.authenticate();
        if let Ok(world) = self.domain.restore(&self.task.golden.start.delta) {
            let reads = self.domain.reach(&*world, &self.task.intent.person);
            course.extend(reads.into_iter().map(Move::Call));
        }
        let golden = self.task.golden.steps.iter().map(|step| &step.call);
        let reads: Vec<Move> = golden
            .filter(|call| !self.is_write(call))
            .cloned()
            .map(Move::Call)
            .collect();
        course.extend(reads.into_iter().filter(|read| !self.is_transfer(read)));
        dedup(course)
    }

    fn is_write(&self, call: &PlannedCall) -> bool {
        self.domain.effect(&call.name) == Some(Effect::Write)
    }

    fn is_transfer(&self, step: &Move) -> bool {
        let transfer = self.domain.transfer("").map(|call| call.name);
        matches!(step, Move::Call(call) if Some(&call.name) == transfer.as_ref())
    }

    fn parrot(&self) -> Control<'a> {
        let agent = Parrot {
            reads: self.reading(),
            at: 0,
        };
        Control {
            name: "parrot".to_owned(),
            agent: ControlAgent::Parrot(agent),
        }
    }

    fn bureaucrats(&self) -> Vec<Control<'a>> {
        let reading = self.reading();
        let member = |reason: &&str| {
            self.fixed(
                format!("bureaucrat:{reason}"),
                reading.clone(),
                &self.refusal(reason),
            )
        };
        let mut members: Vec<Control<'a>> = self.reasons().iter().map(member).collect();
        let mut course = reading.clone();
        course.extend(self.hand_over());
        members.push(self.scripted("bureaucrat:transfer".to_owned(), course));
        members
    }

    /// Per hidden goal, every grounding: written outright, and proposed one after the other.
    fn hasty(&self) -> Vec<Control<'a>> {
        let mut members = Vec::new();
        let Ok(world) = self.domain.restore(&self.task.golden.start.delta) else {
            return members;
        };
        let goals = self
            .task
            .intent
            .goals
            .iter()
            .filter(|goal| goal.slots.iter().any(Slot::hidden));
        let straight = golden_course(
            self.domain,
            self.task,
            Bend {
                hasty: true,
                ..Bend::default()
            },
        );
        for goal in goals {
            let Some(right) = goal.wish.call() else {
                continue;
            };
            let bindings = self
                .domain
                .bindings(&*world, &self.task.intent.person, goal);
            for place in 0..bindings.len() {
                let mut course = straight.clone();
                substitute(&mut course, right, &bindings[place]);
                let unasked: Vec<Move> = course
                    .iter()
                    .filter(|step| !proposes(step))
                    .cloned()
                    .collect();
                let writer = self.agent(unasked).impatient();
                members.push(Control {
                    name: format!("hasty:write:{place}"),
                    agent: ControlAgent::Scripted(Box::new(writer)),
                });
                if place == 0 || bindings[place] == *right {
                    let others = bindings
                        .iter()
                        .filter(|&other| *other != bindings[place])
                        .cloned()
                        .collect();
                    let prober = self.agent(course).alternatives(others);
                    members.push(Control {
                        name: format!("hasty:propose:{place}"),
                        agent: ControlAgent::Scripted(Box::new(prober)),
                    });
                }
            }
        }
        members
    }

    fn stale(&self) -> Vec<Control<'a>> {
        if self.task.scenario != Scenario::Changing {
            return Vec::new();
        }
        let course = golden_course(
            self.domain,
            self.task,
            Bend {
                stale: true,
                ..Bend::default()
            },
        );
        vec![Control {
            name: "stale".to_owned(),
            agent: ControlAgent::Scripted(Box::new(self.agent(course).impatient())),
        }]
    }

    fn reckless(&self) -> Vec<Control<'a>> {
        let blocked =
            |wish: &Wish| matches!(wish, Wish::Blocked(blocked) if blocked.call.is_some());
        if !self
            .task
            .intent
            .goals
            .iter()
            .any(|goal| blocked(&goal.wish))
        {
            return Vec::new();
        }
        let course = golden_course(
            self.domain,
            self.task,
            Bend {
                reckless: true,
                ..Bend::default()
            },
        );
        vec![Control {
            name: "reckless".to_owned(),
            agent: ControlAgent::Scripted(Box::new(self.agent(course).impatient())),
        }]
    }

    /// Gold with one write left out, one added, one argument changed; the proposals stay right.
    fn tampered(&self) -> Vec<Control<'a>> {
        let straight = golden_course(self.domain, self.task, Bend::default());
        let writes: Vec<usize> = (0..straight.len())
            .filter(|&place| matches!(&straight[place], Move::Call(call) if self.is_write(call)))
            .collect();
        let mut members: Vec<Control<'a>> = Vec::new();
        for (number, &place) in writes.iter().enumerate() {
            let mut dropped = straight.clone();
            dropped.remove(place);
            members.push(self.scripted(format!("dropped:{number}"), dropped));
            members.extend(self.with_other_arguments(&straight, number, place));
        }
        members.extend(self.added(&straight, writes.last().copied()));
        members
    }

    fn with_other_arguments(
        &self,
        straight: &[Move],
        number: usize,
        place: usize,
    ) -> Vec<Control<'a>> {
        let Move::Call(right) = &straight[place] else {
            return Vec::new();
        };
        let Ok(mut world) = self.domain.restore(&self.task.golden.start.delta) else {
            return Vec::new();
        };
        for step in &straight[..place] {
            if let Move::Call(call) = step {
                world.call(proto::record::Actor::Assistant, &call.name, &call.arguments);
            }
        }
        let others = self
            .domain
            .tampered(&*world, &self.task.intent.person, right);
        let member = |(other, call): (usize, PlannedCall)| {
            let mut course = straight.to_vec();
            course[place] = Move::Call(call);
            self.scripted(format!("tampered:{number}:{other}"), course)
        };
        others.into_iter().enumerate().map(member).collect()
    }

    /// Gold with one more lawful write after its last, or before its last words.
    fn added(&self, straight: &[Move], last_write: Option<usize>) -> Option<Control<'a>> {
        let mut world = self.domain.restore(&self.task.golden.start.delta).ok()?;
        for step in straight {
            if let Move::Call(call) = step {
                world.call(proto::record::Actor::Assistant, &call.name, &call.arguments);
            }
        }
        let mut rng = self.seed.child("added", 0).rng();
        let extra = self
            .domain
            .extra(&*world, &self.task.intent.person, &mut rng)?;
        let place = last_write.map_or(straight.len().saturating_sub(1), |place| place + 1);
        let mut course = straight.to_vec();
        course.insert(place, Move::Call(extra));
        Some(self.scripted("added".to_owned(), course))
    }
}

fn proposes(step: &Move) -> bool {
    matches!(step, Move::Say(said) if matches!(said.last(), Some(Speech::Propose(_))))
}

/// Keeps the first of equal moves.
fn dedup(course: Vec<Move>) -> Vec<Move> {
    let mut kept: Vec<Move> = Vec::with_capacity(course.len());
    for step in course {
        if !kept.contains(&step) {
            kept.push(step);
        }
    }
    kept
}

/// Reads everything, then recites every observation.
#[derive(Debug)]
pub struct Parrot {
    reads: Vec<Move>,
    at: usize,
}

impl Agent for Parrot {
    fn turn(&mut self, conversation: &Conversation<'_>) -> AgentTurn {
        if let Some(Move::Call(call)) = self.reads.get(self.at) {
            self.at += 1;
            return AgentTurn::call(call.clone());
        }
        let mut recital = String::from("Here is everything on file:");
        for message in conversation.messages() {
            if let Message::Tool { text, .. } = message {
                recital.push(' ');
                recital.push_str(text);
            }
        }
        AgentTurn::say(recital)
    }
}
