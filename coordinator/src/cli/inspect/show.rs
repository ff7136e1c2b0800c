//! Tasks, conversations and records as a person reads them.

use std::fmt::Write as _;

use proto::ids::JobId;
use proto::outcome::StageResult;
use proto::record::{
    Answer, Blocked, ChangeScript, Episode, Expected, Exploration, Goal, Message, PlannedCall,
    Proof, Question, Slot, Source, Step, Task, UserScript, Visibility, Wish,
};

use crate::archive::{Filled, Played};
use crate::run::Ask;

/// Characters of an observation that are shown.
const SHOWN: usize = 240;

fn line(out: &mut String, text: &str) {
    writeln!(out, "{}", text.trim_end()).expect("writing to a string does not fail");
}

fn call(call: &PlannedCall) -> String {
    let arguments = call
        .arguments
        .iter()
        .map(|(name, value)| format!("{name}: {value}"));
    format!(
        "{}({})",
        call.name,
        arguments.collect::<Vec<_>>().join(", ")
    )
}

fn short(text: &str) -> String {
    let flat = text.replace('\n', " ");
    let count = flat.chars().count();
    if count <= SHOWN {
        flat
    } else {
        format!(
            "{}… ({count} characters)",
            flat.chars().take(SHOWN).collect::<String>()
        )
    }
}

/// A filled slot: task, twin, and a line for each episode.
pub(super) fn slot(filled: &Filled, episodes: &[Played]) -> String {
    let mut out = task(&filled.task);
    if let Some(twin) = &filled.twin {
        line(&mut out, "");
        line(&mut out, &format!("Feasible twin {}", twin.id));
        section(&mut out, "Golden", &golden(&twin.golden.steps));
    }
    let told = episodes.iter().map(|played| {
        let episode = &played.episode;
        let over = if played.over_twin {
            "  over the twin"
        } else {
            ""
        };
        format!(
            "{}  {}, trial {}: reward {}, {}{over}",
            episode.id,
            episode.agent,
            episode.trial,
            episode.verdict.reward,
            episode.ending.label()
        )
    });
    section(&mut out, "Episodes", &told.collect::<Vec<_>>());
    out
}

/// A task: intent, script, golden, expected, proof.
pub(super) fn task(task: &Task) -> String {
    let mut out = String::new();
    line(
        &mut out,
        &format!(
            "{}  slot {}, {}, {}",
            task.id,
            task.slot,
            task.scenario.label(),
            task.kind
        ),
    );
    line(
        &mut out,
        &format!(
            "{} over {}; intent {}; texts by {}",
            task.domain, task.golden.start.state, task.intent_id, task.writer
        ),
    );
    if let Some(of) = task.twin_of {
        line(&mut out, &format!("the feasible twin of {of}"));
    }
    section(
        &mut out,
        &format!("Intent of {}", task.intent.person),
        &intent(task),
    );
    section(&mut out, "Script", &script(&task.script));
    section(&mut out, "Golden", &golden(&task.golden.steps));
    section(&mut out, "Expected", &expected(&task.expected));
    match &task.proof {
        Some(held) => section(&mut out, "Proof", &proof(held)),
        None => section(&mut out, "Proof", &["none: a draft".to_owned()]),
    }
    out
}

fn section(out: &mut String, title: &str, lines: &[String]) {
    line(out, "");
    line(out, title);
    for text in lines {
        line(out, &format!("  {text}"));
    }
}

fn intent(task: &Task) -> Vec<String> {
    let mut lines = Vec::new();
    for (place, goal) in task.intent.goals.iter().enumerate() {
        let held = match (
            task.intent.first.contains(&place),
            task.intent.last.contains(&place),
        ) {
            (true, true) => "",
            (true, false) => "  (until the change)",
            (false, _) => "  (from the change on)",
        };
        lines.push(format!("{}. {}{held}", place + 1, wish(goal)));
        lines.extend(
            goal.slots
                .iter()
                .map(|slot| format!("     {}", described(slot))),
        );
    }
    lines
}

