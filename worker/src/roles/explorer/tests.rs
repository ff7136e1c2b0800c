use std::sync::Arc;

use proto::job::{Cell, Job, StageInput, Wanted};
use proto::outcome::Outcome;
use proto::record::{Actor, CallForm, Change, Goal, Kind, Scenario, Task, Trigger, Wish};
use proto::seed::Seed;
use proto::store::MemoryReplies;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::chat::Fault;
use crate::domains::tickets::Tickets;
use crate::executor::ATTEMPTS;
use crate::explore::explore;
use crate::proof::admit;
use crate::roles::testing::{
    Sayer, cell, deliver, desk, each_begins_with_the_one_before, first, infeasible, job, plain, run,
};
use crate::stages::proof_seed;
use crate::synthesize::synthesize;

/// A cell as a domain has it.
type CellOf<'a> = &'a dyn Fn(&dyn Domain) -> Cell;

/// A job to explore, and what a person of its theme could have done.
struct Bench {
    domain: Tickets,
    job: Job,
    /// What there is to read, the introduction first.
    reads: Vec<PlannedCall>,
    /// Writes that the theme seeks.
    writes: Vec<PlannedCall>,
}

impl Bench {
    fn new(cell: &dyn Fn(&dyn Domain) -> Cell, form: CallForm, seed: u64) -> Self {
        let domain = desk();
        let mut job = job(&domain, cell(&domain), StageInput::Explore, Role::Explorer);
        job.seed = Seed::root(seed);
        job.cast.models[0].1.form = form;
        let seed = job.seed.child("explore", 0);
        let walk = explore(&domain, &job.cell, seed).unwrap();
        let world = domain.restore(&walk.walk.start.delta).unwrap();
        let reach = domain.reach(&*world, &walk.person);
        Self {
            writes: writes(&walk),
            reads: [vec![walk.introduction.call], reach].concat(),
            domain,
            job,
        }
    }

    /// What finds what the theme seeks.
    fn calls(&self) -> Vec<PlannedCall> {
        [&self.reads[..], &self.writes].concat()
    }

    async fn explored(&self, sayer: &Arc<Sayer>) -> StageResult {
        match first(sayer.clone(), &self.domain, &self.job).await {
            Done::Outcome(Outcome { result, .. }) => result,
            other => panic!("no outcome: {other:?}"),
        }
    }

    async fn walked(&self, sayer: &Arc<Sayer>) -> Exploration {
        match self.explored(sayer).await {
            StageResult::Explored(walk) => *walk,
            other => panic!("nothing found: {other:?}"),
        }
    }

    /// The exploration of a model that makes the very writes that were drawn.
    async fn found_as_drawn(&self) -> Exploration {
        let form = self.job.cast.models[0].1.form;
        let sayer = model(form, self.calls());
        let walk = self.walked(&sayer).await;
        assert_eq!(writes(&walk), self.writes);
        assert_eq!(sayer.asked().len(), self.calls().len());
        let [part] = &walk.parts[..] else {
            panic!("one part: {:?}", walk.parts);
        };
        assert_eq!((part.role, part.form), (Role::Explorer, form));
        let replies = (part.name.as_str(), part.replies as usize);
        assert_eq!(replies, ("echo", self.calls().len()));
        walk
    }

    /// The task that an exploration comes to, proven; none where this candidate comes to none.
    fn proven(&self, walk: &Exploration) -> Option<(Task, Option<Task>)> {
        let seed = self.job.seed;
        let drafted = synthesize(
            &self.domain,
            run(),
            &self.job.cell,
            0,
            walk,
            seed.child("synthesize", 0),
        );
        let draft = drafted.ok()?;
        admit(&self.domain, draft.task, draft.twin, proof_seed(seed)).ok()
    }
}

/// Writes that the goals of an exploration carry out.
fn writes(walk: &Exploration) -> Vec<PlannedCall> {
    let write = |goal: &Goal| match &goal.wish {
        Wish::Write(call) => Some(call.clone()),
        _ => None,
    };
    walk.goals.iter().filter_map(write).collect()
}

fn company(domain: &dyn Domain) -> Cell {
    let mut cell = plain(domain);
    cell.wants.push(Wanted::AnyWrite);
    cell
}

