//! How to reach a broker, and the bounds of the lanes on it.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use lapin::tcp::OwnedTLSConfig;
use lapin::uri::{AMQPScheme, AMQPUri};

use super::super::QueueError;

/// Frames that we send are this long at most: a client keeps 64 of them per connection, and longer ones
/// are not faster.
pub(super) const SENT_FRAME: u32 = 16_384;
/// Frames that we take in: as long as the broker takes them from others by default, since the headers
/// of a foreign message come in one frame, and one over the limit breaks the connection.
pub(super) const TAKEN_FRAME: u32 = 131_072;
/// Longest prefix, so that every queue name stays within AMQP's 255 bytes.
const PREFIX_MAX: usize = 128;

/// Where the broker is and how its queues are made. What shapes a queue (`capacity`, `dead_capacity`,
/// `delivery_limit`, `rungs`, `prefix`) must be the same for every program of a fleet.
#[derive(Clone)]
pub struct AmqpSettings {
    /// `amqp://` or `amqps://`, `[USER:PASSWORD@]HOST[:PORT][/VHOST]`; a vhost called `/` is written
    /// `%2f` or left out.
    pub url: String,
    /// User, instead of the one in the URL.
    pub user: Option<String>,
    /// Password, instead of the one in the URL.
    pub password: Option<String>,
    /// Certificates (PEM) to trust beside the system's, for `amqps`.
    pub ca_file: Option<PathBuf>,
    /// What every queue name begins with, for fleets that share a vhost.
    pub prefix: String,
    /// How this program is called in the broker's list of connections.
    pub name: String,
    /// Messages that may wait on a lane, and on each rung of its delays.
    pub capacity: usize,
    /// Messages that a dead lane keeps.
    pub dead_capacity: usize,
    /// A message that was redelivered this often goes to the dead lane instead of once more.
    pub delivery_limit: u32,
    /// Longest body, in bytes.
    pub max_body: usize,
    /// A peer that is silent for twice as long is taken for dead. `?heartbeat=SECONDS` in the URL goes
    /// before it.
    pub heartbeat: Duration,
    /// Longest wait for a connection to be made.
    pub connect_timeout: Duration,
    /// How long messages may be delayed, ascending; a delay takes the next longer rung, and one
    /// beyond the last takes several.
    pub rungs: Vec<Duration>,
    /// For how long a queue must give no answer and show neither message nor consumer, in many looks, until
    /// it is taken for one that nobody leads, deleted and made again. A queue whose leader is slow for as
    /// long, or that is without a majority, shows the same, and loses what it holds.
    pub unled_after: Duration,
}

impl AmqpSettings {
    /// The defaults, with a broker.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            user: None,
            password: None,
            ca_file: None,
            prefix: String::new(),
            name: "t2t".to_owned(),
            capacity: 100_000,
            dead_capacity: 100_000,
            delivery_limit: 100,
            max_body: 16 << 20,
            heartbeat: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(15),
            rungs: [1, 5, 30, 120, 600].map(Duration::from_secs).to_vec(),
            unled_after: Duration::from_secs(60),
        }
    }

    /// The broker without user and password, for messages.
    pub fn place(&self) -> String {
        match self.parse() {
            Ok(uri) => format!(
                "{}://{}:{}/{}",
                uri.scheme, uri.authority.host, uri.authority.port, uri.vhost
            ),
            Err(_) => "a broker whose URL can't be read".to_owned(),
        }
    }

    /// Checks every value and gives the URI with all that a connection needs.
    pub(super) fn uri(&self, frame_max: u32) -> Result<AMQPUri, QueueError> {
        self.check()?;
        let mut uri = self.parse()?;
        if let Some(user) = &self.user {
            uri.authority.userinfo.username.clone_from(user);
        }
        if let Some(password) = &self.password {
            uri.authority.userinfo.password.clone_from(password);
        }
        uri.query.frame_max = Some(frame_max);
        let heartbeat = u16::try_from(self.heartbeat.as_secs()).unwrap_or(u16::MAX);
        uri.query.heartbeat.get_or_insert(heartbeat);
        uri.query.connection_timeout =
            Some(u64::try_from(self.connect_timeout.as_millis()).unwrap_or(u64::MAX));
        Ok(uri)
    }

    /// What TLS needs beside the system's certificates.
    pub(super) fn tls(&self) -> Result<OwnedTLSConfig, QueueError> {
        let Some(path) = &self.ca_file else {
            return Ok(OwnedTLSConfig::default());
        };
        let text = std::fs::read_to_string(path).map_err(|error| {
            QueueError::Refused(format!(
                "the CA file {} can't be read: {error}",
                path.display()
            ))
        })?;
        if !text.contains("-----BEGIN CERTIFICATE-----") {
            return Err(QueueError::Refused(format!(
                "the CA file {} holds no certificate in PEM format",
                path.display()
            )));
        }
        Ok(OwnedTLSConfig {
            identity: None,
            cert_chain: Some(text),
        })
    }

    fn parse(&self) -> Result<AMQPUri, QueueError> {
        // The parser's own words may quote the URL, and with it the password.
        let uri: AMQPUri = self.url.parse().map_err(|_| {
            QueueError::Refused(
                "the broker's URL can't be read: write amqp://USER:PASSWORD@HOST:PORT/VHOST, or \
                 amqps://, with special characters of the password as %XX"
                    .to_owned(),
            )
        })?;
        if self.ca_file.is_some() && uri.scheme == AMQPScheme::AMQP {
            return Err(QueueError::Refused(
                "a CA file is set, but the broker's URL begins with amqp://: write amqps://"
                    .to_owned(),
            ));
        }
        Ok(uri)
    }

    fn check(&self) -> Result<(), QueueError> {
        let wrong = |what: String| Err(QueueError::Refused(what));
        if self.prefix.len() > PREFIX_MAX || self.prefix.chars().any(char::is_control) {
            return wrong(format!(
                "the queue prefix `{}` is over {PREFIX_MAX} bytes or holds control characters",
                self.prefix.escape_debug()
            ));
        }
        if self.capacity == 0 || self.dead_capacity == 0 {
            return wrong("a lane's capacity must be at least 1".to_owned());
        }
        if self.heartbeat < Duration::from_secs(1) {
            return wrong("the heartbeat must be at least a second".to_owned());
        }
        let ascending = self.rungs.windows(2).all(|pair| pair[0] < pair[1]);
        if self
            .rungs
            .first()
            .is_none_or(|first| first.as_millis() == 0)
            || !ascending
        {
            return wrong(format!(
                "the rungs of delays {:?} must be ascending and positive",
                self.rungs
            ));
        }
        Ok(())
    }
}