fn wish(goal: &Goal) -> String {
    match &goal.wish {
        Wish::Write(write) => call(write),
        Wish::Question(question) => asked(question),
        Wish::Blocked(Blocked {
            call: tried,
            rule,
            resolution,
            ..
        }) => {
            let tried = tried
                .as_ref()
                .map_or_else(|| "a wish no tool can serve".to_owned(), call);
            format!("{tried}, blocked by {rule}: {resolution:?}")
                .replace(": Refuse", ": to be refused")
                .replace(": Transfer", ": to be handed to a human")
        }
    }
}

fn asked(question: &Question) -> String {
    let answer = match question.answer {
        Answer::Money(cents) => format!(
            "${}{}.{:02}",
            if cents < 0 { "-" } else { "" },
            cents.abs() / 100,
            cents.abs() % 100
        ),
        Answer::Count(count) => count.to_string(),
    };
    format!("question {}: {answer}", question.topic)
}

fn described(slot: &Slot) -> String {
    let source = match &slot.source {
        Source::Known => "known".to_owned(),
        Source::Read(tool) => format!("read from {tool}"),
        Source::Pick(rule) => format!("picked: {rule}"),
    };
    let says = slot.says.iter().map(|said| {
        let arguments: Vec<String> = said.arguments.iter().map(ToString::to_string).collect();
        let when = match said.visibility {
            Visibility::Opening => "",
            Visibility::OnRequest => " when asked",
            Visibility::Never => " never",
        };
        format!("{}({}){when}", said.predicate, arguments.join(", "))
    });
    format!(
        "{} = {}  [{source}; said as {}]",
        slot.name,
        slot.value,
        says.collect::<Vec<_>>().join(" and ")
    )
}

fn script(script: &UserScript) -> Vec<String> {
    let persona = &script.persona;
    let traits = [
        (persona.introduces, "introduces themselves"),
        (persona.one_at_a_time, "one goal at a time"),
        (persona.insistent, "insistent"),
    ];
    let traits = traits
        .iter()
        .filter(|(has, _)| *has)
        .map(|(_, what)| format!(", {what}"));
    let traits = traits.collect::<String>();
    let mut lines = vec![format!("persona: {}{traits}", persona.style)];
    if !persona.manner.is_empty() {
        lines.push(format!("manner: {}", persona.manner));
    }
    lines.push(format!("identity: {}", script.identity));
    lines.push(format!("opening: {}", script.opening));
    let goals = |lines: &mut Vec<String>, goals: &[proto::record::GoalScript]| {
        for goal in goals {
            lines.push(format!("goal {}: {}", goal.goal + 1, goal.say));
            lines.extend(
                goal.reveals
                    .iter()
                    .map(|reveal| format!("  asked for {}: {}", reveal.slot, reveal.text)),
            );
        }
    };
    goals(&mut lines, &script.goals);
    if let Some(ChangeScript {
        trigger,
        at,
        text,
        goals: after,
    }) = &script.change
    {
        lines.push(format!(
            "change ({}, goal {}): {text}",
            trigger.label(),
            at + 1
        ));
        goals(&mut lines, after);
    }
    lines
}

fn golden(steps: &[Step]) -> Vec<String> {
    let mut lines = Vec::new();
    for (place, step) in steps.iter().enumerate() {
        let goal = step
            .goal
            .map_or_else(String::new, |goal| format!("   goal {}", goal + 1));
        lines.push(format!("{:>2}. {}{goal}", place + 1, call(&step.call)));
        lines.push(format!("    → {}", short(&step.observation.text)));
    }
    lines
}

fn expected(expected: &Expected) -> Vec<String> {
    let mut lines: Vec<String> = expected
        .states
        .iter()
        .map(|state| format!("end state {state}"))
        .collect();
    lines.extend(
        expected
            .required
            .iter()
            .map(|required| format!("must succeed: {}", call(required))),
    );
    lines.extend(expected.forbidden.iter().map(|forbidden| {
        let when = if forbidden.after_change {
            " after the change"
        } else {
            ""
        };
        format!("must not succeed{when}: {}", call(&forbidden.call))
    }));
    lines.extend(
        expected
            .told
            .iter()
            .map(|told| format!("must be told: {}", asked(told))),
    );
    for resolution in &expected.resolutions {
        let reads = resolution
            .evidence
            .iter()
            .map(|any| any.iter().map(call).collect::<Vec<_>>().join(" or "));
        let evidence = reads.collect::<Vec<_>>().join(", and ");
        let evidence = if evidence.is_empty() {
            "on the wish alone".to_owned()
        } else {
            format!("after {evidence}")
        };
        lines.push(format!(
            "must be resolved: {:?} for reason `{}` (rule {}), {evidence}",
            resolution.resolution, resolution.reason, resolution.rule
        ));
    }
    lines.extend(expected.asked.iter().map(|asked| {
        format!(
            "must be asked: {} before {} fixes it",
            asked.slot, asked.tool
        )
    }));
    lines
}

