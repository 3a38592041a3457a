//! A stream's learned weeks as bytes.
//!
//! | bytes | what |
//! |---|---|
//! | 1 | version, 2; in version 1 the third time is missing |
//! | 8, 8 | first heard, last heard (microseconds since 1970, big-endian) |
//! | 8 | since when it is silent; the least number when it is not |
//! | 4 | hours learned |
//! | for each of 168 hours: 1, 1 | how many weeks, and which is written next |
//! | for each of these: 4, 1, 1, 1, 2 | count, busy minutes, first and last minute, longest gap in minutes |

use klinke_model::Timestamp;

use super::calendar::SLOTS;
use super::stream::{Sample, Slot, Stream, WEEKS};

const VERSION: u8 = 2;
const NOT_SILENT: i64 = i64::MIN;

/// As it is kept.
pub fn write(stream: &Stream) -> Vec<u8> {
    let mut out = vec![VERSION];
    out.extend(stream.begun.0.to_be_bytes());
    out.extend(stream.last.0.to_be_bytes());
    out.extend(stream.silent.map_or(NOT_SILENT, |since| since.0).to_be_bytes());
    out.extend(stream.hours.to_be_bytes());
    for slot in &stream.slots {
        out.extend([slot.len, slot.next]);
        for one in slot.all() {
            out.extend(one.count.to_be_bytes());
            out.extend([one.busy, one.first, one.last]);
            out.extend(one.gap.to_be_bytes());
        }
    }
    out
}

/// The inverse; nothing when it is something else.
pub fn read(bytes: &[u8]) -> Option<Stream> {
    let (version, mut rest) = bytes.split_first()?;
    let begun = i64::from_be_bytes(take(&mut rest)?);
    let last = i64::from_be_bytes(take(&mut rest)?);
    let silent = match *version {
        1 => NOT_SILENT,
        VERSION => i64::from_be_bytes(take(&mut rest)?),
        _ => return None,
    };
    let mut stream = Stream::new(Timestamp(begun));
    stream.last = Timestamp(last);
    stream.silent = (silent != NOT_SILENT).then_some(Timestamp(silent));
    stream.hours = u32::from_be_bytes(take(&mut rest)?);
    for at in 0..SLOTS {
        let [len, next] = take(&mut rest)?;
        if usize::from(len) > WEEKS || usize::from(next) >= WEEKS {
            return None;
        }
        let mut slot = Slot { len, next, ..Slot::default() };
        for sample in slot.samples.iter_mut().take(usize::from(len)) {
            let count = u32::from_be_bytes(take(&mut rest)?);
            let [busy, first, last] = take(&mut rest)?;
            let gap = u16::from_be_bytes(take(&mut rest)?);
            *sample = Sample { count, busy: busy.min(60), first: first.min(59), last: last.min(59), gap };
            stream.most = stream.most.max(count);
        }
        stream.slots[at] = slot;
    }
    rest.is_empty().then_some(stream)
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (one, more) = rest.split_first_chunk::<N>()?;
    *rest = more;
    Some(*one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_reads_as_it_was_and_nothing_else_does() {
        let mut stream = Stream::new(Timestamp(1));
        let calendar = super::super::Calendar { land: None, offset: &|_| 60 };
        for hour in 0..200 {
            for minute in 0..hour % 7 {
                stream.hear(&calendar, Timestamp(hour * 3_600_000_000 + minute * 60_000_000));
            }
        }
        let bytes = write(&stream);
        let again = read(&bytes).expect("reads");
        assert_eq!((&again.slots, again.hours, again.last), (&stream.slots, stream.hours, stream.last));
        let quiet = read(&write(&Stream { silent: Some(Timestamp(7)), ..stream.clone() })).expect("reads");
        assert_eq!((again.silent, quiet.silent), (None, Some(Timestamp(7))));
        let first = [&[1], &bytes[1..17], &bytes[25..]].concat();
        assert_eq!(read(&first).expect("the first version").slots, stream.slots);
        assert!(stream.hours > 150 && again.most == 6);
        for wrong in [&bytes[..bytes.len() - 1], &[bytes.clone(), vec![0]].concat(), b"", b"\x02", b"\x03"] {
            assert!(read(wrong).is_none());
        }
    }
}
