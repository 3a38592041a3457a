//! Recognizable visual features (PS3.15, section E.3.2): what shows a face, or from which one can be made.
//!
//! Nothing is distorted: taking a face out of a volume needs all of its slices and a registered template. With the
//! option, such instances are marked (YES) and held until somebody says by Recognizable Visual Features (0028,0302) NO that they are
//! harmless, or has defaced them.
//!
//! | what | why it is held |
//! |---|---|
//! | (0028,0302) is YES | it says so |
//! | photographs (modality XC, VL photographic images) | they show the person |
//! | CT, MR, PT whose body part or description names the head, neck or whole body | a surface can be made of the volume |
//! | CT, MR, PT that name no body part anywhere | nobody knows |

use super::options::ProfileOption;
use super::profile::Profile;
use super::report::{Quarantine, Report};
use crate::charset::Charset;
use crate::data::DataSet;
use crate::tags;

/// Words, in capitals, that tell of a head: in English, German and Latin.
const HEAD: &[&str] = &[
    "HEAD",
    "BRAIN",
    "SKULL",
    "FACE",
    "FACIAL",
    "NECK",
    "SINUS",
    "ORBIT",
    "CRANI",
    "KRANI",
    "CEREBR",
    "ZEREBR",
    "NEURO",
    "KOPF",
    "SCHÄDEL",
    "SCHAEDEL",
    "HIRN",
    "GESICHT",
    "HALS",
    "NNH",
    "CCT",
    "CMRT",
    "CMR ",
    "JAW",
    "KIEFER",
    "MAXILL",
    "MANDIB",
    "EAR",
    "OHR",
    "FELSENBEIN",
    "WHOLEBODY",
    "WHOLE BODY",
    "GANZKÖRPER",
    "GANZKOERPER",
    "VERTEX",
    "STROKE",
    "PITUIT",
    "HYPOPHYS",
    "IAC",
    "TMJ",
    "EYE",
    "AUGE",
    "NOSE",
    "NASE",
    "DENTAL",
    "CAROTI",
    "KAROTI",
    "C-SPINE",
    "CSPINE",
    "HWS",
];

/// VL Photographic Image Storage and Video Photographic Image Storage.
const PHOTOGRAPHS: &[&str] = &["1.2.840.10008.5.1.4.1.1.77.1.4", "1.2.840.10008.5.1.4.1.1.77.1.4.1"];

/// Holds an instance that shows what the option is to hide.
pub(super) fn guard(set: &DataSet, profile: &Profile, report: &mut Report) {
    if !profile.options.contains(ProfileOption::CleanRecognizableVisualFeatures)
        || set.get(tags::PIXEL_DATA).is_none()
    {
        return;
    }
    let modality = set.ascii(tags::MODALITY).unwrap_or_default();
    let is_photograph =
        modality == "XC" || set.ascii(tags::SOP_CLASS_UID).is_some_and(|uid| PHOTOGRAPHS.contains(&uid));
    match set.ascii(tags::RECOGNIZABLE_VISUAL_FEATURES) {
        Some("NO") => {}
        Some("YES") => report.hold(Quarantine::RecognizableFeatures),
        _ if is_photograph => report.hold(Quarantine::RecognizableFeatures),
        _ if matches!(modality, "CT" | "MR" | "PT") && may_be_head(set, profile) => {
            report.hold(Quarantine::RecognizableHead);
        }
        _ => {}
    }
}

fn may_be_head(set: &DataSet, profile: &Profile) -> bool {
    let charset = Charset::of(set, &profile.charset).0;
    let text = |set: &DataSet, tag| set.text(tag, &charset).map(|text| text.to_uppercase());
    let mut parts: Vec<String> =
        [tags::BODY_PART_EXAMINED, tags::SERIES_DESCRIPTION, tags::STUDY_DESCRIPTION, tags::PROTOCOL_NAME]
            .into_iter()
            .filter_map(|tag| text(set, tag))
            .collect();
    parts.extend(
        set.items(tags::ANATOMIC_REGION_SEQUENCE).iter().filter_map(|item| text(item, tags::CODE_MEANING)),
    );
    parts.is_empty() || parts.iter().any(|part| HEAD.iter().any(|word| part.contains(word)))
}
