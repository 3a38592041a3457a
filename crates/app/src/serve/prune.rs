//! Removes old envelopes as the site's retention says, in small bites all day long.

use std::sync::Arc;
use std::time::Duration;

use klinke_engine::source::Stop;

use crate::control::answer::Counter;
use klinke_console::house::request::Request;

/// How often it is looked for what may go.
const EVERY: Duration = Duration::from_secs(600);

/// Prunes until `stop` is said.
pub async fn run(counter: Arc<Counter>, mut stop: Stop) {
    let mut beat = tokio::time::interval_at(tokio::time::Instant::now() + EVERY, EVERY);
    loop {
        tokio::select! {
            () = stop.said() => return,
            _ = beat.tick() => {}
        }
        let (counter, runtime) = (counter.clone(), tokio::runtime::Handle::current());
        let pruned =
            tokio::task::spawn_blocking(move || counter.answer(Request::Prune, &runtime, &mut |_, _| {}));
        match pruned.await {
            Ok(Ok(report)) if report["envelopes"] != 0 => {
                tracing::info!(envelopes = %report["envelopes"], bytes = %report["bytes"], "pruned");
            }
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::error!(%error, "pruning failed"),
            Err(error) => tracing::error!(%error, "pruning broke off"),
        }
    }
}
