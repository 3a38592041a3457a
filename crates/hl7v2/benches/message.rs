//! Speed of the index and of messages, with a copy and a byte search of the same bytes as floor.

use bytes::Bytes;
use divan::{Bencher, black_box};
use klinke_hl7v2::ack::{self, Code, interpret};
use klinke_hl7v2::index::Method;
use klinke_hl7v2::message::Options;
use klinke_hl7v2::mllp::{Config, Framer, encode};
use klinke_hl7v2::{Index, Message, Path, time};

fn main() {
    divan::main();
}

/// 1 KB of ADT, about as a KIS sends it.
const ADT: &str = "MSH|^~\\&|KIS|KH1|RIS|RADIO|20240305101530||ADT^A01^ADT_A01|4711000815|P|2.5|||AL|NE|DEU|8859/1\rEVN|A01|20240305101500||A|USER1^Muster^Maria\rPID|1||0004711^^^KIS^PI~A123456789^^^GKV^NH||Mustermann^Max^Moritz^^Dr.^^L~Geborner^Max^^^^^M||19700101|M|||Hauptstr. 1&Hauptstr.&1^^Berlin^^10115^DEU^H~Nebenweg 2^^Potsdam^^14467^DEU^C||030/123456^PRN^PH^^49^30^123456|030/654321^WPN^PH|DEU|M|RKT||987654321^^^KIS^VN||||||1||||||N\rNK1|1|Mustermann^Erika|SPO^Ehefrau|Hauptstr. 1^^Berlin^^10115^DEU|030/123456\rPV1|1|I|CHI1^2^3^INN^^N^A^4|R^Notfall||||01234^Einweiser^Egon^^^Dr.^^^LANR|09876^Ueber^Udo|CHI||||R|||01235^Arzt^Anna^^^Dr.|GKV|987654321^^^KIS^VN|01|||||||||||||||||||||||||20240305101000\rPV2|||^Appendizitis|||||||3\rDG1|1||K35.8^Akute Appendizitis, nicht naeher bezeichnet^I10|Akute Appendizitis|20240305|A|||||||||1\rIN1|1|GKV|101575519|Techniker Krankenkasse^L|Bramfelder Str. 140^^Hamburg^^22305^DEU||||||||||||1|Mustermann^Max|SEL|19700101|Hauptstr. 1^^Berlin^^10115\rZBE|1|20240305101000||INSERT|\r";

#[divan::bench]
fn floor_memcpy(bencher: Bencher<'_, '_>) {
    let mut out = Vec::with_capacity(ADT.len());
    bencher.counter(divan::counter::BytesCount::of_str(ADT)).bench_local(move || {
        out.clear();
        out.extend_from_slice(black_box(ADT.as_bytes()));
        black_box(out.len())
    });
}

#[divan::bench]
fn floor_memchr_count(bencher: Bencher<'_, '_>) {
    bencher
        .counter(divan::counter::BytesCount::of_str(ADT))
        .bench_local(|| memchr::memchr3_iter(b'|', b'^', b'\r', black_box(ADT.as_bytes())).count());
}

#[divan::bench(args = [Method::Table, Method::Sse2, Method::Avx2])]
fn index(bencher: Bencher<'_, '_>, method: Method) {
    let mut index = Index::new();
    bencher.counter(divan::counter::BytesCount::of_str(ADT)).bench_local(move || {
        index.build_with(black_box(ADT.as_bytes()), method).expect("a message");
        black_box(index.delimiter_count())
    });
}

fn message() -> Message {
    Message::parse(ADT).expect("a message")
}

/// Reading a message as a connection does: the index's memory is used again.
#[divan::bench]
fn parse_reusing(bencher: Bencher<'_, '_>) {
    let options = Options::default();
    let bytes = Bytes::from_static(ADT.as_bytes());
    let mut index = Index::new();
    bencher.counter(divan::counter::BytesCount::of_str(ADT)).bench_local(move || {
        let message = Message::parse_reusing(std::mem::take(&mut index), bytes.clone(), &options);
        index = black_box(message.expect("a message")).into_index();
    });
}

#[divan::bench(args = ["MSH-9.2", "PID-5.1", "PID-3[5=NH].1", "PV1-19.1", "ZBE-2", "IN1-20", "ZZZ-1"])]
fn get(bencher: Bencher<'_, '_>, path: &str) {
    let message = message();
    let path: Path = path.parse().expect("a path");
    bencher.bench_local(|| black_box(&message).get(black_box(&path)).map(|value| value.len()));
}

#[divan::bench(args = ["PID-5.1", "PID-3[5=NH].1"])]
fn text(bencher: Bencher<'_, '_>, path: &str) {
    let message = message();
    let path: Path = path.parse().expect("a path");
    bencher.bench_local(|| black_box(&message).text(black_box(&path)).len());
}

#[divan::bench]
fn serialise_untouched(bencher: Bencher<'_, '_>) {
    let message = message();
    let mut out = Vec::with_capacity(2 * ADT.len());
    bencher.counter(divan::counter::BytesCount::of_str(ADT)).bench_local(move || {
        out.clear();
        black_box(&message).write_to(&mut out);
        black_box(out.len())
    });
}

/// Parse, set two fields, serialise: what a channel with `set` does to each message.
#[divan::bench]
fn parse_set_two_serialise(bencher: Bencher<'_, '_>) {
    let options = Options::default();
    let bytes = Bytes::from_static(ADT.as_bytes());
    let paths: [Path; 2] = ["MSH-5", "PID-2"].map(|path| path.parse().expect("a path"));
    let mut index = Index::new();
    let mut out = Vec::with_capacity(2 * ADT.len());
    bencher.counter(divan::counter::BytesCount::of_str(ADT)).bench_local(move || {
        let message = Message::parse_reusing(std::mem::take(&mut index), bytes.clone(), &options);
        let mut message = message.expect("a message");
        message.set(&paths[0], "RIS").expect("written");
        message.set(&paths[1], "0004711").expect("written");
        out.clear();
        message.write_to(&mut out);
        index = message.into_index();
        black_box(out.len())
    });
}

#[divan::bench]
fn acknowledge(bencher: Bencher<'_, '_>) {
    let message = message();
    let now = time::parse_strict("20240305101530+0100").expect("a date");
    bencher.bench_local(move || {
        ack::acknowledge(black_box(&message), Code::ApplicationAccept, &ack::Options::new("K-4711", now))
            .len()
    });
}

#[divan::bench]
fn interpret_answer(bencher: Bencher<'_, '_>) {
    let now = time::parse_strict("20240305101530+0100").expect("a date");
    let answer = ack::acknowledge(&message(), Code::ApplicationAccept, &ack::Options::new("K-4711", now));
    bencher.bench_local(move || interpret(black_box(&answer), "4711000815"));
}

#[divan::bench]
fn inspect(bencher: Bencher<'_, '_>) {
    let message = message();
    bencher.bench_local(move || black_box(&message).inspect().len());
}

/// Sixteen frames in one read.
#[divan::bench]
fn frames_16(bencher: Bencher<'_, '_>) {
    let mut stream = Vec::new();
    for _ in 0..16 {
        encode(ADT.as_bytes(), &mut stream).expect("encodable");
    }
    let mut framer = Framer::new(Config::default());
    bencher.counter(divan::counter::BytesCount::new(stream.len())).bench_local(move || {
        framer.push(black_box(&stream));
        let mut frames = 0;
        while let Ok(Some(frame)) = framer.next_frame() {
            frames += frame.payload.len();
        }
        frames
    });
}
