//! The seam that holds a whole fleet to how fast a model may be asked. Before a call goes out it is
//! granted a permit; afterwards the permit is ended with what came of the call.
//!
//! - **T1** In no minute are there more grants than [`Rates::requests_per_minute`], nor more tokens of
//!   grants than [`Rates::tokens_per_minute`], each and a fiftieth of it. A grant counts with the tokens
//!   it asked for until it is settled, then with those it used. One that asks for more than a minute
//!   holds counts as a whole minute.
//! - **T2** Grants are spread over the minute: a hundredth of it may come at once after a pause, the rest
//!   no faster than the rate. Whoever asks again after each wait gets at least 98 hundredths of the rate,
//!   where single calls are no larger than a hundredth of it. What calls under way asked for and will not
//!   use is nobody's until they are settled, so it pays to ask for little more than is used.
//! - **T3** At most [`Rates::concurrency`] permits are open. One is open until it is settled, refused or
//!   released, and no longer than its time to live: permits of killed workers come back by themselves.
//! - **T4** A permit ends once. To end one that has ended says so and changes nothing.
//! - **T5** A refusal (429) halves rates and concurrency, at most once in [`COOLDOWN`] and never below
//!   [`LEAST`] of them; they grow back by [`GROWTH`] of the plan's a second. A model without a limit on
//!   concurrency is held, until it has grown back, to its share of what was open when it was first refused.
//! - **T6** While a refusal's `Retry-After` runs (at most [`LONGEST_PAUSE`]), nothing is granted to
//!   anybody.
//! - **T7** To ask again under the name of an open permit gives that permit and counts once, so an ask
//!   whose answer was lost is harmless to repeat.
//! - **T8** Who waits because the minute is full is next: others wait for it, so that large calls are not
//!   starved by small ones. It loses its turn when it comes later than [`GRACE`] after its wait.
//! - **T9** Models are apart. Rates are those of the one who asks; a rate of 0 does not limit.
//!
//! A store that has forgotten starts a minute anew.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

use super::StoreError;
use crate::record::Rates;

/// Between two cuts of a model's rates.
pub const COOLDOWN: Duration = Duration::from_secs(5);
/// What a refusal leaves of rates and concurrency.
pub const CUT: f64 = 0.5;
/// The least share of the plan's rates that refusals leave.
pub const LEAST: f64 = 1.0 / 64.0;
/// Share of the plan's rates that comes back each second: half of them in a minute.
pub const GROWTH: f64 = 1.0 / 120.0;
/// Longest time for which a server is believed that it wants to be left alone.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(60 * 60);
/// How late the next one may come before others go first.
pub const GRACE: Duration = Duration::from_secs(1);
/// When to ask again for what nobody can foresee, as a call's end.
pub const POLL: Duration = Duration::from_millis(50);
/// Longest wait that a rate makes: calls that end early, and rates that grow back, leave room sooner than
/// was foreseen.
pub const RECHECK: Duration = Duration::from_secs(1);

/// What grants are counted by, in microseconds: a minute is a round number of these.
pub(super) const TICK: u64 = 500_000;
/// Ticks in a minute.
pub(super) const TICKS: u64 = 120;
/// A minute in microseconds.
pub(super) const MINUTE: u64 = TICK * TICKS;
/// The part of a minute's worth that may be saved up.
pub(super) const SAVED: f64 = 0.01;
/// One in so many may come over the rate, in a minute.
pub(super) const OVER: u64 = 50;

/// Someone asks whether a call may go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask<'a> {
    /// The model as the fleet knows it: what has limits of its own.
    pub model: &'a str,
    /// Names this call among all of the fleet. Another attempt is another call.
    pub name: &'a str,
    /// How fast the model may be asked.
    pub rates: Rates,
    /// Most tokens that the call will use, as far as they are counted against its rate.
    pub tokens: u64,
    /// Longer than the call can take.
    pub ttl: Duration,
}

/// What so many tokens of one call count as: see T1.
pub(super) fn counted(tokens: u64, rates: Rates) -> u64 {
    match rates.tokens_per_minute {
        0 => tokens,
        limit => tokens.min(limit),
    }
}

/// A call may go out. Not ended on drop, which can't wait: it ends by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a permit that is not ended takes the place of another until it ends by itself"]
pub struct Permit {
    /// The model.
    pub model: String,
    /// The call.
    pub name: String,
    /// When it was granted, in microseconds of the store's clock.
    pub granted: u64,
    /// Tokens it counts with until it is ended.
    pub tokens: u64,
    /// The rates it was granted under.
    pub rates: Rates,
}

/// What came of a call that had a permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It was answered, or may have been, and used so many tokens.
    Settled {
        /// Input and output.
        tokens: u64,
    },
    /// The server refused it for asking too fast: it was a request, and used no tokens.
    Refused {
        /// When the server wants to be asked again.
        retry_after: Option<Duration>,
    },
    /// It never went out and does not count.
    Released,
}

impl End {
    /// Requests and tokens that the call counts as from now on.
    pub(super) fn counts(self, rates: Rates) -> (u64, u64) {
        match self {
            Self::Settled { tokens } => (1, counted(tokens, rates)),
            Self::Refused { .. } => (1, 0),
            Self::Released => (0, 0),
        }
    }
}

/// What came of asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// Go ahead.
    Granted(Permit),
    /// Ask again after this long.
    Wait(Duration),
}

/// Permits by model; see the module documentation.
#[async_trait]
pub trait Throttle: Send + Sync + fmt::Debug {
    /// Grants a permit, or says how long to wait.
    async fn admit(&self, ask: Ask<'_>) -> Result<Admission, StoreError>;

    /// Ends a permit; false if it had ended already.
    async fn end(&self, permit: &Permit, end: End) -> Result<bool, StoreError>;
}
