//! Passkeys: Web Authentication Level 3 (W3C), registration (section 7.1) and log-in (section 7.2).
//!
//! | what | where |
//! |---|---|
//! | the two ceremonies | this file |
//! | what browser and authenticator say | `data` |
//! | public keys | `key` |
//!
//! A passkey is asked for with user verification and found by itself (discoverable), so that it stands for a
//! name, a password and a second factor at once. No attestation is asked for, and none is looked at: whoever
//! registers one has proved who they are with their password, and which make their authenticator is of is no
//! condition. Keys are ES256, EdDSA (Ed25519) or RS256.
//!
//! Passkeys belong to a host name (the relying party's identifier): that of `[console] address`. Without one
//! there are none.

mod data;
mod key;
#[cfg(test)]
mod tests;

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::account::{self, Account, Refusal};
use super::actor::Actor;
use super::enter::{Caller, Entered};
use super::own::own_name;
use super::pending::Pending;
use super::{People, blocking, secret};
use crate::audit::Action;
use data::{AuthenticatorData, Ceremony, ClientData};
pub use key::PublicKey;

/// How long somebody may take at their authenticator.
const LENGTH: Duration = Duration::from_secs(300);
/// Under which name failures are counted; no account has it.
const TYPED: &str = ":passkey";
/// The most passkeys of one account.
pub const PASSKEYS_MAX: usize = 10;
/// The longest text that a browser sends us of an authenticator, in letters of base64url.
const TEXT_MAX: usize = 12_000;

/// One passkey.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Passkey {
    /// What its authenticator calls it, base64url.
    pub id: String,
    /// What its owner calls it.
    pub title: String,
    /// Its public key.
    pub key: PublicKey,
    /// How often it was used, as its authenticator counts; many do not count, and say 0.
    pub count: u32,
    /// True when copies of it may exist: it is kept by a password manager, or synchronised.
    pub is_copied: bool,
    /// When it was registered, microseconds since 1970.
    pub made: i64,
    /// When it was last used.
    pub used: Option<i64>,
}

/// Where passkeys belong to.
pub struct Party {
    /// The host name.
    id: String,
    /// The origin of our pages.
    origin: String,
    begun: Pending<Begun>,
}

/// What a challenge was made for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Begun {
    LogIn,
    Registration { account: String, title: String },
}

/// What comes back from an authenticator, each text base64url.
#[derive(Clone, Default)]
pub struct Given {
    /// The passkey's identifier.
    pub id: String,
    /// `clientDataJSON`.
    pub client: String,
    /// `attestationObject` at a registration, `authenticatorData` at a log-in.
    pub data: String,
    /// The signature, at a log-in.
    pub signature: String,
    /// The user handle, at a log-in.
    pub handle: String,
}

impl Party {
    /// Of an address without a path; none where its host is a number, as those can't have passkeys.
    pub fn new(address: &str) -> Option<Party> {
        let uri: axum::http::Uri = address.parse().ok()?;
        let host = uri.host()?.to_lowercase();
        let is_number = host.starts_with('[') || host.parse::<std::net::Ipv4Addr>().is_ok();
        (!is_number).then(|| Party { id: host, origin: address.to_lowercase(), begun: Pending::new(LENGTH) })
    }

    fn challenge(
        &self,
        begun: Begun,
        caller: &Caller,
        now: klinke_model::Timestamp,
    ) -> Result<String, Refusal> {
        let challenge = secret::identifier()?;
        self.begun.put(&challenge, begun, &caller.from, now);
        Ok(challenge)
    }

    /// What a challenge was made for, if the browser says that it answered it, for this ceremony, on one of our
    /// pages. A challenge is good once.
    fn answered(
        &self,
        given: &str,
        ceremony: Ceremony,
        now: klinke_model::Timestamp,
    ) -> Result<(Begun, Vec<u8>), &'static str> {
        let bytes = decoded(given)?;
        let client = ClientData::read(&bytes)?;
        let begun =
            self.begun.take(&client.challenge, now).ok_or("the challenge is not one of ours, or is used")?;
        client.check(ceremony, &self.origin)?;
        Ok((begun, bytes))
    }
}

impl People {
    /// Takes over where passkeys belong to: an address without a path.
    pub fn set_address(&self, address: Option<&str>) {
        let party = address.and_then(Party::new).map(Arc::new);
        *self.party.write().unwrap_or_else(PoisonError::into_inner) = party;
    }

