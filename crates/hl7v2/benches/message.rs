//! Speed of the index and of messages, with a copy and a byte search of the same bytes as floor.

use divan::{Bencher, black_box};
use klinke_hl7v2::Index;
use klinke_hl7v2::index::Method;

fn main() {
    divan::main();
}

/// 1 KB of ADT, about as a KIS sends it.
const ADT: &str = "MSH|^~\\&|KIS|KH1|RIS|RADIO|20240305101530||ADT^A01^ADT_A01|4711000815|P|2.5|||AL|NE|DEU|8859/1\rEVN|A01|20240305101500||A|USER1^Muster^Maria\rPID|1||0004711^^^KIS^PI~A123456789^^^GKV^NH||Mustermann^Max^Moritz^^Dr.^^L~Geborner^Max^^^^^M||19700101|M|||Hauptstr. 1&Hauptstr.&1^^Berlin^^10115^DEU^H~Nebenweg 2^^Potsdam^^14467^DEU^C||030/123456^PRN^PH^^49^30^123456|030/654321^WPN^PH|DEU|M|RKT||987654321^^^KIS^VN||||||1||||||N\rNK1|1|Mustermann^Erika|SPO^Ehefrau|Hauptstr. 1^^Berlin^^10115^DEU|030/123456\rPV1|1|I|CHI1^2^3^INN^^N^A^4|R^Notfall||||01234^Einweiser^Egon^^^Dr.^^^LANR|09876^Ueber^Udo|CHI||||R|||01235^Arzt^Anna^^^Dr.|GKV|987654321^^^KIS^VN|01|||||||||||||||||||||||||20240305101000\rPV2|||^Appendizitis|||||||3\rDG1|1||K35.8^Akute Appendizitis, nicht naeher bezeichnet^I10|Akute Appendizitis|20240305|A|||||||||1\rIN1|1|GKV|101575519|Techniker Krankenkasse^L|Bramfelder Str. 140^^Hamburg^^22305^DEU||||||||||||1|Mustermann^Max|SEL|19700101|Hauptstr. 1^^Berlin^^10115\rZBE|1|20240305101000||INSERT|\r";

#[divan::bench]
fn floor_memcpy(bencher: Bencher<'_, '_>) {
    let mut out = Vec::with_capacity(ADT.len());
    bencher.counter(divan::counter::BytesCount::of_str(ADT)).bench_local(move || {
        out.clear();
        out.extend_from_slice(black_box(ADT.as_bytes()));
        black_box(out.len())
    });
}

#[divan::bench]
fn floor_memchr_count(bencher: Bencher<'_, '_>) {
    bencher
        .counter(divan::counter::BytesCount::of_str(ADT))
        .bench_local(|| memchr::memchr3_iter(b'|', b'^', b'\r', black_box(ADT.as_bytes())).count());
}

#[divan::bench(args = [Method::Table, Method::Sse2, Method::Avx2])]
fn index(bencher: Bencher<'_, '_>, method: Method) {
    let mut index = Index::new();
    bencher.counter(divan::counter::BytesCount::of_str(ADT)).bench_local(move || {
        index.build_with(black_box(ADT.as_bytes()), method).expect("a message");
        black_box(index.delimiter_count())
    });
}
