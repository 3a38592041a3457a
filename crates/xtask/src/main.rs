//! Filled in the next commits.
fn main() {}
