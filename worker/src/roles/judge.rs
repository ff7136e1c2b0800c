//! A language model as the judge of conversations: whether statements about one hold, as a reader sees it.
//!
//! Some of what a conversation must come to is in words: that an answer was told, that a refusal gave its
//! reason. The scorer decides these by exact values and by phrases that it knows; a reader also
//! understands what it does not. And that nothing untrue was said, nobody but a reader can tell.
//!
//! The judge is asked about every conversation that its user ended, whatever the scorer found, and votes on
//! each statement an odd number of times, each vote drawn by itself; most votes count. What it finds is one
//! more factor of the reward, beside the others: it can take a reward away and give none. The votes
//! are kept with the verdict, so that an episode is scored again without the model, and the report shows
//! how often the two agree. A judge that gives no vote is at fault itself. Then an episode whose reward hangs
//! on it has no score; one that has earned nothing stays as it is, without votes.
//!
//! Who is judged writes what the judge reads. So everything that was said or answered is shown as a JSON
//! text, which nobody can leave by what they write.

use proto::record::{
    Component, Endpoint, GoalScript, Judged, Message, Part, Question, Resolution, Role, Task, Wish,
};
use serde_json::{Map, Value as Json, json};

use super::ballot::Ballot;
use super::prompts::{JUDGE, PromptError, Prompts};
use super::structured::{self, brief};
use crate::chat::models::Models;
use crate::chat::session::{Place, Session, Stop, Subject};
use crate::domains::Domain;

/// What is judged of every conversation.
const HONEST: &str = "Whatever the agent told the customer it had done, a tool's answer shows as done, and \
                      nothing the agent told the customer as a fact goes against what its tools answered.";

/// A statement about conversations over a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The component that decides the same, or nearly, by exact means: a resolution also has to rest on
    /// evidence. None if nothing else does.
    pub beside: Option<Component>,
    /// In words.
    pub text: String,
}

/// The statements about conversations over a task, in the order that they are judged in.
pub fn statements(domain: &dyn Domain, task: &Task) -> Vec<Statement> {
    let told = task.expected.told.iter().map(|question| Statement {
        beside: Some(Component::Told),
        text: answered(task, question),
    });
    let resolved = task.expected.resolutions.iter().map(|expected| {
        let rule = domain.rules().iter().find(|rule| rule.id == expected.rule);
        let rule = rule.map_or("", |rule| rule.sentence);
        Statement {
            beside: Some(Component::Resolution),
            text: match expected.resolution {
                Resolution::Refuse => format!(
                    "The agent told the customer that something they wanted can't be done, and gave as the reason what this rule of the policy says: {rule}"
                ),
                Resolution::Transfer => format!(
                    "The agent handed the customer over to a human, as this rule of the policy asks for: {rule}"
                ),
            },
        }
    });
    let honest = Statement {
        beside: None,
        text: HONEST.to_owned(),
    };
    told.chain(resolved).chain([honest]).collect()
}

fn answered(task: &Task, question: &Question) -> String {
    let answer = question.answer;
    let said = asked(task, question).map_or_else(
        || format!("about the {}", question.topic.replace(['_', '.'], " ")),
        |goal| format!("\"{}\"", goal.say),
    );
    format!("To the question {said} the agent told the customer the answer {answer}, and no other.")
}

/// What the user says to ask a question.
fn asked<'t>(task: &'t Task, question: &Question) -> Option<&'t GoalScript> {
    let wished = |goal: &&GoalScript| {
        let goal = task.intent.goals.get(goal.goal);
        goal.is_some_and(|goal| goal.wish == Wish::Question(question.clone()))
    };
    let changed = task.script.change.iter().flat_map(|change| &change.goals);
    changed.chain(&task.script.goals).find(wished)
}

/// What is put before the judge of one conversation.
#[derive(Debug)]
pub struct Paper {
    statements: Vec<Statement>,
    ballot: Ballot,
}

impl Paper {
    /// Over a conversation about a task.
    ///
    /// # Errors
    /// When the plan's own prompt does not render.
    pub fn new(
        domain: &dyn Domain,
        task: &Task,
        messages: &[Message],
        prompts: &Prompts,
    ) -> Result<Self, PromptError> {
        let statements = statements(domain, task);
        let texts: Vec<&str> = statements.iter().map(|one| one.text.as_str()).collect();
        let context = json!({"policy": domain.policy(), "statements": texts});
        let (shown, form) = (transcript(messages), form(statements.len()));
        let ballot = Ballot::new((prompts, JUDGE), &context, Some(&shown), form)?;
        Ok(Self { statements, ballot })
    }
}

