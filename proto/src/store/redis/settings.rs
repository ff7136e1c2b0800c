//! Where the shared stores are, and within which bounds they are asked.

use std::fmt;
use std::time::Duration;

use redis::AsyncConnectionConfig;

use crate::store::StoreError;
use crate::topology::Shelf;

/// A server with what it wants to know of a client. Its password shows in no output.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// `redis://HOST:PORT/DB`, `rediss://` for TLS; `redis+sentinel://HOST:PORT,HOST:PORT/MASTER/DB`,
    /// `redis+cluster://HOST:PORT,HOST:PORT`; without a password.
    pub url: String,
    /// User of the server's access list.
    pub username: Option<String>,
    /// Its password.
    pub password: Option<String>,
    /// Certificates (PEM) that the server's may descend from, instead of the system's.
    pub roots: Option<Vec<u8>>,
}

impl Endpoint {
    /// A server that asks for no password.
    pub fn at(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            username: None,
            password: None,
            roots: None,
        }
    }

    /// The text without the password, should it be in there.
    pub(super) fn redact(&self, text: String) -> String {
        match self.password.as_deref() {
            Some(password) if !password.is_empty() => text.replace(password, "***"),
            _ => text,
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.redact(self.url.clone());
        f.debug_struct("Endpoint")
            .field("url", &without_userinfo(&url))
            .field("username", &self.username)
            .field("password", &self.password.as_ref().map(|_| "***"))
            .field("roots", &self.roots.as_ref().map(Vec::len))
            .finish()
    }
}

/// A URL without what stands before the host.
pub(super) fn without_userinfo(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if at > scheme => {
            format!("{}{}", &url[..scheme + 3], &url[at + 1..])
        }
        _ => url.to_owned(),
    }
}

/// Settings of a [`RedisStore`](super::RedisStore).
#[derive(Debug, Clone, PartialEq)]
pub struct RedisSettings {
    /// Snapshots go here. May evict.
    pub worlds: Endpoint,
    /// Everything else goes here. Must not evict (`noeviction`); the same as `worlds` if none is
    /// given.
    pub lasting: Option<Endpoint>,
    /// What every key begins with. Fleets with different prefixes share nothing.
    pub prefix: String,
    /// How long a snapshot lives after its last use.
    pub snapshot_ttl: Duration,
    /// How long a reply lives.
    pub reply_ttl: Duration,
    /// How long a budget is kept after its last use.
    pub budget_ttl: Duration,
    /// Most bytes of one value that is stored, before compression.
    pub value_limit: usize,
    /// Longest wait for a connection.
    pub connect_timeout: Duration,
    /// Longest wait for an answer. A snapshot of megabytes on a busy network takes a while.
    pub answer_timeout: Duration,
    /// Longest pause between two attempts to connect again.
    pub reconnect_pause: Duration,
}

impl RedisSettings {
    /// One server for everything, with defaults.
    pub fn at(url: impl Into<String>) -> Self {
        Self {
            worlds: Endpoint::at(url),
            lasting: None,
            prefix: "t2t".to_owned(),
            snapshot_ttl: Shelf::Snapshots.default_ttl(),
            reply_ttl: Shelf::Replies.default_ttl(),
            budget_ttl: Shelf::Budgets.default_ttl(),
            value_limit: 64 << 20,
            connect_timeout: Duration::from_secs(3),
            answer_timeout: Duration::from_secs(10),
            reconnect_pause: Duration::from_secs(5),
        }
    }

    /// Refuses what would make keys ambiguous.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        let plain = |char: char| char.is_ascii_alphanumeric() || "-._:".contains(char);
        if self.prefix.is_empty() || !self.prefix.chars().all(plain) {
            return Err(StoreError::Refused(format!(
                "prefix `{}` of the cache's keys: use letters, digits and -._: only",
                self.prefix
            )));
        }
        Ok(())
    }

    /// Bounds of waiting, for the client library, whose own are half a second and a second.
    pub(super) fn connection(&self) -> AsyncConnectionConfig {
        AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.connect_timeout))
            .set_response_timeout(Some(self.answer_timeout))
            .set_pipeline_buffer_size(1024)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_shows_nowhere() {
        let mut endpoint = Endpoint::at("redis://127.0.0.1:1/0");
        endpoint.password = Some("hush-hush".to_owned());
        let settings = RedisSettings {
            lasting: Some(Endpoint::at("redis://someone:hush-hush@127.0.0.1:1/0")),
            worlds: endpoint,
            ..RedisSettings::at("")
        };
        let shown = format!("{settings:?}");
        assert!(!shown.contains("hush-hush"), "{shown}");
        assert!(shown.contains("redis://127.0.0.1:1/0"), "{shown}");
    }

    #[test]
    fn a_prefix_is_plain() {
        for prefix in ["", "a*", "a b"] {
            let settings = RedisSettings {
                prefix: prefix.to_owned(),
                ..RedisSettings::at("redis://h")
            };
            let error = settings.check().unwrap_err().to_string();
            assert!(error.contains(&format!("`{prefix}`")), "{error}");
        }
    }
}
