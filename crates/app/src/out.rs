//! How tools speak: to people on a terminal, or as JSON.

use std::fmt::Display;
use std::io::{IsTerminal, Write};

use serde::Serialize;

use crate::lang::Language;

/// How to speak.
#[derive(Clone, Copy, Debug)]
pub struct Out {
    /// As JSON.
    pub json: bool,
    /// With colours.
    pub colour: bool,
    /// In which language.
    pub lang: Language,
}

/// What a word means, shown by a colour as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// All is well.
    Good,
    /// Worth a look.
    Warn,
    /// Something is wrong.
    Bad,
    /// Of little weight.
    Dim,
    /// A heading.
    Bold,
}

impl Out {
    /// Colours only on a terminal, and not where `NO_COLOR` is set.
    pub fn new(json: bool, lang: Language) -> Self {
        let colour = !json && std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Out { json, colour, lang }
    }

    /// Prints a line.
    pub fn line(&self, text: impl Display) {
        // A reader that has gone away (`| head`) is no fault of ours.
        let _ = writeln!(std::io::stdout(), "{text}");
    }

    /// Prints a value as JSON.
    pub fn value(&self, value: &impl Serialize) -> anyhow::Result<()> {
        self.line(serde_json::to_string_pretty(value)?);
        Ok(())
    }

    /// A word in its colour.
    pub fn tone(&self, tone: Tone, text: impl Display) -> String {
        if !self.colour {
            return text.to_string();
        }
        let code = match tone {
            Tone::Good => "32",
            Tone::Warn => "33",
            Tone::Bad => "31",
            Tone::Dim => "2",
            Tone::Bold => "1",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }

    /// Prints rows with columns as wide as their widest cell; the first row is the heading.
    pub fn table(&self, rows: &[Vec<String>]) {
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        let width =
            |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| shown(cell)).max();
        let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
        for (index, row) in rows.iter().enumerate() {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                line.push_str(cell);
                if column + 1 < row.len() {
                    line.extend(std::iter::repeat_n(' ', widths[column] - shown(cell) + 2));
                }
            }
            self.line(if index == 0 { self.tone(Tone::Dim, line) } else { line });
        }
    }
}

/// How many columns a cell takes: colours take none.
fn shown(cell: &str) -> usize {
    let (mut count, mut inside) = (0, false);
    for c in cell.chars() {
        match (inside, c) {
            (false, '\x1b') => inside = true,
            (true, 'm') => inside = false,
            (false, _) => count += 1,
            (true, _) => {}
        }
    }
    count
}

/// Prints to standard error.
pub fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Bytes as people read them.
pub fn bytes(lang: Language, count: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if count < 1_000 {
        return format!("{count} B");
    }
    let (mut value, mut unit) = (count as f64 / 1_000.0, 0);
    while value >= 999.5 && unit + 1 < UNITS.len() {
        (value, unit) = (value / 1_000.0, unit + 1);
    }
    if value < 10.0 {
        lang.decimal(format!("{value:.1} {}", UNITS[unit]))
    } else {
        format!("{value:.0} {}", UNITS[unit])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_read_well() {
        let shown: Vec<_> =
            [0, 999, 1_000, 15_300, 999_600, 70_000_000].map(|count| bytes(Language::En, count)).into();
        assert_eq!(shown, ["0 B", "999 B", "1.0 kB", "15 kB", "1.0 MB", "70 MB"]);
        assert_eq!(bytes(Language::De, 1_500), "1,5 kB");
    }

    #[test]
    fn colours_take_no_room() {
        assert_eq!(shown("\x1b[31mrot\x1b[0m und ü"), 9);
    }
}
