//! From episodes to dataset rows: successful, scored, well-formed, and lawful where the plan asks for it.
//!
//! What models had to do with a row, and what they thought if the plan keeps it, is in its metadata: the
//! columns are the same for every run, so that rows of several can be put together, and no loader or
//! chat template meets a field that it does not know.

use std::collections::BTreeSet;
use std::sync::Arc;

use proto::record::{Actor, Message, Part, Role, Task};
use serde_json::{Value as Json, json};
use worker::domains::Domain;
use worker::roles::react;
use worker::synthesize::WRITER;

use super::models::cost;
use crate::archive::{Archive, Filled, Played};
use crate::dataset::{
    CardFacts, DomainFact, Maker, Role as Speaker, Row, RowCall, RowMessage, Shares,
};
use crate::plan::Plan;
use crate::plan::identity::{EXPLORER, USER};
use crate::plan::models::model_in;
use crate::run::Slot;

/// Makes rows and counts what stays out.
#[derive(Debug)]
pub struct Rows<'a> {
    plan: &'a Plan,
    policy: String,
    tools: Arc<str>,
    /// Names of the tools.
    known: BTreeSet<String>,
    run: String,
    shares: Shares,
    /// Tasks seen.
    pub tasks: u64,
    failed: u64,
    unlawful: u64,
    malformed: u64,
    quarantined: u64,
}

impl<'a> Rows<'a> {
    /// For the rows of one archive.
    pub fn new(archive: &'a Archive, shares: Shares) -> Self {
        Self {
            plan: &archive.course.plan,
            policy: archive.domain.policy().to_owned(),
            tools: tool_schemas(&*archive.domain).to_string().into(),
            known: archive
                .domain
                .tools()
                .iter()
                .map(|tool| tool.name.clone())
                .collect(),
            run: archive.course.run.to_string(),
            shares,
            tasks: 0,
            failed: 0,
            unlawful: 0,
            malformed: 0,
            quarantined: 0,
        }
    }

    /// The row of an episode; none if it stays out.
    pub fn row(&mut self, filled: &Filled, played: &Played) -> Option<Row> {
        let episode = &played.episode;
        let stays_out = if !episode.ending.scored() {
            Some(&mut self.quarantined)
        } else if episode.verdict.reward < 0.5 {
            Some(&mut self.failed)
        } else if self.malformed_in(&episode.messages) {
            Some(&mut self.malformed)
        } else if self.plan.dataset.lawful_only && !episode.verdict.violations.is_empty() {
            Some(&mut self.unlawful)
        } else {
            None
        };
        if let Some(count) = stays_out {
            *count += 1;
            return None;
        }
        let task = if played.over_twin {
            filled.twin.as_ref()?
        } else {
            &filled.task
        };
        // All tasks of a person are on one side, so that no trajectory, twin or order crosses it.
        let split = self.shares.split(&task.intent.person);
        Some(Row {
            id: episode.id.to_string(),
            task_id: task.id.to_string(),
            trajectory_id: filled.task.id.to_string().replace("task_", "trajectory_"),
            split,
            domain: task.domain.clone(),
            scenario: task.scenario.label().to_owned(),
            kind: task.kind.to_string(),
            agent: episode.agent.clone(),
            trial: episode.trial,
            reward: episode.verdict.reward,
            user: episode.user.clone(),
            messages: self.messages(&episode.messages),
            tools: Arc::clone(&self.tools),
            metadata: self.metadata(task, played),
        })
    }

    fn messages(&self, said: &[Message]) -> Vec<RowMessage> {
        let mut messages = Vec::with_capacity(said.len() + 1);
        messages.push(RowMessage::text(Speaker::System, self.policy.clone()));
        messages.extend(said.iter().map(message));
        messages
    }

    /// Provenance: logical facts only, in a fixed order.
    fn metadata(&self, task: &Task, played: &Played) -> String {
        let episode = &played.episode;
        let verdict = &episode.verdict;
        let components: Vec<Json> = verdict
            .components
            .iter()
            .map(|(component, met)| json!([component.label(), met]))
            .collect();
        let mut facts = json!({
            "run": self.run,
            "slot": task.slot,
            "intent": task.intent_id.to_string(),
            "twin_of": task.twin_of.map(|id| id.to_string()),
            "explorer": self.explorer(task),
            "writer": task.writer,
            "user": episode.user,
            "agent_is_scripted": model_in(&episode.agent).is_none(),
            "goals": task.intent.last.len(),
            "golden_calls": task.golden.steps.len(),
            "start_state": task.golden.start.state.to_string(),
            "end_state": episode.state.to_string(),
            "ending": episode.ending.label(),
            "components": components,
            "lenient": verdict.lenient,
            "violations": verdict.violations,
        });
        let parts = task.parts.iter().chain(&episode.parts);
        let parts: Vec<Json> = parts.map(|each| part(self.plan, each)).collect();
        if !parts.is_empty() {
            facts["parts"] = parts.into();
        }
        if !verdict.judged.is_empty() {
            facts["judged"] = json!(verdict.judged);
        }
        if self.plan.dataset.keep_reasoning
            && let Some(reasoning) = reasoning(&episode.messages)
        {
            facts["reasoning"] = reasoning;
        }
        facts.to_string()
    }

    /// Who explored for a task: a model finds nothing where there is no write to find, and is not asked.
    fn explorer(&self, task: &Task) -> &str {
        let by_model = task.parts.iter().any(|part| part.role == Role::Explorer);
        let player = self.plan.player(Role::Explorer);
        if by_model { player } else { EXPLORER }
    }

    /// Who does a job of which the plan names one doer: a model by its name there.
    fn maker<'n>(&'n self, role: Role, offline: &'n str) -> &'n str {
        let player = self.plan.player(role);
        model_in(player).map_or(offline, |_| player)
    }

