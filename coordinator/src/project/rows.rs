//! From episodes to dataset rows: successful, scored, and lawful where the plan asks for it.

use std::sync::Arc;

use proto::record::{Actor, Message, Task};
use serde_json::{Value as Json, json};
use worker::domains::Domain;

use crate::archive::{Archive, Filled, Played};
use crate::dataset::{CardFacts, DomainFact, Maker, Role, Row, RowCall, RowMessage, Shares};
use crate::plan::Plan;
use crate::run::Slot;

/// Makes rows and counts what stays out.
#[derive(Debug)]
pub struct Rows<'a> {
    plan: &'a Plan,
    policy: String,
    tools: Arc<str>,
    run: String,
    shares: Shares,
    /// Tasks seen.
    pub tasks: u64,
    failed: u64,
    unlawful: u64,
    quarantined: u64,
}

impl<'a> Rows<'a> {
    /// For the rows of one archive.
    pub fn new(archive: &'a Archive, shares: Shares) -> Self {
        Self {
            plan: &archive.course.plan,
            policy: archive.domain.policy().to_owned(),
            tools: tool_schemas(&*archive.domain).to_string().into(),
            run: archive.course.run.to_string(),
            shares,
            tasks: 0,
            failed: 0,
            unlawful: 0,
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
        messages.push(RowMessage::text(Role::System, self.policy.clone()));
        messages.extend(said.iter().map(message));
        messages
    }

    /// Provenance: logical facts only, in a fixed order.
    fn metadata(&self, task: &Task, played: &Played) -> String {
        let verdict = &played.episode.verdict;
        let components: Vec<Json> = verdict
            .components
            .iter()
            .map(|(component, met)| json!([component.label(), met]))
            .collect();
        json!({
            "run": self.run,
            "slot": task.slot,
            "intent": task.intent_id.to_string(),
            "twin_of": task.twin_of.map(|id| id.to_string()),
            "explorer": "symbolic/1",
            "writer": task.writer,
            "user": played.episode.user,
            "agent_is_scripted": true,
            "goals": task.intent.last.len(),
            "golden_calls": task.golden.steps.len(),
            "start_state": task.golden.start.state.to_string(),
            "end_state": played.episode.state.to_string(),
            "ending": played.episode.ending.label(),
            "components": components,
            "lenient": verdict.lenient,
            "violations": verdict.violations,
        })
        .to_string()
    }

    /// What the card says beside the rows.
    pub fn facts(&self, archive: &Archive) -> CardFacts {
        let mut limits = vec![
            "Users and agents are scripted: rules and templates, no language model. Their language is less varied than people's.".to_owned(),
        ];
        if self.unlawful > 0 {
            limits.push(format!(
                "{} successful episodes broke a procedural rule and stay out.",
                self.unlawful
            ));
        }
        let maker = |role: &str, name: &str| Maker {
            role: role.to_owned(),
            name: name.to_owned(),
            scripted: true,
        };
        let mut makers = vec![
            maker("explorer", "symbolic/1"),
            maker("writer", worker::synthesize::WRITER),
            maker("user", "agenda/1"),
        ];
        makers.extend(self.plan.agents.iter().map(|agent| maker("agent", agent)));
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
            makers,
            limits,
            ..CardFacts::default()
        }
    }
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
        Message::User { text } => RowMessage::text(Role::User, text.clone()),
        Message::Assistant { text, calls, .. } => {
            let call = |call: &proto::record::ToolCall| RowCall {
                id: call.id.clone(),
                name: call.name.clone(),
                arguments: serde_json::to_string(&call.arguments)
                    .expect("arguments are plain data"),
            };
            RowMessage {
                tool_calls: calls.iter().map(call).collect(),
                ..RowMessage::text(Role::Assistant, text.clone())
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
            ..RowMessage::text(Role::Tool, text.clone())
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