fn said_with(arguments: &str, name: &str) -> Json {
    let function = json!({"name": name, "arguments": arguments});
    let call = json!({"id": "c", "type": "function", "function": function});
    json!({"role": "assistant", "content": null, "tool_calls": [call]})
}

fn called(call: &PlannedCall) -> Json {
    said_with(&serde_json::to_string(&call.arguments).unwrap(), &call.name)
}

/// A model that makes these calls one after the other, and then only talks.
fn caller(calls: impl IntoIterator<Item = PlannedCall>) -> Arc<Sayer> {
    let calls: Vec<PlannedCall> = calls.into_iter().collect();
    let done = json!({"role": "assistant", "content": "I am done."});
    Sayer::answering(move |place, _| Ok(calls.get(place).map_or(done.clone(), called)))
}

/// The same in text.
fn actor(calls: impl IntoIterator<Item = PlannedCall>) -> Arc<Sayer> {
    let calls: Vec<PlannedCall> = calls.into_iter().collect();
    Sayer::new(move |place, _| {
        let Some(call) = calls.get(place) else {
            return Ok("I am done.".to_owned());
        };
        let arguments = serde_json::to_string(&call.arguments).unwrap();
        let name = &call.name;
        Ok(format!(
            "Thought: on I go\nAction: {name}\nAction Input: {arguments}"
        ))
    })
}

/// The same by the schema, in which every call must be on offer.
fn chooser(calls: impl IntoIterator<Item = PlannedCall>) -> Arc<Sayer> {
    let calls: Vec<PlannedCall> = calls.into_iter().collect();
    Sayer::new(move |place, request| {
        let call = &calls[place];
        let form = &request["response_format"]["json_schema"]["schema"];
        let forms = form["properties"]["call"]["anyOf"].as_array().unwrap();
        let form = forms
            .iter()
            .find(|form| form["properties"]["tool"]["enum"][0] == call.name);
        let form = form.unwrap_or_else(|| panic!("{call:?} is not on offer"));
        let fields = &form["properties"]["arguments"]["properties"];
        for (name, value) in &call.arguments {
            let offered = fields[name]["enum"].as_array().unwrap();
            assert!(
                offered.iter().any(|one| one.as_str() == value.as_str()),
                "{call:?}"
            );
        }
        Ok(json!({"call": {"tool": call.name, "arguments": call.arguments}}).to_string())
    })
}

/// The same in a form.
fn model(form: CallForm, calls: Vec<PlannedCall>) -> Arc<Sayer> {
    match form {
        CallForm::Native => caller(calls),
        CallForm::React => actor(calls),
        CallForm::Json => chooser(calls),
    }
}

