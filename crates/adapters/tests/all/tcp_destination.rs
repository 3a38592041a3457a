//! Raw TCP out.

use klinke_adapters::tcp::Destination;
use klinke_engine::link::{Destination as _, Link, Reply, ReplyKind};
use klinke_model::Disposition;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};

use crate::mllp_destination::{LIMIT, parcel};
use crate::support::*;

async fn partner(mut settings: Value) -> (TcpListener, Box<dyn Link>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    settings["address"] = json!(listener.local_addr().unwrap().to_string());
    let link = Destination::new(config(settings)).unwrap().link();
    (listener, link)
}

/// Delivers `text`, which comes as `wire` and is answered so.
async fn says(settings: Value, text: &str, wire: &str, answer: &str) -> (Reply, TcpStream) {
    let (listener, mut link) = partner(settings).await;
    let parcel = parcel(text);
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        expect(&mut stream, wire).await;
        send(&mut stream, answer).await;
        stream
    };
    let (reply, stream) = tokio::join!(link.deliver(&parcel, LIMIT), server);
    drop(link);
    (reply, stream)
}

#[tokio::test]
async fn sent_is_delivered_where_no_answer_is_named() {
    let framing = json!({ "framing": { "start": [2], "end": [3, 13] } });
    let (reply, mut stream) = says(framing, "one", "\x02one\x03\r", "").await;
    assert_eq!((reply.kind, &*reply.code), (ReplyKind::Accepted, "sent"));
    expect_end(&mut stream).await;
}

#[tokio::test]
async fn answers_mean_what_the_site_says() {
    for (answer, kind, code, custom) in [
        ("ACK 17\n", ReplyKind::Accepted, "accepted", Disposition::Accept),
        ("NAK\n", ReplyKind::Refused, "refusal", Disposition::Dead),
        ("what?\n", ReplyKind::Unclear, "unknown-answer", Disposition::Retry),
    ] {
        let settings = json!({ "framing": { "line": "lf" }, "accept": ["ACK"], "refuse": ["NAK"] });
        let (reply, _) = says(settings, "one", "one\n", answer).await;
        assert_eq!((reply.kind, &*reply.code, reply.custom), (kind, code, custom));
        assert_eq!(reply.answer.as_deref(), Some(answer.trim().as_bytes()));
    }
}

#[tokio::test]
async fn a_payload_that_would_break_its_frame_is_not_sent() {
    let (listener, mut link) = partner(json!({ "framing": { "line": "lf" } })).await;
    let reply = link.deliver(&parcel("two\nlines"), LIMIT).await;
    assert_eq!(
        (reply.kind, &*reply.code, reply.custom),
        (ReplyKind::Refused, "unframable", Disposition::Dead)
    );
    let mllp = json!({ "address": listener.local_addr().unwrap().to_string() });
    let mut link = klinke_adapters::mllp::Destination::new(config(mllp)).unwrap().link();
    let reply = link.deliver(&parcel("MSH|^~\\&|A\x1c\rMSH|^~\\&|B"), LIMIT).await;
    assert_eq!((reply.kind, &*reply.code), (ReplyKind::Refused, "unframable"));
}

#[tokio::test]
async fn silence_ends_an_answer_where_the_site_says_so() {
    let settings = json!({ "framing": { "gap": "50ms" }, "accept": ["OK"] });
    let (reply, _) = says(settings, "one", "one", "OK then").await;
    assert_eq!(reply.answer.as_deref(), Some(&b"OK then"[..]));
}
