//! Every kind of alert: one entry each, in the order of the rungs. `docs/alerts.md` is written from it
//! (`cargo xtask alerts`).
//!
//! Words in braces are put in by whoever raises the alert. `{what}` is the sentence of the cause that the ladder
//! found.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Layer;
use crate::cause::Pair;

/// How much it matters.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Rank {
    /// Worth knowing; nobody needs to do anything now.
    #[default]
    Notice,
    /// Somebody should look at it today.
    Warning,
    /// Messages do not pass, or soon will not: somebody must be woken.
    Urgent,
}

impl Rank {
    /// As files and JSON write it.
    pub fn word(self) -> &'static str {
        match self {
            Rank::Notice => "notice",
            Rank::Warning => "warning",
            Rank::Urgent => "urgent",
        }
    }

    /// The one below.
    #[must_use]
    pub fn lowered(self) -> Rank {
        match self {
            Rank::Urgent => Rank::Warning,
            _ => Rank::Notice,
        }
    }
}

/// How alerts of a kind come together and end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// A partner is not reached or not heard: those of one system, one machine, one network are one alert.
    Reach,
    /// It lasts, and is closed when it is over.
    Lasts,
    /// It happened, and is told once.
    Once,
}

/// One kind of alert.
#[derive(Debug)]
pub struct Kind {
    /// A stable word.
    pub code: &'static str,
    /// How much it matters; what goes on in spite of it is told one rank lower.
    pub rank: Rank,
    /// How it comes together and ends.
    pub family: Family,
    /// On which rung it shows.
    pub layer: Layer,
    /// A few words.
    pub title: Pair,
    /// What is wrong, in a sentence.
    pub sentence: Pair,
    /// What to try first.
    pub first: Pair,
    /// The causes of the ladder that are told as this.
    pub causes: &'static [&'static str],
}

/// The kind of this code.
pub fn of(code: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.code == code)
}

/// The kind as which a cause of the ladder is told.
pub fn of_cause(cause: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.causes.contains(&cause))
}

macro_rules! kinds {
    ($($code:literal, $rank:ident, $family:ident, $layer:ident, $title:expr, $sentence:expr, $first:expr, [$($cause:literal),* $(,)?];)*) => {
        /// All kinds.
        pub static KINDS: &[Kind] = &[$(Kind {
            code: $code, rank: Rank::$rank, family: Family::$family, layer: Layer::$layer,
            title: $title, sentence: $sentence, first: $first, causes: &[$($cause),*],
        }),*];
    };
}

