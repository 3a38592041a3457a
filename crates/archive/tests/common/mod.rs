//! What tests of the archive share: instances to send, and what is found.

#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "not every test needs all of it; one that can't go on breaks off"
)]

use std::ops::ControlFlow;
use std::path::Path;

use klinke_archive::change::Decision;
use klinke_archive::find::Query;
use klinke_archive::index::{Added, ClashPolicy, Found};
use klinke_archive::{Archive, Arrival, Error, Level, Options, Received};
use klinke_dimse::charset::Rules;
use klinke_dimse::data::{self, DataSet, Element};
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::{Tag, VR, tags};
use klinke_model::Timestamp;

pub const NOW: Timestamp = Timestamp(1_795_900_000_000_000);
pub const CT: &str = "1.2.840.10008.5.1.4.1.1.2";

/// An instance to send.
#[derive(Clone)]
pub struct Image {
    pub set: DataSet,
}

pub fn image(patient: &str, study: &str, series: &str, instance: &str) -> Image {
    let mut set = DataSet::new();
    let mut put = |tag, vr, text: &str| set.put_ascii(tag, vr, text);
    put(tags::SOP_CLASS_UID, VR::UI, CT);
    put(tags::SOP_INSTANCE_UID, VR::UI, instance);
    put(tags::STUDY_DATE, VR::DA, "20261129");
    put(tags::STUDY_TIME, VR::TM, "101500");
    put(tags::ACCESSION_NUMBER, VR::SH, "A-1");
    put(tags::MODALITY, VR::CS, "CT");
    put(tags::STUDY_DESCRIPTION, VR::LO, "Thorax");
    put(tags::PATIENT_NAME, VR::PN, &format!("Muster^{patient}"));
    put(tags::PATIENT_ID, VR::LO, patient);
    put(tags::PATIENT_BIRTH_DATE, VR::DA, "19700101");
    put(tags::STUDY_INSTANCE_UID, VR::UI, study);
    put(tags::SERIES_INSTANCE_UID, VR::UI, series);
    put(tags::INSTANCE_NUMBER, VR::IS, "1");
    set.put_us(tags::ROWS, 64);
    set.put(Element::bytes(tags::PIXEL_DATA, VR::OW, vec![7; 8192]));
    Image { set }
}

impl Image {
    pub fn with(mut self, tag: Tag, vr: VR, text: &str) -> Self {
        self.set.put_ascii(tag, vr, text);
        self
    }

    pub fn bytes(&self) -> Vec<u8> {
        data::write(&self.set, &TransferSyntax::EXPLICIT).unwrap()
    }
}

pub fn arrival(clash: ClashPolicy) -> Arrival {
    Arrival {
        class: CT.to_owned(),
        instance: "9.9".to_owned(),
        syntax: TransferSyntax::EXPLICIT.uid().to_owned(),
        from: "CT1".to_owned(),
        to: "KLINKE".to_owned(),
        clash,
        charset: Rules::default(),
        study: None,
        quota: None,
    }
}

pub fn send_as(archive: &Archive, image: &Image, clash: ClashPolicy) -> Result<Received, Error> {
    let mut receiving = archive.receive(arrival(clash))?;
    for piece in image.bytes().chunks(1000) {
        receiving.write(piece)?;
    }
    receiving.finish(NOW)
}

#[track_caller]
pub fn send(archive: &Archive, image: &Image) -> Added {
    send_as(archive, image, ClashPolicy::KeepFirst).unwrap().added
}

pub fn anna() -> Decision {
    Decision { who: "anna".to_owned(), why: "a test".to_owned(), origin: String::new(), at: NOW }
}

pub fn open(folder: &Path) -> Archive {
    Archive::open(folder, Options::default()).unwrap()
}

pub fn all(archive: &Archive, query: &Query) -> Vec<Found> {
    let mut found = Vec::new();
    let mut each = |one| {
        found.push(one);
        ControlFlow::Continue(())
    };
    archive.find(query, &mut each).unwrap();
    found
}

/// The studies that an identifier finds, by their UIDs.
pub fn studies(archive: &Archive, keys: &[(Tag, VR, &str)]) -> Vec<String> {
    let mut identifier = DataSet::new();
    for (tag, vr, text) in keys {
        identifier.put_ascii(*tag, *vr, text);
    }
    let found = all(archive, &Query::of(&identifier, Level::Study));
    found.iter().map(|one| one.attributes[1].ascii(tags::STUDY_INSTANCE_UID).unwrap().to_owned()).collect()
}
