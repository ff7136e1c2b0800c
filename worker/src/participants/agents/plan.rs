//! The course of a conversation as an agent intends it: look up, ask, propose, obtain a yes, act,
//! report. Gold follows the course that its task's golden trajectory fixes; the controls follow
//! courses bent on purpose.

use crate::dialogue::grounding::grounded;
use crate::domains::Domain;
use proto::record::{Blocked, Goal, PlannedCall, Question, Resolution, Slot, Task, Trigger, Wish};

/// One step of a course.
#[derive(Debug, Clone, PartialEq)]
pub enum Move {
    /// Uses a tool.
    Call(PlannedCall),
    /// Says something, then lets the user speak.
    Say(Vec<Speech>),
}

/// One thing said. Goals are places in the intent's goals.
#[derive(Debug, Clone, PartialEq)]
pub enum Speech {
    /// Asks who is there.
    AskIdentity,
    /// Asks for the hidden slots of a goal.
    Ask(usize),
    /// Asks for one slot, hidden or not.
    AskFor {
        /// The goal.
        goal: usize,
        /// The slot.
        slot: String,
    },
    /// Asks a yes for a write.
    Propose(PlannedCall),
    /// Reports a write as done.
    Report(PlannedCall),
    /// Declines a goal for a class of reasons; again when the user insists.
    Refuse {
        /// The goal.
        goal: usize,
        /// Class of reasons.
        reason: String,
        /// The user has insisted.
        again: bool,
    },
    /// Says that a human takes over.
    Transfer,
    /// Answers a question.
    Tell(Question),
    /// Offers further help.
    AnythingElse,
}

/// Bends of the straight course.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bend {
    /// Never asks for hidden slots.
    pub hasty: bool,
    /// Serves the goals held at the start, whatever the user says later.
    pub stale: bool,
    /// Carries blocked wishes out.
    pub reckless: bool,
}

/// The straight course over a task, or a bent one.
pub fn course(domain: &dyn Domain, task: &Task, bend: Bend) -> Vec<Move> {
    let mut course = Course {
        task,
        domain,
        bend,
        moves: Vec::new(),
        emitted: vec![false; task.golden.steps.len()],
        unreported: None,
    };
    course.identify();
    let change = task.script.change.as_ref().filter(|_| !bend.stale);
    match change {
        None => course.serve(&task.intent.first),
        Some(change) => {
            match change.trigger {
                Trigger::BeforeProposal => {}
                Trigger::AtConfirmation => {
                    course.serve_before(change.at);
                    course.propose_only(change.at);
                }
                Trigger::AfterWrite => {
                    course.serve_before(change.at);
                    course.serve(&[change.at]);
                    course.report(true);
                }
            }
            let done = course.served(change.trigger, change.at);
            let rest: Vec<usize> = task
                .intent
                .last
                .iter()
                .copied()
                .filter(|goal| !done.contains(goal))
                .collect();
            course.serve(&rest);
        }
    }
    course.report(true);
    course.moves
}

/// A course under construction.
struct Course<'a> {
    task: &'a Task,
    domain: &'a dyn Domain,
    bend: Bend,
    moves: Vec<Move>,
    emitted: Vec<bool>,
    unreported: Option<PlannedCall>,
}

