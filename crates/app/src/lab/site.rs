//! The laboratory's site: the KIS sends to radiology, which a fault strikes, and to the laboratory, which is
//! well.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result};

use super::faults::Setup;

/// The addresses of a stage.
#[derive(Clone, Copy, Debug)]
pub struct Places {
    /// Where the site reaches radiology: the network before it.
    pub ris: SocketAddr,
    /// Where the laboratory listens.
    pub lis: SocketAddr,
    /// Where the channel listens.
    pub source: SocketAddr,
}

/// Writes the site's files into a new folder.
pub fn write(folder: &Path, setup: &Setup, places: Places) -> Result<()> {
    let node = format!(
        "name = \"Klinikum Musterstadt\"\n[store]\npath = \"data\"\n{}\n[stop]\nlimit = \"2s\"\n\
         [diagnosis]\nevery = \"500ms\"\nprobe-every = \"1s\"\nlimit = \"1s\"\n",
        setup.store
    );
    let systems = format!(
        "[kis]\ntitle = \"KIS\"\ncontact = \"KIS-Team, Tel. 4711\"\ncharset = \"8859/1\"\n\n\
         [lis]\ntitle = \"Laboratory\"\ncontact = \"Laboratory IT, Tel. 4712\"\nmllp = \"{}\"\n\n\
         [ris]\ntitle = \"Radiology\"\ncontact = \"RIS hotline, Tel. 4713\"\n{}\n",
        places.lis,
        setup
            .endpoint
            .replace("@RIS@", &places.ris.to_string())
            .replace("\"1s\"", &format!("\"{}\"", setup.patience)),
    );
    let source = match setup.source {
        "@CONNECT@" => format!("connect = \"{}\", from = \"kis\"", places.source),
        more => format!("listen = \"{}\", from = \"kis\"{more}", places.source),
    };
    let retry = "retry = { first = \"100ms\", most = \"300ms\" }";
    let channel = format!(
        "title = \"Patient data\"\n[source]\nmllp = {{ {source} }}\n\n{}\n\
         [[destination]]\nto = \"ris\"\n{retry}\n{}\n\n[[destination]]\nto = \"lis\"\n{retry}\n\n{}",
        setup.steps, setup.destination, setup.limits
    );
    let files = [
        ("klinke.toml", node),
        ("systems.toml", systems),
        ("channels/adt.toml", channel),
        ("tables/wards.csv", "ward,name\nNONE,Nowhere\n".to_owned()),
    ];
    for (name, text) in files {
        let path = folder.join(name);
        let parent = path.parent().context("a folder")?;
        std::fs::create_dir_all(parent).with_context(|| parent.display().to_string())?;
        std::fs::write(&path, text).with_context(|| path.display().to_string())?;
    }
    Ok(())
}
