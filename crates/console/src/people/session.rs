//! Sessions: who is logged in, from where, and until when.
//!
//! A session is 256 random bits in a cookie; the store has their hash (`people/session/<hash>`). It ends
//! when nobody used it for a while, at the latest after a day's work, with a log-out, and with every change
//! of the account's password, roles or lock. A log-in always makes a new one: an identifier that somebody
//! put into a browser before is worth nothing (session fixation).
//!
//! Devices that somebody has logged in with are remembered (`people/device/<hash>`), for [`super::limit`]
//! alone: a device cookie lets nobody in.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use klinke_model::Timestamp;
use klinke_store::{Error, Result, Store};
use serde::{Deserialize, Serialize};

use super::account::Refusal;
use super::secret;

const SESSIONS: &str = "people/session/";
const DEVICES: &str = "people/device/";
/// The most sessions of one account; the oldest ends when one more begins.
const OF_ACCOUNT_MAX: usize = 20;
/// The most that are read from the store.
const KEPT_MAX: usize = 50_000;
/// How often the time of the last use is written.
const WRITTEN_EVERY: Duration = Duration::from_secs(300);
/// How long a device is remembered.
const DEVICE_MEMORY: Duration = Duration::from_secs(180 * 86_400);
/// How long a purpose holds that somebody has given.
const PURPOSE: Duration = Duration::from_secs(15 * 60);
/// Accounts remembered for one device.
const ACCOUNTS_OF_DEVICE_MAX: usize = 50;

/// How long sessions last.
#[derive(Clone, Copy, Debug)]
pub struct Lengths {
    /// Without a use.
    pub idle: Duration,
    /// At the most.
    pub whole: Duration,
    /// An emergency access.
    pub emergency: Duration,
}

impl Default for Lengths {
    fn default() -> Self {
        let minutes = |count: u64| Duration::from_secs(count * 60);
        Lengths { idle: minutes(30), whole: minutes(12 * 60), emergency: minutes(30) }
    }
}

/// One session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Session {
    /// Whose.
    pub account: String,
    /// When it began, microseconds since 1970.
    pub begun: i64,
    /// When it was last used.
    pub used: i64,
    /// The address it began from.
    pub from: String,
    /// What the browser called itself.
    pub browser: String,
    /// How they came in: `password`, `password+totp`, `password+recovery`, `code`, `passkey`, `oidc`
    /// and the issuer, `ldap` and the directory.
    pub via: String,
    /// An emergency access: until when, and why.
    pub emergency: Option<(i64, String)>,
    /// What messages are opened for at the moment: until when, and the words.
    pub purpose: Option<(i64, String)>,
}

/// All sessions and devices.
pub struct Sessions {
    store: Arc<dyn Store>,
    lengths: Lengths,
    sessions: Mutex<HashMap<String, Session>>,
    devices: Mutex<HashMap<String, Device>>,
}

/// Accounts that were used on a device, and when last.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
struct Device(BTreeMap<String, i64>);

impl Sessions {
    /// Reads all of them.
    pub fn open(store: Arc<dyn Store>, lengths: Lengths) -> Result<Sessions> {
        let sessions = read(store.as_ref(), SESSIONS)?;
        let devices = read(store.as_ref(), DEVICES)?;
        Ok(Sessions { store, lengths, sessions: Mutex::new(sessions), devices: Mutex::new(devices) })
    }

    /// How long they last.
    pub fn lengths(&self) -> Lengths {
        self.lengths
    }

    /// Begins one; gives what goes into the cookie.
    pub fn begin(&self, mut session: Session, now: Timestamp) -> std::result::Result<String, Refusal> {
        let id = secret::identifier()?;
        (session.begun, session.used) = (now.0, now.0);
        let mut sessions = self.lock();
        let account = session.account.clone();
        let mut own: Vec<(i64, String)> = sessions
            .iter()
            .filter(|(_, one)| one.account == account)
            .map(|(hash, one)| (one.used, hash.clone()))
            .collect();
        own.sort_unstable();
        let too_many = (own.len() + 1).saturating_sub(OF_ACCOUNT_MAX);
        for (_, hash) in own.into_iter().take(too_many) {
            self.forget(&mut sessions, &hash)?;
        }
        let hash = secret::hash(&id);
        write(self.store.as_ref(), SESSIONS, &hash, &session)?;
        sessions.insert(hash, session);
        Ok(id)
    }

