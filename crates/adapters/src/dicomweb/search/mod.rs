//! QIDO-RS (PS3.18, section 10.6; parameters: section 8.3.4).
//!
//! Matches are those of [`klinke_archive::find`], the newest studies first. 204 where there are none. A warning says when there
//! are more than were given, and when a parameter could not be matched.

mod attributes;
pub(super) mod keys;

use std::ops::ControlFlow;
use std::sync::Arc;

use hyper::StatusCode;
use klinke_archive::Level;
use klinke_archive::find::Query;
use klinke_archive::index::Found;
use klinke_dimse::data::DataSet;
use klinke_dimse::{VR, tags};
use tokio::task::spawn_blocking;

use self::keys::Wanted;
use super::answer::{self, Answer, with_warning};
use super::fault::{Fault, Result};
use super::gate::Deed;
use super::route::{Place, What};
use super::sets;
use super::web::{Asked, Web};

/// Answers a search.
pub(super) async fn answer(web: Arc<Web>, asked: Asked, place: Place, what: What) -> Result<Answer> {
    let model = asked.accept.model()?;
    let level = match what {
        What::Studies => Level::Study,
        What::Series => Level::Series,
        What::Instances => Level::Instance,
    };
    let wanted = Wanted::read(&asked.parameters, level, &place, web.config.limits.matches)?;
    let (found, is_cut) = find(&web, &wanted).await?;
    web.tell(&asked, Deed::Searched, place.study.as_deref().unwrap_or_default(), Vec::new(), found.len());
    let warned = |mut answer: Answer| {
        if is_cut {
            answer = with_warning(answer, "There are additional results that can be requested");
        }
        wanted.warnings.iter().fold(answer, |answer, text| with_warning(answer, text))
    };
    if found.is_empty() {
        return Ok(warned(answer::empty(StatusCode::NO_CONTENT)));
    }
    let answers: Vec<DataSet> = found.iter().map(|found| of_found(found, &wanted, &asked.base)).collect();
    let (media, body) = sets::written(&answers, model, &sets::utf8());
    let tag = match model {
        // Parts have another boundary each time.
        super::media::Model::Xml => sets::tag_of(&[&sets::written_once(&answers)]),
        super::media::Model::Json(_) => sets::tag_of(&[&body]),
    };
    let make = || answer::of(StatusCode::OK, &media, body);
    Ok(warned(sets::tagged(&asked.method, &asked.headers, &tag, make)))
}

/// What was found, and whether there is more.
async fn find(web: &Arc<Web>, wanted: &Wanted) -> Result<(Vec<Found>, bool)> {
    let limit = wanted.limit;
    let query = Query { limit: Some(limit.saturating_add(1)), ..wanted.query.clone() };
    let archive = web.archive.clone();
    let searching = spawn_blocking(move || {
        let mut all = Vec::new();
        archive.find(&query, &mut |found| {
            all.push(found);
            ControlFlow::Continue(())
        })?;
        Ok::<_, klinke_archive::Error>(all)
    });
    let mut all = searching.await.map_err(|_| Fault::broken("the search"))??;
    let is_cut = all.len() > limit;
    all.truncate(limit);
    Ok((all, is_cut))
}

/// The answer about one entry (PS3.18, section 10.6.3.3).
fn of_found(found: &Found, wanted: &Wanted, base: &str) -> DataSet {
    let mut set = DataSet::new();
    set.put_ascii(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192");
    for tag in &wanted.fields {
        match found.known(*tag) {
            Some(element) => set.put(element),
            None if attributes::is_given_empty(*tag, found.level) => set.put(attributes::empty(*tag)),
            None => {}
        }
    }
    set.put_ascii(tags::INSTANCE_AVAILABILITY, VR::CS, "ONLINE");
    let uid = |tag| {
        let element = found.known(tag);
        let bytes = element.as_ref().and_then(|element| element.as_bytes());
        String::from_utf8_lossy(bytes.map_or(&[][..], |bytes| bytes)).trim_matches(['\0', ' ']).to_owned()
    };
    let mut url = format!("{base}/studies/{}", uid(tags::STUDY_INSTANCE_UID));
    if found.level >= Level::Series {
        url.push_str(&format!("/series/{}", uid(tags::SERIES_INSTANCE_UID)));
    }
    if found.level >= Level::Instance {
        url.push_str(&format!("/instances/{}", uid(tags::SOP_INSTANCE_UID)));
    }
    set.put_ascii(tags::RETRIEVE_URL, VR::UR, &url);
    set
}
