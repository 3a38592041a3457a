//! The engine's clock: given from outside, so that a test can turn it.

use std::fmt;
use std::sync::Arc;

use klinke_model::Timestamp;

/// Tells the time. Cheap to clone.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Clock(Arc::new(Timestamp::now))
    }

    /// A clock of one's own.
    pub fn from_fn(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Clock(Arc::new(now))
    }

    /// A clock that begins at `start` and goes on with the runtime's timer, which a test may pause.
    pub fn of_runtime(start: Timestamp) -> Self {
        let begin = tokio::time::Instant::now();
        Clock(Arc::new(move || start.after(begin.elapsed())))
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}
