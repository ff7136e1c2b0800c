//! Where a URL leads to, and a connection to it: one server, the master that sentinels name, or all
//! masters of a cluster.
//!
//! | URL | what |
//! |---|---|
//! | `redis://HOST:PORT/DB` | one server |
//! | `redis+sentinel://HOST:PORT,HOST:PORT/MASTER/DB` | whichever server the sentinels call master of that name |
//! | `redis+cluster://HOST:PORT,HOST:PORT/` | a cluster, found by any of its nodes; it has one database |
//!
//! With `rediss` each of them is over TLS, to sentinels too. User and password are those of the servers;
//! sentinels are asked without.

use std::collections::BTreeMap;
use std::fmt;

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{RoutingInfo, SingleNodeRoutingInfo};
use redis::io::tcp::TcpSettings;
use redis::sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType};
use redis::{
    Client, Cmd, ConnectionInfo, IntoConnectionInfo as _, Pipeline, RedisError, RedisFuture,
    TlsCertificates, TlsMode, Value,
};
use tokio::sync::Mutex;

use super::settings::{Endpoint, RedisSettings};
use crate::store::StoreError;

/// Port of a sentinel, unless the URL says another.
const SENTINEL: u16 = 26379;
/// Times that a call to a cluster is tried, as when a slot has moved.
const CLUSTER_TRIES: u32 = 3;

/// What can be connected to.
pub(super) enum Target {
    Server(Box<Client>),
    Sentinels(Box<Mutex<SentinelClient>>),
    Cluster(Box<ClusterClient>),
}

/// A URL, taken apart.
#[derive(Debug, PartialEq, Eq)]
struct Parts<'a> {
    scheme: &'a str,
    kind: Kind,
    /// With what stands before it, as `user@host:1`.
    hosts: Vec<String>,
    path: Vec<&'a str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Server,
    Sentinels,
    Cluster,
}

fn parts(url: &str) -> Option<Parts<'_>> {
    let (scheme, rest) = url.split_once("://")?;
    let (scheme, kind) = match scheme.split_once('+') {
        None => (scheme, Kind::Server),
        Some((scheme, "sentinel")) => (scheme, Kind::Sentinels),
        Some((scheme, "cluster")) => (scheme, Kind::Cluster),
        Some(_) => return None,
    };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (user, hosts) = match authority.rsplit_once('@') {
        Some((user, hosts)) => (format!("{user}@"), hosts),
        None => (String::new(), authority),
    };
    let hosts = hosts.split(',').map(|host| format!("{user}{host}"));
    Some(Parts {
        scheme,
        kind,
        hosts: hosts.collect(),
        path: path.split('/').filter(|part| !part.is_empty()).collect(),
    })
}

impl Target {
    /// Of an endpoint; nothing is connected yet.
    pub(super) fn of(endpoint: &Endpoint, settings: &RedisSettings) -> Result<Self, StoreError> {
        let parts = parts(&endpoint.url);
        let parts = parts.ok_or_else(|| wrong("is not a URL of Redis"))?;
        if parts.scheme == "rediss" {
            // Fails when another part of the process was first, which is as good.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        let made = match parts.kind {
            Kind::Server => return server(endpoint).map(Box::new).map(Self::Server),
            Kind::Sentinels => sentinels(endpoint, &parts)?.map(Self::Sentinels),
            Kind::Cluster => cluster(endpoint, &parts, settings)?.map(Self::Cluster),
        };
        made.map_err(|error| refused(endpoint, &error))
    }

    /// A new connection.
    pub(super) async fn dial(&self, settings: &RedisSettings) -> Result<Line, RedisError> {
        let config = settings.connection();
        Ok(match self {
            Self::Server(client) => {
                let dialled = client.get_multiplexed_async_connection_with_config(&config);
                Line::One(dialled.await?)
            }
            Self::Sentinels(sentinels) => {
                let mut sentinels = sentinels.lock().await;
                let dialled = sentinels.get_async_connection_with_config(&config);
                Line::One(dialled.await?)
            }
            Self::Cluster(client) => Line::Many(client.get_async_connection().await?),
        })
    }
}

fn wrong(why: &str) -> StoreError {
    StoreError::Refused(format!(
        "the cache's address {why}: expected redis://HOST:PORT/DB, \
         redis+sentinel://HOST:PORT,HOST:PORT/MASTER/DB or redis+cluster://HOST:PORT,HOST:PORT, or \
         the same with rediss"
    ))
}

