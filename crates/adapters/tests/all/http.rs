//! Bodies in and out.

use std::sync::Arc;
use std::time::Duration;

use klinke_adapters::http::{Destination, Source};
use klinke_engine::link::{Destination as _, Link, ReplyKind};
use klinke_engine::source::{End, Refusal};
use klinke_model::{Disposition, Payload};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::mllp_destination::{LIMIT, parcel};
use crate::support::*;

async fn http(desk: &Arc<Desk>, mut settings: Value) -> (Running, String) {
    settings["listen"] = json!("0");
    settings["path"] = json!("/adt");
    let source = run(Source::new(config(settings)).unwrap(), desk).await;
    let url = source.address.clone();
    let host = url.trim_start_matches("http://").trim_end_matches("/adt").to_owned();
    (source, host)
}

/// Sends a request as it stands and gives the whole answer.
async fn ask(host: &str, head: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(host).await.unwrap();
    let length = body.len();
    let request = format!("{head}\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A reset after the answer is an end, too.
    let _ = tokio::time::timeout(SOON, stream.read_to_end(&mut answer)).await.expect("an answer comes");
    String::from_utf8(answer).unwrap()
}

const POST: &str = "POST /adt HTTP/1.1";

fn status(answer: &str) -> &str {
    answer.get(9..12).unwrap_or_default()
}

#[tokio::test]
async fn each_end_has_its_status() {
    let answered = |accepted, answer: Option<&str>| End::Answered {
        accepted,
        code: "AE".to_owned(),
        text: "no such ward".to_owned(),
        answer: answer.map(|text| Payload::from(text.as_bytes())),
    };
    for (end, expected, body) in [
        (Ok(End::Stored), "202", "\"envelope\":1,\"duplicate\":false"),
        (Ok(End::Routed), "202", "envelope"),
        (Ok(End::Filtered), "202", "envelope"),
        (Ok(End::Pending), "202", "envelope"),
        (Ok(End::Failed("step 2".to_owned())), "422", "step 2"),
        (Ok(answered(true, Some("its answer"))), "200", "its answer"),
        (Ok(answered(false, None)), "502", "AE no such ward"),
        (Err(Refusal::Full("disk".to_owned())), "503", "no room"),
        (Err(Refusal::Down("disk".to_owned())), "503", "does not write"),
        (Err(Refusal::Stopping), "503", "stopping"),
        (Err(Refusal::Forbidden("not this kind".to_owned())), "422", "not this kind"),
    ] {
        let case = format!("{end:?}");
        let desk = Desk::deciding(move |_| end.clone());
        let (source, host) = http(&desk, json!({})).await;
        let answer = ask(&host, POST, "body").await;
        assert_eq!(status(&answer), expected, "{case}");
        assert!(answer.contains(body), "{case}: {answer}");
        assert_eq!(expected == "503", answer.to_lowercase().contains("retry-after:"), "{case}");
        assert_eq!(desk.payloads(), ["body"]);
        source.end().await;
    }
}

#[tokio::test]
async fn requests_that_are_wrong_in_themselves_reach_no_channel() {
    let desk = Desk::open();
    let limits = json!({ "frame": "10B", "in_frame": "80ms", "whole_frame": "200ms" });
    let (source, host) = http(&desk, json!({ "limits": limits })).await;
    for (head, body, expected) in [
        ("POST /other HTTP/1.1", "body", "404"),
        ("GET /adt HTTP/1.1", "", "405"),
        (POST, "", "400"),
        (POST, "more than ten bytes", "413"),
        ("no http at all", "", "400"),
    ] {
        assert_eq!(status(&ask(&host, head, body).await), expected, "{head}");
    }
    let mut chunked = TcpStream::connect(&host).await.unwrap();
    let head = format!("{POST}\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    send(&mut chunked, &format!("{head}8\r\n12345678\r\n8\r\n12345678\r\n0\r\n\r\n")).await;
    expect(&mut chunked, "HTTP/1.1 413").await;
    let mut slow = TcpStream::connect(&host).await.unwrap();
    send(&mut slow, &format!("{POST}\r\nHost: x\r\nContent-Length: 8\r\n\r\nhalf")).await;
    expect(&mut slow, "HTTP/1.1 408").await;
    let mut trickling = TcpStream::connect(&host).await.unwrap();
    send(&mut trickling, &format!("{POST}\r\nHost: x\r\nContent-Length: 10\r\n\r\n")).await;
    for _ in 0..7 {
        tokio::time::sleep(std::time::Duration::from_millis(40)).await;
        // It may be closed by now.
        let _ = tokio::io::AsyncWriteExt::write_all(&mut trickling, b"x").await;
    }
    expect(&mut trickling, "HTTP/1.1 408").await;
    let mut silent = TcpStream::connect(&host).await.unwrap();
    expect_close(&mut silent).await;
    assert_eq!(desk.count(), 0);
    source.end().await;
}

#[tokio::test]
async fn under_pressure_the_body_is_not_even_read() {
    let desk = Desk::open();
    *desk.pressure.lock().unwrap() = Some(Refusal::Full("disk".to_owned()));
    let (source, host) = http(&desk, json!({})).await;
    let answer = ask(&host, POST, "body").await;
    assert_eq!(status(&answer), "503");
    assert!(answer.to_lowercase().contains("retry-after: 10"));
    assert_eq!(desk.count(), 0);
    source.end().await;
}

#[tokio::test]
async fn only_who_logs_in_may_send() {
    let desk = Desk::open();
    let settings = json!({
        "bearer": { "kis": "token-1", "lis": "token-2" },
        "basic": { "ris": { "password": "geheim", "system": "ris" } },
    });
    let (source, host) = http(&desk, settings).await;
    for (header, system) in [
        ("Bearer token-1", Some("kis")),
        ("bearer token-2", Some("lis")),
        ("Basic cmlzOmdlaGVpbQ==", Some("ris")),
        ("Bearer token-3", None),
        ("Bearer ", None),
        ("Bearer token-1 ", Some("kis")),
        ("token-1", None),
        ("Basic cmlzOg==", None),
    ] {
        let answer = ask(&host, &format!("{POST}\r\nAuthorization: {header}"), "body").await;
        assert_eq!(status(&answer), if system.is_some() { "202" } else { "401" }, "{header}");
        if let Some(system) = system {
            let arrivals = desk.arrivals.lock().unwrap();
            assert_eq!(arrivals.last().unwrap().system.as_deref(), Some(system));
        } else {
            assert!(answer.to_lowercase().contains("www-authenticate: basic realm"));
        }
    }
    assert_eq!(status(&ask(&host, POST, "body").await), "401");
    source.end().await;
}

#[tokio::test]
async fn our_own_destination_delivers_to_our_own_source() {
    let desk = Desk::open();
    let basic = json!({ "ris": { "password": "geheim" } });
    let (source, _) = http(&desk, json!({ "basic": basic })).await;
    let to = json!({ "url": source.address, "basic": { "user": "ris", "password": "geheim" } });
    let mut link = Destination::new(config(to), "adt").unwrap().link();
    for text in ["one", "two"] {
        let reply = link.deliver(&parcel(text), LIMIT).await;
        assert_eq!((reply.kind, &*reply.code), (ReplyKind::Accepted, "202"));
    }
    assert_eq!(desk.payloads(), ["one", "two"]);
    let ports: std::collections::HashSet<_> =
        desk.arrivals.lock().unwrap().iter().map(|one| one.peer.clone()).collect();
    assert_eq!(ports.len(), 1, "the connection is kept");

    // Sent while the source stops: what was taken is answered, and the kept connection ends.
    source.end().await;
    let reply = link.deliver(&parcel("three"), LIMIT).await;
    assert_eq!((reply.kind, &*reply.code), (ReplyKind::Unreachable, "refused"));
}

/// What one request is answered with, and the request as it came.
async fn served(
    link: &mut dyn Link,
    listener: &TcpListener,
    answer: &str,
) -> (klinke_engine::link::Reply, String) {
    let parcel = parcel("body");
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\nbody") {
            request.push(stream.read_u8().await.unwrap());
        }
        stream.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8(request).unwrap()
    };
    tokio::join!(link.deliver(&parcel, LIMIT), server)
}

