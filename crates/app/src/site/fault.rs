//! What is wrong with a site's files, said so that the line can be found.

use std::fmt;
use std::path::{Path, PathBuf};

/// One fault in a site's files.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Fault {
    /// The file, as it lies in the site's folder.
    pub file: PathBuf,
    /// The line, from 1, where it is known.
    pub line: Option<usize>,
    /// The column, from 1.
    pub column: Option<usize>,
    /// What is wrong, and what would be right. No secrets.
    pub text: String,
}

impl Fault {
    /// A fault of a whole file.
    pub fn of_file(file: &Path, text: impl Into<String>) -> Self {
        Fault { file: file.to_owned(), line: None, column: None, text: text.into() }
    }

    /// A fault at a byte of a file's text.
    pub fn at(file: &Path, source: &str, byte: usize, text: impl Into<String>) -> Self {
        let before = &source.as_bytes()[..byte.min(source.len())];
        let line = before.iter().filter(|&&b| b == b'\n').count() + 1;
        let begin = before.iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
        let column = String::from_utf8_lossy(&before[begin..]).chars().count() + 1;
        Fault { file: file.to_owned(), line: Some(line), column: Some(column), text: text.into() }
    }
}

/// All faults as one error, a line each.
pub fn as_error(faults: &[Fault]) -> anyhow::Error {
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    anyhow::anyhow!("{}", lines.join("\n"))
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let (Some(line), Some(column)) = (self.line, self.column) {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.text)
    }
}
