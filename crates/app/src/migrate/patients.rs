//! The list of patients of an old archive and who they are now, as the hospital's system knows them.
//!
//! CSV with a line of headings; columns are separated by commas, semicolons or tabs, whichever the first line uses.
//!
//! | column | what |
//! |---|---|
//! | `old` | the Patient ID in the old archive; the only one that must be there |
//! | `old_issuer` | its issuer, where the old archive has several |
//! | `id` | the present Patient ID; the same as the old one when empty |
//! | `issuer` | the issuer of the present one; that of the old one when empty |
//! | `name` | `Family^Given^Middle^Prefix^Suffix` (PN: PS3.5, section 6.2.1) |
//! | `birth_date` | `1970-01-31`, `19700131` or `31.01.1970` |
//! | `sex` | `F`, `M`, `O`; also `W` and `D` as German systems write it; `U` for unknown |
//!
//! What is wrong is told with its line, and never with what stands there.

use std::collections::HashMap;
use std::path::Path;

use klinke_archive::PatientKey;
use klinke_archive::migrate::Day;
use klinke_dimse::charset::Charset as Utf8;
use klinke_dimse::data::DataSet;
use klinke_dimse::{VR, tags};
use klinke_hl7v2::charset::Charset;

use crate::site::migration::Patients;

/// The longest list.
const FILE_BYTES_MAX: u64 = 512 << 20;
/// More lines are in no list.
const ROWS_MAX: usize = 5_000_000;
/// So many faults are told.
const FAULTS_MAX: usize = 100;
/// The longest identifier, issuer or group of a name (PS3.5, Table 6.2-1).
const CHARS_MAX: usize = 64;

const COLUMNS: [&str; 7] = ["old", "old_issuer", "id", "issuer", "name", "birth_date", "sex"];

/// The list.
#[derive(Default)]
pub struct PatientList {
    rows: HashMap<String, Vec<Row>>,
    /// A hash of the file: whether it is another one than before.
    pub hash: String,
}

/// What a line says.
struct Row {
    line: u64,
    old_issuer: String,
    id: String,
    issuer: String,
    name: String,
    birth_date: String,
    sex: String,
}

/// What is wrong with a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The line, from 1; none for the whole.
    pub line: Option<u64>,
    /// What is wrong, without what stands there.
    pub text: String,
}

impl Wrong {
    fn whole(text: impl ToString) -> Vec<Wrong> {
        vec![Wrong { line: None, text: text.to_string() }]
    }

    fn at(line: u64, text: impl Into<String>) -> Wrong {
        Wrong { line: Some(line), text: text.into() }
    }
}

impl std::fmt::Display for Wrong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.text),
            None => f.write_str(&self.text),
        }
    }
}

impl PatientList {
    /// Reads a list.
    pub fn read(list: &Patients) -> Result<PatientList, Vec<Wrong>> {
        let bytes = bytes(&list.file).map_err(Wrong::whole)?;
        let charset = Charset::by_name(&list.charset).ok_or_else(|| Wrong::whole("no such character set"))?;
        let hash = blake3::hash(&bytes).to_hex().to_string();
        // Whoever says UTF-8 and sends something else would have all names wrong.
        if charset == Charset::UTF_8
            && let Err(error) = std::str::from_utf8(&bytes)
        {
            let line = bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
            return Err(vec![Wrong::at(line, "it is not UTF-8, as `charset` says")]);
        }
        let rows = rows(&charset.decode(&bytes))?;
        Ok(PatientList { rows, hash })
    }

