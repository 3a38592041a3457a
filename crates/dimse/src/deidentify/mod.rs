//! De-identification (PS3.15, Annex E, edition 2024b): the Basic Profile and all of its options, by the standard's table.
//!
//! [`deidentify`] takes a data set and gives another one and a [`Report`]. Keys, pseudonyms, rules and dates are
//! arguments ([`Profile`], [`Pseudonyms`]); what was found is never in the report. What no rule touches stays byte for
//! byte as it was.
//!
//! | module | what |
//! |---|---|
//! | [`table`] | Table E.1-1: what each attribute's action is |
//! | `walk` | the data set, element by element, in all sequences |
//! | `values` | what the actions do to a value |
//! | `content` | content items of structured documents, by their concept names (Table E.3.4-1) |
//! | `graphics` | overlays, curves, annotations of presentation states |
//! | `pixels` | burned-in annotations: rules, regions, blacking out |
//! | `text` | names, identifiers and dates out of texts |
//! | `private` | private elements known to be safe (Table E.3.10-1) |
//!
//! **Conditional actions.** X/Z, X/D, Z/D, X/Z/D and X/Z/U* depend on the type that an attribute has in its IOD. The
//! IOD is not looked at: the form that is valid for every type is taken, a dummy where D is among them, an empty value
//! for X/Z, and replaced UIDs for X/Z/U*. What came empty stays empty.
//!
//! **Not done here.** Faces are not taken out of volumes: such series are held ([`Quarantine`]). Burned-in text is not
//! read; regions come from rules and from the ultrasound's own description. The encrypted copy of section E.1.1 is not
//! written. **File meta information** is the caller's: write it anew with `Media Storage SOP Instance UID` as
//! (0008,0018) is now, the transfer syntax that [`Deidentified`] names, an implementation class and version of the
//! program, no application entity titles, and a preamble of zeros ([`crate::file::Meta`] does that). DICOMDIR and
//! command sets are not for this module either.

mod content;
mod dates;
mod dummy;
mod graphics;
mod json;
mod keyed;
mod options;
mod pixels;
mod private;
mod profile;
mod pseudonyms;
mod report;
pub mod table;
mod text;
mod values;
mod visual;
mod walk;

use dicom_core::VR;

use crate::data::{DataSet, Element};
use crate::syntax::TransferSyntax;
use crate::{charset::Charset, tags};

pub use dates::{shift_date, shift_date_time};
pub use keyed::Key;
pub use options::{ProfileOption, ProfileOptions};
pub use pixels::{PixelRule, Rectangle, RuleAction};
pub use private::SafePrivate;
pub use profile::{Profile, TextPolicy};
pub use pseudonyms::{Format, Keyed, Kind, Pseudonyms, Table};
pub use report::{Outcome, Pixels, Quarantine, Report, Summary};

/// An instance without its patient.
#[derive(Debug, Clone)]
pub struct Deidentified {
    /// The data set.
    pub set: DataSet,
    /// The transfer syntax that its pixel data are in now.
    pub transfer_syntax: TransferSyntax,
    /// What was done.
    pub report: Report,
}

impl Deidentified {
    /// Whether it may leave without somebody having looked at it.
    pub fn is_releasable(&self) -> bool {
        self.report.quarantine.is_empty()
    }
}

/// De-identifies one instance that came in this transfer syntax. It never fails: what can't be made safe is removed, or
/// the instance is held and [`Report::quarantine`] says why.
pub fn deidentify(
    set: &DataSet,
    transfer_syntax: &TransferSyntax,
    profile: &Profile,
    pseudonyms: &dyn Pseudonyms,
) -> Deidentified {
    let mut report = Report { options: profile.options, ..Report::default() };
    visual::guard(set, profile, &mut report);
    let plan = pixels::plan(set, profile, &mut report);
    let mut clean = walk::run(set, profile, pseudonyms, &mut report);
    let transfer_syntax = pixels::apply(&mut clean, set, transfer_syntax, &plan, profile, &mut report);
    mark(&mut clean, profile, &report);
    report.instance = clean.ascii(tags::SOP_INSTANCE_UID).unwrap_or_default().to_owned();
    report.study = clean.ascii(tags::STUDY_INSTANCE_UID).unwrap_or_default().to_owned();
    Deidentified { set: clean, transfer_syntax, report }
}

/// What the data set says about its de-identification (PS3.15, section E.1.1, steps 6, E.3.1 and E.3.6).
fn mark(set: &mut DataSet, profile: &Profile, report: &Report) {
    let has = |option| profile.options.contains(option);
    if let Some(length) = set.get(tags::ENCAPSULATED_DOCUMENT).and_then(Element::as_bytes).map(|it| it.len())
        && set.get(tags::ENCAPSULATED_DOCUMENT_LENGTH).is_some()
    {
        // The dummy in the place of a document has another length.
        let length = (length as u32).to_le_bytes().to_vec();
        set.put(Element::bytes(tags::ENCAPSULATED_DOCUMENT_LENGTH, VR::UL, length));
    }
    set.put_ascii(tags::PATIENT_IDENTITY_REMOVED, VR::CS, "YES");
    let method: String = profile.method.chars().filter(|c| *c != '\\').take(64).collect();
    let charset = Charset::of(set, &profile.charset).0;
    set.put_text(tags::DEIDENTIFICATION_METHOD, VR::LO, &method, &charset);
    let codes = profile.options.iter().map(|option| (option.code(), option.meaning()));
    let codes: Vec<(&str, &str)> = std::iter::once(options::BASIC).chain(codes).collect();
    let is_new = |item: &&DataSet| !codes.iter().any(|(code, _)| item.ascii(tags::CODE_VALUE) == Some(code));
    let before = set.items(tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE).iter().filter(is_new).cloned();
    let items = before.chain(codes.iter().map(|(code, meaning)| code_item(code, meaning))).collect();
    set.put(Element::sequence(tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE, items));
    let dates = match (has(ProfileOption::RetainModifiedDates), has(ProfileOption::RetainFullDates)) {
        (true, _) => "MODIFIED",
        (false, true) => "UNMODIFIED",
        (false, false) => "REMOVED",
    };
    set.put_ascii(tags::LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED, VR::CS, dates);
    let is_image = set.get(tags::PIXEL_DATA).is_some();
    let held = |which: fn(&Quarantine) -> bool| report.quarantine.iter().any(which);
    let is_burned = held(|why| {
        matches!(
            why,
            Quarantine::BurnedInAnnotation
                | Quarantine::BurnedInUnknown
                | Quarantine::Pixels(_)
                | Quarantine::Rule
                | Quarantine::EncapsulatedDocument
        )
    });
    if has(ProfileOption::CleanPixelData) && is_image && !is_burned {
        set.put_ascii(tags::BURNED_IN_ANNOTATION, VR::CS, "NO");
    }
    let is_seen = held(|why| matches!(why, Quarantine::RecognizableHead | Quarantine::RecognizableFeatures));
    if has(ProfileOption::CleanRecognizableVisualFeatures) && is_image {
        let word = if is_seen { "YES" } else { "NO" };
        set.put_ascii(tags::RECOGNIZABLE_VISUAL_FEATURES, VR::CS, word);
    }
}

fn code_item(code: &str, meaning: &str) -> DataSet {
    let mut item = DataSet::new();
    item.put_ascii(tags::CODE_VALUE, VR::SH, code);
    item.put_ascii(tags::CODING_SCHEME_DESIGNATOR, VR::SH, "DCM");
    item.put_ascii(tags::CODE_MEANING, VR::LO, meaning);
    item
}
