//! Where the pixels of a frame are: how large they are, and which way the picture looks.

use klinke_dimse::data::DataSet;
use klinke_dimse::{Tag, tags};

/// How large pixels are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spacing {
    /// Millimetres from a row to the next.
    pub rows: f64,
    /// Millimetres from a column to the next.
    pub columns: f64,
    /// What says so.
    pub said: Said,
}

/// Which attribute says how large pixels are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// Pixel Spacing (0028,0030): in the patient, or calibrated (PS3.3, section 10.7.1).
    PixelSpacing,
    /// Imager Pixel Spacing (0018,1164): at the detector, where the patient's shadow is larger than the patient.
    ImagerPixelSpacing,
    /// Nominal Scanned Pixel Spacing (0018,2010): on the film or paper that was scanned.
    NominalScannedPixelSpacing,
}

impl Said {
    /// The attribute's keyword.
    pub fn name(self) -> &'static str {
        match self {
            Said::PixelSpacing => "PixelSpacing",
            Said::ImagerPixelSpacing => "ImagerPixelSpacing",
            Said::NominalScannedPixelSpacing => "NominalScannedPixelSpacing",
        }
    }
}

/// A part of an ultrasound image with a scale of its own (PS3.3, section C.8.5.5), in which both axes are lengths.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Region {
    /// Left, top, right and bottom pixel, all within.
    pub place: [u32; 4],
    /// Millimetres from a row to the next.
    pub rows: f64,
    /// Millimetres from a column to the next.
    pub columns: f64,
}

/// The item of a functional group that holds for a frame, counted from 1: its own, else the shared one (PS3.3, section
/// C.7.6.16).
pub fn group(set: &DataSet, frame: u32, group: Tag) -> Option<&DataSet> {
    let own = set.items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE).get(frame.max(1) as usize - 1);
    let shared = set.items(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE).first();
    [own, shared].into_iter().flatten().find_map(|groups| groups.items(group).first())
}

/// How large the pixels of a frame are.
pub fn spacing(set: &DataSet, frame: u32) -> Option<Spacing> {
    let pair = |set: &DataSet, tag: Tag| match *set.get(tag)?.floats().as_slice() {
        [rows, columns, ..] if is_length(rows) && is_length(columns) => Some((rows, columns)),
        _ => None,
    };
    let as_said = |said: Said| move |(rows, columns): (f64, f64)| Spacing { rows, columns, said };
    let measures = group(set, frame, tags::PIXEL_MEASURES_SEQUENCE);
    let in_patient = measures.and_then(|item| pair(item, tags::PIXEL_SPACING));
    let in_patient = in_patient.or_else(|| pair(set, tags::PIXEL_SPACING));
    let at_detector = pair(set, tags::IMAGER_PIXEL_SPACING);
    // The same number in both, and nobody says that it was calibrated: then it is the detector's.
    let is_copied = in_patient.is_some()
        && in_patient == at_detector
        && set.ascii(tags::PIXEL_SPACING_CALIBRATION_TYPE).is_none();
    let in_patient = in_patient.filter(|_| !is_copied).map(as_said(Said::PixelSpacing));
    in_patient.or_else(|| at_detector.map(as_said(Said::ImagerPixelSpacing))).or_else(|| {
        pair(set, tags::NOMINAL_SCANNED_PIXEL_SPACING).map(as_said(Said::NominalScannedPixelSpacing))
    })
}

/// The parts of an ultrasound image in which lengths can be measured.
pub fn regions(set: &DataSet) -> Vec<Region> {
    const CENTIMETRES: i64 = 3;
    let one = |item: &DataSet| {
        let is_length = |tag| item.int(tag) == Some(CENTIMETRES);
        if !is_length(tags::PHYSICAL_UNITS_X_DIRECTION) || !is_length(tags::PHYSICAL_UNITS_Y_DIRECTION) {
            return None;
        }
        let side = |tag| item.int(tag).and_then(|side| u32::try_from(side).ok());
        let scale = |tag| {
            item.get(tag)?.floats().first().map(|one| one.abs() * 10.0).filter(|&one| self::is_length(one))
        };
        Some(Region {
            place: [
                side(tags::REGION_LOCATION_MIN_X0)?,
                side(tags::REGION_LOCATION_MIN_Y0)?,
                side(tags::REGION_LOCATION_MAX_X1)?,
                side(tags::REGION_LOCATION_MAX_Y1)?,
            ],
            rows: scale(tags::PHYSICAL_DELTA_Y)?,
            columns: scale(tags::PHYSICAL_DELTA_X)?,
        })
    };
    set.items(tags::SEQUENCE_OF_ULTRASOUND_REGIONS).iter().filter_map(one).take(REGIONS_MAX).collect()
}

/// More regions than any image has.
const REGIONS_MAX: usize = 64;

fn is_length(number: f64) -> bool {
    number.is_finite() && number > 0.0
}

/// What lies to the right and at the bottom, in the letters of PS3.3, section C.7.6.1.1.1 (A, P, R, L, H, F; LE, RT … for
/// animals): from the orientation in space, else from Patient Orientation (0020,0020).
pub fn sides(set: &DataSet, frame: u32) -> Option<[String; 2]> {
    let plane = group(set, frame, tags::PLANE_ORIENTATION_SEQUENCE).unwrap_or(set);
    let numbers = plane.get(tags::IMAGE_ORIENTATION_PATIENT).map(|one| one.floats()).unwrap_or_default();
    if let [a, b, c, d, e, f] = *numbers.as_slice() {
        return Some([letters([a, b, c]), letters([d, e, f])]);
    }
    let words: Vec<&str> = set.ascii(tags::PATIENT_ORIENTATION)?.split('\\').map(str::trim).collect();
    let is_fit = |word: &&str| word.len() <= 6 && word.bytes().all(|byte| byte.is_ascii_uppercase());
    match words.as_slice() {
        [right, bottom] if is_fit(right) && is_fit(bottom) => {
            Some([(*right).to_owned(), (*bottom).to_owned()])
        }
        _ => None,
    }
}

