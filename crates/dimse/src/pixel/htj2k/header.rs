//! Marker segments (ITU-T T.800 | ISO/IEC 15444-1, Annex A; ITU-T T.814, Annex A): coding styles, quantization,
//! progressions, and where the data of each tile lie.

use std::ops::Range;
use std::rc::Rc;

use super::size::{Size, number};
use crate::pixel::jpeg::Flaw;

/// More changes of the progression than any image has use for.
const PROGRESSIONS_MAX: usize = 32;
/// A tile-part has SOT and SOD at least.
const TILE_PART_BYTES: u64 = 14;
/// A band of the lowest resolution, and three of each other.
const BANDS_MAX: usize = 3 * 32 + 1;

/// The order of packets (Annex B.12), by what changes last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    LayerResolution,
    ResolutionLayer,
    ResolutionPosition,
    PositionComponent,
    ComponentPosition,
}

impl Order {
    fn of(code: u64) -> Option<Self> {
        match code {
            0 => Some(Order::LayerResolution),
            1 => Some(Order::ResolutionLayer),
            2 => Some(Order::ResolutionPosition),
            3 => Some(Order::PositionComponent),
            4 => Some(Order::ComponentPosition),
            _ => None,
        }
    }
}

/// A part of the packets, and their order.
#[derive(Debug, Clone)]
pub(super) struct Progression {
    pub order: Order,
    pub resolutions: Range<usize>,
    pub components: Range<usize>,
    pub layers: u32,
}

/// How a component is coded (SPcod, SPcoc).
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    /// Decomposition levels.
    pub levels: usize,
    /// Exponents of the width and height of code-blocks.
    pub block: (u32, u32),
    pub is_causal: bool,
    pub is_reversible: bool,
    /// Exponents of the widths and heights of precincts, by resolution.
    pub precincts: [(u8, u8); 33],
}

/// How the bands of a component are quantized (Sqcd, Sqcc).
#[derive(Debug, Clone)]
pub(super) struct Quantization {
    pub is_reversible: bool,
    pub is_derived: bool,
    pub guard_bits: u32,
    /// Exponent and mantissa, by band.
    pub steps: Vec<(u8, u16)>,
}

/// Something that a marker segment said, and how particular it was: main header or tile, all components or one.
#[derive(Debug, Clone)]
struct Said<T> {
    what: Option<T>,
    rank: u8,
}

impl<T> Said<T> {
    fn put(&mut self, what: T, rank: u8) {
        if rank >= self.rank {
            *self = Said { what: Some(what), rank };
        }
    }
}

/// What is coded how, in a tile or in all.
#[derive(Debug, Clone)]
pub(super) struct Parameters {
    /// From COD: the order, the number of layers, whether components are transformed.
    general: Option<(Order, u32, bool)>,
    changes: Said<Vec<Progression>>,
    styles: Vec<Said<Rc<Style>>>,
    quantizations: Vec<Said<Rc<Quantization>>>,
}

/// A tile: what it says of itself, and where its data lie.
#[derive(Debug, Clone, Default)]
pub(super) struct Tile {
    parameters: Option<Box<Parameters>>,
    pub parts: Vec<Range<usize>>,
}

/// A codestream, read but for its packets.
#[derive(Debug)]
pub(super) struct Codestream {
    pub size: Size,
    parameters: Parameters,
    pub tiles: Vec<Tile>,
}

impl Parameters {
    fn new(components: usize) -> Self {
        Parameters {
            general: None,
            changes: Said { what: None, rank: 0 },
            styles: vec![Said { what: None, rank: 0 }; components],
            quantizations: vec![Said { what: None, rank: 0 }; components],
        }
    }

    pub fn layers(&self) -> u32 {
        self.general.map_or(0, |(_, layers, _)| layers)
    }

    pub fn uses_transform(&self) -> bool {
        self.general.is_some_and(|(_, _, uses_transform)| uses_transform)
    }

    pub fn style(&self, component: usize) -> Option<&Style> {
        self.styles[component].what.as_deref()
    }

    pub fn quantization(&self, component: usize) -> Option<&Quantization> {
        self.quantizations[component].what.as_deref()
    }

    /// All packets, part by part.
    pub fn progressions(&self) -> Vec<Progression> {
        match (&self.changes.what, self.general) {
            (Some(changes), _) => changes.clone(),
            (None, Some((order, layers, _))) => {
                vec![Progression { order, resolutions: 0..33, components: 0..self.styles.len(), layers }]
            }
            (None, None) => Vec::new(),
        }
    }

