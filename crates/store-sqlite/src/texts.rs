//! Repeating texts, kept once: systems, formats, answers' codes, reasons.
//!
//! A text gets a number when it is seen for the second time, so that file names and the like, which come
//! once, do not fill the table. Only texts that by contract carry no patient data, and peers, get here.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};

use klinke_store::{Error, Result};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Row, ToSql};

use crate::failure::from_sqlite;
use crate::pack::{Pack, Unpack};

/// The most texts that get a number.
const TEXTS_MAX: usize = 50_000;
/// The longest text that gets a number, in bytes.
const TEXT_SIZE_BYTES_MAX: usize = 300;
/// How many texts seen once are remembered.
const SEEN_ONCE_MAX: usize = 4_096;

/// The texts by number, for readers. The writer alone adds.
#[derive(Default)]
pub(crate) struct Texts(RwLock<Vec<Arc<str>>>);

/// The numbers by text, for the writer.
pub(crate) struct Interner {
    pub(crate) shared: Arc<Texts>,
    numbers: HashMap<Arc<str>, u32>,
    seen_once: HashSet<String>,
    /// Texts that got a number since the last commit.
    pub(crate) fresh: Vec<(u32, Arc<str>)>,
}

/// A text in a column: a number of the table, or the text itself.
pub(crate) enum Text<'a> {
    Number(u32),
    Plain(&'a str),
}

impl ToSql for Text<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Text::Number(number) => ToSqlOutput::from(i64::from(*number)),
            Text::Plain(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        })
    }
}

impl Texts {
    fn get(&self, number: i64) -> Result<Arc<str>> {
        let texts = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let at = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
        let found = at.and_then(|at| texts.get(at)).cloned();
        found.ok_or_else(|| Error::Damaged(format!("text {number} is not there")))
    }

    /// The text of a column that holds a number or the text itself.
    pub(crate) fn column(&self, row: &Row<'_>, at: usize) -> Result<Arc<str>> {
        match row.get_ref(at).map_err(from_sqlite)? {
            ValueRef::Integer(number) => self.get(number),
            ValueRef::Text(text) => Ok(String::from_utf8_lossy(text).as_ref().into()),
            _ => Err(Error::Damaged("a text column holds no text".to_owned())),
        }
    }

    /// A text in a packed column: its number, or 0 and the text.
    pub(crate) fn unpack(&self, from: &mut Unpack<'_>) -> Result<Arc<str>> {
        match from.number()? {
            0 => Ok(from.text()?.into()),
            number => self.get(number as i64),
        }
    }
}

impl Interner {
    /// Reads the table.
    pub(crate) fn load(connection: &Connection, shared: Arc<Texts>) -> rusqlite::Result<Self> {
        let mut statement = connection.prepare("SELECT text FROM text ORDER BY id")?;
        let texts = statement.query_map([], |row| row.get::<_, String>(0))?;
        let texts: Vec<Arc<str>> = texts.map(|text| text.map(Arc::from)).collect::<Result<_, _>>()?;
        let numbers = texts.iter().enumerate().map(|(at, text)| (text.clone(), at as u32 + 1)).collect();
        *shared.0.write().unwrap_or_else(PoisonError::into_inner) = texts;
        Ok(Interner { shared, numbers, seen_once: HashSet::new(), fresh: Vec::new() })
    }

    /// The text for a column.
    pub(crate) fn text<'a>(&mut self, text: &'a str) -> Text<'a> {
        match self.number(text) {
            Some(number) => Text::Number(number),
            None => Text::Plain(text),
        }
    }

    /// The text in a packed column.
    pub(crate) fn pack(&mut self, into: &mut Vec<u8>, text: &str) {
        match self.number(text) {
            Some(number) => into.number(u64::from(number)),
            None => {
                into.number(0);
                into.bytes(text.as_bytes());
            }
        }
    }

    fn number(&mut self, text: &str) -> Option<u32> {
        if let Some(number) = self.numbers.get(text) {
            return Some(*number);
        }
        if text.len() > TEXT_SIZE_BYTES_MAX || self.numbers.len() >= TEXTS_MAX {
            return None;
        }
        if !self.seen_once.remove(text) {
            if self.seen_once.len() >= SEEN_ONCE_MAX {
                self.seen_once.clear();
            }
            self.seen_once.insert(text.to_owned());
            return None;
        }
        let number = self.numbers.len() as u32 + 1;
        let text: Arc<str> = text.into();
        self.numbers.insert(text.clone(), number);
        self.shared.0.write().unwrap_or_else(PoisonError::into_inner).push(text.clone());
        self.fresh.push((number, text));
        Some(number)
    }
}
