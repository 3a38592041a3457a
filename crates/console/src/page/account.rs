//! One's own account: password, second factor, sessions, tokens, emergency access. What lets somebody in
//! later is changed only with the password of today.

use std::net::SocketAddr;

use axum::Extension;
use axum::extract::{ConnectInfo, Query, State as Shared};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;

use super::enter::caller;
use super::parts::{moment, time, zoned};
use super::{Page, frame, passkey};
use crate::lang::Lang;
use crate::people::elsewhere::Elsewhere;
use crate::people::own::{Own, REASON_MAX};
use crate::people::password::{LENGTH_MAX, LENGTH_MIN};
use crate::people::{People, Right, totp};
use crate::web::{Console, Fault, Fields, Visitor, form_token, own};

type Peer = Extension<ConnectInfo<SocketAddr>>;

/// What was done just now.
#[derive(Deserialize)]
pub struct Done {
    #[serde(default)]
    done: String,
}

/// The page.
pub async fn page(Shared(console): Shared<Console>, visitor: Visitor, Query(done): Query<Done>) -> Page {
    let (people, own) = known(&console, &visitor)?;
    let lang = visitor.lang;
    let title = lang.say("Your account", "Ihr Konto");
    let shown = totp::secret().map_err(|_| Fault::broken("no random numbers"))?;
    let minutes = people.lengths().emergency.as_secs() / 60;
    let body = html! {
        h1 { (title) }
        (done_note(lang, &done.done))
        section.card {
            p.lead { (visitor.actor.title) " " span.soft.mono { (own.view.name) } }
            p { (lang.say("Roles: ", "Rollen: ")) (own.view.roles.iter().map(String::as_str).collect::<Vec<_>>().join(", ")) }
            ul { @for right in Right::ALL.into_iter().filter(|right| visitor.actor.may_somewhere(*right)) {
                li { (lang.say(right.words().0, right.words().1)) }
            } }
        }
        @if own.may_emergency { (emergency(&visitor, minutes)) }
        @if let Some(from) = own.elsewhere {
            (foreign(lang, from, &people))
        } @else {
            (password(&visitor))
            (factor(&visitor, &own, &shown))
            @if people.party().is_some() { (passkey::section(&visitor, &own)) }
        }
        (sessions(&visitor, &own))
        (tokens(&visitor, &own))
    };
    Ok(frame::page(&visitor, title, &body))
}

/// Changes the password.
pub async fn change_password(
    Shared(console): Shared<Console>,
    visitor: Visitor,
    heads: HeaderMap,
    Extension(ConnectInfo(peer)): Peer,
    fields: Fields,
) -> Result<Response, Fault> {
    let (people, session) = with_session(&console, &visitor)?;
    if fields.get("new") != fields.get("again") {
        return Err(Fault::wrong(
            visitor.lang.say("the two passwords differ", "die beiden Passwörter sind verschieden"),
        ));
    }
    let (old, new) = (fields.owned("password"), fields.owned("new"));
    let who = caller(&console, &heads, peer);
    people.change_password(&visitor.actor, who, session, old, new).await?;
    Ok(Redirect::to("/account?done=password").into_response())
}

