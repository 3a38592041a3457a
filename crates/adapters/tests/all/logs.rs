//! Nothing of a payload comes into a log line, an error text or a counter.

use std::fmt::Write;
use std::sync::{Arc, Mutex};

use klinke_adapters::{file, http, mllp};
use klinke_engine::link::{Destination as _, ReplyKind};
use klinke_engine::source::{End, Refusal};
use serde_json::json;
use tokio::net::TcpListener;
use tracing::field::{Field, Visit};

use crate::mllp_destination::{LIMIT, parcel};
use crate::support::*;

/// Writes down every field of every event.
struct Lines(Arc<Mutex<String>>);

struct Line<'a>(&'a mut String);

impl Visit for Line<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        write!(self.0, "{field}={value:?} ").unwrap();
    }
}

impl tracing::Subscriber for Lines {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut lines = self.0.lock().unwrap();
        event.record(&mut Line(&mut lines));
        lines.push('\n');
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

const NAME: &str = "Mustermann";

#[tokio::test]
async fn no_patient_is_named() {
    let lines = Arc::new(Mutex::new(String::new()));
    let _guard = tracing::subscriber::set_default(Lines(Arc::clone(&lines)));
    let message = |rest: &str| format!("{}PID|1||4711||{NAME}^Erika\r", adt(NAME, rest));

    // A sender that breaks every rule, towards channels that take and that refuse.
    for decided in [Ok(End::Stored), Ok(End::Failed("step 1".into())), Err(Refusal::Down("disk".into()))] {
        let desk = Desk::deciding(move |_| decided.clone());
        let limits = json!({ "frame": "1kB", "in_frame": "50ms" });
        let source =
            mllp::Source::new(config(json!({ "listen": "0", "bare": true, "limits": limits }))).unwrap();
        let source = run(source, &desk).await;
        for bytes in [
            framed(&message("")),
            framed(&message("|||AL|AL")),
            format!("{NAME}{}", framed(NAME)),
            format!("\x0b{}", message("")),
            framed(&NAME.repeat(500)),
            format!("\x0bMSH|^~\\&|{NAME}{}", framed(&message(""))),
        ] {
            let mut stream = source.connect().await;
            send(&mut stream, &bytes).await;
            tokio::time::sleep(std::time::Duration::from_millis(80)).await;
        }
        source.end().await;
    }

    // A partner that answers with everything but an acknowledgment.
    let mut texts = String::new();
    for answer in [
        framed(NAME),
        framed(&message("")),
        framed(&format!(
            "MSH|^~\\&|||||2026||ACK|{NAME}|P|2.5\rMSA|AE|{NAME}|{NAME}\rERR||PID^1^5|{NAME}|E\r"
        )),
        framed(&format!("MSH|^~\\&|||||2026||ACK|{NAME}|P|2.5\rMSA|{NAME}|{NAME}\r")),
        String::new(),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let settings =
            json!({ "address": listener.local_addr().unwrap().to_string(), "answer_timeout": "60ms" });
        let mut link = mllp::Destination::new(config(settings)).unwrap().link();
        let parcel = parcel(&message(""));
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            frame(&mut stream).await;
            send(&mut stream, &answer).await;
            stream
        };
        let (reply, _stream) = tokio::join!(link.deliver(&parcel, LIMIT), server);
        assert_ne!(reply.kind, ReplyKind::Accepted);
        texts.push_str(&format!("{reply:?}\n"));
    }

    // A file that bears a name, a log-in that fails.
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(format!("{NAME}.hl7")), message("")).unwrap();
    let settings = json!({ "folder": folder.path(), "every": "5ms", "stable": "5ms", "size_max": "10B" });
    let source = run(file::Source::new(config(settings)).unwrap(), &Desk::open()).await;
    let settings = json!({ "listen": "0", "bearer": { "kis": "token" } });
    let web = run(http::Source::new(config(settings)).unwrap(), &Desk::open()).await;
    let to = json!({ "url": web.address, "bearer": NAME });
    let reply = http::Destination::new(config(to), "adt").unwrap().link().deliver(&parcel(NAME), LIMIT).await;
    texts.push_str(&format!("{reply:?}"));
    tokio::time::sleep(std::time::Duration::from_millis(80)).await;
    source.end().await;
    web.end().await;

    let lines = lines.lock().unwrap();
    assert!(lines.contains("breaks the rules"), "the log was heard: {lines}");
    assert!(!lines.contains(NAME), "{lines}");
    assert!(!texts.contains(NAME), "{texts}");
}
