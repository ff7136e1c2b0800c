//! One connection to the broker, made again whenever it is gone.
//!
//! Nobody watches it: whoever needs a channel and finds none dials, with growing pauses, and the
//! others wait. The client library's own recovery is not used, since it hides that deliveries in hand
//! were lost.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex as Plain, PoisonError};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use lapin::protocol::{AMQPErrorKind, AMQPHardError, AMQPSoftError};
use lapin::tcp::OwnedTLSConfig;
use lapin::uri::AMQPUri;
use lapin::{Channel, Connection, ConnectionProperties, ConnectionStatus};
use tokio::sync::{Mutex, watch};
use tokio::time::{sleep, timeout};

use super::super::QueueError;
use super::settings::AmqpSettings;

/// Longest wait for an answer of a broker that is there: the client library may lose a question that is
/// put to a connection at the moment of its end, and would wait for ever.
pub(super) const ANSWER: Duration = Duration::from_secs(30);

/// Waits for an answer to a question that may have been carried out when there is none.
pub(super) async fn answered<T>(
    asking: impl Future<Output = Result<T, lapin::Error>>,
) -> Result<T, QueueError> {
    match timeout(ANSWER, asking).await {
        Ok(answer) => answer.map_err(|error| QueueError::Unknown(error.to_string())),
        Err(_) => Err(QueueError::Unknown(format!("none within {ANSWER:?}"))),
    }
}

/// Growing pauses with jitter, without an end.
pub(super) fn pauses() -> ExponentialBackoff {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(50))
        .with_max_delay(Duration::from_secs(5))
        .with_jitter()
        .without_max_times()
        .build()
}

/// Waits for the next pause.
pub(super) async fn pause(pauses: &mut ExponentialBackoff) {
    sleep(pauses.next().unwrap_or(Duration::from_secs(5))).await;
}

pub(super) struct Link {
    uri: AMQPUri,
    tls: OwnedTLSConfig,
    place: String,
    name: String,
    timeout: Duration,
    closed: watch::Receiver<bool>,
    reconnects: Arc<AtomicU64>,
    connection: Mutex<Option<Connection>>,
    /// Of the latest connection, to be looked at while another is made.
    status: Plain<Option<ConnectionStatus>>,
    /// Somebody wanted a channel last and did not get one.
    in_vain: AtomicBool,
}

impl Link {
    /// Connects, or says at once why that is not possible.
    pub(super) async fn connect(
        settings: &AmqpSettings,
        purpose: &str,
        frame_max: u32,
        closed: watch::Receiver<bool>,
        reconnects: Arc<AtomicU64>,
    ) -> Result<Self, QueueError> {
        let link = Self {
            uri: settings.uri(frame_max)?,
            tls: settings.tls()?,
            place: settings.place(),
            name: format!("{} ({purpose})", settings.name),
            timeout: settings.connect_timeout,
            closed,
            reconnects,
            connection: Mutex::new(None),
            status: Plain::new(None),
            in_vain: AtomicBool::new(false),
        };
        let connection = link.dial().await?;
        *link.connection.lock().await = Some(connection);
        Ok(link)
    }

    /// Whether the latest connection stands.
    pub(super) fn connected(&self) -> bool {
        let status = self.status.lock().unwrap_or_else(PoisonError::into_inner);
        status.as_ref().is_some_and(ConnectionStatus::connected)
    }

    /// Whether somebody waits in vain for a channel.
    pub(super) fn in_vain(&self) -> bool {
        self.in_vain.load(Ordering::Relaxed)
    }

    /// A new channel, waiting for the broker as long as it takes. Once closed, only on a connection
    /// that still stands.
    pub(super) async fn channel(&self) -> Result<Channel, QueueError> {
        let mut pauses = pauses();
        loop {
            let tried = self.try_channel().await;
            self.in_vain.store(tried.is_err(), Ordering::Relaxed);
            match tried {
                Ok(channel) => return Ok(channel),
                Err(error) if *self.closed.borrow() => return Err(error),
                Err(error) => {
                    tracing::warn!(broker = self.place, connection = self.name, %error, "no connection");
                }
            }
            let mut closed = self.closed.clone();
            tokio::select! {
                () = pause(&mut pauses) => {}
                _ = closed.wait_for(|closed| *closed) => {}
            }
        }
    }

