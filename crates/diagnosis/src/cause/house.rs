//! Causes in our own house: lanes that stand, this machine, this program.

use super::{Pair, causes};

causes! {
    /// A person holds it.
    HELD = "held", Setup, Queue,
        Pair("A person holds {name}: {reason}. {waiting} messages wait.", "{name} ist von Hand angehalten: {reason}. {waiting} Nachrichten warten."),
        [Pair("When the reason is gone: klinke queue SITE release {name}.", "Wenn der Grund entfällt: klinke queue STANDORT release {name}.")];
    /// A lane stands.
    LANE_HELD = "lane-held", Data, Queue,
        Pair("A lane of {name} stands since {since} at envelope {envelope}: {reason}.", "Eine Spur von {name} steht seit {since} bei Sendung {envelope}: {reason}."),
        [Pair("Look at it: klinke messages SITE show {envelope}.", "Sie ansehen: klinke messages STANDORT show {envelope}."),
         Pair("Then release, skip or give up: klinke queue SITE --help.", "Dann freigeben, überspringen oder aufgeben: klinke queue STANDORT --help.")];
    /// Dead deliveries.
    DEAD = "dead-deliveries", Data, Queue,
        Pair("{count} messages to {name} were given up and wait for a person.", "{count} Nachrichten an {name} wurden aufgegeben und warten auf eine Entscheidung."),
        [Pair("List them: klinke queue SITE list --dead.", "Auflisten: klinke queue STANDORT list --dead."),
         Pair("Revive them once the cause is gone: klinke queue SITE revive {name}.", "Wiederbeleben, wenn die Ursache behoben ist: klinke queue STANDORT revive {name}.")];
    /// The store does not write.
    STORE = "store-refuses", Setup, Own,
        Pair("The store does not write: {what}. All sources refuse.", "Der Speicher schreibt nicht: {what}. Alle Quellen nehmen nichts an."),
        [Pair("Make room on its disk; what may go is said by `retention`.", "Auf seiner Platte Platz schaffen; was weg darf, sagt `retention`.")];
    /// The disk fills.
    DISK = "disk-low", Setup, Own,
        Pair("The store's disk has {free} MB left; below {reserve} MB sources refuse.", "Die Platte des Speichers hat noch {free} MB; unter {reserve} MB nehmen Quellen nichts mehr an."),
        [Pair("Make room, or set `retention` shorter.", "Platz schaffen oder `retention` kürzer setzen.")];
    /// Memory.
    MEMORY = "memory-low", Setup, Own,
        Pair("This machine has {free} MB of {all} MB memory left.", "Dieser Rechner hat noch {free} MB von {all} MB Arbeitsspeicher."),
        [Pair("Look which program takes it.", "Nachsehen, welches Programm ihn belegt.")];
    /// File handles.
    HANDLES = "handles-low", Setup, Own,
        Pair("{used} of {all} file handles of the program are in use.", "{used} von {all} Dateikennungen des Programms sind belegt."),
        [Pair("Raise LimitNOFILE of the service; look who keeps connections open.", "LimitNOFILE des Dienstes erhöhen; nachsehen, wer Verbindungen offen hält.")];
    /// The clock jumped.
    CLOCK_JUMP = "clock-jumped", Setup, Own,
        Pair("The clock of this machine jumped by {span}.", "Die Uhr dieses Rechners ist um {span} gesprungen."),
        [Pair("Look at its time service.", "Ihren Zeitdienst prüfen.")];
    /// All others differ.
    OWN_CLOCK = "own-clock", Setup, Own,
        Pair("The clocks of {count} of {of} systems differ from ours by {span} alike: it is ours that is wrong.", "Die Uhren von {count} von {of} Systemen weichen gleichermaßen um {span} ab: unsere geht falsch."),
        [Pair("Look at the time service of this machine.", "Den Zeitdienst dieses Rechners prüfen.")];
    /// A channel does not run.
    CHANNEL_STOPPED = "channel-stopped", Setup, Own,
        Pair("The channel {channel} did not start: {what}.", "Der Kanal {channel} ist nicht gestartet: {what}."),
        [Pair("Put right what is said, then reload: systemctl reload, or SIGHUP.", "Beheben, was genannt ist, dann neu laden: systemctl reload oder SIGHUP.")];
    /// Files with faults.
    FILES = "site-faults", Setup, Own,
        Pair("The site's files have faults: {what}", "Die Dateien des Standorts haben Fehler: {what}"),
        [Pair("klinke check SITE names file and line.", "klinke check STANDORT nennt Datei und Zeile.")];
    /// Our certificate.
    OWN_CERTIFICATE = "own-certificate", Setup, Own,
        Pair("Our own certificate {file} {what}.", "Unser eigenes Zertifikat {file} {what}."),
        [Pair("Renew it, then restart the service.", "Es erneuern, dann den Dienst neu starten.")];
    /// Our port is not open.
    PORT_CLOSED = "own-port-closed", Software, Own,
        Pair("Our port {address} is not open although its channel runs.", "Unser Port {address} ist nicht offen, obwohl sein Kanal läuft."),
        [Pair("Restart the service and keep its log.", "Den Dienst neu starten und sein Protokoll aufheben.")];
    /// The books do not balance.
    BOOKS = "books", Software, Own,
        Pair("The books do not balance.", "Die Bücher gehen nicht auf."),
        [Pair("klinke verify SITE, and report what it says.", "klinke verify STANDORT, und melden, was es sagt.")];
}
