//! t2t-worker
fn main() {}
