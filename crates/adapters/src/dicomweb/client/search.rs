//! QIDO-RS: studies of a slice, instances of a study, page by page until nothing new comes.

use std::collections::BTreeSet;

use hyper::StatusCode;
use hyper::header;
use klinke_archive::migrate::{Answer, Named, Seen, Slice, Trouble, text};
use klinke_archive::priors::Candidate;
use klinke_dimse::data::DataSet;
use klinke_dimse::{Tag, json, tags};

use super::Client;

const ACCEPT: &str = "application/dicom+json";
/// The longest page.
const PAGE_SIZE_BYTES_MAX: usize = 256 << 20;
/// More studies are not taken from one slice: it is then split.
const STUDIES_MAX: usize = 200_000;
/// More studies are of no patient.
const OF_PATIENT_MAX: usize = 10_000;
/// More instances are in no study that we know of.
const INSTANCES_MAX: usize = 2_000_000;

/// Matches of a search, and whether the partner has more than it tells.
struct Matches {
    sets: Vec<DataSet>,
    is_cut: bool,
}

impl Client {
    /// Asks for the studies of a slice; each is given to `found`.
    pub async fn studies(
        &self,
        slice: &Slice,
        found: &mut (dyn FnMut(Seen) + Send),
    ) -> Result<Answer, Trouble> {
        let mut path =
            "/studies?includefield=00080061&includefield=00201206&includefield=00201208".to_owned();
        let asked = [
            ("StudyDate", slice.date()),
            ("StudyTime", slice.time()),
            ("ModalitiesInStudy", slice.modality.clone()),
        ];
        for (name, value) in asked {
            if let Some(value) = value {
                path.push_str(&format!("&{name}={}", encoded(&value)));
            }
        }
        let matches = self.search(&path, tags::STUDY_INSTANCE_UID, STUDIES_MAX).await?;
        let count = matches.sets.len() as u64;
        matches.sets.iter().map(Seen::of).for_each(found);
        Ok(Answer { count, is_cut: matches.is_cut })
    }

    /// The studies of a patient, by identifier; at most so many as nobody has.
    pub async fn studies_of_patient(&self, identifier: &str) -> Result<Vec<Candidate>, Trouble> {
        let more = ["00080061", "00201206", "00201208", "00100021", "00100030", "00081030"];
        let more = more.map(|tag| format!("includefield={tag}")).join("&");
        let path = format!("/studies?PatientID={}&{more}", encoded(identifier));
        let matches = self.search(&path, tags::STUDY_INSTANCE_UID, OF_PATIENT_MAX).await?;
        Ok(matches.sets.iter().map(Candidate::of).collect())
    }

    /// The modalities of a study, by its series, between backslashes.
    pub async fn modalities(&self, study: &str) -> Result<String, Trouble> {
        let path = format!("/studies/{}/series?", encoded(study));
        let matches = self.search(&path, tags::SERIES_INSTANCE_UID, INSTANCES_MAX).await?;
        let all: BTreeSet<String> = matches.sets.iter().map(|set| text(set, tags::MODALITY)).collect();
        Ok(all.into_iter().filter(|one| !one.is_empty()).collect::<Vec<_>>().join("\\"))
    }

    /// The instances of a study, by its series.
    pub async fn instances(&self, study: &str) -> Result<Vec<Named>, Trouble> {
        let study = encoded(study);
        let series = self.whole(&format!("/studies/{study}/series?"), tags::SERIES_INSTANCE_UID).await?;
        let mut named = Vec::new();
        for uid in &series {
            let path = format!("/studies/{study}/series/{}/instances?", encoded(uid));
            let instances = self.whole(&path, tags::SOP_INSTANCE_UID).await?;
            named.extend(instances.into_iter().map(|instance| Named { series: uid.clone(), instance }));
        }
        named.sort();
        Ok(named)
    }

    /// The UIDs of all matches.
    async fn whole(&self, path: &str, key: Tag) -> Result<Vec<String>, Trouble> {
        let matches = self.search(path, key, INSTANCES_MAX).await?;
        if matches.is_cut {
            let text = format!("it names only {} of a study, and has more", matches.sets.len());
            return Err(Trouble::refused(text));
        }
        Ok(matches.sets.iter().map(|set| text(set, key)).collect())
    }

    /// All matches; those that have no key, or one that came before, are passed over. `path` ends behind `?` or a
    /// parameter.
    async fn search(&self, path: &str, key: Tag, most: usize) -> Result<Matches, Trouble> {
        let mut matches = Matches { sets: Vec::new(), is_cut: false };
        let (mut known, mut offset) = (BTreeSet::new(), 0);
        loop {
            let limit = self.connections.page;
            let answer =
                self.connections.get(&format!("{path}&limit={limit}&offset={offset}"), ACCEPT).await?;
            answer.check()?;
            // 299: there are more than it gives (PS3.18, section 10.6.3.3).
            let has_more = answer
                .headers
                .get_all(header::WARNING)
                .iter()
                .any(|value| value.as_bytes().starts_with(b"299"));
            let is_empty = answer.status == StatusCode::NO_CONTENT;
            let bytes = answer.whole(&self.connections, PAGE_SIZE_BYTES_MAX).await?;
            let page = if is_empty || bytes.is_empty() { Vec::new() } else { read(&bytes)? };
            let length = page.len();
            let before = known.len();
            for set in page {
                let uid = text(&set, key);
                if !uid.is_empty() && known.insert(uid) {
                    matches.sets.push(set);
                }
            }
            offset += length;
            if known.len() == before {
                // It passes over `offset` and has filled its page: what else it has can't be asked for.
                matches.is_cut = has_more || length >= limit;
                return Ok(matches);
            }
            if known.len() >= most {
                matches.is_cut = true;
                return Ok(matches);
            }
        }
    }
}

fn read(bytes: &[u8]) -> Result<Vec<DataSet>, Trouble> {
    let wrong = |_| Trouble::refused("its answer to a search is no DICOM JSON");
    let text =
        std::str::from_utf8(bytes).map_err(|_| Trouble::refused("its answer to a search is no UTF-8"))?;
    let all = json::read_all(text, &json::Limits::default()).map_err(wrong)?;
    Ok(all.into_iter().map(|one| one.set).collect())
}

/// A value as it stands in a path or a query: all but unreserved characters in percents (RFC 3986, section 2.1).
pub(super) fn encoded(value: &str) -> String {
    let mut out = String::new();
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}
