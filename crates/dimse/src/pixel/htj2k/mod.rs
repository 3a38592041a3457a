//! High-throughput JPEG 2000 (HTJ2K, ITU-T T.814 | ISO/IEC 15444-15): the codestream of JPEG 2000 (ITU-T T.800 |
//! ISO/IEC 15444-1) with another coder of code-blocks.
//!
//! All headers are read first: the size must be that of the data set, every tile must be there, and the bytes of a tile
//! must be enough for its packets. Tiles are then decoded one after the other. Not supported: code-blocks of Part 1
//! among those of high throughput, regions of interest, packet headers that are packed together, components of
//! different sampling or precision, more than 16 bits, and extensions of Part 2.

mod bits;
mod geometry;
mod header;
mod packet;
mod planes;
mod quads;
mod refine;
pub(super) mod size;
mod tables;
mod wavelet;

use geometry::{Area, Component, Slot};
use header::{Codestream, Parameters, Tile};
use planes::{Desk, Plane};
use size::Size;

use super::codec::{Coded, Decoded};
use super::jpeg::Flaw;
use super::layout::Layout;

/// More precincts than any tile has use for.
const PRECINCTS_MAX: u64 = 1 << 20;

/// Decodes what the codestream says is HTJ2K.
pub(super) fn coded() -> Coded {
    Coded { name: "HTJ2K", decode }
}

/// Whether bytes are a codestream, or have one in boxes, that says that it is HTJ2K.
pub(crate) fn is_high_throughput(bytes: &[u8]) -> bool {
    size::begin(bytes).is_some_and(|begin| header::is_high_throughput(&bytes[begin..]))
}

fn decode(bytes: &[u8], layout: &Layout) -> Result<Decoded, Flaw> {
    let begin = size::begin(bytes).ok_or(("no codestream", bytes.len()))?;
    let stream = &bytes[begin..];
    decode_stream(stream, layout).map_err(|(what, at)| (what, (at + begin).min(bytes.len())))
}

fn decode_stream(stream: &[u8], layout: &Layout) -> Result<Decoded, Flaw> {
    let size = Size::read(stream, layout)?;
    let codestream = Codestream::read(stream, size)?;
    Size::check_bytes(layout, stream.len())?;
    let mut samples = vec![0; layout.samples_per_frame()];
    let (mut uses_transform, mut is_lossy) = (false, false);
    let mut desk = Desk::default();
    for (index, tile) in codestream.tiles.iter().enumerate() {
        let parameters = codestream.parameters(tile);
        let components = read_tile(stream, &codestream, parameters, tile, index)?;
        uses_transform |= parameters.uses_transform();
        is_lossy |= components.iter().any(|component| !component.is_reversible);
        decode_tile(stream, &size, parameters, &components, &mut desk, &mut samples)
            .map_err(|(what, at)| (what, if at == 0 { tile.parts[0].start } else { at }))?;
    }
    Ok(Decoded {
        samples,
        precision: size.precision,
        is_signed: size.is_signed,
        photometric: size::photometric(layout, uses_transform),
        is_lossy,
    })
}

/// Reads all packets of a tile.
fn read_tile(
    stream: &[u8],
    codestream: &Codestream,
    parameters: &Parameters,
    tile: &Tile,
    index: usize,
) -> Result<Vec<Component>, Flaw> {
    let begin = tile.parts[0].start;
    let area = Area::of_tile(&codestream.size, index);
    // Each packet takes a byte at least.
    let precincts = geometry::count_precincts(codestream, parameters, &area);
    let bytes: usize = tile.parts.iter().map(|part| part.len()).sum();
    if precincts > PRECINCTS_MAX || precincts.saturating_mul(parameters.layers().into()) > bytes as u64 {
        return Err(("too few bytes for the packets of a tile, or too many precincts", begin));
    }
    let mut components = (0..codestream.size.components)
        .map(|index| {
            let style = parameters.style(index).ok_or("no coding style")?;
            let quantization = parameters.quantization(index).ok_or("no quantization")?;
            Component::new(area, style, quantization, codestream.size.precision)
        })
        .collect::<Result<Vec<_>, _>>()
        .map_err(|what| (what, begin))?;
    read_packets(stream, codestream, parameters, tile, &area, &mut components)?;
    let resolutions = components.iter().flat_map(|component| &component.resolutions);
    let mut precincts = resolutions.flat_map(|resolution| &resolution.precincts);
    match precincts.all(|precinct| precinct.layers == parameters.layers()) {
        true => Ok(components),
        false => Err(("progressions that leave out packets", begin)),
    }
}

fn read_packets(
    stream: &[u8],
    codestream: &Codestream,
    parameters: &Parameters,
    tile: &Tile,
    area: &Area,
    components: &mut [Component],
) -> Result<(), Flaw> {
    let mut parts = tile.parts.iter().cloned();
    let mut part = 0..0;
    let mut read = |slot: &Slot, layer: u32, components: &mut [Component]| {
        let resolution = &mut components[slot.component].resolutions[slot.resolution];
        if resolution.precincts[slot.precinct].layers != layer {
            // An earlier progression had it, or has left out one before it.
            return Ok(());
        }
        while part.is_empty() {
            part = parts.next().ok_or(("ends before all packets are there", stream.len()))?;
        }
        part.start = packet::read(&stream[..part.end], part.start, resolution, slot.precinct)?;
        Ok(())
    };
    let slots = geometry::slots(codestream, parameters, area);
    for progression in parameters.progressions() {
        let slots = geometry::ordered(&slots, &progression);
        for group in slots.chunk_by(|one, next| progression.order.shares_layers(one, next)) {
            for layer in 0..progression.layers.min(parameters.layers()) {
                for slot in group {
                    read(slot, layer, components)?;
                }
            }
        }
    }
    Ok(())
}

/// Decodes the code-blocks of a tile and puts its samples into those of the image.
fn decode_tile(
    stream: &[u8],
    size: &Size,
    parameters: &Parameters,
    components: &[Component],
    desk: &mut Desk,
    samples: &mut [u16],
) -> Result<(), Flaw> {
    let mut first = 0;
    if parameters.uses_transform() {
        let [one, two, three, ..] = components else {
            return Err(("a transform of three components, of which there are fewer", 0));
        };
        let mut planes =
            [Plane::of(stream, one, desk)?, Plane::of(stream, two, desk)?, Plane::of(stream, three, desk)?];
        if !planes::transform(&mut planes) {
            return Err(("a transform of components with different wavelets", 0));
        }
        for (index, (plane, component)) in planes.iter().zip(components).enumerate() {
            plane.store(size, component, index, samples);
        }
        first = 3;
    }
    for (index, component) in components.iter().enumerate().skip(first) {
        Plane::of(stream, component, desk)?.store(size, component, index, samples);
    }
    Ok(())
}
