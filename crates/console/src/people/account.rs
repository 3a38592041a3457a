//! Accounts, kept in the store under `people/account/<name>`, never in git.
//!
//! All of them are held in memory (there are few, and every request asks for one) and written through. A
//! request never becomes an account: each change is a call of its own that names what it changes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use klinke_model::Timestamp;
use klinke_store::{Error, Result, Store};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::elsewhere::Elsewhere;
use super::passkey::Passkey;

/// Where accounts stand in the store.
const PREFIX: &str = "people/account/";
/// The most accounts.
const ACCOUNTS_MAX: usize = 5_000;

/// Somebody who may log in. Has no `Debug`: it holds what lets people in.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Account {
    /// The name that is typed at the log-in: small letters, digits, `.`, `_`, `-`, `@`.
    pub name: String,
    /// What people call them.
    pub title: String,
    /// The roles.
    pub roles: BTreeSet<String>,
    /// True when they may not log in for now.
    pub is_locked: bool,
    /// The password's hash; none while they have not chosen one.
    pub password: Option<String>,
    /// The second factor by time.
    pub totp: Option<Totp>,
    /// Hashes of recovery codes that were not used.
    pub recovery: Vec<String>,
    /// Passkeys, any of which lets them in.
    pub passkeys: Vec<Passkey>,
    /// What authenticators know them by: a random text that says nothing of them.
    pub handle: Option<String>,
    /// The one-time code by which they choose their password.
    pub code: Option<OneTime>,
    /// Where they prove who they are, when not here: no password of theirs is kept.
    pub elsewhere: Option<Elsewhere>,
    /// Who they are there: the other house, and what it calls them for ever. None until they came for the
    /// first time.
    pub subject: Option<(String, String)>,
    /// When it was made, microseconds since 1970.
    pub created: i64,
    /// When they last came in.
    pub seen: Option<i64>,
}

/// A second factor by time.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Totp {
    /// The shared secret, base32. It has to be kept as it is: codes are worked out from it.
    pub secret: String,
    /// The last step used.
    pub last: Option<i64>,
}

/// A one-time code.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct OneTime {
    /// Its hash.
    pub hash: String,
    /// Until when it is good.
    pub until: i64,
}

/// An account as lists show it: nothing that lets anybody in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccountView {
    /// Its name.
    pub name: String,
    /// What people call them.
    pub title: String,
    /// The roles.
    pub roles: BTreeSet<String>,
    /// True when they may not log in for now.
    pub locked: bool,
    /// How they prove who they are: `password`, `totp`, `recovery`, `passkey`, `oidc`, `ldap`.
    pub factors: Vec<String>,
    /// True while a one-time code waits to be used.
    pub invited: bool,
    /// When it was made.
    pub created: String,
    /// When they last came in.
    pub seen: Option<String>,
}

impl Account {
    /// As lists show it.
    pub fn view(&self, now: Timestamp) -> AccountView {
        let factors = [
            ("password", self.password.is_some()),
            ("totp", self.totp.is_some()),
            ("recovery", !self.recovery.is_empty()),
            ("passkey", !self.passkeys.is_empty()),
            ("oidc", self.elsewhere == Some(Elsewhere::Oidc)),
            ("ldap", self.elsewhere == Some(Elsewhere::Ldap)),
        ];
        AccountView {
            name: self.name.clone(),
            title: self.title.clone(),
            roles: self.roles.clone(),
            locked: self.is_locked,
            factors: factors.iter().filter(|one| one.1).map(|one| one.0.to_owned()).collect(),
            invited: self.code.as_ref().is_some_and(|code| code.until > now.0),
            created: Timestamp(self.created).to_string(),
            seen: self.seen.map(|at| Timestamp(at).to_string()),
        }
    }
}

/// An account's name as it was typed, if it can be one.
pub fn name(typed: &str) -> Option<String> {
    let name = typed.trim().to_lowercase();
    let is_good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-_@".contains(c);
    let begins = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    ((1..=64).contains(&name.len()) && begins && name.chars().all(is_good)).then_some(name)
}

/// What people call somebody: one line, no longer than a line.
pub fn title(typed: &str) -> String {
    let title: String = typed.chars().filter(|c| !c.is_control()).take(80).collect();
    title.trim().to_owned()
}

/// All accounts.
pub struct Book {
    store: Arc<dyn Store>,
    accounts: Mutex<BTreeMap<String, Account>>,
}

