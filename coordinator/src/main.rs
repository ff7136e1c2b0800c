//! t2t
fn main() {}
