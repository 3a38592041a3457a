//! `klinke archive import` and `klinke archive export`: media in, media out.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use klinke_console::house::archive::{Ask, Export, Exported, Import, Imported};
use klinke_console::house::request::Request;

use super::Ended;
use super::common::SiteArg;
use super::upkeep::Bar;
use crate::lang::Pick;
use crate::out::{Out, Tone, bytes};

/// The sender that is noted where nobody names one.
const SENDER: &str = "IMPORT";
/// The File-set ID where nobody names one.
const LABEL: &str = "IMAGES";

/// Take in instances out of files: a medium with a DICOMDIR, or any folder
#[derive(clap::Args)]
pub struct ImportArgs {
    /// A folder, with all below it, or a file
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// What is noted as their sender
    #[arg(long, value_name = "AE", default_value = SENDER)]
    sender: String,
    /// Instances take the place of those that are there with other bytes; else they lie beside
    #[arg(long)]
    replace: bool,
}

/// Write studies as a medium: instances, DICOMDIR, and pages that show the pictures
#[derive(clap::Args)]
pub struct ExportArgs {
    /// A study, by its Study Instance UID; more than once for several
    #[arg(long = "study", value_name = "UID", required = true)]
    studies: Vec<String>,
    /// An empty folder, or a file that ends in .zip
    #[arg(long, value_name = "PATH")]
    to: PathBuf,
    /// The label of the medium
    #[arg(long, value_name = "LABEL", default_value = LABEL)]
    label: String,
    /// Decode what is compressed, for old readers
    #[arg(long)]
    decode: bool,
    /// Without the pages that show the pictures
    #[arg(long)]
    no_viewer: bool,
    /// What it is for, for the audit log
    #[arg(long)]
    purpose: Option<String>,
}

pub fn run_import(args: &ImportArgs, site: &SiteArg, out: Out) -> Ended {
    let path = std::path::absolute(&args.path)?;
    let import = Import { path, sender: args.sender.clone(), replace: args.replace };
    let bar = Bar::new(out);
    let imported: Imported =
        site.ask_long(Request::Archive(Ask::Import(import)), &mut |done, of| bar.show(done, of))?;
    bar.end();
    let is_well = imported.refused == 0 && imported.beside == 0 && imported.absent.is_empty();
    if out.json {
        out.value(&imported)?;
        return Ok(ExitCode::from(u8::from(!is_well)));
    }
    let lang = out.lang;
    for fault in &imported.faults {
        out.line(format!("{}: {}", fault.path, out.tone(Tone::Bad, &fault.why)));
    }
    for name in &imported.absent {
        let text = lang.pick("DICOMDIR names it, and it is not there", "steht in DICOMDIR und ist nicht da");
        out.line(format!("{name}: {}", out.tone(Tone::Bad, text)));
    }
    let (new, known, beside, refused) = (imported.new, imported.known, imported.beside, imported.refused);
    let (others, size, studies) = (imported.others, bytes(lang, imported.bytes), imported.studies.len());
    let text = lang.pick(
        format!(
            "{new} instances of {studies} studies were taken in ({size}), {known} were there, {beside} lie beside, {refused} were refused; {others} files are no DICOM"
        ),
        format!(
            "{new} Instanzen aus {studies} Studien übernommen ({size}), {known} waren da, {beside} liegen daneben, {refused} abgewiesen; {others} Dateien sind kein DICOM"
        ),
    );
    out.line(out.tone(if is_well { Tone::Good } else { Tone::Warn }, text));
    Ok(ExitCode::from(u8::from(!is_well)))
}

pub fn run_export(args: &ExportArgs, site: &SiteArg, out: Out) -> Ended {
    let is_plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || b"_ ".contains(&byte);
    if !(1..=16).contains(&args.label.len()) || !args.label.bytes().all(is_plain) {
        bail!("a label has 1 to 16 characters out of A-Z, 0-9, _ and space");
    }
    let export = Export {
        studies: args.studies.clone(),
        to: std::path::absolute(&args.to)?,
        label: args.label.clone(),
        decode: args.decode,
        viewer: !args.no_viewer,
        lang: out.lang.into(),
    };
    let bar = Bar::new(out);
    let exported: Exported = site
        .with(&args.purpose)
        .ask_long(Request::Archive(Ask::Export(export)), &mut |done, of| bar.show(done, of))?;
    bar.end();
    let is_whole = exported.left_out.is_empty();
    if out.json {
        out.value(&exported)?;
        return Ok(ExitCode::from(u8::from(!is_whole)));
    }
    for one in &exported.left_out {
        out.line(format!("{}: {}", one.instance, out.tone(Tone::Bad, &one.why)));
    }
    let (instances, pictures, to) = (exported.instances, exported.pictures, args.to.display());
    out.line(out.lang.pick(
        format!("{instances} instances and {pictures} pictures are in {to}"),
        format!("{instances} Instanzen und {pictures} Bilder sind in {to}"),
    ));
    Ok(ExitCode::from(u8::from(!is_whole)))
}
