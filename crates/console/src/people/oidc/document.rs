//! What a provider says of itself (OpenID Connect Discovery 1.0, section 4), kept for a while.

use std::sync::Arc;

use axum::http::Uri;
use serde::Deserialize;
use tokio::sync::Mutex;

use super::Fault;
use super::keys::Keys;
use crate::people::outside::{Errand, Outside};

/// How long the document and the keys are kept, in seconds.
const DOCUMENT_KEPT: i64 = 3_600;
const KEYS_KEPT: i64 = 300;
/// How long it is said at once that the provider is down, before it is asked again.
const DOWN_KEPT: i64 = 5;
/// How old keys must be before they are asked for anew because one was not among them.
const ANEW: i64 = 10;

/// What we need of it.
#[derive(Debug)]
pub struct Document {
    pub authorization_endpoint: String,
    pub token_endpoint: String,
    pub userinfo_endpoint: Option<String>,
    pub end_session_endpoint: Option<String>,
    jwks_uri: String,
    /// True when its answers say which issuer they are of (RFC 9207).
    pub names_itself: bool,
    /// True when it takes a client's secret in the form alone.
    pub wants_secret_in_form: bool,
}

#[derive(Deserialize)]
struct Raw {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    end_session_endpoint: Option<String>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

/// Document and keys, with the time at which they came, in seconds.
#[derive(Default)]
pub struct Kept(Mutex<State>);

#[derive(Default)]
struct State {
    document: Option<(i64, Arc<Document>)>,
    keys: Option<(i64, Arc<Keys>)>,
    down: Option<(i64, String)>,
}

impl Kept {
    /// The document. Whoever comes while it is asked for waits for the same answer.
    pub async fn document(
        &self,
        issuer: &str,
        outside: &dyn Outside,
        now: i64,
    ) -> Result<Arc<Document>, Fault> {
        let mut state = self.0.lock().await;
        state.is_down(now)?;
        if let Some((at, document)) = &state.document
            && (0..DOCUMENT_KEPT).contains(&(now - at))
        {
            return Ok(document.clone());
        }
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let read = fetch(outside, &url).await.and_then(|body| read(issuer, &body));
        let document = Arc::new(state.noted(read, now)?);
        state.document = Some((now, document.clone()));
        Ok(document)
    }

    /// The keys; with `anew` also when the kept ones are young.
    pub async fn keys(
        &self,
        document: &Document,
        outside: &dyn Outside,
        now: i64,
        anew: bool,
    ) -> Result<Arc<Keys>, Fault> {
        let mut state = self.0.lock().await;
        state.is_down(now)?;
        let kept = if anew { ANEW } else { KEYS_KEPT };
        if let Some((at, keys)) = &state.keys
            && (0..kept).contains(&(now - at))
        {
            return Ok(keys.clone());
        }
        let read = fetch(outside, &document.jwks_uri).await;
        let read = read.and_then(|body| Keys::read(&body).map_err(Fault::Down));
        let keys = Arc::new(state.noted(read, now)?);
        state.keys = Some((now, keys.clone()));
        Ok(keys)
    }
}

impl State {
    fn is_down(&self, now: i64) -> Result<(), Fault> {
        match &self.down {
            Some((at, why)) if (0..DOWN_KEPT).contains(&(now - at)) => Err(Fault::Down(why.clone())),
            _ => Ok(()),
        }
    }

    fn noted<T>(&mut self, read: Result<T, Fault>, now: i64) -> Result<T, Fault> {
        self.down = match &read {
            Ok(_) => None,
            Err(Fault::Down(why) | Fault::Untrusted(why)) => Some((now, why.clone())),
        };
        read
    }
}

async fn fetch(outside: &dyn Outside, url: &str) -> Result<Vec<u8>, Fault> {
    let errand = Errand { form: None, url: url.to_owned(), authorization: None };
    let reply = outside.carry(errand).await.map_err(Fault::Down)?;
    match reply.status {
        200 => Ok(reply.body),
        status => Err(Fault::Down(format!("{url} answered {status}"))),
    }
}

fn read(issuer: &str, body: &[u8]) -> Result<Document, Fault> {
    let raw: Raw = serde_json::from_slice(body)
        .map_err(|error| Fault::Down(format!("the provider's document can't be read: {error}")))?;
    // Whoever answers for another issuer could let its people in as somebody else's (mix-up).
    if raw.issuer != issuer {
        return Err(Fault::down("the provider's document is of another issuer than the site names"));
    }
    let places = [&raw.authorization_endpoint, &raw.token_endpoint, &raw.jwks_uri];
    let more = [&raw.userinfo_endpoint, &raw.end_session_endpoint];
    if !places.into_iter().chain(more.into_iter().flatten()).all(|place| is_fit(place)) {
        return Err(Fault::down("the provider's document names a place that is not https"));
    }
    let methods = raw.token_endpoint_auth_methods_supported.unwrap_or_default();
    let has = |method: &str| methods.iter().any(|one| one == method);
    Ok(Document {
        authorization_endpoint: raw.authorization_endpoint,
        token_endpoint: raw.token_endpoint,
        userinfo_endpoint: raw.userinfo_endpoint,
        end_session_endpoint: raw.end_session_endpoint,
        jwks_uri: raw.jwks_uri,
        names_itself: raw.authorization_response_iss_parameter_supported,
        wants_secret_in_form: has("client_secret_post") && !has("client_secret_basic"),
    })
}

/// True for what people and secrets may be sent to: https, or this machine itself.
pub fn is_fit(place: &str) -> bool {
    let Ok(uri) = place.parse::<Uri>() else { return false };
    let is_clean = place.bytes().all(|byte| byte.is_ascii_graphic()) && !place.contains(['#', '@', '\\']);
    let host = uri.host().unwrap_or_default();
    let is_here = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
    is_clean
        && !host.is_empty()
        && match uri.scheme_str() {
            Some("https") => true,
            Some("http") => is_here,
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_and_secrets_go_over_tls_or_stay_here() {
        for good in [
            "https://sso.kh.example/x?y=1",
            "http://127.0.0.1:8080/a",
            "http://localhost/",
            "http://[::1]:1/",
        ] {
            assert!(is_fit(good), "{good}");
        }
        for bad in [
            "http://sso.kh.example/",
            "javascript:alert(1)",
            "https://",
            "//sso.kh.example/",
            "https://sso.kh.example@evil.example/",
            "https://sso.kh.example/\r\nSet-Cookie: a",
            "ftp://127.0.0.1/",
            "https://a#b",
            "",
        ] {
            assert!(!is_fit(bad), "{bad}");
        }
    }

    #[test]
    fn a_document_of_another_issuer_is_none() {
        let text = |issuer: &str| {
            let place = |name: &str| format!("https://sso.kh.example/{name}");
            serde_json::json!({
                "issuer": issuer, "authorization_endpoint": place("a"), "token_endpoint": place("t"),
                "jwks_uri": place("k"), "token_endpoint_auth_methods_supported": ["client_secret_post"],
            })
            .to_string()
        };
        let own = "https://sso.kh.example";
        assert!(read(own, text(own).as_bytes()).unwrap().wants_secret_in_form);
        for other in ["https://sso.kh.example/", "https://evil.example", ""] {
            assert!(matches!(read(own, text(other).as_bytes()), Err(Fault::Down(_))), "{other}");
        }
        let plain = text(own).replace("https://sso.kh.example/t", "http://sso.kh.example/t");
        assert!(read(own, plain.as_bytes()).is_err() && read(own, b"{}").is_err());
    }
}
