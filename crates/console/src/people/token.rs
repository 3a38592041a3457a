//! Tokens for programs that use the API: shown once, kept as a hash (`people/token/<id>`).
//!
//! A token reads `klinke_<id>_<secret>`: the beginning lets scanners of source code find one that was left
//! there, and the identifier lets people name it. It may do what its account may, and of that only what it
//! was made for; it ends by itself, and with its account.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use data_encoding::HEXLOWER;
use klinke_model::Timestamp;
use klinke_store::{Error, Result, Store};
use serde::{Deserialize, Serialize};

use super::account::Refusal;
use super::right::Right;
use super::secret;

const PREFIX: &str = "people/token/";
const BEGINNING: &str = "klinke_";
/// The most tokens.
const TOKENS_MAX: usize = 2_000;
/// The longest that a token lasts.
pub const DAYS_MAX: u64 = 730;
/// How often the time of the last use is written.
const WRITTEN_EVERY: Duration = Duration::from_secs(3_600);

/// One token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Token {
    /// Its identifier.
    pub id: String,
    /// Whose.
    pub account: String,
    /// What it is for.
    pub title: String,
    /// The hash of its secret.
    hash: String,
    /// What it may do, where its account may.
    pub rights: BTreeSet<Right>,
    /// When it was made, microseconds since 1970.
    pub made: i64,
    /// Until when it is good.
    pub until: i64,
    /// When it was last used.
    pub used: Option<i64>,
}

/// All tokens.
pub struct Tokens {
    store: Arc<dyn Store>,
    tokens: Mutex<BTreeMap<String, Token>>,
}

impl Tokens {
    /// Reads all of them.
    pub fn open(store: Arc<dyn Store>) -> Result<Tokens> {
        let values = store.values(PREFIX, None, TOKENS_MAX)?;
        let read = |(_, value): (String, Vec<u8>)| serde_json::from_slice::<Token>(&value).ok();
        let tokens = values.into_iter().filter_map(read).map(|token| (token.id.clone(), token)).collect();
        Ok(Tokens { store, tokens: Mutex::new(tokens) })
    }

    /// Makes one; gives the text that is shown once.
    pub fn make(
        &self,
        account: &str,
        title: &str,
        rights: BTreeSet<Right>,
        days: u64,
        now: Timestamp,
    ) -> std::result::Result<(String, Token), Refusal> {
        let mut tokens = self.lock();
        if tokens.len() >= TOKENS_MAX {
            return Err(Refusal::Many);
        }
        let (id, secret) = (HEXLOWER.encode(&secret::random::<5>()?), secret::identifier()?);
        let text = format!("{BEGINNING}{id}_{secret}");
        let token = Token {
            id: id.clone(),
            account: account.to_owned(),
            title: super::account::title(title),
            hash: secret::hash(&secret),
            rights,
            made: now.0,
            until: now.after(Duration::from_secs(days.clamp(1, DAYS_MAX) * 86_400)).0,
            used: None,
        };
        self.write(&token)?;
        tokens.insert(id, token.clone());
        Ok((text, token))
    }

    /// The token that a text is, while it is good.
    pub fn get(&self, text: &str, now: Timestamp) -> Option<Token> {
        let (id, secret) = text.strip_prefix(BEGINNING)?.split_once('_')?;
        let hash = secret::hash(secret);
        let mut tokens = self.lock();
        let token = tokens.get_mut(id)?;
        if !secret::is_same(&token.hash, &hash) || token.until <= now.0 {
            return None;
        }
        let must_write = token.used.is_none_or(|used| now.since(Timestamp(used)) > WRITTEN_EVERY);
        token.used = Some(now.0);
        if must_write {
            // Only what a list shows would be older.
            let _ = self.write(token);
        }
        Some(token.clone())
    }

    /// Those of an account, or all.
    pub fn of(&self, account: Option<&str>) -> Vec<Token> {
        let tokens = self.lock();
        tokens.values().filter(|one| account.is_none_or(|account| one.account == account)).cloned().collect()
    }

    /// Takes one away; one of this account alone where one is named.
    pub fn end(&self, id: &str, account: Option<&str>) -> std::result::Result<Token, Refusal> {
        let mut tokens = self.lock();
        let is_meant = |one: &&Token| account.is_none_or(|account| one.account == account);
        let token = tokens.get(id).filter(is_meant).cloned().ok_or(Refusal::Nothing)?;
        self.store.set_value(&format!("{PREFIX}{id}"), None)?;
        tokens.remove(id);
        Ok(token)
    }

    /// Takes away all of an account.
    pub fn end_all(&self, account: &str) -> Result<()> {
        let mut tokens = self.lock();
        let ids: Vec<String> =
            tokens.values().filter(|one| one.account == account).map(|one| one.id.clone()).collect();
        for id in ids {
            tokens.remove(&id);
            self.store.set_value(&format!("{PREFIX}{id}"), None)?;
        }
        Ok(())
    }

    fn write(&self, token: &Token) -> Result<()> {
        let bytes = serde_json::to_vec(token).map_err(|error| Error::Backend(error.to_string()))?;
        self.store.set_value(&format!("{PREFIX}{}", token.id), Some(&bytes))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Token>> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use klinke_store::memory::MemoryStore;

    use super::*;

    const NOON: Timestamp = Timestamp(1_772_352_900_000_000);

    #[test]
    fn a_token_is_good_until_it_ends_and_is_kept_as_a_hash() {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
        let tokens = Tokens::open(store.clone()).unwrap();
        let rights = BTreeSet::from([Right::ViewState]);
        let (text, token) = tokens.make("anna", "monitor", rights.clone(), 30, NOON).unwrap();
        assert!(text.starts_with("klinke_") && text.len() == 7 + 10 + 1 + 43, "{text}");
        let kept = store.values(PREFIX, None, 9).unwrap();
        let secret = text.rsplit_once('_').unwrap().1;
        assert!(!String::from_utf8_lossy(&kept[0].1).contains(secret));
        let again = Tokens::open(store).unwrap();
        assert_eq!(again.get(&text, NOON).unwrap().rights, rights);
        let days = |count: u64| NOON.after(Duration::from_secs(count * 86_400));
        assert!(again.get(&text, days(29)).is_some() && again.get(&text, days(30)).is_none());
        let wrong = format!("{}x", &text[..text.len() - 1]);
        for bad in [wrong.as_str(), "klinke_", "klinke__", "", &format!("klinke_{}_", token.id), &token.id] {
            assert!(again.get(bad, NOON).is_none(), "{bad}");
        }
        assert_eq!(again.end(&token.id, Some("bert")), Err(Refusal::Nothing));
        again.end(&token.id, Some("anna")).unwrap();
        assert!(again.get(&text, NOON).is_none());
    }
}
