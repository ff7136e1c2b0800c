//! Where the port is, as a setting.

use std::fmt;
use std::io;
use std::net::TcpListener;
use std::str::FromStr;

/// Where to listen, if anywhere: `off` or `HOST:PORT`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Listen {
    /// Nowhere.
    #[default]
    Off,
    /// There; port 0 takes any free one.
    At {
        /// A name or an address of this machine.
        host: String,
        /// The port.
        port: u16,
    },
}

/// Why there is no port.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The setting makes no sense.
    #[error(
        "`{0}` is not an address to listen on; write HOST:PORT, as in 0.0.0.0:9464 or [::]:9464, or `off`"
    )]
    Malformed(String),
    /// Another process has it.
    #[error(
        "failed to listen on {0}: another process listens there; name another port with --listen, or port 0 for any free one"
    )]
    Taken(Listen),
    /// The system says no.
    #[error(
        "failed to listen on {listen}: {source}; name an address of this machine and a port that this user may use with --listen"
    )]
    Refused {
        /// Where.
        listen: Listen,
        /// What the system says.
        source: io::Error,
    },
    /// The server did not come up.
    #[error("failed to start the health server: {0}")]
    Server(io::Error),
}

impl Listen {
    /// Takes the port, so that a failure shows at once.
    pub(super) fn bind(&self) -> Result<Option<TcpListener>, ListenError> {
        let Self::At { host, port } = self else {
            return Ok(None);
        };
        let bound = TcpListener::bind((host.as_str(), *port)).and_then(|listener| {
            listener.set_nonblocking(true)?;
            Ok(listener)
        });
        bound.map(Some).map_err(|source| match source.kind() {
            io::ErrorKind::AddrInUse => ListenError::Taken(self.clone()),
            _ => ListenError::Refused {
                listen: self.clone(),
                source,
            },
        })
    }
}

impl FromStr for Listen {
    type Err = ListenError;

    fn from_str(text: &str) -> Result<Self, ListenError> {
        let malformed = || ListenError::Malformed(text.to_owned());
        if text == "off" {
            return Ok(Self::Off);
        }
        let (host, port) = text.rsplit_once(':').ok_or_else(malformed)?;
        let port = port.parse().map_err(|_| malformed())?;
        let bare = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        let host = bare.unwrap_or(host);
        // Without brackets, the last group of an IPv6 address would pass for a port.
        if host.is_empty() || (bare.is_none() && host.contains(':')) {
            return Err(malformed());
        }
        Ok(Self::At {
            host: host.to_owned(),
            port,
        })
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::At { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::At { host, port } => write!(f, "{host}:{port}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_reads_as_it_prints() {
        for text in ["off", "127.0.0.1:9464", "localhost:0", "[::1]:80"] {
            assert_eq!(text.parse::<Listen>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "9464",
            ":9464",
            "::1:80",
            "host:port",
            "host:70000",
            "OFF",
        ] {
            let error = text.parse::<Listen>().unwrap_err().to_string();
            assert!(error.starts_with(&format!("`{text}` is not")), "{error}");
        }
    }

    #[test]
    fn a_taken_port_is_named() {
        let held = TcpListener::bind("127.0.0.1:0").unwrap();
        let listen: Listen = held.local_addr().unwrap().to_string().parse().unwrap();
        let error = listen.bind().unwrap_err().to_string();
        let wanted = format!("failed to listen on {listen}: another process listens there");
        assert!(error.starts_with(&wanted), "{error}");
    }

    #[test]
    fn an_address_of_another_machine_is_refused() {
        let listen: Listen = "192.0.2.1:9464".parse().unwrap();
        let error = listen.bind().unwrap_err().to_string();
        assert!(
            error.starts_with("failed to listen on 192.0.2.1:9464: "),
            "{error}"
        );
    }
}
