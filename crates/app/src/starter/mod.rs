//! The site that `klinke new` makes: a small whole one, to start from.

use std::path::Path;

use anyhow::Context;

use crate::site::schema;

/// The files of a new site.
const FILES: &[(&str, &str)] = &[
    ("klinke.toml", include_str!("klinke.toml")),
    ("systems.toml", include_str!("systems.toml")),
    ("channels/adt-to-ris.toml", include_str!("adt-to-ris.toml")),
    ("channels/adt-to-ris.ts", include_str!("adt-to-ris.ts")),
    ("tables/wards.csv", include_str!("wards.csv")),
    ("examples/adt-to-ris/a01.hl7", include_str!("a01.hl7")),
    ("examples/adt-to-ris/a01.ris.hl7", include_str!("a01.ris.hl7")),
    (".gitignore", include_str!("gitignore")),
    ("lib/klinke.d.ts", klinke_engine::script::DECLARATIONS),
];

/// Where editors find each file's schema; the first line of a file says it.
const SCHEMAS: &[(&str, &str)] = &[
    ("klinke.toml", "#:schema .schema/klinke.schema.json\n"),
    ("systems.toml", "#:schema .schema/systems.schema.json\n"),
    ("channels/adt-to-ris.toml", "#:schema ../.schema/channel.schema.json\n"),
];

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
