//! Log-in at an OpenID provider: OpenID Connect Core 1.0, the authorization code flow (section 3.1), with
//! PKCE (RFC 7636), state, nonce, discovery (OpenID Connect Discovery 1.0), the issuer in the answer (RFC
//! 9207), and log-out at the provider (RP-Initiated Logout 1.0).
//!
//! | what | where |
//! |---|---|
//! | the way there and back | this file |
//! | what the provider says of itself | `document` |
//! | its keys | `keys` |
//! | the ID token | `token` |
//!
//! Not done: other flows, encrypted tokens, algorithms but RS256 and ES256, claims by reference, sessions that
//! the provider ends by itself (back-channel log-out).
//!
//! The provider says who somebody is, and in which groups. Everything else stays ours: the session, its
//! length, the roles' table, the audit log. A provider that is down keeps nobody out who has a password here.

mod document;
mod keys;
mod token;

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use data_encoding::{BASE64, BASE64URL_NOPAD};
use form_urlencoded::Serializer;
use klinke_model::Redacted;
use serde_json::{Map, Value};

use super::account::Refusal;
use super::elsewhere::{Arrival, Elsewhere, GROUPS_MAX, Groups, is_same_browser};
use super::enter::{Caller, Entered};
use super::outside::{Errand, Outside};
use super::pending::Pending;
use super::{People, blocking, secret};
pub use document::is_fit;
use document::{Document, Kept};

/// How long somebody may take at the provider.
const LENGTH: Duration = Duration::from_secs(600);
/// Under which name failures are counted; no account has it.
const TYPED: &str = ":oidc";
/// Where the provider sends people back to, and after a log-out.
pub const BACK: &str = "/login/oidc/done";
const AFTER: &str = "/login";

/// What the site says of its provider.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What people call it.
    pub title: String,
    /// Its issuer identifier.
    pub issuer: String,
    /// What it calls us.
    pub client: String,
    /// Our secret there; public clients have none.
    pub secret: Option<Redacted<String>>,
    /// What is asked for besides `openid`.
    pub scopes: Vec<String>,
    /// The claim with the name of the account.
    pub name: String,
    /// The claim with what people call them.
    pub called: String,
    /// The claim with the groups.
    pub groups: String,
    /// Which groups have which role.
    pub roles: Groups,
    /// Where browsers reach this console, without a path.
    pub address: String,
}

/// The provider of the site.
pub struct Provider {
    settings: Settings,
    outside: Arc<dyn Outside>,
    kept: Kept,
    begun: Pending<Begun>,
}

/// A log-in that was begun.
struct Begun {
    /// The hash of the cookie of the browser that began it.
    browser: String,
    nonce: String,
    verifier: String,
    to: String,
}

/// Why nobody came in.
#[derive(Debug)]
pub(super) enum Fault {
    /// The provider can't be asked: it is down, or not what the site says that it is.
    Down(String),
    /// What came is not what we asked for, or not from the provider.
    Untrusted(String),
}

impl Fault {
    fn down(text: impl Into<String>) -> Fault {
        Fault::Down(text.into())
    }

    fn untrusted(text: impl Into<String>) -> Fault {
        Fault::Untrusted(text.into())
    }
}

/// The way to the provider.
#[derive(Clone, Debug)]
pub struct Way {
    /// Where the browser goes.
    pub place: String,
    /// What it keeps, to show when it comes back.
    pub cookie: String,
}

/// What the browser brings back (Core 3.1.2.5 and 3.1.2.6, RFC 9207).
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Back {
    code: String,
    state: String,
    iss: Option<String>,
    error: Option<String>,
}

/// Somebody who came in, and where they wanted to go.
pub type Came = (Entered, String);

impl Provider {
    /// Of a site.
    pub fn new(settings: Settings, outside: Arc<dyn Outside>) -> Provider {
        Provider { settings, outside, kept: Kept::default(), begun: Pending::new(LENGTH) }
    }

    /// What people call it.
    pub fn title(&self) -> &str {
        &self.settings.title
    }

    fn back(&self) -> String {
        format!("{}{BACK}", self.settings.address)
    }

