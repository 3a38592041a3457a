//! What the socket driver does for every protocol, seen through raw TCP with lines.

use std::sync::Arc;
use std::time::{Duration, Instant};

use klinke_adapters::net::Statistics;
use klinke_adapters::tcp::Source;
use klinke_engine::source::{End, Refusal};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::support::*;

/// A source of lines that answers `ok` and `no`.
async fn lines(desk: &Arc<Desk>, limits: Value, allow: Value) -> (Running, Arc<Statistics>) {
    let source = Source::new(config(json!({
        "listen": "0", "framing": { "line": "lf" }, "answer": "ok", "refusal": "no",
        "limits": limits, "allow": allow,
    })))
    .unwrap();
    let statistics = source.statistics();
    (run(source, desk).await, statistics)
}

#[tokio::test]
async fn frames_that_come_together_are_taken_together_and_answered_in_order() {
    let desk = Desk::gated(0, |one| match &one.payload[..] {
        b"2" => Err(Refusal::Full("test".to_owned())),
        _ => Ok(End::Stored),
    });
    let (source, statistics) = lines(&desk, json!({}), json!([])).await;
    let mut stream = source.connect().await;
    send(&mut stream, "1\n2\n3\n").await;
    desk.has(3).await;
    expect_silence(&mut stream, 50).await;
    desk.gate.add_permits(3);
    expect(&mut stream, "ok\nno\nok\n").await;
    assert_eq!(desk.payloads(), ["1", "2", "3"]);
    let counted = statistics.snapshot();
    assert_eq!((counted.connections, counted.frames, counted.answers, counted.bytes_in), (1, 3, 3, 6));
    source.end().await;
}

#[tokio::test]
async fn no_more_frames_than_the_window_wait_for_answers() {
    let desk = Desk::gated(0, |_| Ok(End::Stored));
    let (source, _) = lines(&desk, json!({}), json!([])).await;
    let mut stream = source.connect().await;
    send(&mut stream, &"x\n".repeat(200)).await;
    desk.has(64).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(desk.count(), 64);
    desk.gate.add_permits(200);
    expect(&mut stream, &"ok\n".repeat(200)).await;
    source.end().await;
}

#[tokio::test]
async fn a_half_closed_partner_still_gets_its_answers() {
    let desk = Desk::gated(0, |_| Ok(End::Stored));
    let (source, _) = lines(&desk, json!({}), json!([])).await;
    let mut stream = source.connect().await;
    send(&mut stream, "1\n2").await;
    stream.shutdown().await.unwrap();
    desk.has(2).await;
    desk.gate.add_permits(2);
    expect(&mut stream, "ok\nok\n").await;
    expect_end(&mut stream).await;
    source.end().await;
}

#[tokio::test]
async fn a_partner_that_sends_much_and_closes_is_heard_to_the_end() {
    let desk = Desk::gated(0, |_| Ok(End::Stored));
    let (source, _) = lines(&desk, json!({}), json!([])).await;
    let mut stream = source.connect().await;
    send(&mut stream, &"x\n".repeat(200)).await;
    stream.shutdown().await.unwrap();
    desk.has(64).await;
    desk.gate.add_permits(200);
    expect(&mut stream, &"ok\n".repeat(200)).await;
    expect_end(&mut stream).await;
    source.end().await;
}

#[tokio::test]
async fn under_pressure_a_source_reads_nothing_then_refuses_in_its_way() {
    let full = || Refusal::Full("test".to_owned());
    let desk = Desk::deciding(move |_| Err(full()));
    *desk.pressure.lock().unwrap() = Some(full());
    let (source, _) = lines(&desk, json!({ "pressure": "300ms" }), json!([])).await;
    let mut stream = source.connect().await;
    let begin = Instant::now();
    send(&mut stream, "1\n").await;
    expect(&mut stream, "no\n").await;
    assert!(begin.elapsed() >= Duration::from_millis(280), "it refused after {:?}", begin.elapsed());

    send(&mut stream, "2\n").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(desk.count(), 1, "it waits again before it reads on");
    *desk.pressure.lock().unwrap() = None;
    expect(&mut stream, "no\n").await;
    source.end().await;
}

