//! Who asks, and in which language.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use super::Console;
use super::gate::Known;
use crate::house::Asker;
use crate::lang::Lang;
use crate::page::escaped;
use crate::people::Actor;

/// Whoever asks for a page.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// The language of the page.
    pub lang: Lang,
    /// The site's name.
    pub site: Arc<str>,
    /// The path that was asked for, for the navigation.
    pub path: String,
    /// Path and query as part of another address, to come back to.
    pub address: String,
    /// The address that the request came from.
    pub from: String,
    /// Who they are, and what they may do; nobody before the log-in.
    pub actor: Actor,
    /// Their session, where they came in with one.
    pub session: Option<String>,
    /// The token of their forms.
    pub form: String,
    /// What they open messages for.
    pub purpose: Option<String>,
}

impl Visitor {
    /// As the house knows them.
    pub fn asker(&self) -> Asker {
        Asker { actor: self.actor.clone(), purpose: self.purpose.clone() }
    }
}

impl FromRequestParts<Console> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Visitor, Infallible> {
        let from = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let from = from.map(|ConnectInfo(peer)| peer.ip().to_canonical().to_string()).unwrap_or_default();
        let known = parts.extensions.get::<Known>().cloned();
        let (actor, session, form, purpose) = match known {
            Some(known) => (known.actor, known.session, known.form, known.purpose),
            None => (Actor::nobody(&from), None, String::new(), None),
        };
        Ok(Visitor {
            lang: lang(parts),
            site: console.site.clone(),
            address: escaped(parts.uri.path_and_query().map_or("/", |all| all.as_str())),
            path: parts.uri.path().to_owned(),
            from,
            actor,
            session,
            form,
            purpose,
        })
    }
}

/// `?lang=`, else the cookie, else what the browser accepts.
fn lang(parts: &Parts) -> Lang {
    let query = parts.uri.query().unwrap_or_default();
    let asked = query.split('&').find_map(|pair| Lang::of_code(pair.strip_prefix("lang=")?));
    let kept = || cookie(&parts.headers, "lang").and_then(Lang::of_code);
    let accepted = || {
        let head = parts.headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
        Some(Lang::accepted(head))
    };
    asked.or_else(kept).or_else(accepted).unwrap_or_default()
}

/// A cookie's value.
pub fn cookie<'a>(heads: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = heads.get_all(header::COOKIE).into_iter().filter_map(|head| head.to_str().ok());
    let mut pairs = all.flat_map(|head| head.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
}