impl Course<'_> {
    fn goal(&self, goal: usize) -> &Goal {
        &self.task.intent.goals[goal]
    }

    /// Authentication: the golden steps that serve no goal.
    fn identify(&mut self) {
        if !self.task.script.persona.introduces {
            self.moves.push(Move::Say(vec![Speech::AskIdentity]));
        }
        self.reads(None);
    }

    /// The golden reads for a goal that are not yet made.
    fn reads(&mut self, goal: Option<usize>) {
        let write = goal.and_then(|goal| self.goal(goal).wish.call().cloned());
        for (place, step) in self.task.golden.steps.iter().enumerate() {
            let wanted = step.goal == goal && Some(&step.call) != write.as_ref();
            if wanted && !self.emitted[place] {
                self.emitted[place] = true;
                self.moves.push(Move::Call(step.call.clone()));
            }
        }
    }

    /// The reads that need nothing the user has kept back: neither an argument nor a presumption.
    fn reads_before_asking(&mut self, goal: usize) {
        let heard = self.heard(goal);
        let steps = &self.task.golden.steps;
        for place in 0..steps.len() {
            let call = &steps[place].call;
            let wanted =
                steps[place].goal == Some(goal) && self.goal(goal).wish.call() != Some(call);
            if !wanted || self.emitted[place] || self.domain.presumes(self.goal(goal), call) {
                continue;
            }
            let before = steps
                .iter()
                .zip(&self.emitted)
                .filter(|(_, emitted)| **emitted);
            let answers: Vec<&str> = before
                .map(|(step, _)| step.observation.text.as_str())
                .collect();
            if grounded(call, &heard, &answers) {
                self.emitted[place] = true;
                self.moves.push(Move::Call(call.clone()));
            }
        }
    }

    /// What the user has said by the time a goal is taken up, nothing hidden among it.
    fn heard(&self, goal: usize) -> String {
        let script = &self.task.script;
        let mut heard = format!("{} {}", script.identity, script.opening);
        let change = script.change.as_ref();
        heard.extend(change.map(|change| change.text.as_str()));
        let says = script
            .goals
            .iter()
            .chain(change.iter().flat_map(|change| &change.goals));
        heard.extend(
            says.filter(|say| say.goal == goal)
                .map(|say| say.say.as_str()),
        );
        heard
    }

    fn say(&mut self, speech: Speech) {
        let mut said: Vec<Speech> = self
            .unreported
            .take()
            .map(Speech::Report)
            .into_iter()
            .collect();
        said.push(speech);
        self.moves.push(Move::Say(said));
    }

    /// Reports what is unreported in a message of its own.
    fn report(&mut self, offer_help: bool) {
        if let Some(call) = self.unreported.take() {
            let mut said = vec![Speech::Report(call)];
            said.extend(offer_help.then_some(Speech::AnythingElse));
            self.moves.push(Move::Say(said));
        }
    }

    fn serve_before(&mut self, at: usize) {
        let before: Vec<usize> = self
            .task
            .intent
            .first
            .iter()
            .copied()
            .take_while(|&goal| goal != at)
            .collect();
        self.serve(&before);
    }

    /// Goals settled before the change is spoken.
    fn served(&self, trigger: Trigger, at: usize) -> Vec<usize> {
        let before = self
            .task
            .intent
            .first
            .iter()
            .copied()
            .take_while(|&goal| goal != at);
        match trigger {
            Trigger::BeforeProposal => Vec::new(),
            Trigger::AtConfirmation => before.collect(),
            Trigger::AfterWrite => before.chain([at]).collect(),
        }
    }

    fn propose_only(&mut self, goal: usize) {
        self.reads(Some(goal));
        if let Some(call) = self.goal(goal).wish.call().cloned() {
            self.say(Speech::Propose(call));
        }
    }

    fn serve(&mut self, goals: &[usize]) {
        for &goal in goals {
            if !self.bend.hasty && self.goal(goal).slots.iter().any(Slot::hidden) {
                self.reads_before_asking(goal);
                self.say(Speech::Ask(goal));
            }
            self.reads(Some(goal));
            match self.goal(goal).wish.clone() {
                Wish::Write(call) => self.write(call),
                Wish::Question(question) => self.say(Speech::Tell(question)),
                Wish::Blocked(Blocked {
                    call: Some(call), ..
                }) if self.bend.reckless => self.write(call),
                Wish::Blocked(blocked) => self.decline(goal, &blocked),
            }
            if self.task.script.persona.one_at_a_time {
                self.report(true);
            }
        }
    }

    fn write(&mut self, call: PlannedCall) {
        self.say(Speech::Propose(call.clone()));
        self.moves.push(Move::Call(call.clone()));
        self.unreported = Some(call);
    }

    fn decline(&mut self, goal: usize, blocked: &Blocked) {
        match blocked.resolution {
            Resolution::Refuse => {
                let reason = self.domain.reason(&blocked.rule).to_owned();
                self.say(Speech::Refuse {
                    goal,
                    reason: reason.clone(),
                    again: false,
                });
                if self.task.script.persona.insistent {
                    self.say(Speech::Refuse {
                        goal,
                        reason,
                        again: true,
                    });
                }
            }
            Resolution::Transfer => {
                let transfer = self
                    .task
                    .golden
                    .steps
                    .iter()
                    .find(|step| step.goal == Some(goal));
                let transfer = transfer.map(|step| step.call.clone());
                self.moves.extend(
                    transfer
                        .filter(|call| !self.moves.contains(&Move::Call(call.clone())))
                        .map(Move::Call),
                );
                self.say(Speech::Transfer);
            }
        }
    }
}
