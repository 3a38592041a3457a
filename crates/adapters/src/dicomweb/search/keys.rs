//! Parameters of a search, and the query that they make.

use klinke_archive::Level;
use klinke_archive::find::{self, Key, Matching, Names, Query, is_answerable};
use klinke_dimse::{Tag, VR, dictionary, tags};

use super::super::fault::{Fault, Result};
use super::super::query::{Parameters, shown};
use super::super::route::Place;
use super::attributes;

/// How deep a path of sequences goes.
const DEPTH_MAX: usize = 8;

/// Which of the matches are wanted, and how names are compared (PS3.18, section 8.3.4).
pub(in crate::dicomweb) struct Window {
    /// How many are given.
    pub limit: usize,
    /// How many are passed over.
    pub offset: usize,
    /// How names are compared.
    pub names: Names,
    limit_max: usize,
}

impl Window {
    /// As many as are given at most, from the first on.
    pub fn new(limit_max: usize) -> Self {
        Window { limit: limit_max, offset: 0, names: Names::Plain, limit_max }
    }

    /// Takes a parameter; false where it is another's.
    pub fn take(&mut self, name: &str, value: &str) -> Result<bool> {
        let number = || {
            let number = value.trim().parse::<usize>();
            number.map_err(|_| Fault::bad(format!("{name} is a whole number from 0 on")))
        };
        match name {
            "limit" => self.limit = number()?.min(self.limit_max),
            "offset" => self.offset = number()?,
            "fuzzymatching" => {
                self.names = match value {
                    "true" => Names::Fuzzy,
                    "false" | "" => Names::Plain,
                    _ => return Err(Fault::bad("fuzzymatching is true or false")),
                }
            }
            // They say how the answer is to be written.
            "accept" | "charset" => {}
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// What a search wants.
pub(super) struct Wanted {
    pub query: Query,
    /// How many matches are given.
    pub limit: usize,
    /// Which attributes are given.
    pub fields: Vec<Tag>,
    /// What could not be done, for whoever asks.
    pub warnings: Vec<String>,
}

impl Wanted {
    /// Reads the parameters.
    pub fn read(parameters: &Parameters, level: Level, place: &Place, limit_max: usize) -> Result<Wanted> {
        let mut wanted = Wanted {
            query: Query::at(level),
            limit: limit_max,
            fields: attributes::usual(level, place.study.is_some(), place.series.is_some()),
            warnings: Vec::new(),
        };
        for (tag, uid) in
            [(tags::STUDY_INSTANCE_UID, &place.study), (tags::SERIES_INSTANCE_UID, &place.series)]
        {
            if let Some(uid) = uid {
                let matching = Matching::List(vec![uid.clone()]);
                wanted.query.keys.push(Key { tag, vr: VR::UI, matching });
            }
        }
        let mut window = Window::new(limit_max);
        for (name, value) in parameters.iter() {
            match name {
                _ if window.take(name, value)? => {}
                "includefield" => wanted.include(value)?,
                _ => wanted.key(name, value)?,
            }
        }
        wanted.limit = window.limit;
        (wanted.query.offset, wanted.query.names) = (window.offset, window.names);
        Ok(wanted)
    }

    fn include(&mut self, value: &str) -> Result<()> {
        for field in value.split(',').map(str::trim).filter(|field| !field.is_empty()) {
            if field.eq_ignore_ascii_case("all") {
                self.fields.extend(attributes::all(self.query.level));
                continue;
            }
            let path = path(field).map_err(|what| Fault::bad(format!("includefield: {what}")))?;
            self.fields.push(path[0]);
        }
        Ok(())
    }

    fn key(&mut self, name: &str, value: &str) -> Result<()> {
        let path = path(name).map_err(Fault::bad)?;
        self.fields.push(path[0]);
        let level = self.query.level;
        if !is_answerable(path[0], level) {
            if !value.trim().is_empty() {
                self.warnings
                    .push(format!("{} was not matched: it is not indexed at this level", shown(name)));
            }
            return Ok(());
        }
        if let Some(key) = find::of_path(&path, value).ok_or_else(|| wrong(name, &path))? {
            find::merge(&mut self.query.keys, key);
        }
        Ok(())
    }
}

pub(in crate::dicomweb) fn wrong(name: &str, path: &[Tag]) -> Fault {
    let vr = path.last().and_then(|tag| dictionary::vr(*tag)).unwrap_or(VR::LO);
    Fault::bad(format!("{} is not matched by a value of {vr}, or is a sequence", shown(name)))
}

/// The tags of a name: keywords or eight digits, full stops between those of sequences.
pub(in crate::dicomweb) fn path(name: &str) -> Result<Vec<Tag>, String> {
    let steps: Vec<&str> = name.split('.').collect();
    if steps.len() > DEPTH_MAX {
        return Err(format!("a path is at most {DEPTH_MAX} deep"));
    }
    let mut path = Vec::new();
    for (at, step) in steps.iter().enumerate() {
        let tag = tag(step).ok_or_else(|| format!("{} is no attribute", shown(name)))?;
        let is_last = at + 1 == steps.len();
        if !is_last && dictionary::vr(tag) != Some(VR::SQ) {
            return Err(format!("{} is no sequence", shown(step)));
        }
        path.push(tag);
    }
    Ok(path)
}

fn tag(step: &str) -> Option<Tag> {
    let step = step.trim();
    let is_number = step.len() == 8 && step.bytes().all(|byte| byte.is_ascii_hexdigit());
    match is_number {
        true => {
            let number = u32::from_str_radix(step, 16).ok()?;
            // Both halves have 16 bits.
            Some(Tag((number >> 16) as u16, number as u16))
        }
        false => dictionary::tag_of(step),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Wanted> {
        let parameters = Parameters::read(Some(query)).expect("parameters");
        Wanted::read(&parameters, Level::Study, &Place::default(), 100)
    }

    #[test]
    fn names_and_numbers_are_the_same() {
        let one = read("PatientID=1").expect("a query").query.keys;
        assert_eq!(one, read("00100020=1").expect("a query").query.keys);
        let nested = "ProcedureCodeSequence.CodeValue=1&00081032.00080102=2";
        assert_eq!(read(nested).expect("a query").query.keys.len(), 1);
    }

    #[test]
    fn limits_fields_and_warnings() {
        let wanted =
            read("limit=5&offset=2&includefield=StudyDescription,00080060&EchoTime=3").expect("a query");
        assert_eq!((wanted.limit, wanted.query.offset, wanted.warnings.len()), (5, 2, 1));
        assert!(wanted.fields.contains(&tags::STUDY_DESCRIPTION) && wanted.fields.contains(&tags::MODALITY));
        assert_eq!(read("limit=5000").expect("a query").limit, 100);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (query, name) in [
            ("limit=-1", "limit"),
            ("StudyDate=yesterday", "StudyDate"),
            ("PatientNam=x", "PatientNam"),
            ("fuzzymatching=1", "fuzzymatching"),
            ("PatientID.CodeValue=1", "PatientID"),
            ("includefield=Nothing", "includefield"),
            ("ProcedureCodeSequence=1", "ProcedureCodeSequence"),
        ] {
            let fault = read(query).err().expect(query);
            assert!(fault.status == 400 && fault.text.contains(name), "{query}: {}", fault.text);
        }
    }
}
