//! Style, script and picture, compiled in. Their address holds a hash, so that a browser may keep them
//! for ever and still sees a new version at once.

use std::sync::LazyLock;

use axum::Router;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::Console;

/// One file: its name, kind and text.
struct Asset(&'static str, &'static str, &'static str);

const ASSETS: &[Asset] = &[
    Asset("style.css", "text/css; charset=utf-8", include_str!("../assets/style.css")),
    Asset("live.js", "text/javascript; charset=utf-8", include_str!("../assets/live.js")),
    Asset("passkey.js", "text/javascript; charset=utf-8", include_str!("../assets/passkey.js")),
    Asset("viewer.css", "text/css; charset=utf-8", include_str!("../assets/viewer.css")),
    Asset("viewer.js", "text/javascript; charset=utf-8", include_str!("../assets/viewer.js")),
    Asset("icon.svg", "image/svg+xml", include_str!("../assets/icon.svg")),
];

/// Changes whenever one of them does.
static HASH: LazyLock<String> = LazyLock::new(|| {
    // FNV-1a, 64 bit: it tells versions apart, and guards nothing.
    let bytes = ASSETS.iter().flat_map(|asset| asset.2.bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{hash:016x}")
});

/// The address of a file.
pub fn address(name: &str) -> String {
    format!("/assets/{}/{name}", *HASH)
}

pub fn routes() -> Router<Console> {
    Router::new().route("/assets/{hash}/{name}", get(asset))
}

async fn asset(Path((_, name)): Path<(String, String)>) -> Response {
    let Some(Asset(_, kind, text)) = ASSETS.iter().find(|asset| asset.0 == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let heads =
        [(header::CONTENT_TYPE, *kind), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
    (heads, *text).into_response()
}
