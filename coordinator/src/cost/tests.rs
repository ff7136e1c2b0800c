use super::*;

fn bill(spent: &[(Role, &str, u64, u64, u64)]) -> Bill {
    spent
        .iter()
        .map(|&(role, name, calls, input, output)| {
            let usage = Usage {
                input,
                cached: input / 2,
                written: 0,
                output,
            };
            ((role, name.to_owned()), Spent { calls, usage })
        })
        .collect()
}

fn prices(name: &str) -> Option<Prices> {
    (name == "dear").then_some(Prices {
        input: 1_000,
        cached: 500,
        written: 0,
        output: 4_000,
    })
}

#[test]
fn a_pilot_of_the_whole_plan_is_exact() {
    let bills = [
        bill(&[
            (Role::Agent, "dear", 3, 1_000, 100),
            (Role::Agent, "free", 1, 10, 1),
        ]),
        bill(&[(Role::Writer, "dear", 1, 400, 50)]),
    ];
    let found = estimate(&bills, 2, &prices, 7);
    let twice = [bill(&[
        (Role::Writer, "free", 1, 10, 1),
        (Role::Writer, "gift", 1, 10, 1),
        (Role::Agent, "free", 1, 10, 1),
    ])];
    assert_eq!(estimate(&twice, 1, &prices, 7).unpriced, ["free", "gift"]);
    let names: Vec<(&str, &str)> = found
        .lines
        .iter()
        .map(|line| (line.role, line.model.as_str()))
        .collect();
    assert_eq!(
        names,
        [("writer", "dear"), ("agent", "dear"), ("agent", "free")]
    );
    for figure in [found.total.calls, found.total.input, found.total.output] {
        assert!(figure.low == figure.plan && figure.high == figure.plan);
        assert!(figure.plan == figure.pilot);
    }
    assert_eq!(
        (found.total.calls.plan, found.total.input.plan),
        (5.0, 1_410.0)
    );
    let dollars = found.total.dollars.unwrap().plan;
    // 700 tokens of input at 1 and 700 at 0.5 a million, 150 of output at 4.
    assert!(
        (dollars - (700.0 + 350.0 + 600.0) / 1e6).abs() < 1e-12,
        "{dollars}"
    );
    assert!(found.lines[2].figures.dollars.is_none());
    assert_eq!(found.unpriced, ["free"]);
}

#[test]
fn about_nineteen_of_twenty_intervals_hold_what_the_plan_comes_to() {
    const SLOTS: u32 = 400;
    const GOALS: [u64; 20] = [1, 2, 1, 1, 1, 3, 1, 2, 1, 1, 1, 2, 1, 1, 1, 2, 1, 1, 1, 4];
    let mut rng = Seed::root(11).rng();
    // Most tasks have one goal, some have several; each goal takes about as much.
    let input: Vec<u64> = (0..SLOTS)
        .map(|_| 1_000 * GOALS[rng.below(GOALS.len())] + rng.below(600) as u64)
        .collect();
    let truth: u64 = input.iter().sum();
    let own: Vec<u32> = (0..SLOTS).collect();
    // Of few slots all may be short ones, of which no interval can know that there are others.
    for (pilot, least) in [(8, 348), (24, 364)] {
        let held = (0..400).filter(|&seed| {
            let bills: Vec<Bill> = drawn(&own, pilot, seed)
                .into_iter()
                .map(|slot| bill(&[(Role::Agent, "dear", 1, input[slot as usize], 0)]))
                .collect();
            let found = estimate(&bills, SLOTS, &prices, seed).total.input;
            found.low <= truth as f64 && truth as f64 <= found.high
        });
        let held = held.count();
        assert!((least..400).contains(&held), "{held} of 400 with {pilot}");
    }
}

#[test]
fn a_pilot_is_drawn_from_all_over_the_plan() {
    let own: Vec<u32> = (0..100).map(|slot| 3 * slot).collect();
    let slots = drawn(&own, 10, 5);
    assert_eq!(slots.len(), 10);
    for (stretch, slot) in slots.iter().enumerate() {
        assert_eq!(*slot as usize / 30, stretch, "{slots:?}");
    }
    assert_eq!(drawn(&own, 10, 5), slots);
    assert_ne!(drawn(&own, 10, 6), slots);
    assert_eq!(drawn(&own[..4], 8, 5), own[..4]);
    assert!(drawn(&[], 8, 5).is_empty());
}

#[test]
fn few_slots_are_told_as_few() {
    for (freedom, wanted) in [(3.0, 3.182), (7.0, 2.365), (30.0, 2.042)] {
        let found = student(freedom);
        assert!((found / wanted - 1.0).abs() < 0.01, "{freedom}: {found}");
    }
}