    /// What it says of an identity, and at which line.
    pub fn find(&self, key: &PatientKey) -> Option<(DataSet, u64)> {
        let rows = self.rows.get(&key.identifier)?;
        let exact = rows.iter().find(|row| !row.old_issuer.is_empty() && row.old_issuer == key.issuer);
        let row = exact.or_else(|| rows.iter().find(|row| row.old_issuer.is_empty()))?;
        let mut set = DataSet::new();
        let id = if row.id.is_empty() { &key.identifier } else { &row.id };
        for (tag, vr, text) in [
            (tags::PATIENT_ID, VR::LO, id),
            (tags::ISSUER_OF_PATIENT_ID, VR::LO, &row.issuer),
            (tags::PATIENT_NAME, VR::PN, &row.name),
            (tags::PATIENT_BIRTH_DATE, VR::DA, &row.birth_date),
            (tags::PATIENT_SEX, VR::CS, &row.sex),
        ] {
            if !text.is_empty() {
                set.put_text(tag, vr, text, &Utf8::UTF_8);
            }
        }
        Some((set, row.line))
    }

    /// How many lines it has.
    pub fn len(&self) -> usize {
        self.rows.values().map(Vec::len).sum()
    }
}

fn bytes(file: &Path) -> std::io::Result<Vec<u8>> {
    let size = std::fs::metadata(file)?.len();
    if size > FILE_BYTES_MAX {
        return Err(std::io::Error::other(format!("{size} bytes are too many")));
    }
    std::fs::read(file)
}

/// The lines by old identifier.
fn rows(text: &str) -> Result<HashMap<String, Vec<Row>>, Vec<Wrong>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let head = text.lines().next().unwrap_or_default();
    let delimiter = [b'\t', b';', b','].into_iter().find(|one| head.as_bytes().contains(one)).unwrap_or(b',');
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).trim(csv::Trim::All).from_reader(text.as_bytes());
    let columns = columns(&mut reader)?;
    let (mut rows, mut wrong): (HashMap<String, Vec<Row>>, Vec<Wrong>) = (HashMap::new(), Vec::new());
    let mut count = 0;
    for record in reader.records() {
        if wrong.len() >= FAULTS_MAX {
            break;
        }
        count += 1;
        if count > ROWS_MAX {
            wrong.push(Wrong { line: None, text: format!("more than {ROWS_MAX} lines") });
            break;
        }
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let line = error.position().map(|at| line_of(text, at));
                wrong.push(Wrong { line, text: "it has another number of columns than the first line, or a quotation mark that is not closed".to_owned() });
                continue;
            }
        };
        let line = record.position().map_or(0, |at| line_of(text, at));
        let cell = |name| columns[&name].and_then(|at| record.get(at)).unwrap_or_default();
        match row(line, &cell) {
            Ok((old, row)) => {
                let others = rows.entry(old).or_default();
                match others.iter().find(|other| other.old_issuer == row.old_issuer) {
                    Some(other) => {
                        wrong.push(Wrong::at(line, format!("the same `old` stands in line {}", other.line)));
                    }
                    None => others.push(row),
                }
            }
            Err(text) => wrong.push(Wrong::at(line, text)),
        }
    }
    wrong.extend(chains(&rows));
    wrong.sort_by_key(|one| one.line);
    wrong.truncate(FAULTS_MAX);
    if wrong.is_empty() { Ok(rows) } else { Err(wrong) }
}

/// The line of a record: its position is that of the blank lines before it.
fn line_of(text: &str, at: &csv::Position) -> u64 {
    let rest = usize::try_from(at.byte()).ok().and_then(|at| text.as_bytes().get(at..)).unwrap_or_default();
    let blank = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
    at.line() + blank.filter(|byte| **byte == b'\n').count() as u64
}

/// The numbers of the columns.
fn columns(reader: &mut csv::Reader<&[u8]>) -> Result<HashMap<&'static str, Option<usize>>, Vec<Wrong>> {
    let all = COLUMNS.join(", ");
    let heads = reader.headers().map_err(|_| vec![Wrong::at(1, format!("it must name columns: {all}"))])?;
    let mut columns: HashMap<&'static str, Option<usize>> = COLUMNS.map(|name| (name, None)).into();
    for (at, head) in heads.iter().enumerate() {
        // Some write the headings with capitals.
        let head = head.to_lowercase();
        let Some((name, place)) = columns.iter_mut().find(|(name, _)| **name == head) else {
            let text = format!("column {} is none that a list has; these are: {all}", at + 1);
            return Err(vec![Wrong::at(1, text)]);
        };
        if place.replace(at).is_some() {
            return Err(vec![Wrong::at(1, format!("the column `{name}` is there twice"))]);
        }
    }
    match columns["old"] {
        Some(_) => Ok(columns),
        None => Err(vec![Wrong::at(1, "the column `old` is missing: the Patient ID in the old archive")]),
    }
}

