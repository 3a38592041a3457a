//! Which pages of other origins a browser may let read us (the Fetch standard, section 3.3).

use hyper::header::{self, HeaderMap};
use hyper::{Method, StatusCode};

use super::answer::{self, Answer, with};
use super::web::METHODS;

/// Whether a request asks before the real one.
pub(super) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS
        && headers.contains_key(header::ORIGIN)
        && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// The origin of a request, if it is on the list; a star where all are.
pub(super) fn origin<'a>(list: &[String], headers: &'a HeaderMap) -> Option<&'a str> {
    let origin = headers.get(header::ORIGIN)?.to_str().ok()?;
    let same = |one: &String| one.trim_end_matches('/').eq_ignore_ascii_case(origin);
    if list.iter().any(same) {
        return Some(origin);
    }
    list.iter().any(|one| one == "*").then_some("*")
}

/// Whether a page may open a WebSocket with what its browser remembers: nothing asks before it, and every page's browser may try
/// (RFC 6455, section 10.2). Pages of our own origin may, and those on the list by their name; a star lets in only those who show
/// who they are by themselves. Who sends no origin is no page.
pub(super) fn may_upgrade(list: &[String], headers: &HeaderMap, base: &str) -> bool {
    let Some(asked) = headers.get(header::ORIGIN) else { return true };
    let own = base.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
    let is_own = asked.to_str().is_ok_and(|asked| asked.eq_ignore_ascii_case(&own));
    is_own
        || match origin(list, headers) {
            Some("*") => headers.contains_key(header::AUTHORIZATION),
            other => other.is_some(),
        }
}

/// The answer to a question before the real request.
pub(super) fn preflight(origin: Option<&str>) -> Answer {
    let answer = answer::empty(StatusCode::NO_CONTENT);
    if origin.is_none() {
        return with(answer, header::VARY, "Origin");
    }
    let answer = with(answer, header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    let headers = "Authorization, Accept, Content-Type, If-None-Match, Range, X-Requested-With";
    let answer = with(answer, header::ACCESS_CONTROL_ALLOW_HEADERS, headers);
    allowed(with(answer, header::ACCESS_CONTROL_MAX_AGE, "600"), origin)
}

/// An answer that pages of this origin may read.
pub(super) fn allowed(answer: Answer, origin: Option<&str>) -> Answer {
    let answer = with(answer, header::VARY, "Origin");
    let Some(origin) = origin else { return answer };
    let answer = with(answer, header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    // Whoever lets in everybody lets nobody in with what a browser remembers.
    let answer = match origin {
        "*" => answer,
        _ => with(answer, header::ACCESS_CONTROL_ALLOW_CREDENTIALS, "true"),
    };
    let exposed = "Content-Location, Content-Range, ETag, Location, Warning";
    with(answer, header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed)
}
