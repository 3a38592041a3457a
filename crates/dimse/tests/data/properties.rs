//! What holds for every data set and for any bytes.

use klinke_dimse::data::{
    DataSet, Element, End, Fragments, Limits, PixelDataUse, Reading, Value, read, read_with, write,
};
use klinke_dimse::file::{self, HeaderReader, Progress};
use klinke_dimse::syntax::{PixelDataForm, TransferSyntax};
use klinke_dimse::{Tag, VR, dictionary, tags};
use proptest::collection::vec;
use proptest::prelude::*;

const SIMPLE: &[Tag] = &[
    tags::SPECIFIC_CHARACTER_SET,
    tags::IMAGE_TYPE,
    tags::SOP_CLASS_UID,
    tags::STUDY_DATE,
    tags::PATIENT_NAME,
    tags::PATIENT_ID,
    tags::SLICE_THICKNESS,
    tags::INSTANCE_NUMBER,
    tags::ROWS,
    tags::FRAME_INCREMENT_POINTER,
    tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    tags::TEXT_VALUE,
    tags::FLOAT_PIXEL_DATA,
    tags::DOUBLE_FLOAT_PIXEL_DATA,
    tags::REAL_WORLD_VALUE_INTERCEPT,
    tags::EXTENDED_OFFSET_TABLE,
    tags::NUMBER_OF_COPIES,
    Tag(0x0009, 0x0010),
    Tag(0x0009, 0x1001),
    Tag(0x6002, 0x0010),
];

const SEQUENCES: &[Tag] = &[
    tags::REFERENCED_SERIES_SEQUENCE,
    tags::REQUEST_ATTRIBUTES_SEQUENCE,
    tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE,
    tags::CONTENT_SEQUENCE,
];

/// Elements with the VR of the dictionary, and values as long as that VR's numbers want them.
fn simple() -> impl Strategy<Value = Element> {
    (proptest::sample::select(SIMPLE), vec(any::<u8>(), 0..40)).prop_map(|(tag, mut bytes)| {
        let vr = dictionary::vr(tag).unwrap_or(VR::UN);
        bytes.truncate(bytes.len() / 8 * 8);
        Element::bytes(tag, vr, bytes)
    })
}

fn sets() -> impl Strategy<Value = DataSet> {
    let leaf = vec(simple(), 0..8).prop_map(DataSet::from_iter);
    leaf.prop_recursive(4, 60, 4, |inner| {
        (vec(simple(), 0..6), vec((proptest::sample::select(SEQUENCES), vec(inner, 0..4)), 0..3)).prop_map(
            |(simple, sequences)| {
                let sequences = sequences.into_iter().map(|(tag, items)| Element::sequence(tag, items));
                simple.into_iter().chain(sequences).collect()
            },
        )
    })
}

fn pixel_data() -> impl Strategy<Value = Fragments> {
    (vec(any::<u32>(), 0..3), vec(vec(any::<u16>(), 0..30), 0..4)).prop_map(|(offsets, fragments)| {
        Fragments {
            offsets: offsets.iter().flat_map(|offset| offset.to_le_bytes()).collect(),
            fragments: fragments
                .iter()
                .map(|words| words.iter().flat_map(|word| word.to_le_bytes()).collect())
                .collect(),
        }
    })
}

fn plain_syntaxes() -> impl Strategy<Value = TransferSyntax> {
    proptest::sample::select(vec![
        TransferSyntax::IMPLICIT,
        TransferSyntax::EXPLICIT,
        TransferSyntax::BIG_ENDIAN,
        TransferSyntax::DEFLATED,
    ])
}

fn stream(bytes: &[u8], syntax: &TransferSyntax, limits: Limits, piece: usize) -> Reading {
    let mut reader = HeaderReader::new(syntax, limits);
    for piece in bytes.chunks(piece) {
        if reader.push(piece) == Progress::Complete {
            break;
        }
    }
    reader.finish()
}