#[tokio::test]
async fn a_frame_above_the_limit_ends_its_connection_after_earlier_answers() {
    let desk = Desk::open();
    let (source, statistics) = lines(&desk, json!({ "frame": "100B" }), json!([])).await;
    let mut stream = source.connect().await;
    send(&mut stream, &format!("1\n{}", "x".repeat(200))).await;
    expect(&mut stream, "ok\n").await;
    expect_end(&mut stream).await;
    assert_eq!(statistics.snapshot().violations.get("too-large"), Some(&1));
    assert_eq!(desk.payloads(), ["1"]);
    source.end().await;
}

#[tokio::test]
async fn connections_above_the_memory_limit_take_turns() {
    let desk = Desk::open();
    let (source, _) = lines(&desk, json!({ "memory": "10kB", "in_frame": "5s" }), json!([])).await;
    let mut streams = Vec::new();
    for _ in 0..8 {
        let mut stream = source.connect().await;
        send(&mut stream, &"x".repeat(9_000)).await;
        streams.push(stream);
    }
    for stream in &mut streams {
        send(stream, "\n").await;
    }
    for stream in &mut streams {
        expect(stream, "ok\n").await;
    }
    assert!(desk.payloads().iter().all(|payload| payload.len() == 9_000));
    source.end().await;
}

#[tokio::test]
async fn silence_ends_a_connection() {
    let desk = Desk::open();
    let limits = json!({ "first_byte": "150ms", "idle": "100ms", "in_frame": "50ms" });
    let source = Source::new(config(json!({
        "listen": "0", "framing": { "start": "<", "end": ">" }, "answer": "ok", "limits": limits,
    })))
    .unwrap();
    let statistics = source.statistics();
    let source = run(source, &desk).await;

    let (mut silent, mut idle, mut inside) =
        (source.connect().await, source.connect().await, source.connect().await);
    send(&mut idle, "<1>").await;
    send(&mut inside, "<2").await;
    expect(&mut idle, "<ok>").await;
    for stream in [&mut silent, &mut idle, &mut inside] {
        expect_end(stream).await;
    }
    assert_eq!(desk.payloads(), ["1"], "half a frame is never handed on");
    let counted = statistics.snapshot();
    assert_eq!((counted.timeouts, counted.open), (3, 0));
    assert_eq!(counted.violations.get("silence-in-frame"), Some(&1));
    source.end().await;
}

