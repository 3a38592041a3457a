//! An OpenID provider that does as a test says: well, or badly in one way. Keys are ES256; what it signs, and
//! how, the test decides.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};

use super::Site;
use super::browser::{Answer, Browser};

/// How a site names it.
pub const CLIENT: &str = "klinke & söhne";
pub const SECRET: &str = "ge:heim+/% ";
/// Where browsers reach the console, as the site says; nobody asks there.
pub const ADDRESS: &str = "https://klinke.kh.example:8443";

/// A key of the provider.
pub struct Key {
    id: String,
    pair: EcdsaKeyPair,
}

impl Key {
    /// A new one.
    pub fn new(id: &str) -> Key {
        let (kind, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let bytes = EcdsaKeyPair::generate_pkcs8(kind, &random).expect("a key");
        let pair = EcdsaKeyPair::from_pkcs8(kind, bytes.as_ref(), &random).expect("a key");
        Key { id: id.to_owned(), pair }
    }

    fn public(&self) -> Value {
        let point = self.pair.public_key().as_ref();
        let part = |from, to| URL_SAFE_NO_PAD.encode(&point[from..to]);
        json!({ "kty": "EC", "crv": "P-256", "use": "sig", "kid": self.id, "x": part(1, 33), "y": part(33, 65) })
    }
}

/// How a token is signed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Signed {
    /// As it should be.
    Well,
    /// By a key that is not among the provider's, under the same name.
    ByAnother,
    /// Not at all.
    None,
    /// By HS256, with the public key as the shared secret.
    ByPublicKey,
}

/// What it does.
pub struct Script {
    /// The key that signs, and others.
    pub keys: Vec<Key>,
    /// How many of them it does not show, from the first on.
    pub hidden: usize,
    /// Claims of the next ID token beside those that are right; `null` takes one away.
    pub claims: Value,
    /// What the userinfo endpoint says; nothing where there is none.
    pub userinfo: Option<Value>,
    /// How the next ID token is signed.
    pub signed: Signed,
    /// Keys of the discovery document that are different.
    pub document: Value,
    /// An answer for a path in the place of the right one: status, heads, body.
    pub instead: HashMap<String, (u16, String, String)>,
    /// The paths that were asked for.
    pub asked: Vec<String>,
    /// Codes that were given out: nonce and challenge.
    codes: HashMap<String, (String, String)>,
    /// True when a code may be used again.
    pub keeps_codes: bool,
}

/// The provider.
pub struct Provider {
    /// Its issuer.
    pub issuer: String,
    /// What it does.
    pub script: Arc<Mutex<Script>>,
    over: Arc<AtomicBool>,
}

