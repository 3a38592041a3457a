//! Images as presentation states wish them to be seen.
#![allow(clippy::print_stderr, clippy::unwrap_used)]

#[path = "presentation/dcmtk.rs"]
mod dcmtk;

use klinke_dimse::charset::Rules;
use klinke_dimse::data::{DataSet, Element};
use klinke_dimse::pixel::render::state::{Caption, Referenced, State, referenced};
use klinke_dimse::pixel::render::{Options, Picture};
use klinke_dimse::pixel::{Limits, PixelData};
use klinke_dimse::{Tag, VR, tags, uids};

const IMAGE: &str = "1.2.3";

/// An image of 8 bits.
fn image(photometric: &str, (columns, rows): (u16, u16), pixels: &[u8]) -> DataSet {
    let mut set = DataSet::new();
    set.put_ascii(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, photometric);
    for (tag, value) in [
        (tags::SAMPLES_PER_PIXEL, 1),
        (tags::ROWS, rows),
        (tags::COLUMNS, columns),
        (tags::BITS_ALLOCATED, 8),
        (tags::BITS_STORED, 8),
        (tags::HIGH_BIT, 7),
        (tags::PIXEL_REPRESENTATION, 0),
    ] {
        set.put_us(tag, value);
    }
    set.put(Element::bytes(tags::PIXEL_DATA, VR::OB, pixels.to_vec()));
    set
}

fn reference(image: &str, frames: &[i32]) -> DataSet {
    let mut item = DataSet::new();
    item.put_ascii(tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, image);
    if !frames.is_empty() {
        item.put_is(tags::REFERENCED_FRAME_NUMBER, frames);
    }
    item
}

/// A state about the image that says nothing else.
fn plain() -> DataSet {
    let mut set = DataSet::new();
    let mut series = DataSet::new();
    series.put_items(tags::REFERENCED_IMAGE_SEQUENCE, vec![reference(IMAGE, &[])]);
    set.put_items(tags::REFERENCED_SERIES_SEQUENCE, vec![series]);
    set.put_ascii(tags::PRESENTATION_LUT_SHAPE, VR::CS, "IDENTITY");
    set
}

fn state(set: &DataSet) -> State {
    State::of(set, &Rules::default(), IMAGE, 1).expect("a state of the image")
}

/// The image as the state wishes it.
fn shown_in(set: &DataSet, image: &DataSet, viewport: Option<(u32, u32)>) -> Picture {
    let data = PixelData::of(image, uids::EXPLICIT_VR_LITTLE_ENDIAN, &Limits::default()).unwrap();
    let frame = data.decode(0).unwrap();
    let options = Options { overlays: true, viewport, ..Options::default() };
    state(set).render(&frame, image, &options).unwrap()
}

fn shown(set: &DataSet, image: &DataSet) -> Picture {
    shown_in(set, image, None)
}

/// Red, green and blue of a pixel, or three times its grey.
fn pixel(picture: &Picture, column: u32, row: u32) -> [u8; 3] {
    let at = (row * picture.columns + column) as usize * picture.channels;
    [0, 1, 2].map(|one| picture.samples[at + one % picture.channels])
}

fn set_of(elements: impl FnOnce(&mut DataSet)) -> DataSet {
    let mut set = DataSet::new();
    elements(&mut set);
    set
}

