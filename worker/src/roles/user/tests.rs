mod moments;

use std::sync::Arc;

use proto::job::{Cell, Job, StageInput, Wanted};
use proto::outcome::{Outcome, StageResult};
use proto::record::{Change, Ending, Episode, Kind, PlannedCall, Resolution, Scenario, Value};
use serde_json::Value as Json;

use super::*;
use crate::dialogue::conversation::AgentTurn;
use crate::dialogue::facts::read_agent;
use crate::domains::tickets::Tickets;
use crate::executor::Done;
use crate::roles::testing::{
    Sayer, cell, desk, each_begins_with_the_one_before, first, infeasible, job, plain, run,
};
use crate::stages::play;
use crate::workload;

/// A job in which gold talks to a model, and what gold and the agenda say to each other.
pub(super) struct Bench {
    domain: Tickets,
    pub(super) job: Job,
    pub(super) task: Task,
    pub(super) lines: Vec<String>,
}

impl Bench {
    pub(super) fn new(cell: impl Fn(&dyn Domain) -> Cell) -> Self {
        Self::with(cell, |_| true)
    }

    /// Over a proven task that is `wanted`.
    pub(super) fn with(cell: impl Fn(&dyn Domain) -> Cell, wanted: impl Fn(&Task) -> bool) -> Self {
        let domain = desk();
        let cell = cell(&domain);
        let proven = (0..60).find_map(|candidate| {
            let proposed = workload::propose(&domain, run(), &cell, candidate)?;
            let task = workload::prove(&domain, &proposed)?.task;
            wanted(&task).then_some(task)
        });
        let task = proven.expect("the desk gives such a task");
        let spoken = play(&domain, &task, "gold", 0).expect("gold can play");
        let lines = spoken
            .messages
            .into_iter()
            .filter_map(|message| match message {
                Message::User { text } => Some(text),
                _ => None,
            });
        let lines = lines.collect();
        let input = StageInput::Rollout {
            task: Box::new(task.clone()),
            agent: "gold".to_owned(),
            trial: 0,
        };
        let job = job(&domain, cell, input, Role::User);
        Self {
            domain,
            job,
            task,
            lines,
        }
    }

    /// What the agenda says at the same place, and `leave` after its last line.
    fn line(&self, leave: &'static str) -> impl Fn(&Json) -> String + Send + Sync + use<> {
        let lines = self.lines.clone();
        move |request| match lines.get(turns(request)) {
            Some(line) => turn(line, STAYS),
            None => turn("", leave),
        }
    }

    /// The words of the change of mind, and the place of the line that says them.
    pub(super) fn change(&self) -> (String, usize) {
        let change = self.task.script.change.as_ref();
        let words = change.expect("the mind changes").text.clone();
        let place = self.lines.iter().position(|line| line.contains(&words));
        (words, place.expect("the agenda changes its mind"))
    }

    /// With another agent in gold's place.
    fn and(mut self, other: &str) -> Self {
        if let StageInput::Rollout { agent, .. } = &mut self.job.input {
            other.clone_into(agent);
        }
        self
    }

    pub(super) async fn talk(&self, sayer: &Arc<Sayer>) -> Episode {
        match first(sayer.clone(), &self.domain, &self.job).await {
            Done::Outcome(Outcome {
                result: StageResult::Played(episode),
                ..
            }) => *episode,
            other => panic!("no episode: {other:?}"),
        }
    }
}

fn turn(say: &str, leave: &str) -> String {
    json!({"say": say, "reveals": [], "change_mind": false, "leave": leave}).to_string()
}

/// A turn that changes the mind.
fn changes(say: &str) -> String {
    json!({"say": say, "reveals": [], "change_mind": true, "leave": STAYS}).to_string()
}

/// How many turns of its own a user is shown.
pub(super) fn turns(request: &Json) -> usize {
    let said = request["messages"].as_array().expect("messages").iter();
    said.filter(|message| message["role"] == "assistant")
        .count()
}

pub(super) fn hidden(domain: &dyn Domain) -> Cell {
    let (tool, slot) = domain.hideable()[0];
    let kind = Kind::Hidden(slot.to_owned());
    cell(Scenario::Ambiguous, kind, Wanted::Write(tool.to_owned()))
}

