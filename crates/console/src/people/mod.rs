//! People: who may come in, what they may do, and how they prove who they are.
//!
//! | what | where |
//! |---|---|
//! | what somebody may do, and where; the roles of a site | [`right`] |
//! | somebody who asks, once they are known | [`actor`] |
//! | accounts | [`account`] |
//! | passwords (argon2id), codes by time (RFC 6238), random identifiers | [`password`], [`totp`], [`secret`] |
//! | sessions, devices, tokens | [`session`], [`token`] |
//! | who may ask what | [`guard`] |
//! | delays after failed log-ins | [`limit`] |
//! | coming in: log-in, one-time codes, tokens | [`enter`] |
//! | coming in from an OpenID provider or a directory, and the accounts of those who do | [`oidc`], [`ldap`], [`elsewhere`] |
//! | passkeys (Web Authentication) | [`passkey`] |
//! | what was begun at the door and waits for its end | `pending` |
//! | what log-ins need of the world outside | [`outside`] |
//! | what people change of their own account, emergency access | [`own`] |
//! | searches that people keep | [`search`] |
//! | what administrators change | [`care`] |
//!
//! Everything is in the store as small values whose names begin with `people/`; none of it is in the site's
//! files, and nothing is asked of anybody else unless the site names a provider or a directory. What changes who may do what leaves an entry in the
//! audit log before it is done.

pub mod account;
pub mod actor;
pub mod care;
pub mod elsewhere;
pub mod enter;
pub mod guard;
pub mod ldap;
pub mod limit;
pub mod link;
pub mod oidc;
pub mod outside;
pub mod own;
pub mod passkey;
pub mod password;
mod pending;
pub mod right;
pub mod search;
pub mod secret;
pub mod session;
pub mod token;
pub mod totp;

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use klinke_model::Timestamp;
use klinke_store::Store;

use crate::audit::{Action, Entry, Log, Who};
use account::{Account, Book, OneTime, Refusal};
pub use actor::Actor;
pub use right::{Grants, Places, Right, Role, Roles};
use session::{Lengths, Sessions};
use token::Tokens;

/// How long the code for the first account is good.
const FIRST_CODE: Duration = Duration::from_secs(3_600);

/// A clock.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// All about people.
pub struct People {
    book: Book,
    sessions: Sessions,
    tokens: Tokens,
    limits: limit::Limits,
    hasher: password::Hasher,
    roles: RwLock<Roles>,
    first: Mutex<Option<OneTime>>,
    /// The directory of the site.
    directory: RwLock<Option<Arc<ldap::House>>>,
    /// Where passkeys belong to.
    party: RwLock<Option<Arc<passkey::Party>>>,
    /// The OpenID provider of the site.
    provider: RwLock<Option<Arc<oidc::Provider>>>,
    /// Held while somebody's saved searches are changed.
    searches: Mutex<()>,
    /// Who may make links to studies.
    makers: RwLock<link::Makers>,
    log: Log,
    clock: Clock,
}

impl People {
    /// Reads what a store holds of them.
    pub fn open(store: Arc<dyn Store>, lengths: Lengths) -> Result<People, Refusal> {
        People::with_clock(store, lengths, Arc::new(Timestamp::now))
    }

    /// The same, with a clock of one's own.
    pub fn with_clock(store: Arc<dyn Store>, lengths: Lengths, clock: Clock) -> Result<People, Refusal> {
        Ok(People {
            book: Book::open(store.clone())?,
            sessions: Sessions::open(store.clone(), lengths)?,
            tokens: Tokens::open(store.clone())?,
            limits: limit::Limits::default(),
            hasher: password::Hasher::default(),
            roles: RwLock::default(),
            first: Mutex::default(),
            directory: RwLock::default(),
            party: RwLock::default(),
            provider: RwLock::default(),
            searches: Mutex::default(),
            makers: RwLock::default(),
            log: Log::new(store),
            clock,
        })
    }

    /// Makes ready what the first log-in needs. Takes as long as a log-in.
    pub fn prepare(&self) -> Result<(), Refusal> {
        Ok(self.hasher.prepare()?)
    }

    /// Takes over the roles of a site.
    pub fn set_roles(&self, roles: Roles) {
        *self.roles.write().unwrap_or_else(PoisonError::into_inner) = roles;
    }

    /// The roles.
    pub fn roles(&self) -> Roles {
        self.roles.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The audit log.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// How long sessions and emergency accesses last.
    pub fn lengths(&self) -> Lengths {
        self.sessions.lengths()
    }

    /// A code by which the first account is made, where there is none yet; the one before is then void.
    pub fn first_code(&self) -> Result<Option<String>, Refusal> {
        if !self.book.is_empty() {
            return Ok(None);
        }
        let (code, kept) = one_time(self.now(), FIRST_CODE)?;
        *self.first.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept);
        Ok(Some(code))
    }

    /// True while there is no account at all.
    pub fn is_new(&self) -> bool {
        self.book.is_empty()
    }

    /// Emergency accesses that last: account, until when, why.
    pub fn emergencies(&self) -> Vec<(String, Timestamp, String)> {
        let sessions = self.sessions.emergencies(self.now()).into_iter();
        let one = |session: session::Session| {
            let (until, reason) = session.emergency?;
            Some((session.account, Timestamp(until), reason))
        };
        sessions.filter_map(one).collect()
    }

    /// Removes sessions and devices that are over.
    pub fn tidy(&self) -> Result<(), Refusal> {
        Ok(self.sessions.tidy(self.now())?)
    }

    fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// What an account may do by its roles.
    fn grants(&self, account: &Account) -> Grants {
        let roles = self.roles.read().unwrap_or_else(PoisonError::into_inner);
        roles.grants(account.roles.iter().map(String::as_str))
    }

    /// Writes an entry; nothing that must leave one is done without it.
    fn note(&self, who: &Who, from: &str, action: Action, account: &str, note: &str) -> Result<(), Refusal> {
        let entry = Entry::new(who.clone(), from, action).about(account).noted(note);
        self.log.write(&entry)?;
        Ok(())
    }
}

/// A one-time code, and what is kept of it.
fn one_time(now: Timestamp, length: Duration) -> Result<(String, OneTime), Refusal> {
    let code = secret::code()?;
    let kept = OneTime { hash: secret::hash(&secret::plain(&code)), until: now.after(length).0 };
    Ok((code, kept))
}

/// True when a code is the one that is kept, and still good.
fn is_good(kept: Option<&OneTime>, code: &str, now: Timestamp) -> bool {
    let given = secret::hash(&secret::plain(code));
    kept.is_some_and(|kept| secret::is_same(&kept.hash, &given) && kept.until > now.0)
}

/// Runs what blocks where blocking is allowed.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(Refusal::Busy(password::Error::Failed)))
}
