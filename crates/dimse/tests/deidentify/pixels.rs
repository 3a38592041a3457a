//! Burned-in annotations: what is held, what is blacked out, in native and in coded frames.

use klinke_dimse::data::{DataSet, Element, Value};
use klinke_dimse::deidentify::{
    Deidentified, Key, Keyed, PixelRule, Profile, ProfileOption, Quarantine, Rectangle, RuleAction,
    deidentify,
};
use klinke_dimse::pixel::{Limits, PixelData, encapsulate, transcode};
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::{Tag, VR, tags};

const ROWS: u16 = 16;
const COLUMNS: u16 = 24;

/// Two frames without a black pixel.
fn image(samples: u16, bits: u16, photometric: &str, planar: bool) -> DataSet {
    let mut set = DataSet::new();
    set.put_ascii(tags::SOP_CLASS_UID, VR::UI, "1.2.840.10008.5.1.4.1.1.3.1");
    set.put_ascii(tags::MODALITY, VR::CS, "US");
    set.put_ascii(tags::MANUFACTURER, VR::LO, "ACME Ultrasound ");
    set.put_ascii(tags::PATIENT_ID, VR::LO, "1");
    set.put_us(tags::SAMPLES_PER_PIXEL, samples);
    set.put_ascii(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, photometric);
    if samples > 1 {
        set.put_us(tags::PLANAR_CONFIGURATION, u16::from(planar));
    }
    set.put_ascii(tags::NUMBER_OF_FRAMES, VR::IS, "2");
    set.put_us(tags::ROWS, ROWS);
    set.put_us(tags::COLUMNS, COLUMNS);
    let allocated = if bits == 1 { 1 } else { bits.next_multiple_of(8) };
    set.put_us(tags::BITS_ALLOCATED, allocated);
    set.put_us(tags::BITS_STORED, bits);
    set.put_us(tags::HIGH_BIT, bits - 1);
    set.put_us(tags::PIXEL_REPRESENTATION, 0);
    let count = 2 * usize::from(ROWS) * usize::from(COLUMNS) * usize::from(samples);
    let pixels: Vec<u8> = match allocated {
        1 => vec![0xFF; count / 8],
        8 => (0..count).map(|place| (place % 200) as u8 + 20).collect(),
        _ => (0..count).flat_map(|place| ((place % 3000) as u16 + 20).to_le_bytes()).collect(),
    };
    set.put(Element::bytes(tags::PIXEL_DATA, if allocated > 8 { VR::OW } else { VR::OB }, pixels));
    set
}

fn profile(options: &[ProfileOption]) -> Profile {
    Profile::new(Key::new([5; 32]), options)
}

fn with_rule(action: RuleAction) -> Profile {
    let mut profile = profile(&[ProfileOption::CleanPixelData]);
    let manufacturer = Some("acme".to_owned());
    profile.pixel_rules =
        vec![PixelRule { manufacturer, rows: Some(ROWS.into()), action, ..PixelRule::default() }];
    profile
}

fn run(set: &DataSet, syntax: &TransferSyntax, profile: &Profile) -> Deidentified {
    deidentify(set, syntax, profile, &Keyed::new(Key::new([5; 32])))
}

fn frames(set: &DataSet, syntax: &TransferSyntax) -> Vec<Vec<u8>> {
    let pixels = PixelData::of(set, syntax.uid(), &Limits::default()).expect("pixel data");
    (0..pixels.frames()).map(|index| pixels.decode(index).expect("decodes").samples).collect()
}

/// Every pixel is either as it was, or black and in one of the hidden places.
fn check(
    before: &[Vec<u8>],
    after: &[Vec<u8>],
    bytes: usize,
    is_hidden: impl Fn(u32, u32) -> bool,
    black: &[u8],
) {
    assert_eq!(before.len(), after.len());
    for (old, new) in before.iter().zip(after) {
        for row in 0..u32::from(ROWS) {
            for column in 0..u32::from(COLUMNS) {
                let place = (row * u32::from(COLUMNS) + column) as usize * bytes;
                let wanted = if is_hidden(column, row) { black } else { &old[place..place + bytes] };
                assert_eq!(&new[place..place + bytes], wanted, "{column}, {row}");
            }
        }
    }
}

const BLOCK: Rectangle = Rectangle { left: 3, top: 2, width: 8, height: 4 };

fn in_block(column: u32, row: u32) -> bool {
    (3..11).contains(&column) && (2..6).contains(&row)
}

