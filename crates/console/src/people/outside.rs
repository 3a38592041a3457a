//! What people's log-ins need of the world outside: this crate opens no connection, the program does.

use std::future::Future;
use std::pin::Pin;

/// A request that goes out.
#[derive(Clone)]
pub struct Errand {
    /// The form that is posted; nothing is when there is none.
    pub form: Option<Vec<(&'static str, String)>>,
    /// Where to.
    pub url: String,
    /// The head `Authorization`, if there is one.
    pub authorization: Option<String>,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

/// What is to come.
pub type Coming<'a, T> = Pin<Box<dyn Future<Output = Result<T, String>> + Send + 'a>>;

/// Carries requests out over HTTP, and answers back. Whoever does it bounds the time and the size of an answer,
/// verifies certificates, and follows no redirection.
pub trait Outside: Send + Sync {
    /// Carries one. The error names the host alone.
    fn carry(&self, errand: Errand) -> Coming<'_, Reply>;
}
