//! What a user wants, as structure. Texts are rendered from it, never the other way round.

use std::fmt::{self, Write as _};

use serde::{Deserialize, Serialize};

use super::value::{Map, Value};

/// A tool call without an id: one that is planned, required, forbidden or looked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlannedCall {
    /// Name of the tool.
    pub name: String,
    /// Arguments by name.
    pub arguments: Map,
}

impl PlannedCall {
    /// A call of `name` with the given arguments.
    pub fn new<V: Into<Value>>(
        name: &str,
        arguments: impl IntoIterator<Item = (&'static str, V)>,
    ) -> Self {
        let arguments = arguments
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value.into()))
            .collect();
        Self {
            name: name.to_owned(),
            arguments,
        }
    }

    /// The text argument `key`, or nothing.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.arguments.get(key).and_then(Value::as_str)
    }
}

/// How a user's request is adapted: the base scenario and the three that real requests add.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scenario {
    /// Nothing special.
    General,
    /// The opening fits several outcomes; the agent must ask.
    Ambiguous,
    /// The user changes their mind on the way.
    Changing,
    /// A rule forbids the wish.
    Infeasible,
}

impl Scenario {
    /// All of them, in the order of reports.
    pub const ALL: [Self; 4] = [
        Self::General,
        Self::Ambiguous,
        Self::Changing,
        Self::Infeasible,
    ];

    /// As written in plans, rows and reports.
    pub fn label(self) -> &'static str {
        match self {
            Self::General => "general",
            Self::Ambiguous => "ambiguous",
            Self::Changing => "changing",
            Self::Infeasible => "infeasible",
        }
    }
}

/// What a change of mind touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// One slot gets another value.
    Slot,
    /// Another thing is to be done to the same target.
    Action,
    /// The same thing is to be done to another target.
    Target,
    /// A goal is taken back.
    Withdrawal,
    /// A goal is added.
    Addition,
}

impl Change {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Slot,
        Self::Action,
        Self::Target,
        Self::Withdrawal,
        Self::Addition,
    ];

    /// As written in kinds.
    pub fn label(self) -> &'static str {
        match self {
            Self::Slot => "slot",
            Self::Action => "action",
            Self::Target => "target",
            Self::Withdrawal => "withdrawal",
            Self::Addition => "addition",
        }
    }
}

/// When a change of mind is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// At the user's first turn after the opening, unless the agent has proposed by then.
    BeforeProposal,
    /// Instead of the yes that the agent asks for.
    AtConfirmation,
    /// When the agent reports a write as done.
    AfterWrite,
}

impl Trigger {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::BeforeProposal, Self::AtConfirmation, Self::AfterWrite];

    /// As written in kinds.
    pub fn label(self) -> &'static str {
        match self {
            Self::BeforeProposal => "before_proposal",
            Self::AtConfirmation => "at_confirmation",
            Self::AfterWrite => "after_write",
        }
    }
}

/// A cell of its scenario's table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// General: as it comes.
    Plain,
    /// General: the feasible twin of an infeasible task.
    Twin,
    /// Ambiguous: the slot that is hidden.
    Hidden(String),
    /// Changing: what and when.
    Changed(Change, Trigger),
    /// Infeasible: id of the rule.
    Blocked(String),
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain => f.write_str("plain"),
            Self::Twin => f.write_str("twin"),
            Self::Hidden(slot) => write!(f, "hidden.{slot}"),
            Self::Changed(change, trigger) => write!(f, "{}.{}", change.label(), trigger.label()),
            Self::Blocked(rule) => write!(f, "blocked.{rule}"),
        }
    }
}

/// Everything one person wants in one conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Intent {
    /// Whose wishes they are: id of the person in the world.
    pub person: String,
    /// Every goal, those before and those after a change of mind.
    pub goals: Vec<Goal>,
    /// Goals held at the start, in the order they are to be done: places in `goals`.
    pub first: Vec<usize>,
    /// Goals held at the end, likewise; equal to `first` when nothing changes.
    pub last: Vec<usize>,
}

/// One wish with the parts it is made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Goal {
    /// The wish, fully resolved.
    pub wish: Wish,
    /// Its parts, in the order in which one narrows the next (order, items, new items, payment).
    pub slots: Vec<Slot>,
    /// Look-ups that ground it, in a sensible order; the first time such a call is needed.
    pub reads: Vec<PlannedCall>,
}

/// What is to come of a goal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Wish {
    /// This write, which policy and tools allow.
    Write(PlannedCall),
    /// An answer that must be derived from look-ups.
    Question(Question),
    /// A wish that a goal-blocking rule forbids.
    Blocked(Blocked),
}

impl Wish {
    /// The tool that carries it out, or would if it were allowed.
    pub fn call(&self) -> Option<&PlannedCall> {
        match self {
            Self::Write(call) => Some(call),
            Self::Question(_) => None,
            Self::Blocked(blocked) => blocked.call.as_ref(),
        }
    }
}

/// A question whose answer no observation holds verbatim.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// Key into the domain's question topics.
    pub topic: String,
    /// What is right.
    pub answer: Answer,
}

/// A derived value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// Whole cents.
    Money(i64),
    /// A number of things.
    Count(u32),
}

impl fmt::Display for Answer {
    /// As it is told: `$1,234.50`, `3`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cents = match self {
            Self::Count(count) => return count.fmt(f),
            Self::Money(cents) => cents,
        };
        f.write_str(if *cents < 0 { "-$" } else { "$" })?;
        let whole = (cents.unsigned_abs() / 100).to_string();
        for (place, digit) in whole.chars().enumerate() {
            if place > 0 && (whole.len() - place).is_multiple_of(3) {
                f.write_char(',')?;
            }
            f.write_char(digit)?;
        }
        write!(f, ".{:02}", cents.unsigned_abs() % 100)
    }
}

/// A forbidden wish and what is right instead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Blocked {
    /// The call a careless agent would try; none when no tool could do it.
    pub call: Option<PlannedCall>,
    /// Id of the goal-blocking rule.
    pub rule: String,
    /// What the policy asks for.
    pub resolution: Resolution,
    /// Reads that show the blocking fact: all of these, each by any one of its calls. Empty for a rule
    /// that blocks on the wish alone.
    pub evidence: Vec<Vec<PlannedCall>>,
}

/// What the policy asks for when a wish is blocked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// Say no, with the reason.
    Refuse,
    /// Hand over to a human.
    Transfer,
}

/// One part of a goal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Slot {
    /// Name in the domain's slot lexicon: "order", "items", "new_items", "payment", "reason", "address".
    pub name: String,
    /// Resolved value.
    pub value: Value,
    /// Where the agent can have it from.
    pub source: Source,
    /// How the user says it. Together these pin the value down, given the earlier slots.
    pub says: Vec<Descriptor>,
}

impl Slot {
    /// Whether part of it is kept back until the agent asks.
    pub fn hidden(&self) -> bool {
        self.says
            .iter()
            .any(|said| said.visibility == Visibility::OnRequest)
    }
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// The user has it and says it as it is.
    Known,
    /// A look-up by this tool gives it.
    Read(String),
    /// Chosen among candidates by a rule such as "cheapest".
    Pick(String),
}

/// One way of saying something of a slot: a predicate that the domain can run as a query.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Descriptor {
    /// Name in the domain's predicate table, such as "order.has_product".
    pub predicate: String,
    /// Its arguments.
    pub arguments: Vec<Value>,
    /// When the user says it.
    pub visibility: Visibility,
}

/// When the user says a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// When stating the goal.
    Opening,
    /// When asked.
    OnRequest,
    /// Not at all: the user does not know it.
    Never,
}
