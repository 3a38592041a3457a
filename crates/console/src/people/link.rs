//! Signed links to a study: whoever holds the key of a site's table `[console.links.NAME]` can make them, a RIS or
//! `klinke link`, and whoever follows one sees this study until it is over, without an account.
//!
//! ```text
//! /view?by=NAME&study=UID&until=SECONDS&for=WHOM&sig=SIGNATURE
//! /view?by=NAME&accession=NUMBER&until=SECONDS&for=WHOM&sig=SIGNATURE
//! ```
//!
//! The signature is HMAC-SHA256 (RFC 2104) in small hexadecimal digits over six lines with a line feed between them:
//! `klinke-view-1`, `by`, the word `study` or `accession`, its value, `until`, `for`. Values are those before they were
//! escaped for the address; the line of `for` is empty where there is none. `until` is in seconds since 1970.

use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::time::Duration;

use data_encoding::HEXLOWER;
use klinke_model::{Redacted, Timestamp};
use ring::hmac;

use super::secret::is_same;
use super::{Actor, People};
use crate::audit::Who;
use crate::page::escaped;

/// The shortest key, in bytes.
pub const KEY_BYTES_MIN: usize = 16;
/// The longest value of a link, in characters.
const VALUE_CHARS_MAX: usize = 128;

/// Who makes links: their key, and how long before its end a link may be made.
#[derive(Clone, Debug)]
pub struct Maker {
    key: Redacted<Vec<u8>>,
    longest: Duration,
}

impl Maker {
    /// With a key; the error says why it is none.
    pub fn new(key: &[u8], longest: Duration) -> Result<Maker, String> {
        if key.len() < KEY_BYTES_MIN {
            return Err(format!("a key of links has at least {KEY_BYTES_MIN} bytes"));
        }
        Ok(Maker { key: Redacted::new(key.to_vec()), longest })
    }
}

/// Makers by their names.
pub type Makers = BTreeMap<String, Maker>;

/// What a link leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum To {
    /// The study of this UID.
    Study(String),
    /// The studies of this accession number.
    Accession(String),
}

impl To {
    fn parts(&self) -> (&'static str, &str) {
        match self {
            To::Study(uid) => ("study", uid),
            To::Accession(number) => ("accession", number),
        }
    }
}

/// A link without its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Who made it.
    pub by: String,
    /// What it leads to.
    pub to: To,
    /// Until when it is good, in seconds since 1970.
    pub until: i64,
    /// Whom it was made for; may be empty.
    pub reader: String,
}

impl Link {
    /// The signature by a maker's key.
    pub fn signature(&self, maker: &Maker) -> String {
        let (what, value) = self.to.parts();
        let until = self.until.to_string();
        let text = ["klinke-view-1", &self.by, what, value, &until, &self.reader].join("\n");
        let key = hmac::Key::new(hmac::HMAC_SHA256, maker.key.expose());
        HEXLOWER.encode(hmac::sign(&key, text.as_bytes()).as_ref())
    }

    /// What stands behind the path of an address, signed.
    pub fn query(&self, maker: &Maker) -> String {
        let (what, value) = self.to.parts();
        format!("{what}={}&{}", escaped(value), self.tail(maker))
    }

    /// The same for an address whose path names the study.
    pub fn tail(&self, maker: &Maker) -> String {
        let reader = match self.reader.as_str() {
            "" => String::new(),
            reader => format!("&for={}", escaped(reader)),
        };
        format!("by={}&until={}{reader}&sig={}", escaped(&self.by), self.until, self.signature(maker))
    }

    /// Whether the values are what a link may hold: short, without line feeds that would move the lines of its text.
    fn is_plain(&self) -> bool {
        let value = self.to.parts().1;
        let is_short =
            |text: &str| text.chars().count() <= VALUE_CHARS_MAX && !text.contains(char::is_control);
        [self.by.as_str(), value, &self.reader].into_iter().all(is_short) && !value.is_empty()
    }
}

/// Of a query that carries a link to a study, what its pages carry on: maker, end, reader and signature.
pub fn tail_of(query: &str) -> String {
    let names = ["by", "until", "for", "sig"];
    let pairs = form_urlencoded::parse(query.as_bytes()).take(20);
    let kept = pairs.filter(|(name, _)| names.contains(&name.as_ref()));
    kept.map(|(name, value)| format!("{name}={}", escaped(&value))).collect::<Vec<_>>().join("&")
}

/// A link as somebody came with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// What it says.
    pub link: Link,
    /// Its signature.
    pub signature: String,
}

impl Given {
    /// Reads the query of an address; `study` is what its path names. Nothing where it carries no signature.
    pub fn read(query: &str, study: Option<&str>) -> Option<Given> {
        let pairs: BTreeMap<_, _> = form_urlencoded::parse(query.as_bytes()).take(20).collect();
        let get = |name: &str| pairs.get(name).map(|value| value.clone().into_owned());
        let signature = get("sig")?;
        let to = match (study.map(str::to_owned).or_else(|| get("study")), get("accession")) {
            (Some(study), _) => To::Study(study),
            (None, number) => To::Accession(number.unwrap_or_default()),
        };
        let until = get("until").and_then(|until| until.parse().ok()).unwrap_or(0);
        let (by, reader) = (get("by").unwrap_or_default(), get("for").unwrap_or_default());
        Some(Given { link: Link { by, to, until, reader }, signature })
    }
}

