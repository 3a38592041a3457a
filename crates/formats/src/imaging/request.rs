//! What is the same in every message about imaging: patient, visit, order.

use klinke_dimse::tags;

use super::line::{Line, joined};
use super::texts::Texts;

/// How an order stands, in the codes of ORC and OBR.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    /// ORC-5 (HL7 table 0038).
    pub order: &'static str,
    /// OBR-25 (table 0123), and OBX-11 (table 0085).
    pub result: &'static str,
}

/// What is told of an order besides what was requested.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    pub state: State,
    /// OBR-4, where the request does not say it.
    pub procedure: Vec<String>,
    /// OBR-7, OBR-8 and OBR-22, as time stamps.
    pub begun: String,
    pub ended: String,
    pub changed: String,
    /// OBR-24.
    pub modality: String,
    /// OBR-32, as XCN.
    pub interpreter: Vec<String>,
}

/// PID, and PV1 where an admission is known.
pub(super) fn patient(set: &Texts<'_>) -> (String, Option<String>) {
    let identifier = |item: &Texts<'_>| {
        let (id, issuer) = (item.text(tags::PATIENT_ID), item.text(tags::ISSUER_OF_PATIENT_ID));
        if id.is_empty() { String::new() } else { joined([&id, "", "", &issuer, "PI"]) }
    };
    let mut identifiers = vec![identifier(set)];
    identifiers.extend(set.items(tags::OTHER_PATIENT_I_DS_SEQUENCE).map(|item| identifier(&item)));
    identifiers.retain(|one| !one.is_empty());
    let sex = set.text(tags::PATIENT_SEX);
    let pid = Line::new("PID")
        .put(1, "1")
        .raw(3, identifiers.join("~"))
        .parts(5, set.xpn(tags::PATIENT_NAME))
        .put(7, &super::texts::moment(&set.text(tags::PATIENT_BIRTH_DATE), ""))
        .put(8, &sex);
    let requests = set.items(tags::REFERENCED_REQUEST_SEQUENCE);
    let admission = requests.map(|one| one.text(tags::ADMISSION_ID)).find(|id| !id.is_empty());
    let admission = admission.unwrap_or_else(|| set.text(tags::ADMISSION_ID));
    let visit = || Line::new("PV1").put(1, "1").put(2, "N").put(19, &admission).written();
    (pid.written(), (!admission.is_empty()).then(visit))
}

/// ORC and OBR of a request; `fallback` is asked for what it does not say.
pub(super) fn order(
    number: usize,
    control: &str,
    one: &Texts<'_>,
    fallback: &Texts<'_>,
    told: &Told,
) -> String {
    let of = |all: &[klinke_dimse::Tag]| {
        let said = one.first(all);
        if said.is_empty() { fallback.first(all) } else { said }
    };
    let accession = of(&[tags::ACCESSION_NUMBER]);
    let placer = of(&[tags::PLACER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST]);
    let filler = of(&[tags::FILLER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST]);
    let filler = if filler.is_empty() { accession.clone() } else { filler };
    let orc = Line::new("ORC")
        .put(1, control)
        .put(2, &placer)
        .put(3, &filler)
        .put(5, told.state.order)
        .put(9, &told.changed);
    let physician = [tags::REQUESTING_PHYSICIAN, tags::REFERRING_PHYSICIAN_NAME];
    let provider = physician.iter().flat_map(|tag| [one.xcn(*tag), fallback.xcn(*tag)]);
    let obr = Line::new("OBR")
        .put(1, &number.to_string())
        .put(2, &placer)
        .put(3, &filler)
        .parts(4, procedure(one, fallback, told))
        .put(7, &told.begun)
        .put(8, &told.ended)
        .parts(16, provider.into_iter().find(|name| !name.is_empty()).unwrap_or_default())
        .put(18, &accession)
        .put(19, &of(&[tags::REQUESTED_PROCEDURE_ID]))
        .put(20, &of(&[tags::SCHEDULED_PROCEDURE_STEP_ID]))
        .put(22, &told.changed)
        .put(24, &told.modality)
        .put(25, told.state.result)
        .parts(32, &told.interpreter);
    orc.written() + &obr.written()
}

/// OBR-4: what was requested, else what was done.
fn procedure(one: &Texts<'_>, fallback: &Texts<'_>, told: &Told) -> Vec<String> {
    let codes =
        [one.code(tags::REQUESTED_PROCEDURE_CODE_SEQUENCE), fallback.code(tags::PROCEDURE_CODE_SEQUENCE)];
    if let Some(code) = codes.into_iter().flatten().find(|code| !code[0].is_empty()) {
        return code.to_vec();
    }
    if !told.procedure.is_empty() {
        return told.procedure.clone();
    }
    let words = [
        one.text(tags::REQUESTED_PROCEDURE_DESCRIPTION),
        fallback.first(&[tags::STUDY_DESCRIPTION, tags::PERFORMED_PROCEDURE_STEP_DESCRIPTION]),
    ];
    vec![String::new(), words.into_iter().find(|text| !text.is_empty()).unwrap_or_default()]
}

/// OBX segments, numbered from 1.
pub(super) struct Observations {
    status: &'static str,
    count: usize,
    written: String,
}

impl Observations {
    /// None yet; each gets this status (OBX-11).
    pub fn new(status: &'static str) -> Self {
        Observations { status, count: 0, written: String::new() }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// One of a type (OBX-2), a code (OBX-3), a value as it is written (OBX-5); what else it has is put by `more`.
    pub fn add(&mut self, kind: &str, code: &[&str], value: String, more: impl FnOnce(Line) -> Line) {
        self.count += 1;
        let line = Line::new("OBX")
            .put(1, &self.count.to_string())
            .put(2, kind)
            .parts(3, code)
            .raw(5, value)
            .put(11, self.status);
        self.written.push_str(&more(line).written());
    }

    /// One with a text, unless that is empty.
    pub fn text(&mut self, kind: &str, code: &[&str], text: &str) {
        if !text.is_empty() {
            self.add(kind, code, super::line::escaped(text), |line| line);
        }
    }

    /// As they stand in a message.
    pub fn written(self) -> String {
        self.written
    }
}
