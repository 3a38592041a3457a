//! WADO-RS: studies and instances as files in parts, as they lie at the partner.

use hyper::header;
use klinke_archive::Archive;
use klinke_archive::index::Added;
use klinke_archive::migrate::{Named, Trouble};

use super::super::config::WebLimits;
use super::super::media::Media;
use super::super::store::intake::{Intake, Outcome};
use super::super::store::multipart::BOUNDARY_LENGTH_MAX;
use super::Client;
use super::connection::Answer;
use super::search::encoded;

/// As they are, whatever their transfer syntax (PS3.18, section 8.7.3.5.2).
const ACCEPT: &str = "multipart/related; type=\"application/dicom\"; transfer-syntax=*";
/// A single instance that is compared is held in memory.
const HELD_SIZE_BYTES_MAX: usize = 1 << 30;

/// What came of fetching.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fetched {
    /// Instances that the archive took.
    pub taken: u64,
    /// What was not well, of the partner or of the archive.
    pub problem: Option<String>,
}

impl Client {
    /// Fetches a study into an archive: all of it, or these instances alone.
    pub async fn fetch_into(
        &self,
        archive: &Archive,
        study: &str,
        only: Option<&[Named]>,
    ) -> Result<Fetched, Trouble> {
        let mut intake = Intake::new(archive.clone(), &WebLimits::default(), &self.name, None);
        let fetched = self.fetch(&mut intake, study, only).await;
        // What came whole is kept, whatever became of the rest.
        let outcomes = intake.finish().await;
        fetched?;
        Ok(Fetched {
            taken: outcomes.iter().filter(|one| is_new(one)).count() as u64,
            problem: outcomes.iter().find_map(|one| one.result.as_ref().err()).map(ToString::to_string),
        })
    }

    async fn fetch(&self, intake: &mut Intake, study: &str, only: Option<&[Named]>) -> Result<(), Trouble> {
        let study = encoded(study);
        let Some(only) = only else {
            return self.take(intake, &format!("/studies/{study}")).await;
        };
        for Named { series, instance } in only {
            let path = format!("/studies/{study}/series/{}/instances/{}", encoded(series), encoded(instance));
            match self.take(intake, &path).await {
                // The others may still be there.
                Err(trouble) if !trouble.suffers => {}
                other => other?,
            }
        }
        Ok(())
    }

    async fn take(&self, intake: &mut Intake, path: &str) -> Result<(), Trouble> {
        let answer = self.connections.get(path, ACCEPT).await?;
        answer.check()?;
        let boundary = boundary(&answer)?;
        let (mut body, sender) = answer.into_body();
        let took = match &boundary {
            Some(boundary) => intake.parts(&mut body, boundary).await,
            None => intake.alone(&mut body).await,
        };
        took.map_err(|fault| Trouble::suffers(fault.text))?;
        // What stands behind the last boundary means nothing, but belongs to the body.
        if matches!(body.next().await, Ok(None)) {
            self.connections.keep(sender);
        }
        Ok(())
    }

    /// The file of one instance as it comes; for comparing.
    pub async fn fetch_one(&self, study: &str, named: &Named) -> Result<Vec<u8>, Trouble> {
        let path = format!(
            "/studies/{}/series/{}/instances/{}",
            encoded(study),
            encoded(&named.series),
            encoded(&named.instance)
        );
        let answer = self.connections.get(&path, ACCEPT).await?;
        answer.check()?;
        let boundary = boundary(&answer)?;
        let bytes = answer.whole(&self.connections, HELD_SIZE_BYTES_MAX).await?;
        match boundary {
            None => Ok(bytes.to_vec()),
            Some(boundary) => first_part(&bytes, &boundary),
        }
    }
}

fn is_new(one: &Outcome) -> bool {
    one.result.as_ref().is_ok_and(|received| received.added != Added::Same)
}

/// The boundary of an answer in parts; none where it is one instance.
fn boundary(answer: &Answer) -> Result<Option<String>, Trouble> {
    let wrong = || Trouble::refused("its answer is neither an instance nor parts with boundaries");
    let media = answer.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media = media.and_then(Media::parse).ok_or_else(wrong)?;
    match media.name().as_str() {
        "multipart/related" => {
            let boundary = media.get("boundary").filter(|one| (1..=BOUNDARY_LENGTH_MAX).contains(&one.len()));
            boundary.map(|one| Some(one.to_owned())).ok_or_else(wrong)
        }
        "application/dicom" => Ok(None),
        _ => Err(wrong()),
    }
}

fn first_part(bytes: &[u8], boundary: &str) -> Result<Vec<u8>, Trouble> {
    use super::super::store::multipart::{Event, Multipart};
    let mut multipart = Multipart::new(boundary);
    multipart.push(bytes);
    multipart.finish();
    let mut part = Vec::new();
    loop {
        match multipart.next().map_err(|error| Trouble::refused(format!("multipart: {error}")))? {
            Some(Event::Data(data)) => part.extend_from_slice(&data),
            Some(Event::PartEnd | Event::End) | None => return Ok(part),
            Some(Event::Part(_)) => {}
        }
    }
}
