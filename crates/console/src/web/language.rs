//! Chooses the language, and remembers it.

use axum::extract::{Path, Query};
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::lang::Lang;

/// Where to go on.
#[derive(Deserialize)]
pub struct Way {
    #[serde(default)]
    to: String,
}

/// Sets the cookie and goes back to where the reader was.
pub async fn choose(Path(code): Path<String>, Query(way): Query<Way>) -> Response {
    let lang = Lang::of_code(&code).unwrap_or_default();
    let cookie = format!("lang={}; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly", lang.code());
    ([(header::SET_COOKIE, cookie)], Redirect::to(own(&way.to))).into_response()
}

/// A path within this console; anything else leads to the first page.
pub fn own(path: &str) -> &str {
    let elsewhere = path.starts_with("//") || path.starts_with("/\\");
    let clean = path.bytes().all(|byte| byte.is_ascii_graphic());
    if path.starts_with('/') && !elsewhere && clean { path } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::own;

    #[test]
    fn nobody_is_led_elsewhere() {
        assert_eq!(own("/messages?channel=a"), "/messages?channel=a");
        for odd in ["//evil.example", "/\\evil.example", "https://evil.example", "", "/a\r\nSet-Cookie: x"] {
            assert_eq!(own(odd), "/", "{odd:?}");
        }
    }
}
