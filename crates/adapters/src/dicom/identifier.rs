//! Identifiers of queries and retrievals (PS3.4, C.4.1.1.3): read from what a peer sends, and written for it.

use bytes::Bytes;
use klinke_archive::Level;
use klinke_archive::index::{Found, Selection};
use klinke_dimse::charset::{Charset, Rules};
use klinke_dimse::data::{self, DataSet, Element, Limits};
use klinke_dimse::dictionary;
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::{Tag, VR, tags};

use super::peer::Peer;

/// What a peer may send as an identifier.
const LIMITS: Limits = Limits {
    depth: 16,
    elements: 10_000,
    value_length: 4 << 20,
    total: 8 << 20,
    inflated: 8 << 20,
    deviations: 20,
};

/// Reads an identifier; its texts are then in UTF-8.
pub(super) fn read(bytes: Bytes, syntax: &str, peer: &Peer) -> DataSet {
    let set = data::read(bytes, &TransferSyntax::by_uid(syntax), &LIMITS).set;
    set.recoded(&rules(peer), &Charset::UTF_8).set
}

/// What is done where a peer's character sets are missing or wrong.
pub(super) fn rules(peer: &Peer) -> Rules {
    Rules { instead: peer.charset_override.as_deref().and_then(Charset::by_name), ..Rules::default() }
}

/// The query's level (0008,0052), if the identifier names one.
pub(super) fn level(identifier: &DataSet) -> Option<Level> {
    Level::named(identifier.ascii(tags::QUERY_RETRIEVE_LEVEL)?)
}

/// The instances that a retrieval asks for: the UIDs at its level and above. Nothing where it names none.
pub(super) fn selection(identifier: &DataSet, level: Level) -> Option<Selection> {
    let uids = |tag, at: Level| -> Vec<String> {
        let named = identifier.ascii(tag).filter(|_| at <= level).unwrap_or_default();
        named.split('\\').map(str::trim).filter(|uid| !uid.is_empty()).map(str::to_owned).collect()
    };
    let text = |tag| {
        let bytes = identifier.raw(tag)?;
        std::str::from_utf8(bytes).ok().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    };
    let selection = Selection {
        patient: text(tags::PATIENT_ID).map(|id| (id, text(tags::ISSUER_OF_PATIENT_ID))),
        studies: uids(tags::STUDY_INSTANCE_UID, Level::Study),
        series: uids(tags::SERIES_INSTANCE_UID, Level::Series),
        instances: uids(tags::SOP_INSTANCE_UID, Level::Instance),
    };
    let is_said = match level {
        Level::Patient => selection.patient.is_some(),
        Level::Study => !selection.studies.is_empty(),
        Level::Series => !selection.series.is_empty(),
        Level::Instance => !selection.instances.is_empty(),
    };
    is_said.then_some(selection)
}

/// The answer to a query about one entry: every attribute that was asked for, empty where it is not known.
pub(super) fn answer(asked: &DataSet, found: &Found, ae_title: &str) -> DataSet {
    let mut answer = DataSet::new();
    for element in asked.iter().filter(|element| element.tag.1 != 0) {
        answer.put(answered(element, found));
    }
    for tag in unique_keys(found.level) {
        if let Some(element) = found.known(*tag) {
            answer.put(element);
        }
    }
    answer.put_ascii(tags::QUERY_RETRIEVE_LEVEL, VR::CS, found.level.name());
    answer.put_ascii(tags::RETRIEVE_AE_TITLE, VR::AE, ae_title);
    answer.put_ascii(tags::INSTANCE_AVAILABILITY, VR::CS, "ONLINE");
    answer.remove(tags::SPECIFIC_CHARACTER_SET);
    answer
}

/// An answer in the bytes that the peer takes, in its character set.
pub(super) fn write(answer: &DataSet, syntax: &str, charset: &Charset) -> Bytes {
    let utf8 = Rules { instead: Some(Charset::UTF_8), ..Rules::default() };
    let set = answer.recoded(&utf8, charset).set;
    // No fragments, and nothing near 4 GiB.
    Bytes::from(data::write(&set, &TransferSyntax::by_uid(syntax)).unwrap_or_default())
}

/// In which character set a peer is answered: the one that the site says, else UTF-8, as its own identifier rarely tells
/// what it can show.
pub(super) fn charset_for(peer: &Peer) -> Charset {
    peer.charset.as_deref().and_then(Charset::by_name).unwrap_or(Charset::UTF_8)
}

fn unique_keys(level: Level) -> &'static [Tag] {
    const KEYS: &[Tag] =
        &[tags::PATIENT_ID, tags::STUDY_INSTANCE_UID, tags::SERIES_INSTANCE_UID, tags::SOP_INSTANCE_UID];
    &KEYS[..=level as usize]
}

fn answered(asked: &Element, found: &Found) -> Element {
    found.known(asked.tag).unwrap_or_else(|| empty(asked))
}

/// An attribute that was asked for and is not known.
pub(super) fn empty(asked: &Element) -> Element {
    match dictionary::vr(asked.tag).unwrap_or(asked.vr) {
        VR::SQ => Element::sequence(asked.tag, Vec::new()),
        vr => Element::bytes(asked.tag, vr, Bytes::new()),
    }
}
