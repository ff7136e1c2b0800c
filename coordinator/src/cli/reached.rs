//! A fleet that a command has reached, and has only so much patience with.
//!
//! Whatever works at a run waits out a broker that is away, however long that takes. Whoever gives a command wants to
//! be told.

use std::time::Duration;

use anyhow::bail;
use tokio::runtime::Runtime;
use tokio::time::sleep;
use worker::process::tls;
use worker::services::{Fleet, Services};

/// How long a service may be away before a command gives up.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often it is looked for.
const GLANCE: Duration = Duration::from_millis(500);

/// See the module documentation.
#[derive(Debug)]
pub(super) struct Reached {
    runtime: Runtime,
    pub(super) fleet: Fleet,
}

impl Reached {
    /// Connects; `name` is shown by the broker's own tools.
    pub(super) fn new(services: &Services, name: &str) -> anyhow::Result<Self> {
        tls::use_ring();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let fleet = runtime.block_on(services.connect(name))?;
        Ok(Self { runtime, fleet })
    }

    /// Carries out what needs the services, unless one of them goes away and stays away.
    pub(super) fn ask<T, E: Into<anyhow::Error>>(
        &self,
        asking: impl Future<Output = Result<T, E>>,
    ) -> anyhow::Result<T> {
        self.runtime
            .block_on(unless_gone(asking, || self.fleet.missing()))
    }
}

async fn unless_gone<T, E: Into<anyhow::Error>>(
    asking: impl Future<Output = Result<T, E>>,
    missing: impl Fn() -> Option<&'static str>,
) -> anyhow::Result<T> {
    tokio::select! {
        biased;
        done = asking => done.map_err(Into::into),
        service = gone(missing) => bail!(
            "the {service} went away and did not come back within {} s: see that it runs, then give the command again",
            PATIENCE.as_secs()
        ),
    }
}

/// Waits until a service has been missing for as long as anybody waits for it.
async fn gone(missing: impl Fn() -> Option<&'static str>) -> &'static str {
    let mut away = Duration::ZERO;
    loop {
        match missing() {
            Some(service) if away >= PATIENCE => return service,
            Some(_) => away += GLANCE,
            None => away = Duration::ZERO,
        }
        sleep(GLANCE).await;
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::time::Instant;

    use super::*;

    type Never = Result<(), anyhow::Error>;

    #[tokio::test(start_paused = true)]
    async fn a_service_that_stays_away_ends_a_command() {
        let began = Instant::now();
        let asked = unless_gone(pending::<Never>(), || Some("broker")).await;
        let error = asked.unwrap_err().to_string();
        assert!(error.starts_with("the broker went away and did not come back within 20 s"));
        assert!(began.elapsed() >= PATIENCE && began.elapsed() < 2 * PATIENCE);
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_comes_back_in_time_does_not() {
        let began = Instant::now();
        // Away for a while, again and again.
        let missing = || (began.elapsed().as_secs() % 20 < 15).then_some("cache");
        let asking = async {
            sleep(10 * PATIENCE).await;
            anyhow::Ok(7)
        };
        assert_eq!(unless_gone(asking, missing).await.unwrap(), 7);
    }
}
