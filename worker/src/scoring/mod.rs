//! What an episode earns: the product of the components in the task's basis.
//!
//! The scorer watches a conversation as it runs; re-scoring a stored episode feeds the same messages
//! through the same conversation. Nothing here knows who the agent is.

mod clarification;
mod resolution;

use proto::ids::StateId;
use proto::record::{Component, Effect, Ending, Observation, PlannedCall, Task, Verdict};

use crate::dialogue::facts::{AgentFacts, UserFacts, told};
use crate::domains::Domain;
use crate::environment::Environment;
use crate::rules::{Situation, Sort};
use clarification::Clarification;
use resolution::Resolutions;

/// Watches one conversation.
#[derive(Debug)]
pub struct Scorer<'a> {
    domain: &'a dyn Domain,
    task: &'a Task,
    thorough: bool,
    done: Vec<PlannedCall>,
    person: Option<String>,
    changed: bool,
    forbidden_done: bool,
    told: Vec<bool>,
    clarification: Clarification<'a>,
    resolutions: Resolutions<'a>,
    violations: Vec<String>,
    said: Option<AgentFacts>,
    answered: UserFacts,
}

impl<'a> Scorer<'a> {
    /// A scorer for one conversation over `task`.
    pub fn new(domain: &'a dyn Domain, task: &'a Task, thorough: bool) -> Self {
        Self {
            domain,
            task,
            thorough,
            done: Vec::new(),
            person: None,
            changed: false,
            forbidden_done: false,
            told: vec![false; task.expected.told.len()],
            clarification: Clarification::new(&task.expected.asked),
            resolutions: Resolutions::new(&task.expected.resolutions),
            violations: Vec::new(),
            said: None,
            answered: UserFacts::default(),
        }
    }

    /// The user has spoken.
    pub fn user_said(&mut self, text: &str, facts: UserFacts) {
        let change = self.task.script.change.as_ref();
        self.changed |= change.is_some_and(|change| text.contains(&change.text));
        self.answered = facts;
    }

    /// The agent has spoken.
    pub fn agent_said(&mut self, text: &str, facts: &AgentFacts) {
        for (question, told_it) in self.task.expected.told.iter().zip(&mut self.told) {
            *told_it = *told_it || told(self.domain, text, question);
        }
        self.clarification.agent_said(facts);
        self.resolutions.agent_said(facts, &self.done);
        if self.thorough {
            self.said = Some(facts.clone());
            self.answered = UserFacts::default();
        }
    }

    /// The agent is about to use a tool.
    pub fn about_to_call(
        &mut self,
        world: &dyn Environment,
        call: &PlannedCall,
        effect: Effect,
        calls_in_message: usize,
        text_beside: bool,
    ) {
        self.clarification.about_to_call(&call.name);
        if !self.thorough {
            return;
        }
        let none = AgentFacts::default();
        let situation = Situation {
            world,
            call,
            effect,
            person: self.person.as_deref(),
            earlier: &self.done,
            calls_in_message,
            text_beside,
            exchange: Some((self.said.as_ref().unwrap_or(&none), self.answered)),
        };
        let broken = self
            .domain
            .rules()
            .iter()
            .filter(|rule| rule.sort == Sort::Procedural && (rule.breaks)(&situation));
        self.violations
            .extend(broken.map(|rule| rule.id.to_owned()));
    }

    /// The tool has answered.
    pub fn called(&mut self, call: PlannedCall, _effect: Effect, observation: &Observation) {
        if observation.error {
            return;
        }
        if let Some(person) = self.domain.identified(&call, &observation.text) {
            self.person = Some(person);
        }
        self.forbidden_done |=
            self.task.expected.forbidden.iter().any(|forbidden| {
                (self.changed || !forbidden.after_change) && forbidden.call == call
            });
        self.done.push(call);
    }

    /// The reason for which the agent has refused, if it is the right one; and whether on evidence.
    pub fn refused(&self) -> Option<(&'a str, bool)> {
        self.resolutions.refused()
    }

    /// The verdict on a conversation that ended so, in this state.
    pub fn verdict(self, state: StateId, ending: &Ending) -> Verdict {
        let expected = &self.task.expected;
        let mut components = vec![(Component::State, expected.states.contains(&state))];
        if !expected.required.is_empty() {
            let all = expected
                .required
                .iter()
                .all(|call| self.done.contains(call));
            components.push((Component::Required, all));
        }
        if !expected.forbidden.is_empty() {
            components.push((Component::Forbidden, !self.forbidden_done));
        }
        if !expected.told.is_empty() {
            components.push((Component::Told, self.told.iter().all(|&told| told)));
        }
        if !expected.resolutions.is_empty() {
            components.push((
                Component::Resolution,
                self.resolutions.met(self.domain, &self.done),
            ));
        }
        if !expected.asked.is_empty() {
            components.push((Component::Clarification, self.clarification.met()));
        }
        let ended_well = matches!(ending, Ending::User(_));
        let met = |wanted: &dyn Fn(Component) -> bool| {
            ended_well
                && components
                    .iter()
                    .all(|&(component, met)| met || !wanted(component))
        };
        let reward = f64::from(u8::from(met(&|_| true)));
        let lenient = f64::from(u8::from(met(&|component| {
            component != Component::Clarification
        })));
        Verdict {
            reward,
            lenient,
            components,
            violations: self.violations,
            judged: Vec::new(),
        }
    }
}
