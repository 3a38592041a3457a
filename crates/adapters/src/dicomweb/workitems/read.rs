//! Retrieve and Search (PS3.18, sections 11.5 and 11.9).

use std::sync::Arc;

use hyper::StatusCode;
use klinke_archive::workitem::{Refusal, Workitem};
use klinke_dimse::data::DataSet;
use klinke_dimse::{VR, tags};

use super::super::answer::{self, Answer, with_warning};
use super::super::fault::Result;
use super::super::gate::Deed;
use super::super::media::Model;
use super::super::sets;
use super::super::web::{Asked, Web};
use super::ask;
use super::keys::Wanted;

/// Answers one workitem.
pub(super) async fn retrieve(web: Arc<Web>, asked: Asked, uid: String) -> Result<Answer> {
    let model = asked.accept.model()?;
    let of = uid.clone();
    let workitem = ask(&web, move |archive| archive.workitem(&of)?.ok_or(Refusal::Absent)).await?;
    web.tell(&asked, Deed::WorkitemRetrieved, "", vec![uid], 1);
    Ok(given(&asked, &[shown(&workitem, None)], model))
}

/// Answers a search; 204 where nothing matches.
pub(super) async fn search(web: Arc<Web>, asked: Asked) -> Result<Answer> {
    let model = asked.accept.model()?;
    let wanted = Wanted::read(&asked.parameters, web.config.limits.matches)?;
    let query = wanted.query;
    let mut found = ask(&web, move |archive| Ok(archive.workitems(&query)?)).await?;
    let is_cut = found.len() > wanted.limit;
    found.truncate(wanted.limit);
    web.tell(&asked, Deed::Searched, "", Vec::new(), found.len());
    let shown: Vec<DataSet> =
        found.iter().map(|workitem| shown(workitem, wanted.fields.as_deref())).collect();
    let answer = match shown.is_empty() {
        true => answer::empty(StatusCode::NO_CONTENT),
        false => given(&asked, &shown, model),
    };
    Ok(match is_cut {
        true => with_warning(answer, "There are additional results that can be requested"),
        false => answer,
    })
}

/// A workitem as it is given, whole or some attributes of it.
fn shown(workitem: &Workitem, fields: Option<&[klinke_dimse::Tag]>) -> DataSet {
    let is_wanted = |tag| fields.is_none_or(|fields| fields.contains(&tag));
    let mut set: DataSet =
        workitem.attributes.iter().filter(|element| is_wanted(element.tag)).cloned().collect();
    set.put_ascii(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192");
    set
}

fn given(asked: &Asked, shown: &[DataSet], model: Model) -> Answer {
    let (media, body) = sets::written(shown, model, &sets::utf8());
    let tag = match model {
        // Parts have another boundary each time.
        Model::Xml => sets::tag_of(&[&sets::written_once(shown)]),
        Model::Json(_) => sets::tag_of(&[&body]),
    };
    let make = || answer::of(StatusCode::OK, &media, body);
    sets::tagged(&asked.method, &asked.headers, &tag, make)
}
