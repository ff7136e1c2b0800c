//! When a user that is a model changes its mind, and when it gives up.

use super::*;

#[tokio::test(start_paused = true)]
async fn nobody_leaves_satisfied_before_the_change_of_mind() {
    let bench = Bench::new(changing);
    let early = Sayer::new(|_, _| Ok(turn("", "satisfied")));
    let episode = bench.talk(&early).await;
    let why = fault(&episode);
    assert!(why.ends_with("you have not changed your mind yet"), "{why}");
    // The script's words for it are said by the script.
    let words = bench.task.script.change.as_ref().unwrap().text.clone();
    let line = bench.line("satisfied");
    let changed = words.clone();
    let sayer = Sayer::new(move |_, request| {
        let mut turn: Json = serde_json::from_str(&line(request)).expect("a turn is JSON");
        if turn["say"] == changed.as_str() {
            turn["say"] = "Wait.".into();
            turn["change_mind"] = true.into();
        }
        Ok(turn.to_string())
    });
    let episode = bench.talk(&sayer).await;
    let spoken = format!("Wait. {words}");
    assert!(said(&episode).contains(&spoken.as_str()), "{episode:#?}");
    assert_eq!(episode.verdict.reward, 1.0, "{episode:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_mind_is_changed_at_its_moment_and_neither_sooner_nor_later() {
    for trigger in Trigger::ALL {
        let bench = Bench::with(|domain| changing_at(domain, trigger), unnamed);
        let (_, place) = bench.change();
        let line = bench.line("satisfied");
        let sayer = Sayer::new(move |_, request| Ok(line(request)));
        let episode = bench.talk(&sayer).await;
        assert_eq!(said(&episode), bench.lines, "{trigger:?}");
        assert_eq!(episode.verdict.reward, 1.0, "{trigger:?}: {episode:#?}");
        assert_eq!(sayer.asked().len(), bench.lines.len(), "{trigger:?}");
        let line = bench.line("satisfied");
        let later = Sayer::new(move |_, request| {
            Ok(match turns(request) < place {
                true => line(request),
                false => turn("And?", STAYS),
            })
        });
        let episode = bench.talk(&later).await;
        let why = fault(&episode);
        let due = "now is the time to change your mind";
        assert!(why.ends_with(due), "{trigger:?}: {why}");
        // The first answer is as soon as it gets.
        if trigger == Trigger::BeforeProposal {
            continue;
        }
        let line = bench.line("satisfied");
        let sooner = Sayer::new(move |_, request| {
            Ok(match turns(request) + 1 < place {
                true => line(request),
                false => changes(""),
            })
        });
        let episode = bench.talk(&sooner).await;
        let why = fault(&episode);
        let early = "it is not time to change your mind yet";
        assert!(why.ends_with(early), "{trigger:?}: {why}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_changes_may_be_told_beside_the_change_of_mind_and_not_without_it() {
    let bench = Bench::with(changing, unnamed);
    let (words, place) = bench.change();
    let script = &bench.task.script;
    let known = |goal: usize| script.goals.iter().any(|first| first.goal == goal);
    let change = script.change.as_ref().expect("the mind changes");
    let mut added = change.goals.iter().filter(|goal| !known(goal.goal));
    let wish = &added.next().expect("a wish is added").say;
    for (beside, spoken) in [
        (words.clone(), words.clone()),
        (wish.clone(), format!("{wish} {words}")),
        (format!("{words} {wish}"), format!("{wish} {words}")),
    ] {
        let line = bench.line("satisfied");
        let sayer = Sayer::new(move |_, request| {
            Ok(match turns(request) == place {
                true => changes(&beside),
                false => line(request),
            })
        });
        let episode = bench.talk(&sayer).await;
        assert_eq!(said(&episode)[place], spoken, "its words are said once");
        assert_eq!(episode.verdict.reward, 1.0, "{episode:#?}");
        assert_eq!(sayer.asked().len(), bench.lines.len(), "none was unfit");
    }
    // Before its moment, the same wish is kept back.
    let early = wish.clone();
    let sayer = Sayer::new(move |_, _| Ok(turn(&early, STAYS)));
    let episode = bench.talk(&sayer).await;
    let why = fault(&episode);
    assert!(why.contains("kept back"), "{why}");
}

#[tokio::test(start_paused = true)]
async fn nobody_gives_up_on_an_agent_that_leads_somewhere() {
    let bench = Bench::with(plain, unnamed);
    assert!(bench.lines.len() >= PATIENCE, "{:#?}", bench.lines);
    let line = bench.line("gave_up");
    let sayer = Sayer::new(move |_, request| Ok(line(request)));
    let episode = bench.talk(&sayer).await;
    let why = fault(&episode);
    let early = "it is too early to give up on the agent";
    assert!(why.ends_with(early), "{why}");
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_leads_nowhere_is_given_up_in_its_third_turn() {
    let bench = Bench::new(plain).and("null");
    for (stays, in_time) in [(PATIENCE - 1, false), (PATIENCE, true)] {
        let sayer = Sayer::new(move |_, request| {
            Ok(match turns(request) < stays {
                true => turn("And?", STAYS),
                false => turn("", "gave_up"),
            })
        });
        let episode = bench.talk(&sayer).await;
        if in_time {
            assert_eq!(episode.ending, Ending::User(UserOutcome::GaveUp));
            assert_eq!(episode.verdict.reward, 0.0);
        } else {
            let why = fault(&episode);
            let early = "it is too early to give up on the agent";
            assert!(why.ends_with(early), "{why}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_gives_up_before_a_change_of_mind_that_is_due() {
    let cell = |domain: &dyn Domain| changing_at(domain, Trigger::BeforeProposal);
    let bench = Bench::new(cell).and("null");
    let never = Sayer::new(|_, _| Ok(turn("", "gave_up")));
    let episode = bench.talk(&never).await;
    let why = fault(&episode);
    assert!(why.ends_with("you have not changed your mind yet"), "{why}");
    let sayer = Sayer::new(|_, request| {
        Ok(match turns(request) {
            1 => changes(""),
            place if place < PATIENCE => turn("And?", STAYS),
            _ => turn("", "gave_up"),
        })
    });
    let episode = bench.talk(&sayer).await;
    assert_eq!(episode.ending, Ending::User(UserOutcome::GaveUp));
}

#[test]
fn what_comes_with_a_change_of_mind_need_not_be_said_before_it() {
    let comes_with = |task: &Task| {
        let change = task.script.change.as_ref();
        change.is_some_and(|change| !change.goals.is_empty())
    };
    let bench = Bench::with(changing, comes_with);
    let (script, world) = (&bench.task.script, bench.domain.start());
    let mut first = script.opening.clone();
    for goal in &script.goals {
        let answers = goal.reveals.iter().map(|reveal| &reveal.text);
        for said in [&goal.say].into_iter().chain(answers) {
            first = format!("{first}\n{said}");
        }
    }
    let missing = |said: &str, changed| {
        let missing = unsaid(&bench.domain, &*world, &bench.task, said, changed);
        missing.unwrap().map(str::to_owned)
    };
    assert_eq!(missing(&first, false), None);
    let change = script.change.as_ref().expect("the mind changes");
    let lacks = missing(&first, true).expect("it was not said");
    assert!(change.goals.iter().any(|goal| goal.say == lacks), "{lacks}");
    let all = format!("{first}\n{}", change.text);
    assert_eq!(missing(&all, true), None);
}
