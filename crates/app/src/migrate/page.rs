//! The report as a page to sign: Markdown, or HTML that prints.

use klinke_archive::migrate::State;
use klinke_console::house::migrate::Part;

use super::job::PROGRAM;
use super::report::Report;
use crate::html::escaped;
use crate::lang::{Language, Pick};
use crate::out::bytes;

impl Report {
    /// As Markdown.
    pub fn markdown(&self, lang: Language) -> String {
        let mut out = String::new();
        for block in self.page(lang) {
            match block {
                Part::Title(text) => out += &format!("# {text}\n\n"),
                Part::Heading(text) => out += &format!("## {text}\n\n"),
                Part::Text(text) => out += &format!("{text}\n\n"),
                Part::Table(rows) => {
                    for (at, row) in rows.iter().enumerate() {
                        let cells: Vec<String> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
                        out += &format!("| {} |\n", cells.join(" | "));
                        if at == 0 {
                            out += &format!("|{}\n", " --- |".repeat(row.len()));
                        }
                    }
                    out.push('\n');
                }
                Part::Signatures(names) => {
                    names
                        .iter()
                        .for_each(|name| out += &format!("{name}: ______________________________\n\n"));
                }
            }
        }
        out
    }

    /// As a page of HTML without anything from elsewhere.
    pub fn html(&self, lang: Language) -> String {
        let mut body = String::new();
        for block in self.page(lang) {
            match block {
                Part::Title(text) => body += &format!("<h1>{}</h1>\n", escaped(&text)),
                Part::Heading(text) => body += &format!("<h2>{}</h2>\n", escaped(&text)),
                Part::Text(text) => body += &format!("<p>{}</p>\n", escaped(&text)),
                Part::Table(rows) => {
                    body.push_str("<table>\n");
                    for (at, row) in rows.iter().enumerate() {
                        let cell = if at == 0 { "th" } else { "td" };
                        let cells = row.iter().map(|text| format!("<{cell}>{}</{cell}>", escaped(text)));
                        body += &format!("<tr>{}</tr>\n", cells.collect::<String>());
                    }
                    body.push_str("</table>\n");
                }
                Part::Signatures(names) => {
                    let one =
                        |name: &String| format!("<div class=\"sign\"><span></span>{}</div>\n", escaped(name));
                    body.extend(names.iter().map(one));
                }
            }
        }
        let title = escaped(&format!("{} · {}", self.name, self.site));
        format!(
            "<!DOCTYPE html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n\
             <style>{STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n",
            lang.pick("en", "de")
        )
    }

    /// Part by part.
    pub fn parts(&self, lang: Language) -> klinke_console::house::migrate::Report {
        klinke_console::house::migrate::Report { complete: self.is_complete(), parts: self.page(lang) }
    }

    fn page(&self, lang: Language) -> Vec<Part> {
        let mut page = Vec::new();
        self.head(lang, &mut page);
        self.figures(lang, &mut page);
        self.years(lang, &mut page);
        self.open_points(lang, &mut page);
        self.untold(lang, &mut page);
        self.events(lang, &mut page);
        page.push(Part::Heading(lang.pick("Signatures", "Unterschriften").to_owned()));
        let names = lang.pick(
            ["Date, head of radiology", "Date, head of IT", "Date, carried out by"],
            ["Datum, Leitung der Radiologie", "Datum, Leitung der IT", "Datum, durchgeführt von"],
        );
        page.push(Part::Signatures(names.map(str::to_owned).to_vec()));
        page
    }