fn refused(endpoint: &Endpoint, error: &RedisError) -> StoreError {
    let text = format!("can't prepare a connection: {error}");
    StoreError::Refused(endpoint.redact(text))
}

/// What a URL of one server says, with user and password of the settings.
fn read(endpoint: &Endpoint, url: &str) -> Result<ConnectionInfo, StoreError> {
    let info = url
        .into_connection_info()
        .map_err(|_| wrong("is not a URL of Redis"))?;
    let mut redis = info.redis_settings().clone();
    if redis.password().is_some() {
        return Err(wrong(
            "holds a password, which belongs into its own setting",
        ));
    }
    if let Some(username) = &endpoint.username {
        redis = redis.set_username(username);
    }
    if let Some(password) = &endpoint.password {
        redis = redis.set_password(password);
    }
    Ok(info.set_redis_settings(redis).set_tcp_settings(tcp()))
}

/// The library waits for the kernel to gather small packets unless told otherwise.
fn tcp() -> TcpSettings {
    TcpSettings::default().set_nodelay(true)
}

fn certificates(endpoint: &Endpoint) -> TlsCertificates {
    TlsCertificates {
        client_tls: None,
        root_cert: endpoint.roots.clone(),
    }
}

fn server(endpoint: &Endpoint) -> Result<Client, StoreError> {
    let info = read(endpoint, &endpoint.url)?;
    let client = if endpoint.url.starts_with("rediss:") {
        Client::build_with_tls(info, certificates(endpoint))
    } else {
        Client::open(info)
    };
    client.map_err(|error| refused(endpoint, &error))
}

type Made<T> = Result<Result<Box<T>, RedisError>, StoreError>;

fn sentinels(endpoint: &Endpoint, parts: &Parts<'_>) -> Made<Mutex<SentinelClient>> {
    let (master, database) = match parts.path[..] {
        [master] => (master, 0),
        [master, database] => {
            let number = database.parse();
            (master, number.map_err(|_| wrong("names no database"))?)
        }
        _ => return Err(wrong("names no master")),
    };
    let mut addresses = Vec::new();
    for host in &parts.hosts {
        let bare = host.rsplit('@').next().unwrap_or(host);
        let port = if has_port(bare) {
            String::new()
        } else {
            format!(":{SENTINEL}")
        };
        let info = read(endpoint, &format!("{}://{host}{port}", parts.scheme))?;
        addresses.push(info);
    }
    let servers = addresses.first().map(|info| info.redis_settings().clone());
    let addresses = addresses.iter().map(|info| info.addr().clone());
    let made = SentinelClientBuilder::new(addresses, master, SentinelServerType::Master);
    Ok(made.and_then(|mut builder| {
        builder = builder
            .set_client_to_redis_db(database)
            .set_client_to_redis_tcp_settings(tcp());
        if let Some(user) = servers.as_ref().and_then(|info| info.username()) {
            builder = builder.set_client_to_redis_username(user);
        }
        if let Some(password) = &endpoint.password {
            builder = builder.set_client_to_redis_password(password);
        }
        if parts.scheme == "rediss" {
            builder = builder
                .set_client_to_redis_tls_mode(TlsMode::Secure)
                .set_client_to_redis_certificates(certificates(endpoint))
                .set_client_to_sentinel_tls_mode(TlsMode::Secure)
                .set_client_to_sentinel_certificates(certificates(endpoint));
        }
        builder.build().map(Mutex::new).map(Box::new)
    }))
}

fn has_port(host: &str) -> bool {
    // An address of version 6 stands in brackets.
    let last = host.rsplit(']').next().unwrap_or(host);
    last.contains(':')
}

fn cluster(
    endpoint: &Endpoint,
    parts: &Parts<'_>,
    settings: &RedisSettings,
) -> Made<ClusterClient> {
    if !parts.path.is_empty() {
        return Err(wrong("names a database, and a cluster has only one"));
    }
    let mut nodes = Vec::new();
    for host in &parts.hosts {
        nodes.push(read(endpoint, &format!("{}://{host}", parts.scheme))?);
    }
    let mut builder = ClusterClient::builder(nodes)
        .retries(CLUSTER_TRIES)
        .connection_timeout(settings.connect_timeout)
        .response_timeout(settings.answer_timeout)
        .tcp_settings(tcp());
    if parts.scheme == "rediss" {
        builder = builder.certs(certificates(endpoint));
    }
    Ok(builder.build().map(Box::new))
}

