//! `klinke new`: a site to start from.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};

use super::Ended;
use crate::lang::Pick;
use crate::out::Out;
use crate::site::schema;

/// Make a new site to start from
#[derive(clap::Args)]
#[command(after_help = "Example:\n  klinke new hospital\n  klinke test hospital\n  klinke serve hospital")]
pub struct Args {
    /// The folder to make
    folder: PathBuf,
}

/// The files of a new site.
const FILES: &[(&str, &str)] = &[
    ("klinke.toml", include_str!("../starter/klinke.toml")),
    ("systems.toml", include_str!("../starter/systems.toml")),
    ("channels/adt-to-ris.toml", include_str!("../starter/adt-to-ris.toml")),
    ("channels/adt-to-ris.ts", include_str!("../starter/adt-to-ris.ts")),
    ("tables/wards.csv", include_str!("../starter/wards.csv")),
    ("examples/adt-to-ris/a01.hl7", include_str!("../starter/a01.hl7")),
    ("examples/adt-to-ris/a01.ris.hl7", include_str!("../starter/a01.ris.hl7")),
    (".gitignore", include_str!("../starter/gitignore")),
    ("lib/klinke.d.ts", klinke_engine::script::DECLARATIONS),
];

/// Where editors find each file's schema; the first line of a file says it.
const SCHEMAS: &[(&str, &str)] = &[
    ("klinke.toml", "#:schema .schema/klinke.schema.json\n"),
    ("systems.toml", "#:schema .schema/systems.schema.json\n"),
    ("channels/adt-to-ris.toml", "#:schema ../.schema/channel.schema.json\n"),
];

pub fn run(args: &Args, out: Out) -> Ended {
    if args.folder.join("klinke.toml").exists() {
        bail!("{} is a site already", args.folder.display());
    }
    write(&args.folder)?;
    let folder = args.folder.display();
    match out.json {
        true => out.value(&serde_json::json!({ "folder": args.folder }))?,
        false => out.line(out.lang.pick(
            format!("{folder} is made. Next: klinke test {folder}, then klinke serve {folder}"),
            format!("{folder} ist angelegt. Weiter: klinke test {folder}, dann klinke serve {folder}"),
        )),
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes the starter site into a folder.
pub fn write(folder: &Path) -> anyhow::Result<()> {
    for (name, text) in FILES {
        let head = SCHEMAS.iter().find(|(file, _)| file == name).map_or("", |(_, head)| head);
        let path = folder.join(name);
        let parent = path.parent().unwrap_or(folder);
        std::fs::create_dir_all(parent).with_context(|| parent.display().to_string())?;
        std::fs::write(&path, format!("{head}{text}")).with_context(|| path.display().to_string())?;
    }
    schema::write(&folder.join(".schema"))?;
    Ok(())
}
