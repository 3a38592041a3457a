//! `migrations/<name>.toml`: an old archive that is taken over.

use std::path::{Path, PathBuf};

use klinke_adapters::dicomweb::client::ClientConfig;
use klinke_adapters::units::{Period, above_zero};
use klinke_archive::migrate::ledger;
use klinke_archive::migrate::{Day, Pressure};
use klinke_engine::schedule::{OffsetMinutes, Schedule};
use klinke_hl7v2::charset::Charset;
use schemars::JsonSchema;
use serde::Deserialize;

/// An old archive that is taken over.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Migration {
    /// The system that is taken over, as `systems.toml` names it; with a `dicom` entry, unless it is asked over DICOMweb or
    /// its files are read. Since 0.1.
    pub system: String,
    /// How its studies come. Since 0.1.
    pub way: Way,
    /// Its DICOMweb, where `way = "web"`. Since 0.1.
    pub web: Option<ClientConfig>,
    /// The folder of its files, where `way = "files"`: also the storage folder of Orthanc. Since 0.1.
    pub folder: Option<PathBuf>,
    /// The first day whose studies are asked for. Default `"1980-01-01"`. Since 0.1.
    #[serde(default = "first_day")]
    pub from: String,
    /// The last day; the day on which it is planned when absent. Since 0.1.
    pub until: Option<String>,
    /// So many days are asked for at once to begin with; an answer that may be cut off is asked for again in parts. Default
    /// `"30d"`. Since 0.1.
    #[serde(default = "thirty_days", deserialize_with = "above_zero")]
    pub slice: Period,
    /// The most matches with which it answers, where that is known; found out when absent. Since 0.1.
    pub cap: Option<u64>,
    /// Which studies come first. Default `"newest"`. Since 0.1.
    #[serde(default)]
    pub order: Order,
    /// Studies at a time at most. Default 2. Since 0.1.
    #[serde(default = "two", deserialize_with = "above_zero")]
    pub associations: usize,
    /// When studies may be taken, in the site's local time: `["Mon-Fri 19:00-06:00", "Sat-Sun 00:00-24:00"]`; at any time when
    /// left out. Since 0.1.
    #[serde(default)]
    pub hours: Vec<String>,
    /// How often a study is tried before a person has to look. Default 5. Since 0.1.
    #[serde(default = "five", deserialize_with = "above_zero")]
    pub tries: usize,
    /// How long instances that are still under way are waited for after the old archive has said that it sent them. Default `"10s"`.
    /// Since 0.1.
    #[serde(default = "ten_seconds")]
    pub settle: Period,
    /// The first pause after it refused or broke off; twice as long each time, up to ten minutes. Default `"5s"`. Since 0.1.
    #[serde(default = "five_seconds", deserialize_with = "above_zero")]
    pub pause: Period,
    /// It suffers when an instance takes this many times as long as usual: then half as many studies are taken at a time. Default 4.
    /// Since 0.1.
    #[serde(default = "four")]
    pub slower: f64,
    /// The issuer of its Patient IDs (0010,0021): studies whose instances name none belong to the patient of this issuer, so that equal
    /// numbers of two houses are two patients. Files are not touched. Since 0.1.
    pub issuer: Option<String>,
    /// Who its patients are now, as the hospital's system knows them: `{ file = "patients.csv", charset = "8859/1" }`. Since 0.1.
    pub patients: Option<Patients>,
    /// Of so many instances in a thousand `verify` fetches the pixels again and compares them. Default 0. Since 0.1.
    #[serde(default)]
    pub compare: u32,
}

/// A list of patients of the old archive and who they are now.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Patients {
    /// The list: CSV with a line of headings. It is patient data: keep it out of git. Since 0.1.
    pub file: PathBuf,
    /// Its character set: `UNICODE UTF-8`, `8859/1`, as HL7 names them (table 0211). Since 0.1.
    pub charset: String,
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
    /// Out of its files.
    Files,
}

impl Way {
    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Way::Move => "C-MOVE",
            Way::Get => "C-GET",
            Way::Web => "WADO-RS",
            Way::Files => "files",
        }
    }
}

