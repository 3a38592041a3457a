//! Graphic Annotations (PS3.3, section C.10.5) on their layers (section C.10.7): lines and texts over an image.

use dicom_dictionary_std::tags;

use super::{Subject, lab};
use crate::charset::{Charset, Rules};
use crate::data::DataSet;

/// The most objects that are drawn, …
const MARKS_MAX: usize = 2_000;
/// … points of all of them together, …
const POINTS_MAX: usize = 20_000;
/// … and characters.
const CHARACTERS_MAX: usize = 20_000;
/// Into how many pieces a curve is cut.
const PIECES: u32 = 72;

/// What a point is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Units {
    /// Pixels of the image, with 0 0 at the upper left of the first one.
    Pixel,
    /// Parts of what is displayed.
    Display,
}

/// A point, across and down.
pub(super) type Point = (f64, f64);

#[derive(Clone)]
pub(super) struct Mark {
    pub colour: [u8; 3],
    order: i64,
    pub figure: Figure,
}

#[derive(Clone)]
pub(super) enum Figure {
    Dot { units: Units, at: Point },
    Line { units: Units, points: Vec<Point>, is_filled: bool },
    Text { lines: Vec<String>, place: Place, leader: Option<(Units, Point)> },
}

/// Where a text stands.
#[derive(Clone, Copy)]
pub(super) enum Place {
    /// Within the corners of a box.
    Box { units: Units, corners: [Point; 2], side: Side },
    /// Beside a point.
    Point(Units, Point),
}

/// To which side of its box a text leans.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Side {
    #[default]
    Left,
    Center,
    Right,
}

/// How much may still be drawn.
struct Budget {
    marks: usize,
    points: usize,
    characters: usize,
}

/// The marks on a frame, the lowest layer first.
pub(super) fn all(set: &DataSet, subject: Subject<'_>, charset: Charset, rules: &Rules) -> Vec<Mark> {
    let mut budget = Budget { marks: MARKS_MAX, points: POINTS_MAX, characters: CHARACTERS_MAX };
    let mut marks = Vec::new();
    let annotations = set.items(tags::GRAPHIC_ANNOTATION_SEQUENCE).iter();
    for annotation in annotations.filter(|annotation| subject.is_of(annotation)) {
        let charset = Charset::of_item(annotation, charset, rules);
        let (order, colour) = layer(set, annotation.ascii(tags::GRAPHIC_LAYER).unwrap_or_default());
        let lines = annotation.items(tags::GRAPHIC_OBJECT_SEQUENCE).iter();
        let lines = lines.map(graphic);
        let texts = annotation.items(tags::TEXT_OBJECT_SEQUENCE).iter();
        let texts = texts.map(|item| text(item, &Charset::of_item(item, charset, rules)));
        for figure in lines.chain(texts).flatten() {
            if !budget.takes(&figure) {
                return marks;
            }
            marks.push(Mark { colour, order, figure });
        }
    }
    marks.sort_by_key(|mark| mark.order);
    marks
}

impl Budget {
    fn takes(&mut self, figure: &Figure) -> bool {
        let (points, characters) = match figure {
            Figure::Dot { .. } => (1, 0),
            Figure::Line { points, .. } => (points.len(), 0),
            Figure::Text { lines, .. } => (0, lines.iter().map(|line| line.chars().count()).sum()),
        };
        let is_left = self.marks > 0 && self.points >= points && self.characters >= characters;
        if is_left {
            self.marks -= 1;
            self.points -= points;
            self.characters -= characters;
        }
        is_left
    }
}

/// The order of a layer and its colour; white where it says none.
pub(super) fn layer(set: &DataSet, name: &str) -> (i64, [u8; 3]) {
    let mut layers = set.items(tags::GRAPHIC_LAYER_SEQUENCE).iter();
    let Some(layer) = layers.find(|layer| layer.ascii(tags::GRAPHIC_LAYER) == Some(name)) else {
        return (0, [255; 3]);
    };
    let grey = layer.int(tags::GRAPHIC_LAYER_RECOMMENDED_DISPLAY_GRAYSCALE_VALUE);
    let grey = grey.map(|grey| [(grey.clamp(0, 0xFFFF) >> 8) as u8; 3]);
    let colour = lab::of(layer, tags::GRAPHIC_LAYER_RECOMMENDED_DISPLAY_CIE_LAB_VALUE).or(grey);
    (layer.int(tags::GRAPHIC_LAYER_ORDER).unwrap_or(0), colour.unwrap_or([255; 3]))
}

fn units(name: Option<&str>) -> Option<Units> {
    match name? {
        "PIXEL" => Some(Units::Pixel),
        "DISPLAY" => Some(Units::Display),
        _ => None,
    }
}