impl fmt::Debug for AmqpSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AmqpSettings")
            .field("broker", &self.place())
            .field("prefix", &self.prefix)
            .field("capacity", &self.capacity)
            .field("dead_capacity", &self.dead_capacity)
            .field("delivery_limit", &self.delivery_limit)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        let urls = [
            "amqp://ann:s3cret@host:5673/v",
            "amqps://ann:s3cret@host/v?heartbeat=s3cret",
            "ann:s3cret@host",
            "amqp://ann:s3cret@ho st",
            "http://ann:s3cret@host",
        ];
        for url in urls {
            let mut settings = AmqpSettings::new(url);
            settings.password = Some("s3cret".to_owned());
            let error = settings
                .uri(SENT_FRAME)
                .err()
                .map(|error| error.to_string());
            let shown = format!("{settings:?} {} {error:?}", settings.place());
            assert!(!shown.contains("s3cret"), "{shown}");
        }
    }

    #[test]
    fn user_and_password_may_come_apart_from_the_url() {
        let mut settings = AmqpSettings::new("amqp://host");
        settings.user = Some("ann".to_owned());
        settings.password = Some("p/w@%".to_owned());
        let uri = settings.uri(SENT_FRAME).unwrap();
        assert_eq!(uri.authority.userinfo.username, "ann");
        assert_eq!(uri.authority.userinfo.password, "p/w@%");
        assert_eq!((uri.authority.port, uri.vhost.as_str()), (5672, "/"));
        assert_eq!(uri.query.frame_max, Some(SENT_FRAME));
        assert_eq!(uri.query.heartbeat, Some(30));
    }

    #[test]
    fn the_url_may_set_the_heartbeat() {
        let settings = AmqpSettings::new("amqp://host/v?heartbeat=5");
        let uri = settings.uri(SENT_FRAME).unwrap();
        assert_eq!(uri.query.heartbeat, Some(5));
    }

    #[test]
    fn odd_settings_are_named() {
        let odd = |change: fn(&mut AmqpSettings)| {
            let mut settings = AmqpSettings::new("amqp://host");
            change(&mut settings);
            settings.uri(SENT_FRAME).unwrap_err().to_string()
        };
        assert!(odd(|settings| settings.capacity = 0).contains("capacity"));
        assert!(odd(|settings| settings.heartbeat = Duration::ZERO).contains("heartbeat"));
        assert!(odd(|settings| settings.prefix = "p".repeat(129)).contains("128"));
        assert!(odd(|settings| settings.rungs = Vec::new()).contains("rungs"));
        assert!(odd(|settings| settings.rungs.reverse()).contains("ascending"));
        assert!(odd(|settings| settings.ca_file = Some("ca.pem".into())).contains("amqps://"));
        assert!(odd(|settings| settings.url = "http://host".to_owned()).contains("amqp://"));
    }

    #[test]
    fn a_ca_file_must_hold_a_certificate() {
        let mut settings = AmqpSettings::new("amqps://host");
        settings.ca_file = Some("no-such-file.pem".into());
        let error = settings.tls().unwrap_err().to_string();
        assert!(error.contains("no-such-file.pem"), "{error}");
        settings.ca_file = Some("Cargo.toml".into());
        let error = settings.tls().unwrap_err().to_string();
        assert!(error.contains("no certificate"), "{error}");
    }
}
