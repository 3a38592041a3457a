//! Pixel data: against the decoders of others, through round trips, and with bytes that mean harm.

#![allow(clippy::print_stderr, reason = "what did not run is said aloud")]

#[path = "pixel/references.rs"]
mod references;

use klinke_dimse::pixel::render::{Options, render};
use klinke_dimse::pixel::{Frame, Limits, Photometric, PixelData};
use references::Reference;

/// The greatest difference of two samples; none where the frames have different sizes.
fn difference(reference: &Reference, ours: &klinke_dimse::pixel::Frame, theirs: &[u8]) -> Option<i64> {
    if ours.samples.len() != theirs.len() {
        eprintln!("{}: {} bytes, {} are expected", reference.name, ours.samples.len(), theirs.len());
        return None;
    }
    // The stored bits alone: what lies above them is kept by us, and overwritten by the reference.
    let (layout, spare) = (ours.layout, 63 - i64::from(ours.layout.high_bit));
    let number = |bytes: &[u8]| {
        let whole = bytes.iter().rev().fold(0_i64, |sum, &byte| sum << 8 | i64::from(byte)) << spare;
        let shift = 64 - i64::from(layout.bits_stored);
        if layout.is_signed() { whole >> shift } else { (whole as u64 >> shift) as i64 }
    };
    let width = ours.layout.sample_bytes();
    let pairs = ours.samples.chunks(width).zip(theirs.chunks(width));
    pairs.map(|(ours, theirs)| (number(ours) - number(theirs)).abs()).max()
}

/// The mean difference of bytes.
fn mean(ours: &[u8], theirs: &[u8]) -> f64 {
    let sum: u64 = ours.iter().zip(theirs).map(|(ours, theirs)| u64::from(ours.abs_diff(*theirs))).sum();
    sum as f64 / ours.len() as f64
}

/// What frames of a transfer syntax may differ by: a sample, and all on average. Cosine transforms round differently;
/// colours behind them multiply that, and chrominances are filled in by other means.
fn tolerance(transfer_syntax: &str, frame: &Frame) -> (i64, f64) {
    match (transfer_syntax, frame.layout.samples) {
        ("1.2.840.10008.1.2.4.50" | "1.2.840.10008.1.2.4.51", 1) => (2, 0.1),
        ("1.2.840.10008.1.2.4.50" | "1.2.840.10008.1.2.4.51", _) => (4, 0.5),
        ("1.2.840.10008.1.2.4.91", _) => (1, 0.5),
        _ => (0, 0.0),
    }
}

#[test]
fn frames_are_those_of_the_reference_decoders() {
    let mut wrong = Vec::new();
    for reference in references::all() {
        let decode = || {
            let pixels = PixelData::of(&reference.set, &reference.transfer_syntax, &Limits::default())?;
            (0..reference.frames.len() as u32)
                .map(|index| pixels.decode(index))
                .collect::<Result<Vec<_>, _>>()
        };
        match decode() {
            Err(error) if reference.fault.is_empty() => wrong.push(format!("{}: {error}", reference.name)),
            Err(error) => {
                eprintln!("{}: neither ({error}) nor the reference ({})", reference.name, reference.fault)
            }
            Ok(frames) => {
                for (ours, theirs) in frames.iter().zip(&reference.frames) {
                    let (greatest_max, mean_max) = tolerance(&reference.transfer_syntax, ours);
                    let (greatest, mean) =
                        (difference(&reference, ours, theirs), mean(&ours.samples, theirs));
                    let is_exact = greatest == Some(0);
                    let photometric = ours.layout.photometric.name();
                    if photometric != reference.photometric {
                        let theirs = &reference.photometric;
                        wrong.push(format!("{}: {photometric}, {theirs} is expected", reference.name));
                    }
                    if !is_exact
                        && (greatest.is_none_or(|greatest| greatest > greatest_max) || mean > mean_max)
                    {
                        let name = &reference.name;
                        wrong.push(format!(
                            "{name} {}: {greatest:?}, {mean} on average",
                            reference.transfer_syntax
                        ));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The samples of a binary PNM file: three lines, then bytes.
fn pnm(bytes: &[u8]) -> &[u8] {
    let mut ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at);
    &bytes[ends.nth(2).expect("three lines") + 1..]
}

#[test]
fn frames_are_shown_as_dcmtk_shows_them() {
    let mut wrong = Vec::new();
    let mut compared = 0;
    for reference in references::all().iter().filter(|reference| !reference.shown.is_empty()) {
        let pixels = PixelData::of(&reference.set, &reference.transfer_syntax, &Limits::default());
        let Ok(frame) = pixels.and_then(|pixels| pixels.decode(0)) else { continue };
        let picture = render(&frame, &reference.set, &Options::default());
        let theirs = pnm(&reference.shown);
        match picture {
            Ok(picture) if picture.samples.len() == theirs.len() => {
                let pairs = picture.samples.iter().zip(theirs);
                let greatest = pairs.map(|(ours, theirs)| ours.abs_diff(*theirs)).max().unwrap_or(0);
                compared += 1;
                // DCMTK turns luminance and chrominances into colours with less care.
                if greatest > if frame.layout.photometric == Photometric::YbrFull { 2 } else { 1 } {
                    wrong.push(format!(
                        "{}: {greatest}, {} on average",
                        reference.name,
                        mean(&picture.samples, theirs)
                    ));
                }
            }
            Ok(picture) => {
                wrong.push(format!("{}: {picture:?}, {} bytes are expected", reference.name, theirs.len()))
            }
            Err(error) => wrong.push(format!("{}: {error}", reference.name)),
        }
    }
    eprintln!("{compared} compared");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
