use std::sync::Arc;

use proto::record::{Ending, Episode, UserProtocol};
use serde_json::{Value as Json, json};

use super::super::tests::{Bench, changing, fault, hidden, said, turns, unnamed};
use super::*;
use crate::roles::testing::{Sayer, infeasible, plain};

/// What the agenda says at the same place, and `stop` after its last line.
fn line(bench: &Bench, stop: &'static str) -> impl Fn(&Json) -> String + Send + Sync + use<> {
    let lines = bench.lines.clone();
    move |request| {
        let line = lines.get(turns(request));
        line.map_or(stop, String::as_str).to_owned()
    }
}

fn bench(mut bench: Bench) -> Bench {
    bench.job.cast.user_protocol = UserProtocol::Tau2;
    bench
}

async fn talk(bench: &Bench, sayer: &Arc<Sayer>) -> Episode {
    bench.talk(sayer).await
}

#[tokio::test(start_paused = true)]
async fn the_words_stop_and_the_roles_are_turned_round() {
    let bench = bench(Bench::new(plain));
    for (stop, outcome) in [
        ("###STOP###", UserOutcome::Satisfied),
        ("Thanks, bye! ###STOP###", UserOutcome::Satisfied),
        ("###TRANSFER###", UserOutcome::Transferred),
        ("###OUT-OF-SCOPE###", UserOutcome::GaveUp),
    ] {
        let line = line(&bench, stop);
        let sayer = Sayer::new(move |_, request| Ok(line(request)));
        let episode = talk(&bench, &sayer).await;
        assert_eq!(episode.ending, Ending::User(outcome), "{stop}");
        assert_eq!(
            episode.verdict.reward, 1.0,
            "the verdict looks at the world"
        );
        assert_eq!(said(&episode), bench.lines, "a stop is no message");
        assert_eq!(episode.user, "model:echo/tau2");
        let first = &sayer.asked()[0];
        let heard: Vec<(&str, &str)> = first["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|message| {
                let text = |key: &str| message[key].as_str().unwrap();
                (text("role"), text("content"))
            })
            .collect();
        assert_eq!(
            heard[1],
            (
                "user",
                "Hello, you are through to support. What is it about?"
            )
        );
        assert_eq!(heard[2], ("assistant", bench.lines[0].as_str()));
        assert_eq!(heard[3].0, "user", "the agent");
        assert!(first.get("response_format").is_none(), "free text");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_cut_or_declined_is_no_line_of_a_customer() {
    let bench = bench(Bench::new(plain));
    for unfit in [
        json!({"role": "assistant", "content": null, "refusal": "I can't play that."}),
        json!({"role": "assistant", "content": "Hello, I", "cut": true}),
    ] {
        let line = line(&bench, "###STOP###");
        let first = unfit.clone();
        let sayer = Sayer::answering(move |place, request| match place {
            0 => Ok(first.clone()),
            1 => {
                // Its own unfit line stands before the complaint, and the agent never heard it.
                let mut calm = request.clone();
                let messages = calm["messages"].as_array_mut().expect("messages");
                messages.truncate(messages.len() - 2);
                Ok(json!({"role": "assistant", "content": line(&calm)}))
            }
            _ => Ok(json!({"role": "assistant", "content": line(request)})),
        });
        let episode = talk(&bench, &sayer).await;
        assert_eq!(said(&episode), bench.lines, "{unfit}");
        assert_eq!(episode.ending, Ending::User(UserOutcome::Satisfied));
        let always = Sayer::answering(move |_, _| Ok(unfit.clone()));
        let episode = talk(&bench, &always).await;
        assert!(
            fault(&episode).starts_with("3 unfit replies"),
            "{episode:?}"
        );
    }
}

#[test]
fn a_manner_is_told_where_there_is_one() {
    let bench = Bench::new(plain);
    let prompts = Prompts::new(&[]).unwrap();
    let system = |task: &Task| Instructions::new(task, &prompts).unwrap().0.system;
    let mut task = bench.task.clone();
    let plainly = system(&task);
    task.script.persona.manner = "They write the way they talk.".to_owned();
    let told = "\nHow you speak: They write the way they talk.";
    let mannered = system(&task);
    assert!(mannered.contains(told), "{mannered}");
    assert_eq!(mannered.replace(told, ""), plainly);
}

#[tokio::test(start_paused = true)]
async fn a_stop_after_a_no_is_that_of_a_user_turned_down() {
    let refuses = |task: &Task| {
        let right = task.expected.resolutions.first();
        right.is_some_and(|right| right.resolution == proto::record::Resolution::Refuse)
    };
    let bench = bench(Bench::with(infeasible, refuses));
    let line = line(&bench, "###STOP###");
    let sayer = Sayer::new(move |_, request| Ok(line(request)));
    let episode = talk(&bench, &sayer).await;
    assert_eq!(episode.ending, Ending::User(UserOutcome::Refused));
    assert_eq!(episode.verdict.reward, 1.0, "{episode:#?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_kept_back_may_not_be_told_unasked() {
    let bench = bench(Bench::new(hidden));
    let slots = &bench.task.intent.goals[0].slots;
    let slot = slots
        .iter()
        .find(|slot| slot.hidden())
        .expect("something is kept back");
    let mut reveals = bench.task.script.goals[0].reveals.iter();
    let told = reveals
        .find(|reveal| reveal.slot == slot.name)
        .unwrap()
        .text
        .clone();
    let sayer = Sayer::new(move |_, _| Ok(told.clone()));
    let episode = talk(&bench, &sayer).await;
    let why = fault(&episode);
    assert!(
        why.starts_with("3 unfit replies, lastly: ") && why.contains("kept back"),
        "{why}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_mind_is_changed_in_the_scripts_words_and_before_the_stop() {
    let bench = bench(Bench::new(changing));
    let early = Sayer::new(|_, _| Ok("###STOP###".to_owned()));
    let why = fault(&talk(&bench, &early).await).to_owned();
    assert!(why.ends_with("you have not changed your mind yet"), "{why}");
    let line = line(&bench, "###STOP###");
    let sayer = Sayer::new(move |_, request| Ok(line(request)));
    let episode = talk(&bench, &sayer).await;
    assert_eq!(episode.ending, Ending::User(UserOutcome::Satisfied));
    assert_eq!(episode.verdict.reward, 1.0, "{episode:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_mind_is_changed_neither_sooner_nor_later() {
    let bench = bench(Bench::with(changing, unnamed));
    let (words, place) = bench.change();
    let now = format!("now is the time to change your mind, in these very words: {words}");
    for (from, says, wrong) in [
        (1, words.as_str(), "it is not time to change your mind yet"),
        (place, "And?", now.as_str()),
    ] {
        let line = line(&bench, "###STOP###");
        let says = says.to_owned();
        let sayer = Sayer::new(move |_, request| {
            Ok(match turns(request) < from {
                true => line(request),
                false => says.clone(),
            })
        });
        let episode = talk(&bench, &sayer).await;
        let why = fault(&episode);
        assert!(why.ends_with(wrong), "{why}");
    }
}
