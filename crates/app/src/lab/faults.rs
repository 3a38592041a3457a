//! The table of faults: one line each. Each is played by a test, and by `klinke demo --fault NAME`;
//! `docs/faults.md` is written from it (`cargo xtask faults`).

use klinke_diagnosis::Verdict::{Data, Line, Setup as Human, Software};
use klinke_diagnosis::finding::Finding;
use klinke_diagnosis::{Layer, Verdict};

use super::network::Network;
use super::partner::Manner;
use super::sender::Sender;

/// One fault.
#[derive(Debug)]
pub struct Fault {
    /// Its name.
    pub name: &'static str,
    /// Whose fault it is.
    pub verdict: Verdict,
    /// On which rung it shows.
    pub layer: Layer,
    /// The cause that is told.
    pub cause: &'static str,
    /// What is broken, in English and German.
    pub broken: (&'static str, &'static str),
    /// How it is played.
    pub setup: Setup,
}

/// How a fault is played.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    /// The system that is asked about.
    pub asked: &'static str,
    /// How radiology behaves.
    pub partner: Manner,
    /// After how many messages it begins to.
    pub good_first: u32,
    /// What lies between.
    pub network: Network,
    /// Who sends, and how.
    pub sender: Sender,
    /// Radiology's entry in `systems.toml`; `@RIS@` is its address.
    pub endpoint: &'static str,
    /// More keys of the channel's destination.
    pub destination: &'static str,
    /// More keys of the channel's source.
    pub source: &'static str,
    /// Steps of the channel.
    pub steps: &'static str,
    /// The table `store` of `klinke.toml`.
    pub store: &'static str,
    /// More of the channel's file.
    pub limits: &'static str,
    /// How long an answer may take.
    pub patience: &'static str,
    /// What a person does.
    pub act: Act,
}

/// What is done beside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Nothing.
    None,
    /// The destination is held.
    Hold,
    /// The channel's port is taken.
    TakePort,
}

impl Fault {
    /// True when a finding says what this fault is.
    pub fn is(&self, finding: &Finding) -> bool {
        finding.verdict == self.verdict && finding.layer == Some(self.layer) && finding.cause == self.cause
    }
}

/// Radiology over MLLP, and everything as it should be.
pub const GOOD: Setup = Setup {
    asked: "ris",
    partner: Manner::Good,
    good_first: 0,
    network: Network::Direct,
    sender: Sender::Steady(40),
    endpoint: "mllp = { address = \"@RIS@\", answer_timeout = \"1s\", connect_timeout = \"600ms\" }",
    destination: "",
    source: "",
    steps: "",
    store: "reserve = \"1MB\"",
    limits: "",
    patience: "1s",
    act: Act::None,
};

/// Radiology with TLS.
pub const TLS: Setup = Setup {
    endpoint: "mllp = { address = \"@RIS@\", answer_timeout = \"1s\", connect_timeout = \"600ms\", tls = { authorities = \"certs/ca.pem\", name = \"ris.hospital.example\" } }",
    ..GOOD
};

/// Radiology over HTTP.
pub const WEB: Setup = Setup {
    endpoint: "http = { url = \"http://@RIS@/hl7\", answer_timeout = \"1s\", connect_timeout = \"600ms\" }",
    ..GOOD
};

/// The KIS sends; radiology is well.
pub const FROM: Setup = Setup { asked: "kis", ..GOOD };

const LANES: &str = "lane = \"PID-3.1\"\nconnections = 2";
const WITH_CERTIFICATE: &str =
    ", tls = { certificate = \"certs/good.pem\", key = \"certs/good.key\", clients = \"certs/ca.pem\" }";

