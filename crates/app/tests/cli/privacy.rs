//! Logs hold no patient data, whatever goes wrong and however much is logged (promise 7).

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use crate::support::partner::{Line, Sink};
use crate::support::{Serve, Site, klinke};
use klinke_hl7v2::ack::Code;

/// What must not be in any log.
const SECRETS: [&str; 7] =
    ["Beispielmann", "BEISPIELMANN", "Zdenka", "47110815", "Geheimweg", "19421103", "Verdacht auf"];

fn message(control: &str, event: &str, more: &str) -> Vec<u8> {
    format!(
        "MSH|^~\\&|KIS|KH|RIS|KH|20261124081500||{event}|{control}|P|2.5\r\
         PID|1||47110815^^^KH^PI||Beispielmann^Zdenka||19421103|F|||Geheimweg 4^^Musterstadt\r\
         PV1|1|I|CHI1^12^2^KH||||||||||||||||F47110815^^^KH^VN\r{more}"
    )
    .into_bytes()
}

const CHANNEL: &str = r#"
[source]
mllp = { listen = "127.0.0.1:0", from = "kis" }
ack = "routed"
[[step]]
script = "odd.ts"
[[step]]
lookup = { field = "PV1-3.1", table = "wards", missing = "fail" }
[[destination]]
to = "ris"
lane = "PID-3.1"
connections = 2
retry = { first = "20ms", most = "40ms", attempts = 3 }
on = { AR = "dead" }
[[destination]]
name = "talker"
to = "talker"
retry = { first = "20ms", most = "40ms", attempts = 2 }
[[destination]]
name = "files"
file = { folder = "no/such/folder", name = "{id}.hl7" }
retry = { first = "20ms", most = "40ms", attempts = 2 }
"#;

/// Fails in ways that carry the patient's name into errors.
const SCRIPT: &str = r#"export default (msg: any, ctx: any) => {
  const name = msg.get("PID-5.1") + " " + msg.get("PID-5.2");
  console.log("handling " + name + " " + msg.get("PID-3.1"));
  switch (msg.get("MSH-9.2")) {
    case "A02": throw new Error("no bed for " + name);
    case "A03": throw name;
    case "A04": return msg.get("PID-5.1").noSuchFunction(name);
    case "A05": return name;
    case "A06": for (;;) {}
    case "A07": msg.set(name, "x"); return msg;
    case "A09": msg.set("PV1-3.1", name); return msg;
    case "A10": return ctx.lookup(name, name);
  }
  return msg;
};
"#;

/// A partner that puts the patient into its answers.
fn talker() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().flatten().enumerate() {
            std::thread::spawn(move || talk(stream, number));
        }
    });
    port
}

fn talk(mut stream: TcpStream, number: usize) {
    let mut bytes = [0; 8192];
    while let Ok(1..) = stream.read(&mut bytes) {
        let answer = match number % 4 {
            0 => {
                "MSH|^~\\&|T|||||20261124||ACK|1|P|2.5\rMSA|AE|?|Patient Beispielmann 47110815 unknown\rERR||PID^1^3|204^Unknown^HL70357|E||||Zdenka Beispielmann, Geheimweg\r"
            }
            1 => "Beispielmann Zdenka 47110815",
            2 => "MSH|^~\\&|T|||||20261124||ADR^A19|1|P|2.5\rPID|1||47110815||Beispielmann^Zdenka\r",
            _ => "MSH|^~\\&|T|||||20261124||ACK|1|P|2.5\rMSA|Beispielmann|47110815\r",
        };
        let frame = [b"\x0bjunk Beispielmann\x0b".as_slice(), answer.as_bytes(), b"\x1c\r"].concat();
        if stream.write_all(&frame).is_err() {
            return;
        }
    }
}

