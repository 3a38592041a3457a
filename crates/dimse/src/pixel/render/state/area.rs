//! Which part of an image is seen (Displayed Area, PS3.3, section C.10.4), and which way round (Spatial Transformation, section
//! C.10.6).

use dicom_dictionary_std::tags;

use crate::data::DataSet;
use crate::pixel::render::Picture;

/// A part of an image in pixels counted from 0; it may reach beyond the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Area {
    left: i64,
    top: i64,
    columns: i64,
    rows: i64,
}

impl Area {
    /// The area of an item of the Displayed Area Selection Sequence. Its corners are those that are seen upper left and lower right,
    /// which in an image that is turned are other ones.
    pub fn of(item: &DataSet) -> Option<Area> {
        let ints = |tag| {
            let ints = item.ints(tag).into_iter();
            ints.map(|one| one.clamp(i32::MIN.into(), i32::MAX.into())).collect::<Vec<i64>>()
        };
        let first = ints(tags::DISPLAYED_AREA_TOP_LEFT_HAND_CORNER);
        let second = ints(tags::DISPLAYED_AREA_BOTTOM_RIGHT_HAND_CORNER);
        let (&[x, y], &[other_x, other_y]) = (first.as_slice(), second.as_slice()) else { return None };
        Some(Area {
            left: x.min(other_x) - 1,
            top: y.min(other_y) - 1,
            columns: (x - other_x).abs() + 1,
            rows: (y - other_y).abs() + 1,
        })
    }

    /// The whole picture.
    pub fn whole(picture: &Picture) -> Area {
        Area { left: 0, top: 0, columns: i64::from(picture.columns), rows: i64::from(picture.rows) }
    }

    /// The same, but for what is further from the picture than half of its size. The whole where nothing of the picture is in it.
    pub fn within(self, picture: &Picture) -> Area {
        let clamp = |from: i64, length: i64, most: i64| {
            let (begin, end) = (from.max(-most / 2), from.saturating_add(length).min(most + most / 2));
            (begin < most && end > 0).then_some((begin, end - begin))
        };
        let across = clamp(self.left, self.columns, i64::from(picture.columns));
        let down = clamp(self.top, self.rows, i64::from(picture.rows));
        match (across, down) {
            (Some((left, columns)), Some((top, rows))) => Area { left, top, columns, rows },
            _ => Area::whole(picture),
        }
    }

    /// How many bytes what is in it takes.
    pub fn bytes(&self, channels: usize) -> usize {
        (self.columns * self.rows) as usize * channels
    }

    /// What of a picture is in it; black beside.
    pub fn cut(&self, picture: Picture) -> Picture {
        if *self == Area::whole(&picture) {
            return picture;
        }
        let (width, channels) = (i64::from(picture.columns), picture.channels);
        let mut samples = vec![0; (self.columns * self.rows) as usize * channels];
        let (first, last) = (self.left.max(0), (self.left + self.columns).min(width));
        for (row, line) in (self.top..).zip(samples.chunks_exact_mut(self.columns as usize * channels)) {
            if !(0..i64::from(picture.rows)).contains(&row) || first >= last {
                continue;
            }
            let from = (row * width + first) as usize * channels;
            let length = (last - first) as usize * channels;
            let to = (first - self.left) as usize * channels;
            line[to..to + length].copy_from_slice(&picture.samples[from..from + length]);
        }
        Picture { columns: self.columns as u32, rows: self.rows as u32, channels, samples }
    }

    /// A point of the image, with 0 0 at the upper left of its first pixel, as parts of the area.
    pub fn part(&self, (x, y): (f64, f64)) -> (f64, f64) {
        ((x - self.left as f64) / self.columns as f64, (y - self.top as f64) / self.rows as f64)
    }
}

/// Height of a pixel by its width: Presentation Pixel Spacing (0070,0101) or Aspect Ratio (0070,0102).
pub(super) fn ratio(item: &DataSet) -> Option<f64> {
    let pair = |numbers: Vec<f64>| match *numbers.as_slice() {
        [down, across] if down > 0.0 && across > 0.0 => Some((down / across).clamp(0.1, 10.0)),
        _ => None,
    };
    pair(item.floats(tags::PRESENTATION_PIXEL_SPACING))
        .or_else(|| pair(item.floats(tags::PRESENTATION_PIXEL_ASPECT_RATIO)))
}

