//! Dialects: learned from files and from what a site has kept, without patient data; what is new is told.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::samples::samples;
use crate::support::partner::{Line, Sink};
use crate::support::{Run, Site, klinke};

/// Fields of patients and their relatives: names, dates of birth, addresses, telephone numbers, identifiers;
/// with the components that are codes.
#[rustfmt::skip]
const PRIVATE: &[(&str, usize, &[usize])] = &[
    ("PID", 2, &[4, 5, 6]), ("PID", 3, &[4, 5, 6, 9, 10]), ("PID", 4, &[4, 5, 6]), ("PID", 5, &[7, 8, 11]),
    ("PID", 6, &[7, 8, 11]), ("PID", 7, &[]), ("PID", 9, &[7, 8, 11]), ("PID", 11, &[6, 7]), ("PID", 12, &[]),
    ("PID", 13, &[2, 3]), ("PID", 14, &[2, 3]), ("PID", 18, &[4, 5, 6, 9, 10]), ("PID", 19, &[]), ("PID", 20, &[]),
    ("PID", 21, &[4, 5, 6]), ("PID", 23, &[]), ("PID", 29, &[]),
    ("NK1", 2, &[7, 8, 11]), ("NK1", 4, &[6, 7]), ("NK1", 5, &[2, 3]), ("NK1", 6, &[2, 3]), ("NK1", 12, &[4, 5, 6]),
    ("NK1", 16, &[]), ("NK1", 26, &[7, 8, 11]), ("NK1", 30, &[7, 8, 11]), ("NK1", 31, &[2, 3]), ("NK1", 32, &[6, 7]),
    ("NK1", 33, &[4, 5, 6]), ("NK1", 37, &[]),
    ("IN1", 6, &[7, 8, 11]), ("IN1", 16, &[7, 8, 11]), ("IN1", 18, &[]), ("IN1", 19, &[6, 7]), ("IN1", 36, &[]),
    ("IN1", 44, &[6, 7]), ("IN1", 49, &[4, 5, 6]),
];

/// Values of those fields that are codes or names of places elsewhere in the same samples: the authority
/// `TEST` of an attending doctor's number, the name `test` of a system that numbers documents.
const CODES_ELSEWHERE: &[&str] = &["TEST", "test"];

/// What is private in a sample, from four characters on.
fn private(bytes: &[u8], found: &mut BTreeSet<String>) {
    let text = String::from_utf8_lossy(bytes);
    for segment in text.split(['\r', '\n']) {
        let fields: Vec<&str> = segment.split('|').collect();
        for (name, number, codes) in PRIVATE.iter().filter(|(name, ..)| *name == fields[0]) {
            for repetition in fields.get(*number).into_iter().flat_map(|field| field.split('~')) {
                for (at, component) in (1..).zip(repetition.split('^')).filter(|(at, _)| !codes.contains(at))
                {
                    let (_, _) = (name, at);
                    found.extend(component.split('&').filter(|value| value.len() >= 4).map(str::to_owned));
                }
            }
        }
    }
}

/// The families of samples with their files.
fn families() -> BTreeMap<String, Vec<PathBuf>> {
    let mut families: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for file in samples() {
        let name = file.file_name().expect("a name").to_string_lossy().into_owned();
        families.entry(name.split("--").next().unwrap_or_default().to_owned()).or_default().push(file);
    }
    families
}

fn learn(site: &Site, files: &[PathBuf], more: &[&str]) -> Run {
    let mut arguments = vec!["learn".to_owned(), "--system".to_owned(), "kis".to_owned()];
    arguments.extend(["--site".to_owned(), site.path().to_owned()]);
    arguments.extend(more.iter().map(|word| (*word).to_owned()));
    arguments.extend(files.iter().map(|file| file.display().to_string()));
    klinke(&arguments)
}