/// All faults.
#[rustfmt::skip]
pub static FAULTS: &[Fault] = &[
    // The wire.
    Fault { name: "name-unknown", verdict: Human, layer: Layer::Name, cause: "name-unknown", broken: ("radiology's name has no address", "der Name der Radiologie hat keine Adresse"), setup: Setup { endpoint: "mllp = { address = \"ris.nowhere.invalid:2575\", connect_timeout = \"2s\" }", ..GOOD } },
    Fault { name: "folder-missing", verdict: Human, layer: Layer::Name, cause: "folder-missing", broken: ("the folder for radiology is not there", "den Ordner für die Radiologie gibt es nicht"), setup: Setup { endpoint: "file = { folder = \"nowhere/ris\" }", ..GOOD } },
    Fault { name: "folder-is-file", verdict: Human, layer: Layer::Name, cause: "folder-missing", broken: ("the folder for radiology is a file", "der Ordner für die Radiologie ist eine Datei"), setup: Setup { endpoint: "file = { folder = \"systems.toml\" }", ..GOOD } },
    Fault { name: "mtu", verdict: Line, layer: Layer::Route, cause: "mtu-black-hole", broken: ("large packets vanish on the way (MTU)", "große Pakete verschwinden unterwegs (MTU)"), setup: Setup { network: Network::BlackHole(1_400), sender: Sender::SmallThenLarge(400_000), ..GOOD } },
    Fault { name: "refused", verdict: Software, layer: Layer::Tcp, cause: "refused", broken: ("radiology's service has stopped", "der Dienst der Radiologie ist beendet"), setup: Setup { partner: Manner::Away, good_first: 4, ..GOOD } },
    Fault { name: "wrong-port", verdict: Human, layer: Layer::Tcp, cause: "wrong-port", broken: ("the port is wrong: nothing ever listened there", "der Port ist falsch: dort hat nie etwas zugehört"), setup: Setup { partner: Manner::Away, ..GOOD } },
    Fault { name: "connect-timeout", verdict: Line, layer: Layer::Tcp, cause: "connect-timeout", broken: ("packets to radiology vanish", "Pakete zur Radiologie verschwinden"), setup: Setup { partner: Manner::Deaf, ..GOOD } },
    Fault { name: "reset-at-once", verdict: Human, layer: Layer::Tcp, cause: "turned-away", broken: ("radiology resets every connection at once", "die Radiologie setzt jede Verbindung sofort zurück"), setup: Setup { partner: Manner::ResetAtOnce, ..GOOD } },
    Fault { name: "close-at-once", verdict: Human, layer: Layer::Tcp, cause: "turned-away", broken: ("radiology closes every connection at once", "die Radiologie schließt jede Verbindung sofort"), setup: Setup { partner: Manner::CloseAtOnce, ..GOOD } },
    Fault { name: "restarts", verdict: Software, layer: Layer::Tcp, cause: "restarts", broken: ("radiology's service restarts again and again", "der Dienst der Radiologie startet immer wieder neu"), setup: Setup { partner: Manner::Restarts(600), good_first: 3, ..GOOD } },
    Fault { name: "idle-drop", verdict: Line, layer: Layer::Tcp, cause: "idle-drop", broken: ("a firewall forgets idle connections", "eine Firewall vergisst stille Verbindungen"), setup: Setup { network: Network::IdleDrop(400), sender: Sender::Steady(700), ..GOOD } },
    Fault { name: "every-third", verdict: Software, layer: Layer::Tcp, cause: "every-nth", broken: ("radiology resets the connection at every third message", "die Radiologie setzt bei jeder dritten Nachricht die Verbindung zurück"), setup: Setup { partner: Manner::Nth(3), ..GOOD } },
    Fault { name: "line-breaks", verdict: Line, layer: Layer::Tcp, cause: "line-breaks", broken: ("the line loses connections at random", "die Leitung verliert wahllos Verbindungen"), setup: Setup { network: Network::Breaks(&[3, 6, 2, 5, 4, 7, 3, 9]), ..GOOD } },
    Fault { name: "partner-does-not-come", verdict: Software, layer: Layer::Tcp, cause: "partner-does-not-connect", broken: ("radiology is to connect to us, and does not", "die Radiologie soll sich bei uns verbinden und tut es nicht"), setup: Setup { partner: Manner::Away, endpoint: "mllp = { listen = \"@RIS@\", answer_timeout = \"1s\", connect_timeout = \"300ms\" }", ..GOOD } },
    Fault { name: "raw-refused", verdict: Software, layer: Layer::Tcp, cause: "refused", broken: ("an old program over raw TCP has ended", "ein altes Programm über rohes TCP ist beendet"), setup: Setup { partner: Manner::Away, good_first: 4, endpoint: "tcp = { address = \"@RIS@\", framing = { start = [0x0B], end = [0x1C, 0x0D] }, accept = [\"MSH\"], answer_timeout = \"1s\", connect_timeout = \"600ms\" }", ..GOOD } },
    Fault { name: "raw-hang", verdict: Software, layer: Layer::Answer, cause: "no-answer", broken: ("an old program over raw TCP does not answer", "ein altes Programm über rohes TCP antwortet nicht"), setup: Setup { partner: Manner::Hang, endpoint: "tcp = { address = \"@RIS@\", framing = { start = [0x0B], end = [0x1C, 0x0D] }, accept = [\"MSH\"], answer_timeout = \"1s\", connect_timeout = \"600ms\" }", ..GOOD } },
    Fault { name: "sender-away", verdict: Human, layer: Layer::Tcp, cause: "wrong-port", broken: ("we are to fetch from the KIS, and nothing listens there", "wir sollen beim KIS abholen, und dort hört nichts zu"), setup: Setup { source: "@CONNECT@", sender: Sender::Silent, ..FROM } },
    Fault { name: "web-refused", verdict: Human, layer: Layer::Tcp, cause: "wrong-port", broken: ("no web service is there", "dort ist kein Webdienst"), setup: Setup { partner: Manner::Away, ..WEB } },
    // TLS.
    Fault { name: "tls-expired", verdict: Human, layer: Layer::Tls, cause: "tls-expired", broken: ("radiology's certificate has expired", "das Zertifikat der Radiologie ist abgelaufen"), setup: Setup { partner: Manner::Tls("expired"), ..TLS } },
    Fault { name: "tls-not-yet", verdict: Human, layer: Layer::Tls, cause: "tls-not-yet-valid", broken: ("radiology's certificate is not valid yet", "das Zertifikat der Radiologie gilt noch nicht"), setup: Setup { partner: Manner::Tls("not-yet"), ..TLS } },
    Fault { name: "tls-name", verdict: Human, layer: Layer::Tls, cause: "tls-wrong-name", broken: ("radiology's certificate is another's", "das Zertifikat der Radiologie lautet auf einen anderen Namen"), setup: Setup { partner: Manner::Tls("other-name"), ..TLS } },
    Fault { name: "tls-authority", verdict: Human, layer: Layer::Tls, cause: "tls-unknown-authority", broken: ("nobody knows who signed radiology's certificate", "niemand kennt den Aussteller des Zertifikats der Radiologie"), setup: Setup { partner: Manner::Tls("unknown"), ..TLS } },
    Fault { name: "tls-old", verdict: Human, layer: Layer::Tls, cause: "tls-too-old", broken: ("radiology knows TLS 1.0 alone", "die Radiologie kennt nur TLS 1.0"), setup: Setup { partner: Manner::TlsOld, ..TLS } },
    Fault { name: "tls-client", verdict: Human, layer: Layer::Tls, cause: "tls-wants-certificate", broken: ("radiology wants a certificate of ours", "die Radiologie verlangt ein Zertifikat von uns"), setup: Setup { partner: Manner::TlsForKnown, ..TLS } },
    Fault { name: "tls-fingerprint", verdict: Human, layer: Layer::Tls, cause: "tls-other-certificate", broken: ("radiology has a new certificate, and the old one's fingerprint is set", "die Radiologie hat ein neues Zertifikat, eingetragen ist der Fingerabdruck des alten"), setup: Setup { partner: Manner::Tls("good"), endpoint: "mllp = { address = \"@RIS@\", answer_timeout = \"1s\", tls = { fingerprint = \"sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\" } }", ..GOOD } },
    Fault { name: "tls-soon", verdict: Human, layer: Layer::Tls, cause: "tls-expires-soon", broken: ("radiology's certificate expires in a few days", "das Zertifikat der Radiologie läuft in wenigen Tagen ab"), setup: Setup { partner: Manner::Tls("soon"), ..TLS } },
    Fault { name: "tls-there", verdict: Human, layer: Layer::Tls, cause: "tls-there", broken: ("radiology wants TLS, and the site sends in the clear", "die Radiologie verlangt TLS, der Standort sendet im Klartext"), setup: Setup { partner: Manner::Tls("good"), ..GOOD } },
    Fault { name: "no-tls-there", verdict: Human, layer: Layer::Tls, cause: "no-tls-there", broken: ("the site wants TLS, and a web server answers in the clear", "der Standort verlangt TLS, ein Webserver antwortet im Klartext"), setup: Setup { partner: Manner::Http, ..TLS } },
    // What answers there.
    Fault { name: "http-there", verdict: Human, layer: Layer::Protocol, cause: "other-protocol", broken: ("a web server is at radiology's port", "am Port der Radiologie ist ein Webserver"), setup: Setup { partner: Manner::Http, ..GOOD } },
    Fault { name: "ssh-there", verdict: Human, layer: Layer::Protocol, cause: "other-protocol", broken: ("an SSH server is at radiology's port", "am Port der Radiologie ist ein SSH-Server"), setup: Setup { partner: Manner::Ssh, ..GOOD } },
    Fault { name: "ftp-there", verdict: Human, layer: Layer::Protocol, cause: "other-protocol", broken: ("an FTP server is at radiology's port", "am Port der Radiologie ist ein FTP-Server"), setup: Setup { partner: Manner::Ftp, ..GOOD } },
    Fault { name: "smtp-there", verdict: Human, layer: Layer::Protocol, cause: "other-protocol", broken: ("a mail server is at radiology's port", "am Port der Radiologie ist ein Mailserver"), setup: Setup { partner: Manner::Smtp, ..GOOD } },
    Fault { name: "dicom-there", verdict: Human, layer: Layer::Protocol, cause: "other-protocol", broken: ("the PACS is at radiology's port", "am Port der Radiologie ist das PACS"), setup: Setup { partner: Manner::Dicom, ..GOOD } },
    Fault { name: "web-ssh-there", verdict: Human, layer: Layer::Protocol, cause: "other-protocol", broken: ("an SSH server is where the web service should be", "wo der Webdienst sein soll, ist ein SSH-Server"), setup: Setup { partner: Manner::Ssh, ..WEB } },
    // Answers.
    Fault { name: "hang", verdict: Software, layer: Layer::Answer, cause: "no-answer", broken: ("radiology takes messages and never answers", "die Radiologie nimmt Nachrichten und antwortet nie"), setup: Setup { partner: Manner::Hang, good_first: 3, ..GOOD } },
    Fault { name: "late", verdict: Software, layer: Layer::Answer, cause: "late-answers", broken: ("radiology answers too late (a test message is allowed)", "die Radiologie antwortet zu spät (Testnachricht erlaubt)"), setup: Setup { partner: Manner::Slow(1_600), endpoint: "probe = \"echo\"\nmllp = { address = \"@RIS@\", answer_timeout = \"1s\", connect_timeout = \"600ms\" }", ..GOOD } },
    Fault { name: "late-unprobed", verdict: Software, layer: Layer::Answer, cause: "no-answer", broken: ("radiology answers too late, and no probe is allowed", "die Radiologie antwortet zu spät, Prüfungen sind nicht erlaubt"), setup: Setup { partner: Manner::Slow(1_600), endpoint: "probe = \"off\"\nmllp = { address = \"@RIS@\", answer_timeout = \"1s\", connect_timeout = \"600ms\" }", ..GOOD } },
    Fault { name: "slow", verdict: Software, layer: Layer::Answer, cause: "slow-answers", broken: ("radiology needs nearly all the time that it has", "die Radiologie braucht fast die ganze Zeit, die sie hat"), setup: Setup { partner: Manner::Slow(750), ..GOOD } },
    Fault { name: "closes", verdict: Software, layer: Layer::Answer, cause: "closes-unanswered", broken: ("radiology takes a message and closes the connection", "die Radiologie nimmt eine Nachricht und schließt die Verbindung"), setup: Setup { partner: Manner::CloseAfter, ..GOOD } },
    Fault { name: "half-close", verdict: Software, layer: Layer::Answer, cause: "closes-unanswered", broken: ("radiology closes its own direction after a message", "die Radiologie schließt nach einer Nachricht ihre Richtung"), setup: Setup { partner: Manner::HalfClose, good_first: 2, ..GOOD } },
    Fault { name: "large-hang", verdict: Software, layer: Layer::Answer, cause: "large-messages-hang", broken: ("radiology never answers large messages", "die Radiologie beantwortet große Nachrichten nie"), setup: Setup { partner: Manner::LargeHang(5_000), sender: Sender::SmallThenLarge(60_000), ..GOOD } },
    Fault { name: "wrong-id", verdict: Software, layer: Layer::Answer, cause: "answers-another", broken: ("radiology answers other messages than it got", "die Radiologie beantwortet andere Nachrichten als die erhaltenen"), setup: Setup { partner: Manner::WrongId, good_first: 2, ..GOOD } },
    Fault { name: "no-msa", verdict: Software, layer: Layer::Answer, cause: "answers-without-code", broken: ("radiology's acknowledgments have no MSA", "den Bestätigungen der Radiologie fehlt MSA"), setup: Setup { partner: Manner::NoMsa, ..GOOD } },
    Fault { name: "ae-always", verdict: Software, layer: Layer::Answer, cause: "answers-errors", broken: ("radiology answers AE to everything", "die Radiologie antwortet auf alles AE"), setup: Setup { partner: Manner::Says("AE", 0), destination: LANES, ..GOOD } },
    Fault { name: "ar-always", verdict: Human, layer: Layer::Answer, cause: "answers-rejects", broken: ("radiology rejects everything with AR", "die Radiologie weist alles mit AR ab"), setup: Setup { partner: Manner::Says("AR", 0), ..GOOD } },
    Fault { name: "web-log-in", verdict: Human, layer: Layer::Answer, cause: "log-in-refused", broken: ("the web service does not accept the log-in", "der Webdienst nimmt die Anmeldung nicht an"), setup: Setup { partner: Manner::Status(401), ..WEB } },
    Fault { name: "web-path", verdict: Human, layer: Layer::Answer, cause: "no-such-path", broken: ("the web service has no such path", "der Webdienst kennt den Pfad nicht"), setup: Setup { partner: Manner::Status(404), ..WEB } },
    Fault { name: "web-down", verdict: Software, layer: Layer::Answer, cause: "server-error", broken: ("behind the web server nothing works", "hinter dem Webserver arbeitet nichts"), setup: Setup { partner: Manner::Status(503), ..WEB } },
    Fault { name: "web-error", verdict: Software, layer: Layer::Answer, cause: "server-error", broken: ("the web service answers 500 to everything", "der Webdienst antwortet auf alles 500"), setup: Setup { partner: Manner::Status(500), ..WEB } },
    Fault { name: "folder-closed", verdict: Human, layer: Layer::Answer, cause: "folder-closed", broken: ("the folder for radiology takes no file", "der Ordner für die Radiologie nimmt keine Datei"), setup: Setup { endpoint: "file = { folder = \"/proc/self\" }", ..GOOD } },
    // Content.
    Fault { name: "ae-one", verdict: Data, layer: Layer::Content, cause: "one-message-refused", broken: ("radiology answers AE to one message", "die Radiologie beantwortet eine Nachricht mit AE"), setup: Setup { partner: Manner::SaysToMarked("AE", 0), sender: Sender::OneMarked(40), destination: LANES, ..GOOD } },
    Fault { name: "ar-one", verdict: Data, layer: Layer::Content, cause: "one-message-refused", broken: ("radiology rejects one message with AR", "die Radiologie weist eine Nachricht mit AR ab"), setup: Setup { partner: Manner::SaysToMarked("AR", 0), sender: Sender::OneMarked(40), ..GOOD } },
    Fault { name: "ar-some", verdict: Human, layer: Layer::Content, cause: "some-refused", broken: ("radiology rejects every third message", "die Radiologie weist jede dritte Nachricht ab"), setup: Setup { partner: Manner::SaysToMarked("AR", 0), sender: Sender::SomeMarked(40), ..GOOD } },
    Fault { name: "ar-version", verdict: Human, layer: Layer::Content, cause: "version-refused", broken: ("radiology does not take this version of HL7", "die Radiologie nimmt diese HL7-Version nicht"), setup: Setup { partner: Manner::Says("AR", 203), ..GOOD } },
    Fault { name: "ae-field", verdict: Human, layer: Layer::Content, cause: "field-missing", broken: ("radiology misses a field", "der Radiologie fehlt ein Feld"), setup: Setup { partner: Manner::Says("AE", 101), ..GOOD } },
    Fault { name: "ae-table", verdict: Human, layer: Layer::Content, cause: "value-not-in-table", broken: ("radiology does not know a ward", "die Radiologie kennt eine Station nicht"), setup: Setup { partner: Manner::SaysToMarked("AE", 103), sender: Sender::SomeMarked(40), destination: "lane = \"PID-3.1\"\nconnections = 2\non = { AE = \"dead\" }", ..GOOD } },
    Fault { name: "ar-key", verdict: Data, layer: Layer::Content, cause: "key-unknown", broken: ("radiology does not know the patient of a message", "die Radiologie kennt den Patienten einer Nachricht nicht"), setup: Setup { partner: Manner::SaysToMarked("AR", 204), sender: Sender::OneMarked(40), ..GOOD } },
    // The queue.
    Fault { name: "held", verdict: Human, layer: Layer::Queue, cause: "held", broken: ("a person holds the way to radiology", "der Weg zur Radiologie ist von Hand angehalten"), setup: Setup { act: Act::Hold, ..GOOD } },
    Fault { name: "lane-held", verdict: Data, layer: Layer::Queue, cause: "lane-held", broken: ("a lane stands over one message", "eine Spur steht über einer Nachricht"), setup: Setup { partner: Manner::SaysToMarked("AR", 0), sender: Sender::OneMarked(40), destination: "lane = \"PID-3.1\"\nconnections = 2\non = { AR = \"hold\" }", ..GOOD } },
    // What comes in.
    Fault { name: "sender-not-allowed", verdict: Human, layer: Layer::Tcp, cause: "not-on-list", broken: ("the KIS comes from an address that is not allowed", "das KIS kommt von einer Adresse, die nicht erlaubt ist"), setup: Setup { source: ", allow = [\"10.99.0.0/16\"]", ..FROM } },
    Fault { name: "sender-leaks", verdict: Software, layer: Layer::Tcp, cause: "too-many-connections", broken: ("the KIS opens connections and never closes them", "das KIS öffnet Verbindungen und schließt sie nie"), setup: Setup { sender: Sender::Leaks, source: ", limits = { connections = 8 }", ..FROM } },
    Fault { name: "sender-tls", verdict: Human, layer: Layer::Tls, cause: "sender-speaks-tls", broken: ("the KIS speaks TLS to a port without", "das KIS spricht TLS mit einem Port ohne"), setup: Setup { sender: Sender::Tls, ..FROM } },
    Fault { name: "sender-plain", verdict: Human, layer: Layer::Tls, cause: "sender-fails-tls", broken: ("the KIS sends in the clear to a port with TLS", "das KIS sendet im Klartext an einen Port mit TLS"), setup: Setup { sender: Sender::PlainToTls, source: WITH_CERTIFICATE, ..FROM } },
    Fault { name: "sender-no-certificate", verdict: Human, layer: Layer::Tls, cause: "sender-fails-tls", broken: ("the KIS shows no certificate", "das KIS zeigt kein Zertifikat"), setup: Setup { sender: Sender::NoCertificate, source: WITH_CERTIFICATE, ..FROM } },
    Fault { name: "sender-http", verdict: Human, layer: Layer::Protocol, cause: "sender-speaks-other", broken: ("the KIS sends HTTP to an MLLP port", "das KIS schickt HTTP an einen MLLP-Port"), setup: Setup { sender: Sender::Http, ..FROM } },
    Fault { name: "sender-breaks", verdict: Software, layer: Layer::Protocol, cause: "broken-frames", broken: ("messages of the KIS break off in their middle", "Nachrichten des KIS brechen in der Mitte ab"), setup: Setup { sender: Sender::Breaks, ..FROM } },
    Fault { name: "sender-resends", verdict: Software, layer: Layer::Answer, cause: "sender-resends", broken: ("the KIS sends one message again and again", "das KIS schickt eine Nachricht immer wieder"), setup: Setup { sender: Sender::Resends, ..FROM } },
    Fault { name: "sender-clock", verdict: Human, layer: Layer::Content, cause: "sender-clock", broken: ("the clock of the KIS is ten minutes ahead", "die Uhr des KIS geht zehn Minuten vor"), setup: Setup { sender: Sender::Ahead(600), ..FROM } },
    Fault { name: "sender-zone", verdict: Human, layer: Layer::Content, cause: "sender-clock", broken: ("the KIS has not gone over to summer time", "das KIS hat die Sommerzeit nicht mitgemacht"), setup: Setup { sender: Sender::Ahead(-3_600), ..FROM } },
    Fault { name: "sender-charset", verdict: Human, layer: Layer::Content, cause: "sender-charset", broken: ("the KIS sends UTF-8 and declares ISO 8859-1", "das KIS schickt UTF-8 und nennt ISO 8859-1"), setup: Setup { sender: Sender::Utf8, ..FROM } },
    Fault { name: "two-senders", verdict: Human, layer: Layer::Content, cause: "two-senders", broken: ("a test system sends as the KIS, too", "auch ein Testsystem sendet als KIS"), setup: Setup { sender: Sender::Two, ..FROM } },
    Fault { name: "sender-no-message", verdict: Human, layer: Layer::Content, cause: "no-message", broken: ("the KIS sends XML instead of HL7", "das KIS schickt XML statt HL7"), setup: Setup { sender: Sender::NoMessage, ..FROM } },
    Fault { name: "steps-fail", verdict: Human, layer: Layer::Content, cause: "steps-fail", broken: ("a look-up table lacks the wards", "einer Tabelle fehlen die Stationen"), setup: Setup { steps: "[[step]]\ntitle = \"Wards\"\nlookup = { field = \"PV1-3.1\", table = \"wards\", missing = \"fail\" }\n", ..FROM } },
    Fault { name: "flood", verdict: Software, layer: Layer::Queue, cause: "flood", broken: ("the KIS sends more than radiology can take", "das KIS schickt mehr, als die Radiologie nehmen kann"), setup: Setup { partner: Manner::Slow(60), sender: Sender::Floods, limits: "[limits]\nwaiting = 20\n", ..FROM } },
    // Our own house.
    Fault { name: "port-taken", verdict: Human, layer: Layer::Own, cause: "channel-stopped", broken: ("the channel's port is taken", "der Port des Kanals ist belegt"), setup: Setup { asked: "klinke", act: Act::TakePort, sender: Sender::Silent, ..GOOD } },
    Fault { name: "store-full", verdict: Human, layer: Layer::Own, cause: "store-refuses", broken: ("the store's disk is full", "die Platte des Speichers ist voll"), setup: Setup { asked: "klinke", store: "reserve = \"900000GB\"", ..GOOD } },
    Fault { name: "own-certificate", verdict: Human, layer: Layer::Own, cause: "own-certificate", broken: ("our own certificate has expired", "unser eigenes Zertifikat ist abgelaufen"), setup: Setup { asked: "klinke", sender: Sender::Silent, source: ", tls = { certificate = \"certs/expired.pem\", key = \"certs/expired.key\" }", ..GOOD } },
];
