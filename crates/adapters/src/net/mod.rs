//! The socket driver that every stream protocol shares.
//!
//! A protocol brings a [`Framing`] (where a message begins and ends in a stream of bytes) and, as a
//! source, a [`Handler`] (what to answer). The rest is the same for all and written once:
//!
//! | what | where |
//! |---|---|
//! | listening, the allow-list, the number of connections, an orderly end | [`listen`] |
//! | one connection of a source: read, take, answer in order, push back | [`exchange`] |
//! | connecting out | [`dial`] |
//! | one connection of a destination: kept, checked before use | [`mod@line`] |
//! | what a link does with it: connected when needed, closed after doubt | [`caller`] |
//! | HTTP as a client | [`request`] |
//! | limits and timeouts | [`limits`] |
//! | what the system knows of a connection | [`kernel`] |
//! | TLS, certificates and whom they stand for | [`tls`] |

mod address;
pub mod budget;
pub mod caller;
pub mod dial;
pub mod exchange;
mod framing;
pub mod kernel;
pub mod limits;
pub mod line;
pub mod listen;
mod pin;
mod proxy;
pub mod request;
mod said;
mod statistics;
mod stream;
pub mod tls;

pub use address::{Allow, Host};
pub use budget::Budget;
pub use exchange::{Answer, Handler, Work};
pub use framing::{Frame, FrameKind, Framing, FramingError};
pub use limits::Limits;
pub use statistics::{Memory, Secured, Snapshot, Statistics};
pub use stream::Stream;
pub use tls::{Acceptor, ClientTls, Fingerprint, ServerTls};