    fn head(&self, lang: Language, blocks: &mut Vec<Part>) {
        let old = &self.old;
        blocks.push(Part::Title(lang.pick(format!("Taking over of {old}"), format!("Übernahme von {old}"))));
        let (site, name, way, at) = (&self.site, &self.name, self.way, self.at);
        blocks.push(Part::Text(lang.pick(
            format!("{site}, migration `{name}`, by {way}. As of {at} (UTC), written by {PROGRAM}."),
            format!("{site}, Übernahme `{name}`, über {way}. Stand {at} (UTC), geschrieben von {PROGRAM}."),
        )));
        let text = match (self.is_complete(), self.is_whole()) {
            (true, _) => lang.pick(
                "Each instance that the old archive names was found in the new one.",
                "Jede Instanz, die das alte Archiv nennt, wurde im neuen gefunden.",
            ),
            (false, true) => lang.pick(
                "Each instance of each study of the inventory was found in the new archive. Whether the inventory is whole: see the remarks on it.",
                "Jede Instanz jeder Studie des Verzeichnisses wurde im neuen Archiv gefunden. Ob das Verzeichnis vollständig ist: siehe die Anmerkungen dazu.",
            ),
            (false, false) => lang.pick(
                "The taking over is not complete. What is missing is listed below.",
                "Die Übernahme ist nicht vollständig. Was fehlt, steht unten.",
            ),
        };
        blocks.push(Part::Text(text.to_owned()));
    }

    fn figures(&self, lang: Language, blocks: &mut Vec<Part>) {
        blocks.push(Part::Heading(lang.pick("Figures", "Zahlen").to_owned()));
        let tally = &self.tally;
        let mut rows = vec![vec![String::new(), lang.pick("Count", "Anzahl").to_owned()]];
        let mut row =
            |en: &str, de: &str, value: String| rows.push(vec![lang.pick(en, de).to_owned(), value]);
        row("Studies in the old archive", "Studien im alten Archiv", tally.all().to_string());
        for state in State::ALL {
            let (en, de) = words(state);
            row(&format!("– {en}"), &format!("– {de}"), tally.of(state).to_string());
        }
        row("– of these given up", "– davon aufgegeben", tally.given_up.to_string());
        row(
            "Instances that the old archive counts",
            "Instanzen, die das alte Archiv zählt",
            tally.wanted.to_string(),
        );
        row(
            "Studies of which it does not count them",
            "Studien, deren Instanzen es nicht zählt",
            tally.uncounted.to_string(),
        );
        row("Instances here", "Instanzen hier", tally.taken.to_string());
        row("Instances known to be missing", "Instanzen, die nachweislich fehlen", tally.missing.to_string());
        row("Bytes of the files here", "Größe der Dateien hier", bytes(lang, tally.bytes));
        blocks.push(Part::Table(rows));
    }

    fn years(&self, lang: Language, blocks: &mut Vec<Part>) {
        blocks.push(Part::Heading(lang.pick("Studies by year", "Studien nach Jahren").to_owned()));
        let mut head = vec![lang.pick("Year", "Jahr").to_owned()];
        head.extend(State::ALL.map(|state| lang.pick(words(state).0, words(state).1).to_owned()));
        let mut rows = vec![head];
        for (year, counts) in &self.years {
            let name = if year.is_empty() { lang.pick("none", "ohne") } else { year };
            let mut row = vec![name.to_owned()];
            row.extend(State::ALL.map(|state| counts.get(&state).copied().unwrap_or(0).to_string()));
            rows.push(row);
        }
        blocks.push(Part::Table(rows));
    }

    fn open_points(&self, lang: Language, blocks: &mut Vec<Part>) {
        if !self.remarks.is_empty() {
            blocks.push(Part::Heading(
                lang.pick("Remarks on the inventory", "Anmerkungen zum Verzeichnis").to_owned(),
            ));
            let head = lang.pick(["Slice", "Remark"], ["Abschnitt", "Anmerkung"]);
            let mut rows = vec![head.map(str::to_owned).to_vec()];
            rows.extend(self.remarks.iter().map(|(slice, remark)| vec![slice.clone(), remark.clone()]));
            blocks.push(Part::Table(rows));
        }
        if self.not_whole.is_empty() {
            return;
        }
        blocks.push(Part::Heading(
            lang.pick("Studies that are not verified", "Studien, die nicht geprüft sind").to_owned(),
        ));
        let head = lang.pick(
            ["Study Instance UID", "Date", "Modalities", "State", "Here", "There", "Why"],
            ["Study Instance UID", "Datum", "Modalitäten", "Stand", "Hier", "Dort", "Grund"],
        );
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        for study in &self.not_whole {
            let (en, de) = words(study.state);
            rows.push(vec![
                study.uid.clone(),
                study.date.clone(),
                study.modalities.replace('\\', " "),
                lang.pick(en, de).to_owned(),
                study.taken.to_string(),
                study.instances.map_or_else(|| "?".to_owned(), |count| count.to_string()),
                study.reason.clone().unwrap_or_default(),
            ]);
        }
        blocks.push(Part::Table(rows));
        if self.more_not_whole > 0 {
            let more = self.more_not_whole;
            blocks.push(Part::Text(lang.pick(
                format!("and {more} more; the report in JSON has all"),
                format!("und {more} weitere; der Bericht in JSON hat alle"),
            )));
        }
    }

