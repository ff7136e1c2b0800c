//! What every process of the project needs beside its work: stopping, logs and traces, metrics, a port to
//! ask how it is. Both binaries use it; nothing here knows jobs.

pub mod health;
pub mod lifecycle;
pub mod metrics;
pub mod secret;
pub mod telemetry;
pub mod tls;