    /// The session of a cookie while it lasts. With `is_use` it then lasts longer.
    pub fn get(&self, id: &str, now: Timestamp, is_use: bool) -> Option<Session> {
        let hash = secret::hash(id);
        let mut sessions = self.lock();
        let session = sessions.get_mut(&hash)?;
        if !self.lasts(session, now) {
            // It is over either way; what the store says to that is no matter.
            let _ = self.forget(&mut sessions, &hash);
            return None;
        }
        if is_use {
            let must_write = now.since(Timestamp(session.used)) > WRITTEN_EVERY;
            session.used = session.used.max(now.0);
            if must_write {
                // A restart would then end it some minutes earlier.
                let _ = write(self.store.as_ref(), SESSIONS, &hash, session);
            }
        }
        Some(session.clone())
    }

    /// Those of an account, the latest used first: a short mark by which one can be ended, and the session.
    pub fn of(&self, account: &str, now: Timestamp) -> Vec<(String, Session)> {
        let mut found: Vec<(String, Session)> = self
            .lock()
            .iter()
            .filter(|(_, one)| one.account == account && self.lasts(one, now))
            .map(|(hash, one)| (mark(hash), one.clone()))
            .collect();
        found.sort_by_key(|(_, one)| std::cmp::Reverse(one.used));
        found
    }

    /// All in which an emergency access lasts.
    pub fn emergencies(&self, now: Timestamp) -> Vec<Session> {
        let lasts = |one: &&Session| one.emergency.as_ref().is_some_and(|(until, _)| *until > now.0);
        self.lock().values().filter(|one| self.lasts(one, now)).filter(lasts).cloned().collect()
    }

    /// Ends one.
    pub fn end(&self, id: &str) -> Result<()> {
        let hash = secret::hash(id);
        self.forget(&mut self.lock(), &hash)
    }

    /// Ends those of an account that a test names, but never the one of the cookie given; gives how many.
    pub fn end_all(
        &self,
        account: &str,
        but: Option<&str>,
        is_meant: impl Fn(&str) -> bool,
    ) -> Result<usize> {
        let but = but.map(secret::hash);
        let mut sessions = self.lock();
        let hashes: Vec<String> = sessions
            .iter()
            .filter(|(hash, one)| {
                one.account == account && but.as_ref() != Some(hash) && is_meant(&mark(hash))
            })
            .map(|(hash, _)| hash.clone())
            .collect();
        for hash in &hashes {
            self.forget(&mut sessions, hash)?;
        }
        Ok(hashes.len())
    }

    /// Opens an emergency access in a session; gives until when.
    pub fn emergency(
        &self,
        id: &str,
        reason: &str,
        now: Timestamp,
    ) -> std::result::Result<Timestamp, Refusal> {
        let hash = secret::hash(id);
        let mut sessions = self.lock();
        let session = sessions.get_mut(&hash).ok_or(Refusal::Nothing)?;
        let until = now.after(self.lengths.emergency);
        let changed = Session { emergency: Some((until.0, reason.to_owned())), ..session.clone() };
        write(self.store.as_ref(), SESSIONS, &hash, &changed)?;
        *session = changed;
        Ok(until)
    }

    /// Keeps what somebody opens messages for, for a while; nothing when the purpose is empty.
    pub fn say_purpose(&self, id: &str, purpose: &str, now: Timestamp) -> std::result::Result<(), Refusal> {
        let hash = secret::hash(id);
        let mut sessions = self.lock();
        let session = sessions.get_mut(&hash).ok_or(Refusal::Nothing)?;
        let purpose = (!purpose.is_empty()).then(|| (now.after(PURPOSE).0, purpose.to_owned()));
        let changed = Session { purpose, ..session.clone() };
        write(self.store.as_ref(), SESSIONS, &hash, &changed)?;
        *session = changed;
        Ok(())
    }

