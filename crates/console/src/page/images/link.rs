//! `/view`: where signed links lead first ([`crate::people::link`]).

use axum::extract::{RawQuery, State as Shared};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::html;

use crate::house::images::StudyLine;
use crate::page::frame;
use crate::page::parts::escaped;
use crate::people::link::{Given, Link, Maker, To};
use crate::web::{Console, Fault, Visitor, worthless};

/// Leads to the viewer of the study; for an accession number to its one study, or to a choice.
pub async fn follow(
    Shared(console): Shared<Console>,
    visitor: Visitor,
    RawQuery(query): RawQuery,
) -> Result<Response, Fault> {
    let lang = visitor.lang;
    let given = query.as_deref().and_then(|query| Given::read(query, None));
    let maker = given.as_ref().and_then(|given| Some((given, console.people()?.maker(given)?)));
    let Some((given, maker)) = maker else { return Ok(worthless(lang)) };
    let studies = match &given.link.to {
        To::Study(uid) => vec![StudyLine { uid: uid.clone(), ..StudyLine::default() }],
        To::Accession(number) => console.studies_of(number.clone()).await?.studies,
    };
    match studies.as_slice() {
        [one] => Ok(Redirect::to(&viewer(&given.link, &maker, &one.uid)).into_response()),
        [] => {
            let title = lang.say("No images yet", "Noch keine Bilder");
            let text = lang.say(
                "There is no study of this order in the archive. It may still be on its way.",
                "Zu diesem Auftrag liegt keine Studie im Archiv. Sie kann noch unterwegs sein.",
            );
            Ok((StatusCode::NOT_FOUND, frame::bare(lang, title, &html! { p { (text) } })).into_response())
        }
        several => {
            let title = lang.say("Several studies", "Mehrere Studien");
            let body = html! { ul { @for one in several { li {
                a href=(viewer(&given.link, &maker, &one.uid)) { (one.date) " " (one.time) " " (one.modalities.join(", ")) }
            } } } };
            Ok(frame::bare(lang, title, &body).into_response())
        }
    }
}

/// The address of the viewer of a study, with a link to it that is good as long as the first one.
fn viewer(link: &Link, maker: &Maker, study: &str) -> String {
    let tail = Link { to: To::Study(study.to_owned()), ..link.clone() }.tail(maker);
    format!("/archive/studies/{}/view?{tail}", escaped(study))
}
