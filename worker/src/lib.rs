//! Turns one job into one outcome.
//!
//! Reading order: [`environment`] (worlds that tools act on; pure), [`domains`] (what a domain
//! offers), [`rules`] (executable policy), [`dialogue`] (who speaks next and what was meant),
//! [`scoring`] (what a conversation earns), [`participants`] (users and agents), [`language`] (their
//! words), [`chat`] and [`roles`] (models over a network, and what they do), then the stages: [`explore`], [`synthesize`], [`proof`],
//! put together in [`stages`] and done by the [`executor`], the only loop. [`workload`] is work for
//! measuring.

pub mod blocking;
pub mod chat;
pub mod dialogue;
pub mod domains;
pub mod environment;
pub mod executor;
pub mod explore;
pub mod language;
pub mod metered;
pub mod participants;
pub mod perform;
pub mod process;
pub mod proof;
pub mod roles;
pub mod rules;
pub mod scoring;
pub mod serve;
pub mod services;
pub mod stages;
pub mod supervised;
pub mod synthesize;
pub mod workload;
pub mod worlds;
