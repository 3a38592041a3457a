//! What is around every page: head, navigation, language.

use axum::response::Html;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::lang::Lang;
use crate::people::Right;
use crate::web::{Visitor, asset, form_token};

/// Where images are; only where there is an archive.
const ARCHIVE: &str = "/archive";

/// Where old archives are that are taken over; only where there is one.
const MIGRATIONS: &str = "/migrations";

/// The navigation: path, English, German.
const NAVIGATION: &[(&str, &str, &str)] = &[
    ("/", "Today", "Heute"),
    ("/systems", "Systems", "Systeme"),
    ("/channels", "Channels", "Kanäle"),
    ("/messages", "Messages", "Nachrichten"),
    (ARCHIVE, "Images", "Bilder"),
    (MIGRATIONS, "Migrations", "Übernahmen"),
    ("/queues", "Queues", "Warteschlangen"),
    ("/alerts", "Alerts", "Alarme"),
    ("/trials", "Trials", "Probeläufe"),
    ("/site", "Site", "Standort"),
];

/// What is only for some: path, English, German, right.
const RIGHTFUL: &[(&str, &str, &str, Right)] =
    &[("/audit", "Audit", "Protokoll", Right::Audit), ("/users", "Users", "Benutzer", Right::Administer)];

/// A page within the navigation.
pub fn page(visitor: &Visitor, title: &str, body: &Markup) -> Html<String> {
    whole(visitor.lang, title, &visitor.site, "", &html! { (head(visitor)) main #main { (body) } })
}

/// The same with the viewer's own style and script, as high as the screen.
pub fn looking(visitor: &Visitor, title: &str, body: &Markup) -> Html<String> {
    let more = html! {
        link rel="stylesheet" href=(asset("viewer.css"));
        script src=(asset("viewer.js")) defer {}
    };
    let body = html! { (head(visitor)) main #main { (body) } };
    with(&more, visitor.lang, title, &visitor.site, "looking", &body)
}

/// Way past the navigation, navigation, language, and who is there. Whoever came by a link has nowhere else to go.
fn head(visitor: &Visitor) -> Markup {
    let is_linked = visitor.link.is_some();
    html! {
        a.skip href="#main" { (visitor.lang.say("To the content", "Zum Inhalt")) }
        header.bar { div.inside {
            @if is_linked { span.brand { img src=(asset("icon.svg")) alt=""; (visitor.site) } }
            @else { a.brand href="/" { img src=(asset("icon.svg")) alt=""; (visitor.site) } }
            @if !is_linked { nav aria-label=(visitor.lang.say("Pages", "Seiten")) { ul {
                @for (path, en, de) in NAVIGATION.iter().filter(|(path, ..)| is_there(visitor, path)) {
                    li { a href=(path) aria-current=[current(path, &visitor.path)] { (visitor.lang.say(en, de)) } }
                }
                @for (path, en, de, right) in RIGHTFUL {
                    @if visitor.session.is_some() && visitor.actor.may_somewhere(*right) {
                        li { a href=(path) aria-current=[current(path, &visitor.path)] { (visitor.lang.say(en, de)) } }
                    }
                }
            } } }
            div.side { (languages(visitor)) (person(visitor)) }
        } }
        (lost(visitor.lang))
    }
}

/// Whether the site has what a page shows.
fn is_there(visitor: &Visitor, path: &str) -> bool {
    match path {
        ARCHIVE => visitor.has_archive,
        MIGRATIONS => visitor.has_migrations,
        _ => true,
    }
}

/// A page for a screen on the wall: no navigation, large.
pub fn wall(visitor: &Visitor, title: &str, body: &Markup) -> Html<String> {
    let body = html! { (lost(visitor.lang)) main #main { (body) } };
    whole(visitor.lang, title, &visitor.site, "wall", &body)
}

/// A page without navigation, for those whom we do not know.
pub fn bare(lang: Lang, title: &str, body: &Markup) -> Html<String> {
    let body = html! { main #main { div.card.narrow { h1 { (title) } (body) } } };
    whole(lang, title, "Klinke", "", &body)
}

fn whole(lang: Lang, title: &str, site: &str, class: &str, body: &Markup) -> Html<String> {
    with(&html! {}, lang, title, site, class, body)
}

fn with(more: &Markup, lang: Lang, title: &str, site: &str, class: &str, body: &Markup) -> Html<String> {
    let markup = html! {
        (DOCTYPE)
        html lang=(lang.code()) class=(class) {
            head {
                meta charset="utf-8";
                title { (title) " · " (site) }
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                link rel="icon" href=(asset("icon.svg")) type="image/svg+xml";
                link rel="stylesheet" href=(asset("style.css"));
                script src=(asset("live.js")) defer {}
                (more)
            }
            body { (body) }
        }
    };
    Html(markup.into_string())
}

/// Shown by the script while the stream of news is broken off.
fn lost(lang: Lang) -> Markup {
    let text = lang.say(
        "The connection to Klinke is broken off: what you see may be old.",
        "Die Verbindung zu Klinke ist abgebrochen: was Sie sehen, kann veraltet sein.",
    );
    html! { div.notice.stop #line role="alert" hidden { (text) } }
}

fn languages(visitor: &Visitor) -> Markup {
    let (other, name) = visitor.lang.say(("de", "Deutsch"), ("en", "English"));
    html! { a href={ "/language/" (other) "?to=" (visitor.address) } lang=(other) hreflang=(other) { (name) } }
}

/// Who is logged in, and the way out.
fn person(visitor: &Visitor) -> Markup {
    html! { @if visitor.session.is_some() {
        a href="/account" { (visitor.actor.title) @if visitor.actor.emergency.is_some() { " ⚠" } }
        form method="post" action="/logout" { (form_token(visitor)) button.plain type="submit" { (visitor.lang.say("Log out", "Abmelden")) } }
    } }
}

fn current(path: &str, asked: &str) -> Option<&'static str> {
    let within = asked.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let is = if path == "/" { asked == "/" } else { within };
    is.then_some("page")
}

/// A title with what is above it.
pub fn crumbs(above: &[(&str, &str)]) -> Markup {
    html! { div.crumbs {
        @for (address, name) in above { a href=(address) { (name) } (PreEscaped(" › ")) }
    } }
}
