//! The same states, shown by DCMTK's `dcmp2pgm`, which draws neither shutters nor annotations.

use std::path::Path;
use std::process::Command;

use klinke_dimse::data::{self, DataSet, PixelDataUse, write};
use klinke_dimse::file::{Meta, open};
use klinke_dimse::pixel::render::Options;
use klinke_dimse::pixel::render::state::State;
use klinke_dimse::syntax::TransferSyntax;

use super::*;

/// The CT image of pydicom and a state that DCMTK made for it; nothing, said aloud, where either is not there.
fn made(folder: &Path) -> Option<(DataSet, DataSet)> {
    let python = std::env::var_os("KLINKE_PEERS_PYTHON").map(std::path::PathBuf::from);
    let file =
        python.map(|python| python.join("pydicom/data/test_files/CT_small.dcm")).filter(|file| file.exists());
    let is_there = Command::new("dcmp2pgm").arg("--version").output().is_ok();
    let Some(file) = file.filter(|_| is_there) else {
        eprintln!("NOT RUN: dcmp2pgm of DCMTK or the files of pydicom are not there");
        assert!(std::env::var("KLINKE_PEERS").as_deref() != Ok("require"), "dcmp2pgm is not there");
        return None;
    };
    let at = folder.join("state.dcm");
    let made = Command::new("dcmpsmk").arg(&file).arg(&at).status().unwrap();
    assert!(made.success());
    std::fs::copy(&file, folder.join("image.dcm")).unwrap();
    let read = |path: &Path| {
        open(std::fs::read(path).unwrap(), &data::Limits::default(), PixelDataUse::Read).unwrap().set
    };
    Some((read(&file), read(&at)))
}

/// What `dcmp2pgm` makes of the image and a state: columns and greys.
fn peer(folder: &Path, set: &DataSet) -> (usize, Vec<u8>) {
    let uid = set.ascii(tags::SOP_INSTANCE_UID).unwrap();
    let class = set.ascii(tags::SOP_CLASS_UID).unwrap();
    let mut file = Meta::of(class, uid, uids::EXPLICIT_VR_LITTLE_ENDIAN).to_bytes();
    file.extend(write(set, &TransferSyntax::EXPLICIT).unwrap());
    std::fs::write(folder.join("changed.dcm"), file).unwrap();
    let made = Command::new("dcmp2pgm")
        .args(["-p", "changed.dcm", "image.dcm", "out.pgm"])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let pgm = std::fs::read(folder.join("out.pgm")).unwrap();
    let mut words = pgm.split(|byte| byte.is_ascii_whitespace());
    let head: Vec<&[u8]> = words.by_ref().filter(|word| !word.starts_with(b"#")).take(4).collect();
    let number = |at: usize| std::str::from_utf8(head[at]).unwrap().parse::<usize>().unwrap();
    let (columns, rows) = (number(1), number(2));
    (columns, pgm[pgm.len() - columns * rows..].to_vec())
}

/// What is changed of a state.
type Change<'a> = &'a dyn Fn(&mut DataSet);

#[test]
fn greys_and_turns_are_those_of_dcmtk() {
    let folder = std::env::temp_dir().join(format!("klinke-states-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let Some((image, made)) = made(&folder) else { return };
    let uid = image.ascii(tags::SOP_INSTANCE_UID).unwrap().to_owned();
    let window = |set: &mut DataSet| {
        set.put_items(
            tags::SOFTCOPY_VOILUT_SEQUENCE,
            vec![set_of(|item| {
                item.put_ds(tags::WINDOW_CENTER, &[40.0]);
                item.put_ds(tags::WINDOW_WIDTH, &[400.0]);
            })],
        );
    };
    let changes: [(&str, Change<'_>); 5] = [
        ("as it was made", &|_| {}),
        ("window", &window),
        ("inverse", &|set| {
            window(set);
            set.put_ascii(tags::PRESENTATION_LUT_SHAPE, VR::CS, "INVERSE");
        }),
        ("table", &|set| {
            window(set);
            set.remove(tags::PRESENTATION_LUT_SHAPE);
            set.put_items(
                tags::PRESENTATION_LUT_SEQUENCE,
                vec![set_of(|item| {
                    let squares: Vec<u16> =
                        (0..256_u32).map(|one| (one * one * 4095 / 65_025) as u16).collect();
                    item.put(Element::bytes(tags::LUT_DESCRIPTOR, VR::US, words(&[256, 0, 12])));
                    item.put(Element::bytes(tags::LUT_DATA, VR::US, words(&squares)));
                })],
            );
        }),
        ("quarter", &|set| {
            window(set);
            set.put_us(tags::IMAGE_ROTATION, 90);
            set.put_ascii(tags::IMAGE_HORIZONTAL_FLIP, VR::CS, "Y");
        }),
    ];
    for (name, change) in changes {
        let mut set = made.clone();
        change(&mut set);
        let data = PixelData::of(&image, uids::EXPLICIT_VR_LITTLE_ENDIAN, &Limits::default()).unwrap();
        let frame = data.decode(0).unwrap();
        let state = State::of(&set, &Rules::default(), &uid, 1).expect("a state of the image");
        let options = Options { overlays: true, ..Options::default() };
        let ours = state.render(&frame, &image, &options).unwrap();
        let (columns, theirs) = peer(&folder, &set);
        assert_eq!((ours.columns as usize, ours.samples.len()), (columns, theirs.len()), "{name}");
        // A table is looked up by greys of 8 bits here, of 12 there.
        let most = if name == "table" { 4 } else { 1 };
        let differ = ours.samples.iter().zip(&theirs).filter(|(one, other)| one.abs_diff(**other) > most);
        assert_eq!(differ.count(), 0, "{name}");
    }
    std::fs::remove_dir_all(&folder).unwrap();
}
