//! Colours of CIELab (PS3.3, section C.10.7.1.1), relative to the white of D50, as sRGB (IEC 61966-2-1).

use dicom_core::Tag;

use crate::data::DataSet;

/// The colour of an element of three values, as red, green and blue.
pub(super) fn of(set: &DataSet, tag: Tag) -> Option<[u8; 3]> {
    let values = set.ints(tag);
    let &[l, a, b] = values.as_slice() else { return None };
    let part = |value: i64| value.clamp(0, 0xFFFF) as f64 / 65_535.0;
    Some(to_rgb(part(l) * 100.0, part(a) * 255.0 - 128.0, part(b) * 255.0 - 128.0))
}

fn to_rgb(l: f64, a: f64, b: f64) -> [u8; 3] {
    let middle = (l + 16.0) / 116.0;
    let inverse =
        |t: f64| if t > 6.0 / 29.0 { t.powi(3) } else { 3.0 * (6.0_f64 / 29.0).powi(2) * (t - 4.0 / 29.0) };
    let x = 0.964_22 * inverse(middle + a / 500.0);
    let y = inverse(middle);
    let z = 0.825_21 * inverse(middle - b / 200.0);
    // From D50 to the primaries of sRGB, adapted after Bradford.
    let linear = [
        3.133_856_1 * x - 1.616_866_7 * y - 0.490_614_6 * z,
        -0.978_768_4 * x + 1.916_141_5 * y + 0.033_454_0 * z,
        0.071_945_3 * x - 0.228_991_4 * y + 1.405_242_7 * z,
    ];
    linear.map(|value| {
        let value = value.clamp(0.0, 1.0);
        let curved = if value <= 0.003_130_8 { 12.92 * value } else { 1.055 * value.powf(1.0 / 2.4) - 0.055 };
        (curved * 255.0).round() as u8
    })
}

/// How bright a colour is (ITU-R BT.601).
pub(super) fn grey([red, green, blue]: [u8; 3]) -> u8 {
    ((u32::from(red) * 299 + u32::from(green) * 587 + u32::from(blue) * 114 + 500) / 1000) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_colours() {
        assert_eq!(to_rgb(100.0, 0.0, 0.0), [255, 255, 255]);
        assert_eq!(to_rgb(0.0, 0.0, 0.0), [0, 0, 0]);
        // sRGB's red and blue in Lab of D50.
        let near =
            |one: [u8; 3], other: [u8; 3]| one.iter().zip(other).all(|(one, other)| one.abs_diff(other) <= 2);
        assert!(near(to_rgb(54.29, 80.80, 69.89), [255, 0, 0]));
        assert!(near(to_rgb(29.57, 68.30, -112.03), [0, 0, 255]));
        assert_eq!(grey([10, 10, 10]), 10);
    }
}
