//! Turns one job into one outcome.
//!
//! Reading order: [`environment`] (worlds that tools act on; pure) and [`domains`].

pub mod domains;
pub mod environment;