async fn partner(mut settings: Value) -> (TcpListener, Box<dyn Link>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    settings["url"] = json!(format!("http://{}/in?key=1", listener.local_addr().unwrap()));
    let link = Destination::new(config(settings), "adt").unwrap().link();
    (listener, link)
}

#[tokio::test]
async fn each_status_has_its_customary_meaning() {
    use Disposition::{Accept, Dead, Retry};
    use ReplyKind::{Accepted, Refused, Unreachable};
    for (status, kind, custom) in [
        (200, Accepted, Accept),
        (204, Accepted, Accept),
        (301, Refused, Dead),
        (400, Refused, Dead),
        (401, Unreachable, Retry),
        (404, Unreachable, Retry),
        (409, Refused, Dead),
        (422, Refused, Dead),
        (429, Refused, Retry),
        (500, Refused, Retry),
        (503, Unreachable, Retry),
    ] {
        let (listener, mut link) = partner(json!({})).await;
        let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\nLocation: /elsewhere\r\n\r\n");
        let (reply, _) = served(&mut *link, &listener, &answer).await;
        assert_eq!((reply.kind, reply.custom), (kind, custom), "{status}");
        assert_eq!(reply.code, status.to_string());
    }
}

#[tokio::test]
async fn a_request_says_what_the_site_says() {
    let settings = json!({
        "method": "PUT", "content_type": "text/hl7v2", "headers": { "X-Site": "St. Elisabeth" },
        "bearer": "token-1",
    });
    let (listener, mut link) = partner(settings).await;
    let (reply, request) =
        served(&mut *link, &listener, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes").await;
    assert_eq!(reply.answer.as_deref(), Some(&b"yes"[..]));
    let request = request.to_lowercase();
    for line in [
        "put /in?key=1 http/1.1\r\n",
        "\r\ncontent-type: text/hl7v2\r\n",
        "\r\nx-site: st. elisabeth\r\n",
        "\r\nauthorization: bearer token-1\r\n",
        "\r\nidempotency-key: \"adt-7-0\"\r\n",
        "\r\ncontent-length: 4\r\n",
    ] {
        assert!(request.contains(line), "{line:?} is missing");
    }
}

#[tokio::test]
async fn ends_without_an_answer_are_unclear() {
    let (listener, mut link) = partner(json!({ "answer_timeout": "100ms" })).await;
    let (reply, _) = served(&mut *link, &listener, "").await;
    assert_eq!((reply.kind, &*reply.code), (ReplyKind::Unclear, "closed"));
    let (parcel, hanging) = (parcel("body"), listener.accept());
    let (reply, _kept) = tokio::join!(link.deliver(&parcel, LIMIT), hanging);
    assert_eq!((reply.kind, &*reply.code), (ReplyKind::Unclear, "timeout"));
    let large = format!("HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n{}", "x".repeat(30));
    let (listener, mut link) = partner(json!({ "answer_max": "10B" })).await;
    let (reply, _) = served(&mut *link, &listener, &large).await;
    assert_eq!(reply.kind, ReplyKind::Accepted, "the status has said it");
    assert!(reply.answer.is_none() && reply.text.contains("too large"));
}

#[tokio::test]
async fn a_connection_that_the_partner_closed_meanwhile_costs_no_attempt() {
    let (listener, mut link) = partner(json!({})).await;
    for _ in 0..3 {
        let (reply, _) = served(&mut *link, &listener, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
        assert_eq!(reply.kind, ReplyKind::Accepted, "{reply:?}");
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

#[tokio::test]
async fn secrets_and_settings_that_can_not_be_right() {
    for (settings, why) in [
        (json!("ftp://x/"), "http"),
        (json!("/in"), "http"),
        (json!("http://user:geheim@x/"), "basic"),
        (json!({ "url": "http://x", "tls": {} }), "https"),
        (json!({ "url": "http://x", "bearer": { "file": "/no/such" } }), "/no/such"),
        (json!({ "url": "http://x", "headers": { "a b": "c" } }), "header"),
    ] {
        let error = Destination::new(config(settings), "adt").unwrap_err().to_string();
        assert!(error.contains(why) && !error.contains("geheim"), "{error}");
    }
    let address = Destination::new(config(json!("http://x/in?key=geheim")), "adt").unwrap().address();
    assert_eq!(address, "http://x/in");
}