    /// Where passkeys belong to; nothing where there are none.
    pub fn party(&self) -> Option<Arc<Party>> {
        self.party.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Begins a registration, with the password of today: what the browser asks the authenticator for (Web
    /// Authentication 5.4). Members that hold bytes are base64url.
    pub async fn begin_passkey(
        self: &Arc<Self>,
        actor: &Actor,
        caller: Caller,
        password: String,
        title: &str,
        site: &str,
    ) -> Result<Value, Refusal> {
        let party = self.party().ok_or(Refusal::Nothing)?;
        let name = self.own_at_home(actor)?;
        let title = Some(account::title(title)).filter(|title| !title.is_empty()).ok_or(Refusal::Nameless)?;
        self.prove(actor, &caller, password).await?;
        let (people, site) = (self.clone(), format!("Klinke · {site}"));
        blocking(move || {
            let (handle, own) = people.book.change(&name, |account| {
                if account.passkeys.len() >= PASSKEYS_MAX {
                    return Err(Refusal::Many);
                }
                let handle = account.handle.clone().map_or_else(secret::identifier, Ok)?;
                account.handle = Some(handle.clone());
                let own: Vec<_> = account.passkeys.iter().map(|one| json!({ "type": "public-key", "id": one.id })).collect();
                Ok((handle, own))
            })?;
            let called = people.book.get(&name).map(|account| account.title).filter(|title| !title.is_empty());
            let begun = Begun::Registration { account: name.clone(), title };
            Ok(json!({
                "challenge": party.challenge(begun, &caller, people.now())?,
                "rp": { "id": party.id, "name": site },
                "user": { "id": handle, "name": name, "displayName": called.unwrap_or_else(|| name.clone()) },
                "pubKeyCredParams": key::ALGORITHMS.map(|alg| json!({ "type": "public-key", "alg": alg })),
                "authenticatorSelection": { "residentKey": "required", "requireResidentKey": true, "userVerification": "required" },
                "excludeCredentials": own,
                "attestation": "none",
                "timeout": LENGTH.as_millis() as u64,
            }))
        })
        .await
    }

    /// Keeps a passkey that was registered. Blocks.
    pub fn add_passkey(&self, actor: &Actor, given: &Given) -> Result<(), Refusal> {
        let party = self.party().ok_or(Refusal::Nothing)?;
        let name = self.own_at_home(actor)?;
        let now = self.now();
        let read = || -> Result<(Begun, data::Credential, bool), &'static str> {
            let (begun, _) = party.answered(&given.client, Ceremony::Create, now)?;
            let object = decoded(&given.data)?;
            let bytes = data::attested(&object)?;
            let said = AuthenticatorData::read(&bytes)?;
            said.check(&party.id)?;
            let is_copied = said.is_copied;
            Ok((begun, said.credential.ok_or("there is no new passkey")?, is_copied))
        };
        let (begun, credential, is_copied) = read().map_err(|why| {
            tracing::warn!(account = %name, why, "a passkey was not registered");
            Refusal::Unfit
        })?;
        let Begun::Registration { account, title } = begun else { return Err(Refusal::Unfit) };
        let id = BASE64URL_NOPAD.encode(&credential.id);
        if account != name || self.owner(&id).is_some() {
            return Err(Refusal::Unfit);
        }
        let note = format!("registered the passkey {title}");
        self.note(&actor.who, &actor.from, Action::Account, &name, &note)?;
        self.book.change(&name, |account| {
            if account.passkeys.len() >= PASSKEYS_MAX {
                return Err(Refusal::Many);
            }
            let (key, count) = (credential.key, credential.count);
            account.passkeys.push(Passkey { id, title, key, count, is_copied, made: now.0, used: None });
            Ok(())
        })
    }

    /// Takes a passkey away, with the password of today.
    pub async fn remove_passkey(
        self: &std::sync::Arc<Self>,
        actor: &Actor,
        caller: Caller,
        password: String,
        id: String,
    ) -> Result<(), Refusal> {
        let name = own_name(actor)?.to_owned();
        self.prove(actor, &caller, password).await?;
        let (people, actor) = (self.clone(), actor.clone());
        blocking(move || {
            let account = people.book.get(&name).ok_or(Refusal::Nothing)?;
            let own = account.passkeys.iter().find(|one| one.id == id).ok_or(Refusal::Nothing)?;
            let note = format!("removed the passkey {}", own.title);
            people.note(&actor.who, &actor.from, Action::Account, &name, &note)?;
            people.book.change(&name, |account| {
                account.passkeys.retain(|one| one.id != id);
                Ok(())
            })
        })
        .await
    }

    /// Begins a log-in: what the browser asks the authenticator for (5.5). It names nobody, so that it is the
    /// same for all.
    pub fn begin_with_passkey(&self, caller: &Caller) -> Result<Value, Refusal> {
        let party = self.party().ok_or(Refusal::Nothing)?;
        self.may_try(caller, TYPED)?;
        Ok(json!({
            "challenge": party.challenge(Begun::LogIn, caller, self.now())?,
            "rpId": party.id,
            "userVerification": "required",
            "timeout": LENGTH.as_millis() as u64,
        }))
    }

    /// Lets somebody in with a passkey, or not. Blocks.
    pub fn enter_with_passkey(&self, caller: &Caller, given: &Given) -> Result<Entered, Refusal> {
        let party = self.party().ok_or(Refusal::Nothing)?;
        self.may_try(caller, TYPED)?;
        let owner = self.owner(&given.id);
        let known = owner.as_ref().map(|account| account.name.clone()).unwrap_or_default();
        match self.proved(&party, owner, given) {
            Ok((account, count)) => {
                let used = self.use_up(&account, &given.id, count);
                match used {
                    Ok(()) => self.enter(caller, TYPED, &account.name, "passkey"),
                    Err(Refusal::Wrong) => {
                        // Two devices have the same key: one of them is a copy that should not be.
                        tracing::warn!(account = %known, "a passkey counts backwards: it was copied");
                        let note = "the passkey counts backwards: it was copied";
                        self.shut_out(caller, TYPED, &known, Some("passkey"), Some(note))
                    }
                    Err(other) => Err(other),
                }
            }
            Err(note) => self.shut_out(caller, TYPED, &known, Some("passkey"), Some(note)),
        }
    }

    /// Whose passkey it was, and how often it was used by now.
    fn proved(
        &self,
        party: &Party,
        owner: Option<Account>,
        given: &Given,
    ) -> Result<(Account, u32), &'static str> {
        let (begun, client) = party.answered(&given.client, Ceremony::Get, self.now())?;
        if begun != Begun::LogIn {
            return Err("the challenge was made for something else");
        }
        let account = owner.filter(|account| !account.is_locked).ok_or("nobody here has this passkey")?;
        if account.handle.as_deref() != Some(given.handle.as_str()) {
            return Err("the passkey is somebody else's");
        }
        let passkey =
            account.passkeys.iter().find(|one| one.id == given.id).ok_or("there is no such passkey")?;
        let (data, signature) = (decoded(&given.data)?, decoded(&given.signature)?);
        let hash = ring::digest::digest(&ring::digest::SHA256, &client);
        let signed = [data.as_slice(), hash.as_ref()].concat();
        if !passkey.key.verify(&signed, &signature) {
            return Err("the passkey's signature is wrong");
        }
        let said = AuthenticatorData::read(&data)?;
        said.check(&party.id)?;
        if said.is_copied != passkey.is_copied {
            return Err("the passkey is kept in another way than before");
        }
        Ok((account, said.count))
    }

    /// Notes the use. An error when it was used as often before: then there are two of it.
    fn use_up(&self, account: &Account, id: &str, count: u32) -> Result<(), Refusal> {
        let now = self.now();
        self.book.change(&account.name, |account| {
            let own = account.passkeys.iter_mut().find(|one| one.id == id).ok_or(Refusal::Nothing)?;
            if (count > 0 || own.count > 0) && count <= own.count {
                return Err(Refusal::Wrong);
            }
            (own.count, own.used) = (count, Some(now.0));
            Ok(())
        })
    }

    fn owner(&self, id: &str) -> Option<Account> {
        self.book.all().into_iter().find(|account| account.passkeys.iter().any(|one| one.id == id))
    }
}

/// Bytes out of base64url, as long as an authenticator's may be.
fn decoded(text: &str) -> Result<Vec<u8>, &'static str> {
    let text = text.trim_end_matches('=');
    let fits = Some(text).filter(|text| text.len() <= TEXT_MAX);
    fits.and_then(|text| BASE64URL_NOPAD.decode(text.as_bytes()).ok()).ok_or("the answer can't be read")
}
