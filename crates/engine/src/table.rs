//! Tables that translate codes: CSV files in the site's `tables` folder.
//!
//! The first line names the columns. One of them is what is looked for: `from` where a column is called
//! so, else the first. What comes out is the column `to` where there is one, else the second, unless a
//! step names another. Columns are separated by commas, semicolons or tabs, whichever the first line
//! uses; cells may be quoted. Spaces around cells don't count, blank lines neither.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// One table.
#[derive(Clone, PartialEq, Eq)]
pub struct Table {
    columns: Vec<String>,
    key: usize,
    value: usize,
    rows: Vec<Vec<String>>,
    by_key: HashMap<String, usize>,
}

/// Why a text is no table. `line` counts from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {text}")]
pub struct TableError {
    /// Where.
    pub line: u64,
    /// What is wrong.
    pub text: String,
}

/// The site's tables by name.
#[derive(Clone, Debug, Default)]
pub struct Tables(BTreeMap<String, Arc<Table>>);

/// Most columns of one table.
pub const COLUMNS_MAX: usize = 1_000;

/// Most rows of one table.
pub const ROWS_MAX: usize = 1_000_000;

impl Table {
    /// Reads a table from a CSV text.
    pub fn parse(text: &str) -> Result<Table, TableError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter(text))
            .has_headers(true)
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        let columns: Vec<String> =
            reader.headers().map_err(|error| fault(&error))?.iter().map(str::to_owned).collect();
        let mut table = Table::with_columns(columns)?;
        let mut last = (0, 1);
        for record in reader.records() {
            let record = record.map_err(|error| fault(&error))?;
            let place = record.position().map_or(last, |at| (at.byte(), at.line()));
            table.add(record.iter().map(str::to_owned).collect(), place.1)?;
            last = place;
        }
        // The reader takes all that follows a quotation mark for one cell, up to the end of the text.
        let rest = usize::try_from(last.0).ok().and_then(|at| text.get(at..)).unwrap_or("");
        if rest.matches('"').count() % 2 == 1 {
            let text = "a quotation mark is not closed by a second one".to_owned();
            return Err(TableError { line: last.1, text });
        }
        Ok(table)
    }

    fn with_columns(columns: Vec<String>) -> Result<Table, TableError> {
        let error = |text: String| TableError { line: 1, text };
        if columns.len() < 2 {
            return Err(error("the first line must name at least two columns, as in `from,to`".to_owned()));
        }
        if columns.len() > COLUMNS_MAX {
            return Err(error(format!("more than {COLUMNS_MAX} columns")));
        }
        for (at, name) in columns.iter().enumerate() {
            if name.is_empty() {
                return Err(error(format!("column {} has no name", at + 1)));
            }
            if columns[..at].contains(name) {
                return Err(error(format!("the column `{name}` is there twice")));
            }
        }
        let find = |name: &str| columns.iter().position(|column| column == name);
        let key = find("from").unwrap_or(0);
        let value = find("to").unwrap_or(usize::from(key == 0));
        Ok(Table { columns, key, value, rows: Vec::new(), by_key: HashMap::new() })
    }

    fn add(&mut self, row: Vec<String>, line: u64) -> Result<(), TableError> {
        if self.rows.len() == ROWS_MAX {
            return Err(TableError { line, text: format!("more than {ROWS_MAX} rows") });
        }
        if self.by_key.insert(row[self.key].clone(), self.rows.len()).is_some() {
            let text = format!("the same `{}` is there a second time", self.columns[self.key]);
            return Err(TableError { line, text });
        }
        self.rows.push(row);
        Ok(())
    }

    /// The names of its columns, in the file's order.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The number of a column, from 0.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }

    /// The number of the column that a look-up gives when none is named.
    pub fn value_column(&self) -> usize {
        self.value
    }

    /// The cell of a column in the row of this key.
    pub fn get(&self, key: &str, column: usize) -> Option<&str> {
        let row = *self.by_key.get(key)?;
        self.rows[row].get(column).map(String::as_str)
    }

    /// True when a row has this key.
    pub fn contains(&self, key: &str) -> bool {
        self.by_key.contains_key(key)
    }

    /// How many rows it has, the names of the columns not counted.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// True when it has no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// Tables may hold names of people (a physician's code and name), so their `Debug` shows none.
impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Table({}: {} rows)", self.columns.join(","), self.rows.len())
    }
}

impl Tables {
    /// No tables.
    pub fn new() -> Self {
        Tables::default()
    }

    /// Adds a table, in place of one of the same name.
    pub fn insert(&mut self, name: impl Into<String>, table: Table) {
        self.0.insert(name.into(), Arc::new(table));
    }

    /// The table of this name.
    pub fn get(&self, name: &str) -> Option<&Arc<Table>> {
        self.0.get(name)
    }

    /// All names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// The separator that the first line uses most.
fn delimiter(text: &str) -> u8 {
    let first = text.lines().next().unwrap_or("");
    let count = |byte: u8| first.bytes().filter(|&b| b == byte).count();
    [b';', b'\t']
        .into_iter()
        .filter(|&byte| count(byte) > count(b','))
        .max_by_key(|&b| count(b))
        .unwrap_or(b',')
}

/// The csv reader's errors quote cells only by number, so they may be shown.
fn fault(error: &csv::Error) -> TableError {
    let line = error.position().map_or(1, csv::Position::line);
    let text = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{len} cells where the first line names {expected_len} columns")
        }
        _ => "not readable as CSV".to_owned(),
    };
    TableError { line, text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_quotation_mark_is_a_fault_with_its_line() {
        let error = Table::parse("from,to\nA,B\nC,\"D\nE,F\n").expect_err("open");
        assert_eq!(error.line, 3);
        assert!(Table::parse("from,to\nA,\"B, \"\"C\"\"\nD\"\n").is_ok());
    }

    #[test]
    fn reads_what_a_spreadsheet_writes() {
        for text in [
            "from,to\nA1,Station 1\nB2,\"Station, 2\"\n",
            "\u{feff}from;to\r\nA1;Station 1\r\n\r\nB2;\"Station, 2\"\r\n",
            "from\tto\nA1\t Station 1\nB2\tStation, 2",
        ] {
            let table = Table::parse(text).expect(text);
            assert_eq!(table.len(), 2);
            assert_eq!(table.get("A1", table.value_column()), Some("Station 1"));
            assert_eq!(table.get("B2", table.value_column()), Some("Station, 2"));
            assert_eq!(table.get("C3", table.value_column()), None);
        }
    }

    #[test]
    fn key_and_value_are_named_or_first_and_second() {
        let table = Table::parse("to,note,from\nx,n,a\n").expect("a table");
        assert_eq!(table.get("a", table.value_column()), Some("x"));
        let table = Table::parse("code,short,long\na,b,c\n").expect("a table");
        assert_eq!(table.get("a", table.value_column()), Some("b"));
        assert_eq!(table.get("a", table.column("long").expect("long")), Some("c"));
    }

    #[test]
    fn faults_name_their_line_and_no_cell() {
        let text = |text: &str| Table::parse(text).expect_err("a fault").to_string();
        assert_eq!(
            text("from,to\na,b\nSecret,x\nSecret,y\n"),
            "line 4: the same `from` is there a second time"
        );
        assert_eq!(text("from,to\na,b,c\n"), "line 2: 3 cells where the first line names 2 columns");
        assert_eq!(
            text("from\na\n"),
            "line 1: the first line must name at least two columns, as in `from,to`"
        );
        assert_eq!(text("a,,b\n"), "line 1: column 2 has no name");
        assert_eq!(text("a,a\n"), "line 1: the column `a` is there twice");
        assert_eq!(text(&"a,".repeat(200_000)), "line 1: more than 1000 columns");
    }
}
