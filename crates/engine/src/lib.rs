//! The engine: channels, their steps, the lanes of their destinations. It knows no protocol.
//!
//! An envelope's way, and where each part of it is written:
//!
//! | what happens | where |
//! |---|---|
//! | an adapter hands bytes in and waits until they are kept | [`source`] |
//! | the steps run, one envelope after the other | [`step`], [`document`] |
//! | the results lie in the lanes of their destinations | [`lane`](crate::link) |
//! | an adapter delivers, the answer becomes a disposition | [`link`] |

pub mod clock;
pub mod document;
pub mod link;
pub mod script;
pub mod source;
pub mod step;

/// A boxed future, as traits of adapters return it.
pub type BoxFuture<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;
