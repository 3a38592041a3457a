//! Images of the demo's hospital: one patient's CT with an earlier one to compare, a radiograph, a scan by ultrasound, a
//! report, key images and a document. All of it is drawn here; nobody was ever in front of a device.

use anyhow::Result;
use klinke_archive::{Archive, Arrival};
use klinke_dimse::charset::Charset;
use klinke_dimse::data::{self, DataSet, Element};
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::{Tag, VR, tags};
use klinke_model::Timestamp;

use super::hospital::Patient;

/// Whose images they are: the patient that the demo's last words name.
const PATIENT: u64 = 12;
/// Below a root that belongs to nobody (PS3.5, section B.2).
const ROOT: &str = "2.25.700012";
const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
const CR: &str = "1.2.840.10008.5.1.4.1.1.1";
const US_MULTI_FRAME: &str = "1.2.840.10008.5.1.4.1.1.3.1";
const BASIC_TEXT: &str = "1.2.840.10008.5.1.4.1.1.88.11";
const KEY_OBJECTS: &str = "1.2.840.10008.5.1.4.1.1.88.59";
const PDF: &str = "1.2.840.10008.5.1.4.1.1.104.1";
/// Sides of a slice, and how many there are.
const SIDE: u16 = 160;
const SLICES: u16 = 24;

/// Puts the images into an archive; those that are there already stay.
pub fn hang(archive: &Archive) -> Result<()> {
    for (study, day) in [(1, "20261129"), (2, "20251103")] {
        for slice in 0..SLICES {
            keep(archive, &ct(study, day, slice))?;
        }
    }
    keep(archive, &radiograph())?;
    keep(archive, &ultrasound())?;
    keep(archive, &report())?;
    keep(archive, &key_images())?;
    keep(archive, &letter())
}

fn keep(archive: &Archive, set: &DataSet) -> Result<()> {
    let syntax = TransferSyntax::EXPLICIT;
    let arrival = Arrival {
        syntax: syntax.uid().to_owned(),
        from: set.ascii(tags::STATION_NAME).unwrap_or("PACS").to_owned(),
        to: "KLINKE".to_owned(),
        ..Arrival::default()
    };
    let mut receiving = archive.receive(arrival)?;
    receiving.write(&data::write(set, &syntax)?)?;
    receiving.finish(Timestamp::now())?;
    Ok(())
}

/// What all instances of a series say.
struct Series {
    study: u16,
    number: u16,
    day: &'static str,
    modality: &'static str,
    description: &'static str,
    station: &'static str,
}

