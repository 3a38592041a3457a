//! How fast the header of a CT image is read, beside a copy of the same bytes.

use bytes::Bytes;
use divan::Bencher;
use divan::counter::BytesCount;
use klinke_dimse::charset::{Charset, Rules};
use klinke_dimse::data::{DataSet, Element, Limits, PixelDataUse, read, read_with, write};
use klinke_dimse::file::HeaderReader;
use klinke_dimse::json;
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::{Tag, VR, dictionary, tags};

fn main() {
    divan::main();
}

const EXPLICIT: TransferSyntax = TransferSyntax::EXPLICIT;
const IMPLICIT: TransferSyntax = TransferSyntax::IMPLICIT;

/// 150 elements, as scanners send them: identifiers, text, numbers, four sequences, private elements; and an image.
fn ct() -> DataSet {
    let mut set = DataSet::new();
    let groups = [(0x0008, 40), (0x0010, 15), (0x0018, 45), (0x0020, 15), (0x0028, 20)];
    for (group, wanted) in groups {
        let known = (1..=0xFFFF)
            .map(|element| Tag(group, element))
            .filter_map(|tag| Some((tag, dictionary::vr(tag)?)));
        for (tag, vr) in known.filter(|(_, vr)| *vr != VR::SQ).take(wanted) {
            let value = match vr {
                VR::UI => b"1.2.840.113619.2.55.3.2831183872.12.1254217464.467\0\0".to_vec(),
                VR::US | VR::SS => vec![0, 2],
                VR::DS => b"0.712890\\0.712890 ".to_vec(),
                VR::DA => b"20240131".to_vec(),
                _ => b"SOME TEXT OF USUAL LENGTH ".to_vec(),
            };
            set.put(Element::bytes(tag, vr, value));
        }
    }
    set.put_ascii(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 100");
    set.put_ascii(Tag(0x0029, 0x0010), VR::LO, "SIEMENS CSA HEADER");
    for element in 0..10 {
        set.put(Element::bytes(Tag(0x0029, 0x1008 + element), VR::OB, vec![0; 100]));
    }
    for tag in
        [tags::REFERENCED_IMAGE_SEQUENCE, tags::REQUEST_ATTRIBUTES_SEQUENCE, tags::PROCEDURE_CODE_SEQUENCE]
    {
        let mut item = DataSet::new();
        item.put_ascii(tags::REFERENCED_SOP_CLASS_UID, VR::UI, "1.2.840.10008.5.1.4.1.1.2");
        item.put_ascii(tags::CODE_VALUE, VR::SH, "4711");
        set.put_items(tag, vec![item]);
    }
    set
}

fn bytes(syntax: &TransferSyntax) -> Bytes {
    let mut set = ct();
    set.put(Element::bytes(tags::PIXEL_DATA, VR::OW, vec![0; 512 * 512 * 2]));
    Bytes::from(write(&set, syntax).expect("a data set that can be written"))
}

fn header_length(syntax: &TransferSyntax) -> usize {
    write(&ct(), syntax).expect("a data set that can be written").len()
}

fn header(bencher: Bencher<'_, '_>, syntax: TransferSyntax) {
    let bytes = bytes(&syntax);
    bencher.counter(BytesCount::new(header_length(&syntax))).bench_local(|| {
        read_with(divan::black_box(bytes.clone()), &syntax, &Limits::header(), PixelDataUse::Stop)
    });
}

#[divan::bench]
fn header_explicit(bencher: Bencher<'_, '_>) {
    header(bencher, EXPLICIT);
}

#[divan::bench]
fn header_implicit(bencher: Bencher<'_, '_>) {
    header(bencher, IMPLICIT);
}

#[divan::bench]
fn header_big_endian(bencher: Bencher<'_, '_>) {
    header(bencher, TransferSyntax::BIG_ENDIAN);
}

#[divan::bench]
fn copy_of_the_same_bytes(bencher: Bencher<'_, '_>) {
    let bytes = bytes(&EXPLICIT).slice(..header_length(&EXPLICIT));
    bencher.counter(BytesCount::new(bytes.len())).bench_local(|| divan::black_box(&bytes).to_vec());
}

#[divan::bench]
fn header_arriving(bencher: Bencher<'_, '_>) {
    let bytes = bytes(&EXPLICIT);
    bencher.counter(BytesCount::new(header_length(&EXPLICIT))).bench_local(|| {
        let mut reader = HeaderReader::new(&EXPLICIT, Limits::header());
        for piece in bytes.chunks(16 << 10) {
            reader.push(divan::black_box(piece));
        }
        reader.finish()
    });
}

#[divan::bench]
fn whole(bencher: Bencher<'_, '_>) {
    let bytes = bytes(&EXPLICIT);
    bencher
        .counter(BytesCount::new(bytes.len()))
        .bench_local(|| read(divan::black_box(bytes.clone()), &EXPLICIT, &Limits::default()));
}

#[divan::bench]
fn write_header(bencher: Bencher<'_, '_>) {
    let set = ct();
    bencher
        .counter(BytesCount::new(header_length(&EXPLICIT)))
        .bench_local(|| write(divan::black_box(&set), &EXPLICIT));
}

#[divan::bench]
fn write_json(bencher: Bencher<'_, '_>) {
    let set = ct();
    bencher.bench_local(|| json::to_string(divan::black_box(&set), &json::Options::default()));
}

#[divan::bench]
fn text_latin_1(bencher: Bencher<'_, '_>) {
    bencher.bench_local(|| Charset::LATIN_1.decode(divan::black_box(b"M\xFCller^J\xFCrgen"), VR::PN));
}

#[divan::bench]
fn text_japanese(bencher: Bencher<'_, '_>) {
    let (charset, _) = Charset::parse("\\ISO 2022 IR 87", &Rules::default());
    let name = b"Yamada^Tarou=\x1B$B;3ED\x1B(B^\x1B$BB@O:\x1B(B=\x1B$B$d$^$@\x1B(B^\x1B$B$?$m$&\x1B(B";
    bencher.bench_local(|| charset.decode(divan::black_box(name), VR::PN));
}