/// True when a text holds a value that no letter or digit goes on from.
fn holds(text: &str, value: &str) -> bool {
    let is_number = value.bytes().all(|b| b.is_ascii_digit());
    text.match_indices(value).any(|(at, _)| {
        let (before, behind) = (&text[..at], &text[at + value.len()..]);
        let ends = [before.chars().next_back(), behind.chars().next()];
        // A piece of a longer number (1002-5, 2.16.840) is another one.
        let goes_on = |c: char| c.is_alphanumeric() || c == '_' || (is_number && "-./".contains(c));
        let is_whole = !ends.into_iter().flatten().any(goes_on);
        // A short number can be a count; a value is a text or a key.
        let is_count = is_number && value.len() <= 6 && !(before.ends_with('"') || behind.starts_with(" = "));
        is_whole && !is_count
    })
}

/// Replaces what is private by other letters and digits of the same shape.
fn disguised(bytes: &[u8]) -> Vec<u8> {
    let mut values = BTreeSet::new();
    private(bytes, &mut values);
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<String> = text
        .split_inclusive(['\r', '\n'])
        .map(|segment| {
            let name = segment.split('|').next().unwrap_or_default();
            let mut fields: Vec<String> = segment.split('|').map(str::to_owned).collect();
            for (_, number, codes) in PRIVATE.iter().filter(|(known, ..)| *known == name) {
                let Some(field) = fields.get_mut(*number) else { continue };
                let repetitions = field.split('~').map(|repetition| {
                    let components = (1..).zip(repetition.split('^')).map(|(at, component)| {
                        if codes.contains(&at) { component.to_owned() } else { turned(component) }
                    });
                    components.collect::<Vec<_>>().join("^")
                });
                *field = repetitions.collect::<Vec<_>>().join("~");
            }
            fields.join("|")
        })
        .collect();
    lines.concat().into_bytes()
}

fn turned(text: &str) -> String {
    let turn = |c: char| match c {
        'a'..='z' => char::from((c as u8 - b'a' + 13) % 26 + b'a'),
        'A'..='Z' => char::from((c as u8 - b'A' + 13) % 26 + b'A'),
        c => c,
    };
    text.chars().map(turn).collect()
}

#[test]
fn no_output_names_a_patient_of_any_sample() {
    let (mut checked, mut leaks) = (0, Vec::new());
    for (family, files) in families() {
        let mut values = BTreeSet::new();
        for file in &files {
            private(&std::fs::read(file).expect("read"), &mut values);
        }
        let site = Site::new();
        let mut outputs = vec![("text", learn(&site, &files, &["--write"]).ended(0).out)];
        let toml = std::fs::read_to_string(site.folder().join("dialects/kis.toml")).expect("written");
        outputs.push(("toml", toml));
        for (name, more) in [
            ("json", vec!["--format", "json"]),
            ("markdown", vec!["--format", "markdown"]),
            ("html", vec!["--format", "html"]),
            ("german", vec!["--lang", "de"]),
        ] {
            outputs.push((name, learn(&site, &files, &more).ended(0).out));
        }
        // The same samples with other patients give the words that the pages have of their own.
        let folder = tempfile::tempdir().expect("a folder");
        let others: Vec<PathBuf> = files
            .iter()
            .map(|file| {
                let other = folder.path().join(file.file_name().expect("a name"));
                std::fs::write(&other, disguised(&std::fs::read(file).expect("read"))).expect("written");
                other
            })
            .collect();
        let english = learn(&site, &others, &[]).ended(0).out;
        let german = learn(&site, &others, &["--lang", "de"]).ended(0).out;
        let own = english + &german;
        for value in &values {
            // A number of nines, a name of nothing but A: each is its own shape.
            let is_shape = value.bytes().all(|b| b"AaXx9".contains(&b) || !b.is_ascii_alphanumeric());
            if is_shape || CODES_ELSEWHERE.contains(&value.as_str()) {
                continue;
            }
            for (name, output) in &outputs {
                if !output.contains(value.as_str()) || !holds(output, value) {
                    continue;
                }
                // Pages have sentences and the standard's names, with words that are names, too.
                let is_word = !matches!(*name, "toml" | "json") && holds(&own, value);
                if !is_word {
                    leaks.push(format!("{family}: {name} holds {value:?}"));
                }
            }
            checked += 1;
        }
        assert_eq!(site.klinke("check", &[]).ended(0).err, "");
    }
    assert!(leaks.is_empty(), "{leaks:#?}");
    assert!(checked == 0 || checked > 500, "{checked}");
}

