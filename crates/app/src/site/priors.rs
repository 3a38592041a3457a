//! `[[archive.priors]]` of `klinke.toml`: earlier studies of patients who are scheduled, taken from another archive before they come.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use klinke_adapters::dicomweb::client::ClientConfig;
use klinke_adapters::units::{Period, above_zero};
use klinke_archive::migrate::Pressure;
use klinke_archive::priors::Rule;
use klinke_engine::schedule::{OffsetMinutes, Schedule};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{System, migration};

/// Earlier studies of patients who are on the worklist, taken from another archive before they come. A patient is the same by Patient ID
/// and, where both sides tell one, its issuer; never by name. A study whose birth date is another one is not taken.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Priors {
    /// The system that has them, as `systems.toml` names it; with a `dicom` entry, unless `way = "web"`. Since 0.1.
    pub from: String,
    /// What it is called; needed where several take from one system. Default the system's name. Since 0.1.
    pub name: Option<String>,
    /// How they come. Since 0.1.
    pub way: Way,
    /// Its DICOMweb, where `way = "web"`. Since 0.1.
    pub web: Option<ClientConfig>,
    /// So long before a step begins they are asked for; at once where it begins sooner. Default `"24h"`. Since 0.1.
    #[serde(default = "day")]
    pub before: Period,
    /// So many studies at most, the newest first. Default 3. Since 0.1.
    #[serde(default = "three", deserialize_with = "above_zero")]
    pub most: usize,
    /// No older ones, by Study Date; of any age when absent. Since 0.1.
    pub newest_within: Option<Period>,
    /// Studies with one of these modalities; all when left out. Since 0.1.
    #[serde(default)]
    pub modality: Vec<String>,
    /// Only studies with the modality of the step. Default `false`. Since 0.1.
    #[serde(default)]
    pub same_modality: bool,
    /// Studies with a Study Description like one of these, without regard to case: `"*thorax*"`; all when left out. Since 0.1.
    #[serde(default)]
    pub description: Vec<String>,
    /// Only for steps of these modalities; for all when left out. Since 0.1.
    #[serde(default)]
    pub for_modality: Vec<String>,
    /// Only for steps whose Requested Procedure Description or Scheduled Procedure Step Description is like one of these; for all when
    /// left out. Since 0.1.
    #[serde(default)]
    pub for_procedure: Vec<String>,
    /// Whose Patient IDs the other archive has: patients of another issuer are not asked for. Since 0.1.
    pub issuer: Option<String>,
    /// When it may be asked, in the site's local time: `["Mon-Fri 18:00-06:00"]`; at any time when left out. Since 0.1.
    #[serde(default)]
    pub hours: Vec<String>,
    /// Studies at a time at most; fewer while it suffers. Default 2. Since 0.1.
    #[serde(default = "two", deserialize_with = "above_zero")]
    pub associations: usize,
    /// How often it is asked, and a study is tried, before a person has to look; the pauses between grow from a minute to six
    /// hours. Default 5. Since 0.1.
    #[serde(default = "five", deserialize_with = "above_zero")]
    pub tries: usize,
    /// The first pause after it refused, broke off or was not there; twice as long each time, up to ten minutes. Default `"5s"`.
    /// Since 0.1.
    #[serde(default = "five_seconds", deserialize_with = "above_zero")]
    pub pause: Period,
    /// How long instances that are still under way are waited for after it has said that it sent them. Default `"10s"`. Since 0.1.
    #[serde(default = "ten_seconds")]
    pub settle: Period,
}

/// How studies come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// It sends them to our AE title (C-MOVE).
    Move,
    /// It sends them over our association (C-GET).
    Get,
    /// Over DICOMweb: QIDO-RS and WADO-RS.
    Web,
}

impl From<Way> for migration::Way {
    fn from(way: Way) -> Self {
        match way {
            Way::Move => migration::Way::Move,
            Way::Get => migration::Way::Get,
            Way::Web => migration::Way::Web,
        }
    }
}

fn day() -> Period {
    Period::seconds(24 * 3600)
}

fn two() -> usize {
    2
}

fn three() -> usize {
    3
}

fn five() -> usize {
    5
}

fn five_seconds() -> Period {
    Period::seconds(5)
}

fn ten_seconds() -> Period {
    Period::seconds(10)
}

impl Priors {
    /// What it is called.
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.from)
    }

    /// Makes relative file names relative to this folder.
    pub fn resolve(&mut self, folder: &Path) {
        self.web.iter_mut().for_each(|web| web.resolve(folder));
    }

    /// Which studies are wanted.
    pub fn rule(&self) -> Rule {
        Rule {
            for_modalities: self.for_modality.clone(),
            for_procedures: self.for_procedure.clone(),
            modalities: self.modality.clone(),
            same_modality: self.same_modality,
            descriptions: self.description.clone(),
            newest_within: self.newest_within.map(|age| age.0),
            most: self.most,
            issuer: self.issuer.clone(),
        }
    }

    /// How hard it may be pressed.
    pub fn pressure(&self) -> Pressure {
        Pressure { associations: self.associations, pause: self.pause.0, ..Pressure::default() }
    }

    /// When it may be asked; at any time where there is none.
    pub fn schedule(&self, offset: OffsetMinutes) -> Result<Option<Schedule>, String> {
        match self.hours.is_empty() {
            true => Ok(None),
            false => Schedule::parse(&self.hours, offset).map(Some),
        }
    }

    /// What values can't be although they are well formed: the key, and why.
    fn sound(&self, systems: &BTreeMap<String, System>) -> Result<(), (&'static str, String)> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if !(1..=60).contains(&self.name().len()) || !self.name().bytes().all(is_plain) {
            return Err(("name", "a name has up to 60 letters, digits, `-` and `_`".to_owned()));
        }
        let Some(system) = systems.get(&self.from) else {
            let hint = klinke_engine::steps::nearest(&self.from, systems.keys().map(String::as_str));
            let hint = hint.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            return Err(("from", format!("systems.toml has no `{}`{hint}", self.from)));
        };
        match (self.way, &self.web) {
            (Way::Web, None) => return Err(("way", "`web` needs web = { url = \"…\" }".to_owned())),
            (Way::Move | Way::Get, _) if !system.adapters.contains_key("dicom") => {
                return Err(("from", format!("`{}` has no `dicom` entry", self.from)));
            }
            _ => {}
        }
        self.schedule(std::sync::Arc::new(|_| 0)).map(drop).map_err(|text| ("hours", text))
    }
}

/// What is wrong with some: which of them, its key, and why.
pub fn faults(all: &[Priors], systems: &BTreeMap<String, System>) -> Vec<(usize, &'static str, String)> {
    let (mut faults, mut names) = (Vec::new(), BTreeSet::new());
    for (number, one) in all.iter().enumerate() {
        if let Err((key, text)) = one.sound(systems) {
            faults.push((number, key, text));
        } else if !names.insert(one.name()) {
            let text = format!("there is another `{}`: give this one a name of its own", one.name());
            faults.push((number, if one.name.is_some() { "name" } else { "from" }, text));
        }
    }
    faults
}
