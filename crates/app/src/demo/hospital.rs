//! What happens in the demo's hospital, as messages. All people and numbers are invented.

use klinke_hl7v2::time::Timestamp;

use crate::partner;

const FAMILY: [&str; 16] = [
    "Ahrens",
    "Böttcher",
    "Çelik",
    "Dorn",
    "Ebert",
    "Fährmann",
    "Grünwald",
    "Hölzer",
    "Ismaili",
    "Jäger",
    "Kowalska",
    "Lübbers",
    "Möhring",
    "Nguyen",
    "Öztürk",
    "Petersen",
];
const GIVEN: [(&str, char); 12] = [
    ("Anna", 'F'),
    ("Bernd", 'M'),
    ("Charlotte", 'F'),
    ("Dieter", 'M'),
    ("Emine", 'F'),
    ("Frank", 'M'),
    ("Greta", 'F'),
    ("Hüseyin", 'M'),
    ("Ingeborg", 'F'),
    ("Jörg", 'M'),
    ("Käthe", 'F'),
    ("Lukas", 'M'),
];
const WARDS: [&str; 7] = ["CHI1", "CHI2", "INN1", "INN2", "GYN", "ITS", "NOTAUFN"];
const TESTS: [(&str, &str, &str, &str); 5] = [
    ("2345-7", "Glukose", "mg/dl", "70-99"),
    ("718-7", "Hämoglobin", "g/dl", "12-16"),
    ("2823-3", "Kalium", "mmol/l", "3.5-5.1"),
    ("1988-5", "CRP", "mg/l", "0-5"),
    ("2160-0", "Kreatinin", "mg/dl", "0.5-0.9"),
];

/// A patient of the demo, the same for the same number.
pub struct Patient {
    number: u64,
    family: String,
    given: &'static str,
    sex: char,
    ward: &'static str,
}

impl Patient {
    /// The patient of a number. Every fiftieth is a test patient of the trainers.
    pub fn new(number: u64) -> Patient {
        let (given, sex) = GIVEN[(number % 12) as usize];
        let family = FAMILY[(number / 3 % 16) as usize];
        Patient {
            number,
            family: if number % 50 == 49 { format!("ZZTEST-{family}") } else { family.to_owned() },
            given,
            sex,
            ward: WARDS[(number % 7) as usize],
        }
    }

    fn pid(&self) -> String {
        let (year, month, day) = self.born();
        format!(
            "PID|1||{}^^^KH^PI||{}^{}^^^^^L||{year}{month:02}{day:02}|{}|||Lindenweg {}^^Musterstadt^^12345^DEU\r",
            self.id(),
            self.family,
            self.given,
            self.sex,
            1 + self.number % 90
        )
    }

    /// Name, date of birth and sex as images have them.
    pub fn as_dicom(&self) -> (String, String, String) {
        let (year, month, day) = self.born();
        (format!("{}^{}", self.family, self.given), format!("{year}{month:02}{day:02}"), self.sex.to_string())
    }

    fn born(&self) -> (u64, u64, u64) {
        (1930 + self.number % 80, 1 + self.number % 12, 1 + self.number % 28)
    }

    /// Its identifier.
    pub fn id(&self) -> String {
        format!("{}", 700_000 + self.number)
    }

    fn pv1(&self) -> String {
        format!(
            "PV1|1|I|{}^{}^{}^KH||||||||||||||||F{}^^^KH^VN\r",
            self.ward,
            1 + self.number % 20,
            1 + self.number % 3,
            26_000_000 + self.number
        )
    }
}

