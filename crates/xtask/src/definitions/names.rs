//! Cleans names: one spelling of a name over the versions, no shouting, no stray spaces, known faults mended.

use std::collections::HashMap;

use super::model::{Definitions, Version};

/// Words that stay in capitals when a name in capitals is written in words.
const ABBREVIATIONS: &[&str] = &[
    "ABO", "ADT", "BP", "CE", "DEA", "DICOM", "DRG", "ESC", "HCFA", "HL7", "ICD", "ICD9CM", "ID", "IDS",
    "IV", "NDC", "PO", "QA", "RX", "SSN", "TV", "UB82", "UB92", "UPIN", "US", "VIP", "WBC",
];
/// Words that stay small inside a name.
const SMALL: &[&str] =
    &["a", "and", "as", "at", "by", "for", "from", "in", "of", "on", "or", "per", "the", "to", "with"];

/// Names that the packages have in another language or as a remark.
const MENDED: &[(&str, &str)] = &[
    ("Ck für patienten-ids", "Patient ID with Check Digit"),
    ("Cn für ärzte", "Physician"),
    ("Auftragsnummer Des Auftraggebers / Der Auftraggebenden Stelle", "Placer Order Number"),
    ("Wertebereich", "Range"),
    ("Undefined CM Data Type", "Parent Result"),
    ("Telefon", "Telephone Number"),
    ("Faxnummer", "Fax Number"),
    ("Online-Nummer", "Online Number"),
    ("Etage", "Floor"),
    ("Klinik", "Clinic"),
    ("Zentrum", "Centre"),
    ("Familiy name", "Family Name"),
    ("Degree (e.g., MD", "Degree (e.g., MD)"),
    ("???????????", "Unnamed Component"),
];
/// Entries of the segment lists that are remarks of the standard's schemas, not segments.
const NO_SEGMENTS: &[&str] = &["ED", "Hxx", "ZL7", "Zxx"];

/// Tidies every name of the definitions.
pub fn tidy(definitions: &mut Definitions) {
    let spellings = spellings(definitions);
    for version in &mut definitions.versions {
        version.segments.retain(|id, _| !NO_SEGMENTS.contains(&id.as_str()));
        for composite in version.segments.values_mut().chain(version.types.values_mut()) {
            composite.name = name(&composite.name, &spellings);
            for row in composite.rows.values_mut() {
                let type_behind = format!(" ({})", row.data_type);
                row.name = name(row.name.strip_suffix(&type_behind).unwrap_or(&row.name), &spellings);
                row.data_type = match row.data_type.as_str() {
                    "*" | "var" | "VARIES" | "Varies" => "varies".to_owned(),
                    other => other.to_owned(),
                };
            }
        }
        for event in version.events.values_mut() {
            event.description = without_messages(&squeeze(&event.description));
        }
        one_structure_for_appointments(version);
    }
    fill_events(definitions);
    for (number, table) in &mut definitions.tables {
        table.name = name(&table.name, &spellings);
        let has_texts = table.values.values().any(|text| !text.is_empty());
        table.values.retain(|code, text| !has_texts || !text.is_empty() || !is_heading(code));
        for text in table.values.values_mut() {
            *text = squeeze(text);
            if number == "0003" {
                *text = without_messages(text);
            }
        }
    }
}

/// The sources list headings of a table among its codes; those are words.
fn is_heading(code: &str) -> bool {
    code.ends_with('_') || code.len() > 3 && code.chars().any(char::is_lowercase)
}

/// Table 0354 gives all notifications of appointments the structure `SIU_S12`.
fn one_structure_for_appointments(version: &mut Version) {
    if !version.structures.contains_key("SIU_S12") {
        return;
    }
    version.structures.retain(|id, _| id == "SIU_S12" || !id.starts_with("SIU_"));
    for (id, event) in &mut version.events {
        if id.starts_with("SIU_") && !version.structures.contains_key(&event.structure) {
            event.structure = "SIU_S12".to_owned();
        }
    }
}

