//! Which images may have burned-in annotations, and where.

use crate::data::DataSet;
use crate::deidentify::profile::Profile;
use crate::deidentify::report::Quarantine;
use crate::tags;

/// A rectangle of pixels; the corner at the top on the left is 0, 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rectangle {
    /// Its first column.
    pub left: u32,
    /// Its first row.
    pub top: u32,
    /// How many columns it has.
    pub width: u32,
    /// How many rows it has.
    pub height: u32,
}

/// A rule of a site about images of a kind. What is not said does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PixelRule {
    /// Modality (0008,0060).
    pub modality: Option<String>,
    /// SOP Class UID (0008,0016).
    pub sop_class: Option<String>,
    /// What Manufacturer (0008,0070) contains, whatever its case.
    pub manufacturer: Option<String>,
    /// What Manufacturer's Model Name (0008,1090) contains, whatever its case.
    pub model: Option<String>,
    /// A value of Image Type (0008,0008).
    pub image_type: Option<String>,
    /// Rows (0028,0010).
    pub rows: Option<u32>,
    /// Columns (0028,0011).
    pub columns: Option<u32>,
    /// What is done with them.
    pub action: RuleAction,
}

/// What a rule does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum RuleAction {
    /// The instance is held until somebody has looked at it.
    #[default]
    Hold,
    /// The instance is known to have no burned-in annotations.
    Release,
    /// These rectangles are blacked out in every frame.
    BlackOut(Vec<Rectangle>),
    /// Everything outside of the regions (0018,6011) is blacked out; held where there are none.
    Regions,
}

/// More regions than any ultrasound has are not understood.
const REGIONS_MAX: usize = 100;

/// What is done with an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Decision {
    Release,
    BlackOut(Vec<Rectangle>),
    Regions(Vec<Rectangle>),
    Hold(Quarantine),
}

/// Asks the rules of the site, then those built in.
pub(super) fn decide(set: &DataSet, profile: &Profile, cleans: bool) -> Decision {
    let is_usable =
        |rule: &&PixelRule| cleans || !matches!(rule.action, RuleAction::BlackOut(_) | RuleAction::Regions);
    if let Some(rule) = profile.pixel_rules.iter().filter(is_usable).find(|rule| rule.fits(set)) {
        return match &rule.action {
            RuleAction::Hold => Decision::Hold(Quarantine::Rule),
            RuleAction::Release => Decision::Release,
            RuleAction::BlackOut(rectangles) => Decision::BlackOut(rectangles.clone()),
            RuleAction::Regions => regions(set).map_or(Decision::Hold(Quarantine::Rule), Decision::Regions),
        };
    }
    match profile.built_in_rules {
        true => built_in(set, cleans),
        false => Decision::Release,
    }
}

fn built_in(set: &DataSet, cleans: bool) -> Decision {
    let burned_in = set.ascii(tags::BURNED_IN_ANNOTATION);
    if is_document(set) {
        return Decision::Hold(Quarantine::EncapsulatedDocument);
    }
    if burned_in == Some("NO") {
        return Decision::Release;
    }
    if cleans
        && is_ultrasound(set)
        && let Some(regions) = regions(set)
    {
        return Decision::Regions(regions);
    }
    match burned_in {
        Some("YES") => Decision::Hold(Quarantine::BurnedInAnnotation),
        _ if is_ultrasound(set) || is_capture(set) => Decision::Hold(Quarantine::BurnedInUnknown),
        _ => Decision::Release,
    }
}

impl PixelRule {
    /// Whether the rule speaks of this image.
    pub fn fits(&self, set: &DataSet) -> bool {
        let is = |wanted: &Option<String>, tag| {
            wanted.as_deref().is_none_or(|wanted| set.ascii(tag) == Some(wanted))
        };
        let contains = |wanted: &Option<String>, tag| {
            wanted.as_deref().is_none_or(|wanted| {
                let value = set.raw(tag).map(String::from_utf8_lossy).unwrap_or_default();
                value.to_lowercase().contains(&wanted.to_lowercase())
            })
        };
        let counts =
            |wanted: Option<u32>, tag| wanted.is_none_or(|wanted| set.int(tag) == Some(i64::from(wanted)));
        let has_type =
            self.image_type.as_deref().is_none_or(|wanted| image_types(set).any(|value| value == wanted));
        is(&self.modality, tags::MODALITY)
            && is(&self.sop_class, tags::SOP_CLASS_UID)
            && contains(&self.manufacturer, tags::MANUFACTURER)
            && contains(&self.model, tags::MANUFACTURER_MODEL_NAME)
            && counts(self.rows, tags::ROWS)
            && counts(self.columns, tags::COLUMNS)
            && has_type
    }
}

/// The regions that an ultrasound describes (PS3.3, section C.8.5.5); none where one of them is not understood.
fn regions(set: &DataSet) -> Option<Vec<Rectangle>> {
    let region = |item: &DataSet| {
        let number = |tag| item.int(tag).and_then(|value| u32::try_from(value).ok());
        let (left, top) = (number(tags::REGION_LOCATION_MIN_X0)?, number(tags::REGION_LOCATION_MIN_Y0)?);
        let (right, bottom) = (number(tags::REGION_LOCATION_MAX_X1)?, number(tags::REGION_LOCATION_MAX_Y1)?);
        let (width, height) = (right.checked_sub(left)?, bottom.checked_sub(top)?);
        Some(Rectangle { left, top, width: width.checked_add(1)?, height: height.checked_add(1)? })
    };
    let items = set.items(tags::SEQUENCE_OF_ULTRASOUND_REGIONS);
    (1..=REGIONS_MAX).contains(&items.len()).then(|| items.iter().map(region).collect())?
}

/// Encapsulated documents (PS3.3, section A.45): PDF, CDA, models.
pub(super) fn is_document(set: &DataSet) -> bool {
    let class = set.ascii(tags::SOP_CLASS_UID).unwrap_or_default();
    set.get(tags::ENCAPSULATED_DOCUMENT).is_some() || class.starts_with("1.2.840.10008.5.1.4.1.1.104.")
}

fn is_ultrasound(set: &DataSet) -> bool {
    const CLASSES: &[&str] = &[
        "1.2.840.10008.5.1.4.1.1.6",
        "1.2.840.10008.5.1.4.1.1.6.1",
        "1.2.840.10008.5.1.4.1.1.3",
        "1.2.840.10008.5.1.4.1.1.3.1",
    ];
    matches!(set.ascii(tags::MODALITY), Some("US" | "IVUS"))
        || set.ascii(tags::SOP_CLASS_UID).is_some_and(|class| CLASSES.contains(&class))
}

/// Secondary captures, scanned film and paper, screens.
fn is_capture(set: &DataSet) -> bool {
    let class = set.ascii(tags::SOP_CLASS_UID).unwrap_or_default();
    let is_secondary =
        class == "1.2.840.10008.5.1.4.1.1.7" || class.starts_with("1.2.840.10008.5.1.4.1.1.7.");
    let is_screen = image_types(set).any(|value| value.contains("SCREEN") || value.contains("CAPTURE"));
    let is_converted =
        matches!(set.ascii(tags::CONVERSION_TYPE), Some("DV" | "DI" | "DF" | "WSD" | "SD" | "SI"));
    matches!(set.ascii(tags::MODALITY), Some("OT" | "SC" | "DOC"))
        || is_secondary
        || is_screen
        || is_converted
}

fn image_types(set: &DataSet) -> impl Iterator<Item = &str> {
    set.ascii(tags::IMAGE_TYPE).unwrap_or_default().split('\\').map(str::trim)
}
