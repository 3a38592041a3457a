//! `[archive]` of `klinke.toml`: the DICOM archive, and how it listens.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use klinke_adapters::dicom::{Accept, NodeConfig, Peer, check_title};
use klinke_adapters::dicomweb::WebConfig;
use klinke_adapters::net::{Allow, Host, Limits, ServerTls};
use klinke_adapters::units::{Bytes, Period};
use klinke_archive::Options;
use klinke_archive::event::Completion;
use klinke_engine::schedule::{OffsetMinutes, Schedule};
use schemars::JsonSchema;
use serde::Deserialize;

use super::keeping::{Compress, Retention, Tier};
use super::priors::Priors;
use super::{Site, System};
use crate::serve::tend::Keeping;

/// The DICOM archive.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Archive {
    /// Where instances are kept: a folder, absolute or within the site. Since 0.1.
    #[serde(default = "default_path")]
    pub path: PathBuf,
    /// Disk that must stay free: below it nothing is taken in (A700H). Since 0.1.
    #[serde(default = "default_reserve")]
    pub reserve: Bytes,
    /// Our AE title. Since 0.1.
    pub ae_title: String,
    /// Other AE titles that we answer to. Since 0.1.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Where to listen for associations; a port alone is on loopback. Since 0.1.
    pub listen: Host,
    /// Who may come in: systems with a `dicom` entry (`"known"`), or anybody (`"any"`). Default `"known"`. Since 0.1.
    #[serde(default)]
    pub accept: Accept,
    /// Called AE titles are taken whatever they are. Default `false`. Since 0.1.
    #[serde(default)]
    pub any_called_title: bool,
    /// Who may connect: addresses or networks; everyone when left out. Since 0.1.
    #[serde(default)]
    pub allow: Vec<Allow>,
    /// TLS. Since 0.1.
    pub tls: Option<ServerTls>,
    /// Where DICOMweb listens, below `/dicom-web`; a port alone is on loopback, and without `web_tls` only loopback is
    /// allowed. Programs come with a token of the console's accounts. Off when absent. Since 0.1.
    pub web: Option<Host>,
    /// Our certificate and key for DICOMweb. Since 0.1.
    pub web_tls: Option<ServerTls>,
    /// Origins whose pages may ask DICOMweb from a browser: `https://viewer.kh.example`. Since 0.1.
    #[serde(default)]
    pub web_origins: Vec<String>,
    /// The built pages of the OHIF viewer, shown where `web` listens to people who are logged in at the console: a folder with
    /// `index.html`, absolute or within the site. Since 0.1.
    pub ohif: Option<PathBuf>,
    /// Limits and timeouts of connections. Since 0.1.
    #[serde(default)]
    pub limits: Limits,
    /// More than so much is not taken in (A700H); what is in the trash is not counted. Senders have their own: `quota` of their
    /// `dicom` entry. Since 0.1.
    pub quota: Option<Bytes>,
    /// How long studies are kept; for ever where no rule fits. Since 0.1.
    #[serde(default)]
    pub retention: Vec<Retention>,
    /// Folders on other disks for older studies. Since 0.1.
    #[serde(default)]
    pub tier: Vec<Tier>,
    /// What is packed without loss; received bytes stay as they are when there is none. Since 0.1.
    #[serde(default)]
    pub compress: Vec<Compress>,
    /// When studies are thrown away by rules, moved and packed, in local time. Default `["01:00-05:00"]`. Since 0.1.
    #[serde(default = "night")]
    pub hours: Vec<String>,
    /// How long what was thrown away can be put back. Default `"30d"`. Since 0.1.
    #[serde(default = "default_trash")]
    pub trash: Period,
    /// How long workitems (UPS-RS) are kept that are completed or cancelled, where no subscriber has locked them. Default `"7d"`.
    /// Since 0.1.
    #[serde(default = "default_workitems")]
    pub workitems: Period,
    /// Earlier studies of patients who are on the worklist, taken from other archives before they come. Since 0.1.
    #[serde(default)]
    pub priors: Vec<Priors>,
    /// When a study is complete: channels with `archive = { on = "study" }` are told of it then. Since 0.1.
    #[serde(default)]
    pub complete: Complete,
}

/// When a study is complete: whichever comes first. When more comes later, it is told again.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Complete {
    /// What says so: `"performed"` (a performed procedure step is over, none of the study goes on, and all instances that it names
    /// are there), `"count"` (as many are there as their Number of Study Related Instances says), `"released"` (the association
    /// was released, and nothing more came for `settle`), `"stable"` (nothing more came for `stable`). Default all. Since 0.1.
    pub by: Vec<Sign>,
    /// How long nothing more may come behind the release of an association. Default `"15s"`. Since 0.1.
    pub settle: Period,
    /// How long nothing more may come otherwise. Default `"5m"`. Since 0.1.
    pub stable: Period,
}

/// What says that a study is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Sign {
    /// A performed procedure step.
    Performed,
    /// The number that instances tell.
    Count,
    /// The release of an association.
    Released,
    /// Time.
    Stable,
}

