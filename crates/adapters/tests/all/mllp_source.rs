//! Frames in, acknowledgments out.

use std::sync::Arc;

use klinke_adapters::mllp::Source;
use klinke_engine::BoxFuture;
use klinke_engine::source::{Arrival, End, Intake, Receipt, Refusal, Stop, Stopper};
use klinke_model::{EnvelopeId, Payload, Timestamp};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::support::*;

async fn mllp(desk: &Arc<Desk>, mut settings: Value) -> Running {
    settings["listen"] = json!("127.0.0.1:0");
    settings["from"] = json!("kis");
    run(Source::new(config(settings)).unwrap(), desk).await
}

/// What one message is answered with.
async fn answer(settings: Value, message: &str, decide: Result<End, Refusal>) -> String {
    let desk = Desk::deciding(move |_| decide.clone());
    let source = mllp(&desk, settings).await;
    let mut stream = source.connect().await;
    send(&mut stream, &framed(message)).await;
    let answer = frame(&mut stream).await;
    source.end().await;
    answer
}

#[tokio::test]
async fn a_kept_message_is_acknowledged_as_the_standard_says() {
    let ack = answer(json!({}), &adt("C1", ""), Ok(End::Stored)).await;
    assert_eq!(field(&ack, "MSA", 1), "AA");
    assert_eq!(field(&ack, "MSA", 2), "C1");
    let swapped: Vec<&str> = (3..=6).map(|number| field(&ack, "MSH", number)).collect();
    assert_eq!(swapped, ["RIS", "RAD", "KIS", "HAUS"]);
    assert_eq!((field(&ack, "MSH", 11), field(&ack, "MSH", 12)), ("P", "2.5"));
    assert!(!field(&ack, "MSH", 10).is_empty());
    assert_ne!(field(&ack, "MSH", 10), "C1");
}

#[tokio::test]
async fn acknowledgments_have_identifiers_of_their_own() {
    let desk = Desk::open();
    let source = mllp(&desk, json!({})).await;
    let mut stream = source.connect().await;
    let mut seen = std::collections::HashSet::new();
    for number in 0..50 {
        send(&mut stream, &framed(&adt(&format!("C{number}"), ""))).await;
    }
    for number in 0..50 {
        let ack = frame(&mut stream).await;
        assert_eq!(field(&ack, "MSA", 2), format!("C{number}"), "answers keep the order of messages");
        let id = field(&ack, "MSH", 10).to_owned();
        assert!(id.len() <= 20 && seen.insert(id));
    }
    source.end().await;
}

#[tokio::test]
async fn each_end_has_its_code() {
    let answered = |code: &str, accepted| End::Answered {
        accepted,
        code: code.to_owned(),
        text: "t".to_owned(),
        answer: None,
    };
    for (end, code) in [
        (Ok(End::Routed), "AA"),
        (Ok(End::Filtered), "AA"),
        (Ok(End::Failed("step 2".to_owned())), "AE"),
        (Ok(End::Pending), "AA"),
        (Ok(answered("AA", true)), "AA"),
        (Ok(answered("AE", false)), "AE"),
        (Ok(answered("AR", false)), "AR"),
        (Ok(answered("timeout", false)), "AE"),
        (Err(Refusal::Full("disk".to_owned())), "AE"),
        (Err(Refusal::Down("disk".to_owned())), "AE"),
        (Err(Refusal::Forbidden("size".to_owned())), "AR"),
    ] {
        let ack = answer(json!({}), &adt("C1", ""), end.clone()).await;
        assert_eq!(field(&ack, "MSA", 1), code, "{end:?}");
    }
}

#[tokio::test]
async fn a_stopping_channel_gives_no_answer() {
    let desk = Desk::deciding(|_| Err(Refusal::Stopping));
    let source = mllp(&desk, json!({})).await;
    for rest in ["", "|||AL|NE", "|||NE|NE"] {
        let mut stream = source.connect().await;
        send(&mut stream, &framed(&adt("C1", rest))).await;
        expect_end(&mut stream).await;
    }
    source.end().await;
}

