//! Keys of a query on the command line: `PatientName=muster*`, `00100020=4711`, `StudyInstanceUID`.

use anyhow::{Context, Result};
use klinke_dimse::charset::{Charset, Rules};
use klinke_dimse::data::DataSet;
use klinke_dimse::dictionary::Path;
use klinke_dimse::{VR, tags};

/// A level of the information model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Level {
    /// Patients
    Patient,
    /// Studies
    Study,
    /// Series
    Series,
    /// Instances
    Image,
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Level::Patient => "PATIENT",
            Level::Study => "STUDY",
            Level::Series => "SERIES",
            Level::Image => "IMAGE",
        }
    }

    /// What a query looks for: the level of the deepest UID that is given, studies where there is none.
    pub fn of_query(keys: &[Key]) -> Self {
        match Level::of(keys) {
            Level::Patient => Level::Study,
            level => level,
        }
    }

    /// The level of the deepest unique key that is given; studies where there is none.
    pub fn of(keys: &[Key]) -> Self {
        let has = |name: &str| keys.iter().any(|key| key.path.as_str() == name && !key.value.is_empty());
        match () {
            () if has("SOPInstanceUID") => Level::Image,
            () if has("SeriesInstanceUID") => Level::Series,
            () if has("PatientID") && !has("StudyInstanceUID") => Level::Patient,
            () => Level::Study,
        }
    }

    /// What is shown of a match where nobody says it.
    pub fn shown(self) -> &'static [&'static str] {
        match self {
            Level::Patient => &[
                "PatientID",
                "PatientName",
                "PatientBirthDate",
                "PatientSex",
                "NumberOfPatientRelatedStudies",
            ],
            Level::Study => &[
                "PatientID",
                "PatientName",
                "StudyDate",
                "ModalitiesInStudy",
                "StudyDescription",
                "AccessionNumber",
                "NumberOfStudyRelatedInstances",
                "StudyInstanceUID",
            ],
            Level::Series => &[
                "Modality",
                "SeriesNumber",
                "SeriesDescription",
                "NumberOfSeriesRelatedInstances",
                "SeriesInstanceUID",
            ],
            Level::Image => &["InstanceNumber", "SOPClassUID", "SOPInstanceUID"],
        }
    }
}

/// One key.
#[derive(Clone, Debug)]
pub struct Key {
    /// The attribute.
    pub path: Path,
    /// What it must be; empty: it is asked for.
    pub value: String,
}

/// The keys of the command line.
pub fn parse(arguments: &[String]) -> Result<Vec<Key>> {
    let one = |argument: &String| {
        let (path, value) = argument.split_once('=').unwrap_or((argument, ""));
        let path = path.parse().with_context(|| argument.clone())?;
        Ok(Key { path, value: value.to_owned() })
    };
    arguments.iter().map(one).collect()
}

/// The identifier of these keys; `level` stands in it unless it is a worklist's.
pub fn identifier(keys: &[Key], level: Option<Level>) -> Result<DataSet> {
    let mut set = DataSet::new();
    set.put_ascii(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192");
    if let Some(level) = level {
        set.put_ascii(tags::QUERY_RETRIEVE_LEVEL, VR::CS, level.name());
    }
    let rules = Rules { instead: Some(Charset::UTF_8), ..Rules::default() };
    for key in keys {
        key.path.set_text(&mut set, &key.value, &rules).with_context(|| key.path.as_str().to_owned())?;
    }
    Ok(set)
}
