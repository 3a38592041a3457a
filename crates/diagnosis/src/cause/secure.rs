//! Causes of TLS, and of what speaks at the other end.

use super::{Pair, causes};

causes! {
    /// We plain, they TLS.
    TLS_THERE = "tls-there", Setup, Tls,
        Pair("{address} wants TLS, and the site sends in the clear.", "{address} verlangt TLS, und der Standort sendet im Klartext."),
        [Pair("Add tls = { … } at the endpoint, or take the partner's port without TLS.", "tls = { … } am Endpunkt ergänzen, oder den Port des Partners ohne TLS nehmen.")];
    /// We TLS, they plain.
    NO_TLS_THERE = "no-tls-there", Setup, Tls,
        Pair("The site wants TLS, and {address} speaks in the clear.", "Der Standort verlangt TLS, und {address} spricht im Klartext."),
        [Pair("Take the partner's port with TLS, or have TLS switched on there.", "Den Port des Partners mit TLS nehmen, oder TLS dort einschalten lassen.")];
    /// Expired.
    TLS_EXPIRED = "tls-expired", Setup, Tls,
        Pair("The certificate of {address} expired {days} days ago.", "Das Zertifikat von {address} ist seit {days} Tagen abgelaufen."),
        [Pair("Ask the contact to install a new certificate.", "Den Ansprechpartner bitten, ein neues Zertifikat einzuspielen."),
         Pair("Look whether this machine's own clock is right.", "Prüfen, ob die Uhr dieses Rechners stimmt.")];
    /// Not yet valid.
    TLS_NOT_YET = "tls-not-yet-valid", Setup, Tls,
        Pair("The certificate of {address} is valid only in {days} days.", "Das Zertifikat von {address} gilt erst in {days} Tagen."),
        [Pair("Look at the clocks of both machines.", "Die Uhren beider Rechner prüfen."),
         Pair("Ask the contact for the certificate that is valid now.", "Den Ansprechpartner nach dem jetzt gültigen Zertifikat fragen.")];
    /// Wrong name.
    TLS_NAME = "tls-wrong-name", Setup, Tls,
        Pair("The certificate of {address} is of {has}, not of {wanted}.", "Das Zertifikat von {address} lautet auf {has}, nicht auf {wanted}."),
        [Pair("Write the certificate's name as tls.name, if the partner confirms it.", "Den Namen des Zertifikats als tls.name eintragen, wenn der Partner ihn bestätigt."),
         Pair("Otherwise ask for a certificate with the right name.", "Sonst um ein Zertifikat mit dem richtigen Namen bitten.")];
    /// Unknown authority.
    TLS_AUTHORITY = "tls-unknown-authority", Setup, Tls,
        Pair("The certificate of {address} is signed by nobody that the site trusts.", "Das Zertifikat von {address} ist von niemandem unterschrieben, dem der Standort traut."),
        [Pair("Ask the partner for its authority and name the file as tls.authorities.", "Den Partner nach seiner Zertifizierungsstelle fragen und die Datei als tls.authorities eintragen."),
         Pair("With a self-signed certificate: tls.fingerprint, after comparing it by telephone.", "Bei selbst unterschriebenem Zertifikat: tls.fingerprint, nach Vergleich am Telefon.")];
    /// Another certificate than the pinned one.
    TLS_FINGERPRINT = "tls-other-certificate", Setup, Tls,
        Pair("{address} has another certificate than the one whose fingerprint is set.", "{address} hat ein anderes Zertifikat als das mit dem eingetragenen Fingerabdruck."),
        [Pair("Compare the new fingerprint with the partner by telephone before you enter it.", "Den neuen Fingerabdruck am Telefon mit dem Partner vergleichen, bevor er eingetragen wird.")];
    /// Too old.
    TLS_OLD = "tls-too-old", Setup, Tls,
        Pair("{address} knows no TLS newer than 1.1.", "{address} kennt kein TLS über 1.1."),
        [Pair("Ask the contact to allow TLS 1.2; old Windows and Java need a setting for it.", "Den Ansprechpartner bitten, TLS 1.2 zu erlauben; alte Windows- und Java-Systeme brauchen dafür eine Einstellung.")];
    /// It wants our certificate.
    TLS_CLIENT = "tls-wants-certificate", Setup, Tls,
        Pair("{address} wants a certificate of ours, and takes none or not this one.", "{address} verlangt ein Zertifikat von uns und bekommt keines oder nicht das richtige."),
        [Pair("Name tls.certificate and tls.key at the endpoint, and give the partner the authority that signed them.", "tls.certificate und tls.key am Endpunkt eintragen und dem Partner die Stelle nennen, die sie unterschrieben hat.")];
    /// Handshake breaks otherwise.
    TLS_BREAKS = "tls-breaks", Setup, Tls,
        Pair("TLS with {address} does not come about: {what}.", "TLS mit {address} kommt nicht zustande: {what}."),
        [Pair("Send the contact this text and ask for the log of the handshake.", "Dem Ansprechpartner diesen Text schicken und nach dem Protokoll des Handschlags fragen.")],
        or Software, Pair("the partner's service breaks in the handshake", "der Dienst des Partners bricht beim Handschlag ab"),
           Pair("openssl s_client -connect to the address shows where it ends", "openssl s_client -connect zur Adresse zeigt, wo es endet");
    /// Expires soon.
    TLS_SOON = "tls-expires-soon", Setup, Tls,
        Pair("The certificate of {address} expires in {days} days.", "Das Zertifikat von {address} läuft in {days} Tagen ab."),
        [Pair("Ask the contact to renew it before then.", "Den Ansprechpartner bitten, es vorher zu erneuern.")];
    /// It speaks TLS to our plain port.
    SPEAKS_TLS = "sender-speaks-tls", Setup, Tls,
        Pair("{system} speaks TLS to {channel}, whose source is set up without.", "{system} spricht TLS mit {channel}, dessen Quelle ohne eingerichtet ist."),
        [Pair("Give the source tls = { … }, or have TLS switched off at the sender.", "Der Quelle tls = { … } geben, oder TLS beim Sender ausschalten lassen.")];
    /// It does not come through our TLS.
    TLS_TURNED_AWAY = "sender-fails-tls", Setup, Tls,
        Pair("{system} connects to {channel} and does not come through TLS: {what}.", "{system} verbindet sich mit {channel} und kommt nicht durch TLS: {what}."),
        [Pair("Tell the sender: {what}.", "Dem Sender sagen: {what}.")];
    /// Another protocol at the partner's port.
    OTHER_PROTOCOL = "other-protocol", Setup, Protocol,
        Pair("On {address} answers {speech}, not {wanted}: it is another service.", "Auf {address} antwortet {speech}, nicht {wanted}: es ist ein anderer Dienst."),
        [Pair("Compare address and port with what the partner says.", "Adresse und Port mit dem vergleichen, was der Partner nennt.")];
    /// The partner is not called so.
    AE_CALLED = "ae-title-called", Setup, Protocol,
        Pair("{address} is not called {called}: it rejects associations for this AE title.", "{address} heißt nicht {called}: es lehnt Associations für diesen AE-Titel ab."),
        [Pair("Ask the contact for the AE title and compare it with `ae_title` in systems.toml, letter by letter.", "Den Ansprechpartner nach dem AE-Titel fragen und ihn Buchstabe für Buchstabe mit `ae_title` in systems.toml vergleichen.")];
    /// The partner does not know us.
    AE_CALLING = "ae-title-calling", Setup, Protocol,
        Pair("{address} does not know us: it rejects associations of the AE title {calling}.", "{address} kennt uns nicht: es lehnt Associations des AE-Titels {calling} ab."),
        [Pair("Ask the contact to enter our AE title {calling} with the address of this machine.", "Den Ansprechpartner bitten, unseren AE-Titel {calling} mit der Adresse dieses Rechners einzutragen."),
         Pair("Where it knows us by another AE title: write it as `calling` in systems.toml.", "Kennt es uns unter einem anderen AE-Titel: ihn als `calling` in systems.toml schreiben.")];
    /// The partner has too many associations.
    AE_BUSY = "association-busy", Software, Protocol,
        Pair("{address} takes no association just now: {what}.", "{address} nimmt gerade keine Association an: {what}."),
        [Pair("Ask the contact how many associations it allows, and who has them.", "Den Ansprechpartner fragen, wie viele Associations es erlaubt, und wer sie hat."),
         Pair("Fewer at a time: `associations` in systems.toml.", "Weniger auf einmal: `associations` in systems.toml.")];
    /// The partner rejects associations.
    AE_REJECTED = "association-rejected", Software, Protocol,
        Pair("{address} rejects associations: {what}.", "{address} lehnt Associations ab: {what}."),
        [Pair("Ask the contact for the service's log: it says why.", "Den Ansprechpartner nach dem Protokoll des Dienstes fragen: es sagt, warum.")];
    /// What answers is no acknowledgment.
    NONSENSE = "answers-nonsense", Setup, Protocol,
        Pair("What {address} answers is no {wanted}.", "Was {address} antwortet, ist kein {wanted}."),
        [Pair("Compare address and port with what the partner says.", "Adresse und Port mit dem vergleichen, was der Partner nennt."),
         Pair("Look at the answer: klinke messages … show.", "Die Antwort ansehen: klinke messages … show.")],
        or Software, Pair("the partner's driver frames its answers wrongly", "der Treiber des Partners rahmt seine Antworten falsch"),
           Pair("the bytes of the answer begin with 0B, or not", "die Bytes der Antwort beginnen mit 0B oder nicht");
    /// Another protocol at our port.
    SPEAKS_OTHER = "sender-speaks-other", Setup, Protocol,
        Pair("{system} speaks {speech} to {channel}, which takes {wanted}.", "{system} spricht {speech} mit {channel}, der {wanted} nimmt."),
        [Pair("Compare the port that the sender has with the channel's.", "Den Port beim Sender mit dem des Kanals vergleichen.")];
    /// Frames break.
    BROKEN_FRAMES = "broken-frames", Software, Protocol,
        Pair("Messages of {system} to {channel} break off in the middle of their frames: {count} of late.", "Nachrichten von {system} an {channel} brechen mitten im Rahmen ab: zuletzt {count}."),
        [Pair("Tell the vendor: no end block, or a new message begins inside one.", "Dem Hersteller sagen: kein Endblock, oder eine neue Nachricht beginnt in der alten.")],
        or Line, Pair("the connection breaks inside messages", "die Verbindung bricht mitten in Nachrichten ab"),
           Pair("it happens at large messages alone: then it is the line", "es geschieht nur bei großen Nachrichten: dann ist es die Leitung");
}