/// A connection; clones share it.
#[derive(Clone)]
pub(super) enum Line {
    One(MultiplexedConnection),
    Many(ClusterConnection),
}

/// A server that holds a part of the keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shard {
    /// The only one.
    Whole,
    /// A master of a cluster.
    At(String, u16),
}

impl Line {
    /// Every server that holds keys.
    pub(super) async fn shards(&mut self) -> Result<Vec<Shard>, RedisError> {
        let Self::Many(cluster) = self else {
            return Ok(vec![Shard::Whole]);
        };
        let mut ask = redis::cmd("CLUSTER");
        let ranges: Vec<Value> = ask.arg("SLOTS").query_async(cluster).await?;
        let masters: BTreeMap<(String, u16), ()> = ranges
            .iter()
            .filter_map(master)
            .map(|master| (master, ()))
            .collect();
        let masters = masters.into_keys();
        Ok(masters.map(|(host, port)| Shard::At(host, port)).collect())
    }

    /// A command for one of them.
    pub(super) async fn ask_shard(&mut self, shard: &Shard, ask: Cmd) -> Result<Value, RedisError> {
        match (self, shard) {
            (Self::Many(cluster), Shard::At(host, port)) => {
                let (host, port) = (host.clone(), *port);
                let there = SingleNodeRoutingInfo::ByAddress { host, port };
                let routing = RoutingInfo::SingleNode(there);
                cluster.route_command(ask, routing).await
            }
            (line, _) => ask.query_async(line).await,
        }
    }
}

/// Who answers for a range of slots: it stands third, before its replicas.
fn master(range: &Value) -> Option<(String, u16)> {
    let Value::Array(range) = range else {
        return None;
    };
    let Some(Value::Array(node)) = range.get(2) else {
        return None;
    };
    let host: String = redis::from_redis_value(node.first()?.clone()).ok()?;
    let port: u16 = redis::from_redis_value(node.get(1)?.clone()).ok()?;
    Some((host, port))
}

impl ConnectionLike for Line {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::One(line) => line.req_packed_command(command),
            Self::Many(line) => line.req_packed_command(command),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::One(line) => line.req_packed_commands(pipeline, offset, count),
            Self::Many(line) => line.req_packed_commands(pipeline, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::One(line) => line.get_db(),
            Self::Many(line) => line.get_db(),
        }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Server(_) => "Server",
            Self::Sentinels(_) => "Sentinels",
            Self::Cluster(_) => "Cluster",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(url: &str) -> Result<Target, StoreError> {
        Target::of(&Endpoint::at(url), &RedisSettings::at(url))
    }

    #[test]
    fn a_url_is_taken_apart() {
        let parts = parts("rediss+sentinel://ann@a:1,[::1]:2,c/main/3").unwrap();
        assert_eq!((parts.scheme, parts.kind), ("rediss", Kind::Sentinels));
        assert_eq!(parts.hosts, ["ann@a:1", "ann@[::1]:2", "ann@c"]);
        assert_eq!(parts.path, ["main", "3"]);
        assert!(has_port("[::1]:2") && !has_port("[::1]") && !has_port("c"));
        let alone = super::parts("redis://h").unwrap();
        assert_eq!((alone.kind, alone.path.len()), (Kind::Server, 0));
    }

    #[test]
    fn every_form_is_accepted() {
        for (url, form) in [
            ("redis://h:1/2", "Server"),
            ("rediss://h", "Server"),
            ("redis+sentinel://a,b:2/main", "Sentinels"),
            ("rediss+sentinel://a:1,b:2/main/3", "Sentinels"),
            ("redis+cluster://a:1,b:2/", "Cluster"),
            ("rediss+cluster://a", "Cluster"),
        ] {
            assert_eq!(format!("{:?}", target(url).unwrap()), form, "{url}");
        }
    }

    #[test]
    fn a_wrong_address_is_named_without_what_is_in_it() {
        for (url, says) in [
            ("redis://:hush@host:1/0", "its own setting"),
            ("redis+cluster://u:hush@a:1,b:2", "its own setting"),
            ("redis+cluster://a:1,b:2/3", "only one"),
            ("redis+sentinel://a:1,b:2", "names no master"),
            ("redis+sentinel://a:1/main/hush", "names no database"),
            ("redis+hush://a", "not a URL of Redis"),
            ("http://user:hush@host", "not a URL of Redis"),
            ("", "not a URL of Redis"),
        ] {
            let error = target(url).unwrap_err().to_string();
            assert!(error.contains(says) && !error.contains("hush"), "{error}");
        }
    }
}
