//! Heads of every answer: what a browser may do with it.

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

/// Scripts and styles are our own files, never text within a page; nothing is loaded from elsewhere,
/// nothing may frame us, forms go to us alone.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     font-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

const HEADS: &[(&str, &str)] = &[
    ("content-security-policy", POLICY),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
];

/// Sets them. What holds patients is kept by no cache.
pub async fn secure(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let heads = response.headers_mut();
    for (name, value) in HEADS {
        heads.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if !heads.contains_key(header::CACHE_CONTROL) {
        heads.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}
