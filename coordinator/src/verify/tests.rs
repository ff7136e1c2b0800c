//! Episodes are scored again however they ended, and what was changed in one is noticed.

use std::sync::Arc;

use proto::digest::Digest;
use proto::ids::RunId;
use proto::job::{Cell, Wanted};
use proto::record::{AgentFault, Ending, Episode, Judged, Kind, Message, Scenario, Task};
use proto::seed::Seed;
use worker::dialogue::conversation::{AgentTurn, Conversation, Limits};
use worker::domains::tickets::{Tickets, desk::Desk};
use worker::roles::judge::statements;
use worker::stages::play;
use worker::workload::drafts;

use super::{miscounted, replay, score_again};

/// A task of one write.
fn task() -> (Tickets, Task) {
    let domain = Tickets::new(Arc::new(Desk::generate(40, Seed::root(3))));
    let cell = Cell {
        slot: 0,
        stratum: 0,
        strata: 1,
        scenario: Scenario::General,
        kind: Kind::Plain,
        wants: vec![Wanted::Write("set_priority".to_owned())],
    };
    let drafted = drafts(&domain, RunId(Digest::of(b"verify")), [cell], 20);
    let task = drafted.into_iter().next().unwrap().draft.task;
    (domain, task)
}

/// Gold's episode, in which the agent fails instead of saying its message number `turn`.
fn failed(domain: &Tickets, task: &Task, turn: usize, fault: AgentFault) -> Episode {
    let gold = play(domain, task, "gold", 0).unwrap();
    let speaks = |message: &&Message| matches!(message, Message::Assistant { .. });
    let places = gold.messages.iter().enumerate();
    let (cut, _) = places.filter(|(_, it)| speaks(it)).nth(turn).unwrap();
    let mut conversation = Conversation::new(domain, task, Limits::default(), true).unwrap();
    replay(&mut conversation, &gold.messages[..cut]).unwrap();
    if fault == AgentFault::EmptyReply {
        conversation.agent(AgentTurn::default());
    } else {
        conversation.end(Ending::Agent(fault));
    }
    let (messages, ending, state, verdict) = conversation.finish();
    assert_eq!(messages.len(), cut, "the end leaves no message");
    Episode {
        messages,
        ending,
        state,
        verdict,
        ..gold
    }
}

const SILENT: [AgentFault; 3] = [
    AgentFault::EmptyReply,
    AgentFault::ContentRefusal,
    AgentFault::ContextOverflow,
];

#[test]
fn a_fault_that_leaves_no_message_is_scored_again() {
    let (domain, task) = task();
    for fault in SILENT {
        for turn in 0..4 {
            let episode = failed(&domain, &task, turn, fault);
            assert_eq!(score_again(&domain, &task, &episode), Ok(()), "{fault:?}");
            let mut lenient = episode.clone();
            lenient.verdict.reward = 1.0;
            let why = score_again(&domain, &task, &lenient).unwrap_err();
            assert!(why.starts_with("scores 0"), "{why}");
        }
    }
}

#[test]
fn votes_on_a_conversation_are_counted_again_without_the_model() {
    let (domain, task) = task();
    let vote = |holds| {
        let judged = statements(&domain, &task)
            .into_iter()
            .map(|statement| Judged {
                beside: statement.beside,
                statement: statement.text,
                votes: vec![true, holds, holds],
            });
        let mut episode = play(&domain, &task, "gold", 0).unwrap();
        episode.verdict = episode.verdict.judged(judged.collect());
        episode
    };
    for (holds, reward) in [(true, 1.0), (false, 0.0)] {
        let episode = vote(holds);
        assert_eq!(episode.verdict.reward, reward);
        assert_eq!(score_again(&domain, &task, &episode), Ok(()));
    }
    let mut turned = vote(true);
    turned.verdict.judged[0].votes = vec![false];
    let why = score_again(&domain, &task, &turned).unwrap_err();
    assert!(why.starts_with("scores 0"), "{why}");
    let mut other = vote(true);
    other.verdict.judged[0].statement.push('!');
    let why = score_again(&domain, &task, &other).unwrap_err();
    assert!(why.contains("not about its task"), "{why}");
    let mut none = vote(false);
    none.verdict.judged.clear();
    let why = score_again(&domain, &task, &none).unwrap_err();
    assert!(why.starts_with("scores 1"), "{why}");
    none.verdict = play(&domain, &task, "gold", 0).unwrap().verdict;
    let counted = |episode: &Episode| [0, 1, 3].map(|votes| miscounted(episode, votes));
    assert_eq!(counted(&none), [None, Some(0), Some(0)]);
    assert_eq!(counted(&vote(true)), [Some(3), Some(3), None]);
    none.verdict.reward = 0.0;
    none.verdict.lenient = 0.0;
    assert_eq!(
        counted(&none),
        [None; 3],
        "its judge may have been at fault"
    );
}

#[test]
fn an_agent_that_is_not_awaited_is_not_at_fault() {
    let (domain, task) = task();
    let gold = play(&domain, &task, "gold", 0).unwrap();
    assert_eq!(score_again(&domain, &task, &gold), Ok(()));
    for fault in SILENT {
        // Gold has the last word, so the user is awaited.
        let blamed = Episode {
            ending: Ending::Agent(fault),
            ..gold.clone()
        };
        let why = score_again(&domain, &task, &blamed).unwrap_err();
        assert_eq!(why, format!("does not end as {}", blamed.ending.label()));
    }
    let early = failed(&domain, &task, 0, AgentFault::EmptyReply);
    let left = Episode {
        ending: gold.ending,
        ..early
    };
    assert!(score_again(&domain, &task, &left).is_err());
}

#[test]
fn limits_are_found_and_not_believed() {
    let (domain, task) = task();
    let early = failed(&domain, &task, 1, AgentFault::EmptyReply);
    for fault in [AgentFault::TurnLimit, AgentFault::ToolErrorLimit] {
        let claimed = Episode {
            ending: Ending::Agent(fault),
            ..early.clone()
        };
        assert!(score_again(&domain, &task, &claimed).is_err(), "{fault:?}");
    }
}
