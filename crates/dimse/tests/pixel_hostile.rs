//! Bytes that mean harm, or were damaged: errors come fast, memory stays bounded, nothing panics.

use std::alloc::{GlobalAlloc, Layout as Allocation, System};
use std::cell::Cell;
use std::time::{Duration, Instant};

use bytes::Bytes;
use klinke_dimse::data::{DataSet, Element, Fragments, Value};
use klinke_dimse::pixel::render::{Options, render};
use klinke_dimse::pixel::{Error, Frame, Layout, Limits, Numbers, Photometric, PixelData, encode, transcode};
use klinke_dimse::{VR, tags, uids};
use proptest::prelude::*;

/// Counts the most bytes that were asked for at once.
struct Counting;

thread_local! {
    static LARGEST: Cell<usize> = const { Cell::new(0) };
}

fn see(size: usize) {
    // A thread that ends has none any more.
    let _ = LARGEST.try_with(|largest| largest.set(largest.get().max(size)));
}

/// What this thread asked for at most since it was asked the last time.
fn largest() -> usize {
    LARGEST.replace(0)
}

#[allow(unsafe_code, reason = "an allocator can't be counted in another way")]
// SAFETY: every call goes to the allocator of the system as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Allocation) -> *mut u8 {
        see(layout.size());
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Allocation) -> *mut u8 {
        see(layout.size());
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Allocation) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

const RLE: &str = uids::RLE_LOSSLESS;
const JPEG: &str = uids::JPEG_BASELINE8_BIT;
const JPEG_LOSSLESS: &str = "1.2.840.10008.1.2.4.70";
const JPEG_LS: &str = uids::JPEGLS_LOSSLESS;
const JPEG_2000: &str = uids::JPEG2000_LOSSLESS;
const HTJ2K: &str = uids::HTJ2K_LOSSLESS;
const DEFLATED: &str = "1.2.840.10008.1.2.8.1";

/// JPEG 2000 of 64 by 64 pixels, grey, reversible: the sums of row and column, made with OpenJPEG.
const SMALL_JPEG_2000: &[u8] = include_bytes!("pixel/ramp.j2k");

/// The same as HTJ2K, made with OpenJPH.
const SMALL_HTJ2K: &[u8] = include_bytes!("pixel/ramp.j2c");

/// HTJ2K of 17 by 33 pixels in three components, with tiles, precincts and small code-blocks, made with OpenJPH.
const TILES_HTJ2K: &[u8] = include_bytes!("pixel/tiles.j2c");

fn layout(rows: u16, columns: u16, bits: u16) -> Layout {
    Layout {
        rows,
        columns,
        samples: 1,
        bits_allocated: bits,
        bits_stored: bits,
        high_bit: bits - 1,
        numbers: Numbers::Unsigned,
        planar: false,
        frames: 1,
        photometric: Photometric::Monochrome2,
    }
}

fn decode(layout: Layout, bytes: &[u8], transfer_syntax: &str) -> Result<Frame, Error> {
    let fragments = Fragments { offsets: Bytes::new(), fragments: vec![Bytes::copy_from_slice(bytes)] };
    PixelData::of_fragments(layout, &fragments, transfer_syntax)?.decode(0)
}

/// A frame of 64 by 64 pixels, coded.
fn coded(transfer_syntax: &str) -> Vec<u8> {
    let samples: Vec<u8> = (0..64 * 64).map(|place| (place / 64 + place % 64) as u8).collect();
    let frame = Frame { layout: layout(64, 64, 8), samples: samples.clone(), is_lossy: false };
    match transfer_syntax {
        JPEG => {
            let picture =
                klinke_dimse::pixel::render::Picture { columns: 64, rows: 64, channels: 1, samples };
            picture.to_jpeg(90).expect("a JPEG")
        }
        JPEG_2000 => SMALL_JPEG_2000.to_vec(),
        HTJ2K => SMALL_HTJ2K.to_vec(),
        DEFLATED => {
            let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
            std::io::Write::write_all(&mut encoder, &samples).expect("to memory");
            encoder.finish().expect("to memory")
        }
        _ => encode(&frame, transfer_syntax).expect("encodable").to_vec(),
    }
}

