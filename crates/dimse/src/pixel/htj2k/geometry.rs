//! How a tile is divided (ITU-T T.800 | ISO/IEC 15444-1, Annex B): components, resolutions, bands, precincts,
//! code-blocks.

use std::ops::Range;

use super::header::{Codestream, Order, Parameters, Progression, Quantization, Style};
use super::packet::Tree;
use super::size::Size;
use super::wavelet::Extent;

/// Magnitudes, in halves and with a sign, are numbers of 32 bits.
const PLANES_MAX: u32 = 30;

/// Places from the first pair on, up to the second.
#[derive(Debug, Clone, Copy)]
pub(super) struct Area {
    pub x0: u64,
    pub y0: u64,
    pub x1: u64,
    pub y1: u64,
}

impl Area {
    /// The area of a tile on the reference grid (B.3).
    pub fn of_tile(size: &Size, index: usize) -> Self {
        let (across, index) = (size.tiles_across(), index as u64);
        let x = size.tile_x0 + index % across * size.tile_width;
        let y = size.tile_y0 + index / across * size.tile_height;
        Area {
            x0: x.max(size.x0),
            y0: y.max(size.y0),
            x1: (x + size.tile_width).min(size.x1),
            y1: (y + size.tile_height).min(size.y1),
        }
    }

    pub fn width(&self) -> usize {
        self.x1.saturating_sub(self.x0) as usize
    }

    pub fn height(&self) -> usize {
        self.y1.saturating_sub(self.y0) as usize
    }

    /// This area, halved so many times; a band's of high frequencies lies half a place further (equation B-15).
    fn scaled(&self, levels: u32, high: (bool, bool)) -> Self {
        let scaled = |place: u64, is_high: bool| {
            let shift = if is_high { 1 << (levels - 1) } else { 0 };
            (place.saturating_sub(shift) + (1 << levels) - 1) >> levels
        };
        Area {
            x0: scaled(self.x0, high.0),
            y0: scaled(self.y0, high.1),
            x1: scaled(self.x1, high.0),
            y1: scaled(self.y1, high.1),
        }
    }

    fn halved(&self) -> Self {
        Area { x0: self.x0 >> 1, y0: self.y0 >> 1, x1: self.x1 >> 1, y1: self.y1 >> 1 }
    }

    fn cut(&self, other: &Area) -> Self {
        Area {
            x0: self.x0.max(other.x0),
            y0: self.y0.max(other.y0),
            x1: self.x1.min(other.x1),
            y1: self.y1.min(other.y1),
        }
    }

    fn is_empty(&self) -> bool {
        self.x0 >= self.x1 || self.y0 >= self.y1
    }
}

/// A code-block, and what packets brought of it.
#[derive(Debug, Clone)]
pub(super) struct Block {
    /// Where it lies in the plane of its component, halves apart.
    pub x: usize,
    pub y: usize,
    pub width: u16,
    pub height: u16,
    /// Most significant bit-planes that are empty.
    pub empty_planes: u16,
    /// Passes so far, with those that only hold places.
    pub passes: u16,
    pub length_bits: u8,
    /// Whether a cleanup pass has come.
    pub is_begun: bool,
    /// The last cleanup segment, and which pass it is.
    pub cleanup: Range<usize>,
    pub cleanup_pass: u16,
    /// The segment that refines it, in two parts at most.
    pub refinement: [Range<usize>; 2],
    /// How many passes that has.
    pub refinement_passes: u8,
    /// Whether the set of passes that is being read is without bytes, so that the one before it counts.
    pub is_set_empty: bool,
}

/// The code-blocks of a band within a precinct.
#[derive(Debug)]
pub(super) struct Grid {
    pub blocks: Vec<Block>,
    pub inclusion: Tree,
    pub empty_planes: Tree,
}

/// A precinct: a grid for each band.
#[derive(Debug)]
pub(super) struct Precinct {
    pub grids: Vec<Grid>,
    /// Quality layers that were read.
    pub layers: u32,
}

/// A band: how many magnitude bits there are, and the size of a step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Band {
    pub planes: u32,
    pub step: f32,
}

/// A resolution of a component.
#[derive(Debug)]
pub(super) struct Resolution {
    pub extent: Extent,
    pub bands: Vec<Band>,
    pub precincts: Vec<Precinct>,
}

/// A component of a tile.
#[derive(Debug)]
pub(super) struct Component {
    pub area: Area,
    pub is_reversible: bool,
    pub is_causal: bool,
    pub resolutions: Vec<Resolution>,
}

/// Where a resolution lies, and how its precincts do.
struct Partition {
    area: Area,
    /// Levels below the component's full size.
    levels: u32,
    exponents: (u32, u32),
    across: u64,
    down: u64,
}