/// News of a patient from a ward.
fn news(control: usize, patient: usize, sex: &str) -> Vec<u8> {
    format!(
        "MSH|^~\\&|KIS|KH|RIS|KH|20261124081500||ADT^A08^ADT_A01|{control}|P|2.5\r\
         EVN|A08|20261124081500\rPID|1||{patient}^^^KH^PI||Beispielmann^Zdenka||19640812|{sex}\r\
         PV1|1|I|CHI1^12^2^KH||||||||||||||||F{patient}^^^KH^VN\r"
    )
    .into_bytes()
}

#[test]
fn what_is_new_in_traffic_is_told_once() {
    let sink = Sink::open();
    let site = Site::to_partner(sink.port, "");
    let serve = site.serve();
    let mut line = Line::open(&serve.address("adt"));
    for number in 0..30 {
        line.send(&news(1_000 + number, 470_000 + number, "F")).expect("an answer");
    }
    let path = site.path();
    let run =
        klinke(&["learn", "--channel", "adt", path, "--last", "1d", "--write", "--format", "json"]).ended(0);
    let dialect = run.json();
    assert_eq!(dialect["system"], "kis");
    assert_eq!(dialect["messages"], 30);
    assert_eq!(dialect["part"]["PV1-3.1"]["code"]["CHI1"], 30);
    site.klinke("check", &[]).ended(0);
    klinke(&["learn", "--drift", path]).ended(0);
    serve.signal("HUP");
    serve.wait_for("the files to be read again", || serve.log().contains("read again"));
    // The guard sets its mark when it first looks; what comes before that is what was learned from.
    serve.wait_for("the guard to look", || {
        line.send(&news(2_000, 470_001, "F")).expect("an answer");
        site.json("status", &[])["drift"][0]["looked"].as_u64().unwrap_or(0) > 0
    });
    assert_eq!(site.json("status", &[])["drift"][0]["novelties"].as_array().map(Vec::len), Some(0));
    for number in 0..3 {
        line.send(&news(3_000 + number, 470_002, "U")).expect("an answer");
    }
    line.send(&[news(3_010, 470_003, "F"), b"ZQQ|Beispielmann\r".to_vec()].concat()).expect("an answer");
    let drift = || klinke(&["--json", "learn", "--drift", path, "kis"]).json();
    serve.wait_for("the guard to tell", || drift()[0]["novelties"].as_array().map_or(0, Vec::len) == 2);
    serve.wait_for("the guard to count", || drift()[0]["novelties"][0]["count"] == 3);
    let told = drift();
    let novelties = &told[0]["novelties"];
    assert_eq!(
        (novelties[0]["kind"].as_str(), novelties[0]["place"].as_str()),
        (Some("code"), Some("PID-8"))
    );
    assert_eq!((novelties[0]["came"].as_str(), novelties[0]["before"].as_str()), (Some("U"), Some("F")));
    assert_eq!(
        (novelties[1]["kind"].as_str(), novelties[1]["place"].as_str()),
        (Some("segment"), Some("ZQQ"))
    );
    let first = novelties[0]["envelope"].as_u64().expect("a number").to_string();
    let shown = site.klinke("messages", &["show", &first]);
    assert!(shown.out.contains("3000"), "the first message that had it: {}", shown.out);
    let run = klinke(&["learn", "--drift", path]).ended(1);
    assert!(run.out.contains("PID-8: a new code: U (until then F)"), "{}", run.out);
    let run = klinke(&["--lang", "de", "learn", "--drift", path]).ended(1);
    assert!(run.out.contains("PID-8: ein neuer Code: U (bis dahin F)"), "{}", run.out);
    let status = site.klinke("status", &[]);
    assert!(status.out.contains("kis: 2 new things in its messages") && status.code == 0, "{}", status.out);
    drop(line);
    assert_eq!(serve.stop(), 0);

    // After a start it is known still, and not told again.
    let serve = site.serve();
    let mut line = Line::open(&serve.address("adt"));
    line.send(&news(4_000, 470_004, "U")).expect("an answer");
    serve.wait_for("the guard to count", || drift()[0]["novelties"][0]["count"] == 4);
    let log = serve.log();
    assert_eq!(log.matches("something is new").count(), 2, "{log}");
    // Fractions of a second may have any digits.
    let log: String =
        log.lines().filter_map(|line| Some(line.split_once(' ')?.1.to_owned() + "\n")).collect();
    for word in ["Beispielmann", "Zdenka", "47000", "19640812"] {
        assert!(!log.contains(word) && !run.out.contains(word), "{word}: {log}");
    }
    drop(line);
    assert_eq!(serve.stop(), 0);

    // While nothing serves, the store itself is learned from; a dialect that knows more has less to tell.
    klinke(&["learn", "--system", "kis", path, "--write", "--anew"]).ended(0);
    klinke(&["learn", "--drift", path]).ended(0);
}