/// Everything that can go wrong with the patient's data at hand.
fn trouble(site: &Site, serve: &Serve<'_>, ris: &Sink) {
    let address = serve.address("adt");
    let mut line = Line::open(&address);
    for number in 1..=11 {
        let event = format!("ADT^A{number:02}");
        let _ = line.send(&message(&format!("MSG{number}"), &event, "OBX|1|TX|||Verdacht auf Zdenka\r"));
    }
    ris.answer(Some(Code::ApplicationReject));
    let _ = line.send(&message("REJECTED", "ADT^A01", ""));
    ris.answer(Some(Code::ApplicationError));
    let _ = line.send(&message("ERROR", "ADT^A01", ""));
    ris.answer(None);
    let _ = line.send(&message("SILENT", "ADT^A01", ""));
    let _ = line.send(b"Beispielmann^Zdenka is no HL7");
    let _ = line.send(b"MSH|^~\\&|Beispielmann");
    let _ = line.send(&message("BROKEN|Beispielmann", "ADT^A01|", "\\Xzz\\PID|47110815\r"));
    line.send_raw(b"Zdenka Beispielmann is no frame");
    line.send_raw(&[b"\x0b".as_slice(), &message("CUT", "ADT^A01", "")[..120]].concat());
    line.send_raw(&[b"\x0b".as_slice(), &message("AGAIN", "ADT^A01", ""), b"\x1c\r"].concat());
    line.send_raw(&[b"\x0b".as_slice(), &message("LEFT", "ADT^A01", "")[..99]].concat());
    drop(line);
    std::fs::write(site.folder().join("in/Beispielmann-47110815.hl7"), "Zdenka").expect("written");
    std::fs::write(site.folder().join("in/47110815.hl7"), message("FILE", "ADT^A02", "")).expect("written");
    let mut web = TcpStream::connect(serve.address("web")).expect("someone listens");
    let body = message("WEB", "ADT^A03", "");
    let head =
        format!("POST /?patient=47110815 HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", body.len());
    web.write_all(&[head.as_bytes(), &body].concat()).expect("sent");
    let _ = web.read(&mut [0; 1024]);
    klinke(&["messages", site.path(), "resend", "1", "2"]);
    klinke(&["messages", site.path(), "search", "--patient", "47110815", "--text", "Beispielmann"]);
    klinke(&["trace", site.path(), "47110815"]);
    klinke(&["queue", site.path(), "hold", "adt/ris", "--lane", "47110815", "--reason", "a look"]);
    klinke(&["queue", site.path(), "release", "adt/ris", "--lane", "47110815"]);
}

fn run(format: &str) -> String {
    let ris = Sink::open();
    let site = Site::to_partner(ris.port, "");
    site.write(
        "klinke.toml",
        &format!("name = \"P\"\nsearch = [\"PID-5.1\"]\n[store]\nreserve = \"1MB\"\nfree-text = true\n[log]\nlevel = \"trace\"\nformat = \"{format}\"\n[stop]\nlimit = \"5s\"\n"),
    );
    let systems = format!(
        "[kis]\n[ris]\nmllp = {{ address = \"127.0.0.1:{}\", answer_timeout = \"1s\" }}\n[talker]\nmllp = {{ address = \"127.0.0.1:{}\", answer_timeout = \"300ms\" }}\n",
        ris.port,
        talker()
    );
    site.write("systems.toml", &systems);
    site.write("channels/adt.toml", CHANNEL);
    site.write("channels/odd.ts", SCRIPT);
    site.write("tables/wards.csv", "from,to\nCHI1,Surgery\n");
    let steps = "[[step]]\nscript = \"odd.ts\"\n[[destination]]\nto = \"ris\"\n";
    site.write(
        "channels/files.toml",
        &format!("[source]\nfile = {{ folder = \"in\", pattern = \"*.hl7\" }}\n{steps}"),
    );
    site.write("channels/web.toml", &format!("[source]\nhttp = {{ listen = \"127.0.0.1:0\" }}\n{steps}"));
    std::fs::create_dir(site.folder().join("in")).expect("a folder");
    site.klinke("check", &[]).ended(0);
    let serve = site.serve();
    trouble(&site, &serve, &ris);
    serve.wait_for("failures to be told", || {
        let channel = &site.json("status", &[])["channels"];
        let channels = channel.as_array().expect("channels").clone();
        let figure = |name: &str, what: &str| {
            channels.iter().find(|one| one["name"] == name).and_then(|one| one[what].as_u64()).unwrap_or(0)
        };
        figure("adt", "failed") >= 5 && figure("files", "received") >= 2 && figure("web", "received") >= 1
    });
    // Attempts that fail are given time to.
    std::thread::sleep(Duration::from_millis(1_500));
    let log = serve.log();
    serve.stop();
    let status = site.json("status", &[]);
    let dead: u64 = status["channels"][0]["destinations"]
        .as_array()
        .expect("destinations")
        .iter()
        .filter_map(|one| one["dead"].as_u64())
        .sum();
    assert!(dead > 3, "{status}");
    let after = std::fs::read_to_string(site.folder().join("serve.log")).expect("a log");
    assert!(
        after.len() >= log.len() && after.contains("a sender breaks the rules"),
        "a log of that level has lines:\n{after}"
    );
    after
}

#[track_caller]
fn assert_clean(log: &str) {
    for secret in SECRETS {
        let lines: Vec<&str> = log.lines().filter(|line| line.contains(secret)).collect();
        assert!(lines.is_empty(), "`{secret}` is in the log:\n{}", lines.join("\n"));
    }
}

#[test]
fn logs_for_people_hold_no_patient_data() {
    assert_clean(&run("text"));
}

#[test]
fn logs_as_json_hold_no_patient_data() {
    let log = run("json");
    assert_clean(&log);
    for line in log.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    }
}
