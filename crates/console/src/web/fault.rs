//! What can't be answered, as a page.

use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use maud::html;

use super::Visitor;
use crate::house::Refused;
use crate::lang::Lang;
use crate::page::{account, frame};
use crate::people::account::Refusal;
use crate::people::guard::Denied;

/// Why a request has no answer.
#[derive(Clone, Debug)]
pub struct Fault {
    status: StatusCode,
    text: String,
    /// The same in German, where there is such a text.
    german: Option<String>,
    /// True when it would go with a purpose.
    asks_purpose: bool,
}

impl Fault {
    fn new(status: StatusCode, text: impl Into<String>) -> Fault {
        Fault { status, text: text.into(), german: None, asks_purpose: false }
    }

    /// Its status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The sentence in a language.
    pub fn said(&self, lang: Lang) -> &str {
        match (lang, &self.german) {
            (Lang::De, Some(german)) => german,
            _ => &self.text,
        }
    }

    /// What was asked for is not there.
    pub fn absent(text: impl Into<String>) -> Fault {
        Fault::new(StatusCode::NOT_FOUND, text)
    }

    /// What was asked for can't be understood.
    pub fn wrong(text: impl Into<String>) -> Fault {
        Fault::new(StatusCode::BAD_REQUEST, text)
    }

    /// It is understood, and can't be so.
    pub fn unfit(text: impl Into<String>) -> Fault {
        Fault::new(StatusCode::UNPROCESSABLE_ENTITY, text)
    }

    /// Something of ours failed.
    pub fn broken(text: impl Into<String>) -> Fault {
        Fault::new(StatusCode::INTERNAL_SERVER_ERROR, text)
    }

    /// Who asks may not.
    pub fn forbidden(text: impl Into<String>) -> Fault {
        Fault::new(StatusCode::FORBIDDEN, text)
    }
}

impl From<Refused> for Fault {
    fn from(refused: Refused) -> Fault {
        let text = refused.to_string();
        match refused {
            Refused::Denied(denied) => {
                let german = Some(denied.german());
                let asks_purpose = denied == Denied::Purpose;
                Fault { german, asks_purpose, ..Fault::forbidden(text) }
            }
            Refused::Failed(_) => {
                let absent = text.starts_with("there is no ");
                Fault::new(if absent { StatusCode::NOT_FOUND } else { StatusCode::CONFLICT }, text)
            }
        }
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Fault {
        let status = match &refusal {
            Refusal::Forbidden | Refusal::Stranger => StatusCode::FORBIDDEN,
            Refusal::Absent(_) | Refusal::Nothing => StatusCode::NOT_FOUND,
            Refusal::Wait(_) => StatusCode::TOO_MANY_REQUESTS,
            Refusal::Busy(_) | Refusal::Down(_) => StatusCode::SERVICE_UNAVAILABLE,
            Refusal::Random(_) | Refusal::Store(_) => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::CONFLICT,
        };
        Fault { german: Some(refusal.german()), ..Fault::new(status, refusal.to_string()) }
    }
}

impl IntoResponse for Fault {
    /// Without a body: `dress` puts the page around it, in the language of whoever asked.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Makes pages of faults.
pub async fn dress(visitor: Visitor, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let Some(fault) = response.extensions().get::<Fault>().cloned() else { return response };
    let title = match fault.status {
        StatusCode::NOT_FOUND => visitor.lang.say("Not found", "Nicht gefunden"),
        StatusCode::FORBIDDEN => visitor.lang.say("Not allowed", "Nicht erlaubt"),
        StatusCode::INTERNAL_SERVER_ERROR => visitor.lang.say("Something broke", "Etwas ist kaputt"),
        _ => visitor.lang.say("That did not work", "Das ging nicht"),
    };
    let body = html! {
        h1 { (title) }
        p.lead { (fault.said(visitor.lang)) }
        @if fault.asks_purpose { (account::purpose_form(&visitor)) }
    };
    (fault.status, frame::page(&visitor, title, &body)).into_response()
}

/// The same for those whom we do not know: a small page without anything of the site.
pub async fn bare(visitor: Visitor, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let Some(fault) = response.extensions().get::<Fault>().cloned() else { return response };
    let title = visitor.lang.say("That did not work", "Das ging nicht");
    (fault.status, frame::bare(visitor.lang, title, &html! { p { (fault.said(visitor.lang)) } }))
        .into_response()
}

/// For paths that lead nowhere.
pub async fn not_found(visitor: Visitor) -> Fault {
    Fault::absent(visitor.lang.say("There is no such page.", "Diese Seite gibt es nicht."))
}
