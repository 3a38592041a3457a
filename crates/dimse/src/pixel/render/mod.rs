//! A frame for the screen: grey values through modality LUT (PS3.3, section C.11.1) and VOI LUT (section C.11.2), colours
//! through palettes (section C.7.9) or from luminance and chrominances, overlays (section C.9.2) on top, scaled.
//!
//! Presentation states are in [`state`]. Not done: other colours by ICC profiles than those that are there, enhanced palettes, real
//! world values, per-frame functional groups (a caller that knows a frame's window gives it).

mod grey;
mod lut;
mod overlay;
mod palette;
mod picture;
pub mod profile;
mod scale;
pub mod state;
mod values;

pub use grey::{Shape, Window};
pub use picture::Picture;
pub use values::{Curve, Values};

use super::layout::Photometric;
use super::{Error, Frame, colour, native};
use crate::data::DataSet;

/// How a frame is to be shown.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Options {
    /// The window, where the caller wants another than the data set's.
    pub window: Option<Window>,
    /// Which of the data set's windows or VOI LUTs is taken, counted from 0.
    pub voi: usize,
    /// The most columns and rows; the picture is scaled down to fit, its proportions kept. As large as the frame where
    /// there is none. Never scaled up.
    pub viewport: Option<(u32, u32)>,
    /// Whether overlays are drawn.
    pub overlays: bool,
    /// The index of the frame among those of the data set, which overlays and their origins go by.
    pub frame: u32,
}

/// Shows a decoded frame; the tables, windows and overlays are the data set's. Grey frames become one byte a pixel,
/// colours three.
pub fn render(frame: &Frame, set: &DataSet, options: &Options) -> Result<Picture, Error> {
    let layout = &frame.layout;
    if frame.samples.len() != layout.frame_bytes() || layout.frames != 1 || layout.planar {
        return Err(Error::Rendering("the frame is not of its layout"));
    }
    let (mut samples, channels) = match (layout.photometric, layout.samples) {
        (Photometric::Monochrome1 | Photometric::Monochrome2, 1) => (grey::render(frame, set, options)?, 1),
        (Photometric::PaletteColor, 1) => (palette::render(frame, set)?, 3),
        (Photometric::Other, _) => {
            return Err(Error::Rendering("an unknown Photometric Interpretation (0028,0004)"));
        }
        (photometric, 3) => (coloured(frame, native::whole(photometric))?, 3),
        _ => {
            return Err(Error::Rendering(
                "Samples per Pixel (0028,0002) does not fit the Photometric Interpretation",
            ));
        }
    };
    let (columns, rows) = (u32::from(layout.columns), u32::from(layout.rows));
    if options.overlays {
        overlay::draw_embedded(&mut samples, channels, &frame.samples, layout, set);
        overlay::draw(&mut samples, channels, (columns, rows), set, options.frame);
    }
    let picture = Picture { columns, rows, channels, samples };
    Ok(match options.viewport {
        Some(viewport) => scale::fit(picture, viewport, ratio(set)),
        None => picture,
    })
}

/// Three samples a pixel as 8 bits of RGB.
fn coloured(frame: &Frame, photometric: Photometric) -> Result<Vec<u8>, Error> {
    let layout = &frame.layout;
    let shift = layout.bits_stored.saturating_sub(8);
    let mut pixels: Vec<u8> = match layout.bits_allocated {
        8 => frame.samples.clone(),
        16 => {
            let pairs = frame.samples.as_chunks::<2>().0;
            pairs.iter().map(|pair| (u16::from_le_bytes(*pair) >> shift).min(255) as u8).collect()
        }
        _ => return Err(Error::Rendering("colours of neither 8 nor 16 bits")),
    };
    colour::to_rgb(&mut pixels, photometric);
    Ok(pixels)
}

/// Height of a pixel by its width: Pixel Aspect Ratio (0028,0034); 1 where it is not there.
fn ratio(set: &DataSet) -> f64 {
    let text = set.ascii(dicom_dictionary_std::tags::PIXEL_ASPECT_RATIO).unwrap_or_default();
    let mut numbers = text.split('\\').map(|number| number.trim().parse::<f64>());
    match (numbers.next(), numbers.next()) {
        (Some(Ok(down)), Some(Ok(across))) if down > 0.0 && across > 0.0 => (down / across).clamp(0.1, 10.0),
        _ => 1.0,
    }
}
