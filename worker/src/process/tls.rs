//! The one implementation of cryptography that every TLS connection of a process uses.

/// Makes `ring` the process's provider of cryptography. Call it before a client is made; calling it
/// again changes nothing.
pub fn use_ring() {
    // An error means that the process has its provider already.
    drop(rustls::crypto::ring::default_provider().install_default());
}