#[test]
fn blocks_are_black_in_native_frames_of_every_form() {
    let rule =
        with_rule(RuleAction::BlackOut(vec![BLOCK, Rectangle { left: 500, top: 0, width: 9, height: 9 }]));
    for (samples, bits, photometric, planar, black) in [
        (1, 8, "MONOCHROME2", false, &[0][..]),
        (1, 8, "MONOCHROME1", false, &[255]),
        (1, 12, "MONOCHROME2", false, &[0, 0]),
        (1, 12, "MONOCHROME1", false, &[0xFF, 0x0F]),
        (1, 1, "MONOCHROME2", false, &[0]),
        (3, 8, "RGB", false, &[0, 0, 0]),
        (3, 8, "RGB", true, &[0, 0, 0]),
        (3, 8, "YBR_FULL", false, &[0, 128, 128]),
    ] {
        let set = image(samples, bits, photometric, planar);
        for syntax in [TransferSyntax::EXPLICIT, TransferSyntax::IMPLICIT] {
            let done = run(&set, &syntax, &rule);
            check(&frames(&set, &syntax), &frames(&done.set, &syntax), black.len(), in_block, black);
            assert_eq!((&done.transfer_syntax, done.is_releasable()), (&syntax, true));
            assert_eq!(done.set.ascii(tags::BURNED_IN_ANNOTATION), Some("NO"));
            let pixels = done.report.pixels.expect("changed");
            assert_eq!((pixels.frames, pixels.rectangles, pixels.was_lossy), (2, 1, false));
        }
    }
}

#[test]
fn chrominances_that_two_pixels_share_are_black_with_either() {
    let mut set = image(3, 8, "YBR_FULL_422", false);
    let pixels: Vec<u8> =
        (0..2 * usize::from(ROWS) * usize::from(COLUMNS) * 2).map(|place| (place % 200) as u8 + 20).collect();
    set.put(Element::bytes(tags::PIXEL_DATA, VR::OB, pixels));
    let done = run(&set, &TransferSyntax::EXPLICIT, &with_rule(RuleAction::BlackOut(vec![BLOCK])));
    let wider = |column, row| (2..12).contains(&column) && (2..6).contains(&row);
    let decoded = |set| frames(set, &TransferSyntax::EXPLICIT);
    check(&decoded(&set), &decoded(&done.set), 3, wider, &[0, 128, 128]);
}

#[test]
fn coded_frames_are_coded_again_without_loss() {
    for uid in ["1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.4.80"] {
        let syntax = TransferSyntax::by_uid(uid);
        for (samples, bits, photometric) in [(1, 8, "MONOCHROME2"), (1, 12, "MONOCHROME2"), (3, 8, "RGB")] {
            let native = image(samples, bits, photometric, false);
            let mut set = native.clone();
            transcode(&native, TransferSyntax::EXPLICIT.uid(), uid, &Limits::default())
                .expect("codes")
                .apply(&mut set);
            let done = run(&set, &syntax, &with_rule(RuleAction::BlackOut(vec![BLOCK])));
            assert!(done.is_releasable(), "{:?}", done.report.quarantine);
            assert_eq!(done.transfer_syntax, syntax);
            assert!(matches!(done.set.get(tags::PIXEL_DATA).expect("there").value, Value::Fragments(_)));
            let bytes = usize::from(samples) * usize::from(bits.div_ceil(8));
            let after = frames(&done.set, &done.transfer_syntax);
            check(&frames(&set, &syntax), &after, bytes, in_block, &vec![0; bytes]);
        }
    }
}

/// HTJ2K is decoded, and not encoded.
#[test]
fn frames_of_htj2k_leave_native() {
    let mut set = image(1, 8, "MONOCHROME2", false);
    set.put_us(tags::ROWS, 64);
    set.put_us(tags::COLUMNS, 64);
    set.put_ascii(tags::NUMBER_OF_FRAMES, VR::IS, "1");
    let ramp: &[u8] = include_bytes!("../pixel/ramp.j2c");
    let value = Value::Fragments(encapsulate(vec![ramp.into()]));
    set.put(Element { tag: tags::PIXEL_DATA, vr: VR::OB, value });
    let syntax = TransferSyntax::by_uid("1.2.840.10008.1.2.4.202");
    let mut profile = with_rule(RuleAction::BlackOut(vec![BLOCK]));
    profile.pixel_rules[0].rows = Some(64);
    let done = run(&set, &syntax, &profile);
    assert!(done.is_releasable(), "{:?}", done.report.quarantine);
    assert_eq!(done.transfer_syntax, TransferSyntax::EXPLICIT);
    assert_eq!(done.set.ascii(tags::LOSSY_IMAGE_COMPRESSION), None);
    let after = frames(&done.set, &done.transfer_syntax);
    for (place, &sample) in after[0].iter().enumerate() {
        let (column, row) = (place % 64, place / 64);
        let wanted = if in_block(column as u32, row as u32) { 0 } else { (column + row) as u8 };
        assert_eq!(sample, wanted, "{column}, {row}");
    }
}