    /// Patients are named by a number, which leads to nobody outside the ledger, and by their studies.
    fn untold(&self, lang: Language, blocks: &mut Vec<Part>) {
        let Some((patients, all)) = &self.untold else { return };
        let head = lang.pick(
            "Patients of whom the hospital's system has not told",
            "Patienten, von denen das Krankenhaussystem nichts gesagt hat",
        );
        blocks.push(Part::Heading(head.to_owned()));
        if *all == 0 {
            let text = lang.pick(
                "Of each patient of whom something is here a message or the list has told.",
                "Von jedem Patienten, von dem etwas hier ist, hat eine Nachricht oder die Liste etwas gesagt.",
            );
            return blocks.push(Part::Text(text.to_owned()));
        }
        blocks.push(Part::Text(lang.pick(
            format!("{all} patients have the number and the name of the old archive: neither a message nor the list has told who they are now."),
            format!("{all} Patienten haben Nummer und Namen des alten Archivs: weder eine Nachricht noch die Liste hat gesagt, wer sie jetzt sind."),
        )));
        let head = lang.pick(
            ["Patient", "Studies", "Study Instance UIDs"],
            ["Patient", "Studien", "Study Instance UIDs"],
        );
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        rows.extend(
            patients
                .iter()
                .map(|one| vec![one.number.to_string(), one.count.to_string(), one.studies.join(" ")]),
        );
        blocks.push(Part::Table(rows));
        let more = all.saturating_sub(patients.len() as u64);
        if more > 0 {
            blocks.push(Part::Text(lang.pick(format!("and {more} more"), format!("und {more} weitere"))));
        }
    }

    fn events(&self, lang: Language, blocks: &mut Vec<Part>) {
        blocks.push(Part::Heading(lang.pick("Course", "Verlauf").to_owned()));
        let head = lang.pick(["When (UTC)", "What", "Program", ""], ["Wann (UTC)", "Was", "Programm", ""]);
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        rows.extend(self.course.iter().map(|event| {
            vec![event.at.to_string(), event.what.clone(), event.program.clone(), event.note.clone()]
        }));
        blocks.push(Part::Table(rows));
    }
}

/// A state for people, in English and German.
pub fn words(state: State) -> (&'static str, &'static str) {
    match state {
        State::Planned => ("planned", "geplant"),
        State::Running => ("under way", "unterwegs"),
        State::Taken => ("taken", "übernommen"),
        State::Partly => ("partly taken", "teilweise übernommen"),
        State::Failed => ("failed", "fehlgeschlagen"),
        State::Verified => ("verified", "geprüft"),
    }
}

const STYLE: &str = "
body { font: 11pt/1.4 sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em; color: #111; background: #fff; }
table { border-collapse: collapse; margin: 0 0 1em; }
th, td { border: 1px solid #999; padding: .2em .5em; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
th { background: #eee; }
tr { break-inside: avoid; }
h2 { break-after: avoid; }
.sign { display: inline-block; width: 30%; margin: 4em 2% 0 0; }
.sign span { display: block; border-top: 1px solid #111; }
@media print { body { margin: 0; max-width: none; } }
";
