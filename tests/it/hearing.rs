//! Conversations that share what they read of texts come out as those that read every text anew.

use std::sync::Arc;

use coordinator::plan::Plan;
use coordinator::plan::cells::Layout;
use coordinator::world;
use proto::digest::Digest;
use proto::ids::RunId;
use proto::seed::Seed;
use worker::dialogue::hearing::Hearing;
use worker::domains::Domain;
use worker::participants::agents::controls::Family;
use worker::participants::{rehearse, rehearse_with};
use worker::workload;

#[test]
fn what_is_remembered_changes_no_conversation() {
    let plan = Plan::default();
    let domain: Arc<dyn Domain> = world::domain(&plan).unwrap();
    let layout = Layout::new(&plan, &domain);
    let run = RunId(Digest::of(b"hearing"));
    let drafts = workload::drafts(&*domain, run, (0..8).map(|slot| layout.cell(slot, 0)), 10);
    assert!(drafts.len() >= 4);
    let mut compared = 0;
    for draft in &drafts {
        let hearing = Hearing::default();
        for task in std::iter::once(&draft.draft.task).chain(&draft.draft.twin) {
            for family in Family::ALL {
                let members = || family.members(&*domain, task, draft.seed);
                for (mut one, mut other) in members().into_iter().zip(members()) {
                    let user = Seed::root(1);
                    let anew = rehearse(&*domain, task, &mut one.agent, user, true).unwrap();
                    let shared =
                        rehearse_with(&*domain, task, &mut other.agent, user, true, &hearing);
                    assert_eq!(anew, shared.unwrap(), "{} on {}", one.name, task.id);
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 100, "{compared} conversations");
}
