//! Marks on a picture: lines, areas, letters.

use std::convert::Infallible;

use embedded_graphics::Pixel;
use embedded_graphics::draw_target::DrawTarget;
use embedded_graphics::geometry::{OriginDimensions, Point as Place, Size};
use embedded_graphics::mono_font::{
    MonoFont, MonoTextStyle, iso_8859_1, iso_8859_2, iso_8859_5, iso_8859_7, iso_8859_9,
};
use embedded_graphics::pixelcolor::{Rgb888, RgbColor};
use embedded_graphics::prelude::{Drawable, Primitive};
use embedded_graphics::primitives::{Line, PrimitiveStyle};
use embedded_graphics::text::{Baseline, Text};

use super::lab;
use super::mark::{Figure, Mark, Place as Standing, Point, Side, Units};
use crate::pixel::render::Picture;

/// Letters of one size for the alphabets of Europe; the first that has all letters of a line is taken.
type Fonts = [&'static MonoFont<'static>; 5];
const SMALL: Fonts = [
    &iso_8859_1::FONT_6X10,
    &iso_8859_2::FONT_6X10,
    &iso_8859_9::FONT_6X10,
    &iso_8859_7::FONT_6X10,
    &iso_8859_5::FONT_6X10,
];
const LARGE: Fonts = [
    &iso_8859_1::FONT_10X20,
    &iso_8859_2::FONT_10X20,
    &iso_8859_9::FONT_10X20,
    &iso_8859_7::FONT_10X20,
    &iso_8859_5::FONT_10X20,
];
/// Pictures that are smaller than this have small letters.
const SMALL_BELOW: u32 = 400;
/// Every so many pixels make lines and letters larger by as much again.
const STEP: u32 = 800;
/// How often all of a picture may be filled.
const FILLED_MAX: usize = 50;
/// How far beyond the picture lines are drawn, for their ends are not seen.
const MARGIN: f64 = 16.0;

/// Draws all marks; `part` gives where a point of the image is seen, in parts of the picture.
pub(super) fn marks(picture: &mut Picture, marks: &[Mark], part: &dyn Fn(Point) -> Point) {
    marks.iter().for_each(|mark| make_room(picture, mark.colour));
    let (columns, rows) = (f64::from(picture.columns), f64::from(picture.rows));
    let mut room = FILLED_MAX * picture.columns as usize * picture.rows as usize;
    let seen = |units: Units, point: Point| {
        let (x, y) = if units == Units::Pixel { part(point) } else { point };
        (x * columns, y * rows)
    };
    for mark in marks {
        match &mark.figure {
            Figure::Dot { units, at } => dot(picture, seen(*units, *at), mark.colour),
            Figure::Line { units, points, is_filled } => {
                let points: Vec<Point> = points.iter().map(|point| seen(*units, *point)).collect();
                if *is_filled && room > 0 {
                    room = room.saturating_sub(fill(picture, &points, mark.colour));
                }
                points.windows(2).for_each(|ends| line(picture, ends[0], ends[1], mark.colour));
            }
            Figure::Text { lines, place, leader } => {
                let frame = standing(picture, lines, place, &seen);
                if let Some((units, at)) = leader {
                    let at = seen(*units, *at);
                    line(picture, frame.nearest(at), at, mark.colour);
                }
                text(picture, lines, &frame, mark.colour);
            }
        }
    }
}

/// Makes a grey picture one of colours, where a colour that is none of greys is to be put into it.
pub(super) fn make_room(picture: &mut Picture, colour: [u8; 3]) {
    if picture.channels == 1 && colour.iter().any(|one| *one != colour[0]) {
        picture.samples = picture.samples.iter().flat_map(|grey| [*grey; 3]).collect();
        picture.channels = 3;
    }
}

/// Where a text stands in the picture.
pub(super) struct Frame {
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
    pub side: Side,
}

impl Frame {
    /// The point of the frame that is nearest to another.
    fn nearest(&self, (x, y): Point) -> Point {
        (x.clamp(self.left, self.left + self.width), y.clamp(self.top, self.top + self.height))
    }
}

/// The frame of a text, within the picture as far as that goes.
fn standing(
    picture: &Picture,
    lines: &[String],
    place: &Standing,
    seen: &dyn Fn(Units, Point) -> Point,
) -> Frame {
    let (needed, height) = size(picture, lines);
    let letters = Letters::of(picture);
    let (left, top, width, side) = match place {
        Standing::Point(units, at) => {
            let (x, y) = seen(*units, *at);
            (x + letters.width() / 2.0, y - letters.height() / 2.0, needed, Side::Left)
        }
        Standing::Box { units, corners, side } => {
            let [(x, y), (other_x, other_y)] = corners.map(|corner| seen(*units, corner));
            // A box beyond the picture is one as wide as the picture.
            let (left, width) = (x.min(other_x), (x - other_x).abs().min(f64::from(picture.columns)));
            let left = match side {
                _ if width >= needed => left,
                Side::Left => left,
                Side::Center => left + (width - needed) / 2.0,
                Side::Right => left + width - needed,
            };
            (left, y.min(other_y), width.max(needed), *side)
        }
    };
    let within = |from: f64, length: f64, most: u32| from.min(f64::from(most) - length).max(0.0);
    Frame {
        left: within(left, width, picture.columns),
        top: within(top, height, picture.rows),
        width,
        height,
        side,
    }
}