/// Which studies come first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// Those of the latest date.
    #[default]
    Newest,
    /// Those of the earliest date.
    Oldest,
}

impl From<Order> for ledger::Order {
    fn from(order: Order) -> Self {
        match order {
            Order::Newest => ledger::Order::Newest,
            Order::Oldest => ledger::Order::Oldest,
        }
    }
}

fn first_day() -> String {
    "1980-01-01".to_owned()
}

fn thirty_days() -> Period {
    Period::seconds(30 * 24 * 3600)
}

fn two() -> usize {
    2
}

fn five() -> usize {
    5
}

fn ten_seconds() -> Period {
    Period::seconds(10)
}

fn five_seconds() -> Period {
    Period::seconds(5)
}

fn four() -> f64 {
    4.0
}

impl Migration {
    /// Makes relative file names relative to this folder.
    pub fn resolve(&mut self, folder: &Path) {
        self.web.iter_mut().for_each(|web| web.resolve(folder));
        self.folder.iter_mut().for_each(|path| *path = folder.join(&*path));
        self.patients.iter_mut().for_each(|list| list.file = folder.join(&list.file));
    }

    /// The first and the last day whose studies are asked for.
    pub fn days(&self, today: Day) -> Result<(Day, Day), (&'static str, String)> {
        let from: Day = self.from.parse().map_err(|error| ("from", format!("`{}`: {error}", self.from)))?;
        let until = match &self.until {
            Some(text) => text.parse().map_err(|error| ("until", format!("`{text}`: {error}")))?,
            None => today,
        };
        if until < from {
            return Err(("until", format!("{until} is before {from}")));
        }
        Ok((from, until))
    }

    /// So many days at once.
    pub fn slice_days(&self) -> u32 {
        u32::try_from(self.slice.0.as_secs() / 86_400).unwrap_or(u32::MAX).max(1)
    }

    /// When it may be worked; at any time where there is none.
    pub fn schedule(&self, offset: OffsetMinutes) -> Result<Option<Schedule>, String> {
        match self.hours.is_empty() {
            true => Ok(None),
            false => Schedule::parse(&self.hours, offset).map(Some),
        }
    }

    /// How hard it may be pressed.
    pub fn pressure(&self) -> Pressure {
        Pressure {
            associations: self.associations,
            slower: self.slower,
            pause: self.pause.0,
            ..Pressure::default()
        }
    }

    /// What values can't be although they are well formed: the key, and why.
    pub fn sound(&self, today: Day) -> Result<(), (&'static str, String)> {
        self.days(today)?;
        self.schedule(std::sync::Arc::new(|_| 0)).map_err(|text| ("hours", text))?;
        if !self.slower.is_finite() || self.slower < 1.5 {
            return Err(("slower", "below 1.5 nothing would be usual".to_owned()));
        }
        if self.compare > 1000 {
            return Err(("compare", "it is a number of a thousand".to_owned()));
        }
        if let Some(issuer) = &self.issuer {
            // A value of Issuer of Patient ID (LO: PS3.5, Table 6.2-1).
            let is_wrong = |one: char| one == '\\' || one.is_control();
            if issuer.trim() != issuer || issuer.is_empty() || issuer.contains(is_wrong) {
                return Err(("issuer", "it is empty, or has characters that no issuer has".to_owned()));
            }
            if issuer.chars().count() > 64 {
                return Err(("issuer", "it has more than 64 characters".to_owned()));
            }
        }
        if let Some(list) = &self.patients
            && Charset::by_name(&list.charset).is_none()
        {
            let text = format!("`{}` is no character set; write 8859/1 or UNICODE UTF-8", list.charset);
            return Err(("patients", text));
        }
        match (self.way, &self.web, &self.folder) {
            (Way::Web, None, _) => Err(("way", "`web` needs web = { url = \"…\" }".to_owned())),
            (Way::Files, _, None) => Err(("way", "`files` needs folder = \"…\"".to_owned())),
            _ => Ok(()),
        }
    }
}
