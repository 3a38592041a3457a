//! A provider's public keys: JSON Web Key Sets (RFC 7517), of them RSA and the elliptic curve P-256 (RFC 7518,
//! sections 6.2 and 6.3). Other keys are passed over: a provider may have some for other uses.

use data_encoding::BASE64URL_NOPAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;

/// The most keys that are looked at.
const KEYS_MAX: usize = 100;

/// How a token can be signed. There is no other: neither `none`, nor a shared secret in whose place somebody
/// could put a public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
}

impl Algorithm {
    /// By its name in a token's head.
    pub fn named(name: &str) -> Option<Algorithm> {
        match name {
            "RS256" => Some(Algorithm::Rs256),
            "ES256" => Some(Algorithm::Es256),
            _ => None,
        }
    }
}

/// A provider's keys.
#[derive(Debug, Default)]
pub struct Keys(Vec<Key>);

#[derive(Debug)]
struct Key {
    id: Option<String>,
    is: Is,
}

#[derive(Debug)]
enum Is {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    P256(Vec<u8>),
}

#[derive(Deserialize)]
struct RawSet {
    keys: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Raw {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl Keys {
    /// Out of a set's JSON.
    pub fn read(body: &[u8]) -> Result<Keys, String> {
        let set: RawSet = serde_json::from_slice(body)
            .map_err(|error| format!("the provider's keys can't be read: {error}"))?;
        Ok(Keys(set.keys.into_iter().take(KEYS_MAX).filter_map(key).collect()))
    }

    /// True when one of the keys that may have signed has. A token that names its key is looked at with keys of
    /// that name alone.
    pub fn verify(&self, algorithm: Algorithm, id: Option<&str>, said: &[u8], signature: &[u8]) -> bool {
        let is_named = |key: &&Key| id.is_none() || key.id.is_none() || key.id.as_deref() == id;
        self.0.iter().filter(is_named).any(|key| match (&key.is, algorithm) {
            (Is::Rsa { n, e }, Algorithm::Rs256) => {
                let key = RsaPublicKeyComponents { n, e };
                key.verify(&RSA_PKCS1_2048_8192_SHA256, said, signature).is_ok()
            }
            (Is::P256(point), Algorithm::Es256) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(said, signature).is_ok()
            }
            _ => false,
        })
    }
}

fn key(value: serde_json::Value) -> Option<Key> {
    let raw: Raw = serde_json::from_value(value).ok()?;
    if raw.usage.as_deref().is_some_and(|usage| usage != "sig") {
        return None;
    }
    let bytes = |text: &Option<String>| BASE64URL_NOPAD.decode(text.as_ref()?.as_bytes()).ok();
    let (is, algorithm) = match (raw.kty.as_str(), raw.crv.as_deref()) {
        ("RSA", _) => {
            // ring wants no zeros in front.
            let whole = |bytes: Vec<u8>| bytes.into_iter().skip_while(|byte| *byte == 0).collect();
            (Is::Rsa { n: whole(bytes(&raw.n)?), e: whole(bytes(&raw.e)?) }, "RS256")
        }
        ("EC", Some("P-256")) => {
            let (x, y) = (bytes(&raw.x)?, bytes(&raw.y)?);
            // An uncompressed point (SEC 1, 2.3.3).
            let point = [&[4], x.as_slice(), y.as_slice()].concat();
            ((x.len() == 32 && y.len() == 32).then_some(Is::P256(point))?, "ES256")
        }
        _ => return None,
    };
    let fits = raw.alg.as_deref().is_none_or(|alg| alg == algorithm);
    fits.then_some(Key { id: raw.kid, is })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7515, appendices A.2 (RSA) and A.3 (P-256): keys, what is signed, signatures.
    const N: &str = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
    const SAID_RSA: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    const SIGNED_RSA: &str = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
    const SAID_P256: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    const SIGNED_P256: &str =
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

    fn set(more: &str) -> Keys {
        let rsa = format!(r#"{{"kty":"RSA","kid":"r","n":"{N}","e":"AQAB"{more}}}"#);
        let p256 = format!(
            r#"{{"kty":"EC","kid":"p","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"{more}}}"#
        );
        let other = r#"{"kty":"oct","kid":"r","k":"AAAA"},{"kty":"EC","crv":"P-521","x":"","y":""},7"#;
        Keys::read(format!(r#"{{"keys":[{other},{rsa},{p256}]}}"#).as_bytes()).unwrap()
    }

    fn bytes(text: &str) -> Vec<u8> {
        BASE64URL_NOPAD.decode(text.as_bytes()).unwrap()
    }

    #[test]
    fn signatures_are_those_of_the_standard() {
        let keys = set("");
        let rsa = |id, said: &str| keys.verify(Algorithm::Rs256, id, said.as_bytes(), &bytes(SIGNED_RSA));
        assert!(rsa(None, SAID_RSA) && rsa(Some("r"), SAID_RSA));
        assert!(!rsa(Some("p"), SAID_RSA) && !rsa(None, SAID_P256), "another key, another text");
        let p256 = |id, said: &str| keys.verify(Algorithm::Es256, id, said.as_bytes(), &bytes(SIGNED_P256));
        assert!(p256(None, SAID_P256) && p256(Some("p"), SAID_P256) && !p256(Some("r"), SAID_P256));
        assert!(!keys.verify(Algorithm::Es256, None, SAID_RSA.as_bytes(), &bytes(SIGNED_RSA)));
        assert!(!keys.verify(Algorithm::Rs256, None, SAID_RSA.as_bytes(), b""));
    }

    #[test]
    fn keys_for_something_else_are_passed_over() {
        for more in [r#","use":"enc""#, r#","alg":"PS256""#, r#","alg":"HS256""#] {
            assert_eq!(set(more).0.len(), 0, "{more}");
        }
        assert_eq!(set(r#","use":"sig""#).0.len(), 2);
        assert!(Keys::read(b"[]").is_err() && Keys::read(b"{\"keys\":7}").is_err());
    }
}
