//! WADO-RS.

use std::io::Read;

use klinke_dimse::data::{DataSet, Element};
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::{VR, pixel, tags};

use crate::support::{JSON, Running, frames, image, opened, pixels, start};

const STUDY: &str = "/dicom-web/studies/1.1";
const SERIES: &str = "/dicom-web/studies/1.1/series/1.1.1";
const INSTANCE: &str = "/dicom-web/studies/1.1/series/1.1.1/instances/1.1.1.1";

async fn filled() -> Running {
    let running = start().await;
    for instance in 1..=3 {
        let set = image("Anna", "1.1", "1.1.1", &format!("1.1.1.{instance}"));
        running.put(&set, &TransferSyntax::IMPLICIT).await;
    }
    running.put(&frames("1.1", "1.1.2", "1.1.2.1", 4), &TransferSyntax::EXPLICIT).await;
    running
}

#[tokio::test(flavor = "multi_thread")]
async fn instances_as_they_are_and_otherwise() {
    let running = filled().await;
    let any = "Accept: multipart/related; type=\"application/dicom\"; transfer-syntax=*\r\n";
    let parts = running.get(SERIES, any).await.parts();
    assert_eq!(
        (parts.len(), parts[0].0.as_str()),
        (3, "application/dicom; transfer-syntax=1.2.840.10008.1.2")
    );
    let (set, syntax) = opened(&parts[0].1);
    assert_eq!((set, syntax.as_str()), (image("Anna", "1.1", "1.1.1", "1.1.1.1"), "1.2.840.10008.1.2"));
    // Explicit VR little endian where nothing is said.
    let parts = running.get(STUDY, "").await.parts();
    assert!(parts.len() == 4 && parts.iter().all(|(_, bytes)| opened(bytes).1 == "1.2.840.10008.1.2.1"));
    let jpeg_ls =
        "Accept: multipart/related; type=\"application/dicom\"; transfer-syntax=1.2.840.10008.1.2.4.80\r\n";
    let parts = running.get(INSTANCE, jpeg_ls).await.parts();
    let (set, syntax) = opened(&parts[0].1);
    let data = pixel::PixelData::of(&set, &syntax, &pixel::Limits::default()).expect("pixels");
    assert_eq!(data.decode(0).expect("a frame").samples, crate::support::pixels(1));
    let alone = running.get(INSTANCE, "Accept: application/dicom; transfer-syntax=*\r\n").await;
    assert_eq!(alone.header("content-length"), alone.body.len().to_string());
    assert_eq!(opened(&alone.body).0, image("Anna", "1.1", "1.1.1", "1.1.1.1"));
    let j2k =
        "Accept: multipart/related; type=\"application/dicom\"; transfer-syntax=1.2.840.10008.1.2.4.90\r\n";
    for (path, headers, status) in [
        (INSTANCE, j2k, 406),
        (SERIES, "Accept: application/dicom\r\n", 406),
        (SERIES, "Accept: image/jpeg\r\n", 406),
        ("/dicom-web/studies/9.9", any, 404),
        ("/dicom-web/studies/1.1/series/1.1.9", any, 404),
    ] {
        assert_eq!(running.get(path, headers).await.status, status, "{path} {headers}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_come_out_of_the_cache_until_the_series_changes() {
    let running = filled().await;
    let plain = running.get(&format!("{SERIES}/metadata"), JSON).await;
    assert_eq!(plain.json().as_array().map(Vec::len), Some(3));
    let pixels = &plain.json()[0]["7FE00010"];
    assert_eq!(pixels["BulkDataURI"], format!("http://pacs{INSTANCE}/bulkdata/7FE00010"));
    let zipped = running.get(&format!("{SERIES}/metadata"), "Accept-Encoding: gzip\r\n").await;
    assert_eq!(zipped.header("content-encoding"), "gzip");
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&zipped.body[..]), &mut text)
        .expect("gzip");
    assert_eq!(text, plain.text());
    assert!(running.folder.path().join("cache/metadata").is_dir());
    let whole = running.get(&format!("{STUDY}/metadata"), JSON).await;
    assert_eq!(whole.json().as_array().map(Vec::len), Some(4));
    let known = format!("If-None-Match: {}\r\n", whole.header("etag"));
    assert_eq!(running.get(&format!("{STUDY}/metadata"), &known).await.status, 304);
    running.put(&image("Anna", "1.1", "1.1.1", "1.1.1.9"), &TransferSyntax::EXPLICIT).await;
    let whole = running.get(&format!("{STUDY}/metadata"), &known).await;
    assert_eq!((whole.status, whole.json().as_array().map(Vec::len)), (200, Some(5)));
    let one = running.get(&format!("{INSTANCE}/metadata"), JSON).await;
    assert_eq!(one.json()[0], plain.json()[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_native_and_coded() {
    let running = filled().await;
    let path = "/dicom-web/studies/1.1/series/1.1.2/instances/1.1.2.1";
    let all = pixels(4);
    let size = all.len() / 4;
    let answer = running.get(&format!("{path}/frames/2,4,1"), "").await;
    let parts = answer.parts();
    assert!(
        answer.header("content-type").starts_with("multipart/related; type=\"application/octet-stream\"")
    );
    assert_eq!(parts[0].0, "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1");
    let frames: Vec<&[u8]> = parts.iter().map(|(_, bytes)| bytes.as_slice()).collect();
    assert_eq!(frames, [&all[size..2 * size], &all[3 * size..], &all[..size]]);
    let alone = running.get(&format!("{path}/frames/3"), "Accept: application/octet-stream\r\n").await;
    assert_eq!(alone.body, &all[2 * size..3 * size]);
    // Encoded on the way, and decoded again.
    for (accept, media) in
        [("image/jls", "image/jls"), ("image/dicom-rle", "image/dicom-rle"), ("image/jpeg", "image/jpeg")]
    {
        let answer = running.get(&format!("{path}/frames/1"), &format!("Accept: {accept}\r\n")).await;
        assert!(answer.header("content-type").starts_with(media), "{:?}", answer.headers);
        assert!(answer.body.len() < size, "{media}");
    }
    for (frames, accept, status) in [
        ("5", "", 404),
        ("0", "", 400),
        ("x", "", 400),
        ("1,", "", 400),
        ("1,2", "Accept: application/octet-stream\r\n", 406),
        ("1", "Accept: image/jp2\r\n", 406),
        ("1", "Accept: text/plain\r\n", 406),
    ] {
        assert_eq!(running.get(&format!("{path}/frames/{frames}"), accept).await.status, status, "{frames}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_that_are_kept_coded() {
    let running = start().await;
    let mut set = frames("1.1", "1.1.1", "1.1.1.1", 3);
    let jpeg_ls = TransferSyntax::by_uid("1.2.840.10008.1.2.4.80");
    let coded = pixel::transcode(&set, "1.2.840.10008.1.2.1", jpeg_ls.uid(), &pixel::Limits::default());
    coded.expect("encoded").apply(&mut set);
    running.put(&set, &jpeg_ls).await;
    let kept = pixel::PixelData::of(&set, jpeg_ls.uid(), &pixel::Limits::default()).expect("pixels");
    let raw = kept.raw(1).expect("a frame").into_owned();
    let any = "Accept: multipart/related; type=\"*/*\"; transfer-syntax=*\r\n";
    let parts = running.get(&format!("{INSTANCE}/frames/2"), any).await.parts();
    assert_eq!(parts, [("image/jls; transfer-syntax=1.2.840.10008.1.2.4.80".to_owned(), raw.clone())]);
    let octets = "Accept: multipart/related; type=application/octet-stream; transfer-syntax=*\r\n";
    let parts = running.get(&format!("{INSTANCE}/frames/2"), octets).await.parts();
    assert_eq!(parts[0].0, "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.4.80");
    assert_eq!(parts[0].1, raw);
    let native = running.get(&format!("{INSTANCE}/frames/2"), "Accept: application/octet-stream\r\n").await;
    assert_eq!(native.body, &pixels(3)[8192..16384]);
    // Each coded frame of bulk data is a part.
    let bulk = running.get(&format!("{INSTANCE}/bulkdata/7FE00010"), "").await.parts();
    assert!(bulk.len() == 3 && bulk[1].0.starts_with("image/jls"), "{}", bulk.len());
    assert_eq!(bulk[1].1[..raw.len()], raw[..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn bulk_data_and_ranges() {
    let running = filled().await;
    let path = format!("{INSTANCE}/bulkdata/7FE00010");
    let octets = "Accept: application/octet-stream\r\n";
    let whole = running.get(&path, octets).await;
    assert_eq!((whole.status, whole.header("accept-ranges")), (200, "bytes"));
    assert_eq!(whole.body, pixels(1));
    let part = running.get(&path, &format!("{octets}Range: bytes=10-19\r\n")).await;
    assert_eq!((part.status, part.header("content-range")), (206, "bytes 10-19/8192"));
    assert_eq!(part.body, &pixels(1)[10..20]);
    let beyond = running.get(&path, &format!("{octets}Range: bytes=9000-\r\n")).await;
    assert_eq!((beyond.status, beyond.header("content-range")), (416, "bytes */8192"));
    let many = running.get(&path, &format!("{octets}Range: bytes=0-5,3-9,0-8191\r\n")).await;
    assert_eq!((many.status, many.body.len()), (200, 8192));
    let parts =
        running.get(&path, "Accept: multipart/related; type=\"application/octet-stream\"\r\n").await.parts();
    assert_eq!(parts[0].1, pixels(1));
    let study = running.get(&format!("{STUDY}/bulkdata"), "").await.parts();
    assert_eq!(study.len(), 4);
    assert_eq!(running.get(&format!("{INSTANCE}/bulkdata/00100010/0/00100010"), octets).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_within_an_item_is_had_by_its_uri() {
    let running = start().await;
    let mut set = image("Anna", "1.1", "1.1.1", "1.1.1.1");
    let mut item = DataSet::new();
    let icon: Vec<u8> = (0..2_000_u16).map(|at| (at % 251) as u8).collect();
    item.put(Element::bytes(tags::PIXEL_DATA, VR::OB, icon.clone()));
    set.put_items(tags::ICON_IMAGE_SEQUENCE, vec![DataSet::new(), item]);
    running.put(&set, &TransferSyntax::EXPLICIT).await;
    let metadata = running.get(&format!("{INSTANCE}/metadata"), JSON).await.json();
    let uri = &metadata[0]["00880200"]["Value"][1]["7FE00010"]["BulkDataURI"];
    let path = uri.as_str().expect("a URI").strip_prefix("http://pacs").expect("ours").to_owned();
    let value = running.get(&path, "Accept: application/octet-stream\r\n").await;
    assert_eq!(value.body, icon, "{path}");
    // What follows the pixel data is there as well.
    set.put(Element::bytes(tags::DATA_SET_TRAILING_PADDING, VR::OB, vec![7; 4]));
    set.put_ascii(tags::SOP_INSTANCE_UID, VR::UI, "1.1.1.2");
    running.put(&set, &TransferSyntax::EXPLICIT).await;
    let other =
        running.get("/dicom-web/studies/1.1/series/1.1.1/instances/1.1.1.2/metadata", JSON).await.json();
    assert_eq!(other[0]["FFFCFFFC"]["InlineBinary"], "BwcHBw==");
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures() {
    let running = filled().await;
    let jpeg = running.get(&format!("{INSTANCE}/rendered"), "Accept: image/jpeg\r\n").await;
    assert_eq!((jpeg.header("content-type"), &jpeg.body[..3]), ("image/jpeg", &[0xFF, 0xD8, 0xFF][..]));
    let size = |png: &[u8]| {
        assert_eq!(&png[1..4], b"PNG");
        let side = |at: usize| u32::from_be_bytes([png[at], png[at + 1], png[at + 2], png[at + 3]]);
        (side(16), side(20))
    };
    let png = "Accept: image/png\r\n";
    for (path, wanted) in [
        (format!("{INSTANCE}/rendered"), (64, 64)),
        (format!("{INSTANCE}/rendered?viewport=32,16&window=2000,1000,sigmoid"), (16, 16)),
        (format!("{INSTANCE}/rendered?viewport=100,100,8,8,20,10"), (20, 10)),
        (format!("{INSTANCE}/thumbnail?viewport=16,16"), (16, 16)),
        (format!("{SERIES}/thumbnail"), (64, 64)),
        (format!("{STUDY}/rendered"), (64, 64)),
        ("/dicom-web/studies/1.1/series/1.1.2/instances/1.1.2.1/frames/3/rendered".to_owned(), (64, 64)),
        ("/dicom-web/studies/1.1/series/1.1.2/instances/1.1.2.1/frames/3/thumbnail".to_owned(), (64, 64)),
    ] {
        let answer = running.get(&path, png).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        assert_eq!(size(&answer.body), wanted, "{path}");
    }
    let parts = "Accept: multipart/related; type=\"image/png\"\r\n";
    assert_eq!(running.get(&format!("{STUDY}/rendered"), parts).await.parts().len(), 7);
    for (query, status) in
        [("window=1", 400), ("viewport=0,0", 400), ("quality=0", 400), ("viewport=9,9,99,0,9,9", 400)]
    {
        assert_eq!(running.get(&format!("{INSTANCE}/rendered?{query}"), "").await.status, status, "{query}");
    }
    assert_eq!(running.get(&format!("{INSTANCE}/rendered"), "Accept: image/gif\r\n").await.status, 406);
}

/// What is said of colours goes along where that is asked for: in a JPEG in several segments, in a PNG packed.
#[tokio::test(flavor = "multi_thread")]
async fn pictures_with_their_icc_profile() {
    let running = filled().await;
    let mut profile: Vec<u8> = (0..70_001_u32).map(|at| (at % 251) as u8).collect();
    profile[..4].copy_from_slice(&70_001_u32.to_be_bytes());
    profile[36..40].copy_from_slice(b"acsp");
    let mut set = image("Anna", "1.1", "1.1.9", "1.1.9.1");
    set.put_ascii(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "RGB");
    for (tag, value) in [
        (tags::SAMPLES_PER_PIXEL, 3),
        (tags::PLANAR_CONFIGURATION, 0),
        (tags::BITS_ALLOCATED, 8),
        (tags::BITS_STORED, 8),
        (tags::HIGH_BIT, 7),
    ] {
        set.put_us(tag, value);
    }
    let mut path = DataSet::new();
    path.put(Element::bytes(tags::ICC_PROFILE, VR::OB, [&profile[..], &[0]].concat()));
    set.put_items(tags::OPTICAL_PATH_SEQUENCE, vec![path]);
    set.put(Element::bytes(tags::PIXEL_DATA, VR::OB, vec![90; 64 * 64 * 3]));
    running.put(&set, &TransferSyntax::EXPLICIT).await;
    let of = |query: &str| format!("/dicom-web/studies/1.1/series/1.1.9/instances/1.1.9.1/rendered{query}");

    let jpeg = running.get(&of("?iccprofile=yes"), "Accept: image/jpeg\r\n").await.body;
    let (mut at, mut found, mut numbers) = (2, Vec::<u8>::new(), Vec::new());
    while jpeg[at + 1] != 0xDA {
        let length = usize::from(u16::from_be_bytes([jpeg[at + 2], jpeg[at + 3]]));
        if jpeg[at + 1] == 0xE2 {
            assert_eq!(&jpeg[at + 4..at + 16], b"ICC_PROFILE\0");
            numbers.push((jpeg[at + 16], jpeg[at + 17]));
            found.extend(&jpeg[at + 18..at + 2 + length]);
        }
        at += 2 + length;
    }
    assert_eq!((numbers, found == profile), (vec![(1, 2), (2, 2)], true));

    let png = running.get(&of("?iccprofile=yes"), "Accept: image/png\r\n").await.body;
    assert_eq!(&png[37..41], b"iCCP");
    let length = u32::from_be_bytes(*png[33..].first_chunk().expect("a length")) as usize;
    let content = &png[41..41 + length];
    let packed = content.strip_prefix(b"ICC profile\0\0").expect("a name and a method");
    let mut found = Vec::new();
    flate2::read::ZlibDecoder::new(packed).read_to_end(&mut found).expect("a profile");
    assert!(found == profile);
    let mut sum = flate2::Crc::new();
    sum.update(&png[37..41 + length]);
    assert_eq!(png[41 + length..45 + length], sum.sum().to_be_bytes());

    let plain = running.get(&of(""), "Accept: image/jpeg\r\n").await;
    assert!(crate::support::find(&plain.body, b"ICC_PROFILE").is_none());
    let none = running.get(&format!("{INSTANCE}/rendered?iccprofile=yes"), "").await;
    assert!(
        none.status == 200 && none.header("warning").contains("no ICC profile"),
        "{}",
        none.header("warning")
    );
    assert_eq!(running.get(&of("?iccprofile=adobergb"), "").await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn wado_uri() {
    let running = filled().await;
    let path =
        |more: &str| format!("/wado?requestType=WADO&studyUID=1.1&seriesUID=1.1.1&objectUID=1.1.1.1{more}");
    let file =
        running.get(&path("&contentType=application/dicom&transferSyntax=1.2.840.10008.1.2"), "").await;
    assert_eq!(opened(&file.body).0, image("Anna", "1.1", "1.1.1", "1.1.1.1"));
    let jpeg = running.get(&path("&windowCenter=2000&windowWidth=1000&rows=16"), "").await;
    assert_eq!((jpeg.header("content-type"), &jpeg.body[..2]), ("image/jpeg", &[0xFF, 0xD8][..]));
    let below = path("&contentType=image/png").replace("/wado", "/dicom-web/wado");
    assert_eq!(running.get(&below, "").await.header("content-type"), "image/png");
    for (more, status) in [
        ("&anonymize=yes", 400),
        ("&contentType=text/html", 406),
        ("&windowCenter=1", 400),
        ("&frameNumber=2", 404),
    ] {
        assert_eq!(running.get(&path(more), "").await.status, status, "{more}");
    }
    assert_eq!(running.get("/wado?requestType=WADO&studyUID=1.1", "").await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zip_holds_every_file() {
    let running = filled().await;
    let answer = running.get(STUDY, "Accept: application/zip; transfer-syntax=*\r\n").await;
    assert_eq!(answer.header("content-type"), "application/zip");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("all.zip");
    std::fs::write(&path, &answer.body).expect("a file");
    let program = "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; print(len(z.namelist()), z.namelist()[0])";
    let Some(output) = crate::peer::python(&["-c", program, &path.to_string_lossy()]) else { return };
    assert_eq!(output.trim(), "4 1.1.1/1.1.1.1.dcm");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_deleted_is_in_the_trash() {
    let running = filled().await;
    assert_eq!(running.ask("DELETE", INSTANCE, "", &[]).await.status, 204);
    assert_eq!(running.get(&format!("{INSTANCE}/metadata"), JSON).await.status, 404);
    assert_eq!(running.ask("DELETE", INSTANCE, "", &[]).await.status, 404);
    assert_eq!(running.ask("DELETE", STUDY, "", &[]).await.status, 204);
    assert_eq!(running.archive.totals().expect("totals").instances, 0);
    let trash = running.archive.trash(None, 10).expect("the trash");
    assert!(trash.len() == 4 && trash.iter().all(|one| one.who == "anyone"));
    assert_eq!(running.ask("DELETE", "/dicom-web/studies", "", &[]).await.status, 405);
}
