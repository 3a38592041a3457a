//! The demo's site: plain files with free ports put in, left in a folder to look at.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::partner;

/// The files, with `@NAME@` where a port stands.
const FILES: &[(&str, &str)] = &[
    ("klinke.toml", include_str!("site/klinke.toml")),
    ("systems.toml", include_str!("site/systems.toml")),
    ("channels/adt.toml", include_str!("site/adt.toml")),
    ("channels/adt.ts", include_str!("site/adt.ts")),
    ("channels/orders.toml", include_str!("site/orders.toml")),
    ("channels/results.toml", include_str!("site/results.toml")),
    ("tables/wards.csv", include_str!("site/wards.csv")),
];

/// The ports of the demo on loopback.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    /// Where the KIS listens for results.
    pub kis: u16,
    /// Where the laboratory listens.
    pub lis: u16,
    /// Where radiology listens.
    pub ris: u16,
    /// Where the channel of patient data listens.
    pub adt: u16,
    /// Where the channel of orders listens.
    pub orders: u16,
    /// Where the channel of results listens.
    pub results: u16,
    /// Where the console listens.
    pub console: u16,
    /// Where the archive listens.
    pub dicom: u16,
}

impl Ports {
    /// Ports that are free now.
    pub fn free() -> Result<Ports> {
        let [kis, lis, ris, adt, orders, results, console, dicom] = partner::free_ports()?;
        Ok(Ports { kis, lis, ris, adt, orders, results, console, dicom })
    }

    fn put_in(self, text: &str) -> String {
        let ports = [
            ("@KIS@", self.kis),
            ("@LIS@", self.lis),
            ("@RIS@", self.ris),
            ("@ADT@", self.adt),
            ("@ORDERS@", self.orders),
            ("@RESULTS@", self.results),
            ("@CONSOLE@", self.console),
            ("@DICOM@", self.dicom),
        ];
        ports.iter().fold(text.to_owned(), |text, (name, port)| text.replace(name, &port.to_string()))
    }
}

/// Writes the site; the folder must be new.
pub fn write(folder: &Path, ports: Ports) -> Result<()> {
    for (name, text) in FILES {
        let path = folder.join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).with_context(|| parent.display().to_string())?;
        }
        std::fs::write(&path, ports.put_in(text)).with_context(|| path.display().to_string())?;
    }
    std::fs::create_dir_all(folder.join("archive"))?;
    Ok(())
}

/// A folder that does not exist yet, in the system's folder for temporary files.
pub fn new_folder() -> PathBuf {
    let folder = |number: u32| std::env::temp_dir().join(format!("klinke-demo-{number}"));
    (1..).map(folder).find(|folder| !folder.exists()).unwrap_or_else(|| folder(0))
}
