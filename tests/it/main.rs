//! End-to-end tests, one module for each promise.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on fails, in its helping functions too"
)]

mod amqp;
mod arrows;
mod budget;
mod chaos;
mod chromium;
mod cli;
mod cost;
mod dataset_loads;
mod dispatch;
mod endpoint;
mod fleet;
mod frozen;
mod fuzz;
mod golden_wire;
mod health;
mod hearing;
mod heldout;
mod layout;
mod misbehaviour;
mod operations;
mod paper;
mod pipeline;
mod promtool;
mod recording;
mod redis;
mod report;
mod requests;
mod retail_conformance;
mod roles;
mod services;
mod sim;
mod small_model;
mod telemetry;
mod tls;
