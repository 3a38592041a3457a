//! A sign of life to outside (dead man's switch): whoever gets it calls when it stays away.

use std::sync::Arc;
use std::time::Duration;

use hyper::Method;
use klinke_diagnosis::alert::Rank;
use klinke_engine::source::Stop;
use klinke_model::Timestamp;

use super::Bureau;
use super::bureau::State;
use super::send::LIMIT;
use super::way::web;

/// How often it is looked whether the site has one, while it has none.
const IDLE: Duration = Duration::from_secs(30);

/// Beats until `stop` is said.
pub async fn run(bureau: Arc<Bureau>, mut stop: Stop) {
    loop {
        let (heart, body) = {
            let state = bureau.lock();
            (state.file.heartbeat.clone(), body(&state, Timestamp::now()))
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

/// What is said. That alerts are no longer looked at is the worst of all.
fn body(state: &State, now: Timestamp) -> String {
    if now > state.fresh_until {
        return "not ok: alerts are not looked at\n".to_owned();
    }
    match state.desk.open().iter().filter(|one| one.rank == Rank::Urgent).count() {
        0 => "ok\n".to_owned(),
        count => format!("not ok: {count} urgent alerts are open\n"),
    }
}

#[cfg(test)]
mod tests {
    use klinke_store::memory::MemoryStore;

    use super::*;

    #[test]
    fn it_says_ok_only_while_alerts_are_looked_at() {
        let bureau = Bureau::open(Arc::new(MemoryStore::default()), None).expect("a bureau");
        let mut state = bureau.lock();
        state.fresh_until = Timestamp(100);
        assert_eq!(body(&state, Timestamp(100)), "ok\n");
        assert!(body(&state, Timestamp(101)).starts_with("not ok"));
    }

    #[test]
    fn what_verify_found_lasts_over_a_restart_until_it_finds_nothing() {
        let store = Arc::new(MemoryStore::default());
        let open = || Bureau::open(store.clone(), None).expect("a bureau");
        open().verified(3);
        assert_eq!(open().lock().damage.as_deref(), Some("3"));
        open().verified(0);
        assert_eq!(open().lock().damage, None);
    }
}
