//! The ID token: a signed JSON Web Token in its compact form (RFC 7515, RFC 7519), looked at as OpenID Connect
//! Core 3.1.3.7 says. Nothing of what it claims is read before its signature is verified.

use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::keys::{Algorithm, Keys};
use crate::people::secret::is_same;

/// The longest token.
const TOKEN_BYTES_MAX: usize = 64 << 10;
/// How far clocks may differ, in seconds.
const SKEW: i64 = 120;
/// How old a token may be that was just asked for, in seconds.
const AGE_MAX: i64 = 600;
/// The longest subject (Core 2).
const SUBJECT_BYTES_MAX: usize = 255;

/// What a token must say.
pub struct Expected<'a> {
    pub issuer: &'a str,
    pub client: &'a str,
    pub nonce: &'a str,
    /// The access token that came along.
    pub access_token: Option<&'a str>,
    /// Seconds since 1970.
    pub now: i64,
}

/// What is wrong with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// No key has signed it: with newer keys it may be right.
    Key(&'static str),
    /// It is not for us, not now, or no token.
    Token(&'static str),
}

impl Wrong {
    /// In words.
    pub fn text(self) -> &'static str {
        match self {
            Wrong::Key(text) | Wrong::Token(text) => text,
        }
    }
}

#[derive(Deserialize)]
struct Head {
    alg: String,
    kid: Option<String>,
    /// Extensions that must be understood; we know none.
    crit: Option<Value>,
}

/// The claims of a token that is what is expected.
pub fn check(token: &str, keys: &Keys, expected: &Expected<'_>) -> Result<Map<String, Value>, Wrong> {
    let malformed = Wrong::Token("the ID token is none");
    if token.len() > TOKEN_BYTES_MAX {
        return Err(Wrong::Token("the ID token is too long"));
    }
    let (said, signature) = token.rsplit_once('.').ok_or(malformed)?;
    let (head, claims) = said.split_once('.').ok_or(malformed)?;
    let bytes = |part: &str| BASE64URL_NOPAD.decode(part.as_bytes()).map_err(|_| malformed);
    let head: Head = serde_json::from_slice(&bytes(head)?).map_err(|_| malformed)?;
    if head.crit.is_some() {
        return Err(Wrong::Token("the ID token asks for an extension"));
    }
    let algorithm = Algorithm::named(&head.alg)
        .ok_or(Wrong::Token("the ID token is signed in a way that is not taken"))?;
    if !keys.verify(algorithm, head.kid.as_deref(), said.as_bytes(), &bytes(signature)?) {
        return Err(Wrong::Key("none of the provider's keys has signed the ID token"));
    }
    let claims: Map<String, Value> = serde_json::from_slice(&bytes(claims)?).map_err(|_| malformed)?;
    judge(&claims, expected).map_err(Wrong::Token)?;
    Ok(claims)
}

