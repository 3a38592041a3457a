//! `deidentify`: instances without their patients (PS3.15, Annex E), by [`klinke_dimse::deidentify`].
//!
//! The key comes from outside of the site's files (`${file:…}`, `${NAME}`). What was done with each attribute is kept in the trace of
//! the envelope, without any value. An instance that must not leave before somebody has looked at it fails, unless `held` says
//! otherwise.

use klinke_dimse::deidentify::{
    Key, Keyed, Kind, PixelRule, Profile, ProfileOption, ProfileOptions, Rectangle, Report, RuleAction,
    TextPolicy, deidentify,
};
use klinke_dimse::dictionary;
use klinke_dimse::syntax::TransferSyntax;
use klinke_engine::document::Document;
use klinke_engine::step::{Context, Step, StepError, Yield};
use klinke_engine::steps::{Built, Reader, Spec, SpecError, StepKind, Workshop, nearest, spec};
use sha2::{Digest, Sha256};

use super::DicomDocument;

pub(super) const DEIDENTIFY: StepKind = StepKind {
    name: "deidentify",
    about: "Takes the patient out of instances (PS3.15, Basic Profile and its options); the report is in the trace.",
    example: r#"deidentify = { key = "${file:secrets/research.key}", options = ["clean-descriptors"], held = "fail" }"#,
    build,
    keys: &[
        (
            "key",
            "the secret from which UIDs, pseudonyms and shifts come: at least 32 characters, out of no file that git keeps",
        ),
        ("options", "the options of the profile, by the words of docs/deidentification.md"),
        ("method", "what De-identification Method says"),
        ("shift", "with `retain-modified-dates`: by how many days dates move at most; 365 unless said"),
        ("text", "how texts are cleaned: `clean` (unless said), or `replace` whole values"),
        ("pseudonyms", "what gets a pseudonym; patient, name, accession number and study ID unless said"),
        (
            "rules",
            "rules of images that may have names burned in: `modality`, `sop-class`, `manufacturer`, `model`, `image-type`, `rows`, \
             `columns`; `action` is `hold`, `release`, `black-out` (with `rectangles` of left, top, width, height) or `regions`",
        ),
        (
            "held",
            "what becomes of an instance that somebody has to look at: `fail` (unless said), `end`, `pass`",
        ),
    ],
    any_format: false,
};

/// A shorter key can be found by trying.
const KEY_CHARACTERS_MIN: usize = 32;

/// How many attributes one line of the trace names.
const NAMES_OF_LINE: usize = 40;

#[derive(Debug)]
struct Deidentify {
    profile: Profile,
    pseudonyms: Keyed,
    held: &'static str,
}

fn build(spec: &Spec, _: &Workshop<'_>) -> Built {
    let mut reader = Reader::new(spec)?;
    let key = reader.need("key", key)?;
    let options = reader.with("options", |value| {
        let list = spec::one_or_list(value, |one| named(one, ProfileOption::ALL, ProfileOption::name))?;
        Ok(list.into_iter().collect::<ProfileOptions>())
    })?;
    let mut profile = Profile { options: options.unwrap_or_default(), ..Profile::new(key.clone(), &[]) };
    if let Some(method) = reader.with("method", spec::text)? {
        profile.method = method;
    }
    if let Some(days) = reader.with("shift", |value| spec::number(value, 1, 36_500))? {
        profile.shift_days_max = u32::try_from(days).unwrap_or(365);
    }
    if reader.word("text", &["clean", "replace"], "clean")? == "replace" {
        profile.text = TextPolicy::Replace;
    }
    let kinds = |value| spec::one_or_list(value, |one| named(one, Kind::ALL, Kind::name));
    if let Some(kinds) = reader.with("pseudonyms", kinds)? {
        profile.pseudonyms = kinds;
    }
    profile.pixel_rules = reader.with("rules", |value| spec::one_or_list(value, rule))?.unwrap_or_default();
    let held = reader.word("held", &["fail", "end", "pass"], "fail")?;
    reader.end()?;
    Ok(Box::new(Deidentify { profile, pseudonyms: Keyed::new(key), held }))
}

/// A key of any text that is long enough.
fn key(value: &Spec) -> Result<Key, SpecError> {
    let text = spec::text(value)?;
    let text = text.trim();
    // A kept version of the channel has no secrets: what it would make is shown with another key.
    if text.chars().count() < KEY_CHARACTERS_MIN && !text.starts_with("${") {
        let text =
            format!("a key has at least {KEY_CHARACTERS_MIN} characters: `openssl rand -hex 32` makes one");
        return Err(SpecError::here(text));
    }
    Ok(Key::new(Sha256::digest(text.as_bytes()).into()))
}

