//! Pictures as presentation states wish them, and with words in their corners.

use std::io::Read;

use klinke_dimse::data::{DataSet, Element};
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::{VR, tags, uids};

use crate::support::{Answer, Running, image, pixels, start};

const PNG: &str = "Accept: image/png\r\n";
const SERIES: &str = "/dicom-web/studies/1.1/series/1.1.8/instances";

fn reference(instance: &str, frames: &[i32]) -> DataSet {
    let mut item = DataSet::new();
    item.put_ascii(tags::REFERENCED_SOP_CLASS_UID, VR::UI, uids::CT_IMAGE_STORAGE);
    item.put_ascii(tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, instance);
    if !frames.is_empty() {
        item.put_is(tags::REFERENCED_FRAME_NUMBER, frames);
    }
    item
}

/// A state of the study 1.1 that shows all values there can be, inverted, about these images.
fn state(instance: &str, images: Vec<DataSet>) -> DataSet {
    let mut set = DataSet::new();
    for (tag, vr, text) in [
        (tags::SOP_CLASS_UID, VR::UI, uids::GRAYSCALE_SOFTCOPY_PRESENTATION_STATE_STORAGE),
        (tags::SOP_INSTANCE_UID, VR::UI, instance),
        (tags::MODALITY, VR::CS, "PR"),
        (tags::PATIENT_NAME, VR::PN, "Muster^Anna"),
        (tags::PATIENT_ID, VR::LO, "Anna"),
        (tags::STUDY_INSTANCE_UID, VR::UI, "1.1"),
        (tags::SERIES_INSTANCE_UID, VR::UI, "1.1.8"),
        (tags::PRESENTATION_LUT_SHAPE, VR::CS, "INVERSE"),
    ] {
        set.put_ascii(tag, vr, text);
    }
    let mut series = DataSet::new();
    series.put_items(tags::REFERENCED_IMAGE_SEQUENCE, images);
    set.put_items(tags::REFERENCED_SERIES_SEQUENCE, vec![series]);
    set
}

/// An image of one frame and one of three, and states about them.
async fn filled() -> Running {
    let running = start().await;
    let put = async |set: &DataSet| running.put(set, &TransferSyntax::EXPLICIT).await;
    put(&image("Anna", "1.1", "1.1.1", "1.1.1.1")).await;
    let mut frames = image("Anna", "1.1", "1.1.2", "1.1.2.1");
    frames.put_ascii(tags::NUMBER_OF_FRAMES, VR::IS, "3");
    frames.put(Element::bytes(tags::PIXEL_DATA, VR::OW, pixels(3)));
    put(&frames).await;
    put(&image("Berta", "1.2", "1.2.1", "1.2.1.1")).await;
    put(&state("1.1.8.1", vec![reference("1.1.1.1", &[]), reference("1.1.2.1", &[3, 2])])).await;
    put(&state("1.1.8.2", vec![reference("1.2.1.1", &[])])).await;
    running
}

/// Columns and greys of a PNG whose rows are filtered by their left neighbours.
#[track_caller]
fn greys(answer: &Answer) -> (usize, Vec<u8>) {
    assert_eq!((answer.status, answer.header("content-type")), (200, "image/png"), "{}", answer.text());
    greys_of(&answer.body)
}

#[track_caller]
fn greys_of(png: &[u8]) -> (usize, Vec<u8>) {
    let number = |at: usize| u32::from_be_bytes(*png[at..].first_chunk().expect("a number")) as usize;
    let (columns, packed) = (number(16), &png[41..41 + number(33)]);
    assert_eq!(png[25], 0, "grey");
    let mut rows = Vec::new();
    flate2::read::ZlibDecoder::new(packed).read_to_end(&mut rows).expect("rows");
    let line = |row: &[u8]| {
        row[1..]
            .iter()
            .scan(0_u8, |left, one| Some(std::mem::replace(left, left.wrapping_add(*one)).wrapping_add(*one)))
            .collect::<Vec<u8>>()
    };
    (columns, rows.chunks(columns + 1).flat_map(line).collect())
}

/// The grey of a value of 12 bits as the states show it.
fn inverse(value: u16) -> u8 {
    255 - (f64::from(value) / 4095.0 * 255.0).round() as u8
}

