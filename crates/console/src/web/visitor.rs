//! Who asks, and in which language.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri, header};

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
    /// The query of the signed link that they came by, which their addresses carry on.
    pub link: Option<String>,
    /// Whether there is an archive of images.
    pub has_archive: bool,
    /// Whether there is an old archive that is taken over.
    pub has_migrations: bool,
}

impl Visitor {
    /// As the house knows them.
    pub fn asker(&self) -> Asker {
        Asker { actor: self.actor.clone(), purpose: self.purpose.clone() }
    }

    /// An address within the console; whoever came by a link goes on by it.
    pub fn way(&self, address: &str) -> String {
        match &self.link {
            None => address.to_owned(),
            Some(link) => format!("{address}{}{link}", if address.contains('?') { '&' } else { '?' }),
        }
    }
}

impl FromRequestParts<Console> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Visitor, Infallible> {
        let from = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let from = from.map(|ConnectInfo(peer)| peer.ip().to_canonical().to_string()).unwrap_or_default();
        let known = parts.extensions.get::<Known>().cloned();
        let nobody = || Known {
            actor: Actor::nobody(&from),
            session: None,
            form: String::new(),
            purpose: None,
            link: None,
        };
        let Known { actor, session, form, purpose, link } = known.unwrap_or_else(nobody);
        Ok(Visitor {
            lang: lang(&parts.uri, &parts.headers),
            site: console.site.clone(),
            address: escaped(parts.uri.path_and_query().map_or("/", |all| all.as_str())),
            path: parts.uri.path().to_owned(),
            from,
            actor,
            session,
            form,
            purpose,
            link,
            has_archive: console.has_archive(),
            has_migrations: console.has_migrations(),
        })
    }
}

/// `?lang=`, else the cookie, else what the browser accepts.
pub fn lang(uri: &Uri, heads: &HeaderMap) -> Lang {
    let query = uri.query().unwrap_or_default();
    let asked = query.split('&').find_map(|pair| Lang::of_code(pair.strip_prefix("lang=")?));
    let kept = || cookie(heads, "lang").and_then(Lang::of_code);
    let accepted = || {
        let head = heads.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
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
