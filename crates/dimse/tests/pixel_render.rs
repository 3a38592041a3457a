//! Frames for the screen.

use std::io::Read;

use bytes::Bytes;
use klinke_dimse::data::{DataSet, Element, Fragments};
use klinke_dimse::pixel::render::{Options, Picture, Shape, Window, render};
use klinke_dimse::pixel::{Frame, Layout, Limits, PixelData};
use klinke_dimse::{Tag, VR, tags, uids};

/// A data set with native pixels.
fn image(photometric: &str, samples: u16, bits: u16, (columns, rows): (u16, u16), pixels: &[u8]) -> DataSet {
    let mut set = DataSet::new();
    set.put_us(tags::SAMPLES_PER_PIXEL, samples);
    set.put_ascii(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, photometric);
    set.put_us(tags::ROWS, rows);
    set.put_us(tags::COLUMNS, columns);
    set.put_us(tags::BITS_ALLOCATED, bits);
    set.put_us(tags::BITS_STORED, bits);
    set.put_us(tags::HIGH_BIT, bits - 1);
    set.put_us(tags::PIXEL_REPRESENTATION, 0);
    set.put(Element::bytes(tags::PIXEL_DATA, VR::OW, pixels.to_vec()));
    set
}

fn words(numbers: &[i32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| (*number as u16).to_le_bytes()).collect()
}

fn grey(photometric: &str, values: &[i32]) -> DataSet {
    image(photometric, 1, 16, (values.len() as u16, 1), &words(values))
}

fn frame(set: &DataSet) -> Frame {
    let pixels = PixelData::of(set, uids::EXPLICIT_VR_LITTLE_ENDIAN, &Limits::default()).expect("an image");
    pixels.decode(0).expect("a frame")
}

fn shown(set: &DataSet, options: &Options) -> Vec<u8> {
    render(&frame(set), set, options).expect("shown").samples
}

fn window(center: f64, width: f64, shape: Shape) -> Options {
    Options { window: Some(Window { center, width, shape }), ..Options::default() }
}

#[test]
fn windows_follow_the_formulas_of_the_standard() {
    let set = grey("MONOCHROME2", &[0, 1023, 1024, 2048, 3072, 4095]);
    // C.11.2.1.2.1: below c - 0.5 - (w - 1) / 2 black, above c - 0.5 + (w - 1) / 2 white.
    assert_eq!(shown(&set, &window(2048.0, 2049.0, Shape::Linear)), [0, 0, 0, 128, 255, 255]);
    assert_eq!(shown(&set, &window(2048.0, 2048.0, Shape::LinearExact)), [0, 0, 0, 128, 255, 255]);
    assert_eq!(shown(&set, &window(2048.0, 1.0, Shape::Linear)), [0, 0, 0, 255, 255, 255]);
    assert_eq!(shown(&set, &window(2048.0, 2048.0, Shape::Sigmoid))[1..5], [30, 30, 128, 225]);
    assert_eq!(shown(&set, &window(2048.0, 4096.0, Shape::LinearExact)), [0, 64, 64, 128, 191, 255]);
    assert!(render(&frame(&set), &set, &window(1.0, 0.0, Shape::LinearExact)).is_err());
}

