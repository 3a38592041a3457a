//! The door: log-in, the use of a one-time code, and going. These pages say nothing of the site, and the
//! same to everybody.

use std::net::SocketAddr;

use axum::Extension;
use axum::extract::{ConnectInfo, Query, State as Shared};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{AppendHeaders, Html, IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;

use super::{escaped, frame};
use crate::lang::Lang;
use crate::people::account::Refusal;
use crate::people::enter::{Begin, Caller, Entered, LogIn};
use crate::people::password::{LENGTH_MAX, LENGTH_MIN};
use crate::people::secret;
use crate::people::session::form_token as token_of;
use crate::web::{Console, Fault, Fields, Visitor, cookie, own};

/// How long a device is remembered, in seconds.
const DEVICE_AGE: u64 = 180 * 86_400;
/// The longest name that is looked at.
const NAME_BYTES_MAX: usize = 128;

/// Where to go on after the log-in.
#[derive(Deserialize)]
pub struct Way {
    #[serde(default)]
    to: String,
}

/// The log-in.
pub async fn log_in(Shared(console): Shared<Console>, visitor: Visitor, Query(way): Query<Way>) -> Response {
    if console.people().is_none() {
        return Redirect::to("/").into_response();
    }
    show(&console, visitor.lang, StatusCode::OK, |token| {
        log_in_form(visitor.lang, own(&way.to), "", None, token)
    })
}

/// What was typed into the log-in.
pub async fn try_log_in(
    Shared(console): Shared<Console>,
    visitor: Visitor,
    heads: HeaderMap,
    Extension(ConnectInfo(peer)): Extension<ConnectInfo<SocketAddr>>,
    fields: Fields,
) -> Result<Response, Fault> {
    let people = console.people().ok_or_else(closed)?.clone();
    let caller = caller(&console, &heads, peer);
    let (name, to) = (cut(fields.get("name")), own(fields.get("to")).to_owned());
    let (password, code) = (fields.owned("password"), cut(fields.get("code")));
    let entered = people.log_in(caller, LogIn { name: name.clone(), password, code }).await;
    let lang = visitor.lang;
    Ok(match entered {
        Ok(entered) => go_on(&console, &entered, &to),
        Err(refusal) => {
            let (status, text) = told(lang, &refusal)?;
            show(&console, lang, status, |token| log_in_form(lang, &to, &name, Some(&text), token))
        }
    })
}

/// The use of a one-time code.
pub async fn welcome(Shared(console): Shared<Console>, visitor: Visitor) -> Response {
    if console.people().is_none() {
        return Redirect::to("/").into_response();
    }
    show(&console, visitor.lang, StatusCode::OK, |token| welcome_form(visitor.lang, "", None, token))
}

/// What was typed there.
pub async fn try_welcome(
    Shared(console): Shared<Console>,
    visitor: Visitor,
    heads: HeaderMap,
    Extension(ConnectInfo(peer)): Extension<ConnectInfo<SocketAddr>>,
    fields: Fields,
) -> Result<Response, Fault> {
    let people = console.people().ok_or_else(closed)?.clone();
    let lang = visitor.lang;
    let name = cut(fields.get("name"));
    let again = |status, text: &str| {
        show(&console, lang, status, |token| welcome_form(lang, &name, Some(text), token))
    };
    if fields.get("password") != fields.get("again") {
        let text = lang.say("The two passwords differ.", "Die beiden Passwörter sind verschieden.");
        return Ok(again(StatusCode::CONFLICT, text));
    }
    let begin =
        Begin { name: name.clone(), code: cut(fields.get("code")), password: fields.owned("password") };
    Ok(match people.begin(caller(&console, &heads, peer), begin).await {
        Ok(entered) => go_on(&console, &entered, "/account"),
        Err(refusal) => {
            let (status, text) = told(lang, &refusal)?;
            again(status, &text)
        }
    })
}

/// Goes.
pub async fn log_out(
    Shared(console): Shared<Console>,
    visitor: Visitor,
    _: Fields,
) -> Result<Response, Fault> {
    if let (Some(people), Some(session)) = (console.people().cloned(), visitor.session.clone()) {
        let from = visitor.from.clone();
        let gone = tokio::task::spawn_blocking(move || people.log_out(&session, &from)).await;
        gone.map_err(|_| Fault::broken("the answer was broken off"))??;
    }
    let heads = AppendHeaders([
        (header::SET_COOKIE, console.cookie("session", "", "Lax", Some(0))),
        // What the browser keeps of us is of no use to whoever comes next.
        (header::HeaderName::from_static("clear-site-data"), "\"cache\", \"storage\"".to_owned()),
    ]);
    Ok((heads, Redirect::to("/login")).into_response())
}

fn closed() -> Fault {
    Fault::absent("there are no accounts here")
}

/// Somebody at the door, as their request's head tells.
pub fn caller(console: &Console, heads: &HeaderMap, peer: SocketAddr) -> Caller {
    let browser =
        heads.get(header::USER_AGENT).map(|head| String::from_utf8_lossy(head.as_bytes()).into_owned());
    Caller {
        from: peer.ip().to_canonical().to_string(),
        browser: browser.unwrap_or_default(),
        device: cookie(heads, &console.cookie_name("device")).map(str::to_owned),
    }
}

fn go_on(console: &Console, entered: &Entered, to: &str) -> Response {
    let cookies = AppendHeaders([
        (header::SET_COOKIE, console.cookie("session", &entered.session, "Lax", None)),
        (header::SET_COOKIE, console.cookie("device", &entered.device, "Strict", Some(DEVICE_AGE))),
        (header::SET_COOKIE, console.cookie("form", "", "Strict", Some(0))),
    ]);
    (cookies, Redirect::to(to)).into_response()
}

/// What somebody is told who did not come in. One text for all that may be wrong.
fn told(lang: Lang, refusal: &Refusal) -> Result<(StatusCode, String), Fault> {
    Ok(match refusal {
        Refusal::Wrong => {
            (StatusCode::UNAUTHORIZED, lang.say("That was not right.", "Das war nicht richtig.").to_owned())
        }
        Refusal::Wait(_) => (StatusCode::TOO_MANY_REQUESTS, said(lang, refusal)),
        Refusal::Busy(_) => (StatusCode::SERVICE_UNAVAILABLE, said(lang, refusal)),
        Refusal::Weak(_) | Refusal::Name => (StatusCode::CONFLICT, said(lang, refusal)),
        _ => return Err(Fault::broken("log-ins are not possible at the moment; the program's log says why")),
    })
}

/// A refusal in a language.
pub fn said(lang: Lang, refusal: &Refusal) -> String {
    lang.say(refusal.to_string(), refusal.german())
}

/// A page for those whom we do not know, with a form that only this browser can send.
fn show(
    console: &Console,
    lang: Lang,
    status: StatusCode,
    page: impl FnOnce(&str) -> Html<String>,
) -> Response {
    let Ok(id) = secret::identifier() else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let cookie = console.cookie("form", &id, "Strict", Some(3_600));
    let _ = lang;
    (status, [(header::SET_COOKIE, cookie)], page(&token_of(&id))).into_response()
}

fn log_in_form(lang: Lang, to: &str, name: &str, wrong: Option<&str>, token: &str) -> Html<String> {
    let body = html! {
        (notice(wrong))
        form method="post" action="/login" {
            input type="hidden" name="form" value=(token);
            input type="hidden" name="to" value=(to);
            p { label for="name" { (lang.say("Name", "Name")) } input #name name="name" value=(name) autocomplete="username" autocapitalize="none" required maxlength=(NAME_BYTES_MAX) autofocus[name.is_empty()]; }
            p { label for="password" { (lang.say("Password", "Passwort")) } input #password type="password" name="password" autocomplete="current-password" required maxlength=(LENGTH_MAX); }
            p { label for="code" { (lang.say("Code, where you have set one up", "Code, wenn Sie einen eingerichtet haben")) } input #code name="code" autocomplete="one-time-code" inputmode="text" maxlength="32"; }
            p { button type="submit" { (lang.say("Log in", "Anmelden")) } }
        }
        p.small { a href="/welcome" { (lang.say("I have a one-time code", "Ich habe einen Einmalcode")) } " · " (other(lang, &format!("/login?to={}", escaped(to)))) }
    };
    frame::bare(lang, lang.say("Log in", "Anmelden"), &body)
}

fn welcome_form(lang: Lang, name: &str, wrong: Option<&str>, token: &str) -> Html<String> {
    let hint = lang.say(
        format!("at least {LENGTH_MIN} characters; a sentence is a good one"),
        format!("mindestens {LENGTH_MIN} Zeichen; ein Satz ist gut"),
    );
    let body = html! {
        p { (lang.say("Choose your password with the code that you were given. The code for the very first account stands in the log of klinke serve.", "Wählen Sie Ihr Passwort mit dem Code, den Sie bekommen haben. Der Code für das allererste Konto steht im Log von klinke serve.")) }
        (notice(wrong))
        form method="post" action="/welcome" {
            input type="hidden" name="form" value=(token);
            p { label for="code" { (lang.say("One-time code", "Einmalcode")) } input #code name="code" autocomplete="off" autocapitalize="none" required maxlength="32"; }
            p { label for="name" { (lang.say("Name", "Name")) } input #name name="name" value=(name) autocomplete="username" autocapitalize="none" required maxlength=(NAME_BYTES_MAX); }
            p { label for="password" { (lang.say("New password", "Neues Passwort")) " (" (hint) ")" } input #password type="password" name="password" autocomplete="new-password" required minlength=(LENGTH_MIN) maxlength=(LENGTH_MAX); }
            p { label for="again" { (lang.say("Once more", "Noch einmal")) } input #again type="password" name="again" autocomplete="new-password" required maxlength=(LENGTH_MAX); }
            p { button type="submit" { (lang.say("Begin", "Beginnen")) } }
        }
        p.small { a href="/login" { (lang.say("Log in", "Anmelden")) } " · " (other(lang, "/welcome")) }
    };
    frame::bare(lang, lang.say("Welcome", "Willkommen"), &body)
}

fn notice(wrong: Option<&str>) -> Markup {
    html! { @if let Some(text) = wrong { div.notice.stop role="alert" { p { (text) } } } }
}

fn other(lang: Lang, to: &str) -> Markup {
    let (code, name) = lang.say(("de", "Deutsch"), ("en", "English"));
    html! { a href={ "/language/" (code) "?to=" (escaped(to)) } lang=(code) hreflang=(code) { (name) } }
}

/// A short text as it was typed, cut to what can mean something.
fn cut(text: &str) -> String {
    text.chars().take(NAME_BYTES_MAX).collect()
}