/// A message on its way: its control identifier and its bytes in ISO 8859-1.
pub struct Sent {
    /// MSH-10.
    pub control: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

fn message(sender: &str, event: &str, rest: &str) -> Sent {
    let (control, now) = (partner::control_id(), stamp(&partner::now()));
    // The zone is named: the demo's clock is UTC, wherever it is played.
    let head =
        format!("MSH|^~\\&|{sender}|KH|KLINKE|KH|{now}+0000||{event}|{control}|P|2.5|||||DEU|8859/1\r");
    Sent { control, bytes: latin1(&(head + rest)) }
}

fn stamp(time: &Timestamp) -> String {
    time.to_string().chars().take_while(char::is_ascii_digit).collect()
}

/// Characters beyond ISO 8859-1 (there are none but the demo's own) become `?`.
fn latin1(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()
}

/// News of a patient: admitted, moved, changed, discharged, called off.
pub fn adt(number: u64, patient: &Patient) -> Sent {
    let event = ["A01", "A08", "A02", "A08", "A03", "A11"][(number % 6) as usize];
    let now = stamp(&partner::now());
    let structure = match event {
        "A08" => "ADT_A01",
        "A11" => "ADT_A09",
        other => &format!("ADT_{other}"),
    };
    let rest = format!("EVN|{event}|{now}\r{}{}", patient.pid(), patient.pv1());
    message("KIS", &format!("ADT^{event}^{structure}"), &rest)
}

/// Two numbers turn out to be one person.
pub fn merge(patient: &Patient, wrong: &Patient) -> Sent {
    let now = stamp(&partner::now());
    let rest = format!("EVN|A40|{now}\r{}MRG|{}^^^KH^PI\r", patient.pid(), wrong.id());
    message("KIS", "ADT^A40^ADT_A39", &rest)
}

/// An order to the laboratory (even numbers) or to radiology.
pub fn order(number: u64, patient: &Patient) -> Sent {
    let (code, name, section) = match number % 2 {
        0 => {
            let (code, name, ..) = TESTS[(number / 2 % 5) as usize];
            (code, name, "LAB")
        }
        _ => ("RX-THX", "Röntgen Thorax in 2 Ebenen", "RAD"),
    };
    let placer = 90_000 + number;
    // OBR-4 is the service, OBR-24 the section that does it.
    let between = "|".repeat(20);
    let rest = format!(
        "{}{}ORC|NW|{placer}^KIS\rOBR|1|{placer}^KIS||{code}^{name}^L{between}{section}\r",
        patient.pid(),
        patient.pv1()
    );
    message("KIS", "ORM^O01^ORM_O01", &rest)
}

/// The laboratory's answer to an order; every fourth has its report as a PDF.
pub fn result(number: u64, patient: &Patient) -> Sent {
    let (code, name, unit, range) = TESTS[(number % 5) as usize];
    let placer = 90_000 + number;
    let value = format!("{}.{}", 1 + number % 140, number % 10);
    let mut rest = format!(
        "{}{}ORC|RE|{placer}^KIS|L{placer}^LIS\rOBR|1|{placer}^KIS|L{placer}^LIS|{code}^{name}^LN\r\
         OBX|1|NM|{code}^{name}^LN||{value}|{unit}|{range}|N|||F\r",
        patient.pid(),
        patient.pv1()
    );
    if number.is_multiple_of(4) {
        rest.push_str(&format!(
            "OBX|2|ED|PDF^Befund^L||LIS^AP^PDF^Base64^{}||||||F\r",
            klinke_console::house::encode(PDF)
        ));
    }
    message("LIS", "ORU^R01^ORU_R01", &rest)
}

/// The smallest page that readers open.
const PDF: &[u8] = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n\
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n\
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]>>endobj\n\
trailer<</Root 1 0 R>>\n%%EOF\n";

#[cfg(test)]
mod tests {
    use klinke_hl7v2::{Message, Path};

    use super::*;

    fn text(message: &Sent, path: &str) -> String {
        let path: Path = path.parse().expect("a path");
        Message::parse(message.bytes.clone()).expect("parses").text(&path).into_owned()
    }

    #[test]
    fn messages_say_what_they_are() {
        let patient = Patient::new(5);
        for number in 0..12 {
            let sent = adt(number, &patient);
            assert_eq!(text(&sent, "MSH-10"), sent.control);
            assert_eq!(text(&sent, "MSH-18"), "8859/1");
            assert_eq!(text(&sent, "PID-3.1"), patient.id());
        }
        assert_eq!(text(&order(3, &patient), "OBR-24"), "RAD");
        assert_eq!(text(&order(4, &patient), "OBR-24"), "LAB");
        assert_eq!(text(&result(4, &patient), "OBX[2]-5.4"), "Base64");
        assert_eq!(text(&merge(&patient, &Patient::new(9)), "MRG-1.1"), "700009");
    }

    #[test]
    fn umlauts_are_latin_1() {
        let patient = Patient::new(3);
        assert!(adt(0, &patient).bytes.windows(4).any(|bytes| bytes == b"B\xf6tt"));
    }
}
