//! A frame as the viewer (`crates/console/src/assets/viewer.js`) reads it.
//!
//! | bytes | what |
//! |---|---|
//! | 4 | length of the head, little endian |
//! | … | the head: JSON |
//! | … | samples: of 8 bits each the difference to the one before (of the same colour); of 16 bits the low bytes of the differences, then the high bytes |
//! | … | one byte a pixel where an overlay is drawn, if the head says so |
//!
//! All of it is compressed as gzip (RFC 1952). Differences make CT and MR a third smaller than the samples themselves.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use klinke_archive::image::geometry::{position, regions, sides, spacing};
use klinke_archive::image::{self, Error, Source, with_groups};
use klinke_console::house::encode;
use klinke_dimse::pixel::Limits;
use klinke_dimse::pixel::render::{Shape, Values, Window};
use serde_json::{Value, json};

/// A frame, counted from 1, with every `by` times `by` pixels as one.
pub fn frame(source: &Source, number: u32, by: u32, limits: &Limits) -> image::Result<Bytes> {
    let one = image::one(source, number, limits)?;
    let decoded = one.data(source.syntax(), limits)?.decode(one.index).map_err(Error::Pixels)?;
    let whole = [decoded.layout.columns, decoded.layout.rows];
    let shown = with_groups(&source.set, number);
    let values = Values::of(&decoded, &shown, number - 1).map_err(Error::Pixels)?;
    drop(decoded);
    let values = values.reduced(by);
    let head = head(source, number, &values, whole).to_string();
    let mut out = GzEncoder::new(Vec::with_capacity(values.samples.len() / 2), Compression::fast());
    let write = |out: &mut GzEncoder<Vec<u8>>| {
        out.write_all(&(head.len() as u32).to_le_bytes())?;
        out.write_all(head.as_bytes())?;
        out.write_all(&differences(&values))?;
        out.write_all(values.overlay.as_deref().unwrap_or_default())
    };
    // Writing into memory does not fail.
    write(&mut out).and_then(|()| out.finish()).map(Bytes::from).map_err(Error::from)
}

fn head(source: &Source, number: u32, values: &Values, whole: [u16; 2]) -> Value {
    let set = &source.set;
    let spacing = spacing(set, number);
    let regions = regions(set);
    let windows = values.windows.iter().map(|(name, window)| self::window(name, window));
    json!({
        "columns": values.columns,
        "rows": values.rows,
        "whole": whole,
        "by": (u32::from(whole[0]) / values.columns.max(1)).max(1),
        "channels": values.channels,
        "bytes": values.sample_bytes,
        "slope": values.slope,
        "intercept": values.intercept,
        "least": values.range.0,
        "most": values.range.1,
        "inverted": values.is_inverted,
        "windows": windows.collect::<Vec<_>>(),
        "curve": values.curve.as_ref().map(|one| json!({ "first": one.first, "greys": encode(&one.greys) })),
        "overlay": values.overlay.is_some(),
        // Pixels that are not square by their sizes are not square on the screen either.
        "ratio": spacing.map_or(values.ratio, |one| (one.rows / one.columns).clamp(0.1, 10.0)),
        "spacing": spacing.map(|one| json!({ "rows": one.rows, "columns": one.columns, "said": one.said.name() })),
        "regions": regions.iter().map(|one| json!({ "place": one.place, "rows": one.rows, "columns": one.columns })).collect::<Vec<_>>(),
        "sides": sides(set, number),
        "position": position(set, number),
    })
}

fn window(name: &str, window: &Window) -> Value {
    let shape = match window.shape {
        Shape::Linear => "linear",
        Shape::LinearExact => "linear-exact",
        Shape::Sigmoid => "sigmoid",
    };
    json!({ "name": name, "center": window.center, "width": window.width, "shape": shape })
}

fn differences(values: &Values) -> Vec<u8> {
    let samples = &values.samples;
    if values.sample_bytes == 1 {
        let before = |at: usize| at.checked_sub(values.channels).map_or(0, |at| samples[at]);
        return samples.iter().enumerate().map(|(at, sample)| sample.wrapping_sub(before(at))).collect();
    }
    let words = samples.as_chunks::<2>().0;
    let mut out = vec![0; samples.len()];
    let (low, high) = out.split_at_mut(words.len());
    let mut before = 0_u16;
    for ((word, low), high) in words.iter().zip(low).zip(high) {
        let sample = u16::from_le_bytes(*word);
        [*low, *high] = sample.wrapping_sub(before).to_le_bytes();
        before = sample;
    }
    out
}
