//! Looking after studies: rules of retention, quotas, tiers and packing; always so that index and files agree.

#![allow(clippy::unwrap_used, reason = "a test that can't go on breaks off")]

mod common;

use std::path::Path;
use std::time::Duration;

use common::{CT, Image, arrival, image, open, send, send_as};
use klinke_archive::change::Decision;
use klinke_archive::commitment::{Commitment, Reference};
use klinke_archive::event::{Kind, Sending, Start};
use klinke_archive::index::{Added, ClashPolicy, Selection};
use klinke_archive::retention::{Rule, Since};
use klinke_archive::{Archive, Error, Options, Tier, transcode};
use klinke_dimse::data::Element;
use klinke_dimse::{VR, tags};
use klinke_model::Timestamp;

const DAY: Duration = Duration::from_secs(86_400);
const JPEG_LS: &str = "1.2.840.10008.1.2.4.80";
const EXPLICIT: &str = "1.2.840.10008.1.2.1";

fn now() -> Timestamp {
    Timestamp::from_parts(2026, 12, 1, 12, 0, 0).unwrap()
}

fn anna() -> Decision {
    Decision { who: "anna".to_owned(), why: "a test".to_owned(), at: Timestamp::now(), ..Decision::default() }
}

fn study(number: u32, date: &str) -> Image {
    let uid = |end: &str| format!("1.{number}{end}");
    image("1", &uid(""), &uid(".1"), &uid(".1.1")).with(tags::STUDY_DATE, VR::DA, date)
}

/// The studies that may go.
fn due(archive: &Archive, rules: &[Rule], full: bool) -> Vec<String> {
    let look = archive.due(rules, 0, now(), full).unwrap();
    assert_eq!(look.next, None);
    look.due.into_iter().map(|due| format!("{} {}", due.study, due.rule)).collect()
}

fn rule(name: &str, days: u32) -> Rule {
    Rule { name: name.to_owned(), after: Some(DAY * days), ..Rule::default() }
}

#[test]
fn the_first_rule_that_fits_decides_and_what_is_held_or_owed_stays() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path());
    send(&archive, &study(1, "20260101"));
    send(&archive, &study(2, "20261120"));
    send(&archive, &study(3, "20260101").with(tags::MODALITY, VR::CS, "MG"));
    send(&archive, &study(4, "2026.01.01").with(tags::BODY_PART_EXAMINED, VR::CS, "HAND"));
    send(&archive, &study(5, "20260101").with(tags::STATION_NAME, VR::SH, "Raum 7"));
    send(&archive, &study(6, "").with(tags::MODALITY, VR::CS, "US"));
    let rules = [
        Rule { modalities: vec!["MG".to_owned()], after: None, ..rule("mammographies for ever", 0) },
        Rule { body_parts: vec!["hand".to_owned()], ..rule("hands", 10) },
        Rule { stations: vec!["Raum 7".to_owned()], ..rule("room 7", 400) },
        Rule { stations: vec!["CT9".to_owned()], ..rule("nobody's", 0) },
        Rule { stations: vec!["CT1".to_owned()], when_full: Some(DAY * 5), ..rule("the rest", 100) },
    ];
    assert_eq!(due(&archive, &rules, false), ["1.1 the rest", "1.4 hands"]);
    assert_eq!(
        due(&archive, &rules, true),
        ["1.1 the rest", "1.2 the rest"],
        "sooner where a quota is reached"
    );
    archive.hold("1.1", &anna()).unwrap();
    assert_eq!(due(&archive, &rules, false), ["1.4 hands"]);
    let asked = Commitment {
        number: 0,
        peer: "CT1".to_owned(),
        called: "KLINKE".to_owned(),
        transaction: "1.9".to_owned(),
        instances: vec![Reference { class: CT.to_owned(), instance: "1.4.1.1".to_owned() }],
        asked: now(),
        tries: 0,
        due: now(),
    };
    archive.ask_commitment(asked).unwrap();
    assert_eq!(due(&archive, &rules, false), Vec::<String>::new(), "CT1 is to be told first");
    let look = archive.due(&[rule("all", 1)], 0, now(), false).unwrap();
    for one in &look.due {
        archive.let_go_of(one, Timestamp::now()).unwrap();
    }
    assert_eq!(archive.totals().unwrap().studies, 2, "one is held, one owed");
    assert_eq!(archive.trash(None, 10).unwrap()[0].who, "rule all");
    // One that is held between the look and the deed stays.
    let held = klinke_archive::retention::Due { study: "1.1".to_owned(), ..look.due[0].clone() };
    assert_eq!(archive.let_go_of(&held, Timestamp::now()).unwrap(), 0);
}

