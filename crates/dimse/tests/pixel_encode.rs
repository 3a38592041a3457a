//! Encoders: what they write, the decoders of others and our own read again.

#![allow(clippy::print_stderr, reason = "what did not run is said aloud")]

#[path = "pixel/references.rs"]
#[allow(dead_code, reason = "not all of it is of use here")]
mod references;

use klinke_dimse::pixel::{
    Error, Frame, Layout, Limits, Numbers, Photometric, PixelData, encapsulate, encode, transcode,
};
use klinke_dimse::{tags, uids};
use proptest::prelude::*;

const RLE: &str = uids::RLE_LOSSLESS;
const JPEG_LOSSLESS: &str = "1.2.840.10008.1.2.4.70";
const JPEG_LS: &str = uids::JPEGLS_LOSSLESS;

/// What the samples of a made frame look like.
#[derive(Debug, Clone, Copy)]
enum Pattern {
    Flat,
    Noise,
    Ramp,
    Steps,
}

fn layout(rows: u16, columns: u16, samples: u16, allocated: u16, stored: u16, signed: bool) -> Layout {
    Layout {
        rows,
        columns,
        samples,
        bits_allocated: allocated,
        bits_stored: stored,
        high_bit: stored - 1,
        numbers: if signed { Numbers::Signed } else { Numbers::Unsigned },
        planar: false,
        frames: 1,
        photometric: if samples == 1 { Photometric::Monochrome2 } else { Photometric::Rgb },
    }
}

fn frame(layout: Layout, pattern: Pattern, seed: u32) -> Frame {
    let mut state = seed | 1;
    let mut noise = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    };
    let mask = ((1_u64 << layout.bits_stored) - 1) as u32;
    let mut samples = Vec::new();
    for place in 0..layout.samples_per_frame() as u32 {
        let value = match pattern {
            Pattern::Flat => seed,
            Pattern::Noise => noise(),
            Pattern::Ramp => place.wrapping_mul(3).wrapping_add(noise() & 1),
            Pattern::Steps => (place / 37).wrapping_mul(mask / 5 + 1),
        } & mask;
        let spare = 32 - u32::from(layout.bits_stored);
        let value = if layout.is_signed() { ((value << spare) as i32 >> spare) as u32 } else { value };
        samples.extend(&value.to_le_bytes()[..layout.sample_bytes()]);
    }
    Frame { layout, samples, is_lossy: false }
}

fn patterns() -> impl Strategy<Value = Pattern> {
    prop_oneof![Just(Pattern::Flat), Just(Pattern::Noise), Just(Pattern::Ramp), Just(Pattern::Steps)]
}

