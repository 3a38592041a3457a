//! One attempt in one packed column.

use klinke_model::{Attempt, AttemptResult, Timestamp};
use klinke_store::{Error, Result};

use crate::bodies::{Bodies, Body, Kept};
use crate::pack::{Pack, Unpack, damaged};
use crate::texts::{Interner, Texts};

const REPEAT: u64 = 1;
const HAS_ANSWER: u64 = 2;

/// Packs an attempt. `queued` is the time that its times are counted from.
pub(crate) fn pack(texts: &mut Interner, attempt: &Attempt, answer: Option<&Body>, queued: i64) -> Vec<u8> {
    let mut packed = Vec::with_capacity(32 + answer.map_or(0, |body| body.bytes.len()));
    let repeat = if attempt.repeat { REPEAT } else { 0 };
    let has_answer = if answer.is_some() { HAS_ANSWER } else { 0 };
    packed.number(repeat | has_answer | result_number(attempt.result) << 2);
    packed.number(u64::from(attempt.number));
    packed.signed(attempt.started.0.wrapping_sub(queued));
    packed.signed(attempt.ended.0.wrapping_sub(attempt.started.0));
    if let AttemptResult::Retry(due) = attempt.result {
        packed.signed(due.0.wrapping_sub(attempt.ended.0));
    }
    texts.pack(&mut packed, &attempt.code);
    texts.pack(&mut packed, &attempt.text);
    if let Some(answer) = answer {
        answer.pack(&mut packed);
    }
    packed
}

/// The answer's body in a packed attempt.
pub(crate) fn answer<'a>(texts: &Texts, packed: &'a [u8]) -> Result<Option<Kept<'a>>> {
    Ok(unpack_parts(texts, packed, 0)?.1)
}

/// The attempt's text, for the delivery's reason.
pub(crate) fn text(texts: &Texts, packed: &[u8]) -> Result<String> {
    Ok(unpack_parts(texts, packed, 0)?.0.text)
}

/// The inverse of [`pack`].
pub(crate) fn unpack(texts: &Texts, bodies: &Bodies, packed: &[u8], queued: i64) -> Result<Attempt> {
    let (mut attempt, answer) = unpack_parts(texts, packed, queued)?;
    let none = &mut || Err(Error::Damaged("an answer refers to what was received".to_owned()));
    attempt.answer = answer.map(|answer| bodies.decode(answer, none)).transpose()?;
    Ok(attempt)
}

fn unpack_parts<'a>(texts: &Texts, packed: &'a [u8], queued: i64) -> Result<(Attempt, Option<Kept<'a>>)> {
    let mut from = Unpack(packed);
    let flags = from.number()?;
    let number = from.small()?;
    let started = queued.wrapping_add(from.signed()?);
    let ended = started.wrapping_add(from.signed()?);
    let result = match flags >> 2 {
        0 => AttemptResult::Delivered,
        1 => AttemptResult::Retry(Timestamp(ended.wrapping_add(from.signed()?))),
        2 => AttemptResult::Dead,
        3 => AttemptResult::Dropped,
        4 => AttemptResult::Held,
        _ => return Err(damaged()),
    };
    let code = texts.unpack(&mut from)?.to_string();
    let text = texts.unpack(&mut from)?.to_string();
    let answer = if flags & HAS_ANSWER != 0 { Some(Kept::unpack(&mut from)?) } else { None };
    let attempt = Attempt {
        number,
        started: Timestamp(started),
        ended: Timestamp(ended),
        repeat: flags & REPEAT != 0,
        answer: None,
        code,
        text,
        result,
    };
    Ok((attempt, answer))
}

fn result_number(result: AttemptResult) -> u64 {
    match result {
        AttemptResult::Delivered => 0,
        AttemptResult::Retry(_) => 1,
        AttemptResult::Dead => 2,
        AttemptResult::Dropped => 3,
        AttemptResult::Held => 4,
    }
}
