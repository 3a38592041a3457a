//! Passwords: argon2id (RFC 9106), off the asynchronous threads, a few at once.
//!
//! Kept as `$argon2id$v=19$m=…,t=…,p=…$salt$hash`, so that the parameters can change while old hashes stay
//! good. Those of today: 12 MiB, 3 passes, 1 lane: one of the sets of equal strength that OWASP names, with
//! little memory, because it is taken from a small machine. A hash takes some 30 ms.
//!
//! [`RUNNING_MAX`] hashes are worked out at once, and [`WAITING_MAX`] may wait: whoever comes then is told
//! to come again, so that log-ins can't take the memory and the processor from the messages.

use std::sync::{Arc, OnceLock};

use argon2::{Algorithm, Argon2, Params, Version};
use data_encoding::BASE64_NOPAD;
use tokio::sync::Semaphore;

use super::secret::{self, NoRandom};

/// Memory in KiB.
const MEMORY_KIB: u32 = 12 << 10;
/// Passes.
const PASSES: u32 = 3;
/// Bytes of a hash and of a salt.
const HASH_BYTES: usize = 32;
const SALT_BYTES: usize = 16;
/// Hashes worked out at a time.
pub const RUNNING_MAX: usize = 2;
/// Hashes that may wait for their turn.
pub const WAITING_MAX: usize = 16;
/// The longest password in bytes.
pub const LENGTH_MAX: usize = 256;
/// The shortest in characters, as NIST SP 800-63B has it where there is no second factor.
pub const LENGTH_MIN: usize = 12;

/// Why a password was not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Too many wait.
    #[error("too many log in at once; try again in a moment")]
    Busy,
    /// Nothing was worked out.
    #[error("the password could not be worked out")]
    Failed,
}

impl From<NoRandom> for Error {
    fn from(_: NoRandom) -> Error {
        Error::Failed
    }
}

/// Works passwords out, a few at a time.
#[derive(Clone)]
pub struct Hasher {
    running: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    /// The hash of a password that nobody has, made when it is first needed.
    dummy: Arc<OnceLock<String>>,
}

impl Default for Hasher {
    fn default() -> Self {
        let (running, waiting) = (Semaphore::new(RUNNING_MAX), Semaphore::new(WAITING_MAX));
        Hasher { running: Arc::new(running), waiting: Arc::new(waiting), dummy: Arc::default() }
    }
}

impl Hasher {
    /// Makes ready what is tried for accounts that do not exist, so that the first try takes no longer than
    /// the others. Takes as long as a log-in.
    pub fn prepare(&self) -> Result<(), Error> {
        let dummy = hash(&secret::identifier()?)?;
        // Another thread may have been quicker; one hash is as good as the other.
        let _ = self.dummy.set(dummy);
        Ok(())
    }

    /// True when the password is the one that was hashed. Without a hash the same work is done, so that the
    /// time tells nothing of whether there is one.
    pub async fn verify(&self, password: String, kept: Option<String>) -> Result<bool, Error> {
        let is_known = kept.is_some();
        if self.dummy.get().is_none() {
            let own = self.clone();
            self.run(move || own.prepare()).await??;
        }
        let kept = kept.or_else(|| self.dummy.get().cloned()).unwrap_or_default();
        let verified = self.run(move || verify(&password, &kept)).await?;
        Ok(verified && is_known)
    }

    /// What is kept of a password.
    pub async fn hash(&self, password: String) -> Result<String, Error> {
        self.run(move || hash(&password)).await?
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
        let Ok(waits) = self.waiting.clone().try_acquire_owned() else { return Err(Error::Busy) };
        let runs = self.running.clone().acquire_owned().await.map_err(|_| Error::Failed)?;
        let worked = tokio::task::spawn_blocking(move || {
            let result = work();
            drop((waits, runs));
            result
        });
        worked.await.map_err(|_| Error::Failed)
    }
}

/// Why a password is none that may be chosen, as an index into the texts of pages; `Ok` when it may.
pub fn judge(password: &str, name: &str) -> Result<(), Weakness> {
    let lower = password.to_lowercase();
    if password.chars().count() < LENGTH_MIN {
        return Err(Weakness::Short);
    }
    if password.len() > LENGTH_MAX {
        return Err(Weakness::Long);
    }
    let letters: std::collections::BTreeSet<char> = lower.chars().collect();
    if letters.len() < 5 {
        return Err(Weakness::Plain);
    }
    // What everybody would try first.
    let known =
        ["klinke", "passwor", "kennwor", "123456", "qwert", "admin", "letmein", "willkommen", "hospital"];
    let rest = known
        .iter()
        .chain([&name])
        .filter(|word| word.len() > 2)
        .fold(lower, |rest, word| rest.replace(&word.to_lowercase(), ""));
    if rest.chars().filter(|c| c.is_alphabetic()).count() < 4 && rest.chars().count() < LENGTH_MIN - 4 {
        return Err(Weakness::Plain);
    }
    Ok(())
}

