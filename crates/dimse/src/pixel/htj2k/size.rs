//! The SIZ marker segment (ITU-T T.800 | ISO/IEC 15444-1, Annex A.5.1), held against the data set.

use crate::pixel::jpeg::Flaw;
use crate::pixel::layout::{Layout, Photometric};

const TILES_MAX: u64 = 65_535;
/// An image without content takes next to no bytes; a large one is not believed to be one.
const BYTES_FREE: usize = 64 << 20;
const RATIO_MAX: usize = 8192;

/// What the SIZ marker says: the image and its tiles on the reference grid, and the components, which are all alike.
#[derive(Debug, Clone, Copy)]
pub(in crate::pixel) struct Size {
    pub x0: u64,
    pub y0: u64,
    pub x1: u64,
    pub y1: u64,
    pub tile_width: u64,
    pub tile_height: u64,
    pub tile_x0: u64,
    pub tile_y0: u64,
    pub components: usize,
    pub precision: u32,
    pub is_signed: bool,
}

/// A number of N bytes, the most significant first.
pub(in crate::pixel) fn number<const N: usize>(bytes: &[u8], at: usize) -> Result<u64, Flaw> {
    let field = bytes.get(at..at.saturating_add(N)).ok_or(("ends within its header", bytes.len()))?;
    Ok(field.iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte)))
}

/// Where the codestream begins: with the first byte, or within the boxes of a file.
pub(in crate::pixel) fn begin(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|four| four == [0xFF, 0x4F, 0xFF, 0x51])
}

impl Size {
    /// Reads the segment of a codestream.
    pub fn read(stream: &[u8], layout: &Layout) -> Result<Self, Flaw> {
        let word = |index: usize| number::<4>(stream, 8 + index * 4);
        let [x1, y1, x0, y0, tile_width, tile_height, tile_x0, tile_y0] =
            [word(0)?, word(1)?, word(2)?, word(3)?, word(4)?, word(5)?, word(6)?, word(7)?];
        if x1.checked_sub(x0) != Some(u64::from(layout.columns)) {
            return Err(("the codestream's width is not Columns (0028,0011)", 8));
        }
        if y1.checked_sub(y0) != Some(u64::from(layout.rows)) {
            return Err(("the codestream's height is not Rows (0028,0010)", 12));
        }
        if number::<2>(stream, 40)? != u64::from(layout.samples) {
            return Err(("the codestream's components are not Samples per Pixel (0028,0002)", 40));
        }
        // The first tile must hold the image's first sample (Annex B.3).
        let is_tiled = tile_width > 0 && tile_height > 0 && tile_x0 <= x0 && tile_y0 <= y0;
        if !is_tiled || tile_x0 + tile_width <= x0 || tile_y0 + tile_height <= y0 {
            return Err(("the codestream's tiles do not cover the image", 24));
        }
        let (precision, is_signed) = components(stream, layout)?;
        let components = usize::from(layout.samples);
        let size = Size {
            x0,
            y0,
            x1,
            y1,
            tile_width,
            tile_height,
            tile_x0,
            tile_y0,
            components,
            precision,
            is_signed,
        };
        match size.tiles_across() * size.tiles_down() > TILES_MAX {
            true => Err(("more tiles than a codestream can have", 24)),
            false => Ok(size),
        }
    }

    /// How many tiles lie beside each other.
    pub fn tiles_across(&self) -> u64 {
        (self.x1 - self.tile_x0).div_ceil(self.tile_width)
    }

    /// How many tiles lie below each other.
    pub fn tiles_down(&self) -> u64 {
        (self.y1 - self.tile_y0).div_ceil(self.tile_height)
    }

    /// That a frame of the layout can be in so many bytes.
    pub fn check_bytes(layout: &Layout, bytes: usize) -> Result<(), Flaw> {
        match layout.frame_bytes() > BYTES_FREE.saturating_add(bytes.saturating_mul(RATIO_MAX)) {
            true => Err(("too few bytes for Rows and Columns", bytes)),
            false => Ok(()),
        }
    }
}

/// The precision of all components, and whether they are signed.
fn components(stream: &[u8], layout: &Layout) -> Result<(u32, bool), Flaw> {
    let first = number::<3>(stream, 42)?;
    for component in 0..usize::from(layout.samples) {
        if number::<3>(stream, 42 + component * 3)? != first {
            return Err(("components of different precision or sampling are not supported", 42));
        }
    }
    let precision = (first >> 16 & 0x7F) as u32 + 1;
    if first & 0xFFFF != 0x0101 {
        return Err(("components with less than a sample for each pixel are not supported", 43));
    }
    if precision > u32::from(layout.bits_allocated) {
        return Err(("the codestream's precision does not fit Bits Allocated (0028,0100)", 42));
    }
    Ok((precision, first >> 23 == 1))
}

/// What the samples of a decoded codestream are.
pub(in crate::pixel) fn photometric(layout: &Layout, uses_transform: bool) -> Photometric {
    match (layout.samples, layout.photometric) {
        (3, _) if uses_transform => Photometric::Rgb,
        (3, Photometric::YbrIct | Photometric::YbrRct) => Photometric::Rgb,
        (3, Photometric::YbrFull422 | Photometric::YbrPartial420) => Photometric::YbrFull,
        (_, photometric) => photometric,
    }
}
