//! Broker and stores of a fleet: where they are, and connections to them. Both binaries take the same
//! flags and variables.
//!
//! Credentials never stand in a flag: they come from the URL's own variable, or from
//! `T2T_BROKER_USER`, `T2T_BROKER_PASSWORD` or a file named by `T2T_BROKER_PASSWORD_FILE` (likewise
//! `T2T_CACHE_…` and `T2T_LASTING_…`).

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::builder::TypedValueParser;
use proto::error::ErrorKind;
use proto::queue::QueueError;
use proto::queue::amqp::{AmqpQueue, AmqpSettings};
use proto::store::redis::{Endpoint, RedisSettings};
use proto::store::{RedisStore, StoreError};

use crate::process::health::Readiness;
use crate::process::secret::{SecretUrl, UrlError};

/// Where broker and stores are.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Fleet")]
pub struct Services {
    /// RabbitMQ of the fleet: amqp://HOST/VHOST, or amqps://
    #[arg(long, value_name = "URL", env = "T2T_BROKER", hide_env_values = true, value_parser = Unquoted)]
    pub broker: Option<SecretUrl>,
    /// Redis of the fleet: redis://HOST/DATABASE, redis+sentinel://HOST,HOST/MASTER or
    /// redis+cluster://HOST,HOST, or the same with rediss
    #[arg(long, value_name = "URL", env = "T2T_CACHE", hide_env_values = true, value_parser = Unquoted)]
    pub cache: Option<SecretUrl>,
    /// A Redis that does not evict, for replies, leases and budgets; the cache if not given
    #[arg(long, value_name = "URL", env = "T2T_LASTING", hide_env_values = true, value_parser = Unquoted)]
    pub lasting: Option<SecretUrl>,
    /// Beginning of every queue's and key's name, so that several fleets may share the services
    #[arg(long, value_name = "NAME", env = "T2T_PREFIX")]
    pub prefix: Option<String>,
    /// Days that a reply of a model is kept, and what a run has spent; 30 if not given
    #[arg(long, value_name = "DAYS", env = "T2T_REPLY_DAYS", value_parser = clap::value_parser!(u16).range(1..))]
    pub reply_days: Option<u16>,
    /// Days that a world is kept after its last use; 7 if not given
    #[arg(long, value_name = "DAYS", env = "T2T_SNAPSHOT_DAYS", value_parser = clap::value_parser!(u16).range(1..))]
    pub snapshot_days: Option<u16>,
    /// Certificates (PEM) of the authorities to trust for amqps:// and rediss://
    #[arg(long, value_name = "FILE", env = "T2T_CA_FILE")]
    pub ca_file: Option<PathBuf>,
}

/// Reads a URL that may hold a password. What the command line's library says of a value that does not read repeats
/// it, also where it comes from the environment, and so the password of a URL that is only mistyped.
#[derive(Debug, Clone, Copy)]
struct Unquoted;

impl TypedValueParser for Unquoted {
    type Value = SecretUrl;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<SecretUrl, clap::Error> {
        let read = match value.to_str() {
            Some(text) => text.parse().map_err(|error: UrlError| error.to_string()),
            None => Err("not a URL: it is no text in UTF-8".to_owned()),
        };
        read.map_err(|error| {
            let name = argument.map_or_else(|| "a URL".to_owned(), ToString::to_string);
            let message = format!("invalid value for '{name}': {error}");
            command
                .clone()
                .error(clap::error::ErrorKind::ValueValidation, message)
        })
    }
}

fn days(count: u16) -> Duration {
    Duration::from_secs(u64::from(count) * 24 * 60 * 60)
}