/// The letters of a direction, that in which it goes most first; less than 15 degrees are left out.
fn letters([x, y, z]: [f64; 3]) -> String {
    let mut parts = [(x, 'L', 'R'), (y, 'P', 'A'), (z, 'H', 'F')];
    parts.sort_by(|one, other| other.0.abs().total_cmp(&one.0.abs()));
    let seen = parts.iter().filter(|(part, ..)| part.abs() > 0.26);
    seen.map(|&(part, along, against)| if part > 0.0 { along } else { against }).collect()
}

/// Where along its normal the plane of a frame lies, in millimetres, where that is known.
pub fn position(set: &DataSet, frame: u32) -> Option<f64> {
    let plane = group(set, frame, tags::PLANE_ORIENTATION_SEQUENCE).unwrap_or(set);
    let place = group(set, frame, tags::PLANE_POSITION_SEQUENCE).unwrap_or(set);
    let numbers = |set: &DataSet, tag: Tag| set.get(tag).map(|one| one.floats()).unwrap_or_default();
    let (axes, at) =
        (numbers(plane, tags::IMAGE_ORIENTATION_PATIENT), numbers(place, tags::IMAGE_POSITION_PATIENT));
    let &[a, b, c, d, e, f] = axes.as_slice() else { return None };
    let &[x, y, z] = at.as_slice() else { return None };
    let normal = [b * f - c * e, c * d - a * f, a * e - b * d];
    let along = normal[0] * x + normal[1] * y + normal[2] * z;
    along.is_finite().then_some(along)
}

#[cfg(test)]
mod tests {
    use super::*;
    use klinke_dimse::VR;

    fn set(list: &[(Tag, &str)]) -> DataSet {
        let mut set = DataSet::new();
        list.iter().for_each(|(tag, text)| set.put_ascii(*tag, VR::DS, text));
        set
    }

    #[test]
    fn what_says_how_large_pixels_are() {
        let said = |list: &[(Tag, &str)]| spacing(&set(list), 1).map(|one| (one.rows, one.said));
        let (patient, imager) = (tags::PIXEL_SPACING, tags::IMAGER_PIXEL_SPACING);
        assert_eq!(said(&[(patient, "0.5\\0.6")]), Some((0.5, Said::PixelSpacing)));
        assert_eq!(said(&[(imager, "0.1\\0.1")]), Some((0.1, Said::ImagerPixelSpacing)));
        let both = [(patient, "0.1\\0.1"), (imager, "0.1\\0.1")];
        assert_eq!(said(&both), Some((0.1, Said::ImagerPixelSpacing)), "a copy is no calibration");
        let mut calibrated = set(&both);
        calibrated.put_ascii(tags::PIXEL_SPACING_CALIBRATION_TYPE, VR::CS, "FIDUCIAL");
        assert_eq!(spacing(&calibrated, 1).map(|one| one.said), Some(Said::PixelSpacing));
        for odd in ["", "0\\0", "1", "-1\\1", "x\\y"] {
            assert_eq!(said(&[(patient, odd)]), None, "{odd}");
        }
    }

    #[test]
    fn a_frames_own_group_goes_before_the_shared_one() {
        let measures = |text: &str| {
            let mut groups = DataSet::new();
            groups.put_items(tags::PIXEL_MEASURES_SEQUENCE, vec![set(&[(tags::PIXEL_SPACING, text)])]);
            groups
        };
        let mut whole = DataSet::new();
        whole.put_items(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, vec![measures("1\\1")]);
        whole.put_items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, vec![DataSet::new(), measures("2\\2")]);
        let rows = |frame| spacing(&whole, frame).map(|one| one.rows);
        assert_eq!((rows(1), rows(2), rows(3)), (Some(1.0), Some(2.0), Some(1.0)));
    }

    #[test]
    fn sides_and_places() {
        let axial = set(&[
            (tags::IMAGE_ORIENTATION_PATIENT, "1\\0\\0\\0\\1\\0"),
            (tags::IMAGE_POSITION_PATIENT, "0\\0\\7"),
        ]);
        assert_eq!(sides(&axial, 1), Some(["L".to_owned(), "P".to_owned()]));
        assert_eq!(position(&axial, 1), Some(7.0));
        let oblique = set(&[(tags::IMAGE_ORIENTATION_PATIENT, "0\\0.8\\0.6\\0\\0\\-1")]);
        assert_eq!(sides(&oblique, 1), Some(["PH".to_owned(), "F".to_owned()]));
        let mut plain = DataSet::new();
        plain.put_ascii(tags::PATIENT_ORIENTATION, VR::CS, "L\\F");
        assert_eq!(sides(&plain, 1), Some(["L".to_owned(), "F".to_owned()]));
        plain.put_ascii(tags::PATIENT_ORIENTATION, VR::CS, "<b>\\F");
        assert_eq!((sides(&plain, 1), position(&plain, 1)), (None, None));
    }
}
