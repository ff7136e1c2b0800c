//! P4: the gold agent with the agenda user earns 1 on several user seeds, breaking no procedure and
//! using no identifier before it is known, and the user leaves as the task means it to.

use proto::record::{Check, Ending, Passed, UserOutcome};

use super::{Context, Finding, plain, trial};
use crate::dialogue::grounding::first_guess;
use crate::participants::agents::gold;

/// Number of user seeds.
pub const SEEDS: u32 = 3;

pub(super) fn check(context: &Context<'_>) -> Finding {
    let mut passed: Passed = plain(Check::Solvable);
    for seed in 0..SEEDS {
        let words = context.seed.child("gold", u64::from(seed));
        let mut agent = gold(context.domain, context.task, words);
        let finished = context.run(&mut agent, seed, true)?;
        if finished.verdict.reward < 0.5 {
            let missed = finished
                .verdict
                .components
                .iter()
                .filter(|(_, met)| !met)
                .map(|(component, _)| component.label());
            let missed: Vec<&str> = missed.collect();
            return Err(format!(
                "gold earns 0 with user seed {seed}: {} ({})",
                missed.join(", "),
                finished.ending.label()
            ));
        }
        if let Some(rule) = finished.verdict.violations.first() {
            return Err(format!("gold breaks rule {rule} with user seed {seed}"));
        }
        if let Some((guess, tool)) = first_guess(&finished.messages) {
            return Err(format!(
                "gold uses `{guess}` in {tool} before anybody said or showed it, with user seed {seed}"
            ));
        }
        if finished.ending == Ending::User(UserOutcome::GaveUp) {
            return Err(format!("the user gives up on gold with seed {seed}"));
        }
        passed
            .trials
            .push(trial("gold".to_owned(), seed, &finished));
    }
    Ok(passed)
}
