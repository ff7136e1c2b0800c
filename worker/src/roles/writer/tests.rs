use std::sync::Arc;

use proto::job::{Cell, Job, StageInput, Wanted};
use proto::outcome::Outcome;
use proto::record::{Kind, Scenario, Trigger, Writing};

use super::*;
use crate::chat::Fault;
use crate::domains::tickets::Tickets;
use crate::explore::explore;
use crate::roles::testing::{Sayer, cell, desk, first, infeasible, job, plain};
use crate::stages;

/// Said before a text that is otherwise as it was.
const HELLO: &str = "Well then.";
const MANNER: &str = "They write the way they talk.";

/// A job to word a draft, and the draft as templates word it.
struct Bench {
    domain: Tickets,
    job: Job,
    draft: Draft,
}

impl Bench {
    fn new(cell: impl Fn(&dyn Domain) -> Cell) -> Self {
        let domain = desk();
        let cell = cell(&domain);
        let drafted = (0..20).find_map(|candidate| {
            let seed = proto::seed::Seed::root(candidate);
            let walk = explore(&domain, &cell, seed.child("explore", 0)).ok()?;
            let input = StageInput::Synthesize(Box::new(walk));
            let mut job = job(&domain, cell.clone(), input, Role::Writer);
            job.seed = seed;
            let mut offline = job.clone();
            offline.cast = proto::record::Cast::default();
            match stages::perform(&domain, offline).result {
                StageResult::Drafted { task, twin } => {
                    let twin = twin.map(|twin| *twin);
                    Some((job, Draft { task: *task, twin }))
                }
                _ => None,
            }
        });
        let (mut job, draft) = drafted.expect("the desk gives such a draft");
        job.cast.writing = Writing {
            attempts: 3,
            fallback: true,
        };
        Self { domain, job, draft }
    }

    async fn worded(&self, sayer: &Arc<Sayer>) -> StageResult {
        match first(sayer.clone(), &self.domain, &self.job).await {
            Done::Outcome(Outcome { result, .. }) => result,
            other => panic!("no outcome: {other:?}"),
        }
    }

    async fn drafted(&self, sayer: &Arc<Sayer>) -> (Task, Option<Task>) {
        match self.worded(sayer).await {
            StageResult::Drafted { task, twin } => (*task, twin.map(|twin| *twin)),
            other => panic!("no draft: {other:?}"),
        }
    }

    /// The reply of a model that changes every text by `reword`.
    fn reply(&self, reword: impl Fn(&str) -> String) -> String {
        let goals = |scripts: &[GoalScript]| -> Vec<Json> {
            let goal = |script: &GoalScript| {
                let reveals = script.reveals.iter();
                let reveals = reveals
                    .map(|reveal| json!({"slot": reveal.slot, "text": reword(&reveal.text)}));
                let reveals: Vec<Json> = reveals.collect();
                json!({"say": reword(&script.say), "reveals": reveals})
            };
            scripts.iter().map(goal).collect()
        };
        let script = &self.draft.task.script;
        let change = script.change.as_ref();
        let change = change
            .map(|change| json!({"text": reword(&change.text), "goals": goals(&change.goals)}));
        json!({
            "manner": MANNER,
            "identity": reword(&script.identity),
            "opening": reword(&script.opening),
            "goals": goals(&script.goals),
            "change": change,
        })
        .to_string()
    }

    /// A reply in which only the manner is new.
    fn mannered(&self, manner: &str) -> String {
        let mut reply: Json = serde_json::from_str(&self.hello()).expect("a reply is JSON");
        reply["manner"] = manner.into();
        reply.to_string()
    }

    fn hello(&self) -> String {
        self.reply(|text| format!("{HELLO} {text}"))
    }
}

fn changing(domain: &dyn Domain) -> Cell {
    let write = plain(domain).wants.remove(0);
    let kind = Kind::Changed(proto::record::Change::Addition, Trigger::AtConfirmation);
    let mut cell = cell(Scenario::Changing, kind, write);
    cell.wants.push(Wanted::AnyWrite);
    cell
}

