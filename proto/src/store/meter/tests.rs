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
            meter.settle(&pass, 100, Cost::NOTHING).await.unwrap();
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
        meter.settle(&first, 1, Cost::NOTHING).await.unwrap();
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
    let spent = Entry::Spent {
        balance: Balance {
            spent: Money(41),
            reserved: Money::ZERO,
        },
        wanted: Money(60),
    };
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

#[tokio::test(start_paused = true)]
async fn a_model_shows_a_run_what_it_charges_before_many_calls_are_under_way() {
    let (shared, meter) = meter();
    let paying = |run: &str| Call {
        run: run.to_owned(),
        budget: Some(Money(1_000)),
        ..call(Rates::default())
    };
    for run in ["run", "other"] {
        shared.budgets.restart(run, Money::ZERO).await.unwrap();
    }
    let began = Instant::now();
    let (one, other) = (paying("run"), paying("other"));
    let free = Call {
        run: "free".to_owned(),
        ..call(Rates::default())
    };
    let first = pass(&meter, &one).await;
    let second = async {
        let second = pass(&meter, &one).await;
        (second.reserved(), began.elapsed())
    };
    let ends = async {
        sleep(10 * POLL).await;
        // Other runs need not wait for it, with a budget or without.
        let others = [pass(&meter, &other).await, pass(&meter, &free).await];
        assert_eq!(began.elapsed(), 10 * POLL);
        for other in &others {
            let cost = Cost::foreseen(Money(1));
            meter.settle(other, 1, cost).await.unwrap();
        }
        let cost = Cost {
            paid: Money(75),
            beyond: Some(Money(15)),
        };
        meter.settle(&first, 100, cost).await.unwrap();
    };
    let (second, ()) = tokio::join!(second, ends);
    // As soon as it has ended, and with what it cost beyond.
    assert_eq!(second, (Some(Money(75)), 10 * POLL));
}

#[tokio::test(start_paused = true)]
async fn the_first_call_of_another_process_is_waited_for_and_of_a_killed_one_not_for_ever() {
    let (shared, meter) = meter();
    let paying = Call {
        budget: Some(Money(1_000)),
        ttl: 3 * RECHECK,
        ..call(Rates::default())
    };
    shared.budgets.restart("run", Money::ZERO).await.unwrap();
    let other = Meter::new(&shared, "other");
    let first = pass(&other, &paying).await;
    let impatient = meter.enter(&paying, POLL).await.unwrap();
    assert_eq!(impatient, Entry::Behind(RECHECK));
    let began = Instant::now();
    let second = pass(&meter, &paying).await;
    assert_eq!(began.elapsed(), paying.ttl);
    for pass in [first, second] {
        let cost = Cost::foreseen(Money(60));
        meter.settle(&pass, 100, cost).await.unwrap();
    }
    let balance = shared.budgets.balance("run").await.unwrap().unwrap();
    assert_eq!((balance.spent, balance.reserved), (Money(120), Money::ZERO));
}

#[tokio::test(start_paused = true)]
async fn runs_take_turns_at_a_model() {
    let (shared, meter) = meter();
    let meter = Arc::new(meter);
    let rates = Rates {
        concurrency: 1,
        ..Rates::default()
    };
    let of = |run: &str, budget| Call {
        run: run.to_owned(),
        budget,
        ..call(rates)
    };
    let calls = [of("large", None), of("small", Some(Money(10_000)))];
    shared.budgets.restart("small", Money::ZERO).await.unwrap();
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut callers = JoinSet::new();
    // The large one has long stood in line when the small one comes.
    for number in 0..40 {
        let call = calls[usize::from(number >= 32)].clone();
        let (meter, order) = (Arc::clone(&meter), Arc::clone(&order));
        callers.spawn(async move {
            sleep(POLL * number / 100).await;
            let pass = pass(&meter, &call).await;
            order.lock().unwrap().push(call.run);
            sleep(Duration::from_secs(1)).await;
            let cost = Cost::foreseen(Money(1));
            meter.settle(&pass, 1, cost).await.unwrap();
        });
    }
    callers.join_all().await;
    let order = order.lock().unwrap();
    let last = order.iter().rposition(|run| run == "small").unwrap();
    assert!(
        last <= 18,
        "the last of 8 was number {last} of {}",
        order.len()
    );
}
