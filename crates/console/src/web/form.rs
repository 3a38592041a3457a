//! Forms: read only after it is known who sends them, only so much, and only with the token that our own
//! page put into them.
//!
//! A form is a list of names and values; a page asks for those that it knows, each by its name. So nothing
//! that somebody adds to a form can become a part of an account (mass assignment).

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::http::header;
use maud::{Markup, html};

use super::gate::Known;
use super::visitor::cookie;
use super::{Console, Fault, Visitor};
use crate::people::secret::is_same;
use crate::people::session::form_token;

/// The longest form.
const FORM_BYTES_MAX: usize = 16 << 10;
/// The longest form with a text of somebody's own: a message that was changed, with every byte escaped.
const LONG_BYTES_MAX: usize = 512 << 10;
/// The most fields.
const FIELDS_MAX: usize = 200;
/// How long its bytes may take to come.
const LIMIT: Duration = Duration::from_secs(10);
/// The name of the field with the token.
const TOKEN: &str = "form";

/// The fields of a form that one of our pages sent.
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// The first value of a name; empty when there is none.
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// The same, owned.
    pub fn owned(&self, name: &str) -> String {
        self.get(name).to_owned()
    }

    /// True when there is a field of this name, be it empty.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }

    /// All values of a name.
    pub fn all(&self, name: &str) -> Vec<String> {
        self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.clone()).collect()
    }
}

impl FromRequest<Console> for Fields {
    type Rejection = Fault;

    async fn from_request(request: Request, console: &Console) -> Result<Fields, Fault> {
        of(request, console, FORM_BYTES_MAX).await
    }
}

/// The same with a text of somebody's own, which may be long.
pub struct LongFields(pub Fields);

impl FromRequest<Console> for LongFields {
    type Rejection = Fault;

    async fn from_request(request: Request, console: &Console) -> Result<LongFields, Fault> {
        Ok(LongFields(of(request, console, LONG_BYTES_MAX).await?))
    }
}

async fn of(request: Request, console: &Console, bytes_max: usize) -> Result<Fields, Fault> {
    let expected = match request.extensions().get::<Known>() {
        Some(known) => Some(known.form.clone()).filter(|token| !token.is_empty()),
        None => cookie(request.headers(), &console.cookie_name("form")).map(form_token),
    };
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let is_form = kind.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    let Some(expected) = expected.filter(|_| is_form) else { return Err(forged()) };
    let pairs = read(request.into_body(), bytes_max).await?;
    let given = pairs.iter().find(|(name, _)| name == TOKEN).map_or("", |(_, value)| value);
    if is_same(given, &expected) { Ok(Fields(pairs)) } else { Err(forged()) }
}

async fn read(body: Body, bytes_max: usize) -> Result<Vec<(String, String)>, Fault> {
    let bytes = tokio::time::timeout(LIMIT, to_bytes(body, bytes_max)).await;
    let bytes = bytes.map_err(|_| Fault::wrong("the form did not come in time"))?;
    let bytes = bytes.map_err(|_| Fault::wrong("the form is too long"))?;
    let pairs = form_urlencoded::parse(&bytes).take(FIELDS_MAX);
    Ok(pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
}

fn forged() -> Fault {
    Fault::forbidden(
        "This form was not made by this page, or the page is too old. Open it again. · \
         Dieses Formular stammt nicht von dieser Seite, oder die Seite ist zu alt. Öffnen Sie sie neu.",
    )
}

/// The token of a visitor's forms, as a field.
pub fn token(visitor: &Visitor) -> Markup {
    html! { input type="hidden" name=(TOKEN) value=(visitor.form); }
}