impl Book {
    /// Reads all of them.
    pub fn open(store: Arc<dyn Store>) -> Result<Book> {
        let mut accounts = BTreeMap::new();
        for (at, value) in store.values(PREFIX, None, ACCOUNTS_MAX)? {
            let account: Account = serde_json::from_slice(&value)
                .map_err(|_| Error::Damaged("an account in the store can't be read".to_owned()))?;
            // What stands under another name than its own was put there by another hand.
            if at.strip_prefix(PREFIX) == Some(&account.name) {
                accounts.insert(account.name.clone(), account);
            }
        }
        Ok(Book { store, accounts: Mutex::new(accounts) })
    }

    /// One account.
    pub fn get(&self, name: &str) -> Option<Account> {
        self.lock().get(name).cloned()
    }

    /// All of them by name.
    pub fn all(&self) -> Vec<Account> {
        self.lock().values().cloned().collect()
    }

    /// True when there is none.
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// Keeps a new one. Blocks until it is durable.
    pub fn add(&self, account: Account) -> std::result::Result<(), Refusal> {
        let mut accounts = self.lock();
        if accounts.contains_key(&account.name) {
            return Err(Refusal::Taken(account.name));
        }
        if accounts.len() >= ACCOUNTS_MAX {
            return Err(Refusal::Many);
        }
        self.write(&account)?;
        accounts.insert(account.name.clone(), account);
        Ok(())
    }

    /// Changes one: what `change` gives is given back, and nothing is kept when it refuses.
    pub fn change<T>(
        &self,
        name: &str,
        change: impl FnOnce(&mut Account) -> std::result::Result<T, Refusal>,
    ) -> std::result::Result<T, Refusal> {
        // The lock is held until it is written: two changes never lose each other's.
        let mut accounts = self.lock();
        let kept = accounts.get_mut(name).ok_or_else(|| Refusal::Absent(name.to_owned()))?;
        let mut changed = kept.clone();
        let given = change(&mut changed)?;
        changed.name = kept.name.clone();
        self.write(&changed)?;
        *kept = changed;
        Ok(given)
    }

    /// Removes one.
    pub fn remove(&self, name: &str) -> std::result::Result<(), Refusal> {
        let mut accounts = self.lock();
        if !accounts.contains_key(name) {
            return Err(Refusal::Absent(name.to_owned()));
        }
        self.store.set_value(&format!("{PREFIX}{name}"), None)?;
        accounts.remove(name);
        Ok(())
    }

