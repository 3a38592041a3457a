//! `[[archive.retention]]`, `[[archive.tier]]` and `[[archive.compress]]` of `klinke.toml`: what becomes of studies as they grow old.

use std::path::{Path, PathBuf};

use klinke_adapters::units::Period;
use klinke_archive::Tier as ArchiveTier;
use klinke_archive::retention::{Rule, Since as ArchiveSince};
use klinke_dimse::uids;
use schemars::JsonSchema;
use serde::Deserialize;

/// How long studies are kept. The first rule that fits a study decides; one that none fits stays. What goes lies in the trash first; what
/// is held, or still owed to somebody, never goes.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// What people call it. Since 0.1.
    pub name: String,
    /// How old a study must be to go: `"3650d"`; for ever when absent. Since 0.1.
    pub after: Option<Period>,
    /// From when on its age counts. Default `"study-date"`. Since 0.1.
    #[serde(default)]
    pub since: Since,
    /// Studies with one of these modalities; all when left out. Since 0.1.
    #[serde(default)]
    pub modality: Vec<String>,
    /// Studies of one of these body parts (0018,0015); all when left out. Since 0.1.
    #[serde(default)]
    pub body_part: Vec<String>,
    /// Studies of one of these stations: Station Name (0008,1010), or the AE title of the sender; all when left out. Since 0.1.
    #[serde(default)]
    pub station: Vec<String>,
    /// Who was under 18 at the study is kept at least up to this birthday; so is who has no birth date. Since 0.1.
    pub minors_until: Option<u32>,
    /// How soon a study may go where a quota is reached; not before its time when absent. Since 0.1.
    pub when_full: Option<Period>,
    /// Channels with `archive = { on = "instance" }` that must have sent all of a study before it goes, and whose partners must have
    /// acknowledged it. What such a channel was told before a rule named it counts as not sent. Since 0.1.
    #[serde(default)]
    pub sent: Vec<String>,
}

/// From when on the age of a study counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Since {
    /// Its Study Date, or when it arrived where it has none.
    #[default]
    StudyDate,
    /// When its last instance arrived.
    LastArrival,
}

/// A folder on another disk, to which the files of older studies are moved.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// Its name; it stays, wherever the disk is mounted. Since 0.1.
    pub name: String,
    /// The folder, absolute or within the site. Since 0.1.
    pub path: PathBuf,
    /// How long ago the last instance of a study must have arrived. Since 0.1.
    pub after: Period,
}

/// Images that are packed without loss, where every pixel comes back as it was. Received bytes stay as they are when there is none.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Compress {
    /// Into which transfer syntax. Since 0.1.
    pub to: Packing,
    /// How long ago the last instance of a study must have arrived. Since 0.1.
    pub after: Period,
    /// Studies with one of these modalities; all when left out. Since 0.1.
    #[serde(default)]
    pub modality: Vec<String>,
}

/// A transfer syntax without loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Packing {
    /// JPEG-LS lossless, 1.2.840.10008.1.2.4.80.
    JpegLs,
    /// JPEG lossless, first-order prediction, 1.2.840.10008.1.2.4.70.
    JpegLossless,
}

impl Packing {
    /// Its UID.
    pub fn uid(self) -> &'static str {
        match self {
            Packing::JpegLs => uids::JPEGLS_LOSSLESS,
            Packing::JpegLossless => "1.2.840.10008.1.2.4.70",
        }
    }
}

impl Retention {
    /// As the archive takes it.
    pub fn rule(&self) -> Rule {
        Rule {
            name: self.name.clone(),
            after: self.after.map(|period| period.0),
            since: match self.since {
                Since::StudyDate => ArchiveSince::StudyDate,
                Since::LastArrival => ArchiveSince::LastArrival,
            },
            modalities: self.modality.clone(),
            body_parts: self.body_part.clone(),
            stations: self.station.clone(),
            minors_until: self.minors_until,
            when_full: self.when_full.map(|period| period.0),
            sent: self.sent.clone(),
        }
    }
}

impl Tier {
    /// As the archive takes it; a relative folder is one of the site's.
    pub fn tier(&self, site: &Path) -> ArchiveTier {
        ArchiveTier { name: self.name.clone(), path: site.join(&self.path) }
    }

    /// What is wrong with its name, if something is.
    pub fn check(&self) -> Result<(), String> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        match (1..=30).contains(&self.name.len()) && self.name.bytes().all(is_plain) {
            true => Ok(()),
            false => Err("the name of a tier has up to 30 letters, digits, `-` and `_`".to_owned()),
        }
    }
}
