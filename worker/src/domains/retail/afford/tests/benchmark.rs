//! The benchmark's own shop, where its file is at hand: what it affords, how long, and how fast.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use proto::record::{Goal, PlannedCall, Wish};
use proto::seed::{Rng, Seed};

use crate::domains::Want;
use crate::domains::retail::afford::choice::FORMS;
use crate::domains::retail::afford::write::effect;
use crate::domains::retail::afford::{afford, bindings, bindings_by_force};
use crate::domains::retail::state::World;
use crate::domains::retail::{load, rules};
use crate::rules::{Rule, Sort};

/// The benchmark's shop; nothing, with a note, where the file is not at hand.
fn world() -> Option<World> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/tau2");
    let place = std::env::var_os("T2T_TAU2_DATA").map_or_else(beside, PathBuf::from);
    let file = place.join("retail/db.json");
    if !file.exists() {
        eprintln!("skipped: no {}; set T2T_TAU2_DATA", file.display());
        return None;
    }
    Some(World::new(Arc::new(
        load::text_of_world(&std::fs::read_to_string(&file).unwrap()).unwrap(),
    )))
}

/// How often each want is afforded, in how much time.
#[derive(Default)]
struct Tally(BTreeMap<String, (usize, usize, Duration)>);

impl Tally {
    fn count(&mut self, label: String, found: bool, took: Duration) {
        let entry = self.0.entry(label).or_default();
        entry.0 += usize::from(found);
        entry.1 += 1;
        entry.2 += took;
    }

    fn print(&self) {
        for (label, (found, asked, took)) in &self.0 {
            let each = took.as_micros() as usize / asked;
            println!("{label:58} {found:4} of {asked:4}, {each:5} us each");
        }
    }
}

#[test]
fn every_want_is_afforded_to_someone() {
    let Some(world) = world() else { return };
    let all = rules::all();
    let mut tally = Tally::default();
    for (at, user) in world.base.users.iter().enumerate() {
        let mut ask = |label: String, want: Want<'_>| {
            let mut rng = Seed::root(at as u64).child(&label, 0).rng();
            // The fastest of three: the machine may be busy with other things.
            let took = (0..3).map(|_| {
                let mut rng = rng.clone();
                let began = Instant::now();
                let found = afford(&world, &all, &user.user_id, &want, &mut rng);
                drop(found);
                began.elapsed()
            });
            let took = took.min().unwrap();
            let found = afford(&world, &all, &user.user_id, &want, &mut rng);
            tally.count(label, found.is_some(), took);
            let goal = found.map(|found| found.goal)?;
            (at % 25 == 0 && matches!(goal.wish, Wish::Write(_))).then(|| {
                let one = sorted(bindings(&world, &user.user_id, &goal));
                assert_eq!(one, sorted(bindings_by_force(&world, &user.user_id, &goal)));
            })
        };
        for (tool, slots) in FORMS {
            for hide in std::iter::once(None).chain(slots.iter().map(|slot| Some(*slot))) {
                let label = format!("write {tool} {}", hide.unwrap_or_default());
                ask(label, Want::Write { tool, hide });
            }
        }
        for rule in all.iter().filter(|rule| rule.sort == Sort::GoalBlocking) {
            let want = Want::Blocked { rule: rule.id };
            ask(format!("blocked {}", rule.id), want);
        }
        ask("question".to_owned(), Want::Question);
    }
    tally.print();
    for (label, (found, ..)) in &tally.0 {
        assert!(*found > 0, "{label}");
    }
}

fn sorted(calls: Vec<PlannedCall>) -> Vec<String> {
    let mut all: Vec<String> = calls.iter().map(|call| format!("{call:?}")).collect();
    all.sort();
    all
}

/// Writes of up to `count` goals one after another, with the look-ups that each adds.
fn length(world: &World, all: &[Rule], person: &str, count: usize, rng: &mut Rng) -> Option<usize> {
    let mut world = world.clone();
    let mut reads: Vec<PlannedCall> = Vec::new();
    let mut steps = 1;
    for _ in 0..count {
        let (tool, _) = FORMS[rng.below(FORMS.len())];
        let want = Want::Write { tool, hide: None };
        let goal: Goal = afford(&world, all, person, &want, rng)?.goal;
        for read in goal.reads {
            if !reads.contains(&read) {
                reads.push(read);
            }
        }
        world = effect(&world, goal.wish.call()?)?;
        steps += 1;
    }
    Some(steps + reads.len())
}

#[test]
fn golden_lengths_are_near_the_benchmarks() {
    let Some(world) = world() else { return };
    let all = rules::all();
    let mut by_count = [(0_usize, 0_usize, 0_usize); 4];
    for (at, user) in world.base.users.iter().enumerate() {
        for count in 1..=4 {
            let mut rng = Seed::root(at as u64).child("length", count as u64).rng();
            let tries = (0..8).find_map(|_| length(&world, &all, &user.user_id, count, &mut rng));
            if let Some(length) = tries {
                let entry = &mut by_count[count - 1];
                *entry = (entry.0 + length, entry.1 + 1, entry.2.max(length));
            }
        }
    }
    let mean = |(sum, count, _): (usize, usize, usize)| sum as f64 / count.max(1) as f64;
    println!("{by_count:?} means {:?}", by_count.map(mean));
    assert!((3.0..4.6).contains(&mean(by_count[0])));
    assert!(by_count.iter().all(|(_, _, most)| *most <= 20));
}
