//! The contracts of the seams as suites that any backend runs. Each takes a function that makes an
//! empty store (or one with names of its own), and panics with the number of the clause that does not
//! hold.

mod board;
mod budgets;
mod leases;
mod replies;
mod snapshots;
mod throttle;

use std::time::Duration;

pub use board::board;
pub use budgets::budgets;
pub use leases::leases;
pub use replies::replies;
pub use snapshots::snapshots;
pub use throttle::throttle;

/// Longest wait for something that should happen.
const SOON: Duration = Duration::from_secs(20);
/// A time to live that is over soon.
const SHORT: Duration = Duration::from_millis(40);
/// A time to live that outlasts a case.
const LONG: Duration = Duration::from_secs(600);

/// Asks until the answer is yes.
async fn eventually(clause: &str, mut ask: impl AsyncFnMut() -> bool) {
    let yes = async {
        while !ask().await {
            tokio::time::sleep(SHORT / 8).await;
        }
    };
    let waited = tokio::time::timeout(SOON, yes).await;
    assert!(waited.is_ok(), "{clause}");
}
