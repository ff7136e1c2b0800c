//! Speed of the retail world: tool calls with their result texts, and copying, changing and naming a
//! state over bases of several sizes.
//!
//! `T2T_TAU2_DATA` may name a directory with `retail/db.json` to measure over; otherwise, and for
//! sizes beyond it, bases are made of copies of one small shop.

use std::path::Path;
use std::sync::Arc;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use proto::seed::Seed;
use worker::domains::retail::state::{Base, World};
use worker::domains::retail::{load, workload};
use worker::environment::Environment;

fn main() {
    divan::main();
}

fn shop() -> Arc<Base> {
    let beside = || concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/tau2").into();
    let data = std::env::var_os("T2T_TAU2_DATA").unwrap_or_else(beside);
    let file = Path::new(&data).join("retail/db.json");
    let text = std::fs::read_to_string(file)
        .expect("set T2T_TAU2_DATA to the directory of τ²-bench's data");
    Arc::new(load::text_of_world(&text).expect("the benchmark's world loads"))
}

/// A base of `orders` orders: those of the shop again and again under new ids.
fn enlarged(orders: usize) -> Arc<Base> {
    let shop = shop();
    let fresh = |id: &str, copy: usize| -> Arc<str> {
        if copy == 0 {
            id.into()
        } else {
            format!("{id}_{copy}").into()
        }
    };
    let products = shop
        .products
        .iter()
        .map(|product| (**product).clone())
        .collect();
    let (mut users, mut all) = (Vec::new(), Vec::with_capacity(orders));
    for copy in 0..orders.div_ceil(shop.orders.len()) {
        users.extend(shop.users.iter().map(|user| {
            let mut user = (**user).clone();
            user.user_id = fresh(&user.user_id, copy);
            user.email = fresh(&user.email, copy);
            user
        }));
        all.extend(shop.orders.iter().map(|order| {
            let mut order = (**order).clone();
            order.order_id = fresh(&order.order_id, copy);
            order.user_id = fresh(&order.user_id, copy);
            order
        }));
    }
    all.truncate(orders);
    Arc::new(Base::build(products, users, all).expect("copies have ids of their own"))
}

/// 60 % reads, 25 % writes, 15 % errors; every episode in a fresh copy of the world.
#[divan::bench]
fn tool_calls(bencher: Bencher<'_, '_>) {
    let base = shop();
    let episodes = workload::episodes(&base, Seed::root(7), 500);
    let calls: usize = episodes.iter().map(Vec::len).sum();
    let start = World::new(base);
    bencher.counter(ItemsCount::new(calls)).bench_local(|| {
        episodes
            .iter()
            .map(|calls| workload::run(&mut start.clone(), black_box(calls)))
            .sum::<usize>()
    });
}

/// A restored world copied, changed by ten tool calls and named.
#[divan::bench(args = [1_000, 100_000, 1_000_000])]
fn copy_ten_changes_and_state_id(bencher: Bencher<'_, '_>, orders: usize) {
    let base = enlarged(orders);
    let before = workload::writes(&base, Seed::root(1), 3);
    let mut world = World::new(base.clone());
    workload::run(&mut world, &before);
    let world = World::restore(base.clone(), &world.delta()).expect("a delta restores");
    // Many different tens, so that no cache holds the records of one.
    let tens: Vec<_> = (0..64)
        .map(|ten| workload::writes(&base, Seed::root(100 + ten), 10))
        .collect();
    let mut turn = 0;
    bencher.bench_local(|| {
        turn = (turn + 1) % tens.len();
        let mut copy = world.clone();
        workload::run(&mut copy, black_box(&tens[turn]));
        copy.state_id()
    });
}
