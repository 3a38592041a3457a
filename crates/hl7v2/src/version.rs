//! Versions of the standard as MSH-12 names them.

/// Major, minor and patch of `2.3.1`; `None` when it is no version.
pub(crate) fn parse(text: &str) -> Option<(u8, u8, u8)> {
    let mut parts = text.trim().split('.');
    let mut next = || parts.next().map(str::parse::<u8>);
    let major = next()?.ok()?;
    let minor = next().unwrap_or(Ok(0)).ok()?;
    let patch = next().unwrap_or(Ok(0)).ok()?;
    next().is_none().then_some((major, minor, patch))
}

/// True when the version is known and not older than `major.minor`.
pub(crate) fn at_least(text: &str, major: u8, minor: u8) -> bool {
    parse(text).is_some_and(|(a, b, _)| (a, b) >= (major, minor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered() {
        assert!(at_least("2.5.1", 2, 5) && at_least("2.5", 2, 5) && at_least("2.8.2", 2, 5));
        assert!(!at_least("2.3.1", 2, 4) && !at_least("", 2, 1) && !at_least("D2", 2, 1));
        assert_eq!(parse("2.3.1"), Some((2, 3, 1)));
        assert_eq!((parse("2.3.1.4"), parse("2.x")), (None, None));
    }
}