#[test]
fn a_dialect_that_is_none_is_refused_with_its_line() {
    let site = Site::new();
    let file = site.folder().join("a.hl7");
    std::fs::write(&file, news(1, 2, "F")).expect("written");
    let files = [file];
    learn(&site, &files, &["--write"]).ended(0);
    site.klinke("check", &[]).ended(0);
    let path = site.folder().join("dialects/kis.toml");
    let text = std::fs::read_to_string(&path).expect("read");
    let line = text.lines().position(|line| line == "messages = 1").expect("a line") + 1;
    std::fs::write(&path, text.replace("messages = 1\n\n[version]", "mesages = 1\n\n[version]"))
        .expect("written");
    let run = site.klinke("check", &[]).ended(1);
    let wanted =
        format!("dialects/kis.toml:{line}:1: the key `mesages` does not exist; did you mean `messages`?");
    assert!(run.out.contains(&wanted), "{}", run.out);
    std::fs::write(&path, text.replace("system = \"kis\"", "system = \"ris\"")).expect("written");
    let run = site.klinke("check", &[]).ended(1);
    assert!(run.out.contains("dialects/kis.toml:4:1: the file of `ris` is dialects/ris.toml"), "{}", run.out);
    std::fs::write(&path, &text).expect("written");
    std::fs::rename(&path, site.folder().join("dialects/kiss.toml")).expect("moved");
    let moved = site.folder().join("dialects/kiss.toml");
    std::fs::write(&moved, text.replace("system = \"kis\"", "system = \"kiss\"")).expect("written");
    let run = site.klinke("check", &[]).ended(1);
    assert!(run.out.contains("systems.toml has no `kiss`; did you mean `kis`?"), "{}", run.out);
}