    /// The authorization request (Core 3.1.2.1).
    fn asking(&self, document: &Document, state: &str, begun: &Begun) -> String {
        let challenge = ring::digest::digest(&ring::digest::SHA256, begun.verifier.as_bytes());
        let mut scopes = vec!["openid"];
        scopes.extend(self.settings.scopes.iter().map(String::as_str).filter(|scope| *scope != "openid"));
        let query = Serializer::new(String::new())
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client)
            .append_pair("redirect_uri", &self.back())
            .append_pair("scope", &scopes.join(" "))
            .append_pair("state", state)
            .append_pair("nonce", &begun.nonce)
            .append_pair("code_challenge", &BASE64URL_NOPAD.encode(challenge.as_ref()))
            .append_pair("code_challenge_method", "S256")
            .finish();
        with_query(&document.authorization_endpoint, &query)
    }

    /// What the browser brought back becomes somebody.
    async fn arrival(&self, begun: &Begun, back: &Back, now: i64) -> Result<Arrival, Fault> {
        let document = self.kept.document(&self.settings.issuer, self.outside.as_ref(), now).await?;
        let is_same = back.iss.as_ref().map(|iss| *iss == self.settings.issuer);
        if is_same == Some(false) || (is_same.is_none() && document.names_itself) {
            return Err(Fault::untrusted("the answer is of another issuer"));
        }
        if let Some(error) = &back.error {
            let is_word = |c: char| c.is_ascii_lowercase() || c == '_';
            let word: String = error.chars().filter(|c| is_word(*c)).take(40).collect();
            return Err(Fault::untrusted(format!("the provider says {word}")));
        }
        let given = self.redeem(&document, begun, &back.code).await?;
        let text = |key: &str| given.get(key).and_then(Value::as_str);
        let id_token = text("id_token").ok_or_else(|| Fault::untrusted("there is no ID token"))?;
        let expected = token::Expected {
            issuer: &self.settings.issuer,
            client: &self.settings.client,
            nonce: &begun.nonce,
            access_token: text("access_token"),
            now,
        };
        let mut claims = self.check(&document, id_token, &expected).await?;
        if self.lacks(&claims)
            && let (Some(endpoint), Some(bearer)) = (&document.userinfo_endpoint, text("access_token"))
        {
            self.add_userinfo(endpoint, bearer, &mut claims).await?;
        }
        self.read(&claims)
    }

    /// The token request (Core 3.1.3.1).
    async fn redeem(
        &self,
        document: &Document,
        begun: &Begun,
        code: &str,
    ) -> Result<Map<String, Value>, Fault> {
        let mut form = vec![
            ("grant_type", "authorization_code".to_owned()),
            ("code", code.to_owned()),
            ("redirect_uri", self.back()),
            ("code_verifier", begun.verifier.clone()),
        ];
        let mut authorization = None;
        match &self.settings.secret {
            Some(secret) if !document.wants_secret_in_form => {
                // Both are encoded as in a form before they are joined (RFC 6749, 2.3.1).
                let [client, secret] = [&self.settings.client, secret.expose()].map(|text| escaped(text));
                authorization =
                    Some(format!("Basic {}", BASE64.encode(format!("{client}:{secret}").as_bytes())));
            }
            secret => {
                form.push(("client_id", self.settings.client.clone()));
                form.extend(secret.iter().map(|secret| ("client_secret", secret.expose().clone())));
            }
        }
        let errand = Errand { form: Some(form), url: document.token_endpoint.clone(), authorization };
        let reply = self.outside.carry(errand).await.map_err(Fault::Down)?;
        match reply.status {
            200 => {}
            400 | 401 | 403 => {
                let told = serde_json::from_slice::<Value>(&reply.body).unwrap_or_default();
                // `invalid_client` is a matter of our settings, not of whoever logs in.
                return Err(match told["error"].as_str() {
                    Some("invalid_client" | "unauthorized_client") => {
                        Fault::down("the provider does not know our client or its secret")
                    }
                    _ => Fault::untrusted("the provider did not take the code"),
                });
            }
            status => return Err(Fault::down(format!("the token endpoint answered {status}"))),
        }
        serde_json::from_slice(&reply.body).map_err(|_| Fault::untrusted("the tokens can't be read"))
    }

    /// Looks at an ID token, with new keys where the old ones do not do.
    async fn check(
        &self,
        document: &Document,
        id_token: &str,
        expected: &token::Expected<'_>,
    ) -> Result<Map<String, Value>, Fault> {
        let keys = self.kept.keys(document, self.outside.as_ref(), expected.now, false).await?;
        match token::check(id_token, &keys, expected) {
            Err(token::Wrong::Key(_)) => {
                let keys = self.kept.keys(document, self.outside.as_ref(), expected.now, true).await?;
                token::check(id_token, &keys, expected).map_err(|wrong| Fault::untrusted(wrong.text()))
            }
            checked => checked.map_err(|wrong| Fault::untrusted(wrong.text())),
        }
    }

    /// True when the userinfo endpoint has to be asked.
    fn lacks(&self, claims: &Map<String, Value>) -> bool {
        let wants_groups = !self.settings.roles.0.is_empty();
        find(claims, &self.settings.name).is_none()
            || (wants_groups && find(claims, &self.settings.groups).is_none())
    }

    /// Adds what the userinfo endpoint says (Core 5.3), where it speaks of the same person.
    async fn add_userinfo(
        &self,
        endpoint: &str,
        bearer: &str,
        claims: &mut Map<String, Value>,
    ) -> Result<(), Fault> {
        let authorization = Some(format!("Bearer {bearer}"));
        let errand = Errand { form: None, url: endpoint.to_owned(), authorization };
        let reply = self.outside.carry(errand).await.map_err(Fault::Down)?;
        if reply.status != 200 {
            return Err(Fault::down(format!("the userinfo endpoint answered {}", reply.status)));
        }
        let more: Map<String, Value> =
            serde_json::from_slice(&reply.body).map_err(|_| Fault::untrusted("userinfo can't be read"))?;
        if more.get("sub") != claims.get("sub") {
            return Err(Fault::untrusted("userinfo speaks of somebody else"));
        }
        for (key, value) in more {
            // What is signed counts more.
            claims.entry(key).or_insert(value);
        }
        Ok(())
    }

    /// Who the claims speak of.
    fn read(&self, claims: &Map<String, Value>) -> Result<Arrival, Fault> {
        let text = |key: &str| find(claims, key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let groups = match find(claims, &self.settings.groups) {
            Some(Value::Array(all)) => {
                all.iter().take(GROUPS_MAX).filter_map(Value::as_str).map(str::to_owned).collect()
            }
            Some(Value::String(one)) => vec![one.clone()],
            _ => Vec::new(),
        };
        Ok(Arrival {
            how: Elsewhere::Oidc,
            house: self.settings.issuer.clone(),
            subject: text("sub"),
            name: text(&self.settings.name),
            title: text(&self.settings.called),
            groups,
        })
    }
}

