//! Accounts, for those who administer.

use std::collections::BTreeSet;

use axum::extract::State as Shared;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde_json::Value;

use super::parts::{State, moment, state, time, zoned};
use super::{Page, account, frame};
use crate::house::request::Request;
use crate::lang::Lang;
use crate::people::account::AccountView;
use crate::people::care::{Ask, TokenView};
use crate::people::elsewhere::Elsewhere;
use crate::people::{People, Roles};
use crate::web::{Console, Fault, Fields, Visitor, form_token};

/// The page.
pub async fn page(Shared(console): Shared<Console>, visitor: Visitor) -> Page {
    let accounts: Vec<AccountView> = console.ask(&visitor, Request::People(Ask::List)).await?;
    let tokens: Vec<TokenView> = console.ask(&visitor, Request::People(Ask::Tokens)).await?;
    let lang = visitor.lang;
    let people = console.people().ok_or_else(|| Fault::absent("there are no accounts here"))?;
    let (roles, title) = (people.roles(), lang.say("Users", "Benutzer"));
    let body = html! {
        h1 { (title) }
        (account::emergencies(lang, people))
        @for one in &accounts { (card(&visitor, one, &roles)) }
        section.card { h2 { (lang.say("New account", "Neues Konto")) } (add_form(&visitor, &roles, people)) }
        section.card { h2 { (lang.say("Roles", "Rollen")) } (roles_table(lang, &roles)) }
        @if !tokens.is_empty() { section.card { h2 { (lang.say("Tokens", "Zugangsschlüssel")) } (tokens_table(&visitor, &tokens)) } }
    };
    Ok(frame::page(&visitor, title, &body))
}

/// Changes what the form says.
pub async fn change(
    Shared(console): Shared<Console>,
    visitor: Visitor,
    fields: Fields,
) -> Result<Response, Fault> {
    let name = fields.owned("name");
    let roles: BTreeSet<String> = fields.all("role").into_iter().collect();
    let ask = match fields.get("what") {
        "add" => {
            let from = Elsewhere::named(fields.get("from"));
            Ask::Add { name, title: fields.owned("title"), roles, from }
        }
        "role" => Ask::Role { name, roles },
        "reset" => Ask::Reset { name },
        "lock" => Ask::Lock { name, locked: true },
        "unlock" => Ask::Lock { name, locked: false },
        // A second tick, so that nobody is removed by a slip.
        "remove" if fields.get("sure") == "yes" => Ask::Remove { name },
        "end-token" => Ask::EndToken { id: fields.owned("id") },
        _ => {
            return Err(Fault::wrong(
                visitor.lang.say("tick that you are sure", "kreuzen Sie an, dass Sie sicher sind"),
            ));
        }
    };
    let done: Value = console.ask(&visitor, Request::People(ask)).await?;
    let Some(code) = done["code"].as_str() else { return Ok(Redirect::to("/users").into_response()) };
    let (lang, name) = (visitor.lang, done["name"].as_str().unwrap_or_default());
    let title = lang.say("One-time code", "Einmalcode");
    let body = html! {
        h1 { (title) }
        p { (lang.say(
            format!("Give {name} this code. With it they choose their password under /welcome, within three days. It is shown now and never again."),
            format!("Geben Sie {name} diesen Code. Damit wird unter /welcome binnen drei Tagen das Passwort gewählt. Er wird jetzt gezeigt und nie wieder."),
        )) }
        pre tabindex="0" { (code) }
        p { a.button href="/users" { (lang.say("I have it", "Ich habe ihn")) } }
    };
    Ok(frame::page(&visitor, title, &body).into_response())
}

fn card(visitor: &Visitor, one: &AccountView, roles: &Roles) -> Markup {
    let lang = visitor.lang;
    html! { section.card {
        h2 { (one.name) @if !one.title.is_empty() { " " span.soft { (one.title) } } " "
            @if one.locked { (state(State::Stop, lang.say("locked", "gesperrt"))) }
            @else if one.invited { (state(State::Warn, lang.say("invited", "eingeladen"))) }
            @else { (state(State::Good, lang.say("may log in", "darf sich anmelden"))) }
        }
        p.small.soft {
            (lang.say("proves by ", "weist sich aus mit ")) (if one.factors.is_empty() { "–".to_owned() } else { one.factors.join(", ") })
            @if let Some(seen) = &one.seen { " · " (lang.say("last seen ", "zuletzt da ")) (moment(seen)) }
        }
        form method="post" action="/users" {
            (form_token(visitor))
            input type="hidden" name="name" value=(one.name);
            fieldset { legend { (lang.say("Roles", "Rollen")) } (role_ticks(roles, &one.roles)) }
            div.acts {
                button type="submit" name="what" value="role" { (lang.say("Keep these roles", "Diese Rollen geben")) }
                button.plain type="submit" name="what" value="reset" { (lang.say("Reset", "Zurücksetzen")) }
                @if one.locked { button.plain type="submit" name="what" value="unlock" { (lang.say("Unlock", "Entsperren")) } }
                @else { button.plain type="submit" name="what" value="lock" { (lang.say("Lock", "Sperren")) } }
                label { input type="checkbox" name="sure" value="yes"; " " (lang.say("I am sure", "Ich bin sicher")) }
                button.stop type="submit" name="what" value="remove" { (lang.say("Remove", "Entfernen")) }
            }
        }
    } }
}

