//! The old archive behind the four ways of asking it.

use std::path::PathBuf;

use bytes::Bytes;
use klinke_adapters::dicom::scu::Holdings;
use klinke_adapters::dicomweb::client::Client;
use klinke_archive::Archive;
use klinke_archive::import::{Content, Terms};
use klinke_archive::migrate::ledger::FileRow;
use klinke_archive::migrate::{Answer, Ledger, Named, Seen, Slice, Trouble};
use klinke_archive::priors::Candidate;
use klinke_dimse::file;
use klinke_model::Timestamp;

use super::blocking;

/// The old archive.
pub enum Old {
    /// It is asked by C-FIND and sends to our AE title.
    Move {
        /// The partner.
        holdings: Holdings,
        /// Our AE title.
        title: String,
    },
    /// It is asked by C-FIND and C-GET.
    Get(Holdings),
    /// It is asked over DICOMweb.
    Web(Box<Client>),
    /// Its files are read.
    Files {
        /// Their folder.
        root: PathBuf,
        /// What is noted as their sender.
        from: String,
    },
}

/// What came of fetching a study.
#[derive(Debug, Default)]
pub struct Fetched {
    /// What was not well.
    pub problem: Option<String>,
    /// It lacks resources.
    pub suffers: bool,
}

/// One instance, to be compared.
pub struct Copy {
    /// The data set.
    pub data_set: Bytes,
    /// Its transfer syntax.
    pub syntax: String,
}

impl Old {
    /// The studies of a slice. Files are not asked in slices.
    pub async fn studies(
        &self,
        slice: &Slice,
        found: &mut (dyn FnMut(Seen) + Send),
    ) -> Result<Answer, Trouble> {
        match self {
            Old::Move { holdings, .. } | Old::Get(holdings) => holdings.studies(slice, found).await,
            Old::Web(client) => client.studies(slice, found).await,
            Old::Files { .. } => Ok(Answer { count: 0, is_cut: false }),
        }
    }

    /// The studies of a patient. Files are not asked by patients.
    pub async fn studies_of_patient(&self, identifier: &str) -> Result<Vec<Candidate>, Trouble> {
        match self {
            Old::Move { holdings, .. } | Old::Get(holdings) => holdings.studies_of_patient(identifier).await,
            Old::Web(client) => client.studies_of_patient(identifier).await,
            Old::Files { .. } => Ok(Vec::new()),
        }
    }

    /// The modalities of a study, between backslashes.
    pub async fn modalities(&self, study: &str) -> Result<String, Trouble> {
        match self {
            Old::Move { holdings, .. } | Old::Get(holdings) => holdings.modalities(study).await,
            Old::Web(client) => client.modalities(study).await,
            Old::Files { .. } => Ok(String::new()),
        }
    }

    /// The instances of a study.
    pub async fn instances(&self, ledger: &Ledger, study: &str) -> Result<Vec<Named>, Trouble> {
        match self {
            Old::Move { holdings, .. } | Old::Get(holdings) => holdings.instances(study).await,
            Old::Web(client) => client.instances(study).await,
            Old::Files { .. } => {
                let files = ledger.files(study).map_err(Trouble::refused)?;
                let mut named: Vec<Named> = files.into_iter().map(|file| file.named).collect();
                named.sort();
                Ok(named)
            }
        }
    }

    /// Brings a study here: all of it, or these instances alone.
    pub async fn fetch(
        &self,
        archive: &Archive,
        ledger: &Ledger,
        study: &str,
        only: Option<&[Named]>,
    ) -> Result<Fetched, Trouble> {
        match self {
            Old::Move { holdings, title } => {
                let fetched = holdings.move_to(title, study, only).await?;
                Ok(Fetched { problem: fetched.problem, suffers: fetched.suffers })
            }
            Old::Get(holdings) => {
                let fetched = holdings.get_into(archive, study, only).await?;
                Ok(Fetched { problem: fetched.problem, suffers: fetched.suffers })
            }
            Old::Web(client) => {
                let fetched = client.fetch_into(archive, study, only).await?;
                Ok(Fetched { problem: fetched.problem, suffers: false })
            }
            Old::Files { root, from } => {
                let mut files = ledger.files(study).map_err(Trouble::refused)?;
                if let Some(only) = only {
                    files.retain(|file| only.contains(&file.named));
                }
                let (archive, root, from) = (archive.clone(), root.clone(), from.clone());
                let taken = blocking(move || take_files(&archive, &root, &from, &files)).await;
                taken.map_err(Trouble::suffers)
            }
        }
    }

    /// One instance as the old archive has it; none where it can't give a single one.
    pub async fn copy(&self, ledger: &Ledger, study: &str, named: &Named) -> Result<Option<Copy>, Trouble> {
        match self {
            Old::Move { holdings, .. } | Old::Get(holdings) => {
                let got = holdings.get_one(study, named).await?;
                Ok(got.map(|(data_set, syntax)| Copy { data_set, syntax }))
            }
            Old::Web(client) => Ok(of_file(client.fetch_one(study, named).await?.into())),
            Old::Files { root, .. } => {
                let files = ledger.files(study).map_err(Trouble::refused)?;
                let Some(file) = files.into_iter().find(|file| file.named == *named) else { return Ok(None) };
                let path = root.join(file.path);
                let read = blocking(move || {
                    let opened = Content::open(&path, &klinke_dimse::charset::Rules::default());
                    let Ok(Content::Instance(identity)) = opened else { return Ok(None) };
                    let mut data_set = Vec::new();
                    let read = identity
                        .data_set(&path)
                        .and_then(|mut from| std::io::Read::read_to_end(&mut from, &mut data_set));
                    Ok(read.ok().map(|_| Copy { data_set: data_set.into(), syntax: identity.syntax }))
                });
                read.await.map_err(Trouble::refused)
            }
        }
    }
}

/// The data set of a file of Part 10.
fn of_file(bytes: Bytes) -> Option<Copy> {
    let limits = klinke_dimse::data::Limits::header();
    let opened = file::open(bytes.clone(), &limits, klinke_dimse::data::PixelDataUse::Stop).ok()?;
    let start = usize::try_from(opened.data_set_offset).unwrap_or(usize::MAX).min(bytes.len());
    Some(Copy { data_set: bytes.slice(start..), syntax: opened.syntax.uid().to_owned() })
}

/// Takes files in. A file that can't be read is told of; an archive that can't go on is an error.
fn take_files(
    archive: &Archive,
    root: &std::path::Path,
    from: &str,
    files: &[FileRow],
) -> klinke_archive::Result<Fetched> {
    use klinke_archive::Error;
    let terms = Terms { from: from.to_owned(), charset: *archive.charset(), ..Terms::default() };
    let mut fetched = Fetched::default();
    for file in files {
        let path = root.join(&file.path);
        let taken = match Content::open(&path, &terms.charset) {
            Ok(Content::Instance(identity)) => archive.take_file(&path, &identity, &terms, Timestamp::now()),
            Ok(_) => Err(Error::Unfit("it is no instance any more".to_owned())),
            Err(why) => Err(Error::Unfit(why)),
        };
        match taken {
            Ok(_) => {}
            Err(error @ (Error::Full(_) | Error::Unwritable(_) | Error::Closed)) => return Err(error),
            Err(error) => {
                fetched.problem.get_or_insert_with(|| error.to_string());
            }
        }
    }
    Ok(fetched)
}
