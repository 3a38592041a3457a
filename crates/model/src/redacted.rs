//! A wrapper that keeps patient data out of logs, metrics, error texts and panics (promise 7).

use std::fmt;

/// A value that prints as `…` whatever it holds; [`Redacted::expose`] is the only way to it, and easy
/// to find in a review.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Redacted<T>(T);

impl<T> Redacted<T> {
    /// Wraps a value.
    pub fn new(value: T) -> Self {
        Redacted(value)
    }

    /// The value itself: for what leaves to a partner or an entitled person, never for a log.
    pub fn expose(&self) -> &T {
        &self.0
    }

    /// Gives the value up.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> fmt::Debug for Redacted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl<T> fmt::Display for Redacted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl<T> From<T> for Redacted<T> {
    fn from(value: T) -> Self {
        Redacted(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_nothing_of_its_value() {
        let name = Redacted::new("Mustermann");
        assert_eq!(format!("{name} {name:?}"), "… …");
        assert_eq!(*name.expose(), "Mustermann");
    }
}
