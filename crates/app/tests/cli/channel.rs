//! Stopping and starting one channel while the others go on.

use std::net::TcpStream;

use klinke_hl7v2::ack::Code;

use crate::support::browser::{Browser, with_console};
use crate::support::partner::{Line, Sink, code};
use crate::support::{Site, adt, channel, klinke};

/// Two channels at fixed ports: a started one must be where it was.
fn site(sink: &Sink) -> (Site, u16) {
    let site = Site::to_partner(sink.port, "");
    let port = klinke_testkit::free_port();
    site.write("channels/adt.toml", &channel("").replace("127.0.0.1:0", &format!("127.0.0.1:{port}")));
    site.write("channels/other.toml", &channel(""));
    (site, port)
}

#[test]
fn a_stopped_channel_takes_nothing_keeps_what_waits_and_stays_so_over_a_restart() {
    let sink = Sink::answering(Some(Code::ApplicationError));
    let (site, port) = site(&sink);
    let serve = site.serve();
    let mut line = Line::open(&serve.address("adt"));
    assert_eq!(code(&line.send(&adt("M1", "4711")).expect("an answer")), "AA");
    sink.wait_for(1);
    let stopped = site.klinke("channel", &["stop", "adt", "--reason", "RIS is being moved"]).ended(0).out;
    assert!(stopped.contains("adt is stopped"), "{stopped}");
    assert!(!line.is_open(), "the sender is told by the end of its connection");
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err(), "the port is closed");
    let mut other = Line::open(&serve.address("other"));
    sink.answer(Some(Code::ApplicationAccept));
    assert_eq!(code(&other.send(&adt("O1", "4711")).expect("an answer")), "AA", "the others go on");
    serve.wait_for("what was sent to the other", || {
        sink.arrivals().iter().any(|one| String::from_utf8_lossy(one).contains("|O1|"))
    });
    let before = sink.arrivals().len();

    let status = || site.json("status", &[]);
    let of = |name: &str| {
        let all = status()["channels"].as_array().expect("channels").clone();
        all.into_iter().find(|one| one["name"] == name).expect("the channel")
    };
    let adt_now = of("adt");
    assert_eq!(
        (&adt_now["runs"], &adt_now["halted"]["reason"], &adt_now["destinations"][0]["waiting"]),
        (&false.into(), &"RIS is being moved".into(), &1.into())
    );
    assert!(of("other")["halted"].is_null());
    let said = site.klinke("status", &["--lang", "de"]).ended(1).out;
    assert!(said.contains("gestoppt von") && said.contains("RIS is being moved"), "{said}");
    let listed = site.klinke("channel", &[]).ended(1).out;
    assert!(listed.contains("stopped by") && listed.contains("runs"), "{listed}");
    let again = site.klinke("channel", &["stop", "adt", "--reason", "x"]).ended(2).err;
    assert!(again.contains("is stopped already, since"), "{again}");
    let entry = klinke(&["--json", "audit", "list", site.path(), "--action", "stop-channel"]).ended(0).out;
    assert!(entry.contains("RIS is being moved") && entry.contains("adt"), "{entry}");

    // Changed files do not start it, nor does a restart.
    site.write(
        "channels/adt.toml",
        &channel("").replace("127.0.0.1:0", &format!("127.0.0.1:{port}")).replace("50ms", "60ms"),
    );
    site.klinke("deploy", &[]).ended(0);
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    serve.stop();
    let serve = site.serve();
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    assert_eq!(of("adt")["destinations"][0]["waiting"], 1);
    assert_eq!(sink.arrivals().len(), before, "nothing of it was delivered meanwhile");

    // Started, it listens where it did, and what waited goes on.
    let started = site.klinke("channel", &["start", "adt"]).ended(0).out;
    assert!(started.contains("adt runs"), "{started}");
    let arrived = sink.wait_for(before + 1);
    assert!(String::from_utf8_lossy(&arrived[before]).contains("|M1|"));
    let mut line = Line::open(&format!("127.0.0.1:{port}"));
    assert_eq!(code(&line.send(&adt("M2", "4711")).expect("an answer")), "AA");
    sink.wait_for(before + 2);
    assert!(of("adt")["halted"].is_null());
    assert!(site.klinke("channel", &["start", "adt"]).ended(2).err.contains("runs already"));
    assert!(
        site.klinke("channel", &["stop", "adr", "--reason", "x"]).ended(2).err.contains("no channel `adr`")
    );
    klinke(&["--json", "audit", "list", site.path(), "--action", "start-channel"]).ended(0);
    serve.stop();
}