fn role_ticks(roles: &Roles, given: &BTreeSet<String>) -> Markup {
    html! { @for (name, role) in roles.all() {
        label { input type="checkbox" name="role" value=(name) checked[given.contains(name)]; " " (role.title.as_deref().unwrap_or(name)) } " "
    } }
}

fn add_form(visitor: &Visitor, roles: &Roles, people: &People) -> Markup {
    let lang = visitor.lang;
    let provider = people.provider().map(|one| (Elsewhere::Oidc, one.title().to_owned()));
    let directory = people.directory().map(|one| (Elsewhere::Ldap, one.title().to_owned()));
    let houses: Vec<_> = provider.into_iter().chain(directory).collect();
    html! { form method="post" action="/users" {
        (form_token(visitor))
        input type="hidden" name="what" value="add";
        p { label for="new-name" { (lang.say("Name for the log-in", "Name für die Anmeldung")) } input #new-name name="name" required maxlength="64" autocomplete="off" autocapitalize="none"; }
        p { label for="new-title" { (lang.say("What people call them", "Wie der Mensch heißt")) } input #new-title name="title" maxlength="80" autocomplete="off"; }
        @if !houses.is_empty() {
            p { label for="new-from" { (lang.say("Proves who they are", "Weist sich aus")) }
                select #new-from name="from" {
                    option value="" { (lang.say("here, with a password", "hier, mit einem Passwort")) }
                    @for (from, title) in &houses { option value=(from.name()) { (lang.say("with ", "mit ")) (title) } }
                }
            }
        }
        fieldset { legend { (lang.say("Roles", "Rollen")) } (role_ticks(roles, &BTreeSet::new())) }
        p { button type="submit" { (lang.say("Make it", "Anlegen")) } }
    } }
}

fn roles_table(lang: Lang, roles: &Roles) -> Markup {
    let places = |names: &BTreeSet<String>| names.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
    let yes = |given: bool| if given { lang.say("yes", "ja") } else { "" };
    html! {
        p.small.soft { (lang.say("Roles stand in the site's files, under [roles] in klinke.toml.", "Rollen stehen in den Dateien des Standorts, unter [roles] in klinke.toml.")) }
        div.table tabindex="0" { table {
            thead { tr { th { (lang.say("role", "Rolle")) } th { (lang.say("sees", "sieht")) } th { (lang.say("opens", "öffnet")) } th { (lang.say("acts", "greift ein")) } th { (lang.say("audit", "Protokoll")) } th { (lang.say("administers", "verwaltet")) } th { (lang.say("emergency", "Notzugriff")) } } }
            tbody { @for (name, role) in roles.all() { tr {
                td { (role.title.as_deref().unwrap_or(name)) }
                td.mono { (places(&role.state)) } td.mono { (places(&role.payload)) } td.mono { (places(&role.act)) }
                td { (yes(role.audit || role.administer)) } td { (yes(role.administer)) } td { (yes(role.emergency)) }
            } } }
        } }
    }
}

fn tokens_table(visitor: &Visitor, tokens: &[TokenView]) -> Markup {
    let lang = visitor.lang;
    html! { div.table tabindex="0" { table {
        thead { tr { th { "id" } th { (lang.say("account", "Konto")) } th { (lang.say("for", "wofür")) } th { (lang.say("may", "darf")) } th { (zoned(lang.say("until", "bis"))) } th { span.hidden { (lang.say("action", "Aktion")) } } } }
        tbody { @for one in tokens { tr {
            td.mono { (one.id) } td { (one.account) } td { (one.title) }
            td { (one.rights.iter().map(|right| lang.say(right.words().0, right.words().1)).collect::<Vec<_>>().join(", ")) }
            td.nowrap { (time(&one.until)) }
            td { form method="post" action="/users" { (form_token(visitor)) input type="hidden" name="id" value=(one.id); button.plain type="submit" name="what" value="end-token" { (lang.say("Take away", "Wegnehmen")) } } }
        } } }
    } } }
}
