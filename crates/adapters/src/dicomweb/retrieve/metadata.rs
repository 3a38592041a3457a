//! Metadata of studies, series and instances (PS3.18, section 10.4.1.1.2), those in JSON out of the cache.

use std::sync::Arc;

use hyper::header;
use hyper::{Response, StatusCode};
use klinke_archive::index::Instance;
use tokio::task::spawn_blocking;

use super::super::answer::{self, Answer, with};
use super::super::fault::{Fault, Result};
use super::super::media::Model;
use super::super::sets;
use super::super::web::{Asked, Web};
use super::cache::{self, Piece};
use super::described;

pub(super) async fn answer(web: Arc<Web>, asked: Asked, instances: Vec<Instance>) -> Result<Answer> {
    let model = asked.accept.model()?;
    let series = by_series(instances);
    let prints: Vec<[u8; 32]> = series.iter().map(|one| cache::fingerprint(one)).collect();
    let form = format!("{model:?} {}", asked.base);
    let tag = sets::tag_of(&[&prints.concat(), form.as_bytes()]);
    if sets::is_known(&asked.headers, &tag) {
        return Ok(sets::tagged(&asked.method, &asked.headers, &tag, || answer::empty(StatusCode::OK)));
    }
    let made = match model {
        Model::Json(media) => json(web, &asked, series, media).await?,
        Model::Xml => xml(web, &asked, series),
    };
    let made = with(made, header::VARY, "Accept, Accept-Encoding");
    Ok(sets::tagged(&asked.method, &asked.headers, &tag, || made))
}

/// Instances by series, in the order in which these began.
fn by_series(instances: Vec<Instance>) -> Vec<Vec<Instance>> {
    let mut all: Vec<Vec<Instance>> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for instance in instances {
        let place = *places.entry(instance.series.clone()).or_insert(all.len());
        match all.get_mut(place) {
            Some(series) => series.push(instance),
            None => all.push(vec![instance]),
        }
    }
    all
}

async fn json(web: Arc<Web>, asked: &Asked, series: Vec<Vec<Instance>>, media: &str) -> Result<Answer> {
    let base = asked.base.clone();
    let is_gzip = takes_gzip(asked);
    let making = spawn_blocking(move || {
        let pieces = series.into_iter().map(|one| piece(&web, one, &base)).collect::<Result<Vec<_>>>()?;
        let whole = cache::joined(&pieces);
        match is_gzip {
            true => Ok::<_, Fault>(whole),
            false => Ok(cache::inflated(&whole)?),
        }
    });
    let body = making.await.map_err(|_| Fault::broken("making metadata"))??;
    let answer = answer::of(StatusCode::OK, media, body);
    Ok(if is_gzip { with(answer, header::CONTENT_ENCODING, "gzip") } else { answer })
}

/// The metadata of a series, or of one instance of it: only whole series are worth a file.
fn piece(web: &Web, instances: Vec<Instance>, base: &str) -> Result<Piece> {
    let make = |instances: Vec<Instance>| {
        let mut out = Vec::new();
        for (at, instance) in instances.into_iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            described::json(&mut out, &super::open(web, instance)?, base);
        }
        Ok::<_, Fault>(Piece::of(&out))
    };
    match instances.len() {
        1 => make(instances),
        _ => cache::piece(&web.archive, instances, base, make),
    }
}

fn xml(web: Arc<Web>, asked: &Asked, series: Vec<Vec<Instance>>) -> Answer {
    let (base, boundary) = (asked.base.clone(), sets::boundary());
    let media = sets::parts_of("application/dicom+xml", &boundary);
    let body = answer::streamed(move |pieces| {
        for instance in series.into_iter().flatten() {
            let source = match super::open(&web, instance) {
                Ok(source) => source,
                Err(fault) => return Err(pieces.break_off(&fault.text)),
            };
            let mut part = sets::part(&boundary, "application/dicom+xml");
            part.push_str(&described::xml(&source, &base));
            pieces.put(part)?;
        }
        pieces.put(sets::end(&boundary))
    });
    with(Response::new(body), header::CONTENT_TYPE, &media)
}

/// Whether gzip is acceptable (RFC 9110, section 12.5.3).
fn takes_gzip(asked: &Asked) -> bool {
    let lists = asked.headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|one| {
        let (name, parameters) = one.split_once(';').unwrap_or((one, ""));
        let quality = parameters.trim().strip_prefix("q=").and_then(|q| q.trim().parse::<f32>().ok());
        matches!(name.trim(), "gzip" | "x-gzip" | "*") && quality.is_none_or(|quality| quality > 0.0)
    })
}