impl Default for Complete {
    fn default() -> Self {
        let by = vec![Sign::Performed, Sign::Count, Sign::Released, Sign::Stable];
        Complete { by, settle: Period::seconds(15), stable: Period::seconds(300) }
    }
}

impl Complete {
    fn rules(&self) -> Completion {
        let has = |sign| self.by.contains(&sign);
        Completion {
            performed: has(Sign::Performed),
            count: has(Sign::Count),
            released: has(Sign::Released).then_some(self.settle.0),
            stable: has(Sign::Stable).then_some(self.stable.0),
        }
    }
}

fn default_path() -> PathBuf {
    "archive".into()
}

fn default_reserve() -> Bytes {
    Bytes::mib(256)
}

fn night() -> Vec<String> {
    vec!["01:00-05:00".to_owned()]
}

fn default_trash() -> Period {
    Period(std::time::Duration::from_secs(30 * 24 * 3600))
}

fn default_workitems() -> Period {
    Period(std::time::Duration::from_secs(7 * 24 * 3600))
}

impl Archive {
    /// How it listens.
    pub fn node(&self) -> NodeConfig {
        NodeConfig {
            ae_title: self.ae_title.clone(),
            aliases: self.aliases.clone(),
            listen: self.listen.clone(),
            accept: self.accept,
            any_called_title: self.any_called_title,
            allow: self.allow.clone(),
            tls: self.tls.clone(),
            limits: self.limits.clone(),
        }
    }

    /// How DICOMweb listens, where it does.
    pub fn web(&self) -> Option<WebConfig> {
        let listen = self.web.clone()?;
        let (tls, cors) = (self.web_tls.clone(), self.web_origins.clone());
        Some(WebConfig { tls, cors, ohif: self.ohif.clone(), ..WebConfig::at(listen) })
    }

    /// How it is opened.
    pub fn options(&self, site: &Path) -> Options {
        Options {
            reserve_bytes: self.reserve.0 as u64,
            quota_bytes: self.quota.map(|quota| quota.0 as u64),
            complete: self.complete.rules(),
            title: self.ae_title.clone(),
            sent: self.retention.iter().flat_map(|rule| rule.sent.iter().cloned()).collect(),
            tiers: self.tier.iter().map(|tier| tier.tier(site)).collect(),
            ..Options::default()
        }
    }

    /// What is to be done with studies as they grow old.
    pub fn keeping(&self) -> Keeping {
        Keeping {
            rules: self.retention.iter().map(Retention::rule).collect(),
            tiers: self.tier.clone(),
            compress: self.compress.clone(),
            quota: self.quota.map(|quota| quota.0 as u64),
        }
    }

    /// Makes relative file names relative to this folder.
    pub fn resolve(&mut self, folder: &std::path::Path) {
        self.tls.iter_mut().chain(&mut self.web_tls).for_each(|tls| tls.resolve(folder));
        self.priors.iter_mut().for_each(|one| one.resolve(folder));
        self.ohif.iter_mut().for_each(|pages| *pages = folder.join(&*pages));
    }

    /// What is wrong: the keys below `archive` that lead to it, and why.
    pub fn sound(&self) -> Result<(), (Vec<String>, String)> {
        let named =
            [("ae_title", &self.ae_title)].into_iter().chain(self.aliases.iter().map(|one| ("aliases", one)));
        for (key, title) in named {
            check_title(title).map_err(|text| (vec![key.to_owned()], text))?;
        }
        for tier in &self.tier {
            tier.check().map_err(|text| (vec!["tier".to_owned()], text))?;
            if self.tier.iter().filter(|other| other.name == tier.name).count() > 1 {
                return Err((vec!["tier".to_owned()], format!("two tiers have the name `{}`", tier.name)));
            }
        }
        let utc: OffsetMinutes = Arc::new(|_| 0);
        Schedule::parse(&self.hours, utc).map_err(|text| (vec!["hours".to_owned()], text))?;
        self.sound_pages().map_err(|text| (vec!["ohif".to_owned()], text))
    }

    fn sound_pages(&self) -> Result<(), String> {
        let Some(pages) = &self.ohif else { return Ok(()) };
        if self.web.is_none() {
            return Err("it is shown where `web` listens, and there is no `web`".to_owned());
        }
        match pages.join("index.html").is_file() {
            true => Ok(()),
            false => Err(format!("there is no index.html in {}", pages.display())),
        }
    }
}

/// The application entity of a system that speaks DICOM; none where it does not.
pub fn peer(site: &Site, system: &System) -> Option<Result<Peer, toml::de::Error>> {
    let entry = system.adapters.get("dicom")?;
    let resolved = |mut peer: Peer| {
        // As for adapters: certificates and keys lie in the home of the site, whatever revision runs.
        peer.resolve(&site.home);
        peer
    };
    Some(entry.clone().try_into().map(resolved))
}

/// The partners that speak DICOM, as the site's systems name them. What can't be read was told when the site was checked.
pub fn peers(site: &Site) -> Vec<Peer> {
    site.systems.values().filter_map(|system| peer(site, system)?.ok()).collect()
}
