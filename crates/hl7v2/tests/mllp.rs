//! What a connection relies on: good frames come out whole, bad ones are told apart and counted.

use klinke_hl7v2::mllp::{Commit, Config, Ending, Error, Frame, Framer, Violation, encode};
use proptest::prelude::*;

const A: &str = "MSH|^~\\&|A|1\rPID|1\r";
const B: &str = "MSH|^~\\&|B|2\r";

/// One frame as the tests see it.
type Seen = (String, Ending, Vec<Violation>);

fn seen(frame: &Frame) -> Seen {
    (String::from_utf8_lossy(&frame.payload).into_owned(), frame.ending, frame.violations.clone())
}

fn complete(payload: &str, violations: &[Violation]) -> Seen {
    (payload.to_owned(), Ending::Complete, violations.to_vec())
}

fn truncated(payload: &str, violation: Violation) -> Seen {
    (payload.to_owned(), Ending::Truncated, vec![violation])
}

/// Push a stream in pieces of every size, then end it; the frames must not depend on the pieces.
fn frames(config: &Config, stream: &str) -> Vec<Seen> {
    let run = |size: usize| {
        let mut framer = Framer::new(config.clone());
        let mut out = Vec::new();
        for piece in stream.as_bytes().chunks(size) {
            framer.push(piece);
            while let Some(frame) = framer.next_frame().expect("no error") {
                out.push(seen(&frame));
            }
        }
        framer.finish();
        while let Some(frame) = framer.next_frame().expect("no error") {
            out.push(seen(&frame));
        }
        out
    };
    let whole = run(stream.len().max(1));
    for size in 1..stream.len() {
        let pieces: Vec<_> = run(size).into_iter().map(|(p, e, _)| (p, e)).collect();
        let expected: Vec<_> = whole.iter().map(|(p, e, _)| (p.clone(), *e)).collect();
        assert_eq!(pieces, expected, "pieces of {size} bytes of {stream:?}");
    }
    whole
}

#[test]
fn good_frames_come_out_whole() {
    let stream = format!("\x0b{A}\x1c\r\x0b{B}\x1c\r");
    assert_eq!(frames(&Config::default(), &stream), [complete(A, &[]), complete(B, &[])]);
}

#[test]
fn each_violation_has_its_policy() {
    use Violation::*;
    let framed = Config::default();
    for (stream, expected) in [
        (format!("junk\x0b{A}\x1c\r"), vec![complete(A, &[JunkBeforeStart])]),
        (format!("\x0b{A}\x1c\r\n\x0b{B}\x1c\r\n"), vec![complete(A, &[]), complete(B, &[LineEndsBetween])]),
        (format!("\x0b{A}\x1c\x0b{B}\x1c"), vec![complete(A, &[MissingCr]), complete(B, &[MissingCr])]),
        (format!("\x0b{A}\x1c\n\x0b{B}\x1c\r"), vec![complete(A, &[LfAfterEnd]), complete(B, &[])]),
        (
            format!("\x0bMSH|^~\\&|trunc\x0b{B}\x1c\r"),
            vec![truncated("MSH|^~\\&|trunc", CutByStart), complete(B, &[])],
        ),
        (format!("\x0b{A}a\x0bb\x1c\r"), vec![complete(&format!("{A}a\x0bb"), &[StartInside])]),
        (format!("\x0b{A}a\x1cb\x1c\r"), vec![complete(&format!("{A}a\x1cb"), &[EndInside])]),
        (
            format!("\x0b{A}\x1c\0\0\x0b{B}\x1c\r"),
            vec![complete(A, &[EndInside, MissingCr]), complete(B, &[])],
        ),
        (format!("\x0b{A}"), vec![truncated(A, CutByEndOfStream)]),
        (A.to_owned(), vec![]),
        (String::new(), vec![]),
    ] {
        assert_eq!(frames(&framed, &stream), expected, "{stream:?}");
    }
}

#[test]
fn bare_messages_are_accepted_on_wish() {
    use Violation::*;
    let bare = Config { bare: true, ..Config::default() };
    for (stream, expected) in [
        (A.to_owned(), vec![complete(A, &[MissingStart, MissingEnd])]),
        (
            format!("{A}{B}"),
            vec![complete(A, &[MissingStart, MissingEnd]), complete(B, &[MissingStart, MissingEnd])],
        ),
        (
            format!("{A}\x1c\r{B}"),
            vec![complete(A, &[MissingStart]), complete(B, &[MissingStart, MissingEnd])],
        ),
        (format!("{A}\x0b{B}\x1c\r"), vec![complete(A, &[MissingStart, MissingEnd]), complete(B, &[])]),
        (format!("hello\r\n{A}\x1c\r"), vec![complete(A, &[JunkBeforeStart, MissingStart])]),
    ] {
        assert_eq!(frames(&bare, &stream), expected, "{stream:?}");
    }
    let mut framer = Framer::new(bare);
    framer.push(A.as_bytes());
    assert!(framer.next_frame().expect("no error").is_none());
    framer.on_idle();
    assert_eq!(framer.next_frame().expect("no error").map(|f| f.payload.len()), Some(A.len()));
}

