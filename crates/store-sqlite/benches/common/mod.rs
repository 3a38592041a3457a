//! What the benches share: admissions as a hospital sends them, all invented here, and the keys in them.

#![allow(dead_code, reason = "each bench uses a part of it")]

use klinke_store::{KeyName, Keys};

const NAMES: [&str; 40] = [
    "Abel",
    "Bauer",
    "Brandt",
    "Dietrich",
    "Ebert",
    "Fischer",
    "Frank",
    "Graf",
    "Günther",
    "Haas",
    "Hartmann",
    "Heinrich",
    "Jung",
    "Kaiser",
    "Keller",
    "Koch",
    "Kraus",
    "Kuhn",
    "Lang",
    "Lorenz",
    "Maier",
    "Marx",
    "Möller",
    "Neumann",
    "Otto",
    "Peters",
    "Pohl",
    "Roth",
    "Sauer",
    "Schäfer",
    "Schreiber",
    "Seidel",
    "Simon",
    "Thomas",
    "Vogel",
    "Wagner",
    "Weiß",
    "Winter",
    "Wolf",
    "Ziegler",
];
const FIRST: [&str; 20] = [
    "Anna", "Bernd", "Clara", "Dieter", "Elif", "Frieda", "Georg", "Hanna", "Ilse", "Jonas", "Karin", "Leon",
    "Maria", "Nuri", "Olga", "Paul", "Ruth", "Stefan", "Ute", "Viktor",
];
const STREETS: [&str; 16] = [
    "Ahornweg",
    "Bachstr.",
    "Birkenallee",
    "Bergstr.",
    "Dorfplatz",
    "Eichenweg",
    "Feldstr.",
    "Gartenweg",
    "Hauptstr.",
    "Kirchgasse",
    "Lindenstr.",
    "Marktplatz",
    "Mühlweg",
    "Schulstr.",
    "Waldweg",
    "Wiesengrund",
];
const TOWNS: [(&str, &str); 8] = [
    ("Altdorf", "90518"),
    ("Bergen", "29303"),
    ("Celle", "29221"),
    ("Dachau", "85221"),
    ("Erding", "85435"),
    ("Freising", "85354"),
    ("Gifhorn", "38518"),
    ("Husum", "25813"),
];
const WARDS: [&str; 14] =
    ["CH1", "CH2", "IN1", "IN2", "IN3", "GYN", "HNO", "INT", "KAR", "NEU", "ORT", "PAE", "URO", "ZNA"];
const EVENTS: [&str; 5] = ["A01", "A02", "A03", "A04", "A08"];
const INSURERS: [(&str, &str); 6] = [
    ("AOK Bayern", "108310400"),
    ("Barmer", "104940005"),
    ("DAK", "105830016"),
    ("KKH", "102171012"),
    ("SBK", "108433248"),
    ("TK", "101575519"),
];

/// Numbers that look random and are the same in every run.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }

    pub fn of<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.below(all.len() as u64) as usize]
    }
}

