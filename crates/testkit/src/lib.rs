//! What the tests of several crates need.

mod port;

pub use port::free_port;