/// Takes a second factor into use, or does without it.
pub async fn change_factor(
    Shared(console): Shared<Console>,
    visitor: Visitor,
    heads: HeaderMap,
    Extension(ConnectInfo(peer)): Peer,
    fields: Fields,
) -> Result<Response, Fault> {
    let (people, _) = with_session(&console, &visitor)?;
    let (who, password) = (caller(&console, &heads, peer), fields.owned("password"));
    let codes = match fields.get("what") {
        "add" => {
            let (shown, code) = (fields.owned("secret"), fields.owned("code"));
            people.add_totp(&visitor.actor, who, password, shown, code).await?
        }
        "renew" => people.renew_recovery(&visitor.actor, who, password).await?,
        "remove" => {
            people.remove_totp(&visitor.actor, who, password).await?;
            return Ok(Redirect::to("/account?done=factor").into_response());
        }
        _ => return Err(Fault::wrong("nothing of this name can be done")),
    };
    let lang = visitor.lang;
    let title = lang.say("Recovery codes", "Wiederherstellungscodes");
    let body = html! {
        h1 { (title) }
        p { (lang.say("Each of these codes lets you in once instead of the code of your telephone. They are shown now and never again: print them, or write them down.", "Jeder dieser Codes lässt Sie einmal herein, statt des Codes Ihres Telefons. Sie werden jetzt gezeigt und nie wieder: drucken Sie sie aus oder schreiben Sie sie auf.")) }
        pre tabindex="0" { @for code in &codes { (code) "\n" } }
        p { a.button href="/account" { (lang.say("I have them", "Ich habe sie")) } }
    };
    Ok(frame::page(&visitor, title, &body).into_response())
}

/// Ends other sessions.
pub async fn end_sessions(
    Shared(console): Shared<Console>,
    visitor: Visitor,
    fields: Fields,
) -> Result<Response, Fault> {
    let (people, session) = with_session(&console, &visitor)?;
    let mark = Some(fields.owned("mark")).filter(|mark| !mark.is_empty());
    let actor = visitor.actor.clone();
    blocking(move || people.end_sessions(&actor, &session, mark.as_deref())).await?;
    Ok(Redirect::to("/account?done=sessions").into_response())
}

/// Makes a token, or takes one away.
pub async fn change_tokens(
    Shared(console): Shared<Console>,
    visitor: Visitor,
    heads: HeaderMap,
    Extension(ConnectInfo(peer)): Peer,
    fields: Fields,
) -> Result<Response, Fault> {
    let (people, _) = with_session(&console, &visitor)?;
    let actor = visitor.actor.clone();
    if fields.get("what") == "end" {
        let id = fields.owned("id");
        blocking(move || people.end_token(&actor, &id)).await?;
        return Ok(Redirect::to("/account?done=token").into_response());
    }
    let rights = fields.all("right").iter().filter_map(|name| Right::named(name)).collect();
    let days = fields.get("days").parse().unwrap_or(90);
    let who = caller(&console, &heads, peer);
    let text =
        people.make_token(&actor, who, fields.owned("password"), fields.owned("title"), rights, days).await?;
    let lang = visitor.lang;
    let title = lang.say("Your token", "Ihr Zugangsschlüssel");
    let body = html! {
        h1 { (title) }
        p { (lang.say("It is shown now and never again. A program sends it as ", "Er wird jetzt gezeigt und nie wieder. Ein Programm schickt ihn als ")) code { "Authorization: Bearer …" } }
        pre tabindex="0" { (text) }
        p { a.button href="/account" { (lang.say("I have it", "Ich habe ihn")) } }
    };
    Ok(frame::page(&visitor, title, &body).into_response())
}

/// Opens an emergency access.
pub async fn take_emergency(
    Shared(console): Shared<Console>,
    visitor: Visitor,
    fields: Fields,
) -> Result<Response, Fault> {
    let (people, session) = with_session(&console, &visitor)?;
    let (actor, reason) = (visitor.actor.clone(), fields.owned("reason"));
    blocking(move || people.take_emergency(&actor, &session, &reason)).await?;
    Ok(Redirect::to(own(fields.get("to"))).into_response())
}

/// Keeps what messages are opened for.
pub async fn say_purpose(
    Shared(console): Shared<Console>,
    visitor: Visitor,
    fields: Fields,
) -> Result<Response, Fault> {
    let (people, session) = with_session(&console, &visitor)?;
    let purpose = fields.owned("purpose");
    blocking(move || people.say_purpose(&session, &purpose)).await?;
    Ok(Redirect::to(own(fields.get("to"))).into_response())
}

