//! Conversations for the reader: which ones, and how they are told.

use std::collections::BTreeMap;

use proto::excerpt::excerpt;
use proto::ids::EpisodeId;
use proto::record::{
    Answer, Check, Ending, Episode, Goal, GoalScript, Intent, Message, PlannedCall, Proof,
    Resolution, Scenario, Source, Task, ToolCall, UserScript, Value, Wish,
};

use super::entries::Stratum;
use super::model::{
    CallTurn, CheckSummary, ComponentMark, Fact, GoalSummary, GoldenStep, Outcome, Sample, Script,
    ScriptChange, ScriptGoal, SlotSummary, StateChange, TrialSummary, Turn,
};

/// How many characters of a call's arguments its folded line shows.
const BRIEF: usize = 90;

/// How an episode came out.
pub fn outcome(episode: &Episode) -> Outcome {
    match (&episode.ending, episode.verdict.reward >= 1.0) {
        (Ending::User(_) | Ending::Agent(_), true) => Outcome::Passed,
        (Ending::User(_) | Ending::Agent(_), false) => Outcome::Failed,
        (
            Ending::Infrastructure(_)
            | Ending::UserFault(_)
            | Ending::JudgeFault(_)
            | Ending::Environment(_),
            _,
        ) => Outcome::Quarantined,
    }
}

/// What a reader wants to see next to each other: scenario, agent, outcome.
type Cell = (Scenario, String, Outcome);

/// Picks the same few episodes of every cell whatever order they come in: those with the least ids,
/// which are digests and so no one's choice.
#[derive(Debug, Clone)]
pub struct Choice<P> {
    per_cell: usize,
    cells: BTreeMap<Cell, BTreeMap<EpisodeId, P>>,
}

impl<P> Choice<P> {
    /// Picks up to `per_cell` episodes of each scenario, agent and outcome.
    pub fn new(per_cell: usize) -> Self {
        Self {
            per_cell,
            cells: BTreeMap::new(),
        }
    }

    /// Considers an episode, found again at `position`.
    pub fn offer(&mut self, scenario: Scenario, episode: &Episode, position: P) {
        let key = (scenario, episode.agent.clone(), outcome(episode));
        let cell = self.cells.entry(key).or_default();
        cell.insert(episode.id, position);
        if cell.len() > self.per_cell {
            cell.pop_last();
        }
    }

    /// Positions of the chosen, by scenario, agent, outcome and id.
    pub fn finish(self) -> Vec<P> {
        self.cells
            .into_values()
            .flat_map(BTreeMap::into_values)
            .collect()
    }
}

/// Tells an episode over its task. `changes` are the fields that each call changed, by call id;
/// `writes` tells which tools change the world.
pub fn sample(
    task: &Task,
    episode: &Episode,
    changes: &BTreeMap<String, Vec<StateChange>>,
    writes: impl Fn(&str) -> bool,
) -> Sample {
    let golden = task.golden.steps.iter().map(|step| GoldenStep {
        name: step.call.name.clone(),
        arguments: call_text(&step.call),
        write: writes(&step.call.name),
        state: step.state.to_string(),
    });
    let golden: Vec<GoldenStep> = golden.collect();
    let components = episode
        .verdict
        .components
        .iter()
        .map(|(component, met)| ComponentMark {
            name: component.label().to_owned(),
            met: *met,
        });
    Sample {
        episode: episode.id.to_string(),
        task: task.id.to_string(),
        slot: task.slot,
        scenario: Stratum::of(task.scenario, &task.kind).label().to_owned(),
        kind: task.kind.to_string(),
        write: golden.iter().any(|step| step.write),
        twin_of: task.twin_of.map(|id| id.to_string()),
        agent: episode.agent.clone(),
        user: episode.user.clone(),
        trial: episode.trial,
        outcome: outcome(episode),
        ending: ending_text(&episode.ending),
        reward: episode.verdict.reward,
        lenient: episode.verdict.lenient,
        components: components.collect(),
        violations: episode.verdict.violations.clone(),
        turns: turns(&episode.messages, changes, &writes),
        script: script(&task.script),
        goals: goals(&task.intent),
        golden,
        proof: task.proof.as_ref().map(proof).unwrap_or_default(),
    }
}

/// The ending's label with what is known beside it.
fn ending_text(ending: &Ending) -> String {
    match ending {
        Ending::User(_) | Ending::Agent(_) => ending.label(),
        Ending::Infrastructure(what)
        | Ending::UserFault(what)
        | Ending::JudgeFault(what)
        | Ending::Environment(what) => format!("{}: {what}", ending.label()),
    }
}

