//! One multiplexed connection to a server, made again in the background when it breaks.
//!
//! While there is none, every call fails at once instead of waiting: to a worker an absent cache is a
//! slower cache, and a queue of waiting calls would be worse.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use redis::{Cmd, ErrorKind, FromRedisValue, RedisError, ScriptInvocation, ServerErrorKind};

use super::line::{Line, Shard, Target};
use super::settings::{Endpoint, RedisSettings, without_userinfo};
use crate::store::StoreError;

/// First pause between attempts to connect again; each next one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// See the module documentation. Clones share the connection.
#[derive(Debug, Clone)]
pub(super) struct Link(Arc<Inner>);

struct Inner {
    target: Target,
    settings: RedisSettings,
    endpoint: Endpoint,
    state: Mutex<State>,
    reconnects: AtomicU64,
}

enum State {
    /// With its number, so that a late failure of an earlier connection does not end this one.
    Up(Line, u64),
    /// With the reason; a task is connecting again.
    Down(String),
}

/// How a server says no, as far as a caller can do something about it.
pub(super) enum Failure {
    /// The key holds something of another type.
    WrongType,
    /// Anything else.
    Store(StoreError),
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::WrongType => Self::Refused(
                "a key of ours holds a value of another type (WRONGTYPE): use a prefix or a database of one's own"
                    .to_owned(),
            ),
            Failure::Store(error) => error,
        }
    }
}

impl Link {
    /// The first connection.
    pub(super) async fn connect(
        endpoint: &Endpoint,
        settings: &RedisSettings,
    ) -> Result<Self, StoreError> {
        let inner = Inner {
            target: Target::of(endpoint, settings)?,
            settings: settings.clone(),
            endpoint: endpoint.clone(),
            state: Mutex::new(State::Down("not connected yet".to_owned())),
            reconnects: AtomicU64::new(0),
        };
        match inner.dial().await {
            Ok(connection) => *inner.state() = State::Up(connection, 0),
            Err(error) => return Err(StoreError::from(inner.failure(&error, false))),
        }
        Ok(Self(Arc::new(inner)))
    }

    /// Whether there is a connection, as far as is known.
    pub(super) fn connected(&self) -> bool {
        matches!(&*self.0.state(), State::Up(..))
    }

    /// Times that a broken connection was made again.
    pub(super) fn reconnects(&self) -> u64 {
        self.0.reconnects.load(Ordering::Relaxed)
    }

    /// One command, one round trip.
    pub(super) async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, Failure> {
        let (mut connection, number) = self.connection()?;
        let answer = command.query_async(&mut connection).await;
        answer.map_err(|error| self.failed(&error, number))
    }

    /// One script, one round trip once the server knows it.
    pub(super) async fn run<T: FromRedisValue>(
        &self,
        script: &ScriptInvocation<'_>,
    ) -> Result<T, Failure> {
        let (mut connection, number) = self.connection()?;
        let answer = script.invoke_async(&mut connection).await;
        answer.map_err(|error| self.failed(&error, number))
    }

    /// Every server that holds keys.
    pub(super) async fn shards(&self) -> Result<Vec<Shard>, Failure> {
        let (mut connection, number) = self.connection()?;
        let shards = connection.shards().await;
        shards.map_err(|error| self.failed(&error, number))
    }

    /// One command for one of them.
    pub(super) async fn ask_shard<T: FromRedisValue>(
        &self,
        shard: &Shard,
        command: Cmd,
    ) -> Result<T, Failure> {
        let (mut connection, number) = self.connection()?;
        let answer = connection.ask_shard(shard, command).await;
        let read = answer.and_then(|value| Ok(redis::from_redis_value(value)?));
        read.map_err(|error| self.failed(&error, number))
    }

    fn connection(&self) -> Result<(Line, u64), Failure> {
        match &*self.0.state() {
            State::Up(connection, number) => Ok((connection.clone(), *number)),
            State::Down(why) => Err(Failure::Store(StoreError::Unreachable(why.clone()))),
        }
    }

