//! Burned-in annotations (PS3.15, section E.3.1): who has them, where, and blacking them out.
//!
//! | built-in rule | what is done |
//! |---|---|
//! | Burned In Annotation (0028,0301) is NO | nothing |
//! | ultrasound with its regions (0018,6011), with Clean Pixel Data | everything outside of the regions is black |
//! | Burned In Annotation is YES | held |
//! | ultrasound, secondary captures, modality OT, scanned film, screen captures that do not say NO | held |
//! | encapsulated documents | held; the Basic Profile replaces the document by a dummy besides |
//!
//! Rules of the site go first. A rule that blacks out counts only with Clean Pixel Data.

mod black;
mod rules;

use super::graphics::has_embedded_overlay;
use super::options::ProfileOption;
use super::profile::Profile;
use super::report::{Outcome, Pixels, Quarantine, Report};
use crate::data::{DataSet, Value};
use crate::pixel::{self, Layout, transcode};
use crate::syntax::TransferSyntax;
use crate::tags;

pub use rules::{PixelRule, Rectangle, RuleAction};

/// What is to be done with the pixels.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// Rectangles to black out.
    rectangles: Vec<Rectangle>,
    /// Rectangles that stay where all else is blacked out.
    regions: Option<Vec<Rectangle>>,
    /// Whether unused bits are cleared.
    unused_bits: bool,
}

/// Finds out what is to be done, from the data set as it came.
pub(super) fn plan(set: &DataSet, profile: &Profile, report: &mut Report) -> Plan {
    let mut plan = Plan::default();
    let cleans = profile.options.contains(ProfileOption::CleanPixelData);
    if rules::is_document(set) || has_pixels(set) {
        match rules::decide(set, profile, cleans) {
            rules::Decision::Release => {}
            rules::Decision::BlackOut(rectangles) => plan.rectangles = rectangles,
            rules::Decision::Regions(regions) => plan.regions = Some(regions),
            rules::Decision::Hold(why) => report.hold(why),
        }
    }
    plan.unused_bits = profile.options.contains(ProfileOption::CleanGraphics) || has_embedded_overlay(set);
    plan
}

/// Does it, and says in which transfer syntax the pixels are then. `original` tells of overlays that are gone.
pub(super) fn apply(
    set: &mut DataSet,
    original: &DataSet,
    syntax: &TransferSyntax,
    plan: &Plan,
    profile: &Profile,
    report: &mut Report,
) -> TransferSyntax {
    let hides = !plan.rectangles.is_empty() || plan.regions.is_some();
    let is_coded =
        matches!(set.get(tags::PIXEL_DATA).map(|element| &element.value), Some(Value::Fragments(_)));
    // Coded frames have bits beyond those stored only where an overlay was coded with them.
    let looks_at_bits = plan.unused_bits && (!is_coded || has_embedded_overlay(original));
    if !(hides || looks_at_bits) {
        return syntax.clone();
    }
    if set.get(tags::PIXEL_DATA).is_none() {
        // A rule wants something black where nothing can be.
        if hides {
            report.hold(Quarantine::Rule);
        }
        return syntax.clone();
    }
    let plan = Plan { unused_bits: looks_at_bits, ..plan.clone() };
    match change(set, syntax, &plan, &profile.pixel_limits) {
        Ok(Some((pixels, syntax))) => {
            let outcome = if hides { Outcome::PixelsHidden } else { Outcome::GraphicsCleared };
            report.note(tags::PIXEL_DATA, outcome);
            report.pixels = Some(pixels);
            syntax
        }
        Ok(None) => {
            // Rectangles beyond the image, or regions that leave nothing out: what is burned in would be left.
            if hides {
                report.hold(Quarantine::BurnedInUnknown);
            }
            syntax.clone()
        }
        Err(_) if !hides && !has_embedded_overlay(original) => syntax.clone(),
        Err(error) => {
            report.hold(Quarantine::Pixels(error.to_string()));
            syntax.clone()
        }
    }
}

fn has_pixels(set: &DataSet) -> bool {
    [tags::PIXEL_DATA, tags::FLOAT_PIXEL_DATA, tags::DOUBLE_FLOAT_PIXEL_DATA]
        .iter()
        .any(|tag| set.get(*tag).is_some())
}

/// Decodes, changes and encodes again; nothing where no bit had to change.
fn change(
    set: &mut DataSet,
    syntax: &TransferSyntax,
    plan: &Plan,
    limits: &pixel::Limits,
) -> Result<Option<(Pixels, TransferSyntax)>, pixel::Error> {
    let mut work = set.clone();
    let mut was_lossy = false;
    let is_coded =
        matches!(work.get(tags::PIXEL_DATA).map(|element| &element.value), Some(Value::Fragments(_)));
    if is_coded {
        let native = transcode(&work, syntax.uid(), TransferSyntax::EXPLICIT.uid(), limits)?;
        was_lossy = native.is_lossy;
        native.apply(&mut work);
    }
    let layout = Layout::of(&work, limits)?;
    let Some(rectangles) = black::edit(&mut work, &layout, plan)? else { return Ok(None) };
    let mut to = if is_coded { TransferSyntax::EXPLICIT } else { syntax.clone() };
    if is_coded && !was_lossy && pixel::is_encodable(syntax.uid()) {
        let coded = transcode(&work, TransferSyntax::EXPLICIT.uid(), syntax.uid(), limits)?;
        coded.apply(&mut work);
        to = syntax.clone();
    }
    *set = work;
    let pixels = Pixels {
        frames: layout.frames,
        rectangles,
        outside_regions: plan.regions.is_some(),
        unused_bits: plan.unused_bits,
        from: syntax.uid().to_owned(),
        to: to.uid().to_owned(),
        was_lossy,
    };
    Ok(Some((pixels, to)))
}