#[tokio::test(flavor = "multi_thread")]
async fn a_presentation_state_is_the_picture_of_its_images() {
    let running = filled().await;
    let (columns, shown) = greys(&running.get(&format!("{SERIES}/1.1.8.1/rendered"), PNG).await);
    assert_eq!((columns, shown.len()), (64, 64 * 64));
    assert_eq!([shown[0], shown[64], shown[4095]], [255, inverse(64), 0]);
    // One of its frames, and a small picture.
    let multiple = running.get(&format!("{SERIES}/1.1.8.1/frames/3/rendered"), PNG).await;
    assert_eq!(multiple.status, 404, "the first image is one of a single frame: {}", multiple.text());
    let (columns, _) = greys(&running.get(&format!("{SERIES}/1.1.8.1/thumbnail?viewport=16,16"), PNG).await);
    assert_eq!(columns, 16);
    // All that it is about, in its order.
    let parts = "Accept: multipart/related; type=\"image/png\"\r\n";
    let all = running.get(&format!("{SERIES}/1.1.8.1/rendered"), parts).await.parts();
    let firsts: Vec<u8> = all.iter().map(|(_, png)| greys_of(png).1[0]).collect();
    assert_eq!(firsts, [255, inverse(14), inverse(7)]);
    let some = running.get(&format!("{SERIES}/1.1.8.1/frames/2,9/rendered"), parts).await.parts();
    let firsts: Vec<u8> = some.iter().map(|(_, png)| greys_of(png).1[0]).collect();
    assert_eq!(firsts, [inverse(7)], "of frames 2 and 9 that which there is and which it is about");
    for (path, accept, status) in [
        ("1.1.8.1/frames/99/rendered", parts, 404),
        ("1.1.8.2/rendered", parts, 404),
        ("1.1.8.1/rendered?window=40,400", PNG, 400),
        ("1.1.8.1/rendered?window=40,400", parts, 400),
    ] {
        assert_eq!(running.get(&format!("{SERIES}/{path}"), accept).await.status, status, "{path}");
    }
    // The images of another study are not shown.
    let strange = running.get(&format!("{SERIES}/1.1.8.2/rendered"), PNG).await;
    assert_eq!(strange.status, 404, "{}", strange.text());
    // The study's own picture is that of an image.
    assert_eq!(running.get("/dicom-web/studies/1.1/rendered", PNG).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn wado_uri_shows_an_image_by_a_presentation_state() {
    let running = filled().await;
    let path = |object: &str, more: &str| {
        let series = &object[..5];
        format!(
            "/wado?requestType=WADO&studyUID=1.1&seriesUID={series}&objectUID={object}&contentType=image/png{more}"
        )
    };
    let by = "&presentationSeriesUID=1.1.8&presentationUID=1.1.8.1";
    let (_, shown) = greys(&running.get(&path("1.1.2.1", by), "").await);
    assert_eq!(shown[0], inverse(14), "the first frame that the state names");
    let (_, shown) = greys(&running.get(&path("1.1.2.1", &format!("{by}&frameNumber=2")), "").await);
    assert_eq!(shown[0], inverse(7));
    for (more, status) in [
        (format!("{by}&frameNumber=1"), 404),
        (format!("{by}&windowCenter=1&windowWidth=2"), 400),
        ("&presentationUID=1.1.8.1".to_owned(), 400),
        ("&presentationSeriesUID=1.1.8&presentationUID=1.1.8.9".to_owned(), 404),
        ("&presentationSeriesUID=1.1.8&presentationUID=1.1.8.2".to_owned(), 404),
    ] {
        let answer = running.get(&path("1.1.2.1", &more), "").await;
        assert_eq!(answer.status, status, "{more}: {}", answer.text());
    }
    // Who has the picture is told so.
    let tag = running.get(&path("1.1.1.1", by), "").await.header("etag").to_owned();
    let again = running.get(&path("1.1.1.1", by), &format!("If-None-Match: {tag}\r\n")).await;
    assert_eq!((again.status, tag.is_empty()), (304, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_and_how_are_written_where_that_is_asked_for() {
    let running = filled().await;
    let at = "/dicom-web/studies/1.1/series/1.1.1/instances/1.1.1.1/rendered?window=100000,10";
    let lit = async |more: &str| {
        let answer = running.get(&format!("{at}{more}"), PNG).await;
        let (_, shown) = greys(&answer);
        let half = shown.len() / 2;
        (shown[..half].contains(&255), shown[half..].contains(&255), answer.header("warning").to_owned())
    };
    assert_eq!(lit("").await, (false, false, String::new()));
    assert_eq!(lit("&annotation=patient").await, (true, false, String::new()));
    let (above, below, _) = lit("&annotation=patient,technique").await;
    assert!(above && below);
    let (above, below, warning) = lit("&annotation=weather").await;
    assert!(!above && !below && warning.contains("patient and technique"), "{warning}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_is_another_one_when_the_image_is() {
    let running = start().await;
    let state = state("1.1.8.1", vec![reference("1.1.1.1", &[]), reference("1.1.2.1", &[])]);
    running.put(&state, &TransferSyntax::EXPLICIT).await;
    let path = format!("{SERIES}/1.1.8.1/rendered");
    assert_eq!(running.get(&path, PNG).await.status, 404);
    running.put(&image("Anna", "1.1", "1.1.2", "1.1.2.1"), &TransferSyntax::EXPLICIT).await;
    let tag = running.get(&path, PNG).await.header("etag").to_owned();
    let known = format!("{PNG}If-None-Match: {tag}\r\n");
    assert_eq!(running.get(&path, &known).await.status, 304);
    // The one that it names first has come.
    running.put(&image("Anna", "1.1", "1.1.1", "1.1.1.1"), &TransferSyntax::EXPLICIT).await;
    let other = running.get(&path, &known).await;
    assert_eq!(other.status, 200, "{}", other.text());
}