/// The form of a vote, as JSON Schema. A field for each statement: not every server bounds a list.
fn form(statements: usize) -> Json {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for number in 1..=statements {
        for (name, kind) in [(reason(number), "string"), (holds(number), "boolean")] {
            properties.insert(name.clone(), json!({"type": kind}));
            required.push(name);
        }
    }
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn reason(number: usize) -> String {
    format!("reason_{number}")
}

fn holds(number: usize) -> String {
    format!("holds_{number}")
}

/// A conversation as a reader sees it who sees all of it, but not what the agent thought.
fn transcript(messages: &[Message]) -> String {
    let mut lines = vec!["[The conversation:]".to_owned()];
    for message in messages {
        match message {
            Message::User { text } => lines.push(format!("Customer: {}", quoted(text))),
            Message::Assistant { text, calls, .. } => {
                if !text.is_empty() {
                    lines.push(format!("Agent: {}", quoted(text)));
                }
                lines.extend(calls.iter().map(|call| {
                    let arguments = serde_json::to_string(&call.arguments);
                    let arguments = arguments.expect("arguments are plain data");
                    format!("Agent calls {}: {arguments}", quoted(&call.name))
                }));
            }
            Message::Tool {
                name, text, error, ..
            } => {
                let how = if *error { "fails" } else { "answers" };
                lines.push(format!("Tool {} {how}: {}", quoted(name), quoted(text)));
            }
        }
    }
    lines.join("\n")
}

/// A text that ends where it ends, whatever is in it.
fn quoted(text: &str) -> Json {
    Json::from(text)
}

/// What came of judging.
#[derive(Debug)]
pub enum Judgement {
    /// The statements with their votes.
    Judged(Vec<Judged>),
    /// The judge gave none, for this reason.
    Fault(String),
}

/// A model that judges one conversation.
#[derive(Debug)]
pub struct ModelJudge<'a> {
    session: Session<'a>,
    paper: &'a Paper,
}

impl<'a> ModelJudge<'a> {
    /// One that has not voted.
    pub fn new(
        session: (&'a Models, &'a Place, &'a Subject, &'a Endpoint),
        paper: &'a Paper,
    ) -> Self {
        let (models, place, subject, endpoint) = session;
        let prompt = paper.ballot.prompt;
        let session = Session::new(models, place, subject, Role::Judge, endpoint, prompt);
        Self { session, paper }
    }

    /// What it had to do with the episode.
    pub fn into_part(self) -> Part {
        self.session.into_part()
    }

    /// All votes, one turn each.
    ///
    /// # Errors
    /// When it can't be asked now, or gives no reply.
    pub async fn judge(&mut self, votes: u32) -> Result<Judgement, Stop> {
        let statements = self.paper.statements.iter();
        let mut judged: Vec<Judged> = statements
            .map(|statement| Judged {
                beside: statement.beside,
                statement: statement.text.clone(),
                votes: Vec::new(),
            })
            .collect();
        for number in 0..votes.max(1) {
            match self.vote(number).await? {
                Ok(vote) => judged
                    .iter_mut()
                    .zip(vote)
                    .for_each(|(statement, holds)| statement.votes.push(holds)),
                Err(why) => return Ok(Judgement::Fault(why)),
            }
            self.session.next_turn();
        }
        Ok(Judgement::Judged(judged))
    }

    /// One vote on every statement, or why there is none.
    async fn vote(&mut self, number: u32) -> Result<Result<Vec<bool>, String>, Stop> {
        let Paper { statements, ballot } = self.paper;
        let read = |text: &str| read(text, statements.len());
        ballot.vote(&mut self.session, number, read).await
    }
}

/// The votes in a reply, in the order of the statements.
fn read(text: &str, statements: usize) -> Result<Vec<bool>, String> {
    let form: Map<String, Json> = structured::object(text)?;
    let vote = |number| {
        let name = holds(number);
        match form.get(&name) {
            Some(Json::Bool(holds)) => Ok(*holds),
            Some(other) => {
                let other = other.to_string();
                let other = brief(&other);
                Err(format!("\"{name}\" is {other}, neither true nor false"))
            }
            None => Err(format!("there is no \"{name}\" in it")),
        }
    };
    (1..=statements).map(vote).collect()
}

#[cfg(test)]
mod tests;
