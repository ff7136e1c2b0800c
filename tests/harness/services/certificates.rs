//! Certificates for services with TLS: an authority of the test's own, and what it signs for the loopback.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::installed;

const OPENSSL: &str = "/usr/bin/openssl";
/// Days that a certificate holds.
const DAYS: &str = "2";
const NAMES: &str = "subjectAltName=IP:127.0.0.1,DNS:localhost\n";

/// An authority with a certificate that it signed, both gone with this.
#[derive(Debug)]
pub struct Certificates {
    folder: TempDir,
}

impl Certificates {
    /// Makes an authority and a certificate; none where there is no openssl.
    pub fn make() -> Option<Self> {
        if !installed(OPENSSL, "openssl") {
            return None;
        }
        let folder = TempDir::with_prefix("t2t-certificates-").expect("a folder");
        let made = Self { folder };
        let at = made.folder.path();
        fs::write(at.join("names"), NAMES).expect("a file");
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
        let authority = "-keyout ca.key -out ca.pem -subj /CN=authority";
        openssl(at, &format!("req -x509 {key} {authority} -days {DAYS}"));
        let request = "-keyout server.key -out server.csr -subj /CN=localhost";
        openssl(at, &format!("req {key} {request}"));
        let signed = "-CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem -extfile names";
        openssl(
            at,
            &format!("x509 -req -in server.csr {signed} -days {DAYS}"),
        );
        Some(made)
    }

    /// The certificate of the authority.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// The certificate of a server on the loopback.
    pub fn server(&self) -> PathBuf {
        self.folder.path().join("server.pem")
    }

    /// Its key.
    pub fn key(&self) -> PathBuf {
        self.folder.path().join("server.key")
    }
}

fn openssl(folder: &Path, line: &str) {
    let output = Command::new(OPENSSL)
        .args(line.split(' '))
        .current_dir(folder)
        .output()
        .expect("openssl starts");
    assert!(output.status.success(), "openssl {line}: {output:?}");
}
