//! Presentation states: whatever one says, a small picture of a small image is made, and soon.
#![no_main]

use klinke_dimse::charset::Rules;
use klinke_dimse::data::{DataSet, Limits, read};
use klinke_dimse::pixel::render::state::{State, referenced};
use klinke_dimse::pixel::render::Options;
use klinke_dimse::pixel::{Frame, Layout, Numbers, Photometric};
use klinke_dimse::syntax::TransferSyntax;
use libfuzzer_sys::fuzz_target;

const SIDE: u16 = 12;

fuzz_target!(|input: &[u8]| {
    let limits = Limits { inflated: 1 << 20, ..Limits::default() };
    let set = read(input.to_vec(), &TransferSyntax::EXPLICIT, &limits).set;
    let Some(first) = referenced(&set).into_iter().next() else { return };
    let number = first.frames.first().copied().unwrap_or(1);
    let Some(state) = State::of(&set, &Rules::default(), &first.image, number) else { return };
    for photometric in [Photometric::Monochrome1, Photometric::Rgb] {
        let samples = if photometric == Photometric::Rgb { 3 } else { 1 };
        let layout = Layout {
            rows: SIDE,
            columns: SIDE,
            samples,
            bits_allocated: 8,
            bits_stored: 8,
            high_bit: 7,
            numbers: Numbers::Unsigned,
            planar: false,
            frames: 1,
            photometric,
        };
        let frame = Frame { layout, samples: vec![77; layout.frame_bytes()], is_lossy: false };
        let image = DataSet::new();
        let options = Options { overlays: true, viewport: Some((16, 16)), ..Options::default() };
        // A table that is wrong is no picture.
        let Ok(shown) = state.render(&frame, &image, &options) else { continue };
        assert!(shown.columns <= 16 && shown.rows <= 16);
        assert_eq!(shown.samples.len(), (shown.columns * shown.rows) as usize * shown.channels);
    }
});