pub(super) fn changing(domain: &dyn Domain) -> Cell {
    changing_at(domain, Trigger::AtConfirmation)
}

fn changing_at(domain: &dyn Domain, trigger: Trigger) -> Cell {
    let kind = Kind::Changed(Change::Addition, trigger);
    let mut cell = cell(Scenario::Changing, kind, plain(domain).wants.remove(0));
    cell.wants.push(Wanted::AnyWrite);
    cell
}

/// Whether the agent has to ask who is there before anything else.
pub(super) fn unnamed(task: &Task) -> bool {
    !task.script.persona.introduces
}

pub(super) fn said(episode: &Episode) -> Vec<&str> {
    let said = episode.messages.iter().filter_map(|message| match message {
        Message::User { text } => Some(text.as_str()),
        _ => None,
    });
    said.collect()
}

pub(super) fn fault(episode: &Episode) -> &str {
    assert!(!episode.ending.scored(), "it is the user's fault");
    match &episode.ending {
        Ending::UserFault(why) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_manner_is_told_where_there_is_one() {
    let bench = Bench::new(plain);
    let prompts = Prompts::new(&[]).unwrap();
    let system = |task: &Task| {
        Script::new(&bench.domain, task, &prompts)
            .unwrap()
            .prompt
            .system
    };
    let mut task = bench.task.clone();
    let plainly = system(&task);
    task.script.persona.manner = "They write the way they talk.".to_owned();
    let told = "\nHow you speak: They write the way they talk.";
    let mannered = system(&task);
    assert!(mannered.contains(told), "{mannered}");
    assert_eq!(mannered.replace(told, ""), plainly);
}

#[tokio::test(start_paused = true)]
async fn a_model_that_says_what_the_agenda_says_is_served() {
    for cell in [plain, hidden] {
        let bench = Bench::new(cell);
        let line = bench.line("satisfied");
        let sayer = Sayer::new(move |_, request| Ok(line(request)));
        let episode = bench.talk(&sayer).await;
        assert_eq!(episode.verdict.reward, 1.0, "{episode:#?}");
        assert_eq!(episode.ending, Ending::User(UserOutcome::Satisfied));
        assert_eq!(said(&episode), bench.lines);
        assert!(sayer.asked().len() > 1, "a conversation of one turn");
        each_begins_with_the_one_before(&sayer.bodies());
        assert_eq!(
            (episode.user.as_str(), episode.agent.as_str()),
            ("model:echo", "gold")
        );
        let part = &episode.parts[0];
        assert_eq!(
            (part.role, part.replies as usize),
            (Role::User, sayer.asked().len())
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_told_too_early_is_said_again_without_it() {
    let bench = Bench::new(hidden);
    let hides = |slot: &&proto::record::Slot| slot.hidden();
    let slot = bench.task.intent.goals[0].slots.iter().find(hides);
    let slot = &slot.expect("something is kept back").name;
    let reveals = bench.task.script.goals[0].reveals.iter();
    let kept = reveals.clone().find(|reveal| reveal.slot == *slot);
    let kept = kept.expect("the script answers for it").text.clone();
    let line = bench.line("satisfied");
    let leak = turn(&kept, STAYS);
    let sayer = Sayer::new(move |place, request| match place {
        0 => Ok(leak.clone()),
        1 => {
            // Its own unfit turn stands before the complaint, and is nobody's line.
            let mut calm = request.clone();
            let messages = calm["messages"].as_array_mut().expect("messages");
            messages.truncate(messages.len() - 2);
            Ok(line(&calm))
        }
        _ => Ok(line(request)),
    });
    let episode = bench.talk(&sayer).await;
    assert_eq!(said(&episode), bench.lines, "the agent never heard of it");
    assert_eq!(episode.verdict.reward, 1.0);
    let asked = sayer.asked();
    assert_eq!(asked.len(), episode.parts[0].replies as usize + 1);
    let complaint = asked[1]["messages"].as_array().unwrap().last().unwrap();
    let complaint = complaint["content"].as_str().unwrap();
    assert!(complaint.contains("kept back"), "{complaint}");
}

#[tokio::test(start_paused = true)]
async fn what_stays_unfit_is_the_users_fault() {
    let bench = Bench::new(plain);
    for unfit in [
        "Hello?".to_owned(),
        turn("", STAYS),
        turn("", "bored"),
        turn("", "refused: bored"),
        turn("", REFUSED),
    ] {
        let sayer = Sayer::new(move |_, _| Ok(unfit.clone()));
        let episode = bench.talk(&sayer).await;
        let why = fault(&episode);
        assert!(why.starts_with("3 unfit replies, lastly: "), "{why}");
        assert_eq!(sayer.asked().len() as u32, TRIES);
    }
}

#[tokio::test(start_paused = true)]
async fn a_reason_that_the_agent_did_not_give_is_the_users_fault() {
    let refused = |task: &Task| {
        let right = task.expected.resolutions.first();
        right.is_some_and(|right| right.resolution == Resolution::Refuse)
    };
    let bench = Bench::with(infeasible, refused);
    let reason = &bench.task.expected.resolutions[0].reason;
    let right: &'static str = format!("{REFUSED}{reason}").leak();
    let others = outcomes(&bench.domain).into_iter().map(|(name, _)| name);
    let wrong = others
        .filter(|name| name.starts_with(REFUSED))
        .find(|name| name != right);
    let wrong: &'static str = wrong.expect("there are distractors").leak();
    for (leave, holds) in [(right, true), (wrong, false), ("transferred", false)] {
        let line = bench.line(leave);
        let sayer = Sayer::new(move |_, request| Ok(line(request)));
        let episode = bench.talk(&sayer).await;
        if holds {
            assert_eq!(episode.ending, Ending::User(UserOutcome::Refused));
            assert_eq!(episode.verdict.reward, 1.0, "{episode:#?}");
        } else {
            let why = fault(&episode);
            assert!(why.starts_with("left as "), "{why}");
        }
    }
}

/// Whether the right end of a task is that its only wish is refused, in a conversation of some length.
fn only_refused(task: &Task) -> bool {
    let right = task.expected.resolutions.iter();
    let spoken =
        |message: &&Message| matches!(message, Message::Assistant { text, .. } if !text.is_empty());
    let gold = play(&desk(), task, "gold", 0).expect("gold can play");
    right.map(|right| right.resolution).eq([Resolution::Refuse])
        && task.intent.goals.len() == 1
        && gold.messages.iter().filter(spoken).count() >= PATIENCE
}

#[tokio::test(start_paused = true)]
async fn who_was_refused_rightly_has_not_given_up_and_is_not_satisfied() {
    let bench = Bench::with(infeasible, only_refused);
    for leave in ["gave_up", "satisfied"] {
        let line = bench.line(leave);
        let sayer = Sayer::new(move |_, request| Ok(line(request)));
        let episode = bench.talk(&sayer).await;
        let why = fault(&episode);
        let told = format!("left as {leave}, and the agent has refused for ");
        assert!(why.starts_with(&told), "{why}");
        assert!(
            why.ends_with("having read the records that show it"),
            "{why}"
        );
        let lines = bench.lines.len();
        assert_eq!(sayer.asked().len(), lines, "it is not asked a second time");
    }
}

fn asking(_: &dyn Domain) -> Cell {
    cell(Scenario::General, Kind::Plain, Wanted::Question)
}

fn two_writes(domain: &dyn Domain) -> Cell {
    let mut cell = plain(domain);
    cell.wants.push(Wanted::AnyWrite);
    cell
}

#[tokio::test(start_paused = true)]
async fn nobody_leaves_before_every_wish_has_come_to_something() {
    type Make = fn(&dyn Domain) -> Cell;
    let cells: [(Make, &str); 4] = [
        (plain, "nothing of what you want has been done yet"),
        (two_writes, "nothing of what you want has been done yet"),
        (asking, "neither done, answered nor turned down yet"),
        (infeasible, "neither done, answered nor turned down yet"),
    ];
    for (cell, why) in cells {
        let bench = Bench::new(cell);
        let early = Sayer::new(|_, _| Ok(turn("", "satisfied")));
        let said = bench.talk(&early).await;
        assert!(fault(&said).ends_with(why), "{said:#?}");
        let in_time = bench.line("satisfied");
        let sayer = Sayer::new(move |_, request| Ok(in_time(request)));
        let said = bench.talk(&sayer).await;
        match &said.ending {
            Ending::User(UserOutcome::Satisfied) => assert_eq!(said.verdict.reward, 1.0),
            // Who is refused is not satisfied, and says so by itself.
            other => assert!(
                why.contains("turned down") && fault(&said).starts_with("left as"),
                "{other:?}"
            ),
        }
    }
}

/// The same, and satisfied at the first thing that the agent reports as done.
fn easily_pleased(
    bench: &Bench,
) -> impl Fn(usize, &Json) -> Result<String, crate::chat::Fault> + use<> {
    let line = bench.line("satisfied");
    move |_, request| {
        let messages = request["messages"].as_array().expect("messages").iter();
        let heard = messages.filter_map(|message| message["content"].as_str());
        let mut facts = heard.map(|text| read_agent(&desk(), text));
        if facts.any(|facts| facts.report) {
            return Ok(turn("", "satisfied"));
        }
        Ok(line(request))
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_leaves_with_a_wish_that_was_never_spoken_of() {
    let one_by_one = |task: &Task| task.script.persona.one_at_a_time;
    let bench = Bench::with(two_writes, one_by_one);
    let episode = bench.talk(&Sayer::new(easily_pleased(&bench))).await;
    let why = fault(&episode);
    let untold = format!(
        "you have not said everything that you want yet: {}",
        bench.task.script.goals[1].say
    );
    assert!(why.ends_with(&untold), "{why}");
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_says_all_is_done_is_left_to_the_verdict() {
    let at_once = |task: &Task| !task.script.persona.one_at_a_time;
    let bench = Bench::with(two_writes, at_once);
    let episode = bench.talk(&Sayer::new(easily_pleased(&bench))).await;
    // Both wishes were told, so it is for the agent to have seen to both.
    assert_eq!(
        episode.ending,
        Ending::User(UserOutcome::Satisfied),
        "{episode:#?}"
    );
}

#[tokio::test(start_paused = true)]
async fn who_is_given_what_is_forbidden_may_be_satisfied() {
    let mut bench = Bench::with(infeasible, only_refused);
    if let StageInput::Rollout { agent, .. } = &mut bench.job.input {
        "reckless".clone_into(agent);
    }
    let spoken = play(&bench.domain, &bench.task, "reckless", 0).expect("it can play");
    assert_eq!(spoken.verdict.reward, 0.0, "it does what it may not");
    let sayer = Sayer::new(|_, request: &Json| {
        let messages = request["messages"].as_array().expect("messages").iter();
        let heard = messages.filter_map(|message| message["content"].as_str());
        let mut facts = heard.map(|text| read_agent(&desk(), text));
        Ok(match facts.any(|facts| facts.report) {
            true => turn("", "satisfied"),
            false => turn("Yes, please.", STAYS),
        })
    });
    let episode = bench.talk(&sayer).await;
    assert_eq!(
        episode.ending,
        Ending::User(UserOutcome::Satisfied),
        "{episode:#?}"
    );
    assert_eq!(episode.verdict.reward, 0.0);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_without_evidence_is_the_agents_fault() {
    let mut bench = Bench::with(infeasible, only_refused);
    let reason = &bench.task.expected.resolutions[0].reason;
    let refused: &'static str = format!("{REFUSED}{reason}").leak();
    // The refuser reads nothing, and takes one of the desk's reasons: in some trial the right one.
    for drawn in 0..40 {
        if let StageInput::Rollout { agent, trial, .. } = &mut bench.job.input {
            "refuser".clone_into(agent);
            *trial = drawn;
        }
        let sayer = Sayer::new(move |_, _| Ok(turn("", refused)));
        let episode = bench.talk(&sayer).await;
        if episode.ending.scored() {
            assert_eq!(episode.ending, Ending::User(UserOutcome::Refused));
            assert_eq!(episode.verdict.reward, 0.0, "{episode:#?}");
            return;
        }
        assert!(
            fault(&episode).starts_with("left as refused for "),
            "{episode:#?}"
        );
    }
    panic!("it never takes the right one");
}

/// What a user has heard of an agent that says this, and has done these before.
fn heard<'a>(bench: &'a Bench, done: Vec<PlannedCall>, says: &str) -> Heard<'a> {
    let limits = crate::dialogue::conversation::Limits::default();
    let conversation = Conversation::new(&bench.domain, &bench.task, limits, true);
    let mut conversation = conversation.expect("the world is restored");
    conversation.user(UserTurn::Say(bench.task.script.opening.clone()));
    for call in done {
        conversation.agent(AgentTurn::call(call));
    }
    conversation.agent(AgentTurn::say(says));
    let mut heard = Heard::new(&bench.domain, &bench.task);
    heard.take_in(&conversation, true);
    heard
}

#[test]
fn a_yes_is_for_what_is_wanted_and_a_no_for_the_rest() {
    let bench = Bench::new(plain);
    let wanted = bench.task.intent.goals[0].wish.call().expect("a write");
    let mut differs = wanted.clone();
    let other = Value::from("T-9876");
    assert!(differs.arguments.insert("ticket_id".to_owned(), other) != Some("T-9876".into()));
    let world = bench.domain.restore(&bench.task.golden.start.delta);
    let world = world.expect("the world is restored");
    let proposes = |call: &PlannedCall| {
        let what = bench.domain.explain(&*world, call);
        heard(
            &bench,
            Vec::new(),
            &format!("I can {what}. Shall I proceed (yes/no)?"),
        )
    };
    let (right, wrong) = (proposes(wanted), proposes(&differs));
    for (heard, yes, no) in [(&right, true, false), (&wrong, false, true)] {
        assert_eq!(heard.check_answer("Yes, go ahead.").is_ok(), yes);
        assert_eq!(heard.check_answer("No, not that one.").is_ok(), no);
        assert!(heard.check_answer("What would that cost?").is_ok());
    }
    let other = if wanted.name == "move_ticket" {
        "close ticket T-9876"
    } else {
        "move ticket T-9876 to another team"
    };
    let another = heard(&bench, Vec::new(), &format!("Shall I {other} (yes/no)?"));
    assert!(another.check_answer("Sure.").is_err(), "another write");
    // Nobody can tell what becomes of the rest.
    let id = wanted.text("ticket_id").expect("a ticket");
    let verb = wanted.name.replace(['_'], " ").replace("ticket", "");
    for says in [
        format!("Shall I {verb} {id} (yes/no)?"),
        format!("Shall I {verb} {id} and T-9876 (yes/no)?"),
    ] {
        let partly = heard(&bench, Vec::new(), &says);
        for answer in ["Yes.", "No, not so."] {
            assert!(partly.check_answer(answer).is_ok(), "{says} {answer}");
        }
    }
    let asks = heard(&bench, Vec::new(), "What is your email address?");
    assert!(asks.check_answer("No.").is_ok(), "nothing is proposed");
}

#[tokio::test(start_paused = true)]
async fn who_says_no_to_what_it_wants_is_told_so() {
    let bench = Bench::new(plain);
    let line = bench.line("satisfied");
    let sayer = Sayer::new(move |_, request| {
        let last = request["messages"].as_array().expect("messages").last();
        let last = last.and_then(|message| message["content"].as_str());
        let last = last.expect("somebody spoke");
        let proposed = read_agent(&desk(), last).proposal.is_some();
        Ok(match proposed || last.contains("can't be sent") {
            true => turn("No, leave it.", STAYS),
            false => line(request),
        })
    });
    let why = bench.talk(&sayer).await;
    let why = fault(&why);
    assert!(why.ends_with("you say no to what you want"), "{why}");
}

#[test]
fn who_was_handed_over_by_a_tool_was_handed_over_whatever_is_said() {
    let bench = Bench::new(plain);
    let transfer = bench.domain.transfer("It is for a human.");
    let says = "A human agent is on this from here on.";
    let without = heard(&bench, Vec::new(), says);
    assert!(!without.handed_over());
    let with = heard(&bench, transfer.into_iter().collect(), says);
    assert!(with.handed_over());
    for says in [
        "A human agent is taking over from here; please hold on.",
        "I have transferred you to a human agent.",
    ] {
        assert!(read_agent(&bench.domain, says).transfer, "{says}");
    }
}
