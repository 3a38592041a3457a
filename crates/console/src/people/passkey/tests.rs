//! Passkeys with an authenticator that this test plays, well and badly.

use ciborium::Value as Cbor;
use data_encoding::BASE64URL_NOPAD;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

use super::*;
use crate::audit::Outcome;
use crate::people::care::Ask;
use crate::people::tests::{Bed, GOOD, OTHER, caller};

const ADDRESS: &str = "https://klinke.kh.example:8443";
const HOST: &str = "klinke.kh.example";

enum Pair {
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// An authenticator with one passkey.
struct Authenticator {
    pair: Pair,
    id: Vec<u8>,
    handle: String,
    count: u32,
    step: u32,
    origin: String,
    host: String,
    flags: u8,
    more: Value,
}

impl Authenticator {
    fn new(is_edwards: bool) -> Authenticator {
        let random = SystemRandom::new();
        let pair = match is_edwards {
            true => {
                let bytes = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
                Pair::Ed25519(Ed25519KeyPair::from_pkcs8(bytes.as_ref()).unwrap())
            }
            false => {
                let kind = &ECDSA_P256_SHA256_ASN1_SIGNING;
                let bytes = EcdsaKeyPair::generate_pkcs8(kind, &random).unwrap();
                Pair::P256(EcdsaKeyPair::from_pkcs8(kind, bytes.as_ref(), &random).unwrap())
            }
        };
        let id = secret::random::<16>().unwrap().to_vec();
        let (origin, host) = (ADDRESS.to_owned(), HOST.to_owned());
        Authenticator {
            pair,
            id,
            handle: String::new(),
            count: 0,
            step: 1,
            origin,
            host,
            flags: 0x05,
            more: json!({}),
        }
    }

    fn cose(&self) -> Cbor {
        let pair = |key: i64, value: Cbor| (Cbor::from(key), value);
        Cbor::Map(match &self.pair {
            Pair::P256(one) => {
                let point = one.public_key().as_ref();
                let [x, y] = [&point[1..33], &point[33..]].map(|part| Cbor::Bytes(part.to_vec()));
                vec![pair(1, 2.into()), pair(3, (-7).into()), pair(-1, 1.into()), pair(-2, x), pair(-3, y)]
            }
            Pair::Ed25519(one) => {
                let x = Cbor::Bytes(one.public_key().as_ref().to_vec());
                vec![pair(1, 1.into()), pair(3, (-8).into()), pair(-1, 6.into()), pair(-2, x)]
            }
        })
    }

    fn client(&self, kind: &str, options: &Value) -> Vec<u8> {
        let mut client = json!({ "type": kind, "challenge": options["challenge"], "origin": self.origin });
        client.as_object_mut().unwrap().extend(self.more.as_object().unwrap().clone());
        client.to_string().into_bytes()
    }

    fn data(&self, flags: u8) -> Vec<u8> {
        let mut data = digest(&SHA256, self.host.as_bytes()).as_ref().to_vec();
        data.push(flags);
        data.extend(self.count.to_be_bytes());
        data
    }

    fn create(&mut self, options: &Value) -> Given {
        self.handle = options["user"]["id"].as_str().unwrap().to_owned();
        let mut data = self.data(self.flags | 0x40);
        data.extend([0; 16]);
        data.extend((self.id.len() as u16).to_be_bytes());
        data.extend(&self.id);
        ciborium::into_writer(&self.cose(), &mut data).unwrap();
        let object = Cbor::Map(vec![
            (Cbor::from("fmt"), Cbor::from("none")),
            (Cbor::from("attStmt"), Cbor::Map(Vec::new())),
            (Cbor::from("authData"), Cbor::Bytes(data)),
        ]);
        let mut bytes = Vec::new();
        ciborium::into_writer(&object, &mut bytes).unwrap();
        let client = self.client("webauthn.create", options);
        Given { id: text(&self.id), client: text(&client), data: text(&bytes), ..Given::default() }
    }