impl People {
    /// Takes over who may make links.
    pub fn set_makers(&self, makers: Makers) {
        *self.makers.write().unwrap_or_else(PoisonError::into_inner) = makers;
    }

    /// The maker whose signature a link has, while it is good: not over, and not for longer than its maker may promise.
    pub fn maker(&self, given: &Given) -> Option<Maker> {
        let maker =
            self.makers.read().unwrap_or_else(PoisonError::into_inner).get(&given.link.by).cloned()?;
        let right = given.link.signature(&maker);
        let until = Timestamp(given.link.until.checked_mul(1_000_000)?);
        let now = self.now();
        let is_good = is_same(&right, &given.signature) && given.link.is_plain();
        (is_good && now < until && until <= now.after(maker.longest)).then_some(maker)
    }

    /// Whoever comes with a link to a study, while it is good.
    pub fn of_link(&self, given: &Given, from: &str) -> Option<Actor> {
        self.maker(given)?;
        let To::Study(study) = &given.link.to else { return None };
        let reader = Some(given.link.reader.clone()).filter(|reader| !reader.is_empty());
        Some(Actor::linked(Who::link(&given.link.by, reader), from, study))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    use klinke_store::memory::MemoryStore;

    use super::*;
    use crate::audit::WhoKind;
    use crate::people::Right;
    use crate::people::session::Lengths;

    const KEY: &[u8] = b"0123456789abcdef0123456789abcdef";

    fn people(now: &Arc<AtomicI64>) -> People {
        let now = now.clone();
        let clock = Arc::new(move || Timestamp(now.load(Ordering::Relaxed) * 1_000_000));
        let people = People::with_clock(Arc::new(MemoryStore::default()), Lengths::default(), clock).unwrap();
        let maker = Maker::new(KEY, Duration::from_secs(3_600)).unwrap();
        people.set_makers([("ris".to_owned(), maker)].into());
        people
    }

    fn link() -> Link {
        let to = To::Study("1.2.3".to_owned());
        Link { by: "ris".to_owned(), to, until: 2_000, reader: "Dr. Größe".to_owned() }
    }

    #[test]
    fn the_signature_is_that_of_the_document() {
        let maker = Maker::new(KEY, Duration::from_secs(1)).unwrap();
        // printf 'klinke-view-1\nris\nstudy\n1.2.3\n2000\nDr. Größe' | openssl dgst -sha256 -hmac "$KEY"
        let right = "35ffbed7ad4ea966070ae8295df384e5f9a6047d9231ca8fec7f85f528795cc1";
        assert_eq!(link().signature(&maker), right);
        assert_eq!(
            link().query(&maker),
            format!("study=1.2.3&by=ris&until=2000&for=Dr.%20Gr%C3%B6%C3%9Fe&sig={right}")
        );
        assert!(!format!("{maker:?}").contains("0123"), "a key is never printed");
        assert!(Maker::new(b"short", Duration::from_secs(1)).is_err());
    }

    #[test]
    fn a_link_is_good_for_its_study_until_its_time() {
        let now = Arc::new(AtomicI64::new(1_000));
        let people = people(&now);
        let maker = Maker::new(KEY, Duration::from_secs(1)).unwrap();
        let query = link().query(&maker);
        let given = Given::read(&query, None).unwrap();
        let actor = people.of_link(&given, "10.0.0.7").unwrap();
        assert_eq!((actor.study.as_deref(), actor.who.kind), (Some("1.2.3"), WhoKind::Link));
        assert_eq!((actor.who.name.as_str(), actor.who.via.as_deref()), ("ris", Some("Dr. Größe")));
        assert!(!Right::ALL.into_iter().any(|right| actor.may_somewhere(right)));
        // The path names another study than the one that was signed.
        assert!(people.of_link(&Given::read(&query, Some("1.2.4")).unwrap(), "").is_none());
        for wrong in [
            query.replace("1.2.3", "1.2.4"),
            query.replace("until=2000", "until=2001"),
            query.replace("Dr.", "Prof."),
            query.replace("by=ris", "by=other"),
            query.replace("study=", "accession="),
            query[..query.len() - 1].to_owned(),
            "sig=".to_owned(),
        ] {
            assert!(people.of_link(&Given::read(&wrong, None).unwrap(), "").is_none(), "{wrong}");
        }
        now.store(2_000, Ordering::Relaxed);
        assert!(people.of_link(&given, "").is_none(), "over");
    }

    #[test]
    fn nobody_signs_for_longer_than_they_may_nor_moves_lines() {
        let people = people(&Arc::new(AtomicI64::new(1_000)));
        let maker = Maker::new(KEY, Duration::from_secs(1)).unwrap();
        let given = |link: Link| Given { signature: link.signature(&maker), link };
        assert!(people.maker(&given(Link { until: 1_000 + 3_600, ..link() })).is_some());
        assert!(people.maker(&given(Link { until: 1_000 + 3_601, ..link() })).is_none());
        let moved = Link { to: To::Accession("A\n2000".to_owned()), ..link() };
        assert!(people.maker(&given(moved)).is_none());
        assert!(people.maker(&given(Link { to: To::Study(String::new()), ..link() })).is_none());
        people.set_makers(Makers::new());
        assert!(people.maker(&given(link())).is_none(), "off unless a site names makers");
    }
}