/// Why a password may not be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weakness {
    /// It has fewer than [`LENGTH_MIN`] characters.
    Short,
    /// It has more than [`LENGTH_MAX`] bytes.
    Long,
    /// It is among the first that anybody would try.
    Plain,
}

impl Weakness {
    /// For people, in English and German.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Weakness::Short => (
                "a password has at least 12 characters; a sentence is a good one",
                "ein Passwort hat mindestens 12 Zeichen; ein Satz ist ein gutes",
            ),
            Weakness::Long => ("this password is too long", "dieses Passwort ist zu lang"),
            Weakness::Plain => (
                "this password is among the first that anybody would try",
                "dieses Passwort ist unter den ersten, die jeder versuchen würde",
            ),
        }
    }
}

fn argon2(memory: u32, passes: u32, lanes: u32) -> Result<Argon2<'static>, Error> {
    let params = Params::new(memory, passes, lanes, Some(HASH_BYTES)).map_err(|_| Error::Failed)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(password: &str) -> Result<String, Error> {
    let salt = secret::random::<SALT_BYTES>()?;
    let mut out = [0; HASH_BYTES];
    let worked = argon2(MEMORY_KIB, PASSES, 1)?.hash_password_into(password.as_bytes(), &salt, &mut out);
    worked.map_err(|_| Error::Failed)?;
    let (salt, out) = (BASE64_NOPAD.encode(&salt), BASE64_NOPAD.encode(&out));
    Ok(format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p=1${salt}${out}"))
}

/// False also for what is no hash of ours: nobody comes in by a damaged one.
fn verify(password: &str, kept: &str) -> bool {
    let check = || -> Option<bool> {
        let mut parts = kept.strip_prefix("$argon2id$v=19$")?.split('$');
        let mut numbers = parts.next()?.split(',').map(|pair| pair.split_once('=')?.1.parse::<u32>().ok());
        let (memory, passes, lanes) = (numbers.next()??, numbers.next()??, numbers.next()??);
        // What stands in the store must not take all memory, whoever wrote it.
        if memory > 1 << 20 || passes > 64 || lanes > 16 {
            return None;
        }
        let salt = BASE64_NOPAD.decode(parts.next()?.as_bytes()).ok()?;
        let wanted = parts.next()?;
        let mut out = [0; HASH_BYTES];
        argon2(memory, passes, lanes).ok()?.hash_password_into(password.as_bytes(), &salt, &mut out).ok()?;
        Some(secret::is_same(&BASE64_NOPAD.encode(&out), wanted))
    };
    check().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_knows_its_password_alone() {
        let kept = hash("correct horse battery").unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=12288,t=3,p=1$"), "{kept}");
        assert!(verify("correct horse battery", &kept));
        for wrong in ["correct horse batterz", "", "correct horse battery "] {
            assert!(!verify(wrong, &kept));
        }
        assert_ne!(hash("correct horse battery").unwrap(), kept, "each has a salt of its own");
    }

    /// The vector of RFC 9106 has a key and data that we do not use; this one was worked out by the
    /// reference program of the algorithm's authors (`argon2 somesalt -id -t 2 -k 256 -p 1`).
    #[test]
    fn it_is_the_argon2id_of_the_others() {
        let kept = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
        assert!(verify("password", kept) && !verify("Password", kept));
    }

    #[test]
    fn a_damaged_hash_lets_nobody_in() {
        for kept in [
            "",
            "$argon2id$v=19$",
            "$argon2id$v=19$m=1,t=1$x",
            "$argon2id$v=19$m=4294967295,t=1,p=1$c29tZXNhbHQ$x",
        ] {
            assert!(!verify("", kept) && !verify("x", kept), "{kept}");
        }
    }

    #[test]
    fn weak_passwords_are_told() {
        assert_eq!(judge("kurz", "anna"), Err(Weakness::Short));
        assert_eq!(judge(&"ab".repeat(10), "anna"), Err(Weakness::Plain));
        assert_eq!(judge("password123456", "anna"), Err(Weakness::Plain));
        assert_eq!(judge("Hannelore1234", "hannelore"), Err(Weakness::Plain));
        assert_eq!(judge(&"öäü?1".repeat(60), "anna"), Err(Weakness::Long));
        assert_eq!(judge("vier Pferde im Regen", "anna"), Ok(()));
        assert_eq!(judge("correct horse battery", "horst"), Ok(()));
    }

    #[tokio::test]
    async fn who_does_not_exist_takes_as_long_and_no_more_than_so_many_wait() {
        let hasher = Hasher::default();
        assert_eq!(hasher.verify("x".to_owned(), None).await, Ok(false));
        let kept = hasher.hash("vier Pferde im Regen".to_owned()).await.unwrap();
        assert_eq!(hasher.verify("vier Pferde im Regen".to_owned(), Some(kept)).await, Ok(true));
        let all = (0..WAITING_MAX + 5).map(|_| hasher.verify("x".to_owned(), None));
        let ended = futures_util::future::join_all(all).await;
        assert_eq!(ended.iter().filter(|one| **one == Err(Error::Busy)).count(), 5);
    }
}
