//! `kill -9` under STOW-RS with deletions, and under a migration: what was answered is so, and files and index agree.
//!
//! `KLINKE_KILLS` says how often; eight times otherwise.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use klinke_archive::index::Selection;
use klinke_archive::{Archive, Options};
use klinke_testkit::free_port;
use serde_json::Value;

use crate::support::browser::{Browser, with_console};
use crate::support::old::{Lot, store};
use crate::support::{Serve, Site, klinke, program};

/// How often, and when: a pause between 30 and 630 ms.
struct Kills {
    left: usize,
    seed: u64,
}

impl Kills {
    fn new() -> Kills {
        let left = std::env::var("KLINKE_KILLS").ok().map_or(8, |text| text.parse().unwrap());
        let seed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
        println!("{left} kills, seed {seed}");
        Kills { left, seed }
    }

    fn kill(&mut self, serve: Serve<'_>) {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        std::thread::sleep(Duration::from_millis(30 + (self.seed >> 33) % 600));
        serve.kill();
        self.left -= 1;
    }
}

fn site(port: u16, more: &str) -> Site {
    let site = Site::new();
    let node = std::fs::read_to_string(site.folder().join("klinke.toml")).unwrap();
    let table =
        format!("[archive]\nae_title = \"KLINKE\"\nlisten = \"127.0.0.1:{port}\"\nreserve = \"1MB\"\n{more}");
    site.write("klinke.toml", &format!("{node}\n{table}"));
    site
}

/// The archive of a site that does not run: sound, with no file that the index does not know but what was under way.
fn sound(site: &Site, kills: usize) -> Archive {
    let options = Options { reserve_bytes: 1 << 20, ..Options::default() };
    let archive = Archive::open(&site.folder().join("archive"), options).unwrap();
    let verified = archive.verify(&mut |_, _| {}).unwrap();
    assert_eq!(verified.damaged, 0, "{:?}", verified.faults);
    assert!(verified.unknown as usize <= SENDERS * PER_REQUEST * kills, "{:?}", verified.faults);
    archive
}

/// Those who store, and the instances of each of their requests.
const SENDERS: usize = 3;
const PER_REQUEST: usize = 3;

/// A request and its status; nothing where no whole answer came.
fn ask(port: u16, method: &str, path: &str, token: &str, body: &[u8]) -> Option<u16> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(20))).ok()?;
    let head = format!(
        "{method} /dicom-web/{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: multipart/related; type=\"application/dicom\"; boundary=b\r\nAccept: application/dicom+json\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(body).ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    let text = String::from_utf8_lossy(&answer);
    text.contains("\r\n\r\n").then(|| text.split(' ').nth(1)?.parse().ok())?
}

/// What was answered to those who store and delete.
#[derive(Default)]
struct Answered {
    stored: Mutex<BTreeSet<(usize, usize)>>,
    /// Deletions that were asked for, and those that were confirmed.
    asked: Mutex<BTreeSet<(usize, usize)>>,
    deleted: Mutex<BTreeSet<(usize, usize)>>,
    is_over: AtomicBool,
}

/// Ends those who store, also when the test fails.
struct Over<'a>(&'a Answered);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.is_over.store(true, Ordering::SeqCst);
    }
}