#[test]
fn the_data_set_says_the_window_and_the_rescale() {
    let mut set = grey("MONOCHROME2", &[0, 1024, 2048]);
    set.put_ascii(tags::RESCALE_SLOPE, VR::DS, "1");
    set.put_ascii(tags::RESCALE_INTERCEPT, VR::DS, "-1024");
    set.put_ascii(tags::WINDOW_CENTER, VR::DS, "0\\1024");
    set.put_ascii(tags::WINDOW_WIDTH, VR::DS, "2048\\100");
    set.put_ascii(tags::VOILUT_FUNCTION, VR::CS, "LINEAR_EXACT");
    assert_eq!(shown(&set, &Options::default()), [0, 128, 255]);
    assert_eq!(shown(&set, &Options { voi: 1, ..Options::default() }), [0, 0, 128]);
    set.put_ascii(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME1");
    assert_eq!(shown(&set, &Options::default()), [255, 127, 0]);
}

#[test]
fn without_a_window_all_values_but_padding_are_spread() {
    let mut set = grey("MONOCHROME2", &[-2000, -1000, 0, 1000]);
    set.put_us(tags::PIXEL_REPRESENTATION, 1);
    assert_eq!(shown(&set, &Options::default()), [0, 85, 170, 255]);
    set.put(Element::bytes(tags::PIXEL_PADDING_VALUE, VR::SS, words(&[-2000])));
    assert_eq!(shown(&set, &Options::default()), [0, 0, 128, 255]);
    set.put(Element::bytes(tags::PIXEL_PADDING_RANGE_LIMIT, VR::US, words(&[-1000])));
    assert_eq!(shown(&set, &Options::default()), [0, 0, 0, 255]);
    let flat = grey("MONOCHROME2", &[7, 7]);
    assert_eq!(shown(&flat, &Options::default()), [128, 128]);
}

fn lut(descriptor: &[i32], data: Vec<u8>) -> DataSet {
    let mut item = DataSet::new();
    item.put(Element::bytes(tags::LUT_DESCRIPTOR, VR::US, words(descriptor)));
    item.put(Element::bytes(tags::LUT_DATA, VR::OW, data));
    item
}

#[test]
fn tables_are_looked_up_and_their_ends_hold_outside() {
    let mut set = grey("MONOCHROME2", &[0, 10, 11, 12, 99]);
    set.put_items(tags::VOILUT_SEQUENCE, vec![lut(&[3, 10, 12], words(&[0, 2048, 4095]))]);
    assert_eq!(shown(&set, &Options::default()), [0, 0, 127, 255, 255]);
    set.put_items(tags::MODALITY_LUT_SEQUENCE, vec![lut(&[2, 11, 16], words(&[12, 10]))]);
    assert_eq!(shown(&set, &Options::default()), [255, 255, 255, 0, 0]);
    set.put_items(tags::MODALITY_LUT_SEQUENCE, vec![lut(&[9, 11, 16], words(&[12, 10]))]);
    assert!(render(&frame(&set), &set, &Options::default()).is_err(), "fewer entries than said");
}

#[test]
fn bits_above_and_below_the_stored_ones_are_left_aside() {
    let mut set = grey("MONOCHROME2", &[0xF008, 0xE7F8, 0x0FF8]);
    set.put_us(tags::BITS_STORED, 9);
    set.put_us(tags::HIGH_BIT, 11);
    assert_eq!(shown(&set, &Options::default()), [0, 127, 255]);
}

fn palette(set: &mut DataSet, descriptor: &[i32], tag_offset: u16, data: [Vec<u8>; 3]) {
    for (colour, data) in (0_u16..3).zip(data) {
        set.put(Element::bytes(Tag(0x0028, 0x1101 + colour), VR::US, words(descriptor)));
        set.put(Element::bytes(Tag(0x0028, tag_offset + colour), VR::OW, data));
    }
}

#[test]
fn palettes_are_plain_in_bytes_or_in_segments() {
    let indices = [0, 5, 6, 7, 200, 0];
    let mut set = image("PALETTE COLOR", 1, 8, (5, 1), &indices);
    let ramp = words(&[0x1000, 0x2000, 0x3000]);
    palette(&mut set, &[3, 5, 16], 0x1201, [ramp.clone(), words(&[0, 0, 0]), words(&[0xFFFF, 0, 0xFF00])]);
    let expected = [16, 0, 255, 16, 0, 255, 32, 0, 0, 48, 0, 255, 48, 0, 255];
    assert_eq!(shown(&set, &Options::default()), expected);
    palette(&mut set, &[3, 5, 8], 0x1201, [vec![1, 2, 3, 0], vec![4, 5, 6, 0], vec![7, 8, 9, 0]]);
    assert_eq!(shown(&set, &Options::default())[3..12], [1, 4, 7, 2, 5, 8, 3, 6, 9]);

    // Two entries, four on a line to 0x5000, and the line once more.
    let segments = words(&[0, 2, 0x0000, 0x1000, 1, 4, 0x5000, 2, 1, 8, 0]);
    let mut set = image("PALETTE COLOR", 1, 8, (10, 1), &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    palette(&mut set, &[10, 0, 16], 0x1221, [segments.clone(), segments.clone(), segments.clone()]);
    let red: Vec<u8> = shown(&set, &Options::default()).chunks(3).map(|pixel| pixel[0]).collect();
    assert_eq!(red, [0, 16, 32, 48, 64, 80, 80, 80, 80, 80]);
    // A segment that repeats itself is no end.
    let looping = words(&[2, 9, 0, 0]);
    palette(&mut set, &[10, 0, 16], 0x1221, [looping.clone(), looping.clone(), looping]);
    assert!(render(&frame(&set), &set, &Options::default()).is_err());
}

#[test]
fn colours_of_all_kinds_become_rgb() {
    let red = [76, 85, 255];
    let set = image("YBR_FULL", 3, 8, (1, 1), &[76, 85, 255, 0]);
    let difference =
        |pixel: &[u8]| pixel.iter().zip([254_u8, 0, 0]).map(|(ours, theirs)| ours.abs_diff(theirs)).max();
    assert!(difference(&shown(&set, &Options::default())) <= Some(1));
    let set = image("YBR_FULL_422", 3, 8, (2, 1), &[76, 76, 85, 255]);
    let pixels = shown(&set, &Options::default());
    assert!(difference(&pixels[..3]) <= Some(1) && difference(&pixels[3..]) <= Some(1));
    let mut set = image("RGB", 3, 8, (2, 1), &[1, 4, 2, 5, 3, 6]);
    set.put_us(tags::PLANAR_CONFIGURATION, 1);
    assert_eq!(shown(&set, &Options::default()), [1, 2, 3, 4, 5, 6]);
    let set = image("RGB", 3, 16, (1, 1), &words(&[0x1000, 0xFF00, 0x0080]));
    assert_eq!(shown(&set, &Options::default()), [0x10, 0xFF, 0]);
    let set = image("HSV", 3, 8, (1, 1), &[red[0], red[1], red[2], 0]);
    assert!(render(&frame(&set), &set, &Options::default()).is_err());
}

#[test]
fn overlays_are_drawn_where_they_lie() {
    let mut set = image("MONOCHROME2", 1, 8, (4, 3), &[9; 12]);
    set.put_us(Tag(0x6000, 0x0010), 2);
    set.put_us(Tag(0x6000, 0x0011), 2);
    set.put(Element::bytes(Tag(0x6000, 0x0050), VR::SS, words(&[2, 4])));
    set.put(Element::bytes(Tag(0x6000, 0x3000), VR::OW, vec![0b1101, 0]));
    let options = Options { overlays: true, ..window(100.0, 200.0, Shape::LinearExact) };
    let drawn = shown(&set, &options);
    let white: Vec<usize> = (0..12).filter(|&place| drawn[place] == 255).collect();
    assert_eq!(white, [7, 11], "only what lies within the image");
    let mut set = grey("MONOCHROME2", &[0x8000, 0x0000]);
    set.put_us(tags::BITS_STORED, 12);
    set.put_us(tags::HIGH_BIT, 11);
    set.put_us(Tag(0x6000, 0x0010), 1);
    set.put_us(Tag(0x6000, 0x0011), 2);
    set.put_us(Tag(0x6000, 0x0102), 15);
    assert_eq!(shown(&set, &options), [255, 0]);
}

fn gradient(columns: u16, rows: u16) -> DataSet {
    let pixel = |place: u32| (place % u32::from(columns) * 4095 / u32::from(columns)) as i32;
    let values: Vec<i32> = (0..u32::from(columns) * u32::from(rows)).map(pixel).collect();
    image("MONOCHROME2", 1, 16, (columns, rows), &words(&values))
}

#[test]
fn pictures_fit_the_viewport_and_keep_their_proportions() {
    let set = gradient(512, 256);
    let frame = frame(&set);
    let fit = |viewport| {
        let options = Options { viewport: Some(viewport), ..Options::default() };
        let picture = render(&frame, &set, &options).expect("shown");
        (picture.columns, picture.rows)
    };
    assert_eq!(fit((128, 128)), (128, 64));
    assert_eq!(fit((1000, 16)), (32, 16));
    assert_eq!(fit((9000, 9000)), (512, 256), "never scaled up");
    assert_eq!(fit((0, 0)), (1, 1));
    let mut tall = set.clone();
    tall.put_ascii(tags::PIXEL_ASPECT_RATIO, VR::IS, "2\\1");
    let options = Options { viewport: Some((256, 256)), ..Options::default() };
    let picture = render(&frame, &tall, &options).expect("shown");
    assert_eq!((picture.columns, picture.rows), (256, 256));
    let options = Options { viewport: Some((4, 4)), ..window(2048.0, 4096.0, Shape::LinearExact) };
    assert_eq!(shown(&set, &options)[..4], [32, 95, 159, 223]);
}

#[test]
fn files_hold_the_picture() {
    let set = gradient(61, 37);
    for channels in [1, 3] {
        let grey = shown(&set, &Options::default());
        let samples: Vec<u8> = grey.iter().flat_map(|&grey| [grey, 255 - grey, 7]).collect();
        let samples = if channels == 1 { grey } else { samples };
        let picture = Picture { columns: 61, rows: 37, channels, samples };
        assert_eq!(read_png(&picture.to_png().expect("a PNG"), channels), picture.samples);

        let jpeg = picture.to_jpeg(95).expect("a JPEG");
        let fragments = Fragments { offsets: Bytes::new(), fragments: vec![jpeg.into()] };
        let photometric = if channels == 1 { "MONOCHROME2" } else { "YBR_FULL" };
        let plain = image(photometric, channels as u16, 8, (61, 37), &picture.samples);
        let layout = Layout::of(&plain, &Limits::default()).expect("a layout");
        let pixels = PixelData::of_fragments(layout, &fragments, uids::JPEG_BASELINE8_BIT).expect("JPEG");
        let again = pixels.decode(0).expect("our own").samples;
        let greatest = again.iter().zip(&picture.samples).map(|(ours, theirs)| ours.abs_diff(*theirs)).max();
        assert!(greatest <= Some(6), "{greatest:?}");
    }
    let picture = Picture { columns: 2, rows: 2, channels: 1, samples: vec![0; 3] };
    assert!(picture.to_png().is_err() && picture.to_jpeg(50).is_err());
}

/// The samples of a PNG whose rows are filtered by their left neighbours.
fn read_png(bytes: &[u8], channels: usize) -> Vec<u8> {
    let at = bytes.windows(4).position(|four| four == b"IDAT").expect("data") + 4;
    let columns = u32::from_be_bytes(bytes[16..20].try_into().expect("four")) as usize;
    let mut rows = Vec::new();
    flate2::read::ZlibDecoder::new(&bytes[at..]).read_to_end(&mut rows).expect("deflated");
    let mut samples = Vec::new();
    for row in rows.chunks(columns * channels + 1) {
        assert_eq!(row[0], 1);
        let begin = samples.len();
        for (place, &byte) in row[1..].iter().enumerate() {
            let left = if place < channels { 0 } else { samples[begin + place - channels] };
            samples.push(byte.wrapping_add(left));
        }
    }
    samples
}
