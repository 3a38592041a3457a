//! Data sets and files: whatever comes is read; limits are kept; and what was read
//! is written and read again.
#![no_main]

use klinke_dimse::data::{Limits, PixelDataUse, read, read_with, write};
use klinke_dimse::deviation::Kind;
use klinke_dimse::dump::{self, dump};
use klinke_dimse::file::{self, HeaderReader, Progress};
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::value::check;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let [which, piece, bytes @ ..] = input else { return };
    let all = TransferSyntax::all();
    let syntax = &all[usize::from(*which) % all.len()];
    let limits = Limits { inflated: 1 << 20, ..Limits::default() };
    let reading = read(bytes.to_vec(), syntax, &limits);
    let _ = (dump(&reading.set, &dump::Options::default()), check(&reading.set, &Default::default()));
    // Fragments have a place in a transfer syntax that nobody knows.
    let open = TransferSyntax::by_uid("1.2.3.4");
    if let Ok(written) = write(&reading.set, &open) {
        let again = read(written.clone(), &TransferSyntax::EXPLICIT, &limits);
        // A set that begins with a tag that is only known when it is turned around can't be told from one.
        if again.has(Kind::WrongByteOrder) {
            return;
        }
        assert!(again.is_whole(), "{:?}", again.end);
        assert_eq!(
            write(&again.set, &open).as_ref(),
            Ok(&written),
            "what was written is read and written again"
        );
    }

    let stopped = read_with(bytes.to_vec(), syntax, &limits, PixelDataUse::Stop);
    let small = Limits { value_length: 64, total: 1 << 10, inflated: 1 << 14, ..Limits::default() };
    let mut reader = HeaderReader::new(syntax, small);
    let mut whole = HeaderReader::new(syntax, limits);
    for piece in bytes.chunks(usize::from(*piece).max(1)) {
        reader.push(piece);
        assert!(reader.held() <= (1 << 10) + (17 << 10));
        if whole.push(piece) == Progress::Complete {
            break;
        }
    }
    let _ = reader.finish();
    let _ = (whole.finish(), stopped);

    let _ = file::open(bytes.to_vec(), &limits, PixelDataUse::Skip);
});