    /// Whether the broker has asked to send nothing for now.
    pub(super) async fn blocked(&self) -> bool {
        let slot = self.connection.lock().await;
        slot.as_ref()
            .is_some_and(|connection| connection.status().blocked())
    }

    async fn try_channel(&self) -> Result<Channel, QueueError> {
        let mut slot = self.connection.lock().await;
        if let Some(connection) = slot.as_ref() {
            if connection.status().connected() {
                match timeout(self.timeout, connection.create_channel()).await {
                    Ok(Ok(channel)) => return Ok(channel),
                    Ok(Err(error)) if connection.status().connected() => {
                        return Err(self.unreachable(&error));
                    }
                    Ok(Err(_)) | Err(_) => {}
                }
            }
            *slot = None;
        }
        if *self.closed.borrow() {
            return Err(QueueError::Unreachable(format!(
                "the connection to {} is closed and was lost",
                self.place
            )));
        }
        let connection = self.dial().await?;
        self.reconnects.fetch_add(1, Ordering::Relaxed);
        tracing::info!(
            broker = self.place,
            connection = self.name,
            "connected again"
        );
        let channel = timeout(self.timeout, connection.create_channel()).await;
        *slot = Some(connection);
        match channel {
            Ok(channel) => channel.map_err(|error| self.unreachable(&error)),
            Err(_) => Err(QueueError::Unreachable(format!(
                "{} gave no channel within {:?}",
                self.place, self.timeout
            ))),
        }
    }

    async fn dial(&self) -> Result<Connection, QueueError> {
        let properties =
            ConnectionProperties::default().with_connection_name(self.name.as_str().into());
        let runtime =
            lapin::runtime::default_runtime().map_err(|error| self.unreachable(&error))?;
        let dialled = Connection::connect_uri_with_config(
            self.uri.clone(),
            properties,
            self.tls.clone(),
            runtime,
        );
        match timeout(self.timeout, dialled).await {
            Ok(Ok(connection)) => {
                let mut status = self.status.lock().unwrap_or_else(PoisonError::into_inner);
                *status = Some(connection.status().clone());
                Ok(connection)
            }
            Ok(Err(error)) => Err(self.refused(&error)),
            Err(_) => Err(QueueError::Unreachable(format!(
                "{} did not answer within {:?}",
                self.place, self.timeout
            ))),
        }
    }

    fn unreachable(&self, error: &lapin::Error) -> QueueError {
        QueueError::Unreachable(format!("{}: {error}", self.place))
    }

    /// What dialling failed with: for good when the broker itself says no.
    fn refused(&self, error: &lapin::Error) -> QueueError {
        let lapin::ErrorKind::ProtocolError(said) = error.kind() else {
            let text = error.to_string();
            // No later attempt mends a certificate, neither of theirs nor of ours.
            if text.contains("certificate") {
                return QueueError::Refused(format!(
                    "{}: {text}: check that the broker's certificate is for this host, and give the \
                     authority that signed it (--ca-file)",
                    self.place
                ));
            }
            return self.unreachable(error);
        };
        let text = said.get_message().as_str();
        let hint = match said.kind() {
            // It says no for now: so many connections are open, or the vhost is being started.
            AMQPErrorKind::Hard(AMQPHardError::NOTALLOWED)
                if text.contains(" limit") || text.contains(" is down") =>
            {
                return self.unreachable(error);
            }
            AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED) => "check user and password",
            AMQPErrorKind::Hard(AMQPHardError::NOTALLOWED) => {
                "check that the vhost exists and the user may use it"
            }
            _ => return self.unreachable(error),
        };
        QueueError::Refused(format!("{}: {text}: {hint}", self.place))
    }
}
