//! Passkeys: what our script asks for before a browser asks an authenticator, and the forms that it sends with
//! what came back. The script is `assets/passkey.js`; without scripts there are no passkeys, and all else stays.

use std::net::SocketAddr;

use axum::Extension;
use axum::extract::{ConnectInfo, State as Shared};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Json, Redirect, Response};
use maud::{Markup, html};
use serde_json::json;

use super::account::{blocking, proof, with_session};
use super::enter::{caller, go_on, nowhere, refuse, said};
use super::parts::{moment, time, zoned};
use crate::lang::Lang;
use crate::people::account::Refusal;
use crate::people::own::Own;
use crate::people::passkey::{Given, PASSKEYS_MAX};
use crate::web::{Console, Fault, Fields, Visitor, asset, form_token, own};

type Peer = Extension<ConnectInfo<SocketAddr>>;

/// What a browser asks for at a log-in.
pub async fn ask(
    Shared(console): Shared<Console>,
    visitor: Visitor,
    heads: HeaderMap,
    Extension(ConnectInfo(peer)): Peer,
    _: Fields,
) -> Result<Response, Fault> {
    let people = console.people().ok_or_else(nowhere)?;
    Ok(answer(visitor.lang, people.begin_with_passkey(&caller(&console, &heads, peer))))
}

/// Lets somebody in with what came back.
pub async fn enter(
    Shared(console): Shared<Console>,
    visitor: Visitor,
    heads: HeaderMap,
    Extension(ConnectInfo(peer)): Peer,
    fields: Fields,
) -> Result<Response, Fault> {
    let people = console.people().ok_or_else(nowhere)?.clone();
    let (caller, given) = (caller(&console, &heads, peer), given(&fields));
    let entered = tokio::task::spawn_blocking(move || people.enter_with_passkey(&caller, &given)).await;
    let to = own(fields.get("to"));
    match entered.map_err(|_| Fault::broken("the answer was broken off"))? {
        Ok(entered) => Ok(go_on(&console, &entered, to)),
        Err(Refusal::Nothing) => Err(nowhere()),
        Err(refusal) => refuse(&console, visitor.lang, to, &refusal),
    }
}

/// What a browser asks for at a registration.
pub async fn ask_new(
    Shared(console): Shared<Console>,
    visitor: Visitor,
    heads: HeaderMap,
    Extension(ConnectInfo(peer)): Peer,
    fields: Fields,
) -> Result<Response, Fault> {
    let (people, _) = with_session(&console, &visitor)?;
    let (who, password) = (caller(&console, &heads, peer), fields.owned("password"));
    let asked = people.begin_passkey(&visitor.actor, who, password, fields.get("title"), &visitor.site).await;
    Ok(answer(visitor.lang, asked))
}

/// Keeps a new passkey, or takes one away.
pub async fn change(
    Shared(console): Shared<Console>,
    visitor: Visitor,
    heads: HeaderMap,
    Extension(ConnectInfo(peer)): Peer,
    fields: Fields,
) -> Result<Response, Fault> {
    let (people, _) = with_session(&console, &visitor)?;
    if fields.get("what") == "remove" {
        let (who, password) = (caller(&console, &heads, peer), fields.owned("password"));
        people.remove_passkey(&visitor.actor, who, password, fields.owned("id")).await?;
        return Ok(Redirect::to("/account?done=no-passkey").into_response());
    }
    let (actor, given) = (visitor.actor.clone(), given(&fields));
    blocking(move || people.add_passkey(&actor, &given)).await?;
    Ok(Redirect::to("/account?done=passkey").into_response())
}

fn given(fields: &Fields) -> Given {
    let [id, client, data, signature, handle] =
        ["id", "client", "data", "signature", "handle"].map(|name| fields.owned(name));
    Given { id, client, data, signature, handle }
}