    /// Removes what is over, from the store as well.
    pub fn tidy(&self, now: Timestamp) -> Result<()> {
        let mut sessions = self.lock();
        let over: Vec<String> =
            sessions.iter().filter(|(_, one)| !self.lasts(one, now)).map(|(hash, _)| hash.clone()).collect();
        over.iter().try_for_each(|hash| self.forget(&mut sessions, hash))?;
        drop(sessions);
        let oldest = now.before(DEVICE_MEMORY).0;
        let mut devices = self.devices.lock().unwrap_or_else(PoisonError::into_inner);
        let old: Vec<String> = devices
            .iter()
            .filter(|(_, device)| device.0.values().all(|used| *used < oldest))
            .map(|(hash, _)| hash.clone())
            .collect();
        for hash in old {
            self.store.set_value(&format!("{DEVICES}{hash}"), None)?;
            devices.remove(&hash);
        }
        Ok(())
    }

    /// True when this account was used on this device before.
    pub fn knows(&self, device: &str, account: &str) -> bool {
        let devices = self.devices.lock().unwrap_or_else(PoisonError::into_inner);
        devices.get(&secret::hash(device)).is_some_and(|device| device.0.contains_key(account))
    }

    /// Remembers a device of an account; gives what goes into its cookie: a new one, unless it is known.
    pub fn remember(
        &self,
        device: Option<&str>,
        account: &str,
        now: Timestamp,
    ) -> std::result::Result<String, Refusal> {
        let mut devices = self.devices.lock().unwrap_or_else(PoisonError::into_inner);
        let known = device.filter(|device| devices.contains_key(&secret::hash(device)));
        let id = known.map_or_else(secret::identifier, |id| Ok(id.to_owned()))?;
        let hash = secret::hash(&id);
        let mut device = devices.get(&hash).cloned().unwrap_or_default();
        device.0.insert(account.to_owned(), now.0);
        while device.0.len() > ACCOUNTS_OF_DEVICE_MAX {
            let oldest = device.0.iter().min_by_key(|(_, used)| **used).map(|(name, _)| name.clone());
            device.0.remove(&oldest.unwrap_or_default());
        }
        write(self.store.as_ref(), DEVICES, &hash, &device)?;
        devices.insert(hash, device);
        Ok(id)
    }

    fn lasts(&self, session: &Session, now: Timestamp) -> bool {
        let (begun, used) = (Timestamp(session.begun), Timestamp(session.used));
        // A clock that was set back must not make a session last for ever.
        let is_sane = now.0 >= begun.before(self.lengths.idle).0;
        is_sane && now.since(used) < self.lengths.idle && now.since(begun) < self.lengths.whole
    }