    fn get(&mut self, options: &Value) -> Given {
        self.count += self.step;
        let (client, data) = (self.client("webauthn.get", options), self.data(self.flags));
        let signed = [data.as_slice(), digest(&SHA256, &client).as_ref()].concat();
        let signature = match &self.pair {
            Pair::P256(pair) => pair.sign(&SystemRandom::new(), &signed).unwrap().as_ref().to_vec(),
            Pair::Ed25519(pair) => pair.sign(&signed).as_ref().to_vec(),
        };
        Given {
            id: text(&self.id),
            client: text(&client),
            data: text(&data),
            signature: text(&signature),
            handle: self.handle.clone(),
        }
    }
}

fn text(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

impl Bed {
    async fn options(&self, actor: &Actor, password: &str) -> Result<Value, Refusal> {
        let own = password.to_owned();
        self.people.begin_passkey(actor, caller("10.0.0.7"), own, "Telefon", "Klinik").await
    }

    /// Somebody with a passkey.
    async fn with_passkey(&self, name: &str, is_edwards: bool) -> (Actor, Authenticator) {
        let entered = self.account(name, "operator").await;
        let (actor, mut phone) = (self.actor(&entered), Authenticator::new(is_edwards));
        let options = self.options(&actor, GOOD).await.unwrap();
        self.people.add_passkey(&actor, &phone.create(&options)).unwrap();
        (actor, phone)
    }

    fn challenge(&self, from: &str) -> Value {
        self.people.begin_with_passkey(&caller(from)).unwrap()
    }
}

fn bed() -> Bed {
    let bed = Bed::new();
    bed.people.set_address(Some(ADDRESS));
    bed
}

#[tokio::test]
async fn a_passkey_lets_its_owner_in_and_nobody_else() {
    for is_edwards in [false, true] {
        let bed = bed();
        let (actor, mut phone) = bed.with_passkey("anna", is_edwards).await;
        bed.with_passkey("bert", !is_edwards).await;
        let options = bed.challenge("10.0.0.7");
        assert!(!options.to_string().contains("anna") && options["userVerification"] == "required");
        let given = phone.get(&options);
        let entered = bed.people.enter_with_passkey(&caller("10.0.0.7"), &given).unwrap();
        assert_eq!(entered.account, "anna");
        assert_eq!(bed.actor(&entered).who.name, "anna");
        let last = bed.entries().pop().unwrap();
        assert_eq!((last.who.via.as_deref(), last.outcome), (Some("passkey"), Outcome::Done));
        let again = bed.people.enter_with_passkey(&caller("10.0.0.7"), &given);
        assert_eq!(again.unwrap_err(), Refusal::Wrong, "a challenge is good once");
        let own = bed.people.own(&actor).unwrap();
        assert_eq!((own.passkeys.len(), own.passkeys[0].count, &*own.passkeys[0].title), (1, 1, "Telefon"));
        assert!(own.view.factors.contains(&"passkey".to_owned()));
        let gone = |password: &str| {
            let (id, password) = (text(&phone.id), password.to_owned());
            bed.people.remove_passkey(&actor, caller("10.0.0.8"), password, id)
        };
        assert_eq!(gone(OTHER).await, Err(Refusal::Wrong));
        gone(GOOD).await.unwrap();
        let given = phone.get(&bed.challenge("10.0.0.9"));
        assert_eq!(bed.people.enter_with_passkey(&caller("10.0.0.9"), &given).unwrap_err(), Refusal::Wrong);
        assert!(bed.log_in_from(caller("10.0.0.9"), "anna", GOOD, "").await.is_ok(), "the password stays");
    }
}

/// Each change of what a good authenticator says, from an address of its own.
#[tokio::test]
async fn what_another_site_or_a_thief_would_send_opens_nothing() {
    type Change = fn(&mut Authenticator);
    let changes: [(&str, Change); 12] = [
        ("another site's page", |one| one.origin = "https://klinke.kh.example.evil.example".to_owned()),
        ("another port", |one| one.origin = "https://klinke.kh.example".to_owned()),
        ("not over TLS", |one| one.origin = ADDRESS.replace("https", "http")),
        ("another site's passkey", |one| one.host = "kh.example".to_owned()),
        ("in another site's frame", |one| one.more = json!({ "crossOrigin": true })),
        ("in another site's frame, named", |one| one.more = json!({ "topOrigin": "https://evil.example" })),
        ("a registration's answer", |one| one.more = json!({ "type": "webauthn.create" })),
        ("nobody was verified", |one| one.flags = 0x01),
        ("nobody was there", |one| one.flags = 0x04),
        ("it may be copied now", |one| one.flags = 0x0d),
        ("somebody else's", |one| one.handle = "AAAA".to_owned()),
        ("another key", |one| one.pair = Authenticator::new(false).pair),
    ];
    let bed = bed();
    let (_, mut phone) = bed.with_passkey("anna", false).await;
    for (at, (what, change)) in changes.into_iter().enumerate() {
        let from = format!("10.0.2.{at}");
        let kept = (phone.origin.clone(), phone.host.clone(), phone.flags, phone.handle.clone());
        change(&mut phone);
        let given = phone.get(&bed.challenge(&from));
        let refused = bed.people.enter_with_passkey(&caller(&from), &given);
        assert_eq!(refused.unwrap_err(), Refusal::Wrong, "{what}");
        let last = bed.entries().pop().unwrap();
        assert_eq!((last.outcome, last.who.name.as_str()), (Outcome::Refused, "anna"), "{what}");
        let (origin, host, flags, handle) = kept;
        // What was changed is put back, but for the key, which is lost with the last one.
        phone = Authenticator { origin, host, flags, handle, more: json!({}), ..phone };
    }
}

#[tokio::test]
async fn what_is_no_answer_is_none() {
    let bed = bed();
    let (_, mut phone) = bed.with_passkey("anna", false).await;
    let good = |phone: &mut Authenticator, from: &str| phone.get(&bed.challenge(from));
    let cut = |text: &str| text[..text.len() - 8].to_owned();
    type Change = Box<dyn Fn(&mut Given)>;
    let changes: Vec<Change> = vec![
        Box::new(|given| given.id = "AAAA".to_owned()),
        Box::new(|given| given.signature = String::new()),
        Box::new(move |given| given.signature = cut(&given.signature)),
        Box::new(move |given| given.data = cut(&given.data)),
        Box::new(|given| given.data = format!("{}AAAA", given.data)),
        Box::new(|given| given.client = "e30".to_owned()),
        Box::new(|given| given.client = "!".to_owned()),
        Box::new(|given| given.client = "A".repeat(20_000)),
        Box::new(|given| *given = Given::default()),
    ];
    for (at, change) in changes.iter().enumerate() {
        let from = format!("10.0.3.{at}");
        let mut given = good(&mut phone, &from);
        change(&mut given);
        assert_eq!(
            bed.people.enter_with_passkey(&caller(&from), &given).unwrap_err(),
            Refusal::Wrong,
            "{at}"
        );
    }
    let late = good(&mut phone, "10.0.4.1");
    bed.pass(Duration::from_secs(301));
    assert_eq!(bed.people.enter_with_passkey(&caller("10.0.4.1"), &late).unwrap_err(), Refusal::Wrong);
    let made_up = phone.get(&json!({ "challenge": "A".repeat(43) }));
    assert_eq!(bed.people.enter_with_passkey(&caller("10.0.4.2"), &made_up).unwrap_err(), Refusal::Wrong);
    assert!(bed.people.enter_with_passkey(&caller("10.0.4.3"), &good(&mut phone, "10.0.4.3")).is_ok());
}

#[tokio::test]
async fn a_copied_passkey_is_found_by_its_count() {
    let bed = bed();
    let (_, mut phone) = bed.with_passkey("anna", false).await;
    phone.count = 6;
    let enter = |phone: &mut Authenticator, from: &str| {
        let given = phone.get(&bed.challenge(from));
        bed.people.enter_with_passkey(&caller(from), &given).map(|entered| entered.account)
    };
    assert!(enter(&mut phone, "10.0.0.7").is_ok());
    phone.count = 3;
    assert_eq!(enter(&mut phone, "10.0.0.8"), Err(Refusal::Wrong));
    let note = bed.entries().pop().unwrap().note.unwrap();
    assert!(note.contains("copied"), "{note}");
    phone.count = 7;
    assert!(enter(&mut phone, "10.0.0.9").is_ok());
    // Those that do not count say 0 for ever.
    let (_, mut other) = bed.with_passkey("bert", false).await;
    for _ in 0..2 {
        other.step = 0;
        assert!(enter(&mut other, "10.0.0.7").is_ok());
    }
}

#[tokio::test]
async fn a_registration_needs_the_password_and_is_for_who_began_it() {
    let bed = bed();
    let entered = bed.account("anna", "operator").await;
    let anna = bed.actor(&entered);
    let bert = bed.account("bert", "operator").await;
    let bert = bed.actor(&bert);
    assert_eq!(bed.options(&anna, OTHER).await.unwrap_err(), Refusal::Wrong);
    let mut phone = Authenticator::new(false);
    let options = bed.options(&anna, GOOD).await.unwrap();
    assert_eq!((&options["rp"]["id"], &options["attestation"]), (&json!(HOST), &json!("none")));
    assert!(!options["user"]["id"].as_str().unwrap().contains("anna"));
    let given = phone.create(&options);
    assert_eq!(bed.people.add_passkey(&bert, &given), Err(Refusal::Unfit), "begun by somebody else");
    assert_eq!(bed.people.add_passkey(&anna, &given), Err(Refusal::Unfit), "used up by that");
    let options = bed.options(&anna, GOOD).await.unwrap();
    let log_in = phone.get(&options);
    assert_eq!(bed.people.enter_with_passkey(&caller("10.0.0.9"), &log_in).unwrap_err(), Refusal::Wrong);
    for change in [0x01_u8, 0x04, 0x15] {
        let options = bed.options(&anna, GOOD).await.unwrap();
        let mut bad = Authenticator { flags: change, ..Authenticator::new(false) };
        assert_eq!(bed.people.add_passkey(&anna, &bad.create(&options)), Err(Refusal::Unfit), "{change}");
    }
    let given = phone.create(&bed.options(&anna, GOOD).await.unwrap());
    bed.people.add_passkey(&anna, &given).unwrap();
    let again = bed.options(&anna, GOOD).await.unwrap();
    assert_eq!(again["excludeCredentials"][0]["id"], json!(text(&phone.id)));
    assert_eq!(bed.people.add_passkey(&anna, &phone.create(&again)), Err(Refusal::Unfit), "it is there");
    let taken = phone.create(&bed.options(&bert, GOOD).await.unwrap());
    assert_eq!(bed.people.add_passkey(&bert, &taken), Err(Refusal::Unfit), "it is somebody else's");
    for _ in 1..PASSKEYS_MAX {
        let given = Authenticator::new(true).create(&bed.options(&anna, GOOD).await.unwrap());
        bed.people.add_passkey(&anna, &given).unwrap();
    }
    assert_eq!(bed.options(&anna, GOOD).await.unwrap_err(), Refusal::Many);
    bed.people.answer(&bed.local(), Ask::Reset { name: "anna".to_owned() }).unwrap();
    assert!(bed.people.book.get("anna").unwrap().passkeys.is_empty(), "a reset takes them away");
}

#[tokio::test]
async fn failures_with_passkeys_are_delayed_and_challenges_bounded() {
    let bed = bed();
    let (_, mut phone) = bed.with_passkey("anna", false).await;
    for _ in 0..5 {
        let refused = bed.people.enter_with_passkey(&caller("10.0.0.9"), &Given::default());
        assert_eq!(refused.unwrap_err(), Refusal::Wrong);
    }
    assert!(matches!(bed.people.begin_with_passkey(&caller("10.0.0.9")), Err(Refusal::Wait(_))));
    let given = phone.get(&bed.challenge("10.0.0.7"));
    assert!(matches!(bed.people.enter_with_passkey(&caller("10.0.0.9"), &given), Err(Refusal::Wait(_))));
    for _ in 0..3_000 {
        bed.challenge("10.0.0.8");
    }
    assert!(bed.people.enter_with_passkey(&caller("10.0.0.7"), &given).is_ok());
    bed.people.answer(&bed.local(), Ask::Lock { name: "anna".to_owned(), locked: true }).unwrap();
    let given = phone.get(&bed.challenge("10.0.0.7"));
    assert_eq!(bed.people.enter_with_passkey(&caller("10.0.0.7"), &given).unwrap_err(), Refusal::Wrong);
    let again = Bed::open(bed.store.clone(), bed.clock.clone());
    assert!(again.begin_with_passkey(&caller("10.0.0.7")).is_err(), "without an address there are none");
    bed.people.set_address(Some("https://10.0.0.1:8443"));
    assert!(bed.people.party().is_none(), "a number is no name");
}

/// RFC 7515, appendix A.2: the key, what is signed, the signature, in the shape of a COSE key.
#[test]
fn rsa_keys_are_those_of_the_standard() {
    let bytes = |text: &str| BASE64URL_NOPAD.decode(text.as_bytes()).unwrap();
    let n = bytes(
        "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
    );
    let said = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let signature = bytes(
        "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
    );
    let cose = |alg: i64, n: Vec<u8>| {
        let pair = |key: i64, value: Cbor| (Cbor::from(key), value);
        let e = Cbor::Bytes(vec![1, 0, 1]);
        Cbor::Map(vec![pair(1, 3.into()), pair(3, alg.into()), pair(-1, Cbor::Bytes(n)), pair(-2, e)])
    };
    let key = PublicKey::of_cose(&cose(-257, n.clone())).unwrap();
    assert!(key.verify(said.as_bytes(), &signature) && !key.verify(b"x", &signature));
    for (alg, n) in [(-7, n.clone()), (-37, n.clone()), (-257, vec![1; 128]), (-257, vec![1; 2_000])] {
        assert!(PublicKey::of_cose(&cose(alg, n)).is_err());
    }
    assert!(PublicKey::of_cose(&Cbor::Null).is_err() && !PublicKey::None.verify(b"", b""));
}