/// Why the services can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ServicesError {
    /// One of them is not named.
    #[error("a fleet needs a broker and a cache: give --{0} URL (or the variable T2T_{1})")]
    Unnamed(&'static str, &'static str),
    /// A file with a password or certificates does not read.
    #[error("failed to read {what} from {}: {source}", path.display())]
    File {
        /// What it holds.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The broker's.
    #[error("failed to connect to the broker: {0}")]
    Broker(#[from] QueueError),
    /// The store's.
    #[error("failed to connect to the cache: {0}")]
    Cache(#[from] StoreError),
}

impl ServicesError {
    /// Whether the command or its settings have to be mended, since no wait makes them right.
    pub fn of_usage(&self) -> bool {
        match self {
            Self::Unnamed(..) | Self::File { .. } => true,
            Self::Broker(error) => error.kind() == ErrorKind::Permanent,
            Self::Cache(error) => error.kind() == ErrorKind::Permanent,
        }
    }
}

/// Connections to the services of a fleet.
#[derive(Debug)]
pub struct Fleet {
    /// The broker.
    pub queue: Arc<AmqpQueue>,
    /// The stores.
    pub store: RedisStore,
}

impl Fleet {
    /// A service that is away just now, as far as is known.
    pub fn missing(&self) -> Option<&'static str> {
        match (self.queue.connected(), self.store.connected()) {
            (false, _) => Some("broker"),
            (true, false) => Some("cache"),
            (true, true) => None,
        }
    }

    /// From now on a process is ready only while it is connected to both.
    pub fn needed_for(&self, readiness: &Readiness) {
        let (queue, store) = (Arc::clone(&self.queue), self.store.clone());
        readiness.needs("broker", move || queue.connected());
        readiness.needs("cache", move || store.connected());
    }
}

impl Services {
    /// Whether a fleet is meant at all.
    pub fn named(&self) -> bool {
        self.broker.is_some() || self.cache.is_some()
    }

    /// Connects to both. `name` is shown by the broker's own tools.
    ///
    /// # Errors
    /// When a service is not named, its settings are wrong, or it is not there.
    pub async fn connect(&self, name: &str) -> Result<Fleet, ServicesError> {
        let broker = self.broker_settings(name)?;
        let cache = self.cache_settings()?;
        Ok(Fleet {
            queue: Arc::new(AmqpQueue::connect(&broker).await?),
            store: RedisStore::connect(cache).await?,
        })
    }

    /// Connects to the stores alone.
    ///
    /// # Errors
    /// When the cache is not named, its settings are wrong, or it is not there.
    pub async fn connect_store(&self) -> Result<RedisStore, ServicesError> {
        Ok(RedisStore::connect(self.cache_settings()?).await?)
    }

    /// How the broker is reached.
    ///
    /// # Errors
    /// When it is not named, or its password does not read.
    pub fn broker_settings(&self, name: &str) -> Result<AmqpSettings, ServicesError> {
        let url = self.broker.as_ref();
        let url = url.ok_or(ServicesError::Unnamed("broker", "BROKER"))?;
        let mut settings = AmqpSettings::new(url.expose());
        settings.user = env::var("T2T_BROKER_USER").ok();
        settings.password = password("BROKER")?;
        if url.expose().starts_with("amqps:") {
            settings.ca_file.clone_from(&self.ca_file);
        }
        name.clone_into(&mut settings.name);
        if let Some(prefix) = &self.prefix {
            settings.prefix.clone_from(prefix);
        }
        Ok(settings)
    }

    fn cache_settings(&self) -> Result<RedisSettings, ServicesError> {
        let cache = self.cache.as_ref();
        let cache = cache.ok_or(ServicesError::Unnamed("cache", "CACHE"))?;
        let mut settings = RedisSettings::at(cache.expose());
        settings.worlds = self.endpoint(cache, "CACHE")?;
        if let Some(lasting) = &self.lasting {
            settings.lasting = Some(self.endpoint(lasting, "LASTING")?);
        }
        if let Some(prefix) = &self.prefix {
            settings.prefix.clone_from(prefix);
        }
        if let Some(kept) = self.reply_days.map(days) {
            (settings.reply_ttl, settings.budget_ttl) = (kept, kept);
        }
        if let Some(kept) = self.snapshot_days.map(days) {
            settings.snapshot_ttl = kept;
        }
        Ok(settings)
    }

    fn endpoint(&self, url: &SecretUrl, service: &str) -> Result<Endpoint, ServicesError> {
        let mut endpoint = Endpoint::at(url.expose());
        endpoint.username = env::var(format!("T2T_{service}_USER")).ok();
        endpoint.password = password(service)?;
        endpoint.roots = self
            .ca_file
            .as_ref()
            .map(|path| read("certificates", path))
            .transpose()?;
        Ok(endpoint)
    }
}

/// The password of a service: its variable, or the file that its other variable names.
fn password(service: &str) -> Result<Option<String>, ServicesError> {
    if let Ok(password) = env::var(format!("T2T_{service}_PASSWORD")) {
        return Ok(Some(password));
    }
    let Some(path) = env::var_os(format!("T2T_{service}_PASSWORD_FILE")) else {
        return Ok(None);
    };
    let bytes = read("a password", &PathBuf::from(path))?;
    let text = String::from_utf8_lossy(&bytes);
    Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
}

fn read(what: &'static str, path: &PathBuf) -> Result<Vec<u8>, ServicesError> {
    fs::read(path).map_err(|source| ServicesError::File {
        what,
        path: path.clone(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        services: Services,
    }

    #[test]
    fn a_url_that_does_not_read_is_named_and_not_repeated() {
        for (flag, url, says) in [
            ("--broker", "amqp://ann:s3cret/9@host/v", "percent-encoded"),
            ("--cache", "redis://:s3cret/9@host/0", "percent-encoded"),
            (
                "--lasting",
                "redis+cluster://u:s3cret@a,,b",
                "without a host",
            ),
        ] {
            let error = Line::try_parse_from(["t2t", flag, url]).err();
            let error = error.expect("it is no URL");
            assert_eq!(error.exit_code(), 2);
            let said = error.to_string();
            assert!(
                said.contains(&format!("'{flag} <URL>'")) && said.contains(says),
                "{said}"
            );
            assert!(!said.contains("s3cret"), "{said}");
        }
    }

    #[test]
    fn times_to_live_are_given_in_days() {
        let settings = |more: &[&str]| {
            let given = ["t2t", "--cache", "redis://host"].iter().chain(more);
            let line = Line::try_parse_from(given)?;
            Ok::<_, clap::Error>(line.services.cache_settings().expect("it is named"))
        };
        let days = |ttl: Duration| ttl.as_secs() / 86_400;
        let of = |settings: RedisSettings| {
            [
                settings.reply_ttl,
                settings.budget_ttl,
                settings.snapshot_ttl,
            ]
            .map(days)
        };
        assert_eq!(of(settings(&[]).unwrap()), [30, 30, 7]);
        let given = settings(&["--reply-days", "90", "--snapshot-days", "1"]);
        assert_eq!(of(given.unwrap()), [90, 90, 1]);
        assert!(settings(&["--reply-days", "0"]).is_err());
    }
}