fn proof(proof: &Proof) -> Vec<String> {
    let checks = proof.checks.iter().map(|held| {
        let ran: Vec<String> = held
            .trials
            .iter()
            .map(|trial| format!("{} {}", trial.agent, trial.reward))
            .collect();
        let ran = if ran.is_empty() {
            String::new()
        } else {
            format!("  {} runs: {}", ran.len(), ran.join(", "))
        };
        let away = if held.not_applicable.is_empty() {
            String::new()
        } else {
            format!("  (not applicable: {})", held.not_applicable.join(", "))
        };
        format!("{:<12} holds{ran}{away}", held.check.label())
    });
    checks.collect()
}

/// A record of the ledger.
pub(super) fn result(ask: &Ask, id: JobId, result: &StageResult) -> String {
    let head = format!(
        "{id}  {} of slot {}, candidate {}\n",
        ask.stage.label(),
        ask.slot,
        ask.candidate
    );
    let body = match result {
        StageResult::Explored(walk) => walked(walk),
        StageResult::Drafted { task: draft, twin }
        | StageResult::Admitted { task: draft, twin } => {
            let twin = twin
                .as_ref()
                .map_or_else(String::new, |twin| format!("\n{}", task(twin)));
            format!("{}{twin}", task(draft))
        }
        StageResult::Played(episode) => return conversation(episode),
        StageResult::Rejected(rejection) => format!("rejected: {rejection}\n"),
        StageResult::Failed { error, .. } => format!("failed: {error}\n"),
    };
    format!("{head}\n{body}")
}

fn walked(walk: &Exploration) -> String {
    let mut out = String::new();
    line(
        &mut out,
        &format!("walk of {} from {}", walk.person, walk.walk.start.state),
    );
    section(
        &mut out,
        "Goals",
        &walk.goals.iter().map(wish).collect::<Vec<_>>(),
    );
    section(&mut out, "Steps", &golden(&walk.walk.steps));
    out
}

/// A conversation with its verdict.
fn conversation(episode: &Episode) -> String {
    let mut out = String::new();
    line(
        &mut out,
        &format!(
            "{}  {} with user {}, trial {}, on {}",
            episode.id, episode.agent, episode.user, episode.trial, episode.task
        ),
    );
    line(&mut out, "");
    for message in &episode.messages {
        match message {
            Message::User { text } => line(&mut out, &format!("user:  {text}")),
            Message::Assistant { text, calls, .. } => {
                if !text.is_empty() {
                    line(&mut out, &format!("agent: {text}"));
                }
                for made in calls {
                    let made = PlannedCall {
                        name: made.name.clone(),
                        arguments: made.arguments.clone(),
                    };
                    line(&mut out, &format!("       ⚙ {}", call(&made)));
                }
            }
            Message::Tool { text, error, .. } => {
                line(
                    &mut out,
                    &format!("       {} {}", if *error { "✗" } else { "→" }, short(text)),
                );
            }
        }
    }
    let verdict = &episode.verdict;
    line(&mut out, "");
    line(
        &mut out,
        &format!(
            "reward {} (a lucky guess counting: {}); ended {}; {}",
            verdict.reward,
            verdict.lenient,
            episode.ending.label(),
            episode.state
        ),
    );
    for (component, met) in &verdict.components {
        line(
            &mut out,
            &format!(
                "  {:<14} {}",
                component.label(),
                if *met { "met" } else { "missed" }
            ),
        );
    }
    for judged in &verdict.judged {
        let (held, all) = (judged.for_it(), judged.votes.len());
        line(
            &mut out,
            &format!("  {held} of {all} votes: {}", judged.statement),
        );
    }
    for rule in &verdict.violations {
        line(&mut out, &format!("  broke {rule}"));
    }
    out
}
