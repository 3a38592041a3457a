//! Causes in the rhythm of what comes: silence, floods, another rate.

use super::{Pair, causes};

causes! {
    /// Nothing comes, and the connection stands.
    SILENT = "silent", Software, Silence,
        Pair("{system} usually sends about {usual} messages an hour at this time, and has sent none for {span}; its connection stands.", "{system} schickt um diese Zeit sonst etwa {usual} Nachrichten je Stunde und hat seit {span} keine geschickt; die Verbindung steht."),
        [Pair("Ask the contact whether the interface service there works off its queue.", "Den Ansprechpartner fragen, ob der Schnittstellendienst dort seine Warteschlange abarbeitet."),
         Pair("Have one message sent: klinke messages SITE list shows whether it came.", "Eine Nachricht senden lassen: klinke messages STANDORT list zeigt, ob sie kam.")],
        or Line, Pair("A connection that is dead without either side having noticed: a firewall on the way dropped it.", "Eine Verbindung, die tot ist, ohne dass es eine Seite gemerkt hat: eine Firewall auf dem Weg hat sie vergessen."),
        Pair("Let the sender connect anew; when messages come then, it was the line.", "Den Sender neu verbinden lassen; kommen dann Nachrichten, war es die Leitung.");
    /// Nothing comes, and nothing is connected.
    SILENT_GONE = "silent-disconnected", Line, Silence,
        Pair("{system} usually sends about {usual} messages an hour at this time, has sent none for {span}, and is not connected.", "{system} schickt um diese Zeit sonst etwa {usual} Nachrichten je Stunde, hat seit {span} keine geschickt und ist nicht verbunden."),
        [Pair("Look whether other systems in the same place are silent, too: then it is the network.", "Nachsehen, ob auch andere Systeme am selben Ort still sind: dann ist es das Netz."),
         Pair("Ask the contact whether the machine and its interface service run.", "Den Ansprechpartner fragen, ob Rechner und Schnittstellendienst dort laufen.")],
        or Software, Pair("The service or the machine there has stopped.", "Der Dienst oder der Rechner dort steht."),
        Pair("Ask the contact: when it runs and can't connect, it is the line.", "Den Ansprechpartner fragen: läuft es und kann sich nicht verbinden, ist es die Leitung.");
    /// One kind of message does not come.
    SILENT_EVENT = "silent-event", Setup, Silence,
        Pair("{system} usually sends about {usual} {event} an hour at this time, and has sent none for {span}; others come.", "{system} schickt um diese Zeit sonst etwa {usual} {event} je Stunde und hat seit {span} keine geschickt; andere kommen."),
        [Pair("Ask whether this message was switched off, or an update went in.", "Fragen, ob diese Nachricht abgeschaltet oder ein Update eingespielt wurde.")];
    /// Far too much comes.
    SURGE = "surge", Software, Silence,
        Pair("{system} floods us: {seen} messages in ten minutes, where about {usual} an hour are usual.", "{system} überflutet uns: {seen} Nachrichten in zehn Minuten, üblich sind etwa {usual} je Stunde."),
        [Pair("Ask the contact whether something is sent anew in bulk, or a loop runs.", "Den Ansprechpartner fragen, ob in Massen neu gesendet wird oder eine Schleife läuft."),
         Pair("`dedup` and `rate` keep what lies behind from being flooded.", "`dedup` und `rate` schützen, was dahinter liegt.")];
    /// More comes than ever.
    FASTER = "rate-up", Setup, Silence,
        Pair("For hours {system} has been sending {seen} messages an hour; about {usual} are usual.", "{system} schickt seit Stunden {seen} Nachrichten je Stunde; üblich sind etwa {usual}."),
        [Pair("Ask what has changed there: a new ward, a new message, a migration.", "Fragen, was sich dort geändert hat: eine neue Station, eine neue Nachricht, eine Migration.")];
    /// Less comes than ever.
    SLOWER = "rate-down", Setup, Silence,
        Pair("For hours {system} has been sending only {seen} messages an hour; about {usual} are usual.", "{system} schickt seit Stunden nur {seen} Nachrichten je Stunde; üblich sind etwa {usual}."),
        [Pair("Ask whether a part of it stands, or less is really done.", "Fragen, ob dort ein Teil steht oder wirklich weniger geschieht.")];
}