impl Partition {
    fn of(area: &Area, style: &Style, resolution: usize) -> Self {
        let levels = (style.levels - resolution) as u32;
        let area = area.scaled(levels, (false, false));
        let exponents = style.precincts[resolution];
        let exponents = (u32::from(exponents.0), u32::from(exponents.1));
        let count = |from: u64, to: u64, exponent: u32| match from < to {
            true => ((to - 1) >> exponent) - (from >> exponent) + 1,
            false => 0,
        };
        let across = count(area.x0, area.x1, exponents.0);
        let down = count(area.y0, area.y1, exponents.1);
        let is_empty = area.is_empty();
        let (across, down) = if is_empty { (0, 0) } else { (across, down) };
        Partition { area, levels, exponents, across, down }
    }

    /// The area of a precinct, before it is cut to the resolution.
    fn precinct(&self, index: u64) -> Area {
        let x = (self.area.x0 >> self.exponents.0) + index % self.across;
        let y = (self.area.y0 >> self.exponents.1) + index / self.across;
        Area {
            x0: x << self.exponents.0,
            y0: y << self.exponents.1,
            x1: (x + 1) << self.exponents.0,
            y1: (y + 1) << self.exponents.1,
        }
    }
}

/// How many precincts the components of a tile have.
pub(super) fn count_precincts(codestream: &Codestream, parameters: &Parameters, tile: &Area) -> u64 {
    let styles = (0..codestream.size.components).filter_map(|component| parameters.style(component));
    let partitions =
        styles.flat_map(|style| (0..=style.levels).map(|resolution| Partition::of(tile, style, resolution)));
    partitions.fold(0, |sum, partition| sum.saturating_add(partition.across.saturating_mul(partition.down)))
}

impl Component {
    /// Divides a component of a tile. Precincts must have been counted before.
    pub fn new(
        tile: Area,
        style: &Style,
        quantization: &Quantization,
        precision: u32,
    ) -> Result<Self, &'static str> {
        if quantization.is_reversible != style.is_reversible {
            return Err("a quantization that does not fit the wavelet");
        }
        let resolutions = (0..=style.levels)
            .map(|resolution| Resolution::new(&tile, style, quantization, precision, resolution))
            .collect::<Result<_, _>>()?;
        Ok(Component {
            area: tile,
            is_reversible: style.is_reversible,
            is_causal: style.is_causal,
            resolutions,
        })
    }
}

impl Band {
    /// The bits and the step of a band (equations E-2 to E-5).
    fn of(
        quantization: &Quantization,
        resolution: usize,
        kind: usize,
        precision: u32,
    ) -> Result<Self, &'static str> {
        let index = if resolution == 0 { 0 } else { resolution * 3 - 2 + kind };
        let missing = "quantization of fewer bands than there are";
        let (exponent, mantissa) = match quantization.is_derived {
            // The first band's exponent, less by one for each level above it.
            true => {
                let &(exponent, mantissa) = quantization.steps.first().ok_or(missing)?;
                let higher = resolution.saturating_sub(1) as u32;
                (u32::from(exponent).checked_sub(higher).ok_or("an exponent below zero")?, mantissa)
            }
            false => {
                let &(exponent, mantissa) = quantization.steps.get(index).ok_or(missing)?;
                (u32::from(exponent), mantissa)
            }
        };
        let planes = (quantization.guard_bits + exponent).saturating_sub(1);
        if planes > PLANES_MAX {
            return Err("more bit-planes than are supported");
        }
        let gain = match (resolution, kind) {
            (0, _) => 0,
            (_, 2) => 2,
            _ => 1,
        };
        let range = (precision + gain) as i32 - exponent as i32;
        let step = (range as f32).exp2() * (1.0 + f32::from(mantissa) / 2048.0);
        Ok(Band { planes, step })
    }
}

