//! Dialects of the sample families: learned, held against their own messages, and invented from.
#![allow(clippy::print_stdout, reason = "says aloud when it did not run")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use klinke_diagnosis::dialect::{Dialect, Learner, compare};
use klinke_formats::hl7v2::invented::invent;
use klinke_formats::hl7v2::outline::outlines;

/// The samples by family.
fn families() -> BTreeMap<String, Vec<(String, Vec<u8>)>> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = std::env::var_os("KLINKE_SAMPLES").map(PathBuf::from).or_else(|| {
        here.ancestors().map(|folder| folder.join("shared/samples")).find(|folder| folder.is_dir())
    });
    let mut families: BTreeMap<String, Vec<(String, Vec<u8>)>> = BTreeMap::new();
    let Some(folder) = folder else {
        println!("NOT RUN: there is no folder of samples; say where with KLINKE_SAMPLES");
        return families;
    };
    for entry in std::fs::read_dir(folder.join("hl7v2")).expect("the samples' folder can be read") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let family = name.split("--").next().unwrap_or_default().to_owned();
        families.entry(family).or_default().push((name, std::fs::read(&path).expect("a sample")));
    }
    families.values_mut().for_each(|samples| samples.sort());
    assert!(families.len() >= 3 && families.values().map(Vec::len).sum::<usize>() > 400);
    families
}

fn learned(family: &str, samples: &[(String, Vec<u8>)]) -> Dialect {
    let mut learner = Learner::new(family);
    for (name, bytes) in samples {
        let outlines = outlines(bytes, None, None).unwrap_or_else(|error| panic!("{name}: {error}"));
        outlines.iter().for_each(|one| learner.learn(one));
    }
    learner.finish()
}

#[test]
fn what_was_learned_is_not_new_in_any_family() {
    for (family, samples) in families() {
        let dialect = learned(&family, &samples);
        assert!(dialect.messages as usize >= samples.len() && dialect.event.len() > 3, "{family}");
        for (name, bytes) in &samples {
            for outline in outlines(bytes, None, None).expect("outlines") {
                assert_eq!(compare(&outline, &dialect), [], "{name}");
            }
        }
    }
}

#[test]
fn invented_messages_are_of_their_dialect() {
    for (family, samples) in families() {
        let dialect = learned(&family, &samples);
        let invented = invent(&dialect, 40, 7, None);
        assert_eq!(invented.len(), 40, "{family}");
        assert_eq!(invent(&dialect, 40, 7, None), invented, "{family}: the same for the same seed");
        assert_ne!(invent(&dialect, 40, 8, None), invented, "{family}");
        let mut events = std::collections::BTreeSet::new();
        for bytes in &invented {
            let outlines = outlines(bytes, None, None).expect("it parses");
            assert_eq!(outlines.len(), 1);
            assert_eq!(compare(&outlines[0], &dialect), [], "{family}");
            events.insert(outlines[0].event.clone());
        }
        assert!(events.len() > 1, "{family}: {events:?}");
    }
}