/// Each of two channels, one that takes instances, one that takes studies.
#[test]
fn what_a_channel_has_not_heard_of_stays() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path());
    let rules = [rule("old", 10)];
    for kind in [Kind::Instance, Kind::Study] {
        archive.listen("a channel", kind, Start::Now, now()).unwrap();
    }
    send(&archive, &study(1, "20260101"));
    assert_eq!(due(&archive, &rules, false), Vec::<String>::new());
    archive.heard("a channel", Kind::Instance, 1, now()).unwrap();
    assert_eq!(due(&archive, &rules, false), Vec::<String>::new(), "it may not be complete");
    assert_eq!(archive.complete_due(now().after(DAY * 400)).unwrap(), 1);
    assert_eq!(due(&archive, &rules, false), Vec::<String>::new(), "that it is complete is not heard");
    let told = archive.events(Kind::Study, 0, 10).unwrap();
    archive.heard("a channel", Kind::Study, told[0].position, now()).unwrap();
    assert_eq!(due(&archive, &rules, false), ["1.1 old"]);
}

/// A channel passes instances on to a far archive: what is not acknowledged there stays, however old it is.
#[test]
fn what_a_channel_has_not_sent_stays_where_a_rule_waits_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let options =
        || Options { sent: vec!["forward".to_owned()], reserve_bytes: 1 << 20, ..Options::default() };
    let archive = Archive::open(folder.path(), options()).unwrap();
    let rules = [Rule { sent: vec!["forward".to_owned()], when_full: Some(DAY), ..rule("cache", 10) }];
    send(&archive, &study(1, "20260101"));
    assert_eq!(due(&archive, &rules, false), Vec::<String>::new(), "nobody has ever listened");
    archive.listen("forward", Kind::Instance, Start::Now, now()).unwrap();
    send(&archive, &study(2, "20260101"));
    assert_eq!(due(&archive, &rules, true), Vec::<String>::new(), "one came before, one is not heard");
    let sending = |envelope| Sending { channel: "forward".to_owned(), envelope, study: "1.2".to_owned() };
    archive.handed_on(sending(7), 2, now()).unwrap();
    assert_eq!(due(&archive, &rules, true), Vec::<String>::new(), "it is under way");
    drop(archive);
    let archive = Archive::open(folder.path(), options()).unwrap();
    assert_eq!(archive.listen("forward", Kind::Instance, Start::Now, now()).unwrap(), 2);
    assert_eq!(due(&archive, &rules, true), Vec::<String>::new(), "also after a restart");
    assert_eq!(archive.sending(None, 10).unwrap(), [sending(7)]);
    archive.sent(vec![sending(8)]).unwrap();
    assert_eq!(archive.sending(None, 10).unwrap(), [sending(7)]);
    archive.sent(vec![sending(7)]).unwrap();
    assert_eq!(due(&archive, &rules, true), ["1.2 cache"]);
    // One more of it comes.
    send(&archive, &image("1", "1.2", "1.2.1", "1.2.1.9").with(tags::STUDY_DATE, VR::DA, "20260101"));
    assert_eq!(due(&archive, &rules, true), Vec::<String>::new());
    // Without being named by a rule the channel's deliveries are nobody's matter.
    assert_eq!(archive.listen("other", Kind::Instance, Start::Oldest, now()).unwrap(), 0);
    let one = Sending { channel: "other".to_owned(), envelope: 9, study: "1.2".to_owned() };
    archive.handed_on(one, 3, now()).unwrap();
    assert_eq!(archive.sending(None, 10).unwrap(), []);
}

#[test]
fn the_last_arrival_counts_where_the_rule_says_so_and_minors_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path());
    let child = |number, birth: &str| study(number, "20100101").with(tags::PATIENT_BIRTH_DATE, VR::DA, birth);
    // Whoever they are: the patient's birth date is that of the first instance, so each needs an identifier.
    for (number, birth) in [(1, "19900101"), (2, "20000101"), (3, ""), (4, "19980101")] {
        send(&archive, &child(number, birth).with(tags::PATIENT_ID, VR::LO, &number.to_string()));
    }
    let minors = Rule { minors_until: Some(28), ..rule("ten years", 3650) };
    assert_eq!(due(&archive, &[minors], false), ["1.1 ten years", "1.4 ten years"]);
    let arrivals = Rule { since: Since::LastArrival, ..rule("since it came", 30) };
    assert_eq!(due(&archive, std::slice::from_ref(&arrivals), false), Vec::<String>::new());
    let later = now().after(DAY * 365);
    assert_eq!(archive.due(&[arrivals], 0, later, false).unwrap().due.len(), 4);
}

