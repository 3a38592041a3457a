//! TLS on both sides, with certificates made here and a foreign peer (`openssl`, as client and as server).

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

use klinke_adapters::net::{Fingerprint, Statistics};
use klinke_adapters::{mllp, tcp};
use klinke_engine::link::{Destination as _, Link, ReplyKind};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::mllp_destination::{LIMIT, parcel};
use crate::support::*;

/// An authority, and certificates that it signed, as files in a folder of their own.
struct Certificates {
    folder: tempfile::TempDir,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Certificates {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap();
        std::fs::write(folder.path().join("ca.pem"), issuer.pem()).unwrap();
        Certificates { folder, issuer }
    }

    /// Makes `name.pem` and `name.key`; gives the certificate's fingerprint.
    fn make(&self, name: &str) -> String {
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::new(vec![name.to_owned()]).unwrap();
        parameters.distinguished_name.push(rcgen::DnType::CommonName, format!("{name} (common)"));
        parameters.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let certificate = parameters.signed_by(&key, &self.issuer).unwrap();
        std::fs::write(self.path(&format!("{name}.pem")), certificate.pem()).unwrap();
        std::fs::write(self.path(&format!("{name}.key")), key.serialize_pem()).unwrap();
        let digest = Fingerprint::of(certificate.der());
        format!("sha256:{}", digest.0.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }
}

async fn source(certificates: &Certificates, desk: &Arc<Desk>, tls: Value) -> (Running, Arc<Statistics>) {
    let mut settings: mllp::SourceConfig = config(json!({ "listen": "0", "tls": tls }));
    settings.resolve(certificates.folder());
    let source = mllp::Source::new(settings).unwrap();
    let statistics = source.statistics();
    (run(source, desk).await, statistics)
}

fn link(certificates: &Certificates, address: &str, tls: Value) -> Box<dyn Link> {
    let mut settings: mllp::DestinationConfig =
        config(json!({ "address": address, "tls": tls, "connect_timeout": "3s" }));
    settings.resolve(certificates.folder());
    mllp::Destination::new(settings).unwrap().link()
}

#[tokio::test]
async fn both_sides_know_each_other_by_their_certificates() {
    let certificates = Certificates::new();
    certificates.make("localhost");
    let kis = certificates.make("kis");
    let desk = Desk::open();
    let tls = json!({
        "certificate": "localhost.pem", "key": "localhost.key", "clients": "ca.pem",
        "systems": { "kis": kis, "ris": "ris", "lis": "lis (common)" },
    });
    let (source, statistics) = source(&certificates, &desk, tls).await;
    for name in ["kis", "ris", "lis"] {
        if name != "kis" {
            certificates.make(name);
        }
        let tls = json!({
            "authorities": "ca.pem", "name": "localhost",
            "certificate": format!("{name}.pem"), "key": format!("{name}.key"),
        });
        let mut link = link(&certificates, &source.address, tls);
        let reply = link.deliver(&parcel(&adt("C1", "")), LIMIT).await;
        assert_eq!(reply.kind, ReplyKind::Accepted, "{name}: {reply:?}");
        let system = desk.arrivals.lock().unwrap().last().unwrap().system.clone();
        assert_eq!(system.as_deref(), Some(name));
    }

    // One that the same authority signed, and that stands for no system; and none at all.
    certificates.make("stranger");
    for own in [json!({ "certificate": "stranger.pem", "key": "stranger.key" }), json!({})] {
        let mut tls = own;
        tls["authorities"] = json!("ca.pem");
        tls["name"] = json!("localhost");
        let mut link = link(&certificates, &source.address, tls);
        let reply = link.deliver(&parcel(&adt("C1", "")), LIMIT).await;
        assert_ne!(reply.kind, ReplyKind::Accepted);
    }
    assert_eq!((desk.count(), statistics.snapshot().turned_away), (3, 2));
    source.end().await;
}

#[tokio::test]
async fn a_partner_with_another_certificate_is_not_sent_to() {
    let certificates = Certificates::new();
    certificates.make("localhost");
    let desk = Desk::open();
    let tls = json!({ "certificate": "localhost.pem", "key": "localhost.key" });
    let (source, _) = source(&certificates, &desk, tls).await;
    let zeros = format!("sha256:{}", "00".repeat(32));
    for wrong in [
        json!({ "authorities": "ca.pem", "name": "ris" }),
        json!({ "fingerprint": zeros, "name": "localhost" }),
    ] {
        let mut link = link(&certificates, &source.address, wrong);
        let reply = link.deliver(&parcel(&adt("C1", "")), LIMIT).await;
        assert_eq!((reply.kind, &*reply.code), (ReplyKind::Unreachable, "tls"));
    }
    assert_eq!(desk.count(), 0);
    source.end().await;
}

#[tokio::test]
async fn fingerprints_alone_are_enough_on_both_sides() {
    let certificates = Certificates::new();
    let (ours, kis) = (certificates.make("localhost"), certificates.make("kis"));
    certificates.make("other");
    let desk = Desk::open();
    let tls = json!({
        "certificate": "localhost.pem", "key": "localhost.key", "systems": { "kis": kis },
    });
    let (source, _) = source(&certificates, &desk, tls).await;
    for (name, kind) in [("kis", true), ("other", false)] {
        let tls = json!({
            "fingerprint": ours, "certificate": format!("{name}.pem"), "key": format!("{name}.key"),
        });
        let mut link = link(&certificates, &source.address, tls);
        let reply = link.deliver(&parcel(&adt("C1", "")), LIMIT).await;
        assert_eq!(reply.kind == ReplyKind::Accepted, kind, "{reply:?}");
    }
    source.end().await;
}

#[tokio::test]
async fn files_that_are_not_there_are_named() {
    let mut settings: mllp::DestinationConfig =
        config(json!({ "address": "1", "tls": { "authorities": "nowhere.pem" } }));
    settings.resolve(Path::new("/site"));
    let error = mllp::Destination::new(settings).unwrap_err().to_string();
    assert!(error.contains("/site/nowhere.pem"), "{error}");
    let by_name = json!({ "listen": "0", "tls": {
        "certificate": "a", "key": "b", "systems": { "kis": "kis" } } });
    let opened = klinke_engine::source::Source::open(
        Box::new(mllp::Source::new(config(by_name)).unwrap()),
        Arc::new(Handle(Desk::open())),
    );
    assert!(opened.await.err().unwrap().to_string().contains("clients"));
}

#[tokio::test]
async fn openssl_is_served() {
    for version in ["-tls1_2", "-tls1_3"] {
        let certificates = Certificates::new();
        certificates.make("localhost");
        certificates.make("kis");
        let desk = Desk::open();
        let tls = json!({
            "certificate": "localhost.pem", "key": "localhost.key", "clients": "ca.pem",
            "systems": { "kis": "kis" },
        });
        let (source, _) = source(&certificates, &desk, tls).await;
        let mut peer = tokio::process::Command::new("openssl")
            .args(["s_client", "-quiet", "-verify_return_error", version, "-connect", &source.address])
            .args(["-servername", "localhost", "-verify_hostname", "localhost"])
            .args(["-CAfile", "ca.pem", "-cert", "kis.pem", "-key", "kis.key"])
            .current_dir(certificates.folder())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("openssl is installed");
        let (mut stdin, mut stdout) = (peer.stdin.take().unwrap(), peer.stdout.take().unwrap());
        stdin.write_all(framed(&adt("C1", "")).as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let read = async {
            while !answer.ends_with(b"\x1c\r") {
                answer.push(stdout.read_u8().await.unwrap());
            }
        };
        tokio::time::timeout(SOON, read).await.expect("openssl hears the answer");
        assert!(String::from_utf8_lossy(&answer).contains("MSA|AA|C1"));
        drop(stdin);
        source.end().await;
    }
}

/// `openssl s_server` at a free port: what it gets, it prints; what is typed, it sends.
async fn openssl_server(
    certificates: &Certificates,
    name: &str,
    version: &str,
) -> (u16, tokio::process::Child) {
    let port = klinke_testkit::free_port();
    let peer = tokio::process::Command::new("openssl")
        .args(["s_server", "-quiet", version, "-accept", &format!("127.0.0.1:{port}")])
        .args(["-cert", &format!("{name}.pem"), "-key", &format!("{name}.key")])
        .args(["-CAfile", "ca.pem", "-Verify", "1", "-verify_return_error"])
        .current_dir(certificates.folder())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("openssl is installed");
    let listening = format!(":{port:04X} 00000000:0000 0A");
    for _ in 0..500 {
        if std::fs::read_to_string("/proc/net/tcp").unwrap().contains(&listening) {
            return (port, peer);
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("openssl does not listen");
}

#[tokio::test]
async fn openssl_is_delivered_to() {
    for version in ["-tls1_2", "-tls1_3"] {
        let certificates = Certificates::new();
        ["localhost", "klinke", "other"].map(|name| certificates.make(name)).into_iter().for_each(drop);
        let tls = json!({ "authorities": "ca.pem", "certificate": "klinke.pem", "key": "klinke.key" });

        let (port, mut peer) = openssl_server(&certificates, "localhost", version).await;
        let (mut stdin, mut stdout) = (peer.stdin.take().unwrap(), peer.stdout.take().unwrap());
        let mut link = link(&certificates, &format!("localhost:{port}"), tls.clone());
        let partner = async {
            for number in 1..=3 {
                let mut got = Vec::new();
                while !got.ends_with(b"\x1c\r") {
                    got.push(stdout.read_u8().await.unwrap());
                }
                assert_eq!(String::from_utf8_lossy(&got), framed(&adt(&format!("C{number}"), "")));
                let answer = format!("MSH|^~\\&|||||2026||ACK|A|P|2.5\rMSA|AA|C{number}\r");
                stdin.write_all(framed(&answer).as_bytes()).await.unwrap();
            }
        };
        let deliveries = async {
            for number in 1..=3 {
                let reply = link.deliver(&parcel(&adt(&format!("C{number}"), "")), LIMIT).await;
                assert_eq!(reply.kind, ReplyKind::Accepted, "{reply:?}");
            }
        };
        tokio::time::timeout(SOON, async { tokio::join!(partner, deliveries) }).await.expect("in time");

        let (port, _peer) = openssl_server(&certificates, "other", version).await;
        let mut link = self::link(&certificates, &format!("localhost:{port}"), tls);
        let reply = link.deliver(&parcel(&adt("C1", "")), LIMIT).await;
        assert_ne!(reply.kind, ReplyKind::Accepted, "its certificate is another's");
    }
}

#[tokio::test]
async fn a_partner_that_never_greets_is_turned_away() {
    let certificates = Certificates::new();
    certificates.make("localhost");
    let mut settings: tcp::SourceConfig = config(json!({
        "listen": "0", "framing": { "line": "lf" }, "limits": { "handshake": "80ms" },
        "tls": { "certificate": "localhost.pem", "key": "localhost.key" },
    }));
    settings.resolve(certificates.folder());
    let source = tcp::Source::new(settings).unwrap();
    let statistics = source.statistics();
    let source = run(source, &Desk::open()).await;
    expect_end(&mut source.connect().await).await;
    let mut plain = source.connect().await;
    send(&mut plain, "MSH|in the clear\n").await;
    expect_close(&mut plain).await;
    assert_eq!(statistics.snapshot().turned_away, 2);
    source.end().await;
}

#[tokio::test]
async fn a_balancer_says_whom_it_speaks_for() {
    let desk = Desk::open();
    let settings = json!({
        "listen": "0", "framing": { "line": "lf" }, "answer": "ok",
        "proxies": ["127.0.0.1"], "allow": ["10.1.0.0/16"],
    });
    let source = run(tcp::Source::new(config(settings)).unwrap(), &desk).await;
    let mut stream = source.connect().await;
    send(&mut stream, "PROXY TCP4 10.1.2.3 10.0.0.1 5000 6661\r\n1\n").await;
    expect(&mut stream, "ok\n").await;
    assert_eq!(&*desk.arrivals.lock().unwrap()[0].peer, "10.1.2.3:5000");
    for header in ["PROXY TCP4 10.2.2.3 10.0.0.1 5000 6661\r\n", "MSH|^~\\&|without a header\n"] {
        let mut stream = source.connect().await;
        send(&mut stream, header).await;
        expect_end(&mut stream).await;
    }
    assert_eq!(desk.count(), 1);
    source.end().await;
}