proptest! {
    #[test]
    fn what_is_written_is_read_in_every_transfer_syntax(set in sets(), fragments in pixel_data()) {
        for syntax in TransferSyntax::all() {
            let mut set = set.clone();
            if syntax.pixel_data() == PixelDataForm::Encapsulated {
                let value = Value::Fragments(fragments.clone());
                set.put(Element { tag: tags::PIXEL_DATA, vr: VR::OB, value });
            }
            let bytes = write(&set, syntax).expect("a data set that can be written");
            let reading = read(bytes.clone(), syntax, &Limits::default());
            prop_assert_eq!(reading.deviations, vec![], "{}", syntax);
            prop_assert_eq!(&reading.set, &set, "{}", syntax);
            prop_assert_eq!(reading.end, End::Complete);
            prop_assert_eq!(write(&reading.set, syntax).expect("again"), bytes);
        }
    }

    #[test]
    fn pieces_of_any_length_give_what_the_whole_gives(
        set in sets(),
        syntax in plain_syntaxes(),
        piece in 1_usize..70,
        pixels in vec(any::<u8>(), 0..20),
    ) {
        let mut set = set;
        let _ = [tags::FLOAT_PIXEL_DATA, tags::DOUBLE_FLOAT_PIXEL_DATA].map(|tag| set.remove(tag));
        let header = set.clone();
        set.put(Element::bytes(tags::PIXEL_DATA, VR::OW, pixels.repeat(20)));
        let bytes = write(&set, &syntax).expect("a data set that can be written");
        let whole = read_with(bytes.clone(), &syntax, &Limits::header(), PixelDataUse::Stop);
        let pieces = stream(&bytes, &syntax, Limits::header(), piece);
        prop_assert_eq!(&whole.set, &header);
        prop_assert_eq!(whole.end, End::PixelData);
        prop_assert_eq!(pieces, whole);
    }

    #[test]
    fn bytes_of_any_kind_are_read_without_harm(
        bytes in vec(any::<u8>(), 0..400),
        syntax in proptest::sample::select(TransferSyntax::all()),
        piece in 1_usize..50,
    ) {
        harmless(&bytes, &syntax, piece)?;
    }

    #[test]
    fn damaged_data_sets_are_read_without_harm(
        set in sets(),
        syntax in plain_syntaxes(),
        fragments in pixel_data(),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        piece in 1_usize..50,
    ) {
        let mut set = set;
        let written = if syntax.is_explicit() && !syntax.is_big_endian() && !syntax.is_deflated() {
            set.put(Element { tag: tags::PIXEL_DATA, vr: VR::OB, value: Value::Fragments(fragments) });
            TransferSyntax::by_uid("1.2.3.4")
        } else {
            syntax.clone()
        };
        let mut bytes = write(&set, &written).expect("a data set that can be written");
        for (place, byte) in damage {
            if !bytes.is_empty() {
                let place = place.index(bytes.len());
                bytes[place] = byte;
            }
        }
        harmless(&bytes, &syntax, piece)?;
    }
}

/// Nothing panics, what is held is no more than what came, and limits are kept.
fn harmless(bytes: &[u8], syntax: &TransferSyntax, piece: usize) -> Result<(), TestCaseError> {
    let limits = Limits { inflated: 1 << 16, ..Limits::default() };
    for pixel_data in [PixelDataUse::Read, PixelDataUse::Skip, PixelDataUse::Stop] {
        let reading = read_with(bytes.to_vec(), syntax, &limits, pixel_data);
        prop_assert!(held(&reading.set) <= (bytes.len() as u64).max(limits.inflated));
        let _ = format!("{reading:?}");
        if let Ok(again) = write(&reading.set, &TransferSyntax::by_uid("1.2.3.4")) {
            prop_assert!(read(again, &TransferSyntax::EXPLICIT, &limits).is_whole());
        }
    }
    let small =
        Limits { value_length: 16, total: 64, inflated: 1 << 12, depth: 2, elements: 10, deviations: 3 };
    let mut reader = HeaderReader::new(syntax, small);
    for piece in bytes.chunks(piece) {
        reader.push(piece);
        prop_assert!(reader.held() <= 64 + 64 + (16 << 10));
    }
    let reading = reader.finish();
    prop_assert!(held(&reading.set) <= 64 + 16);
    prop_assert!(reading.deviations.len() <= 3);
    let _ = file::open(bytes.to_vec(), &limits, PixelDataUse::Read);
    Ok(())
}

fn held(set: &DataSet) -> u64 {
    set.iter()
        .map(|element| match &element.value {
            Value::Bytes(bytes) => bytes.len() as u64,
            Value::Sequence(items) => items.iter().map(held).sum(),
            Value::Fragments(value) => {
                value.fragments.iter().chain([&value.offsets]).map(|fragment| fragment.len() as u64).sum()
            }
        })
        .sum()
}
