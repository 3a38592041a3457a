//! The packed columns of "route": the parts, where they go, what ended the envelope, the trace.

use std::sync::Arc;

use klinke_model::DestinationId;
use klinke_store::{Ended, NewDelivery, Result};

use crate::bodies::{Body, Kept, UNCHANGED};
use crate::pack::{Pack, Unpack};
use crate::texts::{Interner, Texts};

/// Longer traces are compressed.
const TRACE_PLAIN_SIZE_BYTES_MAX: usize = 200;
/// Longer traces are cut, at the end of a line.
const TRACE_SIZE_BYTES_MAX: usize = 60 << 10;

/// `None` for the most frequent case, one unchanged part.
pub(crate) fn pack_parts(parts: &[Body]) -> Option<Vec<u8>> {
    if let [only] = parts
        && only.coding == UNCHANGED
    {
        return None;
    }
    let mut packed = Vec::with_capacity(parts.iter().map(|part| part.bytes.len() + 16).sum());
    for part in parts {
        part.pack(&mut packed);
    }
    Some(packed)
}

/// The parts of a routed envelope.
pub(crate) fn unpack_parts(packed: Option<&[u8]>) -> Result<Vec<Kept<'_>>> {
    let Some(packed) = packed else {
        return Ok(vec![Kept { coding: UNCHANGED, size: 0, checksum: 0, bytes: &[] }]);
    };
    let mut unpack = Unpack(packed);
    let mut parts = Vec::new();
    while !unpack.is_empty() {
        parts.push(Kept::unpack(&mut unpack)?);
    }
    Ok(parts)
}

/// Destination, part and lane of each delivery.
pub(crate) fn pack_deliveries(deliveries: &[NewDelivery]) -> Vec<u8> {
    let mut packed = Vec::with_capacity(deliveries.len() * 8);
    for one in deliveries {
        packed.number(u64::from(one.destination.0));
        packed.number(u64::from(one.part));
        packed.bytes(one.lane.as_bytes());
    }
    packed
}

/// The inverse of [`pack_deliveries`].
pub(crate) fn unpack_deliveries(packed: Option<&[u8]>) -> Result<Vec<NewDelivery>> {
    let mut unpack = Unpack(packed.unwrap_or_default());
    let mut deliveries = Vec::new();
    while !unpack.is_empty() {
        let (destination, part) = (DestinationId(unpack.small()?), unpack.small()?);
        deliveries.push(NewDelivery { destination, part, lane: Arc::from(unpack.text()?) });
    }
    Ok(deliveries)
}

/// Step and reason.
pub(crate) fn pack_ended(texts: &mut Interner, ended: &Ended) -> Vec<u8> {
    let mut packed = Vec::new();
    texts.pack(&mut packed, &ended.step);
    texts.pack(&mut packed, &ended.reason);
    packed
}

/// The inverse of [`pack_ended`].
pub(crate) fn unpack_ended(texts: &Texts, packed: &[u8], failed: bool) -> Result<Ended> {
    let mut unpack = Unpack(packed);
    let (step, reason) = (texts.unpack(&mut unpack)?, texts.unpack(&mut unpack)?);
    Ok(Ended { failed, step: step.to_string(), reason: reason.to_string() })
}

/// The lines of a trace: plain, or behind a zero byte as a body.
pub(crate) fn pack_trace(
    lines: &[String],
    compress: impl FnOnce(Vec<u8>) -> Result<Body>,
) -> Result<Option<Vec<u8>>> {
    if lines.is_empty() {
        return Ok(None);
    }
    let mut packed = vec![1];
    for line in lines {
        if packed.len() + line.len() > TRACE_SIZE_BYTES_MAX {
            packed.bytes("(the trace was too long and ends here)".as_bytes());
            break;
        }
        packed.bytes(line.as_bytes());
    }
    if packed.len() <= TRACE_PLAIN_SIZE_BYTES_MAX {
        return Ok(Some(packed));
    }
    let body = compress(packed)?;
    let mut packed = vec![0];
    body.pack(&mut packed);
    Ok(Some(packed))
}

/// The inverse of [`pack_trace`].
pub(crate) fn unpack_trace(
    packed: Option<&[u8]>,
    decompress: impl FnOnce(Kept<'_>) -> Result<Vec<u8>>,
) -> Result<Vec<String>> {
    let Some((kind, rest)) = packed.and_then(<[u8]>::split_first) else { return Ok(Vec::new()) };
    if *kind == 0 {
        let plain = decompress(Kept::unpack(&mut Unpack(rest))?)?;
        return unpack_lines(plain.get(1..).unwrap_or_default());
    }
    unpack_lines(rest)
}

fn unpack_lines(packed: &[u8]) -> Result<Vec<String>> {
    let mut unpack = Unpack(packed);
    let mut lines = Vec::new();
    while !unpack.is_empty() {
        lines.push(unpack.text()?.to_owned());
    }
    Ok(lines)
}