#[tokio::test]
async fn enhanced_mode_accepts_at_once_and_answers_later() {
    // MSH-15, MSH-16, whether it is taken, and the answers.
    let full = || Err(Refusal::Full("disk".to_owned()));
    let failed = || Ok(End::Failed("step".to_owned()));
    for (asks, end, codes) in [
        ("AL|NE", Ok(End::Stored), &["CA"][..]),
        ("AL|AL", Ok(End::Stored), &["CA", "AA"]),
        ("NE|AL", Ok(End::Stored), &["AA"]),
        ("AL|AL", failed(), &["CA", "AE"]),
        ("AL|SU", failed(), &["CA"]),
        ("AL|ER", failed(), &["CA", "AE"]),
        ("AL|AL", full(), &["CE"]),
        ("NE|AL", full(), &["AE"]),
        ("SU|NE", Ok(End::Stored), &["CA"]),
        ("ER|NE", Ok(End::Stored), &[]),
        ("ER|NE", full(), &["CE"]),
        ("NE|NE", Ok(End::Stored), &[]),
        ("AL|NE", Err(Refusal::Forbidden("size".to_owned())), &["CR"]),
    ] {
        let case = format!("{asks} {end:?}");
        let desk = Desk::deciding(move |_| end.clone());
        let source = mllp(&desk, json!({})).await;
        let mut stream = source.connect().await;
        send(&mut stream, &framed(&adt("C1", &format!("|||{asks}")))).await;
        for code in codes {
            let ack = frame(&mut stream).await;
            assert_eq!((field(&ack, "MSA", 1), field(&ack, "MSA", 2)), (*code, "C1"), "{case}");
        }
        expect_silence(&mut stream, 20).await;
        source.end().await;
    }
}

/// Says at once that everything is kept, unless it is told `first` that C1 waits for the desk and all
/// others don't; the end comes when the desk lets it.
struct Staged {
    desk: Handle,
    first: bool,
}

impl Intake for Staged {
    fn submit(&self, arrival: Arrival) -> BoxFuture<'static, Result<Receipt, Refusal>> {
        self.desk.submit(arrival)
    }

    fn submit_and_tell(
        &self,
        arrival: Arrival,
        kept: oneshot::Sender<EnvelopeId>,
    ) -> BoxFuture<'static, Result<Receipt, Refusal>> {
        if !self.first {
            kept.send(EnvelopeId(1)).unwrap();
            return self.desk.submit(arrival);
        }
        let waits = arrival.payload.windows(4).any(|four| four == b"|C1|");
        let taken = waits.then(|| self.desk.submit(arrival));
        Box::pin(async move {
            let receipt = match taken {
                Some(taken) => taken.await?,
                None => Receipt { id: EnvelopeId(2), duplicate: false, end: End::Routed },
            };
            kept.send(receipt.id).unwrap();
            Ok(receipt)
        })
    }

    fn pressure(&self) -> Option<Refusal> {
        None
    }

    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn channel(&self) -> &str {
        "test"
    }
}

/// A connection to a source with such an intake.
async fn staged(desk: &Arc<Desk>, first: bool) -> (tokio::net::TcpStream, Stopper) {
    let source = Box::new(Source::new(config(json!({ "listen": "0" }))).unwrap());
    let intake = Arc::new(Staged { desk: Handle(Arc::clone(desk)), first });
    let open = klinke_engine::source::Source::open(source, intake).await.unwrap();
    let (address, (stopper, stop)) = (open.address(), Stop::new());
    tokio::spawn(open.run(stop));
    (tokio::net::TcpStream::connect(address).await.unwrap(), stopper)
}

#[tokio::test]
async fn no_application_acknowledgment_comes_before_its_accept_acknowledgment() {
    let desk = Desk::gated(0, |_| Ok(End::Routed));
    let (mut stream, _stopper) = staged(&desk, true).await;
    for id in ["C1", "C2"] {
        send(&mut stream, &framed(&adt(id, "|||AL|AL"))).await;
    }
    desk.has(1).await;
    expect_silence(&mut stream, 50).await;
    desk.gate.add_permits(1);
    let mut said = Vec::new();
    for _ in 0..4 {
        let ack = frame(&mut stream).await;
        said.push(format!("{} {}", field(&ack, "MSA", 1), field(&ack, "MSA", 2)));
    }
    let at = |what: &str| said.iter().position(|one| one == what).unwrap();
    assert!(at("CA C1") < at("CA C2") && at("CA C1") < at("AA C1") && at("CA C2") < at("AA C2"), "{said:?}");
}

#[tokio::test]
async fn the_accept_acknowledgment_waits_for_storage_only() {
    let desk = Desk::gated(0, |_| Ok(End::Routed));
    let (mut stream, _stopper) = staged(&desk, false).await;
    for id in ["C1", "C2"] {
        send(&mut stream, &framed(&adt(id, "|||AL|AL"))).await;
        let ack = frame(&mut stream).await;
        assert_eq!((field(&ack, "MSA", 1), field(&ack, "MSA", 2)), ("CA", id));
    }
    expect_silence(&mut stream, 30).await;
    desk.gate.add_permits(2);
    for id in ["C1", "C2"] {
        let ack = frame(&mut stream).await;
        assert_eq!((field(&ack, "MSA", 1), field(&ack, "MSA", 2)), ("AA", id));
    }
}