/// How wide and high lines of text are in a picture.
pub(super) fn size(picture: &Picture, lines: &[String]) -> (f64, f64) {
    let letters = Letters::of(picture);
    let longest = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);
    (longest as f64 * letters.width(), lines.len() as f64 * letters.height())
}

/// The letters that fit a picture.
struct Letters {
    fonts: &'static Fonts,
    by: u32,
}

impl Letters {
    fn of(picture: &Picture) -> Letters {
        let least = picture.columns.min(picture.rows);
        Letters { fonts: if least < SMALL_BELOW { &SMALL } else { &LARGE }, by: (least / STEP).max(1) }
    }

    fn width(&self) -> f64 {
        f64::from(self.fonts[0].character_size.width * self.by)
    }

    fn height(&self) -> f64 {
        f64::from(self.fonts[0].character_size.height * self.by)
    }

    /// The font that has all letters of a line; the first where there is none, which shows a question mark.
    fn font(&self, line: &str) -> &'static MonoFont<'static> {
        let has = |font: &&MonoFont<'static>, letter: char| {
            letter == '?' || font.glyph_mapping.index(letter) != font.glyph_mapping.index('?')
        };
        let whole = self.fonts.iter().find(|font| line.chars().all(|letter| has(font, letter)));
        whole.unwrap_or(&self.fonts[0])
    }
}

/// Writes lines of text, with a shadow by which they can be read on white.
pub(super) fn text(picture: &mut Picture, lines: &[String], frame: &Frame, colour: [u8; 3]) {
    let letters = Letters::of(picture);
    let is_dark = lab::grey(colour) < 96;
    let shadow = if is_dark { [255; 3] } else { [0; 3] };
    for (number, line) in lines.iter().enumerate() {
        let free = frame.width - line.chars().count() as f64 * letters.width();
        let shift = match frame.side {
            Side::Left => 0.0,
            Side::Center => free / 2.0,
            Side::Right => free,
        };
        let top = frame.top + number as f64 * letters.height();
        if top >= f64::from(picture.rows) {
            return;
        }
        let at = Place::new(near(frame.left + shift), near(top));
        for (colour, by) in [(shadow, letters.by as i32), (colour, 0)] {
            let mut large = Magnified { picture, by: letters.by, at: at + Place::new_equal(by) };
            let style = MonoTextStyle::new(letters.font(line), rgb(colour));
            let Ok(_) = Text::with_baseline(line, Place::zero(), style, Baseline::Top).draw(&mut large);
        }
    }
}

/// A coordinate as a whole number, with room for a text behind it.
fn near(at: f64) -> i32 {
    const FAR: f64 = 1e6;
    at.clamp(-FAR, FAR) as i32
}

fn rgb([red, green, blue]: [u8; 3]) -> Rgb888 {
    Rgb888::new(red, green, blue)
}

fn width_of_lines(picture: &Picture) -> u32 {
    (picture.columns.min(picture.rows) / STEP).max(1)
}

/// A cross.
fn dot(picture: &mut Picture, (x, y): Point, colour: [u8; 3]) {
    let arm = f64::from(3 * width_of_lines(picture));
    line(picture, (x - arm, y), (x + arm, y), colour);
    line(picture, (x, y - arm), (x, y + arm), colour);
}

/// A line, as far as it is in the picture.
fn line(picture: &mut Picture, from: Point, to: Point, colour: [u8; 3]) {
    let edge = |most: u32| f64::from(most) + MARGIN;
    let Some((from, to)) = clipped(from, to, (edge(picture.columns), edge(picture.rows))) else { return };
    let style = PrimitiveStyle::with_stroke(rgb(colour), width_of_lines(picture));
    let place = |(x, y): Point| Place::new(x.floor() as i32, y.floor() as i32);
    let mut canvas = Magnified { picture, by: 1, at: Place::zero() };
    let Ok(()) = Line::new(place(from), place(to)).into_styled(style).draw(&mut canvas);
}

