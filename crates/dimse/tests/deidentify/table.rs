//! Every row of Table E.1-1 with every option: what the table says is what is done to the bytes.

use klinke_dimse::data::{DataSet, Element, Value, write};
use klinke_dimse::deidentify::table::{self, Action, Row};
use klinke_dimse::deidentify::{Key, Keyed, Profile, ProfileOption, ProfileOptions, deidentify};
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::{Tag, VR, dictionary, tags};

const NAME: &str = "Mustermann^Erika";
const TEXT: &str = "Thorax Mustermann Erika";
const UID: &str = "1.3.6.1.4.1.99999.4711";
/// What may be nowhere in the bytes once an attribute is removed, replaced or cleaned.
const SECRETS: &[&str] =
    &["Mustermann", "Erika", "1.3.6.1.4.1.99999.4711", "19570301", "20240229", "SECRETBYTES!"];

/// The tag of a row; for groups one of theirs.
fn tag_of(row: &Row) -> Tag {
    if let Some(tag) = row.tag() {
        return tag;
    }
    let candidates = [Tag(0x5000, 0x3000), Tag(0x6002, 0x3000), Tag(0x6002, 0x4000), Tag(0x0009, 0x1001)];
    *candidates.iter().find(|tag| table::row_of(**tag) == Some(row)).expect("a tag of the group")
}

fn element(tag: Tag, action: Action) -> Element {
    let unlisted = if matches!(action, Action::Uid | Action::Keep(_)) { "Thorax" } else { TEXT };
    let vr = dictionary::vr(tag).unwrap_or(if tag.0 % 2 == 1 { VR::LO } else { VR::OW });
    let text = match vr {
        VR::SQ => {
            let inner: DataSet = [
                Element::bytes(Tag(0x0008, 0x1155), VR::UI, UID.as_bytes().to_vec()),
                // A text that no row lists: gone with its sequence, a dummy in a dummy, cleaned in what is cleaned.
                Element::bytes(tags::MANUFACTURER, VR::LO, unlisted.as_bytes().to_vec()),
                Element::bytes(tags::STUDY_DESCRIPTION, VR::LO, TEXT.as_bytes().to_vec()),
                Element::bytes(tags::PERSON_NAME, VR::PN, NAME.as_bytes().to_vec()),
            ]
            .into_iter()
            .collect();
            return Element::sequence(tag, vec![inner]);
        }
        VR::PN => NAME,
        VR::UI => UID,
        VR::DA => "20240229",
        VR::DT => "20240229101112.5",
        VR::TM => "101112.5",
        VR::AS => "066Y",
        VR::DS | VR::IS => "66",
        VR::CS | VR::AE => "MUSTERMANN",
        VR::OB | VR::OW | VR::UN | VR::OF => "SECRETBYTES!",
        VR::US => "B",
        _ => TEXT,
    };
    let mut bytes = text.as_bytes().to_vec();
    bytes.resize(bytes.len().next_multiple_of(2), b' ');
    Element::bytes(tag, vr, bytes)
}

/// An instance with one attribute, and a patient whose name is known.
fn instance(tag: Tag, action: Action) -> DataSet {
    let mut set = DataSet::new();
    set.put_ascii(tags::SOP_CLASS_UID, VR::UI, "1.2.840.10008.5.1.4.1.1.2");
    set.put_ascii(tags::PATIENT_NAME, VR::PN, NAME);
    set.put_ascii(tags::PATIENT_ID, VR::LO, "PATIENT-4711");
    if tag.0 % 2 == 1 && tag.0 < 0xFF00 {
        set.put_ascii(Tag(tag.0, 0x10), VR::LO, "MUSTERMANN PRIVATE");
    }
    set.put(element(tag, action));
    set
}

#[test]
fn every_row_does_what_it_says_with_every_option() {
    let mut rows = 0;
    for row in table::all() {
        rows += 1;
        let tag = tag_of(row);
        check(row, tag, None);
        for option in ProfileOption::ALL {
            check(row, tag, Some(option));
        }
    }
    assert_eq!(rows, 621, "rows of edition 2024b");
}

fn check(row: &Row, tag: Tag, option: Option<ProfileOption>) {
    let options: Vec<ProfileOption> = option.into_iter().collect();
    let profile = Profile::new(Key::new([3; 32]), &options);
    let action = option.and_then(|option| row.option(option)).unwrap_or(row.action(ProfileOptions::NONE));
    let set = instance(tag, action);
    let before = set.get(tag).expect("put");
    let done = deidentify(&set, &TransferSyntax::EXPLICIT, &profile, &Keyed::new(Key::new([3; 32])));
    let after = done.set.get(tag);
    let place = format!("{tag} {} with {option:?}: {action:?}, {after:?}", row.basic().code());
    let is_empty = |element: &Element| match &element.value {
        Value::Bytes(bytes) => bytes.is_empty(),
        Value::Sequence(items) => items.is_empty(),
        Value::Fragments(_) => false,
    };
    match action {
        Action::Remove => assert!(after.is_none(), "{place}"),
        Action::Zero => {
            let after = after.expect("emptied, not removed");
            let has_pseudonym =
                [tags::PATIENT_ID, tags::PATIENT_NAME, tags::ACCESSION_NUMBER, tags::STUDY_ID];
            assert!(is_empty(after) != has_pseudonym.contains(&tag), "{place}");
        }
        Action::Dummy => {
            let is_gone = tag == tags::GRAPHIC_ANNOTATION_SEQUENCE;
            assert!(is_gone == after.is_none(), "{place}");
            assert!(is_gone || after != Some(before) && !after.is_none_or(is_empty), "{place}");
        }
        Action::Uid => {
            let after = after.expect("replaced, not removed");
            assert!(after != before && !is_empty(after), "{place}");
        }
        Action::Keep(_) => match before.vr {
            VR::SQ => assert_eq!(after.map(|element| element.items().len()), Some(1), "{place}"),
            _ => assert_eq!(after, Some(before), "{place}"),
        },
        Action::Clean(option) => cleaned(tag, before, after, option, &place),
    }
    let keeps = matches!(action, Action::Keep(_));
    let kept_times = matches!(before.vr, VR::TM);
    let bytes = write(&done.set, &TransferSyntax::EXPLICIT).expect("written");
    for secret in SECRETS {
        let is_there =
            bytes.windows(secret.len()).any(|window| window.eq_ignore_ascii_case(secret.as_bytes()));
        assert!(!is_there || keeps || kept_times, "{place}: {secret} is left");
    }
}

