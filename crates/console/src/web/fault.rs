//! What can't be answered, as a page.

use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use maud::html;

use super::Visitor;
use crate::house::Refused;
use crate::page::frame;

/// Why a request has no answer.
#[derive(Clone, Debug)]
pub struct Fault {
    status: StatusCode,
    text: String,
}

impl Fault {
    /// What was asked for is not there.
    pub fn absent(text: impl Into<String>) -> Fault {
        Fault { status: StatusCode::NOT_FOUND, text: text.into() }
    }

    /// What was asked for can't be understood.
    pub fn wrong(text: impl Into<String>) -> Fault {
        Fault { status: StatusCode::BAD_REQUEST, text: text.into() }
    }

    /// Something of ours failed.
    pub fn broken(text: impl Into<String>) -> Fault {
        Fault { status: StatusCode::INTERNAL_SERVER_ERROR, text: text.into() }
    }

    /// Who asks may not.
    pub fn forbidden(text: impl Into<String>) -> Fault {
        Fault { status: StatusCode::FORBIDDEN, text: text.into() }
    }
}

impl From<Refused> for Fault {
    fn from(refused: Refused) -> Fault {
        let absent = refused.0.starts_with("there is no ");
        Fault { status: if absent { StatusCode::NOT_FOUND } else { StatusCode::CONFLICT }, text: refused.0 }
    }
}

impl IntoResponse for Fault {
    /// Without a body: [`dress`] puts the page around it, in the language of whoever asked.
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
    let body = html! { h1 { (title) } p.lead { (fault.text) } };
    (fault.status, frame::page(&visitor, title, &body)).into_response()
}

/// For paths that lead nowhere.
pub async fn not_found(visitor: Visitor) -> Fault {
    Fault::absent(visitor.lang.say("There is no such page.", "Diese Seite gibt es nicht."))
}
