//! Frames out, acknowledgments in.

use std::time::{Duration, Instant};

use klinke_adapters::mllp::{Destination, DestinationConfig, Source};
use klinke_engine::link::{Destination as _, Link, Parcel, Reply, ReplyKind};
use klinke_model::{DeliveryKey, DestinationId, Disposition, EnvelopeId, Timestamp};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use crate::support::*;

pub const LIMIT: Duration = Duration::from_secs(5);

pub fn parcel(payload: &str) -> Parcel {
    let key =
        DeliveryKey { destination: DestinationId(1), lane: "".into(), envelope: EnvelopeId(7), part: 0 };
    let payload = payload.as_bytes().into();
    Parcel { key, attempt: 1, repeat: false, queued: Timestamp(0), format: "hl7v2".into(), payload }
}

struct Partner {
    listener: TcpListener,
    link: Box<dyn Link>,
}

async fn partner(mut settings: Value) -> Partner {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    settings["address"] = json!(listener.local_addr().unwrap().to_string());
    let link = Destination::new(config(settings)).unwrap().link();
    Partner { listener, link }
}

impl Partner {
    async fn accept(&self) -> TcpStream {
        tokio::time::timeout(SOON, self.listener.accept()).await.unwrap().unwrap().0
    }

    /// Delivers C1 to a new connection, which receives these bytes in return.
    async fn says(&mut self, message: &str, answer: &str) -> (Reply, TcpStream) {
        let parcel = parcel(message);
        let Partner { listener, link } = self;
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            assert_eq!(frame(&mut stream).await, message);
            send(&mut stream, answer).await;
            stream
        };
        tokio::join!(link.deliver(&parcel, LIMIT), server)
    }
}

fn ack(code: &str, control_id: &str) -> String {
    framed(&format!("MSH|^~\\&|RIS|RAD|KIS|HAUS|20260301||ACK|R1|P|2.5\rMSA|{code}|{control_id}\r"))
}

/// The reply after this answer.
async fn reply(settings: Value, message: &str, answer: &str) -> Reply {
    partner(settings).await.says(message, answer).await.0
}

#[tokio::test]
async fn an_address_alone_is_enough() {
    let short: DestinationConfig = config(json!("127.0.0.1:6662"));
    assert_eq!(short.address.unwrap().to_string(), "127.0.0.1:6662");
    for wrong in [json!({ "adress": "1" }), json!(6662), json!("ris")] {
        assert!(serde_json::from_value::<DestinationConfig>(wrong).is_err());
    }
}

#[tokio::test]
async fn each_code_has_its_customary_meaning() {
    use Disposition::{Accept, Dead, Retry};
    for (code, kind, custom) in [
        ("AA", ReplyKind::Accepted, Accept),
        ("CA", ReplyKind::Accepted, Accept),
        ("AE", ReplyKind::Refused, Retry),
        ("AR", ReplyKind::Refused, Dead),
        ("CE", ReplyKind::Refused, Retry),
        ("CR", ReplyKind::Refused, Dead),
        ("XX", ReplyKind::Unclear, Retry),
    ] {
        let reply = reply(json!({}), &adt("C1", ""), &ack(code, "C1")).await;
        let expected = if code == "XX" { "unknown-code" } else { code };
        assert_eq!((reply.kind, &*reply.code, reply.custom), (kind, expected, custom));
        assert!(reply.answer.is_some());
    }
}

#[tokio::test]
async fn what_is_no_acknowledgment_of_this_message_closes_the_connection() {
    let payload = framed("MSH|^~\\&|RIS|RAD|KIS|HAUS|20260301||ORU^R01|R1|P|2.5\rPID|1\r");
    for (answer, code) in [
        (ack("AA", "C0"), "wrong-control-id"),
        (ack("AA", ""), "wrong-control-id"),
        (payload, "not-an-ack"),
        (framed("OK"), "not-an-ack"),
        (framed("MSH|^~\\&|RIS|RAD|KIS|HAUS|20260301||ACK|R1|P|2.5\r"), "no-msa"),
    ] {
        let mut partner = partner(json!({})).await;
        let (reply, mut stream) = partner.says(&adt("C1", ""), &answer).await;
        assert_eq!((reply.kind, &*reply.code), (ReplyKind::Unclear, code));
        expect_end(&mut stream).await;
        let (reply, _) = partner.says(&adt("C2", ""), &ack("AA", "C2")).await;
        assert_eq!(reply.kind, ReplyKind::Accepted, "a new connection serves the next");
    }
    let loose = reply(json!({ "check_control_id": false }), &adt("C1", ""), &ack("AA", "C0")).await;
    assert_eq!(loose.kind, ReplyKind::Accepted);
}