/// One of a list by its word.
fn named<T: Copy, const N: usize>(
    value: &Spec,
    all: [T; N],
    name: fn(T) -> &'static str,
) -> Result<T, SpecError> {
    let word = spec::text(value)?;
    all.into_iter().find(|one| name(*one) == word).ok_or_else(|| {
        let names = all.into_iter().map(name);
        let hint = match nearest(&word, names.clone()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", names.collect::<Vec<_>>().join(", ")),
        };
        SpecError::here(format!("`{word}` is not known; {hint}"))
    })
}

fn rule(value: &Spec) -> Result<PixelRule, SpecError> {
    let mut reader = Reader::new(value)?;
    let size = |value: &Spec| Ok(u32::try_from(spec::number(value, 1, 100_000)?).unwrap_or(u32::MAX));
    let rectangles = reader.with("rectangles", |value| spec::one_or_list(value, rectangle))?;
    let rule = PixelRule {
        modality: reader.with("modality", spec::text)?,
        sop_class: reader.with("sop-class", spec::text)?,
        manufacturer: reader.with("manufacturer", spec::text)?,
        model: reader.with("model", spec::text)?,
        image_type: reader.with("image-type", spec::text)?,
        rows: reader.with("rows", size)?,
        columns: reader.with("columns", size)?,
        action: match (
            reader.word("action", &["hold", "release", "black-out", "regions"], "hold")?,
            rectangles,
        ) {
            ("hold", None) => RuleAction::Hold,
            ("release", None) => RuleAction::Release,
            ("regions", None) => RuleAction::Regions,
            ("black-out", Some(rectangles)) => RuleAction::BlackOut(rectangles),
            ("black-out", None) => return Err(SpecError::here("`black-out` needs `rectangles`")),
            _ => return Err(SpecError::at("rectangles", "they go with `black-out` alone")),
        },
    };
    reader.end()?;
    Ok(rule)
}

/// Left, top, width, height.
fn rectangle(value: &Spec) -> Result<Rectangle, SpecError> {
    let wrong = || SpecError::here("a rectangle is four numbers: left, top, width, height");
    let list = value.as_array().filter(|list| list.len() == 4).ok_or_else(wrong)?;
    let number = |at: usize| u32::try_from(spec::number(&list[at], 0, 1_000_000)?).map_err(|_| wrong());
    Ok(Rectangle { left: number(0)?, top: number(1)?, width: number(2)?, height: number(3)? })
}

impl Step for Deidentify {
    fn kind(&self) -> &'static str {
        DEIDENTIFY.name
    }

    fn apply(&self, context: &mut Context<'_>, mut document: Box<dyn Document>) -> Result<Yield, StepError> {
        let Some(dicom) = DicomDocument::of(document.as_mut()) else { return Ok(Yield::One(document)) };
        dicom.check_whole()?;
        let from = dicom.syntax().cloned().unwrap_or(TransferSyntax::EXPLICIT);
        let mut profile = self.profile.clone();
        profile.charset = *dicom.rules();
        let done = deidentify(dicom.data_set(), &from, &profile, &self.pseudonyms);
        tell(context, &done.report);
        let reasons: Vec<&str> = done.report.quarantine.iter().map(|why| why.name()).collect();
        if !reasons.is_empty() && self.held != "pass" {
            let text = format!("it must not leave before somebody has looked at it: {}", reasons.join(", "));
            return if self.held == "end" { Ok(Yield::End(text)) } else { Err(StepError::new(text)) };
        }
        dicom.replace(done.set, done.transfer_syntax);
        dicom.forget_head();
        Ok(Yield::One(document))
    }
}

/// The report, into the envelope's trace: what was done with how many elements of which attribute.
fn tell(context: &mut Context<'_>, report: &Report) {
    let options: Vec<&str> = report.options.iter().map(ProfileOption::name).collect();
    context.note(format!("Basic Profile {}", options.join(" ")).trim_end().to_owned());
    context.note(format!(
        "UIDs replaced: {}; private elements removed: {}, kept: {}",
        report.uids_changed, report.private_removed, report.private_retained
    ));
    if let Some(pixels) = &report.pixels {
        context.note(format!("pixels changed: {} frames, {} rectangles", pixels.frames, pixels.rectangles));
    }
    if !report.quarantine.is_empty() {
        let reasons: Vec<&str> = report.quarantine.iter().map(|why| why.name()).collect();
        context.note(format!("held: {}", reasons.join(", ")));
    }
    let mut outcomes: Vec<&str> = report.elements.keys().map(|(_, outcome)| outcome.name()).collect();
    outcomes.sort_unstable();
    outcomes.dedup();
    for outcome in outcomes {
        let of_outcome = report.elements.iter().filter(|((_, one), _)| one.name() == outcome);
        let name = |((tag, _), count): (&(klinke_dimse::Tag, _), &u32)| match count {
            1 => dictionary::name(*tag),
            count => format!("{} ({count})", dictionary::name(*tag)),
        };
        let names: Vec<String> = of_outcome.map(name).collect();
        for line in names.chunks(NAMES_OF_LINE) {
            context.note(format!("{outcome}: {}", line.join(", ")));
        }
    }
}
