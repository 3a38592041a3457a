//! The German help texts of what is done with images: the archive, links, taking over an old archive, media. See [`super::german`].

/// As [`super::german::TEXTS`].
pub const TEXTS: &[(&str, &str)] = &[
    ("archive", "Pflegt das DICOM-Archiv: prüfen, berichtigen, schützen, zurückholen; Datenträger"),
    ("archive status", "Wie viel da ist"),
    ("archive verify", "Liest jede Datei und hält sie gegen den Index, und den Index gegen die Dateien"),
    (
        "archive rebuild",
        "Legt den Index aus den Dateien und den Entscheidungen neu an; der Standort darf nicht laufen",
    ),
    ("archive merge", "Gibt alles eines Patienten einem anderen, auch was noch kommt"),
    ("archive merge <OLD>", "Wer es nicht mehr ist"),
    ("archive merge <NEW>", "Wer es ist"),
    ("archive merge --reason", "Warum"),
    ("archive correct", "Legt Angaben über die, die die Instanzen eines Patienten haben"),
    ("archive correct <PATIENT>", "Wessen"),
    ("archive correct --name", "Der Name, mit `^` zwischen seinen Teilen"),
    ("archive correct --birth-date", "Das Geburtsdatum: 19700131"),
    ("archive correct --sex", "F, M oder O"),
    ("archive correct --reason", "Warum"),
    ("archive move", "Gibt eine Studie einem anderen Patienten"),
    ("archive move <STUDY>", "Ihre Study Instance UID"),
    ("archive move --to", "Wessen sie ist"),
    ("archive move --reason", "Warum"),
    ("archive undo", "Nimmt eine Zusammenführung, Berichtigung oder Umhängung zurück"),
    ("archive undo <NUMBER>", "Ihre Nummer unter den Änderungen"),
    ("archive undo --reason", "Warum"),
    ("archive changes", "Was über das Empfangene entschieden wurde: wer, wann, warum, aus welcher Nachricht"),
    ("archive changes --limit", "Höchstens so viele"),
    ("archive changes --before", "Nur die mit Nummern unter dieser"),
    ("archive clashes", "Was daneben liegt, bis jemand entscheidet"),
    ("archive clashes --limit", "Höchstens so viele"),
    ("archive clashes --before", "Nur die mit Nummern unter dieser"),
    ("archive decide", "Entscheidet, was aus etwas wird, das daneben liegt"),
    ("archive decide <NUMBER>", "Seine Nummer unter dem, was daneben liegt"),
    (
        "archive decide <WHICH>",
        "ours: es geht; theirs: es nimmt den Platz ein; both: es bleibt auch, unter neuen UIDs",
    ),
    ("archive decide --reason", "Warum"),
    ("archive holds", "Studien, die nicht weggeworfen werden dürfen"),
    (
        "archive inbox",
        "Wer abgewiesen wurde, weil die Anlage ihn nicht nennt, und die Zeilen, die ihn einlassen",
    ),
    (
        "archive hold",
        "Schützt eine Studie davor, weggeworfen zu werden, von welcher Regel oder Person auch immer",
    ),
    ("archive hold <STUDY>", "Ihre Study Instance UID"),
    ("archive hold --reason", "Warum"),
    ("archive release", "Erlaubt wieder, eine Studie wegzuwerfen"),
    ("archive release <STUDY>", "Ihre Study Instance UID"),
    ("archive release --reason", "Warum"),
    ("archive trash", "Was im Papierkorb ist"),
    ("archive trash --study", "Nur von dieser Studie"),
    ("archive trash --limit", "Höchstens so viele"),
    ("archive trash --before", "Nur die mit Nummern unter dieser"),
    ("archive throw", "Wirft eine Studie oder einen Teil von ihr in den Papierkorb"),
    ("archive throw <STUDY>", "Ihre Study Instance UID"),
    ("archive throw --series", "Nur diese Serie"),
    ("archive throw --instance", "Nur diese Instanz"),
    ("archive throw --reason", "Warum"),
    (
        "archive retention",
        "Wirft weg, was die Aufbewahrungsregeln des Standorts gehen lassen, wie es der laufende Standort nachts tut",
    ),
    ("archive retention --dry-run", "Sagt nur, was gehen würde"),
    (
        "archive priors",
        "Welche früheren Studien für geplante Patienten geholt werden: was wartet, was gescheitert ist und warum",
    ),
    ("archive priors --again", "Versucht noch einmal, was vergeblich versucht wurde"),
    ("archive priors --limit", "Höchstens so viele offene, je Archiv"),
    ("archive restore", "Holt eine Studie aus dem Papierkorb zurück"),
    ("archive restore <STUDY>", "Ihre Study Instance UID"),
    ("archive restore --number", "Nur, was im Papierkorb diese Nummer hat"),
    ("archive restore --reason", "Warum"),
    ("link", "Macht einen signierten Link, der eine Studie im Betrachter öffnet, ohne Konto"),
    ("link --study", "Study Instance UID"),
    ("link --accession", "Auftragsnummer: führt zu ihrer Studie, oder zu einer Auswahl ihrer Studien"),
    ("link --by", "Wessen Schlüssel unterschreibt; entbehrlich, wo es nur einen gibt"),
    ("link --for", "Für wen er gemacht ist, für das Protokoll"),
    ("link --valid", "Wie lange er gilt"),
    ("migrate", "Übernimmt ein altes Archiv: Verzeichnis, Studien, Prüfung, Bericht"),
    ("migrate plan", "Fragt das alte Archiv nach allen seinen Studien"),
    ("migrate plan --anew", "Fragt noch einmal nach allem, auch nach dem, was schon erfragt ist"),
    ("migrate run", "Holt die Studien, bis alle hier oder aufgegeben sind"),
    ("migrate run --again", "Versucht noch einmal, was aufgegeben wurde"),
    ("migrate run --background", "Wartet nicht auf das Ende, wo `klinke serve` übernimmt"),
    ("migrate stop", "Hält die Übernahme an, wo `klinke serve` übernimmt"),
    ("migrate first", "Zieht eine Studie, oder alle eines Patienten, allen anderen vor"),
    ("migrate first <PATIENT|STUDY>", "Patientennummer oder Study Instance UID"),
    ("migrate status", "Sagt, wie weit es ist und wie lange es noch dauert"),
    ("migrate verify", "Hält jede Instanz, die das alte Archiv nennt, gegen die unseren"),
    ("migrate verify --compare", "Vergleicht die Pixel von so vielen Instanzen je tausend"),
    ("migrate report", "Schreibt, was da war, was kam, was fehlt und warum"),
    ("migrate report --to", "Die Datei: .md, .html oder .json; fehlt sie, Markdown auf der Standardausgabe"),
    ("<MIGRATION>", "Die Übernahme"),
    (
        "archive import",
        "Übernimmt Instanzen aus Dateien: von einem Datenträger mit DICOMDIR oder aus einem Ordner",
    ),
    ("archive import <PATH>", "Ein Ordner mit allem darunter, oder eine Datei"),
    ("archive import --sender", "Was als ihr Absender vermerkt wird"),
    (
        "archive import --replace",
        "Instanzen treten an die Stelle derer, die mit anderen Bytes da sind; sonst liegen sie daneben",
    ),
    (
        "archive export",
        "Schreibt Studien als Datenträger: Instanzen, DICOMDIR und Seiten, die die Bilder zeigen",
    ),
    ("archive export --study", "Eine Studie, mit ihrer Study Instance UID; mehrmals für mehrere"),
    ("archive export --to", "Ein leerer Ordner, oder eine Datei, die auf .zip endet"),
    ("archive export --label", "Der Name des Datenträgers"),
    ("archive export --decode", "Dekodiert, was komprimiert ist, für alte Leseprogramme"),
    ("archive export --no-viewer", "Ohne die Seiten, die die Bilder zeigen"),
];

/// As [`super::german::AFTER`].
pub const AFTER: &[(&str, &str)] = &[(
    "migrate",
    "Beispiele:
  klinke migrate krankenhaus/ plan altes-pacs
  klinke migrate krankenhaus/ run altes-pacs
  klinke migrate krankenhaus/ status
  klinke migrate krankenhaus/ first 4711 altes-pacs
  klinke migrate krankenhaus/ verify altes-pacs --compare 20
  klinke migrate krankenhaus/ report altes-pacs --to bericht.html

Was übernommen wird, steht in migrations/<Name>.toml; der Name darf fehlen, wo es nur eine gibt.
Läuft `klinke serve`, übernimmt es; sonst tut es dieser Befehl und nimmt an, was das alte Archiv sendet.",
)];
