//! The door: log-in, the use of a one-time code, and going. These pages say nothing of the site, and the
//! same to everybody.

use std::net::SocketAddr;

use axum::Extension;
use axum::extract::{ConnectInfo, Query, State as Shared};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{AppendHeaders, Html, IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;

use super::{escaped, frame, passkey};
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
    /// Set after a log-out of somebody who came from the provider.
    #[serde(default)]
    out: String,
}

/// The log-in.
pub async fn log_in(Shared(console): Shared<Console>, visitor: Visitor, Query(way): Query<Way>) -> Response {
    if console.people().is_none() {
        return Redirect::to("/").into_response();
    }
    let lang = visitor.lang;
    let door = Door { notice: None, is_out: !way.out.is_empty(), ..Door::of(&console, own(&way.to)) };
    show(&console, StatusCode::OK, |token| log_in_form(lang, &door, token))
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
            let door = Door { name: &name, notice: Some(text), ..Door::of(&console, &to) };
            show(&console, status, |token| log_in_form(lang, &door, token))
        }
    })
}

/// The log-in once more, for somebody who came in another way and was not let in.
pub fn refuse(console: &Console, lang: Lang, to: &str, refusal: &Refusal) -> Result<Response, Fault> {
    let (status, text) = told(lang, refusal)?;
    let door = Door { notice: Some(text), ..Door::of(console, to) };
    Ok(show(console, status, |token| log_in_form(lang, &door, token)))
}

/// The use of a one-time code.
pub async fn welcome(Shared(console): Shared<Console>, visitor: Visitor) -> Response {
    if console.people().is_none() {
        return Redirect::to("/").into_response();
    }
    show(&console, StatusCode::OK, |token| welcome_form(visitor.lang, "", None, token))
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
    let again =
        |status, text: &str| show(&console, status, |token| welcome_form(lang, &name, Some(text), token));
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
    let mut place = "/login";
    if let (Some(people), Some(session)) = (console.people().cloned(), visitor.session.clone()) {
        let (from, has_provider) = (visitor.from.clone(), people.provider().is_some());
        let gone = tokio::task::spawn_blocking(move || people.log_out(&session, &from)).await;
        if gone.map_err(|_| Fault::broken("the answer was broken off"))?? && has_provider {
            place = "/login?out=1";
        }
    }
    let heads = AppendHeaders([
        (header::SET_COOKIE, console.cookie("session", "", "Lax", Some(0))),
        // What the browser keeps of us is of no use to whoever comes next.
        (header::HeaderName::from_static("clear-site-data"), "\"cache\", \"storage\"".to_owned()),
    ]);
    Ok((heads, Redirect::to(place)).into_response())
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
        session: cookie(heads, &console.cookie_name("session")).map(str::to_owned),
    }
}

/// Gives the cookies of somebody who came in.
pub fn go_on(console: &Console, entered: &Entered, to: &str) -> Response {
    let mut cookies = vec![
        console.cookie("session", &entered.session, "Lax", None),
        console.cookie("form", "", "Strict", Some(0)),
    ];
    if !entered.device.is_empty() {
        cookies.push(console.cookie("device", &entered.device, "Strict", Some(DEVICE_AGE)));
    }
    let mut response = Redirect::to(to).into_response();
    for value in cookies.iter().filter_map(|cookie| cookie.parse().ok()) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}

/// What somebody is told who did not come in. One text for all that may be wrong.
fn told(lang: Lang, refusal: &Refusal) -> Result<(StatusCode, String), Fault> {
    Ok(match refusal {
        Refusal::Wrong => {
            (StatusCode::UNAUTHORIZED, lang.say("That was not right.", "Das war nicht richtig.").to_owned())
        }
        Refusal::Wait(_) => (StatusCode::TOO_MANY_REQUESTS, said(lang, refusal)),
        Refusal::Busy(_) | Refusal::Down(_) => (StatusCode::SERVICE_UNAVAILABLE, said(lang, refusal)),
        Refusal::Stranger => (StatusCode::FORBIDDEN, said(lang, refusal)),
        Refusal::Weak(_) | Refusal::Name => (StatusCode::CONFLICT, said(lang, refusal)),
        _ => return Err(Fault::broken("log-ins are not possible at the moment; the program's log says why")),
    })
}

/// A refusal in a language.
pub fn said(lang: Lang, refusal: &Refusal) -> String {
    lang.say(refusal.to_string(), refusal.german())
}

/// A page for those whom we do not know, with a form that only this browser can send.
fn show(console: &Console, status: StatusCode, page: impl FnOnce(&str) -> Html<String>) -> Response {
    let Ok(id) = secret::identifier() else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let cookie = console.cookie("form", &id, "Strict", Some(3_600));
    (status, [(header::SET_COOKIE, cookie)], page(&token_of(&id))).into_response()
}

/// What the log-in shows.
#[derive(Default)]
struct Door<'a> {
    /// Where to go on.
    to: &'a str,
    /// The name as it was typed.
    name: &'a str,
    /// Why somebody did not come in.
    notice: Option<String>,
    /// What the site's provider is called, where it has one.
    provider: Option<String>,
    /// True after a log-out of somebody who came from there.
    is_out: bool,
    /// What the site's directory is called, where it has one.
    directory: Option<String>,
    /// True where there are passkeys.
    has_passkeys: bool,
}

impl<'a> Door<'a> {
    fn of(console: &Console, to: &'a str) -> Door<'a> {
        let provider = console.people().and_then(|people| people.provider());
        let has_passkeys = console.people().is_some_and(|people| people.party().is_some());
        let directory = console.people().and_then(|people| people.directory());
        Door {
            to,
            provider: provider.map(|one| one.title().to_owned()),
            directory: directory.map(|one| one.title().to_owned()),
            has_passkeys,
            ..Door::default()
        }
    }
}

/// The way to the provider, and out of it.
fn provider(lang: Lang, door: &Door<'_>) -> Markup {
    let Some(title) = &door.provider else { return html! {} };
    html! {
        @if door.is_out { div.notice role="status" { p {
            (lang.say("You are logged out here, and still logged in at ", "Sie sind hier abgemeldet und weiter angemeldet bei ")) (title) ". "
            a href="/login/oidc/out" { (lang.say("Log out there, too", "Auch dort abmelden")) }
        } } }
        p { a.button href={ "/login/oidc?to=" (escaped(door.to)) } { (lang.say("Log in with ", "Anmelden mit ")) (title) } }
    }
}

fn log_in_form(lang: Lang, door: &Door<'_>, token: &str) -> Html<String> {
    let Door { to, name, .. } = *door;
    let body = html! {
        (notice(door.notice.as_deref()))
        (provider(lang, door))
        @if door.has_passkeys { (passkey::door(lang, to, token)) }
        form method="post" action="/login" {
            input type="hidden" name="form" value=(token);
            input type="hidden" name="to" value=(to);
            @if let Some(title) = &door.directory { p.small { (lang.say("Name and password are those of ", "Name und Passwort sind die von ")) (title) (lang.say(", or of an account of this console.", ", oder von einem Konto dieser Konsole.")) } }
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

/// There is no such way in here, or not to this visitor.
pub(super) fn nowhere() -> Fault {
    Fault::absent("there is no such way in")
}
