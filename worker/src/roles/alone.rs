//! One worker at a time is at a job that costs money.
//!
//! A job may be delivered twice: a worker that is slow looks to the broker like one that is gone. Nothing
//! would be wrong with both doing it, since whoever keeps a reply first gives it to the other, but both
//! would have paid. So a job is done under a lease, and whoever does not get it comes again later.

use std::time::Duration;

use proto::ids::JobId;
use proto::store::{Lease, Leases};

use crate::executor::Done;

/// A lease ends so long after its worker died.
const TTL: Duration = Duration::from_secs(15);
/// How often a worker that lives prolongs it.
const RENEWAL: Duration = Duration::from_secs(4);
/// Another worker is at the job, or the store is not there.
const LATER: Done = Done::Later {
    after: Duration::from_secs(3),
    limited: false,
};

/// Does `work` unless another worker is at the job.
pub async fn alone(
    leases: &dyn Leases,
    holder: &str,
    job: JobId,
    work: impl Future<Output = Done>,
) -> Done {
    let lease = match leases.take(&format!("job/{job}"), holder, TTL).await {
        Ok(Some(lease)) => lease,
        Ok(None) => return LATER,
        Err(error) => {
            tracing::warn!(%job, %error, "no lease can be had");
            return LATER;
        }
    };
    let done = tokio::select! {
        biased;
        done = work => done,
        never = renewing(leases, &lease) => match never {},
    };
    // It ends by itself, too.
    drop(leases.release(&lease).await);
    done
}

async fn renewing(leases: &dyn Leases, lease: &Lease) -> std::convert::Infallible {
    loop {
        tokio::time::sleep(RENEWAL).await;
        // A lease that is lost meanwhile makes nothing wrong; see the module documentation.
        if let Err(error) = leases.renew(lease, TTL).await {
            tracing::debug!(%error, "a lease is not prolonged");
        }
    }
}

#[cfg(test)]
mod tests {
    use proto::digest::Digest;
    use proto::store::MemoryLeases;
    use tokio::time::Instant;

    use super::*;

    async fn long() -> Done {
        tokio::time::sleep(TTL * 4).await;
        Done::HandBack
    }

    #[tokio::test(start_paused = true)]
    async fn a_job_is_one_workers_for_as_long_as_that_lives() {
        let leases = MemoryLeases::default();
        let job = JobId(Digest::of(b"job"));
        let began = Instant::now();
        let first = alone(&leases, "first", job, long());
        let second = async {
            tokio::time::sleep(TTL * 3).await;
            alone(&leases, "second", job, async { Done::Unwanted }).await
        };
        let (first, second) = tokio::join!(first, second);
        assert!(matches!(first, Done::HandBack), "{first:?}");
        assert!(matches!(second, Done::Later { .. }), "{second:?}");
        assert_eq!(began.elapsed(), TTL * 4);
        let free = alone(&leases, "third", job, async { Done::Unwanted }).await;
        assert!(matches!(free, Done::Unwanted), "{free:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_job_of_a_worker_that_died_is_free_after_a_while() {
        let leases = MemoryLeases::default();
        let job = JobId(Digest::of(b"job"));
        let died = tokio::time::timeout(TTL * 2, alone(&leases, "first", job, long())).await;
        assert!(died.is_err());
        let at_once = alone(&leases, "second", job, long()).await;
        assert!(matches!(at_once, Done::Later { .. }), "{at_once:?}");
        tokio::time::sleep(TTL).await;
        let free = alone(&leases, "second", job, long()).await;
        assert!(matches!(free, Done::HandBack), "{free:?}");
    }
}