/// Stores study after study, and deletes the first instance of every fourth.
fn storing(port: u16, token: &str, lot: &Lot, files: &Path, next: &AtomicUsize, answered: &Answered) {
    let mut study = next.fetch_add(1, Ordering::SeqCst);
    while !answered.is_over.load(Ordering::SeqCst) && study < lot.studies {
        let mut body = Vec::new();
        for number in 0..PER_REQUEST {
            body.extend(b"\r\n--b\r\nContent-Type: application/dicom\r\n\r\n");
            body.extend(std::fs::read(files.join(format!("{}.dcm", lot.instance(study, number)))).unwrap());
        }
        body.extend(b"\r\n--b--\r\n");
        match ask(port, "POST", "studies", token, &body) {
            Some(200) => {}
            None | Some(503) => {
                std::thread::sleep(Duration::from_millis(20));
                continue;
            }
            Some(other) => panic!("stored with {other}"),
        }
        answered.stored.lock().unwrap().extend((0..PER_REQUEST).map(|number| (study, number)));
        if study.is_multiple_of(4) {
            answered.asked.lock().unwrap().insert((study, 0));
            let uid = lot.study(study);
            let path = format!("studies/{uid}/series/{uid}.1/instances/{}", lot.instance(study, 0));
            if let Some(status) = ask(port, "DELETE", &path, token, b"") {
                assert_eq!(status, 204);
                answered.deleted.lock().unwrap().insert((study, 0));
            }
        }
        study = next.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn what_stow_rs_has_stored_and_deleted_stays_so() {
    let (port, web) = (free_port(), free_port());
    let site = site(port, &format!("web = \"127.0.0.1:{web}\"\n"));
    with_console(&site);
    let mut kills = Kills::new();
    let all = kills.left;
    let lot = Lot { studies: 400 * all, instances: PER_REQUEST, days: 20 };
    let files = tempfile::tempdir().unwrap();
    lot.write(files.path());
    let serve = site.serve();
    let rights = ["view-payload", "act", "administer"];
    let token = Browser::enter(&serve, &site, "boss", "administrator").token(&rights);
    serve.stop();
    let (next, answered) = (AtomicUsize::new(0), Answered::default());
    std::thread::scope(|scope| {
        for _ in 0..SENDERS {
            scope.spawn(|| storing(web, &token, &lot, files.path(), &next, &answered));
        }
        let _over = Over(&answered);
        while kills.left > 0 {
            kills.kill(site.serve());
            hold(&sound(&site, all), &lot, files.path(), &answered);
        }
    });
    let archive = sound(&site, all);
    hold(&archive, &lot, files.path(), &answered);
    assert_eq!(archive.totals().unwrap().beside, 0, "what is sent again is the same");
    let (stored, deleted) = (answered.stored.lock().unwrap().len(), answered.deleted.lock().unwrap().len());
    println!("{all} kills, {stored} instances stored, {deleted} deleted, none lost");
    assert!(stored > all * PER_REQUEST, "it was killed before it did anything");
}

/// That everything answered is so.
fn hold(archive: &Archive, lot: &Lot, files: &Path, answered: &Answered) {
    // What is deleted after this was taken is no matter: nothing runs.
    let deleted = answered.deleted.lock().unwrap();
    let asked = answered.asked.lock().unwrap();
    for one @ &(study, number) in answered.stored.lock().unwrap().iter() {
        let uid = lot.instance(study, number);
        let kept = archive.instance(&uid).unwrap();
        if deleted.contains(one) {
            assert!(kept.is_none(), "{uid} was deleted and is there");
            let thrown = archive.thrown_of(&lot.study(study)).unwrap();
            assert_eq!(thrown.len(), 1, "{uid} was deleted and is not in the trash");
            continue;
        }
        let Some(kept) = kept else {
            assert!(asked.contains(one), "{uid} was stored and is not there");
            continue;
        };
        let (ours, sent) = (std::fs::read(archive.path(&kept)).unwrap(), files.join(format!("{uid}.dcm")));
        let sent = std::fs::read(sent).unwrap();
        assert!(ours.ends_with(&sent[sent.len() - 2_000..]), "{uid} is not what was sent");
    }
}

fn studies(status: &Value, state: &str) -> usize {
    status["studies"][state].as_u64().unwrap_or(0) as usize
}

#[test]
fn a_migration_that_is_killed_again_and_again_takes_everything_over() {
    let (old_port, port) = (free_port(), free_port());
    let mut kills = Kills::new();
    let all = kills.left;
    // No round number a day: that would look like a limit of the old archive.
    let lot = Lot { studies: 37 * all, instances: 2, days: 61 };
    let old = Site::new();
    let node = std::fs::read_to_string(old.folder().join("klinke.toml")).unwrap();
    let table = format!(
        "[archive]\nae_title = \"OLD\"\nlisten = \"127.0.0.1:{old_port}\"\nreserve = \"1MB\"\naccept = \"any\"\n"
    );
    old.write("klinke.toml", &format!("{node}\n{table}"));
    let olds = old.serve();
    store(&format!("OLD@127.0.0.1:{old_port}"), &lot);

    let site = site(port, "");
    site.write(
        "systems.toml",
        &format!(
            "[old]\ntitle = \"Old\"\ndicom = {{ ae_title = \"OLD\", address = \"127.0.0.1:{old_port}\" }}\n"
        ),
    );
    site.write(
        "migrations/old.toml",
        "system = \"old\"\nway = \"get\"\nfrom = \"2020-01-01\"\nuntil = \"2020-12-31\"\nassociations = 2\npause = \"50ms\"\n",
    );
    klinke(&["migrate", site.path(), "plan"]).ended(0);
    let serve = site.serve();
    klinke(&["migrate", site.path(), "run", "--background"]).ended(0);
    kills.kill(serve);
    let mut at_work = 0;
    while kills.left > 0 {
        kills.kill(site.serve());
        let archive = sound(&site, all);
        let report = site.json("migrate", &["report"]);
        let taken: Vec<_> =
            report["all_studies"].as_array().unwrap().iter().filter(|one| one["state"] == "taken").collect();
        at_work += usize::from(!taken.is_empty() && taken.len() < lot.studies);
        for one in taken {
            let of = Selection {
                studies: vec![one["study"].as_str().unwrap().to_owned()],
                ..Selection::default()
            };
            assert_eq!(
                archive.instances(&of, 0, 10).unwrap().len(),
                lot.instances,
                "{one} is taken and not whole"
            );
        }
    }
    let serve = site.serve();
    // What a kill broke off may wait a minute for its next try.
    let mut again = program();
    again.args(["migrate", site.path(), "run", "--again"]);
    assert!(again.output().unwrap().status.success(), "{}", serve.log());
    let verified = site.json("migrate", &["verify"]);
    assert_eq!((studies(&verified, "verified"), &verified["missing"]), (0, &0.into()), "{verified}");
    assert_eq!(verified["verified"], lot.studies, "{verified}");
    serve.stop();
    olds.stop();
    assert_eq!(sound(&site, all).totals().unwrap().instances as usize, lot.studies * lot.instances);
    println!("{all} kills, {at_work} of them under way, {} studies taken over", lot.studies);
    assert!(at_work > 0, "it was never killed at work");
}