/// The text of the last message of the request with this place.
fn last_words(sayer: &Sayer, place: usize) -> String {
    let asked = sayer.asked();
    let messages = asked[place]["messages"].as_array().unwrap();
    messages.last().unwrap()["content"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn rejection(result: StageResult) -> String {
    match result {
        StageResult::Rejected(rejection) => {
            assert_eq!(rejection.reason, Reason::Unexplored);
            rejection.detail
        }
        other => panic!("not rejected: {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_model_finds_goes_the_way_of_what_is_drawn() {
    let hidden = |domain: &dyn Domain| {
        let (tool, slot) = domain.hideable()[2];
        let kind = Kind::Hidden(slot.to_owned());
        cell(Scenario::Ambiguous, kind, Wanted::Write(tool.to_owned()))
    };
    let changing = |domain: &dyn Domain| {
        let mut changing = plain(domain);
        changing.scenario = Scenario::Changing;
        changing.kind = Kind::Changed(Change::Slot, Trigger::AtConfirmation);
        changing.wants = vec![Wanted::Write("set_priority".to_owned())];
        changing
    };
    let barred = |domain: &dyn Domain| {
        let mut barred = infeasible(domain);
        barred.wants.push(Wanted::AnyWrite);
        barred
    };
    let cells: [CellOf<'_>; 5] = [&plain, &company, &hidden, &changing, &barred];
    for form in CallForm::ALL {
        for (nth, cell) in cells.iter().enumerate() {
            let mut proven = false;
            for seed in 0..20 {
                let bench = Bench::new(cell, form, seed);
                let walk = bench.found_as_drawn().await;
                if let Some((task, twin)) = bench.proven(&walk) {
                    assert_eq!(task.parts, walk.parts);
                    let elsewhere = [walk.parts[0].counted_elsewhere()];
                    assert!(twin.iter().all(|twin| twin.parts == elsewhere));
                    assert_eq!(twin.is_some(), task.scenario == Scenario::Infeasible);
                    proven = true;
                    break;
                }
            }
            assert!(proven, "cell {nth} comes to no task");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_that_comes_again_hears_what_was_kept_and_finds_the_same() {
    let bench = Bench::new(&company, CallForm::Native, 1);
    let replies = Arc::new(MemoryReplies::new(1 << 24));
    let sayer = caller(bench.calls());
    let mut results = Vec::new();
    for attempt in 1..=2 {
        let (replies, token) = (replies.clone(), CancellationToken::new());
        let job = (&bench.domain as &dyn Domain, &bench.job);
        let Done::Outcome(outcome) = deliver(sayer.clone(), replies, job, attempt, token).await
        else {
            panic!("no outcome");
        };
        results.push(outcome.result);
        assert_eq!(sayer.asked().len(), bench.calls().len());
    }
    assert!(matches!(results[0], StageResult::Explored(_)));
    assert_eq!(results[0], results[1]);
}

#[tokio::test(start_paused = true)]
async fn what_one_turn_sent_begins_what_the_next_sends() {
    for form in [CallForm::Native, CallForm::React] {
        let bench = Bench::new(&company, form, 1);
        // Whatever comes between: words, an unknown tool, an error.
        let nothing = PlannedCall::new("no_such_tool", [("id", "none")]);
        let calls = [vec![nothing], bench.calls()].concat();
        let sayer = model(form, calls);
        bench.walked(&sayer).await;
        let bodies = sayer.bodies();
        assert!(bodies.len() > 4);
        each_begins_with_the_one_before(&bodies);
        let system = sayer.asked()[0]["messages"][0]["content"].to_string();
        for wish in ["close_ticket", "one more write with another tool"] {
            assert!(system.contains(wish), "{system}");
        }
        let tools = sayer.asked()[0].get("tools").is_some();
        assert_eq!(tools, form == CallForm::Native);
        assert_eq!(system.contains("Action Input:"), form == CallForm::React);
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_policy_forbids_is_told_to_the_model_and_in_nothing_that_is_handed_on() {
    let bench = Bench::new(&plain, CallForm::Native, 1);
    let own: Vec<Option<&str>> = bench
        .reads
        .iter()
        .map(|read| read.text("ticket_id"))
        .collect();
    let people = (0..bench.domain.people()).map(|place| bench.domain.person(place));
    let others: Vec<PlannedCall> = people
        .flat_map(|person| bench.domain.reach(&*bench.domain.start(), &person))
        .filter(|read| read.name == "get_ticket" && !own.contains(&read.text("ticket_id")))
        .filter(|read| {
            let mut world = bench.domain.start().fork();
            let seen = world.call(Actor::Assistant, &read.name, &read.arguments);
            seen.text.contains("\"open\"")
        })
        .take(3)
        .collect();
    let foreign = |read: &PlannedCall| {
        let ticket = read.text("ticket_id").unwrap();
        PlannedCall::new(
            "close_ticket",
            [("ticket_id", ticket), ("reason", "solved")],
        )
    };
    let mut calls = bench.reads.clone();
    for read in &others {
        calls.extend([read.clone(), foreign(read)]);
    }
    let barred = calls.len();
    calls.extend(bench.writes.clone());
    let sayer = caller(calls);
    let walk = bench.walked(&sayer).await;
    let told = last_words(&sayer, barred);
    assert!(
        told.contains("Act only on tickets that belong to the person"),
        "{told}"
    );
    for read in &others {
        let ticket = read.text("ticket_id").unwrap();
        let handed_on = serde_json::to_string(&walk).unwrap();
        assert!(!handed_on.contains(ticket), "{handed_on}");
    }
    let start = bench.domain.start().state_id();
    assert_eq!(walk.walk.start.state, start);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_none_is_told_and_counts_as_an_error() {
    let bench = Bench::new(&plain, CallForm::Native, 1);
    let sayer = Sayer::answering(|_, _| Ok(said_with("{\"ticket_id\": ", "get_ticket")));
    let why = rejection(bench.explored(&sayer).await);
    assert!(why.contains("model:echo found 0 of 1 wishes"), "{why}");
    assert!(
        why.contains("12 malformed; 12 of its calls came to an error"),
        "{why}"
    );
    assert!(last_words(&sayer, 1).contains("are not a JSON object"));
    assert_eq!(sayer.asked().len(), ERRORS);
}

#[tokio::test(start_paused = true)]
async fn who_only_talks_or_says_nothing_finds_nothing() {
    let bench = Bench::new(&plain, CallForm::Native, 1);
    let talks = Sayer::new(|_, _| Ok("Let me think about it.".to_owned()));
    let why = rejection(bench.explored(&talks).await);
    assert!(why.contains("it used no tool in 3 replies"), "{why}");
    let told = last_words(&talks, 1);
    assert!(
        told.contains("use a tool. Still to be found: a `"),
        "{told}"
    );
    let silent = Sayer::new(|_, _| Ok(String::new()));
    let why = rejection(bench.explored(&silent).await);
    assert!(why.contains("3 replies were empty or cut short"), "{why}");
    assert_eq!(silent.asked().len(), 3);
    // An empty reply is asked for again, and then it goes on.
    let calls = bench.calls();
    let late = Sayer::answering(move |place, _| {
        let call = place.checked_sub(1).and_then(|place| calls.get(place));
        Ok(call.map_or(json!({"role": "assistant", "content": ""}), called))
    });
    let walk = bench.walked(&late).await;
    assert_eq!(walk.parts[0].replies as usize + 1, late.asked().len());
}

#[tokio::test(start_paused = true)]
async fn who_never_comes_to_it_is_stopped() {
    let bench = Bench::new(&plain, CallForm::Native, 1);
    let first = bench.reads[0].clone();
    let sayer = caller(vec![first; 100]);
    let why = rejection(bench.explored(&sayer).await);
    assert!(why.contains("40 replies are the limit"), "{why}");
    assert_eq!(sayer.asked().len(), TURNS as usize);
}

#[tokio::test(start_paused = true)]
async fn a_theme_that_seeks_nothing_asks_nobody() {
    for cell in [&infeasible as &dyn Fn(&dyn Domain) -> Cell, &|domain| {
        let mut cell = plain(domain);
        cell.wants = vec![Wanted::Question];
        cell
    }] {
        let bench = Bench::new(cell, CallForm::Native, 1);
        let sayer = caller([]);
        let walk = bench.walked(&sayer).await;
        assert!(sayer.asked().is_empty());
        let seed = bench.job.seed.child("explore", 0);
        assert_eq!(Ok(walk), explore(&bench.domain, &bench.job.cell, seed));
    }
}

#[tokio::test(start_paused = true)]
async fn what_nobody_affords_costs_nothing_and_an_endpoint_at_fault_is_no_rejection() {
    let mut bench = Bench::new(&plain, CallForm::Native, 1);
    let down = Sayer::new(|_, _| {
        Err(Fault::Status {
            status: 404,
            text: "no such model".to_owned(),
            retry_after: None,
        })
    });
    let ended = async |attempt| {
        let replies = Arc::new(MemoryReplies::new(1 << 20));
        let job = (&bench.domain as &dyn Domain, &bench.job);
        deliver(
            down.clone(),
            replies,
            job,
            attempt,
            CancellationToken::new(),
        )
        .await
    };
    let again = ended(1).await;
    assert!(matches!(again, Done::Again { .. }), "{again:?}");
    match ended(ATTEMPTS).await {
        Done::Outcome(Outcome {
            result: StageResult::Failed { error, .. },
            ..
        }) => assert!(error.contains("no such model"), "{error}"),
        other => panic!("not failed: {other:?}"),
    }
    bench.job.cell.wants = vec![Wanted::Write("get_ticket".to_owned())];
    let sayer = caller([]);
    match bench.explored(&sayer).await {
        StageResult::Rejected(rejection) => assert_eq!(rejection.reason, Reason::NotAfforded),
        other => panic!("not rejected: {other:?}"),
    }
    assert!(sayer.asked().is_empty());
}