/// Fills an event that one version lacks while the versions before and after it agree on its structure.
fn fill_events(definitions: &mut Definitions) {
    for index in 1..definitions.versions.len() - 1 {
        let (before, after) =
            (&definitions.versions[index - 1].events, &definitions.versions[index + 1].events);
        let agreed = before
            .iter()
            .filter(|(id, event)| after.get(*id).is_some_and(|it| it.structure == event.structure));
        let agreed: Vec<_> = agreed.map(|(id, event)| (id.clone(), event.clone())).collect();
        let version = &mut definitions.versions[index];
        for (id, event) in agreed {
            if version.structures.contains_key(&event.structure) {
                version.events.entry(id).or_insert(event);
            }
        }
    }
}

/// Spellings that are not in capitals, by their small letters; the newest version wins.
fn spellings(definitions: &Definitions) -> HashMap<String, String> {
    let mut spellings = HashMap::new();
    let composites = definitions
        .versions
        .iter()
        .flat_map(|version| version.segments.values().chain(version.types.values()));
    for composite in composites {
        let rows = composite.rows.values().map(|row| row.name.as_str());
        for spelling in rows.chain([composite.name.as_str()]).map(squeeze) {
            if !is_shouted(&spelling) && spelling.starts_with(|letter: char| !letter.is_lowercase()) {
                spellings.insert(spelling.to_lowercase(), spelling);
            }
        }
    }
    spellings
}

fn is_shouted(text: &str) -> bool {
    text.len() > 5 && !text.chars().any(char::is_lowercase)
}

fn name(raw: &str, spellings: &HashMap<String, String>) -> String {
    let raw = squeeze(raw);
    if let Some((_, mended)) = MENDED.iter().find(|(name, _)| *name == raw) {
        return (*mended).to_owned();
    }
    if !is_shouted(&raw) {
        return spellings.get(&raw.to_lowercase()).cloned().unwrap_or_else(|| with_capital(&raw));
    }
    if let Some(spelling) = spellings.get(&raw.to_lowercase()) {
        return spelling.clone();
    }
    let words = raw.split(' ').enumerate().map(|(index, word)| capitalise(word, index == 0));
    words.collect::<Vec<_>>().join(" ")
}

fn capitalise(word: &str, first: bool) -> String {
    if word.contains('/') {
        return word.split('/').map(|part| capitalise(part, true)).collect::<Vec<_>>().join("/");
    }
    let small = word.to_lowercase();
    if ABBREVIATIONS.contains(&word.trim_matches(|letter: char| !letter.is_alphanumeric())) {
        return word.to_owned();
    }
    if !first && SMALL.contains(&small.as_str()) {
        return small;
    }
    let start = small.find(char::is_alphabetic).unwrap_or(0);
    let end = small[start..].chars().next().map_or(start, |letter| start + letter.len_utf8());
    format!("{}{}{}", &small[..start], small[start..end].to_uppercase(), &small[end..])
}

/// One space between words, straight quotation marks, the package's stand-in for an apostrophe undone.
fn squeeze(text: &str) -> String {
    let mut text =
        text.split_whitespace().collect::<Vec<_>>().join(" ").replace("\"\"", "\"").replace("\"\"", "\"");
    // Texts that once stood in a table of comma separated values have kept a mark of its quoting.
    if text.matches('"').count() % 2 == 1 && text.ends_with('"') {
        text.pop();
    }
    text.replace("r_s ", "r's ")
        .replace(['\u{2018}', '\u{2019}', '\u{b4}'], "'")
        .replace(['\u{201c}', '\u{201d}'], "\"")
        .replace('\u{2013}', "-")
}

/// `ADT/ACK - Admit/visit notification` without the message types in front.
fn without_messages(text: &str) -> String {
    match text.split_once(" - ") {
        Some((lead, rest))
            if lead.chars().all(|letter| letter.is_ascii_uppercase() || "/ ,".contains(letter)) =>
        {
            with_capital(rest.trim())
        }
        _ => with_capital(text.strip_prefix("SIU/ACK ").unwrap_or(text)),
    }
}

fn with_capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    first + letters.as_str()
}