#[test]
fn silence_completes_a_frame_without_cr() {
    let mut framer = Framer::new(Config::default());
    framer.push(format!("\x0b{A}\x1c").as_bytes());
    assert!(framer.next_frame().expect("no error").is_none() && framer.is_inside());
    framer.on_idle();
    let frame = framer.next_frame().expect("no error").expect("a frame");
    assert_eq!(seen(&frame), complete(A, &[Violation::MissingCr]));
    assert!(!framer.is_inside());
}

#[test]
fn a_frame_over_the_limit_is_an_error_and_the_next_one_comes() {
    let mut framer = Framer::new(Config { size_bytes_max: 20, bare: false });
    framer.push(format!("\x0b{A}{A}").as_bytes());
    assert_eq!(framer.next_frame().expect_err("too large"), Error::TooLarge { limit: 20 });
    framer.push(format!("{A}{A}").as_bytes());
    assert!(framer.next_frame().expect("no error").is_none());
    assert_eq!(framer.buffered(), 0, "what is skipped takes no memory");
    framer.push(format!("{A}\x1c\r\x0b{B}\x1c\r").as_bytes());
    let frame = framer.next_frame().expect("no error").expect("a frame");
    assert_eq!(frame.payload, B.as_bytes());
    assert_eq!(framer.statistics().count(Violation::TooLarge), 1);
    let whole = format!("\x0b{A}{A}\x1c\r\x0b{B}\x1c\r");
    let mut framer = Framer::new(Config { size_bytes_max: 20, bare: false });
    framer.push(whole.as_bytes());
    assert!(framer.next_frame().is_err());
    assert_eq!(framer.next_frame().expect("no error").expect("a frame").payload, B.as_bytes());
}

#[test]
fn statistics_count_and_keep_a_short_sample_of_junk() {
    let mut framer = Framer::new(Config::default());
    framer.push(format!("abcdefghijklmnopqrstuvwxyz\x0b{A}\x1c\rxy\x0b{B}\x1c\r").as_bytes());
    while framer.next_frame().expect("no error").is_some() {}
    let statistics = framer.statistics();
    assert_eq!((statistics.frames, statistics.skipped_bytes), (2, 28));
    assert_eq!(statistics.count(Violation::JunkBeforeStart), 2);
    assert_eq!(statistics.junk_sample_hex().as_deref(), Some("78 79"));
    assert!(!format!("{framer:?}").contains("78"), "the sample is not shown by Debug");
}

#[test]
fn commit_frames_of_release_2() {
    let mut framer = Framer::new(Config::default());
    framer.push(&Commit::Ack.frame());
    framer.push(&Commit::Nak.frame());
    let mut next = || framer.next_frame().expect("no error").and_then(|f| f.commit());
    assert_eq!((next(), next(), next()), (Some(Commit::Ack), Some(Commit::Nak), None));
    assert_eq!(Commit::of_payload(b"MSH|"), None);
}

#[test]
fn a_payload_that_would_break_the_frame_is_refused() {
    let mut out = Vec::new();
    assert_eq!(encode(A.as_bytes(), &mut out), Ok(()));
    assert_eq!(out, format!("\x0b{A}\x1c\r").into_bytes());
    for (payload, offset) in [("a\x1c\rb", 1), ("a\x1c", 1), ("a\x0bMSH|b", 1), ("a\x1c\x0b", 1)] {
        let refused = encode(payload.as_bytes(), &mut out);
        assert_eq!(refused, Err(Error::PayloadBreaksFrame { offset }), "{payload:?}");
    }
    assert_eq!(out.len(), A.len() + 3);
}

proptest! {
    /// Whatever comes, in whatever pieces: no panic, and every byte is in a frame or counted.
    #[test]
    fn every_byte_is_accounted_for(
        pieces in proptest::collection::vec("[\\x0b\\x1c\r\n MSH|FB^~a]{0,12}", 0..20),
        bare: bool,
        size_bytes_max in 5usize..60,
        idle: bool,
    ) {
        let mut framer = Framer::new(Config { size_bytes_max, bare });
        let mut framed = 0;
        let mut drain = |framer: &mut Framer| loop {
            match framer.next_frame() {
                Ok(Some(frame)) => {
                    framed += frame.raw.len();
                    assert!(frame.payload.len() <= size_bytes_max);
                }
                Ok(None) => break,
                Err(_) => {}
            }
        };
        for piece in &pieces {
            framer.push(piece.as_bytes());
            drain(&mut framer);
            if idle {
                framer.on_idle();
                drain(&mut framer);
            }
        }
        framer.finish();
        drain(&mut framer);
        let sum: usize = pieces.iter().map(String::len).sum();
        prop_assert_eq!(framer.buffered(), 0);
        prop_assert_eq!(framed + framer.statistics().skipped_bytes as usize, sum);
    }

    #[test]
    fn what_is_encoded_comes_back(payload in "[^\\x0b\\x1c]{0,80}") {
        let mut out = Vec::new();
        encode(payload.as_bytes(), &mut out).expect("encodable");
        let mut framer = Framer::new(Config::default());
        framer.push(&out);
        let frame = framer.next_frame().expect("no error").expect("a frame");
        prop_assert_eq!(&frame.payload[..], payload.as_bytes());
        prop_assert_eq!(&frame.raw[..], &out[..]);
    }
}