#[test]
fn learning_goes_on_in_the_file_and_test_messages_come_out_of_it() {
    let site = Site::new();
    let files: Vec<PathBuf> = (0..10)
        .map(|number| {
            let file = site.folder().join(format!("{number}.hl7"));
            std::fs::write(&file, news(number, 470_000 + number, "F")).expect("written");
            file
        })
        .collect();
    learn(&site, &files[..5], &["--write"]).ended(0);
    let json = learn(&site, &files[5..], &["--write", "--format", "json"]).ended(0).json();
    assert_eq!(json["messages"], 10);
    let json = learn(&site, &files[5..], &["--write", "--anew", "--format", "json"]).ended(0).json();
    assert_eq!(json["messages"], 5);
    let path = site.path();
    let to = site.folder().join("test-messages");
    let to = to.to_str().expect("UTF-8");
    klinke(&["learn", "--synthesise", "7", "--system", "kis", path, "--to", to]).ended(0);
    let invented: Vec<PathBuf> =
        std::fs::read_dir(to).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    assert_eq!(invented.len(), 7);
    for file in &invented {
        let text = std::fs::read_to_string(file).expect("read");
        assert!(text.starts_with("MSH|") && text.contains("CHI1"), "{text}");
        assert!(
            !text.contains("Beispielmann") && !text.contains("Zdenka") && !text.contains("47000"),
            "{text}"
        );
        assert!(klinke(&["explain", "--short", file.to_str().expect("UTF-8")]).code < 2);
    }
    let same =
        |seed: &str| klinke(&["learn", "--synthesise", "3", "--system", "kis", "--seed", seed, path]).out;
    assert!(same("5") == same("5") && same("5") != same("6"));
    klinke(&["learn", "--synthesise", "3", "--system", "ris", path]).ended(2);
    klinke(&["learn", "--system", "../x", path, files[0].to_str().expect("UTF-8")]).ended(2);
    let text = site.folder().join("text.txt");
    std::fs::write(&text, "Beispielmann is no HL7").expect("written");
    let run = learn(&site, &[text], &[]).ended(2);
    assert!(!run.err.contains("Beispielmann"), "{}", run.err);
}

#[test]
fn a_channel_is_drafted_from_what_a_site_makes_of_messages() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: String, bytes: &[u8]| {
        let file = folder.path().join(name);
        std::fs::create_dir_all(file.parent().expect("a parent")).expect("a folder");
        std::fs::write(file, bytes).expect("written");
    };
    // What the steps of a known site would make: another receiver, the ward by a table, the sex spelt out.
    for number in 0..30 {
        let ward = ["CHI1", "INN2", "NEU3"][number % 3];
        let source = news(number, 470_000 + number, ["F", "M"][number % 2]);
        let source = String::from_utf8_lossy(&source).replace("CHI1", ward);
        let long = ["Chirurgie", "Innere", "Neurologie"][number % 3];
        let target = source.replace(ward, long).replace("|RIS|KH|", "|PACS|KH|");
        write(format!("in/{number:02}.hl7"), source.as_bytes());
        write(format!("out/{number:02}.hl7"), target.as_bytes());
    }
    let site = Site::new();
    let file = site.folder().join("channels/drafted.toml");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let file_name = file.display().to_string();
    let arguments = ["draft", "--source", &path("in"), "--target", &path("out"), "--out", &file_name];
    let run = klinke(&arguments).ended(0);
    assert!(run.err.contains("2 steps; 30 of 30 pairs come out as wanted"), "{}", run.err);
    let text = std::fs::read_to_string(&file).expect("written");
    assert!(text.contains("[[step]] # 30 of 30\nset = { \"MSH-5\" = \"PACS\" }"), "{text}");
    assert!(text.contains("lookup = { field = \"PV1-3.1\", table = \"drafted-pv1-3-1\" }"), "{text}");
    site.klinke("check", &[]).ended(0);
    // The drafted channel passes the target's messages as the site's own examples.
    for number in 0..30 {
        let copy = |from: String, to: String| {
            let bytes = std::fs::read(folder.path().join(from)).expect("read");
            std::fs::create_dir_all(site.folder().join("examples/drafted")).expect("a folder");
            std::fs::write(site.folder().join("examples/drafted").join(to), bytes).expect("written");
        };
        copy(format!("in/{number:02}.hl7"), format!("{number:02}.hl7"));
        copy(format!("out/{number:02}.hl7"), format!("{number:02}.draft.hl7"));
    }
    site.klinke("test", &[]).ended(0);
    // What is there is not overwritten.
    klinke(&arguments).ended(2);
    let json =
        klinke(&["--json", "draft", "--source", &path("in"), "--target", &path("out")]).ended(0).json();
    assert_eq!((json["pairs"].as_u64(), json["steps"].as_u64()), (Some(30), Some(2)));
}
