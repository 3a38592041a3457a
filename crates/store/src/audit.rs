//! The audit log's chain: each entry is sealed with the hash of the one before, so that what was changed,
//! removed or put in between is found, and its place is named.
//!
//! The seal of entry *n* is the BLAKE3 hash of: the seal of entry *n − 1* (32 bytes), the number *n* and
//! the time in microseconds since 1970 (8 bytes each, the highest first), and the entry's bytes. Before
//! the first entry stands number 0 with a seal of zeros.
//!
//! The ends of the chain are kept beside the entries ([`AuditEnds`]): whoever cuts entries off the new end
//! must forge them, too. Whoever can do both can write the whole log anew; that is found only by a seal
//! that was noted elsewhere, which is why the program tells it daily to its log and why [`check`] takes one.
//!
//! Not supported: signatures. A key on the same disk would protect nothing that the hash does not.

use klinke_model::Timestamp;

use crate::{Result, Store};

/// Entries read at a time when the chain is checked.
const PAGE: usize = 1_000;
/// The most faults told.
const FAULTS_MAX: usize = 100;

/// A place in the chain: an entry's number and its seal. The default stands before the first entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seal {
    /// The entry's number.
    pub id: u64,
    /// The hash over it and all before it.
    pub hash: [u8; 32],
}

impl Seal {
    /// The seal of the entry that follows this one.
    pub fn next(&self, at: Timestamp, entry: &[u8]) -> Seal {
        let id = self.id + 1;
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.hash).update(&id.to_be_bytes()).update(&at.0.to_be_bytes()).update(entry);
        Seal { id, hash: *hasher.finalize().as_bytes() }
    }
}

/// Prints as `17:0a1b…`, the whole hash.
impl std::fmt::Display for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.id, blake3::Hash::from_bytes(self.hash).to_hex())
    }
}

impl std::str::FromStr for Seal {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let wrong = || "a seal is a number, a colon and 64 hexadecimal digits".to_owned();
        let (id, hash) = text.split_once(':').ok_or_else(wrong)?;
        let hash = blake3::Hash::from_hex(hash).map_err(|_| wrong())?;
        Ok(Seal { id: id.parse().map_err(|_| wrong())?, hash: *hash.as_bytes() })
    }
}

/// One entry of the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord {
    /// Its number and seal.
    pub seal: Seal,
    /// When it was made.
    pub at: Timestamp,
    /// What its maker wrote.
    pub entry: Vec<u8>,
}

/// Where the audit log begins and ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuditEnds {
    /// The last entry that was removed as too old; the oldest one kept follows it.
    pub start: Seal,
    /// The newest entry.
    pub head: Seal,
}

impl AuditEnds {
    /// As bytes: number and hash of the start, then of the head.
    pub fn to_bytes(&self) -> Vec<u8> {
        let one = |seal: &Seal| [&seal.id.to_be_bytes()[..], &seal.hash].concat();
        [one(&self.start), one(&self.head)].concat()
    }

    /// The inverse of [`AuditEnds::to_bytes`].
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let one = |bytes: &[u8]| {
            let (id, hash) = bytes.split_first_chunk::<8>()?;
            Some(Seal { id: u64::from_be_bytes(*id), hash: hash.try_into().ok()? })
        };
        let (start, head) = bytes.split_at_checked(40)?;
        Some(AuditEnds { start: one(start)?, head: one(head)? })
    }
}

/// Which entries of the audit log. An empty query finds all, the oldest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// Made at or after.
    pub from: Option<Timestamp>,
    /// Made before.
    pub until: Option<Timestamp>,
    /// Above this number (below it with `newest_first`): for paging.
    pub beyond: Option<u64>,
    /// Newest first instead of oldest first.
    pub newest_first: bool,
    /// At most so many; 0 means 50.
    pub limit: usize,
}

