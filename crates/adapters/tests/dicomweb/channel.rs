//! The event channel: what watchers of workitems are told over a real WebSocket, and that nothing of it gets lost.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use klinke_adapters::dicomweb::{Deed, Web};
use klinke_adapters::units::Period;
use klinke_archive::{Archive, Options};
use klinke_engine::source::Stop;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Message, Role};

use crate::peer::python;
use crate::support::{Doorman, Running, config, start, start_with};
use crate::workitems::{code, performed, workitem};

const AT: &str = "/dicom-web/workitems";
const GLOBAL: &str = "1.2.840.10008.5.1.4.34.5";
const FILTERED: &str = "1.2.840.10008.5.1.4.34.5.1";
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// What asks for a WebSocket.
fn upgrade(more: &str) -> String {
    format!(
        "Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n{more}"
    )
}

/// A channel's other side.
struct Listener(WebSocketStream<TcpStream>);

impl Running {
    /// Opens a channel; what was answered where that is none.
    async fn open(&self, title: &str, more: &str) -> Result<Listener, String> {
        let mut stream = TcpStream::connect(self.address).await.expect("a connection");
        let head =
            format!("GET /dicom-web/subscribers/{title} HTTP/1.1\r\nHost: pacs\r\n{}\r\n", upgrade(more));
        stream.write_all(head.as_bytes()).await.expect("sent");
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                Ok(byte) => answer.push(byte),
                Err(_) => break,
            }
        }
        let answer = String::from_utf8(answer).expect("a header");
        match answer.starts_with("HTTP/1.1 101 ") {
            true => {
                assert!(answer.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{answer}");
                Ok(Listener(WebSocketStream::from_raw_socket(stream, Role::Client, None).await))
            }
            false => Err(answer),
        }
    }

    async fn listen(&self, title: &str) -> Listener {
        self.open(title, "").await.map_err(|answer| panic!("{answer}")).expect("a channel")
    }

    async fn subscribe(&self, what: &str, query: &str) -> u16 {
        self.ask("POST", &format!("{AT}/{what}{query}"), "", &[]).await.status
    }

    /// How many reports somebody is owed, when that is settled.
    async fn owes(&self, title: &str, count: u64) {
        for _ in 0..100 {
            let owed = self.archive.watcher(title).expect("a watcher").map_or(0, |watcher| watcher.owed);
            if owed == count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{title} is not owed {count} reports: {:?}", self.archive.watcher(title));
    }
}

