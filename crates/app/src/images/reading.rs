//! What is said of one instance.

use anyhow::Result;
use klinke_archive::Archive;
use klinke_console::house::images::{Mark, Reading, Said, Which};
use klinke_dimse::charset::Charset;
use klinke_dimse::report::{self, Item};
use klinke_dimse::tags;

use super::study::marks;

/// What a document is that is given.
pub const PDF: &str = "application/pdf";

/// What is said of an instance. One whose file can't be read says nothing of its contents.
pub fn instance(archive: &Archive, which: &Which) -> Result<Reading> {
    let (instance, patient) = super::one(archive, which)?;
    let file = instance.file.clone();
    let mut reading = Reading {
        patient,
        class: instance.class.clone(),
        syntax: file.syntax,
        size: file.size,
        from: file.from,
        arrived: file.arrived.to_string(),
        ..Reading::default()
    };
    let source = archive.image(instance)?;
    let root = report::tree(&source.set, &source.rules);
    reading.marks = root.as_ref().map(marks).unwrap_or_default();
    reading.report = root.as_ref().map(said);
    let charset = Charset::of(&source.set, &source.rules).0;
    let title = || source.set.text(tags::DOCUMENT_TITLE, &charset).unwrap_or_default().into_owned();
    reading.document = source.document(PDF).map(|bytes| (title(), bytes.len() as u64));
    Ok(reading)
}

fn said(item: &Item) -> Said {
    let mark = |to: &report::Reference| Mark { instance: to.instance.clone(), frames: to.frames.clone() };
    Said {
        name: item.name.clone(),
        value: item.value.clone(),
        marks: item.references.iter().map(mark).collect(),
        items: item.items.iter().map(said).collect(),
    }
}
