//! Display Shutters (PS3.3, section C.7.6.11) and Bitmap Display Shutters (section C.7.6.15): what of an image is covered.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::{draw, group_of, lab};
use crate::data::DataSet;
use crate::pixel::render::{Picture, overlay};

/// More corners than a shutter has.
const VERTICES_MAX: usize = 1_024;

/// All shutters of a state: a pixel is seen that none covers.
#[derive(Clone, Default)]
pub(super) struct Shutter {
    shapes: Vec<Shape>,
    /// The overlay group of a bitmap, with its elements.
    bitmap: Option<DataSet>,
    colour: [u8; 3],
}

/// What is left open, in rows and columns counted from 1.
#[derive(Clone)]
enum Shape {
    Rectangle { left: i64, right: i64, upper: i64, lower: i64 },
    Circle { row: i64, column: i64, radius: i64 },
    Polygon(Vec<(f64, f64)>),
}

impl Shutter {
    pub fn of(set: &DataSet) -> Shutter {
        let named = set.ascii(tags::SHUTTER_SHAPE).unwrap_or_default();
        let is_named = |shape: &&str| named.split('\\').any(|name| name.trim() == *shape);
        // Each at most once.
        let shapes = ["RECTANGULAR", "CIRCULAR", "POLYGONAL"].into_iter().filter(is_named);
        let shapes: Vec<Shape> = shapes.filter_map(|name| Shape::of(name, set)).collect();
        let group = set.int(tags::SHUTTER_OVERLAY_GROUP).and_then(|group| u16::try_from(group).ok());
        let bitmap = group.filter(|group| set.get(Tag(*group, 0x3000)).is_some());
        let bitmap = bitmap.map(|group| group_of(set, group));
        let grey = set.int(tags::SHUTTER_PRESENTATION_VALUE).unwrap_or(0).clamp(0, 0xFFFF) >> 8;
        let lab = lab::of(set, tags::SHUTTER_PRESENTATION_COLOR_CIE_LAB_VALUE);
        Shutter { shapes, bitmap, colour: lab.unwrap_or([grey as u8; 3]) }
    }

    /// Covers what is not to be seen.
    pub fn close(&self, picture: &mut Picture) {
        let (columns, channels) = (picture.columns as usize, picture.channels);
        let fill = |pixel: &mut [u8]| draw::put(pixel, self.colour);
        let lines = picture.samples.chunks_exact_mut(columns * channels);
        for (row, line) in (1..).zip(lines).filter(|_| !self.shapes.is_empty()) {
            let open: Vec<Vec<(i64, i64)>> = self.shapes.iter().map(|shape| shape.open(row)).collect();
            for (column, pixel) in (1..).zip(line.chunks_exact_mut(channels)) {
                let is_open = |spans: &Vec<(i64, i64)>| {
                    spans.iter().any(|(first, last)| (*first..=*last).contains(&column))
                };
                if !open.iter().all(is_open) {
                    fill(pixel);
                }
            }
        }
        if let Some(bitmap) = &self.bitmap {
            let mut plane = vec![0; picture.samples.len() / channels];
            overlay::draw(&mut plane, 1, (picture.columns, picture.rows), bitmap, 0);
            let pixels = picture.samples.chunks_exact_mut(channels).zip(plane);
            pixels.filter(|(_, is_covered)| *is_covered == 255).for_each(|(pixel, _)| fill(pixel));
        }
    }
}

impl Shape {
    fn of(name: &str, set: &DataSet) -> Option<Shape> {
        let number = |tag| set.ints(tag).first().copied();
        match name {
            "RECTANGULAR" => Some(Shape::Rectangle {
                left: number(tags::SHUTTER_LEFT_VERTICAL_EDGE)?,
                right: number(tags::SHUTTER_RIGHT_VERTICAL_EDGE)?,
                upper: number(tags::SHUTTER_UPPER_HORIZONTAL_EDGE)?,
                lower: number(tags::SHUTTER_LOWER_HORIZONTAL_EDGE)?,
            }),
            "CIRCULAR" => {
                let centre = set.ints(tags::CENTER_OF_CIRCULAR_SHUTTER);
                let radius = number(tags::RADIUS_OF_CIRCULAR_SHUTTER)?.clamp(0, 1 << 20);
                Some(Shape::Circle { row: *centre.first()?, column: *centre.get(1)?, radius })
            }
            "POLYGONAL" => {
                let numbers = set.ints(tags::VERTICES_OF_THE_POLYGONAL_SHUTTER);
                let corner = |pair: &[i64; 2]| (pair[1] as f64, pair[0] as f64);
                let corners = numbers.as_chunks::<2>().0.iter().take(VERTICES_MAX).map(corner).collect();
                Some(Shape::Polygon(corners)).filter(|_| numbers.len() >= 6)
            }
            _ => None,
        }
    }

    /// The columns of a row that are open: first and last of each run.
    fn open(&self, row: i64) -> Vec<(i64, i64)> {
        match self {
            Shape::Rectangle { left, right, upper, lower } => {
                if (*upper..=*lower).contains(&row) {
                    vec![(*left, *right)]
                } else {
                    Vec::new()
                }
            }
            Shape::Circle { row: middle, column, radius } => {
                let down = row.saturating_sub(*middle).saturating_abs();
                if down > *radius {
                    return Vec::new();
                }
                let half = (((radius * radius - down * down) as f64).sqrt()) as i64;
                vec![(column.saturating_sub(half), column.saturating_add(half))]
            }
            Shape::Polygon(corners) => draw::spans(corners, row as f64)
                .into_iter()
                .map(|(from, to)| (from.ceil() as i64, to.floor() as i64))
                .collect(),
        }
    }
}