/// An item of the Graphic Object Sequence.
fn graphic(item: &DataSet) -> Option<Figure> {
    let units = units(item.ascii(tags::GRAPHIC_ANNOTATION_UNITS))?;
    let numbers = item.floats(tags::GRAPHIC_DATA);
    let mut points: Vec<Point> = numbers.as_chunks::<2>().0.iter().map(|[x, y]| (*x, *y)).collect();
    if points.len() > POINTS_MAX || points.iter().any(|(x, y)| !x.is_finite() || !y.is_finite()) {
        return None;
    }
    let kind = item.ascii(tags::GRAPHIC_TYPE)?;
    points = match (kind, points.as_slice()) {
        ("POINT", &[at, ..]) => return Some(Figure::Dot { units, at }),
        ("POLYLINE", [_, _, ..]) => points,
        ("INTERPOLATED", [_, _, ..]) => interpolated(&points),
        ("CIRCLE", &[centre, edge, ..]) => {
            let radius = (edge.0 - centre.0).hypot(edge.1 - centre.1);
            ellipse(centre, (radius, 0.0), (0.0, radius))
        }
        ("ELLIPSE", &[first, second, third, fourth, ..]) => {
            let half = |from: Point, to: Point| ((to.0 - from.0) / 2.0, (to.1 - from.1) / 2.0);
            let centre = ((first.0 + second.0) / 2.0, (first.1 + second.1) / 2.0);
            ellipse(centre, half(first, second), half(third, fourth))
        }
        _ => return None,
    };
    Some(Figure::Line { units, points, is_filled: item.ascii(tags::GRAPHIC_FILLED) == Some("Y") })
}

/// An ellipse by its centre and both half axes.
fn ellipse(centre: Point, along: Point, across: Point) -> Vec<Point> {
    let point = |piece: u32| {
        let (sin, cos) = (f64::from(piece) / f64::from(PIECES) * std::f64::consts::TAU).sin_cos();
        (centre.0 + along.0 * cos + across.0 * sin, centre.1 + along.1 * cos + across.1 * sin)
    };
    (0..=PIECES).map(point).collect()
}

/// A curve through all points (Catmull and Rom): how they are joined is left to whoever draws.
fn interpolated(points: &[Point]) -> Vec<Point> {
    const PIECES: usize = 8;
    if points.len() < 3 || points.len() > POINTS_MAX / PIECES {
        return points.to_vec();
    }
    let is_closed = points.first() == points.last();
    let last = points.len() - 1;
    let at = |index: isize| match usize::try_from(index) {
        Ok(index) if index <= last => points[index],
        Ok(_) if is_closed => points[1],
        Ok(_) => points[last],
        Err(_) if is_closed => points[last - 1],
        Err(_) => points[0],
    };
    let mut out = Vec::with_capacity(points.len() * PIECES);
    for index in 0..last as isize {
        let four = [at(index - 1), at(index), at(index + 1), at(index + 2)];
        out.extend((0..PIECES).map(|piece| between(four, piece as f64 / PIECES as f64)));
    }
    out.push(points[last]);
    out
}

/// The point at `t` between the second and the third of four.
fn between(four: [Point; 4], t: f64) -> Point {
    let one = |get: fn(Point) -> f64| {
        let [a, b, c, d] = four.map(get);
        let (linear, square, cube) = (c - a, 2.0 * a - 5.0 * b + 4.0 * c - d, 3.0 * (b - c) + d - a);
        0.5 * (2.0 * b + t * (linear + t * (square + t * cube)))
    };
    (one(|point| point.0), one(|point| point.1))
}

/// An item of the Text Object Sequence.
fn text(item: &DataSet, charset: &Charset) -> Option<Figure> {
    let whole = item.text(tags::UNFORMATTED_TEXT_VALUE, charset)?;
    let clean = |line: &str| line.chars().filter(|one| !one.is_control()).collect::<String>();
    let lines: Vec<String> = whole.replace("\r\n", "\n").split(['\r', '\n']).map(clean).collect();
    let pair = |tag| match *item.floats(tag).as_slice() {
        [x, y] if x.is_finite() && y.is_finite() => Some((x, y)),
        _ => None,
    };
    let anchor = units(item.ascii(tags::ANCHOR_POINT_ANNOTATION_UNITS)).zip(pair(tags::ANCHOR_POINT));
    let corners =
        pair(tags::BOUNDING_BOX_TOP_LEFT_HAND_CORNER).zip(pair(tags::BOUNDING_BOX_BOTTOM_RIGHT_HAND_CORNER));
    let place = match units(item.ascii(tags::BOUNDING_BOX_ANNOTATION_UNITS)).zip(corners) {
        Some((units, (first, second))) => {
            let side = match item.ascii(tags::BOUNDING_BOX_TEXT_HORIZONTAL_JUSTIFICATION) {
                Some("RIGHT") => Side::Right,
                Some("CENTER") => Side::Center,
                _ => Side::Left,
            };
            Place::Box { units, corners: [first, second], side }
        }
        None => anchor.map(|(units, at)| Place::Point(units, at))?,
    };
    let is_visible = item.ascii(tags::ANCHOR_POINT_VISIBILITY) == Some("Y");
    Some(Figure::Text { lines, place, leader: anchor.filter(|_| is_visible) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_go_through_their_points() {
        let points = [(0.0, 0.0), (10.0, 5.0), (20.0, 0.0), (30.0, 5.0)];
        let curve = interpolated(&points);
        assert!(points.iter().all(|point| curve.contains(point)), "{curve:?}");
        let ellipse = ellipse((5.0, 5.0), (3.0, 0.0), (0.0, 1.0));
        assert_eq!((ellipse[0], ellipse.len()), ((8.0, 5.0), 73));
        let far = |(x, y): &Point| ((x - 5.0) / 3.0).hypot(y - 5.0);
        assert!(ellipse.iter().all(|point| (far(point) - 1.0).abs() < 1e-9));
    }
}
