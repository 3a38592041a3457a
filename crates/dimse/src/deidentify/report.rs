//! What was done with an instance, without any value of it; and the sum over a study.

use std::collections::BTreeMap;

use dicom_core::Tag;

use super::options::{ProfileOption, ProfileOptions};

/// What became of an element. The words are those of the MIDI challenge where it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// It was removed.
    Removed,
    /// It has no value any more.
    Emptied,
    /// It has a dummy value.
    Replaced,
    /// It has a pseudonym.
    Pseudonymised,
    /// Its UIDs were replaced.
    UidChanged,
    /// Its dates have moved.
    DateShifted,
    /// Words were taken out of its text.
    TextRemoved,
    /// Its text was looked at and nothing was found.
    TextRetained,
    /// An option has kept it.
    Retained(ProfileOption),
    /// Graphics were taken out of it.
    GraphicsCleared,
    /// Pixels were blacked out.
    PixelsHidden,
}

impl Outcome {
    /// Its word in the report.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Removed => "removed",
            Outcome::Emptied => "emptied",
            Outcome::Replaced => "replaced",
            Outcome::Pseudonymised => "pseudonymised",
            Outcome::UidChanged => "uid-changed",
            Outcome::DateShifted => "date-shifted",
            Outcome::TextRemoved => "text-removed",
            Outcome::TextRetained => "text-retained",
            Outcome::Retained(_) => "retained",
            Outcome::GraphicsCleared => "graphics-cleared",
            Outcome::PixelsHidden => "pixels-hidden",
        }
    }
}

/// Why an instance must not leave before somebody has looked at it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Quarantine {
    /// Burned In Annotation (0028,0301) is YES, and no rule covers the image.
    BurnedInAnnotation,
    /// An image of a kind that often has burned-in annotations does not say that it has none, and no rule covers it.
    BurnedInUnknown,
    /// An encapsulated document: its pages are not looked at.
    EncapsulatedDocument,
    /// A rule of the site says so.
    Rule,
    /// The pixels should have been changed, and could not be decoded or encoded; the sentence says why.
    Pixels(String),
    /// A head could be recognized in a volume made of the series.
    RecognizableHead,
    /// Recognizable Visual Features (0028,0302) is YES, or the image is a photograph.
    RecognizableFeatures,
    /// Sequences are nested deeper than is worked through.
    TooDeep,
    /// There are more names and identifiers than are looked for in texts.
    TooManyNames,
    /// Neither Patient ID nor name tells whose dates they are; they moved by the study.
    NoPatient,
}

impl Quarantine {
    /// Its word in the report.
    pub fn name(&self) -> &'static str {
        match self {
            Quarantine::BurnedInAnnotation => "burned-in-annotation",
            Quarantine::BurnedInUnknown => "burned-in-unknown",
            Quarantine::EncapsulatedDocument => "encapsulated-document",
            Quarantine::Rule => "rule",
            Quarantine::Pixels(_) => "pixels",
            Quarantine::RecognizableHead => "recognizable-head",
            Quarantine::RecognizableFeatures => "recognizable-features",
            Quarantine::TooDeep => "too-deep",
            Quarantine::TooManyNames => "too-many-names",
            Quarantine::NoPatient => "no-patient",
        }
    }
}

/// What was done with the pixels.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pixels {
    /// How many frames were changed.
    pub frames: u32,
    /// How many rectangles were blacked out in each.
    pub rectangles: usize,
    /// Whether everything outside of the regions of ultrasound was blacked out.
    pub outside_regions: bool,
    /// Whether unused bits were cleared.
    pub unused_bits: bool,
    /// The transfer syntax that they had.
    pub from: String,
    /// The transfer syntax that they have.
    pub to: String,
    /// Whether they were coded with loss before. They were decoded, and are not coded with loss again.
    pub was_lossy: bool,
}

/// What was done with one instance. It holds no value that the instance had.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// SOP Instance UID as it is now.
    pub instance: String,
    /// Study Instance UID as it is now.
    pub study: String,
    /// The options that were chosen.
    pub options: ProfileOptions,
    /// How many elements of a tag had an outcome, items counted.
    pub elements: BTreeMap<(Tag, Outcome), u32>,
    /// How many UIDs were replaced.
    pub uids_changed: u32,
    /// How many private elements were removed, creators counted.
    pub private_removed: u32,
    /// How many private elements were kept as safe.
    pub private_retained: u32,
    /// What was done with the pixels; none where they are as they were.
    pub pixels: Option<Pixels>,
    /// Why it must not leave; empty where it may.
    pub quarantine: Vec<Quarantine>,
}

impl Report {
    /// How many elements had an outcome.
    pub fn count(&self, outcome: Outcome) -> u32 {
        self.elements.iter().filter(|((_, known), _)| *known == outcome).map(|(_, count)| count).sum()
    }

    pub(super) fn note(&mut self, tag: Tag, outcome: Outcome) {
        // Private tags are counted apart: their elements would make the list long and say little.
        if tag.0.is_multiple_of(2) {
            *self.elements.entry((tag, outcome)).or_default() += 1;
        }
    }

    pub(super) fn hold(&mut self, why: Quarantine) {
        if !self.quarantine.contains(&why) {
            self.quarantine.push(why);
        }
    }
}

/// The sum over the instances of a study, or of any other set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// How many instances.
    pub instances: u64,
    /// How many elements of a tag had an outcome.
    pub elements: BTreeMap<(Tag, Outcome), u64>,
    /// How many UIDs were replaced.
    pub uids_changed: u64,
    /// How many private elements were removed.
    pub private_removed: u64,
    /// How many private elements were kept as safe.
    pub private_retained: u64,
    /// In how many instances pixels were changed.
    pub pixels_changed: u64,
    /// How many instances must not leave, by reason.
    pub quarantine: BTreeMap<&'static str, u64>,
    /// The instances that must not leave, by their new UIDs.
    pub quarantined: Vec<String>,
}

impl Summary {
    /// Adds an instance.
    pub fn add(&mut self, report: &Report) {
        self.instances += 1;
        for (key, count) in &report.elements {
            *self.elements.entry(*key).or_default() += u64::from(*count);
        }
        self.uids_changed += u64::from(report.uids_changed);
        self.private_removed += u64::from(report.private_removed);
        self.private_retained += u64::from(report.private_retained);
        self.pixels_changed += u64::from(report.pixels.is_some());
        for why in &report.quarantine {
            *self.quarantine.entry(why.name()).or_default() += 1;
        }
        if !report.quarantine.is_empty() {
            self.quarantined.push(report.instance.clone());
        }
    }
}
