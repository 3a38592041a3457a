//! Searches that nobody would write: whatever is asked, the answer is a list, nothing, or what was wrong with the question.
//!
//! `KLINKE_QUERIES` says how many; two thousand otherwise. The seed is printed, and `KLINKE_SEED` repeats it.

use klinke_dimse::syntax::TransferSyntax;

use crate::support::{JSON, Running, image, start};

/// Numbers that look random (an LCG after Knuth, its upper half).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }

    fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }
}

const PATHS: [&str; 7] = [
    "/studies",
    "/series",
    "/instances",
    "/studies/1.1/series",
    "/studies/1.1/instances",
    "/studies/1.1/series/1.1.1/instances",
    "/workitems",
];
const NAMES: [&str; 30] = [
    "PatientName",
    "PatientID",
    "StudyDate",
    "StudyTime",
    "PatientBirthDate",
    "ModalitiesInStudy",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "SOPInstanceUID",
    "AccessionNumber",
    "InstanceNumber",
    "Rows",
    "00100010",
    "0020000D",
    "00081030",
    "00400275.00401001",
    "RequestAttributesSequence.RequestedProcedureID",
    "00400275.00080005.00080005",
    "includefield",
    "limit",
    "offset",
    "fuzzymatching",
    "orderby",
    "00090010",
    "7FE00010",
    "FFFEE000",
    "",
    "PatientName.PatientName",
    "0008",
    "%00",
];
const VALUES: [&str; 24] = [
    "*",
    "?",
    "Muster*",
    "%C3%9C*",
    "%5C",
    "1.1%5C1.2%2C1.1.1",
    "20261129",
    "20260101-20261231",
    "-20261231",
    "20269999-",
    "101500.123456-",
    "all",
    "0",
    "-1",
    "18446744073709551616",
    "true",
    "%27%20OR%201%3D1%20--",
    "%25_%25",
    "%F0%9F%A9%BB",
    "%FF%FE",
    "%E4%B8%AD%E6%96%87%5E%3D%3D%5E",
    "NaN",
    "\"\"",
    "%",
];

fn piece(random: &mut Random) -> String {
    let name = random.of(&NAMES);
    let mut value = String::new();
    for _ in 0..random.below(4) {
        value += match random.below(12) {
            0 => {
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
            }
            1 => "********************************",
            2 => "%5C%5C%5C%5C%5C%5C%5C%5C",
            _ => random.of(&VALUES),
        };
    }
    match random.below(8) {
        0 => name.to_owned(),
        1 => format!("{name}={value}={value}"),
        2 => format!("{}={value}", name.to_ascii_lowercase()),
        _ => format!("{name}={value}"),
    }
}

async fn ask(running: &Running, random: &mut Random) {
    let pieces: Vec<String> = (0..random.below(5)).map(|_| piece(random)).collect();
    let path = format!("/dicom-web{}?{}", random.of(&PATHS), pieces.join("&"));
    let answer = running.get(&path, JSON).await;
    assert!([200, 204, 400, 413].contains(&answer.status), "{path}: {} {}", answer.status, answer.text());
    if answer.status == 200 {
        assert!(answer.json().is_array(), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_asked_is_answered() {
    let running = start().await;
    for (patient, study) in [("Anna", "1.1"), ("Ümit", "1.2"), ("山田", "1.3")] {
        let set = image(patient, study, &format!("{study}.1"), &format!("{study}.1.1"));
        running.put(&set, &TransferSyntax::EXPLICIT).await;
    }
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    let seed = number("KLINKE_SEED").unwrap_or_else(|| klinke_model::Timestamp::now().0.cast_unsigned());
    println!("seed {seed}");
    let mut random = Random(seed);
    for _ in 0..number("KLINKE_QUERIES").unwrap_or(2_000) {
        ask(&running, &mut random).await;
    }
}