impl Provider {
    /// One that does everything right, for somebody with these claims.
    pub fn start(claims: Value) -> Provider {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let issuer = format!("http://{}", listener.local_addr().expect("an address"));
        let script = Script {
            keys: vec![Key::new("first")],
            hidden: 0,
            claims,
            userinfo: None,
            signed: Signed::Well,
            document: json!({}),
            instead: HashMap::new(),
            asked: Vec::new(),
            codes: HashMap::new(),
            keeps_codes: false,
        };
        let (script, over) = (Arc::new(Mutex::new(script)), Arc::new(AtomicBool::new(false)));
        let (own, ended, name) = (script.clone(), over.clone(), issuer.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if ended.load(Ordering::Relaxed) {
                    return;
                }
                let (script, issuer) = (own.clone(), name.clone());
                std::thread::spawn(move || serve(stream, &script, &issuer));
            }
        });
        Provider { issuer, script, over }
    }

    /// Changes what it does.
    pub fn change(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.script.lock().expect("the script"));
    }

    /// Is there no more: connections are refused.
    pub fn go_down(&self) {
        self.over.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.issuer.trim_start_matches("http://"));
        let gone = || TcpStream::connect(self.issuer.trim_start_matches("http://")).is_err();
        super::wait_for("the provider to go", gone);
    }

    /// The table of a site's file that names it; `more` stands in `[console.oidc]`.
    pub fn table(&self, more: &str) -> String {
        format!(
            "\n[console]\nlisten = \"127.0.0.1:0\"\naddress = \"{ADDRESS}\"\n[console.oidc]\ntitle = \"Haus-Anmeldung\"\n\
             issuer = \"{}\"\nclient = \"{CLIENT}\"\nsecret = {{ file = \"secrets/oidc\" }}\n{more}",
            self.issuer
        )
    }

    /// Gives a site a console with this provider.
    pub fn join(&self, site: &Site, more: &str) {
        site.write("secrets/oidc", &format!("{SECRET}\n"));
        let node = std::fs::read_to_string(site.folder().join("klinke.toml")).expect("klinke.toml");
        site.write("klinke.toml", &format!("{node}{}", self.table(more)));
    }

    /// What somebody does who is sent here: proves who they are, and gets a code. Gives the address that the
    /// browser is sent back to, without the part that leads to the console.
    pub fn grant(&self, place: &str) -> String {
        let query = place.strip_prefix(&format!("{}/authorize?", self.issuer)).expect(place);
        let asked = fields(query);
        assert_eq!(asked["redirect_uri"], format!("{ADDRESS}/login/oidc/done"));
        assert_eq!((asked["client_id"].as_str(), asked["response_type"].as_str()), (CLIENT, "code"));
        assert_eq!(asked["code_challenge_method"], "S256");
        assert!(
            asked["scope"].starts_with("openid") && asked["nonce"].len() >= 43 && asked["state"].len() >= 43
        );
        let code = URL_SAFE_NO_PAD.encode(digest(&SHA256, asked["state"].as_bytes()));
        let kept = (asked["nonce"].clone(), asked["code_challenge"].clone());
        self.change(|script| drop(script.codes.insert(code.clone(), kept)));
        format!("/login/oidc/done?code={code}&state={}", asked["state"])
    }

    /// A log-in from the link on; gives the last answer of the console.
    pub fn log_in(&self, browser: &mut Browser) -> Answer {
        let sent = browser.get("/login/oidc?to=%2Fqueues").ended(303);
        let back = self.grant(sent.head("location"));
        browser.get(&back)
    }
}

fn serve(mut stream: TcpStream, script: &Mutex<Script>, issuer: &str) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
    let Some((head, body)) = request(&mut stream) else { return };
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let (status, heads, text) = answer(&path, &head, &body, &mut script.lock().expect("the script"), issuer);
    let kind =
        if heads.to_lowercase().contains("content-type") { "" } else { "Content-Type: application/json\r\n" };
    let length = text.len();
    let said = format!(
        "HTTP/1.1 {status} X\r\n{kind}{heads}Content-Length: {length}\r\nConnection: close\r\n\r\n{text}"
    );
    let _ = stream.write_all(said.as_bytes());
}

fn request(stream: &mut TcpStream) -> Option<(String, String)> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return Some((head.to_owned(), body.to_owned()));
            }
        }
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
        }
    }
}