impl Resolution {
    fn new(
        tile: &Area,
        style: &Style,
        quantization: &Quantization,
        precision: u32,
        resolution: usize,
    ) -> Result<Self, &'static str> {
        let partition = Partition::of(tile, style, resolution);
        let kinds: &[(bool, bool)] = match resolution {
            0 => &[(false, false)],
            _ => &[(true, false), (false, true), (true, true)],
        };
        let is_split = resolution > 0;
        let levels = partition.levels + u32::from(is_split);
        let lower = tile.scaled(levels, (false, false));
        let block = (
            style.block.0.min(partition.exponents.0 - u32::from(is_split)),
            style.block.1.min(partition.exponents.1 - u32::from(is_split)),
        );
        let precincts = (0..partition.across * partition.down)
            .map(|index| {
                let area = partition.precinct(index);
                let grids = kinds.iter().map(|&high| {
                    let halved = if is_split { area.halved() } else { area };
                    let band = tile.scaled(levels, high);
                    let origin =
                        (if high.0 { lower.width() } else { 0 }, if high.1 { lower.height() } else { 0 });
                    Grid::new(&halved.cut(&band), block, &band, origin)
                });
                Precinct { grids: grids.collect(), layers: 0 }
            })
            .collect();
        let bands = (0..kinds.len())
            .map(|kind| Band::of(quantization, resolution, kind, precision))
            .collect::<Result<_, _>>()?;
        let area = partition.area;
        let extent = Extent {
            width: area.width(),
            height: area.height(),
            is_odd_x: area.x0 & 1 == 1,
            is_odd_y: area.y0 & 1 == 1,
        };
        Ok(Resolution { extent, bands, precincts })
    }
}

impl Grid {
    fn new(area: &Area, block: (u32, u32), band: &Area, origin: (usize, usize)) -> Self {
        if area.is_empty() {
            return Grid { blocks: Vec::new(), inclusion: Tree::new(0, 0), empty_planes: Tree::new(0, 0) };
        }
        let columns = area.x0 >> block.0..((area.x1 - 1) >> block.0) + 1;
        let rows = area.y0 >> block.1..((area.y1 - 1) >> block.1) + 1;
        let (across, down) = ((columns.end - columns.start) as usize, (rows.end - rows.start) as usize);
        let blocks =
            rows.flat_map(|row| columns.clone().map(move |column| (column, row))).map(|(column, row)| {
                let whole = Area {
                    x0: column << block.0,
                    y0: row << block.1,
                    x1: (column + 1) << block.0,
                    y1: (row + 1) << block.1,
                };
                let own = whole.cut(area);
                Block {
                    x: origin.0 + (own.x0 - band.x0) as usize,
                    y: origin.1 + (own.y0 - band.y0) as usize,
                    width: own.width() as u16,
                    height: own.height() as u16,
                    empty_planes: 0,
                    passes: 0,
                    length_bits: 3,
                    is_begun: false,
                    cleanup: 0..0,
                    cleanup_pass: 0,
                    refinement: [0..0, 0..0],
                    refinement_passes: 0,
                    is_set_empty: false,
                }
            });
        Grid {
            blocks: blocks.collect(),
            inclusion: Tree::new(across, down),
            empty_planes: Tree::new(across, down),
        }
    }
}

/// A precinct's place in the order of packets.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    pub component: usize,
    pub resolution: usize,
    pub precinct: usize,
    x: u64,
    y: u64,
}

/// The precincts of a tile, with their places on the reference grid (B.12.1.3).
pub(super) fn slots(codestream: &Codestream, parameters: &Parameters, tile: &Area) -> Vec<Slot> {
    let mut slots = Vec::new();
    for component in 0..codestream.size.components {
        let Some(style) = parameters.style(component) else { continue };
        for resolution in 0..=style.levels {
            let partition = Partition::of(tile, style, resolution);
            for index in 0..partition.across * partition.down {
                let precinct = partition.precinct(index);
                // Precincts that begin before the tile are met at its edge.
                slots.push(Slot {
                    component,
                    resolution,
                    precinct: index as usize,
                    x: (precinct.x0 << partition.levels).max(tile.x0),
                    y: (precinct.y0 << partition.levels).max(tile.y0),
                });
            }
        }
    }
    slots
}

/// The precincts of a progression in its order.
pub(super) fn ordered(slots: &[Slot], progression: &Progression) -> Vec<Slot> {
    let within = |slot: &&Slot| {
        progression.resolutions.contains(&slot.resolution) && progression.components.contains(&slot.component)
    };
    let mut slots: Vec<Slot> = slots.iter().filter(within).copied().collect();
    slots.sort_by_key(|slot| {
        let Slot { component, resolution, precinct, x, y } = *slot;
        let (component, resolution, precinct) = (component as u64, resolution as u64, precinct as u64);
        match progression.order {
            Order::LayerResolution | Order::ResolutionLayer => [resolution, component, precinct, 0, 0],
            Order::ResolutionPosition => [resolution, y, x, component, precinct],
            Order::PositionComponent => [y, x, component, resolution, precinct],
            Order::ComponentPosition => [component, y, x, resolution, precinct],
        }
    });
    slots
}

impl Order {
    /// Whether a layer goes over both of these precincts before the next one begins.
    pub fn shares_layers(self, one: &Slot, next: &Slot) -> bool {
        match self {
            Order::LayerResolution => true,
            Order::ResolutionLayer => one.resolution == next.resolution,
            _ => false,
        }
    }
}