#[rustfmt::skip]
kinds! {
    "partner-down", Urgent, Reach, Tcp,
        Pair("{subject} is not reached", "{subject} ist nicht erreichbar"), Pair("{what}", "{what}"),
        Pair("Call the contact and read to them what `klinke diagnose` proposes to say.", "Den Ansprechpartner anrufen und vorlesen, was `klinke diagnose` zu sagen vorschlägt."),
        ["refused", "wrong-port", "connect-timeout", "name-unknown", "name-service", "interface-down", "no-route", "neighbour-silent", "turned-away", "partner-does-not-connect", "folder-missing", "folder-hangs", "folder-closed", "folder-full", "log-in-refused", "no-such-path", "server-error", "other-protocol", "answers-nonsense", "ae-title-called", "ae-title-calling", "association-busy", "association-rejected"];
    "tls-broken", Urgent, Reach, Tls,
        Pair("TLS with {subject} does not stand", "TLS mit {subject} steht nicht"), Pair("{what}", "{what}"),
        Pair("Compare certificates and names on both sides.", "Zertifikate und Namen auf beiden Seiten vergleichen."),
        ["tls-there", "no-tls-there", "tls-expired", "tls-not-yet-valid", "tls-wrong-name", "tls-unknown-authority", "tls-other-certificate", "tls-too-old", "tls-wants-certificate", "tls-breaks", "sender-speaks-tls", "sender-fails-tls"];
    "unanswered", Urgent, Reach, Answer,
        Pair("{subject} does not answer as it should", "{subject} antwortet nicht, wie es soll"), Pair("{what}", "{what}"),
        Pair("Ask the contact to look at the interface service there.", "Den Ansprechpartner bitten, den Schnittstellendienst dort anzusehen."),
        ["no-answer", "late-answers", "closes-unanswered", "large-messages-hang", "answers-another", "answers-without-code", "unacknowledged", "mtu-black-hole"];
    "silence", Urgent, Reach, Silence,
        Pair("Nothing comes from {subject}", "Von {subject} kommt nichts"), Pair("{what}", "{what}"),
        Pair("Ask the contact whether the interface there works off its queue.", "Den Ansprechpartner fragen, ob die Schnittstelle dort ihre Warteschlange abarbeitet."),
        ["silent", "silent-disconnected"];
    "unstable-line", Warning, Lasts, Tcp,
        Pair("Connections with {subject} break", "Verbindungen mit {subject} brechen ab"), Pair("{what}", "{what}"),
        Pair("`klinke diagnose` names the pattern; show it to the network's people.", "`klinke diagnose` nennt das Muster; den Netzleuten zeigen."),
        ["restarts", "restarts-nightly", "idle-drop", "fixed-age", "every-nth", "line-breaks", "idle-reset"];
    "certificate-expires", Warning, Lasts, Tls,
        Pair("A certificate of {subject} expires", "Ein Zertifikat von {subject} läuft ab"),
        Pair("The certificate {file} of {subject} is valid for {days} more days.", "Das Zertifikat {file} von {subject} gilt noch {days} Tage."),
        Pair("Renew it before it expires: connections end at that second.", "Es vor dem Ablauf erneuern: in dieser Sekunde enden die Verbindungen."), ["tls-expires-soon", "own-certificate"];
    "queue-grows", Warning, Lasts, Queue,
        Pair("The queue of {subject} grows", "Die Warteschlange von {subject} wächst"),
        Pair("{waiting} messages wait for {subject}, {more} more than {span} ago.", "{waiting} Nachrichten warten auf {subject}, {more} mehr als vor {span}."),
        Pair("klinke queue SITE list {subject} shows what stands in front.", "klinke queue STANDORT list {subject} zeigt, was vorn steht."), [];
    "oldest-waits", Warning, Lasts, Queue,
        Pair("Messages for {subject} wait long", "Nachrichten an {subject} warten lange"),
        Pair("The oldest message for {subject} has been waiting for {span}; {waiting} wait.", "Die älteste Nachricht an {subject} wartet seit {span}; es warten {waiting}."),
        Pair("klinke queue SITE list {subject} names it; nothing is lost.", "klinke queue STANDORT list {subject} nennt sie; verloren ist nichts."), [];
    "lane-held", Warning, Lasts, Queue,
        Pair("A lane of {subject} stands", "Eine Spur von {subject} steht"), Pair("{what}", "{what}"),
        Pair("Look at the message in front, then release, skip or give up.", "Die vorderste Nachricht ansehen, dann freigeben, überspringen oder aufgeben."), ["lane-held"];
    "destination-held", Notice, Lasts, Queue,
        Pair("{subject} is held by a person", "{subject} ist von Hand angehalten"), Pair("{what}", "{what}"),
        Pair("Release it when the reason is gone.", "Freigeben, wenn der Grund entfällt."), ["held"];
    "channel-stopped", Notice, Lasts, Queue,
        Pair("{subject} was stopped by a person", "{subject} wurde von Hand gestoppt"),
        Pair("{who} has stopped the channel {subject}: {why}", "{who} hat den Kanal {subject} gestoppt: {why}"),
        Pair("Start it when the reason is gone: klinke channel SITE start.", "Ihn starten, wenn der Grund entfällt: klinke channel STANDORT start."), [];
    "dead-letters", Warning, Lasts, Queue,
        Pair("Messages to {subject} were given up", "Nachrichten an {subject} wurden aufgegeben"), Pair("{what}", "{what}"),
        Pair("klinke queue SITE list --dead; revive them once the cause is gone.", "klinke queue STANDORT list --dead; wiederbeleben, wenn die Ursache behoben ist."), ["dead-deliveries"];
    "dead-letters-old", Warning, Lasts, Queue,
        Pair("Given up messages to {subject} lie about", "Aufgegebene Nachrichten an {subject} bleiben liegen"),
        Pair("{count} messages to {subject} were given up more than {span} ago, and nobody has decided on them.", "{count} Nachrichten an {subject} wurden vor mehr als {span} aufgegeben, und niemand hat darüber entschieden."),
        Pair("Revive or drop them, so that the next one is seen.", "Wiederbeleben oder verwerfen, damit die nächste auffällt."), [];
    "rejected", Warning, Lasts, Answer,
        Pair("{subject} refuses messages", "{subject} lehnt Nachrichten ab"), Pair("{what}", "{what}"),
        Pair("Show the contact the error text of one of them.", "Dem Ansprechpartner den Fehlertext einer davon zeigen."),
        ["answers-errors", "answers-rejects", "version-refused", "field-missing", "value-not-in-table", "some-refused"];
    "message-refused", Notice, Lasts, Content,
        Pair("{subject} refuses one message", "{subject} lehnt eine Nachricht ab"), Pair("{what}", "{what}"),
        Pair("Look at this message alone; others pass.", "Nur diese Nachricht ansehen; andere gehen durch."), ["one-message-refused", "key-unknown"];
    "new-code", Notice, Once, Answer,
        Pair("{subject} answers with a new code", "{subject} antwortet mit einem neuen Code"),
        Pair("{subject} has answered {code} for the first time, to envelope {envelope}.", "{subject} hat zum ersten Mal mit {code} geantwortet, auf Sendung {envelope}."),
        Pair("Ask whether an update went in there; say in `answers` what the code means.", "Fragen, ob dort ein Update eingespielt wurde; in `answers` eintragen, was der Code bedeutet."), [];
    "slow-answers", Warning, Lasts, Answer,
        Pair("{subject} answers slowly", "{subject} antwortet langsam"), Pair("{what}", "{what}"),
        Pair("Ask the contact about the load there; the queue here tells whether it keeps up.", "Den Ansprechpartner nach der Last dort fragen; die Warteschlange hier zeigt, ob es nachkommt."), ["slow-answers"];
    "answers-slower", Warning, Lasts, Answer,
        Pair("Answers of {subject} take longer", "Antworten von {subject} dauern länger"),
        Pair("{subject} takes {span} for an answer; {usual} are usual.", "{subject} braucht {span} für eine Antwort; üblich sind {usual}."),
        Pair("Ask the contact about the load there before it becomes a time-out.", "Den Ansprechpartner nach der Last dort fragen, bevor daraus eine Zeitüberschreitung wird."), [];
    "flood", Warning, Lasts, Silence,
        Pair("{subject} floods us", "{subject} überflutet uns"), Pair("{what}", "{what}"),
        Pair("Ask whether something is sent anew in bulk, or a loop runs.", "Fragen, ob in Massen neu gesendet wird oder eine Schleife läuft."), ["surge", "flood"];
    "rate-changed", Notice, Lasts, Silence,
        Pair("{subject} sends otherwise than usual", "{subject} sendet anders als sonst"), Pair("{what}", "{what}"),
        Pair("Ask what has changed there.", "Fragen, was sich dort geändert hat."), ["rate-up", "rate-down", "silent-event"];
    "source-closed", Urgent, Lasts, Own,
        Pair("A channel takes nothing", "Ein Kanal nimmt nichts an"), Pair("{what}", "{what}"),
        Pair("klinke check SITE, then reload.", "klinke check STANDORT, dann neu laden."), ["channel-stopped", "own-port-closed"];
    "steps-fail", Warning, Lasts, Content,
        Pair("Steps fail at messages of {subject}", "Schritte scheitern an Nachrichten von {subject}"), Pair("{what}", "{what}"),
        Pair("Change table or rule in the site's files, then resend.", "Tabelle oder Regel in den Dateien des Standorts ändern, dann neu senden."), ["steps-fail", "step-fails"];
    "sender-odd", Warning, Lasts, Content,
        Pair("{subject} sends what it should not", "{subject} sendet, was es nicht soll"), Pair("{what}", "{what}"),
        Pair("Show the contact what `klinke diagnose` says.", "Dem Ansprechpartner zeigen, was `klinke diagnose` sagt."),
        ["no-message", "sender-charset", "sender-charset-not-utf8", "sender-speaks-other", "broken-frames", "sender-resends", "not-on-list", "too-many-connections"];
    "two-senders", Warning, Lasts, Content,
        Pair("Two machines send as {subject}", "Zwei Rechner senden als {subject}"), Pair("{what}", "{what}"),
        Pair("Ask whether a test system was switched on.", "Fragen, ob ein Testsystem eingeschaltet wurde."), ["two-senders"];
    "novelty", Notice, Once, Content,
        Pair("Something is new in the messages of {subject}", "In den Nachrichten von {subject} ist etwas neu"),
        Pair("New in the messages of {subject}: {novelty} at {place}, first in envelope {envelope}.", "Neu in den Nachrichten von {subject}: {novelty} bei {place}, zuerst in Sendung {envelope}."),
        Pair("Ask whether an update went in; klinke learn --drift SITE lists all.", "Fragen, ob ein Update eingespielt wurde; klinke learn --drift STANDORT listet alles."), [];
    "clock-off", Warning, Lasts, Own,
        Pair("A clock is wrong: {subject}", "Eine Uhr geht falsch: {subject}"), Pair("{what}", "{what}"),
        Pair("Look at the time service of that machine.", "Den Zeitdienst jenes Rechners prüfen."), ["sender-clock", "own-clock", "clock-jumped"];
    "store-refuses", Urgent, Lasts, Own,
        Pair("The store does not write", "Der Speicher schreibt nicht"), Pair("{what}", "{what}"),
        Pair("Make room on its disk; senders keep what they have until then.", "Auf seiner Platte Platz schaffen; bis dahin behalten die Sender, was sie haben."), ["store-refuses"];
    "store-damaged", Urgent, Lasts, Own,
        Pair("The store is damaged", "Der Speicher ist beschädigt"), Pair("{what}", "{what}"),
        Pair("Keep the disk as it is, make a backup, and run klinke verify SITE.", "Die Platte lassen, wie sie ist, sichern und klinke verify STANDORT ausführen."), ["books"];
    "store-slow", Warning, Lasts, Own,
        Pair("The store writes slowly", "Der Speicher schreibt langsam"),
        Pair("A commit of the store takes {span}; each answer to a sender waits for one.", "Ein Commit des Speichers dauert {span}; jede Antwort an einen Sender wartet auf einen."),
        Pair("Look at the disk: a failing one, a snapshot, a backup that runs.", "Die Platte prüfen: ein Defekt, ein Snapshot, eine laufende Sicherung."), [];
    "index-behind", Notice, Lasts, Own,
        Pair("The search index is behind", "Der Suchindex hängt zurück"),
        Pair("{count} envelopes can't be found by search yet.", "{count} Sendungen sind noch nicht über die Suche zu finden."),
        Pair("It catches up when less comes; look at the disk when it does not.", "Er holt auf, wenn weniger kommt; sonst die Platte prüfen."), [];
    "disk-low", Urgent, Lasts, Own,
        Pair("The store's disk is nearly full", "Die Platte des Speichers ist fast voll"), Pair("{what}", "{what}"),
        Pair("Make room now: below the reserve all sources refuse.", "Jetzt Platz schaffen: unter der Reserve nimmt keine Quelle mehr an."), ["disk-low"];
    "disk-fills", Warning, Lasts, Own,
        Pair("The store's disk fills", "Die Platte des Speichers läuft voll"),
        Pair("The store's disk has {free} MB left and loses {rate} MB a day: it is full in {span}.", "Die Platte des Speichers hat noch {free} MB und verliert {rate} MB am Tag: in {span} ist sie voll."),
        Pair("Set `retention`, or give it more disk, before that.", "Vorher `retention` setzen oder mehr Platte geben."), [];
    "memory-low", Warning, Lasts, Own,
        Pair("Memory is short", "Der Arbeitsspeicher ist knapp"), Pair("{what}", "{what}"),
        Pair("Look which program takes it.", "Nachsehen, welches Programm ihn belegt."), ["memory-low"];
    "handles-low", Warning, Lasts, Own,
        Pair("File handles are short", "Dateikennungen sind knapp"), Pair("{what}", "{what}"),
        Pair("Look who keeps connections open; raise LimitNOFILE.", "Nachsehen, wer Verbindungen offen hält; LimitNOFILE erhöhen."), ["handles-low"];
    "files-faulty", Warning, Lasts, Own,
        Pair("Changed files did not go live", "Geänderte Dateien gingen nicht in Betrieb"), Pair("{what}", "{what}"),
        Pair("klinke check SITE names file and line; all runs as before until then.", "klinke check STANDORT nennt Datei und Zeile; bis dahin läuft alles wie vorher."), ["site-faults"];
    "restarted", Notice, Once, Own,
        Pair("Klinke was started", "Klinke wurde gestartet"), Pair("Klinke was started; {ended}.", "Klinke wurde gestartet; {ended}."),
        Pair("When nobody did that, look at the journal: journalctl -u klinke.", "Wenn das niemand war, ins Journal sehen: journalctl -u klinke."), [];
    "backup-old", Warning, Lasts, Own,
        Pair("The last backup is too old", "Die letzte Sicherung ist zu alt"),
        Pair("The store was last copied {span} ago.", "Der Speicher wurde zuletzt vor {span} gesichert."),
        Pair("klinke backup SITE FOLDER, and look why the nightly one does not run.", "klinke backup STANDORT ORDNER, und nachsehen, warum die nächtliche nicht läuft."), [];
    "heartbeat-lost", Warning, Lasts, Own,
        Pair("The heartbeat does not get out", "Der Herzschlag kommt nicht hinaus"),
        Pair("The heartbeat to {subject} has failed {count} times in a row.", "Der Herzschlag an {subject} ist {count}-mal in Folge gescheitert."),
        Pair("Look at the way to the outside: proxy, firewall, name service.", "Den Weg nach draußen prüfen: Proxy, Firewall, Namensdienst."), [];
    "way-failed", Warning, Lasts, Own,
        Pair("A way of alerts fails: {subject}", "Ein Weg der Alarme versagt: {subject}"),
        Pair("Alerts by {subject} fail: {why}. The next way of each person is taken.", "Alarme über {subject} scheitern: {why}. Es wird der nächste Weg jeder Person genommen."),
        Pair("klinke alerts SITE test --way {subject}", "klinke alerts STANDORT test --way {subject}"), [];
    "nobody-on-call", Warning, Lasts, Own,
        Pair("Nobody is on call", "Niemand hat Bereitschaft"),
        Pair("An alert is open, and by {subject} nobody is on call now.", "Ein Alarm ist offen, und nach {subject} hat jetzt niemand Bereitschaft."),
        Pair("Close the hole in the rota: klinke check SITE names it.", "Die Lücke im Plan schließen: klinke check STANDORT nennt sie."), [];
    "emergency-access", Notice, Once, Own,
        Pair("Emergency access was taken", "Notzugriff wurde genommen"),
        Pair("{who} has taken emergency access to messages.", "{who} hat Notzugriff auf Nachrichten genommen."),
        Pair("klinke audit list SITE shows what was opened, and the reason.", "klinke audit list STANDORT zeigt, was geöffnet wurde, und den Grund."), [];
    "log-ins-fail", Warning, Once, Own,
        Pair("Log-ins are refused in a row", "Anmeldungen scheitern in Folge"),
        Pair("{count} log-ins were refused within ten minutes.", "{count} Anmeldungen wurden binnen zehn Minuten abgelehnt."),
        Pair("klinke audit list SITE names the addresses.", "klinke audit list STANDORT nennt die Adressen."), [];
    "site-changed", Notice, Once, Own,
        Pair("The site's files were read again", "Die Dateien des Standorts wurden neu gelesen"),
        Pair("{who} had the site's files read again.", "{who} hat die Dateien des Standorts neu lesen lassen."),
        Pair("`git log` in the site's folder says what has changed.", "`git log` im Ordner des Standorts sagt, was sich geändert hat."), [];
    "test", Notice, Once, Own,
        Pair("TEST: this is a test alert", "TEST: dies ist ein Probealarm"),
        Pair("Somebody tries whether alerts arrive. Nothing is wrong.", "Jemand probiert, ob Alarme ankommen. Es ist nichts kaputt."),
        Pair("Nothing needs to be done.", "Es ist nichts zu tun."), [];
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_cause_is_told_as_one_kind_and_every_kind_has_all_its_words() {
        let mut codes = BTreeSet::new();
        for kind in KINDS {
            assert!(codes.insert(kind.code), "{} stands twice", kind.code);
            for Pair(en, de) in [kind.title, kind.first] {
                assert!(!en.is_empty() && en != de, "{}", kind.code);
            }
            let words = |text: &str| -> BTreeSet<String> {
                text.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0.to_owned())).collect()
            };
            for Pair(en, de) in [kind.title, kind.sentence, kind.first] {
                assert_eq!(words(en), words(de), "{}", kind.code);
            }
        }
        for cause in crate::cause::all() {
            let of = KINDS.iter().filter(|kind| kind.causes.contains(&cause.code)).count();
            assert_eq!(of, 1, "{} is told as {of} kinds", cause.code);
        }
        for kind in KINDS {
            for cause in kind.causes {
                assert!(crate::cause::all().any(|one| one.code == *cause), "there is no cause {cause}");
            }
        }
        assert!(KINDS.len() >= 40, "{}", KINDS.len());
    }
}
