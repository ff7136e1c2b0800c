//! The contract, and that nothing overruns a budget whatever becomes of its calls.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::*;

const LONG: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn conforms() {
    crate::store::conformance::budgets(async || Arc::<MemoryBudgets>::default() as _).await;
}

/// What may befall a run.
#[derive(Debug, Clone)]
enum Event {
    /// A worker reserves for a call of a model.
    Begin(Drawn),
    /// One of the calls under way ends.
    Settle(prop::sample::Index),
    /// It ends, and says so again.
    SettleTwice(prop::sample::Index),
    /// It ends, and nobody knows what it came to.
    Lose(prop::sample::Index),
    /// Its worker is killed.
    Die(prop::sample::Index),
    /// The coordinator starts again, and has heard of so many hundredths of what was spent.
    Restart(u64),
}

/// A call.
#[derive(Debug, Clone, Copy)]
struct Drawn {
    model: &'static str,
    /// What its request shows that it can cost.
    amount: u64,
    /// What it will cost of that, in hundredths.
    part: u64,
    /// And beyond it.
    beyond: u64,
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let model = prop::sample::select(vec!["fair", "dear"]);
    (model, 0_u64..400, 0_u64..=100, 0_u64..90).prop_map(|(model, amount, part, beyond)| Drawn {
        model,
        amount,
        part,
        beyond: if model == "dear" { beyond } else { 0 },
    })
}

fn event() -> impl Strategy<Value = Event> {
    let some = any::<prop::sample::Index>;
    prop_oneof![
        6 => drawn().prop_map(Event::Begin),
        2 => some().prop_map(Event::Settle),
        1 => some().prop_map(Event::SettleTwice),
        1 => some().prop_map(Event::Lose),
        1 => some().prop_map(Event::Die),
        1 => (0_u64..=100).prop_map(Event::Restart),
    ]
}

/// A call under way.
struct UnderWay {
    name: String,
    drawn: Drawn,
    reserved: Money,
}

impl UnderWay {
    fn cost(&self) -> Cost {
        let Drawn {
            amount,
            part,
            beyond,
            ..
        } = self.drawn;
        Cost {
            paid: Money(amount * part / 100 + beyond),
            beyond: Some(Money(beyond)),
        }
    }

    /// What it costs more than was reserved for it.
    fn over(&self) -> Money {
        self.cost().paid.less(self.reserved)
    }
}

/// A run to which things happen, and what is known of it beside its store.
#[derive(Default)]
struct Run {
    store: MemoryBudgets,
    under_way: Vec<UnderWay>,
    /// The most that calls of a model that ended have shown.
    shown: HashMap<&'static str, u64>,
    /// What calls cost that were made, whether anybody heard or not.
    paid: Money,
    /// What calls cost more than was reserved for them.
    over: Money,
}

impl Run {
    async fn begin(
        &mut self,
        name: String,
        drawn: Drawn,
        limit: Money,
    ) -> Result<(), TestCaseError> {
        let claim = Claim {
            run: "run",
            call: &name,
            model: drawn.model,
            amount: Money(drawn.amount),
            limit,
            ttl: LONG,
        };
        let known = self.shown.get(drawn.model);
        match self.store.reserve(claim).await.unwrap() {
            Reservation::Granted(reserved) => {
                prop_assert_eq!(
                    reserved.0,
                    drawn.amount + known.copied().unwrap_or_default()
                );
                let call = UnderWay {
                    name,
                    drawn,
                    reserved,
                };
                self.paid += call.cost().paid;
                self.over += call.over();
                self.under_way.push(call);
            }
            Reservation::Behind => prop_assert_eq!(known, None),
            Reservation::Short { .. } => {}
            Reservation::Unknown => prop_assert!(false, "it was made known"),
        }
        Ok(())
    }

    fn one(&mut self, index: prop::sample::Index) -> Option<UnderWay> {
        let place = (!self.under_way.is_empty()).then(|| index.index(self.under_way.len()))?;
        Some(self.under_way.swap_remove(place))
    }

    async fn settle(
        &mut self,
        index: prop::sample::Index,
        again: bool,
    ) -> Result<(), TestCaseError> {
        let Some(call) = self.one(index) else {
            return Ok(());
        };
        prop_assert!(
            self.store
                .settle("run", &call.name, call.cost())
                .await
                .unwrap()
        );
        let shown = self.shown.entry(call.drawn.model).or_default();
        *shown = call.drawn.beyond.max(*shown);
        if again {
            prop_assert!(
                !self
                    .store
                    .settle("run", &call.name, call.cost())
                    .await
                    .unwrap()
            );
        }
        Ok(())
    }

    async fn befall(
        &mut self,
        event: Event,
        name: String,
        limit: Money,
    ) -> Result<(), TestCaseError> {
        match event {
            Event::Begin(drawn) => self.begin(name, drawn, limit).await?,
            Event::Settle(index) => self.settle(index, false).await?,
            Event::SettleTwice(index) => self.settle(index, true).await?,
            Event::Lose(index) => {
                if let Some(call) = self.one(index) {
                    let cost = Cost {
                        paid: call.reserved,
                        beyond: None,
                    };
                    prop_assert!(self.store.settle("run", &call.name, cost).await.unwrap());
                }
            }
            Event::Die(index) => drop(self.one(index)),
            Event::Restart(part) => {
                let balance = self.store.balance("run").await.unwrap().unwrap();
                let heard = Money(balance.spent.0 * part / 100);
                prop_assert_eq!(self.store.restart("run", heard).await.unwrap(), balance);
            }
        }
        // Of a model that has shown nothing, one call at a time.
        for model in ["fair", "dear"] {
            let of_model = self
                .under_way
                .iter()
                .filter(|call| call.drawn.model == model);
            prop_assert!(self.shown.contains_key(model) || of_model.count() <= 1);
        }
        let balance = self.store.balance("run").await.unwrap().unwrap();
        prop_assert!(
            balance.spent + balance.reserved <= limit + self.over,
            "{:?}",
            balance
        );
        Ok(())
    }
}

async fn befall(limit: Money, events: Vec<Event>) -> Result<Run, TestCaseError> {
    let mut run = Run::default();
    run.store.restart("run", Money::ZERO).await.unwrap();
    for (number, event) in events.into_iter().enumerate() {
        run.befall(event, number.to_string(), limit).await?;
    }
    Ok(run)
}

proptest! {
    #[test]
    fn a_budget_is_overrun_by_no_more_than_calls_cost_beyond_what_any_has_shown(
        limit in 0_u64..3_000,
        events in prop::collection::vec(event(), 0..120),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let run = runtime.block_on(befall(Money(limit), events))?;
        prop_assert!(run.paid <= Money(limit) + run.over, "{} were paid", run.paid);
    }

    #[test]
    fn a_budget_is_never_overrun_where_requests_show_what_they_can_cost(
        limit in 0_u64..3_000,
        mut events in prop::collection::vec(event(), 0..120),
    ) {
        for event in &mut events {
            if let Event::Begin(drawn) = event {
                drawn.beyond = 0;
            }
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let run = runtime.block_on(befall(Money(limit), events))?;
        prop_assert!(run.paid <= Money(limit), "{} were paid", run.paid);
    }
}