#[test]
fn frames_that_can_not_be_decoded_hold_the_instance() {
    let mut set = image(1, 8, "MONOCHROME2", false);
    set.put(Element::bytes(tags::PIXEL_DATA, VR::OB, vec![1; 10]));
    let done = run(&set, &TransferSyntax::EXPLICIT, &with_rule(RuleAction::BlackOut(vec![BLOCK])));
    assert!(
        matches!(done.report.quarantine.as_slice(), [Quarantine::Pixels(_)]),
        "{:?}",
        done.report.quarantine
    );
    assert_eq!(done.set.ascii(tags::BURNED_IN_ANNOTATION), None);
}

fn region(min: (u32, u32), max: (u32, u32)) -> DataSet {
    let mut item = DataSet::new();
    let pairs = [
        (tags::REGION_LOCATION_MIN_X0, min.0),
        (tags::REGION_LOCATION_MIN_Y0, min.1),
        (tags::REGION_LOCATION_MAX_X1, max.0),
        (tags::REGION_LOCATION_MAX_Y1, max.1),
    ];
    for (tag, value) in pairs {
        item.put(Element::bytes(tag, VR::UL, value.to_le_bytes().to_vec()));
    }
    item
}

#[test]
fn everything_outside_of_the_regions_of_ultrasound_is_black() {
    let mut set = image(3, 8, "RGB", false);
    set.put_items(
        tags::SEQUENCE_OF_ULTRASOUND_REGIONS,
        vec![region((4, 3), (9, 12)), region((8, 5), (20, 8))],
    );
    let is_hidden = |column: u32, row: u32| {
        let one = (4..=9).contains(&column) && (3..=12).contains(&row);
        let other = (8..=20).contains(&column) && (5..=8).contains(&row);
        !one && !other
    };
    let syntax = TransferSyntax::EXPLICIT;
    let done = run(&set, &syntax, &profile(&[ProfileOption::CleanPixelData]));
    check(&frames(&set, &syntax), &frames(&done.set, &syntax), 3, is_hidden, &[0, 0, 0]);
    assert!(done.is_releasable() && done.report.pixels.is_some_and(|pixels| pixels.outside_regions));
    // Without the option nothing is blacked out, and nothing leaves.
    let kept = run(&set, &syntax, &profile(&[]));
    assert_eq!(kept.report.quarantine, [Quarantine::BurnedInUnknown]);
    assert_eq!(kept.set.get(tags::PIXEL_DATA), set.get(tags::PIXEL_DATA));
}

#[test]
fn what_may_have_burned_in_annotations_is_held() {
    let hold = |change: &dyn Fn(&mut DataSet), options: &[ProfileOption]| {
        let mut set = image(1, 8, "MONOCHROME2", false);
        set.put_ascii(tags::MODALITY, VR::CS, "CT");
        set.put_ascii(tags::SOP_CLASS_UID, VR::UI, "1.2.840.10008.5.1.4.1.1.2");
        set.put_ascii(tags::BODY_PART_EXAMINED, VR::CS, "ABDOMEN");
        change(&mut set);
        run(&set, &TransferSyntax::EXPLICIT, &profile(options)).report.quarantine
    };
    let put = |tag: Tag, value: &'static str| move |set: &mut DataSet| set.put_ascii(tag, VR::CS, value);
    assert!(hold(&|_| {}, &[]).is_empty());
    assert_eq!(hold(&put(tags::BURNED_IN_ANNOTATION, "YES"), &[]), [Quarantine::BurnedInAnnotation]);
    for modality in ["US", "OT", "SC"] {
        assert_eq!(hold(&put(tags::MODALITY, modality), &[]), [Quarantine::BurnedInUnknown]);
    }
    assert_eq!(
        hold(&put(tags::IMAGE_TYPE, "DERIVED\\SECONDARY\\SCREEN SAVE"), &[]),
        [Quarantine::BurnedInUnknown]
    );
    assert_eq!(
        hold(&put(tags::SOP_CLASS_UID, "1.2.840.10008.5.1.4.1.1.7"), &[]),
        [Quarantine::BurnedInUnknown]
    );
    assert_eq!(
        hold(&put(tags::SOP_CLASS_UID, "1.2.840.10008.5.1.4.1.1.104.1"), &[]),
        [Quarantine::EncapsulatedDocument]
    );
    let visual = [ProfileOption::CleanRecognizableVisualFeatures];
    assert!(hold(&|_| {}, &visual).is_empty());
    assert_eq!(hold(&put(tags::BODY_PART_EXAMINED, "HEAD"), &visual), [Quarantine::RecognizableHead]);
    assert_eq!(hold(&put(tags::SERIES_DESCRIPTION, "cCT nativ"), &visual), [Quarantine::RecognizableHead]);
    let mut head = image(1, 8, "MONOCHROME2", false);
    head.put_ascii(tags::MODALITY, VR::CS, "MR");
    let marked = run(&head, &TransferSyntax::EXPLICIT, &profile(&visual));
    assert_eq!(marked.set.ascii(tags::RECOGNIZABLE_VISUAL_FEATURES), Some("YES"));
    assert_eq!(hold(&put(tags::MODALITY, "XC"), &visual), [Quarantine::RecognizableFeatures]);
    let known = |set: &mut DataSet| {
        set.put_ascii(tags::BODY_PART_EXAMINED, VR::CS, "HEAD");
        set.put_ascii(tags::RECOGNIZABLE_VISUAL_FEATURES, VR::CS, "NO");
    };
    assert!(hold(&known, &visual).is_empty());
}

