//! Paths (PS3.18, sections 10.1, 10.4.1 and 11.1.1), and what they name.

use hyper::Method;

use super::fault::{Fault, Result};
use super::gate::Wish;
use super::query;

/// What a path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// The service itself.
    Root,
    /// All studies, series or instances below what is named.
    Search(Place, What),
    /// A study, series or instance itself, or something of it.
    Of(Place, View),
    /// WADO-URI.
    Uri,
    /// All workitems, or something of one (section 11.1.1).
    Workitems(Work),
    /// The event channel of an application entity.
    Channel(String),
}

/// What of workitems is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Work {
    All,
    One(String),
    State(String),
    CancelRequest(String),
    /// Somebody's subscription to a workitem, or to one of the well-known instances.
    Subscriber(String, String),
    /// The same, to be suspended.
    Suspend(String, String),
}

/// What is searched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Studies,
    Series,
    Instances,
}

/// What of a resource is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum View {
    /// Its instances.
    Instances,
    Metadata,
    Rendered,
    Thumbnail,
    /// Pixel data and other values, of all its instances.
    AllBulkData,
    /// One value, by its place.
    BulkData(String),
    /// Frames, counted from 1.
    Frames(Vec<u32>),
    RenderedFrames(Vec<u32>),
    ThumbnailFrames(Vec<u32>),
}

/// The UIDs that a path names, from the study down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub study: Option<String>,
    pub series: Option<String>,
    pub instance: Option<String>,
}

/// More frames are not asked for at once.
const FRAMES_MAX: usize = 10_000;
const UID_LENGTH_MAX: usize = 128;
const TITLE_LENGTH_MAX: usize = 16;

/// Reads the path below the service's own.
pub(super) fn route(path: &str) -> Result<Route> {
    let absent = || Fault::absent("this resource");
    let segments: Vec<String> = path
        .split('/')
        .filter(|segment| !segment.is_empty())
        .map(|segment| query::decoded(segment).ok_or_else(|| Fault::bad("the path is no UTF-8")))
        .collect::<Result<_>>()?;
    let mut rest: &[String] = &segments;
    let mut place = Place::default();
    let names = [("studies", What::Studies), ("series", What::Series), ("instances", What::Instances)];
    match rest {
        [] => return Ok(Route::Root),
        [one] if one == "wado" => return Ok(Route::Uri),
        [one, rest @ ..] if one == "workitems" => {
            return work(rest)?.map(Route::Workitems).ok_or_else(absent);
        }
        [one, title] if one == "subscribers" => return Ok(Route::Channel(checked_title(title)?)),
        _ => {}
    }
    for (depth, (name, what)) in names.into_iter().enumerate() {
        match rest {
            [one] if one == name => return Ok(Route::Search(place, what)),
            [one, uid, more @ ..] if one == name => {
                let uid = Some(checked(uid)?);
                match depth {
                    0 => place.study = uid,
                    1 => place.series = uid,
                    _ => place.instance = uid,
                }
                rest = more;
            }
            // Series and instances of all studies, instances of a study.
            _ if depth == 0 => {}
            [one] if place.series.is_none() && one == "instances" => {
                return Ok(Route::Search(place, What::Instances));
            }
            _ => break,
        }
        if rest.is_empty() {
            break;
        }
    }
    if place.study.is_none() {
        return Err(absent());
    }
    let view = view(rest, place.instance.is_some())?.ok_or_else(absent)?;
    Ok(Route::Of(place, view))
}

/// What is wanted: of workitems, who watches and is told may only read (section 11.10 to 11.13); all else by its method.
pub(super) fn wish(method: &Method, path: &str) -> Option<Wish> {
    let is_work = path.starts_with("/workitems/");
    let is_watching = is_work && path.contains("/subscribers/");
    match *method {
        Method::GET | Method::HEAD | Method::OPTIONS => Some(Wish::Read),
        Method::POST | Method::DELETE if is_watching => Some(Wish::Read),
        Method::POST => Some(Wish::Write),
        Method::PUT if is_work => Some(Wish::Write),
        Method::DELETE => Some(Wish::Delete),
        _ => None,
    }
}

fn work(rest: &[String]) -> Result<Option<Work>> {
    let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    Ok(Some(match rest.as_slice() {
        [] => Work::All,
        [uid] => Work::One(checked(uid)?),
        [uid, "state"] => Work::State(checked(uid)?),
        [uid, "cancelrequest"] => Work::CancelRequest(checked(uid)?),
        [uid, "subscribers", title] => Work::Subscriber(checked(uid)?, checked_title(title)?),
        [uid, "subscribers", title, "suspend"] => Work::Suspend(checked(uid)?, checked_title(title)?),
        _ => return Ok(None),
    }))
}

/// An AE title (PS3.5, section 6.2) without the spaces that mean nothing.
fn checked_title(title: &str) -> Result<String> {
    let title = title.trim();
    let plain = |c: char| (c.is_ascii_graphic() || c == ' ') && c != '\\';
    match (1..=TITLE_LENGTH_MAX).contains(&title.len()) && title.chars().all(plain) {
        true => Ok(title.to_owned()),
        false => Err(Fault::bad("the path holds what is no AE title")),
    }
}

fn view(rest: &[String], is_instance: bool) -> Result<Option<View>> {
    let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    Ok(Some(match rest.as_slice() {
        [] => View::Instances,
        ["metadata"] => View::Metadata,
        ["rendered"] => View::Rendered,
        ["thumbnail"] => View::Thumbnail,
        ["bulkdata"] => View::AllBulkData,
        ["bulkdata", place @ ..] if is_instance => View::BulkData(place.join("/")),
        ["frames", list] if is_instance => View::Frames(frames(list)?),
        ["frames", list, "rendered"] if is_instance => View::RenderedFrames(frames(list)?),
        ["frames", list, "thumbnail"] if is_instance => View::ThumbnailFrames(frames(list)?),
        _ => return Ok(None),
    }))
}

