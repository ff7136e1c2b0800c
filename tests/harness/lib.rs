//! What the end-to-end tests share.

#[path = "../chaos/mod.rs"]
pub mod chaos;
pub mod collector;
pub mod endpoint;
pub mod fleet;
pub mod fuzz;
pub mod http;
pub mod outcomes;
pub mod report;
pub mod services;
#[path = "../sim/mod.rs"]
pub mod sim;