impl Listener {
    /// The next report; pings are answered meanwhile.
    async fn next(&mut self) -> Value {
        loop {
            let message = timeout(Duration::from_secs(10), self.0.next()).await.expect("a report in time");
            match message.expect("an open channel").expect("a frame") {
                Message::Text(text) => return serde_json::from_str(&text).expect("JSON"),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// The type, the workitem and the state of the next report.
    async fn told(&mut self) -> (u64, String, String) {
        let report = self.next().await;
        let text = |tag: &str| report[tag]["Value"][0].as_str().unwrap_or_default().to_owned();
        (report["00001002"]["Value"][0].as_u64().expect("a type"), text("00001000"), text("00741000"))
    }

    /// That nothing is told for a while, in which what came is confirmed.
    async fn is_silent(&mut self) {
        let waited = timeout(Duration::from_millis(300), self.next()).await;
        assert!(waited.is_err(), "{waited:?}");
    }

    /// How it is closed, with what came before.
    async fn end(mut self) -> (Vec<Value>, Option<u16>) {
        let mut reports = Vec::new();
        loop {
            match timeout(Duration::from_secs(10), self.0.next()).await.expect("the end in time") {
                Some(Ok(Message::Text(text))) => reports.push(serde_json::from_str(&text).expect("JSON")),
                Some(Ok(Message::Close(frame))) => return (reports, frame.map(|frame| frame.code.into())),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return (reports, None),
            }
        }
    }
}

fn was(event: u64, uid: &str, state: &str) -> (u64, String, String) {
    (event, uid.to_owned(), state.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watcher_is_told_all_that_happens_to_a_workitem() {
    let running = start().await;
    running.create("1.1", &workitem("A")).await;
    let subscribed = running.ask("POST", &format!("{AT}/1.1/subscribers/AI%20BOX"), "", &[]).await;
    assert_eq!(subscribed.status, 201);
    assert_eq!(subscribed.header("content-location"), "ws://pacs/dicom-web/subscribers/AI%20BOX");
    let mut listener = running.listen("AI%20BOX").await;
    // How it is at first, as PS3.18, section 11.13 has it.
    assert_eq!(
        listener.next().await,
        json!({
            "00000002": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.34.6.1"]},
            "00000110": {"vr": "US", "Value": [1]},
            "00001000": {"vr": "UI", "Value": ["1.1"]},
            "00001002": {"vr": "US", "Value": [1]},
            "00404041": {"vr": "CS", "Value": ["READY"]},
            "00741000": {"vr": "CS", "Value": ["SCHEDULED"]},
        })
    );
    running.put_state("1.1", "IN PROGRESS", "1.2").await;
    assert_eq!(listener.told().await, was(1, "1.1", "IN PROGRESS"));
    let update = json!({
        "00404041": {"vr": "CS", "Value": ["INCOMPLETE"]},
        "00404025": code("GPU2"),
        "00741002": {"vr": "SQ", "Value": [{"00741004": {"vr": "DS", "Value": [50]}}]},
    });
    assert_eq!(running.tell("POST", "/1.1?1.2", &update).await.status, 200);
    let report = listener.next().await;
    assert_eq!(
        (&report["00001002"]["Value"][0], &report["00404041"]["Value"][0]),
        (&json!(1), &json!("INCOMPLETE"))
    );
    let report = listener.next().await;
    assert_eq!(report["00001002"]["Value"][0], 3);
    assert_eq!(report["00741002"]["Value"][0]["00741004"]["Value"][0], 50);
    let report = listener.next().await;
    assert_eq!(report["00001002"]["Value"][0], 5);
    assert_eq!(report["00404025"]["Value"][0]["00080100"]["Value"][0], "GPU2");
    // What changes nothing that is told of is not told.
    let label = json!({"00741204": {"vr": "LO", "Value": ["another"]}});
    assert_eq!(running.tell("POST", "/1.1?1.2", &label).await.status, 200);
    let cancel = json!({
        "00741238": {"vr": "LT", "Value": ["ärztlich"]},
        "00741236": {"vr": "AE", "Value": ["RIS"]},
        "0074100E": code("110501"),
    });
    assert_eq!(running.tell("POST", "/1.1/cancelrequest", &cancel).await.status, 202);
    let report = listener.next().await;
    assert_eq!(report["00001002"]["Value"][0], 2);
    assert_eq!(
        (&report["00741238"]["Value"][0], &report["00741236"]["Value"][0]),
        (&json!("ärztlich"), &json!("RIS"))
    );
    running.tell("POST", "/1.1?1.2", &performed()).await;
    running.put_state("1.1", "COMPLETED", "1.2").await;
    assert_eq!(listener.told().await, was(1, "1.1", "COMPLETED"));
    listener.is_silent().await;
    running.owes("AI BOX", 0).await;
    let opened = running.gate.opened.lock().expect("no panic").clone();
    assert!(opened.iter().any(|one| one.deed == Deed::ChannelOpened && one.instances == ["AI BOX"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn watching_the_worklist() {
    let running = start().await;
    running.create("1.1", &workitem("AI")).await;
    assert_eq!(running.subscribe(GLOBAL, "/subscribers/ALL?deletionlock=true").await, 201);
    assert_eq!(running.subscribe(FILTERED, "/subscribers/SOME?WorklistLabel=AI*").await, 201);
    assert_eq!(running.subscribe(FILTERED, "/subscribers/SOME").await, 400);
    assert_eq!(running.subscribe("1.9", "/subscribers/SOME").await, 404);
    let (mut all, mut some) = (running.listen("ALL").await, running.listen("SOME").await);
    assert_eq!(all.told().await, was(1, "1.1", "SCHEDULED"));
    assert_eq!(some.told().await, was(1, "1.1", "SCHEDULED"));
    let mut assigned = workitem("Planning");
    assigned["00404025"] = code("GPU1");
    running.create("1.2", &assigned).await;
    running.create("1.3", &workitem("AI")).await;
    assert_eq!(all.told().await, was(1, "1.2", "SCHEDULED"));
    assert_eq!(all.told().await, was(5, "1.2", ""));
    assert_eq!(all.told().await, was(1, "1.3", "SCHEDULED"));
    assert_eq!(some.told().await, was(1, "1.3", "SCHEDULED"));
    // One that nobody has claimed is cancelled in two steps.
    running.ask("POST", &format!("{AT}/1.3/cancelrequest"), "", &[]).await;
    for listener in [&mut all, &mut some] {
        assert_eq!(listener.told().await, was(1, "1.3", "IN PROGRESS"));
        let report = listener.next().await;
        assert_eq!(report["00741000"]["Value"][0], "CANCELED");
        assert_eq!(report["0074100E"]["Value"][0]["00080100"]["Value"][0], "110513");
    }
    // Suspended: what is watched goes on, what is new does not begin.
    assert_eq!(running.subscribe(GLOBAL, "/subscribers/ALL/suspend").await, 200);
    assert_eq!(running.subscribe(GLOBAL, "/subscribers/ALL/suspend").await, 404);
    assert_eq!(running.subscribe("1.1", "/subscribers/ALL/suspend").await, 404);
    running.create("1.4", &workitem("AI")).await;
    assert_eq!(some.told().await, was(1, "1.4", "SCHEDULED"));
    running.put_state("1.1", "IN PROGRESS", "1.2").await;
    assert_eq!(all.told().await, was(1, "1.1", "IN PROGRESS"));
    assert_eq!(some.told().await, was(1, "1.1", "IN PROGRESS"));
    // The end of one subscription, and of all.
    let delete = async |path: &str| running.ask("DELETE", &format!("{AT}/{path}"), "", &[]).await.status;
    assert_eq!(delete("1.1/subscribers/SOME").await, 200);
    assert_eq!(delete("1.1/subscribers/SOME").await, 404);
    assert_eq!(delete(&format!("{GLOBAL}/subscribers/ALL")).await, 200);
    assert_eq!(delete(&format!("{GLOBAL}/subscribers/ALL")).await, 404);
    running.tell("POST", "/1.1?1.2", &performed()).await;
    assert_eq!(running.put_state("1.1", "COMPLETED", "1.2").await.status, 200);
    all.is_silent().await;
    some.is_silent().await;
    assert_eq!(delete(&format!("{FILTERED}/subscribers/SOME")).await, 200);
    running.create("1.5", &workitem("AI")).await;
    some.is_silent().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_wait_until_somebody_has_them() {
    let running = start().await;
    assert_eq!(running.subscribe(GLOBAL, "/subscribers/AI").await, 201);
    for at in 1..=250 {
        running.create(&format!("1.{at}"), &workitem("A")).await;
    }
    // A channel that reads and confirms nothing: all are sent again over the next.
    let mut deaf = TcpStream::connect(running.address).await.expect("a connection");
    let head = format!("GET /dicom-web/subscribers/AI HTTP/1.1\r\nHost: pacs\r\n{}\r\n", upgrade(""));
    deaf.write_all(head.as_bytes()).await.expect("sent");
    let mut all = Vec::new();
    while !String::from_utf8_lossy(&all).contains("\"1.100\"") {
        let read = timeout(Duration::from_secs(10), deaf.read_buf(&mut all)).await;
        assert!(read.expect("reports in time").expect("reports") > 0);
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let owed = running.archive.watcher("AI").expect("an archive").map(|watcher| watcher.owed);
    assert_eq!(owed, Some(250));
    drop(deaf);
    let mut listener = running.listen("AI").await;
    for at in 1..=250 {
        assert_eq!(listener.told().await, was(1, &format!("1.{at}"), "SCHEDULED"));
    }
    listener.is_silent().await;
    running.owes("AI", 0).await;
    // Two channels of one title are told the same.
    let mut other = running.listen("AI").await;
    running.create("2.1", &workitem("A")).await;
    assert_eq!(listener.told().await, was(1, "2.1", "SCHEDULED"));
    assert_eq!(other.told().await, was(1, "2.1", "SCHEDULED"));
    listener.is_silent().await;
    other.is_silent().await;
    running.owes("AI", 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_is_there_again_when_the_service_comes_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let serve = async || {
        let archive = Archive::open(folder.path(), Options::default()).expect("an archive");
        let gate = std::sync::Arc::new(Doorman::default());
        let open = Web::new(config(), archive.clone(), gate.clone()).open().await.expect("a port");
        let address = open.address().parse().expect("an address");
        let (stopper, stop) = Stop::new();
        let served = tokio::spawn(open.run(stop));
        let folder = tempfile::tempdir().expect("a folder");
        (Running::of(address, archive, gate, folder), stopper, served)
    };
    let (running, stopper, served) = serve().await;
    running.create("1.1", &workitem("A")).await;
    running.put_state("1.1", "IN PROGRESS", "1.2").await;
    running.subscribe("1.1", "/subscribers/AI").await;
    let mut listener = running.listen("AI").await;
    assert_eq!(listener.told().await, was(1, "1.1", "IN PROGRESS"));
    listener.is_silent().await;
    running.owes("AI", 0).await;
    // It ends in good order: it says so, and closes.
    stopper.say();
    let (reports, closed) = listener.end().await;
    assert_eq!(closed, Some(1001));
    let [report] = &reports[..] else { panic!("{reports:?}") };
    assert_eq!(
        (&report["00001002"]["Value"][0], &report["00741242"]["Value"][0]),
        (&json!(4), &json!("GOING DOWN"))
    );
    timeout(Duration::from_secs(10), served).await.expect("the end in time").expect("no panic");
    drop(running);

    let (running, _stopper, _served) = serve().await;
    let mut listener = running.listen("AI").await;
    let report = listener.next().await;
    assert_eq!(report["00001000"]["Value"][0], GLOBAL);
    for (tag, value) in [("00741242", "RESTARTED"), ("00741244", "WARM START"), ("00741246", "WARM START")] {
        assert_eq!(report[tag]["Value"][0], value);
    }
    assert_eq!(running.tell("POST", "/1.1?1.2", &performed()).await.status, 200);
    assert_eq!(running.put_state("1.1", "COMPLETED", "1.2").await.status, 200);
    assert_eq!(listener.told().await, was(1, "1.1", "COMPLETED"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_open_a_channel() {
    let mut strict = config();
    strict.cors = vec!["https://viewer.example".to_owned()];
    strict.limits.channels = 1;
    let running = start_with(strict, Doorman { closed: true, ..Doorman::default() }).await;
    let known = "Authorization: Bearer read\r\n";
    let open = async |more: &str| running.open("AI", &format!("{known}{more}")).await;
    let status = |answer: Result<Listener, String>| answer.err().map(|text| text[9..12].to_owned());
    // Nobody comes in without saying who.
    let answer = running.open("AI", "").await.err().expect("none");
    assert!(answer.starts_with("HTTP/1.1 401 ") && answer.contains("www-authenticate"), "{answer}");
    // A page of another origin does not, whoever's browser it runs in.
    for origin in ["https://evil.example", "null", "http://pacs.evil.example", "https://pacs"] {
        let answer = open(&format!("Origin: {origin}\r\n")).await;
        assert_eq!(status(answer).as_deref(), Some("403"), "{origin}");
    }
    for origin in ["https://viewer.example", "http://pacs"] {
        assert_eq!(status(open(&format!("Origin: {origin}\r\n")).await), None, "{origin}");
        // Its place is free again when it has gone.
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let first = open("").await;
    assert_eq!(status(open("").await).as_deref(), Some("503"));
    drop(first);
    // A star lets in whoever shows who they are, not what a browser remembers.
    let mut all = config();
    all.cors = vec!["*".to_owned()];
    let running = start_with(all, Doorman::default()).await;
    let evil = "Origin: https://evil.example\r\n";
    assert_eq!(status(running.open("AI", evil).await).as_deref(), Some("403"));
    assert_eq!(status(running.open("AI", &format!("{known}{evil}")).await), None);
    // What is no handshake.
    let plain = running.get("/dicom-web/subscribers/AI", "").await;
    assert_eq!(
        (plain.status, plain.header("sec-websocket-version"), plain.header("upgrade")),
        (426, "13", "websocket")
    );
    let old = upgrade("").replace("Version: 13", "Version: 8");
    assert_eq!(running.get("/dicom-web/subscribers/AI", &old).await.status, 426);
    let keyless = upgrade("").replace(KEY, "short");
    assert_eq!(running.get("/dicom-web/subscribers/AI", &keyless).await.status, 400);
    assert_eq!(
        running.get("/dicom-web/subscribers/way-too-long-for-a-title", &upgrade("")).await.status,
        400
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_side_is_silent_noisy_or_broken() {
    let mut quick = config();
    quick.limits.ping = Period(Duration::from_millis(300));
    let running = start_with(quick, Doorman::default()).await;
    // Whoever answers pings stays.
    let mut alive = running.listen("AI").await;
    let waited = timeout(Duration::from_millis(1500), alive.next()).await;
    assert!(waited.is_err());
    running.subscribe(GLOBAL, "/subscribers/AI").await;
    running.create("1.1", &workitem("A")).await;
    assert_eq!(alive.told().await, was(1, "1.1", "SCHEDULED"));
    // Whoever does not is cut off.
    let mut silent = TcpStream::connect(running.address).await.expect("a connection");
    let head = format!("GET /dicom-web/subscribers/B HTTP/1.1\r\nHost: pacs\r\n{}\r\n", upgrade(""));
    silent.write_all(head.as_bytes()).await.expect("sent");
    let mut all = Vec::new();
    timeout(Duration::from_secs(10), silent.read_to_end(&mut all))
        .await
        .expect("the end in time")
        .expect("an end");
    assert!(all.starts_with(b"HTTP/1.1 101 "));
    // What it says is passed over, up to a limit; what is too long, or no frame, ends the channel.
    let mut noisy = running.listen("C").await;
    for _ in 0..100 {
        noisy.0.send(Message::text("hello")).await.expect("sent");
    }
    running.subscribe(GLOBAL, "/subscribers/C").await;
    assert_eq!(noisy.told().await, was(1, "1.1", "SCHEDULED"));
    noisy.0.send(Message::text("x".repeat(5000))).await.expect("sent");
    noisy.end().await;
    let mut broken = TcpStream::connect(running.address).await.expect("a connection");
    broken.write_all(head.as_bytes()).await.expect("sent");
    broken.write_all(&[0xFF; 64]).await.expect("sent");
    let mut all = Vec::new();
    let ended = timeout(Duration::from_secs(10), broken.read_to_end(&mut all)).await;
    assert!(ended.is_ok(), "the channel goes on");
    // And orderly.
    alive.0.close(None).await.expect("closed");
    assert!(alive.end().await.0.is_empty());
}

/// `websockets` of PyPI as the other side, pydicom to read what it is told.
#[tokio::test(flavor = "multi_thread")]
async fn a_peer_in_python_watches() {
    let running = start().await;
    running.create("1.1", &workitem("A")).await;
    let path = format!("{}/tests/dicomweb/peers/watch.py", env!("CARGO_MANIFEST_DIR"));
    let url = format!("http://{}/dicom-web", running.address);
    let printed = tokio::task::spawn_blocking(move || python(&[&path, &url])).await.expect("no panic");
    let Some(printed) = printed else { return };
    assert!(printed.trim_end().ends_with("all done"), "{printed}");
    running.owes("PYTHON", 0).await;
}
