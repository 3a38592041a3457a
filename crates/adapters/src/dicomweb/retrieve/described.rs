//! What metadata say of an instance (PS3.18, section 10.4.1.1.2): all of its data set, large values as URIs.

use klinke_archive::image::Source;
use klinke_dimse::data::{DataSet, Element, Fragments, Value};
use klinke_dimse::json::{self, BulkData};
use klinke_dimse::{VR, tags, xml};

/// Where an instance is, below the service's own URL.
pub(super) fn url(base: &str, source: &Source) -> String {
    let one = &source.instance;
    format!("{base}/studies/{}/series/{}/instances/{}", one.study, one.series, one.uid)
}

/// Writes the data set of an instance as DICOM JSON.
pub(super) fn json(out: &mut Vec<u8>, source: &Source, base: &str) {
    let at = url(base, source);
    let bulk = move |bulk: &BulkData<'_>| Some(uri(&at, bulk));
    let options = json::Options { bulk: Some(&bulk), rules: source.rules, ..json::Options::default() };
    json::write(out, &whole(source), &options);
}

/// The data set of an instance as XML.
pub(super) fn xml(source: &Source, base: &str) -> String {
    let at = url(base, source);
    let bulk = move |bulk: &BulkData<'_>| Some(uri(&at, bulk));
    let options = json::Options { bulk: Some(&bulk), rules: source.rules, ..json::Options::default() };
    xml::to_string(&whole(source), &options)
}

/// The URI of a value: `52009229[0].00289110` becomes `52009229/0/00289110`.
fn uri(at: &str, bulk: &BulkData<'_>) -> String {
    format!("{at}/bulkdata/{}", bulk.path.replace("].", "/").replace('[', "/"))
}

/// The data set with pixel data that are elsewhere.
fn whole(source: &Source) -> DataSet {
    let mut set = source.set.clone();
    if let Some(pixels) = &source.pixels {
        // Fragments are never written into the text, whether there are any or not.
        let value = Value::Fragments(Fragments::default());
        set.put(Element { tag: pixels.tag, vr: pixels.vr, value });
    }
    if set.get(tags::AVAILABLE_TRANSFER_SYNTAX_UID).is_none() {
        set.put_ascii(tags::AVAILABLE_TRANSFER_SYNTAX_UID, VR::UI, source.syntax());
    }
    set
}