const ALL: [&str; 7] = [RLE, JPEG, JPEG_LOSSLESS, JPEG_LS, JPEG_2000, HTJ2K, DEFLATED];

#[test]
fn a_frame_that_is_cut_is_an_error_with_its_place() {
    for transfer_syntax in ALL {
        let whole = coded(transfer_syntax);
        decode(layout(64, 64, 8), &whole, transfer_syntax).expect("whole");
        // Markers at the end, padding, and what of the last code is padding can be missing without harm.
        for length in 0..whole.len() - 6 {
            match decode(layout(64, 64, 8), &whole[..length], transfer_syntax) {
                Ok(_) => panic!("{transfer_syntax}: {length} of {} bytes are enough", whole.len()),
                Err(Error::Frame { number, fault }) => {
                    assert_eq!((number, fault.of), (1, length));
                    assert!(fault.at <= length, "{transfer_syntax}: {fault}");
                }
                Err(error) => panic!("{transfer_syntax}: {error}"),
            }
        }
    }
}

#[test]
fn headers_of_another_size_are_refused_before_anything_is_allocated() {
    let large = [layout(65535, 65535, 8), layout(64, 65535, 8), layout(65535, 64, 8), layout(64, 63, 8)];
    for transfer_syntax in ALL {
        let whole = coded(transfer_syntax);
        for layout in large {
            largest();
            let begin = Instant::now();
            let result = decode(layout, &whole, transfer_syntax);
            // Deflated frames and RLE have no size of their own: fewer pixels than there are, are there.
            let is_less = layout.columns == 63 && matches!(transfer_syntax, RLE | DEFLATED);
            assert!(result.is_err() || is_less, "{transfer_syntax}");
            assert!(begin.elapsed() < Duration::from_secs(1));
            assert!(largest() < 4 << 20, "{transfer_syntax}");
        }
    }
}

/// Bytes of a header changed to these.
fn changed(mut bytes: Vec<u8>, after: &[u8], skip: usize, to: &[u8]) -> Vec<u8> {
    let at =
        bytes.windows(after.len()).position(|found| found == after).expect("the marker") + after.len() + skip;
    bytes[at..at + to.len()].copy_from_slice(to);
    bytes
}

#[test]
fn codestreams_with_huge_sizes_tiles_and_precincts_are_refused() {
    for small in [SMALL_JPEG_2000, SMALL_HTJ2K] {
        let huge = [0xFF, 0xFF, 0xFF, 0xFF];
        let siz = [0xFF, 0x51];
        let of = |skip, to: &[u8]| changed(small.to_vec(), &siz, skip, to);
        let mut streams =
            vec![of(4, &huge), of(8, &huge), of(20, &[0, 0, 0, 0]), of(38, &[37]), of(39, &[2, 2])];
        // The image moved far from the origin, its tiles of one sample.
        let far =
            [0xFF, 0xFF, 0xFF, 0xF0, 0xFF, 0xFF, 0xFF, 0xF0, 0xFF, 0xFF, 0xFF, 0xE0, 0xFF, 0xFF, 0xFF, 0xE0];
        streams.push(changed(of(4, &far), &siz, 20, &[0, 0, 0, 1, 0, 0, 0, 1]));
        for (index, stream) in streams.iter().enumerate() {
            largest();
            assert!(decode(layout(64, 64, 8), stream, JPEG_2000).is_err(), "stream {index}");
            assert!(largest() < 1 << 20, "stream {index}");
        }
        // Sizes that agree with the data set, but of nothing.
        let wide = changed(small.to_vec(), &siz, 4, &[0, 0, 0xFF, 0, 0, 0, 0xFF, 0]);
        let wide = changed(wide, &siz, 20, &[0, 0, 0xFF, 0, 0, 0, 0xFF, 0]);
        largest();
        assert!(decode(layout(0xFF00, 0xFF00, 8), &wide, JPEG_2000).is_err());
        assert!(largest() < 1 << 20);
    }
}

/// What is wrong with a codestream of HTJ2K.
fn fault(stream: &[u8]) -> &'static str {
    largest();
    let begin = Instant::now();
    let result = decode(layout(64, 64, 8), stream, HTJ2K);
    assert!(largest() < 1 << 20);
    assert!(begin.elapsed() < Duration::from_secs(1));
    match result {
        Err(Error::Frame { fault, .. }) => fault.what,
        Err(error) => panic!("{error}"),
        Ok(_) => "",
    }
}

