//! The German help texts, in one table. [`super::help`] puts them in the place of the English ones, which
//! stand beside each argument; a test holds the two together.

/// What each command and argument does.
///
/// The key is the path of the command, and behind it `--option` or `<ARGUMENT>`. An argument that means the
/// same everywhere stands once, without a path.
pub const TEXTS: &[(&str, &str)] = &[
    (
        "",
        "Verbindet ein Krankenhaus: HL7 v2, Dateien, TCP und HTTP; verwahrt jede Nachricht, bis sie zugestellt ist.",
    ),
    ("help", "Zeigt diese Hilfe oder die eines Befehls"),
    ("--help", "Zeigt die Hilfe"),
    ("--version", "Zeigt die Version"),
    ("--lang", "Sprache der Texte: de oder en [Vorgabe: die der Umgebung]"),
    ("--json", "Antwortet als JSON"),
    ("--env", "Legt klinke.<UMGEBUNG>.toml über klinke.toml"),
    ("<SITE>", "Der Ordner des Standorts"),
    ("new", "Legt einen neuen Standort zum Anfangen an"),
    ("new <FOLDER>", "Der Ordner, der angelegt wird"),
    ("check", "Prüft die Dateien eines Standorts"),
    ("test", "Führt die Beispiele des Standorts aus"),
    ("test --channel", "Nur dieser Kanal"),
    ("test --update", "Schreibt, was herauskommt, als das, was künftig erwartet wird"),
    ("explain", "Erklärt eine Nachricht in einfachen Worten"),
    ("explain <FILE>", "Eine Datei, `-` für die Standardeingabe"),
    ("explain --charset", "Zeichensatz von Nachrichten, die ihren nicht nennen"),
    ("explain --site", "Ein Standort, dessen eigene Definitionen (definitions.toml) mitgelten"),
    ("explain --short", "Nur der erste Absatz"),
    ("serve", "Betreibt einen Standort"),
    ("status", "Sagt, wie es um die Kanäle eines Standorts steht"),
    (
        "learn",
        "Lernt den Dialekt eines Partners, sagt, was an seinen Nachrichten neu ist, oder erfindet Testnachrichten",
    ),
    (
        "learn <PATHS>",
        "Dateien, aus denen gelernt wird; oder der Standort, mit --channel, --system, --drift oder --synthesise",
    ),
    ("learn --channel", "Lernt aus dem, was dieser Kanal empfangen hat"),
    ("learn --system", "Das System, dessen Dialekt es ist"),
    ("learn --last", "Nur, was innerhalb dieser Zeit empfangen wurde: 7d"),
    ("learn --site", "Der Standort, dessen Definitionen gelten und in den --write schreibt"),
    ("learn --write", "Schreibt dialects/<SYSTEM>.toml und baut auf dem auf, was da ist"),
    ("learn --anew", "Beginnt mit --write von vorn, statt auf dem aufzubauen, was da ist"),
    ("learn --format", "Wie die Seite ausgegeben wird"),
    ("learn --drift", "Sagt, was an den Nachrichten der Partner gegenüber ihren Dialekten neu ist"),
    ("learn --synthesise", "Erfindet so viele Testnachrichten im Dialekt des Systems"),
    ("learn --seed", "Derselbe Startwert ergibt dieselben Testnachrichten"),
    ("learn --to", "Der Ordner für Testnachrichten, je eine Datei; sonst die Standardausgabe"),
    ("draft", "Entwirft einen Kanal aus Nachrichten, wie sie kommen, und denselben, wie sie gewünscht sind"),
    ("draft --source", "Nachrichten, wie die Quelle sie sendet: Dateien oder Ordner"),
    ("draft --target", "Dieselben, wie das Ziel sie haben will"),
    (
        "draft --out",
        "Die Datei des Kanals, channels/<Name>.toml eines Standorts; Tabellen kommen daneben in tables/",
    ),
    ("diagnose", "Sagt, was fehlt, wessen Fehler es ist und wen man anruft"),
    ("diagnose <SYSTEM>", "Nur dieses System, mit allem, was angesehen wurde"),
    ("messages", "Zeigt, sucht, exportiert, wiederholt oder berichtigt Nachrichten"),
    ("messages list", "Die neuesten Nachrichten"),
    ("messages list --limit", "Wie viele"),
    ("messages search", "Nachrichten nach Patient, Fall, Auftrag, Zeit, Kanal, System, Stand oder Text"),
    ("messages search --patient", "Patientennummer"),
    ("messages search --case", "Fallnummer"),
    ("messages search --order", "Auftragsnummer"),
    ("messages search --control", "Nachrichtenkennung (MSH-10)"),
    ("messages search --event", "Ereignis, etwa ADT^A01 oder ADT*"),
    ("messages search --path", "Ein Pfad, den der Standort unter `search` nennt, etwa OBR-4.1=GLU"),
    ("messages search --channel", "Kanal"),
    ("messages search --system", "System, das sie gesendet hat"),
    ("messages search --from", "Empfangen ab: 2026-11-24 oder 2026-11-24T08:15:00 (UTC)"),
    ("messages search --until", "Empfangen vor"),
    ("messages search --state", "unrouted, filtered, failed, waiting, dead oder delivered"),
    ("messages search --text", "Wörter der Nachricht, wo der Standort sie verzeichnet"),
    ("messages search --oldest-first", "Die ältesten zuerst"),
    ("messages search --limit", "Wie viele höchstens"),
    ("messages show", "Eine Nachricht mit jeder Stufe: empfangen, nach jedem Schritt, gesendet, beantwortet"),
    ("messages show <ID>", "Ihre Nummer"),
    ("messages export", "Die Bytes einer Stufe"),
    ("messages export <ID>", "Ihre Nummer"),
    ("messages export --stage", "`received`, `step 2`, `part 0`, `answer`"),
    ("messages export --to", "Die Datei, in die geschrieben wird; sonst die Standardausgabe"),
    ("messages resend", "Schickt verwahrte Nachrichten unverändert noch einmal, als neue"),
    ("messages resend <IDS>", "Ihre Nummern"),
    ("messages resend --channel", "In einen anderen Kanal"),
    ("messages edit", "Schickt geänderte Bytes als neue Nachricht; die alte bleibt, wie sie ist"),
    ("messages edit <ID>", "Die Nachricht, die geändert wurde"),
    ("messages edit --with", "Eine Datei mit den neuen Bytes, `-` für die Standardeingabe"),
    ("trace", "Verfolgt einen Fall durch alle Kanäle"),
    ("trace <ID>", "Kennung eines Patienten, eines Falls, eines Auftrags oder einer Nachricht"),
    ("trace --limit", "Wie viele höchstens"),
    (
        "alerts",
        "Zeigt Alarme und wer benachrichtigt wurde; quittiert, schaltet stumm oder probiert, ob sie ankommen",
    ),
    ("alerts list", "Was offen ist, wer Bereitschaft hat, was vorbei ist"),
    ("alerts ack", "Nimmt einen Alarm auf sich: er wird nicht weiter gemeldet"),
    ("alerts ack <ID>", "Welchen"),
    (
        "alerts snooze",
        "Stellt einen Alarm zurück: bis dahin wird nichts von ihm gesagt, außer er wird schlimmer",
    ),
    ("alerts snooze <ID>", "Welcher"),
    ("alerts snooze --for", "Wie lange: 2h"),
    ("alerts snooze --until", "Bis wann, in UTC: 2026-11-30T06:00"),
    ("alerts hand", "Übergibt einen Alarm an eine Person oder einen Plan, die sofort benachrichtigt wird"),
    ("alerts hand <ID>", "Welcher"),
    ("alerts hand --to", "Eine Person oder ein Plan aus alerts.toml"),
    ("alerts mute", "Lässt eine Weile nichts melden: Wartung"),
    ("alerts mute --system", "Nur von diesem System; von allen, wenn nicht angegeben"),
    ("alerts mute --kind", "Nur von dieser Art"),
    ("alerts mute --for", "Für wie lange: 2h"),
    ("alerts mute --reason", "Warum"),
    ("alerts unmute", "Beendet eine Stummschaltung"),
    ("alerts unmute <ID>", "Welche"),
    ("alerts test", "Sendet einen gekennzeichneten Probealarm auf jedem Weg jeder Person"),
    ("alerts test --way", "Nur auf diesem Weg"),
    ("queue", "Zeigt, was wartet; hält an, gibt frei, überspringt, gibt auf oder belebt wieder"),
    ("queue list", "Spuren, in denen etwas wartet; mit --dead, was aufgegeben wurde"),
    ("queue list --place", "Nur dieser Kanal oder Kanal/Ziel"),
    ("queue list --dead", "Zustellungen, die aufgegeben wurden"),
    ("queue list --limit", "Spuren oder Zustellungen je Ziel höchstens"),
    ("queue hold", "Hält ein Ziel an, oder eine Spur davon"),
    ("queue hold <PLACE>", "Kanal/Ziel"),
    ("queue hold --lane", "Nur diese Spur"),
    ("queue hold --reason", "Warum"),
    ("queue release", "Lässt ein Ziel, oder eine Spur davon, weiterlaufen"),
    ("queue release <PLACE>", "Kanal/Ziel"),
    ("queue release --lane", "Nur diese Spur"),
    ("queue skip", "Verzichtet bewusst auf wartende Zustellungen; ihre Spuren laufen weiter"),
    ("queue skip <PLACE>", "Kanal/Ziel"),
    ("queue skip <ENVELOPES>", "Die Nummern der Sendungen"),
    ("queue skip --reason", "Warum"),
    ("queue dead", "Gibt wartende Zustellungen auf und verwahrt sie als aufgegeben"),
    ("queue dead <PLACE>", "Kanal/Ziel"),
    ("queue dead <ENVELOPES>", "Die Nummern der Sendungen"),
    ("queue dead --reason", "Warum"),
    ("queue drop", "Verzichtet endgültig auf Aufgegebenes: es steht nicht länger als aufgegeben da"),
    ("queue drop <PLACE>", "Kanal/Ziel"),
    ("queue drop <ENVELOPES>", "Die Nummern der Sendungen"),
    ("queue drop --reason", "Warum"),
    ("queue revive", "Stellt Aufgegebenes zurück in seine Spuren; alles des Ziels, wenn nichts genannt ist"),
    ("queue revive <PLACE>", "Kanal/Ziel"),
    ("queue revive <ENVELOPES>", "Die Nummern der Sendungen"),
    (
        "audit",
        "Liest, prüft oder exportiert das Protokoll und sagt, wer die Daten eines Patienten gesehen hat",
    ),
    ("audit list", "Die neuesten Einträge"),
    ("audit list --who", "Nur die dieses Kontos oder Benutzers"),
    ("audit list --action", "Nur die dieser Art: log-in, open-payload, search ..."),
    ("audit list --from", "Entstanden ab: 2026-11-24 oder 2026-11-24T08:15:00 (UTC)"),
    ("audit list --until", "Entstanden vor"),
    ("audit list --limit", "Wie viele"),
    ("audit verify", "Prüft, ob nichts geändert, entfernt oder eingefügt wurde"),
    ("audit verify --seal", "Ein Siegel, das `serve` früher gemeldet hat, als Nummer:Prüfsumme"),
    ("audit export", "Schreibt Einträge für andere Programme"),
    ("audit export --format", "Als was geschrieben wird"),
    ("audit export --to", "Die Datei, in die geschrieben wird; sonst die Standardausgabe"),
    ("audit export --from", "Entstanden ab: 2026-11-24 oder 2026-11-24T08:15:00 (UTC)"),
    ("audit export --until", "Entstanden vor"),
    ("audit who-saw", "Wer die Daten eines Patienten gesehen hat"),
    ("audit who-saw <PATIENT>", "Die Kennung des Patienten"),
    ("audit who-saw --from", "Entstanden ab: 2026-11-24 oder 2026-11-24T08:15:00 (UTC)"),
    ("audit who-saw --until", "Entstanden vor"),
    ("people", "Zeigt, legt an, entfernt oder ändert Konten der Konsole"),
    ("people list", "Alle Konten"),
    ("people roles", "Alle Rollen, und was sie dürfen"),
    ("people add", "Legt ein Konto an; gibt einen Einmalcode aus"),
    ("people add <NAME>", "Sein Name"),
    ("people add --role", "Eine Rolle; kann mehrmals stehen"),
    ("people add --title", "Wie der Mensch heißt"),
    (
        "people add --from",
        "Wo der Mensch sich ausweist, wenn nicht hier mit einem Passwort; gibt keinen Code aus",
    ),
    ("people remove", "Entfernt ein Konto mit seinen Sitzungen und Zugangsschlüsseln"),
    (
        "people reset",
        "Nimmt Passwort, zweiten Faktor, Passkeys, Sitzungen und Zugangsschlüssel weg; gibt einen Einmalcode aus",
    ),
    ("people role", "Gibt einem Konto andere Rollen"),
    ("people role <ROLES>", "Alle seine Rollen von nun an"),
    ("people lock", "Lässt ein Konto sich nicht mehr anmelden"),
    ("people unlock", "Lässt ein gesperrtes Konto sich wieder anmelden"),
    ("people tokens", "Alle Zugangsschlüssel von Programmen"),
    ("people end-token", "Nimmt einen Zugangsschlüssel weg"),
    ("people end-token <ID>", "Die Kennung des Zugangsschlüssels"),
    ("<NAME>", "Der Name des Kontos"),
    ("--purpose", "Wozu; steht im Protokoll"),
    ("send", "Sendet Nachrichten über MLLP und zeigt die Antworten"),
    ("send <ADDRESS>", "Wohin: Rechner:Port"),
    ("send <FILES>", "Dateien mit Nachrichten, `-` für die Standardeingabe"),
    ("send --count", "Sendet alles so oft"),
    ("send --timeout", "Wie lange auf jede Antwort gewartet wird"),
    ("send --raw", "Sendet Dateien, wie sie sind, ohne Segmente mit CR zu beenden"),
    ("listen", "Hört zu wie ein Partner und antwortet AA, AE, spät, nie oder falsch"),
    ("listen <ADDRESS>", "Wo: Rechner:Port, oder ein Port nur für diesen Rechner"),
    ("listen --answer", "AA, AE, AR, CA, CE, CR, late, late:2s, never, wrong oder close"),
    ("listen --save", "Legt jede Nachricht als Datei in diesem Ordner ab"),
    ("listen --count", "Endet nach so vielen Nachrichten"),
    ("listen --for", "Endet nach dieser Zeit"),
    ("replay", "Lässt verwahrte Nachrichten durch einen geänderten Kanal laufen und zeigt, was anders wird"),
    ("replay --channel", "Der Kanal"),
    ("replay --last", "Nachrichten aus dieser Zeit: 7d, 12h"),
    ("replay --from", "Empfangen ab: 2026-11-24 oder 2026-11-24T08:15:00 (UTC)"),
    ("replay --until", "Empfangen vor"),
    (
        "replay --against",
        "Gegen diesen Ordner oder diesen Stand in git halten statt gegen die laufende Version",
    ),
    ("replay --limit", "Wie viele höchstens, die ältesten zuerst"),
    ("replay --allow", "Ein Feld, das anders werden darf, etwa PV1-3.1"),
    ("shadow", "Lässt einen geänderten Kanal mitlaufen, ohne zuzustellen, und sagt, was anders wird"),
    (
        "canary",
        "Lässt einen geänderten Kanal einen Teil der Nachrichten bearbeiten und hält ihn an, wenn es ihm schlechter ergeht",
    ),
    ("canary --share", "So viele der Nachrichten: 5%"),
    ("canary --key", "Die Nachrichten, die diese Bedingung erfüllen, geschrieben wie in `only`"),
    ("rhythm", "Sagt, in welchem Rhythmus ein System sendet, was jetzt erwartet wird und was kam"),
    ("rhythm <SYSTEM>", "Das System, oder der Kanal, wo der Sender keinen Namen hat"),
    ("channel", "Sagt, welche Kanäle laufen; stoppt einen oder startet ihn wieder"),
    ("channel list", "Alle Kanäle: laufend, gestoppt, von wem und warum"),
    ("channel stop", "Stoppt einen Kanal"),
    ("channel stop <CHANNEL>", "Der Kanal"),
    ("channel stop --reason", "Warum"),
    ("channel start", "Lässt einen gestoppten Kanal wieder laufen oder versucht einen, der nicht startete"),
    ("channel start <CHANNEL>", "Der Kanal"),
    ("canary --channel", "Der Kanal"),
    ("canary --against", "Der Kanal, wie dieser Ordner oder Stand in git ihn hat"),
    ("canary --status", "Sagt, wie es steht"),
    ("canary --take", "Setzt den geänderten Kanal an die Stelle dessen, der in Betrieb ist"),
    ("canary --drop", "Verwirft den geänderten Kanal"),
    ("canary --reason", "Warum, für das Protokoll"),
    ("shadow --channel", "Der Kanal"),
    ("shadow --against", "Der Kanal, wie dieser Ordner oder Stand in git ihn hat"),
    ("shadow --status", "Sagt, wie es steht"),
    ("shadow --take", "Setzt den geänderten Kanal an die Stelle dessen, der in Betrieb ist"),
    ("shadow --drop", "Verwirft den geänderten Kanal"),
    ("shadow --reason", "Warum, für das Protokoll"),
    ("deploy", "Nimmt eine andere Revision eines laufenden Standorts in Betrieb, wenn sie besteht"),
    ("deploy <REV>", "Ein Commit, ein Zweig oder eine Marke"),
    ("deploy --dry", "Sagt nur, was sich ändern würde"),
    ("rollback", "Geht auf eine frühere Revision eines laufenden Standorts zurück"),
    ("rollback <REV>", "Ein Commit, ein Zweig oder eine Marke"),
    ("rollback --reason", "Warum, für das Protokoll"),
    ("backup", "Sichert den Speicher im laufenden Betrieb"),
    ("backup <FOLDER>", "Ein leerer Ordner, oder einer, den es noch nicht gibt"),
    ("restore", "Stellt einen Speicher aus einer Sicherung wieder her"),
    ("restore <FOLDER>", "Der Ordner, den `klinke backup` geschrieben hat"),
    ("verify", "Prüft jedes gespeicherte Byte"),
    ("prune", "Entfernt, was die Aufbewahrung des Standorts nicht mehr verlangt"),
    ("demo", "Spielt ein kleines Krankenhaus in einem Prozess"),
    ("demo --fault", "Spielt diesen Fehler und zeigt die Diagnose; `list` nennt alle"),
    ("demo --for", "Endet nach dieser Zeit"),
    ("demo --site", "Lässt den Standort in diesem Ordner; sonst in einem im Ordner für temporäre Dateien"),
    ("demo --pace", "Zeit zwischen zwei Nachrichten mit Patientendaten"),
    ("bench", "Misst den ganzen Weg gegen die bloße Verbindung"),
    ("bench --messages", "Nachrichten je Messung"),
    ("bench --connections", "Verbindungen, die Last erzeugen"),
    ("bench --folder", "Wo gemessen wird; sonst ein neuer Ordner in dem für temporäre Dateien"),
    ("dicom", "Spricht von Hand DICOM: Echo, Suche, Abruf, Versand, Prüfung, Aufbewahrung; zeigt Dateien"),
    ("dicom echo", "Fragt, ob ein Partner da ist und uns annimmt (C-ECHO)"),
    ("dicom find", "Fragt einen Partner, was er hat (C-FIND)"),
    ("dicom move", "Lässt einen Partner Instanzen an einen AE-Titel senden (C-MOVE)"),
    ("dicom get", "Lässt einen Partner Instanzen hierher senden, als Dateien (C-GET)"),
    ("dicom store", "Sendet Dateien an einen Partner (C-STORE)"),
    ("dicom verify", "Hält Dateien gegen das, was ein Partner hat (C-FIND)"),
    ("dicom commit", "Bittet einen Partner, aufzubewahren, was in Dateien ist (Storage Commitment)"),
    ("dicom dump", "Zeigt, was in einer Datei steht"),
    ("<PARTNER>", "Der Partner: AE@Rechner:Port, oder mit --site der Name eines Systems"),
    ("--from", "Unser AE-Titel"),
    ("--site", "Der Standort, der den Partner nennt"),
    ("dicom find <KEY>", "Schlüssel: Attribut=Wert, oder ein Attribut, das gezeigt wird"),
    ("dicom find --level", "Was gesucht wird; fehlt es, sagen es die Schlüssel"),
    ("dicom find --patient-root", "Fragt im Modell der Patienten; sonst in dem der Studien"),
    ("dicom find --worklist", "Fragt nach der Arbeitsliste"),
    ("dicom find --limit", "Hört nach so vielen auf"),
    ("dicom move --to", "Der AE-Titel, an den gesendet wird"),
    ("dicom move <KEY>", "Schlüssel: StudyInstanceUID=…, SeriesInstanceUID=…, SOPInstanceUID=…, PatientID=…"),
    ("dicom move --level", "Was gewünscht wird; fehlt es, sagen es die Schlüssel"),
    ("dicom get --into", "Der Ordner, in den sie kommen, eine Datei je Instanz"),
    ("dicom get <KEY>", "Schlüssel: StudyInstanceUID=…, SeriesInstanceUID=…, SOPInstanceUID=…, PatientID=…"),
    ("dicom get --level", "Was gewünscht wird; fehlt es, sagen es die Schlüssel"),
    ("dicom store <FILE>", "Dateien und Ordner"),
    ("dicom verify <FILE>", "Dateien und Ordner"),
    ("dicom commit <FILE>", "Dateien und Ordner"),
    ("dicom commit --listen", "Wo wir auf den Bericht warten, als Rechner:Port"),
    ("dicom commit --wait", "Wie lange auf den Bericht gewartet wird"),
    ("dicom dump <FILE>", "Die Datei"),
    (
        "dicom dump --no-values",
        "Zeigt keine Werte: nur Tags, VRs und Längen, die nichts über Patienten sagen",
    ),
    ("schema", "Schreibt JSON-Schemas der Dateien eines Standorts, für Editoren"),
    ("schema <FOLDER>", "Der Ordner, in den sie kommen"),
    ("schema --openapi", "Gibt stattdessen die Beschreibung der API der Konsole aus (OpenAPI 3.1)"),
    ("completions", "Gibt die Befehlsergänzung für eine Shell aus"),
    ("completions <SHELL>", "Welche Shell"),
    ("man", "Schreibt Handbuchseiten in einen Ordner"),
    ("man <FOLDER>", "Der Ordner; er wird angelegt, wenn es ihn nicht gibt"),
];