    /// Reads a marker segment of a header; those that say nothing of the coding are passed over.
    fn read(&mut self, marker: u64, stream: &[u8], at: usize, is_tile: bool) -> Result<(), Flaw> {
        let (all, one) = if is_tile { (2, 3) } else { (0, 1) };
        let payload = payload(stream, at)?;
        let short = |_: Flaw| ("a marker segment that is too short", at);
        match marker {
            0xFF52 => {
                let fields = [number::<1>(payload, 0), number::<1>(payload, 1), number::<2>(payload, 2)];
                let [style, order, layers] = fields;
                let order =
                    Order::of(order.map_err(short)?).ok_or(("a progression order that is none", at))?;
                let transform = number::<1>(payload, 4).map_err(short)?;
                let layers = layers.map_err(short)?;
                if layers == 0 || transform > 1 {
                    return Err(("no quality layers, or a transform of components that is none", at));
                }
                self.general = Some((order, layers as u32, transform == 1));
                let style = Style::read(payload, 5, style.map_err(short)? & 1 == 1, at)?;
                let style = Rc::new(style);
                self.styles.iter_mut().for_each(|said| said.put(style.clone(), all));
            }
            0xFF53 => {
                let has_precincts = number::<1>(payload, 1).map_err(short)? & 1 == 1;
                let style = Style::read(payload, 2, has_precincts, at)?;
                let component = self.component(payload, at)?;
                self.styles[component].put(Rc::new(style), one);
            }
            0xFF5C => {
                let quantization = Rc::new(Quantization::read(payload, at)?);
                self.quantizations.iter_mut().for_each(|said| said.put(quantization.clone(), all));
            }
            0xFF5D => {
                let component = self.component(payload, at)?;
                self.quantizations[component].put(Rc::new(Quantization::read(&payload[1..], at)?), one);
            }
            0xFF5F => {
                let changes = self.changes(payload, all, at)?;
                self.changes.put(changes, all);
            }
            0xFF5E => return Err(("regions of interest are not supported", at)),
            0xFF72..=0xFF79 => return Err(("an extension of the codestream that is not supported", at)),
            0xFF60 | 0xFF61 => return Err(("packet headers that are packed together are not supported", at)),
            _ => {}
        }
        Ok(())
    }

    /// The component of a segment that is of one; numbers of up to 256 take a byte.
    fn component(&self, payload: &[u8], at: usize) -> Result<usize, Flaw> {
        let component = number::<1>(payload, 0).map_err(|_| ("a marker segment that is too short", at))?;
        let component = component as usize;
        if component < self.styles.len() { Ok(component) } else { Err(("a component that is not there", at)) }
    }

    /// The changes of the progression with those of this segment. Those of a tile stand in place of those for all.
    fn changes(&self, payload: &[u8], rank: u8, at: usize) -> Result<Vec<Progression>, Flaw> {
        let before = self.changes.what.as_ref().filter(|_| self.changes.rank == rank);
        let mut changes = before.cloned().unwrap_or_default();
        for fields in payload.as_chunks::<7>().0 {
            let order = Order::of(fields[6].into()).ok_or(("a progression order that is none", at))?;
            let layers = u32::from(u16::from_be_bytes([fields[2], fields[3]]));
            let resolutions = fields[0].into()..fields[4].into();
            let components = fields[1].into()..usize::from(fields[5]).min(self.styles.len());
            changes.push(Progression { order, resolutions, components, layers });
        }
        match changes.len() > PROGRESSIONS_MAX {
            true => Err(("too many changes of the progression", at)),
            false => Ok(changes),
        }
    }
}

impl Style {
    fn read(payload: &[u8], from: usize, has_precincts: bool, at: usize) -> Result<Self, Flaw> {
        let Some(&[levels, width, height, style, transform]) = payload.get(from..from + 5) else {
            return Err(("a marker segment that is too short", at));
        };
        let block = (u32::from(width) + 2, u32::from(height) + 2);
        if levels > 32 {
            return Err(("more decomposition levels than there can be", at));
        }
        if block.0 > 10 || block.1 > 10 || block.0 + block.1 > 12 {
            return Err(("code-blocks larger than there can be", at));
        }
        match style & 0xC0 {
            0x40 => {}
            0xC0 => return Err(("code-blocks of both kinds are not supported", at)),
            _ => return Err(("code-blocks that are not of high throughput", at)),
        }
        if style & 0x37 != 0 || transform > 1 {
            return Err(("a code-block style or a wavelet that is not supported", at));
        }
        let mut precincts = [(15, 15); 33];
        if has_precincts {
            for (resolution, precinct) in precincts.iter_mut().enumerate().take(usize::from(levels) + 1) {
                let exponents = payload.get(from + 5 + resolution);
                let exponents = *exponents.ok_or(("a marker segment that is too short", at))?;
                *precinct = (exponents & 15, exponents >> 4);
                if resolution > 0 && (precinct.0 == 0 || precinct.1 == 0) {
                    return Err(("precincts smaller than there can be", at));
                }
            }
        }
        Ok(Style {
            levels: levels.into(),
            block,
            is_causal: style & 8 != 0,
            is_reversible: transform == 1,
            precincts,
        })
    }
}