impl Series {
    fn instance(&self, class: &str, number: u16) -> DataSet {
        let patient = Patient::new(PATIENT);
        let study = format!("{ROOT}.{}", self.study);
        let (name, birth, sex) = patient.as_dicom();
        let mut set = DataSet::new();
        set.put_ascii(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192");
        for (tag, vr, text) in [
            (tags::SOP_CLASS_UID, VR::UI, class),
            (tags::SOP_INSTANCE_UID, VR::UI, &format!("{study}.{}.{number}", self.number)),
            (tags::STUDY_INSTANCE_UID, VR::UI, &study),
            (tags::SERIES_INSTANCE_UID, VR::UI, &format!("{study}.{}", self.number)),
            (tags::STUDY_DATE, VR::DA, self.day),
            (tags::STUDY_TIME, VR::TM, "101530"),
            (tags::ACCESSION_NUMBER, VR::SH, &format!("A{}", &self.day[2..])),
            (tags::MODALITY, VR::CS, self.modality),
            (tags::STATION_NAME, VR::SH, self.station),
            (tags::STUDY_DESCRIPTION, VR::LO, if self.study == 3 { "Thorax" } else { "CT Schädel" }),
            (tags::SERIES_DESCRIPTION, VR::LO, self.description),
            (tags::REFERRING_PHYSICIAN_NAME, VR::PN, "Groß^Eva^^Dr."),
            (tags::PATIENT_NAME, VR::PN, &name),
            (tags::PATIENT_ID, VR::LO, &patient.id()),
            (tags::PATIENT_BIRTH_DATE, VR::DA, &birth),
            (tags::PATIENT_SEX, VR::CS, &sex),
            (tags::SERIES_NUMBER, VR::IS, &self.number.to_string()),
            (tags::INSTANCE_NUMBER, VR::IS, &number.to_string()),
        ] {
            set.put_text(tag, vr, text, &Charset::UTF_8);
        }
        set
    }
}

fn pixels(set: &mut DataSet, (columns, rows): (u16, u16), bits: u16, photometric: &str, samples: u16) {
    set.put_ascii(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, photometric);
    for (tag, value) in [
        (tags::SAMPLES_PER_PIXEL, samples),
        (tags::ROWS, rows),
        (tags::COLUMNS, columns),
        (tags::BITS_ALLOCATED, if bits > 8 { 16 } else { 8 }),
        (tags::BITS_STORED, bits),
        (tags::HIGH_BIT, bits - 1),
        (tags::PIXEL_REPRESENTATION, 0),
    ] {
        set.put_us(tag, value);
    }
    if samples == 3 {
        set.put_us(tags::PLANAR_CONFIGURATION, 0);
    }
}

fn words(values: impl Iterator<Item = f64>) -> Vec<u8> {
    values.flat_map(|value| (value.clamp(0.0, 4095.0) as u16).to_le_bytes()).collect()
}

/// Something that looks like noise and is the same each time.
fn noise(x: u32, y: u32, z: u32) -> f64 {
    let mixed = x.wrapping_mul(374_761_393) ^ y.wrapping_mul(668_265_263) ^ z.wrapping_mul(2_246_822_519);
    f64::from((mixed ^ (mixed >> 13)).wrapping_mul(1_274_126_177) >> 16 & 0xFF) / 255.0 - 0.5
}

/// A slice of a head: bone around, brain, ventricles, and a bright spot that the earlier study has not.
fn ct(study: u16, day: &'static str, slice: u16) -> DataSet {
    let series =
        Series { study, number: 1, day, modality: "CT", description: "Schädel nativ 5 mm", station: "CT1" };
    let mut set = series.instance(CT, slice + 1);
    pixels(&mut set, (SIDE, SIDE), 12, "MONOCHROME2", 1);
    for (tag, vr, text) in [
        (tags::IMAGE_ORIENTATION_PATIENT, VR::DS, "1\\0\\0\\0\\1\\0"),
        (tags::IMAGE_POSITION_PATIENT, VR::DS, &format!("-120\\-120\\{}", slice * 5)),
        (tags::PIXEL_SPACING, VR::DS, "1.5\\1.5"),
        (tags::SLICE_THICKNESS, VR::DS, "5"),
        (tags::RESCALE_INTERCEPT, VR::DS, "-1024"),
        (tags::RESCALE_SLOPE, VR::DS, "1"),
        (tags::WINDOW_CENTER, VR::DS, "40\\400"),
        (tags::WINDOW_WIDTH, VR::DS, "90\\1800"),
        (tags::WINDOW_CENTER_WIDTH_EXPLANATION, VR::LO, "BRAIN\\BONE"),
        (tags::BODY_PART_EXAMINED, VR::CS, "HEAD"),
        (tags::MANUFACTURER_MODEL_NAME, VR::LO, "Phantom 1"),
    ] {
        set.put_ascii(tag, vr, text);
    }
    let high = f64::from(slice) / f64::from(SLICES - 1);
    let size = (std::f64::consts::PI * (0.18 + 0.74 * high)).sin();
    let within = |x: f64, y: f64, at: (f64, f64), radius: (f64, f64)| {
        ((x - at.0) / radius.0).powi(2) + ((y - at.1) / radius.1).powi(2)
    };
    let value = |place: u32| {
        let (column, row) = (place % u32::from(SIDE), place / u32::from(SIDE));
        let (x, y) = (f64::from(column) / 80.0 - 1.0, f64::from(row) / 80.0 - 1.0);
        let head = within(x, y, (0.0, 0.0), (0.72 * size, 0.9 * size));
        let grain = noise(column, row, u32::from(slice) + u32::from(study) * 99);
        let tissue = match head {
            head if head > 1.0 => -1000.0,
            head if head > 0.94 => 20.0,
            head if head > 0.82 => 1100.0,
            head => {
                34.0 + 6.0 * (7.0 * x).sin() * (9.0 * y + 4.0 * high).cos()
                    - if head > 0.7 { 14.0 } else { 0.0 }
            }
        };
        let ventricle = |side: f64| within(x, y, (side * 0.14 * size, -0.05), (0.09, 0.3 * size)) < 1.0;
        let is_spot =
            study == 1 && (10..15).contains(&slice) && within(x, y, (0.33, 0.2), (0.11, 0.09)) < 1.0;
        let inner = head < 0.7 && (0.3..0.75).contains(&high) && (ventricle(1.0) || ventricle(-1.0));
        let tissue = if inner { 6.0 } else { tissue };
        1024.0 + if is_spot { 72.0 } else { tissue } + 16.0 * grain
    };
    let count = u32::from(SIDE) * u32::from(SIDE);
    set.put(Element::bytes(tags::PIXEL_DATA, VR::OW, words((0..count).map(value))));
    set
}

/// A chest from the front, in the way of a storage screen: low values are bright.
fn radiograph() -> DataSet {
    let series = Series {
        study: 3,
        number: 1,
        day: "20261128",
        modality: "CR",
        description: "Thorax p.a.",
        station: "CR2",
    };
    let (columns, rows) = (420_u16, 480_u16);
    let mut set = series.instance(CR, 1);
    pixels(&mut set, (columns, rows), 12, "MONOCHROME1", 1);
    set.put_ascii(tags::IMAGER_PIXEL_SPACING, VR::DS, "0.8\\0.8");
    set.put_ascii(tags::PATIENT_ORIENTATION, VR::CS, "L\\F");
    set.put_ascii(tags::BODY_PART_EXAMINED, VR::CS, "CHEST");
    let value = |place: u32| {
        let (column, row) = (place % u32::from(columns), place / u32::from(columns));
        let (x, y) = (f64::from(column) / 210.0 - 1.0, f64::from(row) / 240.0 - 1.0);
        let lung = |side: f64| {
            let apart = ((x - side * 0.42) / 0.34).powi(2) + ((y + 0.05) / 0.66).powi(2);
            (1.0 - apart).max(0.0).powf(0.4)
        };
        let body = if x.abs() < 0.95 { 0.62 } else { 0.1 };
        let heart = (1.0 - ((x - 0.12) / 0.3).powi(2) - ((y - 0.25) / 0.36).powi(2)).max(0.0).sqrt();
        let spine = (-(x / 0.08).powi(2)).exp();
        let ribs = (18.0 * (y + 0.5 * x * x)).sin().max(0.0).powi(6) * (lung(1.0) + lung(-1.0)).min(1.0);
        let dense = body - 0.5 * (lung(1.0) + lung(-1.0)).min(1.0) + 0.32 * heart + 0.2 * spine + 0.1 * ribs;
        4095.0 * (1.0 - dense.clamp(0.02, 0.98)) + 40.0 * noise(column, row, 5)
    };
    let count = u32::from(columns) * u32::from(rows);
    set.put(Element::bytes(tags::PIXEL_DATA, VR::OW, words((0..count).map(value))));
    set
}

/// A beating circle in colour.
fn ultrasound() -> DataSet {
    const FRAMES: u32 = 16;
    let series =
        Series { study: 3, number: 2, day: "20261128", modality: "US", description: "Herz", station: "US1" };
    let (columns, rows) = (192_u16, 144_u16);
    let mut set = series.instance(US_MULTI_FRAME, 1);
    pixels(&mut set, (columns, rows), 8, "RGB", 3);
    set.put_ascii(tags::NUMBER_OF_FRAMES, VR::IS, &FRAMES.to_string());
    set.put_ascii(tags::FRAME_TIME, VR::DS, "66");
    let mut region = DataSet::new();
    for (tag, value) in [(tags::PHYSICAL_UNITS_X_DIRECTION, 3), (tags::PHYSICAL_UNITS_Y_DIRECTION, 3)] {
        region.put_us(tag, value);
    }
    let long = |tag: Tag, value: u32| Element::bytes(tag, VR::UL, value.to_le_bytes().to_vec());
    region.put(long(tags::REGION_LOCATION_MIN_X0, 0));
    region.put(long(tags::REGION_LOCATION_MIN_Y0, 0));
    region.put(long(tags::REGION_LOCATION_MAX_X1, u32::from(columns) - 1));
    region.put(long(tags::REGION_LOCATION_MAX_Y1, u32::from(rows) - 1));
    let scale = |tag: Tag| Element::bytes(tag, VR::FD, 0.1_f64.to_le_bytes().to_vec());
    region.put(scale(tags::PHYSICAL_DELTA_X));
    region.put(scale(tags::PHYSICAL_DELTA_Y));
    set.put_items(tags::SEQUENCE_OF_ULTRASOUND_REGIONS, vec![region]);
    let mut bytes = Vec::new();
    for frame in 0..FRAMES {
        let beat = (f64::from(frame) / f64::from(FRAMES) * std::f64::consts::TAU).sin();
        for place in 0..u32::from(columns) * u32::from(rows) {
            let (column, row) = (place % u32::from(columns), place / u32::from(columns));
            let (x, y) = (f64::from(column) - 96.0, f64::from(row) - 4.0);
            let is_seen = x.abs() < 0.72 * y && x.hypot(y) < 136.0;
            let wall = ((x.hypot(y - 72.0) - 30.0 - 7.0 * beat) / 6.0).powi(2);
            let grain = 1.0 + noise(column, row, frame / 2);
            let grey = if is_seen { (28.0 + 170.0 * (-wall).exp()) * grain } else { 0.0 };
            let flow = if is_seen && x.hypot(y - 72.0) < 17.0 { 120.0 * beat } else { 0.0 };
            let colour = [grey + flow.max(0.0), grey, grey + (-flow).max(0.0)];
            bytes.extend(colour.map(|one| one.clamp(0.0, 255.0) as u8));
        }
    }
    set.put(Element::bytes(tags::PIXEL_DATA, VR::OW, bytes));
    set
}

fn code(value: &str, scheme: &str, meaning: &str) -> DataSet {
    let mut code = DataSet::new();
    for (tag, vr, text) in [
        (tags::CODE_VALUE, VR::SH, value),
        (tags::CODING_SCHEME_DESIGNATOR, VR::SH, scheme),
        (tags::CODE_MEANING, VR::LO, meaning),
    ] {
        code.put_text(tag, vr, text, &Charset::UTF_8);
    }
    code
}

fn item(relationship: &str, kind: &str, name: Option<DataSet>) -> DataSet {
    let mut item = DataSet::new();
    item.put_ascii(tags::RELATIONSHIP_TYPE, VR::CS, relationship);
    item.put_ascii(tags::VALUE_TYPE, VR::CS, kind);
    name.into_iter().for_each(|name| item.put_items(tags::CONCEPT_NAME_CODE_SEQUENCE, vec![name]));
    item
}

fn image(slice: u16) -> DataSet {
    let mut reference = DataSet::new();
    reference.put_ascii(tags::REFERENCED_SOP_CLASS_UID, VR::UI, CT);
    reference.put_ascii(tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, &format!("{ROOT}.1.1.{slice}"));
    let mut image = item("CONTAINS", "IMAGE", None);
    image.put_items(tags::REFERENCED_SOP_SEQUENCE, vec![reference]);
    image
}

fn said(name: DataSet, text: &str) -> DataSet {
    let mut item = item("CONTAINS", "TEXT", Some(name));
    item.put_text(tags::TEXT_VALUE, VR::UT, text, &Charset::UTF_8);
    item
}

/// A report with a length and the image that it was measured in.
fn report() -> DataSet {
    let series = Series {
        study: 1,
        number: 2,
        day: "20261129",
        modality: "SR",
        description: "Befund",
        station: "BEFUND",
    };
    let mut set = series.instance(BASIC_TEXT, 1);
    let mut value = DataSet::new();
    value.put_ascii(tags::NUMERIC_VALUE, VR::DS, "26");
    value.put_items(tags::MEASUREMENT_UNITS_CODE_SEQUENCE, vec![code("mm", "UCUM", "Millimeter")]);
    let mut length = item("CONTAINS", "NUM", Some(code("103355008", "SCT", "Breite")));
    length.put_items(tags::MEASURED_VALUE_SEQUENCE, vec![value]);
    length.put_items(tags::CONTENT_SEQUENCE, vec![image(13)]);
    set.put_ascii(tags::VALUE_TYPE, VR::CS, "CONTAINER");
    set.put_items(tags::CONCEPT_NAME_CODE_SEQUENCE, vec![code("18748-4", "LN", "Radiologischer Befund")]);
    set.put_ascii(tags::COMPLETION_FLAG, VR::CS, "COMPLETE");
    let found = "Rechts temporal eine rundliche Hyperdensität, im Vergleich zur Voraufnahme neu. \
         Mittelständiges, normal weites Ventrikelsystem.";
    set.put_items(
        tags::CONTENT_SEQUENCE,
        vec![
            said(code("121060", "DCM", "Anamnese"), "Sturz, Kopfschmerz."),
            said(code("121070", "DCM", "Befunde"), found),
            length,
            said(code("121076", "DCM", "Beurteilung"), "Kontrolle in 24 Stunden empfohlen."),
        ],
    );
    set
}

/// Two slices that somebody marked.
fn key_images() -> DataSet {
    let series = Series {
        study: 1,
        number: 3,
        day: "20261129",
        modality: "KO",
        description: "Schlüsselbilder",
        station: "BEFUND",
    };
    let mut set = series.instance(KEY_OBJECTS, 1);
    set.put_ascii(tags::VALUE_TYPE, VR::CS, "CONTAINER");
    set.put_items(tags::CONCEPT_NAME_CODE_SEQUENCE, vec![code("113000", "DCM", "Of Interest")]);
    let text = said(code("113012", "DCM", "Key Object Description"), "Für die Besprechung am Montag.");
    set.put_items(tags::CONTENT_SEQUENCE, vec![text, image(12), image(13)]);
    set
}

/// A letter as PDF.
fn letter() -> DataSet {
    let series = Series {
        study: 1,
        number: 4,
        day: "20261129",
        modality: "DOC",
        description: "Arztbrief",
        station: "BEFUND",
    };
    let mut set = series.instance(PDF, 1);
    set.put_text(tags::DOCUMENT_TITLE, VR::ST, "Arztbrief", &Charset::UTF_8);
    set.put_ascii(tags::MIME_TYPE_OF_ENCAPSULATED_DOCUMENT, VR::LO, "application/pdf");
    let mut bytes = pdf("A letter of the demo. Everything in it is made up.");
    set.put(Element::bytes(
        tags::ENCAPSULATED_DOCUMENT_LENGTH,
        VR::UL,
        (bytes.len() as u32).to_le_bytes().to_vec(),
    ));
    if bytes.len() % 2 == 1 {
        bytes.push(0);
    }
    set.put(Element::bytes(tags::ENCAPSULATED_DOCUMENT, VR::OB, bytes));
    set
}

/// The smallest PDF of one page with a line of text.
fn pdf(text: &str) -> Vec<u8> {
    let line = format!("BT /F 16 Tf 60 760 Td ({text}) Tj ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{line}\nendstream", line.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let mut out = "%PDF-1.4\n".to_owned();
    let mut places = Vec::new();
    for (at, object) in objects.iter().enumerate() {
        places.push(format!("{:010} 00000 n \n", out.len()));
        out.push_str(&format!("{} 0 obj\n{object}\nendobj\n", at + 1));
    }
    let table = out.len();
    let count = objects.len() + 1;
    out.push_str(&format!("xref\n0 {count}\n0000000000 65535 f \n{}", places.concat()));
    out.push_str(&format!("trailer << /Size {count} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n"));
    out.into_bytes()
}