#[test]
fn a_rule_of_the_site_goes_before_those_built_in() {
    let set = image(1, 8, "MONOCHROME2", false);
    let quarantine = |action| run(&set, &TransferSyntax::EXPLICIT, &with_rule(action)).report.quarantine;
    assert!(quarantine(RuleAction::Release).is_empty());
    assert_eq!(quarantine(RuleAction::Hold), [Quarantine::Rule]);
    assert_eq!(quarantine(RuleAction::Regions), [Quarantine::Rule]);
    // A rule that blacks out does not count where pixels are not to be cleaned.
    let mut other = with_rule(RuleAction::BlackOut(vec![BLOCK]));
    other.options = Default::default();
    assert_eq!(run(&set, &TransferSyntax::EXPLICIT, &other).report.quarantine, [Quarantine::BurnedInUnknown]);
}

#[test]
fn overlays_in_unused_bits_are_cleared() {
    let mut set = image(1, 12, "MONOCHROME2", false);
    set.put_ascii(tags::BURNED_IN_ANNOTATION, VR::CS, "NO");
    let clean = set.get(tags::PIXEL_DATA).and_then(Element::as_bytes).expect("bytes").to_vec();
    let mut drawn = clean.clone();
    drawn.iter_mut().skip(1).step_by(4).for_each(|byte| *byte |= 0x80);
    set.put(Element::bytes(tags::PIXEL_DATA, VR::OW, drawn.clone()));
    let pixels = |set: &DataSet, options: &[ProfileOption]| {
        let done = run(set, &TransferSyntax::EXPLICIT, &profile(options));
        done.set.get(tags::PIXEL_DATA).and_then(Element::as_bytes).expect("bytes").to_vec()
    };
    // Nothing says that there is one: only Clean Graphics looks.
    assert_eq!(pixels(&set, &[]), drawn);
    assert_eq!(pixels(&set, &[ProfileOption::CleanGraphics]), clean);
    set.put_us(Tag(0x6000, 0x0100), 16);
    set.put_us(Tag(0x6000, 0x0102), 15);
    assert_eq!(pixels(&set, &[]), clean);
    // Signs above the bits stored are none of an overlay.
    set.put_us(tags::PIXEL_REPRESENTATION, 1);
    set.put(Element::bytes(tags::PIXEL_DATA, VR::OW, [0xF0_u8, 0xFF].repeat(clean.len() / 2)));
    assert_eq!(pixels(&set, &[]), [0xF0_u8, 0xFF].repeat(clean.len() / 2));
}

#[test]
fn what_leaves_nothing_to_black_out_does_not_count_as_cleaned() {
    let mut set = image(1, 8, "MONOCHROME2", false);
    let whole = region((0, 0), (u32::from(COLUMNS) - 1, u32::from(ROWS) - 1));
    set.put_items(tags::SEQUENCE_OF_ULTRASOUND_REGIONS, vec![whole]);
    let done = run(&set, &TransferSyntax::EXPLICIT, &profile(&[ProfileOption::CleanPixelData]));
    assert_eq!(done.report.quarantine, [Quarantine::BurnedInUnknown]);
    assert_eq!(done.set.ascii(tags::BURNED_IN_ANNOTATION), None);
    let beyond = Rectangle { left: 500, top: 0, width: 9, height: 9 };
    let done = run(&set, &TransferSyntax::EXPLICIT, &with_rule(RuleAction::BlackOut(vec![beyond])));
    assert_eq!(done.report.quarantine, [Quarantine::BurnedInUnknown]);
    // Frames that nobody told of are black as a whole.
    set.put_ascii(tags::NUMBER_OF_FRAMES, VR::IS, "1");
    let done = run(&set, &TransferSyntax::EXPLICIT, &with_rule(RuleAction::BlackOut(vec![BLOCK])));
    let bytes = done.set.get(tags::PIXEL_DATA).and_then(Element::as_bytes).expect("bytes");
    assert!(bytes[usize::from(ROWS) * usize::from(COLUMNS)..].iter().all(|byte| *byte == 0));
}