    fn write(&self, account: &Account) -> Result<()> {
        let bytes = serde_json::to_vec(account).map_err(|error| Error::Backend(error.to_string()))?;
        self.store.set_value(&format!("{PREFIX}{}", account.name), Some(&bytes))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Account>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why something about people was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Whoever asks may not.
    #[error("you may not do this")]
    Forbidden,
    /// There is none of this name.
    #[error("there is no account `{0}`")]
    Absent(String),
    /// There is one already.
    #[error("there is an account `{0}` already")]
    Taken(String),
    /// No name.
    #[error(
        "a name has up to 64 small letters, digits, `.`, `_`, `-` or `@`, and begins with a letter or digit"
    )]
    Name,
    /// There is no such role.
    #[error("there is no role `{0}`")]
    Role(String),
    /// Too many of something.
    #[error("there are too many of them already")]
    Many,
    /// Nobody else could administer.
    #[error("nobody who could administer would be left")]
    Last,
    /// A code, password or secret was not right.
    #[error("that was not right")]
    Wrong,
    /// There is none.
    #[error("there is no such thing")]
    Nothing,
    /// The password may not be chosen.
    #[error("{}", .0.words().0)]
    Weak(super::password::Weakness),
    /// Too many failures.
    #[error("too many failures; try again in {0} s")]
    Wait(u64),
    /// A reason is missing.
    #[error("a reason of at least ten letters is needed")]
    Reason,
    /// They have proved elsewhere who they are, and nobody here knows them.
    #[error("you are known there, and have no account here; ask whoever administers this console")]
    Stranger,
    /// The house where people prove who they are can't be asked.
    #[error("{0} can't be asked at the moment; an account of this console still can log in")]
    Down(String),
    /// Their log-in is too long ago.
    #[error("this needs a log-in of the last ten minutes: log out and in again")]
    Stale,
    /// The account proves itself elsewhere.
    #[error("this account proves itself elsewhere, and has nothing of this kind here")]
    Foreign,
    /// A name is missing.
    #[error("a name is needed, so that you know which one it is")]
    Nameless,
    /// What the authenticator gave is not what was asked for.
    #[error("this passkey can't be registered; begin again, perhaps with another device")]
    Unfit,
    /// Too much at once.
    #[error(transparent)]
    Busy(#[from] super::password::Error),
    /// No random numbers.
    #[error(transparent)]
    Random(#[from] super::secret::NoRandom),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] Error),
}

impl Refusal {
    /// In German; the English text is its `Display`.
    pub fn german(&self) -> String {
        match self {
            Refusal::Forbidden => "das dürfen Sie nicht".to_owned(),
            Refusal::Absent(name) => format!("es gibt kein Konto `{name}`"),
            Refusal::Taken(name) => format!("das Konto `{name}` gibt es schon"),
            Refusal::Name => "ein Name hat bis zu 64 Kleinbuchstaben, Ziffern, `.`, `_`, `-` oder `@` und \
                beginnt mit einem Buchstaben oder einer Ziffer"
                .to_owned(),
            Refusal::Role(name) => format!("es gibt keine Rolle `{name}`"),
            Refusal::Many => "davon gibt es schon zu viele".to_owned(),
            Refusal::Last => "niemand bliebe, der verwalten kann".to_owned(),
            Refusal::Wrong => "das war nicht richtig".to_owned(),
            Refusal::Nothing => "das gibt es nicht".to_owned(),
            Refusal::Weak(weakness) => weakness.words().1.to_owned(),
            Refusal::Wait(seconds) => {
                format!("zu viele Fehlversuche; versuchen Sie es in {seconds} s wieder")
            }
            Refusal::Reason => "ein Grund von mindestens zehn Buchstaben ist nötig".to_owned(),
            Refusal::Stranger => {
                "Sie sind dort bekannt und haben hier kein Konto; fragen Sie, wer diese Konsole \
                verwaltet"
                    .to_owned()
            }
            Refusal::Down(title) => {
                format!(
                    "{title} ist gerade nicht zu erreichen; ein Konto dieser Konsole kann sich weiter anmelden"
                )
            }
            Refusal::Stale => {
                "dazu müssen Sie sich in den letzten zehn Minuten angemeldet haben: melden Sie \
                sich ab und wieder an"
                    .to_owned()
            }
            Refusal::Foreign => {
                "dieses Konto weist sich anderswo aus und hat hier nichts dergleichen".to_owned()
            }
            Refusal::Nameless => "ein Name ist nötig, damit Sie wissen, welcher es ist".to_owned(),
            Refusal::Unfit => {
                "dieser Passkey lässt sich nicht anlegen; beginnen Sie noch einmal, vielleicht mit \
                einem anderen Gerät"
                    .to_owned()
            }
            Refusal::Busy(_) => "zu viele melden sich gerade an; versuchen Sie es gleich wieder".to_owned(),
            Refusal::Random(_) => "dieser Rechner gibt keine Zufallszahlen".to_owned(),
            Refusal::Store(error) => error.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use klinke_store::memory::MemoryStore;

    use super::*;

    #[test]
    fn names_are_plain() {
        assert_eq!(name(" Anna.Muster@kh "), Some("anna.muster@kh".to_owned()));
        for bad in ["", " ", "-a", "a/b", "../a", "a b", "ä", "a\nb", "a\0", &"a".repeat(65), "<script>"] {
            assert_eq!(name(bad), None, "{bad}");
        }
        assert_eq!(title(" Dr. <b>\u{7}A\nnna</b> "), "Dr. <b>Anna</b>", "pages escape it");
    }

    #[test]
    fn accounts_are_kept_and_a_refused_change_is_none() {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
        let book = Book::open(store.clone()).unwrap();
        let account = Account { name: "anna".to_owned(), ..Account::default() };
        book.add(account.clone()).unwrap();
        assert_eq!(book.add(account).err(), Some(Refusal::Taken("anna".to_owned())));
        let refused = book.change("anna", |account| {
            account.title = "x".to_owned();
            Err::<(), _>(Refusal::Wrong)
        });
        assert_eq!(refused, Err(Refusal::Wrong));
        book.change("anna", |account| {
            (account.name, account.title) = ("other".to_owned(), "Anna".to_owned());
            Ok(())
        })
        .unwrap();
        let again = Book::open(store.clone()).unwrap();
        assert_eq!(again.get("anna").unwrap().title, "Anna");
        assert!(again.get("other").is_none(), "a name stays");
        // An entry that was put under another name is nobody's.
        let bytes = store.value("people/account/anna").unwrap().unwrap();
        store.set_value("people/account/root", Some(&bytes)).unwrap();
        assert!(Book::open(store.clone()).unwrap().get("root").is_none());
        again.remove("anna").unwrap();
        assert!(again.is_empty() && store.value("people/account/anna").unwrap().is_none());
    }
}
