//! JPEG 2000 (ISO/IEC 15444-1), decoded by `hayro-jpeg2000`.
//!
//! That decoder allocates what the SIZ marker says, and as many precincts as there are. Both are read here before it
//! sees a byte: size, components and precision must be those of the data set, tiles and precincts are bounded, every
//! tile-part must be there. A panic within it becomes an error.
//!
//! Not supported: components of different sampling, more than 16 bits, and more than 32 quality layers. What says that it
//! takes Part 15 (HTJ2K) is for another decoder.

use std::panic::{AssertUnwindSafe, catch_unwind};

use hayro_jpeg2000::{DecodeSettings, DecoderContext, Image};

use super::codec::{Coded, Decoded};
use super::htj2k::size::{self, Size, number};
use super::jpeg::Flaw;
use super::layout::Layout;

const PRECINCTS_MAX: u64 = 1 << 20;

/// What the coding styles say.
struct Style {
    uses_transform: bool,
    is_irreversible: bool,
}

/// Decodes what the transfer syntax or the first bytes say is JPEG 2000.
pub(super) fn coded() -> Coded {
    Coded { name: "JPEG 2000", decode }
}

fn decode(bytes: &[u8], layout: &Layout) -> Result<Decoded, Flaw> {
    let begin = size::begin(bytes).ok_or(("no codestream", bytes.len()))?;
    let stream = &bytes[begin..];
    let moved = |(what, at): Flaw| (what, at + begin);
    let size = Size::read(stream, layout).map_err(moved)?;
    let style = check_segments(stream, &size, layout).map_err(moved)?;
    Size::check_bytes(layout, stream.len()).map_err(moved)?;
    // The decoder is of others, forbids unsafe code and keeps nothing between calls: what it leaves behind when it
    // panics is dropped with it.
    let samples = catch_unwind(AssertUnwindSafe(|| decode_components(stream, &size, layout)));
    let samples = samples.map_err(|_| ("the decoder gave up", begin))?.map_err(moved)?;
    Ok(Decoded {
        samples,
        precision: size.precision,
        is_signed: size.is_signed,
        photometric: size::photometric(layout, style.uses_transform),
        is_lossy: style.is_irreversible,
    })
}

fn decode_components(stream: &[u8], size: &Size, layout: &Layout) -> Result<Vec<u16>, Flaw> {
    let settings = DecodeSettings { resolve_palette_indices: false, strict: false, target_resolution: None };
    let image =
        Image::new(stream, &settings).map_err(|_| ("its main header is wrong or not supported", 0))?;
    let mut context = DecoderContext::default();
    let decoded = image.decode(&mut context).map_err(|_| ("its tiles are wrong or not supported", 0))?;
    let count = usize::from(layout.samples);
    let components = decoded.components();
    if components.len() != count || components.iter().any(|each| each.samples().len() != layout.pixels()) {
        return Err(("the decoded components are not those of the data set", 0));
    }
    // The decoder moves samples of both kinds to begin at zero; signed ones are moved back.
    let (offset, max) = match size.is_signed {
        true => ((1_i32 << (size.precision - 1)) as f32, ((1_i32 << (size.precision - 1)) - 1) as f32),
        false => (0.0, ((1_i32 << size.precision) - 1) as f32),
    };
    let mut samples = vec![0; layout.samples_per_frame()];
    for (index, component) in components.iter().enumerate() {
        for (to, &from) in samples.iter_mut().skip(index).step_by(count).zip(component.samples()) {
            *to = (from - offset).round().clamp(-offset, max) as i32 as u16;
        }
    }
    Ok(samples)
}

/// Walks over all marker segments and tile-parts: every tile-part must be there, coding styles must be bearable.
fn check_segments(stream: &[u8], size: &Size, layout: &Layout) -> Result<Style, Flaw> {
    let mut at = 2;
    let mut found = Style { uses_transform: false, is_irreversible: false };
    let mut tile_end = None;
    let mut tiles = 0;
    loop {
        let marker = match number::<2>(stream, at) {
            // A missing end of the codestream is no harm.
            Err(_) if tiles > 0 && tile_end.is_none() && at >= stream.len() => return Ok(found),
            marker => marker?,
        };
        match marker {
            0xFFD9 => return Ok(found),
            0xFF93 => {
                // SOD: the tile-part's data, up to its end.
                at = tile_end.take().ok_or(("data outside a tile-part", at))?;
                if at >= stream.len() {
                    return Ok(found);
                }
                continue;
            }
            0xFF30..=0xFF3F => {
                at += 2;
                continue;
            }
            0xFF50 => return Err(("an extension of the codestream that is not supported", at)),
            0xFF90 => {
                let length = number::<4>(stream, at + 6)? as usize;
                let end = if length == 0 { stream.len() } else { at.saturating_add(length) };
                if end > stream.len() || (length != 0 && length < 14) {
                    return Err(("ends within a tile-part", stream.len()));
                }
                tile_end = Some(end);
                tiles += 1;
            }
            0xFF52 => {
                found.uses_transform |= number::<1>(stream, at + 8)? == 1;
                found.is_irreversible |= number::<1>(stream, at + 13)? == 0;
                let style = number::<1>(stream, at + 4)?;
                check_precincts(stream, style, at + 9, size, layout)?;
            }
            0xFF53 => {
                let style = number::<1>(stream, at + 5)?;
                check_precincts(stream, style, at + 6, size, layout)?;
            }
            0xFF00..=0xFFFF => {}
            _ => return Err(("no marker where one belongs", at)),
        }
        at += 2 + (number::<2>(stream, at + 2)? as usize).max(2);
    }
}

/// How many precincts a coding style makes (Annex B.6), about.
fn check_precincts(stream: &[u8], style: u64, at: usize, size: &Size, layout: &Layout) -> Result<(), Flaw> {
    let levels = number::<1>(stream, at)?;
    if levels > 32 {
        return Err(("more decomposition levels than there can be", at));
    }
    let (columns, rows) = (u64::from(layout.columns), u64::from(layout.rows));
    let (tile_width, tile_height) = (size.tile_width.min(size.x1), size.tile_height.min(size.y1));
    let tiles = columns.div_ceil(tile_width) * rows.div_ceil(tile_height);
    let (width, height) = (tile_width.min(columns), tile_height.min(rows));
    let mut precincts = 0_u64;
    for resolution in 0..=levels {
        let (across, down) = match style & 1 {
            0 => (15, 15),
            _ => {
                let exponents = number::<1>(stream, at + 5 + resolution as usize)?;
                (exponents & 15, exponents >> 4)
            }
        };
        let scale = (levels - resolution).min(40);
        let of = |length: u64, exponent: u64| (length >> scale >> exponent) + 2;
        precincts += of(width, across) * of(height, down);
    }
    // Those of one tile lie in memory at once; those of all tiles take time.
    let all = precincts.saturating_mul(u64::from(layout.samples));
    let blocks = columns * rows / 16 + PRECINCTS_MAX;
    match all > PRECINCTS_MAX || all.saturating_mul(tiles) > blocks.saturating_mul(4) {
        true => Err(("more precincts than are sensible", at)),
        false => Ok(()),
    }
}