impl Quantization {
    fn read(payload: &[u8], at: usize) -> Result<Self, Flaw> {
        let (&style, steps) = payload.split_first().ok_or(("a marker segment that is too short", at))?;
        let pair = |pair: &[u8; 2]| {
            let word = u16::from_be_bytes(*pair);
            ((word >> 11) as u8, word & 0x7FF)
        };
        let steps = match style & 31 {
            0 => steps.iter().map(|&step| (step >> 3, 0)).take(BANDS_MAX).collect(),
            1 | 2 => steps.as_chunks::<2>().0.iter().map(pair).take(BANDS_MAX).collect(),
            _ => return Err(("a quantization that is none", at)),
        };
        Ok(Quantization {
            is_reversible: style & 31 == 0,
            is_derived: style & 31 == 1,
            guard_bits: u32::from(style >> 5),
            steps,
        })
    }
}

/// The bytes of the marker segment whose marker is here, behind its length.
fn payload(stream: &[u8], at: usize) -> Result<&[u8], Flaw> {
    let length = number::<2>(stream, at + 2)? as usize;
    let end = at + 2 + length;
    stream.get(at + 4..end).ok_or(("a marker segment that is too short, or behind the end", at))
}

/// Whether a codestream says that it takes Part 15 (CAP, T.814, Annex A.3).
pub(super) fn is_high_throughput(stream: &[u8]) -> bool {
    let mut at = 2;
    loop {
        match number::<2>(stream, at) {
            Ok(0xFF50) => return number::<4>(stream, at + 4).is_ok_and(|parts| parts & 0x0002_0000 != 0),
            Ok(0xFF51..=0xFF8F) => {}
            _ => return false,
        }
        let Ok(payload) = payload(stream, at) else { return false };
        at += 4 + payload.len();
    }
}

impl Codestream {
    /// Reads all headers. Every tile must be there.
    pub fn read(stream: &[u8], size: Size) -> Result<Self, Flaw> {
        let tiles = size.tiles_across() * size.tiles_down();
        if tiles * TILE_PART_BYTES > stream.len() as u64 {
            return Err(("too few bytes for the number of tiles", stream.len()));
        }
        let parameters = Parameters::new(size.components);
        let mut codestream = Codestream { size, parameters, tiles: vec![Tile::default(); tiles as usize] };
        let mut at = 2;
        loop {
            // A missing end of the codestream is no harm, nor is padding in its place.
            let marker = if at + 2 > stream.len() { 0xFFD9 } else { number::<2>(stream, at)? };
            match marker {
                0xFFD9 => break,
                0xFF90 => {
                    at = codestream.tile_part(stream, at)?;
                    continue;
                }
                0xFF50..=0xFF8F => codestream.parameters.read(marker, stream, at, false)?,
                _ => return Err(("no marker where one belongs", at)),
            }
            at += 4 + payload(stream, at)?.len();
        }
        match codestream.tiles.iter().all(|tile| !tile.parts.is_empty()) {
            true => Ok(codestream),
            false => Err(("ends before all tiles are there", stream.len())),
        }
    }

    /// How a tile is coded.
    pub fn parameters<'a>(&'a self, tile: &'a Tile) -> &'a Parameters {
        tile.parameters.as_deref().unwrap_or(&self.parameters)
    }

    /// Reads the header of a tile-part; the place behind its data.
    fn tile_part(&mut self, stream: &[u8], begin: usize) -> Result<usize, Flaw> {
        if number::<2>(stream, begin + 2)? != 10 {
            return Err(("a marker segment that is too short, or behind the end", begin));
        }
        let (index, length) = (number::<2>(stream, begin + 4)?, number::<4>(stream, begin + 6)? as usize);
        let tile = self.tiles.get_mut(index as usize).ok_or(("a tile that is not there", begin))?;
        let end = match length {
            // Up to the end of the codestream.
            0 if stream.ends_with(&[0xFF, 0xD9]) => stream.len() - 2,
            0 => stream.len(),
            _ => begin.saturating_add(length),
        };
        if end > stream.len() || (length != 0 && length < TILE_PART_BYTES as usize) {
            return Err(("ends within a tile-part", stream.len()));
        }
        let mut at = begin + 12;
        loop {
            let marker = number::<2>(stream, at)?;
            match marker {
                0xFF93 => break,
                // Lengths of packets and comments change nothing.
                0xFF58 | 0xFF64 => {}
                0xFF50..=0xFF8F => {
                    let own = tile.parameters.get_or_insert_with(|| Box::new(self.parameters.clone()));
                    own.read(marker, stream, at, true)?;
                }
                _ => return Err(("no marker where one belongs", at)),
            }
            at += 4 + payload(stream, at)?.len();
        }
        at += 2;
        if at > end {
            return Err(("a tile-part that ends within its header", begin));
        }
        tile.parts.push(at..end);
        Ok(end)
    }
}