impl AuditQuery {
    /// At most so many.
    pub fn lines(&self) -> usize {
        if self.limit == 0 { 50 } else { self.limit }
    }
}

/// Reads the whole chain; gives how many entries it has, and what is wrong with it. `noted` is a seal that
/// was told earlier: the entry of its number must have it still.
pub fn check(store: &dyn Store, noted: Option<Seal>) -> Result<(u64, Vec<String>)> {
    let ends = store.audit_ends()?;
    let mut checker = Checker::new(ends, noted);
    loop {
        let query = AuditQuery { beyond: Some(checker.read), limit: PAGE, ..AuditQuery::default() };
        let page = store.audit(&query)?;
        if page.is_empty() || checker.faults.len() >= FAULTS_MAX {
            return Ok(checker.end());
        }
        page.iter().for_each(|record| checker.next(record));
    }
}

/// Checks a chain entry by entry, the oldest first.
pub struct Checker {
    ends: AuditEnds,
    noted: Option<Seal>,
    before: Seal,
    read: u64,
    count: u64,
    faults: Vec<String>,
}

impl Checker {
    /// Begins at the chain's start.
    pub fn new(ends: AuditEnds, noted: Option<Seal>) -> Self {
        Checker { ends, noted, before: ends.start, read: 0, count: 0, faults: Vec::new() }
    }

    /// The next entry.
    pub fn next(&mut self, record: &AuditRecord) {
        let id = record.seal.id;
        self.read = id;
        self.count += 1;
        if id <= self.before.id {
            self.faults.push(format!("entry {id} should not be there: the chain begins after it"));
            return;
        }
        if id > self.before.id + 1 {
            let (first, last) = (self.before.id + 1, id - 1);
            self.faults.push(match first == last {
                true => format!("entry {first} is missing"),
                false => format!("entries {first} to {last} are missing"),
            });
        } else if self.before.next(record.at, &record.entry).hash != record.seal.hash {
            self.faults.push(format!("the chain breaks at entry {id}: it or the seal before it was changed"));
        }
        if let Some(noted) = self.noted.filter(|noted| noted.id == id && noted.hash != record.seal.hash) {
            self.faults.push(format!("entry {} has not the seal that was noted of it", noted.id));
        }
        self.before = record.seal;
    }

    /// How many entries there were, and what is wrong.
    pub fn end(mut self) -> (u64, Vec<String>) {
        let (last, head) = (self.before, self.ends.head);
        if last.id < head.id {
            let (first, gone) = (last.id + 1, head.id - last.id);
            self.faults.push(format!("entry {first} and all after it are missing: {gone} of them"));
        } else if last != head {
            self.faults.push(format!("entry {} is not the one that was written last", last.id));
        }
        if let Some(noted) = self.noted.filter(|noted| noted.id > last.id.max(head.id)) {
            self.faults.push(format!("entry {}, whose seal was noted, is missing", noted.id));
        }
        (self.count, self.faults)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_and_seals_can_be_read_again() {
        let head = Seal::default().next(Timestamp(5), b"a").next(Timestamp(6), b"b");
        let ends = AuditEnds { start: Seal::default(), head };
        assert_eq!(AuditEnds::from_bytes(&ends.to_bytes()), Some(ends));
        assert_eq!(head.to_string().parse(), Ok(head));
        assert!("2".parse::<Seal>().is_err() && "2:00".parse::<Seal>().is_err());
        assert_eq!(AuditEnds::from_bytes(b"short"), None);
    }

    /// The seal is what the module's head says, worked out by hand.
    #[test]
    fn a_seal_is_the_hash_of_all_four() {
        let mut bytes = vec![0; 32];
        bytes.extend(1u64.to_be_bytes());
        bytes.extend(5i64.to_be_bytes());
        bytes.extend(b"log-in");
        assert_eq!(Seal::default().next(Timestamp(5), b"log-in").hash, *blake3::hash(&bytes).as_bytes());
    }
}
