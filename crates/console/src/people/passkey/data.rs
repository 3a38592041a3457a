//! What a browser and an authenticator say: client data (Web Authentication Level 3, 5.8.1), authenticator
//! data (6.1), the attestation object (6.5.4).
//!
//! Authenticator data:
//!
//! | bytes | what |
//! |---|---|
//! | 32 | SHA-256 of the relying party's identifier |
//! | 1 | flags: 01 user present, 04 user verified, 08 may be backed up, 10 is backed up, 40 a credential follows, 80 extensions follow |
//! | 4 | signature counter, big-endian |
//! | 16, 2, … | where a credential follows: model of the authenticator, length of the identifier, the identifier, the key (COSE) |

use ciborium::Value;
use serde::Deserialize;

use super::key::PublicKey;

const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const MAY_BE_COPIED: u8 = 0x08;
const IS_COPIED: u8 = 0x10;
const CREDENTIAL: u8 = 0x40;
const EXTENSIONS: u8 = 0x80;
/// The longest identifier of a credential (Web Authentication 5.8.3).
const ID_BYTES_MAX: usize = 1_023;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ceremony {
    /// A registration.
    Create,
    /// A log-in.
    Get,
}

/// What the browser says.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientData {
    #[serde(rename = "type")]
    kind: String,
    pub challenge: String,
    origin: String,
    #[serde(default)]
    cross_origin: bool,
    top_origin: Option<String>,
}

impl ClientData {
    pub fn read(bytes: &[u8]) -> Result<ClientData, &'static str> {
        serde_json::from_slice(bytes).map_err(|_| "the client data can't be read")
    }

    pub fn check(&self, ceremony: Ceremony, origin: &str) -> Result<(), &'static str> {
        let kind = match ceremony {
            Ceremony::Create => "webauthn.create",
            Ceremony::Get => "webauthn.get",
        };
        if self.kind != kind {
            return Err("the answer is one to something else");
        }
        // Neither another site's page nor one that has ours in a frame.
        if self.origin != origin || self.cross_origin || self.top_origin.is_some() {
            return Err("the answer was made on another site's page");
        }
        Ok(())
    }
}

/// What the authenticator says.
pub struct AuthenticatorData {
    party: [u8; 32],
    flags: u8,
    pub count: u32,
    /// True when copies of the key may exist.
    pub is_copied: bool,
    pub credential: Option<Credential>,
}

/// A new passkey.
pub struct Credential {
    pub id: Vec<u8>,
    pub key: PublicKey,
    pub count: u32,
}

impl AuthenticatorData {
    pub fn read(bytes: &[u8]) -> Result<AuthenticatorData, &'static str> {
        let short = "the authenticator's data are too short";
        let (party, rest) = bytes.split_first_chunk::<32>().ok_or(short)?;
        let (&[flags], rest) = rest.split_first_chunk::<1>().ok_or(short)?;
        let (count, rest) = rest.split_first_chunk::<4>().ok_or(short)?;
        let (count, mut rest) = (u32::from_be_bytes(*count), rest);
        let mut credential = None;
        if flags & CREDENTIAL != 0 {
            let (_, after) = rest.split_first_chunk::<16>().ok_or(short)?;
            let (length, after) = after.split_first_chunk::<2>().ok_or(short)?;
            let length = usize::from(u16::from_be_bytes(*length));
            let (id, mut after) = after.split_at_checked(length).ok_or(short)?;
            if id.is_empty() || id.len() > ID_BYTES_MAX {
                return Err("the passkey's identifier is too long, or none");
            }
            let key: Value = ciborium::from_reader(&mut after).map_err(|_| "the key can't be read")?;
            credential = Some(Credential { id: id.to_vec(), key: PublicKey::of_cose(&key)?, count });
            rest = after;
        }
        if flags & EXTENSIONS == 0 && !rest.is_empty() {
            return Err("the authenticator's data are too long");
        }
        let is_copied = flags & MAY_BE_COPIED != 0;
        if !is_copied && flags & IS_COPIED != 0 {
            return Err("the authenticator contradicts itself");
        }
        Ok(AuthenticatorData { party: *party, flags, count, is_copied, credential })
    }

    /// An error unless it is for us, and the person was there and was verified.
    pub fn check(&self, party: &str) -> Result<(), &'static str> {
        let own = ring::digest::digest(&ring::digest::SHA256, party.as_bytes());
        if self.party != own.as_ref() {
            return Err("the passkey is for another site");
        }
        if self.flags & PRESENT == 0 || self.flags & VERIFIED == 0 {
            return Err("the authenticator did not verify who used it");
        }
        Ok(())
    }
}

/// The authenticator data in an attestation object. The attestation itself is not looked at: none was asked for.
pub fn attested(object: &[u8]) -> Result<Vec<u8>, &'static str> {
    let wrong = "the attestation object can't be read";
    let object: Value = ciborium::from_reader(object).map_err(|_| wrong)?;
    let map = object.as_map().ok_or(wrong)?;
    let data = map.iter().find(|(key, _)| key.as_text() == Some("authData"));
    data.and_then(|(_, value)| value.as_bytes()).cloned().ok_or(wrong)
}
