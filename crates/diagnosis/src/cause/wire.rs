//! Causes on the wire: names, ways, connections.

use super::{Pair, causes};

causes! {
    /// The name has no address.
    NAME_UNKNOWN = "name-unknown", Setup, Name,
        Pair("The name {host} has no address.", "Der Name {host} hat keine Adresse."),
        [Pair("Compare the name in systems.toml with what the partner says.", "Den Namen in systems.toml mit dem vergleichen, den der Partner nennt."),
         Pair("Ask whether the partner's machine was renamed or its entry removed.", "Fragen, ob der Rechner des Partners umbenannt oder sein Eintrag entfernt wurde.")];
    /// The name service does not answer.
    NAME_SERVICE = "name-service", Line, Name,
        Pair("The name service does not answer, so that {host} can't be found.", "Der Namensdienst antwortet nicht; {host} ist deshalb nicht zu finden."),
        [Pair("Look whether other names can be resolved on this machine.", "Prüfen, ob sich auf diesem Rechner andere Namen auflösen lassen."),
         Pair("Tell the network people which name server does not answer.", "Der Netzabteilung sagen, welcher Namensserver nicht antwortet.")];
    /// A folder is not there.
    FOLDER_MISSING = "folder-missing", Setup, Name,
        Pair("The folder {address} is not there.", "Den Ordner {address} gibt es nicht."),
        [Pair("Look whether a share is to be mounted there, and whether it is.", "Prüfen, ob dort eine Freigabe eingehängt sein soll, und ob sie es ist."),
         Pair("Compare the folder's name with the site's files.", "Den Namen des Ordners mit den Dateien des Standorts vergleichen.")];
    /// A folder does not answer.
    FOLDER_HANGS = "folder-hangs", Line, Route,
        Pair("The folder {address} does not answer.", "Der Ordner {address} antwortet nicht."),
        [Pair("Look whether the machine that shares it can be reached.", "Prüfen, ob der Rechner, der ihn freigibt, erreichbar ist.")];
    /// No cable.
    INTERFACE_DOWN = "interface-down", Line, Route,
        Pair("This machine's interface {interface} has no link.", "Der Netzanschluss {interface} dieses Rechners hat keine Verbindung."),
        [Pair("Look at cable, socket and the light of the switch port.", "Kabel, Dose und die Leuchte am Switch ansehen.")];
    /// No route.
    NO_ROUTE = "no-route", Line, Route,
        Pair("No way leads from this machine to {address}.", "Von diesem Rechner führt kein Weg zu {address}."),
        [Pair("Look at the routes of this machine.", "Die Routen dieses Rechners ansehen."),
         Pair("Tell the network people which router says so.", "Der Netzabteilung sagen, welcher Router das meldet.")],
        or Setup, Pair("the address in systems.toml is wrong", "die Adresse in systems.toml ist falsch"),
           Pair("ask the partner for its address and compare", "den Partner nach seiner Adresse fragen und vergleichen");
    /// The neighbour is not seen.
    NEIGHBOUR = "neighbour-silent", Line, Route,
        Pair("The next machine on the way to {address} is not seen on the wire.", "Die nächste Station auf dem Weg zu {address} ist auf der Leitung nicht zu sehen."),
        [Pair("Look whether the partner's machine has power and a cable.", "Prüfen, ob der Rechner des Partners Strom und Kabel hat."),
         Pair("Look at its switch port.", "Seinen Port am Switch ansehen.")];
    /// Small passes, large does not, unacknowledged.
    BLACK_HOLE = "mtu-black-hole", Line, Route,
        Pair("Small messages reach {address}, large ones (from {size} bytes on) vanish on the way.", "Kleine Nachrichten erreichen {address}, große (ab {size} Bytes) verschwinden unterwegs."),
        [Pair("Tell the network people: path MTU, probably a tunnel or firewall that drops ICMP.", "Der Netzabteilung sagen: Pfad-MTU, wahrscheinlich ein Tunnel oder eine Firewall, die ICMP verwirft."),
         Pair("ping -M do -s 1472 to the partner: what size passes?", "ping -M do -s 1472 zum Partner: welche Größe kommt durch?")],
        or Software, Pair("the partner's service stops reading at large messages", "der Dienst des Partners hört bei großen Nachrichten auf zu lesen"),
           Pair("a ping of 1472 bytes that may not be split passes: then it is the service", "ein Ping mit 1472 Bytes, der nicht geteilt werden darf, kommt durch: dann ist es der Dienst");
    /// Nothing is acknowledged, whatever its size.
    UNACKNOWLEDGED = "unacknowledged", Line, Route,
        Pair("What is sent to {address} over a standing connection is not acknowledged by its machine: it was sent again {count} times.", "Was über eine stehende Verbindung an {address} geht, bestätigt dessen Rechner nicht: es wurde {count}-mal wiederholt."),
        [Pair("Look whether the partner's machine has power and a cable.", "Prüfen, ob der Rechner des Partners Strom und Kabel hat."),
         Pair("Ask the network people whether a firewall on the way lost the connection.", "Die Netzabteilung fragen, ob eine Firewall unterwegs die Verbindung verloren hat.")];
    /// Nothing listens, and something did.
    REFUSED = "refused", Software, Tcp,
        Pair("The partner's machine answers, and nothing listens on {address} any more.", "Der Rechner des Partners antwortet, aber auf {address} hört nichts mehr zu."),
        [Pair("Ask the contact to start the interface service again.", "Den Ansprechpartner bitten, den Schnittstellendienst wieder zu starten."),
         Pair("What waits is sent by itself once it listens.", "Was wartet, geht von selbst hinaus, sobald er wieder zuhört.")];
    /// Nothing listens, and never did.
    WRONG_PORT = "wrong-port", Setup, Tcp,
        Pair("The partner's machine answers, and nothing has ever listened on {address}.", "Der Rechner des Partners antwortet, aber auf {address} hat noch nie etwas zugehört."),
        [Pair("Compare the port with what the partner says.", "Den Port mit dem vergleichen, den der Partner nennt."),
         Pair("Ask whether the interface is switched on there yet.", "Fragen, ob die Schnittstelle dort schon eingeschaltet ist.")],
        or Software, Pair("the partner's service is not started yet", "der Dienst des Partners ist noch nicht gestartet"),
           Pair("the partner looks on its machine which port is open (ss -ltn, netstat -an)", "der Partner sieht auf seinem Rechner nach, welcher Port offen ist (ss -ltn, netstat -an)");
    /// Packets vanish.
    CONNECT_TIMEOUT = "connect-timeout", Line, Tcp,
        Pair("Nothing comes back from {address}: packets vanish on the way.", "Von {address} kommt nichts zurück: Pakete verschwinden unterwegs."),
        [Pair("Ask whether the machine is switched on and whether a firewall was changed.", "Fragen, ob der Rechner läuft und ob eine Firewall geändert wurde."),
         Pair("ping the address from this machine.", "Die Adresse von diesem Rechner aus anpingen.")],
        or Software, Pair("the partner's service hangs and takes no connection", "der Dienst des Partners hängt und nimmt keine Verbindung an"),
           Pair("a ping is answered, or another port of that machine connects: then it is the service", "ein Ping wird beantwortet oder ein anderer Port des Rechners verbindet: dann ist es der Dienst");
    /// It is to come, and does not.
    NOT_COMING = "partner-does-not-connect", Software, Tcp,
        Pair("The partner is to connect to us at {address}, and does not.", "Der Partner soll sich bei uns an {address} verbinden und tut es nicht."),
        [Pair("Ask the contact whether its service runs and has this address.", "Den Ansprechpartner fragen, ob sein Dienst läuft und diese Adresse kennt.")],
        or Setup, Pair("it connects elsewhere, or is kept out by `allow` or a firewall", "er verbindet sich anderswohin, oder `allow` oder eine Firewall hält ihn fern"),
           Pair("our log names who was turned away; the partner's log names the address it tries", "unser Protokoll nennt Abgewiesene; das Protokoll des Partners nennt die Adresse, die er versucht");
    /// Turned away at the partner's door.
    TURNED_AWAY = "turned-away", Setup, Tcp,
        Pair("{address} accepts the connection and ends it at once.", "{address} nimmt die Verbindung an und beendet sie sofort."),
        [Pair("Ask whether this machine's address is on the partner's list.", "Fragen, ob die Adresse dieses Rechners auf der Liste des Partners steht."),
         Pair("Ask how many connections it allows, and who else has one.", "Fragen, wie viele Verbindungen es erlaubt, und wer sonst eine hat.")],
        or Software, Pair("the partner's service breaks when somebody connects", "der Dienst des Partners stürzt bei einer Verbindung ab"),
           Pair("the partner's log says why it ended the connection", "das Protokoll des Partners sagt, warum es die Verbindung beendet hat");
    /// It comes and goes.
    RESTARTS = "restarts", Software, Tcp,
        Pair("{address} came and went {count} times within {span}: its service restarts again and again.", "{address} war in {span} {count}-mal weg und wieder da: sein Dienst startet immer wieder neu."),
        [Pair("Ask the contact for the service's log: it crashes, or something restarts it.", "Den Ansprechpartner nach dem Protokoll des Dienstes fragen: er stürzt ab oder wird neu gestartet.")];
    /// It restarts at the same hour.
    NIGHTLY = "restarts-nightly", Software, Tcp,
        Pair("{address} is away since {since}, as at about this hour on each of the last {count} days.", "{address} ist seit {since} weg, wie etwa um diese Zeit an den letzten {count} Tagen."),
        [Pair("Wait {span}: so long it took at most before.", "{span} warten: so lange dauerte es bisher höchstens."),
         Pair("Agree on opening hours (`open` at the destination) if it stays so.", "Öffnungszeiten vereinbaren (`open` am Ziel), wenn es so bleibt.")];
    /// Idle connections are dropped.
    IDLE_DROP = "idle-drop", Line, Tcp,
        Pair("Connections to {address} that were silent for {span} are dead without anybody saying so: a firewall forgets them.", "Verbindungen zu {address}, die {span} still waren, sind tot, ohne dass es jemand sagt: eine Firewall vergisst sie."),
        [Pair("Set keep_alive below that time at the endpoint.", "keep_alive am Endpunkt unter diese Zeit setzen."),
         Pair("Ask the network people for the idle time-out on that way.", "Die Netzabteilung nach der Leerlaufzeit auf diesem Weg fragen.")];
    /// The same age each time.
    FIXED_AGE = "fixed-age", Line, Tcp,
        Pair("Connections to {address} break after {span} each, whatever happens on them.", "Verbindungen zu {address} brechen jedes Mal nach {span} ab, gleich, was auf ihnen geschieht."),
        [Pair("Ask the network people for a session limit on that way.", "Die Netzabteilung nach einer Sitzungsgrenze auf diesem Weg fragen.")],
        or Setup, Pair("the partner limits the age of connections", "der Partner begrenzt das Alter von Verbindungen"),
           Pair("the partner's settings have such a limit or not", "die Einstellungen des Partners kennen eine solche Grenze oder nicht");
    /// The same count each time.
    EVERY_NTH = "every-nth", Software, Tcp,
        Pair("{address} breaks the connection at every {count}th message.", "{address} bricht die Verbindung bei jeder {count}. Nachricht ab."),
        [Pair("Tell the vendor: the pattern is exact, so it is no line.", "Dem Hersteller sagen: das Muster ist genau, es ist also keine Leitung."),
         Pair("Until then: connection = \"each\" at the endpoint.", "Bis dahin: connection = \"each\" am Endpunkt.")];
    /// At random.
    BREAKS = "line-breaks", Line, Tcp,
        Pair("Connections to {address} break in the middle of work without a pattern: {count} times within {span}.", "Verbindungen zu {address} brechen ohne Muster mitten in der Arbeit ab: {count}-mal in {span}."),
        [Pair("Ask the network people for errors on the ports and the way between.", "Die Netzabteilung nach Fehlern an den Ports und auf dem Weg dazwischen fragen."),
         Pair("Look at both machines for a bad cable or a duplex that does not match.", "An beiden Rechnern nach schlechtem Kabel und falschem Duplex sehen.")],
        or Software, Pair("the partner's service crashes at some messages", "der Dienst des Partners stürzt bei manchen Nachrichten ab"),
           Pair("the partner's log shows crashes at these times, or none", "das Protokoll des Partners zeigt zu diesen Zeiten Abstürze oder keine");
    /// Our list does not have it.
    NOT_ON_LIST = "not-on-list", Setup, Tcp,
        Pair("{system} comes from an address that the source of {channel} does not allow.", "{system} kommt von einer Adresse, die die Quelle von {channel} nicht zulässt."),
        [Pair("Compare `allow` with the partner's address; the log names it.", "`allow` mit der Adresse des Partners vergleichen; das Protokoll nennt sie."),
         Pair("Ask whether the partner has a new machine.", "Fragen, ob der Partner einen neuen Rechner hat.")];
    /// It leaks connections.
    TOO_MANY = "too-many-connections", Software, Tcp,
        Pair("{system} opens connections to {channel} and never closes them: {count} stand open, new ones are turned away.", "{system} öffnet Verbindungen zu {channel} und schließt sie nie: {count} stehen offen, neue werden abgewiesen."),
        [Pair("Ask the contact to restart the sending service.", "Den Ansprechpartner bitten, den sendenden Dienst neu zu starten."),
         Pair("Until then: a shorter limits.idle, or more limits.connections.", "Bis dahin: limits.idle kürzer oder limits.connections größer.")];
    /// Its connections are reset after the same silence.
    IDLE_RESET = "idle-reset", Line, Tcp,
        Pair("Connections of {system} to {channel} are reset after {span} of silence each: a firewall between.", "Verbindungen von {system} zu {channel} werden nach je {span} Stille zurückgesetzt: eine Firewall dazwischen."),
        [Pair("Ask the network people for the idle time-out on that way.", "Die Netzabteilung nach der Leerlaufzeit auf diesem Weg fragen."),
         Pair("Set limits.keep_alive below that time.", "limits.keep_alive unter diese Zeit setzen.")];
}