fn row<'a>(line: u64, cell: &dyn Fn(&'static str) -> &'a str) -> Result<(String, Row), String> {
    let text = |name: &'static str| -> Result<String, String> {
        let text = cell(name);
        if text.chars().any(|one| one == '\\' || one.is_control()) {
            return Err(format!("`{name}` has a backslash or a control character"));
        }
        let most = if name == "name" { 3 * CHARS_MAX } else { CHARS_MAX };
        match text.chars().count() > most {
            true => Err(format!("`{name}` has more than {most} characters")),
            false => Ok(text.to_owned()),
        }
    };
    let old = text("old")?;
    if old.is_empty() {
        return Err("`old` is empty".to_owned());
    }
    let row = Row {
        line,
        old_issuer: text("old_issuer")?,
        id: text("id")?,
        issuer: text("issuer")?,
        name: name(text("name")?)?,
        birth_date: birth_date(cell("birth_date"))?,
        sex: sex(cell("sex"))?.to_owned(),
    };
    Ok((old, row))
}

fn name(name: String) -> Result<String, String> {
    let is_wrong = name.split('=').count() > 3
        || name.split('=').any(|group| group.split('^').count() > 5 || group.chars().count() > CHARS_MAX);
    if is_wrong {
        return Err(
            "`name` is no name: up to five components (`^`), up to three groups (`=`), 64 characters each"
                .to_owned(),
        );
    }
    match name.contains(',') && !name.contains('^') {
        true => Err("`name` is written `Family^Given`, not with a comma".to_owned()),
        false => Ok(name),
    }
}

fn birth_date(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Ok(String::new());
    }
    let parts: Vec<&str> = text.split('.').collect();
    let iso = match parts.as_slice() {
        [day, month, year] => format!("{year}-{month:0>2}-{day:0>2}"),
        _ if text.len() == 8 && text.is_ascii() => format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..]),
        _ => text.to_owned(),
    };
    match iso.parse::<Day>() {
        Ok(_) => Ok(iso.replace('-', "")),
        Err(_) => Err("`birth_date` is no day; write 1970-01-31, 19700131 or 31.01.1970".to_owned()),
    }
}

fn sex(text: &str) -> Result<&'static str, String> {
    Ok(match text {
        "" | "U" | "u" => "",
        "F" | "f" | "W" | "w" => "F",
        "M" | "m" => "M",
        "O" | "o" | "D" | "d" => "O",
        _ => return Err("`sex` is none of F, M, O, W, D, U".to_owned()),
    })
}

/// Lines whose present identifier is the old one of another line that leads on: nobody could say who that is now.
fn chains(rows: &HashMap<String, Vec<Row>>) -> Vec<Wrong> {
    let leads_on = |old: &str, row: &Row| !row.id.is_empty() && row.id != *old;
    let mut wrong = Vec::new();
    for (old, of) in rows {
        for row in of.iter().filter(|row| leads_on(old, row) && row.issuer == row.old_issuer) {
            let further = rows.get(&row.id).into_iter().flatten();
            let mut further = further.filter(|next| next.old_issuer == row.issuer && leads_on(&row.id, next));
            if let Some(next) = further.next() {
                let text = format!(
                    "its `id` is `old` in line {}, which leads on: write who it is at last",
                    next.line
                );
                wrong.push(Wrong::at(row.line, text));
            }
        }
    }
    wrong
}

