//! All migrations.

use axum::extract::State as Shared;
use maud::html;

use super::parts::{address, bar, does, left};
use crate::house::migrate::{Ask, Line};
use crate::house::request::Request;
use crate::page::parts::{nothing, number};
use crate::page::{Page, frame};
use crate::web::{Console, Visitor};

/// The page.
pub async fn page(Shared(console): Shared<Console>, visitor: Visitor) -> Page {
    let all: Vec<Line> = console.ask(&visitor, Request::Migrate(Ask::List)).await?;
    let (lang, title) = (visitor.lang, visitor.lang.say("Migrations", "Übernahmen"));
    let body = html! {
        h1 { (title) }
        p { (lang.say(
            "Old archives that are taken over study by study, while the hospital works.",
            "Alte Archive, die Studie für Studie übernommen werden, während das Haus arbeitet.",
        )) }
        div #migrations data-live {
            @if all.is_empty() { div.card { (nothing(lang.say("The site has none: migrations/<name>.toml says what is taken over.", "Der Standort hat keine: migrations/<Name>.toml sagt, was übernommen wird."))) } }
            @for line in &all { section.card {
                h2 { a href=(address(&line.name)) { (line.title) } }
                p { (does(lang, line.does)) " " span.soft { span.mono { (line.name) } " · " (line.way) } }
                (bar(lang, line))
                p.small.soft { (left(lang, &line.outlook)) @if line.given_up > 0 { " · " (number(line.given_up)) (lang.say(" given up", " aufgegeben")) } }
            } }
        }
    };
    Ok(frame::page(&visitor, title, &body))
}