/// The piece of a line within the margins of the picture (after Liang and Barsky); nothing where none is.
fn clipped(from: Point, to: Point, (right, bottom): Point) -> Option<(Point, Point)> {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    if !(dx.is_finite() && dy.is_finite()) {
        return None;
    }
    let (mut begin, mut end) = (0.0_f64, 1.0_f64);
    let sides = [(-dx, from.0 + MARGIN), (dx, right - from.0), (-dy, from.1 + MARGIN), (dy, bottom - from.1)];
    for (speed, room) in sides {
        if speed == 0.0 {
            if room < 0.0 {
                return None;
            }
            continue;
        }
        let at = room / speed;
        if speed < 0.0 { begin = begin.max(at) } else { end = end.min(at) }
    }
    let point = |t: f64| (from.0 + dx * t, from.1 + dy * t);
    (begin <= end).then(|| (point(begin), point(end)))
}

/// Fills what is within a closed line; gives how many pixels that were, and a few for looking.
fn fill(picture: &mut Picture, points: &[Point], colour: [u8; 3]) -> usize {
    let mut filled = picture.rows as usize * (1 + points.len() / 64);
    let (columns, channels) = (picture.columns as usize, picture.channels);
    for (row, line) in picture.samples.chunks_exact_mut(columns * channels).enumerate() {
        for (from, to) in spans(points, row as f64 + 0.5) {
            // Pixels whose middle is within.
            let first = (from - 0.5).ceil().clamp(0.0, columns as f64) as usize;
            let last = (to + 0.5).floor().clamp(0.0, columns as f64) as usize;
            filled += last.saturating_sub(first);
            for pixel in line.chunks_exact_mut(channels).take(last).skip(first) {
                put(pixel, colour);
            }
        }
    }
    filled
}

/// Where a horizontal line is within a polygon: from and to of each run, by even and odd.
pub(super) fn spans(corners: &[Point], at: f64) -> Vec<(f64, f64)> {
    let next = corners.iter().cycle().skip(1);
    let mut crossings: Vec<f64> = corners
        .iter()
        .zip(next)
        .filter(|((_, y), (_, other))| (*y <= at) != (*other <= at))
        .map(|((x, y), (other_x, other_y))| x + (at - y) / (other_y - y) * (other_x - x))
        .collect();
    crossings.sort_by(f64::total_cmp);
    crossings.as_chunks::<2>().0.iter().map(|[from, to]| (*from, *to)).collect()
}

/// Puts a colour into a pixel, as grey where that has one sample.
pub(super) fn put(pixel: &mut [u8], colour: [u8; 3]) {
    match pixel.len() {
        1 => pixel[0] = lab::grey(colour),
        _ => pixel.copy_from_slice(&colour),
    }
}

/// A picture from a place on, every point as a square of so many pixels.
struct Magnified<'a> {
    picture: &'a mut Picture,
    by: u32,
    at: Place,
}

impl OriginDimensions for Magnified<'_> {
    fn size(&self) -> Size {
        Size::new(self.picture.columns / self.by, self.picture.rows / self.by)
    }
}

impl DrawTarget for Magnified<'_> {
    type Color = Rgb888;
    type Error = Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<Rgb888>>>(&mut self, pixels: I) -> Result<(), Infallible> {
        let (columns, rows) = (i64::from(self.picture.columns), i64::from(self.picture.rows));
        let (by, channels) = (i64::from(self.by), self.picture.channels);
        for Pixel(point, colour) in pixels {
            let colour = [colour.r(), colour.g(), colour.b()];
            let left = i64::from(self.at.x) + i64::from(point.x) * by;
            let top = i64::from(self.at.y) + i64::from(point.y) * by;
            for row in top.max(0)..(top + by).min(rows) {
                for column in left.max(0)..(left + by).min(columns) {
                    let place = (row * columns + column) as usize * channels;
                    put(&mut self.picture.samples[place..place + channels], colour);
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_clipped() {
        let far = clipped((-1e9, 50.0), (1e9, 50.0), (116.0, 116.0)).expect("it crosses");
        assert_eq!((far.0.0.round(), far.1.0.round()), (-16.0, 116.0));
        assert!(clipped((-1e9, -50.0), (1e9, -50.0), (116.0, 116.0)).is_none());
        assert!(clipped((f64::MAX, 0.0), (f64::MIN, 0.0), (116.0, 116.0)).is_none());
        assert_eq!(clipped((1.0, 1.0), (1.0, 1.0), (9.0, 9.0)), Some(((1.0, 1.0), (1.0, 1.0))));
    }

    #[test]
    fn a_font_is_found_for_the_alphabets_of_europe() {
        let letters = Letters { fonts: &LARGE, by: 1 };
        for (line, at) in
            [("Müller", 0), ("Łukasz", 1), ("Yıldız", 2), ("Ωμέγα", 3), ("Иванов", 4), ("山田", 0)]
        {
            assert!(std::ptr::eq(letters.font(line), LARGE[at]), "{line}");
        }
    }
}