/// The n-th message: about 1 KB, from some 30,000 patients.
pub fn adt(n: u64) -> String {
    let mut any = Random(n.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 7);
    let patient = any.below(30_000);
    let mut of_patient = Random(patient * 7919 + 13);
    let (name, first) = (of_patient.of(&NAMES), of_patient.of(&FIRST));
    let (street, house) = (of_patient.of(&STREETS), of_patient.below(120) + 1);
    let (town, code) = TOWNS[of_patient.below(8) as usize];
    let born = format!(
        "{}{:02}{:02}",
        1930 + of_patient.below(90),
        1 + of_patient.below(12),
        1 + of_patient.below(28)
    );
    let sex = of_patient.of(&["F", "M"]);
    let (insurer, insurer_id) = INSURERS[of_patient.below(6) as usize];
    let policy = of_patient.below(1_000_000_000);
    let phone = of_patient.below(9_000_000) + 1_000_000;
    let relative = of_patient.of(&FIRST);
    let at =
        format!("202603{:02}{:02}{:02}{:02}", 1 + n / 3000 % 28, any.below(24), any.below(60), any.below(60));
    let (event, ward, room, bed) = (any.of(&EVENTS), any.of(&WARDS), any.below(40) + 101, any.below(3) + 1);
    let case = 26_000_000 + patient * 3 + any.below(3);
    let (doctor, doctor_id) = (any.of(&NAMES), any.below(800) + 1000);
    let referrer = any.of(&NAMES);
    format!(
        "MSH|^~\\&|KIS|STELISABETH|ENGINE|STELISABETH|{at}||ADT^{event}^ADT_{event}|KIS{n:010}|P|2.5|||AL|NE|DEU|8859/1\r\
         EVN|{event}|{at}||||{at}\r\
         PID|1||{patient:07}^^^KIS^PI~{policy:010}^^^{insurer_id}^NH||{name}^{first}^^^^^L||{born}|{sex}|||{street} {house}^^{town}^^{code}^DE^H||0{phone}^PRN^PH||DE|M||{case}^^^KIS^VN|||||||N||DEU\r\
         NK1|1|{name}^{relative}|SPO^Ehepartner|{street} {house}^^{town}^^{code}^DE|0{phone}^PRN^PH\r\
         PV1|1|I|{ward}^{room}^{bed}^STELISABETH^^N|R|||{doctor_id}^{doctor}^{first}^^^Dr.|{}^{referrer}^^^^Dr.|||||||N|||{doctor_id}^{doctor}||{case}^^^KIS^VN|||||||||||||||||||01|||STELISABETH|||||{at}\r\
         PV2||{}^Stationäre Aufnahme||||||{at}|||||||||||||N\r\
         IN1|1|{insurer_id}|{insurer_id}|{insurer}|^^{town}^^{code}^DE||||||||{at}|||{name}^{first}|SEL|{born}|{street} {house}^^{town}^^{code}^DE|||1|||||||||||||{policy:010}\r\
         ZBE|{case}{:03}|{at}||INSERT|N|{ward}\r",
        any.below(900) + 100,
        any.below(10),
        any.below(1000),
    )
}

/// What the steps of a usual channel make of it.
pub fn mapped(text: &str) -> String {
    let patient = text.split("\rPID|1||").nth(1).and_then(|rest| rest.get(..7)).unwrap_or_default();
    text.replacen("|ENGINE|", "|RIS|", 1).replacen("PID|1||", &format!("PID|1|{patient}|"), 1).replacen(
        "^STELISABETH^^N",
        "^STATION^^N",
        1,
    )
}

/// The answer to the n-th message.
pub fn ack(n: u64) -> String {
    format!(
        "MSH|^~\\&|RIS|RADIO|KIS|STELISABETH|202603{:02}{:02}{:02}{:02}||ACK^A01^ACK|R{:08}|P|2.5\rMSA|AA|KIS{n:010}\r",
        1 + n / 3000 % 28,
        n / 60 % 24,
        n % 60,
        n * 7 % 60,
        n * 3
    )
}

/// The keys of an HL7 message, found by splitting.
pub struct AdtKeys;

impl Keys for AdtKeys {
    fn keys(&self, _format: &str, payload: &[u8]) -> Vec<(KeyName, String)> {
        let text = String::from_utf8_lossy(payload);
        let mut keys = Vec::new();
        for segment in text.split('\r') {
            let field = |at: usize| segment.split('|').nth(at).unwrap_or_default();
            let first = |text: &str| text.split(['^', '~']).next().unwrap_or_default().to_owned();
            match segment.get(..3) {
                Some("MSH") => {
                    keys.push((KeyName::Control, field(9).to_owned()));
                    keys.push((KeyName::Event, field(8).split('^').take(2).collect::<Vec<_>>().join("^")));
                }
                Some("PID") => {
                    keys.push((KeyName::Patient, first(field(3))));
                    keys.push((KeyName::Case, first(field(18))));
                }
                _ => {}
            }
        }
        keys
    }

    fn text(&self, _format: &str, payload: &[u8]) -> Option<String> {
        Some(String::from_utf8_lossy(payload).into_owned())
    }
}

/// CPU time of this process's threads of a name, in microseconds.
pub fn thread_cpu_micros(name: &str) -> f64 {
    let mut ticks = 0.0;
    for task in std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten() {
        let comm = std::fs::read_to_string(task.path().join("comm")).unwrap_or_default();
        if name.is_empty() || comm.trim() == name {
            let stat = std::fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
            ticks += stat.split(' ').next().and_then(|time| time.parse::<f64>().ok()).unwrap_or(0.0);
        }
    }
    ticks / 1000.0
}