fn cleaned(tag: Tag, before: &Element, after: Option<&Element>, option: ProfileOption, place: &str) {
    match option {
        ProfileOption::RetainModifiedDates => match before.vr {
            VR::DA | VR::DT => assert!(after.is_some_and(|after| after != before), "{place}"),
            VR::TM => assert_eq!(after, Some(before), "{place}"),
            _ => assert_ne!(after, Some(before), "{place}"),
        },
        ProfileOption::RetainSafePrivate => assert!(after.is_none(), "{place}"),
        ProfileOption::CleanGraphics if tag.0 == 0x5000 => assert!(after.is_none(), "{place}"),
        // Nobody can clean what is no text.
        _ if matches!(before.vr, VR::OB | VR::OW) && tag.0 & 0xFF00 != 0x6000 => {
            assert_ne!(after, Some(before), "{place}");
        }
        _ => assert!(after.is_some_and(|after| after != before), "{place}"),
    }
}

/// The published list, where KLINKE_PS315_TABLE names it: the same tags, the same codes.
#[test]
fn the_table_is_the_published_one() {
    let Some(path) = std::env::var_os("KLINKE_PS315_TABLE") else {
        // No registry has the list: it can't be asked for where peers are required.
        eprintln!("NOT RUN: KLINKE_PS315_TABLE names no confidentiality_profile_attributes.json");
        return;
    };
    let text = std::fs::read_to_string(path).expect("the published list");
    let mut rows = 0;
    for object in text.split('{').skip(1) {
        let field = |name: &str| {
            let rest = object.split(&format!("\"{name}\"")).nth(1)?;
            rest.split('"').nth(1).map(str::to_owned)
        };
        rows += 1;
        let tag = field("tag").expect("a tag");
        let hex: String =
            tag.to_uppercase().replace("XX", "00").chars().filter(char::is_ascii_hexdigit).collect();
        let number =
            |range: std::ops::Range<usize>| u16::from_str_radix(&hex[range], 16).expect("hexadecimal");
        let tag = match tag.contains("WHERE") || tag.contains("where") {
            true => Tag(0x0009, 0x1001),
            false => Tag(number(0..4), number(4..8)),
        };
        let row = table::row_of(tag).unwrap_or_else(|| panic!("{tag} has no row"));
        assert_eq!(Some(row.basic().code().to_owned()), field("basicProfile"), "{tag}");
        for (name, options) in COLUMNS {
            let wanted = field(name);
            let ours = options.iter().find_map(|option| row.option(*option)).map(|action| match action {
                Action::Keep(_) => "K".to_owned(),
                _ => "C".to_owned(),
            });
            assert_eq!(ours, wanted, "{tag} {name}");
        }
    }
    assert_eq!(rows, table::all().count());
}

const COLUMNS: &[(&str, &[ProfileOption])] = &[
    ("rtnSafePrivOpt", &[ProfileOption::RetainSafePrivate]),
    ("rtnUIDsOpt", &[ProfileOption::RetainUids]),
    ("rtnDevIdOpt", &[ProfileOption::RetainDeviceIdentity]),
    ("rtnInstIdOpt", &[ProfileOption::RetainInstitutionIdentity]),
    ("rtnPatCharsOpt", &[ProfileOption::RetainPatientCharacteristics]),
    ("rtnLongFullDatesOpt", &[ProfileOption::RetainFullDates]),
    ("rtnLongModifDatesOpt", &[ProfileOption::RetainModifiedDates]),
    ("cleanDescOpt", &[ProfileOption::CleanDescriptors]),
    ("cleanStructContOpt", &[ProfileOption::CleanStructuredContent]),
    ("cleanGraphOpt", &[ProfileOption::CleanGraphics]),
];

#[test]
fn options_together_clean_before_they_keep_and_move_dates_before_all() {
    let action = |tag, options: &[ProfileOption]| {
        let row = table::row_of(tag).expect("a row");
        row.action(ProfileOptions::of(options))
    };
    let calibration = Tag(0x0018, 0x1200);
    let both = [ProfileOption::RetainDeviceIdentity, ProfileOption::RetainModifiedDates];
    assert_eq!(action(calibration, &both[..1]), Action::Keep(ProfileOption::RetainDeviceIdentity));
    assert_eq!(action(calibration, &both), Action::Clean(ProfileOption::RetainModifiedDates));
    let dates = [ProfileOption::RetainFullDates, ProfileOption::RetainModifiedDates];
    assert_eq!(action(tags::STUDY_DATE, &dates), Action::Clean(ProfileOption::RetainModifiedDates));
}