#[tokio::test]
async fn a_late_answer_is_never_taken_for_the_next_messages() {
    let mut partner = partner(json!({ "answer_timeout": "100ms" })).await;
    let (reply, mut stream) = partner.says(&adt("C1", ""), "").await;
    assert_eq!((reply.kind, &*reply.code), (ReplyKind::Unclear, "timeout"));
    expect_end(&mut stream).await;
    let (reply, _) = partner.says(&adt("C1", ""), &ack("AA", "C1")).await;
    assert_eq!(reply.kind, ReplyKind::Accepted);
}

#[tokio::test]
async fn the_engines_limit_holds_too() {
    let partner = partner(json!({})).await;
    let Partner { listener, mut link } = partner;
    let begin = Instant::now();
    let reply = link.deliver(&parcel(&adt("C1", "")), Duration::from_millis(100)).await;
    assert_eq!((reply.kind, &*reply.code), (ReplyKind::Unclear, "timeout"));
    assert!(begin.elapsed() < Duration::from_secs(2));
    drop(listener);
}

#[tokio::test]
async fn a_connection_is_kept_and_used_again() {
    let mut partner = partner(json!({})).await;
    let (_, mut stream) = partner.says(&adt("C1", ""), &ack("AA", "C1")).await;
    for id in ["C2", "C3"] {
        let (message, link) = (parcel(&adt(id, "")), &mut partner.link);
        let server = async {
            frame(&mut stream).await;
            send(&mut stream, &ack("AA", id)).await;
        };
        let (reply, ()) = tokio::join!(link.deliver(&message, LIMIT), server);
        assert_eq!(reply.kind, ReplyKind::Accepted);
    }
    partner.link.close().await;
    expect_end(&mut stream).await;
}

#[tokio::test]
async fn a_connection_per_message_where_the_partner_needs_it() {
    let mut partner = partner(json!({ "connection": "each" })).await;
    for id in ["C1", "C2"] {
        let (reply, mut stream) = partner.says(&adt(id, ""), &ack("AA", id)).await;
        assert_eq!(reply.kind, ReplyKind::Accepted);
        expect_end(&mut stream).await;
    }
}

