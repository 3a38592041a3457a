//! Public keys of passkeys: COSE keys (RFC 9052, 7; RFC 9053, 7; RFC 8230, 4) of three kinds, kept as ring takes
//! them.

use ciborium::Value;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::{Deserialize, Serialize};

/// Algorithms by their numbers (IANA, COSE Algorithms), the preferred first.
const ES256: i64 = -7;
const EDDSA: i64 = -8;
const RS256: i64 = -257;
pub const ALGORITHMS: [i64; 3] = [ES256, EDDSA, RS256];
/// The longest RSA key, in bytes.
const MODULUS_BYTES_MAX: usize = 1_024;

/// A key. The first in the list is what a damaged entry of the store reads as: it verifies nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PublicKey {
    /// None.
    #[default]
    None,
    /// A point of P-256, uncompressed; ECDSA with SHA-256.
    P256(String),
    /// Ed25519.
    Ed25519(String),
    /// Modulus and exponent; RSASSA-PKCS1-v1_5 with SHA-256.
    Rsa(String, String),
}

impl PublicKey {
    /// Of a COSE key: a map whose keys are small numbers.
    pub fn of_cose(value: &Value) -> Result<PublicKey, &'static str> {
        let map = value.as_map().ok_or("the key is none")?;
        let get = |label: i64| {
            map.iter().find(|(key, _)| key.as_integer() == Some(label.into())).map(|(_, value)| value)
        };
        let number =
            |label: i64| get(label).and_then(Value::as_integer).and_then(|number| i64::try_from(number).ok());
        let bytes = |label: i64| get(label).and_then(Value::as_bytes).ok_or("the key lacks a part");
        // Kind (1), algorithm (3), curve (-1).
        match (number(1), number(3), number(-1)) {
            (Some(2), Some(ES256), Some(1)) => {
                let (x, y) = (bytes(-2)?, bytes(-3)?);
                match (x.len(), y.len()) {
                    (32, 32) => Ok(PublicKey::P256(text(&[&[4], x.as_slice(), y.as_slice()].concat()))),
                    _ => Err("the key's point has another size"),
                }
            }
            (Some(1), Some(EDDSA), Some(6)) => match bytes(-2)? {
                x if x.len() == 32 => Ok(PublicKey::Ed25519(text(x))),
                _ => Err("the key has another size"),
            },
            (Some(3), Some(RS256), _) => match (bytes(-1)?, bytes(-2)?) {
                (n, e) if (256..=MODULUS_BYTES_MAX).contains(&n.len()) && (1..=8).contains(&e.len()) => {
                    Ok(PublicKey::Rsa(text(n), text(e)))
                }
                _ => Err("the key has another size"),
            },
            _ => Err("the key is of a kind that was not asked for"),
        }
    }

    /// True when it has signed this.
    pub fn verify(&self, said: &[u8], signature: &[u8]) -> bool {
        match self {
            PublicKey::None => false,
            PublicKey::P256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, bytes(point)).verify(said, signature).is_ok()
            }
            PublicKey::Ed25519(key) => {
                UnparsedPublicKey::new(&ED25519, bytes(key)).verify(said, signature).is_ok()
            }
            PublicKey::Rsa(n, e) => {
                let key = RsaPublicKeyComponents { n: bytes(n), e: bytes(e) };
                key.verify(&RSA_PKCS1_2048_8192_SHA256, said, signature).is_ok()
            }
        }
    }
}

fn text(bytes: &[u8]) -> String {
    data_encoding::BASE64URL_NOPAD.encode(bytes)
}

fn bytes(text: &str) -> Vec<u8> {
    data_encoding::BASE64URL_NOPAD.decode(text.as_bytes()).unwrap_or_default()
}