/// Messages as turns, each result with its call.
fn turns(
    messages: &[Message],
    changes: &BTreeMap<String, Vec<StateChange>>,
    writes: &impl Fn(&str) -> bool,
) -> Vec<Turn> {
    let mut turns = Vec::new();
    let mut open: BTreeMap<&str, usize> = BTreeMap::new();
    for message in messages {
        match message {
            Message::User { text } => turns.push(Turn::User { text: text.clone() }),
            Message::Assistant { text, calls, .. } => {
                if !text.is_empty() {
                    turns.push(Turn::Agent { text: text.clone() });
                }
                for call in calls {
                    open.insert(&call.id, turns.len());
                    turns.push(Turn::Call(call_turn(call, changes, writes)));
                }
            }
            Message::Tool {
                call_id,
                text,
                error,
                ..
            } => {
                let place = open.remove(call_id.as_str());
                if let Some(Turn::Call(call)) = place.and_then(|place| turns.get_mut(place)) {
                    call.result = Some(indented(text));
                    call.error = *error;
                }
            }
        }
    }
    turns
}

fn call_turn(
    call: &ToolCall,
    changes: &BTreeMap<String, Vec<StateChange>>,
    writes: &impl Fn(&str) -> bool,
) -> CallTurn {
    let arguments = Value::Map(call.arguments.clone());
    CallTurn {
        name: call.name.clone(),
        arguments: pretty(&arguments),
        brief: excerpt(&arguments_text(&call.arguments), BRIEF).into_owned(),
        result: None,
        error: false,
        write: writes(&call.name),
        changes: changes.get(&call.id).cloned().unwrap_or_default(),
    }
}

/// JSON over several lines, anything else as it is.
fn indented(text: &str) -> String {
    match serde_json::from_str::<serde_json::Value>(text) {
        Ok(json @ (serde_json::Value::Object(_) | serde_json::Value::Array(_))) => {
            serde_json::to_string_pretty(&json).unwrap_or_else(|_| text.to_owned())
        }
        Ok(_) | Err(_) => text.to_owned(),
    }
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string())
}

/// `name: value, …`, texts without quotes.
fn arguments_text(arguments: &proto::record::Map) -> String {
    let parts = arguments.iter().map(|(name, value)| match value {
        Value::Str(text) => format!("{name}: {text}"),
        other => format!("{name}: {other}"),
    });
    parts.collect::<Vec<_>>().join(", ")
}

fn call_text(call: &PlannedCall) -> String {
    arguments_text(&call.arguments)
}

fn script(script: &UserScript) -> Script {
    let yes = |truth: bool| if truth { "yes" } else { "no" };
    let persona = &script.persona;
    let mut facts = vec![
        Fact::new("style", persona.style.clone()),
        Fact::new("introduces themselves", yes(persona.introduces)),
        Fact::new("one wish at a time", yes(persona.one_at_a_time)),
        Fact::new("insists when refused", yes(persona.insistent)),
    ];
    if !persona.manner.is_empty() {
        facts.push(Fact::new("manner", persona.manner.clone()));
    }
    Script {
        persona: facts,
        identity: script.identity.clone(),
        opening: script.opening.clone(),
        goals: script.goals.iter().map(script_goal).collect(),
        change: script.change.as_ref().map(|change| ScriptChange {
            trigger: change.trigger.label().replace('_', " "),
            text: change.text.clone(),
            goals: change.goals.iter().map(script_goal).collect(),
        }),
    }
}

fn script_goal(goal: &GoalScript) -> ScriptGoal {
    let reveals = goal
        .reveals
        .iter()
        .map(|reveal| Fact::new(&reveal.slot, &reveal.text));
    ScriptGoal {
        say: goal.say.clone(),
        reveals: reveals.collect(),
    }
}

fn goals(intent: &Intent) -> Vec<GoalSummary> {
    let goals = intent.goals.iter().enumerate();
    goals
        .map(|(place, goal)| goal_summary(goal, held(intent, place)))
        .collect()
}

/// When a goal is held.
fn held(intent: &Intent, place: usize) -> &'static str {
    match (intent.first.contains(&place), intent.last.contains(&place)) {
        (true, true) => "always",
        (true, false) => "first",
        (false, _) => "last",
    }
}

fn goal_summary(goal: &Goal, held: &str) -> GoalSummary {
    let (sort, wish) = match &goal.wish {
        Wish::Write(call) => ("write", format!("{}({})", call.name, call_text(call))),
        Wish::Question(question) => {
            let answer = match question.answer {
                Answer::Money(cents) => money(cents),
                Answer::Count(count) => count.to_string(),
            };
            ("question", format!("{} = {answer}", question.topic))
        }
        Wish::Blocked(blocked) => {
            let resolution = match blocked.resolution {
                Resolution::Refuse => "refuse with the reason",
                Resolution::Transfer => "transfer to a human",
            };
            let tried = blocked.call.as_ref();
            let tried = tried.map_or(String::new(), |call| {
                format!("{}({}), ", call.name, call_text(call))
            });
            (
                "blocked",
                format!("{tried}forbidden by {}: {resolution}", blocked.rule),
            )
        }
    };
    let slots = goal.slots.iter().map(|slot| SlotSummary {
        name: slot.name.clone(),
        value: slot.value.to_string(),
        source: match &slot.source {
            Source::Known => "known to the user".to_owned(),
            Source::Read(tool) => format!("read by {tool}"),
            Source::Pick(rule) => format!("picked: {rule}"),
        },
        hidden: slot.hidden(),
    });
    GoalSummary {
        sort: sort.to_owned(),
        wish,
        held: held.to_owned(),
        slots: slots.collect(),
    }
}

