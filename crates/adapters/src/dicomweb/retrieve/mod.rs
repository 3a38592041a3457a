//! WADO-RS (PS3.18, section 10.4) and WADO-URI (section 9).

mod bulk;
mod cache;
mod described;
mod frames;
mod instances;
mod metadata;
mod negotiate;
mod picture;
mod range;
mod uri;
mod wish;

use std::sync::Arc;

use klinke_archive::Archive;
use klinke_archive::image::Source;
use klinke_archive::index::{Instance, Selection};
use tokio::task::spawn_blocking;

use super::answer::Answer;
use super::fault::{Fault, Result};
use super::gate::Deed;
use super::route::{Place, View};
use super::web::{Asked, Web};

pub(super) use uri::answer as uri;

/// How many instances are looked up at a time.
const PAGE_LENGTH: usize = 5_000;

/// Answers a retrieval.
pub(super) async fn answer(web: Arc<Web>, asked: Asked, place: Place, view: View) -> Result<Answer> {
    let instances = found(&web, &asked, &place).await?;
    match view {
        View::Instances => instances::answer(web, asked, place, instances).await,
        View::Metadata => metadata::answer(web, asked, instances).await,
        View::Rendered => picture::rendered(web, asked, place, instances, &[]).await,
        View::Thumbnail => picture::thumbnail(web, asked, instances, &[]).await,
        View::RenderedFrames(frames) => picture::rendered(web, asked, place, instances, &frames).await,
        View::ThumbnailFrames(frames) => picture::thumbnail(web, asked, instances, &frames).await,
        View::Frames(list) => frames::answer(web, asked, one(instances)?, list).await,
        View::BulkData(place) => bulk::answer(web, asked, one(instances)?, place).await,
        View::AllBulkData => bulk::all(web, asked, instances).await,
    }
}

/// The instances of a place, and tells the gate that they are opened.
pub(super) async fn found(web: &Arc<Web>, asked: &Asked, place: &Place) -> Result<Vec<Instance>> {
    let found = look_up(web, place).await?;
    let study = found.first().map(|first| first.study.clone()).unwrap_or_default();
    let uids = found.iter().map(|one| one.uid.clone()).collect();
    web.tell(asked, Deed::Retrieved, &study, uids, found.len());
    Ok(found)
}

/// The instances of a place; 404 where there are none.
pub(super) async fn look_up(web: &Arc<Web>, place: &Place) -> Result<Vec<Instance>> {
    let (archive, of) = (web.archive.clone(), selection(place));
    let found =
        spawn_blocking(move || all(&archive, &of)).await.map_err(|_| Fault::broken("the look-up"))??;
    match found.is_empty() {
        false => Ok(found),
        true => Err(Fault::absent(match (&place.series, &place.instance) {
            (_, Some(_)) => "this instance",
            (Some(_), None) => "this series",
            _ => "this study",
        })),
    }
}

/// The instances of a place as a selection.
pub(super) fn selection(place: &Place) -> Selection {
    let list = |uid: &Option<String>| uid.iter().cloned().collect();
    Selection {
        patient: None,
        studies: list(&place.study),
        series: list(&place.series),
        instances: list(&place.instance),
    }
}

fn all(archive: &Archive, of: &Selection) -> klinke_archive::Result<Vec<Instance>> {
    let (mut found, mut after) = (Vec::new(), 0);
    loop {
        let page = archive.instances(of, after, PAGE_LENGTH)?;
        let is_last = page.len() < PAGE_LENGTH;
        after = page.last().map_or(after, |last| last.number);
        found.extend(page);
        if is_last {
            return Ok(found);
        }
    }
}

/// Opens the file of an instance. Blocks.
fn open(web: &Web, instance: Instance) -> Result<Source> {
    Ok(Source::open(&web.archive, instance)?)
}

fn one(mut instances: Vec<Instance>) -> Result<Instance> {
    instances.pop().ok_or_else(|| Fault::absent("this instance"))
}
