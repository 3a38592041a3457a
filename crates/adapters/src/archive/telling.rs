//! What the archive has to tell, as payloads. Everything here blocks.

use std::io::Read;

use klinke_archive::event::{Event, Kind};
use klinke_archive::index::{Instance, Selection};
use klinke_archive::{Archive, Result};
use klinke_dimse::data::DataSet;
use klinke_dimse::file::Meta;
use klinke_dimse::{VR, json, tags};
use klinke_model::Payload;

/// How many are asked for at a time.
const PAGE_LENGTH: usize = 32;

/// Something to tell.
#[derive(Clone, Debug)]
pub(super) struct Telling {
    /// Its position.
    pub position: u64,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Instance(Box<Instance>),
    Event(Kind, Box<Event>),
}

/// What came of making a payload.
pub(super) enum Told {
    /// A payload, and what names its sender.
    Whole(Payload, String),
    /// What it should have been can't be had; the payload says what it was, the text why.
    Lost(Payload, String, &'static str),
}

/// What comes behind a position.
pub(super) fn behind(archive: &Archive, kind: Kind, position: u64) -> Result<Vec<Telling>> {
    if kind == Kind::Instance {
        let found = archive.instances(&Selection::default(), position, PAGE_LENGTH)?;
        let telling = |one: Instance| Telling { position: one.number, what: What::Instance(Box::new(one)) };
        return Ok(found.into_iter().map(telling).collect());
    }
    let found = archive.events(kind, position, PAGE_LENGTH)?;
    let telling = |one: Event| Telling { position: one.position, what: What::Event(kind, Box::new(one)) };
    Ok(found.into_iter().map(telling).collect())
}

impl Telling {
    /// Whether this sender stored it.
    pub fn is_from(&self, title: &str) -> bool {
        matches!(&self.what, What::Instance(one) if one.file.from == title)
    }

    /// The study of an instance; none of what is no instance.
    pub fn study(&self) -> Option<&str> {
        match &self.what {
            What::Instance(one) => Some(&one.study),
            What::Event(..) => None,
        }
    }

    /// What it is called, as a payload in its place.
    pub fn named(&self) -> Payload {
        match &self.what {
            What::Instance(one) => named(one),
            What::Event(kind, event) => {
                let tag = match kind {
                    Kind::Performed => tags::SOP_INSTANCE_UID,
                    Kind::Instance | Kind::Study | Kind::Availability => tags::STUDY_INSTANCE_UID,
                };
                let mut set = DataSet::new();
                set.put_ascii(tag, VR::UI, &event.uid);
                document(&set)
            }
        }
    }

    /// As a payload; an instance of at most so many bytes.
    pub fn payload(&self, archive: &Archive, largest: usize) -> Result<Told> {
        match &self.what {
            What::Instance(one) => Ok(whole(archive, one, largest)),
            What::Event(kind, event) => {
                let set = archive.event_document(*kind, event)?;
                let sender = format!("archive: {} {}", kind.name(), event.why.to_lowercase());
                Ok(Told::Whole(document(&set), sender))
            }
        }
    }
}

fn document(set: &DataSet) -> Payload {
    Payload::new(json::to_string(set, &json::Options::default()).into_bytes())
}

/// An instance with its patient as they are now, and a head of its own: the seal of the archive's file holds only as long as nobody
/// changes it.
fn whole(archive: &Archive, one: &Instance, largest: usize) -> Told {
    let lost = |why| Told::Lost(named(one), one.file.from.clone(), why);
    if one.file.size > largest as u64 {
        return lost("the instance is larger than the channel takes");
    }
    let meta = Meta {
        sending: Some(one.file.from.as_str()).filter(|from| !from.is_empty()),
        ..Meta::of(&one.class, &one.uid, &one.file.syntax)
    };
    let mut bytes = meta.to_bytes();
    match archive.given(one).map(|mut given| given.read_to_end(&mut bytes)) {
        Ok(Ok(_)) => Told::Whole(Payload::new(bytes), one.file.from.clone()),
        _ => lost("the instance can't be read from the archive"),
    }
}

/// What an instance is called.
fn named(one: &Instance) -> Payload {
    let mut set = DataSet::new();
    for (tag, uid) in [
        (tags::SOP_CLASS_UID, &one.class),
        (tags::SOP_INSTANCE_UID, &one.uid),
        (tags::STUDY_INSTANCE_UID, &one.study),
        (tags::SERIES_INSTANCE_UID, &one.series),
    ] {
        set.put_ascii(tag, VR::UI, uid);
    }
    document(&set)
}