#[test]
fn what_htj2k_may_have_and_we_do_not_decode_is_named() {
    let cod = |skip, to: &[u8]| changed(SMALL_HTJ2K.to_vec(), &[0xFF, 0x52], skip, to);
    assert_eq!(fault(&cod(0, &[])), "");
    assert_eq!(fault(&cod(3, &[5])), "a progression order that is none");
    assert_eq!(fault(&cod(4, &[0, 0])), "no quality layers, or a transform of components that is none");
    let few = "too few bytes for the packets of a tile, or too many precincts";
    assert_eq!(fault(&cod(4, &[0xFF, 0xFF])), few);
    assert_eq!(fault(&cod(6, &[1])), "a transform of three components, of which there are fewer");
    assert_eq!(fault(&cod(7, &[33])), "more decomposition levels than there can be");
    assert_eq!(fault(&cod(7, &[32])), "quantization of fewer bands than there are");
    assert_eq!(fault(&cod(8, &[8, 8])), "code-blocks larger than there can be");
    assert_eq!(fault(&cod(10, &[0])), "code-blocks that are not of high throughput");
    assert_eq!(fault(&cod(10, &[0xC0])), "code-blocks of both kinds are not supported");
    assert_eq!(fault(&cod(10, &[0x41])), "a code-block style or a wavelet that is not supported");
    assert_eq!(fault(&cod(11, &[0])), "a quantization that does not fit the wavelet");
    // Precincts of one sample would be read behind the segment's end.
    assert_eq!(fault(&cod(2, &[1])), "a marker segment that is too short");
    let qcd = |skip, to: &[u8]| changed(SMALL_HTJ2K.to_vec(), &[0xFF, 0x5C], skip, to);
    assert_eq!(fault(&qcd(3, &[0xF8])), "more bit-planes than are supported");
    // Segments put before the first tile-part.
    let with = |segment: &[u8]| {
        let tile = SMALL_HTJ2K.windows(2).position(|two| two == [0xFF, 0x90]).expect("a tile-part");
        [&SMALL_HTJ2K[..tile], segment, &SMALL_HTJ2K[tile..]].concat()
    };
    assert_eq!(fault(&with(&[0xFF, 0x64, 0, 4, 0, 1])), "");
    assert_eq!(fault(&with(&[0xFF, 0x5E, 0, 5, 0, 0, 7])), "regions of interest are not supported");
    let packed = "packet headers that are packed together are not supported";
    assert_eq!(fault(&with(&[0xFF, 0x60, 0, 3, 0])), packed);
    let extension = "an extension of the codestream that is not supported";
    assert_eq!(fault(&with(&[0xFF, 0x79, 0, 3, 0])), extension);
    assert_eq!(fault(&with(&[0xFF, 0x00])), "no marker where one belongs");
    let short = "a marker segment that is too short, or behind the end";
    assert_eq!(fault(&with(&[0xFF, 0x64, 0, 1])), short);
    assert_eq!(fault(&with(&[0xFF, 0x64, 0xFF, 0xFF])), short);
    // A change of the progression that ends before the last resolution.
    let changes = [0xFF, 0x5F, 0, 9, 0, 0, 0, 1, 3, 1, 0];
    assert_eq!(fault(&with(&changes)), "progressions that leave out packets");
    assert_eq!(fault(&with(&[0xFF, 0x5F, 0, 9, 0, 0, 0, 1, 33, 1, 4])), "");
}

#[test]
fn every_byte_of_htj2k_may_be_another() {
    let tiles = Layout { samples: 3, photometric: Photometric::Rgb, ..layout(33, 17, 8) };
    for (layout, whole) in [(layout(64, 64, 8), SMALL_HTJ2K), (tiles, TILES_HTJ2K)] {
        let expected = decode(layout, whole, HTJ2K).expect("whole");
        let begin = Instant::now();
        largest();
        for place in 0..whole.len() {
            for change in [0x01, 0x80, 0xFF, 0x5A] {
                let mut bytes = whole.to_vec();
                bytes[place] ^= change;
                if let Ok(frame) = decode(layout, &bytes, HTJ2K) {
                    assert_eq!(frame.samples.len(), expected.samples.len());
                }
            }
            if place + 6 < whole.len() {
                assert!(decode(layout, &whole[..place], HTJ2K).is_err());
            }
        }
        assert!(largest() < 1 << 20);
        assert!(begin.elapsed() < Duration::from_secs(60));
    }
}