impl std::fmt::Debug for PatientList {
    /// They are patients.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PatientList({} lines)", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> Vec<String> {
        rows(text).err().unwrap_or_default().iter().map(ToString::to_string).collect()
    }

    fn said(list: &PatientList, id: &str, issuer: &str) -> Option<(Vec<String>, u64)> {
        let key = PatientKey { issuer: issuer.to_owned(), ..PatientKey::named(id) };
        let (set, line) = list.find(&key)?;
        let tags = [
            tags::PATIENT_ID,
            tags::ISSUER_OF_PATIENT_ID,
            tags::PATIENT_NAME,
            tags::PATIENT_BIRTH_DATE,
            tags::PATIENT_SEX,
        ];
        let texts = tags.map(|tag| set.text(tag, &Utf8::UTF_8).unwrap_or_default().into_owned());
        Some((texts.to_vec(), line))
    }

    #[test]
    fn a_list_says_who_somebody_is_now() {
        let text = "\u{feff}OLD;id;issuer;name;birth_date;sex;old_issuer\n\
            1;901;KIS;Müller^Eva;31.01.1970;W;\n\n2;;;\"Groß; von^Max\";1970-02-28;m;\n2;77;LAB;;;;LAB\n3;3;;;;;\n";
        let list = PatientList { rows: rows(text).expect("a list"), hash: String::new() };
        let is = |id, issuer, texts: [&str; 5], line| {
            assert_eq!(said(&list, id, issuer), Some((texts.map(str::to_owned).to_vec(), line)));
        };
        is("1", "", ["901", "KIS", "Müller^Eva", "19700131", "F"], 2);
        is("1", "ANY", ["901", "KIS", "Müller^Eva", "19700131", "F"], 2);
        is("2", "", ["2", "", "Groß; von^Max", "19700228", "M"], 4);
        is("2", "LAB", ["77", "LAB", "", "", ""], 5);
        assert_eq!((said(&list, "9", ""), list.len()), (None, 4));
        assert_eq!(format!("{list:?}"), "PatientList(4 lines)");
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line_and_without_what_stands_there() {
        for (text, told) in [
            ("", "line 1: the column `old` is missing"),
            ("id,name\n1,Geheim\n", "line 1: the column `old` is missing"),
            ("old,Geheim\n1,x\n", "line 1: column 2 is none that a list has"),
            ("old,old\n1,2\n", "line 1: the column `old` is there twice"),
            ("old,id\n1\n", "line 2: it has another number of columns"),
            ("old,id\n,Geheim\n", "line 2: `old` is empty"),
            ("old,id\n1,2\n1,3\n", "line 3: the same `old` stands in line 2"),
            ("old,id\n1,2\n2,3\n", "line 2: its `id` is `old` in line 3"),
            ("old,name\n1,\"Geheim, Eva\"\n", "line 2: `name` is written"),
            ("old,name\n1,Geheim^a^b^c^d^e\n", "line 2: `name` is no name"),
            ("old,name\n1,Geheim\\Eva\n", "line 2: `name` has a backslash"),
            ("old,birth_date\n1,19700230\n", "line 2: `birth_date` is no day"),
            ("old,birth_date\n1,32.1.1970\n", "line 2: `birth_date` is no day"),
            ("old,birth_date\n1,ä9700101\n", "line 2: `birth_date` is no day"),
            ("old,sex\n1,X\n", "line 2: `sex` is none of"),
            (&format!("old,id\n1,{}\n", "9".repeat(65)), "line 2: `id` has more than 64"),
        ] {
            let wrong = wrong(text);
            assert!(wrong.len() == 1 && wrong[0].starts_with(told), "{text}: {wrong:?}");
            assert!(!wrong[0].contains("Geheim"), "{wrong:?}");
        }
        // Who is the same as before may be the present one of others.
        assert_eq!(wrong("old,id\n1,2\n2,2\n"), Vec::<String>::new());
    }
}
