//! Addresses with credentials in them, which nothing prints by accident.

use std::fmt;
use std::str::FromStr;

use url::Url;

/// What stands in place of a secret.
const HIDDEN: &str = "***";

/// A URL that may hold credentials. `Debug` and `Display` hide them, and the values of its query, which
/// may hold some as well; only [`expose`](Self::expose) tells, to whoever connects.
///
/// One whose scheme has a `+`, as `redis+cluster`, may name several hosts, separated by commas.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretUrl {
    /// With the first of its hosts.
    url: Url,
    /// What it is when there are more.
    several: Option<Box<Several>>,
}

/// A URL with several hosts.
#[derive(Clone, PartialEq, Eq)]
struct Several {
    /// The hosts but the first, with their ports.
    more: Vec<String>,
    /// All of it.
    text: String,
}

/// Why a text is no URL. It does not repeat the text, which may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// It does not parse.
    #[error(
        "not a URL ({0}); write SCHEME://USER:PASSWORD@HOST:PORT, with special characters of a password percent-encoded"
    )]
    Malformed(url::ParseError),
    /// It names no host.
    #[error("a URL of scheme `{0}` without a host; write SCHEME://HOST:PORT")]
    Hostless(String),
}

impl SecretUrl {
    /// The URL with its credentials.
    pub fn expose(&self) -> &str {
        match &self.several {
            Some(several) => &several.text,
            None => self.url.as_str(),
        }
    }

    /// Scheme, as in `amqps`.
    pub fn scheme(&self) -> &str {
        self.url.scheme()
    }

    /// Host, as in `broker.example`.
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// Port, if one is named.
    pub fn port(&self) -> Option<u16> {
        self.url.port()
    }

    /// Whether a user or a password is in it.
    pub fn has_credentials(&self) -> bool {
        !self.url.username().is_empty() || self.url.password().is_some()
    }

    /// The URL with what may be secret hidden. A user name alone may be a token, so it is hidden, too.
    fn redacted(&self) -> String {
        let mut text = format!("{}://", self.url.scheme());
        match (self.url.username(), self.url.password()) {
            ("", None) => {}
            (_, None) => text.push_str(&format!("{HIDDEN}@")),
            (user, Some(_)) => text.push_str(&format!("{user}:{HIDDEN}@")),
        }
        text.push_str(self.host());
        if let Some(port) = self.url.port() {
            text.push_str(&format!(":{port}"));
        }
        for host in self.several.iter().flat_map(|several| &several.more) {
            text.push_str(&format!(",{host}"));
        }
        text.push_str(self.url.path());
        let names = self
            .url
            .query_pairs()
            .map(|(name, _)| format!("{name}={HIDDEN}"));
        let query: Vec<String> = names.collect();
        if !query.is_empty() {
            text.push('?');
            text.push_str(&query.join("&"));
        }
        text
    }
}

impl FromStr for SecretUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let (first, more) = apart(text.trim());
        let url = with_host(&first)?;
        let scheme = url.scheme();
        for host in &more {
            // Read for its faults alone.
            with_host(&format!("{scheme}://{host}"))?;
        }
        let text = text.trim().to_owned();
        let several = (!more.is_empty()).then(|| Box::new(Several { more, text }));
        Ok(Self { url, several })
    }
}

fn with_host(text: &str) -> Result<Url, UrlError> {
    let url = Url::parse(text).map_err(UrlError::Malformed)?;
    match url.host_str() {
        Some(host) if !host.is_empty() => Ok(url),
        _ => Err(UrlError::Hostless(url.scheme().to_owned())),
    }
}

/// The URL with the first of its hosts, and the other hosts.
fn apart(text: &str) -> (String, Vec<String>) {
    let Some((scheme, rest)) = text.split_once("://").filter(|(it, _)| it.contains('+')) else {
        return (text.to_owned(), Vec::new());
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let hosts = authority.rfind('@').map_or(0, |at| at + 1);
    let (user, hosts) = authority.split_at(hosts);
    let mut hosts = hosts.split(',').map(str::to_owned);
    let first = hosts.next().unwrap_or_default();
    (format!("{scheme}://{user}{first}{path}"), hosts.collect())
}

impl fmt::Display for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretUrl({})", self.redacted())
    }
}

