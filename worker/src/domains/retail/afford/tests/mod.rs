//! Goals over a seeded population.

mod benchmark;
mod blocked;
mod changes;
mod near;
mod questions;
pub(super) mod shop;
mod wished;
mod writes;
