//! A sign of life to outside (dead man's switch): whoever gets it calls when it stays away.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::Method;
use klinke_diagnosis::alert::Rank;
use klinke_engine::source::Stop;

use super::Bureau;
use super::send::LIMIT;
use super::way::web;

/// How often it is looked whether the site has one, while it has none.
const IDLE: Duration = Duration::from_secs(30);

/// Alerts were looked at so recently, or something is wrong with us.
const LOOKS: Duration = Duration::from_secs(300);

/// Beats until `stop` is said.
pub async fn run(bureau: Arc<Bureau>, mut stop: Stop) {
    let begun = Instant::now();
    loop {
        let (heart, body) = {
            let state = bureau.lock();
            let urgent = state.desk.open().iter().filter(|one| one.rank == Rank::Urgent).count();
            let looks = state.looked.unwrap_or(begun).elapsed() < LOOKS;
            let body = match urgent {
                _ if !looks => "not ok: alerts are not looked at any more\n".to_owned(),
                0 => "ok\n".to_owned(),
                count => format!("not ok: {count} urgent alerts are open\n"),
            };
            (state.file.heartbeat.clone(), body)
        };
        let wait = match &heart {
            None => IDLE,
            Some(heart) => {
                let heads = [("content-type".to_owned(), "text/plain; charset=utf-8".to_owned())];
                let beat = web::request(Method::POST, &heart.url, &heads, body.into_bytes(), &heart.tls);
                let beat = tokio::time::timeout(LIMIT, beat).await;
                let well = matches!(beat, Ok(Ok(())));
                if let Ok(Err(why)) = &beat {
                    tracing::warn!(why, "the heartbeat could not be sent");
                }
                let mut state = bureau.lock();
                state.heart = if well { 0 } else { state.heart.saturating_add(1) };
                heart.every.map_or(Duration::from_secs(60), |every| every.0.max(Duration::from_secs(1)))
            }
        };
        tokio::select! {
            () = stop.said() => return,
            () = tokio::time::sleep(wait) => {}
        }
    }
}