fn judge(claims: &Map<String, Value>, expected: &Expected<'_>) -> Result<(), &'static str> {
    let text = |key: &str| claims.get(key).and_then(Value::as_str);
    // A number that is none is as bad as one that is wrong.
    let time = |key: &str| claims.get(key).map(|value| value.as_f64().map(|seconds| seconds as i64));
    if text("iss") != Some(expected.issuer) {
        return Err("the ID token is of another issuer");
    }
    let (is_for_us, is_for_more) = match claims.get("aud") {
        Some(Value::String(one)) => (one == expected.client, false),
        Some(Value::Array(all)) => (all.iter().any(|one| one == expected.client), all.len() > 1),
        _ => (false, false),
    };
    let party = claims.get("azp").map(|party| party.as_str() == Some(expected.client));
    if !is_for_us || party == Some(false) || (is_for_more && party.is_none()) {
        return Err("the ID token is for another client");
    }
    match time("exp") {
        Some(Some(until)) if until.saturating_add(SKEW) > expected.now => {}
        _ => return Err("the ID token has expired"),
    }
    match time("iat") {
        Some(Some(at))
            if at.saturating_sub(SKEW) <= expected.now
                && at.saturating_add(AGE_MAX + SKEW) > expected.now => {}
        _ => return Err("the ID token was not made just now"),
    }
    if time("nbf").is_some_and(|from| from.is_none_or(|from| from.saturating_sub(SKEW) > expected.now)) {
        return Err("the ID token is not good yet");
    }
    if !text("nonce").is_some_and(|nonce| is_same(nonce, expected.nonce)) {
        return Err("the ID token belongs to another log-in");
    }
    if !text("sub").is_some_and(|subject| (1..=SUBJECT_BYTES_MAX).contains(&subject.len())) {
        return Err("the ID token names nobody");
    }
    match (claims.get("at_hash"), expected.access_token) {
        (Some(hash), Some(access)) if hash.as_str() != Some(&half_hash(access)) => {
            Err("the access token is not the ID token's")
        }
        _ => Ok(()),
    }
}

/// The left half of a text's hash (Core 3.1.3.6), for algorithms with SHA-256.
fn half_hash(text: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    BASE64URL_NOPAD.encode(&digest.as_ref()[..16])
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_772_352_900;

    struct Signer(EcdsaKeyPair);

    impl Signer {
        fn new() -> Signer {
            let (kind, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
            let bytes = EcdsaKeyPair::generate_pkcs8(kind, &random).unwrap();
            Signer(EcdsaKeyPair::from_pkcs8(kind, bytes.as_ref(), &random).unwrap())
        }

        fn keys(&self) -> Keys {
            let point = self.0.public_key().as_ref();
            let [x, y] = [&point[1..33], &point[33..]].map(|part| BASE64URL_NOPAD.encode(part));
            let set = json!({ "keys": [{ "kty": "EC", "crv": "P-256", "kid": "1", "x": x, "y": y }] });
            Keys::read(set.to_string().as_bytes()).unwrap()
        }

        fn sign(&self, head: &Value, claims: &Value) -> String {
            let [head, claims] =
                [head, claims].map(|part| BASE64URL_NOPAD.encode(part.to_string().as_bytes()));
            let said = format!("{head}.{claims}");
            let signature = self.0.sign(&SystemRandom::new(), said.as_bytes()).unwrap();
            format!("{said}.{}", BASE64URL_NOPAD.encode(signature.as_ref()))
        }
    }

    fn good() -> Value {
        json!({ "iss": "https://sso", "aud": "klinke", "sub": "7", "nonce": "n", "exp": NOW + 60, "iat": NOW })
    }

    fn expected() -> Expected<'static> {
        let (issuer, client, nonce) = ("https://sso", "klinke", "n");
        Expected { issuer, client, nonce, access_token: Some("access"), now: NOW }
    }

    #[test]
    fn a_claim_that_is_not_what_was_asked_for_is_refused() {
        let (signer, head) = (Signer::new(), json!({ "alg": "ES256", "kid": "1" }));
        let keys = signer.keys();
        let judged = |claims: &Value| check(&signer.sign(&head, claims), &keys, &expected());
        assert_eq!(judged(&good()).unwrap()["sub"], "7");
        let changes = [
            json!({ "iss": "https://sso/" }),
            json!({ "iss": null }),
            json!({ "aud": "other" }),
            json!({ "aud": ["klinke", "other"] }),
            json!({ "aud": [] }),
            json!({ "azp": "other" }),
            json!({ "azp": 7 }),
            json!({ "exp": NOW - 121 }),
            json!({ "exp": null }),
            json!({ "exp": "later" }),
            json!({ "iat": NOW + 121 }),
            json!({ "iat": NOW - 721 }),
            json!({ "iat": null }),
            json!({ "nbf": NOW + 121 }),
            json!({ "nbf": "later" }),
            json!({ "nonce": "m" }),
            json!({ "nonce": null }),
            json!({ "sub": "" }),
            json!({ "sub": 7 }),
            json!({ "sub": "x".repeat(256) }),
            json!({ "at_hash": "AAAA" }),
        ];
        for change in changes {
            let mut claims = good();
            claims.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            assert!(matches!(judged(&claims), Err(Wrong::Token(_))), "{change}");
        }
        for change in [
            json!({ "aud": ["other", "klinke"], "azp": "klinke" }),
            json!({ "exp": NOW - 119, "iat": NOW - 300 }),
            json!({ "iat": NOW + 119 }),
            json!({ "at_hash": half_hash("access") }),
        ] {
            let mut claims = good();
            claims.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            assert!(judged(&claims).is_ok(), "{change}");
        }
    }

    #[test]
    fn what_is_not_signed_by_the_provider_is_refused() {
        let (signer, other) = (Signer::new(), Signer::new());
        let keys = signer.keys();
        let judged = |token: &str| check(token, &keys, &expected()).map(|_| ());
        let head = json!({ "alg": "ES256", "kid": "1" });
        assert!(matches!(judged(&other.sign(&head, &good())), Err(Wrong::Key(_))), "another's key");
        let unknown = json!({ "alg": "ES256", "kid": "2" });
        assert!(
            matches!(judged(&signer.sign(&unknown, &good())), Err(Wrong::Key(_))),
            "a key of another name"
        );
        for alg in ["none", "None", "HS256", "RS512", "ES384", ""] {
            let token = signer.sign(&json!({ "alg": alg, "kid": "1" }), &good());
            let cut = token.rsplit_once('.').unwrap().0;
            assert!(matches!(judged(&token), Err(Wrong::Token(_))), "{alg}");
            assert!(matches!(judged(&format!("{cut}.")), Err(Wrong::Token(_))), "{alg}");
        }
        // The public key, as everybody knows it, in the place of a shared secret.
        let point = signer.0.public_key().as_ref();
        let [head, claims] = [json!({ "alg": "HS256", "kid": "1" }), good()]
            .map(|part| BASE64URL_NOPAD.encode(part.to_string().as_bytes()));
        let said = format!("{head}.{claims}");
        let tag = ring::hmac::sign(&ring::hmac::Key::new(ring::hmac::HMAC_SHA256, point), said.as_bytes());
        let forged = format!("{said}.{}", BASE64URL_NOPAD.encode(tag.as_ref()));
        assert!(matches!(judged(&forged), Err(Wrong::Token(_))));
        let token = signer.sign(&json!({ "alg": "ES256", "crit": ["b64"], "b64": false }), &good());
        assert!(judged(&token).is_err(), "an extension");
        let (head, rest) = token.split_once('.').unwrap();
        let signature = rest.rsplit_once('.').unwrap().1;
        let changed = BASE64URL_NOPAD.encode(good().to_string().replace("\"7\"", "\"1\"").as_bytes());
        assert!(judged(&format!("{head}.{changed}.{signature}")).is_err());
        for odd in ["", ".", "..", "a.b.c", "a.b", &"x".repeat(70_000)] {
            assert!(judged(odd).is_err());
        }
    }
}
