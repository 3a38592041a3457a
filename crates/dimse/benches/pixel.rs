//! Speed of the codecs of pixel data, with a copy of the same bytes as floor: bytes of decoded samples a second.
//!
//! JPEG 2000 is measured with a frame of pydicom's test data, where KLINKE_PEERS_PYTHON says where that is, and HTJ2K with
//! the same frame, which OpenJPH encodes, where KLINKE_PEERS_NODE says where that is.

#![allow(clippy::print_stderr, reason = "what did not run is said aloud")]

use bytes::Bytes;
use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use klinke_dimse::data::{DataSet, Fragments};
use klinke_dimse::pixel::render::{Options, Picture, Shape, Window, render};
use klinke_dimse::pixel::{Frame, Layout, Limits, Numbers, Photometric, PixelData, encapsulate, encode};
use klinke_dimse::uids;

#[path = "../tests/pixel/references.rs"]
#[allow(dead_code, reason = "not all of it is of use here")]
mod references;

#[path = "../tests/pixel/peers.rs"]
#[allow(dead_code, reason = "not all of it is of use here")]
mod peers;

fn main() {
    divan::main();
}

const RLE: &str = uids::RLE_LOSSLESS;
const JPEG_LOSSLESS: &str = "1.2.840.10008.1.2.4.70";
const JPEG_LS: &str = uids::JPEGLS_LOSSLESS;

/// A slice of CT: a body of soft edges and noise in air, 512 by 512, 12 bits of 16.
fn slice() -> Frame {
    let mut state = 1_u32;
    let mut samples = Vec::new();
    for place in 0..512 * 512_i32 {
        let (x, y) = (place % 512 - 256, place / 512 - 256);
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let noise = (state >> 27) as i32;
        let body = if x * x + y * y * 2 < 40_000 { 1000 + (x / 3 * (y / 5)) % 97 } else { 0 };
        samples.extend(((body + noise).clamp(0, 4095) as u16).to_le_bytes());
    }
    let layout = Layout {
        rows: 512,
        columns: 512,
        samples: 1,
        bits_allocated: 16,
        bits_stored: 12,
        high_bit: 11,
        numbers: Numbers::Unsigned,
        planar: false,
        frames: 1,
        photometric: Photometric::Monochrome2,
    };
    Frame { layout, samples, is_lossy: false }
}

/// The slice as a picture of three colours.
fn colours() -> Picture {
    let samples = slice().samples.chunks(2).flat_map(|pair| [pair[0], pair[1] << 4, pair[0] / 2]).collect();
    Picture { columns: 512, rows: 512, channels: 3, samples }
}

#[divan::bench]
fn floor_memcpy(bencher: Bencher<'_, '_>) {
    let samples = slice().samples;
    bencher.counter(BytesCount::new(samples.len())).bench_local(|| black_box(samples.as_slice()).to_vec());
}

#[divan::bench(args = [RLE, JPEG_LOSSLESS, JPEG_LS])]
fn encoding(bencher: Bencher<'_, '_>, transfer_syntax: &str) {
    let frame = slice();
    bencher
        .counter(BytesCount::new(frame.samples.len()))
        .bench_local(|| encode(black_box(&frame), transfer_syntax).expect("encodable"));
}

#[divan::bench(args = [RLE, JPEG_LOSSLESS, JPEG_LS])]
fn decoding(bencher: Bencher<'_, '_>, transfer_syntax: &str) {
    let frame = slice();
    let coded = encapsulate(vec![encode(&frame, transfer_syntax).expect("encodable")]);
    let pixels = PixelData::of_fragments(frame.layout, &coded, transfer_syntax).expect("known");
    bencher
        .counter(BytesCount::new(frame.samples.len()))
        .bench_local(|| black_box(&pixels).decode(0).expect("our own"));
}

#[divan::bench]
fn decoding_jpeg_baseline_rgb(bencher: Bencher<'_, '_>) {
    let picture = colours();
    let jpeg: Bytes = picture.to_jpeg(90).expect("a JPEG").into();
    let coded = Fragments { offsets: Bytes::new(), fragments: vec![jpeg] };
    let layout = Layout {
        samples: 3,
        bits_allocated: 8,
        bits_stored: 8,
        high_bit: 7,
        photometric: Photometric::YbrFull,
        ..slice().layout
    };
    let pixels = PixelData::of_fragments(layout, &coded, uids::JPEG_BASELINE8_BIT).expect("known");
    bencher
        .counter(BytesCount::new(picture.samples.len()))
        .bench_local(|| black_box(&pixels).decode(0).expect("our own"));
}

/// The largest frame of a transfer syntax.
fn largest(transfer_syntax: &str) -> Option<references::Reference> {
    let all = references::all().into_iter().filter(|reference| reference.transfer_syntax == transfer_syntax);
    all.max_by_key(|reference| reference.frames.first().map_or(0, Vec::len))
}

/// The frame of lossless JPEG 2000 once more; the step of the irreversible transforms, or zero.
#[divan::bench(args = [0.0, 0.001], sample_count = 20)]
fn decoding_htj2k(bencher: Bencher<'_, '_>, step: f64) {
    let Some(reference) = largest(uids::JPEG2000_LOSSLESS) else { return };
    let pixels = PixelData::of(&reference.set, uids::JPEG2000_LOSSLESS, &Limits::default()).expect("pixels");
    let frame = pixels.decode(0).expect("a frame");
    let way = peers::Way { step, has_transform: frame.layout.samples == 3, ..peers::Way::default() };
    let Some(made) = peers::run(&[peers::Job::Encode(&frame, &way)]).pop() else { return };
    let coded = encapsulate(vec![made.coded.into()]);
    let pixels = PixelData::of_fragments(frame.layout, &coded, uids::HTJ2K).expect("known");
    bencher
        .counter(BytesCount::new(frame.samples.len()))
        .bench_local(|| black_box(&pixels).decode(0).expect("a frame"));
}

#[divan::bench(args = [uids::JPEG2000_LOSSLESS, uids::JPEG2000], sample_count = 5)]
fn decoding_jpeg_2000(bencher: Bencher<'_, '_>, transfer_syntax: &str) {
    let Some(reference) = largest(transfer_syntax) else { return };
    let pixels = PixelData::of(&reference.set, transfer_syntax, &Limits::default()).expect("pixels");
    bencher
        .counter(BytesCount::new(reference.frames[0].len()))
        .bench_local(|| black_box(&pixels).decode(0).expect("a frame"));
}

/// A window, 128 columns, JPEG of quality 80: what a list of studies shows.
#[divan::bench]
fn thumbnail(bencher: Bencher<'_, '_>) {
    let (frame, set) = (slice(), DataSet::new());
    let window = Window { center: 1000.0, width: 400.0, shape: Shape::Linear };
    let options = Options { window: Some(window), viewport: Some((128, 128)), ..Options::default() };
    bencher.bench_local(|| {
        render(black_box(&frame), &set, &options).and_then(|picture| picture.to_jpeg(80)).expect("shown")
    });
}

#[divan::bench]
fn whole_png(bencher: Bencher<'_, '_>) {
    let (frame, set) = (slice(), DataSet::new());
    bencher.bench_local(|| {
        render(black_box(&frame), &set, &Options::default())
            .and_then(|picture| picture.to_png())
            .expect("shown")
    });
}