/// A UID as it may be looked up: what is against PS3.5, section 9.1 may be here, and is compared as it is.
fn checked(uid: &str) -> Result<String> {
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '/' | '\\');
    match (1..=UID_LENGTH_MAX).contains(&uid.len()) && uid.chars().all(plain) {
        true => Ok(uid.to_owned()),
        false => Err(Fault::bad("the path holds what is no UID")),
    }
}

fn frames(list: &str) -> Result<Vec<u32>> {
    let numbers: Option<Vec<u32>> =
        list.split(',').take(FRAMES_MAX + 1).map(|one| one.trim().parse().ok().filter(|&n| n > 0)).collect();
    let numbers = numbers.ok_or_else(|| Fault::bad("frames are numbers from 1, with commas between them"))?;
    match numbers.len() <= FRAMES_MAX {
        true => Ok(numbers),
        false => Err(Fault::bad(format!("more than {FRAMES_MAX} frames"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(uids: &[&str]) -> Place {
        let uid = |at: usize| uids.get(at).map(|uid| (*uid).to_owned());
        Place { study: uid(0), series: uid(1), instance: uid(2) }
    }

    #[test]
    fn searches() {
        assert_eq!(route("/studies"), Ok(Route::Search(place(&[]), What::Studies)));
        assert_eq!(route("/series"), Ok(Route::Search(place(&[]), What::Series)));
        assert_eq!(route("/instances"), Ok(Route::Search(place(&[]), What::Instances)));
        assert_eq!(route("/studies/1.2/series"), Ok(Route::Search(place(&["1.2"]), What::Series)));
        assert_eq!(route("/studies/1/instances"), Ok(Route::Search(place(&["1"]), What::Instances)));
        assert_eq!(
            route("/studies/1/series/2/instances/"),
            Ok(Route::Search(place(&["1", "2"]), What::Instances))
        );
    }

    #[test]
    fn resources() {
        assert_eq!(route("/studies/1"), Ok(Route::Of(place(&["1"]), View::Instances)));
        assert_eq!(route("/studies/1/series/2/metadata"), Ok(Route::Of(place(&["1", "2"]), View::Metadata)));
        let instance = place(&["1", "2", "3"]);
        let of = |view| Ok(Route::Of(instance.clone(), view));
        assert_eq!(route("/studies/1/series/2/instances/3"), of(View::Instances));
        assert_eq!(route("/studies/1/series/2/instances/3/frames/1,2"), of(View::Frames(vec![1, 2])));
        assert_eq!(
            route("/studies/1/series/2/instances/3/bulkdata/a/0/b"),
            of(View::BulkData("a/0/b".into()))
        );
    }

    #[test]
    fn workitems() {
        let of = |work| Ok(Route::Workitems(work));
        assert_eq!(route("/workitems"), of(Work::All));
        assert_eq!(route("/workitems/1.2/"), of(Work::One("1.2".into())));
        assert_eq!(route("/workitems/1.2/state"), of(Work::State("1.2".into())));
        assert_eq!(route("/workitems/1.2/cancelrequest"), of(Work::CancelRequest("1.2".into())));
        assert_eq!(route("/workitems/1/subscribers/A%20B"), of(Work::Subscriber("1".into(), "A B".into())));
        assert_eq!(route("/workitems/1/subscribers/A/suspend"), of(Work::Suspend("1".into(), "A".into())));
        assert_eq!(route("/subscribers/A"), Ok(Route::Channel("A".into())));
        for path in ["/workitems/1/x", "/workitems/1/state/x", "/subscribers", "/subscribers/A/B"] {
            assert_eq!(route(path).expect_err(path).status, 404, "{path}");
        }
        for path in ["/workitems/a%20b", "/subscribers/longer-than-sixteen", "/subscribers/%5c"] {
            assert_eq!(route(path).expect_err(path).status, 400, "{path}");
        }
    }

    #[test]
    fn who_watches_only_reads() {
        let wish = |method: &str, path| wish(&method.parse().expect("a method"), path);
        assert_eq!(wish("GET", "/subscribers/A"), Some(Wish::Read));
        assert_eq!(wish("POST", "/workitems/1/subscribers/A"), Some(Wish::Read));
        assert_eq!(wish("DELETE", "/workitems/1/subscribers/A"), Some(Wish::Read));
        assert_eq!(wish("POST", "/workitems"), Some(Wish::Write));
        assert_eq!(wish("POST", "/workitems/1/cancelrequest"), Some(Wish::Write));
        assert_eq!(wish("PUT", "/workitems/1/state"), Some(Wish::Write));
        assert_eq!(wish("POST", "/studies/1/subscribers/A"), Some(Wish::Write));
        assert_eq!(wish("DELETE", "/studies/1"), Some(Wish::Delete));
        assert_eq!((wish("PUT", "/studies/1"), wish("PATCH", "/workitems/1")), (None, None));
    }

    #[test]
    fn what_is_none() {
        for path in
            ["/patients", "/studies/1/frames/1", "/studies/1/instances/3", "/series/2", "/studies/1/x"]
        {
            let fault = route(path).expect_err(path);
            assert_eq!(fault.status, 404, "{path}");
        }
        for path in
            ["/studies/..%2f..", "/studies/%ff", "/studies/a%20b", "/studies/1/series/2/instances/3/frames/0"]
        {
            assert_eq!(route(path).expect_err(path).status, 400, "{path}");
        }
    }
}