/// A text, such as a library's error, with the credentials of every URL in it hidden. Whatever stands
/// before the last `@` of a URL counts as such, since a password may hold a raw `/`.
pub fn redacted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + "://".len());
        out.push_str(before);
        let end = after
            .find(|char: char| char.is_whitespace() || matches!(char, '"' | '\'' | '<' | '>'))
            .unwrap_or(after.len());
        rest = match after[..end].rfind('@') {
            Some(sign) => {
                out.push_str(HIDDEN);
                &after[sign..]
            }
            None => after,
        };
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn prints_everything_but_the_secrets() {
        for (url, shown) in [
            (
                "amqp://guest:pa%20ss@broker:5672/t2t",
                "amqp://guest:***@broker:5672/t2t",
            ),
            ("redis://:word@[::1]:6379/0", "redis://:***@[::1]:6379/0"),
            (
                "https://sk-token@api.example/v1",
                "https://***@api.example/v1",
            ),
            (
                "https://api.example/v1?key=abc&n=2",
                "https://api.example/v1?key=***&n=***",
            ),
            ("http://collector:4318", "http://collector:4318/"),
            ("amqp://broker", "amqp://broker"),
            (
                "redis+cluster://a:1,[::1]:2,c",
                "redis+cluster://a:1,[::1]:2,c",
            ),
            (
                "rediss+sentinel://ann:pass@a:1,b:2/main/3",
                "rediss+sentinel://ann:***@a:1,b:2/main/3",
            ),
        ] {
            let secret: SecretUrl = url.parse().unwrap();
            assert_eq!(secret.to_string(), shown);
            assert_eq!(format!("{secret:?}"), format!("SecretUrl({shown})"));
            assert!(secret.expose().starts_with(url));
        }
    }

    #[test]
    fn an_error_does_not_repeat_the_text() {
        for (text, error) in [
            ("amqp://user:pass@:5672", "not a URL"),
            ("user:pass", "a URL of scheme `user` without a host"),
            ("", "not a URL"),
            ("redis:///0", "a URL of scheme `redis` without a host"),
            ("redis+cluster://u:pass@a:1,,b", "a URL of scheme"),
            ("redis+cluster://u:pass@a:1,b:port", "not a URL"),
            ("redis://a:1,b:2", "not a URL"),
        ] {
            let said = text.parse::<SecretUrl>().unwrap_err().to_string();
            assert!(said.starts_with(error), "{text}: {said}");
            assert!(!said.contains("pass@") && !said.contains(":pass"), "{said}");
        }
    }

    #[test]
    fn hides_credentials_within_a_text() {
        for (text, shown) in [
            (
                "no route to amqp://u:p@h:1/v, gave up",
                "no route to amqp://***@h:1/v, gave up",
            ),
            ("a://x b://y:p@z", "a://x b://***@z"),
            (
                "mail me@example.org via http://h",
                "mail me@example.org via http://h",
            ),
            ("http://u:p@ss@h/", "http://***@h/"),
            ("\"redis://:p/w@h/0\"", "\"redis://***@h/0\""),
        ] {
            assert_eq!(redacted(text), shown);
        }
    }

    proptest! {
        #[test]
        fn no_password_gets_through(password in "[a-zA-Z0-9]{12,20}", user in "[a-z]{1,8}") {
            let bare = format!("amqp://{user}:{password}@host/v");
            let url: SecretUrl = format!("{bare}?p={password}").parse().unwrap();
            let printed = format!("{url} {url:?} {}", redacted(&format!("no {bare} here")));
            prop_assert!(!printed.contains(&password), "{}", printed);
            prop_assert!(url.expose().contains(&password));
        }
    }
}
