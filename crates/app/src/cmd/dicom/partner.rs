//! Whom a command calls.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use klinke_adapters::dicom::Peer;
use klinke_adapters::net::Host;

use crate::site::{archive, fault, load};

/// A partner.
#[derive(clap::Args)]
pub struct Partner {
    /// The partner: AE@host:port, or with --site the name of a system
    #[arg(value_name = "PARTNER")]
    name: String,
    /// Our AE title
    #[arg(long, value_name = "AE")]
    from: Option<String>,
    /// The site that names the partner
    #[arg(long, value_name = "SITE")]
    site: Option<PathBuf>,
}

impl Partner {
    /// The partner, and our AE title.
    pub fn open(&self) -> Result<(Peer, String)> {
        let mut peer = match &self.site {
            Some(site) => self.of_site(site)?,
            None => self.of_name()?,
        };
        peer.check().map_err(anyhow::Error::msg)?;
        let calling =
            self.from.clone().or_else(|| peer.calling.take()).unwrap_or_else(|| "KLINKE".to_owned());
        Ok((peer, calling))
    }

    fn of_name(&self) -> Result<Peer> {
        let Some((title, address)) = self.name.split_once('@') else {
            bail!("write the partner as AE@host:port, or name a system of --site");
        };
        let address: Host = address.parse().map_err(|error| anyhow::anyhow!("{address}: {error}"))?;
        Ok(Peer::at(title, address))
    }

    fn of_site(&self, folder: &std::path::Path) -> Result<Peer> {
        let site = load::load(folder, None).map_err(|faults| fault::as_error(&faults))?;
        let system = site.systems.get(&self.name);
        let system = system.with_context(|| format!("the site has no system `{}`", self.name))?;
        let peer = archive::peer(&site, system);
        let peer = peer.with_context(|| format!("the system `{}` has no `dicom` entry", self.name))?;
        let mut peer = peer.with_context(|| format!("the system `{}`", self.name))?;
        let own = site.node.archive.as_ref().map(|archive| archive.ae_title.clone());
        peer.calling = peer.calling.or(own);
        Ok(peer)
    }
}
