use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::store::conformance;

const LIMIT: Money = Money(1_000);

fn floor(nanos: u64) -> String {
    let (run, nanos) = ("run".into(), Money(nanos));
    Fact::Floor { run, nanos }.line()
}

fn reserve(call: &str, nanos: u64) -> String {
    let (run, call, nanos) = ("run".into(), call.into(), Money(nanos));
    Fact::Reserve { run, call, nanos }.line()
}

fn settle(call: &str, nanos: u64) -> String {
    let (run, call, nanos) = ("run".into(), call.into(), Money(nanos));
    Fact::Settle { run, call, nanos }.line()
}

fn refusal(path: &Path) -> String {
    Spending::open(path).unwrap_err().to_string()
}

#[tokio::test]
async fn conforms() {
    let folder = tempfile::tempdir().unwrap();
    let files = AtomicU32::new(0);
    conformance::budgets(async || {
        let number = files.fetch_add(1, Ordering::Relaxed);
        let path = folder.path().join(number.to_string());
        Arc::new(Spending::open(&path).unwrap()) as _
    })
    .await;
}

#[tokio::test]
async fn what_was_reserved_and_not_settled_is_spent_for_whoever_comes_after() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spending");
    let first = Spending::open(&path).unwrap();
    first.restart("run", Money(100)).await.unwrap();
    let claim = |model, call, amount| Claim {
        run: "run",
        call,
        model,
        amount: Money(amount),
        limit: LIMIT,
        ttl: Duration::from_secs(60),
    };
    for call in ["a", "b"] {
        let reserved = first.reserve(claim(call, call, 300)).await.unwrap();
        assert_eq!(reserved, Reservation::Granted(Money(300)));
    }
    let cost = Cost {
        paid: Money(50),
        beyond: Some(Money(20)),
    };
    assert!(first.settle("run", "a", cost).await.unwrap());
    drop(first);
    let second = Spending::open(&path).unwrap();
    let spent = Balance {
        spent: Money(450),
        reserved: Money::ZERO,
    };
    assert_eq!(second.balance("run").await.unwrap(), Some(spent));
    assert!(!second.settle("run", "b", Cost::NOTHING).await.unwrap());
    drop(second);
    let text = fs::read_to_string(&path).unwrap();
    let (run, model, nanos) = ("run".into(), "a".into(), Money(20));
    let surcharge = Fact::Surcharge { run, model, nanos }.line();
    assert_eq!(text, format!("{TITLE}\n{}{surcharge}", floor(450)));
    // And what a call cost beyond its request is known to all who come after.
    let third = Spending::open(&path).unwrap();
    for call in ["c", "d"] {
        let reserved = third.reserve(claim("a", call, 30)).await.unwrap();
        assert_eq!(reserved, Reservation::Granted(Money(50)));
    }
}

#[tokio::test]
async fn what_is_no_account_is_named_with_its_line_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spending");
    for (text, named) in [
        ("something else\n".to_owned(), "line 1 is `something else`"),
        (
            format!("{TITLE}\n{}spent 3\n{}", floor(1), floor(2)),
            "line 3 is `spent 3`",
        ),
        (
            format!("{TITLE}\n{{\"floor\":{{\"run\":\"run\",\"nanos\":-1}}}}\n"),
            "line 2 is `{\"floor\"",
        ),
    ] {
        fs::write(&path, &text).unwrap();
        let error = refusal(&path);
        assert!(
            error.contains(named) && error.contains("spending"),
            "{error}"
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn its_form_is_frozen() {
    let lines = [
        "t2t spending 1\n",
        "{\"floor\":{\"run\":\"run\",\"nanos\":10}}\n",
        "{\"reserve\":{\"run\":\"run\",\"call\":\"a\",\"nanos\":300}}\n",
        "{\"settle\":{\"run\":\"run\",\"call\":\"a\",\"nanos\":30}}\n",
    ];
    let written = [
        format!("{TITLE}\n"),
        floor(10),
        reserve("a", 300),
        settle("a", 30),
    ];
    assert_eq!(
        written, lines,
        "a change of these lines needs a title of its own"
    );
    let balances = counted(&lines.concat()).unwrap().balances();
    assert_eq!(balances["run"].spent, Money(40));
}

proptest! {
    /// However short a killed process fell of its last line, no more is left than there was.
    #[test]
    fn a_torn_file_never_counts_less_than_its_whole_lines(cut in 0_usize..400) {
        let facts = [floor(10), reserve("a", 300), reserve("b", 200), settle("a", 30), settle("b", 7)];
        let whole = format!("{TITLE}\n{}", facts.concat());
        let cut = cut.min(whole.len());
        let spent = |text: &str| {
            let counted = counted(text).unwrap().balances();
            counted.get("run").map_or(0, |balance| balance.spent.0)
        };
        let lines = whole[..cut].matches('\n').count();
        let wanted = [0, 0, 10, 310, 510, 240, 47][lines];
        prop_assert_eq!(spent(&whole[..cut]), wanted);
    }
}
