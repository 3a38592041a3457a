//! Every text of every file of pydicom, as pydicom decodes it.

use std::collections::BTreeMap;
use std::path::Path;

use klinke_dimse::VR;
use klinke_dimse::charset::{Charset, Rules};
use klinke_dimse::data::{DataSet, Limits, PixelDataUse, Value};
use klinke_dimse::file;

use crate::support;

/// Where pydicom and we decode the same bytes in different ways, and why ours is right or as good.
const DIFFERENT: &[(&str, &str)] = &[];

#[test]
fn every_text_of_pydicom_is_decoded_as_pydicom_decodes_it() {
    let Some(folders) = support::folders() else { return };
    let folders: Vec<&Path> = folders.iter().map(|folder| folder.as_path()).collect();
    let Some(printed) = support::run("texts.py", &folders) else { return };
    let (mut compared, mut wrong) = (0, Vec::new());
    for one in printed.split("F /").filter(|one| !one.is_empty()) {
        let (path, theirs) = one.split_once('\n').expect("a line");
        let path = format!("/{path}");
        if DIFFERENT.iter().any(|(file, _)| path.ends_with(file)) {
            continue;
        }
        let bytes = std::fs::read(&path).expect("a file");
        let Ok(opened) = file::open(bytes, &Limits::default(), PixelDataUse::Skip) else { continue };
        let mut ours = BTreeMap::new();
        let charset = Charset::of(&opened.set, &Rules::default()).0;
        list(&opened.set, charset, "", &mut ours);
        for line in theirs.lines() {
            let [place, _vr, text] = *line.split(' ').skip(1).collect::<Vec<_>>() else { continue };
            // pydicom knows more private creators.
            if ours.get(place).is_some_and(|(ours, _)| *ours == VR::UN) {
                continue;
            }
            compared += 1;
            let ours = ours.get(place).map_or("", |(_, text)| text);
            if ours != text {
                let ours = readable(ours);
                wrong.push(format!("{path}: {place}: theirs {:?}, ours {ours:?}", readable(text)));
            }
        }
    }
    assert!(compared > 3000, "{compared} texts");
    assert!(wrong.is_empty(), "{} of {compared} differ:\n{}", wrong.len(), wrong.join("\n"));
}

fn list(set: &DataSet, charset: Charset, place: &str, into: &mut BTreeMap<String, (VR, String)>) {
    for element in set {
        let here = format!("{place}{:04X}{:04X}", element.tag.0, element.tag.1);
        if let Value::Sequence(items) = &element.value {
            for (index, item) in items.iter().enumerate() {
                let charset = Charset::of_item(item, charset, &Rules::default());
                list(item, charset, &format!("{here}[{index}]."), into);
            }
        }
        let mut values: Vec<String> =
            element.texts(&charset).iter().map(|value| value.trim_matches([' ', '\0']).to_owned()).collect();
        if element.meaning() == VR::PN {
            values.iter_mut().for_each(|name| *name = name.trim_end_matches('=').to_owned());
        }
        let text = values.join("\\").bytes().map(|byte| format!("{byte:02x}")).collect();
        into.insert(here, (element.meaning(), text));
    }
}

fn readable(hexadecimal: &str) -> String {
    let bytes = hexadecimal.as_bytes().chunks(2);
    let bytes: Vec<u8> = bytes
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).expect("digits"), 16).expect("digits"))
        .collect();
    String::from_utf8_lossy(&bytes).into_owned()
}