#[test]
fn a_quota_refuses_and_counts_what_is_here() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path());
    send(&archive, &study(1, "20260101"));
    let size = archive.totals().unwrap().bytes;
    assert_eq!((archive.usage(None).unwrap(), archive.usage(Some("CT1")).unwrap()), (size, size));
    assert_eq!(archive.usage(Some("CT2")).unwrap(), 0);
    let of_sender = |quota| klinke_archive::Arrival { quota: Some(quota), ..arrival(ClashPolicy::KeepFirst) };
    assert!(matches!(archive.receive(of_sender(size)), Err(Error::Full(_))));
    assert!(archive.receive(of_sender(size + 1)).is_ok());
    drop(archive);
    let options = Options { quota_bytes: Some(size), ..Options::default() };
    let archive = Archive::open(folder.path(), options).unwrap();
    let refused = send_as(&archive, &study(2, "20260101"), ClashPolicy::KeepFirst).unwrap_err();
    assert!(matches!(refused, Error::Full(_)), "{refused}");
    archive.throw(&Selection { studies: vec!["1.1".to_owned()], ..Selection::default() }, &anna()).unwrap();
    assert_eq!(archive.usage(None).unwrap(), 0);
    send(&archive, &study(2, "20260101"));
}

/// An archive with a tier.
fn tiered(folder: &Path, slow: &Path) -> Archive {
    Archive::open(folder, options(slow)).unwrap()
}

fn options(slow: &Path) -> Options {
    let tier = Tier { name: "slow".to_owned(), path: slow.to_path_buf() };
    Options { tiers: vec![tier], ..Options::default() }
}

