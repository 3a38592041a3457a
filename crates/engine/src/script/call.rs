//! One call of a script: `msg` and `ctx` in, messages or nothing out.

use rquickjs::{Array, Class, Ctx, Function, Value};

use super::desk::Desk;
use super::failure::Failure;
use super::kept::kept;
use super::message::Message;
use super::realm::Realm;
use crate::document::Document;

/// Most messages that one call may return.
const MESSAGES_MAX: usize = 10_000;

/// What a script returned.
#[derive(Debug)]
pub(super) enum Outcome {
    One(Box<dyn Document>),
    Many(Vec<Box<dyn Document>>),
    Nothing,
}

/// Why a call gave nothing to use.
#[derive(Debug)]
pub(super) enum Stopped {
    /// Its time was over.
    Expired(Failure),
    /// It threw.
    Thrown(Failure),
    /// It returned what is no message; the sentence says so.
    Wrong(String),
}

/// Calls the script's function with a document.
pub(super) fn run<'js>(
    ctx: &Ctx<'js>,
    function: Function<'js>,
    realm: &Realm,
    document: Box<dyn Document>,
    desk: &Desk,
) -> Result<Outcome, Stopped> {
    let thrown = |error: rquickjs::Error| {
        let failure = Failure::catch(ctx, &error);
        if realm.watch.has_expired() { Stopped::Expired(failure) } else { Stopped::Thrown(failure) }
    };
    let message = Class::instance(ctx.clone(), Message::new(document, desk.clone())).map_err(thrown)?;
    let script_context = kept(ctx).map_err(thrown)?.ctx.clone();
    let returned = function.call::<_, Value<'js>>((message, script_context));
    let returned = returned.map_err(thrown)?;
    finish_jobs(ctx, realm)?;
    outcome(&settle(returned, &thrown)?, &thrown)
}

/// Runs what the script put off (`await`, `queueMicrotask`) until nothing is left or its time is over.
fn finish_jobs(ctx: &Ctx<'_>, realm: &Realm) -> Result<(), Stopped> {
    while !realm.watch.is_over() {
        if !ctx.execute_pending_job() {
            return Ok(());
        }
    }
    Err(Stopped::Expired(Failure::default()))
}

/// The value of a promise; any other value as it is.
fn settle<'js>(
    returned: Value<'js>,
    thrown: &impl Fn(rquickjs::Error) -> Stopped,
) -> Result<Value<'js>, Stopped> {
    let Some(promise) = returned.as_promise() else { return Ok(returned) };
    match promise.result::<Value<'js>>() {
        Some(Ok(value)) => Ok(value),
        Some(Err(error)) => Err(thrown(error)),
        None => Err(Stopped::Wrong("the script returned a promise that nothing settles".to_owned())),
    }
}

fn outcome(returned: &Value<'_>, thrown: &impl Fn(rquickjs::Error) -> Stopped) -> Result<Outcome, Stopped> {
    if returned.is_undefined() || returned.is_null() || returned.as_bool() == Some(false) {
        return Ok(Outcome::Nothing);
    }
    if let Some(array) = returned.as_array() {
        return several(array, thrown);
    }
    Ok(Outcome::One(document(returned)?))
}

fn several(array: &Array<'_>, thrown: &impl Fn(rquickjs::Error) -> Stopped) -> Result<Outcome, Stopped> {
    if array.len() > MESSAGES_MAX {
        return Err(Stopped::Wrong(format!("the script returned more than {MESSAGES_MAX} messages")));
    }
    let mut documents = Vec::with_capacity(array.len());
    for item in array.iter::<Value<'_>>() {
        documents.push(document(&item.map_err(thrown)?)?);
    }
    Ok(if documents.is_empty() { Outcome::Nothing } else { Outcome::Many(documents) })
}

/// The document of a returned message.
fn document(value: &Value<'_>) -> Result<Box<dyn Document>, Stopped> {
    let Some(message) = value.as_object().and_then(Class::<Message>::from_object) else {
        let kind = value.type_name();
        let text = format!("the script returned {kind}; it must return msg, a list of messages, or nothing");
        return Err(Stopped::Wrong(text));
    };
    let document = message.try_borrow_mut().ok().and_then(|mut message| message.take());
    document.ok_or_else(|| {
        Stopped::Wrong("the script returned the same message twice; return msg.copy() for another".to_owned())
    })
}