fn answer(path: &str, head: &str, body: &str, script: &mut Script, issuer: &str) -> (u16, String, String) {
    script.asked.push(path.to_owned());
    if let Some(instead) = script.instead.get(path) {
        return instead.clone();
    }
    let ok = |value: Value| (200, String::new(), value.to_string());
    let refuse = |word: &str| (400, String::new(), json!({ "error": word }).to_string());
    match path {
        "/.well-known/openid-configuration" => {
            let place = |name: &str| format!("{issuer}/{name}");
            let mut document = json!({
                "issuer": issuer, "authorization_endpoint": place("authorize"), "token_endpoint": place("token"),
                "jwks_uri": place("keys"), "end_session_endpoint": place("out?x=1"),
            });
            if script.userinfo.is_some() {
                document["userinfo_endpoint"] = json!(place("userinfo"));
            }
            lay_over(&mut document, &script.document);
            ok(document)
        }
        "/keys" => {
            ok(json!({ "keys": script.keys.iter().skip(script.hidden).map(Key::public).collect::<Vec<_>>() }))
        }
        "/token" => {
            let escape = super::browser::escaped;
            let basic = format!("{}:{}", escape(CLIENT), escape(SECRET)).replace("%20", "+");
            let basic = base64::engine::general_purpose::STANDARD.encode(basic);
            let given = fields(body);
            if !head.to_lowercase().contains(&format!("authorization: basic {}", basic.to_lowercase())) {
                return refuse("invalid_client");
            }
            let kept = script.codes.get(&given["code"]).cloned();
            if !script.keeps_codes {
                script.codes.remove(&given["code"]);
            }
            let Some((nonce, challenge)) = kept else { return refuse("invalid_grant") };
            let proved = URL_SAFE_NO_PAD.encode(digest(&SHA256, given["code_verifier"].as_bytes()));
            if proved != challenge || given["redirect_uri"] != format!("{ADDRESS}/login/oidc/done") {
                return refuse("invalid_grant");
            }
            let token = script.token(issuer, &nonce);
            ok(json!({ "access_token": "open", "token_type": "Bearer", "id_token": token }))
        }
        "/userinfo" if head.contains("Bearer open") => ok(script.userinfo.clone().unwrap_or_default()),
        _ => (404, String::new(), "{}".to_owned()),
    }
}

impl Script {
    fn token(&self, issuer: &str, nonce: &str) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
        let mut claims = json!({
            "iss": issuer, "aud": CLIENT, "nonce": nonce, "iat": now, "exp": now + 300, "sub": "0815",
        });
        lay_over(&mut claims, &self.claims);
        let other = Key::new(&self.keys[0].id);
        let key = if self.signed == Signed::ByAnother { &other } else { &self.keys[0] };
        let algorithm = match self.signed {
            Signed::Well | Signed::ByAnother => "ES256",
            Signed::None => "none",
            Signed::ByPublicKey => "HS256",
        };
        let head = json!({ "alg": algorithm, "kid": key.id });
        let [head, claims] = [head, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let said = format!("{head}.{claims}");
        let signature = match self.signed {
            Signed::None => Vec::new(),
            Signed::ByPublicKey => {
                let shared = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, key.pair.public_key().as_ref());
                ring::hmac::sign(&shared, said.as_bytes()).as_ref().to_vec()
            }
            Signed::Well | Signed::ByAnother => {
                key.pair.sign(&SystemRandom::new(), said.as_bytes()).expect("signed").as_ref().to_vec()
            }
        };
        format!("{said}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// Lays keys over others; `null` takes one away.
fn lay_over(below: &mut Value, above: &Value) {
    let below = below.as_object_mut().expect("an object");
    for (key, value) in above.as_object().into_iter().flatten() {
        match value {
            Value::Null => drop(below.remove(key)),
            value => drop(below.insert(key.clone(), value.clone())),
        }
    }
}

/// The pairs of a form or a query.
pub fn fields(text: &str) -> HashMap<String, String> {
    let plain = |text: &str| {
        let text = text.replace('+', " ");
        let mut out = Vec::new();
        let mut bytes = text.bytes();
        while let Some(byte) = bytes.next() {
            let digits =
                |one: u8, other: u8| u8::from_str_radix(&format!("{}{}", one as char, other as char), 16);
            match byte {
                b'%' => {
                    let (one, other) = (bytes.next().expect("a digit"), bytes.next().expect("a digit"));
                    out.push(digits(one, other).expect("digits"));
                }
                byte => out.push(byte),
            }
        }
        String::from_utf8(out).expect("text")
    };
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (plain(name), plain(value))).collect()
}
