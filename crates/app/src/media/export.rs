//! The instances, the directory, the pages, in their order.

use std::collections::BTreeMap;
use std::io::Read;

use anyhow::{Context, Result, bail};
use klinke_archive::Archive;
use klinke_archive::index::{Instance, Selection};
use klinke_console::house::archive::{Export, Exported, LeftOut};
use klinke_dimse::data::{self, DataSet, Limits};
use klinke_dimse::directory::{Directory, Leaf};
use klinke_dimse::file::Meta;
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::uids::EXPLICIT_VR_LITTLE_ENDIAN as EXPLICIT;

use super::target::Target;
use super::viewer::Viewer;
use crate::control::answer::Progress;

/// So many instances are asked of the index at a time.
const PAGE_LENGTH: usize = 2_000;
/// More series are in no study that fits on a medium.
const COUNT_MAX: usize = 999_999;

/// Where the files of studies and series go, by the order in which they are met.
#[derive(Default)]
struct Places {
    studies: Vec<String>,
    series: BTreeMap<String, (usize, usize)>,
    series_of: BTreeMap<usize, usize>,
    instances_of: BTreeMap<(usize, usize), usize>,
}

/// Writes a medium into a folder or a ZIP file.
pub fn export(archive: &Archive, wish: &Export, progress: Progress<'_>) -> Result<Exported> {
    let instances = instances(archive, &wish.studies)?;
    let total = instances.len() as u64;
    let mut target = Target::open(&wish.to)?;
    let (mut directory, mut viewer) = (Directory::new(), wish.viewer.then(|| Viewer::new(wish.lang.into())));
    let (mut places, mut exported) =
        (Places::default(), Exported { to: wish.to.clone(), ..Exported::default() });
    for (done, instance) in (1..).zip(&instances) {
        match put(archive, instance, wish, &mut places, &mut directory, &mut target)? {
            Ok((set, syntax)) => {
                exported.instances += 1;
                *exported.studies.entry(instance.study.clone()).or_default() += 1;
                if let Some(viewer) = &mut viewer {
                    exported.pictures += viewer.add((&set, &syntax), instance, &mut target)?;
                }
            }
            Err(why) => exported.left_out.push(LeftOut { instance: instance.uid.clone(), why }),
        }
        progress(done, total);
    }
    if exported.instances == 0 {
        bail!("none of its instances can be on a medium");
    }
    let uid = medium_uid(&instances);
    target.put("DICOMDIR", &[&directory.to_bytes(&wish.label, &uid)?])?;
    if let Some(viewer) = viewer {
        viewer.finish(&mut target)?;
    }
    target.finish()?;
    Ok(exported)
}

/// The instances of the studies, those of a series beside each other.
fn instances(archive: &Archive, studies: &[String]) -> Result<Vec<Instance>> {
    let mut all = Vec::new();
    for study in studies {
        let of = Selection { studies: vec![study.clone()], ..Selection::default() };
        let (mut after, before) = (0, all.len());
        loop {
            let page = archive.instances(&of, after, PAGE_LENGTH)?;
            let Some(last) = page.last() else { break };
            after = last.number;
            all.extend(page);
        }
        if all.len() == before {
            bail!("study {study} is not in the archive");
        }
    }
    all.sort_by(|one, other| {
        (&one.study, &one.series, one.number).cmp(&(&other.study, &other.series, other.number))
    });
    Ok(all)
}

/// Writes one instance; gives its data set with its transfer syntax there, or why it is left out.
fn put(
    archive: &Archive,
    instance: &Instance,
    wish: &Export,
    places: &mut Places,
    directory: &mut Directory,
    target: &mut Target,
) -> Result<Result<(DataSet, String), String>> {
    let bytes = read(archive, instance)?;
    let (bytes, syntax) = match medium_syntax(&instance.file.syntax, wish.decode) {
        None => (bytes, instance.file.syntax.clone()),
        Some(to) => match klinke_archive::transcode(bytes.into(), &instance.file.syntax, to) {
            Ok(bytes) => (bytes.to_vec(), to.to_owned()),
            Err(why) => return Ok(Err(format!("it can't be written as explicit VR little endian: {why}"))),
        },
    };
    let limits = Limits { total: u64::MAX, ..Limits::default() };
    let set = data::read(bytes.clone(), &TransferSyntax::by_uid(&syntax), &limits).set;
    let Some(components) = places.place(instance) else { bail!("there are too many series or instances") };
    let components: Vec<&str> = components.iter().map(String::as_str).collect();
    let leaf =
        Leaf { class: &instance.class, instance: &instance.uid, syntax: &syntax, file_id: &components };
    if let Err(error) = directory.add(&set, leaf) {
        return Ok(Err(error.to_string()));
    }
    let head = Meta::of(&instance.class, &instance.uid, &syntax).to_bytes();
    target.put(&components.join("/"), &[&head, &bytes])?;
    Ok(Ok((set, syntax)))
}

/// The data set of an instance, with its patient as they are now.
fn read(archive: &Archive, instance: &Instance) -> Result<Vec<u8>> {
    let shown = || archive.path(instance).display().to_string();
    let mut bytes = Vec::new();
    archive.given(instance).with_context(shown)?.read_to_end(&mut bytes).with_context(shown)?;
    Ok(bytes)
}

/// The transfer syntax that a medium needs in place of this one (PS3.11, Table D.3-1: explicit VR little endian; compressed ones
/// as the profiles for JPEG and JPEG 2000 on DVD and USB have them).
fn medium_syntax(stored: &str, decode: bool) -> Option<&'static str> {
    let syntax = TransferSyntax::by_uid(stored);
    let is_plain = !syntax.is_encapsulated() && !syntax.is_deflated();
    let must = (is_plain && stored != EXPLICIT) || syntax.is_deflated();
    (must || (decode && syntax.is_encapsulated())).then_some(EXPLICIT)
}

impl Places {
    /// The File ID of an instance; none where there are more than its digits name.
    fn place(&mut self, instance: &Instance) -> Option<[String; 4]> {
        let study = self.studies.iter().position(|one| *one == instance.study).unwrap_or_else(|| {
            self.studies.push(instance.study.clone());
            self.studies.len() - 1
        });
        let key = format!("{}\n{}", instance.study, instance.series);
        let next = self.series_of.entry(study).or_default();
        let (_, series) = *self.series.entry(key).or_insert_with(|| {
            *next += 1;
            (study, *next)
        });
        let number = self.instances_of.entry((study, series)).or_default();
        *number += 1;
        let fits = [study + 1, series, *number].into_iter().all(|one| one <= COUNT_MAX);
        fits.then(|| {
            let (study, number) = (study + 1, *number);
            ["DICOM".to_owned(), format!("ST{study:06}"), format!("SE{series:06}"), format!("IM{number:06}")]
        })
    }
}

/// The UID of the directory: made from what is on the medium, so that the same medium is the same (PS3.5, Annex B.2).
fn medium_uid(instances: &[Instance]) -> String {
    let mut hasher = blake3::Hasher::new();
    for one in instances {
        hasher.update(one.uid.as_bytes());
        hasher.update(&one.file.hash);
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    bytes[6] = bytes[6] & 0x0F | 0x80;
    bytes[8] = bytes[8] & 0x3F | 0x80;
    format!("2.25.{}", u128::from_be_bytes(bytes))
}
