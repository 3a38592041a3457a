//! What a picture is to be like: the parameters of PS3.18, section 8.3.5.
//!
//! | parameter | what is done |
//! |---|---|
//! | `viewport=vw,vh[,sx,sy,sw,sh]` | the region is cut out and scaled down to fit; a negative width or height is refused |
//! | `window=center,width,shape` | in place of the instance's own |
//! | `quality` | of a JPEG, 1 to 100 |
//! | `annotation=patient,technique` | who is seen is written upper left, how the image was made lower left; of other words a warning says that nothing is written |
//! | `iccprofile=yes` | the instance's own is embedded; where it has none a warning says so. Other colour spaces are refused |

use klinke_archive::image::Wish;
use klinke_dimse::pixel::render::{Shape, Window};

use super::super::fault::{Fault, Result};
use super::super::media::Media;
use super::super::query::Parameters;
use super::super::web::Asked;

const QUALITY: u8 = 90;
/// A picture is at most so wide and high.
const SIDE_MAX: u32 = 32_768;

/// What the parameters wish for.
pub(super) fn wish(parameters: &Parameters, is_png: bool) -> Result<Wish> {
    let mut wish = annotated(Wish { is_png, ..Wish::jpeg(QUALITY) }, parameters);
    if let Some(quality) = parameters.get("quality") {
        let quality = quality.parse().ok().filter(|quality| (1..=100).contains(quality));
        wish.quality = quality.ok_or_else(|| Fault::bad("quality is a number from 1 to 100"))?;
    }
    if let Some(viewport) = parameters.get("viewport") {
        let (size, region) = self::viewport(viewport).ok_or_else(|| {
                Fault::bad("viewport is two numbers from 1 to 32768, or six: columns and rows, then left, top, columns and rows of what is shown")
            })?;
        (wish.viewport, wish.region) = (Some(size), region);
    }
    if let Some(window) = parameters.get("window") {
        let window = self::window(window);
        wish.window = Some(window.ok_or_else(|| {
            Fault::bad("window is center,width,shape; shapes are linear, linear-exact and sigmoid")
        })?);
    }
    match parameters.get("iccprofile").unwrap_or("no") {
        "no" => {}
        "yes" => wish.profile = true,
        _ => return Err(Fault::bad("iccprofile is no or yes; colours of other spaces are not made")),
    }
    Ok(wish)
}

/// The wish with what is to be written into the picture.
pub(super) fn annotated(mut wish: Wish, parameters: &Parameters) -> Wish {
    for word in words(parameters) {
        match word {
            "patient" => wish.patient = true,
            "technique" => wish.technique = true,
            _ => {}
        }
    }
    wish
}

/// What `annotation` says.
pub(super) fn words(parameters: &Parameters) -> impl Iterator<Item = &str> {
    let said = parameters.get("annotation").unwrap_or_default().split(',');
    said.map(str::trim).filter(|word| !word.is_empty())
}

/// Columns and rows, and a part of the frame: left, top, columns and rows.
type Viewport = ((u32, u32), Option<[u32; 4]>);

fn viewport(text: &str) -> Option<Viewport> {
    let numbers = text.split(',').map(|one| one.trim().parse::<f64>().ok().filter(|one| one.is_finite()));
    let numbers: Vec<f64> = numbers.collect::<Option<_>>()?;
    let side = |number: f64| (1.0..=f64::from(SIDE_MAX)).contains(&number).then_some(number as u32);
    let place = |number: f64| (0.0..=f64::from(SIDE_MAX)).contains(&number).then_some(number as u32);
    match *numbers.as_slice() {
        [columns, rows] => Some(((side(columns)?, side(rows)?), None)),
        [columns, rows, left, top, width, height] => {
            let region = [place(left)?, place(top)?, side(width)?, side(height)?];
            Some(((side(columns)?, side(rows)?), Some(region)))
        }
        _ => None,
    }
}

fn window(text: &str) -> Option<Window> {
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    let (center, width, shape) = match parts.as_slice() {
        [center, width] => (center, width, "linear"),
        [center, width, shape] => (center, width, *shape),
        _ => return None,
    };
    let shape = match shape.to_ascii_lowercase().as_str() {
        "linear" => Shape::Linear,
        "linear-exact" => Shape::LinearExact,
        "sigmoid" => Shape::Sigmoid,
        _ => return None,
    };
    let number = |text: &str| text.parse::<f64>().ok().filter(|number| number.is_finite());
    let window = Window { center: number(center)?, width: number(width)?, shape };
    let least = if shape == Shape::Linear { 1.0 } else { f64::MIN_POSITIVE };
    (window.width >= least).then_some(window)
}

/// Whether a PNG is wanted rather than a JPEG.
pub(super) fn is_png(asked: &Asked) -> Result<bool> {
    let offers = [("image/jpeg", false), ("image/png", true)];
    let of_parts = |range: &Media| {
        let inner = range.get("type").filter(|_| range.kind == "multipart")?;
        offers.iter().find(|(name, _)| *name == inner).map(|(_, is_png)| *is_png)
    };
    let found = asked.accept.ranges().find_map(|range| {
        of_parts(range)
            .or_else(|| offers.iter().find(|(name, _)| range.holds(name)).map(|(_, is_png)| *is_png))
    });
    found.ok_or_else(|| Fault::unacceptable("given are image/jpeg and image/png"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters() {
        assert_eq!(viewport("512,256"), Some(((512, 256), None)));
        assert_eq!(viewport("10,10,0,5,20,30"), Some(((10, 10), Some([0, 5, 20, 30]))));
        for odd in ["", "5", "0,1", "1,2,3", "a,b", "-1,5", "1e9,1", "NaN,1"] {
            assert_eq!(viewport(odd), None, "{odd}");
        }
        let soft = Window { center: 40.0, width: 400.0, shape: Shape::Linear };
        assert_eq!((window("40,400"), window("40,400,LINEAR")), (Some(soft), Some(soft)));
        for odd in ["", "40", "40,0", "40,x", "40,400,round", "inf,1"] {
            assert_eq!(window(odd), None, "{odd}");
        }
    }
}