    /// Whether there is a call of a tool that is none, or whose arguments are no JSON object: nothing to learn from.
    fn malformed_in(&self, said: &[Message]) -> bool {
        said.iter().any(|message| match message {
            Message::Assistant { calls, .. } => calls
                .iter()
                .any(|call| call.malformed.is_some() || !self.known.contains(&call.name)),
            _ => false,
        })
    }

    /// Who did which job.
    fn makers(&self) -> Vec<Maker> {
        let maker = |role: Role, name: &str| Maker {
            role: role.label().to_owned(),
            name: name.to_owned(),
            scripted: model_in(name).is_none(),
        };
        let offline = [
            (Role::Explorer, EXPLORER),
            (Role::Writer, WRITER),
            (Role::Validity, ""),
            (Role::User, USER),
            (Role::Judge, ""),
        ];
        let doers = offline.map(|(role, offline)| match self.maker(role, offline) {
            name if role == Role::User && name != offline => maker(role, &self.plan.talker(role)),
            name => maker(role, name),
        });
        let agents = self
            .plan
            .agents
            .iter()
            .map(|agent| maker(Role::Agent, agent));
        let all = doers.into_iter().chain(agents);
        all.filter(|maker| !maker.name.is_empty()).collect()
    }

    /// What the card says beside the rows.
    pub fn facts(&self, archive: &Archive) -> CardFacts {
        let mut limits = Vec::new();
        if self.plan.models_in_use().is_empty() {
            limits.push("Users and agents are scripted: rules and templates, no language model. Their language is less varied than people's.".to_owned());
        }
        if self.unlawful > 0 {
            limits.push(format!(
                "{} successful episodes broke a procedural rule and stay out.",
                self.unlawful
            ));
        }
        if self.malformed > 0 {
            limits.push(format!(
                "{} successful episodes have a call in them of a tool that is none, or whose arguments are no JSON object, and stay out.",
                self.malformed
            ));
        }
        CardFacts {
            pretty_name: format!(
                "Verified {} conversations with ambiguous, changing and infeasible requests",
                self.plan.domain
            ),
            license: self.plan.dataset.license.clone(),
            seed: self.plan.seed,
            complete: complete(archive),
            tasks: self.tasks,
            rejected: archive.run.progress().rejected,
            failed_episodes: self.failed,
            quarantined_episodes: self.quarantined,
            domains: vec![DomainFact {
                name: self.plan.domain.clone(),
                tools: archive.domain.tools().len() as u64,
                world: world(self.plan),
            }],
            makers: self.makers(),
            limits,
            ..CardFacts::default()
        }
    }
}

/// What a model had to do with an episode.
fn part(plan: &Plan, part: &Part) -> Json {
    let mut told = json!({
        "role": part.role.label(),
        "name": part.name,
        "protocol": part.protocol.label(),
        "models": part.models,
        "sampling": part.sampling,
        "form": part.form.label(),
        "prompts": part.prompts.to_string(),
        "seed": part.seed,
        "replies": part.replies,
        "usage": part.usage,
    });
    if let Some(cost) = cost(plan, &part.name, part.usage) {
        told["cost"] = json!(cost.to_string());
    }
    told
}

/// What the agent thought before each of its messages, in order; nothing if it never told.
fn reasoning(said: &[Message]) -> Option<Json> {
    let thoughts = said.iter().filter_map(|message| match message {
        Message::Assistant { reasoning, .. } => Some(react::thoughts(reasoning)),
        _ => None,
    });
    let thoughts: Vec<&str> = thoughts.collect();
    let any = thoughts.iter().any(|thought| !thought.is_empty());
    any.then(|| json!(thoughts))
}

/// Whether every slot is closed and every rollout done.
pub fn complete(archive: &Archive) -> bool {
    let open = |slot: &Slot| matches!(slot, Slot::Waiting | Slot::Trying(_));
    archive.run.finished() && !archive.run.slots().iter().any(open)
}

/// The base world in a few words.
pub fn world(plan: &Plan) -> String {
    if plan.world.file.is_empty() {
        format!(
            "generated, {} people, {} orders",
            plan.world.people, plan.world.orders
        )
    } else {
        "from a world file".to_owned()
    }
}

fn message(said: &Message) -> RowMessage {
    match said {
        Message::User { text } => RowMessage::text(Speaker::User, text.clone()),
        Message::Assistant { text, calls, .. } => {
            let call = |call: &proto::record::ToolCall| RowCall {
                id: call.id.clone(),
                name: call.name.clone(),
                arguments: serde_json::to_string(&call.arguments)
                    .expect("arguments are plain data"),
            };
            RowMessage {
                tool_calls: calls.iter().map(call).collect(),
                ..RowMessage::text(Speaker::Assistant, text.clone())
            }
        }
        Message::Tool {
            call_id,
            name,
            text,
            ..
        } => RowMessage {
            tool_call_id: Some(call_id.clone()),
            name: Some(name.clone()),
            ..RowMessage::text(Speaker::Tool, text.clone())
        },
    }
}

/// The agent's tools in the `OpenAI` function form.
pub fn tool_schemas(domain: &dyn Domain) -> Json {
    let tools = domain
        .tools()
        .iter()
        .filter(|tool| tool.actor == Actor::Assistant);
    let schemas = tools.map(|tool| {
        json!({"type": "function", "function": {
            "name": tool.name,
            "description": tool.description,
            "parameters": serde_json::to_value(&tool.parameters).expect("a schema is plain data"),
        }})
    });
    Json::Array(schemas.collect())
}

#[cfg(test)]
mod tests;
