//! Who is there, and everything that can be looked up of them.

use proto::record::{Actor, PlannedCall};
use proto::seed::Rng;

use crate::domains::Introduction;
use crate::environment::Environment;

use super::super::state::World;
use super::reads;
use super::view::View;

/// See [`crate::domains::Domain::reach`].
pub(crate) fn reach(world: &World, person: &str) -> Vec<PlannedCall> {
    let Some(view) = View::new(world, person) else {
        return Vec::new();
    };
    let mut calls = vec![reads::user(&view)];
    let mut products: Vec<&str> = Vec::new();
    for order in &view.orders {
        calls.push(reads::order(&order.order_id));
        for item in &order.items {
            if !products.contains(&&*item.product_id) {
                products.push(&item.product_id);
            }
        }
    }
    calls.extend(products.into_iter().map(reads::product));
    calls
}

/// See [`crate::domains::Domain::introduce`]. Only a way that finds this very person is taken; where
/// two people share name and zip, or an email, that way finds the first of them.
pub(crate) fn introduce(world: &World, person: &str, rng: &mut Rng) -> Introduction {
    let by_email = rng.chance(0.4);
    let first = introduction(world, person, by_email);
    if finds(world, person, &first) {
        return first;
    }
    let second = introduction(world, person, !by_email);
    if finds(world, person, &second) {
        second
    } else {
        first
    }
}

fn finds(world: &World, person: &str, introduction: &Introduction) -> bool {
    let call = &introduction.call;
    let seen = world
        .clone()
        .call(Actor::Assistant, &call.name, &call.arguments);
    !seen.error && seen.text == person
}

fn introduction(world: &World, person: &str, by_email: bool) -> Introduction {
    let user = world
        .user(person)
        .expect("asked about a person of the world");
    let facts: Vec<(&'static str, &str)> = if by_email {
        vec![("email", &user.email)]
    } else {
        vec![
            ("first_name", &user.first_name),
            ("last_name", &user.last_name),
            ("zip", &user.address.zip),
        ]
    };
    let tool = if by_email {
        "find_user_id_by_email"
    } else {
        "find_user_id_by_name_zip"
    };
    Introduction {
        call: PlannedCall::new(tool, facts.clone()),
        facts: facts
            .into_iter()
            .map(|(name, fact)| (name.to_owned(), fact.to_owned()))
            .collect(),
    }
}