/// For the script: what to ask for, or why not.
fn answer(lang: Lang, asked: Result<serde_json::Value, Refusal>) -> Response {
    match asked {
        Ok(options) => Json(options).into_response(),
        Err(refusal) => {
            let status = match refusal {
                Refusal::Wait(_) => StatusCode::TOO_MANY_REQUESTS,
                _ => StatusCode::CONFLICT,
            };
            (status, Json(json!({ "error": said(lang, &refusal) }))).into_response()
        }
    }
}

/// The fields that the script fills in, and where it says what went wrong.
fn filled(lang: Lang) -> Markup {
    html! {
        @for name in ["id", "client", "data", "signature", "handle"] { input type="hidden" name=(name) value=""; }
        p.small role="alert" data-said="" data-failed=(lang.say("That was broken off, or there is no such passkey.", "Das wurde abgebrochen, oder es gibt keinen solchen Passkey.")) {}
    }
}

/// The log-in with a passkey, shown by the script alone: without it there is none.
pub fn door(lang: Lang, to: &str, token: &str) -> Markup {
    html! {
        form method="post" action="/login/passkey" data-passkey="get" data-options="/login/passkey/options" hidden {
            input type="hidden" name="form" value=(token);
            input type="hidden" name="to" value=(to);
            (filled(lang))
            p { button.plain type="submit" { (lang.say("Log in with a passkey", "Mit einem Passkey anmelden")) } }
        }
        script src=(asset("passkey.js")) defer {}
    }
}

/// One's own passkeys.
pub fn section(visitor: &Visitor, own: &Own) -> Markup {
    let lang = visitor.lang;
    html! { section.card {
        h2 { (lang.say("Passkeys", "Passkeys")) }
        p { (lang.say("A passkey is kept by your telephone, your computer or a security key, and lets you in without name, password and code. You confirm it with a finger, your face or a PIN.", "Ein Passkey liegt auf Ihrem Telefon, Ihrem Rechner oder einem Sicherheitsschlüssel und lässt Sie ohne Name, Passwort und Code herein. Sie bestätigen ihn mit Finger, Gesicht oder PIN.")) }
        @if !own.passkeys.is_empty() {
            div.table tabindex="0" { table {
                thead { tr { th { (lang.say("name", "Name")) } th { (lang.say("kept", "liegt")) } th { (zoned(lang.say("registered", "angelegt"))) } th { (zoned(lang.say("last used", "zuletzt benutzt"))) } } }
                tbody { @for one in &own.passkeys { tr {
                    td { (one.title) }
                    td { (if one.is_copied { lang.say("may be copied", "darf kopiert werden") } else { lang.say("on one device", "auf einem Gerät") }) }
                    td.nowrap { (time(&klinke_model::Timestamp(one.made).to_string())) }
                    td.nowrap { @if let Some(used) = one.used { (moment(&klinke_model::Timestamp(used).to_string())) } @else { "–" } }
                } } }
            } }
            form method="post" action="/account/passkeys" {
                (form_token(visitor))
                input type="hidden" name="what" value="remove";
                p { label for="passkey-gone" { (lang.say("Take away", "Wegnehmen")) }
                    select #passkey-gone name="id" { @for one in &own.passkeys { option value=(one.id) { (one.title) } } } }
                (proof(lang, "password-passkey-gone"))
                p { button.plain type="submit" { (lang.say("Take it away", "Diesen wegnehmen")) } }
            }
        }
        @if own.passkeys.len() < PASSKEYS_MAX {
            form method="post" action="/account/passkeys" data-passkey="create" data-options="/account/passkeys/options" hidden {
                (form_token(visitor))
                p { label for="passkey-title" { (lang.say("What you call it", "Wie Sie ihn nennen")) } input #passkey-title name="title" required maxlength="80" autocomplete="off"; }
                (proof(lang, "password-passkey"))
                (filled(lang))
                p { button type="submit" { (lang.say("Register a passkey", "Passkey anlegen")) } }
            }
            noscript { p.small.soft { (lang.say("Registering one needs a browser with scripts.", "Zum Anlegen braucht es einen Browser mit Skripten.")) } }
        }
        script src=(asset("passkey.js")) defer {}
    } }
}