#[test]
fn what_is_stopped_while_nothing_serves_is_not_started_and_a_taken_port_is_said() {
    let sink = Sink::open();
    let (site, port) = site(&sink);
    let serve = site.serve();
    serve.stop();
    site.klinke("channel", &["stop", "adt", "--reason", "moving"]).ended(0);
    let serve = site.serve();
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    let squatter = std::net::TcpListener::bind(("127.0.0.1", port)).expect("the port");
    let told = site.klinke("channel", &["start", "adt"]).ended(2).err;
    assert!(told.contains("`adt` does not start"), "{told}");
    assert!(site.klinke("channel", &[]).ended(1).out.contains("does not start"));
    drop(squatter);
    site.klinke("channel", &["start", "adt"]).ended(0);
    TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    serve.stop();
}

#[test]
fn the_page_stops_and_starts_and_alerts_say_it_once() {
    let sink = Sink::open();
    let (site, port) = site(&sink);
    with_console(&site);
    let node = std::fs::read_to_string(site.folder().join("klinke.toml")).expect("klinke.toml");
    site.write("klinke.toml", &format!("{node}\n[diagnosis]\nevery = \"1s\"\n"));
    site.write("alerts.toml", "settle = \"0s\"\ncalm = \"1s\"\n");
    let serve = site.serve();
    let mut boss = Browser::enter(&serve, &site, "boss", "administrator");
    let page = boss.get("/channels/adt").ended(200).body;
    assert!(page.contains("/channels/adt/stop"), "{page}");
    let line = Line::open(&serve.address("adt"));
    boss.get("/language/de?to=/").ended(303);
    serve.wait_for("one connection, said as one", || {
        boss.get("/channels/adt").ended(200).body.contains("1 Verbindung jetzt")
    });
    assert!(boss.get("/").ended(200).body.contains("2 Kanäle laufen"));
    boss.get("/language/en?to=/").ended(303);
    drop(line);
    assert!(boss.get("/channels/adt/stop").ended(200).body.contains("being worked on"));
    let form = [("what", "stop"), ("reason", "RIS moves")];
    boss.submit("/channels/adt/stop", "/channels/adt/stop", &[("what", "stop")]).ended(400);
    boss.submit("/channels/adt/stop", "/channels/adt/stop", &form).ended(303);
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    let today = boss.get("/").ended(200).body;
    assert!(today.contains("was stopped by boss: RIS moves"), "{today}");
    assert!(boss.get("/channels").ended(200).body.contains("stopped by a person"));
    let open = || site.json("alerts", &[])["open"].as_array().expect("open").clone();
    serve.wait_for("the alert", || open().iter().any(|one| one["kind"] == "channel-stopped"));
    let alert = open().into_iter().find(|one| one["kind"] == "channel-stopped").expect("it");
    assert_eq!(alert["text"]["en"], "boss has stopped the channel adt: RIS moves");
    std::thread::sleep(std::time::Duration::from_millis(2_500));
    assert_eq!(open().len(), 1, "once, and nothing that follows from it: {:?}", open());
    let mut lena = Browser::enter(&serve, &site, "lena", "viewer");
    lena.get("/channels/adt/stop").ended(403);
    lena.submit("/account", "/channels/adt/stop", &[("what", "start")]).ended(403);
    boss.submit("/channels/adt/stop", "/channels/adt/stop", &[("what", "start")]).ended(303);
    TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    serve.wait_for("the alert's end", || open().is_empty());
    serve.stop();
}