#[tokio::test(start_paused = true)]
async fn what_says_the_same_takes_the_place_of_every_text() {
    for cell in [plain, changing, infeasible] {
        let bench = Bench::new(cell);
        let reply = bench.hello();
        let sayer = Sayer::new(move |_, _| Ok(reply.clone()));
        let (task, twin) = bench.drafted(&sayer).await;
        let script = &task.script;
        let change = script.change.as_ref();
        let goals = script.goals.iter();
        let goals = goals.chain(change.into_iter().flat_map(|change| &change.goals));
        let texts = goals.flat_map(|goal| {
            let reveals = goal.reveals.iter().map(|reveal| &reveal.text);
            std::iter::once(&goal.say).chain(reveals)
        });
        let texts = [&script.identity, &script.opening].into_iter().chain(texts);
        for text in texts.chain(change.map(|change| &change.text)) {
            assert!(text.starts_with(HELLO), "{text}");
        }
        // How the person behaves is as drawn, and how such a person speaks the model's.
        let persona = Persona {
            manner: MANNER.to_owned(),
            ..bench.draft.task.script.persona.clone()
        };
        assert_eq!(script.persona, persona);
        assert_eq!(task.writer, "model:echo");
        assert_eq!(
            (task.parts[0].role, task.parts[0].replies),
            (Role::Writer, 1)
        );
        // Nothing but the words is the model's.
        let offline = Task {
            script: task.script.clone(),
            writer: task.writer.clone(),
            parts: task.parts.clone(),
            ..bench.draft.task.clone()
        };
        assert_eq!(task, offline);
        assert_eq!(twin.is_some(), bench.draft.twin.is_some());
        if let Some(twin) = twin {
            assert_eq!((&twin.script, &twin.writer), (script, &task.writer));
            assert_eq!(twin.parts[0].replies, 0, "one reply worded both");
        }
        assert_eq!(sayer.asked().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn the_model_sees_each_text_and_what_must_stand_in_it() {
    let bench = Bench::new(plain);
    let reply = bench.hello();
    let sayer = Sayer::new(move |_, _| Ok(reply.clone()));
    bench.drafted(&sayer).await;
    let asked = &sayer.asked()[0];
    let system = asked["messages"][0]["content"].as_str().unwrap();
    let task = &bench.draft.task;
    let world = bench.domain.restore(&task.golden.start.delta).unwrap();
    let demands = demands(&bench.domain, &*world, task).unwrap();
    assert!(demands.iter().any(|demand| !demand.must.is_empty()));
    for phrase in demands.iter().flat_map(|demand| &demand.must) {
        assert!(
            system.contains(&format!("{phrase:?}")),
            "{phrase}\n{system}"
        );
    }
    let script = &task.script;
    for text in [&script.identity, &script.opening, &script.persona.style] {
        assert!(system.contains(text.as_str()), "{text}\n{system}");
    }
    let told = if script.persona.one_at_a_time {
        "bring up one matter at a time"
    } else {
        "bring up all they want at once"
    };
    assert!(system.contains(told), "{system}");
    let form = &asked["response_format"]["json_schema"];
    assert_eq!(form["name"], "texts");
    let required = form["schema"]["required"].as_array().unwrap();
    assert_eq!(required[0], "manner", "the texts follow from it");
}

#[tokio::test(start_paused = true)]
async fn a_complaint_goes_back_to_the_model() {
    let bench = Bench::new(plain);
    let (bare, good) = (bench.reply(|_| "I need help.".to_owned()), bench.hello());
    let sayer = Sayer::new(move |place, _| {
        let replies = ["I would rather not.", &bare, &good];
        Ok(replies[place].to_owned())
    });
    let (task, _) = bench.drafted(&sayer).await;
    assert_eq!(task.writer, "model:echo");
    assert_eq!(task.parts[0].usage.input, 30, "unfit replies were paid for");
    let last = &sayer.asked()[2]["messages"];
    let said: Vec<&str> = (2..6)
        .filter_map(|at| last[at]["content"].as_str())
        .collect();
    assert_eq!(said[0], "I would rather not.");
    assert!(said[1].contains("no JSON object"), "{said:?}");
    assert!(said[3].contains("does not say"), "{said:?}");
}

#[tokio::test(start_paused = true)]
async fn what_stays_unfit_is_left_to_the_templates_or_rejected_as_the_plan_says() {
    let mut bench = Bench::new(infeasible);
    let bare = bench.reply(|_| "I need help.".to_owned());
    let unfit = || {
        let bare = bare.clone();
        Sayer::new(move |_, _| Ok(bare.clone()))
    };
    let sayer = unfit();
    let (task, twin) = bench.drafted(&sayer).await;
    assert_eq!(sayer.asked().len(), 3);
    assert_eq!(task.script, bench.draft.task.script);
    assert_eq!(task.writer, bench.draft.task.writer);
    assert_eq!((task.parts[0].replies, task.parts[0].usage.input), (0, 30));
    assert_eq!(twin.unwrap().script, task.script);
    bench.job.cast.writing.fallback = false;
    let StageResult::Rejected(rejection) = bench.worded(&unfit()).await else {
        panic!("not rejected");
    };
    assert_eq!(rejection.reason, Reason::Unproven(Check::Text));
    assert!(rejection.detail.contains("does not say"), "{rejection}");
}

#[tokio::test(start_paused = true)]
async fn what_is_kept_back_may_not_be_told() {
    let bench = Bench::new(|domain| {
        let (tool, slot) = domain.hideable()[0];
        let kind = Kind::Hidden(slot.to_owned());
        cell(Scenario::Ambiguous, kind, Wanted::Write(tool.to_owned()))
    });
    let script = &bench.draft.task.script;
    let told: Vec<&str> = script.goals[0]
        .reveals
        .iter()
        .map(|reveal| reveal.text.as_str())
        .collect();
    let told = told.join(" ");
    let leaky = bench.reply(|text| format!("{text} {told}"));
    let good = bench.hello();
    let sayer = Sayer::new(move |place, _| Ok([&leaky, &good][place.min(1)].clone()));
    let (task, _) = bench.drafted(&sayer).await;
    assert!(task.script.opening.starts_with(HELLO));
    let asked = sayer.asked();
    let complaint = asked[1]["messages"][3]["content"].as_str().unwrap();
    assert!(
        complaint.contains("kept back") || complaint.contains("does not hold there"),
        "{complaint}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_manner_that_is_none_or_tells_of_the_case_is_asked_for_again() {
    let bench = Bench::new(|domain| {
        let (tool, slot) = domain.hideable()[1];
        let kind = Kind::Hidden(slot.to_owned());
        cell(Scenario::Ambiguous, kind, Wanted::Write(tool.to_owned()))
    });
    let goal = &bench.draft.task.intent.goals[0];
    let mut unfit: Vec<(String, &str)> = vec![
        (" ".to_owned(), "says nothing"),
        ("They say it in 3 words.".to_owned(), "holds a number"),
        ("They are curt.\nVery.".to_owned(), "one paragraph"),
        ("They go on. ".repeat(30), "characters"),
    ];
    let hidden = goal.slots.iter().filter(|slot| slot.hidden()).count();
    assert!(hidden > 0 && hidden < goal.slots.len(), "both are tried");
    for reveal in &bench.draft.task.script.goals[0].reveals {
        let complaint = if reveal.text.contains(char::is_numeric) {
            "holds a number"
        } else {
            "no fact of the case"
        };
        unfit.push((format!("They often say: {}", reveal.text), complaint));
    }
    for (manner, complaint) in unfit {
        let (bad, good) = (bench.mannered(&manner), bench.hello());
        let sayer = Sayer::new(move |place, _| Ok([&bad, &good][place.min(1)].clone()));
        let (task, _) = bench.drafted(&sayer).await;
        assert_eq!(task.script.persona.manner, MANNER);
        let asked = sayer.asked();
        assert_eq!(asked.len(), 2, "{manner}");
        let told = asked[1]["messages"][3]["content"].as_str().unwrap();
        assert!(
            told.contains("manner") && told.contains(complaint),
            "{manner}: {told}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn where_the_templates_words_stand_there_is_no_manner() {
    let bench = Bench::new(plain);
    let bad = bench.mannered("They count to 10.");
    let sayer = Sayer::new(move |_, _| Ok(bad.clone()));
    let (task, _) = bench.drafted(&sayer).await;
    assert_eq!(sayer.asked().len(), 3);
    assert_eq!(task.script, bench.draft.task.script);
    assert_eq!(task.script.persona.manner, "");
}

#[tokio::test(start_paused = true)]
async fn without_a_reply_there_is_no_draft() {
    let bench = Bench::new(plain);
    let gone = Sayer::new(|_, _| Err(Fault::TooLarge(7)));
    let StageResult::Failed { error, .. } = bench.worded(&gone).await else {
        panic!("not failed");
    };
    assert!(error.contains("more than 7 bytes"), "{error}");
    let cut = Sayer::new(|_, _| Err(Fault::Cut("reset".to_owned())));
    let done = first(cut, &bench.domain, &bench.job).await;
    assert!(
        matches!(done, Done::Again { .. } | Done::Later { .. }),
        "{done:?}"
    );
}