#[tokio::test]
async fn a_refusal_that_nobody_wants_to_hear_ends_the_connection() {
    let desk = Desk::deciding(|_| Err(Refusal::Full("disk".to_owned())));
    let source = mllp(&desk, json!({})).await;
    for settings in ["|||NE|NE", "|||SU|SU"] {
        let mut stream = source.connect().await;
        send(&mut stream, &framed(&adt("C1", settings))).await;
        expect_end(&mut stream).await;
    }
    source.end().await;
}

#[tokio::test]
async fn what_is_no_hl7_is_kept_raw_or_refused() {
    for (keep, code, kept) in [("keep", "AE", 1), ("refuse", "AR", 0)] {
        let desk = Desk::open();
        let source = mllp(&desk, json!({ "unparsable": keep })).await;
        let mut stream = source.connect().await;
        send(&mut stream, &framed("SH|damaged")).await;
        let ack = frame(&mut stream).await;
        assert_eq!(field(&ack, "MSA", 1), code);
        assert!(!ack.contains("damaged"));
        assert_eq!(desk.count(), kept);
        source.end().await;
    }
}

#[tokio::test]
async fn a_truncated_frame_is_neither_handed_on_nor_answered() {
    let desk = Desk::open();
    let source = mllp(&desk, json!({})).await;
    let mut stream = source.connect().await;
    send(&mut stream, "\x0bMSH|^~\\&|KIS|HALF").await;
    drop(stream);
    let mut stream = source.connect().await;
    send(&mut stream, &format!("junk{}", framed(&adt("C2", "")))).await;
    assert_eq!(field(&frame(&mut stream).await, "MSA", 2), "C2");
    assert_eq!(desk.payloads(), [adt("C2", "")]);
    source.end().await;
}

#[tokio::test]
async fn commit_frames_go_before_acknowledgments() {
    let desk = Desk::deciding(|one| {
        if one.payload.windows(2).any(|two| two == b"C2") {
            Err(Refusal::Full("x".into()))
        } else {
            Ok(End::Stored)
        }
    });
    let source = mllp(&desk, json!({ "commit_frames": true })).await;
    let mut stream = source.connect().await;
    for (id, commit, code) in [("C1", "\x06", "AA"), ("C2", "\x15", "AE")] {
        send(&mut stream, &framed(&adt(id, ""))).await;
        assert_eq!(frame(&mut stream).await, commit);
        assert_eq!(field(&frame(&mut stream).await, "MSA", 1), code);
    }
    source.end().await;
}

#[tokio::test]
async fn the_partners_own_answer_is_given_back_where_the_site_wants_it() {
    let own = "MSH|^~\\&|RIS|RAD|KIS|HAUS|2026||RSP^K22|R9|P|2.5\rMSA|AA|C1\rQPD|x\r";
    let end = End::Answered {
        accepted: true,
        code: "AA".to_owned(),
        text: String::new(),
        answer: Some(Payload::from(own.as_bytes())),
    };
    assert_eq!(answer(json!({ "relay_answer": true }), &adt("C1", ""), Ok(end.clone())).await, own);
    assert_ne!(answer(json!({ "relay_answer": true }), &adt("C2", ""), Ok(end.clone())).await, own);
    assert_ne!(answer(json!({}), &adt("C1", ""), Ok(end)).await, own);
}

#[tokio::test]
async fn the_mode_may_be_set_against_the_header() {
    let ack = answer(json!({ "mode": "enhanced" }), &adt("C1", ""), Ok(End::Stored)).await;
    assert_eq!(field(&ack, "MSA", 1), "CA");
    let ack = answer(json!({ "mode": "original" }), &adt("C1", "|||AL|NE"), Ok(End::Stored)).await;
    assert_eq!(field(&ack, "MSA", 1), "AA");
    let desk = Desk::open();
    let source = mllp(&desk, json!({ "mode": "none" })).await;
    let mut stream = source.connect().await;
    send(&mut stream, &framed(&adt("C1", ""))).await;
    desk.has(1).await;
    expect_silence(&mut stream, 30).await;
    source.end().await;
}