fn layouts() -> impl Strategy<Value = Layout> {
    let size = (1_u16..70, 1_u16..70, prop_oneof![Just(1_u16), Just(3)]);
    let bits = prop_oneof![(Just(8_u16), 2_u16..=8), (Just(16_u16), 2_u16..=16)];
    (size, bits, any::<bool>()).prop_map(|((rows, columns, samples), (allocated, stored), signed)| {
        layout(rows, columns, samples, allocated, stored, signed)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_encoded_is_decoded_again(
        layout in layouts(),
        pattern in patterns(),
        seed in any::<u32>(),
        transfer_syntax in prop_oneof![Just(RLE), Just(JPEG_LOSSLESS), Just(JPEG_LS)],
    ) {
        let frame = frame(layout, pattern, seed);
        let coded = encapsulate(vec![encode(&frame, transfer_syntax).expect("encodable")]);
        let decoded = PixelData::of_fragments(layout, &coded, transfer_syntax).expect("known").decode(0);
        prop_assert_eq!(decoded.expect("our own").samples, frame.samples);
    }
}

fn record(out: &mut Vec<u8>, frame: &Frame, transfer_syntax: &str) {
    let layout = &frame.layout;
    let numbers = [
        layout.rows,
        layout.columns,
        layout.samples,
        layout.bits_allocated,
        layout.bits_stored,
        u16::from(layout.is_signed()),
        0,
        0,
    ];
    let numbers: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    let coded = encode(frame, transfer_syntax).expect("encodable");
    for block in
        [transfer_syntax.as_bytes(), layout.photometric.name().as_bytes(), &numbers, &coded, &frame.samples]
    {
        out.extend((block.len() as u32).to_le_bytes());
        out.extend(block);
    }
}

#[test]
fn decoders_of_others_read_what_we_encode() {
    let Some(mut python) = references::python() else {
        return references::absent("python3 with pydicom (KLINKE_PEERS_PYTHON)");
    };
    let mut out = Vec::new();
    let patterns = [Pattern::Flat, Pattern::Noise, Pattern::Ramp, Pattern::Steps];
    let kinds =
        [(1, 8, 8, false), (3, 8, 8, false), (1, 16, 12, false), (1, 16, 16, false), (1, 16, 16, true)];
    for (index, pattern) in patterns.into_iter().enumerate() {
        for (samples, allocated, stored, signed) in kinds {
            let layout = layout(41, 57 + index as u16, samples, allocated, stored, signed);
            for transfer_syntax in [RLE, JPEG_LOSSLESS, JPEG_LS] {
                record(&mut out, &frame(layout, pattern, 77 + index as u32), transfer_syntax);
            }
        }
        let wide = layout(13, 9, 1, 32, 32, false);
        record(&mut out, &frame(wide, pattern, 5), RLE);
    }
    let folder = std::env::temp_dir().join(format!("klinke-encoded-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("encoded.bin"), out).expect("written");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pixel/decode.py");
    let output = python.arg(script).arg(&folder).output().expect("python3 runs");
    std::fs::remove_dir_all(&folder).expect("our own folder");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (absent, wrong): (Vec<&str>, Vec<&str>) = said.lines().partition(|line| line.starts_with("absent: "));
    absent.iter().for_each(|line| references::absent(line.trim_start_matches("absent: ")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// All frames of a data set, decoded.
fn decoded(set: &klinke_dimse::data::DataSet, transfer_syntax: &str) -> Result<Vec<Frame>, Error> {
    let pixels = PixelData::of(set, transfer_syntax, &Limits::default())?;
    (0..pixels.layout().frames).map(|index| pixels.decode(index)).collect()
}

#[test]
fn transcoding_keeps_every_sample() {
    let native = [uids::IMPLICIT_VR_LITTLE_ENDIAN, uids::EXPLICIT_VR_LITTLE_ENDIAN];
    let mut done = 0;
    for reference in references::all() {
        let from = reference.transfer_syntax.as_str();
        let Ok(before) = decoded(&reference.set, from) else { continue };
        // Large ones take long in tests and show nothing that small ones don't.
        if before.iter().map(|frame| frame.samples.len()).sum::<usize>() > 4 << 20 {
            continue;
        }
        for to in [native[0], native[1], RLE, JPEG_LOSSLESS, JPEG_LS] {
            let name = format!("{} from {from} to {to}", reference.name);
            let change = match transcode(&reference.set, from, to, &Limits::default()) {
                Ok(change) => change,
                Err(Error::Encoding(_)) if !native.contains(&to) && stays_native(&before[0]) => continue,
                Err(error) => panic!("{name}: {error}"),
            };
            assert!(!native.contains(&from) || !change.is_lossy, "{name}");
            let mut set = reference.set.clone();
            change.apply(&mut set);
            let after = decoded(&set, to).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(before.len(), after.len(), "{name}");
            for (before, after) in before.iter().zip(&after) {
                assert!(before.samples == after.samples, "{name}: samples differ");
                assert_eq!(before.layout.photometric, after.layout.photometric, "{name}");
                let meaning = set.ascii(tags::PHOTOMETRIC_INTERPRETATION).map(Photometric::of);
                assert!(
                    from == to || native.contains(&from) || meaning == Some(after.layout.photometric),
                    "{name}"
                );
            }
            if before[0].is_lossy {
                assert!(from == to || set.ascii(tags::LOSSY_IMAGE_COMPRESSION) == Some("01"), "{name}");
            }
            done += 1;
        }
    }
    eprintln!("{done} transcoded");
}

/// One bit a pixel has no coded form, 32 have RLE alone.
fn stays_native(frame: &Frame) -> bool {
    frame.layout.bits_stored == 1 || frame.layout.bits_allocated == 32
}
