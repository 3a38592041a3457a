//! Subscribe, Unsubscribe and Suspend Global Subscription (PS3.18, sections 11.10 to 11.12).

use std::sync::Arc;

use hyper::StatusCode;
use hyper::header;
use klinke_archive::workitem::{FILTERED_WORKLIST, Filter, GLOBAL_WORKLIST, Target};

use super::super::answer::{self, Answer, with};
use super::super::fault::{Fault, Result};
use super::super::query::{Parameters, shown};
use super::super::search::keys::{path, wrong};
use super::super::web::{Asked, Web};
use super::ask;

/// Answers a subscription: 201, with the URL of the event channel.
pub(super) async fn subscribe(web: Arc<Web>, asked: Asked, uid: String, title: String) -> Result<Answer> {
    let (filter, is_locked) = parameters(&asked.parameters)?;
    let target = target(uid, filter);
    match &target {
        Target::Filtered(filter) if filter.is_empty() => {
            return Err(Fault::bad("a filtered subscription has a matching key"));
        }
        _ => {}
    }
    let of = title.clone();
    ask(&web, move |archive| archive.subscribe(target, &of, is_locked)).await?;
    let place = format!("{}/subscribers/{}", asked.base, title.replace(' ', "%20"));
    // http becomes ws, https wss.
    let place = place.replacen("http", "ws", 1);
    Ok(with(answer::empty(StatusCode::CREATED), header::CONTENT_LOCATION, &place))
}

/// Answers the end of a subscription: 200.
pub(super) async fn unsubscribe(web: Arc<Web>, uid: String, title: String) -> Result<Answer> {
    let target = target(uid, Filter::default());
    ask(&web, move |archive| archive.unsubscribe(target, &title)).await?;
    Ok(answer::empty(StatusCode::OK))
}

/// Answers that new workitems are not watched any more: 200.
pub(super) async fn suspend(web: Arc<Web>, uid: String, title: String) -> Result<Answer> {
    let target = target(uid, Filter::default());
    if matches!(target, Target::Workitem(_)) {
        return Err(Fault::absent("this resource"));
    }
    ask(&web, move |archive| archive.suspend(target, &title)).await?;
    Ok(answer::empty(StatusCode::OK))
}

fn target(uid: String, filter: Filter) -> Target {
    match uid.as_str() {
        GLOBAL_WORKLIST => Target::Worklist,
        FILTERED_WORKLIST => Target::Filtered(filter),
        _ => Target::Workitem(uid),
    }
}

/// The matching keys, and whether a deletion lock is wanted (PS3.18, Table 11.10.1-2).
fn parameters(parameters: &Parameters) -> Result<(Filter, bool)> {
    let (mut filter, mut is_locked) = (Filter::default(), false);
    for (name, value) in parameters.iter() {
        match name {
            "deletionlock" => {
                is_locked = match value {
                    "true" => true,
                    "false" | "" => false,
                    _ => return Err(Fault::bad("deletionlock is true or false")),
                }
            }
            // They say how the answer is to be written.
            "accept" | "charset" => {}
            "filter" => {
                for (name, value) in pairs(value)? {
                    put(&mut filter, &name, &value)?;
                }
            }
            _ => put(&mut filter, name, value)?,
        }
    }
    Ok((filter, is_locked))
}

fn put(filter: &mut Filter, name: &str, value: &str) -> Result<()> {
    let path = path(name).map_err(Fault::bad)?;
    match filter.put(path.clone(), value) {
        true => Ok(()),
        false => Err(wrong(name, &path)),
    }
}

/// Keys and values of `A=1,B=2`. A comma before what has no `=` is one of the value's own.
fn pairs(text: &str) -> Result<Vec<(String, String)>> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for piece in text.split(',') {
        match (piece.split_once('='), pairs.last_mut()) {
            (Some((name, value)), _) => pairs.push((name.trim().to_owned(), value.to_owned())),
            (None, Some((_, value))) => {
                value.push(',');
                value.push_str(piece);
            }
            (None, None) => {
                return Err(Fault::bad(format!("filter: {} has no value", shown(piece))));
            }
        }
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<(Filter, bool)> {
        parameters(&Parameters::read(Some(query)).expect("parameters"))
    }

    #[test]
    fn filters_in_both_forms() {
        let plain = read("WorklistLabel=A&ProcedureStepState=SCHEDULED,IN PROGRESS").expect("a filter").0;
        let one =
            read("filter=00741202%3DA,ProcedureStepState%3DSCHEDULED,IN%20PROGRESS").expect("a filter").0;
        assert_eq!(plain, one);
        assert!(!plain.is_empty());
        assert!(read("deletionlock=true").expect("a lock").1);
        for odd in ["deletionlock=1", "filter=A", "filter=Nothing%3D1", "StudyDate=x", "Nothing=1"] {
            assert_eq!(read(odd).expect_err(odd).status, 400, "{odd}");
        }
    }
}