/// Asks for a purpose, and goes on to where the visitor was.
pub fn purpose_form(visitor: &Visitor) -> Markup {
    let lang = visitor.lang;
    html! { form method="post" action="/account/purpose" {
        (form_token(visitor))
        input type="hidden" name="to" value=(visitor.path);
        p { label for="purpose" { (lang.say("What for? It stands in the audit log, and holds for a quarter of an hour.", "Wozu? Es steht im Protokoll und gilt eine Viertelstunde.")) }
            input #purpose name="purpose" required maxlength=(REASON_MAX); }
        p { button type="submit" { (lang.say("Open", "Öffnen")) } }
    } }
}

fn known(console: &Console, visitor: &Visitor) -> Result<(std::sync::Arc<People>, Own), Fault> {
    let nobody =
        || Fault::absent(visitor.lang.say("there are no accounts here", "hier gibt es keine Konten"));
    let people = console.people().cloned().ok_or_else(nobody)?;
    let own = people.own(&visitor.actor).ok_or_else(nobody)?;
    Ok((people, own))
}

/// The people, and the visitor's session: what programs with a token can't have.
pub fn with_session(console: &Console, visitor: &Visitor) -> Result<(std::sync::Arc<People>, String), Fault> {
    let forbidden =
        || Fault::forbidden(visitor.lang.say("this needs a log-in", "dafür muss man angemeldet sein"));
    let session = visitor.session.clone().ok_or_else(forbidden)?;
    Ok((console.people().cloned().ok_or_else(forbidden)?, session))
}

/// Does what blocks where blocking is allowed.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, crate::people::account::Refusal> + Send + 'static,
) -> Result<T, Fault> {
    Ok(tokio::task::spawn_blocking(work).await.map_err(|_| Fault::broken("the answer was broken off"))??)
}

fn done_note(lang: Lang, done: &str) -> Markup {
    let text = match done {
        "password" => lang.say(
            "Your password is changed; other sessions have ended.",
            "Ihr Passwort ist geändert; andere Sitzungen sind beendet.",
        ),
        "factor" => lang.say("The second factor is removed.", "Der zweite Faktor ist entfernt."),
        "passkey" => lang.say("The passkey is registered.", "Der Passkey ist angelegt."),
        "no-passkey" => lang.say("The passkey is taken away.", "Der Passkey ist weggenommen."),
        "sessions" => lang.say("The sessions have ended.", "Die Sitzungen sind beendet."),
        "token" => lang.say("The token is taken away.", "Der Zugangsschlüssel ist weggenommen."),
        _ => return html! {},
    };
    html! { div.notice.good role="status" { p { (text) } } }
}

