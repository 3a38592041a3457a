//! Our JSON of every file of pydicom, compared with pydicom's; pydicom reads ours as well.

use std::fmt::Write as _;

use klinke_dimse::data::{Limits, PixelDataUse};
use klinke_dimse::file;
use klinke_dimse::json::{self, Options};

use crate::support;

/// Where pydicom and we write different things, and why ours is right or as good.
const DIFFERENT: &[(&str, &str)] = &[
    ("no_meta.dcm", "a byte stands before the data set; pydicom takes everything for one private element"),
    ("emri_small_jpeg_2k_lossless_too_short.dcm", "truncated; pydicom gives up, we keep what is there"),
];

#[test]
fn json_of_every_file_is_what_pydicom_writes() {
    let Some(folders) = support::folders() else { return };
    let folder = std::env::temp_dir().join(format!("klinke-json-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let mut list = String::new();
    let mut count = 0;
    let mut wrong = Vec::new();
    for path in folders.iter().flat_map(|folder| support::files(folder)) {
        let Ok(opened) = file::open(std::fs::read(&path).unwrap(), &Limits::default(), PixelDataUse::Skip)
        else {
            continue;
        };
        if DIFFERENT.iter().any(|(name, _)| path.ends_with(name)) {
            continue;
        }
        let text = json::to_string(&opened.set, &Options::default());
        // What we write, we read: the same JSON comes of it.
        let again = json::read(&text, &json::Limits::default()).expect("our own JSON");
        let second = json::to_string(&again.set, &Options::default());
        wrong.extend(difference(&text, &second).map(|what| format!("{}: {what}", path.display())));
        let name = folder.join(format!("{count}.json"));
        std::fs::write(&name, text).expect("a file");
        let _ = writeln!(list, "{}\t{}", path.display(), name.display());
        count += 1;
    }
    let names = folder.join("list");
    std::fs::write(&names, list).expect("a file");
    let printed = support::run("json_compare.py", &[&names]).expect("pydicom");
    let _ = std::fs::remove_dir_all(&folder);
    let files = printed.split("F /");
    let different = files.filter(|one| one.trim().lines().filter(|line| !line.starts_with("C ")).count() > 1);
    wrong.extend(different.map(str::to_owned));
    assert!(count > 200, "{count} files");
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// Where two texts differ, and what stands there.
pub fn difference(one: &str, other: &str) -> Option<String> {
    let at = one.bytes().zip(other.bytes()).position(|(one, other)| one != other);
    let at = at.or((one.len() != other.len()).then_some(one.len().min(other.len())))?;
    let near = |text: &str| {
        let bytes = &text.as_bytes()[at.saturating_sub(80)..(at + 80).min(text.len())];
        String::from_utf8_lossy(bytes).into_owned()
    };
    Some(format!("{} and {}", near(one), near(other)))
}
