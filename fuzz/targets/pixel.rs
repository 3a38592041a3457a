//! Pixel data: any bytes are a frame or a fault, of every coding; what is encoded and then damaged does no harm; what is
//! encoded and left alone is decoded to itself.
#![no_main]

use std::sync::Once;

use klinke_dimse::data::{DataSet, Element, Fragments};
use klinke_dimse::pixel::render::{Options, Picture, render};
use klinke_dimse::pixel::{Frame, Layout, Limits, Numbers, Photometric, PixelData, encapsulate, encode};
use klinke_dimse::{Tag, VR};
use libfuzzer_sys::fuzz_target;

const SYNTAXES: [&str; 9] = [
    "1.2.840.10008.1.2.5",
    "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.51",
    "1.2.840.10008.1.2.4.90",
    "1.2.840.10008.1.2.8.1",
    "1.2.840.10008.1.2.2",
    "1.2.840.10008.1.2.4.203",
];

static HOOK: Once = Once::new();

/// Panics of the decoder that is not ours are caught by the crate; all others end the run.
fn allow_foreign_panics() {
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !info.location().is_some_and(|location| location.file().contains("hayro-jpeg2000")) {
                before(info);
            }
        }));
    });
}

fn layout(head: [u8; 4]) -> Layout {
    let (samples, bits) = (if head[0] & 0x80 == 0 { 1 } else { 3 }, if head[1] & 0x80 == 0 { 8 } else { 16 });
    let stored = u16::from(head[3] & 15) % bits + 1;
    Layout {
        rows: u16::from(head[1] & 63) + 1,
        columns: u16::from(head[2] & 63) + 1,
        samples,
        bits_allocated: bits,
        bits_stored: stored,
        high_bit: stored - 1,
        numbers: if head[3] & 16 == 0 { Numbers::Unsigned } else { Numbers::Signed },
        planar: head[3] & 32 != 0,
        frames: 1 + u32::from(head[3] >> 6),
        photometric: if samples == 1 { Photometric::Monochrome2 } else { Photometric::YbrFull },
    }
}

fn decode(layout: Layout, fragments: &Fragments, syntax: &str) {
    let Ok(pixels) = PixelData::of_fragments(layout, fragments, syntax) else { return };
    for index in 0..layout.frames {
        let Ok(frame) = pixels.decode(index) else { continue };
        assert_eq!(frame.samples.len(), frame.layout.frame_bytes());
        let options = Options { viewport: Some((20, 20)), ..Options::default() };
        let _ = render(&frame, &DataSet::new(), &options);
    }
}

/// Encodes, decodes, and damages the code by pairs of place and byte.
fn round_trip(layout: Layout, syntax: &str, damage: &[u8], rest: &[u8]) {
    let layout = Layout { planar: false, frames: 1, ..layout };
    let mut samples: Vec<u8> = rest.to_vec();
    samples.resize(layout.frame_bytes(), 0);
    let mut code = match syntax {
        "1.2.840.10008.1.2.4.50" if layout.bits_allocated == 8 => {
            let (columns, rows) = (u32::from(layout.columns), u32::from(layout.rows));
            let picture = Picture { columns, rows, channels: usize::from(layout.samples), samples };
            picture.to_jpeg(damage[0]).expect("a picture")
        }
        _ => {
            let frame = Frame { layout, samples, is_lossy: false };
            let Ok(code) = encode(&frame, syntax) else { return };
            let fragments = encapsulate(vec![code.clone()]);
            let decoded = PixelData::of_fragments(layout, &fragments, syntax).expect("known").decode(0);
            let decoded = decoded.expect("our own").samples;
            // Above the stored bits, decoders carry the sign up.
            assert!(decoded == frame.samples || layout.numbers == Numbers::Signed);
            code.to_vec()
        }
    };
    for place in damage.as_chunks::<3>().0 {
        let length = code.len();
        code[usize::from(u16::from_le_bytes([place[0], place[1]])) % length] = place[2];
    }
    decode(layout, &encapsulate(vec![code.into()]), syntax);
}

fuzz_target!(|bytes: &[u8]| {
    allow_foreign_panics();
    let Some((&head, rest)) = bytes.split_first_chunk::<4>() else { return };
    let syntax = if head[0] & 0x20 == 0 { SYNTAXES[usize::from(head[0] & 7)] } else { SYNTAXES[8] };
    let layout = layout(head);
    if layout.check(&Limits::default()).is_err() {
        return;
    }
    match head[0] >> 3 & 3 {
        0 => decode(layout, &encapsulate(vec![rest.to_vec().into()]), syntax),
        1 => {
            let fragments =
                rest.chunks(usize::from(head[3]) + 1).map(|chunk| chunk.to_vec().into()).collect();
            decode(layout, &Fragments { offsets: rest[..rest.len() / 2].to_vec().into(), fragments }, syntax);
        }
        2 => {
            let Some((damage, rest)) = rest.split_first_chunk::<9>() else { return };
            round_trip(layout, syntax, damage, rest);
        }
        _ => {
            let mut set = DataSet::new();
            for (index, chunk) in rest.chunks(24).enumerate().take(20) {
                let (group, element) =
                    if index < 12 { (0x0028, 0x1101 + index as u16 * 0x20) } else { (0x6000, 0x10) };
                set.put(Element::bytes(Tag(group, element + index as u16 % 3), VR::US, chunk.to_vec()));
            }
            let photometric =
                if head[3] & 1 == 0 { Photometric::PaletteColor } else { Photometric::Monochrome1 };
            let layout = Layout { samples: 1, planar: false, frames: 1, photometric, ..layout };
            let mut samples = rest.to_vec();
            samples.resize(layout.frame_bytes(), 1);
            let options = Options { overlays: true, ..Options::default() };
            let _ = render(&Frame { layout, samples, is_lossy: false }, &set, &options);
        }
    }
});
