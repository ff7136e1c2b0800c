//! Speed of proofs and of scripted conversations, over drafts of every write tool.

use std::sync::Arc;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use proto::digest::Digest;
use proto::ids::RunId;
use proto::job::{Cell, Wanted};
use proto::record::{Effect, Kind, Scenario};
use proto::seed::Seed;
use worker::domains::Domain;
use worker::domains::retail::Retail;
use worker::domains::retail::generate::{Parts, WorldSettings, generate};
use worker::domains::retail::state::Base;
use worker::workload::{self, Proposed, Proven};

fn main() {
    divan::main();
}

fn domain() -> Retail {
    let settings = WorldSettings::new(50, 500, 1000).expect("the default sizes");
    let Parts {
        products,
        users,
        orders,
    } = generate(&settings, Seed::root(7));
    Retail::new(Arc::new(
        Base::build(products, users, orders).expect("a generated world is whole"),
    ))
}

/// Plain tasks of one and two writes, each write tool in turn.
fn drafts(domain: &Retail) -> Vec<Proposed> {
    let writes = domain
        .tools()
        .iter()
        .filter(|tool| tool.effect == Effect::Write);
    let tools: Vec<String> = writes.map(|tool| tool.name.clone()).collect();
    let cells = (0..48_u32).map(|slot| {
        let place = slot as usize % tools.len();
        let mut wants = vec![Wanted::Write(tools[place].clone())];
        if slot % 2 == 1 {
            wants.push(Wanted::Write(tools[(place + 2) % tools.len()].clone()));
        }
        Cell {
            slot,
            stratum: slot % 16,
            strata: 16,
            scenario: Scenario::General,
            kind: Kind::Plain,
            wants,
        }
    });
    workload::drafts(domain, RunId(Digest::of(b"bench")), cells, 10)
}

fn proven(domain: &Retail) -> Vec<Proven> {
    drafts(domain)
        .iter()
        .filter_map(|draft| workload::prove(domain, draft))
        .collect()
}

/// P1 to P9 over plain tasks.
#[divan::bench]
fn proofs(bencher: Bencher<'_, '_>) {
    let domain = domain();
    let drafts = drafts(&domain);
    bencher
        .counter(ItemsCount::new(drafts.len()))
        .bench_local(|| {
            drafts
                .iter()
                .filter_map(|draft| workload::prove(&domain, black_box(draft)))
                .count()
        });
}

/// The gold agent with the agenda user, rules checked at every call.
#[divan::bench]
fn episodes(bencher: Bencher<'_, '_>) {
    let domain = domain();
    let proven = proven(&domain);
    let mut trial = 0;
    bencher
        .counter(ItemsCount::new(proven.len()))
        .bench_local(|| {
            trial += 1;
            proven
                .iter()
                .map(|proven| workload::episode(&domain, black_box(&proven.task), "gold", trial))
                .sum::<usize>()
        });
}
