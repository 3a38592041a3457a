//! Causes in what the partner answers, and in what it refuses.

use super::{Pair, causes};

causes! {
    /// A folder takes no file.
    FOLDER_CLOSED = "folder-closed", Setup, Answer,
        Pair("The folder {address} takes no file: {what}.", "Der Ordner {address} nimmt keine Datei: {what}."),
        [Pair("Look at the rights of the folder and of the user that serves.", "Die Rechte des Ordners und des Benutzers ansehen, unter dem der Dienst läuft.")];
    /// A folder is full.
    FOLDER_FULL = "folder-full", Software, Answer,
        Pair("The folder {address} has no room any more.", "Der Ordner {address} hat keinen Platz mehr."),
        [Pair("Ask whether the partner still fetches the files from it.", "Fragen, ob der Partner die Dateien dort noch abholt.")];
    /// None at all.
    NO_ANSWER = "no-answer", Software, Answer,
        Pair("{address} takes messages and does not answer within {span}.", "{address} nimmt Nachrichten an und antwortet nicht innerhalb von {span}."),
        [Pair("Ask the contact whether the interface service hangs; most often a restart helps.", "Den Ansprechpartner fragen, ob der Schnittstellendienst hängt; meist hilft ein Neustart."),
         Pair("The messages may have arrived: the partner should tell repeats by their identifier.", "Die Nachrichten können angekommen sein: der Partner sollte Wiederholungen an der Kennung erkennen.")],
        or Setup, Pair("the partner answers later than the limit that is set here", "der Partner antwortet später, als hier eingestellt ist"),
           Pair("klinke send ADDRESS test.hl7 --timeout 5m: does an answer come, and when?", "klinke send ADRESSE test.hl7 --timeout 5m: kommt eine Antwort, und wann?");
    /// Late.
    LATE = "late-answers", Software, Answer,
        Pair("{address} answers later than the {span} that it has: {count} of the latest {of} answers came too late.", "{address} antwortet später als die {span}, die es hat: {count} der letzten {of} Antworten kamen zu spät."),
        [Pair("Ask the contact why it is slow: its database, a lock, too much at once.", "Den Ansprechpartner fragen, warum es langsam ist: Datenbank, Sperre, zu viel auf einmal."),
         Pair("A longer answer_timeout keeps messages from going twice.", "Ein längeres answer_timeout verhindert, dass Nachrichten doppelt gehen.")];
    /// Slow.
    SLOW = "slow-answers", Software, Answer,
        Pair("{address} takes {span} for an answer; {waiting} messages wait.", "{address} braucht {span} für eine Antwort; {waiting} Nachrichten warten."),
        [Pair("Ask the contact what slows it down.", "Den Ansprechpartner fragen, was es bremst."),
         Pair("A lane by patient and several connections let messages go side by side.", "Eine Spur je Patient und mehrere Verbindungen lassen Nachrichten nebeneinander gehen.")];
    /// Closed without an answer.
    CLOSES = "closes-unanswered", Software, Answer,
        Pair("{address} takes a message and closes the connection without an answer.", "{address} nimmt eine Nachricht an und schließt die Verbindung ohne Antwort."),
        [Pair("Ask the contact for the service's log at these times: it breaks over a message, or can't keep it.", "Den Ansprechpartner nach dem Protokoll des Dienstes zu diesen Zeiten fragen: er bricht an einer Nachricht ab oder kann sie nicht aufheben.")];
    /// Large messages are read and not answered.
    LARGE_HANG = "large-messages-hang", Software, Answer,
        Pair("{address} reads large messages (from {size} bytes on) and never answers them; small ones it answers.", "{address} liest große Nachrichten (ab {size} Bytes) und beantwortet sie nie; kleine beantwortet es."),
        [Pair("Ask the vendor for the largest message that it takes.", "Den Hersteller nach der größten Nachricht fragen, die es nimmt.")],
        or Line, Pair("large packets vanish on the way (MTU)", "große Pakete verschwinden unterwegs (MTU)"),
           Pair("ping -M do -s 1472 to the partner: what size passes?", "ping -M do -s 1472 zum Partner: welche Größe kommt durch?");
    /// Wrong MSA-2.
    WRONG_ID = "answers-another", Software, Answer,
        Pair("{address} answers another message than the one that was sent.", "{address} beantwortet eine andere Nachricht als die gesendete."),
        [Pair("Tell the vendor: MSA-2 is not the MSH-10 of the message.", "Dem Hersteller sagen: MSA-2 ist nicht das MSH-10 der Nachricht."),
         Pair("Only if the partner can't be changed: check_control_id = false.", "Nur wenn der Partner nicht zu ändern ist: check_control_id = false.")];
    /// No usable acknowledgment.
    NO_CODE = "answers-without-code", Software, Answer,
        Pair("The acknowledgments of {address} have no code that says whether it took the message.", "Den Bestätigungen von {address} fehlt der Code, der sagt, ob es die Nachricht genommen hat."),
        [Pair("Tell the vendor: an MSA segment with MSA-1 of table 0008 is missing.", "Dem Hersteller sagen: ein MSA-Segment mit MSA-1 aus Tabelle 0008 fehlt.")];
    /// Errors at everything.
    ERRORS = "answers-errors", Software, Answer,
        Pair("{address} answers {code} to every message: its application has an error.", "{address} antwortet auf jede Nachricht {code}: seine Anwendung hat einen Fehler."),
        [Pair("Ask the contact for the application's log; often its database is not there.", "Den Ansprechpartner nach dem Protokoll der Anwendung fragen; oft fehlt ihre Datenbank."),
         Pair("What waits is tried again by itself.", "Was wartet, wird von selbst wieder versucht.")],
        or Data, Pair("it is this one message that it can't handle, and the lane stands behind it", "es ist diese eine Nachricht, die es nicht verarbeiten kann, und die Spur steht dahinter"),
           Pair("another message by hand: is it accepted? klinke queue … shows the first one that waits", "eine andere Nachricht von Hand: wird sie genommen? klinke queue … zeigt die erste, die wartet");
    /// Rejects everything.
    REJECTS = "answers-rejects", Setup, Answer,
        Pair("{address} rejects every message with {code}.", "{address} weist jede Nachricht mit {code} ab."),
        [Pair("Compare what the partner expects: sending and receiving application, event, processing ID.", "Vergleichen, was der Partner erwartet: sendende und empfangende Anwendung, Ereignis, Verarbeitungskennung."),
         Pair("Ask whether the interface is switched on for this site there.", "Fragen, ob die Schnittstelle dort für diesen Standort freigeschaltet ist.")];
    /// Log-in.
    LOG_IN = "log-in-refused", Setup, Answer,
        Pair("{address} does not accept the log-in ({code}).", "{address} nimmt die Anmeldung nicht an ({code})."),
        [Pair("Compare user, password or token with the partner; they may have been changed.", "Benutzer, Passwort oder Token mit dem Partner vergleichen; sie können geändert worden sein.")];
    /// Path.
    NO_SUCH_PATH = "no-such-path", Setup, Answer,
        Pair("{address} has no such path or takes nothing there ({code}).", "{address} kennt diesen Pfad nicht oder nimmt dort nichts ({code})."),
        [Pair("Compare the url with what the partner says; an update may have moved it.", "Die url mit der vergleichen, die der Partner nennt; ein Update kann sie verschoben haben.")];
    /// 5xx.
    SERVER_ERROR = "server-error", Software, Answer,
        Pair("The service behind {address} does not work ({code}).", "Der Dienst hinter {address} arbeitet nicht ({code})."),
        [Pair("Ask the contact for its log; what waits is tried again by itself.", "Den Ansprechpartner nach dem Protokoll fragen; was wartet, wird von selbst wieder versucht.")];
    /// One message.
    ONE_MESSAGE = "one-message-refused", Data, Content,
        Pair("{address} refuses envelope {envelope} with {code}, and takes others.", "{address} weist Sendung {envelope} mit {code} ab und nimmt andere."),
        [Pair("Look at it: klinke messages SITE show {envelope}.", "Sie ansehen: klinke messages STANDORT show {envelope}."),
         Pair("Correct it at the sender, or edit and resend it; or give it up with a reason.", "Sie beim Sender berichtigen, oder ändern und neu senden; oder mit Begründung darauf verzichten.")];
    /// Version.
    VERSION = "version-refused", Setup, Content,
        Pair("{address} does not take this version, event or kind of message ({code} {reason}).", "{address} nimmt diese Version, dieses Ereignis oder diese Art von Nachricht nicht ({code} {reason})."),
        [Pair("Compare MSH-9, MSH-11 and MSH-12 with what the partner was set up for.", "MSH-9, MSH-11 und MSH-12 mit dem vergleichen, wofür der Partner eingerichtet ist."),
         Pair("Set what it expects in a step, or ask whether its update was announced.", "In einem Schritt setzen, was er erwartet, oder fragen, ob sein Update angekündigt war.")];
    /// Required field.
    REQUIRED = "field-missing", Setup, Content,
        Pair("{address} misses a field that it needs ({code} {reason}).", "{address} fehlt ein Feld, das es braucht ({code} {reason})."),
        [Pair("Look which field: klinke messages SITE show {envelope}.", "Nachsehen, welches Feld: klinke messages STANDORT show {envelope}."),
         Pair("Fill it in a step, or have the sender fill it.", "Es in einem Schritt füllen oder vom Sender füllen lassen.")];
    /// Tables.
    TABLE = "value-not-in-table", Setup, Content,
        Pair("{address} does not know a value that is sent to it ({code} {reason}).", "{address} kennt einen Wert nicht, der ihm geschickt wird ({code} {reason})."),
        [Pair("Add the value to the table here, or ask the partner to add it there.", "Den Wert hier in die Tabelle aufnehmen, oder den Partner bitten, ihn dort aufzunehmen.")];
    /// Unknown or duplicate key.
    KEY = "key-unknown", Data, Content,
        Pair("{address} does not know the patient, case or order of envelope {envelope}, or has it already ({code} {reason}).", "{address} kennt Patient, Fall oder Auftrag der Sendung {envelope} nicht oder hat sie schon ({code} {reason})."),
        [Pair("Look whether the message before it (admission, order) arrived: klinke trace.", "Prüfen, ob die Nachricht davor (Aufnahme, Auftrag) ankam: klinke trace.")];
    /// Some kinds are refused.
    SOME_REFUSED = "some-refused", Setup, Content,
        Pair("{address} refuses {count} of the latest {of} messages with {code}, and takes the others.", "{address} weist {count} der letzten {of} Nachrichten mit {code} ab und nimmt die anderen."),
        [Pair("Compare a refused message with an accepted one: event, ward, table values.", "Eine abgewiesene Nachricht mit einer angenommenen vergleichen: Ereignis, Station, Tabellenwerte.")],
        or Software, Pair("the partner's application has an error at these", "die Anwendung des Partners hat bei diesen einen Fehler"),
           Pair("the partner's log says why it refused envelope {envelope}", "das Protokoll des Partners sagt, warum es Sendung {envelope} abwies");
}