fn emergency(visitor: &Visitor, minutes: u64) -> Markup {
    let lang = visitor.lang;
    html! { section.card {
        h2 { (lang.say("Emergency access", "Notzugriff")) }
        @if let Some(until) = visitor.actor.emergency {
            p.lead { (lang.say("You may open all messages until ", "Sie dürfen alle Nachrichten öffnen bis ")) (moment(&until.to_string())) "." }
        }
        p { (lang.say(
            format!("Where a patient is in danger you may open all messages for {minutes} minutes. Your reason stands in the audit log, and administrators are shown it."),
            format!("Wo ein Patient in Gefahr ist, dürfen Sie {minutes} Minuten lang alle Nachrichten öffnen. Ihr Grund steht im Protokoll und wird den Verwaltern gezeigt."),
        )) }
        form method="post" action="/account/emergency" {
            (form_token(visitor))
            input type="hidden" name="to" value="/account";
            p { label for="reason" { (lang.say("Reason", "Grund")) } input #reason name="reason" required minlength="10" maxlength=(REASON_MAX); }
            p { button.stop type="submit" { (lang.say("Take emergency access", "Notzugriff nehmen")) } }
        }
    } }
}

/// The field for the password of today.
pub fn proof(lang: Lang, id: &str) -> Markup {
    html! { p { label for=(id) { (lang.say("Your password", "Ihr Passwort")) } input id=(id) type="password" name="password" autocomplete="current-password" required maxlength=(LENGTH_MAX); } }
}

fn password(visitor: &Visitor) -> Markup {
    let lang = visitor.lang;
    html! { section.card {
        h2 { (lang.say("Password", "Passwort")) }
        form method="post" action="/account/password" {
            (form_token(visitor))
            (proof(lang, "password-old"))
            p { label for="new" { (lang.say("New password", "Neues Passwort")) } input #new type="password" name="new" autocomplete="new-password" required minlength=(LENGTH_MIN) maxlength=(LENGTH_MAX); }
            p { label for="again" { (lang.say("Once more", "Noch einmal")) } input #again type="password" name="again" autocomplete="new-password" required maxlength=(LENGTH_MAX); }
            p { button type="submit" { (lang.say("Change it", "Ändern")) } }
        }
    } }
}

/// For an account that proves itself elsewhere.
fn foreign(lang: Lang, from: Elsewhere, people: &People) -> Markup {
    let title = match from {
        Elsewhere::Oidc => people.provider().map(|one| one.title().to_owned()),
        Elsewhere::Ldap => people.directory().map(|one| one.title().to_owned()),
    };
    let title = title.unwrap_or_else(|| from.name().to_owned());
    html! { section.card {
        h2 { (lang.say("Log-in", "Anmeldung")) }
        p { (lang.say(
            format!("You log in with {title}. Your password and your second factor are changed there; here you have none."),
            format!("Sie melden sich an mit {title}. Passwort und zweiter Faktor werden dort geändert; hier haben Sie keine."),
        )) }
    } }
}

fn factor(visitor: &Visitor, own: &Own, shown: &str) -> Markup {
    let lang = visitor.lang;
    let has = own.view.factors.iter().any(|factor| factor == "totp");
    html! { section.card {
        h2 { (lang.say("Second factor", "Zweiter Faktor")) }
        @if has {
            p { (lang.say("Your telephone's codes are asked for at the log-in. Recovery codes left: ", "Bei der Anmeldung werden die Codes Ihres Telefons verlangt. Übrige Wiederherstellungscodes: ")) (own.recovery) "." }
            form method="post" action="/account/factor" {
                (form_token(visitor)) (proof(lang, "password-factor"))
                div.acts {
                    button.plain type="submit" name="what" value="renew" { (lang.say("New recovery codes", "Neue Wiederherstellungscodes")) }
                    button.plain type="submit" name="what" value="remove" { (lang.say("Do without", "Darauf verzichten")) }
                }
            }
        } @else {
            p { (lang.say("A program on your telephone shows six digits that change every half minute. Give it this key, then type what it shows.", "Ein Programm auf Ihrem Telefon zeigt sechs Ziffern, die sich jede halbe Minute ändern. Geben Sie ihm diesen Schlüssel und tippen Sie ein, was es zeigt.")) }
            pre tabindex="0" { (grouped(shown)) }
            p.small { a href=(totp::address(shown, &own.view.name, &visitor.site)) { (lang.say("Open it on this telephone", "Auf diesem Telefon öffnen")) } }
            form method="post" action="/account/factor" {
                (form_token(visitor))
                input type="hidden" name="what" value="add";
                input type="hidden" name="secret" value=(shown);
                p { label for="factor-code" { (lang.say("Six digits", "Sechs Ziffern")) } input #factor-code name="code" autocomplete="one-time-code" inputmode="numeric" required maxlength="12"; }
                (proof(lang, "password-factor"))
                p { button type="submit" { (lang.say("Use it", "Benutzen")) } }
            }
        }
    } }
}

fn grouped(secret: &str) -> String {
    secret
        .as_bytes()
        .chunks(4)
        .map(|part| String::from_utf8_lossy(part).into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}

fn sessions(visitor: &Visitor, own: &Own) -> Markup {
    let lang = visitor.lang;
    html! { section.card {
        h2 { (lang.say("Where you are logged in", "Wo Sie angemeldet sind")) }
        div.table tabindex="0" { table {
            thead { tr { th { (zoned(lang.say("last used", "zuletzt benutzt"))) } th { (lang.say("from", "von")) } th { (lang.say("browser", "Browser")) } th { (lang.say("by", "mit")) } th { span.hidden { (lang.say("action", "Aktion")) } } } }
            tbody { @for (mark, session) in &own.sessions { tr {
                td.nowrap { (time(&klinke_model::Timestamp(session.used).to_string())) }
                td.mono { (session.from) }
                td.small { (session.browser) }
                td { (session.via) }
                td { form method="post" action="/account/sessions" { (form_token(visitor)) input type="hidden" name="mark" value=(mark); button.plain type="submit" { (lang.say("End", "Beenden")) } } }
            } } }
        } }
        form method="post" action="/account/sessions" { (form_token(visitor)) p { button.plain type="submit" { (lang.say("End all others", "Alle anderen beenden")) } } }
    } }
}

fn tokens(visitor: &Visitor, own: &Own) -> Markup {
    let lang = visitor.lang;
    html! { section.card {
        h2 { (lang.say("Tokens for programs", "Zugangsschlüssel für Programme")) }
        @if !own.tokens.is_empty() { div.table tabindex="0" { table {
            thead { tr { th { "id" } th { (lang.say("for", "wofür")) } th { (lang.say("may", "darf")) } th { (zoned(lang.say("until", "bis"))) } th { span.hidden { (lang.say("action", "Aktion")) } } } }
            tbody { @for token in &own.tokens { tr {
                td.mono { (token.id) }
                td { (token.title) }
                td { (token.rights.iter().map(|right| lang.say(right.words().0, right.words().1)).collect::<Vec<_>>().join(", ")) }
                td.nowrap { (time(&klinke_model::Timestamp(token.until).to_string())) }
                td { form method="post" action="/account/tokens" { (form_token(visitor)) input type="hidden" name="what" value="end"; input type="hidden" name="id" value=(token.id); button.plain type="submit" { (lang.say("Take away", "Wegnehmen")) } } }
            } } }
        } } }
        form method="post" action="/account/tokens" {
            (form_token(visitor))
            input type="hidden" name="what" value="make";
            p { label for="token-title" { (lang.say("What for", "Wofür")) } input #token-title name="title" required maxlength="80"; }
            fieldset { legend { (lang.say("It may", "Er darf")) }
                @for right in Right::ALL.into_iter().filter(|right| visitor.actor.may_somewhere(*right)) {
                    p { label { input type="checkbox" name="right" value=(right.name()); " " (lang.say(right.words().0, right.words().1)) } }
                }
            }
            p { label for="days" { (lang.say("Days", "Tage")) } input #days type="number" name="days" value="90" min="1" max=(crate::people::token::DAYS_MAX); }
            @if own.elsewhere.is_none() { (proof(lang, "password-token")) }
            @else { p.small.soft { (lang.say("This needs a log-in of the last ten minutes.", "Dazu müssen Sie sich in den letzten zehn Minuten angemeldet haben.")) } }
            p { button type="submit" { (lang.say("Make a token", "Zugangsschlüssel anlegen")) } }
        }
    } }
}

/// Emergency accesses that last, for administrators.
pub fn emergencies(lang: Lang, people: &People) -> Markup {
    let all = people.emergencies();
    html! { @for (account, until, reason) in &all {
        div.notice.stop role="status" {
            p { strong { (lang.say("Emergency access: ", "Notzugriff: ")) (account) } (lang.say(" until ", " bis ")) (moment(&until.to_string())) ": " (reason) }
        }
    } }
}