impl People {
    /// Takes over the provider of a site, or that it has none.
    pub fn set_provider(&self, provider: Option<Provider>) {
        *self.provider.write().unwrap_or_else(PoisonError::into_inner) = provider.map(Arc::new);
    }

    /// The provider of the site.
    pub fn provider(&self) -> Option<Arc<Provider>> {
        self.provider.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Begins a log-in at the provider; afterwards it goes on to `to`.
    pub async fn begin_elsewhere(&self, caller: &Caller, to: &str) -> Result<Way, Refusal> {
        let provider = self.provider().ok_or(Refusal::Nothing)?;
        self.may_try(caller, TYPED)?;
        let now = self.now();
        let document = provider.kept.document(
            &provider.settings.issuer,
            provider.outside.as_ref(),
            now.0.div_euclid(1_000_000),
        );
        let document = document.await.map_err(|fault| down(&provider, fault))?;
        let (state, cookie) = (secret::identifier()?, secret::identifier()?);
        let begun = Begun {
            browser: secret::hash(&cookie),
            nonce: secret::identifier()?,
            verifier: secret::identifier()?,
            to: to.to_owned(),
        };
        let place = provider.asking(&document, &state, &begun);
        provider.begun.put(&state, begun, &caller.from, now);
        Ok(Way { place, cookie })
    }

    /// Lets somebody in who comes back from the provider. `cookie` is what their browser kept.
    pub async fn come_from_elsewhere(
        self: &Arc<Self>,
        caller: Caller,
        cookie: Option<String>,
        back: Back,
    ) -> Result<Came, Refusal> {
        let provider = self.provider().ok_or(Refusal::Nothing)?;
        self.may_try(&caller, TYPED)?;
        let now = self.now();
        // Taken out whatever comes: a state is good once.
        let begun = provider.begun.take(&back.state, now);
        let own = begun.filter(|begun| is_same_browser(&begun.browser, cookie.as_deref()));
        let arrived = match &own {
            None => Err(Fault::untrusted("this browser has begun no such log-in")),
            Some(begun) => provider.arrival(begun, &back, now.0.div_euclid(1_000_000)).await,
        };
        let to = own.map(|begun| begun.to).unwrap_or_default();
        let people = self.clone();
        match arrived {
            Ok(arrival) => {
                let came = move || people.admit(&caller, TYPED, &arrival, &provider.settings.roles);
                Ok((blocking(came).await?, to))
            }
            Err(Fault::Untrusted(note)) => {
                tracing::warn!(from = %caller.from, note, "a log-in by the OpenID provider was refused");
                let via = format!("{} {}", Elsewhere::Oidc.name(), provider.settings.issuer);
                blocking(move || people.shut_out(&caller, TYPED, "", Some(&via), Some(&note))).await
            }
            Err(fault) => Err(down(&provider, fault)),
        }
    }

    /// Where somebody logs out at the provider, too, if it has such a place.
    pub async fn way_out(&self) -> Option<String> {
        let provider = self.provider()?;
        let now = self.now().0.div_euclid(1_000_000);
        let document = provider.kept.document(&provider.settings.issuer, provider.outside.as_ref(), now);
        let place = document.await.ok()?.end_session_endpoint.clone()?;
        let query = Serializer::new(String::new())
            .append_pair("client_id", &provider.settings.client)
            .append_pair("post_logout_redirect_uri", &format!("{}{AFTER}", provider.settings.address))
            .finish();
        Some(with_query(&place, &query))
    }
}

/// Tells the log why the provider can't be asked; whoever is at the door learns that alone.
fn down(provider: &Provider, fault: Fault) -> Refusal {
    let (Fault::Down(why) | Fault::Untrusted(why)) = fault;
    tracing::warn!(issuer = %provider.settings.issuer, why, "the OpenID provider can't be asked");
    Refusal::Down(provider.settings.title.clone())
}

/// A claim by its name, or by the way to it: `realm_access.roles`.
fn find<'a>(claims: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    claims.get(key).or_else(|| {
        let (first, rest) = key.split_once('.')?;
        find(claims.get(first)?.as_object()?, rest)
    })
}

fn with_query(place: &str, query: &str) -> String {
    format!("{place}{}{query}", if place.contains('?') { '&' } else { '?' })
}

fn escaped(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
