//! Parameters of a search of workitems, and the query that they make (PS3.18, sections 8.3.4 and 11.9).

use klinke_archive::find;
use klinke_archive::workitem::WorkitemQuery;
use klinke_dimse::{Tag, tags};

use super::super::fault::{Fault, Result};
use super::super::query::Parameters;
use super::super::search::keys::{Window, path, wrong};

/// What a search wants.
pub(super) struct Wanted {
    pub query: WorkitemQuery,
    /// How many matches are given.
    pub limit: usize,
    /// Which attributes are given; all where there is none.
    pub fields: Option<Vec<Tag>>,
}

/// What is given without being asked for (PS3.4, Table CC.2.5-3, return key types 1 and 2), without what is long.
const USUAL: &[Tag] = &[
    tags::SOP_CLASS_UID,
    tags::SOP_INSTANCE_UID,
    tags::SCHEDULED_PROCEDURE_STEP_PRIORITY,
    tags::SCHEDULED_PROCEDURE_STEP_MODIFICATION_DATE_TIME,
    tags::PROCEDURE_STEP_LABEL,
    tags::WORKLIST_LABEL,
    tags::SCHEDULED_STATION_NAME_CODE_SEQUENCE,
    tags::SCHEDULED_STATION_CLASS_CODE_SEQUENCE,
    tags::SCHEDULED_STATION_GEOGRAPHIC_LOCATION_CODE_SEQUENCE,
    tags::SCHEDULED_HUMAN_PERFORMERS_SEQUENCE,
    tags::SCHEDULED_PROCEDURE_STEP_START_DATE_TIME,
    tags::EXPECTED_COMPLETION_DATE_TIME,
    tags::SCHEDULED_WORKITEM_CODE_SEQUENCE,
    tags::COMMENTS_ON_THE_SCHEDULED_PROCEDURE_STEP,
    tags::INPUT_READINESS_STATE,
    tags::STUDY_INSTANCE_UID,
    tags::PATIENT_NAME,
    tags::PATIENT_ID,
    tags::ISSUER_OF_PATIENT_ID,
    tags::PATIENT_BIRTH_DATE,
    tags::PATIENT_SEX,
    tags::ADMISSION_ID,
    tags::REFERENCED_REQUEST_SEQUENCE,
    tags::PROCEDURE_STEP_STATE,
    tags::PROCEDURE_STEP_PROGRESS_INFORMATION_SEQUENCE,
];

impl Wanted {
    /// Reads the parameters.
    pub fn read(parameters: &Parameters, limit_max: usize) -> Result<Wanted> {
        let mut window = Window::new(limit_max);
        let mut wanted =
            Wanted { query: WorkitemQuery::default(), limit: limit_max, fields: Some(USUAL.to_vec()) };
        for (name, value) in parameters.iter() {
            if window.take(name, value)? {
                continue;
            }
            match name {
                "includefield" => wanted.include(value)?,
                _ => wanted.key(name, value)?,
            }
        }
        wanted.limit = window.limit;
        wanted.query.offset = window.offset;
        wanted.query.names = window.names;
        // One more, to know whether there is more.
        wanted.query.limit = Some(window.limit.saturating_add(1));
        Ok(wanted)
    }

    fn include(&mut self, value: &str) -> Result<()> {
        for field in value.split(',').map(str::trim).filter(|field| !field.is_empty()) {
            if field.eq_ignore_ascii_case("all") {
                self.fields = None;
                continue;
            }
            let path = path(field).map_err(|what| Fault::bad(format!("includefield: {what}")))?;
            self.give(path[0]);
        }
        Ok(())
    }

    fn key(&mut self, name: &str, value: &str) -> Result<()> {
        let path = path(name).map_err(Fault::bad)?;
        if path[0] == tags::TRANSACTION_UID {
            return Err(Fault::bad("nobody is told a TransactionUID (0008,1195)"));
        }
        self.give(path[0]);
        if let Some(key) = find::of_path(&path, value).ok_or_else(|| wrong(name, &path))? {
            find::merge(&mut self.query.keys, key);
        }
        Ok(())
    }

    fn give(&mut self, tag: Tag) {
        if let Some(fields) = &mut self.fields {
            fields.push(tag);
        }
    }
}
