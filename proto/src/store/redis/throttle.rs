//! T1 to T9 over Redis.

mod scripts;

use std::time::Duration;

use async_trait::async_trait;

use super::RedisStore;
use crate::store::throttle::{LONGEST_PAUSE, counted};
use crate::store::{Admission, Ask, End, Permit, StoreError, Throttle};
use crate::topology::Shelf;

const SHELF: Shelf = Shelf::Throttle;

/// Microseconds for the server, at least one, and few enough to be added to its clock.
fn micros(time: Duration) -> u64 {
    const YEAR: u64 = 366 * 24 * 60 * 60 * 1_000_000;
    u64::try_from(time.as_micros())
        .unwrap_or(YEAR)
        .clamp(1, YEAR)
}

#[async_trait]
impl Throttle for RedisStore {
    async fn admit(&self, ask: Ask<'_>) -> Result<Admission, StoreError> {
        let [state, open] = SHELF.keys(&self.0.settings.prefix, ask.model, ["state", "open"]);
        let (rates, tokens) = (ask.rates, counted(ask.tokens, ask.rates));
        let mut admit = scripts::ADMIT.key(state);
        admit.key(open).arg(ask.name).arg(tokens);
        admit.arg(micros(ask.ttl)).arg(rates.requests_per_minute);
        admit.arg(rates.tokens_per_minute).arg(rates.concurrency);
        let (granted, micros): (bool, u64) = self.run(SHELF, &admit).await?;
        if !granted {
            return Ok(Admission::Wait(Duration::from_micros(micros)));
        }
        Ok(Admission::Granted(Permit {
            model: ask.model.to_owned(),
            name: ask.name.to_owned(),
            granted: micros,
            tokens,
            rates,
        }))
    }

    async fn end(&self, permit: &Permit, end: End) -> Result<bool, StoreError> {
        let [state, open] = SHELF.keys(&self.0.settings.prefix, &permit.model, ["state", "open"]);
        let (requests, tokens) = end.counts(permit.rates);
        let (refused, pause) = match end {
            End::Refused { retry_after } => (1, retry_after.unwrap_or_default()),
            End::Settled { .. } | End::Released => (0, Duration::ZERO),
        };
        let pause = u64::try_from(pause.min(LONGEST_PAUSE).as_micros()).unwrap_or(0);
        let mut script = scripts::END.key(state);
        script.key(open).arg(&permit.name).arg(permit.granted);
        script.arg(permit.tokens).arg(requests).arg(tokens);
        script.arg(permit.rates.requests_per_minute);
        script.arg(permit.rates.tokens_per_minute);
        script.arg(refused).arg(pause);
        Ok(self.run(SHELF, &script).await?)
    }
}
