//! A process's line, over the stores in memory.

use std::sync::atomic::AtomicUsize;

use tokio::task::JoinSet;

use super::*;
const LONG: Duration = Duration::from_secs(3600);

fn call(rates: Rates) -> Call {
    Call {
        model: "model".to_owned(),
        rates,
        tokens: 100,
        ttl: LONG,
        run: "run".to_owned(),
        cost: Money(60),
        budget: None,
    }
}

fn meter() -> (Shared, Meter) {
    let shared = Shared::in_memory(1 << 10);
    let meter = Meter::new(&shared, "worker");
    (shared, meter)
}

async fn pass(meter: &Meter, call: &Call) -> Pass {
    match meter.enter(call, LONG).await.unwrap() {
        Entry::Granted(pass) => pass,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn calls_go_in_the_order_they_came() {
    let (_, meter) = meter();
    let meter = Arc::new(meter);
    let call = call(Rates {
        requests_per_minute: 60,
        concurrency: 1,
        ..Rates::default()
    });
    let gone = Arc::new(AtomicUsize::new(0));
    let mut callers = JoinSet::new();
    for place in 0..50 {
        let (meter, call, gone) = (Arc::clone(&meter), call.clone(), Arc::clone(&gone));
        callers.spawn(async move {
            let pass = pass(&meter, &call).await;
            assert_eq!(gone.fetch_add(1, Ordering::Relaxed), place);
            sleep(Duration::from_millis(700)).await;
            meter.settle(&pass, 100, Money::ZERO).await.unwrap();
        });
    }
    callers.join_all().await;
}

#[tokio::test(start_paused = true)]
async fn a_place_that_comes_free_is_taken_at_once() {
    let (_, meter) = meter();
    let call = call(Rates {
        concurrency: 1,
        ..Rates::default()
    });
    let first = pass(&meter, &call).await;
    let second = async {
        let pass = pass(&meter, &call).await;
        (pass, Instant::now())
    };
    let ends = async {
        // Less than the throttle says to wait.
        sleep(POLL / 5).await;
        meter.settle(&first, 1, Money::ZERO).await.unwrap();
        Instant::now()
    };
    let ((second, came), ended) = tokio::join!(second, ends);
    assert_eq!(came, ended);
    meter.release(&second).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn patience_is_kept_to() {
    let (_, meter) = meter();
    let call = call(Rates {
        concurrency: 1,
        ..Rates::default()
    });
    let first = pass(&meter, &call).await;
    let waits = async |patience| {
        let began = Instant::now();
        let entry = meter.enter(&call, patience).await.unwrap();
        assert!(matches!(entry, Entry::Wait(_)), "{entry:?}");
        // The runtime's timers go by milliseconds.
        let most = patience + Duration::from_millis(1);
        assert!(began.elapsed() <= most, "{patience:?}");
    };
    for patience in [Duration::ZERO, POLL / 2, 10 * POLL] {
        waits(patience).await;
    }
    // Behind one that has more of it.
    let (second, ()) = tokio::join!(pass(&meter, &call), async {
        waits(10 * POLL).await;
        meter.release(&first).await.unwrap();
    });
    meter.release(&second).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_the_budget_refuses_takes_no_place() {
    let (shared, meter) = meter();
    let call = Call {
        budget: Some(Money(100)),
        ..call(Rates {
            requests_per_minute: 1,
            concurrency: 1,
            ..Rates::default()
        })
    };
    assert_eq!(meter.enter(&call, LONG).await.unwrap(), Entry::Unknown);
    let began = Instant::now();
    shared.budgets.restart("run", Money(41)).await.unwrap();
    let spent = Entry::Spent(Balance {
        spent: Money(41),
        reserved: Money::ZERO,
    });
    assert_eq!(meter.enter(&call, LONG).await.unwrap(), spent);
    let raised = Call {
        budget: Some(Money(101)),
        ..call
    };
    let pass = pass(&meter, &raised).await;
    assert_eq!(began.elapsed(), Duration::ZERO, "nobody had to wait");
    meter.refused(&pass, None).await.unwrap();
    let balance = shared.budgets.balance("run").await.unwrap().unwrap();
    assert_eq!((balance.spent, balance.reserved), (Money(41), Money::ZERO));
}
