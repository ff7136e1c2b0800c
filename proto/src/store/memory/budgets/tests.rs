//! The contract, and that nothing overruns a budget whatever becomes of its calls.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;

#[tokio::test]
async fn conforms() {
    crate::store::conformance::budgets(async || Arc::<MemoryBudgets>::default() as _).await;
}

/// What may befall a run.
#[derive(Debug, Clone)]
enum Event {
    /// A worker reserves, with what the call will cost of it in hundredths.
    Begin(u64, u64),
    /// One of the calls under way ends.
    Settle(prop::sample::Index),
    /// It ends, and says so again.
    SettleTwice(prop::sample::Index),
    /// Its worker is killed.
    Die(prop::sample::Index),
    /// The coordinator starts again, and has heard of so many hundredths of what was spent.
    Restart(u64),
}

fn event() -> impl Strategy<Value = Event> {
    let some = any::<prop::sample::Index>;
    prop_oneof![
        4 => (0_u64..400, 0_u64..=100).prop_map(|(amount, part)| Event::Begin(amount, part)),
        2 => some().prop_map(Event::Settle),
        1 => some().prop_map(Event::SettleTwice),
        1 => some().prop_map(Event::Die),
        1 => (0_u64..=100).prop_map(Event::Restart),
    ]
}

/// Lets it all happen; gives what calls cost that were made, whether anybody heard or not.
async fn befall(limit: Money, events: Vec<Event>) -> Result<Money, TestCaseError> {
    let store = MemoryBudgets::default();
    store.restart("run", Money::ZERO).await.unwrap();
    let (mut under_way, mut paid) = (Vec::new(), Money::ZERO);
    for (number, event) in events.into_iter().enumerate() {
        let mut one = |index: prop::sample::Index| -> Option<(String, Money)> {
            let place = (!under_way.is_empty()).then(|| index.index(under_way.len()))?;
            Some(under_way.swap_remove(place))
        };
        match event {
            Event::Begin(amount, part) => {
                let call = number.to_string();
                let reserved = store.reserve("run", &call, Money(amount), limit).await;
                if reserved.unwrap() == Reservation::Granted {
                    let cost = Money(amount * part / 100);
                    paid += cost;
                    under_way.push((call, cost));
                }
            }
            Event::Settle(index) => {
                if let Some((call, cost)) = one(index) {
                    prop_assert!(store.settle("run", &call, cost).await.unwrap());
                }
            }
            Event::SettleTwice(index) => {
                if let Some((call, cost)) = one(index) {
                    prop_assert!(store.settle("run", &call, cost).await.unwrap());
                    prop_assert!(!store.settle("run", &call, cost).await.unwrap());
                }
            }
            Event::Die(index) => drop(one(index)),
            Event::Restart(part) => {
                let balance = store.balance("run").await.unwrap().unwrap();
                let heard = Money(balance.spent.0 * part / 100);
                prop_assert_eq!(store.restart("run", heard).await.unwrap(), balance);
            }
        }
        let balance = store.balance("run").await.unwrap().unwrap();
        prop_assert!(balance.spent + balance.reserved <= limit, "{:?}", balance);
    }
    Ok(paid)
}

proptest! {
    #[test]
    fn a_budget_is_never_overrun(limit in 0_u64..3_000, events in prop::collection::vec(event(), 0..120)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let paid = runtime.block_on(befall(Money(limit), events))?;
        prop_assert!(paid <= Money(limit), "{paid} were paid");
    }
}
