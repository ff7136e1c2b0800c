//! One door to all endpoints.

use bytes::Bytes;
use proto::record::{Endpoint, Protocol};

use super::http::Http;
use super::key::Environment;
use super::program::Programs;
use super::{Answer, Fault, read};

/// Asks endpoints. One of it is enough for a process: requests share its connections.
#[derive(Debug)]
pub struct Client {
    http: Http,
    programs: Programs,
}

impl Default for Client {
    fn default() -> Self {
        Self::new(Box::new(|name| std::env::var(name).ok()))
    }
}

impl Client {
    /// One that finds its keys in this environment.
    pub fn new(environment: Box<Environment>) -> Self {
        Self {
            http: Http::new(environment),
            programs: Programs::default(),
        }
    }

    /// Whether this process has the key of that name.
    ///
    /// # Errors
    /// When it has not.
    pub fn has_key(&self, name: &str) -> Result<(), Fault> {
        self.http.has_key(name)
    }

    /// Sends the bytes of a request to the endpoint. The answer is one to keep: it holds a reply, or says
    /// that the conversation outgrew the model's context, and [`read`] tells which.
    ///
    /// # Errors
    /// When there is no such answer.
    pub async fn ask(&self, endpoint: &Endpoint, body: &Bytes) -> Result<Answer, Fault> {
        let (answer, wait) = match endpoint.protocol {
            Protocol::OpenAi | Protocol::Anthropic | Protocol::Service => {
                self.http.post(endpoint, body).await?
            }
            Protocol::Program => (self.programs.ask(endpoint, body).await?, None),
        };
        match read(endpoint.protocol, &answer) {
            Ok(_) | Err(Fault::Overflow(_)) => Ok(answer),
            Err(fault) => Err(fault.after(wait)),
        }
    }
}