#[tokio::test]
async fn a_connection_that_the_partner_closed_meanwhile_costs_no_attempt() {
    let mut partner = partner(json!({})).await;
    for id in ["C1", "C2", "C3"] {
        let (reply, mut stream) = partner.says(&adt(id, ""), &ack("AA", id)).await;
        assert_eq!(reply.kind, ReplyKind::Accepted, "{id}: {reply:?}");
        stream.shutdown().await.unwrap();
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

#[tokio::test]
async fn unasked_answers_are_read_before_the_next_message() {
    let mut partner = partner(json!({})).await;
    let (_, mut stream) = partner.says(&adt("C1", ""), &ack("AA", "C1")).await;
    send(&mut stream, &ack("AE", "C1")).await;
    tokio::time::sleep(Duration::from_millis(30)).await;
    let (message, link) = (parcel(&adt("C2", "")), &mut partner.link);
    let server = async {
        frame(&mut stream).await;
        send(&mut stream, &ack("AA", "C2")).await;
    };
    let (reply, ()) = tokio::join!(link.deliver(&message, LIMIT), server);
    assert_eq!(reply.code, "AA");
}

#[tokio::test]
async fn ends_of_connections_are_told_apart() {
    let mut partner = partner(json!({})).await;
    let message = parcel(&adt("C1", ""));
    for (says, code) in [("", "closed"), ("\x0bMSH|", "closed")] {
        let Partner { listener, link } = &mut partner;
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            frame(&mut stream).await;
            send(&mut stream, says).await;
        };
        let (reply, ()) = tokio::join!(link.deliver(&message, LIMIT), server);
        assert_eq!((reply.kind, &*reply.code), (ReplyKind::Unclear, code));
    }
    let Partner { listener, mut link } = partner;
    drop(listener);
    let reply = link.deliver(&message, LIMIT).await;
    assert_eq!((reply.kind, &*reply.code), (ReplyKind::Unreachable, "refused"));
}

#[tokio::test]
async fn enhanced_mode_waits_for_the_applications_answer_where_it_is_asked_for() {
    let both = format!("{}{}", ack("CA", "C1"), ack("AE", "C1"));
    let asks_both = adt("C1", "|||AL|AL");
    assert_eq!(reply(json!({}), &asks_both, &both).await.code, "AE");
    assert_eq!(reply(json!({ "ack": "accept" }), &asks_both, &both).await.code, "CA");
    assert_eq!(reply(json!({}), &adt("C1", "|||AL|NE"), &ack("CA", "C1")).await.code, "CA");
    let late = reply(json!({ "answer_timeout": "100ms" }), &asks_both, &ack("CA", "C1")).await;
    assert_eq!((late.kind, &*late.code), (ReplyKind::Accepted, "CA"), "it is committed: no second sending");
}

#[tokio::test]
async fn a_partner_that_never_answers_may_be_named_so() {
    let mut partner = partner(json!({ "ack": "none" })).await;
    let reply = partner.link.deliver(&parcel(&adt("C1", "")), LIMIT).await;
    assert_eq!((reply.kind, &*reply.code), (ReplyKind::Accepted, "sent"));
    assert_eq!(frame(&mut partner.accept().await).await, adt("C1", ""));
}

#[tokio::test]
async fn commit_frames_of_release_2() {
    let settings = || json!({ "commit_frames": true });
    let yes = format!("{}{}", framed("\x06"), ack("AA", "C1"));
    assert_eq!(reply(settings(), &adt("C1", ""), &yes).await.code, "AA");
    let no = reply(settings(), &adt("C1", ""), &framed("\x15")).await;
    assert_eq!((no.kind, &*no.code, no.custom), (ReplyKind::Refused, "NAK", Disposition::Retry));
    assert_eq!(reply(settings(), &adt("C1", ""), &ack("AA", "C1")).await.code, "not-an-ack");
}

#[tokio::test]
async fn the_partner_may_be_the_one_who_connects() {
    let settings = config(json!({ "listen": "127.0.0.1:0", "connect_timeout": "200ms" }));
    let destination = Destination::new(settings).unwrap();
    let mut link = destination.link();
    let address = destination.address().replace(" (listening)", "");
    let message = parcel(&adt("C1", ""));
    let reply = link.deliver(&message, LIMIT).await;
    assert_eq!((reply.kind, &*reply.code), (ReplyKind::Unreachable, "unreachable"));

    drop(TcpStream::connect(&address).await.unwrap());
    let mut stream = TcpStream::connect(&address).await.unwrap();
    let server = async {
        assert_eq!(frame(&mut stream).await, adt("C1", ""));
        send(&mut stream, &ack("AA", "C1")).await;
    };
    let (reply, ()) = tokio::join!(link.deliver(&message, LIMIT), server);
    assert_eq!(reply.kind, ReplyKind::Accepted);
}

#[tokio::test]
async fn a_port_that_is_still_taken_is_tried_again() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let settings = json!({ "listen": address, "connect_timeout": "100ms" });
    let mut link = Destination::new(config(settings)).unwrap().link();
    let message = parcel(&adt("C1", ""));
    let reply = link.deliver(&message, LIMIT).await;
    assert!(reply.kind == ReplyKind::Unreachable && reply.text.contains("cannot listen"), "{reply:?}");
    drop(taken);
    let reply = link.deliver(&message, LIMIT).await;
    assert!(reply.text.contains("no partner has connected"), "{reply:?}");
}

#[tokio::test]
async fn a_large_message_passes() {
    let mut partner = partner(json!({})).await;
    let message = format!("{}OBX|1|ED|{}\r", adt("C1", ""), "QUJD".repeat(300_000));
    let (reply, _) = partner.says(&message, &ack("AA", "C1")).await;
    assert_eq!(reply.kind, ReplyKind::Accepted);
}

/// A message in enhanced mode, and the application's acknowledgment of it as the partner sends it.
fn enhanced(accept: &str) -> (String, String) {
    let later = "MSH|^~\\&|RIS|RAD|KIS|HAUS|20260301||ACK|R9|P|2.5\rMSA|AA|C1\r";
    (adt("C1", &format!("|||{accept}|AL")), later.to_owned())
}

#[tokio::test]
async fn an_application_acknowledgment_may_come_to_another_channel() {
    let desk = Desk::open();
    let source = run(Source::new(config(json!({ "listen": "0" }))).unwrap(), &desk).await;
    let settings = json!({ "answers_at": "test", "answers_within": "5s" });
    for (accept, before) in [("AL", false), ("AL", true), ("NE", false)] {
        let (message, later) = enhanced(accept);
        let Partner { listener, mut link } = partner(settings.clone()).await;
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            assert_eq!(frame(&mut stream).await, message);
            let mut back = source.connect().await;
            if accept == "AL" && !before {
                send(&mut stream, &ack("CA", "C1")).await;
            }
            send(&mut back, &framed(&later.replace("C1", "C7"))).await;
            send(&mut back, &framed(&later)).await;
            if before {
                send(&mut stream, &ack("CA", "C1")).await;
            }
            // An acknowledgment is not acknowledged.
            expect_silence(&mut back, 50).await;
            stream
        };
        let parcel = parcel(&message);
        let (reply, _) = tokio::join!(link.deliver(&parcel, LIMIT), server);
        assert_eq!((reply.kind, reply.code.as_str()), (ReplyKind::Accepted, "AA"), "{accept} {before}");
        assert_eq!(&*reply.answer.unwrap(), later.as_bytes());
    }
    assert_eq!(desk.count(), 6, "all are kept as well");
    source.end().await;
}

