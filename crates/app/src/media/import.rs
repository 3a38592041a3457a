//! Instances out of files: a medium with a DICOMDIR, or any folder.

use anyhow::Result;
use klinke_archive::Archive;
use klinke_archive::import::Terms;
use klinke_archive::index::ClashPolicy;
use klinke_console::house::archive::{Fault, Import, Imported};
use klinke_model::Timestamp;

use crate::control::answer::Progress;

/// Takes in all instances below a folder, or in a file.
pub fn import(archive: &Archive, wish: &Import, progress: Progress<'_>) -> Result<Imported> {
    let clash = if wish.replace { ClashPolicy::Replace } else { ClashPolicy::KeepFirst };
    let terms = Terms { from: wish.sender.clone(), clash, charset: *archive.charset() };
    let imported = archive.import(&wish.path, &terms, &Timestamp::now, &mut |done, of| progress(done, of))?;
    let fault = |(path, why): (std::path::PathBuf, String)| Fault { path: path.display().to_string(), why };
    Ok(Imported {
        new: imported.new,
        known: imported.known,
        beside: imported.beside,
        refused: imported.refused,
        others: imported.others,
        directories: imported.directories,
        bytes: imported.bytes,
        studies: imported.studies,
        faults: imported.faults.into_iter().map(fault).collect(),
        absent: imported.absent,
    })
}
