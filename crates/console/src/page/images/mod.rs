//! Images: the archive, a study, one instance, the viewer, and the bytes that they load.
//!
//! | address | what |
//! |---|---|
//! | `/archive` | how the archive stands, and the search |
//! | `/archive/studies/{study}` | a study with its series |
//! | `/archive/studies/{study}/instances/{instance}` | one instance without a script: picture, report, document |
//! | `/archive/studies/{study}/view` | the viewer |
//! | `…/list` | what the viewer must know of a study, as JSON |
//! | `…/thumbnails/`, `…/pictures/`, `…/frames/`, `…/documents/{instance}` | bytes |
//!
//! All but the first are seen by a signed link, too: its query goes along with every address.

mod bytes;
mod instance;
pub mod link;
mod parts;
mod search;
mod study;
mod view;

use axum::Router;
use axum::routing::get;

use crate::web::Console;

pub fn routes() -> Router<Console> {
    Router::new()
        .route("/archive", get(search::page))
        .route("/archive/studies/{study}", get(study::page))
        .route("/archive/studies/{study}/list", get(view::list))
        .route("/archive/studies/{study}/view", get(view::page))
        .route("/archive/studies/{study}/instances/{instance}", get(instance::page))
        .route("/archive/studies/{study}/thumbnails/{instance}", get(bytes::thumbnail))
        .route("/archive/studies/{study}/pictures/{instance}", get(bytes::picture))
        .route("/archive/studies/{study}/frames/{instance}", get(bytes::frame))
        .route("/archive/studies/{study}/documents/{instance}", get(bytes::document))
}
