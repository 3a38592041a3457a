//! The engine: channels, their steps, the lanes of their destinations. It knows no protocol.
//!
//! An envelope's way, and where each part of it is written:
//!
//! | what happens | where |
//! |---|---|
//! | an adapter hands bytes in and waits until they are kept | [`source`], `channel::intake` |
//! | the steps run, one envelope after the other | [`step`], [`document`], `channel::worker` |
//! | steps that need no code, and what they are built of | [`steps`], [`template`], [`table`] |
//! | the results lie in the lanes of their destinations | `lane::queue`, `lane::desk` |
//! | an adapter delivers, the answer becomes a disposition | [`link`], [`answers`], `lane::links` |
//!
//! A channel can feed another one in process ([`Engine::relay`]), and people stop, give up, revive and
//! send again (`operator`).
//!
//! [`Engine`] holds all channels of a site over one store.

pub mod answers;
mod channel;
mod circuit;
pub mod clock;
pub mod document;
mod engine;
mod fault;
mod lane;
pub mod link;
mod operator;
mod reads;
mod relay;
pub mod retry;
pub mod schedule;
pub mod script;
pub mod source;
pub mod step;
pub mod steps;
pub mod table;
pub mod template;
pub mod throttle;

pub use channel::fragments::FragmentReport;
pub use channel::spec;
pub use channel::work::{Made, Observer, Trial, Way};
pub use engine::{Applied, ChannelReport, Engine};
pub use fault::StartError;
pub use lane::desk::DeskReport;
pub use lane::trail::{Outage, Recent, Trail};
pub use operator::AgainError;
pub use reads::Reads;
pub use relay::HOPS_MAX;

/// A boxed future, as traits of adapters return it.
pub type BoxFuture<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;
