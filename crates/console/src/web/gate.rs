//! Who may come in. It looks at a request's head alone: cookie or token, method, where the browser says the
//! request came from. Whoever is not known gets a small answer that is always the same, whatever they asked
//! for; nothing of their request's body is read, and no route learns of it.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Console;
use super::cookie_name;
use super::visitor::{cookie, lang};
use crate::lang::Lang;
use crate::page::{escaped, frame};
use crate::people::session::form_token;
use crate::people::{Actor, link};

/// Somebody who is known.
#[derive(Clone, Debug)]
pub struct Known {
    /// Who, and what they may do.
    pub actor: Actor,
    /// Their session, where they came in with one.
    pub session: Option<String>,
    /// The token of their forms.
    pub form: String,
    /// What they open messages for.
    pub purpose: Option<String>,
    /// The query with the signature that they came with, where they came by a link.
    pub link: Option<String>,
}

impl Known {
    /// Whoever came by a link.
    fn linked(actor: Actor, request: &Request) -> Known {
        let link = request.uri().query().map(link::tail_of);
        Known { actor, session: None, form: String::new(), purpose: None, link }
    }

    /// Whoever looks at the demo.
    pub fn guest(from: &str) -> Known {
        Known {
            actor: Actor::guest(from),
            session: None,
            form: form_token("demo"),
            purpose: None,
            link: None,
        }
    }
}

/// The head in which a program says what it opens messages for.
const PURPOSE: HeaderName = HeaderName::from_static("x-purpose");
/// The head by which our script says that nobody pressed anything.
const LIVE: HeaderName = HeaderName::from_static("x-live");

/// Lets in who is known.
pub async fn gate(State(console): State<Console>, mut request: Request, next: Next) -> Response {
    let from = address(&request);
    let known = match console.people() {
        None => Some(Known::guest(&from)),
        Some(people) => match linked(&request) {
            None => known(&console, request.headers(), from).await,
            Some(given) => match people.of_link(&given, &from) {
                Some(actor) => Some(Known::linked(actor, &request)),
                None => return worthless(lang(request.uri(), request.headers())),
            },
        },
    };
    let Some(known) = known else { return refuse(&request) };
    let is_safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    // A token is in no browser; a cookie goes along whoever made the form, and the demo asks for none.
    if !is_safe && !known.form.is_empty() && !is_own(request.headers()) {
        return (StatusCode::FORBIDDEN, "this came from another site\n").into_response();
    }
    request.extensions_mut().insert(known);
    next.run(request).await
}

/// The session with which a browser asks another port of ours, where one of our own pages or a person sent the request: browsers send
/// cookies to all ports of a host. `is_secure` says whether the console itself is behind TLS.
pub fn session(heads: &HeaderMap, is_secure: bool) -> Option<&str> {
    cookie(heads, &cookie_name("session", is_secure)).filter(|_| is_own(heads))
}

/// The address of whoever asks.
pub fn address(request: &Request) -> String {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    peer.map(|ConnectInfo(peer)| peer.ip().to_canonical().to_string()).unwrap_or_default()
}

/// The signed link that a request for something of a study came with.
fn linked(request: &Request) -> Option<link::Given> {
    let rest = request.uri().path().strip_prefix("/archive/studies/")?;
    let study = rest.split('/').next().filter(|study| !study.is_empty())?;
    link::Given::read(request.uri().query()?, Some(study))
}

/// Said to whoever comes with a link that is over or was changed, the same for both.
pub fn worthless(lang: Lang) -> Response {
    let (title, text) = lang.say(
        ("This link leads nowhere", "It is over, or not whole. Open it anew where you came from."),
        (
            "Dieser Link führt nirgendwohin",
            "Er ist abgelaufen oder unvollständig. Öffnen Sie ihn dort neu, wo Sie herkommen.",
        ),
    );
    (StatusCode::FORBIDDEN, frame::bare(lang, title, &maud::html! { p { (text) } })).into_response()
}

async fn known(console: &Console, heads: &HeaderMap, from: String) -> Option<Known> {
    let people = console.people()?.clone();
    if let Some(head) = heads.get(header::AUTHORIZATION) {
        // Whoever comes with a token is not let in by a cookie that is there as well.
        let token = head.to_str().ok()?.strip_prefix("Bearer ")?.trim().to_owned();
        let purpose = heads.get(PURPOSE).map(|head| String::from_utf8_lossy(head.as_bytes()).into_owned());
        let found = tokio::task::spawn_blocking(move || people.of_token(&token, &from)).await.ok()??;
        return Some(Known { actor: found, session: None, form: String::new(), purpose, link: None });
    }
    let id = cookie(heads, &console.cookie_name("session"))?.to_owned();
    let is_use = !heads.contains_key(LIVE);
    let found = {
        let id = id.clone();
        tokio::task::spawn_blocking(move || people.of_session(&id, &from, is_use)).await.ok()??
    };
    let (actor, session) = found;
    let purpose = session.purpose.map(|(_, purpose)| purpose);
    Some(Known { actor, form: form_token(&id), session: Some(id), purpose, link: None })
}

/// True when a browser says that one of our own pages sent this, or a person with their own hands. Browsers
/// that say nothing are held by the token of the form alone.
pub fn is_own(heads: &HeaderMap) -> bool {
    let text = |name: HeaderName| heads.get(name).map(|head| head.to_str().unwrap_or("?"));
    if let Some(site) = text(HeaderName::from_static("sec-fetch-site")) {
        return matches!(site, "same-origin" | "none");
    }
    match (text(header::ORIGIN), text(header::HOST)) {
        (Some(origin), Some(host)) => origin.split_once("://").is_some_and(|(_, own)| own == host),
        (Some(_), None) => false,
        (None, _) => true,
    }
}

/// The same for everybody who is not known: a browser is led to the log-in, a program is told.
fn refuse(request: &Request) -> Response {
    let heads = request.headers();
    let accepts = heads.get(header::ACCEPT).and_then(|head| head.to_str().ok()).unwrap_or_default();
    let is_page =
        request.method() == Method::GET && accepts.contains("text/html") && !heads.contains_key(LIVE);
    if !is_page {
        let told = (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Bearer")], "not logged in\n");
        return told.into_response();
    }
    let asked = request.uri().path_and_query().map_or("/", |all| all.as_str());
    // An address that is longer than a person's is not carried along.
    let to = if asked.len() > 512 { String::new() } else { format!("?to={}", escaped(asked)) };
    let place = HeaderValue::try_from(format!("/login{to}"));
    let place = place.unwrap_or(HeaderValue::from_static("/login"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, place)]).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heads(list: &[(&'static str, &'static str)]) -> HeaderMap {
        list.iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn a_request_of_another_site_is_told_apart() {
        assert!(is_own(&heads(&[("sec-fetch-site", "same-origin")])));
        assert!(is_own(&heads(&[("origin", "https://klinke.kh:8443"), ("host", "klinke.kh:8443")])));
        assert!(is_own(&heads(&[("host", "klinke.kh")])));
        for other in [
            heads(&[("sec-fetch-site", "cross-site")]),
            heads(&[("sec-fetch-site", "same-site"), ("host", "klinke.kh")]),
            heads(&[("origin", "https://evil.example"), ("host", "klinke.kh")]),
            heads(&[("origin", "null"), ("host", "klinke.kh")]),
            heads(&[("origin", "https://klinke.kh.evil.example"), ("host", "klinke.kh")]),
            heads(&[("origin", "https://klinke.kh")]),
        ] {
            assert!(!is_own(&other), "{other:?}");
        }
    }
}
