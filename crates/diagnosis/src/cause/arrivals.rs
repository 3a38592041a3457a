//! Causes in what comes from a system.

use super::{Pair, causes};

causes! {
    /// It does not take our answers.
    RESENDS = "sender-resends", Software, Answer,
        Pair("{system} sends the same message to {channel} again and again: it does not take our acknowledgment.", "{system} schickt dieselbe Nachricht immer wieder an {channel}: es nimmt unsere Bestätigung nicht an."),
        [Pair("Ask the vendor which acknowledgment it expects: ack_type and mode at the source.", "Den Hersteller fragen, welche Bestätigung er erwartet: ack_type und mode an der Quelle."),
         Pair("dedup at the source keeps them from going on twice.", "dedup an der Quelle verhindert, dass sie doppelt weitergehen.")];
    /// Its clock is off.
    CLOCK = "sender-clock", Setup, Content,
        Pair("The clock of {system} is {span} {direction}.", "Die Uhr von {system} geht {span} {direction}."),
        [Pair("Ask the contact to set up a time server on that machine.", "Den Ansprechpartner bitten, dort einen Zeitserver einzurichten."),
         Pair("A full hour most often is a time zone or summer time.", "Eine volle Stunde ist meist eine Zeitzone oder die Sommerzeit.")];
    /// Its characters are not what it says.
    CHARSET = "sender-charset", Setup, Content,
        Pair("{system} sends UTF-8 to {channel}, and says something else or nothing.", "{system} schickt UTF-8 an {channel} und sagt etwas anderes oder nichts."),
        [Pair("Ask for MSH-18 = UNICODE UTF-8, or write charset at the system.", "Um MSH-18 = UNICODE UTF-8 bitten, oder charset beim System eintragen."),
         Pair("Umlauts are damaged until then.", "Bis dahin sind Umlaute beschädigt.")];
    /// It says UTF-8 and is not.
    CHARSET_NOT_UTF8 = "sender-charset-not-utf8", Setup, Content,
        Pair("{system} declares UTF-8 to {channel}, and sends other characters.", "{system} nennt UTF-8 gegenüber {channel} und schickt andere Zeichen."),
        [Pair("Ask for the character set that is really sent, and for MSH-18 to say so.", "Nach dem wirklich gesendeten Zeichensatz fragen, und dass MSH-18 ihn nennt.")];
    /// Two senders with one identity.
    TWO_SENDERS = "two-senders", Setup, Content,
        Pair("Two machines send to {channel} as {system} at once, with the same identifiers for different messages.", "Zwei Rechner senden gleichzeitig als {system} an {channel}, mit gleichen Kennungen für verschiedene Nachrichten."),
        [Pair("Ask whether a test system or an old machine was switched on.", "Fragen, ob ein Testsystem oder ein alter Rechner eingeschaltet wurde."),
         Pair("`allow` at the source keeps the wrong one out.", "`allow` an der Quelle hält den falschen fern.")];
    /// It is no message.
    NO_MESSAGE = "no-message", Setup, Content,
        Pair("What {system} sends to {channel} is framed rightly and is no HL7: {count} of late.", "Was {system} an {channel} schickt, ist richtig gerahmt und kein HL7: zuletzt {count}."),
        [Pair("Look at one: klinke messages SITE list.", "Eine ansehen: klinke messages STANDORT list."),
         Pair("Ask the sender which format is set there.", "Den Sender fragen, welches Format dort eingestellt ist.")];
    /// A step fails at many.
    STEPS_FAIL = "steps-fail", Setup, Content,
        Pair("In {channel} the step {step} fails at {count} of the latest {of} messages of {system}.", "In {channel} scheitert der Schritt {step} an {count} der letzten {of} Nachrichten von {system}."),
        [Pair("Look at one: klinke messages SITE show {envelope}.", "Eine ansehen: klinke messages STANDORT show {envelope}."),
         Pair("A table without the value, or a rule that does not fit any more: change the site's files, then resend.", "Eine Tabelle ohne den Wert oder eine Regel, die nicht mehr passt: die Dateien des Standorts ändern, dann neu senden.")];
    /// A step fails at one.
    STEP_FAILS = "step-fails", Data, Content,
        Pair("In {channel} the step {step} fails at envelope {envelope} of {system}; others pass.", "In {channel} scheitert der Schritt {step} an Sendung {envelope} von {system}; andere gehen durch."),
        [Pair("Look at it: klinke messages SITE show {envelope}.", "Sie ansehen: klinke messages STANDORT show {envelope}.")];
    /// It floods us.
    FLOOD = "flood", Software, Queue,
        Pair("{system} sends more to {channel} than can go on: the queue is full and the source refuses.", "{system} schickt mehr an {channel}, als weitergehen kann: die Warteschlange ist voll, die Quelle nimmt nichts an."),
        [Pair("Ask the contact whether something is sent anew in bulk.", "Den Ansprechpartner fragen, ob gerade etwas in Massen neu gesendet wird."),
         Pair("Several connections and a lane by patient at the destination make it faster.", "Mehrere Verbindungen und eine Spur je Patient am Ziel machen es schneller.")];
}
