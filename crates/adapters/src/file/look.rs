//! Looks at a drop folder: which files are there, and which of them are whole.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::config::Order;

/// A file as one look shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) name: String,
    pub(super) bytes: u64,
    changed: Option<SystemTime>,
}

/// What earlier looks have shown.
#[derive(Debug, Default)]
pub(super) struct Looks {
    seen: HashMap<String, (Found, Instant)>,
}

/// Lists the files whose names match. What is no plain file is passed over: a link could lead out of
/// the folder. So are empty files, whose writers have not begun. Also tells how many have names that are
/// no UTF-8, which can't be taken. Blocking.
pub(super) fn list(folder: &Path, pattern: &str) -> io::Result<(Vec<Found>, usize)> {
    let (mut all, mut unnamed) = (Vec::new(), 0);
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else {
            unnamed += 1;
            continue;
        };
        if name.starts_with('.') || !matches(pattern.as_bytes(), name.as_bytes()) {
            continue;
        }
        // It may be gone already.
        let Ok(metadata) = entry.path().symlink_metadata() else { continue };
        if metadata.is_file() && metadata.len() > 0 {
            all.push(Found { name, bytes: metadata.len(), changed: metadata.modified().ok() });
        }
    }
    Ok((all, unnamed))
}

impl Looks {
    /// Takes what a look has shown and gives the files that have not changed for long enough, in order.
    pub(super) fn whole(
        &mut self,
        found: Vec<Found>,
        order: Order,
        stable: Duration,
        now: Instant,
    ) -> Vec<Found> {
        let mut seen = HashMap::new();
        let mut whole = Vec::new();
        for file in found {
            let since = match self.seen.remove(&file.name) {
                Some((before, since)) if before == file => {
                    if now >= since + stable {
                        whole.push(file.clone());
                    }
                    since
                }
                _ => now,
            };
            seen.insert(file.name.clone(), (file, since));
        }
        self.seen = seen;
        match order {
            Order::Name => whole.sort_by(|a, b| a.name.cmp(&b.name)),
            Order::Time => whole.sort_by(|a, b| (a.changed, &a.name).cmp(&(b.changed, &b.name))),
        }
        whole
    }
}

/// Whether a name matches a pattern of `*` and `?`.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    // Where the last `*` stands, and where in the name its next try begins.
    let (mut p, mut n, mut star) = (0, 0, None);
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p + 1, n));
                p += 1;
            }
            Some(&byte) if byte == b'?' || byte == name[n] => {
                p += 1;
                n += 1;
            }
            _ => match star {
                Some((after, from)) => {
                    p = after;
                    n = from + 1;
                    star = Some((after, n));
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&byte| byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, name, matched) in [
            ("*", "a.hl7", true),
            ("*.hl7", "a.hl7", true),
            ("*.hl7", "a.hl7.tmp", false),
            ("ADT-??.*", "ADT-01.txt", true),
            ("ADT-??.*", "ADT-1.txt", false),
            ("*a*b*", "xaxxbx", true),
            ("*a*b", "xaxxbx", false),
            ("", "a", false),
            ("a", "a", true),
        ] {
            assert_eq!(matches(pattern.as_bytes(), name.as_bytes()), matched, "{pattern} {name}");
        }
        assert!(!matches(b"*a*a*a*a*a*a*a*b", &[b'a'; 5000]), "no name takes long");
    }

    #[test]
    fn a_file_is_whole_when_it_has_not_changed() {
        let file = |name: &str, bytes, seconds| Found {
            name: name.to_owned(),
            bytes,
            changed: Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)),
        };
        let names = |found: Vec<Found>| found.into_iter().map(|one| one.name).collect::<Vec<_>>();
        let (start, stable) = (Instant::now(), Duration::from_secs(1));
        let mut looks = Looks::default();
        let mut look = |found: &[Found], after, order| {
            names(looks.whole(found.to_vec(), order, stable, start + Duration::from_millis(after)))
        };
        let (a, b) = (file("a", 1, 9), file("b", 1, 5));
        assert!(look(&[b.clone(), a.clone()], 0, Order::Name).is_empty());
        assert!(look(&[b.clone(), a.clone()], 500, Order::Name).is_empty());
        assert_eq!(look(&[b.clone(), a.clone()], 1000, Order::Name), ["a", "b"]);
        assert_eq!(look(&[b.clone(), a.clone()], 1100, Order::Time), ["b", "a"]);
        assert_eq!(look(&[file("a", 2, 9), b.clone()], 1200, Order::Name), ["b"], "a has grown");
        assert_eq!(look(&[file("a", 2, 9), b], 2200, Order::Name), ["a", "b"]);
        assert!(look(&[], 2300, Order::Name).is_empty());
        assert!(look(&[a], 9000, Order::Name).is_empty(), "it came again: it is new");
    }
}
