//! WADO-URI (PS3.18, section 9): one instance by the parameters of a query.

use std::sync::Arc;

use hyper::header;

use super::super::answer::Answer;
use super::super::fault::{Fault, Result};
use super::super::media::Media;
use super::super::query::Parameters;
use super::super::route::Place;
use super::super::web::{Asked, Web};
use super::instances;
use super::negotiate::Form;
use super::{picture, wish};
use klinke_archive::image::Wish;
use klinke_dimse::pixel::render::{Shape, Window};

const SIDE_MAX: u32 = 32_768;

/// Answers a request.
pub(in super::super) async fn answer(web: Arc<Web>, asked: Asked) -> Result<Answer> {
    let parameters = &asked.parameters;
    if parameters.get("requestType") != Some("WADO") {
        return Err(Fault::bad("requestType is WADO"));
    }
    for refused in ["anonymize", "region"] {
        if parameters.get(refused).is_some_and(|value| !value.is_empty() && value != "no") {
            return Err(Fault::bad(format!("{refused} is not served")));
        }
    }
    let uid = |name: &str| {
        let uid = parameters.get(name).filter(|uid| !uid.is_empty());
        uid.map(str::to_owned).ok_or_else(|| Fault::bad(format!("{name} is missing")))
    };
    let place = Place {
        study: Some(uid("studyUID")?),
        series: Some(uid("seriesUID")?),
        instance: Some(uid("objectUID")?),
    };
    let wanted = content_type(&asked)?;
    let picture = match wanted {
        Some(_) => None,
        None => Some(wished(parameters, is_png(&asked))?),
    };
    let frame = number(parameters, "frameNumber")?;
    let syntax = wanted.flatten();
    let state = state(&asked, &place, picture.as_ref())?;
    let instances = super::found(&web, &asked, &place).await?;
    match (picture, state) {
        (None, _) => instances::given(web, asked, Form::alone(syntax), instances).await,
        (Some(wish), None) => picture::one(web, &asked, instances, frame, wish).await,
        (Some(wish), Some(state)) => {
            let state = super::one(super::found(&web, &asked, &state).await?)?;
            picture::under(web, &asked, super::one(instances)?, frame, state, wish).await
        }
    }
}

/// Where the presentation state is by which the image is to be shown, if one is named (PS3.18, section 9.1.2.3).
fn state(asked: &Asked, place: &Place, wish: Option<&Wish>) -> Result<Option<Place>> {
    let named = |name| asked.parameters.get(name).filter(|uid| !uid.is_empty());
    let (instance, series) = (named("presentationUID"), named("presentationSeriesUID"));
    match (instance, series, wish) {
        (None, None, _) => Ok(None),
        (Some(_), Some(_), None) => Err(Fault::bad("presentationUID is for pictures")),
        (Some(instance), Some(series), Some(wish)) => {
            picture::by_state_alone(wish)?;
            Ok(Some(Place {
                study: place.study.clone(),
                series: Some(series.to_owned()),
                instance: Some(instance.to_owned()),
            }))
        }
        _ => Err(Fault::bad("presentationUID and presentationSeriesUID come together")),
    }
}

/// The transfer syntax where a file is wanted; the inner nothing for any, the outer one where a picture is wanted.
fn content_type(asked: &Asked) -> Result<Option<Option<String>>> {
    let of_query = asked.parameters.get("contentType").filter(|one| !one.is_empty());
    let named: Vec<Media> = match of_query {
        Some(list) => list.split(',').filter_map(Media::parse).collect(),
        None => {
            let all: Vec<Media> = asked.accept.ranges().cloned().collect();
            let is_said = asked.headers.contains_key(header::ACCEPT) && all.iter().any(|one| one.kind != "*");
            if is_said { all } else { Vec::new() }
        }
    };
    let first = named
        .iter()
        .find(|one| ["application/dicom", "image/jpeg", "image/png"].iter().any(|name| one.holds(name)));
    match first {
        None if named.is_empty() => Ok(None),
        None => Err(Fault::unacceptable("given are application/dicom, image/jpeg and image/png")),
        Some(one) if one.name() == "application/dicom" => {
            // Explicit VR little endian where nothing is said (PS3.18, section 9.1.2.2.1).
            let syntax = asked.parameters.get("transferSyntax").or(one.transfer_syntax());
            Ok(Some(match syntax {
                Some("*") => None,
                named => Some(named.unwrap_or_default().to_owned()),
            }))
        }
        Some(_) => Ok(None),
    }
}

fn is_png(asked: &Asked) -> bool {
    let named = asked.parameters.get("contentType").and_then(Media::parse);
    match named {
        Some(media) => media.name() == "image/png",
        None => asked.accept.choose(&[("image/jpeg", false), ("image/png", true)]).unwrap_or(false),
    }
}

fn wished(parameters: &Parameters, is_png: bool) -> Result<Wish> {
    let side = |name| Ok::<_, Fault>(number(parameters, name)?.map(|side| side.min(SIDE_MAX)));
    let (rows, columns) = (side("rows")?, side("columns")?);
    let viewport = (rows.is_some() || columns.is_some())
        .then(|| (columns.unwrap_or(SIDE_MAX), rows.unwrap_or(SIDE_MAX)));
    let quality = number(parameters, "imageQuality")?.unwrap_or(90);
    let quality = u8::try_from(quality).ok().filter(|one| *one <= 100);
    let decimal = |name: &str| {
        let text = parameters.get(name).filter(|text| !text.is_empty());
        let number = text.map(|text| text.parse::<f64>().ok().filter(|number| number.is_finite()));
        number.map(|number| number.ok_or_else(|| Fault::bad(format!("{name} is a number")))).transpose()
    };
    let window = match (decimal("windowCenter")?, decimal("windowWidth")?) {
        (Some(center), Some(width)) if width >= 1.0 => Some(Window { center, width, shape: Shape::Linear }),
        (None, None) => None,
        _ => return Err(Fault::bad("windowCenter and windowWidth come together; a width is at least 1")),
    };
    let quality = quality.ok_or_else(|| Fault::bad("imageQuality is a number from 1 to 100"))?;
    let wish = Wish { is_png, viewport, window, ..Wish::jpeg(quality) };
    Ok(wish::annotated(wish, parameters))
}

/// A whole number from 1 on.
fn number(parameters: &Parameters, name: &str) -> Result<Option<u32>> {
    let text = parameters.get(name).filter(|text| !text.is_empty());
    let number = text.map(|text| text.parse::<u32>().ok().filter(|&number| number > 0));
    number
        .map(|number| number.ok_or_else(|| Fault::bad(format!("{name} is a whole number from 1 on"))))
        .transpose()
}