    fn forget(&self, sessions: &mut HashMap<String, Session>, hash: &str) -> Result<()> {
        // In memory first: whatever the store says, nobody goes on with it.
        if sessions.remove(hash).is_some() {
            self.store.set_value(&format!("{SESSIONS}{hash}"), None)?;
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Session>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The token of a session's forms. It can't be worked out without the cookie, nor the cookie from it.
pub fn form_token(id: &str) -> String {
    secret::hash(&format!("form of {id}"))
}

/// A short name of a session for lists.
fn mark(hash: &str) -> String {
    hash.chars().take(12).collect()
}

fn read<T: serde::de::DeserializeOwned>(store: &dyn Store, prefix: &str) -> Result<HashMap<String, T>> {
    let values = store.values(prefix, None, KEPT_MAX)?;
    let one = |(name, value): (String, Vec<u8>)| {
        // What can't be read lets nobody in.
        Some((name.strip_prefix(prefix)?.to_owned(), serde_json::from_slice(&value).ok()?))
    };
    Ok(values.into_iter().filter_map(one).collect())
}

fn write<T: Serialize>(store: &dyn Store, prefix: &str, hash: &str, value: &T) -> Result<()> {
    let bytes = serde_json::to_vec(value).map_err(|error| Error::Backend(error.to_string()))?;
    store.set_value(&format!("{prefix}{hash}"), Some(&bytes))
}

#[cfg(test)]
mod tests {
    use klinke_store::memory::MemoryStore;

    use super::*;

    const NOON: Timestamp = Timestamp(1_772_352_900_000_000);

    fn minutes(count: u64) -> Timestamp {
        NOON.after(Duration::from_secs(count * 60))
    }

    fn anna() -> Session {
        Session { account: "anna".to_owned(), ..Session::default() }
    }

    fn fresh() -> (Arc<dyn Store>, Sessions) {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
        (store.clone(), Sessions::open(store, Lengths::default()).unwrap())
    }

    #[test]
    fn a_session_ends_when_idle_and_after_a_day() {
        let (store, sessions) = fresh();
        let id = sessions.begin(anna(), NOON).unwrap();
        assert!(sessions.get(&id, minutes(29), true).is_some());
        assert!(sessions.get(&id, minutes(58), false).is_some(), "what the page fetches by itself is no use");
        assert!(sessions.get(&id, minutes(60), false).is_none());
        assert!(store.values("people/session/", None, 9).unwrap().is_empty(), "it is gone from the store");
        let id = sessions.begin(anna(), NOON).unwrap();
        for at in (20..720).step_by(20) {
            assert!(sessions.get(&id, minutes(at), true).is_some(), "{at}");
        }
        assert!(sessions.get(&id, minutes(720), true).is_none());
    }

    #[test]
    fn a_restart_keeps_sessions_and_the_store_holds_no_identifier() {
        let (store, sessions) = fresh();
        let id = sessions.begin(anna(), NOON).unwrap();
        let device = sessions.remember(None, "anna", NOON).unwrap();
        for (name, value) in store.values("people/", None, 99).unwrap() {
            let text = format!("{name} {}", String::from_utf8_lossy(&value));
            assert!(!text.contains(&id) && !text.contains(&device), "{text}");
        }
        let again = Sessions::open(store, Lengths::default()).unwrap();
        assert_eq!(again.get(&id, NOON, true).unwrap().account, "anna");
        assert!(again.knows(&device, "anna") && !again.knows(&device, "bert"));
        assert!(again.get(&secret::hash(&id), NOON, true).is_none(), "the hash itself lets nobody in");
        assert!(again.get("", NOON, true).is_none());
    }

    #[test]
    fn ending_all_spares_the_one_that_asks() {
        let (_, sessions) = fresh();
        let ids: Vec<_> = (0..3).map(|_| sessions.begin(anna(), NOON).unwrap()).collect();
        let bert = sessions.begin(Session { account: "bert".to_owned(), ..anna() }, NOON).unwrap();
        assert_eq!(sessions.end_all("anna", Some(&ids[1]), |_| true).unwrap(), 2);
        let lasts = |id: &String| sessions.get(id, NOON, true).is_some();
        assert_eq!(
            [lasts(&ids[0]), lasts(&ids[1]), lasts(&ids[2]), lasts(&bert)],
            [false, true, false, true]
        );
        for _ in 0..30 {
            sessions.begin(anna(), minutes(1)).unwrap();
        }
        assert_eq!(sessions.of("anna", minutes(1)).len(), OF_ACCOUNT_MAX);
    }

    #[test]
    fn a_clock_that_was_set_back_prolongs_nothing() {
        let (_, sessions) = fresh();
        let id = sessions.begin(anna(), minutes(10_000)).unwrap();
        assert!(sessions.get(&id, NOON, true).is_none());
    }

    #[test]
    fn a_form_token_is_that_of_its_session() {
        assert_ne!(form_token("a"), form_token("b"));
        assert!(!form_token("abcdef").contains("abcdef"));
    }
}