#[test]
fn little_that_deflates_to_much_gives_no_more_than_the_frame() {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut encoder, &vec![0; 64 << 20]).expect("to memory");
    let bomb = encoder.finish().expect("to memory");
    largest();
    let frame = decode(layout(64, 64, 8), &bomb, DEFLATED).expect("the first bytes are a frame");
    assert_eq!(frame.samples.len(), 64 * 64);
    assert!(largest() < 1 << 20);
}

fn attributes() -> DataSet {
    let mut set = DataSet::new();
    set.put_us(tags::SAMPLES_PER_PIXEL, 1);
    set.put_us(tags::ROWS, 2);
    set.put_us(tags::COLUMNS, 2);
    set.put_us(tags::BITS_ALLOCATED, 8);
    set.put(Element::bytes(tags::PIXEL_DATA, VR::OW, vec![1, 2, 3, 4]));
    set
}

#[test]
fn attributes_that_contradict_each_other_are_named() {
    let fault = |tag, value: u16| {
        let mut set = attributes();
        set.put_us(tag, value);
        match PixelData::of(&set, uids::EXPLICIT_VR_LITTLE_ENDIAN, &Limits::default()) {
            Err(Error::Attribute { tag, .. }) => Some(tag),
            Err(error) => panic!("{error}"),
            Ok(_) => None,
        }
    };
    assert_eq!(fault(tags::ROWS, 2), None);
    assert_eq!(fault(tags::ROWS, 0), Some(tags::ROWS));
    assert_eq!(fault(tags::COLUMNS, 0), Some(tags::COLUMNS));
    assert_eq!(fault(tags::SAMPLES_PER_PIXEL, 2), Some(tags::SAMPLES_PER_PIXEL));
    assert_eq!(fault(tags::BITS_ALLOCATED, 24), Some(tags::BITS_ALLOCATED));
    assert_eq!(fault(tags::BITS_STORED, 9), Some(tags::BITS_STORED));
    assert_eq!(fault(tags::HIGH_BIT, 8), Some(tags::HIGH_BIT));
    assert_eq!(fault(tags::ROWS, 3), Some(tags::PIXEL_DATA));
    let mut set = attributes();
    set.remove(tags::ROWS);
    let error = Layout::of(&set, &Limits::default()).expect_err("no Rows");
    assert_eq!(error.to_string(), "Rows (0028,0010): absent");
    set.put_us(tags::ROWS, 65535);
    set.put_us(tags::COLUMNS, 65535);
    assert!(matches!(Layout::of(&set, &Limits::default()), Err(Error::TooLarge { .. })));
    set.put_us(tags::ROWS, 1);
    set.put_us(tags::COLUMNS, 1);
    set.put_ascii(tags::NUMBER_OF_FRAMES, VR::IS, "2147483647");
    assert!(Layout::of(&set, &Limits::default()).is_err());
}