fn words(numbers: &[u16]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

#[test]
fn the_state_says_window_and_rescaling_in_place_of_the_image() {
    let mut image = image("MONOCHROME1", (4, 1), &[0, 50, 150, 255]);
    image.put_ds(tags::WINDOW_CENTER, &[10.0]);
    image.put_ds(tags::WINDOW_WIDTH, &[2.0]);
    image.put_ds(tags::RESCALE_INTERCEPT, &[-1000.0]);
    let mut set = plain();
    assert_eq!(shown(&set, &image).samples, [0, 50, 150, 255], "all that can be, the least dark");
    set.put_ascii(tags::PRESENTATION_LUT_SHAPE, VR::CS, "INVERSE");
    assert_eq!(shown(&set, &image).samples, [255, 205, 105, 0]);
    set.put_ds(tags::RESCALE_SLOPE, &[2.0]);
    set.put_ds(tags::RESCALE_INTERCEPT, &[-100.0]);
    let voi = |frames: &[i32], center: f64, width: f64| {
        set_of(|item| {
            if !frames.is_empty() {
                item.put_items(tags::REFERENCED_IMAGE_SEQUENCE, vec![reference(IMAGE, frames)]);
            }
            item.put_ds(tags::WINDOW_CENTER, &[center]);
            item.put_ds(tags::WINDOW_WIDTH, &[width]);
            item.put_ascii(tags::VOILUT_FUNCTION, VR::CS, "LINEAR_EXACT");
        })
    };
    set.put_items(tags::SOFTCOPY_VOILUT_SEQUENCE, vec![voi(&[2], 0.0, 1.0), voi(&[1, 3], 100.0, 400.0)]);
    // Values -100, 0, 200, 410 in a window from -100 to 300.
    assert_eq!(shown(&set, &image).samples, [255, 191, 64, 0]);
    set.remove(tags::PRESENTATION_LUT_SHAPE);
    set.put_items(
        tags::PRESENTATION_LUT_SEQUENCE,
        vec![set_of(|item| {
            item.put(Element::bytes(tags::LUT_DESCRIPTOR, VR::US, words(&[256, 0, 16])));
            let squares: Vec<u16> = (0..256_u32).map(|one| (one * one * 65_535 / 65_025) as u16).collect();
            item.put(Element::bytes(tags::LUT_DATA, VR::OW, words(&squares)));
        })],
    );
    assert_eq!(shown(&set, &image).samples, [0, 16, 143, 255]);
}

#[test]
fn a_state_is_about_the_frames_that_it_names() {
    let mut set = plain();
    let mut series = DataSet::new();
    series.put_items(tags::REFERENCED_IMAGE_SEQUENCE, vec![reference(IMAGE, &[2, 5]), reference("9.9", &[])]);
    set.put_items(tags::REFERENCED_SERIES_SEQUENCE, vec![series]);
    let about = |image: &str, frame| State::of(&set, &Rules::default(), image, frame).is_some();
    assert!(about(IMAGE, 2) && about(IMAGE, 5) && !about(IMAGE, 1) && about("9.9", 7) && !about("8", 1));
    let first = Referenced { image: IMAGE.to_owned(), frames: vec![2, 5] };
    assert_eq!(referenced(&set)[0], first);
}

#[test]
fn the_displayed_area_is_cut_out_turned_and_fitted() {
    let image = image("MONOCHROME2", (4, 4), &(0..16).map(|one| one * 10).collect::<Vec<u8>>());
    let mut set = plain();
    let area = |corners: [[i32; 2]; 2]| {
        set_of(|item| {
            item.put_sl(tags::DISPLAYED_AREA_TOP_LEFT_HAND_CORNER, &corners[0]);
            item.put_sl(tags::DISPLAYED_AREA_BOTTOM_RIGHT_HAND_CORNER, &corners[1]);
        })
    };
    set.put_items(tags::DISPLAYED_AREA_SELECTION_SEQUENCE, vec![area([[2, 1], [3, 3]])]);
    let picture = shown(&set, &image);
    assert_eq!((picture.columns, picture.samples), (2, vec![10, 20, 50, 60, 90, 100]));
    // A quarter clockwise: what is seen upper left is the lower left of the image.
    set.put_us(tags::IMAGE_ROTATION, 90);
    set.put_items(tags::DISPLAYED_AREA_SELECTION_SEQUENCE, vec![area([[2, 3], [3, 1]])]);
    let picture = shown(&set, &image);
    assert_eq!((picture.columns, picture.samples), (3, vec![90, 50, 10, 100, 60, 20]));
    set.put_ascii(tags::IMAGE_HORIZONTAL_FLIP, VR::CS, "Y");
    assert_eq!(shown(&set, &image).samples, [10, 50, 90, 20, 60, 100]);
    let small = shown_in(&set, &image, Some((1, 1)));
    assert_eq!((small.columns, small.rows), (1, 1));
}

#[test]
fn shutters_cover_what_is_outside_of_all_of_them() {
    let image = image("MONOCHROME2", (5, 5), &[100; 25]);
    let mut set = plain();
    set.put_ascii(tags::SHUTTER_SHAPE, VR::CS, "RECTANGULAR\\CIRCULAR");
    set.put_is(tags::SHUTTER_LEFT_VERTICAL_EDGE, &[2]);
    set.put_is(tags::SHUTTER_RIGHT_VERTICAL_EDGE, &[5]);
    set.put_is(tags::SHUTTER_UPPER_HORIZONTAL_EDGE, &[1]);
    set.put_is(tags::SHUTTER_LOWER_HORIZONTAL_EDGE, &[4]);
    set.put_is(tags::CENTER_OF_CIRCULAR_SHUTTER, &[3, 3]);
    set.put_is(tags::RADIUS_OF_CIRCULAR_SHUTTER, &[2]);
    set.put_us(tags::SHUTTER_PRESENTATION_VALUE, 0x2000);
    let open = |picture: &Picture| -> Vec<String> {
        let line = |row: &[u8]| row.iter().map(|one| if *one == 100 { 'o' } else { '.' }).collect();
        picture.samples.chunks(5).map(line).collect()
    };
    let picture = shown(&set, &image);
    assert_eq!(open(&picture), ["..o..", ".ooo.", ".oooo", ".ooo.", "....."]);
    assert_eq!(picture.samples[0], 0x20);
    set.put_ascii(tags::SHUTTER_SHAPE, VR::CS, "POLYGONAL");
    set.put_is(tags::VERTICES_OF_THE_POLYGONAL_SHUTTER, &[2, 2, 2, 4, 5, 4, 5, 2]);
    assert_eq!(open(&shown(&set, &image)), [".....", ".ooo.", ".ooo.", ".ooo.", "....."]);
}

/// An overlay of the upper left pixel.
fn overlay(set: &mut DataSet, group: u16) {
    set.put_us(Tag(group, 0x0010), 4);
    set.put_us(Tag(group, 0x0011), 4);
    set.put(Element::bytes(Tag(group, 0x0050), VR::SS, vec![1, 0, 1, 0]));
    set.put(Element::bytes(Tag(group, 0x3000), VR::OW, vec![1, 0]));
}

#[test]
fn overlays_are_drawn_where_the_state_switches_them_on() {
    let mut image = image("MONOCHROME2", (4, 4), &[9; 16]);
    overlay(&mut image, 0x6000);
    let mut set = plain();
    assert_eq!(shown(&set, &image).samples[0], 9);
    set.put_ascii(Tag(0x6000, 0x1001), VR::CS, "LAYER");
    assert_eq!(shown(&set, &image).samples[0], 255);
    overlay(&mut set, 0x6000);
    set.put(Element::bytes(Tag(0x6000, 0x3000), VR::OW, vec![2, 0]));
    assert_eq!(shown(&set, &image).samples[..2], [9, 255], "the state's own is drawn in its place");
    // In the colour of its layer, whatever becomes of the image's greys.
    set.put_ascii(tags::PRESENTATION_LUT_SHAPE, VR::CS, "INVERSE");
    assert_eq!(shown(&set, &image).samples[..2], [246, 255]);
    let layer = set_of(|item| {
        item.put_ascii(tags::GRAPHIC_LAYER, VR::CS, "LAYER");
        item.put_us(tags::GRAPHIC_LAYER_RECOMMENDED_DISPLAY_GRAYSCALE_VALUE, 0x4000);
    });
    set.put_items(tags::GRAPHIC_LAYER_SEQUENCE, vec![layer]);
    assert_eq!(shown(&set, &image).samples[..2], [246, 0x40]);
    set.put_ascii(tags::PRESENTATION_LUT_SHAPE, VR::CS, "IDENTITY");
    // As a shutter, it covers.
    set.remove(Tag(0x6000, 0x1001));
    set.put_ascii(tags::SHUTTER_SHAPE, VR::CS, "BITMAP");
    set.put_us(tags::SHUTTER_OVERLAY_GROUP, 0x6000);
    set.put_us(tags::SHUTTER_PRESENTATION_VALUE, 0);
    assert_eq!(shown(&set, &image).samples[..3], [9, 0, 9]);
}

fn graphic(kind: &str, units: &str, points: &[f32], is_filled: bool) -> DataSet {
    set_of(|item| {
        item.put_ascii(tags::GRAPHIC_ANNOTATION_UNITS, VR::CS, units);
        item.put_us(tags::GRAPHIC_DIMENSIONS, 2);
        item.put_us(tags::NUMBER_OF_GRAPHIC_POINTS, (points.len() / 2) as u16);
        item.put_fl(tags::GRAPHIC_DATA, points);
        item.put_ascii(tags::GRAPHIC_TYPE, VR::CS, kind);
        item.put_ascii(tags::GRAPHIC_FILLED, VR::CS, if is_filled { "Y" } else { "N" });
    })
}

fn text(value: &[u8], corners: [[f32; 2]; 2]) -> DataSet {
    set_of(|item| {
        item.put_ascii(tags::BOUNDING_BOX_ANNOTATION_UNITS, VR::CS, "DISPLAY");
        item.put_fl(tags::BOUNDING_BOX_TOP_LEFT_HAND_CORNER, &corners[0]);
        item.put_fl(tags::BOUNDING_BOX_BOTTOM_RIGHT_HAND_CORNER, &corners[1]);
        item.put(Element::bytes(tags::UNFORMATTED_TEXT_VALUE, VR::ST, value.to_vec()));
    })
}

/// A state with marks on one layer.
fn annotated(layer: impl FnOnce(&mut DataSet), graphics: Vec<DataSet>, texts: Vec<DataSet>) -> DataSet {
    let mut set = plain();
    let layer = set_of(|item| {
        item.put_ascii(tags::GRAPHIC_LAYER, VR::CS, "MARKS");
        item.put_is(tags::GRAPHIC_LAYER_ORDER, &[1]);
        layer(item);
    });
    set.put_items(tags::GRAPHIC_LAYER_SEQUENCE, vec![layer]);
    let annotation = set_of(|item| {
        item.put_ascii(tags::GRAPHIC_LAYER, VR::CS, "MARKS");
        item.put_items(tags::GRAPHIC_OBJECT_SEQUENCE, graphics);
        item.put_items(tags::TEXT_OBJECT_SEQUENCE, texts);
    });
    set.put_items(tags::GRAPHIC_ANNOTATION_SEQUENCE, vec![annotation]);
    set
}

#[test]
fn lines_are_drawn_where_they_are_in_the_image_as_it_is_seen() {
    let image = image("MONOCHROME2", (20, 10), &[0; 200]);
    let line = graphic("POLYLINE", "PIXEL", &[2.5, 1.5, 12.5, 1.5], false);
    let grey =
        |item: &mut DataSet| item.put_us(tags::GRAPHIC_LAYER_RECOMMENDED_DISPLAY_GRAYSCALE_VALUE, 0x8000);
    let mut set = annotated(grey, vec![line], vec![]);
    let picture = shown(&set, &image);
    let drawn = |picture: &Picture| -> Vec<(u32, u32)> {
        let all = (0..picture.rows).flat_map(|row| (0..picture.columns).map(move |column| (column, row)));
        all.filter(|(column, row)| pixel(picture, *column, *row) == [0x80; 3]).collect()
    };
    assert_eq!(drawn(&picture), (2..=12).map(|column| (column, 1)).collect::<Vec<_>>());
    set.put_us(tags::IMAGE_ROTATION, 180);
    let turned = shown(&set, &image);
    let (first, last) = (drawn(&turned)[0], *drawn(&turned).last().unwrap());
    assert!((first, last) == ((7, 8), (17, 8)), "{first:?} {last:?}");
    // Nothing is drawn on another image.
    let other = set_of(|item| item.put_items(tags::REFERENCED_IMAGE_SEQUENCE, vec![reference("7", &[])]));
    let mut annotation = set.items(tags::GRAPHIC_ANNOTATION_SEQUENCE)[0].clone();
    other.iter().for_each(|element| annotation.put(element.clone()));
    set.put_items(tags::GRAPHIC_ANNOTATION_SEQUENCE, vec![annotation]);
    assert!(drawn(&shown(&set, &image)).is_empty());
}

#[test]
fn figures_are_filled_and_have_the_colour_of_their_layer() {
    let image = image("MONOCHROME2", (40, 40), &[0; 1600]);
    let circle = graphic("CIRCLE", "PIXEL", &[20.0, 20.0, 30.0, 20.0], true);
    // sRGB's red in CIELab of D50: 54.29, 80.80, 69.89.
    let red = |item: &mut DataSet| {
        let scaled = [54.29 / 100.0, (80.80 + 128.0) / 255.0, (69.89 + 128.0) / 255.0];
        let scaled = scaled.map(|part: f64| (part * 65_535.0) as u16);
        item.put(Element::bytes(
            tags::GRAPHIC_LAYER_RECOMMENDED_DISPLAY_CIE_LAB_VALUE,
            VR::US,
            words(&scaled),
        ));
    };
    let picture = shown(&annotated(red, vec![circle], vec![]), &image);
    assert_eq!(picture.channels, 3);
    let [red, green, blue] = pixel(&picture, 20, 20);
    assert!(red > 250 && green < 5 && blue < 5, "{red} {green} {blue}");
    let area = picture.samples.chunks(3).filter(|pixel| pixel[0] > 250).count();
    assert!((300..=360).contains(&area), "{area} of a circle of 314");
    let ellipse = graphic("ELLIPSE", "DISPLAY", &[0.25, 0.5, 0.75, 0.5, 0.5, 0.4, 0.5, 0.6], false);
    let picture = shown(&annotated(|_| {}, vec![ellipse], vec![]), &image);
    assert_eq!(
        [pixel(&picture, 10, 20), pixel(&picture, 20, 16), pixel(&picture, 20, 20)],
        [[255; 3], [255; 3], [0; 3]]
    );
}

#[test]
fn texts_stand_in_their_boxes() {
    let image = image("MONOCHROME2", (200, 100), &vec![60; 20_000]);
    let left = text(b"Links\r\nunten", [[0.1, 0.5], [0.9, 0.9]]);
    let mut right = left.clone();
    right.put_ascii(tags::BOUNDING_BOX_TEXT_HORIZONTAL_JUSTIFICATION, VR::CS, "RIGHT");
    let bounds = |item: DataSet| {
        let picture = shown(&annotated(|_| {}, vec![], vec![item]), &image);
        let all = (0..100).flat_map(|row| (0..200).map(move |column| (column, row)));
        let lit: Vec<(u32, u32)> = all.filter(|(x, y)| pixel(&picture, *x, *y) == [255; 3]).collect();
        let columns = lit.iter().map(|one| one.0);
        let rows = lit.iter().map(|one| one.1);
        let (left, right) = (columns.clone().min().unwrap(), columns.max().unwrap());
        (left, right, rows.clone().min().unwrap(), rows.max().unwrap())
    };
    // Letters of 6 by 10.
    let (first, last, top, bottom) = bounds(left);
    assert!(
        (20..23).contains(&first) && last < 50 && (50..54).contains(&top) && bottom < 70,
        "{first} {last} {top} {bottom}"
    );
    let (first, last, ..) = bounds(right);
    assert!(first >= 148 && (173..180).contains(&last), "{first} {last}");
    // A box at the edge is moved into the picture.
    let (_, last, ..) = bounds(text(b"a long text at the edge", [[0.95, 0.5], [0.99, 0.6]]));
    assert!(last > 190, "{last}");
}

#[test]
fn captions_say_who_and_how() {
    let image = image("MONOCHROME2", (300, 200), &vec![0; 60_000]);
    let mut told = image.clone();
    told.put_ascii(tags::PATIENT_NAME, VR::PN, "Muster^Anna");
    told.put_ascii(tags::MODALITY, VR::CS, "CT");
    let lit = |patient, technique| {
        let mut picture = shown(&plain(), &image);
        Caption::of(&told, &Rules::default(), patient, technique).write(&mut picture);
        let half = picture.samples.len() / 2;
        let is_lit = |part: &[u8]| part.contains(&255);
        (is_lit(&picture.samples[..half]), is_lit(&picture.samples[half..]))
    };
    assert_eq!(
        [lit(true, false), lit(false, true), lit(false, false)],
        [(true, false), (false, true), (false, false)]
    );
    let caption = Caption::of(&told, &Rules::default(), true, true);
    assert_eq!(format!("{caption:?}"), "Caption(1 and 1 lines)", "names are in no log");
}

#[test]
fn what_a_stranger_says_brings_nothing_down() {
    let image = image("MONOCHROME2", (8, 8), &[7; 64]);
    let huge = [f32::MAX, f32::MIN, f32::MAX, f32::MAX, 1e30, -1e30, f32::MIN_POSITIVE, 0.0];
    let wild: Vec<f32> = (0..60_000).map(|one| one as f32 * 1e33).collect();
    let graphics = ["POINT", "POLYLINE", "INTERPOLATED", "CIRCLE", "ELLIPSE"]
        .iter()
        .flat_map(|kind| {
            [
                graphic(kind, "PIXEL", &huge, true),
                graphic(kind, "DISPLAY", &huge, false),
                graphic(kind, "PIXEL", &[f32::NAN; 8], true),
                graphic(kind, "PIXEL", &wild, true),
                graphic(kind, "PIXEL", &[], true),
            ]
        })
        .collect();
    let mut right = text(b"right", [[-1e30, 0.0], [1e30, 0.1]]);
    right.put_ascii(tags::BOUNDING_BOX_TEXT_HORIZONTAL_JUSTIFICATION, VR::CS, "RIGHT");
    let texts = vec![
        right,
        text(&[b'x'; 1 << 15], [[f32::MAX; 2], [f32::MIN; 2]]),
        text(b"\x00\x1B\\", [[-1e30; 2], [1e30; 2]]),
    ];
    let mut set = annotated(|_| {}, graphics, texts);
    set.put_items(
        tags::DISPLAYED_AREA_SELECTION_SEQUENCE,
        vec![set_of(|item| {
            item.put_sl(tags::DISPLAYED_AREA_TOP_LEFT_HAND_CORNER, &[i32::MIN, i32::MIN]);
            item.put_sl(tags::DISPLAYED_AREA_BOTTOM_RIGHT_HAND_CORNER, &[i32::MAX, i32::MAX]);
            item.put_fl(tags::PRESENTATION_PIXEL_MAGNIFICATION_RATIO, &[f32::INFINITY]);
            item.put_ds(tags::PRESENTATION_PIXEL_SPACING, &[1e300, 1e-300]);
        })],
    );
    set.put_us(tags::IMAGE_ROTATION, 45);
    set.put_ascii(tags::SHUTTER_SHAPE, VR::CS, "CIRCULAR\\POLYGONAL\\RECTANGULAR\\BITMAP");
    set.put_is(tags::CENTER_OF_CIRCULAR_SHUTTER, &[i32::MIN, i32::MAX]);
    set.put_is(tags::RADIUS_OF_CIRCULAR_SHUTTER, &[i32::MAX]);
    set.put_is(tags::VERTICES_OF_THE_POLYGONAL_SHUTTER, &[i32::MIN, i32::MAX, 0, 0, i32::MAX, i32::MIN, 5]);
    set.put_us(tags::SHUTTER_OVERLAY_GROUP, 0x7FE0);
    let picture = shown(&set, &image);
    assert_eq!(picture.samples.len(), (picture.columns * picture.rows) as usize * picture.channels);
    assert!(picture.columns <= 16 && picture.rows <= 16, "{picture:?}");
}