/// Whole cents as dollars.
fn money(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    format!("{sign}${}.{:02}", cents.abs() / 100, cents.abs() % 100)
}

fn proof(proof: &Proof) -> Vec<CheckSummary> {
    let checks = proof.checks.iter().map(|held| CheckSummary {
        name: held.check.label().to_owned(),
        meaning: meaning(held.check).to_owned(),
        trials: held
            .trials
            .iter()
            .map(|trial| TrialSummary {
                agent: trial.agent.clone(),
                seed: trial.seed,
                reward: trial.reward,
                conversation: trial.conversation.to_string()[..12].to_owned(),
            })
            .collect(),
        not_applicable: held.not_applicable.clone(),
    });
    checks.collect()
}

/// What a check that holds says, in a sentence.
fn meaning(check: Check) -> &'static str {
    match check {
        Check::Replay => "The golden calls all succeed and end in an expected state.",
        Check::Grounded => "Every golden argument is known to the user or was looked up before.",
        Check::Lawful => "The golden calls break no rule of the policy.",
        Check::Solvable => "The gold agent earns 1 with the simulated user, on every seed.",
        Check::Null => {
            "Agents that do nothing useful earn nothing; the bureaucrat may pass one task of a pair, never both."
        }
        Check::Sharp => "One write dropped, added or tampered with earns nothing.",
        Check::Scenario => "Agents that miss the point of the scenario earn nothing.",
        Check::Real => "The ambiguity, change or infeasibility exists in the world.",
        Check::Text => "The texts say what the intent says, no more and no less.",
        Check::Validity => {
            "Most votes of a model that judges tasks take it for natural and consistent."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::digest::Digest;
    use proto::ids::{StateId, TaskId};
    use proto::record::{UserOutcome, Verdict};

    fn episode(name: &str, reward: f64) -> Episode {
        let digest = Digest::of(name.as_bytes());
        Episode {
            id: EpisodeId(digest),
            task: TaskId(digest),
            agent: "a".to_owned(),
            user: "agenda".to_owned(),
            trial: 0,
            messages: vec![],
            ending: Ending::User(UserOutcome::Satisfied),
            state: StateId(digest),
            verdict: Verdict {
                reward,
                lenient: reward,
                components: vec![],
                violations: vec![],
                judged: vec![],
            },
            parts: Vec::new(),
        }
    }

    #[test]
    fn the_choice_does_not_depend_on_the_order() {
        let episodes: Vec<Episode> = (0..40)
            .map(|n| episode(&n.to_string(), f64::from(n % 2)))
            .collect();
        let choose = |order: &mut dyn Iterator<Item = usize>| {
            let mut choice = Choice::new(3);
            order.for_each(|at| choice.offer(Scenario::General, &episodes[at], at));
            choice.finish()
        };
        let chosen = choose(&mut (0..40));
        assert_eq!(chosen, choose(&mut (0..40).rev()));
        assert_eq!(chosen.len(), 6, "three passed, three failed");
        assert!(
            chosen[..3].iter().all(|at| at % 2 == 1),
            "passed ones first: {chosen:?}"
        );
    }

    #[test]
    fn a_result_stands_with_its_call() {
        let call = |id: &str| ToolCall {
            id: id.into(),
            name: "t".into(),
            arguments: [].into(),
            malformed: None,
        };
        let tool = |id: &str, text: &str| Message::Tool {
            call_id: id.into(),
            name: "t".into(),
            text: text.into(),
            error: text == "no",
        };
        let messages = [
            Message::Assistant {
                reasoning: String::new(),
                signed: None,
                text: "x".into(),
                calls: vec![call("1"), call("2"), call("3")],
            },
            tool("2", "no"),
            tool("1", r#"{"a":1}"#),
        ];
        let told = turns(&messages, &BTreeMap::new(), &|_| true);
        let calls: Vec<&CallTurn> = told
            .iter()
            .filter_map(|turn| match turn {
                Turn::Call(call) => Some(call),
                Turn::User { .. } | Turn::Agent { .. } => None,
            })
            .collect();
        assert_eq!(calls[0].result.as_deref(), Some("{\n  \"a\": 1\n}"));
        assert_eq!(
            (calls[1].result.as_deref(), calls[1].error),
            (Some("no"), true)
        );
        assert_eq!(calls[2].result, None, "cut off before its answer");
    }

    #[test]
    fn money_has_two_digits_of_cents() {
        assert_eq!(money(-105), "-$1.05");
        assert_eq!(money(7), "$0.07");
    }
}
