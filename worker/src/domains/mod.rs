//! What a domain offers, bound to one base world: tools and policy to an agent, goals to the
//! explorer, queries to the proofs, and the words in which its matters are spoken of.

use std::fmt::Debug;

use proto::ids::BaseId;
pub use proto::record::Introduction;
use proto::record::{Change, Effect, Goal, PlannedCall, ToolSpec, Trigger, Value};
use proto::seed::Rng;
use proto::wire::WireError;

use crate::dialogue::lexicon::Lexicon;
use crate::environment::Environment;
use crate::language::phrasing::Phrasing;
use crate::rules::Rule;

pub mod retail;
pub mod tickets;

/// A domain over one base world.
pub trait Domain: Debug + Send + Sync {
    /// Name in plans and rows: `retail`.
    fn name(&self) -> &'static str;

    /// The base world.
    fn base(&self) -> BaseId;

    /// The base world encoded, for `worlds::restored`.
    ///
    /// # Errors
    /// When the world is over the cap of a snapshot.
    fn encode_base(&self) -> Result<Vec<u8>, WireError>;

    /// The policy an agent is given.
    fn policy(&self) -> &str;

    /// The tools an agent is given.
    fn tools(&self) -> &[ToolSpec];

    /// What a tool does; nothing for one that is not among the tools.
    fn effect(&self, tool: &str) -> Option<Effect> {
        let found = self.tools().iter().find(|known| known.name == tool);
        found.map(|tool| tool.effect)
    }

    /// The policy's sentences that a call can break, as checkers.
    fn rules(&self) -> &[Rule];

    /// The class of reasons that names a rule in text; empty for a rule that is not among the rules.
    fn reason(&self, rule: &str) -> &'static str {
        let found = self.rules().iter().find(|known| known.id == rule);
        found.map_or("", |rule| rule.reason)
    }

    /// Words by which slots, rules and questions are recognised in an agent's text.
    fn lexicon(&self) -> &Lexicon;

    /// How people speak of its matters.
    fn phrasing(&self) -> &dyn Phrasing;

    /// Slots that an opening can keep back, as (tool, slot).
    fn hideable(&self) -> &[(&'static str, &'static str)];

    /// Whether a goal-blocking rule blocks on the wish alone, with no fact in the world to read.
    fn wish_only(&self, rule: &str) -> bool;

    /// The base world as it is.
    fn start(&self) -> Box<dyn Environment>;

    /// The world that `Environment::delta` encoded.
    fn restore(&self, delta: &[u8]) -> Result<Box<dyn Environment>, RestoreError>;

    /// How many people the base holds.
    fn people(&self) -> usize;

    /// Id of a person by place.
    fn person(&self, place: usize) -> String;

    /// Every read of the person's reach: profile, orders, products in them. What a diligent agent
    /// could look up once it knows who is there (authentication not included).
    fn reach(&self, world: &dyn Environment, person: &str) -> Vec<PlannedCall>;

    /// One way for the person to be authenticated.
    fn introduce(&self, world: &dyn Environment, person: &str, rng: &mut Rng) -> Introduction;

    /// A goal of the wanted form that the world affords this person, or nothing if there is none.
    fn afford(
        &self,
        world: &dyn Environment,
        person: &str,
        want: &Want<'_>,
        rng: &mut Rng,
    ) -> Option<Afforded>;

    /// The goal of this person that `call` carries out: told in `world`, with the slot `hide` kept back as
    /// in [`Want::Write`]. Nothing if the call is no lawful write that the person could ask for so; in a
    /// domain that knows no way from calls to goals, never anything, and models can't explore it.
    fn goal_of(
        &self,
        world: &dyn Environment,
        person: &str,
        call: &PlannedCall,
        hide: Option<&str>,
        rng: &mut Rng,
    ) -> Option<Goal> {
        let _ = (world, person, call, hide, rng);
        None
    }

    /// Another goal in place of `goal`, as a person changes their mind (`Slot`, `Action`, `Target`);
    /// executable in `world`. Nothing where the world or the domain makes it impossible.
    fn vary(
        &self,
        world: &dyn Environment,
        person: &str,
        goal: &Goal,
        change: Change,
        rng: &mut Rng,
    ) -> Option<Goal>;

    /// What the cell (change, trigger) comes to when it touches a goal of `tool`.
    fn change_cell(&self, tool: &str, change: Change, trigger: Trigger) -> Cell;

    /// Every call of the goal's tool that fits what its descriptors with `Visibility::Opening` say:
    /// a query on the world, by index where there is one. Whether a call executes is the caller's to try.
    fn bindings(&self, world: &dyn Environment, person: &str, goal: &Goal) -> Vec<PlannedCall>;

    /// The same set by brute force over every candidate in the person's reach; for tests.
    fn bindings_by_force(
        &self,
        world: &dyn Environment,
        person: &str,
        goal: &Goal,
    ) -> Vec<PlannedCall>;

    /// `call` with one argument replaced by another value of the person's reach, each such call that
    /// the tool accepts in `world`.
    fn tampered(
        &self,
        world: &dyn Environment,
        person: &str,
        call: &PlannedCall,
    ) -> Vec<PlannedCall>;

    /// A lawful write on the person's entities that succeeds in `world` and changes it.
    fn extra(&self, world: &dyn Environment, person: &str, rng: &mut Rng) -> Option<PlannedCall>;

    /// Id of the entity that a write changes, if it names one: two writes on one target overwrite each
    /// other, so their order matters.
    fn target<'c>(&self, call: &'c PlannedCall) -> Option<&'c str>;

    /// Whether two goals touch the same thing, so that doing one may change what the other means.
    fn entangled(&self, one: &Goal, other: &Goal) -> bool {
        let target = |goal: &Goal| {
            goal.slots
                .first()
                .map(|slot| (slot.name.clone(), slot.value.clone()))
        };
        target(one) == target(other)
    }

    /// The write spelled out for a person to confirm: every argument in words and by id, as in
    /// "cancel order #W1234567 because it is no longer needed".
    fn explain(&self, world: &dyn Environment, call: &PlannedCall) -> String;

    /// Whether a look-up for a goal presumes what one of its hidden slots holds, so that an honest agent
    /// asks first.
    fn presumes(&self, goal: &Goal, read: &PlannedCall) -> bool {
        let _ = (goal, read);
        false
    }

    /// Fields in which two worlds over the same base differ.
    fn changes(&self, before: &dyn Environment, after: &dyn Environment) -> Vec<FieldChange>;

    /// A slot's value in a call, as an agent would name it among candidates: by id and in words.
    fn candidate(&self, world: &dyn Environment, call: &PlannedCall, slot: &str) -> Option<String>;

    /// What a text names: a write, and values by slot.
    fn mentions(&self, text: &str) -> Mentions;

    /// The person that a successful call has authenticated, if it is such a call.
    fn identified(&self, call: &PlannedCall, observation: &str) -> Option<String> {
        call.name
            .starts_with("find_user_id")
            .then(|| observation.to_owned())
    }

    /// The call that hands a person over to a human; none in a domain without one.
    fn transfer(&self, summary: &str) -> Option<PlannedCall> {
        Some(PlannedCall::new(
            "transfer_to_human_agents",
            [("summary", summary)],
        ))
    }

    /// How what is named stands to a call.
    fn agrees(&self, mentions: &Mentions, call: &PlannedCall) -> Agreement;
}

