//! From code-blocks to the samples of a tile: coefficients, wavelets, colours (ITU-T T.800 | ISO/IEC 15444-1, Annexes E,
//! F and G).

use super::geometry::{Band, Block, Component};
use super::quads::{SIGN, Scratch, cleanup};
use super::refine::refine;
use super::size::Size;
use super::wavelet::{Coefficient, synthesize};
use crate::pixel::jpeg::Flaw;

/// A number so large that what is added to it is rounded to a whole one, halves to even.
const WHOLE: f32 = 12_582_912.0;

/// The samples of a component of a tile.
pub(super) enum Plane {
    Whole(Vec<i32>),
    Real(Vec<f32>),
}

/// What the decoder of code-blocks works with.
#[derive(Default)]
pub(super) struct Desk {
    scratch: Scratch,
    coefficients: Vec<u32>,
    segment: Vec<u8>,
}

impl Plane {
    /// Decodes all code-blocks of a component and undoes its wavelet.
    pub fn of(bytes: &[u8], component: &Component, desk: &mut Desk) -> Result<Self, Flaw> {
        match component.is_reversible {
            true => decode(bytes, component, desk).map(Plane::Whole),
            false => decode(bytes, component, desk).map(Plane::Real),
        }
    }

    /// Puts the samples into those of the image, moved to begin at zero and kept within their bits.
    pub fn store(&self, size: &Size, component: &Component, index: usize, samples: &mut [u16]) {
        let half = 1 << (size.precision - 1);
        let (offset, low, high) = if size.is_signed { (0, -half, half - 1) } else { (half, 0, 2 * half - 1) };
        let columns = (size.x1 - size.x0) as usize;
        let (left, top) = ((component.area.x0 - size.x0) as usize, (component.area.y0 - size.y0) as usize);
        let (width, count) = (component.area.width(), size.components);
        for y in 0..component.area.height() {
            let begin = ((top + y) * columns + left) * count + index;
            let line = samples[begin..].iter_mut().step_by(count).take(width);
            match self {
                Plane::Whole(plane) => line
                    .zip(&plane[y * width..])
                    .for_each(|(to, &from)| *to = from.wrapping_add(offset).clamp(low, high) as u16),
                Plane::Real(plane) => line.zip(&plane[y * width..]).for_each(|(to, &from)| {
                    let within = from.clamp((low - offset) as f32, (high - offset) as f32);
                    *to = ((within + WHOLE - WHOLE) as i32).wrapping_add(offset) as u16;
                }),
            }
        }
    }
}

/// Undoes the transformation of the first three components (Annex G). False where they are of different kinds.
pub(super) fn transform(planes: &mut [Plane; 3]) -> bool {
    match planes {
        [Plane::Whole(first), Plane::Whole(second), Plane::Whole(third)] => {
            for ((y, u), v) in first.iter_mut().zip(second).zip(third) {
                let green = y.wrapping_sub(u.wrapping_add(*v) >> 2);
                (*y, *u, *v) = (v.wrapping_add(green), green, u.wrapping_add(green));
            }
            true
        }
        [Plane::Real(first), Plane::Real(second), Plane::Real(third)] => {
            for ((y, blue), red) in first.iter_mut().zip(second).zip(third) {
                let green = *y - 0.344_13 * *blue - 0.714_14 * *red;
                (*y, *blue, *red) = (*y + 1.402 * *red, green, *y + 1.772 * *blue);
            }
            true
        }
        _ => false,
    }
}

fn decode<T: Coefficient>(bytes: &[u8], component: &Component, desk: &mut Desk) -> Result<Vec<T>, Flaw> {
    let stride = component.area.width();
    let mut plane = vec![T::default(); stride * component.area.height()];
    for (index, resolution) in component.resolutions.iter().enumerate() {
        for precinct in &resolution.precincts {
            for (grid, band) in precinct.grids.iter().zip(&resolution.bands) {
                for block in grid.blocks.iter().filter(|block| !block.cleanup.is_empty()) {
                    decode_block(bytes, block, band, component.is_causal, desk)?;
                    let (width, step) = (usize::from(block.width), band.step);
                    for (y, line) in desk.coefficients.chunks(width).enumerate() {
                        let to = &mut plane[(block.y + y) * stride + block.x..][..width];
                        to.iter_mut().zip(line).for_each(|(to, &from)| {
                            *to = T::of(from & !SIGN, from & SIGN != 0, step);
                        });
                    }
                }
            }
        }
        if index > 0 {
            synthesize(&mut plane, stride, resolution.extent);
        }
    }
    Ok(plane)
}

/// Decodes a code-block into the coefficients on the desk.
fn decode_block(
    bytes: &[u8],
    block: &Block,
    band: &Band,
    is_causal: bool,
    desk: &mut Desk,
) -> Result<(), Flaw> {
    let width = usize::from(block.width);
    desk.coefficients.clear();
    desk.coefficients.resize(width * usize::from(block.height), 0);
    let at = block.cleanup.start;
    // Each set of passes before, of which none counts, stands for a bit-plane.
    let planes = u32::from(block.empty_planes + block.cleanup_pass / 3) + 1;
    let below =
        band.planes.checked_sub(planes).ok_or(("a code-block of more bit-planes than there are", at))?;
    let segment = &bytes[block.cleanup.clone()];
    cleanup(segment, width, planes, below, &mut desk.scratch, &mut desk.coefficients)
        .ok_or(("a code-block that contradicts itself", at))?;
    let [first, second] = block.refinement.clone();
    if block.refinement_passes == 0 || first.len() + second.len() == 0 {
        return Ok(());
    }
    if below == 0 {
        return Err(("a code-block of more bit-planes than there are", first.start));
    }
    let segment = if second.is_empty() {
        &bytes[first]
    } else {
        desk.segment.clear();
        desk.segment.extend_from_slice(&bytes[first]);
        desk.segment.extend_from_slice(&bytes[second]);
        &desk.segment
    };
    refine(segment, width, below, block.refinement_passes > 1, is_causal, &mut desk.coefficients);
    Ok(())
}