fn given(archive: &Archive, uid: &str) -> Vec<u8> {
    use std::io::Read;
    let mut bytes = Vec::new();
    archive.given(&archive.instance(uid).unwrap().unwrap()).unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

fn tomorrow() -> Timestamp {
    Timestamp::now().after(DAY)
}

#[test]
fn a_study_in_a_tier_is_read_like_any_other() {
    let (folder, slow) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let archive = tiered(folder.path(), slow.path());
    send(&archive, &study(1, "20260101"));
    send(&archive, &study(2, "20260101"));
    let before = archive.instance("1.1.1.1").unwrap().unwrap();
    let tended = archive.move_to_tier("1.1", "slow").unwrap();
    assert_eq!((tended.files, tended.bytes), (1, before.file.size));
    let now = archive.instance("1.1.1.1").unwrap().unwrap();
    assert!(archive.path(&now).starts_with(slow.path()) && archive.path(&before).is_file());
    archive.remove_left_over(tomorrow()).unwrap();
    assert!(!archive.path(&before).exists());
    // Whoever has looked it up before still gets it.
    assert!(archive.open_file(&before).is_ok());
    assert_eq!(given(&archive, "1.1.1.1"), study(1, "20260101").bytes());
    assert_eq!(archive.facts(0, 10).unwrap()[0].tier, "slow");
    assert_eq!(archive.move_to_tier("1.1", "slow").unwrap().files, 0, "it is there");
    // What comes later comes to the first folder, and the study is to be moved again.
    send(&archive, &image("1", "1.1", "1.1.1", "1.1.1.2"));
    assert_eq!(archive.facts(0, 10).unwrap()[0].tier, "");
    assert_eq!(archive.verify(&mut |_, _| {}).unwrap().faults, []);
    archive
        .throw(&Selection { instances: vec!["1.1.1.1".to_owned()], ..Selection::default() }, &anna())
        .unwrap();
    let thrown = archive.trash(None, 1).unwrap()[0].clone();
    assert!(thrown.path.starts_with("slow:studies/"));
    drop(archive);

    let rebuilt = Archive::rebuild(folder.path(), &options(slow.path()), &mut |_| {}).unwrap();
    assert_eq!((rebuilt.instances, rebuilt.faults), (2, vec![]));
    let archive = tiered(folder.path(), slow.path());
    let thrown = archive.trash(None, 1).unwrap()[0].number;
    assert!(matches!(archive.put_back(thrown, &anna()).unwrap(), Added::New(_)));
    assert_eq!(given(&archive, "1.1.1.1"), study(1, "20260101").bytes());
    assert_eq!(archive.verify(&mut |_, _| {}).unwrap().faults, []);
    archive.move_to_tier("1.1", "slow").unwrap();
    assert!(matches!(archive.move_to_tier("1.1", "none"), Err(Error::Missing(_))));
    drop(archive);
    // The disk is not mounted: an empty folder in its place is no tier.
    let empty = tempfile::tempdir().unwrap();
    assert!(matches!(Archive::open(folder.path(), options(empty.path())), Err(Error::Unwritable(_))));
}

#[test]
fn what_will_be_removed_takes_nothing_with_it_that_came_since() {
    let (fast, slow) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let archive = tiered(fast.path(), slow.path());
    let [one, two] = [1, 2].map(|number| study(number, "20260101"));
    let uids = ["1.1.1.1", "1.2.1.1"];
    send(&archive, &one);
    send(&archive, &two);
    let places = uids.map(|uid| archive.path(&archive.instance(uid).unwrap().unwrap()));
    archive.move_to_tier("1.1", "slow").unwrap();
    let of_two = Selection { studies: vec!["1.2".to_owned()], ..Selection::default() };
    archive.throw(&of_two, &anna()).unwrap();
    // As a crash leaves it between removing a file and saying so.
    places.iter().for_each(|place| std::fs::remove_file(place).unwrap());
    assert_eq!(send(&archive, &one), Added::Same);
    assert!(!places[0].exists(), "it is in its tier");
    let other = one.with(tags::INSTANCE_NUMBER, VR::IS, "9");
    assert!(matches!(send(&archive, &other), Added::Beside(_)));
    assert!(matches!(send(&archive, &two), Added::New(_)));
    archive.remove_left_over(tomorrow()).unwrap();
    archive.empty_trash(tomorrow()).unwrap();
    let verified = archive.verify(&mut |_, _| {}).unwrap();
    assert_eq!((verified.sound, verified.faults), (2, Vec::new()));
}

#[test]
fn a_packed_study_comes_back_pixel_for_pixel() {
    let folder = tempfile::tempdir().unwrap();
    let archive = open(folder.path());
    let picture = |number: u32| {
        let mut one = study(number, "20260101");
        for (tag, value) in [
            (tags::SAMPLES_PER_PIXEL, 1),
            (tags::ROWS, 64),
            (tags::COLUMNS, 64),
            (tags::BITS_ALLOCATED, 16),
            (tags::BITS_STORED, 12),
            (tags::HIGH_BIT, 11),
            (tags::PIXEL_REPRESENTATION, 0),
        ] {
            one.set.put_us(tag, value);
        }
        one.set.put_ascii(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2");
        let pixels: Vec<u8> =
            (0..64_u16 * 64).flat_map(|at| ((at / 64 + at % 64) * 8).to_le_bytes()).collect();
        one.set.put(Element::bytes(tags::PIXEL_DATA, VR::OW, pixels));
        one
    };
    send(&archive, &picture(1));
    send(&archive, &study(2, "20260101"));
    let before = archive.instance("1.1.1.1").unwrap().unwrap();
    let packed = archive.pack("1.1", JPEG_LS).unwrap();
    assert!(packed.files == 1 && packed.bytes < packed.before / 2, "{packed:?}");
    let now = archive.instance("1.1.1.1").unwrap().unwrap();
    assert_eq!((now.file.syntax.as_str(), now.file.origin), (JPEG_LS, Some(before.file.hash)));
    let back = transcode(given(&archive, "1.1.1.1").into(), JPEG_LS, EXPLICIT).unwrap();
    assert_eq!(back, picture(1).bytes());
    assert_eq!(archive.pack("1.1", JPEG_LS).unwrap().files, 0, "once is enough");
    // What is no picture stays as it came.
    let left = archive.pack("1.2", JPEG_LS).unwrap();
    assert_eq!((left.files, left.left), (0, 1));
    assert_eq!(given(&archive, "1.2.1.1"), study(2, "20260101").bytes());
    assert!(matches!(archive.pack("1.1", EXPLICIT), Err(Error::Refused(_))));
    assert_eq!(archive.totals().unwrap().bytes, archive.usage(None).unwrap());
    // The sender sends it again: it is the same, whether the index knows or has to be told by the file.
    assert_eq!(send(&archive, &picture(1)), Added::Same);
    // Both files are there, as after a crash, and then only the packed one.
    for is_tidy in [false, true] {
        let archive = open_again(folder.path(), &archive, is_tidy);
        assert_eq!(archive.verify(&mut |_, _| {}).unwrap().damaged, 0);
        assert_eq!(send(&archive, &picture(1)), Added::Same);
        assert_eq!(archive.totals().unwrap().beside, 0);
    }
}

/// The archive's files in a folder of their own, with an index that was made anew from them.
fn open_again(folder: &Path, archive: &Archive, is_tidy: bool) -> Archive {
    if is_tidy {
        archive.remove_left_over(tomorrow()).unwrap();
    }
    let copy = tempfile::tempdir().unwrap().keep();
    let copied = std::process::Command::new("cp").arg("-a").arg(folder.join("studies")).arg(&copy).status();
    assert!(copied.unwrap().success());
    let rebuilt = Archive::rebuild(&copy, &Options::default(), &mut |_| {}).unwrap();
    assert_eq!((rebuilt.instances, rebuilt.faults), (2, vec![]));
    let archive = open(&copy);
    assert_eq!(archive.verify(&mut |_, _| {}).unwrap().faults, []);
    // What is one too many goes, and what is left is whole.
    archive.remove_left_over(tomorrow()).unwrap();
    archive
}
