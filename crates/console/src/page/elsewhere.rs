//! The way to the site's OpenID provider and back. These addresses are opened by whoever is not known yet; what
//! they answer says nothing of the site.

use std::net::SocketAddr;

use axum::Extension;
use axum::extract::{ConnectInfo, Query, State as Shared};
use axum::http::{HeaderMap, header};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::enter::{self, nowhere};
use crate::people::oidc::Back;
use crate::web::{Console, Fault, Visitor, cookie, own};

/// The cookie of a browser that is on its way, and how long it may be, in seconds. It has to come along when
/// the provider leads back here, so it is not `Strict`.
const COOKIE: &str = "oidc";
const AGE: u64 = 600;

/// Where to go on after the log-in.
#[derive(Deserialize)]
pub struct Way {
    #[serde(default)]
    to: String,
}

/// Leads to the provider.
pub async fn begin(
    Shared(console): Shared<Console>,
    visitor: Visitor,
    heads: HeaderMap,
    Extension(ConnectInfo(peer)): Extension<ConnectInfo<SocketAddr>>,
    Query(way): Query<Way>,
) -> Result<Response, Fault> {
    let people = console.people().filter(|people| people.provider().is_some()).ok_or_else(nowhere)?;
    let to = own(&way.to);
    Ok(match people.begin_elsewhere(&enter::caller(&console, &heads, peer), to).await {
        Ok(way) => {
            let kept = console.cookie(COOKIE, &way.cookie, "Lax", Some(AGE));
            ([(header::SET_COOKIE, kept)], Redirect::to(&way.place)).into_response()
        }
        Err(refusal) => enter::refuse(&console, visitor.lang, to, &refusal)?,
    })
}

/// Comes back from there.
pub async fn back(
    Shared(console): Shared<Console>,
    visitor: Visitor,
    heads: HeaderMap,
    Extension(ConnectInfo(peer)): Extension<ConnectInfo<SocketAddr>>,
    Query(back): Query<Back>,
) -> Result<Response, Fault> {
    let people = console.people().filter(|people| people.provider().is_some()).ok_or_else(nowhere)?.clone();
    let caller = enter::caller(&console, &heads, peer);
    let kept = cookie(&heads, &console.cookie_name(COOKIE)).map(str::to_owned);
    let answer = match people.come_from_elsewhere(caller, kept, back).await {
        Ok((entered, to)) => enter::go_on(&console, &entered, own(&to)),
        Err(refusal) => enter::refuse(&console, visitor.lang, "/", &refusal)?,
    };
    let used = AppendHeaders([(header::SET_COOKIE, console.cookie(COOKIE, "", "Lax", Some(0)))]);
    Ok((used, answer).into_response())
}

/// Leads to where somebody logs out at the provider.
pub async fn out(Shared(console): Shared<Console>) -> Result<Redirect, Fault> {
    let people = console.people().ok_or_else(nowhere)?;
    let place = people.way_out().await.unwrap_or_else(|| "/login".to_owned());
    Ok(Redirect::to(&place))
}