#[test]
fn frames_that_are_not_there_are_errors() {
    let mut set = attributes();
    set.put_ascii(tags::NUMBER_OF_FRAMES, VR::IS, "3");
    set.put(Element::bytes(tags::PIXEL_DATA, VR::OW, vec![0; 9]));
    let pixels =
        PixelData::of(&set, uids::EXPLICIT_VR_LITTLE_ENDIAN, &Limits::default()).expect("two frames");
    assert_eq!(pixels.frames(), 2);
    assert!(pixels.decode(1).is_ok());
    assert_eq!(pixels.decode(2).expect_err("none"), Error::NoFrame { number: 3, frames: 2 });
    assert!(pixels.decode(u32::MAX).is_err());
    let empty = Element { tag: tags::PIXEL_DATA, vr: VR::OB, value: Value::Fragments(Fragments::default()) };
    set.put(empty);
    let pixels = PixelData::of(&set, RLE, &Limits::default()).expect("no frame");
    assert!(pixels.decode(0).is_err());
    set.put(Element::sequence(tags::PIXEL_DATA, vec![DataSet::new()]));
    assert!(PixelData::of(&set, RLE, &Limits::default()).is_err());
    let video = "1.2.840.10008.1.2.4.102";
    let fragments = Fragments { offsets: Bytes::new(), fragments: vec![Bytes::from_static(b"ab")] };
    assert!(matches!(PixelData::of_fragments(layout(1, 1, 8), &fragments, video), Err(Error::Syntax(_))));
    assert!(matches!(transcode(&set, RLE, video, &Limits::default()), Err(Error::Syntax(_))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn damaged_frames_do_no_harm(
        which in 0..ALL.len(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        bits in prop_oneof![Just(8_u16), Just(16)],
    ) {
        let mut bytes = coded(ALL[which]);
        for (place, byte) in damage {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        largest();
        if let Ok(frame) = decode(layout(64, 64, bits), &bytes, ALL[which]) {
            prop_assert_eq!(frame.samples.len(), frame.layout.frame_bytes());
            prop_assert!(render(&frame, &DataSet::new(), &Options::default()).is_ok());
        }
        prop_assert!(largest() < 8 << 20);
    }

    #[test]
    fn damaged_tiles_of_htj2k_do_no_harm(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
    ) {
        let mut bytes = TILES_HTJ2K.to_vec();
        for (place, byte) in damage {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        largest();
        let layout = Layout { samples: 3, photometric: Photometric::Rgb, ..layout(33, 17, 8) };
        if let Ok(frame) = decode(layout, &bytes, HTJ2K) {
            prop_assert_eq!(frame.samples.len(), frame.layout.frame_bytes());
        }
        prop_assert!(largest() < 1 << 20);
    }

    #[test]
    fn any_bytes_do_no_harm(which in 0..ALL.len(), bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = decode(layout(64, 64, 8), &bytes, ALL[which]);
    }

    #[test]
    fn any_attributes_do_no_harm(
        numbers in prop::collection::vec(any::<u16>(), 12),
        pixels in prop::collection::vec(any::<u8>(), 0..600),
    ) {
        let mut set = attributes();
        let tags = [
            tags::SAMPLES_PER_PIXEL, tags::ROWS, tags::COLUMNS, tags::BITS_ALLOCATED, tags::BITS_STORED, tags::HIGH_BIT,
            tags::PIXEL_REPRESENTATION, tags::PLANAR_CONFIGURATION,
        ];
        for (index, tag) in tags.into_iter().enumerate() {
            let modulus = [5, 40, 40, 33, 33, 33, 2, 2][index];
            set.put_us(tag, numbers[index] % modulus);
        }
        let photometrics = ["MONOCHROME1", "PALETTE COLOR", "RGB", "YBR_FULL_422", "YBR_PARTIAL_420", "YBR_FULL"];
        set.put_ascii(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, photometrics[usize::from(numbers[8]) % 6]);
        set.put_us(klinke_dimse::Tag(0x6000, 0x0010), numbers[9] % 50);
        set.put_us(klinke_dimse::Tag(0x6000, 0x0011), numbers[10] % 50);
        set.put(Element::bytes(klinke_dimse::Tag(0x6000, 0x0050), VR::SS, pixels.clone()));
        set.put(Element::bytes(klinke_dimse::Tag(0x6000, 0x3000), VR::OW, pixels.clone()));
        set.put(Element::bytes(tags::PIXEL_DATA, VR::OW, pixels));
        let from = uids::EXPLICIT_VR_LITTLE_ENDIAN;
        if let Ok(pixel_data) = PixelData::of(&set, from, &Limits::default())
            && let Ok(frame) = pixel_data.decode(0)
        {
            let viewport = Some((u32::from(numbers[11] % 9), u32::from(numbers[11] / 9 % 9)));
            let options = Options { overlays: true, viewport, ..Options::default() };
            if let Ok(picture) = render(&frame, &set, &options) {
                prop_assert!(picture.to_png().is_ok());
                prop_assert!(picture.to_jpeg(50).is_ok());
            }
        }
        for to in [RLE, JPEG_LOSSLESS, JPEG_LS, uids::IMPLICIT_VR_LITTLE_ENDIAN] {
            let _ = transcode(&set, from, to, &Limits::default());
        }
    }
}
