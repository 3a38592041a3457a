//! Old archives that are taken over: how far each is and how long it will still take, what could not be taken and why, the report,
//! and what can be done.
//!
//! | page | what |
//! |---|---|
//! | `/migrations` | all of them |
//! | `/migrations/<name>` | one: studies by state and year, pace, hours, failures |
//! | `/migrations/<name>/act` | what would be done, before it is |
//! | `/migrations/<name>/report` | what a hospital signs; `/download` the same as a file |

mod act;
mod list;
mod one;
mod parts;
mod report;
mod years;

use axum::Router;
use axum::routing::get;

use crate::web::Console;

/// The routes.
pub fn routes() -> Router<Console> {
    Router::new()
        .route("/migrations", get(list::page))
        .route("/migrations/{name}", get(one::page))
        .route("/migrations/{name}/act", get(act::page).post(act::act))
        .route("/migrations/{name}/report", get(report::page))
        .route("/migrations/{name}/report/download", get(report::download))
}