/// Turned clockwise by so many quarters, then flipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Turn {
    quarters: u8,
    is_flipped: bool,
}

impl Turn {
    pub fn of(set: &DataSet) -> Turn {
        let quarters = set.int(tags::IMAGE_ROTATION).filter(|angle| angle % 90 == 0).unwrap_or(0);
        Turn {
            quarters: (quarters / 90).rem_euclid(4) as u8,
            is_flipped: set.ascii(tags::IMAGE_HORIZONTAL_FLIP) == Some("Y"),
        }
    }

    /// Whether columns become rows.
    pub fn is_sideways(self) -> bool {
        self.quarters % 2 == 1
    }

    /// A point, in parts of the whole, where it is seen.
    pub fn turned_point(self, (x, y): (f64, f64)) -> (f64, f64) {
        let (x, y) = match self.quarters {
            1 => (1.0 - y, x),
            2 => (1.0 - x, 1.0 - y),
            3 => (y, 1.0 - x),
            _ => (x, y),
        };
        if self.is_flipped { (1.0 - x, y) } else { (x, y) }
    }

    /// A picture as it is seen.
    pub fn turned(self, picture: Picture) -> Picture {
        if self == Turn::default() {
            return picture;
        }
        let (width, height) = (picture.columns as usize, picture.rows as usize);
        let (columns, rows) = if self.is_sideways() { (height, width) } else { (width, height) };
        let channels = picture.channels;
        let mut samples = Vec::with_capacity(picture.samples.len());
        for row in 0..rows {
            for column in 0..columns {
                let x = if self.is_flipped { columns - 1 - column } else { column };
                let (from_column, from_row) = match self.quarters {
                    1 => (row, height - 1 - x),
                    2 => (width - 1 - x, height - 1 - row),
                    3 => (width - 1 - row, x),
                    _ => (x, row),
                };
                let from = (from_row * width + from_column) * channels;
                samples.extend_from_slice(&picture.samples[from..from + channels]);
            }
        }
        Picture { columns: columns as u32, rows: rows as u32, channels, samples }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turned(quarters: u8, is_flipped: bool) -> (u32, Vec<u8>) {
        let picture = Picture { columns: 3, rows: 2, channels: 1, samples: vec![1, 2, 3, 4, 5, 6] };
        let turned = Turn { quarters, is_flipped }.turned(picture);
        (turned.columns, turned.samples)
    }

    #[test]
    fn clockwise_then_flipped() {
        assert_eq!(turned(0, true), (3, vec![3, 2, 1, 6, 5, 4]));
        assert_eq!(turned(1, false), (2, vec![4, 1, 5, 2, 6, 3]));
        assert_eq!(turned(1, true), (2, vec![1, 4, 2, 5, 3, 6]));
        assert_eq!(turned(2, false), (3, vec![6, 5, 4, 3, 2, 1]));
        assert_eq!(turned(3, false), (2, vec![3, 6, 2, 5, 1, 4]));
    }

    #[test]
    fn points_go_where_pixels_go() {
        // The middle of the pixel 2 of the test above.
        let point = (1.5 / 3.0, 0.5 / 2.0);
        for (quarters, is_flipped) in [(0, true), (1, false), (1, true), (2, false), (3, false), (3, true)] {
            let (columns, samples) = turned(quarters, is_flipped);
            let (x, y) = Turn { quarters, is_flipped }.turned_point(point);
            let rows = 6 / columns;
            let (column, row) = ((x * f64::from(columns)) as u32, (y * f64::from(rows)) as u32);
            assert_eq!(samples[(row * columns + column) as usize], 2, "{quarters} {is_flipped}");
        }
    }

    #[test]
    fn an_area_beyond_the_image_is_black_there() {
        let picture = Picture { columns: 2, rows: 2, channels: 1, samples: vec![1, 2, 3, 4] };
        let area = Area { left: -1, top: 1, columns: 3, rows: 2 };
        assert_eq!(area.within(&picture).cut(picture.clone()).samples, [0, 3, 4, 0, 0, 0]);
        let far = Area { left: i64::MIN / 2, top: -1, columns: i64::MAX, rows: 1 << 40 }.within(&picture);
        assert_eq!(far, Area { left: -1, top: -1, columns: 4, rows: 4 });
        let beside = Area { left: 5, top: 0, columns: 2, rows: 2 };
        assert_eq!(beside.within(&picture), Area::whole(&picture));
    }
}
