//! The log as a table for other programs (RFC 4180, comma, UTF-8).
//!
//! Spreadsheets take a cell that begins with `=`, `+`, `-`, `@`, a tabulator or a carriage return for a
//! formula, and what people type into a log-in or a reason would be run. Such cells get an apostrophe in
//! front, which spreadsheets show as plain text.

use super::log::Line;

/// The columns.
const HEAD: [&str; 16] = [
    "number",
    "time",
    "kind",
    "who",
    "via",
    "from",
    "action",
    "outcome",
    "patients",
    "sought",
    "envelopes",
    "place",
    "account",
    "purpose",
    "note",
    "seal",
];

/// The heading, with the mark by which spreadsheets know UTF-8.
pub fn head() -> String {
    format!("\u{feff}{}", row(&HEAD.map(str::to_owned)))
}

/// One line.
pub fn line(line: &Line) -> String {
    let mut cells = vec![line.id.to_string(), line.at.clone()];
    match &line.entry {
        None => cells.resize(HEAD.len() - 1, String::new()),
        Some(entry) => {
            let kind = serde_json::to_value(entry.who.kind).ok();
            let object = &entry.object;
            let places = [&object.channel, &object.system, &object.destination];
            let places: Vec<&str> = places.into_iter().flatten().map(String::as_str).collect();
            let sought: Vec<String> =
                object.sought.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let envelopes: Vec<String> = object.envelopes.iter().map(u64::to_string).collect();
            cells.extend([
                kind.as_ref().and_then(|kind| kind.as_str()).unwrap_or_default().to_owned(),
                entry.who.name.clone(),
                entry.who.via.clone().unwrap_or_default(),
                entry.from.clone(),
                entry.action.name().to_owned(),
                entry.outcome.name().to_owned(),
                object.patients.join(" "),
                sought.join(" "),
                envelopes.join(" "),
                places.join(" "),
                object.account.clone().unwrap_or_default(),
                entry.purpose.clone().unwrap_or_default(),
                entry.note.clone().unwrap_or_default(),
            ]);
        }
    }
    cells.push(line.seal.clone());
    row(&cells)
}

fn row(cells: &[String]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| quoted(&guarded(cell))).collect();
    cells.join(",") + "\r\n"
}

/// A cell that no spreadsheet takes for a formula.
pub fn guarded(cell: &str) -> String {
    // Spreadsheets skip what they take for blanks, and know the wide forms of East Asian keyboards.
    let first = cell.trim_start_matches([' ', '\u{a0}', '\u{feff}', '\u{200b}']).chars().next();
    let starts = cell.chars().next();
    let is_formula =
        |c: char| matches!(c, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠');
    if first.is_some_and(is_formula) || starts.is_some_and(is_formula) {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

/// A cell in quotation marks where it needs them.
fn quoted(cell: &str) -> String {
    let needs = cell.contains(['"', ',', '\r', '\n', ';', '\t']) || cell.starts_with(' ');
    if needs { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{Action, Entry, Who};

    #[test]
    fn no_cell_is_a_formula_and_none_leaves_its_place() {
        for cell in ["=1+1", "+1", "-2", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "\u{200b}=1", "\n=1"] {
            assert!(guarded(cell).starts_with('\''), "{cell:?}");
        }
        for cell in ["anna", "10.0.0.7", "a=b", "", "'x"] {
            assert_eq!(guarded(cell), cell);
        }
        let mut entry = Entry::new(Who::account("anna"), "10.0.0.7", Action::Hold);
        entry.purpose = Some("=cmd|' /C calc'!A0".to_owned());
        entry.note = Some("two\r\nlines, \"quoted\"".to_owned());
        let shown = Line { id: 7, at: "now".to_owned(), entry: Some(entry), seal: "ab".to_owned() };
        assert_eq!(
            line(&shown),
            "7,now,account,anna,,10.0.0.7,hold,done,,,,,,'=cmd|' /C calc'!A0,\"two\r\nlines, \"\"quoted\"\"\",ab\r\n"
        );
        let unreadable = Line { entry: None, ..shown };
        assert_eq!(line(&unreadable).matches(',').count(), HEAD.len() - 1);
        assert_eq!(head().matches(',').count(), HEAD.len() - 1);
    }
}