    fn failed(&self, error: &RedisError, number: u64) -> Failure {
        // A server that takes no writes any more was the master once: sentinels know the next one.
        let demoted = error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly);
        if error.is_io_error() || error.is_unrecoverable_error() || demoted {
            self.broken(error, number);
        }
        self.0.failure(error, true)
    }

    /// Takes the connection out of use and starts to make another. An answer that does not come in
    /// time counts too: nothing else tells of a peer that is gone without a word.
    fn broken(&self, error: &RedisError, number: u64) {
        let mut state = self.0.state();
        if !matches!(&*state, State::Up(_, current) if *current == number) {
            return;
        }
        *state = State::Down(self.0.describe(error));
        tokio::spawn(reconnect(Arc::downgrade(&self.0), number + 1));
    }
}

/// Tries until there is a connection or nobody who wants one.
async fn reconnect(link: Weak<Inner>, number: u64) {
    let mut pause = FIRST_PAUSE;
    loop {
        let Some(inner) = link.upgrade() else { return };
        match inner.dial().await {
            Ok(connection) => {
                *inner.state() = State::Up(connection, number);
                inner.reconnects.fetch_add(1, Ordering::Relaxed);
                return;
            }
            Err(error) => *inner.state() = State::Down(inner.describe(&error)),
        }
        pause = (pause * 2).min(inner.settings.reconnect_pause);
        drop(inner);
        tokio::time::sleep(pause).await;
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection that is good for commands: a server that wants a password lets anyone connect.
    async fn dial(&self) -> Result<Line, RedisError> {
        let mut connection = self.target.dial(&self.settings).await?;
        redis::cmd("PING").exec_async(&mut connection).await?;
        Ok(connection)
    }

    fn describe(&self, error: &RedisError) -> String {
        let at = without_userinfo(&self.endpoint.url);
        self.endpoint.redact(format!("{at}: {error}"))
    }

    /// `sent` says whether the server may have heard of the request.
    fn failure(&self, error: &RedisError, sent: bool) -> Failure {
        let text = self.describe(error);
        if error.is_io_error() && text.contains("certificate") {
            // No later attempt mends a certificate, neither of theirs nor of ours.
            return Failure::Store(StoreError::Refused(format!(
                "{text}: check that the server's certificate is for this host, and give the \
                 authority that signed it (--ca-file)"
            )));
        }
        Failure::Store(match error.kind() {
            ErrorKind::Server(
                ServerErrorKind::BusyLoading
                | ServerErrorKind::TryAgain
                | ServerErrorKind::ClusterDown
                | ServerErrorKind::MasterDown
                | ServerErrorKind::ReadOnly,
            ) => StoreError::Unreachable(text),
            ErrorKind::Io | ErrorKind::Parse if sent && !error.is_connection_refusal() => {
                StoreError::Unknown(text)
            }
            // A sentinel knows no master while another is made one.
            ErrorKind::Io | ErrorKind::Parse | ErrorKind::MasterNameNotFoundBySentinel => {
                StoreError::Unreachable(text)
            }
            _ => match error.code() {
                Some("WRONGTYPE") => return Failure::WrongType,
                // MISCONF: its own disk takes no more.
                Some("OOM" | "MISCONF") => StoreError::Full(text),
                Some("BUSY") => StoreError::Unreachable(text),
                Some("ERR") if text.contains("max number of clients") => {
                    StoreError::Unreachable(text)
                }
                _ => StoreError::Refused(text),
            },
        })
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let down = match &*self.state() {
            State::Up(..) => None,
            State::Down(why) => Some(why.clone()),
        };
        f.debug_struct("Link")
            .field("endpoint", &self.endpoint)
            .field("down", &down)
            .finish_non_exhaustive()
    }
}