/// A field that differs between two worlds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldChange {
    /// The entity, such as `orders/#W1234567`.
    pub entity: String,
    /// Path of the field within it.
    pub field: String,
    /// Value before, as JSON; none where the field is new.
    pub before: Option<String>,
    /// Value after, as JSON; none where the field went away.
    pub after: Option<String>,
}

/// What goal is looked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Want<'a> {
    /// A write with this tool; `hide` names the slot to be kept back so that the opening is ambiguous.
    Write {
        /// Name of the tool.
        tool: &'a str,
        /// Slot to keep back.
        hide: Option<&'a str>,
    },
    /// A question with a derived answer.
    Question,
    /// A wish that this goal-blocking rule forbids.
    Blocked {
        /// Id of the rule.
        rule: &'a str,
    },
}

/// A goal that a world affords.
#[derive(Debug)]
pub struct Afforded {
    /// The goal, fully resolved.
    pub goal: Goal,
    /// For a blocked wish: the world it is blocked in, where that is not the world asked about (one
    /// prepared fact).
    pub start: Option<Box<dyn Environment>>,
    /// For a blocked wish: the same world with one fact changed under which the wish is allowed.
    pub twin: Option<Box<dyn Environment>>,
}

/// What a cell of the change table comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// The changed goal can be carried out.
    Possible,
    /// Makes no sense here.
    Impossible,
    /// The first write cannot be undone or repeated: the change is itself infeasible.
    Mixture,
}

/// Most different values of one slot that are noted of a text: each is compared with those before it.
pub const MOST_NAMED: usize = 400;

/// What a text names.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Mentions {
    /// The write it speaks of, by tool name.
    pub tool: Option<String>,
    /// Values by slot, in order of appearance, none twice.
    pub slots: Vec<(String, Vec<Value>)>,
}

impl Mentions {
    /// Values named for a slot.
    pub fn of(&self, slot: &str) -> &[Value] {
        self.slots
            .iter()
            .find(|(name, _)| name == slot)
            .map_or(&[], |(_, values)| values)
    }
}

/// How a proposal stands to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agreement {
    /// Same write, and every value named is the call's.
    Same,
    /// Same write, another value somewhere.
    Differs,
    /// Another write.
    Unrelated,
}

/// A delta that cannot be restored.
#[derive(Debug, thiserror::Error)]
#[error("failed to restore a {domain} world: {reason}")]
pub struct RestoreError {
    /// The domain.
    pub domain: &'static str,
    /// What is wrong with the bytes.
    pub reason: String,
}