#[tokio::test]
async fn a_batch_is_acknowledged_as_the_site_says() {
    let batch = format!(
        "FHS|^~\\&|KIS|HAUS|RIS|RAD|2026|||F|F1\rBHS|^~\\&|KIS|HAUS|RIS|RAD|2026|||B|B1\r{}{}BTS|2\rFTS|1\r",
        adt("C1", ""),
        adt("C2", "|||AL|AL"),
    );
    let one = answer(json!({}), &batch, Ok(End::Stored)).await;
    assert_eq!((field(&one, "MSA", 1), field(&one, "MSA", 2)), ("AA", "C1"));
    let all = answer(json!({ "batch_ack": "batch" }), &batch, Ok(End::Failed("step".to_owned()))).await;
    let codes: Vec<&str> = all.split('\r').filter(|line| line.starts_with("MSA")).collect();
    assert!(codes[0].starts_with("MSA|AE|C1") && codes[1].starts_with("MSA|AE|C2"), "{codes:?}");
    assert!(all.starts_with("FHS|") && field(&all, "BTS", 1) == "2");
    assert_eq!(field(&all, "BHS", 11), "B1", "{all}");
    let alone = answer(json!({ "batch_ack": "batch" }), &adt("C1", ""), Ok(End::Stored)).await;
    assert!(alone.starts_with("MSH|"));
}

#[tokio::test]
async fn sequence_numbers_are_kept_where_the_site_wants_them() {
    let room = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let has_room = Arc::clone(&room);
    let desk = Desk::deciding(move |_| match has_room.load(std::sync::atomic::Ordering::Relaxed) {
        true => Ok(End::Stored),
        false => Err(Refusal::Full("disk".to_owned())),
    });
    let source = mllp(&desk, json!({ "sequence": true })).await;
    let mut stream = source.connect().await;
    for (number, has_room, code, expected, taken) in [
        ("0", true, "AA", "-1", 0),
        ("5", true, "AA", "6", 1),
        ("5", true, "AA", "6", 1),
        ("8", true, "AE", "6", 1),
        ("6", false, "AE", "6", 2),
        ("6", true, "AA", "7", 3),
        ("", true, "AE", "7", 3),
    ] {
        room.store(has_room, std::sync::atomic::Ordering::Relaxed);
        send(&mut stream, &framed(&adt("C1", &format!("|{number}")))).await;
        let ack = frame(&mut stream).await;
        assert_eq!((field(&ack, "MSA", 1), field(&ack, "MSA", 4)), (code, expected), "MSH-13 {number:?}");
        assert_eq!(desk.count(), taken, "MSH-13 {number:?}");
    }
    source.end().await;
}

#[tokio::test]
async fn the_form_of_msh_9_is_the_sites_choice() {
    for (form, expected) in
        [("version", "ACK^A01^ACK"), ("ACK", "ACK"), ("ACK^A01", "ACK^A01"), ("ACK^A01^ACK", "ACK^A01^ACK")]
    {
        let ack = answer(json!({ "ack_type": form }), &adt("C1", ""), Ok(End::Stored)).await;
        assert_eq!(field(&ack, "MSH", 9), expected);
    }
    let old = adt("C1", "").replace("|2.5", "|2.3");
    assert_eq!(field(&answer(json!({}), &old, Ok(End::Stored)).await, "MSH", 9), "ACK");
}

#[tokio::test]
async fn what_real_senders_do_is_taken_and_counted() {
    let desk = Desk::open();
    let source = Source::new(config(json!({ "listen": "0", "bare": true }))).unwrap();
    let statistics = source.statistics();
    let source = run(source, &desk).await;
    let mut stream = source.connect().await;
    // No CR after FS; LF instead; a new message inside a frame; no frame at all.
    let cut = "\x0bMSH|^~\\&|CUT|";
    let all = [
        format!("\x0b{}\x1c", adt("C1", "")),
        format!("\x0b{}\x1c\n", adt("C2", "")),
        format!("junk{cut}{}", framed(&adt("C3", ""))),
        adt("C4", ""),
    ];
    send(&mut stream, &all.concat()).await;
    for id in ["C1", "C2", "C3", "C4"] {
        assert_eq!(field(&frame(&mut stream).await, "MSA", 2), id);
    }
    assert_eq!(desk.count(), 4, "what was cut is not handed on");
    let violations = statistics.snapshot().violations;
    for kind in
        ["mllp-missing-cr", "mllp-lf-after-end", "mllp-junk-before-start", "mllp-cut-by-start", "truncated"]
    {
        assert_eq!(violations.get(kind), Some(&1), "{kind} {violations:?}");
    }
    source.end().await;
}