#[tokio::test]
async fn without_an_application_acknowledgment_in_time_the_answer_table_decides() {
    let settings = json!({ "answers_at": "nowhere", "answers_within": "100ms" });
    let (message, _) = enhanced("AL");
    let (reply, _) = partner(settings.clone()).await.says(&message, &ack("CA", "C1")).await;
    assert_eq!((reply.kind, reply.code.as_str()), (ReplyKind::Accepted, "no-application-ack"));
    let (message, _) = enhanced("NE");
    let (reply, _) = partner(settings).await.says(&message, "").await;
    assert_eq!((reply.kind, reply.code.as_str()), (ReplyKind::Unclear, "no-application-ack"));
    assert_eq!(reply.custom, Disposition::Retry);
}

/// An acknowledgment with MSA-4.
fn expecting(code: &str, message: &str, number: i64) -> String {
    let id = field(message, "MSH", 10);
    framed(&format!("MSH|^~\\&|RIS|RAD|KIS|HAUS|20260301||ACK|R1|P|2.5\rMSA|{code}|{id}||{number}\r"))
}

async fn accepted(listener: &TcpListener) -> TcpStream {
    tokio::time::timeout(SOON, listener.accept()).await.expect("a connection").unwrap().0
}

#[tokio::test]
async fn messages_are_numbered_as_the_partner_expects() {
    let mut partner = partner(json!({ "sequence": true })).await;
    let one = parcel(&adt("C1", ""));
    let server = |stream: Option<TcpStream>, answers: Vec<(i64, &'static str, i64)>| {
        let listener = &partner.listener;
        async move {
            let mut stream = match stream {
                Some(stream) => stream,
                None => accepted(listener).await,
            };
            for (number, code, expects) in answers {
                let message = frame(&mut stream).await;
                assert_eq!(field(&message, "MSH", 13), number.to_string(), "{message}");
                assert_eq!(message.contains("PID"), number != 0, "who asks sends a header alone");
                send(&mut stream, &expecting(code, &message, expects)).await;
            }
            stream
        }
    };
    // A new connection: the partner is asked, then counted on.
    let (reply, stream) =
        tokio::join!(partner.link.deliver(&one, LIMIT), server(None, vec![(0, "AA", 41), (41, "AA", 42)]));
    assert_eq!(reply.code, "AA");
    // It counts otherwise all of a sudden: it is asked again.
    let (reply, stream) =
        tokio::join!(partner.link.deliver(&one, LIMIT), server(Some(stream), vec![(42, "AE", 7)]));
    assert_eq!((reply.code.as_str(), reply.custom), ("AE", Disposition::Retry));
    let (reply, stream) = tokio::join!(
        partner.link.deliver(&one, LIMIT),
        server(Some(stream), vec![(0, "AA", 7), (7, "AA", 8)])
    );
    assert_eq!(reply.code, "AA");
    drop(stream);
    tokio::time::sleep(Duration::from_millis(20)).await;
    // Its answer is lost; on the next connection the partner says that it has the message.
    let lost = async {
        let mut stream = accepted(&partner.listener).await;
        let message = frame(&mut stream).await;
        send(&mut stream, &expecting("AA", &message, -1)).await;
        assert_eq!(field(&frame(&mut stream).await, "MSH", 13), "8", "any number will do: it counts on");
    };
    let (reply, ()) = tokio::join!(partner.link.deliver(&one, LIMIT), lost);
    assert_eq!(reply.kind, ReplyKind::Unclear);
    let again = Parcel { attempt: 2, repeat: true, ..one.clone() };
    let (reply, stream) = tokio::join!(partner.link.deliver(&again, LIMIT), server(None, vec![(0, "AA", 9)]));
    assert_eq!(reply.kind, ReplyKind::Accepted);
    let (reply, _) =
        tokio::join!(partner.link.deliver(&one, LIMIT), server(Some(stream), vec![(9, "AA", 10)]));
    assert_eq!(reply.kind, ReplyKind::Accepted);
}
