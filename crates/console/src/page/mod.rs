//! The pages, one file each.

pub mod account;
mod acts;
mod alerts;
mod audit;
mod channel;
mod chart;
pub mod clock;
mod diagnosis;
mod difference;
mod elsewhere;
mod enter;
pub mod frame;
mod halt;
mod images;
mod message;
mod messages;
mod migrations;
mod panel;
mod parts;
mod passkey;
mod queues;
mod replay;
mod rhythm;
mod site;
mod systems;
mod today;
mod trace;
mod trials;
mod trouble;
mod users;

pub use parts::escaped;

use axum::Router;
use axum::response::Html;
use axum::routing::{get, post};

use crate::people::oidc;
use crate::web::{Console, Fault};

/// A page, or why there is none.
type Page = Result<Html<String>, Fault>;

/// The routes of all pages.
pub fn routes() -> Router<Console> {
    Router::new()
        .route("/", get(today::page))
        .route("/wall", get(today::wall))
        .route("/systems", get(systems::list))
        .route("/diagnosis", get(diagnosis::page))
        .route("/systems/{name}", get(systems::page))
        .route("/channels", get(channel::list))
        .route("/channels/{name}", get(channel::page))
        .route("/channels/{name}/versions", get(channel::versions))
        .route("/channels/{name}/replay", get(replay::page))
        .route("/channels/{name}/stop", get(halt::page).post(halt::act))
        .route("/channels/{name}/trial", get(trials::page).post(trials::act))
        .route("/trials", get(trials::list))
        .route("/messages", get(messages::page))
        .route("/messages/searches", post(messages::keep))
        .route("/messages/{id}", get(message::page))
        .route("/messages/{id}/download", get(message::download))
        .route("/messages/{id}/act", get(acts::message))
        .route("/messages/{id}/resend", post(acts::resend))
        .route("/messages/{id}/edit", post(acts::edit))
        .route("/trace", get(trace::page))
        .route("/queues", get(queues::page))
        .route("/dead", get(queues::dead))
        .route("/queues/act", get(acts::lane).post(acts::act_on_lane))
        .route("/dead/act", get(acts::group).post(acts::act_on_group))
        .route("/site/reload", post(acts::reload))
        .route("/site", get(site::page))
        .route("/site/file", get(site::file).post(site::propose))
        .merge(images::routes())
        .merge(migrations::routes())
        .route("/account", get(account::page))
        .route("/account/password", post(account::change_password))
        .route("/account/factor", post(account::change_factor))
        .route("/account/passkeys", post(passkey::change))
        .route("/account/passkeys/options", post(passkey::ask_new))
        .route("/account/sessions", post(account::end_sessions))
        .route("/account/tokens", post(account::change_tokens))
        .route("/account/emergency", post(account::take_emergency))
        .route("/account/purpose", post(account::say_purpose))
        .route("/users", get(users::page).post(users::change))
        .route("/alerts", get(alerts::page).post(alerts::change))
        .route("/audit", get(audit::page))
        .route("/audit/patient", get(audit::patient))
        .route("/audit/verify", get(audit::verify))
        .route("/audit/export", get(audit::export))
        .route("/logout", post(enter::log_out))
}

/// The routes for those whom we do not know yet.
pub fn open_routes() -> Router<Console> {
    Router::new()
        .route("/login", get(enter::log_in).post(enter::try_log_in))
        .route("/login/passkey", post(passkey::enter))
        .route("/login/passkey/options", post(passkey::ask))
        .route("/login/oidc", get(elsewhere::begin))
        .route(oidc::BACK, get(elsewhere::back))
        .route("/login/oidc/out", get(elsewhere::out))
        .route("/view", get(images::link::follow))
        .route("/a/{token}", get(alerts::link).post(alerts::acknowledge))
        .route("/welcome", get(enter::welcome).post(enter::try_welcome))
}
