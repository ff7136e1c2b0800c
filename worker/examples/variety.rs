//! How far the template writer's openings differ, beside human-written ones: masked distinct-2,
//! self-BLEU and distinct texts. Every text is checked on the way.
//!
//! `cargo run --release -p worker --example variety -- [tasks.json db.json]`: the benchmark's retail
//! tasks and world, whose reasons for calling are the human texts.

use std::collections::BTreeMap;
use std::error::Error;

use proto::record::{Goal, Intent, Value};
use proto::seed::{Rng, Seed};
use worker::domains::retail::Retail;
use worker::domains::retail::base;
use worker::domains::retail::generate::{WorldSettings, generate};
use worker::domains::retail::load;
use worker::domains::retail::state::{Base, Options};
use worker::domains::{Domain, Want};
use worker::language::variety::{Masker, VarietyTable};
use worker::language::writer::{ScriptPlan, persona, write_script};

/// Texts measured.
const TEXTS: u64 = 1000;

fn main() -> Result<(), Box<dyn Error>> {
    let parts = generate(&WorldSettings::default(), Seed::root(1));
    let shop = build(parts)?;
    let own = masker(&shop);
    let domain = Retail::new(shop.into());
    let mut table = VarietyTable::default();
    let written: Vec<Written> = (0..TEXTS)
        .filter_map(|index| write(&domain, index))
        .collect();
    let openings = || written.iter().map(|written| written.opening.as_str());
    table.measure("openings", &own, openings());
    table.measure("openings, 114 of them", &own, openings().take(114));
    table.measure(
        "later user turns",
        &own,
        written
            .iter()
            .flat_map(|written| &written.turns)
            .map(String::as_str)
            .take(1000),
    );
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [tasks, world] = arguments.as_slice() {
        let theirs = masker(&load::text_of_world(&std::fs::read_to_string(world)?)?);
        let humans = reasons(&std::fs::read_to_string(tasks)?)?;
        table.measure(
            "human-written reasons",
            &theirs,
            humans.iter().map(String::as_str),
        );
    }
    print!("{}", table.render());
    Ok(())
}

fn build(parts: worker::domains::retail::generate::Parts) -> Result<Base, base::WorldError> {
    Base::build(parts.products, parts.users, parts.orders)
}

/// What one person says.
struct Written {
    opening: String,
    turns: Vec<String>,
}

fn write(domain: &Retail, index: u64) -> Option<Written> {
    let seed = Seed::root(2).child("text", index);
    let mut rng = seed.child("intent", 0).rng();
    let world = domain.start();
    let person = domain.person(rng.below(domain.people()));
    let wanted = 1 + usize::from(rng.chance(0.4));
    let goals: Vec<Goal> = (0..12)
        .filter_map(|_| goal(domain, &person, &mut rng))
        .take(wanted)
        .collect();
    let places: Vec<usize> = (0..goals.len()).collect();
    if goals.is_empty() {
        return None;
    }
    let intent = Intent {
        person: person.clone(),
        goals,
        first: places.clone(),
        last: places,
    };
    let introduction = domain.introduce(&*world, &person, &mut rng);
    let plan = ScriptPlan {
        intent: &intent,
        introduction: &introduction,
        persona: persona(seed),
        change: None,
    };
    let script = write_script(domain, &*world, &plan, seed);
    let turns = script.goals.into_iter().flat_map(|goal| {
        let answers = goal.reveals.into_iter().map(|reveal| reveal.text);
        std::iter::once(goal.say).chain(answers)
    });
    Some(Written {
        opening: script.opening,
        turns: turns.collect(),
    })
}

fn goal(domain: &Retail, person: &str, rng: &mut Rng) -> Option<Goal> {
    let world = domain.start();
    let pairs = domain.hideable();
    let &(tool, slot) = rng.pick(pairs)?;
    let want = match rng.below(10) {
        0 => Want::Question,
        1 => Want::Blocked {
            rule: "out-of-scope",
        },
        draw => Want::Write {
            tool,
            hide: (draw < 5).then_some(slot),
        },
    };
    domain
        .afford(&*world, person, &want, rng)
        .map(|afforded| afforded.goal)
}

/// Masks every value of a shop.
fn masker(shop: &Base) -> Masker {
    let mut values: BTreeMap<String, &'static str> = BTreeMap::new();
    let mut add = |mark: &'static str, value: &str| {
        values.insert(value.to_owned(), mark);
    };
    let options = |all: &Options, add: &mut dyn FnMut(&'static str, &str)| {
        for (axis, value) in all {
            add("AXIS", axis);
            add("OPTION", value);
        }
    };
    for user in &shop.users {
        add("NAME", &user.first_name);
        add("NAME", &user.last_name);
        add("CITY", &user.address.city);
        add("STREET", &user.address.address1);
        add("STREET", &user.address.address2);
    }
    for order in &shop.orders {
        add("CITY", &order.address.city);
        add("STREET", &order.address.address1);
        add("STREET", &order.address.address2);
    }
    for product in &shop.products {
        for variant in &product.variants {
            options(&variant.options, &mut add);
        }
        add("PRODUCT", &product.name);
    }
    Masker::new(values.into_iter().map(|(value, mark)| (mark, value)))
}

/// The reasons for calling of the benchmark's tasks.
fn reasons(json: &str) -> Result<Vec<String>, serde_json::Error> {
    let tasks = Value::parse(json)?;
    let reason = |task: &Value| {
        let mut at = task;
        for key in ["user_scenario", "instructions", "reason_for_call"] {
            at = at.as_map()?.get(key)?;
        }
        at.as_str().map(str::to_owned)
    };
    Ok(tasks
        .as_list()
        .unwrap_or_default()
        .iter()
        .filter_map(reason)
        .collect())
}