#[tokio::test]
async fn a_frame_that_trickles_for_ever_ends_its_connection() {
    let desk = Desk::open();
    let limits = json!({ "in_frame": "5s", "whole_frame": "200ms" });
    let (source, statistics) = lines(&desk, limits, json!([])).await;
    let (mut steady, mut trickling) = (source.connect().await, source.connect().await);
    let begun = std::time::Instant::now();
    let (mut reader, mut writer) = trickling.split();
    let trickle = async {
        while writer.write_all(b"x").await.is_ok() {
            send(&mut steady, "1\n").await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let ended = async {
        let mut rest = Vec::new();
        let _ = tokio::io::AsyncReadExt::read_to_end(&mut reader, &mut rest).await;
        rest
    };
    let rest = tokio::select! { rest = ended => rest, () = trickle => Vec::new() };
    assert_eq!(rest, b"", "it gets no answer");
    assert!(begun.elapsed() >= Duration::from_millis(200), "{:?}", begun.elapsed());
    assert_eq!(statistics.snapshot().violations.get("slow-frame"), Some(&1));
    assert!(desk.payloads().iter().all(|payload| payload == "1"));
    assert!(desk.count() > 5, "many whole frames, each of them quick: {}", desk.count());
    source.end().await;
}

#[tokio::test]
async fn the_time_in_which_we_do_not_read_is_not_the_frames() {
    let desk = Desk::open();
    *desk.pressure.lock().unwrap() = Some(Refusal::Full("test".to_owned()));
    let limits = json!({ "pressure": "600ms", "whole_frame": "300ms" });
    let (source, statistics) = lines(&desk, limits, json!([])).await;
    let mut stream = source.connect().await;
    send(&mut stream, "12").await;
    tokio::time::sleep(Duration::from_millis(650)).await;
    *desk.pressure.lock().unwrap() = None;
    send(&mut stream, "3\n").await;
    expect(&mut stream, "ok\n").await;
    assert_eq!(statistics.snapshot().violations.get("slow-frame"), None);
    source.end().await;
}

#[tokio::test]
async fn a_channel_that_gives_no_answer_leaves_the_partner_unanswered() {
    let desk = Desk::gated(0, |_| Ok(End::Stored));
    let (source, _) = lines(&desk, json!({ "answer": "50ms" }), json!([])).await;
    let mut stream = source.connect().await;
    send(&mut stream, "1\n").await;
    expect_end(&mut stream).await;
    source.end().await;
}

#[tokio::test]
async fn who_is_not_on_the_list_or_one_too_many_is_turned_away() {
    let desk = Desk::open();
    let (source, statistics) = lines(&desk, json!({}), json!(["10.1.0.0/16"])).await;
    expect_end(&mut source.connect().await).await;
    assert_eq!(statistics.snapshot().turned_away, 1);
    source.end().await;

    let (source, statistics) = lines(&desk, json!({ "connections": 1 }), json!(["127.0.0.0/8"])).await;
    let mut first = source.connect().await;
    send(&mut first, "1\n").await;
    expect(&mut first, "ok\n").await;
    expect_end(&mut source.connect().await).await;
    assert_eq!(statistics.snapshot().turned_away, 1);
    drop(first);
    let mut later = source.connect().await;
    // The first one's end may be seen a moment later than the new one comes.
    for _ in 0..100 {
        if later.write_all(b"2\n").await.is_ok() && statistics.snapshot().frames == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        if statistics.snapshot().turned_away > 1 && statistics.snapshot().open == 0 {
            later = source.connect().await;
        }
    }
    expect(&mut later, "ok\n").await;
    source.end().await;
}

#[tokio::test]
async fn a_stop_answers_what_was_taken_and_takes_nothing_new() {
    let desk = Desk::gated(0, |_| Ok(End::Stored));
    let (source, _) = lines(&desk, json!({}), json!([])).await;
    let mut stream = source.connect().await;
    send(&mut stream, "1\n").await;
    desk.has(1).await;
    source.stopper.say();
    tokio::time::sleep(Duration::from_millis(50)).await;
    send(&mut stream, "2\n").await;
    desk.gate.add_permits(2);
    expect(&mut stream, "ok\n").await;
    expect_end(&mut stream).await;
    assert_eq!(desk.payloads(), ["1"]);
    assert!(tokio::net::TcpStream::connect(&source.address).await.is_err(), "nobody listens any more");
    source.end().await;
}

#[tokio::test]
async fn without_a_word_of_refusal_the_connection_ends() {
    let desk = Desk::deciding(|_| Err(Refusal::Down("test".to_owned())));
    let source =
        Source::new(config(json!({ "listen": "0", "framing": { "line": "lf" }, "answer": "ok" }))).unwrap();
    let source = run(source, &desk).await;
    let mut stream = source.connect().await;
    send(&mut stream, "1\n2\n").await;
    expect_end(&mut stream).await;
    source.end().await;
}

#[tokio::test]
async fn a_source_that_connects_out_comes_again() {
    let partner = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let desk = Desk::open();
    let source = Source::new(config(json!({
        "connect": partner.local_addr().unwrap().to_string(), "framing": { "line": "lf" }, "answer": "ok",
    })))
    .unwrap();
    let source = run(source, &desk).await;
    for number in 1..=2 {
        let (mut stream, _) = tokio::time::timeout(SOON, partner.accept()).await.unwrap().unwrap();
        send(&mut stream, &format!("{number}\n")).await;
        expect(&mut stream, "ok\n").await;
    }
    assert_eq!(desk.payloads(), ["1", "2"]);
    source.end().await;
}

#[tokio::test]
async fn silence_ends_a_frame_where_the_site_says_so() {
    let desk = Desk::open();
    let source = Source::new(config(json!({
        "listen": "0", "framing": { "gap": "60ms" }, "answer": "ok",
    })))
    .unwrap();
    let source = run(source, &desk).await;
    let mut stream = source.connect().await;
    send(&mut stream, "one").await;
    tokio::time::sleep(Duration::from_millis(10)).await;
    send(&mut stream, " whole").await;
    expect(&mut stream, "ok").await;
    send(&mut stream, "next").await;
    expect(&mut stream, "ok").await;
    assert_eq!(desk.payloads(), ["one whole", "next"]);
    source.end().await;
}