/// What stands below the help of a command: examples, exit statuses.
pub const AFTER: &[(&str, &str)] = &[
    ("new", "Beispiel:\n  klinke new krankenhaus\n  klinke test krankenhaus\n  klinke serve krankenhaus"),
    ("check", "Beispiel:\n  klinke check krankenhaus/"),
    (
        "test",
        "Beispiele:
  klinke test krankenhaus/
  klinke test krankenhaus/ --channel adt-to-ris --update

examples/<Kanal>/<Name>.hl7 geht hinein; <Name>.<Ziel>.hl7 daneben muss herauskommen.
Exit-Status: 0 alles wie erwartet, 1 etwas weicht ab.",
    ),
    (
        "explain",
        "Beispiele:
  klinke explain aufnahme.hl7
  klinke explain --lang de - < befund.hl7

Exit-Status: 0 erklärt, 1 erklärt, mit Abweichungen, die einen Blick wert sind, 3 kein HL7.",
    ),
    (
        "serve",
        "Beispiel:
  klinke serve krankenhaus/

Endet auf SIGTERM oder Strg-C; liest die Dateien des Standorts auf SIGHUP neu.",
    ),
    (
        "status",
        "Beispiel:
  klinke status krankenhaus/

Exit-Status: 0 alles in Ordnung, 1 jemand muss nachsehen.",
    ),
    (
        "learn",
        "Beispiele:
  klinke learn nachrichten/*.hl7
  klinke learn --channel adt-to-ris --last 7d krankenhaus/ --write
  klinke learn --system kis krankenhaus/ --format html > kis.html
  klinke learn --drift krankenhaus/
  klinke learn --synthesise 100 --system kis krankenhaus/ --to testnachrichten/

Was gezeigt und geschrieben wird, enthält keine Patientendaten: docs/dialects.md sagt, was behalten wird.
Exit-Status: 0 gelernt, oder nichts Neues; 1 etwas ist neu (--drift).",
    ),
    (
        "draft",
        "Beispiel:
  klinke draft --source kis/ --target ris/ --out krankenhaus/channels/adt-to-ris.toml

Jeder Schritt sagt, in wie vielen Fällen er ergab, was gewünscht war; was er nicht erklärt, steht dabei.
Exit-Status: 0 alle Paare kommen heraus wie gewünscht, 1 nicht alle.",
    ),
    (
        "diagnose",
        "Beispiele:
  klinke diagnose krankenhaus/
  klinke diagnose krankenhaus/ ris
  klinke diagnose krankenhaus/ ris --json

Es werden keine Patientendaten gesendet. Exit-Status: 0 alles in Ordnung, 1 etwas gefunden.",
    ),
    (
        "messages",
        "Beispiele:
  klinke messages krankenhaus/
  klinke messages krankenhaus/ search --patient 4711
  klinke messages krankenhaus/ search --channel adt-to-ris --state dead --from 2026-11-24
  klinke messages krankenhaus/ show 4711
  klinke messages krankenhaus/ export 4711 --to nachricht.hl7
  klinke messages krankenhaus/ resend 4711
  klinke messages krankenhaus/ edit 4711 --with berichtigt.hl7

Exit-Status: 0 gefunden, 1 nichts gefunden.",
    ),
    (
        "trace",
        "Beispiele:
  klinke trace krankenhaus/ 4711

Die Kennung kann die eines Patienten, eines Falls, eines Auftrags oder einer Nachricht sein.",
    ),
    (
        "alerts",
        "Beispiele:
  klinke alerts krankenhaus/
  klinke alerts krankenhaus/ ack 17
  klinke alerts krankenhaus/ snooze 17 --for 2h
  klinke alerts krankenhaus/ hand 17 --to bert
  klinke alerts krankenhaus/ mute --system ris --for 2h --reason 'RIS wird aktualisiert'
  klinke alerts krankenhaus/ unmute 21
  klinke alerts krankenhaus/ test --way mail

Exit-Status: 0 nichts ist offen, oder erledigt; 1 etwas ist offen, oder eine Probe kam nicht an.",
    ),
    (
        "queue",
        "Beispiele:
  klinke queue krankenhaus/
  klinke queue krankenhaus/ list --place adt-to-ris --dead
  klinke queue krankenhaus/ hold adt-to-ris/ris --reason 'RIS wird aktualisiert'
  klinke queue krankenhaus/ release adt-to-ris/ris
  klinke queue krankenhaus/ skip adt-to-ris/ris 4711 --reason 'Testpatient'
  klinke queue krankenhaus/ revive adt-to-ris/ris

Exit-Status: 0 nichts wartet, 1 etwas wartet oder ist aufgegeben.",
    ),
    (
        "audit",
        "Beispiele:
  klinke audit list krankenhaus/
  klinke audit list krankenhaus/ --who anna --from 2026-11-24
  klinke audit verify krankenhaus/
  klinke audit verify krankenhaus/ --seal 4711:0a1b...
  klinke audit who-saw krankenhaus/ 700012
  klinke audit export krankenhaus/ --format syslog --to protokoll.log

Exit-Status: 0 gefunden oder unversehrt, 1 nichts gefunden oder nicht unversehrt.",
    ),
    (
        "people",
        "Beispiele:
  klinke people list krankenhaus/
  klinke people add krankenhaus/ anna --role operator --title 'Anna Muster'
  klinke people role krankenhaus/ anna viewer auditor
  klinke people reset krankenhaus/ anna

`add` und `reset` geben einen Einmalcode aus; mit ihm wählt man auf der Konsole sein Passwort. Hier wird nie
ein Passwort angegeben.",
    ),
    (
        "send",
        "Beispiele:
  klinke send 127.0.0.1:6661 aufnahme.hl7
  klinke send 127.0.0.1:6661 - < aufnahme.hl7
  klinke send 127.0.0.1:6661 tag.hl7 --count 100

Eine Datei kann mehrere Nachrichten enthalten. Exit-Status: 0 alle wurden angenommen, 1 eine nicht,
2 nicht gesendet.",
    ),
    (
        "listen",
        "Beispiele:
  klinke listen 6662
  klinke listen 127.0.0.1:6662 --answer AE
  klinke listen 6662 --answer late:3s --save empfangen/",
    ),
    (
        "replay",
        "Beispiele:
  klinke replay krankenhaus/ --channel adt-to-ris --last 7d
  klinke replay krankenhaus/ --channel adt-to-ris --against HEAD
  klinke replay krankenhaus/ --channel adt-to-ris --against ../krankenhaus-live --allow PV1-3.1

Die Dateien des Standorts, wie sie jetzt sind, werden gegen die laufende Version gehalten, oder gegen einen
anderen Ordner oder einen Stand in git. Nichts wird gesendet.
Exit-Status: 0 nichts wird anders als erlaubt, 1 etwas wird anders.",
    ),
    (
        "rhythm",
        "Beispiel:
  klinke rhythm krankenhaus/ kis

Gelernt aus dem, was in den letzten sechs Wochen kam; Feiertage zählen als Sonntage. Jede Zahl ist die Mitte der
Wochen.
Exit-Status: 0 es geht wie üblich, 1 es ist still.",
    ),
    (
        "channel",
        "Beispiele:
  klinke channel krankenhaus/
  klinke channel krankenhaus/ stop adt-to-ris --reason 'RIS zieht um'
  klinke channel krankenhaus/ start adt-to-ris

Ein gestoppter Kanal schließt seinen Port: Sender bekommen keine Verbindung und behalten, was sie haben. Schritte
und Zustellungen, die unterwegs sind, enden zuerst; was wartet, bleibt und läuft weiter, wenn der Kanal gestartet
wird. Er bleibt gestoppt, über Neustarts und Änderungen der Dateien; ohne laufenden Standort gilt es ab dem
nächsten Start.
Exit-Status: 0 alle laufen oder getan; 1 einer ist gestoppt oder startet nicht.",
    ),
    (
        "canary",
        "Beispiele:
  klinke canary krankenhaus/ --channel adt-to-ris --against feature --share 5%
  klinke canary krankenhaus/ --channel adt-to-ris --against feature --key '\"PV1-3.1\" = [\"CHI1\"]'
  klinke canary krankenhaus/ --channel adt-to-ris --share 20% --reason 'bisher alles gut'
  klinke canary krankenhaus/ --status
  klinke canary krankenhaus/ --channel adt-to-ris --take
  klinke canary krankenhaus/ --channel adt-to-ris --drop

Nach Anteil gehen Nachrichten mit demselben Schlüssel der Spur immer denselben Weg. Geht unter der geänderten
Fassung mehr schief als unter der in Betrieb (gescheitert, aufgegeben, abgelehnt), wird sie von selbst angehalten.
Exit-Status: 0 wie gewünscht, 1 eine wurde angehalten oder geht nicht in Betrieb.",
    ),
    (
        "shadow",
        "Beispiele:
  klinke shadow krankenhaus/ --channel adt-to-ris --against feature
  klinke shadow krankenhaus/ --status
  klinke shadow krankenhaus/ --channel adt-to-ris --take
  klinke shadow krankenhaus/ --channel adt-to-ris --drop

Alles, was ab jetzt kommt, geht durch die Schritte in Betrieb und durch die geänderten; nur die ersten stellen
zu. Übernommen ist der geänderte Kanal ab der nächsten Nachricht in Betrieb und bleibt es, bis die Dateien des
Standorts selbst etwas anderes über ihn sagen.
Exit-Status: 0 nichts wird anders, 1 etwas wird anders oder geht nicht in Betrieb.",
    ),
    (
        "deploy",
        "Beispiele:
  klinke deploy krankenhaus/ --dry
  klinke deploy krankenhaus/
  klinke deploy krankenhaus/ 3f2a91c

Die Dateien werden geprüft und die Beispiele ausgeführt; was nicht besteht, geht nicht in Betrieb.
Mit [deploy] follow = \"main\" in klinke.toml: ohne Revision die neueste, der dann wieder gefolgt wird; eine
Revision bleibt bis zum nächsten `klinke deploy`. Ohne [deploy]: die Dateien, wie sie im Ordner liegen.
Exit-Status: 0 in Betrieb (mit --dry: kann in Betrieb gehen), 1 geht nicht in Betrieb.",
    ),
    (
        "rollback",
        "Beispiele:
  klinke rollback krankenhaus/ --reason 'falsche Station in Aufträgen'
  klinke rollback krankenhaus/ 3f2a91c --reason 'Stand von Freitag'

Ohne Revision die, die davor lief. Dabei bleibt es bis zum nächsten `klinke deploy`. Wer und warum steht im Protokoll.
Exit-Status: 0 in Betrieb, 1 geht nicht in Betrieb.",
    ),
    ("backup", "Beispiel:\n  klinke backup krankenhaus/ /sicherung/2026-11-24"),
    ("restore", "Beispiel:\n  klinke restore krankenhaus/ /sicherung/2026-11-24"),
    ("verify", "Beispiel:\n  klinke verify krankenhaus/"),
    ("prune", "Beispiel:\n  klinke prune krankenhaus/"),
    (
        "demo",
        "Beispiele:
  klinke demo
  klinke demo --for 20s --lang de
  klinke demo --fault list
  klinke demo --fault tls-expired

Ohne --for endet die Vorführung mit Strg-C, und nach 20 s, wo kein Terminal ist.
Exit-Status: 0 die Bücher gehen auf, 1 sie gehen nicht auf.",
    ),
    (
        "bench",
        "Beispiele:
  klinke bench
  klinke bench --messages 50000 --json

Braucht einige Sekunden und einige hundert Megabyte im Ordner für temporäre Dateien.",
    ),
    (
        "dicom",
        "Beispiele:
  klinke dicom echo PACS@10.1.2.3:104
  klinke dicom find PACS@10.1.2.3:104 PatientName='muster*' StudyDate=20261101-
  klinke dicom store pacs --site krankenhaus/ ct/
  klinke dicom verify pacs --site krankenhaus/ ct/
  klinke dicom get PACS@10.1.2.3:104 StudyInstanceUID=1.2.3 --into studie/
  klinke dicom dump bild.dcm

Ein Partner ist AE@Rechner:Port, oder mit --site der Name eines Systems mit einem Eintrag `dicom`.",
    ),
    (
        "dicom echo",
        "Beispiel:
  klinke dicom echo PACS@10.1.2.3:104 --from CT1

Exit-Status: 0 er antwortet, 1 er antwortet mit einem Fehler, 2 es gibt keine Assoziation.",
    ),
    (
        "dicom find",
        "Beispiele:
  klinke dicom find PACS@10.1.2.3:104 PatientName='muster*' StudyDate=20261101-
  klinke dicom find PACS@10.1.2.3:104 --level series StudyInstanceUID=1.2.3
  klinke dicom find RIS@10.1.2.4:104 --worklist ScheduledProcedureStepSequence.Modality=CT

Ein Schlüssel ohne `=` wird erfragt und gezeigt. Exit-Status: 0 etwas gefunden, 1 nichts, 2 keine Antwort.",
    ),
    (
        "dicom move",
        "Beispiel:
  klinke dicom move PACS@10.1.2.3:104 --to WS1 StudyInstanceUID=1.2.3

Der Partner muss den AE-Titel und seine Adresse kennen. Exit-Status: 0 alles angekommen, 1 einiges nicht, 2 keine Antwort.",
    ),
    (
        "dicom get",
        "Beispiel:
  klinke dicom get PACS@10.1.2.3:104 StudyInstanceUID=1.2.3 --into studie/

Exit-Status: 0 alles angekommen, 1 einiges nicht, 2 keine Antwort.",
    ),
    (
        "dicom store",
        "Beispiele:
  klinke dicom store PACS@10.1.2.3:104 bild.dcm
  klinke dicom store PACS@10.1.2.3:104 studie/

Ordner werden mit allem darunter gesendet; Dateien, die keine Instanzen sind, werden genannt und übergangen.
Exit-Status: 0 der Partner hat alle, 1 nicht alle, 2 keine konnte gesendet werden.",
    ),
    (
        "dicom verify",
        "Beispiele:
  klinke dicom verify PACS@10.1.2.3:104 studie/
  klinke dicom verify pacs --site krankenhaus/ /media/cdrom

Fragt nach den Instanzen jeder Studie in den Dateien. Dateien, die keine Instanzen sind, werden übergangen.
Exit-Status: 0 der Partner hat alle, 1 etwas fehlt, 2 er kann nicht gefragt werden.",
    ),
    (
        "dicom commit",
        "Beispiele:
  klinke dicom commit PACS@10.1.2.3:104 studie/ --listen 0.0.0.0:11112
  klinke dicom commit pacs --site krankenhaus/ studie/

Der Partner berichtet über dieselbe Assoziation, oder über eine, die er zu unserem AE-Titel öffnet: dann muss er wissen, wo wir
warten. Dateien, die keine Instanzen sind, werden übergangen.
Exit-Status: 0 der Partner bewahrt alle auf, 1 nicht alle, 2 er kann nicht gefragt werden oder berichtet nicht.",
    ),
    (
        "dicom dump",
        "Beispiele:
  klinke dicom dump bild.dcm
  klinke dicom dump bild.dcm --no-values
  klinke dicom dump bild.dcm --json

Was gegen den Standard ist, steht am Ende, mit seiner Stelle.
Exit-Status: 0 nichts ist gegen den Standard, 1 etwas ist es, 2 es ist kein DICOM.",
    ),
    (
        "link",
        "Beispiele:
  klinke link krankenhaus/ --study 1.2.276.0.7230010.3.1.2.1 --for 'Dr. Muster'
  klinke link krankenhaus/ --accession A4711 --by ris --valid 30m

Unterschrieben wird der Link mit dem Schlüssel von [console.links.<NAME>] in klinke.toml; wer diesen
Schlüssel hat, kann Links auch ohne Klinke machen: docs/viewer.md sagt, wie. Wer den Link hat, sieht
die Studie.
Exit-Status: 0 der Link wurde ausgegeben, 2 nicht.",
    ),
    (
        "archive",
        "Beispiele:
  klinke archive krankenhaus/ status
  klinke archive krankenhaus/ verify
  klinke archive krankenhaus/ merge 4711 4712 --reason 'doppelt aufgenommen'
  klinke archive krankenhaus/ correct 4712 --name 'Muster^Eva' --birth-date 19700131 --reason 'Ausweis'
  klinke archive krankenhaus/ move 1.2.276.0.1 --to 4713 --reason 'falscher Eintrag der Arbeitsliste'
  klinke archive krankenhaus/ changes
  klinke archive krankenhaus/ undo 17 --reason 'doch zwei Personen'
  klinke archive krankenhaus/ clashes
  klinke archive krankenhaus/ decide 3 theirs --reason 'die Modalität hat es berichtigt'
  klinke archive krankenhaus/ hold 1.2.276.0.1 --reason 'Verfahren 4 O 12/26'
  klinke archive krankenhaus/ throw 1.2.276.0.1 --reason 'Phantom'
  klinke archive krankenhaus/ restore 1.2.276.0.1 --reason 'doch gebraucht'
  klinke archive krankenhaus/ retention --dry-run
  klinke archive krankenhaus/ priors
  klinke archive krankenhaus/ rebuild
  klinke archive krankenhaus/ import /media/cdrom
  klinke archive krankenhaus/ export --study 1.2.3 --to studie.zip

Ein Patient wird mit einem Bezeichner genannt, oder mit einem und seinem Herausgeber: 4711^^^KIS. Dateien bleiben, wie sie kamen.
Exit-Status: 0 alles in Ordnung oder erledigt, 1 etwas ist beschädigt.",
    ),
    ("schema", "Beispiele:\n  klinke schema krankenhaus/.schema\n  klinke schema --openapi > klinke.json"),
    ("completions", "Beispiel:\n  klinke completions bash > /etc/bash_completion.d/klinke"),
    ("man", "Beispiel:\n  klinke man /usr/local/share/man/man1"),
];

/// What stands for a value in the usage; a name that is not here stays.
pub const VALUES: &[(&str, &str)] = &[
    ("SITE", "STANDORT"),
    ("PARTNER", "PARTNER"),
    ("MIGRATION", "ÜBERNAHME"),
    ("PATIENT|STUDY", "NUMMER|UID"),
    ("PATH", "PFAD"),
    ("LABEL", "NAME"),
    ("KEY", "SCHLÜSSEL"),
    ("AE", "AE"),
    ("FOLDER", "ORDNER"),
    ("FILE", "DATEI"),
    ("FILES", "DATEIEN"),
    ("PATHS", "PFADE"),
    ("COUNT", "ANZAHL"),
    ("ADDRESS", "ADRESSE"),
    ("TIME", "ZEIT"),
    ("REV|FOLDER", "STAND|ORDNER"),
    ("FIELD", "FELD"),
    ("LANG", "SPRACHE"),
    ("PLACE", "STELLE"),
    ("ENVELOPES", "SENDUNGEN"),
    ("REASON", "GRUND"),
    ("LANE", "SPUR"),
    ("LIMIT", "ANZAHL"),
    ("COUNT", "ANZAHL"),
    ("MESSAGES", "ANZAHL"),
    ("CONNECTIONS", "ANZAHL"),
    ("CHANNEL", "KANAL"),
    ("CHARSET", "ZEICHENSATZ"),
    ("ANSWER", "ANTWORT"),
    ("TIMEOUT", "ZEIT"),
    ("STAGE", "STUFE"),
    ("TO", "DATEI"),
    ("ID", "NUMMER"),
    ("IDS", "NUMMERN"),
    ("PATIENT", "NUMMER"),
    ("CASE", "NUMMER"),
    ("ORDER", "NUMMER"),
    ("CONTROL", "KENNUNG"),
    ("EVENT", "EREIGNIS"),
    ("PATH=VALUE", "PFAD=WERT"),
    ("FROM", "ZEIT"),
    ("UNTIL", "ZEIT"),
    ("STATE", "STAND"),
    ("ENV", "UMGEBUNG"),
    ("WHO", "NAME"),
    ("ACTION", "ART"),
    ("SEAL", "SIEGEL"),
    ("ROLES", "ROLLEN"),
    ("TITLE", "NAME"),
    ("PURPOSE", "ZWECK"),
    ("SYSTEM", "SYSTEM"),
    ("FAULT", "FEHLER"),
    ("OLD", "ALT"),
    ("NEW", "NEU"),
    ("NAME", "NAME"),
    ("DATE", "DATUM"),
    ("SEX", "GESCHLECHT"),
    ("STUDY", "STUDIE"),
    ("SERIES", "SERIE"),
    ("INSTANCE", "INSTANZ"),
    ("NUMBER", "NUMMER"),
    ("WHICH", "WELCHES"),
];
